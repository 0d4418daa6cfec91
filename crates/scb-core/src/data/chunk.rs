//! A chunk: samples of a batch that are in memory at once.

use std::ops::Range;

use crate::kernel::{self, Block, Layout};

/// A chunk whose tokens take fewer bits than this, some 0.2 ms of work, is not worth a second core. It is half
/// of [`CHUNK_BYTES`], so that the chunks of a large batch of long sequences all are. Decides speed only.
const SHARED_BITS: usize = 1 << 21;

/// Some samples of a batch, sorted by query token.
///
/// Sequences lie in lines (see `kernel/layout.rs`); a line's sequences have the same query token. The *place* of a sample is
/// its line times the sequences a line can hold, plus its number within the line; places may be empty.
#[derive(Debug, Clone)]
pub struct Chunk {
    pub(super) t: usize,
    /// Lines that any chunk of the run has at most.
    pub(crate) max_lines: usize,
    pub(crate) layout: Layout,
    /// All lines, whole.
    pub(crate) lines: Vec<Block>,
    /// Lines of each query token.
    pub(crate) groups: Vec<Range<usize>>,
    /// Sequences in each line.
    pub(crate) filled: Vec<usize>,
    /// Query token of each line.
    pub(super) queries: Vec<usize>,
    /// Output token at each place.
    pub(crate) outputs: Vec<usize>,
    /// Weighted histogram at each place, `width` entries of which the first N count.
    pub(crate) histograms: Vec<f64>,
    pub(super) width: usize,
    /// Whether whole sequences were drawn.
    pub(crate) has_tokens: bool,
}

impl Chunk {
    /// Destination for `lines` lines of samples of `n` states and length `t`.
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
            outputs: Vec::with_capacity(places),
            histograms: Vec::with_capacity(places * width),
            width,
            has_tokens: false,
        }
    }

    /// Places of all samples, with their query tokens, in order.
    pub fn samples(&self) -> impl Iterator<Item = (usize, usize)> {
        let sequences = self.layout.sequences();
        let lines = self.filled.iter().zip(&self.queries).enumerate();
        lines.flat_map(move |(line, (&filled, &query))| (0..filled).map(move |i| (line * sequences + i, query)))
    }

    /// Token of the sample at `place` at `position`.
    ///
    /// # Panics
    /// If only the entries of an attention were drawn ([`Batches::for_each_sparse`](super::Batches::for_each_sparse)).
    #[must_use]
    pub fn token(&self, place: usize, position: usize) -> usize {
        assert!(self.has_tokens, "no sequences were drawn");
        let (line, sequence) = (place / self.layout.sequences(), place % self.layout.sequences());
        let blocks = self.layout.blocks();
        self.layout.token(&self.lines[line * blocks..(line + 1) * blocks], sequence, position)
    }

    /// Output token of the sample at `place`.
    #[must_use]
    pub fn output(&self, place: usize) -> usize {
        self.outputs[place]
    }

    /// `h = X a^(k)` of the sample at `place`, N entries and padding.
    #[must_use]
    pub fn histogram(&self, place: usize) -> &[f64] {
        &self.histograms[place * self.width..(place + 1) * self.width]
    }

    /// Whether the work is worth sharing with idle cores.
    pub(crate) fn worth_many_cores(&self) -> bool {
        // At N = 2 drawing, not bits, is what takes the time: as at N = 3.
        self.outputs.len() * self.t * self.layout.bits().max(2) >= SHARED_BITS && rayon::current_num_threads() > 1
    }
}
