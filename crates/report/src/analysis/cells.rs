//! What is asked of the records, and the records by cell and setting.

use std::collections::BTreeMap;

use ordered_float::OrderedFloat;

use crate::record::Record;

/// What is asked of the records.
#[derive(Debug, Clone, PartialEq)]
pub struct Question {
    /// Fraction of the replicates that must reach the milestone, in `(0, 1)`.
    pub quantile: f64,
    /// Further keys of the grid that are part of the task or of the milestone, not tuned over.
    pub conditions: Vec<String>,
    /// Further keys of the grid that are hyperparameters, tuned over like the fixed ones.
    pub tuned: Vec<String>,
}

type CellKey<'r> = (i64, i64, i64, &'r str, Vec<OrderedFloat<f64>>);

pub(super) type Tuning = (i64, OrderedFloat<f64>, OrderedFloat<f64>, OrderedFloat<f64>, i64, Vec<OrderedFloat<f64>>);

pub(crate) type Cells<'r> = BTreeMap<CellKey<'r>, BTreeMap<Tuning, Vec<&'r Record>>>;

/// The records of each cell, by their hyperparameters.
pub(crate) fn cells<'r>(records: &'r [Record], question: &Question) -> Cells<'r> {
    let mut cells = Cells::new();
    for record in records {
        let values =
            |keys: &[String]| keys.iter().map(|key| OrderedFloat(record.further(key).unwrap_or(f64::NAN))).collect();
        let cell = (record.n, record.q, record.t, record.algorithm.as_str(), values(&question.conditions));
        let (boost, sparse, lambda) =
            (OrderedFloat(record.eta_boost), OrderedFloat(record.eta_sparse), OrderedFloat(record.lambda));
        let tuning = (record.batch_size, boost, sparse, lambda, record.max_samples, values(&question.tuned));
        cells.entry(cell).or_default().entry(tuning).or_default().push(record);
    }
    cells
}
