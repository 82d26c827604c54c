//! SARIF for CI: what the standard asks of a log, and that it says what the report says.

use crate::report::{hostile, invalid_report, poisoned, valid_report};
use dropzone::domain::report::{NotRun, Report};
use dropzone::domain::sarif;
use proptest::prelude::*;
use serde_json::Value;

fn log(report: &Report) -> Value {
    serde_json::from_str(&sarif::render(report, Some("/srv/music/Night Drive")).unwrap()).unwrap()
}

/// What the schema of SARIF 2.1.0 requires of the parts that we write.
fn check(log: &Value) {
    let text = |value: &Value| assert!(value.is_string(), "{value}");
    let message = |value: &Value| text(&value["text"]);
    assert_eq!(log["version"], "2.1.0");
    text(&log["$schema"]);
    let runs = log["runs"].as_array().unwrap();
    assert_eq!(runs.len(), 1);
    let run = &runs[0];
    let driver = &run["tool"]["driver"];
    text(&driver["name"]);
    let rules = driver["rules"].as_array().unwrap();
    for rule in rules {
        text(&rule["id"]);
        for words in ["shortDescription", "fullDescription", "help"] {
            message(&rule[words]);
        }
        level(&rule["defaultConfiguration"]["level"]);
    }
    for invocation in run["invocations"].as_array().unwrap() {
        assert!(invocation["executionSuccessful"].is_boolean());
        for told in invocation["toolExecutionNotifications"].as_array().unwrap() {
            level(&told["level"]);
            message(&told["message"]);
        }
    }
    assert!(["utf16CodeUnits", "unicodeCodePoints"].contains(&run["columnKind"].as_str().unwrap()));
    for result in run["results"].as_array().unwrap() {
        message(&result["message"]);
        level(&result["level"]);
        if let Some(index) = result["ruleIndex"].as_u64() {
            let rule = &rules[usize::try_from(index).unwrap()];
            assert_eq!(rule["id"], result["ruleId"]);
        }
        for place in result["locations"].as_array().unwrap() {
            let physical = &place["physicalLocation"];
            let uri = physical["artifactLocation"]["uri"].as_str().unwrap();
            let fits = |b: u8| b.is_ascii_graphic() && !b"<>\"{}|^`\\".contains(&b);
            assert!(!uri.is_empty() && uri.bytes().all(fits), "{uri:?}");
            let base = physical["artifactLocation"]["uriBaseId"].as_str().unwrap();
            assert!(run["originalUriBaseIds"][base].is_object());
            if let Some(region) = physical.get("region") {
                assert!(region["startLine"].as_u64().unwrap() >= 1);
                assert!(region["startColumn"].as_u64().unwrap_or(1) >= 1);
            }
            for logical in place["logicalLocations"].as_array().into_iter().flatten() {
                text(&logical["fullyQualifiedName"]);
            }
        }
        let prints = result["partialFingerprints"].as_object().unwrap();
        assert!(!prints.is_empty() && prints.values().all(Value::is_string));
    }
}

fn level(value: &Value) {
    let level = value.as_str().unwrap();
    assert!(
        ["none", "note", "warning", "error"].contains(&level),
        "{level}"
    );
}

#[test]
fn sarif_of_an_invalid_release() {
    let mut report = invalid_report();
    report.not_run.push(NotRun {
        what: "The history of the release".to_owned(),
        why: "this is an offline check".to_owned(),
        codes: vec!["UPD-001".to_owned()],
    });
    let log = log(&report);
    check(&log);
    insta::assert_json_snapshot!(log);
}

#[test]
fn every_finding_is_a_result_that_stays_itself() {
    let report = invalid_report();
    let prints = |report: &Report| -> Vec<String> {
        let log = log(report);
        let results = log["runs"][0]["results"].as_array().unwrap();
        assert_eq!(results.len(), report.findings.len());
        let print = |result: &Value| result["partialFingerprints"].to_string();
        results.iter().map(print).collect()
    };
    let before = prints(&report);
    let mut edited = report.clone();
    for finding in &mut edited.findings {
        finding.line = finding.line.map(|line| line + 10);
    }
    assert_eq!(prints(&edited), before, "lines move");
    let mut twice = report;
    twice.findings.push(twice.findings[0].clone());
    let mut twice = prints(&twice);
    twice.sort();
    twice.dedup();
    assert_eq!(
        twice.len(),
        before.len() + 1,
        "two of a kind are told apart"
    );
    check(&log(&valid_report()));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn whatever_a_label_writes_the_log_is_whole(text in hostile()) {
        check(&log(&poisoned(&text)));
    }
}
