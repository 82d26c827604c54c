//! The report as text and as a web page: read as a label reads it, and safe whatever is in it.

use dropzone::domain::account::Profile;
use dropzone::domain::facts::{
    AudioLevels, ColourModel, Container, PictureFormat, SampleCoding, SchemaCheck, Span, Waveform,
};
use dropzone::domain::ids::PackageId;
use dropzone::domain::report::attempts::{Previous, Problem};
use dropzone::domain::report::html::{self, Heading};
use dropzone::domain::report::{
    ArtworkSummary, Counts, Finding, ReleaseSummary, Report, Severity, StatedAudio, StatedChecksum,
    TrackSummary, Verdict, text,
};
use jiff::Timestamp;
use proptest::prelude::*;

/// A small JPEG.
const THUMBNAIL: &str = "/9j/4AAQSkZJRgABAgAAAQABAAD//gAQTGF2YzU5LjM3LjEwMAD/2wBDAAgYGBwYHCEhISEhISckJygoKCcnJycoKCgrKyszMzMrKysoKCsrMDAzMzc5NzQ0MzQ5OTw8PEhIRUVUVFdnZ3z/xABiAAEAAgMBAQAAAAAAAAAAAAAABQQGBwIDAQEBAAMBAQEBAAAAAAAAAAAAAAUEAwIBBgcQAQEBAQEBAAAAAAAAAAAAAAADAQIREhEBAQEBAQEAAAAAAAAAAAAAAAIBEQMh/8AAEQgAMAAwAwESAAISAAMSAP/aAAwDAQACEQMRAD8A1cJMVAAAAAd5no534PXvxz9aySM2dbxD+lu8zqQmUnGbKZ8eYp+loW66sTKRnONKj9EHyQAALs+frRWquDac6vyn6yyM1a6QfpbacSUyk4zTeZ5in6Ujd3qxOLjscj0aGfX6cPjB3znup2M3G7xGelOsXJlJxmyyU/FP0tB3SxMpKcXuOfnFtWresG2ZxqAAAA//2Q==";

/// A finding with nothing but its words.
pub(crate) fn finding(severity: Severity, code: &str, message: &str, fix: &str) -> Finding {
    Finding {
        code: code.to_owned(),
        severity,
        title: "Title of the rule".to_owned(),
        message: message.to_owned(),
        fix: fix.to_owned(),
        fixable: false,
        repair: Vec::new(),
        usual: None,
        more: None,
        standing: None,
        file: None,
        line: None,
        column: None,
        path: None,
        track: None,
        isrc: None,
        expected: None,
        found: None,
        source: "Delivery guide, Audio File Requirements".to_owned(),
    }
}

fn levels(true_peak_dbtp: f64, loudness_lufs: Option<f64>) -> AudioLevels {
    AudioLevels {
        leading_silence_ms: 120,
        trailing_silence_ms: 2_340,
        sample_peak_dbfs: true_peak_dbtp - 0.2,
        true_peak_dbtp,
        true_peak_at_ms: 151_400,
        loudness_lufs,
        loudness_range_lu: Some(6.2),
        waveform: Some(waveform()),
        ..AudioLevels::default()
    }
}

/// A song of verses and choruses, with a stop in the middle.
fn waveform() -> Waveform {
    let height = |x: i32| match x {
        0..=3 | 388..=399 => 0,
        180..=190 => 1,
        _ if (x / 50) % 2 == 0 => 40 + x * 37 % 23,
        _ => 90 + x * 53 % 37,
    };
    let high: Vec<i8> = (0..400).map(|x| i8::try_from(height(x)).unwrap()).collect();
    Waveform {
        low: high.iter().map(|high| -high).collect(),
        high,
    }
}

fn track(number: u32, title: &str, isrc: &str, file: &str) -> TrackSummary {
    TrackSummary {
        number,
        title: Some(title.to_owned()),
        artist: Some("The Lamps".to_owned()),
        isrc: Some(isrc.to_owned()),
        stated_duration_ms: Some(222_000),
        file: Some(file.to_owned()),
        size_bytes: Some(58_720_256),
        container: Some(Container::Wav),
        coding: Some(SampleCoding::Pcm),
        rate_hz: Some(44_100),
        bits: Some(24),
        channels: Some(2),
        duration_ms: Some(221_950),
        levels: Some(levels(-1.04, Some(-14.26))),
        stated: StatedAudio {
            codec: Some("PCM".to_owned()),
            rate_hz: Some(44_100),
            bits: Some(24),
            channels: Some(2),
            checksum: Some(StatedChecksum {
                kind: "MD5".to_owned(),
                stated: "0f343b0931126a20f133d67c2b018a3b".to_owned(),
                measured: Some("0f343b0931126a20f133d67c2b018a3b".to_owned()),
            }),
        },
        ..TrackSummary::default()
    }
}

fn release() -> ReleaseSummary {
    ReleaseSummary {
        icpn: Some("5034567890120".to_owned()),
        title: Some("Night Drive".to_owned()),
        artist: Some("The Lamps".to_owned()),
        release_type: Some("EP".to_owned()),
        release_date: Some("2026-04-01".to_owned()),
        label_name: Some("Lantern Records".to_owned()),
        genre: Some("Afrobeats".to_owned()),
        tracks: 4,
        territories: vec!["Worldwide".to_owned()],
        message_id: Some("MSG-001".to_owned()),
        message_created: Some("2026-03-23T10:00:00".to_owned()),
        ern_version: Some("3.8.2".to_owned()),
        is_test: false,
        ..ReleaseSummary::default()
    }
}

fn tracks() -> Vec<TrackSummary> {
    let mut second = track(2, "Harbour", "GBDUM7620002", "02_Harbour.wav");
    second.container = Some(Container::Mp3);
    second.coding = None;
    second.bits = None;
    second.size_bytes = Some(8_912_000);
    second.levels = None;
    second.duration_ms = None;
    let mut third = track(
        3,
        "夜のドライブ (Night Drive, Extended Tokyo Mix)",
        "GBDUM7620003",
        "03_Tokyo.wav",
    );
    third.artist = Some("The Lamps feat. Aoi".to_owned());
    third.rate_hz = Some(48_000);
    third.levels = Some(AudioLevels {
        clipped_runs: 12,
        clipped_samples: 57,
        clipped_at: vec![
            Span {
                start_ms: 61_200,
                end_ms: 61_201,
            },
            Span {
                start_ms: 75_980,
                end_ms: 75_982,
            },
        ],
        inner_silence: vec![Span {
            start_ms: 100_000,
            end_ms: 105_600,
        }],
        ..levels(0.31, Some(-7.9))
    });
    let mut fourth = track(4, "Interlude", "GBDUM7620004", "04_Interlude.wav");
    fourth.file = None;
    fourth.stated_duration_ms = Some(3_723_000);
    fourth.container = None;
    fourth.coding = None;
    fourth.rate_hz = None;
    fourth.bits = None;
    fourth.channels = None;
    fourth.duration_ms = None;
    fourth.size_bytes = None;
    fourth.levels = None;
    vec![
        track(1, "Night Drive", "GBDUM7620001", "01_NightDrive.wav"),
        second,
        third,
        fourth,
    ]
}

/// Findings such as the rules make, errors first, then by file and line.
fn findings() -> Vec<Finding> {
    let mut upc = finding(
        Severity::Warning,
        "XML-009",
        "Your message gives the barcode as `UPC`. ERN 3.8.2 calls this element `ICPN`. We read it all the same.",
        "Replace the element:\n<ReleaseId>\n  <ICPN IsEan=\"true\">5034567890120</ICPN>\n</ReleaseId>",
    );
    upc.file = Some("metadata.xml".to_owned());
    upc.line = Some(58);
    upc.column = Some(9);
    upc.path = Some("/NewReleaseMessage/ReleaseList/Release/ReleaseId/UPC".to_owned());
    let mut missing = finding(
        Severity::Error,
        "PKG-007",
        "Track 4 \"Interlude\" points at 04_Interlude.wav, but that file is not in the folder. The closest name we found is 04_interlude_final.wav.",
        "Rename the file or the reference in the XML so that both are exactly the same, capital letters included.",
    );
    missing.file = Some("metadata.xml".to_owned());
    missing.line = Some(41);
    missing.column = Some(13);
    missing.track = Some(4);
    missing.isrc = Some("GBDUM7620004".to_owned());
    missing.path = Some("/NewReleaseMessage/ResourceList/SoundRecording[4]/SoundRecordingDetailsByTerritory/TechnicalSoundRecordingDetails/File/URI".to_owned());
    let mut mp3 = finding(
        Severity::Error,
        "AUD-003",
        "This file is an MP3, although its name ends in .wav. MP3s are not accepted as masters.",
        "Export the track again from your project as WAV, FLAC or AIFF, 16 or 24 bit, 44.1 or 48 kHz. Do not convert the MP3: what it has lost does not come back.",
    );
    mp3.file = Some("02_Harbour.wav".to_owned());
    mp3.track = Some(2);
    mp3.expected = Some("WAV, FLAC or AIFF".to_owned());
    mp3.found = Some("MP3 320 kbit/s".to_owned());
    let mut cover = finding(
        Severity::Error,
        "ART-004",
        "The cover is 1400 × 1400 pixels; at least 3000 × 3000 are needed.",
        "Export the cover again from its original at 3000 × 3000 pixels. Enlarging this file would make it blurred.",
    );
    cover.file = Some("artwork.jpg".to_owned());
    cover.expected = Some("3000 × 3000".to_owned());
    cover.found = Some("1400 × 1400".to_owned());
    let mut peak = finding(
        Severity::Question,
        "AUD-017",
        "The true peak of track 3 is +0.3 dBTP, and 12 places are clipped.",
        "Master the track to at most -0.3 dBTP. If the distortion is meant, tell us and the reviewer will let it pass.",
    );
    peak.file = Some("03_Tokyo.wav".to_owned());
    peak.track = Some(3);
    let note = finding(
        Severity::Info,
        "PKG-026",
        "The message states no checksums.",
        "With a `HashSum` for each file we can prove that nothing was damaged on the way.",
    );
    vec![mp3, cover, missing, peak, upc, note]
}

/// A report with something of everything: the third attempt, after eleven of fourteen problems were
/// fixed.
pub(crate) fn invalid_report() -> Report {
    let findings = findings();
    let mut report = Report {
        verdict: Verdict::Invalid,
        profile: Profile::Guide,
        folder: "TheLamps_NightDrive_5034567890120_20260401".to_owned(),
        counts: Counts::of(&findings),
        findings,
        release: release(),
        tracks: tracks(),
        artwork: Some(ArtworkSummary {
            file: "artwork.jpg".to_owned(),
            size_bytes: 1_258_291,
            sha256: None,
            format: PictureFormat::Jpeg,
            width: 1_400,
            height: 1_400,
            colour: ColourModel::Rgb,
            likeness: None,
            thumbnail: Some(THUMBNAIL.to_owned()),
        }),
        muted: Vec::new(),
        not_run: Vec::new(),
        schema: SchemaCheck::Guide,
        dropzone_version: "0.1.0".to_owned(),
        compared: None,
        difference: None,
        readiness: Vec::new(),
    };
    let mut problems = report.problems();
    problems.truncate(2);
    problems.extend((0..12).map(|n| Problem::unlisted(&format!("META-{n:03}"), 1)));
    report.compare(
        3,
        &Previous {
            attempt: 2,
            problems,
        },
    );
    report
}

/// The same release when nothing blocks any more.
pub(crate) fn valid_report() -> Report {
    let mut report = invalid_report();
    report.verdict = Verdict::Valid;
    report.findings.retain(|f| f.severity != Severity::Error);
    report.counts = Counts::of(&report.findings);
    report.compared = None;
    let good = report.tracks[0].clone();
    report.tracks[1] = TrackSummary {
        number: 2,
        title: Some("Harbour".to_owned()),
        isrc: Some("GBDUM7620002".to_owned()),
        file: Some("02_Harbour.wav".to_owned()),
        ..good.clone()
    };
    report.tracks[3] = TrackSummary {
        number: 4,
        title: Some("Interlude".to_owned()),
        isrc: Some("GBDUM7620004".to_owned()),
        file: Some("04_Interlude.wav".to_owned()),
        ..good
    };
    if let Some(cover) = &mut report.artwork {
        cover.width = 3_000;
        cover.height = 3_000;
    }
    report.schema = SchemaCheck::Official {
        set: "ern-382".to_owned(),
    };
    report
}

pub(crate) fn heading() -> Heading {
    Heading {
        label: "lantern".to_owned(),
        attempt: 3,
        package: PackageId::new("01JQW8Y6ZK5V3T9N2M4B7C1D0E"),
        received: "2026-03-23T10:15:42Z".parse::<Timestamp>().unwrap(),
    }
}

#[test]
fn text_of_an_invalid_release() {
    insta::assert_snapshot!(text::render(&invalid_report(), false));
}

#[test]
fn text_of_a_valid_release() {
    insta::assert_snapshot!(text::render(&valid_report(), false));
}

#[test]
fn text_of_an_empty_folder() {
    let report = Report {
        verdict: Verdict::Invalid,
        profile: Profile::Strict,
        folder: "Empty".to_owned(),
        counts: Counts {
            error: 1,
            ..Counts::default()
        },
        findings: vec![finding(
            Severity::Error,
            "PKG-002",
            "There is no metadata.xml in the folder \"Empty\".",
            "Add the XML file of the release and name it metadata.xml.",
        )],
        release: ReleaseSummary::default(),
        tracks: Vec::new(),
        artwork: None,
        muted: Vec::new(),
        not_run: Vec::new(),
        schema: SchemaCheck::Skipped {
            why: "there is no message to check.".to_owned(),
        },
        dropzone_version: "0.1.0".to_owned(),
        compared: None,
        difference: None,
        readiness: Vec::new(),
    };
    insta::assert_snapshot!(text::render(&report, false));
}

#[test]
fn colour_is_only_paint() {
    let painted = text::render(&invalid_report(), true);
    assert!(painted.contains("\x1b[1;31m"));
    let mut bare = String::new();
    let mut rest = painted.as_str();
    while let Some((before, after)) = rest.split_once("\x1b[") {
        bare.push_str(before);
        rest = after.split_once('m').unwrap().1;
    }
    bare.push_str(rest);
    assert_eq!(bare, text::render(&invalid_report(), false));
}

#[test]
fn text_lines_keep_within_their_width() {
    let report = text::render(&invalid_report(), false);
    for line in report
        .lines()
        .filter(|line| !line.contains("/NewReleaseMessage"))
    {
        assert!(line.chars().count() <= 100, "{line}");
    }
}

#[test]
fn page_of_an_invalid_release() {
    insta::assert_snapshot!(html::render(&invalid_report(), Some(&heading())));
}

#[test]
fn page_of_a_valid_release() {
    insta::assert_snapshot!(html::render(&valid_report(), Some(&heading())));
}

#[test]
fn page_of_a_folder_checked_offline() {
    let page = html::render(&valid_report(), None);
    assert!(page.contains("checked offline") && !page.contains("Package "));
    let mut report = valid_report();
    report.artwork.as_mut().unwrap().thumbnail = Some("no picture".to_owned());
    assert!(!html::render(&report, None).contains("<img"));
}

#[test]
fn json_of_an_invalid_release() {
    let mut report = invalid_report();
    for track in &mut report.tracks {
        if let Some(levels) = &mut track.levels {
            levels.waveform = None;
        }
    }
    insta::assert_json_snapshot!(report);
}

#[test]
fn the_page_loads_nothing() {
    let page = html::render(&invalid_report(), Some(&heading()));
    for word in ["<script", "url(", "@import", "http:", "https:"] {
        assert!(!page.contains(word), "{word}");
    }
    let bare = page
        .replace("src=\"data:image/jpeg;base64,", "")
        .replace("href=\"#", "");
    assert!(!bare.contains("src=") && !bare.contains("href="));
    assert!(page.contains("default-src 'none'"));
}

/// Texts that do harm where they are taken as anything but text.
pub(crate) fn hostile() -> impl Strategy<Value = String> {
    let pieces = prop::sample::select(vec![
        "\r\n",
        "\n",
        "\r",
        "\0",
        "\x1b[2J",
        "\x1b]0;x\x07",
        "\u{9b}31m",
        "\u{2028}",
        "\u{2029}",
        "\u{202e}",
        "\u{2066}",
        "\u{200f}",
        "\u{feff}",
        "Bcc: evil@example.org",
        "Subject: x",
        "\r\n\r\n--=_",
        "=?utf-8?Q?=0D=0ABcc:_x?=",
        "<script>alert(1)</script>",
        "\"><img src=x>",
        "</style>",
        "{{ 7*7 }}",
        "{% raw %}",
        "🎧",
        "音楽",
        "e\u{301}",
        "`",
        "```",
        "<x>",
        " ",
        "\t",
        "%s%n",
        "..",
        "/",
        "\\",
        "'",
        "\"",
        "&amp;",
        ",",
        ";",
        "@",
        "<",
        ">",
        "(",
        ")",
        "=",
    ]);
    prop_oneof![
        prop::collection::vec(pieces, 0..12).prop_map(|parts| parts.concat()),
        any::<String>(),
        Just("a".repeat(5_000)),
        Just("🎧".repeat(5_000)),
    ]
}

/// The invalid report with one hostile text in every field.
pub(crate) fn poisoned(text: &str) -> Report {
    let mut report = invalid_report();
    let some = Some(text.to_owned());
    text.clone_into(&mut report.folder);
    text.clone_into(&mut report.dropzone_version);
    report.schema = SchemaCheck::Skipped {
        why: text.to_owned(),
    };
    report.release = ReleaseSummary {
        icpn: some.clone(),
        title: some.clone(),
        artist: some.clone(),
        release_type: some.clone(),
        release_date: some.clone(),
        label_name: some.clone(),
        genre: some.clone(),
        territories: vec![text.to_owned(); 30],
        message_id: some.clone(),
        message_created: some.clone(),
        ern_version: some.clone(),
        tracks: u32::MAX,
        is_test: true,
        ..ReleaseSummary::default()
    };
    for finding in &mut report.findings {
        text.clone_into(&mut finding.code);
        text.clone_into(&mut finding.title);
        text.clone_into(&mut finding.message);
        text.clone_into(&mut finding.fix);
        finding.file.clone_from(&some);
        finding.path.clone_from(&some);
        finding.expected.clone_from(&some);
        finding.found.clone_from(&some);
        finding.isrc.clone_from(&some);
        text.clone_into(&mut finding.source);
    }
    for track in &mut report.tracks {
        track.title.clone_from(&some);
        track.artist.clone_from(&some);
        track.isrc.clone_from(&some);
        track.file.clone_from(&some);
        track.stated.codec.clone_from(&some);
        track.stated.checksum = Some(StatedChecksum {
            kind: text.to_owned(),
            stated: text.to_owned(),
            measured: some.clone(),
        });
        track.duration_ms = Some(u64::MAX);
        track.size_bytes = Some(u64::MAX);
    }
    if let Some(cover) = &mut report.artwork {
        text.clone_into(&mut cover.file);
        cover.thumbnail.clone_from(&some);
    }
    report
}

/// Tags of a page that the template wrote: what a parser would see.
fn tags(page: &str) -> Vec<&str> {
    page.split('<')
        .skip(1)
        .map(|rest| rest.split([' ', '>', '\n']).next().unwrap())
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn nothing_acts_on_the_terminal(text in hostile()) {
        let shown = text::render(&poisoned(&text), false);
        for c in shown.chars() {
            prop_assert!(c == '\n' || !c.is_control(), "{c:?}");
            prop_assert!(!matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}'), "{c:?}");
        }
    }

    #[test]
    fn nothing_in_a_name_becomes_markup(text in hostile()) {
        let heading = Heading { label: text.clone(), ..heading() };
        let page = html::render(&poisoned(&text), Some(&heading));
        prop_assert!(page.contains("<h2>About this report</h2>"), "the template was used");
        let known = [
            "!doctype", "html", "head", "meta", "title", "style", "body", "main", "header", "h1",
            "h2", "h3", "p", "div", "strong", "section", "article", "span", "code", "b", "pre",
            "dl", "dt", "dd", "table", "thead", "tbody", "tr", "th", "td", "small", "footer", "nav",
            "a", "img", "figure", "figcaption", "svg", "g", "path", "rect", "ul", "li",
        ];
        for tag in tags(&page) {
            prop_assert!(known.contains(&tag.trim_start_matches('/')), "{tag}");
        }
    }
}
