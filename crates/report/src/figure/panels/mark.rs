//! Marks of series, and entries of legends.

use plotters::element::{PathElement, Polygon, Rectangle, Text};
use plotters::style::text_anchor::HPos;
use plotters::style::{BLACK, Color, RGBColor, ShapeStyle};

use super::grid::{Area, Drawn, FINE, FONT, fine, stroke, text_style};

/// How a series is told from others, by colour-blind readers and on grey paper too.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mark {
    Disc,
    Triangle,
    Square,
    Diamond,
    Cross,
    Line,
    Dashes,
    Patch,
}

impl Mark {
    /// Of the `i`-th series.
    pub(crate) fn of(i: usize) -> Self {
        [Self::Disc, Self::Triangle, Self::Square, Self::Diamond][i % 4]
    }
}

/// A line of a legend or of a panel's heading.
pub(crate) struct Entry {
    pub(crate) ink: RGBColor,
    pub(crate) mark: Mark,
    pub(crate) text: String,
}

/// A mark and its text, in the mark's colour, with the upper left corner here.
pub(super) fn draw_entry(root: &Area<'_>, entry: &Entry, (x, y): (u32, u32)) -> Drawn {
    let centre = fine((x + 6, y + 5));
    let line =
        |from: u32, to: u32| PathElement::new([fine((x + from, y + 5)), fine((x + to, y + 5))], stroke(entry.ink, 1.5));
    match entry.mark {
        Mark::Line => root.draw(&line(0, 12))?,
        Mark::Dashes => [(0, 3), (5, 8), (10, 13)].into_iter().try_for_each(|(from, to)| root.draw(&line(from, to)))?,
        Mark::Patch => {
            root.draw(&Rectangle::new([fine((x + 1, y + 1)), fine((x + 11, y + 10))], entry.ink.filled()))?;
        }
        _ => root.draw(&shape(entry.mark, centre, 3.0, entry.ink.filled()))?,
    }
    // The colour of a patch may be too light to read.
    let ink = if entry.mark == Mark::Patch { &BLACK } else { &entry.ink };
    root.draw(&Text::new(entry.text.clone(), fine((x + 16, y)), text_style(FONT, HPos::Left).color(ink)))?;
    Ok(())
}

/// A mark as a polygon around a place in pixels.
pub(super) fn shape(mark: Mark, centre: (i32, i32), size: f64, style: ShapeStyle) -> Polygon<(i32, i32)> {
    Polygon::new(shape_corners(mark, centre, size), style)
}

pub(super) fn shape_corners(mark: Mark, (x, y): (i32, i32), size: f64) -> Vec<(i32, i32)> {
    let radius = size * f64::from(FINE);
    if mark == Mark::Cross {
        // The end of one of four diagonal arms, and the corner between it and the next.
        let (end, half) = (1.1 * radius, 0.35 * radius);
        let arm = [(end, end - half), (end - half, end), (0.0, half)];
        let turned = |corner: (f64, f64), turns: u32| (0..turns).fold(corner, |(a, b), _| (-b, a));
        let corners = (0..4).flat_map(|turns| arm.map(|corner| turned(corner, turns)));
        return corners.map(|(a, b)| (x + a.round() as i32, y + b.round() as i32)).collect();
    }
    let (corners, turn, scale) = match mark {
        Mark::Triangle => (3, -0.25, 1.35),
        Mark::Square => (4, 0.125, 1.25),
        Mark::Diamond => (4, 0.0, 1.35),
        _ => (24, 0.0, 1.0),
    };
    let corner = |i: i32| {
        let angle = std::f64::consts::TAU * (f64::from(i) / f64::from(corners) + turn);
        (x + (scale * radius * libm::cos(angle)).round() as i32, y + (scale * radius * libm::sin(angle)).round() as i32)
    };
    (0..corners).map(corner).collect()
}
