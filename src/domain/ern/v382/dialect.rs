//! The departures of the operator's guide from ERN 3.8.2 (D2…D6; D1 is the namespace and is found
//! with the version), each with what to write instead, ready to paste.
//!
//! The guide's own sample has D1 to D5 and its field table D6.

use super::super::tree::Element;
use super::super::words::quote;
use crate::domain::release::{Dialect, DialectUse, Release};

/// Containers that labels write where the codec belongs.
const CONTAINERS: [&str; 9] = [
    "WAV", "WAVE", "BWF", "RF64", "AIFF", "AIF", "AIFC", "RIFF", "X-WAV",
];

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
        at: element.at(),
    }
}

/// D3: `File/URI`, which is ERN 4, for `File/FileName`.
pub(super) fn uri(element: Element<'_, '_>) -> DialectUse {
    DialectUse {
        dialect: Dialect::FileUri,
        found: quoted(element),
        wanted: file_name(element.raw()),
        at: element.at(),
    }
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
        at: element.at(),
    })
}

/// D5: up to three uses for a release, one for each part that stands wrong.
pub(super) fn layout(element: Element<'_, '_>, release: &Release) -> Vec<DialectUse> {
    let mut uses = Vec::new();
    let mut add = |found: String, wanted: String, place: Element<'_, '_>| {
        uses.push(DialectUse {
            dialect: Dialect::ReleaseLayout,
            found,
            wanted,
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
