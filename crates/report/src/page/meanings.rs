//! What the words mean.

use maud::{Markup, html};

use crate::analysis::percent;

/// `searched`: whether hyperparameters were searched; else they are of a grid.
pub(super) fn meanings(quantile: f64, searched: bool) -> Markup {
    let share = percent(quantile);
    let chosen = if searched {
        "that the races of a search chose on other runs"
    } else {
        "that the other half of the replicates chose"
    };
    html! {
        section id="meanings" {
            h2 { "What the words mean" }
            dl {
                dt { "needed samples" }
                dd { "The smallest number of samples by which " (share) " of the replicates have \
                      reached a milestone, each read at hyperparameters " (chosen) ". Runs that never reach it count too: they need more than \
                      the budget they had." }
                dt { "interval" }
                dd { "Of a cell: order statistics, which suppose nothing about the distribution; \
                      open where the replicates bound nothing. Of an exponent that all N and Q \
                      share: from the scatter between the (N, Q), where there are five or more; \
                      else Student's, from the scatter of the cells about the law." }
                dt { "signal" }
                dd { "Both correlations with the truth have reached the threshold (0.25 by \
                      default)." }
                dt { "support" }
                dd { "The Q largest entries of the attention of every query token are the true \
                      ones, from then on." }
                dt { "recovery" }
                dd { "The model, its attention rounded, is within epsilon of the truth in both \
                      factors." }
                dt { "sum" }
                dd { "Recovery as the signal and the rest, what follows it: each part by a law \
                      of its own, fitted to its own needed samples, and their sum times a level that \
                      is fitted to recovery." }
                dt { "AICc" }
                dd { "Akaike's criterion, corrected for few cells: the fit of a law less the price \
                      of its parameters. Differences below 2 say nothing." }
                dt { "B, η, λ" }
                dd { "Samples per step, step size (while boosting, and in the sparse stage) and l1 \
                      regularisation." }
                dt { "exhausted, diverged" }
                dd { "The budget was spent before recovery; the step was so large that the run \
                      blew up." }
                dt { "mirrored" }
                dd { "The run grew into the near-solution with both correlations negative: the \
                      sign is decided by its first B/η samples." }
            }
        }
    }
}
