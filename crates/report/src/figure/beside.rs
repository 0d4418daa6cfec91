//! Needed samples by two sweeps, say by a grid and by a search: a panel for each N and Q, two curves
//! against T.

use std::collections::BTreeSet;

use super::colour::categorical;
use super::needed_samples::{draw_cells, exponent};
use super::panels::{Axis, Entry, Mark, Panels};
use super::picture::{Figure, left_out};
use crate::analysis::{Analysis, Group, Milestone, Needed, Term, percent};

/// More panels than these are too small.
const PANELS: usize = 9;

/// The figure of one group; `None` if no other sweep is beside this one, or has none of its cells.
pub(super) fn figure(analysis: &Analysis, group: &Group<'_>) -> Option<Figure> {
    let beside = analysis.beside.as_ref()?;
    let own: Vec<&Needed> = group.cells(Milestone::Recovery).into_iter().filter(|cell| cell.samples > 0).collect();
    let other = beside.cells(group.algorithm, &group.values());
    let pairs: BTreeSet<(i64, i64)> = own.iter().map(|cell| (cell.n, cell.q)).collect();
    let other: Vec<&Needed> = other.into_iter().filter(|cell| pairs.contains(&(cell.n, cell.q))).collect();
    if other.is_empty() {
        return None;
    }
    let panels: Vec<(i64, i64)> = pairs.iter().copied().take(PANELS).collect();
    let both = || own.iter().chain(&other);
    let lengths: Vec<i64> = both().map(|cell| cell.t).collect::<BTreeSet<_>>().into_iter().collect();
    let ends = both().flat_map(|cell| [cell.ci_low, Some(cell.samples), cell.ci_high]).flatten();
    let sweeps = [(&beside.own, &own), (&beside.name, &other)];
    let scalings = [group.scaling(Milestone::Recovery), beside.scaling(group.algorithm, &group.values())];
    let entry = |j: usize, text: String| Entry { ink: categorical(j), mark: Mark::of(j), text };
    let heading = |&(n, q): &(i64, i64)| {
        let laws = scalings.iter().map(|scaling| scaling.and_then(|scaling| scaling.of_pair(n, q)));
        let entries = laws.enumerate().filter_map(|(j, law)| Some(entry(j, exponent(law, Term::T)?)));
        (format!("N = {n}, Q = {q}"), entries.collect())
    };
    let figure = Panels {
        x: Axis::of_values("sequence length T", &lengths, 1.5, 4),
        y: Axis::logarithmic("samples to recover the truth", ends.map(|samples| samples.max(1) as f64), 1.35, 5),
        columns: panels.len().min(3),
        height: 118,
        legend: sweeps.iter().enumerate().map(|(j, (name, _))| entry(j, (*name).clone())).collect(),
        titles: panels.iter().map(heading).collect(),
    };
    let svg = figure.draw(|i, panel| {
        for (j, (_, cells)) in sweeps.iter().enumerate() {
            let mut cells: Vec<&Needed> = cells.iter().copied().filter(|cell| (cell.n, cell.q) == panels[i]).collect();
            cells.sort_by_key(|cell| cell.t);
            // Side by side, so that intervals do not hide each other.
            let at = |cell: &Needed| cell.t as f64 * [0.93, 1.07][j];
            for pair in cells.windows(2).filter(|pair| pair.iter().all(|cell| !cell.censored)) {
                panel.line(pair.iter().map(|cell| (at(cell), cell.samples as f64)), categorical(j), 1.0)?;
            }
            draw_cells(panel, &cells, &at, (categorical(j), Mark::of(j)))?;
        }
        Ok(())
    })?;
    let share = percent(analysis.question.quantile);
    Some(Figure {
        name: format!("beside_{}", group.file_name()),
        title: format!("Needed samples by {} and by {}: {}", beside.own, beside.name, group.name()),
        caption: format!(
            "Samples by which {share} of the runs have recovered the truth, by each sweep at the hyperparameters that \
             it has chosen. Bars: 95 % intervals, with an arrow where the replicates leave them open. Open marks with \
             an arrow: lower bounds. Above the panels: the exponents of T of each, over all T that it has, and half \
             their 95 % intervals (none where it is not known to within 2).{}",
            left_out(&[("(N, Q)", pairs.len(), panels.len())])
        ),
        svg,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::Question;
    use crate::record::Record;
    use crate::record::fixture::record;

    #[test]
    fn both_sweeps_are_drawn_where_they_have_cells() {
        let analysis = |lengths: &[i64], n: i64| {
            let records: Vec<Record> = lengths.iter().map(|&t| record(n, 2, t, 0, Some(10 * t))).collect();
            Analysis::of(&records, Question { quantile: 0.9, conditions: Vec::new(), tuned: Vec::new() })
        };
        let mut own = analysis(&[32, 64, 128], 3);
        assert_eq!(figure(&own, &own.groups()[0]), None);
        own.put_beside("tuned", "grid", analysis(&[32, 64], 3));
        let drawn = figure(&own, &own.groups()[0]).unwrap();
        assert_eq!(drawn.name, "beside_prox");
        assert!(drawn.svg.contains("\ntuned\n") && drawn.svg.contains("\ngrid\n"), "{}", drawn.svg);
        own.put_beside("tuned", "grid", analysis(&[32, 64], 4));
        assert_eq!(figure(&own, &own.groups()[0]), None, "it has no such cells");
    }
}
