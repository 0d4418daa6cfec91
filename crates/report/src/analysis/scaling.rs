//! Scaling laws: how needed samples grow with T, N and Q.
//!
//! The power law is `ln n* = c + a ln T + b ln N + d ln Q`. The competing law is polylogarithmic:
//! it has `ln ln T` for `ln T`. Both are fitted to the cells of a grid by
//! [`censored_regression`](crate::statistics::censored_regression), into which a censored cell
//! enters as a lower bound. Errors of the coefficients come from the scatter of the cells about the
//! law. That scatter contains the chance of the replicates, the chance of choosing hyperparameters,
//! and what the law misses. Exponents differ between pairs of N and Q, so the interval of an
//! exponent that all pairs share comes from the scatter between the pairs, where there are at least
//! [`FEWEST_CLUSTERS`](super::FEWEST_CLUSTERS) of them.
//!
//! Where terms vary together, as those of N and Q do where Q = N/2, the law predicts with all of
//! them, but reports the coefficient of none.
//!
//! The two are compared by AICc and by their errors at the largest T when fitted without it.
//! Recovery is also fitted as the sum of its parts ([`SumLaw`]), which is compared with the better
//! of the two by how far the cells depart from it ([`SumWeight`]) and by errors at each T when
//! fitted without that T. The same laws are fitted to the median of the runs.
//!
//! Whether one power law describes the whole grid is tested term by term: whether the exponent of T
//! changes with T, N or Q, whether that of N changes with Q, and whether single cells lie far off.

use std::collections::{BTreeMap, BTreeSet};

use ordered_float::OrderedFloat;

use super::comparison::{CrossValidated, HeldOut, PreferredLaw, cross_validated, held_out};
use super::lack_of_fit::{LackOfFitTest, Outlier, REJECTED_BELOW, TESTED_PRODUCTS, lack_of_fit_test, outliers};
use super::law::{Coefficient, Law, law};
use super::milestone::Milestone;
use super::needed::Needed;
use super::sum::{Parts, SumLaw, sum};
use super::sum_weight::{SumWeight, sum_weight};
use super::term::{Form, Term};

/// Everything about one milestone of one algorithm.
#[derive(Debug, Clone, PartialEq)]
pub struct Scaling {
    /// Name of the algorithm.
    pub algorithm: String,
    /// Values of the question's conditions, in its order.
    pub conditions: Vec<f64>,
    /// The milestone.
    pub milestone: Milestone,
    /// The power law; `None` if the cells determine no exponent.
    pub power: Option<Law>,
    /// The competing law; `None` also where T does not vary.
    pub polylog: Option<Law>,
    /// The power of T for each (N, Q).
    pub of_pairs: Vec<(i64, i64, Law)>,
    /// The sum of the signal and what follows; of recovery only, and `None` where a part has no
    /// exponent of T.
    pub sum: Option<SumLaw>,
    /// How far the cells depart from the single law with the lower AICc, in units of how far the
    /// sum does.
    pub sum_weight: Option<SumWeight>,
    /// The laws of the median, by the settings that are chosen for the fraction asked for.
    pub median: MedianLaws,
    /// The largest T of the cells; 0 if none needs samples.
    pub largest_t: i64,
    /// What the laws say of the largest T; `None` with fewer than
    /// [`FEWEST_LENGTHS`](super::FEWEST_LENGTHS) values of T.
    pub held_out: Option<HeldOut>,
    /// What they say of each T in turn.
    pub cross_validated: Option<CrossValidated>,
    /// Whether one power law describes the grid.
    pub lack_of_fit_tests: Vec<LackOfFitTest>,
    /// Cells that lie far off it.
    pub outliers: Vec<Outlier>,
}

/// The laws of the samples by which half of the runs reach the milestone; none where that is what
/// is asked for.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct MedianLaws {
    /// The power law.
    pub power: Option<Law>,
    /// The competing law.
    pub polylog: Option<Law>,
    /// The sum.
    pub sum: Option<SumLaw>,
}

impl Scaling {
    /// Which law the data prefer, the sum included. The sum is preferred where the cells depart
    /// from the better single law towards it, by more than chance, and where it has the smallest
    /// cross-validated error. A single law is preferred where it is to the other one, and where the
    /// cells depart from it less than the sum does, by more than chance. Each of the two wrong
    /// answers has a probability of about 2.5 % at most (`tests/laws.rs`).
    #[must_use]
    pub fn preferred_law(&self) -> PreferredLaw {
        let single = self.preferred_single_law();
        let Some(SumWeight { interval: (low, high), .. }) = self.sum_weight else { return single };
        let closest = self.cross_validated.is_some_and(|c| c.sum.is_some_and(|sum| sum < c.power.min(c.polylog)));
        if low > 0.0 {
            if closest { PreferredLaw::Sum } else { PreferredLaw::Undecided }
        } else if high < 1.0 {
            single
        } else {
            PreferredLaw::Undecided
        }
    }

    /// Which of the two single laws the data prefer: by AICc, of which a difference below 2 decides
    /// nothing, and at the largest T. Both must agree.
    #[must_use]
    pub fn preferred_single_law(&self) -> PreferredLaw {
        let difference = self.aicc_difference();
        match (difference, &self.held_out) {
            (Some(d), Some(h)) if d > 2.0 && h.power < h.polylog => PreferredLaw::Power,
            (Some(d), Some(h)) if d < -2.0 && h.power > h.polylog => PreferredLaw::Polylog,
            _ => PreferredLaw::Undecided,
        }
    }

    /// How needed samples grow at the largest T by the preferred law: `d ln n / d ln T`. Where none
    /// is preferred, by the power law.
    #[must_use]
    pub fn local_exponent(&self) -> Option<Coefficient> {
        let t = self.largest_t as f64;
        match self.preferred_law() {
            PreferredLaw::Sum => self.sum.as_ref().map(|sum| sum.local_exponent),
            PreferredLaw::Polylog => self.polylog.as_ref()?.local_exponent(t),
            PreferredLaw::Power | PreferredLaw::Undecided => self.power.as_ref()?.local_exponent(t),
        }
    }

    /// AICc of the competing law less that of the power law: above 0 speaks for the power law.
    #[must_use]
    pub fn aicc_difference(&self) -> Option<f64> {
        Some(self.polylog.as_ref()?.aicc? - self.power.as_ref()?.aicc?)
    }

    /// The law in T of one N and Q.
    #[must_use]
    pub fn of_pair(&self, n: i64, q: i64) -> Option<&Law> {
        self.of_pairs.iter().find(|(m, p, _)| (*m, *p) == (n, q)).map(|(_, _, law)| law)
    }

    /// The lack-of-fit tests that reject the one power law.
    pub fn rejected_tests(&self) -> impl Iterator<Item = &LackOfFitTest> {
        self.lack_of_fit_tests.iter().filter(|check| check.p_value < REJECTED_BELOW)
    }
}

/// Whose law it is: algorithm, conditions, milestone.
type LawKey<'n> = (&'n str, Vec<OrderedFloat<f64>>, Milestone);

/// The laws of every algorithm, condition and milestone, in their order.
#[must_use]
pub fn scalings(rows: &[Needed]) -> Vec<Scaling> {
    let mut groups: BTreeMap<LawKey<'_>, Vec<&Needed>> = BTreeMap::new();
    for row in rows {
        let conditions = row.conditions.iter().map(|&c| OrderedFloat(c)).collect();
        groups.entry((&row.algorithm, conditions, row.milestone)).or_default().push(row);
    }
    let scaling = |(key, cells): (&LawKey<'_>, &Vec<&Needed>)| {
        let (algorithm, conditions, milestone) = key;
        let of = |milestone| groups.get(&(*algorithm, conditions.clone(), milestone)).cloned();
        let parts = (*milestone == Milestone::Recovery)
            .then(|| Some(Parts { signal: of(Milestone::Signal)?, rest: of(Milestone::SignalToRecovery)? }))
            .flatten();
        let conditions = conditions.iter().map(|key| key.0).collect();
        scaling_of(algorithm, conditions, *milestone, cells, parts.as_ref())
    };
    groups.iter().map(scaling).collect()
}

fn scaling_of(
    algorithm: &str,
    conditions: Vec<f64>,
    milestone: Milestone,
    cells: &[&Needed],
    parts: Option<&Parts<'_>>,
) -> Scaling {
    let pairs: BTreeSet<(i64, i64)> = cells.iter().map(|c| (c.n, c.q)).collect();
    let of_pair = |(n, q)| {
        let cells: Vec<&Needed> = cells.iter().copied().filter(|c| (c.n, c.q) == (n, q)).collect();
        Some((n, q, law(&cells, Form::Power)?))
    };
    let (power, polylog) = single_laws(cells);
    let sum = parts.and_then(|parts| sum(parts, cells));
    let better = match (&power, &polylog) {
        (Some(power), Some(polylog)) if polylog.aicc.zip(power.aicc).is_some_and(|(ln, t)| ln < t) => Form::Polylog,
        _ => Form::Power,
    };
    Scaling {
        algorithm: algorithm.to_owned(),
        conditions,
        milestone,
        of_pairs: pairs.into_iter().filter_map(of_pair).collect(),
        sum_weight: sum.as_ref().and_then(|sum| sum_weight(cells, sum, better)),
        sum,
        median: median_laws(cells, parts),
        largest_t: cells.iter().filter(|c| c.samples > 0).map(|c| c.t).max().unwrap_or(0),
        held_out: held_out(cells, parts),
        cross_validated: cross_validated(cells, parts),
        lack_of_fit_tests: TESTED_PRODUCTS.into_iter().filter_map(|factors| lack_of_fit_test(cells, factors)).collect(),
        outliers: if power.is_some() { outliers(cells) } else { Vec::new() },
        power,
        polylog,
    }
}

/// The power law, and the competing law where it has an exponent.
fn single_laws(cells: &[&Needed]) -> (Option<Law>, Option<Law>) {
    let polylog = law(cells, Form::Polylog).filter(|law| law.coefficient(Term::LogT).is_some());
    (law(cells, Form::Power), polylog)
}

fn median_laws(cells: &[&Needed], parts: Option<&Parts<'_>>) -> MedianLaws {
    let at_median = |cells: &[&Needed]| cells.iter().filter_map(|c| c.at_median()).collect::<Vec<Needed>>();
    let medians = at_median(cells);
    let same = |(a, b): (&Needed, &&Needed)| (a.samples, a.censored) == (b.samples, b.censored);
    if medians.len() == cells.len() && medians.iter().zip(cells).all(same) {
        return MedianLaws::default();
    }
    let cells: Vec<&Needed> = medians.iter().collect();
    let (power, polylog) = single_laws(&cells);
    let sum = parts.and_then(|parts| {
        let (signal, rest) = (at_median(&parts.signal), at_median(&parts.rest));
        sum(&Parts { signal: signal.iter().collect(), rest: rest.iter().collect() }, &cells)
    });
    MedianLaws { power, polylog, sum }
}

#[cfg(test)]
mod tests {
    use super::super::cells::Question;
    use super::super::needed::needed;
    use super::super::scaling_table::scaling_table;
    use super::*;
    use crate::record::fixture::record;

    const GRID: [&[i64]; 3] = [&[3, 4, 6], &[1, 2, 3], &[32, 64, 128, 256, 512]];

    fn question() -> Question {
        Question { quantile: 0.9, conditions: Vec::new(), tuned: Vec::new() }
    }

    /// Cells whose needed samples are `law`, rounded.
    fn cells(law: impl Fn(f64, f64, f64) -> f64) -> Vec<Needed> {
        let mut records = Vec::new();
        for &n in GRID[0] {
            for &q in GRID[1] {
                for &t in GRID[2] {
                    let samples = law(n as f64, q as f64, t as f64).round() as i64;
                    records.push(record(n, q, t, 0, Some(samples)));
                }
            }
        }
        needed(&records, &question()).into_iter().filter(|r| r.milestone == Milestone::Recovery).collect()
    }

    /// A number without a pattern that comes out the same each time, between -0.5 and 0.5.
    fn jitter(n: f64, q: f64, t: f64) -> f64 {
        (1e4 * (n * 12.9898 + q * 78.233 + t * 37.719).sin()).rem_euclid(1.0) - 0.5
    }

    fn only(cells: &[Needed]) -> Scaling {
        scalings(cells).into_iter().next().unwrap()
    }

    #[test]
    fn known_exponents_come_back() {
        let power = only(&cells(|n, q, t| 1e5 * t.powf(0.8) * n.powf(-0.3) * q.powf(1.2))).power.unwrap();
        for (term, expected) in [(Term::T, 0.8), (Term::N, -0.3), (Term::Q, 1.2)] {
            let found = power.coefficient(term).unwrap();
            assert!((found.estimate - expected).abs() < 1e-5, "{found:?}");
        }
        assert_eq!((power.cells, power.censored), (45, 0));
        assert!(
            (power.predict(4.0, 2.0, 128.0) / (1e5 * 128f64.powf(0.8) * 4f64.powf(-0.3) * 2f64.powf(1.2)) - 1.0).abs()
                < 1e-4
        );
    }

    #[test]
    fn lower_bounds_enter_as_what_they_are() {
        let mut cells = cells(|n, q, t| 1e3 * t.powf(0.8) * (0.4 * jitter(n, q, t)).exp());
        let whole = only(&cells).power.unwrap().coefficient(Term::T).unwrap();
        // A budget that cuts off the upper third.
        let budget = 70_000;
        for cell in cells.iter_mut().filter(|c| c.samples > budget) {
            (cell.samples, cell.censored) = (budget, true);
        }
        let scaling = only(&cells);
        let law = scaling.power.as_ref().unwrap();
        assert!(law.censored > 10 && law.cells == 45);
        let censored = law.coefficient(Term::T).unwrap();
        let (low, high) = censored.interval.unwrap();
        assert!((censored.estimate - whole.estimate).abs() < 0.05 && low < 0.8 && 0.8 < high, "{censored:?} {whole:?}");
        // Taken for exact numbers, they pull the exponent down.
        cells.iter_mut().for_each(|c| c.censored = false);
        let naive = only(&cells).power.unwrap().coefficient(Term::T).unwrap().estimate;
        assert!(naive < censored.estimate - 0.05, "{naive}");
    }

    #[test]
    fn terms_that_do_not_vary_are_left_out_with_the_bounds_that_they_leave_untold() {
        let mut cells = cells(|_, _, t| 1000.0 * t);
        cells.retain(|c| c.q == 2);
        // Of N = 6 there are bounds only: its exponent has no estimate, and the bounds no say.
        cells.iter_mut().filter(|c| c.n > 3).for_each(|c| c.censored = true);
        let scaling = only(&cells);
        let law = scaling.power.unwrap();
        assert_eq!((law.coefficients.len(), law.cells, law.censored), (2, 5, 0));
        assert!((law.coefficient(Term::T).unwrap().estimate - 1.0).abs() < 1e-4);
        assert_eq!(scaling.of_pairs.len(), 1);
        cells.truncate(1);
        let scaling = only(&cells);
        assert!(scaling.power.is_none() && scaling.polylog.is_none() && scaling.held_out.is_none());
        assert!(scaling.lack_of_fit_tests.is_empty() && scaling.outliers.is_empty());
    }

    #[test]
    fn the_right_law_wins_and_the_largest_length_shows_it() {
        let noisy = |n, q, t| (0.2 * jitter(n, q, t)).exp();
        let power = only(&cells(|n, q, t| 100.0 * t * noisy(n, q, t)));
        assert_eq!(power.preferred_law(), PreferredLaw::Power);
        let held_out = power.held_out.unwrap();
        assert!(held_out.t == 512 && held_out.power < 0.1 && held_out.polylog_bias < -0.2, "{held_out:?}");
        let polylog = only(&cells(|n, q, t| 100.0 * t.ln().powi(3) * noisy(n, q, t)));
        assert_eq!(polylog.preferred_law(), PreferredLaw::Polylog);
        assert!((polylog.polylog.unwrap().coefficient(Term::LogT).unwrap().estimate - 3.0).abs() < 0.15);
        let neither = only(&cells(|n, q, t| 500.0 * noisy(n, q, t)));
        assert_eq!(neither.preferred_law(), PreferredLaw::Undecided);
    }

    #[test]
    fn grids_that_no_single_power_law_describes_are_told() {
        let noisy = |n, q, t| (0.2 * jitter(n, q, t)).exp();
        let failed = |cells: &[Needed]| only(cells).rejected_tests().map(|c| c.factors).collect::<Vec<_>>();
        assert_eq!(failed(&cells(|n, q, t| 100.0 * t.powf(0.8) * noisy(n, q, t))), []);
        let with_n = cells(|n, q, t| 100.0 * t.powf(0.4 + 0.3 * n.ln()) * noisy(n, q, t));
        assert_eq!(failed(&with_n), [(Term::T, Term::N)]);
        let check = only(&with_n).lack_of_fit_tests[1];
        assert!(check.interval.0 < 0.3 && 0.3 < check.interval.1, "{check:?}");
        let curved = cells(|n, q, t| 100.0 * (0.15 * t.ln() * t.ln()).exp() * noisy(n, q, t));
        assert_eq!(failed(&curved), [(Term::T, Term::T)]);
        let mut odd = cells(|n, q, t| 100.0 * t * noisy(n, q, t));
        odd[7].samples *= 3;
        let outliers = only(&odd).outliers;
        assert_eq!((outliers.len(), outliers[0].cell), (1, (odd[7].n, odd[7].q, odd[7].t)));
        assert!((2.5..3.5).contains(&outliers[0].factor), "{outliers:?}");
    }

    /// Among six cells one that needs four times as many samples bends the law so much that it lies
    /// 1.8 of its residual scales off; the law of the other five knows better. Six cells
    /// without one have none.
    #[test]
    fn an_outlier_among_six_cells_is_found() {
        for at in 0..6 {
            let cell = |i: usize| {
                let t = 32 << i;
                record(3, 2, t, 0, Some((100.0 * t as f64 * (0.06 * jitter(3.0, 2.0, t as f64)).exp()).round() as i64))
            };
            let records: Vec<_> = (0..6).map(cell).collect();
            let mut cells = needed(&records, &question());
            cells.retain(|c| c.milestone == Milestone::Recovery);
            assert_eq!(only(&cells).outliers, []);
            cells[at].samples *= 4;
            let outliers = only(&cells).outliers;
            assert!(
                outliers.iter().any(|o| o.cell.2 == cells[at].t && (3.0..6.0).contains(&o.factor)),
                "{at}: {outliers:?}"
            );
        }
    }

    /// Cells on one line, to the resolution of their readings, and one that is a batch off: chance
    /// has no size to compare it with.
    #[test]
    fn where_nothing_scatters_nothing_lies_far_off() {
        let records: Vec<_> = [1024, 1024, 1024, 1088, 1024, 1024]
            .iter()
            .zip(0..)
            .map(|(&s, i)| record(3, 2, 32 << i, 0, Some(s)))
            .collect();
        let mut cells = needed(&records, &question());
        cells.retain(|c| c.milestone == Milestone::Recovery);
        assert_eq!(only(&cells).outliers, []);
    }

    /// Q = N/2: the exponent of T is there, and those of N and Q are not; only their sum is.
    #[test]
    fn terms_that_vary_together_take_only_each_other_down() {
        let mut records = Vec::new();
        for n in [4, 6, 8] {
            for t in GRID[2] {
                let (x, y, z) = (n as f64, n as f64 / 2.0, *t as f64);
                let samples = 50.0 * z.powf(0.8) * x.powf(0.5) * y.powf(0.7) * (0.1 * jitter(x, y, z)).exp();
                records.push(record(n, n / 2, *t, 0, Some(samples.round() as i64)));
            }
        }
        let cells: Vec<Needed> =
            needed(&records, &question()).into_iter().filter(|r| r.milestone == Milestone::Recovery).collect();
        let law = only(&cells).power.unwrap();
        let (low, high) = law.coefficient(Term::T).unwrap().interval.unwrap();
        assert!(low < 0.8 && 0.8 < high && high - low < 0.1, "{low} {high}");
        assert_eq!(law.together, [Term::N, Term::Q]);
        assert!([Term::Constant, Term::N, Term::Q].iter().all(|term| law.coefficient(*term).is_none()));
        let predicted = law.predict(6.0, 3.0, 128.0) / (50.0 * 128f64.powf(0.8) * 6f64.powf(0.5) * 3f64.powf(0.7));
        assert!((predicted - 1.0).abs() < 0.1, "{predicted}");
    }

    /// Slopes that differ from pair to pair: the interval of the common exponent is as wide as that
    /// of the mean of nine slopes, by Student's t, and not as narrow as if all cells were
    /// independent witnesses of one slope.
    #[test]
    fn common_exponents_are_as_certain_as_the_slopes_agree() {
        let slope = |n: f64, q: f64| 0.8 + 0.2 * jitter(n, q, 7.0);
        let scaling = only(&cells(|n, q, t| 100.0 * t.powf(slope(n, q)) * (0.1 * jitter(n, q, t)).exp()));
        let law = scaling.power.as_ref().unwrap();
        let (low, high) = law.coefficient(Term::T).unwrap().interval.unwrap();
        let slopes: Vec<f64> =
            scaling.of_pairs.iter().map(|(_, _, law)| law.coefficient(Term::T).unwrap().estimate).collect();
        let mean = slopes.iter().sum::<f64>() / 9.0;
        let error = (slopes.iter().map(|s| (s - mean).powi(2)).sum::<f64>() / 8.0 / 9.0).sqrt();
        assert!(
            law.clustered && ((high - low) / (2.0 * 2.306 * error) - 1.0).abs() < 0.02,
            "{low} {high} {mean} {error}"
        );
        assert!((low + high - 2.0 * mean).abs() < 1e-3);
    }

    /// Readings that are known to their resolution only, and all on the law: an exponent, but no
    /// interval of no width.
    #[test]
    fn cells_without_scatter_have_no_interval() {
        let law = only(&cells(|_, _, _| 500.0)).power.unwrap();
        let found = law.coefficient(Term::T).unwrap();
        assert!(found.estimate.abs() < 1e-9 && found.interval.is_none() && !found.is_known());
    }

    #[test]
    fn the_table_has_a_row_for_each_coefficient_and_no_number_that_is_none() {
        let scalings = scalings(&cells(|n, q, t| 100.0 * t * (0.2 * jitter(n, q, t)).exp()));
        let table = scaling_table(&scalings, &question());
        let (models, terms) = (table.texts("model").unwrap(), table.texts("term").unwrap());
        let row = |model: &str, term: &str| {
            (0..table.rows())
                .find(|&i| models[i].as_deref() == Some(model) && terms[i].as_deref() == Some(term))
                .unwrap()
        };
        let exponent = row("power", "T");
        let [estimate, low, high] =
            ["estimate", "ci_low", "ci_high"].map(|name| table.floats(name).unwrap()[exponent].unwrap());
        assert!(low < 1.0 && 1.0 < high && low < estimate && estimate < high);
        assert_eq!(table.ints("n_points").unwrap()[exponent], Some(45));
        let rows = [
            ("polylog", "ln T"),
            ("power_of_pair", "T"),
            ("power_check", "T*N"),
            ("held_out", "polylog_error"),
            ("power", "aicc"),
        ];
        rows.iter().for_each(|(model, term)| assert!(row(model, term) < table.rows()));
        assert!(table.floats("estimate").unwrap().iter().flatten().all(|x| x.is_finite()));
    }

    /// Cells of all milestones: signal and rest with a scatter of their own, recovery their sum.
    fn rows_of(parts: impl Fn(f64, f64, f64) -> (f64, f64)) -> Vec<Needed> {
        let mut records = Vec::new();
        for &n in GRID[0] {
            for &q in GRID[1] {
                for &t in GRID[2] {
                    let (signal, rest) = parts(n as f64, q as f64, t as f64);
                    let noise = |salt: f64| (0.3 * jitter(n as f64, q as f64 + salt, t as f64)).exp();
                    let (signal, rest) = ((signal * noise(0.0)).round() as i64, (rest * noise(0.5)).round() as i64);
                    for replicate in 0..3 {
                        // The second is the 0.9 quantile, twice the median.
                        let times = [1, 2, 1][replicate as usize];
                        let mut run = record(n, q, t, replicate, Some(times * (signal + rest)));
                        run.measures.as_mut().unwrap().samples_to_signal = Some(times * signal);
                        run.max_samples = i64::MAX;
                        records.push(run);
                    }
                }
            }
        }
        needed(&records, &question())
    }

    fn of_recovery(rows: &[Needed]) -> Scaling {
        scalings(rows).into_iter().find(|scaling| scaling.milestone == Milestone::Recovery).unwrap()
    }

    fn a_sum(n: f64, q: f64, t: f64) -> (f64, f64) {
        (5e4 * t / n, 1e6 * q * t.powf(0.1))
    }

    /// Leaving out each T by hand, with the laws as they are fitted elsewhere.
    #[test]
    fn cross_validated_errors_are_those_of_laws_that_have_not_seen_the_length() {
        let rows = rows_of(a_sum);
        let scaling = of_recovery(&rows);
        let of = |milestone| move |c: &&Needed| c.milestone == milestone;
        let (mut squares, mut of_sum) = (0.0, 0.0);
        for &t in GRID[2] {
            let seen: Vec<Needed> = rows.iter().filter(|c| c.t != t).cloned().collect();
            let without = of_recovery(&seen);
            for cell in rows.iter().filter(of(Milestone::Recovery)).filter(|c| c.t == t) {
                let (n, q, t) = (cell.n as f64, cell.q as f64, cell.t as f64);
                let error = |predicted: f64| (predicted / cell.samples as f64).ln().powi(2);
                squares += error(without.power.as_ref().unwrap().predict(n, q, t));
                of_sum += error(without.sum.as_ref().unwrap().predict(n, q, t));
            }
        }
        let found = scaling.cross_validated.unwrap();
        assert_eq!(found.cells, 45);
        assert!((found.power - (squares / 45.0).sqrt()).abs() < 1e-9, "{found:?}");
        assert!((found.sum.unwrap() - (of_sum / 45.0).sqrt()).abs() < 1e-9, "{found:?}");
        assert!(found.sum.unwrap() < found.power && found.power < found.polylog, "{found:?}");
    }

    /// A sum is told from a power, a power from a sum that its parts would make, and a sum that is
    /// a power from nothing.
    #[test]
    fn the_sum_is_preferred_where_the_cells_depart_towards_it() {
        let sum = of_recovery(&rows_of(a_sum));
        assert_eq!((sum.preferred_law(), sum.preferred_single_law()), (PreferredLaw::Sum, PreferredLaw::Power));
        let (low, high) = sum.sum_weight.unwrap().interval;
        assert!(low > 0.0 && low < 1.0 && 1.0 < high, "{low} {high}");
        let held_out = sum.held_out.as_ref().unwrap();
        assert!(held_out.power > 2.0 * held_out.sum.unwrap(), "{held_out:?}");
        assert_eq!(sum.local_exponent(), sum.sum.as_ref().map(|sum| sum.local_exponent));
        // Recovery that does not follow its parts, but a power.
        let mut power = rows_of(a_sum);
        for cell in power.iter_mut().filter(|c| c.milestone == Milestone::Recovery) {
            let (n, q, t) = (cell.n as f64, cell.q as f64, cell.t as f64);
            cell.samples = (1e5 * t.powf(0.6) * (0.2 * jitter(n, q, t)).exp()).round() as i64;
        }
        let power = of_recovery(&power);
        let (low, high) = power.sum_weight.unwrap().interval;
        assert!(power.preferred_law() == PreferredLaw::Power && low < 0.0 && high < 1.0, "{low} {high}");
        let same = of_recovery(&rows_of(|_, q, t| (1e5 * t * q, 3e5 * t * q)));
        assert!(same.preferred_law() == PreferredLaw::Power, "{:?}", same.sum_weight);
        let signal = scalings(&rows_of(a_sum)).into_iter().find(|s| s.milestone == Milestone::Signal).unwrap();
        assert!(signal.sum.is_none() && signal.preferred_law() == PreferredLaw::Power);
    }

    #[test]
    fn the_median_and_the_sum_have_rows_of_their_own() {
        let rows = rows_of(a_sum);
        let scalings = scalings(&rows);
        let table = scaling_table(&scalings, &question());
        let texts = |name: &str| table.texts(name).unwrap().into_iter().flatten().collect::<Vec<String>>();
        let (milestones, models, terms) = (texts("milestone"), texts("model"), texts("term"));
        let (estimates, quantiles) = (table.floats("estimate").unwrap(), table.floats("quantile").unwrap());
        let found = |model: &str, term: &str| {
            let here = |i: &usize| milestones[*i] == "recovery" && models[*i] == model && terms[*i] == term;
            let mut rows = (0..table.rows()).filter(here);
            let row = rows.next().unwrap_or_else(|| panic!("{model} {term}"));
            assert_eq!(rows.next(), None, "{model} {term} stands twice");
            (estimates[row].unwrap(), quantiles[row].unwrap())
        };
        // The 0.9 quantile is twice the median in every cell.
        for (model, term) in [("power", "T"), ("polylog", "ln T"), ("sum", "local_exponent")] {
            let (quantile, median) = (found(model, term), found(&format!("{model}_of_median"), term));
            assert!(
                (quantile.0 - median.0).abs() < 1e-6 && (quantile.1, median.1) == (0.9, 0.5),
                "{quantile:?} {median:?}"
            );
        }
        let levels = found("power", "constant").0 - found("power_of_median", "constant").0;
        assert!((levels - 2f64.ln()).abs() < 1e-6, "{levels}");
        let local = found("polylog", "local_exponent").0 * 512f64.ln();
        assert!((local - found("polylog", "ln T").0).abs() < 1e-9);
        for (model, term) in [
            ("sum", "signal: T"),
            ("sum", "rest: T"),
            ("sum", "signal_share"),
            ("sum_check", "weight"),
            ("held_out", "sum_error"),
            ("held_out", "sum_bias"),
            ("cross_validated", "sum_error"),
        ] {
            assert!(found(model, term).0.is_finite());
        }
        // Where the median is what is asked for, it stands there once.
        let asked = Question { quantile: 0.5, ..question() };
        let mut same = rows.clone();
        same.iter_mut().for_each(|c| (c.samples, c.censored) = c.median.map(|m| (m.samples, m.censored)).unwrap());
        let table = scaling_table(&super::scalings(&same), &asked);
        assert!(table.texts("model").unwrap().iter().flatten().all(|model| !model.contains("median")));
    }
}
