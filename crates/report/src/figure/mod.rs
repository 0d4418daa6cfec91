//! Figures, one a file: a function from what the records say to the text of an SVG, and a line in [`all`].
//!
//! Colours are those of Okabe and Ito for kinds and a part of viridis for magnitudes, which colour-blind people tell apart and
//! which differ in lightness; shapes differ too.

mod against_length;
mod attention;
mod curves;
mod matrices;
mod needed_samples;
pub(crate) mod panels;
mod rivals;
mod steps;
mod success;
mod training;

use plotters::style::RGBColor;

use crate::analysis::Analysis;
use crate::record::{POPULATION, Record};

pub(crate) use against_length::{Series, against_length};
pub use attention::Specimen;
pub(crate) use curves::{Curve, curves};
pub(crate) use matrices::matrices;
pub(crate) use success::ON_CELLS;
pub use training::Traced;
pub(crate) use training::{quantiles, round_ticks};

/// A figure, ready to be written and shown.
#[derive(Debug, Clone, PartialEq)]
pub struct Figure {
    /// Name of its file, without `.svg`.
    pub name: String,
    /// What it shows, in a few words.
    pub title: String,
    /// What the reader must know to read it.
    pub caption: String,
    /// The picture, one column of a paper wide.
    pub svg: String,
}

/// What some figures show that the analysis does not hold.
#[derive(Debug, Clone, Default)]
pub struct Pictured {
    /// The runs of [`traced`], and some of them once more without noise, each with its trace.
    pub traces: Vec<Traced>,
    /// What the run of [`specimen`] learned.
    pub specimen: Option<Specimen>,
}

/// Every figure of a run. One without data is left out.
#[must_use]
pub fn all(analysis: &Analysis, pictured: &Pictured) -> Vec<Figure> {
    let quantile = analysis.question.quantile;
    let mut figures = Vec::new();
    let groups = analysis.groups();
    // Dynamics without noise are a reference, drawn on top of others; alone they have figures of their own.
    let noisy = groups.iter().any(|group| group.algorithm != POPULATION);
    for group in groups.into_iter().filter(|group| !noisy || group.algorithm != POPULATION) {
        figures.extend(needed_samples::all(&group, quantile));
        figures.extend(rivals::figure(&group));
        figures.extend(success::all(&group, quantile));
        figures.extend(steps::all(&group, quantile));
    }
    figures.extend(training::figure(&pictured.traces));
    figures.extend(pictured.specimen.as_ref().and_then(attention::figure));
    figures
}

/// The runs whose traces are shown: those of the largest cell, at the hyperparameters chosen for it.
#[must_use]
pub fn traced<'r>(analysis: &Analysis, records: &'r [Record]) -> Vec<&'r Record> {
    training::shown(analysis, records)
}

/// The run whose attention is shown: one that recovered, at the shortest T, where single positions can be seen.
#[must_use]
pub fn specimen<'r>(analysis: &Analysis, records: &'r [Record]) -> Option<&'r Record> {
    attention::shown(analysis, records)
}

pub(crate) const GREY: RGBColor = RGBColor(90, 90, 90);

const OKABE_ITO: [RGBColor; 6] = [
    RGBColor(0, 114, 178),
    RGBColor(213, 94, 0),
    RGBColor(0, 158, 115),
    RGBColor(204, 121, 167),
    RGBColor(230, 159, 0),
    RGBColor(86, 180, 233),
];

/// What a caption says of values for which there was no room: name, how many there are, how many are shown.
fn left_out(values: &[(&str, usize, usize)]) -> String {
    let some = values.iter().filter(|(_, all, shown)| shown < all);
    some.map(|(name, all, shown)| format!(" Of {all} values of {name} {shown} are shown.")).collect()
}

/// The colour of the `i`-th kind.
pub(crate) fn categorical(i: usize) -> RGBColor {
    OKABE_ITO[i % OKABE_ITO.len()]
}

const VIRIDIS: [(u8, u8, u8); 9] = [
    (68, 1, 84),
    (71, 44, 122),
    (59, 81, 139),
    (44, 113, 142),
    (33, 144, 141),
    (39, 173, 129),
    (92, 200, 99),
    (170, 220, 50),
    (253, 231, 37),
];

/// The colour of a share in `[0, 1]`, dark to light.
pub(crate) fn shade(share: f64) -> RGBColor {
    let place = share.clamp(0.0, 1.0) * (VIRIDIS.len() - 1) as f64;
    let i = (place as usize).min(VIRIDIS.len() - 2);
    let between = |a: u8, b: u8| (f64::from(a) + (place - i as f64) * (f64::from(b) - f64::from(a))).round() as u8;
    let ((r0, g0, b0), (r1, g1, b1)) = (VIRIDIS[i], VIRIDIS[i + 1]);
    RGBColor(between(r0, r1), between(g0, g1), between(b0, b1))
}

/// The colour of the `i`-th of `count` magnitudes, without those too light for a line on white.
pub(crate) fn sequential(i: usize, count: usize) -> RGBColor {
    shade(if count < 2 { 0.0 } else { 0.78 * i as f64 / (count - 1) as f64 })
}
