//! Tokens from random words, and their histograms.
//!
//! A sequence is drawn and weighed in one pass, or drawn only (`WEIGH` is false), to be weighed
//! later.

use crate::kernel::layout::{Block, ROUND};
use crate::kernel::residuals::width;
use crate::kernel::sequences::{Line, Sequences, Span, TokenSource};
use crate::kernel::states::Cells;
use crate::kernel::weights::Weights16;

/// Number of entries of a vector that stay in registers.
const TILE: usize = 16;

/// Draws sequences of a narrow layout. For each bound the weights of the tokens beyond it are added
/// up.
#[inline(always)]
pub(in crate::kernel) fn draw_narrow<const WEIGH: bool>(source: &mut TokenSource<'_>, sequences: &mut Sequences<'_>) {
    let Cells::Ordered(bounds) = &source.states.cells else { return };
    match bounds.len() {
        1 => draw_narrow_of::<1, 4, WEIGH>(source, sequences, bounds),
        2 => draw_narrow_of::<2, 4, WEIGH>(source, sequences, bounds),
        3 => draw_narrow_of::<3, 4, WEIGH>(source, sequences, bounds),
        4..=7 => draw_narrow_of::<7, 8, WEIGH>(source, sequences, bounds),
        _ => draw_narrow_of::<15, 16, WEIGH>(source, sequences, bounds),
    }
}

/// The version for `J` bounds and histograms of `W` entries.
#[inline(always)]
fn draw_narrow_of<const J: usize, const W: usize, const WEIGH: bool>(
    source: &mut TokenSource<'_>,
    sequences: &mut Sequences<'_>,
    bounds: &[Block],
) {
    const { assert!(W == width(J + 1)) };
    assert_eq!(sequences.width, W);
    let (layout, form) = (sequences.layout, sequences.attention.form);
    let mut words = [[0; ROUND]; 4];
    for Line { histograms, mut destination } in sequences.lines() {
        for (sequence, h) in histograms.as_chunks_mut::<W>().0.iter_mut().enumerate() {
            let shift = layout.shift(sequence);
            let mut histogram = [0.0; W];
            for mut piece in destination.pieces::<4>() {
                let mut passed = [0; W];
                let mut sums = [[0i32; ROUND]; J];
                let scale = piece.scale;
                for mut span in piece.spans() {
                    let mut block = if sequence == 0 { [0; ROUND] } else { span.block.0 };
                    let mut lowest = i16::MAX;
                    for (r, (weights, words)) in span.weights.iter().zip(&mut words).enumerate() {
                        *words = source.bits.round();
                        let mut tokens = [0u16; ROUND];
                        for (bound, sums) in bounds.iter().zip(&mut sums) {
                            pass::<WEIGH>(words, to_signed(bound.0[0]), weights, &mut tokens, sums);
                        }
                        for w in 0..ROUND {
                            block[w] |= tokens[w] << (4 * r as u32 + shift);
                            lowest = lowest.min(to_signed(words[w]));
                        }
                    }
                    span.block.0 = block;
                    if lowest < to_signed(source.states.escapes) {
                        let rounds = span.weights.len();
                        source.draw_escapes(&mut span, &words[..rounds], shift, form, &mut passed);
                    }
                }
                if WEIGH {
                    add_sums(&mut passed, &sums);
                    scale.add_passed(&mut histogram, &passed);
                }
            }
            if WEIGH {
                *h = histogram;
            }
        }
    }
}

/// Adds the sums over all words of a round.
#[inline(always)]
fn add_sums<const J: usize, const W: usize>(passed: &mut [i32; W], sums: &[[i32; ROUND]; J]) {
    for (passed, sums) in passed.iter_mut().zip(sums) {
        *passed += sums.iter().sum::<i32>();
    }
}

/// The histograms of sequences of a narrow layout that were drawn.
#[inline(always)]
pub(in crate::kernel) fn weigh_narrow(sequences: &mut Sequences<'_>, n: usize) {
    match n {
        ..=2 => weigh_narrow_of::<1, 4>(sequences),
        3 => weigh_narrow_of::<2, 4>(sequences),
        4 => weigh_narrow_of::<3, 4>(sequences),
        5..=8 => weigh_narrow_of::<7, 8>(sequences),
        _ => weigh_narrow_of::<15, 16>(sequences),
    }
}

/// The version for states up to `J` and histograms of `W` entries. As when drawing, with the states
/// in place of random words: bound j lies above state j.
#[inline(always)]
fn weigh_narrow_of<const J: usize, const W: usize>(sequences: &mut Sequences<'_>) {
    const { assert!(W == width(J + 1)) };
    assert_eq!(sequences.width, W);
    let layout = sequences.layout;
    for Line { histograms, mut destination } in sequences.lines() {
        for (sequence, h) in histograms.as_chunks_mut::<W>().0.iter_mut().enumerate() {
            let (shift, mask) = (layout.shift(sequence), layout.mask() & 0xf);
            let mut histogram = [0.0; W];
            for mut piece in destination.pieces::<4>() {
                let mut sums = [[0i32; ROUND]; J];
                let scale = piece.scale;
                for span in piece.spans() {
                    for (r, weights) in span.weights.iter().enumerate() {
                        let states = span.block.0.map(|word| word >> (4 * r as u32 + shift) & mask);
                        for (j, sums) in sums.iter_mut().enumerate() {
                            pass::<true>(&states, to_signed(j as u16), weights, &mut [0; ROUND], sums);
                        }
                    }
                }
                let mut passed = [0; W];
                add_sums(&mut passed, &sums);
                scale.add_passed(&mut histogram, &passed);
            }
            *h = histogram;
        }
    }
}

/// Maps a word to a signed number, keeping the order: SSE2 and AVX2 compare vectors of signed
/// numbers only.
#[inline(always)]
fn to_signed(x: u16) -> i16 {
    (x ^ 0x8000) as i16
}

/// Counts the words beyond `bound` into `tokens` and, if `WEIGH`, adds their weights to `sums`. It is
/// a function of its own because the compiler makes vector code of it alone, but not within its
/// callers.
#[inline(never)]
fn pass<const WEIGH: bool>(
    words: &[u16; ROUND],
    bound: i16,
    weights: &[Weights16; 2],
    tokens: &mut [u16; ROUND],
    sums: &mut [i32; ROUND],
) {
    for (half, weights) in weights.iter().enumerate() {
        for i in 0..16 {
            let mask = -i16::from(to_signed(words[16 * half + i]) > bound);
            tokens[16 * half + i] = tokens[16 * half + i].wrapping_sub(mask as u16);
            if WEIGH {
                sums[16 * half + i] += weights.0[i] & i32::from(mask);
            }
        }
    }
}

/// A bit for every word that is below `limit`.
#[inline(always)]
pub(in crate::kernel) fn words_below(words: &[u16; ROUND], limit: u16) -> u32 {
    words.iter().enumerate().fold(0, |bits, (i, &word)| bits | u32::from(word < limit) << i)
}

/// Draws sequences of a wide layout.
#[inline(always)]
pub(in crate::kernel) fn draw_wide<const WEIGH: bool>(source: &mut TokenSource<'_>, sequences: &mut Sequences<'_>) {
    let states = source.states;
    let Cells::Columns(columns) = &states.cells else { return };
    let (mut words, mut sums) = ([[0; ROUND]; 2], WideSums::ZERO);
    for Line { histograms: h, mut destination } in sequences.lines() {
        if WEIGH {
            h.fill(0.0);
        }
        for mut piece in destination.pieces::<2>() {
            let scale = piece.scale;
            for mut span in piece.spans() {
                let rounds = span.weights.len();
                let mut escapes = [0; 2];
                for (words, escapes) in words[..rounds].iter_mut().zip(&mut escapes) {
                    *words = source.bits.round();
                    *escapes = words_below(words, states.escapes);
                }
                let block = &mut span.block.0;
                for w in 0..ROUND {
                    block[w] = u16::from(columns.of(words[0][w])) | u16::from(columns.of(words[1][w])) << 8;
                }
                if escapes != [0; 2] {
                    source.draw_escapes_wide(&mut span, &words[..rounds], escapes);
                }
                if WEIGH {
                    sums.add(&span);
                }
            }
            if WEIGH {
                sums.close(scale.unit, h);
            }
        }
    }
}

/// The histograms of sequences of a wide layout that were drawn.
#[inline(always)]
pub(in crate::kernel) fn weigh_wide(sequences: &mut Sequences<'_>) {
    let mut sums = WideSums::ZERO;
    for Line { histograms: h, mut destination } in sequences.lines() {
        h.fill(0.0);
        for mut piece in destination.pieces::<2>() {
            let scale = piece.scale;
            piece.spans().for_each(|span| sums.add(&span));
            sums.close(scale.unit, h);
        }
    }
}

/// The weights of the tokens of each state, in four sums per state, so that an addition need not
/// wait for the one before it. All are 0 between uses.
#[repr(C, align(64))]
pub(in crate::kernel) struct WideSums([[i32; 256]; 4]);

impl WideSums {
    pub(in crate::kernel) const ZERO: Self = Self([[0; 256]; 4]);

    /// Adds the tokens of one block.
    #[inline(always)]
    pub(in crate::kernel) fn add(&mut self, span: &Span<'_>) {
        let [s0, s1, s2, s3] = &mut self.0;
        let (block, weights) = (&*span.block, span.weights);
        if let [[w0, w1], [w2, w3]] = weights {
            for i in 0..16 {
                let (x, y) = (block.0[i], block.0[16 + i]);
                s0[usize::from(x as u8)] += w0.0[i];
                s1[usize::from(y as u8)] += w1.0[i];
                s2[usize::from(x >> 8)] += w2.0[i];
                s3[usize::from(y >> 8)] += w3.0[i];
            }
        } else {
            // The line ends after one round.
            for (w, word) in block.0.iter().enumerate() {
                s0[usize::from(*word as u8)] += weights[0][w / 16].0[w % 16];
            }
        }
    }

    /// Adds the sums of a piece to a histogram of whole tiles, and begins again.
    #[inline(always)]
    pub(in crate::kernel) fn close(&mut self, unit: f64, h: &mut [f64]) {
        let sums = self.0.each_mut().map(|sums| sums.as_chunks_mut::<TILE>().0);
        for (tile, h) in h.as_chunks_mut::<TILE>().0.iter_mut().enumerate() {
            let mut totals = [0i32; TILE];
            for s in 0..4 {
                for i in 0..TILE {
                    totals[i] += sums[s][tile][i];
                }
            }
            for i in 0..TILE {
                h[i] += f64::from(totals[i]) * unit;
            }
            for s in 0..4 {
                sums[s][tile] = [0; TILE];
            }
        }
    }
}
