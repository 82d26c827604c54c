//! What may be set for one label: which rules can be raised, lowered or switched off, and what a
//! setting makes of a finding.

use super::super::account::Profile;
use super::super::policy::{Policy, RuleSetting};
use super::super::report::Severity;
use super::wording::list;
use super::{Rule, catalogue, rule};
use std::fmt;

/// Changed characters up to which a code is taken for a slip of the pen.
const SLIPS: usize = 2;
/// Codes that are offered in place of one that does not exist.
const OFFERED: usize = 3;

/// Why a rule cannot be set so for one label.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// There is no such rule.
    Unknown {
        /// As it was asked for.
        code: String,
        /// What may have been meant.
        nearest: Vec<&'static str>,
    },
    /// It guards safety or integrity and would be weakened.
    Safety {
        /// The rule.
        code: &'static str,
        /// What it says.
        title: &'static str,
    },
    /// No package is ever judged by it.
    AtTheDoor {
        /// The rule.
        code: &'static str,
    },
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown { code, nearest } => {
                write!(f, "there is no rule {code}")?;
                match nearest.as_slice() {
                    [] => Ok(()),
                    [one] => write!(f, "; the nearest is {one}"),
                    several => write!(f, "; the nearest are {}", list(several)),
                }
            }
            Self::Safety { code, title } => write!(
                f,
                "{code} ({title}) guards the safety of all: it cannot be lowered or switched off \
                 for one label"
            ),
            Self::AtTheDoor { code } => write!(
                f,
                "{code} is told while files still arrive or before a push, and judges no package: it is the same for \
                 every label"
            ),
        }
    }
}

impl std::error::Error for Refusal {}

impl Rule {
    /// The gravest that its findings can be.
    fn gravest(&self) -> Severity {
        [Profile::Guide, Profile::Strict]
            .into_iter()
            .flat_map(|profile| self.severities(profile))
            .min()
            .unwrap_or(Severity::Error)
    }

    /// Whether a label may have it so. A rule of safety may only become graver.
    pub fn allows(&self, setting: RuleSetting) -> bool {
        !self.safety
            || setting
                .severity()
                .is_some_and(|severity| severity <= self.gravest())
    }

    /// What a finding weighs for a label; `None` when it is left out. A setting that is not allowed
    /// has no effect, wherever it comes from.
    pub(super) fn weigh(&self, usual: Severity, policy: &Policy) -> Option<Severity> {
        match policy.get(self.code) {
            Some(setting) if self.allows(setting) => setting.severity(),
            Some(_) | None => Some(usual),
        }
    }
}

/// The rule, if it may be set so for one label; `None` as setting is what the catalogue says, which
/// is always allowed.
pub fn may_set(code: &str, setting: Option<RuleSetting>) -> Result<&'static Rule, Refusal> {
    let Some(rule) = rule(code) else {
        return Err(Refusal::Unknown {
            code: code.to_owned(),
            nearest: nearest(code),
        });
    };
    if rule.at_the_door || rule.for_a_dsp {
        return Err(Refusal::AtTheDoor { code: rule.code });
    }
    if setting.is_some_and(|setting| !rule.allows(setting)) {
        return Err(Refusal::Safety {
            code: rule.code,
            title: rule.title,
        });
    }
    Ok(rule)
}

/// The codes that are spelt most like one that does not exist; none when it is like no other.
pub fn nearest(code: &str) -> Vec<&'static str> {
    let wanted: String = code.chars().take(20).collect::<String>().to_uppercase();
    let mut near: Vec<(usize, &'static str)> = catalogue()
        .map(|rule| (strsim::damerau_levenshtein(&wanted, rule.code), rule.code))
        .filter(|(distance, _)| *distance <= SLIPS)
        .collect();
    near.sort_unstable();
    let best = near.first().map(|(distance, _)| *distance);
    near.into_iter()
        .take_while(|(distance, _)| Some(*distance) == best)
        .take(OFFERED)
        .map(|(_, code)| code)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_of_the_pen_is_understood() {
        // One keystroke from several: a neighbour in the list is as likely as the one meant.
        assert!(nearest("META-0014").contains(&"META-014"));
        assert_eq!(nearest("aud-17").first(), Some(&"AUD-017"));
        assert_eq!(nearest("DELA-003").first(), Some(&"DEAL-003"));
        assert_eq!(nearest("nonsense"), [""; 0]);
        assert_eq!(nearest(&"x".repeat(1 << 20)), [""; 0]);
    }

    #[test]
    fn safety_is_raised_and_never_lowered() {
        let safe = |setting| may_set("XML-002", Some(setting)).is_ok();
        assert!(safe(RuleSetting::Error));
        for setting in [
            RuleSetting::Question,
            RuleSetting::Warning,
            RuleSetting::Info,
            RuleSetting::Off,
        ] {
            assert!(!safe(setting), "{setting:?}");
        }
        assert!(may_set("XML-002", None).is_ok());
        assert!(may_set("AUD-017", Some(RuleSetting::Off)).is_ok());
        assert!(matches!(
            may_set("PKG-018", Some(RuleSetting::Off)),
            Err(Refusal::AtTheDoor { .. })
        ));
    }

    #[test]
    fn a_setting_that_is_not_allowed_has_no_effect() {
        let policy: Policy = [
            ("XML-002".to_owned(), RuleSetting::Off),
            ("AUD-017".to_owned(), RuleSetting::Off),
        ]
        .into_iter()
        .collect();
        let weigh = |code, usual| rule(code).and_then(|rule| rule.weigh(usual, &policy));
        assert_eq!(
            weigh("XML-002", Severity::Error),
            Some(Severity::Error),
            "a row that someone wrote into the database by hand"
        );
        assert_eq!(weigh("AUD-017", Severity::Warning), None);
    }
}
