//! The mathematics of learning a sparse contextual bigram (SCB) with a linear transformer, after
//! Ren, Wang and Lee, "Learning and Transferring Sparse Contextual Bigrams with Linear
//! Transformers" (NeurIPS 2024, arXiv 2410.23438).
//!
//! Draw a task, train on it, read when it was learned:
//!
//! ```
//! use scb_core::random::stream;
//! use scb_core::train::{Status, TrainSpec, train};
//! use scb_core::{Task, TaskSpec};
//!
//! fn main() -> Result<(), Box<dyn std::error::Error>> {
//!     // Three states; each query token attends to two of 64 positions.
//!     let task = Task::draw(&TaskSpec::new(3, 2, 64), &mut stream(*b"any sixteen byte"))?;
//!     println!("K_P = {:.3}, mu = {:.3}", task.k_p(), task.stationary());
//!
//!     // Algorithm 1 of the paper on batches of 128 fresh samples, until V and A are recovered.
//!     let spec = TrainSpec { batch_size: 128, max_samples: 20_000, ..TrainSpec::default() };
//!     let outcome = train(&task, &spec, stream(*b"stream of a run."), &mut ())?;
//!
//!     assert_eq!(outcome.status, Status::Recovered);
//!     let samples = outcome.milestones.recovery.ok_or("not recovered")?;
//!     println!("recovered after {samples} samples: V = {:.2}", outcome.model.value);
//!     Ok(())
//! }
//! ```
//!
//! The same task, settings and streams give the same bits on every machine and for any number of threads:
//! sums are of integers or have a fixed order, there is no fused multiply-add, and transcendental
//! functions are `libm`'s.
//!
//! # From a task to a model
//!
//! ```text
//! TaskSpec -> Task -> Batches (tokens, h = X a) -> Gradient -> Optimiser -> Linear model
//!                        ^                                                      |
//!                        +-------------- FixedPointAttention: a as integers <------------+
//!             train(): stages, milestones, stop reason
//! ```
//!
//! | module | holds | uses |
//! |---|---|---|
//! | [`random`] | streams, and the distributions that tasks and samples are drawn from | |
//! | [`task`] | the truth: transition matrix P, stationary distribution mu, attention patterns q | random |
//! | `kernel` | the loops that take the time, for AVX-512, AVX2 and any processor | random |
//! | [`model`] | the linear transformer `f = V X a`; softmax attention; rounding | task, kernel |
//! | [`data`] | samples of a task, batch by batch | task, kernel |
//! | [`theory`] | formulas without samples: expected gradients, the two-variable recursion, predictions | task, model |
//! | [`measure`] | correlations with the truth and distances from it | task, model, theory |
//! | [`learn`] | gradients and algorithms, one a file; they see samples, mu, N and T, never the truth | data, model |
//! | [`train`] | the one training loop, its stages, milestones and observers | all |
//! | [`error`] | what can be wrong with a task, and with what is asked of a run | |
//!
//! Symbols are those of the paper: `N` states, `Q` positions a query token attends to, `T` sequence
//! length, `B` batch size. This crate knows no files, no configuration and no threads across jobs; one large
//! job shares its work with idle threads of the pool that it runs in.

pub mod data;
pub mod error;
mod kernel;
pub mod learn;
pub mod measure;
pub mod model;
pub mod random;
pub mod task;
pub mod theory;
pub mod train;

pub use error::{TaskError, TrainError};
pub use kernel::{Level, level_in_use, use_level};
pub use model::Linear;
pub use ndarray;
pub use task::{Chain, Pattern, Task, TaskSpec, Weights};

/// The inside of the kernels, for benchmarks and for tests of random numbers. It may change at any time.
#[doc(hidden)]
pub mod inside {
    pub use crate::kernel::{Bits, Block, Layout, Residuals, Sequences, States, Table, table_size, width};
    pub use crate::random::Categorical;
}
