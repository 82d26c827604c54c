//! `push override`: what holds for one release at one DSP, from the command line to the message that
//! lies there. And test messages, in both directions.

use crate::kit::steady::steady;
use crate::kit::{Label, TestDaemon, shared, small_release, wait};
use dropzone::cli::demo::material::ReleaseSpec;
use dropzone::domain::dsp::effective::resolve;
use dropzone::domain::dsp::overrides::{OverrideChange, Setting};
use dropzone::domain::dsp::{DspProfile, MessageChoice, TransportChoice, area::Area};
use dropzone::domain::ern;
use dropzone::domain::ern::write::{OutParty, Outgoing, Target, new_release};
use dropzone::domain::ids::DspId;
use dropzone::domain::limits::Limits;
use dropzone::domain::release::{Message, ReleaseDeal, Text};
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;

const US: &str = "[party]\ndpid = \"PADPIDA2026112601A\"\nname = \"Example Distribution\"\n\n[deliver]\nretry_first_seconds = 1\nretry_cap_seconds = 1\nattempts = 200\n";

/// A store that gets messages of ours, release by release, in a folder of its own.
fn store(daemon: &TestDaemon, id: &str, name: &str, message: &str, options: &str) -> PathBuf {
    let inbox = daemon.home.path().join(format!("inbox-{id}"));
    fs::create_dir_all(&inbox).unwrap();
    daemon.profile(
        id,
        &format!(
            "name = \"{name}\"\nmessage = \"{message}\"\nchoreography = \"release_by_release\"\n\n[message_options]\ndpid = \"PADPIDA2026112602B\"\n{options}\n\n[transport]\nkind = \"folder\"\npath = \"{}\"\n",
            inbox.display()
        ),
    );
    inbox
}

fn out(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn err(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

fn name_of(folder: &Path) -> String {
    folder.file_name().unwrap().to_string_lossy().into_owned()
}

/// Uploads, and gives the package's identifier once it waits for a reviewer.
fn upload(daemon: &TestDaemon, label: &Label, spec: &ReleaseSpec) -> String {
    let folder = daemon.material(spec);
    daemon.sftp_ok(
        label,
        &format!("cd incoming\nput -r {}\n", folder.display()),
    );
    let package = daemon.wait_status(&name_of(&folder), "needs_qc");
    package["id"].as_str().unwrap().to_owned()
}

fn push(daemon: &TestDaemon, dsp: &str) -> Option<Value> {
    let list = daemon.ask(&["push", "list", "--dsp", dsp]);
    list["pushes"].as_array().unwrap().last().cloned()
}

fn wait_push(daemon: &TestDaemon, dsp: &str, state: &str) -> Value {
    wait("the push", || {
        push(daemon, dsp).filter(|push| push["state"] == state)
    })
}

/// The only message below a store's folder.
fn arrived(inbox: &Path) -> (String, Message) {
    let folders: Vec<PathBuf> = fs::read_dir(inbox)
        .unwrap()
        .map(|e| e.unwrap().path())
        .collect();
    assert_eq!(folders.len(), 1, "{folders:?}");
    let mut files = fs::read_dir(&folders[0])
        .unwrap()
        .map(|e| e.unwrap().path());
    let file = files
        .find(|file| file.extension().is_some_and(|e| e == "xml"))
        .unwrap();
    let text = fs::read_to_string(&file).unwrap();
    let message = ern::read(text.as_bytes(), &Limits::default())
        .message
        .unwrap();
    (text, message)
}

fn words(texts: &[Text]) -> Vec<&str> {
    texts.iter().map(Text::as_str).collect()
}

fn effective<'a>(answer: &'a Value, field: &str) -> &'a str {
    let mut lines = answer["effective"].as_array().unwrap().iter();
    lines.find(|line| line["field"] == field).unwrap()["value"]
        .as_str()
        .unwrap()
}

#[test]
fn an_override_is_what_the_message_at_the_dsp_says() {
    let Some(shared) = shared() else { return };
    let mut daemon = TestDaemon::prepare(US);
    let inbox = store(&daemon, "modern", "Modern Store", "ern_43", "");
    let schemas = shared.join("schemas").display().to_string();
    daemon.ask(&["schemas", "install", &schemas]);
    daemon.run();
    let label = daemon.label("quayside", &["--dsp", "modern"]);
    let mut spec = small_release(701);
    spec.territories = vec!["AT".to_owned(), "DE".to_owned(), "GB".to_owned()];
    let package = upload(&daemon, &label, &spec);

    let said = daemon.command(&[
        "push",
        "override",
        &spec.icpn,
        "--dsp",
        "modern",
        "--territories",
        "DE,AT,FR",
        "--start",
        "2027-04-01",
        "--price-tier",
        "T1",
        "--models",
        "payasyougo",
        "--reason",
        "agreed by phone",
    ]);
    assert_eq!(said.status.code(), Some(0), "{said:?}");
    insta::assert_snapshot!("override_is_said", steady(&out(&said)));
    let again = daemon.ask(&[
        "push",
        "override",
        &package,
        "--dsp",
        "modern",
        "--models",
        "PayAsYouGoModel",
        "--reason",
        "agreed by phone",
    ]);
    assert_eq!(again["said"], serde_json::json!([]), "it held before");

    let preview = daemon.command(&["push", "preview", &package, "--dsp", "modern"]);
    assert_eq!(preview.status.code(), Some(0), "{preview:?}");
    let preview = steady(&out(&preview));
    let holds = preview
        .split("\n\n")
        .find(|part| part.starts_with("What holds"))
        .unwrap();
    insta::assert_snapshot!("override_in_preview", holds);
    assert!(
        preview.contains("Territory FR: It was asked for at Modern Store"),
        "{preview}"
    );
    let json = daemon.ask(&["push", "preview", &package, "--dsp", "modern"]);
    assert_eq!(effective(&json, "start"), "not before 2027-04-01");

    assert!(daemon.approve(&package).status.success());
    wait_push(&daemon, "modern", "sent");
    let (xml, message) = arrived(&inbox);
    let deals: Vec<_> = message
        .deals
        .iter()
        .flat_map(|group| &group.deals)
        .collect();
    assert!(!deals.is_empty());
    for deal in &deals {
        assert_eq!(words(&deal.territories), ["AT", "DE"]);
        assert_eq!(words(&deal.models), ["PayAsYouGoModel"]);
        assert_eq!(deal.start.as_ref().unwrap().as_str(), "2027-04-01T00:00:00");
    }
    let tier = "<PriceCode Namespace=\"DPID:PADPIDA2026112602B\">T1</PriceCode>";
    assert!(xml.contains(tier), "{xml}");

    let live = daemon.command(&["push", "override", &spec.icpn, "--dsp", "modern", "--clear"]);
    insta::assert_snapshot!("override_of_a_live_release", steady(&out(&live)));
    let shown = daemon.command(&["push", "override", "show", &spec.icpn]);
    insta::assert_snapshot!("override_show", steady(&out(&shown)));
    let list = daemon.ask(&["push", "override", "list"]);
    assert_eq!(
        list["overrides"],
        serde_json::json!([]),
        "all was taken back"
    );
}

#[test]
fn a_block_keeps_one_dsp_out_and_the_release_is_delivered_to_the_others() {
    let mut daemon = TestDaemon::prepare(US);
    let inbox = store(&daemon, "modern", "Modern Store", "ern_43", "");
    daemon.run();
    let label = daemon.label("quayside", &["--dsp", "store,modern"]);
    let spec = small_release(702);
    let package = upload(&daemon, &label, &spec);
    let bare = daemon.command(&["push", "override", &spec.icpn, "--dsp", "modern", "--block"]);
    assert_eq!(
        bare.status.code(),
        Some(2),
        "a block has a reason: {bare:?}"
    );
    daemon.ask(&[
        "push",
        "override",
        &spec.icpn,
        "--dsp",
        "modern",
        "--block",
        "--reason",
        "rights in dispute",
    ]);
    let preview = daemon.command(&["push", "preview", &package, "--dsp", "modern"]);
    assert_eq!(preview.status.code(), Some(1));
    assert!(out(&preview).contains("DSP-014"), "{}", out(&preview));

    assert!(daemon.approve(&package).status.success());
    let delivered = daemon.wait_status(&spec.folder_name(), "delivered");
    let blocked = push(&daemon, "modern").unwrap();
    assert_eq!(blocked["state"], "blocked");
    let why = blocked["last_error"].as_str().unwrap();
    assert!(why.contains("rights in dispute"), "{why}");
    assert_eq!(fs::read_dir(&inbox).unwrap().count(), 0);
    assert_eq!(delivered["pushes"].as_array().unwrap().len(), 2);
    let mails = daemon.mails();
    let told = mails.last().unwrap();
    assert!(
        told.contains("The Store") && !told.contains("Modern Store"),
        "{told}"
    );

    let list = daemon.command(&["push", "override", "list"]);
    insta::assert_snapshot!("override_list", steady(&out(&list)));
    let free = daemon.ask(&[
        "push",
        "override",
        &spec.icpn,
        "--dsp",
        "modern",
        "--unblock",
    ]);
    assert!(free["now"].as_str().unwrap().contains("waits"), "{free}");
    wait_push(&daemon, "modern", "sent");
    arrived(&inbox);
}

#[test]
fn a_push_that_waits_is_blocked_at_once_and_its_package_is_delivered() {
    let mut daemon = TestDaemon::prepare(US);
    store(&daemon, "modern", "Modern Store", "ern_43", "");
    daemon.run();
    let label = daemon.label("quayside", &["--dsp", "store,modern"]);
    daemon.ask(&["push", "pause", "modern"]);
    let spec = small_release(703);
    let package = upload(&daemon, &label, &spec);
    assert!(daemon.approve(&package).status.success());
    wait_push(&daemon, "store", "sent");
    assert_eq!(push(&daemon, "modern").unwrap()["state"], "queued");
    assert_eq!(daemon.package(&package)["status"], "qc_approved");
    let block = daemon.ask(&[
        "push",
        "override",
        &spec.icpn,
        "--dsp",
        "modern",
        "--block",
        "--reason",
        "not agreed",
    ]);
    assert_eq!(block["pushes"][0]["state"], "blocked");
    assert_eq!(daemon.package(&package)["status"], "delivered");
}

#[test]
fn what_leaves_nothing_blocks_the_push_and_says_why() {
    let mut daemon = TestDaemon::prepare(US);
    let inbox = store(&daemon, "modern", "Modern Store", "ern_43", "");
    daemon.run();
    let label = daemon.label("quayside", &["--dsp", "modern"]);
    let mut spec = small_release(704);
    spec.territories = vec!["DE".to_owned()];
    let package = upload(&daemon, &label, &spec);
    let told = daemon.ask(&[
        "push",
        "override",
        &package,
        "--dsp",
        "modern",
        "--territories",
        "FR",
    ]);
    let notes = told["notes"].to_string();
    assert!(notes.contains("No deal of the release is left"), "{notes}");
    assert!(daemon.approve(&package).status.success());
    let blocked = wait_push(&daemon, "modern", "blocked");
    let why = blocked["last_error"].as_str().unwrap();
    assert!(
        why.contains("DSP-014") && why.contains("It holds in DE"),
        "{why}"
    );
    assert_eq!(
        fs::read_dir(&inbox).unwrap().count(),
        0,
        "a message without deals is a takedown"
    );
    // What is changed lets it be judged again.
    daemon.ask(&[
        "push",
        "override",
        &package,
        "--dsp",
        "modern",
        "--clear",
        "territories",
    ]);
    wait_push(&daemon, "modern", "sent");
}

#[test]
fn what_cannot_be_said_is_refused_with_words() {
    let daemon = TestDaemon::prepare(US);
    store(&daemon, "modern", "Modern Store", "ern_43", "");
    for name in ["quayside", "harbour"] {
        daemon.label(name, &["--dsp", "modern"]);
    }
    let icpn = &small_release(705).icpn;
    let said = |more: &[&str]| {
        let output = daemon.command(&[&["push", "override", icpn, "--dsp"], more].concat());
        (output.status.code(), err(&output))
    };
    let has = |(code, text): (Option<i32>, String), wanted: i32, words: &str| {
        assert_eq!(code, Some(wanted), "{text}");
        assert!(text.contains(words), "{text}");
    };
    has(
        said(&["modern", "--start", "2027-01-01"]),
        3,
        "name its label with --label",
    );
    let early = ["modern", "--label", "quayside", "--start", "2027-01-01"];
    assert_eq!(said(&early).0, Some(0), "before it has come");
    has(
        said(&["modern", "--label", "quayside"]),
        2,
        "nothing was said",
    );
    has(
        said(&["modern", "--start", "tomorrow"]),
        2,
        "write it as 2026-12-01",
    );
    has(
        said(&["modern", "--territories", "Germany"]),
        2,
        "no territory code",
    );
    has(said(&["modern", "--not-in", "Worldwide"]), 2, "--block");
    has(
        said(&["modern", "--models", "Barter"]),
        2,
        "no commercial model",
    );
    has(
        said(&["modern", "--clear", "everything"]),
        2,
        "block, territories",
    );
    has(said(&["nobody", "--unblock"]), 3, "profiles are");
    // The label's own message goes out there.
    has(
        said(&["store", "--label", "quayside", "--start", "2027-01-01"]),
        4,
        "only --block",
    );
    let block = [
        "store",
        "--label",
        "quayside",
        "--block",
        "--reason",
        "no contract",
    ];
    assert_eq!(said(&block).0, Some(0));
}

/// A label that gives its tracks deals of their own, all of which fall away, does not mean that they
/// are sold by the product's.
#[test]
fn tracks_whose_deals_fall_away_are_not_sold_by_those_of_the_product() {
    let dir = tempfile::tempdir().unwrap();
    let spec = small_release(706);
    dropzone::cli::demo::material::release(dir.path(), &spec).unwrap();
    let bytes = fs::read(dir.path().join(&spec.message_file)).unwrap();
    let mut message = ern::read(&bytes, &Limits::default()).message.unwrap();
    let main = message.main_release().unwrap().reference.clone().unwrap();
    let group = message.deals.remove(0);
    let (product, track): (Vec<Text>, Vec<Text>) = group
        .releases
        .iter()
        .cloned()
        .partition(|r| r.as_str() == main.as_str());
    let mut of_track = ReleaseDeal {
        releases: track,
        ..group.clone()
    };
    for deal in &mut of_track.deals {
        deal.territories.truncate(1);
        deal.territories[0].value = "FR".to_owned();
    }
    message.deals = vec![
        ReleaseDeal {
            releases: product,
            ..group
        },
        of_track,
    ];

    let transport = TransportChoice::Folder {
        path: PathBuf::from("/nowhere"),
    };
    let mut profile = DspProfile::plain(DspId::new("modern"), "Modern Store", transport);
    profile.message = MessageChoice::Ern43;
    let setting = Setting::Territories(Area::of(["DE"]));
    let change = OverrideChange {
        dsp: profile.id.clone(),
        field: setting.field(),
        setting: Some(setting),
        reason: None,
        actor: "jo".to_owned(),
        at: "2026-11-26T12:00:00Z".parse().unwrap(),
    };
    let applied = resolve(&profile, &[], &[change]).apply(&message);
    let party = |dpid: &str| OutParty {
        dpid: dpid.to_owned(),
        name: "Somebody".to_owned(),
    };
    for target in [Target::V43, Target::V382] {
        let made = new_release(
            &applied.message,
            &[],
            &Outgoing {
                target,
                sender: party("PADPIDA2026112601A"),
                on_behalf_of: None,
                recipient: party("PADPIDA2026112602B"),
                is_test: false,
                message_id: "M".to_owned(),
                thread_id: "T".to_owned(),
                created_at: "2026-11-26T12:00:00Z".parse().unwrap(),
                with_files: false,
                territories: Vec::new(),
                genres: Default::default(),
                prices: Default::default(),
            },
        );
        let xml = String::from_utf8(made.unwrap().xml).unwrap();
        assert!(
            xml.contains("<DealReleaseReference>R0</DealReleaseReference>"),
            "{xml}"
        );
        assert!(
            !xml.contains("<DealReleaseReference>R1</DealReleaseReference>"),
            "{xml}"
        );
    }
}

#[test]
fn a_labels_test_message_is_judged_and_approved_and_pushed_nowhere() {
    let daemon = TestDaemon::start("");
    let label = daemon.label("quayside", &["--dsp", "store"]);
    let mut spec = small_release(707);
    spec.control_type = "TestMessage".to_owned();
    let package = upload(&daemon, &label, &spec);
    let report = daemon.ask(&["package", "report", &package]);
    let mut findings = report["findings"].as_array().unwrap().iter();
    assert!(
        findings.any(|finding| finding["code"] == "HDR-007"),
        "{report}"
    );
    let answer = daemon.approve(&package);
    assert!(answer.status.success(), "{answer:?}");
    // A live one that is approved afterwards has its push made and sent; the test still has none.
    let live = upload(&daemon, &label, &small_release(708));
    assert!(daemon.approve(&live).status.success());
    daemon.wait_status(&small_release(708).folder_name(), "delivered");
    let pushes = daemon.ask(&["push", "list"]);
    let packages: Vec<&str> = pushes["pushes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|push| push["package"].as_str().unwrap())
        .collect();
    assert_eq!(packages, [live.as_str()]);
    assert_eq!(daemon.package(&package)["status"], "qc_approved");
    assert_eq!(fs::read_dir(daemon.dsp()).unwrap().count(), 1);
}

#[test]
fn a_dsp_in_test_gets_test_messages_and_the_push_says_so() {
    let mut daemon = TestDaemon::prepare(US);
    let modern = store(&daemon, "modern", "Modern Store", "ern_43", "test = true");
    let classic = store(
        &daemon,
        "classic",
        "Classic Store",
        "ern_382",
        "test = true",
    );
    let live = store(&daemon, "live", "Live Store", "ern_43", "");
    daemon.run();
    let label = daemon.label("quayside", &["--dsp", "modern,classic,live"]);
    let spec = small_release(709);
    let package = upload(&daemon, &label, &spec);
    assert!(daemon.approve(&package).status.success());
    daemon.wait_status(&spec.folder_name(), "delivered");
    for (inbox, dsp, control, is_test) in [
        (&modern, "modern", "TestMessage", true),
        (&classic, "classic", "TestMessage", true),
        (&live, "live", "LiveMessage", false),
    ] {
        let (_, message) = arrived(inbox);
        assert_eq!(
            message.header.control_type.unwrap().as_str(),
            control,
            "{dsp}"
        );
        assert_eq!(push(&daemon, dsp).unwrap()["is_test"], is_test, "{dsp}");
    }
    let list = out(&daemon.command(&["push", "list"]));
    let line = |dsp: &str| {
        list.lines()
            .find(|line| line.contains(dsp))
            .unwrap()
            .to_owned()
    };
    assert!(line(" modern ").contains("sent (test)"), "{list}");
    assert!(!line(" live ").contains("(test)"), "{list}");
}
