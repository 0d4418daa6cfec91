//! What every setting of the hyperparameters needs, chosen or not.

use super::cells::{Cells, Question};
use super::milestone::Milestone;
use crate::record::Status;
use crate::statistics::order_statistics::Reading;
use crate::statistics::survival::SuccessCurve;

/// What one setting of the hyperparameters needs for recovery, chosen or not.
#[derive(Debug, Clone, PartialEq)]
pub struct SettingOutcome {
    /// Number of states.
    pub n: i64,
    /// Sparsity.
    pub q: i64,
    /// Sequence length.
    pub t: i64,
    /// Name of the algorithm.
    pub algorithm: String,
    /// Values of the question's conditions, in its order.
    pub conditions: Vec<f64>,
    /// Samples per step.
    pub batch_size: i64,
    /// Step size while boosting.
    pub eta_boost: f64,
    /// The quantile of its runs. Settings are not chosen here, so that it is not biased by a
    /// choice.
    pub quantile: Reading,
    /// How its runs ended, in the order of [`Status::ALL`].
    pub endings: [usize; Status::ALL.len()],
}

/// Every setting of every cell, in ascending order.
pub(crate) fn settings_of(cells: &Cells<'_>, question: &Question) -> Vec<SettingOutcome> {
    let mut rows = Vec::new();
    for (&(n, q, t, algorithm, ref conditions), settings) in cells {
        for records in settings.values() {
            let readings = records.iter().filter_map(|r| Reading::of(r, Milestone::Recovery)).collect();
            let Some(quantile) = SuccessCurve::of(readings).quantile(question.quantile) else { continue };
            let (algorithm, conditions) = (algorithm.to_owned(), conditions.iter().map(|key| key.0).collect());
            let (batch_size, eta_boost) = (records[0].batch_size, records[0].eta_boost);
            let endings = Status::endings(records.iter().map(|record| record.status));
            rows.push(SettingOutcome { n, q, t, algorithm, conditions, batch_size, eta_boost, quantile, endings });
        }
    }
    rows
}
