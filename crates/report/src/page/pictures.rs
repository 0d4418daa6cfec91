//! Figures.

use maud::{Markup, PreEscaped, html};

use crate::figure::Figure;

/// More figures than this are linked: each is a tenth of a megabyte.
const MOST_FIGURES: usize = 48;

/// The figures for which there is room.
pub(super) fn with_room(figures: &[Figure]) -> &[Figure] {
    &figures[..figures.len().min(MOST_FIGURES)]
}

pub(super) fn pictures(figures: &[Figure]) -> Markup {
    html! {
        section id="figures" {
            h2 { "Figures" }
            @if figures.is_empty() { p { "There is nothing to draw yet." } }
            (drawn(with_room(figures)))
            @if figures.len() > MOST_FIGURES {
                p { "More, as files: " @for figure in &figures[MOST_FIGURES..] {
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
                        a href=(format!("figures/{}.svg", figure.name)) { "SVG" }
                    }
                }
            }
        }
    }
}
