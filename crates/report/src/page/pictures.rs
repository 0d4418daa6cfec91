//! Figures.

use maud::{Markup, PreEscaped, html};

use crate::figure::Figure;

/// More figures than this are linked: each is a tenth of a megabyte.
const MAX_FIGURES: usize = 48;

/// The figures for which there is room.
pub(super) fn shown_on_page(figures: &[Figure]) -> &[Figure] {
    &figures[..figures.len().min(MAX_FIGURES)]
}

pub(super) fn pictures(figures: &[Figure]) -> Markup {
    html! {
        section id="figures" {
            h2 { "Figures" }
            @if figures.is_empty() { p { "There is nothing to draw yet." } }
            (drawn(shown_on_page(figures)))
            @if figures.len() > MAX_FIGURES {
                p { "More, as files: " @for figure in &figures[MAX_FIGURES..] {
                    a href=(format!("figures/{}.svg", figure.name)) { (figure.title) } " "
                } }
            }
        }
    }
}

pub(super) fn drawn(figures: &[Figure]) -> Markup {
    html! {
        div.figures {
            @for figure in figures {
                figure id=(figure.name) {
                    div.picture role="img" aria-label=(figure.title) { (PreEscaped(&figure.svg)) }
                    figcaption {
                        strong { (figure.title) ". " }
                        (figure.caption) " "
                        a href=(format!("figures/{}.svg", figure.name)) download=(format!("{}.svg", figure.name)) { "SVG" }
                    }
                }
            }
        }
    }
}
