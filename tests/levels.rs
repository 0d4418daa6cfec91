//! Kernels of every level give the same results, and a level can be forced.

use std::fs;
use std::path::Path;

use scb_core::Level;

use super::{command, sha256, with_small};

fn run(home: &Path, level: &str, arguments: &str) -> std::process::Output {
    command(home, arguments).env(sweep::execution::level::VARIABLE, level).output().unwrap()
}

/// Whole runs over every kind of layout, T that fills no round, and both gradient methods.
#[test]
fn runs_parquet_has_one_sha256_at_every_level() {
    let home = with_small();
    let arguments = "run small.toml N=2,3,4,5,16,17,40,200 T=33,71,259 replicates=2 algorithm=prox,sgd \
                     training.max_samples=2000 training.sparse={end_share=0.8} -q";
    let mut sums = Vec::new();
    for level in Level::available() {
        let output = run(home.path(), level.name(), arguments);
        assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
        sums.push(sha256(&home.path().join("output/small/runs.parquet")));
        fs::remove_dir_all(home.path().join("output")).unwrap();
    }
    eprintln!("levels of this processor: {:?}", Level::available());
    assert!(sums.iter().all(|sum| *sum == sums[0]), "{sums:?}");
}

#[test]
fn a_level_that_is_not_there_is_an_error_that_names_the_others() {
    let home = with_small();
    let output = run(home.path(), "sse9", "run small.toml");
    let text = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(text.contains("SCB_KERNELS=sse9 names no kernels") && text.contains("one of portable"), "{text}");
    assert!(!home.path().join("output").exists(), "nothing on disk is touched");
}
