//! What is mailed, to whom, and what the letter is made of.

use super::ids::{LetterId, PackageId};
use super::package::{LogLine, Package};
use super::push::Push;
use super::report::Report;
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What a letter says; one for each mail of design.md's status table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum LetterKind {
    /// The upload makes no progress; what is missing.
    Stalled,
    /// Detected; validation begins.
    Incoming,
    /// Every finding with its fix.
    Invalid,
    /// Passed; waits for review.
    NeedsQc,
    /// Approved; pushes begin.
    QcApproved,
    /// Rejected, with the reviewer's notes.
    QcRejected,
    /// At the DSPs.
    Delivered,
    /// "We have a problem", never "your package is wrong".
    Parked,
    /// To the operator: what failed and what to do.
    OperatorParked,
    /// To the operator: a push was given up.
    OperatorPushFailed,
}

impl LetterKind {
    /// All of them.
    pub const ALL: [Self; 10] = [
        Self::Stalled,
        Self::Incoming,
        Self::Invalid,
        Self::NeedsQc,
        Self::QcApproved,
        Self::QcRejected,
        Self::Delivered,
        Self::Parked,
        Self::OperatorParked,
        Self::OperatorPushFailed,
    ];

    /// The word in the database and the stem of the template's file name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Stalled => "stalled",
            Self::Incoming => "incoming",
            Self::Invalid => "invalid",
            Self::NeedsQc => "needs_qc",
            Self::QcApproved => "qc_approved",
            Self::QcRejected => "qc_rejected",
            Self::Delivered => "delivered",
            Self::Parked => "parked",
            Self::OperatorParked => "operator_parked",
            Self::OperatorPushFailed => "operator_push_failed",
        }
    }

    /// Reads the word.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text)
    }
}

/// A letter that is due.
#[derive(Clone, Debug, PartialEq)]
pub struct Due {
    /// The letter; `<id@domain>` is its Message-ID for ever.
    pub id: LetterId,
    /// What about.
    pub package: PackageId,
    /// What it says.
    pub kind: LetterKind,
    /// One address.
    pub recipient: String,
    /// The first letter of the release's thread to this address, if this is not it.
    pub thread_root: Option<LetterId>,
    /// When it was put into the outbox; becomes `Date`.
    pub created_at: Timestamp,
    /// Tries so far.
    pub attempts: u32,
    /// The rendered message, once it was rendered; the same bytes are sent at every try.
    pub mime: Option<Vec<u8>>,
}

/// All that a letter may speak of.
#[derive(Clone, Debug, PartialEq)]
pub struct Subject {
    /// The package as it is now.
    pub package: Package,
    /// Its report, once there is one.
    pub report: Option<Report>,
    /// The log line that set the letter off.
    pub cause: LogLine,
    /// Its pushes.
    pub pushes: Vec<Push>,
    /// The previous attempt's errors that are gone, that stayed, and new ones; `None` for a first
    /// attempt.
    pub compared: Option<Comparison>,
}

/// An attempt against the one before it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Comparison {
    /// Errors of the previous attempt.
    pub before: u32,
    /// Those of them that are gone.
    pub fixed: u32,
    /// Errors that the previous attempt did not have.
    pub new: u32,
}

impl Comparison {
    /// Compares lists of errors (code and place). What occurs twice counts twice.
    pub fn between(before: &[(String, String)], after: &[(String, String)]) -> Self {
        let mut unmatched: Vec<_> = after.iter().collect();
        let stayed = before.iter().filter(|error| {
            let hit = unmatched.iter().position(|other| other == error);
            hit.map(|at| unmatched.swap_remove(at)).is_some()
        });
        let stayed = count(stayed.count());
        let all = count(before.len());
        Self {
            before: all,
            fixed: all - stayed,
            new: count(unmatched.len()),
        }
    }
}

fn count(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn errors(list: &[(&str, &str)]) -> Vec<(String, String)> {
        list.iter()
            .map(|(code, place)| ((*code).to_owned(), (*place).to_owned()))
            .collect()
    }

    #[test]
    fn attempts_are_compared_error_by_error() {
        let before = errors(&[("AUD-001", "1.wav"), ("AUD-001", "2.wav"), ("ART-002", "c")]);
        let after = errors(&[("AUD-001", "2.wav"), ("ART-002", "c"), ("PKG-007", "3.wav")]);
        let compared = Comparison::between(&before, &after);
        assert_eq!(
            compared,
            Comparison {
                before: 3,
                fixed: 1,
                new: 1
            }
        );
    }

    #[test]
    fn an_error_that_occurs_twice_can_be_fixed_once() {
        let twice = errors(&[("META-010", ""), ("META-010", "")]);
        let once = errors(&[("META-010", "")]);
        assert_eq!(Comparison::between(&twice, &once).fixed, 1);
        assert_eq!(Comparison::between(&once, &twice).new, 1);
    }
}
