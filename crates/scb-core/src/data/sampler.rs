//! Exact draws of samples into a chunk; [`data`](super) says what a sample is.
//!
//! The sequences of a chunk lie in *lines*, as [`kernel`] describes them. Neighbouring lines form a
//! *slot*, which has random streams of its own that last for the whole run. So any core may draw any
//! slot, and the results do not change.
//!
//! A constant whose comment says "Decides results" may be changed only together with the results
//! version.

use std::iter::repeat_n;
use std::sync::{Arc, OnceLock};

use rand::Rng;
use rayon::prelude::*;

use super::{Chunk, SparseAttention};
use crate::Task;
use crate::kernel::{
    self, Bits, Block, FixedPointAttention, GENERATORS, Layout, Sequences, States, TokenSource, level_in_use,
};
use crate::random::{Categorical, Stream, child};

/// Bytes that the tokens and look-up tables of a chunk take, approximately, unless [`MIN_LINES`]
/// take more. They should fit the second-level cache of a processor. Decides results.
const CHUNK_BYTES: usize = 512 * 1024;

/// Number of lines that every chunk has room for, whatever they take, so that the gradient of the
/// attention is not read and written for every sequence. Their tokens take 8 T bytes, or 16 T for
/// more than 16 states. Decides results.
const MIN_LINES: usize = 16;

/// Number of tokens that a slot draws, approximately, if its sequences are short. Decides results.
const SLOT_TOKENS: usize = 16 * 1024;

/// How the samples of a batch are laid out in memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ChunkSizes {
    /// Samples of a batch.
    batch_size: usize,
    /// The most samples of a chunk.
    samples: usize,
    /// The most lines of a chunk.
    pub(super) lines: usize,
    lines_per_slot: usize,
}

impl ChunkSizes {
    /// For batches of `batch_size` samples of length `t` and `n` states.
    pub(super) fn new(n: usize, t: usize, batch_size: usize) -> Self {
        let layout = Layout::new(n, t);
        let line_bytes = layout.blocks() * size_of::<Block>() + kernel::table_size(n) * size_of::<kernel::Table>();
        let max_samples = (CHUNK_BYTES / line_bytes).max(MIN_LINES) * layout.sequences();
        let samples = batch_size.div_ceil(batch_size.div_ceil(max_samples));
        let mut lines = samples.div_ceil(layout.sequences());
        if layout.sequences() > 1 {
            // The last line of every query token may be partly empty.
            lines += n.min(samples);
        }
        Self { batch_size, samples, lines, lines_per_slot: (SLOT_TOKENS / (t * layout.sequences())).max(1) }
    }

    /// Chunks of a batch.
    pub(super) fn chunks(&self) -> usize {
        self.batch_size.div_ceil(self.samples)
    }

    fn slots(&self) -> usize {
        self.lines.div_ceil(self.lines_per_slot)
    }

    /// Random words of a chunk: one per sample for its query token, then two per sample.
    fn words(&self) -> usize {
        (3 * self.samples).div_ceil(GENERATORS)
    }
}

/// What does not change while samples are drawn.
#[derive(Debug)]
struct Distributions {
    t: usize,
    states: States,
    queries: Categorical,
    /// For each query token, the distribution of the index within its pattern.
    sources: Vec<Categorical>,
    positions: Vec<Vec<usize>>,
    /// For each current state, the distribution of the next state.
    outputs: Vec<Categorical>,
    /// An attention of one row, for sequences that are not weighed.
    blank: OnceLock<FixedPointAttention>,
}

impl Distributions {
    fn blank(&self) -> &FixedPointAttention {
        self.blank.get_or_init(|| FixedPointAttention::zeros(1, self.t))
    }
}

/// The streams of one slot.
#[derive(Debug, Clone)]
struct Slot {
    bits: Bits,
    escapes: Stream,
}

impl Slot {
    fn new(stream: &mut Stream) -> Self {
        Self { bits: Bits::new(stream), escapes: child(stream) }
    }
}

/// Draws the samples of one task, chunk by chunk. A clone draws the same samples again.
#[derive(Debug, Clone)]
pub(super) struct Sampler {
    distributions: Arc<Distributions>,
    sizes: ChunkSizes,
    /// Samples of the batch that are in no chunk yet; 0 at its end.
    left: usize,
    /// Random words for query tokens, positions and outputs.
    choices: Bits,
    /// The random words of a chunk: first one per sample for its query token, then two per sample.
    words: Vec<[u64; GENERATORS]>,
    slots: Vec<Slot>,
    /// Number of samples of the chunk with each query token.
    counts: Vec<usize>,
    /// The stream that the streams of further slots would come from.
    rest: Stream,
}

impl Sampler {
    /// Draws chunks of these sizes. `stream` determines the samples.
    pub(super) fn new(task: &Task, sizes: ChunkSizes, mut stream: Stream) -> Self {
        let mu = task.stationary.to_vec();
        let choices = Bits::new(&mut stream);
        let slots = (0..sizes.slots()).map(|_| Slot::new(&mut stream)).collect();
        let distributions = Distributions {
            t: task.t,
            states: States::new(&Categorical::new(&mu), task.n),
            queries: Categorical::new(&mu),
            sources: task.patterns.iter().map(|p| Categorical::new(&p.weights)).collect(),
            positions: task.patterns.iter().map(|p| p.positions.clone()).collect(),
            outputs: task.transition.columns().into_iter().map(|c| Categorical::new(&c.to_vec())).collect(),
            blank: OnceLock::new(),
        };
        Self {
            distributions: Arc::new(distributions),
            sizes,
            left: 0,
            choices,
            words: vec![[0; GENERATORS]; sizes.words()],
            slots,
            counts: vec![0; task.n],
            rest: stream,
        }
    }

    /// From the next batch on chunks have these sizes.
    pub(super) fn resize(&mut self, sizes: ChunkSizes) {
        self.sizes = sizes;
        self.words.resize(sizes.words(), [0; GENERATORS]);
        // Slots that are there go on with their streams.
        while self.slots.len() < sizes.slots() {
            self.slots.push(Slot::new(&mut self.rest));
        }
    }

    /// Draws the next chunk, without histograms.
    pub(super) fn draw_unweighed(&mut self, chunk: &mut Chunk) {
        self.assign(chunk);
        self.draw_sequences(None, chunk);
        self.draw_outputs(chunk);
    }

    /// Begins the next chunk: draws the query tokens and gives every sample its place.
    pub(super) fn assign(&mut self, chunk: &mut Chunk) {
        if self.left == 0 {
            self.left = self.sizes.batch_size;
        }
        let samples = self.left.min(self.sizes.samples);
        self.left -= samples;
        level_in_use().fill(&mut self.choices, &mut self.words[..(3 * samples).div_ceil(GENERATORS)]);
        let Chunk { lines, groups, filled, queries, outputs, histograms, layout, width, .. } = chunk;
        // Samples are exchangeable, so it is enough to draw how many have each query token.
        self.distributions.queries.count(&self.words.as_flattened()[..samples], &mut self.counts);
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

    /// Draws the sequences, and computes the histograms if there is an attention for it.
    pub(super) fn draw_sequences(&mut self, attention: Option<&FixedPointAttention>, chunk: &mut Chunk) {
        (chunk.has_tokens, chunk.has_histograms) = (true, attention.is_some());
        let shared = chunk.worth_many_cores();
        let Self { distributions, slots, sizes, .. } = self;
        let (t, states) = (distributions.t, &distributions.states);
        let Chunk { lines, filled, queries, first_query, histograms, layout, width, .. } = chunk;
        let (layout, width) = (*layout, *width);
        let (blocks, sequences) = (layout.blocks(), layout.sequences());
        let blank = || distributions.blank();
        let draw = |(slot, ((lines, histograms), (filled, queries))): SlotWork<'_>| {
            let Slot { bits, escapes } = slot;
            let source = TokenSource { states, bits, escapes };
            match attention {
                Some(attention) => {
                    Sequences { attention, layout, t, filled, queries, lines, histograms, width }.draw(source);
                }
                None => {
                    let queries = &first_query[..filled.len()];
                    Sequences { attention: blank(), layout, t, filled, queries, lines, histograms, width }
                        .draw_only(source);
                }
            }
        };
        let per_slot = sizes.lines_per_slot;
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

    /// Samples of the chunk whose query tokens were drawn last.
    fn assigned(&self) -> usize {
        self.counts.iter().sum()
    }

    /// Draws the outputs. The sequences are there.
    pub(super) fn draw_outputs(&mut self, chunk: &mut Chunk) {
        let samples = self.assigned();
        let Distributions { sources, positions, outputs: transition, .. } = &*self.distributions;
        let mut words = self.words.as_flattened()[samples..].as_chunks::<2>().0;
        let Chunk { layout, lines, filled, queries, outputs, .. } = chunk;
        let (blocks, sequences) = (layout.blocks(), layout.sequences());
        for (line, (&filled, &query)) in filled.iter().zip(&*queries).enumerate() {
            let (weights, positions) = (&sources[query], &*positions[query]);
            let (here, rest) = words.split_at(filled);
            words = rest;
            let outputs = &mut outputs[line * sequences..];
            let line = &lines[line * blocks..(line + 1) * blocks];
            for (sequence, (output, &[for_source, for_output])) in outputs.iter_mut().zip(here).enumerate() {
                let source = positions[weights.locate(for_source)];
                let current = layout.token(line, sequence, source);
                *output = transition[current].locate(for_output);
            }
        }
    }

    /// Draws outputs and histograms, and of the tokens only those at the entries of `attended`. The
    /// query tokens are there.
    pub(super) fn draw_sparse(&mut self, attended: &SparseAttention, chunk: &mut Chunk) {
        let samples = self.assigned();
        (chunk.has_tokens, chunk.has_histograms) = (false, true);
        let Distributions { queries: states, sources, positions, outputs: transition, .. } = &*self.distributions;
        let Chunk { layout, filled, queries, outputs, histograms, width, .. } = chunk;
        // Tokens and query tokens both follow mu, so one table serves for both. No whole sequences
        // are drawn, so the first slot's stream for escapes is free.
        let Some(Slot { escapes, .. }) = self.slots.first_mut() else { return };
        let mut token = || states.locate(escapes.next_u64());
        let mut words = self.words.as_flattened()[samples..].as_chunks::<2>().0;
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
}

/// A slot with its lines and their histograms, and for each line its number of sequences and its
/// query token.
type SlotWork<'a> = (&'a mut Slot, ((&'a mut [Block], &'a mut [f64]), (&'a [usize], &'a [usize])));
