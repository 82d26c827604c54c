//! One way, at least, to trip each rule: a file for each family, its words here.
#![expect(
    clippy::assigning_clones,
    reason = "a case reads as the assignment that it is"
)]

use super::package::{DPID, OTHER_DPID, Package, at, group_item, recording, text};
use dropzone::domain::facts::{ColourModel, Container, FileRole, SampleCoding, SchemaCheck};
use dropzone::domain::release::{Dialect, DialectUse};
use dropzone::domain::report::Severity::{self, Error, Info, Question, Warning};

mod artwork;
mod audio;
mod deal;
mod header;
mod identifier;
mod message;
mod metadata;
mod package;
mod reference;
mod update;

/// A departure from the sound package and what has to come of it.
pub(super) struct Case {
    pub(super) code: &'static str,
    /// In the guide profile and in the strict one.
    pub(super) severity: (Severity, Severity),
    pub(super) fault: fn(&mut Package),
    /// Other codes that may be errors with it, because the one fault is really two.
    pub(super) with: &'static [&'static str],
    /// The nearest package that is sound: it comes close to the fault and must not trip the rule.
    pub(super) neighbour: Option<fn(&mut Package)>,
}

const fn error(code: &'static str, fault: fn(&mut Package)) -> Case {
    graded(code, Error, Error, fault)
}

const fn warning(code: &'static str, fault: fn(&mut Package)) -> Case {
    graded(code, Warning, Warning, fault)
}

const fn info(code: &'static str, fault: fn(&mut Package)) -> Case {
    graded(code, Info, Info, fault)
}

const fn question(code: &'static str, fault: fn(&mut Package)) -> Case {
    graded(code, Question, Question, fault)
}

/// What the guide forgives.
const fn forgiven(code: &'static str, fault: fn(&mut Package)) -> Case {
    graded(code, Warning, Error, fault)
}

const fn graded(
    code: &'static str,
    guide: Severity,
    strict: Severity,
    fault: fn(&mut Package),
) -> Case {
    Case {
        code,
        severity: (guide, strict),
        fault,
        with: &[],
        neighbour: None,
    }
}

impl Case {
    const fn with(self, with: &'static [&'static str]) -> Self {
        Self { with, ..self }
    }

    /// A package that comes as near to the fault as a sound one can.
    const fn sound(self, neighbour: fn(&mut Package)) -> Self {
        Self {
            neighbour: Some(neighbour),
            ..self
        }
    }
}

fn speak(package: &mut Package, dialect: Dialect, found: &str, wanted: &str, line: u32) {
    package.message().dialect.push(DialectUse {
        dialect,
        found: found.to_owned(),
        wanted: wanted.to_owned(),
        repair: Vec::new(),
        at: at(line, "ReleaseList/Release[1]/ReleaseDate"),
    });
}

fn rename(package: &mut Package, from: &str, to: &str) {
    to.clone_into(&mut package.file(from).path);
}

fn container(package: &mut Package, container: Container, coding: SampleCoding) {
    package.audio().container = container;
    package.audio().coding = coding;
}

/// All of them.
pub(super) fn all() -> impl Iterator<Item = &'static Case> {
    let families = [
        package::CASES,
        message::CASES,
        header::CASES,
        reference::CASES,
        identifier::CASES,
        metadata::CASES,
        deal::CASES,
        audio::CASES,
        artwork::CASES,
        update::CASES,
    ];
    families.into_iter().flatten()
}

/// A package with a dozen faults, as they come together in real life.
pub(super) fn faulty() -> Package {
    let mut package = Package::sound();
    package.label_dpid = None;
    let p = &mut package;
    p.schema.check = SchemaCheck::NotRun;
    p.message().header.sender.id.as_mut().unwrap().value = "YOUR_LABEL_ID".to_owned();
    speak(
        p,
        Dialect::UpcElement,
        "<UPC>6151234567890</UPC>",
        "<ICPN>6151234567890</ICPN>",
        201,
    );
    p.main().icpn.as_mut().unwrap().value = "6151234567890".to_owned();
    p.main().types[0].value = "Album".to_owned();
    p.main().territories = vec![
        text(
            "DE",
            208,
            "ReleaseList/Release[1]/ReleaseDetailsByTerritory/TerritoryCode",
        ),
        text(
            "AT",
            209,
            "ReleaseList/Release[1]/ReleaseDetailsByTerritory/TerritoryCode",
        ),
    ];
    p.deal().territories.clear();
    p.track(1).isrc = None;
    p.track(2).parental[0].value = "Clean".to_owned();
    p.track(2).artists[0].roles[0].value = "Main Artist".to_owned();
    rename(p, "02_DrySeason.wav", "02_Dry_Season.wav");
    container(p, Container::Mp3, SampleCoding::Compressed);
    p.cover().width = 1400;
    p.cover().height = 1400;
    p.cover().colour = ColourModel::Cmyk;
    p.add_file("booklet.pdf", FileRole::Other);
    package
}

/// More tracks than anyone has patience for.
pub(super) fn many_tracks(number: u32) -> Package {
    let mut package = Package::sound();
    for n in 3..=number {
        let mut extra = recording(n % 9 + 1);
        extra.reference.as_mut().unwrap().value = format!("A1{n}");
        extra.technical.clear();
        extra.isrc = None;
        let mut item = group_item(1, 300 + n);
        item.sequence.as_mut().unwrap().value = n.to_string();
        item.references[0].value = format!("A1{n}");
        package.message().recordings.push(extra);
        package.main().items.push(item);
    }
    assert_ne!(DPID, OTHER_DPID);
    package
}
