//! Every job of a sweep.

use std::collections::HashSet;
use std::sync::Arc;

use rayon::prelude::*;

use crate::config::Config;
use crate::config::diagnostic::Diagnostic;
use crate::grid::{self, Point};
use crate::job::id::JobId;
use crate::job::identity::{CanonicalLines, Identity};
use crate::job::spec::Job;
use crate::platform::machine::cores;

/// Points whose ids one core works out at a time.
const POINTS_AT_ONCE: usize = 4096;

/// Every job of a sweep, in the order of the grid, replicates fastest, none twice.
///
/// # Errors
/// As [`grid::expand`].
pub fn jobs(config: &Config) -> Result<Vec<Job>, Diagnostic> {
    let mut points = Vec::new();
    grid::expand(config, |point| points.push(Arc::new(point)))?;
    let identity = Identity::new(config);
    let ids_of = |points: &[Arc<Point>]| -> Vec<JobId> {
        let mut lines = CanonicalLines::new();
        let prefixes = points.iter().map(|point| identity.of_point(point, &mut lines));
        prefixes.flat_map(|prefix| (0..config.replicates).map(move |replicate| prefix.id(replicate))).collect()
    };
    // Hashing a million points takes a second on one core. If no threads can be started, one core
    // does it.
    let chunks = points.len().div_ceil(POINTS_AT_ONCE);
    let threads = chunks.min(cores());
    let pool = if threads > 1 { rayon::ThreadPoolBuilder::new().num_threads(threads).build().ok() } else { None };
    let ids: Vec<Vec<JobId>> = match pool {
        Some(pool) => pool.install(|| points.par_chunks(POINTS_AT_ONCE).map(ids_of).collect()),
        None => points.chunks(POINTS_AT_ONCE).map(ids_of).collect(),
    };
    let replicated = points.iter().flat_map(|point| (0..config.replicates).map(move |replicate| (point, replicate)));
    let mut seen = HashSet::with_capacity(points.len() * config.replicates as usize);
    let mut jobs = Vec::with_capacity(points.len() * config.replicates as usize);
    for (id, (point, replicate)) in ids.into_iter().flatten().zip(replicated) {
        if seen.insert(id) {
            jobs.push(Job { id, point: Arc::clone(point), replicate, cap: None });
        }
    }
    Ok(jobs)
}
