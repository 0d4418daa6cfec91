//! The attention as integers, so that a histogram does not depend on the order of its terms.
//!
//! Before a step every `a^(k)` is rounded to multiples of a unit, one for each piece of [`PIECE`] positions: the power of
//! two for which the piece's magnitudes sum to 2^29 to 2^30 units, but for rounding (at most half a unit a position, and
//! what single precision loses in adding up). So sums of any of these integers fit 32 bits, in any order, and a kernel may
//! add them as it likes. Rounding moves a weight by at most 2^-30 of the piece's magnitudes, and a whole piece's sum by
//! at most 2^-17 of them. That takes errors of one sign, as equal weights have, where every run starts; they
//! only rescale h.

use ndarray::Array2;
use rayon::prelude::*;

use super::layout::Layout;
use super::level::{Level, level_in_use};
use super::pieces::{PIECE, SHARED_PIECES, worth_many_cores};
use super::weights::{Form, Weights16};

/// What a unit is worth and what all weights add up to, for one piece.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Scale {
    /// Not a number if the attention was not finite.
    pub(super) unit: f64,
    /// Sum of the piece's weights, in units.
    pub(super) total: i32,
}

/// The rounded attention of all query tokens.
#[derive(Debug, Clone)]
pub struct FixedPointAttention {
    pub(super) level: Level,
    /// N and T.
    shape: (usize, usize),
    pub(super) form: Form,
    /// Per query token, whole rounds, 0 beyond T.
    lanes: Vec<Weights16>,
    lanes_per_row: usize,
    /// Per query token.
    scales: Vec<Scale>,
    pieces_per_row: usize,
}

/// The rounded attention of one query token.
#[derive(Debug, Clone, Copy)]
pub(super) struct Row<'a> {
    /// By round.
    pub(super) weights: &'a [[Weights16; 2]],
    pub(super) scales: &'a [Scale],
}

impl FixedPointAttention {
    /// All zero, for `n` states and `t` positions, for the level in use.
    #[must_use]
    pub fn zeros(n: usize, t: usize) -> Self {
        Self::at(level_in_use(), n, t)
    }

    /// As [`FixedPointAttention::zeros`], for a level of one's own choice.
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
        }
    }

    /// Takes over `attention`, shape `(N, T)`.
    ///
    /// # Panics
    /// If its shape is another, or it does not lie in memory row by row.
    pub fn set(&mut self, attention: &Array2<f32>) {
        assert_eq!(attention.dim(), self.shape, "the attention is of another shape");
        let (level, form) = (self.level, self.form);
        let set =
            |((scale, lanes), a): ((&mut Scale, &mut [Weights16]), &[f32])| *scale = set_piece(level, form, a, lanes);
        let rows =
            self.scales.chunks_exact_mut(self.pieces_per_row).zip(self.lanes.chunks_exact_mut(self.lanes_per_row));
        for (k, (scales, lanes)) in rows.enumerate() {
            let a = crate::kernel::row(attention, k);
            if worth_many_cores(a.len()) {
                let pieces = scales.par_iter_mut().zip(lanes.par_chunks_mut(PIECE / 16));
                pieces.zip(a.par_chunks(PIECE)).with_min_len(SHARED_PIECES).for_each(set);
            } else {
                scales.iter_mut().zip(lanes.chunks_mut(PIECE / 16)).zip(a.chunks(PIECE)).for_each(set);
            }
        }
    }

    /// N and T.
    #[must_use]
    pub fn shape(&self) -> (usize, usize) {
        self.shape
    }

    /// The level that the kernels which use this belong to.
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

/// Rounds the weights of one piece.
fn set_piece(level: Level, form: Form, a: &[f32], lanes: &mut [Weights16]) -> Scale {
    let largest_sum = level.magnitude(a);
    if !largest_sum.is_finite() {
        return Scale { unit: f64::NAN, total: 0 };
    }
    // The power of two that puts the largest possible sum between 2^29 and 2^30, within what a float can hold.
    let largest_exponent = (largest_sum.to_bits() >> 52) as i64 - 1023;
    let per_unit = f64::from_bits((((29 - largest_exponent).clamp(-100, 120) + 1023) as u64) << 52);
    let total = level.round_weights(form, a, per_unit as f32, lanes);
    Scale { unit: 1.0 / per_unit, total }
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
