//! The schema check: official sets installed and guarded, verdicts equal to xmllint's, faults in
//! words.

use crate::kit::shared;
use dropzone::domain::account::Profile;
use dropzone::domain::ern;
use dropzone::domain::facts::{SchemaCheck, SchemaFacts};
use dropzone::domain::limits::Limits;
use dropzone::domain::release::{ReadFaultKind, Reading};
use dropzone::inspect::schemas::{SchemaError, SchemaState, Schemas};
use proptest::prelude::*;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::sync::LazyLock;

const RELEASE: &str = include_str!("data/ern-small.xml");

fn read(text: &str) -> Reading {
    ern::read(text.as_bytes(), &Limits::default())
}

fn changed(from: &str, to: &str) -> Reading {
    assert!(
        RELEASE.contains(from),
        "the text to change is there: {from}"
    );
    read(&RELEASE.replacen(from, to, 1))
}

/// No official schemas: the guide's own schema.
static GUIDE: LazyLock<Schemas> = LazyLock::new(|| Schemas::open(Path::new("/nonexistent")));

fn told(facts: &SchemaFacts) -> String {
    let mut all = format!("{:?}, {} faults\n", facts.check, facts.total);
    for fault in &facts.faults {
        let _ = writeln!(
            all,
            "{} {}\n  {}\n  -> {}\n  expected {:?}, found {:?}",
            fault.line,
            fault.path,
            fault.message,
            fault.fix.as_deref().unwrap_or("(nothing)"),
            fault.expected.as_deref().unwrap_or_default(),
            fault.found.as_deref().unwrap_or_default(),
        );
    }
    all
}

#[test]
fn the_guides_schema_takes_correct_messages_and_the_guides_own_sample() {
    let facts = GUIDE.check(&read(RELEASE), Profile::Guide);
    assert_eq!(
        (facts.check.clone(), facts.total),
        (SchemaCheck::Guide, 0),
        "{}",
        told(&facts)
    );
    let Some(shared) = shared() else { return };
    for name in [
        "guide-sample-382.xml",
        "guide-sample-fixed-382.xml",
        "golden382.xml",
    ] {
        let reading = read(&fs::read_to_string(shared.join("golden").join(name)).unwrap());
        let facts = GUIDE.check(&reading, Profile::Guide);
        assert_eq!(
            (facts.check.clone(), facts.total),
            (SchemaCheck::Guide, 0),
            "{name}: {}",
            told(&facts)
        );
    }
    let index = fs::read_to_string(shared.join("samples/INDEX.tsv")).unwrap();
    let mut seen = 0;
    for row in index
        .lines()
        .skip(1)
        .map(|l| l.split('\t').collect::<Vec<_>>())
    {
        if row[0] == "382" && row[8] == "valid" {
            let reading = ern::read(&fs::read(shared.join(row[2])).unwrap(), &Limits::default());
            let facts = GUIDE.check(&reading, Profile::Guide);
            assert_eq!(
                (facts.check.clone(), facts.total),
                (SchemaCheck::Guide, 0),
                "{}: {}",
                row[2],
                told(&facts)
            );
            seen += 1;
        }
    }
    assert!(seen > 35);
}

#[test]
fn verdicts_are_xmllints() {
    let Some(shared) = shared() else { return };
    let schemas = Schemas::open(&shared.join("schemas"));
    let index = fs::read_to_string(shared.join("samples/INDEX.tsv")).unwrap();
    let mut seen = 0;
    for row in index
        .lines()
        .skip(1)
        .map(|l| l.split('\t').collect::<Vec<_>>())
    {
        let reading = ern::read(&fs::read(shared.join(row[2])).unwrap(), &Limits::default());
        let facts = schemas.check(&reading, Profile::Strict);
        let is_refused = reading
            .faults
            .iter()
            .any(|f| f.kind == ReadFaultKind::NotWellFormed);
        let dialect = reading.message.as_ref().map_or(0, |m| m.dialect.len());
        if !is_refused {
            let set = format!("ern-{}", row[0]);
            assert_eq!(facts.check, SchemaCheck::Official { set }, "{}", row[2]);
        }
        let is_valid = !is_refused && dialect == 0 && facts.total == 0;
        assert_eq!(is_valid, row[8] == "valid", "{}: {}", row[2], told(&facts));
        for fault in &facts.faults {
            assert!(fault.message.len() < 400, "{}", fault.message);
            assert!(
                fault.line > 0 && fault.path.starts_with('/'),
                "{}",
                told(&facts)
            );
        }
        seen += 1;
    }
    assert!(seen > 100);
    let golden = read(&fs::read_to_string(shared.join("golden/golden382.xml")).unwrap());
    for profile in [Profile::Strict, Profile::Guide] {
        let facts = schemas.check(&golden, profile);
        assert_eq!(facts.total, 0, "{}", told(&facts));
        assert!(
            matches!(facts.check, SchemaCheck::Official { .. }),
            "{:?}",
            facts.check
        );
    }
}

#[test]
fn the_guides_sample_is_held_to_the_official_schema_in_strict() {
    let Some(shared) = shared() else { return };
    let schemas = Schemas::open(&shared.join("schemas"));
    let text = fs::read_to_string(shared.join("golden/guide-sample-382.xml")).unwrap();
    let reading = read(&text);
    // All that the schema finds is explained by the departures already told.
    let strict = schemas.check(&reading, Profile::Strict);
    assert_eq!(
        strict.check,
        SchemaCheck::Official {
            set: "ern-382".to_owned()
        }
    );
    assert_eq!(strict.total, 0, "{}", told(&strict));
    assert_eq!(
        schemas.check(&reading, Profile::Guide).check,
        SchemaCheck::Guide
    );
    // Another fault beside them is not hidden.
    let worse = read(&text.replace("PT3M42S", "3:42"));
    for profile in [Profile::Strict, Profile::Guide] {
        let facts = schemas.check(&worse, profile);
        assert_eq!(facts.faults.len(), 1, "{}", told(&facts));
        assert_eq!(facts.faults[0].line, 29);
        assert_eq!(facts.faults[0].found.as_deref(), Some("3:42"));
    }
}

/// Changes to the small release and what a label is told of each; read it as a label would.
const CASES: &[(&str, &str, &str)] = &[
    (
        "duration with colons",
        "<Duration>PT3M5S<",
        "<Duration>3:05<",
    ),
    ("role not in the list", ">MainArtist<", ">Main Artist<"),
    (
        "territory not in the list",
        "<TerritoryCode>DE<",
        "<TerritoryCode>UK<",
    ),
    (
        "date in words",
        "2026-03-06</ReleaseDate>",
        "6 March 2026</ReleaseDate>",
    ),
    (
        "no date at all",
        "<ReleaseDate>2026-03-06<",
        "<ReleaseDate><",
    ),
    ("created when", "2026-02-03T10:00:00Z", "yesterday"),
    (
        "title missing",
        "<ReferenceTitle><TitleText>Tide</TitleText></ReferenceTitle>",
        "",
    ),
    (
        "attribute misspelt",
        "LanguageAndScriptCode=\"en\">\n  <Mess",
        "LanguageAndScriptcode=\"en\">\n  <Mess",
    ),
    ("message id missing", "<MessageId>M-200</MessageId>", ""),
    (
        "reference with another letter",
        ">A1</ResourceReference>",
        ">B1</ResourceReference>",
    ),
    (
        "use type",
        "<UseType>PermanentDownload",
        "<UseType>Streaming",
    ),
    (
        "yes for true",
        "IsMainRelease=\"true\"",
        "IsMainRelease=\"yes\"",
    ),
    ("stray text", "<MessageSender>", "hello<MessageSender>"),
    (
        "name straight in PartyName",
        "<PartyName><FullName>Harbour Records</FullName></PartyName>",
        "<PartyName>Harbour Records</PartyName>",
    ),
    ("year of two digits", "<Year>2026", "<Year>26"),
    (
        "start date twice",
        "<StartDate>2026-03-06</StartDate>",
        "<StartDate>2026-03-06</StartDate><StartDate>2026-03-07</StartDate>",
    ),
    (
        "unit in a number",
        "<BitsPerSample>24<",
        "<BitsPerSample>24bit<",
    ),
    (
        "attribute missing",
        "MessageSchemaVersionId=\"ern/382\" ",
        "",
    ),
    (
        "elements in a text",
        ">QZHBR2600002<",
        "><Code>QZHBR2600002</Code><",
    ),
    (
        "misspelt element",
        "<ISRC>QZHBR2600002</ISRC>",
        "<IRSC>QZHBR2600002</IRSC>",
    ),
    (
        "unknown element",
        "<Duration>PT2M40S</Duration>",
        "<Duration>PT2M40S</Duration><Mood>sad</Mood>",
    ),
    (
        "wrong order",
        "<MessageThreadId>T-100</MessageThreadId>\n    <MessageId>M-200</MessageId>",
        "<MessageId>M-200</MessageId>\n    <MessageThreadId>T-100</MessageThreadId>",
    ),
    ("whole list missing", "<ReleaseList>", "<ReleaseLists>"),
    (
        "nothing in the deal",
        "<Usage><UseType>PermanentDownload</UseType></Usage>",
        "",
    ),
    (
        "deal without dates",
        "<ValidityPeriod><StartDate>2026-03-06</StartDate><EndDate>2030-12-31</EndDate></ValidityPeriod>",
        "",
    ),
    (
        "ERN 4 order of a deal",
        "<CommercialModelType>PayAsYouGoModel</CommercialModelType>\n          <Usage><UseType>PermanentDownload</UseType></Usage>\n          <ExcludedTerritoryCode>US</ExcludedTerritoryCode>",
        "<ExcludedTerritoryCode>US</ExcludedTerritoryCode>\n          <CommercialModelType>PayAsYouGoModel</CommercialModelType>\n          <Usage><UseType>PermanentDownload</UseType></Usage>",
    ),
    (
        "both kinds of territory",
        "<ExcludedTerritoryCode>US<",
        "<TerritoryCode>Worldwide</TerritoryCode><ExcludedTerritoryCode>US<",
    ),
];

fn all_told(schemas: &Schemas, profile: Profile) -> String {
    let mut all = String::new();
    for (name, from, to) in CASES {
        let mut text = RELEASE.replacen(from, to, 1);
        if *name == "whole list missing" {
            text = text.replace("</ReleaseList>", "</ReleaseLists>");
        }
        let reading = read(&text);
        assert_ne!(reading.normalised, "", "{name}: {:?}", reading.faults);
        let _ = writeln!(
            all,
            "=== {name}\n{}",
            told(&schemas.check(&reading, profile))
        );
    }
    all
}

#[test]
fn faults_of_the_official_schema_are_explained() {
    let Some(shared) = shared() else { return };
    let schemas = Schemas::open(&shared.join("schemas"));
    insta::assert_snapshot!("official_faults", all_told(&schemas, Profile::Strict));
}

#[test]
fn faults_of_the_guides_schema_are_explained() {
    insta::assert_snapshot!("guide_faults", all_told(&GUIDE, Profile::Guide));
}

#[test]
fn an_element_one_level_too_high_is_sent_to_its_home() {
    let facts = GUIDE.check(
        &changed(
            "<Duration>PT2M40S</Duration>",
            "<Duration>PT2M40S</Duration><TechnicalSoundRecordingDetails/>",
        ),
        Profile::Guide,
    );
    let said = told(&facts);
    assert!(
        said.contains(
            "Move <TechnicalSoundRecordingDetails> into <SoundRecordingDetailsByTerritory>."
        ),
        "{said}"
    );
}

#[test]
fn what_a_release_lacks_is_named_though_much_else_may_follow() {
    let start = RELEASE
        .find("<ReleaseResourceReferenceList>")
        .expect("the release lists its resources");
    let close = "</ReleaseResourceReferenceList>";
    let end = RELEASE[start..].find(close).expect("a list ends") + start + close.len();
    let text = format!("{}{}", &RELEASE[..start], &RELEASE[end..]);
    let said = told(&GUIDE.check(&read(&text), Profile::Guide));
    assert!(
        said.contains("Add <ReleaseResourceReferenceList>"),
        "{said}"
    );
}

#[test]
fn lines_are_true_beyond_65535_and_the_list_is_capped() {
    let padding = "\n".repeat(70_000);
    let text = RELEASE.replacen(
        "<Duration>PT2M40S<",
        &format!("{padding}<Duration>2:40<"),
        1,
    );
    let facts = GUIDE.check(&read(&text), Profile::Guide);
    let line = text.lines().position(|l| l.contains("2:40")).unwrap() + 1;
    assert!(line > 70_000);
    assert_eq!(facts.faults[0].line as usize, line);
    // Not one line of text, but 70,000 lines of elements.
    let recording = RELEASE.split("<SoundRecording>").nth(2).unwrap();
    let recording = recording.split("</SoundRecording>").next().unwrap();
    let many = format!("<SoundRecording>{recording}</SoundRecording>\n").repeat(4_000);
    let many = many.replace("PT2M40S", "2:40");
    let text = RELEASE.replacen("<Image>", &format!("{many}<Image>"), 1);
    assert!(text.lines().count() > 70_000);
    let text = text.replacen("<ReleaseReference>R0", "<ReleaseReferenze>R0", 1);
    let text = text.replacen("R0</ReleaseReference>", "R0</ReleaseReferenze>", 1);
    let reading = read(&text);
    let facts = GUIDE.check(&reading, Profile::Guide);
    assert_eq!(facts.total, 4_001, "{:?}", reading.faults);
    assert_eq!(facts.faults.len(), 50);
    let first = text.lines().position(|l| l.contains("2:40")).unwrap() + 1;
    assert_eq!(facts.faults[0].line as usize, first);
    let only = text.replace("2:40", "PT2M");
    let facts = GUIDE.check(&read(&only), Profile::Guide);
    let line = only.lines().position(|l| l.contains("Referenze")).unwrap() + 1;
    assert!(line > 70_000);
    assert_eq!(facts.faults[0].line as usize, line, "{}", told(&facts));
}

#[test]
fn what_is_not_checked_is_said() {
    let facts = GUIDE.check(&read(RELEASE), Profile::Strict);
    let SchemaCheck::Skipped { why } = &facts.check else {
        panic!("{:?}", facts.check)
    };
    assert!(why.contains("ERN 3.8.2"), "{why}");
    let facts = GUIDE.check(&changed("ern/382\"", "ern/43\""), Profile::Guide);
    assert!(
        matches!(facts.check, SchemaCheck::Skipped { .. }),
        "{:?}",
        facts.check
    );
    let broken = GUIDE.check(&changed("Rain", "Rain & Sun"), Profile::Guide);
    assert_eq!(
        broken,
        SchemaFacts::default(),
        "the reader has told what is wrong"
    );
}

#[test]
fn many_threads_may_ask_at_once() {
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                for _ in 0..20 {
                    assert_eq!(GUIDE.check(&read(RELEASE), Profile::Guide).total, 0);
                    assert_eq!(
                        GUIDE.check(&changed("PT3M5S", "x"), Profile::Guide).total,
                        1
                    );
                }
            });
        }
    });
}

#[test]
fn sets_are_installed_whole_and_guarded() {
    let Some(shared) = shared() else { return };
    let dir = tempfile::tempdir().unwrap();
    let to = dir.path().join("schemas");
    let before = Schemas::open(&to).status();
    assert!(
        before.iter().all(|s| s.state == SchemaState::Missing),
        "{before:?}"
    );
    let installed = Schemas::install(&shared.join("schemas"), &to).unwrap();
    assert_eq!(installed.len(), 7);
    assert!(
        installed.iter().all(|s| s.state == SchemaState::Installed),
        "{installed:?}"
    );
    let schemas = Schemas::open(&to);
    let status = schemas.status();
    let of = |version: &str| status.iter().find(|s| s.version == version).unwrap();
    assert_eq!(
        of("382").value_set.as_deref(),
        Some("avs_20161006.xsd (2025)")
    );
    assert_eq!(of("381").state, SchemaState::Missing);
    assert_eq!(schemas.check(&read(RELEASE), Profile::Strict).total, 0);
    // One set from its own folder, over what is there.
    let again = Schemas::install(&shared.join("schemas/ern-382"), &to).unwrap();
    assert_eq!(again.len(), 1);
    assert_eq!(fs::read_dir(to.join("ern-382")).unwrap().count(), 2);
    assert_eq!(
        fs::read_dir(&to).unwrap().count(),
        7,
        "nothing is left over"
    );
    // A file changed after installation is found out, also by a check.
    let avs = to.join("ern-382/avs_20161006.xsd");
    let text = fs::read_to_string(&avs).unwrap();
    fs::write(&avs, text.replacen("AAC", "AAD", 1)).unwrap();
    let damaged = Schemas::open(&to);
    let status = damaged.status();
    let set = status.iter().find(|s| s.version == "382").unwrap();
    assert_eq!(set.state, SchemaState::Damaged);
    assert!(set.problem.as_ref().unwrap().contains("avs_20161006.xsd"));
    let facts = damaged.check(&read(RELEASE), Profile::Strict);
    assert!(
        matches!(facts.check, SchemaCheck::Skipped { .. }),
        "{:?}",
        facts.check
    );
    fs::remove_file(&avs).unwrap();
    let status = damaged.status();
    let set = status.iter().find(|s| s.version == "382").unwrap();
    assert_eq!(set.state, SchemaState::Incomplete);
}

#[test]
fn unknown_files_are_refused_by_name_and_hash() {
    let Some(shared) = shared() else { return };
    let dir = tempfile::tempdir().unwrap();
    let (from, to) = (dir.path().join("from"), dir.path().join("to"));
    fs::create_dir(&from).unwrap();
    assert!(matches!(
        Schemas::install(&from, &to),
        Err(SchemaError::Nothing { .. })
    ));
    assert!(matches!(
        Schemas::install(&dir.path().join("none"), &to),
        Err(SchemaError::Io { .. })
    ));
    // A set without its value set.
    let main = fs::read(shared.join("schemas/ern-382/release-notification.xsd")).unwrap();
    fs::write(from.join("release-notification.xsd"), &main).unwrap();
    let report = Schemas::install(&from, &to).unwrap();
    assert_eq!(report[0].state, SchemaState::Incomplete);
    assert!(
        report[0]
            .problem
            .as_ref()
            .unwrap()
            .contains("avs_20161006.xsd"),
        "{report:?}"
    );
    assert!(!to.join("ern-382").exists());
    // A schema that somebody changed.
    fs::write(
        from.join("release-notification.xsd"),
        [&main[..], b"\n"].concat(),
    )
    .unwrap();
    let error = Schemas::install(&from, &to).unwrap_err();
    let SchemaError::Unknown { path, sha256 } = &error else {
        panic!("{error}")
    };
    assert!(path.ends_with("release-notification.xsd"));
    assert_eq!(sha256.len(), 64);
    assert!(error.to_string().contains(sha256));
}

#[test]
fn hostile_files_do_not_reach_beyond_the_message() {
    let Some(shared) = shared() else { return };
    let schemas = Schemas::open(&shared.join("schemas"));
    for folder in ["hostile", "traps"] {
        for file in fs::read_dir(shared.join(folder))
            .unwrap()
            .map(|f| f.unwrap().path())
        {
            let reading = ern::read(&fs::read(&file).unwrap(), &Limits::default());
            for profile in [Profile::Strict, Profile::Guide] {
                let facts = schemas.check(&reading, profile);
                let is_checked = !reading.normalised.is_empty() && reading.message.is_some();
                assert_eq!(
                    facts.check != SchemaCheck::NotRun,
                    is_checked,
                    "{}",
                    file.display()
                );
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    /// What our reader calls well-formed, libxml2 can parse: no fault slips between the two.
    #[test]
    fn our_reader_and_libxml_agree_on_what_is_well_formed(
        place in 0..RELEASE.len(),
        length in 0_usize..30,
        with in "[<>/&;:\"'= a!\\-\u{1}é\u{FFFE}]{0,5}|<a>|</a>|<a b=\"c\"/>|<!--|-->|<\\?x \\?>|&#[0-9]{1,7};|&[a-z]{1,4};|]]>|<!\\[CDATA\\[|xmlns:p=\"\"",
    ) {
        let mut bytes = RELEASE.as_bytes().to_vec();
        let end = (place + length).min(bytes.len());
        bytes.splice(place..end, with.bytes());
        let reading = ern::read(&bytes, &Limits::default());
        if !reading.normalised.is_empty() {
            let facts = GUIDE.check(&reading, Profile::Guide);
            let refused = facts.faults.iter().find(|f| f.message.starts_with("The XML parser"));
            prop_assert!(refused.is_none(), "{:?}\n{}", refused, String::from_utf8_lossy(&bytes[place.saturating_sub(80)..(place + 80).min(bytes.len())]));
        }
    }
}

/// Pieces of libxml2's own sentences; a label is told none of them.
const FOREIGN: &[&str] = &[
    "This element is not expected",
    "Expected is",
    "[facet",
    "is not a valid value of",
    "is not accepted by the pattern",
    "is not an element of the set",
    "atomic type",
    "content type",
    "Missing child element",
    "No matching global",
    "' is not allowed",
    "is required but missing",
    "{http",
    "parser error",
];

#[test]
fn nothing_of_libxmls_own_words_reaches_a_label() {
    let Some(shared) = shared() else { return };
    let schemas = Schemas::open(&shared.join("schemas"));
    let index = fs::read_to_string(shared.join("samples/INDEX.tsv")).unwrap();
    let rows = index.lines().skip(1);
    let samples = rows.map(|row| shared.join(row.split('\t').nth(2).unwrap()));
    let others = ["hostile", "traps", "golden"]
        .into_iter()
        .flat_map(|folder| {
            fs::read_dir(shared.join(folder))
                .unwrap()
                .map(|entry| entry.unwrap().path())
        });
    let (mut told, mut messages) = (0, 0);
    for path in samples.chain(others) {
        let reading = ern::read(&fs::read(&path).unwrap(), &Limits::default());
        let readers = reading
            .faults
            .iter()
            .map(|f| format!("{} {:?}", f.message, f.fix));
        let mut all: Vec<String> = readers.collect();
        for profile in [Profile::Guide, Profile::Strict] {
            for fault in schemas.check(&reading, profile).faults {
                all.push(format!(
                    "{} {:?} {:?} {:?}",
                    fault.message, fault.fix, fault.expected, fault.found
                ));
                told += 1;
            }
        }
        for said in &all {
            for foreign in FOREIGN {
                assert!(!said.contains(foreign), "{}: {said}", path.display());
            }
        }
        messages += 1;
    }
    assert!(
        messages > 140 && told > 60,
        "{messages} messages, {told} faults"
    );
}
