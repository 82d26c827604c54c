//! References and composition.

use super::super::package::{file_name, main_release, text};
use super::{Case, Info, Warning, error, forgiven, graded, rename, warning};
use dropzone::domain::release::Title;

pub(super) const CASES: &[Case] = &[
    error("REF-001", |p| {
        p.track(2).technical[0].reference.as_mut().unwrap().value = "T1".to_owned();
    }),
    error("REF-001", |p| {
        p.message().releases[2].reference.as_mut().unwrap().value = "R1".to_owned();
        p.message().deals[0].releases.pop();
    })
    .sound(|p| {
        p.track(2).technical[0].reference.as_mut().unwrap().value = "T22".to_owned();
    }),
    error("REF-002", |p| {
        p.main().links[2].reference.value = "A7".to_owned();
    })
    .sound(|p| {
        p.main().links[2].reference.value = "A7".to_owned();
        p.message().images[0].reference.as_mut().unwrap().value = "A7".to_owned();
    }),
    error("REF-003", |p| {
        p.message().deals[0].releases[1].value = "R7".to_owned();
    }),
    error("REF-003", |p| {
        p.message().deals[0].releases[0].value = "R7".to_owned();
    })
    .sound(|p| {
        p.message().deals[0].releases[1].value = "R7".to_owned();
        p.message().releases[1].reference.as_mut().unwrap().value = "R7".to_owned();
    }),
    warning("REF-004", |p| {
        p.main().links.remove(1);
        p.main().items.truncate(1);
        p.message().releases.truncate(2);
        p.message().deals[0].releases.truncate(2);
    })
    .sound(|p| p.main().links.swap(0, 1)),
    forgiven("REF-005", |p| p.main().is_main = None),
    forgiven("REF-005", |p| {
        p.message().releases[1].is_main = Some(text("true", 230, "x"));
    }),
    error("REF-005", |p| {
        p.message().releases.clear();
        p.message().deals.clear();
    })
    .sound(|p| p.message().releases[1].is_main = Some(text("false", 230, "x"))),
    error("REF-006", |p| {
        let mut second = main_release();
        second.is_main = None;
        second.reference.as_mut().unwrap().value = "R5".to_owned();
        p.message().releases.push(second);
    })
    .sound(|p| p.message().releases.swap(0, 2)),
    graded("REF-007", Info, Warning, |p| {
        p.message().releases.truncate(2);
        p.message().deals[0].releases.truncate(2);
    })
    .sound(|p| {
        // Found by the ISRC alone.
        p.message().releases[2].links.clear();
        p.message().releases[2].isrc = Some(text("NGA3B2600002", 241, "x"));
    }),
    error("REF-008", |p| {
        p.main().items[1].sequence.as_mut().unwrap().value = "1".to_owned();
    }),
    error("REF-008", |p| {
        p.main().items[1].sequence.as_mut().unwrap().value = "3".to_owned();
    }),
    error("REF-008", |p| p.main().items[0].sequence = None),
    warning("REF-008", |p| p.main().items.clear()).sound(|p| {
        p.main().items.swap(0, 1);
        p.main().items[0].group = 2;
        p.main().items[0].sequence.as_mut().unwrap().value = "1".to_owned();
    }),
    warning("REF-009", |p| {
        p.message().images.clear();
        p.main().links.pop();
    })
    .sound(|p| p.message().images[0].proprietary_id = Some(text("COVER-1", 182, "x"))),
    warning("REF-010", |p| {
        let mut second = p.message().images[0].clone();
        second.reference.as_mut().unwrap().value = "A8".to_owned();
        second.technical.clear();
        p.message().images.push(second);
    })
    .sound(|p| {
        let mut back = p.message().images[0].clone();
        back.reference.as_mut().unwrap().value = "A8".to_owned();
        back.kind.as_mut().unwrap().value = "BackCoverImage".to_owned();
        back.technical.clear();
        p.message().images.push(back);
    }),
    warning("REF-011", |p| p.main().links[0].kind = None)
        .sound(|p| p.main().links[0].kind = Some("SecondaryResource".to_owned())),
    warning("REF-012", |p| {
        p.message().releases[2].titles.push(Title {
            text: text("Harmattan", 244, "x"),
            ..Title::default()
        });
    })
    .sound(|p| {
        p.message().releases[2].titles.push(Title {
            text: text("DRY SEASON", 244, "x"),
            ..Title::default()
        });
    }),
    warning("REF-012", |p| {
        p.message().releases[2].isrc = Some(text("NGA3B2600003", 241, "x"));
    })
    .sound(|p| {
        p.message().releases[2].isrc = Some(text("NG-A3B-26-00002", 241, "x"));
    }),
    warning("REF-012", |p| {
        p.message().releases[2].artist_name = Some(text("Ngozi", 246, "x"));
    })
    .sound(|p| {
        p.message().releases[2].artist_name = Some(text("Adaeze feat. Ngozi", 246, "x"));
    }),
    warning("REF-012", |p| {
        p.message().releases[2].duration = Some(text("PT3M24S", 246, "x"));
    })
    .sound(|p| {
        p.message().releases[2].duration = Some(text("PT3M43S", 246, "x"));
    }),
    warning("REF-013", |p| {
        for (n, name) in [(1, "02_Harmattan.wav"), (2, "01_DrySeason.wav")] {
            rename(p, &file_name(n), name);
            p.track(n as usize).technical[0].files[0].name.value = name.to_owned();
        }
    })
    .sound(|p| {
        // From an album, on which it is the ninth.
        rename(p, &file_name(1), "09_Harmattan.wav");
        p.track(1).technical[0].files[0].name.value = "09_Harmattan.wav".to_owned();
    }),
];
