use super::{Change, Content, DealSheet, Sheet, TrackSheet, compare, sentence, told};

fn value(name: &str, value: &str) -> (String, String) {
    (name.to_owned(), value.to_owned())
}

fn content(print: &str, told: &str) -> Content {
    Content {
        prints: vec![print.to_owned()],
        told: told.to_owned(),
    }
}

fn track(number: u32, title: &str, isrc: &str) -> TrackSheet {
    TrackSheet {
        number,
        title: title.to_owned(),
        isrc: isrc.to_owned(),
        values: vec![
            value("Title", title),
            value("ISRC", isrc),
            value("Contributors", "Composer: Ada Obi"),
        ],
        sound: content(isrc, "3:42"),
    }
}

fn deal(territories: &[&str]) -> DealSheet {
    DealSheet {
        is_main: true,
        name: "SubscriptionModel, OnDemandStream".to_owned(),
        territories: territories.iter().map(|code| (*code).to_owned()).collect(),
        territories_told: territories.join(", "),
        values: vec![value("Start", "2026-04-10"), value("Price", "")],
    }
}

fn live() -> Sheet {
    Sheet {
        release: vec![
            value("Title", "Harmattan"),
            value("P line", "(P) 2026 Kora"),
        ],
        tracks: vec![
            track(1, "Dust", "NGA3B2600001"),
            track(2, "Rain", "NGA3B2600002"),
            track(3, "River", "NGA3B2600003"),
        ],
        deals: vec![deal(&["DE", "FR", "NG"])],
        cover: content("c", "3000 × 3000 pixels"),
    }
}

/// The changes as lines, and the short sentence.
fn changes(change: impl FnOnce(&mut Sheet)) -> (Vec<String>, String) {
    let mut new = live();
    change(&mut new);
    let found = compare(&live(), &new);
    let line = |change: &Change| format!("{}, {}: {}", change.place, change.field, told(change));
    (found.iter().map(line).collect(), sentence(&found))
}

#[test]
fn the_same_is_no_change() {
    let (lines, short) = changes(|_| {});
    assert_eq!(lines, [""; 0]);
    assert_eq!(short, "Nothing that stores show has changed.");
}

#[test]
fn fields_are_told_with_what_they_were() {
    let (lines, short) = changes(|new| {
        new.release[0].1 = "Harmattan (Deluxe)".to_owned();
        new.release[1].1 = String::new();
        new.tracks[1].values[2].1 = "Composer: Ada Obi; Producer: Kofi".to_owned();
        new.deals[0] = deal(&["DE", "GH", "NG"]);
        new.deals[0].values[0].1 = "2026-05-01".to_owned();
    });
    assert_eq!(
        lines,
        [
            "Release, Title: Harmattan → Harmattan (Deluxe)",
            "Release, P line: (P) 2026 Kora → –",
            "Track 2 “Rain”, Contributors: Composer: Ada Obi → Composer: Ada Obi; Producer: Kofi",
            "Deal SubscriptionModel, OnDemandStream, Territories removed: FR → –",
            "Deal SubscriptionModel, OnDemandStream, Territories added: – → GH",
            "Deal SubscriptionModel, OnDemandStream, Start: 2026-04-10 → 2026-05-01",
        ]
    );
    assert_eq!(
        short,
        "Changed: title, P line, contributors of track 2, 2 territories, start date of a deal."
    );
}

#[test]
fn sound_and_cover_are_compared_by_content() {
    let (lines, short) = changes(|new| {
        new.tracks[2].sound = content("other", "3:40");
        new.cover = content("d", "4000 × 4000 pixels");
    });
    assert_eq!(
        lines,
        [
            "Release, Artwork: 3000 × 3000 pixels (live) → 4000 × 4000 pixels (another file)",
            "Track 3 “River”, Audio: 3:42 (live) → 3:40 (another file)",
        ]
    );
    assert_eq!(short, "Changed: artwork, audio of track 3.");
    // The same sound in another container has another file's hash beside its own.
    let (lines, _) = changes(|new| {
        let prints = &mut new.tracks[2].sound.prints;
        prints.push("sha256 of a FLAC".to_owned());
    });
    assert_eq!(lines, [""; 0]);
    // An update without files leaves what is there.
    let (lines, _) = changes(|new| {
        new.cover = Content::default();
        new.tracks[0].sound = Content::default();
    });
    assert_eq!(lines, [""; 0]);
}

#[test]
fn a_track_is_known_by_its_isrc_and_then_by_its_place() {
    let (lines, short) = changes(|new| {
        new.tracks.remove(0);
        for (track, number) in new.tracks.iter_mut().zip(1..) {
            track.number = number;
        }
    });
    assert_eq!(lines, ["Track 1 “Dust”, Track: NGA3B2600001, 3:42 → –"]);
    assert_eq!(short, "Changed: 1 track taken out.");
    let (lines, short) = changes(|new| new.tracks.push(track(4, "Coda", "NGA3B2600004")));
    assert_eq!(lines, ["Track 4 “Coda”, Track: – → NGA3B2600004, 3:42"]);
    assert_eq!(short, "Changed: 1 track added.");
    let (lines, _) = changes(|new| {
        new.tracks[1].isrc = "NGA3B2600009".to_owned();
        new.tracks[1].values[1].1 = "NGA3B2600009".to_owned();
    });
    assert_eq!(
        lines,
        ["Track 2 “Rain”, ISRC: NGA3B2600002 → NGA3B2600009"],
        "another code is no other track"
    );
    let (lines, short) = changes(|new| {
        new.tracks.swap(0, 1);
        new.tracks[0].number = 1;
        new.tracks[1].number = 2;
    });
    assert_eq!(
        lines,
        ["Release, Running order: “Dust”, “Rain”, “River” → “Rain”, “Dust”, “River”"]
    );
    assert_eq!(short, "Changed: running order.");
}

#[test]
fn deals_are_matched_by_what_they_allow() {
    let download = || DealSheet {
        name: "PayAsYouGoModel, PermanentDownload".to_owned(),
        ..deal(&["DE"])
    };
    let (lines, short) = changes(|new| new.deals.insert(0, download()));
    assert_eq!(
        lines,
        ["Deal PayAsYouGoModel, PermanentDownload, Deal: – → DE"]
    );
    assert_eq!(short, "Changed: 1 deal added.");
    let (lines, _) = changes(|new| new.deals[0] = download());
    assert_eq!(
        lines,
        [
            "Deal PayAsYouGoModel, PermanentDownload, Models and uses: SubscriptionModel, OnDemandStream → PayAsYouGoModel, PermanentDownload",
            "Deal PayAsYouGoModel, PermanentDownload, Territories removed: FR, NG → –",
        ]
    );
}

#[test]
fn many_territories_are_told_as_lists() {
    let (lines, short) = changes(|new| {
        new.deals[0].territories = (0..100).map(|n| format!("T{n}")).collect();
        new.deals[0].territories_told = "Worldwide".to_owned();
    });
    assert_eq!(
        lines,
        ["Deal SubscriptionModel, OnDemandStream, Territories: DE, FR, NG → Worldwide"]
    );
    assert_eq!(short, "Changed: territories.");
}

#[test]
fn what_a_label_writes_cannot_act_on_a_terminal() {
    let (lines, _) = changes(|new| new.release[0].1 = "Harma\u{1b}[2Jttan\u{202e}".to_owned());
    assert!(!lines[0].contains(['\u{1b}', '\u{202e}']), "{:?}", lines[0]);
}
