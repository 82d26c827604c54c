//! What a DSP says of a release that it was sent.

/// One release in an acknowledgement.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answer {
    /// `MessageId` of the message that is answered, where it is said.
    pub message_id: Option<String>,
    /// Identifiers of the release, as written: barcode, `GRid`, or the name of the message's file.
    pub releases: Vec<String>,
    /// The status as the DSP wrote it.
    pub status: String,
    /// Everything that it says about it, as text.
    pub text: Option<String>,
    /// Where the release can be seen.
    pub link: Option<String>,
}

/// What an answer comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Word {
    /// The DSP took the release.
    Taken,
    /// It did not.
    Declined,
    /// It is still at it.
    Underway,
}

/// Statuses by which a DSP says that it has the release: `FileOK` of ERN-C up to 1.6, and of
/// `SupplyChainStatus` of the later ones.
const TAKEN: [&str; 4] = [
    "FileOK",
    "SuccessfullyIngestedByReleaseDistributor",
    "ReleaseStagedForPublication",
    "ReleaseMadeAvailableToConsumers",
];

/// Statuses between sending and an answer.
const UNDERWAY: [&str; 5] = [
    "OrderPlacedForReleaseDistributor",
    "InPreparationForDeliveryToReleaseDistributor",
    "InDeliveryToReleaseDistributor",
    "DeliveredToReleaseDistributor",
    "ReleaseReceivedByReleaseDistributor",
];

impl Answer {
    /// What it comes to. A status that we do not know is no success: a new way of saying no must not
    /// be taken for a yes.
    pub fn word(&self) -> Word {
        let is_in = |list: &[&str]| {
            list.iter()
                .any(|known| known.eq_ignore_ascii_case(&self.status))
        };
        if is_in(&TAKEN) {
            Word::Taken
        } else if is_in(&UNDERWAY) {
            Word::Underway
        } else {
            Word::Declined
        }
    }

    /// Why the DSP declines, as a sentence that keeps its own words.
    pub fn objection(&self) -> String {
        let status = if self.status.is_empty() {
            "no status that could be read"
        } else {
            self.status.as_str()
        };
        match &self.text {
            Some(text) => format!("The DSP answered {status}: {text}"),
            None => format!("The DSP answered {status}."),
        }
    }
}
