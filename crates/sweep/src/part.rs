//! A part: finished jobs in one file, whole or not a part.
//!
//! A part is a Parquet file named after the BLAKE3 hash of its bytes. If its jobs are traced, the hash of the traces
//! follows in the name, and a file of traces has the same name with another ending; it is written first, so a job that
//! counts as done has its trace. What does not hash to its name, or cannot be read, is *damaged*.

use std::fs;
use std::path::{Path, PathBuf};

use report::record::{part_table, read_part};
use report::record::{read_traces, traces_table};
use report::table::write_whole;
use report::{Record, ReportError, Table, Timing, TracePoint};

use crate::error::gone;
use crate::job::JobId;
use crate::{SweepError, panics};

/// How the name of a part ends.
pub const PART: &str = ".part.parquet";
const TRACES: &str = ".traces.parquet";
const DAMAGED: &str = ".part.damaged";

/// Jobs in a part at most, written or read. A short file can claim any number.
pub const MOST_JOBS: usize = 100_000;
/// Bytes of a part at most, for the same reason.
const MOST_BYTES: u64 = 256 << 20;

/// What is known of one job: what it measured and what that cost.
pub type Row = (Record, Timing);

/// Where a part is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// Its file.
    pub path: PathBuf,
    /// Its file of traces, if its jobs are traced.
    pub traces: Option<PathBuf>,
}

/// What was found where a part should be.
#[derive(Debug)]
pub enum Found {
    /// A whole part.
    Whole(Part, Vec<Row>),
    /// Something else, and why it is no part.
    Damaged(String),
    /// Nothing any more: another process has put its jobs into a larger part, or set it aside.
    Gone,
}

/// Writes a part of `rows`, no more than [`MOST_JOBS`], and `traces` into `directory`; when this returns, it is there for good.
///
/// # Errors
/// When the file system says no.
pub fn write(directory: &Path, rows: &[Row], traces: &[TracePoint]) -> Result<Part, SweepError> {
    let wrong = |source| ReportError::Parquet { path: directory.to_owned(), source };
    let bytes = part_table(rows).to_parquet(&[]).map_err(wrong)?;
    let mut name = checksum(&bytes);
    let mut trace_file = None;
    if !traces.is_empty() {
        let bytes = traces_table(traces).to_parquet(&[]).map_err(wrong)?;
        name = name + "-" + &checksum(&bytes);
        let path = directory.join(name.clone() + TRACES);
        write_whole(&path, &bytes)?;
        trace_file = Some(path);
    }
    let path = directory.join(name + PART);
    write_whole(&path, &bytes)?;
    Ok(Part { path, traces: trace_file })
}

/// Reads the part at `path`. Whatever the bytes are, the answer is rows or a reason.
///
/// # Errors
/// When a file is there and the file system does not let it be read.
pub fn read(path: &Path) -> Result<Found, SweepError> {
    // Also no pipe or device, which one could wait for.
    let foreign = |file: fs::Metadata| !file.is_file() || file.len() > MOST_BYTES;
    if path.metadata().is_ok_and(foreign) {
        return Ok(Found::Damaged("it is no file that this program could have written".to_owned()));
    }
    let Some(bytes) = bytes(path)? else { return Ok(Found::Gone) };
    let file = path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
    let name = file.strip_suffix(PART).unwrap_or_default();
    let (own, traced) = name.split_once('-').map_or((name, None), |(own, traced)| (own, Some(traced)));
    if own != checksum(&bytes) {
        return Ok(Found::Damaged("its bytes do not have the checksum in its name".to_owned()));
    }
    let mut traces = None;
    if let Some(hash) = traced {
        let file = path.with_file_name(name.to_owned() + TRACES);
        match self::bytes(&file)? {
            Some(bytes) if checksum(&bytes) == hash => traces = Some(file),
            Some(_) => return Ok(Found::Damaged("its traces do not have the checksum in its name".to_owned())),
            // Whoever removes a part removes its traces after it.
            None if !path.exists() => return Ok(Found::Gone),
            None => return Ok(Found::Damaged("its traces are missing".to_owned())),
        }
    }
    Ok(match decode(bytes, path) {
        Ok(rows) => Found::Whole(Part { path: path.to_owned(), traces }, rows),
        Err(reason) => Found::Damaged(reason),
    })
}

/// The rows of a part's bytes, or why there are none.
///
/// # Errors
/// What is wrong with them.
pub fn decode(bytes: Vec<u8>, path: &Path) -> Result<Vec<Row>, String> {
    // The checksum keeps accidents out, but anybody can give a file the right name, and decoders of foreign formats panic.
    match panics::caught(|| {
        Table::from_parquet(bytes, path, MOST_JOBS as i64).and_then(|table| read_part(&table, path))
    }) {
        Ok(rows) => rows.map_err(|error| error.to_string()),
        Err(_) => Err("it is no readable Parquet file".to_owned()),
    }
}

/// The traces of a part.
///
/// # Errors
/// When the file cannot be read.
pub fn traces(part: &Part) -> Result<Vec<TracePoint>, SweepError> {
    match &part.traces {
        None => Ok(Vec::new()),
        // As for the part itself, the checksum does not say that it can be decoded.
        Some(path) => match panics::caught(|| Table::read(path).and_then(|table| read_traces(&table, path))) {
            Ok(traces) => Ok(traces?),
            Err(_) => {
                let reason = "it is no readable Parquet file".to_owned();
                Err(ReportError::Schema { path: path.clone(), reason }.into())
            }
        },
    }
}

/// Whether a file has the name of one of ours: of a part, of its traces, or of what was set aside.
#[must_use]
pub fn is_named(path: &Path) -> bool {
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let checksums = [PART, TRACES, DAMAGED].iter().find_map(|ending| name.strip_suffix(ending));
    checksums.is_some_and(|checksums| checksums.split('-').all(|checksum| JobId::parse(checksum).is_some()))
}

/// Whether this is a file of traces whose part is not there: its writer was killed between the two.
#[must_use]
pub fn lacks_its_part(path: &Path) -> bool {
    if !is_named(path) {
        return false;
    }
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    name.strip_suffix(TRACES).is_some_and(|name| !path.with_file_name(name.to_owned() + PART).exists())
}

/// Removes a part whose jobs are in another one. It does no harm if that fails: a job that is stored twice counts once.
pub fn remove(part: &Part) {
    let _ = fs::remove_file(&part.path);
    if let Some(traces) = &part.traces {
        let _ = fs::remove_file(traces);
    }
}

fn bytes(path: &Path) -> Result<Option<Vec<u8>>, SweepError> {
    match fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if gone(&error) => Ok(None),
        Err(source) => Err(SweepError::File { action: "read", path: path.to_owned(), source }),
    }
}

/// The first 128 bits of the BLAKE3 hash, in hexadecimal.
pub(crate) fn checksum(bytes: &[u8]) -> String {
    blake3::hash(bytes).to_hex()[..32].to_owned()
}
