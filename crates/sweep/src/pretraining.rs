//! What was learned elsewhere: value matrices by the id of the run that learned them.
//!
//! Jobs that start from the same V share one run. It is run by whoever needs it first, while others that need it wait, and stored as
//! `pretraining/<id>.parquet`, one row an entry of V, so that it is not run again when a sweep continues. Other processes wait too, by
//! the lock of `pretraining/<id>.lock`, which is removed when the file is there. A file that does not hold its own id and the checksum
//! of what it says is damaged, and made again: the same id gives the same bits.

use std::collections::HashMap;
use std::fs::{self, File, OpenOptions};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use ndarray::Array2;
use report::Table;
use scb_core::Task;
use scb_core::kernel::Level;
use scb_core::optimise::{Start, algorithm};
use scb_core::random::stream;
use scb_core::train::{StageEnd, StepScale, StopAt, TrainSpec, train};
use scb_core::transfer::source;

use crate::axis::{self, AXES, Shape};
use crate::config::Config;
use crate::job::{Identity, Job, JobId};
use crate::training::told;
use crate::{panics, part};

/// In a run directory.
pub const PLACE: &str = "pretraining";
/// What the names of locks end in.
const LOCK: &str = "lock";
/// Bytes of a file at most; the largest that is honest has some 2 MB.
const MOST_BYTES: u64 = 16 << 20;

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
    /// How many were learned and not read.
    learned: AtomicUsize,
}

impl Pretrainings {
    /// Stored in this run directory.
    #[must_use]
    pub fn of(directory: &Path) -> Self {
        Self { directory: Some(directory.join(PLACE)), ..Self::default() }
    }

    /// How many were learned here, because nobody had stored them.
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
        level: Level,
    ) -> Result<Arc<Pretrained>, String> {
        let id = identity.pretraining_id(job);
        let slot = Arc::clone(self.known.lock().unwrap_or_else(PoisonError::into_inner).entry(id).or_default());
        slot.get_or_init(|| {
            let path = self.directory.as_ref().map(|directory| directory.join(format!("{id}.parquet")));
            let stored = || path.as_deref().and_then(read).filter(|found| found.value.nrows() == target.n());
            if let Some(found) = stored() {
                return Ok(Arc::new(found));
            }
            // Held until the file is there. Whoever has waited for it finds the file of the one that had it before.
            let turn = path.as_deref().and_then(Turn::wait);
            if let Some(found) = turn.as_ref().and_then(|_| stored()) {
                return Ok(Arc::new(found));
            }
            self.learned.fetch_add(1, Ordering::Relaxed);
            let (source, pretrained) = learn(job, target, config, identity, level)?;
            if let Some(path) = path {
                // It costs only time if it cannot be kept; whether the disk takes files at all is tested elsewhere.
                let _ = fs::create_dir_all(path.parent().unwrap_or(Path::new(".")));
                let _ = table(id, &source, &pretrained).write(&path, &[("pretraining", id.to_string())]);
            }
            drop(turn);
            Ok(Arc::new(pretrained))
        })
        .clone()
    }
}

/// The right to learn one V, among processes that share a run directory.
struct Turn {
    path: PathBuf,
    /// Keeps the lock, until the value or the process ends.
    _lock: File,
}

impl Turn {
    /// Waits for it; `None` where there are no locks, or no file can be made: then it may be learned twice, to the same bits.
    fn wait(table: &Path) -> Option<Self> {
        let path = table.with_extension(LOCK);
        fs::create_dir_all(path.parent()?).ok()?;
        let lock = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(&path).ok()?;
        if lock.lock().is_err() {
            let _ = fs::remove_file(path);
            return None;
        }
        Some(Self { path, _lock: lock })
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        // Those who wait for this very file get the lock all the same, and find the table.
        let _ = fs::remove_file(&self.path);
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
    let outcome = outcome.map_err(|error| format!("pretraining at theta = {theta}: {error}"))?;
    if outcome.value.iter().any(|v| !v.is_finite()) {
        return Err("pretraining blew up: lower pretraining.eta".to_owned());
    }
    Ok((source, Pretrained { value: outcome.value, error: outcome.errors.value }))
}

fn table(id: JobId, source: &Task, pretrained: &Pretrained) -> Table {
    let entries = || pretrained.value.indexed_iter();
    let transitions = || entries().map(|(at, _)| source.transition()[at]);
    let id = id.to_string();
    let checksum = checksum(&id, entries().map(|(_, &v)| v), transitions(), pretrained.error);
    Table::new()
        .text("pretraining", "id of the run that learned it", entries().map(|_| id.as_str()))
        .int("row", "", "state that follows, from 0", entries().map(|((i, _), _)| i as i64))
        .int("column", "", "state that is followed, from 0", entries().map(|((_, j), _)| j as i64))
        .float("value", "", "entry of the learned V", entries().map(|(_, &v)| Some(v)))
        .float("transition", "", "entry of P of the source", transitions().map(Some))
        .float("error", "sqrt(K_P) of the source", "|V - P|_mu", entries().map(|_| Some(pretrained.error)))
        .text("checksum", "BLAKE3 of the id and all numbers", entries().map(|_| checksum.as_str()))
}

/// Of everything a file says: its id, and its numbers bit by bit.
fn checksum(id: &str, values: impl Iterator<Item = f64>, transitions: impl Iterator<Item = f64>, error: f64) -> String {
    let mut bytes = id.as_bytes().to_vec();
    for number in values.chain(transitions).chain([error]) {
        bytes.extend(number.to_bits().to_le_bytes());
    }
    part::checksum(&bytes)
}

/// Whether a file has the name of one of ours: of a table or of a lock.
pub(crate) fn is_named(path: &Path) -> bool {
    path.extension().is_some_and(|e| e == "parquet" || e == LOCK)
        && path.file_stem().and_then(|stem| stem.to_str()).is_some_and(|stem| JobId::parse(stem).is_some())
}

/// Whether a file is the lock of somebody who was killed.
pub(crate) fn is_left_lock(path: &Path) -> bool {
    let named = is_named(path) && path.extension().is_some_and(|e| e == LOCK);
    // Some file systems lock only what may be written.
    named && OpenOptions::new().write(true).open(path).is_ok_and(|file| file.try_lock().is_ok())
}

/// Whether a file is one of ours, and holds what its name says.
#[must_use]
pub fn is_whole(path: &Path) -> bool {
    path.extension().is_some_and(|e| e == "parquet") && read(path).is_some()
}

/// What a file says, if it is one of ours and whole. Whatever its bytes are, the answer is that or nothing.
fn read(path: &Path) -> Option<Pretrained> {
    let file = path.metadata().ok()?;
    if !file.is_file() || file.len() > MOST_BYTES {
        return None;
    }
    let bytes = fs::read(path).ok()?;
    let id = path.file_stem()?.to_str()?;
    panics::caught(|| decode(bytes, path, id)).ok().flatten()
}

fn decode(bytes: Vec<u8>, path: &Path, id: &str) -> Option<Pretrained> {
    let Shape::Whole { max, .. } = AXES[axis::N].shape else { return None };
    let table = Table::from_parquet(bytes, path, (max * max) as i64).ok()?;
    let n = table.rows().isqrt();
    let floats = |name: &str| table.floats(name)?.iter().copied().collect::<Option<Vec<f64>>>();
    let ints = |name: &str| table.ints(name)?.iter().copied().collect::<Option<Vec<i64>>>();
    let (values, transitions, errors) = (floats("value")?, floats("transition")?, floats("error")?);
    let (rows, columns, error) = (ints("row")?, ints("column")?, *errors.first()?);
    let checksum = checksum(id, values.iter().copied(), transitions.iter().copied(), error);
    let all = |name: &str, text: &str| {
        table.texts(name).is_some_and(|cells| cells.iter().all(|cell| cell.as_deref() == Some(text)))
    };
    let in_order = |(at, (&row, &column)): (usize, (&i64, &i64))| (row, column) == ((at / n) as i64, (at % n) as i64);
    let whole = n * n == table.rows()
        && rows.iter().zip(&columns).enumerate().all(in_order)
        && errors.iter().all(|e| e.to_bits() == error.to_bits())
        && all("pretraining", id)
        && all("checksum", &checksum);
    if !whole {
        return None;
    }
    Some(Pretrained { value: Array2::from_shape_vec((n, n), values).ok()?, error })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::parse;
    use crate::job::jobs;

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
            pretrainings.get(job, &task, &self.config, &self.identity, Level::best()).unwrap()
        }

        fn path(&self, job: &Job) -> PathBuf {
            self.home.path().join(PLACE).join(format!("{}.parquet", self.identity.pretraining_id(job)))
        }

        fn files(&self) -> usize {
            fs::read_dir(self.home.path().join(PLACE)).unwrap().count()
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
