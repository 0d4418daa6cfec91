//! Sequences that are to be drawn, piece by piece.

use super::fixed_point::{FixedPoint, Scale, Weights16};
use super::layout::{Block, Layout, ROUND};
use super::states::States;
use super::{Bits, PIECE};
use crate::random::Stream;

/// Some lines that are to be filled with sequences, and the streams to draw them from.
#[derive(Debug)]
pub struct Sequences<'a> {
    /// The distribution of tokens.
    pub states: &'a States,
    /// Words that decide most tokens.
    pub bits: &'a mut Bits,
    /// Words for the few that 16 bits do not decide.
    pub escapes: &'a mut Stream,
    /// The attention that the sequences meet.
    pub attention: &'a FixedPoint,
    /// How tokens lie in `lines`.
    pub layout: Layout,
    /// Length T of a sequence.
    pub t: usize,
    /// How many sequences each line is to hold, from 1 to [`Layout::sequences`].
    pub filled: &'a [usize],
    /// Query token of each line.
    pub queries: &'a [usize],
    /// Where the tokens go.
    pub lines: &'a mut [Block],
    /// Where the histograms go, [`width`](super::width) entries a place.
    pub histograms: &'a mut [f64],
    /// Entries of a histogram, padding included: [`width`](super::width) of N.
    pub width: usize,
}

/// Which piece is next: its line, its sequence within the line, and its number within the sequence.
#[derive(Debug, Default)]
pub(super) struct Cursor {
    line: usize,
    sequence: usize,
    part: usize,
    /// First block of the line.
    first: usize,
    place: usize,
}

/// At most [`PIECE`] positions of one sequence.
#[derive(Debug, Clone, Copy)]
pub(super) struct Piece<'a> {
    /// Their weights, whole rounds.
    pub(super) weights: &'a [Weights16],
    scale: Scale,
    /// Index of the first block.
    pub(super) first: usize,
    /// How many blocks.
    pub(super) blocks: usize,
    /// How many positions.
    pub(super) positions: usize,
    /// First of the sequence's bits among those of a round.
    pub(super) shift: u32,
    /// Whether this is the first sequence of its line: what the blocks held is old.
    pub(super) overwrites_tokens: bool,
    /// Index of the histogram's first entry.
    histogram: usize,
    /// Whether this is the first piece of its sequence: what the histogram held is old.
    overwrites_histogram: bool,
}

impl Piece<'_> {
    /// Rounds of block `b` that hold positions of the piece; a block has room for `most`.
    #[inline(always)]
    pub(super) fn rounds(&self, b: usize, most: usize) -> usize {
        (self.positions - most * ROUND * b).div_ceil(ROUND).min(most)
    }
}

impl<'a> Sequences<'a> {
    /// The piece at `cursor`, which moves on.
    #[inline(always)]
    pub(super) fn next(&self, cursor: &mut Cursor) -> Option<Piece<'a>> {
        let Cursor { line, sequence, part, first, place } = *cursor;
        let filled = *self.filled.get(line)?;
        let row = self.attention.row(self.queries[line]);
        cursor.part += 1;
        if cursor.part == row.scales.len() {
            (cursor.part, cursor.sequence, cursor.place) = (0, sequence + 1, place + 1);
            if cursor.sequence == filled {
                (cursor.sequence, cursor.line) = (0, line + 1);
                cursor.first += self.layout.blocks();
                cursor.place += self.layout.sequences() - filled;
            }
        }
        let (positions, lanes) = (self.t - part * PIECE, part * (PIECE / 16));
        let positions = positions.min(PIECE);
        let per_scale = PIECE / (ROUND * self.layout.rounds);
        Some(Piece {
            weights: &row.lanes[lanes..(lanes + PIECE / 16).min(row.lanes.len())],
            scale: row.scales[part],
            first: first + part * per_scale,
            blocks: (self.layout.blocks() - part * per_scale).min(per_scale),
            positions,
            shift: self.layout.shift(sequence),
            overwrites_tokens: sequence == 0,
            histogram: place * self.width,
            overwrites_histogram: part == 0,
        })
    }

    /// The blocks of `piece`.
    #[inline(always)]
    pub(super) fn blocks(&mut self, piece: &Piece<'_>) -> &mut [Block] {
        &mut self.lines[piece.first..piece.first + piece.blocks]
    }

    /// Draws the states of the escapes among `words`, the rounds of the piece's block `b`, in order of position. Being
    /// beyond no bound, they count as state 0 so far.
    #[cold]
    #[inline(never)]
    pub(super) fn settle(&mut self, piece: &Piece<'_>, b: usize, words: &[[u16; ROUND]], passed: &mut [i32; 16]) {
        let start = 4 * ROUND * b;
        for (i, &h) in words.as_flattened().iter().enumerate().take(piece.positions - start) {
            if h < self.states.escapes {
                let state = self.states.settle(h, self.escapes);
                let word = &mut self.lines[piece.first + b].0[i % ROUND];
                *word += u16::from(state) << (4 * (i / ROUND) as u32 + piece.shift);
                let weight = self.attention.weight(piece.weights, start + i);
                passed[..usize::from(state)].iter_mut().for_each(|passed| *passed += weight);
            }
        }
    }

    /// As [`Sequences::settle`] for a wide layout: replaces the tokens.
    #[cold]
    #[inline(never)]
    pub(super) fn settle_wide(&mut self, piece: &Piece<'_>, b: usize, words: &[[u16; ROUND]]) {
        let positions = piece.positions - 2 * ROUND * b;
        for (i, &h) in words.as_flattened().iter().enumerate().take(positions) {
            if h < self.states.escapes {
                let state = u16::from(self.states.settle(h, self.escapes));
                let (word, shift) = (&mut self.lines[piece.first + b].0[i % ROUND], 8 * (i / ROUND));
                *word = *word & !(0xff << shift) | state << shift;
            }
        }
    }

    /// Writes or adds to the histogram, from the weights of the tokens beyond each bound; there are at most 15.
    #[inline(always)]
    pub(super) fn take_passed(&mut self, piece: &Piece<'_>, passed: &[i32; 16]) {
        // Beyond a bound are the states above it; what is beyond one bound but not the next is one state.
        let h = &mut self.histograms[piece.histogram..piece.histogram + self.width];
        let mut beyond = [0; 16];
        beyond[0] = piece.scale.total;
        beyond[1..].copy_from_slice(&passed[..15]);
        // Of fixed length, for vector code.
        match h.len() {
            4 => take::<4>(piece, &beyond, passed, h),
            8 => take::<8>(piece, &beyond, passed, h),
            _ => take::<16>(piece, &beyond, passed, h),
        }
    }

    /// As [`Sequences::take_passed`], from the weights of the tokens of each state.
    #[inline(always)]
    pub(super) fn take_sums(&mut self, piece: &Piece<'_>, sums: &[i32; 256]) {
        let h = &mut self.histograms[piece.histogram..piece.histogram + self.width];
        for (h, &sum) in h.iter_mut().zip(sums) {
            let sum = f64::from(sum) * piece.scale.unit;
            *h = if piece.overwrites_histogram { sum } else { *h + sum };
        }
    }
}

#[inline(always)]
fn take<const W: usize>(piece: &Piece<'_>, beyond: &[i32; 16], next: &[i32; 16], h: &mut [f64]) {
    let Some(h) = h.first_chunk_mut::<W>() else { return };
    for j in 0..W {
        let sum = f64::from(beyond[j] - next[j]) * piece.scale.unit;
        h[j] = if piece.overwrites_histogram { sum } else { h[j] + sum };
    }
}
