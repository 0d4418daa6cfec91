//! Quantiles of several traced runs, against samples.

use crate::record::TracePoint;

/// Samples at which curves are read.
const POINTS: usize = 120;

/// Of several runs, the 10 %, 50 % and 90 % quantiles of a number at evenly spaced sample counts up
/// to `last`. A run that has ended keeps its last value; numbers that are not finite are left out.
pub(crate) fn quantiles(runs: &[&[TracePoint]], last: f64, get: impl Fn(&TracePoint) -> f64) -> Vec<(f64, [f64; 3])> {
    let at = |k: usize| {
        let samples = last * k as f64 / POINTS as f64;
        let mut values: Vec<f64> = runs.iter().filter_map(|run| value(run, samples, &get)).collect();
        values.sort_by(f64::total_cmp);
        (!values.is_empty()).then(|| (samples, [0.1, 0.5, 0.9].map(|p| of_sorted(&values, p))))
    };
    (0..=POINTS).filter_map(at).collect()
}

/// The last value at or before so many samples.
fn value(run: &[TracePoint], samples: f64, get: impl Fn(&TracePoint) -> f64) -> Option<f64> {
    let after = run.partition_point(|point| point.samples as f64 <= samples);
    let value = get(run.get(after.checked_sub(1)?)?);
    value.is_finite().then_some(value)
}

fn of_sorted(values: &[f64], share: f64) -> f64 {
    values[(share * (values.len() - 1) as f64).round() as usize]
}

/// Three or four round values from 0.
pub(crate) fn round_ticks(last: f64) -> Vec<f64> {
    let raw = last / 3.0;
    let decade = libm::pow(10.0, libm::floor(libm::log10(raw)));
    let step = [1.0, 2.0, 2.5, 5.0, 10.0].map(|s| s * decade).into_iter().find(|s| *s >= raw * 0.99).unwrap_or(raw);
    (0..4).map(|i| f64::from(i) * step).filter(|t| *t <= last).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::fixture::trace;

    #[test]
    fn runs_keep_their_last_value_and_bands_are_quantiles() {
        let run = trace(0.8, 10);
        assert_eq!(value(&run, 80.0, |p| p.values[0]), Some(0.4));
        assert_eq!(value(&run, 1e9, |p| p.values[0]), Some(0.8));
        let sorted: Vec<f64> = (0..11).map(f64::from).collect();
        assert_eq!((of_sorted(&sorted, 0.1), of_sorted(&sorted, 0.5), of_sorted(&sorted, 0.9)), (1.0, 5.0, 9.0));
        assert_eq!(round_ticks(9000.0), [0.0, 5000.0]);
        assert_eq!(round_ticks(70_000.0), [0.0, 25_000.0, 50_000.0]);
    }
}
