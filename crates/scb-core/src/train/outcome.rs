//! The result of a run.

use super::{Milestones, Status};
use crate::measure::Errors;
use crate::model::Model;

/// The result of a run.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    /// How it ended.
    pub status: Status,
    /// Steps taken.
    pub steps: u64,
    /// Samples used, `steps * B`.
    pub samples: u64,
    /// Tokens of the samples, `samples * T`; 0 for a learner that draws none. Tokens that are not
    /// drawn because the fixed attention ignores them are counted too.
    pub tokens: u64,
    /// The sample counts at which milestones were first reached.
    pub milestones: Milestones,
    /// `alpha_V` at the start.
    pub start_alpha_v: f64,
    /// `alpha_V` at the end.
    pub alpha_v: f64,
    /// `alpha_A` at the end.
    pub alpha_a: f64,
    /// Distances from the truth at the end.
    pub errors: Errors,
    /// Number of sign flips of both factors; `None` if the learner never flips.
    pub flips: Option<u64>,
    /// The model at the end.
    pub model: Model<'static>,
}
