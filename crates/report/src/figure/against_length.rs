//! Needed samples of several groups against T in one panel, each with its law, and curves of theory
//! as dashes.

use super::colour::{GREY, categorical};
use super::panels::{Axis, Entry, Mark, Panels};
use crate::analysis::{Coefficient, Law, Needed, Term};

/// One group.
#[derive(Debug)]
pub(crate) struct Series<'a> {
    /// What it is.
    pub(crate) label: String,
    /// Its cells, of one N and Q.
    pub(crate) cells: Vec<&'a Needed>,
    /// Its law in T.
    pub(crate) law: Option<&'a Law>,
    /// What theory says: T and samples.
    pub(crate) dashes: Vec<(f64, f64)>,
}

/// The SVG; `None` if nothing is known.
pub(crate) fn against_length(label: &str, series: &[Series<'_>]) -> Option<String> {
    let cells = || series.iter().flat_map(|s| &s.cells);
    let mut lengths: Vec<i64> = cells().map(|c| c.t).collect();
    lengths.sort_unstable();
    lengths.dedup();
    if lengths.is_empty() {
        return None;
    }
    let ends = cells().flat_map(|c| [c.ci_low, Some(c.samples), c.ci_high]).flatten().map(|s| s.max(1) as f64);
    let ends: Vec<f64> = ends.chain(series.iter().flat_map(|s| s.dashes.iter().map(|d| d.1))).collect();
    let legend = series.iter().enumerate().filter(|(_, s)| !s.cells.is_empty()).map(|(i, s)| {
        let exponent = s.law.and_then(|law| law.coefficient(Term::T)).filter(Coefficient::is_known);
        let exponent = exponent.map_or_else(String::new, |c| {
            let half = c.interval.map_or(0.0, |(low, high)| (high - low) / 2.0);
            format!(": T^{:.2} ± {half:.2}", c.estimate)
        });
        Entry { ink: categorical(i), mark: Mark::of(i), text: format!("{}{exponent}", s.label).replace("^-", "^−") }
    });
    let theory = series.iter().any(|s| !s.dashes.is_empty());
    let theory = theory.then(|| Entry { ink: GREY, mark: Mark::Dashes, text: "predicted".to_owned() });
    let figure = Panels {
        x: Axis::of_values("sequence length T", &lengths, 1.5, 8),
        y: Axis::logarithmic(label, ends.iter().copied(), 1.35, 6),
        columns: 1,
        height: 200,
        legend: legend.chain(theory).collect(),
        titles: vec![(cells().next().map_or_else(String::new, |c| format!("N = {}, Q = {}", c.n, c.q)), Vec::new())],
    };
    let ratio = if lengths.len() > 1 { lengths[1] as f64 / lengths[0] as f64 } else { 2.0 };
    figure.draw(|_, panel| {
        for (i, s) in series.iter().enumerate() {
            let ink = categorical(i);
            // Side by side, so that intervals do not hide each other.
            let aside = libm::pow(ratio, 0.3 * (i as f64 / series.len() as f64 - 0.5));
            if let (Some(law), Some(first)) = (s.law.filter(|l| l.coefficient(Term::T).is_some()), s.cells.first()) {
                let fitted = s
                    .cells
                    .iter()
                    .map(|c| (aside * c.t as f64, law.predict(first.n as f64, first.q as f64, c.t as f64)));
                panel.line(fitted, ink, 1.0)?;
            }
            panel.dashes(s.dashes.iter().copied(), ink, 1.2)?;
            for cell in &s.cells {
                let place = (aside * cell.t as f64, cell.samples as f64);
                if !cell.censored && cell.replicates > 1 {
                    let end = |end: Option<i64>| end.map(|s| s.max(1) as f64);
                    panel.interval(place.0, end(cell.ci_low), place.1, end(cell.ci_high), ink)?;
                }
                panel.reading(place, cell.censored, Mark::of(i), ink)?;
            }
        }
        Ok(())
    })
}
