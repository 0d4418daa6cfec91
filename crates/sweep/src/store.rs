//! The run directory.
//!
//! ```text
//! config.toml    the resolved config
//! manifest.json  versions, counts, machine
//! parts/         finished jobs, a second's worth a file
//! *.parquet      the tables
//! ```
//!
//! A part is a Parquet file named after the BLAKE3 hash of its bytes: it is whole or it is not a part. If its jobs
//! are traced, the hash of the file of traces follows in the name; that file is written first, so a job that counts as
//! done has its trace. Parts are only ever added. A part whose bytes, or whose traces, do not hash to its name is set
//! aside, and its jobs run again.

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
use crate::terminal::say;

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
        if directory.exists() && !directory.is_dir() {
            let source = std::io::Error::from(std::io::ErrorKind::NotADirectory);
            return Err(SweepError::File { action: "use", path: directory.to_owned(), source });
        }
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
            let Some((rows, traces)) = whole_part(path)? else {
                if mend {
                    let aside = path.with_extension("damaged");
                    fs::rename(path, &aside).map_err(|source| SweepError::File {
                        action: "set aside",
                        path: path.clone(),
                        source,
                    })?;
                    let (path, aside) = (path.display(), aside.display());
                    say(&format!("warning: {path} is damaged (checksum); set aside as {aside}, its jobs run again"));
                } else {
                    say(&format!("warning: {} is damaged (checksum); a run would repeat its jobs", path.display()));
                }
                continue;
            };
            for (record, timing) in rows {
                if let Some(id) = parse_id(&record.job_id) {
                    store.done.entry(id).or_insert((record, timing));
                }
            }
            store.traces.extend(traces);
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
        let path = self.directory.join(CONFIG);
        let text = resolved::to_toml(config).map_err(|error| {
            let source = std::io::Error::other(error);
            SweepError::File { action: "write", path: path.clone(), source }
        })?;
        write_whole(&path, text.as_bytes())?;
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
        let directory = self.directory.join(PARTS);
        let wrong = |source| report::ReportError::Parquet { path: directory.clone(), source };
        let bytes = part_table(&rows).to_parquet(&[]).map_err(wrong)?;
        let mut name = checksum(&bytes);
        if !traces.is_empty() {
            let bytes = traces_table(&traces).to_parquet(&[]).map_err(wrong)?;
            let traces = checksum(&bytes);
            let path = directory.join(traces.clone() + TRACES);
            write_whole(&path, &bytes)?;
            name = name + "-" + &traces;
            self.traces.push(path);
        }
        write_whole(&directory.join(name + PART), &bytes)?;
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

/// The first 128 bits of the BLAKE3 hash, in hexadecimal.
fn checksum(bytes: &[u8]) -> String {
    blake3::hash(bytes).to_hex()[..32].to_owned()
}

type Part = (Vec<(Record, Timing)>, Option<PathBuf>);

/// The rows of a part and its file of traces, if it has one; `None` if either is not what the name says.
fn whole_part(path: &Path) -> Result<Option<Part>, SweepError> {
    let read = |path: &Path| {
        fs::read(path).map_err(|source| SweepError::File { action: "read", path: path.to_owned(), source })
    };
    let bytes = read(path)?;
    let file = path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
    let name = file.strip_suffix(PART).unwrap_or_default();
    let (own, traced) = name.split_once('-').map_or((name, None), |(own, traced)| (own, Some(traced)));
    if own != checksum(&bytes) {
        return Ok(None);
    }
    let traces = traced.map(|hash| (hash, path.with_file_name(hash.to_owned() + TRACES)));
    if let Some((hash, path)) = &traces
        && (!path.is_file() || checksum(&read(path)?) != *hash)
    {
        return Ok(None);
    }
    let table = Table::from_parquet(bytes, path)?;
    Ok(Some((read_part(&table, path)?, traces.map(|(_, path)| path))))
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
