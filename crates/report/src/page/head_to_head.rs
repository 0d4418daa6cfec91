//! Algorithms and conditions head to head: what each needs in units of its reference.

use maud::{Markup, html};

use super::markup::{minus, none};
use crate::analysis::{Analysis, Bout, CellRatio, ConditionPower, Milestone, Needed, digits, short, two};
use crate::record::written;

/// More rows than this are left to `comparison.parquet`.
const MAX_ROWS: usize = 1000;

/// The section; nothing where there is nothing to compare.
pub(super) fn head_to_head(analysis: &Analysis) -> Markup {
    let bouts = &analysis.bouts;
    let rows: Vec<(&Bout, &CellRatio)> = bouts.iter().flat_map(|b| b.cells.iter().map(move |c| (b, c))).collect();
    html! {
        @if !bouts.is_empty() {
            section id="head-to-head" {
                h2 { "Head to head" }
                p {
                    "Needed samples over those of the reference: below 1 the first needs fewer. "
                    (tasks(bouts))
                    " Intervals are of 95 % and resample tasks; a ratio to a lower bound is a bound itself (< or >)."
                }
                h3 { "Over all cells" }
                (overall(bouts))
                (powers(&analysis.condition_powers))
                h3 { "Cell by cell" }
                (cells(analysis, &rows))
            }
        }
    }
}

/// Who shares tasks with whom.
fn tasks(bouts: &[Bout]) -> &'static str {
    match (bouts.iter().any(|b| b.shared), bouts.iter().any(|b| !b.shared)) {
        (true, false) => {
            "A replicate is the same task for both, so they are compared in pairs: what a task does to both cancels."
        }
        (false, _) => {
            "The two have other tasks, because the condition changes how tasks are drawn: nothing is compared in pairs."
        }
        (true, true) => {
            "A replicate is the same task for both, so that they are compared in pairs, but where the table says \
             \"other tasks\": there the condition changes how tasks are drawn."
        }
    }
}

fn overall(bouts: &[Bout]) -> Markup {
    html! {
        div.wide tabindex="0" role="region" aria-label="Ratios over all cells" {
            table {
                thead { tr {
                    th scope="col" { "samples to" }
                    th scope="col" { "compared" }
                    th scope="col" { "reference" }
                    th scope="col" { "mean ratio" }
                    th scope="col" { "exponent of T" }
                    th scope="col" { "cells" }
                    th scope="col" { "says" }
                } }
                tbody { @for bout in bouts { tr {
                    th scope="row" { (bout.milestone.name()) }
                    td { (bout.name()) }
                    td { (bout.names[1]) @if !bout.shared { ", other tasks" } }
                    @match &bout.overall {
                        None => {
                            td { (none()) } td { (none()) } td { (bout.cells.len()) } td { "no ratio is known" }
                        }
                        Some(overall) => {
                            td { (ratio_of(overall.ratio, overall.interval)) }
                            td { (overall.exponent.map_or_else(none, |(e, (low, high))| {
                                minus(&format!("{} [{}, {}]", two(e), two(low), two(high)))
                            })) }
                            td {
                                (overall.cells)
                                @if overall.bounds > 0 { ", " (overall.bounds) " of them bounds" }
                                @if overall.at_edge > 0 { ", " (overall.at_edge) " at an edge" }
                            }
                            td { (overall.outcome.in_words(overall.smallest_seen())) }
                        }
                    }
                } } }
            }
        }
        p.note {
            "Geometric means over the cells that both have. Intervals are by the scatter between clusters of one N \
             and Q where there are five or more, else by that of the cells about a power of T. Of cells at an edge \
             of their tuning grid nothing is decided: a wider grid may need fewer samples."
        }
    }
}

fn ratio_of(ratio: f64, interval: Option<(f64, f64)>) -> String {
    let interval = interval.map_or_else(String::new, |(low, high)| format!(" [{}, {}]", digits(low), digits(high)));
    digits(ratio) + &interval
}

/// Needed samples as powers of conditions.
fn powers(powers: &[ConditionPower]) -> Markup {
    let of_recovery: Vec<&ConditionPower> =
        powers.iter().filter(|p| p.milestone == Milestone::Recovery && p.values.len() > 2).collect();
    html! {
        @if !of_recovery.is_empty() {
            h3 { "As a power of the condition" }
            ul { @for power in of_recovery { li { (power.within()) ": " (in_words(power)) } } }
        }
    }
}

/// `the samples to recovery are proportional to theta^-0.6 ..`, or why there is no exponent.
fn in_words(power: &ConditionPower) -> Markup {
    let (key, (from, to)) = (&power.key, power.range);
    let range = format!("{key} = {} to {}", written(from), written(to));
    html! {
        @if let Some(misfit) = &power.misfit {
            "the samples to recovery are no power of " (key) " (" (range) "): the exponent changes with "
            (misfit.with) ", by " (minus(&format!("{:+.2}", misfit.change))) " for each doubling (p "
            @if misfit.p_value < 1e-4 { "< 0.0001" } @else { (format!("= {:.4}", misfit.p_value)) } ")."
        } @else if let Some((exponent, (low, high))) = power.shown_exponent() {
            "the samples to recovery grow as " (key) sup { (minus(&two(exponent))) }
            (minus(&format!(" [{}, {}]", two(low), two(high)))) " (" (range) ")."
        } @else if power.exponent.is_some() {
            "the exponent of " (key) " is unknown (" (range) ")."
        } @else {
            "no exponent of " (key) ": it takes three positive values at which the quantile is reached."
        }
    }
}

fn cells(analysis: &Analysis, rows: &[(&Bout, &CellRatio)]) -> Markup {
    let needed = |row: &Needed| format!("{}{}", if row.censored { ">" } else { "" }, short(row.samples));
    let end = |end: Option<f64>| end.map_or_else(|| "open".to_owned(), digits);
    let number = ["N", "Q", "T", "needs", "reference needs", "ratio", "95 % interval"];
    let heads = [
        "samples to",
        "N",
        "Q",
        "T",
        "compared",
        "reference",
        "needs",
        "reference needs",
        "ratio",
        "95 % interval",
        "says",
    ];
    html! {
        div.wide tabindex="0" role="region" aria-label="Ratios cell by cell" {
            table.sortable {
                thead { tr { @for head in heads {
                    th scope="col" class=[number.contains(&head).then_some("number")] { button type="button" { (head) } }
                } } }
                tbody { @for (bout, cell) in rows.iter().take(MAX_ROWS) {
                    @let (compared, reference) = (&analysis.needed[cell.compared], &analysis.needed[cell.reference]);
                    tr {
                        td { (bout.milestone.name()) }
                        @for value in [cell.cell.0, cell.cell.1, cell.cell.2] { td.number data-key=(value) { (value) } }
                        td { (bout.name()) }
                        td { (bout.names[1]) @if !bout.shared { ", other tasks" } }
                        @for row in [compared, reference] { td.number data-key=(row.samples) { (needed(row)) } }
                        td.number data-key=(cell.ratio.map_or(f64::INFINITY, |r| r.0)) {
                            (cell.ratio.map_or_else(none, |(r, extent)| extent.sign().to_owned() + &digits(r)))
                        }
                        td.number data-key=(cell.high.unwrap_or(f64::INFINITY)) { (end(cell.low)) " – " (end(cell.high)) }
                        td { (cell.outcome.in_words(cell.smallest_seen())) }
                    }
                } }
            }
        }
        @if rows.len() > MAX_ROWS {
            p { "The first " (MAX_ROWS) " of " (rows.len()) " rows; all are in comparison.parquet." }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::{Misfit, Question};
    use crate::record::Record;
    use crate::record::fixture::record;

    #[test]
    fn ratios_and_what_is_no_power_are_told() {
        let mut records: Vec<Record> = Vec::new();
        for (algorithm, factor) in [("prox", 10), ("sgd", 30)] {
            for t in [32, 64, 128] {
                records.extend((0..40).map(|i| {
                    let reached = (algorithm == "prox" || t < 128 || i < 30).then_some(factor * t + i);
                    Record { algorithm: algorithm.to_owned(), ..record(3, 2, t, i, reached) }
                }));
            }
        }
        let question = Question { quantile: 0.9, conditions: Vec::new(), tuned: Vec::new() };
        let analysis = Analysis::of(&records, question);
        let page = head_to_head(&analysis).into_string();
        for text in ["id=\"head-to-head\"", "the same task for both", "needs more", ">&gt;"] {
            assert!(page.contains(text), "{text}: {page}");
        }
        assert!(page.contains(", 1 of them bounds"), "{page}");
        let none = Analysis::of(&[], analysis.question.clone());
        assert!(head_to_head(&none).into_string().is_empty());
        let power = |exponent, misfit| ConditionPower {
            key: "theta".to_owned(),
            at: 0,
            algorithm: "prox".to_owned(),
            others: vec![("transfer".to_owned(), 1.0)],
            milestone: Milestone::Recovery,
            values: vec![0.25, 0.5, 1.0],
            range: (0.25, 1.0),
            exponent,
            clustered: false,
            misfit,
        };
        let known = Some((-0.6, (-0.7, -0.5)));
        let text = in_words(&power(known, None)).into_string();
        assert!(text.contains("theta<sup>−0.60</sup> [−0.70, −0.50] (theta = 0.25 to 1)"), "{text}");
        let misfit = Misfit { with: "T".to_owned(), change: -0.2, p_value: 0.002 };
        let text = in_words(&power(known, Some(misfit))).into_string();
        assert!(text.contains("no power of theta") && text.contains("by −0.20") && !text.contains("0.60"), "{text}");
        assert!(in_words(&power(None, None)).into_string().contains("three positive values"));
        assert_eq!(power(None, None).within(), "prox, transfer = 1");
    }
}
