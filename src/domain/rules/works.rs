//! META-028 … META-031: who wrote the music, and in which language and script.

use super::super::release::{Artist, Recording, Text};
use super::case::{Case, Track};
use super::findings::{Findings, Note};
use super::wording::{count, list, quoted};
use super::{Grade, Rule, Severity, Weight};

/// What the guide does not ask for, and stores miss.
const WISHED: Weight = Weight::new(Grade {
    guide: Severity::Info,
    strict: Severity::Warning,
});

pub(super) const RULES: &[Rule] = &[
    Rule {
        code: "META-028",
        title: "Composer is not named",
        weight: WISHED,
        why: "Some stores take no track without its composer, and royalties of the work go by it.",
        fix: "Name composer and lyricist of each track as IndirectResourceContributor.",
        source: "DDEX Release Profile 1.4, rule 1720; Apple Music Style Guide",
        ack: "MetadataMissing",
        check: no_composer,
        ..Rule::BASE
    },
    Rule {
        code: "META-029",
        title: "Composer's name is not a full name",
        weight: Weight::INFO,
        why: "Collecting societies find composers by first and last name; a single word, initials or a \
              role within the name often leads nowhere.",
        fix: "Write first and last name, without the role.",
        source: "Apple Music Style Guide",
        check: short_composer,
        ..Rule::BASE
    },
    Rule {
        code: "META-030",
        title: "Language of the words is missing or contradicts itself",
        weight: WISHED.or(Severity::Warning),
        why: "Stores sort and search by the language that is sung. An instrumental track with a \
              lyricist or a language is a contradiction: a warning.",
        fix: "Write LanguageOfPerformance for each track with words, as ISO 639 code such as en or yo.",
        source: "DDEX ERN 3.8.2, LanguageOfPerformance; ISO 639",
        ack: "MetadataMissing",
        check: language,
        ..Rule::BASE
    },
    Rule {
        code: "META-031",
        title: "Title is in another script than its language",
        weight: Weight::WARNING,
        why: "LanguageAndScriptCode says how stores show and sort a title. A title in Cyrillic letters \
              marked as English is sorted among the English ones.",
        fix: "Correct LanguageAndScriptCode of the title.",
        source: "DDEX ERN 3.8.2, LanguageAndScriptCode",
        check: other_script,
        ..Rule::BASE
    },
];

/// Whether it is one of those who made the work.
pub(in crate::domain) fn wrote(artist: &Artist) -> bool {
    artist.roles.iter().any(|role| {
        matches!(
            role.as_str(),
            "Adapter"
                | "Arranger"
                | "Author"
                | "Composer"
                | "ComposerLyricist"
                | "Librettist"
                | "Lyricist"
                | "NonLyricAuthor"
                | "Writer"
        )
    })
}

fn wrote_words(artist: &Artist) -> bool {
    artist.roles.iter().any(|role| {
        matches!(
            role.as_str(),
            "Author" | "ComposerLyricist" | "Librettist" | "Lyricist"
        )
    })
}

fn writers(recording: &Recording) -> impl Iterator<Item = &Artist> {
    let all = recording.contributors.iter().chain(&recording.artists);
    all.filter(|artist| wrote(artist))
}

fn numbers(tracks: &[&Track<'_>]) -> Vec<String> {
    tracks
        .iter()
        .map(|track| track.number.to_string())
        .collect()
}

fn no_composer(case: &Case<'_>, findings: &mut Findings<'_>) {
    let without: Vec<&Track<'_>> = case
        .judged_tracks()
        .iter()
        .filter(|track| writers(track.recording).next().is_none())
        .collect();
    if let Some(first) = without.first() {
        let what = format!(
            "{} without composer: {}.",
            count(without.len(), "track"),
            list(&numbers(&without))
        );
        findings.add(Note::new(what).at(&first.recording.at));
    }
}

fn short_composer(case: &Case<'_>, findings: &mut Findings<'_>) {
    let mut told: Vec<&str> = Vec::new();
    for track in case.judged_tracks() {
        for writer in writers(track.recording) {
            let Some(name) = writer.name.as_ref().filter(|name| !name.is_empty()) else {
                continue;
            };
            let text = name.as_str();
            let words: Vec<&str> = text.split_whitespace().collect();
            let lower = text.to_lowercase();
            let has_role = [
                "composer",
                "lyricist",
                "written by",
                "music by",
                "lyrics by",
            ]
            .iter()
            .any(|role| lower.contains(role));
            // Scripts without spaces write a whole name as one word.
            let latin = text.chars().all(|c| u32::from(c) < 0x250);
            let single = latin && words.len() == 1;
            let initials = words
                .iter()
                .all(|word| word.trim_end_matches('.').chars().count() < 2);
            let what = if has_role {
                "holds a role"
            } else if single || (latin && initials) {
                "is no first and last name"
            } else {
                continue;
            };
            // Traditional and public-domain works have no person behind them.
            let nobody = [
                "traditional",
                "trad",
                "anonymous",
                "unknown",
                "public domain",
            ];
            if told.contains(&text) || nobody.contains(&lower.trim_end_matches('.')) {
                continue;
            }
            told.push(text);
            findings.add(
                Note::new(format!(
                    "{}: the composer's name {} {what}.",
                    track.name(),
                    quoted(text)
                ))
                .at(&name.at)
                .track(track.number)
                .found(text),
            );
        }
    }
}

fn is_instrumental(recording: &Recording) -> bool {
    recording
        .instrumental
        .as_ref()
        .is_some_and(|text| text.as_str() == "true")
}

fn language(case: &Case<'_>, findings: &mut Findings<'_>) {
    let mut without: Vec<&Track<'_>> = Vec::new();
    for track in case.judged_tracks() {
        let recording = track.recording;
        let stated = recording.language.as_ref().filter(|text| !text.is_empty());
        let lyricist = recording
            .contributors
            .iter()
            .find(|artist| wrote_words(artist));
        let mute = stated.is_some_and(|text| text.as_str().eq_ignore_ascii_case("zxx"));
        if is_instrumental(recording) || mute {
            let why = match (lyricist, stated.filter(|_| !mute)) {
                (Some(who), _) => Some((&who.at, "a lyricist".to_owned())),
                (None, Some(text)) => {
                    Some((&text.at, format!("the language {}", quoted(text.as_str()))))
                }
                (None, None) => None,
            };
            if let Some((at, what)) = why {
                findings.add(
                    Note::new(format!(
                        "{} is called instrumental and has {what}.",
                        track.name()
                    ))
                    .at(at)
                    .track(track.number)
                    .other(true),
                );
            }
        } else if let Some(text) = stated {
            if !is_language(text.as_str()) {
                findings.add(
                    Note::new(format!(
                        "{}: {} is no language code.",
                        track.name(),
                        quoted(text.as_str())
                    ))
                    .at(&text.at)
                    .track(track.number)
                    .expected("a code of two or three letters, such as en")
                    .found(text.as_str())
                    .other(true),
                );
            }
        } else {
            without.push(track);
        }
    }
    if let Some(first) = without.first() {
        let what = format!(
            "{} without LanguageOfPerformance: {}.",
            count(without.len(), "track"),
            list(&numbers(&without))
        );
        findings.add(Note::new(what).at(&first.recording.at));
    }
}

/// `en`, `yor`, `zh-Hans`, `pt-BR`: the shape of a code; which codes exist is not held here.
fn is_language(text: &str) -> bool {
    let mut parts = text.split('-');
    let first = parts.next().unwrap_or_default();
    (2..=3).contains(&first.len())
        && first.bytes().all(|b| b.is_ascii_alphabetic())
        && parts.all(|part| {
            (2..=8).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_alphanumeric())
        })
}

/// Scripts that are told apart; everything else says nothing.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Script {
    Latin,
    Cyrillic,
    Greek,
    Hebrew,
    Arabic,
    EastAsian,
}

fn script_of(c: char) -> Option<Script> {
    Some(match u32::from(c) {
        0x41..=0x5A | 0x61..=0x7A | 0xC0..=0x24F => Script::Latin,
        0x370..=0x3FF => Script::Greek,
        0x400..=0x52F => Script::Cyrillic,
        0x590..=0x5FF => Script::Hebrew,
        0x600..=0x6FF | 0x750..=0x77F => Script::Arabic,
        0x3040..=0x30FF | 0x3400..=0x9FFF | 0xAC00..=0xD7AF => Script::EastAsian,
        _ => return None,
    })
}

/// Scripts in which a language is written; `None` when that is not known here. A title in Latin
/// letters is right in every language: bands write English everywhere.
fn scripts_of(language: &str) -> Option<Script> {
    let mut parts = language.split('-');
    let (first, rest) = (parts.next()?.to_ascii_lowercase(), parts);
    for part in rest {
        match part.to_ascii_lowercase().as_str() {
            "latn" => return Some(Script::Latin),
            "cyrl" => return Some(Script::Cyrillic),
            "grek" => return Some(Script::Greek),
            "hebr" => return Some(Script::Hebrew),
            "arab" => return Some(Script::Arabic),
            _ => {}
        }
    }
    Some(match first.as_str() {
        "en" | "de" | "fr" | "es" | "pt" | "it" | "nl" | "sv" | "da" | "no" | "fi" | "pl"
        | "cs" | "tr" | "yo" | "ig" | "ha" | "sw" | "zu" | "xh" => Script::Latin,
        "ru" | "uk" | "bg" | "be" | "mk" => Script::Cyrillic,
        "el" => Script::Greek,
        "he" | "yi" => Script::Hebrew,
        "ar" | "fa" | "ur" => Script::Arabic,
        "zh" | "ja" | "ko" => Script::EastAsian,
        _ => return None,
    })
}

fn other_script(case: &Case<'_>, findings: &mut Findings<'_>) {
    let of_release = case.main().map(|(_, main)| (None, main.titles.as_slice()));
    let of_tracks = case
        .judged_tracks()
        .iter()
        .map(|track| (Some(track.number), track.recording.titles.as_slice()));
    for (track, titles) in of_release.into_iter().chain(of_tracks) {
        for title in titles {
            let Some(language) = title.language.as_deref() else {
                continue;
            };
            let Some(script) = scripts_of(language) else {
                continue;
            };
            let text: &Text = &title.text;
            let letters: Vec<Script> = text.as_str().chars().filter_map(script_of).collect();
            let foreign = letters
                .iter()
                .any(|found| *found != script && *found != Script::Latin)
                && !letters.contains(&script);
            if foreign {
                let note = Note::new(format!(
                    "The title {} is marked as {}, which is written in other letters.",
                    quoted(text.as_str()),
                    quoted(language)
                ))
                .at(&text.at)
                .found(language);
                findings.add(match track {
                    Some(number) => note.track(number),
                    None => note,
                });
            }
        }
    }
}
