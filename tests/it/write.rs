//! Messages that we generate: valid by the official schemas, sound by our own rules, and the same
//! release as the one that was read.

mod facts;
mod generated;
mod judged;
mod orders;
mod parts;

use crate::kit::shared;
use dropzone::domain::account::Profile;
use dropzone::domain::ern;
use dropzone::domain::ern::write::{
    Loss, OutContent, OutFile, OutParty, Outgoing, Refusal, Takedown, Target, Written, new_release,
    purge, takedown,
};
use dropzone::domain::limits::Limits;
use dropzone::domain::naming::{extension, reference_path};
use dropzone::domain::release::{Message, ReadFaultKind, Reading};
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
        // One of the label's machine is in the package under its last part.
        let name = named.name.as_str();
        let last = || name.rsplit('/').next().unwrap().to_owned();
        let source = reference_path(path, name).unwrap_or_else(|_| last());
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
        let is_named = source.starts_with("resources/");
        let name = format!("resources/{}.{end}", files.len() + 1);
        files.push(OutFile {
            name: if is_named { source.clone() } else { name },
            source,
            size: 1_000_000,
            sha256: "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855".to_owned(),
            md5: Some("d41d8cd98f00b204e9800998ecf8427e".to_owned()),
            content,
        });
    }
    files
}

pub(crate) fn written(message: &Message, target: Target) -> Result<Written, Vec<Refusal>> {
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
                    let ours = judged::errors(&ern::taken_with_4(read(&written.xml)));
                    let of_label = judged::errors(&ern::taken_with_4(read(&bytes)));
                    // Of a version that is never taken, the label's message is not judged.
                    // One that takes the release down by TakeDown has no deal in ours.
                    let mut deals = message.deals.iter().flat_map(|group| &group.deals);
                    let is_judged =
                        !of_label.contains("XML-006") && deals.any(|deal| deal.take_down.is_none());
                    let more = ours.difference(&of_label).filter(|_| is_judged);
                    let more: Vec<_> = more.collect();
                    if !more.is_empty() {
                        invalid.push(format!("{name} in {target:?}: breaks {more:?}"));
                    }
                    invalid.extend(differences(&name, &message, &written, &again, target));
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
        assert!(converted >= 50, "{converted}");
    }
}

/// Reading what was written gives the same release; writing that again gives the same message and
/// loses nothing more.
fn differences(
    name: &str,
    message: &Message,
    first: &Written,
    again: &Reading,
    target: Target,
) -> Vec<String> {
    assert!(again.whole, "{name}: {:?}", again.faults);
    let read_again = again.message.as_ref().unwrap();
    let mut found = facts::differences(&facts::release(message), &facts::release(read_again));
    // What was told is no surprise.
    found.retain(|what| {
        let quoted = |loss: &Loss| loss.what.split(['“', '”']).nth(1).map(str::to_owned);
        let mut told = first
            .losses
            .iter()
            .filter_map(quoted)
            .filter(|name| !name.is_empty());
        !told.any(|name| what.contains(&name))
    });
    let second = written(read_again, target)
        .unwrap_or_else(|refusals| panic!("{name} in {target:?} a second time: {refusals:#?}"));
    let twice = read(&second.xml).message.unwrap();
    found.extend(facts::differences(
        &facts::all(read_again),
        &facts::all(&twice),
    ));
    let lost = second
        .losses
        .iter()
        .map(|l| format!("loses a second time {} {} {}", l.code, l.what, l.why));
    found.extend(lost);
    found
        .into_iter()
        .map(|what| format!("{name} in {target:?}: {what}"))
        .collect()
}

fn golden(name: &str) -> Option<Message> {
    let bytes = fs::read(shared()?.join("golden").join(name)).unwrap();
    Some(read(&bytes).message.unwrap())
}

/// The files of the golden pair, under the names that its 4.3 message has.
fn golden_files(message: &Message) -> Vec<OutFile> {
    let mut files = files_of(message);
    files[0].name = "resources/5034567890120_01_001.wav".to_owned();
    files[1].name = "resources/5034567890120_cover.jpg".to_owned();
    files
}

#[test]
fn the_golden_message_becomes_the_golden_message_of_4() {
    let Some(message) = golden("golden382.xml") else {
        return;
    };
    let files = golden_files(&message);
    let out = outgoing(Target::V43);
    let read_as = |written: Written| read(&written.xml).message.unwrap();
    let made = read_as(new_release(&message, &files, &out).unwrap());
    let wanted = golden("golden43.xml").unwrap();
    assert_eq!(facts::all(&made), facts::all(&wanted));
    assert_eq!(facts::header(&made), facts::header(&wanted));
    let metadata = Outgoing {
        with_files: false,
        ..out.clone()
    };
    let made = read_as(new_release(&message, &[], &metadata).unwrap());
    assert_eq!(
        facts::all(&made),
        facts::all(&golden("golden43_metaupdate.xml").unwrap())
    );
    let made = read_as(takedown(&message, &out, Takedown::NoDeal).unwrap());
    let mut wanted = golden("golden43_td_nodeal.xml").unwrap();
    assert!(made.deals.is_empty() && wanted.deals.is_empty());
    // A takedown needs no files; the golden one repeats them.
    assert!(made.files().next().is_none());
    for recording in &mut wanted.recordings {
        recording.technical.clear();
    }
    wanted
        .images
        .iter_mut()
        .for_each(|image| image.technical.clear());
    assert_eq!(facts::all(&made), facts::all(&wanted));
}

#[test]
fn a_takedown_ends_every_deal_with_its_day() {
    let Some(message) = golden("golden382.xml") else {
        return;
    };
    let Some(shared) = shared() else { return };
    let schemas = Schemas::open(&shared.join("schemas"));
    let day = "2026-04-30".parse().unwrap();
    for (target, end) in [
        (Target::V43, "2026-04-30T23:59:59"),
        (Target::V382, "2026-04-30"),
    ] {
        let written = takedown(&message, &outgoing(target), Takedown::Ended(day)).unwrap();
        let reading = read(&written.xml);
        assert_eq!(schemas.check(&reading, Profile::Strict).total, 0);
        let made = reading.message.unwrap();
        let ends: Vec<_> = made
            .deals
            .iter()
            .flat_map(|group| &group.deals)
            .map(|deal| deal.end.as_ref().unwrap().as_str().to_owned())
            .collect();
        assert_eq!(ends, [end]);
        // One that had not begun by then is not offered at all.
        let early = "2026-03-01".parse().unwrap();
        let written = takedown(&message, &outgoing(target), Takedown::Ended(early)).unwrap();
        assert!(read(&written.xml).message.unwrap().deals.is_empty());
    }
}

#[test]
fn a_purge_names_the_release_and_is_valid() {
    let Some(message) = golden("golden382.xml") else {
        return;
    };
    let Some(shared) = shared() else { return };
    let schemas = Schemas::open(&shared.join("schemas"));
    for target in [Target::V43, Target::V382] {
        let written = purge(&message, &outgoing(target)).unwrap();
        let reading = read(&written.xml);
        let facts = schemas.check(&reading, Profile::Strict);
        assert_eq!(facts.total, 0, "{:?}", facts.faults);
        let text = String::from_utf8(written.xml).unwrap();
        assert!(
            text.contains("<ICPN") && text.contains("5034567890120"),
            "{text}"
        );
        assert!(text.contains("My Album Title"));
    }
    let nothing = Message::default();
    assert!(purge(&nothing, &outgoing(Target::V43)).is_err());
}

#[test]
fn a_message_of_4_is_judged_by_the_same_rules_where_it_is_agreed() {
    let Some(message) = golden("golden382.xml") else {
        return;
    };
    let written = new_release(&message, &golden_files(&message), &outgoing(Target::V43)).unwrap();
    let refused = read(&written.xml);
    let fault = |reading: &Reading| {
        let mut faults = reading.faults.iter();
        faults
            .find(|f| f.kind == ReadFaultKind::WrongVersion)
            .cloned()
    };
    let told = fault(&refused).unwrap();
    assert!(told.message.contains("ERN 4.3"), "{}", told.message);
    assert!(told.fix.unwrap().contains("set your account to ERN 4"));
    let taken = ern::taken_with_4(refused);
    assert!(fault(&taken).is_none());
    let label = fs::read(shared().unwrap().join("golden/golden382.xml")).unwrap();
    let of_label = judged::findings(&read(&label));
    let of_ours = judged::findings(&taken);
    assert!(!of_label.contains("XML-006"), "{of_label:?}");
    // It is a TestMessage, and ERN 4 has days as moments.
    let more: Vec<_> = of_ours.difference(&of_label).collect();
    assert_eq!(more, ["DEAL-018", "HDR-007"]);
    // Versions that we cannot read are refused all the same.
    let text = String::from_utf8(written.xml).unwrap();
    let other = ern::taken_with_4(read(text.replace("ern/43", "ern/40").as_bytes()));
    assert!(fault(&other).is_some());
}
