//! A disk that fails while a file is made durable. `strace` has the system call fail: the daemon asks
//! the kernel directly, so that no preloaded library would hear of it. A full disk is in `service`.

use super::Patient;
use crate::kit::{has, wait};
use std::fs;
use std::process::{Child, Command, Stdio};

/// Lets every fsync of some paths fail for as long as it lives.
struct BadDisk(Child);

impl BadDisk {
    /// `None` where a process may not be traced.
    fn under(patient: &Patient, paths: &[std::path::PathBuf]) -> Option<Self> {
        let pid = patient.daemon.pid().to_string();
        let mut command = Command::new("strace");
        command
            .args([
                "-f",
                "-qq",
                "-o",
                "/dev/null",
                "-e",
                "trace=fsync,fdatasync",
            ])
            .args(["-e", "inject=fsync,fdatasync:error=EIO", "-p", &pid]);
        for path in paths {
            command.arg("-P").arg(path);
        }
        let mut tracer = Self(
            command
                .stdin(Stdio::null())
                .stderr(Stdio::null())
                .spawn()
                .unwrap(),
        );
        let is_there = wait("the tracer", || {
            if tracer.0.try_wait().unwrap().is_some() {
                return Some(false);
            }
            let tasks = fs::read_dir(format!("/proc/{pid}/task")).unwrap();
            let traced =
                tasks.filter_map(|task| fs::read_to_string(task.ok()?.path().join("status")).ok());
            let all = traced
                .into_iter()
                .all(|status| !status.contains("TracerPid:\t0\n"));
            all.then_some(true)
        });
        is_there.then_some(tracer)
    }
}

impl Drop for BadDisk {
    fn drop(&mut self) {
        let pid = rustix::process::Pid::from_child(&self.0);
        // Told kindly, so that it lets the daemon go; it may have ended already.
        rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap_or_default();
        self.0.wait().unwrap();
    }
}

#[test]
fn a_disk_that_fails_is_never_acknowledged_and_the_file_is_set_aside() {
    if !has("strace") {
        return;
    }
    let mut patient = Patient::new();
    let file = patient.daemon.home.path().join("a.wav");
    fs::write(&file, vec![6; 300_000]).unwrap();
    let put = format!("put {} incoming/Work/a.wav\n", file.display());
    let damaged = patient.daemon.data().join("damaged");
    let set_aside = || fs::read_dir(&damaged).map_or(0, |entries| entries.count());
    // The file's own fsync, and that of the folder in which its name is new.
    for (number, bad) in [("partial", "Work/a.wav"), ("incoming", "Work")]
        .into_iter()
        .enumerate()
    {
        let Some(disk) = BadDisk::under(&patient, &[patient.stored(bad.0, bad.1)]) else {
            println!("skipped: a process may not be traced here");
            return;
        };
        let refused = patient.daemon.sftp(&patient.label, &put);
        assert!(
            !refused.status.success(),
            "{bad:?}: an unsafe file was acknowledged"
        );
        assert!(
            !patient.stored("incoming", "Work/a.wav").exists(),
            "{bad:?}"
        );
        assert_eq!(set_aside(), number + 1, "{bad:?}");
        drop(disk);
        assert!(
            patient.log().contains("the disk failed to store a file"),
            "{bad:?}"
        );
        patient.assert_kept("a bad disk");
    }
    let mut raw = patient.connect();
    patient.put(&mut raw, "Work/a.wav", &vec![6; 300_000]);
    raw.end();
    patient.assert_well("a bad disk");
}
