//! The run directory.
//!
//! ```text
//! config.toml    the resolved config
//! manifest.json  versions, counts, machine
//! lock           held by whoever runs jobs here (see `lock.rs`)
//! progress/      one file a shard: who runs it and how far it is
//! parts/         finished jobs (see `part.rs`)
//! pretraining/   value matrices that jobs start from (see `execution/pretraining.rs`)
//! *.parquet      the tables
//! ```
//!
//! Parts are only added; a process puts many small ones (its own, or all if it is alone here) into a large one before it
//! removes them. So whatever
//! a kill interrupts, every finished job is in some part, and one that is in two counts once. A part that is damaged is
//! set aside, and its jobs run again. Rows of one job from several parts must agree, but for a failure, which any other
//! end replaces.

use std::cmp::Ordering;
use std::collections::hash_map::{Entry, HashMap};
use std::collections::{BTreeSet, HashSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use report::table::{UNFINISHED, write_whole};
use report::{Record, Status, Timing, TracePoint};
use serde::Serialize;

use crate::SweepError;
use crate::config::diagnostic::Diagnostic;
use crate::config::{Config, resolved};
use crate::execution::pretraining;
use crate::job::{DoneJobs, JobId, RESULTS_VERSION};
use crate::platform::files::{FileError, create_folder, gone, list, read_text};
use crate::platform::machine::{cores, host};
use crate::platform::terminal::say;
use crate::store::part::{self, Found, PART, Part, Row};

/// Name of the resolved config in a run directory.
pub const CONFIG: &str = "config.toml";
pub(crate) const MANIFEST: &str = "manifest.json";
pub(crate) const PARTS: &str = "parts";
/// A part with this many jobs is large: it stays as it is.
const LARGE: usize = 1024;
/// So many small parts become one part ..
const PARTS_IN_ONE: usize = 32;
/// .. or as many as have this many jobs together. Writing a part of so many takes some 50 ms.
const JOBS_IN_ONE: usize = 8192;
/// A file under a temporary name that is older than this belongs to nobody any more.
const ABANDONED: Duration = Duration::from_secs(3600);

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
    Look,
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
    /// Those that nobody else may remove: of a process that is alone here all, of a shard those that it has written.
    own: Vec<Part>,
    /// Small parts that this process may put into larger ones, by how often that was done.
    levels: Vec<Vec<(Part, Vec<JobId>)>>,
}

#[derive(Serialize)]
struct Manifest<'a> {
    program: &'a str,
    version: &'a str,
    results_version: u32,
    schema_version: u32,
    config: &'a str,
    seed: u64,
    jobs: usize,
    finished: usize,
    failed: usize,
    host: String,
    cores: usize,
    figures: &'a [String],
}

impl Store {
    /// Reads a run directory, which need not exist.
    ///
    /// # Errors
    /// When the file system says no, and [`SweepError::Conflict`] when two parts say different things of one job.
    pub fn open(directory: &Path, access: Access) -> Result<Self, SweepError> {
        let mut store = Self::of(directory);
        store.read(directory, access)?;
        if access != Access::Look {
            store.clean(access);
        }
        Ok(store)
    }

    /// A run directory that nobody has read yet.
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
        directories.iter().try_for_each(|directory| store.read(directory, Access::Look))?;
        Ok(store)
    }

    fn read(&mut self, directory: &Path, access: Access) -> Result<(), SweepError> {
        let parts = directory.join(PARTS);
        usable(directory)?;
        if !parts.is_dir() {
            return Ok(());
        }
        // Parts of one process may be put into a larger one while another reads: then what is new is read as well.
        let mut seen = HashSet::new();
        let mut complete = false;
        while !complete {
            complete = true;
            for path in list(&parts)? {
                if path.to_string_lossy().ends_with(PART) && seen.insert(path.clone()) {
                    complete &= self.take_in(&path, access)?;
                }
            }
        }
        Ok(())
    }

    /// Reads one part; `false` if it is gone.
    fn take_in(&mut self, path: &Path, access: Access) -> Result<bool, SweepError> {
        let (part, rows) = match part::read(path)? {
            Found::Whole(part, rows) => (part, rows),
            Found::Gone => return Ok(false),
            Found::Damaged(reason) => {
                let aside = |path| Ok::<_, SweepError>(set_aside(path)?.display().to_string());
                let then = match access {
                    Access::Look => "a run would repeat its jobs".to_owned(),
                    Access::Shared => {
                        format!("set aside as {}, its jobs run again when their shard does", aside(path)?)
                    }
                    Access::Alone => format!("set aside as {}, its jobs run again", aside(path)?),
                };
                say(&format!("warning: {} is damaged: {reason}; {then}", path.display()));
                return Ok(true);
            }
        };
        let ids = self.keep(rows, &part.path)?;
        self.parts.push(part.clone());
        if access == Access::Alone {
            self.own.push(part.clone());
            // As if this process had written it: with the parts of its own it puts away what others left.
            self.hold(0, part, ids);
        }
        Ok(true)
    }

    /// Takes rows into account; their ids.
    fn keep(&mut self, rows: Vec<Row>, path: &Path) -> Result<Vec<JobId>, SweepError> {
        let mut ids = Vec::with_capacity(rows.len());
        for row in rows {
            let Some(id) = JobId::parse(&row.0.job_id) else { continue };
            ids.push(id);
            let has_failed = row.0.status == Status::Failed;
            match self.done.entry(id) {
                Entry::Vacant(free) => {
                    free.insert(row);
                    self.ids.insert(id, has_failed);
                }
                Entry::Occupied(mut known) => match choose(known.get(), &row) {
                    Some(Ordering::Less) => {
                        known.insert(row);
                        self.ids.insert(id, has_failed);
                    }
                    Some(_) => {}
                    None => return Err(SweepError::Conflict { job: id, path: path.to_owned() }),
                },
            }
        }
        Ok(ids)
    }

    /// Remembers a part that this process may put into a larger one, if it is small.
    fn hold(&mut self, level: usize, part: Part, ids: Vec<JobId>) {
        if ids.len() >= LARGE {
            return;
        }
        while self.levels.len() <= level {
            self.levels.push(Vec::new());
        }
        self.levels[level].push((part, ids));
    }

    /// Removes what processes that were killed left behind. Nothing depends on it, so nothing is said if it fails.
    fn clean(&self, access: Access) {
        let old = |path: &Path| {
            let written = path.metadata().and_then(|file| file.modified()).ok();
            written.and_then(|t| SystemTime::now().duration_since(t).ok()).is_some_and(|age| age > ABANDONED)
        };
        // Tables may be written at this moment by `sweep report`, which needs no lock; parts and progress may not.
        for (place, locked) in [
            ("", false),
            ("figures", false),
            (pretraining::PLACE, false),
            (PARTS, true),
            (crate::store::lock::PROGRESS, true),
        ] {
            for path in list(&self.directory.join(place)).unwrap_or_default() {
                let unfinished = path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(UNFINISHED));
                let nobody_is_at_it = (locked && access == Access::Alone) || old(&path);
                let left = || place == pretraining::PLACE && pretraining::is_left_lock(&path);
                if (unfinished || part::lacks_its_part(&path)) && nobody_is_at_it || left() {
                    let _ = fs::remove_file(path);
                }
            }
        }
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

    /// Makes the directory ready for parts, tests that it takes them, and writes the resolved config, if it does not stand there.
    ///
    /// # Errors
    /// When the file system says no.
    pub fn prepare(&self, config: &Config) -> Result<(), SweepError> {
        let path = self.directory.join(CONFIG);
        let text = resolved::to_toml(config).map_err(|error| {
            let source = std::io::Error::other(error);
            FileError { action: "write", path: path.clone(), source }
        })?;
        let parts = self.directory.join(PARTS);
        create_folder(&parts)?;
        // The first part comes when the first job is done, which may be tomorrow.
        for place in [&parts, &self.directory] {
            let probe = place.join(format!("{UNFINISHED}test-{}-{}", host(), std::process::id()));
            write_whole(&probe, b"does this take files?")?;
            let _ = fs::remove_file(&probe);
        }
        // Shards that start later read it while this one starts, and a user may have written notes into it.
        if resolved::says(&path, config) {
            return Ok(());
        }
        Ok(write_whole(&path, text.as_bytes())?)
    }

    /// Takes over a part of another run directory, as it is.
    ///
    /// # Errors
    /// When the file system says no.
    pub fn copy(&self, part: &Part) -> Result<(), SweepError> {
        part.traces.iter().chain([&part.path]).try_for_each(|path| self.copy_to(PARTS, path))
    }

    /// Takes over what was pretrained in another run directory.
    ///
    /// # Errors
    /// When the file system says no.
    pub fn copy_pretrainings(&self, other: &Path) -> Result<(), SweepError> {
        let place = other.join(pretraining::PLACE);
        if !place.is_dir() {
            return Ok(());
        }
        let target = self.directory.join(pretraining::PLACE);
        create_folder(&target)?;
        for path in list(&place)?.iter().filter(|path| pretraining::is_whole(path)) {
            let there = path.file_name().map(|name| target.join(name));
            if let Some(damaged) = there.filter(|there| there.is_file() && !pretraining::is_whole(there)) {
                let _ = fs::remove_file(damaged);
            }
            self.copy_to(pretraining::PLACE, path)?;
        }
        Ok(())
    }

    /// A file into a folder of this directory, unless it is there.
    fn copy_to(&self, folder: &str, path: &Path) -> Result<(), SweepError> {
        let Some(name) = path.file_name() else { return Ok(()) };
        let target = self.directory.join(folder).join(name);
        if !target.exists() {
            let read = FileError::at("read", path);
            write_whole(&target, &fs::read(path).map_err(read)?)?;
        }
        Ok(())
    }

    /// Writes a part, or several if one would have too many jobs; when this returns, they are done for good.
    ///
    /// # Errors
    /// When the file system says no, and [`SweepError::Conflict`].
    pub fn add(&mut self, finished: Vec<Finished>) -> Result<(), SweepError> {
        let mut left = finished.into_iter().peekable();
        while left.peek().is_some() {
            let (mut rows, mut traces) = (Vec::new(), Vec::new());
            for job in left.by_ref().take(part::MOST_JOBS) {
                rows.push((job.record, job.timing));
                traces.extend(job.traces);
            }
            let part = part::write(&self.directory.join(PARTS), &rows, &traces)?;
            let ids = self.keep(rows, &part.path)?;
            self.parts.push(part.clone());
            self.own.push(part.clone());
            self.hold(0, part, ids);
        }
        Ok(())
    }

    /// Puts small parts of this process into large ones if there are many: a sweep of days would leave a million.
    ///
    /// # Errors
    /// When the file system says no.
    pub fn tidy(&mut self) -> Result<(), SweepError> {
        for level in 0.. {
            let Some(parts) = self.levels.get(level) else { break };
            let jobs: usize = parts.iter().map(|(_, ids)| ids.len()).sum();
            if parts.len() >= PARTS_IN_ONE || (parts.len() > 1 && jobs >= JOBS_IN_ONE) {
                self.combine(level)?;
            }
        }
        Ok(())
    }

    /// Puts parts of one level into one part, then removes them.
    fn combine(&mut self, level: usize) -> Result<(), SweepError> {
        // No more than fit into one, for whoever presses Ctrl-C waits for it.
        let (mut jobs, mut parts) = (0, 0);
        for (_, ids) in self.levels[level].iter().take(PARTS_IN_ONE) {
            if parts > 1 && jobs + ids.len() > JOBS_IN_ONE {
                break;
            }
            (jobs, parts) = (jobs + ids.len(), parts + 1);
        }
        let old: Vec<(Part, Vec<JobId>)> = self.levels[level].drain(..parts).collect();
        // In order of their ids, so that the part does not depend on who came first.
        let ids: BTreeSet<JobId> = old.iter().flat_map(|(_, ids)| ids.iter().copied()).collect();
        let rows: Vec<Row> = ids.iter().filter_map(|id| self.done.get(id).cloned()).collect();
        let mut traces = HashMap::new();
        for (part, _) in &old {
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
        self.hold(level + 1, part, ids.into_iter().collect());
        Ok(())
    }

    /// That the directory still holds what this process knows to be done. Somebody may have emptied it, or moved it away.
    ///
    /// # Errors
    /// [`SweepError::Vanished`].
    pub fn still_there(&self, config: &Config) -> Result<(), SweepError> {
        let path = self.directory.join(CONFIG);
        let reason = match read_text(&path) {
            Ok(_) if resolved::says(&path, config) => None,
            Ok(_) => Some(format!("{CONFIG} has become another one")),
            Err(error) if gone(&error) => Some(format!("{CONFIG} is gone")),
            Err(error) => Some(format!("{CONFIG} cannot be read ({error})")),
        };
        let lost = |part: &&Part| [&part.path].into_iter().chain(&part.traces).any(|path| !path.is_file());
        let lost = self.own.iter().filter(lost).count();
        if lost == 0 && reason.is_none() {
            return Ok(());
        }
        // What another part holds too is not lost.
        let left = Self::open(&self.directory, Access::Look).unwrap_or_default();
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

    /// Writes `manifest.json`; `figures` are the names of the files in `figures/` that this program has written.
    ///
    /// # Errors
    /// When the file system says no.
    pub fn write_manifest(
        &self,
        config: &Config,
        jobs: usize,
        records: &[Record],
        figures: &[String],
    ) -> Result<(), SweepError> {
        let manifest = Manifest {
            program: env!("CARGO_PKG_NAME"),
            version: env!("CARGO_PKG_VERSION"),
            results_version: RESULTS_VERSION,
            schema_version: report::table::SCHEMA_VERSION,
            config: &config.name,
            seed: config.seed,
            jobs,
            finished: records.len(),
            failed: records.iter().filter(|r| r.status == Status::Failed).count(),
            host: host(),
            cores: cores(),
            figures,
        };
        let path = self.directory.join(MANIFEST);
        let text = serde_json::to_string_pretty(&manifest).map_err(|error| FileError {
            action: "write",
            path: path.clone(),
            source: error.into(),
        })?;
        Ok(write_whole(&path, (text + "\n").as_bytes())?)
    }
}

/// What `manifest.json` says; null if it is not there or says nothing.
fn manifest(directory: &Path) -> serde_json::Value {
    let text = read_text(&directory.join(MANIFEST)).unwrap_or_default();
    serde_json::from_str(&text).unwrap_or_default()
}

/// Whether this program has written the `manifest.json` of a directory.
#[must_use]
pub fn has_our_manifest(directory: &Path) -> bool {
    let manifest = manifest(directory);
    manifest["program"] == env!("CARGO_PKG_NAME") && manifest["results_version"].is_number()
}

/// The files in `figures/` that an earlier report has written, as far as `manifest.json` says so.
#[must_use]
pub fn listed_figures(directory: &Path) -> Vec<String> {
    let manifest = manifest(directory);
    let names = manifest["figures"].as_array().into_iter().flatten().filter_map(serde_json::Value::as_str);
    // A name and no path: nothing outside the directory of figures is ours.
    let plain = |name: &&str| name.ends_with(".svg") && !name.starts_with('.') && !name.contains(['/', '\\', ':']);
    names.filter(plain).map(str::to_owned).collect()
}

/// Sorts points by job into `traces`. A job that ran twice has the same trace twice.
fn by_job(points: Vec<TracePoint>, traces: &mut HashMap<String, Vec<TracePoint>>) {
    let mut here: HashMap<String, Vec<TracePoint>> = HashMap::new();
    for point in points {
        here.entry(point.job_id.clone()).or_default().push(point);
    }
    traces.extend(here);
}

/// Which of two rows of a job counts, as the order of `a` and `b`; `None` if they contradict each other. A failure has to do
/// with a machine (its memory, its program), so it gives way; of two failures the later one counts.
fn choose(a: &Row, b: &Row) -> Option<Ordering> {
    let failed = |row: &Row| row.0.status == Status::Failed;
    match (failed(a), failed(b)) {
        (true, true) => Some((a.1.finished, &a.0.error).cmp(&(b.1.finished, &b.0.error))),
        (true, false) => Some(Ordering::Less),
        (false, true) => Some(Ordering::Greater),
        (false, false) => a.0.agrees(&b.0).then_some(Ordering::Equal),
    }
}

/// Renames a damaged part so that it is one no more.
fn set_aside(path: &Path) -> Result<PathBuf, FileError> {
    let aside = path.with_extension("damaged");
    match fs::rename(path, &aside) {
        // Another shard was faster.
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(FileError { action: "set aside", path: path.to_owned(), source: error })
        }
        _ => Ok(aside),
    }
}

/// That nothing else is in the place of a run directory.
///
/// # Errors
/// When something is.
pub(crate) fn usable(directory: &Path) -> Result<(), SweepError> {
    if directory.exists() && !directory.is_dir() {
        return Err(Diagnostic::new(format!("{} is no directory", directory.display()))
            .help("choose another run directory with -o")
            .into());
    }
    Ok(())
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
            status: Status::Failed,
            error: Some("not run".to_owned()),
            measures: None,
        };
        let timing = Timing { job_id, wall_seconds: 0.0, tokens: 0, host: host(), finished: 0 };
        Finished { record, timing, traces: Vec::new() }
    }

    #[test]
    fn more_jobs_than_a_part_may_have_become_several_parts() {
        let home = tempfile::tempdir().unwrap();
        fs::create_dir(home.path().join(PARTS)).unwrap();
        let mut store = Store::open(home.path(), Access::Alone).unwrap();
        store.add((0..=part::MOST_JOBS).map(finished).collect()).unwrap();
        assert_eq!((store.parts().len(), store.done().len()), (2, part::MOST_JOBS + 1));
        let again = Store::open(home.path(), Access::Look).unwrap();
        assert_eq!((again.parts().len(), again.done().len()), (2, part::MOST_JOBS + 1));
    }
}
