//! Sparse contextual bigrams: transition matrix, stationary distribution, attention patterns.

use ndarray::{Array1, Array2};

use super::chain::{Chain, check_stochastic, draw_transition};
use super::pattern::{Pattern, Weights, check_patterns, draw_patterns};
use super::stationary::stationary;
use crate::TaskError;
use crate::random::Stream;

/// The largest N: a token is one byte.
pub const MAX_STATES: usize = 256;

/// The smallest `K_P` accepted. Below it P differs from independent draws by less than 1 % (root
/// mean square over states).
pub const MIN_K_P: f64 = 1e-4;

/// The smallest stationary probability accepted. A rarer state would not occur in a run.
pub const MIN_MU: f64 = 1e-9;

/// The settings that a [`Task`] is drawn with.
#[derive(Debug, Clone, PartialEq)]
pub struct TaskSpec {
    /// Number of states N, 2 to 256.
    pub n: usize,
    /// Positions Q a query token attends to, `1 <= Q <= T`.
    pub q: usize,
    /// Sequence length T, at least 2.
    pub t: usize,
    /// How P is made.
    pub chain: Chain,
    /// How the attention weights are drawn.
    pub weights: Weights,
}

impl TaskSpec {
    /// N, Q and T as given. P is the mean of a random permutation matrix and a matrix with columns
    /// uniform on the simplex; the attention weights are equal.
    #[must_use]
    pub fn new(n: usize, q: usize, t: usize) -> Self {
        let chain = Chain::Mixture { persistence: 0.5, concentration: 1.0 };
        Self { n, q, t, chain, weights: Weights::Equal }
    }
}

/// A sparse contextual bigram: P, its stationary distribution mu and the N attention patterns. It
/// is immutable.
#[derive(Debug, Clone, PartialEq)]
pub struct Task {
    pub(crate) n: usize,
    pub(crate) q: usize,
    pub(crate) t: usize,
    pub(crate) transition: Array2<f64>,
    pub(crate) stationary: Array1<f64>,
    pub(crate) patterns: Vec<Pattern>,
    pub(crate) k_p: f64,
    pub(crate) k_q: f64,
}

impl Task {
    /// Draws a task. The same `spec` and stream give the same task, bit for bit.
    ///
    /// # Errors
    /// [`TaskError`] if a size or parameter is out of range, P is not column-stochastic or not
    /// irreducible, or there is nothing to learn.
    pub fn draw(spec: &TaskSpec, stream: &mut Stream) -> Result<Self, TaskError> {
        check_sizes(spec.n, spec.q, spec.t)?;
        let transition = draw_transition(&spec.chain, spec.n, stream)?;
        let patterns = draw_patterns(spec.weights, [spec.n, spec.q, spec.t], stream)?;
        Self::new(spec.t, transition, patterns)
    }

    /// A task of sequence length `t` with transition matrix `transition`, shape `(N, N)`, and N
    /// patterns of Q positions each; `patterns[k]` belongs to query token k. Column sums and weight
    /// sums may differ from 1 by 1e-9.
    ///
    /// ```
    /// use scb_core::ndarray::array;
    /// use scb_core::{Pattern, Task};
    ///
    /// let transition = array![[0.8, 0.3], [0.2, 0.7]];
    /// let far = Pattern { positions: vec![0, 99], weights: vec![0.75, 0.25] };
    /// let task = Task::new(100, transition, vec![far, Pattern::equal(vec![41, 42])])?;
    /// assert_eq!((task.n(), task.q(), task.t()), (2, 2, 100));
    /// # Ok::<(), scb_core::TaskError>(())
    /// ```
    ///
    /// # Errors
    /// As [`Task::draw`], and if the patterns do not fit or have weights that are not positive or
    /// do not sum to 1.
    pub fn new(t: usize, transition: Array2<f64>, patterns: Vec<Pattern>) -> Result<Self, TaskError> {
        let (rows, n) = transition.dim();
        if rows != n {
            return Err(TaskError::Shape { rows, columns: n, n });
        }
        let q = patterns.first().map_or(0, |p| p.positions.len());
        check_sizes(n, q, t)?;
        check_stochastic(&transition)?;
        check_patterns(n, q, t, &patterns)?;
        let stationary = Array1::from(stationary(&transition)?);
        let mut k_p = 0.0;
        for (column, &mu) in transition.columns().into_iter().zip(&stationary) {
            let square: f64 = column.iter().zip(&stationary).map(|(&p, &m)| (p - m) * (p - m)).sum();
            k_p += mu * square;
        }
        // |q - 1/T|^2 = |q|^2 - 1/T for weights that sum to 1.
        let mut k_q = 0.0;
        for (pattern, &mu) in patterns.iter().zip(&stationary) {
            let square: f64 = pattern.weights.iter().map(|w| w * w).sum();
            k_q += mu * (square - 1.0 / t as f64);
        }
        if let Some(state) = stationary.iter().position(|&mu| mu.is_nan() || mu < MIN_MU) {
            return Err(TaskError::RareState { state: state + 1, share: stationary[state], minimum: MIN_MU });
        }
        if k_p.is_nan() || k_p < MIN_K_P {
            return Err(TaskError::NearlyIndependent { k_p, minimum: MIN_K_P });
        }
        if k_q.is_nan() || k_q < 1e-12 {
            return Err(TaskError::UniformAttention { k_q });
        }
        Ok(Self { n, q, t, transition, stationary, patterns, k_p, k_q })
    }

    /// Number of states N.
    #[must_use]
    pub fn n(&self) -> usize {
        self.n
    }

    /// Q: number of positions that a query token attends to.
    #[must_use]
    pub fn q(&self) -> usize {
        self.q
    }

    /// Sequence length T.
    #[must_use]
    pub fn t(&self) -> usize {
        self.t
    }

    /// P, shape `(N, N)`, `P[n, m] = Pr(next = n | current = m)`; columns sum to 1.
    #[must_use]
    pub fn transition(&self) -> &Array2<f64> {
        &self.transition
    }

    /// mu, length N, positive, summing to 1; `P mu = mu`.
    #[must_use]
    pub fn stationary(&self) -> &Array1<f64> {
        &self.stationary
    }

    /// `q^(k)` for each query token k.
    #[must_use]
    pub fn patterns(&self) -> &[Pattern] {
        &self.patterns
    }

    /// `K_P = |P - mu 1'|_mu^2`, how far the chain is from i.i.d.
    #[must_use]
    pub fn k_p(&self) -> f64 {
        self.k_p
    }

    /// Whether the weights of each pattern are equal, `1/Q`, up to rounding errors (1e-9 relative).
    #[must_use]
    pub fn equal_weights(&self) -> bool {
        let equal = 1.0 / self.q as f64;
        self.patterns.iter().flat_map(|pattern| &pattern.weights).all(|weight| (weight / equal - 1.0).abs() < 1e-9)
    }

    /// `K_Q = |Q - 1/T|_mu^2`, how far the true attention is from uniform.
    #[must_use]
    pub fn k_q(&self) -> f64 {
        self.k_q
    }

    /// `Pc = P - mu 1'`, shape `(N, N)`.
    #[must_use]
    pub fn centred_transition(&self) -> Array2<f64> {
        let mut centred = self.transition.clone();
        for mut column in centred.columns_mut() {
            column -= &self.stationary;
        }
        centred
    }
}

fn check_sizes(n: usize, q: usize, t: usize) -> Result<(), TaskError> {
    let size = |name, value, ok, range| if ok { Ok(()) } else { Err(TaskError::Size { name, value, range }) };
    size("N", n, (2..=MAX_STATES).contains(&n), "2 to 256 states")?;
    size("T", t, t >= 2, "at least 2 positions")?;
    size("Q", q, (1..=t).contains(&q), "1 to T positions")
}

#[cfg(test)]
mod tests {
    use ndarray::array;

    use super::*;
    use crate::random::stream;

    fn spec(n: usize, q: usize, t: usize) -> TaskSpec {
        let chain = Chain::Mixture { persistence: 0.3, concentration: 1.0 };
        TaskSpec { n, q, t, chain, weights: Weights::Equal }
    }

    #[test]
    fn a_drawn_task_satisfies_its_definition() {
        for (seed, weights) in [(1, Weights::Equal), (2, Weights::Dirichlet(0.7))] {
            let task = Task::draw(&TaskSpec { weights, ..spec(5, 3, 40) }, &mut stream([seed; 16])).unwrap();
            let next = task.transition.dot(&task.stationary);
            for (x, y) in next.iter().zip(&task.stationary) {
                assert!((x - y).abs() < 1e-14);
            }
            for pattern in &task.patterns {
                assert_eq!(pattern.positions.len(), 3);
                assert!(pattern.positions.windows(2).all(|w| w[0] < w[1]) && pattern.positions[2] < 40);
                assert!((pattern.weights.iter().sum::<f64>() - 1.0).abs() < 1e-14);
            }
        }
    }

    #[test]
    fn task_constants_have_their_closed_forms() {
        // Two states with second eigenvalue l = 0.4 and mu = (1/2, 1/2): Pc has entries l/2 and
        // -l/2, so K_P = 0.5 l^2. With equal weights K_Q = 1/Q - 1/T.
        let p = array![[0.7, 0.3], [0.3, 0.7]];
        let task = Task::draw(&TaskSpec { chain: Chain::Given(p), ..spec(2, 4, 10) }, &mut stream([3; 16])).unwrap();
        assert!((task.k_p - 0.08).abs() < 1e-15);
        assert!((task.k_q - (0.25 - 0.1)).abs() < 1e-15);
    }

    /// Chosen positions and weights: `K_Q = sum_k mu_k (|q^(k)|^2 - 1/T)`, mu = (2/3, 1/3).
    #[test]
    fn a_task_may_be_given_position_by_position() {
        let p = array![[0.8, 0.4], [0.2, 0.6]];
        let pattern =
            |positions: &[usize], weights: &[f64]| Pattern { positions: positions.to_vec(), weights: weights.to_vec() };
        let good = vec![pattern(&[0, 7], &[0.9, 0.1]), pattern(&[3, 4], &[0.5, 0.5])];
        let task = Task::new(10, p.clone(), good.clone()).unwrap();
        assert!((task.k_q() - (2.0 * 0.82 / 3.0 + 0.5 / 3.0 - 0.1)).abs() < 1e-15);
        assert_eq!((task.n(), task.q(), task.t(), task.patterns()), (2, 2, 10, &good[..]));
        for (wrong, weight) in [
            (pattern(&[3, 10], &[0.5, 0.5]), false),
            (pattern(&[4, 3], &[0.5, 0.5]), false),
            (pattern(&[3, 3], &[0.5, 0.5]), false),
            (pattern(&[3], &[1.0]), false),
            (pattern(&[3, 4], &[1.0, 0.0]), true),
            (pattern(&[3, 4], &[0.5, 0.4]), true),
            (pattern(&[3, 4], &[f64::NAN, 0.4]), true),
        ] {
            let error = Task::new(10, p.clone(), vec![good[0].clone(), wrong.clone()]).unwrap_err();
            let found =
                matches!(error, TaskError::Weight { query: 2, .. } | TaskError::WeightSum { query: 2, sum: 0.9 });
            assert!(found == weight && (weight || error == TaskError::Pattern { query: 2 }), "{wrong:?}: {error:?}");
        }
        assert_eq!(Task::new(10, p, good[..1].to_vec()).unwrap_err(), TaskError::Pattern { query: 2 });
    }

    #[test]
    fn impossible_tasks_are_refused_with_the_reason() {
        let given = |p, n| Task::draw(&TaskSpec { chain: Chain::Given(p), ..spec(n, 1, 8) }, &mut stream([0; 16]));
        assert!(matches!(given(array![[0.5, 0.5], [0.4, 0.5]], 2), Err(TaskError::NotStochastic { column: 1, .. })));
        assert!(matches!(given(array![[0.5, 0.5], [0.5, 0.5]], 2), Err(TaskError::NearlyIndependent { .. })));
        assert!(matches!(given(array![[1.0, 0.0], [0.0, 1.0]], 2), Err(TaskError::NotIrreducible { .. })));
        assert!(matches!(given(array![[0.5, 0.5], [0.5, 0.5]], 3), Err(TaskError::Shape { .. })));
        let drawn = |s: TaskSpec| Task::draw(&s, &mut stream([0; 16]));
        assert!(matches!(drawn(spec(3, 8, 8)), Err(TaskError::UniformAttention { .. })));
        assert!(matches!(drawn(spec(3, 9, 8)), Err(TaskError::Size { name: "Q", .. })));
        assert!(matches!(drawn(spec(257, 1, 8)), Err(TaskError::Size { name: "N", .. })));
        // Weights so unequal that one is below the smallest double.
        let weights = Weights::Dirichlet(1e-3);
        let unequal = (0..20).map(|seed| Task::draw(&TaskSpec { weights, ..spec(4, 4, 50) }, &mut stream([seed; 16])));
        let unequal: Vec<_> = unequal.collect();
        assert!(unequal.iter().any(|task| matches!(task, Err(TaskError::Weight { weight: 0.0, .. }))));
        assert!(unequal.iter().flatten().flat_map(|t| &t.patterns).flat_map(|p| &p.weights).all(|&w| w > 0.0));
        let rare = array![[1.0 - 1e-12, 0.5], [1e-12, 0.5]];
        assert!(matches!(given(rare, 2), Err(TaskError::RareState { state: 2, .. })));
        let chain = Chain::Mixture { persistence: 0.3, concentration: 0.0 };
        assert!(matches!(drawn(TaskSpec { chain, ..spec(3, 1, 8) }), Err(TaskError::Parameter { .. })));
    }
}
