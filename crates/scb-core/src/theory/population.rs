//! Population (infinite-batch) quantities: exact expected gradients and the exact loss.
//!
//! With i.i.d. tokens from mu, D = diag(mu), `s = 1'a`, and weights q that sum to 1,
//!
//! ```text
//! E[h h'   | k] = |a|^2 D + (s^2 - |a|^2) mu mu'            h = X a^(k)
//! E[x_o h' | k] = P (<q,a> D + (s - <q,a>) mu mu')
//! ```
//!
//! From this everything here follows for *any* V and A, whether or not columns of V and A sum to 1.

use ndarray::Array2;

use crate::Task;
use crate::kernel;
use crate::model::{Attention, Linear, Model};

/// The expected gradient of the loss at a model, without precondition or projection.
#[derive(Debug, Clone, PartialEq)]
pub struct Expected {
    /// Expected dV, shape `(N, N)`.
    pub value: Array2<f64>,
    /// Expected dA transposed, shape `(N, T)`: row `k` belongs to `a^(k)` and includes the factor
    /// `mu_k`.
    pub attention: Array2<f64>,
}

/// Second moments of the attention of one query token.
struct Moments {
    /// `s = 1'a`.
    sum: f64,
    /// `|a|^2`.
    square: f64,
    /// `<q, a>`.
    overlap: f64,
}

fn moments(task: &Task, attention: &Attention<'_>, k: usize) -> Moments {
    let a = attention.row(k);
    let mut m = Moments { sum: a.plain_sum(), square: a.square(), overlap: 0.0 };
    for (i, (&position, &weight)) in task.patterns[k].positions.iter().zip(&task.patterns[k].weights).enumerate() {
        m.overlap += weight * f64::from(a.at(i, position));
    }
    m
}

/// `tr(U' W D)` and `mu' U' W mu` for two N x N matrices.
fn traces(task: &Task, u: &Array2<f64>, w: &Array2<f64>) -> (f64, f64) {
    let mu = &task.stationary;
    let mut trace = 0.0;
    for (j, &m) in mu.iter().enumerate() {
        let column: f64 = u.column(j).iter().zip(w.column(j)).map(|(x, y)| x * y).sum();
        trace += m * column;
    }
    let image = |matrix: &Array2<f64>| -> Vec<f64> {
        matrix.rows().into_iter().map(|row| row.iter().zip(mu).map(|(x, m)| x * m).sum()).collect()
    };
    let form = image(u).iter().zip(image(w)).map(|(x, y)| x * y).sum();
    (trace, form)
}

/// The exact expected gradients at any model, without precondition or projection. O(N^2 + N T).
///
/// # Panics
/// If the attention is not row-major. For shapes other than those of the task it may panic or
/// return meaningless numbers.
#[must_use]
pub fn expected_gradient(task: &Task, model: &Linear) -> Expected {
    let (n, t) = (task.n, task.t);
    let mu = &task.stationary;
    let v = &model.value;
    // Expected dV = V (d1 D + m1 mu mu') - P (d2 D + m2 mu mu'), averaged over k.
    let entries = Attention::from(&model.attention);
    let (mut d1, mut m1, mut d2, mut m2) = (0.0, 0.0, 0.0, 0.0);
    let (vv_trace, vv_form) = traces(task, v, v);
    let (vp_trace, vp_form) = traces(task, v, &task.transition);
    let mut attention = Array2::zeros((n, t));
    for (k, mut gradient) in attention.rows_mut().into_iter().enumerate() {
        let m = moments(task, &entries, k);
        d1 += mu[k] * m.square;
        m1 += mu[k] * (m.sum * m.sum - m.square);
        d2 += mu[k] * m.overlap;
        m2 += mu[k] * (m.sum - m.overlap);
        for (g, &a) in gradient.iter_mut().zip(kernel::row(&model.attention, k)) {
            let a = f64::from(a);
            *g = mu[k] * (a * vv_trace + (m.sum - a) * vv_form - vp_form);
        }
        for (&position, &weight) in task.patterns[k].positions.iter().zip(&task.patterns[k].weights) {
            gradient[position] -= mu[k] * weight * (vp_trace - vp_form);
        }
    }
    let mut value = Array2::zeros((n, n));
    for (i, mut row) in value.rows_mut().into_iter().enumerate() {
        let v_mu: f64 = v.row(i).iter().zip(mu).map(|(x, m)| x * m).sum();
        for (j, g) in row.iter_mut().enumerate() {
            let p = task.transition[[i, j]];
            // P mu = mu.
            *g = mu[j] * (d1 * v[[i, j]] + m1 * v_mu - d2 * p - m2 * mu[i]);
        }
    }
    Expected { value, attention }
}

/// The exact expected loss `1/2 E |e_{x_o} - V X a^(k)|^2`, without the l1 term. O(N^2 + N T).
///
/// # Panics
/// If the attention is not row-major. For shapes other than those of the task it may panic or
/// return meaningless numbers.
#[must_use]
pub fn expected_loss<'m>(task: &Task, model: impl Into<Model<'m>>) -> f64 {
    let model = model.into();
    let (vv_trace, vv_form) = traces(task, &model.value, &model.value);
    let (vp_trace, vp_form) = traces(task, &model.value, &task.transition);
    let mut loss = 0.0;
    for (k, &mu) in task.stationary.iter().enumerate() {
        let m = moments(task, &model.attention, k);
        let square = m.square * vv_trace + (m.sum * m.sum - m.square) * vv_form;
        let cross = m.overlap * vp_trace + (m.sum - m.overlap) * vp_form;
        loss += mu * 0.5 * (1.0 - 2.0 * cross + square);
    }
    loss
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::{Batches, SparseAttention};
    use crate::kernel::FixedPointAttention;
    use crate::learn::{Gradient, GradientAccumulator};
    use crate::random::{normal, stream};
    use crate::task::{Chain, TaskSpec, Weights};
    use crate::theory::planted;

    fn task(n: usize, q: usize, t: usize) -> Task {
        let chain = Chain::Mixture { persistence: 0.3, concentration: 1.0 };
        let weights = Weights::Dirichlet(2.0);
        Task::draw(&TaskSpec { n, q, t, chain, weights }, &mut stream([21; 16])).unwrap()
    }

    fn arbitrary_model(task: &Task) -> Linear {
        let mut s = stream([22; 16]);
        let mut model = planted(task, 0.4, 0.6);
        model.value.mapv_inplace(|v| v + 0.2 * normal(&mut s));
        model.attention.mapv_inplace(|a| a + 0.2 * normal(&mut s) as f32);
        model
    }

    /// Loss and gradients over 10^6 samples, at a model off the constraint sets. The per-entry
    /// noise is estimated from 100 sub-batches; the largest of about 60 standardised differences
    /// stays below 5 with probability 1 - 4e-5.
    #[test]
    fn a_million_samples_agree_with_the_population_formula() {
        let task = task(4, 2, 12);
        let model = arbitrary_model(&task);
        let (batch, batches) = (10_000usize, 100);
        let mut source = Batches::new(&task, batch, stream([23; 16])).unwrap();
        let mut accumulator = GradientAccumulator::new(task.n);
        let mut attention = FixedPointAttention::zeros(task.n, task.t);
        attention.set(&model.attention);
        let exact = expected_gradient(&task, &model);
        let exact: Vec<f64> = exact.value.iter().chain(&exact.attention).copied().collect();
        let (mut sums, mut squares) = (vec![0.0; exact.len()], vec![0.0; exact.len()]);
        let mut losses = Vec::new();
        for _ in 0..batches {
            let mut gradient = Gradient::zeros(task.n, task.t);
            let mut loss = 0.0;
            let mut first = true;
            accumulator.begin(&model, batch);
            source.for_each_chunk(&attention, |chunk| {
                accumulator.add(chunk, std::mem::take(&mut first), &mut gradient);
                for (place, query) in chunk.samples() {
                    let a = kernel::row(&model.attention, query);
                    let mut f = vec![0.0; task.n];
                    f[chunk.output(place)] = -1.0;
                    for (t, &a) in a.iter().enumerate() {
                        for (f, v) in f.iter_mut().zip(model.value.column(chunk.token(place, t))) {
                            *f += v * f64::from(a);
                        }
                    }
                    loss += 0.5 * f.iter().map(|x| x * x).sum::<f64>() / batch as f64;
                }
            });
            accumulator.finish(&mut gradient);
            losses.push(loss);
            let all = gradient.value.iter().copied().chain(gradient.attention.iter().map(|&g| f64::from(g)));
            for ((sum, square), g) in sums.iter_mut().zip(&mut squares).zip(all) {
                *sum += g;
                *square += g * g;
            }
        }
        let count = batches as f64;
        for (i, &expected) in exact.iter().enumerate() {
            let mean = sums[i] / count;
            let error = ((squares[i] / count - mean * mean) / count).sqrt();
            assert!((mean - expected).abs() < 5.0 * error, "entry {i}: {mean} and {expected}, error {error}");
            assert!(error < 0.01, "the test can tell a difference");
        }
        let mean = losses.iter().sum::<f64>() / count;
        let spread = (losses.iter().map(|l| (l - mean).powi(2)).sum::<f64>() / count / count).sqrt();
        assert!((mean - expected_loss(&task, &model)).abs() < 4.0 * spread);
    }

    /// The same for 10^6 samples that are drawn only at the entries of a fixed attention. One of
    /// its rows has no entry at a true position. dV has 16 entries, so an alarm has probability
    /// 1e-5.
    #[test]
    fn a_million_sparse_samples_agree_with_the_population_formula() {
        let task = task(4, 2, 200);
        let mut model = arbitrary_model(&task);
        model.attention.fill(0.0);
        for (k, pattern) in task.patterns.iter().enumerate() {
            let shift = usize::from(k == 1);
            pattern.positions.iter().for_each(|&t| model.attention[[k, (t + shift) % 200]] = 0.4 + 0.1 * k as f32);
            model.attention[[k, 7]] = -0.3;
        }
        let attended = SparseAttention::new(&model.attention).unwrap();
        let (batch, batches) = (10_000usize, 100);
        let mut source = Batches::new(&task, batch, stream([24; 16])).unwrap();
        let mut accumulator = GradientAccumulator::new(task.n);
        let exact = expected_gradient(&task, &model);
        let (mut sums, mut squares) = (Array2::<f64>::zeros((4, 4)), Array2::<f64>::zeros((4, 4)));
        let mut gradient = Gradient::zeros(task.n, task.t);
        for _ in 0..batches {
            accumulator.begin(&model, batch);
            source.for_each_sparse(&attended, |chunk| accumulator.add_value(chunk));
            accumulator.finish(&mut gradient);
            sums += &gradient.value;
            squares += &gradient.value.mapv(|g| g * g);
        }
        let count = batches as f64;
        for ((index, &expected), (&sum, &square)) in exact.value.indexed_iter().zip(sums.iter().zip(&squares)) {
            let mean = sum / count;
            let error = ((square / count - mean * mean) / count).sqrt();
            assert!((mean - expected).abs() < 5.0 * error, "dV {index:?}: {mean} and {expected}, error {error}");
            assert!(error < 0.01, "the test can tell a difference");
        }
        assert!(SparseAttention::new(&Linear::uninformative(&task.known()).attention).is_none(), "too many entries");
    }

    /// On the constraint sets, precondition and projection turn the general formula into the two
    /// short ones of the theory: `|A|^2 Vc - <Q,A> Pc` and `|Vc|^2 Ac - <Vc,Pc> Qc`.
    #[test]
    fn projected_gradients_have_the_short_form_on_the_constraint_sets() {
        let task = task(5, 3, 9);
        let mu = &task.stationary;
        let mut model = arbitrary_model(&task);
        // Project the model itself: 1'V = 1', V mu = mu, 1'a = 1.
        let centre = |m: &mut Array2<f64>| {
            for mut column in m.columns_mut() {
                let mean = column.mean().unwrap();
                column -= mean;
            }
            for mut row in m.rows_mut() {
                let along: f64 = row.iter().zip(mu).map(|(x, m)| x * m).sum();
                row -= along;
            }
        };
        centre(&mut model.value);
        let vc = model.value.clone();
        for mut column in model.value.columns_mut() {
            column += mu;
        }
        for mut row in model.attention.rows_mut() {
            let excess = (row.sum() - 1.0) / task.t as f32;
            row -= excess;
        }
        let inner = |u: &Array2<f64>, w: &Array2<f64>| -> f64 {
            (0..task.n).map(|k| mu[k] * u.column(k).iter().zip(w.column(k)).map(|(x, y)| x * y).sum::<f64>()).sum()
        };
        let uniform = 1.0 / task.t as f64;
        let a = model.attention.t().mapv(f64::from);
        let mut q = Array2::zeros((task.t, task.n));
        for (k, pattern) in task.patterns.iter().enumerate() {
            pattern.positions.iter().zip(&pattern.weights).for_each(|(&p, &w)| q[[p, k]] = w);
        }
        let pc = task.centred_transition();
        let mut got = expected_gradient(&task, &model);
        for (mut column, &m) in got.value.columns_mut().into_iter().zip(mu) {
            column /= m;
        }
        centre(&mut got.value);
        let expected = &vc * inner(&a, &a) - &pc * inner(&q, &a);
        assert!(got.value.iter().zip(&expected).all(|(x, y)| (x - y).abs() < 1e-6));
        for (k, row) in got.attention.rows().into_iter().enumerate() {
            let mean = row.mean().unwrap();
            for (t, &g) in row.iter().enumerate() {
                let short = inner(&vc, &vc) * (a[[t, k]] - uniform) - inner(&vc, &pc) * (q[[t, k]] - uniform);
                assert!(((g - mean) / mu[k] - short).abs() < 1e-6);
            }
        }
    }
}
