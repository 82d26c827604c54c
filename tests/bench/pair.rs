//! Runs A and B alternately and prints medians and the ratio pair by pair.

use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Instant;
use wait4::Wait4 as _;

/// What one run took.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Sample {
    /// Seconds on the clock.
    pub(crate) wall: f64,
    /// Seconds of processor time, user and system.
    pub(crate) cpu: f64,
    /// Largest resident size of a process, in KiB; 0 when not measured.
    pub(crate) peak_kib: u64,
}

/// Which figure is compared.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum By {
    /// Processor time.
    Cpu,
    /// Time on the clock.
    Wall,
}

impl By {
    fn of(self, sample: Sample) -> f64 {
        match self {
            Self::Cpu => sample.cpu,
            Self::Wall => sample.wall,
        }
    }

    fn unit(self) -> &'static str {
        match self {
            Self::Cpu => "CPU",
            Self::Wall => "wall",
        }
    }
}

/// How a comparison is run.
pub(crate) struct Bench {
    /// Counted runs of each side, after one that is not counted.
    pub(crate) runs: usize,
    /// Where material lies.
    pub(crate) dir: PathBuf,
    /// Nothing is run, only material is made.
    only_material: bool,
}

impl Bench {
    /// `only_material`: nothing is run, what it would be run on is made.
    pub(crate) fn new(only_material: bool) -> Self {
        let runs = std::env::var("BENCH_RUNS")
            .ok()
            .and_then(|n| n.parse().ok());
        let dir = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("bench");
        std::fs::create_dir_all(&dir).unwrap();
        if !only_material {
            println!(
                "{} cores; medians of {} runs each, A and B alternately; ratio = B / A of each pair",
                std::thread::available_parallelism().map_or(0, usize::from),
                runs.unwrap_or(5)
            );
        }
        Self {
            runs: runs.unwrap_or(5),
            dir,
            only_material,
        }
    }

    /// Makes the material of a section in a process of its own, because a child counts what its
    /// parent once held as its own largest size. Does nothing in that process.
    pub(crate) fn material_apart(&self, section: &str) {
        if !self.only_material {
            let mut maker = Command::new(std::env::current_exe().unwrap());
            let made = maker
                .args(["worker", "material", section])
                .status()
                .unwrap();
            assert!(made.success(), "material of {section}");
        }
    }

    /// A path below the material, made by `make` when it is not there yet.
    pub(crate) fn material(&self, name: &str, make: impl FnOnce(&std::path::Path)) -> PathBuf {
        let path = self.dir.join(name);
        if !path.exists() {
            let part = self.dir.join(format!("{name}.part"));
            std::fs::remove_dir_all(&part).ok();
            std::fs::remove_file(&part).ok();
            make(&part);
            std::fs::rename(&part, &path).unwrap();
        }
        path
    }

    /// Runs both sides in turn and prints one line. Gives the median ratio B / A.
    pub(crate) fn compare(
        &self,
        name: &str,
        by: By,
        goal: &str,
        mut ours: impl FnMut() -> Sample,
        mut theirs: impl FnMut() -> Sample,
    ) -> f64 {
        if self.only_material {
            return 0.0;
        }
        ours();
        theirs();
        let pairs: Vec<(Sample, Sample)> = (0..self.runs).map(|_| (ours(), theirs())).collect();
        let a = median(pairs.iter().map(|(a, _)| by.of(*a)));
        let b = median(pairs.iter().map(|(_, b)| by.of(*b)));
        let ratios: Vec<f64> = pairs.iter().map(|(a, b)| by.of(*b) / by.of(*a)).collect();
        let ratio = median(ratios.iter().copied());
        let low = ratios.iter().copied().fold(f64::INFINITY, f64::min);
        let high = ratios.iter().copied().fold(0.0, f64::max);
        let peak = pairs.iter().map(|(a, _)| a.peak_kib).max().unwrap_or(0);
        let peak = if peak > 0 {
            format!(", A peaks at {} MiB", peak / 1024)
        } else {
            String::new()
        };
        println!(
            "{name:<44} A {} B {} {}  ratio {ratio:.2} ({low:.2}–{high:.2}; goal {goal}){peak}",
            shown(a),
            shown(b),
            by.unit()
        );
        ratio
    }

    /// Times one side only and prints one line. Gives the median.
    pub(crate) fn alone(&self, name: &str, goal: &str, mut run: impl FnMut()) -> f64 {
        if self.only_material {
            return 0.0;
        }
        run();
        let time = median((0..self.runs).map(|_| {
            let started = Instant::now();
            run();
            started.elapsed().as_secs_f64()
        }));
        println!("{name:<44} {} (goal {goal})", shown(time));
        time
    }
}

/// Runs commands one after the other as one sample; their output is thrown away.
pub(crate) fn chain(commands: impl IntoIterator<Item = Command>) -> Sample {
    let mut sum = Sample::default();
    for mut command in commands {
        let started = Instant::now();
        let child = command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap_or_else(|error| panic!("{command:?}: {error}"));
        let used = child.wait4().unwrap();
        sum.wall += started.elapsed().as_secs_f64();
        sum.cpu += (used.rusage.utime + used.rusage.stime).as_secs_f64();
        sum.peak_kib = sum.peak_kib.max(used.rusage.maxrss / 1024);
        // `dropzone check` ends with 1 where it found errors.
        assert!(
            used.status.code().is_some_and(|code| code < 2),
            "{command:?} failed"
        );
    }
    sum
}

/// A command from its words.
pub(crate) fn command(program: &str, arguments: &[&str]) -> Command {
    let mut command = Command::new(program);
    command.args(arguments);
    command
}

/// Whether a program can be run; says so when not.
pub(crate) fn installed(program: &str) -> bool {
    let found = std::env::var_os("PATH").is_some_and(|path| {
        std::env::split_paths(&path).any(|folder| folder.join(program).is_file())
    });
    if !found {
        println!("skipped: {program} is not installed");
    }
    found
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

fn shown(seconds: f64) -> String {
    if seconds < 1.0 {
        format!("{:.1} ms", seconds * 1000.0)
    } else {
        format!("{seconds:.2} s")
    }
}
