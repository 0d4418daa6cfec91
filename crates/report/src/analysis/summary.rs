//! One row per cell of the grid: how its replicates ended.

use std::collections::BTreeMap;

use ordered_float::OrderedFloat;

use super::milestone::Milestone;
use crate::record::{MEASURES, Measures, Record, Status, point_table};
use crate::statistics::order_statistics::Reading;
use crate::statistics::survival::SuccessCurve;
use crate::table::{Declared, Summary, Table};

/// The replicates of one cell of the grid (all parameters equal, only the replicate differs).
#[derive(Debug)]
struct GridPoint<'r> {
    runs: Vec<&'r Record>,
}

impl GridPoint<'_> {
    fn count(&self, status: Status) -> i64 {
        self.runs.iter().filter(|r| r.status == status).count() as i64
    }

    /// Median over replicates, those that did not reach the milestone censored; `None` where it is
    /// not known. For an even number of runs the lower of the two in the middle.
    fn median(&self, milestone: Milestone) -> Option<i64> {
        let curve = SuccessCurve::of(self.runs.iter().filter_map(|r| Reading::of(r, milestone)).collect());
        curve.quantile(0.5).filter(|r| !r.censored).map(|r| r.samples)
    }

    /// Mean of the finite numbers of a column; `None` if there are none.
    fn mean(&self, column: &Declared<Measures>) -> Option<f64> {
        let numbers = self.runs.iter().filter_map(|r| column.number(r.measures.as_ref()?));
        let values: Vec<f64> = numbers.filter(|x| x.is_finite()).collect();
        (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
    }
}

/// The columns of `summary.parquet`, cells in the order in which the records first name them.
#[must_use]
pub fn summary_table(records: &[Record], further: &[String]) -> Table {
    let mut index = BTreeMap::new();
    let mut cells: Vec<GridPoint<'_>> = Vec::new();
    for record in records {
        let values: Vec<OrderedFloat<f64>> = record.further.iter().map(|&(_, value)| OrderedFloat(value)).collect();
        let numbers = (record.n, record.q, record.t, record.batch_size, record.max_samples);
        let steps = (OrderedFloat(record.eta_boost), OrderedFloat(record.eta_sparse), OrderedFloat(record.lambda));
        let at = *index.entry((numbers, steps, &record.algorithm, values)).or_insert_with(|| {
            cells.push(GridPoint { runs: Vec::new() });
            cells.len() - 1
        });
        cells[at].runs.push(record);
    }
    let first = || cells.iter().map(|cell| cell.runs[0]);
    let each = || cells.iter();
    let mut table = point_table(&first(), further);
    table = table.int("replicates", "runs", "replicates finished", each().map(|c| c.runs.len() as i64));
    // Grids have no capped runs.
    let capped = records.iter().any(|record| record.status == Status::Capped);
    for status in Status::ALL.into_iter().filter(|&status| capped || status != Status::Capped) {
        table = table.int(status.name(), "runs", "how many ended so", each().map(move |c| c.count(status)));
    }
    for column in MEASURES.iter() {
        let milestone = Milestone::FROM_START.into_iter().find(|milestone| milestone.column() == Some(&*column.name));
        table = match (column.summary, milestone) {
            (Summary::Median(meaning), Some(milestone)) => {
                let name = format!("median_{}", column.name);
                table.int(&name, "samples", meaning, each().map(move |c| c.median(milestone)))
            }
            (Summary::Mean(meaning), _) => {
                let name = format!("mean_{}", column.name);
                table.float(&name, &column.unit, meaning, each().map(|c| c.mean(column)))
            }
            _ => table,
        };
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::fixture::record;

    #[test]
    fn replicates_of_a_cell_share_a_row_that_counts_how_they_ended() {
        let mut records = vec![
            record(4, 2, 64, 0, Some(100)),
            record(3, 2, 64, 0, Some(500)),
            record(3, 2, 64, 1, None),
            record(3, 2, 64, 2, Some(300)),
        ];
        records[2].status = Status::Mirrored;
        let table = summary_table(&records, &[]);
        assert_eq!(table.rows(), 2);
        let row = |name: &str| table.ints(name).unwrap()[1].unwrap();
        assert_eq!((row("N"), row("replicates"), row("recovered"), row("mirrored"), row("exhausted")), (3, 3, 2, 1, 0));
        // 300, 500, not reached: the median is 500.
        assert_eq!(row("median_samples_to_recovery"), 500);
        assert_eq!(table.ints("median_samples_to_support").unwrap()[1], None);
        assert_eq!(table.floats("mean_alpha_v").unwrap()[0], Some(0.9));
    }
}
