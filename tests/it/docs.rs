//! README's tables are generated: `UPDATE_DOCS=1 cargo test --test it docs` rewrites them.

use dropzone::domain::lifecycle::{Effect, EventKind, Status, next, next_unclaimed};
use dropzone::domain::rules;
use std::fs;
use std::path::Path;

fn statuses() -> String {
    let mut out = String::from(
        "| status | the guide's name | leads to | e-mail to the label |\n|---|---|---|---|\n",
    );
    for status in Status::ALL {
        let moves: Vec<(EventKind, Status, &[Effect])> = EventKind::ALL
            .into_iter()
            .filter_map(|event| {
                next(status, event)
                    .ok()
                    .map(|(to, effects)| (event, to, effects))
            })
            .collect();
        let unclaimed = EventKind::ALL
            .into_iter()
            .filter_map(|event| next_unclaimed(status, event).ok())
            .map(|way| way.0);
        let mut to: Vec<String> = moves
            .iter()
            .map(|m| m.1)
            .chain(unclaimed)
            .filter(|to| *to != status)
            .map(|to| format!("`{to}`"))
            .collect();
        let mut named = std::collections::BTreeSet::new();
        to.retain(|status| named.insert(status.clone()));
        let arrives = Status::ALL.into_iter().any(|from| {
            EventKind::ALL.into_iter().any(|event| {
                next(from, event).is_ok_and(|(to, effects)| {
                    to == status && from != to && effects.contains(&Effect::TellLabel)
                })
            })
        });
        let told = if status == Status::Receiving {
            "when it stalls: what is missing; when the upload space is full"
        } else if status == Status::Superseded {
            "when an upload was given up or came twice"
        } else if arrives {
            "yes"
        } else {
            "no"
        };
        let to = if to.is_empty() {
            "– (final)".to_owned()
        } else {
            to.join(", ")
        };
        out.push_str(&format!(
            "| `{status}` | {} | {to} | {told} |\n",
            status.title()
        ));
    }
    out
}

#[test]
fn generated_tables_of_the_readme_are_current() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md");
    let text = fs::read_to_string(&path).unwrap();
    let mut fresh = text.clone();
    for (name, table) in [
        ("statuses", statuses()),
        ("clients", crate::matrix::table_markdown()),
        ("rules", rules::table_markdown()),
    ] {
        let begin = format!("<!-- generated: {name} -->\n");
        let start = fresh
            .find(&begin)
            .unwrap_or_else(|| panic!("README has no {begin}"))
            + begin.len();
        let end = start + fresh[start..].find("<!-- end -->").unwrap();
        fresh.replace_range(start..end, &format!("{}\n", table.trim_end()));
    }
    if std::env::var_os("UPDATE_DOCS").is_some() {
        fs::write(&path, &fresh).unwrap();
    }
    assert!(
        fs::read_to_string(&path).unwrap() == fresh,
        "README's tables are out of date: UPDATE_DOCS=1 cargo test --test it docs"
    );
}

#[test]
fn the_two_commands_are_on_the_first_screen() {
    let text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md")).unwrap();
    let first_screen: String = text.lines().take(25).collect::<Vec<_>>().join("\n");
    assert!(first_screen.contains("make demo") && first_screen.contains("make test"));
}
