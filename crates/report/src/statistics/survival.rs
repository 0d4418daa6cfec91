//! Success curves: the share of runs that has reached a milestone, against samples, where some runs
//! were not seen to reach it.
//!
//! Quantiles take the worst case: a run that was not seen to reach the milestone counts as later
//! than all that did. The curve is the estimate of Kaplan and Meier (1958), which treats such a run
//! like those that are still running. That is only an estimate where runs stop for reasons of their
//! own. The two agree where every run that did not reach the milestone was watched to the end.

use statrs::distribution::{Binomial, DiscreteCDF};

use super::confidence::{ALPHA, wilson};
use super::order_statistics::{Reading, SLACK, quantile};

/// One step of a [`SuccessCurve`]. Shares are in `[0, 1]`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CurveStep {
    /// Where it is.
    pub samples: i64,
    /// Share of the runs that have reached by then.
    pub share: f64,
    /// Lower end of its 95 % interval.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

/// The share of runs that have reached a milestone, against samples.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct SuccessCurve {
    /// In ascending order.
    readings: Vec<Reading>,
}

impl SuccessCurve {
    /// Of these runs.
    #[must_use]
    pub fn of(mut readings: Vec<Reading>) -> Self {
        readings.sort_unstable();
        Self { readings }
    }

    /// What it is made of, in ascending order.
    #[must_use]
    pub fn readings(&self) -> &[Reading] {
        &self.readings
    }

    /// How many runs reached.
    #[must_use]
    pub fn reached(&self) -> usize {
        self.readings.iter().filter(|r| !r.censored).count()
    }

    /// The share that has reached by so many samples.
    #[must_use]
    pub fn share(&self, samples: i64) -> f64 {
        let mut left = ProductLimit::of(self.readings.len());
        self.readings.iter().take_while(|r| r.samples <= samples).for_each(|r| left.pass(r.censored));
        left.reached()
    }

    /// The smallest count by which a share of at least `level` of the runs is known to have
    /// reached. Where fewer are, a count that it exceeds, censored: as many runs as would make up
    /// that share reach no earlier. `None` without runs.
    #[must_use]
    pub fn quantile(&self, level: f64) -> Option<Reading> {
        quantile(self.readings.iter().copied(), self.readings.len(), level)
    }

    /// 95 % interval of the `level` quantile that supposes nothing about its distribution: the
    /// order statistics between which it lies by the binomial distribution (Thompson 1936), at
    /// least as often as said. An end is `None` where so few runs bound nothing (the upper end of
    /// the 0.9 quantile takes 36), or where the share was not reached.
    #[must_use]
    pub fn interval(&self, level: f64) -> (Option<i64>, Option<i64>) {
        let runs = self.readings.len();
        let Ok(binomial) = Binomial::new(level, runs as u64) else { return (None, None) };
        // The l-th smallest lies above the quantile if fewer than l runs lie below it.
        let below = |l: usize| if l == 0 { 0.0 } else { binomial.cdf(l as u64 - 1) };
        let lower = (1..=runs).rev().find(|&l| below(l) <= ALPHA / 2.0);
        let upper = (1..=runs).find(|&u| 1.0 - below(u) <= ALPHA / 2.0);
        let at = |rank: usize| self.quantile(rank as f64 / runs as f64);
        let low = lower.and_then(at).map(|r| r.samples);
        (low, upper.and_then(at).filter(|r| !r.censored).map(|r| r.samples))
    }

    /// Its steps, each with an interval: Wilson's, for as many runs as would have this variance
    /// (Greenwood's) had all been seen to the end (Dorey and Korn 1987).
    #[must_use]
    pub fn steps(&self) -> Vec<CurveStep> {
        let mut steps: Vec<CurveStep> = Vec::new();
        let mut left = ProductLimit::of(self.readings.len());
        let mut effective = self.readings.len() as f64;
        for (i, reading) in self.readings.iter().enumerate() {
            left.pass(reading.censored);
            let last_of_its_count = self.readings.get(i + 1).is_none_or(|next| next.samples > reading.samples);
            let fell = left.reached() > steps.last().map_or(0.0, |s| s.share);
            if !(fell && last_of_its_count) {
                continue;
            }
            // Greenwood's variance has no meaning where all have reached; then those that were seen
            // to are what is known.
            effective = if left.share > SLACK {
                (1.0 - left.share) / (left.share * left.greenwood)
            } else {
                effective.min(self.reached() as f64)
            };
            let (low, high) = wilson(left.reached(), effective);
            steps.push(CurveStep { samples: reading.samples, share: left.reached(), low, high });
        }
        steps
    }
}

/// Kaplan and Meier's product as it goes from run to run.
struct ProductLimit {
    at_risk: usize,
    /// Share that has not reached.
    share: f64,
    /// Greenwood's sum.
    greenwood: f64,
}

impl ProductLimit {
    fn of(runs: usize) -> Self {
        Self { at_risk: runs, share: 1.0, greenwood: 0.0 }
    }

    fn pass(&mut self, censored: bool) {
        let n = self.at_risk as f64;
        if !censored {
            // One run at a time: the product and the sum over equal counts come out as if they were
            // taken together.
            self.share *= (n - 1.0) / n;
            if n > 1.0 {
                self.greenwood += 1.0 / (n * (n - 1.0));
            }
        }
        self.at_risk -= 1;
    }

    fn reached(&self) -> f64 {
        1.0 - self.share
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn curve(reached: &[i64], censored: &[i64]) -> SuccessCurve {
        let reading = |censored| move |&samples| Reading { samples, censored };
        SuccessCurve::of(reached.iter().map(reading(false)).chain(censored.iter().map(reading(true))).collect())
    }

    /// Remission of leukaemia under 6-MP, in weeks (Freireich and others 1963), with the estimates
    /// and Greenwood's standard errors that textbooks print for it.
    #[test]
    fn the_curve_of_a_published_trial_comes_out() {
        let trial = curve(&[6, 6, 6, 7, 10, 13, 16, 22, 23], &[6, 9, 10, 11, 17, 19, 20, 25, 32, 32, 34, 35]);
        let published = [
            (6, 0.857, 0.0764),
            (7, 0.807, 0.0869),
            (10, 0.753, 0.0963),
            (13, 0.690, 0.1068),
            (16, 0.627, 0.1141),
            (22, 0.538, 0.1282),
            (23, 0.448, 0.1346),
        ];
        let steps = trial.steps();
        assert_eq!(steps.len(), published.len());
        for (step, (week, left, error)) in steps.iter().zip(published) {
            assert_eq!(step.samples, week);
            assert!((1.0 - step.share - left).abs() < 6e-4, "{step:?}");
            // The interval is Wilson's for the number of runs that has this standard error.
            let effective = left * (1.0 - left) / (error * error);
            let (low, high) = wilson(1.0 - left, effective);
            assert!((step.low - low).abs() < 3e-3 && (step.high - high).abs() < 3e-3, "{step:?} {low} {high}");
        }
        // Nine of 21 were seen to relapse: a third by week 13, no half; the eleventh of all was
        // last seen in week 16.
        assert_eq!(trial.quantile(1.0 / 3.0), Some(Reading { samples: 16, censored: false }));
        assert_eq!(trial.quantile(0.5), Some(Reading { samples: 16, censored: true }));
        assert_eq!(trial.quantile(0.9), Some(Reading { samples: 32, censored: true }));
        assert!((trial.share(12) - (1.0 - 0.753)).abs() < 6e-4 && trial.share(5) == 0.0);
    }

    #[test]
    fn the_quantile_is_the_order_statistic_worked_out_by_hand() {
        let quantile =
            |ns: &[i64], censored: &[i64], level| curve(ns, censored).quantile(level).map(|r| (r.samples, r.censored));
        // 9 of 10 by 90; the tenth would be 100.
        let ten: Vec<i64> = (1..=10).rev().map(|i| 10 * i).collect();
        assert_eq!(quantile(&ten, &[], 0.9), Some((90, false)));
        assert_eq!(quantile(&ten, &[], 0.91), Some((100, false)));
        assert_eq!(quantile(&ten, &[], 1.0), Some((100, false)));
        assert_eq!(quantile(&ten, &[], 0.05), Some((10, false)));
        // Of 11 runs 10 are needed (9.9 rounds up); of 12, 11.
        assert_eq!(quantile(&ten, &[500], 0.9), Some((100, false)));
        assert_eq!(quantile(&ten, &[500, 500], 0.9), Some((500, true)));
        // A run last seen at 55 may have reached at 56 or never: it counts as later than all.
        assert_eq!(quantile(&ten, &[55], 0.9), Some((100, false)));
        assert_eq!(quantile(&ten, &[55], 0.5), Some((60, false)));
        assert_eq!(
            quantile(&ten, &[55, 56], 0.9),
            Some((90, true)),
            "the eleventh of twelve is no earlier than the ninth of ten"
        );
        // Nine last seen at 30 and one at 1000: what nine of ten need is no more than known to
        // exceed 30.
        assert_eq!(quantile(&[], &[30, 30, 30, 30, 30, 30, 30, 30, 30, 1000], 0.9), Some((30, true)));
        assert_eq!(quantile(&[], &[], 0.9), None);
    }

    /// Wilson's interval for 9 of 10, as printed by statistics packages: 0.596 to 0.982.
    #[test]
    fn bands_agree_with_a_published_interval_where_nothing_is_censored() {
        let ten: Vec<i64> = (1..=10).collect();
        let steps = curve(&ten, &[]).steps();
        assert!((steps[8].low - 0.5958).abs() < 1e-4 && (steps[8].high - 0.9821).abs() < 1e-4);
        let late = curve(&[10], &[1, 2, 3, 4, 5, 6, 7, 8, 9]).steps();
        assert!(late[0].share == 1.0 && late[0].low < 0.25, "one run was seen to the end: {late:?}");
        assert!(steps[9].share == 1.0 && steps[9].high == 1.0 && (0.6..0.8).contains(&steps[9].low));
    }

    /// Ranks from tables of the binomial distribution: of 40 runs the 32nd and the 40th for the 0.9
    /// quantile; for a median of 10 the 2nd and the 9th.
    #[test]
    fn intervals_are_the_order_statistics_of_the_tables() {
        let runs = |n: i64| (1..=n).collect::<Vec<_>>();
        assert_eq!(curve(&runs(40), &[]).interval(0.9), (Some(32), Some(40)));
        assert_eq!(curve(&runs(10), &[]).interval(0.5), (Some(2), Some(9)));
        assert_eq!(curve(&runs(36), &[]).interval(0.9).1, Some(36));
        assert_eq!(curve(&runs(35), &[]).interval(0.9).1, None, "0.9^35 is more than 0.025");
        // One of 40 never reached: nothing bounds the quantile from above.
        assert_eq!(curve(&runs(39), &[99]).interval(0.9), (Some(32), None));
        assert_eq!(curve(&[7], &[]).interval(0.9), (None, None));
        assert_eq!(curve(&[], &[]).interval(0.9), (None, None));
    }
}
