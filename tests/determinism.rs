//! The same sweep gives the same `runs.parquet`, however it came about.

use std::fs;

use super::{sha256, succeed, with_small};

#[test]
fn runs_parquet_has_one_sha256() {
    let home = with_small();
    let runs = home.path().join("output/small/runs.parquet");
    // Sizes on both sides of every switch between kernels.
    let sweep = |extra: &str| {
        succeed(home.path(), &format!("run small.toml N=2,5,9,20 algorithm=prox,sgd -q {extra}"));
        sha256(&runs)
    };
    let one = sweep("-j 1");
    let again = || fs::remove_dir_all(home.path().join("output")).unwrap();
    again();
    assert_eq!(sweep("-j 2"), one, "another number of threads");
    assert_eq!(sweep("-j 2"), one, "nothing left to do");
    again();
    assert_eq!(sweep("-j 7"), one, "more threads than cores");
    assert_ne!(sweep("Q=1,2"), one, "a value more");
    assert_eq!(sweep(""), one, "and taken away again");
    again();
    sweep("T=64");
    sweep("batch_size=20");
    assert_eq!(sweep(""), one, "put together from pieces");
}

/// The bits of a small sweep, pinned. They may change only together with the results version.
#[test]
fn results_are_pinned_by_value() {
    let home = with_small();
    succeed(home.path(), "run small.toml -q N=2,3,20 T=33,64 replicates=2");
    let runs = super::table(&home.path().join("output/small"), "runs.parquet");
    let mut hash = blake3::Hasher::new();
    for name in ["alpha_v", "alpha_a", "value_error", "attention_error", "loss", "k_p"] {
        for cell in runs.floats(name).unwrap() {
            hash.update(&cell.map_or(0, f64::to_bits).to_le_bytes());
        }
    }
    for name in ["samples", "samples_to_signal", "samples_to_support", "samples_to_recovery"] {
        for cell in runs.ints(name).unwrap() {
            hash.update(&cell.unwrap_or(-1).to_le_bytes());
        }
    }
    assert_eq!(&hash.finalize().to_hex()[..16], "56d38ce4ea29d605");
}
