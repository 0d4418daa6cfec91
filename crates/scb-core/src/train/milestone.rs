//! First sample counts at which a run is somewhere.

use crate::model::Linear;
use crate::population::expected_loss;

use super::{Checkpoint, MIRRORED_ALPHA, Status, StopAt, TrainSpec};

/// A milestone of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Milestone {
    /// `min(alpha_V, alpha_A)` is at least the signal threshold.
    Signal,
    /// For every query token the Q largest entries of the attention are the true positions, there and
    /// at every later check.
    Support,
    /// The rounded model is within epsilon of the truth in both factors.
    Recovery,
}

/// First sample counts at which each [`Milestone`] was reached, if it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Milestones {
    /// See [`Milestone::Signal`].
    pub signal: Option<u64>,
    /// See [`Milestone::Support`].
    pub support: Option<u64>,
    /// See [`Milestone::Recovery`].
    pub recovery: Option<u64>,
}

impl Milestones {
    /// Takes one check into account; a status if the run ends here.
    pub(super) fn update(&mut self, seen: &Checkpoint<'_>, spec: &TrainSpec) -> Option<Status> {
        if !seen.is_finite() {
            self.support = None;
            return Some(Status::Diverged);
        }
        if seen.alpha_v.min(seen.alpha_a) >= spec.signal {
            self.signal.get_or_insert(seen.samples);
        }
        if seen.truth.support_found(&seen.model.attention) {
            self.support.get_or_insert(seen.samples);
        } else {
            self.support = None;
        }
        if self.recovery.is_none() && seen.recovered(spec.epsilon) {
            self.recovery = Some(seen.samples);
            if spec.stop_at == StopAt::Recovery {
                return Some(Status::Recovered);
            }
        }
        if seen.alpha_a > MIRRORED_ALPHA {
            return None;
        }
        // The mirrored solution fits nearly as well as the truth; a run that is blowing up does not.
        let start = Linear::uninformative(seen.truth.task);
        let acceptable = 2.0 * expected_loss(seen.truth.task, &start);
        let fits = expected_loss(seen.truth.task, seen.model) <= acceptable;
        Some(if fits { Status::Mirrored } else { Status::Diverged })
    }
}
