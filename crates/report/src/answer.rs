//! The answer in the terminal: needed samples per (N, Q, T), the share that recovered, exponents.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use crate::needed::{Key, Milestone, Needed};
use crate::scaling::{Coefficient, Term, fit};
use crate::{Record, Status};

/// The text printed at the end of a sweep. `quantile` is the one `rows` were computed with, `conditions`
/// the names of their further conditions.
#[must_use]
pub fn answer(rows: &[Needed], records: &[Record], quantile: f64, conditions: &[String]) -> String {
    let mut out = String::new();
    let mut groups: BTreeMap<(&str, Vec<Key>), Vec<&Needed>> = BTreeMap::new();
    for row in rows.iter().filter(|r| r.milestone == Milestone::Recovery) {
        let key = (row.algorithm.as_str(), row.conditions.iter().map(|&c| Key(c)).collect());
        groups.entry(key).or_default().push(row);
    }
    for ((algorithm, values), cells) in &groups {
        let mut name = (*algorithm).to_owned();
        for (key, value) in conditions.iter().zip(values) {
            let _ = write!(name, ", {key} = {}", value.0);
        }
        group(&mut out, &name, cells, quantile);
    }
    endings(&mut out, records);
    out
}

fn group(out: &mut String, name: &str, cells: &[&Needed], quantile: f64) {
    let lengths: BTreeSet<i64> = cells.iter().map(|c| c.t).collect();
    let _ = writeln!(
        out,
        "Samples needed to recover the truth ({name}): {} of the replicates do within this many,\n\
         at the best batch and step sizes; in brackets the share that recovered within the budget.\n",
        percent(quantile)
    );
    let width = 13;
    let _ = write!(out, "  {:>3} {:>3}", "N", "Q");
    for t in &lengths {
        let _ = write!(out, "{:>width$}", format!("T = {t}"));
    }
    let _ = writeln!(out, "   exponent of T");
    let pairs: BTreeSet<(i64, i64)> = cells.iter().map(|c| (c.n, c.q)).collect();
    for (n, q) in pairs {
        let _ = write!(out, "  {n:>3} {q:>3}");
        let row: Vec<&Needed> = cells.iter().copied().filter(|c| (c.n, c.q) == (n, q)).collect();
        for t in &lengths {
            let cell = row.iter().find(|c| c.t == *t).map_or_else(String::new, |c| shown(c));
            let _ = write!(out, "{cell:>width$}");
        }
        let exponent = fit(&row).and_then(|law| law.exponent(Term::T));
        let _ = writeln!(out, "   {}", exponent.map_or_else(|| "-".to_owned(), plus_minus));
    }
    let censored = cells.iter().filter(|c| c.censored).count();
    if censored > 0 {
        let _ = writeln!(out, "\n  > : fewer recovered within the budget; a lower bound, not used in the fits.");
    }
    let _ = writeln!(out, "\n  {} of {} cells reached the {quantile} quantile.", cells.len() - censored, cells.len());
    match fit(cells) {
        Some(law) => {
            let mut product = String::new();
            for c in law.coefficients.iter().filter(|c| c.term != Term::Constant) {
                let _ = write!(product, "  {}^({})", c.term.name(), plus_minus(*c));
            }
            let _ = writeln!(
                out,
                "  needed samples ~{product}    (least squares on {} cells, +- one standard error{})\n",
                law.cells,
                law.spread
                    .map_or_else(String::new, |s| format!(", residual spread {:.0} %", 100.0 * (libm::exp(s) - 1.0)))
            );
        }
        None => {
            let _ = writeln!(out, "  These cells determine no exponent.\n");
        }
    }
}

/// How all runs ended, over the whole grid.
fn endings(out: &mut String, records: &[Record]) {
    if records.is_empty() {
        let _ = writeln!(out, "No job has finished yet.");
        return;
    }
    let counts: Vec<String> = Status::ALL
        .into_iter()
        .map(|status| (status, records.iter().filter(|r| r.status == status).count()))
        .filter(|&(_, count)| count > 0)
        .map(|(status, count)| format!("{count} {}", status.name()))
        .collect();
    let _ = writeln!(out, "All {} runs, good and bad hyperparameters alike: {}.", records.len(), counts.join(", "));
}

fn shown(cell: &Needed) -> String {
    let bound = if cell.censored { ">" } else { "" };
    let share = cell.reached as f64 / cell.replicates as f64;
    format!("{bound}{} ({:.0}%)", short(cell.samples), (100.0 * share).floor())
}

/// Three figures at most: `950`, `4.1k`, `51k`, `1.2M`.
fn short(samples: i64) -> String {
    let x = samples as f64;
    let scaled = |value: f64, unit: &str| {
        if value < 9.95 { format!("{value:.1}{unit}") } else { format!("{value:.0}{unit}") }
    };
    if x < 1000.0 {
        samples.to_string()
    } else if x < 999_500.0 {
        scaled(x / 1e3, "k")
    } else {
        scaled(x / 1e6, "M")
    }
}

fn plus_minus(c: Coefficient) -> String {
    match c.standard_error {
        Some(error) => format!("{:.2} +- {error:.2}", c.estimate),
        None => format!("{:.2}", c.estimate),
    }
}

fn percent(quantile: f64) -> String {
    format!("{} %", (quantile * 1e4).round() / 1e2)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::needed::{Question, needed};
    use crate::record::tests::record;

    #[test]
    fn numbers_are_short_and_rounded_to_the_nearest() {
        let cases = [(0, "0"), (999, "999"), (1000, "1.0k"), (4149, "4.1k"), (9949, "9.9k"), (9951, "10k")];
        for (samples, text) in cases {
            assert_eq!(short(samples), text);
        }
        assert_eq!((short(51_200), short(999_499), short(999_600)), ("51k".into(), "999k".into(), "1.0M".into()));
    }

    #[test]
    fn the_answer_shows_samples_shares_bounds_and_exponents() {
        let mut records = Vec::new();
        for t in [32, 64, 128] {
            for replicate in 0..10 {
                let reached = t < 128 || replicate < 8;
                records.push(record(3, 2, t, replicate, reached.then_some(100 * t)));
            }
        }
        let question = Question { quantile: 0.9, conditions: Vec::new(), tuned: Vec::new() };
        let text = answer(&needed(&records, &question), &records, 0.9, &[]);
        assert!(text.contains("3.2k (100%)") && text.contains("6.4k (100%)") && text.contains(">100k (80%)"), "{text}");
        assert!(text.contains("2 of 3 cells") && text.contains("T^(1.00)"), "{text}");
        assert!(text.contains("28 recovered, 2 exhausted"), "{text}");
    }
}
