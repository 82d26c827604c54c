//! Order of elements in ERN 3.8.2, by the name of the schema's type.

use super::Order;

/// `NewReleaseMessage`.
pub(in crate::domain::ern::write) const NEW_RELEASE_MESSAGE: Order = "\
    MessageHeader UpdateIndicator IsBackfill CatalogTransfer WorkList CueSheetList \
    ResourceList CollectionList ReleaseList DealList";

/// `SoundRecording`.
pub(in crate::domain::ern::write) const SOUND_RECORDING: Order = "\
    SoundRecordingType IsArtistRelated SoundRecordingId IndirectSoundRecordingId \
    ResourceReference ReferenceTitle InstrumentationDescription IsMedley IsPotpourri \
    IsInstrumental IsBackground IsHiddenResource IsBonusResource HasPreOrderFulfillment \
    IsComputerGenerated IsRemastered NoSilenceBefore NoSilenceAfter \
    PerformerInformationRequired LanguageOfPerformance Duration RightsAgreementId \
    SoundRecordingCollectionReferenceList ResourceMusicalWorkReferenceList \
    ResourceContainedResourceReferenceList CreationDate MasteredDate RemasteredDate \
    SoundRecordingDetailsByTerritory TerritoryOfCommissioning NumberOfFeaturedArtists \
    NumberOfNonFeaturedArtists NumberOfContractedArtists NumberOfNonContractedArtists";

/// `SoundRecordingId`.
pub(in crate::domain::ern::write) const SOUND_RECORDING_ID: Order = "\
    ISRC CatalogNumber ProprietaryId";

/// `SoundRecordingDetailsByTerritory`.
pub(in crate::domain::ern::write) const SOUND_RECORDING_DETAILS_BY_TERRITORY: Order = "\
    TerritoryCode ExcludedTerritoryCode Title DisplayArtist DisplayConductor \
    ResourceContributor IndirectResourceContributor RightsAgreementId DisplayArtistName \
    LabelName RightsController RemasteredDate ResourceReleaseDate \
    OriginalResourceReleaseDate PLine CourtesyLine SequenceNumber HostSoundCarrier \
    MarketingComment Genre ParentalWarningType AvRating TechnicalSoundRecordingDetails \
    FulfillmentDate Keywords Synopsis";

/// `TechnicalSoundRecordingDetails`.
pub(in crate::domain::ern::write) const TECHNICAL_SOUND_RECORDING_DETAILS: Order = "\
    TechnicalResourceDetailsReference DrmPlatformType ContainerFormat AudioCodecType BitRate \
    NumberOfChannels SamplingRate BitsPerSample Duration ResourceProcessingRequired \
    UsableResourceDuration IsPreview PreviewDetails FulfillmentDate ConsumerFulfillmentDate \
    FileAvailabilityDescription File Fingerprint";

/// `SoundRecordingPreviewDetails`.
pub(in crate::domain::ern::write) const SOUND_RECORDING_PREVIEW_DETAILS: Order = "\
    PartType StartPoint EndPoint Duration TopLeftCorner BottomRightCorner ExpressionType";

/// `File`.
pub(in crate::domain::ern::write) const FILE: Order = "\
    FileName FilePath URL HashSum";

/// `Image`.
pub(in crate::domain::ern::write) const IMAGE: Order = "\
    ImageType IsArtistRelated ImageId ResourceReference Title CreationDate \
    ImageDetailsByTerritory";

/// `ImageDetailsByTerritory`.
pub(in crate::domain::ern::write) const IMAGE_DETAILS_BY_TERRITORY: Order = "\
    TerritoryCode ExcludedTerritoryCode Title ResourceContributor \
    IndirectResourceContributor DisplayArtistName CLine Description CourtesyLine \
    ResourceReleaseDate OriginalResourceReleaseDate FulfillmentDate Keywords Synopsis Genre \
    ParentalWarningType TechnicalImageDetails";

/// `TechnicalImageDetails`.
pub(in crate::domain::ern::write) const TECHNICAL_IMAGE_DETAILS: Order = "\
    TechnicalResourceDetailsReference DrmPlatformType ContainerFormat ImageCodecType \
    ImageHeight ImageWidth AspectRatio ColorDepth ImageResolution IsPreview PreviewDetails \
    FulfillmentDate ConsumerFulfillmentDate FileAvailabilityDescription File Fingerprint";

/// `Release`.
pub(in crate::domain::ern::write) const RELEASE: Order = "\
    ReleaseId ReleaseReference ExternalResourceLink SalesReportingProxyReleaseId \
    ReferenceTitle ReleaseResourceReferenceList ResourceOmissionReason \
    ReleaseCollectionReferenceList ReleaseType ReleaseDetailsByTerritory \
    LanguageOfPerformance LanguageOfDubbing SubTitleLanguage Duration RightsAgreementId \
    PLine CLine ArtistProfilePage GlobalReleaseDate GlobalOriginalReleaseDate";

/// `ReleaseId`.
pub(in crate::domain::ern::write) const RELEASE_ID: Order = "\
    GRid ISRC ICPN CatalogNumber ProprietaryId";

/// `ReleaseDetailsByTerritory`.
pub(in crate::domain::ern::write) const RELEASE_DETAILS_BY_TERRITORY: Order = "\
    TerritoryCode ExcludedTerritoryCode DisplayArtistName LabelName RightsAgreementId Title \
    DisplayArtist IsMultiArtistCompilation AdministratingRecordCompany ReleaseType \
    RelatedRelease ParentalWarningType AvRating MarketingComment ResourceGroup Genre PLine \
    CLine ReleaseDate OriginalReleaseDate OriginalDigitalReleaseDate \
    FileAvailabilityDescription File Keywords Synopsis Character \
    NumberOfUnitsPerPhysicalRelease DisplayConductor";

/// `ResourceGroup`.
pub(in crate::domain::ern::write) const RESOURCE_GROUP: Order = "\
    Title SequenceNumber DisplayArtist DisplayConductor DisplayComposer ResourceContributor \
    IndirectResourceContributor CarrierType ResourceGroup ResourceGroupContentItem \
    ResourceGroupResourceReferenceList ResourceGroupReleaseReference ReleaseId";

/// `ExtendedResourceGroupContentItem`.
pub(in crate::domain::ern::write) const RESOURCE_GROUP_CONTENT_ITEM: Order = "\
    SequenceNumber SequenceSubNumber ResourceType ReleaseResourceReference \
    LinkedReleaseResourceReference ResourceGroupContentItemReleaseReference ReleaseId \
    Duration IsHiddenResource IsBonusResource IsInstantGratificationResource \
    IsPreOrderIncentiveResource";

/// `Artist`.
pub(in crate::domain::ern::write) const ARTIST: Order = "\
    PartyName PartyId ArtistRole Nationality";

/// `DetailedResourceContributor`.
pub(in crate::domain::ern::write) const RESOURCE_CONTRIBUTOR: Order = "\
    PartyName PartyId ResourceContributorRole IsFeaturedArtist IsContractedArtist \
    InstrumentType ArtistDelegatedUsageRights Sex Nationality DateAndPlaceOfBirth \
    DateAndPlaceOfDeath PrimaryRole Performance PrimaryInstrumentType GoverningAgreementType \
    ContactInformation TerritoryOfResidency Citizenship AdditionalRoles Genre Membership";

/// `IndirectResourceContributor`.
pub(in crate::domain::ern::write) const INDIRECT_RESOURCE_CONTRIBUTOR: Order = "\
    PartyName PartyId IndirectResourceContributorRole Nationality";

/// `TypedRightsController`.
pub(in crate::domain::ern::write) const TYPED_RIGHTS_CONTROLLER: Order = "\
    PartyName PartyId RightsControllerRole RightShareUnknown RightSharePercentage \
    RightsControllerType TerritoryOfRegistration StartDate EndDate";

/// `RelatedRelease`.
pub(in crate::domain::ern::write) const RELATED_RELEASE: Order = "\
    ReleaseId ReferenceTitle ReleaseSummaryDetailsByTerritory RightsAgreementId \
    ReleaseRelationshipType ReleaseDate OriginalReleaseDate";

/// `Deal`.
pub(in crate::domain::ern::write) const DEAL: Order = "\
    DealReference DealTerms ResourceUsage DealTechnicalResourceDetailsReferenceList \
    DistributionChannelPage";

/// `DealTerms`.
pub(in crate::domain::ern::write) const DEAL_TERMS: Order = "\
    IsPreOrderDeal CommercialModelType Usage AllDealsCancelled TakeDown TerritoryCode \
    ExcludedTerritoryCode DistributionChannel ExcludedDistributionChannel PriceInformation \
    IsPromotional PromotionalCode ValidityPeriod ConsumerRentalPeriod PreOrderReleaseDate \
    ReleaseDisplayStartDate TrackListingPreviewStartDate CoverArtPreviewStartDate \
    ClipPreviewStartDate ReleaseDisplayStartDateTime TrackListingPreviewStartDateTime \
    CoverArtPreviewStartDateTime ClipPreviewStartDateTime PreOrderPreviewDate \
    PreOrderPreviewDateTime PreOrderIncentiveResourceList InstantGratificationResourceList \
    IsExclusive RelatedReleaseOfferSet PhysicalReturns NumberOfProductsPerCarton \
    RightsClaimPolicy WebPolicy";

/// `Usage`.
pub(in crate::domain::ern::write) const USAGE: Order = "\
    UseType UserInterfaceType DistributionChannelType CarrierType TechnicalInstantiation \
    NumberOfUsages";

/// `PriceInformation`.
pub(in crate::domain::ern::write) const PRICE_INFORMATION: Order = "\
    Description PriceRangeType PriceType WholesalePricePerUnit \
    BulkOrderWholesalePricePerUnit SuggestedRetailPrice";

/// `PurgedRelease`.
pub(in crate::domain::ern::write) const PURGED_RELEASE: Order = "\
    ReleaseId Title ResourceContributor";
