//! Do 95 % intervals cover the truth in 95 of 100 cases, and what would happen without the care
//! taken?
//!
//! Records are drawn from a known law on the default grid, the way runs behave: six settings of the
//! hyperparameters of which the fast ones fail to arrive now and then, one so often that it has no
//! 0.9 quantile at all; tasks that are hard at every setting; a scatter that is larger for few
//! states; budgets that cut off the hardest cells. Then everything between records and laws is done
//! to them, [`REPETITIONS`] times.
//!
//! Numbers measured here are quoted in the README. With 600 repetitions the standard error of a
//! coverage of 95 % is 0.9 %, so a coverage of exactly 95 % fails the test of 92 to 98 % in one
//! case of 1300; the seeds are fixed.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on says so by panicking")]

mod simulated;

use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64Mcg;
use report::Record;
use report::analysis::{Form, Term, law, scalings};
use report::analysis::{Milestone, Needed, Question, needed};
use report::statistics::cross_fitting::{Choice, LEAST_CONFIDENCE, Runs, choose, choose_with};
use report::statistics::order_statistics::Reading;
use report::statistics::survival::SuccessCurve;
use simulated::{Run, Tally, gauss, normal, percent, repeated};
use statrs::distribution::ContinuousCDF;

const REPETITIONS: u64 = 600;
const REPLICATES: i64 = 40;
const QUANTILE: f64 = 0.9;
const EXPONENTS: [(Term, f64); 3] = [(Term::T, 0.8), (Term::N, -0.1), (Term::Q, 0.75)];

/// How much longer a setting takes (in ln n) and how often it never arrives.
const SETTINGS: [(f64, f64); 6] = [(0.0, 0.02), (0.05, 0.0), (0.1, 0.06), (0.3, 0.0), (0.6, 0.0), (-0.15, 0.12)];

/// Standard deviation of ln n over replicates.
fn scatter(n: i64) -> f64 {
    match n {
        3 => 0.35,
        4 => 0.28,
        _ => 0.2,
    }
}

/// The samples that are needed at the best setting: what the analysis should find.
fn truth(n: i64, q: i64, t: i64) -> f64 {
    30.0 * EXPONENTS.iter().zip([t, n, q]).map(|((_, power), x)| (x as f64).powf(*power)).product::<f64>()
}

fn budget(t: i64) -> i64 {
    22 * t + 150
}

/// The 0.9 quantile of ln n at the best setting, for this scatter, above the median at the first
/// setting.
fn best_quantile(scatter: f64) -> f64 {
    best_of(&SETTINGS, scatter)
}

fn best_of(settings: &[(f64, f64)], scatter: f64) -> f64 {
    let quantile = |(shift, never): (f64, f64)| {
        let level = QUANTILE / (1.0 - never);
        if level < 1.0 { shift + scatter * normal().inverse_cdf(level) } else { f64::INFINITY }
    };
    settings.iter().copied().map(quantile).fold(f64::INFINITY, f64::min)
}

fn grid() -> Vec<(i64, i64, i64)> {
    let mut cells = Vec::new();
    for n in [3, 4, 6] {
        for q in [1, 2, 3] {
            cells.extend((5..12).map(|power| (n, q, 1 << power)));
        }
    }
    cells
}

fn records(rng: &mut Pcg64Mcg) -> Vec<Record> {
    let mut records = Vec::new();
    for (n, q, t) in grid() {
        let scatter = scatter(n);
        let level = truth(n, q, t).ln() - best_quantile(scatter);
        for replicate in 0..REPLICATES {
            let task = gauss(rng);
            for (i, (shift, never)) in SETTINGS.into_iter().enumerate() {
                let deviation = (0.5f64.sqrt()) * (task + gauss(rng));
                let samples = (level + shift + scatter * deviation).exp().round() as i64;
                let arrives = rng.random::<f64>() >= never;
                let reached = if arrives { Some((None, samples)) } else { None };
                records.push(Run { cell: (n, q, t), setting: i, replicate, reached, budget: budget(t) }.record());
            }
        }
    }
    records
}

#[derive(Default)]
struct Tallies {
    exponents: [Tally; 3],
    widths: [Tally; 3],
    of_pairs: Tally,
    cells: Tally,
    open: Tally,
    closed: Tally,
    split: Tally,
    in_sample: Tally,
    bounds: Tally,
    bootstrap: Tally,
    without_bounds: Tally,
    warned: Tally,
    outlying: Tally,
}

#[test]
fn intervals_cover_the_truth_as_often_as_they_say() {
    let tallies = Tallies::default();
    repeated(REPETITIONS, |seed| repeat(seed, &tallies));
    println!("95 % intervals, {REPETITIONS} repetitions of the default grid with {REPLICATES} replicates");
    for (((term, truth), tally), width) in EXPONENTS.iter().zip(&tallies.exponents).zip(&tallies.widths) {
        let (covered, mean, width) = (percent(tally.share()), tally.mean(), width.mean());
        println!(
            "  exponent of {}: covered in {covered}, mean {mean:.3} (truth {truth}), mean width {width:.3}",
            term.name()
        );
    }
    println!("  exponent of T for one N and Q: covered in {}", percent(tallies.of_pairs.share()));
    println!("  needed samples of a cell: covered in {}", percent(tallies.cells.share()));
    let (open, closed) = (percent(tallies.open.share()), percent(tallies.closed.share()));
    println!("    {open} are open above; of the others {closed} cover");
    println!("  the same by a percentile bootstrap of the same readings: {}", percent(tallies.bootstrap.share()));
    let factor = |tally: &Tally| 100.0 * (tally.mean().exp() - 1.0);
    println!("in cells that reach the quantile:");
    println!("needed samples, chosen by halves: {:+.1} % on average", factor(&tallies.split));
    println!("needed samples, chosen on the runs they are read from: {:+.1} %", factor(&tallies.in_sample));
    println!("lower bounds that hold: {}", percent(tallies.bounds.share()));
    println!("exponent of T without the lower bounds: mean {:.3}", tallies.without_bounds.mean());
    println!("grids of a true power law that draw a warning: {}", percent(tallies.warned.share()));
    println!("  for a cell that lies off the law: {}", percent(tallies.outlying.share()));

    for tally in tallies.exponents.iter().chain([&tallies.of_pairs, &tallies.cells]) {
        assert!((0.92..=0.98).contains(&tally.share()), "{}", tally.share());
    }
    for ((_, truth), tally) in EXPONENTS.iter().zip(&tallies.exponents) {
        assert!((tally.mean() - truth).abs() < 0.02, "{}", tally.mean());
    }
    assert!(tallies.warned.share() < 0.08 && tallies.outlying.share() < 0.03);
    assert!(factor(&tallies.in_sample) < -5.0 && factor(&tallies.split).abs() < 2.5);
    assert!(tallies.bounds.share() > 0.85);
}

fn repeat(seed: u64, tallies: &Tallies) {
    let mut rng = Pcg64Mcg::seed_from_u64(seed);
    let question = Question { quantile: QUANTILE, conditions: Vec::new(), tuned: Vec::new() };
    let records = records(&mut rng);
    let cells: Vec<Needed> =
        needed(&records, &question).into_iter().filter(|c| c.milestone == Milestone::Recovery).collect();
    let scaling = scalings(&cells).remove(0);
    let power = scaling.power.as_ref().unwrap();
    for (i, (term, truth)) in EXPONENTS.into_iter().enumerate() {
        let found = power.coefficient(term).unwrap();
        let (low, high) = found.interval.unwrap();
        tallies.exponents[i].add(low <= truth && truth <= high, found.estimate);
        tallies.widths[i].add(true, high - low);
    }
    for (_, _, law) in &scaling.of_pairs {
        let Some((low, high)) = law.coefficient(Term::T).and_then(|found| found.interval) else { continue };
        tallies.of_pairs.add(low <= EXPONENTS[0].1 && EXPONENTS[0].1 <= high, 0.0);
    }
    for cell in &cells {
        let truth = truth(cell.n, cell.q, cell.t);
        if truth < budget(cell.t) as f64 {
            let above = cell.ci_low.is_none_or(|low| low as f64 <= truth);
            let below = cell.ci_high.is_none_or(|high| truth <= high as f64);
            tallies.cells.add(above && below, 0.0);
            tallies.open.add(cell.ci_high.is_none(), 0.0);
            if cell.ci_high.is_some() {
                tallies.closed.add(above && below, 0.0);
            }
        }
        if cell.censored {
            tallies.bounds.add(cell.samples as f64 <= truth, 0.0);
        } else {
            tallies.split.add(true, (cell.samples as f64 / truth).ln());
            tallies.in_sample.add(true, (cell.in_sample.samples as f64 / truth).ln());
        }
    }
    for cell in cells.iter().step_by(13).filter(|c| truth(c.n, c.q, c.t) < budget(c.t) as f64) {
        let covers = bootstrap_covers(cell, &mut rng);
        tallies.bootstrap.add(covers, 0.0);
    }
    let seen: Vec<&Needed> = cells.iter().filter(|c| !c.censored).collect();
    let naive = law(&seen, Form::Power).unwrap().coefficient(Term::T).unwrap().estimate;
    tallies.without_bounds.add(true, naive);
    tallies.outlying.add(!scaling.outliers.is_empty(), scaling.outliers.first().map_or(0.0, |o| o.studentised.abs()));
    tallies.warned.add(scaling.rejected_tests().next().is_some() || !scaling.outliers.is_empty(), 0.0);
}

/// Whether the percentile bootstrap of the needed samples covers the truth, from the very readings
/// that our interval is made of.
fn bootstrap_covers(cell: &Needed, rng: &mut Pcg64Mcg) -> bool {
    let runs = cell.curve.readings();
    let mut again: Vec<i64> = (0..400)
        .map(|_| {
            let drawn = (0..runs.len()).map(|_| runs[rng.random_range(0..runs.len())]).collect();
            let quantile = SuccessCurve::of(drawn).quantile(QUANTILE).unwrap();
            if quantile.censored { i64::MAX } else { quantile.samples }
        })
        .collect();
    again.sort_unstable();
    let truth = truth(cell.n, cell.q, cell.t);
    again[10] as f64 <= truth && truth <= again[389] as f64
}

/// As [`SETTINGS`], for a milestone whose fast settings fail often, as those do that take small
/// batches: of three the fast one has no 0.9 quantile, the middle one just has one, and the sure
/// one is slow.
const RISKY: [(f64, f64); 3] = [(-0.15, 0.11), (0.0, 0.06), (0.3, 0.02)];

/// What one cell says: 0.9 quantile of readings chosen by halves, over the truth, or nothing where
/// it is a bound.
fn read_cell(rng: &mut Pcg64Mcg, copies: usize, replicates: i64) -> Vec<Runs> {
    let level = 1e6f64.ln() - best_of(&RISKY, 0.28);
    let mut settings: Vec<Runs> = vec![Vec::new(); RISKY.len() * copies];
    for replicate in 0..replicates {
        let task = gauss(rng);
        for (i, runs) in settings.iter_mut().enumerate() {
            let (shift, never) = RISKY[i / copies];
            let deviation = 0.5f64.sqrt() * (task + gauss(rng));
            let samples = (level + shift + 0.28 * deviation).exp().round() as i64;
            let censored = rng.random::<f64>() < never;
            runs.push((replicate, Reading { samples: if censored { 100_000_000 } else { samples }, censored }));
        }
    }
    settings
}

/// A key that does nothing copies every setting. Each copy is one more chance for a setting that
/// fails too often to look good on a half, so with a confidence that does not know how many there
/// are, cells that every value of the key alone reaches turn into lower bounds. With a confidence
/// that rises with their number they do not, as long as the replicates bear them; beyond that
/// nothing is chosen, and the cell says so.
///
/// 1500 cells each: the standard error of a share of 10 % is 0.8 %.
#[test]
fn settings_that_do_nothing_do_not_turn_cells_into_bounds() {
    const CELLS: usize = 1500;
    println!("cells that become lower bounds with settings copied by a key that does nothing, of {CELLS}");
    println!("  replicates  copies  settings  before      now         off by, before  off by, now   refused");
    for replicates in [30, 40] {
        let mut first = None;
        for copies in 1..=5 {
            let mut rng = Pcg64Mcg::seed_from_u64(1000 * replicates as u64 + copies as u64);
            let (mut before, mut now, mut refused) = ((0, 0.0), (0, 0.0), 0);
            for _ in 0..CELLS {
                let settings = read_cell(&mut rng, copies, replicates);
                let add = |choice: &Choice, tally: &mut (usize, f64)| match choice.curve.quantile(QUANTILE).unwrap() {
                    Reading { censored: true, .. } => tally.0 += 1,
                    reading => tally.1 += (reading.samples as f64 / 1e6).ln(),
                };
                add(&choose_with(&settings, &settings, QUANTILE, LEAST_CONFIDENCE).unwrap(), &mut before);
                let choice = choose(&settings, &settings, QUANTILE).unwrap();
                refused += usize::from(choice.refused);
                add(&choice, &mut now);
            }
            let share = |count: usize| count as f64 / CELLS as f64;
            let off = |(bounds, sum): (usize, f64)| 100.0 * ((sum / (CELLS - bounds) as f64).exp() - 1.0);
            println!(
                "  {replicates:>10}  {copies:>6}  {:>8}  {:>6.1} %    {:>6.1} %    {:>+6.1} %        {:>+6.1} %      {}",
                RISKY.len() * copies,
                100.0 * share(before.0),
                100.0 * share(now.0),
                off(before),
                off(now),
                if refused > 0 { "yes" } else { "no" }
            );
            assert!(refused == 0 || refused == CELLS, "it does not depend on what is seen");
            if refused == 0 {
                // No more bounds than without copies, but for chance: four standard errors.
                let alone = *first.get_or_insert(share(now.0));
                assert!(share(now.0) < alone + 0.04, "{replicates} {copies}: {} {alone}", share(now.0));
                // The best of many is a little worse than the best, and never much better than it
                // is.
                assert!((-4.0..12.0).contains(&off(now)), "{replicates} {copies}: {} %", off(now));
            }
        }
    }
}
