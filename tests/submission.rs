//! `sweep slurm` where there is no cluster: the scripts can be read, and nothing is touched.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Output};

use super::{command, fail, sha256, succeed, sweep, with_small};

/// Runs `sweep slurm` with these words and with commands of Slurm's that answer so.
fn with_slurm(home: &Path, words: &[&str], squeue: &str) -> Output {
    beside_slurm(home, &[&["slurm"], words].concat(), squeue)
}

/// Runs `sweep` with these words where Slurm's commands answer so.
fn beside_slurm(home: &Path, words: &[&str], squeue: &str) -> Output {
    let place = home.join("bin");
    fs::create_dir_all(&place).unwrap();
    let answers = [("sbatch", "echo 12"), ("scontrol", "echo MaxArraySize = 1001"), ("squeue", squeue)];
    for (name, answer) in answers {
        fs::write(place.join(name), format!("#!/bin/sh\n{answer}\n")).unwrap();
        fs::set_permissions(place.join(name), fs::Permissions::from_mode(0o755)).unwrap();
    }
    let mut command = Command::new(env!("CARGO_BIN_EXE_sweep"));
    command.args(words).current_dir(home).env("PATH", format!("{}:/usr/bin:/bin", place.display()));
    command.output().unwrap()
}

fn refusal(output: &Output, code: i32) -> String {
    let err = String::from_utf8(output.stderr.clone()).unwrap();
    assert_eq!(output.status.code(), Some(code), "{err}");
    err
}

#[test]
fn what_would_end_a_line_of_a_script_is_refused() {
    let home = with_small();
    let start = ["small.toml", "--shards", "2", "--dry-run"];
    let cases: [&[&str]; 6] = [
        &["-o", "out/x\ntouch PWNED #"],
        &["-o", "out/x\u{7f}"],
        &["--partition", "a\nb"],
        &["--account", "a\tb"],
        &["--mem", "2G\r"],
        &["--", "--comment", "a\nb"],
    ];
    for words in cases {
        let err = refusal(&with_slurm(home.path(), &[&start[..], words].concat(), ":"), 2);
        assert!(err.contains("control character") || err.contains("a character that a script cannot"), "{err}");
    }
    assert!(!home.path().join("out").exists());
}

#[test]
fn a_controller_that_does_not_answer_is_not_taken_for_an_empty_queue() {
    let home = with_small();
    let words = ["small.toml", "--shards", "2"];
    assert!(with_slurm(home.path(), &words, ":").status.success());
    let script = home.path().join("output/small/slurm/shards.sh");
    fs::write(&script, "as it was").unwrap();
    let broken = "echo 'slurm_load_jobs error: Unable to contact slurm controller (connect failure)' >&2; exit 1";
    let err = refusal(&with_slurm(home.path(), &words, broken), 1);
    assert!(err.contains("Unable to contact slurm controller") && err.contains("it is not known whether"), "{err}");
    assert_eq!(fs::read_to_string(&script).unwrap(), "as it was");
    let forgotten = "echo 'slurm_load_jobs error: Invalid job id specified' >&2; exit 1";
    assert!(with_slurm(home.path(), &words, forgotten).status.success());
    let err = refusal(&with_slurm(home.path(), &words, "echo 12_1; echo 12_2"), 2);
    assert!(err.contains("array 12 of this sweep still has 2 tasks queued or running"), "{err}");
}

/// Tasks in a queue read the config that stands there when they start.
#[test]
fn the_config_of_a_queued_array_is_not_replaced() {
    let home = with_small();
    assert!(with_slurm(home.path(), &["small.toml", "--shards", "2", "-o", "here"], ":").status.success());
    succeed(home.path(), "run small.toml -q -o wider N=5");
    let config = home.path().join("here/config.toml");
    let before = sha256(&config);
    let waiting = "echo 12_1; echo 12_2";
    let another = ["run", "small.toml", "-o", "here", "replicates=1"];
    // A union of grids is another sweep too.
    let merged = ["merge", "wider", "-o", "here"];
    let same = ["run", "small.toml", "-q", "-o", "here"];
    for words in [&another[..], &merged] {
        let err = refusal(&beside_slurm(home.path(), words, waiting), 2);
        assert!(err.contains("array 12 of another sweep in here still has 2 tasks queued or running"), "{err}");
        assert!(err.contains("scancel 12") && err.contains("-o"), "{err}");
        let err = refusal(&beside_slurm(home.path(), words, "echo no answer >&2; exit 1"), 1);
        assert!(err.contains("it is not known whether tasks of array 12"), "{err}");
        assert_eq!(sha256(&config), before);
    }
    // The array's own tasks run, another sweep does when the queue is empty, and where there is no
    // Slurm there is no queue.
    assert!(beside_slurm(home.path(), &same, waiting).status.success());
    // Also where somebody has removed the config meanwhile.
    let aside = home.path().join("aside.toml");
    fs::rename(&config, &aside).unwrap();
    let err = refusal(&beside_slurm(home.path(), &another, "echo 12_1"), 2);
    assert!(err.contains("array 12 of a sweep whose config.toml is gone in here still has 1 task queued"), "{err}");
    fs::rename(&aside, &config).unwrap();
    assert!(beside_slurm(home.path(), &another, ":").status.success());
    assert_ne!(sha256(&config), before);
    let alone =
        command(home.path(), "run small.toml -q -o here replicates=2").env("PATH", "/nowhere").output().unwrap();
    assert!(alone.status.success(), "{alone:?}");
}

#[test]
fn another_sweep_is_not_submitted_where_shards_are_at_work() {
    let home = with_small();
    let slow = "training.stop_at=budget training.max_samples=1e8";
    let mut shard = command(home.path(), &format!("run small.toml -q -o here --shard 1/2 {slow}")).spawn().unwrap();
    while !home.path().join("here/config.toml").exists() {
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    let before = sha256(&home.path().join("here/config.toml"));
    let output = with_slurm(home.path(), &["small.toml", "--shards", "2", "-o", "here"], ":");
    let same = sha256(&home.path().join("here/config.toml")) == before;
    shard.kill().unwrap();
    shard.wait().unwrap();
    let err = refusal(&output, 2);
    assert!(err.contains("runs another sweep in here") && same, "{err}");
    assert!(!home.path().join("here/slurm").exists());
    succeed(home.path(), "status here");
}

#[test]
fn a_dry_run_prints_scripts_that_a_shell_can_read_and_touches_nothing() {
    let home = with_small();
    let flags = "--shards 4 --partition main --time 1:00:00 --cpus-per-task 2 --mem 2G --account me --array-limit 3";
    let output = sweep(home.path(), &format!("slurm small.toml {flags} --dry-run -- --qos long"));
    let out = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(0), "{out}");
    let options =
        ["array=1-4%3", "partition=main", "time=1:00:00", "cpus-per-task=2", "mem=2G", "account=me", "qos long"];
    for option in options {
        assert!(out.contains(&format!("#SBATCH --{option}\n")), "{option}\n{out}");
    }
    assert!(out.contains("--shard \"$SLURM_ARRAY_TASK_ID/4\"") && out.contains("report "), "{out}");
    assert!(!home.path().join("output").exists());
    // Both scripts, as the shell sees them.
    let script = home.path().join("scripts.sh");
    fs::write(&script, &out).unwrap();
    let checked = Command::new("bash").arg("-n").arg(&script).output().unwrap();
    assert!(checked.status.success() && checked.stderr.is_empty(), "{checked:?}\n{out}");
}

#[test]
fn without_slurm_nothing_is_touched_and_the_message_says_where_to_go() {
    let home = with_small();
    let output = command(home.path(), "slurm small.toml --shards 4").env("PATH", "/nowhere").output().unwrap();
    let err = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{err}");
    assert!(err.contains("cannot run sbatch: it is not installed here") && err.contains("--dry-run"), "{err}");
    assert!(!home.path().join("output").exists());
}

#[test]
fn options_that_would_break_the_array_are_refused() {
    let home = with_small();
    for (extra, said) in [
        ("long", "`long` after -- is no option of sbatch"),
        ("--qos=long --array=1-5", "`--array=1-5` after -- is for `sweep slurm` to set"),
        ("--dependency afterok:5", "`--dependency` after -- is for `sweep slurm` to set"),
        ("-a 1-9 -o x.log -d afterok:1", "`-a` after -- is for `sweep slurm` to set (--array)"),
        ("--qos=long -a1-9", "`-a1-9` after -- is for `sweep slurm` to set"),
        ("-o x", "`-o` after -- is for `sweep slurm` to set"),
        ("-dafterok:1", "`-dafterok:1` after -- is for `sweep slurm` to set"),
        ("--arr 1-9", "`--arr` after -- is for `sweep slurm` to set"),
        ("--outp=x", "`--outp=x` after -- is for `sweep slurm` to set"),
        ("--depend=afterok:1", "`--depend=afterok:1` after -- is for `sweep slurm` to set"),
        ("--wrap=ls", "`--wrap=ls` after -- does not go with `sweep slurm`"),
        ("--test-only", "`--test-only` after -- does not go with `sweep slurm`"),
    ] {
        let err = fail(home.path(), &format!("slurm small.toml --shards 2 --dry-run -- {extra}"), 2);
        assert!(err.contains(said), "{err}");
    }
}

#[test]
fn what_is_done_is_not_submitted_and_what_failed_only_if_asked_for() {
    let home = with_small();
    sweep(home.path(), "run small.toml T=32 persistence=0,0.5 task.concentration=1e7");
    let submit = "slurm output/small/config.toml --shards 3 --dry-run";
    let output = sweep(home.path(), submit);
    assert_eq!(output.status.code(), Some(1), "eight jobs have failed");
    assert!(String::from_utf8(output.stdout).unwrap().contains("nothing is left to run"));
    let output = sweep(home.path(), &format!("{submit} --retry-failed"));
    let out = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success() && out.contains(" --retry-failed\n") && out.contains("--array="), "{out}");
}
