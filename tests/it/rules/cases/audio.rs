//! Audio.

use super::super::package::{Package, audio_file};
use super::{Case, container, error, forgiven, info, rename, warning};
use dropzone::domain::facts::{AudioFault, Container, Cutoff, FileRole, SampleCoding, Span};

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
    warning("AUD-018", |p| {
        p.levels().inner_silence = vec![silence(60_000, 65_000)]
    })
    .sound(|p| p.levels().inner_silence = vec![silence(60_000, 64_900)]),
    warning("AUD-023", |p| cutoff(p, 16_800, 44.0)).sound(|p| cutoff(p, 16_800, 29.0)),
    info("AUD-023", |p| cutoff(p, 20_300, 44.0)).sound(|p| cutoff(p, 21_500, 60.0)),
    warning("AUD-023", |p| {
        p.audio().rate_hz = 96_000;
        cutoff(p, 22_300, 92.0);
    })
    .with(&["AUD-010"]),
    warning("AUD-023", |p| p.levels().real_bits = Some(16))
        .sound(|p| p.levels().real_bits = Some(23)),
    warning("AUD-024", |p| p.levels().dc_offset = vec![0.0, -0.049])
        .sound(|p| p.levels().dc_offset = vec![0.001, -0.009]),
    warning("AUD-024", |p| p.levels().correlation = Some(-0.99))
        .sound(|p| p.levels().correlation = Some(-0.4)),
    info("AUD-024", |p| p.levels().identical_channels = true)
        .sound(|p| p.levels().correlation = Some(1.0)),
    warning("AUD-025", |p| lasts(p, 29_000, "PT29S")).sound(|p| lasts(p, 30_000, "PT30S")),
    warning("AUD-025", |p| lasts(p, 3_700_000, "PT1H1M40S"))
        .with(&["META-011"])
        .sound(|p| lasts(p, 3_600_000, "PT1H")),
    error("AUD-025", |p| lasts(p, 1_000, "PT1S")),
    info("AUD-027", |p| {
        container(p, Container::Rf64, SampleCoding::Pcm)
    })
    .sound(|p| container(p, Container::Wav, SampleCoding::Pcm)),
];

fn silence(start_ms: u64, end_ms: u64) -> Span {
    Span { start_ms, end_ms }
}

fn cutoff(package: &mut Package, hertz: u32, drop_db: f64) {
    package.levels().cutoff = Some(Cutoff { hertz, drop_db });
}

fn lasts(package: &mut Package, milliseconds: u64, stated: &str) {
    package.audio().duration_ms = milliseconds;
    stated.clone_into(&mut package.track(1).duration.as_mut().unwrap().value);
}
