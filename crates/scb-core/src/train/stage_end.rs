//! When a stage ends.

/// When a stage ends: as soon as one of the given conditions holds. If none is given, it never
/// ends.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct StageEnd {
    /// After this many steps of the stage; 0 skips it.
    pub steps: Option<u64>,
    /// When this share of the whole budget is spent, in `[0, 1]`.
    pub share: Option<f64>,
    /// When `alpha_A` reaches this value, finite. A learner cannot know it: it needs the truth.
    pub alpha: Option<f64>,
    /// When [`kept_mass`](crate::model::kept_mass) reaches this value, finite, which a learner can
    /// compute. O(N T) per step.
    pub kept_mass: Option<f64>,
}

/// What [`StageEnd`] compares with its conditions. Each value is computed only if it is needed.
pub(super) trait Progress {
    /// Steps of the stage so far.
    fn steps(&self) -> u64;
    /// The share of the budget that is spent.
    fn share(&self) -> f64;
    /// `alpha_A` of the model.
    fn alpha_a(&mut self) -> f64;
    /// The kept mass of the model.
    fn kept_mass(&mut self) -> f64;
}

impl StageEnd {
    /// The first condition that is out of its range, and the range.
    pub(super) fn complaint(&self) -> Option<(f64, &'static str)> {
        let numbers = [self.alpha, self.kept_mass].into_iter().flatten();
        match self.share.filter(|share| !(0.0..=1.0).contains(share)) {
            Some(share) => Some((share, "a share of the budget from 0 to 1")),
            None => numbers.into_iter().find(|number| !number.is_finite()).map(|number| (number, "a finite number")),
        }
    }

    /// Whether the stage is over.
    pub(super) fn reached(&self, progress: &mut dyn Progress) -> bool {
        self.steps.is_some_and(|limit| progress.steps() >= limit)
            || self.share.is_some_and(|share| progress.share() >= share)
            || self.alpha.is_some_and(|alpha| progress.alpha_a() >= alpha)
            || self.kept_mass.is_some_and(|mass| progress.kept_mass() >= mass)
    }
}
