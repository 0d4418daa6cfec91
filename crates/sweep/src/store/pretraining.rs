//! Pretrainings as they are stored: `pretraining/<id>.parquet`, one row an entry of V.
//!
//! A file that does not hold its own id and the checksum of what it says is damaged, and made
//! again: the same id gives the same bits. Whoever learns a V holds the lock of
//! `pretraining/<id>.lock` meanwhile, which is removed when the file is there.

use std::fs::{self, File, OpenOptions};
use std::path::{Path, PathBuf};

use ndarray::Array2;
use report::Table;
use scb_core::Task;

use crate::axis::{self, AXES, Domain};
use crate::job::JobId;
use crate::platform::panics;
use crate::store::layout::{PRETRAINING, PRETRAINING_ENDING, PRETRAINING_LOCK, is_pretraining_file};
use crate::store::part;

/// Bytes of a file at most. The largest pretraining has about 2 MB.
const MAX_PRETRAINING_BYTES: u64 = 16 << 20;

/// A V to start from.
#[derive(Debug, Clone, PartialEq)]
pub struct Pretrained {
    /// `V_src`, shape `(N, N)`.
    pub value: Array2<f64>,
    /// `|V_src - P_src|_mu / sqrt(K_P)` of the source.
    pub error: f64,
}

/// The file of a pretraining in a run directory.
pub(crate) fn path(directory: &Path, id: JobId) -> PathBuf {
    directory.join(PRETRAINING).join(format!("{id}.{PRETRAINING_ENDING}"))
}

/// Stores what was learned from `source`. No error is reported: if it cannot be stored it is
/// learned again, and a run directory that takes no files is refused before.
pub(crate) fn write(path: &Path, id: JobId, source: &Task, pretrained: &Pretrained) {
    let _ = fs::create_dir_all(path.parent().unwrap_or(Path::new(".")));
    let _ = table(id, source, pretrained).write(path, &[("pretraining", id.to_string())]);
}

/// The right to learn one V. One process has it at a time, of those that share a run directory.
pub(crate) struct LearningLock {
    path: PathBuf,
    /// The locked file; the lock is free when it is closed.
    _lock: File,
}

impl LearningLock {
    /// Waits for it. `None` where files cannot be locked or made: then two processes may learn the
    /// same V, with the same bits.
    pub(crate) fn wait(table: &Path) -> Option<Self> {
        let path = table.with_extension(PRETRAINING_LOCK);
        fs::create_dir_all(path.parent()?).ok()?;
        let lock = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(&path).ok()?;
        if lock.lock().is_err() {
            let _ = fs::remove_file(path);
            return None;
        }
        Some(Self { path, _lock: lock })
    }
}

impl Drop for LearningLock {
    fn drop(&mut self) {
        // Processes that wait for this file get the lock even so, and find the table.
        let _ = fs::remove_file(&self.path);
    }
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

/// The checksum of the id and of all bits of the numbers.
fn checksum(id: &str, values: impl Iterator<Item = f64>, transitions: impl Iterator<Item = f64>, error: f64) -> String {
    let mut bytes = id.as_bytes().to_vec();
    for number in values.chain(transitions).chain([error]) {
        bytes.extend(number.to_bits().to_le_bytes());
    }
    part::checksum(&bytes)
}

/// Whether a file is the lock of a process that was killed.
pub(crate) fn is_left_lock(path: &Path) -> bool {
    let named = is_pretraining_file(path) && path.extension().is_some_and(|e| e == PRETRAINING_LOCK);
    // Some file systems lock only files that are open for writing.
    named && OpenOptions::new().write(true).open(path).is_ok_and(|file| file.try_lock().is_ok())
}

/// Whether a file is a pretraining, whole, and of the id in its name.
#[must_use]
pub fn is_whole(path: &Path) -> bool {
    path.extension().is_some_and(|e| e == PRETRAINING_ENDING) && read(path).is_some()
}

/// Reads a pretraining. `None` if the file is not whole, or is none; no bytes make it panic.
pub(crate) fn read(path: &Path) -> Option<Pretrained> {
    let file = path.metadata().ok()?;
    if !file.is_file() || file.len() > MAX_PRETRAINING_BYTES {
        return None;
    }
    let bytes = fs::read(path).ok()?;
    let id = path.file_stem()?.to_str()?;
    panics::caught(|| decode(bytes, path, id)).ok().flatten()
}

fn decode(bytes: Vec<u8>, path: &Path, id: &str) -> Option<Pretrained> {
    let Domain::Whole { max, .. } = AXES[axis::N].domain else { return None };
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
