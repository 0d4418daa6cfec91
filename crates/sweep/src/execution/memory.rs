//! Memory for jobs. A job that does not fit beside the running ones waits, and one that does not
//! fit at all fails: else the operating system would kill the whole sweep.

use std::sync::{Condvar, Mutex, PoisonError};

use sysinfo::{MemoryRefreshKind, ProcessRefreshKind, ProcessesToUpdate, System};

/// The share of the free memory that the jobs may take together; the rest is for other processes.
const SHARE: f64 = 0.9;

/// What the jobs of this process may take.
#[derive(Debug)]
pub struct Memory {
    /// In bytes; infinite where the system does not say.
    limit: f64,
    /// What running jobs hold of it, in bytes.
    taken: Mutex<f64>,
    given_back: Condvar,
}

/// Memory that a job holds until this value is dropped.
#[derive(Debug)]
pub struct Held<'m> {
    memory: &'m Memory,
    bytes: f64,
}

impl Memory {
    /// What the machine has free at this moment, or the control group or the user's limit
    /// (`ulimit -v`) leaves, if that is less. Other processes may take of it later: several sweeps
    /// on one machine each think that it is theirs.
    #[must_use]
    pub fn of_this_process() -> Self {
        Self::limited_to((SHARE * free().unwrap_or(f64::INFINITY)).floor())
    }

    /// At most so many bytes.
    #[must_use]
    pub fn limited_to(bytes: f64) -> Self {
        Self { limit: bytes, taken: Mutex::new(0.0), given_back: Condvar::new() }
    }

    /// Takes `bytes`, waiting until other jobs give back what they hold if that is what it needs.
    ///
    /// # Errors
    /// When it would not fit even alone.
    pub fn take(&self, bytes: f64) -> Result<Held<'_>, String> {
        if bytes > self.limit {
            // The message does not say how much is free: the row of a job must be the same each
            // time.
            return Err(format!(
                "out of memory: it needs {:.0} MB, more than can be used here; on a larger \
                 machine, or with a higher limit, run again with --retry-failed",
                bytes / 1e6
            ));
        }
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        while *taken + bytes > self.limit {
            taken = self.given_back.wait(taken).unwrap_or_else(PoisonError::into_inner);
        }
        *taken += bytes;
        Ok(Held { memory: self, bytes })
    }
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        let mut taken = self.memory.taken.lock().unwrap_or_else(PoisonError::into_inner);
        // Sums of whole numbers below 2^53 are exact: what is taken comes back to zero.
        *taken -= self.bytes;
        self.memory.given_back.notify_all();
    }
}

/// Bytes that this process may still take; `None` where the system does not say.
fn free() -> Option<f64> {
    let mut system = System::new().ok()?;
    system.refresh_memory_specifics(MemoryRefreshKind::nothing().with_ram());
    if system.total_memory() == 0 {
        return None;
    }
    let mut free = system.available_memory() as f64;
    if let Ok(me) = sysinfo::get_current_pid() {
        let what = ProcessRefreshKind::nothing().with_memory();
        system.refresh_processes_specifics(ProcessesToUpdate::Some(&[me]), false, what);
        if let Some(process) = system.process(me) {
            if let Some(group) = process.cgroup_limits() {
                // The system frees the cache of files when the memory is needed.
                free = free.min(group.total_memory.saturating_sub(group.rss) as f64);
            }
            if let Some(limit) = address_space() {
                free = free.min((limit - process.virtual_memory() as f64).max(0.0));
            }
        }
    }
    Some(free)
}

/// The user's limit on the address space of this process, in bytes, where Linux says it.
fn address_space() -> Option<f64> {
    let limits = std::fs::read_to_string("/proc/self/limits").ok()?;
    let line = limits.lines().find_map(|line| line.strip_prefix("Max address space"))?;
    line.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::time::Duration;

    use super::*;

    #[test]
    fn jobs_wait_for_each_other_and_never_hold_more_than_there_is() {
        let memory = Memory::limited_to(100.0);
        let (now, peak) = (AtomicUsize::new(0), AtomicUsize::new(0));
        std::thread::scope(|scope| {
            for bytes in [60, 40, 30, 70, 100, 1, 50] {
                let (memory, now, peak) = (&memory, &now, &peak);
                scope.spawn(move || {
                    for _ in 0..20 {
                        let held = memory.take(bytes as f64).unwrap();
                        peak.fetch_max(now.fetch_add(bytes, Ordering::SeqCst) + bytes, Ordering::SeqCst);
                        std::thread::sleep(Duration::from_micros(100));
                        now.fetch_sub(bytes, Ordering::SeqCst);
                        drop(held);
                    }
                });
            }
        });
        assert!(peak.into_inner() <= 100);
        assert_eq!(*memory.taken.lock().unwrap(), 0.0);
    }

    #[test]
    fn a_job_that_fits_nowhere_is_told_so() {
        let wrong = Memory::limited_to(5e8).take(1e9).unwrap_err();
        assert!(wrong.contains("needs 1000 MB, more than can be used"), "{wrong}");
    }

    #[test]
    fn this_machine_has_some_memory() {
        assert!(Memory::of_this_process().limit > 1e6);
    }
}
