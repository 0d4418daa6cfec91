//! The power of T against the power of ln T: both fitted without the largest T, and what was found
//! there.

use std::collections::BTreeSet;

use super::colour::{GREY, categorical};
use super::panels::{Axis, Entry, Mark, Panels};
use super::picture::Figure;
use crate::analysis::{Group, Milestone, Needed, off, thinned};

const PANELS: usize = 6;
const SERIES: usize = 4;
/// Places at which a law is drawn: a power of ln T is no line.
const POINTS: usize = 24;

/// The figure of one group; `None` where the laws could not be compared.
pub(super) fn figure(group: &Group<'_>) -> Option<Figure> {
    let held_out = group.scaling(Milestone::Recovery)?.held_out.as_ref()?;
    let cells: Vec<&Needed> = group.cells(Milestone::Recovery).into_iter().filter(|c| c.samples > 0).collect();
    let of = |get: fn(&Needed) -> i64| cells.iter().map(|c| get(c)).collect::<BTreeSet<i64>>();
    let (sparsities, states) = (thinned(of(|c| c.q), PANELS), thinned(of(|c| c.n), SERIES));
    let lengths: Vec<i64> = of(|c| c.t).into_iter().collect();
    let kinds = [(Mark::Line, "T"), (Mark::Dashes, "ln T")];
    let kinds = kinds.map(|(mark, of)| Entry { ink: GREY, mark, text: format!("power of {of}") });
    let legend = states.iter().enumerate().map(|(j, n)| Entry {
        ink: categorical(j),
        mark: Mark::of(j),
        text: format!("N = {n}"),
    });
    let laws = [&held_out.power_law, &held_out.polylog_law];
    let (first, last) = (lengths[0] as f64, lengths[lengths.len() - 1] as f64);
    let ends = cells
        .iter()
        .map(|c| c.samples as f64)
        .chain(cells.iter().flat_map(|c| laws.map(|law| law.predict(c.n as f64, c.q as f64, c.t as f64))));
    let figure = Panels {
        x: Axis::of_values("sequence length T", &lengths, 1.5, 4),
        y: Axis::logarithmic("samples to recover the truth", ends.filter(|s| s.is_finite() && *s > 0.0), 1.35, 5),
        columns: 3,
        height: 128,
        legend: legend.chain(kinds).collect(),
        titles: sparsities.iter().map(|q| (format!("Q = {q}"), Vec::new())).collect(),
    };
    let svg = figure.draw(|i, panel| {
        for (j, &n) in states.iter().enumerate() {
            let of_series = || cells.iter().copied().filter(|c| (c.n, c.q) == (n, sparsities[i]));
            let at = |k: usize| first * libm::pow(last / first, k as f64 / (POINTS - 1) as f64);
            let curve = |law: usize| {
                let q = sparsities[i];
                (0..POINTS).map(move |k| (at(k), laws[law].predict(n as f64, q as f64, at(k)))).collect::<Vec<_>>()
            };
            if of_series().next().is_some() {
                panel.line(curve(0), categorical(j), 1.0)?;
                panel.dashes(curve(1), categorical(j), 1.0)?;
            }
            for cell in of_series() {
                let place = (cell.t as f64, cell.samples as f64);
                panel.reading(place, cell.censored, Mark::of(j), categorical(j))?;
            }
        }
        Ok(())
    })?;
    let t = held_out.t;
    let sum =
        held_out.sum.map_or_else(String::new, |sum| format!(" The sum of signal and rest is off by {}.", off(sum)));
    Some(Figure {
        name: format!("rivals_{}", group.file_name()),
        title: format!("A power of T or of ln T: {}", group.name()),
        caption: format!(
            "Both laws fitted to all cells but those of T = {t}, and what was needed there: the \
             power of T is off by {}, the power of ln T by {} (root of the mean square).{sum}",
            off(held_out.power),
            off(held_out.polylog)
        ),
        svg,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::{Analysis, Question};
    use crate::record::fixture::record;

    #[test]
    fn both_laws_are_drawn_for_each_pair_if_there_is_a_largest_length_to_predict() {
        let figures = |lengths: &[i64]| {
            let at = |n: i64| lengths.iter().map(move |&t| record(n, 2, t, 0, Some(t * (90 + (t + n) % 20))));
            let records: Vec<_> = [3, 4].into_iter().flat_map(at).collect();
            let question = Question { quantile: 0.9, conditions: Vec::new(), tuned: Vec::new() };
            figure(&Analysis::of(&records, question).groups()[0])
        };
        assert!(figures(&[32, 64, 128]).is_none());
        let found = figures(&[32, 64, 128, 256]).unwrap();
        assert!(found.caption.contains("T = 256") && found.svg.contains("power of ln T"));
        // Two marks of the legend and eight cells.
        assert_eq!(found.svg.matches("<polygon").count(), 10);
    }
}
