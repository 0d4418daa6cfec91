//! Is the law that is preferred the true one, and do intervals of its exponent at the largest T
//! cover the truth?
//!
//! Runs are drawn on the default grid, with a signal and a rest that add up to recovery run by run:
//! six settings, some of which fail to arrive, tasks that are hard for both parts at every setting,
//! and budgets that cut off the hardest cells. Of a *power* both parts grow with the same
//! exponents, so that recovery is a power. Of a *sum* the signal grows as T and the rest as T^0.4.
//! The truth is the 0.9 quantile of recovery at the best setting, by numerical integration, which
//! is not the sum of the quantiles of the parts.
//!
//! The median and its exponents are read at the settings of the quantile. Where nothing deviates,
//! intervals are so narrow that what quantiles that do not add leave out shows in them.
//!
//! The README quotes these numbers. With 400 repetitions the standard error of a coverage of 95 %
//! is 1.1 %, and of a share of 2.5 % it is 0.8 %; the seeds are fixed.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on says so by panicking")]

mod simulated;

use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64Mcg;
use report::Record;
use report::analysis::{Coefficient, Milestone, PreferredLaw, Question, Scaling, Term, needed, scalings};
use simulated::{Run, Tally, gauss, normal, percent, repeated};
use statrs::distribution::{Continuous, ContinuousCDF};

const REPETITIONS: u64 = 400;
const REPLICATES: i64 = 40;
const QUANTILE: f64 = 0.9;
const LARGEST: f64 = 2048.0;
/// The mean of the T, on a scale of logarithms.
const MIDDLE: f64 = 256.0;

/// How much longer a setting takes (in ln n) and how often it never arrives.
const SETTINGS: [(f64, f64); 6] = [(0.0, 0.02), (0.05, 0.0), (0.1, 0.06), (0.3, 0.0), (0.6, 0.0), (-0.15, 0.12)];

/// Standard deviation of the logarithms of both parts over replicates.
fn scatter(n: f64) -> f64 {
    0.35 * (3.0 / n).powf(0.7)
}

/// Share of that variance that belongs to the task, and is common to both parts and to all
/// settings.
const OF_TASK: f64 = 0.5;

/// A truth: the medians of signal and rest at the first setting, the budgets, and which pairs of N
/// and Q there are.
#[derive(Clone, Copy)]
struct Truth {
    name: &'static str,
    /// Standard deviations over pairs of N and Q of the exponent of T of each part, and over cells
    /// of the logarithms of the medians: what a tuning grid and the law itself miss.
    deviations: (f64, f64),
    parts: fn(f64, f64, f64) -> (f64, f64),
    budget: fn(f64) -> f64,
    pairs: &'static [(i64, i64)],
}

const ALL: &[(i64, i64)] = &[(3, 1), (3, 2), (3, 3), (4, 1), (4, 2), (4, 3), (6, 1), (6, 2), (6, 3)];

fn power(n: f64, q: f64, t: f64) -> (f64, f64) {
    let all = 30.0 * t.powf(0.8) * n.powf(-0.1) * q.powf(0.75);
    (0.4 * all, 0.6 * all)
}

fn sum(n: f64, q: f64, t: f64) -> (f64, f64) {
    (12.0 * t * (n / 3.0).powf(-0.5), 180.0 * q * t.powf(0.4) * (n / 3.0).powf(-0.3))
}

impl Truth {
    fn records(&self, rng: &mut Pcg64Mcg) -> Vec<Record> {
        let mut records = Vec::new();
        let (of_slope, of_cell) = self.deviations;
        for &(n, q) in self.pairs {
            let slopes = [of_slope * gauss(rng), of_slope * gauss(rng)];
            for t in (5..12).map(|power| 1i64 << power) {
                let (signal, rest) = (self.parts)(n as f64, q as f64, t as f64);
                let mut off = |slope: f64| (slope * (t as f64 / MIDDLE).ln() + of_cell * gauss(rng)).exp();
                let (signal, rest) = (signal * off(slopes[0]), rest * off(slopes[1]));
                let (scatter, budget) = (scatter(n as f64), (self.budget)(t as f64) as i64);
                for replicate in 0..REPLICATES {
                    let task = OF_TASK.sqrt() * gauss(rng);
                    for (setting, (shift, never)) in SETTINGS.into_iter().enumerate() {
                        let mut drawn = |median: f64| {
                            let deviation = task + (1.0 - OF_TASK).sqrt() * gauss(rng);
                            median * (shift + scatter * deviation).exp()
                        };
                        let (signal, rest) = (drawn(signal), drawn(rest));
                        let arrives = rng.random::<f64>() >= never;
                        let reached = arrives.then(|| (Some(signal.round() as i64), (signal + rest).round() as i64));
                        records.push(Run { cell: (n, q, t), setting, replicate, reached, budget }.record());
                    }
                }
            }
        }
        records
    }

    /// The quantile of recovery at the best setting.
    fn needed(&self, (n, q): (i64, i64), t: f64, level: f64) -> f64 {
        let (signal, rest) = (self.parts)(n as f64, q as f64, t);
        let s = scatter(n as f64);
        let of_setting = |(shift, never): (f64, f64)| {
            let level = level / (1.0 - never);
            if level >= 1.0 { f64::INFINITY } else { shift.exp() * quantile_of_sum((signal, rest), s, level) }
        };
        SETTINGS.into_iter().map(of_setting).fold(f64::INFINITY, f64::min)
    }

    /// `d ln n / d ln T` at the largest T, mean over the pairs.
    fn exponent(&self, level: f64) -> f64 {
        let step = 1.01f64;
        let of = |&pair: &(i64, i64)| {
            let [below, above] = [LARGEST / step, LARGEST * step].map(|t| self.needed(pair, t, level).ln());
            (above - below) / (2.0 * step.ln())
        };
        self.pairs.iter().map(of).sum::<f64>() / self.pairs.len() as f64
    }
}

/// The quantile of `a e^(s u) + b e^(s v)`, u and v standard normal with correlation [`OF_TASK`]:
/// by bisection of its distribution function, which is integrated over u.
fn quantile_of_sum((a, b): (f64, f64), s: f64, level: f64) -> f64 {
    let below = |x: f64| -> f64 {
        let steps = 400;
        let width = 12.0 / f64::from(steps);
        let at = |i: i32| {
            let u = -6.0 + (f64::from(i) + 0.5) * width;
            let left = x - a * (s * u).exp();
            if left <= 0.0 {
                return 0.0;
            }
            let v = ((left / b).ln() / s - OF_TASK * u) / (1.0 - OF_TASK * OF_TASK).sqrt();
            normal().pdf(u) * normal().cdf(v) * width
        };
        (0..steps).map(at).sum()
    };
    let (mut low, mut high) = (1e-3 * (a + b), 1e3 * (a + b));
    for _ in 0..60 {
        let middle = (low * high).sqrt();
        if below(middle) < level { low = middle } else { high = middle }
    }
    (low * high).sqrt()
}

#[derive(Default)]
struct Tallies {
    preferred: [Tally; 4],
    rejected: Tally,
    local: Tally,
    width: Tally,
    power: Tally,
    median: Tally,
    bounds: Tally,
    errors: [Tally; 3],
    known: Tally,
}

fn recovery(records: &[Record]) -> Scaling {
    let question = Question { quantile: QUANTILE, conditions: Vec::new(), tuned: Vec::new() };
    let mut rows = needed(records, &question);
    rows.retain(|row| row.milestone != Milestone::Support);
    scalings(&rows).into_iter().find(|scaling| scaling.milestone == Milestone::Recovery).unwrap()
}

fn covers(tally: &Tally, found: Option<Coefficient>, truth: f64) {
    let Some(Coefficient { estimate, interval: Some((low, high)), .. }) = found else { return };
    tally.add(low <= truth && truth <= high, estimate);
}

fn measure(truth: &Truth) -> Tallies {
    let tallies = Tallies::default();
    let (at_quantile, at_median) = (truth.exponent(QUANTILE), truth.exponent(0.5));
    repeated(REPETITIONS, |seed| {
        let scaling = recovery(&truth.records(&mut Pcg64Mcg::seed_from_u64(seed)));
        let preferred = scaling.preferred_law();
        let laws = [PreferredLaw::Power, PreferredLaw::Polylog, PreferredLaw::Sum, PreferredLaw::Undecided];
        tallies.preferred.iter().zip(laws).for_each(|(tally, law)| tally.add(preferred == law, 0.0));
        tallies.rejected.add(scaling.sum_weight.is_some_and(|weight| weight.interval.0 > 0.0), 0.0);
        let sum = scaling.sum.as_ref();
        tallies.known.add(sum.is_some_and(|sum| sum.local_exponent.interval.is_some()), 0.0);
        covers(&tallies.local, sum.map(|sum| sum.local_exponent), at_quantile);
        if let Some((low, high)) = sum.and_then(|sum| sum.local_exponent.interval) {
            tallies.width.add(true, high - low);
        }
        let of_power = scaling.power.as_ref().unwrap();
        covers(&tallies.power, of_power.coefficient(Term::T), at_quantile);
        covers(&tallies.median, scaling.median.sum.as_ref().map(|sum| sum.local_exponent), at_median);
        tallies.bounds.add(true, of_power.censored as f64 / of_power.cells as f64);
        if let Some(held_out) = &scaling.held_out {
            let errors = [Some(held_out.power), Some(held_out.polylog), held_out.sum];
            tallies.errors.iter().zip(errors).for_each(|(tally, error)| {
                error.into_iter().for_each(|error| tally.add(true, error));
            });
        }
    });
    let Tallies { preferred, rejected, local, width, power, median, bounds, errors, known } = &tallies;
    println!("{}: grows as T^{at_quantile:.3} at T = {LARGEST}, the median as T^{at_median:.3}", truth.name);
    println!("  of {} cells {} are bounds", 7 * truth.pairs.len(), percent(bounds.mean()));
    let shares: Vec<String> = preferred.iter().map(|tally| percent(tally.share())).collect();
    println!("  preferred: power {}, ln T {}, sum {}, undecided {}", shares[0], shares[1], shares[2], shares[3]);
    println!("  the power is rejected for the sum in {}", percent(rejected.share()));
    println!(
        "  exponent at the largest T: by the sum covered in {} (mean {:.3}, width {:.3}, there in {}), of the median \
         in {}; by the power law in {} (mean {:.3})",
        percent(local.share()),
        local.mean(),
        width.mean(),
        percent(known.share()),
        percent(median.share()),
        percent(power.share()),
        power.mean()
    );
    let off = |tally: &Tally| percent(tally.mean().exp() - 1.0);
    println!(
        "  off at the largest T, unseen: power {}, ln T {}, sum {}",
        off(&errors[0]),
        off(&errors[1]),
        off(&errors[2])
    );
    tallies
}

/// Of each truth: whether the law that is preferred is the true one, whether the exponent at the
/// largest T is covered, and how far each law is off there.
#[test]
fn the_true_law_is_preferred_and_its_exponent_covered() {
    println!("{REPETITIONS} repetitions of the default grid with {REPLICATES} replicates");
    let exact = Truth { name: "", deviations: (0.0, 0.0), parts: sum, budget: |t| 28.0 * t + 3800.0, pairs: ALL };
    let deviations = (0.05, 0.1);
    let of_power = Truth { parts: power, budget: |t| 26.0 * t + 500.0, ..exact };
    let powers = [
        measure(&Truth { name: "a power of T", ..of_power }),
        measure(&Truth { name: "a power of T, pairs and cells deviate", deviations, ..of_power }),
    ];
    let exact_sum = measure(&Truth { name: "a sum", ..exact });
    let sums = [
        measure(&Truth { name: "a sum, pairs and cells deviate", deviations, ..exact }),
        measure(&Truth { name: "the same, tight budgets", deviations, budget: |t| 20.0 * t + 2600.0, ..exact }),
    ];
    let alone = measure(&Truth { name: "a sum at one N and Q", pairs: &[(4, 2)], ..exact });
    let [power, polylog, sum] = [0, 1, 2].map(|law| move |tallies: &Tallies| tallies.preferred[law].share());
    for tallies in powers.iter().chain(&sums).chain([&alone]) {
        assert!((0.92..=0.98).contains(&tallies.local.share()), "{}", tallies.local.share());
    }
    // 2.5 % by the rule, and three standard errors.
    assert!(powers.iter().all(|tallies| tallies.rejected.share() < 0.05 && sum(tallies) < 0.05));
    assert!(sums.iter().chain([&exact_sum, &alone]).all(|tallies| power(tallies) + polylog(tallies) < 0.05));
    assert!(sum(&exact_sum) > 0.95 && sums.iter().all(|tallies| sum(tallies) > 0.8));
    // What quantiles that do not add up cost.
    assert!((exact_sum.local.mean() - exact.exponent(QUANTILE)).abs() < 0.015);
}
