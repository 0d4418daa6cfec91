//! A chunk: samples of a batch that are in memory at once.
//!
//! Sequences lie in lines (see `kernel/layout.rs`); all sequences of a line have the same query
//! token. The place of a sample is its line times the number of sequences that a line can hold,
//! plus its number within the line. Places may be empty.

use std::ops::Range;

use crate::kernel::{self, Block, FixedPointAttention, Layout, Sequences};

/// A chunk whose tokens take fewer bits than this, which is about 0.2 ms of work, is not worth
/// splitting between cores. It is half of `CHUNK_BYTES`, so that all chunks of a large batch of long sequences
/// are shared. Decides speed only.
pub(super) const SHARED_BITS: usize = 1 << 21;

/// Part of a batch, sorted by query token. A sample is addressed by its *place*, an opaque index
/// from [`Chunk::samples`].
#[derive(Debug, Clone)]
pub struct Chunk {
    /// Sequence length T.
    pub(super) t: usize,
    /// The largest number of lines of any chunk of the run.
    pub(crate) max_lines: usize,
    pub(crate) layout: Layout,
    /// All lines, one after the other.
    pub(crate) lines: Vec<Block>,
    /// The range of lines of each query token.
    pub(crate) groups: Vec<Range<usize>>,
    /// Number of sequences in each line.
    pub(crate) filled: Vec<usize>,
    /// Query token of each line.
    pub(super) queries: Vec<usize>,
    /// A query token of 0 for each line of the largest chunk.
    pub(super) first_query: Vec<usize>,
    /// Output token at each place.
    pub(crate) outputs: Vec<usize>,
    /// Weighted histogram at each place: `width` entries, the first N of which are the histogram.
    pub(crate) histograms: Vec<f64>,
    pub(super) width: usize,
    /// Whether whole sequences were drawn.
    pub(crate) has_tokens: bool,
    /// Whether the histograms are those of its samples.
    pub(super) has_histograms: bool,
}

impl Chunk {
    /// An empty chunk with room for `lines` lines of samples of `n` states and length `t`.
    pub(super) fn new(n: usize, t: usize, lines: usize) -> Self {
        let (layout, width) = (Layout::new(n, t), kernel::width(n));
        let places = lines * layout.sequences();
        Self {
            t,
            max_lines: lines,
            layout,
            lines: Vec::with_capacity(lines * layout.blocks()),
            groups: vec![0..0; n],
            filled: Vec::with_capacity(lines),
            queries: Vec::with_capacity(lines),
            first_query: vec![0; lines],
            outputs: Vec::with_capacity(places),
            histograms: Vec::with_capacity(places * width),
            width,
            has_tokens: false,
            has_histograms: false,
        }
    }

    /// The samples as pairs (place, query token), in the order of query tokens.
    pub fn samples(&self) -> impl Iterator<Item = (usize, usize)> {
        let sequences = self.layout.sequences();
        let lines = self.filled.iter().zip(&self.queries).enumerate();
        lines.flat_map(move |(line, (&filled, &query))| (0..filled).map(move |i| (line * sequences + i, query)))
    }

    /// The token at `position`, in `0..T`, of the sample at `place`. The token is in `0..N`.
    ///
    /// # Panics
    /// If the chunk comes from [`Batches::for_each_sparse`](super::Batches::for_each_sparse), which
    /// draws no sequences, or if `place` is not one of [`Chunk::samples`].
    #[must_use]
    pub fn token(&self, place: usize, position: usize) -> usize {
        assert!(self.has_tokens, "no sequences were drawn");
        let (line, sequence) = (place / self.layout.sequences(), place % self.layout.sequences());
        let blocks = self.layout.blocks();
        self.layout.token(&self.lines[line * blocks..(line + 1) * blocks], sequence, position)
    }

    /// The output token, in `0..N`, of the sample at `place`.
    #[must_use]
    pub fn output(&self, place: usize) -> usize {
        self.outputs[place]
    }

    /// `h = X a^(k)` of the sample at `place`: the first N entries, followed by padding.
    ///
    /// # Panics
    /// If the chunk comes from [`Batches::for_each_unweighed`](super::Batches::for_each_unweighed),
    /// which computes none.
    #[must_use]
    pub fn histogram(&self, place: usize) -> &[f64] {
        self.check_histograms();
        &self.histograms[place * self.width..(place + 1) * self.width]
    }

    /// Panics if there are no histograms.
    pub(crate) fn check_histograms(&self) {
        assert!(self.has_histograms, "no histograms were computed");
    }

    /// Computes the histograms of sequences that were drawn without.
    pub(super) fn weigh(&mut self, attention: &FixedPointAttention) {
        self.has_histograms = true;
        let Self { t, layout, lines, filled, queries, histograms, width, .. } = self;
        let (t, layout, width) = (*t, *layout, *width);
        Sequences { attention, layout, t, filled, queries, lines, histograms, width }.weigh();
    }

    /// Whether the work is large enough to share it with idle cores.
    pub(crate) fn worth_many_cores(&self) -> bool {
        self.token_bits(self.outputs.len()) >= SHARED_BITS && rayon::current_num_threads() > 1
    }

    /// Whether no chunk of the run is worth many cores, however many there are.
    pub(super) fn is_small(&self) -> bool {
        self.token_bits(self.most_places()) < SHARED_BITS
    }

    /// Bits that the tokens and histograms of the largest chunk of the run take, about.
    pub(super) fn most_bits(&self) -> usize {
        let places = self.most_places();
        self.token_bits(places) + places * self.width * 64
    }

    fn most_places(&self) -> usize {
        self.max_lines * self.layout.sequences()
    }

    fn token_bits(&self, places: usize) -> usize {
        // At N = 2 drawing takes the time, not the bits, and it takes as long as at N = 3.
        places * self.t * self.layout.bits().max(2)
    }
}
