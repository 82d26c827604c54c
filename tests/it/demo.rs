//! The demonstration is the main job: it has to come out true, every time.

use std::process::{Command, Stdio};

#[test]
fn the_demonstration_comes_out_true() {
    let temp = tempfile::tempdir().unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_dropzone"))
        .arg("demo")
        .env("TMPDIR", temp.path())
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let (out, err) = (
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
    assert!(output.status.success(), "{out}{err}");
    for words in [
        "taken in",
        "Invalid",
        "needs QC",
        "QC Approved",
        "Delivered to DSPs",
        "preview: dropzone push preview ID --dsp demo-store: ERN 4.3, 4 files, ready",
        "push to demo-store is acknowledged",
        "only the message, corrected",
        "Changed: genre, title of track 3",
        "takedown at demo-store is acknowledged",
        "Taken down",
        "e-mail to",
        "REPORT.html",
    ] {
        assert!(out.contains(words), "{words} in\n{out}");
    }
}
