//! The mean gradient of a batch, without a matrix product over positions; [`learn`](super) has the
//! formulas.

use ndarray::Array2;
use rayon::prelude::*;

use crate::data::{Batches, Chunk};
use crate::kernel::{self, FixedPointAttention, PIECE, Residuals, Table, level_in_use};
use crate::model::Linear;

/// The gradient of the loss `1/2 |e_{x_o} - V X a^(k)|^2` with respect to V and A.
#[derive(Debug, Clone, PartialEq)]
pub struct Gradient {
    /// dV, shape `(N, N)`.
    pub value: Array2<f64>,
    /// dA transposed, shape `(N, T)`, row-major: row `k` belongs to `a^(k)`.
    pub attention: Array2<f32>,
    /// Rows of `attention` that are known to be 0, as those of query tokens are that no sample of a
    /// batch has.
    zero_rows: Vec<bool>,
}

impl Gradient {
    /// All zero, for `n` states and `t` positions.
    #[must_use]
    pub fn zeros(n: usize, t: usize) -> Self {
        Self::new(Array2::zeros((n, n)), Array2::zeros((n, t)))
    }

    /// The gradient with these parts.
    #[must_use]
    pub fn new(value: Array2<f64>, attention: Array2<f32>) -> Self {
        let zero_rows = vec![false; attention.nrows()];
        Self { value, attention, zero_rows }
    }

    /// Whether row `k` of the attention's part is known to be 0: no sample of the batch had query
    /// token k.
    #[must_use]
    pub fn is_zero(&self, k: usize) -> bool {
        self.zero_rows[k]
    }
}

/// Sums the gradients of a batch, chunk by chunk: [`begin`](Self::begin), then [`add`](Self::add)
/// for each chunk of [`Batches::for_each_chunk`](crate::data::Batches::for_each_chunk), then
/// [`finish`](Self::finish). [`mean_gradient()`] does this for one batch. Reuse one accumulator for
/// many batches: it holds the scratch memory.
#[derive(Debug)]
pub struct GradientAccumulator {
    n: usize,
    residuals: Residuals,
    /// Look-up table of each line of a chunk.
    tables: Vec<Table>,
}

impl GradientAccumulator {
    /// For `n` states.
    #[must_use]
    pub fn new(n: usize) -> Self {
        Self { n, residuals: Residuals::new(n), tables: Vec::new() }
    }

    /// Begins a batch of `batch_size` samples, at the V of `model`. The attention is the one that
    /// the batch was drawn with.
    pub fn begin(&mut self, model: &Linear, batch_size: usize) {
        self.residuals.begin(level_in_use(), &model.value, 1.0 / batch_size as f64);
    }

    /// Adds the samples of `chunk` to dV only.
    ///
    /// # Panics
    /// If the chunk has no histograms.
    pub fn add_value(&mut self, chunk: &Chunk) {
        chunk.check_histograms();
        let Chunk { max_lines, layout, filled, outputs, histograms, .. } = chunk;
        let size = kernel::table_size(self.n);
        // Entries beyond the N states are 0 and stay so; the others are overwritten.
        self.tables.resize(max_lines * size, Table([0.0; 16]));
        let tables = &mut self.tables[..filled.len() * size];
        level_in_use().residuals(&mut self.residuals, layout, filled, outputs, histograms, tables);
    }

    /// Adds the samples of `chunk` to dV and dA. `first` says that it is the first chunk of the
    /// batch: `gradient.attention` is then overwritten, and otherwise added to.
    ///
    /// # Panics
    /// If the chunk comes from [`Batches::for_each_sparse`](crate::data::Batches::for_each_sparse)
    /// and has no tokens, if it has no histograms, or if `gradient.attention` is not row-major.
    pub fn add(&mut self, chunk: &Chunk, first: bool, gradient: &mut Gradient) {
        self.add_value(chunk);
        let (layout, size, level, tables) = (&chunk.layout, kernel::table_size(self.n), level_in_use(), &self.tables);
        let t = gradient.attention.ncols();
        let blocks = layout.blocks();
        let look_up = |k: usize, first_position: usize, sums: &mut [f32]| {
            let group = &chunk.groups[k];
            if group.is_empty() {
                sums.fill(0.0);
                return;
            }
            let lines = &chunk.lines[group.start * blocks..group.end * blocks];
            let tables = &tables[group.start * size..group.end * size];
            level.look_up(layout, lines, first_position, tables, !first, sums);
        };
        assert!(chunk.has_tokens, "only the entries of an attention were drawn, and no sequences");
        let Some(sums) = gradient.attention.as_slice_mut() else { panic!("{}", kernel::ROW_MAJOR) };
        // Rows that change. What is 0 and has no samples stays so.
        let rows = sums.chunks_mut(t).zip(&mut gradient.zero_rows).zip(&chunk.groups).enumerate();
        let changing = rows.filter_map(|(k, ((sums, zero), group))| {
            let was_zero = std::mem::replace(zero, group.is_empty() && (first || *zero));
            let stays = group.is_empty() && (!first || was_zero);
            (!stays).then_some((k, sums))
        });
        if chunk.worth_many_cores() {
            changing.par_bridge().for_each(|(k, sums)| {
                let pieces = sums.par_chunks_mut(PIECE).enumerate();
                pieces.for_each(|(piece, sums)| look_up(k, piece * PIECE, sums));
            });
        } else {
            changing.for_each(|(k, sums)| look_up(k, 0, sums));
        }
    }

    /// Ends the batch and writes dV to `gradient.value`; dA is complete already.
    pub fn finish(&self, gradient: &mut Gradient) {
        self.residuals.finish(level_in_use(), &mut gradient.value);
    }

    /// Writes the mean gradient of the next batch at `model` to `gradient`. `weights` is scratch
    /// space of the shape of its attention.
    pub fn next_batch(
        &mut self,
        model: &Linear,
        weights: &mut FixedPointAttention,
        batches: &mut Batches,
        gradient: &mut Gradient,
    ) {
        self.begin(model, batches.batch_size());
        let mut first = true;
        batches.for_each_chunk_at(&model.attention, weights, |chunk| {
            self.add(chunk, first, gradient);
            first = false;
        });
        self.finish(gradient);
    }
}

/// The mean gradient of the next batch at `model`.
///
/// ```
/// use scb_core::data::Batches;
/// use scb_core::learn::mean_gradient;
/// use scb_core::random::stream;
/// use scb_core::{Linear, Task, TaskSpec};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let task = Task::draw(&TaskSpec::new(3, 2, 64), &mut stream([1; 16]))?;
/// let mut batches = Batches::new(&task, 1000, stream([2; 16]))?;
/// let gradient = mean_gradient(&mut batches, &Linear::uninformative(&task.known()));
/// assert_eq!((gradient.value.dim(), gradient.attention.dim()), ((3, 3), (3, 64)));
/// # Ok(())
/// # }
/// ```
///
/// # Panics
/// If the shapes of `model` are not those of the samples, or its attention is not row-major.
pub fn mean_gradient(batches: &mut Batches, model: &Linear) -> Gradient {
    let (n, t) = model.attention.dim();
    let (mut weights, mut gradient) = (FixedPointAttention::zeros(n, t), Gradient::zeros(n, t));
    GradientAccumulator::new(n).next_batch(model, &mut weights, batches, &mut gradient);
    gradient
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::{Level, use_level};
    use crate::random::{Stream, normal, stream};
    use crate::task::{Chain, Task, TaskSpec, Weights};
    use crate::theory::planted;

    fn task(n: usize, q: usize, t: usize) -> Task {
        let chain = Chain::Mixture { persistence: 0.3, concentration: 1.0 };
        Task::draw(&TaskSpec { n, q, t, chain, weights: Weights::Equal }, &mut stream([2; 16])).unwrap()
    }

    fn random_model(task: &Task, s: &mut Stream) -> Linear {
        let mut model = planted(task, 0.4, 0.6);
        model.value.mapv_inplace(|v| v + 0.3 * normal(s));
        model.attention.mapv_inplace(|a| a + 0.1 * normal(s) as f32);
        model
    }

    /// The mean loss of a chunk from its definition, in double precision.
    fn slow_loss(value: &Array2<f64>, attention: &Array2<f64>, chunk: &Chunk) -> f64 {
        let (mut total, mut count) = (0.0, 0.0);
        for (place, query) in chunk.samples() {
            let mut f = vec![0.0; value.nrows()];
            f[chunk.output(place)] = -1.0;
            for t in 0..attention.ncols() {
                for (i, f) in f.iter_mut().enumerate() {
                    *f += value[[i, chunk.token(place, t)]] * attention[[query, t]];
                }
            }
            total += 0.5 * f.iter().map(|x| x * x).sum::<f64>();
            count += 1.0;
        }
        total / count
    }

    /// The gradient of the next batch, and its chunks.
    fn batch(batches: &mut Batches, model: &Linear) -> (Gradient, Vec<Chunk>) {
        let (n, t) = model.attention.dim();
        let mut attention = FixedPointAttention::zeros(n, t);
        attention.set(&model.attention);
        // The result must not depend on the previous contents.
        let mut gradient = Gradient::new(Array2::ones((n, n)), Array2::ones((n, t)));
        let mut accumulator = GradientAccumulator::new(n);
        accumulator.begin(model, batches.batch_size());
        let mut chunks = Vec::new();
        batches.for_each_chunk(&attention, |chunk| {
            accumulator.add(chunk, chunks.is_empty(), &mut gradient);
            chunks.push(chunk.clone());
        });
        accumulator.finish(&mut gradient);
        (gradient, chunks)
    }

    #[test]
    fn one_call_gives_the_gradient_of_the_next_batch() {
        let task = task(3, 2, 20);
        let model = random_model(&task, &mut stream([8; 16]));
        let next = || Batches::new(&task, 50, stream([4; 16])).unwrap();
        assert_eq!(mean_gradient(&mut next(), &model), batch(&mut next(), &model).0);
    }

    #[test]
    #[should_panic(expected = "no sequences")]
    fn sparse_samples_have_no_gradient_of_the_attention() {
        let task = task(3, 2, 200);
        let mut model = random_model(&task, &mut stream([8; 16]));
        model.attention.fill(0.0);
        model.attention[[1, 7]] = 1.0;
        let attended = crate::data::SparseAttention::new(&model.attention).unwrap();
        let (mut accumulator, mut gradient) = (GradientAccumulator::new(3), Gradient::zeros(3, 200));
        accumulator.begin(&model, 10);
        let mut batches = Batches::new(&task, 10, stream([4; 16])).unwrap();
        batches.for_each_sparse(&attended, |chunk| accumulator.add(chunk, true, &mut gradient));
    }

    #[test]
    fn batch_gradient_agrees_with_finite_differences() {
        for (n, q, t) in [(2, 1, 5), (3, 2, 20), (7, 3, 33), (20, 2, 18)] {
            let task = task(n, q, t);
            let model = random_model(&task, &mut stream([8; 16]));
            let (gradient, chunks) = batch(&mut Batches::new(&task, 50, stream([4; 16])).unwrap(), &model);
            let [chunk] = &chunks[..] else { panic!("one chunk") };
            // The loss is quadratic in V and in A, so central differences are exact up to rounding.
            let step = 1e-3;
            let attention = model.attention.mapv(f64::from);
            for (index, &g) in gradient.value.indexed_iter() {
                let at = |delta: f64| {
                    let mut value = model.value.clone();
                    value[index] += delta;
                    slow_loss(&value, &attention, chunk)
                };
                let slope = (at(step) - at(-step)) / (2.0 * step);
                assert!((g - slope).abs() < 2e-6, "V {index:?}: {g} {slope}");
            }
            for (index, &g) in gradient.attention.indexed_iter() {
                let at = |delta: f64| {
                    let mut moved = attention.clone();
                    moved[index] += delta;
                    slow_loss(&model.value, &moved, chunk)
                };
                let slope = (at(step) - at(-step)) / (2.0 * step);
                assert!((f64::from(g) - slope).abs() < 2e-6, "A {index:?}: {g} {slope}");
            }
        }
    }

    /// A batch with more lines than a chunk has room for. The gradient is that of the samples of
    /// all chunks, one by one, at every level.
    #[test]
    fn a_batch_in_many_chunks_has_the_gradient_of_its_samples() {
        for (n, t, batch_size) in [(3, 70_000, 75), (20, 60_000, 35)] {
            let task = task(n, 2, t);
            let model = random_model(&task, &mut stream([8; 16]));
            let next = || batch(&mut Batches::new(&task, batch_size, stream([4; 16])).unwrap(), &model);
            let (gradient, chunks) = next();
            assert_eq!(chunks.len(), 3);
            let mut value = Array2::<f64>::zeros((n, n));
            let mut attention = Array2::<f64>::zeros((n, t));
            let mut magnitude = attention.clone();
            for chunk in &chunks {
                for (place, query) in chunk.samples() {
                    // Histograms are tested with the kernels that compute them.
                    let h = ndarray::ArrayView1::from(&chunk.histogram(place)[..n]);
                    let mut r = model.value.dot(&h);
                    r[chunk.output(place)] -= 1.0;
                    r /= batch_size as f64;
                    let table = model.value.t().dot(&r);
                    // In single precision the terms of a table are rounded, and not only its entries.
                    let sizes = if n > 16 {
                        let values = model.value.mapv(f64::abs);
                        values.t().dot(&((values.dot(&h.mapv(f64::abs)) + 1.0) / batch_size as f64))
                    } else {
                        table.mapv(f64::abs)
                    };
                    for ((i, j), g) in value.indexed_iter_mut() {
                        *g += r[i] * h[j];
                    }
                    for t in 0..t {
                        let token = chunk.token(place, t);
                        attention[[query, t]] += table[token];
                        magnitude[[query, t]] += sizes[token];
                    }
                }
            }
            let largest = value.iter().fold(0.0, |m: f64, v| m.max(v.abs()));
            // Residuals of more than 16 states are sums in single precision.
            let single = if n > 16 { (n + batch_size) as f64 * f64::from(f32::EPSILON) } else { 0.0 };
            assert!(!gradient.value.iter().zip(&value).any(|(x, y)| (x - y).abs() > (1e-12 + single) * largest));
            // Single precision, about 25 additions an entry, and those of the tables.
            let additions = if n > 16 { 25.0 + 2.0 * n as f64 } else { 25.0 };
            for ((&x, &y), size) in gradient.attention.iter().zip(&attention).zip(&magnitude) {
                assert!((f64::from(x) - y).abs() <= additions * f64::from(f32::EPSILON) * size);
            }
            for level in Level::available() {
                use_level(level);
                let (other, _) = next();
                assert!(other.value.iter().zip(&gradient.value).all(|(x, y)| x.to_bits() == y.to_bits()), "{level:?}");
                let same = |(x, y): (&f32, &f32)| x.to_bits() == y.to_bits();
                assert!(other.attention.iter().zip(&gradient.attention).all(same), "{level:?}");
            }
        }
    }

    /// Batches that are worth more than one core, on one core and on four.
    #[test]
    fn any_number_of_cores_gives_the_same_bits() {
        for (n, t, batch_size) in [(2, 20_000, 70), (3, 40_000, 40), (8, 20_000, 40), (20, 9_000, 140)] {
            let task = task(n, 2, t);
            let model = random_model(&task, &mut stream([8; 16]));
            let run = |threads: usize| {
                let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
                pool.install(|| {
                    let mut batches = Batches::new(&task, batch_size, stream([4; 16])).unwrap();
                    [(), ()].map(|()| {
                        let (gradient, chunks) = batch(&mut batches, &model);
                        assert!(chunks.iter().all(|chunk| chunk.worth_many_cores() == (threads > 1)));
                        (gradient.value.mapv(f64::to_bits), gradient.attention.mapv(f32::to_bits))
                    })
                })
            };
            assert_eq!(run(1), run(4), "N = {n}");
        }
    }
}
