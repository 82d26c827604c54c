//! The report as one self-contained web page: no script, nothing loaded from elsewhere, readable on
//! a phone, light and dark. It opens from a disk, from an SFTP client's viewer and in a browser.
//!
//! Its policy forbids the browser everything but the page's own style sheet, known by its hash, and
//! pictures that the page holds itself; so even a mistake in escaping could neither run nor load
//! anything.

use super::super::difference::{self, Change, Difference};
use super::super::ids::PackageId;
use super::super::visible::escaped;
use super::{Report, Verdict, cards, text, view};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use minijinja::value::Serde;
use minijinja::{Environment, UndefinedBehavior, Value, context};
use sha2::{Digest as _, Sha256};
use std::sync::LazyLock;

/// The page; the ending `.html` in its name turns escaping on.
const TEMPLATE: &str = include_str!("report.html");
/// Its style sheet.
const STYLE: &str = include_str!("report.css");
/// Longest picture in base64, in characters; ours have a tenth of it.
const PICTURE_CHARACTERS: usize = 400_000;

/// The name of the style sheet in the page's policy.
static STYLE_HASH: LazyLock<String> =
    LazyLock::new(|| format!("sha256-{}", STANDARD.encode(Sha256::digest(STYLE))));

/// What the page says of the package besides its report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Heading {
    /// The label's user name.
    pub label: String,
    /// Number of the upload within its release, from 1.
    pub attempt: u32,
    /// The package.
    pub package: PackageId,
    /// When it was received.
    pub received: Timestamp,
}

impl Heading {
    /// In one line.
    fn words(&self) -> String {
        format!(
            "{} · attempt {} · received {}",
            view::name(&self.label),
            self.attempt,
            self.received.strftime("%-d %B %Y, %H:%M UTC")
        )
    }
}

/// Writes the page; without a heading it is of a folder that was checked offline. Never fails: were
/// the template ever broken, the text report stands in its place. Every test and fuzz target that
/// meets such a report fails, because the template is ours and there is no report that may break it.
pub fn render(report: &Report, heading: Option<&Heading>) -> String {
    page(report, heading).unwrap_or_else(|error| {
        debug_assert!(false, "the report's template: {error:#}");
        plain_page(report)
    })
}

fn page(report: &Report, heading: Option<&Heading>) -> Result<String, minijinja::Error> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.add_template("report.html", TEMPLATE)?;
    let release = &report.release;
    let shown = |text: &Option<String>| text.as_deref().map(view::name).unwrap_or_default();
    let cover = report.artwork.as_ref();
    let cards = cards::cards(report);
    environment.get_template("report.html")?.render(context! {
        style => Value::from_safe_string(STYLE.to_owned()),
        style_hash => STYLE_HASH.as_str(),
        valid => report.verdict == Verdict::Valid,
        verdict => text::verdict_sentence(report),
        compared => view::compared_attempts(report),
        counted => view::counted(&report.counts),
        release_line => view::release_line(
            release.title.as_deref(), release.artist.as_deref(), &report.folder),
        occasion => heading.map_or_else(|| "checked offline".to_owned(), Heading::words),
        // No value at all would be an error to the template.
        picture => cover.and_then(|c| picture(c.thumbnail.as_deref()?)).unwrap_or(Value::from("")),
        facts => Serde(facts(report)),
        live => report.difference.as_ref().map(Difference::live).unwrap_or_default(),
        changes => Serde(report.difference.as_ref().map(changes).unwrap_or_default()),
        parts => Serde(view::parts(report)),
        muted => view::muted(report),
        not_run => Serde(view::not_run(report)),
        drawn => cards.iter().any(|card| card.wave.is_some()),
        cards => Serde(cards),
        cover_file => cover.map(|c| view::name(&c.file)).unwrap_or_default(),
        cover => cover.map(view::artwork).unwrap_or_default(),
        schema => view::schema(&report.schema),
        ern => shown(&release.ern_version),
        profile => report.profile.as_str(),
        version => view::name(&report.dropzone_version),
        is_test => release.is_test,
        folder => view::name(&report.folder),
        package => heading.map(|heading| heading.package.as_str()).unwrap_or_default(),
    })
}

/// A thumbnail that is what it says: base64 of a JPEG, and of the size of a thumbnail.
fn picture(base64: &str) -> Option<Value> {
    let bytes = (base64.len() <= PICTURE_CHARACTERS)
        .then(|| STANDARD.decode(base64).ok())
        .flatten()?;
    bytes
        .starts_with(&[0xff, 0xd8, 0xff])
        .then(|| Value::from_safe_string(base64.to_owned()))
}

/// The release's facts that are known, with their words.
fn facts(report: &Report) -> Vec<(&'static str, String)> {
    let release = &report.release;
    let own = |text: &Option<String>| text.as_deref().map(view::name);
    [
        ("Title", own(&release.title)),
        ("Artist", own(&release.artist)),
        ("Type", own(&release.release_type)),
        ("Barcode", own(&release.icpn)),
        ("Release date", own(&release.release_date)),
        ("Genre", own(&release.genre)),
        ("Label", own(&release.label_name)),
        ("Tracks", Some(release.tracks.to_string())),
        ("Territories", text::territories(&release.territories)),
        ("Message", own(&release.message_id)),
    ]
    .into_iter()
    .filter_map(|(word, value)| Some((word, value.filter(|value| !value.is_empty())?)))
    .collect()
}

/// What an update changes, as rows of place, field and words.
fn changes(difference: &Difference) -> Vec<(String, String, String)> {
    let row = |change: &Change| {
        let place = view::name(&change.place);
        (place, view::name(&change.field), difference::told(change))
    };
    difference.changes.iter().map(row).collect()
}

fn plain_page(report: &Report) -> String {
    let body: String = escaped(&text::render(report, false))
        .chars()
        .map(|c| match c {
            '&' => "&amp;".to_owned(),
            '<' => "&lt;".to_owned(),
            '>' => "&gt;".to_owned(),
            c => c.to_string(),
        })
        .collect();
    format!(
        "<!doctype html>\n<html lang=\"en\"><meta charset=\"utf-8\"><title>Report</title>\
         <pre>{body}</pre></html>\n"
    )
}

#[cfg(test)]
mod tests {
    use super::super::{Counts, ReleaseSummary};
    use super::*;
    use crate::domain::account::Profile;
    use crate::domain::facts::SchemaCheck;

    #[test]
    fn the_page_without_its_template_is_still_a_page() {
        let report = Report {
            verdict: Verdict::Valid,
            profile: Profile::Guide,
            folder: "<b>&".to_owned(),
            counts: Counts::default(),
            findings: Vec::new(),
            muted: Vec::new(),
            not_run: Vec::new(),
            release: ReleaseSummary::default(),
            tracks: Vec::new(),
            artwork: None,
            schema: SchemaCheck::NotRun,
            dropzone_version: "1".to_owned(),
            compared: None,
            difference: None,
            readiness: Vec::new(),
        };
        let page = plain_page(&report);
        assert!(page.contains("&lt;b&gt;&amp;"), "{page}");
        assert!(!page.contains("<b>"));
    }

    #[test]
    fn only_a_picture_is_shown_as_one() {
        assert!(picture("/9j/4AAQ").is_some());
        assert!(picture("/9j/4AAQ\"><script>").is_none());
        assert!(picture("R0lGODlh").is_none(), "no JPEG");
        assert!(picture(&"/9j/".repeat(PICTURE_CHARACTERS)).is_none());
    }
}
