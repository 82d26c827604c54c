//! What is fast, measured: ours (A) and what people chain today (B), alternately in one run, as a
//! ratio, because machines are shared and noisy. `make bench` runs all, `make bench ONLY=audio` one.
//!
//! Nothing here judges: a goal is printed beside the figure. Material is generated once into
//! `target/tmp/bench` and used again.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::pedantic,
    reason = "a benchmark that meets the unexpected has to stop, and it speaks to who runs it"
)]

mod audio;
mod cover;
mod ern;
mod pair;
mod release;
mod report;
mod send;
mod sftp;
mod verdict;

use pair::Bench;

/// Name on the command line and what it runs.
const SECTIONS: &[(&str, Section)] = &[
    ("audio", audio::run),
    ("cover", cover::run),
    ("release", release::run),
    ("ern", ern::run),
    ("report", report::run),
    ("verdict", verdict::run),
    ("send", send::run),
];

/// Run only when they are named, because they take long.
const BY_NAME: &[(&str, Section)] = &[("sftp", sftp::run)];

/// What a child of this program does when it is started as `bench worker NAME ARGUMENT…`; so one
/// function of the library can be timed as a whole process, beside other programs.
const WORKERS: &[(&str, Work)] = &[
    ("audio", audio::worker),
    ("cover", cover::worker),
    ("send", send::worker),
    ("floor", sftp::floor::worker),
    ("material", material),
];

type Section = fn(&Bench);
type Work = fn(&[String]);

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let Some(("worker", [name, rest @ ..])) = arguments
        .split_first()
        .map(|(first, rest)| (first.as_str(), rest))
    {
        let (_, work) = WORKERS.iter().find(|(known, _)| known == name).unwrap();
        work(rest);
        return;
    }
    // Cargo adds `--bench`.
    let only: Vec<&str> = arguments
        .iter()
        .map(String::as_str)
        .filter(|argument| !argument.starts_with('-'))
        .collect();
    let bench = Bench::new(false);
    // Words after the name of such a section choose among its cases.
    let named_one = BY_NAME.iter().any(|(name, _)| only.contains(name));
    let usual = SECTIONS
        .iter()
        .filter(|_| !named_one)
        .filter(|(name, _)| only.is_empty() || only.contains(name));
    let named = BY_NAME.iter().filter(|(name, _)| only.contains(name));
    for (name, run) in usual.chain(named) {
        println!("\n== {name}");
        run(&bench);
    }
}

/// `bench worker material SECTION`: makes what a section needs.
fn material(arguments: &[String]) {
    let [section] = arguments else {
        panic!("{arguments:?}: one section");
    };
    let (_, run) = SECTIONS.iter().find(|(name, _)| name == section).unwrap();
    run(&Bench::new(true));
}
