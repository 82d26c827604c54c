//! The configuration: what the shipped files say, and what is said of a wrong one.

use dropzone::config::{Complaint, Config, ConfigError, LogFormat};
use dropzone::domain::dsp::TransportChoice;
use std::fs;
use std::path::{Path, PathBuf};

fn project(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

fn shipped() -> String {
    fs::read_to_string(project("config/dropzone.toml")).unwrap()
}

fn complaints(text: &str) -> Vec<Complaint> {
    match Config::parse(text, Path::new("/etc/dropzone/dropzone.toml")) {
        Err(ConfigError::Wrong(complaints)) => complaints,
        other => panic!("{text:?} gave {other:?}"),
    }
}

/// `line: text` of each complaint.
fn said(text: &str) -> Vec<String> {
    complaints(text)
        .iter()
        .map(|one| format!("{}: {}", one.line.unwrap_or_default(), one.text))
        .collect()
}

// --- the shipped file ---------------------------------------------------------------------------

#[test]
fn the_shipped_file_says_the_defaults() {
    let file = project("config/dropzone.toml");
    let shipped = Config::load(Some(&file)).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(shipped, Config::default());
}

/// Every setting stands in the file, with a comment. What is missing is printed as it has to be
/// pasted, with the comment from the source.
#[test]
fn every_setting_is_in_the_shipped_file() {
    let defaults = toml::Table::try_from(Config::default()).unwrap();
    let text = shipped();
    let there: toml::Table = toml::from_str(&text).unwrap();
    let mut walk = Walk {
        defaults: &defaults,
        text: &text,
        missing: Vec::new(),
        bare: Vec::new(),
    };
    walk.table(&[], &defaults, Some(&there));
    assert!(
        walk.missing.is_empty(),
        "config/dropzone.toml lacks these lines; paste them:\n\n{}\n",
        walk.missing.join("\n")
    );
    assert!(
        walk.bare.is_empty(),
        "without a comment: {}",
        walk.bare.join(", ")
    );
}

struct Walk<'a> {
    defaults: &'a toml::Table,
    text: &'a str,
    missing: Vec<String>,
    bare: Vec<String>,
}

impl Walk<'_> {
    fn table(&mut self, path: &[&str], defaults: &toml::Table, there: Option<&toml::Table>) {
        let mut lines = Vec::new();
        for key in fields(self.defaults, path, defaults) {
            let default = defaults.get(&key);
            if default.is_some_and(toml::Value::is_table) {
                continue;
            }
            let shown = match default {
                Some(_) => there.is_some_and(|there| there.contains_key(&key)),
                None => self.has_line(path, &format!("# {key} = ")),
            };
            if !shown {
                lines.extend(comment_of(path, &key));
                lines.push(match default {
                    Some(value) => format!("{key} = {value}"),
                    None => format!("# {key} = <an example>"),
                });
            } else if default.is_some() && !self.has_comment(path, &key) {
                self.bare.push([path, &[&key]].concat().join("."));
            }
        }
        if !lines.is_empty() {
            if !path.is_empty() {
                lines.insert(0, format!("[{}]", path.join(".")));
            }
            lines.push(String::new());
            self.missing.append(&mut lines);
        }
        for (key, value) in defaults {
            if let Some(inside) = value.as_table() {
                let there = there.and_then(|there| there.get(key)?.as_table());
                self.table(&[path, &[key]].concat(), inside, there);
            }
        }
    }

    /// Lines of one table of the file.
    fn section(&self, path: &[&str]) -> Vec<&str> {
        let header = format!("[{}]", path.join("."));
        let mut current = String::from("[]");
        let mut lines = Vec::new();
        for line in self.text.lines() {
            if line.starts_with('[') {
                line.trim().clone_into(&mut current);
            } else if current == header {
                lines.push(line);
            }
        }
        lines
    }

    fn has_line(&self, path: &[&str], beginning: &str) -> bool {
        self.section(path)
            .iter()
            .any(|line| line.starts_with(beginning))
    }

    fn has_comment(&self, path: &[&str], key: &str) -> bool {
        let lines = self.section(path);
        let key = format!("{key} = ");
        lines
            .windows(2)
            .any(|pair| pair[1].starts_with(&key) && pair[0].starts_with("# "))
    }
}

/// Names of all settings of a table, also of those that have no default: what serde says is known
/// there when it meets something that cannot be.
fn fields(all: &toml::Table, path: &[&str], defaults: &toml::Table) -> Vec<String> {
    const IMPOSSIBLE: &str = "no setting has this name";
    let mut probe = all.clone();
    let mut table = &mut probe;
    for key in path {
        table = table.get_mut(*key).unwrap().as_table_mut().unwrap();
    }
    table.insert(IMPOSSIBLE.to_owned(), toml::Value::Boolean(true));
    let error = probe.try_into::<Config>().unwrap_err();
    let message = error.message();
    assert!(
        message.contains(IMPOSSIBLE),
        "[{}] takes unknown keys: it lacks `deny_unknown_fields` ({message})",
        path.join(".")
    );
    let known = message
        .split_once(", expected ")
        .map_or("", |(_, list)| list);
    let mut names: Vec<String> = known
        .split('`')
        .skip(1)
        .step_by(2)
        .map(str::to_owned)
        .collect();
    // The tag of a tagged table is not among its variant's fields.
    let tags = defaults.keys().filter(|key| !names.contains(key));
    let mut tags: Vec<String> = tags.cloned().collect();
    tags.append(&mut names);
    tags
}

/// The doc comment of the setting's field, as comment lines.
fn comment_of(path: &[&str], key: &str) -> Vec<String> {
    let folders = [
        path.first().copied().unwrap_or("config"),
        "domain",
        "config",
    ];
    for folder in folders {
        for file in sources_in(&project("src").join(folder)) {
            let text = fs::read_to_string(file).unwrap();
            let mut comment = Vec::new();
            for line in text.lines().map(str::trim) {
                if let Some(words) = line.strip_prefix("///") {
                    comment.push(format!("#{words}"));
                } else if line.starts_with(&format!("pub {key}: "))
                    || line.starts_with(&format!("{key}: ")) && !comment.is_empty()
                {
                    return comment;
                } else if !line.starts_with("#[") {
                    comment.clear();
                }
            }
        }
    }
    vec!["# <what it is, with its unit>".to_owned()]
}

fn sources_in(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let Ok(entries) = fs::read_dir(folder) else {
        return found;
    };
    for entry in entries.map(Result::unwrap) {
        let path = entry.path();
        if path.is_dir() {
            found.extend(sources_in(&path));
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            found.push(path);
        }
    }
    found.sort();
    found
}

// --- faults -------------------------------------------------------------------------------------

#[test]
fn all_unknown_keys_are_named_at_once() {
    let text = "data_dri = \"/x\"\nworkers = 2\n\n[log]\nlevle = \"info\"\n\n[delivr]\nworkers = 3\n\n[deliver]\nretry_first = 3\nzzz = 1\n";
    assert_eq!(
        said(text),
        [
            "1: unknown key `data_dri` at the top; did you mean `data_dir`?",
            "2: unknown key `workers` at the top; it belongs in [deliver]",
            "5: unknown key `levle` in [log]; did you mean `level`?",
            "7: unknown key `delivr` at the top; did you mean `deliver`?",
            "11: unknown key `retry_first` in [deliver]; did you mean `retry_first_seconds`?",
            "12: unknown key `zzz` in [deliver]; known there: workers, retry_first_seconds, retry_cap_seconds, attempts, max_age_hours, acknowledgements_seconds",
        ]
    );
}

#[test]
fn wrong_values_are_named_with_what_is_expected() {
    let text =
        "data_dir = 3\n[log]\nformat = \"xml\"\n[deliver]\nworkers = \"four\"\nattempts = -1\n";
    let said = said(text);
    let has = |beginning: &str| {
        assert!(
            said.iter().any(|line| line.starts_with(beginning)),
            "{beginning:?} not in {said:#?}"
        );
    };
    has("1: `data_dir`: wrong kind of value: integer `3`, expected a path");
    has("3: `log.format`: unknown word `xml`, expected `text` or `json`");
    has("5: `deliver.workers`: wrong kind of value: string \"four\", expected a whole number");
    has("6: `deliver.attempts`: wrong value: integer `-1`, expected a whole number");
    assert_eq!(said.len(), 4);
}

#[test]
fn broken_toml_is_named_with_its_line() {
    let said = said("[log]\nlevel = info\n[log]\n");
    assert!(said[0].starts_with("2: "), "{said:?}");
}

#[test]
fn a_complaint_names_file_and_line() {
    let error = Config::parse("x = 1", Path::new("/etc/dropzone/dropzone.toml")).unwrap_err();
    assert!(
        error
            .to_string()
            .starts_with("/etc/dropzone/dropzone.toml:1: unknown key `x`"),
        "{error}"
    );
}

// --- values -------------------------------------------------------------------------------------

#[test]
fn relative_paths_start_at_the_file() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("dropzone.toml");
    fs::write(&file, "data_dir = \"data\"\ndsp_dir = \"/abs/dsp\"\n").unwrap();
    let config = Config::load(Some(&file)).unwrap();
    assert_eq!(config.data_dir, dir.path().join("data"));
    assert_eq!(config.dsp_dir, Path::new("/abs/dsp"));
    assert_eq!(config.places().root(), dir.path().join("data"));
}

#[test]
fn what_is_shown_reads_back() {
    let text = "[log]\nformat = \"json\"\n[deliver]\nworkers = 9\n";
    let config = Config::parse(text, Path::new("/x/dropzone.toml")).unwrap();
    assert_eq!(config.log.format, LogFormat::Json);
    assert_eq!(config.deliver.workers, 9);
    let again = Config::parse(&config.render(), Path::new("/x/dropzone.toml")).unwrap();
    assert_eq!(again, config);
}

#[test]
fn a_named_file_has_to_be_there() {
    let error = Config::load(Some(Path::new("/nonexistent/dropzone.toml"))).unwrap_err();
    assert!(matches!(error, ConfigError::Unreadable { .. }), "{error}");
}

// --- profiles -----------------------------------------------------------------------------------

fn with_profiles(files: &[(&str, &str)]) -> Result<Vec<String>, ConfigError> {
    let dir = tempfile::tempdir().unwrap();
    for (name, text) in files {
        fs::write(dir.path().join(name), text).unwrap();
    }
    let config = Config {
        dsp_dir: dir.path().to_path_buf(),
        ..Config::default()
    };
    config.profiles().map(|profiles| {
        profiles
            .iter()
            .map(|profile| profile.id.as_str().to_owned())
            .collect()
    })
}

fn wrong_profile(name: &str, text: &str) -> Vec<String> {
    match with_profiles(&[(name, text)]) {
        Err(ConfigError::Wrong(complaints)) => complaints
            .iter()
            .map(|one| format!("{}: {}", one.line.unwrap_or_default(), one.text))
            .collect(),
        other => panic!("{text:?} gave {other:?}"),
    }
}

#[test]
fn shipped_profiles_are_read() {
    let config = Config {
        dsp_dir: project("config/dsp"),
        ..Config::default()
    };
    let profiles = config.profiles().unwrap_or_else(|error| panic!("{error}"));
    let archive = profiles
        .iter()
        .find(|profile| profile.id.as_str() == "archive")
        .unwrap();
    assert!(matches!(archive.transport, TransportChoice::Folder { .. }));
    let sample = fs::read_to_string(project("config/dsp/example-sftp.toml.sample")).unwrap();
    let ids = with_profiles(&[("partner.toml", &sample), ("README", "no profile")]);
    assert_eq!(ids.unwrap_or_else(|error| panic!("{error}")), ["partner"]);
}

/// As they are, but for what is theirs and ours.
#[test]
fn shipped_samples_of_profiles_are_read() {
    let mut seen = Vec::new();
    for entry in fs::read_dir(project("config/dsp")).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        let Some(profile) = name.strip_suffix(".sample") else {
            continue;
        };
        let text = fs::read_to_string(&path).unwrap();
        let ids = with_profiles(&[(profile, &text)]);
        assert_eq!(
            ids.unwrap_or_else(|error| panic!("{error}")),
            [profile.strip_suffix(".toml").unwrap()]
        );
        seen.push(name);
    }
    assert!(seen.len() >= 5, "{seen:?}");
}

#[test]
fn every_mistake_of_a_profile_is_told_at_once() {
    let text = "name = \"N\"\nmessage = \"ern_43\"\nchoreography = \"batch\"\nfolder = \"x\"\nmarker = \"m\"\nconcurrency = 0\ndelivered_when = \"acknowledged\"\n[message_options]\ndpid = \"PA-1\"\nterritories = [\"de\"]\n[batch]\npackages = 0\n[names]\naudio = \"{trck}\"\n[audio]\nformat = \"flac\"\nplain_wav_header = true\n[transport]\nkind = \"folder\"\npath = \"/x\"\n";
    let said = wrong_profile("n.toml", text).join("\n");
    for what in [
        "`concurrency` is 0",
        "`dpid` of [message_options] is \"PA-1\"",
        "our own DDEX party identifier is missing",
        "our own name is missing",
        "`territories` of [message_options] has \"de\"",
        "`packages` of [batch] is 0",
        "`marker` is set, but a batch ends with its manifest",
        "`plain_wav_header` of [audio] is about WAV",
        "`acknowledgements` names no directory",
        "`folder` lacks {batch}",
        "`audio` of [names] uses {trck}, which is not known; known are {icpn}",
    ] {
        assert!(said.contains(what), "{what:?} is not in\n{said}");
    }
    let received = "name = \"N\"\nchoreography = \"batch\"\n[message_options]\ntest = true\n[audio]\nformat = \"flac\"\n[transport]\nkind = \"folder\"\npath = \"/x\"\n";
    let said = wrong_profile("n.toml", received).join("\n");
    for what in [
        "[message_options] is about",
        "`choreography` is \"batch\"",
        "[audio] and [artwork]",
    ] {
        assert!(said.contains(what), "{what:?} is not in\n{said}");
    }
}

#[test]
fn no_directory_means_no_profiles() {
    let config = Config {
        dsp_dir: PathBuf::from("/nonexistent/dsp"),
        ..Config::default()
    };
    assert_eq!(config.profiles().unwrap(), []);
}

#[test]
fn a_profiles_paths_start_at_its_file() {
    let dir = tempfile::tempdir().unwrap();
    let text = "name = \"N\"\n[transport]\nkind = \"folder\"\npath = \"out\"\n";
    fs::write(dir.path().join("n.toml"), text).unwrap();
    let config = Config {
        dsp_dir: dir.path().to_path_buf(),
        ..Config::default()
    };
    assert_eq!(
        config.profiles().unwrap()[0].transport,
        TransportChoice::Folder {
            path: dir.path().join("out")
        }
    );
}

#[test]
fn faults_within_the_transport_have_their_line() {
    let text = "name = \"N\"\nfoldr = \"x\"\n[transport]\nkind = \"sftp\"\nhost = \"h\"\nprot = 22\nuser = \"u\"\nhost_key = \"SHA256:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\"\ntimeout_seconds = \"30\"\nkey_file = \"k\"\n";
    let mut said = wrong_profile("n.toml", text);
    said.sort();
    assert_eq!(
        said,
        [
            "2: unknown key `foldr` at the top; did you mean `folder`?",
            "6: unknown key `prot` in [transport]; did you mean `port`?",
            "9: `transport.timeout_seconds`: wrong kind of value: string \"30\", expected a whole number, not negative",
        ]
    );
}

#[test]
fn profiles_say_what_they_lack() {
    let sftp = "name = \"N\"\n[transport]\nkind = \"sftp\"\nhost = \"h\"\nuser = \"u\"\n";
    let pin = "host_key = \"SHA256:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\"\n";
    for (name, text, what) in [
        (
            "n.toml",
            "[transport]\nkind = \"folder\"\npath = \"/x\"\n".to_owned(),
            "`name` is missing",
        ),
        (
            "n.toml",
            "name = \"N\"\n".to_owned(),
            "`transport` is missing",
        ),
        (
            "n.toml",
            "name = \"N\"\n[transport]\nkind = \"folder\"\n".to_owned(),
            "`path` is missing in [transport]",
        ),
        (
            "n.toml",
            "name = \"N\"\n[transport]\nkind = \"ftp\"\n".to_owned(),
            "unknown word `ftp`, expected one of `folder`, `sftp`, `s3`",
        ),
        (
            "n.toml",
            format!("{sftp}{pin}"),
            "neither `password_file` nor `key_file`",
        ),
        (
            "n.toml",
            format!("{sftp}key_file = \"k\"\nhost_key = \"yes\"\n"),
            "`host_key` is neither",
        ),
        (
            "n.toml",
            format!("{sftp}key_file = \"k\"\nhost_key = \"SHA256:abc\"\n"),
            "cut off",
        ),
        (
            "n.toml",
            "name = \"N\"\nfolder = \"{upc}\"\n[transport]\nkind = \"folder\"\npath = \"/x\"\n"
                .to_owned(),
            "uses {upc}",
        ),
        (
            "n.toml",
            "name = \"N\"\nconcurrency = 0\n[transport]\nkind = \"folder\"\npath = \"/x\"\n"
                .to_owned(),
            "`concurrency` is 0",
        ),
        (
            "My Store.toml",
            "name = \"N\"\n".to_owned(),
            "cannot be the name of a DSP",
        ),
    ] {
        let said = wrong_profile(name, &text);
        assert!(
            said.iter().any(|line| line.contains(what)),
            "{text:?} gave {said:?}, not {what:?}"
        );
    }
}

/// What a rule says to set can be set: `key` of [section], in dropzone.toml or in a DSP's profile.
#[test]
fn settings_that_rules_name_are_there() {
    let mut files = vec![fs::read_to_string("config/dropzone.toml").unwrap()];
    for entry in fs::read_dir("config/dsp").unwrap() {
        files.push(fs::read_to_string(entry.unwrap().path()).unwrap());
    }
    let is_there = |section: &str, key: &str| {
        let (header, key) = (format!("[{section}]"), format!("{key} ="));
        files.iter().any(|file| {
            let mut lines = file.lines().map(|line| line.trim_start_matches(['#', ' ']));
            lines.any(|line| line == header)
                && lines
                    .take_while(|line| !line.starts_with('['))
                    .any(|line| line.starts_with(&key))
        })
    };
    let mut named = 0;
    for rule in dropzone::domain::rules::catalogue() {
        for (before, after) in rule
            .fix
            .match_indices("` of [")
            .map(|(at, words)| (&rule.fix[..at], &rule.fix[at + words.len()..]))
        {
            let key = before.rsplit('`').next().unwrap();
            let section = after.split(']').next().unwrap();
            assert!(
                is_there(section, key),
                "{}: {key} of [{section}]",
                rule.code
            );
            named += 1;
        }
    }
    assert!(named >= 2, "DSP-002 names two");
}
