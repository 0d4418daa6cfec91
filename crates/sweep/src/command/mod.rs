//! The commands, one a file, and what several of them share.

pub(crate) mod merge;
pub(crate) mod plan;
pub(crate) mod report;
pub(crate) mod run;
pub(crate) mod slurm;
pub(crate) mod status;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use ::report::analysis::count;

use crate::SweepError;
use crate::args::ConfigArguments;
use crate::config::Config;
use crate::config::diagnostic::Diagnostic;
use crate::config::resolved;
use crate::job;
use crate::job::Tally;
use crate::job::plan::Plan;
use crate::platform::terminal::{answer_columns, fitted, print, say};
use crate::store::admission;
use crate::store::heartbeat::{self, Seen};
use crate::store::layout;
use crate::store::{Access, Store};
use crate::tables;

/// Where the results of a config live.
fn run_directory(arguments: &ConfigArguments, config: &Config) -> PathBuf {
    arguments.output.clone().unwrap_or_else(|| Path::new("output").join(&config.name))
}

/// The config of a run directory, what is to do and what is done.
type Looked = (Arc<Config>, Plan, Store);

/// Looks into a run directory, changing nothing in it.
fn look(directory: &Path) -> Result<Looked, SweepError> {
    let config = admission::sweep_of(directory, "give a run directory, such as output/sample_complexity")?;
    let store = Store::open(directory, Access::Look)?;
    let plan = Plan::new(&config, job::jobs(&config)?, store.ids());
    Ok((Arc::new(config), plan, store))
}

/// Shards at work in a directory, or queued, are shards of one sweep: who comes with another one has made a mistake.
fn refuse_another_sweep(directory: &Path, config: &Config) -> Result<(), SweepError> {
    let path = directory.join(layout::CONFIG);
    if resolved::says(&path, config) {
        return Ok(());
    }
    // If somebody has removed it, nobody knows whose the others are.
    let another = if path.exists() { "another sweep" } else { "a sweep whose config.toml is gone" };
    let at_work = heartbeat::owners(directory).into_iter().find(|seen| seen.owner.shard.is_some() && seen.alive());
    let help =
        |instead: &str| format!("compare with {}, {instead}or choose another run directory with -o", path.display());
    if let Some(Seen { owner, .. }) = at_work {
        let (directory, pid, host) = (directory.display(), owner.pid, owner.host);
        let title = format!("process {pid} on {host} runs {another} in {directory}");
        return Err(Diagnostic::new(title).help(help("")).into());
    }
    // Tasks that wait in a queue will read the config that stands here then.
    let Some(array) = slurm::last_array(directory) else { return Ok(()) };
    let tasks = match crate::cluster::scheduler::queued(&array) {
        // Where there is no Slurm, as on a laptop that the directory was copied to, nothing waits.
        Err(SweepError::Usage(_)) => 0,
        tasks => tasks?,
    };
    if tasks == 0 {
        return Ok(());
    }
    let tasks = count(tasks, "task");
    let title = format!("array {array} of {another} in {} still has {tasks} queued or running", directory.display());
    Err(Diagnostic::new(title).help(help(&format!("cancel them first (scancel {array}), "))).into())
}

/// How often a command begins again because files went while it read them.
const TRIES: usize = 10;

/// Does `action`, again if a process at work in the directory has put parts together meanwhile.
fn while_others_work<T>(mut action: impl FnMut() -> Result<T, SweepError>) -> Result<T, SweepError> {
    for _ in 1..TRIES {
        match action() {
            Err(error) if error.is_gone() => {}
            done => return done,
        }
    }
    action()
}

/// What is to be said of finished jobs that are not of this plan.
fn strangers(directory: &Path, plan: &Plan, store: &Store) -> Option<String> {
    let strangers = store.done().len() - plan.jobs.iter().filter(|job| store.done().contains_key(&job.id)).count();
    let directory = directory.display();
    (strangers > 0).then(|| {
        format!(
            "{strangers} finished jobs in {directory} have other settings or are of another version: kept, and no part of these results"
        )
    })
}

/// Writes the tables of a run directory, prints the answer and what is missing.
fn tell(directory: &Path, (config, plan, store): &Looked) -> Result<(), SweepError> {
    let answer = tables::write(config, &plan.jobs, store)?;
    let missing = status::missing(plan, store, &heartbeat::owners(directory), directory);
    // Said first as well: what follows looks final.
    let partial = match plan.outstanding.len() {
        0 => String::new(),
        left => {
            format!("PARTIAL: {left} of {} jobs have not run, and the numbers below will change.\n\n", plan.jobs.len())
        }
    };
    let strangers = strangers(directory, plan, store).map_or_else(String::new, |text| text + "\n");
    let [partial, strangers] = [partial, strangers].map(|text| fitted(&text, Some(answer_columns())));
    Ok(print(&format!("{partial}{answer}{strangers}{missing}"))?)
}

/// The exit code, with a last word if jobs have failed.
fn closing(tally: Tally) -> ExitCode {
    if tally.failed > 0 {
        let (failed, jobs) = (tally.failed, if tally.failed == 1 { "job" } else { "jobs" });
        say(&format!(
            "{failed} {jobs} failed; the tables say why (column `error` of runs.parquet), --retry-failed runs them again"
        ));
    }
    ExitCode::from(u8::from(tally.failed > 0 || tally.done < tally.jobs))
}
