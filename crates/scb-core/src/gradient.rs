//! The mean gradient of a batch, without a matrix product over positions.
//!
//! For one sample with query token `k`: `h = X a^(k)` is a weighted histogram, `r = V h - e_{x_o}` the
//! residual, and the gradients of `1/2 |r|^2` are `dV = r h'` and `da^(k)_t = (V' r)[x_t]`, a table
//! look-up per token.

use ndarray::Array2;

use crate::kernel;
use crate::model::Linear;
use crate::sampler::Chunk;

/// Gradient of the loss with respect to V and A.
#[derive(Debug, Clone, PartialEq)]
pub struct Gradient {
    /// dV, shape `(N, N)`.
    pub value: Array2<f64>,
    /// dA transposed, shape `(N, T)`: row `k` belongs to `a^(k)`.
    pub attention: Array2<f32>,
}

impl Gradient {
    /// All zero, for `n` states and `t` positions.
    #[must_use]
    pub fn zeros(n: usize, t: usize) -> Self {
        Self { value: Array2::zeros((n, n)), attention: Array2::zeros((n, t)) }
    }

    /// Sets every entry to zero.
    pub fn clear(&mut self) {
        self.value.fill(0.0);
        self.attention.fill(0.0);
    }
}

/// Adds up the gradients of chunks. Holds the scratch space, so that only the first step allocates.
#[derive(Debug)]
pub struct Accumulator {
    stride: usize,
    /// Look-up table `V' r / B` of each row of the chunk.
    tables: Vec<f32>,
    histogram: Vec<f64>,
    residual: Vec<f64>,
}

impl Accumulator {
    /// For `n` states.
    #[must_use]
    pub fn new(n: usize) -> Self {
        Self { stride: kernel::table_stride(n), tables: Vec::new(), histogram: vec![0.0; n], residual: vec![0.0; n] }
    }

    /// Adds the gradients of all samples of `chunk` at `model`, each divided by `batch_size`, to
    /// `gradient`.
    pub fn add(&mut self, model: &Linear, chunk: &Chunk, batch_size: usize, gradient: &mut Gradient) {
        let (n, t, stride) = (self.histogram.len(), chunk.t, self.stride);
        let weight = 1.0 / batch_size as f64;
        self.tables.resize(chunk.len() * stride, 0.0);
        for (row, table) in self.tables.chunks_exact_mut(stride).enumerate() {
            let attention = crate::model::row(&model.attention, usize::from(chunk.queries[row]));
            kernel::histogram(chunk.sequence(row), attention, &mut self.histogram);
            let output = usize::from(chunk.outputs[row]);
            for (i, (r, v)) in self.residual.iter_mut().zip(model.value.rows()).enumerate() {
                *r = if i == output { -weight } else { 0.0 };
                for (&v, &h) in v.iter().zip(&self.histogram) {
                    *r += weight * v * h;
                }
            }
            for (&r, mut g) in self.residual.iter().zip(gradient.value.rows_mut()) {
                for (g, &h) in g.iter_mut().zip(&self.histogram) {
                    *g += r * h;
                }
            }
            for (j, entry) in table[..n].iter_mut().enumerate() {
                let mut sum = 0.0;
                for (&v, &r) in model.value.column(j).iter().zip(&self.residual) {
                    sum += v * r;
                }
                *entry = sum as f32;
            }
        }
        let mut start = 0;
        for group in chunk.queries.chunk_by(|a, b| a == b) {
            let end = start + group.len();
            let sums = crate::model::row_mut(&mut gradient.attention, usize::from(group[0]));
            let tables = &self.tables[start * stride..end * stride];
            kernel::add_look_ups(&chunk.tokens[start * t..end * t], tables, n, sums);
            start = end;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::{Stream, normal, stream};
    use crate::sampler::Batches;
    use crate::task::{Chain, Task, TaskSpec, Weights};

    fn task(n: usize, q: usize, t: usize) -> Task {
        let chain = Chain::Mixture { persistence: 0.3, concentration: 1.0 };
        Task::draw(&TaskSpec { n, q, t, chain, weights: Weights::Equal }, &mut stream([2; 16])).unwrap()
    }

    fn random_model(task: &Task, s: &mut Stream) -> Linear {
        let mut model = Linear::planted(task, 0.4, 0.6);
        model.value.mapv_inplace(|v| v + 0.3 * normal(s));
        model.attention.mapv_inplace(|a| a + 0.1 * normal(s) as f32);
        model
    }

    /// The mean loss of a chunk straight from its definition, in double precision.
    fn slow_loss(value: &Array2<f64>, attention: &Array2<f64>, chunk: &Chunk) -> f64 {
        let mut total = 0.0;
        for row in 0..chunk.len() {
            let mut f = vec![0.0; value.nrows()];
            f[usize::from(chunk.outputs[row])] = -1.0;
            for (t, &x) in chunk.sequence(row).iter().enumerate() {
                for (i, f) in f.iter_mut().enumerate() {
                    *f += value[[i, usize::from(x)]] * attention[[usize::from(chunk.queries[row]), t]];
                }
            }
            total += 0.5 * f.iter().map(|x| x * x).sum::<f64>();
        }
        total / chunk.len() as f64
    }

    #[test]
    fn batch_gradient_agrees_with_finite_differences() {
        for (n, q, t) in [(2, 1, 5), (3, 2, 20), (7, 3, 33), (20, 2, 18)] {
            let task = task(n, q, t);
            let model = random_model(&task, &mut stream([8; 16]));
            let batch = 50;
            let mut chunk = Chunk::default();
            let mut copy = Chunk::default();
            let mut gradient = Gradient::zeros(n, t);
            let mut accumulator = Accumulator::new(n);
            Batches::new(&task, batch, stream([4; 16])).for_each_chunk(&mut chunk, |c| {
                accumulator.add(&model, c, batch, &mut gradient);
                copy = c.clone();
            });
            // The loss is quadratic in V and in A, so central differences are exact up to rounding.
            let step = 1e-3;
            let attention = model.attention.mapv(f64::from);
            for (index, &g) in gradient.value.indexed_iter() {
                let at = |delta: f64| {
                    let mut value = model.value.clone();
                    value[index] += delta;
                    slow_loss(&value, &attention, &copy)
                };
                let slope = (at(step) - at(-step)) / (2.0 * step);
                assert!((g - slope).abs() < 2e-6, "V {index:?}: {g} {slope}");
            }
            for (index, &g) in gradient.attention.indexed_iter() {
                let at = |delta: f64| {
                    let mut moved = attention.clone();
                    moved[index] += delta;
                    slow_loss(&model.value, &moved, &copy)
                };
                let slope = (at(step) - at(-step)) / (2.0 * step);
                assert!((f64::from(g) - slope).abs() < 2e-6, "A {index:?}: {g} {slope}");
            }
        }
    }

    #[test]
    fn a_batch_in_many_chunks_has_the_gradient_of_its_samples() {
        let task = task(3, 2, 100_000);
        let model = random_model(&task, &mut stream([8; 16]));
        let (batch, n) = (7, task.n);
        let mut whole = Chunk { t: task.t, ..Chunk::default() };
        let mut gradient = Gradient::zeros(n, task.t);
        let mut accumulator = Accumulator::new(n);
        let mut chunks = 0;
        Batches::new(&task, batch, stream([4; 16])).for_each_chunk(&mut Chunk::default(), |c| {
            accumulator.add(&model, c, batch, &mut gradient);
            whole.tokens.extend(&c.tokens);
            whole.queries.extend(&c.queries);
            whole.outputs.extend(&c.outputs);
            chunks += 1;
        });
        assert!(chunks > 1);
        let mut at_once = Gradient::zeros(n, task.t);
        Accumulator::new(n).add(&model, &whole, batch, &mut at_once);
        let far = |x: f64, y: f64| (x - y).abs() > 1e-5;
        assert!(!gradient.value.iter().zip(&at_once.value).any(|(&x, &y)| far(x, y)));
        assert!(!gradient.attention.iter().zip(&at_once.attention).any(|(&x, &y)| far(x.into(), y.into())));
    }
}
