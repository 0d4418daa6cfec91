//! The `sweep` command.

use std::process::ExitCode;

fn main() -> ExitCode {
    sweep::run(std::env::args_os())
}
