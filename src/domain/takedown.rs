//! Releases that leave a store: in which form it is told, on whose word, and where a release stands
//! at a DSP.

use super::ids::{DspId, PackageId, PushId};
use super::lifecycle::push::PushState;
use super::push::{Order, Push, PushKind};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The form in which a DSP is told that a release leaves it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TakedownForm {
    /// A message without deals.
    #[default]
    NoDeal,
    /// A message whose deals have all ended.
    EndDate,
    /// A `PurgeReleaseMessage`: the DSP forgets that it ever had the release.
    Purge,
}

impl TakedownForm {
    /// The word in profiles and in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NoDeal => "no_deal",
            Self::EndDate => "end_date",
            Self::Purge => "purge",
        }
    }

    /// In words, to go on with after “gets”.
    pub fn words(self) -> &'static str {
        match self {
            Self::NoDeal => "a message without deals",
            Self::EndDate => "a message whose deals have ended",
            Self::Purge => "a PurgeReleaseMessage",
        }
    }
}

/// Where a release stands at one DSP.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Standing {
    /// It never got there.
    #[default]
    Absent,
    /// The DSP has this version.
    There(PackageId),
    /// This version may be there, or is being sent.
    OnItsWay(PackageId),
    /// This push takes it down, and waits or runs.
    BeingTakenDown(PushId),
    /// This push took it down.
    TakenDown(PushId),
}

impl Standing {
    /// The version to be taken down; nothing where there is none.
    pub fn version(&self) -> Option<&PackageId> {
        match self {
            Self::There(package) | Self::OnItsWay(package) => Some(package),
            Self::Absent | Self::BeingTakenDown(_) | Self::TakenDown(_) => None,
        }
    }
}

/// A release at one DSP.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AtDsp {
    /// Where it stands.
    pub standing: Standing,
    /// Pushes that would bring it there and have not begun, oldest first.
    pub waiting: Vec<Push>,
    /// What the push that took it down was ordered by; nothing for a label's own takedown.
    pub order: Option<Order>,
    /// When it was taken down.
    pub down_since: Option<Timestamp>,
}

impl AtDsp {
    /// Whether the DSP has the release, may have it, or is about to get it.
    pub fn is_live(&self) -> bool {
        self.standing.version().is_some() || !self.waiting.is_empty()
    }
}

/// Where a release stands at each DSP, by all pushes of it, oldest first. What was called off, given
/// up or refused has changed nothing there.
pub fn standings(pushes: Vec<Push>) -> BTreeMap<DspId, AtDsp> {
    use PushState as S;
    let mut all: BTreeMap<DspId, AtDsp> = BTreeMap::new();
    for push in pushes {
        let at = all.entry(push.dsp.clone()).or_default();
        match (push.kind, push.state) {
            (_, S::Refused | S::Failed | S::Blocked | S::Cancelled) => {}
            (PushKind::New | PushKind::Update, S::Queued) => at.waiting.push(push),
            (PushKind::New | PushKind::Update, S::Sent | S::Acknowledged) => {
                at.standing = Standing::There(push.package);
            }
            (PushKind::New | PushKind::Update, S::Preparing | S::Sending | S::SentUnknown) => {
                at.standing = Standing::OnItsWay(push.package);
            }
            (PushKind::Takedown, state) => {
                at.standing = if matches!(state, S::Sent | S::Acknowledged) {
                    Standing::TakenDown(push.id)
                } else {
                    Standing::BeingTakenDown(push.id)
                };
                at.down_since = Some(push.order.as_ref().map_or(push.created_at, |o| o.at));
                at.order = push.order;
            }
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    type Pushes = &'static [(PushKind, PushState, &'static str)];

    fn push(kind: PushKind, state: PushState, package: &str) -> Push {
        Push {
            kind,
            state,
            ..Push::queued(
                PushId::new(format!("{}-{package}", kind.as_str())),
                PackageId::new(package),
                DspId::new("store"),
                Timestamp::UNIX_EPOCH,
            )
        }
    }

    fn at_store(pushes: Pushes) -> AtDsp {
        let pushes = pushes.iter().map(|(kind, state, p)| push(*kind, *state, p));
        standings(pushes.collect())
            .remove(&DspId::new("store"))
            .unwrap_or_default()
    }

    #[test]
    fn the_last_push_that_changed_something_tells_where_a_release_stands() {
        use PushKind::{New, Takedown, Update};
        use PushState as S;
        let there = |package: &str| Standing::There(PackageId::new(package));
        let down = |id: &str| Standing::TakenDown(PushId::new(id));
        let cases: [(Pushes, Standing); 9] = [
            (&[], Standing::Absent),
            (&[(New, S::Queued, "a")], Standing::Absent),
            (&[(New, S::Sent, "a")], there("a")),
            (
                &[(New, S::Acknowledged, "a"), (Update, S::Refused, "b")],
                there("a"),
            ),
            (
                &[(New, S::Sent, "a"), (Update, S::SentUnknown, "b")],
                Standing::OnItsWay(PackageId::new("b")),
            ),
            (
                &[(New, S::Sent, "a"), (Takedown, S::Sent, "a")],
                down("takedown-a"),
            ),
            (
                &[(New, S::Sent, "a"), (Takedown, S::Queued, "a")],
                Standing::BeingTakenDown(PushId::new("takedown-a")),
            ),
            (
                &[(New, S::Sent, "a"), (Takedown, S::Failed, "a")],
                there("a"),
            ),
            (
                &[
                    (New, S::Sent, "a"),
                    (Takedown, S::Sent, "a"),
                    (New, S::Sent, "b"),
                ],
                there("b"),
            ),
        ];
        for (pushes, expected) in cases {
            assert_eq!(at_store(pushes).standing, expected, "{pushes:?}");
        }
        let waiting = at_store(&[(New, S::Sent, "a"), (Update, S::Queued, "b")]);
        assert_eq!(waiting.waiting.len(), 1);
        assert_eq!(waiting.standing, there("a"));
    }
}
