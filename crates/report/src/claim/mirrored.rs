//! How often runs grow into the mirrored solution, and what turning them over does.

use std::collections::{BTreeMap, BTreeSet};

use plotters::style::BLACK;
use statrs::distribution::{ChiSquared, ContinuousCDF};

use super::evidence::{
    Evidence, common_pair, ended, exponent, measured, named, needed_figure, series, share, with_interval,
};
use super::{Finding, Section, Verdict};
use crate::analysis::{Group, two};
use crate::figure::panels::{Axis, Entry, Mark};
use crate::figure::{Curve, Figure, curves, sequential};
use crate::needed::Key;
use crate::needed::Milestone::Recovery;
use crate::record::PROX;
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

/// By ratio (in steps of 10 %), T and eta.
type Cells = BTreeMap<(i64, i64, Key), Cell>;

impl Cell {
    fn add(&mut self, other: &Self) {
        self.runs += other.runs;
        self.mirrored += other.mirrored;
        self.diverged += other.diverged;
        self.predicted += other.predicted;
        self.variance += other.variance;
        self.ratio += other.ratio;
    }
}

/// Of one N and Q, the smallest: others have other tasks.
fn cells(evidence: &Evidence<'_>) -> Cells {
    let plain = |r: &&Record| r.algorithm == PROX && r.further("flip").is_none_or(|f| f == 0.0);
    let pair = evidence.records.iter().filter(plain).map(|r| (r.n, r.q)).min();
    let mut cells = Cells::new();
    for (record, measures) in measured(evidence.records.iter().filter(plain).filter(|r| Some((r.n, r.q)) == pair)) {
        let Some(p) = measures.optional("predicted_mirrored") else { continue };
        let ratio = record.batch_size as f64 / (record.eta_boost * record.t as f64);
        let key = ((libm::log(ratio) / 0.1).round() as i64, record.t, Key(record.eta_boost));
        let is = |status: Status| f64::from(u8::from(record.status == status));
        cells.entry(key).or_default().add(&Cell {
            runs: 1.0,
            mirrored: is(Status::Mirrored),
            diverged: is(Status::Diverged),
            predicted: p,
            variance: p * (1.0 - p),
            ratio,
        });
    }
    cells.retain(|_, cell| cell.diverged <= MOST_DIVERGED * cell.runs);
    cells
}

/// Cells put together by some part of their key.
fn together<K: Ord>(cells: &Cells, key: impl Fn(&(i64, i64, Key)) -> K) -> BTreeMap<K, Cell> {
    let mut sums: BTreeMap<K, Cell> = BTreeMap::new();
    cells.iter().for_each(|(place, cell)| sums.entry(key(place)).or_default().add(cell));
    sums
}

/// Whether the shares of each ratio are the same for all T and eta: Pearson's statistic, its degrees of freedom.
fn homogeneity(cells: &Cells) -> (f64, usize) {
    let pooled = together(cells, |k| k.0);
    let (mut statistic, mut freedom) = (0.0, 0);
    for (ratio, sum) in &pooled {
        let p = sum.mirrored / sum.runs;
        let own: Vec<&Cell> = cells.iter().filter(|(k, _)| k.0 == *ratio).map(|(_, c)| c).collect();
        // The limit of the test needs some events in each cell.
        if own.len() < 2 || own.iter().any(|c| c.runs * p.min(1.0 - p) < 3.0) {
            continue;
        }
        statistic += own.iter().map(|c| (c.mirrored - c.runs * p).powi(2) / (c.runs * p * (1.0 - p))).sum::<f64>();
        freedom += own.len() - 1;
    }
    (statistic, freedom)
}

/// Of each length and of each eta, how many runs were mirrored over how many would have been at the shares of all together, with a 95 % interval.
fn against_all(cells: &Cells) -> Vec<(f64, (f64, f64))> {
    let pooled = together(cells, |k| k.0);
    let expected = |of: &dyn Fn(&(i64, i64, Key)) -> bool| {
        let own = cells.iter().filter(|(k, _)| of(k));
        let (seen, mean, variance) = own.fold((0.0, 0.0, 0.0), |(seen, mean, variance), (k, c)| {
            let p = pooled.get(&k.0).map_or(0.0, |sum| sum.mirrored / sum.runs);
            (seen + c.mirrored, mean + c.runs * p, variance + c.runs * p * (1.0 - p))
        });
        ratio_of(seen, mean, variance)
    };
    let lengths: BTreeSet<i64> = cells.keys().map(|k| k.1).collect();
    let steps: BTreeSet<Key> = cells.keys().map(|k| k.2).collect();
    let by_length = lengths.iter().map(|t| expected(&|k| k.1 == *t));
    by_length.chain(steps.iter().map(|eta| expected(&|k| k.2 == *eta))).collect()
}

/// A count over its expectation, with the 95 % interval that its variance gives.
fn ratio_of(seen: f64, mean: f64, variance: f64) -> (f64, (f64, f64)) {
    let half = 1.96 * variance.sqrt();
    (seen / mean, ((seen - half) / mean, (seen + half) / mean))
}

/// Whether the predicted probabilities are the true ones: the sum of squared standardised differences, its degrees of freedom.
fn calibration(cells: &Cells) -> (f64, usize) {
    let told = cells.values().filter(|c| c.variance >= 3.0);
    told.fold((0.0, 0), |(sum, n), c| (sum + (c.mirrored - c.predicted).powi(2) / c.variance, n + 1))
}

fn p_value((statistic, freedom): (f64, usize)) -> Option<f64> {
    Some(ChiSquared::new(freedom as f64).ok().filter(|_| freedom > 0)?.sf(statistic))
}

/// Not to be rejected is not enough: the ratios must be known to lie near 1.
fn tested(p: Option<f64>, ratios: &[(f64, (f64, f64))], (low, high): (f64, f64)) -> Finding {
    match p {
        Some(p) if p < LEVEL => Finding::Refuted,
        Some(_) if !ratios.is_empty() && ratios.iter().all(|(_, i)| low <= i.0 && i.1 <= high) => Finding::Confirmed,
        _ => Finding::Undecided,
    }
}

pub(super) fn section(evidence: &Evidence<'_>) -> Section {
    let cells = cells(evidence);
    let (same, right) = (homogeneity(&cells), calibration(&cells));
    let all = together(&cells, |_| ()).into_values().next().unwrap_or_default();
    let total = ratio_of(all.mirrored, all.predicted, all.variance);
    let apart = if all.mirrored > 0.0 { against_all(&cells) } else { Vec::new() };
    let (least, most) = apart.iter().fold((f64::MAX, f64::MIN), |(a, b), (_, i)| (a.min(i.0), b.max(i.1)));
    let shown = |(statistic, freedom): (f64, usize)| {
        let p = p_value((statistic, freedom)).map_or_else(|| "-".to_owned(), |p| format!("{p:.2}"));
        format!("chi-square {statistic:.1} with {freedom} degrees of freedom, p = {p}")
    };
    let span = if apart.is_empty() {
        String::new()
    } else {
        format!(
            " Each T and each η has between {} and {} times as many mirrored runs as all together, by the ends of their 95 % intervals.",
            two(least),
            two(most)
        )
    };
    let mut verdicts = vec![
        Verdict::new(
            "The probability of a mirrored run depends on batch, step and length through B/(η T) only.",
            tested(p_value(same), &apart, (0.5, 2.0)),
            format!(
                "Shares at equal B/(η T) for all T and η: {}.{span} It fails below p = {LEVEL}, and holds if those lie between 1/2 and 2.",
                shown(same)
            ),
        )
        .number(p_value(same), None),
        Verdict::new(
            "It is Φ(-z) with z = (K_P / √W) √(B (2+η) / (η T)), as a Gaussian argument predicts, without a free parameter.",
            tested(p_value(right), &[total], (0.8, 1.25)),
            format!(
                "Of {} runs {} were mirrored, {:.0} predicted, a ratio of {} [{}, {}]; cell by cell: {}. It fails below p = {LEVEL}, and holds if the ratio lies between 0.8 and 1.25.",
                all.runs,
                all.mirrored,
                all.predicted,
                two(total.0),
                two(total.1.0),
                two(total.1.1),
                shown(right)
            ),
        )
        .number(Some(total.0).filter(|x| x.is_finite()), Some(total.1).filter(|i| i.0.is_finite())),
    ];
    let plain = evidence.group(PROX, &[("flip", 0.0)]);
    let flipping: Vec<(f64, &Group<'_>)> = evidence
        .groups()
        .iter()
        .filter(|g| g.algorithm == PROX)
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
    let finding = Finding::of_smaller(after.and_then(|c| c.interval), before.and_then(|c| c.interval));
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
        let of = move |r: &&Record| r.algorithm == PROX && r.further("flip") == Some(value);
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
    let by_length = together(cells, |k| (k.1, k.0));
    let mut lengths: Vec<i64> = cells.keys().map(|k| k.1).collect();
    lengths.sort_unstable();
    lengths.dedup();
    let mut drawn = Vec::new();
    let mut legend = Vec::new();
    for (i, &t) in lengths.iter().enumerate() {
        let ink = sequential(i, lengths.len());
        let own: Vec<&Cell> = by_length.iter().filter(|(k, _)| k.0 == t).map(|(_, c)| c).collect();
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
    let by_ratio = together(cells, |k| k.0);
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
        let eta = Key(0.1);
        let cells = Cells::from([((0, 64, eta), cell(10.0)), ((0, 128, eta), cell(30.0)), ((5, 64, eta), cell(1.0))]);
        let (statistic, freedom) = homogeneity(&cells);
        assert!((statistic - 12.5).abs() < 1e-12 && freedom == 1);
        // T = 64: 11 of 20 + 1; T = 128: 30 of 20.
        let found: Vec<f64> = against_all(&cells).iter().map(|(ratio, _)| *ratio).collect();
        assert!(
            (found[0] - 11.0 / 21.0).abs() < 1e-12 && (found[1] - 1.5).abs() < 1e-12 && (found[2] - 1.0).abs() < 1e-12
        );
        // Few runs confirm nothing.
        let wide = [(1.0, (0.2, 1.8))];
        assert_eq!(tested(Some(0.5), &wide, (0.5, 2.0)), Finding::Undecided);
        assert_eq!(
            (tested(Some(0.001), &wide, (0.0, 2.0)), tested(None, &wide, (0.0, 2.0))),
            (Finding::Refuted, Finding::Undecided)
        );
        assert!((p_value((3.841_458_8, 1)).unwrap() - 0.05).abs() < 1e-6 && p_value((0.0, 0)).is_none());
    }
}
