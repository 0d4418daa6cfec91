//! Training: the one loop, what it is asked for and what it tells. Only this and
//! [`measure`](crate::measure) see the truth and the model at once.
//!
//! | file | holds |
//! |---|---|
//! | `spec` | [`TrainSpec`], everything that decides a run besides the task and the data stream |
//! | `start` | [`Start`], where training starts |
//! | `stage_end` | [`StageEnd`], what ends a stage |
//! | `step_sizes` | [`step_sizes()`], from eta to the step sizes of a stage |
//! | `observe` | [`Observer`], which looks at a run while it goes |
//! | `milestone` | [`Milestones`], when a run was first somewhere |
//! | `status`, `outcome` | [`Status`] and [`Outcome`], what a run came to |
//! | `run` | [`train()`], the loop |
//! | [`cost`] | what a run costs, before it is made |
//! | `prediction` | [`predicted()`], what theory says of a run before it is made |
//! | `pretraining` | [`Pretraining`], how a V to transfer is learned |

pub mod cost;
mod milestone;
mod observe;
mod outcome;
mod prediction;
mod pretraining;
mod run;
mod spec;
mod stage_end;
mod start;
mod status;
mod step_sizes;

pub use milestone::Milestones;
pub use observe::{Checkpoint, Observer};
pub use outcome::Outcome;
pub use prediction::{Predicted, predicted};
pub use pretraining::{Pretrained, Pretraining, PretrainingError};
pub use run::{learner, train};
pub use spec::{StepScale, StopAt, TrainSpec};
pub use stage_end::StageEnd;
pub use start::Start;
pub use status::{MIRRORED_ALPHA, Status};
pub use step_sizes::step_sizes;

#[cfg(test)]
mod tests;
