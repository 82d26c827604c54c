//! Mutated headers of every format: whatever comes, it is measured without a panic and within the
//! memory of its size.

use super::{measured, signal};
use dropzone::cli::demo::material::audio::pcm::{Aiff, Coding, Form, Wav};
use dropzone::cli::demo::material::audio::{Signal, flac};
use dropzone::cli::demo::material::cover::{Colours, Cover, Format};
use dropzone::domain::limits::Limits;
use dropzone::inspect::artwork;
use proptest::prelude::*;
use std::fs;
use std::sync::LazyLock;

/// Small files of every format, made once.
static SEEDS: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| {
    let samples = Signal {
        seconds: 0.05,
        ..signal()
    }
    .samples();
    let wav = |form, extensible| Wav {
        form,
        extensible,
        after: vec![(*b"LIST", vec![1; 9])],
        ..Wav::default()
    };
    let aiff = |coding, sowt| Aiff {
        coding,
        sowt,
        claim_more: 0,
    };
    vec![
        wav(Form::Riff, false).encode(&samples),
        wav(Form::Riff, true).encode(&samples),
        wav(Form::Rf64, false).encode(&samples),
        aiff(Coding::Pcm24, false).encode(&samples),
        aiff(Coding::Pcm16, true).encode(&samples),
        aiff(Coding::Float32, false).encode(&samples),
        flac::encode(&samples, 16),
        flac::encode(&samples, 24),
    ]
});

static PICTURES: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| {
    [
        (Format::Jpeg, Colours::Rgb),
        (Format::Jpeg, Colours::Cmyk),
        (Format::Jpeg, Colours::Grey),
        (Format::Png, Colours::Rgba),
        (Format::Png, Colours::Grey),
    ]
    .map(|(format, colours)| {
        let cover = Cover {
            width: 48,
            height: 40,
            format,
            colours,
            seed: 1,
        };
        cover.encode().unwrap()
    })
    .to_vec()
});

/// One change: bytes written somewhere, mostly into the header, or the end cut off.
#[derive(Clone, Debug)]
enum Change {
    Write(prop::sample::Index, bool, Vec<u8>),
    Cut(prop::sample::Index),
}

fn change() -> impl Strategy<Value = Change> {
    let special = prop_oneof![
        Just(vec![0]),
        Just(vec![0xff]),
        Just(vec![0; 4]),
        Just(vec![0xff; 4]),
        Just(vec![0x7f, 0xff, 0xff, 0xff]),
        prop::collection::vec(any::<u8>(), 1..5),
    ];
    prop_oneof![
        8 => (any::<prop::sample::Index>(), prop::bool::weighted(0.8), special)
            .prop_map(|(at, header, bytes)| Change::Write(at, header, bytes)),
        1 => any::<prop::sample::Index>().prop_map(Change::Cut),
    ]
}

fn mutated(seed: &[u8], changes: &[Change]) -> Vec<u8> {
    let mut bytes = seed.to_vec();
    for change in changes {
        if bytes.is_empty() {
            break;
        }
        match change {
            Change::Write(at, header, patch) => {
                let reach = if *header {
                    bytes.len().min(128)
                } else {
                    bytes.len()
                };
                let at = at.index(reach);
                for (place, byte) in bytes[at..].iter_mut().zip(patch) {
                    *place = *byte;
                }
            }
            Change::Cut(at) => bytes.truncate(at.index(bytes.len())),
        }
    }
    bytes
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 600, ..ProptestConfig::default() })]

    #[test]
    fn mutated_audio_is_measured(
        seed in any::<prop::sample::Index>(),
        changes in prop::collection::vec(change(), 1..6),
    ) {
        let bytes = mutated(&SEEDS[seed.index(SEEDS.len())], &changes);
        let measure = measured("a.wav", &bytes);
        prop_assert_eq!(&measure.failure, &None);
        prop_assert!(measure.digests.is_some());
        if let Some(levels) = measure.facts.levels {
            prop_assert!(levels.true_peak_dbtp.is_finite());
            prop_assert!(levels.channel_rms_dbfs.iter().all(|level| level.is_finite()));
            prop_assert!(measure.facts.frames > 0 || levels.all_silent);
        }
    }

    #[test]
    fn mutated_pictures_are_looked_at(
        seed in any::<prop::sample::Index>(),
        changes in prop::collection::vec(change(), 1..6),
    ) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.jpg");
        fs::write(&path, mutated(&PICTURES[seed.index(PICTURES.len())], &changes)).unwrap();
        let facts = artwork::measure(&path, &Limits::default());
        prop_assert!(!(facts.decoded && facts.damage.is_some()));
        let gave_up = facts.damage.is_some_and(|damage| damage.contains("gave up"));
        prop_assert!(!gave_up, "a decoder panicked");
    }
}
