//! The grid on which everything is drawn, and its measures.

use plotters::backend::SVGBackend;
use plotters::coord::Shift;
use plotters::drawing::DrawingArea;
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{RGBColor, ShapeStyle, TextStyle};

/// Width of a figure.
pub(super) const WIDTH: u32 = 360;

pub(super) const FINE: u32 = 4;

pub(super) const FONT: u32 = 10;

pub(super) const LINE: u32 = 12;

/// Room for the labels of the left axis, of the lower one, and between panels.
pub(super) const LEFT: u32 = 46;

pub(super) const BOTTOM: u32 = 30;

pub(super) const GAP: u32 = 9;

/// Room for the labels of a left axis between panels.
pub(super) const WITHIN: u32 = 30;

pub(super) const AXIS_GREY: RGBColor = RGBColor(130, 130, 130);

/// Whether drawing succeeded. The back end writes to a string, so that no error is expected.
pub(crate) type Drawn = Result<(), Box<dyn std::error::Error>>;

pub(super) type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;

pub(super) fn fine((x, y): (u32, u32)) -> (i32, i32) {
    ((FINE * x) as i32, (FINE * y) as i32)
}

pub(super) fn text_style<'a>(size: u32, side: HPos) -> TextStyle<'a> {
    TextStyle::from(("sans-serif", FINE * size)).pos(Pos::new(side, VPos::Top))
}

pub(super) fn stroke(ink: RGBColor, width: f64) -> ShapeStyle {
    ShapeStyle::from(&ink).stroke_width((f64::from(FINE) * width) as u32)
}
