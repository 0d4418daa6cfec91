//! Figures, one a file: a function from rows to the text of an SVG, and a line in [`all`].
//!
//! Colours are those of Okabe and Ito, which colour-blind people tell apart; shapes differ too.

mod needed_samples;

use plotters::style::RGBColor;

use crate::needed::Needed;

/// Every figure of a run: file name and SVG. A figure without data is left out. `conditions` are the names of
/// the further conditions of `needed`.
#[must_use]
pub fn all(needed: &[Needed], conditions: &[String]) -> Vec<(String, String)> {
    needed_samples::all(needed, conditions)
}

const OKABE_ITO: [RGBColor; 7] = [
    RGBColor(0, 114, 178),
    RGBColor(213, 94, 0),
    RGBColor(0, 158, 115),
    RGBColor(204, 121, 167),
    RGBColor(230, 159, 0),
    RGBColor(86, 180, 233),
    RGBColor(0, 0, 0),
];

/// The colour of the `i`-th series.
fn colour(i: usize) -> RGBColor {
    OKABE_ITO[i % OKABE_ITO.len()]
}
