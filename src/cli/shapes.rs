//! The public JSON of lists and details. Described by `schemas/*.schema.json`, which a test keeps
//! true; adding a field is fine, renaming or removing one is a breaking change.

use super::output::rfc3339;
use super::overrides::EffectiveLine;
use crate::daemon::preview::Preview;
use crate::domain::account::{Account, Profile};
use crate::domain::difference::Difference;
use crate::domain::facts::SchemaCheck;
use crate::domain::package::{Event, LogLine, Package};
use crate::domain::penalty::Penalty;
use crate::domain::policy::{RuleChange, RuleSetting, holding};
use crate::domain::push::{Gate, Push};
use crate::domain::readiness::column_of;
use crate::domain::report::readiness::Readiness;
use crate::domain::report::{ArtworkSummary, Counts, Finding, Severity, TrackSummary};
use crate::domain::rules::Rule;
use crate::store::LetterRow;
use schemars::JsonSchema;
use serde::Serialize;

/// A package in a list.
#[derive(Debug, Serialize, JsonSchema)]
pub struct PackageLine {
    /// Identifier (ULID).
    pub id: String,
    /// User name of the label.
    pub label: String,
    /// Folder under `/incoming`.
    pub folder: String,
    /// `receiving`, `incoming`, `invalid`, `needs_qc`, `qc_approved`, `qc_rejected`, `delivered`,
    /// `superseded` or `parked`.
    pub status: String,
    /// Number of the upload within its release.
    pub attempt: u32,
    /// Barcode as stated.
    pub icpn: Option<String>,
    /// Release title.
    pub title: Option<String>,
    /// Release artist.
    pub artist: Option<String>,
    /// Number of tracks.
    pub tracks: u32,
    /// Findings by severity.
    pub findings: Counts,
    /// Codes of the questions that the reviewer has to tick before approval; none once it is decided.
    pub questions: Vec<String>,
    /// Why it is superseded: `replaced` by a newer one, `withdrawn` by the label, `abandoned`
    /// unfinished, or `duplicate` of one that we have.
    pub ended: Option<String>,
    /// Before approval: whether it may go to each of the label's DSPs, in words for the reviewer.
    pub preflight: Option<String>,
    /// First seen; RFC 3339, UTC.
    pub received_at: String,
    /// Last changed; RFC 3339, UTC.
    pub updated_at: String,
}

impl PackageLine {
    /// From a package, the questions that are open, and what preflight says.
    pub fn new(package: &Package, questions: Vec<String>, preflight: Option<String>) -> Self {
        Self {
            id: package.id.to_string(),
            label: package.label_name.clone(),
            folder: package.folder.clone(),
            status: package.status.as_str().to_owned(),
            attempt: package.attempt,
            icpn: package.icpn.clone(),
            title: package.title.clone(),
            artist: package.artist.clone(),
            tracks: package.tracks,
            findings: package.counts,
            questions,
            ended: None,
            preflight,
            received_at: rfc3339(package.received_at),
            updated_at: rfc3339(package.updated_at),
        }
    }
}

/// A list of packages.
#[derive(Debug, Serialize, JsonSchema)]
pub struct PackageList {
    /// Newest first.
    pub packages: Vec<PackageLine>,
}

/// One event of a package's history.
#[derive(Debug, Serialize, JsonSchema)]
pub struct HistoryLine {
    /// Number within the package, from 1.
    pub number: u32,
    /// When; RFC 3339, UTC.
    pub at: String,
    /// Who: `daemon`, `label`, or a Unix user.
    pub actor: String,
    /// What happened.
    pub event: String,
    /// Status afterwards.
    pub status: String,
    /// The reviewer's note, the reason for parking, or what was missing.
    pub note: Option<String>,
    /// Codes of the questions that the reviewer ticked.
    pub ticked: Vec<String>,
}

impl From<&LogLine> for HistoryLine {
    fn from(line: &LogLine) -> Self {
        let note = match &line.event {
            Event::Approved { note, .. } => note.clone(),
            Event::Rejected { note } => Some(note.clone()),
            Event::Parked { why } => Some(why.clone()),
            Event::Stalled { waiting_for } => Some(waiting_for.join("; ")),
            Event::AllPushed { dsps } => Some(dsps.join(", ")),
            Event::Replaced { by } => Some(format!("by package {by}")),
            Event::OverQuota { what } => Some(what.clone()),
            Event::Abandoned { to } => Some(format!("set aside to {to}")),
            Event::Duplicate { of, .. } => Some(format!("the same as package {of}")),
            Event::Claimed { .. } | Event::Judged { .. } | Event::Withdrawn | Event::Unparked => {
                None
            }
        };
        let ticked = if let Event::Approved { ticked, .. } = &line.event {
            ticked.clone()
        } else {
            Vec::new()
        };
        Self {
            ticked,
            number: line.number,
            at: rfc3339(line.at),
            actor: line.actor.clone(),
            event: line.event.kind().as_str().to_owned(),
            status: line.status.as_str().to_owned(),
            note,
        }
    }
}

/// One push.
#[derive(Debug, Serialize, JsonSchema)]
pub struct PushLine {
    /// Identifier (ULID).
    pub id: String,
    /// The package.
    pub package: String,
    /// Name of the DSP's profile.
    pub dsp: String,
    /// `takedown`, `update` or `new`.
    pub kind: String,
    /// Who ordered the takedown; nothing for what a label's package asks for.
    pub ordered_by: Option<String>,
    /// Why the release is taken down.
    pub reason: Option<String>,
    /// `queued`, `preparing`, `sending`, `sent`, `sent_unknown`, `acknowledged`, `refused`, `failed`,
    /// `blocked` or `cancelled`.
    pub state: String,
    /// Tries begun.
    pub attempts: u32,
    /// Next try or question, while queued or unknown; RFC 3339, UTC.
    pub due_at: Option<String>,
    /// Why the last try failed, or what the DSP objects to.
    pub last_error: Option<String>,
    /// Where it lies at the DSP, once it may.
    pub location: Option<String>,
    /// `BatchId`, when it goes in a batch.
    pub batch: Option<String>,
    /// `MessageId` of the message that was made for it.
    pub message_id: Option<String>,
    /// It goes out, or went, as a test.
    pub is_test: bool,
    /// Where the release can be seen, if the DSP said so.
    pub link: Option<String>,
    /// What of the label's message the DSP does not read (DSP-003), once it was prepared.
    pub losses: Vec<String>,
    /// When it was approved; RFC 3339, UTC.
    pub created_at: String,
    /// Last changed; RFC 3339, UTC.
    pub updated_at: String,
}

impl From<&Push> for PushLine {
    fn from(push: &Push) -> Self {
        use crate::domain::lifecycle::push::PushState;
        let waits = matches!(push.state, PushState::Queued | PushState::SentUnknown);
        let is_due = waits && push.due_at < jiff::Timestamp::MAX;
        Self {
            id: push.id.to_string(),
            package: push.package.to_string(),
            dsp: push.dsp.to_string(),
            kind: push.kind.as_str().to_owned(),
            ordered_by: push.order.as_ref().map(|order| order.by.clone()),
            reason: push.order.as_ref().map(|order| order.why.clone()),
            state: push.state.as_str().to_owned(),
            attempts: push.attempts,
            due_at: is_due.then(|| rfc3339(push.due_at)),
            last_error: push.last_error.clone(),
            location: push.location.clone(),
            batch: push.batch.clone(),
            message_id: push.message_id.clone(),
            is_test: push.is_test,
            link: push.link.clone(),
            losses: push.losses.clone(),
            created_at: rfc3339(push.created_at),
            updated_at: rfc3339(push.updated_at),
        }
    }
}

/// A list of pushes.
#[derive(Debug, Serialize, JsonSchema)]
pub struct PushList {
    /// Oldest first.
    pub pushes: Vec<PushLine>,
}

/// A DSP that a release is taken off.
#[derive(Debug, Serialize, JsonSchema)]
pub struct TakesDown {
    /// Name of the DSP's profile.
    pub dsp: String,
    /// The DSP's name.
    pub name: String,
    /// `no_deal`, `end_date` or `purge`; nothing for a DSP that gets the label's own messages.
    pub form: Option<String>,
    /// The push that takes it down; nothing before it is queued, or where the DSP has not got the
    /// release yet.
    pub push: Option<String>,
    /// Pushes that would have brought the release there, and were called off.
    pub called_off: Vec<String>,
    /// What to know about it, as a sentence.
    pub note: Option<String>,
}

/// A release that was taken down.
#[derive(Debug, Serialize, JsonSchema)]
pub struct TakedownDetail {
    /// User name of the label.
    pub label: String,
    /// Barcode as stated.
    pub icpn: Option<String>,
    /// The release's title.
    pub title: Option<String>,
    /// Who ordered it.
    pub ordered_by: String,
    /// Why.
    pub reason: String,
    /// From where.
    pub dsps: Vec<TakesDown>,
}

/// What holds the pushes to one DSP back.
#[derive(Debug, Serialize, JsonSchema)]
pub struct GateLine {
    /// Name of the DSP's profile.
    pub dsp: String,
    /// Since when a person has it paused; RFC 3339, UTC.
    pub paused_at: Option<String>,
    /// Who paused it.
    pub paused_by: Option<String>,
    /// Why it is paused.
    pub reason: Option<String>,
    /// Failures in a row to reach it.
    pub failures: u32,
    /// Until when it is left alone; RFC 3339, UTC.
    pub closed_until: Option<String>,
    /// Why it could not be reached.
    pub last_error: Option<String>,
}

impl From<&Gate> for GateLine {
    fn from(gate: &Gate) -> Self {
        Self {
            dsp: gate.dsp.to_string(),
            paused_at: gate.pause.as_ref().map(|pause| rfc3339(pause.at)),
            paused_by: gate.pause.as_ref().map(|pause| pause.by.clone()),
            reason: gate.pause.as_ref().and_then(|pause| pause.why.clone()),
            failures: gate.failures,
            closed_until: gate.closed_until.map(rfc3339),
            last_error: gate.last_error.clone(),
        }
    }
}

/// DSPs to which pushes do not go at the moment.
#[derive(Debug, Serialize, JsonSchema)]
pub struct GateList {
    /// By name; DSPs that are open are not in it.
    pub gates: Vec<GateLine>,
}

/// One e-mail about a package.
#[derive(Debug, Serialize, JsonSchema)]
pub struct LetterLine {
    /// Identifier; local part of the Message-ID.
    pub id: String,
    /// What it says: `incoming`, `invalid`, `needs_qc` …
    pub kind: String,
    /// To whom.
    pub recipient: String,
    /// `due`, `sent` or `dead`.
    pub state: String,
    /// When it was sent; RFC 3339, UTC.
    pub sent_at: Option<String>,
    /// Why the last try failed.
    pub last_error: Option<String>,
}

impl From<&LetterRow> for LetterLine {
    fn from(row: &LetterRow) -> Self {
        Self {
            id: row.id.to_string(),
            kind: row.kind.as_str().to_owned(),
            recipient: row.recipient.clone(),
            state: row.state.as_str().to_owned(),
            sent_at: row.sent_at.map(rfc3339),
            last_error: row.last_error.clone(),
        }
    }
}

/// A package in full. `findings` is the list here; the counts are in `finding_counts`.
#[derive(Debug, Serialize, JsonSchema)]
pub struct PackageDetail {
    /// Identifier (ULID).
    pub id: String,
    /// User name of the label.
    pub label: String,
    /// Folder under `/incoming`.
    pub folder: String,
    /// As in the list.
    pub status: String,
    /// Number of the upload within its release.
    pub attempt: u32,
    /// Barcode as stated.
    pub icpn: Option<String>,
    /// Release title.
    pub title: Option<String>,
    /// Release artist.
    pub artist: Option<String>,
    /// Tracks with what was measured.
    pub tracks: Vec<TrackSummary>,
    /// Findings by severity.
    pub finding_counts: Counts,
    /// All findings.
    pub findings: Vec<Finding>,
    /// Codes of the questions that the reviewer has to tick before approval; none once it is decided.
    pub questions: Vec<String>,
    /// Whether it may go to each of the label's DSPs, as far as was known when it was inspected.
    pub readiness: Vec<Readiness>,
    /// What it changes against the version that is live; nothing where none is.
    pub difference: Option<Difference>,
    /// The cover.
    pub artwork: Option<ArtworkSummary>,
    /// What the upload still waits for, while receiving.
    pub waiting_for: Vec<String>,
    /// The DSPs that its approval takes the release off; empty unless its message is a takedown that
    /// waits for review.
    pub takes_down: Vec<TakesDown>,
    /// What happened, oldest first.
    pub history: Vec<HistoryLine>,
    /// Its pushes.
    pub pushes: Vec<PushLine>,
    /// Its e-mails.
    pub letters: Vec<LetterLine>,
    /// First seen; RFC 3339, UTC.
    pub received_at: String,
    /// Last changed; RFC 3339, UTC.
    pub updated_at: String,
}

/// A label. No secret is in it.
#[derive(Debug, Serialize, JsonSchema)]
pub struct LabelDetail {
    /// Opaque identifier (ULID).
    pub id: String,
    /// User name for SFTP.
    pub name: String,
    /// Where outcomes are mailed.
    pub emails: Vec<String>,
    /// Agreed DSPs.
    pub dsps: Vec<String>,
    /// `guide` or `strict`.
    pub profile: String,
    /// Versions of ERN that the label may send: `3.8.2`, and `4` where that was agreed.
    pub ern: Vec<String>,
    /// `test` while what it sends is only checked; `live` otherwise.
    pub phase: String,
    /// DDEX party identifier.
    pub dpid: Option<String>,
    /// Territories that its contract holds; empty: the whole world.
    pub territories: Vec<String>,
    /// Whether it can log in by password.
    pub has_password: bool,
    /// Fingerprints of its public keys, with their comments.
    pub keys: Vec<String>,
    /// Whether logins are refused.
    pub disabled: bool,
    /// Networks and addresses that it may come from; empty: everywhere.
    pub allow_from: Vec<String>,
    /// What it has to prove: `any` (a key or a password) or `key+password`.
    pub require: String,
    /// From when on it cannot log in; RFC 3339, UTC.
    pub expires_at: Option<String>,
    /// Rules that weigh otherwise for this label.
    pub rules: Vec<RuleChangeLine>,
    /// All changes of such rules, oldest first.
    pub rule_changes: Vec<RuleChangeLine>,
    /// When it was made; RFC 3339, UTC.
    pub created_at: String,
    /// The generated password; only in the answer that made it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub password: Option<String>,
}

fn versions(account: &Account) -> Vec<String> {
    let also = account.takes_ern4.then_some("4");
    std::iter::once("3.8.2")
        .chain(also)
        .map(str::to_owned)
        .collect()
}

impl LabelDetail {
    /// From an account; `fingerprint` shows a key line as people compare it.
    pub fn new(
        account: &Account,
        changes: &[RuleChange],
        fingerprint: impl Fn(&str) -> String,
    ) -> Self {
        Self {
            id: account.id.to_string(),
            name: account.name.clone(),
            emails: account.emails.clone(),
            dsps: account.dsps.iter().map(ToString::to_string).collect(),
            profile: account.profile.as_str().to_owned(),
            ern: versions(account),
            phase: if account.in_test { "test" } else { "live" }.to_owned(),
            dpid: account.dpid.clone(),
            territories: account.territories.clone(),
            has_password: account.password_hash.is_some(),
            keys: account.keys.iter().map(|key| fingerprint(key)).collect(),
            disabled: account.disabled,
            allow_from: account
                .access
                .allow_from
                .iter()
                .map(ToString::to_string)
                .collect(),
            require: account.access.require.as_str().to_owned(),
            expires_at: account.access.expires_at.map(rfc3339),
            rules: holding(changes)
                .into_iter()
                .map(RuleChangeLine::from)
                .collect(),
            rule_changes: changes.iter().map(RuleChangeLine::from).collect(),
            created_at: rfc3339(account.created_at),
            password: None,
        }
    }
}

/// A rule that was changed for a label.
#[derive(Debug, Serialize, JsonSchema)]
pub struct RuleChangeLine {
    /// Code of the rule.
    pub code: String,
    /// What its findings weigh since: `error`, `question`, `warning`, `info`, `off` (only counted), or
    /// `default` (what the catalogue says).
    pub setting: String,
    /// Why.
    pub reason: String,
    /// Who changed it: a Unix user.
    pub actor: String,
    /// When; RFC 3339, UTC.
    pub at: String,
}

impl From<&RuleChange> for RuleChangeLine {
    fn from(change: &RuleChange) -> Self {
        Self {
            code: change.code.clone(),
            setting: change
                .setting
                .map_or("default", RuleSetting::as_str)
                .to_owned(),
            reason: change.reason.clone(),
            actor: change.actor.clone(),
            at: rfc3339(change.at),
        }
    }
}

/// A rule's page of the manual.
#[derive(Debug, Serialize, JsonSchema)]
pub struct RuleDetail {
    /// Stable code.
    pub code: &'static str,
    /// The fault in a few words.
    pub title: &'static str,
    /// What its findings weigh in the guide profile: as a rule, and in the cases that `why` names.
    pub guide: Vec<Severity>,
    /// The same in the strict profile.
    pub strict: Vec<Severity>,
    /// Why it is a fault.
    pub why: &'static str,
    /// What to do.
    pub fix: &'static str,
    /// Where the rule comes from.
    pub source: &'static str,
    /// DDEX `ErncFileStatus` for an acknowledgement, when one fits.
    pub ack: Option<&'static str>,
    /// It guards the safety of all and cannot be lowered for one label.
    pub safety: bool,
    /// It is told while files still arrive and judges no package.
    pub at_the_door: bool,
    /// It is judged for one DSP by its profile, before a push, and judges no package.
    pub for_a_dsp: bool,
    /// What is agreed with the label that was asked for, if anything.
    pub agreed: Option<RuleChangeLine>,
}

impl RuleDetail {
    /// From the catalogue.
    pub fn new(rule: &Rule, agreed: Option<RuleChangeLine>) -> Self {
        Self {
            code: rule.code,
            title: rule.title,
            guide: rule.severities(Profile::Guide),
            strict: rule.severities(Profile::Strict),
            why: rule.why,
            fix: rule.fix,
            source: rule.source,
            ack: Some(rule.ack).filter(|ack| !ack.is_empty()),
            safety: rule.safety,
            at_the_door: rule.at_the_door,
            for_a_dsp: rule.for_a_dsp,
            agreed,
        }
    }
}

/// The rules.
#[derive(Debug, Serialize, JsonSchema)]
pub struct RuleList {
    /// The label that was asked for.
    pub label: Option<String>,
    /// By family and code.
    pub rules: Vec<RuleDetail>,
}

/// What `dropzone fix` did, or would do.
#[derive(Debug, Serialize, JsonSchema)]
pub struct FixDetail {
    /// Name of the folder.
    pub folder: String,
    /// The message, relative to the release folder; `None` when there is none.
    pub message_file: Option<String>,
    /// The repaired copy, relative to the release folder; `None` when there is nothing to repair.
    pub fixed_file: Option<String>,
    /// Whether the copy was written.
    pub written: bool,
    /// Findings that are repaired in the copy, in the order of the message, judged by the strict
    /// profile.
    pub repaired: Vec<Finding>,
    /// Findings that are left for a person: what `check` says of the folder with the copy in the
    /// place of the message.
    pub left: Vec<Finding>,
    /// What changes in the message, as a unified diff; empty when nothing does.
    pub diff: String,
}

/// What one DSP would get of a package or a folder.
#[derive(Debug, Serialize, JsonSchema)]
pub struct PreviewDetail {
    /// Name of the DSP's profile.
    pub dsp: String,
    /// The DSP's name for people.
    pub name: String,
    /// Version of the message: `ERN 4.3`, `ERN 3.8.2` or `label's own`.
    pub version: String,
    /// `new`, `update` or `takedown`.
    pub kind: String,
    /// It would go out as a test.
    pub is_test: bool,
    /// No finding of severity error: it would be sent.
    pub ready: bool,
    /// What holds for the release at the DSP, and where that comes from.
    pub effective: Vec<EffectiveLine>,
    /// Folder at the DSP, below its profile's directory. `BATCH` stands for the number of a batch.
    pub folder: String,
    /// Files, the message left out.
    pub files: Vec<PreviewFile>,
    /// Name of the message in the folder.
    pub message_name: String,
    /// The message, when it is ours, can be made, and was asked for (`--xml`). Identifiers of the
    /// message, and hashes and sizes that are only known when a file is changed, stand in it as
    /// `PREVIEW` and zeros.
    pub xml: Option<String>,
    /// Which schema check was run on the message.
    pub schema: SchemaCheck,
    /// Places where the message breaks the schema.
    pub schema_faults: Vec<PreviewFault>,
    /// All such places, also those that are not listed.
    pub schema_fault_count: u64,
    /// What is lost, why no message can be made, and what else the DSP's profile has to say: rules
    /// DSP-…, the gravest first. Lines are those of the label's message, for DSP-001 those of ours.
    pub findings: Vec<Finding>,
    /// The profile's own fault, when names cannot be made by it.
    pub fault: Option<String>,
}

/// A file as a DSP would get it.
#[derive(Debug, Serialize, JsonSchema)]
pub struct PreviewFile {
    /// Its path in the package.
    pub source: String,
    /// Its name at the DSP.
    pub name: String,
    /// Its size there in bytes; nothing where that is only known when it is made.
    pub size_bytes: Option<u64>,
    /// What is changed, in a few words.
    pub change: Option<String>,
}

/// A place where a generated message breaks the schema.
#[derive(Debug, Serialize, JsonSchema)]
pub struct PreviewFault {
    /// What is wrong.
    pub message: String,
    /// Line of the generated message, from 1.
    pub line: u32,
    /// Column, from 1.
    pub column: Option<u32>,
    /// Path of the element.
    pub path: String,
}

impl PreviewDetail {
    /// From a preview; with the message or without.
    pub fn new(preview: &Preview, with_xml: bool) -> Self {
        let (profile, seen) = (&preview.profile, &preview.seen);
        let xml = seen.xml.as_deref().unwrap_or_default();
        let schema = preview.schema.clone().unwrap_or_default();
        let files = seen.files.iter().map(|file| PreviewFile {
            source: file.source.clone(),
            name: file.name.clone(),
            size_bytes: file.size,
            change: file.change.clone(),
        });
        let faults = schema.faults.iter().map(|fault| PreviewFault {
            message: fault.message.clone(),
            line: fault.line,
            column: column_of(xml, fault.line),
            path: fault.path.clone(),
        });
        Self {
            dsp: profile.id.to_string(),
            name: profile.name.clone(),
            version: profile.version().to_owned(),
            kind: preview.kind.as_str().to_owned(),
            is_test: profile.message_options.test,
            ready: preview.is_ready(),
            effective: preview
                .effective
                .lines()
                .iter()
                .map(EffectiveLine::from)
                .collect(),
            folder: seen.folder.clone(),
            files: files.collect(),
            message_name: seen.message_name.clone(),
            xml: seen.xml.clone().filter(|_| with_xml),
            schema_faults: faults.collect(),
            schema_fault_count: schema.total as u64,
            schema: schema.check,
            findings: preview.findings.clone(),
            fault: seen.fault.clone(),
        }
    }
}

/// A list of labels.
#[derive(Debug, Serialize, JsonSchema)]
pub struct LabelList {
    /// By name.
    pub labels: Vec<LabelDetail>,
}

/// A source that failed to log in.
#[derive(Debug, Serialize, JsonSchema)]
pub struct PenaltyLine {
    /// An IPv4 address, or an IPv6 network of 64 bits.
    pub source: String,
    /// Whether it is kept out now; if not, the next failures may change that.
    pub enforced: bool,
    /// When everything is forgiven; RFC 3339, UTC.
    pub until: String,
    /// Failed connections since it owed nothing.
    pub failures: u32,
    /// What the last one did: `wrong_password`, `unknown_user`, `no_login` or `too_slow`.
    pub last: String,
}

impl From<&Penalty> for PenaltyLine {
    fn from(penalty: &Penalty) -> Self {
        Self {
            source: penalty.source.to_string(),
            enforced: penalty.enforced,
            until: rfc3339(penalty.until),
            failures: penalty.failures,
            last: penalty.offence.as_str().to_owned(),
        }
    }
}

/// Sources that failed to log in.
#[derive(Debug, Serialize, JsonSchema)]
pub struct PenaltyList {
    /// Who owes longest comes first.
    pub penalties: Vec<PenaltyLine>,
}

/// What was forgiven.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Pardoned {
    /// The address or network.
    pub source: String,
    /// Sources in it that owed something when the daemon last wrote it down.
    pub count: u64,
}

/// Where everything stands.
#[derive(Debug, Serialize, JsonSchema)]
pub struct StatusDetail {
    /// Whether a daemon holds the data directory.
    pub running: bool,
    /// Its process, when it runs.
    pub pid: Option<i32>,
    /// Version of this program.
    pub version: String,
    /// The data directory.
    pub data_dir: String,
    /// Labels that may upload.
    pub labels: u64,
    /// Packages by status.
    pub packages: std::collections::BTreeMap<String, u64>,
    /// Pushes by state.
    pub pushes: std::collections::BTreeMap<String, u64>,
    /// E-mails waiting to be sent.
    pub letters_due: u64,
    /// E-mails given up.
    pub letters_dead: u64,
    /// Sources that failed to log in; those with `enforced` are kept out.
    pub penalties: Vec<PenaltyLine>,
    /// Bytes free on the data directory's file system.
    pub free_bytes: u64,
    /// Bytes that have to stay free; below, uploads are refused.
    pub free_floor_bytes: u64,
    /// Labels whose upload space was full within the last day.
    pub full: Vec<FullLine>,
    /// Unfinished uploads that were set aside into quarantine.
    pub abandoned: u64,
    /// Uploads that came twice and were set aside into quarantine.
    pub duplicates: u64,
}

/// A label whose upload space was full.
#[derive(Debug, Serialize, JsonSchema)]
pub struct FullLine {
    /// User name of the label.
    pub label: String,
    /// When it was told so; RFC 3339, UTC.
    pub at: String,
}
