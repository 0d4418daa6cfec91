//! Needed samples against T, both axes logarithmic: a panel for each Q, a colour and shape for each N, the fitted
//! power law with its exponent. Censored cells, lower bounds, are open triangles that point up.

use std::collections::{BTreeMap, BTreeSet};

use plotters::coord::Shift;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use super::colour;
use crate::needed::{Key, Milestone, Needed};
use crate::scaling::{Term, fit};

const PANEL: (u32, u32) = (330, 330);
/// Room for the left panel's labels.
const LEFT: u32 = 62;
const BOTTOM: u32 = 48;
const TOP: u32 = 34;

type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;

/// One figure for each algorithm and each value of the conditions: `needed_samples_prox.svg`.
pub(super) fn all(rows: &[Needed], conditions: &[String]) -> Vec<(String, String)> {
    let mut groups: BTreeMap<(&str, Vec<Key>), Vec<&Needed>> = BTreeMap::new();
    for row in rows.iter().filter(|r| r.milestone == Milestone::Recovery && r.samples > 0) {
        let values = row.conditions.iter().map(|&c| Key(c)).collect();
        groups.entry((&row.algorithm, values)).or_default().push(row);
    }
    let mut figures = Vec::new();
    for ((algorithm, values), cells) in groups {
        let (mut file, mut title) = (format!("needed_samples_{algorithm}"), algorithm.to_owned());
        for (key, value) in conditions.iter().zip(values) {
            file += &format!("_{key}_{}", value.0);
            title += &format!(", {key} = {}", value.0);
        }
        figures.extend(draw(&cells, &title).map(|svg| (file + ".svg", svg)));
    }
    figures
}

/// The SVG for cells of one algorithm; `None` if there are none.
fn draw(cells: &[&Needed], title: &str) -> Option<String> {
    let sparsities: BTreeSet<i64> = cells.iter().map(|c| c.q).collect();
    if sparsities.is_empty() {
        return None;
    }
    let size = (LEFT + PANEL.0 * sparsities.len() as u32, TOP + PANEL.1 + BOTTOM);
    let mut svg = String::new();
    {
        let root = SVGBackend::with_string(&mut svg, size).into_drawing_area();
        // A back end that writes to a string fails at nothing but itself; then there is no figure.
        panels(&root, cells, &sparsities).ok()?;
        let style = TextStyle::from(("sans-serif", 12)).pos(Pos::new(HPos::Right, VPos::Top));
        root.draw(&Text::new(title.to_owned(), (size.0 as i32 - 14, 4), style)).ok()?;
        root.present().ok()?;
    }
    Some(svg)
}

fn panels(root: &Area<'_>, cells: &[&Needed], sparsities: &BTreeSet<i64>) -> Result<(), Box<dyn std::error::Error>> {
    root.fill(&WHITE)?;
    let lengths = cells.iter().map(|c| c.t as f64);
    let samples = cells.iter().map(|c| c.samples as f64);
    let (t_low, t_high) = (lengths.clone().fold(f64::MAX, f64::min), lengths.fold(0.0, f64::max));
    let (n_low, n_high) = (samples.clone().fold(f64::MAX, f64::min), samples.fold(0.0, f64::max));
    let states: Vec<i64> = cells.iter().map(|c| c.n).collect::<BTreeSet<_>>().into_iter().collect();
    let (_, right) = root.split_horizontally(LEFT - 40);
    for (i, &q) in sparsities.iter().enumerate() {
        let left = if i == 0 { 0 } else { 40 + PANEL.0 as i32 * i as i32 };
        let width = if i == 0 { PANEL.0 + 40 } else { PANEL.0 };
        let panel = right.clone().shrink((left, 0), (width, TOP + PANEL.1 + BOTTOM));
        let mut chart = ChartBuilder::on(&panel)
            .margin_right(14)
            .margin_top(TOP)
            .x_label_area_size(BOTTOM)
            .y_label_area_size(if i == 0 { 40 } else { 0 })
            .build_cartesian_2d((t_low / 1.25..t_high * 1.25).log_scale(), (n_low / 1.5..n_high * 2.2).log_scale())?;
        let thousands = |x: &f64| if *x >= 1000.0 { format!("{}k", x / 1000.0) } else { format!("{x}") };
        chart
            .configure_mesh()
            .disable_mesh()
            .x_desc("sequence length T")
            .x_labels(4)
            .y_labels(6)
            .x_label_formatter(&|x| format!("{x}"))
            .y_label_formatter(&thousands)
            .label_style(("sans-serif", 13))
            .axis_desc_style(("sans-serif", 15))
            .draw()?;
        let title = TextStyle::from(("sans-serif", 16)).pos(Pos::new(HPos::Left, VPos::Top));
        panel.draw(&Text::new(format!("Q = {q}"), (if i == 0 { 48 } else { 8 }, 12), title))?;
        for (j, &n) in states.iter().enumerate() {
            let series: Vec<&Needed> = cells.iter().copied().filter(|c| (c.q, c.n) == (q, n)).collect();
            let ink = colour(j);
            let at = |c: &Needed| (c.t as f64, c.samples as f64);
            let law = fit(&series);
            let exponent = law.as_ref().and_then(|law| law.exponent(Term::T));
            if let (Some(law), Some(slope)) = (&law, exponent) {
                let level = law.exponent(Term::Constant).map_or(0.0, |c| c.estimate);
                let fitted = |t: f64| (t, libm::exp(level + slope.estimate * libm::log(t)));
                chart.draw_series(LineSeries::new([fitted(t_low), fitted(t_high)], ink.stroke_width(2)))?;
            }
            for cell in &series {
                let place = at(cell);
                if cell.censored {
                    chart.draw_series([TriangleMarker::new(place, 6, ink.stroke_width(2))])?;
                } else {
                    match j % 3 {
                        0 => drop(chart.draw_series([Circle::new(place, 4, ink.filled())])?),
                        1 => drop(chart.draw_series([TriangleMarker::new(place, 5, ink.filled())])?),
                        _ => drop(chart.draw_series([Cross::new(place, 4, ink.stroke_width(2))])?),
                    }
                }
            }
            let text = match exponent {
                Some(slope) => format!("N = {n}:  T^{:.2}", slope.estimate),
                None => format!("N = {n}"),
            };
            let style = ("sans-serif", 14).into_font().color(&ink);
            panel.draw(&Text::new(text, (if i == 0 { 56 } else { 16 }, TOP as i32 + 8 + 19 * j as i32), style))?;
        }
    }
    let upright = ("sans-serif", 15).into_font().transform(FontTransform::Rotate270);
    let style = TextStyle::from(upright).pos(Pos::new(HPos::Center, VPos::Center));
    root.draw(&Text::new("samples needed to recover the truth", (12, (TOP + PANEL.1 / 2) as i32), style))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::needed::{Question, needed};
    use crate::record::tests::record;

    #[test]
    fn every_cell_is_drawn_and_the_exponents_are_written() {
        let mut records = Vec::new();
        for n in [3, 4] {
            for t in [32, 64, 128] {
                records.push(record(n, 2, t, 0, (n == 3 || t < 128).then_some(10 * t * t)));
            }
        }
        let question = Question { quantile: 0.9, conditions: Vec::new(), tuned: Vec::new() };
        let mut rows = needed(&records, &question);
        let figures = all(&rows, &[]);
        assert_eq!((figures.len(), figures[0].0.as_str()), (1, "needed_samples_prox.svg"));
        let svg = &figures[0].1;
        // Three discs for N = 3; two triangles for N = 4, and one that is only a bound.
        assert_eq!(svg.matches("<circle").count(), 3);
        assert_eq!(svg.matches("<polygon").count(), 3);
        assert_eq!(svg.matches("T^2.00").count(), 2);
        rows.iter_mut().filter(|r| r.n == 4).for_each(|r| r.algorithm = "sgd".to_owned());
        assert_eq!(all(&rows, &[]).len(), 2, "algorithms do not share a figure");
        assert!(all(&[], &[]).is_empty());
    }
}
