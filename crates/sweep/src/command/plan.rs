//! `sweep plan`: says what a run would do, and does nothing.

use std::process::ExitCode;

use super::run_directory;
use crate::SweepError;
use crate::args::PlanArguments;
use crate::config;
use crate::execution::level;
use crate::job;
use crate::job::plan::Plan;
use crate::platform::machine;
use crate::platform::terminal::{answer_columns, fitted, print, say};
use crate::store::admission;
use crate::store::{Access, Store};

pub(crate) fn plan(arguments: &PlanArguments) -> Result<ExitCode, SweepError> {
    let level = level::chosen()?;
    let config = config::load(&arguments.config.config, &arguments.config.overrides)?;
    let directory = run_directory(&arguments.config, &config);
    let store = Store::open(&directory, Access::Look)?;
    if let Err(SweepError::Usage(refusal)) = admission::admit(&directory, &config, false) {
        say(&format!("a run would be refused: {refusal}"));
    }
    let plan = Plan::new(&config, job::jobs(&config)?, store.done());
    let threads = arguments.jobs.map_or_else(machine::cores, |cores| cores as usize);
    if arguments.list {
        print(&plan.list())?;
    } else {
        print(&fitted(&plan.describe(&config, &directory, threads, level), Some(answer_columns())))?;
    }
    Ok(ExitCode::SUCCESS)
}
