//! The counters of the moment estimator.
//!
//! Sequences of one query token and output wait in lines until there are some dozens. Then one
//! look-up at each position gives the numbers of three tokens at once: a table has 1 for the first
//! token, 2^7 for the second, 2^14 for the third, and sums of fewer than 128 of them do not run
//! into each other.

use crate::data::Chunk;
use crate::kernel::{Block, Layout, Table, level_in_use, table_size};

/// Number of lines that wait for each query token and output: at most 120 sequences.
const WAITING: usize = 30;

/// Bits of a sum of single precision that count one token, and tokens that one sum counts.
const FIELD: usize = 7;
const FIELDS: usize = 3;

/// Number of positions whose statistic is computed at once.
const TILE: usize = 128;

/// Bytes of counters and waiting lines.
pub(super) fn bytes(n: f64, t: f64) -> f64 {
    let of_tokens = if n > 16.0 { 1.0 } else { 0.5 };
    n * n * t * (4.0 * (n - 1.0) + WAITING as f64 * of_tokens)
}

/// How often each token stood at each position, for each query token and output.
#[derive(Debug)]
pub(super) struct Counts {
    n: usize,
    t: usize,
    layout: Layout,
    /// Number of samples of each query token.
    samples: Vec<u64>,
    /// Number of samples with each output, for each query token, row by row.
    outputs: Vec<u64>,
    /// The lines that wait, in the same order.
    waiting: Vec<Waiting>,
    /// Number of samples with token m, from 1, at position t, query token k and output o, at the
    /// index `((k N + o) (N - 1) + m - 1) T + t`. Token 0 has the rest of the samples.
    counts: Vec<u32>,
    /// For every [`FIELDS`] tokens from 1 on, their table, once for each waiting line.
    tables: Vec<Vec<Table>>,
    /// Scratch space for the sums at all positions.
    sums: Vec<f32>,
}

/// Sequences that are not counted yet.
#[derive(Debug, Default)]
struct Waiting {
    lines: Vec<Block>,
    sequences: usize,
}

impl Counts {
    /// No samples yet, of `n` states and length `t`.
    pub(super) fn new(n: usize, t: usize) -> Self {
        let layout = Layout::new(n, t);
        let tables = (1..n).step_by(FIELDS).map(|first| table(&layout, n, first).repeat(WAITING));
        Self {
            n,
            t,
            layout,
            samples: vec![0; n],
            outputs: vec![0; n * n],
            waiting: (0..n * n).map(|_| Waiting::default()).collect(),
            counts: vec![0; n * n * (n - 1) * t],
            tables: tables.collect(),
            sums: vec![0.0; t],
        }
    }

    /// Number of samples with query token `k`.
    pub(super) fn samples(&self, k: usize) -> u64 {
        self.samples[k]
    }

    /// Takes in the samples of a chunk.
    pub(super) fn add(&mut self, chunk: &Chunk) {
        let (level, layout) = (level_in_use(), self.layout);
        let (blocks, sequences) = (layout.blocks(), layout.sequences());
        for (place, query) in chunk.samples() {
            let both = query * self.n + chunk.output(place);
            self.samples[query] += 1;
            self.outputs[both] += 1;
            let waiting = &mut self.waiting[both];
            let to = waiting.sequences % sequences;
            if to == 0 {
                waiting.lines.resize(waiting.lines.len() + blocks, Block::ZERO);
            }
            let last = waiting.lines.len() - blocks;
            let (line, from) = (place / sequences, place % sequences);
            let line = &chunk.lines[line * blocks..(line + 1) * blocks];
            level.copy_tokens(&layout, line, &mut waiting.lines[last..], [from, to]);
            waiting.sequences += 1;
            if waiting.sequences == WAITING * sequences {
                self.count(both);
            }
        }
    }

    /// Counts all sequences that wait.
    pub(super) fn count_all(&mut self) {
        for both in 0..self.n * self.n {
            self.count(both);
        }
    }

    /// Counts those of one query token and output.
    fn count(&mut self, both: usize) {
        let Self { n, t, layout, waiting, counts, tables, sums, .. } = self;
        let (n, t, level) = (*n, *t, level_in_use());
        let Waiting { lines, sequences } = &mut waiting[both];
        if *sequences == 0 {
            return;
        }
        let rows = &mut counts[both * (n - 1) * t..(both + 1) * (n - 1) * t];
        for (rows, tables) in rows.chunks_mut(FIELDS * t).zip(tables) {
            let tables = &tables[..lines.len() / layout.blocks() * table_size(n)];
            level.look_up(layout, lines, 0, tables, false, sums);
            for (field, row) in rows.chunks_exact_mut(t).enumerate() {
                level.add_fields(row, sums, FIELD * field, FIELD);
            }
        }
        lines.clear();
        *sequences = 0;
    }

    /// Writes for each position how far the tokens there depend on the outputs, given query token
    /// `k`: `n_k sum (C_t^(k))^2 / (mu mu')` over outputs and tokens. Pearson's statistic of
    /// independence.
    pub(super) fn statistics(&self, k: usize, mu: &[f64], into: &mut [f64]) {
        let Self { n, t, .. } = *self;
        let level = level_in_use();
        let samples = self.samples[k] as f64;
        // By token; and by output and token.
        let (mut here, mut both) = (vec![[0.0; TILE]; n], vec![[0.0; TILE]; n * n]);
        for (tile, into) in into.chunks_mut(TILE).enumerate() {
            let length = into.len();
            here.fill([0.0; TILE]);
            for (o, both) in both.chunks_exact_mut(n).enumerate() {
                let Some((rest, both)) = both.split_first_mut() else { continue };
                rest.fill(self.outputs[k * n + o] as f64);
                let rows = self.counts[(k * n + o) * (n - 1) * t..].chunks_exact(t);
                for ((both, here), row) in both.iter_mut().zip(&mut here[1..]).zip(rows) {
                    level.take_counts(both, rest, here, &row[tile * TILE..][..length]);
                }
                here[0].iter_mut().zip(&*rest).for_each(|(here, rest)| *here += rest);
            }
            into.fill(0.0);
            for (o, both) in both.chunks_exact(n).enumerate() {
                for (m, (both, here)) in both.iter().zip(&here).enumerate() {
                    let shift = mu[m] * (self.outputs[k * n + o] as f64 - samples * mu[o]);
                    level.add_dependence(into, both, here, [mu[o], shift, 1.0 / (samples * mu[o] * mu[m])]);
                }
            }
        }
    }

    /// The empirical value of `C_t^(k)` at position `t`, shape N x N row by row.
    pub(super) fn moment(&self, k: usize, t: usize, mu: &[f64], into: &mut [f64]) {
        let n = self.n;
        let samples = self.samples[k] as f64;
        let mut here = vec![0.0; n];
        for (o, row) in into.chunks_exact_mut(n).enumerate() {
            let outputs = self.outputs[k * n + o];
            let others = (1..n).map(|m| u64::from(self.counts[((k * n + o) * (n - 1) + m - 1) * self.t + t]));
            row[0] = (outputs - others.clone().sum::<u64>()) as f64;
            row[1..].iter_mut().zip(others).for_each(|(both, count)| *both = count as f64);
            here.iter_mut().zip(&*row).for_each(|(here, both)| *here += both);
        }
        for (o, row) in into.chunks_exact_mut(n).enumerate() {
            let outputs = self.outputs[k * n + o] as f64;
            for ((both, here), m) in row.iter_mut().zip(&here).zip(mu) {
                *both = (*both - mu[o] * here - outputs * m) / samples + mu[o] * m;
            }
        }
    }
}

/// The table of the tokens from `first` on.
fn table(layout: &Layout, n: usize, first: usize) -> Vec<Table> {
    let mut table = vec![Table([0.0; 16]); table_size(n)];
    for (index, entry) in table.iter_mut().flat_map(|table| &mut table.0).enumerate() {
        let fields = layout.tokens(index).map(|token| token.wrapping_sub(first)).filter(|&field| field < FIELDS);
        *entry = fields.map(|field| (1 << (FIELD * field)) as f32).sum();
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::Batches;
    use crate::random::stream;
    use crate::task::{Task, TaskSpec};

    /// Counts, moments and statistics of more samples than wait, and of a few that still do, from
    /// the samples one by one; for every layout of tokens.
    #[test]
    fn counts_and_statistics_are_those_of_the_samples_one_by_one() {
        for (n, t) in [(2, 40), (3, 300), (4, 70), (5, 33), (9, 20), (20, 40)] {
            let task = Task::draw(&TaskSpec::new(n, 2, t), &mut stream([n as u8; 16])).unwrap();
            let mut batches = Batches::new(&task, 37, stream([2; 16])).unwrap();
            let (mut counts, mut slow) = (Counts::new(n, t), vec![0u32; n * n * n * t]);
            let index = |k: usize, o: usize, m: usize, t_of: usize| ((k * n + o) * n + m) * t + t_of;
            for _ in 0..100 {
                batches.for_each_unweighed(|chunk| {
                    counts.add(chunk);
                    for (place, query) in chunk.samples() {
                        (0..t).for_each(|i| slow[index(query, chunk.output(place), chunk.token(place, i), i)] += 1);
                    }
                });
            }
            counts.count_all();
            let mu = task.stationary.to_vec();
            let (mut statistics, mut moment) = (vec![f64::NAN; t], vec![f64::NAN; n * n]);
            for k in 0..n {
                counts.statistics(k, &mu, &mut statistics);
                let samples = f64::from((0..n * n).map(|i| slow[index(k, i / n, i % n, 0)]).sum::<u32>());
                assert_eq!(counts.samples(k) as f64, samples);
                for i in 0..t {
                    counts.moment(k, i, &mu, &mut moment);
                    let mut statistic = 0.0;
                    for (o, m) in (0..n * n).map(|i| (i / n, i % n)) {
                        let both = f64::from(slow[index(k, o, m, i)]);
                        let here: f64 = (0..n).map(|o| f64::from(slow[index(k, o, m, i)])).sum();
                        let of_output: f64 = (0..n).map(|m| f64::from(slow[index(k, o, m, i)])).sum();
                        let c = (both - mu[o] * here - of_output * mu[m]) / samples + mu[o] * mu[m];
                        assert!((moment[o * n + m] - c).abs() < 1e-12, "N = {n}");
                        statistic += samples * c * c / (mu[o] * mu[m]);
                    }
                    assert!((statistics[i] / statistic - 1.0).abs() < 1e-9, "N = {n}: {} {statistic}", statistics[i]);
                }
            }
        }
    }
}
