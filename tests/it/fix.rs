//! `dropzone fix`: what it repairs is right, what it cannot know it leaves, and the message itself is
//! never touched.

use crate::kit::{TestDaemon, release, shared};
use dropzone::domain::account::Profile;
use dropzone::domain::ern;
use dropzone::domain::limits::Limits;
use dropzone::domain::policy::Policy;
use dropzone::domain::report::Finding;
use dropzone::inspect::schemas::Schemas;
use dropzone::inspect::{Repaired, Request, repair};
use proptest::prelude::*;
use serde_json::Value;
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::sync::LazyLock;

const SMALL: &str = include_str!("data/ern-small.xml");

/// Without official schemas.
static NONE: LazyLock<Schemas> = LazyLock::new(|| Schemas::open(Path::new("/nonexistent")));

/// Repairs a message in a folder of that name which holds nothing else.
fn repaired_in(folder: &str, message: &str, schemas: &Schemas) -> Repaired {
    let home = tempfile::tempdir().unwrap();
    fs::write(home.path().join("metadata.xml"), message).unwrap();
    repair(&Request {
        root: home.path(),
        folder,
        profile: Profile::Strict,
        takes_ern4: false,
        policy: Policy::none(),
        label_dpid: None,
        own_dpid: None,
        in_test: false,
        history: None,
        limits: &Limits::default(),
        schemas,
        threads: 1,
        now: "2026-02-10T12:00:00Z".parse().unwrap(),
        memory: None,
        progress: None,
        cancel: None,
    })
    .unwrap()
}

fn repaired(message: &str, schemas: &Schemas) -> Repaired {
    repaired_in("Release", message, schemas)
}

/// The small message with one thing changed, repaired; gives the text and the codes repaired.
fn mended(from: &str, to: &str) -> (String, Vec<String>) {
    assert!(SMALL.contains(from), "{from}");
    let outcome = repaired(&SMALL.replacen(from, to, 1), &NONE);
    let codes = outcome.repaired.iter().map(|f| f.code.clone()).collect();
    (outcome.after.unwrap_or_default(), codes)
}

fn codes(findings: &[Finding]) -> BTreeSet<&str> {
    findings.iter().map(|f| f.code.as_str()).collect()
}

#[test]
fn the_guides_own_sample_passes_the_official_schema_afterwards() {
    let Some(shared) = shared() else { return };
    let schemas = Schemas::open(&shared.join("schemas"));
    let sample = fs::read_to_string(shared.join("golden/guide-sample-382.xml")).unwrap();
    let outcome = repaired(&sample, &schemas);
    let after = outcome.after.unwrap();
    let reading = ern::read(after.as_bytes(), &Limits::default());
    let facts = schemas.check(&reading, Profile::Strict);
    assert_eq!(facts.total, 0, "{:#?}\n{after}", facts.faults);
    assert_eq!(reading.message.as_ref().unwrap().dialect, []);
    assert_eq!(
        reading.normalised, after,
        "as the schema wants it, to the byte"
    );
    let again = repaired(&after, &schemas);
    assert_eq!((again.after, again.repaired.len()), (None, 0));
    // The reader understands the same before and after.
    let before = ern::read(sample.as_bytes(), &Limits::default());
    let (before, after) = (before.message.unwrap(), reading.message.unwrap());
    let (old, new) = (
        before.main_release().unwrap(),
        after.main_release().unwrap(),
    );
    let value =
        |text: &Option<dropzone::domain::release::Text>| text.as_ref().unwrap().value.clone();
    assert_eq!(value(&old.icpn), value(&new.icpn));
    assert_eq!(value(&old.release_date), value(&new.release_date));
    assert_eq!(old.types[0].value, new.types[0].value);
    let name =
        |m: &dropzone::domain::release::Message| m.files().next().unwrap().name.value.clone();
    assert_eq!(name(&before), name(&after));
}

#[test]
fn the_same_without_the_official_schema() {
    let Some(shared) = shared() else { return };
    let schemas = Schemas::open(&shared.join("schemas"));
    let sample = fs::read_to_string(shared.join("golden/guide-sample-382.xml")).unwrap();
    assert_eq!(
        repaired(&sample, &NONE).after,
        repaired(&sample, &schemas).after
    );
}

/// Faults that have one right answer, and the text that has to be there afterwards.
const CERTAIN: &[(&str, &str, &str)] = &[
    // The dialect of the guide.
    (
        "<ICPN IsEan=\"true\">4006381333931</ICPN>",
        "<UPC>4006381333931</UPC>",
        "<ICPN>4006381333931</ICPN>",
    ),
    (
        "<FileName>artwork.jpg</FileName>",
        "<URI>resources/artwork.jpg</URI>",
        "<FileName>artwork.jpg</FileName><FilePath>resources/</FilePath>",
    ),
    (">PCM<", ">wav<", ">PCM<"),
    // Order.
    (
        "<MessageThreadId>T-100</MessageThreadId>\n    <MessageId>M-200</MessageId>",
        "<MessageId>M-200</MessageId>\n    <MessageThreadId>T-100</MessageThreadId>",
        "<MessageThreadId>T-100</MessageThreadId>\n    <MessageId>M-200</MessageId>",
    ),
    // Other letters.
    (">MainArtist<", ">Main Artist<", ">MainArtist<"),
    (
        ">PayAsYouGoModel<",
        ">payasyougomodel<",
        ">PayAsYouGoModel<",
    ),
    (">NotExplicit<", ">not explicit<", ">NotExplicit<"),
    (
        "<ISRC>QZHBR2600002</ISRC>",
        "<ISRC>qz-hbr-26-00002</ISRC>",
        "<ISRC>QZHBR2600002</ISRC>",
    ),
    (
        ">US</ExcludedTerritoryCode>",
        ">USA</ExcludedTerritoryCode>",
        ">US</ExcludedTerritoryCode>",
    ),
    (">4006381333931<", ">4 006381 333931<", ">4006381333931<"),
    // Another form of the same.
    ("<Duration>PT3M5S<", "<Duration>3:05<", "<Duration>PT3M5S<"),
    (
        "<StartDate>2026-03-06<",
        "<StartDate>2026/3/6<",
        "<StartDate>2026-03-06<",
    ),
    (
        "IsMainRelease=\"true\"",
        "IsMainRelease=\"yes\"",
        "IsMainRelease=\"true\"",
    ),
    (
        "<BitsPerSample>24<",
        "<BitsPerSample>24-bit<",
        "<BitsPerSample>24<",
    ),
    (
        "<PartyName><FullName>Harbour Records</FullName></PartyName>",
        "<PartyName>Harbour &amp; Records</PartyName>",
        "<PartyName><FullName>Harbour &amp; Records</FullName></PartyName>",
    ),
    (
        "MessageSchemaVersionId=\"ern/382\"",
        "MessageSchemaVersionId='ern/383'",
        "MessageSchemaVersionId='ern/382'",
    ),
    (
        " IsMainRelease=\"true\"",
        "",
        "<Release IsMainRelease=\"true\">",
    ),
    (">Rain / Tide<", ">Rain  /   Tide<", ">Rain / Tide<"),
    // What nobody regards.
    (
        "  </MessageHeader>\n",
        "  </MessageHeader>\n  <UpdateIndicator>OriginalMessage</UpdateIndicator>\n",
        "  </MessageHeader>\n  <ResourceList>",
    ),
];

#[test]
fn what_has_one_right_answer_is_repaired() {
    for (from, to, wanted) in CERTAIN {
        let (after, codes) = mended(from, to);
        assert!(
            after.contains(wanted),
            "{to} → {wanted}: {codes:?}\n{after}"
        );
        assert!(!codes.is_empty());
        let twice = repaired(&after, &NONE);
        assert_eq!(twice.after, None, "{to}: a second run finds nothing");
    }
}

/// Faults whose right answer a machine cannot know: none of them may change by itself.
const UNCERTAIN: &[(&str, &str)] = &[
    (
        "<ICPN IsEan=\"true\">4006381333931<",
        "<ICPN IsEan=\"true\">4006381333932<",
    ),
    ("<ISRC>QZHBR2600002</ISRC>", "<ISRC>QZHBR260002</ISRC>"),
    ("2026-03-06</ReleaseDate>", "03/06/2026</ReleaseDate>"),
    ("<ExcludedTerritoryCode>US<", "<ExcludedTerritoryCode>EU<"),
    ("<ExcludedTerritoryCode>US<", "<ExcludedTerritoryCode>CSXX<"),
    ("<UseType>PermanentDownload", "<UseType>Streaming"),
    ("<Duration>PT3M5S<", "<Duration>185<"),
    (">01_Rain.wav<", ">http://label.example/01_Rain.wav<"),
    (">NotExplicit<", ">Clean<"),
    (">Harbour</LabelName>", ">Harbor</LabelName>"),
];

#[test]
fn what_only_a_person_knows_is_left() {
    for (from, to) in UNCERTAIN {
        let (after, codes) = mended(from, to);
        assert!(
            after.is_empty() || after.contains(to),
            "{to}: {codes:?}\n{after}"
        );
    }
}

#[test]
fn a_check_digit_is_repaired_where_the_folder_confirms_it() {
    let wrong = SMALL.replace("4006381333931", "4006381333937");
    let outcome = repaired_in("MiraHolm_Rain_4006381333931_20260306", &wrong, &NONE);
    assert!(outcome.after.unwrap().contains(">4006381333931<"));
    for folder in ["MiraHolm_Rain_4006381333937_20260306", "Rain"] {
        assert_eq!(repaired_in(folder, &wrong, &NONE).after, None);
    }
}

#[test]
fn territories_go_into_deals_that_say_all_the_rest() {
    let limited = SMALL
        .replace(
            "          <ExcludedTerritoryCode>US</ExcludedTerritoryCode>\n",
            "",
        )
        .replace(
            "<TerritoryCode>Worldwide</TerritoryCode>",
            "<TerritoryCode>DE</TerritoryCode>",
        );
    let outcome = repaired(&limited, &NONE);
    let after = outcome.after.unwrap();
    assert!(
        after.contains(
            "</Usage>\n          <TerritoryCode>AT</TerritoryCode>\n          <TerritoryCode>DE</TerritoryCode>\n"
        ),
        "{after}"
    );
    assert!(codes(&outcome.repaired).contains("DEAL-003"));
    // Nothing is guessed: without a use, and without territories, it is for a person.
    for left_open in [
        limited.replace("<Usage><UseType>PermanentDownload</UseType></Usage>", ""),
        limited.replace(
            "<TerritoryCode>DE</TerritoryCode>",
            "<TerritoryCode>Worldwide</TerritoryCode>",
        ),
    ] {
        let outcome = repaired(&left_open, &NONE);
        assert!(!codes(&outcome.repaired).contains("DEAL-003"));
        assert!(codes(&outcome.report.findings).contains("DEAL-003"));
    }
}

#[test]
fn every_odd_writing_of_the_file_comes_through() {
    let windows = SMALL
        .replace('\n', "\r\n")
        .replace(">MainArtist<", ">mainartist<");
    let after = repaired(&windows, &NONE).after.unwrap();
    assert_eq!(
        after,
        windows.replace(">mainartist<", ">MainArtist<"),
        "line ends stay"
    );
    let commented = SMALL.replace(
        "<MessageThreadId>T-100</MessageThreadId>\n    <MessageId>M-200</MessageId>",
        "<!-- ours --><MessageId>M-200</MessageId>\n    <MessageThreadId>T-100</MessageThreadId>",
    );
    let after = repaired(&commented, &NONE).after.unwrap();
    assert!(
        after.contains("<MessageThreadId>T-100</MessageThreadId>\n    <!-- ours --><MessageId>M-200</MessageId>"),
        "comments go with what they stand before: {after}"
    );
    for broken in ["", "no XML", "<a>", &SMALL.replace("</ReleaseList>", "")] {
        let outcome = repaired(broken, &NONE);
        assert_eq!((outcome.before, outcome.after), (None, None));
    }
}

/// Things that go wrong in real messages, to be mixed.
fn mixed(choice: &[bool]) -> String {
    let all = CERTAIN
        .iter()
        .map(|(from, to, _)| (*from, *to))
        .chain(UNCERTAIN.iter().copied());
    let chosen = all.zip(choice).filter(|(_, chosen)| **chosen);
    chosen.fold(SMALL.to_owned(), |text, ((from, to), _)| {
        text.replacen(from, to, 1)
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn a_repaired_message_has_no_more_findings_and_nothing_left_to_repair(
        choice in prop::collection::vec(any::<bool>(), CERTAIN.len() + UNCERTAIN.len()),
    ) {
        let message = mixed(&choice);
        let outcome = repaired(&message, &NONE);
        let Some(after) = outcome.after else { return Ok(()) };
        // Judged as it came: a second look at the unrepaired text, by the same rules.
        let reading = ern::read(message.as_bytes(), &Limits::default());
        prop_assert!(reading.message.is_some());
        let before = judged(&message);
        let now = judged(&after);
        prop_assert!(now.len() <= before.len(), "{:?}\n{:?}", before, now);
        let again = repaired(&after, &NONE);
        prop_assert_eq!(again.after, None);
    }
}

/// Codes and paths of what a rule says of a message that is not touched.
fn judged(message: &str) -> Vec<(String, Option<String>)> {
    use dropzone::inspect::inspect;
    let home = tempfile::tempdir().unwrap();
    fs::write(home.path().join("metadata.xml"), message).unwrap();
    let report = inspect(&Request {
        root: home.path(),
        folder: "Release",
        profile: Profile::Strict,
        takes_ern4: false,
        policy: Policy::none(),
        label_dpid: None,
        own_dpid: None,
        in_test: false,
        history: None,
        limits: &Limits::default(),
        schemas: &NONE,
        threads: 1,
        now: "2026-02-10T12:00:00Z".parse().unwrap(),
        memory: None,
        progress: None,
        cancel: None,
    })
    .unwrap();
    let findings = report.findings.into_iter();
    findings.map(|f| (f.code, f.path)).collect()
}

/// A sound release with the faults that labels really make.
fn faulty(daemon: &TestDaemon) -> std::path::PathBuf {
    let folder = daemon.material(&release(402));
    let path = folder.join("metadata.xml");
    let text = fs::read_to_string(&path).unwrap();
    let text = text
        .replace(">MainArtist<", ">Main Artist<")
        .replace("02_LowWater.wav", "02_lowwater.wav")
        .replacen("<GenreText>", "<GenreTxt>", 1)
        .replacen("</GenreText>", "</GenreTxt>", 1);
    fs::write(&path, text).unwrap();
    folder
}

#[test]
fn the_command_shows_writes_beside_and_never_touches_the_message() {
    let daemon = TestDaemon::prepare("");
    let folder = faulty(&daemon);
    let path = folder.display().to_string();
    let original = fs::read(folder.join("metadata.xml")).unwrap();
    let check = daemon.command(&["check", &path]);
    let said = String::from_utf8(check.stdout).unwrap();
    assert!(said.contains("dropzone fix"), "{said}");

    let shown = daemon.command(&["fix", &path]);
    let said = String::from_utf8(shown.stdout).unwrap();
    assert!(
        said.contains("+              <ArtistRole>MainArtist</ArtistRole>")
            || said.contains("MainArtist"),
        "{said}"
    );
    assert!(said.contains("Nothing was written"), "{said}");
    assert!(!said.contains('\x1b'), "no colour in a file");
    assert!(!folder.join("metadata.fixed.xml").exists());

    let written = daemon.command(&["--json", "fix", &path, "--write"]);
    let answer: Value = serde_json::from_slice(&written.stdout).unwrap();
    assert_eq!(answer["written"], true, "{answer}");
    assert_eq!(answer["fixed_file"], "metadata.fixed.xml");
    let codes: Vec<&str> = answer["repaired"]
        .as_array()
        .unwrap()
        .iter()
        .map(|finding| finding["code"].as_str().unwrap())
        .collect();
    assert!(
        codes.contains(&"PKG-008") && codes.contains(&"META-023"),
        "{codes:?}"
    );
    assert!(
        answer["diff"]
            .as_str()
            .unwrap()
            .starts_with("--- metadata.xml\n+++ metadata.fixed.xml\n")
    );
    assert_eq!(fs::read(folder.join("metadata.xml")).unwrap(), original);
    let names: BTreeSet<_> = fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    assert!(
        names.iter().all(|name| !name.ends_with(".tmp")),
        "{names:?}"
    );

    // Both beside each other are two messages: the report says what to do with the copy.
    let both = daemon.command(&["check", &path]);
    let said = String::from_utf8(both.stdout).unwrap();
    assert!(
        said.contains("PKG-004") && said.contains("dropzone fix”"),
        "{said}"
    );
    let again = daemon.command(&["--json", "fix", &path]);
    let repeated: Value = serde_json::from_slice(&again.stdout).unwrap();
    assert_eq!(
        repeated["message_file"], "metadata.xml",
        "the copy is not repaired"
    );
    assert_eq!(repeated["diff"], answer["diff"]);

    fs::rename(
        folder.join("metadata.fixed.xml"),
        folder.join("metadata.xml"),
    )
    .unwrap();
    let done: Value =
        serde_json::from_slice(&daemon.command(&["--json", "fix", &path]).stdout).unwrap();
    assert_eq!(done["repaired"].as_array().unwrap().len(), 0, "{done}");
    assert_eq!(done["fixed_file"], Value::Null);
}

#[test]
fn the_answer_reads_well() {
    let Some(shared) = shared() else { return };
    let daemon = TestDaemon::prepare("");
    let folder = daemon.home.path().join("Guide");
    fs::create_dir(&folder).unwrap();
    fs::copy(
        shared.join("golden/guide-sample-382.xml"),
        folder.join("metadata.xml"),
    )
    .unwrap();
    let output = daemon.command(&[
        "fix",
        &folder.display().to_string(),
        "--schemas",
        &shared.join("schemas").display().to_string(),
    ]);
    assert_eq!(output.status.code(), Some(1), "audio is missing");
    let said = String::from_utf8(output.stdout).unwrap();
    // What depends on the day is told by other tests.
    let said = said.split("META-007").next().unwrap();
    insta::assert_snapshot!("answer_for_the_guides_sample", said);
}
