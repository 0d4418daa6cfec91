//! Everything that ends the program early, and its exit code.

use std::io::ErrorKind;
use std::path::PathBuf;
use std::process::ExitCode;

use report::ReportError;
use thiserror::Error;

use crate::config::diagnostic::Diagnostic;
use crate::job::JobId;
use crate::platform::terminal::{message_columns, say_as_it_is};

/// Why the program ends early.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum SweepError {
    /// A mistake in the config or on the command line.
    #[error(transparent)]
    Usage(#[from] Diagnostic),
    /// A table could not be written or read.
    #[error(transparent)]
    Report(#[from] ReportError),
    /// The file system said no.
    #[error("cannot {action} {path}: {source}")]
    File {
        /// What was tried, as a verb.
        action: &'static str,
        /// Which file or directory.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// Two parts say different things of the same job.
    #[error("two different results of job {job}: one in {path}, one in another part")]
    Conflict {
        /// Which job.
        job: JobId,
        /// The part that was read later.
        path: PathBuf,
    },
    /// The run directory lost what was in it while a run was at work.
    #[error("{reason}: {} was emptied, changed or moved while the run was at work, and {}", directory.display(), without(*jobs))]
    Vanished {
        /// What was noticed.
        reason: String,
        /// The run directory.
        directory: PathBuf,
        /// How many finished jobs it no longer holds.
        jobs: usize,
    },
    /// Slurm said no.
    #[error("`{command}` failed: {reason}")]
    Slurm {
        /// What was asked.
        command: String,
        /// What it said.
        reason: String,
    },
    /// The program cannot print.
    #[error("cannot print: {0}")]
    Print(std::io::Error),
    /// Threads could not be started, or ended.
    #[error("cannot run {threads} worker threads: {reason}")]
    Threads {
        /// How many.
        threads: usize,
        /// Why.
        reason: String,
    },
}

impl SweepError {
    /// Prints the error the way a user should see it.
    pub fn print(&self) {
        let columns = message_columns();
        let text = match self {
            Self::Usage(diagnostic) => diagnostic.render_within(columns),
            Self::File { path, .. } | Self::Report(ReportError::File { path, .. }) => Diagnostic::new(self.to_string())
                .help(format!(
                    "mend {} or choose another run directory with -o; finished jobs are kept, and the same command continues",
                    path.display()
                ))
                .render_within(columns),
            Self::Conflict { .. } => Diagnostic::new(self.to_string())
                .help(
                    "the same job gives the same numbers, so one of them comes from a changed program or a faulty machine \
                     (`host` in the parts says which); remove its parts, and their jobs run again",
                )
                .render_within(columns),
            Self::Vanished { .. } => Diagnostic::new(self.to_string())
                .help("put back what was moved away, move out what is not the run's own, and run the same command again: it runs what is missing")
                .render_within(columns),
            other => Diagnostic::new(other.to_string()).render_within(columns),
        };
        say_as_it_is(&text);
    }

    /// Whether a file was gone that had just been there: another process has put it into a larger one.
    #[must_use]
    pub fn is_gone(&self) -> bool {
        match self {
            Self::File { source, .. } | Self::Report(ReportError::File { source, .. }) => gone(source),
            _ => false,
        }
    }

    /// 2 for mistakes of the user's, 1 for everything else.
    #[must_use]
    pub fn exit_code(&self) -> ExitCode {
        ExitCode::from(if matches!(self, Self::Usage(_)) { 2 } else { 1 })
    }
}

/// What becomes of a run directory that has lost so many finished jobs, or only its config.
fn without(jobs: usize) -> String {
    if jobs == 0 { "no table was written".to_owned() } else { format!("{jobs} finished jobs are gone from it") }
}

/// Whether there is no such file, or (stale) none any more: another machine has removed it while this one reads.
pub(crate) fn gone(error: &std::io::Error) -> bool {
    matches!(error.kind(), ErrorKind::NotFound | ErrorKind::StaleNetworkFileHandle)
}
