//! Audio.

use super::super::package::audio_file;
use super::{Case, container, error, forgiven, info, rename, warning};
use dropzone::domain::facts::{AudioFault, Container, FileRole, SampleCoding, Span};

pub(super) const CASES: &[Case] = &[
    error("AUD-001", |p| {
        p.audio().container = Container::Unknown;
        p.audio().rate_hz = 0;
        p.audio().levels = None;
        p.audio().faults.push(AudioFault::Unreadable {
            why: "it begins with zeros".to_owned(),
        });
    }),
    error("AUD-001", |p| {
        let file = p.file("01_Harmattan.wav");
        file.audio = None;
        file.failure = Some("the decoder stopped".to_owned());
    }),
    error("AUD-001", |p| {
        p.add_file("notes.txt", FileRole::Other);
        p.track(1).technical[0].files[0].name.value = "notes.txt".to_owned();
        p.track(1).technical[0].files[0].hash = None;
    }),
    error("AUD-002", |p| {
        container(p, Container::Mp3, SampleCoding::Compressed);
    }),
    warning("AUD-002", |p| {
        let mut bonus = audio_file(3);
        bonus.path = "preview.mp3".to_owned();
        bonus.audio.as_mut().unwrap().container = Container::Mp3;
        p.folder.files.push(bonus);
    }),
    error("AUD-003", |p| {
        container(p, Container::Flac, SampleCoding::Flac);
    }),
    warning("AUD-004", |p| {
        container(p, Container::Aiff, SampleCoding::Pcm);
        rename(p, "01_Harmattan.wav", "01_Harmattan.aiff");
        p.track(1).technical[0].files[0].name.value = "01_Harmattan.aiff".to_owned();
    }),
    error("AUD-005", |p| p.audio().coding = SampleCoding::Float),
    warning("AUD-006", |p| p.audio().extensible = true),
    warning("AUD-007", |p| {
        p.audio().faults.push(AudioFault::ChunksAfterData {
            ids: vec!["LIST".to_owned(), "id3 ".to_owned()],
        });
    }),
    error("AUD-008", |p| {
        p.audio().duration_ms = 130_000;
        p.audio().faults.push(AudioFault::Truncated {
            promised_ms: Some(222_000),
            present_ms: 130_000,
        });
    }),
    error("AUD-008", |p| {
        p.audio().faults.push(AudioFault::Undecodable {
            at_ms: 12_000,
            why: "a frame is damaged".to_owned(),
        });
    }),
    error("AUD-009", |p| {
        p.audio().faults.push(AudioFault::ChecksumMismatch);
    }),
    error("AUD-010", |p| p.audio().rate_hz = 96_000),
    error("AUD-011", |p| p.audio().bits = 8),
    info("AUD-012", |p| p.audio().bits = 16),
    error("AUD-013", |p| p.audio().channels = 1),
    warning("AUD-014", |p| p.audio().rate_hz = 48_000),
    warning("AUD-015", |p| p.audio().duration_ms = 223_100),
    warning("AUD-015", |p| p.audio().duration_ms = 226_300),
    error("AUD-015", |p| p.audio().duration_ms = 178_000),
    warning("AUD-016", |p| {
        p.track(1).technical[0].bits.as_mut().unwrap().value = "16".to_owned();
    }),
    warning("AUD-017", |p| p.levels().trailing_silence_ms = 2_400),
    error("AUD-019", |p| p.levels().all_silent = true),
    error("AUD-019", |p| {
        p.levels().channel_rms_dbfs = vec![-13.0, -200.0];
    }),
    warning("AUD-020", |p| {
        p.levels().clipped_runs = 3;
        p.levels().clipped_samples = 12;
        p.levels().clipped_at = vec![Span {
            start_ms: 12_340,
            end_ms: 12_341,
        }];
    }),
    error("AUD-020", |p| {
        p.levels().clipped_runs = 9_000;
        p.levels().clipped_samples = 40_000;
    }),
    forgiven("AUD-021", |p| p.levels().true_peak_dbtp = 0.4),
    warning("AUD-022", |p| p.levels().loudness_lufs = Some(-35.0)),
    warning("AUD-028", |p| {
        p.audio().faults.push(AudioFault::Odd {
            what: "the header has no fact chunk".to_owned(),
        });
    }),
];
