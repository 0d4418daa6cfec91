//! From a related V: needed samples against the correlation of the two chains.

use plotters::style::BLACK;

use super::evidence::{Evidence, measured, median_of};
use super::growth::{cells_of, exponent, log_power, seen_beyond, smallest_difference, with_interval};
use super::shares::{Share, share_of_tasks};
use super::verdict::{ExaminedClaim, Finding, Verdict};
use crate::analysis::Milestone::Recovery;
use crate::analysis::{Coefficient, Form, Group, Needed, Term, law, two};
use crate::figure::panels::{Axis, Entry, Mark};
use crate::figure::{Figure, GREY, PlottedCurve, curves, sequential};
use crate::record::{ALGORITHM_1, Record, Status, noiseless};

/// The groups of an algorithm from a transferred V, with their theta, ascending.
fn transferred<'e, 'a>(evidence: &'e Evidence<'a>, algorithm: &str) -> Vec<(f64, &'e Group<'a>)> {
    let of =
        |group: &Group<'_>, key: &str| group.conditions.iter().find(|(name, _)| *name == key).map(|(_, value)| *value);
    let groups =
        evidence.groups().iter().filter(|g| g.algorithm == algorithm && of(g, "transfer").is_some_and(|w| w > 0.0));
    let mut groups: Vec<(f64, &Group<'a>)> = groups.filter_map(|g| Some((of(g, "theta")?, g))).collect();
    groups.sort_by(|a, b| a.0.total_cmp(&b.0));
    groups
}

pub(super) fn examine(evidence: &Evidence<'_>) -> ExaminedClaim {
    let groups = transferred(evidence, ALGORITHM_1);
    let scratch = evidence.group(ALGORITHM_1, &[("transfer", 0.0)]);
    let positive: Vec<&(f64, &Group<'_>)> = groups.iter().filter(|(theta, _)| *theta > 0.0).collect();
    let mut verdicts: Vec<Verdict> = positive.iter().map(|(theta, group)| ends(*theta, group, evidence)).collect();
    verdicts.insert(0, threshold(&positive, &verdicts, scratch));
    verdicts.push(falls(&positive, scratch));
    verdicts.extend(saves(&groups, scratch));
    verdicts.push(negative(evidence));
    let figures =
        [needed(&groups, scratch, &transferred(evidence, noiseless()), evidence), exponents(&groups, scratch)];
    let transferred_runs =
        || measured(evidence.records.iter().filter(|r| r.further("transfer").is_some_and(|w| w > 0.0)));
    let error = median_of(transferred_runs().filter_map(|(_, m)| m.optional("source_error")));
    ExaminedClaim {
        title: "Transfer",
        text: "Ren, Wang and Lee claim that a V learned on a related chain spares the first stage, \
               so that the dependence on T vanishes once the correlation θ of the two chains is \
               large enough. Here V comes from a real run on a chain with the same mu and exactly \
               this θ, and of the same strength |P_src c| for every θ of one sign, so that θ alone \
               differs; the downstream run starts in the sparse stage, with fresh attention \
               patterns. What is claimed holds for large T; what is said here holds for the T of \
               this grid.",
        verdicts,
        figures: figures.into_iter().flatten().collect(),
        notes: error
            .map(|e| format!("The pretrained V were within {} of their own P, relative, in the median.", two(e)))
            .into_iter()
            .collect(),
    }
}

/// From this length on the dependence on T is looked at. Shorter sequences are cheap to search on small
/// batches, which takes more for longer ones.
const LONG: i64 = 1024;

/// An exponent of T below this is a dependence that has ended: a quarter of that from scratch, which is
/// about 1.
const ENDED: f64 = 0.25;

/// The cells of long sequences.
fn long_cells<'a>(group: &Group<'a>) -> Vec<&'a Needed> {
    group.cells(Recovery).into_iter().filter(|cell| cell.t >= LONG).collect()
}

/// The exponent of T among long sequences.
fn late_exponent(group: &Group<'_>) -> Option<Coefficient> {
    law(&long_cells(group), Form::Power)?.coefficient(Term::T).filter(Coefficient::is_known)
}

/// The median correlation of V with P when training begins, at this theta.
fn start_correlation(theta: f64, evidence: &Evidence<'_>) -> Option<f64> {
    let own = evidence.records.iter().filter(|r| {
        r.algorithm == ALGORITHM_1
            && r.further("transfer").is_some_and(|w| w > 0.0)
            && r.further("theta").is_some_and(|t| t == theta)
    });
    median_of(measured(own).filter_map(|(_, m)| m.optional("start_alpha_v")))
}

/// Whether the dependence on T has ended at this theta.
fn ends(theta: f64, group: &Group<'_>, evidence: &Evidence<'_>) -> Verdict {
    let found = late_exponent(group);
    let start = start_correlation(theta, evidence)
        .map_or_else(String::new, |a| format!("α_V at the start is {} in the median. ", two(a)));
    let longest = long_cells(group).into_iter().map(|cell| cell.t).max().unwrap_or(LONG);
    Verdict::new(
        format!(
            "At θ = {theta} the dependence on T has ended: the exponent is below {ENDED} from T = {LONG} to {longest}."
        ),
        Finding::of_range(found.and_then(|c| c.interval), (f64::NEG_INFINITY, ENDED)),
        format!(
            "{start}Exponent of T from T = {LONG} on: {}; of all T {}, as a power of ln T {}. It holds if the interval \
             of the first ends below {ENDED}, and fails if it begins above.{}",
            with_interval(found),
            with_interval(exponent(Some(group), Recovery)),
            with_interval(log_power(Some(group), Recovery)),
            seen_beyond(found, ENDED)
        ),
    )
    .coefficient("exponent of T", found)
    .seeing(smallest_difference(found))
    .resting_on(long_cells(group))
}

/// Whether there is a threshold of theta below 1 from which on the dependence on T has ended.
fn threshold(positive: &[&(f64, &Group<'_>)], of_theta: &[Verdict], scratch: Option<&Group<'_>>) -> Verdict {
    let findings: Vec<(f64, Finding)> =
        positive.iter().map(|(theta, _)| *theta).zip(of_theta.iter().map(|v| v.finding)).collect();
    // From the largest theta downwards: so far the claim holds without a gap.
    let holds: Vec<f64> =
        findings.iter().rev().take_while(|(_, f)| *f == Finding::Confirmed).map(|(theta, _)| *theta).collect();
    let mut below_one = findings.iter().filter(|(theta, _)| *theta < 1.0).peekable();
    let refuted_below_one = below_one.peek().is_some() && below_one.all(|(_, f)| *f == Finding::Refuted);
    let threshold = holds.last().copied();
    let finding = match threshold {
        Some(theta) if theta < 1.0 => Finding::Confirmed,
        _ if refuted_below_one => Finding::Refuted,
        _ => Finding::Undecided,
    };
    Verdict::new(
        "Beyond a threshold of θ below 1 the dependence on T has ended.",
        finding,
        format!(
            "{}; from scratch the exponent of T is {}. It holds if the sentence holds from some θ below 1 upwards, and \
             fails if it fails at every θ below 1.",
            match threshold {
                Some(theta) => format!("It has from θ = {theta} on"),
                None => "There is no such θ on the grid".to_owned(),
            },
            with_interval(exponent(scratch, Recovery))
        ),
    )
    .number("smallest such θ", threshold.filter(|theta| *theta < 1.0), None)
    .resting_on(positive.iter().flat_map(|(_, group)| long_cells(group)))
}

/// Whether the exponent of T is smaller at the largest positive theta than from scratch.
fn falls(positive: &[&(f64, &Group<'_>)], scratch: Option<&Group<'_>>) -> Verdict {
    let largest = positive.last().map(|(theta, group)| (*theta, *group));
    let ends = largest
        .and_then(|(theta, group)| Some((theta, exponent(Some(group), Recovery)?, exponent(scratch, Recovery)?)));
    let (finding, text) = match &ends {
        Some((theta, last, from_scratch)) => match (last.interval, from_scratch.interval) {
            (Some(_), Some(_)) => (
                Finding::of_smaller(last.interval, from_scratch.interval),
                format!(
                    "At θ = {theta}: {}; from scratch: {}.",
                    with_interval(Some(*last)),
                    with_interval(Some(*from_scratch))
                ),
            ),
            _ => (Finding::Undecided, "An exponent has no interval.".to_owned()),
        },
        None => (Finding::Undecided, "An exponent is not known.".to_owned()),
    };
    let last = ends.map(|(_, last, _)| last);
    Verdict::new("At the largest θ the exponent of T is smaller than from scratch.", finding, text)
        .coefficient("exponent of T", last)
        .resting_on(cells_of(&[largest.map(|(_, group)| group), scratch], Recovery))
}

/// What each positive theta saves at the largest T from scratch.
fn saves(groups: &[(f64, &Group<'_>)], scratch: Option<&Group<'_>>) -> Option<Verdict> {
    let longest = scratch?.cells(Recovery).into_iter().filter(|cell| !cell.censored).max_by_key(|cell| cell.t)?;
    let (t, samples) = (longest.t, longest.samples);
    let factor = |(theta, g): &(f64, &Group<'_>)| {
        let cell = g.cells(Recovery).into_iter().find(|cell| cell.t == t).filter(|_| *theta > 0.0)?;
        let factor = samples as f64 / cell.samples as f64;
        Some(format!("θ = {theta}: {}{}", if cell.censored { "below " } else { "" }, two(factor)))
    };
    let text: Vec<String> = groups.iter().filter_map(factor).collect();
    Some(Verdict::new(
        format!("At T = {t} transfer saves this factor of samples over training from scratch."),
        Finding::Measured,
        text.join("; ") + ".",
    ))
}

fn negative(evidence: &Evidence<'_>) -> Verdict {
    let of = |sign: fn(f64) -> bool| {
        evidence.records.iter().filter(move |r: &&Record| {
            r.algorithm == ALGORITHM_1
                && r.further("transfer").is_some_and(|w| w > 0.0)
                && r.further("theta").is_some_and(sign)
        })
    };
    let text = format!(
        "Over all settings {} of the runs from negative θ ended mirrored, {} of those from \
         positive θ; intervals resample tasks.",
        share_of_tasks(of(|t| t < 0.0), Status::Mirrored),
        share_of_tasks(of(|t| t > 0.0), Status::Mirrored)
    );
    let share = Share::ended(of(|t| t < 0.0), Status::Mirrored);
    Verdict::new("A V of negative θ leads into the mirrored solution.", Finding::Measured, text).number(
        "share of mirrored runs",
        share.map(|share| share.of),
        share.map(|share| share.interval),
    )
}

/// Needed samples against theta, a curve for each T.
fn needed(
    groups: &[(f64, &Group<'_>)],
    scratch: Option<&Group<'_>>,
    noiseless: &[(f64, &Group<'_>)],
    evidence: &Evidence<'_>,
) -> Option<Figure> {
    let place = |theta: f64| start_correlation(theta, evidence).unwrap_or(theta);
    let of = |groups: &[(f64, &Group<'_>)], t: i64| -> Vec<(f64, i64, bool)> {
        let cell = |(theta, g): &(f64, &Group<'_>)| {
            let cells = g.cells(Recovery);
            cells.iter().find(|c| c.t == t && c.samples > 0).map(|c: &&Needed| (place(*theta), c.samples, c.censored))
        };
        groups.iter().filter_map(cell).collect()
    };
    let mut lengths: Vec<i64> = groups.iter().flat_map(|(_, g)| g.cells(Recovery)).map(|c| c.t).collect();
    lengths.sort_unstable();
    lengths.dedup();
    let (first, last) = (place(groups.first()?.0), place(groups.last()?.0));
    let mut drawn = Vec::new();
    let mut legend = Vec::new();
    for (i, &t) in lengths.iter().enumerate() {
        let ink = sequential(i, lengths.len());
        let own = of(groups, t);
        let curve = |mark, points: Vec<(f64, f64)>, bounds| PlottedCurve {
            panel: 0,
            ink,
            mark,
            points,
            band: Vec::new(),
            bounds,
        };
        let plain = |rows: &[(f64, i64, bool)]| rows.iter().map(|r| (r.0, r.1 as f64)).collect::<Vec<_>>();
        drawn.push(curve(Mark::of(i), plain(&own), own.iter().map(|r| r.2).collect()));
        let reference = scratch.and_then(|g| g.cells(Recovery).into_iter().find(|c| c.t == t && !c.censored));
        if let Some(cell) = reference {
            drawn.push(curve(
                Mark::Dashes,
                vec![(first, cell.samples as f64), (last, cell.samples as f64)],
                Vec::new(),
            ));
        }
        let quiet: Vec<(f64, i64, bool)> = of(noiseless, t).into_iter().filter(|r| !r.2).collect();
        drawn.push(PlottedCurve { ink: GREY, ..curve(Mark::Line, plain(&quiet), Vec::new()) });
        legend.push(Entry { ink, mark: Mark::of(i), text: format!("T = {t}") });
    }
    legend.push(Entry { ink: BLACK, mark: Mark::Dashes, text: "from scratch".to_owned() });
    if !noiseless.is_empty() {
        legend.push(Entry { ink: GREY, mark: Mark::Line, text: "without noise".to_owned() });
    }
    let values: Vec<f64> = drawn.iter().flat_map(|c| c.points.iter().map(|p| p.1)).collect();
    let margin = 0.05 * (last - first).max(0.1);
    let axes = (
        Axis::linear(
            "correlation α_V of V with P at the start",
            first - margin,
            last + margin,
            &[-1.0, -0.5, 0.0, 0.25, 0.5, 0.75, 1.0]
                .into_iter()
                .filter(|t| (first..=last).contains(t))
                .collect::<Vec<_>>(),
        ),
        Axis::logarithmic("samples to recover the truth", values.iter().copied(), 1.35, 6),
    );
    let svg = curves(axes, (1, 210), legend, vec![String::new()], &drawn)?;
    Some(Figure {
        name: "claim_transfer".to_owned(),
        title: "Needed samples against the correlation at the start".to_owned(),
        caption: "Samples by which the runs have recovered when V comes from a related chain, against the median \
                  correlation of V with P at the start, at hyperparameters chosen on other replicates. \
                  Dashes of the same colour: from scratch. Open marks with an arrow: lower bounds, \
                  too few runs recover. Without noise: steps of the population dynamics from the \
                  same start times one batch of the same size for all, in the order of T."
            .to_owned(),
        svg,
    })
}

/// The exponent of T against theta.
fn exponents(groups: &[(f64, &Group<'_>)], scratch: Option<&Group<'_>>) -> Option<Figure> {
    let known: Vec<(f64, f64, (f64, f64))> = groups
        .iter()
        .filter_map(|(theta, g)| exponent(Some(g), Recovery).and_then(|c| Some((*theta, c.estimate, c.interval?))))
        .collect();
    let (first, last) = (known.first()?.0, known.last()?.0);
    if known.len() < 2 {
        return None;
    }
    let ink = sequential(0, 1);
    let curve = |mark, ink, points: Vec<(f64, f64)>, band| PlottedCurve {
        panel: 0,
        ink,
        mark,
        points,
        band,
        bounds: Vec::new(),
    };
    let mut drawn =
        vec![curve(Mark::Disc, ink, known.iter().map(|k| (k.0, k.1)).collect(), known.iter().map(|k| k.2).collect())];
    if let Some(c) = exponent(scratch, Recovery) {
        drawn.push(curve(
            Mark::Line,
            GREY,
            vec![(first, c.estimate), (last, c.estimate)],
            c.interval.map_or_else(Vec::new, |i| vec![i, i]),
        ));
    }
    drawn.push(curve(Mark::Dashes, BLACK, vec![(first, 0.0), (last, 0.0)], Vec::new()));
    let highest = known.iter().map(|k| k.2.1).chain([1.2]).fold(0.0, f64::max);
    let lowest = known.iter().map(|k| k.2.0).chain([-0.1]).fold(0.0, f64::min);
    let axes = (
        Axis::linear(
            "correlation θ of the two chains",
            first - 0.05,
            last + 0.05,
            &[0.25, 0.5, 0.75, 1.0].into_iter().filter(|t| (first..=last).contains(t)).collect::<Vec<_>>(),
        ),
        Axis::linear("exponent of T", lowest, highest, &[0.0, 0.5, 1.0]),
    );
    let legend = vec![
        Entry { ink, mark: Mark::Disc, text: "transferred".to_owned() },
        Entry { ink: GREY, mark: Mark::Line, text: "from scratch".to_owned() },
    ];
    let svg = curves(axes, (1, 150), legend, vec![String::new()], &drawn)?;
    Some(Figure {
        name: "claim_transfer_exponent".to_owned(),
        title: "The exponent of T against θ".to_owned(),
        caption: "Exponent of T of the samples to recovery, with 95 % intervals; θ at which it is \
                  not known are left out. Line without marks: from scratch, with its interval. \
                  Dashes: no dependence on T."
            .to_owned(),
        svg,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::{Analysis, Question};
    use crate::record::fixture::record;

    /// Of the largest theta no exponent is known, as hardly a run recovers there: that of a smaller
    /// one is no answer.
    #[test]
    fn the_largest_theta_is_judged_and_no_other() {
        let conditions = vec!["transfer".to_owned(), "theta".to_owned()];
        let question = Question { quantile: 0.9, conditions, tuned: Vec::new() };
        let finding = |at_one: fn(i64, i64) -> Option<i64>| {
            let mut records = Vec::new();
            for t in [64, 128, 256, 512, 1024] {
                let of = |transfer: f64, theta: f64, needs: &dyn Fn(i64) -> Option<i64>| {
                    let further = vec![("transfer".to_owned(), transfer), ("theta".to_owned(), theta)];
                    (0..4)
                        .map(|i| Record { further: further.clone(), ..record(3, 2, t, i, needs(i)) })
                        .collect::<Vec<_>>()
                };
                let wiggle = t / 64 % 3;
                records.extend(of(0.0, 1.0, &|_| Some(100 * t + wiggle)));
                records.extend(of(0.9, 0.5, &|_| Some(1000 + 10 * wiggle)));
                records.extend(of(0.9, 1.0, &|_| at_one(t, wiggle)));
            }
            let analysis = Analysis::of(&records, question.clone());
            let evidence = Evidence::new(&analysis, &records, &[], &[]);
            falls(
                &transferred(&evidence, ALGORITHM_1).iter().collect::<Vec<_>>(),
                evidence.group(ALGORITHM_1, &[("transfer", 0.0)]),
            )
            .finding
        };
        assert_eq!(finding(|_, wiggle| Some(900 + 10 * wiggle)), Finding::Confirmed);
        assert_eq!(finding(|t, _| (t == 64).then_some(900)), Finding::Undecided);
    }
}
