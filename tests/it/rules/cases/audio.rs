//! Audio.

use super::super::package::{Package, audio_file, file_name, known_track};
use super::{Case, container, error, forgiven, info, rename, warning};
use dropzone::domain::facts::{
    AudioFacts, AudioFault, Container, Cutoff, FileRole, SampleCoding, Span,
};
use dropzone::domain::history::{Relation, Track};

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
    })
    .sound(|p| {
        p.add_file("notes.txt", FileRole::Other);
    }),
    error("AUD-002", |p| {
        container(p, Container::Mp3, SampleCoding::Compressed);
    }),
    warning("AUD-002", |p| {
        let mut bonus = audio_file(3);
        bonus.path = "preview.mp3".to_owned();
        bonus.audio.as_mut().unwrap().container = Container::Mp3;
        p.folder.files.push(bonus);
    })
    .sound(is_flac),
    error("AUD-003", |p| {
        container(p, Container::Flac, SampleCoding::Flac);
    })
    .sound(is_flac),
    warning("AUD-004", |p| {
        container(p, Container::Aiff, SampleCoding::Pcm);
        rename(p, "01_Harmattan.wav", "01_Harmattan.aiff");
        p.track(1).technical[0].files[0].name.value = "01_Harmattan.aiff".to_owned();
    })
    .sound(is_flac),
    error("AUD-005", |p| p.audio().coding = SampleCoding::Float).sound(|p| p.audio().bits = 32),
    warning("AUD-006", |p| p.audio().extensible = true).sound(|p| p.audio().bits = 32),
    warning("AUD-007", |p| {
        p.audio().faults.push(AudioFault::ChunksAfterData {
            ids: vec!["LIST".to_owned(), "id3 ".to_owned()],
        });
    })
    .sound(|p| p.audio().frames += 1),
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
    })
    .sound(is_flac),
    error("AUD-009", |p| {
        p.audio().faults.push(AudioFault::ChecksumMismatch);
    })
    .sound(is_flac),
    error("AUD-010", |p| sounds(p, |audio| audio.rate_hz = 96_000))
        .sound(|p| sounds(p, |audio| audio.rate_hz = 48_000)),
    error("AUD-011", |p| sounds(p, |audio| audio.bits = 8))
        .sound(|p| sounds(p, |audio| audio.bits = 16)),
    info("AUD-012", |p| sounds(p, |audio| audio.bits = 16))
        .sound(|p| sounds(p, |audio| audio.bits = 24)),
    error("AUD-013", |p| sounds(p, |audio| audio.channels = 1))
        .sound(|p| p.levels().identical_channels = true),
    warning("AUD-014", |p| {
        p.audio().rate_hz = 48_000;
        p.track(1).technical[0].rate.as_mut().unwrap().value = "48000".to_owned();
    })
    .sound(|p| sounds(p, |audio| audio.rate_hz = 48_000)),
    warning("AUD-015", |p| p.audio().duration_ms = 223_100),
    warning("AUD-015", |p| p.audio().duration_ms = 226_300),
    error("AUD-015", |p| p.audio().duration_ms = 178_000)
        .sound(|p| p.audio().duration_ms = 222_900),
    warning("AUD-016", |p| {
        p.track(1).technical[0].bits.as_mut().unwrap().value = "16".to_owned();
    })
    .sound(|p| {
        p.track(1).technical[0].rate.as_mut().unwrap().value = "44.1".to_owned();
        p.track(1).technical[0].rate_unit = Some("kHz".to_owned());
    }),
    warning("AUD-017", |p| p.levels().trailing_silence_ms = 2_400)
        .sound(|p| p.levels().trailing_silence_ms = 1_000),
    error("AUD-019", |p| p.levels().all_silent = true),
    error("AUD-019", |p| {
        p.levels().channel_rms_dbfs = vec![-13.0, -200.0];
    })
    .sound(|p| p.levels().channel_rms_dbfs = vec![-13.0, -40.0]),
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
    })
    .sound(|p| p.levels().sample_peak_dbfs = 0.0),
    forgiven("AUD-021", |p| p.levels().true_peak_dbtp = 0.4)
        .sound(|p| p.levels().true_peak_dbtp = -0.3),
    warning("AUD-022", |p| p.levels().loudness_lufs = Some(-35.0))
        .sound(|p| p.levels().loudness_lufs = Some(-29.9)),
    warning("AUD-028", |p| {
        p.audio().faults.push(AudioFault::Odd {
            what: "the header has no fact chunk".to_owned(),
        });
    })
    .sound(is_flac),
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
    warning("AUD-026", |p| {
        p.relative(
            Relation::OtherIsrc,
            Some(Track {
                isrc: Some("NGA3B2500009".to_owned()),
                ..known_track(1)
            }),
        );
    })
    .sound(|p| p.relative(Relation::OtherRecording, None)),
    warning("AUD-026", |p| p.relative(Relation::OtherIsrc, None)),
    info("AUD-026", |p| {
        p.relative(Relation::OtherSound, Some(known_track(1)));
    }),
];

/// Both tracks, and what the message says of them.
fn sounds(package: &mut Package, change: fn(&mut AudioFacts)) {
    for n in 1..=2 {
        let audio = package.file(&file_name(n)).audio.as_mut().unwrap();
        change(audio);
        let (rate, bits, channels) = (audio.rate_hz, audio.bits, audio.channels);
        let stated = &mut package.track(n as usize).technical[0];
        stated.rate.as_mut().unwrap().value = rate.to_string();
        stated.bits.as_mut().unwrap().value = bits.to_string();
        stated.channels.as_mut().unwrap().value = channels.to_string();
    }
}

/// Track 1 is a FLAC file, and says so.
fn is_flac(package: &mut Package) {
    container(package, Container::Flac, SampleCoding::Flac);
    rename(package, "01_Harmattan.wav", "01_Harmattan.flac");
    let stated = &mut package.track(1).technical[0];
    stated.files[0].name.value = "01_Harmattan.flac".to_owned();
    stated.codec.as_mut().unwrap().value = "FLAC".to_owned();
}

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
