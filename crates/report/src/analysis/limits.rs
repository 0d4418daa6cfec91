//! What limits the conclusions, in words.

use std::collections::{BTreeMap, BTreeSet};

use super::groups::{Analysis, Group};
use super::needed::Needed;
use super::numbers::{count, percent, two};
use super::regressors::vary_together;
use super::sum_weight::SumWeight;
use super::term::{Form, Term};
use crate::record::{Status, draws_samples};
use crate::statistics::cross_fitting::{replicates_for, settings_borne};

impl Analysis {
    /// What limits the conclusions, a sentence each, the most serious first.
    #[must_use]
    pub fn limits(&self) -> Vec<String> {
        let mut limits = Vec::new();
        let quantile = self.question.quantile;
        if self.runs() == 0 {
            return vec!["No job has finished yet, so nothing can be concluded.".to_owned()];
        }
        if self.ended(Status::Failed) > 0 {
            let failed = self.ended(Status::Failed);
            limits.push(format!(
                "{} failed and {} left out.",
                count(failed, "job"),
                if failed == 1 { "is" } else { "are" }
            ));
        }
        let groups = self.groups();
        limits.extend(groups.iter().flat_map(|group| group.limits(quantile)));
        if let Some(group) = groups.iter().find(|group| !draws_samples(group.algorithm)) {
            limits.push(format!(
                "{} draws no samples: its numbers are steps times batch size, and its runs differ \
                 by their tasks only.",
                group.algorithm
            ));
        }
        match self.replicates {
            0 => {}
            1 => limits.push(
                "There are cells of one replicate: their numbers are readings of one run, and \
                 nothing can be said of chance."
                    .to_owned(),
            ),
            few => match bounding_replicates(quantile) {
                None => limits.push(
                    "No number of replicates bounds the largest count of all runs (quantile = 1) \
                     from above: intervals of cells are open. Ask for a quantile below 1."
                        .to_owned(),
                ),
                Some(needs) if few < needs => limits.push(format!(
                    "{few} replicates do not bound the {quantile} quantile: intervals of cells are \
                     open. It takes {needs}."
                )),
                Some(_) => {}
            },
        }
        limits
    }
}

impl Group<'_> {
    /// The key that most often has the chosen setting of one of these cells at its edge, in how
    /// many, and in how many cells any has; `None` if none has.
    fn at_edges(cells: &[&Needed]) -> Option<(String, usize, usize)> {
        let mut keys: BTreeMap<String, usize> = BTreeMap::new();
        // Where nothing is chosen nothing lies at an edge.
        let chosen = || cells.iter().filter(|c| !c.refused);
        chosen().flat_map(|c| &c.edges).for_each(|edge| *keys.entry(edge.name()).or_default() += 1);
        // Of equals the first.
        let (key, times) = keys.into_iter().rev().max_by_key(|(_, count)| *count)?;
        Some((key, times, chosen().filter(|c| !c.edges.is_empty()).count()))
    }

    fn limits(&self, quantile: f64) -> Vec<String> {
        let name = self.name();
        if !draws_samples(self.algorithm) {
            return Vec::new();
        }
        let mut limits = Vec::new();
        let cells = self.cells(self.shown);
        let refused = cells.iter().filter(|c| c.refused).max_by_key(|c| c.settings);
        if let Some(cell) = refused {
            let (settings, replicates) = (cell.settings, cell.replicates as usize);
            let it_takes = match replicates_for(quantile, settings) {
                Some(replicates) => format!("{replicates} replicates, or fewer settings"),
                None => "fewer settings, or a smaller quantile".to_owned(),
            };
            let (are, bear) = if replicates == 1 { ("replicate", "bears") } else { ("replicates", "bear") };
            limits.push(format!(
                "{name}: {settings} settings of the hyperparameters are tried in a cell, and \
                 {replicates} {are} {bear} the choice among {} at most: nothing is chosen there, \
                 and the numbers are lower bounds. It takes {it_takes}.",
                settings_borne(quantile, replicates)
            ));
        }
        if let Some((key, times, at_edge)) = Self::at_edges(&cells) {
            let searched = cells.iter().any(|cell| cell.searched.is_some());
            let (place, wider) = if searched {
                ("at a bound of the search", "wider bounds")
            } else {
                ("at the edge of its tuning grid", "wider grids")
            };
            limits.push(format!(
                "{name}: in {at_edge} of {} the chosen setting lies {place}, most often with {key} \
                 (in {times}); {wider} may need fewer samples.",
                count(cells.len(), "cell")
            ));
        }
        limits.extend(self.limits_of_search());
        let searched_for = cells.iter().find_map(|c| c.searched.as_ref()).map(|search| search.milestone);
        if let Some(other) = searched_for.filter(|other| *other != self.shown.chosen_by()) {
            limits.push(format!(
                "{name}: the settings were searched for few samples to {}; others may need fewer to {}.",
                other.name(),
                self.shown.name()
            ));
        }
        let censored = cells.iter().filter(|c| c.censored && !c.refused).count();
        if censored > 0 {
            let bounds = match self.scaling(self.shown).and_then(|s| s.power.as_ref()) {
                Some(law) if law.censored == censored => "the law has them as such".to_owned(),
                Some(law) if law.censored > 0 => format!("the law has {} of them", law.censored),
                _ => "they are no part of the law".to_owned(),
            };
            let (are, their) = if censored == 1 { ("is a lower bound", "its") } else { ("are lower bounds", "their") };
            limits.push(format!(
                "{name}: {censored} of {} {are} (>): fewer than {} of {their} runs are known to {} at the chosen \
                 settings; {bounds}.",
                count(cells.len(), "cell"),
                percent(quantile),
                self.shown.arrive()
            ));
        }
        let Some(scaling) = self.scaling(self.shown) else { return limits };
        let together = scaling.power.as_ref().map_or(&[][..], |law| &law.together);
        if !together.is_empty() {
            let terms: Vec<&str> = together.iter().map(|term| term.name()).collect();
            let terms = terms.join(" and ");
            let in_the_grid = vary_together(&cells);
            limits.push(if together.iter().all(|term| in_the_grid.contains(term)) {
                format!(
                    "{name}: {terms} vary together in this grid, so their exponents cannot be told \
                     apart; vary them apart to know them."
                )
            } else {
                format!("{name}: too few cells reached the quantile to tell the exponents of {terms} apart.")
            });
        }
        if scaling.power.as_ref().is_some_and(|law| law.residual_scale == Some(0.0)) {
            limits.push(format!(
                "{name}: the cells lie on the law without any scatter, so its exponents have no \
                 intervals: samples are known to a batch or to the resolution only."
            ));
        }
        if scaling.power.as_ref().and_then(|law| law.coefficient(Term::T)).is_none() && !together.contains(&Term::T) {
            let reached = || cells.iter().filter(|c| !c.censored);
            let lengths: BTreeSet<i64> = reached().map(|c| c.t).collect();
            let wanted = cells.iter().any(|c| c.t != cells[0].t);
            limits.extend(wanted.then(|| match lengths.len() {
                _ if reached().next().is_some() && reached().all(|c| c.samples == 0) => {
                    format!(
                        "{name}: the truth is recovered at the start, at 0 samples, so there is \
                         nothing that could grow with T."
                    )
                }
                0 | 1 => format!("{name}: too few values of T reached the quantile for an exponent of T."),
                _ => format!("{name}: too few cells reached the quantile for an exponent of T."),
            }));
        }
        for check in scaling.rejected_tests() {
            let ((of, with), e) = (check.factors, check.estimate);
            let (of, with) = (of.name(), with.name());
            let (what, e) = if of == with {
                (format!("the exponent of {of} changes with {of}"), 2.0 * e)
            } else {
                (format!("the exponent of {of} changes with {with}"), e)
            };
            limits.push(format!(
                "{name}: one power law does not describe the grid: {what}, by {:+.2} for each \
                 doubling (p {}).",
                e * std::f64::consts::LN_2,
                short_p(check.p_value)
            ));
        }
        if let Some(SumWeight { form, estimate, interval: (low, high) }) = scaling.sum_weight
            && (low > 0.0 || high < 0.0)
            && (low > 1.0 || high < 1.0)
        {
            let of = if form == Form::Power { "T" } else { "ln T" };
            limits.push(format!(
                "{name}: the sum of signal and rest does not describe the grid either: the cells depart \
                 from a power of {of} {} [{}, {}] times as far as the sum does.",
                two(estimate),
                two(low),
                two(high)
            ));
        }
        for outlier in &scaling.outliers {
            let ((n, q, t), factor) = (outlier.cell, outlier.factor);
            limits.push(format!(
                "{name}: N = {n}, Q = {q}, T = {t} needs {} times what the law of the other cells \
                 says.",
                two(factor)
            ));
        }
        let (runs, reached) = cells.iter().fold((0, 0), |(a, b), c| (a + c.replicates, b + c.reached));
        if reached < runs {
            let share = |part: i64, whole: i64| format!("{:.1} %", 100.0 * part as f64 / whole.max(1) as f64);
            let never = share(runs - reached, runs);
            let (all, of) =
                (self.endings.iter().sum::<usize>() as i64, |status: Status| self.endings[status as usize] as i64);
            // Of a search, the runs that judge have the chosen settings.
            let those = if searched_for.is_some() { "of all that judge them" } else { "of those at any setting" };
            limits.push(format!(
                "{name}: {never} of the runs at the chosen settings did not {}; {those} {} ended mirrored and {} \
                 diverged.",
                self.shown.arrive(),
                share(of(Status::Mirrored), all),
                share(of(Status::Diverged), all)
            ));
        }
        limits
    }
}

/// How many replicates bound a quantile from both sides: with fewer, all of them may lie on one.
/// `None` if no number does.
pub(super) fn bounding_replicates(quantile: f64) -> Option<usize> {
    let rarer = quantile.max(1.0 - quantile);
    (rarer < 1.0).then(|| (libm::log(crate::statistics::confidence::ALPHA / 2.0) / libm::log(rarer)).ceil() as usize)
}

pub(super) fn short_p(p: f64) -> String {
    if p < 1e-4 { "< 0.0001".to_owned() } else { format!("= {p:.4}") }
}

#[cfg(test)]
mod tests {
    use super::super::cells::Question;
    use super::super::groups::Analysis;
    use super::super::numbers::percent;
    use super::*;
    use crate::record::fixture::record;
    use crate::record::{Record, Status};

    fn question() -> Question {
        Question { quantile: 0.9, conditions: Vec::new(), tuned: Vec::new() }
    }

    #[test]
    fn shares_keep_their_digits() {
        assert_eq!([0.9, 0.9995, 1e-6, 1.0, 0.25].map(percent), ["90 %", "99.95 %", "0.0001 %", "100 %", "25 %"]);
        assert_eq!(
            (bounding_replicates(0.9), bounding_replicates(0.5), bounding_replicates(1.0)),
            (Some(36), Some(6), None)
        );
    }

    /// The true reason why there is no exponent, or no interval, and what is chosen at an edge or
    /// not at all.
    #[test]
    fn what_cannot_be_concluded_is_told_with_its_reason() {
        let of = |records: &[Record], quantile: f64| {
            Analysis::of(records, Question { quantile, ..question() }).limits().join("\n")
        };
        let all = |needs: &dyn Fn(i64) -> i64| -> Vec<Record> {
            [32, 64, 128]
                .into_iter()
                .flat_map(|t| (0..4).map(move |i| (t, i)))
                .map(|(t, i)| record(3, 2, t, i, Some(needs(t))))
                .collect()
        };
        assert!(of(&all(&|_| 0), 0.9).contains("recovered at the start, at 0 samples"));
        assert!(of(&all(&|_| 500), 0.9).contains("without any scatter"));
        let text = of(&all(&|t| 10 * t + t % 7), 1.0);
        assert!(text.contains("No number of replicates bounds"), "{text}");
        let edge: Vec<Record> = all(&|t| 10 * t)
            .into_iter()
            .flat_map(|r| [Record { batch_size: 8, ..record(3, 2, r.t, r.replicate, Some(30 * r.t)) }, r])
            .collect();
        assert!(of(&edge, 0.9).contains("at the edge of its tuning grid, most often with batch_size (largest) (in 3)"));
        // Three settings of four replicates: two are what these bear.
        let many: Vec<Record> = (0..3)
            .flat_map(|i| all(&|t| 10 * t).into_iter().map(move |r| Record { batch_size: 8 << i, ..r }))
            .collect();
        let text = of(&many, 0.9);
        assert!(
            text.contains("3 settings")
                && text.contains("4 replicates bear the choice among 2")
                && text.contains("It takes 8"),
            "{text}"
        );
        let text = of(&many, 1.0);
        assert!(
            text.contains("3 settings") && text.contains("It takes fewer settings, or a smaller quantile"),
            "{text}"
        );
        let alone: Vec<Record> = many.into_iter().filter(|r| r.replicate == 0).collect();
        let text = of(&alone, 0.9);
        assert!(text.contains("1 replicate bears the choice among 1 at most") && text.contains("It takes 8"), "{text}");
        // N and Q vary apart, but of the cells that reached not so.
        let apart = |reached: fn(i64, i64) -> bool| -> Vec<Record> {
            let pairs = [(3, 1), (3, 2), (6, 1), (6, 2)].into_iter().flat_map(|pair| [32, 64, 128].map(|t| (pair, t)));
            pairs.map(|((n, q), t)| record(n, q, t, 0, reached(n, q).then_some(100 * t + 7 * n + q + t % 5))).collect()
        };
        let together = apart(|n, q| (n == 3) == (q == 1));
        assert!(
            of(&together, 0.9).contains("too few cells reached the quantile to tell the exponents of N and Q apart")
        );
        let grid: Vec<Record> =
            together.into_iter().filter(|r| r.measures.as_ref().unwrap().samples_to_recovery.is_some()).collect();
        assert!(of(&grid, 0.9).contains("N and Q vary together in this grid"));
    }

    #[test]
    fn little_data_gets_a_sentence_that_says_what_cannot_be_concluded() {
        let limits = |records: &[Record]| Analysis::of(records, question()).limits().join("\n");
        assert!(limits(&[]).contains("nothing can be concluded"));
        let one = [record(3, 2, 64, 0, Some(500))];
        let text = limits(&one);
        assert!(text.contains("cells of one replicate") && !text.contains("value of T"), "{text}");
        let few: Vec<Record> = (0..5).map(|i| record(3, 2, 64, i, (i > 0).then_some(500))).collect();
        let text = limits(&few);
        assert!(text.contains("5 replicates do not bound") && text.contains("It takes 36"), "{text}");
        assert!(text.contains("1 of 1 cell is a lower bound (>): fewer than 90 % of its runs"), "{text}");
        let mut failed = one.clone();
        (failed[0].measures, failed[0].status) = (None, Status::Failed);
        let analysis = Analysis::of(&failed, question());
        assert!(analysis.groups().is_empty() && analysis.limits()[0].contains("1 job failed and is left out"));
    }
}
