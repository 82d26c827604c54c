//! Releases drawn at random: right in every value, and with much that a label may say.

use super::{differences, read, written};
use crate::kit::shared;
use dropzone::domain::account::Profile;
use dropzone::domain::ern::write::Target;
use dropzone::domain::release::{
    Artist, ClaimPolicy, Coded, Deal, DealMore, Genre, GroupItem, Image, Local, Message,
    MessageKind, NamedFile, PartyCode, Price, ProprietaryId, Recording, RecordingMore,
    RelatedRelease, Release, ReleaseDeal, ReleaseMore, ResourceLink, RightsController, RightsLine,
    Technical, Territories, Text, Title,
};
use dropzone::inspect::schemas::Schemas;
use proptest::prelude::*;

/// Draws values from bytes; when they run out everything is the first choice.
struct Draw<'a>(std::slice::Iter<'a, u8>);

fn text(value: &str) -> Text {
    Text {
        value: value.to_owned(),
        ..Text::default()
    }
}

fn coded(value: &str) -> Coded {
    let (value, own) = match value.strip_prefix("own:") {
        Some(own) => ("UserDefined", Some(own.to_owned())),
        None => (value, None),
    };
    Coded {
        text: text(value),
        namespace: own.is_some().then(|| "DPID:PADPIDA0000000001Y".to_owned()),
        user_defined: own,
    }
}

const NAMES: &[&str] = &[
    "Ama & the <Band>",
    "日本語",
    "Beyoncé",
    "O’Neil",
    "A",
    "DJ \"Quote\"",
    "İstanbul",
    "feat. Nobody",
];
const PLACES: &[&[&str]] = &[&[], &[], &[], &["DE"], &["JP", "KR"], &["GB"]];
const LANGUAGES: &[&str] = &["", "", "en", "ja", "ja-Latn"];

impl Draw<'_> {
    fn byte(&mut self) -> u8 {
        self.0.next().copied().unwrap_or(0)
    }

    fn pick<'t>(&mut self, choices: &[&'t str]) -> &'t str {
        choices[usize::from(self.byte()) % choices.len()]
    }

    fn yes(&mut self) -> bool {
        self.byte() % 3 == 1
    }

    fn maybe(&mut self, choices: &[&str]) -> Option<Text> {
        self.yes().then(|| text(self.pick(choices)))
    }

    fn times(&mut self, most: u8) -> u8 {
        self.byte() % (most + 1)
    }

    fn territories(&mut self) -> Territories {
        let places = PLACES[usize::from(self.byte()) % PLACES.len()];
        places.iter().map(|code| (*code).to_owned()).collect()
    }

    fn language(&mut self) -> Option<String> {
        Some(self.pick(LANGUAGES).to_owned()).filter(|l| !l.is_empty())
    }

    /// A default, and perhaps others for some territories.
    fn locals(&mut self, choices: &[&str]) -> Vec<Local> {
        let first = Local {
            text: text(self.pick(choices)),
            language: self.language(),
            ..Local::default()
        };
        let mut all = vec![first];
        if self.yes() {
            all.push(Local {
                text: text(self.pick(choices)),
                territories: self.territories(),
                language: None,
            });
            all.retain(|l| {
                !l.territories.is_empty() || l.language.is_some() || all_first(l, choices)
            });
        }
        all.truncate(2);
        all
    }

    fn titles(&mut self, name: &str) -> Vec<Title> {
        let sub = self.maybe(&["Live", "Remix & More"]);
        let title = |kind: Option<&str>, text_of: &str, sub: Option<Text>| Title {
            text: text(text_of),
            sub,
            kind: kind.map(str::to_owned),
            ..Title::default()
        };
        let mut all = vec![
            title(None, name, sub.clone()),
            title(Some("DisplayTitle"), name, sub.clone()),
        ];
        if self.yes() {
            all.push(title(Some("FormalTitle"), name, sub));
        }
        if self.yes() {
            let kind = self.pick(&["OriginalTitle", "AlternativeTitle", "TranslatedTitle"]);
            all.push(title(Some(kind), "Another One", None));
        }
        if self.yes() {
            let mut local = title(Some("DisplayTitle"), "Der Titel", None);
            local.territories = vec!["DE".to_owned()].into();
            local.language = Some("de".to_owned());
            all.push(local);
        }
        all
    }

    fn artist(&mut self, name: &str, roles: &[&str]) -> Artist {
        let role = coded(self.pick(roles));
        let ids = match self.times(5) {
            1 => vec![("0000000121032683", true, None)],
            2 => vec![("00123456789", false, Some("IPI"))],
            3 => vec![("label-17", false, Some("DPID:PADPIDA0000000001Y"))],
            _ => Vec::new(),
        };
        let codes = ids
            .into_iter()
            .map(|(value, is_isni, namespace)| PartyCode {
                // One identifier for each name: two people never share one.
                value: text(&format!("{value}{}", "")),
                is_isni,
                namespace: namespace.map(str::to_owned),
            });
        Artist {
            name: Some(text(name)),
            names: vec![Local {
                text: text(name),
                ..Local::default()
            }],
            roles: vec![role.text.clone()],
            coded_roles: vec![role],
            ids: codes.take(usize::from(name == "Beyoncé")).collect(),
            ..Artist::default()
        }
    }

    /// A main artist, and perhaps guests, all of other names.
    fn artists(&mut self) -> Vec<Artist> {
        let start = usize::from(self.byte());
        let count = 1 + usize::from(self.times(2));
        (0..count)
            .map(|n| {
                let name = NAMES[(start + n) % NAMES.len()];
                let roles: &[&str] = if n == 0 {
                    &["MainArtist"]
                } else {
                    &["FeaturedArtist", "MainArtist", "Artist"]
                };
                self.artist(name, roles)
            })
            .collect()
    }

    fn line(&mut self) -> RightsLine {
        RightsLine {
            year: Some(text("2026")),
            text: Some(text(self.pick(&["2026 A & B", "℗ 2026 Ünï"]))),
            company: self.maybe(&["A & B Ltd"]),
            ..RightsLine::default()
        }
    }

    fn genres(&mut self) -> Vec<Genre> {
        vec![Genre {
            text: text(self.pick(&["Afrobeats", "R&B", "Classical"])),
            sub: self.maybe(&["Concerto"]),
            ..Genre::default()
        }]
    }

    fn recording(&mut self, n: usize) -> Recording {
        let artists = self.artists();
        let roles = [
            "Composer",
            "Lyricist",
            "Mixer",
            "StudioProducer",
            "own:Whistler",
        ];
        let name = self.pick(&["Composer Name", "Zoë"]);
        let contributors = (0..self.times(1))
            .map(|_| self.artist(name, &roles))
            .collect();
        let genres = self.genres();
        let parental = vec![Local {
            text: text(self.pick(&[
                "NotExplicit",
                "Explicit",
                "ExplicitContentEdited",
                "Unknown",
            ])),
            ..Local::default()
        }];
        let labels = self.locals(&["Label & Co"]);
        let mut more = RecordingMore {
            kind: Some(coded(
                self.pick(&["MusicalWorkSoundRecording", "SpokenWordSoundRecording"]),
            )),
            artist_names: self.locals(&["A & B feat. C", "Alle"]),
            label_names: labels.clone(),
            genres: genres.clone(),
            parental: parental.clone(),
            created: self.maybe(&["2025", "2025-06-01"]),
            is_remastered: self.maybe(&["true", "false"]),
            ..RecordingMore::default()
        };
        if self.yes() {
            more.controllers.push(RightsController {
                party: self.artist("Rights Ltd", &["RightsController"]),
                share: self.maybe(&["100.00", "50"]),
                share_unknown: None,
            });
        }
        if self.yes() {
            more.courtesy_lines = self.locals(&["Courtesy of X & Y"]);
            more.courtesy_lines.truncate(1);
        }
        Recording {
            reference: Some(text(&format!("A{}", n + 10))),
            isrc: Some(text(&format!("GBK3W26{n:05}"))),
            iswc: self.maybe(&["T0345246801"]),
            kind: Some(text("MusicalWorkSoundRecording")),
            titles: self.titles(&format!("Track <{n}> & more")),
            artists,
            contributors,
            artist_name: None,
            label_name: labels.first().map(|l| l.text.clone()),
            genres: genres.iter().map(|g| g.text.clone()).collect(),
            parental: parental.iter().map(|p| p.text.clone()).collect(),
            language: self.maybe(&["en", "ja", "zxx"]),
            instrumental: self.maybe(&["true", "false"]),
            duration: Some(text(self.pick(&["PT3M42S", "PT0H4M5.2S", "PT61M"]))),
            original_date: Some(text(self.pick(&["2026-04-01", "2019"]))),
            plines: vec![self.line()],
            technical: vec![Technical {
                files: vec![NamedFile {
                    name: text(&format!("{n}.wav")),
                    ..NamedFile::default()
                }],
                ..Technical::default()
            }],
            more,
            ..Recording::default()
        }
    }

    fn deal(&mut self) -> Deal {
        let models = [self.pick(&[
            "SubscriptionModel",
            "PayAsYouGoModel",
            "RightsClaimModel",
            "own:Special",
        ])];
        let uses = [
            "OnDemandStream",
            self.pick(&["NonInteractiveStream", "PermanentDownload", "own:Chat"]),
        ];
        let codes = |words: &[&str]| -> Vec<Coded> { words.iter().map(|w| coded(w)).collect() };
        let (inside, outside): (&[&str], &[&str]) = match self.times(3) {
            0 => (&["Worldwide"], &[]),
            1 => (&["DE", "GB", "NG"], &[]),
            2 => (&[], &["US"]),
            _ => (&["JP"], &[]),
        };
        let start = Some(text(self.pick(&[
            "2026-04-01",
            "2026-04-01T08:00:00Z",
            "2026-04-01T00:00:00",
        ])));
        let end = self.maybe(&["2027-03-31", "2027-03-31T12:00:00"]);
        let mut more = DealMore {
            models: codes(&models),
            use_types: codes(&uses),
            periods: vec![(start.clone(), end.clone())],
            ..DealMore::default()
        };
        if self.yes() {
            more.prices.push(Price {
                code: Some(ProprietaryId {
                    value: text("Front & Mid"),
                    namespace: Some("DPID:PADPIDA0000000001Y".to_owned()),
                }),
                ..Price::default()
            });
        } else if self.yes() {
            more.prices.push(Price {
                wholesale: Some(text("4.99")),
                currency: Some("EUR".to_owned()),
                ..Price::default()
            });
        }
        if self.yes() {
            more.claim_policies.push(ClaimPolicy {
                kind: text("Monetize"),
                conditions: vec![[
                    Some(text("30")),
                    Some(text("Percent")),
                    Some(text("ReferenceResource")),
                    Some(text("MoreThan")),
                ]],
            });
        }
        if self.yes() {
            more.channels
                .push(self.artist("The Store", &["MainArtist"]));
            more.channels.iter_mut().for_each(|channel| {
                channel.roles.clear();
                channel.coded_roles.clear();
            });
        }
        more.is_promotional = self.maybe(&["true", "false"]);
        more.number_of_usages = self.maybe(&["3"]);
        if self.yes() {
            more.interfaces.push(coded("Jukebox"));
        }
        let words = |words: &[&str]| words.iter().map(|w| text(w)).collect();
        Deal {
            models: more.models.iter().map(|m| m.text.clone()).collect(),
            use_types: more.use_types.iter().map(|m| m.text.clone()).collect(),
            territories: words(inside),
            excluded: words(outside),
            price_type: more
                .prices
                .first()
                .and_then(|p| Some(p.code.as_ref()?.value.clone())),
            start,
            end,
            pre_order: self.maybe(&["true", "false"]),
            more,
            ..Deal::default()
        }
    }

    fn message(&mut self) -> Message {
        let count = 1 + usize::from(self.times(4));
        let discs = 1 + u32::from(self.times(1));
        let recordings: Vec<Recording> = (1..=count).map(|n| self.recording(n)).collect();
        let reference = |r: &Recording| r.reference.clone().unwrap();
        let items = recordings.iter().enumerate().map(|(n, r)| GroupItem {
            group: 1 + u32::try_from(n * discs as usize / count).unwrap(),
            references: vec![reference(r)],
            is_bonus: (n % 3 == 2).then(|| text("true")),
            ..GroupItem::default()
        });
        let artists = self.artists();
        let more = ReleaseMore {
            types: vec![coded(self.pick(&["Album", "Single", "EP", "own:Mixtape"]))],
            artist_names: self.locals(&["A & B feat. C", "Alle"]),
            label_names: self.locals(&["Label & Co", "Étiquette"]),
            genres: self.genres(),
            parental: vec![Local {
                text: text(self.pick(&["NotExplicit", "Explicit"])),
                ..Local::default()
            }],
            dates: vec![Local {
                text: text("2026-04-01"),
                ..Local::default()
            }],
            keywords: if self.yes() {
                self.locals(&["one, two & three"])
            } else {
                Vec::new()
            },
            is_multi_artist: self.maybe(&["true", "false"]),
            related: if self.yes() {
                vec![RelatedRelease {
                    relationship: coded("IsDigitalEquivalentToPhysical"),
                    icpn: Some(text("5034567890137")),
                    ..RelatedRelease::default()
                }]
            } else {
                Vec::new()
            },
            ..ReleaseMore::default()
        };
        let links = recordings.iter().map(|r| ResourceLink {
            reference: reference(r),
            kind: Some("PrimaryResource".to_owned()),
        });
        let main = Release {
            is_main: Some(text("true")),
            reference: Some(text("R0")),
            icpn: Some(text("5034567890120")),
            grid: self.maybe(&["A12425GABC1234002M"]),
            types: more.types.iter().map(|t| t.text.clone()).collect(),
            titles: self.titles("The Album"),
            artists,
            release_date: Some(text("2026-04-01")),
            plines: vec![self.line()],
            clines: vec![self.line()],
            links: links.collect(),
            items: items.collect(),
            more,
            ..Release::default()
        };
        let mut releases = vec![main];
        if self.yes() {
            releases.extend(recordings.iter().enumerate().map(|(n, r)| Release {
                reference: Some(text(&format!("R{}", n + 1))),
                isrc: r.isrc.clone(),
                types: vec![text("TrackRelease")],
                titles: r.titles.clone(),
                links: vec![ResourceLink {
                    reference: reference(r),
                    kind: None,
                }],
                ..Release::default()
            }));
        }
        let deals = (0..=self.times(2)).map(|_| self.deal()).collect();
        Message {
            kind: MessageKind::NewRelease,
            language: Some(text("en")),
            recordings,
            images: vec![Image {
                reference: Some(text("A2")),
                kind: Some(text("FrontCoverImage")),
                technical: vec![Technical {
                    files: vec![NamedFile {
                        name: text("artwork.jpg"),
                        ..NamedFile::default()
                    }],
                    ..Technical::default()
                }],
                ..Image::default()
            }],
            releases,
            deals: vec![ReleaseDeal {
                releases: vec![text("R0")],
                deals,
                ..ReleaseDeal::default()
            }],
            ..Message::default()
        }
    }
}

/// The default itself, as opposed to another value that holds everywhere.
fn all_first(local: &Local, choices: &[&str]) -> bool {
    choices.contains(&local.text.as_str())
}

/// A release of one track, the first choice everywhere.
pub(crate) fn plain() -> Message {
    Draw([].iter()).message()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn a_release_is_the_same_after_writing_and_reading(bytes in prop::collection::vec(any::<u8>(), 0..900)) {
        let Some(shared) = shared() else { return Ok(()) };
        let schemas = Schemas::open(&shared.join("schemas"));
        let message = Draw(bytes.iter()).message();
        for target in [Target::V43, Target::V382] {
            let first = written(&message, target);
            let first = first.map_err(|refusals| TestCaseError::fail(format!("{refusals:#?}")))?;
            let again = read(&first.xml);
            let facts = schemas.check(&again, Profile::Strict);
            prop_assert_eq!(facts.total, 0, "{:#?}\n{}", facts.faults, String::from_utf8_lossy(&first.xml));
            let found = differences("generated", &message, &first, &again, target);
            prop_assert!(found.is_empty(), "{:#?}\n{:#?}\n{}", found, first.losses, String::from_utf8_lossy(&first.xml));
        }
    }
}
