//! The probability that one step from planted correlations recovers the truth, in a Gaussian
//! approximation, and the batch that it takes.
//!
//! The step is that of Algorithm 1 in its sparse stage: both factors move by the mean gradient of a
//! batch of B samples, the attention is soft-thresholded by tau, and the rounded model is compared
//! with the truth. All moments of one sample's gradient are exact in the limit of many positions
//! T, by a sum over the tokens at the Q positions of the support and the output. The mean of a
//! batch is taken to be normal.
//!
//! With `w` the weight of a position of the support before the step and `c` after it, these things
//! must happen. Let `sigma_k^2 / B` be the variance that the step gives to an entry of query token
//! k outside the support. It is proportional to `1 / mu_k`.
//!
//! ```text
//! noise stays below      every one of T - Q entries lies below keep (c - tau) + tau:
//!                        Phi([keep (c - tau) + tau] sqrt(B) / sigma_k)^(T - Q) for each k
//! all positions stay     no entry of the support falls below keep times another one
//! weights are right      |A - Q|_mu <= eps sqrt(K_Q), a chi-square variable with N (Q - 1)
//!                        degrees of freedom, less what wrong positions take of it
//! V is right             |V - P|_mu <= eps sqrt(K_P) after V has taken the scale of the
//!                        attention, with (N - 1)^2 degrees of freedom
//! ```
//!
//! The first one alone gives the familiar `B ~ 2 ln(N T) sigma^2 / (keep c)^2`, that is `Q^2 ln T /
//! (mu K_P)` up to constants of the chain: T enters through its logarithm and nothing else. Here mu is
//! that of the rarest query token that must be right: errors count by mu, so the positions of tokens
//! may be wrong that are asked for so rarely that they do not fill eps^2.
//!
//! The derivation is this project's own. It holds for equal weights.

use super::{chi_square, normal};
use crate::Task;

/// Points and weights that integrate over a standard normal variable: Gauss and Hermite, exact to the
/// ninth power.
const NORMAL: [(f64, f64); 5] = [
    (0.011_257_411_327_720_7, -2.856_970_013_872_806),
    (0.222_075_922_005_612_6, -1.355_626_179_974_266),
    (0.533_333_333_333_333_3, 0.0),
    (0.222_075_922_005_612_6, 1.355_626_179_974_266),
    (0.011_257_411_327_720_7, 2.856_970_013_872_806),
];

/// The most terms of the sum over tokens and outputs.
const MAX_TERMS: f64 = 4e6;

/// Sizes of a step.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sizes {
    /// eta_V, at least 0.
    pub value: f64,
    /// eta_A, at least 0.
    pub attention: f64,
    /// What the soft threshold takes off an entry of the attention, at least 0.
    pub threshold: f64,
}

/// A step from planted correlations, without its batch.
#[derive(Debug, Clone)]
pub struct OneStep {
    /// mu.
    mu: Vec<f64>,
    t: f64,
    q: f64,
    k_p: f64,
    k_q: f64,
    keep: f64,
    epsilon: f64,
    /// Weight of a position outside of the support before the step.
    outside: f64,
    /// Mean weight of a position of the support after the step and the threshold.
    weight: f64,
    threshold: f64,
    /// Mean correlation of V after the step.
    alpha_v: f64,
    /// Second moments of what one sample of a query token adds to an entry: outside of the support,
    /// of one within, and of two within.
    second: [f64; 3],
    /// The mean of what it adds within.
    first: f64,
    /// Variance of what one sample adds to V, in `|.|_mu^2`.
    value: f64,
}

impl OneStep {
    /// The step of these sizes on `task` from the correlations `(alpha_v, alpha_a)`. A run has
    /// recovered within `epsilon` of the truth; rounding keeps what is at least `keep` times the
    /// largest. `None` if N and Q are so large that the sum over tokens is too long (N^(Q+1) above
    /// four million), or weights are not equal.
    #[must_use]
    pub fn new(task: &Task, (alpha_v, alpha_a): (f64, f64), sizes: Sizes, (keep, epsilon): (f64, f64)) -> Option<Self> {
        let (n, q, t) = (task.n, task.q as f64, task.t as f64);
        let mut terms = 1.0;
        (0..=task.q).for_each(|_| terms *= n as f64);
        let equal = task.patterns.iter().all(|pattern| pattern.weights.iter().all(|w| (w * q - 1.0).abs() < 1e-9));
        if terms > MAX_TERMS || !equal {
            return None;
        }
        let outside = (1.0 - alpha_a) / t;
        let within = outside + alpha_a / q;
        let moments = Moments::new(task, alpha_v, within);
        let slope = (q * within * within + (t - q) * outside * outside) * alpha_v - within;
        // The projection takes the mean over positions off.
        let weight = within - sizes.attention * moments.y * (1.0 - q / t) - sizes.threshold;
        let eta = sizes.attention;
        Some(Self {
            mu: task.stationary.to_vec(),
            t,
            q,
            k_p: task.k_p,
            k_q: task.k_q,
            keep,
            epsilon,
            outside,
            weight,
            threshold: sizes.threshold,
            alpha_v: alpha_v - sizes.value * slope,
            second: [moments.outside, moments.yy, moments.y_other].map(|moment| eta * eta * moment),
            first: eta * moments.y,
            value: sizes.value * sizes.value * (moments.value - slope * slope * task.k_p).max(0.0),
        })
    }

    /// The probability that the run has recovered after one step on `batch` samples, at least 1.
    #[must_use]
    pub fn probability(&self, batch: f64) -> f64 {
        if self.weight <= 0.0 {
            return 0.0;
        }
        // The level below which noise must stay, before the threshold takes its part.
        let level = self.keep * self.weight + self.threshold - self.outside;
        let pairs = self.q * (self.q - 1.0);
        let allowed = self.epsilon * self.epsilon;
        let mut wrong = WrongPositions::none(self.weight_of_wrong());
        let (mut uneven, mut scale, mut added) = (0.0, 0.0, 0.0);
        for &mu in &self.mu {
            let own = |second: f64| second / (mu * batch);
            let noise = own(self.second[0]);
            let common = self.first * self.first / batch;
            let variance = (own(self.second[1]) - common).max(0.0);
            let covariance = own(self.second[2]) - common;
            let all_stay = if pairs > 0.0 {
                let keep = self.keep;
                let apart = (variance * (1.0 + keep * keep) - 2.0 * keep * covariance).max(0.0);
                libm::exp(pairs * log_below((1.0 - keep) * self.weight / apart.sqrt()))
            } else {
                1.0
            };
            // Noise is held against the largest position of the support. Where there is one only, its
            // own noise counts; the largest of several hardly varies.
            let varies = if pairs > 0.0 { 0.0 } else { self.keep * variance.sqrt() };
            let nodes: &[(f64, f64)] = if varies > 0.0 { &NORMAL } else { &[(1.0, 0.0)] };
            let of_node = |&(share, x): &(f64, f64)| {
                let log_below = log_below((level + varies * x) / noise.sqrt());
                added +=
                    share * mu * (self.t - self.q) * -libm::expm1(log_below) * self.weight_of_wrong() * self.weight;
                (share, (self.t - self.q) * -log_below)
            };
            let kept: Vec<(f64, f64)> = nodes.iter().map(of_node).collect();
            wrong.add(self.q, all_stay, &kept, mu / (self.q * self.k_q * allowed));
            let total = self.q * self.weight;
            uneven += mu * (self.q - 1.0) * (variance - covariance).max(0.0) / (total * total);
            scale += mu * mu * (self.q * variance + pairs * covariance).max(0.0);
        }
        let n = self.mu.len() as f64;
        let attention = wrong.expect(|left| within(n * (self.q - 1.0), left * allowed * self.k_q, uneven));
        // V takes over the scale, which is the mean mass of the attention, that of wrong positions too.
        let mass = self.q * self.weight + added;
        let bias = mass * self.alpha_v - 1.0;
        let left = (allowed - bias * bias - scale * self.alpha_v * self.alpha_v) * self.k_p;
        let value = within((n - 1.0) * (n - 1.0), left, mass * mass * self.value / batch);
        attention * value
    }

    /// The weight of a position outside of the support that is kept, beside that of one within: between
    /// `keep` and 1, taken in the middle.
    fn weight_of_wrong(&self) -> f64 {
        0.5 * (1.0 + self.keep)
    }

    /// The batch at which [`OneStep::probability`] reaches `probability`, in `(0, 1)`, to within 1 %;
    /// `None` if it takes more than a thousand million samples.
    #[must_use]
    pub fn batch(&self, probability: f64) -> Option<f64> {
        let (mut low, mut high) = (1.0f64, 2.0f64);
        while !matches!(self.probability(high), p if p >= probability) {
            if high > 1e9 {
                return None;
            }
            (low, high) = (high, 2.0 * high);
        }
        while high > 1.01 * low {
            let middle = (low * high).sqrt();
            *(if self.probability(middle) >= probability { &mut high } else { &mut low }) = middle;
        }
        Some((low * high).sqrt())
    }
}

/// How much of the error that the attention may have comes from wrong positions, as a distribution.
///
/// A query token has an error of its own, which counts by its probability: a rare one may be wrong. If
/// j positions outside of the support are kept beside it, each with m times the weight of a position of
/// the support, the squared error is `m^2 j (Q + j) / (Q (Q + m j)^2)`; if one of the support is lost, it
/// is `1 / (Q (Q - 1))`.
struct WrongPositions {
    /// m.
    weight: f64,
    /// Probability of each share of what is allowed, in parts of it; beyond all of it none counts.
    shares: [f64; Self::PARTS + 1],
}

impl WrongPositions {
    /// Parts of what is allowed.
    const PARTS: usize = 64;

    fn none(weight: f64) -> Self {
        let mut shares = [0.0; Self::PARTS + 1];
        shares[0] = 1.0;
        Self { weight, shares }
    }

    /// Adds a query token, of which no position is lost with the probability `all_stay`, a Poisson
    /// number is kept beside them, whose mean is each of `kept` with a probability, and which errs by
    /// `unit` parts of what is allowed for a squared error of 1/Q.
    fn add(&mut self, q: f64, all_stay: f64, kept: &[(f64, f64)], unit: f64) {
        // Beyond so many the number is taken as its mean.
        const MANY: f64 = 30.0;
        const NEGLIGIBLE: f64 = 1e-13;
        let lost = if q > 1.0 { 1.0 / (q - 1.0) } else { 0.0 };
        let error = |j: f64| {
            let m = self.weight;
            m * m * j * (q + j) / ((q + m * j) * (q + m * j))
        };
        let mut outcomes: Vec<(f64, f64)> = Vec::new();
        let mut both = |probability: f64, error: f64| {
            outcomes.push((probability * all_stay, error));
            outcomes.push((probability * (1.0 - all_stay), error + lost));
        };
        for &(share, kept) in kept {
            if kept > MANY {
                both(share, error(kept));
                continue;
            }
            let mut probability = share * libm::exp(-kept);
            let mut j = 0.0;
            while j <= kept || probability > NEGLIGIBLE {
                both(probability, error(j));
                j += 1.0;
                probability *= kept / j;
            }
        }
        let mut next = [0.0; Self::PARTS + 1];
        for (probability, error) in outcomes.into_iter().filter(|(p, _)| *p > NEGLIGIBLE) {
            // Between two parts, so that the mean is right.
            let parts = error * unit * Self::PARTS as f64;
            if parts > Self::PARTS as f64 {
                continue;
            }
            let (below, above) = (parts as usize, parts.fract());
            for (i, before) in self.shares.iter().enumerate() {
                for (at, part) in [(i + below, 1.0 - above), (i + below + 1, above)] {
                    if let Some(share) = next.get_mut(at) {
                        *share += before * probability * part;
                    }
                }
            }
        }
        self.shares = next;
    }

    /// The mean of `of` the share of what is allowed that is left.
    fn expect(&self, of: impl Fn(f64) -> f64) -> f64 {
        let left = |i: usize| 1.0 - i as f64 / Self::PARTS as f64;
        self.shares.iter().enumerate().filter(|(_, share)| **share > 0.0).map(|(i, share)| share * of(left(i))).sum()
    }
}

/// `ln Phi(z)`.
fn log_below(z: f64) -> f64 {
    libm::log1p(-normal::above(z).min(1.0 - 1e-16))
}

/// The probability that a chi-square variable with `df` degrees of freedom and the mean `mean` is at
/// most `limit`.
fn within(df: f64, limit: f64, mean: f64) -> f64 {
    if limit <= 0.0 {
        return 0.0;
    }
    if df <= 0.0 || mean <= 0.0 {
        return 1.0;
    }
    1.0 - chi_square::survival(df, df * limit / mean)
}

/// Moments of the gradient of one sample of one query token, over its tokens and its output.
#[derive(Default)]
struct Moments {
    /// Mean of `y = (Vc' r)[x]` at a position of the support.
    y: f64,
    /// Mean square of the same.
    yy: f64,
    /// Mean of the product at two positions of the support.
    y_other: f64,
    /// Mean square at a position outside, where the token says nothing of the output.
    outside: f64,
    /// Mean of `|r|^2 sum_m (h_m - mu_m)^2 / mu_m`.
    value: f64,
}

impl Moments {
    /// At `V = mu 1' + alpha_v Pc`, where each position of the support has the weight `weight`. The
    /// histogram h of the other positions is taken to be its mean. O(N^Q (N^2 + Q^2)).
    fn new(task: &Task, alpha_v: f64, weight: f64) -> Self {
        let (n, q) = (task.n, task.q);
        let mu = &task.stationary;
        let centred = task.centred_transition();
        // The squares of r at a token that is independent of it: r' C r, C = Pc diag(mu) Pc'.
        let mut c = vec![0.0; n * n];
        for i in 0..n {
            for j in 0..n {
                c[n * i + j] = (0..n).map(|m| mu[m] * centred[[i, m]] * centred[[j, m]]).sum();
            }
        }
        let mut tokens = vec![0usize; q];
        let mut moments = Self::default();
        loop {
            let mut probability = 1.0;
            tokens.iter().for_each(|&x| probability *= mu[x]);
            let sum: Vec<f64> = (0..n).map(|i| tokens.iter().map(|&x| centred[[i, x]]).sum()).collect();
            let mut spread = -((q * q) as f64);
            for &x in &tokens {
                spread += tokens.iter().filter(|&&other| other == x).count() as f64 / mu[x];
            }
            // The residual is this less the output: squares of it need one pass for all outputs.
            let base: Vec<f64> = (0..n).map(|i| mu[i] + alpha_v * weight * sum[i]).collect();
            let looked_up = |x: usize| -> f64 { (0..n).map(|i| centred[[i, x]] * base[i]).sum() };
            let (first, second) = (looked_up(tokens[0]), tokens.get(1).map(|&x| looked_up(x)));
            let through: Vec<f64> = (0..n).map(|i| (0..n).map(|j| c[n * i + j] * base[j]).sum()).collect();
            let noise_of_base: f64 = base.iter().zip(&through).map(|(b, t)| b * t).sum();
            let square_of_base: f64 = base.iter().map(|b| b * b).sum();
            for output in 0..n {
                let share = probability * (mu[output] + sum[output] / q as f64);
                let first = alpha_v * (first - centred[[output, tokens[0]]]);
                moments.y += share * first;
                moments.yy += share * first * first;
                if let Some(second) = second {
                    moments.y_other += share * first * alpha_v * (second - centred[[output, tokens[1]]]);
                }
                let square = square_of_base - 2.0 * base[output] + 1.0;
                moments.value += share * square * weight * weight * spread;
                let noise = noise_of_base - 2.0 * through[output] + c[n * output + output];
                moments.outside += share * alpha_v * alpha_v * noise;
            }
            // The next combination of tokens.
            let Some(wheel) = (0..q).rev().find(|&j| tokens[j] + 1 < n) else { return moments };
            tokens[wheel] += 1;
            tokens[wheel + 1..].fill(0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::learn::Stage;
    use crate::random::stream;
    use crate::task::{Chain, TaskSpec, Weights};
    use crate::train::{StageEnd, Start, Status, TrainSpec, step_sizes, train};

    fn task(n: usize, q: usize, t: usize, seed: u8) -> Task {
        let chain = Chain::Mixture { persistence: 0.7, concentration: 1.0 };
        Task::draw(&TaskSpec { n, q, t, chain, weights: Weights::Equal }, &mut stream([seed; 16])).unwrap()
    }

    /// One step as the search finds it best, of `batch` samples.
    fn spec(batch: usize, lambda: f64) -> TrainSpec {
        TrainSpec {
            batch_size: batch,
            eta_sparse: 0.9,
            attention_step: 2.0,
            lambda,
            start: Start::Planted { alpha_v: 0.5, alpha_a: 0.5 },
            boost_end: StageEnd { steps: Some(0), ..StageEnd::default() },
            max_samples: batch as u64,
            ..TrainSpec::default()
        }
    }

    fn sizes(task: &Task, lambda: f64) -> Sizes {
        let sizes = step_sizes(task, &spec(1, lambda), Stage::Sparse);
        Sizes { value: sizes.value, attention: sizes.attention, threshold: sizes.threshold }
    }

    fn one_step(task: &Task, lambda: f64) -> OneStep {
        OneStep::new(task, (0.5, 0.5), sizes(task, lambda), (0.5, 0.25)).unwrap()
    }

    /// Against the runs themselves, of one step each: the batch on which half of them recover is
    /// predicted within 40 %. With 200 runs a share has a standard error of 0.035.
    #[test]
    fn half_of_the_runs_recover_on_the_predicted_batch() {
        const RUNS: u8 = 200;
        const OFF: f64 = 1.4;
        let cases =
            [(3, 1, 1024, 0.01), (3, 2, 256, 0.01), (3, 2, 16384, 0.01), (4, 3, 4096, 0.005), (6, 2, 1024, 0.005)];
        for (case, seed) in cases.into_iter().flat_map(|case| [1, 2, 3].map(|seed| (case, seed))) {
            let (n, q, t, lambda) = case;
            let task = task(n, q, t, seed);
            let batch = one_step(&task, lambda).batch(0.5).unwrap();
            let share = |batch: f64| {
                let spec = spec(batch as usize, lambda);
                let recovers = |run: u8| {
                    let mut key = [seed; 16];
                    key[0] = run;
                    train(&task, &spec, stream(key), &mut ()).unwrap().status == Status::Recovered
                };
                (0..RUNS).filter(|&run| recovers(run)).count() as f64 / f64::from(RUNS)
            };
            let (less, more) = (share(batch / OFF), share(batch * OFF));
            assert!(less < 0.5 && more > 0.5, "{case:?}, task {seed}, B = {batch:.0}: {less}, {more}");
        }
    }

    /// On the batch on which 0.9 of the runs should recover, 0.83 to 0.97 do, over 20 tasks. The
    /// standard error of a share is 0.011; the rest is the approximation's.
    #[test]
    fn nine_in_ten_recover_on_the_batch_for_nine_in_ten() {
        for (n, q, t) in [(3, 1, 1024), (3, 2, 1024), (4, 3, 256), (8, 2, 4096)] {
            let (tasks, runs) = (20, 40);
            let recovered: usize = (0..tasks)
                .map(|seed| {
                    let task = task(n, q, t, seed);
                    let spec = spec(one_step(&task, 0.01).batch(0.9).unwrap() as usize, 0.01);
                    let recovers = |run: u8| {
                        let mut key = [seed; 16];
                        key[0] = run;
                        train(&task, &spec, stream(key), &mut ()).unwrap().status == Status::Recovered
                    };
                    (0..runs).filter(|&run| recovers(run)).count()
                })
                .sum();
            let share = recovered as f64 / f64::from(u32::from(tasks) * u32::from(runs));
            assert!((0.83..0.97).contains(&share), "N = {n}, Q = {q}, T = {t}: {share}");
        }
    }

    /// The same where a state is so rare that its query token may be wrong: with the batch that it would
    /// take for that one too, all runs recover long before.
    #[test]
    fn a_rare_query_token_may_be_wrong() {
        let rare = 0.004;
        let common = ndarray::array![[0.7, 0.1, 0.2], [0.2, 0.7, 0.1], [0.1, 0.2, 0.7]];
        let transition = ndarray::Array2::from_shape_fn((4, 4), |(next, current)| match (next, current) {
            (3, _) => rare,
            (_, 3) => (1.0 - rare) / 3.0,
            _ => (1.0 - rare) * common[[next, current]],
        });
        let spec = TaskSpec { n: 4, q: 2, t: 1024, chain: Chain::Given(transition), weights: Weights::Equal };
        let task = Task::draw(&spec, &mut stream([3; 16])).unwrap();
        let batch = one_step(&task, 0.01).batch(0.5).unwrap();
        let share = |batch: f64| {
            let spec = self::spec(batch as usize, 0.01);
            let recovers =
                |run: u8| train(&task, &spec, stream([run; 16]), &mut ()).unwrap().status == Status::Recovered;
            (0..100).filter(|&run| recovers(run)).count()
        };
        let (less, more) = (share(batch / 1.4), share(batch * 1.4));
        assert!(less < 50 && more > 50, "B = {batch:.0}: {less}, {more}");
        let rarest = task.stationary.iter().copied().fold(1.0, f64::min);
        assert!(batch * rarest < 8.0, "of so many samples its noise is no smaller than the signal");
    }

    /// The sum over tokens against samples of the task itself.
    #[test]
    fn moments_are_those_of_samples() {
        const SAMPLES: usize = 400_000;
        let task = task(4, 2, 64, 5);
        let (alpha_v, weight) = (0.5, 0.26);
        let moments = Moments::new(&task, alpha_v, weight);
        let centred = task.centred_transition();
        let mut random = stream([9; 16]);
        let mut draw = |mass: &dyn Fn(usize) -> f64| {
            let mut left = crate::random::uniform(&mut random);
            (0..3)
                .find(|&i| {
                    left -= mass(i);
                    left < 0.0
                })
                .unwrap_or(3)
        };
        let mut seen = Moments::default();
        for _ in 0..SAMPLES {
            let tokens = [(); 3].map(|()| draw(&|i| task.stationary[i]));
            let source = tokens[draw(&|i| if i < 2 { 0.5 } else { 0.0 }).min(1)];
            let output = draw(&|i| task.transition[[i, source]]);
            let mut histogram: Vec<f64> = task.stationary.iter().map(|mu| (1.0 - 2.0 * weight) * mu).collect();
            tokens[..2].iter().for_each(|&x| histogram[x] += weight);
            let residual: Vec<f64> = (0..4)
                .map(|i| {
                    let predicted: f64 = (0..4).map(|m| centred[[i, m]] * alpha_v * histogram[m]).sum();
                    task.stationary[i] + predicted - f64::from(u8::from(i == output))
                })
                .collect();
            let y = tokens.map(|x| alpha_v * (0..4).map(|i| centred[[i, x]] * residual[i]).sum::<f64>());
            let square: f64 = residual.iter().map(|r| r * r).sum();
            let spread: f64 = histogram.iter().zip(&task.stationary).map(|(h, mu)| (h - mu) * (h - mu) / mu).sum();
            let share = 1.0 / SAMPLES as f64;
            seen.y += share * y[0];
            seen.yy += share * y[0] * y[0];
            seen.y_other += share * y[0] * y[1];
            // A token that says nothing of the output.
            seen.outside += share * y[2] * y[2];
            seen.value += share * square * spread;
        }
        let pairs = [
            (moments.y, seen.y),
            (moments.yy, seen.yy),
            (moments.y_other, seen.y_other),
            (moments.outside, seen.outside),
            (moments.value, seen.value),
        ];
        let scale = moments.yy.sqrt();
        assert!((pairs[0].0 - pairs[0].1).abs() < 0.01 * scale, "{pairs:?}");
        assert!((pairs[2].0 - pairs[2].1).abs() < 0.01 * moments.yy, "{pairs:?}");
        for (exact, of_samples) in [pairs[1], pairs[3], pairs[4]] {
            assert!((of_samples / exact - 1.0).abs() < 0.015, "{pairs:?}");
        }
    }

    /// T enters through its logarithm: from T = 64 to T = 16 million the batch grows by less than
    /// three times, and the larger of two chances takes the larger batch.
    #[test]
    fn the_batch_grows_like_the_logarithm_of_the_length() {
        let short = task(3, 2, 64, 1);
        let at = |t: usize| {
            let long = Task::new(t, short.transition.clone(), short.patterns.clone()).unwrap();
            one_step(&long, 0.01).batch(0.5).unwrap()
        };
        let batches = [64, 4096, 262_144, 16_777_216].map(at);
        let steps: Vec<f64> = batches.windows(2).map(|pair| pair[1] / pair[0]).collect();
        assert!(steps.iter().all(|step| (1.0..1.8).contains(step)), "{batches:?}");
        assert!(one_step(&short, 0.01).batch(0.9) > one_step(&short, 0.01).batch(0.5));
        // A step that leaves V too far from P recovers on no batch.
        let sizes = Sizes { value: 0.0, ..sizes(&short, 0.01) };
        assert_eq!(OneStep::new(&short, (0.5, 0.5), sizes, (0.5, 0.25)).unwrap().batch(0.5), None);
    }
}
