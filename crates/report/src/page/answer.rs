//! The answer, what limits it, and the exponents of each milestone.

use maud::{Markup, html};

use super::markup::{interval, minus, none, raised};
use super::provenance::Provenance;
use crate::analysis::{Analysis, Group, Law, PreferredLaw, Scaling, Term, off};
use crate::record::draws_samples;

pub(super) fn answer(analysis: &Analysis, groups: &[Group<'_>], provenance: &Provenance) -> Markup {
    let (done, limits) = (analysis.runs(), analysis.limits());
    // Dynamics without noise are a reference; where there is nothing else they are the answer.
    let mut shown: Vec<&Group<'_>> = groups.iter().filter(|group| draws_samples(group.algorithm)).collect();
    if shown.is_empty() {
        shown.extend(groups);
    }
    html! {
        section id="answer" {
            h2 { "The answer" }
            @if done < provenance.jobs {
                p.warning role="alert" {
                    strong { "Partial: " }
                    (provenance.jobs - done) " of " (provenance.jobs)
                    " jobs have not run, and everything below will change."
                }
            }
            @for group in &shown { p.answer { (raised(&group.answer(analysis.question.quantile))) } }
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
                    th scope="col" { "unseen T" }
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
                            td { (unseen(scaling)) }
                        }
                    }
                }
            }
        }
        p.note {
            "n = constant · T" sup { "a" } " · N" sup { "b" } " · Q" sup { "d" } ", by censored \
             regression of ln n, with 95 % intervals (unknown: wider than 2); spread is the \
             typical distance of a cell from its law. The competing law has ln ln T for ln T, \
             so that n grows as a power of ln T; a law is better if AICc says so by more than 2 \
             (above 0 speaks for T) and if it is closer at the largest T when fitted without it \
             (unseen T: how far T and ln T are off there)."
        }
    }
}

/// How far the two laws are off at the largest T when fitted without it.
fn unseen(scaling: &Scaling) -> String {
    scaling.held_out.as_ref().map_or_else(none, |h| format!("{}, {}", off(h.power), off(h.polylog)))
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
