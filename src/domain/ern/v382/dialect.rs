//! The departures of the operator's guide from ERN 3.8.2 (D2…D6; D1 is the namespace and is found
//! with the version), each with what to write instead, ready to paste.
//!
//! The guide's own sample has D1 to D5 and its field table D6.

use super::super::tree::Element;
use super::super::words::quote;
use crate::domain::markup;
use crate::domain::release::{Dialect, DialectUse, Release};
use crate::domain::repair::Edit;

/// Containers that labels write where the codec belongs.
const CONTAINERS: [&str; 9] = [
    "WAV", "WAVE", "BWF", "RF64", "AIFF", "AIF", "AIFC", "RIFF", "X-WAV",
];

/// The parts of a release in their order; `ReleaseDate` is the guide's and has no place of its own.
const RELEASE_ORDER: &str = "\
    ReleaseId ReleaseReference ExternalResourceLink SalesReportingProxyReleaseId ReferenceTitle \
    ReleaseResourceReferenceList ResourceOmissionReason ReleaseCollectionReferenceList ReleaseType \
    ReleaseDetailsByTerritory LanguageOfPerformance LanguageOfDubbing SubTitleLanguage Duration \
    RightsAgreementId PLine CLine ArtistProfilePage GlobalReleaseDate GlobalOriginalReleaseDate";

/// What comes before `ReleaseDate` in the details of a release.
const BEFORE_RELEASE_DATE: &str = "\
    TerritoryCode ExcludedTerritoryCode DisplayArtistName LabelName RightsAgreementId Title \
    DisplayArtist IsMultiArtistCompilation AdministratingRecordCompany ReleaseType RelatedRelease \
    ParentalWarningType AvRating MarketingComment ResourceGroup Genre PLine CLine";

fn names(list: &str) -> Vec<String> {
    list.split_ascii_whitespace().map(str::to_owned).collect()
}

fn quoted(element: Element<'_, '_>) -> String {
    let name = element.name();
    format!("<{name}>{}</{name}>", escape(&quote(element.raw())))
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

/// D2: `UPC` or `EAN` for `ICPN`.
pub(super) fn barcode(element: Element<'_, '_>) -> DialectUse {
    DialectUse {
        dialect: Dialect::UpcElement,
        found: quoted(element),
        wanted: format!("<ICPN>{}</ICPN>", escape(&quote(element.raw()))),
        repair: vec![Edit::rename(&element.at().path, "ICPN")],
        at: element.at(),
    }
}

/// D3: `File/URI`, which is ERN 4, for `File/FileName`.
pub(super) fn uri(element: Element<'_, '_>) -> DialectUse {
    DialectUse {
        dialect: Dialect::FileUri,
        found: quoted(element),
        wanted: file_name(element.raw()),
        repair: file_edits(element),
        at: element.at(),
    }
}

/// `URI` → `FileName`, and `FilePath` for a folder in front of the name. An address on another machine
/// names no file of this folder: what was meant is for a person to say.
fn file_edits(element: Element<'_, '_>) -> Vec<Edit> {
    let path = element.at().path;
    let reference = element.raw();
    let plain = reference.strip_prefix("./").unwrap_or(reference);
    let mut edits = vec![Edit::rename(&path, "FileName")];
    if plain.contains([':', '\\']) || plain.starts_with('/') {
        return Vec::new();
    }
    match (plain.rsplit_once('/'), path.rsplit_once('/')) {
        (Some((folder, name)), Some((file, _))) => {
            edits.push(Edit::set(&path, name));
            edits.push(Edit::Insert {
                path: file.to_owned(),
                after: vec![element.name().to_owned()],
                xml: markup::element("FilePath", &format!("{folder}/")),
            });
        }
        _ if plain != reference => edits.push(Edit::set(&path, plain)),
        _ => {}
    }
    edits
}

/// `resources/01.wav` → `FileName` and `FilePath`, as ERN 3 keeps them apart.
fn file_name(reference: &str) -> String {
    match reference.rsplit_once('/') {
        Some((folder, name)) if !folder.contains(':') => format!(
            "<FileName>{}</FileName><FilePath>{}/</FilePath>",
            escape(&quote(name)),
            escape(&quote(folder))
        ),
        _ => format!("<FileName>{}</FileName>", escape(&quote(reference))),
    }
}

/// D4: a container where the codec belongs.
pub(super) fn container_as_codec(element: Element<'_, '_>) -> Option<DialectUse> {
    let value = element.raw().to_ascii_uppercase();
    let is_container = element.name() == "AudioCodecType" && CONTAINERS.contains(&value.as_str());
    is_container.then(|| DialectUse {
        dialect: Dialect::CodecIsContainer,
        found: quoted(element),
        wanted: "<AudioCodecType>PCM</AudioCodecType>".to_owned(),
        repair: vec![Edit::set(&element.at().path, "PCM")],
        at: element.at(),
    })
}

/// D6: `EP`, which the guide's table lists and 3.8.2 did not have.
pub(super) fn ep(element: Element<'_, '_>) -> Option<DialectUse> {
    element.raw().eq_ignore_ascii_case("EP").then(|| DialectUse {
        dialect: Dialect::ReleaseTypeEp,
        found: quoted(element),
        wanted: "<ReleaseType Namespace=\"DPID:YOUR_DPID\" UserDefinedValue=\"EP\">UserDefined</ReleaseType>"
            .to_owned(),
        // Whose the value is depends on the sender: the rule knows it.
        repair: Vec::new(),
        at: element.at(),
    })
}

/// D5: up to three uses for a release, one for each part that stands wrong.
pub(super) fn layout(element: Element<'_, '_>, release: &Release) -> Vec<DialectUse> {
    let mut uses = Vec::new();
    let path = element.at().path;
    let mut add = |found: String, wanted: String, place: Element<'_, '_>, edit: Edit| {
        uses.push(DialectUse {
            dialect: Dialect::ReleaseLayout,
            found,
            wanted,
            repair: vec![edit],
            at: place.at(),
        });
    };
    let misplaced_date = element.child("ReleaseDate");
    let has_details = element.child("ReleaseDetailsByTerritory").is_some();
    if let Some(date) = misplaced_date {
        let line = format!("<ReleaseDate>{}</ReleaseDate>", escape(&quote(date.raw())));
        let wanted = if has_details {
            format!("<!-- inside ReleaseDetailsByTerritory, after Genre -->\n{line}")
        } else {
            details_with(&line)
        };
        add(
            format!("{} directly inside <Release>", quoted(date)),
            wanted,
            date,
            Edit::Move {
                path: date.at().path,
                into: format!("{path}/ReleaseDetailsByTerritory"),
                after: names(BEFORE_RELEASE_DATE),
            },
        );
    }
    if let Some(early) = type_before_list(element) {
        add(
            format!("{} before <ReleaseResourceReferenceList>", quoted(early)),
            format!(
                "<!-- after ReleaseResourceReferenceList -->\n{}",
                quoted(early)
            ),
            early,
            Edit::Sort {
                path: path.clone(),
                order: names(RELEASE_ORDER),
            },
        );
    }
    if !has_details {
        let date = release.release_date.as_ref();
        let line = date.map_or_else(
            || "<ReleaseDate>YYYY-MM-DD</ReleaseDate>".to_owned(),
            |date| {
                format!(
                    "<ReleaseDate>{}</ReleaseDate>",
                    escape(&quote(date.as_str()))
                )
            },
        );
        add(
            "<Release> without <ReleaseDetailsByTerritory>".to_owned(),
            details_with(&line),
            element,
            Edit::Insert {
                path: path.clone(),
                after: names(RELEASE_ORDER)
                    .into_iter()
                    .take_while(|name| name != "ReleaseDetailsByTerritory")
                    .collect(),
                xml: "<ReleaseDetailsByTerritory>\n  <TerritoryCode>Worldwide</TerritoryCode>\n\
                      </ReleaseDetailsByTerritory>"
                    .to_owned(),
            },
        );
    }
    uses
}

fn details_with(line: &str) -> String {
    format!(
        "<!-- after ReleaseType -->\n<ReleaseDetailsByTerritory>\n  <TerritoryCode>Worldwide</TerritoryCode>\n  {line}\n</ReleaseDetailsByTerritory>"
    )
}

/// A `ReleaseType` that stands before the reference list of the same release.
fn type_before_list<'t, 'a>(release: Element<'t, 'a>) -> Option<Element<'t, 'a>> {
    let mut early = None;
    for child in release.children() {
        match child.name() {
            "ReleaseType" if early.is_none() => early = Some(child),
            "ReleaseResourceReferenceList" => return early,
            _ => {}
        }
    }
    None
}
