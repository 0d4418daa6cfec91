//! Algorithms and conditions head to head: a small table, at the largest T and over all cells.

use super::text::{glued, wrapped};
use crate::analysis::{Analysis, Bout, Milestone, Overall, digits, short, two};

/// Rows at most; the others are in the report.
const ROWS: usize = 5;

/// The lines, at recovery; none where there is nothing to compare.
pub(super) fn head_to_head(analysis: &Analysis, width: usize, room: usize) -> Vec<String> {
    let bouts: Vec<&Bout> = analysis.bouts.iter().filter(|b| b.milestone == Milestone::Recovery).collect();
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
        "Samples to recovery over those of the reference{}; < and > are bounds{}",
        if apart { "" } else { ", on the same tasks" },
        if at_edge { "; edge: tuned at an edge, not decided" } else { "" }
    );
    let mut lines = wrapped(&title, "", "", width);
    let heads = ["", "over", "at the largest T", "over all cells", "T to"].map(str::to_owned);
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
        let parts = [("at the largest T", &row[2]), ("over all cells", &row[3]), ("T to", &row[4])];
        let parts = parts.map(|(head, text)| glued(&format!("{head} {text}"))).join("; ");
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
