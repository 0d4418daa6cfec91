//! Pretrained value matrices V, by the id of the run that learned them.
//!
//! Jobs that start from the same V share one pretraining. The job that needs it first runs it, and
//! others wait, also those of other processes. It is stored in the run directory, so that it is not
//! run again when a sweep continues.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use scb_core::Task;
use scb_core::random::stream;
use scb_core::train::PretrainingError;

use crate::axis;
use crate::config::Config;
use crate::execution::task_error::explained;
use crate::job::{Identity, Job, JobId};
use crate::store::pretraining::{self, LearningLock, Pretrained};

type Slot = Arc<OnceLock<Result<Arc<Pretrained>, String>>>;

/// The pretrainings of a sweep that were asked for so far.
#[derive(Debug, Default)]
pub struct Pretrainings {
    /// The run directory that they are stored in; `None`: nowhere.
    directory: Option<PathBuf>,
    known: Mutex<HashMap<JobId, Slot>>,
    /// How many were learned here, and not read from a file.
    learned: AtomicUsize,
}

impl Pretrainings {
    /// Pretrainings that are stored in this run directory.
    #[must_use]
    pub fn of(directory: &Path) -> Self {
        Self { directory: Some(directory.to_owned()), ..Self::default() }
    }

    /// How many were learned here, because they were not stored.
    #[must_use]
    pub fn learned(&self) -> usize {
        self.learned.load(Ordering::Relaxed)
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
    ) -> Result<Arc<Pretrained>, String> {
        let id = identity.pretraining_id(job);
        let slot = Arc::clone(self.known.lock().unwrap_or_else(PoisonError::into_inner).entry(id).or_default());
        slot.get_or_init(|| {
            let path = self.directory.as_ref().map(|directory| pretraining::path(directory, id));
            let stored =
                || path.as_deref().and_then(pretraining::read).filter(|found| found.value.nrows() == target.n());
            if let Some(found) = stored() {
                return Ok(Arc::new(found));
            }
            // Held until the file is there. A process that has waited for it finds the file.
            let lock = path.as_deref().and_then(LearningLock::wait);
            if let Some(found) = lock.as_ref().and_then(|_| stored()) {
                return Ok(Arc::new(found));
            }
            self.learned.fetch_add(1, Ordering::Relaxed);
            let (source, pretrained) = learn(job, target, config, identity)?;
            if let Some(path) = path {
                pretraining::write(&path, id, &source, &pretrained);
            }
            drop(lock);
            Ok(Arc::new(pretrained))
        })
        .clone()
    }
}

fn learn(job: &Job, target: &Task, config: &Config, identity: &Identity) -> Result<(Task, Pretrained), String> {
    let pretraining = config.shared.pretraining.recipe();
    let theta = job.point.values[axis::THETA];
    let spec = job.task_spec(&config.shared);
    let (mut for_source, for_data) = (stream(identity.source_seed(job)), stream(identity.pretraining_id(job).0));
    let learned = pretraining.learn(target, theta, &spec, &mut for_source, for_data);
    let learned = learned.map_err(|error| match error {
        PretrainingError::Source(error) => {
            format!("pretraining at theta = {theta}: {}", explained(&error, &config.shared))
        }
        PretrainingError::Diverged => "pretraining blew up: lower pretraining.eta".to_owned(),
        error => format!("pretraining at theta = {theta}: {error}"),
    })?;
    Ok((learned.source, Pretrained { value: learned.value, error: learned.error }))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use report::Table;

    use super::*;
    use crate::config::parse;
    use crate::job::jobs;
    use crate::store::layout::PRETRAINING;
    use crate::store::pretraining::{is_whole, read};

    const TEXT: &str = "replicates = 1\n[grid]\nN = 3\nQ = 1\nT = 200\ntransfer = 1\ntheta = [0.5, -1]\neta_boost = [0.1, 0.2]\n\
         [pretraining]\nT = 32\nbatch_size = 128\nmax_samples = 40000";

    struct Scene {
        config: Config,
        jobs: Vec<Job>,
        identity: Identity,
        home: tempfile::TempDir,
    }

    impl Scene {
        fn set() -> Self {
            let config = parse("test", "test.toml", TEXT.to_owned(), &[]).unwrap();
            let (jobs, identity) = (jobs(&config).unwrap(), Identity::new(&config));
            Self { config, jobs, identity, home: tempfile::tempdir().unwrap() }
        }

        fn get(&self, pretrainings: &Pretrainings, job: &Job) -> Arc<Pretrained> {
            let spec = job.task_spec(&self.config.shared);
            let task = Task::draw(&spec, &mut stream(self.identity.task_seed(job))).unwrap();
            pretrainings.get(job, &task, &self.config, &self.identity).unwrap()
        }

        fn path(&self, job: &Job) -> PathBuf {
            self.home.path().join(PRETRAINING).join(format!("{}.parquet", self.identity.pretraining_id(job)))
        }

        fn files(&self) -> usize {
            fs::read_dir(self.home.path().join(PRETRAINING)).unwrap().count()
        }
    }

    #[test]
    fn a_pretraining_is_run_once_stored_and_comes_back_bit_for_bit() {
        let scene = Scene::set();
        let first = Pretrainings::of(scene.home.path());
        let learned: Vec<_> = scene.jobs.iter().map(|job| scene.get(&first, job)).collect();
        assert_eq!((scene.jobs.len(), scene.files(), first.learned()), (4, 2, 2), "one for each theta, and no lock");
        assert!(learned.iter().all(|p| p.error < 0.3), "{learned:?}");
        let again = Pretrainings::of(scene.home.path());
        assert_eq!(*scene.get(&again, &scene.jobs[0]), *learned[0]);
        assert_eq!(again.learned(), 0);
    }

    #[test]
    fn a_file_that_is_not_whole_and_its_own_is_made_again() {
        let scene = Scene::set();
        let job = &scene.jobs[0];
        let other = scene.jobs.iter().find(|other| scene.path(other) != scene.path(job)).unwrap();
        let first = Pretrainings::of(scene.home.path());
        let learned = scene.get(&first, job);
        scene.get(&first, other);
        let (path, written) = (scene.path(job), fs::read(scene.path(job)).unwrap());
        let changed = |number: f64| {
            let table = Table::from_parquet(written.clone(), &path, 100).unwrap();
            let cells = table.floats("value").unwrap().into_iter().map(move |v| v.map(|v| v + number));
            let others = table.clone().without("value");
            others.float("value", "", "", cells).to_parquet(&[]).unwrap()
        };
        let cut = || written[..written.len() / 2].to_vec();
        let without = |name: &str| {
            let table = Table::from_parquet(written.clone(), &path, 100).unwrap();
            table.without(name).to_parquet(&[]).unwrap()
        };
        // Columns may come in any order: what counts is what they say.
        fs::write(&path, changed(0.0)).unwrap();
        assert!(is_whole(&path));
        let spoiled = [
            b"no table".to_vec(),
            b"PAR1PAR1".to_vec(),
            Vec::new(),
            cut(),
            changed(1e-9),
            without("checksum"),
            without("pretraining"),
            without("row"),
            // Millions of rows in a few bytes.
            Table::new().text("pretraining", "", std::iter::repeat_n(None::<&str>, 3_000_000)).to_parquet(&[]).unwrap(),
            // A whole one, of another source.
            fs::read(scene.path(other)).unwrap(),
        ];
        for bytes in spoiled {
            fs::write(&path, &bytes).unwrap();
            assert!(!is_whole(&path));
            let again = Pretrainings::of(scene.home.path());
            assert_eq!(*scene.get(&again, job), *learned);
            assert_eq!((again.learned(), fs::read(&path).unwrap()), (1, written.clone()));
        }
    }

    #[test]
    fn no_changed_byte_changes_what_is_read() {
        let scene = Scene::set();
        let learned = scene.get(&Pretrainings::of(scene.home.path()), &scene.jobs[0]);
        let path = scene.path(&scene.jobs[0]);
        let written = fs::read(&path).unwrap();
        let mut whole = 0;
        for at in (0..written.len()).step_by(3) {
            let mut bytes = written.clone();
            bytes[at] ^= 1 << (at % 8);
            fs::write(&path, bytes).unwrap();
            // Some bytes are names and versions of no meaning.
            if let Some(found) = read(&path) {
                assert_eq!(found, *learned, "byte {at}");
                whole += 1;
            }
        }
        assert!(whole < written.len() / 6, "{whole} of {} changes went unnoticed", written.len() / 3);
    }

    #[test]
    fn two_processes_learn_a_pretraining_once() {
        let scene = Scene::set();
        for job in [&scene.jobs[0], scene.jobs.last().unwrap()] {
            let both = [Pretrainings::of(scene.home.path()), Pretrainings::of(scene.home.path())];
            let start = std::sync::Barrier::new(2);
            let wait_and_get = |one| {
                start.wait();
                scene.get(one, job)
            };
            std::thread::scope(|scope| {
                both.each_ref().map(|one| scope.spawn(move || wait_and_get(one))).map(|thread| thread.join().unwrap())
            });
            assert_eq!(both.iter().map(Pretrainings::learned).sum::<usize>(), 1);
        }
        assert_eq!(scene.files(), 2, "no lock is left");
    }
}
