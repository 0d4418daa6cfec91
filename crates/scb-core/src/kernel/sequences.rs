//! Sequences that are to be drawn or weighed: line by line, sequence by sequence, piece by piece,
//! span by span.

use super::bits::Bits;
use super::fixed_point::{FixedPointAttention, Row, Scale};
use super::layout::{Block, Layout, ROUND};
use super::pieces::PIECE;
use super::states::States;
use super::weights::{Form, Weights16};
use crate::random::Stream;

/// Lines that are to be filled with sequences, or that hold some, and the histograms of these.
#[derive(Debug)]
pub struct Sequences<'a> {
    /// The attention with which histograms are computed.
    pub attention: &'a FixedPointAttention,
    /// How tokens lie in `lines`.
    pub layout: Layout,
    /// Length T of a sequence.
    pub t: usize,
    /// The number of sequences that each line is to hold, from 1 to [`Layout::sequences`].
    pub filled: &'a [usize],
    /// Query token of each line.
    pub queries: &'a [usize],
    /// The tokens.
    pub lines: &'a mut [Block],
    /// The histograms are written here, [`width`](super::width) entries per place.
    pub histograms: &'a mut [f64],
    /// Entries of a histogram, padding included: [`width`](super::width) of N.
    pub width: usize,
}

/// The distribution and the streams that decide tokens.
#[derive(Debug)]
pub struct TokenSource<'a> {
    /// The distribution of tokens.
    pub states: &'a States,
    /// The words that decide most tokens.
    pub bits: &'a mut Bits,
    /// The stream for the few tokens that 16 bits do not decide.
    pub escapes: &'a mut Stream,
}

/// The lines that are still to be drawn or weighed.
pub(super) struct Lines<'a> {
    attention: &'a FixedPointAttention,
    layout: Layout,
    t: usize,
    width: usize,
    filled: std::slice::Iter<'a, usize>,
    queries: std::slice::Iter<'a, usize>,
    blocks: &'a mut [Block],
    histograms: &'a mut [f64],
}

/// A line that is to be drawn or weighed.
pub(super) struct Line<'a> {
    /// The histograms of its sequences, one after the other.
    pub(super) histograms: &'a mut [f64],
    pub(super) destination: Destination<'a>,
}

/// The tokens of a line, or the memory for them, and the attention of its query token.
pub(super) struct Destination<'a> {
    row: Row<'a>,
    t: usize,
    blocks: &'a mut [Block],
}

/// The rest of a sequence, in a layout with `ROUNDS` rounds in a word.
pub(super) struct Pieces<'a, const ROUNDS: usize> {
    scales: std::slice::Iter<'a, Scale>,
    weights: &'a [[Weights16; 2]],
    blocks: &'a mut [Block],
    left: usize,
}

/// At most [`PIECE`] positions of one sequence.
pub(super) struct Piece<'a, const ROUNDS: usize> {
    pub(super) scale: &'a Scale,
    /// The weights of each round that holds positions.
    pub(super) weights: &'a [[Weights16; 2]],
    pub(super) blocks: &'a mut [Block],
    /// Number of positions of the sequence from the first of this piece on.
    left: usize,
}

/// The rest of a piece.
pub(super) struct Spans<'a, const ROUNDS: usize> {
    weights: &'a [[Weights16; 2]],
    blocks: std::slice::IterMut<'a, Block>,
    left: usize,
}

/// The part of one sequence that one block holds.
pub(super) struct Span<'a> {
    pub(super) block: &'a mut Block,
    /// The weights of each round that holds positions.
    pub(super) weights: &'a [[Weights16; 2]],
    /// Number of positions of the sequence from the first of this span on.
    left: usize,
}

impl Sequences<'_> {
    /// The lines, one after the other.
    #[inline(always)]
    pub(super) fn lines(&mut self) -> Lines<'_> {
        let Self { attention, layout, t, filled, queries, width, .. } = *self;
        let (filled, queries) = (filled.iter(), queries.iter());
        Lines { attention, layout, t, width, filled, queries, blocks: self.lines, histograms: self.histograms }
    }
}

impl<'a> Iterator for Lines<'a> {
    type Item = Line<'a>;

    #[inline(always)]
    fn next(&mut self) -> Option<Line<'a>> {
        let (&filled, &query) = (self.filled.next()?, self.queries.next()?);
        let blocks = self.blocks.split_off_mut(..self.layout.blocks())?;
        let histograms = self.histograms.split_off_mut(..self.layout.sequences() * self.width)?;
        let destination = Destination { row: self.attention.row(query), t: self.t, blocks };
        Some(Line { histograms: &mut histograms[..filled * self.width], destination })
    }
}

impl Destination<'_> {
    /// The pieces of a sequence.
    #[inline(always)]
    pub(super) fn pieces<const ROUNDS: usize>(&mut self) -> Pieces<'_, ROUNDS> {
        let Row { weights, scales } = self.row;
        Pieces { scales: scales.iter(), weights, blocks: self.blocks, left: self.t }
    }
}

// These iterators and `Lines` do what `chunks` and `zip` would do, but without their divisions and
// checks, which at T = 64 take as long as drawing. `left` wraps after the last item; it is not read
// any more then.
impl<'a, const ROUNDS: usize> Iterator for Pieces<'a, ROUNDS> {
    type Item = Piece<'a, ROUNDS>;

    #[inline(always)]
    fn next(&mut self) -> Option<Piece<'a, ROUNDS>> {
        let scale = self.scales.next()?;
        let (weights, rest) = self.weights.split_at(self.weights.len().min(PIECE / ROUND));
        self.weights = rest;
        let blocks = self.blocks.len().min(PIECE / (ROUND * ROUNDS));
        let blocks = self.blocks.split_off_mut(..blocks)?;
        let left = self.left;
        self.left = left.wrapping_sub(PIECE);
        Some(Piece { scale, weights, blocks, left })
    }
}

impl<const ROUNDS: usize> Piece<'_, ROUNDS> {
    /// The piece block by block.
    #[inline(always)]
    pub(super) fn spans(&mut self) -> Spans<'_, ROUNDS> {
        Spans { weights: self.weights, blocks: self.blocks.iter_mut(), left: self.left }
    }
}

impl<'a, const ROUNDS: usize> Iterator for Spans<'a, ROUNDS> {
    type Item = Span<'a>;

    #[inline(always)]
    fn next(&mut self) -> Option<Span<'a>> {
        let block = self.blocks.next()?;
        let (weights, rest) = self.weights.split_at(self.weights.len().min(ROUNDS));
        self.weights = rest;
        let left = self.left;
        self.left = left.wrapping_sub(ROUND * ROUNDS);
        Some(Span { block, weights, left })
    }
}

impl TokenSource<'_> {
    /// Draws the states of the escapes among `words`, the rounds of `span`, in order of position.
    /// So far they count as state 0, because no bound lies below them. The weights of the tokens
    /// beyond each bound are added to `passed`.
    #[cold]
    #[inline(never)]
    pub(super) fn draw_escapes(
        &mut self,
        span: &mut Span<'_>,
        words: &[[u16; ROUND]],
        shift: u32,
        form: Form,
        passed: &mut [i32],
    ) {
        for (i, &h) in words.as_flattened().iter().enumerate().take(span.left) {
            if h < self.states.escapes {
                let state = self.states.draw_escapes(h, self.escapes);
                span.block.0[i % ROUND] += u16::from(state) << (4 * (i / ROUND) as u32 + shift);
                let weight = form.at(span.weights.as_flattened(), i);
                passed[..usize::from(state)].iter_mut().for_each(|passed| *passed += weight);
            }
        }
    }

    /// As [`draw_escapes`](Self::draw_escapes) for a wide layout: replaces the tokens. A bit of
    /// `escapes` says for each word of a round whether it is one.
    #[cold]
    #[inline(never)]
    pub(super) fn draw_escapes_wide(&mut self, span: &mut Span<'_>, words: &[[u16; ROUND]], escapes: [u32; 2]) {
        for (round, (words, mut escapes)) in words.iter().zip(escapes).enumerate() {
            while escapes != 0 {
                let i = escapes.trailing_zeros() as usize;
                escapes &= escapes - 1;
                if ROUND * round + i < span.left {
                    let state = u16::from(self.states.draw_escapes(words[i], self.escapes));
                    let (word, shift) = (&mut span.block.0[i], 8 * round);
                    *word = *word & !(0xff << shift) | state << shift;
                }
            }
        }
    }
}

impl Scale {
    /// Adds to a histogram. `passed[j]` is the sum of the weights of the tokens beyond bound j.
    /// There are fewer bounds than entries; entries of `passed` that have no bound are 0.
    #[inline(always)]
    pub(super) fn add_passed<const W: usize>(&self, h: &mut [f64; W], passed: &[i32; W]) {
        // Tokens beyond a bound have a state above it. So the tokens beyond one bound but not
        // beyond the next have one state.
        let mut beyond = [self.total; W];
        beyond[1..].copy_from_slice(&passed[..W - 1]);
        for j in 0..W {
            h[j] += f64::from(beyond[j] - passed[j]) * self.unit;
        }
    }
}
