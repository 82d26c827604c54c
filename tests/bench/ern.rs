//! Messages of 20 and 500 tracks: read, checked against the official schema, judged by all rules.

use crate::pair::{Bench, By, Sample};
use dropzone::cli::demo::material::message::{self, StatedFile};
use dropzone::cli::demo::material::{self, ReleaseSpec, TrackSpec};
use dropzone::domain::account::Profile;
use dropzone::domain::ern;
use dropzone::domain::ern::write::{OutParty, Outgoing, Target, new_release, out_files};
use dropzone::domain::facts::{
    AudioFacts, AudioLevels, Container, FileFacts, FileRole, FolderFacts, SampleCoding,
};
use dropzone::domain::limits::Limits;
use dropzone::domain::release::Reading;
use dropzone::domain::report::text;
use dropzone::domain::rules::{Subject, judge};
use dropzone::inspect::schemas::Schemas;
use std::collections::BTreeMap;
use std::path::Path;
use std::time::Instant;

pub(crate) fn run(bench: &Bench) {
    let shared = std::env::var("DROPZONE_SHARED").unwrap_or_else(|_| "../shared".to_owned());
    let official = bench.dir.join("schemas");
    let sets = Path::new(&shared).join("schemas");
    let installed = sets.is_dir() && Schemas::install(&sets, &official).is_ok();
    if !installed {
        println!(
            "the official schemas are not in {}: the guide's is used",
            sets.display()
        );
    }
    let schemas = Schemas::open(&official);
    let limits = Limits::default();
    for count in [20, 500] {
        let (text, folder) = release(count);
        let reading = ern::read(text.as_bytes(), &limits);
        let schema = schemas.check(&reading, Profile::Strict);
        let subject = Subject {
            schema: &schema,
            ..subject(&folder, &reading, &limits)
        };
        let report = judge(&subject);
        println!(
            "{count} tracks, {} KiB: {} schema faults, {} findings",
            text.len() / 1024,
            schema.total,
            report.findings.len()
        );
        bench.alone(&format!("{count} tracks: read"), "–", || {
            std::hint::black_box(ern::read(text.as_bytes(), &limits));
        });
        bench.compare(
            &format!("{count} tracks: rules (A), schema check (B)"),
            By::Wall,
            "≥ 1",
            || timed(|| judge(&subject)),
            || timed(|| schemas.check(&reading, Profile::Strict)),
        );
        let message = reading.message.as_ref().unwrap();
        let files = out_files(message, &folder);
        for target in [Target::V43, Target::V382] {
            let out = outgoing(target);
            let written = || new_release(message, &files, &out).unwrap();
            let made = written();
            let again = ern::read(&made.xml, &limits);
            println!(
                "{count} tracks as {target:?}: {} KiB, {} losses, {} schema faults",
                made.xml.len() / 1024,
                made.losses.len(),
                schemas.check(&again, Profile::Strict).total
            );
            bench.compare(
                &format!("{count} tracks: write {target:?} (A), read and schema check (B)"),
                By::Wall,
                "≥ 1",
                || timed(written),
                || {
                    timed(|| {
                        let again = ern::read(&made.xml, &limits);
                        schemas.check(&again, Profile::Strict)
                    })
                },
            );
        }
        bench.alone(&format!("{count} tracks: report as text"), "–", || {
            std::hint::black_box(text::render(&report, false));
        });
    }
}

fn outgoing(target: Target) -> Outgoing {
    let party = |dpid: &str, name: &str| OutParty {
        dpid: dpid.to_owned(),
        name: name.to_owned(),
    };
    Outgoing {
        target,
        sender: party("PADPIDA0000000000X", "Distributor"),
        on_behalf_of: None,
        recipient: party("PADPIDA0000000002Z", "Store"),
        is_test: true,
        message_id: "1".to_owned(),
        thread_id: "1".to_owned(),
        created_at: "2026-03-23T10:00:00Z".parse().unwrap(),
        with_files: true,
        territories: Vec::new(),
        genres: BTreeMap::new(),
        prices: BTreeMap::new(),
    }
}

fn timed<T>(work: impl FnOnce() -> T) -> Sample {
    let started = Instant::now();
    std::hint::black_box(work());
    let wall = started.elapsed().as_secs_f64();
    Sample {
        wall,
        cpu: wall,
        ..Sample::default()
    }
}

fn subject<'a>(folder: &'a FolderFacts, reading: &'a Reading, limits: &'a Limits) -> Subject<'a> {
    const NOT_CHECKED: &dropzone::domain::facts::SchemaFacts =
        &dropzone::domain::facts::SchemaFacts {
            check: dropzone::domain::facts::SchemaCheck::NotRun,
            faults: Vec::new(),
            total: 0,
        };
    Subject {
        folder,
        reading: Some(reading),
        message_file: Some("metadata.xml"),
        schema: NOT_CHECKED,
        history: None,
        policy: dropzone::domain::policy::Policy::none(),
        label_dpid: None,
        own_dpid: None,
        in_test: false,
        profile: Profile::Strict,
        limits,
        now: "2026-11-26T12:00:00Z".parse().unwrap(),
    }
}

/// A message of so many tracks, and the folder that it describes, measured.
fn release(count: u32) -> (String, FolderFacts) {
    let mut spec = ReleaseSpec::demo(count);
    spec.release_type = "Album".to_owned();
    spec.tracks = (1..=count)
        .map(|number| {
            TrackSpec::new(
                number,
                &format!("Movement {number}"),
                material::isrc(number),
            )
        })
        .collect();
    let stated = |path: &str| StatedFile {
        path: path.to_owned(),
        md5: None,
    };
    let tracks: Vec<StatedFile> = spec
        .tracks
        .iter()
        .map(|track| stated(&track.file))
        .collect();
    let text = message::write(&spec, &tracks, Some(&stated("artwork.jpg")));
    let mut files = vec![
        file("artwork.jpg", FileRole::Artwork),
        file("metadata.xml", FileRole::Message),
    ];
    files.extend(spec.tracks.iter().map(|track| FileFacts {
        audio: Some(AudioFacts {
            container: Container::Wav,
            coding: SampleCoding::Pcm,
            rate_hz: 44_100,
            bits: 24,
            channels: 2,
            frames: 352_800,
            duration_ms: 8_000,
            levels: Some(AudioLevels {
                true_peak_dbtp: -1.0,
                sample_peak_dbfs: -1.2,
                loudness_lufs: Some(-14.0),
                samples: 705_600,
                channel_rms_dbfs: vec![-18.0, -18.0],
                ..AudioLevels::default()
            }),
            ..AudioFacts::default()
        }),
        ..file(&track.file, FileRole::Audio)
    }));
    files.sort_by(|a, b| a.path.cmp(&b.path));
    let folder = FolderFacts {
        folder: spec.folder_name(),
        files,
        messages: vec!["metadata.xml".to_owned()],
        ..FolderFacts::default()
    };
    (text, folder)
}

fn file(path: &str, role: FileRole) -> FileFacts {
    FileFacts {
        path: path.to_owned(),
        size: 1_000_000,
        role,
        sha256: Some("ab".repeat(32)),
        ..FileFacts::default()
    }
}
