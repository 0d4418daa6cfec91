//! Other programs read the tables.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::common::small_sweeps;
use super::{succeed, with_small};

/// Real pandas, pyarrow, Polars and DuckDB, through `tests/readers.py`. Skipped where Python does
/// not have them, except in CI.
fn read(directories: &[PathBuf]) {
    let python = || Command::new("python3");
    let there = python().args(["-c", "import duckdb, pandas, polars, pyarrow.parquet, tomllib"]).output();
    if !there.is_ok_and(|output| output.status.success()) {
        assert!(std::env::var_os("CI").is_none(), "CI must have python3 with duckdb, pandas, polars and pyarrow");
        eprintln!("skipped: python3 lacks one of duckdb, pandas, polars and pyarrow (pip install them)");
        return;
    }
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/readers.py");
    let output = python().arg(script).args(directories).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{text}");
    assert_eq!(text.lines().count(), directories.len(), "{text}");
}

#[test]
fn four_readers_read_every_table() {
    let home = with_small();
    succeed(home.path(), "run small.toml -q trace.enabled=true persistence=0.4,0.6");
    // Every key that may have a column.
    let keys = "concentration=0.5,1 init_alpha_v=0,0.5 init_alpha_a=0,0.25 epsilon=0.25,0.3 cut=0.1,0.2 keep=0.4,0.5 \
                step_scale=raw,normalised attention_step=1,2 flip=0,2 transfer=0 theta=1 T=32 batch_size=20 replicates=1";
    succeed(home.path(), &format!("run small.toml -q -o output/keys persistence=0.4,0.6 {keys}"));
    read(&["small", "keys"].map(|name| home.path().join("output").join(name)));
}

#[test]
fn four_readers_read_every_table_of_the_shipped_sweeps() {
    let sweeps = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../sweeps");
    let files = fs::read_dir(&sweeps).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let shipped: BTreeSet<String> = files.filter(|name| name.ends_with(".toml")).collect();
    assert_eq!(small_sweeps().iter().map(|(name, _)| (*name).to_owned()).collect::<BTreeSet<_>>(), shipped);
    let home = tempfile::tempdir().unwrap();
    let run = |(name, overrides): (&str, &str)| {
        let directory = home.path().join(name.trim_end_matches(".toml"));
        let path = sweeps.join(name);
        succeed(home.path(), &format!("run {} -q -o {} {overrides}", path.display(), directory.display()));
        directory
    };
    read(&small_sweeps().into_iter().map(run).collect::<Vec<_>>());
}
