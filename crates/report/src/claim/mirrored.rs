//! How often runs grow into the mirrored solution, and what turning them over does.

use std::collections::BTreeMap;

use plotters::style::BLACK;
use statrs::distribution::{ChiSquared, ContinuousCDF};

use super::evidence::{
    Evidence, common_pair, ended, exponent, measured, named, needed_figure, series, share, with_interval,
};
use super::{Finding, Section, Verdict};
use crate::analysis::{Group, two};
use crate::figure::panels::{Axis, Entry, Mark};
use crate::figure::{Curve, Figure, curves, sequential};
use crate::needed::Milestone::Recovery;
use crate::survival::wilson;
use crate::{Record, Status};

/// A cell in which a larger share of the runs blew up says nothing: they ended before their sign was known.
const MOST_DIVERGED: f64 = 0.02;

/// A test is passed at this level.
const LEVEL: f64 = 0.01;

/// The runs of one length at one ratio `B / (eta T)`.
#[derive(Debug, Default, Clone, PartialEq)]
struct Cell {
    runs: f64,
    mirrored: f64,
    diverged: f64,
    /// Sum of the predicted probabilities.
    predicted: f64,
    /// Sum of their variances as Bernoulli variables.
    variance: f64,
    /// Sum of the ratios.
    ratio: f64,
}

/// By ratio (in steps of 10 %) and T.
type Cells = BTreeMap<(i64, i64), Cell>;

fn cells(evidence: &Evidence<'_>) -> Cells {
    let plain = |r: &&Record| r.algorithm == "prox" && r.further("flip").is_none_or(|f| f == 0.0);
    let mut cells = Cells::new();
    for (record, measures) in measured(evidence.records.iter().filter(plain)) {
        let Some(p) = measures.optional("predicted_mirrored") else { continue };
        let ratio = record.batch_size as f64 / (record.eta_boost * record.t as f64);
        let cell = cells.entry(((libm::log(ratio) / 0.1).round() as i64, record.t)).or_default();
        cell.runs += 1.0;
        cell.mirrored += f64::from(u8::from(record.status == Status::Mirrored));
        cell.diverged += f64::from(u8::from(record.status == Status::Diverged));
        cell.predicted += p;
        cell.variance += p * (1.0 - p);
        cell.ratio += ratio;
    }
    cells.retain(|_, cell| cell.diverged <= MOST_DIVERGED * cell.runs);
    cells
}

/// Whether the shares of each ratio are the same for all T: Pearson's statistic, its degrees of freedom.
fn homogeneity(cells: &Cells) -> (f64, usize) {
    let mut by_ratio: BTreeMap<i64, Vec<&Cell>> = BTreeMap::new();
    cells.iter().for_each(|((ratio, _), cell)| by_ratio.entry(*ratio).or_default().push(cell));
    let (mut statistic, mut freedom) = (0.0, 0);
    for cells in by_ratio.values() {
        let (runs, mirrored) = cells.iter().fold((0.0, 0.0), |(n, m), c| (n + c.runs, m + c.mirrored));
        let p = mirrored / runs;
        // The limit of the test needs some events in each cell.
        if cells.len() < 2 || cells.iter().any(|c| c.runs * p.min(1.0 - p) < 3.0) {
            continue;
        }
        statistic += cells.iter().map(|c| (c.mirrored - c.runs * p).powi(2) / (c.runs * p * (1.0 - p))).sum::<f64>();
        freedom += cells.len() - 1;
    }
    (statistic, freedom)
}

/// Whether the predicted probabilities are the true ones: the sum of squared standardised differences, its degrees of freedom.
fn calibration(cells: &Cells) -> (f64, usize) {
    let told = cells.values().filter(|c| c.variance >= 3.0);
    told.fold((0.0, 0), |(sum, n), c| (sum + (c.mirrored - c.predicted).powi(2) / c.variance, n + 1))
}

fn p_value((statistic, freedom): (f64, usize)) -> Option<f64> {
    Some(ChiSquared::new(freedom as f64).ok().filter(|_| freedom > 0)?.sf(statistic))
}

fn tested(p: Option<f64>) -> Finding {
    match p {
        None => Finding::Undecided,
        Some(p) if p >= LEVEL => Finding::Confirmed,
        Some(_) => Finding::Refuted,
    }
}

pub(super) fn section(evidence: &Evidence<'_>) -> Section {
    let cells = cells(evidence);
    let (same, right) = (homogeneity(&cells), calibration(&cells));
    let (runs, mirrored, predicted) =
        cells.values().fold((0.0, 0.0, 0.0), |(n, m, p), c| (n + c.runs, m + c.mirrored, p + c.predicted));
    let shown = |(statistic, freedom): (f64, usize)| {
        let p = p_value((statistic, freedom)).map_or_else(|| "-".to_owned(), |p| format!("{p:.2}"));
        format!("chi-square {statistic:.1} with {freedom} degrees of freedom, p = {p}")
    };
    let mut verdicts = vec![
        Verdict::new(
            "The probability of a mirrored run depends on batch, step and length through B/(η T) only.",
            tested(p_value(same)),
            format!("Shares at equal B/(η T) for all T: {}. It fails below p = {LEVEL}.", shown(same)),
        )
        .number(p_value(same), None),
        Verdict::new(
            "It is Φ(-z) with z = (K_P / √W) √(B (2+η) / (η T)), as a Gaussian argument predicts, without a free parameter.",
            tested(p_value(right)),
            format!(
                "Of {runs} runs {mirrored} were mirrored, {predicted:.0} predicted; cell by cell: {}. It fails below p = {LEVEL}.",
                shown(right)
            ),
        )
        .number(p_value(right), None),
    ];
    let plain = evidence.group("prox", &[("flip", 0.0)]);
    let flipping: Vec<(f64, &Group<'_>)> = evidence
        .groups()
        .iter()
        .filter(|g| g.algorithm == "prox")
        .filter_map(|g| Some((g.conditions.iter().find(|(key, value)| *key == "flip" && *value > 0.0)?.1, g)))
        .collect();
    for &(factor, group) in &flipping {
        verdicts.extend(remedy(evidence, plain, factor, group));
    }
    if flipping.is_empty() {
        verdicts.push(Verdict::new(
            "Turning models over whose negative entries dominate lowers the exponent of T.",
            Finding::Undecided,
            "It was not tried.",
        ));
    }
    let mut lines = vec![("as it is".to_owned(), plain)];
    lines.extend(flipping.iter().map(|(factor, group)| (named("flip", *factor), Some(*group))));
    let pair = common_pair(&lines.iter().map(|(_, group)| (*group, Recovery)).collect::<Vec<_>>());
    let lines: Vec<_> = lines.into_iter().map(|(label, group)| series(label, group, Recovery, pair)).collect();
    let needed = needed_figure(
        "mirrored_needed",
        "What turning over does to the needed samples".to_owned(),
        "Samples by which the runs have recovered, with and without turning both factors over when the negative entries of the attention dominate, at hyperparameters chosen on other replicates."
            .to_owned(),
        &lines,
    );
    Section {
        title: "The mirrored solution",
        text: "Of (V, A) and its mirror image both fit; which of them a run grows into is decided by the noise of its first B/η samples against a push of order 1/T. A Gaussian argument \
               gives the probability without a free parameter. The remedy uses what a learner can see: attention that is a few positive weights has no large negative entries, so both \
               centred factors are turned over when the most negative entry exceeds the most positive one by a factor. Loss cannot judge it as fast: at the truth the two differ \
               by 2 K_P / T only.",
        verdicts,
        figures: [probability(&cells), needed].into_iter().flatten().collect(),
        notes: vec![format!(
            "Cells in which more than {:.0} % of the runs blew up (batches of a few samples) are left out of the probabilities: such runs end before their sign is known.",
            100.0 * MOST_DIVERGED
        )],
    }
}

/// What turning over does to the exponent of T, to the needed samples at the largest T, and to mirrored runs.
fn remedy(evidence: &Evidence<'_>, plain: Option<&Group<'_>>, factor: f64, group: &Group<'_>) -> Vec<Verdict> {
    let (before, after) = (exponent(plain, Recovery), exponent(Some(group), Recovery));
    let intervals = before.and_then(|c| c.interval).zip(after.and_then(|c| c.interval));
    let finding = match intervals {
        Some((before, after)) if after.1 < before.0 => Finding::Confirmed,
        Some((before, after)) if after.0 > before.1 => Finding::Refuted,
        _ => Finding::Undecided,
    };
    let flip = named("flip", factor);
    let largest = |g: Option<&Group<'_>>| {
        let cells = g.map_or_else(Vec::new, |g| g.cells(Recovery));
        cells.into_iter().max_by_key(|c| c.t).filter(|c| !c.censored).map(|c| (c.t, c.samples))
    };
    let saved = match (largest(plain), largest(Some(group))) {
        (Some((t, a)), Some((u, b))) if t == u => format!(" At T = {t} it takes {b} samples instead of {a}."),
        _ => String::new(),
    };
    let with = |value: f64| {
        let of = move |r: &&Record| r.algorithm == "prox" && r.further("flip") == Some(value);
        evidence.records.iter().filter(of)
    };
    let count = |value: f64| {
        let (part, whole) = ended(with(value), Status::Mirrored);
        share(part, whole)
    };
    vec![
        Verdict::new(
            format!("Turning models over whose negative entries dominate ({flip}) lowers the exponent of T."),
            finding,
            format!("{} with it, {} without.{saved}", with_interval(after), with_interval(before)),
        )
        .number(after.map(|c| c.estimate), after.and_then(|c| c.interval)),
        Verdict::new(
            format!("With {flip} fewer runs end mirrored."),
            Finding::Measured,
            format!("{} of the runs at any setting with it, {} without.", count(factor), count(0.0)),
        ),
    ]
}

/// The share of mirrored runs against `B / (eta T)`, a colour for each T, and the prediction.
fn probability(cells: &Cells) -> Option<Figure> {
    let mut lengths: Vec<i64> = cells.keys().map(|k| k.1).collect();
    lengths.sort_unstable();
    lengths.dedup();
    let mut drawn = Vec::new();
    let mut legend = Vec::new();
    for (i, &t) in lengths.iter().enumerate() {
        let ink = sequential(i, lengths.len());
        let own: Vec<&Cell> = cells.iter().filter(|(k, _)| k.1 == t).map(|(_, c)| c).collect();
        // Side by side, so that intervals do not hide each other.
        let aside = libm::exp(0.08 * (i as f64 / lengths.len() as f64 - 0.5));
        let point = |c: &&Cell| (aside * c.ratio / c.runs, c.mirrored / c.runs);
        drawn.push(Curve {
            panel: 0,
            ink,
            mark: Mark::of(i),
            points: own.iter().map(point).collect(),
            band: own.iter().map(|c| wilson(c.mirrored / c.runs, c.runs)).collect(),
            bounds: Vec::new(),
        });
        legend.push(Entry { ink, mark: Mark::of(i), text: format!("T = {t}") });
    }
    let mut by_ratio: BTreeMap<i64, Cell> = BTreeMap::new();
    for ((ratio, _), cell) in cells {
        let sum = by_ratio.entry(*ratio).or_default();
        (sum.runs, sum.predicted, sum.ratio) =
            (sum.runs + cell.runs, sum.predicted + cell.predicted, sum.ratio + cell.ratio);
    }
    let points = by_ratio.values().map(|c| (c.ratio / c.runs, c.predicted / c.runs)).collect();
    drawn.push(Curve { panel: 0, ink: BLACK, mark: Mark::Dashes, points, band: Vec::new(), bounds: Vec::new() });
    legend.push(Entry { ink: BLACK, mark: Mark::Dashes, text: "predicted".to_owned() });
    let ratios: Vec<f64> = cells.values().map(|c| c.ratio / c.runs).collect();
    let axes = (
        Axis::logarithmic("B / (η T)", ratios.iter().copied(), 1.2, 6),
        Axis::linear("share of runs that are mirrored", 0.0, 0.5, &[0.0, 0.1, 0.2, 0.3, 0.4, 0.5]),
    );
    let svg = curves(axes, (1, 200), legend, vec![String::new()], &drawn)?;
    Some(Figure {
        name: "claim_mirrored".to_owned(),
        title: "How often runs grow into the mirrored solution".to_owned(),
        caption: format!(
            "Share of mirrored runs, with 95 % intervals, against B/(η T). Dashes: Φ(-z), averaged over the tasks of these runs; nothing is fitted. {}",
            two(cells.values().map(|c| c.runs).sum()).trim_end_matches(".00").to_owned() + " runs."
        ),
        svg,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::Analysis;
    use crate::needed::Question;
    use crate::record::OPTIONAL;
    use crate::record::tests::record;

    /// Records with a known probability of being mirrored, whatever T; the runs are as many as that, or a third more.
    fn records(excess: f64) -> Vec<Record> {
        let at = OPTIONAL.iter().position(|(name, ..)| *name == "predicted_mirrored").unwrap();
        let mut records = Vec::new();
        for t in [64, 128, 256] {
            for (batch, p) in [(1, 0.3), (2, 0.2), (4, 0.1)] {
                for replicate in 0..200 {
                    let mirrored = (replicate as f64) < excess * p * 200.0 + f64::from(t == 64) - f64::from(t == 256);
                    let mut r = record(3, 2, t, replicate, (!mirrored).then_some(10 * t));
                    r.batch_size = batch * t / 16;
                    r.status = if mirrored { Status::Mirrored } else { Status::Recovered };
                    r.measures.as_mut().unwrap().optional[at] = Some(p);
                    records.push(r);
                }
            }
        }
        records
    }

    #[test]
    fn shares_that_agree_pass_and_shares_that_do_not_fail() {
        for (excess, finding) in [(1.0, Finding::Confirmed), (1.34, Finding::Refuted)] {
            let records = records(excess);
            let question = Question { quantile: 0.5, conditions: Vec::new(), tuned: Vec::new() };
            let analysis = Analysis::of(&records, question);
            let evidence = Evidence::new(&analysis, &records, &[], &[]);
            let section = section(&evidence);
            assert_eq!(section.verdicts[0].finding, Finding::Confirmed, "{:?}", section.verdicts[0]);
            assert_eq!(section.verdicts[1].finding, finding, "{:?}", section.verdicts[1]);
            assert!(section.figures[0].svg.contains("T = 256"));
        }
    }

    /// By hand: shares 10/100 and 30/100 of a pooled 0.2 give 2 (10^2 / 16) = 12.5 with one degree of freedom.
    #[test]
    fn the_statistic_is_pearsons() {
        let cell = |mirrored: f64| Cell { runs: 100.0, mirrored, ..Cell::default() };
        let cells = Cells::from([((0, 64), cell(10.0)), ((0, 128), cell(30.0)), ((5, 64), cell(1.0))]);
        let (statistic, freedom) = homogeneity(&cells);
        assert!((statistic - 12.5).abs() < 1e-12 && freedom == 1);
        assert!((p_value((3.841_458_8, 1)).unwrap() - 0.05).abs() < 1e-6 && p_value((0.0, 0)).is_none());
    }
}
