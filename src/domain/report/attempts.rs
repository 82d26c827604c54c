//! An attempt against the one before it: which problems are gone, which stayed, which are new.
//!
//! A problem is known again by its rule and its place, never by its line: the label has edited the
//! file. The place is the track's ISRC, the path in the message, the file; and because labels rename
//! files, move tracks and mend a value to another wrong one, what is not found again exactly is
//! looked for more loosely, step by step. Each problem answers for one of the other attempt at most.

use super::view::plural;
use super::{Finding, Report, Severity};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};

/// An error as the next attempt knows it again.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(from = "Stored")]
pub struct Problem {
    /// Code of the rule.
    pub code: String,
    /// File it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// Path in the message.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// Track number, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub track: Option<u32>,
    /// ISRC of that track.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub isrc: Option<String>,
    /// What was found.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub found: Option<String>,
    /// It stands for so many problems of the code that are only counted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unlisted: Option<u32>,
}

/// Forms in which problems lie in the store.
#[derive(Deserialize)]
#[serde(untagged)]
enum Stored {
    /// Code, and path or file: as they were kept at first.
    Pair(String, String),
    Whole {
        code: String,
        file: Option<String>,
        path: Option<String>,
        track: Option<u32>,
        isrc: Option<String>,
        found: Option<String>,
        unlisted: Option<u32>,
    },
}

impl From<Stored> for Problem {
    fn from(stored: Stored) -> Self {
        match stored {
            Stored::Pair(code, place) => {
                let place = Some(place).filter(|place| !place.is_empty());
                let is_path = |place: &String| place.starts_with('/');
                Self {
                    code,
                    path: place.clone().filter(is_path),
                    file: place.filter(|place| !is_path(place)),
                    ..Self::default()
                }
            }
            Stored::Whole {
                code,
                file,
                path,
                track,
                isrc,
                found,
                unlisted,
            } => Self {
                code,
                file,
                path,
                track,
                isrc,
                found,
                unlisted,
            },
        }
    }
}

impl Problem {
    /// So many of a code that are only counted.
    pub fn unlisted(code: &str, number: u32) -> Self {
        Self {
            code: code.to_owned(),
            unlisted: Some(number),
            ..Self::default()
        }
    }

    /// How many it is.
    fn number(&self) -> u32 {
        self.unlisted.unwrap_or(1)
    }

    /// The path without the numbers of elements, which change when something is put before them.
    fn element(&self) -> Cow<'_, str> {
        let path = self.path.as_deref().unwrap_or_default();
        if !path.contains('[') {
            return Cow::Borrowed(path);
        }
        let mut inside = false;
        let kept = path.chars().filter(|c| {
            let keep = !inside && *c != '[';
            inside = (inside || *c == '[') && *c != ']';
            keep
        });
        Cow::Owned(kept.collect())
    }
}

impl Finding {
    /// As the next attempt knows it again.
    pub fn problem(&self) -> Problem {
        if let Some(more) = self.more {
            return Problem::unlisted(&self.code, more);
        }
        Problem {
            code: self.code.clone(),
            file: self.file.clone(),
            path: self.path.clone(),
            track: self.track,
            isrc: self.isrc.clone(),
            found: self.found.clone(),
            unlisted: None,
        }
    }
}

/// The attempt before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Previous {
    /// Its number.
    pub attempt: u32,
    /// Its errors.
    pub problems: Vec<Problem>,
}

/// How an attempt compares with the one before it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Compared {
    /// Number of this attempt.
    pub attempt: u32,
    /// Number of the attempt that it is compared with.
    pub with: u32,
    /// Errors of that attempt.
    pub before: u32,
    /// Those of them that are gone.
    pub fixed: u32,
    /// Errors that it did not have.
    pub new: u32,
}

impl Compared {
    /// `Attempt 3: 11 of 14 problems fixed, 3 remain, 1 new.`; empty when neither had any.
    pub fn sentence(&self) -> String {
        let remain = self.before.saturating_sub(self.fixed);
        let of = match (self.before, remain) {
            (0, _) if self.new == 0 => return String::new(),
            (0, _) => {
                let problems = plural(self.new, "new problem");
                return format!("Attempt {}: {problems}.", self.attempt);
            }
            (1, _) => format!("{} of 1 problem fixed", self.fixed),
            (all, 0) => format!("all {all} problems fixed"),
            (all, 1) => format!("{} of {all} problems fixed, 1 remains", self.fixed),
            (all, _) => format!("{} of {all} problems fixed, {remain} remain", self.fixed),
        };
        let new = match self.new {
            0 => String::new(),
            new => format!(", {new} new"),
        };
        format!("Attempt {}: {of}{new}.", self.attempt)
    }
}

/// Whether an error was there in the attempt before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// It was not.
    New,
    /// It was, and is not mended.
    Still,
}

/// What came of comparing two lists.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// Problems before.
    pub before: u32,
    /// Those that are gone.
    pub fixed: u32,
    /// Those that were not there before.
    pub new: u32,
    /// For each problem of the later list, in its order; `None` where it cannot be told, because
    /// there were more of its code than were listed.
    pub standings: Vec<Option<Standing>>,
}

/// What two problems have to have in common to be taken for the same, from strict to loose.
type Likeness = fn(&Problem) -> Option<[Cow<'_, str>; 6]>;

const LIKENESSES: [Likeness; 7] = [
    // The same in everything.
    |p| Some([file(p), path(p), track(p), isrc(p), found(p), BLANK]),
    // The same recording, wherever it stands now.
    |p| {
        p.isrc
            .as_ref()
            .map(|_| [isrc(p), p.element(), found(p), BLANK, BLANK, BLANK])
    },
    |p| {
        p.isrc
            .as_ref()
            .map(|_| [isrc(p), p.element(), BLANK, BLANK, BLANK, BLANK])
    },
    // The same place with another value.
    |p| Some([file(p), path(p), track(p), BLANK, BLANK, BLANK]),
    |p| {
        let place = p.path.as_deref().or(p.file.as_deref()).unwrap_or_default();
        Some([Cow::Borrowed(place), BLANK, BLANK, BLANK, BLANK, BLANK])
    },
    // The same track, whose file has another name now.
    |p| {
        p.track
            .map(|_| [track(p), p.element(), BLANK, BLANK, BLANK, BLANK])
    },
    // The same value somewhere else: what it stands in was moved or renamed.
    |p| {
        let is_value = p.found.is_some() && p.track.is_none();
        is_value.then(|| [found(p), p.element(), BLANK, BLANK, BLANK, BLANK])
    },
];

const BLANK: Cow<'static, str> = Cow::Borrowed("");

fn text(value: Option<&String>) -> Cow<'_, str> {
    Cow::Borrowed(value.map_or("", String::as_str))
}

fn file(problem: &Problem) -> Cow<'_, str> {
    text(problem.file.as_ref())
}

fn path(problem: &Problem) -> Cow<'_, str> {
    text(problem.path.as_ref())
}

fn isrc(problem: &Problem) -> Cow<'_, str> {
    text(problem.isrc.as_ref())
}

fn found(problem: &Problem) -> Cow<'_, str> {
    text(problem.found.as_ref())
}

fn track(problem: &Problem) -> Cow<'_, str> {
    problem
        .track
        .map_or(BLANK, |number| Cow::Owned(number.to_string()))
}

/// Numbers of one code that found no partner by likeness.
#[derive(Clone, Copy, Debug, Default)]
struct Rest {
    /// Before: listed, only counted.
    before: (u32, u32),
    /// After: listed, only counted.
    after: (u32, u32),
}

impl Rest {
    /// How many may still be the same: one that is only counted may be any of its code.
    fn same(self) -> u32 {
        let hidden_before = self.before.1.min(self.after.0);
        let hidden_after = self.after.1.min(self.before.0);
        let both = (self.before.1 - hidden_before).min(self.after.1 - hidden_after);
        hidden_before
            .saturating_add(hidden_after)
            .saturating_add(both)
    }
}

/// Compares the problems of two attempts. The order within a list changes nothing.
pub fn compare(before: &[Problem], after: &[Problem]) -> Outcome {
    let mut old: Vec<&Problem> = before.iter().filter(|p| p.unlisted.is_none()).collect();
    let mut fresh: Vec<(usize, &Problem)> = after
        .iter()
        .enumerate()
        .filter(|(_, problem)| problem.unlisted.is_none())
        .collect();
    old.sort();
    fresh.sort_by_key(|(_, problem)| *problem);
    let mut standings = vec![None; after.len()];
    for likeness in LIKENESSES {
        for at in matched(&mut old, &mut fresh, likeness) {
            if let Some(standing) = standings.get_mut(at) {
                *standing = Some(Standing::Still);
            }
        }
    }
    let rests = rests(&old, &fresh, before, after);
    for (at, problem) in &fresh {
        let hidden = rests
            .get(problem.code.as_str())
            .is_some_and(|rest| rest.before.1 > 0);
        if let (false, Some(standing)) = (hidden, standings.get_mut(*at)) {
            *standing = Some(Standing::New);
        }
    }
    let sum =
        |number: &dyn Fn(&Rest) -> u32| rests.values().map(number).fold(0, u32::saturating_add);
    Outcome {
        before: before
            .iter()
            .map(Problem::number)
            .fold(0, u32::saturating_add),
        fixed: sum(&|rest| {
            rest.before
                .0
                .saturating_add(rest.before.1)
                .saturating_sub(rest.same())
        }),
        new: sum(&|rest| {
            rest.after
                .0
                .saturating_add(rest.after.1)
                .saturating_sub(rest.same())
        }),
        standings,
    }
}

/// Takes out of both lists what is alike, and gives the places of the later ones.
fn matched(
    old: &mut Vec<&Problem>,
    fresh: &mut Vec<(usize, &Problem)>,
    likeness: Likeness,
) -> Vec<usize> {
    let mut waiting: HashMap<_, Vec<usize>> = HashMap::new();
    for (at, problem) in old.iter().enumerate().rev() {
        if let Some(key) = likeness(problem) {
            waiting
                .entry((problem.code.as_str(), key))
                .or_default()
                .push(at);
        }
    }
    let mut taken = vec![false; old.len()];
    let mut still = Vec::new();
    fresh.retain(|(place, problem)| {
        let partner =
            likeness(problem).and_then(|key| waiting.get_mut(&(problem.code.as_str(), key))?.pop());
        let Some(taken) = partner.and_then(|at| taken.get_mut(at)) else {
            return true;
        };
        *taken = true;
        still.push(*place);
        false
    });
    drop(waiting);
    let mut taken = taken.into_iter();
    old.retain(|_| !taken.next().unwrap_or(false));
    still
}

fn rests<'a>(
    old: &[&'a Problem],
    fresh: &[(usize, &'a Problem)],
    before: &'a [Problem],
    after: &'a [Problem],
) -> BTreeMap<&'a str, Rest> {
    let mut rests: BTreeMap<&str, Rest> = BTreeMap::new();
    for problem in old {
        rests.entry(&problem.code).or_default().before.0 += 1;
    }
    for (_, problem) in fresh {
        rests.entry(&problem.code).or_default().after.0 += 1;
    }
    for problem in before.iter().filter(|problem| problem.unlisted.is_some()) {
        let hidden = &mut rests.entry(&problem.code).or_default().before.1;
        *hidden = hidden.saturating_add(problem.number());
    }
    for problem in after.iter().filter(|problem| problem.unlisted.is_some()) {
        let hidden = &mut rests.entry(&problem.code).or_default().after.1;
        *hidden = hidden.saturating_add(problem.number());
    }
    rests
}

impl Report {
    /// Its errors, as the next attempt knows them again.
    pub fn problems(&self) -> Vec<Problem> {
        self.errors().map(Finding::problem).collect()
    }

    fn errors(&self) -> impl Iterator<Item = &Finding> {
        let is_error = |finding: &&Finding| finding.severity == Severity::Error;
        self.findings.iter().filter(is_error)
    }

    /// Compares it, as attempt number `attempt`, with the attempt before.
    pub fn compare(&mut self, attempt: u32, previous: &Previous) {
        let outcome = compare(&previous.problems, &self.problems());
        let errors = self
            .findings
            .iter_mut()
            .filter(|finding| finding.severity == Severity::Error);
        for (finding, standing) in errors.zip(outcome.standings) {
            finding.standing = standing;
        }
        self.compared = Some(Compared {
            attempt,
            with: previous.attempt,
            before: outcome.before,
            fixed: outcome.fixed,
            new: outcome.new,
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(code: &str, file: &str) -> Problem {
        Problem {
            code: code.to_owned(),
            file: Some(file.to_owned()),
            ..Problem::default()
        }
    }

    fn recording(code: &str, number: u32, isrc: &str, found: &str) -> Problem {
        Problem {
            path: Some(format!("/ern/ResourceList/SoundRecording[{number}]/Title")),
            track: Some(number),
            isrc: Some(isrc.to_owned()),
            found: Some(found.to_owned()),
            ..at(code, "metadata.xml")
        }
    }

    fn counts(before: &[Problem], after: &[Problem]) -> (u32, u32, u32) {
        let outcome = compare(before, after);
        (outcome.before, outcome.fixed, outcome.new)
    }

    #[test]
    fn attempts_are_compared_problem_by_problem() {
        let before = [
            at("AUD-001", "1.wav"),
            at("AUD-001", "2.wav"),
            at("ART-002", "c"),
        ];
        let after = [
            at("AUD-001", "2.wav"),
            at("ART-002", "c"),
            at("PKG-007", "3.wav"),
        ];
        let outcome = compare(&before, &after);
        assert_eq!((outcome.before, outcome.fixed, outcome.new), (3, 1, 1));
        let (still, new) = (Some(Standing::Still), Some(Standing::New));
        assert_eq!(outcome.standings, [still, still, new]);
        let twice = [at("META-010", ""), at("META-010", "")];
        assert_eq!(
            counts(&twice, &twice[..1]),
            (2, 1, 0),
            "one of two is fixed"
        );
        assert_eq!(counts(&twice[..1], &twice), (1, 0, 1));
    }

    #[test]
    fn a_problem_is_known_again_after_tracks_and_files_moved() {
        let before = [recording("META-010", 2, "GBDUM7620002", "a")];
        let moved = [recording("META-010", 3, "GBDUM7620002", "a")];
        assert_eq!(
            counts(&before, &moved),
            (1, 0, 0),
            "a track was put before it"
        );
        let other = [recording("META-010", 2, "GBDUM7620002", "b")];
        assert_eq!(
            counts(&before, &other),
            (1, 0, 0),
            "mended into another fault"
        );
        let renamed = [recording("META-010", 2, "GBDUM7629999", "a")];
        assert_eq!(
            counts(&before, &renamed),
            (1, 0, 0),
            "its ISRC was corrected"
        );
        let mono = |number, file: &str| Problem {
            track: Some(number),
            ..at("AUD-013", file)
        };
        assert_eq!(counts(&[mono(2, "2.wav")], &[mono(2, "02.wav")]), (1, 0, 0));
        assert_eq!(counts(&[mono(2, "2.wav")], &[mono(5, "5.wav")]), (1, 1, 1));
        let small = |file| Problem {
            found: Some("1400 × 1400".to_owned()),
            ..at("ART-004", file)
        };
        assert_eq!(
            counts(&[small("artwork.jpg")], &[small("cover.jpg")]),
            (1, 0, 0)
        );
    }

    #[test]
    fn what_is_only_counted_counts() {
        let mut before: Vec<Problem> = (0..20).map(|n| at("META-010", &format!("{n}"))).collect();
        before.push(Problem::unlisted("META-010", 37));
        let mut after: Vec<Problem> = (30..50).map(|n| at("META-010", &format!("{n}"))).collect();
        after.push(Problem::unlisted("META-010", 10));
        assert_eq!(counts(&before, &after), (57, 27, 0));
        assert!(
            compare(&before, &after)
                .standings
                .iter()
                .all(Option::is_none)
        );
        assert_eq!(counts(&before, &[]), (57, 57, 0));
        assert_eq!(counts(&after, &before), (30, 0, 27));
    }

    #[test]
    fn the_sentence_says_how_it_stands() {
        let told = |before, fixed, new| {
            let compared = Compared {
                attempt: 3,
                with: 2,
                before,
                fixed,
                new,
            };
            compared.sentence()
        };
        assert_eq!(
            told(14, 11, 1),
            "Attempt 3: 11 of 14 problems fixed, 3 remain, 1 new."
        );
        assert_eq!(
            told(14, 13, 0),
            "Attempt 3: 13 of 14 problems fixed, 1 remains."
        );
        assert_eq!(told(14, 14, 0), "Attempt 3: all 14 problems fixed.");
        assert_eq!(told(1, 1, 2), "Attempt 3: 1 of 1 problem fixed, 2 new.");
        assert_eq!(told(1, 0, 0), "Attempt 3: 0 of 1 problem fixed.");
        assert_eq!(told(0, 0, 1), "Attempt 3: 1 new problem.");
        assert_eq!(told(0, 0, 0), "");
    }

    #[test]
    fn what_was_stored_at_first_is_read() {
        let old = r#"[["ID-001","/ern/Release/ISRC"],["ART-004","c.jpg"],["PKG-002",""]]"#;
        let read: Vec<Problem> = serde_json::from_str(old).unwrap();
        let now = [
            Problem {
                path: Some("/ern/Release/ISRC".to_owned()),
                ..at("ID-001", "metadata.xml")
            },
            at("ART-004", "c.jpg"),
            Problem {
                code: "PKG-002".to_owned(),
                ..Problem::default()
            },
        ];
        assert_eq!(counts(&read, &now), (3, 0, 0));
        let stored = serde_json::to_string(&now).unwrap();
        assert_eq!(serde_json::from_str::<Vec<Problem>>(&stored).unwrap(), now);
    }
}
