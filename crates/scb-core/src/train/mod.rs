//! Training: the training loop, its settings and its results.
//!
//! | item | is |
//! |---|---|
//! | [`train()`] | the training loop |
//! | [`TrainSpec`] | the settings of a run |
//! | [`Start`] | the initial model |
//! | [`StageEnd`] | when a stage ends |
//! | [`step_sizes()`] | the step sizes of a stage |
//! | [`Observer`] | receives a run at its checks |
//! | [`Milestones`] | sample counts at which goals were first reached |
//! | [`Status`], [`Outcome`] | how a run ended, and its result |
//! | [`learner()`] | the learner alone, to be stepped by hand |
//! | [`predicted()`] | predictions of theory for a run |
//! | [`cost`] | tokens and memory that a run takes |
//! | [`Pretraining`] | learning a V on another task |

pub mod cost;
mod milestone;
mod observe;
mod outcome;
mod prediction;
mod pretraining;
mod run;
mod spacing;
mod spec;
mod stage_end;
mod start;
mod status;
mod step_sizes;

pub use milestone::Milestones;
pub use observe::{Checkpoint, Observer};
pub use outcome::Outcome;
pub use prediction::{Predicted, SignalSamples, first_step, mirrored_with_noise, predicted, samples_to_signal};
pub use pretraining::{Pretrained, Pretraining, PretrainingError};
pub use run::{learner, train};
pub use spec::{StepScale, StopAt, TrainSpec};
pub use stage_end::StageEnd;
pub use start::Start;
pub use status::{MIRRORED_ALPHA, Status};
pub use step_sizes::step_sizes;

#[cfg(test)]
mod tests;
