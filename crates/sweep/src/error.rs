//! Everything that ends the program early, and its exit code.

use std::path::PathBuf;
use std::process::ExitCode;

use report::ReportError;
use thiserror::Error;

use crate::config::diagnostic::Diagnostic;
use crate::job::JobId;
use crate::platform::files::{FileError, is_missing};
use crate::platform::terminal::PrintError;

/// Exit code when a job failed or is missing, or the disk failed.
pub const FAILED: u8 = 1;
/// Exit code of a mistake in the config or on the command line; nothing on disk was touched.
pub const USAGE: u8 = 2;
/// Exit code of a run that a signal has ended.
pub const INTERRUPTED: u8 = 130;

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
    /// A file or folder cannot be read or written.
    #[error(transparent)]
    File(#[from] FileError),
    /// Two parts hold different results of the same job.
    #[error("two different results of job {job}: one in {path}, one in another part")]
    Conflict {
        /// Which job.
        job: JobId,
        /// The part that was read later.
        path: PathBuf,
    },
    /// The run directory lost what was in it while a run was at work.
    #[error(
        "{reason}: {} was emptied, changed or moved while the run was at work, and {}",
        directory.display(),
        consequence(*jobs)
    )]
    Vanished {
        /// What was noticed.
        reason: String,
        /// The run directory.
        directory: PathBuf,
        /// How many finished jobs it no longer holds.
        jobs: usize,
    },
    /// A signal has ended the run, and this was noticed then.
    #[error(transparent)]
    Interrupted(Box<SweepError>),
    /// A command of Slurm failed.
    #[error("`{command}` failed: {reason}")]
    Slurm {
        /// The command and its arguments.
        command: String,
        /// What it printed on the standard error.
        reason: String,
    },
    /// The answer cannot be printed.
    #[error(transparent)]
    Print(#[from] PrintError),
    /// The threads that run jobs could not be started, or ended too early.
    #[error("cannot run {threads} worker threads: {reason}")]
    Threads {
        /// How many.
        threads: usize,
        /// Why.
        reason: String,
    },
}

impl SweepError {
    /// The error as a user should see it: what is wrong, where, and what to do.
    #[must_use]
    pub fn diagnostic(&self) -> Diagnostic {
        let said = Diagnostic::new(self.to_string());
        match self {
            Self::Usage(diagnostic) => diagnostic.clone(),
            Self::Interrupted(error) => error.diagnostic(),
            Self::File(FileError { path, source, .. }) | Self::Report(ReportError::File { path, source, .. })
                if source.kind() == std::io::ErrorKind::PermissionDenied =>
            {
                said.help(format!(
                    "you may not write {}: allow it or choose another place with -o; what is there is kept, \
                     and the same command continues",
                    path.display()
                ))
            }
            Self::File(FileError { path, .. }) | Self::Report(ReportError::File { path, .. }) => said.help(format!(
                "repair {} or choose another place with -o; finished jobs are kept, and \
                 the same command continues",
                path.display()
            )),
            Self::Conflict { .. } => said.help(
                "the same job gives the same numbers, so one of them comes from a changed program \
                 or a faulty machine (`host` in the parts says which); remove its parts, and their \
                 jobs run again",
            ),
            Self::Vanished { .. } => said.help(
                "put back what was moved away, move out what is not the run's own, and run the \
                 same command again: it runs what is missing",
            ),
            _ => said,
        }
    }

    /// Whether a file is missing that was there before: another process has put a part into a
    /// larger one.
    #[must_use]
    pub fn is_gone(&self) -> bool {
        match self {
            Self::File(FileError { source, .. }) | Self::Report(ReportError::File { source, .. }) => is_missing(source),
            _ => false,
        }
    }

    /// [`USAGE`] for mistakes of the user's, [`INTERRUPTED`] after a signal, [`FAILED`] for
    /// everything else.
    #[must_use]
    pub fn exit_code(&self) -> ExitCode {
        ExitCode::from(match self {
            Self::Usage(_) => USAGE,
            Self::Interrupted(_) => INTERRUPTED,
            _ => FAILED,
        })
    }
}

/// What becomes of a run directory that has lost so many finished jobs, or only its config.
fn consequence(jobs: usize) -> String {
    if jobs == 0 { "no table was written".to_owned() } else { format!("{jobs} finished jobs are gone from it") }
}
