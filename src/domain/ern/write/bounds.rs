//! How much a message may make us write. A label's details share one list of territories between
//! all their values, and what goes out repeats it: a small message could become a huge one.

use super::Refusal;
use super::job::refusal;
use super::scope::{Scoped, defaults};
use crate::domain::release::{Message, Recording, Release};
use std::collections::BTreeSet;

/// Values that are written, counted in every territory where they are. A box set of 500 tracks that
/// says something else in each of 250 territories has one and a half million.
const MOST: usize = 2_000_000;

/// Comparisons of values with territories.
const MOST_COMPARED: usize = 200_000_000;

/// Refuses a message that would become too large.
pub(super) fn check(message: &Message) -> Option<Refusal> {
    let of_releases = message.releases.iter().map(release);
    let of_recordings = message.recordings.iter().map(recording);
    let (mut written, mut compared) = (0_usize, 0_usize);
    for cost in of_releases.chain(of_recordings) {
        written = written.saturating_add(cost.written());
        compared = compared.saturating_add(cost.compared());
    }
    (written > MOST || compared > MOST_COMPARED).then(|| {
        refusal(
            "The message says far more by territory than we write: it repeats its titles, names or lines for more territories than there are, or for each of them.",
            "Say what holds everywhere once, for Worldwide, and name territories only where something else holds.",
            &message.at,
        )
    })
}

/// What is written for one element: every value in every territory that one of them names.
#[derive(Default)]
struct Cost<'a> {
    codes: BTreeSet<&'a str>,
    lists: BTreeSet<*const String>,
    values: usize,
    defaults: usize,
    others: usize,
}

impl<'a> Cost<'a> {
    fn add<T: Scoped>(&mut self, values: &'a [T]) {
        let everywhere = defaults(values);
        self.values = self.values.saturating_add(values.len());
        self.defaults = self.defaults.saturating_add(everywhere.len());
        for value in values {
            let territories = value.territories();
            self.others = self.others.saturating_add(territories.len());
            // A shared list counts once.
            if self.lists.insert(territories.as_ptr()) {
                self.codes.extend(territories.iter().map(String::as_str));
            }
        }
    }

    fn written(&self) -> usize {
        let by_default = self.codes.len().saturating_mul(self.defaults);
        by_default.saturating_add(self.others)
    }

    fn compared(&self) -> usize {
        self.codes.len().saturating_mul(self.values)
    }
}

fn recording(recording: &Recording) -> Cost<'_> {
    let more = &recording.more;
    let mut cost = Cost::default();
    cost.add(&recording.titles);
    cost.add(&recording.artists);
    cost.add(&recording.contributors);
    cost.add(&recording.plines);
    cost.add(&more.artist_names);
    cost.add(&more.label_names);
    cost.add(&more.genres);
    cost.add(&more.parental);
    cost.add(&more.courtesy_lines);
    cost
}

fn release(release: &Release) -> Cost<'_> {
    let more = &release.more;
    let mut cost = Cost::default();
    cost.add(&release.titles);
    cost.add(&release.artists);
    cost.add(&release.plines);
    cost.add(&release.clines);
    for locals in [
        &more.artist_names,
        &more.label_names,
        &more.parental,
        &more.dates,
        &more.original_dates,
        &more.keywords,
        &more.synopses,
        &more.marketing_comments,
    ] {
        cost.add(locals);
    }
    cost.add(&more.genres);
    cost
}
