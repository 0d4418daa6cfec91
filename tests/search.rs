//! The search for the best hyperparameters: settled cells, the same bytes on any way there, and bad
//! input.

use std::path::Path;

use sweep::store::layout::{NEEDED, RUNS};

use super::common::SEARCH;
use super::{command, sha256, succeed, sweep, table};

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
    succeed(home.path(), "merge part1 part2 -o merged");
    assert_eq!(hash(home.path(), "merged"), expected);
}

#[test]
fn the_page_shows_what_was_chosen_and_how_much_worse_the_neighbours_are() {
    let home = home();
    succeed(home.path(), "run s.toml -q -o out search.horizon=2");
    let page = std::fs::read_to_string(home.path().join("out/report.html")).unwrap();
    for text in ["id=\"search\"", "all 6 cells settled", ">best neighbour<", "search chose on other runs"] {
        assert!(page.contains(text), "{text}");
    }
    for figure in ["search_bowls_prox_N3_Q1", "search_bowls_prox_N3_Q2", "search_values_prox", "search_tokens_prox"] {
        assert!(home.path().join("out/figures").join(format!("{figure}.svg")).is_file(), "{figure}");
        assert!(page.contains(&format!("id=\"{figure}\"")), "{figure}");
    }
    assert!(!page.contains("without split") && !page.contains("step_size_prox"));
}
