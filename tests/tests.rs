//! The promises of the `sweep` command, tested from outside: one file per promise.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on says so by panicking")]

mod common;
mod comparison;
mod config_errors;
mod determinism;
#[cfg(unix)]
mod disk;
mod experiments;
mod explanations;
#[cfg(unix)]
mod failures;
mod imports;
mod levels;
mod lock;
mod one_job;
mod page;
#[cfg(unix)]
mod place;
mod readers;
mod run;
mod search;
mod shards;
mod shipped;
#[cfg(unix)]
mod submission;
#[cfg(unix)]
mod terminals;
mod unreached;

use std::path::Path;

use common::{command, sha256, succeed, sweep};
use report::Table;

/// A sweep that takes a few milliseconds: 3 cells, 2 settings, 4 replicates.
const SMALL: &str = "\
seed = 11
replicates = 4
[grid]
N = 3
Q = 1
T = [32, 48, 64]
batch_size = [20, \"T/2\"]
eta_boost = 0.1
[training]
max_samples = \"60*T\"
boost = { end_alpha = 0.5, end_share = 0.5 }
";

/// Runs `sweep`, which must end with this exit code; gives what it said.
fn fail(directory: &Path, arguments: &str, code: i32) -> String {
    let output = sweep(directory, arguments);
    let err = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(code), "{err}");
    err
}

/// A directory with `small.toml` in it.
fn with_small() -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("small.toml"), SMALL).unwrap();
    directory
}

fn table(directory: &Path, name: &str) -> Table {
    Table::read(&directory.join(name)).unwrap()
}
