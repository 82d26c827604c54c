//! UPD: what a package is to those that came before it. Runs last: it compares with what the other
//! rules found.

use super::super::difference::{self, Difference, sentence};
use super::super::lifecycle::Status;
use super::super::release::{Deal, Text};
use super::super::report::attempts::{Compared, compare};
use super::case::Case;
use super::deal::deals_of;
use super::findings::{Findings, Note};
use super::sheet::sheet;
use super::summary;
use super::times::{day_of, today, told};
use super::wording::{list, quoted, titled};
use super::{Needs, Rule, Weight};

/// Runs after all others: it compares with what they found.
pub(super) const LAST: &str = "UPD-009";

pub(super) const RULES: &[Rule] = &[
    Rule {
        code: "UPD-001",
        title: "Update of a release that is live",
        weight: Weight::INFO,
        why: "A message for a release that went to the stores replaces everything it said before.",
        fix: "Nothing has to be done.",
        source: "DDEX knowledge base, ERN messages as statements of truth",
        needs: Needs::History,
        check: update_of_live,
        ..Rule::BASE
    },
    Rule {
        code: "UPD-004",
        title: "Release is taken down",
        weight: Weight::QUESTION,
        why: "For a release that is live, a message without a deal, or whose deals have all ended, \
              takes it off the stores. A person confirms that before stores are told.",
        fix: "If the release is to stay in the stores, repeat its deals in the message.",
        source: "DDEX knowledge base, takedowns; ERN 6.19.4",
        needs: Needs::History,
        check: takedown,
        ..Rule::BASE
    },
    Rule {
        code: "UPD-012",
        title: "Release was taken down by us",
        weight: Weight::QUESTION,
        why: "Somebody here took the release off stores, for a reason. A person confirms that it \
              goes back.",
        fix: "Nothing has to be done, if we agreed on it; else write to us first.",
        source: "drop zone",
        needs: Needs::History,
        check: back_again,
        ..Rule::BASE
    },
    Rule {
        code: "UPD-007",
        title: "Earlier upload is still waiting for review",
        weight: Weight::INFO,
        why: "Only the newest upload of a release is reviewed; the earlier one is set aside.",
        fix: "Nothing has to be done.",
        source: "drop zone",
        needs: Needs::History,
        check: replaces_waiting,
        ..Rule::BASE
    },
    Rule {
        code: "UPD-009",
        title: "New attempt after a failed one",
        weight: Weight::INFO,
        why: "Says how many of the previous attempt's errors are gone.",
        fix: "Nothing has to be done.",
        source: "guide, Delivery Status Explained (“Re-upload the corrected package”)",
        needs: Needs::History,
        check: new_attempt,
        ..Rule::BASE
    },
    Rule {
        code: "UPD-010",
        title: "Release cannot be purged",
        why: "A PurgeReleaseMessage has a release deleted for good. It is meant for broken and for \
              unlawful deliveries, several stores do not take it, and this account may not send it.",
        fix: "To take a release down, send a NewReleaseMessage whose deals have ended. If it has to \
              be deleted, write to us.",
        source: "DDEX knowledge base, takedowns; Spotify onboarding guideline 2.14",
        check: purge,
        ..Rule::BASE
    },
];

/// What the package changes against the version that is live, where that is known.
pub(super) fn difference(case: &Case<'_>) -> Option<Difference> {
    let ((message, _), live) = (case.main()?, case.live()?);
    let version = case.subject.history?.live.as_ref()?;
    let before = version.sheet.as_ref()?;
    let cover = summary::artwork(case);
    let (release, tracks) = (summary::release(case), summary::tracks(case));
    let after = sheet(message, &release, &tracks, cover.as_ref());
    Some(Difference {
        with: live.id.clone(),
        attempt: live.attempt,
        received_at: live.received_at,
        changes: difference::compare(before, &after),
    })
}

fn update_of_live(case: &Case<'_>, findings: &mut Findings<'_>) {
    let (Some((_, main)), Some(live)) = (case.main(), case.live()) else {
        return;
    };
    // UPD-004 says what it is.
    if is_takedown(case) {
        return;
    }
    let since = told(live.received_at);
    let message = match difference(case) {
        Some(difference) => format!(
            "Update of {}, which you sent on {since}. {}",
            titled(&live.title),
            sentence(&difference.changes)
        ),
        None if main.title() == live.title => format!(
            "Update of {}, which you sent on {since}.",
            titled(&live.title)
        ),
        None => format!(
            "Update of the release that you sent on {since}. Its title changes from {} to {}.",
            titled(&live.title),
            titled(main.title())
        ),
    };
    findings.add(Note::new(message).at(&main.at));
}

/// Whether the message takes a release down that is live.
pub(super) fn is_takedown(case: &Case<'_>) -> bool {
    let (Some((message, main)), Some(_)) = (case.main(), case.live()) else {
        return false;
    };
    let today = today(case.subject.now);
    let is_over = |deal: &Deal| {
        let marked = deal.take_down.as_ref().map(Text::as_str) == Some("true");
        let end = deal.end.as_ref().and_then(|end| day_of(end.as_str()));
        marked || end.is_some_and(|end| end < today)
    };
    deals_of(message, main).all(is_over)
}

fn takedown(case: &Case<'_>, findings: &mut Findings<'_>) {
    let Some((message, main)) = case.main() else {
        return;
    };
    if is_takedown(case) {
        let why = if deals_of(message, main).next().is_none() {
            "The message has no deal for it."
        } else {
            "All its deals are over."
        };
        findings.add(
            Note::new(format!(
                "This takes {} off the stores. {why}",
                titled(main.title())
            ))
            .at(&main.at),
        );
    }
}

fn back_again(case: &Case<'_>, findings: &mut Findings<'_>) {
    let (Some((_, main)), Some(history)) = (case.main(), case.subject.history) else {
        return;
    };
    let ours: Vec<String> = history
        .takedowns
        .down
        .iter()
        .filter(|down| down.by_us)
        .map(|down| format!("{} ({})", down.dsp, told(down.since)))
        .collect();
    if ours.is_empty() || is_takedown(case) {
        return;
    }
    let names: Vec<&str> = ours.iter().map(String::as_str).collect();
    findings.add(
        Note::new(format!(
            "We took {} down from {}. This puts it back.",
            titled(main.title()),
            list(&names)
        ))
        .at(&main.at),
    );
}

fn replaces_waiting(case: &Case<'_>, findings: &mut Findings<'_>) {
    let earlier = case
        .subject
        .history
        .map(|history| history.same_release.as_slice());
    let waiting = earlier
        .unwrap_or_default()
        .iter()
        .rev()
        .find(|earlier| earlier.status == Status::NeedsQc);
    if let Some(waiting) = waiting {
        findings.add(Note::new(format!(
            "Your upload of {} (attempt {}) waits for review. This one takes its place if it has \
             no errors.",
            told(waiting.received_at),
            waiting.attempt
        )));
    }
}

fn new_attempt(case: &Case<'_>, findings: &mut Findings<'_>) {
    let last = case
        .subject
        .history
        .and_then(|history| history.same_release.last());
    let Some(last) =
        last.filter(|last| matches!(last.status, Status::Invalid | Status::QcRejected))
    else {
        return;
    };
    let attempt = last.attempt.saturating_add(1);
    if last.status == Status::QcRejected {
        findings.add(Note::new(format!(
            "Attempt {attempt}. Attempt {} was rejected by our reviewers.",
            last.attempt
        )));
        return;
    }
    let outcome = compare(&last.errors, &findings.problems(case));
    let compared = Compared {
        attempt,
        with: last.attempt,
        before: outcome.before,
        fixed: outcome.fixed,
        new: outcome.new,
    };
    // An attempt that failed without an error of its own leaves nothing to compare.
    let sentence = compared.sentence();
    if !sentence.is_empty() {
        findings.add(Note::new(sentence));
    }
}

fn purge(case: &Case<'_>, findings: &mut Findings<'_>) {
    let Some(message) = case.purge() else {
        return;
    };
    let of = message.main_release().and_then(|main| main.icpn.as_ref());
    let known = case.subject.history.is_some() && case.live().is_none();
    let what = match of {
        Some(icpn) if known => format!(
            "This PurgeReleaseMessage is for {}, which was never delivered from here.",
            quoted(icpn.as_str())
        ),
        Some(_) | None => {
            "This is a PurgeReleaseMessage. Purging a release is not allowed for this account."
                .to_owned()
        }
    };
    findings.add(
        Note::new(what)
            .at(of.map_or(&message.at, |icpn| &icpn.at))
            .expected("NewReleaseMessage"),
    );
}
