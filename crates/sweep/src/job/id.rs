//! What identifies a job, and the version of the results.
//!
//! # Results versions
//! - 1: first version.
//! - 2: histograms in integers, another order of random words, streams by slot; from now on a new
//!   version keeps the tasks.
//! - 3: rounding for weights that are not equal, SGD ends its stages on the alignment itself, a
//!   blow-up after recovery is one, sources of one strength.
//! - 4: residuals of more than 16 states in single precision; softmax attention by an exponential
//!   function of its own; statistics of the moment estimator in another order; the population limit
//!   in closed form. From now on a job that a version does not change keeps the one before, and so
//!   its id, its streams and its bytes.

use std::fmt;

use crate::axis;
use crate::grid::Point;

/// Raised when the same job gives other numbers than before: its older results are then not used.
pub const RESULTS_VERSION: u32 = 4;

/// The versions that jobs have.
pub(super) const RESULTS_VERSIONS: [u32; 2] = [3, RESULTS_VERSION];

/// The index in [`RESULTS_VERSIONS`] of the last version that changed a job of this point.
pub(super) fn results_version(point: &Point) -> usize {
    let changed = ["softmax", "softmax_adam", "moment", "population"].contains(&point.algorithm().name);
    usize::from(changed || changed_states(point))
}

/// The same for the pretraining of such a job, which is Algorithm 1.
pub(super) fn results_version_of_pretraining(point: &Point) -> usize {
    usize::from(changed_states(point))
}

fn changed_states(point: &Point) -> bool {
    point.values[axis::N] > 16.0
}

/// Identifies a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct JobId(pub [u8; 16]);

impl fmt::Display for JobId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl JobId {
    /// Reads what a [`JobId`] prints as: 32 hexadecimal digits. `None` for any other text.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut id = [0; 16];
        if text.len() != 32 || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return None;
        }
        for (byte, digits) in id.iter_mut().zip(text.as_bytes().chunks(2)) {
            *byte = u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?;
        }
        Some(Self(id))
    }
}
