//! Titles, artists and dates.

use super::super::package::{Package, artist, earlier, text};
use super::{Case, error, forgiven, graded, info, question, warning};
use dropzone::domain::history::Earlier;
use dropzone::domain::lifecycle::Status;
use dropzone::domain::report::Severity::{Info, Question, Warning};

pub(super) const CASES: &[Case] = &[
    error("META-001", |p| p.main().titles.clear()),
    error("META-001", |p| {
        p.main().titles[0].text.value = String::new();
    })
    .sound(|p| release_title(p, "4")),
    error("META-002", |p| p.track(2).titles.clear())
        .sound(|p| p.track(2).titles[0].text.value = "Δ".to_owned()),
    error("META-003", |p| p.track(2).artists.clear()),
    error("META-003", |p| {
        p.main().artists.clear();
        p.track(2).artists = vec![artist("Tunde", "MainArtist", 86, "x")];
    }),
    info("META-003", |p| {
        let track = p.track(2);
        track.artist_name = track.artists[0].name.clone();
        track.artists.clear();
    }),
    info("META-003", |p| p.main().artists.clear()).sound(|p| {
        p.main()
            .artists
            .push(artist("Tunde", "FeaturedArtist", 210, "x"))
    }),
    error("META-004", |p| {
        p.main().genres.clear();
        p.track(1).genres.clear();
        p.track(2).genres[0].value = String::new();
    })
    .sound(|p| p.main().genres.clear()),
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
    })
    .sound(|p| released(p, "2028-02-29")),
    warning("META-007", |p| {
        p.main().release_date.as_mut().unwrap().value = "2026-03-25".to_owned();
    })
    .sound(|p| released(p, "2026-03-31")),
    warning("META-007", |p| released(p, "2025-04-10")).sound(|p| {
        released(p, "2024-04-10");
        p.main().plines[0].year.as_mut().unwrap().value = "2024".to_owned();
        p.main().clines[0].year.as_mut().unwrap().value = "2023".to_owned();
    }),
    error("META-009", |p| {
        p.main().original_release_date = Some(text("2027-01-01", 218, "x"));
    })
    .sound(|p| p.main().original_release_date = Some(text("2026-04-10", 218, "x"))),
    error("META-010", |p| p.main().types.clear()).sound(|p| {
        p.main()
            .types
            .push(text("MusicalWorkBasedRelease", 207, "x"))
    }),
    forgiven("META-011", |p| p.main().types[0].value = "Album".to_owned()),
    forgiven("META-011", |p| p.audio().duration_ms = 700_000)
        .with(&["AUD-015"])
        .sound(|p| {
            p.audio().duration_ms = 599_000;
            p.track(1).duration.as_mut().unwrap().value = "PT9M59S".to_owned();
        }),
    warning("META-014", |p| {
        p.track(1).titles[0].text.value = "Harmattan ft. Tunde".to_owned();
    })
    .sound(|p| {
        track_title(p, "Harmattan (feat. Tunde)");
        p.track(1)
            .artists
            .push(artist("Tunde", "FeaturedArtist", 47, "x"));
        p.track(1).artists[1].sequence.as_mut().unwrap().value = "2".to_owned();
    }),
    warning("META-014", |p| {
        track_title(p, "Harmattan (feat. Tunde & Obi)")
    })
    .sound(|p| {
        track_title(p, "Harmattan (feat. Tunde & The Winds)");
        p.track(1)
            .artists
            .push(artist("Tunde & The Winds", "FeaturedArtist", 47, "x"));
    }),
    warning("META-015", |p| track_title(p, "harmattan rain"))
        .sound(|p| track_title(p, "12 dana kiše")),
    warning("META-015", |p| {
        p.main().titles[0].text.value = "HARMATTAN".to_owned();
    })
    .sound(|p| release_title(p, "FELA")),
    warning("META-016", |p| {
        p.track(1).titles[0].text.value = "Harmattan ☀".to_owned();
    }),
    error("META-016", |p| {
        p.track(1).titles[0].text.value = "Harmat\u{202e}tan".to_owned();
    })
    .sound(|p| track_title(p, "Ụmụ Ọ̀yọ́ 21 ½")),
    warning("META-017", |p| {
        p.main().titles[0].text.value = "Harmattan (Deluxe".to_owned();
    }),
    warning("META-017", |p| {
        p.main().titles[0].text.value = "Sun &amp; Moon".to_owned();
    })
    .sound(|p| release_title(p, "Sun & Moon (Deluxe) [2026]")),
    error("META-023", |p| p.track(1).artists[0].roles.clear()),
    error("META-023", |p| {
        p.main().artists[0].roles[0].value = "Main Artist".to_owned();
    })
    .sound(|p| p.main().artists[0].roles.push(text("Composer", 210, "x"))),
    error("META-024", |p| {
        p.track(1).artists[0].roles[0].value = "FeaturedArtist".to_owned();
    }),
    warning("META-024", |p| {
        p.track(1).artists[0].roles[0].value = "Conductor".to_owned();
    })
    .sound(|p| p.track(1).artists[0].roles.push(text("Producer", 46, "x"))),
    warning("META-025", |p| {
        let mut guest = artist("Tunde", "FeaturedArtist", 47, "x");
        guest.sequence = None;
        p.track(1).artists.push(guest);
    })
    .sound(|p| p.track(1).artists[0].sequence = None),
    warning("META-026", |p| {
        p.track(1)
            .artists
            .push(artist("Adaeze", "FeaturedArtist", 47, "x"));
    })
    .sound(|p| {
        p.track(1)
            .artists
            .push(artist("Adaeze Jr.", "FeaturedArtist", 47, "x"));
    }),
    error("META-034", |p| p.track(1).parental.clear())
        .sound(|p| p.track(1).parental[0].value = "Unknown".to_owned()),
    error("META-035", |p| {
        p.track(1).parental[0].value = "Clean".to_owned();
    }),
    info("META-035", |p| {
        p.track(1).parental[0].value = "NoAdviceAvailable".to_owned();
    })
    .sound(|p| p.track(1).parental[0].value = "ExplicitContentEdited".to_owned()),
    warning("META-036", |p| {
        p.track(1).parental[0].value = "Explicit".to_owned();
    })
    .sound(|p| {
        p.track(1).parental[0].value = "Explicit".to_owned();
        p.main().parental[0].value = "Explicit".to_owned();
    }),
    warning("META-005", |p| genre(p, "Afro Beatz")).sound(|p| genre(p, "afro-beats")),
    info("META-005", |p| genre(p, "Hyperpop Kawaii")).sound(|p| genre(p, "Hip Hop/Rap")),
    warning("META-008", |p| {
        released(p, "2029-04-10");
        p.deal().start.as_mut().unwrap().value = "2029-04-10".to_owned();
    })
    .sound(|p| released(p, "2028-03-20")),
    warning("META-012", |p| {
        single(p);
        release_title(p, "Dry Season");
    })
    .sound(single),
    warning("META-013", |p| release_title(p, "Harmattan - EP"))
        .sound(|p| release_title(p, "Harmattan Deep")),
    info("META-018", |p| track_title(p, "Harmattan (Radio Edit)"))
        .sound(|p| track_title(p, "Harmattan (Alive)")),
    warning("META-019", |p| track_title(p, "Track 01")).sound(|p| track_title(p, "Tracks of Sand")),
    warning("META-020", |p| track_title(p, "Harmattan (Official Audio)"))
        .sound(|p| track_title(p, "Harmattan (Officially Audible)")),
    warning("META-020", |p| {
        track_title(p, "Harmattan www.lagoon.example")
    }),
    warning("META-021", |p| billed(p, "Adaeze feat. Tunde"))
        .sound(|p| billed(p, "Tyler, The Creator")),
    info("META-021", |p| billed(p, "Adaeze & Tunde")).sound(|p| billed(p, "Adaeze & The Winds")),
    warning("META-022", |p| {
        p.track(1).artists = vec![artist("Various Artists", "MainArtist", 46, "x")];
    }),
    warning("META-022", |p| {
        p.main().artists = vec![artist("Various Artists", "MainArtist", 210, "x")];
    })
    .sound(|p| {
        p.main().artists = vec![artist("Various", "FeaturedArtist", 210, "x")];
        p.main()
            .artists
            .push(artist("Adaeze", "MainArtist", 210, "x"));
        p.main().artists[1].sequence.as_mut().unwrap().value = "2".to_owned();
    }),
    warning("META-027", |p| {
        p.track(2).artists[0].name.as_mut().unwrap().value = "Adaézé".to_owned();
    })
    .sound(|p| {
        p.track(2).artists[0].name.as_mut().unwrap().value = "Adaezee".to_owned();
    }),
    graded("META-028", Info, Warning, |p| {
        p.track(2).contributors.clear()
    })
    .sound(|p| {
        p.track(2).contributors[0].roles[0].value = "ComposerLyricist".to_owned();
    }),
    info("META-029", |p| composer(p, "Ngozi")).sound(|p| composer(p, "Traditional")),
    info("META-029", |p| composer(p, "Music by Ngozi Okafor")),
    graded("META-030", Info, Warning, |p| p.track(1).language = None)
        .sound(|p| p.track(1).language.as_mut().unwrap().value = "zh-Hans".to_owned()),
    warning("META-030", |p| {
        p.track(1).language.as_mut().unwrap().value = "English".to_owned();
    }),
    warning("META-030", |p| {
        p.track(1).instrumental = Some(text("true", 47, "x"))
    })
    .sound(|p| {
        p.track(1).instrumental = Some(text("true", 47, "x"));
        p.track(1).language = None;
    }),
    warning("META-031", |p| written(p, "Гроза", "en")).sound(|p| written(p, "Гроза", "ru")),
    graded("META-032", Info, Warning, |p| p.main().clines.clear()),
    warning("META-032", |p| {
        p.main().plines[0].year.as_mut().unwrap().value = "2029".to_owned();
    })
    .sound(|p| {
        p.main().plines[0].year.as_mut().unwrap().value = "2027".to_owned();
    }),
    warning("META-032", |p| {
        p.main().clines[0].text.as_mut().unwrap().value = "℗ 2026 Lagoon Records".to_owned();
    }),
    info("META-033", |p| p.main().label_name = None).sound(|p| {
        p.track(1).label_name = p.main().label_name.take();
    }),
    info("META-037", |p| {
        p.main().parental[0].value = "Explicit".to_owned()
    })
    .sound(|p| {
        p.main().parental[0].value = "Explicit".to_owned();
        p.track(2).parental[0].value = "Explicit".to_owned();
    }),
    warning("META-038", |p| {
        p.track(2).titles[0].text.value = "Harmattan".to_owned();
    })
    .sound(|p| {
        p.track(2).titles[0].text.value = "Harmattan".to_owned();
        p.track(2).titles[0].sub = Some(text("Reprise", 84, "x"));
    }),
    info("META-039", |p| p.track(2).duration = None)
        .sound(|p| p.track(2).duration.as_mut().unwrap().value = "P0DT0H3M42S".to_owned()),
    warning("META-040", |p| preview(p, "222")).sound(|p| preview(p, "221")),
    warning("META-041", |p| {
        p.track(1)
            .artists
            .push(artist("Lagos Strings", "Orchestra", 47, "x"));
        p.track(1).artists[1].sequence.as_mut().unwrap().value = "2".to_owned();
    })
    .sound(|p| p.track(1).artists[0].roles.push(text("Producer", 46, "x"))),
    question("META-043", |p| {
        p.after(Earlier {
            title: "Dust and Rain".to_owned(),
            ..earlier(Status::Delivered)
        });
    })
    .sound(|p| {
        p.after(Earlier {
            title: "HARMATTAN".to_owned(),
            ..earlier(Status::Delivered)
        });
    }),
    graded("META-042", Question, Question, |p| {
        release_title(p, "A Tribute to Fela")
    })
    .sound(|p| release_title(p, "Contribute to Fela")),
];

fn genre(package: &mut Package, name: &str) {
    name.clone_into(&mut package.main().genres[0].value);
}

fn released(package: &mut Package, day: &str) {
    day.clone_into(&mut package.main().release_date.as_mut().unwrap().value);
}

fn release_title(package: &mut Package, title: &str) {
    title.clone_into(&mut package.main().titles[0].text.value);
}

fn track_title(package: &mut Package, title: &str) {
    title.clone_into(&mut package.track(1).titles[0].text.value);
}

/// Leaves only the first track.
fn single(package: &mut Package) {
    package.message().recordings.truncate(1);
    package.message().releases.truncate(2);
    package.main().links.remove(1);
    package.main().items.truncate(1);
    package.message().deals.iter_mut().for_each(|deal| {
        deal.releases.retain(|reference| reference.value != "R2");
    });
    package
        .message()
        .deals
        .retain(|deal| !deal.releases.is_empty());
    package.remove("02_DrySeason.wav");
}

fn billed(package: &mut Package, name: &str) {
    name.clone_into(&mut package.track(1).artists[0].name.as_mut().unwrap().value);
}

fn composer(package: &mut Package, name: &str) {
    name.clone_into(
        &mut package.track(1).contributors[0]
            .name
            .as_mut()
            .unwrap()
            .value,
    );
}

fn written(package: &mut Package, title: &str, language: &str) {
    track_title(package, title);
    package.track(1).titles[0].language = Some(language.to_owned());
}

fn preview(package: &mut Package, start: &str) {
    package.track(1).technical[0].preview_start = Some(text(start, 50, "x"));
}
