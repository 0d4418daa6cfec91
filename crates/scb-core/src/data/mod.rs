//! Samples of a task, batch by batch.
//!
//! | file | holds |
//! |---|---|
//! | `batches` | [`Batches`], which draws them |
//! | `chunk` | [`Chunk`], those that are in memory at once |
//! | [`FixedPointAttention`] | the attention as integers, which samples meet while they are drawn |
//! | `sparse` | [`SparseAttention`], the entries of an attention that is fixed and has few |

mod batches;
mod chunk;
mod sparse;

pub use batches::Batches;
pub use chunk::Chunk;
pub use sparse::SparseAttention;

pub use crate::kernel::FixedPointAttention;
