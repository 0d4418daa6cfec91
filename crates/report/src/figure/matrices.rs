//! Attention patterns and value matrices of several runs beside the truth.

use super::colour::shade;
use super::panels::{Axis, Entry, Mark, Panels};

/// More positions than this are put together, the largest weight of each lot shown.
pub(super) const POSITIONS: usize = 128;

/// Up to so many columns each has its number below it.
const FEW: usize = 6;

/// The SVG of some matrices with their titles, each a list of rows of one length, all of one shape;
/// `None` if there are none. Shades go from 0 to the largest entry of the first.
pub(crate) fn matrices(x: &str, y: &str, columns: usize, shown: &[(String, &Vec<Vec<f64>>)]) -> Option<String> {
    let (_, first) = shown.first()?;
    let (rows, length) = (first.len(), first.first()?.len());
    let largest = first.iter().flatten().copied().fold(0.0, f64::max);
    let fits = shown.iter().all(|(_, m)| m.len() == rows && m.iter().all(|row| row.len() == length));
    if !(fits && length > 0 && largest > 0.0) {
        return None;
    }
    let lots = length.min(POSITIONS);
    let lot =
        |row: &[f64], i: usize| row[i * length / lots..(i + 1) * length / lots].iter().copied().fold(0.0, f64::max);
    let legend =
        [0.0, 0.5, 1.0].map(|s| Entry { ink: shade(s), mark: Mark::Patch, text: format!("{:.2}", s * largest) });
    // Columns are counted from 1, and the number of one stands below its middle.
    let numbered = if length <= FEW { (1..=length).collect() } else { vec![1, length.div_ceil(2)] };
    let ticks: Vec<f64> = numbered.into_iter().map(|column| column as f64).collect();
    let figure = Panels {
        x: Axis::linear(x, 0.5, length as f64 + 0.5, &ticks),
        y: Axis::linear(y, 0.0, rows as f64, &[]),
        columns,
        height: (14 * rows as u32).clamp(42, 160),
        legend: legend.into_iter().collect(),
        titles: shown.iter().map(|(title, _)| (title.clone(), Vec::new())).collect(),
    };
    figure.draw(|i, panel| {
        for (k, row) in shown[i].1.iter().enumerate() {
            for j in 0..lots {
                let at = |j: usize| (j * length / lots) as f64 + 0.5;
                // The first row above, as in a matrix.
                let (low, high) = ((rows - k) as f64 - 1.0, (rows - k) as f64);
                panel.rectangle((at(j), low), (at(j + 1), high), shade(lot(row, j) / largest))?;
            }
        }
        Ok(())
    })
}
