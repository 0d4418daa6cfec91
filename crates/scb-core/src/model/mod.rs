//! Models that are trained.
//!
//! | file | holds |
//! |---|---|
//! | `linear` | [`Linear`], the linear transformer |
//! | `softmax` | softmax attention, and the gradient of its logits |
//! | `rounding` | which entries of an attention are its positions: one rule, for learners and for measures |
//! | `kept_mass` | [`kept_mass()`], what a learner can see of its own progress |

mod kept_mass;
mod linear;
pub(crate) mod rounding;
pub(crate) mod softmax;

pub use kept_mass::kept_mass;
pub use linear::Linear;
