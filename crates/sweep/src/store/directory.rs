//! What a run directory holds.
//!
//! Finished jobs are written as parts, and no part is changed. A process writes many small parts
//! (its own, or all if it is alone here) as one large part and removes them then. So after a kill
//! every finished job is in at least one part, and a job that is in two counts once. A damaged part
//! is set aside, and its jobs run again. The rows of one job in several parts must agree; but a job
//! that failed in one of them and not in the other has not failed.

use std::cmp::Ordering;
use std::collections::hash_map::{Entry, HashMap};
use std::collections::{BTreeSet, HashSet};
use std::fs;
use std::path::{Path, PathBuf};

use report::table::write_whole;
use report::{Record, Status, Timing, TracePoint};

use crate::SweepError;
use crate::config::{Config, resolved};
use crate::job::{DoneJobs, JobId, Seen};
use crate::platform::files::{FileError, create_folder, is_missing, list, name, read_text};
use crate::platform::machine::host;
use crate::platform::terminal::say;
use crate::store::cleaning::clean;
use crate::store::compaction::{Batch, SmallParts};
use crate::store::layout::{CONFIG, DAMAGED, PART, PARTS, UNFINISHED, usable};
use crate::store::part::{self, Found, Part, Row};

/// One finished job on its way to a part.
#[derive(Debug)]
pub struct Finished {
    /// What it measured.
    pub record: Record,
    /// What it cost.
    pub timing: Timing,
    /// Its trace, empty unless tracing is on.
    pub traces: Vec<TracePoint>,
}

/// What a process may do with what it finds in a run directory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Change nothing.
    ReadOnly,
    /// Set damaged parts aside; others work here too.
    Shared,
    /// Also clean up after those that were killed, and put their small parts into large ones.
    Alone,
}

/// A run directory and what it holds.
#[derive(Debug, Default)]
pub struct Store {
    directory: PathBuf,
    done: HashMap<JobId, Row>,
    /// The ids of `done`.
    ids: DoneJobs,
    /// Every whole part.
    parts: Vec<Part>,
    /// Those that no other process may remove: all if this process is alone here, else those that
    /// it has written.
    own: Vec<Part>,
    /// Small parts that this process may put into larger ones.
    small: SmallParts,
}

impl Store {
    /// Reads a run directory, which need not exist.
    ///
    /// # Errors
    /// When a file or folder cannot be read or written, and [`SweepError::Conflict`] when two parts
    /// say different things of one job.
    pub fn open(directory: &Path, access: Access) -> Result<Self, SweepError> {
        let mut store = Self::of(directory);
        store.read(directory, access)?;
        if access != Access::ReadOnly {
            clean(directory, access == Access::Alone);
        }
        Ok(store)
    }

    /// A run directory, without reading what it holds.
    #[must_use]
    pub fn of(directory: &Path) -> Self {
        Self { directory: directory.to_owned(), ..Self::default() }
    }

    /// What several run directories hold together, changing nothing in them.
    ///
    /// # Errors
    /// As [`Store::open`].
    pub fn union(directories: &[PathBuf]) -> Result<Self, SweepError> {
        let mut store = Self::default();
        directories.iter().try_for_each(|directory| store.read(directory, Access::ReadOnly))?;
        Ok(store)
    }

    fn read(&mut self, directory: &Path, access: Access) -> Result<(), SweepError> {
        let parts = directory.join(PARTS);
        usable(directory)?;
        if !parts.is_dir() {
            return Ok(());
        }
        // Another process may put parts into a larger one meanwhile. Then the folder is listed
        // again.
        let mut seen = HashSet::new();
        let mut complete = false;
        while !complete {
            complete = true;
            for path in list(&parts)? {
                if path.to_string_lossy().ends_with(PART) && seen.insert(path.clone()) {
                    complete &= self.read_part(&path, access)?;
                }
            }
        }
        Ok(())
    }

    /// Reads one part; `false` if it is gone.
    fn read_part(&mut self, path: &Path, access: Access) -> Result<bool, SweepError> {
        let (part, rows) = match part::read(path)? {
            Found::Whole(part, rows) => (part, rows),
            Found::Gone => return Ok(false),
            Found::Damaged(reason) => {
                let aside = |path| Ok::<_, SweepError>(set_aside(path)?.display().to_string());
                let then = match access {
                    Access::ReadOnly => "a run would repeat its jobs".to_owned(),
                    Access::Shared => {
                        format!("set aside as {}, its jobs run again when their shard does", aside(path)?)
                    }
                    Access::Alone => format!("set aside as {}, its jobs run again", aside(path)?),
                };
                say(&format!("warning: {} is damaged: {reason}; {then}", path.display()));
                return Ok(true);
            }
        };
        let ids = self.add_rows(rows, &part.path)?;
        self.parts.push(part.clone());
        if access == Access::Alone {
            self.own.push(part.clone());
            // Parts that others left become part of larger ones like those of this process.
            self.small.add(0, part, ids);
        }
        Ok(true)
    }

    /// Adds rows to those of other parts, and returns their ids.
    fn add_rows(&mut self, rows: Vec<Row>, path: &Path) -> Result<Vec<JobId>, SweepError> {
        let mut ids = Vec::with_capacity(rows.len());
        for row in rows {
            let Some(id) = JobId::parse(&row.0.job_id) else { continue };
            ids.push(id);
            let seen = seen_of(&row.0);
            match self.done.entry(id) {
                Entry::Vacant(free) => {
                    free.insert(row);
                    self.ids.insert(id, seen);
                }
                Entry::Occupied(mut known) => match prefer(known.get(), &row) {
                    Some(Ordering::Less) => {
                        known.insert(row);
                        self.ids.insert(id, seen);
                    }
                    Some(_) => {}
                    None => return Err(SweepError::Conflict { job: id, path: path.to_owned() }),
                },
            }
        }
        Ok(ids)
    }

    /// Where it is.
    #[must_use]
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// Every whole part.
    #[must_use]
    pub fn parts(&self) -> &[Part] {
        &self.parts
    }

    /// The finished jobs.
    #[must_use]
    pub fn done(&self) -> &HashMap<JobId, (Record, Timing)> {
        &self.done
    }

    /// The ids of the finished jobs.
    #[must_use]
    pub fn ids(&self) -> &DoneJobs {
        &self.ids
    }

    /// Makes the directory ready for parts, tests that it takes them, and writes the resolved
    /// config, if it does not stand there.
    ///
    /// # Errors
    /// When a file or folder cannot be read or written.
    pub fn prepare(&self, config: &Config) -> Result<(), SweepError> {
        let path = self.directory.join(CONFIG);
        let text = resolved::to_toml(config).map_err(|error| {
            let source = std::io::Error::other(error);
            FileError { action: "write", path: path.clone(), source }
        })?;
        let parts = self.directory.join(PARTS);
        create_folder(&parts)?;
        // A test now, since the first part may be written hours later.
        for place in [&parts, &self.directory] {
            let probe = place.join(format!("{UNFINISHED}test-{}-{}", host(), std::process::id()));
            write_whole(&probe, b"does this take files?")?;
            let _ = fs::remove_file(&probe);
        }
        // Shards that start later read it while this one starts, and a user may have written notes
        // into it.
        if resolved::is_at(&path, config) {
            return Ok(());
        }
        Ok(write_whole(&path, text.as_bytes())?)
    }

    /// Writes a part, or several if one would have too many jobs; when this returns, they are done
    /// for good.
    ///
    /// # Errors
    /// When a file or folder cannot be read or written, and [`SweepError::Conflict`].
    pub fn add(&mut self, finished: Vec<Finished>) -> Result<(), SweepError> {
        let mut left = finished.into_iter().peekable();
        while left.peek().is_some() {
            let (mut rows, mut traces) = (Vec::new(), Vec::new());
            for job in left.by_ref().take(part::MAX_JOBS_OF_PART) {
                rows.push((job.record, job.timing));
                traces.extend(job.traces);
            }
            let part = part::write(&self.directory.join(PARTS), &rows, &traces)?;
            let ids = self.add_rows(rows, &part.path)?;
            self.parts.push(part.clone());
            self.own.push(part.clone());
            self.small.add(0, part, ids);
        }
        Ok(())
    }

    /// Checks that the directory still holds its config and the jobs that this process knows to be
    /// done. A user may have emptied or moved it.
    ///
    /// # Errors
    /// [`SweepError::Vanished`].
    pub fn check_not_emptied(&self, config: &Config) -> Result<(), SweepError> {
        let path = self.directory.join(CONFIG);
        let reason = match read_text(&path) {
            Ok(_) if resolved::is_at(&path, config) => None,
            Ok(_) => Some(format!("{CONFIG} has become another one")),
            Err(error) if is_missing(&error) => Some(format!("{CONFIG} is gone")),
            Err(error) => Some(format!("{CONFIG} cannot be read ({error})")),
        };
        let lost = |part: &&Part| [&part.path].into_iter().chain(&part.traces).any(|path| !path.is_file());
        let lost = self.own.iter().filter(lost).count();
        if lost == 0 && reason.is_none() {
            return Ok(());
        }
        // A job that is in another part as well is not lost.
        let left = Self::open(&self.directory, Access::ReadOnly).unwrap_or_default();
        let jobs = self.done.keys().filter(|id| !left.done.contains_key(id)).count();
        if jobs == 0 && reason.is_none() {
            return Ok(());
        }
        let parts = (lost > 0).then(|| format!("{lost} of the files in {PARTS} are gone"));
        let reason = reason.into_iter().chain(parts).collect::<Vec<_>>().join(", ");
        Err(SweepError::Vanished { reason, directory: self.directory.clone(), jobs })
    }

    /// The traces of all finished jobs, by job.
    ///
    /// # Errors
    /// When a file cannot be read.
    pub fn traces(&self) -> Result<HashMap<String, Vec<TracePoint>>, SweepError> {
        let mut traces = HashMap::new();
        for part in self.parts.iter().filter(|part| part.traces.is_some()) {
            by_job(part::traces(part)?, &mut traces);
        }
        Ok(traces)
    }

    /// Puts small parts of this process into large ones if there are many: a sweep of days would
    /// leave a million.
    ///
    /// # Errors
    /// When a file or folder cannot be read or written.
    pub fn tidy(&mut self) -> Result<(), SweepError> {
        let mut from = 0;
        while let Some(Batch { level, parts }) = self.small.take_batch(from) {
            self.combine(level, &parts)?;
            from = level;
        }
        Ok(())
    }

    /// Puts parts into one part of `level`, then removes them.
    fn combine(&mut self, level: usize, old: &[(Part, Vec<JobId>)]) -> Result<(), SweepError> {
        // In the order of their ids, so that the part does not depend on the order of the parts.
        let ids: BTreeSet<JobId> = old.iter().flat_map(|(_, ids)| ids.iter().copied()).collect();
        let rows: Vec<Row> = ids.iter().filter_map(|id| self.done.get(id).cloned()).collect();
        let mut traces = HashMap::new();
        for (part, _) in old {
            by_job(part::traces(part)?, &mut traces);
        }
        let traces: Vec<TracePoint> =
            rows.iter().filter_map(|(record, _)| traces.remove(&record.job_id)).flatten().collect();
        let part = part::write(&self.directory.join(PARTS), &rows, &traces)?;
        for (old, _) in old.iter().filter(|(old, _)| old.path != part.path) {
            part::remove(old);
            self.parts.retain(|part| part != old);
            self.own.retain(|part| part != old);
        }
        self.parts.push(part.clone());
        self.own.push(part.clone());
        self.small.add(level, part, ids.into_iter().collect());
        Ok(())
    }
}

/// Adds points to `traces`, by job. Of a job that was looked at twice the longer trace counts.
fn by_job(points: Vec<TracePoint>, traces: &mut HashMap<String, Vec<TracePoint>>) {
    let mut here: HashMap<String, Vec<TracePoint>> = HashMap::new();
    for point in points {
        here.entry(point.job_id.clone()).or_default().push(point);
    }
    for (job, points) in here {
        let known = traces.entry(job).or_default();
        if points.len() >= known.len() {
            *known = points;
        }
    }
}

/// What is known of a job by its record.
#[must_use]
pub fn seen_of(record: &Record) -> Seen {
    let count = |samples: Option<i64>| samples.map(|samples| samples as u64);
    let measures = record.measures.as_ref();
    Seen {
        failed: record.status == Status::Failed,
        exhausted: record.status == Status::Exhausted,
        cap: count(record.cap),
        samples: measures.map_or(0, |measures| measures.samples as u64),
        signal: count(measures.and_then(|measures| measures.samples_to_signal)),
        support: count(measures.and_then(|measures| measures.samples_to_support)),
        recovery: count(measures.and_then(|measures| measures.samples_to_recovery)),
    }
}

/// Which of two rows of a job counts: the greater one; `None` if they contradict each other. A
/// result is greater than a failure, which may be the fault of a machine. Of two failures the later
/// is greater, and so it is of a failure and the beginning of a run: that the beginning went well is no
/// news of the rest. A run is greater than the beginning of it, and a longer beginning than a shorter
/// one.
fn prefer(a: &Row, b: &Row) -> Option<Ordering> {
    let failed = |row: &Row| row.0.status == Status::Failed;
    match (failed(a), failed(b)) {
        (true, true) => Some((a.1.finished, &a.0.error).cmp(&(b.1.finished, &b.0.error))),
        (true, false) if b.0.cap.is_none() => Some(Ordering::Less),
        (false, true) if a.0.cap.is_none() => Some(Ordering::Greater),
        // Within one second the failure counts.
        (true, false) => Some(a.1.finished.cmp(&b.1.finished).then(Ordering::Greater)),
        (false, true) => Some(a.1.finished.cmp(&b.1.finished).then(Ordering::Less)),
        (false, false) => {
            let length = |row: &Row| row.0.cap.unwrap_or(i64::MAX);
            match length(a).cmp(&length(b)) {
                Ordering::Equal => a.0.agrees(&b.0).then_some(Ordering::Equal),
                longer => Some(longer),
            }
        }
    }
}

/// Renames a damaged part, so that it is not read again.
fn set_aside(path: &Path) -> Result<PathBuf, FileError> {
    let aside = path.with_file_name(name(path).replace(PART, DAMAGED));
    match fs::rename(path, &aside) {
        // Another shard was faster.
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(FileError { action: "set aside", path: path.to_owned(), source: error })
        }
        _ => Ok(aside),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A job that failed, the `nth` of many.
    fn finished(nth: usize) -> Finished {
        let job_id = format!("{nth:032x}");
        let record = Record {
            job_id: job_id.clone(),
            n: 3,
            q: 1,
            t: 32,
            batch_size: 16,
            eta_boost: 0.1,
            eta_sparse: 0.05,
            lambda: 0.003,
            algorithm: "prox".to_owned(),
            max_samples: 1000,
            replicate: nth as i64,
            further: Vec::new(),
            pretraining: None,
            cap: None,
            status: Status::Failed,
            error: Some("not run".to_owned()),
            measures: None,
        };
        let timing = Timing { job_id, wall_seconds: 0.0, tokens: 0, host: host(), finished: 0 };
        Finished { record, timing, traces: Vec::new() }
    }

    /// A look at the beginning of a run that went well must not hide that the rest of it failed: a
    /// search would ask for it for ever.
    #[test]
    fn of_a_beginning_and_a_failure_the_later_counts() {
        let row = |finished_at: i64, status: Status, cap: Option<i64>| {
            let Finished { record, mut timing, .. } = finished(1);
            timing.finished = finished_at;
            (Record { status, cap, ..record }, timing)
        };
        let failure = row(5, Status::Failed, None);
        for (other, expected) in [
            (row(4, Status::Capped, Some(100)), Ordering::Greater),
            (row(5, Status::Capped, Some(100)), Ordering::Greater),
            (row(6, Status::Capped, Some(100)), Ordering::Less),
            (row(4, Status::Recovered, None), Ordering::Less),
        ] {
            assert_eq!(prefer(&failure, &other), Some(expected), "{:?}", other.0);
            assert_eq!(prefer(&other, &failure), Some(expected.reverse()), "{:?}", other.0);
        }
    }

    #[test]
    fn more_jobs_than_a_part_may_have_become_several_parts() {
        let home = tempfile::tempdir().unwrap();
        fs::create_dir(home.path().join(PARTS)).unwrap();
        let mut store = Store::open(home.path(), Access::Alone).unwrap();
        store.add((0..=part::MAX_JOBS_OF_PART).map(finished).collect()).unwrap();
        assert_eq!((store.parts().len(), store.done().len()), (2, part::MAX_JOBS_OF_PART + 1));
        let again = Store::open(home.path(), Access::ReadOnly).unwrap();
        assert_eq!((again.parts().len(), again.done().len()), (2, part::MAX_JOBS_OF_PART + 1));
    }
}
