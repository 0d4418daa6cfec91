//! Residuals, look-up tables and dV of more than 16 states: products of whole matrices.
//!
//! For N states and B samples these are 3 N^2 B multiplications, most of the work of a step for
//! large N. So some dozens of samples are taken in together, and single precision is used: V is
//! rounded to it, and the sum over a block of samples, whose noise is far larger. V itself, and the
//! sum of blocks, are in double precision.

use super::level::Level;
use super::residuals::Samples;
use super::table::Table;

/// Vectors are padded with zeros to a multiple of this.
pub(super) const WIDE_TILE: usize = 32;

/// Vectors that are multiplied by a matrix together.
pub(super) const GROUP: usize = 8;

/// Samples that are taken in together. Decides results.
const BLOCK: usize = 64;

/// The value matrix of a batch, and its gradient so far; matrices of `width` columns.
#[derive(Debug, Clone)]
pub(super) struct Wide {
    n: usize,
    width: usize,
    /// V, `width` rows.
    rows: Vec<f32>,
    /// V transposed, `width` rows.
    columns: Vec<f32>,
    /// The part of dV of the last block, `width` rows, and whether there is one.
    last: Vec<f32>,
    has_last: bool,
    /// dV of the blocks before the last, N x N, and whether there are some.
    before: Vec<f64>,
    has_before: bool,
    /// Histograms of a block, one a row.
    histograms: Vec<f32>,
    /// Residuals of a block, one a row.
    residuals: Vec<f32>,
    /// `V' r` of a group.
    sums: Vec<f32>,
    /// Vectors of a group, side by side: entry by entry.
    side_by_side: Vec<[f32; GROUP]>,
}

impl Wide {
    /// For `n` states, in rows of `width` entries.
    pub(super) fn new(n: usize, width: usize) -> Self {
        let zeros = |rows: usize| vec![0.0; rows * width];
        Self {
            n,
            width,
            rows: zeros(width),
            columns: zeros(width),
            last: zeros(width),
            has_last: false,
            before: vec![0.0; n * n],
            has_before: false,
            histograms: zeros(BLOCK),
            residuals: zeros(BLOCK),
            sums: zeros(GROUP),
            side_by_side: vec![[0.0; GROUP]; width.max(BLOCK)],
        }
    }

    /// Begins a batch at the value matrix `value`, N x N.
    pub(super) fn begin(&mut self, level: Level, value: &[f64]) {
        let Self { n, width, rows, columns, .. } = self;
        for (row, value) in rows.chunks_exact_mut(*width).zip(value.chunks_exact(*n)) {
            level.to_single(value, &mut row[..*n]);
        }
        for (group, rows) in rows.chunks_exact(GROUP * *width).enumerate() {
            level.transpose(rows, *width, &mut columns[GROUP * group..]);
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
            let Self { rows, columns, last, histograms: h, residuals, sums, side_by_side, .. } = self;
            level.to_single(histograms, &mut h[..count * width]);
            for group in 0..count.div_ceil(GROUP) {
                let here = GROUP * group * width..GROUP * (group + 1) * width;
                level.transpose(&h[here.clone()], GROUP, side_by_side[..width].as_flattened_mut());
                level.products(columns, width, &side_by_side[..width], &mut residuals[here.clone()]);
                let outputs = outputs[GROUP * group..].iter();
                for (r, &output) in residuals[here.clone()].chunks_exact_mut(width).zip(outputs) {
                    r[output] -= 1.0;
                    level.multiply_all(r, weight);
                }
                level.transpose(&residuals[here], GROUP, side_by_side[..width].as_flattened_mut());
                level.products(rows, width, &side_by_side[..width], sums);
                let tables = tables[GROUP * group * per_sample..].chunks_mut(per_sample);
                for (table, sums) in tables.zip(sums.chunks_exact(width)).take(GROUP) {
                    for (table, sums) in table.iter_mut().zip(sums.as_chunks().0) {
                        table.0 = *sums;
                    }
                }
            }
            for (group, last) in last.chunks_exact_mut(GROUP * width).enumerate() {
                // A group of rows of dV: a group of columns of the residuals, times the histograms.
                for (x, r) in side_by_side.iter_mut().zip(residuals.chunks_exact(width)).take(count) {
                    *x = r.as_chunks().0[group];
                }
                level.products(&h[..count * width], width, &side_by_side[..count], last);
            }
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
