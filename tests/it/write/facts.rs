//! What a message says, without where it says it and how a version spells it.

use dropzone::domain::release::{
    Artist, Deal, Genre, Local, Message, Recording, Release, RightsLine, Text, Title,
};
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// All that the model holds, without places and without what only the version of origin says.
pub(crate) fn all(message: &Message) -> Value {
    let mut value = serde_json::to_value(message).unwrap();
    for gone in [
        "version",
        "namespace",
        "schema_version_id",
        "release_profile",
        "dialect",
        "header",
    ] {
        value.as_object_mut().unwrap().remove(gone);
    }
    strip(&mut value);
    value
}

/// Who sends what to whom.
pub(crate) fn header(message: &Message) -> Value {
    let mut value = serde_json::to_value(&message.header).unwrap();
    strip(&mut value);
    value
}

/// Takes out places and what is told from them, and writes texts plainly.
fn strip(value: &mut Value) {
    match value {
        Value::Object(map) => {
            if map.len() == 2 && map.contains_key("value") && map.contains_key("at") {
                *value = map["value"].clone();
                return;
            }
            // The pretty and the compact spelling of one thing.
            for gone in [
                "at",
                "hash",
                "size",
                "resource_type",
                "title_texts",
                "proprietary_id",
                "duration",
                "proprietary_ids",
            ] {
                map.remove(gone);
            }
            map.values_mut().for_each(strip);
        }
        Value::Array(list) => list.iter_mut().for_each(strip),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn value(text: Option<&Text>) -> String {
    text.map_or_else(String::new, |t| t.as_str().to_owned())
}

/// Whether something holds everywhere.
fn everywhere(territories: &[String], first: &[String]) -> bool {
    territories.is_empty() || territories.iter().any(|t| t == "Worldwide") || territories == first
}

/// The values that hold by default.
fn default_texts(locals: &[Local]) -> Vec<String> {
    let worldwide = locals
        .iter()
        .any(|l| everywhere(&l.territories, &["Worldwide".to_owned()]));
    let first: &[String] = match locals.first() {
        Some(first) if !worldwide => &first.territories,
        _ => &[],
    };
    let held = locals.iter().filter(|l| everywhere(&l.territories, first));
    held.map(|l| l.text.as_str().to_owned()).collect()
}

fn warnings(locals: &[Local]) -> BTreeSet<String> {
    let spelt = |text: String| match text.as_str() {
        "NoAdviceAvailable" => "Unknown".to_owned(),
        _ => text,
    };
    default_texts(locals).into_iter().map(spelt).collect()
}

fn genres(genres: &[Genre]) -> Vec<Value> {
    genres
        .iter()
        .filter(|g| everywhere(&g.territories, &[]))
        .map(|g| json!([g.text.as_str(), value(g.sub.as_ref())]))
        .collect()
}

fn title(titles: &[Title]) -> Value {
    let shown = titles
        .iter()
        .find(|t| t.kind.as_deref() == Some("DisplayTitle") && !t.text.is_empty())
        .or(titles.first());
    shown.map_or(Value::Null, |t| {
        json!([t.text.as_str(), value(t.sub.as_ref())])
    })
}

fn lines(lines: &[RightsLine]) -> BTreeSet<String> {
    let all = lines.iter().map(|l| {
        format!(
            "{} {}",
            value(l.year.as_ref()),
            value(l.text.as_ref().or(l.company.as_ref()))
        )
    });
    all.collect()
}

/// Names by billing; other roles may go to the contributors.
fn people(artists: &[Artist], contributors: &[Artist]) -> BTreeSet<String> {
    let everyone = artists.iter().chain(contributors);
    everyone
        .map(|a| value(a.name.as_ref()))
        .filter(|n| !n.is_empty())
        .collect()
}

fn billed(artists: &[Artist], role: &str) -> BTreeSet<String> {
    let has = |a: &&Artist| a.roles.iter().any(|r| r.as_str() == role);
    artists
        .iter()
        .filter(has)
        .map(|a| value(a.name.as_ref()))
        .collect()
}

fn isrc(text: Option<&Text>) -> String {
    let bare: String = value(text)
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .collect();
    bare.to_ascii_uppercase()
}

fn track(recording: &Recording) -> Value {
    json!({
        "isrc": isrc(recording.isrc.as_ref()),
        "iswc": value(recording.iswc.as_ref()),
        "title": title(&recording.titles),
        "people": people(&recording.artists, &recording.contributors),
        "main": billed(&recording.artists, "MainArtist"),
        "featured": billed(&recording.artists, "FeaturedArtist"),
        "length": value(recording.duration.as_ref().filter(|d| d.as_str() != "PT0S")),
        "lines": lines(&recording.plines),
    })
}

fn day(text: Option<&Text>) -> String {
    let text = value(text);
    // A year alone begins with its first day, and ends with its last.
    text.get(..4).unwrap_or_default().to_owned()
}

fn deal(deal: &Deal) -> Value {
    let set = |texts: &[Text]| -> BTreeSet<String> {
        texts.iter().map(|t| t.as_str().to_owned()).collect()
    };
    json!({
        "in": set(&deal.territories),
        "not in": set(&deal.excluded),
        "models": deal.models.len(),
        "uses": deal.use_types.len(),
        "from": day(deal.start.as_ref()),
        "to": day(deal.end.as_ref()),
        "price": value(deal.price_type.as_ref()),
        "policies": deal.more.claim_policies.len(),
        "channels": deal.more.channels.len(),
    })
}

fn product(release: &Release) -> Value {
    json!({
        "icpn": value(release.icpn.as_ref()),
        "grid": value(release.grid.as_ref()),
        "title": title(&release.titles),
        "main": billed(&release.artists, "MainArtist"),
        "names": default_texts(&release.more.artist_names),
        "labels": BTreeSet::from_iter(default_texts(&release.more.label_names)),
        "genres": genres(&release.more.genres),
        "dates": default_texts(&release.more.dates),
        "original": default_texts(&release.more.original_dates),
        "plines": lines(&release.plines),
        "clines": lines(&release.clines),
        "warnings": warnings(&release.more.parental),
    })
}

/// What must not change on any way from one version to another. What the label left out and we fill
/// in is left out here as well.
pub(crate) fn release(message: &Message) -> Value {
    let main = message.main_release().unwrap();
    let is_on = |r: &&Recording| {
        let reference = value(r.reference.as_ref());
        let linked = main.links.iter().any(|l| l.reference.as_str() == reference);
        let placed = main.items.iter().flat_map(|i| &i.references);
        linked || placed.into_iter().any(|p| p.as_str() == reference)
    };
    let mut tracks: Vec<Value> = message.recordings.iter().filter(is_on).map(track).collect();
    tracks.sort_by_key(Value::to_string);
    let deals = message.deals.iter().filter(|group| {
        let main = value(main.reference.as_ref());
        group.releases.iter().any(|r| r.as_str() == main)
    });
    let deals: Vec<Value> = deals
        .flat_map(|group| &group.deals)
        .filter(|d| d.take_down.is_none())
        .map(deal)
        .collect();
    json!({ "product": product(main), "tracks": tracks, "deals": deals })
}

/// Where two accounts differ. What the first leaves out may be filled in by the second.
pub(crate) fn differences(first: &Value, second: &Value) -> Vec<String> {
    let mut found = Vec::new();
    compare("", first, second, &mut found);
    found
}

fn compare(path: &str, first: &Value, second: &Value, found: &mut Vec<String>) {
    let is_empty = match first {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(list) => list.is_empty(),
        Value::Bool(_) | Value::Number(_) | Value::Object(_) => false,
    };
    if is_empty {
        return;
    }
    match (first, second) {
        (Value::Object(one), Value::Object(other)) => {
            for (key, value) in one {
                compare(&format!("{path}/{key}"), value, &other[key], found);
            }
        }
        (Value::Array(one), Value::Array(other)) if one.len() == other.len() => {
            for (index, (one, other)) in one.iter().zip(other).enumerate() {
                compare(&format!("{path}/{index}"), one, other, found);
            }
        }
        _ if first == second => {}
        _ => found.push(format!("{path}: {first} became {second}")),
    }
}
