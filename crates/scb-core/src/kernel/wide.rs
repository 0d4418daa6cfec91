//! Residuals, look-up tables and dV of more than 16 states: products of whole matrices.
//!
//! For N states and B samples these are 3 N^2 B multiplications, most of the work of a step for
//! large N. So some dozens of samples are taken in together, and single precision is used: V is
//! rounded to it, and the sum over a block of samples, whose noise is far larger. V itself, and the
//! sum of blocks, are in double precision.

use super::level::Level;
use super::samples::Samples;
use super::table::Table;

/// Vectors are padded with zeros to a multiple of this.
pub(super) const WIDE_TILE: usize = 32;

/// Vectors that are multiplied by a matrix together.
pub(super) const GROUP: usize = 8;

/// Samples that are taken in together. Decides results.
const BLOCK: usize = 64;

/// The value matrix of a batch, and its gradient so far. A matrix is *tiled* if its columns lie in
/// memory in groups of [`WIDE_TILE`], one group after the other, row by row: then a group stays in
/// the first-level cache while all vectors are multiplied by it.
#[derive(Debug, Clone)]
pub(super) struct Wide {
    n: usize,
    width: usize,
    /// V, `width` rows and columns, tiled.
    value: Vec<f32>,
    /// V transposed, tiled.
    transposed: Vec<f32>,
    /// The part of dV of the last block, `width` rows of `width`, and whether there is one.
    last: Vec<f32>,
    has_last: bool,
    /// dV of the blocks before the last, N x N, and whether there are some.
    before: Vec<f64>,
    has_before: bool,
    /// Some rows of V.
    rows: Vec<f32>,
    /// Histograms of a block, one a row, and the same tiled.
    histograms: Vec<f32>,
    tiled_histograms: Vec<f32>,
    /// Residuals of a block, one a row.
    residuals: Vec<f32>,
    /// `V' r` of a block, one a row.
    sums: Vec<f32>,
    /// Vectors, side by side in groups: entry by entry.
    side_by_side: Vec<[f32; GROUP]>,
}

impl Wide {
    /// For `n` states, in rows of `width` entries.
    pub(super) fn new(n: usize, width: usize) -> Self {
        let zeros = |rows: usize| vec![0.0; rows * width];
        Self {
            n,
            width,
            value: zeros(width),
            transposed: zeros(width),
            last: zeros(width),
            has_last: false,
            before: vec![0.0; n * n],
            has_before: false,
            rows: zeros(GROUP),
            histograms: zeros(BLOCK),
            tiled_histograms: zeros(BLOCK),
            residuals: zeros(BLOCK),
            sums: zeros(BLOCK),
            side_by_side: vec![[0.0; GROUP]; BLOCK / GROUP * width],
        }
    }

    /// Begins a batch at the value matrix `value`, N x N.
    pub(super) fn begin(&mut self, level: Level, value: &[f64]) {
        let (n, width) = (self.n, self.width);
        for (group, some) in value.chunks(GROUP * n).enumerate() {
            let first = GROUP * group;
            for (row, from) in self.rows.chunks_exact_mut(width).zip(some.chunks_exact(n)) {
                level.to_single(from, &mut row[..n]);
            }
            // Rows beyond the last one are 0.
            self.rows[some.len() / n * width..].fill(0.0);
            tile(&self.rows, width, &mut self.value[first * WIDE_TILE..], width);
            let place = first / WIDE_TILE * WIDE_TILE * width + first % WIDE_TILE;
            level.transpose(&self.rows, WIDE_TILE, &mut self.transposed[place..]);
        }
        (self.has_last, self.has_before) = (false, false);
    }

    /// Adds samples to dV and makes their look-up tables.
    pub(super) fn take(&mut self, level: Level, weight: f64, samples: &Samples<'_>, tables: &mut [Table]) {
        let (width, weight) = (self.width, weight as f32);
        let per_sample = tables.len() / samples.outputs.len().max(1);
        let blocks = samples.histograms.chunks(BLOCK * width).zip(samples.outputs.chunks(BLOCK));
        for ((histograms, outputs), tables) in blocks.zip(tables.chunks_mut(BLOCK * per_sample)) {
            self.close_block(level);
            let count = outputs.len();
            // Whole groups: what stands in the rest of the last one is not used.
            let all = ..count.next_multiple_of(GROUP) * width;
            level.to_single(histograms, &mut self.histograms[..count * width]);
            let x = &mut self.side_by_side[..all.end / GROUP];
            put_side_by_side(level, &self.histograms[all], width, x);
            level.products(&self.transposed, width, x, &mut self.residuals[all]);
            for (r, &output) in self.residuals.chunks_exact_mut(width).zip(outputs) {
                r[output] -= 1.0;
            }
            level.multiply_all(&mut self.residuals[..count * width], weight);
            put_side_by_side(level, &self.residuals[all], width, x);
            level.products(&self.value, width, x, &mut self.sums[all]);
            for (table, sums) in tables.chunks_mut(per_sample).zip(self.sums.chunks_exact(width)) {
                for (table, sums) in table.iter_mut().zip(sums.as_chunks().0) {
                    table.0 = *sums;
                }
            }
            // A group of rows of dV: a group of columns of the residuals, times the histograms.
            tile(&self.histograms[..count * width], width, &mut self.tiled_histograms, count);
            for (group, x) in self.side_by_side.chunks_exact_mut(count).take(width / GROUP).enumerate() {
                for (x, r) in x.iter_mut().zip(self.residuals.chunks_exact(width)) {
                    *x = r.as_chunks().0[group];
                }
            }
            let x = &self.side_by_side[..width / GROUP * count];
            level.products(&self.tiled_histograms[..count * width], width, x, &mut self.last);
            self.has_last = true;
        }
    }

    /// Adds the last block to those before.
    fn close_block(&mut self, level: Level) {
        if std::mem::take(&mut self.has_last) {
            let rows = self.before.chunks_exact_mut(self.n).zip(self.last.chunks_exact(self.width));
            rows.for_each(|(before, last)| level.to_double(&last[..self.n], self.has_before, before));
            self.has_before = true;
        }
    }

    /// Writes dV, N x N.
    pub(super) fn finish(&self, level: Level, gradient: &mut [f64]) {
        if self.has_before {
            gradient.copy_from_slice(&self.before);
        } else if !self.has_last {
            gradient.fill(0.0);
        }
        if self.has_last {
            let rows = gradient.chunks_exact_mut(self.n).zip(self.last.chunks_exact(self.width));
            rows.for_each(|(gradient, last)| level.to_double(&last[..self.n], self.has_before, gradient));
        }
    }
}

/// Puts rows of `width` entries into a tiled matrix of so many rows, of which `into` begins with the
/// row where the first one belongs.
fn tile(rows: &[f32], width: usize, into: &mut [f32], of: usize) {
    for (row, from) in rows.chunks_exact(width).enumerate() {
        for (tile, from) in from.as_chunks::<WIDE_TILE>().0.iter().enumerate() {
            into[(tile * of + row) * WIDE_TILE..][..WIDE_TILE].copy_from_slice(from);
        }
    }
}

/// Transposes rows of `width` entries, group by group.
fn put_side_by_side(level: Level, rows: &[f32], width: usize, into: &mut [[f32; GROUP]]) {
    for (rows, into) in rows.chunks_exact(GROUP * width).zip(into.chunks_exact_mut(width)) {
        level.transpose(rows, GROUP, into.as_flattened_mut());
    }
}
