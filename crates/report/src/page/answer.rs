//! The answer, what limits it, and the exponents of each milestone.

use maud::{Markup, html};

use super::markup::{interval, minus, none, raised};
use super::provenance::Provenance;
use crate::analysis::{Analysis, Coefficient, Group, Law, Milestone, PreferredLaw, Scaling, Term, off, two};
use crate::record::draws_samples;

/// With `unreached`, cells in which no run arrived come first.
pub(super) fn answer(analysis: &Analysis, groups: &[Group<'_>], provenance: &Provenance, unreached: bool) -> Markup {
    let limits = analysis.limits();
    // Dynamics without noise are a reference; where there is nothing else they are the answer.
    let mut shown: Vec<&Group<'_>> = groups.iter().filter(|group| draws_samples(group.algorithm)).collect();
    if shown.is_empty() {
        shown.extend(groups);
    }
    html! {
        section id="answer" {
            h2 { "The answer" }
            @if let Some(missing) = &provenance.missing {
                p.warning role="alert" {
                    strong { "Partial: " }
                    (missing) ", and everything below will change."
                }
            }
            @if unreached { @for sentence in analysis.where_none_arrived() { p.warning { (sentence) } } }
            @for group in &shown { p.answer { (raised(&group.answer(analysis.question.quantile))) } }
            @for sentence in analysis.beside_in_words() { p { (sentence) } }
            @if !limits.is_empty() {
                h3 { "What limits it" }
                ul.limits { @for limit in &limits { li { (limit) } } }
            }
            @for group in groups { (exponents(group, groups.len() > 1)) }
        }
    }
}

/// Exponents of each milestone, and which law wins.
fn exponents(group: &Group<'_>, named: bool) -> Markup {
    let laws: Vec<(&Scaling, &Law)> = group.scalings.iter().filter_map(|s| Some((*s, s.power.as_ref()?))).collect();
    if laws.is_empty() {
        return html! {};
    }
    html! {
        h3 { "Exponents" @if named { ": " (group.name()) } }
        div.wide tabindex="0" role="region" aria-label="Exponents" {
            table {
                thead { tr {
                    th scope="col" { "samples to" }
                    th scope="col" { "constant" }
                    @for term in [Term::T, Term::N, Term::Q] { th scope="col" { (term.name()) } }
                    th scope="col" { "spread" }
                    th scope="col" { "cells" }
                    th scope="col" { "better" }
                    th scope="col" { "ΔAICc" }
                } }
                tbody {
                    @for (scaling, law) in &laws {
                        tr {
                            th scope="row" { (scaling.milestone.name()) }
                            td { (law.coefficient(Term::Constant).map_or_else(none, |c| constant(libm::exp(c.estimate)))) }
                            @for term in [Term::T, Term::N, Term::Q] { td { (interval(law.coefficient(term))) } }
                            td {
                                @if let Some(residual_scale) = law.residual_scale {
                                    (format!("{:.0} %", 100.0 * (libm::exp(residual_scale) - 1.0)))
                                }
                            }
                            td { (law.cells) @if law.censored > 0 { ", " (law.censored) " of them bounds" } }
                            td { (better(scaling)) }
                            td { (scaling.aicc_difference().map_or_else(none, |d| minus(&format!("{d:+.0}")))) }
                        }
                    }
                }
            }
        }
        p.note {
            "n = constant · T" sup { "a" } " · N" sup { "b" } " · Q" sup { "d" } ", by censored \
             regression of ln n, with 95 % intervals (unknown: wider than 2); spread is the \
             typical distance of a cell from its law. The competing law has ln ln T for ln T, \
             so that n grows as a power of ln T; of the two one is better if AICc says so by more \
             than 2 (above 0 speaks for T) and if it is closer at the largest T when fitted without \
             it. Recovery is also compared with the sum of its parts, the signal and the rest, each \
             fitted to its own samples. The sum is better if cells depart from the better single \
             law towards it by more than chance, and if it is closest at each T when fitted without \
             that T; a single law is better if they depart from it less than the sum does."
        }
        (growth(group))
    }
}

/// How each law grows at the largest T, and how far it is off at a T that it has not seen.
fn growth(group: &Group<'_>) -> Markup {
    let scalings: Vec<&Scaling> = group.scalings.iter().copied().filter(|s| s.power.is_some()).collect();
    let medians = scalings.iter().any(|s| s.median.power.is_some());
    html! {
        div.wide tabindex="0" role="region" aria-label="Growth at the largest T" {
            table {
                thead { tr {
                    th scope="col" { "samples to" }
                    th scope="col" { "law" }
                    th scope="col" { "at T" }
                    th scope="col" { "grow as T to the" }
                    @if medians { th scope="col" { "the median" } }
                    th scope="col" { "off there, unseen" }
                    th scope="col" { "off at each T, unseen" }
                } }
                tbody {
                    @for scaling in &scalings {
                        @for law in laws(scaling) {
                            tr {
                                th scope="row" { (scaling.milestone.name()) }
                                td { (law.name) }
                                td { (scaling.largest_t) }
                                td { (interval(law.exponent)) }
                                @if medians { td { (interval(law.median)) } }
                                td { (law.held_out.map_or_else(none, off)) }
                                td { (law.cross_validated.map_or_else(none, off)) }
                            }
                        }
                    }
                }
            }
        }
        p.note {
            "The exponent of T at the largest T, d ln n / d ln T: of a power of ln T its power over \
             ln T; of the sum the mean over N and Q of the exponents of its parts, weighted by \
             their shares there. The median is read at the settings that are chosen for the share \
             asked for. Off: root mean square, at the largest T by laws fitted without it, and \
             at each T by laws fitted without that T. "
            @if let Some(sum) = group.scaling(Milestone::Recovery).and_then(|s| s.sum.as_ref()) {
                "At T = " (sum.t) " the signal makes up " (format!("{:.0} %", 100.0 * sum.signal_share))
                " of the sum, and recovery takes " (two(libm::exp(sum.level)))
                " times the sum of its parts, whose quantiles and settings are their own."
            }
        }
    }
}

/// A law of the table of [`growth`].
struct LawRow {
    name: &'static str,
    exponent: Option<Coefficient>,
    median: Option<Coefficient>,
    held_out: Option<f64>,
    cross_validated: Option<f64>,
}

fn laws(scaling: &Scaling) -> Vec<LawRow> {
    let t = scaling.largest_t as f64;
    let (held_out, cross_validated) = (scaling.held_out.as_ref(), scaling.cross_validated.as_ref());
    let local = |law: &Option<Law>| law.as_ref().and_then(|law| law.local_exponent(t));
    let single = |name, law: &Option<Law>, median: &Option<Law>, errors: (Option<f64>, Option<f64>)| LawRow {
        name,
        exponent: local(law),
        median: local(median),
        held_out: errors.0,
        cross_validated: errors.1,
    };
    let median = &scaling.median;
    let of_t = (held_out.map(|h| h.power), cross_validated.map(|c| c.power));
    let of_log = (held_out.map(|h| h.polylog), cross_validated.map(|c| c.polylog));
    let mut rows = vec![
        single("power of T", &scaling.power, &median.power, of_t),
        single("power of ln T", &scaling.polylog, &median.polylog, of_log),
    ];
    rows.extend(scaling.sum.as_ref().map(|sum| LawRow {
        name: "sum",
        exponent: Some(sum.local_exponent),
        median: median.sum.as_ref().map(|sum| sum.local_exponent),
        held_out: held_out.and_then(|h| h.sum),
        cross_validated: cross_validated.and_then(|c| c.sum),
    }));
    rows
}

/// Three digits.
fn constant(x: f64) -> String {
    match x {
        _ if (100.0..1e6).contains(&x) => format!("{x:.0}"),
        _ if (0.01..100.0).contains(&x) => format!("{x:.*}", (2.0 - libm::floor(libm::log10(x))).max(0.0) as usize),
        _ => format!("{x:.2e}"),
    }
}

fn better(scaling: &Scaling) -> &'static str {
    match (scaling.preferred_law(), scaling.aicc_difference()) {
        (PreferredLaw::Power, _) => "power of T",
        (PreferredLaw::Polylog, _) => "power of ln T",
        (PreferredLaw::Sum, _) => "sum",
        (PreferredLaw::Undecided, Some(_)) => "undecided",
        (PreferredLaw::Undecided, None) => "not compared",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn constants_have_three_digits() {
        let shown = [35.52, 133.5, 0.0456, 1.0, 12_345.6, 3.2e7, 1e-9].map(constant);
        assert_eq!(shown, ["35.5", "134", "0.0456", "1.00", "12346", "3.20e7", "1.00e-9"]);
    }
}
