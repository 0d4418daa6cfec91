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

/// What the bits of [`PINNED`] belong to.
const RESULTS_VERSION: u32 = 4;

/// Small sweeps, by the overrides that make them, and a hash of what comes out. Together they run
/// every algorithm and every option that decides results, at sizes on both sides of every constant
/// that does.
const PINNED: [(&str, &str); 18] = [
    ("N=2,3,20 T=33,64", "01899fab461b22a0"),
    ("T=33,64 Q=2 init.alpha_v=0.5 init.alpha_a=0.5 eta_sparse=0.4 lambda=0.02 cut=0.3 keep=0.4", "882c875e9e402b66"),
    // Rounded attention of 6 positions, where 5 and 6 are worth drawing alone.
    (
        "T=31,32 Q=2 init.alpha_v=1 init.alpha_a=1 training.boost={end_steps=1,end_alpha=0.5,end_share=0.5} training.sparse.end_steps=1 training.stop_at=budget",
        "dcca4d89ffdaa988",
    ),
    ("task.weights={dirichlet=2.0} Q=3 T=64", "bc5e5053c8b77e92"),
    // A cut that leaves noise, and rounding soon after it.
    (
        "task.weights={dirichlet=1.5} cut=0.05 Q=3 T=64 eta_boost=0.2 training.boost={end_alpha=0.5,end_share=0.2} training.sparse.end_steps=1 replicates=8",
        "549ce3a6032bb489",
    ),
    ("persistence=0.8 concentration=0.5 T=64", "e5d5d27ac4d6c3e3"),
    ("flip=1.2 T=32,64 batch_size=2,4 training.max_samples=2000", "9104767791e2244a"),
    (
        "training.step_scale=raw eta_boost=0.5 T=32 training.boost={end_steps=5,end_alpha=0.5,end_share=0.5} training.sparse.end_steps=5",
        "3a095bdc733df3d1",
    ),
    ("algorithm=sgd T=33,64 lambda=0 attention_step=0.1,1 eta_boost=0.2", "db76c94cf2f52daf"),
    ("algorithm=population T=33,64 training.max_samples=400", "28add6fcdd888dd3"),
    ("algorithm=softmax T=33,70 lambda=0 eta_boost=0.8 attention_step=4", "a37763e606f31740"),
    ("algorithm=softmax_adam T=33,70 lambda=0 eta_boost=0.03 attention_step=2", "7ace983346df7738"),
    ("algorithm=adam T=33,70 lambda=0 eta_boost=0.03 attention_step=0.1", "f99ddebbd55ad732"),
    ("algorithm=moment N=2,3 Q=2 T=33,64 training.max_samples=2000", "5507605e3e8d42b2"),
    ("transfer=1 theta=-0.5,0.25,1 persistence=0.7 pretraining.T=32 pretraining.max_samples=20000", "2056de1deed6392c"),
    // More than one chunk, and more than one slot.
    ("T=64 batch_size=40000 training.max_samples=80000 replicates=1", "3a3a0f46e0b95223"),
    ("N=18 T=40000 batch_size=16 training.max_samples=64 replicates=1", "2bb78d565a4d1fc4"),
    ("algorithm=prox,softmax,moment N=18 T=40 lambda=0.001", "8aaff84850f859d7"),
];

/// The bits of [`PINNED`]. They may change only together with the results version.
#[test]
fn results_are_pinned_by_value() {
    let measured: Vec<(&str, String)> = PINNED.iter().map(|(overrides, _)| (*overrides, bits(overrides))).collect();
    let pinned: Vec<(&str, String)> = PINNED.iter().map(|(overrides, hash)| (*overrides, (*hash).to_owned())).collect();
    assert_eq!((::sweep::job::RESULTS_VERSION, measured), (RESULTS_VERSION, pinned));
}

/// A hash of what the small sweep gives with these overrides.
fn bits(overrides: &str) -> String {
    let home = with_small();
    succeed(home.path(), &format!("run small.toml -q replicates=2 T=64 {overrides}"));
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
    for cell in runs.texts("status").unwrap() {
        hash.update(cell.as_deref().unwrap_or("-").as_bytes());
    }
    hash.finalize().to_hex()[..16].to_owned()
}
