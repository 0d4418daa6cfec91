//! How many samples the support takes: the chi-square limit of the moment estimator.
//!
//! For each query token k and position t the estimator has a statistic, which is chi-square with
//! `(N-1)^2` degrees of freedom outside the support, and noncentral with noncentrality
//! `n_k q_t^2 K` within it (see `learn/moment.rs`). The support is right when every true position
//! has a larger statistic than every other one.

use super::chi_square::{noncentral_survival, survival};
use crate::task::Task;

/// `K = sum_m mu_m sum_n (P[n,m] - mu_n)^2 / mu_n`, the mean chi-square distance of the columns of P from mu: a position of weight q adds
/// `n_k q^2 K` to the statistic of `n_k` samples.
#[must_use]
pub fn noncentrality(task: &Task) -> f64 {
    let mu = &task.stationary;
    let of_column = |column: ndarray::ArrayView1<'_, f64>| -> f64 {
        column.iter().zip(mu).map(|(p, m)| (p - m) * (p - m) / m).sum()
    };
    task.transition.columns().into_iter().zip(mu).map(|(column, m)| m * of_column(column)).sum()
}

/// Points of the integral over the largest statistic outside the support.
const POINTS: usize = 64;

/// The probability that after `samples` samples every true position has a larger statistic than every other one, by the chi-square limit, with
/// as many samples of each query token as are expected.
#[must_use]
pub fn support_probability(task: &Task, samples: f64) -> f64 {
    let freedom = ((task.n - 1) * (task.n - 1)) as f64;
    let others = (task.t - task.q) as f64;
    let k = noncentrality(task);
    let below = |x: f64| libm::exp(others * libm::log1p(-survival(freedom, x).min(1.0 - 1e-16)));
    // The range in which the largest of the others lies, by halving.
    let quantile = |p: f64| {
        let (mut low, mut high) = (0.0, freedom + 1.0);
        while below(high) < p {
            (low, high) = (high, 2.0 * high);
        }
        for _ in 0..40 {
            let middle = 0.5 * (low + high);
            *(if below(middle) < p { &mut low } else { &mut high }) = middle;
        }
        0.5 * (low + high)
    };
    let (low, high) = (quantile(1e-4), quantile(1.0 - 1e-5));
    let at = |i: usize| low + (high - low) * i as f64 / POINTS as f64;
    let all = task.patterns.iter().zip(&task.stationary).map(|(pattern, mu)| {
        let mut distinct: Vec<(f64, i32)> = Vec::new();
        for &weight in &pattern.weights {
            match distinct.iter_mut().find(|(w, _)| *w == weight) {
                Some((_, count)) => *count += 1,
                None => distinct.push((weight, 1)),
            }
        }
        let above = |x: f64| {
            let tail = |&(weight, count): &(f64, i32)| {
                let one = noncentral_survival(freedom, samples * mu * weight * weight * k, x);
                // Not `powi`, whose bits are not fixed.
                (0..count).fold(1.0, |product, _| product * one)
            };
            distinct.iter().map(tail).product::<f64>()
        };
        let (mut sum, mut last) = (0.0, 0.0);
        for i in 0..POINTS {
            let next = if i + 1 == POINTS { 1.0 } else { below(at(i + 1)) };
            sum += (next - last) * above(0.5 * (at(i) + at(i + 1)));
            last = next;
        }
        sum
    });
    all.product()
}

/// The number of samples at which [`support_probability`] reaches `probability`, to within 1 %: the finite-sample threshold of the estimator.
#[must_use]
pub fn support_threshold(task: &Task, probability: f64) -> f64 {
    let (mut low, mut high) = (1.0f64, 2.0f64);
    while support_probability(task, high) < probability && high < 1e15 {
        (low, high) = (high, 2.0 * high);
    }
    while high > 1.01 * low {
        let middle = (low * high).sqrt();
        *(if support_probability(task, middle) < probability { &mut low } else { &mut high }) = middle;
    }
    (low * high).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::stream;
    use crate::task::{Chain, TaskSpec, Weights};

    fn task(n: usize, q: usize, t: usize, seed: u8) -> Task {
        let chain = Chain::Mixture { persistence: 0.5, concentration: 1.0 };
        Task::draw(&TaskSpec { n, q, t, chain, weights: Weights::Equal }, &mut stream([seed; 16])).unwrap()
    }

    /// Weights of which one is far larger than the other: the threshold is that of the smaller one, and a number.
    #[test]
    fn thresholds_of_unequal_weights_are_those_of_the_smallest() {
        let task = task(3, 2, 64, 10);
        let equal = support_threshold(&task, 0.9);
        let mut patterns = task.patterns.clone();
        patterns.iter_mut().for_each(|p| p.weights = vec![0.98, 0.02]);
        let unequal = support_threshold(&Task::new(64, task.transition.clone(), patterns).unwrap(), 0.9);
        // 1/q^2 as many, as far as the smaller one is alone.
        let ratio = unequal / equal / (0.5f64 / 0.02).powi(2);
        assert!((0.8..1.1).contains(&ratio), "{equal} {unequal}");
    }

    /// More positions need more samples as ln T does: from T = 64 to T = 4096 the threshold hardly doubles.
    #[test]
    fn the_threshold_grows_like_the_logarithm_of_the_length() {
        let at = |t: usize| {
            let short = task(3, 2, 64, 10);
            let long = Task::new(t, short.transition.clone(), short.patterns.clone()).unwrap();
            support_threshold(&long, 0.9)
        };
        let (short, middle, long) = (at(64), at(512), at(4096));
        let (first, second) = (middle - short, long - middle);
        assert!(short < middle && middle < long && long < 2.0 * short, "{short} {middle} {long}");
        assert!((first / second - 1.0).abs() < 0.2, "equal factors of T add equally: {first} {second}");
    }
}
