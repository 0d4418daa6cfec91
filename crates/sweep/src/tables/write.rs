//! From the parts to the final tables, the figures, the report page and the printed answer.

use std::borrow::Cow;
use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;

use report::analysis::{
    Analysis, ConditionKey, Milestone, Question, comparison_table, needed_table, scaling_table, search_table,
    success_table, summary_table,
};
use report::claim::{Evidence, verdicts_table};
use report::figure::{self, Figure};
use report::page::page;
use report::paper::{answer_csv, answer_tex, pdf};
use report::record::{runs_table, timings_table, traces_table};
use report::table::write_whole;
use report::terminal::answer;
use report::{Record, Timing};

use crate::SweepError;
use crate::axis::{AXES, Role};
use crate::config::Config;
use crate::config::diagnostic::Diagnostic;
use crate::grid::further_axes;
use crate::job::{Job, TASK_AXES, Tally, results_version_of};
use crate::platform::files::{FileError, create_folder};
use crate::platform::terminal::{answer_columns, unbroken, wrapped};
use crate::search::cell::FIRST_RACED;
use crate::search::sweep::SweepSearch;
use crate::store::layout::{
    ALL_TRACES, ANSWER_CSV, ANSWER_TEX, COMPARISON, FIGURE_ENDING, FIGURES, NEEDED, PDF_ENDING, REPORT, RUNS, SCALING,
    SEARCH, SUCCESS, SUMMARY, TIMINGS, VERDICTS,
};
use crate::store::{Store, manifest};
use crate::tables::provenance::provenance;
use crate::tables::replay::Replay;
use crate::tables::searched::searched;

/// A sweep and what is done of it.
#[derive(Debug, Clone, Copy)]
pub struct Results<'s> {
    /// Its config.
    pub config: &'s Arc<Config>,
    /// Its jobs, in the order of the grid.
    pub jobs: &'s [Job],
    /// Its search, if it is one.
    pub search: Option<&'s SweepSearch>,
    /// How far it is.
    pub tally: Tally,
    /// What is done.
    pub store: &'s Store,
    /// The milestone that the answer is about.
    pub milestone: Milestone,
}

/// The finished runs of a sweep, with the values of these axes, and what is concluded from them.
fn analysed(
    Results { config, jobs, search, store, .. }: Results<'_>,
    axes: &[usize],
) -> (Vec<Record>, Vec<Timing>, Analysis) {
    let names = |role: Role| axes.iter().map(|&i| &AXES[i]).filter(move |a| a.role == role).map(|a| a.name.to_owned());
    // A job may have been stored with other axes. The columns are those of this config.
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
    let keys: Vec<ConditionKey> = axes.iter().map(|&i| condition_key(i)).collect();
    // Runs of races have chosen the settings; the others judge them.
    let analysis = match search {
        None => Analysis::knowing(&records, question, &keys, Vec::new()),
        Some(search) => {
            let judged = judges(&records);
            let searched = searched(search, &question);
            Analysis::knowing(&judged, question, &keys, searched)
        }
    };
    (records, timings, analysis)
}

/// The records that are no part of a race. Those of a grid, of which none is, are not copied.
fn judges(records: &[Record]) -> Cow<'_, [Record]> {
    let judges = |record: &Record| record.replicate < i64::from(FIRST_RACED);
    if records.iter().all(judges) {
        return Cow::Borrowed(records);
    }
    records.iter().filter(|record| judges(record)).cloned().collect()
}

/// Writes every table from what is done of `jobs`, in the order of the grid, and returns the
/// answer; `beside` is another sweep to compare with.
///
/// # Errors
/// When a file or folder cannot be read or written, or the other sweep cannot be compared.
pub fn write(results: Results<'_>, beside: Option<Results<'_>>) -> Result<String, SweepError> {
    let Results { config, jobs, tally, store, .. } = results;
    let axes = further_axes(config);
    let further: Vec<String> = axes.iter().map(|&i| AXES[i].name.to_owned()).collect();
    let (records, timings, mut analysis) = analysed(results, &axes);
    analysis.shown = results.milestone;
    if let Some(other) = beside {
        let (_, _, conclusions) = analysed(other, &further_axes(other.config));
        refuse_another_question(&analysis.question, other.config, &conclusions.question)?;
        analysis.put_beside(&config.name, &other.config.name, conclusions);
    }
    let analysis = analysis;
    let question = &analysis.question;
    // Traces are read before any table is written: they may be missing because a shard has just put
    // their parts into another one.
    let mut traces = if config.trace { store.traces()? } else { HashMap::new() };
    let results_version = results_version_of(jobs);
    let metadata = [
        ("program", format!("sweep {}", env!("CARGO_PKG_VERSION"))),
        ("results_version", results_version.to_string()),
        ("seed", config.seed.to_string()),
    ];
    let directory = store.directory();
    runs_table(&records, &further).write(&directory.join(RUNS), &metadata)?;
    timings_table(&timings).write(&directory.join(TIMINGS), &metadata)?;
    summary_table(&records, &further).write(&directory.join(SUMMARY), &metadata)?;
    needed_table(&analysis.needed, question).write(&directory.join(NEEDED), &metadata)?;
    success_table(&analysis.needed, question).write(&directory.join(SUCCESS), &metadata)?;
    scaling_table(&analysis.scalings, question).write(&directory.join(SCALING), &metadata)?;
    if analysis.bouts.is_empty() {
        // That of an earlier report, when the grid had something to compare.
        remove(directory.join(COMPARISON))?;
    } else {
        let table = comparison_table(&analysis.bouts, &analysis.needed, question);
        table.write(&directory.join(COMPARISON), &metadata)?;
    }
    let ids: Vec<String> = jobs.iter().map(|job| job.id.to_string()).collect();
    let by_id: HashMap<&str, &Job> = ids.iter().map(String::as_str).zip(jobs).collect();
    // Runs of races have chosen the settings; what is shown and claimed is of those that judge them.
    let judged = judges(&records);
    let mut replay = Replay::new(config, (jobs, &judged), &traces, directory);
    let pictured = replay.pictured(&analysis);
    let examined = config.claim.map(|claim| {
        let shown = replay.of_claim(claim, &analysis);
        // Also what a section sets for the whole grid, and no column holds.
        let whole: Vec<Record> = judged
            .iter()
            .map(|record| match by_id.get(record.job_id.as_str()) {
                Some(job) => Record { further: every_axis(job), ..record.clone() },
                None => record.clone(),
            })
            .collect();
        let tasks = replay.tasks(&judged, claim.asks_of_tasks());
        let evidence = Evidence::new(&analysis, &whole, &shown.0, &shown.1).with_tasks(&tasks);
        (claim, claim.examine(&evidence))
    });
    if analysis.searched.is_empty() {
        remove(directory.join(SEARCH))?;
    } else {
        search_table(&analysis.searched, &question.conditions).write(&directory.join(SEARCH), &metadata)?;
    }
    match &examined {
        Some((claim, examined)) => {
            verdicts_table(*claim, examined).write(&directory.join(VERDICTS), &metadata)?;
        }
        // That of an earlier report, before the config named no claim.
        None => remove(directory.join(VERDICTS))?,
    }
    if config.trace {
        let points: Vec<_> = records.iter().filter_map(|r| traces.remove(&r.job_id)).flatten().collect();
        traces_table(&points).write(&directory.join(ALL_TRACES), &metadata)?;
    } else {
        // Those of an earlier run with tracing on would not belong to these records.
        let path = directory.join(ALL_TRACES);
        remove(path)?;
    }
    let figures = directory.join(FIGURES);
    create_folder(&figures)?;
    let drawn = figure::all(&analysis, &pictured);
    let examined = examined.as_ref().map(|(_, examined)| examined);
    let all: Vec<&Figure> = drawn.iter().chain(examined.iter().flat_map(|s| &s.figures)).collect();
    let files: Vec<(String, Vec<u8>)> = all.iter().flat_map(|figure| files_of(figure)).collect();
    let names: Vec<String> = files.iter().map(|(name, _)| name.clone()).collect();
    let earlier: Vec<String> =
        manifest::listed_figures(directory).into_iter().filter(|name| !names.contains(name)).collect();
    // The manifest lists all figures before any is written or removed. So after a kill it is known
    // which of them this program has written.
    manifest::write(directory, config, jobs, (&records, &timings), &[&names[..], &earlier].concat())?;
    for (name, bytes) in &files {
        write_whole(&figures.join(name), bytes)?;
    }
    write_whole(&directory.join(ANSWER_TEX), answer_tex(&analysis, examined, &config.name).as_bytes())?;
    write_whole(&directory.join(ANSWER_CSV), answer_csv(&analysis).as_bytes())?;
    // Only figures that an earlier report has written are removed.
    earlier.iter().try_for_each(|name| remove(figures.join(name)))?;
    let provenance = provenance(config, results_version, tally.left(), &timings, directory);
    let page_path = directory.join(REPORT);
    write_whole(&page_path, page(&analysis, examined, &drawn, &provenance).as_bytes())?;
    manifest::write(directory, config, jobs, (&records, &timings), &names)?;
    let columns = answer_columns();
    let place = format!("Report: {}, tables and figures beside it", unbroken(&page_path.display().to_string()));
    Ok(format!("{}{}\n", answer(&analysis, examined, columns), wrapped(&place, "", "", columns).join("\n")))
}

/// The files of a figure: for the screen, and for LaTeX if it can be drawn so.
fn files_of(figure: &Figure) -> Vec<(String, Vec<u8>)> {
    let svg = (figure.name.clone() + FIGURE_ENDING, figure.svg.clone().into_bytes());
    let pdf = pdf(&figure.svg).map(|pdf| (figure.name.clone() + PDF_ENDING, pdf));
    std::iter::once(svg).chain(pdf).collect()
}

/// Needed samples can be compared if they are those of the same share of the runs, under the same
/// conditions.
fn refuse_another_question(own: &Question, config: &Config, other: &Question) -> Result<(), Diagnostic> {
    let different = |what: &str, own: &str, other: &str| {
        let title = format!("{} cannot be compared: its {what} is {other}, and {own} here", config.name);
        Err(Diagnostic::new(title).help("compare sweeps that ask the same of the same conditions"))
    };
    if own.quantile.total_cmp(&other.quantile).is_ne() {
        return different("quantile", &own.quantile.to_string(), &other.quantile.to_string());
    }
    let names = |keys: &[String]| if keys.is_empty() { "none".to_owned() } else { keys.join(", ") };
    if own.conditions != other.conditions {
        return different("list of conditions", &names(&own.conditions), &names(&other.conditions));
    }
    Ok(())
}

/// Every axis without a column of its own, and its value.
fn every_axis(job: &Job) -> Vec<(String, f64)> {
    let axes = AXES.iter().zip(job.point.values).filter(|(axis, _)| !axis.fixed_column);
    axes.map(|(axis, value)| (axis.name.to_owned(), value)).collect()
}

/// What a comparison of the values of an axis must know of it.
fn condition_key(i: usize) -> ConditionKey {
    ConditionKey {
        name: AXES[i].name.to_owned(),
        default: AXES[i].default_value(),
        of_the_task: TASK_AXES.contains(&i),
    }
}

fn remove(path: PathBuf) -> Result<(), FileError> {
    match std::fs::remove_file(&path) {
        Err(source) if source.kind() != std::io::ErrorKind::NotFound => {
            Err(FileError { action: "remove", path, source })
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use report::Table;
    use report::record::{self, part_table};

    use super::*;
    use crate::axis;

    /// What an id is made of is called here as it is called in the tables.
    #[test]
    fn step_scales_are_called_alike_in_ids_and_in_tables() {
        assert_eq!(AXES[axis::STEP_SCALE].name, record::STEP_SCALE);
        assert_eq!(AXES[axis::STEP_SCALE].names().unwrap(), record::STEP_SCALES);
    }

    #[test]
    fn conditions_have_the_defaults_of_their_axes_and_two_draw_tasks_anew() {
        let key = |i: usize| condition_key(i);
        assert_eq!((key(axis::THETA).default, key(axis::TRANSFER).default), (Some(1.0), Some(0.0)));
        assert_eq!((key(axis::STEP_SCALE).default, key(axis::PERSISTENCE).default), (Some(0.0), Some(0.5)));
        let anew: Vec<String> = (0..AXES.len()).map(key).filter(|k| k.of_the_task).map(|k| k.name).collect();
        assert_eq!(anew, ["N", "Q", "T", "persistence", "concentration"]);
    }

    /// Readers refuse a table in which a name stands twice, and a name that is measured in one
    /// table and set in another misleads.
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
            ("comparison", comparison_table(&[], &[], &question)),
            ("traces", traces_table(&[])),
        ];
        let names = |table: &Table| table.columns().iter().map(|column| column.name.clone()).collect::<Vec<_>>();
        for (table, columns) in &tables {
            columns.to_parquet(&[]).unwrap_or_else(|error| panic!("{table}: {error}"));
            let further_columns = names(columns).iter().filter(|name| further.contains(name)).count();
            let expected = match *table {
                "parts" | "timings" | "traces" => 0,
                "success" | "scaling" | "comparison" => question.conditions.len(),
                _ => further.len(),
            };
            assert_eq!(further_columns, expected, "{table}");
        }
        // Nor may other spellings, which are what is measured, come back as columns of axes.
        assert!(AXES.iter().all(|axis| axis.alias.is_none_or(|other| !further.contains(&other.to_owned()))));
    }
}
