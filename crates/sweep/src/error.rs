//! Everything that ends the program early, and its exit code.

use std::path::PathBuf;
use std::process::ExitCode;

use report::ReportError;
use thiserror::Error;

use crate::diagnostic::Diagnostic;

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
        /// "create", "write", "read", "list".
        action: &'static str,
        /// Which file or directory.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// Threads could not be started.
    #[error("cannot start {threads} worker threads: {reason}")]
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
        match self {
            Self::Usage(diagnostic) => anstream::eprintln!("{}", diagnostic.render()),
            other => anstream::eprintln!(
                "{}\nFinished jobs are kept; the same command continues once this is mended.",
                Diagnostic::new(other.to_string()).render()
            ),
        }
    }

    /// 2 for mistakes of the user's, 1 for everything else.
    #[must_use]
    pub fn exit_code(&self) -> ExitCode {
        ExitCode::from(if matches!(self, Self::Usage(_)) { 2 } else { 1 })
    }
}
