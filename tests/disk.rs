//! The disk says no: one clear error, finished parts intact, and continuing works.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use sweep::store::{Access, Store};

use super::{command, sha256, succeed};

/// Some seconds of work, in jobs of some milliseconds.
const SWEEP: &str = "\
seed = 9
replicates = 100
[grid]
N = 3
Q = [1, 2]
T = 128
batch_size = 32
eta_boost = [0.05, 0.1]
[training]
stop_at = \"budget\"
max_samples = 400_000
";

fn home() -> tempfile::TempDir {
    let home = tempfile::tempdir().unwrap();
    fs::write(home.path().join("disk.toml"), SWEEP).unwrap();
    // For another user.
    fs::set_permissions(home.path(), fs::Permissions::from_mode(0o777)).unwrap();
    home
}

fn is_root() -> bool {
    Command::new("id").arg("-u").output().is_ok_and(|output| output.stdout == b"0\n")
}

/// A file system of its own that ends with the value.
struct Mount(PathBuf);

impl Mount {
    /// `None` where nobody may mount, except in CI, where somebody must.
    fn new(place: &Path, options: &str) -> Option<Self> {
        fs::create_dir_all(place).unwrap();
        if is_root() && mount(&["-t", "tmpfs", "-o", options, "none"], place) {
            return Some(Self(place.to_owned()));
        }
        assert!(std::env::var_os("CI").is_none(), "CI must be allowed to mount a tmpfs");
        eprintln!("skipped: mounting a small file system needs root");
        None
    }

    fn again(&self, options: &str) {
        assert!(mount(&["-o", &format!("remount,{options}")], &self.0));
    }
}

impl Drop for Mount {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(&self.0).status();
    }
}

fn mount(words: &[&str], place: &Path) -> bool {
    Command::new("mount").args(words).arg(place).status().is_ok_and(|status| status.success())
}

fn failure(output: &Output) -> String {
    let err = String::from_utf8(output.stderr.clone()).unwrap();
    assert_eq!(output.status.code(), Some(1), "{err}");
    assert!(!err.contains("panicked"), "{err}");
    err
}

fn spawn(home: &Path, arguments: &str) -> Child {
    command(home, arguments).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap()
}

/// Waits until a run has stored something and is not over.
fn wait_for_parts(parts: &Path, child: &mut Child) {
    for _ in 0..3000 {
        if fs::read_dir(parts).is_ok_and(|entries| entries.count() > 1) {
            return;
        }
        assert!(child.try_wait().unwrap().is_none(), "it ended before it was disturbed");
        std::thread::sleep(Duration::from_millis(10));
    }
    panic!("nothing is stored");
}

#[test]
fn a_disk_that_fills_up_keeps_what_is_stored_and_a_larger_one_continues() {
    let home = home();
    let Some(disk) = Mount::new(&home.path().join("small"), "size=4m") else { return };
    let mut child = spawn(home.path(), "run disk.toml -j 2 -o small/run");
    wait_for_parts(&home.path().join("small/run/parts"), &mut child);
    // Somebody else takes the rest of the disk.
    let _ = fs::write(home.path().join("small/filler"), vec![1; 4 << 20]);
    let err = failure(&child.wait_with_output().unwrap());
    assert!(err.contains("cannot write small/run/parts/") && err.contains("No space left on device"), "{err}");
    assert!(err.contains("finished jobs are kept, and the same command continues"), "{err}");
    // Nothing but whole parts, and a plan that counts them.
    let (out, err) = succeed(home.path(), "plan disk.toml -o small/run");
    assert!(!out.contains("done 0,") && !out.contains("left 0") && err.is_empty(), "{out}{err}");
    disk.again("size=64m");
    let (_, err) = succeed(home.path(), "run disk.toml -o small/run");
    assert!(err.contains("jobs were done before"), "{err}");
    succeed(home.path(), "run disk.toml -q -o whole");
    assert_eq!(sha256(&home.path().join("small/run/runs.parquet")), sha256(&home.path().join("whole/runs.parquet")));
}

#[test]
fn a_read_only_disk_is_noticed_before_the_first_job() {
    let home = home();
    let Some(disk) = Mount::new(&home.path().join("disk"), "size=16m") else { return };
    succeed(home.path(), "run disk.toml -q -o disk/run replicates=2");
    disk.again("ro");
    let began = Instant::now();
    let err = failure(&command(home.path(), "run disk.toml -o disk/run").output().unwrap());
    assert!(err.contains("Read-only file system") && err.contains("cannot lock disk/run/lock"), "{err}");
    assert!(began.elapsed() < Duration::from_secs(1));
    disk.again("rw");
    let (_, err) = succeed(home.path(), "run disk.toml -o disk/run replicates=3");
    assert!(err.contains("8 of 12 jobs were done before"), "{err}");
}

/// The program as a user who is not root, for whom permissions count.
fn unprivileged(home: &Path, arguments: &str) -> Command {
    let mut command = command(home, arguments);
    if is_root() {
        // The program may lie where others must not look.
        let program = home.join("sweep");
        // By another process: a program that somebody has open for writing cannot be started, and
        // what this process has open for a moment, a child of another test may keep open.
        assert!(Command::new("cp").arg(env!("CARGO_BIN_EXE_sweep")).arg(&program).status().unwrap().success());
        let mut other = Command::new("setpriv");
        other.args(["--reuid=65534", "--regid=65534", "--clear-groups"]).arg(program);
        other.args(arguments.split_whitespace()).current_dir(home);
        command = other;
    }
    command
}

#[test]
fn permissions_are_tested_before_the_first_job() {
    let home = home();
    for (place, refusal) in [("run", "run/progress"), ("run/parts", "run/parts"), ("run/progress", "run/progress")] {
        let place = home.path().join(place);
        fs::create_dir_all(&place).unwrap();
        let open = fs::Permissions::from_mode(0o777);
        fs::set_permissions(home.path().join("run"), open.clone()).unwrap();
        fs::set_permissions(&place, fs::Permissions::from_mode(0o555)).unwrap();
        let began = Instant::now();
        let err = failure(&unprivileged(home.path(), "run disk.toml -o run").output().unwrap());
        assert!(err.contains("Permission denied") && err.contains(refusal), "{err}");
        assert!(began.elapsed() < Duration::from_secs(1), "before any job");
        fs::set_permissions(&place, open).unwrap();
    }
    let output = unprivileged(home.path(), "run disk.toml -q -o run replicates=1").output().unwrap();
    assert!(output.status.success(), "{output:?}");
}

/// Whoever may not read a config does not know whose it is.
#[test]
fn a_config_that_cannot_be_read_is_no_foreign_one() {
    let home = home();
    fs::set_permissions(home.path(), fs::Permissions::from_mode(0o777)).unwrap();
    let output = unprivileged(home.path(), "run disk.toml -q -o run replicates=1").output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let config = home.path().join("run/config.toml");
    let whole = fs::read(&config).unwrap();
    fs::set_permissions(&config, fs::Permissions::from_mode(0o000)).unwrap();
    for command in ["run disk.toml -o run replicates=1", "run disk.toml -o run --force", "report run", "status run"] {
        let output = unprivileged(home.path(), command).output().unwrap();
        let err = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{command}: {err}");
        assert!(err.contains("cannot read run/config.toml: Permission denied"), "{command}: {err}");
    }
    fs::set_permissions(&config, fs::Permissions::from_mode(0o644)).unwrap();
    assert_eq!(fs::read(&config).unwrap(), whole);
}

#[test]
fn a_directory_that_vanishes_is_an_error_and_running_again_starts_it_anew() {
    let home = home();
    let mut child = spawn(home.path(), "run disk.toml -j 2 -o gone");
    wait_for_parts(&home.path().join("gone/parts"), &mut child);
    fs::rename(home.path().join("gone"), home.path().join("elsewhere")).unwrap();
    let err = failure(&child.wait_with_output().unwrap());
    assert!(err.contains("cannot write gone/parts") && err.contains("No such file or directory"), "{err}");
    let (_, err) = succeed(home.path(), "run disk.toml -o elsewhere replicates=20");
    assert!(err.contains("jobs were done before"), "{err}");
    succeed(home.path(), "run disk.toml -q -o gone replicates=20");
    let (found, anew) = (home.path().join("elsewhere/runs.parquet"), home.path().join("gone/runs.parquet"));
    assert_eq!(sha256(&found), sha256(&anew));
}

/// Jobs of milliseconds, and one of some seconds.
const TWO_SPEEDS: &str = "\
seed = 9
replicates = 1
[[grid]]
N = 3
Q = 1
T = 128
batch_size = 32
eta_boost = { lin = [0.05, 0.1], points = 12 }
max_samples = 40_000
[[grid]]
N = 3
Q = 1
T = 128
batch_size = 32
max_samples = 60_000_000
[training]
stop_at = \"budget\"
";

type Spoil<'s> = &'s dyn Fn(&Path);

#[test]
fn a_directory_that_is_emptied_while_a_run_works_is_noticed_and_the_same_command_runs_what_is_gone() {
    let home = home();
    fs::write(home.path().join("disk.toml"), TWO_SPEEDS).unwrap();
    succeed(home.path(), "run disk.toml -q -o whole");
    let files = |place: PathBuf| fs::read_dir(place).unwrap().map(|entry| entry.unwrap().path()).collect::<Vec<_>>();
    let remove = |path: &PathBuf| if path.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) };
    let all = |run: &Path| files(run.to_owned()).iter().for_each(|path| remove(path).unwrap());
    let parts = |run: &Path| files(run.join("parts")).iter().for_each(|path| remove(path).unwrap());
    let config = |run: &Path| fs::remove_file(run.join("config.toml")).unwrap();
    let another = |run: &Path| fs::copy(run.join("../disk.toml"), run.join("config.toml")).map(drop).unwrap();
    let cases: [(&str, Spoil<'_>, &str, &str); 5] = [
        ("", &all, "cannot write run/parts/", "12 finished jobs are gone"),
        ("", &parts, "of the files in parts are gone", "12 finished jobs are gone"),
        ("--shard 1/1", &parts, "of the files in parts are gone", "12 finished jobs are gone"),
        ("", &config, "config.toml is gone", "no table was written"),
        ("", &another, "config.toml has become another one", "no table was written"),
    ];
    for (flags, spoil, noticed, gone) in cases {
        let run = home.path().join("run");
        let mut child = spawn(home.path(), &format!("run disk.toml -j 2 -o run {flags}"));
        for _ in 0..3000 {
            if run.join("parts").exists() && Store::open(&run, Access::ReadOnly).unwrap().done().len() == 12 {
                break;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        assert!(child.try_wait().unwrap().is_none(), "it ended before it was disturbed");
        spoil(&run);
        let err = failure(&child.wait_with_output().unwrap());
        assert!(err.contains(noticed) && err.contains(gone) && err.contains("run the same command again"), "{err}");
        assert!(!run.join("runs.parquet").exists());
        // As it said: the config that stands there now is somebody else's.
        assert!(err.contains("move out what is not the run's own"), "{err}");
        if noticed.contains("another") {
            fs::remove_file(run.join("config.toml")).unwrap();
        }
        succeed(home.path(), &format!("run disk.toml -q -j 2 -o run {flags}"));
        let (_, _) = succeed(home.path(), "report run");
        assert_eq!(sha256(&run.join("runs.parquet")), sha256(&home.path().join("whole/runs.parquet")));
        fs::remove_dir_all(run).unwrap();
    }
}

#[test]
fn a_run_that_ends_with_an_error_says_so_to_others() {
    let home = home();
    let mut child = spawn(home.path(), "run disk.toml -j 2 -o run");
    wait_for_parts(&home.path().join("run/parts"), &mut child);
    fs::rename(home.path().join("run/parts"), home.path().join("run/moved")).unwrap();
    failure(&child.wait_with_output().unwrap());
    fs::rename(home.path().join("run/moved"), home.path().join("run/parts")).unwrap();
    let (out, _) = succeed(home.path(), "status run");
    assert!(out.contains("run: stopped on ") && out.contains("running 0,"), "{out}");
}
