//! Names at the DSP: templates of folder and marker, and what a file's path may be.
//!
//! Whatever a label wrote (folder, barcode) reaches a DSP's file system through here only. Values
//! are reduced to `[A-Za-z0-9._-]`; a part is never empty, never begins with a dot (so neither `..`
//! nor one of our own hidden folders can be made), and is at most `PART_BYTES` long.

use crate::domain::dsp::{Choreography, DspProfile};
use crate::domain::fault::Fault;
use crate::domain::package::Package;
use crate::domain::push::Plan;
use std::collections::BTreeSet;

/// Longest part that a template makes, in bytes. File systems end at 255; partners add endings.
const PART_BYTES: usize = 200;

/// What stands for a value that is not known.
const UNKNOWN: &str = "unknown";

/// The values that a template may use, by the name between the braces.
#[derive(Clone, Debug, Default)]
pub(super) struct Values(Vec<(&'static str, String)>);

impl Values {
    /// Values of that package; `{attempt}` is the label's attempt at the release, not the push's.
    pub(super) fn of(package: &Package) -> Self {
        Self(vec![
            ("icpn", package.icpn.clone().unwrap_or_default()),
            ("package", package.id.to_string()),
            ("folder", package.folder.clone()),
            ("attempt", package.attempt.to_string()),
        ])
    }

    /// The same and one more.
    pub(super) fn and(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.0.push((name, value.into()));
        self
    }

    fn get(&self, name: &str) -> Option<&str> {
        let found = self.0.iter().find(|(known, _)| *known == name)?;
        Some(&found.1)
    }

    /// `{icpn}, {package} and {folder}`.
    fn known(&self) -> String {
        let names: Vec<String> = self
            .0
            .iter()
            .map(|(name, _)| format!("{{{name}}}"))
            .collect();
        match names.split_last() {
            Some((last, [])) => last.clone(),
            Some((last, rest)) => format!("{} and {last}", rest.join(", ")),
            None => "none".to_owned(),
        }
    }

    /// Stand-ins, to try a template with: a package's, and what `more` names.
    fn made_up(more: &[&'static str]) -> Self {
        let mut values = Self(vec![
            ("icpn", "0000000000000".to_owned()),
            ("package", "PACKAGE".to_owned()),
            ("folder", "folder".to_owned()),
            ("attempt", "1".to_owned()),
        ]);
        values
            .0
            .extend(more.iter().map(|name| (*name, "1".to_owned())));
        values
    }
}

/// The relative path that a template makes: plain parts, `/` between them. The error is half a
/// sentence that says what is wrong with the template.
pub(super) fn expand(template: &str, values: &Values) -> Result<String, String> {
    if template.is_empty() {
        return Err("is empty".to_owned());
    }
    let mut made = String::new();
    let mut rest = template;
    while let Some(first) = rest.chars().next() {
        if first == '{' {
            let (name, after) = rest
                .get(1..)
                .and_then(|inside| inside.split_once('}'))
                .ok_or_else(|| "has a `{` without its `}`".to_owned())?;
            let value = values.get(name).ok_or_else(|| {
                format!(
                    "uses {{{name}}}, which is not known; known are {}",
                    values.known()
                )
            })?;
            made.push_str(&sanitised(value));
            rest = after;
        } else if is_plain(first) || first == '/' {
            made.push(first);
            rest = rest.get(first.len_utf8()..).unwrap_or_default();
        } else {
            return Err(format!(
                "has the character {first:?}; allowed are letters, digits, `.`, `_`, `-`, `/` and {}",
                values.known()
            ));
        }
    }
    let parts: Vec<String> = made.split('/').map(whole_part).collect();
    if made.split('/').any(str::is_empty) {
        return Err("begins or ends with `/`, or has two of them in a row".to_owned());
    }
    Ok(parts.join("/"))
}

fn is_plain(letter: char) -> bool {
    letter.is_ascii_alphanumeric() || matches!(letter, '.' | '_' | '-')
}

fn sanitised(value: &str) -> String {
    if value.is_empty() {
        return UNKNOWN.to_owned();
    }
    value
        .chars()
        .map(|letter| if is_plain(letter) { letter } else { '_' })
        .collect()
}

/// A part without dots in front, cut to length. Only ASCII reaches here.
fn whole_part(part: &str) -> String {
    let bare = part.trim_start_matches('.');
    let dots = part.len() - bare.len();
    let mut whole = "_".repeat(dots);
    whole.push_str(bare);
    whole.truncate(PART_BYTES);
    whole
}

/// Whether `path` is relative, has only real names between its slashes, and nothing that a file
/// system or a terminal could take amiss.
pub(super) fn is_plain_path(path: &str) -> bool {
    path.len() <= 1024
        && path.split('/').all(|part| {
            !part.is_empty()
                && part != "."
                && part != ".."
                && part.len() <= 255
                && !part.contains('\\')
                && !part.chars().any(char::is_control)
        })
}

/// Every mistake in the templates, as half sentences that name the key: each is tried with made-up
/// values.
pub(super) fn template_mistakes(profile: &DspProfile) -> Vec<String> {
    let mut found = Vec::new();
    let package = Values::made_up(&["time", "priority"]);
    let folder = match profile.choreography {
        Choreography::Batch => Values(vec![("batch", "1".to_owned())]),
        Choreography::Folder | Choreography::ReleaseByRelease => package.clone(),
    };
    let mut attempt =
        |key: &str, template: &str, values: &Values, one_name: bool| match expand(template, values)
        {
            Err(why) => found.push(format!("{key} {why}")),
            Ok(name) if one_name && name.contains('/') => {
                found.push(format!("{key} has a `/`; it is one name"));
            }
            Ok(_) => {}
        };
    attempt("`folder`", profile.folder_template(), &folder, false);
    if !profile.marker_template().is_empty() {
        attempt("`marker`", profile.marker_template(), &folder, true);
    }
    if profile.message.is_generated() {
        let names = &profile.names;
        attempt("`message` of [names]", &names.message, &package, true);
        if !names.resources.is_empty() {
            attempt("`resources` of [names]", &names.resources, &package, true);
        }
        let file = Values::made_up(&["resource", "disc", "track"]);
        attempt("`audio` of [names]", &names.audio, &file, true);
        attempt("`image` of [names]", &names.image, &file, true);
    }
    if profile.choreography == Choreography::Batch {
        attempt(
            "`release` of [names]",
            &profile.names.release,
            &package,
            true,
        );
        attempt(
            "`manifest` of [names]",
            &profile.names.manifest,
            &folder,
            true,
        );
        if !profile.folder_template().contains("{batch}") {
            found.push("`folder` lacks {batch}, so one batch would lie on the other".to_owned());
        }
    }
    found
}

/// Fills one of the profile's templates; `key` names it in the fault.
pub(super) fn filled(
    profile: &DspProfile,
    key: &str,
    template: &str,
    values: &Values,
) -> Result<String, Fault> {
    expand(template, values).map_err(|why| bad_profile(profile, &format!("{key} {why}")))
}

/// Refuses a plan whose names would leave the release's folder or meet each other. Plans that
/// `plan` made pass; this is the second lock on the same door.
pub(super) fn check_plan(profile: &DspProfile, plan: &Plan) -> Result<(), Fault> {
    let bad = |what: String| {
        Fault::permanent(
            "bad_plan",
            format!(
                "Nothing was sent to {}: {what}. This is a fault of the operator's side; tell whoever runs dropzone.",
                profile.name
            ),
        )
    };
    if plan.files.is_empty() {
        return Err(bad("the package has no file to send".to_owned()));
    }
    if !is_plain_path(&plan.folder) {
        return Err(bad(format!("{:?} cannot name a folder", plan.folder)));
    }
    let marker_paths = plan.markers.iter().map(|(path, _)| path.clone());
    let file_paths = plan
        .files
        .iter()
        .map(|file| format!("{}/{}", plan.folder, file.name));
    let mut seen = BTreeSet::new();
    for path in file_paths.chain(marker_paths) {
        if !is_plain_path(&path) {
            return Err(bad(format!("{path:?} cannot name a file")));
        }
        if !seen.insert(path.clone()) {
            return Err(bad(format!("two files would have the name {path:?}")));
        }
    }
    // A name that is a file and a folder at once: `a` and `a/b`.
    let clash = seen.iter().find(|path| {
        let inside = format!("{path}/");
        seen.range(inside.clone()..)
            .next()
            .is_some_and(|next| next.starts_with(&inside))
    });
    match clash {
        Some(path) => Err(bad(format!(
            "{path:?} would be a file and a folder at once"
        ))),
        None => Ok(()),
    }
}

/// A fault of the profile's file.
pub(super) fn bad_profile(profile: &DspProfile, what: &str) -> Fault {
    Fault::permanent(
        "bad_profile",
        format!("In the profile {}.toml: {what}.", profile.id),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn values(icpn: &str, folder: &str) -> Values {
        Values::default()
            .and("icpn", icpn)
            .and("package", "01JZ")
            .and("folder", folder)
            .and("attempt", "2")
    }

    #[test]
    fn templates_are_filled() {
        let values = values("5034567890120", "My Album");
        assert_eq!(
            expand("{icpn}_{package}", &values).as_deref(),
            Ok("5034567890120_01JZ")
        );
        assert_eq!(
            expand("in/N_{folder}-{attempt}", &values).as_deref(),
            Ok("in/N_My_Album-2")
        );
    }

    #[test]
    fn hostile_values_become_plain_names() {
        assert_eq!(
            expand("{folder}", &values("", "../../x")).as_deref(),
            Ok("___.._x")
        );
        assert_eq!(expand("{folder}", &values("", "..")).as_deref(), Ok("__"));
        assert_eq!(expand("{icpn}", &values("", "x")).as_deref(), Ok("unknown"));
        assert_eq!(expand("..", &values("", "x")).as_deref(), Ok("__"));
    }

    #[test]
    fn bad_templates_are_named() {
        let values = values("1", "x");
        for (template, what) in [
            ("", "is empty"),
            ("{upc}", "{upc}"),
            ("{icpn", "without its"),
            ("a b", "' '"),
            ("/a", "begins or ends"),
            ("a//b", "in a row"),
        ] {
            let said = expand(template, &values).unwrap_err();
            assert!(said.contains(what), "{template:?} gave {said:?}");
        }
    }

    #[test]
    fn paths_that_climb_are_not_plain() {
        for path in ["", "/a", "a/", "a//b", "../a", "a/./b", "a\\b", "a\nb"] {
            assert!(!is_plain_path(path), "{path:?}");
        }
        assert!(is_plain_path("resources/01_Título é.wav"));
    }

    proptest! {
        #[test]
        fn a_filled_template_is_always_a_plain_path(
            template in "[A-Za-z0-9._/-]{0,12}(\\{(icpn|package|folder|attempt)\\}[._/-]{0,3}){0,4}",
            icpn in any::<String>(),
            folder in any::<String>(),
        ) {
            if let Ok(path) = expand(&template, &values(&icpn, &folder)) {
                prop_assert!(is_plain_path(&path) || path.len() > 1024, "{path:?}");
                for part in path.split('/') {
                    prop_assert!(!part.is_empty() && !part.starts_with('.') && part.len() <= PART_BYTES);
                    prop_assert!(part.chars().all(is_plain));
                }
            }
        }

        #[test]
        fn any_template_ends_in_an_answer(template in any::<String>(), folder in any::<String>()) {
            if let Ok(path) = expand(&template, &values("", &folder)) {
                prop_assert!(path.split('/').all(|part| !part.is_empty() && !part.starts_with('.')));
            }
        }
    }
}
