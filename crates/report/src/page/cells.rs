//! The table of cells.

use maud::{Markup, html};

use super::sortable::{Column, sortable};
use crate::analysis::{Analysis, Group, Milestone, Needed, percent};
use crate::record::{shown, written};

pub(super) fn table(analysis: &Analysis, groups: &[Group<'_>]) -> Markup {
    let mut columns: Vec<Column<'_, Needed>> = Vec::new();
    let whole = |get: fn(&Needed) -> i64| Box::new(move |r: &Needed| (get(r).to_string(), get(r) as f64));
    let real = |get: fn(&Needed) -> f64| Box::new(move |r: &Needed| (written(get(r)), get(r)));
    columns.push(("N", true, whole(|r| r.n)));
    columns.push(("Q", true, whole(|r| r.q)));
    columns.push(("T", true, whole(|r| r.t)));
    columns.push(("samples to", false, Box::new(|r| (r.milestone.name().to_owned(), 0.0))));
    if groups.len() > 1 {
        columns.push(("algorithm", false, Box::new(|r| (r.algorithm.clone(), 0.0))));
        for (i, key) in analysis.question.conditions.iter().enumerate() {
            columns.push((
                key,
                true,
                Box::new(move |r| r.conditions.get(i).map_or_else(Default::default, |c| (shown(key, *c), *c))),
            ));
        }
    }
    columns.push((
        "needed",
        true,
        Box::new(|r| (format!("{}{}", if r.censored { ">" } else { "" }, grouped(r.samples)), r.samples as f64)),
    ));
    columns.push((
        "95 % interval",
        true,
        Box::new(|r| {
            let end = |end: Option<i64>| end.map_or_else(|| "open".to_owned(), grouped);
            (format!("{} – {}", end(r.ci_low), end(r.ci_high)), r.ci_high.map_or(f64::INFINITY, |h| h as f64))
        }),
    ));
    // A search chooses on other runs, so that there is no split.
    let split = analysis.searched.is_empty();
    if split {
        columns.push((
            "without split",
            true,
            Box::new(|r| {
                let f = r.in_sample;
                (format!("{}{}", if f.censored { ">" } else { "" }, grouped(f.samples)), f.samples as f64)
            }),
        ));
    }
    columns.push((
        "reached",
        true,
        Box::new(|r| (format!("{} of {}", r.reached, r.replicates), r.reached as f64 / r.replicates as f64)),
    ));
    if split {
        columns.push(("at B, η, λ", true, whole(|r| r.at_setting)));
    }
    columns.push(("B", true, whole(|r| r.batch_size)));
    columns.push(("η boost", true, real(|r| r.eta_boost)));
    columns.push(("η sparse", true, real(|r| r.eta_sparse)));
    columns.push(("λ", true, real(|r| r.lambda)));
    let order = [Milestone::Recovery, Milestone::Signal, Milestone::Support, Milestone::SignalToRecovery];
    let rows: Vec<&Needed> =
        order.iter().flat_map(|m| analysis.needed.iter().filter(move |r| r.milestone == *m)).collect();
    html! {
        section id="cells" {
            h2 { "Cells" }
            @if rows.is_empty() { p { "No cell has a result yet." } } @else {
                p {
                    "A click on a heading sorts. Samples by which "
                    (percent(analysis.question.quantile))
                    " of the runs have reached the milestone"
                    @if split {
                        "; \"without split\" is what choosing hyperparameters on the very runs they \
                         are judged by would have claimed. B, η and λ are what all replicates together \
                         choose. Each half of them is read at what the other half chooses, which may \
                         be another setting; \"at B, η, λ\" counts the runs that are read at this one."
                    } @else { ", at the hyperparameters that the search chose on other runs." }
                }
                (sortable("Cells", "needed.parquet", &columns, &rows))
            }
        }
    }
}

/// `12 345`, with thin spaces that do not break.
fn grouped(number: i64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push('\u{202f}');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_are_grouped_by_three() {
        let thin = |text: &str| text.replace(' ', "\u{202f}");
        assert_eq!((grouped(7), grouped(999), grouped(1000)), ("7".into(), "999".into(), thin("1 000")));
        assert_eq!(grouped(12_345_678), thin("12 345 678"));
    }
}
