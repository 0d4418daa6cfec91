//! From the parts to the final tables, the figures, the report page and the printed answer.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;

use report::analysis::Analysis;
use report::analysis::scaling_table;
use report::analysis::summary_table;
use report::analysis::{Question, needed_table, success_table};
use report::claim::{Evidence, verdicts_table};
use report::figure::{self, Figure};
use report::page::page;
use report::record::traces_table;
use report::record::{runs_table, timings_table};
use report::table::write_whole;
use report::terminal::answer;
use report::terminal::{glued, wrapped};
use report::{Record, Timing};

use crate::SweepError;
use crate::about::about;
use crate::axis::{AXES, Role};
use crate::config::Config;
use crate::grid::further_axes;
use crate::job::{Job, RESULTS_VERSION};
use crate::replay::Replay;
use crate::store::{self, Store};
use crate::terminal::answer_columns;

/// Writes every table from what is done of `jobs`, in the order of the grid, and returns the answer.
///
/// # Errors
/// When the file system says no.
pub fn write(config: &Arc<Config>, jobs: &[Job], store: &Store) -> Result<String, SweepError> {
    let axes = further_axes(config);
    let names = |role: Role| axes.iter().map(|&i| &AXES[i]).filter(move |a| a.role == role).map(|a| a.name.to_owned());
    let further: Vec<String> = axes.iter().map(|&i| AXES[i].name.to_owned()).collect();
    // A job may have been stored by a config that named other axes: the columns are this one's.
    let (records, timings): (Vec<Record>, Vec<Timing>) = jobs
        .iter()
        .filter_map(|job| {
            let (record, timing) = store.done().get(&job.id)?;
            let further = axes.iter().map(|&i| (AXES[i].name.to_owned(), job.point.values[i])).collect();
            Some((Record { further, ..record.clone() }, timing.clone()))
        })
        .unzip();
    let question = Question {
        quantile: config.quantile,
        conditions: names(Role::Condition).collect(),
        tuned: names(Role::Tuned).collect(),
    };
    let analysis = Analysis::of(&records, question);
    let question = &analysis.question;
    // Before any table: a shard at work may just have put these parts into another one.
    let mut traces = if config.trace { store.traces()? } else { HashMap::new() };
    let metadata = [
        ("program", format!("sweep {}", env!("CARGO_PKG_VERSION"))),
        ("results_version", RESULTS_VERSION.to_string()),
        ("seed", config.seed.to_string()),
    ];
    let directory = store.directory();
    runs_table(&records, &further).write(&directory.join("runs.parquet"), &metadata)?;
    timings_table(&timings).write(&directory.join("timings.parquet"), &metadata)?;
    summary_table(&records, &further).write(&directory.join("summary.parquet"), &metadata)?;
    needed_table(&analysis.needed, question).write(&directory.join("needed.parquet"), &metadata)?;
    success_table(&analysis.needed, question).write(&directory.join("success.parquet"), &metadata)?;
    scaling_table(&analysis.scalings, question).write(&directory.join("scaling.parquet"), &metadata)?;
    let ids: Vec<String> = jobs.iter().map(|job| job.id.to_string()).collect();
    let by_id: HashMap<&str, &Job> = ids.iter().map(String::as_str).zip(jobs).collect();
    let mut replay = Replay::new(config, (jobs, &records), &traces, directory);
    let pictured = replay.pictured(&analysis);
    let examined = config.claim.map(|claim| {
        let shown = replay.of_claim(claim, &analysis);
        // Also what a section sets for the whole grid, and no column holds.
        let whole: Vec<Record> = records
            .iter()
            .map(|record| match by_id.get(record.job_id.as_str()) {
                Some(job) => Record { further: every_axis(job), ..record.clone() },
                None => record.clone(),
            })
            .collect();
        let section = claim.examine(&Evidence::new(&analysis, &whole, &shown.0, &shown.1));
        (claim, section)
    });
    match &examined {
        Some((claim, section)) => {
            verdicts_table(*claim, section).write(&directory.join("verdicts.parquet"), &metadata)?;
        }
        // That of an earlier report, before the config named no claim.
        None => remove(directory.join("verdicts.parquet"))?,
    }
    if config.trace {
        let points: Vec<_> = records.iter().filter_map(|r| traces.remove(&r.job_id)).flatten().collect();
        traces_table(&points).write(&directory.join("traces.parquet"), &metadata)?;
    } else {
        // Those of an earlier run with tracing on would not belong to these records.
        let path = directory.join("traces.parquet");
        remove(path)?;
    }
    let figures = directory.join("figures");
    std::fs::create_dir_all(&figures).map_err(|source| SweepError::File {
        action: "create",
        path: figures.clone(),
        source,
    })?;
    let drawn = figure::all(&analysis, &pictured);
    let section = examined.as_ref().map(|(_, section)| section);
    let all: Vec<&Figure> = drawn.iter().chain(section.iter().flat_map(|s| &s.figures)).collect();
    let names: Vec<String> = all.iter().map(|figure| figure.name.clone() + ".svg").collect();
    let earlier: Vec<String> =
        store::listed_figures(directory).into_iter().filter(|name| !names.contains(name)).collect();
    // Before any is written or removed, so that one is known to be ours whenever this ends.
    store.write_manifest(config, jobs.len(), &records, &[&names[..], &earlier].concat())?;
    for (figure, name) in all.iter().zip(&names) {
        write_whole(&figures.join(name), figure.svg.as_bytes())?;
    }
    // What no earlier report of ours has written is somebody else's, whatever its name.
    earlier.iter().try_for_each(|name| remove(figures.join(name)))?;
    let about = about(config, jobs.len(), &timings, directory);
    let page_path = directory.join("report.html");
    write_whole(&page_path, page(&analysis, section, &drawn, &about).as_bytes())?;
    store.write_manifest(config, jobs.len(), &records, &names)?;
    let columns = answer_columns();
    let place = format!("Report: {}, tables and figures beside it", glued(&page_path.display().to_string()));
    Ok(format!("{}{}\n", answer(&analysis, section, columns), wrapped(&place, "", "", columns).join("\n")))
}

/// Every axis without a column of its own, and its value.
fn every_axis(job: &Job) -> Vec<(String, f64)> {
    let axes = AXES.iter().zip(job.point.values).filter(|(axis, _)| !axis.fixed_column);
    axes.map(|(axis, value)| (axis.name.to_owned(), value)).collect()
}

fn remove(path: PathBuf) -> Result<(), SweepError> {
    match std::fs::remove_file(&path) {
        Err(source) if source.kind() != std::io::ErrorKind::NotFound => {
            Err(SweepError::File { action: "remove", path, source })
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use report::Table;
    use report::record::part_table;

    use super::*;

    /// Readers refuse a table in which a name stands twice, and a name that is measured in one table and set in another misleads.
    #[test]
    fn no_axis_has_the_name_of_another_column() {
        let further: Vec<String> = AXES.iter().filter(|a| !a.fixed_column).map(|a| a.name.to_owned()).collect();
        let of = |role: Role| AXES.iter().filter(move |a| !a.fixed_column && a.role == role).map(|a| a.name.to_owned());
        let question =
            Question { quantile: 0.9, conditions: of(Role::Condition).collect(), tuned: of(Role::Tuned).collect() };
        let tables = [
            ("parts", part_table(&[])),
            ("runs", runs_table(&[], &further)),
            ("timings", timings_table(&[])),
            ("summary", summary_table(&[], &further)),
            ("needed", needed_table(&[], &question)),
            ("success", success_table(&[], &question)),
            ("scaling", scaling_table(&[], &question)),
            ("traces", traces_table(&[])),
        ];
        let names = |table: &Table| table.columns().iter().map(|column| column.name.clone()).collect::<Vec<_>>();
        for (table, columns) in &tables {
            columns.to_parquet(&[]).unwrap_or_else(|error| panic!("{table}: {error}"));
            let further_columns = names(columns).iter().filter(|name| further.contains(name)).count();
            let expected = match *table {
                "parts" | "timings" | "traces" => 0,
                "success" | "scaling" => question.conditions.len(),
                _ => further.len(),
            };
            assert_eq!(further_columns, expected, "{table}");
        }
        // Nor may other spellings, which are what is measured, come back as columns of axes.
        assert!(AXES.iter().all(|axis| axis.other.is_none_or(|other| !further.contains(&other.to_owned()))));
    }
}
