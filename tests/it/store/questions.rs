//! Approval waits until every question of the report is ticked, and rules of a label are changed by
//! name and with a reason.

use super::bench::{Bench, judged_event, noon, report};
use dropzone::domain::ids::PackageId;
use dropzone::domain::lifecycle::Status;
use dropzone::domain::package::Event;
use dropzone::domain::policy::{RuleChange, RuleSetting, holding};
use dropzone::domain::report::{Counts, Report, Severity, Verdict};
use dropzone::domain::rules::Refusal;
use dropzone::store::{ApplyError, RuleError, StoreError};

fn approved(ticked: &[&str]) -> Event {
    Event::Approved {
        note: None,
        ticked: ticked.iter().map(|code| (*code).to_owned()).collect(),
    }
}

/// Two questions of one code, one of another, and a warning.
fn asking() -> Report {
    let mut report = report(&[
        ("DEAL-003", "a"),
        ("DEAL-003", "b"),
        ("UPD-004", "a"),
        ("AUD-017", "c"),
    ]);
    for finding in &mut report.findings {
        finding.severity = Severity::Question;
    }
    report.findings[3].severity = Severity::Warning;
    report.counts = Counts::of(&report.findings);
    report.verdict = Verdict::Valid;
    report
}

fn waiting(bench: &Bench) -> PackageId {
    let id = bench.claimed("one", Some("5034567890120"));
    bench.apply(&id, judged_event(&asking(), Some("5034567890120")));
    id
}

#[test]
fn approval_waits_for_every_question() {
    let bench = Bench::new();
    let id = waiting(&bench);
    assert_eq!(bench.store.questions(&id).unwrap(), ["DEAL-003", "UPD-004"]);
    for (ticked, open) in [
        (&[][..], &["DEAL-003", "UPD-004"][..]),
        (&["UPD-004"], &["DEAL-003"]),
        (&["DEAL-003", "DEAL-003"], &["UPD-004"]),
    ] {
        let refused = bench.store.apply(&id, approved(ticked), "anna", noon());
        let Err(ApplyError::Unticked { open: found }) = refused else {
            panic!("{ticked:?}: {refused:?}");
        };
        let found: Vec<&str> = found.iter().map(|(code, _)| code.as_str()).collect();
        assert_eq!(found, open);
        assert_eq!(bench.status(&id), Status::NeedsQc);
    }
    let both = ["UPD-004", "DEAL-003"];
    let package = bench.apply(&id, approved(&both));
    assert_eq!(package.status, Status::QcApproved);
    let log = bench.store.log(&id).unwrap();
    assert_eq!(log.last().unwrap().event, approved(&both));
    assert_eq!(
        bench.number("SELECT count(*) FROM event WHERE kind = 'approved'"),
        1,
        "refusals leave no trace"
    );
}

#[test]
fn a_tick_answers_a_question_that_was_asked() {
    let bench = Bench::new();
    let id = waiting(&bench);
    let ticked = approved(&["DEAL-003", "UPD-004", "AUD-017"]);
    let refused = bench.store.apply(&id, ticked, "anna", noon()).unwrap_err();
    assert_eq!(refused.to_string(), "the report does not ask AUD-017");
    let plain = bench.valid("two", "036000291452");
    let refused = bench
        .store
        .apply(&plain, approved(&["UPD-004"]), "anna", noon());
    assert!(matches!(refused, Err(ApplyError::NotAsked { .. })));
}

/// Whoever calls the door with a verdict and no report must not slip through.
#[test]
fn questions_without_a_report_cannot_be_approved() {
    let bench = Bench::new();
    let id = bench.claimed("one", None);
    let mut event = judged_event(&asking(), None);
    if let Event::Judged { report, .. } = &mut event {
        *report = None;
    }
    bench.apply(&id, event);
    let refused = bench.store.apply(&id, approved(&[]), "anna", noon());
    let missing = matches!(refused, Err(ApplyError::Store(StoreError::Missing { .. })));
    assert!(missing, "{refused:?}");
}

#[test]
fn approvals_from_before_there_were_ticks_are_still_read() {
    let event: Event = serde_json::from_str(r#"{"event":"approved","note":"fine"}"#).unwrap();
    let wanted = Event::Approved {
        note: Some("fine".to_owned()),
        ticked: Vec::new(),
    };
    assert_eq!(event, wanted);
    let mut old = serde_json::to_value(asking()).unwrap();
    for key in ["muted", "not_run"] {
        old.as_object_mut().unwrap().remove(key);
    }
    for finding in old["findings"].as_array_mut().unwrap() {
        for key in ["usual", "more", "isrc", "fixable", "repair"] {
            finding.as_object_mut().unwrap().remove(key);
        }
    }
    let read: Report = serde_json::from_value(old).unwrap();
    assert_eq!(read, asking());
}

fn change(code: &str, setting: Option<RuleSetting>, reason: &str) -> RuleChange {
    RuleChange {
        code: code.to_owned(),
        setting,
        reason: reason.to_owned(),
        actor: "anna".to_owned(),
        at: noon(),
    }
}

#[test]
fn the_last_change_of_a_rule_holds_and_all_are_kept() {
    let bench = Bench::new();
    let set = |change: RuleChange| bench.store.set_rule(&bench.label, &change);
    let off = change("AUD-017", Some(RuleSetting::Off), "gapless live albums");
    let raised = change("AUD-017", Some(RuleSetting::Error), "no longer");
    let back = change("AUD-017", None, "as everybody");
    let other = change("META-015", Some(RuleSetting::Info), "the band's name");
    for change in [&off, &other, &raised] {
        set(change.clone()).unwrap();
    }
    let policy = bench.store.policy(&bench.label).unwrap();
    assert_eq!(policy.get("AUD-017"), Some(RuleSetting::Error));
    assert_eq!(policy.get("META-015"), Some(RuleSetting::Info));
    set(back.clone()).unwrap();
    let policy = bench.store.policy(&bench.label).unwrap();
    assert_eq!(policy.get("AUD-017"), None);
    let changes = bench.store.rule_changes(&bench.label).unwrap();
    assert_eq!(changes, [off, other.clone(), raised, back]);
    assert_eq!(holding(&changes), [&other]);
    let elsewhere = super::bench::add_label(&bench.store, "warp", &["x@y.example"]);
    assert!(bench.store.rule_changes(&elsewhere).unwrap().is_empty());
}

#[test]
fn a_change_that_must_not_be_is_refused_by_the_store() {
    let bench = Bench::new();
    let set = |change: RuleChange| bench.store.set_rule(&bench.label, &change).unwrap_err();
    let refused = set(change("XML-002", Some(RuleSetting::Warning), "please"));
    assert!(matches!(
        refused,
        RuleError::Refused(Refusal::Safety {
            code: "XML-002",
            ..
        })
    ));
    let refused = set(change("AUD-917", Some(RuleSetting::Off), "x"));
    assert_eq!(
        refused.to_string(),
        "there is no rule AUD-917; the nearest is AUD-017"
    );
    let refused = set(change("AUD-017", Some(RuleSetting::Off), "  "));
    assert!(matches!(refused, RuleError::NoReason));
    let refused = set(change("AUD-017", None, "x"));
    assert_eq!(
        refused.to_string(),
        "AUD-017 is set to “default” for this label already"
    );
    assert_eq!(bench.number("SELECT count(*) FROM rule_change"), 0);
}

#[test]
fn nobody_rewrites_what_was_agreed() {
    let bench = Bench::new();
    let off = change("AUD-017", Some(RuleSetting::Off), "gapless live albums");
    bench.store.set_rule(&bench.label, &off).unwrap();
    for sql in [
        "UPDATE rule_change SET reason = 'another'",
        "DELETE FROM rule_change",
    ] {
        let refused = bench.raw().execute(sql, []).unwrap_err();
        assert!(refused.to_string().contains("kept as they were"), "{sql}");
    }
}
