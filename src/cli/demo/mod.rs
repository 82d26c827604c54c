//! `dropzone demo`: the whole way of two releases, for real, in a temporary directory: upload, verdict,
//! review, store, correction, takedown.

use super::Context;
use super::exit::{Done, Failure};
use material::ReleaseSpec;
use material::cover::Cover;
use serde_json::Value;
use stage::Stage;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

pub mod material;
mod ourclient;
mod stage;
mod store;
mod timeline;

use store::Store;
use timeline::Timeline;

/// The demonstration's label.
const LABEL: &str = "quayside";

/// The profile of the store that takes generated messages, and of the archive that takes all as it
/// came.
const STORE: &str = "demo-store";
const ARCHIVE: &str = "demo-archive";

/// Each step has to be over by then.
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
        &format!("{STORE},{ARCHIVE}"),
        "--generate-password",
    ])?;
    timeline.say(
        out,
        &format!("label {LABEL} may upload; approved releases go to {STORE} and {ARCHIVE}"),
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

/// A release that is in the store, corrected: a title and the genre. Only the message is sent.
fn corrected() -> ReleaseSpec {
    let mut spec = sound();
    spec.genre = String::from("Ambient");
    spec.message_id = String::from("QS-000101-2");
    spec.created = String::from("2026-11-09T09:00:00Z");
    if let Some(track) = spec.tracks.get_mut(2) {
        track.title = String::from("Last Boat Home (Reprise)");
    }
    spec
}

/// What plays, and who plays it.
struct Play<'a> {
    stage: &'a Stage,
    password: &'a str,
    timeline: &'a mut Timeline,
    store: Store,
    out: &'a mut dyn Write,
}

fn play(
    stage: &Stage,
    password: &str,
    timeline: &mut Timeline,
    out: &mut dyn Write,
) -> Result<(), Failure> {
    let mut play = Play {
        stage,
        password,
        timeline,
        store: Store::open(&stage.dsp())?,
        out,
    };
    play.uploads()?;
    let first = play.delivery()?;
    play.update(&first)?;
    play.takedown(&first)?;
    verify(stage)
}

impl Play<'_> {
    fn say(&mut self, words: &str) -> Result<(), Failure> {
        self.timeline.say(self.out, words)
    }

    /// Looks, plays the store, and tells what is new, until something is there.
    fn until<T>(
        &mut self,
        what: &str,
        mut there: impl FnMut(&Stage, &[Value]) -> Result<Option<T>, Failure>,
    ) -> Result<T, Failure> {
        let until = Instant::now() + PATIENCE;
        loop {
            self.timeline.look(self.stage, self.out)?;
            for words in self.store.answer()? {
                self.timeline.say(self.out, &words)?;
            }
            let packages = packages(self.stage)?;
            if let Some(found) = there(self.stage, &packages)? {
                self.timeline.look(self.stage, self.out)?;
                return Ok(found);
            }
            if Instant::now() > until {
                let state: Vec<String> = packages
                    .iter()
                    .map(|p| format!("{} is {}", text(p, "folder"), text(p, "status")))
                    .collect();
                return Err(Failure::Failed(format!(
                    "no {what} after {} s: {}",
                    PATIENCE.as_secs(),
                    state.join(", ")
                )));
            }
            std::thread::sleep(Duration::from_millis(250));
        }
    }

    /// Two uploads: one goes to review, one comes back with its faults.
    fn uploads(&mut self) -> Result<(), Failure> {
        for (spec, words) in [(sound(), "a sound release"), (faulty(), "one with faults")] {
            let folder = self.stage.home.join("label").join(spec.folder_name());
            material::release(&folder, &spec)?;
            let client = send(self.stage, self.password, &folder)?;
            self.say(&format!("{client} put -r {} ({words})", spec.folder_name()))?;
        }
        self.until("verdict of both", |_, packages| {
            let both = with_status(packages, "needs_qc").zip(with_status(packages, "invalid"));
            Ok(both)
        })?;
        Ok(())
    }

    /// Preview, review, and the way to the store. Gives the package.
    fn delivery(&mut self) -> Result<String, Failure> {
        let waiting = with_status(&packages(self.stage)?, "needs_qc");
        let id = waiting.ok_or_else(|| Failure::Failed("nothing waits for review".to_owned()))?;
        let preview = self.stage.ask(&["push", "preview", &id, "--dsp", STORE])?;
        let files = preview.get("files").and_then(Value::as_array);
        let is_ready = preview.get("ready").and_then(Value::as_bool) == Some(true);
        self.say(&format!(
            "preview: dropzone push preview ID --dsp {STORE}: {}, {} files, {}",
            text(&preview, "version"),
            files.map_or(0, Vec::len),
            if is_ready { "ready" } else { "not ready" }
        ))?;
        self.approve(&id, "sounds good")?;
        self.delivered(&id)?;
        Ok(id)
    }

    fn approve(&mut self, id: &str, note: &str) -> Result<(), Failure> {
        let ticks = ticks(&self.stage.ask(&["package", "show", id])?);
        let mut command = vec!["qc", "approve", id, "--note", note];
        command.extend(ticks.iter().map(String::as_str));
        self.stage.ask(&command)?;
        let said = format!("QC approved it: dropzone qc approve ID --note \"{note}\"");
        let said: Vec<&str> = std::iter::once(said.as_str())
            .chain(ticks.iter().map(String::as_str))
            .collect();
        self.say(&said.join(" "))
    }

    fn delivered(&mut self, id: &str) -> Result<(), Failure> {
        self.until("delivery", |stage, packages| {
            let package = packages.iter().find(|package| text(package, "id") == id);
            let is_there = package.is_some_and(|package| text(package, "status") == "delivered");
            Ok((is_there && Timeline::letters_are_out(stage)?).then_some(()))
        })
    }

    /// The label corrects what is in the store: it sends the message alone.
    fn update(&mut self, first: &str) -> Result<(), Failure> {
        let spec = corrected();
        let folder = self
            .stage
            .home
            .join("label-update")
            .join(spec.folder_name());
        material::release(&folder, &spec)?;
        for file in files_below(&folder)? {
            if !file.ends_with(&spec.message_file) {
                std::fs::remove_file(file)?;
            }
        }
        let client = send(self.stage, self.password, &folder)?;
        self.say(&format!(
            "{client} put -r {} (only the message, corrected)",
            spec.folder_name()
        ))?;
        let id = self.until("update to review", |_, packages| {
            Ok(with_status(packages, "needs_qc").filter(|id| id != first))
        })?;
        let shown = self.stage.ask(&["package", "show", &id])?;
        let findings = shown.get("findings").and_then(Value::as_array);
        let update = findings
            .into_iter()
            .flatten()
            .find(|finding| text(finding, "code") == "UPD-001");
        if let Some(update) = update {
            let message = text(update, "message");
            self.say(&format!(
                "the reviewer reads (dropzone qc show ID): {message}"
            ))?;
        }
        self.approve(&id, "corrected titles")?;
        self.delivered(&id)
    }

    /// The operator takes the release down.
    fn takedown(&mut self, first: &str) -> Result<(), Failure> {
        let icpn = text(&self.stage.ask(&["package", "show", first])?, "icpn");
        let reason = "rights have ended";
        self.stage
            .ask(&["push", "takedown", &icpn, "--reason", reason])?;
        self.say(&format!(
            "taken down: dropzone push takedown {icpn} --reason \"{reason}\""
        ))?;
        self.until("takedown at the store", |stage, _| {
            let list = stage.ask(&["push", "list", "--dsp", STORE])?;
            let pushes = list.get("pushes").and_then(Value::as_array);
            let is_down = pushes.into_iter().flatten().any(|push| {
                text(push, "kind") == "takedown" && text(push, "state") == "acknowledged"
            });
            Ok((is_down && Timeline::letters_are_out(stage)?).then_some(()))
        })
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
fn verify(stage: &Stage) -> Result<(), Failure> {
    let fail = |what: &str| Err(Failure::Failed(what.to_owned()));
    let count = |files: &[PathBuf], is: &dyn Fn(&Path) -> bool| {
        files.iter().filter(|file| is(file)).count()
    };
    let ends = |file: &Path, ending: &str| file.extension().is_some_and(|found| found == ending);
    let archive = files_below(&stage.archive())?;
    if count(&archive, &|file| ends(file, "wav")) < 3
        || count(&archive, &|file| file.ends_with("metadata.xml")) < 1
        || count(&archive, &|file| file.ends_with("delivery.complete")) < 1
    {
        return fail("the archive's folder is not complete");
    }
    let store = files_below(&stage.dsp())?;
    let is_manifest = |file: &Path| {
        let name = file.file_name().unwrap_or_default().to_string_lossy();
        name.starts_with("BatchComplete_")
    };
    if count(&store, &is_manifest) != 3 || count(&store, &|file| ends(file, "flac")) < 3 {
        return fail("the store did not get a release, its update and its takedown");
    }
    let labels = files_below(&stage.places().labels())?;
    if count(&labels, &|file| file.ends_with("REPORT.html")) != 3 {
        return fail("a report is missing in the label's /reports");
    }
    // incoming ×3, invalid, needs_qc ×2, qc_approved ×2, delivered ×2, taken down
    if files_below(&stage.places().mail())?.len() < 11 {
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
    writeln!(out, "  store     {}", stage.dsp().display())?;
    writeln!(out, "  archive   {}", stage.archive().display())?;
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
    writeln!(out, "  dropzone push preview ID --dsp {STORE} --xml")?;
    writeln!(out, "  dropzone push list")?;
    writeln!(out, "  dropzone status")?;
    out.flush()?;
    Ok(())
}
