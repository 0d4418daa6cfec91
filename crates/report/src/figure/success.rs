//! The share of runs that have recovered, against samples: as curves with their bands, and as a map
//! over T.

use std::collections::BTreeSet;

use super::colour::{GREY, ON_CELLS, sequential, shade};
use super::panels::{Axis, Entry, Mark, Panels};
use super::picture::Figure;
use crate::analysis::{Group, Milestone, Needed, percent, thinned};

/// At most three values of N and of Q have a panel, and seven of T a curve.
const VALUES: usize = 3;
const CURVES: usize = 7;
/// Steps of the map's axis of samples.
const BINS: usize = 40;

/// The figures of one group.
pub(super) fn all(group: &Group<'_>, quantile: f64) -> Vec<Figure> {
    let cells: Vec<&Needed> = group.cells(Milestone::Recovery).into_iter().filter(|c| c.reached > 0).collect();
    let of = |get: fn(&Needed) -> i64| cells.iter().map(|c| get(c)).collect::<BTreeSet<i64>>();
    let (ns, qs) = (thinned(of(|c| c.n), VALUES), thinned(of(|c| c.q), VALUES));
    let shown = Shown { group, ns, qs, cells: &cells, quantile };
    [shown.curves(&thinned(of(|c| c.t), CURVES)), shown.map(&thinned(of(|c| c.t), usize::MAX))]
        .into_iter()
        .flatten()
        .collect()
}

struct Shown<'a, 'g> {
    group: &'a Group<'g>,
    ns: Vec<i64>,
    qs: Vec<i64>,
    cells: &'a [&'g Needed],
    quantile: f64,
}

impl Shown<'_, '_> {
    fn panels(&self) -> Vec<(i64, i64)> {
        let pairs = self.ns.iter().flat_map(|&n| self.qs.iter().map(move |&q| (n, q)));
        pairs.collect()
    }

    fn titles(&self) -> Vec<(String, Vec<Entry>)> {
        self.panels().into_iter().map(|(n, q)| (format!("N = {n}, Q = {q}"), Vec::new())).collect()
    }

    fn cell(&self, (n, q): (i64, i64), t: i64) -> Option<&Needed> {
        self.cells.iter().copied().find(|c| (c.n, c.q, c.t) == (n, q, t))
    }

    fn samples(&self, max_labels: usize) -> Axis {
        let counts = self.cells.iter().flat_map(|c| c.curve.readings()).map(|r| r.samples.max(1) as f64);
        Axis::logarithmic("samples", counts, 1.1, max_labels)
    }

    fn curves(&self, lengths: &[i64]) -> Option<Figure> {
        let ink = |j: usize| sequential(j, lengths.len());
        let legend =
            lengths.iter().enumerate().map(|(j, t)| Entry { ink: ink(j), mark: Mark::Line, text: format!("T = {t}") });
        let panels = self.panels();
        let figure = Panels {
            y: Axis::linear("share of runs that recovered", 0.0, 1.0, &[0.0, 0.5, 1.0]),
            columns: self.qs.len(),
            height: 84,
            legend: legend.collect(),
            titles: self.titles(),
            x: self.samples(3),
        };
        let svg = figure.draw(|i, panel| {
            let (left, right) = (figure.x.low, figure.x.high);
            panel.dashes([(left, self.quantile), (right, self.quantile)], GREY, 1.0)?;
            for (j, &t) in lengths.iter().enumerate() {
                let Some(cell) = self.cell(panels[i], t) else { continue };
                let (mut line, mut low, mut high): (Vec<(f64, f64)>, Vec<_>, Vec<_>) = Default::default();
                let steps = cell.curve.steps();
                let last = cell.curve.readings().last().map_or(1.0, |r| r.samples as f64);
                for (k, step) in steps.iter().enumerate() {
                    let samples = step.samples.max(1) as f64;
                    let next = steps.get(k + 1).map_or(last, |s| s.samples as f64);
                    line.push((samples, line.last().map_or(0.0, |p| p.1)));
                    line.push((samples, step.share));
                    low.extend([(samples, step.low), (next, step.low)]);
                    high.extend([(samples, step.high), (next, step.high)]);
                }
                line.push((last, line.last().map_or(0.0, |p| p.1)));
                panel.band(&low, &high, ink(j))?;
                panel.line(line, ink(j), 1.2)?;
            }
            Ok(())
        })?;
        Some(Figure {
            name: format!("success_{}", self.group.file_name()),
            title: format!("Share of runs that recovered: {}", self.group.name()),
            caption: format!(
                "Kaplan and Meier's estimate over replicates, each at hyperparameters chosen \
                 without it, with 95 % bands (Wilson's, by Greenwood's variance). Dashed: {}, \
                 where needed samples are read off. Curves that stay below 1 belong to cells of \
                 which some runs never arrive. A shoulder is where the two halves of the replicates chose \
                 different settings.",
                percent(self.quantile)
            ),
            svg,
        })
    }

    fn map(&self, lengths: &[i64]) -> Option<Figure> {
        if lengths.len() < 2 {
            return None;
        }
        let panels = self.panels();
        let legend = [0.0, 0.25, 0.5, 0.75, 1.0].map(|s| Entry {
            ink: shade(s),
            mark: Mark::Patch,
            text: if s > 0.0 { percent(s) } else { "recovered: 0 %".to_owned() },
        });
        let needed = Entry { ink: ON_CELLS, mark: Mark::Diamond, text: "needed".to_owned() };
        let figure = Panels {
            x: Axis::of_values("sequence length T", lengths, edge(lengths), 4),
            y: self.samples(5),
            columns: self.qs.len(),
            height: 84,
            legend: legend.into_iter().chain([needed]).collect(),
            titles: self.titles(),
        };
        let svg = figure.draw(|i, panel| {
            let ends = |k: usize| (k as f64 / BINS as f64, (k + 1) as f64 / BINS as f64);
            let at = |share: f64| figure.y.low * libm::pow(figure.y.high / figure.y.low, share);
            for (j, &t) in lengths.iter().enumerate() {
                let Some(cell) = self.cell(panels[i], t) else { continue };
                let t = t as f64;
                let side = |other: Option<&i64>, outer: f64| other.map_or(outer, |&u| libm::sqrt(t * u as f64));
                let left = side(j.checked_sub(1).map(|j| &lengths[j]), figure.x.low);
                let right = side(lengths.get(j + 1), figure.x.high);
                let watched = cell.curve.readings().last().map_or(0.0, |r| r.samples as f64);
                for k in 0..BINS {
                    let (low, high) = ends(k);
                    if at(low) > watched && cell.curve.share(i64::MAX) < 1.0 {
                        break;
                    }
                    let share = cell.curve.share(at(0.5 * (low + high)) as i64);
                    panel.rectangle((left, at(low)), (right, at(high)), shade(share))?;
                }
                if !cell.censored {
                    panel.mark((t, cell.samples.max(1) as f64), Mark::Diamond, ON_CELLS)?;
                }
            }
            Ok(())
        })?;
        Some(Figure {
            name: format!("success_map_{}", self.group.file_name()),
            title: format!("Share of runs that recovered, over T and samples: {}", self.group.name()),
            caption: format!(
                "Kaplan and Meier's estimate of the share that has recovered, violet: none, \
                 yellow: all, blank: not watched so long. Marks: needed samples, where {} have.",
                percent(self.quantile)
            ),
            svg,
        })
    }
}

/// Half the ratio of neighbours: where the outermost cells of the map end.
fn edge(lengths: &[i64]) -> f64 {
    let (first, last) = (lengths[0] as f64, lengths[lengths.len() - 1] as f64);
    libm::pow(last / first, 0.5 / (lengths.len() - 1) as f64)
}
