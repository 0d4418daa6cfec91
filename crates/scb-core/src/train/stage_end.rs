//! When a stage ends.

use super::spacing::spaced;

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
    /// When [`clear_mass`](crate::model::clear_mass) reaches this value, finite, which a learner can
    /// compute. It is looked at before steps of the stage whose numbers, from 0, grow by a
    /// tenth, rounded down, so at every one to the twentieth. O(N T) per look.
    pub clear_mass: Option<f64>,
}

/// By how much the number of a step grows from one look at the clear mass to the next.
const BETWEEN_LOOKS: f64 = 0.1;

impl StageEnd {
    /// The step of a stage, from its beginning, before which the clear mass is looked at after it
    /// has been looked at before the step `in_stage`.
    pub(super) fn look_after(in_stage: u64) -> u64 {
        spaced(in_stage, BETWEEN_LOOKS)
    }

    /// The first condition that is out of its range, and the range.
    pub(super) fn complaint(&self) -> Option<(f64, &'static str)> {
        let numbers = [self.alpha, self.kept_mass, self.clear_mass].into_iter().flatten();
        match self.share.filter(|share| !(0.0..=1.0).contains(share)) {
            Some(share) => Some((share, "a share of the budget from 0 to 1")),
            None => numbers.into_iter().find(|number| !number.is_finite()).map(|number| (number, "a finite number")),
        }
    }
}
