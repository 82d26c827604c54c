//! Every layer tells all its faults, through `dropzone check`: whatever is wrong with the message,
//! sound and cover are measured, and the report says what could not be checked because of it.

use crate::kit::{TestDaemon, release};
use dropzone::cli::demo::material::ReleaseSpec;
use dropzone::cli::demo::material::cover::Cover;
use serde_json::Value;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// A release whose first track is clipped, whose second is mono and whose cover is small.
fn bad_media(number: u32) -> ReleaseSpec {
    let mut spec = release(number);
    spec.tracks[0].signal.clipped_runs = 40;
    spec.tracks[1].signal.channels = 1;
    spec.artwork = Some((
        "artwork.jpg".to_owned(),
        Cover {
            width: 1400,
            height: 1400,
            ..Cover::default()
        },
    ));
    spec
}

fn check(daemon: &TestDaemon, folder: &Path) -> (Value, String) {
    let path = folder.display().to_string();
    let json = daemon.command(&["--json", "check", &path]);
    let text = daemon.command(&["check", &path]);
    assert_eq!(json.status.code(), Some(1), "there are errors");
    (
        serde_json::from_slice(&json.stdout).unwrap(),
        String::from_utf8(text.stdout).unwrap(),
    )
}

fn codes(report: &Value) -> BTreeSet<&str> {
    let findings = report["findings"].as_array().unwrap();
    let codes = findings.iter().map(|f| f["code"].as_str().unwrap());
    codes.collect()
}

fn not_run(report: &Value) -> Vec<(&str, BTreeSet<&str>)> {
    let missing = report["not_run"].as_array().unwrap();
    missing
        .iter()
        .map(|missing| {
            let codes = missing["codes"].as_array().unwrap();
            (
                missing["why"].as_str().unwrap(),
                codes.iter().map(|code| code.as_str().unwrap()).collect(),
            )
        })
        .collect()
}

/// Spoils the message; gives the code that tells so.
type Spoil = (&'static str, fn(&str) -> Vec<u8>, &'static str);

const SPOILT: &[Spoil] = &[
    (
        "XML-001",
        |text| text.replacen("</Duration>", "", 1).into_bytes(),
        "the XML is broken (XML-001)",
    ),
    (
        "XML-001",
        |text| text[..text.len() / 2].to_owned().into_bytes(),
        "the XML is broken (XML-001)",
    ),
    ("XML-001", |_| Vec::new(), "the XML is broken (XML-001)"),
    (
        "XML-002",
        |text| {
            text.replacen("?>", "?>\n<!DOCTYPE r [<!ENTITY x \"y\">]>", 1)
                .into_bytes()
        },
        "the XML has a DOCTYPE (XML-002)",
    ),
    (
        "XML-005",
        |text| {
            text.replace("NewReleaseMessage", "ManifestMessage")
                .into_bytes()
        },
        "it is no NewReleaseMessage (XML-005)",
    ),
    (
        "XML-006",
        |text| text.replace("ern/382", "ern/43").into_bytes(),
        "its ERN version is not taken (XML-006)",
    ),
];

#[test]
fn sound_and_cover_are_judged_whatever_became_of_the_message() {
    let daemon = TestDaemon::prepare("");
    let folder = daemon.material(&bad_media(601));
    let message = folder.join("metadata.xml");
    let text = fs::read_to_string(&message).unwrap();
    for (number, (code, spoil, why)) in SPOILT.iter().enumerate() {
        fs::write(&message, spoil(&text)).unwrap();
        let (report, told) = check(&daemon, &folder);
        let found = codes(&report);
        for wanted in [*code, "AUD-013", "AUD-020", "ART-004"] {
            assert!(
                found.contains(wanted),
                "{number} {code}: {wanted} in {found:?}"
            );
        }
        let strangers: Vec<&&str> = found
            .iter()
            .filter(|code| {
                ["HDR-", "REF-", "ID-", "META-", "DEAL-"]
                    .iter()
                    .any(|family| code.starts_with(family))
            })
            .collect();
        assert!(strangers.is_empty(), "{number} {code}: {strangers:?}");
        let missing = not_run(&report);
        let (said, silent) = &missing[0];
        assert_eq!(said, why, "{number}");
        for wanted in [
            "HDR-001", "REF-002", "ID-001", "META-001", "DEAL-001", "PKG-007",
        ] {
            assert!(silent.contains(wanted), "{number} {code}: {wanted}");
        }
        assert!(silent.is_disjoint(&found), "{number} {code}");
        let told = told.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(told.contains(&format!("because {why}.")), "{told}");
    }
}

#[test]
fn a_folder_without_a_message_still_has_its_files_judged() {
    let daemon = TestDaemon::prepare("");
    let folder = daemon.material(&bad_media(602));
    fs::remove_file(folder.join("metadata.xml")).unwrap();
    let (report, _) = check(&daemon, &folder);
    for wanted in ["PKG-002", "AUD-013", "AUD-020", "ART-004"] {
        assert!(codes(&report).contains(wanted), "{wanted}");
    }
    assert_eq!(not_run(&report)[0].0, "the folder has no message (PKG-002)");
}

/// A file that breaks in the middle of its layer does not take the others with it.
#[test]
fn all_layers_speak_at_once() {
    let daemon = TestDaemon::prepare("");
    let mut spec = bad_media(603);
    spec.tracks[2].cut_bytes = 200_000;
    spec.tracks[2].isrc = String::new();
    spec.territories = vec!["UK".to_owned()];
    let folder = daemon.material(&spec);
    let message = folder.join("metadata.xml");
    let text = fs::read_to_string(&message).unwrap();
    // Schema, references and contents at once.
    let text = text
        .replacen("<ReleaseReference>R0</ReleaseReference>", "", 1)
        .replacen("<MessageId>", "<Nonsense>x</Nonsense><MessageId>", 1)
        .replacen("01_", "1_", 1);
    fs::write(&message, text).unwrap();
    fs::write(folder.join("booklet.txt"), "words").unwrap();
    let (report, _) = check(&daemon, &folder);
    let found = codes(&report);
    for wanted in [
        "PKG-007", "PKG-012", "XML-014", "ID-001", "DEAL-005", "AUD-008", "AUD-013", "AUD-020",
        "ART-004",
    ] {
        assert!(found.contains(wanted), "{wanted} in {found:?}");
    }
    let why: Vec<&str> = not_run(&report).into_iter().map(|(why, _)| why).collect();
    assert_eq!(why, ["a folder that is checked offline has no history"]);
}

/// The same as a label gets it by mail, after an upload; there is a history there.
#[test]
fn an_upload_with_broken_xml_is_told_of_sound_and_cover() {
    let daemon = TestDaemon::start("");
    let label = daemon.label("quayside", &[]);
    let spec = bad_media(604);
    let folder: PathBuf = daemon.material(&spec);
    let message = folder.join("metadata.xml");
    let text = fs::read_to_string(&message).unwrap();
    fs::write(&message, text.replacen("</Duration>", "", 1)).unwrap();
    daemon.sftp_ok(
        &label,
        &format!("cd incoming\nput -r {}\n", folder.display()),
    );
    let package = daemon.wait_status(&spec.folder_name(), "invalid");
    let report = daemon.ask(&["package", "report", package["id"].as_str().unwrap()]);
    let missing = not_run(&report);
    assert_eq!(missing.len(), 1, "{missing:?}");
    assert_eq!(missing[0].0, "the XML is broken (XML-001)");
    let mail = daemon.mails().pop().unwrap();
    for words in ["XML-001", "AUD-013", "AUD-020", "ART-004", "cannot be read"] {
        assert!(mail.contains(words), "{words} in {mail}");
    }
}
