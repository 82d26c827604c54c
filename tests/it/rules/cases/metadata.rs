//! Titles, artists and dates.

use super::super::package::{artist, text};
use super::{Case, error, forgiven, info, warning};

pub(super) const CASES: &[Case] = &[
    error("META-001", |p| p.main().titles.clear()),
    error("META-001", |p| {
        p.main().titles[0].text.value = String::new();
    }),
    error("META-002", |p| p.track(2).titles.clear()),
    error("META-003", |p| p.track(2).artists.clear()),
    error("META-003", |p| {
        p.main().artists.clear();
        p.track(2).artists = vec![artist("Tunde", "MainArtist", 86, "x")];
    }),
    info("META-003", |p| p.main().artists.clear()),
    error("META-004", |p| {
        p.main().genres.clear();
        p.track(1).genres.clear();
        p.track(2).genres[0].value = String::new();
    }),
    error("META-006", |p| {
        p.main().release_date = None;
        for deal in &mut p.message().deals {
            for terms in &mut deal.deals {
                terms.start = None;
            }
        }
    })
    .with(&["DEAL-009"]),
    warning("META-006", |p| p.main().release_date = None),
    error("META-006", |p| {
        p.main().release_date.as_mut().unwrap().value = "2026-02-31".to_owned();
    }),
    warning("META-007", |p| {
        p.main().release_date.as_mut().unwrap().value = "2026-03-25".to_owned();
    }),
    error("META-009", |p| {
        p.main().original_release_date = Some(text("2027-01-01", 218, "x"));
    }),
    error("META-010", |p| p.main().types.clear()),
    forgiven("META-011", |p| p.main().types[0].value = "Album".to_owned()),
    forgiven("META-011", |p| p.audio().duration_ms = 700_000).with(&["AUD-015"]),
    warning("META-014", |p| {
        p.track(1).titles[0].text.value = "Harmattan ft. Tunde".to_owned();
    }),
    warning("META-015", |p| {
        p.main().titles[0].text.value = "HARMATTAN".to_owned();
    }),
    warning("META-016", |p| {
        p.track(1).titles[0].text.value = "Harmattan ☀".to_owned();
    }),
    error("META-016", |p| {
        p.track(1).titles[0].text.value = "Harmat\u{202e}tan".to_owned();
    }),
    warning("META-017", |p| {
        p.main().titles[0].text.value = "Harmattan (Deluxe".to_owned();
    }),
    warning("META-017", |p| {
        p.main().titles[0].text.value = "Sun &amp; Moon".to_owned();
    }),
    error("META-023", |p| p.track(1).artists[0].roles.clear()),
    error("META-023", |p| {
        p.main().artists[0].roles[0].value = "Main Artist".to_owned();
    }),
    error("META-024", |p| {
        p.track(1).artists[0].roles[0].value = "FeaturedArtist".to_owned();
    }),
    warning("META-024", |p| {
        p.track(1).artists[0].roles[0].value = "Conductor".to_owned();
    }),
    warning("META-025", |p| {
        let mut guest = artist("Tunde", "FeaturedArtist", 47, "x");
        guest.sequence = None;
        p.track(1).artists.push(guest);
    }),
    warning("META-026", |p| {
        p.track(1)
            .artists
            .push(artist("ADAEZE", "FeaturedArtist", 47, "x"));
    }),
    error("META-034", |p| p.track(1).parental.clear()),
    error("META-035", |p| {
        p.track(1).parental[0].value = "Clean".to_owned();
    }),
    info("META-035", |p| {
        p.track(1).parental[0].value = "NoAdviceAvailable".to_owned();
    }),
    warning("META-036", |p| {
        p.track(1).parental[0].value = "Explicit".to_owned();
    }),
];
