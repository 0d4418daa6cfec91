//! Random numbers: streams, and the distributions that tasks and samples are drawn from.

mod categorical;
mod stream;

pub use categorical::Categorical;
pub use stream::*;
