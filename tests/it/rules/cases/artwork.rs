//! Artwork.

use super::super::package::Package;
use super::{Case, error, info, rename, warning};
use dropzone::domain::facts::{ColourModel, PictureFormat};

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
];

/// A cover that is a PNG, and says so.
fn is_png(package: &mut Package) {
    package.cover().format = PictureFormat::Png;
    rename(package, "artwork.jpg", "artwork.png");
    "artwork.png".clone_into(&mut package.message().images[0].technical[0].files[0].name.value);
}
