//! Order of elements in ERN 3.8.2, by the name of the schema's type.

use super::orders;

orders! {
    NEW_RELEASE_MESSAGE = "NewReleaseMessage":
        "\
        MessageHeader UpdateIndicator IsBackfill CatalogTransfer WorkList CueSheetList \
        ResourceList CollectionList ReleaseList DealList";
    SOUND_RECORDING = "SoundRecording":
        "\
        SoundRecordingType IsArtistRelated SoundRecordingId IndirectSoundRecordingId \
        ResourceReference ReferenceTitle InstrumentationDescription IsMedley IsPotpourri \
        IsInstrumental IsBackground IsHiddenResource IsBonusResource HasPreOrderFulfillment \
        IsComputerGenerated IsRemastered NoSilenceBefore NoSilenceAfter \
        PerformerInformationRequired LanguageOfPerformance Duration RightsAgreementId \
        SoundRecordingCollectionReferenceList ResourceMusicalWorkReferenceList \
        ResourceContainedResourceReferenceList CreationDate MasteredDate RemasteredDate \
        SoundRecordingDetailsByTerritory TerritoryOfCommissioning NumberOfFeaturedArtists \
        NumberOfNonFeaturedArtists NumberOfContractedArtists NumberOfNonContractedArtists";
    SOUND_RECORDING_ID = "SoundRecordingId":
        "\
        ISRC CatalogNumber ProprietaryId";
    SOUND_RECORDING_DETAILS_BY_TERRITORY = "SoundRecordingDetailsByTerritory":
        "\
        TerritoryCode ExcludedTerritoryCode Title DisplayArtist DisplayConductor \
        ResourceContributor IndirectResourceContributor RightsAgreementId DisplayArtistName \
        LabelName RightsController RemasteredDate ResourceReleaseDate \
        OriginalResourceReleaseDate PLine CourtesyLine SequenceNumber HostSoundCarrier \
        MarketingComment Genre ParentalWarningType AvRating TechnicalSoundRecordingDetails \
        FulfillmentDate Keywords Synopsis";
    TECHNICAL_SOUND_RECORDING_DETAILS = "TechnicalSoundRecordingDetails":
        "\
        TechnicalResourceDetailsReference DrmPlatformType ContainerFormat AudioCodecType \
        BitRate NumberOfChannels SamplingRate BitsPerSample Duration \
        ResourceProcessingRequired UsableResourceDuration IsPreview PreviewDetails \
        FulfillmentDate ConsumerFulfillmentDate FileAvailabilityDescription File Fingerprint";
    SOUND_RECORDING_PREVIEW_DETAILS = "SoundRecordingPreviewDetails":
        "\
        PartType StartPoint EndPoint Duration TopLeftCorner BottomRightCorner ExpressionType";
    FILE = "File":
        "\
        FileName FilePath URL HashSum";
    IMAGE = "Image":
        "\
        ImageType IsArtistRelated ImageId ResourceReference Title CreationDate \
        ImageDetailsByTerritory";
    IMAGE_DETAILS_BY_TERRITORY = "ImageDetailsByTerritory":
        "\
        TerritoryCode ExcludedTerritoryCode Title ResourceContributor \
        IndirectResourceContributor DisplayArtistName CLine Description CourtesyLine \
        ResourceReleaseDate OriginalResourceReleaseDate FulfillmentDate Keywords Synopsis \
        Genre ParentalWarningType TechnicalImageDetails";
    TECHNICAL_IMAGE_DETAILS = "TechnicalImageDetails":
        "\
        TechnicalResourceDetailsReference DrmPlatformType ContainerFormat ImageCodecType \
        ImageHeight ImageWidth AspectRatio ColorDepth ImageResolution IsPreview \
        PreviewDetails FulfillmentDate ConsumerFulfillmentDate FileAvailabilityDescription \
        File Fingerprint";
    RELEASE = "Release":
        "\
        ReleaseId ReleaseReference ExternalResourceLink SalesReportingProxyReleaseId \
        ReferenceTitle ReleaseResourceReferenceList ResourceOmissionReason \
        ReleaseCollectionReferenceList ReleaseType ReleaseDetailsByTerritory \
        LanguageOfPerformance LanguageOfDubbing SubTitleLanguage Duration RightsAgreementId \
        PLine CLine ArtistProfilePage GlobalReleaseDate GlobalOriginalReleaseDate";
    RELEASE_ID = "ReleaseId":
        "\
        GRid ISRC ICPN CatalogNumber ProprietaryId";
    RELEASE_DETAILS_BY_TERRITORY = "ReleaseDetailsByTerritory":
        "\
        TerritoryCode ExcludedTerritoryCode DisplayArtistName LabelName RightsAgreementId \
        Title DisplayArtist IsMultiArtistCompilation AdministratingRecordCompany ReleaseType \
        RelatedRelease ParentalWarningType AvRating MarketingComment ResourceGroup Genre \
        PLine CLine ReleaseDate OriginalReleaseDate OriginalDigitalReleaseDate \
        FileAvailabilityDescription File Keywords Synopsis Character \
        NumberOfUnitsPerPhysicalRelease DisplayConductor";
    RESOURCE_GROUP = "ResourceGroup":
        "\
        Title SequenceNumber DisplayArtist DisplayConductor DisplayComposer \
        ResourceContributor IndirectResourceContributor CarrierType ResourceGroup \
        ResourceGroupContentItem ResourceGroupResourceReferenceList \
        ResourceGroupReleaseReference ReleaseId";
    RESOURCE_GROUP_CONTENT_ITEM = "ExtendedResourceGroupContentItem":
        "\
        SequenceNumber SequenceSubNumber ResourceType ReleaseResourceReference \
        LinkedReleaseResourceReference ResourceGroupContentItemReleaseReference ReleaseId \
        Duration IsHiddenResource IsBonusResource IsInstantGratificationResource \
        IsPreOrderIncentiveResource";
    ARTIST = "Artist":
        "\
        PartyName PartyId ArtistRole Nationality";
    RESOURCE_CONTRIBUTOR = "DetailedResourceContributor":
        "\
        PartyName PartyId ResourceContributorRole IsFeaturedArtist IsContractedArtist \
        InstrumentType ArtistDelegatedUsageRights Sex Nationality DateAndPlaceOfBirth \
        DateAndPlaceOfDeath PrimaryRole Performance PrimaryInstrumentType \
        GoverningAgreementType ContactInformation TerritoryOfResidency Citizenship \
        AdditionalRoles Genre Membership";
    INDIRECT_RESOURCE_CONTRIBUTOR = "IndirectResourceContributor":
        "\
        PartyName PartyId IndirectResourceContributorRole Nationality";
    TYPED_RIGHTS_CONTROLLER = "TypedRightsController":
        "\
        PartyName PartyId RightsControllerRole RightShareUnknown RightSharePercentage \
        RightsControllerType TerritoryOfRegistration StartDate EndDate";
    RELATED_RELEASE = "RelatedRelease":
        "\
        ReleaseId ReferenceTitle ReleaseSummaryDetailsByTerritory RightsAgreementId \
        ReleaseRelationshipType ReleaseDate OriginalReleaseDate";
    DEAL = "Deal":
        "\
        DealReference DealTerms ResourceUsage DealTechnicalResourceDetailsReferenceList \
        DistributionChannelPage";
    DEAL_TERMS = "DealTerms":
        "\
        IsPreOrderDeal CommercialModelType Usage AllDealsCancelled TakeDown TerritoryCode \
        ExcludedTerritoryCode DistributionChannel ExcludedDistributionChannel \
        PriceInformation IsPromotional PromotionalCode ValidityPeriod ConsumerRentalPeriod \
        PreOrderReleaseDate ReleaseDisplayStartDate TrackListingPreviewStartDate \
        CoverArtPreviewStartDate ClipPreviewStartDate ReleaseDisplayStartDateTime \
        TrackListingPreviewStartDateTime CoverArtPreviewStartDateTime \
        ClipPreviewStartDateTime PreOrderPreviewDate PreOrderPreviewDateTime \
        PreOrderIncentiveResourceList InstantGratificationResourceList IsExclusive \
        RelatedReleaseOfferSet PhysicalReturns NumberOfProductsPerCarton RightsClaimPolicy \
        WebPolicy";
    USAGE = "Usage":
        "\
        UseType UserInterfaceType DistributionChannelType CarrierType TechnicalInstantiation \
        NumberOfUsages";
    PRICE_INFORMATION = "PriceInformation":
        "\
        Description PriceRangeType PriceType WholesalePricePerUnit \
        BulkOrderWholesalePricePerUnit SuggestedRetailPrice";
    PURGED_RELEASE = "PurgedRelease":
        "\
        ReleaseId Title ResourceContributor";
    MESSAGE_HEADER = "MessageHeader":
        "\
        MessageThreadId MessageId MessageFileName MessageSender SentOnBehalfOf \
        MessageRecipient MessageCreatedDateTime MessageAuditTrail Comment MessageControlType";
    TEXT = "Text":
        "\
        TextType IsArtistRelated TextId IndirectTextId ResourceReference \
        ResourceMusicalWorkReferenceList ResourceContainedResourceReferenceList Title \
        CreationDate TextDetailsByTerritory";
    SHEET_MUSIC = "SheetMusic":
        "\
        SheetMusicType IsArtistRelated SheetMusicId IndirectSheetMusicId ResourceReference \
        LanguageOfLyrics RightsAgreementId ResourceMusicalWorkReferenceList \
        ResourceContainedResourceReferenceList ReferenceTitle CreationDate \
        SheetMusicDetailsByTerritory";
    TEXT_DETAILS_BY_TERRITORY = "TextDetailsByTerritory":
        "\
        TerritoryCode ExcludedTerritoryCode Title ResourceContributor \
        IndirectResourceContributor DisplayArtistName CLine CourtesyLine ResourceReleaseDate \
        OriginalResourceReleaseDate FulfillmentDate Keywords Synopsis Genre \
        ParentalWarningType TechnicalTextDetails";
    TECHNICAL_TEXT_DETAILS = "TechnicalTextDetails":
        "\
        TechnicalResourceDetailsReference DrmPlatformType ContainerFormat TextCodecType \
        IsPreview PreviewDetails FulfillmentDate ConsumerFulfillmentDate \
        FileAvailabilityDescription File Fingerprint";
}
