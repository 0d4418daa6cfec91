//! The kernels in plain Rust, for any processor. They define what the other levels compute.
//!
//! The functions that `x86` uses are inlined into its functions, so that they can be compiled for
//! wider registers.
#![allow(clippy::needless_range_loop, reason = "a lane is a number, and several arrays have it")]

use super::bits::{Bits, GENERATORS};
use super::layout::{Block, ROUND};
use super::pieces::LANES;
use super::residuals::{PANEL, Residuals, Samples, width};
use super::sequences::{Line, Piece, Sequences};
use super::states::Cells;
use super::table::Table;
use super::weights::{Form, Weights16};

/// The exclusive or of rounds of random words: a lower limit of the cost of drawing.
#[inline(always)]
pub(super) fn random_words(bits: &mut Bits, rounds: usize) -> u64 {
    let mut total = [0; GENERATORS];
    for _ in 0..rounds {
        for (total, word) in total.iter_mut().zip(bits.advance()) {
            *total ^= word;
        }
    }
    total.iter().fold(0, |all, &word| all ^ word)
}

/// Fills `words` with the generators' words, a round at a time.
#[inline(always)]
pub(super) fn fill(bits: &mut Bits, words: &mut [[u64; GENERATORS]]) {
    words.iter_mut().for_each(|words| *words = bits.advance());
}

/// Draws sequences of a narrow layout. For each bound the weights of the tokens beyond it are added
/// up.
#[inline(always)]
pub(super) fn draw_narrow(job: &mut Sequences<'_>) {
    let states = job.states;
    let Cells::Ordered(bounds) = &states.cells else { return };
    match bounds.len() {
        1 => draw_narrow_of::<1, 4>(job, bounds),
        2 => draw_narrow_of::<2, 4>(job, bounds),
        3 => draw_narrow_of::<3, 4>(job, bounds),
        4..=7 => draw_narrow_of::<7, 8>(job, bounds),
        _ => draw_narrow_of::<15, 16>(job, bounds),
    }
}

/// The version for `J` bounds and histograms of `W` entries.
#[inline(always)]
fn draw_narrow_of<const J: usize, const W: usize>(job: &mut Sequences<'_>, bounds: &[Block]) {
    const { assert!(W == width(J + 1)) };
    assert_eq!(job.width, W);
    let layout = job.layout;
    let (mut source, lines) = job.split();
    let mut words = [[0; ROUND]; 4];
    for Line { histograms, mut destination } in lines {
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
                            pass(words, to_signed(bound.0[0]), weights, &mut tokens, sums);
                        }
                        for w in 0..ROUND {
                            block[w] |= tokens[w] << (4 * r as u32 + shift);
                            lowest = lowest.min(to_signed(words[w]));
                        }
                    }
                    span.block.0 = block;
                    if lowest < to_signed(source.states.escapes) {
                        let rounds = span.weights.len();
                        source.draw_escapes(&mut span, &words[..rounds], shift, &mut passed);
                    }
                }
                for (passed, sums) in passed.iter_mut().zip(&sums) {
                    *passed += sums.iter().sum::<i32>();
                }
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

/// Counts the words beyond `bound` into `tokens` and adds their weights to `sums`. It is a function
/// of its own because the compiler makes vector code of it alone, but not within its callers.
#[inline(never)]
fn pass(
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
            sums[16 * half + i] += weights.0[i] & i32::from(mask);
        }
    }
}

/// `sums[p]` becomes the sum over lines of `table[line][bits of position p]`. If `add`, it is added
/// to what `sums` holds.
#[inline(always)]
pub(super) fn look_up_narrow(lines: &[Block], per_line: usize, tables: &[Table], add: bool, sums: &mut [f32]) {
    for (b, sums) in sums.chunks_mut(4 * ROUND).enumerate() {
        let mut tile = [[0.0f32; ROUND]; 4];
        for (block, table) in lines[b..].iter().step_by(per_line).zip(tables) {
            for (r, tile) in tile.iter_mut().enumerate() {
                for (tile, word) in tile.iter_mut().zip(&block.0) {
                    *tile += table.0[usize::from(word >> (4 * r) & 15)];
                }
            }
        }
        store(&tile, add, sums);
    }
}

/// Writes or adds `R` rounds. `sums` may end before them.
#[inline(always)]
pub(super) fn store<const R: usize>(tile: &[[f32; ROUND]; R], add: bool, sums: &mut [f32]) {
    // A fixed length gives vector code.
    if let Some(sums) = sums.as_chunks_mut::<ROUND>().0.first_chunk_mut::<R>() {
        for (sums, tile) in sums.as_flattened_mut().iter_mut().zip(tile.as_flattened()) {
            *sums = if add { *sums + tile } else { *tile };
        }
    } else {
        for (sum, tile) in sums.iter_mut().zip(tile.as_flattened()) {
            *sum = if add { *sum + tile } else { *tile };
        }
    }
}

/// Draws sequences of a wide layout.
#[inline(always)]
pub(super) fn draw_wide(job: &mut Sequences<'_>) {
    let states = job.states;
    let Cells::Columns(columns) = &states.cells else { return };
    let (mut source, lines) = job.split();
    let (mut words, mut sums) = ([[0; ROUND]; 2], WideSums::ZERO);
    for Line { histograms: h, mut destination } in lines {
        h.fill(0.0);
        for mut piece in destination.pieces::<2>() {
            for mut span in piece.spans() {
                let rounds = span.weights.len();
                let mut lowest = u16::MAX;
                for words in &mut words[..rounds] {
                    *words = source.bits.round();
                    for &word in &*words {
                        lowest = lowest.min(word);
                    }
                }
                let block = &mut span.block.0;
                for w in 0..ROUND {
                    block[w] = u16::from(columns.of(words[0][w])) | u16::from(columns.of(words[1][w])) << 8;
                }
                if lowest < states.escapes {
                    source.draw_escapes_wide(&mut span, &words[..rounds]);
                }
            }
            sums.add(&piece, h);
        }
    }
}

/// The weights of the tokens of each state, in four sums per state, so that an addition need not
/// wait for the one before it. All are 0 between uses.
#[repr(C, align(64))]
pub(super) struct WideSums([[i32; 256]; 4]);

impl WideSums {
    pub(super) const ZERO: Self = Self([[0; 256]; 4]);

    /// Adds the tokens of `piece` to a histogram of whole tiles.
    #[inline(always)]
    pub(super) fn add(&mut self, piece: &Piece<'_, 2>, h: &mut [f64]) {
        let [s0, s1, s2, s3] = &mut self.0;
        for (block, weights) in piece.blocks.iter().zip(piece.weights.chunks(2)) {
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
        let sums = self.0.each_mut().map(|sums| sums.as_chunks_mut::<TILE>().0);
        for (tile, h) in h.as_chunks_mut::<TILE>().0.iter_mut().enumerate() {
            for i in 0..TILE {
                let sum: i32 = sums.iter().map(|sums| sums[tile][i]).sum();
                h[i] += f64::from(sum) * piece.scale.unit;
            }
            for s in 0..4 {
                sums[s][tile] = [0; TILE];
            }
        }
    }
}

/// As [`look_up_narrow`] for a wide layout; a line's table takes `stride` of `tables`.
#[inline(always)]
pub(super) fn look_up_wide(
    lines: &[Block],
    per_line: usize,
    tables: &[Table],
    stride: usize,
    add: bool,
    sums: &mut [f32],
) {
    for (b, sums) in sums.chunks_mut(2 * ROUND).enumerate() {
        let mut tile = [[0.0f32; ROUND]; 2];
        for (block, table) in lines[b..].iter().step_by(per_line).zip(tables.chunks_exact(stride)) {
            for (w, &word) in block.0.iter().enumerate() {
                tile[0][w] += entry(table, word as u8);
                tile[1][w] += entry(table, (word >> 8) as u8);
            }
        }
        store(&tile, add, sums);
    }
}

#[inline(always)]
fn entry(table: &[Table], token: u8) -> f32 {
    table[usize::from(token / 16)].0[usize::from(token % 16)]
}

/// Takes in samples: computes the residual of each, its part of dV, and the look-up tables of all
/// lines.
#[inline(always)]
pub(super) fn residuals(job: &mut Residuals, samples: &Samples<'_>, tables: &mut [Table]) {
    match job.width {
        4 => residuals_of::<4>(job, samples, tables),
        8 => residuals_of::<8>(job, samples, tables),
        16 => residuals_of::<16>(job, samples, tables),
        _ => wide_residuals(job, samples, tables),
    }
}

/// The version for vectors of `W` entries.
#[inline(always)]
fn residuals_of<const W: usize>(job: &mut Residuals, samples: &Samples<'_>, tables: &mut [Table]) {
    let (rows, columns) = (job.rows.as_chunks::<W>().0, job.columns.as_chunks::<W>().0);
    let (Some(rows), Some(columns)) = (rows.first_chunk::<W>(), columns.first_chunk::<W>()) else { return };
    let Some(gradient) = job.gradient.as_chunks_mut::<W>().0.first_chunk_mut::<W>() else { return };
    let histograms = samples.histograms.as_chunks::<W>().0;
    let mut v = Square { rows, columns, gradient: *gradient, weight: job.weight };
    let sequences = samples.sequences;
    for (line, (&filled, table)) in samples.filled.iter().zip(tables).enumerate() {
        let places = line * sequences..line * sequences + filled;
        let (h, outputs) = (&histograms[places.clone()], &samples.outputs[places]);
        // An index has one bit for each of four sequences, two for each of two, or four for one.
        match sequences {
            4 => {
                let [a, b, c, d] =
                    [v.take(h, outputs, 0), v.take(h, outputs, 1), v.take(h, outputs, 2), v.take(h, outputs, 3)];
                for (i, entry) in table.0.iter_mut().enumerate() {
                    *entry = (a[i & 1] + b[i >> 1 & 1]) + (c[i >> 2 & 1] + d[i >> 3]);
                }
            }
            2 => {
                let [a, b] = [v.take(h, outputs, 0), v.take(h, outputs, 1)];
                for (i, entry) in table.0.iter_mut().enumerate() {
                    *entry = a[i & 3] + b[i >> 2];
                }
            }
            _ => {
                let a = v.take(h, outputs, 0);
                table.0 = [0.0; 16];
                table.0[..W].copy_from_slice(&a);
            }
        }
    }
    *gradient = v.gradient;
}

/// V by rows and by columns, and dV so far.
struct Square<'a, const W: usize> {
    rows: &'a [[f64; W]; W],
    columns: &'a [[f64; W]; W],
    gradient: [[f64; W]; W],
    weight: f64,
}

impl<const W: usize> Square<'_, W> {
    /// Adds the part of sample `i` to dV and returns its look-up table, which is 0 if there is no
    /// such sample.
    #[inline(always)]
    fn take(&mut self, h: &[[f64; W]], outputs: &[usize], i: usize) -> [f32; W] {
        let (Some(h), Some(&output)) = (h.get(i), outputs.get(i)) else { return [0.0; W] };
        let mut r = [0.0; W];
        for j in 0..W {
            for i in 0..W {
                r[i] += self.columns[j][i] * h[j];
            }
        }
        // Not `r[output] -= 1`: writing to a part of a vector would move it from its register to
        // memory.
        for (r, e) in r.iter_mut().zip(unit::<W>(output)) {
            *r = (*r - e) * self.weight;
        }
        let mut sums = [0.0; W];
        for i in 0..W {
            for j in 0..W {
                self.gradient[i][j] += r[i] * h[j];
                sums[j] += self.rows[i][j] * r[i];
            }
        }
        sums.map(|sum| sum as f32)
    }
}

/// The unit vector of `state < 16`, without a branch that the processor would have to predict.
#[inline(always)]
pub(super) fn unit<const W: usize>(state: usize) -> &'static [f64; W] {
    static ONE: [f64; 31] = {
        let mut one = [0.0; 31];
        one[15] = 1.0;
        one
    };
    const { assert!(W <= 16) };
    ONE[15 - state % 16..].first_chunk().unwrap_or(&[0.0; W])
}

/// Number of entries of a vector that stay in registers.
const TILE: usize = 16;

/// The version for vectors of any whole number of tiles, with one sequence per line.
#[inline(always)]
fn wide_residuals(job: &mut Residuals, samples: &Samples<'_>, tables: &mut [Table]) {
    let count = samples.filled.len();
    let per_line = tables.len() / count.max(1);
    let mut done = 0;
    while done < count {
        let panel = (count - done).min(PANEL);
        let h = &samples.histograms[done * job.width..];
        let (outputs, tables) = (&samples.outputs[done..], &mut tables[done * per_line..(done + panel) * per_line]);
        match panel {
            1 => residuals_of_panel::<1>(job, h, outputs, tables),
            2 => residuals_of_panel::<2>(job, h, outputs, tables),
            3 => residuals_of_panel::<3>(job, h, outputs, tables),
            _ => residuals_of_panel::<PANEL>(job, h, outputs, tables),
        }
        done += panel;
    }
}

/// Takes in the first `S` samples of `h`, `outputs` and `tables`.
#[inline(always)]
fn residuals_of_panel<const S: usize>(job: &mut Residuals, h: &[f64], outputs: &[usize], tables: &mut [Table]) {
    let per_line = tables.len() / S;
    let Residuals { width, weight, rows, columns, gradient, residuals, sums } = job;
    let width = *width;
    // r = (V h - e) / B, column by column.
    multiply::<S>(columns, width, h, residuals);
    for (r, &output) in residuals.chunks_exact_mut(width).zip(outputs).take(S) {
        r[output] -= 1.0;
        r.iter_mut().for_each(|r| *r *= *weight);
    }
    // V' r, row by row.
    multiply::<S>(rows, width, residuals, sums);
    for tile in 0..width / TILE {
        let h: [[f64; TILE]; S] = std::array::from_fn(|s| h[s * width..].as_chunks().0[tile]);
        for (i, gradient) in gradient.chunks_exact_mut(width).enumerate() {
            let gradient = &mut gradient.as_chunks_mut::<TILE>().0[tile];
            let mut g = *gradient;
            for s in 0..S {
                let r = residuals[s * width + i];
                for x in 0..TILE {
                    g[x] += r * h[s][x];
                }
            }
            *gradient = g;
        }
    }
    for (table, sums) in tables.chunks_exact_mut(per_line).zip(sums.chunks_exact(width)) {
        for (entry, &sum) in table.iter_mut().flat_map(|table| &mut table.0).zip(sums) {
            *entry = sum as f32;
        }
    }
}

/// `y = M' x` for `S` vectors `x` and `y`, one after the other. M is given by rows of `width`
/// entries, which are added in order.
#[inline(always)]
fn multiply<const S: usize>(matrix: &[f64], width: usize, x: &[f64], y: &mut [f64]) {
    let x: [&[f64]; S] = std::array::from_fn(|s| &x[s * width..(s + 1) * width]);
    for tile in 0..width / TILE {
        let mut sums = [[0.0; TILE]; S];
        for (k, row) in matrix.chunks_exact(width).enumerate() {
            let row = &row.as_chunks::<TILE>().0[tile];
            for s in 0..S {
                let x = x[s][k];
                for i in 0..TILE {
                    sums[s][i] += row[i] * x;
                }
            }
        }
        for (y, sums) in y.chunks_exact_mut(width).zip(&sums) {
            y.as_chunks_mut::<TILE>().0[tile] = *sums;
        }
    }
}

/// Rounds `a * per_unit`, which stays below 2^30, to the nearest integers, and adds them up. The
/// form is always whole.
#[inline(always)]
pub(super) fn round_weights(_: Form, a: &[f32], per_unit: f32, lanes: &mut [Weights16]) -> i32 {
    let mut totals = [0i32; 16];
    for_each_run(a, |run, a: &[f32; 16]| {
        for i in 0..16 {
            // Adding 1.5 * 2^52 leaves the nearest integer, ties to even, in the low bits.
            let whole = (f64::from(a[i] * per_unit) + 6_755_399_441_055_744.0).to_bits() as i32;
            lanes[run].0[i] = whole;
            totals[i] += whole;
        }
    });
    totals.iter().sum()
}

/// The lanes of a sum, by registers of 16.
type Lanes64 = [[f32; 16]; LANES / 16];

/// The sum of all lanes as a binary tree: the second half is added to the first until one number is
/// left.
#[inline(always)]
fn tree(lanes: &Lanes64) -> f32 {
    let [a, b, c, d] = lanes;
    let mut lanes = [0.0; 16];
    for i in 0..16 {
        lanes[i] = (a[i] + c[i]) + (b[i] + d[i]);
    }
    let mut width = 8;
    while width > 0 {
        for i in 0..width {
            lanes[i] += lanes[i + width];
        }
        width /= 2;
    }
    lanes[0]
}

/// The sum of a piece, or of its magnitudes.
#[inline(always)]
pub(super) fn sum<const MAGNITUDES: bool>(x: &[f32]) -> f32 {
    let mut lanes = [[0.0; 16]; LANES / 16];
    for_each_run(x, |_, x| add_lanes::<MAGNITUDES>(&mut lanes, x));
    tree(&lanes)
}

/// Calls `f` with every run of `L` entries and its number; the last run is filled up with zeros. A
/// lane of a sum is never -0, so zeros do not change it.
#[inline(always)]
pub(super) fn for_each_run<const L: usize>(x: &[f32], mut f: impl FnMut(usize, &[f32; L])) {
    let (runs, rest) = x.as_chunks();
    for (i, run) in runs.iter().enumerate() {
        f(i, run);
    }
    if !rest.is_empty() {
        let mut last = [0.0; L];
        last[..rest.len()].copy_from_slice(rest);
        f(runs.len(), &last);
    }
}

#[inline(always)]
fn add_lanes<const MAGNITUDES: bool>(lanes: &mut Lanes64, x: &[f32; LANES]) {
    for k in 0..LANES / 16 {
        for i in 0..16 {
            let x = x[16 * k + i];
            lanes[k][i] += if MAGNITUDES { x.abs() } else { x };
        }
    }
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
    // Not `f32::max`, whose result for 0 and -0 is not fixed.
    lanes.into_iter().fold(f32::NEG_INFINITY, |largest, v| if v > largest { v } else { largest })
}

/// Sum, sum of squares and number of the entries of a piece that are at least `floor`.
#[inline(always)]
pub(super) fn kept(x: &[f32], floor: f32) -> [f32; 3] {
    let mut lanes: [Lanes64; 3] = [[[0.0; 16]; LANES / 16]; 3];
    let (blocks, rest) = x.as_chunks::<LANES>();
    for block in blocks.iter().map(<[f32; LANES]>::as_slice).chain([rest]) {
        for (i, &v) in block.iter().enumerate() {
            let mask = u32::from(v >= floor).wrapping_neg();
            let v = f32::from_bits(v.to_bits() & mask);
            lanes[0][i / 16][i % 16] += v;
            lanes[1][i / 16][i % 16] += v * v;
            lanes[2][i / 16][i % 16] += f32::from_bits(1.0f32.to_bits() & mask);
        }
    }
    let [mass, square, count] = &lanes;
    [tree(mass), tree(square), tree(count)]
}

/// `a <- a - eta (g - mean)`, then towards 0 by `threshold` if that is positive.
#[inline(always)]
pub(super) fn descend(a: &mut [f32], g: &[f32], eta: f32, mean: f32, threshold: f32) {
    let move_one = |a: &mut f32, g: f32| *a -= eta * (g - mean);
    let move_and_shrink_one = |a: &mut f32, g: f32| {
        let moved = *a - eta * (g - mean);
        let shrunk = moved.abs() - threshold;
        // Not `max`, which would turn NaN into 0 and hide that the run has diverged.
        *a = (if shrunk < 0.0 { 0.0 } else { shrunk }).copysign(moved);
    };
    if threshold > 0.0 { for_each_pair(a, g, move_and_shrink_one) } else { for_each_pair(a, g, move_one) }
}

/// Adds `x` to every entry.
#[inline(always)]
pub(super) fn add_to_all(a: &mut [f32], x: f32) {
    a.iter_mut().for_each(|a| *a += x);
}

/// Calls `f` with every pair, first in runs of a fixed length: vector code for these need not ask
/// how many are left.
#[inline(always)]
fn for_each_pair(a: &mut [f32], g: &[f32], f: impl Fn(&mut f32, f32)) {
    debug_assert_eq!(a.len(), g.len());
    let (a, a_rest) = a.as_chunks_mut::<LANES>();
    let (g, g_rest) = g.as_chunks::<LANES>();
    for (a, g) in a.iter_mut().zip(g) {
        for i in 0..LANES {
            f(&mut a[i], g[i]);
        }
    }
    a_rest.iter_mut().zip(g_rest).for_each(|(a, &g)| f(a, g));
}
