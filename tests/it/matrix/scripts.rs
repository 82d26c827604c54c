//! Libraries of Python, Node, PHP, Perl and Ruby, as labels' own programs use them, and FileZilla's
//! engine.

use super::{Deed, Said, Zone, drive};
use crate::kit::{has, python, skip};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

fn script(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/it/matrix")
        .join(name)
}

/// The words by which the scripts know a deed.
fn words(deed: &Deed<'_>) -> Vec<String> {
    let path = |local: &Path| local.display().to_string();
    match deed {
        Deed::Folder(local) => {
            let name = local.file_name().unwrap().to_string_lossy();
            vec![
                "folder".to_owned(),
                path(local),
                format!("/incoming/{name}"),
            ]
        }
        Deed::Put(local, remote) => vec!["put".to_owned(), path(local), (*remote).to_owned()],
        Deed::Resume(local, remote) => vec!["resume".to_owned(), path(local), (*remote).to_owned()],
        Deed::Rename(from, to) => vec!["rename".to_owned(), (*from).to_owned(), (*to).to_owned()],
        Deed::List(folder) => vec!["list".to_owned(), (*folder).to_owned()],
        Deed::PutAndLook(local, remote) => {
            vec!["look".to_owned(), path(local), (*remote).to_owned()]
        }
        Deed::Delete { file, folder } => {
            vec![
                "delete".to_owned(),
                (*file).to_owned(),
                (*folder).to_owned(),
            ]
        }
    }
}

fn run(zone: &Zone, mut command: Command, deed: &Deed<'_>) -> Said {
    let label = &zone.label;
    command
        .args([&zone.port(), &label.name, &label.password])
        .arg(&label.key);
    Said::by(command.args(words(deed)))
}

#[test]
fn paramiko() {
    let Some(python) = python("paramiko") else {
        return;
    };
    drive("paramiko", |zone, deed| {
        let mut command = zone.program(&python);
        command.arg(script("by_paramiko.py"));
        Some(run(zone, command, deed))
    });
}

#[test]
fn asyncssh() {
    let Some(python) = python("asyncssh") else {
        return;
    };
    drive("AsyncSSH", |zone, deed| {
        let mut command = zone.program(&python);
        command.arg(script("by_asyncssh.py"));
        Some(run(zone, command, deed))
    });
}

#[test]
fn ssh2_sftp_client() {
    let target = Path::new(env!("CARGO_MANIFEST_DIR")).join("target");
    let (node, modules) = (
        target.join("venv/bin/node"),
        target.join("npm/node_modules"),
    );
    if !node.exists() || !modules.join("ssh2-sftp-client").is_dir() {
        skip("ssh2-sftp-client (make test installs it)");
        return;
    }
    drive("ssh2-sftp-client", |zone, deed| {
        let mut command = zone.program(&node);
        command
            .env("NODE_PATH", &modules)
            .arg(script("by_ssh2.cjs"));
        Some(run(zone, command, deed))
    });
}

/// The library in C that many programs are built on, as Python has it.
#[test]
fn libssh() {
    let Some(python) = python("ssh.sftp") else {
        return;
    };
    drive("libssh", |zone, deed| {
        let mut command = zone.program(&python);
        command.arg(script("by_libssh.py"));
        Some(run(zone, command, deed))
    });
}

/// Whether a language has a library; says that it is skipped if not.
fn has_library(language: &str, arguments: &[&str]) -> bool {
    let mut command = Command::new(language);
    command.args(arguments).stderr(Stdio::null());
    let found = has(language) && command.status().is_ok_and(|status| status.success());
    if !found {
        skip(&format!("{language} {}", arguments.join(" ")));
    }
    found
}

#[test]
fn phpseclib() {
    if !has_library("php", &["-r", "require 'phpseclib3/autoload.php';"]) {
        return;
    }
    drive("phpseclib", |zone, deed| {
        let mut command = zone.program("php");
        command.arg(script("by_phpseclib.php"));
        Some(run(zone, command, deed))
    });
}

/// What Perl scripts use: its own SFTP through `ssh`, under temporary names that it renames.
#[test]
fn net_sftp_foreign() {
    if !has_library("perl", &["-MNet::SFTP::Foreign", "-e", "1"]) {
        return;
    }
    drive("Net::SFTP::Foreign", |zone, deed| {
        let mut command = zone.program("perl");
        command.arg(script("by_foreign.pl"));
        Some(run(zone, command, deed))
    });
}

#[test]
fn ruby_net_sftp() {
    if !has_library("ruby", &["-e", "require 'net/sftp'"]) {
        return;
    }
    drive("Ruby net-sftp", |zone, deed| {
        let mut command = zone.program("ruby");
        command.arg(script("by_net_sftp.rb"));
        Some(run(zone, command, deed))
    });
}

/// By keyboard-interactive, which FileZilla tries before a password.
#[test]
fn filezilla() {
    if !has("fzsftp") {
        return;
    }
    drive("FileZilla", |zone, deed| {
        let put = |verb: &str, local: &Path, remote: &str| {
            format!("{verb} \"{}\" \"{remote}\"", local.display())
        };
        let lines = match deed {
            Deed::Folder(local) => {
                let name = local.file_name().unwrap().to_string_lossy();
                let mut lines = vec![format!("mkdir \"/incoming/{name}\"")];
                for file in std::fs::read_dir(local)
                    .unwrap()
                    .map(|entry| entry.unwrap().path())
                {
                    let remote = format!(
                        "/incoming/{name}/{}",
                        file.file_name().unwrap().to_str().unwrap()
                    );
                    lines.push(put("put", &file, &remote));
                    lines.push(format!("chmtime 1700000000 \"{remote}\""));
                }
                lines
            }
            Deed::Put(local, remote) => vec![put("put", local, remote)],
            Deed::Resume(local, remote) => vec![put("reput", local, remote)],
            Deed::Rename(from, to) => vec![format!("mv \"{from}\" \"{to}\"")],
            Deed::List(folder) => vec![format!("cd \"{folder}\""), "ls".to_owned()],
            Deed::PutAndLook(local, remote) => vec![
                put("put", local, remote),
                "cd \"/incoming/Work\"".to_owned(),
                "ls".to_owned(),
            ],
            Deed::Delete { file, folder } => {
                vec![format!("rm \"{file}\""), format!("rmdir \"{folder}\"")]
            }
        };
        let label = &zone.label;
        let mut command = zone.program("python3");
        command
            .arg(script("filezilla.py"))
            .args([&zone.port(), &label.name, &label.password])
            .args(lines);
        Some(Said::by(&mut command))
    });
}
