//! Which small parts become one large part: a sweep of days would leave a million.
//!
//! Parts have levels. A new part is of level 0, and a part that is made of parts of one level is of
//! the next. Only parts of one level are put together, so every row is written a few times only,
//! however long a sweep runs.

use crate::job::JobId;
use crate::store::part::Part;

/// A part with this many jobs is large: it stays as it is.
const LARGE: usize = 1024;
/// So many small parts become one part ..
const PARTS_IN_ONE: usize = 32;
/// .. or as many as have this many jobs together. Writing a part of so many takes some 50 ms.
const JOBS_IN_ONE: usize = 8192;

/// The small parts that this process may put into larger ones.
#[derive(Debug, Default)]
pub(crate) struct SmallParts {
    /// The parts of each level, with the jobs that are in them.
    levels: Vec<Vec<(Part, Vec<JobId>)>>,
}

/// Parts that are to become one part of the given level.
pub(crate) struct Batch {
    /// Level of the part that they become.
    pub(crate) level: usize,
    /// The parts, and the jobs that are in them.
    pub(crate) parts: Vec<(Part, Vec<JobId>)>,
}

impl SmallParts {
    /// Remembers a part of a level with these jobs, if it is small.
    pub(crate) fn add(&mut self, level: usize, part: Part, ids: Vec<JobId>) {
        if ids.len() >= LARGE {
            return;
        }
        while self.levels.len() <= level {
            self.levels.push(Vec::new());
        }
        self.levels[level].push((part, ids));
    }

    /// Takes out parts of the first level, counted from `from`, that has many. The caller adds the
    /// part that they become to the level of the batch, and asks again from there.
    pub(crate) fn take_batch(&mut self, from: usize) -> Option<Batch> {
        let many = |parts: &Vec<(Part, Vec<JobId>)>| {
            let jobs: usize = parts.iter().map(|(_, ids)| ids.len()).sum();
            parts.len() >= PARTS_IN_ONE || (parts.len() > 1 && jobs >= JOBS_IN_ONE)
        };
        let level = (from..self.levels.len()).find(|&level| many(&self.levels[level]))?;
        // Not too many jobs at a time, since a Ctrl-C has to wait for the writing.
        let (mut jobs, mut parts) = (0, 0);
        for (_, ids) in self.levels[level].iter().take(PARTS_IN_ONE) {
            if parts > 1 && jobs + ids.len() > JOBS_IN_ONE {
                break;
            }
            (jobs, parts) = (jobs + ids.len(), parts + 1);
        }
        Some(Batch { level: level + 1, parts: self.levels[level].drain(..parts).collect() })
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;

    fn part(jobs: u8) -> (Part, Vec<JobId>) {
        (Part { path: PathBuf::from("part"), traces: None }, (0..jobs).map(|i| JobId([i; 16])).collect())
    }

    #[test]
    fn many_small_parts_become_one_of_the_next_level() {
        let mut small = SmallParts::default();
        for _ in 0..PARTS_IN_ONE - 1 {
            let (part, ids) = part(1);
            small.add(0, part, ids);
        }
        assert!(small.take_batch(0).is_none(), "they are few");
        let (large, ids) = part(3);
        small.add(0, large, ids);
        assert!(small.take_batch(1).is_none(), "those of other levels do not count");
        let batch = small.take_batch(0).unwrap();
        assert_eq!((batch.level, batch.parts.len()), (1, PARTS_IN_ONE));
        assert!(small.take_batch(0).is_none(), "they were taken out");
    }

    #[test]
    fn large_parts_stay_as_they_are() {
        let mut small = SmallParts::default();
        let ids: Vec<JobId> = (0..LARGE).map(|_| JobId([7; 16])).collect();
        for _ in 0..2 * PARTS_IN_ONE {
            small.add(0, part(0).0, ids.clone());
        }
        assert!(small.take_batch(0).is_none());
    }
}
