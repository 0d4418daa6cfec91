//! Rounding: which entries of an attention row are its positions, and which are noise.
//! [`model`](super) has the rule; the optimiser that rounds and the measures that say what rounding
//! would give share this code.
//!
//! With equal weights the rule needs nothing but the fact that weights are equal, which belongs to
//! the task, like N and Q. With unequal weights an entry is also kept if noise does not reach it.
//! Otherwise true positions of small weight would be dropped, however exactly the model knows them.
//!
//! The residual noise that a cut has left shrinks as gradient steps pull entries towards the truth
//! ([`Linear::residual_noise`](super::Linear::residual_noise)). The noise of later batches is
//! independent of it, so the squares add.
//!
//! Why the second rule is not used for equal weights: soft-thresholding keeps the sum of a row, and
//! so it pushes negative entries up faster than positive ones down. In a run of tiny steps, where
//! the distance travelled is not much longer than what lambda takes off, noise is then on one side
//! only, and its entries would be kept. For equal weights the second rule has no advantage.

use super::attention::{Row, smallest};

/// An entry counts as signal if it lies this many times as far above `1/T` as the lowest entry lies
/// below. The extremes of T normal variables are about `sqrt(2 ln T)` standard deviations away on
/// either side, to within a tenth. About one row of normal noise in a thousand reaches half as far
/// again.
pub(crate) const NOISE_FACTOR: f64 = 1.5;

/// What rounding keeps of one row.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Kept {
    /// The smallest entry that is kept.
    pub(crate) floor: f32,
    /// Sum of the kept entries.
    pub(crate) mass: f64,
    /// Sum of the squares of the kept entries.
    pub(crate) square: f64,
    /// Number of the kept entries.
    pub(crate) count: f64,
}

/// What rounding keeps of the row `a` of T entries. `residual_noise` is the noise that a cut has
/// left; `None` for equal weights.
#[must_use]
pub(crate) fn kept(a: Row<'_>, residual_noise: Option<f64>, share: f64) -> Kept {
    let floor = floor(a, residual_noise, share);
    let (mass, square, count) = a.kept(floor);
    Kept { floor, mass, square, count }
}

/// The smallest value that an entry of the row `a` must have to be kept; `share` in `(0, 1]`.
#[must_use]
pub(crate) fn floor(a: Row<'_>, residual_noise: Option<f64>, share: f64) -> f32 {
    let uniform = 1.0 / a.len() as f64;
    let of_largest = share * f64::from(a.largest());
    let Some(residual_noise) = residual_noise else { return of_largest as f32 };
    let below = (uniform - f64::from(a.smallest())).max(0.0);
    let reach = (below * below + residual_noise * residual_noise).sqrt();
    let beyond_noise = uniform + NOISE_FACTOR * reach;
    // Not `min`: the lowest entry of a row of NaN is infinity, and such a row gets the share.
    (if beyond_noise > 0.0 && beyond_noise < of_largest { beyond_noise } else { of_largest }) as f32
}

/// Sets the entries below the floor of `share` to 0. Returns how far above `1/T` the noise that is
/// left may reach: as far as it reached below, or 0 if the floor lies beyond all noise.
pub(crate) fn cut(a: &mut [f32], residual_noise: Option<f64>, share: f64) -> f64 {
    let uniform = 1.0 / a.len() as f64;
    let reach = uniform - f64::from(smallest(a));
    let floor = floor(Row::Entries(a), residual_noise, share);
    a.iter_mut().filter(|x| **x < floor).for_each(|x| *x = 0.0);
    if f64::from(floor) < f64::from((uniform + NOISE_FACTOR * reach) as f32) { reach } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel;
    use crate::random::{normal, stream};

    fn kept_positions(a: &[f32], share: f64) -> Vec<usize> {
        let floor = floor(Row::Entries(a), Some(0.0), share);
        (0..a.len()).filter(|&t| a[t] >= floor).collect()
    }

    /// Weights of 0.9, 0.08 and 0.02 under noise of 0.001. The extremes of the noise among 200
    /// entries are 0.0028 away.
    #[test]
    fn small_weights_are_kept_where_noise_is_smaller_and_dropped_where_it_is_not() {
        let mut random = stream([3; 16]);
        let mut row = |noise: f64| -> Vec<f32> {
            let weights = [(7, 0.9), (40, 0.08), (120, 0.02)];
            let weight = |t: usize| weights.iter().find(|(p, _)| *p == t).map_or(0.0, |(_, w)| *w);
            (0..200).map(|t| (weight(t) + noise * normal(&mut random)) as f32).collect()
        };
        assert_eq!(kept_positions(&row(0.001), 0.5), [7, 40, 120]);
        assert_eq!(kept_positions(&row(0.01), 0.5), [7, 40]);
        assert_eq!(kept_positions(&row(0.1), 0.5), [7]);
    }

    /// Of 2000 rows of 500 normal entries, at most 20 keep an entry beyond the reach that the
    /// lowest entry shows; 2 are expected.
    #[test]
    fn noise_seldom_reaches_half_as_far_again_on_the_other_side() {
        let mut random = stream([4; 16]);
        let beyond = (0..2000)
            .filter(|_| {
                let row: Vec<f32> = (0..500).map(|_| (0.002 + 0.01 * normal(&mut random)) as f32).collect();
                f64::from(kernel::largest(&row)) - 0.002 > NOISE_FACTOR * (0.002 - f64::from(smallest(&row)))
            })
            .count();
        assert!(beyond <= 20, "{beyond} of 2000");
    }

    /// A row in which soft-thresholding has left noise on one side only, so nothing below `1/T`
    /// shows how far it reaches.
    #[test]
    fn equal_weights_are_kept_by_their_share_alone() {
        let mut row = vec![0.0002f32; 5000];
        (row[3], row[8], row[70], row[900]) = (0.031, 0.033, 0.0016, 0.0021);
        let of = |noise| floor(Row::Entries(&row), noise, 0.5);
        assert_eq!(of(None), 0.0165);
        assert!(of(Some(0.0)) < 0.001, "{}", of(Some(0.0)));
        // 1/T and 1.5 times as far. The number is written out because it decides results.
        assert!((of(Some(0.0015)) - 0.00245).abs() < 1e-9, "{}", of(Some(0.0015)));
        // Noise of 3 and of 4 on either side, from different batches, makes 5.
        row[17] = 0.0002 - 0.002;
        let both = floor(Row::Entries(&row), Some(0.0015), 0.5);
        assert!((both - 0.00395).abs() < 1e-9, "{both}");
    }

    /// The reach of noise that a cut leaves is returned, or 0 if the cut lies beyond all noise.
    #[test]
    fn a_cut_says_how_far_the_noise_reaches_that_it_leaves() {
        let mut random = stream([5; 16]);
        let mut row = |noise: f64| -> Vec<f32> {
            let signal = |t: usize| if t == 7 || t == 40 { 0.5 } else { 0.0 };
            (0..200).map(|t| (signal(t) + noise * normal(&mut random)) as f32).collect()
        };
        let mut noisy = row(0.05);
        let reach = 0.005 - f64::from(smallest(&noisy));
        assert_eq!(cut(&mut noisy, Some(0.0), 0.2), reach);
        assert!(noisy.iter().all(|&x| x == 0.0 || x > 0.08) && noisy.iter().filter(|&&x| x > 0.0).count() > 2);
        assert_eq!(cut(&mut row(0.001), Some(0.0), 0.2), 0.0);
    }

    #[test]
    fn rows_without_signal_keep_what_the_share_keeps() {
        assert_eq!(kept_positions(&[0.25; 4], 0.5), [0, 1, 2, 3], "the uniform start");
        assert_eq!(kept_positions(&[0.25; 4], 1.0), [0, 1, 2, 3]);
        // A mirrored row: the entry that should be large is negative, so noise seems large.
        assert_eq!(kept_positions(&[-0.5, 0.5, 0.4, 0.1], 0.5), [1, 2]);
        assert!(kept_positions(&[-0.5, -0.4], 0.5).is_empty());
        let blown = kept(Row::Entries(&[f32::NAN, 0.5]), Some(0.0), 0.5);
        assert_eq!((blown.floor, blown.count), (0.25, 1.0));
        for length in [1, 31, 32, 33, 100] {
            let a: Vec<f32> = (0..length).map(|i| ((i * 37) % 101) as f32 - 50.0).collect();
            assert_eq!(smallest(&a), a.iter().copied().fold(f32::INFINITY, f32::min));
        }
    }
}
