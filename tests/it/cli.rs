//! The command line as scripts and people meet it: exit codes, JSON that its schema describes,
//! words of refusals.

use crate::kit::{TestDaemon, release};
use dropzone::cli::onboarding::OnboardingDetail;
use dropzone::cli::overrides::{OverrideDetail, OverrideList};
use dropzone::cli::push_show::PushDetail;
use dropzone::cli::quota::QuotaDetail;
use dropzone::cli::restore::Restored;
use dropzone::cli::shapes::{
    FixDetail, GateList, LabelDetail, LabelList, MailDetail, MailList, PackageDetail, PackageLine,
    PackageList, Pardoned, PenaltyList, PreviewDetail, PushLine, PushList, RuleDetail, RuleList,
    StatusDetail, TakedownDetail,
};
use dropzone::domain::report::Report;
use schemars::{Schema, schema_for};
use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

/// Public JSON → its schema file. `UPDATE_SCHEMAS=1` rewrites them.
fn schemas() -> Vec<(&'static str, Schema)> {
    vec![
        ("report", schema_for!(Report)),
        ("package", schema_for!(PackageDetail)),
        ("package-line", schema_for!(PackageLine)),
        ("package-list", schema_for!(PackageList)),
        ("label", schema_for!(LabelDetail)),
        ("label-list", schema_for!(LabelList)),
        ("quota", schema_for!(QuotaDetail)),
        ("push", schema_for!(PushLine)),
        ("push-list", schema_for!(PushList)),
        ("push-detail", schema_for!(PushDetail)),
        ("push-gates", schema_for!(GateList)),
        ("push-takedown", schema_for!(TakedownDetail)),
        ("fix", schema_for!(FixDetail)),
        ("rule", schema_for!(RuleDetail)),
        ("rule-list", schema_for!(RuleList)),
        ("status", schema_for!(StatusDetail)),
        ("mail", schema_for!(MailDetail)),
        ("mail-list", schema_for!(MailList)),
        ("penalty-list", schema_for!(PenaltyList)),
        ("package-restore", schema_for!(Restored)),
        ("penalty-forgive", schema_for!(Pardoned)),
        ("push-preview", schema_for!(PreviewDetail)),
        ("push-override", schema_for!(OverrideDetail)),
        ("push-override-list", schema_for!(OverrideList)),
        ("push-onboarding", schema_for!(OnboardingDetail)),
    ]
}

#[test]
fn the_schemas_of_our_json_are_true() {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("schemas");
    for (name, schema) in schemas() {
        let file = dir.join(format!("{name}.schema.json"));
        let text = format!("{}\n", serde_json::to_string_pretty(&schema).unwrap());
        if std::env::var_os("UPDATE_SCHEMAS").is_some() {
            fs::write(&file, &text).unwrap();
        }
        let kept = fs::read_to_string(&file).unwrap_or_default();
        assert!(
            kept == text,
            "{} is out of date: UPDATE_SCHEMAS=1 cargo test --test it schemas",
            file.display()
        );
    }
}

#[test]
fn a_labels_upload_space_is_shown_agreed_and_given_back() {
    let daemon = TestDaemon::prepare("");
    let label = daemon.label("quayside", &[]);
    let quota = |more: &[&str]| daemon.ask(&[&["label", "quota", "quayside"], more].concat());
    let before = quota(&[]);
    assert_eq!(before["quota"]["bytes"], 100_000_000_000_u64);
    assert_eq!(before["agreed"].as_array().unwrap().len(), 0);
    assert_eq!(before["used"]["files"], 0);
    let folder = daemon
        .data()
        .join("labels")
        .join(&label.id)
        .join("incoming/A");
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("a.wav"), [0; 1_500]).unwrap();
    let after = quota(&["--bytes", "50GB", "--depth", "4"]);
    assert_eq!(after["quota"]["bytes"], 50_000_000_000_u64);
    assert_eq!(after["agreed"], serde_json::json!(["bytes", "depth"]));
    assert_eq!(after["used"]["bytes"], 1_500);
    assert_eq!(after["used"]["folders"], 1);
    assert_eq!(quota(&["--files", "10"])["quota"]["depth"], 4, "it stays");
    let shown = daemon.command(&["label", "quota", "quayside"]);
    let shown = String::from_utf8(shown.stdout).unwrap();
    assert!(
        shown.contains("bytes     1.5 kB of 50 GB   (agreed; for all: 100 GB)"),
        "{shown}"
    );
    assert!(shown.contains("folders   1 of 5000\n"), "{shown}");
    let reset = quota(&["--reset", "--folders", "7"]);
    assert_eq!(reset["agreed"], serde_json::json!(["folders"]));
    let code = |arguments: &[&str]| daemon.command(arguments).status.code();
    assert_eq!(
        code(&["label", "quota", "quayside", "--bytes", "a lot"]),
        Some(2)
    );
    assert_eq!(
        code(&["label", "quota", "quayside", "--depth", "99"]),
        Some(2)
    );
    assert_eq!(code(&["label", "quota", "nobody"]), Some(3));
}

#[test]
fn exit_codes_are_what_scripts_rely_on() {
    let daemon = TestDaemon::prepare("");
    let code = |arguments: &[&str]| daemon.command(arguments).status.code();
    assert_eq!(code(&["package", "list"]), Some(0));
    assert_eq!(
        code(&["package", "show", "01ARZ3NDEKTSV4RRFFQ69G5FAV"]),
        Some(3),
        "not found"
    );
    assert_eq!(code(&["label", "show", "nobody"]), Some(3));
    assert_eq!(
        code(&["package", "list", "--status", "lost"]),
        Some(2),
        "usage"
    );
    assert_eq!(code(&["nonsense"]), Some(2));
    assert_eq!(
        code(&[
            "label",
            "add",
            "UPPER",
            "--email",
            "a@b",
            "--generate-password"
        ]),
        Some(2)
    );
    assert_eq!(
        code(&[
            "label",
            "add",
            "x",
            "--email",
            "a@b.example",
            "--generate-password",
            "--dsp",
            "nope"
        ]),
        Some(3)
    );
    assert_eq!(
        code(&[
            "label",
            "add",
            "x",
            "--email",
            "a@b.example",
            "--generate-password"
        ]),
        Some(0)
    );
    assert_eq!(
        code(&[
            "label",
            "add",
            "x",
            "--email",
            "a@b.example",
            "--generate-password"
        ]),
        Some(4),
        "there already"
    );
    assert_eq!(code(&["status"]), Some(1), "no daemon runs");
    assert_eq!(code(&["config", "check"]), Some(0));
    assert_eq!(code(&["--help"]), Some(0));
}

#[test]
fn check_tells_the_same_offline() {
    let daemon = TestDaemon::prepare("");
    let sound = daemon.material(&release(401));
    let path = sound.display().to_string();
    let output = daemon.command(&["--json", "check", &path]);
    assert_eq!(
        output.status.code(),
        Some(0),
        "{}",
        String::from_utf8_lossy(&output.stdout)
    );
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report["verdict"], "valid");
    assert_eq!(report["tracks"].as_array().unwrap().len(), 3);
    let forms = ["text", "json", "html", "sarif"];
    let beginnings = ["VALID", "{", "<!doctype html>", "{"];
    for (form, beginning) in forms.into_iter().zip(beginnings) {
        let printed = daemon.command(&["check", &path, "--format", form]);
        assert_eq!(printed.status.code(), Some(0), "{form}");
        assert!(printed.stdout.starts_with(beginning.as_bytes()), "{form}");
        let file = daemon.home.path().join(form).display().to_string();
        let kept = daemon.command(&["check", &path, "--format", form, "--output", &file]);
        assert_eq!(kept.status.code(), Some(0));
        assert!(kept.stdout.is_empty());
        assert_eq!(fs::read(&file).unwrap(), printed.stdout, "{form}");
    }
    let nowhere = daemon.command(&["check", &path, "--output", "/does/not/exist/r"]);
    assert_eq!(
        nowhere.status.code(),
        Some(2),
        "could not do what was asked"
    );
    fs::remove_file(sound.join("02_LowWater.wav")).unwrap();
    let output = daemon.command(&["check", &path]);
    assert_eq!(output.status.code(), Some(1));
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(
        text.contains("PKG-007") && text.contains("02_LowWater.wav"),
        "{text}"
    );
    assert_eq!(
        daemon.command(&["check", "/does/not/exist"]).status.code(),
        Some(2)
    );
    assert_eq!(
        daemon
            .command(&["check", &format!("{path}/metadata.xml")])
            .status
            .code(),
        Some(2)
    );
}

#[test]
fn passwords_and_hashes_are_shown_nowhere() {
    let daemon = TestDaemon::prepare("");
    let label = daemon.label("quayside", &[]);
    for arguments in [
        &["label", "show", "quayside"][..],
        &["--json", "label", "list"],
        &["config", "show"],
    ] {
        let output = daemon.command(arguments);
        let text = String::from_utf8(output.stdout).unwrap();
        assert!(
            !text.contains(&label.password) && !text.contains("$argon2"),
            "{arguments:?}: {text}"
        );
    }
    let database = fs::read(daemon.data().join("dropzone.db")).unwrap();
    let holds = |needle: &str| {
        database
            .windows(needle.len())
            .any(|w| w == needle.as_bytes())
    };
    assert!(!holds(&label.password), "the database keeps only the hash");
}

/// Somebody takes their time over a password; what colleagues change meanwhile stays.
#[test]
fn a_password_that_is_typed_slowly_undoes_nothing() {
    let daemon = TestDaemon::prepare("");
    daemon.label("quayside", &[]);
    let mut typing = Command::new(env!("CARGO_BIN_EXE_dropzone"))
        .arg("--config")
        .arg(daemon.config())
        .args(["label", "set", "quayside", "--password-stdin"])
        .args(["--profile", "strict"])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    daemon.ask(&["label", "disable", "quayside"]);
    let network = "192.0.2.0/24";
    daemon.ask(&["label", "access", "quayside", "--allow-from", network]);
    let mut keyboard = typing.stdin.take().unwrap();
    keyboard.write_all(b"correct horse battery\n").unwrap();
    drop(keyboard);
    assert!(typing.wait().unwrap().success());
    let shown = daemon.ask(&["label", "show", "quayside"]);
    assert_eq!(shown["disabled"], true, "{shown}");
    assert!(shown.to_string().contains(network), "{shown}");
    assert_eq!(shown["profile"], "strict");
    daemon.ask(&["label", "enable", "quayside"]);
    let code = |arguments: &[&str]| daemon.command(arguments).status.code();
    assert_eq!(code(&["label", "enable", "nobody"]), Some(3));
    assert_eq!(
        code(&["label", "key", "remove", "quayside", "SHA256:none"]),
        Some(3)
    );
}

/// Root types commands, the service runs as somebody else: nothing may be left that it cannot open.
#[test]
fn what_root_makes_belongs_to_the_service() {
    use std::os::unix::fs::{MetadataExt, chown};
    let daemon = TestDaemon::prepare("");
    if chown(daemon.data(), Some(65534), Some(65534)).is_err() {
        return; // Not root: then there is nothing to give away.
    }
    let label = daemon.label("quayside", &[]);
    let home = daemon.data().join("labels").join(&label.id);
    for made in [
        daemon.data().join("dropzone.db"),
        home.join("incoming"),
        home.join("partial"),
        home.join("reports"),
        home.join("acknowledgements"),
        home,
    ] {
        assert_eq!(made.metadata().unwrap().uid(), 65534, "{}", made.display());
    }
}
