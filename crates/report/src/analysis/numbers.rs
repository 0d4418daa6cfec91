//! Numbers as a reader sees them.

use std::collections::BTreeSet;

/// An error of the logarithm of samples as a share of the samples.
pub(crate) fn off(error: f64) -> String {
    let share = 100.0 * (libm::exp(error) - 1.0);
    if share > 900.0 { "more than tenfold".to_owned() } else { format!("{share:.0} %") }
}

/// At most so many values, evenly chosen, the ends among them.
pub(crate) fn thinned(values: BTreeSet<i64>, max: usize) -> Vec<i64> {
    let values: Vec<i64> = values.into_iter().collect();
    if values.len() <= max {
        return values;
    }
    (0..max).map(|i| values[i * (values.len() - 1) / (max - 1)]).collect()
}

/// Two digits after the point, and no minus before a zero.
pub(crate) fn two(x: f64) -> String {
    let text = format!("{x:.2}");
    if text == "-0.00" { "0.00".to_owned() } else { text }
}

/// ` [0.80, 1.02]`, to stand behind its estimate; nothing without an interval.
pub(crate) fn ends(interval: Option<(f64, f64)>) -> String {
    interval.map_or_else(String::new, |(low, high)| format!(" [{}, {}]", two(low), two(high)))
}

/// `90 %`, `99.95 %`, `0.0001 %`: with all digits that the share has, up to nine.
#[must_use]
pub fn percent(share: f64) -> String {
    let exact: f64 = format!("{:.8e}", 100.0 * share).parse().unwrap_or(100.0 * share);
    format!("{exact} %")
}

/// `1 job`, `2 jobs`.
#[must_use]
pub fn count(number: usize, what: &str) -> String {
    if number == 1 { format!("1 {what}") } else { format!("{number} {what}s") }
}

/// Three figures at most: `950`, `4.1k`, `51k`, `1.2M`.
#[must_use]
pub fn short(samples: i64) -> String {
    let x = samples as f64;
    let scaled = |value: f64, unit: &str| {
        if value < 9.95 { format!("{value:.1}{unit}") } else { format!("{value:.0}{unit}") }
    };
    if x < 1000.0 {
        samples.to_string()
    } else if x < 999_500.0 {
        scaled(x / 1e3, "k")
    } else if x < 999_500_000.0 {
        scaled(x / 1e6, "M")
    } else {
        scaled(x / 1e9, "G")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short_and_rounded_to_the_nearest() {
        let cases = [(0, "0"), (999, "999"), (1000, "1.0k"), (4149, "4.1k"), (9949, "9.9k"), (9951, "10k")];
        for (samples, text) in cases {
            assert_eq!(short(samples), text);
        }
        assert_eq!((short(51_200), short(999_499), short(999_600)), ("51k".into(), "999k".into(), "1.0M".into()));
        assert_eq!(short(2_000_000_000), "2.0G");
    }
}
