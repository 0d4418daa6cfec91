//! `manifest.json`: which program has written a run directory, and what is in it.

use std::collections::BTreeSet;
use std::path::Path;

use report::table::write_whole;
use report::{Record, Status, Timing};
use scb_core::level_in_use;
use serde::Serialize;

use crate::SweepError;
use crate::config::Config;
use crate::job::{Job, results_version_of};
use crate::platform::clock::date;
use crate::platform::files::{FileError, read_text};
use crate::platform::machine::{cores, host, processor};
use crate::store::layout::{FIGURE_ENDING, MANIFEST, PDF_ENDING};

#[derive(Serialize)]
struct Manifest<'a> {
    program: &'a str,
    version: &'a str,
    commit: &'a str,
    results_version: u32,
    schema_version: u32,
    config: &'a str,
    seed: u64,
    jobs: usize,
    finished: usize,
    failed: usize,
    /// When the first job began and the last one ended.
    started: Option<String>,
    finished_at: Option<String>,
    /// Seconds of one core.
    core_seconds: f64,
    hosts: Vec<&'a str>,
    /// Of the machine that has written this.
    host: String,
    processor: String,
    kernels: &'a str,
    cores: usize,
    figures: &'a [String],
}

/// Writes `manifest.json`; `figures` are the names of the files in `figures/` that this program has
/// written.
///
/// # Errors
/// When a file or folder cannot be read or written.
pub(crate) fn write(
    directory: &Path,
    config: &Config,
    jobs: &[Job],
    (records, timings): (&[Record], &[Timing]),
    figures: &[String],
) -> Result<(), SweepError> {
    let manifest = Manifest {
        program: env!("CARGO_PKG_NAME"),
        version: env!("CARGO_PKG_VERSION"),
        commit: env!("SWEEP_COMMIT"),
        results_version: results_version_of(jobs),
        schema_version: report::table::SCHEMA_VERSION,
        config: &config.name,
        seed: config.seed,
        jobs: jobs.len(),
        finished: records.len(),
        failed: records.iter().filter(|r| r.status == Status::Failed).count(),
        started: timings.iter().map(|t| t.finished - t.wall_seconds as i64).min().and_then(date),
        finished_at: timings.iter().map(|t| t.finished).max().and_then(date),
        core_seconds: timings.iter().map(|t| t.wall_seconds).sum(),
        hosts: timings.iter().map(|t| t.host.as_str()).collect::<BTreeSet<_>>().into_iter().collect(),
        host: host(),
        processor: processor(),
        kernels: level_in_use().name(),
        cores: cores(),
        figures,
    };
    let path = directory.join(MANIFEST);
    let text = serde_json::to_string_pretty(&manifest).map_err(|error| FileError {
        action: "write",
        path: path.clone(),
        source: error.into(),
    })?;
    Ok(write_whole(&path, (text + "\n").as_bytes())?)
}

/// The content of `manifest.json`; null if it cannot be read.
fn read(directory: &Path) -> serde_json::Value {
    let text = read_text(&directory.join(MANIFEST)).unwrap_or_default();
    serde_json::from_str(&text).unwrap_or_default()
}

/// Whether this program has written the `manifest.json` of a directory.
#[must_use]
pub(crate) fn is_of_this_program(directory: &Path) -> bool {
    let manifest = read(directory);
    manifest["program"] == env!("CARGO_PKG_NAME") && manifest["results_version"].is_number()
}

/// The files in `figures/` that an earlier report has written, as far as `manifest.json` says so.
#[must_use]
pub(crate) fn listed_figures(directory: &Path) -> Vec<String> {
    let manifest = read(directory);
    let names = manifest["figures"].as_array().into_iter().flatten().filter_map(serde_json::Value::as_str);
    // Only names without a path: files outside the folder of figures must not be removed.
    let plain = |name: &&str| {
        (name.ends_with(FIGURE_ENDING) || name.ends_with(PDF_ENDING))
            && !name.starts_with('.')
            && !name.contains(['/', '\\', ':'])
    };
    names.filter(plain).map(str::to_owned).collect()
}
