//! `push onboarding`: the five deliveries that a store asks a new partner for, as files.

use crate::kit::steady::steady;
use crate::kit::{TestDaemon, release, shared, small_release};
use dropzone::cli::demo::material::ReleaseSpec;
use dropzone::domain::ern;
use dropzone::domain::limits::Limits;
use dropzone::domain::release::Message;
use serde_json::Value;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

const US: &str = "[party]\ndpid = \"PADPIDA2026112601A\"\nname = \"Example Distribution\"\n";

fn store(daemon: &TestDaemon, id: &str, message: &str, choreography: &str, options: &str) {
    daemon.profile(
        id,
        &format!(
            "name = \"New Store\"\nmessage = \"{message}\"\nchoreography = \"{choreography}\"\n\n[message_options]\ndpid = \"PADPIDA2026112602B\"\n{options}\n\n[transport]\nkind = \"folder\"\npath = \"{}\"\n",
            daemon.dsp().display()
        ),
    );
}

/// Out in a time that no run of this test comes near: what is soon is moved.
fn far(mut spec: ReleaseSpec) -> ReleaseSpec {
    "2047-03-05".clone_into(&mut spec.release_date);
    spec
}

/// A step's message, and the names of all that lies with it.
fn delivery(to: &Path, step: &Value) -> (Message, String, Vec<String>) {
    let folder = to.join(step["folder"].as_str().unwrap());
    let files: Vec<String> = step["files"]
        .as_array()
        .unwrap()
        .iter()
        .map(|file| file.as_str().unwrap().to_owned())
        .collect();
    for file in &files {
        assert!(folder.join(file).is_file(), "{file}");
    }
    let messages = files
        .iter()
        .filter(|file| file.ends_with(".xml") && !file.contains("BatchComplete"));
    let path: Vec<&String> = messages.collect();
    assert_eq!(path.len(), 1, "{files:?}");
    let xml = fs::read_to_string(folder.join(path[0])).unwrap();
    let message = ern::read(xml.as_bytes(), &Limits::default())
        .message
        .unwrap();
    (message, xml, files)
}

fn made(daemon: &TestDaemon, dsp: &str, from: &Path) -> (PathBuf, Vec<Value>) {
    let to = daemon.home.path().join(format!("onboarding-{dsp}"));
    let (from, place) = (from.display().to_string(), to.display().to_string());
    let answer = daemon.ask(&["push", "onboarding", dsp, "--from", &from, "--to", &place]);
    (to, answer["steps"].as_array().unwrap().clone())
}

/// `DealReleaseReference` → start of its first deal.
fn start_of(message: &Message, reference: &str) -> Option<String> {
    let mut groups = message.deals.iter();
    let group = groups.find(|g| g.releases.iter().any(|r| r.as_str() == reference))?;
    Some(group.deals.first()?.start.as_ref()?.as_str().to_owned())
}

#[test]
fn five_deliveries_are_one_story_that_holds_to_the_official_schema() {
    let Some(shared) = shared() else { return };
    let daemon = TestDaemon::prepare(US);
    let schemas = shared.join("schemas").display().to_string();
    daemon.ask(&["schemas", "install", &schemas]);
    store(&daemon, "modern", "ern_43", "batch", "test = true");
    store(&daemon, "classic", "ern_382", "release_by_release", "");
    let folder = daemon.material(&far(release(711)));
    for (dsp, control) in [("modern", "TestMessage"), ("classic", "LiveMessage")] {
        let (to, steps) = made(&daemon, dsp, &folder);
        assert_eq!(steps.len(), 5);
        let mut threads = BTreeSet::new();
        let (mut ids, mut times, mut messages) = (BTreeSet::new(), Vec::new(), Vec::new());
        for step in &steps {
            assert_eq!(step["impossible"], Value::Null, "{step}");
            assert_eq!(step["schema_fault_count"], 0, "{step}");
            assert!(step["schema"].to_string().contains("official"), "{step}");
            let (message, xml, files) = delivery(&to, step);
            let header = &message.header;
            let text = |text: &Option<dropzone::domain::release::Text>| text.clone().unwrap().value;
            threads.insert(text(&header.thread_id));
            ids.insert(text(&header.message_id));
            times.push(text(&header.created));
            assert_eq!(text(&header.control_type), control, "{dsp}");
            let is_batch = files.last().unwrap().contains("BatchComplete_");
            assert_eq!(is_batch, dsp == "modern", "the manifest is last: {files:?}");
            messages.push((message, xml, files));
        }
        assert_eq!(
            (threads.len(), ids.len()),
            (1, 5),
            "one thread, five messages"
        );
        assert!(times.windows(2).all(|two| two[0] < two[1]), "{times:?}");
        story(
            &messages
                .iter()
                .map(|(message, _, _)| message)
                .collect::<Vec<_>>(),
        );
        let audio = |at: usize| {
            let files: &Vec<String> = &messages[at].2;
            files.iter().filter(|file| file.ends_with(".wav")).count()
        };
        assert_eq!([0, 1, 2, 3, 4].map(audio), [3, 3, 3, 2, 0]);
        assert!(!to.join(".making").exists());
        let kinds: Vec<&str> = steps
            .iter()
            .map(|step| step["kind"].as_str().unwrap())
            .collect();
        assert_eq!(kinds, ["new", "update", "update", "update", "takedown"]);
    }
    let manifest = |step: &str| {
        let folder = daemon.home.path().join("onboarding-modern").join(step);
        let batch = fs::read_dir(folder)
            .unwrap()
            .next()
            .unwrap()
            .unwrap()
            .path();
        let mut files = fs::read_dir(batch)
            .unwrap()
            .map(|entry| entry.unwrap().path());
        let is_it = |file: &PathBuf| file.display().to_string().contains("BatchComplete_");
        fs::read_to_string(files.find(is_it).unwrap()).unwrap()
    };
    assert!(manifest("1_new_release").contains("<DeliveryType>NewReleaseDelivery<"));
    assert!(manifest("3_timed_single").contains("<DeliveryType>ReDelivery<"));
    assert!(manifest("5_takedown").contains("<DeliveryType>TakeDown<"));
    assert_eq!(
        fs::read_dir(daemon.dsp()).unwrap().count(),
        0,
        "nothing is sent"
    );
    assert!(
        !daemon.data().join("dropzone.db").exists(),
        "nothing is stored"
    );
    let index =
        fs::read_to_string(daemon.home.path().join("onboarding-modern/README.txt")).unwrap();
    insta::assert_snapshot!("onboarding_readme", steady(&index));
}

fn story(messages: &[&Message]) {
    let [new, update, timed, removed, gone] = messages else {
        panic!()
    };
    let title = |message: &Message| message.main_release().unwrap().title().to_owned();
    assert_eq!(title(new), "Harbour Lights");
    assert_eq!(title(update), "Harbour Lights (Updated)");
    let excluded = |message: &Message| {
        let deals = message.deals.iter().flat_map(|group| &group.deals);
        let codes: Vec<Vec<String>> = deals
            .map(|deal| {
                deal.excluded
                    .iter()
                    .map(|code| code.value.clone())
                    .collect()
            })
            .collect();
        codes
    };
    assert!(excluded(new).iter().all(Vec::is_empty));
    for later in [update, timed, removed] {
        assert!(
            excluded(later).iter().all(|codes| codes == &["JP"]),
            "{:?}",
            excluded(later)
        );
    }
    // The release is out on 2047-03-05; nothing is sold before.
    let day = |message: &Message, reference: &str| start_of(message, reference).unwrap();
    assert_eq!(&day(update, "R0")[..10], "2047-03-05");
    assert_eq!(day(timed, "R1"), "2047-03-05T17:00:00");
    for reference in ["R0", "R2", "R3"] {
        assert_eq!(&day(timed, reference)[..10], "2047-03-19", "{reference}");
    }
    assert_eq!((timed.recordings.len(), removed.recordings.len()), (3, 2));
    assert_eq!(start_of(removed, "R3"), None);
    assert_eq!(
        day(removed, "R1"),
        "2047-03-05T17:00:00",
        "what was before stays"
    );
    assert!(gone.deals.is_empty(), "sold nowhere");
}

#[test]
fn a_single_has_no_track_to_lose_and_the_readme_says_so() {
    let daemon = TestDaemon::prepare(US);
    store(&daemon, "modern", "ern_43", "release_by_release", "");
    let folder = daemon.material(&far(small_release(712)));
    let (to, steps) = made(&daemon, "modern", &folder);
    let impossible: Vec<bool> = steps
        .iter()
        .map(|step| step["impossible"].is_string())
        .collect();
    assert_eq!(impossible, [false, false, false, true, false]);
    let index = fs::read_to_string(to.join("README.txt")).unwrap();
    assert!(
        index.contains("without it nothing would be left"),
        "{index}"
    );
    assert!(
        index.contains("not asked"),
        "no schema is installed: {index}"
    );
    assert!(index.contains("messages are LiveMessages"), "{index}");
    let (timed, ..) = delivery(&to, &steps[2]);
    assert_eq!(start_of(&timed, "R0").unwrap(), "2047-03-05T17:00:00");
}

#[test]
fn a_folder_that_is_not_empty_and_a_store_without_our_messages_are_refused() {
    let daemon = TestDaemon::prepare(US);
    store(&daemon, "modern", "ern_43", "batch", "");
    let folder = daemon.material(&small_release(713)).display().to_string();
    let to = daemon.home.path().join("full");
    fs::create_dir(&to).unwrap();
    fs::write(to.join("mine.txt"), "mine").unwrap();
    let place = to.display().to_string();
    let tried = |dsp: &str, from: &str, to: &str| {
        let output = daemon.command(&["push", "onboarding", dsp, "--from", from, "--to", to]);
        (
            output.status.code(),
            String::from_utf8(output.stderr).unwrap(),
        )
    };
    let (code, text) = tried("modern", &folder, &place);
    assert_eq!(code, Some(4), "{text}");
    assert!(text.contains("is not empty"), "{text}");
    assert_eq!(fs::read_dir(&to).unwrap().count(), 1);
    let new = daemon.home.path().join("new").display().to_string();
    let (code, text) = tried("store", &folder, &new);
    assert_eq!(code, Some(4), "{text}");
    assert!(text.contains("the label's own message"), "{text}");
    assert_eq!(tried("nobody", &folder, &new).0, Some(3));
    let nothing = daemon.home.path().join("data").display().to_string();
    assert_eq!(tried("modern", &nothing, &new).0, Some(1));
}
