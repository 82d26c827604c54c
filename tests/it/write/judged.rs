//! Our own rules over a message, with every file that it names in its folder and in order.

use dropzone::domain::account::Profile;
use dropzone::domain::facts::{
    ArtworkFacts, AudioFacts, AudioLevels, ColourModel, Container, FileFacts, FileRole,
    FolderFacts, PictureFormat, SampleCoding, SchemaCheck, SchemaFacts,
};
use dropzone::domain::limits::Limits;
use dropzone::domain::naming::{reference_path, role_of};
use dropzone::domain::policy::Policy;
use dropzone::domain::release::{Message, Reading};
use dropzone::domain::report::{Report, Severity};
use dropzone::domain::rules::{Subject, judge};
use std::collections::BTreeSet;

/// Codes of all findings.
pub(crate) fn findings(reading: &Reading) -> BTreeSet<String> {
    let report = report(reading);
    report.findings.iter().map(|f| f.code.clone()).collect()
}

/// Codes of those that block, with what they say.
pub(crate) fn errors(reading: &Reading) -> BTreeSet<String> {
    let report = report(reading);
    let errors = report
        .findings
        .iter()
        .filter(|f| f.severity == Severity::Error);
    errors.map(|f| f.code.clone()).collect()
}

fn report(reading: &Reading) -> Report {
    let message = reading.message.as_ref().unwrap();
    let folder = folder(message);
    let schema = SchemaFacts {
        check: SchemaCheck::NotRun,
        faults: Vec::new(),
        total: 0,
    };
    let limits = Limits::default();
    judge(&Subject {
        folder: &folder,
        reading: Some(reading),
        message_file: Some("metadata.xml"),
        schema: &schema,
        history: None,
        policy: Policy::none(),
        label_dpid: None,
        own_dpid: None,
        in_test: false,
        profile: Profile::Guide,
        limits: &limits,
        now: "2026-03-20T12:00:00Z".parse().unwrap(),
    })
}

fn folder(message: &Message) -> FolderFacts {
    let mut files = vec![file("metadata.xml")];
    for named in message.files() {
        let path = named.path.as_ref().map(|p| p.as_str());
        let Ok(path) = reference_path(path, named.name.as_str()) else {
            continue;
        };
        if files.iter().all(|f: &FileFacts| f.path != path) {
            files.push(file(&path));
        }
    }
    files.sort_by(|a, b| a.path.cmp(&b.path));
    FolderFacts {
        folder: "5034567890120_20260401".to_owned(),
        files,
        messages: vec!["metadata.xml".to_owned()],
        ..FolderFacts::default()
    }
}

fn file(path: &str) -> FileFacts {
    let role = if path == "metadata.xml" {
        FileRole::Message
    } else {
        role_of(path)
    };
    FileFacts {
        path: path.to_owned(),
        size: 1_000_000,
        role,
        sha256: Some("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855".to_owned()),
        md5: Some("d41d8cd98f00b204e9800998ecf8427e".to_owned()),
        audio: (role == FileRole::Audio).then(|| AudioFacts {
            container: Container::Wav,
            coding: SampleCoding::Pcm,
            rate_hz: 44_100,
            bits: 24,
            channels: 2,
            frames: 9_790_200,
            duration_ms: 222_000,
            levels: Some(AudioLevels {
                true_peak_dbtp: -1.0,
                sample_peak_dbfs: -1.2,
                loudness_lufs: Some(-14.0),
                samples: 19_580_400,
                channel_rms_dbfs: vec![-18.0, -18.0],
                ..AudioLevels::default()
            }),
            ..AudioFacts::default()
        }),
        artwork: (role == FileRole::Artwork).then(|| ArtworkFacts {
            format: PictureFormat::Jpeg,
            width: 3000,
            height: 3000,
            colour: ColourModel::Rgb,
            bits: 8,
            decoded: true,
            ..ArtworkFacts::default()
        }),
        ..FileFacts::default()
    }
}
