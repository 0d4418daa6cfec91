//! Everything that is concluded from the records, once, for whoever shows it: tables, figures, terminal, page.

use std::collections::{BTreeMap, BTreeSet};

use super::needed::{Key, Milestone, Needed, Question, Setting, cells, needed_of, settings_of};
use super::scaling::{Coefficient, Form, Scaling, Term, Verdict, scalings, vary_together};
use crate::record::{POPULATION, Record, Status, named, shown};
use crate::statistics::cross_fitting::{replicates_for, settings_borne};

/// What the records say.
#[derive(Debug, Clone, PartialEq)]
pub struct Analysis {
    /// What was asked.
    pub question: Question,
    /// Needed samples of every cell and milestone.
    pub needed: Vec<Needed>,
    /// The laws of every algorithm, condition and milestone.
    pub scalings: Vec<Scaling>,
    /// Every setting of the hyperparameters, chosen or not.
    pub settings: Vec<Setting>,
    /// How the runs ended: of each status, in the order of [`Status::ALL`], how many.
    pub endings: [usize; 5],
    /// The smallest number of replicates that a cell is judged by.
    pub replicates: usize,
}

/// One algorithm under one condition: what a table or a figure is about.
#[derive(Debug, Clone)]
pub struct Group<'a> {
    /// Name of the algorithm.
    pub algorithm: &'a str,
    /// Keys and values of the conditions.
    pub conditions: Vec<(&'a str, f64)>,
    /// Its cells, of every milestone.
    pub needed: Vec<&'a Needed>,
    /// Its laws, one a milestone.
    pub scalings: Vec<&'a Scaling>,
    /// Its settings of the hyperparameters.
    pub settings: Vec<&'a Setting>,
    /// How its runs ended, in the order of [`Status::ALL`].
    pub endings: [usize; 5],
}

impl Analysis {
    /// Of these records.
    #[must_use]
    pub fn of(records: &[Record], question: Question) -> Self {
        let cells = cells(records, &question);
        let needed = needed_of(&cells, &question);
        let settings = settings_of(&cells, &question);
        let endings = Status::endings(records.iter().map(|record| record.status));
        let replicates = needed.iter().map(|row| row.replicates as usize).min().unwrap_or(0);
        Self { scalings: scalings(&needed), needed, settings, endings, replicates, question }
    }

    /// Its algorithms and conditions, in order, the population last.
    #[must_use]
    pub fn groups(&self) -> Vec<Group<'_>> {
        let key = |algorithm, conditions: &[f64]| (algorithm, conditions.iter().map(|&c| Key(c)).collect());
        let mut groups: BTreeMap<(&str, Vec<Key>), Group<'_>> = BTreeMap::new();
        for row in &self.needed {
            let conditions = || self.question.conditions.iter().map(String::as_str).zip(row.conditions.iter().copied());
            let group = groups.entry(key(row.algorithm.as_str(), &row.conditions)).or_insert_with(|| Group {
                algorithm: &row.algorithm,
                conditions: conditions().collect(),
                needed: Vec::new(),
                scalings: Vec::new(),
                settings: Vec::new(),
                endings: [0; 5],
            });
            group.needed.push(row);
        }
        for scaling in &self.scalings {
            if let Some(group) = groups.get_mut(&key(scaling.algorithm.as_str(), &scaling.conditions)) {
                group.scalings.push(scaling);
            }
        }
        for setting in &self.settings {
            if let Some(group) = groups.get_mut(&key(setting.algorithm.as_str(), &setting.conditions)) {
                group.settings.push(setting);
                group.endings.iter_mut().zip(setting.endings).for_each(|(sum, ended)| *sum += ended);
            }
        }
        let mut groups: Vec<Group<'_>> = groups.into_values().collect();
        // What is only a reference comes last.
        groups.sort_by_key(|group| group.algorithm == POPULATION);
        groups
    }

    /// How many runs there are.
    #[must_use]
    pub fn runs(&self) -> usize {
        self.endings.iter().sum()
    }

    /// How many ended so.
    #[must_use]
    pub fn ended(&self, status: Status) -> usize {
        self.endings[status as usize]
    }

    /// What a reader should know before believing the numbers, a sentence each, the gravest first.
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
        if groups.iter().any(|group| group.algorithm == POPULATION) {
            limits.push(format!(
                "{POPULATION} draws no samples: its numbers are steps times batch size, and its runs differ by their tasks only."
            ));
        }
        match self.replicates {
            0 => {}
            1 => limits.push(
                "There are cells of one replicate: their numbers are readings of one run, and nothing can be said of chance."
                    .to_owned(),
            ),
            few => match bounding_replicates(quantile) {
                None => limits.push(
                    "No number of replicates bounds the largest count of all runs (quantile = 1) from above: intervals of cells are open. Ask for \
                     a quantile below 1."
                        .to_owned(),
                ),
                Some(needs) if few < needs => limits.push(format!(
                    "{few} replicates do not bound the {quantile} quantile: intervals of cells are open. It takes {needs}."
                )),
                Some(_) => {}
            },
        }
        limits
    }
}

/// Bytes of a group's part in the name of a file; with the kind of figure and the ending it has a hundred at most.
const LONGEST_NAME: usize = 70;
const HASH_DIGITS: usize = 8;

impl<'a> Group<'a> {
    /// `prox, persistence = 0.3`.
    #[must_use]
    pub fn name(&self) -> String {
        named(self.algorithm, self.conditions.iter().copied())
    }

    /// `prox_persistence_0.3`, for names of files. A long one is cut and ends in digits of a hash of all of it, which keep it apart
    /// from others.
    #[must_use]
    pub fn file_name(&self) -> String {
        let conditions = self.conditions.iter().map(|(key, value)| format!("_{key}_{}", shown(key, *value)));
        let name = conditions.fold(self.algorithm.to_owned(), |name, condition| name + &condition);
        if name.len() <= LONGEST_NAME {
            return name;
        }
        let hash = blake3::hash(name.as_bytes()).to_hex();
        let kept = name.floor_char_boundary(LONGEST_NAME - HASH_DIGITS - 1);
        format!("{}_{}", &name[..kept], &hash[..HASH_DIGITS])
    }

    /// Its cells of a milestone.
    #[must_use]
    pub fn cells(&self, milestone: Milestone) -> Vec<&'a Needed> {
        self.needed.iter().copied().filter(|c| c.milestone == milestone).collect()
    }

    /// Its laws of a milestone.
    #[must_use]
    pub fn scaling(&self, milestone: Milestone) -> Option<&'a Scaling> {
        self.scalings.iter().copied().find(|s| s.milestone == milestone)
    }

    /// The answer to the question of this tool in one or two sentences.
    #[must_use]
    pub fn answer(&self, quantile: f64) -> String {
        let milestone = Milestone::Recovery;
        let share = percent(quantile);
        let law = self.scaling(milestone).and_then(|s| Some((s, s.power.as_ref()?)));
        let Some((scaling, law)) = law else {
            return format!(
                "These cells determine no exponent of the samples by which {share} of the runs recover the truth ({}).",
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
                "These cells do not tell how the samples grow by which {share} of the runs recover the truth ({}).",
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
        let (least, most) = exponents.fold((f64::MAX, f64::MIN), |(a, b), x| (a.min(x), b.max(x)));
        if scaling.failed_checks().any(|check| check.factors.0 == Term::T) && least < most {
            text += &format!(
                " No single power of T holds for the whole grid: by N and Q it runs from {} to {}.",
                two(least),
                two(most)
            );
        }
        if let Some(second) = rivalry(scaling) {
            text += &format!(" {second}");
        }
        text
    }

    /// The key that most often has the chosen setting of one of these cells at its edge, in how many, and in how many cells any has; `None` if none has.
    fn at_edges(cells: &[&Needed]) -> Option<(String, usize, usize)> {
        let mut keys: BTreeMap<String, usize> = BTreeMap::new();
        // Where nothing is chosen nothing lies at an edge.
        let chosen = || cells.iter().filter(|c| !c.refused);
        chosen().flat_map(|c| &c.edges).for_each(|edge| *keys.entry(edge.name()).or_default() += 1);
        // Of equals the first.
        let (key, most) = keys.into_iter().rev().max_by_key(|(_, count)| *count)?;
        Some((key, most, chosen().filter(|c| !c.edges.is_empty()).count()))
    }

    fn limits(&self, quantile: f64) -> Vec<String> {
        let name = self.name();
        if self.algorithm == POPULATION {
            return Vec::new();
        }
        let mut limits = Vec::new();
        let cells = self.cells(Milestone::Recovery);
        let refused = cells.iter().filter(|c| c.refused).max_by_key(|c| c.settings);
        if let Some(cell) = refused {
            let (settings, replicates) = (cell.settings, cell.replicates as usize);
            let it_takes = match replicates_for(quantile, settings) {
                Some(replicates) => format!("{replicates} replicates, or fewer settings"),
                None => "fewer settings, or a smaller quantile".to_owned(),
            };
            let (are, bear) = if replicates == 1 { ("replicate", "bears") } else { ("replicates", "bear") };
            limits.push(format!(
                "{name}: {settings} settings of the hyperparameters are tried in a cell, and {replicates} {are} {bear} the choice among {} at most: \
                 nothing is chosen there, and the numbers are lower bounds. It takes {it_takes}.",
                settings_borne(quantile, replicates)
            ));
        }
        if let Some((key, most, at_edge)) = Self::at_edges(&cells) {
            limits.push(format!(
                "{name}: in {at_edge} of {} the chosen setting lies at the edge of its tuning grid, most often with {key} (in {most}); wider grids may need fewer samples.",
                count(cells.len(), "cell")
            ));
        }
        let censored = cells.iter().filter(|c| c.censored && !c.refused).count();
        if censored > 0 {
            let bounds = match self.scaling(Milestone::Recovery).and_then(|s| s.power.as_ref()) {
                Some(law) if law.censored > 0 => format!("{} of them as lower bounds", law.censored),
                _ => "none of them".to_owned(),
            };
            limits.push(format!(
                "{name}: in {censored} of {} fewer than {} of the runs are known to recover at settings chosen without them; the law has {bounds}.",
                count(cells.len(), "cell"),
                percent(quantile)
            ));
        }
        let Some(scaling) = self.scaling(Milestone::Recovery) else { return limits };
        let together = scaling.power.as_ref().map_or(&[][..], |law| &law.together);
        if !together.is_empty() {
            let terms: Vec<&str> = together.iter().map(|term| term.name()).collect();
            let terms = terms.join(" and ");
            let in_the_grid = vary_together(&cells);
            limits.push(if together.iter().all(|term| in_the_grid.contains(term)) {
                format!("{name}: {terms} vary together in this grid, so their exponents cannot be told apart; vary them apart to know them.")
            } else {
                format!("{name}: too few cells reached the quantile to tell the exponents of {terms} apart.")
            });
        }
        if scaling.power.as_ref().is_some_and(|law| law.spread == Some(0.0)) {
            limits.push(format!(
                "{name}: the cells lie on the law without any scatter, so its exponents have no intervals: samples are known to a batch or to the \
                 resolution only."
            ));
        }
        if scaling.power.as_ref().and_then(|law| law.coefficient(Term::T)).is_none() && !together.contains(&Term::T) {
            let reached = || cells.iter().filter(|c| !c.censored);
            let lengths: BTreeSet<i64> = reached().map(|c| c.t).collect();
            limits.push(match lengths.len() {
                _ if cells.iter().all(|c| c.t == cells[0].t) => format!("{name}: one value of T has no exponent."),
                _ if reached().next().is_some() && reached().all(|c| c.samples == 0) => {
                    format!("{name}: the truth is recovered at the start, at 0 samples, so there is nothing that could grow with T.")
                }
                0 | 1 => format!("{name}: too few values of T reached the quantile for an exponent of T."),
                _ => format!("{name}: too few cells reached the quantile for an exponent of T."),
            });
        }
        for check in scaling.failed_checks() {
            let ((of, with), e) = (check.factors, check.estimate);
            let (of, with) = (of.name(), with.name());
            let (what, e) = if of == with {
                (format!("the exponent of {of} changes with {of}"), 2.0 * e)
            } else {
                (format!("the exponent of {of} changes with {with}"), e)
            };
            limits.push(format!(
                "{name}: one power law does not describe the grid: {what}, by {:+.2} for each doubling (p {}).",
                e * std::f64::consts::LN_2,
                short_p(check.p_value)
            ));
        }
        for outlier in &scaling.outliers {
            let ((n, q, t), factor) = (outlier.cell, outlier.factor);
            limits.push(format!(
                "{name}: N = {n}, Q = {q}, T = {t} needs {} times what the law of the other cells says.",
                two(factor)
            ));
        }
        let (runs, reached) = cells.iter().fold((0, 0), |(a, b), c| (a + c.replicates, b + c.reached));
        if reached < runs {
            let share = |part: i64, whole: i64| format!("{:.1} %", 100.0 * part as f64 / whole.max(1) as f64);
            let never = share(runs - reached, runs);
            let (all, of) =
                (self.endings.iter().sum::<usize>() as i64, |status: Status| self.endings[status as usize] as i64);
            limits.push(format!(
                "{name}: {never} of the runs at the chosen settings did not recover; of those at any setting {} ended mirrored and {} diverged.",
                share(of(Status::Mirrored), all),
                share(of(Status::Diverged), all)
            ));
        }
        limits
    }
}

/// Which of the laws in T describes the milestone, in a sentence; `None` where they cannot be compared.
#[must_use]
pub fn rivalry(scaling: &Scaling) -> Option<String> {
    let (difference, held_out) = (scaling.aicc_difference()?, scaling.held_out.as_ref()?);
    let (power, polylog) = (off(held_out.power), off(held_out.polylog));
    let exponent = scaling.polylog.as_ref()?.coefficient(Form::Polylog.term())?.estimate;
    let t = held_out.t;
    Some(match scaling.verdict() {
        Verdict::Power => format!(
            "A power of T describes it better than (ln T)^{exponent:.1}: AICc is lower by {difference:.0}, and of T = {t}, fitted without it, the power of T is off by {power} and that of ln T by {polylog}."
        ),
        Verdict::Polylog => format!(
            "(ln T)^{exponent:.1} describes it better than a power of T: AICc is lower by {:.0}, and of T = {t}, fitted without it, the power of ln T is off by {polylog} and that of T by {power}.",
            -difference
        ),
        Verdict::Undecided => format!(
            "Whether it is a power of T or (ln T)^{exponent:.1} is not decided: AICc differs by {:.0} for {}, and of T = {t}, fitted without it, they are off by {power} and {polylog}.",
            difference.abs(),
            if difference > 0.0 { "T" } else { "ln T" }
        ),
    })
}

/// An error of the logarithm of samples as a share of the samples.
pub(crate) fn off(error: f64) -> String {
    let share = 100.0 * (libm::exp(error) - 1.0);
    if share > 900.0 { "more than tenfold".to_owned() } else { format!("{share:.0} %") }
}

/// How many replicates bound a quantile from both sides: with fewer, all of them may lie on one. `None` if no number does.
fn bounding_replicates(quantile: f64) -> Option<usize> {
    let rarer = quantile.max(1.0 - quantile);
    (rarer < 1.0).then(|| (libm::log(crate::statistics::confidence::ALPHA / 2.0) / libm::log(rarer)).ceil() as usize)
}

/// At most so many values, evenly chosen, the ends among them.
pub(crate) fn thinned(values: BTreeSet<i64>, most: usize) -> Vec<i64> {
    let values: Vec<i64> = values.into_iter().collect();
    if values.len() <= most {
        return values;
    }
    (0..most).map(|i| values[i * (values.len() - 1) / (most - 1)]).collect()
}

/// Two digits after the point, and no minus before a zero.
pub(crate) fn two(x: f64) -> String {
    let text = format!("{x:.2}");
    if text == "-0.00" { "0.00".to_owned() } else { text }
}

/// `90 %`, `99.95 %`, `0.0001 %`: with all digits that the share has, up to nine.
#[must_use]
pub fn percent(share: f64) -> String {
    let exact: f64 = format!("{:.8e}", 100.0 * share).parse().unwrap_or(100.0 * share);
    format!("{exact} %")
}

/// `1 job`, `2 jobs`.
#[must_use]
pub fn count(number: usize, what: &str) -> String {
    if number == 1 { format!("1 {what}") } else { format!("{number} {what}s") }
}

/// Three figures at most: `950`, `4.1k`, `51k`, `1.2M`.
#[must_use]
pub fn short(samples: i64) -> String {
    let x = samples as f64;
    let scaled = |value: f64, unit: &str| {
        if value < 9.95 { format!("{value:.1}{unit}") } else { format!("{value:.0}{unit}") }
    };
    if x < 1000.0 {
        samples.to_string()
    } else if x < 999_500.0 {
        scaled(x / 1e3, "k")
    } else if x < 999_500_000.0 {
        scaled(x / 1e6, "M")
    } else {
        scaled(x / 1e9, "G")
    }
}

fn short_p(p: f64) -> String {
    if p < 1e-4 { "< 0.0001".to_owned() } else { format!("= {p:.4}") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::fixture::record;

    fn question() -> Question {
        Question { quantile: 0.9, conditions: Vec::new(), tuned: Vec::new() }
    }

    #[test]
    fn numbers_are_short_and_rounded_to_the_nearest() {
        let cases = [(0, "0"), (999, "999"), (1000, "1.0k"), (4149, "4.1k"), (9949, "9.9k"), (9951, "10k")];
        for (samples, text) in cases {
            assert_eq!(short(samples), text);
        }
        assert_eq!((short(51_200), short(999_499), short(999_600)), ("51k".into(), "999k".into(), "1.0M".into()));
        assert_eq!(short(2_000_000_000), "2.0G");
    }

    #[test]
    fn shares_keep_their_digits() {
        assert_eq!([0.9, 0.9995, 1e-6, 1.0, 0.25].map(percent), ["90 %", "99.95 %", "0.0001 %", "100 %", "25 %"]);
        assert_eq!(
            (bounding_replicates(0.9), bounding_replicates(0.5), bounding_replicates(1.0)),
            (Some(36), Some(6), None)
        );
    }

    /// The true reason why there is no exponent, or no interval, and what is chosen at an edge or not at all.
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
        assert!(text.contains("cells of one replicate") && text.contains("one value of T has no exponent"), "{text}");
        let few: Vec<Record> = (0..5).map(|i| record(3, 2, 64, i, (i > 0).then_some(500))).collect();
        let text = limits(&few);
        assert!(text.contains("5 replicates do not bound") && text.contains("It takes 36"), "{text}");
        assert!(text.contains("in 1 of 1 cell fewer than 90 %"), "{text}");
        let mut failed = one.clone();
        (failed[0].measures, failed[0].status) = (None, Status::Failed);
        let analysis = Analysis::of(&failed, question());
        assert!(analysis.groups().is_empty() && analysis.limits()[0].contains("1 job failed and is left out"));
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
