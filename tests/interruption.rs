//! Whatever ends a run, finished jobs are kept, and the same command continues to the same bytes.
//!
//! These tests look at the clock and kill at moments, so they have a process of their own and run
//! one at a time.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on says so by panicking")]
#![cfg(unix)]

mod common;

use std::collections::BTreeSet;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, MutexGuard};
use std::time::{Duration, Instant};

use common::{SEARCH, command, sha256, succeed};
use sweep::store::layout;
use sweep::store::part::{self, Found};
use sweep::store::{Access, Store};

/// Six core-seconds or so, in jobs of some milliseconds.
const SWEEP: &str = "\
seed = 3
replicates = 60
[grid]
N = 3
Q = [1, 2]
T = [64, 128]
batch_size = 32
eta_boost = [0.05, 0.1]
[training]
stop_at = \"budget\"
max_samples = 800_000
";

fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

fn with(config: &str) -> tempfile::TempDir {
    let home = tempfile::tempdir().unwrap();
    fs::write(home.path().join("long.toml"), config).unwrap();
    home
}

fn start(home: &Path, arguments: &str) -> Child {
    command(home, arguments).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap()
}

fn signal(child: &Child, name: &str) {
    assert!(Command::new("kill").args([format!("-{name}"), child.id().to_string()]).status().unwrap().success());
}

/// How long it takes until a signal has ended a run, and what the run said; its exit code must be
/// 130.
fn ended_by(child: Child, name: &str) -> (Duration, String) {
    let sent = Instant::now();
    signal(&child, name);
    let output = child.wait_with_output().unwrap();
    let took = sent.elapsed();
    let err = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(130), "{err}");
    (took, err)
}

/// Whether this process, and so those that it starts, ignores SIGHUP; not known elsewhere than on
/// Linux.
fn hang_ups_are_ignored_here() -> bool {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    ignored.is_some_and(|bits| u64::from_str_radix(bits.trim(), 16).unwrap() & 1 == 1)
}

/// Waits until `condition` holds, looking without a pause.
fn watch(what: &str, mut condition: impl FnMut() -> bool) {
    let start = Instant::now();
    while !condition() {
        assert!(start.elapsed() < Duration::from_secs(60), "waited for {what}");
        std::hint::spin_loop();
    }
}

fn files(directory: &Path) -> Vec<PathBuf> {
    fs::read_dir(directory).into_iter().flatten().map(|entry| entry.unwrap().path()).collect()
}

/// Whether something is being written in a directory at this moment.
fn writing(directory: &Path) -> bool {
    let unfinished = |path: &PathBuf| path.file_name().unwrap().to_string_lossy().starts_with(".unfinished-");
    files(directory).iter().any(unfinished)
}

/// SplitMix64, for moments.
struct Moments(u64);

impl Moments {
    /// A moment before `end`, all equally likely.
    fn before(&mut self, end: Duration) -> Duration {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        end.mul_f64((z >> 11) as f64 / (1u64 << 53) as f64)
    }
}

/// What a run directory holds: every part is whole, whatever happened.
fn finished_jobs(run: &Path) -> usize {
    for path in files(&run.join("parts")).iter().filter(|path| path.to_string_lossy().ends_with(layout::PART)) {
        assert!(matches!(part::read(path).unwrap(), Found::Whole(..)), "{}", path.display());
    }
    Store::open(run, Access::ReadOnly).unwrap().done().len()
}

const TABLES: [&str; 5] = ["runs.parquet", "timings.parquet", "summary.parquet", "needed.parquet", "manifest.json"];

/// Thirty-six kills: 16 at any moment, 10 while a part is being written, 10 while the final tables
/// are.
#[test]
fn a_run_killed_at_any_instant_loses_nothing_and_ends_in_the_same_bytes() {
    let _alone = alone();
    let home = with(SWEEP);
    let began = Instant::now();
    succeed(home.path(), "run long.toml -j 2 -q -o whole");
    let whole = began.elapsed();
    let expected = sha256(&home.path().join("whole/runs.parquet"));
    let run = home.path().join("killed");
    let mut moments = Moments(1);
    let mut done = 0;
    let kill = |child: &mut Child| {
        child.kill().unwrap();
        child.wait().unwrap();
    };

    let (mut anywhere, mut in_parts, mut attempts) = (0, 0, 0);
    while anywhere < 16 || in_parts < 10 {
        attempts += 1;
        assert!(attempts < 300, "only {in_parts} of {attempts} kills hit a part");
        let mut child = start(home.path(), "run long.toml -j 2 -q -o killed");
        let before = files(&run.join("parts")).len();
        if anywhere < 16 {
            std::thread::sleep(moments.before(whole / 8));
            anywhere += 1;
            kill(&mut child);
        } else {
            // A first part is there, so what is being written is a later one and not the test at
            // the start.
            watch("a part", || files(&run.join("parts")).len() > before + 1 || child.try_wait().unwrap().is_some());
            watch("a part being written", || writing(&run.join("parts")) || child.try_wait().unwrap().is_some());
            kill(&mut child);
            in_parts += usize::from(writing(&run.join("parts")));
        }
        let now = finished_jobs(&run);
        assert!(now >= done, "{done} jobs were finished, {now} are kept");
        done = now;
        if done == 480 {
            // All done too early: check it, and begin again.
            succeed(home.path(), "run long.toml -j 2 -q -o killed");
            assert_eq!(sha256(&run.join("runs.parquet")), expected);
            fs::remove_dir_all(&run).unwrap();
            done = 0;
        }
    }
    succeed(home.path(), "run long.toml -j 2 -q -o killed");
    assert_eq!(sha256(&run.join("runs.parquet")), expected);
    assert!(!writing(&run.join("parts")), "what killed runs left is cleared away");

    let mut in_tables = 0;
    for attempt in 0.. {
        assert!(attempt < 500, "only {in_tables} kills hit the tables");
        if in_tables == 10 {
            break;
        }
        TABLES.iter().for_each(|name| drop(fs::remove_file(run.join(name))));
        let mut child = start(home.path(), "run long.toml -j 2 -q -o killed");
        // The config is written first; then tables, one by one.
        watch("tables", || run.join("runs.parquet").exists() || child.try_wait().unwrap().is_some());
        std::thread::sleep(moments.before(Duration::from_millis(8)));
        kill(&mut child);
        let missing = TABLES.iter().filter(|name| !run.join(name).exists()).count();
        in_tables += usize::from(missing > 0 && missing < TABLES.len());
        assert_eq!(finished_jobs(&run), 480);
    }
    succeed(home.path(), "run long.toml -j 2 -q -o killed");
    assert_eq!(sha256(&run.join("runs.parquet")), expected);
    eprintln!("killed at {anywhere} moments, {in_parts} times in a part, {in_tables} times in the tables");
}

/// A search that is killed at twenty moments decides as if it had not been.
#[test]
fn a_search_killed_at_any_instant_ends_in_the_same_bytes() {
    let _alone = alone();
    let home = with(&SEARCH.replace("replicates = 40", "replicates = 400").replace("T = [32,", "T = [32, 4096,"));
    let began = Instant::now();
    succeed(home.path(), "run long.toml -j 2 -q -o whole");
    let whole = began.elapsed();
    let expected = sha256(&home.path().join("whole/runs.parquet"));
    let run = home.path().join("killed");
    let (mut moments, mut kept) = (Moments(2), BTreeSet::new());
    for _ in 0..20 {
        let mut child = start(home.path(), "run long.toml -j 2 -q -o killed");
        std::thread::sleep(moments.before(whole / 4));
        child.kill().unwrap();
        child.wait().unwrap();
        if run.join("parts").exists() {
            kept.insert(finished_jobs(&run));
        }
    }
    assert!(kept.len() > 3, "kills came at different times: {kept:?}");
    succeed(home.path(), "run long.toml -j 2 -q -o killed");
    assert_eq!(sha256(&run.join("runs.parquet")), expected);
}

/// Runs that a search has looked at several times count once, in what the run says and in its
/// status.
#[test]
fn an_interrupted_search_counts_the_runs_that_its_status_counts() {
    let _alone = alone();
    let home = with(&SEARCH.replace("replicates = 40", "replicates = 2000").replace("T = [32,", "T = [32, 4096,"));
    let run = home.path().join("output/long");
    let mut child = start(home.path(), "run long.toml -j 2");
    watch("parts", || files(&run.join("parts")).len() > 1 || child.try_wait().unwrap().is_some());
    let (_, err) = ended_by(child, "INT");
    let (out, _) = succeed(home.path(), "status output/long");
    let number = |text: &str, before: &str| -> usize {
        let from = text.find(before).unwrap_or_else(|| panic!("{before}: {text}")) + before.len();
        text[from..].split(' ').next().unwrap().parse().unwrap()
    };
    let (said, counted) = (number(&err, " cells are searched, by "), number(&out, "runs done "));
    assert!(said > 0 && said == counted, "{err}\n{out}");
}

/// A job of hours whose single step takes half a second and more, on any machine.
const HUGE: &str = "\
replicates = 2
[grid]
N = 64
Q = 2
T = 300_000
batch_size = 1024
[training]
max_samples = 1e9
";

#[test]
fn a_signal_ends_a_run_within_200_milliseconds_whatever_the_job_size() {
    let _alone = alone();
    let home = with(HUGE);
    let mut times = Vec::new();
    // Whoever starts these tests with nohup has runs that are not to hear of it.
    let heard = |name: &&str| *name != "HUP" || !hang_ups_are_ignored_here();
    for name in ["INT", "TERM", "HUP", "INT", "TERM"].into_iter().filter(heard) {
        let child = start(home.path(), "run long.toml");
        watch("a job", || home.path().join("output/long/progress/run.json").exists());
        std::thread::sleep(Duration::from_millis(700));
        let (took, err) = ended_by(child, name);
        times.push(took);
        assert!(
            err.contains("interrupted: 0 of 2 jobs are done and kept, 2 left") && err.contains("run long.toml"),
            "{err}"
        );
    }
    eprintln!("from signal to end: {times:?}");
    times.sort();
    assert!(times[times.len() / 2] < Duration::from_millis(200), "half of {times:?} are above 200 ms");
}

#[test]
fn a_signal_while_jobs_finish_keeps_them_and_the_same_command_continues() {
    let _alone = alone();
    let home = with(SWEEP);
    let run = home.path().join("output/long");
    let (mut done, mut times) = (0, Vec::new());
    for name in ["INT", "TERM", "INT"] {
        let parts = files(&run.join("parts")).len();
        let mut child = start(home.path(), "run long.toml -j 2");
        watch("parts", || files(&run.join("parts")).len() > parts + 3 || child.try_wait().unwrap().is_some());
        let (took, err) = ended_by(child, name);
        times.push(took);
        assert!(done == 0 || err.contains(&format!("{done} of 480 jobs were done before")), "{err}");
        let now = finished_jobs(&run);
        assert!(now > done, "{now}");
        let said = format!("interrupted: {now} of 480 jobs are done and kept, {} left", 480 - now);
        assert!(err.contains(&said), "{err}");
        let (out, _) = succeed(home.path(), "status output/long");
        assert!(out.contains("run: stopped on ") && out.contains(&format!("done {now} (0 failed)")), "{out}");
        done = now;
    }
    times.sort();
    eprintln!("from signal to end with finished jobs in hand: {times:?}");
    assert!(times[1] < Duration::from_millis(200), "half of {times:?} are above 200 ms");
    succeed(home.path(), "run long.toml");
    succeed(home.path(), "run long.toml -q -o whole");
    assert_eq!(sha256(&run.join("runs.parquet")), sha256(&home.path().join("whole/runs.parquet")));
}

#[test]
fn a_signal_ends_a_run_that_waits_for_a_pretraining_of_another_process() {
    let _alone = alone();
    let config = "[grid]\nN = 3\nQ = 1\nT = 64\ntransfer = 1\n[pretraining]\nT = 32\nmax_samples = 20000\n";
    let home = with(config);
    let sweep = sweep::config::parse("long", "long.toml", config.to_owned(), &["replicates=1".to_owned()]).unwrap();
    let job = sweep::job::jobs(&sweep).unwrap().remove(0);
    let id = sweep::job::Identity::new(&sweep).pretraining_id(&job);
    let place = home.path().join("output/long/pretraining");
    fs::create_dir_all(&place).unwrap();
    let lock = fs::File::create(place.join(format!("{id}.lock"))).unwrap();
    lock.lock().unwrap();
    for name in ["INT", "KILL", "TERM"] {
        let mut child = start(home.path(), "run long.toml replicates=1");
        watch("a job", || home.path().join("output/long/progress/run.json").exists());
        std::thread::sleep(Duration::from_millis(400));
        assert!(child.try_wait().unwrap().is_none(), "it waits");
        if name == "KILL" {
            child.kill().unwrap();
            child.wait().unwrap();
        } else {
            let (took, _) = ended_by(child, name);
            assert!(took < Duration::from_secs(1), "{took:?}");
        }
    }
    drop(lock);
    succeed(home.path(), "run long.toml replicates=1");
    assert_eq!(files(&place).len(), 1, "the table and no lock");
}

#[test]
fn nohup_keeps_a_run_alive_when_the_terminal_closes_and_other_signals_are_always_heard() {
    let _alone = alone();
    let home = with(HUGE);
    let line = format!("trap '' HUP INT; exec {} run long.toml", env!("CARGO_BIN_EXE_sweep"));
    let mut command = Command::new("sh");
    command.args(["-c", &line]).current_dir(home.path()).stdout(Stdio::null()).stderr(Stdio::null());
    let mut child = command.spawn().unwrap();
    watch("a job", || home.path().join("output/long/progress/run.json").exists());
    std::thread::sleep(Duration::from_millis(300));
    signal(&child, "HUP");
    std::thread::sleep(Duration::from_millis(400));
    assert!(child.try_wait().unwrap().is_none(), "as with nohup");
    // Ignored by a shell's `&` too, but sent by hand.
    signal(&child, "INT");
    assert_eq!(child.wait().unwrap().code(), Some(130));
}

#[test]
fn a_second_signal_ends_the_program_at_once() {
    let _alone = alone();
    let home = with(HUGE);
    // A terminal that takes no more text, so that the first signal's last words are never spoken.
    let (reader, mut writer) = std::io::pipe().unwrap();
    let mut command = command(home.path(), "run long.toml");
    let mut child = command.stdout(Stdio::null()).stderr(writer.try_clone().unwrap()).spawn().unwrap();
    drop(command);
    watch("a job", || home.path().join("output/long/progress/run.json").exists());
    std::thread::sleep(Duration::from_millis(300));
    // More than a pipe holds, so this thread stays behind.
    std::thread::spawn(move || writer.write_all(&[b' '; 1 << 20]));
    std::thread::sleep(Duration::from_millis(200));
    signal(&child, "INT");
    std::thread::sleep(Duration::from_millis(400));
    assert!(child.try_wait().unwrap().is_none(), "it waits to speak");
    let sent = Instant::now();
    signal(&child, "INT");
    assert_eq!(child.wait().unwrap().code(), Some(130));
    assert!(sent.elapsed() < Duration::from_millis(200), "{:?}", sent.elapsed());
    drop(reader);
}

#[test]
fn a_signal_before_the_first_job_says_how_to_go_on_too() {
    let _alone = alone();
    let points =
        "\nlambda = { lin = [0.001, 0.9], points = 1000 }\neta_sparse = { lin = [0.001, 0.9], points = 800 }\n";
    let home = with(
        &SWEEP
            .replace("replicates = 60", "replicates = 1")
            .replace("\n[training]", &format!("{points}[training]"))
            .replace("Q = [1, 2]", "Q = 1")
            .replace("T = [64, 128]", "T = 64")
            .replace("[0.05, 0.1]", "0.1"),
    );
    let child = start(home.path(), "run long.toml");
    std::thread::sleep(Duration::from_millis(150));
    let (_, err) = ended_by(child, "TERM");
    assert!(err.contains("interrupted: finished jobs are kept; continue with"), "{err}");
    assert!(!home.path().join("output").exists());
}
