//! Hostile input, as a user would meet it: `dropzone check` over folders made to be slow, large or
//! wrong. Each ends with a finding, in bounded memory, and never with a crash. How long each took
//! is printed (`--nocapture`); only a hang fails.

mod audio;
mod messages;
mod pictures;
mod shared;

use crate::kit;
use serde_json::Value;
use std::fs;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// A check that takes so long hangs. Far beyond what any case needs on a busy machine.
const HANG: Duration = Duration::from_secs(60);

/// Memory of the whole process that no file may drive it to, in MiB.
const MOST_MIB: u64 = 512;

/// A folder to check.
struct Case {
    name: String,
    files: Vec<(String, Vec<u8>)>,
    /// Something whose code begins like one of these has to be found.
    codes: &'static [&'static str],
}

impl Case {
    fn new(
        name: &str,
        file: &str,
        bytes: impl Into<Vec<u8>>,
        codes: &'static [&'static str],
    ) -> Self {
        Self {
            name: name.to_owned(),
            files: vec![(file.to_owned(), bytes.into())],
            codes,
        }
    }

    fn with(mut self, file: &str, bytes: impl Into<Vec<u8>>) -> Self {
        self.files.push((file.to_owned(), bytes.into()));
        self
    }
}

/// Checks all cases one after the other and prints a line for each.
fn survive(cases: Vec<Case>) {
    let mut wrong = Vec::new();
    for case in cases {
        let home = tempfile::tempdir().unwrap();
        let folder = home.path().join("release");
        for (path, bytes) in &case.files {
            let at = folder.join(path);
            fs::create_dir_all(at.parent().unwrap()).unwrap();
            fs::write(at, bytes).unwrap();
        }
        if let Err(why) = check(home.path(), &folder, &case) {
            wrong.push(format!("{}: {why}", case.name));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn check(home: &Path, folder: &Path, case: &Case) -> Result<(), String> {
    let config = home.join("dropzone.toml");
    fs::write(&config, "data_dir = \"data\"\n").unwrap();
    let out = home.join("out");
    let mut command = Command::new(env!("CARGO_BIN_EXE_dropzone"));
    command
        .arg("--config")
        .arg(&config)
        .args(["--json", "check"])
        .arg(folder)
        .stdin(Stdio::null())
        .stdout(fs::File::create(&out).unwrap())
        .stderr(fs::File::create(home.join("err")).unwrap());
    if let Some(shared) = kit::shared() {
        command.arg("--schemas").arg(shared.join("schemas"));
    }
    let begun = Instant::now();
    let mut child = command.spawn().unwrap();
    let mut peak = 0;
    let status = loop {
        peak = peak.max(resident_mib(child.id()));
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        if begun.elapsed() > HANG {
            child.kill().unwrap();
            child.wait().unwrap();
            return Err(format!("hangs: not done after {HANG:?}, {peak} MiB"));
        }
        std::thread::sleep(Duration::from_millis(4));
    };
    println!(
        "{:>8} ms {peak:>5} MiB  {}",
        begun.elapsed().as_millis(),
        case.name
    );
    let said = fs::read_to_string(home.join("err")).unwrap();
    if let Some(signal) = status.signal() {
        return Err(format!("died of signal {signal}: {said}"));
    }
    if !matches!(status.code(), Some(0 | 1)) || said.contains("panicked") {
        return Err(format!("ended with {status}: {said}"));
    }
    if peak > MOST_MIB {
        return Err(format!("took {peak} MiB"));
    }
    let report: Value = serde_json::from_slice(&fs::read(&out).unwrap())
        .map_err(|error| format!("its report is no JSON: {error}"))?;
    let found: Vec<&str> = report["findings"]
        .as_array()
        .ok_or("no list of findings")?
        .iter()
        .map(|finding| finding["code"].as_str().unwrap())
        .collect();
    let is_one = |found: &&str| case.codes.iter().any(|code| found.starts_with(code));
    if found.iter().any(is_one) {
        Ok(())
    } else {
        Err(format!("none of {:?} in {found:?}", case.codes))
    }
}

/// The most that a process has ever had in memory; 0 once it is gone. Its own account at the end
/// (`ru_maxrss`) would begin with what the tests' process had when it started it; and until it has
/// its own name, its memory is still ours.
fn resident_mib(pid: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    if !status.starts_with("Name:\tdropzone\n") {
        return 0;
    }
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
    kib.unwrap_or_default() / 1024
}

/// Bytes without any order, the same at every run.
fn noise(length: usize, seed: u64) -> Vec<u8> {
    let mut state = seed | 1;
    (0..length)
        .map(|_| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            u8::try_from(state >> 56).unwrap()
        })
        .collect()
}

/// Every ending that means something to us, and some that do not.
const ENDINGS: [&str; 24] = [
    "wav", "wave", "flac", "aif", "aiff", "aifc", "mp3", "m4a", "ogg", "wma", "jpg", "jpeg", "png",
    "gif", "tif", "webp", "bmp", "heic", "pdf", "xml", "zip", "filepart", "txt", "bin",
];

#[test]
fn empty_files_and_noise_under_every_name() {
    let mut cases = Vec::new();
    for (seed, ending) in ENDINGS.iter().enumerate() {
        for (what, bytes) in [
            ("empty", Vec::new()),
            ("one byte of", vec![0xff]),
            ("noise as", noise(300_000, seed as u64 + 7)),
            ("zeros as", vec![0; 300_000]),
        ] {
            let file = format!("01_file.{ending}");
            let name = format!("{what} .{ending}");
            cases.push(Case::new(&name, &file, bytes, &["PKG-", "XML-"]));
        }
    }
    survive(cases);
}
