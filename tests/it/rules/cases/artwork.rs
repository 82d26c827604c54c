//! Artwork.

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
    }),
    error("ART-002", |p| p.cover().format = PictureFormat::Webp),
    warning("ART-003", |p| p.cover().format = PictureFormat::Png),
    error("ART-004", |p| {
        p.cover().width = 1400;
        p.cover().height = 1400;
    }),
    info("ART-005", |p| {
        p.cover().width = 4000;
        p.cover().height = 4000;
    }),
    warning("ART-005", |p| {
        p.cover().width = 8000;
        p.cover().height = 8000;
    }),
    error("ART-006", |p| p.cover().width = 3400),
    warning("ART-006", |p| p.cover().height = 2998),
    error("ART-007", |p| p.cover().colour = ColourModel::Ycck),
    warning("ART-007", |p| p.cover().colour = ColourModel::Grey),
    error("ART-008", |p| p.file("artwork.jpg").size = (20 << 20) + 1),
    warning("ART-009", |p| p.cover().colour = ColourModel::Rgba),
    warning("ART-015", |p| {
        p.message().images.clear();
        p.main().links.pop();
        rename(p, "artwork.jpg", "front.jpg");
        let mut back = p.file("front.jpg").clone();
        back.path = "back.jpg".to_owned();
        p.folder.files.push(back);
    }),
];
