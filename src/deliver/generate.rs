//! A package in the form that a DSP wants: message written, audio and pictures changed where the
//! profile asks. Blocking; all that is made lies in one folder, with a record of it beside.

use super::plan::digits_of;
use super::{artwork, audio, names};
use crate::domain::dsp::effective::Effective;
use crate::domain::dsp::{DspProfile, MessageChoice, OwnParty, TakedownForm};
use crate::domain::ern::write::{
    self, OutContent, OutFile, OutParty, Outgoing, Refusal, Takedown, Target, Written,
};
use crate::domain::facts::ManifestFile;
use crate::domain::fault::Fault;
use crate::domain::package::Package;
use crate::domain::push::{Cargo, MessageIds, OurMessage, Prepared, PushKind};
use crate::domain::release::Message;
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::{self, TimeZone};
use md5::Md5;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// The record of what was made.
const RECORD: &str = "prepared.json";

/// All that a package is made of for a DSP.
#[derive(Clone, Debug)]
pub struct Making<'a> {
    /// The DSP.
    pub profile: &'a DspProfile,
    /// What holds for the release there.
    pub effective: &'a Effective,
    /// Who we are where the profile does not say.
    pub us: &'a OwnParty,
    /// The package.
    pub package: &'a Package,
    /// What it is to the DSP.
    pub kind: PushKind,
    /// Form of a takedown, if it is one.
    pub form: TakedownForm,
    /// The label's message.
    pub message: &'a Message,
    /// Its files, as `ern::write::out_files` names them; `source` is a path of `manifest`.
    pub files: Vec<OutFile>,
    /// What was claimed.
    pub manifest: &'a [ManifestFile],
    /// Folder of the claimed package.
    pub spool: &'a Path,
    /// Folder for what is made; removed and made anew.
    pub work: &'a Path,
    /// The label, when it is to be named.
    pub on_behalf_of: Option<OutParty>,
    /// Identifiers of the message.
    pub ids: MessageIds,
    /// `MessageCreatedDateTime`.
    pub now: Timestamp,
}

/// What `work` holds since an earlier try; `None` when that is not what is asked for.
pub fn made_before(work: &Path, message_id: &str) -> Option<Prepared> {
    let record = fs::read(work.join(RECORD)).ok()?;
    let prepared: Prepared = serde_json::from_slice(&record).ok()?;
    (prepared.message.as_ref()?.id == message_id).then_some(prepared)
}

/// Removes the large part of what was made, once it is at the DSP. The message and the record stay.
pub fn tidy(work: &Path) {
    let resources = work.join(RESOURCES);
    match fs::remove_dir_all(&resources) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            tracing::warn!(folder = %resources.display(), %error, "what was sent could not be removed here");
        }
        Ok(()) | Err(_) => {}
    }
}

/// Folder below the work folder for changed audio and pictures, whatever they are called at the DSP.
const RESOURCES: &str = "resources";

/// Makes it. Permanent faults: `not_sayable`, when the release cannot be said in the DSP's version;
/// `not_convertible`, when a file cannot take the wanted form without a loss; `spool_damaged`.
pub fn generate(making: &Making<'_>) -> Result<Prepared, Fault> {
    let resources = making.work.join(RESOURCES);
    if making.work.exists() {
        fs::remove_dir_all(making.work).map_err(|error| unwritable(making.work, &error))?;
    }
    fs::create_dir_all(&resources).map_err(|error| unwritable(&resources, &error))?;
    let (mut files, mut cargo) = (Vec::new(), Vec::new());
    // A message that takes a release down names no files.
    if making.kind != PushKind::Takedown {
        for (number, file) in (1_usize..).zip(&making.files) {
            let (out, one) = resource(making, file, number, &resources)?;
            files.push(out);
            cargo.push(one);
        }
    }
    let written =
        write_message(making, &files).map_err(|refusals| not_sayable(making, &refusals))?;
    let values = names_of(making);
    let template = &making.profile.names.message;
    let name = names::filled(making.profile, "`message` of [names]", template, &values)?;
    let path = making.work.join("message.xml");
    put(&path, &written.xml)?;
    cargo.push(Cargo {
        source: path,
        name: name.clone(),
        size: written.xml.len() as u64,
        sha256: hex::encode(Sha256::digest(&written.xml)),
    });
    let prepared = Prepared {
        message: Some(OurMessage {
            id: making.ids.message.clone(),
            thread: making.ids.thread.clone(),
            name,
            purges: making.kind == PushKind::Takedown && making.form == TakedownForm::Purge,
        }),
        time: digits_of(making.now),
        is_test: making.profile.message_options.test,
        files: cargo,
        losses: written
            .losses
            .iter()
            .map(|loss| format!("{}: {}", loss.what, loss.why))
            .collect(),
    };
    let record = serde_json::to_vec_pretty(&prepared)
        .map_err(|error| unwritable(making.work, &io::Error::other(error)))?;
    put(&making.work.join(RECORD), &record)?;
    Ok(prepared)
}

pub(super) fn names_of(making: &Making<'_>) -> names::Values {
    names::Values::of(making.package)
        .and("time", digits_of(making.now))
        .and("priority", making.kind.priority())
}

pub(super) fn write_message(
    making: &Making<'_>,
    files: &[OutFile],
) -> Result<Written, Vec<Refusal>> {
    let options = &making.profile.message_options;
    let own = |special: &str, general: &str| {
        if special.is_empty() { general } else { special }.to_owned()
    };
    let out = Outgoing {
        target: match making.profile.message {
            MessageChoice::Ern382 => Target::V382,
            MessageChoice::Ern43 | MessageChoice::AsReceived => Target::V43,
        },
        sender: OutParty {
            dpid: own(&options.sender_dpid, &making.us.dpid),
            name: own(&options.sender_name, &making.us.name),
        },
        on_behalf_of: making.on_behalf_of.clone(),
        recipient: OutParty {
            dpid: options.dpid.clone(),
            name: own(&options.party_name, &making.profile.name),
        },
        is_test: options.test,
        message_id: making.ids.message.clone(),
        thread_id: making.ids.thread.clone(),
        created_at: making.now,
        with_files: making.kind != PushKind::Takedown,
        // Where and for how much, the deals themselves say by then.
        territories: Vec::new(),
        genres: options.genres.clone(),
        prices: BTreeMap::new(),
    };
    match making.kind {
        // Nothing that holds for a release keeps it in a store that has to let it go.
        PushKind::Takedown => write_takedown(making, &out),
        PushKind::New | PushKind::Update => {
            let applied = making.effective.apply(making.message);
            if let Some(refusal) = applied.kept {
                return Err(vec![refusal]);
            }
            let mut written = write::new_release(&applied.message, files, &out)?;
            written.losses.splice(0..0, applied.losses);
            Ok(written)
        }
    }
}

fn write_takedown(making: &Making<'_>, out: &Outgoing) -> Result<Written, Vec<Refusal>> {
    match making.form {
        TakedownForm::NoDeal => write::takedown(making.message, out, Takedown::NoDeal),
        TakedownForm::EndDate => {
            let how = Takedown::Ended(last_day(making.now));
            write::takedown(making.message, out, how)
        }
        TakedownForm::Purge => write::purge(making.message, out),
    }
}

/// The last day that is over everywhere: an end without a zone is local time, and the last place to
/// end a day is twelve hours behind UTC.
fn last_day(now: Timestamp) -> Date {
    let there = now.to_zoned(TimeZone::fixed(tz::offset(-12))).date();
    there.yesterday().unwrap_or(there)
}

/// One file under its name at the DSP, changed where the profile asks.
fn resource(
    making: &Making<'_>,
    file: &OutFile,
    number: usize,
    resources: &Path,
) -> Result<(OutFile, Cargo), Fault> {
    let (line, from) = taken(making, file)?;
    let to = resources.join(number.to_string());
    let changed = match file.content {
        OutContent::Audio { .. } => audio::changed(making.profile.audio, &from, &to)?,
        OutContent::Picture { .. } => artwork::changed(making.profile.artwork, &from, &to)?,
        OutContent::Other => None,
    };
    let extension = match &changed {
        Some(changed) => changed.extension.to_owned(),
        None => extension_of(&file.name),
    };
    let mut out = file.clone();
    out.name = name_at_dsp(making, file, number, &extension)?;
    let mut cargo = Cargo {
        name: out.name.clone(),
        ..from
    };
    if let Some(changed) = changed {
        out.size = changed.size;
        out.sha256.clone_from(&changed.sha256);
        out.md5 = Some(changed.md5);
        out.content = changed.content;
        cargo.source = to;
        cargo.size = changed.size;
        cargo.sha256 = changed.sha256;
    } else if out.md5.is_none() {
        // 3.8.2 knows no SHA-256; what the label stated was compared, so there it is known.
        out.md5.clone_from(&line.md5);
    }
    Ok((out, cargo))
}

/// The file as it was taken in.
pub(super) fn taken<'a>(
    making: &Making<'a>,
    file: &OutFile,
) -> Result<(&'a ManifestFile, Cargo), Fault> {
    let mut lines = making.manifest.iter();
    let line = lines.find(|line| line.path == file.source).ok_or_else(|| {
        Fault::permanent(
            "no_file",
            format!(
                "{:?} is in the message, and not in the package",
                file.source
            ),
        )
    })?;
    let from = Cargo {
        source: making.spool.join(&line.path),
        name: file.source.clone(),
        size: line.size,
        sha256: line.sha256.clone(),
    };
    Ok((line, from))
}

pub(super) fn name_at_dsp(
    making: &Making<'_>,
    file: &OutFile,
    number: usize,
    extension: &str,
) -> Result<String, Fault> {
    let profile = making.profile;
    let stem = stem_of(&file.name);
    let values = names_of(making).and("resource", format!("T{number}"));
    let name = match (file.content, place_of(stem)) {
        (OutContent::Audio { .. }, Some((disc, track))) => {
            let values = values.and("disc", disc).and("track", track);
            names::filled(profile, "`audio` of [names]", &profile.names.audio, &values)?
        }
        (OutContent::Picture { .. }, _) if stem.bytes().all(|b| b.is_ascii_digit()) => {
            let values = values.and("disc", "").and("track", "");
            names::filled(profile, "`image` of [names]", &profile.names.image, &values)?
        }
        // A clip, a second picture, a booklet: no DSP's template speaks of them.
        (OutContent::Audio { .. } | OutContent::Picture { .. } | OutContent::Other, _) => {
            stem.to_owned()
        }
    };
    let folder = &profile.names.resources;
    Ok(if folder.is_empty() {
        format!("{name}.{extension}")
    } else {
        let folder = names::filled(profile, "`resources` of [names]", folder, &names_of(making))?;
        format!("{folder}/{name}.{extension}")
    })
}

/// `resources/5034567890120_01_002.wav` → `5034567890120_01_002`.
fn stem_of(name: &str) -> &str {
    let base = name.rsplit('/').next().unwrap_or(name);
    base.rsplit_once('.').map_or(base, |(stem, _)| stem)
}

pub(super) fn extension_of(name: &str) -> String {
    let base = name.rsplit('/').next().unwrap_or(name);
    base.rsplit_once('.')
        .map_or("bin", |(_, extension)| extension)
        .to_ascii_lowercase()
}

/// `5034567890120_01_002` → disc `01`, track `002`.
fn place_of(stem: &str) -> Option<(&str, &str)> {
    let (rest, track) = stem.rsplit_once('_')?;
    let (_, disc) = rest.rsplit_once('_')?;
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    (digits(track) && digits(disc)).then_some((disc, track))
}

/// A file in another form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Changed {
    pub(super) extension: &'static str,
    pub(super) size: u64,
    /// Lower-case hex.
    pub(super) sha256: String,
    /// Lower-case hex.
    pub(super) md5: String,
    pub(super) content: OutContent,
}

/// A file being written, hashed on the way.
pub(super) struct Hashed {
    file: io::BufWriter<File>,
    path: PathBuf,
    sha256: Sha256,
    md5: Md5,
    size: u64,
}

impl Hashed {
    pub(super) fn create(path: &Path) -> Result<Self, Fault> {
        let file = File::create(path).map_err(|error| unwritable(path, &error))?;
        Ok(Self {
            file: io::BufWriter::new(file),
            path: path.to_owned(),
            sha256: Sha256::new(),
            md5: Md5::new(),
            size: 0,
        })
    }

    pub(super) fn write(&mut self, bytes: &[u8]) -> Result<(), Fault> {
        self.sha256.update(bytes);
        self.md5.update(bytes);
        self.size += bytes.len() as u64;
        self.file
            .write_all(bytes)
            .map_err(|error| unwritable(&self.path, &error))
    }

    pub(super) fn finish(
        self,
        extension: &'static str,
        content: OutContent,
    ) -> Result<Changed, Fault> {
        let path = self.path;
        self.file
            .into_inner()
            .map_err(io::IntoInnerError::into_error)
            .and_then(|file| file.sync_all())
            .map_err(|error| unwritable(&path, &error))?;
        Ok(Changed {
            extension,
            size: self.size,
            sha256: hex::encode(self.sha256.finalize()),
            md5: hex::encode(self.md5.finalize()),
            content,
        })
    }
}

pub(super) fn put(path: &Path, content: &[u8]) -> Result<(), Fault> {
    File::create(path)
        .and_then(|mut file| file.write_all(content).and_then(|()| file.sync_all()))
        .map_err(|error| unwritable(path, &error))
}

pub(super) fn unwritable(path: &Path, error: &io::Error) -> Fault {
    Fault::transient(
        "outgoing_unwritable",
        format!(
            "What goes to the DSP cannot be made here: {}: {error}. Make room and look at the rights of the data directory; the push goes on by itself.",
            path.display()
        ),
    )
}

fn not_sayable(making: &Making<'_>, refusals: &[Refusal]) -> Fault {
    let said: Vec<String> = refusals
        .iter()
        .take(10)
        .map(|refusal| format!("{}: {} {}", refusal.code, refusal.message, refusal.fix))
        .collect();
    Fault::permanent(
        "not_sayable",
        format!(
            "No message for {} can be made of this release. {}",
            making.profile.name,
            said.join(" ")
        ),
    )
}
