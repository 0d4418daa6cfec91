//! What the chain of a real text takes, beside what theory has for it.

use super::evidence::{Evidence, median_of, runs_of, starting};
use super::growth::{cells_of, common_pair, exponent, needed_figure, series, with_interval};
use super::one_step::OneStep;
use super::verdict::{ExaminedClaim, Finding, Verdict};
use super::within::Within;
use crate::analysis::Milestone::{Recovery, Signal};
use crate::analysis::{Needed, two};
use crate::record::ALGORITHM_1;

/// Within this factor theory is right about the signal.
const SIGNAL: f64 = 1.5;

/// Within this factor it is right about the second stage.
const ONE_STEP: f64 = 2.0;

/// Cells of the signal with one of the two predictions; the median over tasks.
fn predicted<'a>(evidence: &Evidence<'a>, cells: &[&'a Needed], which: usize) -> Vec<(&'a Needed, f64)> {
    let of = |cell: &&'a Needed| {
        let runs = runs_of(evidence, cell);
        let known = runs.iter().filter_map(|(record, _)| Some(evidence.tasks.get(&record.job_id)?.signal?[which]));
        Some((*cell, median_of(known)?))
    };
    cells.iter().filter_map(of).collect()
}

/// Whether needed samples of all so many cells are what is predicted for these.
fn agreement(statement: &str, cells: &[(&Needed, f64)], all: usize, factor: f64) -> Verdict {
    let within = Within::new(cells, all, factor);
    let verdict = within.verdict(statement, "Needed over predicted samples");
    verdict.number("needed over predicted samples", within.mean(), None)
}

pub(super) fn examine(evidence: &Evidence<'_>) -> ExaminedClaim {
    let (first, second) = (starting(evidence, ALGORITHM_1, false), starting(evidence, ALGORITHM_1, true));
    let (signal, recovery) = (cells_of(&[first], Signal), cells_of(&[second], Recovery));
    let (noise, sign) = (predicted(evidence, &signal, 0), predicted(evidence, &signal, 1));
    let one_step = OneStep::of(evidence, &recovery);
    let steps = one_step.known();
    let grows = |what: &str, group, milestone| {
        let found = exponent(group, milestone);
        let statement = format!("{what} grows as a power of T.");
        Verdict::new(statement, Finding::Measured, format!("Exponent of T: {}.", with_interval(found)))
            .coefficient("exponent of T", found)
    };
    let verdicts = vec![
        agreement(
            "Stage 1, from nothing to a signal, needs the samples by which the signal outgrows the noise that V and the \
             attention amplify in each other, without a free parameter, within a factor of 1.5.",
            &noise,
            signal.len(),
            SIGNAL,
        ),
        agreement(
            "Stage 1 needs the samples that decide the sign of V, within a factor of 1.5.",
            &sign,
            signal.len(),
            SIGNAL,
        ),
        grows("Stage 1", first, Signal),
        agreement(
            "Stage 2, from planted correlations to recovery, takes one step, on the batch that a Gaussian argument predicts \
             without a free parameter, within a factor of two.",
            &steps,
            recovery.len(),
            ONE_STEP,
        ),
        grows("Stage 2", second, Recovery),
        rarest(evidence, &recovery),
    ];
    let pair = common_pair(&[(first, Signal), (second, Recovery)]);
    let mut shown = [
        series("stage 1: signal from nothing".to_owned(), first, Signal, pair),
        series("stage 2: recovery from planted".to_owned(), second, Recovery, pair),
    ];
    let here = noise.iter().filter(|(cell, _)| Some((cell.n, cell.q)) == pair);
    shown[0].dashes = here.map(|(cell, samples)| (cell.t as f64, *samples)).collect();
    shown[1].dashes = one_step.line(pair);
    let figure = needed_figure(
        "text",
        "Both stages against T".to_owned(),
        "Samples by which the runs have a signal when they start from nothing, and by which they have recovered when both \
         correlations are planted, each stage with batches and steps of its own. Dashes: what theory has for this chain, \
         without a free parameter."
            .to_owned(),
        &shown,
    );
    ExaminedClaim {
        title: "The chain of a real text",
        text: "P is that of the bigrams of a text, so that some states are rare and no two columns alike. Two arguments say \
               what it takes. While boosting, noise of V makes the attention noisy at each of T positions, and noise of the \
               attention makes V noisy; the signal must outgrow that in a typical run. The sign of V asks for a batch in \
               proportion to T / K_P, so that at most as many runs end mirrored as the quantile allows. From planted \
               correlations one step is enough if noise stays below what is kept, for all query tokens but those so rare \
               that their errors do not count.",
        verdicts,
        figures: figure.into_iter().collect(),
        notes: Vec::new(),
    }
}

/// How often the rarest state has been asked for when the second stage has recovered.
fn rarest(evidence: &Evidence<'_>, cells: &[&Needed]) -> Verdict {
    let of = |cell: &&Needed| {
        let runs = runs_of(evidence, cell);
        let mu_min = runs.iter().filter_map(|(record, _)| evidence.tasks.get(&record.job_id)?.mu_min);
        Some(median_of(mu_min)? * cell.samples as f64)
    };
    let most = cells.iter().filter(|cell| !cell.censored).filter_map(of).reduce(f64::max);
    Verdict::new(
        "The rarest query token occurs so often in the samples that stage 2 needs.",
        Finding::Measured,
        match most {
            Some(most) => format!(
                "At most {} times in expectation, in any cell. Errors count by how often a query token occurs.",
                two(most)
            ),
            None => "No cell reached the quantile.".to_owned(),
        },
    )
    .number("samples of the rarest query token", most, None)
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::super::evidence::TaskFacts;
    use super::*;
    use crate::analysis::{Analysis, Question};
    use crate::record::fixture::record;

    /// Three cells of each stage. Stage 1 takes `noise` times what noise asks for and `sign` times what
    /// the sign does, stage 2 `step` times the batch of one step; in the last cell it takes so many steps.
    fn examined(noise: f64, sign: f64, step: f64, last: i64) -> Vec<Verdict> {
        let (mut records, mut tasks) = (Vec::new(), HashMap::new());
        for (cell, t) in [64, 256, 1024].into_iter().enumerate() {
            for planted in [false, true] {
                for i in 0..60 {
                    let needed = if planted { 2000 } else { 100 * t };
                    let mut r = record(27, 2, t, i, Some(needed));
                    r.job_id = format!("{cell}-{planted}-{i}");
                    r.further = vec![("init_alpha_v".to_owned(), f64::from(u8::from(planted)) / 2.0)];
                    let steps = if cell == 2 { last } else { 1 };
                    r.batch_size = if planted { needed / steps } else { 100 };
                    let (needed, batch) = (needed as f64, 2000.0 / step);
                    let facts = TaskFacts {
                        mu_min: Some(0.001),
                        one_step: planted.then_some([0.99 * batch, batch]),
                        // The fixture has its signal halfway to recovery.
                        signal: (!planted).then_some([0.5 * needed / noise, 0.5 * needed / sign]),
                        ..TaskFacts::default()
                    };
                    tasks.insert(r.job_id.clone(), facts);
                    records.push(r);
                }
            }
        }
        let conditions = vec!["init_alpha_v".to_owned()];
        let question = Question { quantile: 0.9, conditions, tuned: Vec::new() };
        let analysis = Analysis::of(&records, question);
        examine(&Evidence::new(&analysis, &records, &[], &[]).with_tasks(&tasks)).verdicts
    }

    #[test]
    fn each_stage_is_judged_by_its_own_prediction() {
        let verdicts = examined(1.2, 20.0, 1.6, 1);
        let findings = [0, 1, 3].map(|i| verdicts[i].finding);
        assert_eq!(findings, [Finding::Confirmed, Finding::Refuted, Finding::Confirmed], "{verdicts:?}");
        assert!(
            (verdicts[0].estimate.unwrap() - 1.2).abs() < 0.01 && (verdicts[1].estimate.unwrap() - 20.0).abs() < 0.1
        );
        assert!((verdicts[3].estimate.unwrap() - 1.6).abs() < 0.02, "{verdicts:?}");
        assert!((verdicts[5].estimate.unwrap() - 2.0).abs() < 1e-9, "2000 samples, a thousandth of them");
        let two_steps = &examined(1.2, 20.0, 1.6, 2)[3];
        assert_eq!(two_steps.finding, Finding::Undecided, "one step is not enough in all cells");
        assert_eq!(two_steps.reason.as_deref(), Some("2 of 3 cells can be compared"));
        let wrong = examined(2.0, 1.0, 2.5, 1);
        let findings = [0, 1, 3].map(|i| wrong[i].finding);
        assert_eq!(findings, [Finding::Refuted, Finding::Confirmed, Finding::Refuted], "{wrong:?}");
    }
}
