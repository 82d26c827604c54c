//! Deals: what may be done, where, when.

use super::party::Artist;
use super::text::{Coded, Pos, ProprietaryId, Text};
use serde::Serialize;

/// The deals of one or more releases.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ReleaseDeal {
    /// `DealReleaseReference`s.
    pub releases: Vec<Text>,
    /// The deals.
    pub deals: Vec<Deal>,
    /// Where its element starts.
    pub at: Pos,
}

/// One deal: what may be done, where, when.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Deal {
    /// `CommercialModelType`s.
    pub models: Vec<Text>,
    /// `Usage/UseType`s.
    pub use_types: Vec<Text>,
    /// `TerritoryCode`s.
    pub territories: Vec<Text>,
    /// `ExcludedTerritoryCode`s.
    pub excluded: Vec<Text>,
    /// `ValidityPeriod/StartDate` or `StartDateTime`.
    pub start: Option<Text>,
    /// `ValidityPeriod/EndDate` or `EndDateTime`; the day is included.
    pub end: Option<Text>,
    /// `PriceInformation` has a `PriceType` or `PriceRangeType`.
    pub price_type: Option<Text>,
    /// `PriceInformation/WholesalePricePerUnit`.
    pub wholesale_price: Option<Text>,
    /// `PriceInformation/WholesalePricePerUnit/@CurrencyCode`.
    pub currency: Option<Text>,
    /// `IsPreOrderDeal`.
    pub pre_order: Option<Text>,
    /// Texts of all that narrows the deal to some stores, kinds of delivery or customers, sorted:
    /// deals that differ in one of them do not meet.
    pub conditions: Vec<String>,
    /// `TakeDown` is true.
    pub take_down: Option<Text>,
    /// What a store is told beyond that.
    pub more: DealMore,
    /// Where its element starts.
    pub at: Pos,
}

/// What no rule looks at, but a store reads.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct DealMore {
    /// `DealReference`s.
    pub references: Vec<Text>,
    /// `CommercialModelType`s with what makes them the sender's own.
    pub models: Vec<Coded>,
    /// `UseType`s with what makes them the sender's own.
    pub use_types: Vec<Coded>,
    /// Every `ValidityPeriod`, with start and end as written.
    pub periods: Vec<(Option<Text>, Option<Text>)>,
    /// Every `PriceInformation`.
    pub prices: Vec<Price>,
    /// `DistributionChannel`s.
    pub channels: Vec<Artist>,
    /// `ExcludedDistributionChannel`s.
    pub excluded_channels: Vec<Artist>,
    /// `UserInterfaceType`s.
    pub interfaces: Vec<Coded>,
    /// `CarrierType`s.
    pub carriers: Vec<Coded>,
    /// `DistributionChannelType`s (3.x).
    pub channel_types: Vec<Coded>,
    /// `DrmEnforcementType` (3.x).
    pub drm: Option<Text>,
    /// `NumberOfUsages`.
    pub number_of_usages: Option<Text>,
    /// `IsPromotional`.
    pub is_promotional: Option<Text>,
    /// `PromotionalCode`.
    pub promotional_code: Option<ProprietaryId>,
    /// `RightsClaimPolicy`s.
    pub claim_policies: Vec<ClaimPolicy>,
    /// When the release, its list of tracks, its cover and its clips may be shown before it is sold.
    pub preview: [Option<Text>; 4],
    /// `InstantGratificationResourceList`.
    pub instant_gratification: Vec<Text>,
    /// What narrows the deal in a way that we do not hand on, with its value: a rental period, a
    /// choice of files, uses that are narrowed in different ways.
    pub narrowed: Vec<Text>,
}

/// `PriceInformation`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Price {
    /// `PriceType`, `PriceRangeType` or `PriceCode`, with its namespace.
    pub code: Option<ProprietaryId>,
    /// `WholesalePricePerUnit`.
    pub wholesale: Option<Text>,
    /// `SuggestedRetailPrice`.
    pub retail: Option<Text>,
    /// `CurrencyCode` of the one that is there.
    pub currency: Option<String>,
}

/// `RightsClaimPolicy`: what is done with what users upload.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ClaimPolicy {
    /// `RightsClaimPolicyType`.
    pub kind: Text,
    /// `Condition`s: value, unit, reference, relation.
    pub conditions: Vec<[Option<Text>; 4]>,
}

impl Deal {
    /// Whether it takes orders before the release.
    pub fn is_pre_order(&self) -> bool {
        matches!(
            self.pre_order.as_ref().map(Text::as_str),
            Some("true" | "1")
        )
    }
}
