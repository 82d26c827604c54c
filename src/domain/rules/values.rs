//! Values that DDEX allows (AVS of ERN 3.8.2) and what people write in their place. Facts only; the
//! words of the standard are not repeated here.
//!
//! Tables are texts of words in ascending order, because a list of three hundred one-word lines hides
//! more than it shows.

/// `CommercialModelType`.
pub(super) const COMMERCIAL_MODELS: &str = "\
    AdvertisementSupportedModel AsPerContract DeviceFeeModel FreeOfChargeModel \
    PayAsYouGoModel PerformanceRoyaltiesModel RightsClaimModel SubscriptionModel Unknown \
    UserDefined";

/// `UseType`.
pub(in crate::domain) const USE_TYPES: &str = "\
    AsPerContract Broadcast Cable ConditionalDownload ContentInfluencedStream Display \
    Download Dub DubForAdvertisement DubForLivePerformance DubForMovies DubForMusicOnHold \
    DubForOnDemandStreaming DubForPublicPerformance DubForRadio DubForTV ExtractForInternet \
    KioskDownload Narrowcast NonInteractiveStream OnDemandStream Perform PerformAsMusicOnHold \
    PerformInLivePerformance PerformInPublic PermanentDownload PlayInPublic Playback Podcast \
    Print PrivateCopy PurchaseAsPhysicalProduct Rent Simulcast Stream TetheredDownload \
    TimeInfluencedStream Unknown Use UseAsAlertTone UseAsDevice UseAsKaraoke \
    UseAsRingbackTone UseAsRingbackTune UseAsRingtone UseAsRingtune UseAsScreensaver \
    UseAsVoiceMail UseAsWallpaper UseForIdentification UseInMobilePhoneMessaging \
    UseInPhoneListening UserDefined UserMakeAvailableLabelProvided \
    UserMakeAvailableUserProvided Webcast";

/// The `CommercialModelType` that a person means: in any case, with or without `Model` at its end.
pub fn commercial_model(text: &str) -> Option<&'static str> {
    let all = COMMERCIAL_MODELS.split_whitespace();
    let is_it = |word: &&str| {
        let short = word.strip_suffix("Model").unwrap_or(word);
        word.eq_ignore_ascii_case(text) || short.eq_ignore_ascii_case(text)
    };
    all.into_iter().find(is_it)
}

/// The `UseType` that a person means, in any case.
pub fn use_type(text: &str) -> Option<&'static str> {
    let mut all = USE_TYPES.split_whitespace();
    all.find(|word| word.eq_ignore_ascii_case(text))
}

/// `ArtistRole`.
pub(in crate::domain) const ARTIST_ROLES: &str = "\
    Actor Adapter Architect Arranger ArtCopyist Artist AssociatedPerformer Author Band \
    Calligrapher Cartographer Cartoonist Choir Choreographer Composer ComposerLyricist \
    ComputerGraphicCreator ComputerProgrammer Conductor Contributor Dancer Delineator \
    Designer Director Draughtsman Ensemble Facsimilist FeaturedArtist FilmDirector \
    GraphicArtist GraphicDesigner Illustrator Journalist Librettist Lyricist MainArtist \
    MusicCopyist Narrator NonLyricAuthor NotSpecified Orchestra OriginalPublisher Painter \
    Photographer PhotographyDirector Playwright PrimaryMusician Producer Programmer \
    ScreenplayAuthor Soloist StudioMusician StudioPersonnel SubArranger Translator \
    TypeDesigner Unknown UserDefined";

/// `ParentalWarningType`.
pub(in crate::domain) const PARENTAL_WARNINGS: &str = "\
    Explicit ExplicitContentEdited NoAdviceAvailable NotExplicit Unknown UserDefined";

/// Territories: ISO 3166-1 with the AVS's additions (stale `AN` and `CS`, parts of Spain, `XK`).
pub(super) const TERRITORIES: &str = "\
    AD AE AF AG AI AL AM AN AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO \
    BQ BR BS BT BV BW BY BZ CA CC CD CF CG CH CI CK CL CM CN CO CR CS CU CV CW CX CY CZ DE DJ \
    DK DM DO DZ EC EE EG EH ER ES ES-CE ES-CN ES-ML ET FI FJ FK FM FO FR GA GB GD GE GF GG GH \
    GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE JM \
    JO JP KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG \
    MH MK ML MM MN MO MP MQ MR MS MT MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM \
    PA PE PF PG PH PK PL PM PN PR PS PT PW PY QA RE RO RS RU RW SA SB SC SD SE SG SH SI SJ SK \
    SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG UM \
    US UY UZ VA VC VE VG VI VN VU WF WS Worldwide XK YE YT ZA ZM ZW";

/// Territories of [`TERRITORIES`] that ISO 3166 has withdrawn.
pub(super) const LEGACY_TERRITORIES: &str = "\
    AN CS";

/// Four-letter codes of ISO 3166-3 that DDEX once took and has deprecated.
pub(super) const DEPRECATED_TERRITORIES: &str = "\
    AIDJ ANHH BQAQ BUMM BYAA CSHH CSXX CTKI DDDE DYBJ FQHH FXFR GEHH HVBF JTUM MIUM NHVU NQAQ \
    NTHH PCHH PUUM PZPA RHZW SKIN SUHH TPTL VDVN WKUM YDYE YUCS ZRCD";

/// What people write for a territory, and the code that they mean.
const TERRITORY_HINTS: &[(&str, &str)] = &[
    ("ALL", "Worldwide"),
    ("AUSTRALIA", "AU"),
    ("AUSTRIA", "AT"),
    ("BRAZIL", "BR"),
    ("CANADA", "CA"),
    ("CSXX", "RS and ME"),
    ("DEU", "DE"),
    ("ENGLAND", "GB"),
    ("FRA", "FR"),
    ("FRANCE", "FR"),
    ("GBR", "GB"),
    ("GERMANY", "DE"),
    ("GHANA", "GH"),
    ("GLOBAL", "Worldwide"),
    ("GREAT BRITAIN", "GB"),
    ("INDIA", "IN"),
    ("INTERNATIONAL", "Worldwide"),
    ("ITALY", "IT"),
    ("JAPAN", "JP"),
    ("JPN", "JP"),
    ("KENYA", "KE"),
    ("NGA", "NG"),
    ("NIGERIA", "NG"),
    ("SCOTLAND", "GB"),
    ("SOUTH AFRICA", "ZA"),
    ("SPAIN", "ES"),
    ("SUHH", "RU and the other successor states"),
    ("SWITZERLAND", "CH"),
    ("TP", "TL"),
    ("TPTL", "TL"),
    ("UK", "GB"),
    ("UNITED KINGDOM", "GB"),
    ("UNITED STATES", "US"),
    ("USA", "US"),
    ("WORLD", "Worldwide"),
    ("WW", "Worldwide"),
    ("YU", "RS and ME"),
    ("YUCS", "RS and ME"),
    ("ZAF", "ZA"),
    ("ZR", "CD"),
    ("ZRCD", "CD"),
];

/// Member states of the European Union, for the common mistake `EU`.
pub(super) const EUROPEAN_UNION: &str = "AT BE BG CY CZ DE DK EE ES FI FR GR HR HU IE IT LT LU LV \
    MT NL PL PT RO SE SI SK";

/// Use types that stand for a whole kind, and the precise ones of that kind.
pub(super) const GENERIC_USE_TYPES: &[(&str, &str)] = &[
    (
        "Download",
        "ConditionalDownload PermanentDownload TetheredDownload",
    ),
    (
        "Stream",
        "ContentInfluencedStream NonInteractiveStream OnDemandStream TimeInfluencedStream",
    ),
];

/// Use types with which a service that only streams can do something.
pub(super) const STREAMING_USE_TYPES: &str = "\
    AsPerContract Broadcast ContentInfluencedStream NonInteractiveStream OnDemandStream Playback \
    Simulcast Stream TimeInfluencedStream Unknown Use UserDefined UserMakeAvailableLabelProvided \
    UserMakeAvailableUserProvided Webcast";

/// Currencies of ISO 4217 in which prices are stated, and those that ended lately.
pub(super) const CURRENCIES: &str = "\
    AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BRL BSD BTN BWP BYN \
    BZD CAD CDF CHF CLP CNY COP CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS \
    GIP GMD GNF GTQ GYD HKD HNL HRK HTG HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW \
    KRW KWD KYD KZT LAK LBP LKR LRD LSL LYD MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN \
    NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RON RSD RUB RWF SAR SBD SCR SDG SEK \
    SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TND TOP TRY TTD TWD TZS UAH UGX USD UYU UZS \
    VED VES VND VUV WST XAF XCD XCG XOF XPF YER ZAR ZMW ZWG";

/// Whether a table holds a word.
pub(in crate::domain) fn holds(table: &str, word: &str) -> bool {
    table.split_ascii_whitespace().any(|entry| entry == word)
}

/// The word of a table that is most like another, if any is.
pub(super) fn nearest(table: &'static str, word: &str) -> Option<&'static str> {
    // Longer texts are no misspelt word, and comparing them costs time.
    if word.len() > 64 {
        return None;
    }
    let wanted = word.to_lowercase();
    table
        .split_ascii_whitespace()
        .map(|entry| (strsim::jaro_winkler(&wanted, &entry.to_lowercase()), entry))
        .filter(|(likeness, _)| *likeness > 0.85)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, entry)| entry)
}

/// The word of a table that a word is when letters alone are looked at: `main artist` is
/// `MainArtist` and nothing else.
pub(super) fn same(table: &'static str, word: &str) -> Option<&'static str> {
    let letters = |text: &str| -> String {
        let letters = text.chars().filter(|c| c.is_alphanumeric());
        letters.flat_map(char::to_lowercase).collect()
    };
    let wanted = letters(word);
    table
        .split_ascii_whitespace()
        .find(|entry| letters(entry) == wanted)
}

/// The territory code that is meant without a doubt: written in other letters, or by a name that
/// stands for this one alone.
pub(super) fn sure_territory(text: &str) -> Option<&'static str> {
    let known = TERRITORY_HINTS.iter();
    let upper = text.trim().to_uppercase();
    let by_name = known.filter(|(wrong, _)| *wrong == upper);
    same(TERRITORIES, text).or_else(|| {
        by_name
            .map(|(_, right)| *right)
            .find(|right| holds(TERRITORIES, right))
    })
}

/// The territory code that is meant by a wrong one.
pub(super) fn territory_hint(text: &str) -> Option<&'static str> {
    let upper = text.trim().to_uppercase();
    if let Some(entry) = TERRITORIES
        .split_ascii_whitespace()
        .find(|entry| entry.to_uppercase() == upper)
    {
        return Some(entry);
    }
    TERRITORY_HINTS
        .iter()
        .find(|(wrong, _)| *wrong == upper)
        .map(|(_, right)| *right)
        .or_else(|| nearest("Worldwide", text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn common_mistakes_are_understood() {
        assert_eq!(territory_hint("UK"), Some("GB"));
        assert_eq!(territory_hint("WW"), Some("Worldwide"));
        assert_eq!(territory_hint("worldwide"), Some("Worldwide"));
        assert_eq!(territory_hint("World Wide"), Some("Worldwide"));
        assert_eq!(territory_hint("de"), Some("DE"));
        assert_eq!(territory_hint("XX"), None);
        assert_eq!(nearest(ARTIST_ROLES, "Main Artist"), Some("MainArtist"));
    }

    #[test]
    fn tables_are_in_order_and_hints_are_codes() {
        for table in [
            COMMERCIAL_MODELS,
            USE_TYPES,
            ARTIST_ROLES,
            PARENTAL_WARNINGS,
            TERRITORIES,
            DEPRECATED_TERRITORIES,
            EUROPEAN_UNION,
            STREAMING_USE_TYPES,
            CURRENCIES,
        ] {
            let words: Vec<&str> = table.split_ascii_whitespace().collect();
            assert!(words.is_sorted(), "{words:?}");
        }
        assert!(
            STREAMING_USE_TYPES
                .split_ascii_whitespace()
                .all(|word| holds(USE_TYPES, word))
        );
        assert!(TERRITORY_HINTS.is_sorted_by_key(|hint| hint.0));
        assert!(
            EUROPEAN_UNION
                .split_ascii_whitespace()
                .all(|code| holds(TERRITORIES, code))
        );
    }
}
