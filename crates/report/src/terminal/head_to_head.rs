//! Algorithms and conditions head to head: a small table, at the largest T and over all cells.

use super::text::{glued, wrapped};
use crate::analysis::{Analysis, Bout, Overall, digits, short, two};

/// Rows at most; the others are in the report.
const ROWS: usize = 5;

/// The lines, at recovery; none where there is nothing to compare.
pub(super) fn head_to_head(analysis: &Analysis, width: usize, room: usize) -> Vec<String> {
    let bouts: Vec<&Bout> = analysis.bouts.iter().filter(|b| b.milestone == analysis.shown).collect();
    let shown = |count: usize| {
        let mut lines = table(analysis, &bouts[..count], width);
        if count < bouts.len() {
            lines.push(format!("  .. and {} more in the report", bouts.len() - count));
        }
        lines
    };
    (1..=bouts.len().min(ROWS)).rev().map(shown).find(|lines| lines.len() <= room).unwrap_or_default()
}

fn table(analysis: &Analysis, bouts: &[&Bout], width: usize) -> Vec<String> {
    let apart = bouts.iter().any(|bout| !bout.shared);
    let at_edge = bouts.iter().any(|bout| bout.cells.iter().any(|cell| cell.at_edge));
    let title = format!(
        "Samples to {} over those of the reference{}; < and > are bounds{}",
        analysis.shown.name(),
        if apart { "" } else { ", on the same tasks" },
        if at_edge { "; edge: tuned at an edge, not decided" } else { "" }
    );
    let mut lines = wrapped(&title, "", "", width);
    let heads = ["", "over", "at the largest T", "over all cells", "exponents of T differ by"].map(str::to_owned);
    let mut rows = vec![heads.to_vec()];
    rows.extend(bouts.iter().map(|bout| row(analysis, bout)));
    let length = |row: &Vec<String>, i: usize| row[i].chars().count();
    let longest: Vec<usize> =
        (0..heads.len()).map(|i| rows.iter().map(|row| length(row, i)).max().unwrap_or(0)).collect();
    if 2 + longest.iter().sum::<usize>() + 2 * (heads.len() - 1) <= width {
        let line = |row: &Vec<String>| {
            let padded = row.iter().zip(&longest).map(|(text, &longest)| format!("{text:<w$}", w = longest + 2));
            format!("  {}", padded.collect::<String>()).trim_end().to_owned()
        };
        lines.extend(rows.iter().map(line));
        return lines;
    }
    for row in &rows[1..] {
        let parts = heads.iter().zip(row).skip(2).map(|(head, text)| glued(&format!("{head} {text}")));
        let parts = parts.collect::<Vec<_>>().join("; ");
        lines.extend(wrapped(&format!("{} over {}: {parts}", row[0], row[1]), "  ", "      ", width));
    }
    lines
}

/// Names, the ratio at the largest T, the mean ratio, the exponent.
fn row(analysis: &Analysis, bout: &Bout) -> Vec<String> {
    let known = |overall: &Option<Overall>| {
        overall.as_ref().map_or_else(|| "not known".to_owned(), |o| with_interval(&digits(o.ratio), o.interval))
    };
    let largest = match bout.at_largest() {
        Some((_, cells, overall)) if cells.len() == 1 => match cells[0].ratio {
            Some((ratio, extent)) => {
                let end = |end: Option<f64>| end.map_or_else(|| "open".to_owned(), digits);
                format!("{}{} [{}, {}]", extent.sign(), digits(ratio), end(cells[0].low), end(cells[0].high))
            }
            None => {
                let samples = |i: usize| {
                    let needed = &analysis.needed[i];
                    format!("{}{}", if needed.censored { ">" } else { "" }, short(needed.samples))
                };
                overall.map_or_else(
                    || format!("{} and {}", samples(cells[0].compared), samples(cells[0].reference)),
                    |o| digits(o.ratio),
                )
            }
        },
        Some((_, _, overall)) => known(&overall),
        None => "not known".to_owned(),
    };
    let edge = |at_edge: bool| if at_edge { " edge" } else { "" };
    let at_largest = bout.at_largest().is_some_and(|(_, cells, _)| cells.iter().any(|c| c.at_edge));
    let exponent = bout.overall.as_ref().and_then(|o| o.exponent);
    let exponent = exponent.map_or_else(
        || "-".to_owned(),
        |(e, (low, high))| {
            if high - low > crate::analysis::WIDEST {
                "unknown".to_owned()
            } else {
                format!("{} [{}, {}]", two(e), two(low), two(high))
            }
        },
    );
    let all = known(&bout.overall) + edge(bout.overall.as_ref().is_some_and(|o| o.at_edge > 0));
    let name = bout.name() + if bout.shared { "" } else { ", other tasks" };
    vec![name, bout.names[1].clone(), largest + edge(at_largest), all, exponent]
}

fn with_interval(number: &str, interval: Option<(f64, f64)>) -> String {
    match interval {
        // An interval of more than a thousandfold says nothing.
        Some((low, high)) if high / low < 1000.0 => format!("{number} [{}, {}]", digits(low), digits(high)),
        _ => number.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::Question;
    use crate::record::Record;
    use crate::record::fixture::record;

    /// Of many pairs as many are shown as there is room for, as a table or, where that is too wide,
    /// as paragraphs.
    #[test]
    fn pairs_fit_the_room_and_the_width() {
        let mut records: Vec<Record> = Vec::new();
        for (transfer, theta, factor) in
            [(0.0, 1.0, 40), (1.0, 0.25, 25), (1.0, 0.5, 20), (1.0, 0.75, 15), (1.0, 0.9, 12), (1.0, 1.0, 10)]
        {
            let further = vec![("transfer".to_owned(), transfer), ("theta".to_owned(), theta)];
            for t in [64, 256, 1024] {
                let samples = |i: i64| factor * (t + (i * 7919) % t);
                records.extend(
                    (0..40).map(|i| Record { further: further.clone(), ..record(3, 2, t, i, Some(samples(i))) }),
                );
            }
        }
        let conditions = vec!["transfer".to_owned(), "theta".to_owned()];
        let analysis = Analysis::of(&records, Question { quantile: 0.9, conditions, tuned: Vec::new() });
        for width in [60, 72, 80, 100, 120] {
            for room in 0..20 {
                let lines = head_to_head(&analysis, width, room);
                assert!(lines.len() <= room, "{lines:?}");
                assert!(lines.iter().all(|line| line.chars().count() <= width), "{width}: {lines:?}");
                let more = lines.last().is_some_and(|line| line.contains(" more in the report"));
                assert!(more || lines.is_empty(), "{lines:?}");
            }
            let all = head_to_head(&analysis, width, 20).join(" ");
            assert!(all.contains("theta = 0.25") && all.contains("0.62 ["), "25 over 40: {all}");
        }
        let table = head_to_head(&analysis, 120, 20);
        let fits = table.iter().map(|line| line.chars().count()).max().unwrap_or(0);
        assert_eq!(fits, 115, "{table:?}");
        assert_eq!(head_to_head(&analysis, fits, 20), table);
        for (width, in_words) in [(120, false), (fits, false), (fits - 1, true), (60, true)] {
            let all = head_to_head(&analysis, width, 20).join(" ");
            assert_eq!(all.contains(" over transfer"), in_words, "{width}: {all}");
        }
        let none = Analysis::of(&[], analysis.question.clone());
        assert!(head_to_head(&none, 80, 20).is_empty());
    }
}
