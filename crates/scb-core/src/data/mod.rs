//! Samples of a task, batch by batch.
//!
//! | file | holds |
//! |---|---|
//! | `batches` | [`Batches`], which draws them |
//! | `chunk` | [`Chunk`], those that are in memory at once |
//! | [`FixedPoint`] | the attention as integers, which samples meet while they are drawn |
//! | `attended` | [`Attended`], the entries of an attention that is fixed and has few |

mod attended;
mod batches;
mod chunk;

pub use attended::Attended;
pub use batches::Batches;
pub use chunk::Chunk;

pub use crate::kernel::FixedPoint;
