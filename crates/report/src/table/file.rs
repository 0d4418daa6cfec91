//! Files that are whole or absent.

use std::fs::File;
use std::io::Write;
use std::path::Path;

use crate::error::ReportError;

/// How the temporary name of a file begins that is being written.
pub const UNFINISHED: &str = ".unfinished-";

/// Writes a file under a temporary name in the same directory, syncs it and renames it: a
/// reader sees the whole old file or the whole new one.
///
/// # Errors
/// [`ReportError::File`] naming the file.
pub fn write_whole(path: &Path, bytes: &[u8]) -> Result<(), ReportError> {
    write_and_rename(path, bytes, true).map_err(|source| wrong_write(path, source))
}

/// As [`write_whole`], but without waiting for the disk: a power cut may leave the file empty.
///
/// # Errors
/// [`ReportError::File`] naming the file.
pub fn replace(path: &Path, bytes: &[u8]) -> Result<(), ReportError> {
    write_and_rename(path, bytes, false).map_err(|source| wrong_write(path, source))
}

fn wrong_write(path: &Path, source: std::io::Error) -> ReportError {
    ReportError::File { action: "write", path: path.to_owned(), source }
}

fn write_and_rename(path: &Path, bytes: &[u8], sync: bool) -> std::io::Result<()> {
    let directory = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut builder = tempfile::Builder::new();
    builder.prefix(UNFINISHED);
    #[cfg(unix)]
    {
        // A temporary file is private by default; a result is shared as the user's umask says.
        use std::os::unix::fs::PermissionsExt;
        builder.permissions(std::fs::Permissions::from_mode(0o666));
    }
    let mut file = builder.tempfile_in(directory)?;
    file.write_all(bytes)?;
    if sync {
        file.as_file().sync_all()?;
    }
    file.persist(path)?;
    // The rename itself must survive a power cut too.
    if sync { File::open(directory)?.sync_all() } else { Ok(()) }
}
