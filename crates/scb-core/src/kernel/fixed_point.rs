//! The attention as integers, so that a histogram does not depend on the order of its terms.
//!
//! Before a step every `a^(k)` is rounded to multiples of a unit. There is one unit for each piece
//! of [`PIECE`] positions: the power of two for which the magnitudes in the piece sum to 2^29 to
//! 2^30 units. Two errors come on top of this sum: rounding adds at most half a unit per position,
//! and the sum itself is taken in single precision. So any sum of these integers fits 32 bits, and
//! a kernel may add them in any order.
//!
//! Rounding moves a weight by at most 2^-30 of the sum of magnitudes of its piece. It moves the sum
//! of a whole piece by at most 2^-17 of them, and by that much only if all errors have one sign.
//! They have at the uninformative start, where all weights are equal; there they only rescale h.

use ndarray::Array2;
use rayon::prelude::*;

use super::layout::Layout;
use super::level::{Level, level_in_use};
use super::pieces::{PIECE, SHARED_PIECES, worth_many_cores};
use super::weights::{Form, Weights16};

/// The unit of one piece, and the sum of its weights.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Scale {
    /// The value of a unit; NaN if the attention of the piece was not finite.
    pub(super) unit: f64,
    /// Sum of the piece's weights, in units.
    pub(super) total: i32,
}

/// An attention as integers times a unit, so that sums do not depend on their order. Rounding moves
/// an entry by at most 2^-30 of the sum of magnitudes of its row, where sums run over at most 8192
/// positions.
#[derive(Debug, Clone)]
pub struct FixedPointAttention {
    pub(super) level: Level,
    /// N and T.
    shape: (usize, usize),
    pub(super) form: Form,
    /// The weights of each query token, in whole rounds; 0 beyond T.
    lanes: Vec<Weights16>,
    lanes_per_row: usize,
    /// The scales of the pieces of each query token.
    scales: Vec<Scale>,
    pieces_per_row: usize,
    /// Whether the row of each query token was set since [`forget`](Self::forget).
    is_set: Vec<bool>,
}

/// The rounded attention of one query token.
#[derive(Debug, Clone, Copy)]
pub(super) struct Row<'a> {
    /// The weights, round by round.
    pub(super) weights: &'a [[Weights16; 2]],
    pub(super) scales: &'a [Scale],
}

impl FixedPointAttention {
    /// All zero, for `n` states and `t` positions, for the level in use.
    #[must_use]
    pub fn zeros(n: usize, t: usize) -> Self {
        Self::at(level_in_use(), n, t)
    }

    /// As [`FixedPointAttention::zeros`], for a given level.
    #[must_use]
    pub fn at(level: Level, n: usize, t: usize) -> Self {
        let lanes_per_row = 2 * t.div_ceil(super::layout::ROUND);
        let pieces_per_row = t.div_ceil(PIECE);
        let scales = vec![Scale { unit: 0.0, total: 0 }; n * pieces_per_row];
        let form = level.form(Layout::new(n, t).narrow());
        Self {
            level,
            shape: (n, t),
            form,
            lanes: vec![Weights16([0; 16]); n * lanes_per_row],
            lanes_per_row,
            scales,
            pieces_per_row,
            is_set: vec![false; n],
        }
    }

    /// Converts `attention`, shape `(N, T)`, row-major. If a row has entries that are not finite,
    /// its histograms are NaN. O(N T).
    ///
    /// # Panics
    /// If its shape is another, or it is not row-major.
    pub fn set(&mut self, attention: &Array2<f32>) {
        self.forget();
        (0..self.shape.0).for_each(|k| self.set_row(k, attention));
    }

    /// From now on [`set_row`](Self::set_row) converts every row once.
    pub(crate) fn forget(&mut self) {
        self.is_set.fill(false);
    }

    /// Converts row `k` of `attention`, unless that has been done.
    pub(crate) fn set_row(&mut self, k: usize, attention: &Array2<f32>) {
        assert_eq!(attention.dim(), self.shape, "the attention is of another shape");
        if std::mem::replace(&mut self.is_set[k], true) {
            return;
        }
        let (level, form) = (self.level, self.form);
        let set = |((scale, lanes), a): ((&mut Scale, &mut [Weights16]), &[f32])| {
            let (unit, total) = level.round_piece(form, a, lanes);
            *scale = Scale { unit, total };
        };
        let scales = &mut self.scales[k * self.pieces_per_row..(k + 1) * self.pieces_per_row];
        let lanes = &mut self.lanes[k * self.lanes_per_row..(k + 1) * self.lanes_per_row];
        let a = crate::kernel::row(attention, k);
        if worth_many_cores(a.len()) {
            let pieces = scales.par_iter_mut().zip(lanes.par_chunks_mut(PIECE / 16));
            pieces.zip(a.par_chunks(PIECE)).with_min_len(SHARED_PIECES).for_each(set);
        } else {
            scales.iter_mut().zip(lanes.chunks_mut(PIECE / 16)).zip(a.chunks(PIECE)).for_each(set);
        }
    }

    /// N and T.
    #[must_use]
    pub fn shape(&self) -> (usize, usize) {
        self.shape
    }

    /// The level whose kernels read this.
    #[must_use]
    pub fn level(&self) -> Level {
        self.level
    }

    #[inline(always)]
    pub(super) fn row(&self, k: usize) -> Row<'_> {
        let pieces = self.pieces_per_row;
        Row {
            weights: self.lanes[k * self.lanes_per_row..(k + 1) * self.lanes_per_row].as_chunks().0,
            scales: &self.scales[k * pieces..(k + 1) * pieces],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::{normal, stream};

    #[test]
    fn weights_are_the_nearest_multiples_of_a_unit_in_every_form() {
        for t in [1, 16, 31, 64, 100, PIECE + 45] {
            let mut s = stream([t as u8; 16]);
            let attention = Array2::from_shape_fn((2, t), |(k, _)| (normal(&mut s) * [1e-3, 4e5][k]) as f32);
            for level in Level::available() {
                for n in [3, 20] {
                    let mut weights = FixedPointAttention::at(level, n, t);
                    let rows = Array2::from_shape_fn((n, t), |(k, i)| attention[[k % 2, i]]);
                    weights.set(&rows);
                    for k in 0..n {
                        let row = weights.row(k);
                        for (piece, (&Scale { unit, total }, a)) in
                            row.scales.iter().zip(crate::kernel::row(&rows, k).chunks(PIECE)).enumerate()
                        {
                            let lanes = &row.weights.as_flattened()[piece * (PIECE / 16)..];
                            let magnitude: f64 = a.iter().map(|&a| f64::from(a).abs()).sum();
                            assert!(
                                (2f64.powi(28)..2f64.powi(30)).contains(&(magnitude / unit)),
                                "{}",
                                magnitude / unit
                            );
                            let whole: Vec<i32> = (0..a.len()).map(|i| weights.form.at(lanes, i)).collect();
                            assert_eq!(i64::from(total), whole.iter().map(|&w| i64::from(w)).sum::<i64>());
                            for (&w, &a) in whole.iter().zip(a) {
                                assert_eq!(f64::from(w), (f64::from(a) / unit).round_ties_even());
                            }
                        }
                        let padding = t..t.next_multiple_of(32);
                        assert!(padding.into_iter().all(|i| weights.form.at(row.weights.as_flattened(), i) == 0));
                    }
                }
            }
        }
    }

    #[test]
    fn attention_that_is_not_finite_stays_visible() {
        for level in Level::available() {
            for (t, wrong) in [(3, f32::NAN), (3, f32::INFINITY), (3, f32::MAX), (200, f32::NAN), (200, f32::INFINITY)]
            {
                let mut attention = Array2::from_elem((1, t), 0.5);
                attention[[0, 1]] = wrong;
                let mut fixed = FixedPointAttention::at(level, 1, t);
                fixed.set(&attention);
                assert_eq!(fixed.row(0).scales[0].unit.is_nan(), wrong != f32::MAX, "{level:?}");
            }
        }
    }
}
