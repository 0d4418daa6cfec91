//! Plain optimisers: any update rule on any parametrisation of the attention.

use super::gradient::Gradient;
use super::parametrisation::Parametrisation;
use super::rule::Rule;
use super::sampled::{Optimiser, Sampled};
use super::{Learner, ParameterValues, Setup, StepSizes};
use crate::kernel::row_mut;
use crate::model::Linear;
use crate::task::Known;

/// An optimiser: a rule that changes V and the parameters of the attention. Stages change its step
/// sizes only.
#[derive(Debug)]
pub(super) struct Composed<P, R> {
    pub(super) parametrisation: P,
    rule: R,
}

impl<P: Parametrisation, R: Rule> Composed<P, R> {
    /// For training that starts at `model`, at these values of the algorithm's parameters.
    pub(super) fn at(model: &Linear, parameters: &ParameterValues) -> Self {
        let (n, t) = model.attention.dim();
        Self { parametrisation: P::of(model), rule: R::new(n, t, parameters) }
    }

    /// The learner that runs this optimiser on `setup`.
    pub(super) fn learner(mut setup: Setup) -> Box<dyn Learner>
    where
        P: 'static,
        R: 'static,
    {
        let optimiser = Self::at(&setup.start, &setup.parameters);
        (0..setup.known.n).for_each(|k| optimiser.parametrisation.attend(&mut setup.start, k));
        Box::new(Sampled::new(setup, optimiser))
    }
}

impl<P: Parametrisation, R: Rule> Optimiser for Composed<P, R> {
    fn keeps_unit_rows(&self) -> bool {
        P::UNIT_ROWS
    }

    fn step(&mut self, model: &mut Linear, gradient: &mut Gradient, known: &Known, sizes: &StepSizes) {
        self.rule.begin();
        self.rule.step_value(&mut model.value, &gradient.value, sizes.value);
        for k in 0..known.n {
            if R::RESTS && gradient.is_zero(k) {
                continue;
            }
            let g = row_mut(&mut gradient.attention, k);
            self.parametrisation.pull_back(model, k, g);
            self.rule.step_row(k, self.parametrisation.row_mut(model, k), g, sizes.attention);
            self.parametrisation.attend(model, k);
        }
    }
}
