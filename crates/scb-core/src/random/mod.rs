//! Random numbers: streams, and the distributions that tasks and samples are drawn from.
//!
//! A [`Stream`] is the generator PCG XSL 128/64 MCG of `rand_pcg`. There is one for each unit of
//! work, so that results do not depend on what else runs. Only `libm` functions are used, so draws
//! are the same on every machine.

mod categorical;
mod stream;

pub use categorical::Categorical;
pub use stream::{Seed, Stream, child, dirichlet, log_gamma_variate, normal, stream, uniform};
