//! What a deal says, made plain for both versions: where, when, and whether it can be said at all.
//!
//! A deal is never widened: one that is narrowed in a way that the target cannot say is refused.

use super::Takedown;
use super::job::Job;
use super::values::is_date;
use crate::domain::release::{Coded, Deal, Pos, ReleaseDeal, Text};
use jiff::civil::Date;
use std::collections::BTreeSet;

/// Where a deal holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Where {
    /// These territories; empty where the deal does not say.
    In(Vec<String>),
    /// Everywhere but these.
    NotIn(Vec<String>),
}

/// A day, or a moment as the label wrote it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum When {
    /// `YYYY-MM-DD`: the whole day, in the local time of each territory.
    Day(String),
    /// `YYYY-MM-DDThh:mm:ss`, with a zone if the label gave one.
    Moment(String),
}

impl When {
    /// The day, for comparing.
    fn day(&self) -> &str {
        match self {
            Self::Day(day) => day,
            Self::Moment(moment) => moment.get(..10).unwrap_or(moment),
        }
    }

    /// As the start of a period, to the second.
    pub(super) fn start_moment(&self) -> String {
        match self {
            Self::Day(day) => format!("{day}T00:00:00"),
            Self::Moment(moment) => moment.clone(),
        }
    }

    /// As the end of a period, to the second: the day is included.
    pub(super) fn end_moment(&self) -> String {
        match self {
            Self::Day(day) => format!("{day}T23:59:59"),
            Self::Moment(moment) => moment.clone(),
        }
    }
}

/// A deal made plain.
pub(super) struct Terms<'a> {
    pub(super) deal: &'a Deal,
    pub(super) place: Where,
    pub(super) periods: Vec<(When, Option<When>)>,
    /// Start dates that the label left out.
    pub(super) models: Vec<&'a Coded>,
    pub(super) use_types: Vec<&'a Coded>,
}

/// Deals of the same releases.
pub(super) struct Group<'a> {
    /// References of the message that is made.
    pub(super) releases: Vec<String>,
    pub(super) deals: Vec<Terms<'a>>,
}

/// All deals that go out. Without any, the release is not sold.
pub(super) fn groups<'a>(job: &mut Job<'a>, how: Option<Takedown>) -> Vec<Group<'a>> {
    let mut groups = Vec::new();
    if how == Some(Takedown::NoDeal) {
        return groups;
    }
    let end = match how {
        Some(Takedown::Ended(date)) => Some(date),
        _ => None,
    };
    let all: &'a [ReleaseDeal] = &job.message.deals;
    for group in all {
        let mut releases: Vec<String> = Vec::new();
        for reference in &group.releases {
            let ours = job.release_reference(reference.as_str());
            let is_new = ours.is_some_and(|ours| releases.iter().all(|known| known != ours));
            releases.extend(ours.filter(|_| is_new).map(str::to_owned));
        }
        if releases.is_empty() {
            continue;
        }
        let deals: Vec<Terms<'a>> = group
            .deals
            .iter()
            .filter_map(|deal| terms(job, deal, end))
            .collect();
        if !deals.is_empty() {
            groups.push(Group { releases, deals });
        }
    }
    sell_tracks(job, &mut groups);
    groups
}

/// A label that gives no deal to any track means the product's: stores want one for each. One whose
/// deals of tracks all fell away does not mean that.
fn sell_tracks(job: &Job<'_>, groups: &mut [Group<'_>]) {
    let has_track = job.message.deals.iter().any(|group| {
        let mut ours = group
            .releases
            .iter()
            .filter_map(|r| job.release_reference(r.as_str()));
        ours.any(|ours| ours != "R0")
    });
    if has_track {
        return;
    }
    for group in groups {
        let tracks = job.tracks.iter().map(|t| t.release_reference.clone());
        group.releases.extend(tracks);
    }
}

/// One deal; `None` when it ends everything, or is over before it begins.
fn terms<'a>(job: &mut Job<'a>, deal: &'a Deal, end: Option<Date>) -> Option<Terms<'a>> {
    if deal
        .take_down
        .as_ref()
        .is_some_and(|t| matches!(t.as_str(), "true" | "1"))
    {
        job.lose(
            "TakeDown or AllDealsCancelled",
            "The release goes out without that deal, which says the same.",
            &deal.at,
        );
        return None;
    }
    let says_nothing = deal.models.is_empty()
        && deal.use_types.is_empty()
        && deal.territories.is_empty()
        && deal.excluded.is_empty();
    if says_nothing {
        job.lose(
            "A deal without terms",
            "It does not say what may be done, nor where.",
            &deal.at,
        );
        return None;
    }
    check_narrowing(job, deal);
    let place = place(job, deal)?;
    let mut periods = periods(job, deal)?;
    if let Some(end) = end {
        let end = end.to_string();
        periods.retain(|(start, _)| start.day() <= end.as_str());
        for (_, stop) in &mut periods {
            if stop.as_ref().is_none_or(|stop| stop.day() > end.as_str()) {
                *stop = Some(When::Day(end.clone()));
            }
        }
        if periods.is_empty() {
            return None;
        }
    }
    Some(Terms {
        deal,
        place,
        periods,
        models: deal.more.models.iter().collect(),
        use_types: deal.more.use_types.iter().collect(),
    })
}

/// Channels that every store on the internet is in.
const CHANNELS: [&str; 6] = [
    "AsPerContract",
    "Internet",
    "InternetAndMobile",
    "MobileTelephone",
    "OnDemandStream",
    "Unknown",
];

fn check_narrowing(job: &mut Job<'_>, deal: &Deal) {
    let target = job.target();
    let own_fix = "Remove it from the deal, or agree it with the store by contract.";
    for narrowed in &deal.more.narrowed {
        let what = format!(
            "The deal is narrowed by {}, which our {target} messages do not say; without it the deal would allow more than the label does.",
            narrowed.as_str()
        );
        job.refuse(what, own_fix, &narrowed.at);
    }
    for channel in &deal.more.channel_types {
        let name = channel.text.as_str();
        if CHANNELS.contains(&name) {
            job.lose(
                format!("DistributionChannelType {name}"),
                format!("{target} has no place for it that a store needs."),
                &channel.text.at,
            );
        } else {
            let what = format!("The deal is for {name} alone, which {target} cannot say.");
            job.refuse(what, own_fix, &channel.text.at);
        }
    }
    if let Some(drm) = &deal.more.drm {
        if drm.as_str() == "NotDrmEnforced" {
            job.lose(
                "DrmEnforcementType NotDrmEnforced",
                "It asks for nothing.",
                &drm.at,
            );
        } else {
            let what = format!(
                "The deal asks for copy protection ({}), which our {target} messages do not say.",
                drm.as_str()
            );
            job.refuse(what, own_fix, &drm.at);
        }
    }
}

/// Where the deal holds, narrowed to where the DSP sells; `None` when nothing is left.
fn place(job: &mut Job<'_>, deal: &Deal) -> Option<Where> {
    let words = |texts: &[Text]| -> Vec<String> {
        let unique: BTreeSet<&str> = texts.iter().map(Text::as_str).collect();
        unique.into_iter().map(str::to_owned).collect()
    };
    let (mut inside, outside) = (words(&deal.territories), words(&deal.excluded));
    let is_everywhere = inside.iter().any(|code| code == "Worldwide");
    let place = match (inside.is_empty() || is_everywhere, outside.is_empty()) {
        (true, false) => Where::NotIn(outside),
        (true, true) if is_everywhere => Where::In(vec!["Worldwide".to_owned()]),
        _ => {
            inside.retain(|code| !outside.contains(code));
            Where::In(inside)
        }
    };
    let sold = &job.out.territories;
    if sold.is_empty() {
        return Some(place);
    }
    let holds = |code: &&String| match &place {
        Where::In(codes) => {
            codes.is_empty() || codes.contains(code) || codes.iter().any(|c| c == "Worldwide")
        }
        Where::NotIn(codes) => !codes.contains(code),
    };
    let left: Vec<String> = sold.iter().filter(holds).cloned().collect();
    if left.is_empty() {
        job.lose(
            "A deal",
            "It holds in no territory that the store sells in.",
            &deal.at,
        );
        return None;
    }
    Some(Where::In(left))
}

fn periods(job: &mut Job<'_>, deal: &Deal) -> Option<Vec<(When, Option<When>)>> {
    let nothing = [(None, None)];
    let stated: &[(Option<Text>, Option<Text>)] = if deal.more.periods.is_empty() {
        &nothing
    } else {
        &deal.more.periods
    };
    let mut made = Vec::new();
    for (start, end) in stated {
        let start = match start {
            Some(start) => when(job, start, false),
            None => release_day(job, &deal.at),
        };
        let end = match end {
            Some(end) => Some(when(job, end, true)?),
            None => None,
        };
        made.push((start?, end));
    }
    Some(made)
}

/// A deal without a start begins with the release: nothing is sold earlier than the label says.
fn release_day(job: &mut Job<'_>, at: &Pos) -> Option<When> {
    let date = job.main.release_date.clone();
    let day = date.as_ref().and_then(|date| day(date.as_str(), false));
    if let Some(day) = day {
        job.note(
            "DSP-004",
            "The start of a deal".to_owned(),
            format!("The deal says none; it goes out with the release date, {day}."),
            at,
            1,
        );
        return Some(When::Day(day));
    }
    job.refuse(
        "The deal does not say when it begins, and the release has no date that could stand for it.",
        "Write StartDate into the ValidityPeriod of the deal.",
        at,
    );
    None
}

fn when(job: &mut Job<'_>, text: &Text, is_end: bool) -> Option<When> {
    let value = text.as_str();
    if let Some(day) = day(value, is_end) {
        return Some(When::Day(day));
    }
    let is_moment = value.get(..10).is_some_and(is_date)
        && value.get(10..11) == Some("T")
        && value.get(11..16).is_some_and(is_clock)
        && value.is_ascii();
    if is_moment {
        // XML's moments have seconds; some tools leave them out.
        let seconds = if value.len() == 16 { ":00" } else { "" };
        return Some(When::Moment(format!("{value}{seconds}")));
    }
    job.refuse(
        format!("The deal has a date that we cannot read: “{value}”."),
        "Write it as YYYY-MM-DD.",
        &text.at,
    );
    None
}

fn is_clock(text: &str) -> bool {
    let (hours, minutes) = text.split_once(':').unwrap_or_default();
    hours.parse::<u8>().is_ok_and(|h| h <= 24) && minutes.parse::<u8>().is_ok_and(|m| m < 60)
}

/// A date of DDEX as one day: a year or month alone begins with its first and ends with its last.
fn day(text: &str, is_end: bool) -> Option<String> {
    if !is_date(text) {
        return None;
    }
    let numbers: Vec<i16> = text
        .split('-')
        .filter_map(|part| part.parse().ok())
        .collect();
    let small = |n: i16| i8::try_from(n).ok();
    match (numbers.as_slice(), is_end) {
        ([_, _, _], _) => Some(text.to_owned()),
        ([year, month], true) => {
            let first = Date::new(*year, small(*month)?, 1).ok()?;
            Some(first.last_of_month().to_string())
        }
        ([_, _], false) => Some(format!("{text}-01")),
        ([_], true) => Some(format!("{text}-12-31")),
        ([_], false) => Some(format!("{text}-01-01")),
        _ => None,
    }
}

/// A date or moment of a single event, as a moment.
pub(super) fn moment(text: &str) -> Option<String> {
    match day(text, false) {
        Some(day) => Some(format!("{day}T00:00:00")),
        None => (text.get(10..11) == Some("T")).then(|| text.to_owned()),
    }
}
