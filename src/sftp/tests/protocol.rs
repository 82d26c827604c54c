//! The protocol itself: framing, bounds, extensions, order, and what intake is told.

use super::client::{
    Client, FAILURE, Label, NO_SUCH_FILE, OK, PUT, READ, Reply, UNSUPPORTED, packet, text,
};
use crate::domain::upload::UploadEvent;
use crate::sftp::codec::kind;
use crate::sftp::refusal::Dialect;
use crate::sftp::session::{Flow, Session};
use std::sync::Arc;

#[test]
fn extensions_answer() {
    let label = Label::new();
    let mut client = label.connect();
    let Reply::Extended(limits) = client.ask(200, &text("limits@openssh.com")) else {
        panic!()
    };
    let numbers: Vec<u64> = limits
        .chunks(8)
        .map(|eight| u64::from_be_bytes(eight.try_into().unwrap()))
        .collect();
    assert_eq!(numbers, [262_144, 261_120, 261_120, 64]);
    let statvfs = [text("statvfs@openssh.com"), text("/incoming")].concat();
    assert!(matches!(client.ask(200, &statvfs), Reply::Extended(body) if body.len() == 88));
    let expand = [text("expand-path@openssh.com"), text("~/incoming")].concat();
    let Reply::Names(names) = client.ask(200, &expand) else {
        panic!()
    };
    assert_eq!(names[0].0, "/incoming");
    assert_eq!(client.code(200, &text("hardlink@openssh.com")), UNSUPPORTED);
    assert_eq!(client.code(77, &[]), UNSUPPORTED);
}

#[test]
fn a_large_folder_comes_in_pieces() {
    let label = Label::new();
    let mut client = label.connect();
    client.mkdir("/incoming/A");
    for number in 0..250 {
        std::fs::write(label.at(&format!("incoming/A/{number:0>200}")), "x").unwrap();
    }
    assert_eq!(client.list("/incoming/A").len(), 250);
}

const OPENDIR: u8 = 11;
const CLOSE: u8 = 4;

/// A label with a folder of so many names that take long to read.
fn with_large_folder(names: usize) -> Label {
    let label = Label::new();
    label.connect().mkdir("/incoming/Large");
    for number in 0..names {
        std::fs::write(label.at(&format!("incoming/Large/{number:0>240}")), "").unwrap();
    }
    label
}

#[test]
fn names_of_large_folders_are_held_up_to_a_bound() {
    let label = with_large_folder(2_000);
    let mut client = label.connect();
    let path = text("/incoming/Large");
    let mut open = Vec::new();
    let words = loop {
        match client.ask(OPENDIR, &path) {
            Reply::Handle(handle) => open.push(handle),
            Reply::Status(FAILURE, words) => break words,
            other => panic!("{other:?}"),
        }
        assert!(open.len() < 64, "more than 16 MB of names are held");
    };
    assert!(words.contains("large folders"), "{words}");
    assert_eq!(client.close(&open[0]), OK);
    assert!(matches!(client.ask(OPENDIR, &path), Reply::Handle(_)));
}

#[test]
fn who_asks_for_much_leaves_others_their_turn() {
    let label = with_large_folder(2_000);
    let mut session = label.connect().session;
    let pairs: Vec<u8> = (1..=200_u32)
        .flat_map(|generation| {
            let handle = [generation.to_be_bytes(), [0; 4]].concat();
            let open = [vec![0; 4], text("/incoming/Large")].concat();
            let close = [vec![0; 4], text(handle)].concat();
            [packet(OPENDIR, &open), packet(CLOSE, &close)].concat()
        })
        .collect();
    let (mut rest, mut out, mut jobs) = (&pairs[..], Vec::new(), Vec::new());
    let flow = session.feed_promptly(&mut rest, usize::MAX, &mut out, &mut jobs);
    assert_eq!(flow, Flow::Full);
    assert!(
        rest.len() > pairs.len() / 2,
        "200 listings of 2,000 names in one turn"
    );
}

#[test]
fn handles_are_bounded() {
    let label = Label::new();
    let mut client = label.connect();
    client.mkdir("/incoming/A");
    client.put("/incoming/A/a", "x");
    let handles: Vec<_> = (0..64)
        .map(|_| client.open("/incoming/A/a", READ).unwrap())
        .collect();
    assert_eq!(client.open("/incoming/A/a", READ).unwrap_err().0, FAILURE);
    assert_eq!(client.close(&handles[0]), OK);
    assert!(client.open("/incoming/A/a", READ).is_ok());
}

#[test]
fn a_stream_without_sense_ends_the_channel() {
    let label = Label::new();
    let breaks = |bytes: &[u8]| matches!(label.connect().feed(bytes).0, Flow::Broken(_));
    assert!(breaks(&[0xff, 0xff, 0xff, 0xff]), "oversize");
    assert!(breaks(&[0, 0, 0, 0]), "empty");
    assert!(
        breaks(&packet(17, &[0, 0, 0, 1, 0, 0, 0, 99])),
        "string too long"
    );
    assert!(breaks(&packet(17, &[0])), "no number");
    assert!(
        breaks(&packet(kind::INIT, &3_u32.to_be_bytes())),
        "second INIT"
    );
    let mut fresh = label.connect().session;
    fresh = Session::new(
        Arc::clone(&fresh.tree),
        Arc::clone(&fresh.presence),
        Dialect::Plain,
        Arc::default(),
    );
    let mut client = Client {
        session: fresh,
        late: Vec::new(),
        next: 0,
        hold: false,
    };
    let (flow, out) = client.feed(&packet(16, &[vec![0; 4], text(".")].concat()));
    assert!(matches!(flow, Flow::Broken(_)), "before INIT");
    assert!(out.is_empty());
}

#[test]
fn requests_sent_in_one_go_mean_what_they_would_one_by_one() {
    let label = Label::new();
    let mut client = label.connect();
    let numbered = |id: u32, kind: u8, body: Vec<u8>| {
        packet(kind, &[id.to_be_bytes().to_vec(), body].concat())
    };
    let bytes = [
        numbered(1, 14, [text("/incoming/A"), vec![0; 4]].concat()),
        numbered(2, 18, [text("/incoming/A"), text("/incoming/B")].concat()),
        numbered(3, 17, text("/incoming/B")),
        numbered(4, 17, text("/incoming/A")),
    ]
    .concat();
    // Also when the network cuts them anywhere.
    let mut seen = Vec::new();
    for byte in bytes {
        seen.extend(client.send(&[byte]));
    }
    assert!(matches!(
        &seen[..],
        [
            (1, Reply::Status(OK, _)),
            (2, Reply::Status(OK, _)),
            (3, Reply::Attributes(..)),
            (4, Reply::Status(NO_SUCH_FILE, _)),
        ]
    ));
}

#[test]
fn events_are_told_after_the_fact() {
    let label = Label::new();
    let mut client = label.connect();
    client.mkdir("/incoming/A.tmp");
    client.put("/incoming/A.tmp/a", "x");
    client.rename("/incoming/A.tmp", "/incoming/A");
    client.remove("/incoming/A/a");
    client.rmdir("/incoming/A");
    drop(client);
    // mkdir, open, write, close; the first write is always told.
    let wanted = [
        "~A.tmp", "~A.tmp", "~A.tmp", "~A.tmp", "A.tmp>A", "~A", "-A", "end 1",
    ];
    assert_eq!(told(&label), wanted);
}

#[test]
fn what_is_told_after_the_answer_is_told_before_what_follows() {
    let label = Label::new();
    let mut client = label.connect();
    client.mkdir("/incoming/A.tmp");
    let handle = client.open("/incoming/A.tmp/a", PUT).unwrap();
    told(&label);
    let close = packet(4, &[&[0, 0, 0, 8], &text(&handle)[..]].concat());
    let names = [text("/incoming/A.tmp"), text("/incoming/A")].concat();
    let rename = packet(18, &[&[0, 0, 0, 9], &names[..]].concat());
    client.send(&[close, rename].concat());
    assert_eq!(told(&label), ["~A.tmp", "A.tmp>A"]);
}

fn told(label: &Label) -> Vec<String> {
    let events = label.events().into_iter().map(|event| match event {
        UploadEvent::Touched { folder, .. } => format!("~{folder}"),
        UploadEvent::Renamed { from, to, .. } => format!("{from}>{to}"),
        UploadEvent::Removed { folder, .. } => format!("-{folder}"),
        UploadEvent::SessionEnded { session, .. } => format!("end {session}"),
        UploadEvent::OverQuota { folder, .. } => format!("full {folder}"),
    });
    events.collect()
}
