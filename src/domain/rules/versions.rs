//! UPD-002 … UPD-008, ID-007 and HDR-010: what an update changes against the version that stores
//! have.

use super::super::history::{Track as Known, Version};
use super::super::ids::Isrc;
use super::super::release::Text;
use super::super::report::Severity;
use super::case::{Case, Owner};
use super::deal::deals_of;
use super::findings::{Findings, Note};
use super::territory;
use super::times::told;
use super::update::is_takedown;
use super::values::TERRITORIES;
use super::wording::{count, list, quoted, shown, titled};
use super::{Grade, Needs, Rule, Weight};
use std::collections::BTreeSet;

pub(super) const RULES: &[Rule] = &[
    Rule {
        code: "HDR-010",
        title: "MessageThreadId is another one than before",
        weight: Weight::INFO,
        why: "All messages of one release belong to one thread, from the first to the takedown.",
        fix: "Let your software keep the MessageThreadId of a release.",
        source: "DDEX knowledge base, MessageId and MessageThreadId",
        needs: Needs::History,
        check: other_thread,
        ..Rule::BASE
    },
    Rule {
        code: "ID-007",
        title: "Track's ISRC is another one than before",
        weight: Weight::WARNING,
        why: "Stores count plays by ISRC. A track that comes with another one begins at zero, and \
              drops out of playlists.",
        fix: "Keep the ISRC of the version that is live, unless this is another recording.",
        source: "Spotify metadata style guide; ISO 3901:2019",
        ack: "IdentifierInvalid",
        needs: Needs::History,
        check: other_isrc,
        ..Rule::BASE
    },
    Rule {
        code: "UPD-002",
        title: "Update without audio",
        weight: Weight::INFO,
        why: "A message for a release that is live may come without its audio. What we have from \
              the version that is live stays, and goes to the stores with the new message.",
        fix: "If the audio is to change, name all files in the message and upload all of them.",
        source: "DDEX knowledge base, communicating binaries",
        needs: Needs::History,
        check: without_audio,
        ..Rule::BASE
    },
    Rule {
        code: "UPD-003",
        title: "Update with some of the audio files",
        weight: Weight {
            usual: Grade::same(Severity::Error),
            other: Some(Grade {
                guide: Severity::Warning,
                strict: Severity::Error,
            }),
        },
        why: "An update brings the audio of all tracks or of none. With some of them a store \
              cannot tell whether the others are to stay. Where we have the audio of the others \
              from the version that is live, the guide profile takes it (warning).",
        fix: "Name the files of all tracks in the message and upload them, or leave all of them out.",
        source: "DDEX knowledge base, communicating binaries",
        ack: "ResourceMissing",
        needs: Needs::History,
        check: some_audio,
        ..Rule::BASE
    },
    Rule {
        code: "UPD-005",
        title: "Update takes territories or uses away",
        weight: Weight::QUESTION,
        why: "What the message no longer lists is taken off the stores there. A person confirms \
              that it is meant.",
        fix: "If it is not meant, list the territories and use types of the earlier deals again.",
        source: "DDEX knowledge base, ERN messages as statements of truth",
        needs: Needs::History,
        check: taken_away,
        ..Rule::BASE
    },
    Rule {
        code: "UPD-006",
        title: "Track list changes after delivery",
        weight: Weight::WARNING,
        why: "Stores treat other tracks, or another order, as another release: links, playlists and \
              counts may be lost.",
        fix: "If it is another edition, give it a barcode of its own.",
        source: "Spotify metadata style guide",
        needs: Needs::History,
        check: other_tracks,
        ..Rule::BASE
    },
    Rule {
        code: "UPD-008",
        title: "Earlier version is still being delivered",
        weight: Weight::INFO,
        why: "Two versions of one release never go to a store at the same time: this one waits \
              until the earlier one has arrived.",
        fix: "Nothing has to be done.",
        source: "drop zone",
        needs: Needs::History,
        check: still_delivered,
        ..Rule::BASE
    },
];

/// The version that stores have.
fn live_version<'a>(case: &Case<'a>) -> Option<&'a Version> {
    case.live()?;
    case.subject.history?.live.as_ref()
}

fn other_thread(case: &Case<'_>, findings: &mut Findings<'_>) {
    let thread = case
        .message
        .and_then(|message| message.header.thread_id.as_ref());
    let before = live_version(case).and_then(|live| live.thread_id.as_deref());
    if let (Some(thread), Some(before)) = (thread, before)
        && thread.as_str() != before
    {
        findings.add(
            Note::new(format!(
                "The MessageThreadId is {}; that of the version that is live is {}.",
                quoted(thread.as_str()),
                quoted(before)
            ))
            .at(&thread.at)
            .expected(shown(before))
            .found(thread.as_str()),
        );
    }
}

/// The ISRCs of a version, as far as they are good ones.
fn isrcs(tracks: &[Known]) -> Vec<&str> {
    tracks.iter().filter_map(|t| t.isrc.as_deref()).collect()
}

/// The ISRCs of the package's tracks, in running order.
fn own_isrcs(case: &Case<'_>) -> Vec<Option<String>> {
    let tracks = case.judged_tracks().iter();
    tracks
        .map(|track| {
            let isrc = Isrc::parse_lenient(track.recording.isrc.as_ref()?.as_str())?;
            Some(isrc.as_str().to_owned())
        })
        .collect()
}

fn other_isrc(case: &Case<'_>, findings: &mut Findings<'_>) {
    let Some(live) = live_version(case) else {
        return;
    };
    let (own, before) = (own_isrcs(case), isrcs(&live.tracks));
    if own.len() != live.tracks.len() {
        return;
    }
    let tracks = case.judged_tracks().iter().zip(&own).zip(&live.tracks);
    for ((track, own_isrc), known) in tracks {
        let (Some(isrc), Some(known)) = (own_isrc, &known.isrc) else {
            continue;
        };
        // A track that only moved is UPD-006's.
        let moved = before.contains(&isrc.as_str()) || own.contains(&Some(known.clone()));
        if isrc == known || moved {
            continue;
        }
        let at = track.recording.isrc.as_ref().map(|text| &text.at);
        findings.add(
            Note::new(format!(
                "{} has the ISRC {isrc}; in the version that is live it has {known}.",
                track.name()
            ))
            .at(at.unwrap_or(&track.recording.at))
            .track(track.number)
            .expected(known.clone())
            .found(isrc),
        );
    }
}

fn other_tracks(case: &Case<'_>, findings: &mut Findings<'_>) {
    let (Some(live), Some((_, main))) = (live_version(case), case.main()) else {
        return;
    };
    let (own, before) = (own_isrcs(case), isrcs(&live.tracks));
    let own: Vec<&str> = own.iter().flatten().map(String::as_str).collect();
    let what = if case.tracks.len() == live.tracks.len() {
        let kept = |list: &[&str], others: &[&str]| -> Vec<String> {
            let both = list.iter().filter(|isrc| others.contains(*isrc));
            both.map(|isrc| (*isrc).to_owned()).collect()
        };
        if kept(&own, &before) == kept(&before, &own) {
            return;
        }
        "The tracks come in another order than in the version that is live.".to_owned()
    } else {
        let gone: Vec<String> = live
            .tracks
            .iter()
            .filter(|known| {
                known
                    .isrc
                    .as_deref()
                    .is_some_and(|isrc| !own.contains(&isrc))
            })
            .map(|known| quoted(&known.title))
            .collect();
        let gone = match gone.as_slice() {
            [] => String::new(),
            gone => format!(" No longer there: {}.", list(gone)),
        };
        format!(
            "The release has {}; the version that is live has {}.{gone}",
            count(case.tracks.len(), "track"),
            live.tracks.len()
        )
    };
    findings.add(Note::new(what).at(&main.at));
}

/// Files of tracks that the message names.
fn names_audio(case: &Case<'_>) -> bool {
    let mut references = case.references.iter();
    references.any(|reference| matches!(reference.owner, Owner::Track(_)))
}

/// Of the tracks that have a file, which are the live version's; in running order.
fn kept_audio(case: &Case<'_>) -> Vec<bool> {
    let kept = case.subject.history.map(|history| history.kept.as_slice());
    let kept: BTreeSet<&str> = kept
        .unwrap_or_default()
        .iter()
        .map(String::as_str)
        .collect();
    // Kept files lie where the message names them; one folder deeper where the release does.
    let inner = case.subject.folder.nested_in.as_deref();
    let path =
        |path: &str| inner.map_or_else(|| path.to_owned(), |inner| format!("{inner}/{path}"));
    (0..case.judged_tracks().len())
        .filter_map(|index| case.file_of(index))
        .map(|file| kept.contains(path(&file.path).as_str()))
        .collect()
}

fn without_audio(case: &Case<'_>, findings: &mut Findings<'_>) {
    let (Some((_, main)), Some(live)) = (case.main(), case.live()) else {
        return;
    };
    if is_takedown(case) {
        return;
    }
    let since = told(live.received_at);
    let kept = kept_audio(case);
    if !kept.is_empty() && kept.iter().all(|kept| *kept) {
        findings.add(Note::new(format!("Audio unchanged (kept from {since}).")).at(&main.at));
    } else if !names_audio(case) {
        findings.add(
            Note::new(format!(
                "This update brings no audio: stores keep the files of {}, from your upload of \
                 {since}.",
                titled(&live.title),
            ))
            .at(&main.at),
        );
    }
}

fn some_audio(case: &Case<'_>, findings: &mut Findings<'_>) {
    let Some(live) = case.live() else {
        return;
    };
    let all = case.judged_tracks().len();
    let kept = kept_audio(case);
    let count_kept = kept.iter().filter(|kept| **kept).count();
    // What is named and not there is PKG-007's.
    let tracks = case.judged_tracks().iter();
    let without: Vec<_> = tracks
        .filter(|track| track.recording.files().next().is_none())
        .collect();
    if let Some(first) = without.first()
        && without.len() < all
    {
        findings.add(
            Note::new(format!(
                "The update brings the audio of {} of {all} tracks.",
                all - without.len() - count_kept
            ))
            .at(&first.recording.at)
            .expected("all tracks or none")
            .found(&format!("{} of {all}", all - without.len() - count_kept)),
        );
        return;
    }
    let Some((_, main)) = case.main() else { return };
    if count_kept == 0 || count_kept == kept.len() {
        return;
    }
    let brought = kept.len() - count_kept;
    let note = Note::new(format!(
        "You re-sent the audio of {brought} of {all} tracks; DDEX asks for all or none. The audio of \
         the others is that of {}.",
        told(live.received_at)
    ))
    .at(&main.at)
    .expected("all tracks or none")
    .found(&format!("{brought} of {all}"));
    // What was not sent is known, so the release is whole: the guide profile lets that pass.
    findings.add(note.other(true));
}

/// Territories as a report lists them, as single codes.
pub(super) fn codes<'a>(territories: &'a [String]) -> BTreeSet<&'a str> {
    let mut codes: BTreeSet<&'a str> = BTreeSet::new();
    for entry in territories {
        let excluded: Vec<&str> = match entry.strip_prefix("Worldwide except ") {
            Some(list) => list.split(", ").collect(),
            None if entry == "Worldwide" => Vec::new(),
            None => {
                codes.insert(entry);
                continue;
            }
        };
        let all = TERRITORIES.split_ascii_whitespace();
        codes.extend(all.filter(|code| *code != "Worldwide" && !excluded.contains(code)));
    }
    codes
}

fn taken_away(case: &Case<'_>, findings: &mut Findings<'_>) {
    let (Some(live), Some((message, main))) = (live_version(case), case.main()) else {
        return;
    };
    let deals: Vec<_> = deals_of(message, main).collect();
    // Without deals it is a takedown (UPD-004).
    if deals.is_empty() {
        return;
    }
    let own = territory::summary(&deals);
    let own = codes(&own);
    let places: Vec<&str> = codes(&live.territories).difference(&own).copied().collect();
    let uses = use_types(case);
    let uses: Vec<String> = live
        .use_types
        .iter()
        .filter(|kept| !uses.contains(kept))
        .map(|gone| shown(gone))
        .collect();
    let mut parts = Vec::new();
    if !places.is_empty() {
        parts.push(format!("from {}", list(&places)));
    }
    if !uses.is_empty() {
        parts.push(format!("for {}", list(&uses)));
    }
    if !parts.is_empty() {
        findings.add(
            Note::new(format!(
                "The release is live and will be removed {}.",
                list(&parts)
            ))
            .at(deals.first().map_or(&main.at, |deal| &deal.at)),
        );
    }
}

/// Use types of the product's deals, each once.
pub(super) fn use_types(case: &Case<'_>) -> Vec<String> {
    let message = case.subject.reading.and_then(|r| r.message.as_ref());
    let Some((message, main)) = message.and_then(|m| Some((m, m.main_release()?))) else {
        return Vec::new();
    };
    let all: BTreeSet<&str> = deals_of(message, main)
        .flat_map(|deal| &deal.use_types)
        .map(Text::as_str)
        .collect();
    all.into_iter().map(shown).collect()
}

fn still_delivered(case: &Case<'_>, findings: &mut Findings<'_>) {
    let being = case
        .subject
        .history
        .is_some_and(|history| history.is_being_delivered);
    if let (true, Some(live)) = (being, case.live()) {
        findings.add(Note::new(format!(
            "Your upload of {} is on its way to the stores. This one follows when it is approved \
             and that one has arrived.",
            told(live.received_at)
        )));
    }
}
