//! What is concluded, in words.

use super::comparison::PreferredLaw;
use super::groups::Group;
use super::law::Coefficient;
use super::milestone::Milestone;
use super::numbers::{off, percent, two};
use super::scaling::Scaling;
use super::term::{Form, Term};

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

    fn question() -> Question {
        Question { quantile: 0.9, conditions: Vec::new(), tuned: Vec::new() }
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
