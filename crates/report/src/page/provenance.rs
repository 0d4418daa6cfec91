//! How the sweep was run.

use maud::{Markup, html};

use crate::analysis::{Analysis, count};
use crate::record::Status;

/// How the sweep was run.
#[derive(Debug, Clone, Default)]
pub struct Provenance {
    /// Its name.
    pub name: String,
    /// Its headline; `None`: the question of this tool.
    pub title: Option<String>,
    /// What is missing of it, such as `12 of 96 jobs have not run`; `None` once it is finished.
    pub missing: Option<String>,
    /// Name and value of what a reader needs to run it again: versions, seed, machine, time.
    pub facts: Vec<(&'static str, String)>,
    /// The resolved config.
    pub config: String,
    /// The command that runs it again.
    pub command: String,
}

pub(super) fn run(analysis: &Analysis, provenance: &Provenance) -> Markup {
    let runs = analysis.runs();
    let endings = Status::ALL.iter().zip(analysis.endings).filter(|(_, ended)| *ended > 0);
    html! {
        section id="run" {
            h2 { "How it was run" }
            dl {
                dt { "to run it again" } dd { code { (provenance.command) } }
                @for (name, value) in &provenance.facts { dt { (name) } dd { (value) } }
                @if runs > 0 {
                    dt { "runs" }
                    dd {
                        (count(runs, "run")) ": "
                        @for (i, (status, ended)) in endings.enumerate() {
                            @if i > 0 { ", " }
                            (ended) " " (status.name()) " (" (format!("{:.1} %", 100.0 * ended as f64 / runs as f64)) ")"
                        }
                    }
                }
            }
            details { summary { "The config, every default written out" } pre { (provenance.config) } }
        }
    }
}
