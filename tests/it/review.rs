//! What a reviewer and an operator type: questions that are ticked, rules that are changed for one
//! label, the manual of the rules.

use crate::kit::{TestDaemon, release};
use dropzone::domain::rules::catalogue;
use std::fs;
use std::process::Output;

fn out(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn err(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

#[test]
fn a_release_that_asks_is_approved_with_its_ticks() {
    let daemon = TestDaemon::start("");
    let label = daemon.label("quayside", &[]);
    // Its texts are limited to one country, its deals are not: a person has to decide (DEAL-003). And
    // this label is known for long fades.
    let mut spec = release(501);
    spec.tracks[0].signal.trailing_silence_seconds = 2.0;
    let folder = daemon.material(&spec);
    let message = folder.join("metadata.xml");
    let text = fs::read_to_string(&message).unwrap();
    let (head, releases) = text.split_at(text.find("<ReleaseList>").unwrap());
    let limited = releases.replacen(
        "<TerritoryCode>Worldwide</TerritoryCode>",
        "<TerritoryCode>DE</TerritoryCode>",
        1,
    );
    fs::write(&message, format!("{head}{limited}")).unwrap();
    let changed = daemon.command(&[
        "label",
        "rule",
        "quayside",
        "AUD-017",
        "question",
        "--reason",
        "long fades: listen",
    ]);
    assert!(changed.status.success(), "{}", err(&changed));
    daemon.sftp_ok(
        &label,
        &format!("cd incoming\nput -r {}\n", folder.display()),
    );
    let package = daemon.wait_status(&spec.folder_name(), "needs_qc");
    let id = package["id"].as_str().unwrap();
    let questions: Vec<&str> = package["questions"]
        .as_array()
        .unwrap()
        .iter()
        .map(|code| code.as_str().unwrap())
        .collect();
    for code in ["AUD-017", "DEAL-003"] {
        assert!(questions.contains(&code), "{questions:?}");
    }
    assert!(out(&daemon.command(&["qc", "list"])).contains(&questions.join(",")));
    let shown = out(&daemon.command(&["package", "show", id]));
    let to_tick = shown.find("to look at and tick before approval").unwrap();
    assert!(to_tick < shown.find("history").unwrap(), "{shown}");

    let refused = daemon.command(&["qc", "approve", id, "--tick", "deal-003"]);
    assert_eq!(refused.status.code(), Some(4));
    let said = err(&refused);
    assert!(
        said.contains("  AUD-017   ") && !said.contains("  DEAL-003   "),
        "{said}"
    );
    let paste = said.lines().last().unwrap().trim();
    assert!(
        paste.starts_with("dropzone qc approve ") && paste.contains("--tick DEAL-003"),
        "{said}"
    );
    let unasked = daemon.command(&["qc", "approve", id, "--tick", "META-015"]);
    assert_eq!(unasked.status.code(), Some(4));
    assert_eq!(daemon.package(id)["status"], "needs_qc");

    let words: Vec<&str> = paste.split(' ').skip(1).collect();
    let approved = daemon.command(&words);
    assert!(approved.status.success(), "{}", err(&approved));
    let package = daemon.package(id);
    let history = package["history"].as_array().unwrap();
    assert_eq!(
        history.last().unwrap()["ticked"].as_array().unwrap().len(),
        questions.len()
    );
    assert!(package["questions"].as_array().unwrap().is_empty());
    let shown = out(&daemon.command(&["package", "show", id]));
    assert!(shown.contains("(ticked DEAL-003, "), "{shown}");
    let mail = daemon.mails().join("\n");
    assert!(
        mail.contains("for your account: question instead of warning"),
        "{mail}"
    );
}

#[test]
fn a_rule_is_changed_for_one_label_with_a_name_and_a_reason() {
    let daemon = TestDaemon::prepare("");
    daemon.label("quayside", &[]);
    daemon.label("lagoon", &[]);
    let rule = |arguments: &[&str]| {
        let mut all = vec!["label", "rule", "quayside"];
        all.extend_from_slice(arguments);
        daemon.command(&all)
    };
    let changed = rule(&["aud-017", "off", "--reason", "gapless live albums"]);
    assert!(changed.status.success(), "{}", err(&changed));
    for words in ["AUD-017 is off, usually warning", "gapless live albums"] {
        assert!(out(&changed).contains(words), "{}", out(&changed));
    }
    let listed = daemon.command(&["rules", "list", "--family", "aud", "--label", "quayside"]);
    let listed = out(&listed);
    let line = listed
        .lines()
        .find(|line| line.starts_with("AUD-017"))
        .unwrap();
    assert!(
        line.contains("off") && line.contains("gapless live albums"),
        "{line}"
    );
    let other = daemon.ask(&["rules", "show", "AUD-017", "--label", "lagoon"]);
    assert!(other["agreed"].is_null());
    let mine = daemon.ask(&["rules", "show", "AUD-017", "--label", "quayside"]);
    assert_eq!(mine["agreed"]["setting"], "off");

    for (arguments, code, words) in [
        (
            &["XML-002", "off", "--reason", "x"][..],
            4,
            "guards the safety of all",
        ),
        (&["PKG-007", "warning", "--reason", "x"], 4, "guards"),
        (
            &["AUD-117", "off", "--reason", "x"],
            3,
            "the nearest is AUD-017",
        ),
        (
            &["PKG-018", "off", "--reason", "x"],
            4,
            "files still arrive",
        ),
        (&["AUD-017", "off", "--reason", "x"], 4, "already"),
        (&["AUD-012", "off", "--reason", " "], 2, "--reason is empty"),
        (&["AUD-012", "off"], 2, "--reason"),
        (&["AUD-012", "loud", "--reason", "x"], 2, "loud"),
    ] {
        let refused = rule(arguments);
        assert_eq!(refused.status.code(), Some(code), "{arguments:?}");
        assert!(err(&refused).contains(words), "{}", err(&refused));
    }
    let raised = rule(&["PKG-007", "error", "--reason", "as it is"]);
    assert!(raised.status.success(), "{}", err(&raised));
    let back = rule(&["AUD-017", "default", "--reason", "sorted"]);
    assert!(back.status.success(), "{}", err(&back));
    let label = daemon.ask(&["label", "show", "quayside"]);
    assert_eq!(label["rules"].as_array().unwrap().len(), 1);
    assert_eq!(label["rule_changes"].as_array().unwrap().len(), 3);
    assert_eq!(label["rule_changes"][2]["reason"], "sorted");
}

#[test]
fn the_manual_is_read_without_a_data_directory() {
    let home = tempfile::tempdir().unwrap();
    let ask = |arguments: &[&str]| {
        std::process::Command::new(env!("CARGO_BIN_EXE_dropzone"))
            .args(arguments)
            .current_dir(home.path())
            .output()
            .unwrap()
    };
    let all = out(&ask(&["rules", "list"]));
    assert_eq!(all.lines().count(), catalogue().count() + 1);
    for rule in catalogue() {
        let shown = ask(&["rules", "show", rule.code]);
        assert!(shown.status.success());
        let words = out(&shown);
        let words = words.split_whitespace().collect::<Vec<_>>().join(" ");
        for text in [rule.title, rule.why, rule.fix, rule.source] {
            assert!(words.contains(text), "{}: {text} in {words}", rule.code);
        }
    }
    let questions = ask(&[
        "--json",
        "rules",
        "list",
        "--severity",
        "question",
        "--profile",
        "guide",
    ]);
    let questions: serde_json::Value = serde_json::from_slice(&questions.stdout).unwrap();
    let questions = questions["rules"].as_array().unwrap();
    assert!(!questions.is_empty());
    for rule in questions {
        let guide = rule["guide"].as_array().unwrap();
        assert!(guide.iter().any(|severity| severity == "question"));
    }
    let unknown = ask(&["rules", "show", "DELA-03"]);
    assert_eq!(unknown.status.code(), Some(3));
    assert!(err(&unknown).contains("the nearest"), "{}", err(&unknown));
    let family = ask(&["rules", "list", "--family", "FOO"]);
    assert_eq!(family.status.code(), Some(3));
    assert!(err(&family).contains("PKG, XML, HDR"), "{}", err(&family));
}
