//! The versions of the results.
//!
//! - 1: first version.
//! - 2: histograms in integers, another order of random words, streams by slot; from now on a new
//!   version keeps the tasks.
//! - 3: rounding for weights that are not equal, SGD ends its stages on the alignment itself, a
//!   blow-up after recovery is one, sources of one strength.
//! - 4: residuals of more than 16 states in single precision; softmax attention by an exponential
//!   function of its own; statistics of the moment estimator in another order; the population limit
//!   in closed form. From now on a new version keeps all streams, and a job that it does not change
//!   keeps the version before, and so its id and its bytes.

use crate::axis;
use crate::grid::Point;
use crate::job::Job;

/// Raised when the same job gives other numbers than before: its older results are then not used.
pub const RESULTS_VERSION: u32 = 4;

/// The versions that jobs have.
pub(super) const RESULTS_VERSIONS: [u32; 2] = [3, RESULTS_VERSION];

/// The index in [`RESULTS_VERSIONS`] of the last version that changed the jobs of this point.
pub(super) fn results_version(point: &Point) -> usize {
    let changed = ["softmax", "softmax_adam", "moment", "population"].contains(&point.algorithm().name);
    usize::from(changed || changed_states(point))
}

/// The last version that changed any of these jobs.
pub(crate) fn results_version_of<'j>(jobs: impl IntoIterator<Item = &'j Job>) -> u32 {
    let versions = jobs.into_iter().map(|job| RESULTS_VERSIONS[results_version(&job.point)]);
    versions.max().unwrap_or(RESULTS_VERSION)
}

/// As [`results_version`] for the pretraining of such a job, which is Algorithm 1.
pub(super) fn results_version_of_pretraining(point: &Point) -> usize {
    usize::from(changed_states(point))
}

fn changed_states(point: &Point) -> bool {
    point.values[axis::N] > 16.0
}
