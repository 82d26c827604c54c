//! `ReleaseList` of ERN 4.3: the product, and a `TrackRelease` for every track.

use super::super::OutContent;
use super::super::job::{Disc, Job};
use super::super::node::Node;
use super::super::order::v43;
use super::super::parties::Parties;
use super::super::scope::others;
use super::super::shown::{
    NO_GENRE, NO_IDENTIFIER, NO_LABEL, display_titles, labels, release_artists, release_warnings,
    title_text, track_duration,
};
use super::super::values::{
    RELATIONSHIPS, RELEASE_TYPES, VERSION_TYPES, duration, flag, holds, is_date, milliseconds,
};
use super::deals::Shown;
use super::{billing, coded, locals, resources, scoped, untold};
use crate::domain::ids::Isrc;
use crate::domain::release::{Genre, Local, ProprietaryId, RelatedRelease, Text};

/// The product and its tracks.
pub(super) fn list(job: &mut Job<'_>, parties: &mut Parties, shown: &Shown) -> Node {
    let mut list = Node::new("ReleaseList");
    list.push(product(job, parties, shown));
    for index in 0..job.tracks.len() {
        list.extend(track(job, parties, shown, index));
    }
    list
}

fn product(job: &mut Job<'_>, parties: &mut Parties, shown: &Shown) -> Node {
    let main = job.main;
    let owner = job.owner();
    let mut node = Node::new("Release");
    node.push(Node::text("ReleaseReference", "R0"));
    types(job, &mut node);
    node.push(identifiers(job));
    node.extend(billing::titles(
        job,
        &main.titles,
        &main.more.title_texts,
        &main.at,
    ));
    for version in &main.more.version_types {
        let known = holds(VERSION_TYPES, version.text.as_str());
        node.push(coded("VersionType", version, known, &owner));
    }
    node.extend(billed(job, parties));
    let of_label = labels(job);
    node.extend(label_references(parties, &of_label));
    if of_label.is_empty() {
        job.refuse(NO_LABEL.0, NO_LABEL.1, &main.at);
    }
    node.extend(billing::lines(job, "PLine", &main.plines));
    node.extend(billing::lines(job, "CLine", &main.clines));
    node.extend(locals(job, "CourtesyLine", &main.more.courtesy_lines, true));
    let length = length(job);
    node.push_text("Duration", length.as_deref());
    let genres = genres(job, None);
    if genres.is_empty() {
        job.refuse(NO_GENRE.0, NO_GENRE.1, &main.at);
    }
    node.extend(genres);
    for (name, dates) in [
        ("ReleaseDate", &main.more.dates),
        ("OriginalReleaseDate", &main.more.original_dates),
    ] {
        node.extend(self::dates(job, name, dates));
    }
    node.extend(shown.reference("R0"));
    node.extend(resources::warnings(&release_warnings(job)));
    for related in &main.more.related {
        node.extend(related_release(job, related));
    }
    let compilation = main.more.is_multi_artist.as_ref();
    node.push_text(
        "IsMultiArtistCompilation",
        compilation.and_then(|c| flag(c.as_str())),
    );
    node.push(groups(job));
    node.extend(locals(job, "Keywords", &main.more.keywords, true));
    node.extend(locals(job, "Synopsis", &main.more.synopses, true));
    node.extend(locals(
        job,
        "MarketingComment",
        &main.more.marketing_comments,
        true,
    ));
    if is_hi_res(job) {
        node.push(Node::text("IsHiResMusic", "true"));
    }
    node.in_order(v43::RELEASE)
}

/// Artists of the product. Those under a role that is not billed are lost: a release has no
/// contributors.
fn billed(job: &mut Job<'_>, parties: &mut Parties) -> Vec<Node> {
    let main = job.main;
    for other in others(&main.artists) {
        billing::tell_territory(job, other);
    }
    let artists = release_artists(job);
    let title = Text {
        value: main.title().to_owned(),
        at: main.at.clone(),
    };
    let billed = billing::artists(job, parties, &artists, &main.more.artist_names, &title);
    for artist in billed.demoted {
        let name = artist.name.as_ref().map_or("", Text::as_str);
        let role = artist.roles.first().map_or("", Text::as_str);
        job.lose(
            format!("{role} “{name}” of the release"),
            "ERN 4.3 bills artists of a release as MainArtist, FeaturedArtist, Artist or Composer only.",
            &artist.at,
        );
    }
    billed.nodes
}

/// The types of the product: those that 4.3 has, else the sender's own.
fn types(job: &mut Job<'_>, node: &mut Node) {
    let owner = job.owner();
    let main = job.main;
    let before = node.clone();
    for kind in &main.more.types {
        let text = kind.text.as_str();
        let own = kind.user_defined.as_deref().unwrap_or_default();
        // 3.8.2's way of saying what 4.3 has a word for.
        if text == "UserDefined" && holds(RELEASE_TYPES, own) {
            node.push(Node::text("ReleaseType", own));
        } else if text == "SingleResourceReleaseWithCoverArt"
            || (text == "TrackRelease" && main.more.types.len() == 1)
        {
            node.push(Node::text("ReleaseType", "SingleResourceRelease"));
        } else if text != "TrackRelease" {
            node.push(coded(
                "ReleaseType",
                kind,
                holds(RELEASE_TYPES, text),
                &owner,
            ));
        }
    }
    if *node == before {
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

fn identifiers(job: &mut Job<'_>) -> Node {
    let main = job.main;
    let owner = job.owner();
    let mut id = Node::new("ReleaseId");
    id.push_text("GRid", main.grid.as_ref().map(Text::as_str));
    id.push_text("ICPN", main.icpn.as_ref().map(Text::as_str));
    id.extend(numbers(main.more.catalog_number.as_ref(), &[], &owner));
    id.extend(numbers(None, &main.more.proprietary_ids, &owner));
    // The ISRC of a release of one recording, which 4.3 does not take as such.
    if let Some(isrc) = main.isrc.as_ref().filter(|_| main.icpn.is_none()) {
        let code = Isrc::parse_lenient(isrc.as_str());
        let code = code.map_or_else(|| isrc.value.clone(), |code| code.as_str().to_owned());
        let is_known = main
            .more
            .proprietary_ids
            .iter()
            .any(|id| id.value.value == code);
        if !is_known {
            id.push(Node::text("ProprietaryId", code).with("Namespace", owner.as_str()));
        }
    }
    if let Some(isrc) = main.isrc.as_ref().filter(|_| main.icpn.is_some()) {
        let what = format!("ISRC {} of the release", isrc.as_str());
        job.lose(what, "It is known by its barcode.", &isrc.at);
    }
    if id.is_empty() {
        job.refuse(NO_IDENTIFIER.0, NO_IDENTIFIER.1, &main.at);
    }
    id.in_order(v43::RELEASE_ID)
}

/// `CatalogNumber` and `ProprietaryId`s.
fn numbers(catalog: Option<&ProprietaryId>, own: &[ProprietaryId], owner: &str) -> Vec<Node> {
    let node = |name: &'static str, id: &ProprietaryId| {
        let namespace = id.namespace.as_deref().unwrap_or(owner);
        Node::text(name, id.value.as_str()).with("Namespace", namespace)
    };
    let catalog = catalog.map(|number| node("CatalogNumber", number));
    let own = own.iter().map(|id| node("ProprietaryId", id));
    catalog.into_iter().chain(own).collect()
}

fn label_references(parties: &mut Parties, labels: &[Local]) -> Vec<Node> {
    let named: Vec<Local> = labels
        .iter()
        .filter_map(|label| {
            let reference = parties.named(label.text.as_str())?;
            Some(Local {
                text: Text {
                    value: reference,
                    at: label.text.at.clone(),
                },
                ..label.clone()
            })
        })
        .collect();
    let make = |label: &Local| Node::text("ReleaseLabelReference", label.text.as_str());
    let only_default = others(&named).is_empty();
    if only_default {
        let mut nodes: Vec<Node> = named.iter().map(make).collect();
        nodes.dedup();
        return nodes;
    }
    scoped(&named, true, make)
}

/// Length of the product: as stated, else the sum of its tracks.
fn length(job: &Job<'_>) -> Option<String> {
    let stated = job.main.duration.as_ref().map(Text::as_str);
    if let Some(stated) = stated.filter(|text| milliseconds(text).is_some_and(|ms| ms > 0)) {
        return Some(stated.to_owned());
    }
    let mut sum: u64 = 0;
    for place in job.discs.iter().flat_map(|disc| &disc.places) {
        let track = job.tracks.get(place.track)?;
        sum = sum.checked_add(track_duration(track.recording, &[])?.1)?;
    }
    Some(duration(sum))
}

/// Genres of a track, or of the product; a track without has the product's, and the other way
/// round.
fn genres(job: &Job<'_>, index: Option<usize>) -> Vec<Node> {
    let track = |index: usize| -> Option<&[Genre]> {
        let track = job.tracks.get(index)?;
        let released = track.release.map(|r| r.more.genres.as_slice());
        let own = track.recording.more.genres.as_slice();
        released.filter(|genres| !genres.is_empty()).or(Some(own))
    };
    let main = Some(job.main.more.genres.as_slice());
    let choice = match index {
        Some(index) => [track(index), main, None],
        None => [main, track(0), None],
    };
    let found = choice
        .into_iter()
        .flatten()
        .find(|genres| !genres.is_empty());
    let wanted = &job.out.genres;
    let stores = |text: &str| wanted.get(text).map_or(text, String::as_str).to_owned();
    scoped(found.unwrap_or_default(), true, |genre| {
        let mut node = Node::new("Genre");
        node.push(Node::text("GenreText", stores(genre.text.as_str())));
        node.push_text("SubGenre", genre.sub.as_ref().map(Text::as_str));
        node
    })
}

fn dates(job: &mut Job<'_>, name: &'static str, dates: &[Local]) -> Vec<Node> {
    let (right, wrong): (Vec<Local>, Vec<Local>) = dates
        .iter()
        .cloned()
        .partition(|date| is_date(date.text.as_str()));
    for date in wrong {
        resources::tell_date(job, name, &date.text);
    }
    scoped(&right, true, |date| Node::text(name, date.text.as_str()))
}

fn related_release(job: &mut Job<'_>, related: &RelatedRelease) -> Option<Node> {
    let owner = job.owner();
    let mut id = Node::new("ReleaseId");
    id.push_text("GRid", related.grid.as_ref().map(Text::as_str));
    id.push_text("ICPN", related.icpn.as_ref().map(Text::as_str));
    id.extend(numbers(None, &related.proprietary_ids, &owner));
    if let Some(isrc) = &related.isrc {
        id.push(Node::text("ProprietaryId", isrc.as_str()).with("Namespace", owner.as_str()));
    }
    if id.is_empty() || related.relationship.text.is_empty() {
        job.lose(
            "RelatedRelease",
            "It has no identifier that ERN 4.3 takes.",
            &related.at,
        );
        return None;
    }
    let mut node = Node::new("RelatedRelease");
    let known = holds(RELATIONSHIPS, related.relationship.text.as_str());
    node.push(coded(
        "ReleaseRelationshipType",
        &related.relationship,
        known,
        &owner,
    ));
    node.push(id.in_order(v43::RELEASE_ID));
    node.push_text("DisplayTitleText", related.title.as_ref().map(Text::as_str));
    Some(node.in_order(v43::RELATED_RELEASE))
}

/// The running order. A product of one disc has its tracks in the outer group.
fn groups(job: &Job<'_>) -> Node {
    let mut outer = Node::new("ResourceGroup");
    if let [only] = job.discs.as_slice() {
        outer.push(Node::text("SequenceNumber", "1"));
        outer.extend(items(job, only));
        if let Some(title) = only.title {
            outer.extend(group_title(title));
        }
    } else {
        for (disc, number) in job.discs.iter().zip(1..) {
            let mut inner = Node::new("ResourceGroup").with("ResourceGroupType", "Component");
            inner.push(Node::text("SequenceNumber", number.to_string()));
            inner.extend(items(job, disc));
            if let Some(title) = disc.title {
                inner.extend(group_title(title));
            }
            outer.push(inner.in_order(v43::RESOURCE_SUB_GROUP));
        }
    }
    let pictures = job.pictures.iter().map(|picture| &picture.reference);
    for linked in pictures.chain(job.sheets.iter().map(|sheet| &sheet.reference)) {
        outer.push(Node::text("LinkedReleaseResourceReference", linked));
    }
    outer.in_order(v43::RESOURCE_GROUP)
}

fn group_title(title: &Text) -> [Node; 2] {
    [
        Node::text("DisplayTitleText", title.as_str()),
        Node::text("TitleText", title.as_str()).inside("DisplayTitle"),
    ]
}

fn items(job: &Job<'_>, disc: &Disc<'_>) -> Vec<Node> {
    let mut nodes = Vec::new();
    for (place, number) in disc.places.iter().zip(1..) {
        let Some(track) = job.tracks.get(place.track) else {
            continue;
        };
        let mut node = Node::new("ResourceGroupContentItem");
        node.push(Node::text("SequenceNumber", number.to_string()));
        node.push(Node::text("ReleaseResourceReference", &track.reference));
        let own = &track.recording.more.is_bonus;
        let item = place.item;
        for (name, value) in [
            (
                "IsBonusResource",
                item.and_then(|i| i.is_bonus.as_ref()).or(own.as_ref()),
            ),
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
        nodes.push(node.in_order(v43::RESOURCE_GROUP_CONTENT_ITEM));
    }
    nodes
}

/// Whether every track's file is better than a CD: 48 kHz and 20 bits at least.
fn is_hi_res(job: &mut Job<'_>) -> bool {
    let technicals: Vec<_> = job
        .tracks
        .iter()
        .map(|track| track.recording.technical.iter().find(|t| !t.is_preview))
        .collect();
    job.with_files
        && technicals.into_iter().all(|technical| {
            let named = technical.and_then(|technical| technical.files.first());
            let file = named.and_then(|named| job.file(named));
            file.is_some_and(|file| {
                matches!(file.content, OutContent::Audio { rate_hz, bits, .. }
                    if rate_hz >= 48_000 && bits >= 20)
            })
        })
}

fn track(job: &mut Job<'_>, parties: &mut Parties, shown: &Shown, index: usize) -> Option<Node> {
    let track = job.tracks.get(index)?;
    let (recording, release) = (track.recording, track.release);
    let ours = track.release_reference.clone();
    let mut node = Node::new("TrackRelease");
    node.push(Node::text("ReleaseReference", &ours));
    node.push(Node::text("ReleaseResourceReference", &track.reference));
    let sender = format!("DPID:{}", job.out.sender.dpid);
    let owner = job.owner();
    let mut id = Node::new("ReleaseId");
    let grid = release.and_then(|release| release.grid.as_ref());
    id.push_text("GRid", grid.map(Text::as_str));
    // By its ISRC, but as an identifier of ours: as an ISRC it would be the recording's.
    let own = track.isrc.clone().or_else(|| {
        let own = recording.more.proprietary_ids.first()?;
        Some(own.value.value.clone())
    });
    if let Some(release) = release {
        let others = release.more.proprietary_ids.iter();
        let others = others.filter(|id| Some(&id.value.value) != own.as_ref());
        let others: Vec<ProprietaryId> = others.cloned().collect();
        id.extend(numbers(
            release.more.catalog_number.as_ref(),
            &others,
            &owner,
        ));
    }
    if let Some(own) = own {
        id.push(Node::text("ProprietaryId", own).with("Namespace", sender));
    }
    if id.is_empty() {
        id.push(Node::text("ProprietaryId", &ours).with("Namespace", owner));
    }
    node.push(id.in_order(v43::RELEASE_ID));
    node.extend(
        job.cover()
            .map(|cover| Node::text("LinkedReleaseResourceReference", cover)),
    );
    if let Some(release) = release {
        let titles = display_titles(&release.titles);
        let of_recording = display_titles(&recording.titles);
        let text = |titles: &[crate::domain::release::Title]| titles.first().map(title_text);
        // Only where it is called otherwise than its recording.
        if !titles.is_empty() && text(&titles) != text(&of_recording) {
            node.extend(billing::titles(
                job,
                &release.titles,
                &release.more.title_texts,
                &release.at,
            ));
        }
    }
    let of_track = release.map(|release| release.more.label_names.as_slice());
    let of_track = of_track
        .filter(|labels| !labels.is_empty())
        .unwrap_or(recording.more.label_names.as_slice())
        .to_vec();
    let of_label = if of_track.is_empty() {
        labels(job)
    } else {
        of_track
    };
    node.extend(label_references(parties, &of_label));
    node.extend(genres(job, Some(index)));
    node.extend(shown.reference(&ours));
    if let Some(release) = release {
        for related in &release.more.related {
            node.extend(related_release(job, related));
        }
        let more = &release.more;
        node.extend(locals(job, "Keywords", &more.keywords, true));
        node.extend(locals(job, "Synopsis", &more.synopses, true));
        node.extend(locals(
            job,
            "MarketingComment",
            &more.marketing_comments,
            true,
        ));
    }
    untold::tell(job, index);
    Some(node.in_order(v43::TRACK_RELEASE))
}
