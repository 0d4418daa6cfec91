//! The `sweep` command: how many samples does a linear transformer need to learn a sparse contextual
//! bigram, over a grid of sizes, hyperparameters and algorithms.
//!
//! Data flows one way:
//!
//! ```text
//! config.toml -> document -> config -> grid -> jobs -> execute -> store (parts) -> tables -> answer
//! ```
//!
//! | module | holds |
//! |---|---|
//! | [`args`] | the command line |
//! | [`document`] | TOML as a tree that knows where everything was written |
//! | [`source`] | texts, and places in them |
//! | [`diagnostic`] | errors that show the line and a caret |
//! | [`expression`] | `"T/4"` and `where` |
//! | [`axis`] | everything a grid may vary, one row each |
//! | `overrides`, `section`, `keys`, [`config`] | what the user wrote, checked |
//! | [`resolved`] | the config with every default, written out |
//! | [`grid`] | from axes to points |
//! | [`job`], [`shard`] | identity, random streams, cost; shares of equal cost |
//! | [`plan`] | what is done, what is left, what it costs |
//! | [`execute`], [`training`] | jobs across cores; what one job does |
//! | [`pretraining`] | value matrices that jobs start from, by the id of the run that learned them |
//! | [`memory`], [`panics`] | what a job may not do to the others |
//! | [`level`] | which kernels to use |
//! | [`interrupt`], [`shell`] | Ctrl-C; the commands that are shown |
//! | [`progress`], [`duration`] | the bar |
//! | `place` | whether a directory is a run's, or holds files of the user's own |
//! | [`claim`] | who works in a run directory |
//! | [`store`], [`part`] | the run directory and its parts |
//! | `terminal` | printing, to streams that may be full |
//! | [`slurm`] | batch scripts, and what is asked of the scheduler |
//! | [`tables`] | the final tables and the printed answer |
//! | `command` | `run`, `plan`, `report`, `status`, `merge`, `slurm`, one a file |
//!
//! This crate knows no formulas.

pub(crate) mod about;
pub mod args;
pub mod axis;
pub mod claim;
pub(crate) mod command;
pub mod config;
pub mod diagnostic;
pub mod document;
pub mod duration;
pub mod error;
pub mod execute;
pub mod expression;
pub mod grid;
pub mod interrupt;
pub mod job;
pub(crate) mod keys;
pub mod level;
pub mod memory;
pub(crate) mod overrides;
pub mod panics;
pub mod part;
pub(crate) mod place;
pub mod plan;
pub mod pretraining;
pub mod progress;
pub(crate) mod replay;
pub mod resolved;
pub(crate) mod section;
pub mod shard;
pub mod shell;
pub mod slurm;
pub mod source;
pub mod store;
pub mod tables;
pub(crate) mod terminal;
pub mod training;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::Parser;

use args::{Arguments, Command};
pub use error::SweepError;

/// Runs the command line; the whole program.
///
/// Exit codes: 0, all jobs done; 1, some job failed or is missing, or the disk failed; 2, a usage or config error;
/// 130, interrupted.
pub fn run(arguments: impl Iterator<Item = OsString>) -> ExitCode {
    let arguments = Arguments::parse_from(arguments);
    arguments.color.apply();
    let done = match arguments.command {
        Command::Run(run) => command::run::run(&run),
        Command::Plan(plan) => command::plan::plan(&plan),
        Command::Report(report) => command::report::report(&report.directory),
        Command::Status(status) => command::status::status(&status.directory),
        Command::Merge(merge) => command::merge::merge(&merge),
        Command::Slurm(slurm) => command::slurm::slurm(&slurm),
    };
    done.unwrap_or_else(|error| {
        error.print();
        error.exit_code()
    })
}
