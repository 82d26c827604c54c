//! What holds for one release at one DSP: the operator's profile, the label's contract and what was
//! said about the release itself, resolved into one configuration, and that applied to the deals.
//!
//! The label's message grants rights; every layer narrows them and none widens them: territories and
//! models are cut, a start is never earlier. A price is no right, so a price tier replaces. What was
//! asked for and is not granted is told (DSP-015); when no deal is left, nothing goes out (DSP-014).
//!
//! Pure, like all of `domain`. One place for both versions of ERN: the writers get deals that already
//! say what holds.

mod deals;

use super::area::Area;
use super::overrides::{Field, OverrideChange, Setting, holding};
use super::{DspProfile, MessageChoice};
use crate::domain::ern::write::{Loss, Refusal};
use crate::domain::release::Message;
use jiff::civil::Date;
use std::collections::BTreeMap;

pub use deals::{area_of, first_day};

/// Where a value comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// `[message_options]` of the DSP's profile.
    Profile,
    /// The label's contract.
    Label,
    /// Said about this release at this DSP.
    Override {
        /// By whom.
        actor: String,
        /// On which day, UTC.
        on: Date,
    },
}

impl Source {
    /// In a few words.
    pub fn shown(&self) -> String {
        match self {
            Self::Profile => "profile of the DSP".to_owned(),
            Self::Label => "contract of the label".to_owned(),
            Self::Override { actor, on } => format!("override, {actor}, {on}"),
        }
    }
}

/// A value and where it comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held<T> {
    /// The value.
    pub value: T,
    /// Its layer.
    pub source: Source,
}

/// What holds. What is `None` or empty leaves the message as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Effective {
    /// Why the release does not go there at all, as a sentence.
    pub blocked: Option<Held<String>>,
    /// Where it may be sold: no more than each of these.
    pub territories: Vec<Held<Area>>,
    /// Not sold before.
    pub start: Option<Held<Date>>,
    /// The price of the product, as the DSP's code.
    pub price_tier: Option<Held<String>>,
    /// Commercial models, no others.
    pub models: Option<Held<Vec<String>>>,
    /// Uses, no others.
    pub use_types: Option<Held<Vec<String>>>,
    /// Price code of the label → price code of the DSP.
    pub prices: BTreeMap<String, String>,
    /// The DSP's name.
    store: String,
    /// Whose price tiers are.
    namespace: Option<String>,
    /// The label's own message goes out, in which nothing can be changed.
    as_received: bool,
}

/// One line of it, for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// Which field.
    pub field: Field,
    /// What holds.
    pub value: String,
    /// Where that comes from.
    pub source: String,
}

/// A message to which it was applied.
#[derive(Clone, Debug, PartialEq)]
pub struct Applied {
    /// The message with the deals that hold.
    pub message: Message,
    /// Deals that fell away (DSP-003), and what was asked for in vain (DSP-015).
    pub losses: Vec<Loss>,
    /// Why nothing may go out (DSP-014).
    pub kept: Option<Refusal>,
}

/// Resolves the layers. `contract` are the label's territories, none for the whole world; of
/// `changes` those of the profile's DSP count.
pub fn resolve(profile: &DspProfile, contract: &[String], changes: &[OverrideChange]) -> Effective {
    let options = &profile.message_options;
    let as_received = profile.message == MessageChoice::AsReceived;
    let mut made = Effective {
        store: profile.name.clone(),
        namespace: Some(format!("DPID:{}", options.dpid)).filter(|_| !options.dpid.is_empty()),
        as_received,
        prices: options.prices.clone(),
        ..Effective::default()
    };
    if !as_received {
        for (codes, source) in [
            (&options.territories[..], Source::Profile),
            (contract, Source::Label),
        ] {
            if !codes.is_empty() {
                let value = Area::of(codes);
                made.territories.push(Held { value, source });
            }
        }
    }
    let own = holding(changes).into_iter();
    for change in own.filter(|change| change.dsp == profile.id) {
        made.add(change);
    }
    made
}

impl Effective {
    /// One that only narrows, for no DSP in particular.
    pub fn narrowing(territories: Option<Area>, start: Option<Date>) -> Self {
        let source = Source::Profile;
        let held = |value| Held {
            value,
            source: source.clone(),
        };
        Self {
            territories: territories.map(held).into_iter().collect(),
            start: start.map(|value| Held {
                value,
                source: source.clone(),
            }),
            store: "the store".to_owned(),
            ..Self::default()
        }
    }

    fn add(&mut self, change: &OverrideChange) {
        let source = Source::Override {
            actor: change.actor.clone(),
            on: change.at.to_zoned(jiff::tz::TimeZone::UTC).date(),
        };
        let Some(setting) = change.setting.clone() else {
            return;
        };
        match setting {
            Setting::Block => {
                let value = change.why_blocked(&self.store);
                self.blocked = Some(Held { value, source });
            }
            Setting::Territories(value) => self.territories.push(Held { value, source }),
            Setting::Start(value) => self.start = Some(Held { value, source }),
            Setting::PriceTier(value) => self.price_tier = Some(Held { value, source }),
            Setting::Models(value) => self.models = Some(Held { value, source }),
            Setting::UseTypes(value) => self.use_types = Some(Held { value, source }),
        }
    }

    /// Where the release may be sold, whatever its message grants.
    pub fn area(&self) -> Area {
        let areas = self.territories.iter();
        areas.fold(Area::world(), |area, layer| area.and(&layer.value))
    }

    /// All of it, for people: every field, also those that nothing was said about.
    pub fn lines(&self) -> Vec<Line> {
        let line = |field, value: String, source: String| Line {
            field,
            value,
            source,
        };
        let message = || "message of the label".to_owned();
        let mut lines = vec![match &self.blocked {
            Some(blocked) => line(Field::Block, "blocked".to_owned(), blocked.source.shown()),
            None => line(
                Field::Block,
                "may go".to_owned(),
                "nothing against it".to_owned(),
            ),
        }];
        let sources: Vec<String> = self.territories.iter().map(|l| l.source.shown()).collect();
        lines.push(if sources.is_empty() {
            line(Field::Territories, "as granted".to_owned(), message())
        } else {
            let value = format!("of those granted: {}", self.area());
            line(Field::Territories, value, sources.join("; "))
        });
        lines.push(match &self.start {
            Some(start) => {
                let value = format!("not before {}", start.value);
                line(Field::Start, value, start.source.shown())
            }
            None => line(Field::Start, "as granted".to_owned(), message()),
        });
        lines.push(match &self.price_tier {
            Some(tier) => line(Field::PriceTier, tier.value.clone(), tier.source.shown()),
            None if self.prices.is_empty() => {
                line(Field::PriceTier, "as stated".to_owned(), message())
            }
            None => line(
                Field::PriceTier,
                "as stated, in the DSP's codes".to_owned(),
                Source::Profile.shown(),
            ),
        });
        for (field, words) in [
            (Field::Models, &self.models),
            (Field::UseTypes, &self.use_types),
        ] {
            lines.push(match words {
                Some(words) => {
                    let value = format!("of those granted: {}", words.value.join(", "));
                    line(field, value, words.source.shown())
                }
                None => line(field, "as granted".to_owned(), message()),
            });
        }
        lines
    }
}

#[cfg(test)]
mod tests;
