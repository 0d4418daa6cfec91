//! Distances of a model from the truth: correlations, relative errors, the support.

use ndarray::Array2;

use crate::model::{Attention, Model, Row, rounding};
use crate::theory::{on_path, population};
use crate::{Task, TrainError};

/// Scale and error of the rounded attention (see [`crate::model`]).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rounded {
    /// Sum of the kept entries, averaged over query tokens with weights mu: the factor by which
    /// rounding multiplies Vc.
    pub scale: f64,
    /// `|A - Q|_mu / sqrt(K_Q)` of the rounded attention.
    pub attention_error: f64,
}

/// Relative distances of a model from the truth (the uninformative start has 1), and its loss.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Errors {
    /// `|V - P|_mu / sqrt(K_P)`.
    pub value: f64,
    /// `|A - Q|_mu / sqrt(K_Q)`.
    pub attention: f64,
    /// `|V - P|_mu / sqrt(K_P)` of the rounded model.
    pub rounded_value: f64,
    /// `|A - Q|_mu / sqrt(K_Q)` of the rounded model.
    pub rounded_attention: f64,
    /// Expected loss `1/2 E |e_{x_o} - f|^2`, without the l1 term.
    pub loss: f64,
}

/// A task, prepared for comparing models with it.
///
/// V and A must have the shapes of the task; for others the methods may panic or return meaningless
/// numbers. They panic if the attention is not row-major.
#[derive(Debug)]
pub struct Truth<'t> {
    /// The task.
    pub task: &'t Task,
    /// `Pc = P - mu 1'`, shape `(N, N)`.
    centred: Array2<f64>,
    /// `|q^(k)|^2` of each query token.
    squares: Vec<f64>,
}

impl<'t> Truth<'t> {
    /// Prepares `task`. O(N^2 + N Q).
    #[must_use]
    pub fn new(task: &'t Task) -> Self {
        let squares = task.patterns.iter().map(|p| p.weights.iter().map(|w| w * w).sum()).collect();
        Self { task, centred: task.centred_transition(), squares }
    }

    /// `alpha_V = <Vc, Pc>_mu / K_P`. Costs O(N^2).
    #[must_use]
    pub fn alpha_v(&self, value: &Array2<f64>) -> f64 {
        let mu = &self.task.stationary;
        let mut sum = 0.0;
        for ((v, p), &m) in value.columns().into_iter().zip(self.centred.columns()).zip(mu) {
            for ((&v, &p), &centre) in v.iter().zip(&p).zip(mu) {
                sum += m * (v - centre) * p;
            }
        }
        sum / self.task.k_p
    }

    /// `alpha_A = <Ac, Qc>_mu / K_Q`. Costs O(N T).
    #[must_use]
    pub fn alpha_a<'m>(&self, attention: impl Into<Attention<'m>>) -> f64 {
        self.overlap(&attention.into(), |row| row.sum())
    }

    /// As [`Truth::alpha_a`] for attention whose rows are known to sum to 1. Costs O(N Q).
    #[must_use]
    pub fn alpha_a_of_unit_rows<'m>(&self, attention: impl Into<Attention<'m>>) -> f64 {
        self.overlap(&attention.into(), |_| 1.0)
    }

    fn overlap(&self, attention: &Attention<'_>, row_sum: impl Fn(Row<'_>) -> f64) -> f64 {
        let task = self.task;
        let mut sum = 0.0;
        for (k, (pattern, &mu)) in task.patterns.iter().zip(&task.stationary).enumerate() {
            let a = attention.row(k);
            let terms = pattern.positions.iter().zip(&pattern.weights).enumerate();
            let overlap: f64 = terms.map(|(i, (&p, &w))| w * f64::from(a.at(i, p))).sum();
            sum += mu * (overlap - row_sum(a) / task.t as f64);
        }
        sum / task.k_q
    }

    /// Whether, for every query token, the Q largest entries are the true positions. If another
    /// entry ties with the smallest of these, they are not. O(N T).
    #[must_use]
    pub fn support_found<'m>(&self, attention: impl Into<Attention<'m>>) -> bool {
        let attention = attention.into();
        self.task.patterns.iter().enumerate().all(|(k, pattern)| {
            let a = attention.row(k);
            let positions = pattern.positions.iter().enumerate();
            let smallest = positions.map(|(i, &p)| a.at(i, p)).fold(f32::INFINITY, f32::min);
            a.count_from(smallest, self.task.q + 1) == self.task.q
        })
    }

    /// Scale and error of the attention after rounding with the fraction `keep`. O(N T).
    #[must_use]
    pub fn rounded<'m>(&self, model: impl Into<Model<'m>>, keep: f64) -> Rounded {
        let (task, model) = (self.task, model.into());
        let mut rounded = Rounded { scale: 0.0, attention_error: 0.0 };
        for (k, (pattern, &mu)) in task.patterns.iter().zip(&task.stationary).enumerate() {
            let a = model.attention.row(k);
            let rounding::Kept { floor, mass, square, .. } = rounding::kept(a, model.residual_noise_of(k), keep);
            let mut overlap = 0.0;
            for (i, (&position, &weight)) in pattern.positions.iter().zip(&pattern.weights).enumerate() {
                let a = a.at(i, position);
                if a >= floor {
                    overlap += weight * f64::from(a);
                }
            }
            rounded.scale += mu * mass;
            // If the kept entries have no positive sum, the row cannot be divided by it.
            let error = if mass > 0.0 {
                not_negative(square / (mass * mass) - 2.0 * overlap / mass + self.squares[k])
            } else {
                f64::INFINITY
            };
            rounded.attention_error += mu * error;
        }
        rounded.attention_error = (rounded.attention_error / task.k_q).sqrt();
        rounded
    }

    /// Checks that the truth itself counts as recovered after rounding: rounding may drop true
    /// positions of small weight. O(N T + N^2).
    ///
    /// # Errors
    /// [`TrainError::Unrecoverable`] if the rounded truth has a relative error above `epsilon`.
    pub fn check_recoverable(&self, keep: f64, epsilon: f64) -> Result<(), TrainError> {
        let largest = |weights: &[f64]| weights.iter().copied().fold(0.0, f64::max);
        if self.task.patterns.iter().all(|p| p.weights.iter().all(|&w| w > 1.001 * keep * largest(&p.weights))) {
            return Ok(());
        }
        let truth = on_path(self.task, 1.0, 1.0);
        let dropped = self.task.patterns.iter().enumerate().find_map(|(k, pattern)| {
            let floor = f64::from(rounding::floor(truth.attention.row(k), truth.residual_noise_of(k), keep));
            pattern.weights.iter().copied().find(|&w| ((w as f32) as f64) < floor).map(|weight| (k + 1, weight))
        });
        let Some((query, weight)) = dropped else { return Ok(()) };
        let rounded = self.rounded(&truth, keep);
        let error = rounded.attention_error.max(self.value_error(&truth.value, rounded.scale));
        if error <= epsilon { Ok(()) } else { Err(TrainError::Unrecoverable { query, weight, error, epsilon }) }
    }

    /// `|mu 1' + scale Vc - P|_mu / sqrt(K_P)`: the value error after rounding with this scale.
    /// O(N^2).
    #[must_use]
    pub fn value_error(&self, value: &Array2<f64>, scale: f64) -> f64 {
        let mu = &self.task.stationary;
        let mut sum = 0.0;
        for ((v, p), &m) in value.columns().into_iter().zip(self.centred.columns()).zip(mu) {
            for ((&v, &p), &centre) in v.iter().zip(&p).zip(mu) {
                let difference = scale * (v - centre) - p;
                sum += m * difference * difference;
            }
        }
        (sum / self.task.k_p).sqrt()
    }

    /// `|A - Q|_mu / sqrt(K_Q)`. O(N T).
    #[must_use]
    pub fn attention_error<'m>(&self, attention: impl Into<Attention<'m>>) -> f64 {
        let (task, attention) = (self.task, attention.into());
        let mut sum = 0.0;
        for (k, (pattern, &mu)) in task.patterns.iter().zip(&task.stationary).enumerate() {
            let a = attention.row(k);
            let mut square = a.square();
            for (i, (&position, &weight)) in pattern.positions.iter().zip(&pattern.weights).enumerate() {
                let x = f64::from(a.at(i, position));
                square += (x - weight) * (x - weight) - x * x;
            }
            sum += mu * not_negative(square);
        }
        (sum / task.k_q).sqrt()
    }

    /// All distances at once; the rounded ones with the fraction `keep`. O(N T + N^2).
    #[must_use]
    pub fn errors<'m>(&self, model: impl Into<Model<'m>>, keep: f64) -> Errors {
        let model = model.into();
        let rounded = self.rounded(&model, keep);
        Errors {
            value: self.value_error(&model.value, 1.0),
            attention: self.attention_error(&model.attention),
            rounded_value: self.value_error(&model.value, rounded.scale),
            rounded_attention: rounded.attention_error,
            loss: population::expected_loss(self.task, &model),
        }
    }
}

/// Sets negative results of rounding errors to 0. NaN stays NaN, which `max` would hide.
fn not_negative(x: f64) -> f64 {
    if x < 0.0 { 0.0 } else { x }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Linear;
    use crate::random::{normal, stream};
    use crate::task::{Chain, TaskSpec, Weights};
    use crate::theory::planted;

    fn task() -> Task {
        let chain = Chain::Mixture { persistence: 0.3, concentration: 1.0 };
        let weights = Weights::Dirichlet(3.0);
        Task::draw(&TaskSpec { n: 4, q: 3, t: 37, chain, weights }, &mut stream([6; 16])).unwrap()
    }

    /// Dense matrices and sums from the definitions; A is T x N as in the paper.
    struct Slow {
        q: Array2<f64>,
        a: Array2<f64>,
        mu: Vec<f64>,
    }

    impl Slow {
        fn new(task: &Task, attention: &Array2<f32>) -> Self {
            let mut q = Array2::zeros((task.t, task.n));
            for (k, pattern) in task.patterns.iter().enumerate() {
                pattern.positions.iter().zip(&pattern.weights).for_each(|(&p, &w)| q[[p, k]] = w);
            }
            Self { q, a: attention.t().mapv(f64::from), mu: task.stationary.to_vec() }
        }

        fn inner(&self, u: &Array2<f64>, w: &Array2<f64>) -> f64 {
            (0..self.mu.len())
                .map(|k| self.mu[k] * u.column(k).iter().zip(w.column(k)).map(|(x, y)| x * y).sum::<f64>())
                .sum()
        }

        fn rounded(&self, keep: f64) -> (Array2<f64>, f64) {
            let mut rounded = self.a.clone();
            let mut mass = 0.0;
            for (k, mut column) in rounded.columns_mut().into_iter().enumerate() {
                let (low, high) = column.iter().fold((f64::MAX, f64::MIN), |(a, b), &x| (a.min(x), b.max(x)));
                let uniform = 1.0 / column.len() as f64;
                let floor = (keep * high).min(uniform + 1.5 * (uniform - low));
                column.mapv_inplace(|x| if x >= floor { x } else { 0.0 });
                let kept = column.sum();
                mass += self.mu[k] * kept;
                column /= kept;
            }
            (rounded, mass)
        }
    }

    fn noisy(task: &Task) -> Linear {
        let mut s = stream([7; 16]);
        let mut model = planted(task, 0.4, 0.6);
        model.value.mapv_inplace(|v| v + 0.1 * normal(&mut s));
        model.attention.mapv_inplace(|a| a + 0.03 * normal(&mut s) as f32);
        for mut row in model.attention.rows_mut() {
            let excess = (row.sum() - 1.0) / task.t as f32;
            row -= excess;
        }
        model
    }

    #[test]
    fn metrics_agree_with_their_definitions_on_dense_matrices() {
        let task = task();
        let (truth, model) = (Truth::new(&task), noisy(&task));
        let slow = Slow::new(&task, &model.attention);
        let uniform = 1.0 / task.t as f64;
        let (ac, qc) = (&slow.a - uniform, &slow.q - uniform);
        let pc = task.centred_transition();
        let mut vc = model.value.clone();
        vc.columns_mut().into_iter().for_each(|mut c| c -= &task.stationary);
        let close = |x: f64, y: f64| assert!((x - y).abs() < 1e-5, "{x} and {y}");
        close(task.k_p, slow.inner(&pc, &pc));
        close(task.k_q, slow.inner(&qc, &qc));
        close(truth.alpha_v(&model.value), slow.inner(&vc, &pc) / task.k_p);
        close(truth.alpha_a(&model.attention), slow.inner(&ac, &qc) / task.k_q);
        let norm = |m: Array2<f64>, k: f64| (slow.inner(&m, &m) / k).sqrt();
        let errors = truth.errors(&model, 0.5);
        let (rounded, mass) = slow.rounded(0.5);
        close(errors.value, norm(&vc - &pc, task.k_p));
        close(errors.attention, norm(&slow.a - &slow.q, task.k_q));
        close(errors.rounded_attention, norm(&rounded - &slow.q, task.k_q));
        close(errors.rounded_value, norm(&vc * mass - &pc, task.k_p));
    }

    #[test]
    fn planted_models_have_the_correlations_and_errors_they_were_given() {
        let task = task();
        let truth = Truth::new(&task);
        for (alpha_v, alpha_a) in [(0.0, 0.0), (0.5, 0.25), (1.0, 1.0), (-1.0, -1.0)] {
            let model = planted(&task, alpha_v, alpha_a);
            assert!((truth.alpha_v(&model.value) - alpha_v).abs() < 1e-6);
            assert!((truth.alpha_a(&model.attention) - alpha_a).abs() < 1e-6);
            assert!((truth.value_error(&model.value, 1.0) - (1.0 - alpha_v).abs()).abs() < 1e-6);
            assert!((truth.attention_error(&model.attention) - (1.0 - alpha_a).abs()).abs() < 1e-5);
            assert_eq!(truth.support_found(&model.attention), alpha_a > 0.0);
        }
    }

    #[test]
    fn attention_that_is_not_a_number_has_no_small_error() {
        let task = task();
        let truth = Truth::new(&task);
        let mut model = planted(&task, 1.0, 1.0);
        model.attention.row_mut(1).fill(f32::NAN);
        let errors = truth.errors(&model, 0.5);
        assert!(!errors.attention.is_finite() && !errors.rounded_attention.is_finite());
        model.attention.row_mut(1).fill(-0.1);
        assert!(truth.errors(&model, 0.5).rounded_attention.is_infinite(), "nothing positive to keep");
    }

    #[test]
    fn alpha_a_holds_for_rows_that_do_not_sum_to_one() {
        let task = task();
        let truth = Truth::new(&task);
        let mut model = planted(&task, 0.0, 0.4);
        // A constant attention is orthogonal to Qc.
        model.attention += 0.01;
        assert!((truth.alpha_a(&model.attention) - 0.4).abs() < 1e-5);
        assert!((truth.alpha_a_of_unit_rows(&model.attention) - 0.4).abs() > 0.01);
    }

    /// Weights of 0.99 and 0.01. At T = 1000 rounding keeps both. At T = 8 it drops the smaller
    /// one, which costs an error of `sqrt(2) 0.01 / sqrt(K_Q)`, less than an epsilon of 0.25.
    /// Dropping 0.3 of the weight costs more than that.
    #[test]
    fn a_truth_that_does_not_meet_its_own_criterion_is_told_before_training() {
        let p = ndarray::array![[0.8, 0.2], [0.2, 0.8]];
        let check = |t: usize, small: f64, keep: f64, epsilon: f64| {
            let pattern = crate::Pattern { positions: vec![1, 4], weights: vec![1.0 - small, small] };
            let task = Task::new(t, p.clone(), vec![pattern; 2]).unwrap();
            Truth::new(&task).check_recoverable(keep, epsilon)
        };
        assert_eq!(check(1000, 0.01, 0.5, 1e-250), Ok(()));
        assert_eq!(check(8, 0.01, 0.5, 0.25), Ok(()));
        assert!(
            matches!(check(8, 0.01, 0.5, 0.01), Err(TrainError::Unrecoverable { query: 1, weight, .. }) if weight == 0.01)
        );
        // With 0.3 dropped A = 1 instead of (0.7, 0.3): an error of 0.3 sqrt(2) / sqrt(0.58 - 1/8).
        let Err(TrainError::Unrecoverable { error, .. }) = check(8, 0.3, 0.5, 0.25) else { panic!("it is dropped") };
        assert!((error - 0.3 * 2f64.sqrt() / (0.58f64 - 0.125).sqrt()).abs() < 1e-6, "{error}");
        assert_eq!(check(8, 0.5, 1.0, 1e-9), Ok(()), "equal weights");
    }

    #[test]
    fn support_is_found_only_when_every_true_position_leads() {
        let task = task();
        let truth = Truth::new(&task);
        let mut model = planted(&task, 0.0, 0.5);
        assert!(truth.support_found(&model.attention));
        let wrong = (0..task.t).find(|t| !task.patterns[2].positions.contains(t)).unwrap();
        model.attention[[2, wrong]] = 0.9;
        assert!(!truth.support_found(&model.attention));
    }
}
