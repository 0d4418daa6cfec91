//! The mathematics of learning a sparse contextual bigram (SCB) with a linear transformer, after
//! Ren, Wang and Lee, "Learning and Transferring Sparse Contextual Bigrams with Linear
//! Transformers" (NeurIPS 2024, arXiv 2410.23438).
//!
//! A step goes round once, on a task that is drawn before:
//!
//! ```text
//! TaskSpec -> Task -> Batches (tokens, h = X a) -> Gradient -> Optimiser -> Linear model
//!                        ^                                                      |
//!                        +-------------- FixedPoint: a as integers <------------+
//!             train(): stages, milestones, stop reason
//! ```
//!
//! | module | holds |
//! |---|---|
//! | [`task`] | the ground truth: transition matrix P, stationary distribution mu, attention patterns q |
//! | [`stationary`] | mu of a transition matrix, by the GTH elimination |
//! | [`categorical`] | a distribution over a few states, exact to 64 bits |
//! | [`sampler`] | token sequences and batches |
//! | [`kernel`] | the loops that take the time, for AVX-512, AVX2 and any processor: draw and weigh, look up |
//! | [`model`] | the linear transformer `f = V X a`; softmax attention |
//! | [`gradient`] | the mean gradient of a batch, chunk by chunk |
//! | [`population`] | exact expected gradients and loss, and the two-variable recursion |
//! | [`optimise`] | one algorithm, one file; and the table of their names |
//! | [`mirror`] | how likely a run is to grow into the mirrored solution |
//! | [`transfer`] | tasks to learn from before another one |
//! | [`chi_square`] | tail probabilities |
//! | [`metrics`] | correlations, errors, the rounded model |
//! | [`train`] | the one training loop, its stages, milestones and observers |
//! | [`random`] | streams, and the distributions that tasks are drawn from |
//! | [`error`] | what can be wrong with a task, and with what is asked of a run |
//!
//! Symbols are those of the paper: `N` states, `Q` positions a query token attends to, `T` sequence
//! length, `B` batch size. This crate knows no files, no configuration and no threads across jobs; one large job shares
//! its work with idle threads of the pool it runs in. Its results are the same bits on every machine: integer sums or
//! fixed reduction orders, no fused multiply-add, and `libm` for transcendental functions.

pub mod categorical;
pub mod chi_square;
pub mod error;
pub mod gradient;
pub mod kernel;
pub mod metrics;
pub mod mirror;
pub mod model;
pub mod optimise;
pub mod population;
pub mod random;
pub mod sampler;
pub mod stationary;
pub mod task;
pub mod train;
pub mod transfer;

pub use error::{TaskError, TrainError};
pub use model::Linear;
pub use task::{Chain, Pattern, Task, TaskSpec, Weights};
