//! The whole way of a package, through the outer border: uploads by OpenSSH's `sftp`, decisions by
//! the command line, mails and pushes as files.

use crate::kit::{TestDaemon, release, shared, wait};
use crate::mail::parsed::Mail;
use dropzone::cli::demo::material::audio::pcm::{Coding, Wav};
use dropzone::cli::demo::material::cover::Cover;
use dropzone::cli::demo::material::{Encoding, ReleaseSpec, TrackSpec};
use serde_json::Value;
use std::fs;
use std::path::Path;

fn codes(package: &Value, severity: &str) -> Vec<String> {
    let mut codes: Vec<String> = package["findings"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|finding| finding["severity"] == severity)
        .map(|finding| finding["code"].as_str().unwrap().to_owned())
        .collect();
    codes.dedup();
    codes
}

fn kinds(package: &Value) -> Vec<String> {
    package["letters"]
        .as_array()
        .unwrap()
        .iter()
        .map(|l| l["kind"].as_str().unwrap().to_owned())
        .collect()
}

/// A label mends its message and sends nothing else again.
#[test]
fn a_correction_needs_only_what_changed() {
    let daemon = TestDaemon::start("");
    let label = daemon.label("quayside", &["--dsp", "store"]);
    let folder = daemon.material(&release(41));
    let name = folder_of(&folder);
    let message = folder.join("metadata.xml");
    let sound = fs::read_to_string(&message).unwrap();
    fs::write(&message, sound.replace(">Worldwide<", ">UK<")).unwrap();
    daemon.sftp_ok(
        &label,
        &format!("cd incoming\nput -r {}\n", folder.display()),
    );
    let first = daemon.wait_status(&name, "invalid");
    assert_eq!(codes(&first, "error"), ["DEAL-005"]);
    fs::write(&message, &sound).unwrap();
    daemon.sftp_ok(
        &label,
        &format!("cd incoming/{name}\nput {}\n", message.display()),
    );
    let second = daemon.wait_status(&name, "needs_qc");
    assert_eq!(second["attempt"], 2);
    assert_eq!(codes(&second, "error"), Vec::<String>::new());
    assert!(codes(&second, "info").contains(&"PKG-029".to_owned()));
    let mail = daemon.mails().pop().unwrap();
    assert!(mail.contains("taken from your earlier upload"), "{mail}");
    daemon.approve(second["id"].as_str().unwrap());
    daemon.wait_status(&name, "delivered");
    let sent = fs::read_dir(daemon.dsp()).unwrap().next().unwrap().unwrap();
    let sent = fs::read_dir(sent.path()).unwrap().map(Result::unwrap);
    let sounds = sent.filter(|file| file.file_name().to_string_lossy().ends_with(".wav"));
    assert_eq!(sounds.count(), 3);
    // From now on the folder begins anew.
    daemon.sftp_ok(
        &label,
        &format!("cd incoming/{name}\nput {}\n", message.display()),
    );
    let listing = daemon.sftp_ok(&label, &format!("ls -1 incoming/{name}\n"));
    assert!(listing.contains("metadata.xml"), "{listing}");
}

fn folder_of(path: &Path) -> String {
    path.file_name().unwrap().to_string_lossy().into_owned()
}

#[test]
fn a_sound_release_goes_all_the_way() {
    let daemon = TestDaemon::start("");
    let label = daemon.label("quayside", &["--dsp", "store"]);
    let folder = daemon.material(&release(1));
    let name = folder_of(&folder);
    daemon.sftp_ok(
        &label,
        &format!("cd incoming\nput -r {}\n", folder.display()),
    );

    let package = daemon.wait_status(&name, "needs_qc");
    assert_eq!(codes(&package, "error"), Vec::<String>::new());
    assert_eq!(package["attempt"], 1);
    assert_eq!(package["tracks"].as_array().unwrap().len(), 3);
    assert_eq!(package["tracks"][0]["rate_hz"], 44100);
    let report = TestDaemon::report_of(&package);
    let listing = daemon.sftp_ok(&label, &format!("ls -1 {report}\n"));
    for file in ["REPORT.html", "REPORT.txt", "report.json"] {
        assert!(listing.contains(file), "{listing}");
    }
    // It is ours now: seen, and not to be taken away.
    let listing = daemon.sftp_ok(&label, &format!("ls -1 incoming/{name}\n"));
    assert_eq!(listing.matches(".wav").count(), 3, "{listing}");
    let refused = daemon.sftp(&label, &format!("rm incoming/{name}/metadata.xml\n"));
    assert!(!refused.status.success());

    let id = package["id"].as_str().unwrap();
    let approved = daemon.approve(id);
    assert_eq!(approved.status.code(), Some(0));
    let package = daemon.wait_status(&name, "delivered");
    assert_eq!(package["pushes"][0]["state"], "sent");
    let target = fs::read_dir(daemon.dsp())
        .unwrap()
        .next()
        .unwrap()
        .unwrap()
        .path();
    let mut there: Vec<String> = fs::read_dir(&target)
        .unwrap()
        .map(|e| e.unwrap().file_name().to_string_lossy().into_owned())
        .collect();
    there.sort();
    assert_eq!(
        there,
        [
            "01_HarbourLights.wav",
            "02_LowWater.wav",
            "03_LastBoatHome.wav",
            "artwork.jpg",
            "delivery.complete",
            "metadata.xml"
        ]
    );
    for file in ["01_HarbourLights.wav", "artwork.jpg", "metadata.xml"] {
        assert!(
            fs::read(target.join(file)).unwrap() == fs::read(folder.join(file)).unwrap(),
            "{file} arrived as it was sent"
        );
    }
    daemon.mails();
    let package = daemon.package(id);
    assert_eq!(
        kinds(&package),
        ["incoming", "needs_qc", "qc_approved", "delivered"]
    );
    let refused = daemon.command(&["qc", "approve", id]);
    assert_eq!(refused.status.code(), Some(4), "a decision is made once");
}

#[test]
fn a_faulty_release_is_explained_and_mended() {
    let daemon = TestDaemon::start("");
    let label = daemon.label("quayside", &["--dsp", "store"]);
    let mut spec = release(2);
    spec.artwork = Some((
        "artwork.jpg".into(),
        Cover {
            width: 1400,
            height: 1400,
            ..Cover::default()
        },
    ));
    spec.tracks[1].signal.channels = 1;
    spec.tracks[2].isrc = String::new();
    let folder = daemon.material(&spec);
    let name = folder_of(&folder);
    daemon.sftp_ok(
        &label,
        &format!("cd incoming\nput -r {}\n", folder.display()),
    );
    let package = daemon.wait_status(&name, "invalid");
    let errors = codes(&package, "error");
    for code in ["AUD-013", "ART-004", "ID-001"] {
        assert!(errors.contains(&code.to_owned()), "{code} in {errors:?}");
    }
    let mails = daemon.mails();
    let mail = mails.last().unwrap();
    for word in ["1400", "3000", "ISRC", "02_LowWater.wav"] {
        assert!(mail.contains(word), "{word} in\n{mail}");
    }
    let id = package["id"].as_str().unwrap().to_owned();
    assert_eq!(
        daemon.command(&["qc", "approve", &id]).status.code(),
        Some(4)
    );

    // Mended, under another folder name: the same release, attempt 2.
    let folder = daemon.material(&release(2));
    daemon.sftp_ok(
        &label,
        &format!(
            "cd incoming\nmkdir again\ncd again\nput {}/*\n",
            folder.display()
        ),
    );
    let package = daemon.wait_status("again", "needs_qc");
    assert_eq!(package["attempt"], 2);
    assert!(
        package["findings"]
            .as_array()
            .unwrap()
            .iter()
            .any(|f| f["code"] == "UPD-009"),
        "{package}"
    );

    // The same once more is no attempt, and the label is told so.
    daemon.sftp_ok(
        &label,
        &format!(
            "cd incoming\nmkdir same\ncd same\nput {}/*\n",
            folder.display()
        ),
    );
    let same = daemon.wait_status("same", "superseded");
    let last = same["history"].as_array().unwrap().last().unwrap();
    assert_eq!(last["event"], "duplicate");
    let of = last["note"].as_str().unwrap();
    assert!(of.ends_with(package["id"].as_str().unwrap()), "{of}");
    wait("the letter", || {
        let mails = daemon.mails();
        let told = mails.iter().any(|mail| mail.contains("You sent exactly"));
        told.then_some(())
    });
    let listed = daemon.ask(&["package", "list", "--status", "superseded"]);
    assert_eq!(listed["packages"][0]["ended"], "duplicate");
    assert_eq!(daemon.ask(&["status"])["duplicates"], 1);

    // The operator puts it back. Nothing in it has changed, so it is set aside once more.
    let id = same["id"].as_str().unwrap();
    let kept = daemon.ask(&["package", "restore"]);
    assert_eq!(kept["packages"][0]["id"], id);
    let restored = daemon.ask(&["package", "restore", id]);
    assert_eq!(restored["folder"], "/incoming/same");
    assert_eq!(restored["is_duplicate"], true);
    let again = wait("the second setting aside", || {
        let kept = daemon.ask(&["package", "restore"]);
        let first = kept["packages"].as_array()?.first()?.clone();
        (first["id"] != id).then_some(first)
    });
    assert_eq!(again["folder"], "same");
    let gone = daemon.command(&["package", "restore", id]);
    assert_eq!(gone.status.code(), Some(3));
    let words = String::from_utf8_lossy(&gone.stderr);
    assert!(words.contains("lies in the quarantine"), "{words}");

    // Once more, and not the same, while it waits for review: the newest is what counts.
    let message = folder.join("metadata.xml");
    let text = fs::read_to_string(&message).unwrap();
    fs::write(&message, text + "\n").unwrap();
    daemon.sftp_ok(
        &label,
        &format!(
            "cd incoming\nmkdir third\ncd third\nput {}/*\n",
            folder.display()
        ),
    );
    let third = daemon.wait_status("third", "needs_qc");
    assert_eq!(third["attempt"], 3);
    assert_eq!(
        daemon.package(package["id"].as_str().unwrap())["status"],
        "superseded"
    );

    let rejected = daemon.ask(&[
        "qc",
        "reject",
        third["id"].as_str().unwrap(),
        "--note",
        "The cover shows a shop's logo.",
    ]);
    assert_eq!(rejected["status"], "qc_rejected");
    let mails = daemon.mails();
    assert!(
        mails.last().unwrap().contains("shop's logo"),
        "the notes are in the letter"
    );
}

/// Three attempts: five problems, then two of them mended and a new one, then all.
#[test]
fn attempts_are_compared_in_mail_and_report() {
    let daemon = TestDaemon::start("");
    let label = daemon.label("quayside", &[]);
    let small = || {
        let cover = Cover {
            width: 1400,
            height: 1400,
            ..Cover::default()
        };
        Some(("artwork.jpg".into(), cover))
    };
    let upload = |spec: &ReleaseSpec, name: &str| {
        let folder = daemon.material(spec);
        daemon.sftp_ok(
            &label,
            &format!(
                "cd incoming\nmkdir {name}\ncd {name}\nput {}/*\n",
                folder.display()
            ),
        );
        fs::remove_dir_all(folder).unwrap();
    };
    let report = |package: &Value| {
        let id = package["id"].as_str().unwrap();
        daemon.ask(&["package", "report", id])
    };
    let errors = |report: &Value, standing: &str| {
        let findings = report["findings"].as_array().unwrap().iter();
        let mut codes: Vec<String> = findings
            .filter(|f| f["severity"] == "error" && f["standing"] == standing)
            .map(|f| f["code"].as_str().unwrap().to_owned())
            .collect();
        codes.sort();
        codes
    };

    let mut first = release(12);
    first.artwork = small();
    first.tracks[1].signal.channels = 1;
    first.tracks[2].isrc = String::new();
    upload(&first, "first");
    let package = daemon.wait_status("first", "invalid");
    let before = codes(&package, "error").len();
    assert_eq!(
        report(&package)["compared"],
        Value::Null,
        "nothing to compare with"
    );

    let mut second = release(12);
    second.tracks[0].signal.channels = 1;
    second.tracks[1].signal.channels = 1;
    upload(&second, "second");
    let package = daemon.wait_status("second", "invalid");
    let told = report(&package);
    let compared = &told["compared"];
    assert_eq!(
        (&compared["attempt"], &compared["with"]),
        (&2.into(), &1.into())
    );
    assert_eq!(compared["before"], before);
    assert_eq!(compared["new"], 1);
    assert_eq!(errors(&told, "still"), ["AUD-013"]);
    assert_eq!(errors(&told, "new"), ["AUD-013"]);
    let sentence = format!(
        "Attempt 2: {} of {before} problems fixed, 1 remains, 1 new.",
        before - 1
    );
    let mail = daemon.mails().pop().unwrap().replace("=\n", "");
    assert!(mail.contains(&sentence), "{sentence} in\n{mail}");
    assert!(mail.contains("not fixed yet") && mail.contains("new in this attempt"));
    let folder = daemon.home.path().join("got");
    fs::create_dir(&folder).unwrap();
    let there = TestDaemon::report_of(&package);
    assert!(there.contains("second_attempt-2"), "{there}");
    daemon.sftp_ok(
        &label,
        &format!("lcd {}\nget {there}/*\n", folder.display()),
    );
    for file in ["REPORT.html", "REPORT.txt"] {
        let text = fs::read_to_string(folder.join(file)).unwrap();
        assert!(text.contains(&sentence), "{sentence} in {file}");
    }
    let page = fs::read_to_string(folder.join("REPORT.html")).unwrap();
    assert!(
        page.contains("<svg viewBox=\"-0.5 0 "),
        "a waveform is drawn"
    );

    upload(&release(12), "third");
    let package = daemon.wait_status("third", "needs_qc");
    let compared = &report(&package)["compared"];
    assert_eq!(
        (&compared["fixed"], &compared["new"]),
        (&2.into(), &0.into())
    );
    let mail = daemon.mails().pop().unwrap();
    assert!(mail.contains("Attempt 3: all 2 problems fixed."), "{mail}");
}

#[test]
fn what_is_missing_is_visible_and_mailed_when_the_upload_stalls() {
    let daemon = TestDaemon::start("");
    let label = daemon.label("quayside", &[]);
    let folder = daemon.material(&release(3));
    let name = folder_of(&folder);
    daemon.sftp_ok(
        &label,
        &format!(
            "cd incoming\nput -r {}\nrm {name}/03_LastBoatHome.wav\n",
            folder.display()
        ),
    );
    let package = wait("the missing file to be named", || {
        let packages = daemon.packages();
        let package = packages.iter().find(|p| p["folder"] == *name)?;
        let package = daemon.package(package["id"].as_str()?);
        package["waiting_for"]
            .to_string()
            .contains("03_LastBoatHome.wav")
            .then_some(package)
    });
    assert_eq!(package["status"], "receiving");
    daemon.sftp_ok(
        &label,
        &format!(
            "cd incoming/{name}\nput {}/03_LastBoatHome.wav\n",
            folder.display()
        ),
    );
    daemon.wait_status(&name, "needs_qc");
}

#[test]
fn a_stalled_upload_is_mailed_once_with_what_is_missing() {
    let mut daemon = TestDaemon::prepare("");
    let config = fs::read_to_string(daemon.config()).unwrap();
    let config = config.replace(
        "rescan_seconds = 2",
        "rescan_seconds = 2\nstall_after_seconds = 2",
    );
    fs::write(daemon.config(), config).unwrap();
    daemon.run();
    let label = daemon.label("quayside", &[]);
    let mut spec = release(10);
    spec.tracks[2].missing = true;
    let folder = daemon.material(&spec);
    let name = folder_of(&folder);
    daemon.sftp_ok(
        &label,
        &format!("cd incoming\nput -r {}\n", folder.display()),
    );
    let told = wait("the letter", || {
        let packages = daemon.packages();
        let package = daemon.package(packages.first()?["id"].as_str()?);
        (!kinds(&package).is_empty()).then_some(package)
    });
    assert_eq!(kinds(&told), ["stalled"]);
    assert_eq!(told["status"], "receiving");
    let mails = daemon.mails();
    assert!(mails[0].contains("03_LastBoatHome.wav"), "{}", mails[0]);
    assert!(mails[0].contains(&name), "{}", mails[0]);
}

#[test]
fn folders_that_did_not_come_by_sftp_are_found() {
    let daemon = TestDaemon::start("");
    let label = daemon.label("quayside", &[]);
    let folder = daemon.material(&release(4));
    let incoming = daemon
        .data()
        .join("labels")
        .join(&label.id)
        .join("incoming");
    let target = incoming.join("by_hand");
    fs::create_dir(&target).unwrap();
    for entry in fs::read_dir(&folder).unwrap().map(Result::unwrap) {
        fs::copy(entry.path(), target.join(entry.file_name())).unwrap();
    }
    let package = daemon.wait_status("by_hand", "needs_qc");
    assert_eq!(codes(&package, "error"), Vec::<String>::new());
}

#[test]
fn the_other_layouts_are_taken() {
    let daemon = TestDaemon::start("");
    let label = daemon.label("quayside", &[]);
    // resources/
    let mut spec = release(5);
    for track in &mut spec.tracks {
        track.file = format!("resources/{}", track.file);
    }
    let folder = daemon.material(&spec);
    daemon.sftp_ok(
        &label,
        &format!("cd incoming\nput -r {}\n", folder.display()),
    );
    // one level too deep
    let deep = daemon.material(&release(6));
    daemon.sftp_ok(
        &label,
        &format!(
            "cd incoming\nmkdir outer\ncd outer\nput -r {}\n",
            deep.display()
        ),
    );
    // DDEX batch: <batch>/<ICPN>/<ICPN>.xml + BatchComplete
    let mut spec = release(7);
    spec.message_file = format!("{}.xml", spec.icpn);
    for track in &mut spec.tracks {
        track.file = format!("resources/{}", track.file);
    }
    let batched = daemon.material(&spec);
    let icpn = spec.icpn.clone();
    let marker = daemon
        .home
        .path()
        .join("BatchComplete_20261121030000000.xml");
    fs::write(&marker, "").unwrap();
    daemon.sftp_ok(
        &label,
        &format!("cd incoming\nmkdir 20261121030000000\ncd 20261121030000000\nput -r {} {icpn}\nput {}\n", batched.display(), marker.display()),
    );
    for name in [
        folder_of(&folder),
        "outer".to_owned(),
        format!("20261121030000000/{icpn}"),
    ] {
        let package = daemon.wait_status(&name, "needs_qc");
        assert_eq!(codes(&package, "error"), Vec::<String>::new(), "{name}");
        if name == "outer" {
            assert!(codes(&package, "warning").contains(&"PKG-015".to_owned()));
        }
    }
}

/// Path of the report that the last letter of a kind names.
fn told_path(daemon: &TestDaemon, kind: &str) -> String {
    let mails = daemon.mails();
    let of_kind = format!("X-Dropzone-Letter: {kind}\r\n");
    let mail = mails.iter().rfind(|mail| mail.contains(&of_kind)).unwrap();
    let text = Mail::parse(mail.as_bytes()).text;
    let line = text.lines().find(|line| line.contains("/reports/"));
    line.unwrap().trim().to_owned()
}

/// Also in a batch, and when the folder's name is used again for another release.
#[test]
fn a_letter_leads_to_the_report_of_its_own_package() {
    let daemon = TestDaemon::start("");
    let label = daemon.label("quayside", &[]);
    let marker = daemon
        .home
        .path()
        .join("BatchComplete_20261121030000000.xml");
    fs::write(&marker, "").unwrap();
    let mut told = Vec::new();
    for number in [51, 52] {
        let spec = release(number);
        let batch = format!(
            "cd incoming\n-mkdir week\ncd week\n-mkdir lights\ncd lights\nput {}/*\ncd ..\nput {}\n",
            daemon.material(&spec).display(),
            marker.display()
        );
        daemon.sftp_ok(&label, &batch);
        let package = wait("the release to be judged", || {
            let packages = daemon.packages();
            let mut packages = packages.iter();
            packages
                .find(|package| package["icpn"] == spec.icpn && package["status"] == "needs_qc")
                .cloned()
        });
        assert_eq!(package["folder"], "week/lights");
        assert_eq!(package["attempt"], 1, "of its own barcode");
        told.push((told_path(&daemon, "needs_qc"), spec.icpn));
    }
    for (path, icpn) in told {
        let got = daemon.home.path().join(format!("{icpn}.json"));
        let report = path.replace("REPORT.html", "report.json");
        daemon.sftp_ok(
            &label,
            &format!("ls {path}\nget {report} {}\n", got.display()),
        );
        let report: Value = serde_json::from_slice(&fs::read(got).unwrap()).unwrap();
        assert_eq!(report["release"]["icpn"], icpn, "{path}");
    }
}

#[test]
fn the_guides_own_sample_passes_in_guide_and_fails_in_strict() {
    let Some(shared) = shared() else { return };
    let daemon = TestDaemon::start("");
    let schemas = shared.join("schemas").display().to_string();
    daemon.ask(&["schemas", "install", &schemas]);
    let folder = daemon.home.path().join("guide");
    let mut track = TrackSpec::new(1, "My Track Title", "GBDUM7620001".into());
    track.signal.seconds = 222.0;
    track.encoding = Encoding::Wav(Wav {
        coding: Coding::Pcm16,
        ..Wav::default()
    });
    fs::create_dir(&folder).unwrap();
    fs::write(folder.join("01_MyTrackTitle.wav"), track.encode()).unwrap();
    fs::write(
        folder.join("artwork.jpg"),
        Cover::default().encode().unwrap(),
    )
    .unwrap();
    for (name, profile, message, status) in [
        ("guide", "guide", "guide-sample-382.xml", "needs_qc"),
        ("strict", "strict", "guide-sample-382.xml", "invalid"),
        ("golden", "strict", "golden382.xml", "needs_qc"),
    ] {
        let label = daemon.label(name, &["--profile", profile]);
        fs::copy(
            shared.join("golden").join(message),
            folder.join("metadata.xml"),
        )
        .unwrap();
        // As the guide's command line shows it: the message first, then *.wav, then the cover.
        daemon.sftp_ok(
            &label,
            &format!("lcd {}\ncd incoming\nmkdir ArtistName_AlbumTitle_UPC_20260323\ncd ArtistName_AlbumTitle_UPC_20260323\nput metadata.xml\nput *.wav\nput artwork.jpg\nexit\n", folder.display()),
        );
        let package = daemon.wait_status("ArtistName_AlbumTitle_UPC_20260323", status);
        let errors = codes(&package, "error");
        match name {
            "strict" => assert!(errors.len() >= 6, "{errors:?}"),
            _ => assert_eq!(errors, Vec::<String>::new(), "{package:#}"),
        }
        if name == "guide" {
            for code in ["XML-008", "XML-009", "XML-010", "XML-011", "XML-012"] {
                assert!(
                    package["findings"].to_string().contains(code),
                    "{code} explained"
                );
            }
        }
        if name == "golden" {
            assert!(
                !package["findings"].to_string().contains("XML-014"),
                "no XSD finding"
            );
        }
        daemon.command(&["label", "disable", name]);
    }
}

#[test]
fn our_own_damage_is_never_the_labels_fault() {
    let mut daemon = TestDaemon::prepare("");
    daemon.set("DROPZONE_CRASH_AT", "judge.before_apply");
    daemon.run();
    let label = daemon.label("quayside", &[]);
    let folder = daemon.material(&release(8));
    let name = folder_of(&folder);
    daemon.sftp_ok(
        &label,
        &format!("cd incoming\nput -r {}\n", folder.display()),
    );
    daemon.wait_for_end();
    let spool = daemon.data().join("spool");
    let package = fs::read_dir(&spool)
        .unwrap()
        .map(|e| e.unwrap().path())
        .find(|p| p.is_dir())
        .unwrap();
    let file = package.join("01_HarbourLights.wav");
    let sound = fs::read(&file).unwrap();
    let mut damaged = sound.clone();
    let middle = damaged.len() / 2;
    damaged[middle] ^= 0x40;
    fs::set_permissions(&file, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    fs::write(&file, &damaged).unwrap();
    daemon.set("DROPZONE_CRASH_AT", "");
    daemon.run();
    let parked = daemon.wait_status(&name, "parked");
    daemon.mails();
    let parked = daemon.package(parked["id"].as_str().unwrap());
    assert_eq!(kinds(&parked), ["incoming", "parked", "operator_parked"]);

    fs::write(&file, &sound).unwrap();
    daemon.ask(&["package", "retry", parked["id"].as_str().unwrap()]);
    daemon.wait_status(&name, "needs_qc");
}

#[test]
fn a_bad_configuration_changes_nothing_and_a_good_one_holds_at_once() {
    let mut daemon = TestDaemon::start("");
    let good = fs::read_to_string(daemon.config()).unwrap();
    fs::write(daemon.config(), format!("{good}\n[nonsense]\nx = 1\n")).unwrap();
    daemon.signal(rustix::process::Signal::HUP);
    wait("the refusal in the log", || {
        fs::read_to_string(daemon.log())
            .unwrap()
            .contains("the old one stays")
            .then_some(())
    });
    fs::write(
        daemon.config(),
        good.replace("ops@distributor.example", "night@distributor.example"),
    )
    .unwrap();
    daemon.signal(rustix::process::Signal::HUP);
    wait("the new one in force", || {
        fs::read_to_string(daemon.log())
            .unwrap()
            .contains("configuration read again")
            .then_some(())
    });
    let status = daemon.command(&["status"]);
    assert_eq!(
        status.status.code(),
        Some(0),
        "{}",
        String::from_utf8_lossy(&status.stdout)
    );
    daemon.signal(rustix::process::Signal::TERM);
    daemon.wait_for_end();
    assert_eq!(
        daemon.command(&["status"]).status.code(),
        Some(1),
        "stopped is a negative answer"
    );
}

#[test]
fn a_message_that_cannot_be_read_is_told_and_holds_up_nobody() {
    let daemon = TestDaemon::start("");
    let first = daemon.label("first", &[]);
    let second = daemon.label("second", &[]);
    let broken = daemon.home.path().join("broken");
    fs::create_dir(&broken).unwrap();
    fs::write(broken.join("metadata.xml"), "<NewReleaseMessage><un").unwrap();
    fs::write(broken.join("01.wav"), b"RIFF").unwrap();
    daemon.sftp_ok(
        &first,
        &format!("cd incoming\nput -r {}\n", broken.display()),
    );
    let folder = daemon.material(&release(9));
    daemon.sftp_ok(
        &second,
        &format!("cd incoming\nput -r {}\n", folder.display()),
    );
    daemon.wait_status(&folder_of(&folder), "needs_qc");
    let package = daemon.wait_status("broken", "invalid");
    let errors = codes(&package, "error");
    assert!(errors.contains(&"XML-001".to_owned()), "{errors:?}");
    assert!(
        errors.contains(&"AUD-001".to_owned()),
        "audio is looked at although the message is broken: {errors:?}"
    );
    let mails = daemon.mails();
    assert!(
        mails
            .iter()
            .all(|mail| !(mail.contains("first@label.example") && mail.contains("Quayside"))),
        "nobody reads another label's release"
    );
}
