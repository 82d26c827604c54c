//! A value that has the wrong form: no date, no number, no reference.

use super::Speaker;
use super::phrases::{Said, between, local, short};
use crate::domain::repair::Edit;

/// A form that values must have: what it is, an example, and how another writing of the same value
/// is read.
struct Form {
    what: &'static str,
    example: &'static str,
    read: fn(&str) -> Option<String>,
}

impl Form {
    fn of(kind: &str) -> Option<Self> {
        let (what, example, read): (_, _, fn(&str) -> Option<String>) = match kind {
            "date" | "ddex_IsoDate" => ("a date", "2026-04-01", date),
            "dateTime" => ("a date with time", "2026-03-23T10:00:00", |_| None),
            "time" => ("a time of day", "10:00:00", |_| None),
            "duration" => ("a duration", "PT3M42S for 3 minutes 42 seconds", duration),
            "boolean" => ("true or false", "true, or false", truth),
            "integer" | "int" | "long" | "short" | "nonNegativeInteger" | "positiveInteger"
            | "unsignedInt" => ("a whole number", "24, without a unit", whole_number),
            "decimal" | "double" | "float" => ("a number", "24 or 44.1, without a unit", number),
            "gYear" => ("a year of four digits", "2026", |_| None),
            "anyURI" => ("an address", "https://label.example/terms", |_| None),
            "language" => ("a language code", "en", |_| None),
            "ID" | "IDREF" | "NCName" | "NMTOKEN" => ("a name without spaces", "A1", |_| None),
            "hexBinary" | "base64Binary" => {
                ("letters and digits of a checksum", "9e107d9d…", |_| None)
            }
            _ => return None,
        };
        Some(Self {
            what,
            example,
            read,
        })
    }
}

impl Speaker<'_> {
    pub(super) fn wrong_kind(&self) -> Said {
        let value = self.value();
        let kind = between(&self.raw.message, "type '", "'").map_or("", local);
        let Some(form) = Form::of(kind) else {
            return Said::new(format!(
                "“{}” is not a value that {} may have.",
                short(value),
                self.carrier()
            ))
            .fix("Compare the value with the guide's example.")
            .found(short(value))
            .or_empty(value, &self.carrier());
        };
        Said::new(format!(
            "{} must be {}, but is “{}”.",
            self.carrier(),
            form.what,
            short(value)
        ))
        .fix(format!("Write it like this: {}.", form.example))
        .expected(form.what)
        .found(short(value))
        .repair((form.read)(value.trim()).map(|right| Edit::set(self.path, right)))
        .or_empty(value, &self.carrier())
    }

    pub(super) fn pattern(&self) -> Said {
        let value = self.value();
        let shape = between(&self.raw.message, "by the pattern '", "'").unwrap_or_default();
        let (expected, fix) = match shape {
            r"A[\d\-_a-zA-Z]+" => (
                "A1, A2, …",
                "References to resources begin with a capital A.",
            ),
            r"R[\d\-_a-zA-Z]+" => (
                "R0, R1, …",
                "References to releases begin with a capital R.",
            ),
            r"T[\d\-_a-zA-Z]+" => (
                "T1, T2, …",
                "References to technical details begin with a capital T.",
            ),
            _ if shape.starts_with("[0-9]{4}") => ("YYYY-MM-DD", "Write dates as 2026-04-01."),
            _ if shape.contains("[a-zA-Z]{2}") => (
                "en, de, fr, …",
                "Write the code of two letters, such as en.",
            ),
            _ => ("", "Compare the value with the guide's example."),
        };
        let is_date = expected == "YYYY-MM-DD";
        let right = date(value.trim()).filter(|_| is_date);
        Said::new(format!(
            "“{}” has not the form that {} must have.",
            short(value),
            self.carrier()
        ))
        .fix(fix)
        .expected(expected)
        .found(short(value))
        .repair(right.map(|right| Edit::set(self.path, right)))
        .or_empty(value, &self.carrier())
    }
}

/// A day with the year first, whatever stands between: with the year last, which of the other two
/// is the month is a guess.
fn date(text: &str) -> Option<String> {
    let parts: Vec<&str> = if text.len() == 8 && text.bytes().all(|b| b.is_ascii_digit()) {
        vec![text.get(..4)?, text.get(4..6)?, text.get(6..)?]
    } else {
        text.split(['-', '/', '.']).map(str::trim).collect()
    };
    let [year, month, day] = parts.as_slice() else {
        return None;
    };
    let number = |text: &str, length: std::ops::RangeInclusive<usize>| {
        let is_plain = length.contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
        is_plain.then(|| text.parse::<i16>().ok()).flatten()
    };
    let month = i8::try_from(number(month, 1..=2)?).ok()?;
    let day = i8::try_from(number(day, 1..=2)?).ok()?;
    let date = jiff::civil::Date::new(number(year, 4..=4)?, month, day).ok()?;
    Some(date.to_string())
}

/// `3:42`, `0:03:42` or `pt3m42s`: of a track there is one reading.
fn duration(text: &str) -> Option<String> {
    let upper = text.to_ascii_uppercase();
    if upper != text && upper.starts_with("PT") {
        let is_digit = |c: char| c.is_ascii_digit() || matches!(c, 'H' | 'M' | 'S' | '.');
        return upper.get(2..)?.chars().all(is_digit).then_some(upper);
    }
    let parts: Option<Vec<u32>> = text
        .split(':')
        .map(|part| {
            let is_plain =
                (1..=2).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit());
            is_plain.then(|| part.parse().ok()).flatten()
        })
        .collect();
    match parts?.as_slice() {
        [minutes, seconds] if *seconds < 60 => Some(format!("PT{minutes}M{seconds}S")),
        [0, minutes, seconds] if *minutes < 60 && *seconds < 60 => {
            Some(format!("PT{minutes}M{seconds}S"))
        }
        [hours, minutes, seconds] if *minutes < 60 && *seconds < 60 => {
            Some(format!("PT{hours}H{minutes}M{seconds}S"))
        }
        _ => None,
    }
}

fn truth(text: &str) -> Option<String> {
    let word = match text.to_lowercase().as_str() {
        "true" | "yes" | "y" => "true",
        "false" | "no" | "n" => "false",
        _ => return None,
    };
    Some(word.to_owned())
}

/// `24 bit` → `24`; other units may mean that the number has to be another.
fn whole_number(text: &str) -> Option<String> {
    let lower = text.to_lowercase();
    let digits = lower
        .trim_end_matches(['s', '-'])
        .strip_suffix("bit")?
        .trim_end_matches([' ', '-'])
        .to_owned();
    let is_plain = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
    is_plain.then_some(digits)
}

/// `44,1` → `44.1`: with fewer than three digits behind it a comma parts no thousands.
fn number(text: &str) -> Option<String> {
    let Some((whole, rest)) = text.split_once(',') else {
        return whole_number(text);
    };
    let is_plain = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    (is_plain(whole) && is_plain(rest) && rest.len() < 3).then(|| format!("{whole}.{rest}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_one_reading_is_read() {
        let told = |read: fn(&str) -> Option<String>, text: &str| read(text).unwrap_or_default();
        assert_eq!(told(date, "2026/4/1"), "2026-04-01");
        assert_eq!(told(date, "20260401"), "2026-04-01");
        assert_eq!(told(date, "01/04/2026"), "", "April or January");
        assert_eq!(told(date, "2026-02-31"), "");
        assert_eq!(told(duration, "3:42"), "PT3M42S");
        assert_eq!(told(duration, "00:03:42"), "PT3M42S");
        assert_eq!(told(duration, "1:02:03"), "PT1H2M3S");
        assert_eq!(told(duration, "pt3m42s"), "PT3M42S");
        assert_eq!(told(duration, "3:72"), "");
        assert_eq!(told(duration, "222"), "", "seconds or minutes");
        assert_eq!(told(truth, "Yes"), "true");
        assert_eq!(told(truth, "1.0"), "");
        assert_eq!(told(whole_number, "24-bit"), "24");
        assert_eq!(told(whole_number, "44.1 kHz"), "");
        assert_eq!(told(number, "44,1"), "44.1");
        assert_eq!(told(number, "44,100"), "");
    }
}
