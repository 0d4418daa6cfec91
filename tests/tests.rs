//! The promises of the `sweep` command, tested from outside: one file per promise.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on says so by panicking")]

mod config_errors;
mod determinism;
mod levels;
mod readers;
mod run;

use std::path::Path;
use std::process::{Command, Output};

use report::Table;
use sha2::{Digest, Sha256};

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
";

/// The command `sweep` with `arguments`, separated by spaces, in `directory`.
fn command(directory: &Path, arguments: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sweep"));
    command.args(arguments.split_whitespace()).current_dir(directory).env_remove("NO_COLOR");
    command
}

/// Runs `sweep` with `arguments` in `directory`.
fn sweep(directory: &Path, arguments: &str) -> Output {
    command(directory, arguments).output().unwrap()
}

/// As [`sweep`], but it must succeed; gives what it printed.
fn succeed(directory: &Path, arguments: &str) -> (String, String) {
    let output = sweep(directory, arguments);
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    let (out, err) = (text(&output.stdout), text(&output.stderr));
    assert_eq!(output.status.code(), Some(0), "sweep {arguments}\n{out}{err}");
    (out, err)
}

/// A directory with `small.toml` in it.
fn with_small() -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("small.toml"), SMALL).unwrap();
    directory
}

fn sha256(path: &Path) -> String {
    Sha256::digest(std::fs::read(path).unwrap()).iter().map(|byte| format!("{byte:02x}")).collect()
}

fn table(directory: &Path, name: &str) -> Table {
    Table::read(&directory.join(name)).unwrap()
}
