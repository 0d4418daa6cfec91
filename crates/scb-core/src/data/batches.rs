//! Batches of samples, chunk by chunk.
//!
//! While a sequence is drawn its histogram is computed, so the gradient is the only second pass
//! over the tokens; except in samples that were drawn ahead (see [`ahead`](super::ahead)), whose
//! histograms take a pass of their own.

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
    chunks: usize,
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
        let (sampler, ahead) = (Sampler::new(task, sizes, stream), Ahead::new(&chunk));
        Ok(Self { n, t, batch_size, chunks: sizes.chunks(), sampler, chunk, ahead })
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
        let sizes = ChunkSizes::new(self.n, self.t, batch_size);
        self.chunks = sizes.chunks();
        self.sampler.resize(sizes);
        self.chunk = Chunk::new(self.n, self.t, sizes.lines);
        self.ahead = Ahead::new(&self.chunk);
    }

    /// Draws one batch and calls `visit` with each chunk of it. `attention` is used to compute the
    /// histograms `h = X a^(k)`; it does not influence the samples. Order and sizes of the chunks
    /// depend on the task and on B only. O(B T).
    ///
    /// # Panics
    /// If `attention` was made for another N or T.
    pub fn for_each_chunk(&mut self, attention: &FixedPointAttention, mut visit: impl FnMut(&Chunk)) {
        assert_eq!(attention.shape(), (self.n, self.t), "the attention is of another shape");
        self.for_each(Histograms::With(attention), &mut visit);
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
        self.for_each(Histograms::At(attention, weights), &mut visit);
    }

    /// As [`Batches::for_each_chunk`], without histograms: [`Chunk::histogram`] panics.
    pub fn for_each_unweighed(&mut self, mut visit: impl FnMut(&Chunk)) {
        self.for_each(Histograms::None, &mut visit);
    }

    /// As [`Batches::for_each_chunk`], for a fixed attention with few non-zero entries. Only the
    /// tokens at these entries and the token that determines the output are drawn. The chunks have
    /// query tokens, outputs and histograms, but no tokens: [`Chunk::token`] panics. The samples
    /// are not those that `for_each_chunk` would draw.
    pub fn for_each_sparse(&mut self, attended: &SparseAttention, mut visit: impl FnMut(&Chunk)) {
        self.ahead.forget(&mut self.sampler, &mut self.chunk);
        for _ in 0..self.chunks {
            self.sampler.assign(&mut self.chunk);
            self.sampler.draw_sparse(attended, &mut self.chunk);
            visit(&self.chunk);
        }
    }

    /// Visits the chunks of a batch of whole sequences.
    fn for_each(&mut self, mut histograms: Histograms<'_>, visit: &mut dyn FnMut(&Chunk)) {
        let (n, t, lines) = (self.n, self.t, self.chunk.max_lines);
        for _ in 0..self.chunks {
            if let Some(chunk) = self.ahead.next(&mut self.sampler, || Chunk::new(n, t, lines)) {
                if let Some(attention) = histograms.attention(chunk) {
                    chunk.weigh(attention);
                }
                visit(chunk);
            } else {
                self.sampler.assign(&mut self.chunk);
                let attention = histograms.attention(&self.chunk);
                self.sampler.draw_sequences(attention, &mut self.chunk);
                self.sampler.draw_outputs(&mut self.chunk);
                visit(&self.chunk);
            }
        }
    }
}

/// Which histograms a learner needs.
enum Histograms<'a> {
    /// Those of an attention.
    With(&'a FixedPointAttention),
    /// Those of an attention of which the rows that are needed are converted.
    At(&'a Array2<f32>, &'a mut FixedPointAttention),
    None,
}

impl Histograms<'_> {
    /// The attention for the query tokens of `chunk`.
    fn attention(&mut self, chunk: &Chunk) -> Option<&FixedPointAttention> {
        match self {
            Self::With(attention) => Some(attention),
            Self::At(attention, weights) => {
                let groups = chunk.groups.iter().enumerate();
                groups.filter(|(_, group)| !group.is_empty()).for_each(|(k, _)| weights.set_row(k, attention));
                Some(weights)
            }
            Self::None => None,
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

    /// Everything of a batch that a learner can see: tokens, then query tokens, outputs and, if there
    /// are, histograms.
    type Visible = Vec<(Vec<Block>, Vec<u64>)>;

    /// The next batch, drawn in the `i`-th of three ways.
    fn batch(batches: &mut Batches, model: &crate::Linear, weights: &mut FixedPointAttention, i: usize) -> Visible {
        let mut visible = Vec::new();
        let see = |chunk: &Chunk| {
            let of_sample = |(place, query): (usize, usize)| {
                let histogram = if i == 0 { &[] } else { chunk.histogram(place) };
                let choices = [query as u64, chunk.output(place) as u64];
                choices.into_iter().chain(histogram.iter().map(|h| h.to_bits()))
            };
            visible.push((chunk.lines.clone(), chunk.samples().flat_map(of_sample).collect()));
        };
        match i {
            0 => batches.for_each_unweighed(see),
            1 => batches.for_each_chunk_at(&model.attention, weights, see),
            _ => {
                weights.set(&model.attention);
                batches.for_each_chunk(weights, see);
            }
        }
        visible
    }

    /// As in a run: batches of one size, of another, then sparse ones. The last two kinds of batches
    /// have several chunks.
    #[test]
    fn samples_drawn_ahead_are_those_that_are_drawn_on_demand() {
        let pool = |threads| rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        let sizes = [(2, 2000, 100), (3, 4096, 64), (7, 3000, 50), (20, 1000, 64), (3, 64, 10_000), (5, 40, 9000)];
        for (n, t, batch_size) in sizes {
            let task = task(n, 2, t, Weights::Dirichlet(1.0));
            let model = crate::theory::planted(&task, 0.4, 0.6);
            let mut sparse = model.attention.clone();
            sparse.fill(0.0);
            sparse[[1, 7]] = 1.0;
            let attended = SparseAttention::new(&sparse).unwrap();
            let run = |threads, patient: bool| {
                pool(threads).install(|| {
                    let mut weights = FixedPointAttention::zeros(n, t);
                    let mut batches = Batches::new(&task, batch_size, stream([8; 16])).unwrap();
                    let (mut all, mut ahead) = (Vec::new(), 0);
                    for _ in 0..2 {
                        batches.ahead.patient = patient;
                        for i in 0..100 {
                            all.extend(batch(&mut batches, &model, &mut weights, i % 3));
                            ahead += usize::from(batches.ahead.is_in_use());
                        }
                        batches.set_batch_size(batch_size + 3);
                    }
                    batches.for_each_sparse(&attended, |chunk| {
                        let outputs = chunk.samples().map(|(place, _)| chunk.output(place) as u64);
                        all.push((Vec::new(), outputs.collect()));
                    });
                    all.extend(batch(&mut batches, &model, &mut weights, 2));
                    (all, ahead)
                })
            };
            let (alone, none) = run(1, false);
            let (together, ahead) = run(2, true);
            assert!(none == 0 && ahead > 100, "N = {n}: only {ahead} batches were drawn ahead");
            assert!(alone == together && alone == run(2, false).0, "N = {n}");
        }
    }

    #[test]
    #[should_panic(expected = "no histograms")]
    fn samples_that_were_not_weighed_have_no_histograms() {
        let task = task(3, 2, 20, Weights::Equal);
        let mut batches = Batches::new(&task, 10, stream([8; 16])).unwrap();
        batches.for_each_chunk(&FixedPointAttention::zeros(3, 20), |chunk| assert!(chunk.histogram(0).len() >= 3));
        batches.for_each_unweighed(|chunk| assert!(chunk.histogram(0).is_empty()));
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
