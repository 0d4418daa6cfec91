//! The ratio of two quantiles, with an interval, where the runs of both may share tasks and where
//! some were not seen to arrive.
//!
//! The interval resamples tasks. Each draw gives every task a random weight, of an exponential
//! distribution: the Bayesian bootstrap of Rubin (1981). A run of either side has the weight of its
//! task, so what a task does to both sides cancels in the ratio. Where tasks are not shared, each
//! side has weights of its own. The runs are those of
//! [`choose`](super::cross_fitting::choose), each at a setting that was chosen without it; settings
//! are not chosen again in each draw.
//!
//! The readings alone bound a quantile too tightly: no draw lies beyond the largest of them. So one
//! weight more stands for what was not seen. It counts as later than all runs where the quantile is
//! bounded from above, and as earlier than all where it is bounded from below. A whole weight gives
//! the interval by order statistics
//! ([`SuccessCurve::interval`](super::survival::SuccessCurve::interval)), which may cover more
//! often than it says. Here it is [`UNSEEN`] of a weight. The more alike the two sides rank their tasks,
//! the less of it is taken, because what was not seen would then be early or late on both.
//!
//! A run that was not seen to arrive counts as later than all runs from above, and from below as
//! one that arrives where it was last seen. So an end is open where the runs do not bound it. Both are
//! open with fewer replicates than bound a single quantile ([`bounded_by`]).
//!
//! `tests/ratios.rs` measures how often the interval covers the truth.

use std::collections::BTreeMap;

use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64Mcg;

use super::confidence::ALPHA;
use super::cross_fitting::Runs;
use super::order_statistics::Reading;

/// How often tasks are weighed.
pub const DRAWS: usize = 2000;

/// The part of a weight that stands for what was not seen, where the two sides have nothing in
/// common.
pub const UNSEEN: f64 = 0.25;

/// 95 % interval of the `level` quantile of `compared` over that of `reference`; an end is `None`
/// where the runs do not bound it. With `shared` tasks a replicate is the same task on both sides.
/// Counts below 1 are taken for 1.
#[must_use]
pub fn ratio_interval(compared: &Runs, reference: &Runs, level: f64, shared: bool) -> (Option<f64>, Option<f64>) {
    if !bounded_by(level, compared.len().min(reference.len())) {
        return (None, None);
    }
    let alike = if shared { rank_correlation(compared, reference).max(0.0) } else { 0.0 };
    weighed(compared, reference, level, shared, UNSEEN * (1.0 - alike))
}

/// Whether so many replicates bound the `level` quantile from both sides with a confidence of
/// 97.5 % each: the 0.9 quantile takes 36, the median 6.
#[must_use]
pub fn bounded_by(level: f64, replicates: usize) -> bool {
    libm::pow(level.max(1.0 - level), replicates as f64) <= ALPHA / 2.0
}

/// The interval with so much of a weight for what was not seen.
fn weighed(compared: &Runs, reference: &Runs, level: f64, shared: bool, unseen: f64) -> (Option<f64>, Option<f64>) {
    let mut places: BTreeMap<(bool, i64), usize> = BTreeMap::new();
    let mut side = |runs: &Runs, own: bool| {
        let mut place = |replicate| {
            let next = places.len();
            *places.entry((own && !shared, replicate)).or_insert(next)
        };
        Side::of(runs, &mut place)
    };
    let sides = [side(compared, false), side(reference, true)];
    let mut rng = Pcg64Mcg::seed_from_u64(0);
    let mut weights = vec![0.0; places.len()];
    let (mut lows, mut highs) = (Vec::with_capacity(DRAWS), Vec::with_capacity(DRAWS));
    for _ in 0..DRAWS {
        weights.iter_mut().for_each(|weight| *weight = exponential(&mut rng));
        let one = unseen * exponential(&mut rng);
        let unseen = [one, if shared { one } else { unseen * exponential(&mut rng) }];
        let bounds =
            |i: usize| (sides[i].at_least(&weights, unseen[i], level), sides[i].at_most(&weights, unseen[i], level));
        let (compared, reference) = (bounds(0), bounds(1));
        // Nothing over nothing, and infinity over infinity, bound nothing.
        lows.push(if reference.1.is_finite() { compared.0 / reference.1 } else { 0.0 });
        highs.push(if reference.0 > 0.0 { compared.1 / reference.0 } else { f64::INFINITY });
    }
    lows.sort_by(f64::total_cmp);
    highs.sort_by(f64::total_cmp);
    let beyond = (ALPHA / 2.0 * DRAWS as f64) as usize;
    let (low, high) = (lows[beyond], highs[DRAWS - 1 - beyond]);
    ((low > 0.0).then_some(low), high.is_finite().then_some(high))
}

/// A number of the exponential distribution of mean 1.
fn exponential(rng: &mut Pcg64Mcg) -> f64 {
    -libm::log(1.0 - rng.random::<f64>())
}

/// The runs of one side in ascending order, each with the place of its task's weight.
struct Side {
    /// Every run, as if it arrived where it was last seen.
    all: Vec<(f64, usize)>,
    /// The runs that arrived.
    reached: Vec<(f64, usize)>,
}

impl Side {
    fn of(runs: &Runs, place: &mut impl FnMut(i64) -> usize) -> Self {
        let mut sorted: Vec<_> = runs.iter().map(|&(replicate, reading)| (reading, place(replicate))).collect();
        sorted.sort_unstable();
        let value = |&(reading, at): &(Reading, usize)| (reading.samples.max(1) as f64, at);
        Self {
            all: sorted.iter().map(value).collect(),
            reached: sorted.iter().filter(|(reading, _)| !reading.censored).map(value).collect(),
        }
    }

    /// How much weight makes up the share `level`.
    fn share(&self, weights: &[f64], unseen: f64, level: f64) -> f64 {
        level * (self.all.iter().map(|&(_, at)| weights[at]).sum::<f64>() + unseen)
    }

    /// What the quantile is at least; 0 if nothing is known.
    fn at_least(&self, weights: &[f64], unseen: f64, level: f64) -> f64 {
        let share = self.share(weights, unseen, level);
        if unseen >= share { 0.0 } else { passing(&self.all, weights, unseen, share) }
    }

    /// What it is at most; infinite if nothing is known.
    fn at_most(&self, weights: &[f64], unseen: f64, level: f64) -> f64 {
        passing(&self.reached, weights, 0.0, self.share(weights, unseen, level))
    }
}

/// Where the weight reaches `share`, of readings in ascending order, with so much weight before
/// them.
fn passing(readings: &[(f64, usize)], weights: &[f64], before: f64, share: f64) -> f64 {
    let mut sum = before;
    for &(samples, at) in readings {
        sum += weights[at];
        if sum >= share {
            return samples;
        }
    }
    f64::INFINITY
}

/// Spearman's rank correlation of the readings of the replicates that both have; 0 where it is not
/// defined.
fn rank_correlation(one: &Runs, other: &Runs) -> f64 {
    let theirs: BTreeMap<i64, Reading> = other.iter().copied().collect();
    let both: Vec<(Reading, Reading)> = one.iter().filter_map(|(i, r)| Some((*r, *theirs.get(i)?))).collect();
    let x = ranks(&both.iter().map(|pair| pair.0).collect::<Vec<_>>());
    let y = ranks(&both.iter().map(|pair| pair.1).collect::<Vec<_>>());
    let product = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
    let squares = product(&x, &x) * product(&y, &y);
    if squares > 0.0 { product(&x, &y) / squares.sqrt() } else { 0.0 }
}

/// The rank of each reading less the mean rank; equal ones share the mean of theirs.
fn ranks(readings: &[Reading]) -> Vec<f64> {
    let mut sorted = readings.to_vec();
    sorted.sort_unstable();
    let rank = |reading: &Reading| {
        let (before, up_to) = (sorted.partition_point(|r| r < reading), sorted.partition_point(|r| r <= reading));
        0.5 * (before as f64 + up_to as f64 - sorted.len() as f64)
    };
    readings.iter().map(rank).collect()
}

#[cfg(test)]
mod tests {
    use super::super::survival::SuccessCurve;
    use super::*;

    fn runs(readings: impl IntoIterator<Item = i64>) -> Runs {
        (0..).zip(readings.into_iter().map(|samples| Reading { samples, censored: false })).collect()
    }

    /// Over a constant that is known from many runs it is the interval of the quantile, by the
    /// binomial distribution. The levels of its ends are so far from 2.5 % that 2000 draws do not
    /// miss them.
    #[test]
    fn a_whole_weight_for_what_was_not_seen_gives_order_statistics() {
        let constant = runs([10; 1000]);
        for (level, count) in [(0.9, 40), (0.5, 21), (0.9, 37)] {
            let some = runs((1..=count).map(|i| 100 * i));
            let readings = some.iter().map(|&(_, reading)| reading).collect();
            let (low, high) = SuccessCurve::of(readings).interval(level);
            let expected = (low.map(|s| s as f64 / 10.0), high.map(|s| s as f64 / 10.0));
            assert_eq!(weighed(&some, &constant, level, false, 1.0), expected, "{level}");
        }
    }

    #[test]
    fn what_shared_tasks_do_to_both_sides_cancels() {
        let hard = |i: i64| 1000 + 997 * (i * 7 % 40);
        let (one, twice) = (runs((0..40).map(hard)), runs((0..40).map(|i| 2 * hard(i))));
        assert_eq!(ratio_interval(&twice, &one, 0.9, true), (Some(2.0), Some(2.0)));
        let (low, high) = ratio_interval(&twice, &one, 0.9, false);
        assert!(low.unwrap() < 1.8 && high.unwrap() > 2.2, "{low:?} {high:?}");
        // The other way round it is the inverse.
        let (other_low, other_high) = ratio_interval(&one, &twice, 0.9, true);
        assert_eq!((other_low, other_high), (Some(0.5), Some(0.5)));
    }

    #[test]
    fn ends_are_open_where_runs_do_not_bound_them() {
        let here = runs((0..40).map(|i| 1000 + i));
        let mut few = here.clone();
        // Six of 40 never arrive: nothing bounds their 0.9 quantile from above.
        few.iter_mut().take(6).for_each(|run| run.1 = Reading { samples: 5000, censored: true });
        let (low, high) = ratio_interval(&few, &here, 0.9, true);
        assert!(low.is_some_and(|low| low > 0.9) && high.is_none(), "{low:?} {high:?}");
        let (low, high) = ratio_interval(&here, &few, 0.9, true);
        assert!(low.is_none() && high.is_some_and(|high| high < 1.1), "{low:?} {high:?}");
        assert_eq!(ratio_interval(&few, &few, 0.9, true), (None, None));
        let short = here[..35].to_vec();
        assert_eq!(ratio_interval(&short, &here, 0.9, true), (None, None));
        assert_eq!([35, 36].map(|runs| bounded_by(0.9, runs)), [false, true]);
        assert_eq!([5, 6].map(|runs| bounded_by(0.5, runs)), [false, true]);
    }

    /// Spearman's own formula, `1 - 6 sum d^2 / (n (n^2 - 1))`, for ranks without ties; with ties
    /// the value that SciPy prints.
    #[test]
    fn rank_correlations_are_spearmans() {
        let (x, y) = (runs([10, 20, 30, 40, 50]), runs([20, 10, 40, 30, 50]));
        assert!((rank_correlation(&x, &y) - 0.8).abs() < 1e-12);
        let (x, y) = (runs([1, 1, 2, 3]), runs([4, 5, 5, 9]));
        assert!((rank_correlation(&x, &y) - 0.833_333_333_333).abs() < 1e-9);
        assert_eq!((rank_correlation(&runs([1, 1]), &runs([1, 2])), rank_correlation(&x, &Runs::new())), (0.0, 0.0));
    }
}
