//! Exact draws of SCB samples, in chunks that fit the cache.
//!
//! A sample is a query token `k ~ mu`, tokens `x_1 .. x_T ~ mu`, a position `s ~ q^(k)` and an output
//! `x_o ~ P[., x_s]`. Each chunk is drawn from streams of its own, seeded in chunk order, so chunks
//! may later be drawn on any core without changing a bit.

use rand::Rng;

use crate::Task;
use crate::categorical::Categorical;
use crate::kernel::{self, Bits, TokenTable};
use crate::random::{Stream, child};

/// Bytes that the tokens and look-up tables of a chunk take at most, unless one sequence is longer: they are meant to
/// stay in a processor's second-level cache.
pub const CHUNK_BYTES: usize = 256 * 1024;

/// Some samples of a batch, sorted by query token.
#[derive(Debug, Clone, Default)]
pub struct Chunk {
    /// Sequence length T.
    pub t: usize,
    /// Row `r`, `tokens[r * T .. (r + 1) * T]`, is the sequence of sample `r`.
    pub tokens: Vec<u8>,
    /// Query token of each sample, ascending.
    pub queries: Vec<u8>,
    /// Output token of each sample.
    pub outputs: Vec<u8>,
}

impl Chunk {
    /// Number of samples.
    #[must_use]
    pub fn len(&self) -> usize {
        self.queries.len()
    }

    /// Whether it holds no sample.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.queries.is_empty()
    }

    /// The sequence of sample `row`, length T.
    #[must_use]
    pub fn sequence(&self, row: usize) -> &[u8] {
        &self.tokens[row * self.t..(row + 1) * self.t]
    }
}

/// Draws the batches of one run.
#[derive(Debug)]
pub struct Batches {
    t: usize,
    batch_size: usize,
    rows_per_chunk: usize,
    stream: Stream,
    tokens: TokenTable,
    queries: Categorical,
    /// Position within the pattern of each query token.
    sources: Vec<Categorical>,
    positions: Vec<Vec<usize>>,
    /// Next state of each current state.
    outputs: Vec<Categorical>,
}

impl Batches {
    /// Batches of `batch_size >= 1` samples of `task`, from `stream`.
    #[must_use]
    pub fn new(task: &Task, batch_size: usize, stream: Stream) -> Self {
        let mu = task.stationary.to_vec();
        // A row is its tokens and its look-up table.
        let most = (CHUNK_BYTES / (task.t + 4 * kernel::table_stride(task.n))).max(1);
        let chunks = batch_size.div_ceil(most);
        Self {
            t: task.t,
            batch_size,
            rows_per_chunk: batch_size.div_ceil(chunks),
            stream,
            tokens: TokenTable::new(&Categorical::new(&mu)),
            queries: Categorical::new(&mu),
            sources: task.patterns.iter().map(|p| Categorical::new(&p.weights)).collect(),
            positions: task.patterns.iter().map(|p| p.positions.clone()).collect(),
            outputs: task.transition.columns().into_iter().map(|c| Categorical::new(&c.to_vec())).collect(),
        }
    }

    /// Samples per batch, B.
    #[must_use]
    pub fn batch_size(&self) -> usize {
        self.batch_size
    }

    /// Draws one batch and hands it over chunk by chunk, always in the same order and of the same
    /// sizes. `chunk` is scratch space, reused from call to call.
    pub fn for_each_chunk(&mut self, chunk: &mut Chunk, mut visit: impl FnMut(&Chunk)) {
        let mut left = self.batch_size;
        while left > 0 {
            let rows = left.min(self.rows_per_chunk);
            self.draw(rows, chunk);
            visit(chunk);
            left -= rows;
        }
    }

    fn draw(&mut self, rows: usize, chunk: &mut Chunk) {
        let mut choices = child(&mut self.stream);
        let mut bits = Bits::new(&mut self.stream);
        let mut ties = child(&mut self.stream);
        chunk.t = self.t;
        chunk.queries.clear();
        chunk.queries.extend((0..rows).map(|_| self.queries.locate(choices.next_u64()) as u8));
        // Samples are exchangeable, so sorting their query tokens first is the same as sorting the
        // samples, and moves no sequence.
        chunk.queries.sort_unstable();
        chunk.tokens.resize(rows * self.t, 0);
        for sequence in chunk.tokens.chunks_exact_mut(self.t) {
            kernel::draw_tokens(&self.tokens, &mut bits, &mut ties, sequence);
        }
        chunk.outputs.clear();
        for (row, &query) in chunk.queries.iter().enumerate() {
            let query = usize::from(query);
            let source = self.positions[query][self.sources[query].locate(choices.next_u64())];
            let current = chunk.tokens[row * self.t + source];
            chunk.outputs.push(self.outputs[usize::from(current)].locate(choices.next_u64()) as u8);
        }
    }
}

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

    /// Chi-square over tokens, query tokens and outputs given the tokens at the true positions; six
    /// tests, each alarming with probability 1e-4 were the seed random.
    #[test]
    fn samples_have_the_frequencies_of_the_model() {
        for (n, q, t) in [(3, 2, 50), (20, 3, 33)] {
            let task = task(n, q, t, Weights::Dirichlet(1.0));
            let mut batches = Batches::new(&task, 60_000, stream([5; 16]));
            let mu = task.stationary.to_vec();
            let (mut tokens, mut queries) = (vec![0u64; n], vec![0u64; n]);
            // Observed and expected counts of each output, summed over samples.
            let (mut observed, mut expected) = (vec![0u64; n], vec![0.0; n]);
            batches.for_each_chunk(&mut Chunk::default(), |chunk| {
                for row in 0..chunk.len() {
                    let query = usize::from(chunk.queries[row]);
                    queries[query] += 1;
                    let sequence = chunk.sequence(row);
                    sequence.iter().for_each(|&x| tokens[usize::from(x)] += 1);
                    observed[usize::from(chunk.outputs[row])] += 1;
                    let pattern = &task.patterns[query];
                    for (&position, &weight) in pattern.positions.iter().zip(&pattern.weights) {
                        for (state, e) in expected.iter_mut().enumerate() {
                            *e += weight * task.transition[[state, usize::from(sequence[position])]];
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
    /// `mu_m P[n, m]`. Alarms with probability 1e-4 were the seed random.
    #[test]
    fn outputs_follow_the_token_at_the_true_position() {
        let (n, t) = (4, 40);
        let task = task(n, 1, t, Weights::Equal);
        let mut pairs = vec![0u64; n * n];
        Batches::new(&task, 50_000, stream([6; 16])).for_each_chunk(&mut Chunk::default(), |chunk| {
            for row in 0..chunk.len() {
                let position = task.patterns[usize::from(chunk.queries[row])].positions[0];
                let current = usize::from(chunk.sequence(row)[position]);
                pairs[current * n + usize::from(chunk.outputs[row])] += 1;
            }
        });
        let probability = |i: usize| task.stationary[i / n] * task.transition[[i % n, i / n]];
        let expected: Vec<f64> = (0..n * n).map(probability).collect();
        assert!(chi_square(&pairs, &expected) > 1e-4);
    }

    #[test]
    fn batches_are_pinned_by_value() {
        let task = task(4, 2, 9, Weights::Equal);
        let mut seen = Chunk::default();
        Batches::new(&task, 3, stream([9; 16])).for_each_chunk(&mut Chunk::default(), |c| seen = c.clone());
        let tokens = [[3, 3, 2, 0, 3, 0, 1, 3, 2], [0, 2, 0, 2, 0, 2, 3, 0, 3], [2, 0, 3, 1, 3, 3, 3, 2, 2]];
        assert_eq!(seen.queries, [0, 0, 3]);
        assert_eq!(seen.outputs, [3, 3, 2]);
        assert_eq!(seen.tokens, tokens.concat());
    }
}
