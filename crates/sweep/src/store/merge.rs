//! Taking over what another run directory holds.

use std::fs;
use std::path::Path;

use report::table::write_whole;

use crate::SweepError;
use crate::platform::files::{FileError, create_folder, list};
use crate::store::layout::{PARTS, PRETRAINING};
use crate::store::part::Part;
use crate::store::pretraining;

/// Takes a part of another run directory over into `directory`, as it is.
///
/// # Errors
/// When a file or folder cannot be read or written.
pub(crate) fn copy_part(directory: &Path, part: &Part) -> Result<(), SweepError> {
    part.traces.iter().chain([&part.path]).try_for_each(|path| copy_to(directory, PARTS, path))
}

/// Takes what was pretrained in another run directory over into `directory`.
///
/// # Errors
/// When a file or folder cannot be read or written.
pub(crate) fn copy_pretrainings(directory: &Path, other: &Path) -> Result<(), SweepError> {
    let place = other.join(PRETRAINING);
    if !place.is_dir() {
        return Ok(());
    }
    let target = directory.join(PRETRAINING);
    create_folder(&target)?;
    for path in list(&place)?.iter().filter(|path| pretraining::is_whole(path)) {
        let there = path.file_name().map(|name| target.join(name));
        if let Some(damaged) = there.filter(|there| there.is_file() && !pretraining::is_whole(there)) {
            let _ = fs::remove_file(damaged);
        }
        copy_to(directory, PRETRAINING, path)?;
    }
    Ok(())
}

/// A file into a folder of this directory, unless it is there.
fn copy_to(directory: &Path, folder: &str, path: &Path) -> Result<(), SweepError> {
    let Some(name) = path.file_name() else { return Ok(()) };
    let target = directory.join(folder).join(name);
    if !target.exists() {
        let read = FileError::at("read", path);
        write_whole(&target, &fs::read(path).map_err(read)?)?;
    }
    Ok(())
}
