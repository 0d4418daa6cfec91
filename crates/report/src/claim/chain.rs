//! Which constants of a chain decide how many samples it takes, at one N, Q and T.

use std::collections::BTreeMap;

use super::evidence::{Evidence, runs_of};
use super::verdict::{ExaminedClaim, Finding, Verdict};
use super::within::Within;
use crate::analysis::Milestone::Recovery;
use crate::analysis::{Needed, ends, two};
use crate::figure::panels::{Axis, Entry, Mark};
use crate::figure::{Figure, GREY, PlottedCurve, categorical, curves};
use crate::record::{ALGORITHM_1, Measures, Record};
use crate::statistics::censored_regression::{Regression, Row, fit};

/// The factor within which a law counts as right.
const WITHIN: f64 = 1.5;

/// One cell: chains that are drawn in one way.
struct Cell<'a> {
    needed: &'a Needed,
    /// The logarithm of the harmonic mean of K_P over its tasks.
    k_p: f64,
    /// The same of mu_min.
    mu_min: f64,
}

impl<'a> Cell<'a> {
    fn of(evidence: &Evidence<'a>, needed: &'a Needed) -> Option<Self> {
        let runs = runs_of(evidence, needed);
        let inverse = |of: &dyn Fn(&Record, &Measures) -> Option<f64>| {
            let all: Option<Vec<f64>> =
                runs.iter().map(|(record, measures)| Some(1.0 / of(record, measures)?)).collect();
            all.filter(|all| !all.is_empty()).map(|all| all.iter().sum::<f64>() / all.len() as f64)
        };
        let k_p = -libm::log(inverse(&|_, measures| Some(measures.k_p))?);
        let mu_min = -libm::log(inverse(&|record, _| evidence.tasks.get(&record.job_id)?.mu_min)?);
        Some(Self { needed, k_p, mu_min })
    }

    fn row(&self) -> Row {
        let y = libm::log(self.needed.samples.max(1) as f64);
        Row { x: vec![1.0, self.k_p, self.mu_min], y, censored: self.needed.censored }
    }
}

/// `ln n = c + a ln K_P + b ln mu_min` over cells.
fn law<'c>(cells: impl Iterator<Item = &'c Cell<'c>>) -> Option<Regression> {
    let rows: Vec<Row> = cells.map(Cell::row).collect();
    fit(&rows).filter(|_| rows.len() > 3)
}

/// A coefficient with its 95 % interval.
fn coefficient(law: &Regression, i: usize) -> (f64, Option<(f64, f64)>) {
    let estimate = law.estimates[i];
    (estimate, law.half_width(i).map(|half| (estimate - half, estimate + half)))
}

/// `-1.02 [-1.10, -0.94]`.
fn shown((estimate, interval): (f64, Option<(f64, f64)>)) -> String {
    two(estimate) + &ends(interval)
}

fn cells<'a>(evidence: &Evidence<'a>) -> Vec<Cell<'a>> {
    let own = evidence.groups().iter().filter(|group| group.algorithm == ALGORITHM_1);
    own.flat_map(|group| group.cells(Recovery)).filter_map(|needed| Cell::of(evidence, needed)).collect()
}

pub(super) fn examine(evidence: &Evidence<'_>) -> ExaminedClaim {
    let cells = cells(evidence);
    let whole = law(cells.iter());
    let exponent = |i: usize, name: &str| {
        let found = whole.as_ref().map(|law| coefficient(law, i));
        let text = match &whole {
            Some(law) => format!(
                "Over {} cells, each at its best setting: K_P to {}, mu_min to {}, in harmonic means over the tasks of a \
                 cell; cells scatter by a factor of {}.",
                cells.len(),
                shown(coefficient(law, 1)),
                shown(coefficient(law, 2)),
                two(libm::exp(law.residual_scale.unwrap_or(0.0)))
            ),
            None => "There are too few cells.".to_owned(),
        };
        Verdict::new(format!("At one N, Q and T needed samples grow as a power of {name}."), Finding::Measured, text)
            .number(format!("exponent of {name}"), found.map(|f| f.0), found.and_then(|f| f.1))
    };
    // Each cell by the law of the others.
    let unseen: Vec<(&Cell<'_>, f64)> = (0..cells.len())
        .filter_map(|i| {
            let others = cells.iter().enumerate().filter(|(j, _)| *j != i).map(|(_, cell)| cell);
            Some((&cells[i], libm::exp(law(others)?.predict(&cells[i].row().x))))
        })
        .collect();
    let verdicts = vec![exponent(1, "K_P"), exponent(2, "mu_min"), explained(&unseen), threshold(&cells)];
    ExaminedClaim {
        title: "What decides how hard a chain is",
        text: "Chains that are drawn in different ways differ in K_P, their distance from an i.i.d. sequence, and in \
               mu_min, the probability of their rarest state. Here persistence and concentration vary at one N, Q and T, \
               and the hyperparameters of each cell are searched. If K_P and mu_min are what counts, one law in both \
               describes all cells. A run takes samples in proportion to 1/K_P, by the argument for the sign of V, so a cell \
               counts by the mean of 1/K_P over its tasks, the harmonic mean of K_P.",
        verdicts,
        figures: figure(evidence, &unseen).into_iter().collect(),
        notes: Vec::new(),
    }
}

/// Whether the law gives the needed samples of cells that it was not fitted to.
fn explained(unseen: &[(&Cell<'_>, f64)]) -> Verdict {
    const STATEMENT: &str = "K_P and mu_min explain needed samples: one law gives them for every way to draw chains, within a \
                             factor of 1.5.";
    let cells: Vec<(&Needed, f64)> = unseen.iter().map(|(cell, predicted)| (cell.needed, *predicted)).collect();
    let within = Within::new(&cells, cells.len(), WITHIN);
    let verdict = within.verdict(STATEMENT, "Needed over predicted samples, each cell by the law of the others");
    verdict.number("typical factor", within.typical(), None)
}

/// How the best lambda follows K_P: by least squares over cells.
fn threshold(cells: &[Cell<'_>]) -> Verdict {
    let of = |cell: &Cell<'_>| {
        let y = libm::log(cell.needed.lambda);
        y.is_finite().then(|| Row { x: vec![1.0, cell.k_p], y, censored: false })
    };
    let rows: Vec<Row> = cells.iter().filter_map(of).collect();
    let found = fit(&rows).filter(|_| rows.len() > 2);
    let estimate = found.as_ref().map(|f| f.estimates[1]);
    let half = found.as_ref().and_then(|f| f.half_width(1));
    let interval = estimate.zip(half).map(|(e, h)| (e - h, e + h));
    Verdict::new(
        "The best lambda grows as a power of K_P.",
        Finding::Measured,
        format!(
            "Over {} cells the chosen lambda grows as K_P to {}{}: with 1 a lambda in units of K_P would be the same for all \
             chains, with 0 lambda itself is.",
            rows.len(),
            estimate.map_or_else(|| "an unknown power".to_owned(), two),
            ends(interval)
        ),
    )
    .number("exponent of K_P", estimate, interval)
}

/// Needed samples against the median K_P of the cell, and what the law of the other cells says.
fn figure(evidence: &Evidence<'_>, unseen: &[(&Cell<'_>, f64)]) -> Option<Figure> {
    // A colour for each value of the first condition.
    let name = evidence.analysis.question.conditions.first().map_or("chains", String::as_str);
    let mut by_condition: BTreeMap<i64, Vec<(f64, &Cell<'_>, f64)>> = BTreeMap::new();
    for (cell, predicted) in unseen {
        let condition = cell.needed.conditions.first().copied().unwrap_or(0.0);
        let at = by_condition.entry((1000.0 * condition).round() as i64).or_default();
        at.push((libm::exp(cell.k_p), cell, *predicted));
    }
    let (mut drawn, mut legend) = (Vec::new(), Vec::new());
    for (i, (condition, mut cells)) in by_condition.into_iter().enumerate() {
        cells.sort_by(|a, b| a.0.total_cmp(&b.0));
        let ends = |cell: &Needed| {
            let samples = cell.samples as f64;
            (cell.ci_low.map_or(samples, |low| low as f64), cell.ci_high.map_or(samples, |high| high as f64))
        };
        drawn.push(PlottedCurve {
            panel: 0,
            ink: categorical(i),
            mark: Mark::of(i),
            points: cells.iter().map(|(x, cell, _)| (*x, cell.needed.samples as f64)).collect(),
            band: cells.iter().map(|(_, cell, _)| ends(cell.needed)).collect(),
            bounds: cells.iter().map(|(_, cell, _)| cell.needed.censored).collect(),
        });
        drawn.push(PlottedCurve {
            panel: 0,
            ink: categorical(i),
            mark: Mark::Dashes,
            points: cells.iter().map(|(x, _, predicted)| (*x, *predicted)).collect(),
            band: Vec::new(),
            bounds: Vec::new(),
        });
        let text = format!("{name} {}", condition as f64 / 1000.0);
        legend.push(Entry { ink: categorical(i), mark: Mark::of(i), text });
    }
    legend.push(Entry { ink: GREY, mark: Mark::Dashes, text: "law of the other cells".to_owned() });
    let (x, y): (Vec<f64>, Vec<f64>) = drawn.iter().flat_map(|c| c.points.iter().copied()).unzip();
    let axes = (
        Axis::logarithmic("K_P, harmonic mean over tasks", x.iter().copied(), 1.3, 5),
        Axis::logarithmic("samples to recover the truth", y.iter().copied(), 1.5, 5),
    );
    let svg = curves(axes, (1, 210), legend, vec![String::new()], &drawn)?;
    Some(Figure {
        name: "claim_chain".to_owned(),
        title: "Needed samples against K_P".to_owned(),
        caption: "Samples by which the runs have recovered, with 95 % intervals, for chains that are drawn in different \
                  ways; points of one colour differ in what else varies. Dashes: what a law in K_P and mu_min, fitted to all \
                  other cells, says."
            .to_owned(),
        svg,
    })
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::super::evidence::TaskFacts;
    use super::*;
    use crate::analysis::{Analysis, Question};
    use crate::record::Record;
    use crate::record::fixture::record;

    /// Needed samples that are 1000 K_P^-1 mu_min^-0.5 times a factor that cells may have.
    fn examined(factor: &dyn Fn(i64) -> f64) -> Vec<Verdict> {
        let conditions = vec!["persistence".to_owned()];
        let question = Question { quantile: 0.9, conditions, tuned: Vec::new() };
        let (mut records, mut tasks) = (Vec::new(), HashMap::new());
        for cell in 0..9 {
            // Each of three values of K_P with each of three of mu_min.
            let (k_p, mu_min) = (0.05 * f64::from(1 << (cell % 3)), 0.1 * f64::from(1 + cell as i32 / 3));
            for i in 0..40 {
                let wiggle = 1.0 + 0.1 * f64::from((i as i32 + cell as i32) % 7) / 7.0;
                let samples = (1000.0 / k_p / f64::sqrt(mu_min) * factor(cell) * wiggle) as i64;
                let mut r = Record {
                    job_id: format!("{cell}-{i}"),
                    further: vec![("persistence".to_owned(), cell as f64)],
                    ..record(3, 2, 256, i, Some(samples))
                };
                // Half of the tasks have twice the mean of 1/K_P, half none: the mean counts.
                let spread = if i % 2 == 0 { 1.0 / 1.5 } else { 1.0 / 0.5 };
                r.measures.as_mut().unwrap().k_p = k_p * spread;
                tasks.insert(r.job_id.clone(), TaskFacts { mu_min: Some(mu_min), ..TaskFacts::default() });
                records.push(r);
            }
        }
        let analysis = Analysis::of(&records, question);
        examine(&Evidence::new(&analysis, &records, &[], &[]).with_tasks(&tasks)).verdicts
    }

    #[test]
    fn the_law_of_a_chain_is_found_and_a_cell_beside_it_refutes_it() {
        let right = examined(&|_| 1.0);
        assert!((right[0].estimate.unwrap() + 1.0).abs() < 0.05, "{right:?}");
        assert!((right[1].estimate.unwrap() + 0.5).abs() < 0.05, "{right:?}");
        assert_eq!(right[2].finding, Finding::Confirmed, "{right:?}");
        let wrong = examined(&|cell| if cell == 3 { 4.0 } else { 1.0 });
        assert_eq!(wrong[2].finding, Finding::Refuted, "{wrong:?}");
    }
}
