//! Models that are trained.
//!
//! | item | is |
//! |---|---|
//! | [`Linear`] | the linear transformer `f = V X a^(k)` |
//! | [`Model`] | a model as measures see it |
//! | [`clear_mass()`] | the attention that stands out of the noise, which a learner can compute |
//! | [`kept_mass()`] | the attention that rounding would keep, which a learner can compute |
//!
//! Softmax attention is a linear transformer whose attention is `a^(k) = softmax(s^(k))`; its
//! learners are in [`learn`](crate::learn).
//!
//! # Rounding
//!
//! Rounding keeps the entries of `a^(k)` that are at least `floor`, sets the others to 0 and
//! divides by the sum. When a model is rounded, Vc is multiplied by the mean of these sums over
//! query tokens, with weights mu, so V takes over the scale. With equal weights
//! `floor = keep * largest`, where `largest` is the largest entry of the row. With unequal weights
//! that would drop true positions of small weight. The true attention has no negative entries, and
//! noise has as many as positive ones. So the smallest entry shows how far noise reaches, and
//!
//! ```text
//! floor = min(keep * largest, 1/T + 1.5 sqrt((1/T - smallest)^2 + residual_noise^2))
//! ```
//!
//! An algorithm may *cut* the attention, that is set small entries to 0, before it rounds (`cut` of
//! `prox`). A cut takes away the negative entries and may leave positive ones that are noise.
//! `residual_noise` says how far above `1/T` these reach ([`Linear::residual_noise`]). The same
//! rule serves learners that round and [`measure`](crate::measure), which says what rounding would
//! give.

mod attention;
mod clear_mass;
mod kept_mass;
mod linear;
pub(crate) mod rounding;
pub(crate) mod softmax;

pub use attention::{Attention, Model, Path};
pub(crate) use attention::{Row, smallest};
pub use clear_mass::clear_mass;
pub use kept_mass::kept_mass;
pub use linear::Linear;
