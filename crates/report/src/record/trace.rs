//! One look at a running job, and the columns of `traces.parquet`.

use std::path::Path;

use crate::error::ReportError;
use crate::table::Table;

/// A job at one check. Errors are relative: 1 is the uninformative start.
#[derive(Debug, Clone, PartialEq)]
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

/// The columns of `traces.parquet`.
#[must_use]
pub fn traces_table(points: &[TracePoint]) -> Table {
    let all = || points.iter();
    let table = Table::new()
        .text("job_id", "hash of everything that decides the result", all().map(|p| p.job_id.as_str()))
        .int("step", "steps", "steps taken so far", all().map(|p| p.step))
        .int("samples", "samples", "samples used so far", all().map(|p| p.samples))
        .text("stage", "stage that the next step belongs to", all().map(|p| p.stage.as_str()));
    (0..TRACED.len()).fold(table, |table, i| {
        let (name, unit, meaning) = TRACED[i];
        table.float(name, unit, meaning, all().map(move |p| Some(p.values[i]).filter(|x| x.is_finite())))
    })
}

/// Reads back what [`traces_table`] says.
///
/// # Errors
/// [`ReportError::Schema`] when a column is missing.
pub fn read_traces(table: &Table, path: &Path) -> Result<Vec<TracePoint>, ReportError> {
    let missing =
        |name: &str| ReportError::Schema { path: path.to_owned(), reason: format!("no usable column {name}") };
    let texts = |name: &str| table.texts(name).ok_or_else(|| missing(name));
    let ints = |name: &str| table.ints(name).ok_or_else(|| missing(name));
    let (job_ids, stages) = (texts("job_id")?, texts("stage")?);
    let (steps, samples) = (ints("step")?, ints("samples")?);
    let mut columns = Vec::new();
    for (name, ..) in TRACED {
        columns.push(table.floats(name).ok_or_else(|| missing(name))?);
    }
    let mut points = Vec::with_capacity(table.rows());
    for row in 0..table.rows() {
        let mut values = [f64::NAN; TRACED.len()];
        for (value, column) in values.iter_mut().zip(&columns) {
            *value = column[row].unwrap_or(f64::NAN);
        }
        points.push(TracePoint {
            job_id: job_ids[row].clone().ok_or_else(|| missing("job_id"))?,
            step: steps[row].ok_or_else(|| missing("step"))?,
            samples: samples[row].ok_or_else(|| missing("samples"))?,
            stage: stages[row].clone().ok_or_else(|| missing("stage"))?,
            values,
        });
    }
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
