//! Anything in any order: whatever a label does, what is taken is what it closed, and all of it.

use super::world::{World, message};
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::fs;

const NAMES: [&str; 4] = ["metadata.xml", "01_A.wav", "02_B.wav", "artwork.jpg"];
const FOLDERS: [&str; 3] = ["A", "B", "B.uploading"];

#[derive(Clone, Debug)]
enum Act {
    /// All files of a release, begun and closed.
    Release(usize),
    /// One file, begun and closed.
    Upload(usize, usize),
    Begin(usize, usize),
    Close(usize, usize),
    Rename(usize, usize),
    Remove(usize),
    /// Removed behind everybody's back.
    Vanish(usize),
    LogOut,
    Pass(u64),
    Restart,
    LedgerFails(bool),
    Busy(bool),
}

fn act() -> impl Strategy<Value = Act> {
    let folder = 0..FOLDERS.len();
    let name = 0..NAMES.len();
    prop_oneof![
        4 => folder.clone().prop_map(Act::Release),
        6 => (folder.clone(), name.clone()).prop_map(|(f, n)| Act::Upload(f, n)),
        1 => (folder.clone(), name.clone()).prop_map(|(f, n)| Act::Begin(f, n)),
        3 => (folder.clone(), name).prop_map(|(f, n)| Act::Close(f, n)),
        2 => (folder.clone(), folder.clone()).prop_map(|(f, t)| Act::Rename(f, t)),
        1 => folder.clone().prop_map(Act::Remove),
        1 => folder.prop_map(Act::Vanish),
        1 => Just(Act::LogOut),
        3 => prop_oneof![Just(1_u64), Just(11), Just(61), Just(700)].prop_map(Act::Pass),
        1 => Just(Act::Restart),
        1 => any::<bool>().prop_map(Act::LedgerFails),
        1 => any::<bool>().prop_map(Act::Busy),
    ]
}

/// A folder as its label believes it to be: closed content by name, and what is open.
type Believed = BTreeMap<(usize, usize), (Option<String>, bool)>;

fn begin(world: &World, believed: &mut Believed, written: &mut usize, (f, n): (usize, usize)) {
    *written += 1;
    let content = if n == 0 {
        message(&["01_A.wav", "02_B.wav"]) + &" ".repeat(*written)
    } else {
        format!("content {written}")
    };
    world.begin(&format!("{}/{}", FOLDERS[f], NAMES[n]), &content);
    believed.entry((f, n)).or_default().1 = true;
}

fn close(world: &World, believed: &mut Believed, (f, n): (usize, usize)) {
    let path = format!("{}/{}", FOLDERS[f], NAMES[n]);
    if let Ok(content) = fs::read_to_string(world.partial(&path)) {
        world.close(&path);
        believed.insert((f, n), (Some(content), false));
    }
}

fn play(acts: Vec<Act>) {
    let mut world = World::new();
    let mut believed = Believed::new();
    let mut written = 0;
    for act in acts {
        match act {
            Act::Release(f) => {
                for n in 0..NAMES.len() {
                    begin(&world, &mut believed, &mut written, (f, n));
                    close(&world, &mut believed, (f, n));
                }
            }
            Act::Upload(f, n) => {
                begin(&world, &mut believed, &mut written, (f, n));
                close(&world, &mut believed, (f, n));
            }
            Act::Begin(f, n) => begin(&world, &mut believed, &mut written, (f, n)),
            Act::Close(f, n) => close(&world, &mut believed, (f, n)),
            Act::Rename(f, t) => {
                let (from, to) = (FOLDERS[f], FOLDERS[t]);
                let free = !world.incoming(to).exists() && !world.partial(to).exists();
                if world.incoming(from).exists() && free {
                    world.rename(from, to);
                    let moved: Vec<_> = (0..NAMES.len())
                        .filter_map(|n| Some(((t, n), believed.remove(&(f, n))?)))
                        .collect();
                    believed.extend(moved);
                }
            }
            Act::Remove(f) if world.incoming(FOLDERS[f]).exists() => {
                world.remove(FOLDERS[f]);
                believed.retain(|(folder, _), _| *folder != f);
            }
            Act::Remove(_) => {}
            Act::Vanish(f) => {
                let gone = fs::remove_dir_all(world.incoming(FOLDERS[f]));
                let gone_too = fs::remove_dir_all(world.partial(FOLDERS[f]));
                if gone.is_ok() || gone_too.is_ok() {
                    believed.retain(|(folder, _), _| *folder != f);
                }
            }
            Act::LogOut => world.log_out(1),
            Act::Pass(seconds) => world.jump(seconds),
            Act::Restart => world = world.restarted(),
            Act::LedgerFails(fails) => {
                let mut failing = world.ledger.failing.lock().unwrap();
                failing.clear();
                if fails {
                    failing.extend(["seen", "claimed", "withdrawn", "renamed"]);
                }
            }
            Act::Busy(busy) => world.door.set_busy(busy),
        }
        check(&world, &mut believed);
    }
    // In the end everything works again, and whatever is whole is taken.
    world.ledger.failing.lock().unwrap().clear();
    world.door.set_busy(false);
    for _ in 0..4 {
        world.jump(700);
        check(&world, &mut believed);
    }
    for (f, folder) in FOLDERS.iter().enumerate() {
        let whole = (0..3).all(|n| {
            let file = believed.get(&(f, n));
            file.is_some_and(|(closed, open)| closed.is_some() && !open)
        });
        let open = believed.iter().any(|((g, _), (_, open))| *g == f && *open);
        assert!(
            !whole || open || folder.ends_with(".uploading"),
            "{folder} is whole and was not taken: {:?}",
            world.ledger.rows()
        );
    }
    assert_eq!(world.ledger.intents_left(), 0);
    let lost = world
        .ledger
        .rows()
        .into_values()
        .find(|row| row.status == "receiving" && !world.incoming(&row.folder).exists());
    assert_eq!(lost, None, "a package without a folder");
}

/// A folder that went from where its label put it has to be in the spool, with all that was closed.
fn check(world: &World, believed: &mut Believed) {
    for (f, folder) in FOLDERS.iter().enumerate() {
        let files: Vec<_> = believed
            .iter()
            .filter(|((g, _), _)| *g == f)
            .map(|((_, n), file)| (NAMES[*n], file.clone()))
            .collect();
        if files.is_empty() || world.incoming(folder).exists() {
            continue;
        }
        let closed: BTreeMap<_, _> = files
            .iter()
            .map(|(name, (closed, open))| {
                assert!(!open, "{folder}/{name} was taken while it was open");
                ((*name).to_owned(), closed.clone().unwrap())
            })
            .collect();
        assert!(!folder.ends_with(".uploading"), "its name was temporary");
        // What an earlier attempt of the folder held may be there too; what was sent now counts.
        let found = world.ledger.rows().into_keys().find(|package| {
            let root = world.places.spool().join(package);
            let same = |(name, content): (&String, &String)| {
                fs::read_to_string(root.join(name)).is_ok_and(|read| read == *content)
            };
            root.exists() && closed.iter().all(same)
        });
        let Some(found) = found else {
            panic!("{folder} went, and is not in the spool: {closed:?}");
        };
        let spooled = world.spooled(&found);
        if spooled.contains(&"metadata.xml".to_owned()) {
            for sound in ["01_A.wav", "02_B.wav"] {
                assert!(spooled.contains(&sound.to_owned()), "{spooled:?}");
            }
        }
        believed.retain(|(g, _), _| *g != f);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_is_taken_is_whole_and_whatever_is_whole_is_taken(
        acts in proptest::collection::vec(act(), 1..40)
    ) {
        play(acts);
    }
}
