//! The attention that a run has learned, beside the truth.

use super::matrices::{POSITIONS, matrices};
use super::picture::Figure;
use crate::analysis::{Analysis, Milestone};
use crate::record::{Record, Status, draws_samples};

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

/// A run that recovered, of the first algorithm that draws samples: at the smallest T, there at the
/// largest N and Q, the first replicate at the chosen hyperparameters.
pub(super) fn shown<'r>(analysis: &Analysis, records: &'r [Record]) -> Option<&'r Record> {
    let sampled = |row: &&crate::analysis::Needed| {
        row.milestone == Milestone::Recovery && row.reached > 0 && draws_samples(&row.algorithm)
    };
    let row = analysis.needed.iter().filter(sampled).min_by_key(|row| (row.t, -row.n, -row.q))?;
    records.iter().find(|r| r.status == Status::Recovered && row.describes(r, &analysis.question))
}

/// The figure; `None` if the matrices are empty.
pub(super) fn figure(specimen: &Specimen) -> Option<Figure> {
    let Specimen { record, truth, learned } = specimen;
    let length = truth.first()?.len();
    let shown = [("truth q(k)".to_owned(), truth), ("learned a(k)".to_owned(), learned)];
    let svg = matrices("position t", &format!("query token 1 to {}", truth.len()), 2, &shown)?;
    Some(Figure {
        name: "attention".to_owned(),
        title: format!("Attention at N = {}, Q = {}, T = {}: {}", record.n, record.q, record.t, record.named()),
        caption: format!(
            "Weight of each position for each query token, in the truth and in the model of \
             replicate {} at B = {}, η = {}, when it recovered after {} samples, before rounding{}.",
            record.replicate,
            record.batch_size,
            record.eta_boost,
            record.measures.as_ref().map_or(0, |m| m.samples),
            if POSITIONS < length { "; of neighbouring positions the largest is shown" } else { "" }
        ),
        svg,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::Question;
    use crate::record::fixture::record;

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
