//! What an update changes against the version that stores have, field by field.

mod sheet;

use super::ids::PackageId;
use super::visible::{escaped_line, shortened};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

pub use sheet::{Content, DealSheet, Sheet, TrackSheet, Value};

/// Territories that are told one by one; of more, the whole lists are shown.
const TERRITORIES_TOLD: usize = 40;

/// Characters of a value that are shown.
const LONGEST_VALUE: usize = 500;

/// Parts of the short sentence.
const PARTS_TOLD: usize = 6;

/// An update against what is live.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Difference {
    /// The package that is live.
    #[schemars(with = "String")]
    pub with: PackageId,
    /// Its number within the release.
    pub attempt: u32,
    /// When it was received; RFC 3339, UTC.
    #[schemars(with = "String")]
    pub received_at: Timestamp,
    /// What changes: of the release, then by track, then by deal.
    pub changes: Vec<Change>,
}

/// One field that changes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Change {
    /// Where: `Release`, `Track 3 “Title”`, `Deal SubscriptionModel, OnDemandStream`.
    pub place: String,
    /// Number of the track in the update, or in the live version if it is taken out; from 1.
    pub track: Option<u32>,
    /// Which field: `Title`, `Contributors`, `Territories removed`.
    pub field: String,
    /// What is live; nothing where there was none.
    pub before: Option<String>,
    /// What the update says; nothing where there is none any more.
    pub after: Option<String>,
}

const RELEASE: &str = "Release";
const AUDIO: &str = "Audio";
const ARTWORK: &str = "Artwork";
const ORDER: &str = "Running order";
const TRACK: &str = "Track";
const DEAL: &str = "Deal";
const ADDED: &str = "Territories added";
const REMOVED: &str = "Territories removed";
const TERRITORIES: &str = "Territories";

/// All that differs, in the order of the release, its tracks and its deals.
pub fn compare(before: &Sheet, after: &Sheet) -> Vec<Change> {
    let mut changes = values(RELEASE, None, &before.release, &after.release);
    changes.extend(content(RELEASE, None, ARTWORK, &before.cover, &after.cover));
    tracks(&mut changes, &before.tracks, &after.tracks);
    deals(&mut changes, &before.deals, &after.deals);
    changes
}

/// In short: `Changed: title, audio of track 2, 1 territory.`
pub fn sentence(changes: &[Change]) -> String {
    if changes.is_empty() {
        return "Nothing that stores show has changed.".to_owned();
    }
    let mut parts = in_short(changes);
    if parts.len() > PARTS_TOLD {
        let more = parts.len() - PARTS_TOLD;
        parts.truncate(PARTS_TOLD);
        parts.push(format!("{more} more"));
    }
    format!("Changed: {}.", parts.join(", "))
}

fn stated(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.to_owned())
}

fn values(place: &str, track: Option<u32>, before: &[Value], after: &[Value]) -> Vec<Change> {
    let old: BTreeMap<&str, &str> = pairs(before).collect();
    let new: BTreeMap<&str, &str> = pairs(after).collect();
    let gone = pairs(before).filter(|(name, _)| !new.contains_key(name));
    let all = pairs(after)
        .map(|(name, _)| name)
        .chain(gone.map(|(name, _)| name));
    all.filter_map(|name| {
        let was = old.get(name).copied().unwrap_or_default();
        let is = new.get(name).copied().unwrap_or_default();
        (was != is).then(|| Change {
            place: place.to_owned(),
            track,
            field: name.to_owned(),
            before: stated(was),
            after: stated(is),
        })
    })
    .collect()
}

fn pairs(values: &[Value]) -> impl Iterator<Item = (&str, &str)> {
    values
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()))
}

/// A file that is another one. An update that brings none leaves what is there.
fn content(
    place: &str,
    track: Option<u32>,
    field: &str,
    before: &Content,
    after: &Content,
) -> Option<Change> {
    let mut prints = after.prints.iter();
    if after.prints.is_empty() || prints.any(|print| before.prints.contains(print)) {
        return None;
    }
    let told = |words: &str, what: &str| format!("{words} {what}").trim().to_owned();
    Some(Change {
        place: place.to_owned(),
        track,
        field: field.to_owned(),
        before: (!before.prints.is_empty()).then(|| told(&before.told, "(live)")),
        after: Some(told(&after.told, "(another file)")),
    })
}

/// Which old track each new one is: the same ISRC, else the same number.
fn matched(before: &[TrackSheet], after: &[TrackSheet]) -> Vec<Option<usize>> {
    let mut by_isrc: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    let mut by_number: BTreeMap<u32, usize> = BTreeMap::new();
    for (at, track) in before.iter().enumerate().rev() {
        if !track.isrc.is_empty() {
            by_isrc.entry(&track.isrc).or_default().push(at);
        }
        by_number.insert(track.number, at);
    }
    let mut found: Vec<Option<usize>> = after
        .iter()
        .map(|track| by_isrc.get_mut(track.isrc.as_str()).and_then(Vec::pop))
        .collect();
    let mut used: BTreeSet<usize> = found.iter().flatten().copied().collect();
    let same_count = before.len() == after.len();
    for (track, place) in after.iter().zip(&mut found) {
        let Some(old) = by_number.get(&track.number).filter(|at| !used.contains(at)) else {
            continue;
        };
        // With another number of tracks, a code that is not known is another track.
        let alike = |old: &TrackSheet| {
            same_count || old.isrc.is_empty() || track.isrc.is_empty() || old.title == track.title
        };
        if place.is_none() && before.get(*old).is_some_and(alike) {
            used.insert(*old);
            *place = Some(*old);
        }
    }
    found
}

fn tracks(changes: &mut Vec<Change>, before: &[TrackSheet], after: &[TrackSheet]) {
    let found = matched(before, after);
    let kept: Vec<usize> = found.iter().flatten().copied().collect();
    if !kept.is_sorted() {
        let titles = |list: &mut dyn Iterator<Item = &TrackSheet>| {
            Some(
                list.map(|track| name_of(&track.title))
                    .collect::<Vec<_>>()
                    .join(", "),
            )
        };
        changes.push(Change {
            place: RELEASE.to_owned(),
            field: ORDER.to_owned(),
            before: titles(&mut before.iter()),
            after: titles(&mut after.iter()),
            ..Change::default()
        });
    }
    for (track, old) in after.iter().zip(&found) {
        let (place, number) = (place_of(track), Some(track.number));
        let Some(old) = old.and_then(|at| before.get(at)) else {
            changes.push(Change {
                place,
                track: number,
                field: TRACK.to_owned(),
                before: None,
                after: Some(in_one(track)),
            });
            continue;
        };
        changes.extend(values(&place, number, &old.values, &track.values));
        changes.extend(content(&place, number, AUDIO, &old.sound, &track.sound));
    }
    let kept: BTreeSet<usize> = kept.into_iter().collect();
    for (at, old) in before.iter().enumerate() {
        if !kept.contains(&at) {
            changes.push(Change {
                place: place_of(old),
                track: Some(old.number),
                field: TRACK.to_owned(),
                before: Some(in_one(old)),
                after: None,
            });
        }
    }
}

fn name_of(title: &str) -> String {
    if title.is_empty() {
        "(untitled)".to_owned()
    } else {
        format!("“{title}”")
    }
}

fn place_of(track: &TrackSheet) -> String {
    format!("Track {} {}", track.number, name_of(&track.title))
}

fn in_one(track: &TrackSheet) -> String {
    let parts = [&track.isrc, &track.sound.told].map(String::as_str);
    let parts: Vec<&str> = parts.into_iter().filter(|part| !part.is_empty()).collect();
    if parts.is_empty() {
        name_of(&track.title)
    } else {
        parts.join(", ")
    }
}

fn deals(changes: &mut Vec<Change>, before: &[DealSheet], after: &[DealSheet]) {
    let mut left: Vec<Option<&DealSheet>> = before.iter().map(Some).collect();
    let mut take = |is: &dyn Fn(&DealSheet) -> bool| {
        let place = left.iter_mut().find(|deal| deal.is_some_and(is))?;
        place.take()
    };
    // The same deal first; then one of the same kind; then any other of the product, or of tracks.
    let mut found: Vec<Option<&DealSheet>> =
        after.iter().map(|deal| take(&|old| old == deal)).collect();
    for (deal, place) in after.iter().zip(&mut found) {
        if place.is_none() {
            *place = take(&|old| old.is_main == deal.is_main && old.name == deal.name);
        }
    }
    for (deal, place) in after.iter().zip(&mut found) {
        if place.is_none() {
            *place = take(&|old| old.is_main == deal.is_main);
        }
    }
    for (deal, old) in after.iter().zip(found) {
        match old {
            Some(old) => one_deal(changes, old, deal),
            None => changes.push(Change {
                place: deal_name(deal),
                field: DEAL.to_owned(),
                after: Some(deal.territories_told.clone()),
                ..Change::default()
            }),
        }
    }
    for old in left.into_iter().flatten() {
        changes.push(Change {
            place: deal_name(old),
            field: DEAL.to_owned(),
            before: Some(old.territories_told.clone()),
            ..Change::default()
        });
    }
}

fn deal_name(deal: &DealSheet) -> String {
    let whose = if deal.is_main {
        "Deal"
    } else {
        "Deal of tracks"
    };
    format!("{whose} {}", deal.name).trim().to_owned()
}

fn one_deal(changes: &mut Vec<Change>, old: &DealSheet, deal: &DealSheet) {
    let place = deal_name(deal);
    let change = |field: &str, before: Option<String>, after: Option<String>| Change {
        place: place.clone(),
        field: field.to_owned(),
        before,
        after,
        ..Change::default()
    };
    if old.name != deal.name {
        changes.push(change(
            "Models and uses",
            stated(&old.name),
            stated(&deal.name),
        ));
    }
    let list = |one: &DealSheet, other: &DealSheet| -> Vec<String> {
        one.territories
            .difference(&other.territories)
            .cloned()
            .collect()
    };
    let (gone, come) = (list(old, deal), list(deal, old));
    if gone.len() + come.len() > TERRITORIES_TOLD {
        changes.push(change(
            TERRITORIES,
            stated(&old.territories_told),
            stated(&deal.territories_told),
        ));
    } else {
        if !gone.is_empty() {
            changes.push(change(REMOVED, Some(gone.join(", ")), None));
        }
        if !come.is_empty() {
            changes.push(change(ADDED, None, Some(come.join(", "))));
        }
    }
    changes.extend(values(&place, None, &old.values, &deal.values));
}

fn in_short(changes: &[Change]) -> Vec<String> {
    let mut parts: Vec<String> = Vec::new();
    let of_release = changes.iter().filter(|c| c.place == RELEASE);
    parts.extend(of_release.map(|change| in_words(&change.field)));
    let mut fields: Vec<(&str, Vec<u32>)> = Vec::new();
    let (mut more, mut fewer) = (0, 0);
    for change in changes {
        let Some(number) = change.track else { continue };
        match (&change.before, &change.after) {
            (None, _) if change.field == TRACK => more += 1,
            (_, None) if change.field == TRACK => fewer += 1,
            _ => match fields.iter_mut().find(|(field, _)| *field == change.field) {
                Some((_, tracks)) => tracks.push(number),
                None => fields.push((&change.field, vec![number])),
            },
        }
    }
    parts.extend(fields.into_iter().map(|(field, tracks)| {
        let field = in_words(field);
        match tracks.as_slice() {
            [one] => format!("{field} of track {one}"),
            several => format!("{field} of {} tracks", several.len()),
        }
    }));
    for (count, what) in [(more, "added"), (fewer, "taken out")] {
        if count > 0 {
            parts.push(format!("{} {what}", counted(count, "track")));
        }
    }
    parts.extend(deals_in_short(changes));
    parts
}

fn deals_in_short(changes: &[Change]) -> Vec<String> {
    let of_deals = || {
        let changes = changes.iter();
        changes.filter(|change| change.track.is_none() && change.place != RELEASE)
    };
    let codes: BTreeSet<&str> = of_deals()
        .filter(|change| change.field == ADDED || change.field == REMOVED)
        .flat_map(|change| [&change.before, &change.after])
        .flatten()
        .flat_map(|list| list.split(", "))
        .collect();
    let mut parts = Vec::new();
    if of_deals().any(|change| change.field == TERRITORIES) {
        parts.push("territories".to_owned());
    } else if !codes.is_empty() {
        parts.push(if codes.len() == 1 {
            "1 territory".to_owned()
        } else {
            format!("{} territories", codes.len())
        });
    }
    let whole = of_deals().filter(|change| change.field == DEAL);
    let (come, gone): (Vec<&Change>, Vec<&Change>) = whole.partition(|c| c.before.is_none());
    for (list, what) in [(come, "added"), (gone, "taken out")] {
        if !list.is_empty() {
            parts.push(format!("{} {what}", counted(list.len(), "deal")));
        }
    }
    let mut fields: Vec<&str> = Vec::new();
    for change in of_deals() {
        let field = change.field.as_str();
        let is_told = [TERRITORIES, ADDED, REMOVED, DEAL].contains(&field);
        if !is_told && !fields.contains(&field) {
            fields.push(field);
        }
    }
    parts.extend(fields.into_iter().map(|field| match field {
        "Start" | "End" => format!("{} date of a deal", field.to_lowercase()),
        field => format!("{} of a deal", in_words(field)),
    }));
    parts
}

fn counted(count: usize, what: &str) -> String {
    if count == 1 {
        format!("1 {what}")
    } else {
        format!("{count} {what}s")
    }
}

/// `Parental warning` → `parental warning`; `P line` and `ISRC` stay.
fn in_words(field: &str) -> String {
    let mut characters = field.chars();
    let first = characters.next();
    match (first, characters.next()) {
        (Some(first), Some(second)) if second.is_lowercase() => {
            let rest = field.get(first.len_utf8()..).unwrap_or_default();
            format!("{}{rest}", first.to_lowercase())
        }
        _ => field.to_owned(),
    }
}

/// A change for people: `Harbour → Harbour Lights`, in one line and safe to show.
pub fn told(change: &Change) -> String {
    let side = |text: &Option<String>| match text {
        None => "–".to_owned(),
        Some(text) => shortened(&escaped_line(text), LONGEST_VALUE),
    };
    format!("{} → {}", side(&change.before), side(&change.after))
}

impl Difference {
    /// What it is compared with: `upload of 3 March 2026, 10:00 UTC (attempt 1)`.
    pub fn live(&self) -> String {
        let at = self.received_at.strftime("%-d %B %Y, %H:%M UTC");
        format!("upload of {at} (attempt {})", self.attempt)
    }

    /// The changes by their places, in their order.
    pub fn by_place(&self) -> Vec<(String, Vec<&Change>)> {
        let mut places: Vec<(String, Vec<&Change>)> = Vec::new();
        for change in &self.changes {
            let place = shortened(&escaped_line(&change.place), LONGEST_VALUE);
            match places.last_mut().filter(|(last, _)| *last == place) {
                Some((_, changes)) => changes.push(change),
                None => places.push((place, vec![change])),
            }
        }
        places
    }
}

#[cfg(test)]
mod tests;
