//! Softmax attention beside linear attention, on the same tasks.

use plotters::style::BLACK;

use super::evidence::{Evidence, Matrices, Wanted, median_of, records_of};
use super::growth::{common_pair, exponent, needed_figure, series, with_interval};
use super::shares::Share;
use super::verdict::{ExaminedClaim, Finding, Verdict};
use crate::analysis::Milestone::Recovery;
use crate::analysis::{Bout, Needed, Overall, ends, two};
use crate::figure::panels::{Axis, Entry, Mark};
use crate::figure::{Figure, PlottedCurve, Traced, categorical, curves, matrices, quantiles, round_ticks};
use crate::record::{
    ALGORITHM_1, ALPHA_A, ALPHA_V, ATTENTION_ERROR, LINEAR_SGD, LOSS, Record, SOFTMAX_ADAM, SOFTMAX_SGD, Status,
    TRACED, TracePoint, VALUE_ERROR,
};

/// The algorithms that are compared, and how a reader knows them.
const COMPARED: [(&str, &str); 4] = [
    (ALGORITHM_1, "linear, Algorithm 1"),
    (LINEAR_SGD, "linear, SGD"),
    (SOFTMAX_SGD, "softmax, SGD"),
    (SOFTMAX_ADAM, "softmax, Adam"),
];

/// Runs whose curves are shown, of each algorithm.
const CURVES: usize = 12;

/// The cosine of a factor with the truth, from its correlation and its relative error:
/// `|U|^2 = e^2 - 1 + 2 alpha` in units of the truth.
fn cosine(alpha: f64, error: f64) -> f64 {
    let square = error * error - 1.0 + 2.0 * alpha;
    // At the start there is no direction yet.
    if square > 1e-9 { alpha / square.sqrt() } else { 0.0 }
}

/// The cell of an algorithm at the shortest or the longest T.
fn cell<'e>(evidence: &'e Evidence<'_>, algorithm: &str, longest: bool) -> Option<&'e Needed> {
    let cells = evidence.analysis.needed.iter().filter(|c| c.milestone == Recovery && c.algorithm == algorithm);
    if longest { cells.max_by_key(|c| c.t) } else { cells.min_by_key(|c| c.t) }
}

/// Traces of the longest sequences, and what one task of the shortest taught every algorithm.
pub(super) fn wanted(evidence: &Evidence<'_>) -> Vec<Wanted> {
    let mut wanted = Vec::new();
    for (algorithm, _) in COMPARED {
        let longest = cell(evidence, algorithm, true).map_or_else(Vec::new, |c| records_of(evidence, c).collect());
        wanted.extend(longest.iter().take(CURVES).map(|r| Wanted { job_id: r.job_id.clone(), matrices: false }));
    }
    let shortest: Vec<Vec<&Record>> = COMPARED
        .iter()
        .filter_map(|(a, _)| cell(evidence, a, false))
        .map(|c| records_of(evidence, c).collect())
        .collect();
    // A replicate is the same task for all; the first that most of them recovered.
    let count = |replicate: i64| {
        shortest.iter().flatten().filter(|r| r.replicate == replicate && r.status == Status::Recovered).count()
    };
    let replicates: std::collections::BTreeSet<i64> = shortest.iter().flatten().map(|r| r.replicate).collect();
    let best = replicates.into_iter().max_by_key(|&r| (count(r), -r));
    let of_best = shortest.iter().flatten().filter(|r| Some(r.replicate) == best);
    wanted.extend(of_best.map(|r| Wanted { job_id: r.job_id.clone(), matrices: true }));
    wanted
}

pub(super) fn examine(evidence: &Evidence<'_>) -> ExaminedClaim {
    let mut verdicts = Vec::new();
    for (algorithm, name) in COMPARED {
        let Some(cell) = cell(evidence, algorithm, true) else { continue };
        // Of one cell, so every replicate is a task of its own.
        let share = Share::of_independent(cell.reached as usize, cell.replicates as usize);
        let bounds = share.map(|share| share.interval);
        verdicts.push(
            Verdict::new(
                format!("{name}: learns P and Q."),
                Finding::of_range(bounds, (0.5, 1.0)),
                format!(
                    "At T = {}: {} of the runs recovered, at settings chosen without them{}. It \
                     holds if more than half do, by Wilson's interval.",
                    cell.t,
                    share.map_or_else(|| "none".to_owned(), |share| share.to_string()),
                    cosines(evidence, algorithm)
                ),
            )
            .number("share of runs", share.map(|share| share.of), bounds)
            .resting_on([cell]),
        );
    }
    verdicts.push(faster(evidence));
    for (algorithm, name) in COMPARED {
        let Some(group) = evidence.group(algorithm, &[]) else { continue };
        let found = exponent(Some(group), Recovery);
        verdicts.push(
            Verdict::new(
                format!("{name}: the samples to recovery grow as a power of T."),
                Finding::Measured,
                format!("Exponent of T: {}.", with_interval(found)),
            )
            .coefficient("exponent of T", found),
        );
    }
    let lines: Vec<_> = COMPARED.iter().filter_map(|(a, name)| Some((*name, Some(evidence.group(a, &[])?)))).collect();
    let pair = common_pair(&lines.iter().map(|(_, group)| (*group, Recovery)).collect::<Vec<_>>());
    let lines: Vec<_> = lines.into_iter().map(|(name, group)| series(name.to_owned(), group, Recovery, pair)).collect();
    let needed = needed_figure(
        "softmax_needed",
        "Samples that recovery takes, linear and softmax".to_owned(),
        "Samples by which the runs have recovered, each algorithm at hyperparameters chosen on \
         other replicates from its own grid. Open marks with an arrow: lower bounds."
            .to_owned(),
        &lines,
    );
    let pictures = [needed, training(evidence), patterns(evidence), values(evidence)];
    ExaminedClaim {
        title: "Softmax attention",
        text: "Ren, Wang and Lee compare linear attention with softmax attention by attention \
               pattern, value matrix and loss. Both are trained on the same tasks here. For \
               softmax the optimiser is SGD or Adam; batch, step size and the step of the logits \
               relative to that of V are chosen for each algorithm and length, and judged on other \
               runs, whose tasks and samples are others.",
        verdicts,
        figures: pictures.into_iter().flatten().collect(),
        notes: vec![
            "Algorithm 1 knows mu and projects on the constraints; SGD and Adam do not.".to_owned(),
            "Cosines are of the centred factors, in the inner product weighted by mu.".to_owned(),
        ],
    }
}

/// Median cosines of both factors with the truth when the budget is spent, of the runs whose curves
/// are shown.
fn cosines(evidence: &Evidence<'_>, algorithm: &str) -> String {
    let last = || {
        let longest = evidence.records.iter().map(|r| r.t).max();
        let own = evidence
            .traces
            .iter()
            .filter(move |t| t.record.algorithm == algorithm && !t.noiseless && Some(t.record.t) == longest);
        own.filter_map(|t| t.points.last())
    };
    let value = median_of(last().map(|p| cosine(p.values[ALPHA_V], p.values[VALUE_ERROR])));
    let attention = median_of(last().map(|p| cosine(p.values[ALPHA_A], p.values[ATTENTION_ERROR])));
    value.zip(attention).map_or_else(String::new, |(v, a)| {
        format!("; after the whole budget the median cosine of V with P is {}, of A with Q {}", two(v), two(a))
    })
}

/// Which of linear and softmax needs fewer samples, by the mean ratio over the lengths that both
/// have. A single length would not do: its settings were chosen once, and the interval of its ratio
/// is that of the runs at these settings. The scatter of the ratios of several lengths holds what
/// another choice would have changed.
fn faster(evidence: &Evidence<'_>) -> Verdict {
    const STATEMENT: &str = "Linear attention by Algorithm 1 needs no more samples than softmax \
         attention by its better optimiser.";
    let analysis = evidence.analysis;
    let is_compared = |bout: &&Bout| {
        let algorithms = (bout.compared.algorithm.as_str(), bout.reference.algorithm.as_str());
        bout.milestone == Recovery && matches!(algorithms, (SOFTMAX_SGD | SOFTMAX_ADAM, ALGORITHM_1))
    };
    let compared: Vec<&Bout> = analysis.bouts.iter().filter(is_compared).collect();
    let mut found: Vec<(&Bout, &Overall)> =
        compared.iter().filter_map(|bout| Some((*bout, bout.overall.as_ref()?))).collect();
    found.sort_by(|a, b| a.1.ratio.total_cmp(&b.1.ratio));
    let Some((_, better)) = found.first() else {
        return Verdict::new(STATEMENT, Finding::Undecided, "There is no length at which both recover.");
    };
    // It takes one optimiser to need fewer samples than linear attention, and both to need more.
    let fewer = |overall: &Overall| scattered(overall).is_some_and(|(_, high)| high < 1.0);
    // An optimiser that is known by lower bounds only needs more if each of them says so.
    let more = |bout: &&Bout| match &bout.overall {
        Some(overall) => scattered(overall).is_some_and(|(low, _)| low > 1.0),
        None => bout.cells.iter().all(|cell| cell.low.is_some_and(|low| low > 1.0)),
    };
    let bounded = compared.iter().filter(|bout| bout.overall.is_none());
    let bounded = bounded.map(|bout| format!("{} only by lower bounds", bout.compared.algorithm));
    let of_each: Vec<String> = found.iter().map(|(bout, overall)| mean_ratio(bout, overall)).chain(bounded).collect();
    let refuting: Vec<&Bout> = found.iter().filter(|(_, overall)| fewer(overall)).map(|(bout, _)| *bout).collect();
    let (finding, decided_by) = if !refuting.is_empty() {
        (Finding::Refuted, refuting)
    } else if compared.iter().all(more) {
        (Finding::Confirmed, compared)
    } else {
        (Finding::Undecided, Vec::new())
    };
    let rests_on = decided_by.iter().flat_map(|bout| &bout.cells).flat_map(|c| [c.compared, c.reference]);
    Verdict::new(
        STATEMENT,
        finding,
        format!(
            "Samples in units of those of prox, mean over T: {}. It fails if the 95 % interval of one \
             optimiser, from the scatter between lengths, lies below 1, and holds if those of all lie above.",
            of_each.join("; ")
        ),
    )
    .number("ratio of needed samples, mean over T", Some(better.ratio), scattered(better))
    .resting_on(rests_on.map(|row| &analysis.needed[row]))
}

/// The interval of a mean ratio by the scatter between lengths, which a single one does not have.
fn scattered(overall: &Overall) -> Option<(f64, f64)> {
    overall.interval.filter(|_| overall.cells > 1)
}

/// `softmax_adam 0.54 [0.38, 0.75], exponent of T -0.21 [-0.55, 0.14]`, and how many lengths only bound it.
fn mean_ratio(bout: &Bout, overall: &Overall) -> String {
    let interval = scattered(overall).map_or_else(|| " [open]".to_owned(), |interval| ends(Some(interval)));
    let exponent =
        overall.exponent.map(|(exponent, bounds)| format!(", exponent of T {}{}", two(exponent), ends(Some(bounds))));
    let bounds = match overall.bounds {
        0 => String::new(),
        bounds => format!(", {bounds} of {} lengths only bound it", overall.cells),
    };
    format!("{} {}{interval}{}{bounds}", bout.compared.algorithm, two(overall.ratio), exponent.unwrap_or_default())
}

/// Loss and cosines over samples at the longest T.
fn training(evidence: &Evidence<'_>) -> Option<Figure> {
    let of = |algorithm: &'static str, noiseless: bool| {
        let longest = evidence.records.iter().map(|r| r.t).max();
        evidence.traces.iter().filter(move |t| {
            t.record.algorithm == algorithm
                && t.noiseless == noiseless
                && Some(t.record.t) == longest
                && t.points.len() > 1
        })
    };
    let last_samples =
        COMPARED.iter().flat_map(|(a, _)| of(a, false)).filter_map(|t| t.points.last()).map(|p| p.samples).max()?
            as f64;
    let (mut drawn, mut legend) = (Vec::new(), Vec::new());
    let mut add = |runs: &[&Traced], ink, mark| {
        for panel in 0..3 {
            let values: Vec<Vec<TracePoint>> = runs.iter().map(|t| with_number(t, panel)).collect();
            let values: Vec<&[TracePoint]> = values.iter().map(Vec::as_slice).collect();
            let read = quantiles(&values, last_samples, |point| point.values[0]);
            drawn.push(PlottedCurve::of_quantiles(panel, (ink, mark), &read, 1.0));
        }
    };
    for (i, (algorithm, name)) in COMPARED.iter().enumerate() {
        let runs: Vec<&Traced> = of(algorithm, false).collect();
        if !runs.is_empty() {
            add(&runs, categorical(i), Mark::Line);
            legend.push(Entry { ink: categorical(i), mark: Mark::Line, text: (*name).to_owned() });
        }
    }
    let noiseless: Vec<&Traced> = of(ALGORITHM_1, true).collect();
    if !noiseless.is_empty() {
        add(&noiseless, BLACK, Mark::Dashes);
        legend.push(Entry { ink: BLACK, mark: Mark::Dashes, text: "Algorithm 1 without noise".to_owned() });
    }
    let axes = (
        Axis::linear(
            "samples",
            0.0,
            last_samples,
            &round_ticks(last_samples)[..2.min(round_ticks(last_samples).len())],
        ),
        Axis::linear("excess loss, cosine", 0.0, 1.2, &[0.0, 0.5, 1.0]),
    );
    let panels = vec!["excess loss".to_owned(), "cosine of V and P".to_owned(), "cosine of A and Q".to_owned()];
    let svg = curves(axes, (3, 150), legend, panels, &drawn)?;
    let t = of(ALGORITHM_1, false).next().map_or(0, |t| t.record.t);
    Some(Figure {
        name: "claim_softmax_training".to_owned(),
        title: format!("Loss and cosines at T = {t}"),
        caption: "Medians of runs at the chosen hyperparameters, with bands from the 10 % to the \
                  90 % quantile. The loss is expected, 0 at the truth and 1 at the uninformative \
                  start. Runs go on after recovery until their budget is spent."
            .to_owned(),
        svg,
    })
}

/// A trace with one number a point: the relative excess of the loss, or a cosine.
fn with_number(traced: &Traced, panel: usize) -> Vec<TracePoint> {
    let Some(measures) = &traced.record.measures else { return Vec::new() };
    let start = traced.points.first().map_or(f64::NAN, |p| p.values[LOSS]);
    // On the population path the loss at the truth is less than at the start, by
    // K_P (K_Q + 1/T) / 2.
    let depth = 0.5 * measures.k_p * (measures.k_q + 1.0 / traced.record.t as f64);
    let number = |p: &TracePoint| match panel {
        0 => 1.0 + (p.values[LOSS] - start) / depth,
        1 => cosine(p.values[ALPHA_V], p.values[VALUE_ERROR]),
        _ => cosine(p.values[ALPHA_A], p.values[ATTENTION_ERROR]),
    };
    traced.points.iter().map(|p| TracePoint { values: [number(p); TRACED.len()], ..p.clone() }).collect()
}

fn patterns(evidence: &Evidence<'_>) -> Option<Figure> {
    let first = evidence.matrices.first()?;
    let mut shown = vec![("truth".to_owned(), &first.attention[0])];
    shown.extend(named(evidence).map(|(name, m)| (name, &m.attention[1])));
    let svg = matrices("position t", &format!("query token 1 to {}", first.record.n), 2, &shown)?;
    Some(Figure {
        name: "claim_softmax_attention".to_owned(),
        title: format!("Attention patterns at T = {}", first.record.t),
        caption: format!(
            "Weight of each position for each query token at the end of one run of each algorithm, \
             on the same task (replicate {}). Weights of linear attention and its V are known up \
             to a common scale.",
            first.record.replicate
        ),
        svg,
    })
}

fn values(evidence: &Evidence<'_>) -> Option<Figure> {
    let first = evidence.matrices.first()?;
    let mut shown = vec![("P".to_owned(), &first.value[0])];
    shown.extend(named(evidence).map(|(name, m)| (name, &m.value[1])));
    let svg = matrices("current state", "next state", 3, &shown)?;
    Some(Figure {
        name: "claim_softmax_values".to_owned(),
        title: "Value matrices".to_owned(),
        caption: "P and the V of the same runs. Rows: next state, columns: current state, both from 1.".to_owned(),
        svg,
    })
}

fn named<'e>(evidence: &'e Evidence<'_>) -> impl Iterator<Item = (String, &'e Matrices)> {
    evidence.matrices.iter().filter_map(|m| {
        let (_, name) = COMPARED.iter().find(|(algorithm, _)| *algorithm == m.record.algorithm)?;
        Some(((*name).to_owned(), m))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::{Analysis, Edge, Question};
    use crate::record::fixture::record;

    /// Linear attention against two optimisers of softmax: it takes both to confirm, whether they
    /// reach or not, and one to refute; and none at an edge.
    #[test]
    fn the_better_optimiser_is_the_better_of_both() {
        let question = Question { quantile: 0.5, conditions: Vec::new(), tuned: Vec::new() };
        const LENGTHS: [i64; 6] = [32, 64, 128, 256, 512, 1024];
        // Samples that half of the runs need, in units of linear attention's, at each length; `None`:
        // none arrives.
        let within = |adam_budget: i64, sgd: [Option<f64>; 6], adam: [Option<f64>; 6], edge: Option<&str>| {
            let mut records = Vec::new();
            for (algorithm, ratios) in [(ALGORITHM_1, [Some(1.0); 6]), (SOFTMAX_SGD, sgd), (SOFTMAX_ADAM, adam)] {
                for (t, ratio) in LENGTHS.into_iter().zip(ratios) {
                    records.extend((0..40).map(|i| Record {
                        algorithm: algorithm.to_owned(),
                        max_samples: if algorithm == SOFTMAX_ADAM { adam_budget } else { 100_000 },
                        ..record(3, 2, t, i, ratio.map(|ratio| (ratio * (10 * t + i) as f64).round() as i64))
                    }));
                }
            }
            let mut analysis = Analysis::of(&records, question.clone());
            for cell in analysis.needed.iter_mut().filter(|c| Some(c.algorithm.as_str()) == edge) {
                cell.edges.push(Edge { key: "batch_size".to_owned(), value: 16.0, largest: true });
            }
            faster(&Evidence::new(&analysis, &records, &[], &[]))
        };
        let verdict = |sgd, adam, edge| within(100_000, sgd, adam, edge);
        let finding = |sgd, adam, edge| verdict(sgd, adam, edge).finding;
        let about = |ratio: f64| [0.95, 1.04, 1.05, 0.96, 0.98, 1.02].map(|off| Some(ratio * off));
        assert_eq!(finding(about(2.0), about(3.0), None), Finding::Confirmed);
        assert_eq!(finding(about(2.0), about(3.0), Some(SOFTMAX_ADAM)), Finding::Undecided);
        assert_eq!(finding(about(0.5), about(3.0), None), Finding::Refuted);
        assert_eq!(finding(about(0.5), about(3.0), Some(SOFTMAX_ADAM)), Finding::Refuted, "it has no part in that");
        assert_eq!(finding(about(0.5), about(3.0), Some(ALGORITHM_1)), Finding::Undecided);
        assert_eq!(finding(about(1.0), about(3.0), None), Finding::Undecided);
        // One length is far below, the others are not: no verdict from the luck of one choice.
        let lucky = [Some(1.02), Some(0.98), Some(1.01), Some(0.97), Some(1.0), Some(0.3)];
        assert_eq!(finding(lucky, about(3.0), None), Finding::Undecided);
        let only = [Some(0.3), None, None, None, None, None];
        assert_eq!(within(16, about(3.0), only, None).finding, Finding::Undecided);
        // The number is the geometric mean, with an interval that holds it.
        let decided = verdict(about(0.5), about(3.0), None);
        let (estimate, (low, high)) = (decided.estimate.unwrap(), decided.interval.unwrap());
        let mean = 0.5 * (0.95f64 * 1.04 * 1.05 * 0.96 * 0.98 * 1.02).powf(1.0 / 6.0);
        assert!((estimate / mean - 1.0).abs() < 2e-3 && low < mean && mean < high && high < 0.6, "{decided:?}");
        assert!(decided.evidence.contains("softmax 0.50 [0."), "{decided:?}");
        // The records' budget is 100 000 samples: a lower bound of about 10 at T = 1024.
        let bounded = verdict(about(2.0), [Some(2.8), Some(3.1), Some(2.9), Some(3.1), Some(2.8), None], None);
        assert_eq!(bounded.finding, Finding::Confirmed);
        assert!(bounded.evidence.contains("1 of 6 lengths only bound it"), "{bounded:?}");
        assert_eq!(finding(about(2.0), [None; 6], None), Finding::Confirmed, "far above 10 at each length");
        assert!(verdict(about(2.0), [None; 6], None).evidence.contains("; softmax_adam only by lower bounds."));
        assert_eq!(within(16, about(2.0), [None; 6], None).finding, Finding::Undecided, "no bound is above 1");
        assert_eq!(finding([None; 6], [None; 6], None), Finding::Undecided);
    }

    /// A factor `c P + noise` of size d beside P has error `sqrt((1-c)^2 + d^2)` and cosine
    /// `c / sqrt(c^2 + d^2)`.
    #[test]
    fn cosines_follow_from_correlations_and_errors() {
        for (c, d) in [(1.0f64, 0.0f64), (0.5, 0.2), (-1.0, 0.3), (2.0, 1.0)] {
            let error = ((1.0 - c).powi(2) + d * d).sqrt();
            assert!((cosine(c, error) - c / (c * c + d * d).sqrt()).abs() < 1e-12);
        }
        assert_eq!(cosine(0.0, 1.0), 0.0);
    }
}
