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

/// Every sweep that ships in `sweeps/`, with overrides that make it small.
#[allow(dead_code, reason = "not every test binary needs it")]
pub(crate) fn small_sweeps() -> Vec<(&'static str, &'static str)> {
    // Where the grid sets the budget, `max_samples`; where [training] does, `training.max_samples`.
    let in_training = "T=32,64 replicates=2 training.max_samples=2000";
    vec![
        ("convergence.toml", "T=64 replicates=2 training.max_samples=2000"),
        ("convergence_tuning.toml", "T=64 replicates=2 training.max_samples=2000"),
        ("mirrored.toml", in_training),
        ("mirrored_tuning.toml", in_training),
        ("moment.toml", "T=32,64 replicates=2 max_samples=2000"),
        ("population.toml", "N=3 T=100,200 replicates=2 max_samples=50"),
        ("sample_complexity.toml", "N=3,4 Q=1,2 T=32,64 replicates=2 training.max_samples=2000"),
        ("smoke.toml", in_training),
        ("softmax.toml", in_training),
        ("transfer.toml", "T=64,128 replicates=2 max_samples=2000 pretraining.T=32 pretraining.max_samples=20000"),
        ("two_stages.toml", "N=3,4 Q=1,2 T=64 replicates=2 max_samples=2000"),
    ]
}
