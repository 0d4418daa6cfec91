//! `sweep slurm` where there is no cluster: the scripts can be read, and nothing is touched.

use super::{command, fail, sweep, with_small};

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
    std::fs::write(&script, &out).unwrap();
    let checked = std::process::Command::new("bash").arg("-n").arg(&script).output().unwrap();
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
