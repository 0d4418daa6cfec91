//! Needed samples against a condition that is a number: a panel for each N and Q, a curve for each
//! T, with intervals and lower bounds.

use std::collections::BTreeSet;

use super::colour::{GREY, sequential};
use super::needed_samples::draw_cells;
use super::panels::{Axis, Drawn, Entry, Mark, Panel, Panels};
use super::picture::{Figure, left_out};
use super::quantiles::round_ticks;
use crate::analysis::{Analysis, ConditionPower, Milestone, Needed, group_file_name, percent, thinned, two};

/// More panels and series than these cannot be told apart.
const PANELS: usize = 6;
const SERIES: usize = 7;

/// Fewer values than this make no curve.
const FEWEST_VALUES: usize = 3;

/// The figures of all conditions with three values or more.
pub(super) fn all(analysis: &Analysis) -> Vec<Figure> {
    let powers = analysis.condition_powers.iter();
    powers
        .filter(|p| p.milestone == Milestone::Recovery && p.values.len() >= FEWEST_VALUES)
        .filter_map(|p| figure(analysis, p))
        .collect()
}

fn figure(analysis: &Analysis, power: &ConditionPower) -> Option<Figure> {
    let others: Vec<f64> = power.others.iter().map(|(_, value)| *value).collect();
    let belongs = |c: &&Needed| {
        let rest = c.conditions.iter().enumerate().filter(|(i, _)| *i != power.at).map(|(_, value)| value);
        c.milestone == power.milestone
            && c.algorithm == power.algorithm
            && c.samples > 0
            && rest.zip(&others).all(|(a, b)| a.total_cmp(b).is_eq())
    };
    let mut cells: Vec<&Needed> = analysis.needed.iter().filter(belongs).collect();
    let value = |c: &Needed| c.conditions[power.at];
    cells.sort_by(|a, b| value(a).total_cmp(&value(b)));
    let pairs: Vec<(i64, i64)> = cells.iter().map(|c| (c.n, c.q)).collect::<BTreeSet<_>>().into_iter().collect();
    let lengths: BTreeSet<i64> = cells.iter().map(|c| c.t).collect();
    let (all_lengths, series) = (lengths.len(), thinned(lengths, SERIES));
    let panels: Vec<(i64, i64)> = pairs.iter().copied().take(PANELS).collect();
    let (low, high) = (*power.values.first()?, *power.values.last()?);
    let logarithmic = low > 0.0 && high / low >= 4.0;
    let x = if logarithmic {
        Axis::logarithmic(&power.key, power.values.iter().copied(), 1.25, 4)
    } else {
        let margin = 0.06 * (high - low);
        let ticks: Vec<f64> = if low >= 0.0 { round_ticks(high) } else { vec![low, 0.0, high] };
        let ticks: Vec<f64> = ticks.into_iter().filter(|tick| (low..=high).contains(tick)).collect();
        let ticks = if ticks.len() < 2 { vec![low, high] } else { ticks };
        Axis::linear(&power.key, low - margin, high + margin, &ticks)
    };
    let ends = cells.iter().flat_map(|c| [c.ci_low, Some(c.samples), c.ci_high]).flatten().map(|s| s.max(1) as f64);
    let ends: Vec<f64> = ends.collect();
    let ink = |j: usize| sequential(j, series.len());
    let exponent = power.shown_exponent().map(|(estimate, (low, high))| Entry {
        ink: GREY,
        mark: Mark::Line,
        text: format!("{}^{} ± {:.2}", power.key, two(estimate), (high - low) / 2.0).replace("^-", "^−"),
    });
    let legend =
        series.iter().enumerate().map(|(j, t)| Entry { ink: ink(j), mark: Mark::of(j), text: format!("T = {t}") });
    let figure = Panels {
        x,
        y: Axis::logarithmic("samples to recover the truth", ends.iter().copied(), 1.35, 5),
        columns: panels.len().min(3),
        height: if panels.len() == 1 { 190 } else { 128 },
        legend: legend.chain(exponent).collect(),
        titles: panels.iter().map(|(n, q)| (format!("N = {n}, Q = {q}"), Vec::new())).collect(),
    };
    let svg = figure.draw(|i, panel| {
        for (j, &t) in series.iter().enumerate() {
            let own: Vec<&Needed> = cells.iter().copied().filter(|c| (c.n, c.q) == panels[i] && c.t == t).collect();
            // Side by side, so that intervals do not hide each other.
            let aside = (j as f64 - (series.len() - 1) as f64 / 2.0) * 0.012;
            let at = |c: &Needed| {
                if logarithmic { value(c) * libm::exp(1.2 * aside) } else { value(c) + aside * (high - low) }
            };
            draw(panel, &own, &at, (ink(j), Mark::of(j)))?;
        }
        Ok(())
    })?;
    let quantile = percent(analysis.question.quantile);
    let what = match (&power.misfit, power.shown_exponent()) {
        (Some(misfit), _) => format!(
            " They are no power of {}: the exponent changes with {} (p {}).",
            power.key,
            misfit.with,
            if misfit.p_value < 1e-4 { "< 0.0001".to_owned() } else { format!("= {:.4}", misfit.p_value) }
        ),
        (None, Some(_)) => {
            format!(" The exponent of {} is that of all cells, each of which has a level of its own.", power.key)
        }
        (None, None) => String::new(),
    };
    Some(Figure {
        name: format!(
            "condition_{}_{}",
            power.key,
            group_file_name(&power.algorithm, power.others.iter().map(|(k, v)| (k.as_str(), *v)))
        ),
        title: format!("Needed samples against {}: {}", power.key, power.within()),
        caption: format!(
            "Samples by which {quantile} of the runs have recovered the truth, each at hyperparameters chosen \
             without it. Bars: 95 % intervals, with an arrow where the replicates leave them open. Open marks with \
             an arrow: lower bounds.{what}{}",
            left_out(&[("T", all_lengths, series.len()), ("(N, Q)", pairs.len(), panels.len())])
        ),
        svg,
    })
}

fn draw(
    panel: &Panel<'_, '_>,
    cells: &[&Needed],
    at: &dyn Fn(&Needed) -> f64,
    (ink, mark): (plotters::style::RGBColor, Mark),
) -> Drawn {
    // A line between cells that are known; where one is only a bound it has a gap.
    for pair in cells.windows(2).filter(|pair| pair.iter().all(|c| !c.censored)) {
        panel.line(pair.iter().map(|c| (at(c), c.samples as f64)), ink, 1.0)?;
    }
    draw_cells(panel, cells, at, (ink, mark))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::Question;
    use crate::record::Record;
    use crate::record::fixture::record;

    #[test]
    fn every_cell_is_drawn_and_the_power_is_written() {
        let of = |values: &[f64]| {
            let mut records: Vec<Record> = Vec::new();
            for &value in values {
                for t in [32, 64, 128, 256] {
                    let samples = (1e4 * value.powf(-0.5) * (1.0 + 0.05 * (t as f64 * value).sin())).round() as i64;
                    let further = vec![("theta".to_owned(), value)];
                    records.push(Record { further, ..record(3, 2, t, 0, Some(samples)) });
                }
            }
            let question = Question { quantile: 0.9, conditions: vec!["theta".to_owned()], tuned: Vec::new() };
            all(&Analysis::of(&records, question))
        };
        let figures = of(&[0.1, 0.2, 0.5, 1.0]);
        assert_eq!(figures.iter().map(|f| f.name.as_str()).collect::<Vec<_>>(), ["condition_theta_prox"]);
        // Four marks of the legend and sixteen cells.
        assert_eq!(figures[0].svg.matches("<polygon").count(), 20);
        assert!(figures[0].svg.contains("theta<tspan") && figures[0].svg.contains("T = 256"), "{}", figures[0].svg);
        assert!(of(&[0.5, 1.0]).is_empty(), "two values make no curve");
    }
}
