//! What is said when a command is done: the answer, what is missing of it, and the exit code.

use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use report::analysis::Milestone;

use super::directory::Opened;
use super::shards::{newest_split, state_of};
use crate::config::Config;
use crate::job::Tally;
use crate::platform::shell::quoted_path;
use crate::platform::terminal::{answer_columns, fitted, print, say};
use crate::store::Store;
use crate::store::heartbeat::{self, Seen};
use crate::store::layout::{CONFIG, RUNS, SLURM};
use crate::tables::Results;
use crate::workload::Workload;
use crate::{SweepError, tables};

/// A sentence on the finished jobs in the directory that are not of this plan, if there are any.
pub(super) fn foreign_results(directory: &Path, workload: &Workload, store: &Store) -> Option<String> {
    let own = workload.plan.jobs.iter().filter(|job| store.ids().get(job.id).is_some()).count();
    let foreign_results = store.ids().len() - own;
    let directory = directory.display();
    (foreign_results > 0).then(|| {
        format!(
            "{foreign_results} finished jobs in {directory} have other settings or are of another \
             version: kept, and no part of these results"
        )
    })
}

/// How far a process is: its jobs, or the cells of its search.
pub(super) fn done_of(tally: &Tally) -> String {
    let Tally { jobs, done, cells, complete, .. } = tally;
    match cells {
        0 => format!("{done} of {jobs} jobs are done"),
        _ => format!("{complete} of {cells} cells are searched, by {done} runs"),
    }
}

/// The same of a process that stops before it is complete.
pub(super) fn kept(tally: &Tally) -> String {
    let Tally { jobs, done, cells, .. } = tally;
    match cells {
        0 => format!("{done} of {jobs} jobs are done and kept, {} left", jobs - done),
        _ => format!("{}, which are kept", done_of(tally)),
    }
}

/// What is done of an opened run directory.
pub(super) fn results<'s>(config: &'s Arc<Config>, workload: &'s Workload, store: &'s Store) -> Results<'s> {
    let tally = workload.tally(store.ids());
    let (jobs, search) = (&workload.plan.jobs, workload.search.as_ref());
    Results { config, jobs, search, tally, store, milestone: Milestone::Recovery }
}

/// Writes the tables of a run directory, prints the answer for a milestone, beside that of another
/// directory if it is given, and what is missing.
pub(super) fn print_answer(
    directory: &Path,
    opened: &Opened,
    beside: Option<&Opened>,
    milestone: Milestone,
) -> Result<(), SweepError> {
    let (config, workload, store) = opened;
    let beside = beside.map(|(config, workload, store)| results(config, workload, store));
    let results = Results { milestone, ..results(config, workload, store) };
    let answer = tables::write(results, beside)?;
    let missing = missing(workload, store, &heartbeat::read_all(directory), directory);
    // This comes before the answer as well, since the answer does not look preliminary.
    let partial = results
        .tally
        .left()
        .map_or_else(String::new, |left| format!("PARTIAL: {left}, and the numbers below will change.\n\n"));
    let foreign_results = foreign_results(directory, workload, store).map_or_else(String::new, |text| text + "\n");
    let [partial, foreign_results] = [partial, foreign_results].map(|text| fitted(&text, Some(answer_columns())));
    Ok(print(&format!("{partial}{answer}{foreign_results}{missing}"))?)
}

/// The exit code; says before how many jobs have failed.
pub(super) fn exit_code(tally: Tally) -> ExitCode {
    if tally.failed > 0 {
        let (failed, jobs) = (tally.failed, if tally.failed == 1 { "job" } else { "jobs" });
        say(&format!(
            "{failed} {jobs} failed; the tables say why (column `error` of {RUNS}), --retry-failed \
             runs them again"
        ));
    }
    ExitCode::from(u8::from(tally.failed > 0 || !tally.is_complete()))
}

/// What has not run, by shards if there are any, and the command that runs it. Empty if all has
/// run.
fn missing(workload: &Workload, store: &Store, owners: &[Seen], directory: &Path) -> String {
    let tally = workload.tally(store.ids());
    let Some(left) = tally.left() else { return String::new() };
    let mut text = left + "\n";
    let unit = if tally.cells > 0 { "cells" } else { "jobs" };
    if let Some(of) = newest_split(owners) {
        for (shard, all, left) in workload.shards(store.ids(), of).into_iter().filter(|&(_, _, left)| left > 0) {
            let line = format!("  shard {shard} lacks {left} of {all} {unit}: {}", state_of(shard, owners));
            text += &(fitted(&line, Some(answer_columns())) + "\n");
        }
    }
    let place = quoted_path(directory);
    let split = newest_split(owners).filter(|_| directory.join(SLURM).is_dir());
    text += &match (owners.iter().any(|seen| seen.alive() && seen.owner.pid != std::process::id()), split) {
        (true, _) => format!("some are still running: sweep status {place}\n"),
        (false, Some(of)) => {
            format!(
                "complete them with: sweep slurm {place}/{CONFIG} -o {place} --shards {of}, and \
                 the options as before\n"
            )
        }
        (false, None) => format!("complete them with: sweep run {place}/{CONFIG} -o {place}\n"),
    };
    text
}
