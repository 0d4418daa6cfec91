//! How much of the attention stands out of the noise: a measure that a learner can compute.

use ndarray::Array1;

use super::{Model, Row};

/// How far the attention rises above `1/T` on entries that stand out, minus how far it falls below
/// on entries that stand out on the other side; the mean over query tokens with weights `mu`. An
/// entry stands out if it lies at least `keep` times as far from `1/T` as the farthest of the row.
///
/// ```text
/// sum over |d| >= keep max |d| of d,    d = a - 1/T
/// ```
///
/// It needs no ground truth. The true attention lies far from `1/T` on one side only, and noise lies
/// on both. So noise adds up to nothing, however many positions there are, and a model that grows
/// into the mirrored solution, where the true positions lie below, has a clear mass below 0. It is
/// 0 at the uninformative start, and near `alpha_A` once the true positions stand out; with unequal
/// weights less, as those of small weight do not. Where T is 3 Q or less it may stay near 0, since
/// all other entries fall about as far as the true ones rise. `keep` is the fraction of
/// [rounding](crate::model#rounding), in `(0, 1]`. O(N T).
///
/// # Panics
/// If the attention is not row-major.
#[must_use]
pub fn clear_mass<'m>(mu: &Array1<f64>, model: impl Into<Model<'m>>, keep: f64) -> f64 {
    let attention = model.into().attention;
    mu.iter().enumerate().map(|(k, &mu)| mu * of_row(attention.row(k), keep)).sum()
}

/// Numbers that are added up side by side, which the compiler turns into vectors.
const LANES: usize = 16;
/// Entries that are added up in single precision.
const PIECE: usize = 4096;

/// The clear mass of one row.
fn of_row(row: Row<'_>, keep: f64) -> f64 {
    let uniform = (1.0 / row.len() as f64) as f32;
    let farthest = match row {
        Row::Entries(a) => farthest(a, uniform),
        Row::Path { .. } => row.distinct().fold(0.0, |y: f32, (x, _)| y.max((x - uniform).abs())),
    };
    let least = (keep * f64::from(farthest)) as f32;
    let outlying = |x: f32| if (x - uniform).abs() >= least { x - uniform } else { 0.0 };
    let Row::Entries(a) = row else {
        return row.distinct().map(|(x, copies)| copies * f64::from(outlying(x))).sum();
    };
    let of_piece = |piece: &[f32]| {
        let (blocks, rest) = piece.as_chunks::<LANES>();
        let mut lanes = [0.0f32; LANES];
        for block in blocks {
            lanes.iter_mut().zip(block).for_each(|(lane, &x)| *lane += outlying(x));
        }
        lanes.iter_mut().zip(rest).for_each(|(lane, &x)| *lane += outlying(x));
        f64::from(folded(lanes, |x, y| x + y))
    };
    a.chunks(PIECE).map(of_piece).sum()
}

/// How far the entry lies from `uniform` that lies farthest.
fn farthest(a: &[f32], uniform: f32) -> f32 {
    let farther = |x: f32, y: f32| if x > y { x } else { y };
    let (blocks, rest) = a.as_chunks::<LANES>();
    let mut lanes = [0.0f32; LANES];
    for block in blocks {
        lanes.iter_mut().zip(block).for_each(|(lane, &x)| *lane = farther((x - uniform).abs(), *lane));
    }
    lanes.iter_mut().zip(rest).for_each(|(lane, &x)| *lane = farther((x - uniform).abs(), *lane));
    folded(lanes, farther)
}

/// The lanes in one, by halves.
fn folded(mut lanes: [f32; LANES], of_two: impl Fn(f32, f32) -> f32) -> f32 {
    let mut half = LANES / 2;
    while half > 0 {
        (0..half).for_each(|i| lanes[i] = of_two(lanes[i], lanes[i + half]));
        half /= 2;
    }
    lanes[0]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Linear;
    use crate::model::kept_mass;
    use crate::random::{normal, stream};
    use crate::task::{Chain, Task, TaskSpec, Weights};
    use crate::theory::planted;

    fn task(q: usize, t: usize, weights: Weights) -> Task {
        let chain = Chain::Mixture { persistence: 0.3, concentration: 1.0 };
        Task::draw(&TaskSpec { n: 4, q, t, chain, weights }, &mut stream([6; 16])).unwrap()
    }

    /// The formula, entry by entry.
    fn slow(mu: &Array1<f64>, model: &Linear, keep: f64) -> f64 {
        let mut sum = 0.0;
        for (row, mu) in model.attention.rows().into_iter().zip(mu) {
            let distance: Vec<f64> = row.iter().map(|&a| f64::from(a) - 1.0 / row.len() as f64).collect();
            let farthest = distance.iter().fold(0.0f64, |farthest, d| farthest.max(d.abs()));
            for d in distance {
                if d.abs() >= keep * farthest {
                    sum += mu * d;
                }
            }
        }
        sum
    }

    /// `alpha` on the path, and normal noise of this size in every entry.
    fn noisy(task: &Task, alpha: f64, noise: f64, seed: u8) -> Linear {
        let (mut model, mut random) = (planted(task, 0.0, alpha), stream([seed; 16]));
        model.attention.mapv_inplace(|a| a + (noise * normal(&mut random)) as f32);
        model
    }

    #[test]
    fn it_is_the_formula_at_any_length() {
        for (t, seed) in [(8, 1), (15, 2), (16, 3), (33, 4), (64, 5), (1000, 6), (4100, 7)] {
            for keep in [0.25, 0.5, 1.0] {
                let task = task(2, t, Weights::Dirichlet(2.0));
                let model = noisy(&task, 0.3, 0.1, seed);
                let (fast, slow) = (clear_mass(&task.stationary, &model, keep), slow(&task.stationary, &model, keep));
                assert!((fast - slow).abs() < 1e-5, "T = {t}, keep = {keep}: {fast} {slow}");
            }
        }
    }

    #[test]
    fn it_is_zero_at_the_start_and_the_correlation_afterwards() {
        let start = task(3, 37, Weights::Dirichlet(3.0));
        assert!(clear_mass(&start.stationary, Linear::uninformative(&start.known()), 0.5).abs() < 1e-6);
        let equal = task(2, 400, Weights::Equal);
        // On the path: Q entries of 1/T + alpha (1/Q - 1/T), so the excess is alpha (1 - Q/T).
        for alpha in [0.1, 0.5, 1.0] {
            let seen = clear_mass(&equal.stationary, planted(&equal, 0.0, alpha), 0.5);
            assert!((seen - alpha * (1.0 - 2.0 / 400.0)).abs() < 1e-6, "{seen}");
        }
        // A mirrored model falls below by what the other one rises above.
        let mirrored = clear_mass(&equal.stationary, planted(&equal, 0.0, -0.5), 0.5);
        assert!((-0.51..-0.48).contains(&mirrored), "{mirrored}");
    }

    /// Noise of 0.02 in 4096 entries a row: what rounding would keep adds up to more than the whole
    /// attention, and half of a model that has half of the truth is still seen. About 0.06 of the
    /// entries, 260, stand out by about 0.045 on either side, so that the clear mass of noise alone
    /// has a standard deviation of about 0.045 sqrt(260 / 4) = 0.36, and its mean over 50 models one
    /// of 0.05: it exceeds 0.2 with probability 0.0001.
    #[test]
    fn noise_adds_up_to_nothing() {
        let task = task(2, 4096, Weights::Equal);
        let mean = |of: &dyn Fn(u8) -> f64| (0..50).map(of).sum::<f64>() / 50.0;
        let kept = mean(&|seed| kept_mass(&task.stationary, noisy(&task, 0.0, 0.02, seed), 0.5));
        let clear = mean(&|seed| clear_mass(&task.stationary, noisy(&task, 0.0, 0.02, seed), 0.5));
        assert!(kept > 1.0 && clear.abs() < 0.2, "{kept} {clear}");
        let half = mean(&|seed| clear_mass(&task.stationary, noisy(&task, 0.5, 0.02, seed), 0.5));
        assert!((0.4..0.7).contains(&half), "{half}");
    }

    #[test]
    fn a_row_that_has_blown_up_is_not_clear() {
        for row in [[f32::NAN; 4], [f32::NAN, 0.0, 0.0, 0.0], [f32::INFINITY, f32::NEG_INFINITY, 0.0, 0.0]] {
            assert!(of_row(Row::Entries(&row), 0.5) < 0.5 || of_row(Row::Entries(&row), 0.5).is_nan(), "{row:?}");
        }
    }
}
