//! The rule catalogue: what can be wrong, how much it weighs, what to do, and where it comes from.
//!
//! One [`Rule`] is one stable code; a code is never used again for something else. A rule lives in
//! the table of its family (`package.rs`, `deal.rs`, …) with all its words and its check: adding
//! one touches that file and its case in `tests/it/rules.rs`. Only a rule makes a finding, also for
//! what the reader and the schema check stumbled over. Checks look at a [`Subject`] and nothing
//! else: no disk, no clock, no network; whatever a label sends, they never panic.

use super::account::Profile;
use super::facts::{FolderFacts, SchemaFacts};
use super::history::{History, Track};
use super::limits::Limits;
use super::policy::Policy;
use super::release::Reading;
use super::report::{Counts, Report, Severity, Verdict};
use case::Case;
use findings::Findings;
use jiff::Timestamp;
use layers::{Layer, Needs};
use std::sync::LazyLock;

pub use manual::table_markdown;
pub use settings::{Refusal, may_set, nearest};
pub use sheet::sheet;
pub use territory::is_territory;
pub use times::made_at;
pub use values::{commercial_model, use_type};
pub(in crate::domain) use works::wrote;

mod agreement;
mod artists;
mod artwork;
mod barcode;
mod case;
mod character;
mod codes;
mod composition;
mod container;
mod content;
mod contract;
mod cover;
mod deal;
mod dialect;
mod dsp;
mod files;
mod findings;
mod folder;
mod format;
mod genres;
mod header;
mod isrc;
mod kinship;
mod layers;
mod lines;
mod manifests;
mod manual;
mod message;
mod metadata;
mod names;
mod offers;
mod package;
mod parental;
mod paste;
mod profile;
mod reference;
mod schema;
mod settings;
mod sheet;
mod sound;
mod summary;
mod terms;
mod territory;
mod times;
mod titles;
mod update;
pub(in crate::domain) mod values;
mod versions;
mod wording;
mod words;
mod works;

/// All that rules may look at.
#[derive(Clone, Copy, Debug)]
pub struct Subject<'a> {
    /// The folder and what was measured in it.
    pub folder: &'a FolderFacts,
    /// The message as it was read; `None` when there is no XML file at all.
    pub reading: Option<&'a Reading>,
    /// Path of the file that was read.
    pub message_file: Option<&'a str>,
    /// What the schema check gave.
    pub schema: &'a SchemaFacts,
    /// Earlier packages; `None` offline.
    pub history: Option<&'a History>,
    /// The label's DPID, when the account has one.
    pub label_dpid: Option<&'a str>,
    /// The operator's own DPID, when it is configured.
    pub own_dpid: Option<&'a str>,
    /// The account is in its test phase.
    pub in_test: bool,
    /// How strictly to judge.
    pub profile: Profile,
    /// Rules that weigh otherwise for this label; none offline.
    pub policy: &'a Policy,
    /// The most that a package may be.
    pub limits: &'a Limits,
    /// The time of judging.
    pub now: Timestamp,
}

/// A severity for each profile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Grade {
    /// In the guide profile.
    pub guide: Severity,
    /// In the strict profile.
    pub strict: Severity,
}

impl Grade {
    /// The same in both profiles.
    const fn same(severity: Severity) -> Self {
        Self {
            guide: severity,
            strict: severity,
        }
    }

    /// The severity under a profile.
    pub fn under(self, profile: Profile) -> Severity {
        match profile {
            Profile::Guide => self.guide,
            Profile::Strict => self.strict,
        }
    }
}

/// How much the findings of a rule weigh.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Weight {
    /// As a rule.
    pub usual: Grade,
    /// In the other cases that `why` names: milder or graver.
    pub other: Option<Grade>,
}

impl Weight {
    const ERROR: Self = Self::new(Grade::same(Severity::Error));
    const QUESTION: Self = Self::new(Grade::same(Severity::Question));
    const WARNING: Self = Self::new(Grade::same(Severity::Warning));
    const INFO: Self = Self::new(Grade::same(Severity::Info));
    /// What the guide forgives and the official schema does not.
    const BY_PROFILE: Self = Self::new(Grade {
        guide: Severity::Warning,
        strict: Severity::Error,
    });

    const fn new(usual: Grade) -> Self {
        Self { usual, other: None }
    }

    /// The same with another severity for some cases.
    const fn or(self, severity: Severity) -> Self {
        Self {
            usual: self.usual,
            other: Some(Grade::same(severity)),
        }
    }
}

/// One rule.
#[derive(Clone, Copy)]
pub struct Rule {
    /// Stable code, such as `PKG-007`.
    pub code: &'static str,
    /// The fault in a few words.
    pub title: &'static str,
    /// How much it weighs.
    pub weight: Weight,
    /// Why it is a fault, and in which cases it weighs differently.
    pub why: &'static str,
    /// What to do, when the finding itself does not say it more precisely.
    pub fix: &'static str,
    /// Where the rule comes from.
    pub source: &'static str,
    /// DDEX `ErncFileStatus` for an acknowledgement; empty when none fits.
    pub ack: &'static str,
    /// Guards safety or integrity: no label or DSP may have it lowered.
    pub safety: bool,
    /// Judged while files still arrive, not on a claimed package; never fires in [`judge`].
    pub at_the_door: bool,
    /// Judged for one DSP by its profile (`domain::readiness`), before a push; never fires in
    /// [`judge`].
    pub for_a_dsp: bool,
    needs: Needs,
    check: fn(&Case<'_>, &mut Findings<'_>),
}

impl Rule {
    /// What most entries of the tables have in common.
    const BASE: Self = Self {
        code: "",
        title: "",
        weight: Weight::ERROR,
        why: "",
        fix: "",
        source: "",
        ack: "",
        safety: false,
        at_the_door: false,
        for_a_dsp: false,
        needs: Needs::Nothing,
        check: |_, _| {},
    };
}

impl std::fmt::Debug for Rule {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Rule")
            .field("code", &self.code)
            .field("title", &self.title)
            .field("weight", &self.weight)
            .finish_non_exhaustive()
    }
}

/// The tables; families stand in the order in which they are run.
const TABLES: &[(Layer, &[Rule])] = &[
    (Layer::Package, package::RULES),
    (Layer::Package, files::RULES),
    (Layer::Package, folder::RULES),
    (Layer::Package, manifests::RULES),
    (Layer::Package, content::RULES),
    (Layer::Message, message::RULES),
    (Layer::Message, dialect::RULES),
    (Layer::Message, schema::RULES),
    (Layer::Content, profile::RULES),
    (Layer::Content, header::RULES),
    (Layer::Content, reference::RULES),
    (Layer::Content, composition::RULES),
    (Layer::Content, agreement::RULES),
    (Layer::Content, isrc::RULES),
    (Layer::Content, barcode::RULES),
    (Layer::Content, codes::RULES),
    (Layer::Content, metadata::RULES),
    (Layer::Content, titles::RULES),
    (Layer::Content, words::RULES),
    (Layer::Content, artists::RULES),
    (Layer::Content, names::RULES),
    (Layer::Content, works::RULES),
    (Layer::Content, lines::RULES),
    (Layer::Content, parental::RULES),
    (Layer::Content, deal::RULES),
    (Layer::Content, territory::RULES),
    (Layer::Content, terms::RULES),
    (Layer::Content, offers::RULES),
    (Layer::Content, contract::RULES),
    (Layer::Media, container::RULES),
    (Layer::Media, format::RULES),
    (Layer::Media, sound::RULES),
    (Layer::Media, character::RULES),
    (Layer::Media, artwork::RULES),
    (Layer::History, versions::RULES),
    (Layer::History, kinship::RULES),
    (Layer::Media, cover::RULES),
    (Layer::History, update::RULES),
    (Layer::Content, dsp::RULES),
];

/// All rules with what they look at, family by family, by ascending code. A family may lie in several
/// tables.
static CATALOGUE: LazyLock<Vec<(Layer, &'static Rule)>> = LazyLock::new(|| {
    let tables = TABLES.iter();
    let mut rules: Vec<(Layer, &'static Rule)> = tables
        .flat_map(|(layer, table)| table.iter().map(|rule| (*layer, rule)))
        .collect();
    let mut families: Vec<&str> = Vec::new();
    for (_, rule) in &rules {
        if !families.contains(&rule.family()) {
            families.push(rule.family());
        }
    }
    rules.sort_by_key(|(_, rule)| {
        let place = families.iter().position(|known| *known == rule.family());
        (place, rule.code)
    });
    rules
});

/// Every rule, family by family, by ascending code.
pub fn catalogue() -> impl Iterator<Item = &'static Rule> {
    CATALOGUE.iter().map(|(_, rule)| *rule)
}

/// The rule of that code.
pub fn rule(code: &str) -> Option<&'static Rule> {
    catalogue().find(|rule| rule.code == code)
}

/// The tracks of a subject, as those of other packages are compared with them.
pub fn tracks(subject: &Subject<'_>) -> Vec<Track> {
    let tracks = summary::tracks(&Case::of(subject));
    tracks.iter().map(Track::of).collect()
}

/// Runs every rule over the subject and sums up.
pub fn judge(subject: &Subject<'_>) -> Report {
    let case = Case::of(subject);
    let mut findings = Findings::of(subject);
    let (last, others): (Vec<_>, Vec<_>) = catalogue().partition(|rule| rule.code == update::LAST);
    for rule in others.into_iter().chain(last) {
        findings.run(rule, &case);
    }
    let (findings, muted) = findings.finish(&case);
    let counts = Counts::of(&findings);
    Report {
        verdict: if counts.error == 0 {
            Verdict::Valid
        } else {
            Verdict::Invalid
        },
        profile: subject.profile,
        folder: subject.folder.folder.clone(),
        counts,
        findings,
        muted,
        not_run: layers::not_run(&case),
        release: summary::release(&case),
        tracks: summary::tracks(&case),
        artwork: summary::artwork(&case),
        schema: subject.schema.check.clone(),
        dropzone_version: env!("CARGO_PKG_VERSION").to_owned(),
        compared: None,
        difference: update::difference(&case),
        readiness: Vec::new(),
    }
}
