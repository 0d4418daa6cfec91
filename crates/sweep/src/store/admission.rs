//! Which directories a run may use: files of the user's own must not be overwritten.
//!
//! A run may use a directory that is absent, empty or a run directory. A directory is a run
//! directory
//!
//! - if its `config.toml` begins like those that runs write, and another file of a run is beside
//!   it;
//! - if its `config.toml` is missing, and it holds finished jobs and a manifest of this program;
//! - if it holds only what a run leaves that was killed early, and the config of this sweep.
//!
//! Any other directory is used only with `--force`, and then what would be overwritten is renamed.

use std::fs::{self, File};
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};

use crate::SweepError;
use crate::config::diagnostic::Diagnostic;
use crate::config::{self, Config, resolved};
use crate::platform::files::{FileError, list, name, read_text};
use crate::platform::terminal::say;
use crate::store::heartbeat::Owner;
use crate::store::layout::{
    ARRAY, CONFIG, LOCK, MANIFEST, PARTS, PRETRAINING, PROGRESS, PROGRESS_ENDING, REPORT_SCRIPT, SHARDS_SCRIPT, SLURM,
    WRITTEN, is_part_file, is_pretraining_file, is_unfinished, usable,
};
use crate::store::manifest::is_of_this_program;

/// First lines of a `config.toml` that a run has written, or a merge of an earlier version.
const HEADERS: [&str; 2] = [resolved::HEADER, "# The union of merged run directories, every default written out."];
/// Folders of a run directory whose files are named by hashes.
const FOLDERS: [&str; 2] = [PARTS, PRETRAINING];
/// How many foreign files an error names.
const MAX_NAMED: usize = 3;
/// The ending of the new name of a file that was in the way.
const BEFORE: &str = ".before";

/// Whether this is a run directory. A copy of a `config.toml` alone is none.
///
/// # Errors
/// When it cannot be told, as its `config.toml` cannot be read.
pub(crate) fn is_run_directory(directory: &Path) -> Result<bool, SweepError> {
    if has_config_of_a_run(directory)? {
        return Ok(true);
    }
    let (config, parts) = (directory.join(CONFIG), directory.join(PARTS));
    let lost = config.symlink_metadata().is_err_and(|error| error.kind() == ErrorKind::NotFound);
    if !lost || !parts.is_dir() || !is_of_this_program(directory) {
        return Ok(false);
    }
    Ok(list(&parts)?.iter().any(|file| is_part_file(file)))
}

/// Whether `config.toml` begins as ours do, and something else of a run lies beside it.
fn has_config_of_a_run(directory: &Path) -> Result<bool, SweepError> {
    let path = directory.join(CONFIG);
    Ok(begins_as_resolved(&path)? && [PARTS, PROGRESS, MANIFEST].iter().any(|name| directory.join(name).exists()))
}

/// Whether a file begins as the configs do that runs write; not if there is none.
fn begins_as_resolved(path: &Path) -> Result<bool, SweepError> {
    let mut start = Vec::new();
    let longest = HEADERS.iter().map(|header| header.len()).max().unwrap_or(0) + 2;
    match File::open(path).and_then(|file| file.take(longest as u64).read_to_end(&mut start)) {
        Ok(_) => Ok(String::from_utf8_lossy(&start).lines().next().is_some_and(|line| HEADERS.contains(&line))),
        Err(error)
            if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::IsADirectory | ErrorKind::NotADirectory) =>
        {
            Ok(false)
        }
        Err(source) => Err(FileError { action: "read", path: path.to_owned(), source }.into()),
    }
}

/// The sweep of a run directory.
///
/// # Errors
/// When it is none, and as [`config::load`]; `help` says what to do then.
pub(crate) fn sweep_of(directory: &Path, help: &str) -> Result<Config, SweepError> {
    let path = directory.join(CONFIG);
    if path.exists() && !is_run_directory(directory)? {
        let title = format!("{} is no run directory: no run has worked here", directory.display());
        return Err(Diagnostic::new(title).help(help).into());
    }
    Ok(config::load(&path, &[]).map_err(|wrong| wrong.help(help))?)
}

/// That this program may write `config` and its results into `directory`, by force or without;
/// changes nothing.
///
/// # Errors
/// When it holds files of other origin.
pub(crate) fn admit(directory: &Path, config: &Config, force: bool) -> Result<(), SweepError> {
    usable(directory)?;
    if force || !directory.exists() || is_run_directory(directory)? {
        return Ok(());
    }
    let own = |path: &Path| is_left_by_early_kill(path) || name(path) == CONFIG && resolved::is_at(path, config);
    let foreign: Vec<PathBuf> = list(directory)?.into_iter().filter(|path| !own(path)).collect();
    // The second question is no mistake: another shard may have written its config meanwhile.
    if foreign.is_empty() || is_run_directory(directory)? {
        return Ok(());
    }
    // Those that would be overwritten are named first.
    let (in_the_way, others): (Vec<&PathBuf>, Vec<&PathBuf>) =
        foreign.iter().partition(|path| WRITTEN.contains(&name(path).as_str()));
    let named: Vec<String> = in_the_way.into_iter().chain(others).take(MAX_NAMED).map(|path| name(path)).collect();
    let more = match foreign.len() - named.len() {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let title = format!("{} is no run directory: it holds {}{more}", directory.display(), named.join(", "));
    Err(Diagnostic::new(title)
        .help("choose another run directory with -o, or use this one all the same with --force: what is in the way is renamed")
        .into())
}

/// Refuses a run that would overwrite the config that it `read`s, unless that is the config of a
/// run and stays the same.
///
/// # Errors
/// [`SweepError::Usage`] then, and as [`is_run_directory`].
pub(crate) fn check_config_is_kept(
    read: &Path,
    overridden: bool,
    config: &Config,
    directory: &Path,
) -> Result<(), SweepError> {
    let written = directory.join(CONFIG);
    let same = read.canonicalize().is_ok_and(|read| written.canonicalize().is_ok_and(|there| read == there));
    if !same {
        return Ok(());
    }
    if !is_run_directory(directory)? && !begins_as_resolved(&written)? {
        let title = format!("{} is the config that is read, and the run would write over it", written.display());
        return Err(Diagnostic::new(title).help("choose another run directory with -o").into());
    }
    // A config with the same meaning is not written again.
    if !overridden || resolved::is_at(read, config) {
        return Ok(());
    }
    let title = format!("these overrides would change {}, the config that is read", written.display());
    Err(Diagnostic::new(title)
        .help("choose another run directory with -o: this one keeps its sweep and its tables")
        .into())
}

/// Renames what is in the way of the lock and the heartbeats in a directory that is used with
/// `--force`.
///
/// # Errors
/// When a file or folder cannot be read or written.
pub(crate) fn clear_lock(directory: &Path) -> Result<(), SweepError> {
    let (lock, progress) = (directory.join(LOCK), directory.join(PROGRESS));
    // A file may stay: it is locked, and not written.
    if lock.exists() && !lock.is_file() {
        rename(&lock)?;
    }
    if progress.exists() && !progress.is_dir() {
        return rename(&progress);
    }
    let foreign = |path: &&PathBuf| path.extension().is_some_and(|e| e == PROGRESS_ENDING) && !is_heartbeat(path);
    let files = if progress.is_dir() { list(&progress)? } else { Vec::new() };
    files.iter().filter(foreign).try_for_each(|path| rename(path))
}

/// Renames what a run would overwrite, in a directory that is used with `--force` and is no run
/// directory.
///
/// # Errors
/// When a file or folder cannot be read or written.
pub(crate) fn rename_in_the_way(directory: &Path) -> Result<(), SweepError> {
    if is_run_directory(directory)? {
        return Ok(());
    }
    let place = directory.join(SLURM);
    let scripts = [SHARDS_SCRIPT, REPORT_SCRIPT, ARRAY].map(|name| place.join(name));
    let written = WRITTEN.iter().map(|name| directory.join(name)).chain(scripts);
    let kept = FOLDERS.iter().map(|name| directory.join(name)).chain([place.clone()]).filter(|path| !path.is_dir());
    for path in written.chain(kept).filter(|path| path.symlink_metadata().is_ok()) {
        // Another shard with `--force` may have made it a run directory meanwhile.
        if has_config_of_a_run(directory)? {
            return Ok(());
        }
        rename(&path)?;
    }
    Ok(())
}

fn rename(path: &Path) -> Result<(), SweepError> {
    let new = |nth: usize| {
        let ending = if nth == 1 { BEFORE.to_owned() } else { format!("{BEFORE}-{nth}") };
        path.with_file_name(name(path) + &ending)
    };
    let Some(target) = (1..).map(new).find(|target| target.symlink_metadata().is_err()) else { return Ok(()) };
    fs::rename(path, &target).map_err(FileError::at("rename", path))?;
    say(&format!("{} was in the way: it is now {}", path.display(), target.display()));
    Ok(())
}

/// Whether a file or folder is one that a run leaves when it is killed before its config is
/// written.
fn is_left_by_early_kill(path: &Path) -> bool {
    let all = |ours: &dyn Fn(&Path) -> bool| {
        path.is_dir() && list(path).is_ok_and(|files| files.iter().all(|file| is_unfinished(file) || ours(file)))
    };
    match name(path).as_str() {
        LOCK => path.metadata().is_ok_and(|file| file.is_file() && file.len() == 0),
        PROGRESS => all(&is_heartbeat),
        PARTS => all(&is_part_file),
        PRETRAINING => all(&is_pretraining_file),
        _ => is_unfinished(path),
    }
}

/// Whether a file is a heartbeat. A power cut may leave an empty one.
fn is_heartbeat(path: &Path) -> bool {
    read_text(path).is_ok_and(|text| text.is_empty() || serde_json::from_str::<Owner>(&text).is_ok())
}
