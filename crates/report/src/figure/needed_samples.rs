//! Needed samples against T, N or Q, both axes logarithmic, with intervals, lower bounds as arrows,
//! and the fitted power laws with their exponents.

use std::collections::BTreeSet;

use super::colour::{GREY, categorical, sequential};
use super::panels::{Axis, Drawn, Entry, Mark, Panel, Panels};
use super::picture::{Figure, left_out};
use crate::analysis::{Coefficient, Form, Group, Law, Needed, Term, law, percent, thinned};

/// What one of the three figures shows where.
struct View {
    file: &'static str,
    /// The lower axis.
    x: Term,
    label: &'static str,
    /// One panel for each of its values.
    panel: Term,
    /// One colour for each of its values.
    series: Term,
}

const VIEWS: [View; 3] = [
    View { file: "needed_samples", x: Term::T, label: "sequence length T", panel: Term::Q, series: Term::N },
    View { file: "needed_samples_states", x: Term::N, label: "number of states N", panel: Term::Q, series: Term::T },
    View { file: "needed_samples_sparsity", x: Term::Q, label: "sparsity Q", panel: Term::N, series: Term::T },
];

/// More panels and series than these cannot be told apart.
const PANELS: usize = 6;
const SERIES: usize = 7;

fn of(term: Term, cell: &Needed) -> i64 {
    match term {
        Term::N => cell.n,
        Term::Q => cell.q,
        _ => cell.t,
    }
}

/// The figures of one group for which its grid has more than one value.
pub(super) fn all(group: &Group<'_>, quantile: f64) -> Vec<Figure> {
    let cells: Vec<&Needed> = group.cells(group.shown).into_iter().filter(|c| c.samples > 0).collect();
    VIEWS.iter().filter_map(|view| view.figure(group, &cells, quantile)).collect()
}

impl View {
    fn figure(&self, group: &Group<'_>, cells: &[&Needed], quantile: f64) -> Option<Figure> {
        let values = |term: Term| cells.iter().map(|c| of(term, c)).collect::<BTreeSet<i64>>();
        let x_values: Vec<i64> = values(self.x).into_iter().collect();
        // A single value makes no curve; the first figure is shown all the same, for its numbers.
        if x_values.is_empty() || (x_values.len() < 2 && self.x != Term::T) {
            return None;
        }
        let (panels, series) = (thinned(values(self.panel), PANELS), thinned(values(self.series), SERIES));
        let ink = |j: usize| if self.series == Term::T { sequential(j, series.len()) } else { categorical(j) };
        // Laws are of all cells, also of those for which there is no room.
        let within = |q: i64| cells.iter().copied().filter(move |c| of(self.panel, c) == q).collect::<Vec<_>>();
        let one = |q: i64, n: i64| within(q).into_iter().filter(|c| of(self.series, c) == n).collect::<Vec<_>>();
        let drawn = |c: &&&Needed| panels.contains(&of(self.panel, c)) && series.contains(&of(self.series, c));
        let scaling = group.scaling(group.shown);
        let of_pair = |q: i64, n: i64| scaling.and_then(|s| s.of_pair(n, q));
        // Against T each curve has an exponent of its own; against N and Q, of which there are few
        // values, each panel.
        let heading = |&q: &i64| {
            let mut entries = Vec::new();
            if self.x == Term::T {
                for (j, &n) in series.iter().enumerate() {
                    let text = exponent(of_pair(q, n), self.x);
                    entries.extend(text.map(|text| Entry { ink: ink(j), mark: Mark::of(j), text }));
                }
            } else if let Some(text) = exponent(law(&within(q), Form::Power).as_ref(), self.x) {
                entries.push(Entry { ink: GREY, mark: Mark::Line, text });
            }
            (format!("{} = {q}", self.panel.name()), entries)
        };
        let legend = series.iter().enumerate().map(|(j, n)| Entry {
            ink: ink(j),
            mark: Mark::of(j),
            text: format!("{} = {n}", self.series.name()),
        });
        let ends = cells.iter().filter(drawn).flat_map(|c| [c.ci_low, Some(c.samples), c.ci_high]).flatten();
        let figure = Panels {
            x: Axis::of_values(self.label, &x_values, if self.x == Term::T { 1.5 } else { 1.15 }, 4),
            y: Axis::logarithmic(
                &format!("samples to {}", group.shown.arrive()),
                ends.map(|s| s.max(1) as f64),
                1.35,
                5,
            ),
            columns: 3,
            height: 128,
            legend: legend.collect(),
            titles: panels.iter().map(heading).collect(),
        };
        let gaps = x_values.windows(2).map(|pair| libm::log(pair[1] as f64 / pair[0] as f64));
        let step = 0.35 * gaps.fold(0.7, f64::min) / series.len() as f64;
        let svg = figure.draw(|i, panel| {
            let q = panels[i];
            let of_panel = if self.x == Term::T { None } else { law(&within(q), Form::Power) };
            for (j, &n) in series.iter().enumerate() {
                let cells = one(q, n);
                let law = if self.x == Term::T { of_pair(q, n) } else { of_panel.as_ref() };
                let law = law.filter(|law| law.coefficient(self.x).is_some_and(|c| c.is_known()));
                // Side by side, so that intervals do not hide each other.
                let aside = step * (j as f64 - (series.len() - 1) as f64 / 2.0);
                draw(panel, self.x, &cells, law, (ink(j), Mark::of(j), libm::exp(aside)))?;
            }
            Ok(())
        })?;
        let share = percent(quantile);
        let which = if self.x == Term::T { "its exponent" } else { "the panel's, with its exponent" };
        Some(Figure {
            name: format!("{}_{}", self.file, group.file_name()),
            title: format!("Needed samples against {}: {}", self.x.name(), group.name()),
            caption: format!(
                "Samples by which {share} of the runs {}, each at \
                 hyperparameters chosen without it. Bars: 95 % intervals (order statistics), with \
                 an arrow where the replicates leave them open. Open marks with an arrow: lower \
                 bounds, in cells of which fewer than {share} do. Lines: fitted power law, \
                 {which} and half its 95 % interval above the panel (none where it is not known to \
                 within 2).{}",
                group.shown.arrive(),
                left_out(&[
                    (self.panel.name(), values(self.panel).len(), panels.len()),
                    (self.series.name(), values(self.series).len(), series.len())
                ])
            ),
            svg,
        })
    }
}

/// `T^0.79 ± 0.10`, where it is known.
pub(super) fn exponent(law: Option<&Law>, term: Term) -> Option<String> {
    let found = law?.coefficient(term).filter(Coefficient::is_known)?;
    let half = found.interval.map_or_else(String::new, |(low, high)| format!(" ± {:.2}", (high - low) / 2.0));
    Some(format!("{}^{:.2}{half}", term.name(), found.estimate).replace('-', "−"))
}

fn draw(
    panel: &Panel<'_, '_>,
    x: Term,
    cells: &[&Needed],
    law: Option<&Law>,
    (ink, mark, aside): (plotters::style::RGBColor, Mark, f64),
) -> Drawn {
    let at = |c: &Needed| aside * of(x, c) as f64;
    if let (Some(law), Some(first)) = (law, cells.first()) {
        let fitted = cells.iter().map(|c| {
            let (n, q, t) = match x {
                Term::N => (c.n, first.q, first.t),
                Term::Q => (first.n, c.q, first.t),
                _ => (first.n, first.q, c.t),
            };
            (at(c), law.predict(n as f64, q as f64, t as f64))
        });
        panel.line(fitted, ink, 1.0)?;
    }
    draw_cells(panel, cells, &at, (ink, mark))
}

/// What cells need, each with its interval, or as the lower bound that it is; `at` is its place.
pub(super) fn draw_cells(
    panel: &Panel<'_, '_>,
    cells: &[&Needed],
    at: &dyn Fn(&Needed) -> f64,
    (ink, mark): (plotters::style::RGBColor, Mark),
) -> Drawn {
    for cell in cells {
        let place = (at(cell), cell.samples as f64);
        if !cell.censored && cell.replicates > 1 {
            let end = |end: Option<i64>| end.map(|s| s.max(1) as f64);
            panel.interval(place.0, end(cell.ci_low), place.1, end(cell.ci_high), ink)?;
        }
        panel.reading(place, cell.censored, mark, ink)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::{Analysis, Question};
    use crate::record::fixture::record;

    #[test]
    fn every_cell_is_drawn_and_the_exponents_are_written() {
        let mut records = Vec::new();
        for n in [3, 4] {
            for t in [32, 64, 128] {
                records.push(record(n, 2, t, 0, (n == 3 || t < 128).then_some(10 * t * t + t % 7)));
            }
        }
        let question = Question { quantile: 0.9, conditions: Vec::new(), tuned: Vec::new() };
        let analysis = Analysis::of(&records, question);
        let figures = all(&analysis.groups()[0], 0.9);
        let names: Vec<&str> = figures.iter().map(|f| f.name.as_str()).collect();
        assert_eq!(names, ["needed_samples_prox", "needed_samples_states_prox"]);
        let svg = &figures[0].svg;
        // Two marks of the legend, one of the heading (a bound denies the law of N = 4), and one
        // for each of six cells.
        assert_eq!(svg.matches("<polygon").count(), 9);
        assert!(svg.contains(">2.00</tspan>") && svg.contains("N = 4"), "{svg}");
        let none = Analysis::of(&[], Question { quantile: 0.9, conditions: Vec::new(), tuned: Vec::new() });
        assert!(none.groups().is_empty());
    }
}
