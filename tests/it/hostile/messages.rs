//! Messages as bombs: masses of attributes, elements, names, references, depth, text.

use super::{Case, survive};
use dropzone::cli::demo::material::message::{StatedFile, write};
use dropzone::cli::demo::material::{ReleaseSpec, TrackSpec, isrc};
use std::fmt::Write as _;

/// Just below what is read of a message.
const ROOM: usize = (16 << 20) - 4096;

/// What is wrong is told, or at least that the files are missing.
const ANY: &[&str] = &["XML-", "REF-", "PKG-"];

/// A message with that inside its root.
fn inside(content: &str) -> String {
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<ern:NewReleaseMessage \
         xmlns:ern=\"http://ddex.net/xml/ern/382\" MessageSchemaVersionId=\"ern/382\">{content}\
         </ern:NewReleaseMessage>\n"
    )
}

/// So many pieces as fit.
fn filled(piece: impl Fn(usize) -> String) -> String {
    let mut text = String::with_capacity(ROOM);
    for number in 0.. {
        let next = piece(number);
        if text.len() + next.len() > ROOM {
            break;
        }
        text.push_str(&next);
    }
    text
}

fn attributes(count: usize) -> String {
    let mut text = String::new();
    for number in 0..count {
        write!(text, " a{number}=\"\"").unwrap();
    }
    text
}

fn case(name: &str, message: &str) -> Case {
    Case::new(name, "metadata.xml", message, ANY)
}

#[test]
fn masses_of_everything_xml_has() {
    let big = "x".repeat(ROOM);
    survive(vec![
        case(
            "200,000 attributes on one element",
            &inside(&format!("<A{}/>", attributes(200_000))),
        ),
        case(
            "200,000 attributes on the root",
            &format!(
                "<NewReleaseMessage{}></NewReleaseMessage>",
                attributes(200_000)
            ),
        ),
        case(
            "60 attributes on each of many elements",
            &inside(&filled(|_| format!("<A{}/>", attributes(60)))),
        ),
        case("elements a million deep", &inside(&"<a>".repeat(1_000_000))),
        case(
            "elements 60 deep, again and again",
            &inside(&filled(|_| {
                format!("{}{}", "<a>".repeat(60), "</a>".repeat(60))
            })),
        ),
        case(
            "one text of 16 MB",
            &inside(&format!("<MessageHeader>{big}</MessageHeader>")),
        ),
        case(
            "texts of 1 MB each",
            &inside(&filled(|_| format!("<a>{}</a>", "y".repeat(1_000_000)))),
        ),
        case("one comment of 16 MB", &inside(&format!("<!--{big}-->"))),
        case("one instruction of 16 MB", &inside(&format!("<?a {big}?>"))),
        case(
            "one CDATA section of 16 MB",
            &inside(&format!("<a><![CDATA[{big}]]></a>")),
        ),
        case(
            "one attribute of 16 MB",
            &inside(&format!("<a b=\"{big}\"/>")),
        ),
        case("one name of 16 MB", &inside(&format!("<{big}/>"))),
        case(
            "one tag that never ends",
            &format!("<NewReleaseMessage {big}"),
        ),
        case(
            "one comment that never ends",
            &inside(&format!("<!-- {big}")),
        ),
        case("a message of 40 MB", &inside(&"<a/>".repeat(10_000_000))),
        case(
            "two million elements",
            &inside(&filled(|_| "<a/>".to_owned())),
        ),
        case(
            "comments between letters",
            &inside(&format!("<a>{}</a>", filled(|_| "b<!---->".to_owned()))),
        ),
        case(
            "references between letters",
            &inside(&format!("<a>{}</a>", filled(|_| "b&amp;".to_owned()))),
        ),
        case(
            "references to nothing",
            &inside(&format!("<a>{}</a>", filled(|n| format!("&e{n};")))),
        ),
        case(
            "bare ampersands",
            &inside(&format!("<a>{}</a>", filled(|_| "& ".to_owned()))),
        ),
        case("white space", &inside(&" \n".repeat(ROOM / 2))),
        case(
            "carriage returns",
            &inside(&format!("<a>{}</a>", "\r".repeat(ROOM))),
        ),
    ]);
}

#[test]
fn masses_of_faults() {
    let long = |letter: &str| letter.repeat(250);
    survive(vec![
        case(
            "a prefix of its own for every element",
            &inside(&filled(|n| format!("<p{n}:a/>"))),
        ),
        case(
            "a namespace of its own for every element",
            &inside(&filled(|n| format!("<a xmlns:p{n}=\"u{n}\"/>"))),
        ),
        case(
            "a name of its own for every element",
            &inside(&filled(|n| format!("<a{n}/>"))),
        ),
        case(
            "end tags without a beginning",
            &inside(&filled(|_| "</a>".to_owned())),
        ),
        case(
            "end tags that do not fit",
            &inside(&filled(|n| format!("<{0}{n}></{0}{1}>", long("a"), n + 1))),
        ),
        case(
            "end tags that are far from fitting",
            &inside(&filled(|_| format!("<{}></{}>", long("a"), long("b")))),
        ),
        case(
            "beginnings without an end",
            &inside(&filled(|n| format!("<a{n}>"))),
        ),
        case(
            "attributes that are there twice",
            &inside(&filled(|_| format!("<a{}/>", " b=\"\"".repeat(60)))),
        ),
        case(
            "attributes without quotes",
            &inside(&filled(|_| "<a b=c/>".to_owned())),
        ),
        case("angle brackets alone", &inside(&"<".repeat(ROOM))),
        case("closing brackets alone", &inside(&"]]>".repeat(ROOM / 3))),
        case(
            "roots one after the other",
            &filled(|_| "<NewReleaseMessage/>".to_owned()),
        ),
        case(
            "declarations again and again",
            &inside(&filled(|_| "<?xml version=\"1.0\"?>".to_owned())),
        ),
        case("control characters", &inside(&"\u{1}".repeat(ROOM))),
        case("broken UTF-8", &inside("<a>MARK</a>")).with_bytes(b"MARK", &[0xff; 8 << 20]),
        case(
            "text that was encoded twice",
            &inside(&format!("<a>{}</a>", filled(|_| "Ã¼Ã©â€™".to_owned()))),
        ),
    ]);
}

impl Case {
    /// Puts bytes that are no text in the place of a mark.
    fn with_bytes(mut self, mark: &[u8], bytes: &[u8]) -> Self {
        for (_, content) in &mut self.files {
            let at = content
                .windows(mark.len())
                .position(|window| window == mark)
                .unwrap();
            content.splice(at..at + mark.len(), bytes.iter().copied());
        }
        self
    }
}

const LEVELS: &str = "<!ENTITY a \"lolololololololol\">";

#[test]
fn entities_and_document_types() {
    let mut levels = LEVELS.to_owned();
    for level in 1..60 {
        let before = (b'a' + u8::try_from((level - 1) % 26).unwrap()) as char;
        write!(
            levels,
            "<!ENTITY e{level} \"{}\">",
            format!("&e{before};").repeat(10)
        )
        .unwrap();
    }
    let with_type = |inner: &str, body: &str| {
        format!(
            "<?xml version=\"1.0\"?><!DOCTYPE NewReleaseMessage {inner}>{}",
            inside(body).split_once("?>\n").unwrap().1
        )
    };
    survive(vec![
        case(
            "entities inside each other",
            &with_type(&format!("[{levels}]"), "<a>&e59;</a>"),
        ),
        case(
            "an entity of 15 MB",
            &with_type(
                &format!("[<!ENTITY e \"{}\">]", "x".repeat(15_000_000)),
                "<a>&e;&e;&e;</a>",
            ),
        ),
        case(
            "an entity in itself",
            &with_type("[<!ENTITY e \"&f;\"><!ENTITY f \"&e;\">]", "<a>&e;</a>"),
        ),
        case(
            "a type that never ends",
            &with_type(&format!("[{}", "<!ENTITY x \"y\">".repeat(500_000)), "<a/>"),
        ),
        case(
            "brackets in a type",
            &with_type(&"[".repeat(5_000_000), "<a/>"),
        ),
        case(
            "an external entity",
            &with_type("[<!ENTITY e SYSTEM \"file:///etc/passwd\">]", "<a>&e;</a>"),
        ),
        case(
            "a foreign type",
            &with_type("SYSTEM \"http://127.0.0.1:9/x.dtd\"", "<a/>"),
        ),
        case(
            "default attributes",
            &with_type(
                "[<!ATTLIST a b CDATA \"c\">]",
                &filled(|_| "<a/>".to_owned()),
            ),
        ),
    ]);
}

/// An album of so many tracks, none of whose files is there.
fn album(tracks: u32) -> String {
    let mut spec = ReleaseSpec::demo(71);
    spec.tracks = (1..=tracks)
        .map(|number| TrackSpec::new(number, &format!("Title {number}"), isrc(number)))
        .collect();
    let files: Vec<StatedFile> = spec
        .tracks
        .iter()
        .map(|track| StatedFile {
            path: track.file.clone(),
            md5: Some("d41d8cd98f00b204e9800998ecf8427e".to_owned()),
        })
        .collect();
    let message = write(&spec, &files, None);
    // Without indentation more of it fits.
    message.lines().map(str::trim_start).collect()
}

#[test]
fn albums_of_thousands_of_tracks() {
    let large = album(5_000);
    println!("5,000 tracks are {} KiB", large.len() / 1024);
    let mut cases = vec![
        Case::new("5,000 tracks", "metadata.xml", large, ANY),
        Case::new("2,500 tracks", "metadata.xml", album(2_500), ANY),
    ];
    // Files whose names are nearly those of the message: for each the nearest is looked for.
    let mut near = Case::new(
        "2,500 tracks and 900 files nearly called so",
        "metadata.xml",
        album(2_500),
        ANY,
    );
    for number in 0..900 {
        near = near.with(&format!("{number:02}_Titel{number}.wav"), "x");
    }
    cases.push(near);
    survive(cases);
}

/// Between these tags of the demonstration's message stands what is repeated.
fn repeated(open: &str, close: &str) -> String {
    let message = album(3);
    let at = message.find(open).unwrap();
    let end = at + message[at..].find(close).unwrap() + close.len();
    let piece = message[at..end].to_owned();
    let times = (ROOM - message.len()) / piece.len();
    format!(
        "{}{}{}",
        &message[..at],
        piece.repeat(times),
        &message[at..]
    )
}

#[test]
fn one_part_of_a_message_repeated_to_the_limit() {
    let mut cases = Vec::new();
    for (open, close) in [
        ("<SoundRecording>", "</SoundRecording>"),
        ("<SoundRecordingId>", "</SoundRecordingId>"),
        ("<Release>", "</Release>"),
        ("<ReleaseDeal>", "</ReleaseDeal>"),
        ("<Deal>", "</Deal>"),
        ("<DealReleaseReference>", "</DealReleaseReference>"),
        ("<ReleaseResourceReference ", "</ReleaseResourceReference>"),
        ("<TerritoryCode>", "</TerritoryCode>"),
        ("<DisplayArtist", "</DisplayArtist>"),
        ("<Title ", "</Title>"),
        ("<Usage>", "</Usage>"),
        ("<Genre>", "</Genre>"),
        ("<File>", "</File>"),
        ("<MessageSender>", "</MessageSender>"),
        ("<PLine>", "</PLine>"),
        ("<ResourceGroup>", "</ResourceGroup>"),
        ("<ResourceGroupContentItem>", "</ResourceGroupContentItem>"),
    ] {
        cases.push(Case::new(
            &format!("{open} again and again"),
            "metadata.xml",
            repeated(open, close),
            ANY,
        ));
    }
    survive(cases);
}
