//! The lease: the right to run jobs in a run directory.
//!
//! Whoever has it holds a lock on the file `lock`: one process alone, or any number of shards
//! together. The operating system frees the lock when a process ends, however it ends. Heartbeats
//! (see `heartbeat.rs`) name the processes that hold it.
//!
//! On some file systems a lock holds on one machine only. So a run is also refused if a heartbeat
//! names a running process on another machine that must not be disturbed. If that process has died,
//! only a person can know it, and removes its heartbeat.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use crate::SweepError;
use crate::config::diagnostic::Diagnostic;
use crate::job::Tally;
use crate::job::shard::Shard;
use crate::platform::clock::{short_time, since_1970};
use crate::platform::files::{FileError, create_folder};
use crate::platform::machine::host;
use crate::platform::shell::{self, quoted_path};
use crate::store::heartbeat::{self, Owner, Seen, State};
use crate::store::layout::{LOCK, PREPARING, PROGRESS, usable};

/// The right to run jobs in a directory. When the value is dropped the heartbeat says that the
/// process has stopped.
#[derive(Debug)]
pub struct Lease {
    directory: PathBuf,
    owner: Owner,
    /// The locked file; the lock is free when it is closed.
    _lock: File,
}

impl Lease {
    /// Takes the lease of `directory`, which is made if it is not there: with other shards, or
    /// alone.
    ///
    /// # Errors
    /// [`SweepError::Usage`], which names the process, if one works there that must not be
    /// disturbed; others when a file or folder cannot be read or written.
    pub fn take(directory: &Path, shard: Option<Shard>) -> Result<Self, SweepError> {
        Self::take_after(directory, shard, || Ok(()))
    }

    /// As [`Lease::take`]. `prepare` makes the directory ready: it is called when the lock is held,
    /// and before the first heartbeat is written. Shards call it one after the other.
    ///
    /// # Errors
    /// As [`Lease::take`], and those of `prepare`.
    pub fn take_after(
        directory: &Path,
        shard: Option<Shard>,
        prepare: impl FnOnce() -> Result<(), SweepError>,
    ) -> Result<Self, SweepError> {
        let lock = acquire(directory, shard.is_some())?;
        let preparing = lock_to_prepare(directory);
        prepare()?;
        let owner = Owner {
            shard,
            host: host(),
            pid: std::process::id(),
            command: shell::command(),
            started: since_1970(),
            updated: since_1970(),
            state: State::Running,
            tally: Tally::default(),
        };
        let lease = Self { directory: directory.to_owned(), owner, _lock: lock };
        heartbeat::write(directory, &lease.owner)?;
        drop(preparing);
        Ok(lease)
    }

    /// Writes the heartbeat: how far this process is. It goes on if that fails, since no job
    /// depends on it.
    pub fn heartbeat(&mut self, tally: Tally) {
        (self.owner.tally, self.owner.updated) = (tally, since_1970());
        let _ = heartbeat::write(&self.directory, &self.owner);
    }

    /// Ends the lease; the heartbeat says that all jobs were run.
    pub fn finish(mut self) {
        self.owner.state = State::Finished;
    }

    /// A function that writes into the heartbeat that this process has stopped. It is for the end
    /// of a process that does not drop its lease.
    pub fn mark_stopped(&self) -> impl Fn() + Send + 'static {
        let (directory, owner) = (self.directory.clone(), self.owner.clone());
        move || drop(heartbeat::write(&directory, &owner.stopped()))
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        let _ = heartbeat::write(&self.directory, &self.owner.stopped());
    }
}

/// Takes the lock of a directory, with others or alone. Refuses if a process is at work that must
/// not be disturbed.
fn acquire(directory: &Path, with_others: bool) -> Result<File, SweepError> {
    usable(directory)?;
    let progress = directory.join(PROGRESS);
    create_folder(&progress)?;
    let path = directory.join(LOCK);
    let wrong = FileError::at("lock", &path);
    let lock = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(&path).map_err(&wrong)?;
    let (held, locks) = match if with_others { lock.try_lock_shared() } else { lock.try_lock() } {
        Ok(()) => (false, true),
        Err(TryLockError::WouldBlock) => (true, true),
        // Some file systems have no locks. There the heartbeats alone decide.
        Err(TryLockError::Error(error)) if no_locks_here(&error) => (false, false),
        Err(TryLockError::Error(error)) => return Err(wrong(error).into()),
    };
    // Shards do not disturb each other, nor does a shard that a scheduler starts twice.
    let in_the_way = |seen: &Seen| !with_others || seen.owner.shard.is_none();
    let running = |seen: &Seen| seen.owner.state == State::Running && in_the_way(seen);
    let others: Vec<Seen> = heartbeat::read_all(directory).into_iter().filter(running).collect();
    if held {
        // The lock is held, so a process is at work. It is named if it has written a heartbeat.
        let other = others.iter().filter(|seen| !seen.owner.is_gone()).min_by_key(|seen| seen.age);
        return Err(in_use(directory, other.as_slice()).into());
    }
    // A process of this machine that is alive would hold the lock.
    let dead = |seen: &Seen| (seen.owner.host == host() && locks) || seen.owner.is_gone();
    let (dead, believed): (Vec<Seen>, Vec<Seen>) = others.into_iter().partition(dead);
    if !believed.is_empty() {
        return Err(in_use(directory, &believed.iter().collect::<Vec<_>>()).into());
    }
    for seen in dead {
        // How far it came stays in its heartbeat.
        let _ = heartbeat::write(directory, &seen.owner.stopped());
    }
    Ok(lock)
}

/// Calls `prepare` as [`Lease::take_after`] does for a shard, and takes no lease.
///
/// # Errors
/// As [`Lease::take_after`].
pub fn prepare_for_shards(
    directory: &Path,
    prepare: impl FnOnce() -> Result<(), SweepError>,
) -> Result<(), SweepError> {
    let _lock = acquire(directory, true)?;
    let _preparing = lock_to_prepare(directory);
    prepare()
}

/// A lock that one process at a time has while it makes a directory ready; `None` where files
/// cannot be locked. Its file is open for writing, since network disks lock no folders, and no
/// files that are open for reading only.
fn lock_to_prepare(directory: &Path) -> Option<File> {
    let path = directory.join(PROGRESS).join(PREPARING);
    let lock = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path).ok()?;
    lock.lock().ok()?;
    Some(lock)
}

fn no_locks_here(error: &std::io::Error) -> bool {
    // ENOLCK and ENOSYS of Linux, which have no name of their own.
    error.kind() == ErrorKind::Unsupported || matches!(error.raw_os_error(), Some(37 | 38))
}

/// The refusal. It names the first of `others`, the processes at work as far as the heartbeats say.
fn in_use(directory: &Path, others: &[&Seen]) -> Diagnostic {
    let directory = directory.display();
    let Some(Seen { owner, age, .. }) = others.first() else {
        return Diagnostic::new(format!("{directory} is in use by another process that has just started"))
            .help("wait until it ends, or choose another run directory with -o");
    };
    let Owner { host: machine, pid, command, .. } = owner;
    let who = owner.shard.map_or_else(String::new, |shard| format!(", shard {shard}"));
    let wrong = Diagnostic::new(format!("{directory} is in use by process {pid} on {machine}{who}"));
    let seen = format!("it runs `{command}`, last sign of life {} ago", short_time(*age));
    if *machine == host() {
        return wrong.help(format!("{seen}; wait until it ends, or choose another run directory with -o"));
    }
    let files: Vec<String> = others.iter().map(|seen| quoted_path(&seen.path)).collect();
    wrong.help(format!(
        "{seen}; wait for it. If it has ended for good, remove its heartbeat with `rm {}` and \
         start again",
        files.join(" ")
    ))
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::time::{Duration, SystemTime};

    use super::*;

    /// A directory with the heartbeat of a process of another machine, or of a dead one of this
    /// machine.
    fn left_by(host: &str, shard: Option<Shard>) -> tempfile::TempDir {
        let home = tempfile::tempdir().unwrap();
        let lease = Lease::take(home.path(), shard).unwrap();
        let owner = Owner { host: host.to_owned(), pid: u32::MAX, ..lease.owner.clone() };
        drop(lease);
        heartbeat::write(home.path(), &owner).unwrap();
        home
    }

    fn shard(text: &str) -> Option<Shard> {
        Some(text.parse().unwrap())
    }

    fn refusal(directory: &Path, shard: Option<Shard>) -> String {
        match Lease::take(directory, shard) {
            Err(SweepError::Usage(wrong)) => wrong.render(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn one_run_excludes_everybody_and_shards_only_a_run() {
        let home = tempfile::tempdir().unwrap();
        let run = Lease::take(home.path(), None).unwrap();
        let me = format!("process {} on {}", std::process::id(), host());
        assert!(refusal(home.path(), None).contains(&me));
        assert!(refusal(home.path(), shard("1/2")).contains(&me));
        run.finish();
        let one = Lease::take(home.path(), shard("1/2")).unwrap();
        let two = Lease::take(home.path(), shard("2/2")).unwrap();
        let again = Lease::take(home.path(), shard("2/2")).unwrap();
        let refused = refusal(home.path(), None);
        assert!(refused.contains(&me) && refused.contains("/2"), "{refused}");
        drop((one, two, again));
        Lease::take(home.path(), None).unwrap();
    }

    #[test]
    fn the_lock_of_a_dead_owner_clears_itself() {
        for shard in [None, shard("2/3")] {
            let home = left_by(&host(), shard);
            Lease::take(home.path(), None).unwrap().finish();
            assert!(heartbeat::read_all(home.path()).iter().all(|seen| seen.owner.state != State::Running));
        }
    }

    #[test]
    fn an_owner_on_another_machine_is_believed_and_the_message_says_what_to_remove() {
        let home = left_by("elsewhere", None);
        for shard in [None, shard("1/2")] {
            let refused = refusal(home.path(), shard);
            assert!(refused.contains("process 4294967295 on elsewhere"), "{refused}");
            assert!(refused.contains("progress/run.json` and start again"), "{refused}");
        }
        fs::remove_file(home.path().join(PROGRESS).join("run.json")).unwrap();
        Lease::take(home.path(), None).unwrap();
        // A shard on another machine is in the way of a run without shards only.
        let home = left_by("elsewhere", shard("1/2"));
        Lease::take(home.path(), shard("1/2")).unwrap();
        let home = left_by("elsewhere", shard("1/2"));
        assert!(refusal(home.path(), None).contains("1-of-2.json` and start again"));
    }

    #[test]
    fn a_clock_that_is_ahead_keeps_nobody_alive() {
        let home = tempfile::tempdir().unwrap();
        let lease = Lease::take(home.path(), shard("1/2")).unwrap();
        let year = 365 * 24 * 3600;
        let path = home.path().join(PROGRESS).join("1-of-2.json");
        let alive = |ahead: u64, written: SystemTime| {
            heartbeat::write(home.path(), &Owner { updated: since_1970() + ahead, ..lease.owner.clone() }).unwrap();
            File::options().write(true).open(&path).unwrap().set_modified(written).unwrap();
            heartbeat::read_all(home.path())[0].alive()
        };
        let (now, day) = (SystemTime::now(), Duration::from_secs(24 * 3600));
        // A process that writes is alive, whatever its clock says.
        assert!(alive(0, now) && alive(20, now) && alive(year, now));
        assert!(!alive(year, now - day), "it has not written for a day");
        assert!(!alive(year, now + day), "no clock tells");
        assert!(alive(0, now - day), "a file system may be slow to say so");
    }

    #[test]
    fn shards_look_and_make_ready_one_after_the_other_and_before_anything_is_written() {
        let home = tempfile::tempdir().unwrap();
        let refused = Lease::take_after(home.path(), shard("1/2"), || Err(Diagnostic::new("no").into()));
        assert!(refused.is_err() && heartbeat::read_all(home.path()).is_empty());
        let inside = std::sync::Mutex::new(());
        std::thread::scope(|scope| {
            let take = |i: u32| {
                Lease::take_after(home.path(), Shard::new(i, 4), || {
                    let alone = inside.try_lock();
                    assert!(alone.is_ok());
                    std::thread::sleep(Duration::from_millis(20));
                    Ok(())
                })
            };
            (1..=4).map(|i| scope.spawn(move || take(i))).collect::<Vec<_>>().into_iter().for_each(|thread| {
                thread.join().unwrap().unwrap();
            });
        });
    }

    #[test]
    fn word_left_by_an_owner_is_read_back() {
        let home = tempfile::tempdir().unwrap();
        let mut lease = Lease::take(home.path(), shard("3/4")).unwrap();
        let tally = Tally { jobs: 10, done: 4, failed: 1, running: 2, tokens_per_second: 1e9, ..Tally::default() };
        lease.heartbeat(tally);
        fs::write(home.path().join(PROGRESS).join("4-of-4.json"), "{ damaged").unwrap();
        let seen = heartbeat::read_all(home.path());
        assert_eq!(seen.len(), 1);
        assert_eq!((seen[0].owner.shard, seen[0].owner.tally, seen[0].alive()), (shard("3/4"), tally, true));
        drop(lease);
        let seen = heartbeat::read_all(home.path());
        assert_eq!((seen[0].owner.state, seen[0].owner.tally.running, seen[0].alive()), (State::Stopped, 0, false));
    }
}
