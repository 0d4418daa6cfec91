//! Algorithm 1 of Ren, Wang and Lee: projected, preconditioned, l1-proximal gradient descent, with
//! the sign flip; [`learn`](super) has the formulas.

use ndarray::Array2;

use super::algorithm::no_bytes;
use super::gradient::Gradient;
use super::sampled::{Optimiser, Sampled};
use super::{Algorithm, Constructor, Parameter, ParameterValues, Prediction, Range, Stage, StepSizes};
use crate::kernel::{self, row, row_mut};
use crate::model::{Linear, Row, rounding, smallest};
use crate::task::Known;

/// When the sparse stage begins, entries of `a` below this share of the largest are set to 0. For
/// unequal weights only those of them are that may be noise.
const CUT: Parameter = Parameter {
    name: "cut",
    default: 0.2,
    range: Range::UNIT,
    tuned: true,
    meaning: "entries of the attention below this share of the largest are cut after boosting",
};

/// The ratio of negative to positive entries above which the signs of both factors are flipped; 0
/// for never.
pub const FLIP: Parameter = Parameter {
    name: "flip",
    default: 0.0,
    range: Range { min: 1.0, open: false, max: 1e6, off: Some(0.0) },
    tuned: false,
    meaning: "factor by which negative entries of the attention must dominate for prox to flip the \
              signs of both factors, 0 for never",
};

pub(super) const ALGORITHM: Algorithm = Algorithm {
    name: "prox",
    summary: "projected, preconditioned l1-proximal gradient descent (Algorithm 1)",
    parameters: &[CUT, FLIP],
    scale_free: false,
    bytes: no_bytes,
    // The prediction does not hold for runs whose sign may be flipped.
    prediction: |values| match values.unless_off(&FLIP) {
        None => Prediction::Mirrored,
        Some(_) => Prediction::Nothing,
    },
    make: Constructor::FromSamples(|setup| {
        let optimiser = Prox::new(&setup.known, setup.keep, &setup.parameters);
        Box::new(Sampled::new(setup, optimiser))
    }),
};

/// A centred entry below 0 by less than this share of `1/T` is a rounding error of single
/// precision.
const MIN_NEGATIVE: f64 = 1e-3;

/// Algorithm 1.
#[derive(Debug)]
struct Prox {
    /// The value of [`CUT`].
    cut: f64,
    /// The fraction of the row's largest entry that rounding keeps; see [`Setup::keep`].
    keep: f64,
    /// The value of [`FLIP`]; `None` if it is off.
    flip: Option<f64>,
    /// How often the signs have been flipped.
    flips: u64,
    /// Whether the boosting stage has not ended.
    boosting: bool,
    /// Whether the attention has been rounded and is fixed.
    rounded: bool,
    /// `1/mu`.
    inverse: Vec<f64>,
    /// Scratch space: the mean of each column of dV.
    means: Vec<f64>,
    /// Rows of the attention that restoring their sum would not change.
    settled: Vec<bool>,
}

impl Prox {
    fn new(known: &Known, keep: f64, parameters: &ParameterValues) -> Self {
        Self {
            cut: parameters.get(&CUT),
            keep,
            flip: parameters.unless_off(&FLIP),
            flips: 0,
            boosting: true,
            rounded: false,
            inverse: known.mu.iter().map(|mu| 1.0 / mu).collect(),
            means: vec![0.0; known.n],
            settled: vec![false; known.n],
        }
    }
}

impl Optimiser for Prox {
    fn keeps_unit_rows(&self) -> bool {
        true
    }

    fn enter(&mut self, stage: Stage, model: &mut Linear, known: &Known) {
        self.boosting = stage == Stage::Boost;
        self.settled.fill(false);
        match stage {
            Stage::Boost => {}
            Stage::Sparse => {
                for k in (0..known.n).filter(|_| self.cut > 0.0) {
                    let residual_noise = model.residual_noise_of(k);
                    let a = row_mut(&mut model.attention, k);
                    let left = rounding::cut(a, residual_noise, self.cut);
                    kernel::restore_sum(a);
                    model.residual_noise.iter_mut().for_each(|noise| noise[k] = left);
                }
            }
            Stage::Round => {
                self.round(model, known);
                self.rounded = true;
            }
        }
    }

    fn moves_attention(&self) -> bool {
        !self.rounded
    }

    fn step(&mut self, model: &mut Linear, gradient: &mut Gradient, known: &Known, sizes: &StepSizes) {
        // This uses the V at which the gradient was taken. After rounding there is no noise left.
        shrink_residual_noise(model, known, sizes.attention);
        self.step_value(model, &gradient.value, known, sizes.value);
        if self.rounded {
            return;
        }
        for (k, &mu) in known.mu.iter().enumerate() {
            let (eta, threshold) = ((sizes.attention / mu) as f32, sizes.threshold as f32);
            let a = row_mut(&mut model.attention, k);
            if !gradient.is_zero(k) || threshold != 0.0 {
                kernel::step_row(a, row(&gradient.attention, k), eta, threshold);
                self.settled[k] = false;
            } else if !self.settled[k] {
                // No sample has this query token. A row that lacks nothing will lack nothing.
                self.settled[k] = kernel::restore_sum(a) == 0.0;
            }
        }
        if let Some(factor) = self.flip.filter(|_| self.boosting) {
            let (positive, negative) = extremes(model, known);
            if negative > factor * positive && negative > MIN_NEGATIVE / known.t as f64 {
                flip_sign(model, known);
                self.settled.fill(false);
                self.flips += 1;
            }
        }
    }

    fn flips(&self) -> Option<u64> {
        self.flip.map(|_| self.flips)
    }
}

/// A step moves every entry of the attention towards the truth by a share `eta_A |Vc|^2_mu` of its
/// distance, where `|Vc|^2_mu` is the curvature of the loss in one entry. The noise that a cut has
/// left shrinks by the same share. Needs no ground truth. O(N^2) as long as there is noise.
fn shrink_residual_noise(model: &mut Linear, known: &Known, eta: f64) {
    let Some(residual_noise) = model.residual_noise.as_mut().filter(|noise| noise.iter().any(|&x| x > 0.0)) else {
        return;
    };
    let mut curvature = 0.0;
    for (column, &m) in model.value.columns().into_iter().zip(&known.mu) {
        for (&v, &centre) in column.iter().zip(&known.mu) {
            curvature += m * (v - centre) * (v - centre);
        }
    }
    let left = (1.0 - eta * curvature).abs().min(1.0);
    residual_noise.iter_mut().for_each(|noise| *noise *= left);
}

/// How far the largest entry of `a^(k)` lies above `1/T`, and the smallest below it; the means over
/// query tokens with weights mu.
fn extremes(model: &Linear, known: &Known) -> (f64, f64) {
    let uniform = 1.0 / known.t as f64;
    let (mut positive, mut negative) = (0.0, 0.0);
    for (k, &mu) in known.mu.iter().enumerate() {
        let a = row(&model.attention, k);
        positive += mu * (f64::from(kernel::largest(a)) - uniform);
        negative += mu * (uniform - f64::from(smallest(a)));
    }
    (positive, negative)
}

/// `V <- 2 mu 1' - V`, `a <- 2/T - a`: both centred factors change their sign.
fn flip_sign(model: &mut Linear, known: &Known) {
    for mut column in model.value.columns_mut() {
        column.iter_mut().zip(&known.mu).for_each(|(v, &mu)| *v = 2.0 * mu - *v);
    }
    let twice = (2.0 / known.t as f64) as f32;
    model.attention.iter_mut().for_each(|a| *a = twice - *a);
}

impl Prox {
    /// Preconditions dV by `diag(1/mu)`, projects it, and moves V against it.
    fn step_value(&mut self, model: &mut Linear, gradient: &Array2<f64>, known: &Known, eta: f64) {
        let (Some(mu), Some(v), Some(g)) = (known.mu.as_slice(), model.value.as_slice_mut(), gradient.as_slice())
        else {
            panic!("{}", kernel::ROW_MAJOR)
        };
        kernel::step_value(v, g, [mu, &self.inverse], &mut self.means, eta);
    }

    /// Rounds the attention: keeps the entries of [`rounding::kept`] and divides each row by its
    /// sum. Vc is multiplied by the mean of these sums, so that the output stays the same on
    /// average.
    fn round(&self, model: &mut Linear, known: &Known) {
        let mut scale = 0.0;
        for (k, &mu) in known.mu.iter().enumerate() {
            let residual_noise = model.residual_noise_of(k);
            let a = row_mut(&mut model.attention, k);
            let rounding::Kept { floor, mass, .. } = rounding::kept(Row::Entries(a), residual_noise, self.keep);
            // Written as `x < floor` so that NaN entries stay NaN.
            a.iter_mut().for_each(|x| *x = if *x < floor { 0.0 } else { (f64::from(*x) / mass) as f32 });
            scale += mu * mass;
        }
        model.residual_noise.iter_mut().for_each(|noise| noise.fill(0.0));
        for mut column in model.value.columns_mut() {
            for (v, &mu) in column.iter_mut().zip(&known.mu) {
                *v = mu + scale * (*v - mu);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::learn::algorithm;
    use crate::measure::Truth;
    use crate::random::{normal, stream};
    use crate::task::Task;
    use crate::task::{Chain, TaskSpec, Weights};
    use crate::theory::Recursion;
    use crate::theory::planted;
    use crate::theory::population::expected_gradient;
    use crate::train::{Start, TrainSpec, learner};

    fn task() -> Task {
        let chain = Chain::Mixture { persistence: 0.3, concentration: 1.0 };
        let spec = TaskSpec { n: 4, q: 2, t: 35, chain, weights: Weights::Equal };
        Task::draw(&spec, &mut stream([1; 16])).unwrap()
    }

    fn random_gradient(task: &Task) -> Gradient {
        let mut s = stream([2; 16]);
        let value = Array2::from_shape_fn((task.n, task.n), |_| normal(&mut s));
        let attention = Array2::from_shape_fn((task.n, task.t), |_| normal(&mut s) as f32);
        Gradient::new(value, attention)
    }

    fn optimiser(task: &Task) -> Prox {
        Prox::new(&task.known(), 0.5, &ParameterValues::defaults())
    }

    /// Without noise and at the true V, a step shrinks the error of every entry by the same share
    /// as the residual noise.
    #[test]
    fn residual_noise_shrinks_as_entries_do() {
        let chain = Chain::Mixture { persistence: 0.3, concentration: 1.0 };
        let spec = TaskSpec { n: 4, q: 2, t: 35, chain, weights: Weights::Dirichlet(2.0) };
        let task = Task::draw(&spec, &mut stream([1; 16])).unwrap();
        let mut model = planted(&task, 1.0, 1.0);
        model.residual_noise = Some(vec![0.1; 4]);
        // Two entries of one row, with opposite errors so that their sum stays.
        let wrong = (0..35).filter(|t| !task.patterns[2].positions.contains(t)).take(2).collect::<Vec<_>>();
        (model.attention[[2, wrong[0]]], model.attention[[2, wrong[1]]]) = (0.1, -0.1);
        let exact = expected_gradient(&task, &model);
        let mut gradient = Gradient::new(exact.value, exact.attention.mapv(|g| g as f32));
        // V moves too. That does not affect how much the entries shrink in this step.
        gradient.value += &task.centred_transition();
        let sizes = StepSizes { value: 0.5, attention: 0.3 / task.k_p, threshold: 0.0 };
        let before = model.value.clone();
        optimiser(&task).step(&mut model, &mut gradient, &task.known(), &sizes);
        assert_ne!(model.value, before);
        let noise = model.residual_noise_of(2).unwrap();
        assert!((noise - 0.07).abs() < 1e-9, "{noise}");
        let entry = f64::from(model.attention[[2, wrong[0]]]);
        assert!((entry - noise).abs() < 1e-3, "{entry} {noise}");
    }

    /// The projected gradient is the closest point, in `|.|_mu` after preconditioning, of the set
    /// `{G : 1'G = 0, G mu = 0}`; found here by alternating the two constraints as a plain loop.
    #[test]
    fn value_projection_agrees_with_a_slow_version() {
        // Each of the versions of the kernel, and numbers of states that fill no tile.
        for n in [2, 3, 4, 7, 16, 17, 32, 45] {
            let chain = Chain::Mixture { persistence: 0.3, concentration: 1.0 };
            let task = Task::draw(&TaskSpec { chain, ..TaskSpec::new(n, 2, 35) }, &mut stream([1; 16])).unwrap();
            let mu = &task.stationary;
            let gradient = random_gradient(&task);
            let mut slow = &gradient.value / mu;
            for _ in 0..500 {
                for j in 0..n {
                    let mean = (0..n).map(|i| slow[[i, j]]).sum::<f64>() / n as f64;
                    (0..n).for_each(|i| slow[[i, j]] -= mean);
                }
                for i in 0..n {
                    // The nearest G with G mu = 0: in the mu-weighted norm its normal is the all-ones
                    // row.
                    let along = (0..n).map(|j| slow[[i, j]] * mu[j]).sum::<f64>();
                    (0..n).for_each(|j| slow[[i, j]] -= along);
                }
            }
            let start = planted(&task, 0.3, 0.3);
            let mut model = start.clone();
            optimiser(&task).step_value(&mut model, &gradient.value, &task.known(), 0.3);
            let moved = start.value - 0.3 * &slow;
            let largest = slow.iter().fold(1.0, |largest: f64, x| largest.max(x.abs()));
            assert!(model.value.iter().zip(&moved).all(|(x, y)| (x - y).abs() < 1e-13 * largest), "N = {n}");
        }
    }

    #[test]
    fn attention_step_agrees_with_a_slow_version() {
        let task = task();
        let gradient = random_gradient(&task);
        for threshold in [0.0, 0.013, 10.0] {
            let da = gradient.attention.row(1).to_vec();
            let mut a = planted(&task, 0.2, 0.4).attention.row(1).to_vec();
            let mut slow: Vec<f64> = a.iter().map(|&x| f64::from(x)).collect();
            kernel::step_row(&mut a, &da, 0.05, threshold as f32);
            let mean = da.iter().map(|&g| f64::from(g)).sum::<f64>() / 35.0;
            for (x, &g) in slow.iter_mut().zip(&da) {
                *x -= 0.05 * (f64::from(g) - mean);
                // The proximal map of c|.|: argmin of 1/2 (z - x)^2 + c|z|.
                *x = if *x > threshold {
                    *x - threshold
                } else if *x < -threshold {
                    *x + threshold
                } else {
                    0.0
                };
            }
            let missing = (1.0 - slow.iter().sum::<f64>()) / 35.0;
            for (&x, y) in a.iter().zip(&slow) {
                assert!((f64::from(x) - (y + missing)).abs() < 1e-6, "threshold {threshold}");
            }
        }
    }

    /// By hand: (0.9, 0.05, 0.05) with a threshold of 0.1 becomes (0.8, 0, 0). Then each entry gets
    /// one third of the missing 0.2.
    #[test]
    fn thresholding_clips_small_entries_and_gives_back_the_sum() {
        let mut a = [0.9, 0.05, 0.05];
        kernel::step_row(&mut a, &[0.0; 3], 1.0, 0.1);
        let third = 0.2f32 / 3.0;
        for (x, y) in a.iter().zip([0.8 + third, third, third]) {
            assert!((x - y).abs() < 1e-6, "{a:?}");
        }
        let mut blown = [f32::NAN, 0.5];
        kernel::step_row(&mut blown, &[0.0; 2], 1.0, 0.1);
        assert!(blown.iter().all(|x| x.is_nan()), "not-a-number stays visible");
    }

    /// Algorithm 1 on the exact gradient follows the two-variable recursion: 200 steps, far beyond
    /// the phase of growth.
    #[test]
    fn steps_on_the_expected_gradient_follow_the_recursion() {
        let task = task();
        let truth = Truth::new(&task);
        let mut model = Linear::uninformative(&task.known());
        let mut state = Recursion::at(0.0, 0.0);
        let sizes = StepSizes { value: 0.05 / task.k_q, attention: 0.05 / task.k_p, threshold: 0.0 };
        let mut prox = optimiser(&task);
        for step in 0..200 {
            let exact = expected_gradient(&task, &model);
            let attention = exact.attention.mapv(|g| g as f32);
            prox.step(&mut model, &mut Gradient::new(exact.value, attention), &task.known(), &sizes);
            state.step(&task, sizes.value, sizes.attention);
            let (alpha_v, alpha_a) = (truth.alpha_v(&model.value), truth.alpha_a(&model.attention));
            let far = (alpha_v - state.alpha_v).abs().max((alpha_a - state.alpha_a).abs());
            assert!(far < 1e-3, "step {step}: {alpha_v} {alpha_a} {state:?}");
        }
        assert!(state.alpha_a > 0.9);
    }

    /// The same from a transferred V, which is not a multiple of Pc: the recursion has three
    /// variables. `population` follows it.
    #[test]
    fn steps_from_a_transferred_value_follow_the_population() {
        let task = task();
        let spec = TaskSpec {
            n: 4,
            q: 2,
            t: 64,
            chain: Chain::Mixture { persistence: 0.5, concentration: 1.0 },
            weights: Weights::Equal,
        };
        let source = crate::task::transfer::source(&task, 0.6, &spec, &mut stream([8; 16])).unwrap();
        let truth = Truth::new(&task);
        let start = Start::Transferred { value: source.transition.clone(), weight: 0.7 };
        let spec = TrainSpec { algorithm: algorithm("population").unwrap(), start, ..TrainSpec::default() };
        let mut population = learner(&task, &spec, stream([1; 16])).unwrap();
        let mut model = spec.start.model(&task).unwrap().to_linear(&task);
        let theta = 0.7 * 0.6 * (source.k_p / task.k_p).sqrt();
        assert!((truth.alpha_v(&model.value) - theta).abs() < 1e-9, "weight, correlation and size");
        let sizes = StepSizes { value: 0.05 / task.k_q, attention: 0.05 / task.k_p, threshold: 0.0 };
        let mut prox = optimiser(&task);
        for step in 0..200 {
            let exact = expected_gradient(&task, &model);
            let attention = exact.attention.mapv(|g| g as f32);
            prox.step(&mut model, &mut Gradient::new(exact.value, attention), &task.known(), &sizes);
            population.step(&sizes);
            let other = population.model().to_linear(&task);
            let far = model.value.iter().zip(&other.value).map(|(x, y)| (x - y).abs()).fold(0.0, f64::max);
            let attention =
                model.attention.iter().zip(&other.attention).map(|(x, y)| (x - y).abs()).fold(0.0, f32::max);
            assert!(far < 1e-3 && attention < 1e-3, "step {step}: {far} {attention}");
        }
        assert!(truth.alpha_a(&model.attention) > 0.9);
    }

    #[test]
    fn steps_keep_the_constraints() {
        let task = task();
        let mut model = planted(&task, 0.3, 0.3);
        let mut prox = optimiser(&task);
        let sizes = StepSizes { value: 0.1, attention: 0.01, threshold: 0.002 };
        for _ in 0..50 {
            prox.step(&mut model, &mut random_gradient(&task), &task.known(), &sizes);
        }
        for column in model.value.columns() {
            assert!((column.sum() - 1.0).abs() < 1e-10);
        }
        for (x, y) in model.value.dot(&task.stationary).iter().zip(&task.stationary) {
            assert!((x - y).abs() < 1e-10);
        }
        for row in model.attention.rows() {
            assert!((row.sum() - 1.0).abs() < 1e-4);
        }
    }

    #[test]
    fn stages_cut_and_round_the_attention() {
        let task = task();
        let mut prox = optimiser(&task);
        let mut model = planted(&task, 0.5, 0.5);
        let off = (0..task.t).find(|t| !task.patterns[0].positions.contains(t)).unwrap();
        model.attention[[0, off]] = -0.3;
        prox.enter(Stage::Sparse, &mut model, &task.known());
        // Everything but the Q true positions was cut, and the missing sum was spread over all
        // positions.
        let row = model.attention.row(0);
        assert!((row.sum() - 1.0).abs() < 1e-5);
        assert!(
            (row[off] - row[(off + 1..task.t).find(|t| !task.patterns[0].positions.contains(t)).unwrap()]).abs() < 1e-7
        );
        let mass = row[task.patterns[0].positions[0]] * 2.0;
        let before = model.value.clone();
        prox.enter(Stage::Round, &mut model, &task.known());
        for (k, pattern) in task.patterns.iter().enumerate() {
            assert!(pattern.positions.iter().all(|&p| (model.attention[[k, p]] - 0.5).abs() < 1e-6));
            assert!((model.attention.row(k).sum() - 1.0).abs() < 1e-6);
        }
        let shrunk = (model.value[[0, 0]] - task.stationary[0]) / (before[[0, 0]] - task.stationary[0]);
        assert!((shrunk - f64::from(mass)).abs() < 1e-2 && shrunk < 0.6, "{shrunk} {mass}");
        let fixed = model.attention.clone();
        prox.step(
            &mut model,
            &mut random_gradient(&task),
            &task.known(),
            &StepSizes { value: 0.1, attention: 0.1, threshold: 0.0 },
        );
        assert_eq!(model.attention, fixed);
    }

    #[test]
    fn a_mirrored_model_is_turned_over_and_a_good_one_is_left_alone() {
        let task = task();
        let truth = Truth::new(&task);
        let sizes = StepSizes { value: 0.0, attention: 0.0, threshold: 0.0 };
        let zero = Gradient::zeros(task.n, task.t);
        for (alpha, flips) in [(0.2, 0), (-0.2, 1)] {
            let mut model = planted(&task, alpha, alpha);
            let mut prox = Prox { flip: Some(2.0), ..optimiser(&task) };
            // Twice: a model that has been flipped is not flipped again.
            (0..2).for_each(|_| prox.step(&mut model, &mut zero.clone(), &task.known(), &sizes));
            assert_eq!(prox.flips(), Some(flips));
            assert!(
                (truth.alpha_v(&model.value) - 0.2).abs() < 1e-6
                    && (truth.alpha_a(&model.attention) - 0.2).abs() < 1e-6
            );
        }
        // The uniform start has no negative entries, whatever 1/T is in single precision.
        for t in [37, 100, 512, 1000, 1024, 4096, 5000] {
            let long = Task::new(t, task.transition.clone(), task.patterns.clone()).unwrap();
            let mut model = Linear::uninformative(&long.known());
            let mut prox = Prox { flip: Some(1.5), ..optimiser(&task) };
            (0..3).for_each(|_| prox.step(&mut model, &mut Gradient::zeros(long.n, t), &long.known(), &sizes));
            assert_eq!(prox.flips(), Some(0), "T = {t}");
        }
        let mut model = planted(&task, -0.2, -0.2);
        let mut off = optimiser(&task);
        off.step(&mut model, &mut zero.clone(), &task.known(), &sizes);
        let mut late = Prox { flip: Some(2.0), ..optimiser(&task) };
        late.enter(Stage::Sparse, &mut model.clone(), &task.known());
        late.step(&mut model, &mut zero.clone(), &task.known(), &sizes);
        assert_eq!((off.flips(), late.flips()), (None, Some(0)), "only if asked to, and only while boosting");
    }

    /// There is one rounding rule: `prox` rounds as the metrics predict, for equal and for unequal
    /// weights, at any noise.
    #[test]
    fn the_optimiser_rounds_as_the_metrics_say() {
        let chain = Chain::Mixture { persistence: 0.3, concentration: 1.0 };
        for (seed, weights) in [(1, Weights::Equal), (2, Weights::Dirichlet(1.0)), (3, Weights::Dirichlet(0.3))] {
            let spec = TaskSpec { n: 4, q: 3, t: 90, chain: chain.clone(), weights };
            let task = Task::draw(&spec, &mut stream([seed; 16])).unwrap();
            let truth = Truth::new(&task);
            let mut random = stream([9; 16]);
            for noise in [0.0, 1e-4, 0.003, 0.03, 0.3] {
                let mut model = planted(&task, 0.7, 0.8);
                // Half of the rows have noise that a cut has left.
                model.residual_noise.iter_mut().for_each(|left| (left[1], left[3]) = (2.0 * noise, 5.0 * noise));
                model.value.mapv_inplace(|v| v + noise * normal(&mut random));
                model.attention.mapv_inplace(|a| a + (noise * normal(&mut random)) as f32);
                let said = truth.errors(&model, 0.5);
                optimiser(&task).enter(Stage::Round, &mut model, &task.known());
                let found = [truth.value_error(&model.value, 1.0), truth.attention_error(&model.attention)];
                for (said, found) in [said.rounded_value, said.rounded_attention].into_iter().zip(found) {
                    // Squares are compared, because near 0 one of them is a difference of numbers
                    // near 1.
                    let (said, found) = (said * said, found * found);
                    assert!((said - found).abs() < 1e-5 * (1.0 + found), "{weights:?}, noise {noise}: {said} {found}");
                }
            }
        }
    }

    /// If a cut leaves noise, the rounding that follows must know.
    #[test]
    fn what_a_cut_leaves_is_remembered_until_rounding() {
        let chain = Chain::Mixture { persistence: 0.3, concentration: 1.0 };
        let spec = TaskSpec { n: 4, q: 2, t: 90, chain, weights: Weights::Dirichlet(2.0) };
        let task = Task::draw(&spec, &mut stream([1; 16])).unwrap();
        let mut random = stream([9; 16]);
        let mut model = planted(&task, 0.7, 0.5);
        model.attention.mapv_inplace(|a| a + (0.05 * normal(&mut random)) as f32);
        let mut expected = model.clone();
        let mut prox = Prox { cut: 0.05, ..optimiser(&task) };
        prox.enter(Stage::Sparse, &mut model, &task.known());
        for k in 0..4 {
            let left = rounding::cut(row_mut(&mut expected.attention, k), Some(0.0), 0.05);
            assert!(left > 0.05, "noise is left: {left}");
            assert_eq!(model.residual_noise_of(k), Some(left));
        }
        prox.enter(Stage::Round, &mut model, &task.known());
        assert_eq!(model.residual_noise, Some(vec![0.0; 4]));
    }

    /// A run that diverged in the step before must not be rounded into a model that looks right.
    #[test]
    fn rounding_keeps_what_is_not_a_number() {
        let task = task();
        let mut model = planted(&task, 0.5, 0.5);
        model.attention.row_mut(1).fill(f32::NAN);
        model.attention[[2, 3]] = f32::NAN;
        optimiser(&task).enter(Stage::Round, &mut model, &task.known());
        assert!(model.attention.row(1).iter().all(|a| a.is_nan()) && model.attention[[2, 3]].is_nan());
    }
}
