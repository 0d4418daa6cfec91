//! Training curves of traced runs: medians with bands over replicates, and on top of them the curve
//! without noise.

use std::collections::{BTreeMap, BTreeSet};

use plotters::style::BLACK;

use super::colour::{GREY, categorical};
use super::panels::{Axis, Entry, Mark, Panels};
use super::picture::Figure;
use super::quantiles::{quantiles, round_ticks};
use crate::analysis::{Analysis, Milestone};
use crate::record::{Record, Status, TRACED, TracePoint, draws_samples};

/// What is drawn: a column of the trace and its title.
const COLUMNS: [(&str, &str); 4] = [
    ("alpha_v", "correlation of V with P"),
    ("alpha_a", "correlation of A with Q"),
    ("rounded_value_error", "error of V when rounded"),
    ("rounded_attention_error", "error of A when rounded"),
];

/// A run with its trace.
#[derive(Debug, Clone)]
pub struct Traced {
    /// The run.
    pub record: Record,
    /// Its trace.
    pub points: Vec<TracePoint>,
    /// Whether it has no noise: infinitely many samples in each step.
    pub noiseless: bool,
}

/// The runs of the largest cell (by T, then N and Q), at the hyperparameters that all replicates
/// together chose for each algorithm and condition.
pub(super) fn shown<'r>(analysis: &Analysis, records: &'r [Record]) -> Vec<&'r Record> {
    let rows = || analysis.needed.iter().filter(|row| row.milestone == Milestone::Recovery);
    let Some(largest) = rows().map(|row| (row.t, row.n, row.q)).max() else { return Vec::new() };
    let rows: Vec<_> = rows().filter(|row| (row.t, row.n, row.q) == largest).collect();
    records.iter().filter(|record| rows.iter().any(|row| row.describes(record, &analysis.question))).collect()
}

fn named(name: &str, diverged: Option<&usize>) -> String {
    diverged.map_or_else(|| name.to_owned(), |count| format!("{name} ({count} diverged)"))
}

/// The figure; `None` without traces.
pub(super) fn figure(traces: &[Traced]) -> Option<Figure> {
    let example = &traces.iter().find(|traced| traced.points.len() > 1)?.record;
    let mut series: BTreeMap<(bool, String), Vec<&[TracePoint]>> = BTreeMap::new();
    let mut diverged: BTreeMap<String, usize> = BTreeMap::new();
    for Traced { record, points, noiseless } in traces.iter().filter(|traced| !traced.points.is_empty()) {
        if record.status == Status::Diverged && !noiseless {
            *diverged.entry(record.named()).or_default() += 1;
        } else {
            series.entry((*noiseless, record.named())).or_default().push(points);
        }
    }
    let last = traces.iter().flat_map(|traced| traced.points.last()).map(|p| p.samples).max()? as f64;
    let names: BTreeSet<&String> = series.keys().map(|(_, name)| name).collect();
    let alone = series.keys().filter(|(noiseless, _)| *noiseless).count() == 1;
    // Noisy runs and their counterpart share a colour, unless there is only one counterpart, which
    // then is black.
    let ink = |(noiseless, name): &(bool, String)| {
        let place = names.iter().position(|other| *other == name).unwrap_or(0);
        if *noiseless && alone { BLACK } else { categorical(place) }
    };
    let legend = series.keys().map(|key| Entry {
        ink: ink(key),
        mark: if key.0 { Mark::Dashes } else { Mark::Line },
        text: match key {
            (true, _) if alone => "without noise".to_owned(),
            (true, name) if name.split(',').next().is_some_and(|name| !draws_samples(name)) => name.clone(),
            (true, name) => format!("{name}, without noise"),
            (false, name) => named(name, diverged.get(name)),
        },
    });
    let figure = Panels {
        x: Axis::linear("samples", 0.0, last, &round_ticks(last)),
        y: Axis::linear("correlation, relative error", -0.5, 1.5, &[-0.5, 0.0, 0.5, 1.0, 1.5]),
        columns: 2,
        height: 105,
        legend: legend.collect(),
        titles: COLUMNS.iter().map(|(_, title)| ((*title).to_owned(), Vec::new())).collect(),
    };
    let svg = figure.draw(|i, panel| {
        let column = TRACED.iter().position(|traced| traced.name == COLUMNS[i].0).unwrap_or(0);
        let truth = if i < 2 { 1.0 } else { 0.0 };
        panel.line([(0.0, truth), (last, truth)], GREY, 0.5)?;
        for (key, runs) in &series {
            let read = quantiles(runs, last, |point| point.values[column]);
            let at = |which: usize| read.iter().map(|(x, v)| (*x, v[which])).collect::<Vec<_>>();
            if key.0 {
                panel.dashes(at(1), ink(key), 1.3)?;
            } else {
                panel.band(&at(0), &at(2), ink(key))?;
                panel.line(at(1), ink(key), 1.2)?;
            }
        }
        Ok(())
    })?;
    Some(Figure {
        name: "training".to_owned(),
        title: format!("Training curves at N = {}, Q = {}, T = {}", example.n, example.q, example.t),
        caption: "Medians of traced runs at the chosen hyperparameters, with bands from the 10 % \
                  to the 90 % quantile of the replicates; runs that diverged are left out, and one \
                  that has ended keeps its last value. Dashes: the first of these runs with \
                  infinitely many samples in each step, without threshold and rounding. Thin line: \
                  the truth."
            .to_owned(),
        svg,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::Question;
    use crate::record::fixture::{record, trace};

    #[test]
    fn the_largest_cell_at_its_best_setting_is_drawn_with_the_population_on_top() {
        let mut records: Vec<Record> = (0..4).map(|i| record(3, 2, 64, i, Some(900))).collect();
        records.extend((0..4).map(|i| Record { batch_size: 32, ..record(3, 2, 64, i, Some(500)) }));
        records.extend((0..4).map(|i| record(3, 2, 32, i, Some(100))));
        let question = Question { quantile: 0.9, conditions: Vec::new(), tuned: Vec::new() };
        let analysis = Analysis::of(&records, question);
        let shown = shown(&analysis, &records);
        assert!(shown.len() == 4 && shown.iter().all(|r| (r.t, r.batch_size) == (64, 32)));
        let traced = |r: &Record, noiseless| Traced { record: r.clone(), points: trace(0.9, 30), noiseless };
        let mut traces: Vec<Traced> = shown.iter().map(|r| traced(r, false)).collect();
        traces.push(traced(shown[0], true));
        let figure = figure(&traces).unwrap();
        assert!(figure.svg.contains("without noise") && figure.svg.contains("prox") && figure.title.contains("T = 64"));
        // A band for each of the four panels.
        assert_eq!(figure.svg.matches("<polygon").count(), 4);
        assert!(super::figure(&[]).is_none());
    }
}
