//! A part: finished jobs in one file, whole or not a part.
//!
//! A part is a Parquet file named after the BLAKE3 hash of its bytes. If its jobs are traced, the
//! hash of the traces follows in the name, and a file of traces has the same name with another
//! ending; it is written first, so a job that counts as done has its trace. What does not hash to
//! its name, or cannot be read, is *damaged*.

use std::fs;
use std::path::{Path, PathBuf};

use report::record::{part_table, read_part};
use report::record::{read_traces, traces_table};
use report::table::write_whole;
use report::{Record, ReportError, Table, Timing, TracePoint};

use crate::SweepError;
use crate::platform::files::{FileError, is_missing, name};
use crate::platform::panics;
use crate::store::layout::{PART, TRACES, is_part_file};

/// Jobs in a part at most, written or read. A short file can say that it has any number.
pub const MAX_JOBS_OF_PART: usize = 100_000;
/// Bytes of a part at most, for the same reason.
const MAX_PART_BYTES: u64 = 256 << 20;

/// The results of one job, and what they cost.
pub type Row = (Record, Timing);

/// Where a part is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// Its file.
    pub path: PathBuf,
    /// Its file of traces, if its jobs are traced.
    pub traces: Option<PathBuf>,
}

/// What was found in place of a part.
#[derive(Debug)]
pub enum Found {
    /// A whole part.
    Whole(Part, Vec<Row>),
    /// Something else, and why it is no part.
    Damaged(String),
    /// Nothing: another process has put its jobs into a larger part meanwhile, or set it aside.
    Gone,
}

/// Writes a part of `rows`, no more than [`MAX_JOBS_OF_PART`], and `traces` into `directory`; when
/// this returns, it is there for good.
///
/// # Errors
/// When a file or folder cannot be read or written.
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

/// Reads the part at `path`. Bytes that are no part give a reason and no panic.
///
/// # Errors
/// When there is a file that cannot be read.
pub fn read(path: &Path) -> Result<Found, SweepError> {
    // A pipe or device is refused too: reading it might never end.
    let foreign = |file: fs::Metadata| !file.is_file() || file.len() > MAX_PART_BYTES;
    if path.metadata().is_ok_and(foreign) {
        return Ok(Found::Damaged("it is no file that this program could have written".to_owned()));
    }
    let Some(bytes) = bytes(path)? else { return Ok(Found::Gone) };
    let file = name(path);
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
            // A part is removed before its traces.
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
    // The checksum finds accidents. But a user can give any file its right name, and the decoder
    // panics at some bytes.
    match panics::caught(|| {
        Table::from_parquet(bytes, path, MAX_JOBS_OF_PART as i64).and_then(|table| read_part(&table, path))
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

/// Whether this is a file of traces whose part is not there: its writer was killed between the two.
#[must_use]
pub fn lacks_its_part(path: &Path) -> bool {
    if !is_part_file(path) {
        return false;
    }
    let name = name(path);
    name.strip_suffix(TRACES).is_some_and(|name| !path.with_file_name(name.to_owned() + PART).exists())
}

/// Removes a part whose jobs are in another one. It does no harm if that fails: a job that is
/// stored twice counts once.
pub fn remove(part: &Part) {
    let _ = fs::remove_file(&part.path);
    if let Some(traces) = &part.traces {
        let _ = fs::remove_file(traces);
    }
}

fn bytes(path: &Path) -> Result<Option<Vec<u8>>, SweepError> {
    match fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if is_missing(&error) => Ok(None),
        Err(source) => Err(FileError { action: "read", path: path.to_owned(), source }.into()),
    }
}

/// The first 128 bits of the BLAKE3 hash, in hexadecimal.
pub(crate) fn checksum(bytes: &[u8]) -> String {
    blake3::hash(bytes).to_hex()[..32].to_owned()
}
