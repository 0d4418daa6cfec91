//! The ratio of needed samples in one cell, and what it says.

use super::super::needed::Needed;
use crate::statistics::ratio::ratio_interval;

/// How a ratio is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Extent {
    /// It is this.
    Is,
    /// At least this: what is compared has only a lower bound.
    AtLeast,
    /// At most this: the reference has only a lower bound.
    AtMost,
}

impl Extent {
    /// Its name in the table.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Is => "is",
            Self::AtLeast => "at least",
            Self::AtMost => "at most",
        }
    }

    /// Before a number.
    #[must_use]
    pub fn sign(self) -> &'static str {
        match self {
            Self::Is => "",
            Self::AtLeast => ">",
            Self::AtMost => "<",
        }
    }
}

/// What a ratio says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// The interval lies below 1.
    Fewer,
    /// The interval lies above 1.
    More,
    /// 1 lies in an interval with two ends.
    NotSeenToDiffer,
    /// The interval does not hold 1, but the chosen setting of one side lies at an edge of its
    /// tuning grid, or nothing was chosen there.
    AtEdge,
    /// An end of the interval is open, and the other does not decide.
    NotKnown,
}

impl Outcome {
    /// Of an interval.
    pub(super) fn of(low: Option<f64>, high: Option<f64>, at_edge: bool) -> Self {
        let (fewer, more) = (high.is_some_and(|high| high < 1.0), low.is_some_and(|low| low > 1.0));
        match (fewer || more, at_edge) {
            (true, true) => Self::AtEdge,
            (true, false) => {
                if fewer {
                    Self::Fewer
                } else {
                    Self::More
                }
            }
            (false, _) if low.is_some() && high.is_some() => Self::NotSeenToDiffer,
            (false, _) => Self::NotKnown,
        }
    }

    /// In words; `smallest` is the smallest ratio above 1 that would have been seen.
    #[must_use]
    pub fn in_words(self, smallest: Option<f64>) -> String {
        match (self, smallest) {
            (Self::Fewer, _) => "needs fewer".to_owned(),
            (Self::More, _) => "needs more".to_owned(),
            (Self::NotSeenToDiffer, Some(ratio)) => {
                format!("not seen to differ (a ratio of {} would have been seen)", digits(ratio))
            }
            (Self::NotSeenToDiffer, None) => "not seen to differ".to_owned(),
            (Self::AtEdge, _) => "not decided: tuned at an edge".to_owned(),
            (Self::NotKnown, _) => "not known".to_owned(),
        }
    }

    /// Its name in the table.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Fewer => "fewer",
            Self::More => "more",
            Self::NotSeenToDiffer => "not seen to differ",
            Self::AtEdge => "at an edge",
            Self::NotKnown => "not known",
        }
    }
}

/// A ratio with three digits at most: `0.043`, `0.82`, `1.6`, `14`.
#[must_use]
pub(crate) fn digits(ratio: f64) -> String {
    match ratio {
        r if r >= 99.5 => format!("{r:.0}"),
        r if r >= 9.95 => format!("{r:.0}"),
        r if r >= 0.095 => format!("{r:.2}"),
        r => format!("{r:.3}"),
    }
}

/// Of an interval with two ends about an estimate, the smallest ratio above 1 that would have been
/// seen with a probability of 0.8.
pub(super) fn smallest_seen(low: f64, high: f64) -> f64 {
    // The 0.975 and the 0.8 quantile of the standard normal distribution.
    const NORMAL: (f64, f64) = (1.959_963_984_540_054, 0.841_621_233_572_914);
    let half = 0.5 * libm::log(high / low);
    libm::exp(half * (NORMAL.0 + NORMAL.1) / NORMAL.0)
}

/// What is compared over its reference, in one cell.
#[derive(Debug, Clone, PartialEq)]
pub struct CellRatio {
    /// Its N, Q, T.
    pub cell: (i64, i64, i64),
    /// Which of [`Analysis::needed`](crate::analysis::Analysis::needed) is compared.
    pub compared: usize,
    /// Which of them is the reference.
    pub reference: usize,
    /// The ratio; `None` where both have only lower bounds, or one needs no samples.
    pub ratio: Option<(f64, Extent)>,
    /// Lower end of its 95 % interval; `None` where the runs do not bound it.
    pub low: Option<f64>,
    /// Upper end.
    pub high: Option<f64>,
    /// Replicates that both have.
    pub replicates: usize,
    /// Whether a chosen setting of one of the two lies at an edge of its tuning grid, or nothing
    /// was chosen.
    pub at_edge: bool,
    /// What it says.
    pub outcome: Outcome,
}

impl CellRatio {
    pub(super) fn of(needed: &[Needed], (compared, reference): (usize, usize), level: f64, shared: bool) -> Self {
        let (a, b) = (&needed[compared], &needed[reference]);
        let number = |extent| Some((a.samples as f64 / b.samples as f64, extent));
        let ratio = match (a.censored, b.censored) {
            _ if a.samples == 0 || b.samples == 0 => None,
            (false, false) => number(Extent::Is),
            (true, false) => number(Extent::AtLeast),
            (false, true) => number(Extent::AtMost),
            (true, true) => None,
        };
        // Where nothing was chosen the readings are of whichever setting was lucky.
        let refused = a.refused || b.refused;
        let (low, high) =
            if refused || ratio.is_none() { (None, None) } else { ratio_interval(&a.runs, &b.runs, level, shared) };
        // Readings of several splits differ a little: the number itself lies within.
        let low = low.map(|low| ratio.map_or(low, |(r, _)| low.min(r)));
        let high = high.map(|high| ratio.map_or(high, |(r, _)| high.max(r)));
        let at_edge = refused || !a.edges.is_empty() || !b.edges.is_empty();
        let theirs: std::collections::BTreeSet<i64> = b.runs.iter().map(|run| run.0).collect();
        Self {
            cell: (a.n, a.q, a.t),
            compared,
            reference,
            ratio,
            low,
            high,
            replicates: a.runs.iter().filter(|run| theirs.contains(&run.0)).count(),
            at_edge,
            outcome: Outcome::of(low, high, at_edge),
        }
    }

    /// The smallest ratio above 1 that would have been seen here with a probability of 0.8; `None`
    /// where an end is open.
    #[must_use]
    pub fn smallest_seen(&self) -> Option<f64> {
        Some(smallest_seen(self.low?, self.high?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_interval_decides_where_it_leaves_out_1_and_nothing_lies_at_an_edge() {
        let of = |low, high| [false, true].map(|edge| Outcome::of(low, high, edge));
        assert_eq!(of(Some(0.5), Some(0.9)), [Outcome::Fewer, Outcome::AtEdge]);
        assert_eq!(of(Some(1.1), None), [Outcome::More, Outcome::AtEdge]);
        assert_eq!(of(None, Some(0.9)), [Outcome::Fewer, Outcome::AtEdge]);
        assert_eq!(of(Some(0.8), Some(1.2)), [Outcome::NotSeenToDiffer; 2]);
        assert_eq!(of(Some(0.8), None), [Outcome::NotKnown; 2]);
        // Half the width is 1.96 standard errors; 2.8 of them are seen four times of five.
        let half: f64 = 1.959_963_984_540_054 * 0.1;
        assert!((smallest_seen((-half).exp(), half.exp()) - 0.280_158_521_811_3f64.exp()).abs() < 1e-9);
        assert_eq!([0.0432, 0.816, 1.0, 14.2, 240.3].map(digits), ["0.043", "0.82", "1.00", "14", "240"]);
        assert!(Outcome::NotSeenToDiffer.in_words(Some(1.6)).contains("a ratio of 1.60 would have been seen"));
    }
}
