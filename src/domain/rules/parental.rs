//! META-034 … META-037: parental advice.

use super::super::release::Text;
use super::super::repair::Edit;
use super::case::Case;
use super::findings::{Findings, Note};
use super::values::{PARENTAL_WARNINGS, holds, nearest, same};
use super::wording::{list, quoted};
use super::{Rule, Severity, Weight};

pub(super) const RULES: &[Rule] = &[
    Rule {
        code: "META-034",
        title: "Parental advice is missing",
        why: "Stores have to mark explicit tracks, and need to know it of every track.",
        fix: "Write Explicit or NotExplicit into ParentalWarningType of the track.",
        source: "guide, Required XML fields; DDEX Release Profile 1.4, rule 1716",
        ack: "MetadataMissing",
        check: no_advice,
        ..Rule::BASE
    },
    Rule {
        code: "META-035",
        title: "Parental advice is unknown or deprecated",
        weight: Weight::ERROR.or(Severity::Info),
        why: "Stores know Explicit, NotExplicit and ExplicitContentEdited. The guide's \
              NoAdviceAvailable is taken and only noted: DDEX has deprecated it, and stores get \
              “Unknown”.",
        fix: "Write Explicit or NotExplicit into ParentalWarningType.",
        source: "DDEX AVS of ERN 3.8.2, ParentalWarningType; guide, Required XML fields",
        ack: "MetadataMissing",
        check: unknown_advice,
        ..Rule::BASE
    },
    Rule {
        code: "META-036",
        title: "Release is called clean, and a track is explicit",
        weight: Weight::WARNING,
        why: "A release with an explicit track is explicit itself in every store.",
        fix: "Write Explicit into ParentalWarningType of the release.",
        source: "Apple Music Style Guide",
        check: clean_release,
        ..Rule::BASE
    },
];

fn no_advice(case: &Case<'_>, findings: &mut Findings<'_>) {
    for track in case.judged_tracks() {
        let advice = &track.recording.parental;
        if advice.iter().all(Text::is_empty) {
            let message = format!("{} has no ParentalWarningType.", track.name());
            let at = advice.first().map_or(&track.recording.at, |text| &text.at);
            findings.add(Note::new(message).at(at).track(track.number));
        }
    }
}

fn unknown_advice(case: &Case<'_>, findings: &mut Findings<'_>) {
    let main = case
        .main()
        .map(|(_, main)| ("The release".to_owned(), &main.parental, None));
    let tracks = case
        .judged_tracks()
        .iter()
        .map(|track| (track.name(), &track.recording.parental, Some(track.number)));
    for (whose, advice, number) in main.into_iter().chain(tracks) {
        for text in advice.iter().filter(|text| !text.is_empty()) {
            let word = text.as_str();
            let (message, mild) = if word == "NoAdviceAvailable" {
                (
                    format!(
                        "{whose} has the parental advice NoAdviceAvailable; stores get “Unknown”."
                    ),
                    true,
                )
            } else if holds(PARENTAL_WARNINGS, word) {
                continue;
            } else {
                let near = findings.hint(|| nearest(PARENTAL_WARNINGS, word));
                let hint = near
                    .map(|near| format!(" Did you mean {near}?"))
                    .unwrap_or_default();
                (
                    format!(
                        "{whose} has the parental advice {}, which DDEX does not know.{hint}",
                        quoted(word)
                    ),
                    false,
                )
            };
            let note = Note::new(message).at(&text.at).found(word).other(mild);
            let edit = same(PARENTAL_WARNINGS, word)
                .filter(|right| *right != word)
                .map(|right| Edit::set(&text.at.path, right));
            let note = note.expected("Explicit or NotExplicit").repair(edit);
            findings.add(match number {
                Some(number) => note.track(number),
                None => note,
            });
        }
    }
}

fn clean_release(case: &Case<'_>, findings: &mut Findings<'_>) {
    let Some((_, main)) = case.main() else {
        return;
    };
    let Some(clean) = main
        .parental
        .iter()
        .find(|text| text.as_str() == "NotExplicit")
    else {
        return;
    };
    let explicit: Vec<String> = case
        .judged_tracks()
        .iter()
        .filter(|track| {
            track
                .recording
                .parental
                .iter()
                .any(|text| text.as_str() == "Explicit")
        })
        .map(super::case::Track::inline_name)
        .collect();
    if !explicit.is_empty() {
        findings.add(
            Note::new(format!(
                "The release is called NotExplicit, but {} explicit.",
                match explicit.as_slice() {
                    [one] => format!("{one} is"),
                    many => format!("{} are", list(many)),
                }
            ))
            .at(&clean.at)
            .expected("Explicit")
            .found("NotExplicit"),
        );
    }
}
