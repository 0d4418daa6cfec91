//! Samples of a task, batch by batch.
//!
//! A sample is a query token `k ~ mu`, tokens `x_1 .. x_T ~ mu`, a position `s ~ q^(k)` and an
//! output `x_o ~ P[., x_s]`. [`Batches`] draws samples and passes them on in chunks that fit the
//! cache ([`Chunk`]). A learner needs two things of a sequence: the histogram `h = X a^(k)` and
//! the tokens themselves, for the gradient of the attention. The histogram is computed while the
//! tokens are drawn.
//!
//! On a thread of a rayon pool that has idle threads, those draw the next samples ahead, and
//! histograms are computed when the model is known. The samples are the same. As in
//! `rayon::join`, the thread may then run other jobs of its pool in between.
//!
//! ```
//! use scb_core::data::{Batches, FixedPointAttention};
//! use scb_core::random::stream;
//! use scb_core::{Linear, Task, TaskSpec};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let task = Task::draw(&TaskSpec::new(3, 2, 64), &mut stream([1; 16]))?;
//! let mut batches = Batches::new(&task, 100, stream([2; 16]))?;
//!
//! // The attention with which histograms are computed; here it is 1/64 everywhere.
//! let mut attention = FixedPointAttention::zeros(3, 64);
//! attention.set(&Linear::uninformative(&task.known()).attention);
//!
//! let mut samples = 0;
//! batches.for_each_chunk(&attention, |chunk| {
//!     for (place, query) in chunk.samples() {
//!         let tokens: Vec<usize> = (0..64).map(|position| chunk.token(place, position)).collect();
//!         let output = chunk.output(place);
//!         assert!(query < 3 && output < 3 && tokens.iter().all(|&token| token < 3));
//!
//!         // `h[m]` is the attention on token m: here the share of the tokens that are m.
//!         let zeros = tokens.iter().filter(|&&token| token == 0).count();
//!         assert!((chunk.histogram(place)[0] - zeros as f64 / 64.0).abs() < 1e-6);
//!         samples += 1;
//!     }
//! });
//! assert_eq!(samples, 100);
//! # Ok(())
//! # }
//! ```
//!
//! | item | is |
//! |---|---|
//! | [`Batches`] | a source of batches |
//! | [`Chunk`] | a part of a batch, in memory at once |
//! | [`FixedPointAttention`] | the attention in fixed point, from which histograms are computed |
//! | [`SparseAttention`] | a fixed attention with few non-zero entries |
//! | [`Samples`] | samples as arrays |

mod ahead;
mod batches;
mod chunk;
mod sampler;
mod samples;
mod sparse;

pub use batches::Batches;
pub use chunk::Chunk;
pub use samples::Samples;
pub use sparse::SparseAttention;

pub use crate::kernel::FixedPointAttention;
