//! What may be at a DSP, and what is said of it: cuts at every place, a DSP that takes away what it
//! got, one that refuses the last step, and batches.

use super::liar::{Liar, Vice};
use super::*;
use dropzone::deliver::{Found, Part, as_received, ask, assemble};
use dropzone::domain::dsp::{Choreography, MessageChoice, OwnParty};
use dropzone::domain::push::{OurMessage, PushKind};
use std::sync::Mutex;

/// A trip that writes down where it was about to become visible.
fn told() -> (Trip, Arc<Mutex<Vec<String>>>) {
    let places = Arc::new(Mutex::new(Vec::new()));
    let kept = Arc::clone(&places);
    let trip = Trip::new(None, move |place| {
        kept.lock().unwrap().push(place);
        async { Ok(()) }
    });
    (trip, places)
}

/// One try on a wire that is cut; then the DSP is asked as the daemon does, and sent to again only
/// where it has nothing. There is never a half release, and never a second one.
async fn cut_and_ask(spooled: &Spooled, sshd: &Sshd, cut: Cut, counts: &mut [usize; 3]) {
    let wire = Wire::to(sshd.port, Some(cut.clone()));
    let profile = sftp_profile(sshd, wire.port);
    let plan = spooled.plan(&profile);
    let (trip, places) = told();
    let first = deliver::send(&profile, &claimed(1), &plan, &trip).await;
    assert_nothing_half(&sshd.inbox, spooled);
    let is_visible = sshd.inbox.join(FOLDER).exists();
    assert!(
        trip.may_be_there() || !is_visible,
        "{cut:?}: it is visible, and nobody was told before"
    );
    assert_eq!(
        places.lock().unwrap().len(),
        usize::from(trip.may_be_there())
    );
    if first.is_ok() {
        counts[0] += 1;
    } else if trip.may_be_there() {
        counts[1] += 1;
        match ask(&profile, &claimed(2), &plan).await.unwrap() {
            Found::Whole(place) => assert!(place.ends_with(FOLDER), "{place}"),
            Found::Absent => {
                assert!(!is_visible, "{cut:?}");
                send(&profile, &claimed(3), &plan).await.unwrap();
            }
            Found::Gone(why) => panic!("{cut:?}: {why}"),
        }
    } else {
        counts[2] += 1;
        send(&profile, &claimed(2), &plan).await.unwrap();
    }
    assert_arrived(&sshd.inbox, spooled);
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_cut_anywhere_it_is_known_whether_to_send_or_to_ask() {
    if !sshd::is_here() {
        return;
    }
    let (spooled, sshd) = (spooled(), Sshd::start(""));
    let mut counts = [0; 3];
    for way in [Way::ToServer, Way::ToClient] {
        let wire = Wire::to(sshd.port, None);
        let whole = sftp_profile(&sshd, wire.port);
        send(&whole, &claimed(1), &spooled.plan(&whole))
            .await
            .unwrap();
        let all = wire.carried(way);
        let spread = (1..5).map(|part| all * part / 5);
        let last = (1..24).map(|step| all.saturating_sub(step * 70));
        for at in spread.chain(last) {
            fs::remove_dir_all(sshd.inbox.join(FOLDER)).unwrap();
            cut_and_ask(&spooled, &sshd, Cut::After(way, at), &mut counts).await;
        }
        fs::remove_dir_all(sshd.inbox.join(FOLDER)).unwrap();
    }
    let [_, asked, sent] = counts;
    assert!(asked > 3 && sent > 3, "both were tried: {counts:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dsp_that_took_it_away_is_never_sent_it_again() {
    if !sshd::is_here() {
        return;
    }
    let (spooled, sshd) = (spooled(), Sshd::start(""));
    let marker = sshd.inbox.join(FOLDER).join("delivery.complete");
    let wire = Wire::to(sshd.port, Some(Cut::WhenThere(marker)));
    let profile = sftp_profile(&sshd, wire.port);
    let plan = spooled.plan(&profile);
    let (trip, _) = told();
    let first = deliver::send(&profile, &claimed(1), &plan, &trip).await;
    assert!(first.is_err() && trip.may_be_there());
    // It works on it: first the marker goes, then a file, then all of it.
    fs::remove_file(sshd.inbox.join(FOLDER).join("cover.jpg")).unwrap();
    let found = ask(&profile, &claimed(2), &plan).await.unwrap();
    assert!(
        matches!(&found, Found::Gone(why) if why.contains("working on it")),
        "{found:?}"
    );
    fs::remove_dir_all(sshd.inbox.join(FOLDER)).unwrap();
    for number in [3, 40] {
        let found = ask(&profile, &claimed(number), &plan).await.unwrap();
        assert!(
            matches!(&found, Found::Gone(why) if why.contains("taken it")),
            "{found:?}"
        );
    }
    assert_eq!(
        names_in(&sshd.inbox),
        Vec::<String>::new(),
        "asking leaves nothing"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_rename_is_known_to_have_shown_nothing() {
    if !sshd::is_here() {
        return;
    }
    let spooled = spooled();
    let sshd = Sshd::start("-P posix-rename,rename");
    let profile = sftp_profile(&sshd, sshd.port);
    let plan = spooled.plan(&profile);
    let (trip, _) = told();
    let fault = deliver::send(&profile, &claimed(1), &plan, &trip)
        .await
        .unwrap_err();
    assert!(!fault.is_transient(), "{fault}");
    assert!(!trip.may_be_there());
    assert_nothing_half(&sshd.inbox, &spooled);
}

/// A disk that fills, a size that is not what was sent, a connection that dies after the marker: the
/// folder stands in for the DSP's disk.
#[tokio::test(flavor = "multi_thread")]
async fn a_marker_that_cannot_be_made_leaves_it_unknown_and_asking_completes_it() {
    let (spooled, inbox) = (spooled(), tempfile::tempdir().unwrap());
    let profile = folder_profile(inbox.path());
    let plan = spooled.plan(&profile);
    let mut refused = plan.clone();
    // A name that no file system takes.
    refused.markers[0].0 = format!("{FOLDER}/{}", "x".repeat(255));
    refused
        .markers
        .push((format!("{FOLDER}/no/such/folder"), Vec::new()));
    let (trip, _) = told();
    let outcome = deliver::send(&profile, &claimed(1), &refused, &trip).await;
    assert!(outcome.is_err() && trip.may_be_there());
    fs::remove_file(inbox.path().join(FOLDER).join("x".repeat(255))).unwrap();
    let found = ask(&profile, &claimed(2), &plan).await.unwrap();
    assert!(matches!(found, Found::Whole(_)), "{found:?}");
    assert_arrived(inbox.path(), &spooled);
}

/// A part of a batch whose message is ours.
fn part(spooled: &Spooled, icpn: &str, message: &str) -> Part {
    let mut package = spooled.package.clone();
    package.icpn = Some(icpn.to_owned());
    let mut prepared = as_received(&spooled.manifest, spooled.dir.path(), Timestamp::UNIX_EPOCH);
    for file in &mut prepared.files {
        if file.name == "metadata.xml" {
            file.name = format!("{icpn}.xml");
        }
    }
    prepared.message = Some(OurMessage {
        id: message.to_owned(),
        thread: "T".to_owned(),
        name: format!("{icpn}.xml"),
        purges: false,
    });
    Part {
        package,
        kind: PushKind::New,
        prepared,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_becomes_visible_at_once_and_its_manifest_comes_last() {
    let (one, two, inbox) = (spooled(), spooled(), tempfile::tempdir().unwrap());
    let mut profile = folder_profile(inbox.path());
    profile.choreography = Choreography::Batch;
    profile.message = MessageChoice::Ern43;
    profile.message_options.dpid = "PADPIDA2".to_owned();
    let us = OwnParty {
        dpid: "PADPIDA1".to_owned(),
        name: "Sons & Daughters".to_owned(),
    };
    let parts = [
        part(&one, "5034567890120", "M1"),
        part(&two, "036000291452", "M2"),
    ];
    let id = "20261126170501123";
    let plan = assemble(&profile, &us, &parts, Some(id)).unwrap();
    let attempt = Attempt {
        of: id.to_owned(),
        number: 1,
    };
    // Cut before the manifest: everything is visible, and asking brings the manifest.
    let mut cut = plan.clone();
    cut.markers[0].0 = format!("{id}/no/such/folder");
    let (trip, places) = told();
    let outcome = deliver::send(&profile, &attempt, &cut, &trip).await;
    assert!(outcome.is_err() && trip.may_be_there());
    assert_eq!(places.lock().unwrap().len(), 1);
    assert!(
        !inbox
            .path()
            .join(id)
            .join(format!("BatchComplete_{id}.xml"))
            .exists()
    );
    let found = ask(
        &profile,
        &Attempt {
            number: 2,
            ..attempt
        },
        &plan,
    )
    .await
    .unwrap();
    assert!(matches!(found, Found::Whole(_)), "{found:?}");
    assert_eq!(names_in(inbox.path()), [id]);
    let mut expected: Vec<String> = ["5034567890120", "036000291452"]
        .iter()
        .flat_map(|icpn| {
            CONTENT.iter().map(move |name| {
                let name = name.replace("metadata.xml", &format!("{icpn}.xml"));
                format!("{icpn}/{name}")
            })
        })
        .collect();
    expected.push(format!("BatchComplete_{id}.xml"));
    expected.sort();
    assert_eq!(files_below(&inbox.path().join(id)), expected);
    let manifest = fs::read_to_string(
        inbox
            .path()
            .join(id)
            .join(format!("BatchComplete_{id}.xml")),
    )
    .unwrap();
    insta::assert_snapshot!("batch_manifest", manifest);
    let read = dropzone::domain::ern::read_manifest("x", manifest.as_bytes()).unwrap();
    assert_eq!((read.fault, read.number.as_deref()), (None, Some("2")));
    assert_eq!(read.messages[1].message_id.as_deref(), Some("M2"));
    assert_eq!(
        read.messages[1].url.as_deref(),
        Some("036000291452/036000291452.xml")
    );
}

/// A marker of the same length with other words is not ours, and a second one is not laid beside it:
/// whoever sends again has to have asked the DSP.
#[tokio::test(flavor = "multi_thread")]
async fn another_marker_where_ours_belongs_is_a_question_for_a_person() {
    let (spooled, inbox) = (spooled(), tempfile::tempdir().unwrap());
    let profile = folder_profile(inbox.path());
    let mut plan = spooled.plan(&profile);
    let marker = format!("{FOLDER}.complete");
    plan.markers = vec![(marker.clone(), b"<a/><b/>".to_vec())];
    send(&profile, &claimed(1), &plan).await.unwrap();
    fs::write(inbox.path().join(&marker), b"<b/><a/>").unwrap();
    let found = ask(&profile, &claimed(2), &plan).await.unwrap();
    assert!(
        matches!(&found, Found::Gone(why) if why.contains(&marker)),
        "{found:?}"
    );
    assert_eq!(fs::read(inbox.path().join(&marker)).unwrap(), b"<b/><a/>");
}

/// What is left of a marker that was written just before we were killed is no proof that nothing
/// was visible: the DSP may have read it, and taken the batch.
#[tokio::test(flavor = "multi_thread")]
async fn a_batch_that_was_taken_as_its_manifest_came_is_never_sent_again() {
    if !sshd::is_here() {
        return;
    }
    let (spooled, sshd) = (spooled(), Sshd::start(""));
    let id = "20261126170501123";
    let manifest = sshd.inbox.join(id).join("BatchComplete_1.xml");
    let wire = Wire::to(sshd.port, Some(Cut::WhenThere(manifest.clone())));
    let mut profile = sftp_profile(&sshd, wire.port);
    profile.folder = Some(id.to_owned());
    let mut plan = spooled.plan(&profile);
    plan.markers = vec![(format!("{id}/BatchComplete_1.xml"), b"<done/>".to_vec())];
    let attempt = |number| Attempt {
        of: id.to_owned(),
        number,
    };
    let (trip, _) = told();
    let cut = deliver::send(&profile, &attempt(1), &plan, &trip).await;
    assert!(cut.is_err() && trip.may_be_there(), "{cut:?}");
    assert_eq!(fs::read(&manifest).unwrap(), b"<done/>");
    fs::remove_dir_all(sshd.inbox.join(id)).unwrap();
    let found = ask(&profile, &attempt(2), &plan).await.unwrap();
    assert!(matches!(found, Found::Gone(_)), "{found:?}");
    // What an older version left there, in a folder that it made for the marker alone.
    let left = sshd.inbox.join(format!(".in-{id}-1"));
    fs::create_dir_all(&left).unwrap();
    fs::write(left.join("marker"), "<done/>").unwrap();
    let found = ask(&profile, &attempt(3), &plan).await.unwrap();
    assert!(matches!(found, Found::Gone(_)), "{found:?}");
}

/// Nothing of a marker that never got its name stays at the DSP.
#[tokio::test(flavor = "multi_thread")]
async fn a_manifest_that_was_under_way_is_swept_away() {
    let (spooled, inbox) = (spooled(), tempfile::tempdir().unwrap());
    let profile = folder_profile(inbox.path());
    let mut plan = spooled.plan(&profile);
    plan.markers = vec![(format!("{FOLDER}/BatchComplete_1.xml"), b"<done/>".to_vec())];
    send(&profile, &claimed(1), &plan).await.unwrap();
    let manifest = inbox.path().join(FOLDER).join("BatchComplete_1.xml");
    fs::rename(&manifest, inbox.path().join(".mark-01JZPUSH-1")).unwrap();
    let found = ask(&profile, &claimed(2), &plan).await.unwrap();
    assert!(matches!(found, Found::Whole(_)), "{found:?}");
    assert_eq!(names_in(inbox.path()), [FOLDER]);
    assert_eq!(fs::read(&manifest).unwrap(), b"<done/>");
    // One of the same size that says something else is not this one.
    fs::write(&manifest, "<older>").unwrap();
    refused(send(&profile, &claimed(3), &plan).await, "name_taken");
    assert_eq!(fs::read(&manifest).unwrap(), b"<older>");
}

/// A message that was made anew has as many bytes as the one before it.
#[tokio::test(flavor = "multi_thread")]
async fn openssh_gets_the_message_that_was_made_anew() {
    if !sshd::is_here() {
        return;
    }
    let (spooled, sshd) = (spooled(), Sshd::start(""));
    let profile = sftp_profile(&sshd, sshd.port);
    let plan = spooled.plan(&profile);
    let older = b"<ern:OldReleaseMessage/>";
    let message = spooled.dir.path().join("metadata.xml");
    assert_eq!(older.len(), fs::read(&message).unwrap().len());
    // All of an earlier attempt lies there, with the message of that time.
    send(&profile, &claimed(1), &plan).await.unwrap();
    let (visible, left) = (sshd.inbox.join(FOLDER), sshd.inbox.join(".in-01JZPUSH-1"));
    fs::remove_file(visible.join("delivery.complete")).unwrap();
    fs::rename(&visible, &left).unwrap();
    fs::write(left.join("metadata.xml"), older).unwrap();
    let cover = inode(&left.join("cover.jpg"));
    send(&profile, &claimed(2), &plan).await.unwrap();
    assert_arrived(&sshd.inbox, &spooled);
    assert_eq!(inode(&visible.join("cover.jpg")), cover, "not sent again");
    // And under the final name it is not taken for this push's.
    fs::remove_file(visible.join("delivery.complete")).unwrap();
    fs::write(visible.join("metadata.xml"), older).unwrap();
    let fault = refused(send(&profile, &claimed(3), &plan).await, "name_taken");
    assert!(fault.text.contains("metadata.xml"), "{fault}");
    assert!(
        !visible.join("delivery.complete").exists(),
        "nobody is told"
    );
}

/// Where we may write and not read, what is small is sent again, and what a person had sent again is
/// not taken for done because an older one lies there. Asking is about what was just sent.
#[tokio::test(flavor = "multi_thread")]
async fn a_letter_box_gets_the_message_that_was_made_anew() {
    let (spooled, inbox) = (spooled(), tempfile::tempdir().unwrap());
    let secret = spooled.dir.path().with_extension("secret");
    let (_box, profile) = liar(inbox.path(), &secret, None).await;
    let plan = spooled.plan(&profile);
    let left = inbox.path().join(".in-01JZPUSH-1");
    fs::create_dir(&left).unwrap();
    fs::write(left.join("metadata.xml"), b"<ern:OldReleaseMessage/>").unwrap();
    send(&profile, &claimed(2), &plan).await.unwrap();
    assert_arrived(inbox.path(), &spooled);
    let marker = inbox.path().join(FOLDER).join("delivery.complete");
    fs::remove_file(&marker).unwrap();
    let fault = refused(send(&profile, &claimed(3), &plan).await, "name_taken");
    assert!(fault.text.contains("not allowed to read"), "{fault}");
    assert!(!marker.exists(), "nobody is told");
    let found = ask(&profile, &claimed(4), &plan).await.unwrap();
    assert!(matches!(found, Found::Whole(_)), "{found:?}");
    assert!(marker.exists());
    fs::remove_file(secret).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn acknowledgements_are_read_once_and_only_whole_files_of_ours() {
    if !sshd::is_here() {
        return;
    }
    let sshd = Sshd::start("");
    let mut profile = sftp_profile(&sshd, sshd.port);
    profile.acknowledgements = "acknowledgements".to_owned();
    let none = deliver::acknowledgements(&profile, &|_, _| false).await;
    assert_eq!(
        none.unwrap(),
        [],
        "a directory that is not there has nothing in it"
    );
    let dir = sshd.inbox.join("acknowledgements");
    fs::create_dir(&dir).unwrap();
    let large = vec![b' '; 100_000];
    for (name, content) in [
        ("ACK_2.xml", &large[..]),
        ("ACK_1.xml", b"<a/>"),
        (".hidden.xml", b"x"),
        ("readme.txt", b"x"),
        ("ACK_known.xml", b"12345"),
    ] {
        fs::write(dir.join(name), content).unwrap();
    }
    let is_known = |name: &str, size: u64| (name, size) == ("ACK_known.xml", 5);
    let read = deliver::acknowledgements(&profile, &is_known)
        .await
        .unwrap();
    let names: Vec<&str> = read.iter().map(|left| left.name.as_str()).collect();
    assert_eq!(names, ["ACK_1.xml", "ACK_2.xml"]);
    assert_eq!(read[0].content, b"<a/>");
    assert_eq!(read[1].content, large);
}

/// The profile of a server with a vice.
async fn liar(inbox: &Path, secret: &Path, vice: Option<Vice>) -> (Liar, DspProfile) {
    fs::write(secret, "any").unwrap();
    fs::set_permissions(secret, fs::Permissions::from_mode(0o600)).unwrap();
    let liar = Liar::open(inbox, vice).await;
    let profile = profile(TransportChoice::Sftp {
        host: "127.0.0.1".to_owned(),
        port: liar.port,
        user: "acme".to_owned(),
        host_key: liar.fingerprint.clone(),
        password_file: Some(secret.to_path_buf()),
        key_file: None,
        timeout_seconds: 3,
    });
    (liar, profile)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dsp_that_lies_or_is_full_shows_nothing_and_gets_it_once_it_is_well() {
    for vice in [
        Vice::SmallSizes,
        Vice::FullAfter(0),
        Vice::FullAfter(500_000),
        Vice::FullAfter(820_000),
        Vice::LosesBytes,
    ] {
        let (spooled, inbox) = (spooled(), tempfile::tempdir().unwrap());
        let secret = spooled.dir.path().with_extension("secret");
        let (ill, ill_profile) = liar(inbox.path(), &secret, Some(vice)).await;
        let plan = spooled.plan(&ill_profile);
        for number in 1..4 {
            let (trip, _) = told();
            let fault = deliver::send(&ill_profile, &claimed(number), &plan, &trip)
                .await
                .unwrap_err();
            assert!(fault.is_transient(), "{vice:?}: {fault}");
            assert!(!trip.may_be_there(), "{vice:?}: {fault}");
            assert_nothing_half(inbox.path(), &spooled);
            assert!(!inbox.path().join(FOLDER).exists(), "{vice:?}");
        }
        drop(ill);
        let (_well, profile) = liar(inbox.path(), &secret, None).await;
        send(&profile, &claimed(4), &plan).await.unwrap();
        assert_arrived(inbox.path(), &spooled);
        fs::remove_file(secret).unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dsp_that_takes_it_at_the_marker_and_dies_gets_no_second_one() {
    let (spooled, inbox) = (spooled(), tempfile::tempdir().unwrap());
    let secret = spooled.dir.path().with_extension("secret");
    let (_ill, profile) = liar(inbox.path(), &secret, Some(Vice::TakesAndDies)).await;
    let plan = spooled.plan(&profile);
    let (trip, _) = told();
    let fault = deliver::send(&profile, &claimed(1), &plan, &trip)
        .await
        .unwrap_err();
    assert!(fault.is_transient() && trip.may_be_there(), "{fault}");
    let found = ask(&profile, &claimed(2), &plan).await.unwrap();
    assert!(matches!(found, Found::Gone(_)), "{found:?}");
    assert_eq!(names_in(inbox.path()), Vec::<String>::new());
    fs::remove_file(secret).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dsp_that_hashes_files_is_asked_before_a_file_of_the_right_size_is_kept() {
    let (spooled, inbox) = (spooled(), tempfile::tempdir().unwrap());
    let secret = spooled.dir.path().with_extension("secret");
    let (_good, profile) = liar(inbox.path(), &secret, Some(Vice::ChecksFiles)).await;
    let plan = spooled.plan(&profile);
    // An earlier attempt left one file whole, and one of which the disk lost the content.
    let left = inbox.path().join(".in-01JZPUSH-1");
    fs::create_dir(&left).unwrap();
    let own = |name: &str| fs::read(spooled.dir.path().join(name)).unwrap();
    fs::write(left.join("cover.jpg"), vec![0; own("cover.jpg").len()]).unwrap();
    fs::write(left.join("metadata.xml"), own("metadata.xml")).unwrap();
    send(&profile, &claimed(2), &plan).await.unwrap();
    assert_arrived(inbox.path(), &spooled);
    // And what lies under the final name is ours only with our content.
    let track = inbox.path().join(FOLDER).join("resources/01_One.wav");
    let mut bytes = fs::read(&track).unwrap();
    bytes[1000] ^= 1;
    fs::write(&track, bytes).unwrap();
    let fault = refused(send(&profile, &claimed(3), &plan).await, "name_taken");
    assert!(fault.text.contains("01_One.wav"), "{fault}");
    fs::remove_file(secret).unwrap();
}
