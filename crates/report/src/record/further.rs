//! Further keys: what a grid varies besides the columns that every table has, and how their values
//! are written.

use scb_core::train::StepScale;

use crate::table::{Declared, Kind, Value};

/// Further keys whose values are names, stored as their index where only numbers have room.
const NAMES: [(&str, &[&str]); 1] = [(STEP_SCALE, &STEP_SCALES)];

/// The key of the units of the step sizes. The column `steps` counts steps.
pub const STEP_SCALE: &str = "step_scale";

/// Its values: whether step sizes are divided by the task's constants.
pub const STEP_SCALES: [&str; 2] = StepScale::NAMES;

/// Further keys of before, when they shared their names with what is measured, and what they are
/// called now.
pub(super) const RENAMED: [(&str, &str); 3] =
    [("alpha_v", "init_alpha_v"), ("alpha_a", "init_alpha_a"), ("steps", STEP_SCALE)];

/// The names that the values of a further key stand for, if it has any.
pub(crate) fn names_of(key: &str) -> Option<&'static [&'static str]> {
    NAMES.iter().find(|(name, _)| *name == key).map(|&(_, names)| names)
}

/// Whether the values of a further key are names.
pub(crate) fn takes_names(key: &str) -> bool {
    names_of(key).is_some()
}

/// A value of a further key as a user would write it.
pub(crate) fn shown(key: &str, value: f64) -> String {
    match names_of(key).and_then(|names| names.get(value as usize)) {
        Some(name) => (*name).to_owned(),
        None => written(value),
    }
}

/// A number as people write it: `0.003`, `64`, `1e-250`, `1e20`. Reading it back gives the same
/// number.
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

/// A column for each of these further keys, made by name: numbers, or the names they stand for.
/// `value` is the value of the key of this index in a row.
pub(crate) fn further_columns<R: 'static>(
    keys: &[String],
    meaning: &'static str,
    value: impl Fn(&R, usize) -> Option<f64> + Clone + Send + Sync + 'static,
) -> Vec<Declared<R>> {
    let column = |(i, key): (usize, &String)| {
        let value = value.clone();
        further_column(key, meaning, move |row| value(row, i), |_, _| {})
    };
    keys.iter().enumerate().map(column).collect()
}

/// The column of a further key: numbers, or the names they stand for; null and names that are not
/// known are no values.
pub(super) fn further_column<R: 'static>(
    key: &str,
    meaning: &'static str,
    value: impl Fn(&R) -> Option<f64> + Send + Sync + 'static,
    put: impl Fn(&mut R, f64) + Send + Sync + 'static,
) -> Declared<R> {
    let key = key.to_owned();
    let Some(names) = names_of(&key) else {
        return Declared::real(key, "", meaning, value, move |row, number| {
            number.into_iter().for_each(|number| put(row, number));
        });
    };
    let head = (key.into(), "".into(), meaning.into());
    let name = move |value: f64| names.get(value as usize).copied();
    Declared::made(
        head,
        Kind::Text,
        move |row| Value::Text(value(row).and_then(name)),
        move |row, cell| {
            let Value::Text(name) = cell else { return false };
            let at = names.iter().position(|known| name == Some(*known));
            at.into_iter().for_each(|at| put(row, at as f64));
            true
        },
    )
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
