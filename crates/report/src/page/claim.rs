//! A claim, sentence by sentence.

use maud::{Markup, html};

use super::pictures::drawn;
use crate::claim::ExaminedClaim;

/// A claim, sentence by sentence, with its figures.
pub(super) fn claim_section(examined: &ExaminedClaim, partial: bool) -> Markup {
    html! {
        section id="claim" {
            h2 { "The claim: " (examined.title) }
            p { (examined.text) }
            @if partial { p.warning { strong { "Partial: " } "jobs are missing, and findings may change." } }
            ul.verdicts {
                @for verdict in &examined.verdicts { li {
                    p.sentence {
                        span class=(format!("finding {}", verdict.finding.name())) {
                            (verdict.finding.name())
                            @if let Some(reason) = &verdict.reason {
                                ": " (reason.split(": ").next().unwrap_or(reason))
                            }
                        }
                        " " (verdict.statement)
                    }
                    p { (minus_signs(&verdict.evidence)) }
                } }
            }
            @for note in &examined.notes { p.note { (note) } }
            (drawn(&examined.figures))
        }
    }
}

/// Minus signs before numbers, where there were hyphens.
pub(super) fn minus_signs(text: &str) -> String {
    let mut out = String::new();
    let mut before = ' ';
    for (i, c) in text.char_indices() {
        let number = text[i..].chars().nth(1).is_some_and(|next| next.is_ascii_digit());
        out.push(if c == '-' && number && " [(".contains(before) { '−' } else { c });
        before = c;
    }
    out
}
