//! Samples of a task, batch by batch.

mod batches;

pub use batches::{Attended, Batches, Chunk};
