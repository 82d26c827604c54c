//! What a label says of a track release and ERN 4.3 has no place for: there, a track has the artists,
//! lines and warnings of its recording, and the date of the product.

use super::super::job::Job;
use super::super::scope::defaults;
use super::super::shown::{track_artists, track_warnings};
use crate::domain::release::{Artist, Genre, Local, RightsLine, Text};
use std::collections::BTreeSet;

const AS_RECORDING: &str = "ERN 4.3 has what the recording says.";
const AS_PRODUCT: &str = "ERN 4.3 has what the product says.";

/// Tells where a label's track release says something else.
pub(super) fn tell(job: &mut Job<'_>, index: usize) {
    let Some(track) = job.tracks.get(index) else {
        return;
    };
    let (recording, main) = (track.recording, job.main);
    let Some(release) = track.release else {
        return;
    };
    let other_artists = differs(
        &people(&release.artists),
        &people(&track_artists(recording)),
    );
    let other_names = differs(
        &texts(&release.more.artist_names),
        &texts(&recording.more.artist_names),
    ) && !recording.more.artist_names.is_empty();
    let of_track = texts(&track_warnings(job, index));
    let other_lines =
        differs(&lines(&release.plines), &lines(&recording.plines)) && !recording.plines.is_empty();
    let other_genres = !recording.more.genres.is_empty()
        && differs(
            &genres(&release.more.genres),
            &genres(&recording.more.genres),
        );
    let found = [
        (other_artists || other_names, "Artists", AS_RECORDING),
        (
            differs(&texts(&release.more.parental), &of_track),
            "ParentalWarningType",
            AS_RECORDING,
        ),
        (other_lines, "PLine", AS_RECORDING),
        (
            other_genres,
            "Genre of a recording beside that",
            "ERN 4.3 has the genre of the release.",
        ),
        (
            differs(&lines(&release.clines), &lines(&main.clines)),
            "CLine",
            AS_PRODUCT,
        ),
        (
            differs(&texts(&release.more.dates), &texts(&main.more.dates)),
            "ReleaseDate",
            AS_PRODUCT,
        ),
        (
            differs(
                &texts(&release.more.original_dates),
                &texts(&main.more.original_dates),
            ),
            "OriginalReleaseDate",
            AS_PRODUCT,
        ),
    ];
    for (is_lost, what, why) in found {
        if is_lost {
            job.lose(format!("{what} of a track release"), why, &release.at);
        }
    }
}

/// Whether something is said, and something else than there.
fn differs(said: &BTreeSet<String>, there: &BTreeSet<String>) -> bool {
    !said.is_empty() && said != there
}

fn people(artists: &[Artist]) -> BTreeSet<String> {
    let all = defaults(artists).into_iter();
    all.filter_map(|artist| artist.name.as_ref().map(|name| name.value.clone()))
        .collect()
}

fn texts(locals: &[Local]) -> BTreeSet<String> {
    let all = defaults(locals).into_iter();
    all.map(|local| local.text.value.clone()).collect()
}

fn lines(lines: &[RightsLine]) -> BTreeSet<String> {
    let text = |line: &RightsLine| {
        line.text
            .as_ref()
            .or(line.company.as_ref())
            .map(Text::as_str)
            .map(str::to_owned)
    };
    defaults(lines).into_iter().filter_map(text).collect()
}

fn genres(genres: &[Genre]) -> BTreeSet<String> {
    let all = defaults(genres).into_iter();
    all.map(|genre| genre.text.value.clone()).collect()
}
