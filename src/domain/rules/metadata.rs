//! META-001 … META-011: what every release and track has to say of itself.

use super::super::release::{Artist, Recording, Release, Text, Title};
use super::case::{Case, Track};
use super::deal::first_day_of_sale;
use super::findings::{Findings, Note};
use super::times::{day, duration_ms, today};
use super::wording::{clock, count, quoted};
use super::{Rule, Severity, Weight};
use jiff::civil::Date;

pub(super) const RULES: &[Rule] = &[
    Rule {
        code: "META-001",
        title: "Release has no title",
        why: "A release cannot be shown or found without its title.",
        fix: "Write the title into ReferenceTitle/TitleText of the release.",
        source: "guide, Required XML fields",
        ack: "MetadataMissing",
        check: no_release_title,
        ..Rule::BASE
    },
    Rule {
        code: "META-002",
        title: "Track has no title",
        why: "A track cannot be shown or found without its title.",
        fix: "Write the title into ReferenceTitle/TitleText of the track.",
        source: "guide, Required XML fields",
        ack: "MetadataMissing",
        check: no_track_title,
        ..Rule::BASE
    },
    Rule {
        code: "META-003",
        title: "Artist is missing",
        weight: Weight::ERROR.or(Severity::Info),
        why: "Every track needs its artist. A release without one gets that of its tracks when \
              they all have the same, and a track with a DisplayArtistName alone gets that as main \
              artist; both are only noted.",
        fix: "Write the artist's name into DisplayArtist/PartyName/FullName.",
        source: "guide, Required XML fields; DDEX Release Profile 1.4, rule 1761",
        ack: "PrimaryArtistNameMissing",
        check: no_artist,
        ..Rule::BASE
    },
    Rule {
        code: "META-004",
        title: "Genre is missing",
        why: "Stores need at least the primary genre, at the release or at its tracks.",
        fix: "Write the genre into Genre/GenreText.",
        source: "guide, Required XML fields; DDEX Release Profile 1.4, rule 1715",
        ack: "MetadataMissing",
        check: no_genre,
        ..Rule::BASE
    },
    Rule {
        code: "META-006",
        title: "Release date is missing or no date",
        weight: Weight::ERROR.or(Severity::Warning),
        why: "Stores need the day on which the release comes out, as YYYY-MM-DD. A warning when a \
              deal of the release says from when it may be sold: many systems send only that.",
        fix: "Write the date as year, month and day, such as 2026-04-01, into ReleaseDate.",
        source: "guide, Required XML fields; DDEX Release Profile 1.4, rule 1717",
        ack: "CommercialReleaseDateInvalid",
        check: no_release_date,
        ..Rule::BASE
    },
    Rule {
        code: "META-007",
        title: "Release date leaves too little time",
        weight: Weight::WARNING,
        why: "Stores need about a week to have a new release ready on its day. A day more than a year \
              ago is taken as it is when the years of ℗ and © lines are no later: the release is no \
              new one then.",
        fix: "If the release is new, choose a date at least 7 days ahead.",
        source: "guide, Delivery Status Explained (1–7 business days)",
        ack: "CommercialReleaseDateInvalid",
        check: short_lead_time,
        ..Rule::BASE
    },
    Rule {
        code: "META-009",
        title: "Original release date is later than the release date",
        why: "The original release date is the day on which the recording first came out anywhere.",
        fix: "Exchange the two dates, or leave the original release date out.",
        source: "DDEX ErncFileStatus OriginalReleaseDateLaterThanReleaseDate",
        ack: "OriginalReleaseDateLaterThanReleaseDate",
        check: original_date_later,
        ..Rule::BASE
    },
    Rule {
        code: "META-010",
        title: "Release type is missing",
        why: "Stores show singles, EPs and albums in different places.",
        fix: "Write Single, EP or Album into ReleaseType of the release.",
        source: "guide, Required XML fields",
        ack: "MetadataMissing",
        check: no_release_type,
        ..Rule::BASE
    },
    Rule {
        code: "META-011",
        title: "Release type does not match the content",
        weight: Weight::BY_PROFILE,
        why: "Single: up to 3 tracks, each under 10 minutes, up to 30 minutes in all. EP: 4 to 6 \
              tracks and up to 30 minutes, or up to 3 tracks of which one lasts 10 minutes or \
              more. Album: everything longer.",
        fix: "Correct the ReleaseType, or the list of tracks.",
        source: "guide, Required XML fields (“must match actual content”); Spotify style guide",
        ack: "MetadataMissing",
        check: other_release_type,
        ..Rule::BASE
    },
];

fn has_title(titles: &[Title]) -> bool {
    titles.iter().any(|title| !title.text.is_empty())
}

fn no_release_title(case: &Case<'_>, findings: &mut Findings<'_>) {
    let Some((_, main)) = case.main() else {
        return;
    };
    if !has_title(&main.titles) {
        let at = main.titles.first().map_or(&main.at, |title| &title.text.at);
        findings.add(Note::new("The release has no title.").at(at));
    }
}

fn no_track_title(case: &Case<'_>, findings: &mut Findings<'_>) {
    for track in case.judged_tracks() {
        let titles = &track.recording.titles;
        if !has_title(titles) {
            let at = titles
                .first()
                .map_or(&track.recording.at, |title| &title.text.at);
            let message = format!("Track {} has no title.", track.number);
            findings.add(Note::new(message).at(at).track(track.number));
        }
    }
}

/// Whether anybody is named as artist.
fn has_artist(artists: &[Artist], shown_name: Option<&Text>) -> bool {
    let named = |name: Option<&Text>| name.is_some_and(|name| !name.is_empty());
    named(shown_name) || artists.iter().any(|artist| named(artist.name.as_ref()))
}

/// Names of a track's artists in order.
fn artist_names(recording: &Recording) -> Vec<&str> {
    let names = recording
        .artists
        .iter()
        .filter_map(|artist| artist.name.as_ref());
    let names: Vec<&str> = names.map(Text::as_str).collect();
    if names.is_empty() {
        recording.artist_name.iter().map(Text::as_str).collect()
    } else {
        names
    }
}

fn no_artist(case: &Case<'_>, findings: &mut Findings<'_>) {
    let Some((_, main)) = case.main() else {
        return;
    };
    let tracks = case.judged_tracks();
    let mut all_have = true;
    for track in tracks {
        if !has_artist(
            &track.recording.artists,
            track.recording.artist_name.as_ref(),
        ) {
            all_have = false;
            findings.add(
                Note::new(format!("{} has no artist.", track.name()))
                    .at(&track.recording.at)
                    .track(track.number),
            );
        } else if !has_artist(&track.recording.artists, None)
            && let Some(name) = &track.recording.artist_name
        {
            findings.add(
                Note::new(format!(
                    "{} names its artist only as DisplayArtistName; we took {} as main artist.",
                    track.name(),
                    quoted(name.as_str())
                ))
                .at(&name.at)
                .track(track.number)
                .other(true),
            );
        }
    }
    // Without an artist on each track nothing can be derived, and the tracks were told of already.
    if has_artist(&main.artists, main.artist_name.as_ref()) || (!all_have && !tracks.is_empty()) {
        return;
    }
    let mut names = tracks.iter().map(|track| artist_names(track.recording));
    let first = names.next().unwrap_or_default();
    let agreed = !first.is_empty() && names.all(|other| other == first);
    let message = if agreed {
        format!(
            "The release names no artist; we took {} from its tracks.",
            quoted(&first.join(", "))
        )
    } else if tracks.is_empty() {
        "The release names no artist.".to_owned()
    } else {
        "The release names no artist, and its tracks have different ones.".to_owned()
    };
    findings.add(Note::new(message).at(&main.at).other(agreed));
}

fn no_genre(case: &Case<'_>, findings: &mut Findings<'_>) {
    let Some((message, main)) = case.main() else {
        return;
    };
    let of_tracks = message
        .recordings
        .iter()
        .flat_map(|recording| &recording.genres);
    if main.genres.iter().chain(of_tracks).all(Text::is_empty) {
        let what = "Neither the release nor any of its tracks has a genre.";
        findings.add(Note::new(what).at(&main.at));
    }
}

fn no_release_date(case: &Case<'_>, findings: &mut Findings<'_>) {
    let Some((message, main)) = case.main() else {
        return;
    };
    let note = match main.release_date.as_ref().filter(|date| !date.is_empty()) {
        None => match first_day_of_sale(message, main) {
            Some(first) => Note::new(format!(
                "The release has no release date. Its first deal starts on {first}; we took that day."
            ))
            .fix(format!(
                "Write <ReleaseDate>{first}</ReleaseDate> into ReleaseDetailsByTerritory if that is \
                 the day."
            ))
            .at(&main.at)
            .other(true),
            None => Note::new("The release has no release date.").at(&main.at),
        },
        Some(date) if day(date.as_str()).is_some() => return,
        Some(date) => Note::new(format!(
            "The release date {} is no day of the calendar in the form YYYY-MM-DD.",
            quoted(date.as_str())
        ))
        .at(&date.at)
        .found(date.as_str()),
    };
    findings.add(note.expected("YYYY-MM-DD"));
}

/// Whether a release date of long ago is meant: the message's own years are no later.
fn is_catalogue(main: &Release, date: Date, days_ago: i32) -> bool {
    let lines = main.plines.iter().chain(&main.clines);
    let mut years = lines.filter_map(|line| line.year.as_ref()?.as_str().parse::<i16>().ok());
    days_ago > 365
        && years
            .next()
            .is_some_and(|year| year <= date.year() && years.all(|y| y <= date.year()))
}

fn short_lead_time(case: &Case<'_>, findings: &mut Findings<'_>) {
    const LEAD_DAYS: i32 = 7;
    let Some((_, main)) = case.main() else {
        return;
    };
    let Some(text) = main.release_date.as_ref().filter(|_| case.live().is_none()) else {
        return;
    };
    let Some(date) = day(text.as_str()) else {
        return;
    };
    let days = (date - today(case.subject.now)).get_days();
    let what = match days {
        LEAD_DAYS.. => return,
        ..0 if is_catalogue(main, date, -days) => return,
        ..0 => format!("The release date {} is in the past.", text.as_str()),
        0 => "The release comes out today; stores will be late.".to_owned(),
        days => format!(
            "The release comes out in {}; stores may be late.",
            count(usize::try_from(days).unwrap_or(0), "day")
        ),
    };
    findings.add(Note::new(what).at(&text.at).found(text.as_str()));
}

fn original_date_later(case: &Case<'_>, findings: &mut Findings<'_>) {
    let Some((_, main)) = case.main() else {
        return;
    };
    let (Some(date), Some(original)) = (&main.release_date, &main.original_release_date) else {
        return;
    };
    let (Some(day_of_release), Some(first)) = (day(date.as_str()), day(original.as_str())) else {
        return;
    };
    if first > day_of_release {
        findings.add(
            Note::new(format!(
                "The original release date {} is later than the release date {}.",
                original.as_str(),
                date.as_str()
            ))
            .at(&original.at)
            .expected(format!("{} or earlier", date.as_str()))
            .found(original.as_str()),
        );
    }
}

fn no_release_type(case: &Case<'_>, findings: &mut Findings<'_>) {
    let Some((_, main)) = case.main() else {
        return;
    };
    if main.types.iter().all(Text::is_empty) {
        findings.add(Note::new("The release has no ReleaseType.").at(&main.at));
    }
}

/// Duration of a track: measured, else stated.
fn length_of(case: &Case<'_>, index: usize, track: &Track<'_>) -> Option<u64> {
    let audio = case.file_of(index).and_then(|file| file.audio.as_ref());
    let measured = audio
        .map(|audio| audio.duration_ms)
        .filter(|length| *length > 0);
    measured.or_else(|| duration_ms(track.recording.duration.as_ref()?.as_str()))
}

fn other_release_type(case: &Case<'_>, findings: &mut Findings<'_>) {
    const TEN_MINUTES: u64 = 600_000;
    const HALF_AN_HOUR: u64 = 1_800_000;
    let Some((_, main)) = case.main() else {
        return;
    };
    let Some(stated) = main.types.first() else {
        return;
    };
    let kind = match (stated.as_str(), main.user_defined_type.as_deref()) {
        ("UserDefined", Some("EP")) => "EP",
        (kind, _) => kind,
    };
    if !matches!(kind, "Single" | "EP" | "Album") {
        return;
    }
    let tracks = case.judged_tracks();
    let lengths: Option<Vec<u64>> = tracks
        .iter()
        .enumerate()
        .map(|(index, track)| length_of(case, index, track))
        .collect();
    let total = lengths
        .as_ref()
        .map(|all| all.iter().copied().fold(0, u64::saturating_add));
    let matching = match (tracks.len(), lengths.as_deref(), total) {
        (0, _, _) => return,
        (7.., _, _) => "Album",
        // Without all lengths only the number of tracks can tell.
        (4.., None, _) | (4.., _, None) if kind == "Single" => "EP",
        (_, None, _) | (_, _, None) => return,
        (_, _, Some(total)) if total > HALF_AN_HOUR => "Album",
        (4.., _, _) => "EP",
        (_, Some(lengths), _) if lengths.iter().any(|length| *length >= TEN_MINUTES) => "EP",
        (_, Some(_), _) => "Single",
    };
    if matching == kind {
        return;
    }
    let length = total
        .map(|total| format!(" ({})", clock(total, false)))
        .unwrap_or_default();
    findings.add(
        Note::new(format!(
            "The release is called {kind}, and has {}{length}: stores will list it as {matching}.",
            count(tracks.len(), "track")
        ))
        .at(&stated.at)
        .expected(matching)
        .found(kind),
    );
}
