//! How the noise of the two factors grows while boosting, and how many samples it takes for the
//! signal to outgrow it.
//!
//! Write `V = mu 1' + alpha_V Pc + U` and `a^(k) = 1/T + alpha_A Qc^(k) + b^(k)`, where U and b are
//! noise of the sizes `E_V = |U|_mu^2` and `E_A = |b|_mu^2`. A batch of B samples adds noise to both
//! factors. With `h = X a^(k)` and the residual `r = V h - e_{x_o}`, one sample has the preconditioned
//! and projected gradients
//!
//! ```text
//! of V:           r (h / mu - 1)'                 E |.|_mu^2 = (N-1) rho |A|_mu^2
//! of a^(k):       (V' r)[x_t] / mu_k              E |.|_mu^2 = N T [alpha_V^2 W + w E_V + |A|_mu^2 tr S^2]
//!
//! where  M = diag(mu) - mu mu', the covariance of a token     S_P = Pc diag(mu) Pc'
//!        W = tr(S_P M)    w = tr M^2 / tr M                   S = alpha_V^2 S_P + E_V M / tr M
//!        rho = E |r|^2                                        |A|_mu^2 = 1/T + K_Q alpha_A^2 + E_A
//! ```
//!
//! The first, because the variance of h goes with `|a^(k)|^2`; the second, because r is `mu - e_{x_o}`
//! but for `(V - mu 1') h`, and each column of U has the covariance of r, which is M. So noise of V makes
//! noise of the attention, at each of T positions, and noise of the attention makes noise of V.
//! [`NoisyRecursion`] follows the correlations, whose recursion is that of
//! [`Recursion`](super::Recursion) with these sizes, and the sizes themselves in expectation; the mean
//! gradients damp them:
//!
//! ```text
//! E_V <- (1 - eta_V |A|_mu^2)^2 E_V + eta_V^2 (N-1) rho |A|_mu^2 / B
//! E_A <- (1 - eta_A |V|_mu^2)^2 E_A + eta_A^2 N T [alpha_V^2 W + w E_V + |A|_mu^2 tr S^2] / B
//! ```
//!
//! Before there is a signal, both sizes grow at the rate `eta_V eta_A sqrt(N (N-1) T tr M^2) / B` by each
//! other, and the square of the signal at the rate 2 eta. With normalised steps the signal can outgrow
//! the noise only if
//!
//! ```text
//! B / eta > sqrt(N (N-1) T tr M^2) / (2 K_P K_Q)          K_Q = 1/Q - 1/T for equal weights
//! ```
//!
//! and it takes more, the longer the sequence: the signal starts from 1/T, and noise from that of a
//! step. The sign of V asks for a B / eta of the order `T W / K_P^2` ([`mirrored`](super::mirrored)). So
//! for few states the sign asks for more, and samples go as T; for many states noise does, and
//! samples go as less than T, up to a length at which the sign takes over. The rarest state hardly
//! matters: the attention of a rare query token is noisier, but is asked for as rarely.
//!
//! The derivation is this project's own. It leaves out that a residual depends on the tokens at the Q
//! positions that its output comes from, that noise of V along Pc grows as the signal does and is
//! correlated with that across it, and that second moments are those of all runs, not of a typical one: where states occur a few times only in
//! a run, single samples count (`sweeps/text_bytes.toml`).

use super::mirrored::{SMALL_STEP, output_variance};
use super::normal;
use crate::Task;

/// Beyond so many steps a run counts as one that never gets there.
const MAX_STEPS: u32 = 100_000;

/// Noise of this size has taken over: the attention of the truth is of size 1 at most.
const OVERWHELMING: f64 = 1e6;

/// What noise on a task depends on.
#[derive(Debug, Clone)]
pub struct TaskNoise {
    n: f64,
    t: f64,
    k_p: f64,
    k_q: f64,
    /// W.
    output: f64,
    /// `tr M`.
    trace: f64,
    /// `tr M^2`.
    trace_of_square: f64,
    /// w.
    passed_on: f64,
    /// `tr S_P^2`.
    signal_square: f64,
    /// Whether noise of V along Pc is left out.
    across: bool,
}

/// Correlations, and the sizes of the noise.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct NoisyRecursion {
    /// `alpha_V`.
    pub alpha_v: f64,
    /// `alpha_A`.
    pub alpha_a: f64,
    /// `E_V`, in `|.|_mu^2`.
    pub value: f64,
    /// `E_A`, in `|.|_mu^2`.
    pub attention: f64,
}

/// Step sizes and batch of the boosting stage.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BoostStep {
    /// eta_V, above 0.
    pub value: f64,
    /// eta_A, above 0.
    pub attention: f64,
    /// B, at least 1.
    pub batch: f64,
}

impl TaskNoise {
    /// Of this task. Takes `O(N^3)`.
    #[must_use]
    pub fn of(task: &Task) -> Self {
        let (n, mu) = (task.n as f64, &task.stationary);
        let power = |p: i32| mu.iter().map(|m| m.powi(p)).sum::<f64>();
        let (square, cube) = (power(2), power(3));
        let trace = 1.0 - square;
        let trace_of_square = square - 2.0 * cube + square * square;
        let output = output_variance(task);
        let pc = task.centred_transition();
        let signal = (&pc * mu).dot(&pc.t());
        let passed_on = trace_of_square / trace;
        let signal_square = signal.iter().map(|s| s * s).sum();
        let (k_p, k_q, t) = (task.k_p, task.k_q, task.t as f64);
        Self { n, t, k_p, k_q, output, trace, trace_of_square, passed_on, signal_square, across: false }
    }

    /// The same without noise of V along Pc.
    fn without_noise_along_signal(&self) -> Self {
        let along = self.output / self.k_p;
        let (all, square) = ((self.n - 1.0) * self.trace, (self.n - 1.0) * self.trace_of_square);
        // With two states V has no other direction.
        let passed_on = if self.n > 2.0 { (square - along * along).max(0.0) / (all - along) } else { 0.0 };
        Self { passed_on, across: true, ..self.clone() }
    }

    /// What one sample adds to `E_V`, of `|A|_mu^2` 1 and a residual of this size.
    fn added(&self, residual: f64) -> f64 {
        let along = if self.across { self.output / self.k_p } else { 0.0 };
        ((self.n - 1.0) * residual - along).max(0.0)
    }

    /// The steps until both correlations reach `signal`, in expectation over batches; `None` if
    /// noise takes over before.
    #[must_use]
    pub fn steps_to_signal(&self, step: BoostStep, signal: f64) -> Option<u32> {
        let mut state = NoisyRecursion::START;
        for count in 1..=MAX_STEPS {
            state.step(self, step);
            if state.is_overwhelmed() {
                return None;
            }
            if state.alpha_v.min(state.alpha_a) >= signal {
                return Some(count);
            }
        }
        None
    }

    /// The probability that a run converges to the mirrored solution, noise that is amplified
    /// included.
    ///
    /// As in [`mirrored`](super::mirrored) the sign is that of a normal variable, the growing mode of
    /// the linear recursion of both correlations. Its variance sums what each step adds: to `alpha_V`
    /// `W |A|_mu^2 / (B K_P^2)`, and to `alpha_A` the noise of the attention along Qc, `w E_V / (B K_Q)`.
    /// The sizes of the noise are those of a run whose sign is undecided, without signal, up to the
    /// step in which the mean reaches `signal`, in `(0, 1)`: from there on the sign is known. 0.5 if noise
    /// takes over before that, or steps are 0.
    #[must_use]
    pub fn mirrored(&self, step: BoostStep, signal: f64) -> f64 {
        let across = self.without_noise_along_signal();
        let uniform = 1.0 / self.t;
        let damping = 0.5 * step.value * uniform;
        let product = step.value * step.attention * self.k_p * self.k_q;
        let growth = product / ((damping * damping + product).sqrt() + damping);
        if growth.is_nan() || growth <= 0.0 {
            return 0.5;
        }
        // The left eigenvector of the growing mode, (of_value, 1).
        let of_value = growth / (step.value * self.k_q);
        let (mut mean_v, mut mean_a) = (0.0f64, 0.0f64);
        let (mut noise, mut variance, mut discount) = (NoisyRecursion::START, 0.0, 1.0);
        for _ in 0..MAX_STEPS {
            discount /= (1.0 + growth) * (1.0 + growth);
            let square = uniform + noise.attention;
            let to_value = step.value * step.value * self.output * square / (self.k_p * self.k_p);
            let to_attention = step.attention * step.attention * across.passed_on * noise.value / self.k_q;
            variance += discount * (of_value * of_value * to_value + to_attention) / step.batch;
            let push = self.k_q * mean_a + uniform * (1.0 - mean_v);
            (mean_v, mean_a) = (mean_v + step.value * push, mean_a + step.attention * self.k_p * mean_v);
            if mean_v.max(mean_a) >= signal {
                break;
            }
            noise.step_of_noise(&across, step);
            if noise.is_overwhelmed() {
                return 0.5;
            }
        }
        // The mean of the mode: the push of all steps, discounted.
        let mean = of_value * step.value * uniform / growth;
        let z = mean / variance.sqrt();
        normal::above(z)
    }

    /// The fewest samples, over batches, by which both correlations reach `signal` in a run with small
    /// normalised steps, while at most a share `mirrored`, in `(0, 0.5)`, of the runs ends mirrored:
    /// those of a typical run, by the means of its correlations and of the sizes of its noise.
    /// Samples depend on B and the step through `B / eta` alone while steps are small. `None` if no
    /// batch does it.
    #[must_use]
    pub fn samples_to_signal(&self, signal: f64, mirrored: f64) -> Option<f64> {
        const FINER: f64 = 1.01;
        const MAX_DOUBLINGS: i32 = 60;
        let samples = |batch: f64| {
            let step = BoostStep { value: SMALL_STEP / self.k_q, attention: SMALL_STEP / self.k_p, batch };
            let steps = self.steps_to_signal(step, signal)?;
            (self.mirrored(step, signal) <= mirrored).then(|| batch * f64::from(steps))
        };
        // From a batch that does it, well above the least, down to the first that does not.
        let first = (0..MAX_DOUBLINGS).map(|i| libm::ldexp(1.0, i)).find(|batch| samples(*batch).is_some())?;
        let batches = (0..).map(|i| 4.0 * first / libm::pow(FINER, f64::from(i)));
        batches.map_while(samples).min_by(f64::total_cmp)
    }
}

impl NoisyRecursion {
    /// The uninformative start.
    const START: Self = Self { alpha_v: 0.0, alpha_a: 0.0, value: 0.0, attention: 0.0 };

    /// Whether noise has taken over.
    fn is_overwhelmed(&self) -> bool {
        !(self.attention < OVERWHELMING && self.value < OVERWHELMING)
    }

    /// One step of the boosting stage.
    fn step(&mut self, task: &TaskNoise, step: BoostStep) {
        let before = *self;
        let square = self.step_of_noise(task, step);
        let value_square = task.k_p * before.alpha_v * before.alpha_v + before.value;
        let hit = task.k_q * before.alpha_a + 1.0 / task.t;
        self.alpha_v -= step.value * (square * before.alpha_v - hit);
        self.alpha_a -= step.attention * (value_square * before.alpha_a - task.k_p * before.alpha_v);
    }

    /// What one step does to the noise. Returns `|A|_mu^2` before it.
    fn step_of_noise(&mut self, task: &TaskNoise, step: BoostStep) -> f64 {
        let Self { alpha_v, alpha_a, value, attention } = *self;
        let uniform = 1.0 / task.t;
        let square = uniform + task.k_q * alpha_a * alpha_a + attention;
        let value_square = task.k_p * alpha_v * alpha_v + value;
        let residual = task.trace + square * value_square - 2.0 * alpha_v * task.k_p * (task.k_q * alpha_a + uniform);
        let signal = alpha_v * alpha_v;
        let second = signal * signal * task.signal_square
            + 2.0 * signal * value * task.output / task.trace
            + value * value * task.trace_of_square / (task.trace * task.trace);
        let look_up = signal * task.output + task.passed_on * value + square * second;
        let (of_value, of_attention) = (1.0 - step.value * square, 1.0 - step.attention * value_square);
        self.value = of_value * of_value * value + step.value * step.value * square * task.added(residual) / step.batch;
        self.attention = of_attention * of_attention * attention
            + step.attention * step.attention * task.n * task.t * look_up / step.batch;
        square
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::stream;
    use crate::task::{Chain, TaskSpec, Weights};
    use crate::theory::mirrored;
    use crate::train::{Outcome, StageEnd, StopAt, TrainSpec, train};

    fn task(n: usize, t: usize) -> Task {
        let chain = Chain::Mixture { persistence: 0.5, concentration: 5.0 };
        Task::draw(&TaskSpec { n, q: 2, t, chain, weights: Weights::Equal }, &mut stream([7; 16])).unwrap()
    }

    fn at(task: &Task, eta: f64, batch: f64) -> BoostStep {
        BoostStep { value: eta / task.k_q, attention: eta / task.k_p, batch }
    }

    /// Runs of Algorithm 1 that boost for this long and end, with different seeds.
    fn runs(task: &Task, eta: f64, batch: usize, steps: u64, count: u32) -> impl Iterator<Item = Outcome> {
        let spec = TrainSpec {
            batch_size: batch,
            eta_boost: eta,
            max_samples: steps * batch as u64,
            stop_at: StopAt::Budget,
            boost_end: StageEnd { steps: Some(2 * steps), ..StageEnd::default() },
            ..TrainSpec::default()
        };
        (0..count).map(move |run| {
            let mut seed = [9; 16];
            seed[..4].copy_from_slice(&run.to_le_bytes());
            train(task, &spec, stream(seed), &mut ()).unwrap()
        })
    }

    /// The mean sizes of the noise of 1000 runs are those of the recursion to 10 %, after 12 and 24
    /// steps, in which noise of the attention grows tenfold. Their standard errors are 1 %, and up to
    /// 8 % are what the argument leaves out: noise of V along Pc grows as the signal does.
    #[test]
    fn the_noise_of_runs_grows_as_the_recursion_says() {
        for (n, t, eta, batch) in [(8, 64, 0.1, 256), (8, 256, 0.1, 512), (12, 128, 0.05, 128)] {
            let task = task(n, t);
            let noise = TaskNoise::of(&task);
            let mut state = NoisyRecursion::START;
            for steps in 1..=24 {
                state.step(&noise, at(&task, eta, batch as f64));
                if steps % 12 != 0 {
                    continue;
                }
                let count = 1000;
                let mut sums = [0.0; 4];
                for end in runs(&task, eta, batch, steps, count) {
                    let (v, a) = (end.alpha_v, end.alpha_a);
                    let off = |error: f64, alpha: f64| error * error - (1.0 - alpha) * (1.0 - alpha);
                    // The noise along Pc is that of alpha_V about its mean.
                    let along = (v - state.alpha_v) * (v - state.alpha_v);
                    let value = (off(end.errors.value, v) + along) * task.k_p;
                    let attention = off(end.errors.attention, a) * task.k_q;
                    sums.iter_mut().zip([v, a, value, attention]).for_each(|(sum, x)| *sum += x);
                }
                let expected = [state.alpha_v, state.alpha_a, state.value, state.attention];
                let ratios: Vec<f64> = sums.iter().zip(expected).map(|(sum, e)| sum / f64::from(count) / e).collect();
                assert!(ratios.iter().all(|ratio| (ratio - 1.0).abs() < 0.1), "{n} {t} {steps}: {ratios:?}");
            }
        }
    }

    /// With two states V has no noise but along Pc, and the formula without amplification remains.
    #[test]
    fn two_states_amplify_nothing() {
        let task = task(2, 200);
        let step = at(&task, 0.1, 30.0);
        let plain = mirrored::probability(&task, step.value, step.attention, step.batch);
        let amplified = TaskNoise::of(&task).mirrored(step, 0.25);
        assert!((amplified / plain - 1.0).abs() < 0.02 && (0.01..0.4).contains(&plain), "{amplified} {plain}");
    }

    /// Of 4000 runs as many are mirrored as the formula says, within four standard errors; the formula
    /// without amplification is farther off.
    #[test]
    fn noise_that_is_amplified_makes_more_runs_mirrored() {
        let task = task(4, 64);
        let (eta, batch, count) = (0.05, 6, 4000);
        let step = at(&task, eta, batch as f64);
        let amplified = TaskNoise::of(&task).mirrored(step, 0.25);
        let plain = mirrored::probability(&task, step.value, step.attention, step.batch);
        let is_mirrored = |end: &Outcome| end.milestones.signal.is_none() && end.alpha_a < 0.0;
        let share = runs(&task, eta, batch, 200, count).filter(is_mirrored).count() as f64 / f64::from(count);
        let errors = |expected: f64| (share - expected).abs() / (expected * (1.0 - expected) / f64::from(count)).sqrt();
        assert!(errors(amplified) < 4.0, "{share} {amplified}");
        assert!(errors(plain) > 5.0, "the test can tell a difference: {share} {plain}");
    }

    /// With a batch a little larger than the recursion asks for, nearly all of 40 runs reach the
    /// signal, in as many steps as it says; with one a little smaller hardly any does in 200.
    #[test]
    fn the_signal_outgrows_noise_where_the_recursion_says() {
        let (task, eta) = (task(16, 512), 0.1);
        let noise = TaskNoise::of(&task);
        let expected = |batch: usize| noise.steps_to_signal(at(&task, eta, batch as f64), 0.25);
        let seen = |batch: usize| {
            let steps = |end: Outcome| Some(end.milestones.signal? as f64 / batch as f64);
            let mut steps: Vec<f64> = runs(&task, eta, batch, 200, 40).filter_map(steps).collect();
            steps.sort_by(f64::total_cmp);
            steps
        };
        let least = (1..).find(|batch| expected(*batch).is_some()).unwrap();
        let (above, below) = (seen(least * 5 / 4), seen(least * 5 / 6));
        assert!(above.len() >= 38 && below.len() <= 4, "{least}: {} {}", above.len(), below.len());
        let steps = f64::from(expected(least * 5 / 4).unwrap());
        assert!((above[20] / steps - 1.0).abs() < 0.08, "{steps} {above:?}");
        // The fewest samples lie between those of the least batch and twice as many.
        let samples = noise.samples_to_signal(0.25, 0.1).unwrap() / (least as f64 * steps);
        assert!((0.8..1.5).contains(&samples), "{samples}");
    }

    /// The least batch is above what growth alone asks for, by more the longer the sequence, and grows
    /// as less than T.
    #[test]
    fn the_least_batch_grows_as_less_than_the_length() {
        let eta = 0.05;
        let of = |t: usize| {
            let task = task(16, t);
            let noise = TaskNoise::of(&task);
            let least = (1..).find(|b| noise.steps_to_signal(at(&task, eta, f64::from(*b)), 0.25).is_some()).unwrap();
            let growth = (16.0 * 15.0 * t as f64 * noise.trace_of_square).sqrt() / (2.0 * task.k_p * task.k_q);
            (f64::from(least) / eta, growth)
        };
        let (short, long) = (of(256), of(4096));
        let (a, b) = (short.0 / short.1, long.0 / long.1);
        assert!(1.0 < a && a < b && b < 5.0, "{short:?} {long:?}");
        let exponent = (long.0 / short.0).ln() / 16f64.ln();
        assert!((0.5..0.85).contains(&exponent), "{exponent}");
    }
}
