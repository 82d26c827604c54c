//! The other clients that Debian has.

use super::*;

/// The URL of a label with its password, for clients that take one.
fn url(server: &Server) -> String {
    let password = PASSWORD.replace(' ', "%20");
    format!("sftp://alpha:{password}@127.0.0.1:{}", server.port)
}

fn lftp(server: &Server, commands: &str) -> Output {
    let connect = "ssh -a -x -F none -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null \
         -o LogLevel=ERROR -o PubkeyAuthentication=no";
    let script = format!(
        "set sftp:connect-program \"{connect}\"; set net:max-retries 1; set net:timeout 20; \
         set cmd:fail-exit yes; open {}; {commands}; bye",
        url(server)
    );
    run(server.program("lftp").args(["-c", &script]))
}

#[test]
fn lftp_mirrors_in_parallel_and_resumes() {
    if !installed("lftp") {
        return;
    }
    mirrored_and_resumed(&Server::start());
}

/// On a file system in memory nothing waits for a disk, and jobs are done where they are asked.
#[test]
fn all_is_the_same_where_nothing_waits_for_a_disk() {
    let memory = Path::new("/dev/shm");
    if !installed("lftp") || !memory.is_dir() {
        return;
    }
    let server = Server::below(memory, Settings::default());
    mirrored_and_resumed(&server);
    // Requests that wait for each other, sent in one go.
    server.local("a.wav", 5_000_000);
    server.sftp_ok(
        "alpha",
        "mkdir incoming/New\nput a.wav incoming/New/a.wav\nput a.wav incoming/New/a.wav\n\
         rename incoming/New/a.wav incoming/New/b.wav\nrename incoming/New incoming/Newer\n\
         get incoming/Newer/b.wav back2.wav\nrm incoming/Newer/b.wav\nrmdir incoming/Newer\n",
    );
    assert_same(&server.path("a.wav"), &server.path("back2.wav"));
    assert!(!server.stored("alpha", "incoming/Newer").exists());
}

fn mirrored_and_resumed(server: &Server) {
    let local = server.release("Rel");
    let output = lftp(server, "mirror -R --parallel=3 Rel incoming/Rel");
    assert!(output.status.success(), "{}", words(&output));
    assert_received(server, &local, "Rel");
    let again = lftp(server, "mirror -R --verbose Rel incoming/Rel");
    assert!(again.status.success(), "{}", words(&again));
    assert!(!words(&again).contains("Transferring"), "{}", words(&again));
    // Continue a file whose beginning is there.
    let whole = server.local("big.wav", 3_000_000);
    fs::write(
        server.path("start"),
        &fs::read(&whole).unwrap()[..1_000_001],
    )
    .unwrap();
    let script = "put start -o incoming/Rel/big.wav; put -c big.wav -o incoming/Rel/big.wav; \
                  mv incoming/Rel/big.wav incoming/Rel/big2.wav; cls -l incoming/Rel; \
                  get incoming/Rel/big2.wav -o back.wav; rm incoming/Rel/big2.wav";
    let output = lftp(server, script);
    assert!(output.status.success(), "{}", words(&output));
    assert_same(&whole, &server.path("back.wav"));
    let refused = lftp(server, "put big.wav -o incoming/big.wav");
    assert!(!refused.status.success());
    assert!(
        words(&refused).contains("Create one folder"),
        "{}",
        words(&refused)
    );
}

#[test]
fn rclone_syncs_twice_and_the_second_transfers_nothing() {
    if !installed("rclone") {
        return;
    }
    let server = Server::start();
    let local = server.release("Rel");
    let config = format!(
        "[zone]\ntype = sftp\nhost = 127.0.0.1\nuser = alpha\nport = {}\nkey_file = {}\n",
        server.port,
        server.path("alpha_key").display()
    );
    fs::write(server.path("rclone.conf"), config).unwrap();
    let rclone = |arguments: &[&str]| {
        let mut command = server.program("rclone");
        command
            .args(["--config", "rclone.conf", "--retries", "1"])
            .args(arguments);
        run(&mut command)
    };
    let first = rclone(&["sync", "Rel", "zone:incoming/Rel", "-v"]);
    assert!(first.status.success(), "{}", words(&first));
    assert_received(&server, &local, "Rel");
    let second = rclone(&["sync", "Rel", "zone:incoming/Rel", "-v"]);
    assert!(second.status.success(), "{}", words(&second));
    assert!(!words(&second).contains("Copied"), "{}", words(&second));
    let check = rclone(&["check", "--download", "Rel", "zone:incoming/Rel"]);
    assert!(check.status.success(), "{}", words(&check));
    let about = rclone(&["about", "zone:incoming"]);
    assert!(about.status.success(), "{}", words(&about));
    let moved = rclone(&[
        "moveto",
        "zone:incoming/Rel/artwork.jpg",
        "zone:incoming/Rel/cover.jpg",
    ]);
    assert!(moved.status.success(), "{}", words(&moved));
    let purged = rclone(&["purge", "zone:incoming/Rel"]);
    assert!(purged.status.success(), "{}", words(&purged));
    assert!(!server.stored("alpha", "incoming/Rel").exists());
}

#[test]
fn curl_makes_folders_uploads_and_resumes() {
    if !installed("curl") {
        return;
    }
    let version = words(&run(Command::new("curl").arg("--version")));
    assert!(
        version.contains("sftp"),
        "a curl without SFTP is of no use here: {version}"
    );
    let server = Server::start();
    let local = server.local("a.wav", 2_000_000);
    let target = format!(
        "sftp://127.0.0.1:{}/incoming/Rel/resources/a.wav",
        server.port
    );
    let user = format!("alpha:{PASSWORD}");
    let curl = |arguments: &[&str]| {
        let mut command = server.program("curl");
        command.args(["-sS", "-k", "-u", &user]).args(arguments);
        run(&mut command)
    };
    let put = curl(&["--ftp-create-dirs", "-T", "a.wav", &target]);
    assert!(put.status.success(), "{}", words(&put));
    assert_same(
        &local,
        &server.stored("alpha", "incoming/Rel/resources/a.wav"),
    );
    let stored = server.stored("alpha", "incoming/Rel/resources/a.wav");
    let start = fs::read(&local).unwrap()[..700_001].to_vec();
    fs::write(&stored, start).unwrap();
    let resumed = curl(&["-C", "-", "-T", "a.wav", &target]);
    assert!(resumed.status.success(), "{}", words(&resumed));
    assert_same(&local, &stored);
    let back = curl(&["-o", "back.wav", &target]);
    assert!(back.status.success(), "{}", words(&back));
    assert_same(&local, &server.path("back.wav"));
    let loose = format!("sftp://127.0.0.1:{}/incoming/a.wav", server.port);
    assert!(!curl(&["-T", "a.wav", &loose]).status.success());
}

#[test]
fn psftp_uploads_resumes_and_asks_twice() {
    if !installed("psftp") {
        return;
    }
    let server = Server::start();
    let local = server.release("Rel");
    let psftp = |batch: &str| {
        fs::write(server.path("batch"), batch).unwrap();
        let fingerprint = server.door.fingerprints()[0].clone();
        let (_, hash) = fingerprint.split_once(' ').unwrap();
        let mut command = server.program("psftp");
        command
            .args([
                "-P",
                &server.port.to_string(),
                "-pw",
                PASSWORD,
                "-batch",
                "-noagent",
            ])
            .args(["-hostkey", hash, "-b", "batch", "alpha@127.0.0.1"]);
        run(&mut command)
    };
    let put = psftp("cd incoming\nput -r Rel\nls Rel\nquit\n");
    assert!(put.status.success(), "{}", words(&put));
    assert_received(&server, &local, "Rel");
    let whole = server.local("big.wav", 400_000);
    fs::write(server.path("start"), &fs::read(&whole).unwrap()[..100_001]).unwrap();
    let resumed = psftp(
        "put start incoming/Rel/big.wav\nreput big.wav incoming/Rel/big.wav\n\
         mv incoming/Rel/big.wav incoming/Rel/big2.wav\nchmod 644 incoming/Rel/big2.wav\n\
         get incoming/Rel/big2.wav back.wav\nrm incoming/Rel/big2.wav\nquit\n",
    );
    assert!(resumed.status.success(), "{}", words(&resumed));
    assert_same(&whole, &server.path("back.wav"));
    let refused = psftp("put big.wav incoming/big.wav\nquit\n");
    // It shows its own words for the code, never ours.
    assert!(
        words(&refused).contains("permission denied"),
        "{}",
        words(&refused)
    );
}
