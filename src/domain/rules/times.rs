//! Dates, moments and durations as messages write them.

use jiff::Timestamp;
use jiff::civil::{Date, DateTime, Time};
use jiff::fmt::temporal::Pieces;
use jiff::tz::TimeZone;

/// A calendar day, written `YYYY-MM-DD` and nothing else; `2026-02-31` is none.
pub(super) fn day(text: &str) -> Option<Date> {
    let shape = text.len() == 10
        && text.bytes().enumerate().all(|(index, byte)| match index {
            4 | 7 => byte == b'-',
            _ => byte.is_ascii_digit(),
        });
    if shape { text.parse().ok() } else { None }
}

/// The day of a date or of a date and time.
pub(super) fn day_of(text: &str) -> Option<Date> {
    day(text.get(..10)?).filter(|_| {
        text.len() == 10 || (text.as_bytes().get(10) == Some(&b'T') && moment(text).is_some())
    })
}

/// Where a deal begins, or the first moment after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Edge {
    /// As written, without its zone.
    local: DateTime,
    /// The moment, where a zone is stated.
    moment: Option<Timestamp>,
}

impl Edge {
    /// What has no end.
    pub(super) const NEVER: Self = Self {
        local: DateTime::MAX,
        moment: None,
    };

    /// The start of a deal: a plain date from its first second on.
    pub(super) fn start(text: &str) -> Option<Self> {
        let day = day_of(text)?;
        if text.len() == 10 {
            return Some(Self {
                local: day.to_datetime(Time::midnight()),
                moment: None,
            });
        }
        let (moment, has_zone) = moment(text)?;
        Some(Self {
            local: without_zone(text)?,
            moment: has_zone.then_some(moment),
        })
    }

    /// The end of a deal: a plain date is its last day, a time is the moment at which it is over.
    pub(super) fn end(text: &str) -> Option<Self> {
        let edge = Self::start(text)?;
        if text.len() > 10 {
            return Some(edge);
        }
        let next = edge.local.tomorrow().unwrap_or(DateTime::MAX);
        Some(Self {
            local: next,
            moment: None,
        })
    }

    /// Whether it lies before the other. Two with a zone are compared as moments; else what is written
    /// counts, because a time without a zone is local time in each country.
    pub(super) fn is_before(self, other: Self) -> bool {
        match (self.moment, other.moment) {
            (Some(one), Some(two)) => one < two,
            _ => self.local < other.local,
        }
    }

    /// Its day.
    pub(super) fn day(self) -> Date {
        self.local.date()
    }

    /// The last day before it: at midnight the day is over.
    pub(super) fn last_day_before(self) -> Date {
        let day = self.local.date();
        if self.local.time() == Time::midnight() {
            day.yesterday().unwrap_or(day)
        } else {
            day
        }
    }
}

/// The date and time of a text, as written, without its zone.
fn without_zone(text: &str) -> Option<DateTime> {
    let pieces = Pieces::parse(text).ok()?;
    Some(pieces.date().to_datetime(pieces.time()?))
}

/// The day that it is at a moment, in UTC.
pub(super) fn today(now: Timestamp) -> Date {
    now.to_zoned(TimeZone::UTC).date()
}

/// A moment: `2026-03-23T10:00:00Z`, with any zone, or without one, which is read as UTC.
/// The second value says whether a zone was stated.
pub(super) fn moment(text: &str) -> Option<(Timestamp, bool)> {
    if !text.contains('T') {
        return None;
    }
    if let Ok(moment) = text.parse::<Timestamp>() {
        return Some((moment, true));
    }
    let local: DateTime = text.parse().ok()?;
    let moment = local.to_zoned(TimeZone::UTC).ok()?.timestamp();
    Some((moment, false))
}

/// When a message was made, by its `MessageCreatedDateTime` and the time at which it came: it was not
/// made after it came, whatever it says.
pub fn made_at(created: &str, received: Timestamp) -> Option<Timestamp> {
    moment(created).map(|(created, _)| created.min(received))
}

/// A moment for people: `23 March 2026, 10:00 UTC`.
pub(super) fn told(moment: Timestamp) -> String {
    moment
        .to_zoned(TimeZone::UTC)
        .strftime("%-d %B %Y, %H:%M UTC")
        .to_string()
}

/// An ISO 8601 duration (`PT3M42S`, `PT1H2M3.5S`, `P0DT222S`) in milliseconds. Years and months
/// have no length, and no track is that long: such texts are none.
pub(super) fn duration_ms(text: &str) -> Option<u64> {
    let rest = text.strip_prefix('P')?;
    let (days, clock) = match rest.split_once('T') {
        Some((days, clock)) if !clock.is_empty() => (days, clock),
        Some(_) => return None,
        None => (rest, ""),
    };
    if days.is_empty() && clock.is_empty() {
        return None;
    }
    let parts = parts(days, &[('D', 86_400_000)])?;
    let clock = self::parts(clock, &[('H', 3_600_000), ('M', 60_000), ('S', 1_000)])?;
    parts.checked_add(clock)
}

/// Sums up numbers followed by their designators, which come in the given order.
fn parts(mut text: &str, designators: &[(char, u64)]) -> Option<u64> {
    let mut total = 0_u64;
    let mut left = designators.iter();
    while !text.is_empty() {
        let end = text.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let (number, rest) = text.split_at(end);
        let designator = rest.chars().next()?;
        let (_, factor) = left.find(|(name, _)| *name == designator)?;
        total = total.checked_add(scaled(number, *factor)?)?;
        text = rest.get(designator.len_utf8()..)?;
    }
    Some(total)
}

/// A decimal number times a factor, without floating point.
fn scaled(number: &str, factor: u64) -> Option<u64> {
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    let whole: u64 = whole.parse().ok()?;
    let digits: String = fraction.chars().take(6).collect();
    if fraction.contains('.') {
        return None;
    }
    let part = if digits.is_empty() {
        0
    } else {
        let value: u64 = digits.parse().ok()?;
        let places = u32::try_from(digits.len()).ok()?;
        value.checked_mul(factor)? / 10_u64.checked_pow(places)?
    };
    whole.checked_mul(factor)?.checked_add(part)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_real_days() {
        assert!(day("2026-04-01").is_some());
        for bad in [
            "2026-02-31",
            "2026-4-1",
            "20260401",
            "01.04.2026",
            "",
            "2026-04-01T00:00:00",
        ] {
            assert_eq!(day(bad), None, "{bad}");
        }
        assert!(day_of("2026-04-01T00:00:00").is_some());
        assert_eq!(day_of("2026-04-01x"), None);
        assert_eq!(day_of("2026-04-0é"), None);
    }

    #[test]
    fn no_message_was_made_after_it_came() {
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        let came = at("2026-03-23T10:00:00Z");
        let made = |created| made_at(created, came);
        assert_eq!(
            made("2026-03-22T10:00:00+01:00"),
            Some(at("2026-03-22T09:00:00Z"))
        );
        assert_eq!(made("2062-03-22T10:00:00Z"), Some(came));
        assert_eq!(
            made("2026-03-23T11:00:00"),
            Some(came),
            "local time, read as UTC"
        );
        assert_eq!(made("yesterday"), None);
    }

    #[test]
    fn deals_that_touch_do_not_meet() {
        for (end, start, meet) in [
            ("2026-04-30", "2026-05-01", false),
            ("2026-05-01", "2026-05-01", true),
            ("2026-05-01", "2026-05-01T12:00:00", true),
            ("2026-05-01T00:00:00", "2026-05-01T00:00:00", false),
            ("2026-05-01T00:00:00", "2026-05-01", false),
            ("2026-04-30T23:59:59", "2026-05-01", false),
            ("2026-05-01T00:00:01", "2026-05-01", true),
            ("2026-05-01T12:00:00", "2026-05-01T12:00:00", false),
            ("2026-05-01T12:00:01", "2026-05-01T12:00:00", true),
            // The same moment in two zones, and one an hour before.
            ("2026-05-01T00:00:00+01:00", "2026-04-30T23:00:00Z", false),
            ("2026-05-01T00:00:00+01:00", "2026-04-30T22:00:00Z", true),
            // Local time against a moment: what is written.
            ("2026-05-01T00:00:00Z", "2026-05-01", false),
            ("2026-05-01T00:00:00+02:00", "2026-05-01T00:00:00", false),
        ] {
            let (end, start) = (Edge::end(end).unwrap(), Edge::start(start).unwrap());
            assert_eq!(start.is_before(end), meet, "{end:?} {start:?}");
            assert!(start.is_before(Edge::NEVER));
        }
        for bad in ["2026-05-32", "", "2026-05-01x", "2026-05-01T25:00:00"] {
            assert_eq!(Edge::end(bad), None, "{bad}");
        }
        let last = |text| Edge::end(text).unwrap().last_day_before().to_string();
        assert_eq!(last("2026-04-30"), "2026-04-30");
        assert_eq!(last("2026-05-01T00:00:00"), "2026-04-30");
        assert_eq!(last("2026-05-01T00:00:01Z"), "2026-05-01");
    }

    #[test]
    fn durations_are_read_exactly() {
        for (text, milliseconds) in [
            ("PT3M42S", Some(222_000)),
            ("PT1H2M3.5S", Some(3_723_500)),
            ("PT222S", Some(222_000)),
            ("P0DT0H3M42S", Some(222_000)),
            ("PT0S", Some(0)),
            ("3:42", None),
            ("PT", None),
            ("P", None),
            ("PT42S3M", None),
            ("P1Y", None),
            ("PT99999999999999999999S", None),
        ] {
            assert_eq!(duration_ms(text), milliseconds, "{text}");
        }
    }

    #[test]
    fn moments_without_a_zone_are_utc() {
        let (with, zoned) = moment("2026-03-23T10:00:00Z").unwrap();
        assert!(zoned);
        let (without, zoned) = moment("2026-03-23T10:00:00").unwrap();
        assert!(!zoned);
        assert_eq!(with, without);
        assert_eq!(moment("2026-03-23"), None);
    }
}
