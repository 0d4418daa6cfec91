//! Learning: one algorithm, one file, and one name in `algorithms!`.
//!
//! A learner is made from what it may know, its samples and a model to start from ([`Setup`]); it never
//! sees the task. An algorithm's file declares everything that is its own: its name, its parameters with
//! their defaults and ranges, what memory it takes, what it asks of the training loop ([`Algorithm`]).
//!
//! | file | holds |
//! |---|---|
//! | `algorithm` | what an algorithm declares of itself |
//! | `parameter` | parameters that one algorithm alone has |
//! | `learner` | what the training loop runs |
//! | `stage` | the stages of Algorithm 1 |
//! | `gradient` | the mean gradient of a batch |
//! | `sampled` | gradient methods on fresh samples |
//! | `composed` | plain optimisers: any rule on any parametrisation |
//! | `parametrisation` | linear attention, softmax attention |
//! | `rule` | gradient descent, Adam |
//! | the others | one algorithm each |
//!
//! A new algorithm is a new file and its name in `algorithms!`. A gradient method implements
//! [`Optimiser`] and is wrapped by [`Sampled`], which draws the batches; a method of another kind implements
//! [`Learner`] itself, as `moment` does.

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

/// Declares the modules and the table of algorithms at once.
macro_rules! algorithms {
    ($($module:ident),* $(,)?) => {
        $(mod $module;)*

        /// Every algorithm there is, in the order they are listed to a user. The first is Algorithm 1, the default.
        pub static ALGORITHMS: &[Algorithm] = &[$($module::ALGORITHM),*];

        /// The names of all algorithms, each called as its file is, for those who ask about one of them.
        #[allow(non_upper_case_globals, missing_docs, reason = "made from the names of files")]
        pub mod name {
            $(pub const $module: &str = super::$module::ALGORITHM.name;)*
        }

        /// How many parameters of their own all algorithms have together.
        pub const PARAMETER_COUNT: usize = 0 $(+ $module::ALGORITHM.parameters.len())*;

        /// The parameters that algorithms have of their own, in the order of [`ALGORITHMS`].
        pub const PARAMETERS: [Parameter; PARAMETER_COUNT] = {
            let lists: &[&[Parameter]] = &[$($module::ALGORITHM.parameters),*];
            parameter::flattened(lists)
        };
    };
}

algorithms!(prox, sgd, adam, population, softmax, softmax_adam, moment);

/// Looks up an algorithm by name.
#[must_use]
pub fn algorithm(name: &str) -> Option<&'static Algorithm> {
    ALGORITHMS.iter().find(|a| a.name == name)
}
