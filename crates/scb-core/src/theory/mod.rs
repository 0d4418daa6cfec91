//! Formulas of the theory, which need no samples.
//!
//! | item | is |
//! |---|---|
//! | [`population`] | exact expected gradients and loss of any model |
//! | [`planted()`], [`on_path()`] | models with given correlations, on the path that the iterates follow without noise |
//! | [`Recursion`] | the noise-free recursion of the correlations |
//! | [`mirrored`] | the probability that a run converges to the mirrored solution |
//! | [`noise`] | how the noise of both factors grows while boosting, and the samples by which the signal outgrows it |
//! | [`one_step`] | the probability that one step from planted correlations recovers the truth, and the batch it takes |
//! | [`support_threshold()`], [`support_probability()`], [`noncentrality()`] | the number of samples needed to find the support |
//! | [`chi_square`] | tail probabilities of the chi-square distribution |
//!
//! # Without noise
//!
//! From the uninformative start, Algorithm 1 with infinite batches and no threshold stays on the
//! path `V = mu 1' + alpha_V Pc`, `A = 1/T + alpha_A Qc`. So two numbers describe it. They obey
//!
//! ```text
//! alpha_V <- alpha_V - eta_V [(K_Q alpha_A^2 + 1/T) alpha_V - (K_Q alpha_A + 1/T)]
//! alpha_A <- alpha_A - eta_A K_P (alpha_V^2 alpha_A - alpha_V)
//! ```
//!
//! # The support
//!
//! The *support* of query token k is the set of its Q positions. The moment estimator of
//! [`learn`](crate::learn#the-moment-estimator) computes a statistic for each query token k and
//! position t. In the limit of many samples the statistic has a chi-square distribution with
//! `(N-1)^2` degrees of freedom outside the support. Within the support it is noncentral chi-square
//! with noncentrality `n_k q_t^2 K`, where `n_k` is the number of samples of query token k and `K`
//! is [`noncentrality()`]. The support is found when every true position has a larger statistic
//! than every other position.

pub mod chi_square;
pub mod mirrored;
pub mod noise;
mod normal;
pub mod one_step;
mod planted;
pub mod population;
mod recursion;
mod support;

pub use planted::{on_path, planted};
pub use recursion::Recursion;
pub use support::{noncentrality, support_probability, support_threshold};
