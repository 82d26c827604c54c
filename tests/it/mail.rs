//! Letters as they are received: words, headers, threads, hostile names, and real mail servers.

use crate::report::{hostile, invalid_report, poisoned, valid_report};
use dropzone::domain::facts::Manifest;
use dropzone::domain::fault::Fault;
use dropzone::domain::ids::{DspId, LabelId, LetterId, PackageId, PushId};
use dropzone::domain::letter::{Due, LetterKind, Subject};
use dropzone::domain::lifecycle::Status;
use dropzone::domain::lifecycle::push::PushState;
use dropzone::domain::package::{Event, Identity, LogLine, Package};
use dropzone::domain::push::{Order, Push, PushKind};
use dropzone::domain::report::readiness::Readiness;
use dropzone::domain::report::{Counts, Muted, Severity};
use dropzone::notify::{Encryption, Post, Settings, SetupError, Transport};
use jiff::Timestamp;
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

pub(crate) mod parsed;
pub(crate) mod servers;

use parsed::Mail;

const PACKAGE: &str = "01JQW8Y6ZK5V3T9N2M4B7C1D0E";

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn package(status: Status) -> Package {
    Package {
        id: PackageId::new(PACKAGE),
        label: LabelId::new("01JQW000000000000000000001"),
        label_name: "lantern".to_owned(),
        folder: "TheLamps_NightDrive_5034567890120_20260401".to_owned(),
        status,
        attempt: 3,
        icpn: Some("5034567890120".to_owned()),
        title: Some("Night Drive".to_owned()),
        artist: Some("The Lamps".to_owned()),
        tracks: 4,
        counts: Counts::default(),
        waiting_for: Vec::new(),
        via_sftp: true,
        received_at: at("2026-03-23T10:15:42Z"),
        updated_at: at("2026-03-23T10:17:03Z"),
    }
}

fn push(number: u32, dsp: &str, state: PushState) -> Push {
    let approved = at("2026-03-24T09:00:00Z");
    let id = PushId::new(format!("01JQW90000000000000000000{number}"));
    Push {
        state,
        attempts: 9,
        due_at: at("2026-03-24T10:15:42Z"),
        last_error: (state == PushState::Failed).then(|| {
            "sftp.soundwave.example:22 offered the host key SHA256:abc instead of the pinned one"
                .to_owned()
        }),
        updated_at: at("2026-03-24T10:15:42Z"),
        ..Push::queued(id, PackageId::new(PACKAGE), DspId::new(dsp), approved)
    }
}

fn cause(kind: LetterKind) -> Event {
    match kind {
        LetterKind::Stalled => Event::Stalled {
            waiting_for: vec![
                "03_Tokyo.wav (the upload broke off at 12.3 MB)".to_owned(),
                "04_Interlude.wav".to_owned(),
            ],
        },
        LetterKind::Incoming => Event::Claimed {
            manifest: Manifest {
                package: PackageId::new(PACKAGE),
                label: "01JQW000000000000000000001".to_owned(),
                folder: "TheLamps_NightDrive_5034567890120_20260401".to_owned(),
                files: Vec::new(),
            },
            identity: Identity::default(),
        },
        LetterKind::Invalid | LetterKind::NeedsQc => Event::Judged {
            report: None,
            counts: Counts::default(),
            identity: Identity::default(),
        },
        LetterKind::QcApproved | LetterKind::OperatorPushFailed => Event::Approved { note: None, ticked: Vec::new() },
        LetterKind::QcRejected => Event::Rejected {
            note: "The cover shows the Instagram logo in the lower right corner.\n\nPlease remove it; stores refuse logos of other companies.".to_owned(),
        },
        LetterKind::Delivered => Event::AllPushed {
            dsps: vec!["soundwave".to_owned(), "Archive".to_owned()],
        },
        LetterKind::Parked | LetterKind::OperatorParked => Event::Parked {
            why: "the spool could not be read: 02_Harbour.wav: Input/output error (os error 5)"
                .to_owned(),
        },
        LetterKind::OverQuota => Event::OverQuota {
            what: "Your upload space is full: 100 GB of 100 GB lie in /incoming.".to_owned(),
        },
        LetterKind::Abandoned => Event::Abandoned {
            to: "labels/01JQW000000000000000000001/quarantine/X-abandoned".to_owned(),
        },
        LetterKind::Duplicate => Event::Duplicate {
            of: PackageId::new("01JQW0000000000000000000ZZ"),
            received_at: at("2026-03-20T08:05:00Z"),
        },
        // An operator's order hangs on the newest line of the log.
        LetterKind::TakenDown => Event::AllPushed {
            dsps: vec!["soundwave".to_owned(), "Archive".to_owned()],
        },
    }
}

fn status(kind: LetterKind) -> Status {
    match kind {
        LetterKind::Stalled | LetterKind::OverQuota => Status::Receiving,
        LetterKind::Incoming => Status::Incoming,
        LetterKind::Invalid => Status::Invalid,
        LetterKind::NeedsQc => Status::NeedsQc,
        LetterKind::QcApproved | LetterKind::OperatorPushFailed => Status::QcApproved,
        LetterKind::QcRejected => Status::QcRejected,
        LetterKind::Delivered | LetterKind::TakenDown => Status::Delivered,
        LetterKind::Abandoned | LetterKind::Duplicate => Status::Superseded,
        LetterKind::Parked | LetterKind::OperatorParked => Status::Parked,
    }
}

fn subject(kind: LetterKind) -> Subject {
    let report = match kind {
        LetterKind::Stalled | LetterKind::Incoming => None,
        LetterKind::OverQuota | LetterKind::Abandoned | LetterKind::Duplicate => None,
        LetterKind::Parked | LetterKind::OperatorParked => None,
        LetterKind::Invalid => Some(invalid_report()),
        LetterKind::NeedsQc
        | LetterKind::QcApproved
        | LetterKind::QcRejected
        | LetterKind::Delivered
        | LetterKind::TakenDown
        | LetterKind::OperatorPushFailed => Some(valid_report()),
    };
    let pushes = match kind {
        LetterKind::QcApproved => vec![
            push(1, "soundwave", PushState::Queued),
            push(2, "archive", PushState::Queued),
            push(3, "blocked", PushState::Blocked),
        ],
        LetterKind::OperatorPushFailed => vec![
            push(1, "soundwave", PushState::Failed),
            push(2, "archive", PushState::Sent),
        ],
        LetterKind::Delivered => vec![
            push(1, "soundwave", PushState::Sent),
            push(2, "archive", PushState::Sent),
        ],
        LetterKind::TakenDown => taken_down(Some(Order {
            id: "01JQWA000000000000000000T1".to_owned(),
            by: "mara".to_owned(),
            why: "The sample in track 2 is not cleared; its publisher asked us to remove it"
                .to_owned(),
            at: at("2026-03-25T08:00:00Z"),
            purge: false,
        })),
        LetterKind::Stalled
        | LetterKind::Incoming
        | LetterKind::Invalid
        | LetterKind::NeedsQc
        | LetterKind::QcRejected
        | LetterKind::Parked
        | LetterKind::OperatorParked
        | LetterKind::OverQuota
        | LetterKind::Abandoned
        | LetterKind::Duplicate => Vec::new(),
    };
    Subject {
        package: package(status(kind)),
        report,
        cause: LogLine {
            number: 4,
            at: at("2026-03-23T10:17:03Z"),
            actor: "daemon".to_owned(),
            event: cause(kind),
            status: status(kind),
        },
        pushes,
    }
}

fn taken_down(order: Option<Order>) -> Vec<Push> {
    let takedown = |push: Push| Push {
        kind: PushKind::Takedown,
        order: order.clone(),
        ..push
    };
    vec![
        takedown(push(5, "soundwave", PushState::Acknowledged)),
        takedown(push(6, "archive", PushState::Sent)),
        // One that a person called off.
        takedown(push(7, "blocked", PushState::Cancelled)),
    ]
}

/// A label's own takedown: the same letters, with other words.
fn own_takedown(kind: LetterKind) -> Subject {
    let mut subject = subject(kind);
    subject.pushes = taken_down(None);
    if kind == LetterKind::NeedsQc {
        subject.pushes.clear();
    }
    if kind == LetterKind::QcApproved {
        for push in &mut subject.pushes {
            push.state = PushState::Queued;
        }
    }
    let mut report = valid_report();
    report.findings.truncate(1);
    if let Some(finding) = report.findings.first_mut() {
        finding.code = "UPD-004".to_owned();
        finding.severity = Severity::Question;
        finding.title = "Release is taken down".to_owned();
        finding.message =
            "This takes “Night Drive” off the stores. The message has no deal for it.".to_owned();
        finding.fix =
            "If the release is to stay in the stores, repeat its deals in the message.".to_owned();
    }
    report.readiness = ["Sound Wave", "Archive"]
        .map(|name| Readiness {
            dsp: name.to_lowercase(),
            name: name.to_owned(),
            ready: true,
            findings: Vec::new(),
        })
        .to_vec();
    subject.report = Some(report);
    subject
}

#[test]
fn a_takedown_of_the_labels_own_is_told_as_one() {
    for kind in [
        LetterKind::NeedsQc,
        LetterKind::QcApproved,
        LetterKind::TakenDown,
    ] {
        let mail = Mail::parse(&post().render(&due(kind), &own_takedown(kind)));
        insta::assert_snapshot!(format!("letter_own_takedown_{}", kind.as_str()), mail.text);
        for words in [&mail.text, &mail.html] {
            assert!(!words.contains("1–7 business days"), "{words}");
        }
    }
    let mut failed = subject(LetterKind::OperatorPushFailed);
    for push in &mut failed.pushes {
        push.kind = PushKind::Takedown;
    }
    let mail = Mail::parse(&post().render(&due(LetterKind::OperatorPushFailed), &failed));
    insta::assert_snapshot!("letter_takedown_failed", mail.text);
}

/// `push cancel` is refused of one that may be there, and `push retry` only asks.
#[test]
fn of_a_push_that_may_be_there_the_operator_reads_what_can_be_done() {
    let mut unknown = subject(LetterKind::OperatorPushFailed);
    unknown.pushes[0].state = PushState::SentUnknown;
    unknown.pushes[0].due_at = Timestamp::MAX;
    let mail = Mail::parse(&post().render(&due(LetterKind::OperatorPushFailed), &unknown));
    insta::assert_snapshot!("letter_push_unknown", mail.text);
    assert!(mail.html.contains("dropzone push resend"), "{}", mail.html);
    assert!(!mail.html.contains("push cancel"), "{}", mail.html);
    // In the middle of becoming visible it is in nobody's hands but a worker's.
    unknown.pushes[0].due_at = unknown.pushes[0].updated_at;
    let mail = Mail::parse(&post().render(&due(LetterKind::OperatorPushFailed), &unknown));
    for words in [&mail.text, &mail.html] {
        assert!(!words.contains("push resend"), "{words}");
    }
}

#[test]
fn an_approval_promises_only_what_happens() {
    let mut test = subject(LetterKind::QcApproved);
    test.pushes.clear();
    test.report.as_mut().unwrap().release.is_test = true;
    let mut test_takedown = own_takedown(LetterKind::QcApproved);
    test_takedown.pushes.clear();
    test_takedown.report.as_mut().unwrap().release.is_test = true;
    let mut without_dsp = subject(LetterKind::QcApproved);
    without_dsp.pushes.clear();
    let mut held = subject(LetterKind::QcApproved);
    for push in &mut held.pushes {
        push.state = PushState::Blocked;
    }
    let mut nowhere = own_takedown(LetterKind::QcApproved);
    nowhere.pushes.clear();
    for (name, subject) in [
        ("test", test),
        ("test_takedown", test_takedown),
        ("without_dsp", without_dsp),
        ("held", held),
        ("takedown_nowhere", nowhere),
    ] {
        let mail = Mail::parse(&post().render(&due(LetterKind::QcApproved), &subject));
        let text = format!("{}\n\n{}", mail.one("Subject"), mail.text);
        insta::assert_snapshot!(format!("letter_qc_approved_{name}"), text);
        for words in [&text, &mail.html] {
            assert!(!words.contains("We are now"), "{name}: {words}");
            assert!(!words.contains("on its way"), "{name}: {words}");
            let more = words.contains("one more e-mail");
            assert_eq!(more, name == "held", "{name}: {words}");
        }
    }
}

fn due(kind: LetterKind) -> Due {
    Due {
        id: LetterId::new("01JQW91B7J8Z0QX5T2R3S4V6W7"),
        package: PackageId::new(PACKAGE),
        kind,
        recipient: "releases@lantern.example".to_owned(),
        thread_root: (kind != LetterKind::Incoming)
            .then(|| LetterId::new("01JQW8Z0000000000000000000")),
        created_at: at("2026-03-23T10:17:03.417Z"),
        attempts: 0,
        mime: None,
    }
}

fn settings() -> Settings {
    Settings {
        from: "InterWave Drop Zone <dropzone@interwave.example>".to_owned(),
        reply_to: Some("support@interwave.example".to_owned()),
        operator: vec!["ops@interwave.example".to_owned()],
        service_name: "InterWave Drop Zone".to_owned(),
        ..Settings::default()
    }
}

fn post() -> Post {
    Post::new(&settings(), Path::new("/nonexistent"))
        .unwrap()
        .with_dsp_names(BTreeMap::from([(
            DspId::new("soundwave"),
            "Sound Wave".to_owned(),
        )]))
}

fn smtp(host: &str, port: u16, tls: Encryption, root_ca_file: Option<&Path>) -> Settings {
    Settings {
        transport: Transport::Smtp {
            host: host.to_owned(),
            port,
            tls,
            user: None,
            password_file: None,
            root_ca_file: root_ca_file.map(Path::to_owned),
        },
        ..settings()
    }
}

/// Headers in order, then the text part: what a label reads.
fn as_read(kind: LetterKind) -> String {
    let mail = Mail::parse(&post().render(&due(kind), &subject(kind)));
    let headers: Vec<String> = mail
        .headers
        .iter()
        .map(|(name, value)| format!("{name}: {value}"))
        .collect();
    format!("{}\n\n{}", headers.join("\n"), mail.text)
}

#[test]
fn every_letter_as_text() {
    for kind in LetterKind::ALL {
        insta::assert_snapshot!(format!("letter_{}", kind.as_str()), as_read(kind));
    }
}

#[test]
fn letters_as_html() {
    for kind in [
        LetterKind::Invalid,
        LetterKind::NeedsQc,
        LetterKind::QcRejected,
        LetterKind::OperatorPushFailed,
    ] {
        let mail = Mail::parse(&post().render(&due(kind), &subject(kind)));
        insta::assert_snapshot!(format!("letter_{}_html", kind.as_str()), mail.html);
    }
}

#[test]
fn html_letters_load_nothing() {
    for kind in LetterKind::ALL {
        let mail = Mail::parse(&post().render(&due(kind), &subject(kind)));
        assert!(mail.html.contains("</html>"), "{kind:?}");
        for word in [
            "<script", "<img", "src=", "href=", "url(", "http:", "https:",
        ] {
            assert!(!mail.html.contains(word), "{kind:?}: {word}");
        }
    }
}

#[test]
fn a_letter_is_the_same_bytes_every_time() {
    for kind in LetterKind::ALL {
        let first = post().render(&due(kind), &subject(kind));
        assert_eq!(first, post().render(&due(kind), &subject(kind)), "{kind:?}");
    }
}

#[test]
fn lines_fit_what_smtp_carries() {
    for kind in LetterKind::ALL {
        let mime = post().render(&due(kind), &subject(kind));
        assert!(mime.is_ascii(), "{kind:?}");
        for line in String::from_utf8(mime).unwrap().split("\r\n") {
            assert!(line.len() <= 998 && !line.contains(['\r', '\n']), "{line}");
        }
    }
}

#[test]
fn a_first_letter_has_no_thread_and_no_reply_address_is_no_invitation() {
    let settings = Settings {
        reply_to: None,
        message_id_domain: "mail.example".to_owned(),
        ..settings()
    };
    let post = Post::new(&settings, Path::new("/nonexistent")).unwrap();
    let mail =
        Mail::parse(&post.render(&due(LetterKind::Incoming), &subject(LetterKind::Incoming)));
    assert!(mail.all("In-Reply-To").is_empty());
    assert!(mail.all("References").is_empty());
    assert!(mail.all("Reply-To").is_empty());
    assert_eq!(
        mail.one("Message-ID"),
        "<01JQW91B7J8Z0QX5T2R3S4V6W7@mail.example>"
    );
    assert!(mail.text.contains("sent automatically"));
    assert!(!mail.text.contains("Answer this e-mail"));
}

/// What was agreed with the label is said where it matters: at the finding, and below the list.
#[test]
fn rules_of_the_account_are_told() {
    for kind in [LetterKind::Invalid, LetterKind::NeedsQc] {
        let mut subject = subject(kind);
        let report = subject.report.as_mut().unwrap();
        let last = report.findings.last_mut().unwrap();
        last.usual = Some(Severity::Warning);
        report.muted = vec![Muted {
            code: "AUD-017".to_owned(),
            title: "Silence".to_owned(),
            usual: Severity::Warning,
            count: 2,
        }];
        let mail = Mail::parse(&post().render(&due(kind), &subject));
        for body in [&mail.text, &mail.html] {
            let body = body.split_whitespace().collect::<Vec<_>>().join(" ");
            for words in [
                "(for your account: note instead of warning)",
                "switched off for your account: AUD-017 (2 findings).",
            ] {
                assert!(body.contains(words), "{kind:?}: {words} in {body}");
            }
        }
    }
}

/// A line that stands for many counts as many.
#[test]
fn what_is_only_counted_is_counted_once() {
    let mut subject = subject(LetterKind::Invalid);
    let report = subject.report.as_mut().unwrap();
    let mut one = report.findings[0].clone();
    report.findings = vec![one.clone(); 210];
    one.more = Some(37);
    report.findings.push(one);
    report.counts = Counts::of(&report.findings);
    let mail = Mail::parse(&post().render(&due(LetterKind::Invalid), &subject));
    assert!(mail.one("Subject").contains("247 problems to fix"));
    assert!(mail.text.contains("… and 47 more in the report"));
}

#[test]
fn long_lists_end_in_a_number() {
    let mut subject = subject(LetterKind::Invalid);
    let report = subject.report.as_mut().unwrap();
    let one = report.findings[0].clone();
    report.findings = vec![one; 260];
    report.findings[259].severity = Severity::Info;
    report.counts = Counts::of(&report.findings);
    let mail = Mail::parse(&post().render(&due(LetterKind::Invalid), &subject));
    assert!(mail.one("Subject").contains("259 problems to fix"));
    assert_eq!(mail.text.matches("Rule AUD-003").count(), 200);
    assert!(mail.text.contains("… and 60 more in the report"));
    assert!(mail.html.contains("… and 60 more in the report"));
}

#[test]
fn without_a_report_there_is_still_a_letter() {
    for kind in LetterKind::ALL {
        let mut subject = subject(kind);
        subject.report = None;
        subject.package.title = None;
        subject.package.artist = None;
        subject.package.icpn = None;
        subject.pushes.clear();
        let mail = Mail::parse(&post().render(&due(kind), &subject));
        assert!(
            mail.one("Subject")
                .contains("TheLamps_NightDrive_5034567890120_20260401"),
            "{kind:?}: the folder stands for the title"
        );
        assert!(mail.html.contains("</html>"), "{kind:?}: no fallback");
    }
}

#[test]
fn a_letter_to_no_address_is_rendered_but_cannot_be_sent() {
    let mut due = due(LetterKind::Invalid);
    due.recipient = "not an address\r\nBcc: evil@example.org".to_owned();
    let mime = post().render(&due, &subject(LetterKind::Invalid));
    let mail = Mail::parse(&mime);
    assert!(mail.all("Bcc").is_empty());
    assert!(
        mail.text.contains("AUD-003"),
        "the plain form says everything"
    );
    assert!(mail.one("Subject").contains("Night Drive – Invalid"));
    let post = Post::new(
        &smtp("127.0.0.1", 1, Encryption::None, None),
        Path::new("/nonexistent"),
    )
    .unwrap();
    let fault = post.send(&due, &mime).unwrap_err();
    assert_eq!(
        (fault.code.as_str(), fault.is_transient()),
        ("mail_address", false)
    );
}

#[test]
fn years_that_no_calendar_has_do_not_stop_a_letter() {
    for year in [
        "-009999-01-02T01:59:59Z",
        "9999-12-30T21:59:59Z",
        "1969-12-31T23:59:59Z",
    ] {
        let mut due = due(LetterKind::Incoming);
        due.created_at = at(year);
        let mail = Mail::parse(&post().render(&due, &subject(LetterKind::Incoming)));
        assert!(mail.html.contains("</html>"), "{year}");
    }
}

// ---- templates of the operator ----------------------------------------------------------------

fn with_templates(files: &[(&str, &str)]) -> (tempfile::TempDir, Post) {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        fs::write(folder.path().join(name), text).unwrap();
    }
    let settings = Settings {
        templates: Some(folder.path().to_owned()),
        ..settings()
    };
    let post = Post::new(&settings, Path::new("/nonexistent")).unwrap();
    (folder, post)
}

#[test]
fn templates_of_the_operator_take_the_place_of_ours() {
    let (_folder, post) = with_templates(&[
        ("invalid.subject.txt", "Oh dear: {{ release }}"),
        (
            "invalid.txt",
            "{{ problems }}\n{% set groups = errors %}{% include \"findings.txt\" %}",
        ),
        (
            "layout.html",
            "<p>{% block tone %}{% endblock %}{% block say %}{% endblock %}</p>",
        ),
    ]);
    let mail = Mail::parse(&post.render(&due(LetterKind::Invalid), &subject(LetterKind::Invalid)));
    assert_eq!(mail.one("Subject"), "Oh dear: Night Drive – The Lamps");
    assert!(mail.text.starts_with("3 problems"), "{}", mail.text);
    assert!(mail.text.contains("AUD-003"));
    assert!(mail.html.starts_with("<p>"), "{}", mail.html);
}

#[test]
fn a_broken_template_costs_nothing() {
    let ours =
        Mail::parse(&post().render(&due(LetterKind::Invalid), &subject(LetterKind::Invalid)));
    let (_folder, post) = with_templates(&[
        ("invalid.subject.txt", "{{ no_such_name }}"),
        ("invalid.txt", "{% if %}"),
        ("invalid.html", "   "),
        ("typo.txt", "never read"),
        ("README", "never read"),
    ]);
    let theirs =
        Mail::parse(&post.render(&due(LetterKind::Invalid), &subject(LetterKind::Invalid)));
    assert_eq!(theirs.one("Subject"), ours.one("Subject"));
    assert_eq!(theirs.text, ours.text);
    assert_eq!(theirs.html, ours.html);
}

#[test]
fn a_template_that_is_not_text_costs_nothing() {
    let (folder, _) = with_templates(&[]);
    fs::write(folder.path().join("invalid.txt"), b"\xff\xfe\x00").unwrap();
    fs::create_dir(folder.path().join("invalid.html")).unwrap();
    let settings = Settings {
        templates: Some(folder.path().to_owned()),
        ..settings()
    };
    let post = Post::new(&settings, Path::new("/nonexistent")).unwrap();
    let mail = Mail::parse(&post.render(&due(LetterKind::Invalid), &subject(LetterKind::Invalid)));
    assert!(mail.text.contains("PROBLEMS TO FIX"));
}

// ---- hostile names ----------------------------------------------------------------------------

/// A letter about a release in which every text is `text`.
fn poisoned_subject(kind: LetterKind, text: &str) -> Subject {
    let mut subject = subject(kind);
    subject.report = subject.report.map(|_| poisoned(text));
    let package = &mut subject.package;
    text.clone_into(&mut package.label_name);
    text.clone_into(&mut package.folder);
    package.title = Some(text.to_owned());
    package.artist = Some(text.to_owned());
    package.icpn = Some(text.to_owned());
    package.waiting_for = vec![text.to_owned()];
    text.clone_into(&mut subject.cause.actor);
    subject.cause.event = match subject.cause.event {
        Event::Stalled { .. } => Event::Stalled {
            waiting_for: vec![text.to_owned()],
        },
        Event::Rejected { .. } => Event::Rejected {
            note: text.to_owned(),
        },
        Event::Approved { .. } => Event::Approved {
            note: Some(text.to_owned()),
            ticked: Vec::new(),
        },
        Event::AllPushed { .. } => Event::AllPushed {
            dsps: vec![text.to_owned()],
        },
        Event::Parked { .. } => Event::Parked {
            why: text.to_owned(),
        },
        Event::OverQuota { .. } => Event::OverQuota {
            what: text.to_owned(),
        },
        Event::Abandoned { .. } => Event::Abandoned {
            to: text.to_owned(),
        },
        other @ (Event::Claimed { .. }
        | Event::Duplicate { .. }
        | Event::Judged { .. }
        | Event::Replaced { .. }
        | Event::Withdrawn
        | Event::Unparked) => other,
    };
    for push in &mut subject.pushes {
        push.last_error = Some(text.to_owned());
        push.dsp = DspId::new(text);
    }
    subject
}

const HEADERS: [&str; 14] = [
    "From",
    "To",
    "Reply-To",
    "Subject",
    "Date",
    "Message-ID",
    "In-Reply-To",
    "References",
    "Auto-Submitted",
    "X-Auto-Response-Suppress",
    "X-Dropzone-Letter",
    "X-Dropzone-Package",
    "MIME-Version",
    "Content-Type",
];

fn check_poisoned(kind: LetterKind, text: &str) -> Result<(), TestCaseError> {
    let mut due = due(kind);
    due.thread_root = Some(LetterId::new("01JQW8Z0000000000000000000"));
    let mime = post().render(&due, &poisoned_subject(kind, text));
    prop_assert!(mime.is_ascii());
    let mail = Mail::parse(&mime);
    let mut names: Vec<&str> = mail.headers.iter().map(|(name, _)| name.as_str()).collect();
    let mut expected = HEADERS.to_vec();
    names.sort_unstable();
    expected.sort_unstable();
    prop_assert_eq!(names, expected, "exactly one of each header, and no other");
    let subject = mail.one("Subject");
    prop_assert!(subject.chars().count() <= 200);
    prop_assert!(!subject.contains("=?"), "{}", subject);
    for c in subject.chars() {
        prop_assert!(!c.is_control(), "{c:?}");
        let steers = matches!(c, '\u{200e}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
        prop_assert!(!steers, "{c:?}");
    }
    for c in mail.text.chars().chain(mail.html.chars()) {
        prop_assert!(c == '\n' || !c.is_control(), "{c:?}");
        let turns = matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
        prop_assert!(!turns, "{c:?}");
    }
    prop_assert!(
        mail.html.trim_end().ends_with("</html>"),
        "the template was used"
    );
    for tag in mail.html.split('<').skip(1) {
        let tag = tag
            .split([' ', '>', '\n'])
            .next()
            .unwrap()
            .trim_start_matches('/');
        let known = [
            "!doctype", "html", "head", "meta", "title", "body", "table", "tr", "td", "p", "h1",
            "h2", "h3", "b", "br", "div", "code", "pre", "ul", "ol", "li",
        ];
        prop_assert!(known.contains(&tag), "{}", tag);
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn no_name_breaks_out_of_a_letter(text in hostile()) {
        for kind in LetterKind::ALL {
            check_poisoned(kind, &text)?;
        }
    }
}

#[test]
fn a_hostile_sender_name_is_made_clean_at_start() {
    let settings = Settings {
        from: "Drop\r\nBcc: evil@example.org\0 Zone <dropzone@interwave.example>".to_owned(),
        reply_to: Some("A\nB <support@interwave.example>".to_owned()),
        ..settings()
    };
    match Post::new(&settings, Path::new("/nonexistent")) {
        Ok(post) => {
            let mime = post.render(&due(LetterKind::Incoming), &subject(LetterKind::Incoming));
            let mail = Mail::parse(&mime);
            assert!(mail.all("Bcc").is_empty());
            assert_eq!(mail.all("From").len(), 1);
        }
        Err(error) => assert!(matches!(error, SetupError::Address { .. }), "{error}"),
    }
}

// ---- settings ---------------------------------------------------------------------------------

fn setup_error(settings: &Settings) -> String {
    match Post::new(settings, Path::new("/nonexistent")) {
        Ok(_) => panic!("these settings must be refused: {settings:?}"),
        Err(error) => error.to_string(),
    }
}

#[test]
fn settings_that_cannot_work_are_refused_with_a_sentence() {
    let bad_from = Settings {
        from: "nobody".to_owned(),
        ..settings()
    };
    assert_eq!(
        setup_error(&bad_from),
        "`from` is not a mail address: \"nobody\""
    );
    let bad_domain = Settings {
        message_id_domain: "a b".to_owned(),
        ..settings()
    };
    assert!(setup_error(&bad_domain).contains("not a domain name"));
    let remote = smtp("mail.interwave.example", 25, Encryption::None, None);
    assert!(setup_error(&remote).contains("unencrypted"));
    for host in ["localhost", "127.0.0.1", "127.8.8.8", "::1", "[::1]"] {
        assert!(Post::new(&smtp(host, 25, Encryption::None, None), Path::new("/x")).is_ok());
    }
    let missing = Settings {
        templates: Some("/nonexistent/templates".into()),
        ..settings()
    };
    assert!(setup_error(&missing).contains("cannot be read"));
}

#[test]
fn settings_survive_their_file() {
    for settings in [
        Settings::default(),
        settings(),
        smtp(
            "mail.interwave.example",
            465,
            Encryption::Tls,
            Some(Path::new("/etc/ca.pem")),
        ),
    ] {
        let text = toml::to_string(&settings).unwrap();
        assert_eq!(
            toml::from_str::<Settings>(&text).unwrap(),
            settings,
            "{text}"
        );
    }
    let short = "[transport]\nkind = \"smtp\"\nhost = \"mail.interwave.example\"\n";
    assert_eq!(
        toml::from_str::<Settings>(short).unwrap().transport,
        smtp("mail.interwave.example", 587, Encryption::Starttls, None).transport
    );
    let typo = "[transport]\nkind = \"smtp\"\nhost = \"x\"\nprot = 25\n";
    assert!(
        toml::from_str::<Settings>(typo)
            .unwrap_err()
            .to_string()
            .contains("prot")
    );
}

#[test]
fn a_post_office_serves_several_threads() {
    fn shared<T: Send + Sync>(_: &T) {}
    shared(&post());
}

fn with_login(file: Option<&Path>) -> Settings {
    Settings {
        transport: Transport::Smtp {
            host: "127.0.0.1".to_owned(),
            port: 25,
            tls: Encryption::None,
            user: Some("dropzone".to_owned()),
            password_file: file.map(Path::to_owned),
            root_ca_file: None,
        },
        ..settings()
    }
}

#[test]
fn a_password_that_others_can_read_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("password");
    fs::write(&file, "geheim\n").unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).unwrap();
    let refused = setup_error(&with_login(Some(&file)));
    assert!(
        refused.contains("0644") && refused.contains("chmod 600"),
        "{refused}"
    );
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
    assert!(Post::new(&with_login(Some(&file)), Path::new("/x")).is_ok());
    assert!(setup_error(&with_login(None)).contains("belong together"));
    assert!(setup_error(&with_login(Some(Path::new("/nonexistent")))).contains("cannot be read"));
}

#[test]
fn an_authority_file_without_certificates_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("ca.pem");
    fs::write(&file, "not a certificate").unwrap();
    let refused = setup_error(&smtp("localhost", 587, Encryption::Starttls, Some(&file)));
    assert!(refused.contains("no PEM certificate"), "{refused}");
}

// ---- the folder -------------------------------------------------------------------------------

#[test]
fn the_folder_holds_each_letter_once() {
    let folder = tempfile::tempdir().unwrap();
    let mail = folder.path().join("deep").join("mail");
    let post = Post::new(&settings(), &mail).unwrap();
    let due = due(LetterKind::Invalid);
    let mime = post.render(&due, &subject(LetterKind::Invalid));
    post.send(&due, &mime).unwrap();
    post.send(&due, &mime).unwrap();
    let names: Vec<_> = fs::read_dir(&mail)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    assert_eq!(
        names,
        ["20260323T101703Z-01JQW91B7J8Z0QX5T2R3S4V6W7-invalid.eml"]
    );
    assert_eq!(fs::read(mail.join(&names[0])).unwrap(), mime);
}

#[test]
fn a_folder_that_cannot_be_written_is_worth_another_try() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("mail");
    fs::write(&file, "in the way").unwrap();
    let post = Post::new(&settings(), &file).unwrap();
    let fault: Fault = post.send(&due(LetterKind::Invalid), b"x").unwrap_err();
    assert_eq!(
        (fault.code.as_str(), fault.is_transient()),
        ("mail_folder", true)
    );
    assert!(
        fault.text.contains(&*file.to_string_lossy()),
        "{}",
        fault.text
    );
}
