//! A release that is live and is sent again: what the reviewer reads, and what stores get.

use crate::kit::{Label, TestDaemon, release, shared};
use crate::store::bench::{identity, manifest, report};
use dropzone::cli::demo::material::ReleaseSpec;
use dropzone::domain::difference::{Change, Difference};
use dropzone::domain::ern;
use dropzone::domain::ids::{LabelId, PackageId};
use dropzone::domain::ledger::Ledger;
use dropzone::domain::limits::Limits;
use dropzone::domain::package::Event;
use dropzone::domain::release::Message;
use dropzone::store::Store;
use jiff::Timestamp;
use serde_json::Value;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

const US: &str = "[party]\ndpid = \"PADPIDA2026112601A\"\nname = \"Example Distribution\"\n";

/// A store that takes generated messages in batches of one.
fn store(daemon: &TestDaemon, id: &str, message: &str, options: &str) -> PathBuf {
    let path = daemon.home.path().join(format!("at_{id}"));
    fs::create_dir(&path).unwrap();
    daemon.profile(
        id,
        &format!(
            "name = \"Store {id}\"\nmessage = \"{message}\"\nchoreography = \"batch\"\n\n[batch]\nwindow_seconds = 0\n\n[message_options]\ndpid = \"PADPIDA2026112602B\"\n{options}\n[transport]\nkind = \"folder\"\npath = \"{}\"\n",
            path.display()
        ),
    );
    path
}

fn name_of(folder: &Path) -> String {
    folder.file_name().unwrap().to_string_lossy().into_owned()
}

/// The release as it is sent first; what comes later differs in what a test says.
fn first(number: u32) -> ReleaseSpec {
    let mut spec = release(number);
    spec.territories = ["DE", "FR", "NG"].map(str::to_owned).to_vec();
    spec
}

fn later(spec: &ReleaseSpec, number: u32) -> ReleaseSpec {
    let mut later = spec.clone();
    later.message_id = format!("{}-{number}", spec.message_id);
    later.created = format!("2026-11-{:02}T09:00:00Z", 2 + number);
    later
}

fn upload(daemon: &TestDaemon, label: &Label, folder: &Path) -> Value {
    let batch = format!("cd incoming\nput -r {}\n", folder.display());
    daemon.sftp_ok(label, &batch);
    daemon.wait_status(&name_of(folder), "needs_qc")
}

/// Uploads some files of a release into a folder.
fn upload_files(daemon: &TestDaemon, label: &Label, from: &Path, to: &str, files: &[&str]) {
    let mut batch = format!("cd incoming\nmkdir {to}\ncd {to}\n");
    for file in files {
        batch.push_str(&format!("put {}\n", from.join(file).display()));
    }
    daemon.sftp_ok(label, &batch);
}

fn deliver(daemon: &TestDaemon, package: &Value) -> Value {
    let id = package["id"].as_str().unwrap();
    let approved = daemon.approve(id);
    assert!(approved.status.success(), "{approved:?}");
    daemon.wait_status(package["folder"].as_str().unwrap(), "delivered")
}

/// What came to a store in one batch.
struct Arrived {
    message: Message,
    xml: String,
    resources: Vec<PathBuf>,
    /// `DeliveryType` of the batch's manifest.
    delivery: String,
}

/// All batches, oldest first.
fn arrived(store: &Path, icpn: &str) -> Vec<Arrived> {
    let mut batches = entries(store);
    batches.sort();
    let one = |batch: &PathBuf| {
        let release = batch.join(icpn);
        let xml = fs::read(release.join(format!("{icpn}.xml"))).unwrap();
        let marker = batch.join(format!("BatchComplete_{}.xml", name_of(batch)));
        let mut resources = entries(&release.join("resources"));
        resources.sort();
        Arrived {
            message: ern::read(&xml, &Limits::default()).message.unwrap(),
            xml: String::from_utf8(xml).unwrap(),
            resources,
            delivery: delivery_type(&fs::read_to_string(marker).unwrap()),
        }
    };
    batches.iter().map(one).collect()
}

fn delivery_type(manifest: &str) -> String {
    let (_, rest) = manifest.split_once("<DeliveryType>").unwrap();
    rest.split_once('<').unwrap().0.to_owned()
}

fn entries(dir: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(dir) else {
        return Vec::new();
    };
    entries.map(|entry| entry.unwrap().path()).collect()
}

fn thread(message: &Message) -> &str {
    message.header.thread_id.as_ref().unwrap().as_str()
}

fn id(message: &Message) -> &str {
    message.header.message_id.as_ref().unwrap().as_str()
}

fn finding<'a>(package: &'a Value, code: &str) -> &'a str {
    let findings = package["findings"].as_array().unwrap();
    let found = findings.iter().find(|finding| finding["code"] == code);
    let found = found.unwrap_or_else(|| panic!("no {code} in {package}"));
    found["message"].as_str().unwrap()
}

/// What a reviewer reads, without what differs from run to run.
fn shown(daemon: &TestDaemon, package: &Value) -> String {
    let id = package["id"].as_str().unwrap();
    let shown = daemon.command(&["qc", "show", id]);
    assert!(shown.status.success(), "{shown:?}");
    let text = String::from_utf8(shown.stdout).unwrap();
    // Where notes are wrapped depends on the day's name.
    let (before, _) = text.split_once("\nNOTES\n").unwrap();
    let (facts, rest) = before.split_once("\nhistory\n").unwrap();
    let (_, report) = rest.split_once("\n\n").unwrap();
    let mut out = format!("{facts}\n…\n\n{report}");
    out = out.replace(id, "01PACKAGE");
    let day = Timestamp::now().strftime("%-d %B %Y, ").to_string();
    let mut parts = out.split(&day);
    let mut plain = parts.next().unwrap().to_owned();
    for part in parts {
        plain.push_str("TODAY, hh:mm");
        plain.push_str(&part[5..]);
    }
    let dates = ["received  ", "changed   "];
    let line = |line: &str| match dates.iter().find(|start| line.starts_with(**start)) {
        Some(start) => format!("{start}…"),
        None => line.to_owned(),
    };
    plain.lines().map(line).collect::<Vec<_>>().join("\n")
}

#[test]
fn a_corrected_release_is_shown_as_a_difference_and_goes_on_the_same_thread() {
    let mut daemon = TestDaemon::prepare(US);
    if let Some(shared) = shared() {
        let schemas = shared.join("schemas").display().to_string();
        daemon.ask(&["schemas", "install", &schemas]);
    }
    let modern = store(&daemon, "modern", "ern_43", "");
    let classic = store(&daemon, "classic", "ern_382", "");
    let lean = store(&daemon, "lean", "ern_43", "updates = \"metadata_only\"\n");
    daemon.run();
    let label = daemon.label("quayside", &["--dsp", "modern,classic,lean"]);
    let spec = first(701);
    let package = upload(&daemon, &label, &daemon.material(&spec));
    assert!(package["difference"].is_null(), "nothing is live");
    deliver(&daemon, &package);

    // The whole release again, with other words, other territories and another master.
    let mut second = later(&spec, 1);
    second.title = "Harbour Nights".to_owned();
    second.tracks[1].title = "High Water".to_owned();
    second.tracks[2].signal.seed = 20;
    second.territories = ["DE", "GH", "NG"].map(str::to_owned).to_vec();
    let package = upload(&daemon, &label, &daemon.material(&second));
    insta::assert_snapshot!("qc_show_of_an_update", shown(&daemon, &package));
    let changes = package["difference"]["changes"].as_array().unwrap();
    let fields: Vec<String> = changes
        .iter()
        .map(|change| {
            format!(
                "{}: {}",
                change["place"].as_str().unwrap(),
                change["field"].as_str().unwrap()
            )
        })
        .collect();
    assert_eq!(changes[0]["before"], "Harbour Lights");
    assert_eq!(changes[0]["after"], "Harbour Nights");
    assert!(
        fields.contains(&"Track 3 “Last Boat Home”: Audio".to_owned()),
        "{fields:?}"
    );
    assert!(
        !fields.contains(&"Track 1 “Harbour Lights”: Audio".to_owned()),
        "{fields:?}"
    );
    assert_eq!(package["difference"]["attempt"], 1);
    let approved = deliver(&daemon, &package);
    for push in approved["pushes"].as_array().unwrap() {
        assert_eq!(push["kind"], "update", "{push}");
    }
    for (name, store) in [("modern", &modern), ("classic", &classic), ("lean", &lean)] {
        let there = arrived(store, &spec.icpn);
        assert_eq!(there.len(), 2, "{name}");
        let (one, two) = (&there[0], &there[1]);
        assert_eq!(thread(&one.message), thread(&two.message), "{name}");
        assert_ne!(id(&one.message), id(&two.message), "{name}");
        assert_eq!(
            one.message.main_release().unwrap().title(),
            "Harbour Lights"
        );
        assert_eq!(
            two.message.main_release().unwrap().title(),
            "Harbour Nights"
        );
        let kinds: Vec<&str> = there.iter().map(|one| one.delivery.as_str()).collect();
        assert_eq!(kinds, ["NewReleaseDelivery", "ReDelivery"], "{name}");
        assert_eq!(two.resources.len(), 4, "{name}: new audio goes out");
        // Deprecated in 3.8.2, gone in 4, and fatal to some stores: the barcode says what it is.
        assert!(!two.xml.contains("UpdateIndicator"), "{name}");
    }

    metadata_only(&daemon, &label, &second, &[&modern, &classic, &lean]);
}

/// The message alone, a third time.
fn metadata_only(daemon: &TestDaemon, label: &Label, before: &ReleaseSpec, stores: &[&PathBuf]) {
    let mut third = later(before, 2);
    third.genre = "Ambient".to_owned();
    let folder = daemon.material(&third);
    upload_files(daemon, label, &folder, "correction", &["metadata.xml"]);
    let package = daemon.wait_status("correction", "needs_qc");
    let live = daemon.packages()[1].clone();
    assert!(
        finding(&package, "UPD-002").starts_with("Audio unchanged (kept from "),
        "{package}"
    );
    assert!(
        finding(&package, "UPD-001").ends_with(" Changed: genre."),
        "{package}"
    );
    insta::assert_snapshot!("qc_show_of_a_metadata_only_update", shown(daemon, &package));
    // The same files on the disk, and nobody measured them again.
    let spool = daemon.data().join("spool");
    let path = |package: &Value, name: &str| spool.join(package["id"].as_str().unwrap()).join(name);
    for file in ["02_LowWater.wav", "artwork.jpg"] {
        let kept = fs::metadata(path(&package, file)).unwrap();
        assert_eq!(
            kept.ino(),
            fs::metadata(path(&live, file)).unwrap().ino(),
            "{file}"
        );
    }
    let log = fs::read_to_string(daemon.log()).unwrap();
    let line = log
        .lines()
        .rfind(|line| line.contains("package inspected"))
        .unwrap();
    assert!(line.contains("measured=0"), "{line}");

    deliver(daemon, &package);
    for (store, files) in stores.iter().zip([4, 4, 0]) {
        let there = arrived(store, &before.icpn);
        assert_eq!(there.len(), 3, "{store:?}");
        let (two, three) = (&there[1], &there[2]);
        assert_eq!(thread(&two.message), thread(&three.message));
        assert_eq!(three.resources.len(), files, "{store:?}");
        for (two, three) in two.resources.iter().zip(&three.resources) {
            assert!(
                fs::read(two).unwrap() == fs::read(three).unwrap(),
                "{three:?}"
            );
        }
        let named = three.message.files().count();
        assert_eq!(named, files, "{}", three.xml);
        assert!(
            three.xml.contains("<GenreText>Ambient</GenreText>"),
            "{}",
            three.xml
        );
        assert_eq!(three.delivery, "ReDelivery");
    }
}

/// A message with no files in it at all, and one with some of the audio.
#[test]
fn a_message_that_names_no_files_is_completed_and_half_of_the_audio_is_told() {
    let mut daemon = TestDaemon::prepare(US);
    let modern = store(&daemon, "modern", "ern_43", "");
    daemon.run();
    let label = daemon.label("quayside", &["--dsp", "modern"]);
    let spec = first(702);
    deliver(&daemon, &upload(&daemon, &label, &daemon.material(&spec)));
    let folder = daemon.material(&later(&spec, 1));
    let xml = fs::read_to_string(folder.join("metadata.xml")).unwrap();
    let xml = without(
        &without(&xml, "TechnicalSoundRecordingDetails"),
        "TechnicalImageDetails",
    );
    assert!(!xml.contains("<FileName>"), "{xml}");
    fs::write(folder.join("metadata.xml"), xml).unwrap();
    upload_files(&daemon, &label, &folder, "words", &["metadata.xml"]);
    let package = daemon.wait_status("words", "needs_qc");
    finding(&package, "UPD-002");
    deliver(&daemon, &package);
    let there = arrived(&modern, &spec.icpn);
    assert_eq!(there[1].message.files().count(), 4, "{}", there[1].xml);
    for (one, two) in there[0].resources.iter().zip(&there[1].resources) {
        assert!(fs::read(one).unwrap() == fs::read(two).unwrap(), "{two:?}");
    }

    // One new master, and a marker that says that this is all.
    let mut third = later(&spec, 2);
    third.tracks[0].signal.seed = 25;
    let folder = daemon.material(&third);
    fs::write(folder.join("delivery.complete"), "").unwrap();
    let files = ["metadata.xml", &third.tracks[0].file, "delivery.complete"];
    upload_files(&daemon, &label, &folder, "one_master", &files);
    let package = daemon.wait_status("one_master", "needs_qc");
    let told = finding(&package, "UPD-003");
    assert!(
        told.starts_with("You re-sent the audio of 1 of 3 tracks"),
        "{told}"
    );
    assert!(
        finding(&package, "UPD-001").ends_with(" Changed: audio of track 1."),
        "{package}"
    );
    deliver(&daemon, &package);
    let there = arrived(&modern, &spec.icpn);
    let same: Vec<bool> = there[1]
        .resources
        .iter()
        .zip(&there[2].resources)
        .map(|(one, two)| fs::read(one).unwrap() == fs::read(two).unwrap())
        .collect();
    assert_eq!(same.iter().filter(|same| !**same).count(), 1, "{same:?}");
}

/// XML without an element and all that is in it.
fn without(xml: &str, element: &str) -> String {
    let (open, close) = (format!("<{element}>"), format!("</{element}>"));
    let mut rest = xml;
    let mut out = String::new();
    while let Some((before, after)) = rest.split_once(&open) {
        out.push_str(before);
        rest = after.split_once(&close).unwrap().1;
    }
    out + rest
}

#[test]
fn masters_of_another_label_and_masters_that_the_message_describes_otherwise_are_not_taken() {
    let mut daemon = TestDaemon::prepare(US);
    daemon.run();
    let label = daemon.label("quayside", &["--dsp", "store"]);
    let stranger = daemon.label("stranger", &["--dsp", "store"]);
    let spec = first(703);
    deliver(&daemon, &upload(&daemon, &label, &daemon.material(&spec)));
    let mut second = later(&spec, 1);
    second.tracks[1].signal.seed = 20;
    let folder = daemon.material(&second);
    upload_files(&daemon, &stranger, &folder, "stolen", &["metadata.xml"]);
    upload_files(&daemon, &label, &folder, "announced", &["metadata.xml"]);
    let waiting = |folder: &str, count: usize| {
        crate::kit::wait("what is waited for", || {
            let packages = daemon.packages();
            let package = packages
                .iter()
                .find(|package| package["folder"] == folder)?;
            let package = daemon.package(package["id"].as_str().unwrap());
            let list = package["waiting_for"].as_array().unwrap().clone();
            (list.len() == count).then_some(list)
        })
    };
    assert_eq!(waiting("stolen", 4).len(), 4);
    // The MD5 that is stated is another one: that file is still to come.
    assert_eq!(waiting("announced", 1), ["waiting for 02_LowWater.wav"]);
    upload_rest(&daemon, &label, &folder, "announced", "02_LowWater.wav");
    let package = daemon.wait_status("announced", "needs_qc");
    assert!(
        finding(&package, "UPD-003").contains("1 of 3 tracks"),
        "{package}"
    );
}

fn upload_rest(daemon: &TestDaemon, label: &Label, from: &Path, to: &str, file: &str) {
    let marker = from.join("delivery.complete");
    fs::write(&marker, "").unwrap();
    let batch = format!(
        "cd incoming/{to}\nput {}\nput {}\n",
        from.join(file).display(),
        marker.display()
    );
    daemon.sftp_ok(label, &batch);
}

#[test]
fn killed_while_masters_are_kept_the_package_is_whole() {
    for point in ["after_rename", "after_sync", "after_manifest"] {
        let mut daemon = TestDaemon::prepare(US);
        daemon.run();
        let label = daemon.label("quayside", &["--dsp", "store"]);
        let mut spec = first(704);
        spec.tracks.truncate(1);
        let live = deliver(&daemon, &upload(&daemon, &label, &daemon.material(&spec)));
        let mut second = later(&spec, 1);
        second.genre = "Ambient".to_owned();
        let folder = daemon.material(&second);
        daemon.kill();
        daemon.set("DROPZONE_CRASH_AT", point);
        daemon.run();
        upload_files(&daemon, &label, &folder, "correction", &["metadata.xml"]);
        daemon.wait_for_end();
        daemon.set("DROPZONE_CRASH_AT", "");
        daemon.run();
        let package = daemon.wait_status("correction", "needs_qc");
        finding(&package, "UPD-002");
        deliver(&daemon, &package);
        let at_dsp = entries(&daemon.dsp());
        let of = |package: &Value| {
            let id = package["id"].as_str().unwrap();
            let mut there = at_dsp.iter();
            there
                .find(|path| name_of(path).ends_with(id))
                .unwrap()
                .clone()
        };
        let (old, new) = (of(&live), of(&package));
        for file in ["01_HarbourLights.wav", "artwork.jpg"] {
            assert!(
                fs::read(old.join(file)).unwrap() == fs::read(new.join(file)).unwrap(),
                "{point}: {file}"
            );
        }
    }
}

#[test]
fn an_older_message_is_refused_at_the_door_and_once_more_before_it_is_pushed() {
    let mut daemon = TestDaemon::prepare(US);
    daemon.run();
    let label = daemon.label("quayside", &["--dsp", "store"]);
    let mut spec = first(705);
    spec.created = "2025-11-02T09:00:00Z".to_owned();
    spec.tracks.truncate(1);
    let live = deliver(&daemon, &upload(&daemon, &label, &daemon.material(&spec)));
    let mut older = later(&spec, 1);
    older.created = "2025-10-01T09:00:00Z".to_owned();
    let folder = daemon.material(&older);
    let batch = format!("cd incoming\nput -r {}\n", folder.display());
    daemon.sftp_ok(&label, &batch);
    let package = daemon.wait_status(&name_of(&folder), "invalid");
    assert!(
        finding(&package, "HDR-005").contains("a newer one"),
        "{package}"
    );

    // One that came by all the same: it was judged when the newer one was not there yet.
    daemon.kill();
    let late = approved_late(&daemon, &label, &spec.icpn, &older.created);
    daemon.run();
    let push = crate::kit::wait("the push to be blocked", || {
        let list = daemon.ask(&["push", "list", "--dsp", "store"]);
        let pushes = list["pushes"].as_array().unwrap();
        let blocked = pushes.iter().find(|push| push["state"] == "blocked");
        blocked.cloned()
    });
    assert_eq!(push["package"], late.as_str());
    let why = push["last_error"].as_str().unwrap();
    let live = live["id"].as_str().unwrap();
    assert!(
        why.starts_with(&format!("The Store has a newer message of this release: package {live}, made at 2025-11-02T09:00:00Z; ")),
        "{why}"
    );
    assert_eq!(entries(&daemon.dsp()).len(), 1, "nothing came over it");
    // Asked for again, it is looked at again.
    daemon.ask(&["push", "retry", push["id"].as_str().unwrap()]);
    crate::kit::wait("the push to be blocked again", || {
        let list = daemon.ask(&["push", "list", "--dsp", "store"]);
        let pushes = list["pushes"].as_array().unwrap();
        let again = pushes
            .iter()
            .find(|again| again["id"] == push["id"])
            .unwrap();
        (again["state"] == "blocked" && again["attempts"] != push["attempts"]).then_some(())
    });
}

#[test]
fn a_message_dated_in_the_future_does_not_lock_its_release() {
    let mut daemon = TestDaemon::prepare(US);
    let there = store(&daemon, "modern", "ern_43", "");
    daemon.run();
    let label = daemon.label("quayside", &["--dsp", "modern"]);
    let mut spec = first(706);
    spec.tracks.truncate(1);
    spec.created = "2062-11-02T09:00:00Z".to_owned();
    let slip = upload(&daemon, &label, &daemon.material(&spec));
    finding(&slip, "HDR-006");
    deliver(&daemon, &slip);

    // What the label makes afterwards is newer, and goes to the store as well.
    let mut honest = later(&spec, 1);
    honest.created = Timestamp::now().to_string();
    deliver(&daemon, &upload(&daemon, &label, &daemon.material(&honest)));
    assert_eq!(arrived(&there, &spec.icpn).len(), 2);
}

/// A package whose message was made then, approved now.
fn approved_late(daemon: &TestDaemon, label: &Label, icpn: &str, created: &str) -> PackageId {
    let store = Store::open(&daemon.data().join("dropzone.db"), Timestamp::now).unwrap();
    let owner = LabelId::new(label.id.as_str());
    let id = store.seen(&owner, "late", true).unwrap();
    let mut identity = identity(Some(icpn));
    identity.message_created = Some(created.to_owned());
    let mut report = report(&[]);
    report.release.message_created = Some(created.to_owned());
    let claimed = Event::Claimed {
        manifest: manifest(&id, &owner, "late"),
        identity: identity.clone(),
    };
    let judged = Event::Judged {
        counts: report.counts,
        report: Some(Box::new(report)),
        identity,
    };
    let approved = Event::Approved {
        note: None,
        ticked: Vec::new(),
    };
    for event in [claimed, judged, approved] {
        store.apply(&id, event, "test", Timestamp::now()).unwrap();
    }
    id
}

#[test]
fn text_and_page_show_the_difference_and_nothing_in_it_acts() {
    let mut report = crate::report::valid_report();
    report.difference = Some(Difference {
        with: PackageId::new("P1"),
        attempt: 1,
        received_at: "2026-03-03T10:00:00Z".parse().unwrap(),
        changes: vec![Change {
            place: "Track 2 “<b>Rain</b>”".to_owned(),
            track: Some(2),
            field: "Title".to_owned(),
            before: Some("<script>alert(1)</script>".to_owned()),
            after: Some("Rain\u{1b}[2J".to_owned()),
        }],
    });
    let text = dropzone::domain::report::text::render(&report, false);
    let live = "Against what is live: upload of 3 March 2026, 10:00 UTC (attempt 1)";
    assert!(text.contains(live), "{text}");
    assert!(
        text.contains("    Title: <script>alert(1)</script> → Rain"),
        "{text}"
    );
    assert!(!text.contains('\u{1b}'), "{text}");
    let page = dropzone::domain::report::html::render(&report, None);
    assert!(page.contains(live), "{page}");
    assert!(page.contains("&lt;script&gt;alert(1)"), "{page}");
    assert!(
        !page.contains("<script") && !page.contains("<b>Rain"),
        "{page}"
    );
    report.difference.as_mut().unwrap().changes.clear();
    let none = "Nothing that stores show has changed.";
    assert!(dropzone::domain::report::text::render(&report, false).contains(none));
    assert!(dropzone::domain::report::html::render(&report, None).contains(none));
}
