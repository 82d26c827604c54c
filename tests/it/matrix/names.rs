//! Names that make trouble, byte by byte through the wire: which are taken, and what is said about
//! those that are not.

use crate::kit::TestDaemon;
use crate::wire::{OK, Raw, flag};
use std::fs;

/// Names in one folder, in this order: a later one may collide with one before.
fn names() -> Vec<(&'static str, Vec<u8>)> {
    let text = |name: &str| name.as_bytes().to_vec();
    vec![
        ("composed (NFC)", text("Beyonc\u{e9}.wav")),
        ("the same decomposed (NFD)", text("Beyonce\u{301}.wav")),
        ("decomposed alone", text("Bjo\u{308}rk.wav")),
        ("plain", text("01_Track.wav")),
        ("the same in other case", text("01_track.WAV")),
        ("sharp s", text("Stra\u{df}e.wav")),
        ("its capital form", text("STRASSE.wav")),
        ("Greek final sigma", text("\u{3a3}\u{3b1}\u{3c2}.wav")),
        ("emoji", text("\u{1f3b5} \u{1f1e9}\u{1f1ea}.wav")),
        ("zero-width joiner", text("a\u{200d}b.wav")),
        ("Arabic", text("\u{623}\u{63a}\u{646}\u{64a}\u{629}.wav")),
        ("Latin-1", b"caf\xe9.wav".to_vec()),
        ("Shift JIS", b"\x83\x8b.wav".to_vec()),
        ("overlong UTF-8", b"a\xc0\xafb".to_vec()),
        ("surrogate", b"\xed\xa0\x80.wav".to_vec()),
        ("line break", text("a\nb.wav")),
        ("escape sequence", text("\u{1b}[2Jb.wav")),
        ("NUL", text("a\0.wav")),
        ("C1 control", text("a\u{9b}31m.wav")),
        ("line separator", text("a\u{2028}b.wav")),
        ("right-to-left override", text("\u{202e}vaw.exe")),
        ("isolate", text("\u{2066}a.wav")),
        ("backslash", text("..\\..\\a.wav")),
        ("space at the end", text("a.wav ")),
        ("dot at the end", text("a.wav.")),
        ("space in front", text(" a.wav")),
        ("255 bytes", text(&"x".repeat(255))),
        ("256 bytes", text(&"x".repeat(256))),
        ("86 letters of three bytes", text(&"\u{6f22}".repeat(86))),
        ("three dots", text("...")),
        ("Windows device", text("CON")),
        ("Windows stream", text("a.wav:hidden")),
        ("wildcards", text("what?*.wav")),
        ("shell", text("$(reboot); `id` | x.wav")),
        ("quotes", text("\"it's\".wav")),
        ("percent", text("%2e%2e%2f%s%n.wav")),
        ("hyphen in front", text("-rf")),
        ("tilde", text("~root")),
        ("Finder", text(".DS_Store")),
        ("AppleDouble", text("._01_Track.wav")),
        ("Explorer", text("Thumbs.db")),
    ]
}

#[test]
fn every_name_is_taken_as_it_is_or_refused_with_a_sentence() {
    let daemon = TestDaemon::start("");
    let label = daemon.label("quayside", &[]);
    let mut raw = Raw::connect(&daemon, &label);
    assert_eq!(raw.mkdir("/incoming/Names").0, OK);
    let mut told = String::new();
    let mut taken = Vec::new();
    for (what, name) in names() {
        let path = [b"/incoming/Names/", &name[..]].concat();
        let shown: String = name.escape_ascii().to_string().chars().take(40).collect();
        let outcome = match raw.open(&path, flag::PUT) {
            Ok(handle) => {
                assert_eq!(raw.close(&handle), OK, "{what}");
                taken.push(String::from_utf8(name).unwrap());
                "taken".to_owned()
            }
            Err((code, words)) => format!("{code} {words}"),
        };
        told.push_str(&format!("{what} [{shown}]: {outcome}\n"));
    }
    insta::with_settings!({snapshot_path => "../snapshots"}, {
        insta::assert_snapshot!("client_names", told);
    });
    taken.sort();
    assert_eq!(
        raw.list("/incoming/Names"),
        taken,
        "listed byte by byte as they came"
    );
    // Folders go by the same rules.
    assert_ne!(raw.mkdir(b"/incoming/caf\xe9").0, OK);
    assert_ne!(raw.mkdir("/incoming/NAMES").0, OK);
    let log = fs::read(daemon.log()).unwrap();
    let steers = |byte: &u8| *byte < 0x20 && *byte != b'\n';
    assert!(
        !log.iter().any(steers),
        "nothing in the log steers a terminal"
    );
    assert!(std::str::from_utf8(&log).is_ok_and(|log| !log.contains('\u{202e}')));
}
