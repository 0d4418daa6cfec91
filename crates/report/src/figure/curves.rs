//! Curves with points and intervals in panels that share their axes: the plain figure, for whoever
//! has a few lines to show.

use plotters::style::RGBColor;

use super::panels::{Axis, Entry, Mark, Panels};

/// A curve of a panel.
#[derive(Debug, Clone)]
pub(crate) struct PlottedCurve {
    /// Which panel.
    pub(crate) panel: usize,
    /// Its colour.
    pub(crate) ink: RGBColor,
    /// How its points look; [`Mark::Line`] and [`Mark::Dashes`] have none.
    pub(crate) mark: Mark,
    /// Points, ascending: place, value.
    pub(crate) points: Vec<(f64, f64)>,
    /// Lower and upper ends at the points: a band behind a line, whiskers at marks. May be empty.
    pub(crate) band: Vec<(f64, f64)>,
    /// Whether the value is only a lower bound, for each point. May be empty.
    pub(crate) bounds: Vec<bool>,
}

impl PlottedCurve {
    /// Medians of runs against samples in units of `unit`, a line with its band or dashes without,
    /// from [`quantiles`](super::quantiles::quantiles).
    pub(crate) fn of_quantiles(
        panel: usize,
        (ink, mark): (RGBColor, Mark),
        read: &[(f64, [f64; 3])],
        unit: f64,
    ) -> Self {
        let points = read.iter().map(|(samples, q)| (samples / unit, q[1])).collect();
        let band = if mark == Mark::Line { read.iter().map(|(_, q)| (q[0], q[2])).collect() } else { Vec::new() };
        Self { panel, ink, mark, points, band, bounds: Vec::new() }
    }
}

/// The SVG of `panels` titles, `columns` beside each other; `None` without points.
pub(crate) fn curves(
    (x, y): (Axis, Axis),
    (columns, height): (usize, u32),
    legend: Vec<Entry>,
    panels: Vec<String>,
    curves: &[PlottedCurve],
) -> Option<String> {
    if curves.iter().all(|c| c.points.is_empty()) {
        return None;
    }
    let titles = panels.into_iter().map(|title| (title, Vec::new())).collect();
    let figure = Panels { x, y, columns, height, legend, titles };
    figure.draw(|i, panel| {
        let here = || curves.iter().filter(|c| c.panel == i);
        for curve in here().filter(|c| c.mark == Mark::Line && c.band.len() == c.points.len()) {
            let ends = |get: fn(&(f64, f64)) -> f64| -> Vec<(f64, f64)> {
                curve.points.iter().zip(&curve.band).map(|(p, b)| (p.0, get(b))).collect()
            };
            panel.band(&ends(|b| b.0), &ends(|b| b.1), curve.ink)?;
        }
        for curve in here() {
            match curve.mark {
                Mark::Dashes => panel.dashes(curve.points.iter().copied(), curve.ink, 1.2)?,
                Mark::Line => panel.line(curve.points.iter().copied(), curve.ink, 1.2)?,
                mark => {
                    panel.line(curve.points.iter().copied(), curve.ink, 0.6)?;
                    for (j, &point) in curve.points.iter().enumerate() {
                        let bound = curve.bounds.get(j).copied().unwrap_or(false);
                        if let Some(&(low, high)) = curve.band.get(j).filter(|_| !bound) {
                            panel.interval(point.0, Some(low), point.1, Some(high), curve.ink)?;
                        }
                        panel.reading(point, bound, mark, curve.ink)?;
                    }
                }
            }
        }
        Ok(())
    })
}
