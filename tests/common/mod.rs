//! Running `sweep` from a test.

use std::path::Path;
use std::process::{Command, Output};

use sha2::{Digest, Sha256};

/// The command `sweep` with `arguments`, separated by spaces, in `directory`.
pub(crate) fn command(directory: &Path, arguments: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sweep"));
    command.args(arguments.split_whitespace()).current_dir(directory).env_remove("NO_COLOR");
    command
}

/// Runs `sweep` with `arguments` in `directory`.
pub(crate) fn sweep(directory: &Path, arguments: &str) -> Output {
    command(directory, arguments).output().unwrap()
}

/// As [`sweep`], but it must succeed; gives what it printed.
pub(crate) fn succeed(directory: &Path, arguments: &str) -> (String, String) {
    let output = sweep(directory, arguments);
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    let (out, err) = (text(&output.stdout), text(&output.stderr));
    assert_eq!(output.status.code(), Some(0), "sweep {arguments}\n{out}{err}");
    (out, err)
}

/// The SHA-256 of a file, in hexadecimal.
pub(crate) fn sha256(path: &Path) -> String {
    Sha256::digest(std::fs::read(path).unwrap()).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Every sweep that ships with the program, and overrides that cut it to a second of work.
#[allow(dead_code, reason = "not all who share this file run them")]
pub(crate) fn small_sweeps() -> Vec<(&'static str, &'static str)> {
    vec![
        ("chain.toml", "replicates=2 T=32 search.rungs=[2,4] training.max_samples=4000"),
        ("convergence.toml", "replicates=2 T=32,64 training.max_samples=1280"),
        ("convergence_tuning.toml", "replicates=2 T=32,64 training.max_samples=1280"),
        ("mirrored.toml", "replicates=2 T=32,64 training.max_samples=2000"),
        ("mirrored_tuning.toml", "replicates=2 T=32,64 training.max_samples=2000"),
        ("moment.toml", "replicates=2 T=32,64 max_samples=2000 search.rungs=[2,4]"),
        ("population.toml", "replicates=2 T=32,64 max_samples=400"),
        ("remedy.toml", "replicates=2 T=32,64 search.rungs=[2,4] training.max_samples=2000"),
        ("sample_complexity.toml", "replicates=2 T=32,64 training.max_samples=2000"),
        ("smoke.toml", "replicates=2 T=32,64 training.max_samples=2000"),
        ("softmax.toml", "replicates=2 T=32,64 search.rungs=[2,4] training.max_samples=2000"),
        ("stage_two.toml", "replicates=4 T=32,64 search.rungs=[2,4] training.max_samples=4000"),
        ("text.toml", "replicates=2 T=32,64 search.rungs=[2,4] max_samples=20000"),
        ("text_bytes.toml", "replicates=2 T=32 search.rungs=[2,4] max_samples=20000"),
        (
            "transfer.toml",
            "replicates=2 T=32,64 search.rungs=[2,4] max_samples=20000 where=T>0 pretraining.T=32 pretraining.max_samples=10000",
        ),
        ("tuned.toml", "replicates=4 T=32,64 N=3 search.rungs=[2,4] training.max_samples=4000"),
        ("two_stages.toml", "replicates=4 T=32,64 N=3 Q=1 max_samples=4000 where=T>0"),
    ]
}

/// A fraction of a second: stage 2 at three lengths, in two chains.
#[allow(dead_code, reason = "not all who share this file run it")]
pub(crate) const SEARCH: &str = "\
seed = 5
replicates = 40
[grid]
N = 3
Q = [1, 2]
T = [32, 128, 512]
[task]
persistence = 0.7
[init]
init_alpha_v = 0.5
init_alpha_a = 0.5
[search]
batch_size = { start = 256, factor = 1.5, min = 8, max = 65536 }
eta_sparse = { start = 0.9, factor = 1.5, min = 0.05, max = 5 }
attention_step = { start = 2, factor = 1.5, min = 0.1, max = 20 }
lambda = { start = 0.01, factor = 2, min = 1e-5, max = 1 }
[training]
max_samples = 50_000
boost = { end_steps = 0, end_alpha = false, end_share = false }
";
