//! Hyperparameters chosen on one half of the replicates and judged on the other, both ways round.
//!
//! The best of many settings needs too few samples on the runs that chose it: the choice favours
//! settings that had luck on these runs (the winner's curse, or in-sample optimism). So each
//! replicate is read at the setting that the *other* half chose. The readings of both halves
//! together are as many as there are replicates, each at a setting that was chosen without it.
//! Which replicates make a half is random, so they are split [`SPLITS`] times, and of these splits
//! the one with the median quantile is taken.
//!
//! A half has few runs. Where a tenth of all runs never arrive, a setting has no 0.9 quantile, but
//! the few runs of a half may all arrive; such a setting looks fastest on this half and fails on
//! the other. So a half reads not the quantile itself but an upper confidence bound of it: an order
//! statistic, by the binomial distribution, or its last run.
//!
//! Of S settings that just have no quantile, `S (1 - c)` pass at confidence c. So the confidence
//! rises with S ([`confidence`]), which keeps this number at [`LUCKY`]. A half of r runs can give
//! no more confidence than `1 - level^r`, when all of them arrive. Where S would need more
//! ([`settings_borne`]), nothing is chosen, because the choice would be luck.
//! `tests/calibration.rs` shows what happens with settings that change nothing.

use std::cmp::Ordering;
use std::collections::BTreeSet;

use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_pcg::Pcg64Mcg;
use statrs::distribution::{ContinuousCDF, Normal};

use super::order_statistics::{Reading, quantile};
use super::survival::SuccessCurve;

/// How often the replicates are split; odd, so that there is a middle.
pub const SPLITS: u64 = 21;

/// How many settings whose quantile is just not reached may pass for good ones in a half, on
/// average.
pub const LUCKY: f64 = 2.0;

/// The least confidence of a half that a setting needs no more than it says; what few settings get.
pub const LEAST_CONFIDENCE: f64 = 0.6;

/// How confident a half must be of a setting that is one of so many.
#[must_use]
pub fn confidence(settings: usize) -> f64 {
    (1.0 - LUCKY / settings.max(1) as f64).max(LEAST_CONFIDENCE)
}

/// The number of settings among which so many replicates allow a choice by the `level` quantile:
/// the replicates "bear" so many. A single replicate has no halves.
#[must_use]
pub fn settings_borne(level: f64, replicates: usize) -> usize {
    let none_late = libm::pow(level, (replicates / 2) as f64);
    if replicates < 2 { 1 } else { (LUCKY / none_late).min(MAX_SETTINGS) as usize }
}

/// More settings than any sweep has.
const MAX_SETTINGS: f64 = 1e9;

/// How many replicates allow a choice among so many settings; `None` if no number does, as where
/// every run must arrive.
#[must_use]
pub fn replicates_for(level: f64, settings: usize) -> Option<usize> {
    // The least half with `LUCKY / level^half >= settings`, give or take the rounding of
    // logarithms.
    if settings <= settings_borne(level, 2) {
        return Some(2);
    }
    let half = (libm::log(settings as f64 / LUCKY) / -libm::log(level)).ceil();
    if level >= 1.0 || half > MAX_SETTINGS {
        return None;
    }
    let half = half as usize;
    (half.saturating_sub(1).max(1)..=half + 1).map(|half| 2 * half).find(|&r| settings_borne(level, r) >= settings)
}

/// The runs at one setting of the hyperparameters: a replicate and its reading.
pub type Runs = Vec<(i64, Reading)>;

/// What [`choose`] finds.
#[derive(Debug, Clone, PartialEq)]
pub struct Choice {
    /// The setting that all replicates together would choose.
    pub best: usize,
    /// How many of `runs` are at that setting: the others are at what the other half chose instead.
    pub at_best: usize,
    /// The runs, each at a setting chosen without it.
    pub curve: SuccessCurve,
    /// The same, by replicate.
    pub runs: Runs,
    /// The quantile at the setting that is best on all runs, on these same runs: smaller than what
    /// new runs need, on average.
    pub in_sample: Reading,
    /// A lower bound that holds whatever the halves chose: `in_sample`, or, where no setting
    /// reaches the quantile, the smallest count that the quantile of one of them exceeds.
    pub least: i64,
    /// Settings that were to be chosen among.
    pub settings: usize,
    /// Whether these were more than the replicates bear: nothing but a bound is known then.
    pub refused: bool,
}

/// Chooses among settings by `chosen_by` and reads `judged`, the same runs and settings; both may
/// be of the same milestone. With a single replicate there is nothing to split, and with a single
/// setting nothing to choose. `None` if there are no runs.
#[must_use]
pub fn choose(chosen_by: &[Runs], judged: &[Runs], level: f64) -> Option<Choice> {
    let settings = chosen_by.iter().filter(|runs| !runs.is_empty()).count();
    let replicates: BTreeSet<i64> = chosen_by.iter().flatten().map(|&(replicate, _)| replicate).collect();
    let refused = settings > 1 && settings > settings_borne(level, replicates.len());
    choose_with(chosen_by, judged, level, confidence(settings)).map(|choice| Choice { refused, ..choice })
}

/// As [`choose`], with a confidence of its own, and however many settings there are.
#[must_use]
pub fn choose_with(chosen_by: &[Runs], judged: &[Runs], level: f64, confidence: f64) -> Option<Choice> {
    let replicates: BTreeSet<i64> = chosen_by.iter().flatten().map(|&(replicate, _)| replicate).collect();
    let replicates: Vec<i64> = replicates.into_iter().collect();
    let settings: Vec<SettingRuns> = chosen_by.iter().map(|runs| SettingRuns::new(runs, &replicates)).collect();
    let everyone = vec![true; replicates.len()];
    let best = best_of(&settings, &everyone, true, (level, confidence))?;
    let quantile_of = |runs: &Runs| of_all(runs).quantile(level);
    let luckiest = (0..settings.len())
        .filter_map(|i| Some((finite_first(&quantile_of(&chosen_by[i])?), i)))
        .min()
        .map_or(best, |(_, i)| i);
    let in_sample = quantile_of(&judged[luckiest])?;
    let bounds = judged.iter().filter_map(quantile_of).map(|r| r.samples);
    let least = if in_sample.censored { bounds.min().unwrap_or(in_sample.samples) } else { in_sample.samples };
    let count = chosen_by.iter().filter(|runs| !runs.is_empty()).count();
    let made = |runs: Runs, at_best| Choice {
        best,
        at_best,
        curve: of_all(&runs),
        runs,
        in_sample,
        least,
        settings: count,
        refused: false,
    };
    let unsplit = || made(judged[best].clone(), judged[best].len());
    if settings.len() == 1 || replicates.len() < 2 {
        return Some(unsplit());
    }
    let by_replicate: Vec<SettingRuns> = judged.iter().map(|runs| SettingRuns::new(runs, &replicates)).collect();
    let mut splits: Vec<(Runs, usize, Reading)> = (0..SPLITS)
        .filter_map(|split| {
            let first = half(replicates.len(), split);
            let choices = [true, false].map(|side| best_of(&settings, &first, side, (level, confidence)));
            let choices = [choices[0]?, choices[1]?];
            let at = |(i, &is_first): (usize, &bool)| {
                let setting = choices[usize::from(is_first)];
                Some((setting == best, (replicates[i], by_replicate[setting].by_replicate[i]?)))
            };
            let (are_at_best, runs): (Vec<bool>, Runs) = first.iter().enumerate().filter_map(at).unzip();
            let at_best = are_at_best.into_iter().filter(|&is| is).count();
            quantile_of(&runs).map(|reading| (runs, at_best, reading))
        })
        .collect();
    splits.sort_by_key(|(_, _, reading)| finite_first(reading));
    let middle = splits.len() / 2;
    // Where only part of the jobs has run, no setting may have runs in both halves.
    Some(splits.into_iter().nth(middle).map_or_else(unsplit, |(runs, at_best, _)| made(runs, at_best)))
}

fn finite_first(reading: &Reading) -> (bool, i64) {
    (reading.censored, reading.samples)
}

/// All runs of a setting.
fn of_all(runs: &[(i64, Reading)]) -> SuccessCurve {
    SuccessCurve::of(runs.iter().map(|&(_, reading)| reading).collect())
}

/// Which of so many replicates are in the first half of a split.
fn half(replicates: usize, split: u64) -> Vec<bool> {
    let mut first: Vec<bool> = (0..replicates).map(|i| i % 2 == 0).collect();
    first.shuffle(&mut Pcg64Mcg::seed_from_u64(split));
    first
}

/// The runs of a setting twice: in the order of their readings, and by replicate.
struct SettingRuns {
    sorted: Vec<(Reading, usize)>,
    by_replicate: Vec<Option<Reading>>,
}

/// How good a setting looks on a half.
struct Score {
    quantile: Reading,
    share: f64,
    median: Reading,
}

impl SettingRuns {
    fn new(runs: &Runs, replicates: &[i64]) -> Self {
        let mut sorted: Vec<(Reading, usize)> = runs
            .iter()
            .filter_map(|(replicate, reading)| Some((*reading, replicates.binary_search(replicate).ok()?)))
            .collect();
        sorted.sort_unstable();
        let mut by_replicate = vec![None; replicates.len()];
        sorted.iter().for_each(|&(reading, i)| by_replicate[i] = Some(reading));
        Self { sorted, by_replicate }
    }

    fn score(&self, first: &[bool], side: bool, (level, confidence): (f64, f64)) -> Option<Score> {
        let readings = || self.sorted.iter().filter(|(_, i)| first[*i] == side).map(|&(reading, _)| reading);
        let runs = readings().count();
        Some(Score {
            quantile: quantile(readings(), runs, confident_rank(level, runs, confidence) as f64 / runs as f64)?,
            share: readings().filter(|r| !r.censored).count() as f64 / runs as f64,
            median: quantile(readings(), runs, 0.5)?,
        })
    }
}

impl Score {
    /// Reached beats not reached; then fewer samples; among those not reached, a larger share of
    /// runs that did.
    fn compare(&self, other: &Self) -> Ordering {
        let last = || finite_first(&self.median).cmp(&finite_first(&other.median));
        self.quantile.censored.cmp(&other.quantile.censored).then_with(|| {
            if self.quantile.censored {
                other.share.total_cmp(&self.share).then_with(last)
            } else {
                self.quantile.samples.cmp(&other.quantile.samples).then_with(last)
            }
        })
    }
}

/// The rank of the smallest of so many runs that lies above the quantile with probability
/// `confidence`, or the last.
#[must_use]
pub fn confident_rank(level: f64, runs: usize, confidence: f64) -> usize {
    // The r-th smallest lies below the quantile if no more than n - r runs lie above: binomial,
    // summed from none upwards. One pass costs less than one call of statrs's distribution
    // function, and every setting of every split asks.
    let mut exactly = libm::pow(level, runs as f64);
    if exactly < f64::MIN_POSITIVE {
        // So many runs that the binomial distribution is normal.
        let deviation = libm::sqrt(runs as f64 * level * (1.0 - level));
        let above = Normal::standard().inverse_cdf(confidence);
        return ((level * runs as f64 + above * deviation).ceil() as usize).clamp(1, runs);
    }
    let (mut above, mut at_most) = (0, exactly);
    while at_most <= 1.0 - confidence && above + 1 < runs {
        exactly *= (runs - above) as f64 / (above + 1) as f64 * (1.0 - level) / level;
        above += 1;
        at_most += exactly;
    }
    // The last count of runs above for which that is still improbable.
    if at_most <= 1.0 - confidence { 1 } else { runs - above.saturating_sub(1) }
}

/// The best setting on one side of a split; of equals the first.
fn best_of(settings: &[SettingRuns], first: &[bool], side: bool, by: (f64, f64)) -> Option<usize> {
    let scores = settings.iter().enumerate().filter_map(|(i, s)| Some((i, s.score(first, side, by)?)));
    scores.min_by(|(_, a), (_, b)| a.compare(b)).map(|(i, _)| i)
}

#[cfg(test)]
mod tests {
    use rand::RngExt;
    use statrs::distribution::{Binomial, DiscreteCDF};

    use super::*;

    fn reached(samples: i64) -> Reading {
        Reading { samples, censored: false }
    }

    fn never(samples: i64) -> Reading {
        Reading { samples, censored: true }
    }

    fn runs(readings: impl IntoIterator<Item = Reading>) -> Runs {
        (0..).zip(readings).collect()
    }

    #[test]
    fn a_setting_that_is_best_on_every_half_is_read_as_it_is() {
        let slow = runs((0..20).map(|i| reached(1000 + i)));
        let fast = runs((0..20).map(|i| reached(100 + i)));
        let choice = choose(&[slow.clone(), fast.clone()], &[slow, fast.clone()], 0.9).unwrap();
        assert_eq!((choice.best, &choice.curve, choice.in_sample), (1, &of_all(&fast), reached(117)));
        assert_eq!(choice.at_best, 20);
    }

    /// Settings whose readings are odd and even, so that a reading tells where it is from. They are
    /// so alike that the halves often disagree.
    #[test]
    fn runs_at_the_best_setting_are_counted() {
        let (mut all, mut some) = (0, 0);
        for seed in 0..50 {
            let mut rng = Pcg64Mcg::seed_from_u64(seed);
            let mut drawn = |parity| runs((0..20).map(|_| reached(2 * rng.random_range(50..200i64) + parity)));
            let settings = [drawn(0), drawn(1)];
            let choice = choose(&settings, &settings, 0.9).unwrap();
            let there = choice.runs.iter().filter(|(_, r)| r.samples % 2 == choice.best as i64).count();
            assert_eq!(choice.at_best, there, "seed {seed}");
            (all, some) = (all + usize::from(there == 20), some + usize::from((1..20).contains(&there)));
        }
        assert!(all > 5 && some > 5, "{all} of one setting, {some} of both");
    }

    /// Two settings that are equal but for luck: the lucky runs of each are read at the other.
    /// Worked out by hand: replicate 0 is slow at the first setting, 1 at the second, so whichever
    /// half holds a slow run chooses the other setting, at which the other half is slow.
    #[test]
    fn no_run_is_read_at_a_setting_that_it_chose() {
        let slow_at = |slow: i64| runs((0..2).map(|i| reached(if i == slow { 900 } else { 100 })));
        let settings = [slow_at(0), slow_at(1)];
        let choice = choose(&settings, &settings, 0.5).unwrap();
        // Each half has one replicate; it chooses where it is fast, and there the other one is
        // slow.
        assert_eq!(choice.curve.readings(), [reached(900), reached(900)]);
        assert_eq!(choice.in_sample, reached(100));
    }

    /// By tables of the binomial distribution: with p = 0.9, fewer than 20 of 20 in 0.878 of all
    /// cases, fewer than 19 in 0.608; fewer than 38 of 40 in 0.777, fewer than 37 in 0.577; with p
    /// = 0.5, fewer than 6 of 10 in 0.623.
    #[test]
    fn a_half_is_as_sure_as_it_says() {
        let six_tenths = |level, runs| confident_rank(level, runs, LEAST_CONFIDENCE);
        assert_eq!([(0.9, 20), (0.9, 40), (0.9, 8), (0.5, 10)].map(|(q, n)| six_tenths(q, n)), [19, 38, 8, 6]);
        assert_eq!(
            (confident_rank(0.9, 20, 0.7), confident_rank(0.9, 20, 0.99)),
            (20, 20),
            "all of 20 is the most there is"
        );
        // By the distribution function of a library, and where nothing is left to sum.
        for (level, runs) in [(0.9, 100), (0.25, 33), (0.999, 50), (0.01, 7), (0.5, 1)] {
            let binomial = Binomial::new(level, runs as u64).unwrap();
            let slow = (1..=runs).find(|&r| binomial.cdf(r as u64 - 1) >= LEAST_CONFIDENCE).unwrap_or(runs);
            assert_eq!(six_tenths(level, runs), slow, "{level} {runs}");
        }
        assert_eq!(six_tenths(0.5, 10_000), 5013);
    }

    /// `0.9^20 = 0.1216`, `0.9^15 = 0.2059`: 2 of 16.4 and of 9.7 settings at the edge have no late
    /// run in a half.
    #[test]
    fn settings_are_borne_as_long_as_a_half_can_be_confident_enough() {
        assert_eq!([40, 30, 4, 2, 1].map(|replicates| settings_borne(0.9, replicates)), [16, 9, 2, 2, 1]);
        assert_eq!([16, 17, 54, 1].map(|settings| replicates_for(0.9, settings)), [40, 42, 64, 2].map(Some));
        for (level, settings) in [(0.5, 3), (0.9, 2), (0.9, 1000), (0.999, 77), (1e-6, 40)] {
            let slow = (1..).map(|half| 2 * half).find(|&r| settings_borne(level, r) >= settings);
            assert_eq!(replicates_for(level, settings), slow, "{level} {settings}");
        }
        // The largest of all runs is bounded by no number of them.
        assert_eq!((replicates_for(1.0, 3), replicates_for(1.0, 2)), (None, Some(2)));
        assert_eq!((confidence(3), confidence(20)), (0.6, 0.9));
        // Settings of 20 replicates: 0.9^10 = 0.349, so no more than five.
        let equal: Vec<Runs> = (0..12).map(|_| runs((0..20).map(|i| reached(100 + i)))).collect();
        let refused = |count: usize| choose(&equal[..count], &equal[..count], 0.9).unwrap().refused;
        assert_eq!((refused(5), refused(6), refused(1)), (false, true, false));
        let one = runs([reached(5)]);
        assert!(choose(&[one.clone(), one.clone()], &[one.clone(), one.clone()], 0.9).unwrap().refused, "no halves");
        let only = std::slice::from_ref(&one);
        assert!(!choose(only, only, 0.9).unwrap().refused);
    }

    #[test]
    fn halves_are_halves_and_splits_differ() {
        let splits: BTreeSet<Vec<bool>> = (0..SPLITS).map(|split| half(9, split)).collect();
        assert!(splits.iter().all(|first| first.iter().filter(|f| **f).count() == 5));
        assert!(splits.len() > 15, "{}", splits.len());
    }

    #[test]
    fn a_single_run_of_a_half_that_never_arrives_counts_against_a_setting() {
        // Of 8 runs the 0.9 quantile is the last: all together choose the slower setting. So does
        // the half with the run that never arrives; the other half does not know better, and that
        // run is read at its choice.
        let edge = runs((0..8).map(|i| if i == 3 { never(5000) } else { reached(100) }));
        let safe = runs((0..8).map(|_| reached(400)));
        let choice = choose(&[edge.clone(), safe.clone()], &[edge, safe], 0.9).unwrap();
        assert_eq!((choice.best, choice.curve.quantile(0.9)), (1, Some(never(5000))));
    }

    #[test]
    fn where_none_arrives_the_setting_with_the_larger_share_is_chosen_and_missing_runs_are_left_out() {
        let few = runs((0..10).map(|i| if i < 2 { reached(10) } else { never(5000) }));
        let half = runs((0..10).map(|i| if i < 6 { reached(90) } else { never(5000) }));
        let none = Vec::new();
        let choice = choose(&[few.clone(), none.clone(), half.clone()], &[few, none, half], 0.9).unwrap();
        assert_eq!((choice.best, choice.curve.quantile(0.9)), (2, Some(never(5000))));
        assert_eq!(choose(&[Vec::new()], &[Vec::new()], 0.9), None);
        let apart = [vec![(0, reached(5))], vec![(1, reached(7))]];
        assert_eq!(choose(&apart, &apart, 0.9).unwrap().curve, of_all(&apart[0]), "no setting has runs in both halves");
        let one = [runs([reached(5)]), runs([reached(7)])];
        assert_eq!(choose(&one, &one, 0.9).unwrap().curve, of_all(&one[0]), "one replicate cannot be split");
    }
}
