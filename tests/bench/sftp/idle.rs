//! What it costs that people are there: sessions that do nothing, and logins without end.

use super::clients::{Client, Work, python};
use super::servers::Server;
use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};
use std::time::Instant;

/// Opens so many sessions, says so, and waits to be told the end.
const OPEN_SESSIONS: &str = "
import asyncio, sys, asyncssh
port, user, key, count = sys.argv[1:]
async def one(turn, kept):
    async with turn:
        ssh = await asyncssh.connect('127.0.0.1', int(port), username=user, client_keys=[key],
                                     known_hosts=None, config=None)
        sftp = await ssh.start_sftp_client()
        await sftp.realpath('.')
        kept.append((ssh, sftp))
async def main():
    turn, kept = asyncio.Semaphore(20), []
    await asyncio.gather(*[one(turn, kept) for _ in range(int(count))])
    print('ready', len(kept), flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
asyncio.run(main())
";

/// Memory that idle sessions hold.
pub(super) fn sessions(ours: &Server, theirs: &Server, count: u64) {
    if !python().exists() {
        println!("skipped: AsyncSSH is not installed (make setup-test)");
        return;
    }
    let held = [ours, theirs].map(|server| {
        let login = server.login();
        let before = server.memory_kib();
        let mut child = Command::new(python())
            .args(["-c", OPEN_SESSIONS, &login.port.to_string(), &login.user])
            .arg(&login.key)
            .arg(count.to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        let mut said = BufReader::new(child.stdout.take().unwrap());
        said.read_line(&mut line).unwrap();
        assert_eq!(line.trim(), format!("ready {count}"));
        let held = server.memory_kib().saturating_sub(before);
        drop(child.stdin.take());
        child.wait().unwrap();
        held
    });
    let [a, b] = held.map(|kib| kib as f64 / count as f64);
    println!(
        "{count} idle sessions: A {a:.0} KiB each, B {b:.0} KiB each, B/A {:.2}; A {} MiB more for all of them (goal < 64 MiB for 500)",
        b / a,
        held[0] / 1024
    );
}

/// Logins one after the other, in turns of a tenth; and what ours keeps of them.
pub(super) fn logins(ours: &Server, theirs: &Server, count: u64) {
    let client = Client::openssh("aes128-gcm@openssh.com");
    let turn = |server: &Server| {
        let login = server.login();
        let started = Instant::now();
        for _ in 0..count / 10 {
            client.drive(&login, &Work::Nothing, 1);
        }
        started.elapsed().as_secs_f64()
    };
    turn(ours);
    let before = ours.memory_kib();
    let turns: Vec<_> = (0..10).map(|_| (turn(ours), turn(theirs))).collect();
    let after = ours.memory_kib();
    let each = |sum: f64| sum * 1_000.0 / (count / 10 * 10) as f64;
    let a = each(turns.iter().map(|(a, _)| a).sum());
    let b = each(turns.iter().map(|(_, b)| b).sum());
    println!(
        "{count} logins: A {a:.1} ms each, B {b:.1} ms each, B/A {:.2}; A holds {before} KiB before, {after} KiB after",
        b / a
    );
}
