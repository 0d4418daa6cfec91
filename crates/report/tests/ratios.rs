//! Does the 95 % interval of a ratio of needed samples cover the truth in 92 to 98 of 100 cases?
//!
//! Runs of two sides are drawn from log-normal distributions whose 0.9 quantiles are known, with
//! tasks that both sides share to some part, settings to choose among, runs that never arrive and
//! budgets that cut runs off. Then everything between readings and the ratio is done to them,
//! [`REPETITIONS`] times. The standard error of a coverage of 95 % is 0.5 %, so coverages are held
//! to 91.5 to 98.5 %; the seeds are fixed.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on says so by panicking")]

use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64Mcg;
use report::statistics::cross_fitting::{Runs, choose};
use report::statistics::order_statistics::Reading;
use report::statistics::ratio::ratio_interval;
use statrs::distribution::{ContinuousCDF, Normal};

const REPETITIONS: u64 = 2000;
const QUANTILE: f64 = 0.9;

/// How the runs of one side behave.
#[derive(Clone, Copy)]
struct Side {
    /// Of each setting how much longer it takes, in ln n, and how often it never arrives.
    settings: &'static [(f64, f64)],
    /// Standard deviation of ln n over replicates.
    scatter: f64,
    /// Median of ln n at a setting of no delay.
    level: f64,
    /// Logarithm of the budget.
    budget: f64,
}

const ONE: &[(f64, f64)] = &[(0.0, 0.0)];
const RISKY: &[(f64, f64)] = &[(0.0, 0.05)];
const SIX: &[(f64, f64)] = &[(0.0, 0.02), (0.05, 0.0), (0.1, 0.06), (0.3, 0.0), (0.6, 0.0), (-0.15, 0.12)];

/// Name, the side that is compared, the reference.
const CASES: [(&str, Side, Side); 6] = [
    ("one setting", side(ONE, 0.3, 9.0, 20.0), side(ONE, 0.3, 8.0, 20.0)),
    ("unlike scatters", side(ONE, 0.6, 9.0, 20.0), side(ONE, 0.15, 8.0, 20.0)),
    ("six settings", side(SIX, 0.3, 9.0, 20.0), side(SIX, 0.3, 8.0, 20.0)),
    ("six and one", side(SIX, 0.3, 9.0, 20.0), side(ONE, 0.3, 8.0, 20.0)),
    ("some never arrive", side(RISKY, 0.3, 9.0, 20.0), side(RISKY, 0.3, 8.0, 20.0)),
    ("small budgets", side(SIX, 0.3, 9.0, 9.5), side(SIX, 0.3, 8.0, 8.6)),
];

const fn side(settings: &'static [(f64, f64)], scatter: f64, level: f64, budget: f64) -> Side {
    Side { settings, scatter, level, budget }
}

fn gauss(rng: &mut Pcg64Mcg) -> f64 {
    Normal::standard().inverse_cdf(rng.random_range(1e-12..1.0))
}

impl Side {
    /// Logarithm of what the best setting needs.
    fn needs(&self) -> f64 {
        let quantile = |&(shift, never): &(f64, f64)| {
            let level = QUANTILE / (1.0 - never);
            if level < 1.0 { shift + self.scatter * Normal::standard().inverse_cdf(level) } else { f64::INFINITY }
        };
        self.level + self.settings.iter().map(quantile).fold(f64::INFINITY, f64::min)
    }

    /// The runs of every setting; the part `common` of their variance is that of their tasks.
    fn runs(&self, rng: &mut Pcg64Mcg, tasks: &[f64], common: f64) -> Vec<Runs> {
        let budget = self.budget.exp() as i64;
        let mut run = |task: f64, (shift, never): (f64, f64)| {
            let deviation = common.sqrt() * task + (1.0 - common).sqrt() * gauss(rng);
            let samples = (self.level + shift + self.scatter * deviation).exp().round() as i64;
            let arrives = rng.random::<f64>() >= never && samples <= budget;
            Reading { samples: if arrives { samples } else { budget }, censored: !arrives }
        };
        self.settings.iter().map(|&s| (0..).zip(tasks.iter().map(|&task| run(task, s))).collect()).collect()
    }
}

/// Of the repetitions, in how many the interval covers the truth, and in how many it is closed; and
/// the mean width of those, in ln n.
fn coverage(cases: (Side, Side), replicates: usize, common: f64, shared: bool) -> (f64, f64, f64) {
    let truth = (cases.0.needs() - cases.1.needs()).exp();
    let (mut covers, mut closed, mut width) = (0.0, 0.0, 0.0);
    for seed in 0..REPETITIONS {
        let mut rng = Pcg64Mcg::seed_from_u64(seed);
        let mut tasks = || (0..replicates).map(|_| gauss(&mut rng)).collect::<Vec<f64>>();
        let tasks = [tasks(), tasks()];
        let mut chosen = |side: &Side, tasks: &[f64]| {
            let runs = side.runs(&mut rng, tasks, common);
            choose(&runs, &runs, QUANTILE).unwrap().runs
        };
        let compared = chosen(&cases.0, &tasks[0]);
        let reference = chosen(&cases.1, &tasks[usize::from(!shared)]);
        let (low, high) = ratio_interval(&compared, &reference, QUANTILE, shared);
        covers += f64::from(u8::from(low.is_none_or(|low| low <= truth) && high.is_none_or(|high| truth <= high)));
        if let (Some(low), Some(high)) = (low, high) {
            (closed, width) = (closed + 1.0, width + (high / low).ln());
        }
    }
    let all = REPETITIONS as f64;
    (covers / all, closed / all, width / f64::max(closed, 1.0))
}

/// Sides without common tasks, with tasks that are half of the scatter, and with tasks that are not
/// shared.
#[test]
fn intervals_of_ratios_cover_the_truth_as_often_as_they_say() {
    println!("95 % intervals of ratios, {REPETITIONS} repetitions: covered, closed, width of closed ones");
    for (replicates, common, shared) in [(40, 0.0, true), (40, 0.5, true), (40, 0.5, false), (72, 0.5, true)] {
        for (name, compared, reference) in CASES {
            let (covered, closed, width) = coverage((compared, reference), replicates, common, shared);
            println!(
                "  {replicates} replicates, tasks {common} of the scatter{}, {name}: {:.1} %, {:.0} %, {width:.2}",
                if shared { "" } else { ", not shared" },
                100.0 * covered,
                100.0 * closed
            );
            assert!((0.915..=0.985).contains(&covered), "{covered}");
        }
    }
}

/// Where tasks are nearly all of the scatter the pairs are alike, and intervals are half as wide as
/// of sides that share none. They may cover more often than they say, never less.
#[test]
fn shared_tasks_make_intervals_narrow() {
    let (_, compared, reference) = CASES[0];
    let (covered, closed, narrow) = coverage((compared, reference), 40, 0.9, true);
    let (_, _, wide) = coverage((compared, reference), 40, 0.9, false);
    println!("tasks are 0.9 of the scatter: {:.1} %, width {narrow:.2}; not shared {wide:.2}", 100.0 * covered);
    assert!((0.92..=0.995).contains(&covered) && closed > 0.99 && narrow < 0.6 * wide, "{covered} {narrow} {wide}");
}
