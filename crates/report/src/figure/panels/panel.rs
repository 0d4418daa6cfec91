//! The field of one panel, and what can be drawn there.

use plotters::backend::SVGBackend;
use plotters::chart::ChartContext;
use plotters::coord::cartesian::Cartesian2d;
use plotters::element::{PathElement, Polygon, Rectangle};
use plotters::style::{Color, RGBColor, WHITE};

use super::axis::{Axis, Coordinates};
use super::grid::{Area, Drawn, FINE, stroke};
use super::mark::{Mark, shape, shape_corners};

/// The field of one panel. Places are in the units of the axes; what lies outside is moved to the
/// edge.
pub(crate) struct Panel<'a, 'b> {
    pub(super) root: Area<'b>,
    pub(super) chart: ChartContext<'a, SVGBackend<'b>, Cartesian2d<Coordinates, Coordinates>>,
    pub(super) x: &'a Axis,
    pub(super) y: &'a Axis,
}

impl Panel<'_, '_> {
    fn pixel(&self, (x, y): (f64, f64)) -> (i32, i32) {
        self.chart.plotting_area().map_coordinate(&(self.x.place(x), self.y.place(y)))
    }

    fn pixels(&self, places: impl IntoIterator<Item = (f64, f64)>) -> Vec<(i32, i32)> {
        places.into_iter().map(|place| self.pixel(place)).collect()
    }

    /// A line through these places; what lies above or below the field is cut off.
    pub(crate) fn line(&self, places: impl IntoIterator<Item = (f64, f64)>, ink: RGBColor, width: f64) -> Drawn {
        for part in self.within(places) {
            self.root.draw(&PathElement::new(self.pixels(part), stroke(ink, width)))?;
        }
        Ok(())
    }

    /// The parts of a line that lie within the field's height.
    fn within(&self, places: impl IntoIterator<Item = (f64, f64)>) -> Vec<Vec<(f64, f64)>> {
        let inside = |y: f64| (self.y.low..=self.y.high).contains(&y);
        let mut parts: Vec<Vec<(f64, f64)>> = vec![Vec::new()];
        let mut before: Option<(f64, f64)> = None;
        for place in places {
            // Where the line crosses the edge, between a place inside and one outside.
            let edge = before.filter(|b| inside(b.1) != inside(place.1)).map(|b| {
                let y = if place.1.max(b.1) > self.y.high { self.y.high } else { self.y.low };
                let share =
                    (self.y.unclamped(y) - self.y.unclamped(b.1)) / (self.y.unclamped(place.1) - self.y.unclamped(b.1));
                let (from, to) = (self.x.unclamped(b.0), self.x.unclamped(place.0));
                (self.x.value(from + share * (to - from)), y)
            });
            if let Some(part) = parts.last_mut() {
                part.extend(edge);
                part.extend(inside(place.1).then_some(place));
            }
            if !inside(place.1) {
                parts.push(Vec::new());
            }
            before = Some(place);
        }
        parts.retain(|part| part.len() > 1);
        parts
    }

    /// A dashed line through these places.
    pub(crate) fn dashes(&self, places: impl IntoIterator<Item = (f64, f64)>, ink: RGBColor, width: f64) -> Drawn {
        let (dash, pitch) = (f64::from(4 * FINE), f64::from(7 * FINE));
        let (mut along, mut open) = (0.0, Vec::new());
        for pair in self.pixels(places).windows(2) {
            let ((x0, y0), (x1, y1)) = (pair[0], pair[1]);
            let length = libm::hypot(f64::from(x1 - x0), f64::from(y1 - y0));
            // In steps so short that the ends of dashes are where they should be.
            let steps = length.ceil().max(1.0);
            for i in 0..steps as u32 {
                let t = f64::from(i) / steps;
                let at = (x0 + (t * f64::from(x1 - x0)).round() as i32, y0 + (t * f64::from(y1 - y0)).round() as i32);
                if along % pitch < dash {
                    open.push(at);
                } else if open.len() > 1 {
                    self.root.draw(&PathElement::new(std::mem::take(&mut open), stroke(ink, width)))?;
                } else {
                    open.clear();
                }
                along += length / steps;
            }
        }
        if open.len() > 1 {
            self.root.draw(&PathElement::new(open, stroke(ink, width)))?;
        }
        Ok(())
    }

    /// The area between two lines, each from left to right, lightly.
    pub(crate) fn band(&self, low: &[(f64, f64)], high: &[(f64, f64)], ink: RGBColor) -> Drawn {
        let around = low.iter().chain(high.iter().rev()).copied();
        self.root.draw(&Polygon::new(self.pixels(around), ink.mix(0.18).filled()))?;
        Ok(())
    }

    /// A point, or a lower bound.
    pub(crate) fn reading(&self, place: (f64, f64), censored: bool, mark: Mark, ink: RGBColor) -> Drawn {
        if censored { self.bound(place, mark, ink) } else { self.mark(place, mark, ink) }
    }

    /// A point.
    pub(crate) fn mark(&self, place: (f64, f64), mark: Mark, ink: RGBColor) -> Drawn {
        self.root.draw(&shape(mark, self.pixel(place), 2.6, ink.filled()))?;
        Ok(())
    }

    /// An interval from below to above; where an end is open, it has an arrow.
    pub(crate) fn interval(&self, x: f64, low: Option<f64>, y: f64, high: Option<f64>, ink: RGBColor) -> Drawn {
        let (x, middle) = self.pixel((x, y));
        let open = (11 * FINE) as i32;
        let bottom = low.map_or(middle + open, |low| self.pixel((self.x.low, low)).1);
        let top = high.map_or(middle - open, |high| self.pixel((self.x.low, high)).1);
        self.root.draw(&PathElement::new([(x, bottom), (x, top)], stroke(ink, 1.0)))?;
        let head = (2 * FINE) as i32;
        let arrow = |tip: i32, back: i32| {
            PathElement::new([(x - head, tip + back), (x, tip), (x + head, tip + back)], stroke(ink, 1.0))
        };
        if high.is_none() {
            self.root.draw(&arrow(top, head + 2))?;
        }
        if low.is_none() {
            self.root.draw(&arrow(bottom, -head - 2))?;
        }
        Ok(())
    }

    /// A lower bound: an open mark with an arrow that points up.
    fn bound(&self, place: (f64, f64), mark: Mark, ink: RGBColor) -> Drawn {
        self.interval(place.0, Some(place.1), place.1, None, ink)?;
        self.open(place, mark, ink)
    }

    /// An open mark.
    pub(crate) fn open(&self, place: (f64, f64), mark: Mark, ink: RGBColor) -> Drawn {
        let at = self.pixel(place);
        self.root.draw(&shape(mark, at, 2.9, WHITE.filled()))?;
        let outline: Vec<(i32, i32)> = shape_corners(mark, at, 2.9);
        self.root.draw(&PathElement::new(
            outline.iter().copied().chain(outline.first().copied()).collect::<Vec<_>>(),
            stroke(ink, 1.0),
        ))?;
        Ok(())
    }

    /// A value just below the upper edge.
    pub(crate) fn near_top(&self) -> f64 {
        let (low, high) = (self.y.unclamped(self.y.low), self.y.unclamped(self.y.high));
        self.y.value(high - 0.04 * (high - low))
    }

    /// A filled rectangle between two corners.
    pub(crate) fn rectangle(&self, from: (f64, f64), to: (f64, f64), ink: RGBColor) -> Drawn {
        let ((x0, y0), (x1, y1)) = (self.pixel(from), self.pixel(to));
        // It overlaps its neighbours a little, or lines of the paper would be seen between them.
        let corners = [(x0.min(x1), y0.min(y1) - 2), (x0.max(x1) + 2, y0.max(y1))];
        self.root.draw(&Rectangle::new(corners, ink.filled()))?;
        Ok(())
    }
}
