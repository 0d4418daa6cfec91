//! Further keys: what a grid varies besides the columns that every table has, and how their values are written.

use crate::table::Table;

/// Further keys whose values are names, stored as their index where only numbers have room.
const NAMES: [(&str, &[&str]); 1] = [(STEP_SCALE, &STEP_SCALES)];

/// The key of the units of the step sizes. The column `steps` counts steps.
pub const STEP_SCALE: &str = "step_scale";

/// Its values: whether step sizes are divided by the task's constants.
pub const STEP_SCALES: [&str; 2] = ["normalised", "raw"];

/// Further keys of before, when they shared their names with what is measured, and what they are called now.
pub(super) const RENAMED: [(&str, &str); 3] =
    [("alpha_v", "init_alpha_v"), ("alpha_a", "init_alpha_a"), ("steps", STEP_SCALE)];

/// The names that the values of a further key stand for, if it has any.
pub(crate) fn names_of(key: &str) -> Option<&'static [&'static str]> {
    NAMES.iter().find(|(name, _)| *name == key).map(|&(_, names)| names)
}

/// A value of a further key as a user would write it.
pub(crate) fn shown(key: &str, value: f64) -> String {
    match names_of(key).and_then(|names| names.get(value as usize)) {
        Some(name) => (*name).to_owned(),
        None => written(value),
    }
}

/// A number as people write it: `0.003`, `64`, `1e-250`, `1e20`. Reading it back gives the same number.
#[must_use]
pub fn written(value: f64) -> String {
    let (plain, scientific) = (value.to_string(), format!("{value:e}"));
    let tiny = value != 0.0 && value.abs() < 1e-4;
    let long = plain.len() > 7 && scientific.len() < plain.len();
    if value.is_finite() && (tiny || long) { scientific } else { plain }
}

/// An algorithm and what else tells its runs from others: `prox, persistence = 0.3`.
pub(crate) fn named<'k>(algorithm: &str, conditions: impl Iterator<Item = (&'k str, f64)>) -> String {
    conditions.fold(algorithm.to_owned(), |name, (key, value)| format!("{name}, {key} = {}", shown(key, value)))
}

/// A column for each of these further keys: numbers, or the names they stand for.
pub(crate) fn further_columns<'k>(
    table: Table,
    keys: impl Iterator<Item = &'k String>,
    meaning: &'static str,
    cells: impl Fn(usize) -> Vec<Option<f64>>,
) -> Table {
    keys.enumerate().fold(table, |table, (i, key)| {
        let cells = cells(i).into_iter();
        match names_of(key) {
            Some(names) => table.text(key, meaning, cells.map(|c| names.get(c? as usize).copied())),
            None => table.float(key, "", meaning, cells),
        }
    })
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
        assert_eq!((shown("epsilon", 1e-250).as_str(), shown(STEP_SCALE, 1.0).as_str()), ("1e-250", "raw"));
    }
}
