//! The algorithms. One file each, and one name in `algorithms!`.
//!
//! A gradient method implements [`Optimiser`] and is wrapped by [`Sampled`], which draws the batches.
//! A method that needs no samples, or no gradients, implements [`Learner`] itself, as `population` and `moment` do.

use ndarray::Array2;

use crate::data::{Attended, Batches};
use crate::kernel::FixedPoint;
use crate::learn::gradient::{Accumulator, Gradient};
use crate::measure::Truth;
use crate::model::Linear;
use crate::random::Stream;
use crate::task::Task;

pub mod gradient;
mod stage;

pub use stage::Stage;

/// Declares the modules and the table of algorithms at once.
macro_rules! algorithms {
    ($($module:ident),* $(,)?) => {
        $(mod $module;)*

        /// Every algorithm there is, in the order they are listed to a user.
        pub static ALGORITHMS: &[Algorithm] = &[$($module::ALGORITHM),*];
    };
}

algorithms!(prox, sgd, population, softmax, softmax_adam, moment);

/// One row of [`ALGORITHMS`].
#[derive(Debug)]
pub struct Algorithm {
    /// What a user types.
    pub name: &'static str,
    /// One line for the list of algorithms.
    pub summary: &'static str,
    /// Whether a step simulates `B T` tokens; if not, its cost does not depend on the batch size.
    pub draws_samples: bool,
    /// Whether a step of size eta already means the same across tasks, so that eta is not divided by the task's constants.
    pub scale_free: bool,
    /// Bytes that it takes beyond a model and its gradient, for N states and length T.
    pub bytes: fn(f64, f64) -> f64,
    /// Makes a learner at its starting point.
    pub learner: for<'t> fn(&Setup<'t>) -> Box<dyn Learner + 't>,
}

/// Looks up an algorithm by name.
#[must_use]
pub fn algorithm(name: &str) -> Option<&'static Algorithm> {
    ALGORITHMS.iter().find(|a| a.name == name)
}

/// Where training starts; `Planted { 0, 0 }` is the uninformative start.
#[derive(Debug, Clone, PartialEq)]
pub enum Start {
    /// Both correlations are given.
    Planted {
        /// `alpha_V` at the start.
        alpha_v: f64,
        /// `alpha_A` at the start.
        alpha_a: f64,
    },
    /// `V = weight V_src + (1 - weight) mu 1'`, the attention uniform.
    Transferred {
        /// `V_src`, shape `(N, N)`, what was learned elsewhere.
        value: Array2<f64>,
        /// How much of it is taken.
        weight: f64,
    },
}

impl Start {
    /// The uninformative start `V = mu 1'`, `a^(k) = 1/T`.
    pub const UNINFORMATIVE: Self = Self::Planted { alpha_v: 0.0, alpha_a: 0.0 };
}

/// What a learner is made from.
#[derive(Debug)]
pub struct Setup<'t> {
    /// The task to learn.
    pub task: &'t Task,
    /// The data stream of the run.
    pub stream: Stream,
    /// Where training starts.
    pub start: Start,
    /// Samples per step B.
    pub batch_size: usize,
    /// Entries of `a` below this share of the largest are cut when the sparse stage begins; of unequal weights only those that may be noise.
    pub cut: f64,
    /// Rounding keeps entries of `a` of at least this share of the largest, in `(0, 1]`; of unequal weights also those that no noise reaches.
    pub keep: f64,
    /// How far negative entries of the attention must dominate for both factors to be flipped; `None`: never.
    pub flip: Option<f64>,
}

impl Setup<'_> {
    /// The model that training starts from.
    #[must_use]
    pub fn model(&self) -> Linear {
        match &self.start {
            &Start::Planted { alpha_v, alpha_a } => Linear::planted(self.task, alpha_v, alpha_a),
            Start::Transferred { value, weight } => {
                let mut model = Linear::uninformative(self.task);
                // w V_src + (1 - w) mu 1' = mu 1' + w (V_src - mu 1').
                let centred = value - &model.value;
                model.value.scaled_add(*weight, &centred);
                model
            }
        }
    }
}

/// For algorithms that take no memory beyond a model and its gradient.
fn no_bytes(_: f64, _: f64) -> f64 {
    0.0
}

/// Step sizes of one step, in the units of the raw gradients.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct StepSizes {
    /// `eta_V`.
    pub value: f64,
    /// `eta_A`.
    pub attention: f64,
    /// `eta_A lambda`, what soft-thresholding takes off; 0 outside the sparse stage.
    pub threshold: f64,
}

/// Anything the training loop can run.
pub trait Learner {
    /// Called when a stage after the first begins.
    fn enter(&mut self, stage: Stage);
    /// One step.
    fn step(&mut self, sizes: &StepSizes);
    /// The current model.
    fn model(&mut self) -> &Linear;
    /// `alpha_A` of the current model; asked after every step, so it should be cheap.
    fn alpha_a(&self, truth: &Truth<'_>) -> f64;
    /// How often it has turned both factors over.
    fn flips(&self) -> u64 {
        0
    }
}

/// Turns a batch gradient into a change of the model.
pub trait Optimiser {
    /// Called when a stage after the first begins. Plain methods have no stages beyond their step
    /// sizes and do nothing.
    fn enter(&mut self, stage: Stage, model: &mut Linear, task: &Task) {
        let _ = (stage, model, task);
    }
    /// Whether steps still change the attention. If not, no gradient of it is taken, and what `step` gets is old.
    fn moves_attention(&self) -> bool {
        true
    }
    /// How often it has turned both factors over.
    fn flips(&self) -> u64 {
        0
    }
    /// Whether steps keep the sum of each row of the attention at 1, which makes `alpha_A` cheap to ask for.
    fn keeps_unit_rows(&self) -> bool;
    /// Moves `model` against `gradient`, the batch mean of the raw gradients, which may be overwritten.
    fn step(&mut self, model: &mut Linear, gradient: &mut Gradient, task: &Task, sizes: &StepSizes);
}

/// A gradient method on fresh samples: draws a batch, takes its mean gradient, steps.
#[derive(Debug)]
pub struct Sampled<'t, O> {
    task: &'t Task,
    batches: Batches,
    weights: FixedPoint,
    accumulator: Accumulator,
    gradient: Gradient,
    model: Linear,
    optimiser: O,
    /// Where the attention looks, once it is fixed and has few entries.
    attended: Option<Attended>,
}

impl<'t, O: Optimiser> Sampled<'t, O> {
    /// `optimiser` on the task and start of `setup`.
    pub fn new(setup: &Setup<'t>, optimiser: O) -> Self {
        let task = setup.task;
        Self {
            task,
            batches: Batches::new(task, setup.batch_size, setup.stream.clone()),
            weights: FixedPoint::zeros(task.n, task.t),
            accumulator: Accumulator::new(task.n),
            gradient: Gradient::zeros(task.n, task.t),
            model: setup.model(),
            optimiser,
            attended: None,
        }
    }
}

impl<O: Optimiser> Learner for Sampled<'_, O> {
    fn enter(&mut self, stage: Stage) {
        self.optimiser.enter(stage, &mut self.model, self.task);
        if !self.optimiser.moves_attention() {
            self.attended = Attended::new(&self.model.attention);
            self.weights.set(&self.model.attention);
        }
    }

    fn step(&mut self, sizes: &StepSizes) {
        let Self { accumulator, gradient, model, .. } = self;
        accumulator.begin(model, self.batches.batch_size());
        if let Some(attended) = &self.attended {
            self.batches.for_each_glance(attended, |chunk| accumulator.add_value(chunk));
        } else if !self.optimiser.moves_attention() {
            self.batches.for_each_chunk(&self.weights, |chunk| accumulator.add_value(chunk));
        } else {
            self.weights.set(&model.attention);
            let mut first = true;
            self.batches.for_each_chunk(&self.weights, |chunk| {
                accumulator.add(chunk, first, gradient);
                first = false;
            });
        }
        accumulator.finish(gradient);
        self.optimiser.step(model, gradient, self.task, sizes);
    }

    fn model(&mut self) -> &Linear {
        &self.model
    }

    fn alpha_a(&self, truth: &Truth<'_>) -> f64 {
        let attention = &self.model.attention;
        if self.optimiser.keeps_unit_rows() { truth.alpha_a_of_unit_rows(attention) } else { truth.alpha_a(attention) }
    }

    fn flips(&self) -> u64 {
        self.optimiser.flips()
    }
}
