//! `ReleaseList` of ERN 3.8.2: the product, and a `TrackRelease` for every track.

use super::super::job::{Disc, Job};
use super::super::node::Node;
use super::super::order::v382;
use super::super::shown::{
    NO_ARTIST, NO_GENRE, NO_IDENTIFIER, NO_LABEL, artist_names, labels, release_artists,
    release_warnings, track_artists, track_warnings,
};
use super::super::values::{RELATIONSHIPS, RELEASE_TYPES, flag, holds, is_date, milliseconds};
use super::{
    coded, codes_of, details, lines, locals, people, reference_title, resources, single, titles,
};
use crate::domain::release::{
    Artist, Genre, Local, Pos, RelatedRelease, Release, RightsLine, Text, Title,
};
use std::collections::BTreeSet;

/// The product and its tracks.
pub(super) fn list(job: &mut Job<'_>) -> Node {
    let mut list = Node::new("ReleaseList");
    list.push(product(job));
    for index in 0..job.tracks.len() {
        list.extend(track(job, index));
    }
    list
}

/// What product and track have in common.
struct Described<'a> {
    titles: &'a [Title],
    artists: Vec<Artist>,
    names: Vec<Local>,
    labels: Vec<Local>,
    genres: Vec<Genre>,
    warnings: Vec<Local>,
    dates: Vec<Local>,
    original_dates: Vec<Local>,
    plines: Vec<RightsLine>,
    clines: Vec<RightsLine>,
    release: Option<&'a Release>,
    group: Node,
    at: &'a Pos,
}

fn product(job: &mut Job<'_>) -> Node {
    let main = job.main;
    let owner = job.owner();
    let mut node = Node::new("Release").with("IsMainRelease", "true");
    node.push(identifiers(job, main));
    node.push(Node::text("ReleaseReference", "R0"));
    node.extend(reference_title(job, &main.titles, &main.at));
    super::tell_title_texts(job, &main.more.title_texts, &main.titles);
    node.push(links(job));
    types(job, &mut node, &owner);
    let length = main.duration.as_ref().map(Text::as_str);
    node.push_text("Duration", length.filter(|l| milliseconds(l).is_some()));
    for version in &main.more.version_types {
        let what = format!("VersionType {}", version.text.as_str());
        job.lose(what, "ERN 3.8.2 does not say it.", &version.text.at);
    }
    for line in &main.more.courtesy_lines {
        let what = format!("CourtesyLine “{}”", line.text.as_str());
        job.lose(what, "ERN 3.8.2 has none for a release.", &line.text.at);
    }
    let title = Text {
        value: main.title().to_owned(),
        at: main.at.clone(),
    };
    let of_release = release_artists(job);
    let genres = if main.more.genres.is_empty() {
        let first = job.tracks.first();
        first
            .map(|t| t.recording.more.genres.clone())
            .unwrap_or_default()
    } else {
        main.more.genres.clone()
    };
    let described = Described {
        titles: &main.titles,
        names: artist_names(&main.more.artist_names, &of_release, &title),
        artists: if main.artists.is_empty() {
            of_release
        } else {
            main.artists.clone()
        },
        labels: labels(job),
        genres,
        warnings: release_warnings(job),
        dates: main.more.dates.clone(),
        original_dates: main.more.original_dates.clone(),
        plines: main.plines.clone(),
        clines: main.clines.clone(),
        release: Some(main),
        group: groups(job),
        at: &main.at,
    };
    check(job, &described);
    node.extend(by_territory(job, &described));
    node.extend(lines_of(job, &described));
    node.in_order(v382::RELEASE)
}

/// Types of releases of sound that 3.8.2 has and 4.3 has not.
const OLD_TYPES: &str = "\
    AsPerContract AudioClipRelease MusicalWorkClipRelease NonMusicalWorkClipRelease \
    SingleResourceReleaseWithCoverArt Unknown";

/// What a store cannot do without.
fn check(job: &mut Job<'_>, described: &Described<'_>) {
    for (is_missing, (what, fix)) in [
        (described.artists.is_empty(), NO_ARTIST),
        (described.labels.is_empty(), NO_LABEL),
        (described.genres.is_empty(), NO_GENRE),
    ] {
        if is_missing {
            job.refuse(what, fix, described.at);
        }
    }
}

fn identifiers(job: &mut Job<'_>, release: &Release) -> Node {
    let owner = job.owner();
    let mut id = Node::new("ReleaseId");
    id.push_text("GRid", release.grid.as_ref().map(Text::as_str));
    if let Some(icpn) = &release.icpn {
        let is_ean = if icpn.as_str().len() == 12 {
            "false"
        } else {
            "true"
        };
        id.push(Node::text("ICPN", icpn.as_str()).with("IsEan", is_ean));
    }
    id.push_text("ISRC", release.isrc.as_ref().map(Text::as_str));
    id.extend(resources::numbers(
        release.more.catalog_number.as_ref(),
        &release.more.proprietary_ids,
        &owner,
    ));
    if id.is_empty() {
        job.refuse(NO_IDENTIFIER.0, NO_IDENTIFIER.1, &release.at);
    }
    id.in_order(v382::RELEASE_ID)
}

fn links(job: &Job<'_>) -> Node {
    let mut list = Node::new("ReleaseResourceReferenceList");
    for track in &job.tracks {
        list.push(link("ReleaseResourceReference", &track.reference, true));
    }
    let pictures = job.pictures.iter().map(|picture| &picture.reference);
    for other in pictures.chain(job.sheets.iter().map(|sheet| &sheet.reference)) {
        list.push(link("ReleaseResourceReference", other, false));
    }
    list
}

fn link(name: &'static str, reference: &str, is_primary: bool) -> Node {
    let kind = if is_primary {
        "PrimaryResource"
    } else {
        "SecondaryResource"
    };
    Node::text(name, reference).with("ReleaseResourceType", kind)
}

fn types(job: &mut Job<'_>, node: &mut Node, owner: &str) {
    let main = job.main;
    let mut is_typed = false;
    for kind in &main.more.types {
        let text = kind.text.as_str();
        // Sets of allowed values before 2018 have no EP.
        let known = text != "EP" && (holds(RELEASE_TYPES, text) || holds(OLD_TYPES, text));
        if text == "TrackRelease" && main.more.types.len() == 1 {
            node.push(Node::text("ReleaseType", "SingleResourceRelease"));
            is_typed = true;
        } else if text != "TrackRelease" {
            node.push(coded("ReleaseType", kind, known, owner));
            is_typed = true;
        }
    }
    if !is_typed {
        let kind = if job.tracks.len() == 1 {
            "Single"
        } else {
            "Album"
        };
        job.note(
            "DSP-004",
            "ReleaseType".to_owned(),
            format!("The label gives none; {kind} goes out, by the number of tracks."),
            &main.at,
            1,
        );
        node.push(Node::text("ReleaseType", kind));
    }
}

/// The running order: a group for each disc inside one for all.
fn groups(job: &Job<'_>) -> Node {
    let mut outer = Node::new("ResourceGroup");
    for (disc, number) in job.discs.iter().zip(1..) {
        let mut inner = Node::new("ResourceGroup");
        if let Some(title) = disc.title {
            inner.push(
                Node::text("TitleText", title.as_str())
                    .inside("Title")
                    .with("TitleType", "GroupingTitle"),
            );
        }
        inner.push(Node::text("SequenceNumber", number.to_string()));
        inner.extend(items(job, disc));
        outer.push(inner.in_order(v382::RESOURCE_GROUP));
    }
    let pictures = job
        .pictures
        .iter()
        .map(|picture| ("Image", &picture.reference));
    let sheets = job.sheets.iter();
    let sheets = sheets.map(|sheet| (sheet.other.element.as_str(), &sheet.reference));
    for (kind, reference) in pictures.chain(sheets) {
        let mut item = Node::new("ResourceGroupContentItem");
        item.push(Node::text("ResourceType", kind));
        item.push(link("ReleaseResourceReference", reference, false));
        outer.push(item.in_order(v382::RESOURCE_GROUP_CONTENT_ITEM));
    }
    outer.in_order(v382::RESOURCE_GROUP)
}

fn items(job: &Job<'_>, disc: &Disc<'_>) -> Vec<Node> {
    let mut nodes = Vec::new();
    for (place, number) in disc.places.iter().zip(1..) {
        let Some(track) = job.tracks.get(place.track) else {
            continue;
        };
        let mut node = Node::new("ResourceGroupContentItem");
        node.push(Node::text("SequenceNumber", number.to_string()));
        node.push(Node::text("ResourceType", "SoundRecording"));
        node.push(link("ReleaseResourceReference", &track.reference, true));
        let item = place.item;
        for (name, value) in [
            ("IsHiddenResource", item.and_then(|i| i.is_hidden.as_ref())),
            ("IsBonusResource", item.and_then(|i| i.is_bonus.as_ref())),
            (
                "IsInstantGratificationResource",
                item.and_then(|i| i.is_instant_gratification.as_ref()),
            ),
            (
                "IsPreOrderIncentiveResource",
                item.and_then(|i| i.is_pre_order_incentive.as_ref()),
            ),
        ] {
            node.push_text(name, value.and_then(|v| flag(v.as_str())));
        }
        nodes.push(node.in_order(v382::RESOURCE_GROUP_CONTENT_ITEM));
    }
    nodes
}

fn by_territory(job: &mut Job<'_>, what: &Described<'_>) -> Vec<Node> {
    let empty = crate::domain::release::ReleaseMore::default();
    let more = what.release.map_or(&empty, |release| &release.more);
    let mut codes = BTreeSet::new();
    codes_of(what.titles, &mut codes);
    codes_of(&what.artists, &mut codes);
    codes_of(&what.names, &mut codes);
    codes_of(&what.labels, &mut codes);
    codes_of(&what.genres, &mut codes);
    codes_of(&what.warnings, &mut codes);
    codes_of(&what.dates, &mut codes);
    codes_of(&what.original_dates, &mut codes);
    codes_of(&what.plines, &mut codes);
    codes_of(&what.clines, &mut codes);
    codes_of(&more.keywords, &mut codes);
    codes_of(&more.synopses, &mut codes);
    codes_of(&more.marketing_comments, &mut codes);
    let is_local = is_local(what);
    let blocks = details("ReleaseDetailsByTerritory", &codes, |code| {
        let mut nodes = locals("DisplayArtistName", &what.names, code);
        nodes.extend(locals("LabelName", &what.labels, code));
        nodes.extend(titles(job, what.titles, code));
        nodes.extend(people::artists(job, &what.artists, code));
        let compilation = more.is_multi_artist.as_ref();
        let compilation = compilation.and_then(|c| flag(c.as_str()));
        nodes.extend(compilation.map(|c| Node::text("IsMultiArtistCompilation", c)));
        for related in &more.related {
            nodes.extend(related_release(job, related));
        }
        nodes.extend(resources::warnings(&what.warnings, code));
        nodes.extend(single(
            job,
            "MarketingComment",
            &more.marketing_comments,
            code,
        ));
        nodes.push(what.group.clone());
        nodes.extend(resources::genres(job, &what.genres, code));
        if is_local {
            nodes.extend(lines(job, "PLine", &what.plines, code));
            nodes.extend(lines(job, "CLine", &what.clines, code));
        }
        nodes.extend(date(job, "ReleaseDate", &what.dates, code));
        nodes.extend(date(job, "OriginalReleaseDate", &what.original_dates, code));
        nodes.extend(locals("Keywords", &more.keywords, code));
        nodes.extend(single(job, "Synopsis", &more.synopses, code));
        nodes
    });
    let made = blocks.into_iter().map(|(mut block, nodes)| {
        block.extend(nodes);
        block.in_order(v382::RELEASE_DETAILS_BY_TERRITORY)
    });
    made.collect()
}

/// Whether lines differ by territory; otherwise they stand in the release.
fn is_local(what: &Described<'_>) -> bool {
    let mut codes = BTreeSet::new();
    codes_of(&what.plines, &mut codes);
    codes_of(&what.clines, &mut codes);
    !codes.is_empty()
}

fn lines_of(job: &mut Job<'_>, what: &Described<'_>) -> Vec<Node> {
    if is_local(what) {
        return Vec::new();
    }
    let mut nodes = lines(job, "PLine", &what.plines, None);
    nodes.extend(lines(job, "CLine", &what.clines, None));
    nodes
}

fn date(
    job: &mut Job<'_>,
    name: &'static str,
    dates: &[Local],
    code: Option<&str>,
) -> Option<Node> {
    let right: Vec<Local> = dates
        .iter()
        .filter(|d| is_date(d.text.as_str()))
        .cloned()
        .collect();
    for wrong in dates.iter().filter(|d| !is_date(d.text.as_str())) {
        job.lose(
            format!("{name} “{}”", wrong.text.as_str()),
            "It is no date: YYYY-MM-DD.",
            &wrong.text.at,
        );
    }
    single(job, name, &right, code)
}

fn related_release(job: &mut Job<'_>, related: &RelatedRelease) -> Option<Node> {
    let owner = job.owner();
    let mut id = Node::new("ReleaseId");
    id.push_text("GRid", related.grid.as_ref().map(Text::as_str));
    id.push_text("ICPN", related.icpn.as_ref().map(Text::as_str));
    id.push_text("ISRC", related.isrc.as_ref().map(Text::as_str));
    id.extend(resources::numbers(None, &related.proprietary_ids, &owner));
    if id.is_empty() || related.relationship.text.is_empty() {
        job.lose(
            "RelatedRelease",
            "It has no identifier that ERN 3.8.2 takes.",
            &related.at,
        );
        return None;
    }
    let mut node = Node::new("RelatedRelease");
    node.push(id.in_order(v382::RELEASE_ID));
    if let Some(title) = &related.title {
        node.push(Node::text("TitleText", title.as_str()).inside("ReferenceTitle"));
    }
    let known = holds(RELATIONSHIPS, related.relationship.text.as_str());
    node.push(coded(
        "ReleaseRelationshipType",
        &related.relationship,
        known,
        &owner,
    ));
    Some(node.in_order(v382::RELATED_RELEASE))
}

fn track(job: &mut Job<'_>, index: usize) -> Option<Node> {
    let track = job.tracks.get(index)?;
    let (recording, release) = (track.recording, track.release);
    let (ours, reference, isrc) = (
        track.release_reference.clone(),
        track.reference.clone(),
        track.isrc.clone(),
    );
    let owner = job.owner();
    let main = job.main;
    let titles = release
        .map(|r| r.titles.as_slice())
        .filter(|t| !t.is_empty());
    let titles = titles.unwrap_or(&recording.titles);
    let mut node = Node::new("Release");
    let mut id = Node::new("ReleaseId");
    let grid = release.and_then(|release| release.grid.as_ref());
    id.push_text("GRid", grid.map(Text::as_str));
    id.push_text("ISRC", isrc.as_deref());
    let own = release.map_or(&recording.more.proprietary_ids, |r| &r.more.proprietary_ids);
    // In 4.x a track's own identifier is often its ISRC.
    let own: Vec<_> = own
        .iter()
        .filter(|id| Some(&id.value.value) != isrc.as_ref())
        .cloned()
        .collect();
    let catalog = release.and_then(|r| r.more.catalog_number.as_ref());
    id.extend(resources::numbers(catalog, &own, &owner));
    node.push(id.in_order(v382::RELEASE_ID));
    node.push(Node::text("ReleaseReference", ours));
    node.extend(reference_title(job, titles, &recording.at));
    node.push(
        link("ReleaseResourceReference", &reference, true).inside("ReleaseResourceReferenceList"),
    );
    node.push(Node::text("ReleaseType", "TrackRelease"));
    let mut item = Node::new("ResourceGroupContentItem");
    item.push(Node::text("SequenceNumber", "1"));
    item.push(Node::text("ResourceType", "SoundRecording"));
    item.push(link("ReleaseResourceReference", &reference, true));
    let described = described_track(job, index, titles, item.inside("ResourceGroup"), main)?;
    node.extend(by_territory(job, &described));
    node.extend(lines_of(job, &described));
    Some(node.in_order(v382::RELEASE))
}

/// What a track is told by: its own release, else its recording, else the product.
fn described_track<'a>(
    job: &Job<'a>,
    index: usize,
    titles: &'a [Title],
    group: Node,
    main: &'a Release,
) -> Option<Described<'a>> {
    let track = job.tracks.get(index)?;
    let (recording, release) = (track.recording, track.release);
    let own = |of: &dyn Fn(&'a Release) -> &'a [Local]| -> &'a [Local] {
        release.map(of).unwrap_or_default()
    };
    let title = Text {
        value: recording.title().to_owned(),
        at: recording.at.clone(),
    };
    let of_recording = track_artists(recording);
    let artists = match release {
        Some(release) if !release.artists.is_empty() => release.artists.clone(),
        _ => of_recording.clone(),
    };
    let first = |lists: [&[Local]; 3]| -> Vec<Local> {
        lists
            .into_iter()
            .find(|l| !l.is_empty())
            .unwrap_or_default()
            .to_vec()
    };
    let names = first([
        own(&|r| &r.more.artist_names),
        &recording.more.artist_names,
        &[],
    ]);
    let of_label = first([
        own(&|r| &r.more.label_names),
        &recording.more.label_names,
        &[],
    ]);
    let of_genres = release
        .map(|r| r.more.genres.as_slice())
        .unwrap_or_default();
    let genres = [of_genres, &recording.more.genres, &main.more.genres];
    let genres = genres
        .into_iter()
        .find(|g| !g.is_empty())
        .unwrap_or_default();
    let rights = |of: &dyn Fn(&'a Release) -> &'a [RightsLine], other: &'a [RightsLine]| {
        let own = release.map(of).unwrap_or_default();
        if own.is_empty() {
            other.to_vec()
        } else {
            own.to_vec()
        }
    };
    let warnings = own(&|r| &r.more.parental);
    Some(Described {
        titles,
        names: artist_names(&names, &of_recording, &title),
        artists,
        labels: if of_label.is_empty() {
            labels(job)
        } else {
            of_label
        },
        genres: genres.to_vec(),
        warnings: if warnings.is_empty() {
            track_warnings(job, index)
        } else {
            warnings.to_vec()
        },
        dates: first([own(&|r| &r.more.dates), &main.more.dates, &[]]),
        original_dates: own(&|r| &r.more.original_dates).to_vec(),
        plines: rights(&|r| &r.plines, &recording.plines),
        clines: rights(&|r| &r.clines, &main.clines),
        release,
        group,
        at: &recording.at,
    })
}
