//! Values that DDEX allows, in ERN 4.3 and 3.8.2, and what one has for the other. Facts only.

pub(super) use crate::domain::rules::values::{ARTIST_ROLES, PARENTAL_WARNINGS, USE_TYPES, holds};

/// `ResourceContributorRole` of ERN 3.8.2.
pub(super) const RESOURCE_ROLES: &str = "\
    AAndRAdministrator AAndRCoordinator Accompanyist Actor AdditionalEngineer \
    AdditionalMixingEngineer AdditionalPerformer AdditionalProgrammingEngineer \
    AdditionalStudioProducer AnchorPerson AnimalTrainer Animator Annotator Announcer \
    Architect Armourer ArtCopyist ArtDirector Artist ArtistBackgroundVocalEngineer \
    ArtistVocalEngineer ArtistVocalSecondEngineer AssistantCameraOperator \
    AssistantChiefLightingTechnician AssistantConductor AssistantDirector AssistantEditor \
    AssistantEngineer AssistantProducer AssistantVisualEditor AssociateProducer \
    AssociatedPerformer AuralTrainer BackgroundVocalist BalanceEngineer Band BandLeader \
    Binder BindingDesigner BookDesigner BookProducer BookPublisher BookjackDesigner \
    BookplateDesigner BroadcastAssistant BroadcastJournalist Calligrapher CameraOperator \
    Carpenter Cartographer Cartoonist CastingDirector Causeur Censor ChiefLightingTechnician \
    Choir ChoirMember Choreographer ChorusMaster CircusArtist ClapperLoader ClubDJ \
    CoDirector CoExecutiveProducer CoMixer CoMixingEngineer CoProducer ColorSeparator \
    Comedian Commentator CommissioningBroadcaster CompilationProducer ComputerGraphicCreator \
    ComputerProgrammer ConcertMaster Conductor Consultant ContinuityChecker Contractor \
    Contributor Correspondent CostumeDesigner CoverDesigner DJ Dancer Delineator Designer \
    DialogueCoach DialogueDirector DigitalAudioWorkstationEngineer DigitalEditingEngineer \
    DigitalEditingSecondEngineer DirectStreamDigitalEngineer Director DistributionCompany \
    Draughtsman Dresser Dubber Editor EditorInChief EditorOfTheDay Encoder Engineer Ensemble \
    ExecutiveProducer Expert Facsimilist FeaturedArtist FightDirector FilmDirector \
    FilmDistributor FilmEditor FilmProducer FilmSoundEngineer FloorManager FocusPuller \
    FoleyArtist FoleyEditor FoleyMixer GraphicArtist GraphicAssistant GraphicDesigner \
    Greensman Grip GroupMember GuestConductor Hairdresser Illustrator \
    ImmersiveMixingEngineer InitialProducer InterviewedGuest Interviewer Journalist \
    KeyCharacter KeyGrip KeyTalent LeadPerformer LeadVocalist Leadman LightingDirector \
    LightingTechnician LocationManager MainArtist MakeUpArtist Manufacturer \
    MasteringEngineer MasteringSecondEngineer MatteArtist Member Mixer MixingEngineer \
    MixingSecondEngineer MusicArranger MusicCopyist MusicDirector MusicGroup Musician \
    Narrator NewsProducer NewsReader NewspaperPublisher NotSpecified Orchestra \
    OrchestraMember OriginalArtist OverdubEngineer OverdubSecondEngineer Painter Performer \
    PeriodicalPublisher Photographer PhotographyDirector PlaybackSinger PostProducer \
    PreProduction PreProductionEngineer PreProductionSecondEngineer Presenter \
    PrimaryMusician Producer ProductionAssistant ProductionCompany ProductionCoordinator \
    ProductionDepartment ProductionManager ProductionSecretary ProgramProducer Programmer \
    ProgrammingEngineer ProjectEngineer PropertyManager PublishingDirector Puppeteer \
    Pyrotechnician RecordingEngineer RecordingSecondEngineer Redactor ReissueProducer \
    RemixedArtist Remixer RemixingEngineer RemixingSecondEngineer Repetiteur \
    ResearchTeamHead ResearchTeamMember Researcher Restager Rigger RightsControllerOnProduct \
    Runner ScenicOperative ScientificAdvisor ScreenplayAuthor ScriptSupervisor \
    SecondAssistantCameraOperator SecondAssistantDirector SecondConductor SecondEngineer \
    SecondUnitDirector SeriesProducer SetDesigner SetDresser SignLanguageInterpreter Soloist \
    SoundDesigner SoundMixer SoundRecordist SoundSupervisor Speaker SpecialEffectsTechnician \
    Sponsor StageAssistantEngineer StageDirector StageEngineer StoryTeller StringEngineer \
    StringProducer StringsDirector StudioConductor StudioMusician StudioPersonnel \
    StudioProducer Stunts SubtitlesEditor SubtitlesTranslator SupportingActor \
    SurroundMixingEngineer SurroundMixingSecondEngineer TapeOperator TechnicalDirector \
    Tonmeister TrackingEngineer TrackingSecondEngineer TransfersAndSafetiesEngineer \
    TransfersAndSafetiesSecondEngineer TransportationManager Treatment/ProgramProposal \
    TypeDesigner Unknown UserDefined VideoDirector VideoMusicalDirector VideoProducer \
    Videographer VisionMixer VisualEditor VisualEffectsTechnician VocalArranger \
    VocalEditingEngineer VocalEditingSecondEngineer VocalEngineer VocalProducer \
    VocalSecondEngineer Vocalist VoiceActor Wardrobe";

/// `MusicalWorkContributorRole` of ERN 3.8.2.
pub(super) const WORK_ROLES: &str = "\
    Adapter Architect Arranger AssociatedPerformer Author AuthorInQuotations \
    AuthorOfAfterword BookPublisher Compiler Composer ComposerLyricist Conceptor Contributor \
    CopyrightClaimant CopyrightHolder Creator DialogueAuthor Dissertant Engraver Etcher \
    Journalist LandscapeArchitect Librettist Lithographer Lyricist MetalEngraver \
    MusicPublisher NewspaperPublisher NonLyricAuthor OriginalPublisher PeriodicalPublisher \
    PlateMaker Playwright Reporter Reviewer Rubricator ScreenplayAuthor Sculptor SubArranger \
    SubLyricist SubPublisher SubstitutedPublisher Translator Unknown UserDefined \
    WoodEngraver Woodcutter WriterOfAccompanyingMaterial";

/// `ReleaseType` of ERN 4.3 that a release of sound may have; 3.8.2 has all of them.
pub(super) const RELEASE_TYPES: &str = "\
    Album AlertToneRelease AudioBookRelease AudioDramaRelease Bundle ClassicalAlbum \
    ClassicalDigitalBoxedSet ClassicalMultimediaAlbum DigitalBoxSetRelease DjMix \
    EBookRelease EP KaraokeRelease MultimediaAlbum MultimediaDigitalBoxedSet \
    MultimediaSingle PlayList RingbackToneRelease RingtoneRelease Single \
    SingleResourceRelease StemBundle";

/// `SoundRecordingType` of ERN 3.8.2; 4.3 has `Clip` as well.
pub(super) const RECORDING_TYPES: &str = "\
    AudioStem MusicalWorkReadalongSoundRecording MusicalWorkSoundRecording \
    NonMusicalWorkReadalongSoundRecording NonMusicalWorkSoundRecording \
    SpokenWordSoundRecording Unknown UserDefined";

/// `ImageType` of ERN 3.8.2; 4.3 has two more.
pub(super) const IMAGE_TYPES: &str = "\
    BackCoverImage BookletBackImage BookletFrontImage DocumentImage FrontCoverImage Icon \
    Logo Photograph Portrait Poster TrayImage Unknown UserDefined VideoScreenCapture \
    Wallpaper";

/// `TextType` of ERN 3.8.2.
pub(super) const TEXT_TYPES: &str = "\
    Caption EBook LinerNotes LyricText NonInteractiveBooklet TextDocument Unknown UserDefined";

/// `TextType` of ERN 4.3.
pub(super) const TEXT_TYPES_OF_4: &str = "\
    Caption ClosedCaption EBook LinerNotes LyricText NonInteractiveBooklet SubTitle TextDocument \
    Unknown UserDefined";

/// `TextCodecType` of a file by its name, where both versions have it.
pub(super) fn text_codec(name: &str) -> Option<&'static str> {
    Some(match crate::domain::naming::extension(name).as_str() {
        "pdf" => "PDF",
        "epub" => "EPUB",
        "html" | "htm" => "HTML",
        "rtf" => "RTF",
        "ttml" => "TTML",
        "lrc" => "LRC",
        _ => return None,
    })
}

/// `ReleaseRelationshipType` of ERN 3.8.2; 4.3 has more.
pub(super) const RELATIONSHIPS: &str = "\
    HasArtistFromEnsemble HasArtistFromSameEnsemble HasContentFrom HasEnsembleWithArtist \
    HasSameArtist HasSameRecordingProject HasSimilarContent IsDifferentEncoding \
    IsDigitalEquivalentToPhysical IsEquivalentToAudio IsEquivalentToVideo \
    IsExtendedFromAlbum IsFromAudio IsFromVideo IsParentRelease \
    IsPhysicalEquivalentToDigital IsReleaseFromRelease IsShortenedFromAlbum Unknown \
    UserDefined";

/// `CommercialModelType` of ERN 4.3.
pub(super) const MODELS: &str = "\
    AdvertisementSupportedModel DeviceFeeModel FreeOfChargeModel PayAsYouGoModel \
    PerformanceRoyaltiesModel RightsClaimModel SubscriptionModel UserDefined";

/// `UserInterfaceType` of ERN 4.3.
pub(super) const INTERFACES: &str = "\
    ConnectedDevice GameConsole Jukebox KaraokeMachine Kiosk LocalStorageJukebox \
    PersonalComputer PhysicalMediaWriter PortableDevice RemoteStorageJukebox SmartSpeakers \
    UserDefined";

/// `VersionType` of ERN 4.3.
pub(super) const VERSION_TYPES: &str = "\
    ACappellaVersion AlbumVersion AlternativeVersion CleanVersion DemoVersion EditedVersion \
    InstrumentalVersion KaraokeVersion LiveVersion MixVersion MonoVersion RadioVersion \
    RemixVersion SessionVersion SingleVersion StereoVersion UserDefined";

/// `RightsControllerRole` of ERN 3.8.2; 4.3 has `RightsHolder` as well.
pub(super) const CONTROLLER_ROLES: &str = "\
    AdministratingRecordCompany LocalPayee RightsAdministrator RightsController \
    RoyaltyAdministrator Unknown";

/// `TitleType` of ERN 3.8.2 that 4.3 has as well.
pub(super) const ADDITIONAL_TITLES: &str = "\
    AlternativeTitle FormalTitle GroupingTitle MusicalWorkTitle OriginalTitle \
    TranslatedTitle UserDefined";

/// `UseType` of ERN 3.8.2 that 4.3 has no more.
const NO_USE_TYPES_OF_4: [&str; 3] = ["AsPerContract", "DubForAdvertisement", "Unknown"];

/// Whether ERN 4.3 has that `UseType`.
pub(super) fn is_use_type_of_4(value: &str) -> bool {
    holds(USE_TYPES, value) && !NO_USE_TYPES_OF_4.contains(&value)
}

/// Roles that 3.8.2 has and `ContributorRole` of 4.3 has not, and what 4.3 calls them.
const RENAMED_ROLES: [(&str, &str); 5] = [
    ("Band", "MusicGroup"),
    ("FeaturedArtist", "Artist"),
    ("MainArtist", "Artist"),
    ("Member", "GroupMember"),
    ("Producer", "StudioProducer"),
];

/// What ERN 4.3 calls a role of 3.8.2; `None` when it has none for it.
pub(super) fn role_of_4(value: &str) -> Option<&str> {
    let renamed = RENAMED_ROLES.iter().find(|(old, _)| *old == value);
    if let Some((_, new)) = renamed {
        return Some(new);
    }
    let is_known = holds(RESOURCE_ROLES, value)
        || holds(WORK_ROLES, value)
        || matches!(value, "ImmersiveMasteringEngineer" | "Mime");
    (is_known && value != "Contributor").then_some(value)
}

/// Whether a text is a language as ERN 4.3 writes it: `en`, `ja-Latn`, `pt-BR`.
pub(super) fn is_language(text: &str) -> bool {
    let mut parts = text.split('-');
    let first = parts.next().unwrap_or_default();
    let letters = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphabetic());
    let region = |part: &str| {
        (part.len() == 2 && letters(part))
            || (part.len() == 3 && part.bytes().all(|b| b.is_ascii_digit()))
    };
    let rest: Vec<&str> = parts.collect();
    let rest_is_right = match rest.as_slice() {
        [] => true,
        [one] => letters(one) || region(one),
        [script, second] => letters(script) && region(second),
        _ => false,
    };
    matches!(first.len(), 2 | 3) && letters(first) && rest_is_right
}

/// Whether a text is a date as DDEX writes it: `YYYY`, `YYYY-MM` or `YYYY-MM-DD`.
pub(super) fn is_date(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    let digits =
        |part: &str, length| part.len() == length && part.bytes().all(|byte| byte.is_ascii_digit());
    let between = |part: &str, most: u8| {
        digits(part, 2) && part.parse::<u8>().is_ok_and(|n| (1..=most).contains(&n))
    };
    match parts.as_slice() {
        [year] => digits(year, 4),
        [year, month] => digits(year, 4) && between(month, 12),
        [year, month, day] => digits(year, 4) && between(month, 12) && between(day, 31),
        _ => false,
    }
}

/// Whether a text is a DDEX party identifier as ERN 4.3 writes it.
pub(super) fn is_dpid(text: &str) -> bool {
    let rest = text.strip_prefix("PADPIDA").unwrap_or_default();
    !rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

/// A duration of XML in milliseconds; `None` for years and months, which have no length, and for
/// what is no duration.
pub(super) fn milliseconds(text: &str) -> Option<u64> {
    let rest = text.strip_prefix('P')?;
    let (days, clock) = rest.split_once('T').unwrap_or((rest, ""));
    if rest.is_empty() || (rest.contains('T') && clock.is_empty()) {
        return None;
    }
    let mut total: u64 = 0;
    let mut number = String::new();
    let units = [
        ("D", 86_400_000_u64),
        ("H", 3_600_000),
        ("M", 60_000),
        ("S", 1_000),
    ];
    let mut next = 0;
    let parts = days
        .chars()
        .map(|c| (c, false))
        .chain(clock.chars().map(|c| (c, true)));
    for (c, is_clock) in parts {
        if c.is_ascii_digit() || (c == '.' && is_clock && !number.contains('.')) {
            number.push(c);
            continue;
        }
        let unit = c.to_string();
        let place = units.iter().position(|(name, _)| *name == unit)?;
        let (_, length) = units.get(place)?;
        if place < next || (place == 0) == is_clock || (number.contains('.') && c != 'S') {
            return None;
        }
        next = place + 1;
        let (whole, part) = number.split_once('.').unwrap_or((&number, ""));
        total = total.checked_add(whole.parse::<u64>().ok()?.checked_mul(*length)?)?;
        if !part.is_empty() {
            let thousandths: String = part.chars().chain("000".chars()).take(3).collect();
            total = total.checked_add(thousandths.parse().ok()?)?;
        }
        number.clear();
    }
    (number.is_empty() && next > 0).then_some(total)
}

/// Milliseconds as a duration of XML, to the second.
pub(super) fn duration(milliseconds: u64) -> String {
    let seconds = milliseconds.saturating_add(500) / 1_000;
    let (hours, minutes, rest) = (seconds / 3_600, seconds / 60 % 60, seconds % 60);
    if hours > 0 {
        format!("PT{hours}H{minutes}M{rest}S")
    } else {
        format!("PT{minutes}M{rest}S")
    }
}

/// Whether a text is a number as XML writes decimals.
pub(super) fn is_decimal(text: &str) -> bool {
    let bare = text.strip_prefix('-').unwrap_or(text);
    let dots = bare.bytes().filter(|b| *b == b'.').count();
    let digits = bare.bytes().filter(u8::is_ascii_digit).count();
    digits > 0 && dots <= 1 && digits + dots == bare.len()
}

/// The yes or no of a flag.
pub(super) fn flag(text: &str) -> Option<&'static str> {
    match text {
        "true" | "1" => Some("true"),
        "false" | "0" => Some("false"),
        _ => None,
    }
}

/// Whether a text is a year of four digits.
pub(super) fn is_year(text: &str) -> bool {
    text.len() == 4 && text.bytes().all(|byte| byte.is_ascii_digit())
}
