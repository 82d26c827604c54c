//! Order of elements in ERN 4.3, by the name of the schema's type.

use super::orders;

orders! {
    NEW_RELEASE_MESSAGE = "NewReleaseMessage":
        "\
        MessageHeader ReleaseAdmin PartyList CueSheetList ResourceList ChapterList \
        ReleaseList DealList SupplementalDocumentList";
    MESSAGE_HEADER = "MessageHeader":
        "\
        MessageThreadId MessageId MessageFileName MessageSender SentOnBehalfOf \
        MessageRecipient MessageCreatedDateTime MessageAuditTrail MessageControlType";
    MESSAGING_PARTY = "MessagingPartyWithoutCode":
        "\
        PartyId PartyName TradingName";
    PARTY = "Party":
        "\
        PartyReference PartyName PartyId Affiliation RelatedParty ArtistProfilePage";
    SOUND_RECORDING = "SoundRecording":
        "\
        ResourceReference Type SoundRecordingEdition RecordingFormat WorkId DisplayTitleText \
        DisplayTitle AdditionalTitle VersionType DisplayArtistName DisplayArtist Contributor \
        Character ResourceRightsController WorkRightsController CourtesyLine Duration \
        CreationDate MasteredDate RemasteredDate FirstPublicationDate \
        LocationAndDateOfSession ParentalWarningType RelatedRelease RelatedResource \
        CompositeMusicalWorkType IsCover HasVocalPerformance HasForegroundVocalPerformance \
        IsInstrumental ContainsHiddenContent IsRemastered IsHiResMusic DisableCrossfade \
        DisableSearch DisplayCredits LanguageOfPerformance Raga Tala Deity \
        AudioChapterReference";
    SOUND_RECORDING_EDITION = "SoundRecordingEdition":
        "\
        Type ResourceId EditionContributor PLine RecordingMode TechnicalDetails";
    TECHNICAL_SOUND_RECORDING_DETAILS = "TechnicalSoundRecordingDetails":
        "\
        TechnicalResourceDetailsReference DeliveryFile HasImmersiveAudioMetadata IsClip \
        ClipDetails";
    SOUND_RECORDING_CLIP_DETAILS = "SoundRecordingClipDetails":
        "\
        TechnicalResourceDetailsReference ClipType Timing ExpressionType DeliveryFile";
    AUDIO_DELIVERY_FILE = "AudioDeliveryFile":
        "\
        Type ContainerFormat AudioCodecType BitRate OriginalBitRate NumberOfChannels \
        NumberOfAudioObjects SamplingRate OriginalSamplingRate BitsPerSample Duration \
        BitDepth File Fingerprint IsProvidedInDelivery";
    IMAGE = "Image":
        "\
        ResourceReference Type ResourceId DisplayTitleText DisplayTitle AdditionalTitle \
        VersionType DisplayArtistName DisplayArtist Contributor ResourceRightsController \
        WorkRightsController CLine CourtesyLine CreationDate FirstPublicationDate \
        ParentalWarningType RelatedRelease RelatedResource ContainsHiddenContent Description \
        TechnicalDetails";
    TECHNICAL_IMAGE_DETAILS = "TechnicalImageDetails":
        "\
        TechnicalResourceDetailsReference ImageCodecType ImageHeight ImageWidth AspectRatio \
        ColorDepth ImageResolution BitDepth IsClip ClipDetails File IsProvidedInDelivery \
        Fingerprint";
    FILE = "File":
        "\
        URI HashSum FileSize";
    RELEASE = "Release":
        "\
        ReleaseReference ReleaseType ReleaseId DisplayTitleText DisplayTitle AdditionalTitle \
        VersionType DisplayArtistName DisplayArtist ReleaseLabelReference \
        AdministratingRecordCompany PLine CLine CourtesyLine Duration Genre ReleaseDate \
        OriginalReleaseDate ReleaseVisibilityReference ParentalWarningType AvRating \
        RelatedRelease RelatedResource IsSingleArtistCompilation IsMultiArtistCompilation \
        ResourceGroup ExternalResourceLink TargetURL Keywords Synopsis Raga Tala Deity \
        HiResMusicDescription IsSoundtrack IsHiResMusic MarketingComment";
    RELEASE_ID = "ReleaseId":
        "\
        GRid ICPN CatalogNumber ProprietaryId";
    TRACK_RELEASE = "TrackRelease":
        "\
        ReleaseReference ReleaseId DisplayTitleText DisplayTitle AdditionalTitle \
        ReleaseResourceReference LinkedReleaseResourceReference ReleaseLabelReference Genre \
        ReleaseVisibilityReference RelatedRelease RelatedResource TargetURL Keywords Synopsis \
        MarketingComment";
    RELATED_RELEASE = "RelatedRelease":
        "\
        ReleaseRelationshipType ReleaseId DisplayTitleText DisplayTitle AdditionalTitle \
        DisplayArtistName ReleaseLabelReference ReleaseDate OriginalReleaseDate";
    RESOURCE_GROUP = "ResourceGroup":
        "\
        DisplayTitleText DisplayTitle AdditionalTitle SequenceNumber NoDisplaySequence \
        DisplaySequence DisplayArtist CarrierType Duration ResourceGroupReleaseReference \
        ReleaseId ResourceGroup ResourceGroupContentItem LinkedReleaseResourceReference";
    RESOURCE_GROUP_CONTENT_ITEM = "ResourceGroupContentItem":
        "\
        SequenceNumber NoDisplaySequence DisplaySequence ReleaseResourceReference \
        LinkedReleaseResourceReference IsBonusResource IsInstantGratificationResource \
        IsPreOrderIncentiveResource";
    DISPLAY_ARTIST = "DisplayArtist":
        "\
        ArtistPartyReference DisplayArtistRole ArtisticRole TitleDisplayInformation";
    CONTRIBUTOR = "Contributor":
        "\
        ContributorPartyReference Role InstrumentType HasMadeFeaturedContribution \
        HasMadeContractedContribution IsCredited DisplayCredits";
    RESOURCE_RIGHTS_CONTROLLER = "ResourceRightsController":
        "\
        RightsControllerPartyReference RightsControlType RightShareUnknown \
        RightSharePercentage DelegatedUsageRights";
    DEAL = "Deal":
        "\
        DealReference IsCommunicatedOutOfBand DealTerms \
        DealTechnicalResourceDetailsReferenceList DistributionChannelPage";
    DEAL_TERMS = "DealTerms":
        "\
        TerritoryCode ExcludedTerritoryCode ValidityPeriod CommercialModelType UseType \
        UserInterfaceType CarrierType TechnicalInstantiation NumberOfUsages \
        DistributionChannel ExcludedDistributionChannel RightsClaimPolicy PriceInformation \
        IsPromotional PromotionalCode IsPreOrderDeal InstantGratificationResourceList \
        PhysicalReturns NumberOfProductsPerCarton";
    PRICE_INFORMATION = "PriceInformationWithType":
        "\
        PriceCode WholesalePricePerUnit BulkOrderWholesalePricePerUnit SuggestedRetailPrice";
    RELEASE_VISIBILITY = "ReleaseVisibility":
        "\
        VisibilityReference TerritoryCode ExcludedTerritoryCode ReleaseDisplayStartDateTime \
        CoverArtPreviewStartDateTime FullTrackListingPreviewStartDateTime \
        ClipPreviewStartDateTime";
    TRACK_RELEASE_VISIBILITY = "TrackReleaseVisibility":
        "\
        VisibilityReference TerritoryCode ExcludedTerritoryCode \
        TrackListingPreviewStartDateTime ClipPreviewStartDateTime";
    RIGHTS_CLAIM_POLICY = "RightsClaimPolicy":
        "\
        Condition RightsClaimPolicyType";
    CONDITION = "ConditionForRightsClaimPolicy":
        "\
        Value Unit ReferenceCreation RelationalRelator MeasurementType Segment \
        ServiceException";
    PURGED_RELEASE = "PurgedRelease":
        "\
        ReleaseId Title Contributor";
    PARTY_NAME = "PartyNameWithTerritory":
        "\
        FullName FullNameAsciiTranscribed FullNameIndexed NamesBeforeKeyName KeyName \
        NamesAfterKeyName AbbreviatedName";
    TEXT = "Text":
        "\
        ResourceReference Type ResourceId WorkId DisplayTitleText DisplayTitle \
        AdditionalTitle VersionType DisplayArtistName DisplayArtist Contributor \
        ResourceRightsController WorkRightsController CLine CourtesyLine CreationDate \
        FirstPublicationDate ParentalWarningType RelatedRelease RelatedResource \
        ContainsHiddenContent ResourceContainedResourceReferenceList TechnicalDetails \
        LanguageOfText";
    SHEET_MUSIC = "SheetMusic":
        "\
        ResourceReference Type ResourceId WorkId DisplayTitleText DisplayTitle \
        AdditionalTitle VersionType DisplayArtistName DisplayArtist Contributor \
        ResourceRightsController WorkRightsController CLine CourtesyLine CreationDate \
        FirstPublicationDate ParentalWarningType RelatedRelease RelatedResource \
        ContainsHiddenContent LanguageOfLyrics ResourceContainedResourceReferenceList \
        TechnicalDetails";
    TECHNICAL_TEXT_DETAILS = "TechnicalTextDetails":
        "\
        TechnicalResourceDetailsReference TextCodecType BitDepth IsClip ClipDetails File \
        IsProvidedInDelivery Fingerprint";
    RESOURCE_SUB_GROUP = "ResourceSubGroup":
        "\
        DisplayTitleText DisplayTitle AdditionalTitle SequenceNumber NoDisplaySequence \
        DisplaySequence DisplayArtist CarrierType Duration ResourceGroupReleaseReference \
        ReleaseId ResourceGroup ResourceGroupContentItem LinkedReleaseResourceReference";
    SOUND_RECORDING_ID = "SoundRecordingId":
        "\
        ISRC CatalogNumber ProprietaryId";
}
