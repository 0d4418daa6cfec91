//! The run directory.
//!
//! ```text
//! config.toml    the resolved config
//! manifest.json  versions, counts, machine
//! parts/         finished jobs, a second's worth a file
//! *.parquet      the tables
//! ```
//!
//! A part is a Parquet file named after the BLAKE3 hash of its bytes: it is whole or it is not a part. Traces
//! of its jobs lie beside it under the same name; they are written first, so a job that counts as done has its
//! trace. Parts are only ever added. A part that does not hash to its name is set aside, and its jobs run
//! again.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};

use report::record::{part_table, read_part};
use report::table::write_whole;
use report::trace::{read_traces, traces_table};
use report::{Record, Table, Timing, TracePoint};
use serde::Serialize;

use crate::SweepError;
use crate::config::Config;
use crate::job::{JobId, RESULTS_VERSION};
use crate::resolved;

/// Name of the resolved config in a run directory.
pub const CONFIG: &str = "config.toml";
const MANIFEST: &str = "manifest.json";
const PARTS: &str = "parts";
const PART: &str = ".part.parquet";
const TRACES: &str = ".traces.parquet";

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

/// A run directory and what it holds.
#[derive(Debug)]
pub struct Store {
    directory: PathBuf,
    done: HashMap<JobId, (Record, Timing)>,
    /// Trace files that belong to a whole part.
    traces: Vec<PathBuf>,
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
}

impl Store {
    /// Reads a run directory, which need not exist; damaged parts are set aside.
    ///
    /// # Errors
    /// When the file system says no.
    pub fn open(directory: &Path) -> Result<Self, SweepError> {
        Self::read(directory, true)
    }

    /// Reads a run directory and changes nothing in it.
    ///
    /// # Errors
    /// When the file system says no.
    pub fn look(directory: &Path) -> Result<Self, SweepError> {
        Self::read(directory, false)
    }

    fn read(directory: &Path, mend: bool) -> Result<Self, SweepError> {
        let mut store = Self { directory: directory.to_owned(), done: HashMap::new(), traces: Vec::new() };
        let parts = directory.join(PARTS);
        if !parts.is_dir() {
            return Ok(store);
        }
        let list = |source| SweepError::File { action: "list", path: parts.clone(), source };
        let mut paths = Vec::new();
        for entry in fs::read_dir(&parts).map_err(list)? {
            paths.push(entry.map_err(list)?.path());
        }
        // Any order gives the same results; a fixed one gives the same messages.
        paths.sort();
        for path in paths.iter().filter(|p| p.to_string_lossy().ends_with(PART)) {
            match whole_part(path) {
                Ok(rows) => {
                    for (record, timing) in rows {
                        if let Some(id) = parse_id(&record.job_id) {
                            store.done.entry(id).or_insert((record, timing));
                        }
                    }
                    let traces = beside(path);
                    if traces.is_file() {
                        store.traces.push(traces);
                    }
                }
                Err(reason) if mend => {
                    let aside = path.with_extension("damaged");
                    fs::rename(path, &aside).map_err(|source| SweepError::File {
                        action: "set aside",
                        path: path.clone(),
                        source,
                    })?;
                    anstream::eprintln!("warning: {reason}; set aside as {}, its jobs run again", aside.display());
                }
                Err(reason) => anstream::eprintln!("warning: {reason}; a run would repeat its jobs"),
            }
        }
        Ok(store)
    }

    /// Where it is.
    #[must_use]
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// The finished jobs.
    #[must_use]
    pub fn done(&self) -> &HashMap<JobId, (Record, Timing)> {
        &self.done
    }

    /// Makes the directory ready for parts, which also tests that it can be written to, and writes the
    /// resolved config.
    ///
    /// # Errors
    /// When the file system says no.
    pub fn prepare(&self, config: &Config) -> Result<(), SweepError> {
        let parts = self.directory.join(PARTS);
        fs::create_dir_all(&parts).map_err(|source| SweepError::File { action: "create", path: parts, source })?;
        write_whole(&self.directory.join(CONFIG), resolved::to_toml(config).as_bytes())?;
        Ok(())
    }

    /// Writes a part; when this returns, its jobs are done for good.
    ///
    /// # Errors
    /// When the file system says no.
    pub fn add(&mut self, finished: Vec<Finished>) -> Result<(), SweepError> {
        let (mut rows, mut traces) = (Vec::with_capacity(finished.len()), Vec::new());
        for job in finished {
            rows.push((job.record, job.timing));
            traces.extend(job.traces);
        }
        let name = |bytes: &[u8]| blake3::hash(bytes).to_hex()[..32].to_owned();
        let wrong = |source| report::ReportError::Parquet { path: self.directory.join(PARTS), source };
        let bytes = part_table(&rows).to_parquet(&[]).map_err(wrong)?;
        let path = self.directory.join(PARTS).join(name(&bytes) + PART);
        if !traces.is_empty() {
            traces_table(&traces).write(&beside(&path), &[])?;
            self.traces.push(beside(&path));
        }
        write_whole(&path, &bytes)?;
        for (record, timing) in rows {
            if let Some(id) = parse_id(&record.job_id) {
                self.done.insert(id, (record, timing));
            }
        }
        Ok(())
    }

    /// The traces of all finished jobs, by job.
    ///
    /// # Errors
    /// When a file cannot be read.
    pub fn traces(&self) -> Result<HashMap<String, Vec<TracePoint>>, SweepError> {
        let mut traces: HashMap<String, Vec<TracePoint>> = HashMap::new();
        for path in &self.traces {
            let mut here: HashMap<String, Vec<TracePoint>> = HashMap::new();
            for point in read_traces(&Table::read(path)?, path)? {
                here.entry(point.job_id.clone()).or_default().push(point);
            }
            // A job that ran twice has the same trace twice.
            traces.extend(here);
        }
        Ok(traces)
    }

    /// Writes `manifest.json`.
    ///
    /// # Errors
    /// When the file system says no.
    pub fn write_manifest(&self, config: &Config, jobs: usize, records: &[Record]) -> Result<(), SweepError> {
        let manifest = Manifest {
            program: env!("CARGO_PKG_NAME"),
            version: env!("CARGO_PKG_VERSION"),
            results_version: RESULTS_VERSION,
            schema_version: report::table::SCHEMA_VERSION,
            config: &config.name,
            seed: config.seed,
            jobs,
            finished: records.len(),
            failed: records.iter().filter(|r| r.status == report::Status::Failed).count(),
            host: host(),
            cores: crate::plan::cores(),
        };
        let path = self.directory.join(MANIFEST);
        let text = serde_json::to_string_pretty(&manifest).map_err(|error| SweepError::File {
            action: "write",
            path: path.clone(),
            source: error.into(),
        })?;
        Ok(write_whole(&path, (text + "\n").as_bytes())?)
    }
}

/// Name of this machine.
#[must_use]
pub fn host() -> String {
    gethostname::gethostname().to_string_lossy().into_owned()
}

/// The file of traces that belongs to a part.
fn beside(part: &Path) -> PathBuf {
    PathBuf::from(part.to_string_lossy().replace(PART, TRACES))
}

/// The rows of a part, or why it is not whole.
fn whole_part(path: &Path) -> Result<Vec<(Record, Timing)>, String> {
    let bytes = fs::read(path).map_err(|error| format!("cannot read {}: {error}", path.display()))?;
    let hash = blake3::hash(&bytes).to_hex();
    let name = path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
    if name.strip_suffix(PART) != Some(&hash[..32]) {
        return Err(format!("{} is damaged (its checksum is wrong)", path.display()));
    }
    let table = Table::from_parquet(bytes, path).map_err(|error| error.to_string())?;
    read_part(&table, path).map_err(|error| error.to_string())
}

/// The id that 32 hexadecimal digits say.
fn parse_id(text: &str) -> Option<JobId> {
    let mut id = [0; 16];
    if text.len() != 32 || !text.is_ascii() {
        return None;
    }
    for (byte, digits) in id.iter_mut().zip(text.as_bytes().chunks(2)) {
        *byte = u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?;
    }
    Some(JobId(id))
}
