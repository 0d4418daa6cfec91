//! What a run came to, and how it ended.

use super::{Milestones, Status};
use crate::measure::Errors;
use crate::model::Linear;

/// What a run came to.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    /// How it ended.
    pub status: Status,
    /// Steps taken.
    pub steps: u64,
    /// Samples used, `steps * B`.
    pub samples: u64,
    /// Tokens of the samples, `samples * T`; 0 for a learner that draws none. Those that a fixed attention does not look
    /// at are counted too, though nobody draws them.
    pub tokens: u64,
    /// First sample counts.
    pub milestones: Milestones,
    /// `alpha_V` at the start.
    pub start_alpha_v: f64,
    /// `alpha_V` at the end.
    pub alpha_v: f64,
    /// `alpha_A` at the end.
    pub alpha_a: f64,
    /// Distances from the truth at the end.
    pub errors: Errors,
    /// How often the signs of both factors were flipped; `None` if the learner never does that.
    pub flips: Option<u64>,
    /// The model at the end.
    pub model: Linear,
}
