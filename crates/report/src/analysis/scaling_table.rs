//! The columns of `scaling.parquet`.

use super::cells::Question;
use super::law::Law;
use super::scaling::Scaling;
use super::term::Form;
use crate::record::further_columns;
use crate::table::Table;

/// One row of `scaling.parquet`.
struct CoefficientRow<'s> {
    scaling: &'s Scaling,
    model: &'static str,
    pair: Option<(i64, i64)>,
    term: String,
    estimate: f64,
    interval: Option<(f64, f64)>,
    cells: Option<(usize, usize)>,
    p_value: Option<f64>,
}

/// The columns of `scaling.parquet`.
#[must_use]
pub fn scaling_table(scalings: &[Scaling], question: &Question) -> Table {
    let lines: Vec<CoefficientRow<'_>> = scalings.iter().flat_map(lines).collect();
    let all = || lines.iter();
    let table = Table::new()
        .text(
            "milestone",
            "signal, support, recovery, or the samples between signal and recovery",
            all().map(|l| l.scaling.milestone.name()),
        )
        .text("algorithm", "name of the algorithm", all().map(|l| l.scaling.algorithm.as_str()));
    let condition = |scaling: &Scaling, i: usize| scaling.conditions.get(i).copied();
    let conditions = further_columns(&question.conditions, "further condition of the grid", condition);
    table
        .beside(Table::of(&conditions, &all().map(|l| l.scaling)))
        .text(
            "model",
            "power: ln n = c + a ln T + b ln N + d ln Q; polylog: ln ln T for ln T; power_of_pair: \
             one N and Q; power_check: a product of two terms more; held_out: errors at the \
             largest T of laws fitted without it",
            all().map(|l| l.model),
        )
        .int("N", "states", "for power_of_pair", all().map(|l| l.pair.map(|(n, _)| n)))
        .int("Q", "positions", "for power_of_pair", all().map(|l| l.pair.map(|(_, q)| q)))
        .text(
            "term",
            "constant, an exponent (T, N, Q; ln T: of ln T), a product of two (T*N: by how much \
             one exponent changes when the other grows e-fold), spread: of ln n about the law, \
             aicc, or an error in ln n",
            all().map(|l| l.term.as_str()),
        )
        .float("estimate", "", "its estimate", all().map(|l| Some(l.estimate).filter(|x| x.is_finite())))
        .float(
            "ci_low",
            "",
            "lower end of its 95 % interval (censored regression; Student's t, by the scatter \
             between clusters of one N and Q where there are five or more, else between cells); \
             null: not determined",
            all().map(|l| l.interval.map(|i| i.0)),
        )
        .float("ci_high", "", "upper end", all().map(|l| l.interval.map(|i| i.1)))
        .int("n_points", "cells", "cells that entered", all().map(|l| l.cells.map(|c| c.0 as i64)))
        .int("n_censored", "cells", "how many of them are lower bounds", all().map(|l| l.cells.map(|c| c.1 as i64)))
        .float(
            "p_value",
            "",
            "of a power_check: probability of an estimate as far from 0 by chance",
            all().map(|l| l.p_value),
        )
}

fn lines(scaling: &Scaling) -> Vec<CoefficientRow<'_>> {
    let mut lines = Vec::new();
    let mut of_law = |law: &Law, model: &'static str, pair: Option<(i64, i64)>| {
        let mut add = |term: &str, estimate: f64, interval| {
            let (term, cells) = (term.to_owned(), Some((law.cells, law.censored)));
            lines.push(CoefficientRow { scaling, model, pair, term, estimate, interval, cells, p_value: None });
        };
        law.determined().for_each(|c| add(c.term.name(), c.estimate, c.interval));
        law.residual_scale.into_iter().for_each(|residual_scale| add("spread", residual_scale, None));
        law.aicc.into_iter().for_each(|aicc| add("aicc", aicc, None));
    };
    scaling.power.iter().for_each(|law| of_law(law, Form::Power.name(), None));
    scaling.polylog.iter().for_each(|law| of_law(law, Form::Polylog.name(), None));
    scaling.of_pairs.iter().for_each(|(n, q, law)| of_law(law, "power_of_pair", Some((*n, *q))));
    let cells = scaling.power.as_ref().map(|law| (law.cells, law.censored));
    for check in &scaling.lack_of_fit_tests {
        let term = format!("{}*{}", check.factors.0.name(), check.factors.1.name());
        let (estimate, interval, p_value) = (check.estimate, Some(check.interval), Some(check.p_value));
        lines.push(CoefficientRow {
            scaling,
            model: "power_check",
            pair: None,
            term,
            estimate,
            interval,
            cells,
            p_value,
        });
    }
    if let Some(h) = &scaling.held_out {
        let errors = [
            ("power_error", h.power),
            ("power_bias", h.power_bias),
            ("polylog_error", h.polylog),
            ("polylog_bias", h.polylog_bias),
        ];
        lines.extend(errors.map(|(term, estimate)| {
            let (term, cells) = (term.to_owned(), Some((h.cells, 0)));
            CoefficientRow {
                scaling,
                model: "held_out",
                pair: None,
                term,
                estimate,
                interval: None,
                cells,
                p_value: None,
            }
        }));
    }
    lines
}
