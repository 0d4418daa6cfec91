//! `sweep show`: one job in words and numbers.

use std::fmt::Write;
use std::path::Path;
use std::process::ExitCode;

use report::analysis::{Milestone, count, short};
use report::{Measures, Record, Status, TracePoint};
use scb_core::Task;

use super::chosen_job::Sweep;
use crate::SweepError;
use crate::args::ShowArguments;
use crate::axis::{self, AXES, written};
use crate::config::{self, Config};
use crate::execution::level;
use crate::execution::training::Replayed;
use crate::grid::further_axes;
use crate::job::{Job, jobs};
use crate::platform::shell::{quoted, quoted_path};
use crate::platform::terminal::{answer_columns, print, wrapped};

/// Columns of the labels.
const LABELS: usize = 13;
/// Query tokens and states that are shown at most.
const MAX_STATES_SHOWN: usize = 8;
/// Places of a sparkline.
const SPARKS: usize = 48;

pub(crate) fn show(arguments: &ShowArguments) -> Result<ExitCode, SweepError> {
    level::choose()?;
    let sweep = Sweep::of(&arguments.source, &[])?;
    let job = sweep.job(&arguments.job)?;
    let mut page = Page { text: String::new(), columns: answer_columns() };
    let ran = match sweep.stored(job) {
        // It would fail again, and what made it fail may be the machine.
        Some(Record { status: Status::Failed, error, .. }) => Err(error.clone().unwrap_or_default()),
        Some(record) if tokens(record) > MAX_TOKENS => {
            describe_record(&mut page, &sweep, job, record);
            Ok(())
        }
        _ => sweep.replay(job)?.map(|run| describe(&mut page, &sweep, job, &run)),
    };
    if let Err(error) = &ran {
        beginning(&mut page, &sweep, job, "failed");
        page.line("end", &format!("failed: {error}"));
    }
    commands(&mut page, &sweep, job, (&arguments.source, ran.is_err()));
    print(&page.text)?;
    Ok(ExitCode::SUCCESS)
}

/// Tokens of the runs that are run once more to be shown: about ten seconds.
const MAX_TOKENS: i64 = 20_000_000_000;

fn tokens(record: &Record) -> i64 {
    record.measures.as_ref().map_or(0, |measures| measures.samples.saturating_mul(record.t))
}

/// What is said of any job: how it `ended`, its parameters, its task.
fn beginning(page: &mut Page, sweep: &Sweep, job: &Job, ended: &str) {
    let place = match &sweep.store {
        Some((directory, _)) if sweep.stored(job).is_some() => format!(" of {}", directory.display()),
        Some((directory, _)) => format!(" of {}, not run there yet", directory.display()),
        None => String::new(),
    };
    let _ = writeln!(page.text, "job {}{place}: {ended}\n", job.id);
    page.line("parameters", &job.described(&sweep.workload.plan.further));
    if let Ok(task) = sweep.training().task(job) {
        describe_task(page, &task);
    }
    page.text.push('\n');
}

/// When each milestone was reached.
fn milestones(page: &mut Page, measures: &Measures) {
    for milestone in Milestone::FROM_START {
        let reached = milestone.reached(measures);
        let said = reached.map_or_else(|| "not reached".to_owned(), |samples| format!("after {samples} samples"));
        page.line(milestone.name(), &said);
    }
}

/// What the tables have of a run that takes long.
fn describe_record(page: &mut Page, sweep: &Sweep, job: &Job, record: &Record) {
    let Some(measures) = &record.measures else { return };
    beginning(page, sweep, job, &format!("{} after {} samples", record.status.name(), measures.samples));
    page.line("run", "too long to be run again to be shown; `sweep export` runs it again");
    milestones(page, measures);
    let (status, v, a) = (record.status, measures.alpha_v, measures.alpha_a);
    page.line("end", &format!("{}: {}. alpha_V = {v:.2}, alpha_A = {a:.2}", status.name(), status.meaning()));
}

/// A text of labelled paragraphs.
struct Page {
    text: String,
    columns: usize,
}

impl Page {
    fn line(&mut self, label: &str, said: &str) {
        let first = format!("  {label:<LABELS$}");
        for line in wrapped(said, &first, &" ".repeat(LABELS + 2), self.columns) {
            let _ = writeln!(self.text, "{line}");
        }
    }
}

fn describe(page: &mut Page, sweep: &Sweep, job: &Job, run: &Replayed) {
    beginning(page, sweep, job, &format!("{} after {} samples", run.record.status.name(), run.outcome.samples));
    page.line("run", &steps(run));
    run.record.measures.iter().for_each(|measures| milestones(page, measures));
    for name in ["alpha_v", "alpha_a"] {
        let values: Vec<(i64, f64)> =
            run.points.iter().filter_map(|point| Some((point.samples, point.value(name)?))).collect();
        page.line(name, &sparkline(&values));
    }
    page.text.push('\n');
    page.line("end", &end(run));
}

fn describe_task(page: &mut Page, task: &Task) {
    let mu = task.stationary();
    let least = mu.iter().copied().fold(1.0, f64::min);
    page.line("task", &format!("K_P = {:.3}, K_Q = {:.3}, mu_min = {}", task.k_p(), task.k_q(), written_short(least)));
    let n = task.n();
    if n <= MAX_STATES_SHOWN {
        for (i, row) in task.transition().rows().into_iter().enumerate() {
            let entries: Vec<String> = row.iter().map(|p| format!("{p:.3}")).collect();
            page.line(if i == 0 { "P" } else { "" }, &entries.join("  "));
        }
        let mu: Vec<String> = mu.iter().map(|p| format!("{p:.3}")).collect();
        page.line("mu", &mu.join("  "));
    }
    for (k, pattern) in task.patterns().iter().take(MAX_STATES_SHOWN).enumerate() {
        let positions: Vec<String> = pattern.positions.iter().map(|position| (position + 1).to_string()).collect();
        let equal = pattern.weights.iter().all(|&w| w == pattern.weights[0]);
        let weights: Vec<String> = pattern.weights.iter().map(|w| format!("{w:.3}")).collect();
        let weights = if equal { String::new() } else { format!(", weights {}", weights.join(" ")) };
        // Arrays count from 0.
        let from = if k == 0 { " (states and positions are counted from 1 here)" } else { "" };
        page.line(
            if k == 0 { "positions" } else { "" },
            &format!("query token {} attends to {}{weights}{from}", k + 1, positions.join(", ")),
        );
    }
    if n > MAX_STATES_SHOWN {
        page.line("", &format!("and {} more query tokens", n - MAX_STATES_SHOWN));
    }
}

fn written_short(number: f64) -> String {
    if number >= 0.001 { format!("{number:.3}") } else { format!("{number:.1e}") }
}

/// The steps, and where the stages begin.
fn steps(run: &Replayed) -> String {
    let mut said = count(run.outcome.steps as usize, "step");
    let mut last: Option<&TracePoint> = None;
    let mut stages = Vec::new();
    for point in &run.points {
        if last.is_none_or(|last| last.stage != point.stage) {
            // Stages change between two checks.
            stages.push(match point.samples {
                0 => format!("{} from the start", point.stage),
                samples => format!("{} from {samples} samples", point.stage),
            });
        }
        last = Some(point);
    }
    let _ = write!(said, "; stages: {}", stages.join(", "));
    if let Some(flips) = run.outcome.flips.filter(|&flips| flips > 0) {
        let _ = write!(said, "; the signs of both factors were flipped {flips} times");
    }
    said
}

/// How it ended, and why.
fn end(run: &Replayed) -> String {
    let (status, outcome, spec) = (run.record.status, &run.outcome, &run.spec);
    let mut said = format!("{}: {}", status.name(), status.meaning());
    let errors = &outcome.errors;
    let _ = write!(
        said,
        ". alpha_V = {:.2}, alpha_A = {:.2}; the rounded model is off by {} in V and {} in A, where epsilon = {} \
         counts as recovered and the uninformative start is off by 1",
        outcome.alpha_v,
        outcome.alpha_a,
        error(errors.rounded_value),
        error(errors.rounded_attention),
        written(spec.epsilon)
    );
    match status {
        Status::Exhausted => {
            let budget = short(spec.max_samples as i64);
            let _ = write!(said, ". Its budget is max_samples = {budget}; more samples or another setting may help");
        }
        Status::Mirrored => said += ". Larger batches or smaller steps make that rarer, and so does flip = 1.5",
        Status::Diverged => said += ". Lower eta_boost and eta_sparse, or use larger batches",
        _ => {}
    }
    said
}

fn error(number: f64) -> String {
    if number.is_finite() { format!("{number:.3}") } else { "no finite number".to_owned() }
}

/// A curve over samples in one line, and where it starts and ends.
fn sparkline(values: &[(i64, f64)]) -> String {
    const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    let finite = || values.iter().filter(|(_, value)| value.is_finite());
    let (Some(first), Some(last)) = (finite().next(), finite().next_back()) else { return "no numbers".to_owned() };
    let least = finite().map(|(_, value)| *value).fold(0.0, f64::min);
    let most = finite().map(|(_, value)| *value).fold(1.0, f64::max);
    let places = SPARKS.min(values.len());
    let at = |place: usize| {
        let samples = last.0 as f64 * (place + 1) as f64 / places as f64;
        finite().rfind(|(when, _)| *when as f64 <= samples).unwrap_or(first).1
    };
    let bar = |value: f64| BARS[(((value - least) / (most - least) * 8.0) as usize).min(7)];
    let line: String = (0..places).map(|place| bar(at(place))).collect();
    format!("{line}  {:.2} to {:.2}, over {} samples", first.1 + 0.0, last.1 + 0.0, last.0)
}

/// How to run it again, trace it and export it.
fn commands(page: &mut Page, sweep: &Sweep, job: &Job, (source, failed): (&Path, bool)) {
    let short_id = &job.id.to_string()[..12];
    let mut offered = Vec::new();
    let config = match &sweep.store {
        Some((directory, _)) => directory.join(crate::store::layout::CONFIG),
        None => source.to_owned(),
    };
    if let Some(changes) = overrides(&config, job) {
        let changes: Vec<String> = changes.iter().map(|change| quoted(change)).collect();
        let again = format!("sweep run {} {} -o output/again", quoted_path(&config), changes.join(" "));
        offered.push(("again, traced", format!("{again} trace.enabled=true")));
    }
    if !failed {
        offered.push(("as arrays", format!("sweep export {} --job {short_id} -o run.npz", quoted_path(source))));
    }
    for (what, command) in offered {
        // A command stays whole, so that it can be copied.
        let _ = write!(page.text, "\n{what}:\n\n    {command}\n");
    }
}

/// Overrides with which the config has this setting only, and replicates up to that of the job;
/// `None` if there are none, as for runs of a race.
fn overrides(path: &Path, job: &Job) -> Option<Vec<String>> {
    let config = config::load(path, &[]).ok()?;
    if config.is_search() {
        return None;
    }
    let listed = varied(&config);
    let value = |i: usize| format!("{}={}", AXES[i].name, AXES[i].canonical(job.point.values[i]));
    let mut changes: Vec<String> = listed.iter().map(|&i| value(i)).collect();
    changes.push(format!("replicates={}", job.replicate.checked_add(1)?));
    let alone = config::load(path, &changes).ok()?;
    let found = jobs(&alone).ok()?;
    found.iter().any(|other| other.id == job.id).then_some(changes)
}

/// The axes that have several values in the grids.
fn varied(config: &Config) -> Vec<usize> {
    let always = [axis::N, axis::Q, axis::T];
    let several = |i: &usize| {
        always.contains(i)
            || config
                .grids
                .iter()
                .any(|grid| grid.axes.iter().any(|axis| axis.axis == *i && axis.listed && axis.elements.len() > 1))
            || further_axes(config).contains(i)
    };
    (0..AXES.len()).filter(several).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sparkline_rises_with_its_curve() {
        let rising: Vec<(i64, f64)> = (0..=100).map(|i| (i * 10, i as f64 / 100.0)).collect();
        let line = sparkline(&rising);
        let bars: Vec<char> = line.chars().take(SPARKS).collect();
        assert!(bars.is_sorted() && bars[0] == '▁' && bars[SPARKS - 1] == '█', "{line}");
        assert!(line.ends_with("0.00 to 1.00, over 1000 samples"), "{line}");
        assert_eq!(sparkline(&[(0, f64::NAN)]), "no numbers");
        // A mirrored run falls below 0.
        let falling: Vec<(i64, f64)> = (0..=9).map(|i| (i, -(i as f64) / 9.0)).collect();
        let line = sparkline(&falling);
        let bars: Vec<char> = line.chars().take(10).collect();
        assert!(bars.is_sorted_by(|a, b| a >= b) && bars[0] > bars[9] && bars[9] == '▁', "{line}");
        assert!(line.contains("  0.00 to -1.00"), "{line}");
    }
}
