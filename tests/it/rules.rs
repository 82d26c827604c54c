//! The rule catalogue: every rule is tripped by a package that has its fault and by no sound one,
//! and the words of the catalogue are complete.

use dropzone::domain::account::Profile;
use dropzone::domain::report::{Report, Severity, Verdict};
use dropzone::domain::rules::{catalogue, rule, table_markdown};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

mod cases;
mod package;
mod policy;
mod random;

use cases::Case;
use package::Package;

const PROFILES: [Profile; 2] = [Profile::Guide, Profile::Strict];

/// `ErncFileStatus` of DDEX's choreography.
const FILE_STATUS: &[&str] = &[
    "ArtistRoleUnknown",
    "CommercialReleaseDateInvalid",
    "ConflictingAvailabilityPeriods",
    "ErnMissing",
    "IdentifierInvalid",
    "IdentifierSyntaxInvalid",
    "MetadataMissing",
    "NewReleaseMessageInvalid",
    "NoDealForTrackRelease",
    "NoDealInNewReleaseMessage",
    "OriginalReleaseDateLaterThanReleaseDate",
    "PrimaryArtistNameMissing",
    "ResourceCorrupt",
    "ResourceMissing",
    "ResourceNotMeetingSpecifications",
    "SignatureOrHashSumWrongOrMissing",
    "UnsupportedUsage",
];

fn codes(report: &Report) -> BTreeSet<&str> {
    report.findings.iter().map(|f| f.code.as_str()).collect()
}

fn departed(case: &Case) -> Package {
    let mut package = Package::sound();
    (case.fault)(&mut package);
    package
}

#[test]
fn a_sound_package_trips_no_rule() {
    for profile in PROFILES {
        let report = Package::sound().judge(profile);
        assert!(
            report.findings.is_empty(),
            "{profile:?}: {:#?}",
            report.findings
        );
        assert_eq!(report.verdict, Verdict::Valid);
    }
}

#[test]
fn every_fault_trips_its_rule_and_no_other_error() {
    let mut wrong = Vec::new();
    for (number, case) in cases::all().enumerate() {
        let package = departed(case);
        for profile in PROFILES {
            let report = package.judge(profile);
            let expected = match profile {
                Profile::Guide => case.severity.0,
                Profile::Strict => case.severity.1,
            };
            let found: Vec<Severity> = report
                .findings
                .iter()
                .filter(|finding| finding.code == case.code)
                .map(|finding| finding.severity)
                .collect();
            if found.is_empty() || found.iter().any(|severity| *severity != expected) {
                wrong.push(format!(
                    "case {number} {} {profile:?}: wanted {expected:?}, found {found:?}",
                    case.code
                ));
            }
            let others: BTreeSet<&str> = report
                .findings
                .iter()
                .filter(|finding| finding.severity == Severity::Error)
                .map(|finding| finding.code.as_str())
                .filter(|code| *code != case.code && !case.with.contains(code))
                .collect();
            if !others.is_empty() {
                wrong.push(format!(
                    "case {number} {} {profile:?}: also errors {others:?}",
                    case.code
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_sound_neighbour_does_not_trip_the_rule() {
    let mut wrong = Vec::new();
    for case in cases::all() {
        let Some(neighbour) = case.neighbour else {
            continue;
        };
        let mut package = Package::sound();
        neighbour(&mut package);
        for profile in PROFILES {
            let report = package.judge(profile);
            if codes(&report).contains(case.code) {
                wrong.push(format!("{} {profile:?}", case.code));
            }
        }
    }
    assert!(wrong.is_empty(), "false alarms: {wrong:?}");
}

#[test]
fn every_rule_has_a_case_for_each_of_its_severities() {
    let mut tried: BTreeMap<&str, BTreeSet<Severity>> = BTreeMap::new();
    for case in cases::all() {
        let severities = tried.entry(case.code).or_default();
        severities.insert(case.severity.0);
        severities.insert(case.severity.1);
    }
    let mut missing = Vec::new();
    for rule in catalogue().filter(|rule| !rule.at_the_door && !rule.for_a_dsp) {
        let weight = rule.weight;
        for grade in std::iter::once(weight.usual).chain(weight.other) {
            for profile in PROFILES {
                let severity = grade.under(profile);
                if !tried
                    .get(rule.code)
                    .is_some_and(|all| all.contains(&severity))
                {
                    missing.push(format!("{} as {severity:?}", rule.code));
                }
            }
        }
    }
    assert!(missing.is_empty(), "rules without a case: {missing:?}");
    let unknown: Vec<_> = tried.keys().filter(|code| rule(code).is_none()).collect();
    assert!(unknown.is_empty(), "cases without a rule: {unknown:?}");
}

/// Rules of the door are judged while files still arrive: the tests that prove each, by its fault and
/// by a sound neighbour, and the files in which they stand.
const PROVEN_AT_THE_DOOR: &[(&str, [(&str, &str); 2])] = &[
    (
        "PKG-001",
        [
            (
                "src/sftp/tests/places.rs",
                "loose_files_are_refused_with_what_to_do",
            ),
            (
                "tests/it/intake/mod.rs",
                "a_release_is_taken_after_its_quiet_period_with_its_manifest",
            ),
        ],
    ),
    (
        "PKG-018",
        [
            (
                "tests/it/intake/mod.rs",
                "a_stall_is_told_once_for_each_thing_that_is_missing",
            ),
            (
                "tests/it/intake/mod.rs",
                "a_file_that_grows_slowly_is_no_stall",
            ),
        ],
    ),
];

/// Faults that never come alone: what they bring with them is a fault of its own.
const NEVER_ALONE: &[(&str, &[&str], &str)] = &[
    ("ID-014", &["UPD-001"], "a known barcode makes an update"),
    ("UPD-001", &["ID-014"], "an update has a known barcode"),
    ("UPD-004", &["ID-014"], "a takedown has a known barcode"),
    ("HDR-010", &["ID-014", "UPD-001"], "an update has a thread"),
    (
        "ID-007",
        &["ID-014", "UPD-001"],
        "an ISRC changes in an update",
    ),
    ("UPD-002", &["ID-014", "UPD-001"], "it is an update"),
    ("UPD-003", &["ID-014", "UPD-001"], "it is an update"),
    ("UPD-005", &["ID-014", "UPD-001"], "it is an update"),
    ("UPD-006", &["ID-014", "UPD-001"], "it is an update"),
    ("UPD-008", &["ID-014", "UPD-001"], "it is an update"),
    (
        "META-043",
        &["ID-014", "UPD-001"],
        "a title changes in an update",
    ),
    (
        "ART-015",
        &["PKG-011"],
        "a second picture is one that nobody names",
    ),
];

#[test]
fn every_rule_is_tripped_alone_and_left_alone_by_a_sound_neighbour() {
    let mut alone: BTreeSet<&str> = BTreeSet::new();
    let mut beside: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    let mut neighbours: BTreeSet<&str> = BTreeSet::new();
    for case in cases::all() {
        let package = departed(case);
        let reports = PROFILES.map(|profile| package.judge(profile));
        let company: BTreeSet<String> = reports
            .iter()
            .flat_map(codes)
            .filter(|code| *code != case.code)
            .map(str::to_owned)
            .collect();
        if company.is_empty() {
            alone.insert(case.code);
        }
        beside
            .entry(case.code)
            .and_modify(|least| {
                if company.len() < least.len() {
                    least.clone_from(&company);
                }
            })
            .or_insert(company);
        if case.neighbour.is_some() {
            neighbours.insert(case.code);
        }
    }
    let mut wrong = Vec::new();
    for rule in catalogue().filter(|rule| !rule.at_the_door && !rule.for_a_dsp) {
        let code = rule.code;
        let company: BTreeSet<&str> = beside
            .get(code)
            .map(|codes| codes.iter().map(String::as_str).collect())
            .unwrap_or_default();
        match NEVER_ALONE.iter().find(|(known, _, _)| *known == code) {
            Some((_, with, _)) => {
                let with: BTreeSet<&str> = with.iter().copied().collect();
                if company != with {
                    wrong.push(format!("{code} comes with {company:?}, not {with:?}"));
                }
            }
            None if !alone.contains(code) => {
                wrong.push(format!(
                    "{code} is never tripped alone, but with {company:?}"
                ));
            }
            None => {}
        }
        if !neighbours.contains(code) {
            wrong.push(format!("{code} has no sound neighbour"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_rule_of_the_door_is_proven_by_a_test_that_exists() {
    let door: BTreeSet<&str> = catalogue()
        .filter(|rule| rule.at_the_door)
        .map(|rule| rule.code)
        .collect();
    let proven: BTreeSet<&str> = PROVEN_AT_THE_DOOR.iter().map(|(code, _)| *code).collect();
    assert_eq!(door, proven);
    for (code, tests) in PROVEN_AT_THE_DOOR {
        for (file, test) in tests {
            let path = format!("{}/{file}", env!("CARGO_MANIFEST_DIR"));
            let source = std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{path}: {e}"));
            assert!(
                source.contains(&format!("fn {test}(")),
                "{code}: {file} has no test {test}"
            );
        }
    }
}

#[test]
fn rules_of_the_door_never_fire_on_a_claimed_package() {
    let door: BTreeSet<&str> = catalogue()
        .filter(|r| r.at_the_door)
        .map(|r| r.code)
        .collect();
    assert_eq!(door, BTreeSet::from(["PKG-001", "PKG-018"]));
    for case in cases::all() {
        let report = departed(case).judge(Profile::Strict);
        assert!(codes(&report).is_disjoint(&door));
    }
}

#[test]
fn the_catalogue_is_complete_and_in_order() {
    let mut seen = BTreeSet::new();
    let mut last: BTreeMap<&str, &str> = BTreeMap::new();
    for rule in catalogue() {
        let code = rule.code;
        assert!(seen.insert(code), "{code} is used twice");
        let (family, number) = code.split_once('-').unwrap();
        assert!(
            number.len() == 3 && number.bytes().all(|b| b.is_ascii_digit()),
            "{code}"
        );
        let before = last.insert(family, number).unwrap_or("000");
        assert!(before < number, "{code} comes after {family}-{before}");

        for (what, text) in [
            ("why", rule.why),
            ("fix", rule.fix),
            ("source", rule.source),
        ] {
            assert!(text.len() > 5, "{code} has no {what}");
            assert!(
                !text.contains("  "),
                "{code}: {what} has a double space: {text}"
            );
        }
        assert!(
            rule.why.ends_with('.') && rule.fix.ends_with('.'),
            "{code}: no full stop"
        );
        assert!(
            rule.ack.is_empty() || FILE_STATUS.contains(&rule.ack),
            "{code}: {}",
            rule.ack
        );
    }
}

/// A title states the fault, not the cure: it is no sentence and no order.
#[test]
fn titles_state_the_fault() {
    for rule in catalogue() {
        let title = rule.title;
        assert!(
            (5..=70).contains(&title.chars().count()),
            "{}: {title}",
            rule.code
        );
        assert!(!title.ends_with('.'), "{}: {title}", rule.code);
        let first = title.split(' ').next().unwrap();
        let orders = [
            "Use", "Add", "Write", "Rename", "Remove", "Send", "Check", "Upload", "Give",
        ];
        assert!(!orders.contains(&first), "{}: {title}", rule.code);
    }
}

#[test]
fn errors_come_first_then_by_file_and_line() {
    let report = cases::faulty().judge(Profile::Guide);
    let order: Vec<_> = report
        .findings
        .iter()
        .map(|f| (f.severity, f.file.clone(), f.line))
        .collect();
    assert!(order.is_sorted(), "{order:#?}");
}

#[test]
fn the_same_fault_many_times_is_summed_up() {
    let package = cases::many_tracks(60);
    let report = package.judge(Profile::Guide);
    let same: Vec<_> = report
        .findings
        .iter()
        .filter(|f| f.code == "ID-001")
        .collect();
    assert_eq!(same.len(), 21);
    assert_eq!(same[20].message, "… and 38 more of the same kind.");
    assert_eq!(same[20].line, None);
    let place = report.findings.iter().position(|f| f == same[20]).unwrap();
    assert_eq!(
        &report.findings[place - 1],
        same[19],
        "right after the last one"
    );
}

#[test]
fn broken_xml_leaves_audio_and_artwork_to_be_judged() {
    use dropzone::domain::release::ReadFaultKind;
    let mut package = Package::sound();
    package.stumble(
        ReadFaultKind::NotWellFormed,
        "The tag Duration is not closed.",
    );
    let reading = package.reading.as_mut().unwrap();
    reading.whole = false;
    reading.message.as_mut().unwrap().releases.clear();
    reading.message.as_mut().unwrap().deals.clear();
    package.levels().true_peak_dbtp = 0.4;
    package.cover().colour = dropzone::domain::facts::ColourModel::Cmyk;
    let report = package.judge(Profile::Strict);
    assert_eq!(
        codes(&report),
        BTreeSet::from(["XML-001", "AUD-021", "ART-007"])
    );
    assert_eq!(report.tracks.len(), 2, "tracks read so far are reported");
    let peak = report
        .findings
        .iter()
        .find(|f| f.code == "AUD-021")
        .unwrap();
    assert_eq!(peak.track, Some(1));
}

#[test]
fn what_a_rule_explains_is_not_told_again_by_the_schema() {
    use dropzone::domain::facts::SchemaFault;
    let mut package = Package::sound();
    package.deal().territories[0].value = "UK".to_owned();
    let territory = package.deal().territories[0].at.clone();
    let fault = |line, path: &str| SchemaFault {
        message: "x".to_owned(),
        fix: None,
        line,
        path: path.to_owned(),
        expected: None,
        found: None,
        repair: Vec::new(),
    };
    package.schema.faults = vec![
        fault(
            territory.line,
            "/ern:NewReleaseMessage/DealList/ReleaseDeal/Deal/DealTerms/TerritoryCode",
        ),
        fault(12, "/ern:NewReleaseMessage/MessageHeader"),
    ];
    package.schema.total = 2;
    let report = package.judge(Profile::Strict);
    let schema: Vec<_> = report
        .findings
        .iter()
        .filter(|f| f.code == "XML-014")
        .collect();
    assert_eq!(schema.len(), 1, "{schema:#?}");
    assert_eq!(schema[0].line, Some(12));
}

#[test]
fn the_schema_of_a_version_that_is_not_taken_gives_no_advice() {
    let told = |is_taken: bool| {
        let mut package = Package::sound();
        package
            .schema
            .faults
            .push(dropzone::domain::facts::SchemaFault {
                message: "`PartyList` is required.".to_owned(),
                fix: None,
                line: 4,
                path: "/NewReleaseMessage/ResourceList".to_owned(),
                expected: None,
                found: None,
                repair: Vec::new(),
            });
        if !is_taken {
            package.stumble(
                dropzone::domain::release::ReadFaultKind::WrongVersion,
                "This is ERN 4.3.",
            );
        }
        let report = package.judge(Profile::Guide);
        report.findings.iter().any(|f| f.code == "XML-014")
    };
    assert!(told(true), "the fault counts in a version that is taken");
    assert!(!told(false));
}

#[test]
fn the_start_of_the_first_deal_stands_in_for_the_release_date() {
    let mut package = Package::sound();
    package.main().release_date = None;
    package.deal().start = Some(package::text("2026-05-08", 270, "x"));
    let report = package.judge(Profile::Guide);
    assert_eq!(report.release.release_date.as_deref(), Some("2026-05-08"));
    assert_eq!(report.counts.error, 0, "{:#?}", report.findings);
}

#[test]
fn a_file_path_out_of_the_folder_is_shown() {
    let mut package = Package::sound();
    package.track(1).technical[0].files[0].path = Some(package::text("/path/to/audio/", 90, "x"));
    let report = package.judge(Profile::Guide);
    let said = report.findings.iter().find(|f| f.code == "PKG-010");
    let said = said.map(|f| f.message.as_str()).unwrap_or_default();
    assert!(said.contains("/path/to/audio/01_"), "{said}");
}

#[test]
fn the_length_of_a_compressed_file_is_not_judged() {
    let mut package = Package::sound();
    package.audio().coding = dropzone::domain::facts::SampleCoding::Compressed;
    package.audio().duration_ms = 5_000;
    let report = package.judge(Profile::Guide);
    assert!(report.findings.iter().any(|f| f.code == "AUD-005"));
    assert!(report.findings.iter().all(|f| f.code != "AUD-015"));
}

#[test]
fn what_the_dialect_explains_is_not_told_again_by_the_schema() {
    use dropzone::domain::facts::SchemaFault;
    use dropzone::domain::release::{Dialect, DialectUse};
    let mut package = Package::sound();
    package.message().dialect.push(DialectUse {
        repair: Vec::new(),
        dialect: Dialect::ReleaseLayout,
        found: "<ReleaseDate>".to_owned(),
        wanted: "<ReleaseDetailsByTerritory>".to_owned(),
        at: package::at(217, "ReleaseList/Release/ReleaseDate"),
    });
    let paths = [
        (
            217,
            "/ern:NewReleaseMessage/ReleaseList/Release[1]/ReleaseDate",
        ),
        (200, "/ern:NewReleaseMessage/ReleaseList/Release[1]"),
        (230, "/ern:NewReleaseMessage/ReleaseList/Release[2]"),
    ];
    package.schema.faults = paths
        .iter()
        .map(|(line, path)| SchemaFault {
            message: "x".to_owned(),
            fix: None,
            line: *line,
            path: (*path).to_owned(),
            expected: None,
            found: None,
            repair: Vec::new(),
        })
        .collect();
    package.schema.total = 3;
    let report = package.judge(Profile::Strict);
    let lines: Vec<_> = report
        .findings
        .iter()
        .filter(|f| f.code == "XML-014")
        .map(|f| f.line)
        .collect();
    assert_eq!(lines, [Some(230)]);
}

#[test]
fn the_cover_of_the_guide_needs_no_description() {
    let mut package = Package::sound();
    package.message().images.clear();
    package.main().links.pop();
    let report = package.judge(Profile::Strict);
    assert_eq!(codes(&report), BTreeSet::from(["REF-009"]));
    assert_eq!(report.artwork.unwrap().file, "artwork.jpg");
}

#[test]
fn the_barcode_may_name_the_message() {
    let mut package = Package::sound();
    package.file("metadata.xml").path = "6151234567891.xml".to_owned();
    package.folder.messages = vec!["6151234567891.xml".to_owned()];
    package.message_file = Some("6151234567891.xml".to_owned());
    assert!(package.judge(Profile::Strict).findings.is_empty());
}

#[test]
fn a_clip_may_be_compressed() {
    use dropzone::domain::facts::Container;
    let mut package = Package::sound();
    let mut clip = package.track(1).technical[0].clone();
    clip.is_preview = true;
    clip.reference = None;
    clip.files[0].name.value = "clip.mp3".to_owned();
    clip.files[0].hash = None;
    package.track(1).technical.push(clip);
    let mut file = package::audio_file(3);
    file.path = "clip.mp3".to_owned();
    file.audio.as_mut().unwrap().container = Container::Mp3;
    package.folder.files.push(file);
    let report = package.judge(Profile::Strict);
    assert!(report.findings.is_empty(), "{:#?}", report.findings);
}

#[test]
fn files_may_lie_in_resources_and_nowhere_outside() {
    for (folder, code) in [("resources/", None), ("/resources/", Some("PKG-010"))] {
        let mut package = Package::sound();
        package.file("01_Harmattan.wav").path = "resources/01_Harmattan.wav".to_owned();
        package.folder.folders = vec!["resources".to_owned()];
        let name = &mut package.track(1).technical[0].files[0];
        name.path = Some(package::text(folder, 54, "x"));
        let report = package.judge(Profile::Strict);
        let found: Vec<_> = report
            .findings
            .iter()
            .filter(|f| f.code == "PKG-010")
            .collect();
        assert_eq!(found.first().map(|f| f.code.as_str()), code);
        for finding in found {
            assert!(
                finding.message.contains("“/resources/01_Harmattan.wav”"),
                "{}",
                finding.message
            );
        }
    }
}

#[test]
fn worldwide_except_some_is_a_sound_deal() {
    let mut package = Package::sound();
    package.deal().territories.clear();
    package.deal().excluded = vec![package::text("US", 267, "x"), package::text("CA", 268, "x")];
    let report = package.judge(Profile::Strict);
    assert!(report.findings.is_empty(), "{:#?}", report.findings);
    assert_eq!(report.release.territories, ["Worldwide except US, CA"]);
}

#[test]
fn releases_are_single_ep_or_album_by_their_content() {
    let minutes = |minutes: u64| minutes * 60_000;
    for (kind, lengths, good) in [
        ("Single", vec![minutes(3)], true),
        ("Single", vec![minutes(11)], false),
        ("EP", vec![minutes(11)], true),
        ("EP", vec![minutes(4); 2], false),
        ("Album", vec![minutes(31)], true),
        ("Compilation", vec![minutes(3)], true),
    ] {
        let mut package = Package::sound();
        if lengths.len() == 1 {
            package.one_track();
        }
        package.main().types[0].value = kind.to_owned();
        for (n, length) in (1..).zip(&lengths) {
            package.track(n).duration = None;
            let name = package::file_name(u32::try_from(n).unwrap());
            package.file(&name).audio.as_mut().unwrap().duration_ms = *length;
        }
        let report = package.judge(Profile::Strict);
        assert_eq!(
            !codes(&report).contains("META-011"),
            good,
            "{kind} {lengths:?}"
        );
    }
}

#[test]
fn nothing_unseen_gets_into_a_report() {
    let mut package = Package::sound();
    package.track(1).titles[0].text.value = "a\u{202e}b\u{7}".to_owned();
    package.track(1).isrc.as_mut().unwrap().value = "x\r\ny".to_owned();
    package
        .folder
        .refused
        .push(("evil\r\nBcc: x".to_owned(), "bad name".to_owned()));
    package.add_file("05\u{1b}[2J.wav", dropzone::domain::facts::FileRole::Audio);
    let report = package.judge(Profile::Strict);
    assert!(report.findings.len() > 3);
    for finding in &report.findings {
        let texts = [&finding.message, &finding.fix, &finding.title];
        let more = [&finding.file, &finding.expected, &finding.found];
        for text in texts.into_iter().chain(more.into_iter().flatten()) {
            let clean = |c: char| c == '\n' || (!c.is_control() && c != '\u{202e}');
            assert!(text.chars().all(clean), "{text:?}");
        }
    }
}

#[test]
fn an_attempt_is_compared_with_the_last() {
    use dropzone::domain::lifecycle::Status;
    let mut package = Package::sound();
    package.main().titles.clear();
    package.audio().channels = 1;
    let mut last = package::earlier(Status::Invalid);
    let before = package.judge(Profile::Strict).problems();
    let still = before.into_iter().find(|p| p.code == "META-001").unwrap();
    last.errors = vec![
        still,
        package::problem("ID-001", "metadata.xml"),
        package::problem("ART-004", "artwork.jpg"),
    ];
    package.after(last);
    let report = package.judge(Profile::Strict);
    let told = report
        .findings
        .iter()
        .find(|f| f.code == "UPD-009")
        .unwrap();
    assert_eq!(
        told.message,
        "Attempt 2: 2 of 3 problems fixed, 1 remains, 1 new."
    );
}

#[test]
fn without_a_history_the_report_says_which_rules_were_not_applied() {
    let mut package = Package::sound();
    let report = package.judge(Profile::Guide);
    let [missing] = report.not_run.as_slice() else {
        panic!("{:?}", report.not_run);
    };
    assert_eq!(
        missing.why,
        "a folder that is checked offline has no history"
    );
    for code in [
        "ID-006", "ID-007", "HDR-010", "AUD-026", "UPD-003", "UPD-005",
    ] {
        assert!(missing.codes.iter().any(|known| known == code), "{code}");
    }
    assert!(!missing.codes.iter().any(|code| code == "UPD-010"));
    package.history = Some(dropzone::domain::history::History::default());
    assert!(package.judge(Profile::Guide).not_run.is_empty());
}

/// A finding about another label's recording names nothing of it.
#[test]
fn what_another_account_has_is_not_told() {
    use dropzone::domain::history::Relation;
    for relation in [Relation::OtherRecording, Relation::OtherIsrc] {
        let mut package = Package::sound();
        package.relative(relation, None);
        let report = package.judge(Profile::Strict);
        let [finding] = report.findings.as_slice() else {
            panic!("{:#?}", report.findings);
        };
        assert!(finding.message.contains("another account"), "{finding:?}");
        assert_eq!(finding.expected, None);
    }
}

#[test]
fn the_table_has_a_row_for_every_rule() {
    let table = table_markdown();
    assert_eq!(table.lines().count(), catalogue().count() + 2);
    for rule in catalogue() {
        assert!(table.contains(&format!("| {} | ", rule.code)));
    }
}

#[test]
fn the_report_of_a_sound_package() {
    let mut report = Package::sound().judge(Profile::Strict);
    assert_eq!(report.dropzone_version, env!("CARGO_PKG_VERSION"));
    "[version]".clone_into(&mut report.dropzone_version);
    insta::assert_json_snapshot!(report);
}

#[test]
fn the_report_of_a_package_with_a_dozen_faults() {
    let report = cases::faulty().judge(Profile::Guide);
    let mut told = format!("{:?} {:?}\n", report.verdict, report.counts);
    for f in &report.findings {
        let place = match (&f.file, f.line) {
            (Some(file), Some(line)) => format!("{file}:{line}"),
            (Some(file), None) => file.clone(),
            (None, _) => "-".to_owned(),
        };
        writeln!(
            told,
            "\n{} {} {} [{place}]\n  {}\n  → {}\n  ({})",
            f.severity.as_str(),
            f.code,
            f.title,
            f.message.replace('\n', "\n    "),
            f.fix.replace('\n', "\n    "),
            f.source
        )
        .unwrap();
    }
    insta::assert_snapshot!(told);
}
