//! The report page: what it holds, that a browser can use it, and what it says of a run that holds
//! little.

use std::fs;
use std::path::Path;
use std::process::Command;

use report::Table;

use super::{fail, succeed, sweep, table, with_small};

/// No number of a table may be one that is none.
fn numbers_are_numbers(run: &Path) {
    for name in ["runs", "summary", "needed", "success", "scaling"] {
        let table: Table = table(run, &format!("{name}.parquet"));
        for column in table.columns() {
            if let Some(cells) = table.floats(&column.name) {
                assert!(cells.iter().flatten().all(|x| x.is_finite()), "{name}.{}", column.name);
            }
        }
    }
}

#[test]
fn a_sweep_ends_with_an_answer_that_fits_a_terminal_and_a_page() {
    let home = with_small();
    // Batches that leave few runs mirrored, and a quantile that a few may miss: at nearly every
    // seed there is a law.
    let settings = "replicates=8 T=32,64,128 batch_size=T,2*T training.max_samples=300*T answer.quantile=0.7";
    let (out, _) = succeed(home.path(), &format!("run small.toml -q {settings}"));
    assert!(out.is_empty(), "{out}");
    let (out, _) = succeed(home.path(), "report output/small");
    assert!(out.contains("Report: output/small/report.html") && out.lines().count() <= 25, "{out}");
    let page = fs::read_to_string(home.path().join("output/small/report.html")).unwrap();
    for text in ["grow as T<sup>", "results version", "seed = 11", "8 replicates do not bound", "needed_samples_prox"] {
        assert!(page.contains(text), "{text}");
    }
    numbers_are_numbers(&home.path().join("output/small"));
    // The same results make the same page.
    succeed(home.path(), "report output/small");
    assert_eq!(fs::read_to_string(home.path().join("output/small/report.html")).unwrap(), page);
}

#[test]
fn a_run_that_holds_little_says_what_cannot_be_concluded() {
    let home = with_small();
    // Nothing at all.
    fs::create_dir(home.path().join("empty")).unwrap();
    assert!(fail(home.path(), "report empty", 2).contains("give a run directory"));
    // One replicate, one value of T.
    succeed(home.path(), "run small.toml -o one -q replicates=1 T=32");
    let (out, _) = succeed(home.path(), "report one");
    assert!(out.contains("cells of one replicate") && !out.contains("one value of T"), "{out}");
    numbers_are_numbers(&home.path().join("one"));
    // Part of the jobs.
    succeed(home.path(), "run small.toml -o part -q --shard 1/3");
    let output = sweep(home.path(), "report part");
    let out = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.code() == Some(1) && out.starts_with("PARTIAL: 16 of 24 jobs have not run"), "{out}");
    assert!(fs::read_to_string(home.path().join("part/report.html")).unwrap().contains("16 of 24 jobs have not run"));
    numbers_are_numbers(&home.path().join("part"));
    // Jobs of other settings, or of another version of the program: their ids are others.
    let config = home.path().join("one/config.toml");
    let text = fs::read_to_string(&config).unwrap();
    fs::write(&config, text.replace("seed = 11", "seed = 12")).unwrap();
    let output = sweep(home.path(), "report one");
    let out = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(out.contains("2 finished jobs in one have other settings or are of another version"), "{out}");
    assert!(out.contains("nothing can be concluded"), "{out}");
    assert!(fs::read_to_string(home.path().join("one/report.html")).unwrap().contains("nothing can be concluded"));
    numbers_are_numbers(&home.path().join("one"));
}

#[test]
fn every_job_may_fail_and_there_is_still_a_page() {
    let home = with_small();
    // A chain that forgets where it was: nothing to learn.
    let output = sweep(home.path(), "run small.toml -o output/none persistence=0 concentration=1e12");
    let out = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.code() == Some(1) && out.contains("24 jobs failed and are left out"), "{out}");
    numbers_are_numbers(&home.path().join("output/none"));
    assert!(home.path().join("output/none/report.html").is_file());
}

#[test]
fn a_report_removes_figures_that_it_has_written_and_no_others() {
    let home = with_small();
    succeed(home.path(), "run small.toml -q -o run persistence=0.4,0.9 replicates=2");
    let figures = home.path().join("run/figures");
    let names = || -> Vec<String> {
        let entries = fs::read_dir(&figures).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap());
        entries.collect()
    };
    let before = names();
    assert!(before.contains(&"needed_samples_prox_persistence_0.4.svg".to_owned()), "{before:?}");
    for mine in ["needed_samples_mine.svg", "claim_draft.svg", "success_old.svg"] {
        fs::write(figures.join(mine), "mine").unwrap();
    }
    // A list that names other places is not believed.
    let manifest = home.path().join("run/manifest.json");
    let text = fs::read_to_string(&manifest).unwrap();
    fs::write(home.path().join("run/other.svg"), "mine").unwrap();
    fs::write(&manifest, text.replace("\"figures\": [", "\"figures\": [\"../other.svg\",")).unwrap();
    succeed(home.path(), "run small.toml -q -o run replicates=2");
    let after = names();
    for mine in ["needed_samples_mine.svg", "claim_draft.svg", "success_old.svg"] {
        assert_eq!(fs::read_to_string(figures.join(mine)).unwrap(), "mine");
    }
    assert!(home.path().join("run/other.svg").exists());
    assert!(after.contains(&"needed_samples_prox.svg".to_owned()), "{after:?}");
    assert!(!after.iter().any(|name| name.contains("persistence")), "{after:?}");
}

#[test]
fn values_of_any_size_and_many_conditions_make_names_that_any_disk_takes() {
    let home = with_small();
    let (_, err) = succeed(home.path(), "run small.toml -o tiny -q replicates=2 T=32,64 epsilon=1e-250,1e14");
    assert!(err.is_empty(), "{err}");
    let names = |run: &str| -> Vec<String> {
        let entries = fs::read_dir(home.path().join(run).join("figures")).unwrap();
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
    };
    let tiny = names("tiny");
    assert!(tiny.contains(&"needed_samples_prox_epsilon_1e-250.svg".to_owned()), "{tiny:?}");
    assert!(tiny.contains(&"success_prox_epsilon_1e14.svg".to_owned()), "{tiny:?}");
    let (out, _) = succeed(home.path(), "plan small.toml --list epsilon=1e-250");
    assert!(out.contains("epsilon=1e-250 ") && !out.contains("00000000000"), "{out}");
    // Two groups that differ in the last of their conditions.
    let conditions = "persistence=0.123456789012 concentration=1.12345678901 alpha_v=0.123456789012 \
                      alpha_a=0.0123456789012 epsilon=0.212345678901 steps=normalised flip=0,1.00123456789";
    succeed(home.path(), &format!("run small.toml -o many -q replicates=2 T=32,64 {conditions}"));
    let many = names("many");
    let needed: Vec<&String> =
        many.iter().filter(|name| name.starts_with("needed_samples_prox_") && name.ends_with(".svg")).collect();
    assert_eq!(needed.len(), 2, "{many:?}");
    assert!(many.iter().all(|name| name.len() <= 100), "{many:?}");
    succeed(home.path(), "report many");
    assert_eq!(names("many").len(), many.len());
}

/// A search from scratch, of three keys with long names and one at its bound.
const SEARCHED: &str = "\
seed = 11
replicates = 12
[grid]
N = 3
Q = [1, 2]
T = [32, 64, 128]
[search]
horizon = 2
batch_size = { start = \"T/4\", factor = 2, min = 4, max = \"2*T\" }
attention_step_sparse = { start = 1, factor = 2, min = 1, max = 20 }
lambda = { start = 0.003, factor = 3, min = 1e-5, max = 1 }
[training]
max_samples = \"100*T + 4000\"
boost = { end_share = false }
";

/// Real Chromium, through `tests/browser.py`. Skipped where it or Selenium is missing, except in
/// CI.
#[test]
fn a_browser_can_use_the_page() {
    let python = || Command::new("python3");
    let check =
        "import selenium, shutil, sys; sys.exit(not (shutil.which('chromedriver') and shutil.which('chromium')))";
    if !python().args(["-c", check]).output().is_ok_and(|output| output.status.success()) {
        assert!(std::env::var_os("CI").is_none(), "CI must have chromium, chromedriver and python3 with selenium");
        eprintln!("skipped: chromium, chromedriver or Selenium is not installed (pip install selenium)");
        return;
    }
    let home = with_small();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/browser.py");
    let sweeps = [
        // Every kind of figure, two algorithms.
        ("traced", "N=2,3 Q=1,2 replicates=6 trace.enabled=true algorithm=prox,sgd training.max_samples=6000"),
        // A condition; six values of N, of which a figure has colours for all, and large numbers of
        // samples.
        ("wide", "N=3,4,5,6,7,8 T=8,16,32 replicates=3 persistence=0.4,0.9 training.max_samples=90000"),
        // Every claim, each with its figures.
        (
            "convergence",
            "answer.claim=convergence algorithm=prox,sgd,population step_scale=normalised,raw trace.enabled=true training.stop_at=budget",
        ),
        (
            "two_stages",
            "answer.claim=two_stages init_alpha_v=0,0.5 init_alpha_a=0,0.5 zip=[\"init_alpha_v\",\"init_alpha_a\"] replicates=6",
        ),
        ("transfer", "answer.claim=transfer transfer=0,1 theta=-1,0.5,1 replicates=6 pretraining.max_samples=30000"),
        ("softmax", "answer.claim=softmax algorithm=prox,sgd,softmax,softmax_adam replicates=6"),
        ("moment", "answer.claim=moment algorithm=moment,prox,sgd,softmax,softmax_adam replicates=6"),
        ("mirrored", "answer.claim=mirrored flip=0,1.5 replicates=12"),
    ];
    fs::write(home.path().join("searched.toml"), SEARCHED).unwrap();
    let sweeps = sweeps.map(|(name, overrides)| (name, "small.toml", overrides));
    for (name, config, overrides) in sweeps.into_iter().chain([("searched", "searched.toml", "")]) {
        succeed(home.path(), &format!("run {config} -q -o {name} {overrides}"));
        let output = python().arg(&script).arg(home.path().join(name)).output().unwrap();
        let text = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{name}: {text}");
        assert!(name != "traced" || text.contains("a map and its curves on either paper"), "{text}");
        assert!(name != "searched" || text.contains(", 6 searches"), "{text}");
    }
}
