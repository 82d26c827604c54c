//! What each fuzz target does with its bytes, and what has to hold whatever they are. Compiled into
//! the fuzz targets and into the tests, which run them over the seeds and over all that was found.

use dropzone::domain::account::Profile;
use dropzone::domain::ern;
use dropzone::domain::facts::{
    AudioFacts, AudioLevels, Container, FileFacts, FolderFacts, PictureFormat, SchemaFacts,
    Waveform,
};
use dropzone::domain::ids::PackageId;
use dropzone::domain::limits::Limits;
use dropzone::domain::naming::{self, Names};
use dropzone::domain::report::{Report, html, text};
use dropzone::domain::rules::{Subject, judge};
use dropzone::inspect::{artwork, audio};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

type Body = fn(&[u8]);

/// All targets by name.
pub(crate) const TARGETS: [(&str, Body); 6] = [
    ("ern", message),
    ("sound", sound),
    ("picture", picture),
    ("report", report),
    ("path", path),
    ("sftp", sftp),
];

/// Reads a message and a beginning of it.
pub(crate) fn message(bytes: &[u8]) {
    let reading = ern::read(bytes, &Limits::default());
    for fault in &reading.faults {
        assert!(!fault.message.is_empty());
    }
    if reading.message.is_none() {
        assert!(!reading.faults.is_empty(), "what cannot be read is told");
    }
    ern::sniff(bytes);
}

/// Measures the bytes as a sound file.
pub(crate) fn sound(bytes: &[u8]) {
    let file = scratch("sound", bytes);
    let limits = Limits::default();
    let measured = audio::measure(&file, &limits, &AtomicBool::new(false), &|_| {});
    assert_eq!(measured.failure, None);
    assert_eq!(measured.size, bytes.len() as u64);
    if let Some(levels) = &measured.facts.levels {
        assert!(levels.sample_peak_dbfs.is_finite() && levels.true_peak_dbtp.is_finite());
        assert!(
            levels
                .channel_rms_dbfs
                .iter()
                .all(|level| level.is_finite())
        );
        assert!(levels.loudness_lufs.is_none_or(f64::is_finite));
    }
    // What is remembered has to come back as it was.
    let json = serde_json::to_vec(&measured.facts).unwrap();
    let again: AudioFacts = serde_json::from_slice(&json).unwrap();
    assert_eq!(again, measured.facts);
}

/// Looks at the bytes as a picture.
pub(crate) fn picture(bytes: &[u8]) {
    let file = scratch("picture", bytes);
    let facts = artwork::measure(&file, &Limits::default());
    // Other formats are only recognised.
    let is_decoded = matches!(
        facts.format,
        PictureFormat::Jpeg | PictureFormat::Png | PictureFormat::Unknown
    );
    assert!(facts.decoded || facts.damage.is_some() || !is_decoded);
    assert!(
        facts
            .damage
            .is_none_or(|damage| !damage.contains("gave up"))
    );
}

/// Bytes as a file in memory, one for each target and process.
fn scratch(name: &str, bytes: &[u8]) -> PathBuf {
    let id = format!("{:?}", std::thread::current().id());
    let id: String = id.chars().filter(char::is_ascii_digit).collect();
    let memory = Path::new("/dev/shm");
    let folder = if memory.is_dir() {
        memory.to_owned()
    } else {
        std::env::temp_dir()
    };
    let file = folder.join(format!("dropzone-fuzz-{name}-{}-{id}", std::process::id()));
    fs::write(&file, bytes).unwrap();
    file
}

/// Judges a folder of which names, numbers and message are the bytes, and renders the report in
/// every form. First line: names of files. Then eight numbers. Then the message.
pub(crate) fn report(bytes: &[u8]) {
    let (names, rest) = parted(bytes, b'\n');
    let (numbers, message) = rest.split_at(rest.len().min(64));
    let mut numbers = numbers.chunks(8).map(|chunk| {
        let mut eight = [0; 8];
        eight[..chunk.len()].copy_from_slice(chunk);
        u64::from_le_bytes(eight)
    });
    let mut number = || numbers.next().unwrap_or(7);
    let level = |bits: u64| {
        let level = f64::from_bits(bits);
        if level.is_finite() { level } else { -200.0 }
    };
    let names = String::from_utf8_lossy(names).into_owned();
    let mut folder = FolderFacts {
        folder: names.chars().take(40).collect(),
        ..FolderFacts::default()
    };
    for name in names.split('\t').filter(|name| !name.is_empty()).take(50) {
        let levels = AudioLevels {
            true_peak_dbtp: level(number()),
            loudness_lufs: Some(level(number())),
            leading_silence_ms: number(),
            clipped_runs: number(),
            samples: number(),
            waveform: Some(Waveform {
                low: names.bytes().map(u8::cast_signed).take(400).collect(),
                high: message
                    .iter()
                    .copied()
                    .map(u8::cast_signed)
                    .take(400)
                    .collect(),
            }),
            ..AudioLevels::default()
        };
        folder.files.push(FileFacts {
            path: name.to_owned(),
            size: number(),
            role: naming::role_of(name),
            sha256: Some("ab".repeat(32)),
            audio: Some(AudioFacts {
                container: Container::Wav,
                duration_ms: number(),
                rate_hz: u32::try_from(number() & 0xffff_ffff).unwrap_or_default(),
                levels: Some(levels),
                ..AudioFacts::default()
            }),
            ..FileFacts::default()
        });
    }
    let limits = Limits::default();
    let reading = ern::read(message, &limits);
    for profile in [Profile::Guide, Profile::Strict] {
        let report = judge(&Subject {
            folder: &folder,
            reading: Some(&reading),
            message_file: Some("metadata.xml"),
            schema: &SchemaFacts::default(),
            history: None,
            policy: dropzone::domain::policy::Policy::none(),
            label_dpid: None,
            own_dpid: None,
            in_test: false,
            profile,
            limits: &limits,
            now: jiff::Timestamp::UNIX_EPOCH,
        });
        render(&report);
    }
}

fn render(report: &Report) {
    let plain = text::render(report, false);
    let is_harmless = |c: char| !c.is_control() || matches!(c, '\n' | '\t');
    assert!(
        plain.chars().all(is_harmless),
        "nothing steers a terminal: {plain:?}"
    );
    text::render(report, true);
    let heading = html::Heading {
        label: "label".to_owned(),
        attempt: 1,
        package: PackageId::new("P1"),
        received: jiff::Timestamp::UNIX_EPOCH,
    };
    let page = html::render(report, Some(&heading));
    assert!(
        !page.to_ascii_lowercase().contains("<script"),
        "nothing runs in a page"
    );
    assert!(page.trim_end().ends_with("</html>"), "the page is whole");
    let json = serde_json::to_string(report).unwrap();
    serde_json::from_str::<serde_json::Value>(&json).unwrap();
}

/// Reads a reference of a message, and looks for it among names. Three parts: path, name, files.
pub(crate) fn path(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let mut parts = text.split('\n');
    let mut next = || parts.next().unwrap_or_default();
    let (folder, name) = (next(), next());
    let files: Vec<String> = parts.take(50).map(str::to_owned).collect();
    if let Ok(reference) = naming::reference_path(Some(folder), name) {
        let inside = |part: &str| !matches!(part, "" | "." | "..");
        assert!(
            reference.split('/').all(inside) && !reference.contains('\\'),
            "{reference:?}"
        );
        let found = naming::find(&reference, &files);
        let index = Names::new(&files);
        assert_eq!(found, index.find(&reference), "both ways find the same");
        if let Some((file, _)) = found {
            assert!(files.iter().any(|known| known == file));
        }
        naming::nearest(&reference, &files);
    }
}

/// Reads what an SFTP client may send: a path, and a stream of packets.
pub(crate) fn sftp(bytes: &[u8]) {
    dropzone::sftp::fuzzing::path(bytes);
    dropzone::sftp::fuzzing::stream(bytes);
}

/// Before and behind the first such byte.
fn parted(bytes: &[u8], at: u8) -> (&[u8], &[u8]) {
    let place = bytes.iter().position(|byte| *byte == at);
    place.map_or((bytes, &[]), |place| (&bytes[..place], &bytes[place + 1..]))
}
