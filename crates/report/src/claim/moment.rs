//! The moment estimator beside the gradient methods.

use super::evidence::{Evidence, median_of, runs_of};
use super::growth::{
    at_most_logarithmic, cells_of, common_pair, exponent, log_power, needed_figure, series, smallest_difference,
    with_interval,
};
use super::mixture::mixture_quantile;
use super::verdict::{ExaminedClaim, Finding, Verdict};
use crate::analysis::Milestone::Support;
use crate::analysis::{Needed, two};
use crate::record::{
    ALGORITHM_1, LINEAR_ADAM, LINEAR_SGD, MOMENT_ESTIMATOR, Measures, Record, SOFTMAX_ADAM, SOFTMAX_SGD,
};

/// Algorithms that follow gradients, and how a reader knows them.
const GRADIENTS: [(&str, &str); 5] = [
    (ALGORITHM_1, "Algorithm 1"),
    (LINEAR_SGD, "SGD on linear attention"),
    (LINEAR_ADAM, "Adam on linear attention"),
    (SOFTMAX_SGD, "SGD on softmax attention"),
    (SOFTMAX_ADAM, "Adam on softmax attention"),
];

/// The number of samples at which the mixture of the runs' predicted distributions reaches `level`;
/// `None` if nothing is predicted.
fn predicted(runs: &[(&Record, &Measures)], level: f64) -> Option<f64> {
    let of = |(_, m): &(&Record, &Measures)| {
        Some([m.optional("predicted_support_50")?, m.optional("predicted_support_90")?])
    };
    mixture_quantile(&runs.iter().filter_map(of).collect::<Vec<_>>(), level)
}

pub(super) fn examine(evidence: &Evidence<'_>) -> ExaminedClaim {
    let quantile = evidence.analysis.question.quantile;
    let moment = evidence.group(MOMENT_ESTIMATOR, &[]);
    let found = log_power(moment, Support);
    let mut verdicts = vec![
        Verdict::new(
            "The moment estimator finds the support with a number of samples that grows no faster \
             than ln T.",
            at_most_logarithmic(moment, Support),
            format!(
                "Power of ln T: {}; as a power of T: {}. It holds if the interval of the power of \
                 ln T ends at 1 or below.",
                with_interval(found),
                with_interval(exponent(moment, Support))
            ),
        )
        .seeing(smallest_difference(found))
        .coefficient("power of ln T", found)
        .resting_on(cells_of(&[moment], Support)),
    ];
    for (algorithm, name) in GRADIENTS {
        let Some(group) = evidence.group(algorithm, &[]) else { continue };
        let found = exponent(Some(group), Support);
        verdicts.push(
            Verdict::new(
                format!("{name} needs a number of samples for it that grows as a power of T between 0 and 1."),
                between_zero_and_one(found.and_then(|c| c.interval)),
                format!(
                    "Exponent of T: {}; as a power of ln T {}. It holds if the interval of the exponent lies \
                     between 0 and 1, and fails if it lies outside.",
                    with_interval(found),
                    with_interval(log_power(Some(group), Support))
                ),
            )
            .seeing(smallest_difference(found))
            .coefficient("exponent of T", found)
            .resting_on(cells_of(&[Some(group)], Support)),
        );
    }
    let cells: Vec<&Needed> = moment.map_or_else(Vec::new, |g| g.cells(Support));
    let predictions: Vec<(&Needed, f64)> =
        cells.iter().filter_map(|c| Some((*c, predicted(&runs_of(evidence, c), quantile)?))).collect();
    verdicts.push(threshold(&predictions));
    let mut shown = vec![(MOMENT_ESTIMATOR, moment)];
    shown.extend(GRADIENTS.iter().filter_map(|(algorithm, name)| Some((*name, Some(evidence.group(algorithm, &[])?)))));
    let pair = common_pair(&shown.iter().map(|(_, group)| (*group, Support)).collect::<Vec<_>>());
    let mut shown: Vec<_> =
        shown.into_iter().map(|(name, group)| series(name.to_owned(), group, Support, pair)).collect();
    shown[0].dashes =
        predictions.iter().filter(|(c, _)| Some((c.n, c.q)) == pair).map(|(c, p)| (c.t as f64, *p)).collect();
    let figure = needed_figure(
        "moment",
        "Samples that the support takes".to_owned(),
        "Samples from which on the Q largest entries of the attention of every query token are the \
         true positions, each algorithm at hyperparameters chosen on other replicates. \
         Dashes: where the chi-square limit puts the threshold of the moment estimator, over the \
         same tasks. Open marks with an arrow: lower bounds."
            .to_owned(),
        &shown,
    );
    ExaminedClaim {
        title: "What gradients pay",
        text: "The moments E[(e_o - mu)(e_t - mu)' | k] vanish at every position that does not \
               matter. To tell Q of them from the noise at T positions should take a number of \
               samples that grows as ln T. Our claim is that gradient methods, which must first \
               find a sign, take a power of T, if less than T itself.",
        verdicts,
        figures: figure.into_iter().collect(),
        notes: Vec::new(),
    }
}

/// Whether an exponent lies between 0 and 1, the ends excluded.
fn between_zero_and_one(interval: Option<(f64, f64)>) -> Finding {
    Finding::of_range(interval, (f64::MIN_POSITIVE, 1.0 - f64::EPSILON))
}

/// Cells that it takes to say anything of the threshold.
const FEWEST_CELLS: usize = 3;

/// The range in which needed over predicted samples lie if the prediction is right.
const AROUND: (f64, f64) = (0.5, 2.0);

/// Needed over predicted samples with the intervals that the replicates of each cell give; tasks of
/// different T are others, so cells are independent. Of a lower bound the interval is open above.
fn threshold(predictions: &[(&Needed, f64)]) -> Verdict {
    let of = |(c, p): &(&Needed, f64)| {
        let high = c.ci_high.filter(|_| !c.censored).map_or(f64::INFINITY, |s| s as f64 / p);
        (c.ci_low.map_or(0.0, |s| s as f64 / p), high)
    };
    let intervals: Vec<(f64, f64)> = predictions.iter().map(of).collect();
    let known: Vec<f64> = predictions.iter().filter(|(c, _)| !c.censored).map(|(c, p)| c.samples as f64 / p).collect();
    let Some(middle) = median_of(known.iter().copied()) else {
        return Verdict::new(THRESHOLD, Finding::Undecided, "No cell has both.");
    };
    let (smallest, largest) = known.iter().fold((f64::MAX, f64::MIN), |(a, b), &k| (a.min(k), b.max(k)));
    let ends = intervals.iter().fold((f64::MAX, f64::MIN), |(a, b), (low, high)| (a.min(*low), b.max(*high)));
    let finding = if intervals.iter().any(|(low, high)| *low > AROUND.1 || *high < AROUND.0) {
        Finding::Refuted
    } else if known.len() >= FEWEST_CELLS && AROUND.0 <= ends.0 && ends.1 <= AROUND.1 {
        Finding::Confirmed
    } else {
        Finding::Undecided
    };
    let high = if ends.1.is_finite() { two(ends.1) } else { "open".to_owned() };
    let bounds = match predictions.len() - known.len() {
        0 => String::new(),
        bounds => format!(", {bounds} more with lower bounds"),
    };
    Verdict::new(
        THRESHOLD,
        finding,
        format!(
            "Needed over predicted: {} to {} in {} cells{bounds}, median {}; the 95 % intervals of \
             the cells reach from {} to {high}. It holds if all of these, of three cells at least, \
             lie between 1/2 and 2, and fails if one lies outside.",
            two(smallest),
            two(largest),
            known.len(),
            two(middle),
            two(ends.0)
        ),
    )
    .number("median of needed over predicted samples", Some(middle), None)
    .resting_on(predictions.iter().map(|(cell, _)| *cell))
}

const THRESHOLD: &str = "The finite-sample threshold of the moment estimator is where the chi-square limit puts it.";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::OPTIONAL;
    use crate::record::fixture::record;

    /// One cell with one replicate says nothing; three with closed intervals around 1 do, and one
    /// that lies beside it refutes.
    #[test]
    fn a_threshold_is_confirmed_by_intervals_of_several_cells() {
        use crate::analysis::{Milestone, Question, needed};
        let question = Question { quantile: 0.5, conditions: Vec::new(), tuned: Vec::new() };
        let cells = |replicates: i64, lengths: &[i64]| -> Vec<Needed> {
            let of = |t: i64| (0..replicates).map(move |i| record(3, 2, t, i, Some(900 + 10 * i)));
            let records: Vec<Record> = lengths.iter().flat_map(|&t| of(t)).collect();
            needed(&records, &question).into_iter().filter(|c| c.milestone == Milestone::Recovery).collect()
        };
        let finding = |cells: &[Needed], predicted: f64| {
            threshold(&cells.iter().map(|c| (c, predicted)).collect::<Vec<_>>()).finding
        };
        assert_eq!(finding(&cells(1, &[64]), 900.0), Finding::Undecided);
        assert_eq!(finding(&cells(1, &[64, 128, 256]), 900.0), Finding::Undecided);
        assert_eq!(finding(&cells(20, &[64, 128]), 1000.0), Finding::Undecided);
        assert_eq!(finding(&cells(20, &[64, 128, 256]), 1000.0), Finding::Confirmed);
        assert_eq!(finding(&cells(20, &[64, 128, 256]), 510.0), Finding::Undecided, "some reach beyond 2");
        assert_eq!(finding(&cells(20, &[64]), 100.0), Finding::Refuted);
        let mut bounded = cells(20, &[64, 128, 256, 512]);
        bounded[3].censored = true;
        assert_eq!(finding(&bounded, 1000.0), Finding::Undecided, "a lower bound is open above");
        let mut edge = cells(20, &[64, 128, 256]);
        edge[0].edges.push(crate::analysis::Edge { key: "batch_size".to_owned(), value: 8.0, largest: false });
        assert_eq!(finding(&edge, 1000.0), Finding::Undecided);
    }

    /// One law: its own quantiles. Two equal shares of laws far apart: the 0.75 quantile is the
    /// median of the upper one.
    #[test]
    fn mixtures_of_predictions_have_their_quantiles() {
        let with = |q50: f64, q90: f64| {
            let mut measures = record(3, 2, 64, 0, Some(1)).measures.unwrap();
            let at = |name: &str| OPTIONAL.iter().position(|measure| measure.name == name).unwrap();
            measures.optional[at("predicted_support_50")] = Some(q50);
            measures.optional[at("predicted_support_90")] = Some(q90);
            measures
        };
        let run = record(3, 2, 64, 0, None);
        let close =
            |found: Option<f64>, expected: f64| assert!((found.unwrap() / expected - 1.0).abs() < 1e-6, "{found:?}");
        let (low, high) = (with(100.0, 150.0), with(1e6, 2e6));
        close(predicted(&[(&run, &low)], 0.5), 100.0);
        close(predicted(&[(&run, &low)], 0.9), 150.0);
        close(predicted(&[(&run, &low), (&run, &high)], 0.75), 1e6);
        assert_eq!(predicted(&[(&run, &record(3, 2, 64, 0, None).measures.unwrap())], 0.5), None);
    }
}
