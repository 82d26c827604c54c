//! Completeness: each rule once, and what holds for every snapshot.

use super::*;
use proptest::prelude::*;

const PERIODS: QuietPeriods = QuietPeriods {
    marked_seconds: 0,
    logged_out_seconds: 10,
    hashed_seconds: 30,
    default_seconds: 60,
    foreign_seconds: 600,
    unreadable_seconds: 120,
    give_up_seconds: 600,
};

fn file(path: &str) -> Present {
    Present {
        path: path.to_owned(),
        size: 1,
        ..Present::default()
    }
}

fn expected(name: &str, matches: Option<bool>) -> Expected {
    Expected {
        name: name.to_owned(),
        matches,
    }
}

/// Message, cover and two tracks, all there, by SFTP, nothing stated.
fn good(quiet: u64) -> Snapshot {
    Snapshot {
        files: ["metadata.xml", "artwork.jpg", "01_A.wav", "02_B.wav"]
            .map(file)
            .to_vec(),
        expected: vec![expected("01_A.wav", None), expected("02_B.wav", None)],
        message_file: Some("metadata.xml".to_owned()),
        message_whole: true,
        messages: 1,
        via_sftp: true,
        quiet: Duration::from_secs(quiet),
        ..Snapshot::default()
    }
}

fn waiting(snapshot: &Snapshot) -> Vec<String> {
    match decide(snapshot, &PERIODS) {
        Verdict::Incomplete(sentences) => sentences,
        other @ (Verdict::Complete | Verdict::WaitFor(_)) => panic!("{other:?}"),
    }
}

fn waits(snapshot: &Snapshot) -> u64 {
    match decide(snapshot, &PERIODS) {
        Verdict::WaitFor(rest) => rest.as_secs(),
        other @ (Verdict::Complete | Verdict::Incomplete(_)) => panic!("{other:?}"),
    }
}

#[test]
fn each_quiet_period_is_the_one_of_the_design() {
    assert_eq!(waits(&good(0)), 60);
    assert_eq!(decide(&good(60), &PERIODS), Verdict::Complete);
    let hashed = Snapshot {
        expected: vec![
            expected("01_A.wav", Some(true)),
            expected("02_B.wav", Some(true)),
        ],
        ..good(0)
    };
    assert_eq!(waits(&hashed), 30);
    let half_hashed = Snapshot {
        expected: vec![expected("01_A.wav", Some(true)), expected("02_B.wav", None)],
        ..good(0)
    };
    assert_eq!(waits(&half_hashed), 60);
    let logged_out = Snapshot {
        logged_out: true,
        ..hashed.clone()
    };
    assert_eq!(waits(&logged_out), 10);
    let marked = Snapshot {
        marked: true,
        ..good(0)
    };
    assert_eq!(decide(&marked, &PERIODS), Verdict::Complete);
    let foreign = Snapshot {
        via_sftp: false,
        marked: true,
        ..hashed
    };
    assert_eq!(
        waits(&foreign),
        600,
        "nobody knows who writes foreign files"
    );
}

#[test]
fn missing_files_are_named() {
    let mut snapshot = good(9_999);
    snapshot.expected.push(expected("03_Title.wav", None));
    assert_eq!(waiting(&snapshot), ["waiting for 03_Title.wav"]);
    snapshot.marked = true;
    assert_eq!(waiting(&snapshot), ["waiting for 03_Title.wav"]);
    snapshot.files.push(file("03_Titel.wav"));
    assert_eq!(
        waiting(&snapshot),
        ["waiting for 03_Title.wav (`03_Titel.wav` is there)"]
    );
}

#[test]
fn files_on_their_way_hold_everything() {
    let mut snapshot = good(9_999);
    snapshot.files[2].partial = true;
    assert_eq!(
        waiting(&snapshot),
        ["waiting for `01_A.wav` to finish uploading"]
    );
    let mut snapshot = good(9_999);
    snapshot.files.push(file("notes.txt.filepart"));
    assert_eq!(
        waiting(&snapshot),
        ["waiting for `notes.txt.filepart` to finish uploading"]
    );
    let unnamed = Snapshot {
        temporary_folder: true,
        ..good(9_999)
    };
    assert_eq!(
        waiting(&unnamed),
        ["waiting for the folder to get its final name"]
    );
}

#[test]
fn a_wrong_checksum_asks_for_the_file_again() {
    let snapshot = Snapshot {
        expected: vec![
            expected("01_A.wav", Some(false)),
            expected("02_B.wav", Some(true)),
        ],
        ..good(9_999)
    };
    assert_eq!(
        waiting(&snapshot),
        ["`01_A.wav` does not match the checksum in metadata.xml: upload it again"]
    );
}

#[test]
fn comparing_hashes_ends_before_the_folder_is_taken() {
    let snapshot = Snapshot {
        checking: true,
        marked: true,
        ..good(9_999)
    };
    assert_eq!(
        decide(&snapshot, &PERIODS),
        Verdict::WaitFor(WHILE_CHECKING)
    );
}

#[test]
fn a_file_that_breaks_off_takes_every_short_cut_away() {
    let mut snapshot = Snapshot {
        marked: true,
        logged_out: true,
        ..good(0)
    };
    snapshot.files[3].broken_off = true;
    assert_eq!(waits(&snapshot), 60);
}

#[test]
fn nothing_waits_for_ever() {
    let no_message = Snapshot {
        files: vec![file("01_A.wav")],
        messages: 0,
        message_whole: false,
        expected: Vec::new(),
        ..good(599)
    };
    assert_eq!(waiting(&no_message), ["waiting for metadata.xml"]);
    let given_up = Snapshot {
        quiet: Duration::from_mins(10),
        ..no_message.clone()
    };
    assert_eq!(decide(&given_up, &PERIODS), Verdict::Complete);
    let no_audio = Snapshot {
        files: vec![file("readme.txt")],
        ..given_up
    };
    assert_eq!(waiting(&no_audio), ["waiting for metadata.xml"]);

    let unreadable = Snapshot {
        message_whole: false,
        expected: Vec::new(),
        ..good(119)
    };
    assert_eq!(
        waiting(&unreadable),
        ["waiting for metadata.xml: what is there cannot be read to its end"]
    );
    let given_up = Snapshot {
        quiet: Duration::from_mins(2),
        ..unreadable.clone()
    };
    assert_eq!(decide(&given_up, &PERIODS), Verdict::Complete);
    let two = Snapshot {
        messages: 2,
        ..given_up
    };
    assert_eq!(decide(&two, &PERIODS), Verdict::Complete);
    let foreign = Snapshot {
        via_sftp: false,
        ..two
    };
    assert!(matches!(decide(&foreign, &PERIODS), Verdict::Incomplete(_)));
}

#[test]
fn an_empty_folder_waits_for_its_first_file() {
    assert_eq!(
        waiting(&Snapshot::default()),
        ["waiting for the first file"]
    );
}

#[test]
fn a_message_without_files_needs_none() {
    let takedown = Snapshot {
        files: vec![file("metadata.xml")],
        expected: Vec::new(),
        ..good(60)
    };
    assert_eq!(decide(&takedown, &PERIODS), Verdict::Complete);
}

#[test]
fn long_lists_are_cut() {
    let mut snapshot = good(0);
    snapshot.expected = (0..300)
        .map(|n| expected(&format!("{n}.wav"), None))
        .collect();
    let sentences = waiting(&snapshot);
    assert_eq!(sentences.len(), SENTENCES_MAX + 1);
    assert_eq!(sentences.last().map(String::as_str), Some("and 200 more"));
}

#[test]
fn what_we_have_from_the_live_version_need_not_come() {
    let update = |stored: &[&str], is_merge| Snapshot {
        files: vec![file("metadata.xml")],
        stored: stored.iter().map(|name| (*name).to_owned()).collect(),
        is_merge,
        ..good(60)
    };
    let named: Vec<String> = good(60).expected.into_iter().map(|e| e.name).collect();
    let all: Vec<&str> = named.iter().map(String::as_str).collect();
    assert_eq!(decide(&update(&all, false), &PERIODS), Verdict::Complete);
    let some = decide(&update(&all[1..], false), &PERIODS);
    assert_eq!(
        some,
        Verdict::Incomplete(vec![format!("waiting for {}", all[0])])
    );
    // New and live audio together: the rest may be on its way.
    let merge = update(&all, true);
    let wait = Duration::from_secs(600 - 60);
    assert_eq!(decide(&merge, &PERIODS), Verdict::WaitFor(wait));
    let marked = Snapshot {
        marked: true,
        ..merge
    };
    assert_eq!(decide(&marked, &PERIODS), Verdict::Complete);
}

const NAMES: [&str; 4] = ["metadata.xml", "01_A.wav", "02_B.wav", "artwork.jpg"];

fn any_snapshot() -> impl Strategy<Value = Snapshot> {
    let files = proptest::collection::vec((0..NAMES.len(), any::<bool>(), any::<bool>()), 0..6);
    let matches = proptest::collection::vec(proptest::option::of(any::<bool>()), 0..3);
    let flags = proptest::array::uniform8(any::<bool>());
    (files, matches, flags, 0_usize..3, 0_u64..1_000).prop_map(
        |(files, matches, flags, messages, quiet)| {
            let [
                whole,
                marked,
                out,
                sftp,
                temporary,
                checking,
                stored,
                is_merge,
            ] = flags;
            Snapshot {
                files: files
                    .into_iter()
                    .map(|(name, partial, broken_off)| Present {
                        partial,
                        broken_off,
                        ..file(NAMES[name])
                    })
                    .collect(),
                expected: matches
                    .into_iter()
                    .zip(["01_A.wav", "02_B.wav"])
                    .map(|(matches, name)| expected(name, matches))
                    .collect(),
                message_file: None,
                message_whole: whole,
                messages,
                marked,
                logged_out: out,
                via_sftp: sftp,
                quiet: Duration::from_secs(quiet),
                temporary_folder: temporary,
                refused: Vec::new(),
                checking,
                stored: stored.then(|| "01_A.wav".to_owned()).into_iter().collect(),
                is_merge,
            }
        },
    )
}

proptest! {
    /// Whatever else holds, a folder is taken only if nothing in it is unfinished, and if its
    /// message was read, only with every file that it names and that is not stored already.
    #[test]
    fn what_is_taken_is_whole(snapshot in any_snapshot()) {
        if decide(&snapshot, &PERIODS) == Verdict::Complete {
            prop_assert!(!snapshot.files.is_empty());
            prop_assert!(!snapshot.temporary_folder);
            prop_assert!(snapshot.files.iter().all(|f| !f.partial));
            if snapshot.messages == 1 && snapshot.message_whole {
                prop_assert!(!snapshot.checking);
                for wanted in &snapshot.expected {
                    let is_here = snapshot.files.iter().any(|f| f.path == wanted.name);
                    let is_right = if is_here {
                        wanted.matches != Some(false)
                    } else {
                        snapshot.stored.contains(&wanted.name)
                    };
                    prop_assert!(is_right, "{wanted:?}");
                }
            }
        }
    }

    /// Time alone leads to the claim and never away from it, and exactly when it was foretold.
    #[test]
    fn quiet_leads_only_forward(snapshot in any_snapshot(), more in 0_u64..2_000) {
        let after = |rest: Duration| Snapshot { quiet: snapshot.quiet + rest, ..snapshot.clone() };
        let later = decide(&after(Duration::from_secs(more)), &PERIODS);
        match decide(&snapshot, &PERIODS) {
            Verdict::Complete => prop_assert_eq!(later, Verdict::Complete),
            Verdict::WaitFor(rest) => {
                prop_assert!(!rest.is_zero());
                prop_assert!(!matches!(later, Verdict::Incomplete(_)));
                if !snapshot.checking {
                    prop_assert_eq!(decide(&after(rest), &PERIODS), Verdict::Complete);
                }
            }
            Verdict::Incomplete(sentences) => prop_assert!(!sentences.is_empty()),
        }
    }

    /// Files that start, close and break off in any order: never taken before the last close.
    #[test]
    fn no_order_of_uploads_is_taken_early(
        steps in proptest::collection::vec((0..NAMES.len(), 0_u8..3), 0..40),
        marked in any::<bool>(),
        logged_out in any::<bool>(),
    ) {
        let mut states: [Option<bool>; NAMES.len()] = [None; NAMES.len()];
        for (name, step) in steps {
            states[name] = match step {
                0 => Some(true),
                1 => states[name].map(|_| false),
                _ => states[name],
            };
            let closed = |name: &str| {
                NAMES.iter().zip(states).any(|(n, s)| *n == name && s == Some(false))
            };
            let read = closed("metadata.xml");
            let snapshot = Snapshot {
                files: NAMES.iter().zip(states)
                    .filter_map(|(n, s)| s.map(|partial| Present { partial, ..file(n) }))
                    .collect(),
                expected: if read { good(0).expected } else { Vec::new() },
                messages: usize::from(read),
                message_whole: read,
                marked,
                logged_out,
                ..good(599)
            };
            let all = closed("01_A.wav") && closed("02_B.wav") && read;
            let none_open = states.iter().all(|s| *s != Some(true));
            prop_assert_eq!(
                decide(&snapshot, &PERIODS) == Verdict::Complete,
                all && none_open
            );
        }
    }
}
