//! META-012 … META-020, META-042 and META-043: words in titles that belong elsewhere or nowhere.

use super::super::release::Text;
use super::case::Case;
use super::findings::{Findings, Note};
use super::titles::{Named, note_of, titles};
use super::wording::{quoted, titled};
use super::{Needs, Rule, Weight};
use std::collections::HashMap;

pub(super) const RULES: &[Rule] = &[
    Rule {
        code: "META-012",
        title: "Single has another title than its only track",
        weight: Weight::WARNING,
        why: "Stores show a single of one track under the track's title.",
        fix: "Give the release and the track the same title, if they are the same.",
        source: "Spotify style guide",
        check: other_single_title,
        ..Rule::BASE
    },
    Rule {
        code: "META-013",
        title: "Title names the kind of release",
        weight: Weight::WARNING,
        why: "Stores add “Single” and “EP” themselves; written into the title they stand there twice.",
        fix: "Leave these words out of the title; ReleaseType says it.",
        source: "Spotify style guide; Apple Music Style Guide",
        check: kind_in_title,
        ..Rule::BASE
    },
    Rule {
        code: "META-018",
        title: "Version is written into the title",
        weight: Weight::INFO,
        why: "Which version a recording is (remix, live, radio edit) has a place of its own, SubTitle; \
              stores then show it the same way everywhere.",
        fix: "Write the version into SubTitle and leave it out of TitleText.",
        source: "Spotify style guide; Apple Music Style Guide",
        check: version_in_title,
        ..Rule::BASE
    },
    Rule {
        code: "META-019",
        title: "Title is a placeholder",
        weight: Weight::WARNING,
        why: "Titles such as “Track 01” or “Final_Master_v3” are names of files or of templates. Stores \
              send them back.",
        fix: "Write the real title, or leave it if it is the real one.",
        source: "Apple Music Style Guide",
        check: placeholder_title,
        ..Rule::BASE
    },
    Rule {
        code: "META-020",
        title: "Title or artist advertises",
        weight: Weight::WARNING,
        why: "Stores take no addresses, prices, store names and advertising in titles and names, and no \
              notes on explicit words: ParentalWarningType says that.",
        fix: "Leave these words out.",
        source: "Apple Music Style Guide; UnitedMasters, metadata guidelines",
        check: advertising,
        ..Rule::BASE
    },
    Rule {
        code: "META-038",
        title: "Two tracks have the same title",
        weight: Weight::WARNING,
        why: "Two tracks of one artist with one title and no version cannot be told apart in a store.",
        fix: "Write into SubTitle what tells them apart, such as “Reprise” or “Acoustic”.",
        source: "Apple Music Style Guide",
        check: same_title,
        ..Rule::BASE
    },
    Rule {
        code: "META-042",
        title: "Cover version, tribute or karaoke",
        weight: Weight::QUESTION,
        why: "Stores take down tributes and karaoke that name the original artist as their own. \
              Somebody has to look who is named as main artist.",
        fix: "Name who really performs as main artist, and leave the original artist out of names and \
              titles.",
        source: "Apple Music Style Guide",
        check: tribute,
        ..Rule::BASE
    },
    Rule {
        code: "META-043",
        title: "Cover may show another title",
        weight: Weight::QUESTION,
        why: "What is written on the cover has to be the title of the message; that the two differ is \
              the most frequent reason for stores to send a release back. When the title of a live \
              release changes, somebody has to look whether the cover has changed with it.",
        fix: "Send a cover that shows the new title, or none of the words at all.",
        source: "DistroSupport, artwork requirements",
        needs: Needs::History,
        check: title_of_the_cover,
        ..Rule::BASE
    },
];

fn other_single_title(case: &Case<'_>, findings: &mut Findings<'_>) {
    let (Some((_, main)), [track]) = (case.main(), case.judged_tracks()) else {
        return;
    };
    let Some(kind) = main.types.first().filter(|kind| kind.as_str() == "Single") else {
        return;
    };
    let (of_release, of_track) = (main.title(), track.recording.title());
    let plain = |text: &str| -> String {
        let text = text.to_lowercase();
        text.chars().filter(|c| c.is_alphanumeric()).collect()
    };
    let (one, two) = (plain(of_release), plain(of_track));
    if one.is_empty() || two.is_empty() || one.starts_with(&two) || two.starts_with(&one) {
        return;
    }
    let at = main.titles.first().map_or(&kind.at, |title| &title.text.at);
    findings.add(
        Note::new(format!(
            "The single is called {}, and its only track {}.",
            quoted(of_release),
            quoted(of_track)
        ))
        .at(at)
        .expected(titled(of_track))
        .found(of_release),
    );
}

fn kind_in_title(case: &Case<'_>, findings: &mut Findings<'_>) {
    const KINDS: &[&str] = &[
        "- single", "- ep", "- album", "(single)", "(ep)", "(album)", "[single]", "[ep]", "[album]",
    ];
    for named in titles(case)
        .into_iter()
        .filter(|named| named.track.is_none())
    {
        let text = named.text.as_str().to_lowercase().replace('–', "-");
        if let Some(kind) = KINDS.iter().find(|kind| text.ends_with(**kind)) {
            findings.add(note_of(&named, &format!("ends with {}", quoted(kind))));
        }
    }
}

/// What stands in the last brackets of a title, or behind its last dash.
fn addition(title: &str) -> Option<&str> {
    let title = title.trim_end();
    let in_brackets = |open: char, close: char| {
        let inner = title.strip_suffix(close)?;
        inner.rsplit_once(open).map(|(_, addition)| addition)
    };
    in_brackets('(', ')')
        .or_else(|| in_brackets('[', ']'))
        .or_else(|| title.rsplit_once(" - ").map(|(_, addition)| addition))
        .or_else(|| title.rsplit_once(" – ").map(|(_, addition)| addition))
}

fn version_in_title(case: &Case<'_>, findings: &mut Findings<'_>) {
    const VERSIONS: &[&str] = &[
        "acapella",
        "acoustic",
        "demo",
        "dub",
        "edit",
        "instrumental",
        "live",
        "mix",
        "remaster",
        "remastered",
        "remix",
        "rework",
        "unplugged",
        "version",
    ];
    for track in case.judged_tracks() {
        let Some(title) = track
            .recording
            .titles
            .first()
            .filter(|title| title.sub.is_none())
        else {
            continue;
        };
        let Some(words) = addition(title.text.as_str()) else {
            continue;
        };
        let is_version = words
            .to_lowercase()
            .split(|c: char| !c.is_alphanumeric())
            .any(|word| VERSIONS.contains(&word));
        if is_version {
            findings.add(
                Note::new(format!(
                    "{}: {} is written into the title.",
                    track.name(),
                    quoted(words)
                ))
                .at(&title.text.at)
                .track(track.number)
                .fix(format!(
                    "Write <SubTitle>{}</SubTitle> behind TitleText, and leave it out of TitleText.",
                    super::wording::shown(words)
                )),
            );
        }
    }
}

/// A name that a program or a template gives.
fn is_placeholder(title: &str) -> bool {
    let lower = title.trim().to_lowercase();
    let numbered = |word: &str| {
        lower.strip_prefix(word).is_some_and(|rest| {
            let rest = rest.trim_matches([' ', '_', '-', '#', '.']);
            !rest.is_empty() && rest.bytes().all(|b| b.is_ascii_digit())
        })
    };
    let is_file = [".wav", ".flac", ".aif", ".aiff", ".mp3", ".m4a"]
        .iter()
        .any(|ending| lower.ends_with(ending));
    let is_export = lower.contains('_')
        && ["master", "final", "mixdown", "bounce", "export"]
            .iter()
            .any(|word| lower.contains(word));
    let is_word = matches!(
        lower.as_str(),
        "tba"
            | "tbc"
            | "tbd"
            | "n/a"
            | "unknown"
            | "unknown artist"
            | "unknown title"
            | "untitled track"
            | "title"
            | "test"
            | "xxx"
            | "-"
            | "?"
    );
    is_word
        || is_file
        || is_export
        || ["track", "audio", "song", "titel"]
            .into_iter()
            .any(numbered)
}

fn placeholder_title(case: &Case<'_>, findings: &mut Findings<'_>) {
    for named in titles(case) {
        if is_placeholder(named.text.as_str()) {
            findings.add(note_of(
                &named,
                "looks like the name of a file or a template",
            ));
        }
    }
}

/// Phrases that no store takes, in small letters; matched at the borders of words.
const ADVERTISING: &[&str] = &[
    "amazon music",
    "apple music",
    "available now",
    "buy now",
    "deezer",
    "exclusive",
    "free download",
    "itunes",
    "new single",
    "official audio",
    "official video",
    "out now",
    "prod by",
    "prod. by",
    "produced by",
    "soundcloud",
    "spotify",
    "tidal exclusive",
    "tiktok",
    "type beat",
    "youtube",
    "(explicit)",
    "(clean)",
    "[explicit]",
    "[clean]",
    "explicit version",
    "clean version",
];

/// Whether a phrase stands in a text on its own, not within a word.
fn holds_phrase(text: &str, phrase: &str) -> bool {
    text.match_indices(phrase).any(|(at, found)| {
        let before = text.get(..at).and_then(|t| t.chars().next_back());
        let after = text.get(at + found.len()..).and_then(|t| t.chars().next());
        let bounded = |c: Option<char>| c.is_none_or(|c| !c.is_alphanumeric());
        bounded(before) && bounded(after)
    })
}

/// `www.example.com`, `https://…`, `name.com`.
fn address(text: &str) -> Option<&str> {
    text.split_whitespace().find(|word| {
        let word = word.trim_matches(|c: char| !c.is_alphanumeric());
        let domain = word.split('/').next().unwrap_or_default();
        word.starts_with("http:")
            || word.starts_with("https:")
            || word.starts_with("www.")
            || (domain.len() > 5
                && !domain.contains("..")
                && [".com", ".net", ".org", ".fm"]
                    .iter()
                    .any(|end| domain.ends_with(end)))
    })
}

fn advertising(case: &Case<'_>, findings: &mut Findings<'_>) {
    let mut all = titles(case);
    for track in case.judged_tracks() {
        let names = track
            .recording
            .artists
            .iter()
            .filter_map(|artist| artist.name.as_ref());
        all.extend(names.map(|text| Named {
            whose: format!("An artist's name on track {}", track.number),
            text,
            track: Some(track.number),
        }));
    }
    for named in all {
        let text = named.text.as_str().to_lowercase();
        let phrase = ADVERTISING
            .iter()
            .copied()
            .find(|phrase| holds_phrase(&text, phrase))
            .or_else(|| address(&text));
        if let Some(phrase) = phrase {
            findings.add(note_of(&named, &format!("holds {}", quoted(phrase))));
        }
    }
}

fn same_title(case: &Case<'_>, findings: &mut Findings<'_>) {
    let mut first_with: HashMap<String, u32> = HashMap::new();
    for track in case.judged_tracks() {
        let recording = track.recording;
        let subs = recording
            .titles
            .iter()
            .filter_map(|title| title.sub.as_ref());
        let artists = recording
            .artists
            .iter()
            .filter_map(|artist| artist.name.as_ref());
        let parts = std::iter::once(recording.title())
            .chain(subs.map(Text::as_str))
            .chain(artists.map(Text::as_str));
        let key: Vec<String> = parts.map(str::to_lowercase).collect();
        if recording.title().is_empty() {
            continue;
        }
        let first = *first_with.entry(key.join("\u{1f}")).or_insert(track.number);
        if first != track.number {
            let at = recording
                .titles
                .first()
                .map_or(&recording.at, |title| &title.text.at);
            findings.add(
                Note::new(format!(
                    "{} has the title and artist of track {first}.",
                    track.name()
                ))
                .at(at)
                .track(track.number),
            );
        }
    }
}

fn tribute(case: &Case<'_>, findings: &mut Findings<'_>) {
    const SIGNS: &[&str] = &[
        "as made famous by",
        "in the style of",
        "karaoke",
        "made famous by",
        "originally performed by",
        "tribute to",
        "tribute version",
    ];
    let sign = titles(case).into_iter().find_map(|named| {
        let text = named.text.as_str().to_lowercase();
        let sign = SIGNS.iter().find(|sign| holds_phrase(&text, sign))?;
        Some((named, *sign))
    });
    if let Some((named, sign)) = sign {
        findings.add(note_of(&named, &format!("holds {}", quoted(sign))));
    }
}

fn title_of_the_cover(case: &Case<'_>, findings: &mut Findings<'_>) {
    let (Some((_, main)), Some(live)) = (case.main(), case.live()) else {
        return;
    };
    let plain = |text: &str| text.trim().to_lowercase();
    let (now, before) = (main.title(), live.title.as_str());
    if now.is_empty() || before.is_empty() || plain(now) == plain(before) {
        return;
    }
    let at = main.titles.first().map_or(&main.at, |title| &title.text.at);
    findings.add(
        Note::new(format!(
            "The title changes from {} to {}. Look whether the cover shows the new one.",
            quoted(before),
            quoted(now)
        ))
        .at(at)
        .expected(before)
        .found(now),
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn phrases_are_found_as_words_only() {
        assert!(holds_phrase("beat (prod. by x)", "prod. by"));
        assert!(holds_phrase("spotify exclusive", "exclusive"));
        assert!(!holds_phrase("inexclusively", "exclusive"));
        assert!(address("get it at www.label.example now").is_some());
        assert!(address("mr. com").is_none());
        assert!(address("u.n.i.t.y.").is_none());
    }

    #[test]
    fn placeholders_are_told_from_titles() {
        for title in [
            "Track 01",
            "audio_3",
            "Song_Final_Master_v3",
            "03 x.wav",
            "TBA",
            "track#7",
        ] {
            assert!(is_placeholder(title), "{title}");
        }
        for title in [
            "Tracks of My Tears",
            "Untitled",
            "Track",
            "99 Luftballons",
            "Final",
            "Audio",
        ] {
            assert!(!is_placeholder(title), "{title}");
        }
    }
}
