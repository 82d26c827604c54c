//! ID-006 and AUD-026: recordings that are known here from other releases. What another label has is
//! never told, only that there is something.

use super::super::history::{Relation, Relative, Track as Known};
use super::case::{Case, Track};
use super::findings::{Findings, Note};
use super::wording::{clock, quoted, shown, titled};
use super::{Needs, Rule, Severity, Weight};

pub(super) const RULES: &[Rule] = &[
    Rule {
        code: "ID-006",
        title: "ISRC is known for another recording",
        weight: Weight::WARNING,
        why: "An ISRC stands for one recording, on whatever release. Here it came before with \
              another title, another artist, or a length that differs by more than three seconds.",
        fix: "Compare the ISRC with your registration. If it is another recording, a remix or a live \
              take, it needs its own.",
        source: "ISO 3901:2019",
        ack: "IdentifierInvalid",
        needs: Needs::History,
        check: other_recording,
        ..Rule::BASE
    },
    Rule {
        code: "AUD-026",
        title: "Recording and ISRC do not belong together",
        weight: Weight::WARNING.or(Severity::Info),
        why: "The same sound, sample for sample, came before under another ISRC: its plays would be \
              counted apart. That an ISRC came before with another sound of the same length is only \
              a note: it may be another master of the same recording.",
        fix: "Use the ISRC that the recording was given first, on every release.",
        source: "ISO 3901:2019",
        ack: "IdentifierInvalid",
        needs: Needs::History,
        check: other_pair,
        ..Rule::BASE
    },
];

/// Tracks with what they are related to.
fn related<'c, 'a>(
    case: &'c Case<'a>,
    wanted: impl Fn(Relation) -> bool + 'c,
) -> impl Iterator<Item = (&'c Track<'a>, &'a Relative)> + 'c {
    let relatives = case.subject.history.map(|history| &history.relatives);
    let relatives = relatives.into_iter().flatten();
    relatives
        .filter(move |relative| wanted(relative.relation))
        .filter_map(|relative| {
            let mut tracks = case.judged_tracks().iter();
            Some((tracks.find(|t| t.number == relative.number)?, relative))
        })
}

fn isrc(track: &Track<'_>) -> String {
    let isrc = track.recording.isrc.as_ref();
    isrc.map(|isrc| shown(isrc.as_str())).unwrap_or_default()
}

fn note(track: &Track<'_>, message: String) -> Note {
    let isrc = track.recording.isrc.as_ref().map(|isrc| &isrc.at);
    Note::new(message)
        .at(isrc.unwrap_or(&track.recording.at))
        .track(track.number)
}

/// “Title” by “Artist”, 3:42.
fn described(known: &Known) -> String {
    let artist = match known.artist.as_str() {
        "" => String::new(),
        artist => format!(" by {}", quoted(artist)),
    };
    let length = known
        .duration_ms
        .map(|ms| format!(", {}", clock(ms, false)));
    format!(
        "{}{artist}{}",
        titled(&known.title),
        length.unwrap_or_default()
    )
}

fn other_recording(case: &Case<'_>, findings: &mut Findings<'_>) {
    for (track, relative) in related(case, |relation| relation == Relation::OtherRecording) {
        let (own, name) = (isrc(track), track.name());
        findings.add(match &relative.own {
            Some((known, release)) => note(
                track,
                format!(
                    "{name}: {own} is {} on your release {}.",
                    described(known),
                    titled(release)
                ),
            )
            .expected(described(known)),
            None => note(
                track,
                format!("{name}: {own} is known for another recording of another account."),
            ),
        });
    }
}

fn other_pair(case: &Case<'_>, findings: &mut Findings<'_>) {
    let wanted = |relation| matches!(relation, Relation::OtherIsrc | Relation::OtherSound);
    for (track, relative) in related(case, wanted) {
        let (own, name) = (isrc(track), track.name());
        let is_sound = relative.relation == Relation::OtherSound;
        let message = match (&relative.own, is_sound) {
            (Some((known, release)), false) => format!(
                "{name} is the same sound as {} on your release {}, which has the ISRC {}.",
                described(known),
                titled(release),
                shown(known.isrc.as_deref().unwrap_or_default())
            ),
            (Some((known, release)), true) => format!(
                "{name}: {own} came with another sound as {} on your release {}.",
                described(known),
                titled(release)
            ),
            (None, _) => format!(
                "{name} is the same sound as a recording of another account, which has another ISRC."
            ),
        };
        let note = note(track, message).found(&own).other(is_sound);
        let known = relative
            .own
            .as_ref()
            .and_then(|(known, _)| known.isrc.clone());
        findings.add(match known.filter(|_| !is_sound) {
            Some(known) => note.expected(known),
            None => note,
        });
    }
}
