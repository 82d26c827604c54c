//! Package and folder.

use super::super::package::{audio_file, earlier, file_name, text};
use super::{Case, error, forgiven, info, rename, warning};
use dropzone::domain::facts::{BatchManifest, FileRole, ListedMessage, fingerprint};
use dropzone::domain::history::Earlier;
use dropzone::domain::lifecycle::Status;

pub(super) const CASES: &[Case] = &[
    error("PKG-002", |p| {
        p.remove("metadata.xml");
        p.folder.messages.clear();
        p.reading = None;
        p.message_file = None;
    })
    .sound(|p| {
        rename(p, "metadata.xml", "Metadata.xml");
        p.folder.messages = vec!["Metadata.xml".to_owned()];
        p.message_file = Some("Metadata.xml".to_owned());
    }),
    forgiven("PKG-003", |p| {
        rename(p, "metadata.xml", "Metadata.xml");
        p.folder.messages = vec!["Metadata.xml".to_owned()];
        p.message_file = Some("Metadata.xml".to_owned());
    })
    .sound(|p| p.file("metadata.xml").size += 1),
    error("PKG-004", |p| {
        p.add_file("old.xml", FileRole::Message);
        p.folder.messages.push("old.xml".to_owned());
    })
    .sound(|p| {
        p.add_file("ingest.xml", FileRole::Other);
    }),
    error("PKG-005", |p| {
        p.remove(&file_name(1));
        p.remove(&file_name(2));
    })
    .sound(super::super::package::Package::one_track),
    error("PKG-005", |p| {
        for n in 1..=2 {
            p.remove(&file_name(n));
            p.track(n as usize).technical[0].files.clear();
        }
    }),
    error("PKG-006", |p| {
        p.remove("artwork.jpg");
        p.message().images[0].technical[0].files.clear();
    }),
    error("PKG-006", |p| p.remove("artwork.jpg")).sound(|p| {
        rename(p, "artwork.jpg", "front.jpg");
        p.message().images[0].technical[0].files[0].name.value = "front.jpg".to_owned();
    }),
    error("PKG-007", |p| p.remove("01_Harmattan.wav")),
    error("PKG-007", |p| p.remove("02_DrySeason.wav")).sound(|p| {
        // Named by no extension of pictures, and there.
        rename(p, "artwork.jpg", "cover.jfif");
        p.message().images[0].technical[0].files[0].name.value = "cover.jfif".to_owned();
    }),
    error("PKG-007", |p| {
        rename(p, "01_Harmattan.wav", "01_Harmatan.wav");
    })
    .sound(|p| {
        rename(p, "01_Harmattan.wav", "resources/01_Harmattan.wav");
        p.track(1).technical[0].files[0].path = Some(text("resources/", 54, "x"));
    }),
    forgiven("PKG-008", |p| {
        rename(p, "01_Harmattan.wav", "01_HARMATTAN.wav");
    })
    .sound(|p| {
        rename(p, "01_Harmattan.wav", "01_HARMATTAN.wav");
        p.track(1).technical[0].files[0].name.value = "01_HARMATTAN.wav".to_owned();
    }),
    warning("PKG-009", |p| {
        rename(p, "01_Harmattan.wav", "01_Été.wav");
        p.track(1).technical[0].files[0].name.value = "01_E\u{301}te\u{301}.wav".to_owned();
    })
    .sound(|p| {
        rename(p, "01_Harmattan.wav", "01_Été.wav");
        p.track(1).technical[0].files[0].name.value = "01_Été.wav".to_owned();
    }),
    error("PKG-010", |p| {
        p.track(1).technical[0].files[0].name.value = "../01_Harmattan.wav".to_owned();
    }),
    error("PKG-010", |p| {
        p.track(1).technical[0].files[0].name.value = "s3://bucket/01_Harmattan.wav".to_owned();
    }),
    warning("PKG-010", |p| {
        let folder = p.folder.folder.clone();
        p.track(1).technical[0].files[0].name.value = format!("{folder}/01_Harmattan.wav");
    })
    .sound(|p| {
        rename(p, "01_Harmattan.wav", "resources/01_Harmattan.wav");
        p.track(1).technical[0].files[0].name.value = "resources/01_Harmattan.wav".to_owned();
    }),
    warning("PKG-011", |p| {
        let mut bonus = audio_file(3);
        bonus.path = "03_Bonus.wav".to_owned();
        p.folder.files.push(bonus);
    })
    .sound(|p| {
        p.message().images.clear();
        p.main().links.pop();
    }),
    info("PKG-012", |p| {
        p.add_file("booklet.pdf", FileRole::Other);
    })
    .sound(|p| {
        p.folder.junk.push(".DS_Store".to_owned());
    }),
    error("PKG-013", |p| p.file("02_DrySeason.wav").size = 0),
    error("PKG-013", |p| p.file("artwork.jpg").size = 0).sound(|p| {
        p.add_file("empty.txt", FileRole::Other).size = 0;
    }),
    error("PKG-014", |p| {
        p.folder.refused.push((
            "cover\n.jpg".to_owned(),
            "control character in its name".to_owned(),
        ));
    })
    .sound(|p| {
        p.add_file("Cover – final (ü).txt", FileRole::Other);
    }),
    error("PKG-014", |p| {
        p.remove("01_Harmattan.wav");
        let link = "is a link; links are not followed".to_owned();
        p.folder.refused.push(("01_Harmattan.wav".to_owned(), link));
    }),
    warning("PKG-015", |p| p.folder.folders.push("CD 1".to_owned())),
    warning("PKG-015", |p| {
        p.folder.nested_in = Some("Harmattan".to_owned());
    })
    .sound(|p| p.folder.folders.push("resources".to_owned())),
    error("PKG-016", |p| p.limits.package_bytes = 1 << 20),
    error("PKG-016", |p| p.limits.package_files = 2),
    error("PKG-016", |p| p.limits.message_bytes = 100).sound(|p| p.limits.package_files = 4),
    error("PKG-017", |p| {
        rename(p, "02_DrySeason.wav", "02_DrySeason.wav.filepart");
        p.file("02_DrySeason.wav.filepart").role = FileRole::Temporary;
    }),
    warning("PKG-017", |p| {
        p.add_file("02_DrySeason.wav.filepart", FileRole::Temporary);
    })
    .sound(|p| {
        p.add_file("party.txt", FileRole::Other);
    }),
    info("PKG-019", |p| p.folder.folder = "final master".to_owned())
        .sound(|p| p.folder.folder = "20260323101500000/6151234567891".to_owned()),
    warning("PKG-020", |p| {
        p.folder.folder = "Adaeze_Harmattan_5034567890120_20260410".to_owned();
    })
    .sound(|p| p.folder.folder = "Adaeze_Harmattan_06151234567891_20260410".to_owned()),
    warning("PKG-021", |p| {
        p.add_file("release.zip", FileRole::Archive);
    })
    .sound(|p| {
        p.add_file("release.zip.txt", FileRole::Other);
    }),
    warning("PKG-022", |p| {
        for (n, name) in [(1, "Harmattan.wav"), (2, "HARMATTAN.wav")] {
            rename(p, &file_name(n), name);
            p.track(n as usize).technical[0].files[0].name.value = name.to_owned();
        }
    }),
    warning("PKG-022", |p| {
        p.add_file("Artwork.jpg", FileRole::Other);
    })
    .sound(|p| {
        p.add_file("Artwork.txt", FileRole::Other);
    }),
    error("PKG-023", |p| p.file("01_Harmattan.wav").changed = true)
        .sound(|p| p.file("01_Harmattan.wav").failure = None),
    error("PKG-024", |p| {
        p.folder.manifests.push(manifest("2", "6151234567891"))
    })
    .sound(|p| p.folder.manifests.push(manifest("1", "06151234567891"))),
    error("PKG-024", |p| {
        p.folder.manifests.push(manifest("1", "036000291452"))
    }),
    error("PKG-024", |p| {
        p.folder.manifests.push(BatchManifest {
            fault: Some("It is no XML.".to_owned()),
            ..manifest("1", "6151234567891")
        });
    }),
    warning("PKG-024", |p| {
        let mut manifest = manifest("1", "6151234567891");
        manifest.messages[0].url = Some("AWS_S3://KEY@bucket//x.xml".to_owned());
        p.folder.manifests.push(manifest);
    }),
    error("PKG-025", |p| {
        p.file("01_Harmattan.wav").md5 = Some("0".repeat(32));
    }),
    info("PKG-025", |p| {
        let hash = p.track(1).technical[0].files[0].hash.as_mut().unwrap();
        hash.algorithm.value = "CRC32".to_owned();
        hash.value.value = "cafe0000".to_owned();
    })
    .sound(|p| {
        let hash = p.track(1).technical[0].files[0].hash.as_mut().unwrap();
        hash.value.value = hash.value.value.to_uppercase();
    }),
    info("PKG-026", |p| {
        for n in 1..=2 {
            p.track(n).technical[0].files[0].hash = None;
        }
        p.message().images[0].technical[0].files[0].hash = None;
    })
    .sound(|p| {
        for n in 1..=2 {
            p.track(n).technical[0].files[0].hash = None;
        }
    }),
    error("PKG-027", |p| {
        p.file("02_DrySeason.wav").sha256 = Some("1".repeat(64));
    }),
    warning("PKG-027", |p| {
        p.file("02_DrySeason.wav").sha256 = Some("1".repeat(64));
        p.track(2).isrc.as_mut().unwrap().value = "NGA3B2600001".to_owned();
    })
    .sound(|p| {
        let size = p.file("01_Harmattan.wav").size;
        p.file("02_DrySeason.wav").size = size;
    }),
    info("PKG-029", |p| {
        let history = p.history.get_or_insert_default();
        history.taken_over = vec!["01_first.wav".to_owned(), "artwork.jpg".to_owned()];
    })
    .sound(|p| {
        p.history.get_or_insert_default();
    }),
    info("PKG-028", |p| {
        let print = fingerprint(p.folder.files.iter().map(|file| {
            (
                file.path.as_str(),
                file.size,
                file.sha256.as_deref().unwrap(),
            )
        }));
        p.after(Earlier {
            fingerprint: Some(print),
            ..earlier(Status::Superseded)
        });
    })
    .sound(|p| {
        p.after(Earlier {
            fingerprint: Some("0".repeat(64)),
            ..earlier(Status::Superseded)
        });
    }),
];

/// A manifest with one message.
fn manifest(number: &str, icpn: &str) -> BatchManifest {
    BatchManifest {
        path: "BatchComplete_20260323101500000.xml".to_owned(),
        fault: None,
        number: Some(number.to_owned()),
        messages: vec![ListedMessage {
            message_id: None,
            icpns: vec![icpn.to_owned()],
            url: Some("./6151234567891/6151234567891.xml".to_owned()),
        }],
    }
}
