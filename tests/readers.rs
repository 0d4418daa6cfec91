//! Other programs read the tables.

use std::path::Path;
use std::process::Command;

use super::{succeed, with_small};

/// Real DuckDB and pyarrow, through `tests/readers.py`. Skipped where Python does not have them, except
/// in CI.
#[test]
fn duckdb_and_pyarrow_read_every_table() {
    let python = || Command::new("python3");
    let there = python().args(["-c", "import duckdb, pyarrow.parquet"]).output();
    if !there.is_ok_and(|output| output.status.success()) {
        assert!(std::env::var_os("CI").is_none(), "CI must have python3 with duckdb and pyarrow");
        eprintln!("skipped: python3 with duckdb and pyarrow is not installed (pip install duckdb pyarrow)");
        return;
    }
    let home = with_small();
    succeed(home.path(), "run small.toml -q trace.enabled=true persistence=0.4,0.6");
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/readers.py");
    let output = python().arg(script).arg(home.path().join("output/small")).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{text}");
}
