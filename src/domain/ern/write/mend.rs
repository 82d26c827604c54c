//! What is put in order in a release before it is written, each with a word to whoever sends it: a
//! file named by a path of the label's machine, a release without any genre.

use super::{OutFile, Outgoing, Target};
use crate::domain::naming::{self, BadReference, Names};
use crate::domain::release::{Genre, Message, NamedFile, Pos, Text};

/// What was mended.
pub(super) struct Mended {
    pub(super) code: &'static str,
    pub(super) what: String,
    pub(super) why: String,
    pub(super) at: Pos,
}

/// Mends a message.
pub(super) fn mend(message: &mut Message, files: &[OutFile], out: &Outgoing) -> Vec<Mended> {
    let mut mended = Vec::new();
    let sources: Vec<String> = files.iter().map(|file| file.source.clone()).collect();
    let names = Names::new(&sources);
    each_file(message, &mut |file| {
        mended.extend(from_elsewhere(file, &names));
    });
    mended.extend(genre(message, out));
    mended
}

fn each_file(message: &mut Message, to: &mut dyn FnMut(&mut NamedFile)) {
    let of_tracks = message.recordings.iter_mut().map(|r| &mut r.technical);
    let of_images = message.images.iter_mut().map(|i| &mut i.technical);
    for technical in of_tracks.chain(of_images).flatten() {
        technical.files.iter_mut().for_each(&mut *to);
    }
    for other in &mut message.other_resources {
        other.files.iter_mut().for_each(&mut *to);
    }
}

/// A file that is named by an absolute path or one that leads out of the package is the one of that
/// name in it, where there is one and no second.
fn from_elsewhere(file: &mut NamedFile, names: &Names) -> Option<Mended> {
    let path = file.path.as_ref().map(Text::as_str);
    let wrong = naming::reference_path(path, file.name.as_str()).err();
    wrong.filter(|wrong| *wrong == BadReference::Escapes)?;
    let (source, _) = names.find(last_part(file.name.as_str()))?;
    let source = source.to_owned();
    let folder = path.map_or_else(|| file.name.value.clone(), str::to_owned);
    let at = file.at.clone();
    file.path = None;
    file.name.value.clone_from(&source);
    Some(Mended {
        code: "DSP-003",
        what: format!("The folder “{folder}” of a file"),
        why: format!("It is none of the package; {source} goes out, the only file of that name."),
        at,
    })
}

/// The name of a file on whatever machine.
pub(super) fn last_part(path: &str) -> &str {
    path.rsplit(['/', '\\']).next().unwrap_or(path)
}

/// Stands for the genre of a release that has none: no schema lets a store go without.
const NO_GENRE: &str = "Unknown";

/// A product without a genre has its tracks'; one whose tracks have none either goes out with a word
/// that stores do not mistake for a genre, which a DSP's map of genres may replace.
fn genre(message: &mut Message, out: &Outgoing) -> Option<Mended> {
    let main = message.main_release()?;
    let at = main.at.clone();
    let place = message
        .releases
        .iter()
        .position(|release| std::ptr::eq(release, main))?;
    let has = |genres: &&Vec<Genre>| !genres.is_empty();
    let of_recordings = || message.recordings.iter().map(|r| &r.more.genres);
    let of_releases = || message.releases.iter().map(|r| &r.more.genres);
    let first = of_recordings().next().filter(has);
    let released = of_releases().find(has);
    let is_known = has(&&main.more.genres)
        || first.is_some()
        || (out.target == Target::V43 && released.is_some());
    if is_known {
        return None;
    }
    let found = of_recordings().find(has).or(released).cloned();
    let none = found.is_none();
    let genres = found.unwrap_or_else(|| {
        vec![Genre {
            text: Text {
                value: NO_GENRE.to_owned(),
                at: at.clone(),
            },
            ..Genre::default()
        }]
    });
    if let Some(main) = message.releases.get_mut(place) {
        main.more.genres = genres;
    }
    none.then(|| Mended {
        code: "DSP-004",
        what: "Genre of the release".to_owned(),
        why: format!("The label gives none, and stores want one; {NO_GENRE} goes out."),
        at,
    })
}
