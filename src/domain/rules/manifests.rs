//! PKG-024: the manifest of a batch, where one lies with the release.

use super::super::facts::BatchManifest;
use super::super::ids::gtin14;
use super::super::release::Text;
use super::case::Case;
use super::findings::{Findings, Note};
use super::wording::{count, quoted, shown};
use super::{Rule, Severity, Weight};

pub(super) const RULES: &[Rule] = &[Rule {
    code: "PKG-024",
    title: "Batch manifest does not fit",
    weight: Weight::ERROR.or(Severity::Warning),
    why: "BatchComplete_….xml says which messages a delivery holds. One that cannot be read, counts \
          wrongly or lists another message belongs to another delivery. A URL in it that leads to \
          another machine is only a warning, because nothing is fetched from there.",
    fix: "Let your software write the manifest again, as the last file of the delivery, or leave it \
          out: it is not asked for.",
    source: "DDEX ERN choreography 6.3",
    ack: "ErnMissing",
    check: manifests,
    ..Rule::BASE
}];

fn manifests(case: &Case<'_>, findings: &mut Findings<'_>) {
    for manifest in &case.subject.folder.manifests {
        if let Some(what) = fault_of(case, manifest) {
            findings.add(Note::new(what).file(&manifest.path));
            continue;
        }
        let mut urls = manifest.messages.iter().filter_map(|m| m.url.as_deref());
        if let Some(url) = urls.find(|url| url.contains("://")) {
            findings.add(
                Note::new(format!(
                    "{} gives the address {}; we go by the folders.",
                    quoted(&manifest.path),
                    quoted(url)
                ))
                .file(&manifest.path)
                .found(url)
                .fix("Nothing has to be done.")
                .other(true),
            );
        }
    }
}

/// What makes the manifest useless, as a sentence.
fn fault_of(case: &Case<'_>, manifest: &BatchManifest) -> Option<String> {
    let name = quoted(&manifest.path);
    if let Some(fault) = &manifest.fault {
        return Some(format!("{name} cannot be read. {}", shown(fault)));
    }
    let listed = manifest.messages.len();
    if listed == 0 {
        return Some(format!("{name} lists no message."));
    }
    let number = manifest.number.as_deref().filter(|text| !text.is_empty());
    if let Some(number) = number
        && number.parse() != Ok(listed)
    {
        return Some(format!(
            "{name} says that it has {} messages, and lists {}.",
            shown(number),
            count(listed, "message")
        ));
    }
    let (message, main) = case.main()?;
    let id = message.header.message_id.as_ref().map(Text::as_str);
    let icpn = main.icpn.as_ref().map(|icpn| gtin14(icpn.as_str()));
    let is_listed = manifest.messages.iter().any(|entry| {
        let by_id = entry.message_id.is_some() && entry.message_id.as_deref() == id;
        let mut icpns = entry.icpns.iter().map(|other| gtin14(other));
        by_id || icpns.any(|other| Some(other) == icpn)
    });
    (!is_listed).then(|| {
        format!(
            "{name} does not list this message, {}.",
            quoted(id.unwrap_or_default())
        )
    })
}
