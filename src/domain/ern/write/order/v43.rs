//! Order of elements in ERN 4.3, by the name of the schema's type.

use super::Order;

/// `NewReleaseMessage`.
pub(in crate::domain::ern::write) const NEW_RELEASE_MESSAGE: Order = "\
    MessageHeader ReleaseAdmin PartyList CueSheetList ResourceList ChapterList ReleaseList \
    DealList SupplementalDocumentList";

/// `MessageHeader`.
pub(in crate::domain::ern::write) const MESSAGE_HEADER: Order = "\
    MessageThreadId MessageId MessageFileName MessageSender SentOnBehalfOf MessageRecipient \
    MessageCreatedDateTime MessageAuditTrail MessageControlType";

/// `MessagingPartyWithoutCode`.
pub(in crate::domain::ern::write) const MESSAGING_PARTY: Order = "\
    PartyId PartyName TradingName";

/// `Party`.
pub(in crate::domain::ern::write) const PARTY: Order = "\
    PartyReference PartyName PartyId Affiliation RelatedParty ArtistProfilePage";

/// `SoundRecording`.
pub(in crate::domain::ern::write) const SOUND_RECORDING: Order = "\
    ResourceReference Type SoundRecordingEdition RecordingFormat WorkId DisplayTitleText \
    DisplayTitle AdditionalTitle VersionType DisplayArtistName DisplayArtist Contributor \
    Character ResourceRightsController WorkRightsController CourtesyLine Duration \
    CreationDate MasteredDate RemasteredDate FirstPublicationDate LocationAndDateOfSession \
    ParentalWarningType RelatedRelease RelatedResource CompositeMusicalWorkType IsCover \
    HasVocalPerformance HasForegroundVocalPerformance IsInstrumental ContainsHiddenContent \
    IsRemastered IsHiResMusic DisableCrossfade DisableSearch DisplayCredits \
    LanguageOfPerformance Raga Tala Deity AudioChapterReference";

/// `SoundRecordingEdition`.
pub(in crate::domain::ern::write) const SOUND_RECORDING_EDITION: Order = "\
    Type ResourceId EditionContributor PLine RecordingMode TechnicalDetails";

/// `TechnicalSoundRecordingDetails`.
pub(in crate::domain::ern::write) const TECHNICAL_SOUND_RECORDING_DETAILS: Order = "\
    TechnicalResourceDetailsReference DeliveryFile HasImmersiveAudioMetadata IsClip \
    ClipDetails";

/// `SoundRecordingClipDetails`.
pub(in crate::domain::ern::write) const SOUND_RECORDING_CLIP_DETAILS: Order = "\
    TechnicalResourceDetailsReference ClipType Timing ExpressionType DeliveryFile";

/// `AudioDeliveryFile`.
pub(in crate::domain::ern::write) const AUDIO_DELIVERY_FILE: Order = "\
    Type ContainerFormat AudioCodecType BitRate OriginalBitRate NumberOfChannels \
    NumberOfAudioObjects SamplingRate OriginalSamplingRate BitsPerSample Duration BitDepth \
    File Fingerprint IsProvidedInDelivery";

/// `Image`.
pub(in crate::domain::ern::write) const IMAGE: Order = "\
    ResourceReference Type ResourceId DisplayTitleText DisplayTitle AdditionalTitle \
    VersionType DisplayArtistName DisplayArtist Contributor ResourceRightsController \
    WorkRightsController CLine CourtesyLine CreationDate FirstPublicationDate \
    ParentalWarningType RelatedRelease RelatedResource ContainsHiddenContent Description \
    TechnicalDetails";

/// `TechnicalImageDetails`.
pub(in crate::domain::ern::write) const TECHNICAL_IMAGE_DETAILS: Order = "\
    TechnicalResourceDetailsReference ImageCodecType ImageHeight ImageWidth AspectRatio \
    ColorDepth ImageResolution BitDepth IsClip ClipDetails File IsProvidedInDelivery \
    Fingerprint";

/// `File`.
pub(in crate::domain::ern::write) const FILE: Order = "\
    URI HashSum FileSize";

/// `Release`.
pub(in crate::domain::ern::write) const RELEASE: Order = "\
    ReleaseReference ReleaseType ReleaseId DisplayTitleText DisplayTitle AdditionalTitle \
    VersionType DisplayArtistName DisplayArtist ReleaseLabelReference \
    AdministratingRecordCompany PLine CLine CourtesyLine Duration Genre ReleaseDate \
    OriginalReleaseDate ReleaseVisibilityReference ParentalWarningType AvRating \
    RelatedRelease RelatedResource IsSingleArtistCompilation IsMultiArtistCompilation \
    ResourceGroup ExternalResourceLink TargetURL Keywords Synopsis Raga Tala Deity \
    HiResMusicDescription IsSoundtrack IsHiResMusic MarketingComment";

/// `ReleaseId`.
pub(in crate::domain::ern::write) const RELEASE_ID: Order = "\
    GRid ICPN CatalogNumber ProprietaryId";

/// `TrackRelease`.
pub(in crate::domain::ern::write) const TRACK_RELEASE: Order = "\
    ReleaseReference ReleaseId DisplayTitleText DisplayTitle AdditionalTitle \
    ReleaseResourceReference LinkedReleaseResourceReference ReleaseLabelReference Genre \
    ReleaseVisibilityReference RelatedRelease RelatedResource TargetURL Keywords Synopsis \
    MarketingComment";

/// `RelatedRelease`.
pub(in crate::domain::ern::write) const RELATED_RELEASE: Order = "\
    ReleaseRelationshipType ReleaseId DisplayTitleText DisplayTitle AdditionalTitle \
    DisplayArtistName ReleaseLabelReference ReleaseDate OriginalReleaseDate";

/// `ResourceGroup`.
pub(in crate::domain::ern::write) const RESOURCE_GROUP: Order = "\
    DisplayTitleText DisplayTitle AdditionalTitle SequenceNumber NoDisplaySequence \
    DisplaySequence DisplayArtist CarrierType Duration ResourceGroupReleaseReference \
    ReleaseId ResourceGroup ResourceGroupContentItem LinkedReleaseResourceReference";

/// `ResourceGroupContentItem`.
pub(in crate::domain::ern::write) const RESOURCE_GROUP_CONTENT_ITEM: Order = "\
    SequenceNumber NoDisplaySequence DisplaySequence ReleaseResourceReference \
    LinkedReleaseResourceReference IsBonusResource IsInstantGratificationResource \
    IsPreOrderIncentiveResource";

/// `DisplayArtist`.
pub(in crate::domain::ern::write) const DISPLAY_ARTIST: Order = "\
    ArtistPartyReference DisplayArtistRole ArtisticRole TitleDisplayInformation";

/// `Contributor`.
pub(in crate::domain::ern::write) const CONTRIBUTOR: Order = "\
    ContributorPartyReference Role InstrumentType HasMadeFeaturedContribution \
    HasMadeContractedContribution IsCredited DisplayCredits";

/// `ResourceRightsController`.
pub(in crate::domain::ern::write) const RESOURCE_RIGHTS_CONTROLLER: Order = "\
    RightsControllerPartyReference RightsControlType RightShareUnknown RightSharePercentage \
    DelegatedUsageRights";

/// `Deal`.
pub(in crate::domain::ern::write) const DEAL: Order = "\
    DealReference IsCommunicatedOutOfBand DealTerms \
    DealTechnicalResourceDetailsReferenceList DistributionChannelPage";

/// `DealTerms`.
pub(in crate::domain::ern::write) const DEAL_TERMS: Order = "\
    TerritoryCode ExcludedTerritoryCode ValidityPeriod CommercialModelType UseType \
    UserInterfaceType CarrierType TechnicalInstantiation NumberOfUsages DistributionChannel \
    ExcludedDistributionChannel RightsClaimPolicy PriceInformation IsPromotional \
    PromotionalCode IsPreOrderDeal InstantGratificationResourceList PhysicalReturns \
    NumberOfProductsPerCarton";

/// `PriceInformationWithType`.
pub(in crate::domain::ern::write) const PRICE_INFORMATION: Order = "\
    PriceCode WholesalePricePerUnit BulkOrderWholesalePricePerUnit SuggestedRetailPrice";

/// `ReleaseVisibility`.
pub(in crate::domain::ern::write) const RELEASE_VISIBILITY: Order = "\
    VisibilityReference TerritoryCode ExcludedTerritoryCode ReleaseDisplayStartDateTime \
    CoverArtPreviewStartDateTime FullTrackListingPreviewStartDateTime \
    ClipPreviewStartDateTime";

/// `TrackReleaseVisibility`.
pub(in crate::domain::ern::write) const TRACK_RELEASE_VISIBILITY: Order = "\
    VisibilityReference TerritoryCode ExcludedTerritoryCode TrackListingPreviewStartDateTime \
    ClipPreviewStartDateTime";

/// `RightsClaimPolicy`.
pub(in crate::domain::ern::write) const RIGHTS_CLAIM_POLICY: Order = "\
    Condition RightsClaimPolicyType";

/// `ConditionForRightsClaimPolicy`.
pub(in crate::domain::ern::write) const CONDITION: Order = "\
    Value Unit ReferenceCreation RelationalRelator MeasurementType Segment ServiceException";

/// `PurgedRelease`.
pub(in crate::domain::ern::write) const PURGED_RELEASE: Order = "\
    ReleaseId Title Contributor";
