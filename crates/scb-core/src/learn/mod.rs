//! Learning algorithms.
//!
//! A learner sees what it may know of the task, its samples and its initial model ([`Setup`]). It
//! never sees P or the attention patterns; `population` alone is given the task, for it follows a
//! formula and learns nothing. [`Algorithm`] describes an algorithm: its name, its
//! parameters, its memory and how to make a learner. [`ALGORITHMS`] lists those of this crate:
//!
//! | name | method |
//! |---|---|
//! | `prox` | Algorithm 1 of the paper: preconditioned, projected, l1-proximal gradient descent |
//! | `sgd` | stochastic gradient descent on V and A |
//! | `adam` | Adam on V and A |
//! | `population` | the infinite-batch limit of `prox`, without threshold and rounding: [`Recursion`](crate::theory::Recursion) |
//! | `softmax` | stochastic gradient descent on V and the logits of softmax attention |
//! | `softmax_adam` | Adam on V and the logits |
//! | `moment` | the moment estimator, without gradients |
//!
//! | item | is |
//! |---|---|
//! | [`Learner`], [`Setup`], [`StepSizes`], [`Stage`], [`Alignment`] | what the training loop runs, and what it passes and asks |
//! | [`Optimiser`], [`Sampled`] | a gradient method, and the learner made of it and its batches |
//! | [`Gradient`], [`GradientAccumulator`], [`mean_gradient()`] | the mean gradient of a batch |
//! | [`Algorithm`], [`Constructor`], [`InitialModel`], [`Prediction`] | the description of an algorithm |
//! | [`Parameter`], [`Range`], [`ParameterValues`] | parameters that belong to one algorithm |
//!
//! # The gradient
//!
//! For one sample with query token k let `h = X a^(k)`, a weighted histogram of its tokens, and let
//! `r = V h - e_{x_o}` be the residual. The gradients of the loss `1/2 |r|^2` are
//!
//! ```text
//! dV = r h'        da^(k)_t = (V' r)[x_t]
//! ```
//!
//! so the gradient of the attention takes one table look-up per token. Step sizes `eta_V` and
//! `eta_A` multiply the mean over a batch. `sgd` steps `V <- V - eta_V dV`,
//! `a^(k) <- a^(k) - eta_A da^(k)`. `softmax` learns logits `s^(k)` with `a^(k) = softmax(s^(k))`,
//! and steps `s^(k) <- s^(k) - eta_A ds^(k)` with `ds_t = a_t (da_t - <a, da>)`. Near the uniform
//! start a logit changes the attention by `1/T` of its own change and has `1/T` of the gradient. So
//! softmax needs an `eta_A` that is `T^2` times larger for the same rate of growth
//! ([`attention_step`](crate::train::TrainSpec::attention_step)). Adam is that of Kingma and Ba
//! (arXiv 1412.6980) with their constants.
//!
//! # Algorithm 1
//!
//! `prox` does this in every step:
//!
//! ```text
//! dV <- dV diag(1/mu)          dV <- dV - column means      dV <- dV - (dV mu) 1'
//! da^(k) <- da^(k) / mu_k      da^(k) <- da^(k) - mean
//! V <- V - eta_V dV            a^(k) <- a^(k) - eta_A da^(k)
//! sparse stage: a <- sign(a) max(|a| - eta_A lambda, 0), then a <- a + (1 - 1'a)/T
//! ```
//!
//! The preconditioning by `1/mu` makes every query token learn at the same rate. The projection
//! keeps `1'V = 1'`, `V mu = mu` and `1'a = 1`. The algorithm must know mu, which it could estimate
//! from the tokens. It has three stages ([`Stage`]). Between boosting and the sparse stage the
//! entries of `a` that may be noise are set to 0: those that [rounding](crate::model#rounding) with
//! the fraction `cut` would drop. When the rounding stage begins the attention is rounded; after
//! that only V changes.
//!
//! # The sign flip
//!
//! The model `(V, A)` and its mirror image `(2 mu 1' - V, 2/T - A)` fit almost equally well. At the
//! truth their losses differ by `2 K_P / T`, and it takes about `T / K_P` samples to see that. But
//! the true attention consists of a few positive weights, so its centred entries are not large and
//! negative. The parameter `flip` of `prox` uses this. In the boosting stage, `prox` compares the
//! largest entry of the centred attention with the most negative one, each averaged over query
//! tokens with weights mu. If the ratio of negative to positive exceeds `flip`, the model is
//! replaced by its mirror image. No ground truth is needed.
//!
//! # The moment estimator
//!
//! Given the query token k, the output depends on the token at position t through
//!
//! ```text
//! C_t^(k) = E[(e_{x_o} - mu) (e_{x_t} - mu)' | k] = q_t^(k) Pc diag(mu)
//! ```
//!
//! which is 0 outside the support, the set of positions that k attends to. `moment` counts its
//! empirical value and computes the statistic `n_k |diag(mu)^(-1/2) C diag(mu)^(-1/2)|_F^2` from
//! the `n_k` samples of query token k. Its distribution is that of
//! [`theory`](crate::theory#the-support). Positions with a large statistic get the attention, and V
//! follows by least squares.
//!
//! # An algorithm of your own
//!
//! Implement [`Optimiser`] for a gradient method and wrap it in [`Sampled`], which draws the
//! batches and takes their gradients. Implement [`Learner`] for any other method. Gradient descent
//! with momentum:
//!
//! ```
//! use scb_core::learn::{
//!     Algorithm, Constructor, Gradient, Optimiser, Parameter, ParameterValues, Prediction, Range,
//!     Sampled, StepSizes,
//! };
//! use scb_core::random::stream;
//! use scb_core::task::Known;
//! use scb_core::train::{Status, TrainSpec, train};
//! use scb_core::{Linear, Task, TaskSpec};
//!
//! const BETA: Parameter = Parameter {
//!     name: "beta",
//!     default: 0.9,
//!     range: Range { max: 0.999, ..Range::UNIT },
//!     tuned: true,
//!     meaning: "momentum",
//! };
//!
//! /// Gradient descent with momentum: `m <- beta m + (1 - beta) g`, `x <- x - eta m`.
//! struct Momentum {
//!     beta: f64,
//!     mean: Gradient,
//! }
//!
//! impl Optimiser for Momentum {
//!     fn keeps_unit_rows(&self) -> bool {
//!         false
//!     }
//!
//!     fn step(&mut self, model: &mut Linear, g: &mut Gradient, _: &Known, sizes: &StepSizes) {
//!         let beta = self.beta;
//!         self.mean.value.zip_mut_with(&g.value, |m, &g| *m = beta * *m + (1.0 - beta) * g);
//!         let (keep, add) = (beta as f32, (1.0 - beta) as f32);
//!         self.mean.attention.zip_mut_with(&g.attention, |m, &g| *m = keep * *m + add * g);
//!         model.value.scaled_add(-sizes.value, &self.mean.value);
//!         model.attention.scaled_add(-sizes.attention as f32, &self.mean.attention);
//!     }
//! }
//!
//! static MOMENTUM: Algorithm = Algorithm {
//!     name: "momentum",
//!     summary: "gradient descent with momentum",
//!     parameters: &[BETA],
//!     scale_free: false,
//!     bytes: |n, t| 4.0 * n * t,
//!     prediction: |_| Prediction::Nothing,
//!     make: Constructor::FromSamples(|setup| {
//!         let beta = setup.parameters.get(&BETA);
//!         let mean = Gradient::zeros(setup.known.n, setup.known.t);
//!         Box::new(Sampled::new(setup, Momentum { beta, mean }))
//!     }),
//! };
//!
//! fn main() -> Result<(), Box<dyn std::error::Error>> {
//!     let task = Task::draw(&TaskSpec::new(3, 2, 64), &mut stream([1; 16]))?;
//!     let parameters = ParameterValues::defaults().with(&BETA, 0.8);
//!     let spec = TrainSpec { algorithm: &MOMENTUM, parameters, ..TrainSpec::default() };
//!     let outcome = train(&task, &spec, stream([2; 16]), &mut ())?;
//!     assert_eq!(outcome.status, Status::Recovered);
//!     Ok(())
//! }
//! ```
//!
//! # For contributors
//!
//! To add an algorithm to this crate, write a file in `learn/` with a constant `ALGORITHM`, and add
//! the name of the file to `algorithms!` in `learn/mod.rs`. A file is one of these:
//!
//! | file | holds |
//! |---|---|
//! | `prox`, `population`, `moment` | an algorithm each |
//! | `sgd`, `adam` | an update rule, and the algorithm that has it on linear attention |
//! | `softmax`, `softmax_adam` | the same rules on softmax attention |
//! | `rule`, `parametrisation`, `composed` | what an update rule is, what it changes, any rule on any parametrisation |
//! | `sampled`, `gradient` | a gradient method on fresh samples, the mean gradient of a batch |
//! | `algorithm`, `parameter`, `learner`, `stage` | what an algorithm declares, and what the training loop runs |

mod algorithm;
mod composed;
mod gradient;
mod learner;
mod parameter;
mod parametrisation;
mod rule;
mod sampled;
mod stage;

pub use algorithm::{Algorithm, Constructor, InitialModel, Prediction};
pub use gradient::{Gradient, GradientAccumulator, mean_gradient};
pub use learner::{Alignment, Learner, Setup, StepSizes};
pub use parameter::{Parameter, ParameterValues, Range};
pub use prox::FLIP;
pub use sampled::{Optimiser, Sampled};
pub use stage::Stage;

/// Declares the modules and the list of algorithms.
macro_rules! algorithms {
    ($($module:ident),* $(,)?) => {
        $(mod $module;)*

        /// The algorithms of this crate. The first one, Algorithm 1 of the paper, is the default.
        pub static ALGORITHMS: &[Algorithm] = &[$($module::ALGORITHM),*];

        /// The names of all algorithms, each called as its file is, for those who ask about one of
        /// them.
        #[allow(non_upper_case_globals, missing_docs, reason = "made from the names of files")]
        pub mod name {
            $(pub const $module: &str = super::$module::ALGORITHM.name;)*
        }

        /// Number of entries of [`PARAMETERS`].
        pub const PARAMETER_COUNT: usize = 0 $(+ $module::ALGORITHM.parameters.len())*;

        /// The parameters of all [`ALGORITHMS`], in that order.
        pub const PARAMETERS: [Parameter; PARAMETER_COUNT] = {
            let lists: &[&[Parameter]] = &[$($module::ALGORITHM.parameters),*];
            parameter::flattened(lists)
        };
    };
}

algorithms!(prox, sgd, adam, population, softmax, softmax_adam, moment);

/// The algorithm of this name in [`ALGORITHMS`]; `None` if there is none.
#[must_use]
pub fn algorithm(name: &str) -> Option<&'static Algorithm> {
    ALGORITHMS.iter().find(|a| a.name == name)
}
