//! The commands, one a file, and what several of them share.

pub(crate) mod merge;
pub(crate) mod plan;
pub(crate) mod report;
pub(crate) mod run;
pub(crate) mod slurm;
pub(crate) mod status;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use crate::args::ConfigArguments;
use crate::claim::Tally;
use crate::config::{self, Config};
use crate::plan::Plan;
use crate::store::{self, Access, Store};
use crate::terminal::say;
use crate::{SweepError, job};

/// Where the results of a config live.
fn run_directory(arguments: &ConfigArguments, config: &Config) -> PathBuf {
    arguments.output.clone().unwrap_or_else(|| Path::new("output").join(&config.name))
}

/// The config, plan and results of a run directory, changing nothing in it.
fn look(directory: &Path) -> Result<(Config, Plan, Store), SweepError> {
    let config = config::load(&directory.join(store::CONFIG), &[])
        .map_err(|wrong| SweepError::Usage(wrong.help("give a run directory, such as output/sample_complexity")))?;
    let store = Store::open(directory, Access::Look)?;
    let plan = Plan::new(&config, job::jobs(&config)?, store.done());
    Ok((config, plan, store))
}

/// The exit code, with a last word if jobs have failed.
fn closing(tally: Tally) -> ExitCode {
    if tally.failed > 0 {
        let (failed, jobs) = (tally.failed, if tally.failed == 1 { "job" } else { "jobs" });
        say(&format!(
            "{failed} {jobs} failed; the column `error` of runs.parquet says why, --retry-failed runs them again"
        ));
    }
    ExitCode::from(u8::from(tally.failed > 0 || tally.done < tally.jobs))
}
