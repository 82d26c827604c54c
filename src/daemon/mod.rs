//! Wires the edges: starts in order, supervises, stops in order. The only place where an edge meets
//! another.

use crate::config::{Config, LogFormat};
use crate::domain::arrival::{Arrival, Arrivals};
use crate::domain::content::{Content, FileKey, Memory};
use crate::domain::fault::Fault;
use crate::domain::upload::UploadEvent;
use crate::intake::{Fresh, Intake, Wires};
use crate::meter::DoorMeter;
use crate::sftp::{self, Door};
use crate::store::{Remembered, Store};
use anyhow::{Context, bail};
use early::Early;
use live::{Live, Parts};
use ops::audit::Audit;
use ops::metrics::Watched;
use ops::penalties::Keeper;
use sd_notify::NotifyState;
use std::fs::DirBuilder;
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use tokio::net::TcpListener;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;
use tracing_subscriber::EnvFilter;

pub mod check;
pub mod clock;
pub mod dispatch;
pub mod early;
pub mod listener;
pub mod live;
pub mod lock;
pub mod onboarding;
pub mod ops;
pub mod pipeline;
pub mod prepare;
pub mod preview;
pub mod reports;
pub mod shipping;
mod takedown;
pub mod update;
pub mod usage;

/// How often what is kept for a while is looked through.
const SWEEP_EVERY: Duration = Duration::from_hours(24);

/// How often that thread looks whether it is to stop.
const SWEEP_LOOK: Duration = Duration::from_millis(250);

/// An error with its causes in one line, for the log and for who gave the command. A cause that the
/// text has already is not said again.
pub fn words(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        let words = inner.to_string();
        if !text.contains(&words) {
            text.push_str(": ");
            text.push_str(&words);
        }
        cause = inner.source();
    }
    text
}

/// Where the crash tests may kill the process; does nothing unless they ask.
pub fn crash_point(name: &str) {
    crate::intake::crash::crash_point(name);
}

/// Tells the store what it cannot know by itself: the operator's addresses, and what DSPs are called
/// in letters. A profile that cannot be read costs a name, not the command.
pub fn introduce(store: &Store, config: &Config) {
    store.set_operator(&config.notify.operator);
    let profiles = config.profiles().unwrap_or_default();
    store.set_dsp_names(
        &profiles
            .into_iter()
            .map(|profile| (profile.id, profile.name))
            .collect(),
    );
}

/// Runs the daemon until SIGTERM or SIGINT. `config_file` is read again on SIGHUP.
pub fn serve(config: Config, config_file: Option<PathBuf>) -> anyhow::Result<()> {
    start_log(&config)?;
    let places = config.places();
    make_directories(&config)?;
    let _lock = lock::take(&places)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .thread_name("dropzone-net")
        .build()?;
    // Before anything that takes time: a signal without a handler would kill us in the middle.
    let signals = {
        let _inside = runtime.enter();
        Signals::listen()?
    };
    let audit = Audit::start(&config.log.audit)?;
    let store =
        Store::open(&places.database(), clock::now).context("the database cannot be opened")?;
    introduce(&store, &config);
    let epoch = store.begin_epoch(clock::now())?;
    let live = Arc::new(Live::new(Parts::make(config.clone())?));
    let daemon = Daemon {
        config,
        config_file,
        store,
        epoch,
        live,
        audit: audit.clone(),
        meter: Arc::default(),
    };
    let outcome = runtime.block_on(daemon.run(signals));
    audit.finish(AUDIT_FAREWELL);
    // Threads that are still at work are left behind: what they do is repeated at the next start.
    runtime.shutdown_background();
    outcome
}

fn start_log(config: &Config) -> anyhow::Result<()> {
    let mut filter = EnvFilter::try_new(&config.log.level)
        .with_context(|| format!("log.level {:?} cannot be read", config.log.level))?;
    // The library calls it an error when a client sends nonsense, which whoever likes can do for
    // ever; what matters of it is told by us.
    if !config.log.level.contains("russh") {
        filter = filter.add_directive("russh=off".parse()?);
    }
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr);
    // A second start in one process (tests) keeps the first one's log.
    match config.log.format {
        LogFormat::Json => builder.json().flatten_event(true).try_init().ok(),
        LogFormat::Text => builder.with_ansi(false).try_init().ok(),
    };
    Ok(())
}

/// Everything lies on one file system, because a claim is a rename.
fn make_directories(config: &Config) -> anyhow::Result<()> {
    let places = config.places();
    let mut builder = DirBuilder::new();
    builder.recursive(true).mode(0o700);
    for dir in [
        places.root().to_path_buf(),
        places.labels(),
        places.spool(),
        places.damaged(),
        places.mail(),
    ] {
        builder
            .create(&dir)
            .with_context(|| format!("cannot create {}", dir.display()))?;
    }
    let device = std::fs::metadata(places.root())?.dev();
    for dir in [places.labels(), places.spool()] {
        if std::fs::metadata(&dir)?.dev() != device {
            bail!(
                "{} is on another file system than {}: taking a package in is a rename and needs one",
                dir.display(),
                places.root().display()
            );
        }
    }
    Ok(())
}

/// How long the end waits for the audit log to be written.
const AUDIT_FAREWELL: Duration = Duration::from_secs(5);

struct Daemon {
    config: Config,
    config_file: Option<PathBuf>,
    store: Store,
    epoch: u64,
    live: Arc<Live>,
    audit: Audit,
    meter: Arc<DoorMeter>,
}

impl Daemon {
    async fn run(self, mut signals: Signals) -> anyhow::Result<()> {
        let (stop_sender, stop) = watch::channel(false);
        let stopping = Arc::new(AtomicBool::new(false));
        let (claimed, wake) = pipeline::wake();
        let memory = self.memory();
        let early = Early::new(
            Arc::clone(&memory),
            Arc::clone(&self.live),
            Arc::clone(&stopping),
        );
        let early = Arc::new(early);
        let (door, intake) = self.door_and_intake(claimed, &memory, &early)?;
        let keeper = Arc::new(Keeper::begin(Arc::clone(&door), self.store.clone())?);
        let watched = self.watched(&door);
        self.watch(&watched, stop.clone()).await?;
        let recovering = Arc::clone(&intake);
        let recovery = tokio::task::spawn_blocking(move || recovering.recover());
        tokio::select! {
            recovered = recovery => recovered?.map_err(anyhow_fault).context("recovery failed")?,
            // What was begun is gone on with at the next start, as after a crash.
            () = signals.stop() => return Ok(()),
        }
        let listener = listener::open(&self.config.sftp.listen).await?;
        let address = listener.local_addr()?;
        let pipeline = pipeline::Pipeline {
            store: self.store.clone(),
            live: Arc::clone(&self.live),
            memory,
            early,
            stop: Arc::clone(&stopping),
        };
        let workers = self.workers(&intake, pipeline, wake, &stopping)?;
        let serving = tokio::spawn(Arc::clone(&door).run(listener, stop.clone()));
        watched.accepting.store(true, Ordering::Relaxed);
        let drain = Duration::from_secs(self.config.sftp.drain_seconds);
        let pushing = tokio::spawn(shipping::run(
            self.store.clone(),
            Arc::clone(&self.live),
            self.epoch,
            stop,
            drain,
        ));
        for fingerprint in door.fingerprints() {
            tracing::info!(fingerprint, "host key");
        }
        tracing::info!(%address, version = env!("CARGO_PKG_VERSION"), "ready");
        notify(&[NotifyState::Ready, NotifyState::Status("taking uploads")]);

        let has_died = || {
            let dead = workers.iter().find(|worker| worker.is_finished());
            dead.map(|worker| worker.thread().name().unwrap_or("?").to_owned())
                .or_else(|| serving.is_finished().then(|| "SFTP server".to_owned()))
                .or_else(|| pushing.is_finished().then(|| "pushes".to_owned()))
        };
        let outcome = self
            .until_stopped(has_died, &keeper, &intake, &mut signals)
            .await;

        let deadline = Instant::now() + drain;
        notify(&[NotifyState::Stopping]);
        tracing::info!("stopping: running uploads may end");
        stopping.store(true, Ordering::Relaxed);
        stop_sender.send(true).ok();
        tokio::select! {
            _ = async { (serving.await.ok(), pushing.await.ok(), join(workers, deadline).await) } => tracing::info!("stopped"),
            () = signals.stop() => tracing::warn!("told twice: stopped at once"),
        }
        tokio::task::spawn_blocking(move || keeper.end()).await?;
        outcome
    }

    fn watched(&self, door: &Arc<Door>) -> Arc<Watched> {
        Arc::new(Watched {
            door: Arc::clone(door),
            meter: Arc::clone(&self.meter),
            store: self.store.clone(),
            audit: self.audit.clone(),
            places: self.config.places(),
            accepting: AtomicBool::new(false),
            ready_free_bytes: self.config.metrics.ready_free_mib.saturating_mul(1 << 20),
            started: clock::now(),
        })
    }

    /// Opens the pages for whoever watches, if they are wanted.
    async fn watch(
        &self,
        watched: &Arc<Watched>,
        stop: watch::Receiver<bool>,
    ) -> anyhow::Result<()> {
        let listen = &self.config.metrics.listen;
        if listen.is_empty() {
            return Ok(());
        }
        let listener = TcpListener::bind(listen)
            .await
            .with_context(|| format!("metrics.listen: cannot listen on {listen}"))?;
        let address = listener.local_addr()?;
        if !address.ip().is_loopback() {
            tracing::warn!(
                %address,
                "metrics.listen can be reached from other machines, and asks for no login"
            );
        }
        let watched = Arc::clone(watched);
        let pages: ops::http::Pages = Arc::new(move |path| watched.page(path));
        tokio::spawn(ops::http::serve(listener, pages, stop));
        tracing::info!(%address, "metrics");
        Ok(())
    }

    fn door_and_intake(
        &self,
        claimed: std::sync::mpsc::Sender<Fresh>,
        memory: &Arc<dyn Memory>,
        early: &Arc<Early>,
    ) -> anyhow::Result<(Arc<Door>, Arc<Intake>)> {
        let places = self.config.places();
        // The door tells intake and intake asks the door: one of them has to come first.
        let ear: Arc<OnceLock<Arc<Intake>>> = Arc::default();
        let listening = Arc::clone(&ear);
        let tell = move |event: UploadEvent| {
            if let Some(intake) = listening.get() {
                intake.tell(event);
            }
        };
        let wires = sftp::Wires {
            accounts: Arc::new(self.store.clone()),
            events: Arc::new(tell),
            audit: self.audit.sink(),
            arrivals: Arc::new(Ear(Arc::clone(&ear))),
            meter: Arc::clone(&self.meter),
            clock: clock::now,
        };
        let door = Door::new(self.config.sftp.clone(), places.clone(), wires)
            .context("the SFTP server cannot be set up")?;
        let early = Arc::clone(early);
        let intake = Intake::new(
            self.config.intake.clone(),
            self.config.limits.clone(),
            places,
            Wires {
                gate: door.gate(),
                ledger: Arc::new(self.store.clone()),
                memory: Arc::clone(memory),
                claimed: Arc::new(move |fresh| {
                    claimed.send(fresh).ok();
                }),
                read: Arc::new(move |path: &Path, key| early.tell(path, key)),
                audit: self.audit.sink(),
                meter: Arc::clone(&self.meter),
            },
        );
        ear.set(Arc::clone(&intake)).ok();
        Ok((door, intake))
    }

    /// Half the cores are enough to keep up with any upload, and leave it the others.
    fn early_workers(&self) -> usize {
        let threads = match self.config.inspect.threads {
            0 => std::thread::available_parallelism().map_or(1, usize::from),
            threads => threads,
        };
        threads.div_ceil(2)
    }

    fn memory(&self) -> Arc<dyn Memory> {
        let most = self.config.inspect.remembered_mib.saturating_mul(1 << 20);
        Arc::new(Remembered::open(&self.config.places().measured(), most))
    }

    /// The blocking parts, each on a thread of its own.
    fn workers(
        &self,
        intake: &Arc<Intake>,
        pipeline: pipeline::Pipeline,
        wake: std::sync::mpsc::Receiver<Fresh>,
        stopping: &Arc<AtomicBool>,
    ) -> anyhow::Result<Vec<JoinHandle<()>>> {
        let intake = Arc::clone(intake);
        let (taker, stop) = (Arc::clone(&intake), Arc::clone(stopping));
        let taking = thread("dropzone-intake", move || taker.run(&stop))?;
        let (keeping, stop_keeping) = (Arc::clone(&intake), Arc::clone(stopping));
        let sweeping = thread("dropzone-sweep", move || sweep(&keeping, &stop_keeping))?;
        let early = Arc::clone(&pipeline.early);
        let inspecting = thread("dropzone-inspect", move || pipeline.run(&wake))?;
        let (store, live, stop) = (
            self.store.clone(),
            Arc::clone(&self.live),
            Arc::clone(stopping),
        );
        let mailing = thread("dropzone-mail", move || {
            dispatch::letters(&store, &live, &stop);
        })?;
        let mut workers = vec![taking, inspecting, mailing, sweeping];
        for _ in 0..self.early_workers() {
            let early = Arc::clone(&early);
            workers.push(thread("dropzone-early", move || early.run())?);
        }
        Ok(workers)
    }

    /// Returns when a signal asks for it, or when a part died, which `has_died` names (systemd
    /// starts us again).
    async fn until_stopped(
        &self,
        has_died: impl Fn() -> Option<String>,
        keeper: &Arc<Keeper>,
        intake: &Intake,
        signals: &mut Signals,
    ) -> anyhow::Result<()> {
        let beat =
            sd_notify::watchdog_enabled().map_or(Duration::from_secs(5), |period| period / 3);
        let mut ticks = tokio::time::interval(beat.min(Duration::from_secs(5)));
        loop {
            tokio::select! {
                _ = signals.terminate.recv() => return Ok(()),
                _ = signals.interrupt.recv() => return Ok(()),
                _ = signals.hangup.recv() => {
                    self.reload();
                    intake.try_parked();
                }
                _ = ticks.tick() => {
                    if let Some(dead) = has_died() {
                        bail!("a part of the daemon ended ({dead}); see the log above");
                    }
                    if self.store.has_stopped() {
                        bail!("the database's writer has stopped; see the log above");
                    }
                    self.pulse().await;
                    let keeper = Arc::clone(keeper);
                    tokio::task::spawn_blocking(move || keeper.tend()).await?;
                }
            }
        }
    }

    /// Tells systemd that we live, if the store answers: a daemon that cannot reach its state is
    /// better started again.
    async fn pulse(&self) {
        let store = self.store.clone();
        if let Ok(Ok(_)) = tokio::task::spawn_blocking(move || store.overview()).await {
            notify(&[NotifyState::Watchdog]);
        }
    }

    /// Reads the configuration again; a bad one changes nothing.
    fn reload(&self) {
        // Whoever rotates logs sends the same signal, and his file is gone whatever the new
        // configuration says.
        self.audit.reopen();
        let fresh = Config::load(self.config_file.as_deref()).map_err(anyhow::Error::from);
        match fresh.and_then(|config| Ok((config.clone(), Parts::make(config)?))) {
            Ok((config, parts)) => {
                introduce(&self.store, &config);
                if config.sftp != self.config.sftp
                    || config.intake != self.config.intake
                    || config.data_dir != self.config.data_dir
                    || config.log != self.config.log
                    || config.metrics != self.config.metrics
                {
                    tracing::warn!(
                        "changes of data_dir, log, sftp, intake and metrics take effect at the next start"
                    );
                }
                self.live.exchange(parts);
                tracing::info!("configuration read again");
            }
            Err(error) => tracing::error!(
                error = format!("{error:#}"),
                "the new configuration is bad; the old one stays"
            ),
        }
    }
}

/// Intake, as soon as it is there; the door, which tells it, comes first.
struct Ear(Arc<OnceLock<Arc<Intake>>>);

impl Arrivals for Ear {
    fn begun(&self, key: &FileKey) {
        if let Some(intake) = self.0.get() {
            intake.begun(key);
        }
    }

    fn ended(&self, arrival: Arrival<'_>, content: Option<&Content>) {
        if let Some(intake) = self.0.get() {
            intake.ended(arrival, content);
        }
    }

    fn given_up(&self, key: &FileKey) {
        if let Some(intake) = self.0.get() {
            intake.given_up(key);
        }
    }

    fn moved(&self, before: &FileKey, after: &FileKey) {
        if let Some(intake) = self.0.get() {
            intake.moved(before, after);
        }
    }
}

/// Once a day, and at the start, removes what is kept for a while only.
fn sweep(intake: &Intake, stop: &AtomicBool) {
    let mut due = Instant::now();
    while !stop.load(Ordering::Relaxed) {
        if Instant::now() >= due {
            intake.expire(clock::now());
            due = Instant::now() + SWEEP_EVERY;
        }
        std::thread::sleep(SWEEP_LOOK);
    }
}

fn anyhow_fault(fault: Fault) -> anyhow::Error {
    anyhow::Error::new(fault)
}

fn thread(name: &str, body: impl FnOnce() + Send + 'static) -> anyhow::Result<JoinHandle<()>> {
    std::thread::Builder::new()
        .name(name.to_owned())
        .spawn(body)
        .with_context(|| format!("cannot start the thread {name}"))
}

fn notify(state: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(state) {
        tracing::warn!(%error, "systemd cannot be told");
    }
}

/// Everything that we are told by signal, listened to from before the first slow step.
struct Signals {
    terminate: Signal,
    interrupt: Signal,
    hangup: Signal,
}

impl Signals {
    fn listen() -> anyhow::Result<Self> {
        let listen = |kind| signal(kind).context("signals cannot be listened to");
        Ok(Self {
            terminate: listen(SignalKind::terminate())?,
            interrupt: listen(SignalKind::interrupt())?,
            hangup: listen(SignalKind::hangup())?,
        })
    }

    /// Resolves when we are told to stop.
    async fn stop(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

/// Waits for the workers, not longer than `deadline`.
async fn join(workers: Vec<JoinHandle<()>>, deadline: Instant) {
    while workers.iter().any(|worker| !worker.is_finished()) && Instant::now() < deadline {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
