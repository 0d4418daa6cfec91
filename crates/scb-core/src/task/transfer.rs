//! Source tasks for transfer: chains with the stationary distribution of P and a chosen correlation
//! theta with P.
//!
//! With `theta = <Pc_src, Pc>_mu / (|Pc_src|_mu |Pc|_mu)` the source is
//!
//! ```text
//! P_src = mu 1' + s (theta Pc / |Pc|_mu + sqrt(1 - theta^2) O / |O|_mu)
//! ```
//!
//! where O is the part orthogonal to Pc of an unrelated chain with the same mu. That chain is drawn
//! as P is, and then adjusted to mu by the Metropolis rule. Every matrix of this form has columns
//! that sum to 1 and keeps mu. It is a transition matrix as long as s leaves no entry negative.
//!
//! The scale s is the same for all theta of one sign, so sources differ in direction only. It is
//! [`SCALE_FRACTION`] times the largest scale that keeps all entries non-negative for theta from 0
//! to 1 (or -1 to 0), and at most `|Pc|_mu`.

use ndarray::Array2;

use super::{Chain, Task, TaskSpec};
use crate::error::TaskError;
use crate::random::Stream;

/// The fraction of the largest possible scale s that is used, unless `|Pc|_mu` is smaller.
pub const SCALE_FRACTION: f64 = 0.95;

/// The smallest size that the orthogonal part of another chain must have, relative to the size of
/// the whole.
const MIN_ORTHOGONAL: f64 = 1e-3;

/// Draws a source task with the mu of `target` and a chain at correlation `theta`, in `[-1, 1]`,
/// with that of `target`. N is that of the target. Q, T, the weights and the way the unrelated
/// chain is drawn come from `spec`. The unrelated chain does not depend on theta.
///
/// # Errors
/// As [`Task::draw`]; [`TaskError::Parameter`] if `theta` is out of range;
/// [`TaskError::NoOtherChain`] if `theta` is neither 1 nor -1 and no direction orthogonal to Pc
/// exists, as for two states.
pub fn source(target: &Task, theta: f64, spec: &TaskSpec, stream: &mut Stream) -> Result<Task, TaskError> {
    if !(-1.0..=1.0).contains(&theta) {
        return Err(TaskError::Parameter { name: "theta", value: theta, range: "-1 to 1" });
    }
    // Only its chain is used; its mu differs from that of the target.
    let unrelated = Task::draw(&TaskSpec { n: target.n, ..spec.clone() }, stream)?;
    let adjusted = metropolis(target, &unrelated.transition);
    let pc = target.centred_transition();
    let inner = |u: &Array2<f64>, w: &Array2<f64>| -> f64 {
        let columns = u.columns().into_iter().zip(w.columns()).zip(&target.stationary);
        columns.map(|((u, w), &mu)| mu * u.iter().zip(w).map(|(x, y)| x * y).sum::<f64>()).sum()
    };
    let mut orthogonal = adjusted;
    orthogonal.columns_mut().into_iter().for_each(|mut column| column -= &target.stationary);
    let whole = inner(&orthogonal, &orthogonal);
    let along = inner(&orthogonal, &pc) / target.k_p;
    orthogonal.scaled_add(-along, &pc);
    let size = inner(&orthogonal, &orthogonal).sqrt();
    if size.is_nan() || size < MIN_ORTHOGONAL * whole.sqrt() {
        if theta.abs() < 1.0 {
            return Err(TaskError::NoOtherChain);
        }
        orthogonal.fill(0.0);
    } else {
        orthogonal /= size;
    }
    let along = pc / target.k_p.sqrt();
    let towards = if theta < 0.0 { -&along } else { along.clone() };
    let scale = target.k_p.sqrt().min(SCALE_FRACTION * largest_scale(target, &towards, &orthogonal));
    let mut transition = along * (scale * theta);
    transition.scaled_add(scale * (1.0 - theta * theta).max(0.0).sqrt(), &orthogonal);
    for mut column in transition.columns_mut() {
        column += &target.stationary;
        // A rounding error may turn a probability of 0 into -1e-17.
        column.mapv_inplace(|p| if p < 0.0 { 0.0 } else { p });
        // In the order of the states: the order of the library's own sum may change with its
        // version.
        let sum: f64 = column.iter().sum();
        column.mapv_inplace(|p| p / sum);
    }
    Task::draw(&TaskSpec { n: target.n, chain: Chain::Given(transition), ..spec.clone() }, stream)
}

/// The largest scale s that leaves every entry of `mu + s (theta u + sqrt(1 - theta^2) w)` at least
/// 0 for every theta in `[0, 1]`.
fn largest_scale(target: &Task, u: &Array2<f64>, w: &Array2<f64>) -> f64 {
    let mut largest = f64::INFINITY;
    for (u, w) in u.columns().into_iter().zip(w.columns()) {
        for ((&u, &w), &mu) in u.iter().zip(&w).zip(&target.stationary) {
            // As theta goes from 0 to 1 the entry moves along a quarter of an ellipse from w to u.
            // Its lowest point lies between the ends only if both are negative.
            let lowest = if u < 0.0 && w < 0.0 { -(u * u + w * w).sqrt() } else { u.min(w) };
            if lowest < 0.0 {
                largest = largest.min(mu / -lowest);
            }
        }
    }
    largest
}

/// The chain that proposes moves as `proposal` does and accepts a move from i to j with probability
/// `min(1, mu_j K[i,j] / (mu_i K[j,i]))`. It keeps the mu of `target` (Metropolis et al., 1953;
/// Hastings, 1970).
fn metropolis(target: &Task, proposal: &Array2<f64>) -> Array2<f64> {
    let mu = &target.stationary;
    let mut chain = Array2::zeros(proposal.dim());
    for i in 0..target.n {
        let mut stays = 1.0;
        for j in (0..target.n).filter(|&j| j != i) {
            let (there, back) = (mu[i] * proposal[[j, i]], mu[j] * proposal[[i, j]]);
            // min(1, back / there) K[j,i], without dividing by what may be 0.
            chain[[j, i]] = there.min(back) / mu[i];
            stays -= chain[[j, i]];
        }
        chain[[i, i]] = stays;
    }
    chain
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::stream;
    use crate::task::Weights;

    fn spec(n: usize, t: usize) -> TaskSpec {
        let chain = Chain::Mixture { persistence: 0.5, concentration: 1.0 };
        TaskSpec { n, q: 2, t, chain, weights: Weights::Equal }
    }

    #[test]
    fn a_source_has_the_same_mu_the_correlation_it_was_asked_for_and_one_strength() {
        let mut least = f64::INFINITY;
        for seed in 0..20 {
            let mut strengths = Vec::new();
            let target = Task::draw(&spec(4, 50), &mut stream([seed; 16])).unwrap();
            let pc = target.centred_transition();
            for theta in [-1.0, -0.5, 0.0, 0.3, 0.9, 1.0] {
                let source = source(&target, theta, &spec(4, 64), &mut stream([100 + seed; 16])).unwrap();
                assert_eq!((source.n, source.t, source.q), (4, 64, 2));
                assert!(source.stationary.iter().zip(&target.stationary).all(|(x, y)| (x - y).abs() < 1e-9));
                let sc = source.centred_transition();
                let mut inner = 0.0;
                for k in 0..4 {
                    inner += target.stationary[k] * sc.column(k).dot(&pc.column(k));
                }
                let found = inner / (source.k_p * target.k_p).sqrt();
                assert!((found - theta).abs() < 1e-6, "{seed} {theta}: {found}");
                strengths.push((theta < 0.0, (source.k_p / target.k_p).sqrt()));
                assert!(source.transition.iter().all(|&p| p >= 0.0));
            }
            // The scale is equal for every theta of one sign, and no larger than that of the
            // target.
            for sign in [false, true] {
                let own: Vec<f64> = strengths.iter().filter(|s| s.0 == sign).map(|s| s.1).collect();
                assert!(own.iter().all(|s| (s - own[0]).abs() < 1e-9 && *s < 1.0 + 1e-9), "{strengths:?}");
                least = least.min(own[0]);
            }
        }
        assert!((0.05..0.9).contains(&least), "some are weaker, none is next to nothing: {least}");
    }

    #[test]
    fn the_adjusted_chain_is_reversible_and_stochastic() {
        let target = Task::draw(&spec(5, 50), &mut stream([1; 16])).unwrap();
        let other = Task::draw(&spec(5, 50), &mut stream([2; 16])).unwrap();
        let chain = metropolis(&target, &other.transition);
        let mu = &target.stationary;
        for i in 0..5 {
            assert!((chain.column(i).sum() - 1.0).abs() < 1e-12 && chain.column(i).iter().all(|&p| p >= 0.0));
            for j in 0..5 {
                assert!((mu[i] * chain[[j, i]] - mu[j] * chain[[i, j]]).abs() < 1e-12, "detailed balance");
            }
        }
    }

    #[test]
    fn impossible_sources_are_refused_with_the_reason() {
        let target = Task::draw(&spec(2, 50), &mut stream([1; 16])).unwrap();
        let at = |theta| source(&target, theta, &spec(2, 64), &mut stream([2; 16]));
        assert!(matches!(at(0.5), Err(TaskError::NoOtherChain)));
        assert!(at(1.0).is_ok() && at(-1.0).is_ok());
        assert!(matches!(at(1.5), Err(TaskError::Parameter { name: "theta", .. })));
    }
}
