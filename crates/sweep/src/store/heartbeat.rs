//! Heartbeats: every process that runs jobs writes a file in `progress/` every few seconds. The
//! file says which process it is, whether it is running, and how far it is. There is one file a
//! shard.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use report::table::replace;
use serde::{Deserialize, Serialize};

use crate::SweepError;
use crate::job::Tally;
use crate::job::shard::Shard;
use crate::platform::clock::since_1970;
use crate::platform::files::{FileError, read_text};
use crate::platform::machine::host;
use crate::store::layout::{PROGRESS, PROGRESS_ENDING, progress_file};

/// A process that has not written its heartbeat for so long counts as dead. Processes write every
/// few seconds, but a network file system may show a file a minute late.
pub const SILENT_AFTER: Duration = Duration::from_secs(90);

/// How a process that runs jobs is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// It is at work, or was killed and could not say so.
    Running,
    /// It has run all its jobs.
    Finished,
    /// It has stopped before its last job.
    Stopped,
}

/// A process that runs jobs, and how far it is: the content of a heartbeat.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Owner {
    /// Its shard; none if it runs all jobs.
    pub shard: Option<Shard>,
    /// Its machine.
    pub host: String,
    /// Its process on that machine.
    pub pid: u32,
    /// The command that started it.
    pub command: String,
    /// When it started, in seconds since 1970.
    pub started: u64,
    /// When it wrote this heartbeat, in seconds since 1970.
    pub updated: u64,
    /// How it is doing.
    pub state: State,
    /// How far it is.
    #[serde(flatten)]
    pub tally: Tally,
}

/// A heartbeat that was found in a run directory.
#[derive(Debug)]
pub struct Seen {
    /// What the file says.
    pub owner: Owner,
    /// Its file.
    pub path: PathBuf,
    /// How long ago it was written.
    pub age: Duration,
}

impl Seen {
    /// Whether the process runs, as far as can be told from here.
    #[must_use]
    pub fn alive(&self) -> bool {
        self.owner.state == State::Running && !self.owner.is_gone() && self.age < SILENT_AFTER
    }
}

impl Owner {
    /// Whether it ran on this machine and has ended. `false` if that cannot be told.
    pub(crate) fn is_gone(&self) -> bool {
        let processes = Path::new("/proc");
        self.host == host() && processes.join("self").exists() && !processes.join(self.pid.to_string()).exists()
    }

    /// The same process after it has stopped: it runs no job.
    #[must_use]
    pub fn stopped(&self) -> Self {
        let state = if self.state == State::Finished { State::Finished } else { State::Stopped };
        Self { state, updated: since_1970(), tally: Tally { running: 0, ..self.tally }, ..self.clone() }
    }
}

/// Writes the heartbeat of a process.
///
/// # Errors
/// When a file or folder cannot be read or written.
pub fn write(directory: &Path, owner: &Owner) -> Result<(), SweepError> {
    let path = directory.join(PROGRESS).join(progress_file(owner.shard));
    let text = serde_json::to_string_pretty(owner).map_err(|error| FileError {
        action: "write",
        path: path.clone(),
        source: error.into(),
    })?;
    Ok(replace(&path, (text + "\n").as_bytes())?)
}

/// The heartbeats in a run directory, in the order of the shards. Files that are no heartbeats are
/// left out.
#[must_use]
pub fn read_all(directory: &Path) -> Vec<Seen> {
    let Ok(entries) = fs::read_dir(directory.join(PROGRESS)) else { return Vec::new() };
    let seen = entries.filter_map(|entry| {
        let path = entry.ok()?.path();
        let named = path.extension().is_some_and(|extension| extension == PROGRESS_ENDING);
        let owner: Owner = serde_json::from_str(&read_text(&path).ok().filter(|_| named)?).ok()?;
        let age = age(&owner, path.metadata().and_then(|file| file.modified()).ok());
        Some(Seen { owner, path, age })
    });
    let mut seen: Vec<Seen> = seen.collect();
    seen.sort_by_key(|seen| seen.owner.shard.map(|shard| (shard.of(), shard.index())));
    seen
}

/// How long ago a heartbeat was written. If the clock of its machine is ahead of ours, the time
/// `written` that the file system gives counts instead. If that is ahead too, nothing is known, and
/// the process counts as dead.
fn age(owner: &Owner, written: Option<SystemTime>) -> Duration {
    let (now, updated) = (since_1970(), owner.updated);
    if updated <= now.saturating_add(SILENT_AFTER.as_secs()) {
        return Duration::from_secs(now.saturating_sub(updated));
    }
    written.and_then(|written| written.elapsed().ok()).unwrap_or(SILENT_AFTER)
}
