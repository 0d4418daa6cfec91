//! What is said when a command is done: the answer, what is missing of it, and the exit code.

use std::path::Path;
use std::process::ExitCode;

use super::directory::Opened;
use super::shards::{newest_split, shards, state_of};
use crate::job::Tally;
use crate::job::plan::Plan;
use crate::platform::shell::quoted_path;
use crate::platform::terminal::{answer_columns, fitted, print, say};
use crate::store::Store;
use crate::store::heartbeat::{self, Seen};
use crate::store::layout::{CONFIG, RUNS, SLURM};
use crate::{SweepError, tables};

/// A sentence on the finished jobs in the directory that are not of this plan, if there are any.
pub(super) fn foreign_results(directory: &Path, plan: &Plan, store: &Store) -> Option<String> {
    let foreign_results = store.ids().len() - plan.jobs.iter().filter(|job| store.ids().contains(job.id)).count();
    let directory = directory.display();
    (foreign_results > 0).then(|| {
        format!(
            "{foreign_results} finished jobs in {directory} have other settings or are of another \
             version: kept, and no part of these results"
        )
    })
}

/// Writes the tables of a run directory, prints the answer and what is missing.
pub(super) fn print_answer(directory: &Path, (config, plan, store): &Opened) -> Result<(), SweepError> {
    let answer = tables::write(config, &plan.jobs, store)?;
    let missing = missing(plan, store, &heartbeat::read_all(directory), directory);
    // This comes before the answer as well, since the answer does not look preliminary.
    let partial = match plan.outstanding.len() {
        0 => String::new(),
        left => {
            format!("PARTIAL: {left} of {} jobs have not run, and the numbers below will change.\n\n", plan.jobs.len())
        }
    };
    let foreign_results = foreign_results(directory, plan, store).map_or_else(String::new, |text| text + "\n");
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
    ExitCode::from(u8::from(tally.failed > 0 || tally.done < tally.jobs))
}

/// What has not run, by shards if there are any, and the command that runs it. Empty if all has
/// run.
fn missing(plan: &Plan, store: &Store, owners: &[Seen], directory: &Path) -> String {
    let (left, all) = (plan.outstanding.len(), plan.jobs.len());
    if left == 0 {
        return String::new();
    }
    let mut text = format!("{left} of {all} jobs have not run\n");
    if let Some(of) = newest_split(owners) {
        for (shard, jobs, left) in shards(plan, store, of).into_iter().filter(|&(_, _, left)| left > 0) {
            let line = format!("  shard {shard} lacks {left} of {jobs} jobs: {}", state_of(shard, owners));
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
