//! The sweep of a run directory or of a config, and the one of its jobs that a user chooses.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use report::Record;

use super::directory::open;
use crate::SweepError;
use crate::config::diagnostic::Diagnostic;
use crate::config::{self, Config};
use crate::execution::Work;
use crate::execution::memory::Memory;
use crate::execution::training::{Replayed, Training};
use crate::job::{DoneJobs, Job, Selection};
use crate::store::Store;
use crate::workload::Workload;

/// A sweep, whether it has been run or not.
pub(super) struct Sweep {
    pub(super) config: Arc<Config>,
    pub(super) workload: Workload,
    /// The run directory and what is done in it, if it has been run.
    pub(super) store: Option<(PathBuf, Store)>,
}

impl Sweep {
    /// Of a run directory, or of a config with overrides.
    ///
    /// # Errors
    /// As [`open`] and [`config::load`]; when a run directory is given with overrides.
    pub(super) fn of(source: &Path, overrides: &[String]) -> Result<Self, SweepError> {
        if source.is_dir() {
            if let Some(first) = overrides.first() {
                return Err(Diagnostic::new(format!("{} has its config: {first} cannot change it", source.display()))
                    .help(format!("choose one of its jobs with --job {first}"))
                    .into());
            }
            let (config, workload, store) = open(source)?;
            return Ok(Self { config, workload, store: Some((source.to_owned(), store)) });
        }
        let config = Arc::new(config::load(source, overrides)?);
        let workload = Workload::new(&config, &DoneJobs::default())?;
        Ok(Self { config, workload, store: None })
    }

    /// The job that these words choose.
    ///
    /// # Errors
    /// As [`Selection::parse`] and [`Selection::one_of`].
    pub(super) fn job(&self, words: &[String]) -> Result<&Job, Diagnostic> {
        let plan = &self.workload.plan;
        let chosen = Selection::parse(words)?.one_of(&plan.jobs, &plan.further);
        chosen.map_err(|wrong| match self.store {
            None if self.config.is_search() => wrong.help(
                "the config of a search has only its first jobs: give its run directory, which has all that were run; \
                 a dataset of another cell takes its values without --job",
            ),
            _ => wrong,
        })
    }

    /// What the run directory has of a job.
    pub(super) fn stored(&self, job: &Job) -> Option<&Record> {
        let (_, store) = self.store.as_ref()?;
        store.done().get(&job.id).map(|(record, _)| record)
    }

    /// Runs a job once more.
    ///
    /// # Errors
    /// Within: why there is no such run. Without: when it does not give what the run directory has of it;
    /// then the program has changed, or a machine is faulty.
    pub(super) fn replay(&self, job: &Job) -> Result<Result<Replayed, String>, Diagnostic> {
        let training = self.training();
        // What does not fit into the memory that is free must not be tried.
        let run = match Memory::of_this_process().take(training.bytes(job)) {
            Ok(_held) => training.replay(job),
            Err(error) => Err(error),
        };
        match (&run, self.stored(job), &self.store) {
            (Ok(run), Some(record), Some((directory, _)))
                if record.cap == run.record.cap && !record.agrees(&run.record) =>
            {
                let directory = directory.display();
                Err(Diagnostic::new(format!("job {} gives other numbers now than {directory} holds", job.id)).help(
                    "a changed program or a faulty machine: run the sweep again into another directory and compare",
                ))
            }
            _ => Ok(run),
        }
    }

    /// What trains its jobs.
    pub(super) fn training(&self) -> Training {
        let training = Training::new(&self.config);
        match &self.store {
            Some((directory, _)) => training.in_directory(directory),
            None => training,
        }
    }
}

/// That a job cannot be run.
pub(super) fn failed(job: &Job, error: &str, further: &[usize]) -> Diagnostic {
    Diagnostic::new(format!("job {} fails: {error}", job.id)).help(job.described(further))
}
