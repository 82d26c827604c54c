//! `dropzone demo`: the whole way of two releases, for real, in a temporary directory.

use super::Context;
use super::exit::{Done, Failure};
use material::ReleaseSpec;
use material::cover::Cover;
use serde_json::Value;
use stage::Stage;
use std::collections::BTreeSet;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

pub mod material;
mod ourclient;
mod stage;
mod timeline;

use timeline::Timeline;

/// The demonstration's label.
const LABEL: &str = "quayside";

/// All of it has to be over by then.
const PATIENCE: Duration = Duration::from_mins(1);

/// How to show it.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// Leave the daemon running afterwards, with commands to try (Ctrl-C ends it)
    #[arg(long)]
    keep: bool,
}

/// Runs it. Fine only if every step really happened.
pub fn run(arguments: &Arguments, context: &mut Context<'_>) -> Result<Done, Failure> {
    let begun = Instant::now();
    let mut stage = Stage::set()?;
    let mut timeline = Timeline::new(begun, context.colour);
    timeline.say(
        context.out,
        &format!(
            "daemon is up on port {}, data in {}",
            stage.port,
            stage.home.display()
        ),
    )?;
    let password = make_label(&stage, &mut timeline, context.out)?;
    let outcome = play(&stage, &password, &mut timeline, context.out);
    if let Err(failure) = outcome {
        writeln!(context.err, "the daemon's log: {}", stage.log().display())?;
        return Err(failure);
    }
    epilogue(&stage, context.out)?;
    if arguments.keep {
        invite(&stage, &password, context.out)?;
        stage.keep()?;
    }
    Ok(Done::Fine)
}

fn make_label(
    stage: &Stage,
    timeline: &mut Timeline,
    out: &mut dyn Write,
) -> Result<String, Failure> {
    let label = stage.ask(&[
        "label",
        "add",
        LABEL,
        "--email",
        "releases@quayside.example",
        "--dsp",
        "demo-store",
        "--generate-password",
    ])?;
    timeline.say(
        out,
        &format!("label {LABEL} may upload; approved releases go to demo-store"),
    )?;
    label
        .get("password")
        .and_then(Value::as_str)
        .map(str::to_owned)
        .ok_or_else(|| Failure::Failed("label add gave no password".to_owned()))
}

/// A sound release of three tracks.
fn sound() -> ReleaseSpec {
    ReleaseSpec::demo(101)
}

/// The same label's next release, with the faults that labels send most.
fn faulty() -> ReleaseSpec {
    let mut spec = ReleaseSpec::demo(202);
    spec.title = String::from("Fog Signals");
    for (track, title) in spec
        .tracks
        .iter_mut()
        .zip(["Fog Signals", "Bell Buoy", "Soundings"])
    {
        track.title = String::from(title);
    }
    spec.territories = vec!["UK".to_owned()];
    spec.artwork = Some((
        "artwork.jpg".to_owned(),
        Cover {
            width: 1400,
            height: 1400,
            ..Cover::default()
        },
    ));
    if let Some(track) = spec.tracks.first_mut() {
        track.isrc = String::from("GB-K3W-26-202");
    }
    if let Some(track) = spec.tracks.get_mut(1) {
        track.signal.channels = 1;
        track.signal.trailing_silence_seconds = 3.0;
    }
    spec
}

fn play(
    stage: &Stage,
    password: &str,
    timeline: &mut Timeline,
    out: &mut dyn Write,
) -> Result<(), Failure> {
    for (spec, words) in [(sound(), "a sound release"), (faulty(), "one with faults")] {
        let folder = stage.home.join("label").join(spec.folder_name());
        material::release(&folder, &spec)?;
        let client = send(stage, password, &folder)?;
        timeline.say(
            out,
            &format!("{client} put -r {} ({words})", spec.folder_name()),
        )?;
    }
    let until = Instant::now() + PATIENCE;
    let mut approved = false;
    loop {
        timeline.look(stage, out)?;
        let packages = packages(stage)?;
        if let Some(id) = with_status(&packages, "needs_qc").filter(|_| !approved) {
            let ticks = ticks(&stage.ask(&["package", "show", &id])?);
            let mut command = vec!["qc", "approve", &id, "--note", "sounds good"];
            command.extend(ticks.iter().map(String::as_str));
            stage.ask(&command)?;
            let said = ["QC approved it: dropzone qc approve ID --note \"sounds good\""];
            let said: Vec<&str> = said
                .into_iter()
                .chain(ticks.iter().map(String::as_str))
                .collect();
            timeline.say(out, &said.join(" "))?;
            approved = true;
        }
        if with_status(&packages, "delivered").is_some()
            && with_status(&packages, "invalid").is_some()
            && Timeline::letters_are_out(stage)?
        {
            timeline.look(stage, out)?;
            return verify(stage, approved);
        }
        if Instant::now() > until {
            let state: Vec<String> = packages
                .iter()
                .map(|p| format!("{} is {}", text(p, "folder"), text(p, "status")))
                .collect();
            return Err(Failure::Failed(format!(
                "not over after {} s: {}",
                PATIENCE.as_secs(),
                state.join(", ")
            )));
        }
        std::thread::sleep(Duration::from_millis(250));
    }
}

/// What the reviewer ticks: every question of the report.
fn ticks(package: &Value) -> Vec<String> {
    let questions = package.get("questions").and_then(Value::as_array);
    let codes = questions.into_iter().flatten().filter_map(Value::as_str);
    codes
        .flat_map(|code| ["--tick".to_owned(), code.to_owned()])
        .collect()
}

/// Uploads with the real client, else with ours; gives its name.
fn send(stage: &Stage, password: &str, folder: &Path) -> Result<&'static str, Failure> {
    if stage::has_sftp() {
        stage::upload(stage, LABEL, password, folder)?;
        Ok("sftp")
    } else {
        ourclient::upload(stage, LABEL, password, folder)?;
        Ok("(our own client)")
    }
}

/// Nothing is believed that is not on the disk.
fn verify(stage: &Stage, approved: bool) -> Result<(), Failure> {
    let fail = |what: &str| Err(Failure::Failed(what.to_owned()));
    if !approved {
        return fail("no package reached review");
    }
    let files = files_below(&stage.dsp())?;
    let wav = files
        .iter()
        .filter(|f| f.extension().is_some_and(|e| e == "wav"))
        .count();
    let has = |name: &str| files.iter().any(|f| f.ends_with(name));
    if wav != 3 || !has("metadata.xml") || !has("artwork.jpg") || !has("delivery.complete") {
        return fail("the DSP's folder is not complete");
    }
    let reports = files_below(&stage.places().labels())?;
    let html = reports
        .iter()
        .filter(|f| f.ends_with("REPORT.html"))
        .count();
    if html != 2 {
        return fail("a report is missing in the label's /reports");
    }
    let subjects: BTreeSet<PathBuf> = files_below(&stage.places().mail())?.into_iter().collect();
    // incoming ×2, invalid, needs_qc, qc_approved, delivered
    if subjects.len() < 6 {
        return fail("an e-mail is missing");
    }
    Ok(())
}

fn files_below(dir: &Path) -> Result<Vec<PathBuf>, Failure> {
    let mut found = Vec::new();
    let mut open = vec![dir.to_path_buf()];
    while let Some(dir) = open.pop() {
        for entry in std::fs::read_dir(&dir)? {
            let path = entry?.path();
            if path.is_dir() {
                open.push(path);
            } else {
                found.push(path);
            }
        }
    }
    Ok(found)
}

fn packages(stage: &Stage) -> Result<Vec<Value>, Failure> {
    let list = stage.ask(&["package", "list"])?;
    Ok(list
        .get("packages")
        .and_then(Value::as_array)
        .cloned()
        .unwrap_or_default())
}

fn with_status(packages: &[Value], status: &str) -> Option<String> {
    packages
        .iter()
        .find(|package| text(package, "status") == status)
        .map(|package| text(package, "id"))
}

fn text(value: &Value, key: &str) -> String {
    value
        .get(key)
        .and_then(Value::as_str)
        .unwrap_or("-")
        .to_owned()
}

fn epilogue(stage: &Stage, out: &mut dyn Write) -> Result<(), Failure> {
    let places = stage.places();
    writeln!(out, "\nAll of it happened. Look for yourself:")?;
    writeln!(out, "  e-mails   {}", places.mail().display())?;
    for report in files_below(&places.labels())?
        .iter()
        .filter(|f| f.ends_with("REPORT.html"))
    {
        writeln!(out, "  report    {}", report.display())?;
    }
    writeln!(out, "  DSP       {}", stage.dsp().display())?;
    writeln!(out, "  log       {}", stage.log().display())?;
    Ok(())
}

fn invite(stage: &Stage, password: &str, out: &mut dyn Write) -> Result<(), Failure> {
    writeln!(
        out,
        "\nThe daemon goes on until Ctrl-C. In another terminal:"
    )?;
    writeln!(out, "  export DROPZONE_CONFIG={}", stage.config().display())?;
    writeln!(
        out,
        "  sftp -P {} {LABEL}@127.0.0.1          # password: {password}",
        stage.port
    )?;
    writeln!(
        out,
        "  sftp> put -r {}/label/* incoming/",
        stage.home.display()
    )?;
    writeln!(out, "  dropzone package list")?;
    writeln!(out, "  dropzone package show ID")?;
    writeln!(out, "  dropzone qc list")?;
    writeln!(
        out,
        "  dropzone qc reject ID --note \"The cover shows a logo.\""
    )?;
    writeln!(out, "  dropzone push list")?;
    writeln!(out, "  dropzone status")?;
    out.flush()?;
    Ok(())
}
