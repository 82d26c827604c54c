//! Releases: the product and its tracks.

use super::party::{Artist, RightsLine, Title};
use super::text::{Coded, Genre, Local, Pos, ProprietaryId, Text};
use serde::Serialize;

/// A reference from a release to a resource.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ResourceLink {
    /// The reference, such as `A1`.
    pub reference: Text,
    /// `ReleaseResourceType`: `PrimaryResource`, `SecondaryResource`.
    pub kind: Option<String>,
}

/// A place in the running order: one `ResourceGroupContentItem`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct GroupItem {
    /// Number of the outer group (disc), from 1.
    pub group: u32,
    /// `SequenceNumber`.
    pub sequence: Option<Text>,
    /// `ResourceType`.
    pub resource_type: Option<Text>,
    /// `ReleaseResourceReference`s.
    pub references: Vec<Text>,
    /// `LinkedReleaseResourceReference`s.
    pub linked: Vec<Text>,
    /// `IsHiddenResource`.
    pub is_hidden: Option<Text>,
    /// `IsBonusResource`.
    pub is_bonus: Option<Text>,
    /// `IsInstantGratificationResource`.
    pub is_instant_gratification: Option<Text>,
    /// `IsPreOrderIncentiveResource`.
    pub is_pre_order_incentive: Option<Text>,
    /// Where its element starts.
    pub at: Pos,
}

/// A release: the product, or one track of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Release {
    /// `IsMainRelease`.
    pub is_main: Option<Text>,
    /// `ReleaseReference`, such as `R0`.
    pub reference: Option<Text>,
    /// `ReleaseId/ICPN` (or the guide's `UPC`).
    pub icpn: Option<Text>,
    /// `ICPN/@IsEan`.
    pub is_ean: Option<Text>,
    /// `ReleaseId/GRid`.
    pub grid: Option<Text>,
    /// `ReleaseId/ISRC` (track releases).
    pub isrc: Option<Text>,
    /// `ReleaseId/CatalogNumber`.
    pub catalog_number: Option<Text>,
    /// `ReleaseType`s.
    pub types: Vec<Text>,
    /// `ReleaseType/@UserDefinedValue` of the first type that has one.
    pub user_defined_type: Option<String>,
    /// `ReferenceTitle` first, then `Title`s of the details.
    pub titles: Vec<Title>,
    /// `DisplayArtist`s of all details, in order.
    pub artists: Vec<Artist>,
    /// `DisplayArtistName`.
    pub artist_name: Option<Text>,
    /// `LabelName`.
    pub label_name: Option<Text>,
    /// `Genre/GenreText`s.
    pub genres: Vec<Text>,
    /// `ParentalWarningType`s.
    pub parental: Vec<Text>,
    /// `ReleaseDate` of the details (or the guide's, directly under `Release`), else
    /// `GlobalReleaseDate`.
    pub release_date: Option<Text>,
    /// `OriginalReleaseDate` or `GlobalOriginalReleaseDate`.
    pub original_release_date: Option<Text>,
    /// `TerritoryCode`s of all details.
    pub territories: Vec<Text>,
    /// `PLine`s.
    pub plines: Vec<RightsLine>,
    /// `CLine`s.
    pub clines: Vec<RightsLine>,
    /// `ReleaseResourceReferenceList`.
    pub links: Vec<ResourceLink>,
    /// Running order.
    pub items: Vec<GroupItem>,
    /// `Duration`.
    pub duration: Option<Text>,
    /// What a store is told beyond that.
    pub more: ReleaseMore,
    /// Where its element starts.
    pub at: Pos,
}

/// What no rule looks at, but a store reads: the values above by territory, and rarer ones.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ReleaseMore {
    /// `ReleaseType`s with what makes them the sender's own.
    pub types: Vec<Coded>,
    /// `ReleaseId/CatalogNumber` with its namespace.
    pub catalog_number: Option<ProprietaryId>,
    /// `ReleaseId/ProprietaryId`s.
    pub proprietary_ids: Vec<ProprietaryId>,
    /// `DisplayTitleText`s (4.x).
    pub title_texts: Vec<Local>,
    /// `DisplayArtistName`s.
    pub artist_names: Vec<Local>,
    /// `LabelName`s.
    pub label_names: Vec<Local>,
    /// `Genre`s.
    pub genres: Vec<Genre>,
    /// `ParentalWarningType`s.
    pub parental: Vec<Local>,
    /// `ReleaseDate`s, or `GlobalReleaseDate`.
    pub dates: Vec<Local>,
    /// `OriginalReleaseDate`s, or `GlobalOriginalReleaseDate`.
    pub original_dates: Vec<Local>,
    /// `CourtesyLine`s (4.x).
    pub courtesy_lines: Vec<Local>,
    /// `Keywords`.
    pub keywords: Vec<Local>,
    /// `Synopsis`.
    pub synopses: Vec<Local>,
    /// `MarketingComment`s.
    pub marketing_comments: Vec<Local>,
    /// `IsMultiArtistCompilation`.
    pub is_multi_artist: Option<Text>,
    /// `VersionType`s (4.x).
    pub version_types: Vec<Coded>,
    /// Releases that this one is like.
    pub related: Vec<RelatedRelease>,
    /// Titles of the groups of the running order, by their number (`GroupItem::group`).
    pub group_titles: Vec<(u32, Text)>,
}

/// `RelatedRelease`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct RelatedRelease {
    /// `ReleaseRelationshipType`.
    pub relationship: Coded,
    /// `ReleaseId/ICPN`.
    pub icpn: Option<Text>,
    /// `ReleaseId/GRid`.
    pub grid: Option<Text>,
    /// `ReleaseId/ISRC`.
    pub isrc: Option<Text>,
    /// `ReleaseId/ProprietaryId`s.
    pub proprietary_ids: Vec<ProprietaryId>,
    /// `ReferenceTitle` or `DisplayTitleText`.
    pub title: Option<Text>,
    /// Where its element starts.
    pub at: Pos,
}

impl Release {
    /// Whether it stands for one track of the product.
    pub fn is_track_release(&self) -> bool {
        self.types.iter().any(|t| t.as_str() == "TrackRelease")
            || (self.icpn.is_none() && self.grid.is_none() && self.isrc.is_some())
    }

    /// The title to call it by: `ReferenceTitle`, else the first.
    pub fn title(&self) -> &str {
        self.titles.first().map_or("", |title| title.text.as_str())
    }
}
