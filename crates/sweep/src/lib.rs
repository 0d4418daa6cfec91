#![doc = include_str!("../README.md")]
//!
//! # How it is made
//!
//! The `sweep` command: how many samples does a linear transformer need to learn a sparse
//! contextual bigram, over a grid of sizes, hyperparameters and algorithms.
//!
//! Data flows one way:
//!
//! ```text
//! config.toml -> document -> config -> grid -> jobs -> execution -> store (parts) -> tables -> answer
//! ```
//!
//! | module | holds |
//! |---|---|
//! | [`args`] | the command line |
//! | [`platform`] | the machine, the shell and the terminal |
//! | [`axis`] | everything a grid may vary, one row each |
//! | [`config`] | what the user wrote, checked |
//! | [`grid`] | from axes to points |
//! | [`job`] | identity, random streams, cost; shares of equal cost; what is left |
//! | [`search`] | which jobs the search for the best hyperparameters asks for next |
//! | [`store`] | the run directory, its parts, and who works in it |
//! | [`execution`] | jobs across cores; what one job does |
//! | [`export`] | runs and datasets as NumPy arrays |
//! | [`explain`] | what every name means |
//! | [`workload`] | what a sweep has to run: a grid, or a search |
//! | [`tables`] | the final tables and the printed answer |
//! | [`cluster`] | batch scripts, and what is asked of the scheduler |
//! | `command` | `run`, `plan`, `report`, `show`, `export` and the others, one a file |
//!
//! This crate knows no formulas.

pub mod args;
pub mod axis;
pub mod cluster;
pub(crate) mod command;
pub mod config;
pub mod error;
pub mod execution;
pub mod explain;
pub mod export;
pub mod grid;
pub mod job;
pub mod platform;
pub mod search;
pub mod store;
pub mod tables;
pub mod workload;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::Parser;

use args::{Arguments, Command};
pub use error::SweepError;
use platform::terminal::{message_columns, say_as_it_is};

/// Runs the command line; the whole program.
///
/// Exit codes: 0, all jobs done; 1, some job failed or is missing, or the disk failed; 2, a usage
/// or config error; 130, interrupted.
pub fn run(arguments: impl Iterator<Item = OsString>) -> ExitCode {
    let arguments = Arguments::parse_from(arguments);
    arguments.color.apply();
    let done = match arguments.command {
        Command::Run(run) => command::run::run(&run),
        Command::Plan(plan) => command::plan::plan(&plan),
        Command::Report(report) => command::report::report(&report),
        Command::Status(status) => command::status::status(&status),
        Command::Merge(merge) => command::merge::merge(&merge),
        Command::Slurm(slurm) => command::slurm::slurm(&slurm),
        Command::Show(show) => command::show::show(&show),
        Command::Export(export) => command::export::export(&export),
        Command::New(new) => command::new::new(&new),
        Command::Explain(explain) => command::explain::explain(&explain),
        Command::Completions { shell } => command::manual::completions(shell),
        Command::Man(folder) => command::manual::pages(&folder.directory),
    };
    done.unwrap_or_else(|error| {
        print(&error);
        error.exit_code()
    })
}

/// Shows an error on the standard error, in lines that fit it.
fn print(error: &SweepError) {
    say_as_it_is(&error.diagnostic().render_within(message_columns()));
}
