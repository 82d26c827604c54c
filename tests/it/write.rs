//! Messages that we generate: valid by the official schemas, sound by our own rules, and the same
//! release as the one that was read.

use crate::kit::shared;
use dropzone::domain::account::Profile;
use dropzone::domain::ern;
use dropzone::domain::ern::write::{
    OutContent, OutFile, OutParty, Outgoing, Refusal, Target, Written, new_release,
};
use dropzone::domain::limits::Limits;
use dropzone::domain::naming::{extension, reference_path};
use dropzone::domain::release::{Message, Reading};
use dropzone::inspect::schemas::Schemas;
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

fn read(bytes: &[u8]) -> Reading {
    ern::read(bytes, &Limits::default())
}

fn party(dpid: &str, name: &str) -> OutParty {
    OutParty {
        dpid: dpid.to_owned(),
        name: name.to_owned(),
    }
}

/// What the golden 4.3 message was made with.
fn outgoing(target: Target) -> Outgoing {
    Outgoing {
        target,
        sender: party("PADPIDA0000000000X", "InterSpace"),
        on_behalf_of: Some(party("PADPIDA0000000001Y", "Your Label Name")),
        recipient: party("PADPIDA0000000002Z", "Example DSP"),
        is_test: true,
        message_id: "01HVX7-spotify-0001".to_owned(),
        thread_id: "5034567890120".to_owned(),
        created_at: "2026-03-23T10:00:00Z".parse().unwrap(),
        with_files: true,
        territories: Vec::new(),
        genres: BTreeMap::new(),
        prices: BTreeMap::new(),
    }
}

/// A file for everything that a message names, as if it had been measured.
fn files_of(message: &Message) -> Vec<OutFile> {
    let mut files: Vec<OutFile> = Vec::new();
    for named in message.files() {
        let path = named.path.as_ref().map(|p| p.as_str());
        let Ok(source) = reference_path(path, named.name.as_str()) else {
            continue;
        };
        if files.iter().any(|f| f.source == source) {
            continue;
        }
        let end = extension(&source);
        let content = match end.as_str() {
            "jpg" | "jpeg" | "png" | "tif" => OutContent::Picture {
                is_png: end == "png",
                width: 3000,
                height: 3000,
            },
            "pdf" => OutContent::Other,
            _ => OutContent::Audio {
                is_flac: end == "flac",
                rate_hz: 44_100,
                bits: 24,
                channels: 2,
                duration_ms: 222_000,
            },
        };
        files.push(OutFile {
            name: format!("resources/{}.{end}", files.len() + 1),
            source,
            size: 1_000_000,
            sha256: "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855".to_owned(),
            md5: Some("d41d8cd98f00b204e9800998ecf8427e".to_owned()),
            content,
        });
    }
    files
}

fn written(message: &Message, target: Target) -> Result<Written, Vec<Refusal>> {
    new_release(message, &files_of(message), &outgoing(target))
}

/// Every sample that its own schema takes.
fn samples(shared: &Path) -> Vec<(String, Vec<u8>)> {
    let index = fs::read_to_string(shared.join("samples/INDEX.tsv")).unwrap();
    let rows = index
        .lines()
        .skip(1)
        .map(|l| l.split('\t').collect::<Vec<_>>());
    rows.filter(|row| row[8] == "valid")
        .map(|row| (row[2].to_owned(), fs::read(shared.join(row[2])).unwrap()))
        .collect()
}

#[test]
fn every_valid_sample_is_written_in_both_versions_or_refused_with_a_reason() {
    let Some(shared) = shared() else { return };
    let schemas = Schemas::open(&shared.join("schemas"));
    for target in [Target::V43, Target::V382] {
        let (mut converted, mut refused) = (0, BTreeMap::<String, usize>::new());
        let mut invalid = Vec::new();
        for (name, bytes) in samples(&shared) {
            let reading = read(&bytes);
            let message = reading.message.unwrap();
            match written(&message, target) {
                Ok(written) => {
                    converted += 1;
                    let again = read(&written.xml);
                    let facts = schemas.check(&again, Profile::Strict);
                    if facts.total > 0 {
                        let first = &facts.faults[0];
                        invalid.push(format!("{name}: {} at {}", first.message, first.path));
                    }
                    if std::env::var_os("SHOW_LOSSES").is_some() {
                        println!("{name} {target:?}: {} losses", written.losses.len());
                        for loss in &written.losses {
                            println!("    {} {}: {}", loss.code, loss.what, loss.why);
                        }
                    }
                }
                Err(refusals) => {
                    let first = &refusals[0];
                    assert!(!first.message.is_empty() && !first.fix.is_empty());
                    println!("{name}: {}: {}", first.code, first.message);
                    *refused.entry(first.code.to_owned()).or_default() += 1;
                }
            }
        }
        println!(
            "{target:?}: {converted} written, refused {refused:?}, {} invalid",
            invalid.len()
        );
        assert!(invalid.is_empty(), "{target:?}:\n{}", invalid.join("\n"));
        assert!(converted > 30);
    }
}

#[test]
fn show_golden() {
    let Some(shared) = shared() else { return };
    let bytes = fs::read(shared.join("golden/golden382.xml")).unwrap();
    for target in [Target::V43, Target::V382] {
        let message = read(&bytes).message.unwrap();
        match written(&message, target) {
            Ok(w) => {
                println!("{}", String::from_utf8(w.xml).unwrap());
                println!("{:#?}", w.losses);
            }
            Err(r) => println!("{r:#?}"),
        }
    }
}
