//! Exact draws of samples, in chunks that fit the cache; [`data`](super) says what a sample is.
//!
//! While a sequence is drawn its histogram is computed, so the gradient is the only second pass
//! over the tokens. The sequences of a chunk lie in *lines*, as [`kernel`] describes them.
//! Neighbouring lines form a *slot*, which has random streams of its own that last for the whole
//! run. So any core may draw any slot, and the results do not change.
//!
//! A constant whose comment says "Decides results" may be changed only together with the results
//! version.

use std::iter::repeat_n;

use ndarray::Array2;
use rand::Rng;
use rayon::prelude::*;

use super::{Chunk, SparseAttention};
use crate::kernel::{self, Bits, Block, FixedPointAttention, GENERATORS, Layout, Sequences, States, level_in_use};
use crate::random::Categorical;
use crate::random::{Stream, child};
use crate::{Task, TrainError};

/// Bytes that the tokens and look-up tables of a chunk take, approximately, unless [`MIN_LINES`]
/// take more. They should fit the second-level cache of a processor. Decides results.
const CHUNK_BYTES: usize = 512 * 1024;

/// Number of lines that every chunk has room for, whatever they take, so that the gradient of the
/// attention is not read and written for every sequence. Their tokens take 8 T bytes, or 16 T for
/// more than 16 states. Decides results.
const MIN_LINES: usize = 16;

/// Number of tokens that a slot draws, approximately, if its sequences are short. Decides results.
const SLOT_TOKENS: usize = 16 * 1024;

/// A source of batches of independent samples of one task.
#[derive(Debug)]
pub struct Batches {
    t: usize,
    batch_size: usize,
    samples_per_chunk: usize,
    lines_per_slot: usize,
    /// Random words for query tokens, positions and outputs.
    choices: Bits,
    /// The random words of a chunk: first one per sample for its query token, then two per sample.
    words: Vec<[u64; GENERATORS]>,
    slots: Vec<Slot>,
    states: States,
    queries: Categorical,
    /// Number of samples of the chunk with each query token.
    counts: Vec<usize>,
    /// For each query token, the distribution of the index within its pattern.
    sources: Vec<Categorical>,
    positions: Vec<Vec<usize>>,
    /// For each current state, the distribution of the next state.
    outputs: Vec<Categorical>,
    chunk: Chunk,
    /// The stream that the streams of further slots would come from.
    rest: Stream,
}

/// How the samples of a batch are laid out in memory.
struct ChunkSizes {
    samples: usize,
    lines: usize,
    lines_per_slot: usize,
}

impl ChunkSizes {
    /// For batches of `batch_size` samples of length `t` and `n` states.
    fn new(n: usize, t: usize, batch_size: usize) -> Self {
        let layout = Layout::new(n, t);
        let line_bytes = layout.blocks() * size_of::<Block>() + kernel::table_size(n) * size_of::<kernel::Table>();
        let max_samples = (CHUNK_BYTES / line_bytes).max(MIN_LINES) * layout.sequences();
        let samples = batch_size.div_ceil(batch_size.div_ceil(max_samples));
        let mut lines = samples.div_ceil(layout.sequences());
        if layout.sequences() > 1 {
            // The last line of every query token may be partly empty.
            lines += n.min(samples);
        }
        Self { samples, lines, lines_per_slot: (SLOT_TOKENS / (t * layout.sequences())).max(1) }
    }

    /// Random words of a chunk: one per sample for its query token, then two per sample.
    fn words(&self) -> usize {
        (3 * self.samples).div_ceil(GENERATORS)
    }
}

/// The streams of one slot.
#[derive(Debug)]
struct Slot {
    bits: Bits,
    escapes: Stream,
}

impl Slot {
    fn new(stream: &mut Stream) -> Self {
        Self { bits: Bits::new(stream), escapes: child(stream) }
    }
}

impl Batches {
    /// Batches of `batch_size` samples of `task`. The samples are drawn from P and the attention
    /// patterns; `stream` determines them.
    ///
    /// # Errors
    /// [`TrainError::Setting`] if `batch_size` is 0.
    pub fn new(task: &Task, batch_size: usize, mut stream: Stream) -> Result<Self, TrainError> {
        if batch_size == 0 {
            return Err(TrainError::batch_size());
        }
        let (n, t) = (task.n, task.t);
        let mu = task.stationary.to_vec();
        let sizes = ChunkSizes::new(n, t, batch_size);
        let choices = Bits::new(&mut stream);
        let slots = (0..sizes.lines.div_ceil(sizes.lines_per_slot)).map(|_| Slot::new(&mut stream)).collect();
        Ok(Self {
            t,
            batch_size,
            samples_per_chunk: sizes.samples,
            lines_per_slot: sizes.lines_per_slot,
            choices,
            words: vec![[0; GENERATORS]; sizes.words()],
            slots,
            states: States::new(&Categorical::new(&mu), n),
            queries: Categorical::new(&mu),
            counts: vec![0; n],
            sources: task.patterns.iter().map(|p| Categorical::new(&p.weights)).collect(),
            positions: task.patterns.iter().map(|p| p.positions.clone()).collect(),
            outputs: task.transition.columns().into_iter().map(|c| Categorical::new(&c.to_vec())).collect(),
            chunk: Chunk::new(n, t, sizes.lines),
            rest: stream,
        })
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
        let (n, t) = (self.counts.len(), self.t);
        let sizes = ChunkSizes::new(n, t, batch_size);
        self.batch_size = batch_size;
        self.samples_per_chunk = sizes.samples;
        self.words.resize(sizes.words(), [0; GENERATORS]);
        // Slots that are there go on with their streams.
        while self.slots.len() < sizes.lines.div_ceil(sizes.lines_per_slot) {
            self.slots.push(Slot::new(&mut self.rest));
        }
        self.chunk = Chunk::new(n, t, sizes.lines);
    }

    /// Draws one batch and calls `visit` with each chunk of it. `attention` is used to compute the
    /// histograms `h = X a^(k)`; it does not influence the samples. Order and sizes of the chunks
    /// depend on the task and on B only. O(B T).
    ///
    /// # Panics
    /// If `attention` was made for another N or T.
    pub fn for_each_chunk(&mut self, attention: &FixedPointAttention, mut visit: impl FnMut(&Chunk)) {
        assert_eq!(attention.shape(), (self.counts.len(), self.t), "the attention is of another shape");
        self.chunk.has_tokens = true;
        self.for_each(&mut visit, |batches, samples| {
            batches.draw_sequences(attention);
            batches.draw_outputs(samples);
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
        assert_eq!(attention.dim(), (self.counts.len(), self.t), "the attention is of another shape");
        self.chunk.has_tokens = true;
        weights.forget();
        self.for_each(&mut visit, |batches, samples| {
            let groups = batches.chunk.groups.iter().enumerate();
            groups.filter(|(_, group)| !group.is_empty()).for_each(|(k, _)| weights.set_row(k, attention));
            batches.draw_sequences(weights);
            batches.draw_outputs(samples);
        });
    }

    /// As [`Batches::for_each_chunk`], for a fixed attention with few non-zero entries. Only the
    /// tokens at these entries and the token that determines the output are drawn. The chunks have
    /// query tokens, outputs and histograms, but no tokens: [`Chunk::token`] panics. The samples
    /// are not those that `for_each_chunk` would draw.
    pub fn for_each_sparse(&mut self, attended: &SparseAttention, mut visit: impl FnMut(&Chunk)) {
        self.chunk.has_tokens = false;
        self.for_each(&mut visit, |batches, samples| batches.draw_sparse(attended, samples));
    }

    /// Draws a batch chunk by chunk: the query tokens, then the rest with `draw`.
    fn for_each(&mut self, visit: &mut dyn FnMut(&Chunk), mut draw: impl FnMut(&mut Self, usize)) {
        let mut left = self.batch_size;
        while left > 0 {
            let samples = left.min(self.samples_per_chunk);
            self.assign(samples);
            draw(self, samples);
            visit(&self.chunk);
            left -= samples;
        }
    }

    fn draw_sparse(&mut self, attended: &SparseAttention, samples: usize) {
        let Self { words, slots, queries: states, sources, positions, outputs: transition, chunk, .. } = self;
        let Chunk { layout, filled, queries, outputs, histograms, width, .. } = chunk;
        // Tokens and query tokens both follow mu, so one table serves for both. No whole sequences
        // are drawn, so the first slot's stream for escapes is free.
        let Some(Slot { escapes, .. }) = slots.first_mut() else { return };
        let mut token = || states.locate(escapes.next_u64());
        let mut words = words.as_flattened()[samples..].as_chunks::<2>().0;
        let places = histograms.chunks_exact_mut(layout.sequences() * *width);
        let lines = places.zip(outputs.chunks_exact_mut(layout.sequences())).zip(filled.iter().zip(&*queries));
        for ((histograms, outputs), (&filled, &query)) in lines {
            let (weights, positions) = (&sources[query], &*positions[query]);
            let (here, rest) = words.split_at(filled);
            words = rest;
            let places = histograms.chunks_exact_mut(*width).zip(outputs);
            for ((h, output), &[for_source, for_output]) in places.zip(here) {
                let source = positions[weights.locate(for_source)];
                let mut current = None;
                h.fill(0.0);
                for &(position, weight) in &attended.entries[query] {
                    let token = token();
                    h[token] += weight;
                    if position == source {
                        current = Some(token);
                    }
                }
                *output = transition[current.unwrap_or_else(&mut token)].locate(for_output);
            }
        }
    }

    /// Draws the query tokens and gives every sample its place.
    fn assign(&mut self, samples: usize) {
        level_in_use().fill(&mut self.choices, &mut self.words[..(3 * samples).div_ceil(GENERATORS)]);
        let Chunk { lines, groups, filled, queries, outputs, histograms, layout, width, .. } = &mut self.chunk;
        // Samples are exchangeable, so it is enough to draw how many have each query token.
        self.queries.count(&self.words.as_flattened()[..samples], &mut self.counts);
        filled.clear();
        queries.clear();
        for (query, (group, &count)) in groups.iter_mut().zip(&self.counts).enumerate() {
            let (start, full) = (filled.len(), layout.sequences());
            // `full` is a power of two. Divisions would slow a small step noticeably.
            filled.extend(repeat_n(full, count >> full.trailing_zeros()));
            let rest = count & (full - 1);
            if rest > 0 {
                filled.push(rest);
            }
            queries.resize(filled.len(), query);
            *group = start..filled.len();
        }
        let places = filled.len() * layout.sequences();
        lines.resize(filled.len() * layout.blocks(), Block::ZERO);
        outputs.resize(places, 0);
        histograms.resize(places * *width, 0.0);
    }

    fn draw_sequences(&mut self, attention: &FixedPointAttention) {
        let shared = self.chunk.worth_many_cores();
        let Self { t, states, slots, lines_per_slot, chunk, .. } = self;
        let Chunk { lines, filled, queries, histograms, layout, width, .. } = chunk;
        let (t, layout, width) = (*t, *layout, *width);
        let (blocks, sequences) = (layout.blocks(), layout.sequences());
        let draw = |(slot, ((lines, histograms), (filled, queries))): SlotWork<'_>| {
            let Slot { bits, escapes } = slot;
            let sequences =
                Sequences { states, bits, escapes, attention, layout, t, filled, queries, lines, histograms, width };
            sequences.draw();
        };
        let per_slot = *lines_per_slot;
        let (line_blocks, line_floats) = (per_slot * blocks, per_slot * sequences * width);
        if shared {
            let places = lines.par_chunks_mut(line_blocks).zip(histograms.par_chunks_mut(line_floats));
            let about = filled.par_chunks(per_slot).zip(queries.par_chunks(per_slot));
            slots.par_iter_mut().zip(places.zip(about)).for_each(draw);
        } else if filled.len() <= per_slot
            && let Some(slot) = slots.first_mut()
        {
            // As below, without the divisions of `chunks`.
            draw((slot, ((lines, histograms), (filled, queries))));
        } else {
            let places = lines.chunks_mut(line_blocks).zip(histograms.chunks_mut(line_floats));
            let about = filled.chunks(per_slot).zip(queries.chunks(per_slot));
            slots.iter_mut().zip(places.zip(about)).for_each(draw);
        }
    }

    fn draw_outputs(&mut self, samples: usize) {
        let mut words = self.words.as_flattened()[samples..].as_chunks::<2>().0;
        let Chunk { layout, lines, filled, queries, outputs, .. } = &mut self.chunk;
        let (blocks, sequences) = (layout.blocks(), layout.sequences());
        for (line, (&filled, &query)) in filled.iter().zip(&*queries).enumerate() {
            let (weights, positions) = (&self.sources[query], &*self.positions[query]);
            let (here, rest) = words.split_at(filled);
            words = rest;
            let outputs = &mut outputs[line * sequences..];
            let line = &lines[line * blocks..(line + 1) * blocks];
            for (sequence, (output, &[for_source, for_output])) in outputs.iter_mut().zip(here).enumerate() {
                let source = positions[weights.locate(for_source)];
                let current = layout.token(line, sequence, source);
                *output = self.outputs[current].locate(for_output);
            }
        }
    }
}

/// A slot with its lines and their histograms, and for each line its number of sequences and its
/// query token.
type SlotWork<'a> = (&'a mut Slot, ((&'a mut [Block], &'a mut [f64]), (&'a [usize], &'a [usize])));

#[cfg(test)]
mod tests {
    use statrs::distribution::{ChiSquared, ContinuousCDF};

    use super::*;
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
