//! Batches of samples, chunk by chunk.
//!
//! While a sequence is drawn its histogram is computed, so the gradient is the only second pass
//! over the tokens; but for batches that another core draws ahead (see [`ahead`](super::ahead)).

use ndarray::Array2;

use super::ahead::Ahead;
use super::sampler::{ChunkSizes, Sampler};
use super::{Chunk, SparseAttention};
use crate::kernel::FixedPointAttention;
use crate::random::Stream;
use crate::{Task, TrainError};

/// A source of batches of independent samples of one task.
#[derive(Debug)]
pub struct Batches {
    n: usize,
    t: usize,
    batch_size: usize,
    sizes: ChunkSizes,
    sampler: Sampler,
    chunk: Chunk,
    ahead: Ahead,
}

impl Batches {
    /// Batches of `batch_size` samples of `task`. The samples are drawn from P and the attention
    /// patterns; `stream` determines them.
    ///
    /// # Errors
    /// [`TrainError::Setting`] if `batch_size` is 0.
    pub fn new(task: &Task, batch_size: usize, stream: Stream) -> Result<Self, TrainError> {
        if batch_size == 0 {
            return Err(TrainError::batch_size());
        }
        let (n, t) = (task.n, task.t);
        let sizes = ChunkSizes::new(n, t, batch_size);
        let chunk = Chunk::new(n, t, sizes.lines);
        let ahead = Ahead::new(batch_size, &sizes, &chunk);
        Ok(Self { n, t, batch_size, sizes, sampler: Sampler::new(task, &sizes, stream), chunk, ahead })
    }

    /// Samples per batch, B.
    #[must_use]
    pub fn batch_size(&self) -> usize {
        self.batch_size
    }

    /// From now on every batch has `batch_size` samples, at least 1. The samples are independent of
    /// those before. Does nothing if that is the size already.
    ///
    /// # Panics
    /// If `batch_size` is 0.
    pub fn set_batch_size(&mut self, batch_size: usize) {
        if batch_size == self.batch_size {
            return;
        }
        assert!(batch_size > 0, "a batch has at least one sample");
        self.ahead.forget(&mut self.sampler, &mut self.chunk);
        self.batch_size = batch_size;
        self.sizes = ChunkSizes::new(self.n, self.t, batch_size);
        self.sampler.resize(&self.sizes);
        self.chunk = Chunk::new(self.n, self.t, self.sizes.lines);
        self.ahead = Ahead::new(batch_size, &self.sizes, &self.chunk);
    }

    /// Draws one batch and calls `visit` with each chunk of it. `attention` is used to compute the
    /// histograms `h = X a^(k)`; it does not influence the samples. Order and sizes of the chunks
    /// depend on the task and on B only. O(B T).
    ///
    /// # Panics
    /// If `attention` was made for another N or T.
    pub fn for_each_chunk(&mut self, attention: &FixedPointAttention, mut visit: impl FnMut(&Chunk)) {
        assert_eq!(attention.shape(), (self.n, self.t), "the attention is of another shape");
        if let Some(chunk) = self.next_ahead() {
            chunk.weigh(attention);
            return visit(chunk);
        }
        self.draw_chunks(|sampler, samples, chunk| {
            sampler.draw_sequences(Some(attention), chunk);
            sampler.draw_outputs(samples, chunk);
            visit(chunk);
        });
    }

    /// As [`Batches::for_each_chunk`] for `attention`, shape `(N, T)`, row-major. `weights` is scratch
    /// space of that shape: only the rows of query tokens that occur in the batch are converted.
    ///
    /// # Panics
    /// If the shapes differ, or the attention is not row-major.
    pub fn for_each_chunk_at(
        &mut self,
        attention: &Array2<f32>,
        weights: &mut FixedPointAttention,
        mut visit: impl FnMut(&Chunk),
    ) {
        assert_eq!(attention.dim(), (self.n, self.t), "the attention is of another shape");
        weights.forget();
        let set_rows = |chunk: &Chunk, weights: &mut FixedPointAttention| {
            let groups = chunk.groups.iter().enumerate();
            groups.filter(|(_, group)| !group.is_empty()).for_each(|(k, _)| weights.set_row(k, attention));
        };
        if let Some(chunk) = self.next_ahead() {
            set_rows(chunk, weights);
            chunk.weigh(weights);
            return visit(chunk);
        }
        self.draw_chunks(|sampler, samples, chunk| {
            set_rows(chunk, weights);
            sampler.draw_sequences(Some(weights), chunk);
            sampler.draw_outputs(samples, chunk);
            visit(chunk);
        });
    }

    /// As [`Batches::for_each_chunk`], without histograms: what [`Chunk::histogram`] returns has no
    /// meaning.
    pub fn for_each_unweighed(&mut self, mut visit: impl FnMut(&Chunk)) {
        if let Some(chunk) = self.next_ahead() {
            return visit(chunk);
        }
        self.draw_chunks(|sampler, samples, chunk| {
            sampler.draw_sequences(None, chunk);
            sampler.draw_outputs(samples, chunk);
            visit(chunk);
        });
    }

    /// As [`Batches::for_each_chunk`], for a fixed attention with few non-zero entries. Only the
    /// tokens at these entries and the token that determines the output are drawn. The chunks have
    /// query tokens, outputs and histograms, but no tokens: [`Chunk::token`] panics. The samples
    /// are not those that `for_each_chunk` would draw.
    pub fn for_each_sparse(&mut self, attended: &SparseAttention, mut visit: impl FnMut(&Chunk)) {
        self.ahead.forget(&mut self.sampler, &mut self.chunk);
        self.draw_chunks(|sampler, samples, chunk| {
            sampler.draw_sparse(attended, samples, chunk);
            visit(chunk);
        });
    }

    /// The next batch, without histograms, if it was drawn ahead.
    fn next_ahead(&mut self) -> Option<&mut Chunk> {
        let (n, t, lines) = (self.n, self.t, self.sizes.lines);
        self.ahead.next(&mut self.sampler, || Chunk::new(n, t, lines))
    }

    /// Draws the query tokens of a batch, chunk by chunk; `draw` does the rest.
    fn draw_chunks(&mut self, mut draw: impl FnMut(&mut Sampler, usize, &mut Chunk)) {
        let mut left = self.batch_size;
        while left > 0 {
            let samples = left.min(self.sizes.samples);
            self.sampler.assign(samples, &mut self.chunk);
            draw(&mut self.sampler, samples, &mut self.chunk);
            left -= samples;
        }
    }
}

#[cfg(test)]
mod tests {
    use statrs::distribution::{ChiSquared, ContinuousCDF};

    use super::*;
    use crate::kernel::Block;
    use crate::random::stream;
    use crate::task::{Chain, TaskSpec, Weights};

    fn task(n: usize, q: usize, t: usize, weights: Weights) -> Task {
        let chain = Chain::Mixture { persistence: 0.3, concentration: 1.0 };
        Task::draw(&TaskSpec { n, q, t, chain, weights }, &mut stream([11; 16])).unwrap()
    }

    /// Upper tail probability of Pearson's statistic.
    fn chi_square(counts: &[u64], probabilities: &[f64]) -> f64 {
        let total: u64 = counts.iter().sum();
        let statistic: f64 = counts
            .iter()
            .zip(probabilities)
            .filter(|&(_, &p)| p > 0.0)
            .map(|(&count, &p)| (count as f64 - total as f64 * p).powi(2) / (total as f64 * p))
            .sum();
        let cells = probabilities.iter().filter(|&&p| p > 0.0).count();
        1.0 - ChiSquared::new((cells - 1) as f64).unwrap().cdf(statistic)
    }

    /// Chi-square tests of tokens, query tokens, and outputs given the tokens at the true
    /// positions. There are twelve tests; with a random seed each would fail with probability 1e-4.
    #[test]
    fn samples_have_the_frequencies_of_the_model() {
        for (n, q, t, first) in [(3, 2, 50, 60_000), (20, 3, 33, 60_000), (3, 2, 50, 100), (3, 2, 50, 70_000)] {
            let task = task(n, q, t, Weights::Dirichlet(1.0));
            let mut batches = Batches::new(&task, first, stream([5; 16])).unwrap();
            batches.set_batch_size(60_000);
            let mu = task.stationary.to_vec();
            let (mut tokens, mut queries) = (vec![0u64; n], vec![0u64; n]);
            // Observed and expected counts of each output, summed over samples.
            let (mut observed, mut expected) = (vec![0u64; n], vec![0.0; n]);
            batches.for_each_chunk(&FixedPointAttention::zeros(n, t), |chunk| {
                for (place, query) in chunk.samples() {
                    queries[query] += 1;
                    (0..t).for_each(|position| tokens[chunk.token(place, position)] += 1);
                    observed[chunk.output(place)] += 1;
                    let pattern = &task.patterns[query];
                    for (&position, &weight) in pattern.positions.iter().zip(&pattern.weights) {
                        for (state, e) in expected.iter_mut().enumerate() {
                            *e += weight * task.transition[[state, chunk.token(place, position)]];
                        }
                    }
                }
            });
            let share: Vec<f64> = expected.iter().map(|e| e / 60_000.0).collect();
            assert!(chi_square(&tokens, &mu) > 1e-4, "tokens");
            assert!(chi_square(&queries, &mu) > 1e-4, "queries");
            assert!(chi_square(&observed, &share) > 1e-4, "outputs");
        }
    }

    /// With Q = 1 the position is known, so the pairs (token there, output) have probabilities
    /// `mu_m P[n, m]`. With a random seed the test would fail with probability 1e-4.
    #[test]
    fn outputs_follow_the_token_at_the_true_position() {
        let (n, t) = (4, 40);
        let task = task(n, 1, t, Weights::Equal);
        let mut pairs = vec![0u64; n * n];
        Batches::new(&task, 50_000, stream([6; 16])).unwrap().for_each_chunk(
            &FixedPointAttention::zeros(n, t),
            |chunk| {
                for (place, query) in chunk.samples() {
                    let current = chunk.token(place, task.patterns[query].positions[0]);
                    pairs[current * n + chunk.output(place)] += 1;
                }
            },
        );
        let probability = |i: usize| task.stationary[i / n] * task.transition[[i % n, i / n]];
        let expected: Vec<f64> = (0..n * n).map(probability).collect();
        assert!(chi_square(&pairs, &expected) > 1e-4);
    }

    #[test]
    fn a_line_has_one_query_token_and_is_full_unless_it_is_the_last_of_its_group() {
        for n in [2, 3, 5, 20] {
            let task = task(n, 1, 5, Weights::Equal);
            for batch_size in [1, 2, 3, 4, 7, 8, 100, 5000] {
                let mut samples = 0;
                let attention = FixedPointAttention::zeros(n, 5);
                Batches::new(&task, batch_size, stream([7; 16])).unwrap().for_each_chunk(&attention, |chunk| {
                    samples += chunk.samples().count();
                    let full = chunk.layout.sequences();
                    let mut end = 0;
                    for (query, group) in chunk.groups.iter().enumerate() {
                        assert_eq!(group.start, end);
                        end = group.end;
                        assert!(chunk.queries[group.clone()].iter().all(|&q| q == query));
                        if let [lines @ .., last] = &chunk.filled[group.clone()] {
                            assert!(lines.iter().all(|&filled| filled == full) && (1..=full).contains(last));
                        }
                    }
                    assert_eq!((end, end), (chunk.filled.len(), chunk.queries.len()));
                    assert_eq!(chunk.lines.len(), end * chunk.layout.blocks());
                    assert_eq!(chunk.outputs.len(), end * full);
                });
                assert_eq!(samples, batch_size);
            }
        }
    }

    /// Everything of some batches that a learner can see.
    fn seen(batches: &mut Batches, attention: &FixedPointAttention, count: usize) -> Vec<(Vec<Block>, Vec<u64>)> {
        let mut seen = Vec::new();
        for _ in 0..count {
            batches.for_each_chunk(attention, |chunk| {
                let of_sample = |(place, query): (usize, usize)| {
                    let choices = [query as u64, chunk.output(place) as u64];
                    choices.into_iter().chain(chunk.histogram(place).iter().map(|h| h.to_bits()))
                };
                seen.push((chunk.lines.clone(), chunk.samples().flat_map(of_sample).collect()));
            });
        }
        seen
    }

    #[test]
    fn batches_drawn_ahead_are_those_that_are_drawn_as_needed() {
        let pool = |threads| rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        for (n, t, batch_size) in [(2, 2000, 100), (3, 4096, 64), (7, 3000, 50), (20, 1000, 64)] {
            let task = task(n, 2, t, Weights::Dirichlet(1.0));
            let model = crate::theory::planted(&task, 0.4, 0.6);
            let mut attention = FixedPointAttention::zeros(n, t);
            attention.set(&model.attention);
            let mut sparse = model.attention.clone();
            sparse.fill(0.0);
            sparse[[1, 7]] = 1.0;
            let attended = SparseAttention::new(&sparse).unwrap();
            let run = |threads, wait: bool| {
                pool(threads).install(|| {
                    let mut batches = Batches::new(&task, batch_size, stream([8; 16])).unwrap();
                    let mut all = Vec::new();
                    let mut groups = 0;
                    // As in a run: batches of one size, of another, then sparse ones.
                    for _ in 0..2 {
                        for _ in 0..150 {
                            all.extend(seen(&mut batches, &attention, 1));
                            groups += usize::from(wait && batches.ahead.wait());
                        }
                        batches.set_batch_size(batch_size + 3);
                    }
                    batches.for_each_sparse(&attended, |chunk| {
                        let outputs = chunk.samples().map(|(place, _)| chunk.output(place) as u64);
                        all.push((Vec::new(), outputs.collect()));
                    });
                    all.extend(seen(&mut batches, &attention, 1));
                    (all, groups)
                })
            };
            let (alone, _) = run(1, false);
            let (together, groups) = run(2, true);
            assert!(groups > 200, "N = {n}: {groups} batches of groups");
            assert!(alone == together && alone == run(2, false).0, "N = {n}");
        }
    }

    #[test]
    fn batches_are_pinned_by_value() {
        let task = task(4, 2, 9, Weights::Equal);
        let mut seen = Vec::new();
        Batches::new(&task, 3, stream([9; 16])).unwrap().for_each_chunk(&FixedPointAttention::zeros(4, 9), |chunk| {
            for (place, query) in chunk.samples() {
                let tokens: Vec<usize> = (0..9).map(|t| chunk.token(place, t)).collect();
                seen.push((query, tokens, chunk.output(place)));
            }
        });
        let pinned = [
            (0, vec![0, 3, 0, 2, 3, 3, 2, 3, 1], 2),
            (1, vec![1, 0, 0, 0, 3, 1, 3, 3, 0], 1),
            (2, vec![0, 1, 3, 2, 3, 3, 1, 1, 1], 3),
        ];
        assert_eq!(seen, pinned);
    }
}
