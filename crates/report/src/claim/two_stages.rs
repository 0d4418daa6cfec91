//! The stages apart: from nothing to a signal, and from planted correlations to recovery.

use super::evidence::{Evidence, starting};
use super::growth::{
    at_most_logarithmic, cells_of, common_pair, exponent, log_power, needed_figure, seen_beyond, series,
    smallest_difference, with_interval,
};
use super::one_step::OneStep;
use super::verdict::{ExaminedClaim, Finding, Verdict};
use crate::analysis::Milestone::{Recovery, Signal};
use crate::analysis::{PreferredLaw, Term, comparison_in_words};
use crate::record::{ALGORITHM_1, noiseless};

pub(super) fn examine(evidence: &Evidence<'_>) -> ExaminedClaim {
    let (first, second) = (starting(evidence, ALGORITHM_1, false), starting(evidence, ALGORITHM_1, true));
    let signal = first.and_then(|g| g.scaling(Signal));
    let finding =
        match (exponent(first, Signal).and_then(|c| c.interval), signal.map(crate::analysis::Scaling::preferred_law)) {
            (Some((low, _)), Some(PreferredLaw::Power)) if low > 0.0 => Finding::Confirmed,
            (Some(_), Some(PreferredLaw::Polylog)) => Finding::Refuted,
            _ => Finding::Undecided,
        };
    let mut verdicts = vec![
        Verdict::new(
            "Stage 1, from nothing to a signal, needs a number of samples that is a power of T.",
            finding,
            format!(
                "Exponent of T: {}. {}",
                with_interval(exponent(first, Signal)),
                signal.and_then(comparison_in_words).unwrap_or_else(|| "The laws cannot be compared.".to_owned())
            ),
        )
        .coefficient("exponent of T", exponent(first, Signal))
        .resting_on(cells_of(&[first], Signal)),
    ];
    verdicts.push(
        Verdict::new(
            "Stage 2, from planted correlations to recovery, grows with T no faster than ln T.",
            at_most_logarithmic(second, Recovery),
            format!(
                "Power of ln T: {}; as a power of T: {}. It holds if the interval of the power of \
                 ln T ends at 1 or below.{}",
                with_interval(log_power(second, Recovery)),
                with_interval(exponent(second, Recovery)),
                seen_beyond(log_power(second, Recovery), 1.0)
            ),
        )
        .coefficient("power of ln T", log_power(second, Recovery))
        .seeing(smallest_difference(log_power(second, Recovery)))
        .resting_on(cells_of(&[second], Recovery)),
    );
    let (early, late) = (exponent(first, Signal), exponent(second, Recovery));
    let finding = Finding::of_smaller(late.and_then(|c| c.interval), early.and_then(|c| c.interval));
    let bends = second
        .and_then(|g| g.scaling(Recovery))
        .and_then(|s| s.lack_of_fit_tests.iter().find(|c| c.factors == (Term::T, Term::T)));
    verdicts.push(
        Verdict::new(
            "Stage 2 depends on T less than stage 1.",
            finding,
            format!(
                "Exponents of T: {} and {}{}. It holds if the intervals do not meet.",
                with_interval(late),
                with_interval(early),
                bends.map_or_else(String::new, |c| format!(
                    "; the first changes by {:+.2} with each doubling of T (p = {:.2})",
                    2.0 * c.estimate * std::f64::consts::LN_2,
                    c.p_value
                ))
            ),
        )
        .coefficient("exponent of T", late)
        .resting_on([cells_of(&[first], Signal), cells_of(&[second], Recovery)].concat()),
    );
    let one_step = OneStep::of(evidence, &cells_of(&[second], Recovery));
    verdicts.extend(one_step.verdicts());
    for (term, quantity) in [(Term::N, "exponent of N"), (Term::Q, "exponent of Q")] {
        let power = second.and_then(|g| g.scaling(Recovery)).and_then(|s| s.power.as_ref());
        let found = power.and_then(|law| law.coefficient(term)).filter(crate::analysis::Coefficient::is_known);
        let statement = format!("Stage 2 grows as a power of {}.", term.name());
        verdicts.push(
            Verdict::new(
                statement,
                Finding::Measured,
                format!("Exponent of {}: {}.", term.name(), with_interval(found)),
            )
            .coefficient(quantity, found),
        );
    }
    let shown = [
        ("stage 1: signal from nothing", first, Signal),
        ("stage 2: recovery from planted", second, Recovery),
        ("stage 1 without noise", starting(evidence, noiseless(), false), Signal),
        ("stage 2 without noise", starting(evidence, noiseless(), true), Recovery),
    ];
    let pair = common_pair(&shown.map(|(_, group, milestone)| (group, milestone)));
    let mut shown = shown.map(|(label, group, milestone)| series(label.to_owned(), group, milestone, pair));
    shown[1].dashes = one_step.line(pair);
    let figure = needed_figure(
        "two_stages",
        "Both stages against T".to_owned(),
        "Samples by which the runs have a signal when they start from nothing, and by which they \
         have recovered when both correlations are planted, each stage with batches and steps of \
         its own. Dashes: the batch with which one step of stage 2 recovers, as a Gaussian argument has \
         it without a free parameter, for the same tasks and step sizes. Without noise: steps of the population dynamics times one batch size for all T."
            .to_owned(),
        &shown,
    );
    ExaminedClaim {
        title: "Two stages",
        text: "Ren, Wang and Lee prove that signal boosting takes a number of samples that is \
               polynomial in T, and that what follows takes one that is polynomial in N and Q and \
               at most logarithmic in T. Stage 1 is judged by the signal milestone from the \
               uninformative start, stage 2 by recovery from both correlations planted; \
               hyperparameters are tuned for each apart. What is claimed holds for large T; what \
               is said here holds for the T of this grid.",
        verdicts,
        figures: figure.into_iter().collect(),
        notes: Vec::new(),
    }
}
