//! The answer in the terminal, in 26 lines at most: needed samples per (N, Q, T), exponents with
//! intervals for each milestone, which law wins, and what limits the conclusions.

use std::collections::BTreeSet;
use std::fmt::Write;

use super::head_to_head::head_to_head;
use super::text::{glued, wrapped};
use crate::analysis::{
    Analysis, Coefficient, Group, Law, Needed, Term, comparison_in_words, count, percent, short, thinned, two,
};
use crate::claim::ExaminedClaim;
use crate::record::Status;

/// Lines that the answer may take, so that it is 26 with the path of the report.
const LINES: usize = 25;
/// Columns of the table: more values of T are thinned out.
const LENGTHS: usize = 7;
/// Rows of the table or of the list of groups.
const ROWS: usize = 9;
/// Sentences on cells in which no run arrived.
const NONE_ARRIVED: usize = 2;
/// Columns that the text takes at least and at the most.
pub const WIDTHS: std::ops::RangeInclusive<usize> = 60..=120;

/// The text printed at the end of a sweep, in lines of `width` characters; of one that is about a
/// claim, what the runs say of it.
#[must_use]
pub fn answer(analysis: &Analysis, claim: Option<&ExaminedClaim>, width: usize) -> String {
    let width = width.clamp(*WIDTHS.start(), *WIDTHS.end());
    let mut lines = Vec::new();
    // Of a claim the runs that do not arrive are part of what it says.
    for sentence in analysis.where_none_arrived().iter().take(if claim.is_none() { NONE_ARRIVED } else { 0 }) {
        lines.extend(wrapped(sentence, "", "", width));
    }
    let groups = analysis.groups();
    let mut ended = analysis.search_in_words().map_or_else(Vec::new, |text| wrapped(&text, "  ", "    ", width));
    for sentence in analysis.beside_in_words() {
        ended.extend(wrapped(&sentence, "  ", "    ", width));
    }
    if analysis.runs() > 0 {
        ended.extend(endings(analysis, width));
    }
    let limits: Vec<Vec<String>> =
        analysis.limits().iter().map(|limit| wrapped(limit, "  ! ", "    ", width)).collect();
    // How the runs ended, the first limit, and that there are more.
    let below = ended.len() + limits.first().map_or(0, Vec::len) + usize::from(limits.len() > 1);
    match (claim, groups.as_slice()) {
        (Some(examined), _) => verdicts(&mut lines, examined, width),
        (None, []) => {}
        (None, [group]) => one(&mut lines, group, analysis.question.quantile, (width, below)),
        (None, groups) => several(&mut lines, groups, analysis.question.quantile, width),
    }
    // Below the verdicts or exponents, where there is room, with an empty line after it.
    let compared = head_to_head(analysis, width, LINES.saturating_sub(lines.len() + below + 1));
    if !compared.is_empty() {
        lines.extend(compared);
        lines.push(String::new());
    }
    let lines_left = LINES.saturating_sub(lines.len() + ended.len());
    let all: usize = limits.iter().map(Vec::len).sum();
    let mut left = if all > lines_left { lines_left.saturating_sub(1) } else { lines_left };
    for (i, limit) in limits.iter().enumerate() {
        if limit.len() > left {
            let more = if i > 0 { "more " } else { "" };
            lines.push(format!("  ! {more}in the report: {}", count(limits.len() - i, "warning")));
            break;
        }
        left -= limit.len();
        lines.extend(limit.iter().cloned());
    }
    lines.extend(ended);
    lines.join("\n") + "\n"
}

/// With a capital letter.
fn capitalised(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// A claim sentence by sentence, each with its number; the evidence is in the report.
fn verdicts(lines: &mut Vec<String>, examined: &ExaminedClaim, width: usize) {
    lines.extend(wrapped(&format!("{}: what these runs say of each sentence", examined.title), "", "", width));
    lines.push(String::new());
    let longest = examined.verdicts.iter().map(|v| v.finding.name().len()).max().unwrap_or(0);
    for verdict in &examined.verdicts {
        let number = match (verdict.estimate, verdict.interval) {
            (Some(x), Some((low, high))) => glued(&format!(" {} [{}, {}]", two(x), two(low), two(high))),
            (Some(x), None) => format!(" {}", two(x)),
            _ => String::new(),
        };
        let quantity = if number.is_empty() || verdict.quantity.is_empty() {
            String::new()
        } else {
            format!(" {}:", capitalised(&verdict.quantity))
        };
        let reason = verdict.reason.as_ref().map_or_else(String::new, |reason| format!(" {}.", capitalised(reason)));
        let stop = if reason.is_empty() || number.is_empty() { "" } else { "." };
        let text = format!("{}{quantity}{number}{stop}{reason}", verdict.statement);
        // Statements hang below each other.
        let finding = format!("  {:<longest$}  ", verdict.finding.name());
        lines.extend(wrapped(text.trim_end(), &finding, &" ".repeat(longest + 4), width));
    }
    let max_lines = LINES - 4;
    if lines.len() > max_lines {
        lines.truncate(max_lines);
        lines.push("  .. and more in the report".to_owned());
    }
    lines.push(String::new());
}

/// The table of a single group; `below` are the lines that follow it.
fn one(lines: &mut Vec<String>, group: &Group<'_>, quantile: f64, (width, below): (usize, usize)) {
    let cells = group.cells(group.shown);
    let (share, name) = (percent(quantile), group.name());
    let scaling = group.scaling(group.shown);
    let exponent = |n, q| {
        let of_t = scaling.and_then(|s| s.of_pair(n, q)).and_then(|law| law.coefficient(Term::T));
        of_t.map_or_else(|| "-".to_owned(), |c| with_interval(c).trim_start().to_owned())
    };
    let known = group.scalings.iter().filter_map(|s| Some((s.milestone.name().to_owned(), s.power.as_ref()?)));
    let laws: Vec<(String, Option<&Law>)> = known.map(|(name, law)| (name, Some(law))).collect();
    let mut exponent_lines = exponents("samples to", &laws, width);
    if let Some(text) = scaling.and_then(comparison_in_words) {
        exponent_lines.extend(wrapped(&text, "    ", "    ", width));
    }
    let pairs: BTreeSet<(i64, i64)> = cells.iter().map(|c| (c.n, c.q)).collect();
    let digits =
        |of: fn(&(i64, i64)) -> i64| pairs.iter().map(|pair| of(pair).to_string().len()).max().unwrap_or(0).max(3);
    let (n_width, q_width) = (digits(|pair| pair.0), digits(|pair| pair.1));
    let heading = "exponent of T";
    let longest = pairs.iter().map(|&(n, q)| exponent(n, q).chars().count()).max().unwrap_or(0);
    let every: BTreeSet<i64> = cells.iter().map(|c| c.t).collect();
    let narrow = every.iter().map(|t| t.to_string().len() + 4).max().unwrap_or(0).max(8);
    // Between N and Q to the left and the exponent to the right.
    let room = width.saturating_sub(2 + n_width + 1 + q_width + 4 + longest.max(heading.len()));
    let all = every.len();
    // With intervals where every T has room for them.
    let wide = cells.iter().map(|c| with_ends(c).chars().count() + 3).max().unwrap_or(0).max(narrow);
    let ends = wide * all <= room && cells.iter().any(|c| c.ci_low.is_some() || c.ci_high.is_some());
    let (column, number): (usize, fn(&Needed) -> String) = if ends { (wide, with_ends) } else { (narrow, bounded) };
    let columns = room / column;
    let lengths = thinned(every, columns.clamp(2, LENGTHS));
    let mut title =
        format!("Samples by which {share} of the runs {} ({name}); > is a lower bound", group.shown.arrive());
    if ends {
        title += "; [ ] is a 95 % interval";
    }
    if lengths.len() < all {
        let _ = write!(title, "; {} of {all} T shown", lengths.len());
    }
    lines.extend(wrapped(&title, "", "", width));
    // Besides its rows the table has a header and an empty line.
    let rows = LINES.saturating_sub(lines.len() + exponent_lines.len() + below + 2).clamp(3, ROWS);
    let shown = if pairs.len() > rows { rows - 1 } else { rows };
    let rows: Vec<(i64, i64, String)> = pairs.iter().take(shown).map(|&(n, q)| (n, q, exponent(n, q))).collect();
    let mut header = format!("  {:>n_width$} {:>q_width$}", "N", "Q");
    for t in &lengths {
        let _ = write!(header, "{:>column$}", format!("T={t}"));
    }
    lines.push(header + "    " + heading);
    for (n, q, exponent) in rows {
        let mut line = format!("  {n:>n_width$} {q:>q_width$}");
        let row: Vec<&Needed> = cells.iter().copied().filter(|c| (c.n, c.q) == (n, q)).collect();
        for t in &lengths {
            let _ = write!(line, "{:>column$}", row.iter().find(|c| c.t == *t).map_or_else(String::new, |c| number(c)));
        }
        lines.push(line + "    " + &exponent);
    }
    if pairs.len() > shown {
        lines.push(format!("  .. and {} more in the report", pairs.len() - shown));
    }
    lines.push(String::new());
    lines.extend(exponent_lines);
}

/// Needed samples of several groups at one N and Q, a row for each; `None` where there is more than
/// one pair, or no room.
fn at_one_pair(groups: &[Group<'_>], quantile: f64, width: usize) -> Option<Vec<String>> {
    let cells: Vec<&Needed> = groups.iter().flat_map(|group| group.cells(group.shown)).collect();
    let pairs: BTreeSet<(i64, i64)> = cells.iter().map(|c| (c.n, c.q)).collect();
    let (&(n, q), 1) = (pairs.first()?, pairs.len()) else { return None };
    let exponent = |group: &Group<'_>| {
        let law = group.scaling(group.shown).and_then(|s| s.power.as_ref());
        let known = law.and_then(|law| law.coefficient(Term::T));
        known.map_or_else(|| "-".to_owned(), |c| with_interval(c).trim_start().to_owned())
    };
    let heading = "exponent of T";
    let last = groups.iter().map(|group| exponent(group).chars().count()).max().unwrap_or(0).max(heading.len());
    let first = groups.iter().map(|group| group.name().chars().count()).max()?;
    let every: BTreeSet<i64> = cells.iter().map(|c| c.t).collect();
    let column = every.iter().map(|t| t.to_string().len() + 4).max().unwrap_or(0).max(8);
    let columns = width.saturating_sub(2 + first + 4 + last) / column;
    if columns < 2 || groups.len() > ROWS {
        return None;
    }
    let all = every.len();
    let lengths = thinned(every, columns.min(LENGTHS));
    let thinner = if lengths.len() < all { format!("; {} of {all} T shown", lengths.len()) } else { String::new() };
    let (share, arrive) = (percent(quantile), groups.first()?.shown.arrive());
    let title =
        format!("Samples by which {share} of the runs {arrive} at N = {n}, Q = {q}; > is a lower bound{thinner}");
    let mut lines = wrapped(&title, "", "", width);
    let head: String = lengths.iter().map(|t| format!("{:>column$}", format!("T={t}"))).collect();
    lines.push(format!("  {:first$}{head}    {heading}", ""));
    for group in groups {
        let cells = group.cells(group.shown);
        let number = |t: &i64| cells.iter().find(|c| c.t == *t).map_or_else(String::new, |c| bounded(c));
        let row: String = lengths.iter().map(|t| format!("{:>column$}", number(t))).collect();
        lines.push(format!("  {:first$}{row}    {}", group.name(), exponent(group)));
    }
    lines.push(String::new());
    Some(lines)
}

fn several(lines: &mut Vec<String>, groups: &[Group<'_>], quantile: f64, width: usize) {
    if let Some(table) = at_one_pair(groups, quantile, width) {
        lines.extend(table);
        return;
    }
    let arrive = groups.first().map_or("arrive", |group| group.shown.arrive());
    let title = format!("Samples by which {} of the runs {arrive} grow as these powers of", percent(quantile));
    lines.extend(wrapped(&title, "", "", width));
    lines.push(String::new());
    let laws: Vec<(String, Option<&Law>)> =
        groups.iter().map(|group| (group.name(), group.scaling(group.shown).and_then(|s| s.power.as_ref()))).collect();
    // Where a law takes more than a line, fewer are shown.
    let shown = |max_laws: usize| {
        let mut lines = exponents("", &laws[..max_laws.min(laws.len())], width);
        if laws.len() > max_laws {
            lines.push(format!("  .. and {} more in the report", laws.len() - max_laws));
        }
        lines
    };
    let fits = |max_laws: &usize| shown(*max_laws).len() <= ROWS + 4;
    let max_laws = (1..=laws.len()).rev().find(fits).unwrap_or(1);
    lines.extend(shown(max_laws));
    lines.push(String::new());
}

/// What each law says of T, N and Q, and how many cells tell it: a table if that is not too wide,
/// else a paragraph each.
fn exponents(head: &str, laws: &[(String, Option<&Law>)], width: usize) -> Vec<String> {
    const TERMS: [Term; 3] = [Term::T, Term::N, Term::Q];
    let cells = |law: &Law| match law.censored {
        0 => law.cells.to_string(),
        bounds => format!("{}, {bounds} >", law.cells),
    };
    let columns = |law: &Law| {
        let powers = TERMS.map(|term| law.coefficient(term).map_or_else(|| "-".to_owned(), with_interval));
        let [t, n, q] = powers;
        [t, n, q, cells(law)]
    };
    let heads = [head, "T", "N", "Q", "cells"].map(str::to_owned);
    let mut rows: Vec<Vec<String>> = vec![heads.to_vec()];
    rows.extend(laws.iter().map(|(name, law)| match law {
        Some(law) => [vec![name.clone()], columns(law).to_vec()].concat(),
        None => vec![name.clone(), "-".to_owned()],
    }));
    let length = |row: &Vec<String>, i: usize| row.get(i).map_or(0, |text| text.chars().count());
    let longest: Vec<usize> =
        (0..heads.len()).map(|i| rows.iter().map(|row| length(row, i)).max().unwrap_or(0)).collect();
    // Wide, narrow, and narrow without the last column, which then is a line below.
    let layouts = [(2, heads.len()), (1, heads.len()), (1, heads.len() - 1)];
    let taken = |&(gap, columns): &(usize, usize)| 2 + longest[..columns].iter().sum::<usize>() + gap * (columns - 1);
    let Some((gap, columns)) = layouts.into_iter().find(|layout| taken(layout) <= width) else {
        return paragraphs(head, &rows[1..], width);
    };
    if laws.is_empty() {
        return Vec::new();
    }
    let line = |row: &Vec<String>| {
        let padded =
            row.iter().take(columns).zip(&longest).map(|(text, &longest)| format!("{text:<w$}", w = longest + gap));
        format!("  {}", padded.collect::<String>()).trim_end().to_owned()
    };
    let mut lines: Vec<String> = rows.iter().map(line).collect();
    if rows.iter().flatten().any(|text| text == "unknown") {
        lines.extend(wrapped("unknown: its 95 % interval is wider than 2", "    ", "    ", width));
    }
    if columns < heads.len() {
        let mut counts: Vec<&str> = rows[1..].iter().filter_map(|row| row.last().map(String::as_str)).collect();
        if counts.windows(2).all(|pair| pair[0] == pair[1]) {
            counts.truncate(1);
        }
        lines.extend(wrapped(&format!("from {} cells", counts.join("; ")), "  ", "  ", width));
    }
    lines
}

/// The rows of a table that is too wide, one after the other.
fn paragraphs(head: &str, rows: &[Vec<String>], width: usize) -> Vec<String> {
    let mut lines = Vec::new();
    if !head.is_empty() {
        lines.push(format!("  {head}"));
    }
    for row in rows {
        let text = match row.as_slice() {
            [name, t, n, q, cells] => {
                let powers = [("T", t), ("N", n), ("Q", q)]
                    .map(|(term, power)| glued(&format!("{term} {}", power.trim_start())));
                format!("{name}: {}; {}", powers.join(", "), glued(&format!("{cells} cells")))
            }
            others => others.join(": "),
        };
        lines.extend(wrapped(&text, "  ", "      ", width));
    }
    lines
}

/// How all runs ended, over the whole grid, with a bar of the share that recovered.
fn endings(analysis: &Analysis, width: usize) -> Vec<String> {
    let ended = |(status, &ended): (Status, &usize)| (ended > 0).then(|| glued(&format!("{ended} {}", status.name())));
    let counts: Vec<String> = Status::ALL.into_iter().zip(&analysis.endings).filter_map(ended).collect();
    let share = analysis.ended(Status::Recovered) as f64 / analysis.runs() as f64;
    let full = (20.0 * share).round() as usize;
    let bar = "█".repeat(full) + &"░".repeat(20 - full);
    let which = if analysis.searched.is_empty() { "good and bad settings alike" } else { "at the chosen settings" };
    let text = format!("{}, {which}: {}", count(analysis.runs(), "run"), counts.join(", "));
    wrapped(&text, &format!("  {bar} "), &" ".repeat(23), width)
}

fn bounded(cell: &Needed) -> String {
    format!("{}{}", if cell.censored { ">" } else { "" }, short(cell.samples))
}

/// `2.2k [1.9k, 2.6k]`; an end that the runs leave open is `..`.
fn with_ends(cell: &Needed) -> String {
    let end = |x: Option<i64>| x.map_or_else(|| "..".to_owned(), short);
    match (cell.ci_low, cell.ci_high) {
        (None, None) => bounded(cell),
        (low, high) => format!("{} [{}, {}]", bounded(cell), end(low), end(high)),
    }
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
    use crate::analysis::Question;
    use crate::record::Record;
    use crate::record::fixture::record;

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
        let text = answer(&Analysis::of(&records, question()), None, 100);
        assert!(text.contains("3.2k") && text.contains("6.4k") && text.contains(">100k"), "{text}");
        assert!(text.contains("1.00") && text.contains("38 recovered, 2 exhausted"), "{text}");
        assert!(text.contains("1 of 4 cells is a lower bound (>): fewer than 90 %"), "{text}");
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
        let fits = |text: &str, width: usize| {
            assert!(text.lines().count() <= LINES, "{text}");
            assert!(text.lines().all(|line| line.chars().count() <= width), "{width}: {text}");
        };
        let one = Analysis::of(&records, question());
        for record in &mut records {
            record.algorithm = format!("algorithm {}", record.n);
        }
        let several = Analysis::of(&records, question());
        let at_one_pair: Vec<Record> = records.iter().filter(|r| (r.n, r.q) == (3, 2)).cloned().collect();
        let mut twice = at_one_pair.clone();
        twice.iter_mut().for_each(|r| r.algorithm = "another".to_owned());
        let head_to_head = Analysis::of(&[at_one_pair, twice].concat(), question());
        for record in &mut records {
            record.further = vec![("persistence".to_owned(), 0.25), ("concentration".to_owned(), 1.5)];
        }
        let conditions = vec!["persistence".to_owned(), "concentration".to_owned()];
        let long = Analysis::of(&records, Question { conditions, ..question() });
        let widest = answer(&one, None, 120) + &one.limits().join(" ") + " from more warning warnings";
        let known: BTreeSet<&str> = widest.split_whitespace().collect();
        for width in [60, 72, 80, 100, 120] {
            let text = answer(&one, None, width);
            fits(&text, width);
            assert!(text.contains(" more in the report") && text.contains("T=8192"), "{text}");
            assert!(text.contains(" of 11 T "), "{text}");
            // The first warning always, and how many more there are.
            assert!(text.contains("  ! algorithm") || text.contains("  ! prox: "), "{text}");
            assert!(text.contains("  ! more in the report: 2 warnings") || width >= 100, "{text}");
            assert!(text.contains("recovery") && text.contains("good and bad"), "{text}");
            // Words are those of the widest answer, but for the columns of the table and what
            // stands between the exponents.
            let is_word = |word: &&str| word.len() > 3 && word.chars().all(char::is_alphabetic);
            let broken = text.split_whitespace().filter(is_word).find(|word| !known.contains(word));
            assert_eq!(broken, None, "{text}");
            let text = answer(&several, None, width);
            fits(&text, width);
            assert!(text.contains("algorithm 7") || width < 100, "{text}");
            fits(&answer(&long, None, width), width);
            let text = answer(&head_to_head, None, width);
            fits(&text, width);
            assert!(text.contains("N = 3, Q = 2; >") && text.contains("T=8192"), "{text}");
            assert!(text.lines().any(|line| line.starts_with("  another ") && line.contains('[')), "{text}");
        }
        assert!(answer(&Analysis::of(&[], question()), None, 100).contains("nothing can be concluded"));
    }
}
