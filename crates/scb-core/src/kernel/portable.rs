//! The definition of every kernel, written so that a compiler can vectorise it.

use rand::Rng;

use super::{LANES, TIE, TokenTable};
use crate::random::Stream;

/// Tokens drawn at a time; their 16-bit words stay in registers or the first-level cache.
const BLOCK: usize = 64;

pub(super) fn draw_tokens(table: &TokenTable, bits: &mut Stream, ties: &mut Stream, tokens: &mut [u8]) {
    for block in tokens.chunks_mut(BLOCK) {
        let mut high = [0u16; BLOCK];
        let used = block.len().next_multiple_of(4);
        for four in high[..used].chunks_exact_mut(4) {
            let word = bits.next_u64();
            for (i, h) in four.iter_mut().enumerate() {
                *h = (word >> (16 * i)) as u16;
            }
        }
        let (drawn, tied) =
            if table.by_high.is_empty() { compare_block(&table.high, &high) } else { look_up_block(table, &high) };
        block.copy_from_slice(&drawn[..block.len()]);
        if tied {
            settle_ties(table, &high, ties, block);
        }
    }
}

/// State of each word by comparison with every bound, and whether any word ties.
fn compare_block(bounds: &[u16], high: &[u16; BLOCK]) -> ([u8; BLOCK], bool) {
    let mut states = [0u16; BLOCK];
    let mut tied = [0u16; BLOCK];
    for &bound in bounds {
        for i in 0..BLOCK {
            states[i] += u16::from(high[i] > bound);
            tied[i] |= u16::from(high[i] == bound);
        }
    }
    let any = tied.iter().fold(0, |all, &t| all | t) != 0;
    (states.map(|s| s as u8), any)
}

/// State of each word by table, and whether any word ties.
fn look_up_block(table: &TokenTable, high: &[u16; BLOCK]) -> ([u8; BLOCK], bool) {
    let mut any = false;
    let states = high.map(|h| {
        let state = table.by_high[usize::from(h)];
        any |= state == TIE;
        state as u8
    });
    (states, any)
}

/// Draws 48 more bits for every word that ties, in order of position.
#[cold]
fn settle_ties(table: &TokenTable, high: &[u16; BLOCK], ties: &mut Stream, block: &mut [u8]) {
    for (token, &h) in block.iter_mut().zip(high) {
        if table.high.contains(&h) {
            let word = u64::from(h) << 48 | ties.next_u64() >> 16;
            *token = table.exact.locate(word) as u8;
        }
    }
}

pub(super) fn histogram(tokens: &[u8], weights: &[f32], h: &mut [f32]) {
    // Few states: one masked addition a state, which vectorises. Many: one indexed addition a token.
    // Adding a masked zero changes no lane, so the bits are the same.
    match h.len() {
        2 => masked_histogram::<2>(tokens, weights, h),
        3 => masked_histogram::<3>(tokens, weights, h),
        4 => masked_histogram::<4>(tokens, weights, h),
        5 => masked_histogram::<5>(tokens, weights, h),
        6 => masked_histogram::<6>(tokens, weights, h),
        7 => masked_histogram::<7>(tokens, weights, h),
        8 => masked_histogram::<8>(tokens, weights, h),
        9..=16 => indexed_histogram::<16>(tokens, weights, h),
        _ => indexed_histogram::<256>(tokens, weights, h),
    }
}

fn masked_histogram<const N: usize>(tokens: &[u8], weights: &[f32], h: &mut [f32]) {
    let mut lanes = [[0.0f32; LANES]; N];
    let (token_blocks, token_rest) = tokens.as_chunks::<LANES>();
    let (weight_blocks, weight_rest) = weights.as_chunks::<LANES>();
    for (x, w) in token_blocks.iter().zip(weight_blocks) {
        for (j, lane) in lanes.iter_mut().enumerate() {
            for i in 0..LANES {
                lane[i] += if x[i] == j as u8 { w[i] } else { 0.0 };
            }
        }
    }
    for (i, (&x, &w)) in token_rest.iter().zip(weight_rest).enumerate() {
        lanes[usize::from(x)][i] += w;
    }
    for (sum, lane) in h.iter_mut().zip(lanes) {
        *sum = tree(lane);
    }
}

fn indexed_histogram<const N: usize>(tokens: &[u8], weights: &[f32], h: &mut [f32]) {
    let mut lanes = [[0.0f32; LANES]; N];
    for (x, w) in tokens.chunks(LANES).zip(weights.chunks(LANES)) {
        for (i, (&x, &w)) in x.iter().zip(w).enumerate() {
            lanes[usize::from(x) & (N - 1)][i] += w;
        }
    }
    for (sum, &lane) in h.iter_mut().zip(&lanes) {
        *sum = tree(lane);
    }
}

/// The sum of 16 lanes as a binary tree: halves added until one is left.
fn tree(mut lanes: [f32; LANES]) -> f32 {
    let mut width = LANES / 2;
    while width > 0 {
        for i in 0..width {
            lanes[i] += lanes[i + width];
        }
        width /= 2;
    }
    lanes[0]
}

pub(super) fn add_look_ups(tokens: &[u8], tables: &[f32], stride: usize, sums: &mut [f32]) {
    match stride {
        16 => add_look_ups_of::<16>(tokens, tables, sums),
        _ => add_look_ups_of::<256>(tokens, tables, sums),
    }
}

fn add_look_ups_of<const STRIDE: usize>(tokens: &[u8], tables: &[f32], sums: &mut [f32]) {
    let t = sums.len();
    let (tables, _) = tables.as_chunks::<STRIDE>();
    for start in (0..t).step_by(LANES) {
        let width = LANES.min(t - start);
        // The tile of positions stays in registers over all rows.
        let mut tile = [0.0f32; LANES];
        if width == LANES {
            for (row, table) in tables.iter().enumerate() {
                let (x, _) = tokens[row * t + start..].as_chunks::<LANES>();
                for (sum, &x) in tile.iter_mut().zip(&x[0]) {
                    *sum += table[usize::from(x) & (STRIDE - 1)];
                }
            }
        } else {
            for (row, table) in tables.iter().enumerate() {
                for (sum, &x) in tile.iter_mut().zip(&tokens[row * t + start..][..width]) {
                    *sum += table[usize::from(x) & (STRIDE - 1)];
                }
            }
        }
        for (sum, tile) in sums[start..].iter_mut().zip(&tile[..width]) {
            *sum += tile;
        }
    }
}

/// Sum of all entries: lane `t mod 16` for entry `t`, then a binary tree.
#[must_use]
pub fn sum(x: &[f32]) -> f32 {
    let mut lanes = [0.0f32; LANES];
    let (blocks, rest) = x.as_chunks::<LANES>();
    for block in blocks {
        for (lane, &v) in lanes.iter_mut().zip(block) {
            *lane += v;
        }
    }
    for (lane, &v) in lanes.iter_mut().zip(rest) {
        *lane += v;
    }
    tree(lanes)
}

/// The largest entry; minus infinity if there is none. Not-a-number entries are passed over.
#[must_use]
pub fn largest(x: &[f32]) -> f32 {
    let mut lanes = [f32::NEG_INFINITY; LANES];
    for block in x.chunks(LANES) {
        for (lane, &v) in lanes.iter_mut().zip(block) {
            if v > *lane {
                *lane = v;
            }
        }
    }
    lanes.into_iter().fold(f32::NEG_INFINITY, f32::max)
}

/// Sum, sum of squares and number of the entries that are at least `floor`, in 16 lanes each.
#[must_use]
pub fn kept(x: &[f32], floor: f32) -> (f32, f32, f32) {
    let mut lanes = [[0.0f32; LANES]; 3];
    for block in x.chunks(LANES) {
        for (i, &v) in block.iter().enumerate() {
            let kept = v >= floor;
            lanes[0][i] += if kept { v } else { 0.0 };
            lanes[1][i] += if kept { v * v } else { 0.0 };
            lanes[2][i] += if kept { 1.0 } else { 0.0 };
        }
    }
    (tree(lanes[0]), tree(lanes[1]), tree(lanes[2]))
}
