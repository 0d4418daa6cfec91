//! How often runs grow into the mirrored solution, and what a sign flip of both factors does.

use super::probability::probability;
use super::runs::{MAX_DIVERGED_SHARE, PredictedRun, PredictedRuns, runs};
use crate::analysis::Group;
use crate::analysis::Milestone::Recovery;
use crate::claim::agreement::Agreement;
use crate::claim::agreement_rule::{Agreeing, too_few, unseen};
use crate::claim::evidence::Evidence;
use crate::claim::growth::{cells_of, common_pair, exponent, named, needed_figure, series, with_interval};
use crate::claim::shares::share_of_tasks;
use crate::claim::verdict::{ExaminedClaim, Finding, Verdict};
use crate::record::{ALGORITHM_1, FLIP, Record, Status};

/// A sentence of agreement over groups, each with its ratio.
fn agreeing(
    statement: &str,
    rule: Agreeing,
    groups: &[(String, Agreement)],
    what: &str,
    runs: &PredictedRuns,
) -> Verdict {
    let all: Vec<Agreement> = groups.iter().map(|(_, a)| *a).collect();
    let effect = unseen(&all);
    let would = effect.map_or_else(String::new, |e| {
        format!(" The smallest difference that would have been seen in every group is {:.0} %.", 100.0 * e)
    });
    let text = if groups.is_empty() {
        "There is nothing to compare.".to_owned()
    } else {
        // `T = 64: 1.30 [1.18, 1.42]; ..`.
        let each: Vec<String> = groups.iter().map(|(name, a)| format!("{name}: {}", a.shown())).collect();
        format!("{what}: {}.", each.join("; "))
    };
    let finding = rule.finding(&all);
    let verdict = Verdict::new(
        statement,
        finding,
        format!(
            "{text}{would} {} Of cells in which more than 2 % of the runs blew up, {}.",
            rule.rule(),
            runs.left_out()
        ),
    );
    let verdict = match rule.decisive(groups) {
        Some((name, a)) => verdict.number(format!("observed over expected, {name}"), a.ratio(), a.closed_interval()),
        None => verdict,
    };
    let reason = if finding == Finding::Undecided { too_few(groups) } else { None };
    Verdict { smallest_effect: effect, reason, ..verdict }
}

/// How often runs are mirrored: beside each other, beside the prediction, and how the two differ.
fn how_often(runs: &PredictedRuns) -> Vec<Verdict> {
    let same = runs.groups(|is| runs.against_others(is));
    let beside = |predicted: fn(&PredictedRun) -> Option<f64>| {
        let mut groups = runs.groups(|is| runs.against(predicted, is));
        let total = runs.against(predicted, &|_| true);
        if total.tasks > 0 {
            let compared = runs.kept.iter().filter(|run| predicted(run).is_some()).count();
            let all = format!("all ({} of {compared} runs, {:.0} predicted)", total.seen, total.expected);
            groups.insert(0, (all, total));
        }
        groups
    };
    let (right, amplified) = (beside(|run| Some(run.predicted)), beside(|run| run.amplified));
    let mut verdicts = vec![
        agreeing(
            "The probability of a mirrored run depends on batch, step and length through B/(η T) \
             only, to within 25 %.",
            Agreeing::Nearly,
            &same,
            "Mirrored runs of each T and η over what the shares of the others would make at the \
             same ratios",
            runs,
        ),
        agreeing(
            "It is Φ(-z) with z = (K_P / √W) √(B (2+η) / (η T)), as a Gaussian argument for the sign of V \
             predicts, without a free parameter.",
            Agreeing::Exactly,
            &right,
            "Mirrored over predicted runs",
            runs,
        ),
    ];
    if !amplified.is_empty() {
        verdicts.push(agreeing(
            "With the noise that V and the attention amplify in each other, the argument predicts it without a free \
             parameter.",
            Agreeing::Exactly,
            &amplified,
            "Mirrored over predicted runs",
            runs,
        ));
    }
    verdicts
}

/// What is left out of the probabilities.
fn without_sign(runs: &PredictedRuns) -> String {
    let (mirrored, diverged, predicted) = runs.all;
    format!(
        "Cells in which more than {:.0} % of the runs blew up (batches of a few samples) are left out \
         of the probabilities, for such runs end before their sign is known: {}. Over all cells \
         {mirrored} runs are mirrored and {diverged} blew up, where {predicted:.0} are predicted to be \
         mirrored.",
        100.0 * MAX_DIVERGED_SHARE,
        runs.left_out()
    )
}

pub(crate) fn examine(evidence: &Evidence<'_>) -> ExaminedClaim {
    // A search avoids the settings at which many runs are mirrored, and has few others.
    let runs = evidence.analysis.searched.is_empty().then(|| runs(evidence));
    let mut verdicts = runs.as_ref().map_or_else(Vec::new, how_often);
    let plain = evidence.group(ALGORITHM_1, &[(FLIP, 0.0)]);
    let flipping: Vec<(f64, &Group<'_>)> = evidence
        .groups()
        .iter()
        .filter(|g| g.algorithm == ALGORITHM_1)
        .filter_map(|g| Some((g.conditions.iter().find(|(key, value)| *key == FLIP && *value > 0.0)?.1, g)))
        .collect();
    for &(factor, group) in &flipping {
        verdicts.extend(remedy(evidence, plain, factor, group));
    }
    let mut lines = vec![("as it is".to_owned(), plain)];
    lines.extend(flipping.iter().map(|(factor, group)| (named(FLIP, *factor), Some(*group))));
    let pair = common_pair(&lines.iter().map(|(_, group)| (*group, Recovery)).collect::<Vec<_>>());
    let lines: Vec<_> = lines.into_iter().map(|(label, group)| series(label, group, Recovery, pair)).collect();
    let needed = needed_figure(
        "mirrored_needed",
        "What the sign flip does to the needed samples".to_owned(),
        "Samples by which the runs have recovered, with and without flipping the signs of both \
         factors when the negative entries of the attention dominate, at hyperparameters chosen on \
         other replicates."
            .to_owned(),
        &lines,
    );
    ExaminedClaim {
        title: "The mirrored solution",
        text: "Of (V, A) and its mirror image both fit; which of them a run grows into is decided \
               by the noise of its first B/η samples against a push of order 1/T. A Gaussian \
               argument gives the probability without a free parameter; at small T it must include that \
               noise of V makes the attention noisy, and that in turn V. The remedy uses what a \
               learner can see: attention that is a few positive weights has no large negative \
               entries, so the signs of both centred factors are flipped when the most negative \
               entry exceeds the most positive one by a factor. Loss cannot judge it as fast: at \
               the truth the two differ by 2 K_P / T only.",
        verdicts,
        figures: [runs.as_ref().and_then(|runs| probability(&runs.kept)), needed].into_iter().flatten().collect(),
        notes: runs.iter().map(without_sign).collect(),
    }
}

/// What the sign flip does to the exponent of T, to the needed samples at the largest T, and to
/// mirrored runs.
fn remedy(evidence: &Evidence<'_>, plain: Option<&Group<'_>>, factor: f64, group: &Group<'_>) -> Vec<Verdict> {
    let (before, after) = (exponent(plain, Recovery), exponent(Some(group), Recovery));
    let finding = Finding::of_smaller(after.and_then(|c| c.interval), before.and_then(|c| c.interval));
    let flip = named(FLIP, factor);
    let largest = |g: Option<&Group<'_>>| {
        let cells = g.map_or_else(Vec::new, |g| g.cells(Recovery));
        cells.into_iter().max_by_key(|c| c.t).filter(|c| !c.censored).map(|c| (c.t, c.samples))
    };
    let saved = match (largest(plain), largest(Some(group))) {
        (Some((t, a)), Some((u, b))) if t == u => format!(" At T = {t} it takes {b} samples instead of {a}."),
        _ => String::new(),
    };
    let with = |value: f64| {
        let of = move |r: &&Record| r.algorithm == ALGORITHM_1 && r.further(FLIP) == Some(value);
        evidence.records.iter().filter(of)
    };
    let count = |value: f64| share_of_tasks(with(value), Status::Mirrored);
    vec![
        Verdict::new(
            format!("Flipping the signs where negative entries dominate ({flip}) lowers the exponent of T."),
            finding,
            format!("{} with it, {} without.{saved}", with_interval(after), with_interval(before)),
        )
        .coefficient("exponent of T", after)
        .resting_on(cells_of(&[plain, Some(group)], Recovery)),
        Verdict::new(
            format!("With {flip} fewer runs end mirrored."),
            Finding::Measured,
            format!("{} of the runs at any setting with it, {} without.", count(factor), count(0.0)),
        ),
    ]
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;
    use crate::analysis::{Analysis, Question};
    use crate::claim::evidence::TaskFacts;
    use crate::record::OPTIONAL;
    use crate::record::fixture::record;

    /// Records with a known probability of being mirrored, whatever T; the runs are as many as
    /// that, or a third more. Every run is on a task of its own.
    fn records(excess: f64) -> Vec<Record> {
        let at = OPTIONAL.iter().position(|measure| measure.name == "predicted_mirrored").unwrap();
        let mut records = Vec::new();
        for t in [64, 128, 256] {
            for (batch, p) in [(1, 0.3), (2, 0.2), (4, 0.1)] {
                for replicate in 0..1000 {
                    let mirrored = (replicate as f64) < excess * p * 1000.0 + f64::from(t == 64) - f64::from(t == 256);
                    let mut r = record(3, 2, t, 1000 * batch + replicate, (!mirrored).then_some(10 * t));
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
            let examined = examine(&evidence);
            assert_eq!(examined.verdicts[0].finding, Finding::Confirmed, "{:?}", examined.verdicts[0]);
            assert_eq!(examined.verdicts[1].finding, finding, "{:?}", examined.verdicts[1]);
            assert!(examined.figures[0].svg.contains("T = 256"));
        }
    }

    /// With a third more mirrored runs than by the sign alone, and a prediction that has the third.
    #[test]
    fn a_prediction_with_amplified_noise_is_judged_beside_the_one_without() {
        let records = records(1.34);
        let amplified = |record: &Record| {
            let plain = record.measures.as_ref()?.optional("predicted_mirrored")?;
            Some((record.job_id.clone(), TaskFacts { mirrored: Some(1.34 * plain), ..TaskFacts::default() }))
        };
        let tasks: HashMap<String, TaskFacts> = records.iter().filter_map(amplified).collect();
        assert_eq!(tasks.len(), records.len(), "each has an id of its own");
        let question = Question { quantile: 0.5, conditions: Vec::new(), tuned: Vec::new() };
        let analysis = Analysis::of(&records, question);
        let found = examine(&Evidence::new(&analysis, &records, &[], &[]).with_tasks(&tasks)).verdicts;
        assert_eq!([found[1].finding, found[2].finding], [Finding::Refuted, Finding::Confirmed], "{found:?}");
        let none = examine(&Evidence::new(&analysis, &records, &[], &[])).verdicts;
        assert!(none.iter().all(|verdict| !verdict.statement.contains("amplify")), "nothing is predicted");
    }

    /// Records with a known probability of being mirrored; one length has a third more, in as many
    /// runs as it takes to see that, or in few.
    #[test]
    fn a_length_that_differs_is_told_and_few_runs_confirm_nothing() {
        let at = OPTIONAL.iter().position(|measure| measure.name == "predicted_mirrored").unwrap();
        let section_of = |replicates: i64, excess: f64| {
            let mut records = Vec::new();
            for t in [64, 128, 256] {
                for (batch, p) in [(1, 0.3), (2, 0.2), (4, 0.1)] {
                    let more = if t == 64 { excess } else { 1.0 };
                    for replicate in 0..replicates {
                        let mirrored = (replicate as f64) < (more * p * replicates as f64).round();
                        let mut r = record(3, 2, t, replicate, (!mirrored).then_some(10 * t));
                        r.batch_size = batch * t / 16;
                        r.status = if mirrored { Status::Mirrored } else { Status::Recovered };
                        r.measures.as_mut().unwrap().optional[at] = Some(p);
                        records.push(r);
                    }
                }
            }
            // A cell in which runs blow up.
            for replicate in 0..10 {
                let mut r = record(3, 2, 64, replicate, None);
                (r.batch_size, r.status) = (2, Status::Diverged);
                r.measures.as_mut().unwrap().optional[at] = Some(0.4);
                records.push(r);
            }
            let question = Question { quantile: 0.5, conditions: Vec::new(), tuned: Vec::new() };
            let analysis = Analysis::of(&records, question);
            examine(&Evidence::new(&analysis, &records, &[], &[]))
        };
        let found = |examined: &ExaminedClaim| [0, 1].map(|i| examined.verdicts[i].finding);
        // An excess of 35 % may lie within 25 %, one of 80 % cannot, and one of 10 % does; by the
        // others' shares, which have none of it.
        let many = section_of(1500, 1.35);
        assert_eq!(found(&many), [Finding::Undecided, Finding::Refuted]);
        for verdict in &many.verdicts[..2] {
            assert!(verdict.evidence.contains("T = 64: 1.35 ["), "{}", verdict.evidence);
        }
        assert_eq!(found(&section_of(1500, 1.8)), [Finding::Refuted, Finding::Refuted]);
        assert_eq!(found(&section_of(10_000, 1.1)), [Finding::Confirmed, Finding::Refuted]);
        assert!(many.verdicts[1].evidence.contains("1 cell with 10 runs were left out (1 cell at T = 64)"));
        let few = section_of(20, 1.0);
        assert_eq!((few.verdicts[0].finding, few.verdicts[1].finding), (Finding::Undecided, Finding::Undecided));
        assert!(few.verdicts[0].smallest_effect.unwrap() > 0.25, "{:?}", few.verdicts[0]);
        assert!(few.notes[0].contains("1 cell with 10 runs"));
    }
}
