//! What is predicted of the runs of a cell together.

/// The number of samples at which a share `level` of runs arrives, of which theory predicts for each
/// when it does with a probability of 0.5 and of 0.9. Each is taken to be log-normal. `None` without
/// runs.
pub(super) fn mixture_quantile(runs: &[[f64; 2]], level: f64) -> Option<f64> {
    // The 0.9 quantile of the standard normal distribution.
    const NORMAL_90: f64 = 1.281_551_565_544_6;
    let of = |[q50, q90]: &[f64; 2]| {
        let (q50, q90) = (libm::log(*q50), libm::log(*q90));
        (q50, (q90 - q50).max(1e-3) / NORMAL_90)
    };
    let laws: Vec<(f64, f64)> = runs.iter().map(of).collect();
    if laws.is_empty() {
        return None;
    }
    let below = |x: f64| {
        let one = |(centre, scale): &(f64, f64)| 0.5 * libm::erfc((centre - x) / scale / std::f64::consts::SQRT_2);
        laws.iter().map(one).sum::<f64>() / laws.len() as f64
    };
    let (mut low, mut high) = (0.0, 60.0);
    for _ in 0..60 {
        let middle = 0.5 * (low + high);
        *(if below(middle) < level { &mut low } else { &mut high }) = middle;
    }
    Some(libm::exp(0.5 * (low + high)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_quantiles_of_one_run_are_its_own_and_those_of_two_lie_between() {
        assert_eq!(mixture_quantile(&[], 0.5), None);
        let close = |found: Option<f64>, value: f64| assert!((found.unwrap() / value - 1.0).abs() < 1e-6, "{found:?}");
        close(mixture_quantile(&[[100.0, 150.0]], 0.5), 100.0);
        close(mixture_quantile(&[[100.0, 150.0]], 0.9), 150.0);
        // A tenth of the runs is so slow that the others make up the 0.9 quantile of all.
        let mut runs = vec![[100.0, 150.0]; 9];
        runs.push([1e9, 2e9]);
        close(mixture_quantile(&runs, 0.45), 100.0);
        close(mixture_quantile(&runs, 0.95), 1e9);
    }
}
