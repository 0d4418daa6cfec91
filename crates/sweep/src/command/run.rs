//! `sweep run`: parse, resolve, find what is missing, run it, write the tables, print the answer.

use std::process::ExitCode;
use std::sync::Arc;

use report::terminal::glued;

use super::{closing, refuse_another_sweep, run_directory, strangers};
use crate::args::Run;
use crate::claim::Claim;
use crate::execute::{self, Ended, Options};
use crate::memory::Memory;
use crate::plan::{self, Plan};
use crate::progress::Progress;
use crate::shell::quoted_path;
use crate::store::{self, Access, Store};
use crate::terminal::{answer_columns, fitted, print, say};
use crate::training::Training;
use crate::{SweepError, config, interrupt, job, level, place, resolved, tables};

pub(crate) fn run(run: &Run) -> Result<ExitCode, SweepError> {
    interrupt::listen();
    let level = level::chosen()?;
    let config = Arc::new(config::load(&run.config.config, &run.config.overrides)?);
    let jobs = job::jobs(&config)?;
    let directory = run_directory(&run.config, &config);
    // What cannot be read back could not be reported, when all jobs have run.
    resolved::read_back(&config, &directory.join(store::CONFIG))?;
    place::spares_its_config(&run.config, &config, &directory)?;
    place::admit(&directory, &config, run.force)?;
    if run.force {
        place::free_the_lock(&directory)?;
    }
    let mut claim = Claim::take_after(&directory, run.shard, || {
        refuse_another_sweep(&directory, &config)?;
        if run.force {
            place::make_way(&directory)?;
        }
        Store::of(&directory).prepare(&config)
    })?;
    interrupt::before_the_end(claim.last_words());
    let mut store = Store::open(&directory, if run.shard.is_some() { Access::Shared } else { Access::Alone })?;
    let mut plan = Plan::new(&config, jobs, store.done()).of_shard(run.shard);
    strangers(&directory, &plan, &store).iter().filter(|_| !run.quiet).for_each(|text| say(text));
    if run.retry_failed {
        plan = plan.of_failed(&store);
    }
    let plan = Arc::new(plan);
    let threads = run.jobs.map_or_else(plan::cores, |cores| cores as usize);
    let options = Options { threads, fail_fast: run.fail_fast, memory: Memory::of_this_process() };
    let progress = Progress::new(&plan, plan.tally_before(&store), &config.name, run.quiet, level);
    let training = Training::new(&config, level).in_directory(&directory);
    let executed = execute::execute(&plan, training, options, &mut store, &mut claim, &progress);
    // Nothing is said to be done, and no table made, of what somebody has removed meanwhile.
    let there = store.still_there(&config);
    let (ended, tally) = match (executed, &there) {
        (Err(error), Err(SweepError::Vanished { directory, jobs, .. })) if error.is_gone() => {
            return Err(SweepError::Vanished { reason: error.to_string(), directory: directory.clone(), jobs: *jobs });
        }
        (executed, _) => executed?,
    };
    progress.finish();
    match there {
        Err(error) if ended == Ended::Interrupted => {
            error.print();
            return Ok(ExitCode::from(interrupt::EXIT_CODE));
        }
        there => there?,
    }
    if ended != Ended::Complete {
        let why = if ended == Ended::Interrupted { "interrupted" } else { "stopped at the first failure" };
        let (done, jobs, left) = (tally.done, tally.jobs, tally.jobs - tally.done);
        let command = interrupt::continuing_command();
        say(&format!("{why}: {done} of {jobs} jobs are done and kept, {left} left; continue with\n\n    {command}"));
        return Ok(ExitCode::from(if ended == Ended::Interrupted { interrupt::EXIT_CODE } else { 1 }));
    }
    if let Some(shard) = run.shard {
        if !run.quiet {
            let (done, jobs, directory) = (tally.done, tally.jobs, quoted_path(&directory));
            let command = glued(&format!("`sweep report {directory}`"));
            let text = format!(
                "shard {shard}: {done} of {jobs} jobs are done; when all shards are, {command} writes the tables\n"
            );
            print(&fitted(&text, Some(answer_columns())))?;
        }
    } else {
        let answer = tables::write(&config, &plan.jobs, &store)?;
        if !run.quiet {
            print(&format!("\n{answer}"))?;
        }
    }
    if tally.done < tally.jobs {
        let (left, jobs) = (tally.jobs - tally.done, tally.jobs);
        say(&format!("{left} of {jobs} jobs have not run: --retry-failed leaves them out; run again without it"));
    }
    claim.finish();
    Ok(closing(tally))
}
