//! Genres that the large stores have, and what labels write in their place. Only a hint hangs on it:
//! a genre that is not here is sent as it is.

use strsim::jaro_winkler;

/// In the order of the alphabet.
const GENRES: &[&str] = &[
    "Acoustic",
    "Afro House",
    "Afro-Beat",
    "Afro-Pop",
    "Afrobeat",
    "Afrobeats",
    "African",
    "Alternative",
    "Alternative Rock",
    "Amapiano",
    "Ambient",
    "Americana",
    "Arabic",
    "Avant-Garde",
    "Axé",
    "Bachata",
    "Ballad",
    "Baroque",
    "Bebop",
    "Big Band",
    "Bluegrass",
    "Blues",
    "Bolero",
    "Bollywood",
    "Bossa Nova",
    "Breakbeat",
    "Britpop",
    "Cabaret",
    "Celtic",
    "Chamber Music",
    "Chanson",
    "Children's Music",
    "Chill Out",
    "Choral",
    "Christian",
    "Christmas",
    "Classical",
    "Classical Crossover",
    "Comedy",
    "Contemporary R&B",
    "Country",
    "Crossover",
    "Cumbia",
    "Dance",
    "Dancehall",
    "Deep House",
    "Disco",
    "Downtempo",
    "Dream Pop",
    "Drill",
    "Drum & Bass",
    "Drum and Bass",
    "Dub",
    "Dubstep",
    "Early Music",
    "Easy Listening",
    "EDM",
    "Electro",
    "Electronic",
    "Electronica",
    "Emo",
    "Enka",
    "Experimental",
    "Fado",
    "Film Music",
    "Flamenco",
    "Folk",
    "Folklore",
    "Forró",
    "Funk",
    "Fusion",
    "Gangsta Rap",
    "Garage",
    "German Pop",
    "Gospel",
    "Grime",
    "Grunge",
    "Hard Rock",
    "Hardcore",
    "Heavy Metal",
    "Highlife",
    "Hip Hop",
    "Hip Hop/Rap",
    "Hip-Hop",
    "Hip-Hop/Rap",
    "Holiday",
    "House",
    "Indie",
    "Indie Pop",
    "Indie Rock",
    "Industrial",
    "Inspirational",
    "Instrumental",
    "J-Pop",
    "Jazz",
    "Juju",
    "Jungle",
    "K-Pop",
    "Karaoke",
    "Kids",
    "Kizomba",
    "Kuduro",
    "Latin",
    "Latin Jazz",
    "Latin Pop",
    "Lo-Fi",
    "Lounge",
    "Mariachi",
    "Marching Band",
    "Meditation",
    "Merengue",
    "Metal",
    "Minimal",
    "MPB",
    "Musical",
    "New Age",
    "New Wave",
    "Northern Soul",
    "Opera",
    "Orchestral",
    "Pagode",
    "Piano",
    "Poetry",
    "Polka",
    "Pop",
    "Pop/Rock",
    "Post-Punk",
    "Progressive House",
    "Progressive Rock",
    "Psychedelic",
    "Punk",
    "Punk Rock",
    "R&B",
    "R&B/Soul",
    "Ragtime",
    "Rap",
    "Reggae",
    "Reggaeton",
    "Relaxation",
    "Religious",
    "Rhythm and Blues",
    "Rock",
    "Rock & Roll",
    "Rock 'n' Roll",
    "Rockabilly",
    "Romantic",
    "Rumba",
    "Salsa",
    "Samba",
    "Schlager",
    "Sertanejo",
    "Shoegaze",
    "Singer/Songwriter",
    "Singer-Songwriter",
    "Ska",
    "Smooth Jazz",
    "Soca",
    "Soft Rock",
    "Soul",
    "Sound Effects",
    "Soundtrack",
    "Spiritual",
    "Spoken Word",
    "Swing",
    "Synth Pop",
    "Synthpop",
    "Synthwave",
    "Tango",
    "Tech House",
    "Techno",
    "Thrash Metal",
    "Traditional",
    "Trance",
    "Trap",
    "Trip Hop",
    "Turkish",
    "Urban",
    "Vocal",
    "Volksmusik",
    "World",
    "World Music",
    "Worship",
    "Zouk",
    "Zydeco",
];

/// So alike that it is a slip and not another genre.
const ALIKE: f64 = 0.9;

/// Letters and digits only, in small letters.
fn plain(genre: &str) -> String {
    genre
        .chars()
        .filter(|c| c.is_alphanumeric())
        .flat_map(char::to_lowercase)
        .collect()
}

/// Whether stores have that genre, in whatever capitals and with whatever marks. Of several in one
/// text each has to be known.
pub(super) fn is_known(text: &str) -> bool {
    let known = |one: &str| {
        let one = plain(one);
        GENRES.iter().any(|genre| plain(genre) == one)
    };
    known(text) || text.split(['/', ',', ';']).all(known)
}

/// The genre that was meant, when one is near.
pub(super) fn nearest_genre(text: &str) -> Option<&'static str> {
    let wanted = plain(text);
    GENRES
        .iter()
        .map(|genre| (*genre, jaro_winkler(&plain(genre), &wanted)))
        .filter(|(_, alike)| *alike >= ALIKE)
        .max_by(|a, b| a.1.total_cmp(&b.1))
        .map(|(genre, _)| genre)
}

#[cfg(test)]
mod tests {
    use super::{is_known, nearest_genre};

    #[test]
    fn genres_are_known_however_they_are_written() {
        for genre in [
            "Afrobeats",
            "hip hop",
            "Hip-Hop/Rap",
            "R & B",
            "Singer/Songwriter",
            "pop, rock",
        ] {
            assert!(is_known(genre), "{genre}");
        }
        assert!(!is_known("Afro Beatz"));
        assert_eq!(nearest_genre("Afro Beatz"), Some("Afrobeat"));
        assert_eq!(nearest_genre("Hyperpop Kawaii"), None);
    }
}
