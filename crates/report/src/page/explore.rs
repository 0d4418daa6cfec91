//! The chart, and what a reader may choose to see in it.

use std::collections::BTreeSet;

use maud::{Markup, html};

use super::chart::Chart;
use crate::analysis::{Group, Milestone};

/// The chart, and what a reader may choose to see in it.
pub(super) fn chosen(chart: &Chart, groups: &[Group<'_>]) -> Markup {
    let several = groups.len() > 1;
    html! {
        section id="explore" {
            h2 { "Needed samples, to look into" }
            form.choices {
                label { "Milestone " select name="milestone" {
                    @for milestone in Milestone::ALL {
                        option value=(milestone.name()) selected[milestone == Milestone::Recovery] { (milestone.name()) }
                    }
                } }
                @if several {
                    label { "Algorithm " select name="group" {
                        @for group in groups { option value=(group.name()) { (group.name()) } }
                    } }
                }
                (boxes("N", "n", &chart.states))
                (boxes("Q", "q", &chart.sparsities))
            }
            @if chart.left_out > 0 {
                p.note {
                    (chart.left_out)
                    " curves are left out here; the table below and needed.parquet have all."
                }
            }
            div id="chart" role="img" aria-label="Needed samples against T; the same numbers are in the table below" {}
            noscript { p { "The chart needs scripts; the figures and the table below do not." } }
        }
    }
}

fn boxes(name: &str, key: &str, values: &BTreeSet<i64>) -> Markup {
    html! {
        fieldset { legend { (name) }
            @for value in values { label { input type="checkbox" name=(key) value=(value) checked; " " (value) } }
        }
    }
}
