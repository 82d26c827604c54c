//! Clients that ask and do not read, and lines that fall silent.

use super::Patient;
use super::proxy::{Break, Line};
use crate::kit::wait;
use crate::wire::{Raw, flag, kind, text};

/// What requests ask for, all in all: far more than every buffer on the way holds.
const ASKED_BYTES: u64 = 256 << 20;
const PIECE: u32 = 32_768;

/// Asks for the file again and again and reads none of the answers.
fn ask_much(raw: &mut Raw, path: &str) {
    let handle = raw.open(path, flag::READ).unwrap();
    let requests: Vec<u8> = (0..ASKED_BYTES / u64::from(PIECE))
        .flat_map(|number| {
            let at = (number * u64::from(PIECE) % 1_900_000).to_be_bytes();
            raw.request(kind::READ, &[&text(&handle), &at, &PIECE.to_be_bytes()])
        })
        .collect();
    raw.send(&requests);
}

#[test]
fn who_asks_and_does_not_read_holds_up_nobody_and_costs_little() {
    let mut patient = Patient::new();
    let mut greedy: Vec<Raw> = (0..4).map(|_| patient.connect()).collect();
    for raw in &mut greedy {
        ask_much(raw, "/incoming/Work/first.wav");
    }
    // The others are served meanwhile, the same label included.
    let mut raw = patient.connect();
    for number in 0..5 {
        patient.put(
            &mut raw,
            &format!("Work/beside{number}.wav"),
            &vec![number; 500_000],
        );
    }
    assert_eq!(raw.size("/incoming/Work/first.wav"), Some(2_000_000));
    let held = patient.resident_kib();
    assert!(
        held < patient.resident_kib + 96 * 1024,
        "four that do not read hold {held} KiB, {} KiB before",
        patient.resident_kib
    );
    drop(raw);
    for raw in greedy {
        raw.cut();
    }
    patient.assert_well("clients that do not read");
}

#[test]
fn a_line_that_falls_silent_is_given_up() {
    let patient = Patient::with_sftp("keepalive_seconds = 1\nkeepalive_misses = 2");
    let before = wait("the earlier ones to have ended", || {
        Some(ended(&patient)).filter(|n| *n > 0)
    });
    let line = Line::to(patient.daemon.port, 60_000, Break::Silence);
    let mut raw = Raw::by_way_of(line.port, &patient.daemon, &patient.label);
    let handle = raw.open("/incoming/Work/silent.wav", flag::PUT).unwrap();
    let write = raw.request(
        kind::WRITE,
        &[&text(&handle), &[0; 8], &text(vec![3; 200_000])],
    );
    raw.send(&write);
    let partial = patient.stored("partial", "Work/silent.wav");
    wait("some of it to arrive", || {
        partial.metadata().is_ok_and(|m| m.len() > 0).then_some(())
    });
    wait("the silent one to be given up", || {
        (ended(&patient) > before).then_some(())
    });
    assert!(partial.exists(), "what came is kept");
    patient.assert_well("a silent line");
    drop((raw, line));
}

/// Connections that have ended, by the log.
fn ended(patient: &Patient) -> usize {
    patient.log().matches("connection closed").count()
}
