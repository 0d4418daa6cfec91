//! The attention that a run has learned, beside the truth.

use super::panels::{Axis, Entry, Mark, Panels};
use super::{Figure, shade};
use crate::analysis::Analysis;
use crate::needed::Milestone;
use crate::record::POPULATION;
use crate::{Record, Status};

/// What one run has learned.
#[derive(Debug, Clone, PartialEq)]
pub struct Specimen {
    /// The run.
    pub record: Record,
    /// Attention of the ground truth: `N` rows of `T`, row k of query token k.
    pub truth: Vec<Vec<f64>>,
    /// Attention of the model, the same shape.
    pub learned: Vec<Vec<f64>>,
}

/// More positions than this are put together, the largest weight of each lot shown.
const POSITIONS: usize = 128;

/// A run that recovered, of the first algorithm that draws samples: at the smallest T, there at the largest N and Q, the first replicate at
/// the chosen hyperparameters.
pub(super) fn shown<'r>(analysis: &Analysis, records: &'r [Record]) -> Option<&'r Record> {
    let sampled = |row: &&crate::needed::Needed| {
        row.milestone == Milestone::Recovery && row.reached > 0 && row.algorithm != POPULATION
    };
    let row = analysis.needed.iter().filter(sampled).min_by_key(|row| (row.t, -row.n, -row.q))?;
    records.iter().find(|r| r.status == Status::Recovered && row.describes(r, &analysis.question))
}

/// The figure; `None` if the matrices are empty.
pub(super) fn figure(specimen: &Specimen) -> Option<Figure> {
    let Specimen { record, truth, learned } = specimen;
    let length = truth.first()?.len();
    let lots = length.min(POSITIONS);
    if lots == 0 || learned.len() != truth.len() {
        return None;
    }
    let lot =
        |row: &[f64], i: usize| row[i * length / lots..(i + 1) * length / lots].iter().copied().fold(0.0, f64::max);
    let largest = truth.iter().flatten().copied().fold(0.0, f64::max);
    if !(largest > 0.0 && learned.iter().all(|row| row.len() == length)) {
        return None;
    }
    let states = truth.len() as f64;
    let legend =
        [0.0, 0.5, 1.0].map(|s| Entry { ink: shade(s), mark: Mark::Patch, text: format!("{:.2}", s * largest) });
    let figure = Panels {
        x: Axis::linear("position t", 0.0, length as f64, &[0.0, (length / 2) as f64]),
        y: Axis::linear(&format!("query token 1 to {states}"), 0.0, states, &[]),
        columns: 2,
        height: (14 * truth.len() as u32).clamp(42, 160),
        legend: legend.into_iter().collect(),
        titles: ["truth q(k)", "learned a(k)"].map(|title| (title.to_owned(), Vec::new())).into(),
    };
    let svg = figure.draw(|i, panel| {
        for (k, row) in [truth, learned][i].iter().enumerate() {
            for j in 0..lots {
                let at = |j: usize| (j * length / lots) as f64;
                // The first token above, as in a matrix.
                let (low, high) = (states - k as f64 - 1.0, states - k as f64);
                panel.cell((at(j), low), (at(j + 1), high), shade(lot(row, j) / largest))?;
            }
        }
        Ok(())
    })?;
    Some(Figure {
        name: "attention".to_owned(),
        title: format!("Attention at N = {}, Q = {}, T = {}: {}", record.n, record.q, record.t, record.named()),
        caption: format!(
            "Weight of each position for each query token, in the truth and in the model of replicate {} at B = {}, η = {}, when it recovered after {} samples{}.",
            record.replicate,
            record.batch_size,
            record.eta_boost,
            record.measures.as_ref().map_or(0, |m| m.samples),
            if lots < length { "; of neighbouring positions the largest is shown" } else { "" }
        ),
        svg,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::needed::Question;
    use crate::record::tests::record;

    #[test]
    fn a_run_of_the_shortest_length_is_shown_with_a_cell_for_each_weight() {
        let mut records: Vec<Record> = (0..3).map(|i| record(3, 2, 64, i, Some(900))).collect();
        records.extend([record(3, 2, 8, 0, None), record(3, 2, 8, 1, Some(70)), record(4, 2, 8, 0, Some(80))]);
        let question = Question { quantile: 0.9, conditions: Vec::new(), tuned: Vec::new() };
        let analysis = Analysis::of(&records, question);
        let chosen = shown(&analysis, &records).unwrap();
        assert_eq!((chosen.n, chosen.t), (4, 8));
        let truth: Vec<Vec<f64>> =
            (0..4).map(|k| (0..8).map(|t| if t % 4 == k { 0.5 } else { 0.0 }).collect()).collect();
        let specimen = Specimen { record: chosen.clone(), learned: truth.clone(), truth };
        let svg = figure(&specimen).unwrap().svg;
        // 2 panels of 32 cells, 3 patches of the legend, the paper.
        assert_eq!(svg.matches("<rect").count(), 64 + 3 + 1);
        let none = Specimen { truth: Vec::new(), ..specimen };
        assert!(figure(&none).is_none());
    }
}
