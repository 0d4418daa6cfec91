//! What was learned elsewhere: value matrices by the id of the run that learned them.
//!
//! Jobs that start from the same V share one run. It is run by whoever needs it first, while others that need it wait, and stored as
//! `pretraining/<id>.parquet`, one row an entry of V, so that it is not run again when a sweep continues. A file that cannot be read is
//! made again: the same id gives the same bits.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use ndarray::Array2;
use report::Table;
use scb_core::Task;
use scb_core::kernel::Level;
use scb_core::optimise::{Start, algorithm};
use scb_core::random::stream;
use scb_core::train::{StageEnd, StepScale, StopAt, TrainSpec, train};
use scb_core::transfer::source;

use crate::axis;
use crate::config::Config;
use crate::job::{Identity, Job, JobId};
use crate::training::told;

/// In a run directory.
pub const PLACE: &str = "pretraining";

/// A V to start from.
#[derive(Debug, Clone, PartialEq)]
pub struct Pretrained {
    /// `V_src`, shape `(N, N)`.
    pub value: Array2<f64>,
    /// `|V_src - P_src|_mu / sqrt(K_P)` of the source.
    pub error: f64,
}

type Slot = Arc<OnceLock<Result<Arc<Pretrained>, String>>>;

/// Every pretraining of a sweep that somebody has asked for.
#[derive(Debug, Default)]
pub struct Pretrainings {
    /// Where they are stored; `None`: nowhere.
    directory: Option<PathBuf>,
    known: Mutex<HashMap<JobId, Slot>>,
}

impl Pretrainings {
    /// Stored in this run directory.
    #[must_use]
    pub fn of(directory: &Path) -> Self {
        Self { directory: Some(directory.join(PLACE)), known: Mutex::default() }
    }

    /// The V that `job` starts from, and its error; `target` is the job's task.
    ///
    /// # Errors
    /// When there is no such source, or nothing to learn from it.
    pub fn get(
        &self,
        job: &Job,
        target: &Task,
        config: &Config,
        identity: &Identity,
        level: Level,
    ) -> Result<Arc<Pretrained>, String> {
        let id = identity.pretraining_id(job);
        let slot = Arc::clone(self.known.lock().unwrap_or_else(PoisonError::into_inner).entry(id).or_default());
        slot.get_or_init(|| {
            let path = self.directory.as_ref().map(|directory| directory.join(format!("{id}.parquet")));
            if let Some(found) = path.as_deref().and_then(|path| read(path, target.n)) {
                return Ok(Arc::new(found));
            }
            let (source, pretrained) = learn(job, target, config, identity, level)?;
            if let Some(path) = path {
                // It costs only time if it cannot be kept; whether the disk takes files at all is tested elsewhere.
                let _ = std::fs::create_dir_all(path.parent().unwrap_or(Path::new(".")));
                let _ = table(&source, &pretrained).write(&path, &[("pretraining", id.to_string())]);
            }
            Ok(Arc::new(pretrained))
        })
        .clone()
    }
}

fn learn(
    job: &Job,
    target: &Task,
    config: &Config,
    identity: &Identity,
    level: Level,
) -> Result<(Task, Pretrained), String> {
    let settings = config.shared.pretraining;
    let mut spec = job.task_spec(&config.shared);
    spec.t = settings.t as usize;
    let theta = job.point.values[axis::THETA];
    let drawn = source(target, theta, &spec, &mut stream(identity.source_seed(job)));
    let source = drawn.map_err(|error| format!("pretraining at theta = {theta}: {}", told(&error, &config.shared)))?;
    let algorithm = algorithm("prox").ok_or("internal error: prox is gone")?;
    let share = |share: f64| StageEnd { share: Some(share), ..StageEnd::default() };
    let spec = TrainSpec {
        algorithm,
        batch_size: settings.batch_size as usize,
        eta_boost: settings.eta,
        eta_sparse: settings.eta / 2.0,
        lambda: settings.lambda,
        steps: StepScale::Normalised,
        attention_step: 1.0,
        start: Start::UNINFORMATIVE,
        max_samples: settings.max_samples,
        boost_end: StageEnd { alpha: Some(0.5), ..share(0.4) },
        sparse_end: share(0.7),
        cut: 0.2,
        keep: 0.5,
        flip: None,
        signal: 0.25,
        epsilon: 0.25,
        resolution: 0.5,
        stop_at: StopAt::Budget,
        level,
    };
    let outcome = train(&source, &spec, stream(identity.pretraining_id(job).0), &mut ());
    if outcome.value.iter().any(|v| !v.is_finite()) {
        return Err("pretraining blew up: lower pretraining.eta".to_owned());
    }
    Ok((source, Pretrained { value: outcome.value, error: outcome.errors.value }))
}

fn table(source: &Task, pretrained: &Pretrained) -> Table {
    let entries = || pretrained.value.indexed_iter();
    Table::new()
        .int("row", "", "state that follows, from 0", entries().map(|((i, _), _)| i as i64))
        .int("column", "", "state that is followed, from 0", entries().map(|((_, j), _)| j as i64))
        .float("value", "", "entry of the learned V", entries().map(|(_, &v)| Some(v)))
        .float("transition", "", "entry of P of the source", entries().map(|(at, _)| Some(source.transition[at])))
        .float("error", "sqrt(K_P) of the source", "|V - P|_mu", entries().map(|_| Some(pretrained.error)))
}

/// What a file says, if it is one of ours for so many states.
fn read(path: &Path, n: usize) -> Option<Pretrained> {
    let table = Table::read(path).ok()?;
    if table.rows() != n * n {
        return None;
    }
    let values: Option<Vec<f64>> = table.floats("value")?.iter().copied().collect();
    let error = (*table.floats("error")?.first()?)?;
    Some(Pretrained { value: Array2::from_shape_vec((n, n), values?).ok()?, error })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::parse;
    use crate::job::jobs;

    #[test]
    fn a_pretraining_is_run_once_stored_and_comes_back_bit_for_bit() {
        let text = "replicates = 1\n[grid]\nN = 3\nQ = 1\nT = 200\ntransfer = 1\ntheta = [0.5, -1]\neta_boost = [0.1, 0.2]\n\
                    [pretraining]\nT = 32\nbatch_size = 128\nmax_samples = 40000";
        let config = parse("test", "test.toml", text.to_owned(), &[]).unwrap();
        let (jobs, identity) = (jobs(&config).unwrap(), Identity::new(&config));
        let home = tempfile::tempdir().unwrap();
        let get = |pretrainings: &Pretrainings, job: &Job| {
            let task = Task::draw(&job.task_spec(&config.shared), &mut stream(identity.task_seed(job))).unwrap();
            pretrainings.get(job, &task, &config, &identity, Level::best()).unwrap()
        };
        let first = Pretrainings::of(home.path());
        let learned: Vec<_> = jobs.iter().map(|job| get(&first, job)).collect();
        let files = || std::fs::read_dir(home.path().join(PLACE)).unwrap().count();
        assert_eq!((jobs.len(), files()), (4, 2), "one for each theta");
        assert!(learned.iter().all(|p| p.error < 0.3), "{learned:?}");
        let path = home.path().join(PLACE).join(format!("{}.parquet", identity.pretraining_id(&jobs[0])));
        let written = std::fs::read(&path).unwrap();
        assert_eq!(*get(&Pretrainings::of(home.path()), &jobs[0]), *learned[0]);
        // A file that is damaged is made again.
        std::fs::write(&path, b"no table").unwrap();
        assert_eq!(*get(&Pretrainings::of(home.path()), &jobs[0]), *learned[0]);
        assert_eq!(std::fs::read(&path).unwrap(), written);
    }
}
