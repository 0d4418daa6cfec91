//! What is concluded, in words.

use super::comparison::PreferredLaw;
use super::groups::{Analysis, Group};
use super::law::Coefficient;
use super::milestone::Milestone;
use super::numbers::{count, off, percent, two};
use super::scaling::Scaling;
use super::term::{Form, Term};
use super::unreached::{Unreached, Why};
use crate::record::named;

impl Group<'_> {
    /// The answer to the question of this tool in one or two sentences.
    #[must_use]
    pub fn answer(&self, quantile: f64) -> String {
        let milestone = Milestone::Recovery;
        let share = percent(quantile);
        let law = self.scaling(milestone).and_then(|s| Some((s, s.power.as_ref()?)));
        let Some((scaling, law)) = law else {
            return format!(
                "These cells determine no exponent of the samples by which {share} of the runs \
                 recover the truth ({}).",
                self.name()
            );
        };
        let known = |c: &&Coefficient| c.term != Term::Constant && c.is_known();
        let grows = law.determined().filter(|c| known(&c)).map(|c| {
            let interval = c.interval.map_or_else(String::new, |(low, high)| format!(" [{}, {}]", two(low), two(high)));
            format!("{}^{}{interval}", c.term.name(), two(c.estimate))
        });
        let grows: Vec<String> = grows.collect();
        let mut text = if grows.is_empty() {
            format!(
                "These cells do not tell how the samples grow by which {share} of the runs recover \
                 the truth ({}).",
                self.name()
            )
        } else {
            format!(
                "The samples by which {share} of the runs recover the truth ({}) grow as {}.",
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
        let runs = match found.runs {
            1 => "the only run".to_owned(),
            runs if runs == found.ended => format!("all {runs} runs"),
            runs => format!("{} of {runs} runs", found.ended),
        };
        let (budget, batch) = (span(found.max_samples), span(found.batch_size));
        let eta = span(found.eta_boost);
        let (ended, remedy) = match found.why {
            Why::Diverged => ("diverged", format!("lower eta_boost, now {eta}, or raise batch_size, now {batch}")),
            Why::NoSignal => {
                ("ended before the signal", format!("raise max_samples, now {budget}, or eta_boost, now {eta}"))
            }
            Why::NoRecovery => (
                "spent the budget without recovery",
                format!("raise max_samples, now {budget}, or batch_size, now {batch}"),
            ),
        };
        let others = match found.why {
            _ if found.ended == found.runs => "",
            Why::Diverged => ", the others spent their budget",
            Why::NoSignal | Why::NoRecovery => ", the others diverged",
        };
        format!("{}: {runs} {place} {ended}{others}: {remedy}.", named(&found.algorithm, conditions))
    }
}

/// `16`, or `16 to 64`.
fn span<X: PartialEq + std::fmt::Display>((low, high): (X, X)) -> String {
    if low == high { low.to_string() } else { format!("{low} to {high}") }
}

/// Which of the laws in T describes the milestone, in a sentence; `None` where they cannot be
/// compared.
#[must_use]
pub fn comparison_in_words(scaling: &Scaling) -> Option<String> {
    let (difference, held_out) = (scaling.aicc_difference()?, scaling.held_out.as_ref()?);
    let (power, polylog) = (off(held_out.power), off(held_out.polylog));
    let exponent = scaling.polylog.as_ref()?.coefficient(Form::Polylog.term())?.estimate;
    let t = held_out.t;
    Some(match scaling.preferred_law() {
        PreferredLaw::Power => format!(
            "A power of T describes it better than (ln T)^{exponent:.1}: AICc is lower by \
             {difference:.0}, and of T = {t}, fitted without it, the power of T is off by {power} \
             and that of ln T by {polylog}."
        ),
        PreferredLaw::Polylog => format!(
            "(ln T)^{exponent:.1} describes it better than a power of T: AICc is lower by {:.0}, \
             and of T = {t}, fitted without it, the power of ln T is off by {polylog} and that of \
             T by {power}.",
            -difference
        ),
        PreferredLaw::Undecided => format!(
            "Whether it is a power of T or (ln T)^{exponent:.1} is not decided: AICc differs by \
             {:.0} for {}, and of T = {t}, fitted without it, they are off by {power} and \
             {polylog}.",
            difference.abs(),
            if difference > 0.0 { "T" } else { "ln T" }
        ),
    })
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
}
