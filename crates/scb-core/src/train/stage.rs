//! What ends a stage.

use super::{TrainSpec, alpha_a};
use crate::learn::Learner;
use crate::measure::{Truth, kept_mass};

/// When a stage ends: at the first of the conditions that are given. None given: never.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct StageEnd {
    /// After this many steps of the stage; 0 skips it.
    pub steps: Option<u64>,
    /// Once this share of the whole budget is spent, in `[0, 1]`.
    pub share: Option<f64>,
    /// Once `alpha_A` has reached this. Uses the ground truth.
    pub alpha: Option<f64>,
    /// Once [`kept_mass`] has reached this. Uses only what a learner can see; costs O(N T) per step.
    pub kept_mass: Option<f64>,
}

impl StageEnd {
    pub(super) fn reached(
        &self,
        spec: &TrainSpec,
        steps_in_stage: u64,
        steps: u64,
        learner: &mut dyn Learner,
        truth: &Truth<'_>,
    ) -> bool {
        let spent = steps as f64 / spec.max_steps() as f64;
        self.steps.is_some_and(|limit| steps_in_stage >= limit)
            || self.share.is_some_and(|share| spent >= share)
            || self.alpha.is_some_and(|alpha| alpha_a(learner, truth) >= alpha)
            || self.kept_mass.is_some_and(|mass| {
                let mu = truth.task.stationary.as_slice().unwrap_or(&[]);
                kept_mass(mu, learner.model(), spec.keep) >= mass
            })
    }
}
