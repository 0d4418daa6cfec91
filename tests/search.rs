//! The search for the best hyperparameters: settled cells, the same bytes on any way there, and bad
//! input.

use std::path::Path;

use sweep::store::layout::{NEEDED, RUNS};

use super::common::SEARCH;
use super::{command, fail, sha256, succeed, sweep, table};

fn home() -> tempfile::TempDir {
    let home = tempfile::tempdir().unwrap();
    std::fs::write(home.path().join("s.toml"), SEARCH).unwrap();
    home
}

fn hash(home: &Path, run: &str) -> String {
    sha256(&home.join(run).join(RUNS))
}

#[test]
fn every_cell_is_settled_and_judged_on_runs_of_its_own() {
    let home = home();
    let (out, _) = succeed(home.path(), "run s.toml -o out");
    assert!(out.contains("all 6 cells settled"), "{out}");
    let needed = table(&home.path().join("out"), NEEDED);
    assert!(needed.texts("search").unwrap().iter().all(|end| end.as_deref() == Some("settled")));
    assert!(needed.ints("replicates").unwrap().iter().all(|&replicates| replicates == Some(40)));
    let runs = table(&home.path().join("out"), RUNS);
    let (replicates, caps) = (runs.ints("replicate").unwrap(), runs.ints("cap").unwrap());
    assert!(replicates.iter().zip(&caps).all(|(replicate, cap)| replicate.unwrap() >= 1_000_000 || cap.is_none()));
    let judges = replicates.iter().filter(|replicate| replicate.unwrap() < 1_000_000).count();
    assert_eq!(judges, 6 * 40);
    // Nothing is left.
    let (_, err) = succeed(home.path(), "run s.toml -o out");
    assert!(err.contains("6 of 6 cells were searched before"), "{err}");
}

#[test]
fn threads_shards_and_merges_give_the_same_bytes() {
    let home = home();
    succeed(home.path(), "run s.toml -q -o whole -j 1");
    let expected = hash(home.path(), "whole");
    succeed(home.path(), "run s.toml -q -o two -j 2");
    assert_eq!(hash(home.path(), "two"), expected);
    for of in [1, 3, 7] {
        let run = format!("shared{of}");
        let start = |i: u32| command(home.path(), &format!("run s.toml -q -o {run} --shard {i}/{of}")).spawn().unwrap();
        for child in &mut (1..=of).map(start).collect::<Vec<_>>() {
            assert!(child.wait().unwrap().success());
        }
        let (out, _) = succeed(home.path(), &format!("report {run}"));
        assert!(!out.contains("not searched"), "{out}");
        assert_eq!(hash(home.path(), &run), expected, "{of} shards");
    }
    for i in 1..=2 {
        succeed(home.path(), &format!("run s.toml -q -o part{i} --shard {i}/2"));
    }
    let half = sweep(home.path(), "report part1");
    let out = String::from_utf8(half.stdout).unwrap();
    assert!(half.status.code() == Some(1) && out.contains("PARTIAL: 3 of 6 cells are not searched"), "{out}");
    let page = std::fs::read_to_string(home.path().join("part1/report.html")).unwrap();
    assert!(page.contains("3 of 6 cells are not searched, and everything below will change."));
    succeed(home.path(), "merge part1 part2 -o merged");
    assert_eq!(hash(home.path(), "merged"), expected);
}

#[test]
fn the_page_shows_what_was_chosen_and_how_much_worse_the_neighbours_are() {
    let home = home();
    succeed(home.path(), "run s.toml -q -o out search.horizon=2");
    let page = std::fs::read_to_string(home.path().join("out/report.html")).unwrap();
    assert!(!page.contains("Partial"));
    for text in ["id=\"search\"", "all 6 cells settled", ">best neighbour<", "search chose on other runs"] {
        assert!(page.contains(text), "{text}");
    }
    for figure in ["search_bowls_prox_N3_Q1", "search_bowls_prox_N3_Q2", "search_values_prox", "search_tokens_prox"] {
        assert!(home.path().join("out/figures").join(format!("{figure}.svg")).is_file(), "{figure}");
        assert!(page.contains(&format!("id=\"{figure}\"")), "{figure}");
    }
    assert!(!page.contains("without split") && !page.contains("step_size_prox"));
}

/// In one of two cells there is nothing to learn, so that every job fails.
#[test]
fn jobs_that_fail_lose_their_race_and_can_be_run_again() {
    let home = home();
    let without = SEARCH.replace("[task]\npersistence = 0.7\n", "");
    std::fs::write(home.path().join("s.toml"), without).unwrap();
    let run = "run s.toml T=32 Q=1 persistence=0,0.7 task.concentration=1e7 -o out";
    let output = sweep(home.path(), run);
    let (out, err) = [output.stdout, output.stderr].map(|text| String::from_utf8(text).unwrap()).into();
    assert!(err.contains("failed: K_P = ") && err.contains("--retry-failed"), "{err}");
    assert!(out.contains("1 of 2 cells settled"), "{out}");
    assert!(out.trim_start().starts_with("prox, persistence = 0: all 40 jobs at T = 32 failed: K_P = "), "{out}");
    let directory = home.path().join("out");
    let page = std::fs::read_to_string(directory.join("report.html")).unwrap();
    assert!(page.contains("all 40 jobs at T = 32 failed: K_P = "));
    let ends = table(&directory, NEEDED).texts("search").unwrap();
    assert!(!ends.is_empty() && ends.iter().all(|end| end.as_deref() == Some("settled")), "{ends:?}");
    let failed =
        || table(&directory, RUNS).texts("status").unwrap().iter().filter(|s| s.as_deref() == Some("failed")).count();
    let (before, bytes) = (failed(), hash(home.path(), "out"));
    assert!(before >= 40);
    // They are not run again unasked, and asked for only they are.
    let err = fail(home.path(), run, 1);
    assert!(err.contains("cells were searched before") && !err.contains("looks at runs in"), "{err}");
    let err = fail(home.path(), &format!("{run} --retry-failed"), 1);
    assert!(err.contains(&format!("{before} looks at runs in")), "{err}");
    assert_eq!((failed(), hash(home.path(), "out")), (before, bytes));
}

#[test]
fn a_report_can_stand_beside_that_of_another_sweep() {
    let home = home();
    succeed(home.path(), "run s.toml -q -o out");
    succeed(home.path(), "run s.toml -q seed=6 T=32,128,2048 -o other");
    let figure = home.path().join("out/figures/beside_prox.svg");
    let (out, _) = succeed(home.path(), "report out --beside other");
    // Of six cells two lengths are in both.
    assert!(out.contains("Beside s, on 4 cells that recover in both: recovery takes"), "{out}");
    assert!(figure.exists());
    let (out, _) = succeed(home.path(), "report out");
    assert!(!out.contains("Beside") && !figure.exists(), "{out}");
    // What was asked differently cannot be compared, and nothing is written.
    succeed(home.path(), "run s.toml -q answer.quantile=0.5 -o median");
    let err = fail(home.path(), "report out --beside median", 2);
    assert!(err.contains("s cannot be compared: its quantile is 0.5, and 0.9 here"), "{err}");
    let err = fail(home.path(), "report out --beside nowhere", 2);
    assert!(err.contains("nowhere"), "{err}");
    assert!(!figure.exists());
}

/// Stage 1 by its signal, stage 2 by recovery, and the runs without noise by nothing.
const BY_GRID: &str = "\
seed = 5
replicates = 12
[[grid]]
N = 3
Q = 1
T = [64, 512]
init_alpha_v = 0
init_alpha_a = 0
max_samples = 40_000
epsilon = 0.02
[grid.search]
milestone = \"signal\"
batch_size = { start = \"0.15*T + 12\", factor = 1.5, min = 1, max = \"16*T\" }
eta_boost = { start = 0.1, factor = 2, min = 0.001, max = 2 }
[[grid]]
N = 3
Q = 1
T = [32, 64]
init_alpha_v = 0.5
init_alpha_a = 0.5
max_samples = 20_000
epsilon = 0.25
[grid.search]
batch_size = { start = 256, factor = 1.5, min = 8, max = 65536 }
eta_sparse = { start = 0.9, factor = 1.5, min = 0.05, max = 5 }
rungs = [4, 10]
[[grid]]
N = 3
Q = 1
T = [32, 64]
init_alpha_v = 0
init_alpha_a = 0
batch_size = 8
max_samples = 6000
epsilon = 0.25
algorithm = \"population\"
search = false
[task]
persistence = 0.7
[training]
boost = { end_clear_mass = 0.45 }
";

#[test]
fn every_grid_may_have_a_search_of_its_own() {
    let home = tempfile::tempdir().unwrap();
    std::fs::write(home.path().join("s.toml"), BY_GRID).unwrap();
    let (out, _) = succeed(home.path(), "plan s.toml");
    assert!(out.contains("search of 6 cells"), "{out}");
    for part in [
        "grid 1\n  batch_size     from 0.15*T + 12",
        "grid 2\n  batch_size     from 256",
        "grid 3\n  nothing is searched",
    ] {
        assert!(out.contains(part), "{out}");
    }
    succeed(home.path(), "run s.toml -q -o out -j 1");
    let directory = home.path().join("out");
    let needed = table(&directory, NEEDED);
    let column = |name: &str| needed.texts(name).unwrap();
    let (milestones, goals, ends) = (column("milestone"), column("searched_for"), column("search"));
    assert!(ends.iter().all(|end| end.as_deref() == Some("settled")), "{ends:?}");
    let planted = needed.floats("init_alpha_v").unwrap();
    let algorithms = column("algorithm");
    for (i, milestone) in milestones.iter().enumerate() {
        let by_signal = planted[i] == Some(0.0) && algorithms[i].as_deref() == Some("prox");
        assert_eq!(goals[i].as_deref(), Some(if by_signal { "signal" } else { "recovery" }));
        assert!(!by_signal || milestone.as_deref() == Some("signal"), "nothing is said of what was not looked at");
    }
    assert_eq!(planted.iter().filter(|&&start| start == Some(0.5)).count(), 2 * 4, "all milestones");
    // Runs that judge a signal end soon after it, and not before it.
    let runs = table(&directory, RUNS);
    let (replicates, starts, caps) =
        (runs.ints("replicate").unwrap(), runs.floats("init_alpha_v").unwrap(), runs.ints("cap").unwrap());
    let (signals, kinds) = (runs.ints("samples_to_signal").unwrap(), runs.texts("algorithm").unwrap());
    let judges =
        |i: &usize| replicates[*i] < Some(1_000_000) && starts[*i] == Some(0.0) && kinds[*i].as_deref() == Some("prox");
    let judges: Vec<usize> = (0..replicates.len()).filter(judges).collect();
    assert!(
        judges.len() == 2 * 12 && judges.iter().filter(|&&i| caps[i].is_some() && signals[i].is_some()).count() > 6,
        "{caps:?}"
    );
    // What is not searched in a cell has no value among its settings.
    let tried = table(&directory, "search.parquet");
    let (batches, steps) = (tried.floats("eta_sparse").unwrap(), tried.floats("eta_boost").unwrap());
    assert!(batches.iter().zip(&steps).all(|(sparse, boost)| sparse.is_none() != boost.is_none()));
    // The resolved config says the same, and any way there gives the same bytes.
    let expected = hash(home.path(), "out");
    succeed(home.path(), "run out/config.toml -q -o again -j 2");
    assert_eq!(hash(home.path(), "again"), expected);
    for i in 1..=2 {
        succeed(home.path(), &format!("run s.toml -q -o part{i} --shard {i}/2"));
    }
    succeed(home.path(), "merge part1 part2 -o merged");
    assert_eq!(hash(home.path(), "merged"), expected);
}

/// Whether the support stays is known at the end of a run only, so that no run is capped, and what
/// another search has capped is run to its end.
#[test]
fn a_search_for_the_support_looks_at_whole_runs() {
    let home = home();
    let run = "run s.toml -q T=32 replicates=10 search.milestone";
    succeed(home.path(), &format!("{run}=support -o out"));
    let directory = home.path().join("out");
    let runs = table(&directory, RUNS);
    assert!(runs.texts("status").unwrap().iter().all(|status| status.as_deref() != Some("capped")));
    let needed = table(&directory, NEEDED);
    assert!(needed.texts("searched_for").unwrap().iter().all(|goal| goal.as_deref() == Some("support")));
    succeed(home.path(), &format!("{run}=recovery -o after"));
    let before = hash(home.path(), "after");
    succeed(home.path(), &format!("{run}=support -o after"));
    assert_eq!(hash(home.path(), "after"), hash(home.path(), "out"));
    assert_ne!(hash(home.path(), "after"), before);
}
