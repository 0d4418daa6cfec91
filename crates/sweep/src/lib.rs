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
//! | `overrides`, `section`, [`config`] | what the user wrote, checked |
//! | [`resolved`] | the config with every default, written out |
//! | [`grid`] | from axes to points |
//! | [`job`] | identity, random streams, cost |
//! | [`plan`] | what is done, what is left, what it costs |
//! | [`execute`] | jobs across cores |
//! | [`level`] | which kernels to use |
//! | [`interrupt`] | Ctrl-C |
//! | [`progress`], [`duration`] | the bar |
//! | [`store`] | the run directory and its parts |
//! | `terminal` | printing, to streams that may be full |
//! | [`tables`] | the final tables and the printed answer |
//!
//! This crate knows no formulas.

pub mod args;
pub mod axis;
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
pub mod level;
pub(crate) mod overrides;
pub mod plan;
pub mod progress;
pub mod resolved;
pub(crate) mod section;
pub mod source;
pub mod store;
pub mod tables;
pub(crate) mod terminal;

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Parser;

use args::{Arguments, Command, ConfigArguments, PlanArguments, Run};
use config::Config;
pub use error::SweepError;
use plan::Plan;
use progress::Progress;
use store::Store;
use terminal::{print, say};

/// Runs the command line; the whole program.
///
/// Exit codes: 0, all jobs done; 1, some job failed or the disk did; 2, a usage or config error;
/// 130, interrupted.
pub fn run(arguments: impl Iterator<Item = OsString>) -> ExitCode {
    let arguments = Arguments::parse_from(arguments);
    arguments.color.apply();
    let done = match arguments.command {
        Command::Run(run) => sweep(&run),
        Command::Plan(plan) => show_plan(&plan),
        Command::Report(report) => rebuild(&report.directory),
    };
    done.unwrap_or_else(|error| {
        error.print();
        error.exit_code()
    })
}

/// Parse, resolve, find what is missing, run it, write the tables, print the answer.
fn sweep(run: &Run) -> Result<ExitCode, SweepError> {
    let level = level::chosen()?;
    let config = config::load(&run.config.config, &run.config.overrides)?;
    let jobs = job::jobs(&config)?;
    let mut store = Store::open(&run_directory(&run.config, &config))?;
    let plan = Plan::new(jobs, store.done());
    interrupt::listen();
    store.prepare(&config)?;
    let threads = run.jobs.map_or_else(plan::cores, Into::into);
    let progress = Progress::new(&plan, &config.name, run.quiet, level);
    execute::execute(&plan, &config, threads, level, &mut store, &progress)?;
    progress.finish();
    if interrupt::requested() {
        let done = plan.jobs.iter().filter(|job| store.done().contains_key(&job.id)).count();
        let (all, command) = (plan.jobs.len(), interrupt::continuing_command());
        say(&format!(
            "interrupted: {done} of {all} jobs are done and kept, {} left; continue with\n\n    {command}",
            all - done
        ));
        return Ok(ExitCode::from(interrupt::EXIT_CODE));
    }
    let answer = tables::write(&config, &plan.jobs, &store)?;
    if !run.quiet {
        print(&format!("\n{answer}\nTables and figures: {}\n", store.directory().display()))?;
    }
    Ok(closing(plan.failed(&store)))
}

/// Says what a run would do, and does nothing.
fn show_plan(arguments: &PlanArguments) -> Result<ExitCode, SweepError> {
    let level = level::chosen()?;
    let config = config::load(&arguments.config.config, &arguments.config.overrides)?;
    let directory = run_directory(&arguments.config, &config);
    let plan = Plan::new(job::jobs(&config)?, Store::look(&directory)?.done());
    let threads = arguments.jobs.map_or_else(plan::cores, Into::into);
    let text = if arguments.list { plan.list(&config) } else { plan.describe(&config, &directory, threads, level) };
    print(&text)?;
    Ok(ExitCode::SUCCESS)
}

/// Builds every table and figure again from the parts of a run directory.
fn rebuild(directory: &Path) -> Result<ExitCode, SweepError> {
    let path = directory.join(store::CONFIG);
    let config = config::load(&path, &[])
        .map_err(|wrong| SweepError::Usage(wrong.help("give a run directory, such as output/sample_complexity")))?;
    let store = Store::look(directory)?;
    let plan = Plan::new(job::jobs(&config)?, store.done());
    let answer = tables::write(&config, &plan.jobs, &store)?;
    let mut text = format!("{answer}\nTables and figures: {}\n", directory.display());
    if !plan.outstanding.is_empty() {
        let (left, all) = (plan.outstanding.len(), plan.jobs.len());
        text += &format!("{left} of {all} jobs have not run; `sweep run` with the same config completes them.\n");
    }
    print(&text)?;
    Ok(closing(plan.failed(&store)))
}

/// The exit code, with a last word if jobs have failed.
fn closing(failed: usize) -> ExitCode {
    if failed == 0 {
        return ExitCode::SUCCESS;
    }
    say(&format!("{failed} jobs failed; their errors are in runs.parquet"));
    ExitCode::from(1)
}

fn run_directory(arguments: &ConfigArguments, config: &Config) -> PathBuf {
    arguments.output.clone().unwrap_or_else(|| Path::new("output").join(&config.name))
}
