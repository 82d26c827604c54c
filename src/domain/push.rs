//! One package on its way to one DSP, as it is stored and as it goes.

use super::ids::{DspId, PackageId, PushId};
use super::lifecycle::push::PushState;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// What a push is to the DSP; decides who goes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PushKind {
    /// The release has to leave the store: rights hang on it.
    Takedown,
    /// The store has the release, with something wrong in it.
    Update,
    /// The store does not know the release yet.
    New,
}

impl PushKind {
    /// All of them, in the order in which they go.
    pub const ALL: [Self; 3] = [Self::Takedown, Self::Update, Self::New];

    /// The word in the database and in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Takedown => "takedown",
            Self::Update => "update",
            Self::New => "new",
        }
    }

    /// Reads the word.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text)
    }

    /// ERN Choreography's letter: `P` before all others, `N` for the rest.
    pub fn priority(self) -> &'static str {
        match self {
            Self::Takedown => "P",
            Self::Update | Self::New => "N",
        }
    }
}

/// An operator's word that a release is taken down.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Order {
    /// Its identifier (ULID).
    pub id: String,
    /// Who gave it: a Unix user.
    pub by: String,
    /// Why; never empty.
    pub why: String,
    /// When. An older message of the label does not undo it.
    pub at: Timestamp,
    /// Where the DSP takes it, the release is purged, whatever form its profile names.
    pub purge: bool,
}

/// A push's row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Push {
    /// The push.
    pub id: PushId,
    /// What is pushed.
    pub package: PackageId,
    /// Where to.
    pub dsp: DspId,
    /// What it is to the DSP.
    pub kind: PushKind,
    /// The operator's order that it carries out; nothing for what a label's package asks for.
    pub order: Option<Order>,
    /// Where it stands.
    pub state: PushState,
    /// Tries begun, questions included.
    pub attempts: u32,
    /// Not before then, while queued or unknown.
    pub due_at: Timestamp,
    /// From when its age counts: approval, or the last time a person asked for it.
    pub since: Timestamp,
    /// Why the last try failed, or what the DSP objects to, as a sentence.
    pub last_error: Option<String>,
    /// Where it lies at the DSP, once it may.
    pub location: Option<String>,
    /// The batch that it goes in.
    pub batch: Option<String>,
    /// `MessageId` of the message that was made for it.
    pub message_id: Option<String>,
    /// It went out, or goes out, as a test.
    pub is_test: bool,
    /// Only the DSP's word makes it delivered.
    pub awaits_ack: bool,
    /// Where the release can be seen, if the DSP said so.
    pub link: Option<String>,
    /// What of the label's message the DSP does not read (DSP-003), once it was prepared.
    pub losses: Vec<String>,
    /// When it was approved.
    pub created_at: Timestamp,
    /// When the state last changed.
    pub updated_at: Timestamp,
}

impl Push {
    /// One that was just approved.
    pub fn queued(id: PushId, package: PackageId, dsp: DspId, now: Timestamp) -> Self {
        Self {
            id,
            package,
            dsp,
            kind: PushKind::New,
            order: None,
            state: PushState::Queued,
            attempts: 0,
            due_at: now,
            since: now,
            last_error: None,
            location: None,
            batch: None,
            message_id: None,
            is_test: false,
            awaits_ack: false,
            link: None,
            losses: Vec::new(),
            created_at: now,
            updated_at: now,
        }
    }

    /// Whether the label may be told that this DSP has its release.
    pub fn is_delivered(&self) -> bool {
        match self.state {
            PushState::Acknowledged => true,
            PushState::Sent => !self.awaits_ack,
            PushState::Queued
            | PushState::Preparing
            | PushState::Sending
            | PushState::SentUnknown
            | PushState::Refused
            | PushState::Failed
            | PushState::Blocked
            | PushState::Cancelled => false,
        }
    }
}

/// One word of a DSP about a push.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said {
    /// When we read it.
    pub at: Timestamp,
    /// The file that it stood in.
    pub file: String,
    /// The DSP's word: `FileOK`, `ResourceCorrupt` …
    pub status: String,
    /// Its explanation, if it gave one.
    pub text: Option<String>,
}

/// A push that a worker has taken. Epoch and attempt fence it: a report of a claim that is not the
/// current one is refused, so that a worker of a daemon that was killed cannot speak.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claimed {
    /// The push as it was taken.
    pub push: Push,
    /// Start number of the daemon that took it.
    pub epoch: u64,
}

/// One claim is a list of one: a worker reports of one push as of a batch.
impl AsRef<[Claimed]> for Claimed {
    fn as_ref(&self) -> &[Claimed] {
        std::slice::from_ref(self)
    }
}

impl Claimed {
    /// The try, when the push goes alone.
    pub fn attempt(&self) -> Attempt {
        Attempt {
            of: self.push.id.to_string(),
            number: self.push.attempts,
        }
    }
}

/// What a worker takes at a time: one push, or those of one batch. All are in the same state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shipment {
    /// The try as a whole: of the push, or of the batch.
    pub attempt: Attempt,
    /// `BatchId`, if it is a batch.
    pub batch: Option<String>,
    /// The claims, oldest first; never none.
    pub members: Vec<Claimed>,
}

/// One try to bring something to a DSP. Names the hidden folder there: what an earlier try left is
/// found by `of`, and `number` keeps a worker that was given up for dead away from its successor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attempt {
    /// The push or the batch; part of a name.
    pub of: String,
    /// Number of the try, from 1.
    pub number: u32,
}

/// One file of a push.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cargo {
    /// Where it lies here.
    pub source: std::path::PathBuf,
    /// Path at the DSP, relative to the folder that becomes visible, `/` between parts.
    pub name: String,
    /// Size in bytes.
    pub size: u64,
    /// SHA-256 in lower-case hex.
    pub sha256: String,
}

/// A package as a DSP gets it: made once for a push and kept, so that every further try brings the
/// same bytes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Prepared {
    /// The message, when it is ours.
    pub message: Option<OurMessage>,
    /// When it was made, `YYYYMMDDhhmmssnnn`; part of names.
    pub time: String,
    /// `TestMessage`.
    pub is_test: bool,
    /// Files, the message among them, relative to the release's folder.
    pub files: Vec<Cargo>,
    /// What of the label's message the DSP does not read (DSP-003), as sentences.
    pub losses: Vec<String>,
}

/// A message of ours.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OurMessage {
    /// `MessageId`.
    pub id: String,
    /// `MessageThreadId`.
    pub thread: String,
    /// Its file, relative to the release's folder.
    pub name: String,
    /// It is a `PurgeReleaseMessage`.
    #[serde(default)]
    pub purges: bool,
}

/// What goes to the DSP, in order; the markers go last, one by one.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Plan {
    /// The folder that becomes visible, relative to the profile's directory.
    pub folder: String,
    /// Files, the messages among them.
    pub files: Vec<Cargo>,
    /// Small files that tell the DSP that all is there: path relative to the profile's directory,
    /// and content.
    pub markers: Vec<(String, Vec<u8>)>,
}

/// What holds the pushes to a DSP back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gate {
    /// Of which DSP.
    pub dsp: DspId,
    /// A person paused it.
    pub pause: Option<Pause>,
    /// Failures in a row to reach it.
    pub failures: u32,
    /// Left alone until then.
    pub closed_until: Option<Timestamp>,
    /// Why it could not be reached, as a sentence.
    pub last_error: Option<String>,
}

/// A person's word that nothing is to go to a DSP.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pause {
    /// Since when.
    pub at: Timestamp,
    /// Whose.
    pub by: String,
    /// Why, if it was said.
    pub why: Option<String>,
}

/// Identifiers of a message of ours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MessageIds {
    /// `MessageId`: new for every message.
    pub message: String,
    /// `MessageThreadId`: one for a release at a DSP, for ever.
    pub thread: String,
}
