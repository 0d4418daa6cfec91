//! Parts: records and timings side by side in one table, written and read back.

use std::path::Path;

use super::columns::{CAP, COST, JOB_ID, POINT, PRETRAINING, RUN, cost_table, runs_table};
use super::further::{RENAMED, further_column};
use super::measures::{MEASURES, Measures};
use super::run::{Record, Timing};
use super::status::Status;
use crate::error::ReportError;
use crate::table::{Column, Table};

/// Reads back what [`runs_table`] and [`timings_table`](super::timings_table), side by side, say:
/// the form of a part.
///
/// # Errors
/// [`ReportError::Schema`] when a column is missing or a cell that must be there is null.
pub fn read_part(table: &Table, path: &Path) -> Result<Vec<(Record, Timing)>, ReportError> {
    let steps = table
        .ints("steps")
        .ok_or_else(|| ReportError::Schema { path: path.to_owned(), reason: "no usable column steps".to_owned() })?;
    // A run that took no steps failed and measured nothing.
    let mut rows: Vec<(Record, Timing)> = steps.iter().map(|steps| blank(steps.is_some())).collect();
    for columns in [&JOB_ID[..], &POINT, &RUN, &PRETRAINING[..], &CAP[..]] {
        table.fill(columns, &mut rows, |(record, _)| Some(record), path)?;
    }
    table.fill(&MEASURES, &mut rows, |(record, _)| record.measures.as_mut(), path)?;
    table.fill(&COST, &mut rows, |(_, timing)| Some(timing), path)?;
    for column in further(table) {
        let key =
            RENAMED.iter().find(|(before, _)| *before == column.name).map_or(column.name.as_str(), |(_, now)| now);
        let owned = key.to_owned();
        let put = move |record: &mut Record, value| record.further.push((owned.clone(), value));
        let declared = further_column(key, "", |_: &Record| None, put);
        for (at, (record, _)) in rows.iter_mut().enumerate() {
            // A column of another kind is none of ours.
            let _ = declared.put(record, column, at);
        }
    }
    rows.iter_mut().for_each(|(record, timing)| timing.job_id.clone_from(&record.job_id));
    Ok(rows)
}

/// A row before it is read.
fn blank(measured: bool) -> (Record, Timing) {
    let record = Record {
        job_id: String::new(),
        n: 0,
        q: 0,
        t: 0,
        batch_size: 0,
        eta_boost: 0.0,
        eta_sparse: 0.0,
        lambda: 0.0,
        algorithm: String::new(),
        max_samples: 0,
        replicate: 0,
        further: Vec::new(),
        pretraining: None,
        status: Status::Failed,
        error: None,
        cap: None,
        measures: measured.then(Measures::default),
    };
    let timing = Timing { job_id: String::new(), wall_seconds: 0.0, tokens: 0, host: String::new(), finished: 0 };
    (record, timing)
}

/// The columns of further keys: those between `max_samples` and `replicate`, where [`runs_table`]
/// puts them.
fn further(table: &Table) -> impl Iterator<Item = &Column> {
    let after = table.columns().iter().skip_while(|column| column.name != "max_samples").skip(1);
    after.take_while(|column| column.name != "replicate")
}

/// The columns of a part: a record and its timing in one row.
#[must_use]
pub fn part_table(rows: &[(Record, Timing)]) -> Table {
    let (records, timings): (Vec<_>, Vec<_>) = rows.iter().cloned().unzip();
    let mut further: Vec<String> = records.iter().flat_map(|r| r.further.iter().map(|(key, _)| key.clone())).collect();
    further.sort();
    further.dedup();
    runs_table(&records, &further).beside(cost_table(&timings.iter()))
}

#[cfg(test)]
mod tests {
    use super::super::fixture::record;
    use super::super::measures::OPTIONAL;
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
        (other.status, other.cap) = (Status::Capped, Some(800));
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
        let old =
            OPTIONAL.iter().fold(part_table(&rows[..1]).without("pretraining"), |t, measure| t.without(measure.name));
        assert_eq!(read_part(&old, &path).unwrap(), rows[..1]);
    }
}
