//! ART-010 … ART-016 but for ART-015: what a picture says of itself and of its colours, what it looks
//! like, and what the message says of it.

use super::super::facts::{ArtworkFacts, ColourModel, PictureLooks};
use super::super::likeness::alike;
use super::super::naming::base_name;
use super::super::release::{NamedFile, Technical, Text};
use super::artwork::{about, covers, is_taken, name_of};
use super::case::{Case, Owner, Picture, Reference};
use super::findings::{Findings, Note};
use super::times::told;
use super::wording::{list, quoted, titled};
use super::{Needs, Rule, Severity, Weight};

pub(super) const RULES: &[Rule] = &[
    Rule {
        code: "ART-010",
        title: "Picture is stored turned",
        weight: Weight::WARNING,
        why: "An EXIF note says that the picture has to be turned or mirrored when it is shown. Some \
              programs do so and others do not: the cover may lie on its side in a store.",
        fix: "Open the picture, turn it the right way up, and export it without the note (“reset \
              EXIF orientation”).",
        source: "drop zone",
        check: turned,
        ..Rule::BASE
    },
    Rule {
        code: "ART-011",
        title: "Picture's colour profile is not sRGB",
        weight: Weight::WARNING.or(Severity::Info),
        why: "Stores show sRGB. Colours of Adobe RGB, Display P3 and others come out pale or too \
              bright where the profile is thrown away. A picture without a profile is taken for \
              sRGB: a note.",
        fix: "Convert the picture to sRGB (convert, not assign) and embed the profile.",
        source: "drop zone",
        check: profile,
        ..Rule::BASE
    },
    Rule {
        code: "ART-012",
        title: "Cover looks blank, blurred, enlarged or padded",
        weight: Weight::WARNING,
        why: "Stores refuse covers that are blank or of poor quality. What was enlarged is blurred, \
              and a picture that was no square is often filled up with bars. It is a guess, never a \
              reason to reject.",
        fix: "Look at the cover at full size. If there is a better original, export it from that; if \
              it is meant to be so, nothing has to be done.",
        source: "Apple Music Style Guide, cover art; drop zone",
        check: looks,
        ..Rule::BASE
    },
    Rule {
        code: "ART-013",
        title: "Message describes another picture",
        weight: Weight::WARNING,
        why: "Stores that go by the message expect another size or format than they get. Often the \
              message or the picture is of an earlier version.",
        fix: "State the picture's real values in TechnicalImageDetails, or leave them out.",
        source: "DDEX ERN 3.8.2, TechnicalImageDetails",
        needs: Needs::Message,
        check: described,
        ..Rule::BASE
    },
    Rule {
        code: "ART-014",
        title: "Cover is that of another release",
        weight: Weight::WARNING.or(Severity::Info),
        why: "The same picture on two releases is often the wrong file, and listeners take one for the \
              other. With the same title it is another version of one release: a note.",
        fix: "Check that this is the right cover. If both are meant to have it, nothing has to be \
              done.",
        source: "drop zone",
        needs: Needs::History,
        check: seen_before,
        ..Rule::BASE
    },
    Rule {
        code: "ART-016",
        title: "Cover carries a QR code",
        weight: Weight::QUESTION,
        why: "Stores refuse covers with QR codes, web addresses, prices and logos of other services. \
              The reviewer looks at the cover and decides; what else stands on it only a person sees.",
        fix: "Upload a cover without the code.",
        source: "guide, Artwork Requirements; Apple Music Style Guide, cover art",
        ack: "ResourceNotMeetingSpecifications",
        check: codes,
        ..Rule::BASE
    },
];

/// Pictures of a format that stores take.
fn taken<'a>(case: &Case<'a>) -> impl Iterator<Item = Picture<'a>> {
    let pictures = case.pictures();
    pictures.filter(|picture| is_taken(picture.facts.format))
}

/// What an orientation other than 1 does to a picture. Source: Exif 3.0, 4.6.5.
fn turn(orientation: u32) -> Option<&'static str> {
    match orientation {
        2 => Some("mirrored left to right"),
        3 => Some("turned upside down"),
        4 => Some("mirrored top to bottom"),
        5 => Some("mirrored and turned a quarter to the left"),
        6 => Some("turned a quarter to the right"),
        7 => Some("mirrored and turned a quarter to the right"),
        8 => Some("turned a quarter to the left"),
        _ => None,
    }
}

fn turned(case: &Case<'_>, findings: &mut Findings<'_>) {
    for picture in taken(case) {
        let orientation = picture.facts.orientation.unwrap_or(1);
        if let Some(turn) = turn(orientation) {
            let what = format!(
                "{} says of itself that it has to be {turn} to be seen right (EXIF orientation \
                 {orientation}).",
                name_of(&picture)
            );
            findings.add(
                about(&picture, what)
                    .expected("1")
                    .found(&orientation.to_string()),
            );
        }
    }
}

fn profile(case: &Case<'_>, findings: &mut Findings<'_>) {
    for picture in taken(case) {
        let facts = picture.facts;
        let is_coloured = match facts.colour {
            ColourModel::Rgb | ColourModel::Rgba | ColourModel::Palette => facts.decoded,
            // Grey has no colours to go wrong, and CMYK is ART-007's.
            ColourModel::Grey
            | ColourModel::GreyAlpha
            | ColourModel::Cmyk
            | ColourModel::Ycck
            | ColourModel::Unknown => false,
        };
        let name = name_of(&picture);
        match &facts.colour_profile {
            Some(profile) if is_coloured && !profile.is_srgb => {
                let what = format!(
                    "{name} has the colour profile {}.",
                    quoted(&profile.description)
                );
                findings.add(
                    about(&picture, what)
                        .expected("sRGB")
                        .found(&profile.description),
                );
            }
            None if is_coloured => {
                let what = format!("{name} has no colour profile; stores take it for sRGB.");
                findings.add(
                    about(&picture, what)
                        .fix("If its colours are sRGB, nothing has to be done.")
                        .other(true),
                );
            }
            Some(_) | None => {}
        }
    }
}

/// Share of a picture that has one colour from which on nothing else is on it.
const BLANK: f64 = 0.999_95;

/// What may be wrong, to follow the picture's name.
fn impressions(facts: &ArtworkFacts, looks: &PictureLooks) -> Vec<String> {
    let mut seen = Vec::new();
    if looks.plain >= BLANK {
        return vec!["is blank: all of it has one colour".to_owned()];
    }
    match looks.enlarged {
        (true, true) => seen.push("seems to be enlarged from a smaller picture".to_owned()),
        (true, false) => seen.push("seems to be stretched in width".to_owned()),
        (false, true) => seen.push("seems to be stretched in height".to_owned()),
        (false, false) if looks.blurred => seen.push("is blurred all over".to_owned()),
        (false, false) => {}
    }
    if looks.bars {
        let [top, _, _, left] = looks.border;
        let (where_, width) = if top > left {
            ("at the top and bottom", top)
        } else {
            ("at the left and right", left)
        };
        let of = if top > left {
            facts.height
        } else {
            facts.width
        };
        seen.push(format!(
            "has plain bars {where_}, {width} of {of} pixels each: it seems to be filled up to a \
             square"
        ));
    }
    seen
}

fn looks(case: &Case<'_>, findings: &mut Findings<'_>) {
    for picture in covers(case) {
        let Some(looks) = &picture.facts.looks else {
            continue;
        };
        let seen = impressions(picture.facts, looks);
        if !seen.is_empty() {
            let what = format!("{} {}.", name_of(&picture), list(&seen));
            findings.add(about(&picture, what));
        }
    }
}

/// The technical details that name a file.
fn details_of<'a>(
    case: &Case<'a>,
    reference: &Reference<'a>,
) -> Option<(&'a Technical, &'a ArtworkFacts)> {
    let Owner::Picture(index) = reference.owner else {
        return None;
    };
    let facts = reference.hit?.0.artwork.as_ref()?;
    let image = case.message?.images.get(index)?;
    let names = |file: &NamedFile| std::ptr::eq(file, reference.named);
    let technical = image.technical.iter().find(|technical| {
        let mut files = technical.files.iter();
        files.any(names)
    })?;
    Some((technical, facts))
}

fn described(case: &Case<'_>, findings: &mut Findings<'_>) {
    for reference in &case.references {
        let Some((technical, facts)) = details_of(case, reference) else {
            continue;
        };
        let Some((file, _)) = reference.hit.filter(|_| facts.width > 0) else {
            continue;
        };
        let name = quoted(base_name(&file.path));
        let sides = [
            ("width", &technical.width, facts.width),
            ("height", &technical.height, facts.height),
        ];
        for (side, stated, real) in sides {
            let Some(stated) = stated else { continue };
            let number = stated.as_str().trim().parse::<f64>().ok();
            if number.is_some_and(|number| (number - f64::from(real)).abs() >= 1.0) {
                let what = format!(
                    "The message states a {side} of {} for {name}, which has {real} pixels.",
                    quoted(stated.as_str())
                );
                findings.add(
                    Note::new(what)
                        .at(&stated.at)
                        .expected(real.to_string())
                        .found(stated.as_str()),
                );
            }
        }
        if let Some(stated) = technical
            .codec
            .as_ref()
            .filter(|codec| is_other(codec, facts))
        {
            let format = facts.format.label();
            let what = format!(
                "The message states the format {} for {name}, which is {format}.",
                quoted(stated.as_str())
            );
            findings.add(
                Note::new(what)
                    .at(&stated.at)
                    .expected(format)
                    .found(stated.as_str()),
            );
        }
    }
}

/// Whether a stated codec is another one than the file's. `UserDefined` may be anything.
fn is_other(stated: &Text, facts: &ArtworkFacts) -> bool {
    let stated = stated.as_str().trim().to_ascii_uppercase();
    let known = ["JPEG", "JPG", "PNG", "GIF", "TIFF", "BMP"];
    let real = facts.format.label();
    let is_same = stated == real || (stated == "JPG" && real == "JPEG");
    known.contains(&stated.as_str()) && is_taken(facts.format) && !is_same
}

fn seen_before(case: &Case<'_>, findings: &mut Findings<'_>) {
    let (Some(history), Some((_, main))) = (case.subject.history, case.main()) else {
        return;
    };
    for picture in covers(case) {
        let Some(likeness) = &picture.facts.likeness else {
            continue;
        };
        let mut earlier = history.covers.iter();
        if let Some(same) = earlier.find(|cover| alike(&cover.likeness, likeness)) {
            let what = format!(
                "{} looks like the cover of {} ({}), which you sent on {}.",
                name_of(&picture),
                titled(&same.title),
                same.icpn,
                told(same.received_at)
            );
            findings.add(about(&picture, what).other(same.title == main.title()));
        }
    }
}

fn codes(case: &Case<'_>, findings: &mut Findings<'_>) {
    for picture in covers(case) {
        let texts: Vec<String> = picture
            .facts
            .codes
            .iter()
            .map(|text| quoted(text))
            .collect();
        let what = match texts.as_slice() {
            [] => continue,
            [text] => format!("{} carries a QR code: {text}.", name_of(&picture)),
            texts => format!("{} carries QR codes: {}.", name_of(&picture), list(texts)),
        };
        findings.add(about(&picture, what));
    }
}
