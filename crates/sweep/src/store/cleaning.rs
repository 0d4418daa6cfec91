//! Removing what processes that were killed left behind.

use std::fs;
use std::path::Path;
use std::time::{Duration, SystemTime};

use crate::platform::files::list;
use crate::store::layout::{FIGURES, PARTS, PRETRAINING, PROGRESS, is_unfinished};
use crate::store::{part, pretraining};

/// A file with a temporary name that is older than this was left by a process that has ended.
const ABANDONED: Duration = Duration::from_secs(3600);

/// Removes temporary files, traces without their part, and locks of pretrainings. A process that is
/// `alone` in the directory removes fresh ones too. No error is reported, since no result depends
/// on it.
pub(crate) fn clean(directory: &Path, alone: bool) {
    let old = |path: &Path| {
        let written = path.metadata().and_then(|file| file.modified()).ok();
        written.and_then(|t| SystemTime::now().duration_since(t).ok()).is_some_and(|age| age > ABANDONED)
    };
    // `sweep report` takes no lock and may write tables now. Parts and heartbeats need the lock.
    for (place, locked) in [("", false), (FIGURES, false), (PRETRAINING, false), (PARTS, true), (PROGRESS, true)] {
        for path in list(&directory.join(place)).unwrap_or_default() {
            let nobody_is_at_it = (locked && alone) || old(&path);
            let left = || place == PRETRAINING && pretraining::is_left_lock(&path);
            if (is_unfinished(&path) || part::lacks_its_part(&path)) && nobody_is_at_it || left() {
                let _ = fs::remove_file(path);
            }
        }
    }
}
