//! What can go wrong with tables.

use std::path::PathBuf;

use thiserror::Error;

/// Why a table could not be written or read.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ReportError {
    /// The file system said no.
    #[error("cannot {action} {path}: {source}")]
    File {
        /// "write" or "read".
        action: &'static str,
        /// Which file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file is no Parquet file, or a damaged one.
    #[error("{path} is not a readable Parquet file: {source}")]
    Parquet {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: parquet::errors::ParquetError,
    },
    /// The file is a Parquet file of something else.
    #[error("{path} does not hold the expected columns: {reason}")]
    Schema {
        /// Which file.
        path: PathBuf,
        /// What is missing or different.
        reason: String,
    },
}
