//! Formulas of the theory, which need no samples.
//!
//! | file | holds |
//! |---|---|
//! | [`population`] | expected gradients and loss at any model |
//! | `planted` | [`planted()`], models on the path that the iterates follow without noise |
//! | `recursion` | [`Recursion`], the two variables that the iterates follow without noise |
//! | [`mirrored`] | how likely a run is to grow into the mirrored solution |
//! | `support` | how many samples the support takes |
//! | [`chi_square`] | tail probabilities |

pub mod chi_square;
pub mod mirrored;
mod planted;
pub mod population;
mod recursion;
mod support;

pub use planted::planted;
pub use recursion::Recursion;
pub use support::{noncentrality, support_probability, support_threshold};
