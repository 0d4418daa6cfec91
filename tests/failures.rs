//! A job that fails is a row, and the others go on.

use std::fs;
use std::path::Path;
use std::process::Command;

use super::{fail, sha256, succeed, sweep, table, with_small};

/// Half of these jobs fail: persistence 0 with columns that hardly differ leaves nothing to learn
/// from.
const FAILING: &str = "run small.toml T=32 persistence=0,0.5 task.concentration=1e7";

fn statuses(run: &Path) -> Vec<String> {
    table(run, "runs.parquet").texts("status").unwrap().iter().map(|s| s.clone().unwrap()).collect()
}

#[test]
fn fail_fast_starts_no_more_jobs_and_running_again_goes_on() {
    let home = with_small();
    let run = home.path().join("output/small");
    let err = fail(home.path(), &format!("{FAILING} -j 1 --fail-fast"), 1);
    // Shown at once, with its parameters.
    assert!(err.contains("failed: K_P = ") && err.contains("N=3 Q=1 T=32 batch_size="), "{err}");
    assert!(err.contains("stopped at the first failure: 1 of 16 jobs are done and kept, 15 left"), "{err}");
    assert!(!run.join("runs.parquet").exists());
    let err = fail(home.path(), FAILING, 1);
    assert!(err.contains("1 of 16 jobs were done before") && err.contains("8 jobs failed"), "{err}");
    assert_eq!(statuses(&run).iter().filter(|s| *s == "failed").count(), 8);
}

#[test]
fn a_job_that_fits_no_memory_fails_and_can_be_retried_where_it_does() {
    if !Path::new("/proc/self/limits").exists() {
        eprintln!("skipped: there is no /proc here");
        return;
    }
    let home = with_small();
    // Of the two jobs one takes 60 MB and the other 600 MB.
    let arguments = "run small.toml N=10 T=400000,4000000 replicates=1 batch_size=2 training.max_samples=4 -j 1";
    let limited = |flags: &str| {
        let program = env!("CARGO_BIN_EXE_sweep");
        let line = format!("ulimit -v 600000; exec {program} {arguments} {flags}");
        // Every thread reserves some of the address space that is limited here.
        Command::new("sh").args(["-c", &line]).env("RAYON_NUM_THREADS", "2").current_dir(home.path()).output().unwrap()
    };
    let run = home.path().join("output/small");
    let output = limited("");
    let err = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{err}");
    assert!(err.contains("failed: out of memory: it needs 6") && err.contains("T=4000000"), "{err}");
    assert_eq!(statuses(&run).iter().filter(|s| *s == "failed").count(), 1, "{err}");
    // A failure is an end: it is not tried again unless that is asked for.
    let (before, again) = (statuses(&run), limited(""));
    assert_eq!((again.status.code(), statuses(&run)), (Some(1), before));
    let again = limited("--retry-failed");
    assert_eq!(again.status.code(), Some(1));
    assert!(String::from_utf8(again.stderr).unwrap().contains("1 of 2 jobs were done before"));
    // Without the limit.
    let (_, err) = succeed(home.path(), &format!("{arguments} --retry-failed"));
    assert!(err.contains("1 job in"), "only the failed one: {err}");
    assert!(statuses(&run).iter().all(|s| s != "failed"));
    succeed(home.path(), &format!("{arguments} -q -o whole"));
    assert_eq!(sha256(&run.join("runs.parquet")), sha256(&home.path().join("whole/runs.parquet")));
}

#[test]
fn retrying_runs_failed_jobs_only_and_says_what_it_left_out() {
    let home = with_small();
    sweep(home.path(), &format!("{FAILING} -j 1 --fail-fast"));
    let err = fail(home.path(), &format!("{FAILING} --retry-failed"), 1);
    assert!(
        err.contains("1 job in") && err.contains("15 of 16 jobs have not run: --retry-failed leaves them out"),
        "{err}"
    );
}

#[test]
fn parts_that_are_truncated_altered_or_foreign_are_set_aside_and_their_jobs_run_again() {
    let home = with_small();
    let run = home.path().join("output/small");
    succeed(home.path(), "run small.toml -q");
    let before = sha256(&run.join("runs.parquet"));
    let part = || {
        fs::read_dir(run.join("parts"))
            .unwrap()
            .map(|e| e.unwrap().path())
            .find(|p| p.extension().unwrap() == "parquet")
            .unwrap()
    };
    let spoil = |change: &dyn Fn(&Path, Vec<u8>)| {
        let path = part();
        change(&path, fs::read(&path).unwrap());
        let (_, err) = succeed(home.path(), "run small.toml");
        assert!(err.contains("is damaged: ") && err.contains("set aside as "), "{err}");
        assert_eq!(sha256(&run.join("runs.parquet")), before);
        // Once is enough: what is set aside is not looked at again.
        let (_, err) = succeed(home.path(), "run small.toml");
        assert!(!err.contains("damaged") && err.contains("24 of 24 jobs were done before"), "{err}");
    };
    spoil(&|path, bytes| fs::write(path, &bytes[..bytes.len() / 2]).unwrap());
    spoil(&|path, _| fs::write(path, b"").unwrap());
    spoil(&|path, mut bytes| {
        bytes[100] ^= 0x40;
        fs::write(path, bytes).unwrap();
    });
    // Somebody else's file, under a name of its own.
    spoil(&|path, bytes| fs::write(path.with_file_name("mine.part.parquet"), bytes).unwrap());
    // Somebody else's table, under the name that its bytes should have.
    spoil(&|path, _| {
        let bytes = fs::read(run.join("needed.parquet")).unwrap();
        let name = blake3::hash(&bytes).to_hex()[..32].to_owned();
        fs::write(path.with_file_name(name + ".part.parquet"), bytes).unwrap();
    });
    // A directory.
    spoil(&|path, _| fs::create_dir(path.with_file_name("x.part.parquet")).unwrap());
    // A pipe that nobody writes into.
    spoil(&|path, _| {
        fs::remove_file(path).unwrap();
        assert!(Command::new("mkfifo").arg(path).status().unwrap().success());
    });
    // No table at all, under such a name.
    spoil(&|path, _| {
        let name = blake3::hash(b"PAR1PAR1").to_hex()[..32].to_owned();
        fs::write(path.with_file_name(name + ".part.parquet"), b"PAR1PAR1").unwrap();
    });
}
