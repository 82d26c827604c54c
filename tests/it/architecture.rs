//! Who may import whom, held by reading `src/`. The table is the fact; design.md explains it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// Folder under `src/` → folders that it may import.
const MAY_IMPORT: &[(&str, &[&str])] = &[
    ("domain", &[]),
    // Counters, which everyone may count with.
    ("meter", &[]),
    ("sftp", &["domain", "meter"]),
    ("intake", &["domain", "meter"]),
    ("inspect", &["domain"]),
    ("store", &["domain"]),
    ("notify", &["domain"]),
    ("deliver", &["domain"]),
    (
        "config",
        &["domain", "sftp", "intake", "inspect", "notify", "deliver"],
    ),
    (
        "daemon",
        &[
            "domain", "meter", "sftp", "intake", "inspect", "store", "notify", "deliver", "config",
        ],
    ),
    // `deliver` for the demonstration alone, whose stand-in for a label's client is our own.
    (
        "cli",
        &["domain", "config", "store", "inspect", "daemon", "deliver"],
    ),
];

/// Library → the only folders that may know it.
const LIBRARY_HOMES: &[(&str, &[&str])] = &[
    ("rusqlite", &["store"]),
    ("russh", &["sftp", "deliver"]),
    ("russh_sftp", &["deliver"]),
    ("lettre", &["notify"]),
    ("object_store", &["deliver"]),
    ("libxml", &["inspect"]),
    // `deliver` to bring a master into another form, and to prove that it kept every sample.
    ("symphonia", &["inspect", "deliver"]),
    ("flacenc", &["deliver"]),
    ("rqrr", &["inspect"]),
    ("notify::", &["intake"]),
    ("clap", &["cli"]),
    ("indicatif", &["cli"]),
    ("similar", &["cli"]),
    ("anyhow", &["daemon", "cli"]),
    ("ipnet", &["domain"]),
    ("proxy_header", &["sftp"]),
    ("listenfd", &["daemon"]),
];

/// Folders whose code blocks plainly; `daemon` puts them on threads.
const WITHOUT_TOKIO: &[&str] = &["domain", "meter", "store", "inspect"];

fn sources() -> Vec<(PathBuf, String)> {
    fn walk(dir: &Path, out: &mut Vec<(PathBuf, String)>) {
        for entry in fs::read_dir(dir).unwrap().map(Result::unwrap) {
            let path = entry.path();
            if path.is_dir() {
                walk(&path, out);
            } else if path.extension().is_some_and(|e| e == "rs") {
                let text = fs::read_to_string(&path).unwrap();
                out.push((path, without_comments(&text)));
            }
        }
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut out = Vec::new();
    walk(&root, &mut out);
    out.iter_mut()
        .for_each(|(path, _)| *path = path.strip_prefix(&root).unwrap().to_path_buf());
    out
}

fn without_comments(text: &str) -> String {
    text.lines()
        .map(|line| line.split_once("//").map_or(line, |(code, _)| code))
        .collect::<Vec<_>>()
        .join("\n")
}

/// First folder below `src/`, or `None` for `main.rs` and `lib.rs`.
fn folder(path: &Path) -> Option<String> {
    (path.components().count() > 1).then(|| {
        path.components()
            .next()
            .unwrap()
            .as_os_str()
            .to_string_lossy()
            .into_owned()
    })
}

/// Every name that follows `crate::`, also inside `crate::{a, b::c}`.
fn crate_imports(text: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for (at, _) in text.match_indices("crate::") {
        let rest = &text[at + "crate::".len()..];
        if let Some(group) = rest.strip_prefix('{') {
            let mut depth = 0;
            let mut name = String::new();
            let mut at_start = true;
            for c in group.chars() {
                match c {
                    '{' => depth += 1,
                    '}' if depth == 0 => break,
                    '}' => depth -= 1,
                    ',' if depth == 0 => {
                        found.insert(std::mem::take(&mut name));
                        at_start = true;
                    }
                    c if depth == 0 && at_start && (c.is_alphanumeric() || c == '_') => {
                        name.push(c)
                    }
                    c if depth == 0 && !c.is_whitespace() => at_start = false,
                    _ => {}
                }
            }
            found.insert(name);
        } else {
            found.insert(
                rest.chars()
                    .take_while(|c| c.is_alphanumeric() || *c == '_')
                    .collect(),
            );
        }
    }
    found.remove("");
    found
}

#[test]
fn folders_import_only_what_the_table_allows() {
    let table: BTreeMap<_, _> = MAY_IMPORT.iter().copied().collect();
    let mut breaches = Vec::new();
    for (path, text) in sources() {
        let Some(home) = folder(&path) else { continue };
        let Some(allowed) = table.get(home.as_str()) else {
            breaches.push(format!("src/{home}: not in the table of folders"));
            continue;
        };
        for import in crate_imports(&text) {
            if import != home
                && table.contains_key(import.as_str())
                && !allowed.contains(&import.as_str())
            {
                breaches.push(format!("{}: imports crate::{import}", path.display()));
            }
        }
        if text.contains("super::super::super::") {
            breaches.push(format!(
                "{}: climbs with super::, which hides an import",
                path.display()
            ));
        }
    }
    assert!(
        breaches.is_empty(),
        "imports against the table:\n{}",
        breaches.join("\n")
    );
}

#[test]
fn libraries_stay_at_home() {
    let mut breaches = Vec::new();
    for (path, text) in sources() {
        let Some(home) = folder(&path) else { continue };
        for (library, homes) in LIBRARY_HOMES {
            let path_form = if library.ends_with("::") {
                (*library).to_owned()
            } else {
                format!("{library}::")
            };
            let used = text.match_indices(&path_form).any(|(at, _)| {
                let before = text[..at].chars().next_back();
                !before.is_some_and(|c| c.is_alphanumeric() || c == '_' || c == ':')
            });
            let own_module = library.trim_end_matches("::") == home;
            if used && !own_module && !homes.contains(&home.as_str()) {
                breaches.push(format!("{}: uses {library}", path.display()));
            }
        }
        if WITHOUT_TOKIO.contains(&home.as_str()) && text.contains("tokio::") {
            breaches.push(format!("{}: uses tokio", path.display()));
        }
    }
    assert!(
        breaches.is_empty(),
        "libraries away from home:\n{}",
        breaches.join("\n")
    );
}

#[test]
fn only_the_clock_reads_the_clock() {
    let breaches: Vec<_> = sources()
        .into_iter()
        .filter(|(path, text)| {
            path != Path::new("daemon/clock.rs") && text.contains("Timestamp::now(")
        })
        .map(|(path, _)| path.display().to_string())
        .collect();
    assert!(
        breaches.is_empty(),
        "the wall clock is read outside daemon/clock.rs: {breaches:?}"
    );
}

#[test]
fn domain_has_no_cycle() {
    let mut graph: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (path, text) in sources() {
        let Ok(inside) = path.strip_prefix("domain") else {
            continue;
        };
        let module = inside
            .components()
            .next()
            .unwrap()
            .as_os_str()
            .to_string_lossy()
            .trim_end_matches(".rs")
            .to_owned();
        if module == "mod" {
            continue;
        }
        let depth = inside.components().count() - 1;
        let prefix = if depth == 0 {
            "super::"
        } else {
            "super::super::"
        };
        let nested_mod = inside.ends_with("mod.rs");
        let edges = graph.entry(module.clone()).or_default();
        let own = if nested_mod { "super::" } else { prefix };
        for (at, _) in text.match_indices(own) {
            let before = text[..at].chars().next_back();
            let rest = &text[at + own.len()..];
            if before == Some(':') || rest.starts_with("super::") {
                continue;
            }
            edges.insert(
                rest.chars()
                    .take_while(|c| c.is_alphanumeric() || *c == '_')
                    .collect(),
            );
        }
        for (at, _) in text.match_indices("crate::domain::") {
            let rest = &text[at + "crate::domain::".len()..];
            edges.insert(
                rest.chars()
                    .take_while(|c| c.is_alphanumeric() || *c == '_')
                    .collect(),
            );
        }
        edges.remove(&module);
    }
    for start in graph.keys() {
        let mut seen = BTreeSet::new();
        let mut open: Vec<&String> = graph[start].iter().collect();
        while let Some(next) = open.pop() {
            assert_ne!(next, start, "domain::{start} imports itself in a circle");
            if seen.insert(next) {
                open.extend(graph.get(next).into_iter().flatten());
            }
        }
    }
}
