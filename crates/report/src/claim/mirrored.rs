//! How often runs grow into the mirrored solution, and what turning them over does.

use std::collections::{BTreeMap, BTreeSet};

use plotters::style::BLACK;

use super::evidence::{
    Agreement, Evidence, Part, Share, Task, cells_of, common_pair, exponent, measured, named, needed_figure, series,
    share_of_tasks, task_of, with_interval,
};
use super::{Finding, Section, Verdict};
use crate::analysis::Milestone::Recovery;
use crate::analysis::{Group, Key, count};
use crate::figure::panels::{Axis, Entry, Mark};
use crate::figure::{Curve, Figure, curves, sequential};
use crate::record::{PROX, Record, Status};

/// A cell in which a larger share of the runs blew up says nothing: they ended before their sign was known.
const MOST_DIVERGED: f64 = 0.02;

/// The level of the tests of agreement, over all groups that are looked at together.
const LEVEL: f64 = 0.01;

/// The range in which observed over expected counts agree, and the smallest effect that must have been seen for a "confirmed".
const AGREE: (f64, f64) = (0.8, 1.25);
const LARGEST_UNSEEN: f64 = 0.25;

/// What a sentence says of observed over expected counts, and when it fails. It holds where every 95 % interval lies in [`AGREE`] and an effect of
/// [`LARGEST_UNSEEN`] would have been seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Agreeing {
    /// That they are equal: fails where one differs from 1.
    Exactly,
    /// That they are about equal: fails where one lies outside [`AGREE`].
    About,
}

impl Agreeing {
    /// The rule in words.
    pub(super) fn rule(self) -> String {
        let fails = match self {
            Self::Exactly => "differs from 1",
            Self::About => "lies outside 0.8 to 1.25",
        };
        format!(
            "The sentence fails if any of these ratios {fails} (1 % level for all of them together). It holds if every 95 % interval, by tasks, lies \
             between 0.8 and 1.25 and a difference of 25 % would have been seen with a probability of 0.8."
        )
    }

    /// Whether the sentence fails at this group, which is one of so many.
    fn fails(self, group: &Agreement, of: usize) -> bool {
        let level = LEVEL / of as f64;
        match self {
            Self::Exactly => group.differs(level),
            Self::About => group.interval(level).is_some_and(|(low, high)| high < AGREE.0 || AGREE.1 < low),
        }
    }

    /// What these say together.
    pub(super) fn finding(self, groups: &[Agreement]) -> Finding {
        if groups.iter().any(|a| self.fails(a, groups.len())) {
            Finding::Refuted
        } else if !groups.is_empty() && groups.iter().all(agrees) && sees_enough(groups) {
            Finding::Confirmed
        } else {
            Finding::Undecided
        }
    }

    /// The group that decides: of those at which the sentence fails the one whose ratio is furthest from 1, else the one whose interval reaches furthest.
    fn decisive(self, groups: &[(String, Agreement)]) -> Option<&(String, Agreement)> {
        let far = |x: f64| libm::log(x.max(f64::MIN_POSITIVE)).abs();
        let ratio = |(_, a): &(String, Agreement)| a.ratio().map_or(0.0, far);
        let reach = |(_, a): &(String, Agreement)| a.interval(0.05).map_or(0.0, |(low, high)| far(low).max(far(high)));
        let failing = groups.iter().filter(|(_, a)| self.fails(a, groups.len()));
        let failing = failing.max_by(|a, b| ratio(a).total_cmp(&ratio(b)));
        failing.or_else(|| groups.iter().max_by(|a, b| reach(a).total_cmp(&reach(b))))
    }
}

fn agrees(group: &Agreement) -> bool {
    group.interval(0.05).is_some_and(|(low, high)| AGREE.0 <= low && high <= AGREE.1)
}

fn sees_enough(groups: &[Agreement]) -> bool {
    unseen(groups).is_some_and(|effect| effect <= LARGEST_UNSEEN)
}

/// Why groups at which nothing fails do not decide.
fn too_few(groups: &[(String, Agreement)]) -> Option<String> {
    let outside: Vec<&str> = groups.iter().filter(|(_, a)| !agrees(a)).map(|(name, _)| name.as_str()).collect();
    let all: Vec<Agreement> = groups.iter().map(|(_, a)| *a).collect();
    let missed = match unseen(&all) {
        Some(effect) if effect > LARGEST_UNSEEN => {
            Some(format!("a difference of {:.0} % could have been missed", 100.0 * effect))
        }
        _ => None,
    };
    let outside = (!outside.is_empty()).then(|| format!("{} may lie outside 0.8 to 1.25", outside.join(", ")));
    let reasons: Vec<String> = outside.into_iter().chain(missed).collect();
    (!reasons.is_empty()).then(|| format!("too few mirrored runs: {}", reasons.join("; ")))
}

/// The smallest effect that would have been seen in each of these groups, tested together.
pub(super) fn unseen(groups: &[Agreement]) -> Option<f64> {
    let effects: Option<Vec<f64>> = groups.iter().map(|a| a.smallest_effect(LEVEL / groups.len() as f64)).collect();
    effects?.into_iter().max_by(f64::total_cmp)
}

/// Runs of which all have a prediction: at one ratio `B / (eta T)` (in steps of 10 %), T and eta.
#[derive(Debug, Clone, PartialEq)]
struct Run {
    ratio_step: i64,
    t: i64,
    eta: Key,
    task: Task,
    ratio: f64,
    mirrored: f64,
    predicted: f64,
}

/// The runs that say something, and what was left out: of each length, cells and runs in which too many blew up.
#[derive(Debug, Default)]
struct Runs {
    kept: Vec<Run>,
    left_out: BTreeMap<i64, (usize, usize)>,
}

/// Of one N and Q, the smallest: others have other tasks.
fn runs(evidence: &Evidence<'_>) -> Runs {
    let plain = |r: &&Record| r.algorithm == PROX && r.further("flip").is_none_or(|f| f == 0.0);
    let pair = evidence.records.iter().filter(plain).map(|r| (r.n, r.q)).min();
    let mut cells: BTreeMap<(i64, i64, Key), (usize, Vec<Run>)> = BTreeMap::new();
    for (record, measures) in measured(evidence.records.iter().filter(plain).filter(|r| Some((r.n, r.q)) == pair)) {
        let Some(predicted) = measures.optional("predicted_mirrored") else { continue };
        let ratio = record.batch_size as f64 / (record.eta_boost * record.t as f64);
        let (ratio_step, eta) = ((libm::log(ratio) / 0.1).round() as i64, Key(record.eta_boost));
        let (diverged, own) = cells.entry((ratio_step, record.t, eta)).or_default();
        *diverged += usize::from(record.status == Status::Diverged);
        let mirrored = f64::from(u8::from(record.status == Status::Mirrored));
        own.push(Run { ratio_step, t: record.t, eta, task: task_of(record), ratio, mirrored, predicted });
    }
    let mut runs = Runs::default();
    for ((_, t, _), (diverged, own)) in cells {
        if diverged as f64 <= MOST_DIVERGED * own.len() as f64 {
            runs.kept.extend(own);
        } else {
            let (cells, all) = runs.left_out.entry(t).or_default();
            (*cells, *all) = (*cells + 1, *all + own.len());
        }
    }
    runs
}

impl Runs {
    /// These runs compared with what the *others* at the same ratios have: count over what the others' shares would make. Ratios that have no others say nothing.
    fn against_others(&self, is: &dyn Fn(&Run) -> bool) -> Agreement {
        // Mirrored runs and runs at each ratio, of these and of the others.
        let mut sums: BTreeMap<i64, [(f64, f64); 2]> = BTreeMap::new();
        for run in &self.kept {
            let (mirrored, runs) = &mut sums.entry(run.ratio_step).or_default()[usize::from(!is(run))];
            (*mirrored, *runs) = (*mirrored + run.mirrored, *runs + 1.0);
        }
        Agreement::of(self.kept.iter().filter_map(|run| {
            let [own, others] = sums.get(&run.ratio_step).filter(|both| both.iter().all(|(_, runs)| *runs > 0.0))?;
            let share = others.0 / others.1;
            // If the sentence is true, all have one share.
            let all = (own.0 + others.0) / (own.1 + others.1);
            let (task, variance) = (run.task, all * (1.0 - all));
            Some(if is(run) {
                Part { task, counts: run.mirrored, expected: share, error: None, variance }
            } else {
                let weight = own.1 / others.1;
                let error = Some(weight * (run.mirrored - share));
                Part { task, counts: 0.0, expected: 0.0, error, variance: weight * weight * variance }
            })
        }))
    }

    /// These runs compared with their predictions.
    fn against_predictions(&self, is: &dyn Fn(&Run) -> bool) -> Agreement {
        Agreement::of(
            self.kept.iter().filter(|run| is(run)).map(|run| Part::predicted(run.task, run.mirrored, run.predicted)),
        )
    }

    /// What `compare` says of each T and each eta, with its name. Groups of which nothing is expected are left out.
    fn groups(&self, compare: impl Fn(&dyn Fn(&Run) -> bool) -> Agreement) -> Vec<(String, Agreement)> {
        let lengths: BTreeSet<i64> = self.kept.iter().map(|r| r.t).collect();
        let steps: BTreeSet<Key> = self.kept.iter().map(|r| r.eta).collect();
        let lengths: Vec<(String, Agreement)> =
            lengths.iter().map(|&t| (format!("T = {t}"), compare(&|run: &Run| run.t == t))).collect();
        let steps: Vec<(String, Agreement)> =
            steps.iter().map(|&eta| (format!("η = {}", eta.0), compare(&|run: &Run| run.eta == eta))).collect();
        // One of a kind is the whole.
        let several = [lengths, steps].into_iter().filter(|groups| groups.len() > 1).flatten();
        several.filter(|(_, a)| a.expected > 0.0).collect()
    }

    /// What was left out, in words.
    fn left_out(&self) -> String {
        let cells: usize = self.left_out.values().map(|(cells, _)| cells).sum();
        let runs: usize = self.left_out.values().map(|(_, runs)| runs).sum();
        if cells == 0 {
            return "no cell was left out".to_owned();
        }
        let by_length: Vec<String> =
            self.left_out.iter().map(|(t, (cells, _))| format!("{} at T = {t}", count(*cells, "cell"))).collect();
        format!("{} with {} were left out ({})", count(cells, "cell"), count(runs, "run"), by_length.join(", "))
    }
}

/// A sentence of agreement over groups, each with its ratio.
fn agreeing(statement: &str, rule: Agreeing, groups: &[(String, Agreement)], what: &str, runs: &Runs) -> Verdict {
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

pub(super) fn section(evidence: &Evidence<'_>) -> Section {
    let runs = runs(evidence);
    let same = runs.groups(|is| runs.against_others(is));
    let mut right = runs.groups(|is| runs.against_predictions(is));
    let total = runs.against_predictions(&|_| true);
    if total.tasks > 0 {
        right.insert(
            0,
            (format!("all ({} of {} runs, {:.0} predicted)", total.seen, runs.kept.len(), total.expected), total),
        );
    }
    let mut verdicts = vec![
        agreeing(
            "The probability of a mirrored run depends on batch, step and length through B/(η T) only, to within 25 %.",
            Agreeing::About,
            &same,
            "Mirrored runs of each T and η over what the shares of the others would make at the same ratios",
            &runs,
        ),
        agreeing(
            "It is Φ(-z) with z = (K_P / √W) √(B (2+η) / (η T)), as a Gaussian argument predicts, without a free parameter.",
            Agreeing::Exactly,
            &right,
            "Mirrored over predicted runs",
            &runs,
        ),
    ];
    let plain = evidence.group(PROX, &[("flip", 0.0)]);
    let flipping: Vec<(f64, &Group<'_>)> = evidence
        .groups()
        .iter()
        .filter(|g| g.algorithm == PROX)
        .filter_map(|g| Some((g.conditions.iter().find(|(key, value)| *key == "flip" && *value > 0.0)?.1, g)))
        .collect();
    for &(factor, group) in &flipping {
        verdicts.extend(remedy(evidence, plain, factor, group));
    }
    let mut lines = vec![("as it is".to_owned(), plain)];
    lines.extend(flipping.iter().map(|(factor, group)| (named("flip", *factor), Some(*group))));
    let pair = common_pair(&lines.iter().map(|(_, group)| (*group, Recovery)).collect::<Vec<_>>());
    let lines: Vec<_> = lines.into_iter().map(|(label, group)| series(label, group, Recovery, pair)).collect();
    let needed = needed_figure(
        "mirrored_needed",
        "What turning over does to the needed samples".to_owned(),
        "Samples by which the runs have recovered, with and without turning both factors over when the negative entries of the attention dominate, at hyperparameters chosen on other replicates."
            .to_owned(),
        &lines,
    );
    Section {
        title: "The mirrored solution",
        text: "Of (V, A) and its mirror image both fit; which of them a run grows into is decided by the noise of its first B/η samples against a push of order 1/T. A Gaussian argument \
               gives the probability without a free parameter. The remedy uses what a learner can see: attention that is a few positive weights has no large negative entries, so both \
               centred factors are turned over when the most negative entry exceeds the most positive one by a factor. Loss cannot judge it as fast: at the truth the two differ \
               by 2 K_P / T only.",
        verdicts,
        figures: [probability(&runs.kept), needed].into_iter().flatten().collect(),
        notes: vec![format!(
            "Cells in which more than {:.0} % of the runs blew up (batches of a few samples) are left out of the probabilities, for such runs end before their sign is known: {}.",
            100.0 * MOST_DIVERGED,
            runs.left_out()
        )],
    }
}

/// What turning over does to the exponent of T, to the needed samples at the largest T, and to mirrored runs.
fn remedy(evidence: &Evidence<'_>, plain: Option<&Group<'_>>, factor: f64, group: &Group<'_>) -> Vec<Verdict> {
    let (before, after) = (exponent(plain, Recovery), exponent(Some(group), Recovery));
    let finding = Finding::of_smaller(after.and_then(|c| c.interval), before.and_then(|c| c.interval));
    let flip = named("flip", factor);
    let largest = |g: Option<&Group<'_>>| {
        let cells = g.map_or_else(Vec::new, |g| g.cells(Recovery));
        cells.into_iter().max_by_key(|c| c.t).filter(|c| !c.censored).map(|c| (c.t, c.samples))
    };
    let saved = match (largest(plain), largest(Some(group))) {
        (Some((t, a)), Some((u, b))) if t == u => format!(" At T = {t} it takes {b} samples instead of {a}."),
        _ => String::new(),
    };
    let with = |value: f64| {
        let of = move |r: &&Record| r.algorithm == PROX && r.further("flip") == Some(value);
        evidence.records.iter().filter(of)
    };
    let count = |value: f64| share_of_tasks(with(value), Status::Mirrored);
    vec![
        Verdict::new(
            format!("Turning models over whose negative entries dominate ({flip}) lowers the exponent of T."),
            finding,
            format!("{} with it, {} without.{saved}", with_interval(after), with_interval(before)),
        )
        .number("exponent of T", after.map(|c| c.estimate), after.and_then(|c| c.interval))
        .resting_on(cells_of(&[plain, Some(group)], Recovery)),
        Verdict::new(
            format!("With {flip} fewer runs end mirrored."),
            Finding::Measured,
            format!("{} of the runs at any setting with it, {} without.", count(factor), count(0.0)),
        ),
    ]
}

/// The share of mirrored runs against `B / (eta T)`, a colour for each T, and the prediction.
fn probability(runs: &[Run]) -> Option<Figure> {
    let lengths: Vec<i64> = runs.iter().map(|r| r.t).collect::<BTreeSet<i64>>().into_iter().collect();
    // Mean ratio and prediction, and the share of mirrored runs, at each ratio of some runs.
    let points = |is: &dyn Fn(&Run) -> bool| -> Vec<(f64, f64, Share)> {
        let mut at: BTreeMap<i64, Vec<&Run>> = BTreeMap::new();
        runs.iter().filter(|run| is(run)).for_each(|run| at.entry(run.ratio_step).or_default().push(run));
        let mean = |own: &[&Run], of: fn(&Run) -> f64| own.iter().map(|run| of(run)).sum::<f64>() / own.len() as f64;
        let point = |own: Vec<&Run>| {
            let share = Share::of(own.iter().map(|run| (run.task, run.mirrored)))?;
            Some((mean(&own, |run| run.ratio), mean(&own, |run| run.predicted), share))
        };
        at.into_values().filter_map(point).collect()
    };
    let mut drawn = Vec::new();
    let mut legend = Vec::new();
    for (i, &t) in lengths.iter().enumerate() {
        let ink = sequential(i, lengths.len());
        let own = points(&|run| run.t == t);
        // Side by side, so that intervals do not hide each other.
        let aside = libm::exp(0.08 * (i as f64 / lengths.len() as f64 - 0.5));
        drawn.push(Curve {
            panel: 0,
            ink,
            mark: Mark::of(i),
            points: own.iter().map(|(ratio, _, share)| (aside * ratio, share.of)).collect(),
            band: own.iter().map(|(.., share)| share.interval).collect(),
            bounds: Vec::new(),
        });
        legend.push(Entry { ink, mark: Mark::of(i), text: format!("T = {t}") });
    }
    let all = points(&|_| true);
    let predicted = all.iter().map(|(ratio, predicted, _)| (*ratio, *predicted)).collect();
    drawn.push(Curve {
        panel: 0,
        ink: BLACK,
        mark: Mark::Dashes,
        points: predicted,
        band: Vec::new(),
        bounds: Vec::new(),
    });
    legend.push(Entry { ink: BLACK, mark: Mark::Dashes, text: "predicted".to_owned() });
    // Half of all is the most that there can be without a push.
    let highest = drawn.iter().flat_map(|c| c.points.iter().map(|p| p.1).chain(c.band.iter().map(|b| b.1)));
    let tenths = (10.0 * highest.fold(0.1, f64::max)).ceil().min(5.0) as usize;
    let ticks: Vec<f64> = (0..=tenths).map(|tenth| tenth as f64 / 10.0).collect();
    let axes = (
        Axis::logarithmic("B / (η T)", all.iter().map(|p| p.0), 1.2, 6),
        Axis::linear("share of runs that are mirrored", 0.0, tenths as f64 / 10.0, &ticks),
    );
    let svg = curves(axes, (1, 200), legend, vec![String::new()], &drawn)?;
    Some(Figure {
        name: "claim_mirrored".to_owned(),
        title: "How often runs grow into the mirrored solution".to_owned(),
        caption: format!(
            "Share of mirrored runs, with 95 % intervals by tasks, against B/(η T). Dashes: Φ(-z), averaged over the tasks of these runs; nothing is fitted. {}",
            count(runs.len(), "run") + "."
        ),
        svg,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::{Analysis, Question};
    use crate::record::OPTIONAL;
    use crate::record::fixture::record;

    /// Records with a known probability of being mirrored, whatever T; the runs are as many as that, or a third more. Every run is on a task of its own.
    fn records(excess: f64) -> Vec<Record> {
        let at = OPTIONAL.iter().position(|(name, ..)| *name == "predicted_mirrored").unwrap();
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
            let section = section(&evidence);
            assert_eq!(section.verdicts[0].finding, Finding::Confirmed, "{:?}", section.verdicts[0]);
            assert_eq!(section.verdicts[1].finding, finding, "{:?}", section.verdicts[1]);
            assert!(section.figures[0].svg.contains("T = 256"));
        }
    }

    /// Records with a known probability of being mirrored; one length has a third more, in as many runs as it takes to see that, or in few.
    #[test]
    fn a_length_that_differs_is_told_and_few_runs_confirm_nothing() {
        let at = OPTIONAL.iter().position(|(name, ..)| *name == "predicted_mirrored").unwrap();
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
            section(&Evidence::new(&analysis, &records, &[], &[]))
        };
        let found = |section: &Section| [0, 1].map(|i| section.verdicts[i].finding);
        // An excess of 35 % may lie within 25 %, one of 80 % cannot, and one of 10 % does; by the others' shares, which have none of it.
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
