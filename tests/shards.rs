//! Shards and merging: the same bytes as one process, and nothing missing without being named.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use sweep::store::part::{self, Found};

use super::common::small_sweeps;
use super::{command, fail, sha256, succeed, sweep, table, with_small};

/// What one process makes of the sweep.
fn reference(home: &Path) -> String {
    succeed(home, "run small.toml -q -o whole");
    sha256(&home.join("whole/runs.parquet"))
}

#[test]
fn any_number_of_shards_side_by_side_gives_the_bytes_of_one_process() {
    let home = with_small();
    let expected = reference(home.path());
    for of in [1, 2, 3, 7, 30] {
        let run = format!("shared{of}");
        let start =
            |i: u32| command(home.path(), &format!("run small.toml -q -o {run} --shard {i}/{of}")).spawn().unwrap();
        for child in &mut (1..=of).map(start).collect::<Vec<_>>() {
            assert!(child.wait().unwrap().success());
        }
        let (out, _) = succeed(home.path(), &format!("report {run}"));
        assert!(!out.contains("have not run"), "{out}");
        assert_eq!(sha256(&home.path().join(&run).join("runs.parquet")), expected, "{of} shards");
    }
}

#[test]
fn shards_in_directories_of_their_own_are_merged() {
    let home = with_small();
    let expected = reference(home.path());
    for i in 1..=3 {
        succeed(home.path(), &format!("run small.toml -q -o part{i} --shard {i}/3 trace.enabled=false"));
    }
    let (out, _) = succeed(home.path(), "merge part1 part2 part3 -o merged");
    assert!(out.contains("exponent of T"), "{out}");
    assert_eq!(sha256(&home.path().join("merged/runs.parquet")), expected);
    // Twice the same, and into one of the sources.
    succeed(home.path(), "merge part1 part3 part2 whole -o part1");
    assert_eq!(sha256(&home.path().join("part1/runs.parquet")), expected);
    // Nothing is left to run.
    let (_, err) = succeed(home.path(), "run small.toml -o merged");
    assert!(err.contains("24 of 24 jobs were done before"), "{err}");
}

#[test]
fn traces_are_merged_too() {
    let home = with_small();
    let traces = |run: &str| sha256(&home.path().join(run).join("traces.parquet"));
    succeed(home.path(), "run small.toml -q trace.enabled=true -o whole");
    for i in 1..=2 {
        succeed(home.path(), &format!("run small.toml -q trace.enabled=true -o part{i} --shard {i}/2"));
    }
    succeed(home.path(), "merge part1 part2 -o merged");
    assert_eq!(traces("merged"), traces("whole"));
}

#[test]
fn missing_shards_are_named() {
    let home = with_small();
    for i in [1, 3] {
        succeed(home.path(), &format!("run small.toml -q -o here --shard {i}/4"));
    }
    let output = sweep(home.path(), "report here");
    let out = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(1), "{out}");
    assert!(out.contains("12 of 24 jobs have not run"), "{out}");
    for line in ["shard 2/4 lacks 6 of 6 jobs: never started", "shard 4/4 lacks 6 of 6 jobs: never started"] {
        assert!(out.contains(line), "{out}");
    }
    assert!(out.starts_with("PARTIAL: 12 of 24 jobs have not run"), "{out}");
    assert!(!out.contains("shard 1/4") && out.contains("sweep run here/config.toml -o here"), "{out}");
    // So does a merge of what is there.
    let output = sweep(home.path(), "merge here -o merged");
    assert!(String::from_utf8(output.stdout).unwrap().contains("shard 4/4 lacks 6 of 6 jobs"));
    // The command that was given completes it.
    succeed(home.path(), "run here/config.toml -o here");
    assert_eq!(sha256(&home.path().join("here/runs.parquet")), reference(home.path()));
}

#[test]
fn what_a_killed_shard_left_is_merged_and_completed() {
    let home = with_small();
    let expected = reference(home.path());
    succeed(home.path(), "run small.toml -q -o a --shard 1/2");
    succeed(home.path(), "run small.toml -q -o b --shard 2/2 T=32");
    // As a machine leaves it that lost its power: an owner elsewhere, at work.
    let word = home.path().join("b/progress/2-of-2.json");
    let text = fs::read_to_string(&word).unwrap().replace("finished", "running");
    fs::write(&word, text.replace(&sweep::platform::machine::host(), "node3")).unwrap();
    fs::copy(home.path().join("a/config.toml"), home.path().join("b/config.toml")).unwrap();
    let output = sweep(home.path(), "merge a b -o merged");
    let out = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(1), "{out}");
    assert!(out.contains("shard 2/2 lacks ") && out.contains("stopped on node3"), "{out}");
    succeed(home.path(), "run merged/config.toml -o merged");
    assert_eq!(sha256(&home.path().join("merged/runs.parquet")), expected);
}

#[test]
fn a_report_beside_shards_at_work_never_stumbles() {
    let home = with_small();
    let arguments = "small.toml trace.enabled=true replicates=400 -j 1 -o here";
    let start = |i: u32| command(home.path(), &format!("run {arguments} -q --shard {i}/2")).spawn().unwrap();
    let mut shards = [start(1), start(2)];
    let mut reports = 0;
    while shards.iter_mut().any(|shard| shard.try_wait().unwrap().is_none()) {
        if home.path().join("here/config.toml").exists() {
            let output = sweep(home.path(), "report here");
            let err = String::from_utf8(output.stderr).unwrap();
            assert!(matches!(output.status.code(), Some(0 | 1)) && err.is_empty(), "{err}");
            reports += 1;
        }
    }
    assert!(reports > 1 && shards.iter_mut().all(|shard| shard.wait().unwrap().success()));
    succeed(home.path(), "report here");
    succeed(home.path(), "run small.toml trace.enabled=true replicates=400 -q -o whole");
    for name in ["runs.parquet", "traces.parquet"] {
        assert_eq!(sha256(&home.path().join("here").join(name)), sha256(&home.path().join("whole").join(name)));
    }
}

#[test]
fn a_shard_of_another_sweep_is_not_let_in_beside_shards_at_work() {
    let home = with_small();
    let slow = "training.stop_at=budget training.max_samples=1e8";
    let mut first = command(home.path(), &format!("run small.toml -q -o here --shard 1/2 {slow}")).spawn().unwrap();
    while !home.path().join("here/config.toml").exists() {
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    let before = sha256(&home.path().join("here/config.toml"));
    let output = sweep(home.path(), "run small.toml -o here --shard 2/2");
    first.kill().unwrap();
    first.wait().unwrap();
    let err = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{err}");
    assert!(err.contains(&format!("process {} on", first.id())) && err.contains("runs another sweep in here"), "{err}");
    assert_eq!(sha256(&home.path().join("here/config.toml")), before);
    // Where nobody is at work the directory may hold several sweeps, and says so.
    succeed(home.path(), "run small.toml -q -o here T=32");
    let (_, err) = succeed(home.path(), "run small.toml -o here T=32 seed=12");
    assert!(err.contains("8 finished jobs in here have other settings"), "{err}");
}

#[test]
fn overlapping_shards_agree_and_a_conflict_is_an_error_that_changes_nothing() {
    let home = with_small();
    let expected = reference(home.path());
    succeed(home.path(), "run small.toml -q -o a --shard 1/2");
    succeed(home.path(), "run small.toml -q -o b T=32,48");
    // Their grids differ: the union has both, and 24 jobs.
    succeed(home.path(), "run small.toml -q -o c --shard 2/2");
    succeed(home.path(), "merge a c whole -o merged");
    assert_eq!(sha256(&home.path().join("merged/runs.parquet")), expected);

    // One bit of one number of one job in c is changed, and its part has a good checksum.
    let parts = home.path().join("c/parts");
    let path = fs::read_dir(&parts).unwrap().next().unwrap().unwrap().path();
    let Found::Whole(part, mut rows) = part::read(&path).unwrap() else { panic!("a whole part") };
    let loss = &mut rows[0].0.measures.as_mut().unwrap().loss;
    *loss = f64::from_bits(loss.to_bits() ^ 1);
    part::write(&parts, &rows, &[]).unwrap();
    part::remove(&part);
    let job = &rows[0].0.job_id;
    for (arguments, written) in [("merge c whole -o conflict", "conflict"), ("merge whole b c -o conflict", "conflict")]
    {
        let err = fail(home.path(), arguments, 1);
        assert!(
            err.contains(&format!("two different results of job {job}")) && err.contains("faulty machine"),
            "{err}"
        );
        assert!(!home.path().join(written).exists());
    }
}

#[test]
fn sweeps_that_differ_in_their_grids_add_up_and_others_are_refused() {
    let home = with_small();
    reference(home.path());
    // Each keeps to its own limit, and both to the sum.
    succeed(home.path(), "run small.toml -q -o a T=32 max_jobs=8");
    succeed(home.path(), "run small.toml -q -o b T=48,64 max_jobs=16");
    succeed(home.path(), "merge a b -o merged");
    let whole = table(&home.path().join("whole"), "runs.parquet");
    let merged = table(&home.path().join("merged"), "runs.parquet");
    // In this order the grids of both are that of the whole sweep.
    assert_eq!(merged.texts("job_id"), whole.texts("job_id"));
    succeed(home.path(), "run small.toml -q -o other seed=12");
    let err = fail(home.path(), "merge a other -o nothing", 2);
    assert!(err.contains("a and other hold different sweeps: `seed` differs"), "{err}");
    assert!(!home.path().join("nothing").exists());
    let output = sweep(home.path(), "merge a nowhere -o nothing");
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8(output.stderr).unwrap().contains("cannot read nowhere/config.toml"));
}

/// Shards each run the pretrainings that their jobs need; put together they are those of one run,
/// and none is run again.
#[test]
fn pretrainings_of_shards_are_put_together() {
    let home = with_small();
    let grid = "N=3 T=32 batch_size=16 transfer=1 theta=-1,0.5,1 replicates=3 pretraining.max_samples=20000 training.max_samples=3000";
    succeed(home.path(), &format!("run small.toml -q -o whole {grid}"));
    let (out, _) = succeed(home.path(), &format!("plan small.toml -o elsewhere {grid}"));
    assert!(out.contains("at most 9 pretrainings before them"), "{out}");
    for shard in ["1/2", "2/2"] {
        succeed(home.path(), &format!("run small.toml -q -o part{} --shard {shard} {grid}", &shard[..1]));
    }
    succeed(home.path(), "merge part1 part2 -o merged");
    let files = |run: &str| -> Vec<(std::ffi::OsString, Vec<u8>)> {
        let entries = fs::read_dir(home.path().join(run).join("pretraining")).unwrap();
        let mut files: Vec<_> =
            entries.map(|e| e.unwrap()).map(|e| (e.file_name(), fs::read(e.path()).unwrap())).collect();
        files.sort();
        files
    };
    assert_eq!(files("merged").len(), 9);
    assert_eq!(files("merged"), files("whole"));
    assert_eq!(sha256(&home.path().join("merged/runs.parquet")), sha256(&home.path().join("whole/runs.parquet")));
    // One that is damaged, or that stands under another's name, is left behind; one that is damaged
    // where it goes is replaced.
    let first = |run: &str| home.path().join(run).join("pretraining").join(&files("part1")[0].0);
    fs::write(first("merged"), "no table").unwrap();
    succeed(home.path(), "merge part1 part2 -o merged");
    assert_eq!(files("merged"), files("whole"));
    fs::copy(home.path().join("part1/pretraining").join(&files("part1")[1].0), first("part1")).unwrap();
    succeed(home.path(), "merge part1 part2 -o again");
    assert!(!first("again").exists() && files("again").len() == 8);
}

fn shipped() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../sweeps").canonicalize().unwrap()
}

#[test]
fn the_table_of_small_sweeps_has_a_row_for_every_sweep_that_ships() {
    let files = fs::read_dir(shipped()).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let files: BTreeSet<String> = files.filter(|name| name.ends_with(".toml")).collect();
    let rows: BTreeSet<String> = small_sweeps().iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(rows.len(), small_sweeps().len(), "a sweep has two rows in small_sweeps()");
    let (new, gone): (Vec<_>, Vec<_>) = (files.difference(&rows).collect(), rows.difference(&files).collect());
    assert!(new.is_empty(), "{new:?} of sweeps/ have no row in small_sweeps() of tests/common/mod.rs: add overrides");
    assert!(gone.is_empty(), "small_sweeps() of tests/common/mod.rs names {gone:?}, which sweeps/ lacks: remove them");
}

#[test]
fn every_sweep_that_ships_is_merged_from_shards_to_the_bytes_of_one_run() {
    let home = tempfile::tempdir().unwrap();
    for (name, overrides) in small_sweeps() {
        let path = shipped().join(name);
        let run = |place: &str, flags: &str| {
            succeed(home.path(), &format!("run {} -q -o {name}/{place} {flags} {overrides}", path.display()));
        };
        run("whole", "");
        run("one", "--shard 1/2");
        run("two", "--shard 2/2");
        let (out, _) = succeed(home.path(), &format!("merge {name}/one {name}/two -o {name}/merged"));
        assert!(!out.contains("have not run"), "{name}\n{out}");
        let runs = |place: &str| home.path().join(name).join(place).join("runs.parquet");
        assert_eq!(sha256(&runs("merged")), sha256(&runs("whole")), "{name}");
        let config = |place: &str| fs::read_to_string(home.path().join(name).join(place).join("config.toml")).unwrap();
        assert_eq!(config("merged"), config("whole"), "{name}");
    }
}

#[test]
fn an_axis_may_stand_in_its_section_in_one_sweep_and_in_the_grid_of_another() {
    let home = with_small();
    let small = "run small.toml -q T=32 replicates=2";
    succeed(home.path(), &format!("{small} -o a"));
    succeed(home.path(), &format!("{small} -o b persistence=0.6,0.7"));
    succeed(home.path(), &format!("{small} -o whole persistence=0.5,0.6,0.7"));
    succeed(home.path(), "merge a b -o merged");
    let merged = table(&home.path().join("merged"), "runs.parquet");
    let whole = table(&home.path().join("whole"), "runs.parquet");
    let ids = |table: &report::Table| table.texts("job_id").unwrap().iter().cloned().collect::<BTreeSet<_>>();
    assert_eq!(ids(&merged), ids(&whole));
    assert_eq!(merged.floats("persistence").unwrap()[0], Some(0.5), "what any grid lists has a column");
    // Again, the other way round, and with what holds both: nothing is added twice.
    succeed(home.path(), "merge b a merged -o again");
    let text = fs::read_to_string(home.path().join("again/config.toml")).unwrap();
    assert_eq!(text.matches("[[grid]]").count(), 2, "{text}");
    // An axis that only sections set must be the same, also if its values are made of others.
    succeed(home.path(), &format!("{small} -o c task.persistence=0.6"));
    let err = fail(home.path(), "merge a c -o nothing", 2);
    assert!(err.contains("`task.persistence` differs") && !home.path().join("nothing").exists(), "{err}");
    succeed(home.path(), "merge a b c -o three");
    succeed(home.path(), &format!("{small} -o d training.epsilon=persistence/2"));
    succeed(home.path(), &format!("{small} -o e epsilon=0.2,0.3"));
    succeed(home.path(), "merge d e -o made");
    let text = fs::read_to_string(home.path().join("made/config.toml")).unwrap();
    assert!(
        text.matches("persistence = [0.5]").count() == 2 && text.contains("epsilon = [\"persistence/2\"]"),
        "{text}"
    );
}

#[test]
fn a_sweep_with_a_matrix_is_reported_continued_and_merged() {
    let home = with_small();
    let given = "N=2 Q=1 T=32 task.matrix=[[0.9,0.2],[0.1,0.8]]";
    succeed(home.path(), &format!("run small.toml -q -o a {given}"));
    succeed(home.path(), "report a");
    succeed(home.path(), "run a/config.toml -q -o a");
    succeed(home.path(), "merge a -o merged");
    assert_eq!(sha256(&home.path().join("merged/runs.parquet")), sha256(&home.path().join("a/runs.parquet")));
}
