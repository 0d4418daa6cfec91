//! `sweep slurm` on a real Slurm: a controller and three nodes on this machine.
//!
//! Skipped where Slurm is not installed, except in CI. Whatever happens to nodes and tasks, the
//! tables come out as those of a run that was left alone.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on says so by panicking")]
#![cfg(target_os = "linux")]

mod cluster;
#[path = "../common/mod.rs"]
mod common;

use std::path::Path;
use std::process::Output;
use std::sync::{Mutex, MutexGuard, OnceLock};
use std::time::Duration;

use cluster::{Cluster, wait_for};
use common::{command, sha256, succeed};

/// A sweep of the tests.
struct Sweep {
    config: &'static str,
    shards: u32,
    /// What `sweep status` says once it is complete.
    complete: &'static str,
    /// What one process, left alone, makes of it.
    reference: OnceLock<String>,
}

/// Twenty core-seconds or so, in jobs of a quarter of a second.
static GRID: Sweep = Sweep {
    config: "\
seed = 5
replicates = 16
[grid]
N = 3
Q = [1, 2]
T = 256
batch_size = 64
eta_boost = [0.02, 0.05, 0.1]
[training]
stop_at = \"budget\"
max_samples = 4_000_000
",
    shards: 6,
    complete: "done 96 (0 failed)",
    reference: OnceLock::new(),
};

/// A search of some core-seconds for each of four chains of cells.
static SEARCH: Sweep = Sweep {
    config: "\
seed = 5
replicates = 40
[grid]
N = [3, 4]
Q = [1, 2]
T = [64, 512, 2048]
lambda = 0.003
eta_boost = 0.1
eta_sparse = 0.05
[search]
batch_size = { start = \"T/4 + 32\", factor = 1.5, min = 1, max = \"16*T\" }
[training]
batch_size_sparse = \"T/4 + 32\"
max_samples = \"200*T + 8000\"
",
    shards: 4,
    complete: "searched 12, left 0",
    reference: OnceLock::new(),
};

/// How long a scenario may take on a slow machine.
const PATIENCE: Duration = Duration::from_secs(200);

/// The cluster and a directory with the sweep in it; `None` if there is no Slurm here.
struct Scene {
    cluster: Cluster,
    home: tempfile::TempDir,
    sweep: &'static Sweep,
    /// Scenarios would take each other's cores.
    _alone: MutexGuard<'static, ()>,
}

impl Scene {
    fn set(sweep: &'static Sweep) -> Option<Self> {
        static ALONE: Mutex<()> = Mutex::new(());
        let alone = ALONE.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if !Cluster::installed() {
            assert!(std::env::var_os("CI").is_none(), "CI must have slurmctld, slurmd, munged and Slurm's commands");
            eprintln!("skipped: Slurm is not installed (apt-get install slurmctld slurmd slurm-client munge)");
            return None;
        }
        let home = tempfile::tempdir().unwrap();
        std::fs::write(home.path().join("slow.toml"), sweep.config).unwrap();
        Some(Self { cluster: Cluster::start(3, 2), home, sweep, _alone: alone })
    }

    /// Runs `sweep` as a user of the cluster.
    fn run(&self, arguments: &str) -> Output {
        command(self.home.path(), arguments).env("SLURM_CONF", self.cluster.config()).output().unwrap()
    }

    fn submit(&self) -> String {
        let shards = self.sweep.shards;
        let output = self.run(&format!("slurm slow.toml --shards {shards} --cpus-per-task 1 --mem 100 --time 10"));
        let text = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{text}");
        text.split_whitespace().nth(2).unwrap().trim_matches(',').to_owned()
    }

    fn run_directory(&self) -> std::path::PathBuf {
        self.home.path().join("output/slow")
    }

    fn status(&self) -> String {
        String::from_utf8(self.run("status output/slow").stdout).unwrap()
    }

    fn log(&self, name: &str) -> String {
        std::fs::read_to_string(self.run_directory().join("slurm").join(name)).unwrap_or_default()
    }

    /// Waits until some jobs are done and others are running.
    fn under_way(&self) {
        wait_for(PATIENCE, "jobs under way", || {
            let status = self.status();
            // Of a search the number ends the line.
            !status.contains("done 0 ") && !status.contains("running 0,") && !status.contains("running 0\n")
        });
    }

    /// Runs the sweep, kills a node with its task, and sees the task requeued.
    fn loses_a_node(&mut self) {
        self.submit();
        self.under_way();
        self.cluster.kill_node("n1");
        self.ends_in_the_reference();
        let shards = 1..=self.sweep.shards;
        let logs: String = shards.map(|shard| self.log(&format!("shard-{shard}.log"))).collect();
        assert!(logs.contains("start 1, on"), "some task was requeued\n{logs}");
    }

    /// Waits until nothing is queued, and compares the tables that the report job wrote.
    fn ends_in_the_reference(&self) {
        wait_for(PATIENCE, "an empty queue", || self.cluster.ask("squeue", &["--noheader"]).trim().is_empty());
        let status = self.status();
        assert!(status.contains(self.sweep.complete), "{status}\n{}", self.log("report.log"));
        let runs = self.run_directory().join("runs.parquet");
        wait_for(Duration::from_secs(5), "the report", || runs.is_file());
        assert_eq!(sha256(&runs), self.sweep.reference(), "{}", self.log("report.log"));
        assert!(self.log("report.log").contains("tables and figures"), "{}", self.log("report.log"));
    }
}

impl Sweep {
    /// The hash of what one process, left alone, makes of it.
    fn reference(&self) -> &str {
        self.reference.get_or_init(|| {
            let home = tempfile::tempdir().unwrap();
            std::fs::write(home.path().join("slow.toml"), self.config).unwrap();
            succeed(home.path(), "run slow.toml -q");
            sha256(&home.path().join("output/slow/runs.parquet"))
        })
    }
}

/// The shard of which two processes run at this moment, if there is one.
fn running_twice(directory: &Path) -> Option<String> {
    let mut seen = std::collections::HashSet::new();
    let running = cluster::processes().into_iter().filter(|p| p.command.iter().any(|w| Path::new(w) == directory));
    let shards = running.filter_map(|p| p.command.iter().skip_while(|w| *w != "--shard").nth(1).cloned());
    shards.into_iter().find(|shard| !seen.insert(shard.clone()))
}

#[test]
fn a_node_killed_with_its_task_costs_nothing_but_time() {
    let Some(mut scene) = Scene::set(&GRID) else { return };
    scene.loses_a_node();
}

#[test]
fn a_search_whose_node_is_killed_ends_in_the_same_bytes() {
    let Some(mut scene) = Scene::set(&SEARCH) else { return };
    scene.loses_a_node();
    assert!(scene.log("report.log").contains("12 cells settled"), "{}", scene.log("report.log"));
    let output = scene.run("slurm slow.toml --shards 4");
    assert!(String::from_utf8_lossy(&output.stdout).contains("nothing is left to run"), "{output:?}");
}

#[test]
fn a_task_that_runs_twice_because_its_slurmd_was_killed_does_no_harm() {
    let Some(mut scene) = Scene::set(&GRID) else { return };
    scene.submit();
    scene.under_way();
    scene.cluster.kill_slurmd("n1");
    // Held until its double is there, and then both go on.
    scene.cluster.signal_tasks("n1", "STOP");
    let directory = scene.run_directory();
    wait_for(PATIENCE, "two processes of one shard", || running_twice(&directory).is_some());
    scene.cluster.signal_tasks("n1", "CONT");
    scene.ends_in_the_reference();
}

#[test]
fn a_cancelled_array_is_reported_and_a_second_submission_completes_it() {
    let Some(scene) = Scene::set(&GRID) else { return };
    let array = scene.submit();
    scene.under_way();
    // Not twice at the same time.
    let output = scene.run("slurm slow.toml --shards 6");
    let err = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{err}");
    assert!(err.contains(&format!("array {array} of this sweep still has")) && err.contains("scancel"), "{err}");
    let status = scene.status();
    assert!(status.contains("shard 1/6: ") && status.contains("running on"), "{status}");
    scene.cluster.ask("scancel", &[&array]);
    // The report job runs although tasks were cancelled, and says what is missing.
    wait_for(PATIENCE, "the report", || scene.log("report.log").contains("jobs have not run"));
    wait_for(PATIENCE, "an empty queue", || scene.cluster.ask("squeue", &["--noheader"]).trim().is_empty());
    let report = scene.log("report.log");
    assert!(report.contains("lacks") && report.contains("complete them with: sweep slurm"), "{report}");
    scene.submit();
    scene.ends_in_the_reference();
    // Nothing is left to submit.
    let output = scene.run("slurm slow.toml --shards 6");
    assert!(String::from_utf8_lossy(&output.stdout).contains("nothing is left to run"), "{output:?}");
}

#[test]
fn what_the_cluster_cannot_take_is_refused_before_anything_is_written() {
    let Some(scene) = Scene::set(&GRID) else { return };
    let output = scene.run("slurm slow.toml --shards 5000");
    let err = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{err}");
    assert!(
        err.contains("5000 shards are more than this cluster takes") && err.contains("--shards 1000 at most"),
        "{err}"
    );
    assert!(!scene.home.path().join("output").exists());
    let output = scene.run("slurm slow.toml --shards 2 --partition nowhere");
    let err = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{err}");
    assert!(err.contains("sbatch") && err.contains("invalid partition"), "{err}");
}
