//! The answer in the terminal, in 25 lines at most: needed samples per (N, Q, T), exponents with intervals for each
//! milestone, which law wins, and what limits the conclusions.

use std::collections::BTreeSet;
use std::fmt::Write;

use crate::Status;
use crate::analysis::{Analysis, Group, count, percent, rivalry, short, thinned, two};
use crate::claim::Section;
use crate::needed::{Milestone, Needed};
use crate::scaling::{Coefficient, Law, Term};

/// Lines that the answer may take, so that it is 25 with the path of the report.
const LINES: usize = 24;
/// Columns of the table: more values of T are thinned out.
const LENGTHS: usize = 7;
/// Rows of the table or of the list of groups.
const ROWS: usize = 9;
const WIDTH: usize = 100;

/// The text printed at the end of a sweep; of one that is about a claim, what the runs say of it.
#[must_use]
pub fn answer(analysis: &Analysis, claim: Option<&Section>) -> String {
    let mut lines = Vec::new();
    let groups = analysis.groups();
    match (claim, groups.as_slice()) {
        (Some(section), _) => verdicts(&mut lines, section),
        (None, []) => {}
        (None, [group]) => one(&mut lines, group, analysis.question.quantile),
        (None, groups) => several(&mut lines, groups, analysis.question.quantile),
    }
    let ended = (analysis.runs() > 0).then(|| endings(analysis));
    let room = LINES.saturating_sub(lines.len() + 1);
    let limits: Vec<Vec<String>> = analysis.limits().iter().map(|limit| wrapped(limit)).collect();
    let all: usize = limits.iter().map(Vec::len).sum();
    let mut left = if all > room { room.saturating_sub(1) } else { room };
    for limit in &limits {
        if limit.len() > left {
            lines.push("  ! more in the report".to_owned());
            break;
        }
        left -= limit.len();
        lines.extend(limit.iter().cloned());
    }
    lines.extend(ended);
    lines.join("\n") + "\n"
}

/// A warning, broken into lines.
fn wrapped(text: &str) -> Vec<String> {
    let mut lines = vec!["  !".to_owned()];
    for word in text.split(' ') {
        if lines.last().is_some_and(|line| line.chars().count() + 1 + word.chars().count() > WIDTH) {
            lines.push("   ".to_owned());
        }
        if let Some(line) = lines.last_mut() {
            *line += " ";
            *line += word;
        }
    }
    lines
}

/// A claim sentence by sentence, each with its number; the evidence is in the report.
fn verdicts(lines: &mut Vec<String>, section: &Section) {
    lines.push(format!("{}: what these runs say of each sentence", section.title));
    lines.push(String::new());
    let width = section.verdicts.iter().map(|v| v.finding.name().len()).max().unwrap_or(0);
    for verdict in &section.verdicts {
        let number = match (verdict.estimate, verdict.interval) {
            (Some(x), Some((low, high))) => format!(" {} [{}, {}]", two(x), two(low), two(high)),
            (Some(x), None) => format!(" {}", two(x)),
            _ => String::new(),
        };
        let text = format!("{:<width$}  {}{number}", verdict.finding.name(), verdict.statement);
        // Statements hang below each other.
        let hanging = " ".repeat(width + 3);
        lines.extend(wrapped(&text).into_iter().enumerate().map(|(i, line)| {
            let line = line.get(4..).unwrap_or_default().to_owned();
            if i == 0 { format!("  {line}") } else { format!("{hanging} {line}") }
        }));
    }
    let most = LINES - 4;
    if lines.len() > most {
        lines.truncate(most);
        lines.push("  .. and more in the report".to_owned());
    }
    lines.push(String::new());
}

fn one(lines: &mut Vec<String>, group: &Group<'_>, quantile: f64) {
    let cells = group.cells(Milestone::Recovery);
    let share = percent(quantile);
    lines
        .push(format!("Samples by which {share} of the runs recover the truth ({}); > is a lower bound", group.name()));
    let lengths = thinned(cells.iter().map(|c| c.t).collect(), LENGTHS);
    let width = lengths.iter().map(|t| t.to_string().len() + 4).max().unwrap_or(0).max(8);
    let mut header = format!("  {:>3} {:>3}", "N", "Q");
    for t in &lengths {
        let _ = write!(header, "{:>width$}", format!("T={t}"));
    }
    lines.push(header + "    exponent of T");
    let pairs: BTreeSet<(i64, i64)> = cells.iter().map(|c| (c.n, c.q)).collect();
    let scaling = group.scaling(Milestone::Recovery);
    let shown = if pairs.len() > ROWS { ROWS - 1 } else { ROWS };
    for &(n, q) in pairs.iter().take(shown) {
        let mut line = format!("  {n:>3} {q:>3}");
        let row: Vec<&Needed> = cells.iter().copied().filter(|c| (c.n, c.q) == (n, q)).collect();
        for t in &lengths {
            let _ = write!(line, "{:>width$}", row.iter().find(|c| c.t == *t).map_or_else(String::new, |c| bounded(c)));
        }
        let exponent = scaling.and_then(|s| s.of_pair(n, q)).and_then(|law| law.coefficient(Term::T));
        lines.push(line + "    " + exponent.map_or_else(|| "-".to_owned(), with_interval).trim_start());
    }
    if pairs.len() > shown {
        lines.push(format!("  .. and {} more in the report", pairs.len() - shown));
    }
    lines.push(String::new());
    if group.scalings.iter().any(|s| s.power.is_some()) {
        lines.push(format!("  {:<18}{:<21}{:<21}{:<21}cells", "samples to", "T", "N", "Q"));
    }
    for scaling in &group.scalings {
        if let Some(law) = &scaling.power {
            lines.push(format!("  {:<18}{}", scaling.milestone.name(), exponents(law)));
        }
    }
    if let Some(text) = scaling.and_then(rivalry) {
        lines.extend(wrapped(&text).into_iter().map(|line| line.replacen("  !", "   ", 1)));
    }
}

fn several(lines: &mut Vec<String>, groups: &[Group<'_>], quantile: f64) {
    lines.push(format!("Samples by which {} of the runs recover the truth grow as these powers of", percent(quantile)));
    lines.push(String::new());
    let width = groups.iter().map(|g| g.name().chars().count()).max().unwrap_or(0).max(8) + 2;
    lines.push(format!("  {:<width$}{:<21}{:<21}{:<21}cells", "", "T", "N", "Q"));
    let shown = if groups.len() > ROWS + 3 { ROWS + 2 } else { ROWS + 3 };
    for group in groups.iter().take(shown) {
        let law = group.scaling(Milestone::Recovery).and_then(|s| s.power.as_ref());
        lines.push(format!("  {:<width$}{}", group.name(), law.map_or_else(|| "-".to_owned(), exponents)));
    }
    if groups.len() > shown {
        lines.push(format!("  .. and {} more in the report", groups.len() - shown));
    }
    lines.push(String::new());
}

/// Exponents of T, N and Q, each in a column, and how many cells tell them.
fn exponents(law: &Law) -> String {
    let column = |term| law.coefficient(term).map_or_else(|| "-".to_owned(), with_interval);
    let text: String = [Term::T, Term::N, Term::Q].map(|term| format!("{:<21}", column(term))).concat();
    let bounds = if law.censored > 0 { format!(", {} >", law.censored) } else { String::new() };
    format!("{text}{}{bounds}", law.cells)
}

/// How all runs ended, over the whole grid, with a bar of the share that recovered.
fn endings(analysis: &Analysis) -> String {
    let ended = |(status, &ended): (Status, &usize)| (ended > 0).then(|| format!("{ended} {}", status.name()));
    let counts: Vec<String> = Status::ALL.into_iter().zip(&analysis.endings).filter_map(ended).collect();
    let share = analysis.ended(Status::Recovered) as f64 / analysis.runs() as f64;
    let full = (20.0 * share).round() as usize;
    let bar = "█".repeat(full) + &"░".repeat(20 - full);
    format!("  {bar} {}, good and bad settings alike: {}", count(analysis.runs(), "run"), counts.join(", "))
}

fn bounded(cell: &Needed) -> String {
    format!("{}{}", if cell.censored { ">" } else { "" }, short(cell.samples))
}

fn with_interval(c: Coefficient) -> String {
    match c.interval.filter(|_| c.is_known()) {
        Some((low, high)) => format!("{:>5} [{}, {}]", two(c.estimate), two(low), two(high)),
        None => "unknown".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Record;
    use crate::needed::Question;
    use crate::record::tests::record;

    fn question() -> Question {
        Question { quantile: 0.9, conditions: Vec::new(), tuned: Vec::new() }
    }

    #[test]
    fn the_answer_shows_samples_bounds_exponents_and_endings() {
        let mut records = Vec::new();
        for t in [32, 64, 128] {
            for replicate in 0..10 {
                records.push(record(3, 2, t, replicate, Some(100 * t + t % 7)));
            }
        }
        records.extend((0..10).map(|replicate| record(4, 2, 32, replicate, (replicate < 8).then_some(3500))));
        let text = answer(&Analysis::of(&records, question()), None);
        assert!(text.contains("3.2k") && text.contains("6.4k") && text.contains(">100k"), "{text}");
        assert!(text.contains("1.00") && text.contains("38 recovered, 2 exhausted"), "{text}");
        assert!(text.contains("in 1 of 4 cells fewer than 90 %"), "{text}");
    }

    #[test]
    fn a_large_grid_and_many_warnings_still_fit_into_a_small_terminal() {
        let mut records: Vec<Record> = Vec::new();
        for n in [3, 4, 5, 6, 7] {
            for q in [1, 2, 3] {
                for power in 3..14 {
                    let t = 1 << power;
                    records.push(record(
                        n,
                        q,
                        t,
                        0,
                        Some(((t * n * 10) as f64 * (1.0 + (t as f64).sin())) as i64 + t * t),
                    ));
                }
            }
        }
        let text = answer(&Analysis::of(&records, question()), None);
        assert!(text.lines().count() <= LINES, "{text}");
        assert!(text.lines().all(|line| line.chars().count() <= 110), "{text}");
        assert!(text.contains("and 7 more in the report") && text.contains("T=8192"), "{text}");
        for record in &mut records {
            record.algorithm = format!("algorithm {}", record.n);
        }
        let text = answer(&Analysis::of(&records, question()), None);
        assert!(text.lines().count() <= LINES && text.contains("algorithm 7"), "{text}");
        assert!(answer(&Analysis::of(&[], question()), None).contains("nothing can be concluded"));
    }
}
