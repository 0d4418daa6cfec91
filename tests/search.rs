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
    assert!(err.contains("were done before"), "{err}");
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
    assert!(err.contains("were done before") && !err.contains("jobs in"), "{err}");
    let err = fail(home.path(), &format!("{run} --retry-failed"), 1);
    assert!(err.contains(&format!("{before} jobs in")), "{err}");
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
