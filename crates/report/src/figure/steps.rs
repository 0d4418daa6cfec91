//! What batch and step size do: needed samples of every setting against B/eta, and both divided by
//! T.
//!
//! The sign of V is decided by the first B/eta samples, which must be many more than T: so the
//! curves of all T should be one, up to logarithms, once both axes are divided by T.

use std::collections::BTreeSet;

use super::colour::sequential;
use super::panels::{Axis, Entry, Mark, Panels};
use super::picture::Figure;
use crate::analysis::{Group, SettingOutcome, percent, thinned};

const PANELS: usize = 6;
const CURVES: usize = 7;

/// The two figures of one group; none if there is but one setting of B/eta.
pub(super) fn all(group: &Group<'_>, quantile: f64) -> Vec<Figure> {
    let ratios: BTreeSet<i64> = group.settings.iter().map(|s| (1e6 * ratio(s)) as i64).collect();
    let states: BTreeSet<i64> = group.settings.iter().map(|s| s.n).collect();
    let Some(&n) = states.iter().nth(states.len() / 2).filter(|_| ratios.len() > 1) else { return Vec::new() };
    [false, true].into_iter().filter_map(|divided| figure(group, n, divided, quantile)).collect()
}

fn ratio(setting: &SettingOutcome) -> f64 {
    setting.batch_size as f64 / setting.eta_boost
}

fn figure(group: &Group<'_>, n: i64, divided: bool, quantile: f64) -> Option<Figure> {
    let settings: Vec<&SettingOutcome> =
        group.settings.iter().copied().filter(|s| s.n == n && s.quantile.samples > 0).collect();
    let of = |get: fn(&SettingOutcome) -> i64| settings.iter().map(|s| get(s)).collect::<BTreeSet<i64>>();
    let (sparsities, lengths) = (thinned(of(|s| s.q), PANELS), thinned(of(|s| s.t), CURVES));
    let by = |s: &SettingOutcome| if divided { s.t as f64 } else { 1.0 };
    let place = |s: &SettingOutcome| (ratio(s) / by(s), s.quantile.samples as f64 / by(s));
    let ink = |j: usize| sequential(j, lengths.len());
    let legend =
        lengths.iter().enumerate().map(|(j, t)| Entry { ink: ink(j), mark: Mark::of(j), text: format!("T = {t}") });
    let (x, y) = if divided { ("B / (η T)", "needed samples / T") } else { ("B / η, samples", "needed samples") };
    let figure = Panels {
        x: Axis::logarithmic(x, settings.iter().map(|s| place(s).0), 1.2, 4),
        y: Axis::logarithmic(y, settings.iter().map(|s| place(s).1), 1.6, 5),
        columns: 3,
        height: 128,
        legend: legend.collect(),
        titles: sparsities.iter().map(|q| (format!("N = {n}, Q = {q}"), Vec::new())).collect(),
    };
    let svg = figure.draw(|i, panel| {
        for (j, &t) in lengths.iter().enumerate() {
            let mut curve: Vec<&SettingOutcome> =
                settings.iter().copied().filter(|s| (s.q, s.t) == (sparsities[i], t)).collect();
            curve.sort_by(|a, b| ratio(a).total_cmp(&ratio(b)));
            panel.line(curve.iter().filter(|s| !s.quantile.censored).map(|s| place(s)), ink(j), 1.0)?;
            for setting in curve {
                panel.reading(place(setting), setting.quantile.censored, Mark::of(j), ink(j))?;
            }
        }
        Ok(())
    })?;
    let (name, title) = if divided {
        ("step_size_divided", "Batch and step size, divided by T")
    } else {
        ("step_size", "Batch and step size")
    };
    Some(Figure {
        name: format!("{name}_{}", group.file_name()),
        title: format!("{title}: {}", group.name()),
        caption: format!(
            "Samples by which {} of the runs have recovered, at every setting of batch size B and \
             step size η of the grid, at N = {n}. {} Open marks with an arrow: lower bounds; to \
             the left too many runs grow into the mirrored solution, to the right the budget is \
             spent first.",
            percent(quantile),
            if divided { "Both axes are divided by T: the less the curves differ, the more T alone says." } else { "" }
        ),
        svg,
    })
}
