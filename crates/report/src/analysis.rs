//! Everything that is concluded from the records, once, for whoever shows it: tables, figures, terminal, page.

use std::collections::{BTreeMap, BTreeSet};

use crate::needed::{Key, Milestone, Needed, Question, Setting, cells, needed_of, settings_of};
use crate::record::{POPULATION, named, shown};
use crate::scaling::{Coefficient, Form, Scaling, Term, Verdict, scalings};
use crate::{Record, Status};

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
        let endings = Status::endings(records.iter());
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
        let needs = bounding_replicates(quantile);
        match self.replicates {
            0 => {}
            1 => limits.push(
                "There are cells of one replicate: their numbers are readings of one run, judged at settings that it chose itself; \
                 nothing can be said of chance."
                    .to_owned(),
            ),
            few if few < needs => limits.push(format!(
                "{few} replicates do not bound the {quantile} quantile: intervals of cells are open. It takes {needs}."
            )),
            _ => {}
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
        let grows = law.coefficients.iter().filter(known).map(|c| {
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

    /// In how many cells the chosen B/eta is the smallest or the largest of three or more, and how many cells have as many.
    fn at_edge(&self, cells: &[&Needed]) -> (usize, usize) {
        let (mut at_edge, mut with_edges) = (0, 0);
        for cell in cells {
            let of_cell = self.settings.iter().filter(|s| (s.n, s.q, s.t) == (cell.n, cell.q, cell.t));
            let ratios: BTreeSet<Key> = of_cell.map(|s| Key(s.batch_size as f64 / s.eta_boost)).collect();
            let chosen = Key(cell.batch_size as f64 / cell.eta_boost);
            if ratios.len() > 2 {
                with_edges += 1;
                at_edge += usize::from(ratios.first() == Some(&chosen) || ratios.last() == Some(&chosen));
            }
        }
        (at_edge, with_edges)
    }

    fn limits(&self, quantile: f64) -> Vec<String> {
        let name = self.name();
        if self.algorithm == POPULATION {
            return Vec::new();
        }
        let mut limits = Vec::new();
        let cells = self.cells(Milestone::Recovery);
        let censored = cells.iter().filter(|c| c.censored).count();
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
        if scaling.power.as_ref().and_then(|law| law.coefficient(Term::T)).is_none() {
            let lengths: BTreeSet<i64> = cells.iter().filter(|c| !c.censored).map(|c| c.t).collect();
            limits.push(match lengths.len() {
                _ if cells.iter().all(|c| c.t == cells[0].t) => format!("{name}: one value of T has no exponent."),
                0 | 1 => format!("{name}: too few values of T reached the quantile for an exponent of T."),
                _ => format!("{name}: too few cells reached the quantile, or N, Q and T vary together: there is no exponent of T."),
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
            let ((n, q, t), spreads) = (outlier.cell, outlier.spreads);
            let side = if spreads > 0.0 { "above" } else { "below" };
            limits.push(format!("{name}: N = {n}, Q = {q}, T = {t} lies {:.1} spreads {side} the law.", spreads.abs()));
        }
        let (at_edge, with_edges) = self.at_edge(&cells);
        if 4 * at_edge >= with_edges && at_edge > 0 {
            limits.push(format!(
                "{name}: in {at_edge} of {} the chosen B/eta is the smallest or largest that was tried; a wider grid may need fewer samples.",
                count(with_edges, "cell")
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
            "A power of T describes it better than (ln T)^{exponent:.1}: AICc is lower by {difference:.0}, and fitted without T = {t} it is off there by {power}, the other by {polylog}."
        ),
        Verdict::Polylog => format!(
            "(ln T)^{exponent:.1} describes it better than a power of T: AICc is lower by {:.0}, and fitted without T = {t} it is off there by {polylog}, the other by {power}.",
            -difference
        ),
        Verdict::Undecided => format!(
            "Whether it is a power of T or (ln T)^{exponent:.1} is not decided: AICc differs by {:.0} for {}, and fitted without T = {t} they are off there by {power} and {polylog}.",
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

/// How many replicates bound a quantile from both sides: with fewer, all of them may lie on one.
fn bounding_replicates(quantile: f64) -> usize {
    let rarer = quantile.max(1.0 - quantile);
    (libm::log(crate::survival::ALPHA / 2.0) / libm::log(rarer)).ceil() as usize
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

/// `90 %`.
#[must_use]
pub fn percent(share: f64) -> String {
    format!("{} %", (share * 1e4).round() / 1e2)
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
    use crate::record::tests::record;

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
