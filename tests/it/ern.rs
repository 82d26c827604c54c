//! The reader of ERN messages: values, places, faults, and that nothing stops it.

use crate::kit::shared;
use dropzone::domain::ern::{self, VERSIONS};
use dropzone::domain::limits::Limits;
use dropzone::domain::release::{Dialect, Message, MessageKind, ReadFaultKind, Reading, Text};
use proptest::prelude::*;
use std::fmt::Write as _;
use std::fs;
use std::time::{Duration, Instant};

fn read(bytes: &[u8]) -> Reading {
    ern::read(bytes, &Limits::default())
}

fn kinds(reading: &Reading) -> Vec<ReadFaultKind> {
    reading.faults.iter().map(|f| f.kind).collect()
}

fn message(reading: &Reading) -> &Message {
    reading.message.as_ref().expect("a message was read")
}

fn value(text: Option<&Text>) -> &str {
    text.map_or("", Text::as_str)
}

/// A small release of our own in correct ERN 3.8.2; tests change a piece of it.
const RELEASE: &str = include_str!("data/ern-small.xml");

fn changed(from: &str, to: &str) -> Reading {
    assert!(
        RELEASE.contains(from),
        "the text to change is there: {from}"
    );
    read(RELEASE.replacen(from, to, 1).as_bytes())
}

/// What a label is told, one fault a paragraph.
fn told(reading: &Reading) -> String {
    let lines = reading.faults.iter().map(|f| {
        format!(
            "{}:{} {:?} {}\n{}\n-> {}\n",
            f.at.line,
            f.at.column,
            f.kind,
            f.at.path,
            f.message,
            f.fix.as_deref().unwrap_or("(nothing)")
        )
    });
    lines.collect::<Vec<_>>().join("\n")
}

#[test]
fn a_correct_message_has_no_faults_and_keeps_every_value() {
    let reading = read(RELEASE.as_bytes());
    assert_eq!(reading.faults, [], "{}", told(&reading));
    assert!(reading.whole);
    assert_eq!(reading.normalised, RELEASE);
    insta::assert_json_snapshot!("small_message", reading);
}

#[test]
fn the_golden_message_is_read_exactly() {
    let Some(shared) = shared() else { return };
    let reading = read(&fs::read(shared.join("golden/golden382.xml")).unwrap());
    assert_eq!(reading.faults, [], "{}", told(&reading));
    let message = message(&reading);
    assert_eq!(message.kind, MessageKind::NewRelease);
    assert_eq!(message.version, "382");
    assert_eq!(message.dialect, []);
    assert_eq!(
        value(message.header.sender.id.as_ref()),
        "PADPIDA0000000001Y"
    );
    assert_eq!(
        value(message.header.sender.name.as_ref()),
        "Your Label Name"
    );
    assert_eq!(
        value(message.header.recipients[0].id.as_ref()),
        "PADPIDA0000000000X"
    );
    let recording = &message.recordings[0];
    assert_eq!(value(recording.isrc.as_ref()), "GBDUM7620001");
    assert_eq!(value(recording.iswc.as_ref()), "T0345246801");
    assert_eq!(recording.titles.len(), 3);
    assert_eq!(recording.titles[1].kind.as_deref(), Some("FormalTitle"));
    assert_eq!(*recording.titles[1].territories, ["Worldwide"]);
    assert_eq!(value(recording.artists[0].name.as_ref()), "Artist Name");
    assert_eq!(recording.artists[0].roles[0].as_str(), "MainArtist");
    assert_eq!(
        value(recording.contributors[0].name.as_ref()),
        "Composer Name"
    );
    assert_eq!(value(recording.duration.as_ref()), "PT3M42S");
    let technical = &recording.technical[0];
    assert_eq!(value(technical.rate.as_ref()), "44100");
    assert_eq!(technical.rate_unit.as_deref(), Some("Hz"));
    assert_eq!(technical.files[0].name.as_str(), "01_MyTrackTitle.wav");
    assert_eq!(
        message.images[0].technical[0].files[0].name.as_str(),
        "artwork.jpg"
    );
    let release = message.main_release().unwrap();
    assert_eq!(value(release.icpn.as_ref()), "5034567890120");
    assert_eq!(value(release.is_ean.as_ref()), "true");
    assert_eq!(value(release.release_date.as_ref()), "2026-04-01");
    assert_eq!(release.items.len(), 2);
    assert_eq!(message.track_number(recording), Some(1));
    assert_eq!(message.releases.len(), 2);
    assert!(message.releases[1].is_track_release());
    let deal = &message.deals[0].deals[0];
    assert_eq!(message.deals[0].releases.len(), 2);
    assert_eq!(deal.models[0].as_str(), "SubscriptionModel");
    assert_eq!(deal.use_types[0].as_str(), "OnDemandStream");
    assert_eq!(deal.territories[0].as_str(), "Worldwide");
    assert_eq!(value(deal.start.as_ref()), "2026-04-01");
    assert_eq!(deal.territories[0].at.line, 118);
    assert_eq!(
        deal.territories[0].at.path,
        "/NewReleaseMessage/DealList/ReleaseDeal/Deal/DealTerms/TerritoryCode"
    );
}

#[test]
fn the_guides_sample_is_read_and_every_departure_told() {
    let Some(shared) = shared() else { return };
    let bytes = fs::read(shared.join("golden/guide-sample-382.xml")).unwrap();
    let reading = read(&bytes);
    assert_eq!(reading.faults, [], "{}", told(&reading));
    let message = message(&reading);
    assert_eq!(message.version, "382");
    let uses: Vec<_> = message
        .dialect
        .iter()
        .map(|u| (u.dialect, u.at.line))
        .collect();
    assert_eq!(
        uses,
        [
            (Dialect::DefaultNamespace, 2),
            (Dialect::CodecIsContainer, 40),
            (Dialect::FileUri, 42),
            (Dialect::UpcElement, 51),
            (Dialect::ReleaseLayout, 57),
            (Dialect::ReleaseLayout, 58),
            (Dialect::ReleaseLayout, 49),
        ]
    );
    assert_eq!(value(message.releases[0].icpn.as_ref()), "5034567890123");
    assert_eq!(
        value(message.releases[0].release_date.as_ref()),
        "2026-04-01"
    );
    assert_eq!(message.files().count(), 1);
    // D6: the guide's field table lists EP, its sample does not use it.
    let text = String::from_utf8(bytes).unwrap();
    let reading = read(text.replace(">Single<", ">EP<").as_bytes());
    let dialect = &reading.message.as_ref().unwrap().dialect;
    let ep = dialect.iter().find(|u| u.dialect == Dialect::ReleaseTypeEp);
    assert_eq!(ep.unwrap().at.line, 58);
    insta::assert_json_snapshot!("guide_sample_departures", dialect);
    // Line for line, and the namespace on the root alone.
    assert_eq!(reading.normalised.lines().count(), text.lines().count());
    assert!(
        reading
            .normalised
            .contains("<ern:NewReleaseMessage\nxmlns:ern=\"http://ddex.net/xml/ern/382\"")
    );
    assert!(reading.normalised.ends_with("</ern:NewReleaseMessage>"));
}

#[test]
fn every_way_of_writing_the_namespace_is_read() {
    let root = "<ern:NewReleaseMessage xmlns:ern=\"http://ddex.net/xml/ern/382\"";
    let plain = message(&read(RELEASE.as_bytes())).clone();
    for prefix in ["ernm", "ns1", "a"] {
        let text = RELEASE.replace("ern:New", &format!("{prefix}:New"));
        let text = text.replace("xmlns:ern=", &format!("xmlns:{prefix}="));
        let reading = read(text.as_bytes());
        assert_eq!(reading.faults, []);
        assert_eq!(
            message(&reading).dialect,
            [],
            "a prefix on the root is right, whatever it is"
        );
        assert_eq!(
            message(&reading).releases[0].icpn,
            plain.releases[0].icpn.clone()
        );
    }
    let default = RELEASE
        .replace(
            root,
            "<NewReleaseMessage xmlns=\"http://ddex.net/xml/ern/382\"",
        )
        .replace("</ern:NewReleaseMessage>", "</NewReleaseMessage>");
    let reading = read(default.as_bytes());
    assert_eq!(
        message(&reading).dialect[0].dialect,
        Dialect::DefaultNamespace
    );
    assert_eq!(
        reading.normalised, RELEASE,
        "rewritten to a prefix on the root alone"
    );
    let everywhere = RELEASE
        .replace('<', "<ern:")
        .replace("<ern:/ern:", "</ern:")
        .replace("<ern:/", "</ern:")
        .replace("<ern:?", "<?")
        .replace("<ern:ern:", "<ern:");
    let reading = read(everywhere.as_bytes());
    assert_eq!(reading.faults, [], "{}", told(&reading));
    assert_eq!(
        message(&reading).dialect[0].dialect,
        Dialect::DefaultNamespace
    );
    assert_eq!(message(&reading).dialect[0].found, "<ern:MessageHeader>");
    assert_eq!(reading.normalised, RELEASE);
}

#[test]
fn a_missing_namespace_is_told_and_the_message_read_all_the_same() {
    let without = RELEASE.replace(" xmlns:ern=\"http://ddex.net/xml/ern/382\"", "");
    let reading = read(without.as_bytes());
    assert_eq!(
        kinds(&reading),
        [ReadFaultKind::NotWellFormed, ReadFaultKind::WrongVersion]
    );
    assert_eq!(message(&reading).recordings.len(), 2);
    assert!(
        reading
            .normalised
            .contains("xmlns:ern=\"http://ddex.net/xml/ern/382\"")
    );
    let bare = without.replace("ern:NewReleaseMessage", "NewReleaseMessage");
    let reading = read(bare.as_bytes());
    assert_eq!(kinds(&reading), [ReadFaultKind::WrongVersion]);
    assert_eq!(message(&reading).version, "");
    assert!(reading.normalised.contains("<ern:NewReleaseMessage "));
    assert!(reading.normalised.ends_with("</ern:NewReleaseMessage>\n"));
}

#[test]
fn other_versions_are_named() {
    for version in VERSIONS.iter().filter(|v| !v.is_taken) {
        let reading = changed("http://ddex.net/xml/ern/382", version.namespace);
        let fault = &reading.faults[0];
        assert_eq!(fault.kind, ReadFaultKind::WrongVersion);
        assert!(fault.message.contains(version.name), "{}", fault.message);
        assert_eq!(message(&reading).version, version.number);
        assert_eq!(
            kinds(&reading).get(1),
            Some(&ReadFaultKind::VersionMismatch)
        );
        assert!(message(&reading).header.message_id.is_some());
    }
    assert_eq!(VERSIONS.iter().filter(|v| v.is_taken).count(), 1);
}

#[test]
fn roots_that_are_no_new_release_are_named() {
    let purge = RELEASE.replace("NewReleaseMessage", "PurgeReleaseMessage");
    assert_eq!(kinds(&read(purge.as_bytes())), [ReadFaultKind::WrongRoot]);
    assert_eq!(message(&read(purge.as_bytes())).kind, MessageKind::Purge);
    let other = read(b"<html><body>hello</body></html>");
    assert_eq!(kinds(&other), [ReadFaultKind::WrongRoot]);
    assert_eq!(other.message, None);
}

/// Changes to the small release, and no two alike.
const BROKEN: &[(&str, &str, &str)] = &[
    ("bare ampersand", TITLE, "<TitleText>Rain & Sun</TitleText>"),
    ("odd first line", "encoding=\"UTF-8\"", "encoding=UTF-8"),
    (
        "bare ampersand before a semicolon",
        TITLE,
        "<TitleText>Rain & Sun; Wind</TitleText>",
    ),
    ("unclosed element", TITLE, "<TitleText>Rain"),
    ("misspelt end", TITLE, "<TitleText>Rain</TitelText>"),
    ("stray end tag", TITLE, "<TitleText>Rain</TitleText></b>"),
    (
        "html entity",
        TITLE,
        "<TitleText>Caf&eacute; &nbsp;</TitleText>",
    ),
    ("unknown entity", TITLE, "<TitleText>&company;</TitleText>"),
    (
        "curly quotes",
        "IsMainRelease=\"true\"",
        "IsMainRelease=“true”",
    ),
    ("no quotes", "IsMainRelease=\"true\"", "IsMainRelease=true"),
    ("no value", "IsMainRelease=\"true\"", "IsMainRelease"),
    (
        "attribute twice",
        "IsMainRelease=\"true\"",
        "IsMainRelease=\"true\" IsMainRelease=\"false\"",
    ),
    (
        "less-than in a text",
        TITLE,
        "<TitleText>I <3 Rain</TitleText>",
    ),
    ("tag not closed", TITLE, "<TitleText Rain</TitleText>"),
    (
        "text after the root",
        "</ern:NewReleaseMessage>\n",
        "</ern:NewReleaseMessage>\n-- sent by export tool --\n",
    ),
    (
        "second message",
        "</ern:NewReleaseMessage>\n",
        "</ern:NewReleaseMessage>\n<ern:NewReleaseMessage/>\n",
    ),
    (
        "broken off",
        "</ReleaseList>",
        "</ReleaseList><DealList><!-- ",
    ),
    ("blank line first", "<?xml", "\n<?xml"),
    (
        "control character",
        TITLE,
        "<TitleText>Ra\u{b}in</TitleText>",
    ),
    (
        "doctype",
        "<ern:New",
        "<!DOCTYPE x [<!ENTITY e SYSTEM \"file:///etc/passwd\">]>\n<ern:New",
    ),
    (
        "doubly encoded",
        TITLE,
        "<TitleText>BeyoncÃ© â€“ Donâ€™t</TitleText>",
    ),
    (
        "lost character",
        TITLE,
        "<TitleText>Caf\u{FFFD}</TitleText>",
    ),
    (
        "undeclared prefix",
        TITLE,
        "<x:TitleText>Rain</x:TitleText>",
    ),
    (
        "deprecated",
        "</MessageHeader>",
        "</MessageHeader><UpdateIndicator>OriginalMessage</UpdateIndicator>",
    ),
    ("wrong version id", "\"ern/382\"", "\"ern/383\""),
    ("section end", TITLE, "<TitleText>Rain ]]></TitleText>"),
];

const TITLE: &str = "<TitleText>Rain</TitleText>";

/// What each broken message is told; read these snapshots as a label would.
#[test]
fn broken_messages_are_explained() {
    let mut all = String::new();
    for (name, from, to) in BROKEN {
        let reading = changed(from, to);
        assert!(!reading.faults.is_empty(), "{name}");
        let _ = writeln!(all, "=== {name}\n{}", told(&reading));
    }
    insta::assert_snapshot!("broken_messages", all);
}

#[test]
fn a_fault_does_not_hide_what_comes_after_it() {
    let reading = changed(
        "<TitleText>Rain</TitleText>",
        "<TitleText>Rain & Sun</TitleText>",
    );
    assert_eq!(message(&reading).deals.len(), 1);
    assert_eq!(reading.normalised, "", "not well-formed");
    let title = &message(&reading).recordings[0].titles[0].text;
    assert_eq!(title.as_str(), "Rain & Sun");
    let reading = changed("</ResourceReference>", "");
    assert_eq!(message(&reading).recordings.len(), 2);
    assert!(reading.whole);
}

#[test]
fn encodings_are_told_apart() {
    let titled = RELEASE.replace("Rain", "Café Noël");
    let declared = |name: &str| titled.replacen("UTF-8", name, 1);
    let title = |reading: &Reading| message(reading).recordings[0].titles[0].text.value.clone();
    let western = |text: &str| encoding_rs::WINDOWS_1252.encode(text).0.into_owned();
    let wide = |text: &str, little: bool| {
        let mark = std::iter::once(0xFEFF_u16).chain(text.encode_utf16());
        mark.flat_map(|u| {
            if little {
                u.to_le_bytes()
            } else {
                u.to_be_bytes()
            }
        })
        .collect::<Vec<u8>>()
    };
    let marked = [b"\xEF\xBB\xBF".as_slice(), titled.as_bytes()].concat();
    for bytes in [
        titled.clone().into_bytes(),
        marked,
        western(&declared("ISO-8859-1")),
        western(&declared("windows-1252")),
        wide(&declared("UTF-16"), true),
        wide(&declared("utf-16"), false),
    ] {
        let reading = read(&bytes);
        assert_eq!(reading.faults, [], "{}", told(&reading));
        assert_eq!(title(&reading), "Café Noël");
        assert_eq!(
            reading.normalised, titled,
            "rewritten as UTF-8, and says so"
        );
    }
    for bytes in [
        western(&titled),
        declared("ISO-8859-1").into_bytes(),
        declared("UTF-16").into_bytes(),
        wide(&titled, true),
        wide(&declared("UTF-16"), true)[2..].to_vec(),
    ] {
        let reading = read(&bytes);
        assert_eq!(reading.faults[0].kind, ReadFaultKind::Encoding);
        assert_eq!(title(&reading), "Café Noël", "read all the same");
    }
    let fault = read(&western(&titled)).faults.remove(0);
    let line = titled.lines().position(|l| l.contains("Café")).unwrap() + 1;
    assert_eq!(fault.at.line as usize, line);
    assert!(fault.message.contains("0xE9"), "{}", fault.message);
    assert!(fault.message.contains('é'), "{}", fault.message);
    // Quotes of Windows in a file that says Latin-1.
    let fault = read(&western(&declared("ISO-8859-1").replace("Noël", "d’or")))
        .faults
        .remove(0);
    assert_eq!(fault.kind, ReadFaultKind::Encoding);
    assert!(fault.message.contains("0x92"), "{}", fault.message);
}

#[test]
fn text_in_pieces_is_put_together() {
    let reading = changed(
        "<TitleText>Rain</TitleText>",
        "<TitleText>\r\n R&amp;B <!-- not this --><![CDATA[<3 & ]]>caf&#xE9; &#8211; x </TitleText>",
    );
    assert_eq!(reading.faults, [], "{}", told(&reading));
    assert_eq!(
        message(&reading).recordings[0].titles[0].text.as_str(),
        "R&B <3 & café – x"
    );
}

fn attributes(count: usize) -> String {
    (0..count).fold(String::new(), |mut all, number| {
        let _ = write!(all, " a{number}=\"\"");
        all
    })
}

#[test]
fn limits_end_the_reading() {
    let limits = Limits {
        message_bytes: 100,
        ..Limits::default()
    };
    let reading = ern::read(RELEASE.as_bytes(), &limits);
    assert_eq!(kinds(&reading), [ReadFaultKind::TooMuch]);
    assert_eq!(reading.message, None);
    let deep = format!("{}{}", "<a>".repeat(65), "</a>".repeat(65));
    let attributes = attributes(65);
    let cases = [
        ("depth", changed("Rain", &deep)),
        (
            "attributes",
            changed("<TitleText>", &format!("<TitleText{attributes}>")),
        ),
        ("text", changed("Rain", &"x".repeat((1 << 20) + 1))),
        (
            "name",
            changed("<TitleText>", &format!("<{}>", "x".repeat(257))),
        ),
    ];
    for (name, reading) in cases {
        assert!(
            kinds(&reading).contains(&ReadFaultKind::TooMuch),
            "{name}: {}",
            told(&reading)
        );
        assert_eq!(reading.normalised, "", "{name}");
        assert!(
            reading.message.is_some(),
            "{name}: what came before is kept"
        );
    }
    let allowed = format!("{}{}", "<a>".repeat(50), "</a>".repeat(50));
    assert_eq!(changed("Rain", &allowed).faults, []);
}

#[test]
fn bombs_are_defused_quickly() {
    let attributes = attributes(200_000);
    let flat = format!("<a{attributes}/>");
    let many = format!("<r>{}</r>", "<a/>".repeat(1_100_000));
    let open = "<a>".repeat(2_000_000);
    let ampersands = format!("<r>{}</r>", "& ".repeat(1_000_000));
    let line = format!("<r>{}</r>", "<b>x</b>".repeat(400_000));
    for bomb in [flat, many, open, ampersands, line] {
        let begun = Instant::now();
        let reading = read(bomb.as_bytes());
        assert!(begun.elapsed() < Duration::from_secs(20), "bounded");
        assert!(reading.faults.len() <= 310);
        assert!(!reading.faults.is_empty());
    }
}

#[test]
fn places_are_true_beyond_line_65535() {
    let padding = "\n".repeat(70_000);
    let reading = changed(
        "<TitleText>Rain</TitleText>",
        &format!("{padding}  <TitleText>é & x</TitleText>"),
    );
    let title_line = RELEASE.lines().position(|l| l.contains(">Rain<")).unwrap() + 1 + 70_000;
    assert_eq!(reading.faults[0].at.line as usize, title_line);
    assert_eq!(reading.faults[0].at.column, 16, "columns count characters");
    assert_eq!(
        reading.faults[0].at.path,
        "/NewReleaseMessage/ResourceList/SoundRecording/ReferenceTitle/TitleText"
    );
}

/// Every hostile or tricky file, and the faults that it gives.
const HOSTILE: &[(&str, &[ReadFaultKind])] = &[
    ("hostile/ampersand.xml", &[ReadFaultKind::NotWellFormed]),
    ("hostile/cp1252.xml", &[]),
    ("hostile/ctrl.xml", &[ReadFaultKind::NotWellFormed]),
    ("hostile/deep-in.xml", &[ReadFaultKind::TooMuch]),
    ("hostile/dtd-default.xml", &[ReadFaultKind::Doctype]),
    ("hostile/empty.xml", &[ReadFaultKind::NotWellFormed]),
    ("hostile/ent-small.xml", &[ReadFaultKind::Doctype]),
    ("hostile/latin1-lying.xml", &[ReadFaultKind::Encoding]),
    ("hostile/latin1.xml", &[]),
    ("hostile/leadingnl.xml", &[ReadFaultKind::NotWellFormed]),
    ("hostile/lol-attr.xml", &[ReadFaultKind::Doctype]),
    ("hostile/lol.xml", &[ReadFaultKind::Doctype]),
    ("hostile/nul.xml", &[ReadFaultKind::NotWellFormed]),
    ("hostile/pe-http.xml", &[ReadFaultKind::Doctype]),
    ("hostile/quad.xml", &[ReadFaultKind::Doctype]),
    (
        "hostile/trailing-garbage.xml",
        &[ReadFaultKind::NotWellFormed],
    ),
    (
        "hostile/trailing-nul.xml",
        &[ReadFaultKind::NotWellFormed, ReadFaultKind::NotWellFormed],
    ),
    ("hostile/undefent.xml", &[ReadFaultKind::NotWellFormed]),
    ("hostile/utf16be-nodecl.xml", &[]),
    ("hostile/utf16le.xml", &[]),
    ("hostile/utf8bom.xml", &[]),
    ("hostile/xinclude.xml", &[]),
    ("hostile/xsischema.xml", &[]),
    ("hostile/xsitype.xml", &[]),
    ("hostile/xxe-file.xml", &[ReadFaultKind::Doctype]),
    ("hostile/xxe-http.xml", &[ReadFaultKind::Doctype]),
    ("traps/allprefixed.xml", &[]),
    ("traps/cdata.xml", &[]),
    ("traps/charref.xml", &[]),
    ("traps/comment.xml", &[]),
    ("traps/dangling.xml", &[]),
    ("traps/dupattr.xml", &[ReadFaultKind::NotWellFormed]),
    ("traps/dupref.xml", &[]),
    ("traps/emptyel.xml", &[]),
    ("traps/interleaved.xml", &[]),
    ("traps/nodecl.xml", &[]),
    ("traps/truncated.xml", &[ReadFaultKind::NotWellFormed]),
    ("traps/tworoot.xml", &[ReadFaultKind::NotWellFormed]),
    (
        "traps/wrongns.xml",
        &[ReadFaultKind::WrongVersion, ReadFaultKind::VersionMismatch],
    ),
    ("traps/wrongroot.xml", &[ReadFaultKind::WrongRoot]),
    ("traps/ws.xml", &[]),
    ("traps/xml11.xml", &[]),
];

#[test]
fn hostile_files_are_refused_for_the_right_reason() {
    let Some(shared) = shared() else { return };
    for folder in ["hostile", "traps"] {
        let files = fs::read_dir(shared.join(folder)).unwrap();
        for file in files
            .map(|f| f.unwrap().path())
            .filter(|p| p.extension().is_some_and(|e| e == "xml"))
        {
            let name = format!("{folder}/{}", file.file_name().unwrap().to_string_lossy());
            let known = HOSTILE.iter().find(|(n, _)| *n == name);
            let (_, kinds_expected) =
                known.unwrap_or_else(|| panic!("{name} is new: say what it gives"));
            let begun = Instant::now();
            let reading = read(&fs::read(&file).unwrap());
            assert!(begun.elapsed() < Duration::from_secs(20), "{name}: bounded");
            assert_eq!(
                kinds(&reading),
                *kinds_expected,
                "{name}:\n{}",
                told(&reading)
            );
            let is_trusted = kinds_expected.iter().all(|k| {
                !matches!(
                    k,
                    ReadFaultKind::NotWellFormed | ReadFaultKind::Doctype | ReadFaultKind::TooMuch
                )
            });
            assert_eq!(
                !reading.normalised.is_empty(),
                is_trusted && reading.message.is_some() || name == "traps/wrongroot.xml",
                "{name}"
            );
            assert!(
                !format!("{reading:?}").contains("topsecret"),
                "{name}: nothing from outside the file"
            );
        }
    }
}

#[test]
fn samples_of_all_versions_are_read_without_false_alarms() {
    let Some(shared) = shared() else { return };
    let index = fs::read_to_string(shared.join("samples/INDEX.tsv")).unwrap();
    let mut seen = 0;
    for row in index
        .lines()
        .skip(1)
        .map(|l| l.split('\t').collect::<Vec<_>>())
    {
        let reading = read(&fs::read(shared.join(row[2])).unwrap());
        let is_well_formed = !row[10].contains("parser error");
        let is_refused = kinds(&reading).iter().any(|k| {
            matches!(
                k,
                ReadFaultKind::NotWellFormed
                    | ReadFaultKind::Encoding
                    | ReadFaultKind::TooMuch
                    | ReadFaultKind::Doctype
            )
        });
        assert_eq!(
            is_refused,
            !is_well_formed,
            "{}:\n{}",
            row[2],
            told(&reading)
        );
        let message = message(&reading);
        assert_eq!(message.version, row[0], "{}", row[2]);
        if row[0] == "382" && row[1] == "NewReleaseMessage" && is_well_formed {
            assert!(!message.releases.is_empty(), "{}", row[2]);
        }
        seen += 1;
    }
    assert!(seen > 100);
}

#[test]
fn the_root_is_sniffed_from_the_head() {
    let sniffed = ern::sniff(RELEASE.as_bytes()).unwrap();
    assert_eq!(sniffed.root, "NewReleaseMessage");
    assert_eq!(sniffed.namespace, "http://ddex.net/xml/ern/382");
    assert!(sniffed.is_message());
    let wide: Vec<u8> = std::iter::once(0xFEFF)
        .chain(RELEASE.encode_utf16())
        .flat_map(u16::to_le_bytes)
        .collect();
    assert_eq!(ern::sniff(&wide).unwrap(), sniffed);
    let with_doctype = RELEASE.replace(
        "<ern:New",
        "<!-- x --><!DOCTYPE a [<!ENTITY b \"c\">]><ern:New",
    );
    assert_eq!(ern::sniff(with_doctype.as_bytes()).unwrap(), sniffed);
    let cut = &RELEASE.as_bytes()[..400];
    assert_eq!(ern::sniff(cut).unwrap(), sniffed);
    let batch =
        ern::sniff(b"<echo:ManifestMessage xmlns:echo='http://ddex.net/xml/ern-c/15'/>").unwrap();
    assert_eq!(batch.root, "ManifestMessage");
    assert!(!batch.is_message());
    for nothing in [
        b"".as_slice(),
        b"RIFF\0\0\0\0WAVE",
        b"plain words",
        b"<",
        b"<<<>>>",
    ] {
        assert_eq!(ern::sniff(nothing), None);
    }
}

#[test]
fn a_batch_manifest_is_read_as_far_as_it_can_be_compared() {
    let text = r#"<?xml version="1.0"?>
<echo:ManifestMessage xmlns:echo="http://ddex.net/xml/ern-c/15" MessageVersionId="1.5">
  <NumberOfMessages>1</NumberOfMessages>
  <MessageInBatch>
    <MessageType>NewReleaseMessage</MessageType>
    <MessageId>M-1</MessageId>
    <URL>./6151234567891/6151234567891.xml</URL>
    <IncludedReleaseId><ICPN>6151234567891</ICPN></IncludedReleaseId>
  </MessageInBatch>
</echo:ManifestMessage>"#;
    let manifest = ern::read_manifest("BatchComplete_1.xml", text.as_bytes()).unwrap();
    assert_eq!(manifest.fault, None);
    assert_eq!(manifest.number.as_deref(), Some("1"));
    let [message] = manifest.messages.as_slice() else {
        panic!("{manifest:?}");
    };
    assert_eq!(message.message_id.as_deref(), Some("M-1"));
    assert_eq!(message.icpns, ["6151234567891"]);
    assert!(message.url.is_some());
    let cut = ern::read_manifest("x", &text.as_bytes()[..200]).unwrap();
    assert!(cut.fault.is_some(), "{cut:?}");
    for sign in ["\n", "<done/>"] {
        assert_eq!(ern::read_manifest("x", sign.as_bytes()), None, "{sign}");
    }
}

/// Intake takes a folder when its message was read to the end: a message that is still on its way
/// must never look like that.
#[test]
fn a_message_cut_anywhere_is_not_whole() {
    let end = RELEASE.trim_end().len();
    for cut in 1..end {
        assert!(!read(&RELEASE.as_bytes()[..cut]).whole, "cut at byte {cut}");
    }
    assert!(read(&RELEASE.as_bytes()[..end]).whole);
}

proptest! {
    #[test]
    fn any_bytes_are_survived(bytes in prop::collection::vec(any::<u8>(), 0..2000)) {
        let reading = read(&bytes);
        prop_assert!(!reading.faults.is_empty() || reading.message.is_some());
        let _sniffed = ern::sniff(&bytes);
    }

    #[test]
    fn any_markup_is_survived(text in "(<[a-c/?!&]{0,3}[a-c =\"'“>&;]{0,9}>?|&[a-z#x0-9;]{0,5}|[ \n\u{1}é]|\\]\\]>|<!--|-->|<!\\[CDATA\\[|xmlns=\"u\"){0,60}") {
        let reading = read(text.as_bytes());
        prop_assert!(reading.normalised.is_empty() || reading.whole);
    }

    #[test]
    fn a_damaged_message_is_survived(place in 0..RELEASE.len(), length in 0_usize..40, with in "[<>/&;\"'a \u{0}é“]{0,6}") {
        let mut bytes = RELEASE.as_bytes().to_vec();
        let end = (place + length).min(bytes.len());
        bytes.splice(place..end, with.bytes());
        let reading = read(&bytes);
        prop_assert!(reading.message.is_some() || !reading.faults.is_empty());
        let lines = String::from_utf8_lossy(&bytes).matches('\n').count() + 1;
        for fault in &reading.faults {
            prop_assert!(fault.at.line as usize <= lines, "{fault:?}");
            prop_assert!(!fault.message.chars().any(char::is_control), "{fault:?}");
        }
        if !reading.normalised.is_empty() {
            let normalised = reading.normalised.matches('\n').count() + 1;
            prop_assert_eq!(normalised, lines);
        }
    }
}
