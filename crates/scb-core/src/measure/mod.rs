//! Distances of a model from the truth: correlations, relative errors, the support.
//!
//! [`Truth`] prepares a task; its methods compare models with it. [`Errors`] holds all distances,
//! [`Rounded`] those that [rounding](crate::model#rounding) the attention would give.

mod truth;

pub use truth::{Errors, Rounded, Truth};
