//! `push preview`: what a DSP would get, offline and of a package, and rules DSP-… one by one.

use crate::kit::{TestDaemon, release, shared};
use dropzone::cli::demo::material::Encoding;
use dropzone::cli::demo::material::audio::pcm::{Aiff, Wav};
use dropzone::domain::dsp::{DspProfile, MessageChoice, TakedownForm, TransportChoice};
use dropzone::domain::ern;
use dropzone::domain::ern::write::{Loss, Refusal};
use dropzone::domain::facts::{SchemaFacts, SchemaFault};
use dropzone::domain::ids::DspId;
use dropzone::domain::limits::Limits;
use dropzone::domain::push::PushKind;
use dropzone::domain::readiness::{Change, Going, judge};
use dropzone::domain::release::{Message, Pos};
use dropzone::domain::report::Severity;
use dropzone::domain::report::readiness::{Readiness, sentence};
use dropzone::domain::rules::catalogue;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;
use std::sync::LazyLock;

const US: &str = "[party]\ndpid = \"PADPIDA2026112601A\"\nname = \"Example Distribution\"\n";

fn out(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn store(daemon: &TestDaemon, id: &str, name: &str, message: &str, more: &str) {
    daemon.profile(
        id,
        &format!(
            "name = \"{name}\"\nmessage = \"{message}\"\nchoreography = \"batch\"\n\n[message_options]\ndpid = \"PADPIDA2026112602B\"\n\n{more}\n[transport]\nkind = \"folder\"\npath = \"{}\"\n",
            daemon.dsp().display()
        ),
    );
}

/// A daemon's directory with two stores and the official schemas; nothing runs.
fn stores() -> Option<TestDaemon> {
    let shared = shared()?;
    let daemon = TestDaemon::prepare(US);
    let schemas = shared.join("schemas").display().to_string();
    daemon.ask(&["schemas", "install", &schemas]);
    store(
        &daemon,
        "modern",
        "Modern Store",
        "ern_43",
        "[audio]\nplain_wav_header = true\nformat = \"wav\"\n\n[artwork]\nmost_pixels = 1500\n",
    );
    store(
        &daemon,
        "classic",
        "Classic Store",
        "ern_382",
        "[audio]\nformat = \"flac\"\n",
    );
    Some(daemon)
}

fn preview(daemon: &TestDaemon, folder: &Path, dsp: &str, more: &[&str]) -> Output {
    let folder = folder.display().to_string();
    let mut arguments = vec!["push", "preview", &folder, "--dsp", dsp];
    arguments.extend_from_slice(more);
    daemon.command(&arguments)
}

#[test]
fn people_read_what_each_store_would_get() {
    let Some(daemon) = stores() else { return };
    let mut spec = release(601);
    spec.tracks[1].encoding = Encoding::Wav(Wav {
        extensible: true,
        ..Wav::default()
    });
    spec.tracks[2].encoding = Encoding::Aiff(Aiff::default());
    spec.tracks[2].file = "03_LastBoatHome.aiff".to_owned();
    let folder = daemon.material(&spec);
    for dsp in ["modern", "classic"] {
        let shown = preview(&daemon, &folder, dsp, &[]);
        assert_eq!(shown.status.code(), Some(0), "{shown:?}");
        insta::assert_snapshot!(format!("preview_{dsp}"), out(&shown));
    }
    assert!(
        fs::read_dir(daemon.dsp()).unwrap().next().is_none(),
        "nothing is sent"
    );
    assert!(
        !daemon.data().join("dropzone.db").exists(),
        "nothing is stored"
    );

    let xml = preview(&daemon, &folder, "modern", &["--xml"]);
    let read = ern::read(&xml.stdout, &Limits::default());
    let message = read.message.unwrap();
    assert_eq!(message.version, "43");
    assert_eq!(message.recordings.len(), 3);

    let folder = folder.display().to_string();
    let json = daemon.ask(&["push", "preview", &folder, "--dsp", "modern", "--xml"]);
    assert_eq!(json["ready"], true);
    assert_eq!(json["schema"]["set"], "ern-43");
    assert!(json["xml"].as_str().unwrap().contains("LiveMessage"));
    let files = json["files"].as_array().unwrap();
    assert_eq!(files[0]["change"], serde_json::Value::Null, "{json}");
    assert_eq!(files[1]["change"], "WAV header rewritten");
    assert_eq!(files[2]["change"], "AIFF → WAV");
}

#[test]
fn a_release_that_cannot_be_said_is_refused_with_its_reason() {
    let Some(daemon) = stores() else { return };
    let mut spec = release(602);
    spec.tracks[1].missing = true;
    let folder = daemon.material(&spec);
    let shown = preview(&daemon, &folder, "modern", &[]);
    assert_eq!(shown.status.code(), Some(1), "{shown:?}");
    insta::assert_snapshot!("preview_refused", out(&shown));
    let xml = preview(&daemon, &folder, "modern", &["--xml"]);
    assert_eq!(xml.status.code(), Some(4), "{xml:?}");
    let unknown = preview(&daemon, &folder, "nobody", &[]);
    assert_eq!(unknown.status.code(), Some(3), "{unknown:?}");
}

#[test]
fn without_the_schema_the_preview_says_so() {
    let daemon = TestDaemon::prepare(US);
    store(&daemon, "modern", "Modern Store", "ern_43", "");
    let folder = daemon.material(&release(603));
    let shown = out(&preview(&daemon, &folder, "modern", &[]));
    assert!(
        shown.contains("The official schema of ERN 4.3 is not installed here"),
        "{shown}"
    );
}

/// What is judged of a sound release for a DSP that asks for nothing; each test changes one thing.
struct Case {
    profile: DspProfile,
    message: Message,
    changes: Vec<Change>,
    losses: Vec<Loss>,
    refusals: Vec<Refusal>,
    schema: SchemaFacts,
    kind: PushKind,
}

/// Made once: to generate sound and cover takes longer than all that is asked of them.
static MESSAGE: LazyLock<Message> = LazyLock::new(|| {
    let dir = tempfile::tempdir().unwrap();
    let spec = release(604);
    dropzone::cli::demo::material::release(dir.path(), &spec).unwrap();
    let bytes = fs::read(dir.path().join(&spec.message_file)).unwrap();
    ern::read(&bytes, &Limits::default()).message.unwrap()
});

impl Case {
    fn sound() -> Self {
        let transport = TransportChoice::Folder {
            path: PathBuf::from("/nowhere"),
        };
        let mut profile = DspProfile::plain(DspId::new("store"), "Store", transport);
        profile.message = MessageChoice::Ern43;
        Self {
            profile,
            message: MESSAGE.clone(),
            changes: Vec::new(),
            losses: Vec::new(),
            refusals: Vec::new(),
            schema: SchemaFacts::default(),
            kind: PushKind::New,
        }
    }

    fn findings(&self) -> Vec<(String, Severity)> {
        let judged = judge(&self.going());
        judged.into_iter().map(|f| (f.code, f.severity)).collect()
    }

    fn going(&self) -> Going<'_> {
        Going {
            profile: &self.profile,
            kind: self.kind,
            message: &self.message,
            changes: &self.changes,
            losses: &self.losses,
            refusals: &self.refusals,
            schema: Some((&self.schema, "<a>\n  <b/>\n</a>\n")),
            // The demonstration's release is sold from 2027-03-05.
            now: "2027-02-27T12:00:00Z".parse().unwrap(),
        }
    }
}

fn sftp(host: &str) -> TransportChoice {
    TransportChoice::Sftp {
        host: host.to_owned(),
        port: 22,
        user: "us".to_owned(),
        host_key: "SHA256:x".to_owned(),
        password_file: None,
        key_file: None,
        timeout_seconds: 30,
    }
}

fn refusal(code: &'static str) -> Refusal {
    Refusal {
        code,
        message: "No.".to_owned(),
        fix: "Do.".to_owned(),
        at: Pos::default(),
    }
}

fn loss(code: &'static str) -> Loss {
    Loss {
        code,
        what: "A role".to_owned(),
        why: "It has no place.".to_owned(),
        at: Pos::default(),
    }
}

/// Rule, how much it weighs, what trips it, and a neighbour that does not.
type Trial = (&'static str, Severity, fn(&mut Case), fn(&mut Case));

const TRIALS: &[Trial] = &[
    (
        "DSP-001",
        Severity::Error,
        |case| {
            case.schema.total = 1;
            case.schema.faults.push(SchemaFault {
                message: "wrong".to_owned(),
                fix: None,
                line: 2,
                path: "/a/b".to_owned(),
                expected: None,
                found: None,
                repair: Vec::new(),
            });
        },
        |case| case.schema.total = 0,
    ),
    (
        "DSP-002",
        Severity::Error,
        |case| case.refusals.push(refusal("DSP-002")),
        |_| {},
    ),
    (
        "DSP-003",
        Severity::Warning,
        |case| case.losses.push(loss("DSP-003")),
        |_| {},
    ),
    (
        "DSP-004",
        Severity::Warning,
        |case| case.losses.push(loss("DSP-004")),
        |_| {},
    ),
    (
        "DSP-005",
        Severity::Error,
        |case| {
            case.profile.requires.ern_43 = true;
            case.profile.message = MessageChoice::Ern382;
        },
        |case| case.profile.requires.ern_43 = true,
    ),
    (
        "DSP-006",
        Severity::Warning,
        |case| {
            case.kind = PushKind::Takedown;
            case.profile.takedown = TakedownForm::Purge;
        },
        |case| {
            case.kind = PushKind::Takedown;
            case.profile.takedown = TakedownForm::Purge;
            case.profile.purge = true;
        },
    ),
    (
        "DSP-007",
        Severity::Error,
        |case| case.profile.name = "Apple Music".to_owned(),
        |case| case.profile.name = "Green Apple".to_owned(),
    ),
    (
        "DSP-007",
        Severity::Error,
        |case| case.profile.transport = sftp("upload.itunes.apple.com"),
        |case| case.profile.transport = sftp("apple.com.example"),
    ),
    (
        "DSP-008",
        Severity::Warning,
        |case| case.profile.requires.lead_days = 7,
        |case| case.profile.requires.lead_days = 6,
    ),
    (
        "DSP-009",
        Severity::Info,
        |case| case.profile.enabled = false,
        |_| {},
    ),
    (
        "DSP-010",
        Severity::Info,
        |case| {
            case.changes.push(Change {
                file: "1.aiff".to_owned(),
                what: Ok("AIFF → WAV".to_owned()),
            });
        },
        |_| {},
    ),
    (
        "DSP-010",
        Severity::Error,
        |case| {
            case.changes.push(Change {
                file: "1.wav".to_owned(),
                what: Err("32 bits".to_owned()),
            });
        },
        |_| {},
    ),
    (
        "DSP-011",
        Severity::Error,
        |case| case.profile.requires.most_tracks = 2,
        |case| case.profile.requires.most_tracks = 3,
    ),
    (
        "DSP-012",
        Severity::Error,
        |case| {
            case.profile.requires.composer = true;
            case.message.recordings[2].contributors.clear();
        },
        |case| case.profile.requires.composer = true,
    ),
    (
        "DSP-012",
        Severity::Error,
        |case| {
            case.profile.requires.language = true;
            case.message.recordings[0].language = None;
        },
        |case| case.profile.requires.language = true,
    ),
    (
        "DSP-012",
        Severity::Error,
        |case| {
            case.profile.requires.label_name = true;
            main(case).label_name = None;
        },
        |case| case.profile.requires.label_name = true,
    ),
    (
        "DSP-012",
        Severity::Error,
        |case| {
            case.profile.requires.p_line = true;
            main(case).plines.clear();
            case.message.recordings[1].plines.clear();
        },
        // One of the two is enough.
        |case| {
            case.profile.requires.p_line = true;
            main(case).plines.clear();
        },
    ),
    (
        "DSP-012",
        Severity::Error,
        |case| {
            case.profile.requires.c_line = true;
            main(case).clines.clear();
        },
        |case| case.profile.requires.c_line = true,
    ),
    (
        "DSP-013",
        Severity::Error,
        |case| case.refusals.push(refusal("DSP-013")),
        |_| {},
    ),
    (
        "DSP-014",
        Severity::Error,
        |case| case.refusals.push(refusal("DSP-014")),
        |_| {},
    ),
    (
        "DSP-015",
        Severity::Warning,
        |case| case.losses.push(loss("DSP-015")),
        |_| {},
    ),
];

fn main(case: &mut Case) -> &mut dropzone::domain::release::Release {
    let releases = case.message.releases.iter_mut();
    releases.into_iter().find(|r| r.icpn.is_some()).unwrap()
}

#[test]
fn each_rule_of_a_dsp_is_tripped_by_its_fault_alone() {
    for (number, (code, severity, fault, neighbour)) in TRIALS.iter().enumerate() {
        let mut case = Case::sound();
        assert_eq!(case.findings(), [], "sound");
        fault(&mut case);
        assert_eq!(
            case.findings(),
            [((*code).to_owned(), *severity)],
            "trial {number}"
        );
        let mut case = Case::sound();
        neighbour(&mut case);
        assert_eq!(case.findings(), [], "neighbour of trial {number}");
    }
    let tried: BTreeSet<&str> = TRIALS.iter().map(|trial| trial.0).collect();
    let rules: BTreeSet<&str> = catalogue()
        .filter(|rule| rule.for_a_dsp)
        .map(|rule| rule.code)
        .collect();
    assert_eq!(tried, rules);
}

#[test]
fn a_fault_of_the_schema_is_told_with_line_column_and_path() {
    let mut case = Case::sound();
    TRIALS[0].2(&mut case);
    let finding = &judge(&case.going())[0];
    assert_eq!((finding.line, finding.column), (Some(2), Some(3)));
    assert_eq!(finding.path.as_deref(), Some("/a/b"));
}

#[test]
fn the_reviewer_reads_one_sentence() {
    let mut case = Case::sound();
    case.profile.requires.composer = true;
    case.profile.requires.c_line = true;
    case.message.recordings[0].contributors.clear();
    case.message.recordings[2].contributors.clear();
    main(&mut case).clines.clear();
    let of = |name: &str, findings| Readiness {
        dsp: name.to_lowercase(),
        name: name.to_owned(),
        ready: name != "C",
        findings,
    };
    let all = [
        of("A", Vec::new()),
        of("B", Vec::new()),
        of("C", judge(&case.going())),
    ];
    assert_eq!(
        sentence(&all),
        "ready for A and B; C needs a composer on tracks 1 and 3 and a C line"
    );
}

#[test]
fn schemas_status_says_which_versions_can_be_checked() {
    let Some(shared) = shared() else { return };
    let daemon = TestDaemon::prepare("");
    let before = daemon.ask(&["schemas", "status"]);
    let possible = |answer: &serde_json::Value, version: &str| {
        let mut lines = answer.as_array().unwrap().iter();
        lines.find(|line| line["version"] == version).unwrap()["check_possible"] == true
    };
    assert!(!possible(&before, "43") && !possible(&before, "382"));
    let of_43 = shared.join("schemas/ern-43").display().to_string();
    daemon.ask(&["schemas", "install", &of_43]);
    let after = daemon.ask(&["schemas", "status"]);
    assert!(possible(&after, "43") && !possible(&after, "382"));
    let shown = out(&daemon.command(&["schemas", "status"]));
    let line = |name: &str| {
        let mut lines = shown.lines();
        lines
            .find(|line| line.starts_with(name))
            .unwrap()
            .to_owned()
    };
    assert!(line("ERN 4.3 ").contains("possible"), "{shown}");
    assert!(line("ERN 3.8.2 ").contains("not possible"), "{shown}");
    assert!(
        shown.contains("ERN 3.7"),
        "no schema is known of it: {shown}"
    );
}
