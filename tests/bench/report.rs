//! A report of 5,000 findings in every form.

use crate::pair::Bench;
use dropzone::domain::account::Profile;
use dropzone::domain::facts::{AudioLevels, Container, SampleCoding, SchemaCheck, Waveform};
use dropzone::domain::report::attempts::Previous;
use dropzone::domain::report::{
    Counts, Finding, ReleaseSummary, Report, Severity, TrackSummary, Verdict, html, text,
};
use dropzone::domain::{rules, sarif};

const FINDINGS: usize = 5_000;
const TRACKS: u32 = 20;
const GOAL: &str = "< 100 ms";

pub(crate) fn run(bench: &Bench) {
    let report = report();
    let previous = Previous {
        attempt: 1,
        problems: report.problems(),
    };
    let json = || serde_json::to_string_pretty(&report).unwrap();
    let sarif = || sarif::render(&report, None).unwrap();
    println!(
        "{} findings, {TRACKS} tracks: text {} KiB, web page {} KiB, JSON {} KiB, SARIF {} KiB",
        report.findings.len(),
        text::render(&report, false).len() / 1024,
        html::render(&report, None).len() / 1024,
        json().len() / 1024,
        sarif().len() / 1024,
    );
    bench.alone("report as text", GOAL, || {
        std::hint::black_box(text::render(&report, false));
    });
    bench.alone("report as a web page", GOAL, || {
        std::hint::black_box(html::render(&report, None));
    });
    bench.alone("report as JSON", GOAL, || {
        std::hint::black_box(json());
    });
    bench.alone("report as SARIF", GOAL, || {
        std::hint::black_box(sarif());
    });
    let mut compared = report.clone();
    bench.alone("compared with the attempt before", GOAL, || {
        compared.compare(2, &previous);
    });
}

fn report() -> Report {
    let codes: Vec<&rules::Rule> = rules::catalogue().collect();
    let findings: Vec<Finding> = (0..FINDINGS)
        .map(|at| {
            let rule = codes[at % codes.len()];
            let track = u32::try_from(at).unwrap() % TRACKS + 1;
            Finding {
                repair: Vec::new(),
                code: rule.code.to_owned(),
                severity: Severity::ALL[at * 4 / FINDINGS],
                usual: None,
                title: rule.title.to_owned(),
                message: format!(
                    "Track {track} “Movement {track}” says `{at}` in place of what it should."
                ),
                fix: format!(
                    "Write it so:\n<ReleaseId>\n  <ICPN>{at:013}</ICPN>\n</ReleaseId>\nThen {}",
                    rule.fix
                ),
                fixable: false,
                file: Some(format!("{track:02}_Movement.wav")),
                line: u32::try_from(at).ok(),
                column: Some(9),
                path: Some(format!(
                    "/NewReleaseMessage/ResourceList/SoundRecording[{track}]/Part[{at}]/Title"
                )),
                track: Some(track),
                isrc: Some(format!("GBDUM76{track:05}")),
                expected: Some("one thing".to_owned()),
                found: Some(format!("another thing {at}")),
                source: rule.source.to_owned(),
                more: None,
                standing: None,
            }
        })
        .collect();
    Report {
        verdict: Verdict::Invalid,
        profile: Profile::Guide,
        folder: "Orchestra_Movements_5034567890120_20260401".to_owned(),
        counts: Counts::of(&findings),
        findings,
        muted: Vec::new(),
        not_run: Vec::new(),
        release: ReleaseSummary {
            title: Some("Movements".to_owned()),
            artist: Some("Orchestra".to_owned()),
            tracks: TRACKS,
            ..ReleaseSummary::default()
        },
        tracks: (1..=TRACKS).map(track).collect(),
        artwork: None,
        schema: SchemaCheck::Guide,
        dropzone_version: env!("CARGO_PKG_VERSION").to_owned(),
        compared: None,
        difference: None,
        readiness: Vec::new(),
    }
}

fn track(number: u32) -> TrackSummary {
    TrackSummary {
        number,
        title: Some(format!("Movement {number}")),
        file: Some(format!("{number:02}_Movement.wav")),
        container: Some(Container::Wav),
        coding: Some(SampleCoding::Pcm),
        rate_hz: Some(44_100),
        bits: Some(24),
        channels: Some(2),
        duration_ms: Some(240_000),
        levels: Some(AudioLevels {
            true_peak_dbtp: -1.0,
            loudness_lufs: Some(-14.0),
            waveform: Some(Waveform {
                low: vec![-90; 400],
                high: vec![90; 400],
            }),
            ..AudioLevels::default()
        }),
        ..TrackSummary::default()
    }
}
