//! Writes an ERN 3.8.2 `NewReleaseMessage` that the official schema takes: one product release,
//! a track release for every recording, one front cover, streaming and download deals.
//!
//! It says what the specification says, right or wrong, so that tests can state falsehoods; only
//! the layout is always right.

use super::{ReleaseSpec, TrackSpec};
use std::fmt::Write;

/// What the message says of one file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StatedFile {
    /// Path relative to the release.
    pub path: String,
    /// MD5 in hex, if it is to be stated.
    pub md5: Option<String>,
}

/// The message. `tracks` and `artwork` describe the files in the order of the specification.
pub fn write(spec: &ReleaseSpec, tracks: &[StatedFile], artwork: Option<&StatedFile>) -> String {
    let mut out = Writer::default();
    out.text
        .push_str("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    let profile = if spec.release_type == "Single" {
        "AudioSingle"
    } else {
        "AudioAlbumMusicOnly"
    };
    out.open(&format!(
        "ern:NewReleaseMessage xmlns:ern=\"http://ddex.net/xml/ern/382\" \
         MessageSchemaVersionId=\"ern/382\" \
         ReleaseProfileVersionId=\"CommonReleaseTypes/14/{profile}\" \
         LanguageAndScriptCode=\"en\""
    ));
    header(&mut out, spec);
    out.open("ResourceList");
    for (index, track) in spec.tracks.iter().enumerate() {
        recording(&mut out, spec, track, index + 1, tracks.get(index));
    }
    if let Some(artwork) = artwork {
        image(&mut out, spec, artwork);
    }
    out.close("ResourceList");
    out.open("ReleaseList");
    product(&mut out, spec, artwork.is_some());
    for (index, track) in spec.tracks.iter().enumerate() {
        track_release(&mut out, spec, track, index + 1);
    }
    out.close("ReleaseList");
    deals(&mut out, spec);
    out.close("ern:NewReleaseMessage");
    out.text
}

fn header(out: &mut Writer, spec: &ReleaseSpec) {
    out.open("MessageHeader");
    out.leaf("MessageThreadId", &spec.icpn);
    out.leaf("MessageId", &spec.message_id);
    out.open("MessageSender");
    out.leaf("PartyId", &spec.sender_dpid);
    out.name(&spec.label_name);
    out.close("MessageSender");
    out.open("MessageRecipient");
    out.leaf("PartyId", &spec.recipient_dpid);
    out.name(&spec.recipient_name);
    out.close("MessageRecipient");
    out.leaf("MessageCreatedDateTime", &spec.created);
    out.leaf("MessageControlType", &spec.control_type);
    out.close("MessageHeader");
}

fn recording(
    out: &mut Writer,
    spec: &ReleaseSpec,
    track: &TrackSpec,
    number: usize,
    file: Option<&StatedFile>,
) {
    out.open("SoundRecording");
    out.leaf("SoundRecordingType", "MusicalWorkSoundRecording");
    out.open("SoundRecordingId");
    if !track.isrc.is_empty() {
        out.leaf("ISRC", &track.isrc);
    }
    out.close("SoundRecordingId");
    out.leaf("ResourceReference", &format!("A{number}"));
    out.reference_title(&track.title);
    out.leaf("LanguageOfPerformance", "en");
    out.leaf("Duration", &track.stated_duration());
    out.open("SoundRecordingDetailsByTerritory");
    out.leaf("TerritoryCode", "Worldwide");
    out.titles(&track.title);
    out.artist(&spec.artist);
    out.open("IndirectResourceContributor SequenceNumber=\"1\"");
    out.name(&spec.composer);
    out.leaf("IndirectResourceContributorRole", "Composer");
    out.close("IndirectResourceContributor");
    out.leaf("DisplayArtistName", &spec.artist);
    out.leaf("LabelName", &spec.label_name);
    out.leaf("OriginalResourceReleaseDate", &spec.release_date);
    out.line("PLine", "(P)", spec);
    out.genre(&spec.genre);
    out.leaf("ParentalWarningType", "NotExplicit");
    out.open("TechnicalSoundRecordingDetails");
    out.leaf("TechnicalResourceDetailsReference", &format!("T{number}"));
    out.leaf("AudioCodecType", track.codec());
    out.leaf("NumberOfChannels", &track.signal.channels.to_string());
    out.open("SamplingRate UnitOfMeasure=\"Hz\"");
    out.join(&track.signal.rate_hz.to_string());
    out.close("SamplingRate");
    out.leaf("BitsPerSample", &track.bits().to_string());
    out.leaf("IsPreview", "false");
    if let Some(file) = file {
        out.file(file);
    }
    out.close("TechnicalSoundRecordingDetails");
    out.close("SoundRecordingDetailsByTerritory");
    out.close("SoundRecording");
}

fn image(out: &mut Writer, spec: &ReleaseSpec, file: &StatedFile) {
    let number = spec.tracks.len() + 1;
    out.open("Image");
    out.leaf("ImageType", "FrontCoverImage");
    out.open("ImageId");
    out.open(&format!(
        "ProprietaryId Namespace=\"{}\"",
        escaped(&spec.sender_dpid)
    ));
    out.join(&format!("cover-{}", spec.icpn));
    out.close("ProprietaryId");
    out.close("ImageId");
    out.leaf("ResourceReference", &format!("A{number}"));
    out.open("ImageDetailsByTerritory");
    out.leaf("TerritoryCode", "Worldwide");
    out.leaf("ParentalWarningType", "NotExplicit");
    out.open("TechnicalImageDetails");
    out.leaf("TechnicalResourceDetailsReference", &format!("T{number}"));
    out.leaf("ImageCodecType", spec.image_codec());
    out.leaf("ImageHeight", &spec.cover_size().1.to_string());
    out.leaf("ImageWidth", &spec.cover_size().0.to_string());
    out.file(file);
    out.close("TechnicalImageDetails");
    out.close("ImageDetailsByTerritory");
    out.close("Image");
}

fn product(out: &mut Writer, spec: &ReleaseSpec, with_cover: bool) {
    let cover = format!("A{}", spec.tracks.len() + 1);
    out.open("Release IsMainRelease=\"true\"");
    out.open("ReleaseId");
    let is_ean = spec.icpn.len() == 13;
    out.open(&format!("ICPN IsEan=\"{is_ean}\""));
    out.join(&escaped(&spec.icpn));
    out.close("ICPN");
    out.close("ReleaseId");
    out.leaf("ReleaseReference", "R0");
    out.reference_title(&spec.title);
    out.open("ReleaseResourceReferenceList");
    for number in 1..=spec.tracks.len() {
        out.link("PrimaryResource", &format!("A{number}"));
    }
    if with_cover {
        out.link("SecondaryResource", &cover);
    }
    out.close("ReleaseResourceReferenceList");
    out.leaf("ReleaseType", &spec.release_type);
    out.open("ReleaseDetailsByTerritory");
    release_details_head(out, spec, &spec.title);
    out.open("ResourceGroup");
    out.open("ResourceGroup");
    out.leaf("SequenceNumber", "1");
    for number in 1..=spec.tracks.len() {
        group_item(
            out,
            Some(number),
            "SoundRecording",
            "PrimaryResource",
            &format!("A{number}"),
        );
    }
    out.close("ResourceGroup");
    if with_cover {
        group_item(out, None, "Image", "SecondaryResource", &cover);
    }
    out.close("ResourceGroup");
    release_details_tail(out, spec);
}

fn track_release(out: &mut Writer, spec: &ReleaseSpec, track: &TrackSpec, number: usize) {
    out.open("Release");
    out.open("ReleaseId");
    if !track.isrc.is_empty() {
        out.leaf("ISRC", &track.isrc);
    }
    out.close("ReleaseId");
    out.leaf("ReleaseReference", &format!("R{number}"));
    out.reference_title(&track.title);
    out.open("ReleaseResourceReferenceList");
    out.link("PrimaryResource", &format!("A{number}"));
    out.close("ReleaseResourceReferenceList");
    out.leaf("ReleaseType", "TrackRelease");
    out.open("ReleaseDetailsByTerritory");
    release_details_head(out, spec, &track.title);
    out.open("ResourceGroup");
    group_item(
        out,
        Some(1),
        "SoundRecording",
        "PrimaryResource",
        &format!("A{number}"),
    );
    out.close("ResourceGroup");
    release_details_tail(out, spec);
}

fn release_details_head(out: &mut Writer, spec: &ReleaseSpec, title: &str) {
    out.leaf("TerritoryCode", "Worldwide");
    out.leaf("DisplayArtistName", &spec.artist);
    out.leaf("LabelName", &spec.label_name);
    out.titles(title);
    out.artist(&spec.artist);
    out.leaf("ParentalWarningType", "NotExplicit");
}

fn release_details_tail(out: &mut Writer, spec: &ReleaseSpec) {
    out.genre(&spec.genre);
    out.leaf("ReleaseDate", &spec.release_date);
    out.close("ReleaseDetailsByTerritory");
    out.line("PLine", "(P)", spec);
    out.line("CLine", "(C)", spec);
    out.close("Release");
}

fn group_item(
    out: &mut Writer,
    number: Option<usize>,
    resource_type: &str,
    link_type: &str,
    reference: &str,
) {
    out.open("ResourceGroupContentItem");
    if let Some(number) = number {
        out.leaf("SequenceNumber", &number.to_string());
    }
    out.leaf("ResourceType", resource_type);
    out.link(link_type, reference);
    out.close("ResourceGroupContentItem");
}

fn deals(out: &mut Writer, spec: &ReleaseSpec) {
    out.open("DealList");
    out.open("ReleaseDeal");
    for number in 0..=spec.tracks.len() {
        out.leaf("DealReleaseReference", &format!("R{number}"));
    }
    for (model, usage) in [
        ("SubscriptionModel", "OnDemandStream"),
        ("AdvertisementSupportedModel", "OnDemandStream"),
        ("PayAsYouGoModel", "PermanentDownload"),
    ] {
        out.open("Deal");
        out.open("DealTerms");
        out.leaf("CommercialModelType", model);
        out.open("Usage");
        out.leaf("UseType", usage);
        out.close("Usage");
        for territory in &spec.territories {
            out.leaf("TerritoryCode", territory);
        }
        out.open("ValidityPeriod");
        out.leaf("StartDate", &spec.release_date);
        out.close("ValidityPeriod");
        out.close("DealTerms");
        out.close("Deal");
    }
    out.close("ReleaseDeal");
    out.close("DealList");
}

/// Text with its indentation.
#[derive(Default)]
struct Writer {
    text: String,
    depth: usize,
    /// The last thing written was character data: no line break before the end tag.
    joined: bool,
}

impl Writer {
    fn indent(&mut self) {
        if !self.text.is_empty() && !self.text.ends_with('\n') {
            self.text.push('\n');
        }
        self.text.push_str(&"  ".repeat(self.depth));
    }

    /// Start tag; attributes may follow the name, already escaped.
    fn open(&mut self, tag: &str) {
        self.indent();
        self.depth += 1;
        self.joined = false;
        self.put(format_args!("<{tag}>"));
    }

    /// Character data right behind the start tag, already escaped.
    fn join(&mut self, escaped: &str) {
        self.text.push_str(escaped);
        self.joined = true;
    }

    fn close(&mut self, name: &str) {
        self.depth = self.depth.saturating_sub(1);
        if !self.joined {
            self.indent();
        }
        self.joined = false;
        self.put(format_args!("</{name}>\n"));
    }

    fn leaf(&mut self, name: &str, value: &str) {
        self.indent();
        self.put(format_args!("<{name}>{}</{name}>\n", escaped(value)));
        self.joined = false;
    }

    fn put(&mut self, text: std::fmt::Arguments<'_>) {
        // Writing to a string cannot fail.
        self.text.write_fmt(text).unwrap_or_default();
    }

    fn name(&mut self, name: &str) {
        self.open("PartyName");
        self.leaf("FullName", name);
        self.close("PartyName");
    }

    fn reference_title(&mut self, title: &str) {
        self.open("ReferenceTitle");
        self.leaf("TitleText", title);
        self.close("ReferenceTitle");
    }

    fn titles(&mut self, title: &str) {
        for kind in ["FormalTitle", "DisplayTitle"] {
            self.open(&format!("Title TitleType=\"{kind}\""));
            self.leaf("TitleText", title);
            self.close("Title");
        }
    }

    fn artist(&mut self, name: &str) {
        self.open("DisplayArtist SequenceNumber=\"1\"");
        self.name(name);
        self.leaf("ArtistRole", "MainArtist");
        self.close("DisplayArtist");
    }

    fn genre(&mut self, genre: &str) {
        self.open("Genre");
        self.leaf("GenreText", genre);
        self.close("Genre");
    }

    fn line(&mut self, element: &str, sign: &str, spec: &ReleaseSpec) {
        let year = spec.release_date.get(..4).unwrap_or_default();
        self.open(element);
        self.leaf("Year", year);
        self.leaf(
            &format!("{element}Text"),
            &format!("{sign} {year} {}", spec.label_name),
        );
        self.close(element);
    }

    fn link(&mut self, kind: &str, reference: &str) {
        self.open(&format!(
            "ReleaseResourceReference ReleaseResourceType=\"{kind}\""
        ));
        self.join(reference);
        self.close("ReleaseResourceReference");
    }

    fn file(&mut self, file: &StatedFile) {
        let (folder, name) = file.path.rsplit_once('/').unwrap_or(("", &file.path));
        self.open("File");
        self.leaf("FileName", name);
        if !folder.is_empty() {
            self.leaf("FilePath", &format!("{folder}/"));
        }
        if let Some(md5) = &file.md5 {
            self.open("HashSum");
            self.leaf("HashSum", md5);
            self.leaf("HashSumAlgorithmType", "MD5");
            self.close("HashSum");
        }
        self.close("File");
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}
