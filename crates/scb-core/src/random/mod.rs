//! Random numbers: streams, and the distributions that tasks and samples are drawn from.

mod categorical;
mod stream;

pub use categorical::Categorical;
pub use stream::{Seed, Stream, child, dirichlet, log_gamma_variate, normal, stream, uniform};
