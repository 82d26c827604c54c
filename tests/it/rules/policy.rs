//! Rules that weigh otherwise for one label, and numbers that stay true whatever is left out.

use super::cases;
use super::package::Package;
use dropzone::domain::account::Profile;
use dropzone::domain::facts::SchemaFault;
use dropzone::domain::policy::{Policy, RuleSetting};
use dropzone::domain::report::{Counts, Finding, Report, Severity, Verdict, text};

fn agreed(settings: &[(&str, RuleSetting)]) -> Policy {
    let settings = settings.iter();
    settings
        .map(|(code, setting)| ((*code).to_owned(), *setting))
        .collect()
}

fn of<'a>(report: &'a Report, code: &str) -> Vec<&'a Finding> {
    let findings = report.findings.iter();
    findings.filter(|finding| finding.code == code).collect()
}

/// Too long a silence at the end: a warning.
fn silent_end() -> Package {
    let mut package = Package::sound();
    package.levels().trailing_silence_ms = 2_400;
    package
}

#[test]
fn a_rule_that_is_raised_blocks_and_says_what_it_is_for_others() {
    let mut package = silent_end();
    package.policy = agreed(&[("AUD-017", RuleSetting::Error)]);
    let report = package.judge(Profile::Guide);
    assert_eq!(report.verdict, Verdict::Invalid);
    let [finding] = of(&report, "AUD-017")[..] else {
        panic!("{:#?}", report.findings);
    };
    assert_eq!(
        (finding.severity, finding.usual),
        (Severity::Error, Some(Severity::Warning))
    );
    let told = text::render(&report, false);
    assert!(
        told.contains("(for your account: error instead of warning)"),
        "{told}"
    );
}

#[test]
fn a_rule_that_is_lowered_no_longer_blocks() {
    let mut package = Package::sound();
    package.audio().bits = 8;
    assert_eq!(package.judge(Profile::Guide).verdict, Verdict::Invalid);
    package.policy = agreed(&[("AUD-011", RuleSetting::Question)]);
    let report = package.judge(Profile::Guide);
    assert_eq!(report.verdict, Verdict::Valid);
    assert_eq!(report.questions().len(), 1);
    assert_eq!(of(&report, "AUD-011")[0].usual, Some(Severity::Error));
}

#[test]
fn a_setting_that_says_what_the_catalogue_says_is_not_worth_a_word() {
    let mut package = silent_end();
    package.policy = agreed(&[("AUD-017", RuleSetting::Warning)]);
    let report = package.judge(Profile::Guide);
    assert_eq!(of(&report, "AUD-017")[0].usual, None);
}

#[test]
fn what_is_switched_off_is_counted_and_named() {
    let mut package = cases::many_tracks(60);
    package.levels().trailing_silence_ms = 2_400;
    let before = package.judge(Profile::Guide);
    package.policy = agreed(&[
        ("ID-001", RuleSetting::Off),
        ("AUD-017", RuleSetting::Off),
        ("XML-002", RuleSetting::Off),
    ]);
    let report = package.judge(Profile::Guide);
    assert!(of(&report, "ID-001").is_empty() && of(&report, "AUD-017").is_empty());
    let muted: Vec<(&str, Severity, u32)> = report
        .muted
        .iter()
        .map(|muted| (muted.code.as_str(), muted.usual, muted.count))
        .collect();
    assert_eq!(
        muted,
        [
            ("AUD-017", Severity::Warning, 1),
            ("ID-001", Severity::Error, 58)
        ]
    );
    assert_eq!(report.counts.error, before.counts.error - 58);
    assert_eq!(report.counts.warning, before.counts.warning - 1);
    let told = text::render(&report, false);
    let told = told.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(
        told.contains("switched off for your account: AUD-017 (1 finding), ID-001 (58 findings)."),
        "{told}"
    );
}

#[test]
fn safety_holds_whatever_the_policy_says() {
    use dropzone::domain::release::ReadFaultKind;
    let mut package = Package::sound();
    package.stumble(ReadFaultKind::Doctype, "The file begins with a DOCTYPE.");
    for setting in RuleSetting::ALL {
        package.policy = agreed(&[("XML-002", setting)]);
        let report = package.judge(Profile::Guide);
        let [finding] = of(&report, "XML-002")[..] else {
            panic!("{setting:?} has hidden it");
        };
        assert_eq!((finding.severity, finding.usual), (Severity::Error, None));
        assert!(report.muted.is_empty());
    }
}

#[test]
fn numbers_are_those_of_all_findings_not_of_the_lines() {
    let report = cases::many_tracks(60).judge(Profile::Guide);
    let lines = of(&report, "ID-001");
    assert_eq!(lines.len(), 21);
    assert_eq!(lines[20].more, Some(38));
    let others = report.findings.iter().filter(|finding| {
        finding.severity == Severity::Error && finding.code != "ID-001" && finding.more.is_none()
    });
    assert_eq!(
        report.counts.error as usize,
        58 + others.count(),
        "the line that says “and 38 more” counts 38"
    );
    assert_eq!(report.counts, Counts::of(&report.findings));
    let problems = report.problems();
    let same = problems.iter().filter(|problem| problem.code == "ID-001");
    let numbers = same.map(|problem| problem.unlisted.unwrap_or(1));
    assert_eq!(
        numbers.sum::<u32>(),
        58,
        "two attempts are compared by all errors"
    );
}

/// The schema check lists fifty faults and counts the rest; what is left out anywhere is in one line.
#[test]
fn schema_faults_are_summed_up_in_one_line() {
    let mut package = Package::sound();
    package.deal().territories[0].value = "UK".to_owned();
    let explained = package.deal().territories[0].at.line;
    package.schema.faults = (0..50)
        .map(|n| SchemaFault {
            message: format!("fault {n}"),
            fix: None,
            line: if n < 5 { explained } else { 500 + n },
            path: "/ern:NewReleaseMessage/DealList/ReleaseDeal/Deal/DealTerms/TerritoryCode"
                .to_owned(),
            expected: None,
            found: None,
            repair: Vec::new(),
        })
        .collect();
    package.schema.total = 1_000;
    let report = package.judge(Profile::Strict);
    let told = of(&report, "XML-014");
    assert_eq!(told.len(), 21);
    assert_eq!(told[0].message, "fault 5", "DEAL-005 tells the first five");
    let last = told[20];
    assert_eq!(
        (last.message.as_str(), last.more),
        ("… and 975 more of the same kind.", Some(975))
    );
    assert_eq!(report.counts.error, 1_000 - 5 + 1);
}

#[test]
fn what_is_left_out_does_not_hide_what_the_schema_says() {
    let mut package = Package::sound();
    package.deal().territories[0].value = "UK".to_owned();
    let at = package.deal().territories[0].at.clone();
    package.schema.faults = vec![SchemaFault {
        message: "“UK” is not in the list.".to_owned(),
        fix: None,
        line: at.line,
        path: "/ern:NewReleaseMessage/DealList/ReleaseDeal/Deal/DealTerms/TerritoryCode".to_owned(),
        expected: None,
        found: None,
        repair: Vec::new(),
    }];
    package.schema.total = 1;
    assert!(of(&package.judge(Profile::Strict), "XML-014").is_empty());
    package.policy = agreed(&[("DEAL-005", RuleSetting::Off)]);
    let report = package.judge(Profile::Strict);
    assert_eq!(of(&report, "XML-014").len(), 1);
    assert_eq!(report.verdict, Verdict::Invalid);
}

#[test]
fn the_reviewer_reads_the_questions_first() {
    let mut package = silent_end();
    package.add_file("booklet.pdf", dropzone::domain::facts::FileRole::Other);
    package.policy = agreed(&[("PKG-012", RuleSetting::Question)]);
    let told = text::render(&package.judge(Profile::Guide), false);
    let place = |words: &str| {
        told.find(words)
            .unwrap_or_else(|| panic!("{words}: {told}"))
    };
    assert!(place("FOR OUR REVIEWER TO DECIDE") < place("PKG-012"));
    assert!(place("PKG-012") < place("WORTH A LOOK"));
    assert!(place("WORTH A LOOK") < place("AUD-017"));
}
