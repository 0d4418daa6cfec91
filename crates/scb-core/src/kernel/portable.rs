//! The definition of every kernel, written so that a compiler can vectorise it.
//!
//! Everything is inlined into its caller, so that `x86` can compile the same text for wider registers.

use rand::Rng;

use super::bits::{Bits, WORDS};
use super::{BLOCK, LANES, TIE, TokenTable};
use crate::random::Stream;

/// Tokens of one round of random words, 16 bits each.
const ROUND: usize = 4 * WORDS;

/// Rounds whose random words are made ahead; they stay in the first-level cache.
const ROUNDS: usize = 16;

/// Random bytes of one round; bytes `2 i` and `2 i + 1` belong to token `i`.
type Words = [u8; 2 * ROUND];

#[inline(always)]
pub(super) fn draw_tokens(table: &TokenTable, bits: &mut Bits, ties: &mut Stream, tokens: &mut [u8]) {
    let mut words = [[0; 2 * ROUND]; ROUNDS];
    for block in tokens.chunks_mut(ROUND * ROUNDS) {
        for round in &mut words[..block.len().div_ceil(ROUND)] {
            for (bytes, word) in round.as_chunks_mut::<8>().0.iter_mut().zip(bits.advance()) {
                *bytes = word.to_le_bytes();
            }
        }
        let (rounds, rest) = block.as_chunks_mut::<ROUND>();
        let full = rounds.len();
        for (round, words) in rounds.iter_mut().zip(&words) {
            if states(table, words, round) {
                settle_ties(table, words, ties, round);
            }
        }
        if !rest.is_empty() {
            let mut round = [0; ROUND];
            if states(table, &words[full], &mut round) {
                settle_ties(table, &words[full], ties, &mut round[..rest.len()]);
            }
            rest.copy_from_slice(&round[..rest.len()]);
        }
    }
}

/// The 16 bits of token `i`.
#[inline(always)]
fn high(words: &Words, i: usize) -> u16 {
    u16::from_le_bytes([words[2 * i], words[2 * i + 1]])
}

/// State of each word that does not tie, and whether any does.
#[inline(always)]
fn states(table: &TokenTable, words: &Words, round: &mut [u8; ROUND]) -> bool {
    let mut tied = [0u16; ROUND];
    if table.by_high.is_empty() {
        let mut states = [0u16; ROUND];
        for &bound in &table.high {
            for i in 0..ROUND {
                states[i] += u16::from(high(words, i) > bound);
                tied[i] |= u16::from(high(words, i) == bound);
            }
        }
        for i in 0..ROUND {
            round[i] = states[i] as u8;
        }
    } else {
        for i in 0..ROUND {
            let state = table.by_high[usize::from(high(words, i))];
            tied[i] = u16::from(state == TIE);
            round[i] = state as u8;
        }
    }
    let mut any = 0;
    for tied in tied {
        any |= tied;
    }
    any != 0
}

/// Draws 48 more bits for every word that ties, in order of position.
#[cold]
#[inline(never)]
fn settle_ties(table: &TokenTable, words: &Words, ties: &mut Stream, round: &mut [u8]) {
    for (i, token) in round.iter_mut().enumerate() {
        let h = high(words, i);
        let tied = match table.by_high.get(usize::from(h)) {
            Some(&state) => state == TIE,
            None => table.high.contains(&h),
        };
        if tied {
            let word = u64::from(h) << 48 | ties.next_u64() >> 16;
            *token = table.exact.locate(word) as u8;
        }
    }
}

#[inline(always)]
pub(super) fn histogram(tokens: &[u8], weights: &[f32], h: &mut [f64]) {
    // Few states: one masked addition a state, which vectorises. Many: one indexed addition a token.
    // Adding a masked zero changes no lane, so the bits are the same.
    match h.len() {
        2 => masked_histogram::<2>(tokens, weights, h),
        3 => masked_histogram::<3>(tokens, weights, h),
        // For four states the compiler finds no vector code, for five it does.
        4 | 5 => masked_histogram::<5>(tokens, weights, h),
        6 => masked_histogram::<6>(tokens, weights, h),
        7..=16 => indexed_histogram::<16>(tokens, weights, h),
        17..=32 => indexed_histogram::<32>(tokens, weights, h),
        33..=64 => indexed_histogram::<64>(tokens, weights, h),
        _ => indexed_histogram::<256>(tokens, weights, h),
    }
}

#[inline(always)]
fn masked_histogram<const N: usize>(tokens: &[u8], weights: &[f32], h: &mut [f64]) {
    h.fill(0.0);
    for (tokens, weights) in tokens.chunks(BLOCK).zip(weights.chunks(BLOCK)) {
        let mut lanes = [[0.0f32; LANES]; N];
        let (token_blocks, token_rest) = tokens.as_chunks::<LANES>();
        let (weight_blocks, weight_rest) = weights.as_chunks::<LANES>();
        for (x, w) in token_blocks.iter().zip(weight_blocks) {
            for (j, lane) in lanes.iter_mut().enumerate() {
                for i in 0..LANES {
                    // A mask, not an `if`: tokens are random, so a branch would be mispredicted.
                    let mask = u32::from(x[i] == j as u8).wrapping_neg();
                    lane[i] += f32::from_bits(w[i].to_bits() & mask);
                }
            }
        }
        for (i, (&x, &w)) in token_rest.iter().zip(weight_rest).enumerate() {
            lanes[usize::from(x)][i] += w;
        }
        add_trees(&lanes, h);
    }
}

#[inline(always)]
fn indexed_histogram<const N: usize>(tokens: &[u8], weights: &[f32], h: &mut [f64]) {
    h.fill(0.0);
    for (tokens, weights) in tokens.chunks(BLOCK).zip(weights.chunks(BLOCK)) {
        let mut lanes = [[0.0f32; LANES]; N];
        let (token_blocks, token_rest) = tokens.as_chunks::<LANES>();
        let (weight_blocks, weight_rest) = weights.as_chunks::<LANES>();
        for (x, w) in token_blocks.iter().zip(weight_blocks) {
            for i in 0..LANES {
                lanes[usize::from(x[i]) % N][i] += w[i];
            }
        }
        for (i, (&x, &w)) in token_rest.iter().zip(weight_rest).enumerate() {
            lanes[usize::from(x) % N][i] += w;
        }
        add_trees(&lanes, h);
    }
}

/// Adds the sum of each state's lanes to its total.
#[inline(always)]
fn add_trees(lanes: &[[f32; LANES]], h: &mut [f64]) {
    for (total, lanes) in h.iter_mut().zip(lanes) {
        *total += f64::from(tree(lanes));
    }
}

/// The sum of 16 lanes as a binary tree: halves added until one is left.
#[inline(always)]
fn tree(lanes: &[f32; LANES]) -> f32 {
    let mut lanes = *lanes;
    let mut width = LANES / 2;
    while width > 0 {
        for i in 0..width {
            lanes[i] += lanes[i + width];
        }
        width /= 2;
    }
    lanes[0]
}

#[inline(always)]
pub(super) fn add_look_ups(tokens: &[u8], tables: &[f32], n: usize, sums: &mut [f32]) {
    // Few states: one selection a state, which vectorises. Many: one load a token.
    match n {
        2 => add_look_ups_of::<16, 2>(tokens, tables, sums),
        3 => add_look_ups_of::<16, 3>(tokens, tables, sums),
        4 | 5 => add_look_ups_of::<16, 5>(tokens, tables, sums),
        6 => add_look_ups_of::<16, 6>(tokens, tables, sums),
        7..=16 => add_look_ups_of::<16, 0>(tokens, tables, sums),
        17..=32 => add_look_ups_of::<32, 0>(tokens, tables, sums),
        33..=64 => add_look_ups_of::<64, 0>(tokens, tables, sums),
        _ => add_look_ups_of::<256, 0>(tokens, tables, sums),
    }
}

/// `SELECTED` states by selection, or by loads if 0.
#[inline(always)]
fn add_look_ups_of<const STRIDE: usize, const SELECTED: usize>(tokens: &[u8], tables: &[f32], sums: &mut [f32]) {
    let t = sums.len();
    let (tables, _) = tables.as_chunks::<STRIDE>();
    let mut start = 0;
    // A tile of positions stays in registers over all rows.
    while start + LANES <= t {
        let mut tile = [0.0f32; LANES];
        for (row, table) in tables.iter().enumerate() {
            let x = &tokens[row * t + start..][..LANES];
            if SELECTED == 0 {
                for i in 0..LANES {
                    tile[i] += table[usize::from(x[i]) % STRIDE];
                }
            } else {
                for i in 0..LANES {
                    let mut found = table[0].to_bits();
                    for (j, entry) in table[..SELECTED].iter().enumerate().skip(1) {
                        let mask = u32::from(x[i] == j as u8).wrapping_neg();
                        found = found & !mask | entry.to_bits() & mask;
                    }
                    tile[i] += f32::from_bits(found);
                }
            }
        }
        for (sum, tile) in sums[start..].iter_mut().zip(&tile) {
            *sum += tile;
        }
        start += LANES;
    }
    for (i, sum) in sums.iter_mut().enumerate().skip(start) {
        let mut tile = 0.0;
        for (row, table) in tables.iter().enumerate() {
            tile += table[usize::from(tokens[row * t + i]) % STRIDE];
        }
        *sum += tile;
    }
}

#[inline(always)]
pub(super) fn sum(x: &[f32]) -> f64 {
    let mut total = 0.0;
    for x in x.chunks(BLOCK) {
        let mut lanes = [0.0f32; LANES];
        let (blocks, rest) = x.as_chunks::<LANES>();
        for block in blocks.iter().map(<[f32; LANES]>::as_slice).chain([rest]) {
            for (lane, &v) in lanes.iter_mut().zip(block) {
                *lane += v;
            }
        }
        total += f64::from(tree(&lanes));
    }
    total
}

#[inline(always)]
pub(super) fn largest(x: &[f32]) -> f32 {
    let mut lanes = [f32::NEG_INFINITY; LANES];
    let (blocks, rest) = x.as_chunks::<LANES>();
    for block in blocks.iter().map(<[f32; LANES]>::as_slice).chain([rest]) {
        for (lane, &v) in lanes.iter_mut().zip(block) {
            *lane = if v > *lane { v } else { *lane };
        }
    }
    lanes.into_iter().fold(f32::NEG_INFINITY, f32::max)
}

#[inline(always)]
pub(super) fn kept(x: &[f32], floor: f32) -> (f64, f64, f64) {
    let mut totals = [0.0; 3];
    for x in x.chunks(BLOCK) {
        let mut lanes = [[0.0f32; LANES]; 3];
        let (blocks, rest) = x.as_chunks::<LANES>();
        for block in blocks.iter().map(<[f32; LANES]>::as_slice).chain([rest]) {
            for (i, &v) in block.iter().enumerate() {
                let mask = u32::from(v >= floor).wrapping_neg();
                let v = f32::from_bits(v.to_bits() & mask);
                lanes[0][i] += v;
                lanes[1][i] += v * v;
                lanes[2][i] += f32::from_bits(1.0f32.to_bits() & mask);
            }
        }
        add_trees(&lanes, &mut totals);
    }
    let [mass, square, count] = totals;
    (mass, square, count)
}
