//! The mathematics of learning a sparse contextual bigram (SCB) with a linear transformer, after
//! Ren, Wang and Lee, "Learning and Transferring Sparse Contextual Bigrams with Linear
//! Transformers" (NeurIPS 2024, arXiv 2410.23438).
//!
//! # The problem
//!
//! A *sparse contextual bigram* is a distribution of tokens `(x_1 .. x_T, x_{T+1}, x_o)`. Each
//! token is one of N states. The query token `k = x_{T+1}` and the tokens `x_1 .. x_T` are
//! independent draws from the stationary distribution mu of a transition matrix P. A position s is
//! drawn from the attention pattern `q^(k)`, which has Q non-zero weights, and the output `x_o` is
//! drawn from column `x_s` of P.
//!
//! The *linear transformer* predicts `f = V X a^(k)`: X holds the tokens as columns, each with a
//! single 1 (one-hot), V is an N x N matrix, and `a^(k)` holds the T attention weights of query
//! token k. The loss is `1/2 E |e_{x_o} - f|^2`, where `e_n` is the one-hot vector of state n. The
//! truth is `V = P`, `a^(k) = q^(k)`.
//!
//! | symbol | means |
//! |---|---|
//! | N, Q, T, B | number of states, positions per pattern, sequence length, batch size |
//! | A, Q | as matrices of shape `(T, N)`: column k is `a^(k)`, `q^(k)` |
//! | `<U, W>_mu` | `sum_k mu_k <U_k, W_k>` over the columns k |
//! | <code>\|U\|_mu</code> | the norm: `<U, U>_mu` is its square |
//! | `Vc`, `Pc` | the centred factors `V - mu 1'` and `P - mu 1'` |
//! | `Ac`, `Qc` | the centred factors `A - 1/T` and `Q - 1/T` |
//! | `K_P`, `K_Q` | `<Pc, Pc>_mu` and `<Qc, Qc>_mu`, the constants of a task |
//! | `alpha_V`, `alpha_A` | the correlations `<Vc, Pc>_mu / K_P` and `<Ac, Qc>_mu / K_Q`; 1 at the truth |
//! | uninformative start | `V = mu 1'`, `a^(k) = 1/T`: both correlations are 0 |
//! | mirrored solution | both centred factors have the wrong sign, so both correlations are -1; its loss exceeds that of the truth by `2 K_P / T` only |
//! | eta, lambda | step size and l1 regularisation |
//!
//! States, query tokens and positions count from 0 in the code and from 1 in error messages. Other
//! symbols are those of the paper.
//!
//! # Example
//!
//! Draw a task, train on it, and see how many samples that took:
//!
//! ```
//! use scb_core::random::stream;
//! use scb_core::train::{Status, TrainSpec, train};
//! use scb_core::{Task, TaskSpec};
//!
//! fn main() -> Result<(), Box<dyn std::error::Error>> {
//!     // Three states; each query token attends to two of 64 positions. A seed is 16 bytes.
//!     let task = Task::draw(&TaskSpec::new(3, 2, 64), &mut stream([1; 16]))?;
//!     println!("K_P = {:.3}, mu = {:.3}", task.k_p(), task.stationary());
//!
//!     // Algorithm 1 of the paper on batches of 128 fresh samples, until V and A are recovered.
//!     let spec = TrainSpec { batch_size: 128, max_samples: 20_000, ..TrainSpec::default() };
//!     let outcome = train(&task, &spec, stream([2; 16]), &mut ())?;
//!
//!     assert_eq!(outcome.status, Status::Recovered);
//!     let samples = outcome.milestones.recovery.ok_or("not recovered")?;
//!     println!("recovered after {samples} samples: V = {:.2}", outcome.model.value);
//!     Ok(())
//! }
//! ```
//!
//! The same task, settings and streams give the same results, bit for bit, on every machine and for
//! any number of threads. Sums are over integers or have a fixed order, each kernel uses fused
//! multiply-add on every machine or on none, and transcendental functions come from `libm`.
//!
//! # From a task to a model
//!
//! ```text
//! TaskSpec -> Task -> Batches (tokens, h = X a) -> Gradient -> Optimiser -> Linear model
//!                        ^                                                      |
//!                        +------ FixedPointAttention: a as integers <-----------+
//!             train(): stages, milestones, stop reason
//! ```
//!
//! | module | holds | uses |
//! |---|---|---|
//! | [`random`] | streams, and the distributions that tasks and samples are drawn from | |
//! | [`task`] | the ground truth: P, mu and the attention patterns | random |
//! | [`model`] | the linear transformer `f = V X a`; softmax attention; rounding | task |
//! | [`data`] | samples of a task, batch by batch | task |
//! | [`theory`] | exact gradients and loss, the noise-free recursion, predictions | task, model |
//! | [`measure`] | correlations with the truth and distances from it | task, model, theory |
//! | [`learn`] | gradients and algorithms; learners see samples, mu, N and T, never P or q | data, model, theory, measure |
//! | [`train`] | the training loop, its stages, milestones and observers | all |
//! | [`error`] | errors of tasks and of training settings | |
//!
//! The inner loops are in a private module, in versions for AVX-512, AVX2 and any processor
//! ([`Level`]); all give the same bits. The crate reads no files and no configuration. It starts no
//! threads of its own: a job shares its work with idle threads of the rayon pool that it runs in.
#![doc = ""]
#![doc = include_str!("../README.md")]

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
pub use task::{Chain, MAX_STATES, Pattern, Task, TaskSpec, Weights};

/// Internals of the kernels, for benchmarks and tests of the random words. Not part of the API.
#[doc(hidden)]
pub mod inside {
    pub use crate::kernel::{Bits, Block, Layout, Residuals, Sequences, States, Table, TokenSource, table_size, width};
    pub use crate::random::Categorical;
}
