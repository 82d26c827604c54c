//! Our SFTP server (A) against OpenSSH's (B), driven by the same clients. `make bench-sftp`.
//!
//! Both listen on loopback with keys and folders of their own, once on tmpfs, where fsync costs
//! nothing and what is compared is the servers' work, and once on the disk of the target directory,
//! where ours has made every file durable and hashed before CLOSE is answered and OpenSSH has not.
//! CPU is the server's, with all its children, until the client has ended; what ours takes after
//! that, for hashes, is waited for and told beside.

pub(crate) mod clients;
mod closes;
pub(crate) mod floor;
mod idle;
pub(crate) mod servers;

use crate::pair::{Bench, By, Sample, installed};
use clients::{Client, Login, Work};
use servers::Server;
use std::fs;
use std::path::{Path, PathBuf};

/// What is moved.
struct Material {
    big: PathBuf,
    album: PathBuf,
    small: PathBuf,
}

/// Scales sizes down for a quick look: `BENCH_SFTP_SCALE=4` takes a quarter.
fn scale() -> u64 {
    std::env::var("BENCH_SFTP_SCALE")
        .ok()
        .and_then(|n| n.parse().ok())
        .unwrap_or(1)
}

/// Whether a case is asked for: one whose name has one of the words that follow `sftp` on the command
/// line (`make bench-sftp ONLY=small`), or any when there is none.
fn is_wanted(name: &str) -> bool {
    let words: Vec<String> = std::env::args()
        .skip(1)
        .filter(|word| word != "sftp" && !word.starts_with('-'))
        .collect();
    words.is_empty() || words.iter().any(|word| name.contains(word.as_str()))
}

pub(crate) fn run(bench: &Bench) {
    if !Path::new("/usr/sbin/sshd").exists() || !installed("sftp") {
        println!("skipped: needs openssh-server and openssh-client");
        return;
    }
    let tmpfs = PathBuf::from("/dev/shm");
    let material = material(&tempfile::tempdir_in(&tmpfs).unwrap().keep());
    println!("-- on tmpfs: nothing is made durable by either");
    on_tmpfs(bench, &tmpfs, &material);
    println!("-- on disk: ours is durable when CLOSE is answered and hashed, OpenSSH's is neither");
    on_disk(bench, &bench.dir, &material);
    fs::remove_dir_all(material.big.parent().unwrap()).unwrap();
}

fn material(dir: &Path) -> Material {
    let scale = scale();
    let made = Material {
        big: dir.join("big.wav"),
        album: dir.join("album"),
        small: dir.join("small"),
    };
    noise(&made.big, (1 << 30) / scale);
    fs::create_dir(&made.album).unwrap();
    for number in 1..=12 {
        noise(
            &made.album.join(format!("{number:02}.wav")),
            60_000_000 / scale,
        );
    }
    fs::create_dir(&made.small).unwrap();
    for number in 0..2_000 / scale {
        noise(&made.small.join(format!("{number:04}.txt")), 10_000);
    }
    made
}

/// Bytes that nothing can compress, from a small generator.
fn noise(path: &Path, size: u64) {
    let mut state = 0x9E37_79B9_7F4A_7C15_u64 ^ size;
    let mut block = Vec::with_capacity(1 << 20);
    while block.len() < 1 << 20 {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        block.extend_from_slice(&state.to_le_bytes());
    }
    let mut file = fs::File::create(path).unwrap();
    let mut left = size;
    while left > 0 {
        let piece = left.min(1 << 20) as usize;
        std::io::Write::write_all(&mut file, &block[..piece]).unwrap();
        left -= piece as u64;
    }
}

fn on_tmpfs(bench: &Bench, place: &Path, material: &Material) {
    let (ours, theirs) = (Server::ours(place), Server::openssh(place));
    let duel = Duel {
        bench,
        ours: &ours,
        theirs: &theirs,
    };
    let gcm = Client::openssh("aes128-gcm@openssh.com");
    let big = Work::Put(material.big.clone());
    duel.fight("big: 1 GiB, aes128-gcm", &gcm, &big, 1, "≥ 1.8");
    for (cipher, goal) in [
        ("aes256-gcm@openssh.com", "–"),
        ("chacha20-poly1305@openssh.com", "≥ 1.1"),
        ("aes256-ctr", "≥ 1.1"),
    ] {
        duel.fight(
            &format!("ciphers: 1 GiB, {cipher}"),
            &Client::openssh(cipher),
            &big,
            1,
            goal,
        );
    }
    let album = Work::PutFolder(material.album.clone());
    let small = Work::PutFolder(material.small.clone());
    duel.fight("album: 12 × 60 MB", &gcm, &album, 1, "≥ 1.5");
    duel.fight("small: 2,000 × 10 KB", &gcm, &small, 1, "≥ 1.7");
    duel.fight("clients: 4, an album each", &gcm, &album, 4, "–");
    duel.fight("clients: 16, an album each", &gcm, &album, 16, "≥ 2.5");
    duel.download("download: 1 GiB", &gcm, &material.big, "≥ 1.15");
    for (name, client, goal) in [
        ("psftp: 1 GiB", Client::Psftp, "≥ 1.0"),
        ("lftp: 1 GiB", Client::Lftp, "–"),
        ("rclone: 1 GiB", Client::Rclone, "–"),
        ("paramiko: 1 GiB", Client::Paramiko, "–"),
    ] {
        if client.is_here() {
            duel.fight(name, &client, &big, 1, goal);
        }
    }
    for (name, client) in [("lftp", Client::Lftp), ("rclone", Client::Rclone)] {
        if client.is_here() {
            duel.fight(&format!("{name}: 12 × 60 MB"), &client, &album, 1, "–");
        }
    }
    duel.logins(50);
    if is_wanted("logins without end") {
        idle::logins(&ours, &theirs, 1_000 / scale());
    }
    for keeps in [false, true] {
        floor_against(&theirs, bench, place, [&big, &album, &small], keeps);
    }
    if is_wanted("idle sessions") {
        idle::sessions(&ours, &theirs, 500 / scale());
    }
    println!("ours: {} MiB resident at most", ours.peak_mib());
}

/// What can be reached at all: a server that does nothing, or next to nothing (A), against OpenSSH's
/// (B).
fn floor_against(
    theirs: &Server,
    bench: &Bench,
    place: &Path,
    [big, album, small]: [&Work; 3],
    keeps: bool,
) {
    let what = if keeps { "plain files" } else { "nothing" };
    let cases = [
        (format!("floor: 1 GiB, keeping {what}"), big, 1),
        (format!("floor: small, keeping {what}"), small, 1),
        (format!("floor: clients, 16, keeping {what}"), album, 16),
    ];
    if !cases.iter().any(|(name, ..)| is_wanted(name)) {
        return;
    }
    let floor = Server::floor(place, keeps);
    let duel = Duel {
        bench,
        ours: &floor,
        theirs,
    };
    let gcm = Client::openssh("aes128-gcm@openssh.com");
    for (name, work, many) in cases {
        duel.fight(&name, &gcm, work, many, "–");
    }
}

fn on_disk(bench: &Bench, place: &Path, material: &Material) {
    let (ours, theirs) = (Server::ours(place), Server::openssh(place));
    let duel = Duel {
        bench,
        ours: &ours,
        theirs: &theirs,
    };
    let gcm = Client::openssh("aes128-gcm@openssh.com");
    let big = Work::Put(material.big.clone());
    let album = Work::PutFolder(material.album.clone());
    let small = Work::PutFolder(material.small.clone());
    duel.fight("disk: big, 1 GiB", &gcm, &big, 1, "≥ 1.0");
    duel.fight("disk: album, 12 × 60 MB", &gcm, &album, 1, "≥ 1.0");
    duel.fight(
        "disk: small, 2,000 × 10 KB (B with sftp -f)",
        &Client::openssh_with_fsync("aes128-gcm@openssh.com"),
        &small,
        1,
        "≥ 1.0",
    );
    if is_wanted("disk: closes") {
        closes::run(&ours, 16, 60_000_000 / scale());
    }
    println!("ours: {} MiB resident at most", ours.peak_mib());
}

/// The two servers, and how they are compared.
struct Duel<'a> {
    bench: &'a Bench,
    ours: &'a Server,
    theirs: &'a Server,
}

impl Duel<'_> {
    fn fight(&self, name: &str, client: &Client, work: &Work, many: usize, goal: &str) {
        if !is_wanted(name) {
            return;
        }
        let bytes = work.bytes() * many as u64;
        self.ours.take_afterwards();
        let mut cpu = (Vec::new(), Vec::new());
        self.bench.compare(
            name,
            By::Wall,
            goal,
            || {
                let sample = self.ours.timed(|login| client.drive(login, work, many));
                cpu.0.push(sample.cpu);
                sample
            },
            || {
                let sample = self.theirs.timed(|login| client.drive(login, work, many));
                cpu.1.push(sample.cpu);
                sample
            },
        );
        per_gigabyte(bytes, &cpu);
        let runs = cpu.0.len() as f64;
        let gigabytes = bytes as f64 / 1e9 * runs;
        println!(
            "{:<44} and when it was over, for hashes: A {:.2}",
            "",
            self.ours.take_afterwards() / gigabytes
        );
    }

    fn download(&self, name: &str, client: &Client, file: &Path, goal: &str) {
        if !is_wanted(name) {
            return;
        }
        let bytes = fs::metadata(file).unwrap().len();
        let put = Work::Put(file.to_owned());
        let get = Work::Get(file.file_name().unwrap().to_str().unwrap().to_owned());
        for server in [self.ours, self.theirs] {
            client.drive(&server.login(), &put, 1);
        }
        let mut cpu = (Vec::new(), Vec::new());
        let run = |server: &Server, cpu: &mut Vec<f64>| {
            let sample = server.timed_keeping(|login| client.drive(login, &get, 1));
            cpu.push(sample.cpu);
            sample
        };
        self.bench.compare(
            name,
            By::Wall,
            goal,
            || run(self.ours, &mut cpu.0),
            || run(self.theirs, &mut cpu.1),
        );
        per_gigabyte(bytes, &cpu);
        for server in [self.ours, self.theirs] {
            server.clear();
        }
    }

    /// Logins one after the other: connect, authenticate by key, open SFTP, leave.
    fn logins(&self, count: usize) {
        if !is_wanted("logins in a row") {
            return;
        }
        let client = Client::openssh("aes128-gcm@openssh.com");
        let many = |login: &Login| {
            for _ in 0..count {
                client.drive(login, &Work::Nothing, 1);
            }
        };
        self.bench.compare(
            &format!("logins: {count} in a row"),
            By::Wall,
            "≥ 1",
            || self.ours.timed(many),
            || self.theirs.timed(many),
        );
    }
}

fn per_gigabyte(bytes: u64, cpu: &(Vec<f64>, Vec<f64>)) {
    let gigabytes = bytes as f64 / 1e9;
    let middle = |list: &[f64]| {
        let mut list = list.to_vec();
        list.sort_by(f64::total_cmp);
        list[list.len() / 2] / gigabytes
    };
    let (a, b) = (middle(&cpu.0), middle(&cpu.1));
    println!(
        "{:<44} server CPU-s/GB: A {a:.2} B {b:.2}, A/B {:.2}",
        "",
        a / b
    );
}

/// A sample from a run of something with a wall time and the server's CPU time around it.
fn sample(wall: f64, cpu: f64) -> Sample {
    Sample {
        wall,
        cpu,
        ..Sample::default()
    }
}
