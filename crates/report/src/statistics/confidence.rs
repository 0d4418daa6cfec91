//! Confidence intervals of shares, and the error that every interval of this crate allows itself.

use statrs::distribution::{ContinuousCDF, StudentsT};

/// Two-sided error of every interval in this crate.
pub const ALPHA: f64 = 0.05;

/// Wilson's 95 % interval of a share seen in `runs` runs.
pub(crate) fn wilson(share: f64, runs: f64) -> (f64, f64) {
    let z2 = NORMAL_975 * NORMAL_975;
    let centre = (share + z2 / (2.0 * runs)) / (1.0 + z2 / runs);
    let half = NORMAL_975 / (1.0 + z2 / runs) * (share * (1.0 - share) / runs + z2 / (4.0 * runs * runs)).sqrt();
    ((centre - half).max(0.0), (centre + half).min(1.0))
}

/// A share of runs that come in clusters of (hits, runs), with its 95 % interval: Wilson's for as
/// many independent runs as would have the variance that the share has between clusters, with
/// Student's quantile for their number (Korn and Graubard 1998). `None` if there are no runs.
pub(crate) fn clustered_wilson(clusters: &[(f64, f64)]) -> Option<(f64, (f64, f64))> {
    let count = clusters.len() as f64;
    let (hits, runs) = clusters.iter().fold((0.0, 0.0), |(a, b), (hits, runs)| (a + hits, b + runs));
    if runs == 0.0 {
        return None;
    }
    let share = hits / runs;
    // A share of none or of all has no variance; then clusters are what is counted.
    let variance: f64 =
        clusters.iter().map(|(h, n)| (h - share * n).powi(2)).sum::<f64>() * count / (count - 1.0).max(1.0);
    let as_many = if variance > 0.0 { share * (1.0 - share) * runs * runs / variance } else { count };
    let student = StudentsT::new(0.0, 1.0, (count - 1.0).max(1.0)).ok()?.inverse_cdf(1.0 - ALPHA / 2.0);
    Some((share, wilson(share, as_many.min(runs) * (NORMAL_975 / student).powi(2))))
}

/// The mean of the means of clusters, with its 95 % interval by Student's distribution if there are two
/// clusters or more; `None` without any.
pub(crate) fn mean_of_clusters(clusters: &[Vec<f64>]) -> Option<(f64, Option<(f64, f64)>)> {
    let means: Vec<f64> =
        clusters.iter().filter(|c| !c.is_empty()).map(|c| c.iter().sum::<f64>() / c.len() as f64).collect();
    let count = means.len() as f64;
    let mean = (!means.is_empty()).then(|| means.iter().sum::<f64>() / count)?;
    if means.len() < 2 {
        return Some((mean, None));
    }
    let variance = means.iter().map(|m| (m - mean) * (m - mean)).sum::<f64>() / (count - 1.0);
    let student = StudentsT::new(0.0, 1.0, count - 1.0).ok()?.inverse_cdf(1.0 - ALPHA / 2.0);
    let half = student * (variance / count).sqrt();
    Some((mean, Some((mean - half, mean + half))))
}

/// The 0.975 quantile of the standard normal distribution.
pub(crate) const NORMAL_975: f64 = 1.959_963_984_540_054;

#[cfg(test)]
mod tests {
    use super::*;

    /// Means of 1, 2 and 3: their standard error is the root of 1/3, and Student's 0.975 quantile for
    /// two degrees of freedom is 4.3027 (published tables).
    #[test]
    fn the_mean_of_clusters_is_that_of_their_means() {
        let (mean, interval) = mean_of_clusters(&[vec![1.0], vec![1.0, 2.0, 3.0], vec![3.0; 9], vec![]]).unwrap();
        let (low, high) = interval.unwrap();
        assert!((mean - 2.0).abs() < 1e-12);
        assert!((high - 2.0 - 4.302_653 / 3.0f64.sqrt()).abs() < 1e-5 && (low + high - 4.0).abs() < 1e-12);
        assert_eq!(mean_of_clusters(&[vec![1.0, 3.0]]), Some((2.0, None)));
        assert_eq!(mean_of_clusters(&[vec![]]), None);
    }
}
