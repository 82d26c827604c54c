//! META-014 … META-017: how titles are written. Never an error but for characters that no store can
//! show: spelling is the artist's.

use super::super::markup::is_unseen;
use super::super::release::Text;
use super::super::repair::Edit;
use super::case::Case;
use super::findings::{Findings, Note};
use super::names::folded;
use super::wording::{quoted, shown};
use super::{Rule, Severity, Weight};

pub(super) const RULES: &[Rule] = &[
    Rule {
        code: "META-014",
        title: "Featured artist of the title is in an unusual form or has no role",
        weight: Weight::WARNING,
        why: "Stores show guests as “(feat. Name)” or “(with Name)” and want them as \
              FeaturedArtist; other forms are sent back, and a guest without that role gets no \
              page and no link.",
        fix: "Give the guest the role FeaturedArtist, and write “(feat. Name)” or nothing in the \
              title.",
        source: "Apple Music Style Guide 2.13; Spotify style guide",
        check: odd_featuring,
        ..Rule::BASE
    },
    Rule {
        code: "META-015",
        title: "Title is all in capitals or all in small letters",
        weight: Weight::WARNING,
        why: "Stores want titles in the usual spelling of their language, unless the artist really \
              writes them so.",
        fix: "Write the title in its usual spelling, or leave it if it is meant so.",
        source: "Apple Music Style Guide",
        check: odd_capitals,
        ..Rule::BASE
    },
    Rule {
        code: "META-016",
        title: "Title or name has special characters",
        weight: Weight::WARNING.or(Severity::Error),
        why: "Many stores refuse emoji and symbols. Control characters and marks that turn the \
              direction of writing are an error: they come from copying and break displays.",
        fix: "Remove these characters.",
        source: "Apple Music Style Guide; drop zone",
        check: odd_characters,
        ..Rule::BASE
    },
    Rule {
        code: "META-017",
        title: "Title has stray spaces, brackets or codes",
        weight: Weight::WARNING,
        why: "Double spaces, brackets that do not close and texts such as “&amp;” are typing or \
              export errors, and stay visible in every store.",
        fix: "Correct the title.",
        source: "drop zone",
        check: stray_marks,
        ..Rule::BASE
    },
];

/// A title, whose it is, and the track's number.
pub(super) struct Named<'a> {
    pub(super) whose: String,
    pub(super) text: &'a Text,
    pub(super) track: Option<u32>,
}

/// The titles that a store would show: of the release and of each track, sub-titles included.
pub(super) fn titles<'a>(case: &Case<'a>) -> Vec<Named<'a>> {
    let mut found: Vec<Named<'a>> = Vec::new();
    let mut add = |whose: &str, texts: &mut dyn Iterator<Item = &'a Text>, track| {
        let start = found.len();
        for text in texts.filter(|text| !text.is_empty()) {
            let told = found.get(start..).unwrap_or_default();
            if !told.iter().any(|named| named.text.value == text.value) {
                found.push(Named {
                    whose: whose.to_owned(),
                    text,
                    track,
                });
            }
        }
    };
    if let Some((_, main)) = case.main() {
        let texts = main
            .titles
            .iter()
            .flat_map(|title| std::iter::once(&title.text).chain(&title.sub));
        add("The release's title", &mut { texts }, None);
    }
    for track in case.judged_tracks() {
        let texts = track
            .recording
            .titles
            .iter()
            .flat_map(|title| std::iter::once(&title.text).chain(&title.sub));
        let whose = format!("The title of track {}", track.number);
        add(&whose, &mut { texts }, Some(track.number));
    }
    found
}

pub(super) fn note_of(named: &Named<'_>, what: &str) -> Note {
    let note = Note::new(format!(
        "{}, {}, {what}.",
        named.whose,
        quoted(named.text.as_str())
    ))
    .at(&named.text.at)
    .found(named.text.as_str());
    match named.track {
        Some(number) => note.track(number),
        None => note,
    }
}

fn odd_featuring(case: &Case<'_>, findings: &mut Findings<'_>) {
    for named in titles(case) {
        let mut words = named.text.as_str().split_whitespace().enumerate();
        let odd = words.find_map(|(place, word)| {
            let bare = word.trim_start_matches(['(', '[']);
            // A sub-title is shown in brackets anyway.
            let opened = word.starts_with('(') || place == 0;
            let is_odd = match bare.to_lowercase().as_str() {
                "feat." => !opened || bare != "feat.",
                "ft" | "ft." | "feat" | "featuring" | "w/" => true,
                _ => false,
            };
            is_odd.then_some(word)
        });
        if let Some(word) = odd {
            findings.add(note_of(
                &named,
                &format!("names a guest with {}", quoted(word)),
            ));
        } else if let Some(guest) = guest_without_role(case, &named) {
            findings.add(
                note_of(&named, &format!("names the guest {}", quoted(&guest))).fix(format!(
                    "Add {} to the artists of the track, with the ArtistRole FeaturedArtist.",
                    quoted(&guest)
                )),
            );
        }
    }
}

/// The first guest of a track's title who is not among its artists in any role.
fn guest_without_role(case: &Case<'_>, named: &Named<'_>) -> Option<String> {
    let number = named.track?;
    let title = named.text.as_str();
    let (_, guests) = title
        .split_once("(feat. ")
        .or_else(|| title.strip_prefix("feat. ").map(|guests| ("", guests)))?;
    let guests = guests.split_once(')').map_or(guests, |(inside, _)| inside);
    let tracks = case.judged_tracks();
    let track = tracks.iter().find(|track| track.number == number)?;
    let artists = track.recording.artists.iter();
    let known: Vec<String> = artists
        .filter_map(|artist| artist.name.as_ref())
        .map(|name| folded(name.as_str()))
        .collect();
    // A name may hold a comma or an ampersand itself: the whole is looked for first.
    let is_known = |name: &str| known.iter().any(|artist| *artist == folded(name));
    if is_known(guests) {
        return None;
    }
    let mut names = guests
        .split([',', '&'])
        .flat_map(|part| part.split(" and "))
        .map(str::trim)
        .filter(|name| !name.is_empty());
    let whole = folded(guests);
    // “Ada & The Winds” in a list of guests is in pieces now; its artist is in the list as a whole.
    names
        .find(|name| {
            let in_one = |artist: &String| artist.contains(&folded(name)) && whole.contains(artist);
            !is_known(name) && !known.iter().any(in_one)
        })
        .map(str::to_owned)
}

fn odd_capitals(case: &Case<'_>, findings: &mut Findings<'_>) {
    for named in titles(case) {
        let letters: Vec<char> = named
            .text
            .as_str()
            .chars()
            .filter(|c| c.is_alphabetic())
            .collect();
        // Scripts without capitals have nothing to say here; short titles may be acronyms, and behind
        // a number many languages go on in small letters.
        let starts_with_number = named.text.as_str().starts_with(|c: char| c.is_numeric());
        let cased = letters
            .iter()
            .filter(|c| c.is_uppercase() || c.is_lowercase())
            .count();
        if letters.len() <= 4 || cased < letters.len() {
            continue;
        }
        if letters.iter().all(|c| c.is_uppercase()) {
            findings.add(note_of(&named, "is all in capitals"));
        } else if !starts_with_number && letters.iter().all(|c| c.is_lowercase()) {
            findings.add(note_of(&named, "is all in small letters"));
        }
    }
}

/// Emoji, dingbats and ornaments.
fn is_symbol(c: char) -> bool {
    matches!(u32::from(c),
        0x2190..=0x21FF | 0x2300..=0x23FF | 0x2500..=0x27BF | 0x2B00..=0x2BFF
        | 0xFE0F | 0x1F000..=0x1FAFF | 0xE0000..=0xE007F)
}

fn odd_characters(case: &Case<'_>, findings: &mut Findings<'_>) {
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
        let text = named.text.as_str();
        if let Some(c) = text.chars().find(|c| is_unseen(*c)) {
            // Joiners and direction marks belong to some scripts, line breaks come from tidy XML;
            // what turns the direction around or controls a terminal belongs nowhere.
            let turns = matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
            let grave = turns || (c.is_control() && !matches!(c, '\t' | '\n' | '\r'));
            let what = format!("holds the invisible character {}", shown(&c.to_string()));
            findings.add(note_of(&named, &what).other(grave));
        } else if let Some(c) = text.chars().find(|c| is_symbol(*c)) {
            findings.add(note_of(&named, &format!("holds the symbol {c}")));
        }
    }
}

fn stray_marks(case: &Case<'_>, findings: &mut Findings<'_>) {
    for named in titles(case) {
        let text = named.text.as_str();
        let what = if text.contains("  ") {
            let marked = shown(text).replace("  ", "··");
            format!("has a double space: {marked}")
        } else if ["&amp;", "&quot;", "&apos;", "&lt;", "&gt;", "&#"]
            .iter()
            .any(|code| text.contains(code))
        {
            "holds an XML code that was encoded twice".to_owned()
        } else if !are_balanced(text) {
            "has a bracket that is not closed or not opened".to_owned()
        } else {
            continue;
        };
        // One space in the place of several is what every store shows anyway.
        let single = text.split(' ').filter(|word| !word.is_empty());
        let single: String = single.collect::<Vec<_>>().join(" ");
        let edit = (single != text).then(|| Edit::set(&named.text.at.path, single));
        findings.add(note_of(&named, &what).repair(edit));
    }
}

/// Whether round and square brackets close in order.
fn are_balanced(text: &str) -> bool {
    let mut open = Vec::new();
    for c in text.chars() {
        match c {
            '(' => open.push(')'),
            '[' => open.push(']'),
            ')' | ']' if open.pop() != Some(c) => return false,
            _ => {}
        }
    }
    open.is_empty()
}
