//! What a version of a release says, as it is compared with another.

use super::super::difference::{Content, DealSheet, Sheet, TrackSheet, Value};
use super::super::ids::Isrc;
use super::super::release::{Artist, Deal, Message, Recording, Release, RightsLine, Text};
use super::super::report::measures::duration;
use super::super::report::{ArtworkSummary, ReleaseSummary, TrackSummary};
use super::case::tracks_of;
use super::deal::deals_of;
use super::{territory, versions};
use std::collections::{BTreeSet, HashSet};

/// What a message says, with what was measured of its files.
pub fn sheet(
    message: &Message,
    release: &ReleaseSummary,
    tracks: &[TrackSummary],
    cover: Option<&ArtworkSummary>,
) -> Sheet {
    // In running order, as the tracks of a report are.
    let recordings = tracks_of(message).into_iter().map(|track| track.recording);
    Sheet {
        release: message
            .main_release()
            .map(|main| of_release(main, release))
            .unwrap_or_default(),
        tracks: tracks
            .iter()
            .zip(recordings)
            .map(|(summary, recording)| of_track(summary, recording))
            .collect(),
        deals: deals(message),
        cover: cover.map(of_cover).unwrap_or_default(),
    }
}

fn value(name: &str, value: impl Into<String>) -> Value {
    (name.to_owned(), value.into())
}

fn text(text: Option<&Text>) -> String {
    text.map(|text| text.value.clone()).unwrap_or_default()
}

/// Values of a list in their order, each once.
fn joined(values: impl IntoIterator<Item = String>, between: &str) -> String {
    let mut seen = BTreeSet::new();
    let once = values
        .into_iter()
        .filter(|value| !value.is_empty() && seen.insert(value.clone()));
    once.collect::<Vec<_>>().join(between)
}

fn texts(list: &[Text]) -> String {
    joined(list.iter().map(|text| text.value.clone()), ", ")
}

fn lines(list: &[RightsLine]) -> String {
    let line = |line: &RightsLine| {
        let (year, words) = (text(line.year.as_ref()), text(line.text.as_ref()));
        // Most texts begin with the year, after the sign.
        if words.contains(&year) {
            words
        } else {
            format!("{year} {words}").trim().to_owned()
        }
    };
    joined(list.iter().map(line), "; ")
}

fn of_release(main: &Release, summary: &ReleaseSummary) -> Vec<Value> {
    let own = |text: &Option<String>| text.clone().unwrap_or_default();
    vec![
        value("Title", own(&summary.title)),
        value("Artist", own(&summary.artist)),
        value("Type", own(&summary.release_type)),
        value("Barcode", own(&summary.icpn)),
        value("Catalogue number", text(main.catalog_number.as_ref())),
        value("Label", own(&summary.label_name)),
        value("Genre", own(&summary.genre)),
        value("Release date", own(&summary.release_date)),
        value(
            "Original release date",
            text(main.original_release_date.as_ref()),
        ),
        value("P line", lines(&main.plines)),
        value("C line", lines(&main.clines)),
        value("Parental warning", texts(&main.parental)),
    ]
}

/// `Composer: Ada Obi; Producer: Kofi`.
fn people(list: &[Artist]) -> String {
    let person = |artist: &Artist| {
        let roles = texts(&artist.roles);
        let name = text(artist.name.as_ref());
        if roles.is_empty() {
            name
        } else {
            format!("{roles}: {name}")
        }
    };
    joined(list.iter().map(person), "; ")
}

fn of_track(summary: &TrackSummary, recording: &Recording) -> TrackSheet {
    let title = summary.title.clone().unwrap_or_default();
    let isrc = summary.isrc.as_deref().and_then(Isrc::parse_lenient);
    let isrc = isrc
        .map(|isrc| isrc.as_str().to_owned())
        .unwrap_or_default();
    let length = summary.duration_ms.or(summary.stated_duration_ms);
    TrackSheet {
        number: summary.number,
        values: vec![
            value("Title", title.clone()),
            value("Artist", summary.artist.clone().unwrap_or_default()),
            value("ISRC", isrc.clone()),
            value("ISWC", text(recording.iswc.as_ref())),
            value("Contributors", people(&recording.contributors)),
            value(
                "Stated duration",
                summary.stated_duration_ms.map(duration).unwrap_or_default(),
            ),
            value("Language", text(recording.language.as_ref())),
            value("Parental warning", texts(&recording.parental)),
            value("P line", lines(&recording.plines)),
        ],
        title,
        isrc,
        sound: Content {
            prints: [&summary.sound_hash, &summary.sha256]
                .into_iter()
                .flatten()
                .cloned()
                .collect(),
            told: length.map(duration).unwrap_or_default(),
        },
    }
}

fn of_cover(cover: &ArtworkSummary) -> Content {
    Content {
        prints: cover.sha256.iter().cloned().collect(),
        told: format!("{} × {} pixels", cover.width, cover.height),
    }
}

/// Every deal once: many messages repeat one for each track.
fn deals(message: &Message) -> Vec<DealSheet> {
    let Some(main) = message.main_release() else {
        return Vec::new();
    };
    let mut sheets: Vec<DealSheet> = deals_of(message, main)
        .map(|deal| of_deal(deal, true))
        .collect();
    let known_main: HashSet<*const Deal> =
        deals_of(message, main).map(std::ptr::from_ref).collect();
    let all = message.deals.iter().flat_map(|group| &group.deals);
    let of_tracks = all.filter(|deal| !known_main.contains(&std::ptr::from_ref(*deal)));
    let mut known: BTreeSet<(String, String)> = BTreeSet::new();
    for deal in of_tracks {
        let sheet = of_deal(deal, false);
        let key = (
            sheet.name.clone(),
            format!("{:?}", (&sheet.territories_told, &sheet.values)),
        );
        let as_main = sheets
            .iter()
            .any(|main| main.is_main && is_same_deal(main, &sheet));
        if !as_main && known.insert(key) {
            sheets.push(sheet);
        }
    }
    sheets
}

fn is_same_deal(one: &DealSheet, other: &DealSheet) -> bool {
    one.name == other.name && one.territories == other.territories && one.values == other.values
}

fn of_deal(deal: &Deal, is_main: bool) -> DealSheet {
    let prices = deal.more.prices.iter().map(|price| {
        let code = price.code.as_ref().map(|code| code.value.value.clone());
        let amount = price.wholesale.as_ref().or(price.retail.as_ref());
        let amount = amount.map(|amount| {
            let currency = price.currency.clone().unwrap_or_default();
            format!("{} {currency}", amount.value).trim().to_owned()
        });
        joined(code.into_iter().chain(amount), " ")
    });
    let told = territory::summary(&[deal]);
    let codes = versions::codes(&told);
    DealSheet {
        is_main,
        name: joined(
            deal.models
                .iter()
                .chain(&deal.use_types)
                .map(|text| text.value.clone()),
            ", ",
        ),
        territories: codes.into_iter().map(str::to_owned).collect(),
        territories_told: told.join(", "),
        values: vec![
            value("Start", text(deal.start.as_ref())),
            value("End", text(deal.end.as_ref())),
            value("Price", joined(prices, "; ")),
            value("Pre-order", text(deal.pre_order.as_ref())),
            value("Only for", deal.conditions.join(", ")),
        ],
    }
}
