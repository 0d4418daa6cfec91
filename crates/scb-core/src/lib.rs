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
//! | [`random`] | streams, and the distributions that tasks and samples are drawn from |
//! | [`task`] | the ground truth: transition matrix P, stationary distribution mu, attention patterns q |
//! | [`kernel`] | the loops that take the time, for AVX-512, AVX2 and any processor: draw and weigh, look up |
//! | [`data`] | token sequences and batches |
//! | [`model`] | the linear transformer `f = V X a`; softmax attention; rounding |
//! | [`learn`] | the mean gradient of a batch; one algorithm, one file; and the table of their names |
//! | [`theory`] | formulas without samples: expected gradients, the two-variable recursion, tail probabilities |
//! | [`measure`] | correlations, errors, the rounded model |
//! | [`train`] | the one training loop, its stages, milestones and observers |
//! | [`error`] | what can be wrong with a task, and with what is asked of a run |
//!
//! Symbols are those of the paper: `N` states, `Q` positions a query token attends to, `T` sequence
//! length, `B` batch size. This crate knows no files, no configuration and no threads across jobs; one large job shares
//! its work with idle threads of the pool it runs in. Its results are the same bits on every machine: integer sums or
//! fixed reduction orders, no fused multiply-add, and `libm` for transcendental functions.

pub mod data;
pub mod error;
pub mod kernel;
pub mod learn;
pub mod measure;
pub mod model;
pub mod random;
pub mod task;
pub mod theory;
pub mod train;

pub use error::{TaskError, TrainError};
pub use model::Linear;
pub use task::{Chain, Pattern, Task, TaskSpec, Weights};
