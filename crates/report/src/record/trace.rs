//! One look at a running job, and the columns of `traces.parquet`.

use std::path::Path;
use std::sync::LazyLock;

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
    pub values: [f64; 7],
}

/// Name, unit and meaning of the numbers of a [`TracePoint`].
pub const TRACED: [(&str, &str, &str); 7] = [
    ("alpha_v", "", "<Vc,Pc>_mu / K_P"),
    ("alpha_a", "", "<Ac,Qc>_mu / K_Q"),
    ("value_error", "sqrt(K_P)", "|V - P|_mu"),
    ("attention_error", "sqrt(K_Q)", "|A - Q|_mu"),
    ("rounded_value_error", "sqrt(K_P)", "|V - P|_mu of the rounded model"),
    ("rounded_attention_error", "sqrt(K_Q)", "|A - Q|_mu of the rounded model"),
    ("loss", "", "expected squared loss, without the l1 term"),
];

static COLUMNS: LazyLock<Vec<Declared<TracePoint>>> = LazyLock::new(|| {
    let mut columns: Vec<Declared<TracePoint>> = vec![
        Declared::new("job_id", "", "hash of everything that decides the result", field!(job_id)),
        Declared::new("step", "steps", "steps taken so far", field!(step)),
        Declared::new("samples", "samples", "samples used so far", field!(samples)),
        Declared::new("stage", "", "stage that the next step belongs to", field!(stage)),
    ];
    columns.extend(TRACED.into_iter().enumerate().map(|(i, (name, unit, meaning))| {
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
