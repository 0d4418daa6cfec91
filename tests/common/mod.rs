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
