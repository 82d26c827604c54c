//! Artwork.

use super::super::package::Package;
use super::super::package::text;
use super::{Case, error, info, question, rename, warning};
use dropzone::domain::facts::{ColourModel, ColourProfile, PictureFormat, PictureLooks};
use dropzone::domain::history::EarlierCover;

pub(super) const CASES: &[Case] = &[
    error("ART-001", |p| {
        p.cover().decoded = false;
        p.cover().damage = Some("its end is missing".to_owned());
    }),
    error("ART-001", |p| {
        let file = p.file("artwork.jpg");
        file.artwork = None;
        file.failure = Some("the decoder stopped".to_owned());
    })
    .sound(|p| p.file("artwork.jpg").size = 400_000),
    error("ART-002", |p| p.cover().format = PictureFormat::Webp).sound(is_png),
    warning("ART-003", |p| p.cover().format = PictureFormat::Png).sound(is_png),
    error("ART-004", |p| {
        p.cover().width = 1400;
        p.cover().height = 1400;
    })
    .sound(|p| {
        p.cover().width = 3001;
        p.cover().height = 3001;
    }),
    info("ART-005", |p| {
        p.cover().width = 4000;
        p.cover().height = 4000;
    }),
    warning("ART-005", |p| {
        p.cover().width = 8000;
        p.cover().height = 8000;
    })
    .sound(|p| p.file("artwork.jpg").size = 12_000_000),
    error("ART-006", |p| p.cover().width = 3400),
    warning("ART-006", |p| p.cover().height = 2998).sound(|p| {
        p.cover().width = 3002;
        p.cover().height = 3002;
    }),
    error("ART-007", |p| p.cover().colour = ColourModel::Ycck),
    warning("ART-007", |p| p.cover().colour = ColourModel::Grey)
        .sound(|p| p.cover().colour = ColourModel::Rgb),
    error("ART-008", |p| p.file("artwork.jpg").size = (20 << 20) + 1)
        .sound(|p| p.file("artwork.jpg").size = 20 << 20),
    warning("ART-009", |p| p.cover().colour = ColourModel::Rgba).sound(is_png),
    warning("ART-015", |p| {
        p.message().images.clear();
        p.main().links.pop();
        rename(p, "artwork.jpg", "front.jpg");
        let mut back = p.file("front.jpg").clone();
        back.path = "back.jpg".to_owned();
        p.folder.files.push(back);
    })
    .sound(|p| {
        p.message().images.clear();
        p.main().links.pop();
        let mut back = p.file("artwork.jpg").clone();
        back.path = "back.jpg".to_owned();
        p.folder.files.push(back);
    }),
    warning("ART-009", |p| {
        is_png(p);
        let cover = p.file("artwork.png").artwork.as_mut().unwrap();
        cover.interlaced = true;
    }),
    warning("ART-010", |p| p.cover().orientation = Some(6))
        .sound(|p| p.cover().orientation = Some(1)),
    warning("ART-011", |p| {
        p.cover().colour_profile = profile("Display P3", false)
    }),
    info("ART-011", |p| p.cover().colour_profile = None)
        .sound(|p| p.cover().colour_profile = profile("c2", true)),
    warning("ART-012", |p| p.looks().plain = 1.0),
    warning("ART-012", |p| p.looks().blurred = true),
    warning("ART-012", |p| p.looks().enlarged = (true, true)),
    warning("ART-012", |p| p.looks().enlarged = (false, true)),
    warning("ART-012", |p| {
        p.looks().bars = true;
        p.looks().border = [500, 0, 500, 0];
    })
    .sound(|p| {
        // White with a line of small letters in the middle.
        *p.looks() = PictureLooks {
            plain: 0.9998,
            border: [1_480, 1_400, 1_480, 1_400],
            ..PictureLooks::default()
        };
    }),
    warning("ART-013", |p| stated(p, Some("1400"), "JPEG")),
    warning("ART-013", |p| stated(p, None, "PNG")).sound(|p| stated(p, Some("3000"), "JPEG")),
    warning("ART-014", |p| earlier_cover(p, LIKENESS, "Dry Season")),
    info("ART-014", |p| earlier_cover(p, LIKENESS, "Harmattan"))
        .sound(|p| earlier_cover(p, "e592695245a12dcaeaa8eaa3eaaa28e3", "Dry Season")),
    question("ART-016", |p| {
        p.cover().codes = vec!["https://example.com/presave".to_owned()];
    })
    .sound(|p| {
        // On the back, which is not shown.
        let mut back = p.file("artwork.jpg").clone();
        back.path = "back.jpg".to_owned();
        back.artwork.as_mut().unwrap().codes = vec!["https://example.com".to_owned()];
        p.folder.files.push(back);
    }),
];

const LIKENESS: &str = "1a6d9652baa12dcaeaa8eaa3eaaa28e3";

fn profile(description: &str, is_srgb: bool) -> Option<ColourProfile> {
    Some(ColourProfile {
        description: description.to_owned(),
        is_srgb,
    })
}

/// What the message says of the cover.
fn stated(package: &mut Package, side: Option<&str>, codec: &str) {
    let technical = &mut package.message().images[0].technical[0];
    technical.width = side.map(|side| text(side, 184, "ResourceList/Image/ImageWidth"));
    technical.height.clone_from(&technical.width);
    technical.codec = Some(text(codec, 184, "ResourceList/Image/ImageCodecType"));
}

/// Another release with such a cover.
fn earlier_cover(package: &mut Package, likeness: &str, title: &str) {
    package.cover().likeness = Some(LIKENESS.to_owned());
    let history = package.history.get_or_insert_default();
    history.covers.push(EarlierCover {
        likeness: likeness.to_owned(),
        title: title.to_owned(),
        icpn: "5034567890120".to_owned(),
        received_at: "2026-01-12T14:05:00Z".parse().unwrap(),
    });
}

/// A cover that is a PNG, and says so.
fn is_png(package: &mut Package) {
    package.cover().format = PictureFormat::Png;
    rename(package, "artwork.jpg", "artwork.png");
    "artwork.png".clone_into(&mut package.message().images[0].technical[0].files[0].name.value);
}
