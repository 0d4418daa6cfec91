//! Milestones: the sample counts at which a run first reached its goals.

use crate::task::Task;
use crate::theory::on_path;
use crate::theory::population::expected_loss;

use super::{Checkpoint, MIRRORED_ALPHA, Status, StopAt, TrainSpec};

/// The number of samples at which each milestone was first seen, at a check; `None` if never.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Milestones {
    /// `min(alpha_V, alpha_A)` is at least [`TrainSpec::signal`].
    pub signal: Option<u64>,
    /// For every query token the Q largest entries of the attention are the true positions, at this
    /// and at every later check of the run.
    pub support: Option<u64>,
    /// The rounded model is within epsilon of the truth in both factors: each relative error is at
    /// most [`TrainSpec::epsilon`].
    pub recovery: Option<u64>,
}

impl Milestones {
    /// Takes one check into account. Returns a status if the run ends here.
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
        let loss = expected_loss(seen.truth.task, &seen.model);
        Some(if fits(seen.truth.task, loss) { Status::Mirrored } else { Status::Diverged })
    }
}

/// Whether `loss` is at most twice that of the uninformative start. A larger loss shows that a run
/// diverges. The mirrored solution passes: it fits nearly as well as the truth.
pub(super) fn fits(task: &Task, loss: f64) -> bool {
    loss <= 2.0 * expected_loss(task, on_path(task, 0.0, 0.0))
}
