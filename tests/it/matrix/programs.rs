//! The programs that Debian has.

use super::{Deed, Said, Zone, drive};
use crate::kit::has;
use std::fs;
use std::process::Command;

#[test]
fn openssh_sftp() {
    drive("OpenSSH `sftp`", |zone, deed| {
        let batch = match deed {
            Deed::Folder(local) => format!("put -rp {} /incoming/", local.display()),
            Deed::Put(local, remote) => format!("put {} {remote}", local.display()),
            Deed::Resume(local, remote) => format!("reput {} {remote}", local.display()),
            Deed::Rename(from, to) => format!("rename {from} {to}"),
            Deed::List(folder) => format!("ls -1 {folder}"),
            Deed::PutAndLook(local, remote) => {
                format!("put {} {remote}\nls -l {remote}", local.display())
            }
            Deed::Delete { file, folder } => format!("rm {file}\nrmdir {folder}"),
        };
        Some(Said::of(
            &zone.daemon.sftp(&zone.label, &format!("{batch}\n")),
        ))
    });
}

#[test]
fn openssh_scp() {
    drive("OpenSSH `scp`", |zone, deed| {
        let mut command = zone.program("scp");
        command
            .args(["-q", "-P", &zone.port(), "-i"])
            .arg(&zone.label.key)
            .args(zone.daemon.ssh_options());
        match deed {
            Deed::Folder(local) => command
                .arg("-rp")
                .arg(local)
                .arg("quayside@127.0.0.1:incoming/"),
            Deed::Put(local, remote) => command
                .arg(local)
                .arg(format!("quayside@127.0.0.1:{remote}")),
            Deed::Resume(..)
            | Deed::Rename(..)
            | Deed::List(_)
            | Deed::PutAndLook(..)
            | Deed::Delete { .. } => return None,
        };
        Some(Said::by(&mut command))
    });
}

/// PuTTY's programs log in by password here; that is what keyboard-interactive comes before.
fn putty(zone: &Zone, program: &str) -> Command {
    let mut command = zone.program(program);
    command
        .args([
            "-batch",
            "-P",
            &zone.port(),
            "-l",
            "quayside",
            "-pw",
            &zone.label.password,
        ])
        .args(["-hostkey", &zone.fingerprint()]);
    command
}

#[test]
fn putty_psftp() {
    if !has("psftp") {
        return;
    }
    drive("PuTTY `psftp`", |zone, deed| {
        let batch = match deed {
            Deed::Folder(local) => {
                let name = local.file_name().unwrap().to_string_lossy();
                format!("cd incoming\nput -r {} {name}", local.display())
            }
            Deed::Put(local, remote) => format!("put {} {remote}", local.display()),
            Deed::Resume(local, remote) => format!("reput {} {remote}", local.display()),
            Deed::Rename(from, to) => format!("mv {from} {to}"),
            Deed::List(folder) => format!("ls {folder}"),
            Deed::PutAndLook(local, remote) => {
                format!("put {} {remote}\nls /incoming/Work", local.display())
            }
            Deed::Delete { file, folder } => format!("rm {file}\nrmdir {folder}"),
        };
        let file = zone.daemon.home.path().join("psftp.batch");
        fs::write(&file, format!("{batch}\n")).unwrap();
        let mut command = putty(zone, "psftp");
        Some(Said::by(command.arg("-b").arg(file).arg("127.0.0.1")))
    });
}

#[test]
fn putty_pscp() {
    if !has("pscp") {
        return;
    }
    drive("PuTTY `pscp`", |zone, deed| {
        let list = |folder: &str| {
            let mut command = putty(zone, "pscp");
            Said::by(command.args(["-sftp", "-ls", &format!("127.0.0.1:{folder}")]))
        };
        let put = |local: &std::path::Path, remote: &str| {
            let mut command = putty(zone, "pscp");
            command.args(["-sftp", "-q", "-r"]).arg(local);
            Said::by(command.arg(format!("127.0.0.1:{remote}")))
        };
        Some(match deed {
            Deed::Folder(local) => put(local, "/incoming/"),
            Deed::Put(local, remote) => put(local, remote),
            Deed::List(folder) => list(folder),
            Deed::PutAndLook(local, remote) => {
                Said::all([put(local, remote), list("/incoming/Work")])
            }
            Deed::Resume(..) | Deed::Rename(..) | Deed::Delete { .. } => return None,
        })
    });
}

#[test]
fn lftp() {
    if !has("lftp") {
        return;
    }
    drive("`lftp`", |zone, deed| {
        let work = match deed {
            Deed::Folder(local) => {
                let name = local.file_name().unwrap().to_string_lossy();
                format!(
                    "mirror -R --parallel=3 {} /incoming/{name}",
                    local.display()
                )
            }
            Deed::Put(local, remote) => format!("put {} -o {remote}", local.display()),
            Deed::Resume(local, remote) => format!("put -c {} -o {remote}", local.display()),
            Deed::Rename(from, to) => format!("mv {from} {to}"),
            Deed::List(folder) => format!("cls -1 {folder}"),
            Deed::PutAndLook(local, remote) => {
                format!("put {} -o {remote}; cls -l /incoming/Work", local.display())
            }
            Deed::Delete { file, folder } => format!("rm {file}; rmdir {folder}"),
        };
        let options: Vec<_> = zone
            .daemon
            .ssh_options()
            .iter()
            .map(|o| format!("'{o}'"))
            .collect();
        let connect = format!(
            "ssh -a -x -i {} {}",
            zone.label.key.display(),
            options.join(" ")
        );
        let script = format!(
            "set sftp:connect-program \"{connect}\"; set net:max-retries 1; set net:timeout 20; \
             set cmd:fail-exit yes; open -u quayside,x sftp://127.0.0.1:{}; {work}",
            zone.port()
        );
        Some(Said::by(
            zone.program("lftp").args(["--norc", "-c", &script]),
        ))
    });
}

#[test]
fn rclone() {
    if !has("rclone") {
        return;
    }
    drive("`rclone`", |zone, deed| {
        let rclone = |arguments: &[&str]| {
            let mut command = zone.program("rclone");
            command
                .args(["--config", "/dev/null", "--retries", "1"])
                .args(["--sftp-host", "127.0.0.1", "--sftp-user", "quayside"])
                .args(["--sftp-port", &zone.port(), "--sftp-key-file"])
                .arg(&zone.label.key);
            Said::by(command.args(arguments))
        };
        let at = |remote: &str| format!(":sftp:{remote}");
        let put = |local: &std::path::Path, remote: &str| {
            rclone(&["copyto", &local.display().to_string(), &at(remote)])
        };
        Some(match deed {
            Deed::Folder(local) => {
                let name = local.file_name().unwrap().to_string_lossy();
                let from = local.display().to_string();
                rclone(&["copy", &from, &at(&format!("/incoming/{name}"))])
            }
            Deed::Put(local, remote) => put(local, remote),
            Deed::Rename(from, to) => rclone(&["moveto", &at(from), &at(to)]),
            Deed::List(folder) => rclone(&["lsf", &at(folder)]),
            Deed::PutAndLook(local, remote) => {
                Said::all([put(local, remote), rclone(&["lsl", &at("/incoming/Work")])])
            }
            Deed::Delete { file, folder } => Said::all([
                rclone(&["deletefile", &at(file)]),
                rclone(&["rmdir", &at(folder)]),
            ]),
            Deed::Resume(..) => return None,
        })
    });
}

#[test]
fn curl() {
    if !has("curl") {
        return;
    }
    drive("`curl`", |zone, deed| {
        let curl = |arguments: &[&str], remote: &str| {
            let user = format!("quayside:{}", zone.label.password);
            let mut command = zone.program("curl");
            command
                .args(["-sS", "--insecure", "-u", &user])
                .args(arguments);
            Said::by(command.arg(format!("sftp://127.0.0.1:{}{remote}", zone.port())))
        };
        let put = |local: &std::path::Path, remote: &str, more: &[&str]| {
            let local = local.display().to_string();
            curl(
                &[more, &["--ftp-create-dirs", "-T", &local]].concat(),
                remote,
            )
        };
        Some(match deed {
            Deed::Folder(local) => {
                let name = local.file_name().unwrap().to_string_lossy();
                let files = fs::read_dir(local)
                    .unwrap()
                    .map(|entry| entry.unwrap().path());
                Said::all(files.map(|file| {
                    let remote = file.file_name().unwrap().to_string_lossy();
                    put(&file, &format!("/incoming/{name}/{remote}"), &[])
                }))
            }
            Deed::Put(local, remote) => put(local, remote, &[]),
            Deed::Resume(local, remote) => put(local, remote, &["-C", "-"]),
            Deed::Rename(from, to) => curl(&["-Q", &format!("rename {from} {to}")], "/"),
            Deed::List(folder) => curl(&[], &format!("{folder}/")),
            Deed::PutAndLook(local, remote) => {
                Said::all([put(local, remote, &[]), curl(&[], "/incoming/Work/")])
            }
            Deed::Delete { file, folder } => {
                let (rm, rmdir) = (format!("rm {file}"), format!("rmdir {folder}"));
                curl(&["-Q", &rm, "-Q", &rmdir], "/")
            }
        })
    });
}
