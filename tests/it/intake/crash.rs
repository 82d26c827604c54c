//! The process killed at every point of a claim, and started again on what it left.

use super::world::World;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::Command;

/// Where the child process is to work.
const FOLDER: &str = "DROPZONE_TEST_CRASH_FOLDER";

/// The child: claims the folder that lies there, and dies on the way.
#[test]
#[ignore = "run by `every_cut_of_a_claim_is_recovered` in a process of its own"]
fn child() {
    let folder = std::env::var_os(FOLDER).expect("only as a child of the crash test");
    let mut world = World::over(Path::new(&folder), tempfile::tempdir().unwrap());
    world.good_release("A");
    world.pass(100);
}

#[test]
fn every_cut_of_a_claim_is_recovered() {
    for point in [
        "after_fence",
        "after_intent",
        "after_rename",
        "after_sync",
        "after_manifest",
        "after_claimed",
    ] {
        let outer = tempfile::tempdir().unwrap();
        let ended = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "intake::crash::child", "--ignored"])
            .env(FOLDER, outer.path())
            .env("DROPZONE_CRASH_AT", point)
            .output()
            .unwrap();
        assert_eq!(ended.status.signal(), Some(9), "{point}: {ended:?}");

        let folder = outer.path().to_owned();
        let mut world = World::over(&folder, outer);
        world.intake.recover().unwrap();
        assert_eq!(world.ledger.intents_left(), 0, "{point}");
        world.pass(61);
        assert_eq!(world.status("A"), "incoming", "{point}");
        assert_eq!(world.ledger.rows().len(), 1, "{point}");
        assert_eq!(world.spooled("P001").len(), 4, "{point}");
        assert!(!world.incoming("A").exists(), "{point}");
        let manifest = world.places.spool().join("P001.manifest.json");
        assert!(manifest.exists(), "{point}");
    }
}
