//! Errors of tasks and of training settings.

use thiserror::Error;

/// Why a [`Task`](crate::Task) cannot be made.
#[derive(Debug, Clone, PartialEq, Error)]
#[non_exhaustive]
pub enum TaskError {
    /// A size outside its range.
    #[error("{name} = {value} is out of range: {range}")]
    Size {
        /// The symbol, as in the paper.
        name: &'static str,
        /// The given value.
        value: usize,
        /// The allowed values.
        range: &'static str,
    },
    /// A real parameter outside its range.
    #[error("{name} = {value} is out of range: {range}")]
    Parameter {
        /// The parameter's name.
        name: &'static str,
        /// The given value.
        value: f64,
        /// The allowed values.
        range: &'static str,
    },
    /// A given matrix has the wrong shape.
    #[error("the transition matrix is {rows} x {columns}, but N = {n}")]
    Shape {
        /// Rows found.
        rows: usize,
        /// Columns found.
        columns: usize,
        /// The given number of states.
        n: usize,
    },
    /// A given matrix is not column-stochastic.
    #[error(
        "column {column} of the transition matrix is no probability distribution (its sum is \
         {sum}; entries must be at least 0 and each column must sum to 1)"
    )]
    NotStochastic {
        /// The offending column, counted from 1.
        column: usize,
        /// Its sum.
        sum: f64,
    },
    /// An attention weight that is not positive.
    #[error(
        "query token {query} has a position of weight {weight}: the Q positions of a pattern have \
         positive weights that sum to 1"
    )]
    Weight {
        /// The query token, counted from 1.
        query: usize,
        /// The offending weight.
        weight: f64,
    },
    /// An attention pattern whose weights do not sum to 1.
    #[error(
        "the weights of query token {query} sum to {sum}: the Q positions of a pattern have \
         positive weights that sum to 1"
    )]
    WeightSum {
        /// The query token, counted from 1.
        query: usize,
        /// Their sum.
        sum: f64,
    },
    /// Attention patterns of the wrong number or length, or positions not ascending or not below T.
    #[error(
        "the attention pattern of query token {query} does not fit: there are N patterns of Q \
         positions each, ascending and below T"
    )]
    Pattern {
        /// The query token, counted from 1.
        query: usize,
    },
    /// Some state cannot be reached from some other one.
    #[error(
        "the chain is not irreducible: state {to} is never reached from state {from} (states \
         counted from 1), so its stationary distribution is not unique and positive"
    )]
    NotIrreducible {
        /// A state, counted from 1.
        from: usize,
        /// A state that `from` never leads to, counted from 1.
        to: usize,
    },
    /// A state that practically never occurs.
    #[error(
        "state {state} has stationary probability {share:.1e}, below {minimum:.0e}: no run would \
         meet it"
    )]
    RareState {
        /// The state, counted from 1.
        state: usize,
        /// Its stationary probability.
        share: f64,
        /// The smallest value accepted.
        minimum: f64,
    },
    /// The chain is so close to independent draws that nothing can be learned.
    #[error(
        "K_P = {k_p:.3e} is below {minimum:.0e}: the next state hardly depends on the current one, \
         so there is nothing to learn from"
    )]
    NearlyIndependent {
        /// `K_P = |P - mu 1'|_mu^2`.
        k_p: f64,
        /// The smallest value accepted.
        minimum: f64,
    },
    /// No direction orthogonal to `Pc` exists, as for two states.
    #[error(
        "no other chain has the same stationary distribution, so only theta = 1 and theta = -1 are \
         possible (use N = 3 or more)"
    )]
    NoOtherChain,
    /// The true attention is uniform, as is the initial model.
    #[error(
        "K_Q = {k_q:.3e}: the true attention is uniform over all T positions, so there is nothing \
         to learn"
    )]
    UniformAttention {
        /// `K_Q = |Q - 1/T|_mu^2`.
        k_q: f64,
    },
}

/// Why training cannot start.
#[derive(Debug, Clone, PartialEq, Error)]
#[non_exhaustive]
pub enum TrainError {
    /// A setting outside its range.
    #[error("{name} = {value} is out of range: {range}")]
    Setting {
        /// Its name.
        name: &'static str,
        /// The given value.
        value: f64,
        /// The allowed values.
        range: String,
    },
    /// The truth itself would not count as recovered: rounding drops true positions.
    #[error(
        "the truth itself would not count as recovered: rounding drops true positions, such as one \
         of weight {weight:.2e} of query token {query}, and the rounded truth has a relative error \
         of {error:.2}, above epsilon = {epsilon} (lower keep, raise epsilon, or draw less unequal \
         weights)"
    )]
    Unrecoverable {
        /// A query token of which a true position is dropped, counted from 1.
        query: usize,
        /// The weight of that position.
        weight: f64,
        /// Relative error of the rounded truth, in the factor in which it is larger.
        error: f64,
        /// The largest error that counts as recovered.
        epsilon: f64,
    },
}

impl TrainError {
    /// The error of a batch without a sample.
    pub(crate) fn batch_size() -> Self {
        Self::Setting { name: "batch_size", value: 0.0, range: "at least one sample".to_owned() }
    }
}

impl TaskError {
    /// Advice for a task that was drawn: which setting of the draw to change. `None` if there is
    /// none.
    #[must_use]
    pub fn remedy_when_drawn(&self) -> Option<&'static str> {
        match self {
            Self::Weight { .. } => Some("raise the concentration of the weights"),
            Self::RareState { .. } => Some("raise the concentration"),
            Self::NearlyIndependent { .. } => Some("raise the persistence or lower the concentration"),
            Self::NotIrreducible { .. } => Some("lower the persistence, or raise the concentration"),
            _ => None,
        }
    }
}
