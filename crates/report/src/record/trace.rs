//! One look at a running job, and the columns of `traces.parquet`.

use std::path::Path;
use std::sync::LazyLock;

use scb_core::measure::Errors;
use scb_core::train::Checkpoint;

use crate::error::ReportError;
use crate::table::{Declared, Table, field};

/// A job at one check. Errors are relative: 1 is the uninformative start.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct TracePoint {
    /// The job.
    pub job_id: String,
    /// Steps taken so far.
    pub step: i64,
    /// Samples used so far.
    pub samples: i64,
    /// The stage the next step belongs to.
    pub stage: String,
    /// The numbers, in the order of [`TRACED`].
    pub values: [f64; TRACED.len()],
}

/// A number that is traced.
pub struct TracedNumber {
    /// The name of its column.
    pub name: &'static str,
    /// Its unit; empty if it has none.
    pub unit: &'static str,
    /// What it is.
    pub meaning: &'static str,
    /// Takes it from a check.
    of: fn(&Checkpoint<'_>, &Errors) -> f64,
}

const fn traced(
    name: &'static str,
    unit: &'static str,
    meaning: &'static str,
    of: fn(&Checkpoint<'_>, &Errors) -> f64,
) -> TracedNumber {
    TracedNumber { name, unit, meaning, of }
}

/// The numbers of a [`TracePoint`]. A new one is a line here.
pub const TRACED: &[TracedNumber] = &[
    traced("alpha_v", "", "<Vc,Pc>_mu / K_P", |seen, _| seen.alpha_v),
    traced("alpha_a", "", "<Ac,Qc>_mu / K_Q", |seen, _| seen.alpha_a),
    traced("value_error", "sqrt(K_P)", "|V - P|_mu", |_, errors| errors.value),
    traced("attention_error", "sqrt(K_Q)", "|A - Q|_mu", |_, errors| errors.attention),
    traced("rounded_value_error", "sqrt(K_P)", "|V - P|_mu of the rounded model", |_, errors| errors.rounded_value),
    traced("rounded_attention_error", "sqrt(K_Q)", "|A - Q|_mu of the rounded model", |_, errors| {
        errors.rounded_attention
    }),
    traced("loss", "", "expected squared loss, without the l1 term", |_, errors| errors.loss),
];

/// The place of a number in [`TRACED`] by its name.
///
/// # Panics
/// If none has the name. It is evaluated in constants, so when the program is built.
const fn place_of(name: &str) -> usize {
    let (name, mut i) = (name.as_bytes(), 0);
    while i < TRACED.len() {
        let (other, mut at) = (TRACED[i].name.as_bytes(), 0);
        while at < name.len() && at < other.len() && name[at] == other[at] {
            at += 1;
        }
        if at == name.len() && at == other.len() {
            return i;
        }
        i += 1;
    }
    panic!("no number of this name is traced")
}

/// The place of `alpha_v` in [`TRACED`].
pub(crate) const ALPHA_V: usize = place_of("alpha_v");
/// The place of `alpha_a` in [`TRACED`].
pub(crate) const ALPHA_A: usize = place_of("alpha_a");
/// The place of `value_error` in [`TRACED`].
pub(crate) const VALUE_ERROR: usize = place_of("value_error");
/// The place of `attention_error` in [`TRACED`].
pub(crate) const ATTENTION_ERROR: usize = place_of("attention_error");
/// The place of `loss` in [`TRACED`].
pub(crate) const LOSS: usize = place_of("loss");

impl TracePoint {
    /// Of a job at a check.
    #[must_use]
    pub fn of(job_id: String, seen: &Checkpoint<'_>) -> Self {
        let errors = seen.errors();
        Self {
            job_id,
            step: seen.step as i64,
            samples: seen.samples as i64,
            stage: seen.stage.name().to_owned(),
            values: std::array::from_fn(|i| (TRACED[i].of)(seen, &errors)),
        }
    }

    /// The number of this name; `None` if none of [`TRACED`] has it.
    #[must_use]
    pub fn value(&self, name: &str) -> Option<f64> {
        TRACED.iter().position(|traced| traced.name == name).map(|i| self.values[i])
    }
}

static COLUMNS: LazyLock<Vec<Declared<TracePoint>>> = LazyLock::new(|| {
    let mut columns: Vec<Declared<TracePoint>> = vec![
        Declared::new("job_id", "", "hash of everything that decides the result", field!(job_id)),
        Declared::new("step", "steps", "steps taken so far", field!(step)),
        Declared::new("samples", "samples", "samples used so far", field!(samples)),
        Declared::new("stage", "", "stage that the next step belongs to", field!(stage)),
    ];
    columns.extend(TRACED.iter().enumerate().map(|(i, traced)| {
        let TracedNumber { name, unit, meaning, .. } = *traced;
        let get = move |point: &TracePoint| Some(point.values[i]);
        let put = move |point: &mut TracePoint, number: Option<f64>| point.values[i] = number.unwrap_or(f64::NAN);
        Declared::real(name, unit, meaning, get, put).finite_or_null()
    }));
    columns
});

/// The columns of `traces.parquet`.
#[must_use]
pub fn traces_table(points: &[TracePoint]) -> Table {
    Table::of(&COLUMNS, &points.iter())
}

/// Reads back what [`traces_table`] says.
///
/// # Errors
/// [`ReportError::Schema`] when a column is missing.
pub fn read_traces(table: &Table, path: &Path) -> Result<Vec<TracePoint>, ReportError> {
    let mut points = vec![TracePoint::default(); table.rows()];
    table.fill(&COLUMNS, &mut points, |point| Some(point), path)?;
    Ok(points)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn traces_come_back_as_they_were_written() {
        let point = |step: i64| TracePoint {
            job_id: "abc".to_owned(),
            step,
            samples: 16 * step,
            stage: "boost".to_owned(),
            values: std::array::from_fn(|i| (i as f64 + step as f64).sqrt()),
        };
        let points: Vec<TracePoint> = (0..5).map(point).collect();
        assert_eq!(read_traces(&traces_table(&points), Path::new("x")).unwrap(), points);
    }
}
