//! Order statistics of readings some of which are only lower bounds.

/// Rounding must not decide whether 0.9 of 10 are 9.
pub(super) const SLACK: f64 = 1e-9;

/// What one run says of a milestone: reached at a sample count, or not reached by one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Reading {
    /// Where it was reached, or a count that it exceeds.
    pub samples: i64,
    /// Whether it was not reached. Of equal counts, reached ones come first.
    pub censored: bool,
}

/// How many of so many runs make up a share of at least `level`.
pub(super) fn rank(level: f64, runs: usize) -> usize {
    (level * runs as f64 - SLACK).ceil().max(1.0) as usize
}

/// As [`SuccessCurve::quantile`](super::survival::SuccessCurve::quantile), of `runs` readings that
/// come in ascending order.
pub(crate) fn quantile(readings: impl Iterator<Item = Reading>, runs: usize, level: f64) -> Option<Reading> {
    let rank = rank(level, runs);
    let (mut reached, mut bound) = (0, None);
    for (i, reading) in readings.enumerate() {
        reached += usize::from(!reading.censored);
        if reached == rank {
            return Some(reading);
        }
        if i < rank {
            bound = Some(Reading { censored: true, ..reading });
        }
    }
    bound
}

/// The median; of an even number of values the mean of the two in the middle. `None` if there are
/// none.
pub(crate) fn median(mut values: Vec<f64>) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    let upper = *values.get(middle)?;
    Some(if values.len() % 2 == 1 { upper } else { 0.5 * (values[middle - 1] + upper) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn medians_are_those_of_the_definition() {
        assert_eq!(median(vec![3.0, 1.0, 2.0]), Some(2.0));
        assert_eq!(median(vec![4.0, 1.0, 2.0, 3.0]), Some(2.5));
        assert_eq!(median(Vec::new()), None);
    }
}
