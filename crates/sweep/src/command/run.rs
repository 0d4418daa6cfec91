//! `sweep run`: parse, resolve, find what is missing, run it, write the tables, print the answer.

use std::process::ExitCode;
use std::sync::Arc;

use super::directory::{refuse_another_sweep, run_directory};
use super::outcome::{done_of, exit_code, foreign_results, kept, results};
use crate::args::Run;
use crate::config::{self, resolved};
use crate::error::{FAILED, INTERRUPTED};
use crate::execution::memory::Memory;
use crate::execution::progress::Progress;
use crate::execution::training::Training;
use crate::execution::{self, Ended, Options, interrupt, level};
use crate::platform::machine;
use crate::platform::shell::quoted_path;
use crate::platform::terminal::{answer_columns, fitted, print, say, unbroken};
use crate::store::lock::Lease;
use crate::store::{Access, Store, admission, layout};
use crate::workload::Expanded;
use crate::{SweepError, tables};

pub(crate) fn run(run: &Run) -> Result<ExitCode, SweepError> {
    interrupt::listen();
    level::choose()?;
    let config = Arc::new(config::load(&run.config.config, &run.config.overrides)?);
    let expanded = Expanded::new(&config)?;
    let directory = run_directory(&run.config, &config);
    // A config that cannot be read back would make it impossible to report the finished jobs.
    resolved::read_back(&config, &directory.join(layout::CONFIG))?;
    admission::check_config_is_kept(&run.config.config, !run.config.overrides.is_empty(), &config, &directory)?;
    admission::admit(&directory, &config, run.force)?;
    if run.force {
        admission::clear_lock(&directory)?;
    }
    let mut lease = Lease::take_after(&directory, run.shard, || {
        refuse_another_sweep(&directory, &config)?;
        if run.force {
            admission::rename_in_the_way(&directory)?;
        }
        Store::of(&directory).prepare(&config)
    })?;
    interrupt::before_exit(lease.mark_stopped());
    let mut store = Store::open(&directory, if run.shard.is_some() { Access::Shared } else { Access::Alone })?;
    let mut workload = expanded.workload(&config, store.ids(), run.shard, run.retry_failed);
    let foreign = foreign_results(&directory, &workload, &store);
    if let Some(text) = foreign.filter(|_| !run.quiet) {
        let replaced = "; the tables there are replaced by those of this run: -o DIR keeps both";
        say(&if run.config.overrides.is_empty() { text } else { text + replaced });
    }
    let threads = run.jobs.map_or_else(machine::cores, |cores| cores as usize);
    let options = Options { threads, fail_fast: run.fail_fast, memory: Memory::of_this_process() };
    let before = workload.tally_before(store.ids());
    let (cost, left) = (workload.plan.cost_left(), workload.plan.outstanding.len());
    let progress = Progress::new(cost, left, before, &config.name, run.quiet);
    let training = Training::new(&config).in_directory(&directory);
    let executed = execution::execute(
        workload.outstanding(store.ids(), before),
        training,
        options,
        &mut store,
        &mut lease,
        &progress,
    );
    // If finished jobs were removed meanwhile, no table is written, and the error says so.
    let there = store.check_not_emptied(&config);
    let (ended, mut tally) = match (executed, &there) {
        (Err(error), Err(SweepError::Vanished { directory, jobs, .. })) if error.is_gone() => {
            return Err(SweepError::Vanished { reason: error.to_string(), directory: directory.clone(), jobs: *jobs });
        }
        (executed, _) => executed?,
    };
    progress.finish();
    match there {
        Err(error) if ended == Ended::Interrupted => return Err(SweepError::Interrupted(Box::new(error))),
        there => there?,
    }
    if config.is_search() {
        // Now it has asked for these jobs. It looks at some several times; each counts once.
        workload = Expanded::new(&config)?.workload(&config, store.ids(), run.shard, false);
        tally = workload.tally(store.ids());
    }
    if ended != Ended::Complete {
        let why = if ended == Ended::Interrupted { "interrupted" } else { "stopped at the first failure" };
        let command = interrupt::continuing_command();
        say(&format!("{why}: {}; continue with\n\n    {command}", kept(&tally)));
        return Ok(ExitCode::from(if ended == Ended::Interrupted { INTERRUPTED } else { FAILED }));
    }
    if let Some(shard) = run.shard {
        if !run.quiet {
            let command = unbroken(&format!("`sweep report {}`", quoted_path(&directory)));
            let text =
                format!("shard {shard}: {}; when all shards are, {command} writes the tables\n", done_of(&tally));
            print(&fitted(&text, Some(answer_columns())))?;
        }
    } else {
        let answer = tables::write(results(&config, &workload, &store), None)?;
        if !run.quiet {
            print(&format!("\n{answer}"))?;
        }
    }
    if tally.done < tally.jobs && !config.is_search() {
        let (left, jobs) = (tally.jobs - tally.done, tally.jobs);
        say(&format!("{left} of {jobs} jobs have not run: --retry-failed leaves them out; run again without it"));
    }
    lease.finish();
    Ok(exit_code(tally))
}
