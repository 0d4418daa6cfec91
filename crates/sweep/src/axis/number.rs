//! Numbers as people write them.

/// A number as people write it: `0.003`, `64`, `1e-250`, `1e20`. Reading it back gives the same
/// number.
#[must_use]
pub fn written(value: f64) -> String {
    let (plain, scientific) = (value.to_string(), format!("{value:e}"));
    let tiny = value != 0.0 && value.abs() < 1e-4;
    let long = plain.len() > 7 && scientific.len() < plain.len();
    if value.is_finite() && (tiny || long) { scientific } else { plain }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_as_people_write_them() {
        let cases = [
            (0.003, "0.003"),
            (1e-250, "1e-250"),
            (1e20, "1e20"),
            (1e-5, "1e-5"),
            (0.0, "0"),
            (-0.5, "-0.5"),
            (64.0, "64"),
            (1_000_000.0, "1000000"),
            (10_000_000.0, "1e7"),
            (12_345_678.0, "12345678"),
            (0.1 + 0.2, "0.30000000000000004"),
            (-2.5e-9, "-2.5e-9"),
            (f64::INFINITY, "inf"),
        ];
        for (value, text) in cases {
            assert_eq!(written(value), text);
            assert_eq!(text.parse::<f64>(), Ok(value));
        }
    }
}
