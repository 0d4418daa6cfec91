//! The sum of two laws: recovery as the signal and what follows it.
//!
//! A sum of powers is no power: its exponent of T rises from that of the part that grows slowly to
//! that of the part that grows fast, so what a power law finds depends on the T that it sees.
//! Fitted to recovery alone, the eight parameters of two powers are hardly told apart by cells that
//! scatter by a fifth. But the parts are milestones with cells of their own, so each is fitted to
//! these, and `n = k (n_signal + n_rest)`. Only the level k is fitted to recovery: a quantile of a
//! sum is not the sum of the quantiles, and each milestone is read at the settings chosen for it.
//! Each part is a power of T, or of `ln T` where AICc is lower by more than 2.
//!
//! At one N, Q and T the sum grows as the mean of the exponents of its parts, weighted by their
//! shares of the sum. Its interval is by the delta method: the exponent is linear in the
//! coefficients of both parts to first order, and each cluster of one N and Q moves those of both
//! at once, by the CR2 sandwich of a law. Where there are fewer than
//! [`FEWEST_CLUSTERS`](super::FEWEST_CLUSTERS) pairs of N and Q, a cluster is a cell. So whatever
//! the parts have in common, as the same tasks, is in the interval.

use std::collections::BTreeSet;

use super::law::{Coefficient, FEWEST_CLUSTERS, Fitted, Law, fitted};
use super::needed::Needed;
use super::term::{Form, Term};
use crate::statistics::censored_regression::{Clustered, Row, fit};

/// A sum of two laws.
#[derive(Debug, Clone, PartialEq)]
pub struct SumLaw {
    /// What the signal needs. Its coefficients have no intervals; those of the milestone's own law
    /// have.
    pub signal: Law,
    /// What follows it needs, likewise.
    pub rest: Law,
    /// Logarithm of the level k.
    pub level: f64,
    /// Standard deviation of `ln n` about the sum; `None` with a single cell.
    pub residual_scale: Option<f64>,
    /// How it grows at the largest T, on average over the pairs of N and Q: `d ln n / d ln T`.
    pub local_exponent: Coefficient,
    /// That T.
    pub t: i64,
    /// The share of the signal there, on average, between 0 and 1.
    pub signal_share: f64,
    /// Cells of recovery that the level is fitted to.
    pub cells: usize,
    /// How many of them are lower bounds.
    pub censored: usize,
}

/// The cells of the two parts.
#[derive(Debug, Clone)]
pub(super) struct Parts<'c> {
    /// Those of the signal.
    pub(super) signal: Vec<&'c Needed>,
    /// Those of the samples between signal and recovery.
    pub(super) rest: Vec<&'c Needed>,
}

impl<'c> Parts<'c> {
    /// All but those of one T.
    pub(super) fn without(&self, t: i64) -> Self {
        let left = |cells: &[&'c Needed]| cells.iter().copied().filter(|c| c.t != t).collect();
        Self { signal: left(&self.signal), rest: left(&self.rest) }
    }
}

impl SumLaw {
    /// Needed samples by the sum.
    #[must_use]
    pub fn predict(&self, n: f64, q: f64, t: f64) -> f64 {
        libm::exp(self.level) * (self.signal.predict(n, q, t) + self.rest.predict(n, q, t))
    }

    /// The share of the signal in the sum.
    fn share(&self, n: f64, q: f64, t: f64) -> f64 {
        share(&self.signal, &self.rest, (n, q, t))
    }

    /// How it grows at this N, Q and T: `d ln n / d ln T`.
    #[must_use]
    pub fn exponent_at(&self, n: f64, q: f64, t: f64) -> Option<f64> {
        let of = |law: &Law| Some(law.local_exponent(t)?.estimate);
        let share = self.share(n, q, t);
        Some(share * of(&self.signal)? + (1.0 - share) * of(&self.rest)?)
    }
}

/// The sum; `None` if a part or the level is not determined, or if a part takes no samples
/// somewhere.
pub(super) fn sum(parts: &Parts<'_>, recovery: &[&Needed]) -> Option<SumLaw> {
    let SumFit { mut sum, signal, rest, weights } = sum_fit(parts, recovery)?;
    let estimate = sum.local_exponent.estimate;
    sum.local_exponent.interval = half_width([&signal, &rest], &weights).map(|half| (estimate - half, estimate + half));
    Some(sum)
}

/// As [`sum`], without the interval of the exponent, which takes longer than all the rest.
pub(super) fn sum_without_interval(parts: &Parts<'_>, recovery: &[&Needed]) -> Option<SumLaw> {
    Some(sum_fit(parts, recovery)?.sum)
}

/// A sum without the interval of its exponent, and what that is made of.
struct SumFit<'c> {
    sum: SumLaw,
    signal: Fitted<'c>,
    rest: Fitted<'c>,
    /// Derivatives of the exponent by the coefficients of the two parts.
    weights: [Vec<f64>; 2],
}

fn sum_fit<'c>(parts: &Parts<'c>, recovery: &[&Needed]) -> Option<SumFit<'c>> {
    if parts.signal.iter().chain(&parts.rest).any(|c| c.samples == 0) {
        return None;
    }
    let (signal, rest) = (part(&parts.signal)?, part(&parts.rest)?);
    let recovery: Vec<&Needed> = recovery.iter().copied().filter(|c| c.samples > 0).collect();
    let above = |c: &&Needed| {
        let (n, q, t) = (c.n as f64, c.q as f64, c.t as f64);
        let y = libm::log(c.samples as f64) - libm::log(signal.law.predict(n, q, t) + rest.law.predict(n, q, t));
        Row { x: vec![1.0], y, censored: c.censored }
    };
    let level = fit(&recovery.iter().map(above).collect::<Vec<Row>>())?;
    let t = recovery.iter().map(|c| c.t).max()?;
    let pairs: BTreeSet<(i64, i64)> = recovery.iter().map(|c| (c.n, c.q)).collect();
    let Local { signal_share, exponent, weights } = local(&signal, &rest, &pairs, t)?;
    let sum = SumLaw {
        level: level.estimates[0],
        residual_scale: level.residual_scale,
        local_exponent: Coefficient { term: Term::T, estimate: exponent, interval: None },
        t,
        signal_share,
        cells: recovery.len(),
        censored: recovery.iter().filter(|c| c.censored).count(),
        signal: signal.law.clone(),
        rest: rest.law.clone(),
    };
    Some(SumFit { sum, signal, rest, weights })
}

/// A difference of AICc that decides for a power of `ln T`.
const DECISIVE: f64 = 2.0;

/// The law of a part, in the form that its cells ask for.
fn part<'c>(cells: &[&'c Needed]) -> Option<Fitted<'c>> {
    let [power, polylog] = [Form::Power, Form::Polylog]
        .map(|form| fitted(cells, form).filter(|part| part.law.coefficient(form.term()).is_some()));
    let power = power?;
    let aicc = |part: &Fitted<'_>| part.law.aicc;
    match polylog {
        Some(polylog) if aicc(&polylog).zip(aicc(&power)).is_some_and(|(ln, t)| ln + DECISIVE < t) => Some(polylog),
        _ => Some(power),
    }
}

fn share(signal: &Law, rest: &Law, (n, q, t): (f64, f64, f64)) -> f64 {
    1.0 / (1.0 + rest.predict(n, q, t) / signal.predict(n, q, t))
}

/// What a sum does at one T, on average over pairs of N and Q.
struct Local {
    signal_share: f64,
    exponent: f64,
    /// Derivatives of the exponent by the coefficients of the two parts.
    weights: [Vec<f64>; 2],
}

fn local(signal: &Fitted<'_>, rest: &Fitted<'_>, pairs: &BTreeSet<(i64, i64)>, t: i64) -> Option<Local> {
    let t = t as f64;
    let (fast, slow) = (signal.law.local_exponent(t)?.estimate, rest.law.local_exponent(t)?.estimate);
    let places: Vec<(f64, f64, f64)> = pairs.iter().map(|&(n, q)| (n as f64, q as f64, t)).collect();
    let shares: Vec<f64> = places.iter().map(|&place| share(&signal.law, &rest.law, place)).collect();
    let mean = |of: &dyn Fn(usize) -> f64| (0..places.len()).map(of).sum::<f64>() / places.len() as f64;
    let signal_share = mean(&|i| shares[i]);
    // By a coefficient of a part it changes as the part's own exponent does, and as the shares do.
    let derivatives = |part: &Fitted<'_>, share: f64, direction: f64| -> Vec<f64> {
        let by_term = |&term: &Term| {
            let of_shares = mean(&|i| {
                let (n, q, t) = places[i];
                direction * shares[i] * (1.0 - shares[i]) * (fast - slow) * term.value(n, q, t)
            });
            let own = if term == part.law.form.term() { share * part.law.form.slope(t) } else { 0.0 };
            own + of_shares
        };
        part.terms.iter().map(by_term).collect()
    };
    Some(Local {
        signal_share,
        exponent: signal_share * fast + (1.0 - signal_share) * slow,
        weights: [derivatives(signal, signal_share, 1.0), derivatives(rest, 1.0 - signal_share, -1.0)],
    })
}

/// Half the width of the interval of a combination of the coefficients of both parts.
fn half_width(parts: [&Fitted<'_>; 2], weights: &[Vec<f64>; 2]) -> Option<f64> {
    if parts.iter().any(|part| part.is_exact()) {
        return None;
    }
    let cells = || parts.iter().flat_map(|part| &part.cells);
    let pairs: BTreeSet<(i64, i64, i64)> = cells().map(|c| (c.n, c.q, 0)).collect();
    let by_pair = pairs.len() >= FEWEST_CLUSTERS;
    let all = if by_pair { pairs } else { cells().map(|c| (c.n, c.q, c.t)).collect() };
    let cluster = |c: &&Needed| {
        let own = (c.n, c.q, if by_pair { 0 } else { c.t });
        all.iter().position(|other| *other == own).unwrap_or(0)
    };
    let combination = |i: usize| {
        let part = parts[i];
        let clusters: Vec<usize> = part.cells.iter().map(cluster).collect();
        let clustered = Clustered::of(&part.regression, &part.rows, &clusters, all.len())?;
        Some(clustered.combination(&weights[i]))
    };
    combination(0)?.plus(&combination(1)?).half_width()
}

#[cfg(test)]
mod tests {
    use super::super::cells::Question;
    use super::super::groups::Analysis;
    use super::super::milestone::Milestone;
    use super::super::needed::needed;
    use super::*;
    use crate::record::Record;
    use crate::record::fixture::record;

    /// A number without a pattern that comes out the same each time, between -0.5 and 0.5.
    fn jitter(n: f64, q: f64, t: f64) -> f64 {
        (1e4 * (n * 12.9898 + q * 78.233 + t * 37.719).sin()).rem_euclid(1.0) - 0.5
    }

    /// One run a cell, whose signal and rest are these.
    fn records(pairs: &[(i64, i64)], lengths: &[i64], parts: impl Fn(f64, f64, f64) -> (f64, f64)) -> Vec<Record> {
        let cells = pairs.iter().flat_map(|&(n, q)| lengths.iter().map(move |&t| (n, q, t)));
        let run = |(n, q, t): (i64, i64, i64)| {
            let (signal, rest) = parts(n as f64, q as f64, t as f64);
            let (signal, rest) = (signal.round() as i64, rest.round() as i64);
            let mut record = Record { max_samples: i64::MAX, ..record(n, q, t, 0, Some(signal + rest)) };
            record.measures.as_mut().unwrap().samples_to_signal = Some(signal);
            record
        };
        cells.map(run).collect()
    }

    fn question() -> Question {
        Question { quantile: 0.9, conditions: Vec::new(), tuned: Vec::new() }
    }

    fn of(rows: &[Needed], milestone: Milestone) -> Vec<&Needed> {
        rows.iter().filter(|c| c.milestone == milestone).collect()
    }

    fn sum_of(rows: &[Needed]) -> Option<SumLaw> {
        let parts = Parts { signal: of(rows, Milestone::Signal), rest: of(rows, Milestone::SignalToRecovery) };
        sum(&parts, &of(rows, Milestone::Recovery))
    }

    const PAIRS: [(i64, i64); 9] = [(3, 1), (3, 2), (3, 3), (4, 1), (4, 2), (4, 3), (6, 1), (6, 2), (6, 3)];
    const LENGTHS: [i64; 6] = [32, 64, 128, 256, 512, 1024];

    fn signal(n: f64, _q: f64, t: f64) -> f64 {
        1e5 * t * n.powf(-0.5)
    }

    fn rest(_n: f64, q: f64, t: f64) -> f64 {
        4e6 * t.powf(0.3) * q
    }

    /// At T = 1024 and N = 4 the signal takes 5.12e7 and the rest 3.2e7 at Q = 1: its share is
    /// 0.6154, and the exponent 0.6154 + 0.3 (1 - 0.6154) = 0.7308.
    #[test]
    fn a_known_sum_comes_back_with_the_exponent_of_its_parts() {
        let rows = needed(&records(&PAIRS, &LENGTHS, |n, q, t| (signal(n, q, t), rest(n, q, t))), &question());
        let law = sum_of(&rows).unwrap();
        assert!((law.exponent_at(4.0, 1.0, 1024.0).unwrap() - 0.7308).abs() < 1e-4, "{law:?}");
        assert!(law.level.abs() < 1e-6 && law.t == 1024);
        let mut exponents = 0.0;
        for (n, q) in PAIRS.map(|(n, q)| (n as f64, q as f64)) {
            assert!((law.predict(n, q, 300.0) / (signal(n, q, 300.0) + rest(n, q, 300.0)) - 1.0).abs() < 1e-5);
            // The slope of the law itself.
            let [below, above] = [1023.0, 1025.0].map(|t: f64| law.predict(n, q, t).ln());
            exponents += (above - below) / (1025.0f64 / 1023.0).ln() / 9.0;
        }
        assert!((law.local_exponent.estimate - exponents).abs() < 1e-6, "{exponents} {law:?}");
        assert!(law.local_exponent.interval.is_none(), "cells without scatter have no interval");
    }

    /// A rest that grows as `(ln T)^2` is told from a power by its own cells.
    #[test]
    fn a_part_may_be_a_power_of_a_logarithm() {
        let parts = |n: f64, q: f64, t: f64| {
            let noise = |salt: f64| (0.02 * jitter(n, q, t + salt)).exp();
            (signal(n, q, t) * noise(0.0), 1e6 * t.ln().powi(2) * q * noise(0.5))
        };
        let law = sum_of(&needed(&records(&PAIRS, &LENGTHS, parts), &question())).unwrap();
        assert_eq!((law.signal.form, law.rest.form), (Form::Power, Form::Polylog));
        let share = law.share(6.0, 3.0, 1024.0);
        let expected = share + (1.0 - share) * 2.0 / 1024f64.ln();
        assert!((law.exponent_at(6.0, 3.0, 1024.0).unwrap() - expected).abs() < 0.01, "{law:?}");
    }

    fn noisy(n: f64, q: f64, t: f64) -> (f64, f64) {
        let noise = |salt: f64| (0.5 * jitter(n, q, t + salt) + 0.15 * jitter(n, q, salt) * t.ln()).exp();
        (signal(n, q, t) * noise(0.25), rest(n, q, t) * noise(0.5))
    }

    /// The derivatives against finite differences.
    #[test]
    fn derivatives_of_the_exponent_agree_with_finite_differences() {
        let rows = needed(&records(&PAIRS, &LENGTHS, noisy), &question());
        let parts = || {
            [of(&rows, Milestone::Signal), of(&rows, Milestone::SignalToRecovery)].map(|cells| part(&cells).unwrap())
        };
        let pairs = BTreeSet::from(PAIRS);
        let [signal, rest] = parts();
        let local_at = local(&signal, &rest, &pairs, 1024).unwrap();
        for (i, weights) in local_at.weights.iter().enumerate() {
            for (k, weight) in weights.iter().enumerate() {
                let moved = |by: f64| {
                    let mut parts = parts();
                    parts[i].law.coefficients[k].estimate += by;
                    local(&parts[0], &parts[1], &pairs, 1024).unwrap().exponent
                };
                let slope = (moved(1e-5) - moved(-1e-5)) / 2e-5;
                assert!((slope - weight).abs() < 1e-7, "{i} {k}: {slope} {weight}");
            }
        }
    }

    /// Leaving out one pair of N and Q at a time (the jackknife), and the delta method by clusters
    /// of pairs: two ways to the same error.
    #[test]
    fn the_interval_agrees_with_the_jackknife_over_pairs() {
        let rows = needed(&records(&PAIRS, &LENGTHS, noisy), &question());
        let law = sum_of(&rows).unwrap();
        let (low, high) = law.local_exponent.interval.unwrap();
        // The mean over all pairs, so that only the coefficients change.
        let without = |left: (i64, i64)| {
            let rest: Vec<Needed> = rows.iter().filter(|c| (c.n, c.q) != left).cloned().collect();
            let law = sum_of(&rest).unwrap();
            PAIRS.iter().map(|&(n, q)| law.exponent_at(n as f64, q as f64, 1024.0).unwrap()).sum::<f64>() / 9.0
        };
        let left_out = PAIRS.map(without);
        let mean = left_out.iter().sum::<f64>() / 9.0;
        let error = (8.0 / 9.0 * left_out.iter().map(|x| (x - mean).powi(2)).sum::<f64>()).sqrt();
        // Student's quantile for 4 and for 8 degrees of freedom: 2.78 and 2.31.
        let ratio = (high - low) / 2.0 / error;
        assert!((0.8 * 2.31..1.2 * 2.78).contains(&ratio), "{ratio}");
    }

    /// Few T, one N and Q, a part without samples, nobody who arrives: no panic, and what is said.
    #[test]
    fn little_data_has_no_sum_or_no_interval_and_says_that_it_is_not_enough() {
        let of = |pairs: &[(i64, i64)], lengths: &[i64]| needed(&records(pairs, lengths, noisy), &question());
        assert!(sum_of(&[]).is_none() && sum_of(&of(&PAIRS, &[64])).is_none());
        // Two points: exponents, but no error.
        let two = sum_of(&of(&[(4, 2)], &[64, 128])).unwrap();
        assert!(two.local_exponent.interval.is_none() && two.local_exponent.estimate.is_finite());
        let alone = sum_of(&of(&[(4, 2)], &LENGTHS)).unwrap();
        assert!(alone.local_exponent.interval.is_some_and(|(low, high)| low < high && high - low < 2.0), "{alone:?}");
        let mut never = of(&PAIRS, &LENGTHS);
        never.iter_mut().for_each(|c| c.censored = true);
        assert!(sum_of(&never).is_none());
        let mut at_start = of(&PAIRS, &LENGTHS);
        at_start.iter_mut().filter(|c| c.milestone == Milestone::Signal && c.n == 3).for_each(|c| c.samples = 0);
        assert!(sum_of(&at_start).is_none());
        let said =
            |lengths: &[i64]| Analysis::of(&records(&[(4, 2)], lengths, noisy), question()).groups()[0].answer(0.9);
        assert!(said(&[32, 64, 128]).contains("Not enough to compare laws in T"), "{}", said(&[32, 64, 128]));
        assert!(!said(&LENGTHS).contains("Not enough") && !said(&[64]).contains("laws in T"));
    }
}
