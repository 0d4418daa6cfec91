//! Training curves of traced runs: medians with bands over replicates, and on top of them the curve without noise.

use std::collections::{BTreeMap, BTreeSet};

use plotters::style::BLACK;

use super::panels::{Axis, Entry, Mark, Panels};
use super::{Figure, categorical};
use crate::analysis::Analysis;
use crate::needed::Milestone;
use crate::trace::TRACED;
use crate::{Record, Status, TracePoint};

/// The algorithm whose curve has no noise.
pub(super) const POPULATION: &str = "population";

/// What is drawn: a column of the trace and its title.
const COLUMNS: [(&str, &str); 4] = [
    ("alpha_v", "correlation of V with P"),
    ("alpha_a", "correlation of A with Q"),
    ("rounded_value_error", "error of V when rounded"),
    ("rounded_attention_error", "error of A when rounded"),
];

/// Samples at which curves are read.
const POINTS: usize = 120;

/// The runs of the largest cell (by T, then N and Q), at the hyperparameters that all replicates together chose for each
/// algorithm and condition.
pub(super) fn shown<'r>(analysis: &Analysis, records: &'r [Record]) -> Vec<&'r Record> {
    let rows = || analysis.needed.iter().filter(|row| row.milestone == Milestone::Recovery);
    let Some(largest) = rows().map(|row| (row.t, row.n, row.q)).max() else { return Vec::new() };
    let question = &analysis.question;
    let of_row = |record: &Record, row: &crate::needed::Needed| {
        let values = |keys: &[String], values: &[f64]| {
            keys.iter().zip(values).all(|(key, value)| record.further(key).is_some_and(|v| v.total_cmp(value).is_eq()))
        };
        (record.t, record.n, record.q) == largest
            && record.algorithm == row.algorithm
            && record.batch_size == row.batch_size
            && record.max_samples == row.max_samples
            && [record.eta_boost, record.eta_sparse, record.lambda] == [row.eta_boost, row.eta_sparse, row.lambda]
            && values(&question.conditions, &row.conditions)
            && values(&question.tuned, &row.tuned)
    };
    let rows: Vec<_> = rows().filter(|row| (row.t, row.n, row.q) == largest).collect();
    records.iter().filter(|record| rows.iter().any(|row| of_row(record, row))).collect()
}

/// One colour: an algorithm, and the further keys that tell it from others.
fn name(record: &Record) -> String {
    record.further.iter().fold(record.algorithm.clone(), |name, (key, value)| format!("{name}, {key} = {value}"))
}

fn named(name: &str, diverged: Option<&usize>) -> String {
    diverged.map_or_else(|| name.to_owned(), |count| format!("{name} ({count} diverged)"))
}

/// The figure; `None` without traces.
pub(super) fn figure(traces: &[(Record, Vec<TracePoint>)]) -> Option<Figure> {
    let example = &traces.iter().find(|(_, points)| points.len() > 1)?.0;
    let mut series: BTreeMap<(bool, String), Vec<&[TracePoint]>> = BTreeMap::new();
    let mut diverged: BTreeMap<String, usize> = BTreeMap::new();
    for (record, points) in traces.iter().filter(|(_, points)| !points.is_empty()) {
        if record.status == Status::Diverged && record.algorithm != POPULATION {
            *diverged.entry(name(record)).or_default() += 1;
            continue;
        }
        series.entry((record.algorithm == POPULATION, name(record))).or_default().push(points);
    }
    let most = traces.iter().flat_map(|(_, points)| points.last()).map(|p| p.samples).max()? as f64;
    let ink = |j: usize, population: bool| if population { BLACK } else { categorical(j) };
    let legend = series.keys().enumerate().map(|(j, (population, name))| Entry {
        ink: ink(j, *population),
        mark: if *population { Mark::Dashes } else { Mark::Line },
        text: if *population { "population".to_owned() } else { named(name, diverged.get(name)) },
    });
    let mut texts = BTreeSet::new();
    let figure = Panels {
        x: Axis::linear("samples", 0.0, most, &round_ticks(most)),
        y: Axis::linear("of the truth", -0.5, 1.5, &[-0.5, 0.0, 0.5, 1.0, 1.5]),
        columns: 2,
        height: 105,
        legend: legend.filter(|entry| texts.insert(entry.text.clone())).collect(),
        titles: COLUMNS.iter().map(|(_, title)| ((*title).to_owned(), Vec::new())).collect(),
    };
    let svg = figure.draw(|i, panel| {
        let column = TRACED.iter().position(|(name, ..)| *name == COLUMNS[i].0).unwrap_or(0);
        let truth = if i < 2 { 1.0 } else { 0.0 };
        panel.line([(0.0, truth), (most, truth)], super::GREY, 0.5)?;
        for (j, ((population, _), runs)) in series.iter().enumerate() {
            let read: Vec<(f64, [f64; 3])> = (0..=POINTS)
                .filter_map(|k| {
                    let samples = most * k as f64 / POINTS as f64;
                    let mut values: Vec<f64> = runs.iter().filter_map(|run| value(run, samples, column)).collect();
                    values.sort_by(f64::total_cmp);
                    (!values.is_empty()).then(|| (samples, [0.1, 0.5, 0.9].map(|p| of_sorted(&values, p))))
                })
                .collect();
            let at = |which: usize| read.iter().map(|(x, v)| (*x, v[which])).collect::<Vec<_>>();
            if *population {
                panel.dashes(at(1), BLACK, 1.3)?;
            } else {
                panel.band(&at(0), &at(2), ink(j, false))?;
                panel.line(at(1), ink(j, false), 1.2)?;
            }
        }
        Ok(())
    })?;
    Some(Figure {
        name: "training".to_owned(),
        title: format!("Training curves at N = {}, Q = {}, T = {}", example.n, example.q, example.t),
        caption: "Medians of traced runs at the chosen hyperparameters, with bands from the 10 % to the 90 % quantile of the replicates; runs that diverged are left out, and one that has ended keeps its \
                  last value. Black dashes: the same runs with infinitely many samples in each step, without threshold and rounding. Grey: the truth."
            .to_owned(),
        svg,
    })
}

/// The last value at or before so many samples.
fn value(run: &[TracePoint], samples: f64, column: usize) -> Option<f64> {
    let after = run.partition_point(|point| point.samples as f64 <= samples);
    let value = run.get(after.checked_sub(1)?)?.values[column];
    value.is_finite().then_some(value)
}

fn of_sorted(values: &[f64], share: f64) -> f64 {
    values[(share * (values.len() - 1) as f64).round() as usize]
}

/// Three or four round values from 0.
fn round_ticks(most: f64) -> Vec<f64> {
    let raw = most / 3.0;
    let decade = libm::pow(10.0, libm::floor(libm::log10(raw)));
    let step = [1.0, 2.0, 2.5, 5.0, 10.0].map(|s| s * decade).into_iter().find(|s| *s >= raw * 0.99).unwrap_or(raw);
    (0..4).map(|i| f64::from(i) * step).filter(|t| *t <= most).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::needed::Question;
    use crate::record::tests::record;

    fn trace(alpha: f64, length: i64) -> Vec<TracePoint> {
        let point = |step: i64| TracePoint {
            job_id: "x".to_owned(),
            step,
            samples: 16 * step,
            stage: "boost".to_owned(),
            values: [alpha * step as f64 / length as f64, alpha, 1.0, 1.0, 1.0, 1.0, 0.4],
        };
        (0..=length).map(point).collect()
    }

    #[test]
    fn runs_keep_their_last_value_and_bands_are_quantiles() {
        let run = trace(0.8, 10);
        assert_eq!(value(&run, 80.0, 0), Some(0.4));
        assert_eq!(value(&run, 1e9, 0), Some(0.8));
        let sorted: Vec<f64> = (0..11).map(f64::from).collect();
        assert_eq!((of_sorted(&sorted, 0.1), of_sorted(&sorted, 0.5), of_sorted(&sorted, 0.9)), (1.0, 5.0, 9.0));
        assert_eq!(round_ticks(9000.0), [0.0, 5000.0]);
        assert_eq!(round_ticks(70_000.0), [0.0, 25_000.0, 50_000.0]);
    }

    #[test]
    fn the_largest_cell_at_its_best_setting_is_drawn_with_the_population_on_top() {
        let mut records: Vec<Record> = (0..4).map(|i| record(3, 2, 64, i, Some(900))).collect();
        records.extend((0..4).map(|i| Record { batch_size: 32, ..record(3, 2, 64, i, Some(500)) }));
        records.extend((0..4).map(|i| record(3, 2, 32, i, Some(100))));
        let question = Question { quantile: 0.9, conditions: Vec::new(), tuned: Vec::new() };
        let analysis = Analysis::of(&records, question);
        let shown = shown(&analysis, &records);
        assert!(shown.len() == 4 && shown.iter().all(|r| (r.t, r.batch_size) == (64, 32)));
        let mut traces: Vec<(Record, Vec<TracePoint>)> =
            shown.into_iter().map(|r| (r.clone(), trace(0.9, 30))).collect();
        traces.push((Record { algorithm: POPULATION.to_owned(), ..traces[0].0.clone() }, trace(1.0, 30)));
        let figure = figure(&traces).unwrap();
        assert!(figure.svg.contains("population") && figure.svg.contains("prox") && figure.title.contains("T = 64"));
        // A band for each of the four panels.
        assert_eq!(figure.svg.matches("<polygon").count(), 4);
        assert!(super::figure(&[]).is_none());
    }
}
