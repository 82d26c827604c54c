//! The deliveries that stores ask new partners for, made of one release: it comes, it is changed, one
//! track is sold before the rest, a track leaves, and it is taken down. Each step is what the step
//! before it left, changed in one way; nothing is ever sold earlier or further than the label says.

use super::dsp::area::Area;
use super::dsp::effective::{Effective, area_of, first_day};
use super::push::PushKind;
use super::release::{
    Message, NamedFile, Pos, Recording, Release, ReleaseDeal, ResourceLink, Text,
};
use jiff::Span;
use jiff::civil::Date;

/// Days from today to the first day on which something is sold in a timed step.
const LEAD_DAYS: i64 = 14;
/// Days that a track is sold before the rest.
const AHEAD_DAYS: i64 = 14;
/// The hour at which a timed track starts, local time: any but midnight shows that hours are read.
const HOUR: &str = "T17:00:00";
/// What a changed title says.
const MARK: &str = " (Updated)";
/// Territories that one is taken from where the release is sold everywhere.
const FAR: [&str; 3] = ["JP", "BR", "NZ"];

/// One delivery.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// Which of the five.
    pub test: Test,
    /// What it is to the store.
    pub kind: PushKind,
    /// What is different from the step before, as sentences.
    pub changed: Vec<String>,
    /// The release as it is then.
    pub message: Message,
    /// Files of the first delivery that do not go any more.
    pub without: Vec<NamedFile>,
}

/// A delivery that cannot be made of this release.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Impossible {
    /// Which of the five.
    pub test: Test,
    /// Why, as a sentence.
    pub why: String,
}

/// The five deliveries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Test {
    /// The release comes.
    NewRelease,
    /// It leaves a territory and changes its title.
    Update,
    /// One track is sold before the rest, from a certain hour on.
    TimedSingle,
    /// A track leaves.
    TrackRemoved,
    /// The release leaves.
    Takedown,
}

impl Test {
    /// All of them, in their order.
    pub const ALL: [Self; 5] = [
        Self::NewRelease,
        Self::Update,
        Self::TimedSingle,
        Self::TrackRemoved,
        Self::Takedown,
    ];

    /// From 1.
    pub fn number(self) -> u32 {
        match self {
            Self::NewRelease => 1,
            Self::Update => 2,
            Self::TimedSingle => 3,
            Self::TrackRemoved => 4,
            Self::Takedown => 5,
        }
    }

    /// Part of a folder's name, and the word in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NewRelease => "new_release",
            Self::Update => "update",
            Self::TimedSingle => "timed_single",
            Self::TrackRemoved => "track_removed",
            Self::Takedown => "takedown",
        }
    }

    /// For people.
    pub fn title(self) -> &'static str {
        match self {
            Self::NewRelease => "New release",
            Self::Update => "Update of territories and metadata",
            Self::TimedSingle => "Timed single",
            Self::TrackRemoved => "Track removed",
            Self::Takedown => "Takedown",
        }
    }

    /// What the store, and who delivers to it, should see.
    pub fn look_for(self) -> &'static str {
        match self {
            Self::NewRelease => {
                "The store answers that it took the release. It is there once, with all tracks in their order, the cover, and the first day of sale and the territories of the message."
            }
            Self::Update => {
                "It is the same release, not a second one. The new title is shown, and the release is gone from the territory that left. Plays, links and identifiers stay."
            }
            Self::TimedSingle => {
                "The one track can be played or bought from its own hour on, by the clock of each territory; the rest of the release only from its own day on. A store that counts by days alone shows it at midnight: ask."
            }
            Self::TrackRemoved => {
                "The track is gone from the release and the others have kept their places. Nothing else has changed."
            }
            Self::Takedown => {
                "The release and its tracks are gone from every territory, and the store answers that it took the message. Nothing has to be sent again to keep it away."
            }
        }
    }
}

/// The five deliveries of a release, as far as they can be made of it; each on top of those before.
pub fn sequence(message: &Message, today: Date) -> Vec<Result<Step, Impossible>> {
    let mut last = message.clone();
    let mut without = Vec::new();
    let mut steps = Vec::new();
    for test in Test::ALL {
        let mut next = last.clone();
        let (kind, changed) = match test {
            Test::NewRelease => {
                let as_sent = "The release as the label sent it.".to_owned();
                (PushKind::New, Ok(vec![as_sent]))
            }
            Test::Update => (PushKind::Update, Ok(update(&mut next))),
            Test::TimedSingle => (PushKind::Update, timed(&mut next, today)),
            Test::TrackRemoved => (PushKind::Update, remove_last(&mut next, &mut without)),
            Test::Takedown => {
                let gone =
                    "The message has no deals: the release is sold nowhere any more.".to_owned();
                (PushKind::Takedown, Ok(vec![gone]))
            }
        };
        steps.push(match changed {
            Ok(changed) => {
                last = next;
                Ok(Step {
                    test,
                    kind,
                    changed,
                    message: last.clone(),
                    without: without.clone(),
                })
            }
            Err(why) => Err(Impossible { test, why }),
        });
    }
    steps
}

fn update(message: &mut Message) -> Vec<String> {
    let mut changed = Vec::new();
    let title = message.main_release().map(|main| main.title().to_owned());
    if let Some(main) = main_of(message) {
        for title in &mut main.titles {
            title.text.value.push_str(MARK);
        }
        for title in &mut main.more.title_texts {
            title.text.value.push_str(MARK);
        }
        let title = title.unwrap_or_default();
        changed.push(format!("The title “{title}” is “{title}{MARK}” now."));
    }
    let own = message
        .main_release()
        .and_then(|main| main.reference.clone());
    let product = message.deals.iter().filter(|group| {
        let mut releases = group.releases.iter();
        releases.any(|r| own.as_ref().is_some_and(|own| own.as_str() == r.as_str()))
    });
    let area = product.flat_map(|group| &group.deals).map(area_of).next();
    changed.push(match area.as_ref().and_then(one_of) {
        Some(code) => {
            let but = Effective::narrowing(Some(Area::without([code.as_str()])), None);
            *message = but.apply(message).message;
            format!("The release is not sold in {code} any more.")
        }
        None => {
            "The release is sold in one territory alone, so none could be taken away.".to_owned()
        }
    });
    changed
}

/// A territory that can be left without leaving all.
fn one_of(area: &Area) -> Option<String> {
    match area {
        Area::In(codes) if codes.len() > 1 => codes.last().cloned(),
        Area::In(_) => None,
        Area::NotIn(_) => {
            let far = FAR.into_iter().find(|code| area.holds(code));
            far.map(str::to_owned)
        }
    }
}

fn timed(message: &mut Message, today: Date) -> Result<Vec<String>, String> {
    let tracks = tracks(message);
    let Some(first) = tracks.first().cloned() else {
        return Err("The release has no track that could be sold before the rest.".to_owned());
    };
    let title = title_of(message, &first);
    give_own_deals(message, &tracks);
    let stated = message.deals.iter().flat_map(|group| &group.deals);
    let stated = stated.filter_map(|deal| first_day(deal.start.as_ref()?.as_str()));
    let main = message.main_release();
    let released = main.and_then(|main| first_day(main.release_date.as_ref()?.as_str()));
    // A deal without a start begins with the release.
    let stated: Option<Date> = stated.min().or(released).and_then(|day| day.parse().ok());
    let soon = later(today, LEAD_DAYS)?;
    let day = stated.map_or(soon, |stated| stated.max(soon));
    let early = Effective::narrowing(None, Some(day)).apply(message).message;
    if !is_sold(&early) {
        return Err(format!("No deal of the release holds from {day} on."));
    }
    if tracks.len() == 1 {
        message.deals = early.deals;
        message
            .deals
            .iter_mut()
            .for_each(|group| put_hour(group, day));
        return Ok(vec![format!(
            "The release starts on {day} at 17:00, by the clock of each territory."
        )]);
    }
    let rest = later(day, AHEAD_DAYS)?;
    let reference = release_of(message, &first);
    let late = Effective::narrowing(None, Some(rest))
        .apply(message)
        .message;
    if !is_sold(&late) {
        return Err(format!("No deal of the release holds from {rest} on."));
    }
    let is_first = |group: &ReleaseDeal| {
        let mut releases = group.releases.iter();
        releases.any(|r| reference.as_deref() == Some(r.as_str()))
    };
    message.deals = late
        .deals
        .into_iter()
        .zip(early.deals)
        .map(|(late, mut early)| {
            if is_first(&early) {
                put_hour(&mut early, day);
                early
            } else {
                late
            }
        })
        .collect();
    Ok(vec![
        format!("Track 1 “{title}” starts on {day} at 17:00, by the clock of each territory."),
        format!("The release and its other tracks are not sold before {rest}."),
    ])
}

fn is_sold(message: &Message) -> bool {
    let own = main_reference(message);
    own.is_some_and(|own| {
        let groups = of_release(&message.deals, &own);
        groups.iter().any(|group| !group.deals.is_empty())
    })
}

fn later(day: Date, days: i64) -> Result<Date, String> {
    day.checked_add(Span::new().days(days))
        .map_err(|_| format!("{days} days after {day} there is no date that could be written."))
}

/// Puts the hour to all that starts on that day, and not later in it. What has no start begins with the
/// release, which then is that day.
fn put_hour(group: &mut ReleaseDeal, day: Date) {
    let day = day.to_string();
    let at = group.at.clone();
    let put = |start: &mut Option<Text>| {
        let is_earlier = start.as_ref().is_none_or(|start| {
            let time = start.as_str().strip_prefix(&day);
            time.is_some_and(|time| time < HOUR)
        });
        if is_earlier {
            let at = start.as_ref().map_or(&at, |start| &start.at).clone();
            *start = Some(text(&format!("{day}{HOUR}"), &at));
        }
    };
    for deal in &mut group.deals {
        put(&mut deal.start);
        deal.more
            .periods
            .iter_mut()
            .for_each(|(start, _)| put(start));
    }
}

/// Says of each track by itself what is said of it together with others, or by the product's deals.
fn give_own_deals(message: &mut Message, tracks: &[String]) {
    let Some(own) = main_reference(message) else {
        return;
    };
    let product: Vec<ReleaseDeal> = of_release(&message.deals, &own);
    let mut singles: Vec<ReleaseDeal> = product.clone();
    let mut ours = vec![own];
    let has_own = |reference: &Option<String>| {
        let reference = reference.as_ref()?;
        Some(of_release(&message.deals, reference)).filter(|deals| !deals.is_empty())
    };
    // A label that gives no deal to any track means the product's.
    let any = tracks
        .iter()
        .any(|track| has_own(&release_of(message, track)).is_some());
    let mut made = Vec::new();
    for (number, track) in (1..).zip(tracks) {
        let reference = release_of(message, track).unwrap_or_else(|| {
            let reference = format!("ROnboarding{number}");
            made.extend(track_release(message, track, &reference));
            reference
        });
        let deals = of_release(&message.deals, &reference);
        let deals = if deals.is_empty() && !any {
            product.clone()
        } else {
            deals
        };
        singles.extend(deals.into_iter().map(|group| ReleaseDeal {
            releases: vec![text(&reference, &group.at)],
            ..group
        }));
        ours.push(reference);
    }
    message.releases.extend(made);
    let others = std::mem::take(&mut message.deals)
        .into_iter()
        .filter_map(|mut group| {
            group
                .releases
                .retain(|r| !ours.iter().any(|own| own == r.as_str()));
            (!group.releases.is_empty()).then_some(group)
        });
    let others: Vec<ReleaseDeal> = others.collect();
    message.deals = singles.into_iter().chain(others).collect();
}

/// Groups of deals of one release, for it alone.
fn of_release(deals: &[ReleaseDeal], reference: &str) -> Vec<ReleaseDeal> {
    let is_it = |release: &&Text| release.as_str() == reference;
    let groups = deals.iter().filter_map(|group| {
        let release = group.releases.iter().find(is_it)?.clone();
        Some(ReleaseDeal {
            releases: vec![release],
            ..group.clone()
        })
    });
    groups.collect()
}

/// A release of one track, for a label that sent none: the writers fill what it leaves out from the
/// recording and the product.
fn track_release(message: &Message, track: &str, reference: &str) -> Option<Release> {
    let recording = recording(message, track)?;
    let at = &recording.at;
    Some(Release {
        reference: Some(text(reference, at)),
        isrc: recording.isrc.clone(),
        types: vec![text("TrackRelease", at)],
        titles: recording.titles.clone(),
        links: vec![ResourceLink {
            reference: text(track, at),
            kind: None,
        }],
        at: at.clone(),
        ..Release::default()
    })
}

fn remove_last(message: &mut Message, without: &mut Vec<NamedFile>) -> Result<Vec<String>, String> {
    let tracks = tracks(message);
    let (Some(last), true) = (tracks.last().cloned(), tracks.len() > 1) else {
        return Err(
            "The release has one track, and without it nothing would be left: make this step of a release with more tracks."
                .to_owned(),
        );
    };
    let title = title_of(message, &last);
    let reference = release_of(message, &last);
    let is_last = |text: &Text| text.as_str() == last;
    let is_gone = |recording: &Recording| recording.reference.as_ref().is_some_and(is_last);
    for recording in message.recordings.iter().filter(|r| is_gone(r)) {
        without.extend(
            recording
                .technical
                .iter()
                .flat_map(|t| t.files.iter().cloned()),
        );
    }
    message.recordings.retain(|recording| !is_gone(recording));
    if let Some(main) = main_of(message) {
        for item in &mut main.items {
            item.references.retain(|r| !is_last(r));
        }
        main.items.retain(|item| !item.references.is_empty());
        main.links.retain(|link| !is_last(&link.reference));
        // It was that of all tracks; the writers count those that are left.
        main.duration = None;
    }
    let is_its = |release: &Text| Some(release.as_str()) == reference.as_deref();
    message
        .releases
        .retain(|release| !release.reference.as_ref().is_some_and(is_its));
    for group in &mut message.deals {
        group.releases.retain(|release| !is_its(release));
        for deal in &mut group.deals {
            deal.more.instant_gratification.retain(|r| !is_last(r));
        }
    }
    message.deals.retain(|group| !group.releases.is_empty());
    Ok(vec![format!(
        "Track {} “{title}” is no part of the release any more; its file does not go.",
        tracks.len()
    )])
}

fn main_of(message: &mut Message) -> Option<&mut Release> {
    let main: *const Release = message.main_release()?;
    let mut releases = message.releases.iter_mut();
    releases.find(|release| std::ptr::eq(&raw const **release, main))
}

fn main_reference(message: &Message) -> Option<String> {
    let reference = message.main_release()?.reference.as_ref()?;
    Some(reference.as_str().to_owned())
}

fn recording<'a>(message: &'a Message, track: &str) -> Option<&'a Recording> {
    let mut all = message.recordings.iter();
    all.find(|r| r.reference.as_ref().is_some_and(|r| r.as_str() == track))
}

fn title_of(message: &Message, track: &str) -> String {
    recording(message, track).map_or_else(String::new, |r| r.title().to_owned())
}

/// References of the recordings of the product in their running order.
fn tracks(message: &Message) -> Vec<String> {
    let Some(main) = message.main_release() else {
        return Vec::new();
    };
    let placed = main.items.iter().flat_map(|item| &item.references);
    let linked = main.links.iter().map(|link| &link.reference);
    let mut tracks: Vec<String> = Vec::new();
    for reference in placed.chain(linked).map(Text::as_str) {
        let is_new = !tracks.iter().any(|known| known == reference);
        if is_new && recording(message, reference).is_some() {
            tracks.push(reference.to_owned());
        }
    }
    tracks
}

/// Reference of the release that stands for one track alone.
fn release_of(message: &Message, track: &str) -> Option<String> {
    let main = message.main_release()?;
    let is_its = |release: &&Release| {
        let mut sounds = release
            .links
            .iter()
            .map(|link| link.reference.as_str())
            .filter(|link| recording(message, link).is_some());
        let is_alone = sounds.next() == Some(track) && sounds.next().is_none();
        is_alone && release.icpn.is_none() && !std::ptr::eq(*release, main)
    };
    let release = message.releases.iter().find(is_its)?;
    Some(release.reference.as_ref()?.as_str().to_owned())
}

fn text(value: &str, at: &Pos) -> Text {
    Text {
        value: value.to_owned(),
        at: at.clone(),
    }
}

#[cfg(test)]
mod tests;
