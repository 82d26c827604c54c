//! ART-001 … ART-009 and ART-015: the cover and other pictures as files. Judged by content, never by
//! name.

use super::super::facts::{ArtworkFacts, ColourModel, FileRole, PictureFormat};
use super::super::naming::{base_name, extension};
use super::case::{Case, Picture};
use super::findings::{Findings, Note};
use super::wording::{list, quoted, size};
use super::{Rule, Severity, Weight};

pub(super) const RULES: &[Rule] = &[
    Rule {
        code: "ART-001",
        title: "Picture is damaged or cannot be read",
        why: "A picture that cannot be decoded to its end shows up broken in the stores, or not at \
              all.",
        fix: "Export the picture again as JPEG or PNG and upload it again.",
        source: "guide, Artwork Requirements",
        ack: "ResourceCorrupt",
        safety: true,
        check: damaged,
        ..Rule::BASE
    },
    Rule {
        code: "ART-002",
        title: "Picture is neither JPEG nor PNG",
        why: "Stores take JPEG and PNG. What counts is what is inside, not the name.",
        fix: "Export the picture as JPEG or PNG; renaming it is not enough.",
        source: "guide, Artwork Requirements",
        ack: "ResourceNotMeetingSpecifications",
        check: other_format,
        ..Rule::BASE
    },
    Rule {
        code: "ART-003",
        title: "Picture has the wrong ending",
        weight: Weight::WARNING,
        why: "Some programs go by the ending of a name.",
        fix: "Give the file the ending of its real format, here and in the message.",
        source: "drop zone",
        check: wrong_ending,
        ..Rule::BASE
    },
    Rule {
        code: "ART-004",
        title: "Cover is smaller than 3000 × 3000",
        why: "The guide asks for at least 3000 × 3000 pixels.",
        fix: "Export the cover from its original at 3000 × 3000 pixels. Only enlarging the small \
              one makes it blurred.",
        source: "guide, Artwork Requirements",
        ack: "ResourceNotMeetingSpecifications",
        check: too_small,
        ..Rule::BASE
    },
    Rule {
        code: "ART-005",
        title: "Cover is larger than 3000 × 3000",
        weight: Weight::INFO.or(Severity::Warning),
        why: "3000 × 3000 is what the guide recommends; larger covers are scaled for each store. \
              Above 6000 pixels it is a warning: some stores refuse them.",
        fix: "Nothing has to be done. Export at exactly 3000 × 3000 to decide yourself how it is \
              scaled.",
        source: "guide, Artwork Requirements (“exactly”)",
        check: very_large,
        ..Rule::BASE
    },
    Rule {
        code: "ART-006",
        title: "Cover is not square",
        weight: Weight::ERROR.or(Severity::Warning),
        why: "Width and height have to be equal. A difference of up to 3 pixels is a warning.",
        fix: "Crop the cover to a square and export it again.",
        source: "guide, Artwork Requirements",
        ack: "ResourceNotMeetingSpecifications",
        check: not_square,
        ..Rule::BASE
    },
    Rule {
        code: "ART-007",
        title: "Picture is not RGB",
        weight: Weight::ERROR.or(Severity::Warning),
        why: "CMYK is for print; on screens its colours come out wrong, or stores refuse it. Plain \
              greyscale is a warning.",
        fix: "Convert the picture to RGB (sRGB) and export it again.",
        source: "guide, Artwork Requirements",
        ack: "ResourceNotMeetingSpecifications",
        check: not_rgb,
        ..Rule::BASE
    },
    Rule {
        code: "ART-008",
        title: "Cover file is too large",
        why: "The guide takes up to 20 MB, which we read as 20 × 1024 × 1024 bytes.",
        fix: "Export the cover as JPEG with a quality of about 90 percent.",
        source: "guide, Artwork Requirements",
        ack: "ResourceNotMeetingSpecifications",
        check: too_many_bytes,
        ..Rule::BASE
    },
    Rule {
        code: "ART-009",
        title: "Picture is transparent, indexed, deep or interlaced",
        weight: Weight::WARNING,
        why: "Stores show 24-bit RGB. Transparency, palettes and 16 bit a channel are converted, \
              and may look different; some programs do not read interlaced PNG.",
        fix: "Flatten the picture and export it as plain 24-bit RGB.",
        source: "Spotify cover art requirements",
        check: unusual_pixels,
        ..Rule::BASE
    },
    Rule {
        code: "ART-015",
        title: "Cover cannot be told from other pictures",
        weight: Weight::WARNING,
        why: "There are several pictures, none is called artwork, and the message does not say \
              which one is the cover.",
        fix: "Call the cover “artwork.jpg” or “artwork.png”, or describe it in the message as \
              FrontCoverImage.",
        source: "guide, Artwork Requirements (Filename)",
        check: several_candidates,
        ..Rule::BASE
    },
];

pub(super) fn about(picture: &Picture<'_>, message: String) -> Note {
    Note::new(message).file(&picture.file.path)
}

pub(super) fn name_of(picture: &Picture<'_>) -> String {
    quoted(base_name(&picture.file.path))
}

/// A format that stores take, and known dimensions.
fn has_size(facts: &ArtworkFacts) -> bool {
    facts.width > 0 && facts.height > 0
}

pub(super) fn is_taken(format: PictureFormat) -> bool {
    matches!(format, PictureFormat::Jpeg | PictureFormat::Png)
}

/// Covers with known dimensions, for the rules about them.
pub(super) fn covers<'a>(case: &Case<'a>) -> impl Iterator<Item = Picture<'a>> {
    case.pictures()
        .filter(|picture| picture.is_cover && has_size(picture.facts))
}

fn damaged(case: &Case<'_>, findings: &mut Findings<'_>) {
    for picture in case.pictures() {
        let facts = picture.facts;
        let known = facts.format != PictureFormat::Unknown;
        if known && !is_taken(facts.format) {
            continue;
        }
        let why = match (&facts.damage, known) {
            (Some(damage), _) => damage.trim_end_matches('.').to_owned(),
            (None, false) => "it is in no format that we know".to_owned(),
            (None, true) if !facts.decoded => "it cannot be decoded to its end".to_owned(),
            (None, true) => continue,
        };
        findings.add(about(
            &picture,
            format!("{} cannot be used: {why}.", name_of(&picture)),
        ));
    }
    for file in case
        .artwork_files()
        .filter(|file| file.size > 0 && file.artwork.is_none())
    {
        if let Some(failure) = &file.failure {
            findings.add(
                Note::new(format!(
                    "{} could not be inspected: {}.",
                    quoted(base_name(&file.path)),
                    failure.trim_end_matches('.')
                ))
                .file(&file.path),
            );
        }
    }
}

fn other_format(case: &Case<'_>, findings: &mut Findings<'_>) {
    for picture in case.pictures() {
        let format = picture.facts.format;
        if format != PictureFormat::Unknown && !is_taken(format) {
            let what = format!("{} is {}.", name_of(&picture), format.label());
            findings.add(
                about(&picture, what)
                    .expected("JPEG or PNG")
                    .found(format.label()),
            );
        }
    }
}

fn wrong_ending(case: &Case<'_>, findings: &mut Findings<'_>) {
    for picture in case.pictures() {
        let right: &[&str] = match picture.facts.format {
            PictureFormat::Jpeg => &["jpg", "jpeg", "jpe"],
            PictureFormat::Png => &["png"],
            PictureFormat::Gif
            | PictureFormat::Webp
            | PictureFormat::Tiff
            | PictureFormat::Bmp
            | PictureFormat::Heif
            | PictureFormat::Pdf
            | PictureFormat::Unknown => continue,
        };
        let ending = extension(base_name(&picture.file.path));
        if let Some(first) = right.first().filter(|_| !right.contains(&ending.as_str())) {
            let format = picture.facts.format.label();
            let what = format!("{} is {format} inside.", name_of(&picture));
            findings.add(
                about(&picture, what)
                    .expected(format!(".{first}"))
                    .found(&format!(".{ending}")),
            );
        }
    }
}

/// Pixels that the guide asks for, each way.
const LEAST_PIXELS: u32 = 3_000;

fn dimensions(facts: &ArtworkFacts) -> String {
    format!("{} × {}", facts.width, facts.height)
}

fn too_small(case: &Case<'_>, findings: &mut Findings<'_>) {
    for picture in covers(case) {
        let facts = picture.facts;
        // A few pixels short of a square are ART-006's, and a warning.
        let (long, short) = (facts.width.max(facts.height), facts.width.min(facts.height));
        if short >= LEAST_PIXELS || (long >= LEAST_PIXELS && long - short <= NEARLY_SQUARE) {
            continue;
        }
        let what = format!("{} has {} pixels.", name_of(&picture), dimensions(facts));
        findings.add(
            about(&picture, what)
                .expected("3000 × 3000 or more")
                .found(&dimensions(facts)),
        );
    }
}

fn very_large(case: &Case<'_>, findings: &mut Findings<'_>) {
    for picture in covers(case) {
        let facts = picture.facts;
        let (long, short) = (facts.width.max(facts.height), facts.width.min(facts.height));
        if short < LEAST_PIXELS || long <= LEAST_PIXELS {
            continue;
        }
        let what = format!("{} has {} pixels.", name_of(&picture), dimensions(facts));
        findings.add(
            about(&picture, what)
                .expected("3000 × 3000")
                .found(&dimensions(facts))
                .other(long > 6_000),
        );
    }
}

/// Pixels by which width and height may differ before it is an error.
const NEARLY_SQUARE: u32 = 3;

fn not_square(case: &Case<'_>, findings: &mut Findings<'_>) {
    for picture in covers(case) {
        let facts = picture.facts;
        let differs = facts.width.abs_diff(facts.height);
        if differs > 0 {
            let what = format!(
                "{} has {} pixels; width and height have to be equal.",
                name_of(&picture),
                dimensions(facts)
            );
            findings.add(
                about(&picture, what)
                    .found(&dimensions(facts))
                    .other(differs <= NEARLY_SQUARE),
            );
        }
    }
}

fn not_rgb(case: &Case<'_>, findings: &mut Findings<'_>) {
    for picture in case
        .pictures()
        .filter(|picture| is_taken(picture.facts.format))
    {
        let colour = picture.facts.colour;
        let mild = match colour {
            ColourModel::Cmyk | ColourModel::Ycck | ColourModel::GreyAlpha => false,
            ColourModel::Grey => true,
            ColourModel::Rgb | ColourModel::Rgba | ColourModel::Palette | ColourModel::Unknown => {
                continue;
            }
        };
        let what = format!("{} is {}.", name_of(&picture), colour.label());
        findings.add(
            about(&picture, what)
                .expected("RGB")
                .found(colour.label())
                .other(mild),
        );
    }
}

fn too_many_bytes(case: &Case<'_>, findings: &mut Findings<'_>) {
    let most = case.subject.limits.artwork_bytes;
    for picture in case
        .pictures()
        .filter(|picture| picture.is_cover && picture.file.size > most)
    {
        let bytes = size(picture.file.size);
        let what = format!(
            "{} has {bytes}; at most {} are taken.",
            name_of(&picture),
            size(most)
        );
        findings.add(
            about(&picture, what)
                .expected(format!("{} at most", size(most)))
                .found(&bytes),
        );
    }
}

fn unusual_pixels(case: &Case<'_>, findings: &mut Findings<'_>) {
    for picture in case
        .pictures()
        .filter(|picture| is_taken(picture.facts.format))
    {
        let mut odd = Vec::new();
        match picture.facts.colour {
            ColourModel::Rgba => odd.push("transparency"),
            ColourModel::Palette => odd.push("a palette"),
            ColourModel::Rgb
            | ColourModel::Grey
            | ColourModel::GreyAlpha
            | ColourModel::Cmyk
            | ColourModel::Ycck
            | ColourModel::Unknown => {}
        }
        if picture.facts.bits > 8 {
            odd.push("more than 8 bit a channel");
        }
        if picture.facts.interlaced {
            odd.push("interlaced rows");
        }
        if !odd.is_empty() {
            let what = format!("{} has {}.", name_of(&picture), list(&odd));
            findings.add(about(&picture, what));
        }
    }
}

fn several_candidates(case: &Case<'_>, findings: &mut Findings<'_>) {
    if case.cover().is_some() {
        return;
    }
    let names: Vec<String> = case
        .subject
        .folder
        .files
        .iter()
        .filter(|file| file.role == FileRole::Artwork)
        .map(|file| quoted(base_name(&file.path)))
        .collect();
    if names.len() > 1 {
        findings.add(Note::new(format!(
            "Which of {} is the cover?",
            list(&names)
        )));
    }
}
