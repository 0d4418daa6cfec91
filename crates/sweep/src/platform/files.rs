//! Files and folders: reading and making them, with errors that say which one.

use std::fs;
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};

use thiserror::Error;

/// The largest text that is read, in bytes. A matrix of 256 x 256 takes 2 MB.
pub(crate) const MAX_TEXT_BYTES: u64 = 16 << 20;

/// A file or folder that cannot be read, written, locked or renamed.
#[derive(Debug, Error)]
#[error("cannot {action} {path}: {source}")]
pub struct FileError {
    /// What was tried, as a verb.
    pub action: &'static str,
    /// Which file or folder.
    pub path: PathBuf,
    /// Why.
    pub source: std::io::Error,
}

impl FileError {
    /// For `map_err`: from what the system says to an error that names the file.
    pub fn at(action: &'static str, path: &Path) -> impl Fn(std::io::Error) -> Self {
        move |source| Self { action, path: path.to_owned(), source }
    }
}

/// The text of a file. It is an error if it has more than [`MAX_TEXT_BYTES`], since configs and
/// heartbeats are shorter.
pub(crate) fn read_text(path: &Path) -> std::io::Result<String> {
    let mut text = String::new();
    let mut file = fs::File::open(path)?.take(MAX_TEXT_BYTES + 1);
    if file.read_to_string(&mut text)? as u64 > MAX_TEXT_BYTES {
        return Err(std::io::Error::other(format!("it has more than {} MB", MAX_TEXT_BYTES >> 20)));
    }
    Ok(text)
}

/// The files and folders of a folder, in the order of their names: any order gives the same
/// results, and a fixed one gives the same messages.
pub(crate) fn list(folder: &Path) -> Result<Vec<PathBuf>, FileError> {
    let wrong = FileError::at("list", folder);
    let entries = fs::read_dir(folder).map_err(&wrong)?;
    let mut paths =
        entries.map(|entry| entry.map(|entry| entry.path())).collect::<Result<Vec<_>, _>>().map_err(&wrong)?;
    paths.sort();
    Ok(paths)
}

/// Makes a folder and those that it is in, unless they are there.
pub(crate) fn create_folder(path: &Path) -> Result<(), FileError> {
    fs::create_dir_all(path).map_err(FileError::at("create", path))
}

/// The last part of a path as text; empty if there is none.
pub(crate) fn name(path: &Path) -> String {
    path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}

/// Whether the error says that a file does not exist. A stale handle says so too: another machine
/// has removed the file while this one reads it.
pub(crate) fn is_missing(error: &std::io::Error) -> bool {
    matches!(error.kind(), ErrorKind::NotFound | ErrorKind::StaleNetworkFileHandle)
}
