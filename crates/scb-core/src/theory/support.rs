//! The number of samples needed to find the support: the chi-square limit of the moment estimator;
//! [`theory`](super) has the distributions.

use super::chi_square::{noncentral_survival, survival};
use crate::task::Task;

/// `K = sum_m mu_m sum_n (P[n,m] - mu_n)^2 / mu_n`, the mean chi-square distance of the columns of
/// P from mu. A position of weight q has noncentrality `n_k q^2 K` after `n_k` samples of its query
/// token. O(N^2).
#[must_use]
pub fn noncentrality(task: &Task) -> f64 {
    let mu = &task.stationary;
    let of_column = |column: ndarray::ArrayView1<'_, f64>| -> f64 {
        column.iter().zip(mu).map(|(p, m)| (p - m) * (p - m) / m).sum()
    };
    task.transition.columns().into_iter().zip(mu).map(|(column, m)| m * of_column(column)).sum()
}

/// Number of points of the integral over the largest statistic outside the support.
const POINTS: usize = 64;

/// The probability that every true position has a larger statistic than every other position after
/// `samples` samples, in the chi-square limit. Each query token is assumed to have its expected
/// number of samples. The integral is numerical.
#[must_use]
pub fn support_probability(task: &Task, samples: f64) -> f64 {
    let freedom = ((task.n - 1) * (task.n - 1)) as f64;
    let others = (task.t - task.q) as f64;
    let k = noncentrality(task);
    let below = |x: f64| libm::exp(others * libm::log1p(-survival(freedom, x).min(1.0 - 1e-16)));
    // Quantiles of the largest statistic outside the support, by bisection.
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

/// The number of samples at which [`support_probability`] reaches `probability`, in `(0, 1)`, to
/// within 1 %. It is at least 1 and at most about 1e15.
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

    /// One weight is far larger than the other. The threshold is that of the smaller one, and
    /// finite.
    #[test]
    fn thresholds_of_unequal_weights_are_those_of_the_smallest() {
        let task = task(3, 2, 64, 10);
        let equal = support_threshold(&task, 0.9);
        let mut patterns = task.patterns.clone();
        patterns.iter_mut().for_each(|p| p.weights = vec![0.98, 0.02]);
        let unequal = support_threshold(&Task::new(64, task.transition.clone(), patterns).unwrap(), 0.9);
        // The number of samples grows as 1/q^2, if only the smaller position matters.
        let ratio = unequal / equal / (0.5f64 / 0.02).powi(2);
        assert!((0.8..1.1).contains(&ratio), "{equal} {unequal}");
    }

    /// The number of samples grows with ln T: from T = 64 to T = 4096 the threshold hardly doubles.
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
