//! Parts: records and timings side by side in one table, written and read back.

use std::collections::HashMap;
use std::path::Path;

use super::columns::{runs_table, timings_table};
use super::further::{RENAMED, names_of};
use super::measures::{Measures, OPTIONAL};
use super::run::{Record, Timing};
use super::status::Status;
use crate::error::ReportError;
use crate::table::{Cells, Table};

/// Reads back what [`runs_table`] and [`timings_table`], side by side, say: the form of a part.
///
/// # Errors
/// [`ReportError::Schema`] when a column is missing or a cell that must be there is null.
pub fn read_part(table: &Table, path: &Path) -> Result<Vec<(Record, Timing)>, ReportError> {
    let columns = table.columns().iter().map(|column| (column.name.as_str(), &column.cells)).collect();
    let reader = Reader { table, columns, path };
    (0..table.rows()).map(|row| reader.row(row)).collect()
}

/// The columns of a part: a record and its timing in one row.
#[must_use]
pub fn part_table(rows: &[(Record, Timing)]) -> Table {
    let (records, timings): (Vec<_>, Vec<_>) = rows.iter().cloned().unzip();
    let mut further: Vec<String> = records.iter().flat_map(|r| r.further.iter().map(|(key, _)| key.clone())).collect();
    further.sort();
    further.dedup();
    runs_table(&records, &further).beside(timings_table(&timings).without("job_id"))
}

struct Reader<'a> {
    table: &'a Table,
    /// The columns by name: a search for each cell would take longer than all the rest.
    columns: HashMap<&'a str, &'a Cells>,
    path: &'a Path,
}

impl Reader<'_> {
    fn missing(&self, name: &str) -> ReportError {
        ReportError::Schema { path: self.path.to_owned(), reason: format!("no usable column {name}") }
    }

    fn int(&self, name: &str, row: usize) -> Result<Option<i64>, ReportError> {
        match self.columns.get(name) {
            Some(Cells::Int(cells)) => Ok(cells[row]),
            _ => Err(self.missing(name)),
        }
    }

    fn float(&self, name: &str, row: usize) -> Result<Option<f64>, ReportError> {
        match self.columns.get(name) {
            Some(Cells::Float(cells)) => Ok(cells[row]),
            _ => Err(self.missing(name)),
        }
    }

    fn text(&self, name: &str, row: usize) -> Result<Option<String>, ReportError> {
        match self.columns.get(name) {
            Some(Cells::Text(cells)) => Ok(cells[row].clone()),
            _ => Err(self.missing(name)),
        }
    }

    /// A cell of a column that older tables lack.
    fn newer_float(&self, name: &str, row: usize) -> Result<Option<f64>, ReportError> {
        if self.columns.contains_key(name) { self.float(name, row) } else { Ok(None) }
    }

    fn row(&self, row: usize) -> Result<(Record, Timing), ReportError> {
        let int = |name: &str| self.int(name, row)?.ok_or_else(|| self.missing(name));
        let float = |name: &str| self.float(name, row)?.ok_or_else(|| self.missing(name));
        let text = |name: &str| self.text(name, row)?.ok_or_else(|| self.missing(name));
        let measure = |name: &str| Ok::<_, ReportError>(self.float(name, row)?.unwrap_or(f64::NAN));
        let job_id = text("job_id")?;
        let mut optional = [None; OPTIONAL.len()];
        for (cell, (name, ..)) in optional.iter_mut().zip(OPTIONAL) {
            *cell = self.newer_float(name, row)?;
        }
        let pretraining = if self.columns.contains_key("pretraining") { self.text("pretraining", row)? } else { None };
        let measures = if self.int("steps", row)?.is_some() {
            Some(Measures {
                steps: int("steps")?,
                samples: int("samples")?,
                samples_to_signal: self.int("samples_to_signal", row)?,
                samples_to_support: self.int("samples_to_support", row)?,
                samples_to_recovery: self.int("samples_to_recovery", row)?,
                alpha_v: measure("alpha_v")?,
                alpha_a: measure("alpha_a")?,
                value_error: measure("value_error")?,
                attention_error: measure("attention_error")?,
                rounded_value_error: measure("rounded_value_error")?,
                rounded_attention_error: measure("rounded_attention_error")?,
                loss: measure("loss")?,
                k_p: measure("k_p")?,
                k_q: measure("k_q")?,
                optional,
            })
        } else {
            None
        };
        let record = Record {
            n: int("N")?,
            q: int("Q")?,
            t: int("T")?,
            batch_size: int("batch_size")?,
            eta_boost: float("eta_boost")?,
            eta_sparse: float("eta_sparse")?,
            lambda: float("lambda")?,
            algorithm: text("algorithm")?,
            max_samples: int("max_samples")?,
            replicate: int("replicate")?,
            further: self.further(row),
            pretraining,
            status: Status::from_name(&text("status")?).ok_or_else(|| self.missing("status"))?,
            error: self.text("error", row)?,
            measures,
            job_id: job_id.clone(),
        };
        let timing = Timing {
            job_id,
            wall_seconds: float("wall_seconds")?,
            tokens: int("tokens")?,
            host: text("host")?,
            finished: int("finished")?,
        };
        Ok((record, timing))
    }

    /// Every column of numbers or their names between `max_samples` and `replicate`, where [`runs_table`] puts them.
    fn further(&self, row: usize) -> Vec<(String, f64)> {
        let between = self
            .table
            .columns()
            .iter()
            .skip_while(|c| c.name != "max_samples")
            .skip(1)
            .take_while(|c| c.name != "replicate");
        let cells = between.filter_map(|c| {
            let key = RENAMED.iter().find(|(before, _)| *before == c.name).map_or(c.name.as_str(), |(_, now)| now);
            match &c.cells {
                Cells::Float(cells) => cells[row].map(|value| (key.to_owned(), value)),
                Cells::Text(cells) => {
                    let at = names_of(key)?.iter().position(|name| cells[row].as_deref() == Some(*name))?;
                    Some((key.to_owned(), at as f64))
                }
                _ => None,
            }
        });
        cells.collect()
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixture::record;
    use super::*;

    #[test]
    fn a_part_comes_back_as_it_was_written() {
        let mut failed = record(3, 2, 64, 1, None);
        failed.measures = None;
        failed.status = Status::Failed;
        failed.error = Some("K_P is too small".to_owned());
        let mut other = record(4, 1, 32, 0, Some(777));
        other.further = vec![("persistence".to_owned(), 0.3), ("step_scale".to_owned(), 1.0)];
        other.pretraining = Some("0123".to_owned());
        other.measures.as_mut().unwrap().optional[1] = Some(0.25);
        let rows: Vec<(Record, Timing)> = [record(3, 2, 64, 0, Some(1234)), failed, other]
            .into_iter()
            .map(|record| {
                let job_id = record.job_id.clone();
                (record, Timing { job_id, wall_seconds: 0.5, tokens: 9, host: "laptop".to_owned(), finished: 1 })
            })
            .collect();
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("part.parquet");
        part_table(&rows).write(&path, &[]).unwrap();
        let table = Table::read(&path).unwrap();
        assert_eq!(read_part(&table, &path).unwrap(), rows);
        assert_eq!(table.texts("step_scale").unwrap(), [None, None, Some("raw".to_owned())]);
        assert_eq!(rows[2].0.named(), "prox, persistence = 0.3, step_scale = raw");
        // Further keys once had names of measures; a part of then may be put into one of now.
        let mut before = rows[2].clone();
        before.0.further = vec![("alpha_v".to_owned(), 0.5), ("persistence".to_owned(), 0.3)];
        assert!(part_table(&[before.clone()]).to_parquet(&[]).is_err(), "a name twice");
        let now = read_part(&part_table(&[before]), &path).unwrap();
        assert_eq!(now[0].0.further, [("init_alpha_v".to_owned(), 0.5), ("persistence".to_owned(), 0.3)]);
        assert_eq!(now[0].0.measures, rows[2].0.measures);
        // A part of the first version of the schema has fewer columns.
        let old = OPTIONAL.iter().fold(part_table(&rows[..1]).without("pretraining"), |t, (name, ..)| t.without(name));
        assert_eq!(read_part(&old, &path).unwrap(), rows[..1]);
    }
}
