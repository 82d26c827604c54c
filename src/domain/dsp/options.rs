//! The tables of a profile.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// `[message_options]`: parties of a generated message, and what of the release it says.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MessageOptions {
    /// The DSP's DDEX party identifier, `PADPIDA…`.
    pub dpid: String,
    /// The DSP's name as it wants to be addressed; the profile's name when empty.
    pub party_name: String,
    /// Our DDEX party identifier for this DSP; `party.dpid` when empty.
    pub sender_dpid: String,
    /// Our name for this DSP; `party.name` when empty.
    pub sender_name: String,
    /// Name the label as the one that we send for. Only for labels that have a DPID.
    pub sent_on_behalf_of: bool,
    /// Send `TestMessage`: the DSP checks and publishes nothing.
    pub test: bool,
    /// The only territories that the DSP sells in; empty for all.
    pub territories: Vec<String>,
    /// Genre of the label → genre of the DSP's list; others go out as they are.
    pub genres: BTreeMap<String, String>,
    /// Price code of the label → price code of the DSP; others go out as they are.
    pub prices: BTreeMap<String, String>,
    /// What goes out for an update that keeps the masters which the DSP has.
    pub updates: Updates,
}

/// What an update without new audio brings to a DSP.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Updates {
    /// The message and all files: no DSP refuses that.
    #[default]
    Full,
    /// The message alone, or with a new cover, as DDEX allows it.
    MetadataOnly,
}

/// `[batch]`: when packages share a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct BatchOptions {
    /// Seconds for which the first package of a batch waits for others.
    pub window_seconds: u64,
    /// Packages with which a batch is full and goes at once.
    pub packages: u32,
}

impl Default for BatchOptions {
    fn default() -> Self {
        Self {
            window_seconds: 300,
            packages: 50,
        }
    }
}

/// `[names]`: what files are called. Templates; `deliver::names` knows the placeholders.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct NameOptions {
    /// Folder of a release in its batch.
    pub release: String,
    /// A generated message.
    pub message: String,
    /// Folder of the resources, beside the message; empty for none.
    pub resources: String,
    /// A recording, without its ending.
    pub audio: String,
    /// A picture, without its ending.
    pub image: String,
    /// The manifest that ends a batch.
    pub manifest: String,
}

impl Default for NameOptions {
    fn default() -> Self {
        Self {
            release: "{icpn}".to_owned(),
            message: "{icpn}.xml".to_owned(),
            resources: "resources".to_owned(),
            audio: "{icpn}_{disc}_{track}".to_owned(),
            image: "{icpn}".to_owned(),
            manifest: "BatchComplete_{batch}.xml".to_owned(),
        }
    }
}

/// `[audio]`: the form that audio is sent in. Whatever is chosen, the samples stay what they are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AudioOptions {
    /// The container.
    pub format: AudioFormat,
    /// WAV files get the 44-byte header of plain PCM and nothing after the samples.
    pub plain_wav_header: bool,
}

/// Container of the audio.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AudioFormat {
    /// As the label sent it.
    #[default]
    AsIs,
    /// WAV.
    Wav,
    /// FLAC.
    Flac,
}

/// `[artwork]`: the form that pictures are sent in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ArtworkOptions {
    /// Pictures go out as JPEG, whatever the label sent.
    pub jpeg: bool,
    /// Longest side in pixels; larger pictures are made smaller. 0 for no limit.
    pub most_pixels: u32,
}

/// `[requires]`: what the DSP refuses a release without, although our rules let it pass.
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a key of the table, and independent of the others"
)]
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Requirements {
    /// Messages of ERN 4.3 or later only.
    pub ern_43: bool,
    /// A composer, or another writer, for each track.
    pub composer: bool,
    /// The language of the words for each track that is not instrumental.
    pub language: bool,
    /// The label's name for the release.
    pub label_name: bool,
    /// A P line for the release or for each track.
    pub p_line: bool,
    /// A C line for the release.
    pub c_line: bool,
    /// Most tracks of a release; 0 for no limit.
    pub most_tracks: u32,
    /// Days before the first day of sale by which a new release has to be there; 0 for none.
    pub lead_days: u32,
}
