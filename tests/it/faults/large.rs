//! A file beyond the gigabyte after which the server asks for new keys, both ways.

use super::Patient;
use std::fs::{self, File};
use std::io::Read;
use std::os::unix::fs::FileExt;
use std::path::Path;

const SIZE: u64 = (1 << 30) + (1 << 29);
/// Where the content says its place; the rest are zeros, which need no room here.
const MARK_EVERY: u64 = 1 << 20;

fn assert_marked(path: &Path) {
    let mut file = File::open(path).unwrap();
    assert_eq!(file.metadata().unwrap().len(), SIZE);
    let mut block = vec![0; MARK_EVERY as usize];
    let mut wanted = block.clone();
    for number in 0..SIZE / MARK_EVERY {
        file.read_exact(&mut block).unwrap();
        wanted[..8].copy_from_slice(&number.to_be_bytes());
        assert!(block == wanted, "block {number} of {path:?}");
    }
}

#[test]
fn a_gigabyte_and_a_half_goes_and_comes_across_new_keys() {
    let patient = Patient::new();
    let (whole, back) = (
        patient.daemon.home.path().join("big.wav"),
        patient.daemon.home.path().join("back"),
    );
    let file = File::create(&whole).unwrap();
    file.set_len(SIZE).unwrap();
    for number in 0..SIZE / MARK_EVERY {
        file.write_all_at(&number.to_be_bytes(), number * MARK_EVERY)
            .unwrap();
    }
    drop(file);
    let batch = format!(
        "put {} incoming/Work/big.wav\nget incoming/Work/big.wav {}\n",
        whole.display(),
        back.display()
    );
    patient.daemon.sftp_ok(&patient.label, &batch);
    assert_marked(&patient.stored("incoming", "Work/big.wav"));
    assert_marked(&back);
    fs::remove_file(back).unwrap();
    patient.assert_well("a gigabyte and a half");
}
