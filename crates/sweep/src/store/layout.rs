//! The names of all files and folders of a run directory.
//!
//! ```text
//! config.toml    the resolved config
//! manifest.json  versions, counts, machine
//! lock           held by whoever runs jobs here (see `lock.rs`)
//! progress/      one file a shard: who runs it and how far it is (see `heartbeat.rs`)
//! parts/         finished jobs (see `part.rs`)
//! pretraining/   value matrices that jobs start from (see `pretraining.rs`)
//! slurm/         scripts, logs and the id of the last array
//! *.parquet      the tables
//! figures/       the figures
//! answer.tex     tables for a paper, and answer.csv
//! report.html    the page
//! ```

use std::path::Path;

use crate::SweepError;
use crate::config::diagnostic::Diagnostic;
use crate::job::JobId;
use crate::job::shard::Shard;
use crate::platform::files::name;

pub(crate) use report::table::UNFINISHED;

/// The resolved config.
pub const CONFIG: &str = "config.toml";
/// Versions, counts, machine.
pub const MANIFEST: &str = "manifest.json";
/// Held by the processes that run jobs.
pub const LOCK: &str = "lock";
/// The folder of their heartbeats.
pub const PROGRESS: &str = "progress";
/// What the names of heartbeats end in.
pub(crate) const PROGRESS_ENDING: &str = "json";
/// In there: an empty file, locked by the process that makes the directory ready.
pub(crate) const PREPARING: &str = "door";
/// The folder of the parts.
pub const PARTS: &str = "parts";
/// How the name of a part ends.
pub const PART: &str = ".part.parquet";
/// How the name of a part's traces ends.
pub const TRACES: &str = ".traces.parquet";
/// How the name of a part ends that was set aside.
pub const DAMAGED: &str = ".part.damaged";
/// The folder of the pretrainings.
pub const PRETRAINING: &str = "pretraining";
/// What the names of pretrainings end in.
pub(crate) const PRETRAINING_ENDING: &str = "parquet";
/// What the names of their locks end in.
pub(crate) const PRETRAINING_LOCK: &str = "lock";
/// The folder of the scripts and logs of a cluster.
pub const SLURM: &str = "slurm";
/// In there: the script of the array.
pub const SHARDS_SCRIPT: &str = "shards.sh";
/// In there: the script of the job that reports.
pub const REPORT_SCRIPT: &str = "report.sh";
/// In there: the log of the shard that Slurm calls `%a`.
pub(crate) const SHARD_LOG: &str = "shard-%a.log";
/// In there: the log of the job that reports.
pub(crate) const REPORT_LOG: &str = "report.log";
/// In there: the id of the array that was submitted last.
pub const ARRAY: &str = "array";
/// One row a job.
pub const RUNS: &str = "runs.parquet";
/// Wall time, tokens and host of each job.
pub const TIMINGS: &str = "timings.parquet";
/// How the replicates of each point ended.
pub const SUMMARY: &str = "summary.parquet";
/// Needed samples.
pub const NEEDED: &str = "needed.parquet";
/// Shares of runs that have reached a milestone.
pub const SUCCESS: &str = "success.parquet";
/// Settings that searches have tried.
pub const SEARCH: &str = "search.parquet";
/// Exponents.
pub const SCALING: &str = "scaling.parquet";
/// Algorithms and conditions in units of each other.
pub const COMPARISON: &str = "comparison.parquet";
/// What the runs say of the claim.
pub const VERDICTS: &str = "verdicts.parquet";
/// Runs as they went.
pub const ALL_TRACES: &str = "traces.parquet";
/// The folder of the figures.
pub const FIGURES: &str = "figures";
/// What the names of figures end in.
pub(crate) const FIGURE_ENDING: &str = ".svg";
/// What the names of figures for LaTeX end in.
pub(crate) const PDF_ENDING: &str = ".pdf";
/// Tables for a paper.
pub const ANSWER_TEX: &str = "answer.tex";
/// The numbers of the answer, one a row.
pub const ANSWER_CSV: &str = "answer.csv";
/// The page.
pub const REPORT: &str = "report.html";

/// What the report writes over, beside what has a folder of its own.
pub(crate) const WRITTEN: [&str; 16] = [
    CONFIG, MANIFEST, REPORT, RUNS, TIMINGS, SUMMARY, NEEDED, SUCCESS, SEARCH, SCALING, COMPARISON, VERDICTS,
    ALL_TRACES, FIGURES, ANSWER_TEX, ANSWER_CSV,
];

/// The file in [`PROGRESS`] of a shard, or of a run without shards.
pub(crate) fn progress_file(shard: Option<Shard>) -> String {
    let name = shard.map_or_else(|| "run".to_owned(), |shard| format!("{}-of-{}", shard.index(), shard.of()));
    format!("{name}.{PROGRESS_ENDING}")
}

/// Whether a file has the temporary name of one that is being written.
pub(crate) fn is_unfinished(path: &Path) -> bool {
    name(path).starts_with(UNFINISHED)
}

/// Whether a file has the name of a part, of its traces, or of a part that was set aside.
#[must_use]
pub fn is_part_file(path: &Path) -> bool {
    let name = name(path);
    let checksums = [PART, TRACES, DAMAGED].iter().find_map(|ending| name.strip_suffix(ending));
    checksums.is_some_and(|checksums| checksums.split('-').all(|checksum| JobId::parse(checksum).is_some()))
}

/// Whether a file has the name of a pretraining, or of the lock of one.
pub(crate) fn is_pretraining_file(path: &Path) -> bool {
    path.extension().is_some_and(|e| e == PRETRAINING_ENDING || e == PRETRAINING_LOCK)
        && path.file_stem().and_then(|stem| stem.to_str()).is_some_and(|stem| JobId::parse(stem).is_some())
}

/// Refuses a run directory that is a file, or lies in one.
///
/// # Errors
/// [`SweepError::Usage`] if it is so.
pub(crate) fn usable(directory: &Path) -> Result<(), SweepError> {
    let there = directory.ancestors().find(|folder| folder.exists());
    if let Some(file) = there.filter(|there| !there.is_dir()) {
        return Err(Diagnostic::new(format!("{} is no directory", file.display()))
            .help("choose another run directory with -o")
            .into());
    }
    Ok(())
}
