//! The figure of how often runs are mirrored.

use std::collections::{BTreeMap, BTreeSet};

use plotters::style::BLACK;

use super::runs::PredictedRun;
use crate::analysis::count;
use crate::claim::shares::Share;
use crate::figure::panels::{Axis, Entry, Mark};
use crate::figure::{Figure, PlottedCurve, curves, sequential};

/// The share of mirrored runs against `B / (eta T)`, a colour for each T, and the prediction.
pub(super) fn probability(runs: &[PredictedRun]) -> Option<Figure> {
    let lengths: Vec<i64> = runs.iter().map(|r| r.t).collect::<BTreeSet<i64>>().into_iter().collect();
    // Mean ratio and prediction, and the share of mirrored runs, at each ratio of some runs.
    let points = |is: &dyn Fn(&PredictedRun) -> bool| -> Vec<(f64, f64, Share)> {
        let mut at: BTreeMap<i64, Vec<&PredictedRun>> = BTreeMap::new();
        runs.iter().filter(|run| is(run)).for_each(|run| at.entry(run.ratio_step).or_default().push(run));
        let mean = |own: &[&PredictedRun], of: fn(&PredictedRun) -> f64| {
            own.iter().map(|run| of(run)).sum::<f64>() / own.len() as f64
        };
        let point = |own: Vec<&PredictedRun>| {
            let share = Share::of(own.iter().map(|run| (run.task, run.mirrored)))?;
            let predicted = mean(&own, |run| run.amplified.unwrap_or(run.predicted));
            Some((mean(&own, |run| run.ratio), predicted, share))
        };
        at.into_values().filter_map(point).collect()
    };
    let mut drawn = Vec::new();
    let mut legend = Vec::new();
    for (i, &t) in lengths.iter().enumerate() {
        let ink = sequential(i, lengths.len());
        let own = points(&|run| run.t == t);
        // Side by side, so that intervals do not hide each other.
        let aside = libm::exp(0.08 * (i as f64 / lengths.len() as f64 - 0.5));
        drawn.push(PlottedCurve {
            panel: 0,
            ink,
            mark: Mark::Dashes,
            points: own.iter().map(|(ratio, predicted, _)| (aside * ratio, *predicted)).collect(),
            band: Vec::new(),
            bounds: Vec::new(),
        });
        drawn.push(PlottedCurve {
            panel: 0,
            ink,
            mark: Mark::of(i),
            points: own.iter().map(|(ratio, _, share)| (aside * ratio, share.of)).collect(),
            band: own.iter().map(|(.., share)| share.interval).collect(),
            bounds: Vec::new(),
        });
        legend.push(Entry { ink, mark: Mark::of(i), text: format!("T = {t}") });
    }
    let all = points(&|_| true);
    legend.push(Entry { ink: BLACK, mark: Mark::Dashes, text: "predicted".to_owned() });
    // Half of all is the most that there can be without a push.
    let highest = drawn.iter().flat_map(|c| c.points.iter().map(|p| p.1).chain(c.band.iter().map(|b| b.1)));
    let tenths = (10.0 * highest.fold(0.1, f64::max)).ceil().min(5.0) as usize;
    let ticks: Vec<f64> = (0..=tenths).map(|tenth| tenth as f64 / 10.0).collect();
    let axes = (
        Axis::logarithmic("B / (η T)", all.iter().map(|p| p.0), 1.2, 6),
        Axis::linear("share of runs that are mirrored", 0.0, tenths as f64 / 10.0, &ticks),
    );
    let svg = curves(axes, (1, 200), legend, vec![String::new()], &drawn)?;
    Some(Figure {
        name: "claim_mirrored".to_owned(),
        title: "How often runs grow into the mirrored solution".to_owned(),
        caption: format!(
            "Share of mirrored runs, with 95 % intervals by tasks, against B/(η T). Dashes: what is predicted{}, \
             averaged over the tasks of these runs; nothing is fitted. {}.",
            if runs.iter().all(|run| run.amplified.is_some()) { " with amplified noise" } else { "" },
            count(runs.len(), "run")
        ),
        svg,
    })
}
