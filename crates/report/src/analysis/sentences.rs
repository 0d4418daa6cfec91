//! What is concluded, in words.

use super::comparison::{FEWEST_LENGTHS, PreferredLaw};
use super::groups::{Analysis, Group};
use super::law::{Coefficient, Law};
use super::numbers::{count, ends, off, percent, two};
use super::scaling::Scaling;
use super::term::{Form, Term};
use super::unreached::{Unreached, Why};
use crate::record::named;

impl Group<'_> {
    /// The answer to the question of this tool in one or two sentences.
    #[must_use]
    pub fn answer(&self, quantile: f64) -> String {
        let (milestone, arrive) = (self.shown, self.shown.arrive());
        let share = percent(quantile);
        let law = self.scaling(milestone).and_then(|s| Some((s, s.power.as_ref()?)));
        let Some((scaling, law)) = law else {
            return format!(
                "These cells determine no exponent of the samples by which {share} of the runs \
                 {arrive} ({}).",
                self.name()
            );
        };
        let known = |c: &&Coefficient| c.term != Term::Constant && c.is_known();
        let grows = law
            .determined()
            .filter(|c| known(&c))
            .map(|c| format!("{}^{}{}", c.term.name(), two(c.estimate), ends(c.interval)));
        let grows: Vec<String> = grows.collect();
        let mut text = if grows.is_empty() {
            format!(
                "These cells do not tell how the samples grow by which {share} of the runs {arrive} \
                 ({}).",
                self.name()
            )
        } else {
            format!(
                "The samples by which {share} of the runs {arrive} ({}) grow as {}.",
                self.name(),
                grows.join(" · ")
            )
        };
        // A single law must not stand alone where it does not hold.
        let of_pairs =
            scaling.of_pairs.iter().filter_map(|(_, _, law)| law.coefficient(Term::T)).filter(Coefficient::is_known);
        let exponents = of_pairs.map(|c| c.estimate);
        let (smallest, largest) = exponents.fold((f64::MAX, f64::MIN), |(a, b), x| (a.min(x), b.max(x)));
        if scaling.rejected_tests().any(|check| check.factors.0 == Term::T) && smallest < largest {
            text += &format!(
                " No single power of T holds for the whole grid: by N and Q it runs from {} to {}.",
                two(smallest),
                two(largest)
            );
        }
        if let Some(second) = comparison_in_words(scaling) {
            text += &format!(" {second}");
        }
        text
    }
}

/// Cells that are named one by one; of more the others are counted.
const NAMED_CELLS: usize = 3;

impl Analysis {
    /// Where no run arrived, why, and what to change: a sentence for each reason.
    #[must_use]
    pub fn where_none_arrived(&self) -> Vec<String> {
        self.unreached.iter().map(|found| self.none_arrived(found)).collect()
    }

    fn none_arrived(&self, found: &Unreached) -> String {
        let conditions = self.question.conditions.iter().map(String::as_str).zip(found.conditions.iter().copied());
        let list = |values: &[i64]| values.iter().map(i64::to_string).collect::<Vec<_>>().join(", ");
        let place = match &found.lengths {
            Some(lengths) => format!("at T = {}", list(lengths)),
            None => {
                let named = found.cells.iter().take(NAMED_CELLS);
                let mut named: Vec<String> = named.map(|(n, q, t)| format!("N = {n}, Q = {q}, T = {t}")).collect();
                if found.cells.len() > NAMED_CELLS {
                    named.push(format!("in {}", count(found.cells.len() - NAMED_CELLS, "more cell")));
                }
                format!("at {}", named.join("; "))
            }
        };
        let what = if found.why == Why::Failed { "job" } else { "run" };
        let runs = match found.runs {
            1 => format!("the only {what}"),
            runs if runs == found.ended => format!("all {runs} {what}s"),
            runs => format!("{} of {runs} runs", found.ended),
        };
        let (budget, batch) = (span(found.max_samples), span(found.batch_size));
        // A search has tried other step sizes than those that it ended with.
        let eta = if self.searched.is_empty() { format!(", now {}", span(found.eta_boost)) } else { String::new() };
        let lags = 2 * found.lagging > found.runs;
        let of_attention = if lags { ", or attention_step, since A lags far behind V" } else { "" };
        let (ended, remedy) = match found.why {
            Why::Failed => {
                let error = found.error.as_deref().and_then(|error| error.lines().next());
                let error = error.map_or("unknown", |error| error.trim_end_matches('.'));
                let first = if found.runs > 1 { " (the first; runs.parquet has all errors)" } else { "" };
                ("failed", format!("{error}{first}; fix the cause and run again with --retry-failed"))
            }
            Why::Diverged => ("diverged", format!("lower eta_boost{eta}, or raise batch_size, now {batch}")),
            Why::NoSignal => {
                ("ended before the signal", format!("raise max_samples, now {budget}, or eta_boost{eta}{of_attention}"))
            }
            Why::NoRecovery => (
                "spent the budget without recovery",
                format!("raise max_samples, now {budget}, or batch_size, now {batch}"),
            ),
        };
        let others = match found.why {
            _ if found.ended == found.runs => "",
            Why::Diverged => ", the others spent their budget",
            Why::Failed | Why::NoSignal | Why::NoRecovery => ", the others diverged",
        };
        format!("{}: {runs} {place} {ended}{others}: {remedy}.", named(&found.algorithm, conditions))
    }
}

/// `16`, or `16 to 64`.
fn span<X: PartialEq + std::fmt::Display>((low, high): (X, X)) -> String {
    if low == high { low.to_string() } else { format!("{low} to {high}") }
}

/// A law in words.
struct LawInWords {
    /// `a power of T`.
    name: String,
    /// Its name, shorter.
    again: String,
    /// How it grows at the largest T.
    exponent: Option<Coefficient>,
    /// How the median does.
    median: Option<Coefficient>,
    /// How far it is off at the largest T, unseen.
    error: Option<f64>,
}

/// Which of the laws in T describes the milestone, how it grows at the largest T, and how far each
/// law is off there when fitted without it, in two sentences; that there are too few values of T
/// for that; or `None` where there is no exponent of T.
#[must_use]
pub fn comparison_in_words(scaling: &Scaling) -> Option<String> {
    scaling.power.as_ref()?.coefficient(Term::T)?;
    let Some((difference, held_out)) = scaling.aicc_difference().zip(scaling.held_out.as_ref()) else {
        return Some(format!(
            "Not enough to compare laws in T: it takes {FEWEST_LENGTHS} values of T, and 5 cells that reach the quantile \
             (6 if N or Q varies, 7 if both do), among them at least half of those at the largest T."
        ));
    };
    let [power, polylog, sum] = laws_in_words(scaling);
    // A sum that is the same law is no other one.
    let sum = sum.filter(|_| scaling.sum_weight.is_some());
    let (preferred, single) = (scaling.preferred_law(), scaling.preferred_single_law());
    let aicc = format!(" (its AICc is higher by {:.0})", difference.abs());
    let (shown, mut others): (Vec<LawInWords>, Vec<LawInWords>) = match (preferred, single) {
        (PreferredLaw::Power, _) => (vec![power?], [polylog, sum].into_iter().flatten().collect()),
        (PreferredLaw::Polylog, _) => (vec![polylog?], [power, sum].into_iter().flatten().collect()),
        (PreferredLaw::Sum, _) => (vec![sum?], [power, polylog].into_iter().flatten().collect()),
        (PreferredLaw::Undecided, PreferredLaw::Power) => (vec![power?, sum?], vec![polylog?]),
        (PreferredLaw::Undecided, PreferredLaw::Polylog) => (vec![polylog?, sum?], vec![power?]),
        (PreferredLaw::Undecided, _) => ([power, polylog, sum].into_iter().flatten().collect(), Vec::new()),
    };
    let worse = |law: &LawInWords| law.name.clone();
    let names = |laws: &[LawInWords]| laws.iter().map(worse).collect::<Vec<String>>();
    let t = held_out.t;
    let mut text = match (preferred, others.as_slice()) {
        (PreferredLaw::Undecided, []) => {
            format!("Whether it is {} is not decided: ", joined(&names(&shown), "or"))
        }
        (PreferredLaw::Undecided, _) => format!(
            "Whether it is {} is not decided; {} is worse{aicc}: ",
            joined(&names(&shown), "or"),
            joined(&names(&others), "and")
        ),
        (PreferredLaw::Sum, _) => {
            let bent = scaling.sum_weight.is_some_and(|weight| weight.interval.0 > 1.0);
            let though = if bent { ", though the cells bend more" } else { "" };
            format!("{} describes it best{though}: ", capital(&shown[0].name))
        }
        _ => {
            others[0].name += &aicc;
            format!("{} describes it better than {}: ", capital(&shown[0].name), joined(&names(&others), "or"))
        }
    };
    let (it, grows, is) = if shown.len() == 1 { ("it", "grows", "is") } else { ("they", "grow", "are") };
    let exponents: Vec<String> = shown.iter().map(|law| grown(law.exponent)).collect();
    text += &format!("at T = {t} {it} {grows} as {}", joined(&exponents, "and"));
    if shown.iter().any(|law| law.median.is_some()) {
        let medians: Vec<String> = shown.iter().map(|law| grown(law.median)).collect();
        text += &format!(", the median as {}", joined(&medians, "and"));
    }
    let errors = |laws: &[LawInWords]| laws.iter().filter_map(|law| law.error.map(off)).collect::<Vec<String>>();
    text += &format!(". Fitted without that T, {it} {is} off there by {}", joined(&errors(&shown), "and"));
    for law in &others {
        if let Some(error) = law.error {
            text += &format!(", {} by {}", law.again, off(error));
        }
    }
    Some(text + ".")
}

/// The power of T, that of `ln T` and the sum, as far as they are there.
fn laws_in_words(scaling: &Scaling) -> [Option<LawInWords>; 3] {
    let (t, held_out, median) = (scaling.largest_t as f64, scaling.held_out.as_ref(), &scaling.median);
    let at = |law: &Option<Law>| law.as_ref().and_then(|law| law.local_exponent(t));
    let power = || {
        Some(LawInWords {
            name: "a power of T".to_owned(),
            again: "a power of T".to_owned(),
            exponent: at(&scaling.power),
            median: at(&median.power),
            error: held_out.map(|h| h.power),
        })
    };
    let polylog = || {
        let power = scaling.polylog.as_ref()?.coefficient(Form::Polylog.term())?.estimate;
        Some(LawInWords {
            name: format!("(ln T)^{power:.1}"),
            again: format!("(ln T)^{power:.1}"),
            exponent: at(&scaling.polylog),
            median: at(&median.polylog),
            error: held_out.map(|h| h.polylog),
        })
    };
    let sum = || {
        let law = scaling.sum.as_ref()?;
        let of = |part: &Law| {
            let name = if part.form == Form::Power { "T" } else { "(ln T)" };
            part.coefficient(part.form.term()).map(|c| format!("{name}^{}", two(c.estimate)))
        };
        Some(LawInWords {
            name: format!("the sum of signal ({}) and the rest ({})", of(&law.signal)?, of(&law.rest)?),
            again: "the sum".to_owned(),
            exponent: Some(law.local_exponent),
            median: median.sum.as_ref().map(|sum| sum.local_exponent),
            error: held_out.and_then(|h| h.sum),
        })
    };
    [power(), polylog(), sum()]
}

/// `T^0.85 [0.78, 0.92]`.
fn grown(exponent: Option<Coefficient>) -> String {
    match exponent.map(|c| (c.is_known(), c.estimate, c.interval)) {
        Some((true, estimate, Some((low, high)))) => {
            format!("T^{} [{}, {}]", two(estimate), two(low), two(high))
        }
        _ => "an unknown power".to_owned(),
    }
}

/// `a`, `a or b`, `a, b or c`.
fn joined(texts: &[String], word: &str) -> String {
    match texts {
        [] => String::new(),
        [one] => one.clone(),
        [first @ .., last] => format!("{} {word} {last}", first.join(", ")),
    }
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

#[cfg(test)]
mod tests {
    use super::super::cells::Question;
    use super::super::groups::Analysis;
    use crate::record::fixture::record;
    use crate::record::{Record, Status};

    fn question() -> Question {
        Question { quantile: 0.9, conditions: Vec::new(), tuned: Vec::new() }
    }

    #[test]
    fn where_none_arrived_says_why_and_what_to_change() {
        let of = |records: &[Record]| Analysis::of(records, question()).where_none_arrived();
        let cell = |t, status| {
            let ended = move |i| Record { status, ..record(3, 2, t, i, (status == Status::Recovered).then_some(500)) };
            (0..4).map(ended)
        };
        let good: Vec<Record> = cell(32, Status::Recovered).collect();
        assert!(of(&good).is_empty());
        let with = |t, status| of(&good.iter().cloned().chain(cell(t, status)).collect::<Vec<_>>());
        assert!(with(32, Status::Diverged).is_empty(), "some of these recovered");
        assert_eq!(
            with(64, Status::Diverged),
            ["prox: all 4 runs at T = 64 diverged: lower eta_boost, now 0.1, or raise batch_size, now 16."]
        );
        assert_eq!(
            with(64, Status::Exhausted),
            [
                "prox: all 4 runs at T = 64 ended before the signal: raise max_samples, now 100000, or eta_boost, now 0.1."
            ]
        );
        let mut lagging: Vec<Record> = cell(64, Status::Exhausted).collect();
        for measures in lagging.iter_mut().filter_map(|record| record.measures.as_mut()) {
            (measures.alpha_v, measures.alpha_a) = (0.12, 6e-5);
        }
        assert!(of(&lagging)[0].ends_with("or eta_boost, now 0.1, or attention_step, since A lags far behind V."));
        let mut failed = cell(64, Status::Failed).map(|record| Record { measures: None, ..record }).collect::<Vec<_>>();
        failed[0].error = Some("K_P = 0: nothing to learn".to_owned());
        failed.extend(good.iter().cloned());
        assert_eq!(
            of(&failed),
            ["prox: all 4 jobs at T = 64 failed: K_P = 0: nothing to learn (the first; runs.parquet has all errors); \
              fix the cause and run again with --retry-failed."]
        );
        let mut mixed: Vec<Record> = cell(64, Status::Exhausted).collect();
        mixed[3].status = Status::Diverged;
        mixed[0].batch_size = 8;
        mixed[1].measures.as_mut().unwrap().samples_to_signal = Some(7);
        assert_eq!(
            of(&mixed),
            ["prox: 3 of 4 runs at T = 64 spent the budget without recovery, the others diverged: raise \
              max_samples, now 100000, or batch_size, now 8 to 16."]
        );
        let many: Vec<Record> = [32, 64, 128, 256].into_iter().flat_map(|t| cell(t, Status::Diverged)).collect();
        let beside: Vec<Record> =
            many.iter().cloned().chain([32, 64, 128, 256].map(|t| record(4, 2, t, 0, Some(50)))).collect();
        assert!(
            of(&beside)[0].contains(
                "at N = 3, Q = 2, T = 32; N = 3, Q = 2, T = 64; N = 3, Q = 2, T = 128; in 1 more cell diverged"
            )
        );
        assert!(of(&many)[0].starts_with("prox: all 16 runs at T = 32, 64, 128, 256 diverged"));
    }

    #[test]
    fn the_answer_names_every_exponent_with_its_interval() {
        let mut records = Vec::new();
        for n in [3, 6] {
            for t in [32, 64, 128, 256] {
                let wiggle = if (n + t) % 5 < 3 { 1 } else { -1 };
                records.push(record(n, 2, t, 0, Some(100 * t + wiggle * t)));
            }
        }
        let analysis = Analysis::of(&records, question());
        let text = analysis.groups()[0].answer(0.9);
        assert!(text.contains("90 % of the runs") && text.contains("grow as T^1.0") && text.contains("· N^"), "{text}");
        assert!(text.contains("A power of T describes it better") && text.contains("T = 256"), "{text}");
    }

    /// Signal in proportion to T, a rest that hardly grows, and twice as many samples in one run of
    /// three.
    #[test]
    fn the_answer_names_the_law_the_exponent_at_the_largest_length_and_every_error() {
        let mut records = Vec::new();
        for (n, t) in [3, 6].into_iter().flat_map(|n| [32, 64, 128, 256, 512, 1024].map(|t| (n, t))) {
            for replicate in 0..3 {
                let wiggle = 100 + (7 * n + t + 13 * (t / 64)) % 9 + if replicate == 1 { 100 } else { 0 };
                let (signal, rest) = (t * wiggle, 200 * wiggle);
                let mut run = record(n, 2, t, replicate, Some(signal + rest));
                run.measures.as_mut().unwrap().samples_to_signal = Some(signal);
                run.max_samples = 10_000_000;
                records.push(run);
            }
        }
        let text = Analysis::of(&records, question()).groups()[0].answer(0.9);
        assert!(text.contains("The sum of signal (T^1.0") && text.contains("and the rest (T^0.0"), "{text}");
        assert!(text.contains("describes it best: at T = 1024 it grows as T^0.8"), "{text}");
        assert!(
            text.contains(", the median as T^0.8") && text.contains("Fitted without that T, it is off there by "),
            "{text}"
        );
        assert!(text.contains(" %, a power of T by ") && text.contains(" %, (ln T)^"), "{text}");
    }
}
