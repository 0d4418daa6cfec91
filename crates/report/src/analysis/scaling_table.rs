//! The columns of `scaling.parquet`.

use super::cells::Question;
use super::law::Law;
use super::scaling::Scaling;
use super::sum::SumLaw;
use super::term::Form;
use crate::record::further_columns;
use crate::table::Table;

/// One row of `scaling.parquet`.
struct CoefficientRow<'s> {
    scaling: &'s Scaling,
    model: &'static str,
    /// The fraction of the runs; `None`: that which is asked for.
    quantile: Option<f64>,
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
            "power: ln n = c + a ln T + b ln N + d ln Q; polylog: ln ln T for ln T; sum (recovery \
             only): n = k (n of the signal + n from signal to recovery), each by a law of its own; \
             power_of_median, polylog_of_median, sum_of_median: the same for the samples by which \
             half of the replicates arrive, at the settings chosen for the fraction asked for; \
             power_of_pair: one N and Q; power_check: a product of two terms more; sum_check: how \
             far the cells depart from the better of power and polylog, in units of how far the sum \
             does; held_out: errors at the largest T of laws fitted without it; cross_validated: \
             errors at each T of laws fitted without that T, over all T",
            all().map(|l| l.model),
        )
        .int("N", "states", "for power_of_pair", all().map(|l| l.pair.map(|(n, _)| n)))
        .int("Q", "positions", "for power_of_pair", all().map(|l| l.pair.map(|(_, q)| q)))
        .text(
            "term",
            "constant (of sum: ln k), an exponent (T, N, Q; ln T: of ln T), a product of two (T*N: \
             by how much one exponent changes when the other grows e-fold), local_exponent: d ln n \
             / d ln T at the largest T (of sum: mean over N and Q), signal_share: that of the signal \
             in the sum there, signal: and rest: the exponent of a part, spread: of ln n about the \
             law, aicc, weight: of a sum_check, 0 by the single law and 1 by the sum, or an error \
             (root mean square) or a bias (mean) in ln n",
            all().map(|l| l.term.as_str()),
        )
        .float("estimate", "", "its estimate", all().map(|l| Some(l.estimate).filter(|x| x.is_finite())))
        .float(
            "ci_low",
            "",
            "lower end of its 95 % interval (censored regression; Student's t, by the scatter \
             between clusters of one N and Q where there are five or more, else between cells; of \
             the local exponent of a sum by the delta method); null: not determined",
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
        .float(
            "quantile",
            "",
            "the fraction of the replicates whose needed samples these are: that asked for, or 0.5 for the median",
            all().map(|l| Some(l.quantile.unwrap_or(question.quantile))),
        )
}

/// The rows of one scaling as they are made.
struct Lines<'s> {
    scaling: &'s Scaling,
    rows: Vec<CoefficientRow<'s>>,
}

/// What the rows of one law share.
#[derive(Clone, Copy)]
struct Model {
    name: &'static str,
    quantile: Option<f64>,
    pair: Option<(i64, i64)>,
    cells: Option<(usize, usize)>,
}

impl Model {
    fn new(name: &'static str) -> Self {
        Self { name, quantile: None, pair: None, cells: None }
    }

    fn at(self, quantile: Option<f64>) -> Self {
        Self { quantile, ..self }
    }
}

impl Lines<'_> {
    fn add(&mut self, model: Model, term: impl Into<String>, estimate: f64, interval: Option<(f64, f64)>) {
        let (scaling, term) = (self.scaling, term.into());
        let Model { name, quantile, pair, cells } = model;
        self.rows.push(CoefficientRow {
            scaling,
            model: name,
            quantile,
            pair,
            term,
            estimate,
            interval,
            cells,
            p_value: None,
        });
    }

    fn law(&mut self, model: Model, law: &Law) {
        let model = Model { cells: Some((law.cells, law.censored)), ..model };
        law.determined().for_each(|c| self.add(model, c.term.name(), c.estimate, c.interval));
        if let Some(spread) = law.residual_scale {
            self.add(model, "spread", spread, None);
        }
        if let Some(aicc) = law.aicc {
            self.add(model, "aicc", aicc, None);
        }
        let local = law.local_exponent(self.scaling.largest_t as f64).filter(|_| model.pair.is_none());
        if let Some(c) = local {
            self.add(model, "local_exponent", c.estimate, c.interval);
        }
    }

    fn sum(&mut self, model: Model, sum: &SumLaw) {
        let model = Model { cells: Some((sum.cells, sum.censored)), ..model };
        self.add(model, "constant", sum.level, None);
        for (name, part) in [("signal", &sum.signal), ("rest", &sum.rest)] {
            if let Some(c) = part.coefficient(part.form.term()) {
                self.add(model, format!("{name}: {}", c.term.name()), c.estimate, None);
            }
        }
        if let Some(spread) = sum.residual_scale {
            self.add(model, "spread", spread, None);
        }
        self.add(model, "signal_share", sum.signal_share, None);
        self.add(model, "local_exponent", sum.local_exponent.estimate, sum.local_exponent.interval);
    }
}

fn lines(scaling: &Scaling) -> Vec<CoefficientRow<'_>> {
    let mut lines = Lines { scaling, rows: Vec::new() };
    scaling.power.iter().for_each(|law| lines.law(Model::new(Form::Power.name()), law));
    scaling.polylog.iter().for_each(|law| lines.law(Model::new(Form::Polylog.name()), law));
    scaling.sum.iter().for_each(|sum| lines.sum(Model::new("sum"), sum));
    let (median, half) = (&scaling.median, Some(0.5));
    median.power.iter().for_each(|law| lines.law(Model::new("power_of_median").at(half), law));
    median.polylog.iter().for_each(|law| lines.law(Model::new("polylog_of_median").at(half), law));
    median.sum.iter().for_each(|sum| lines.sum(Model::new("sum_of_median").at(half), sum));
    for (n, q, law) in &scaling.of_pairs {
        lines.law(Model { pair: Some((*n, *q)), ..Model::new("power_of_pair") }, law);
    }
    let cells = scaling.power.as_ref().map(|law| (law.cells, law.censored));
    for check in &scaling.lack_of_fit_tests {
        let term = format!("{}*{}", check.factors.0.name(), check.factors.1.name());
        lines.add(Model { cells, ..Model::new("power_check") }, term, check.estimate, Some(check.interval));
        lines.rows.iter_mut().next_back().into_iter().for_each(|row| row.p_value = Some(check.p_value));
    }
    if let Some(weight) = &scaling.sum_weight {
        lines.add(Model { cells, ..Model::new("sum_check") }, "weight", weight.estimate, Some(weight.interval));
    }
    if let Some(h) = &scaling.held_out {
        let errors = [
            ("power_error", Some(h.power)),
            ("power_bias", Some(h.power_bias)),
            ("polylog_error", Some(h.polylog)),
            ("polylog_bias", Some(h.polylog_bias)),
            ("sum_error", h.sum),
            ("sum_bias", h.sum_bias),
        ];
        let model = Model { cells: Some((h.cells, 0)), ..Model::new("held_out") };
        errors.into_iter().for_each(|(term, error)| error.into_iter().for_each(|e| lines.add(model, term, e, None)));
    }
    if let Some(c) = &scaling.cross_validated {
        let errors = [("power_error", Some(c.power)), ("polylog_error", Some(c.polylog)), ("sum_error", c.sum)];
        let model = Model { cells: Some((c.cells, 0)), ..Model::new("cross_validated") };
        errors.into_iter().for_each(|(term, error)| error.into_iter().for_each(|e| lines.add(model, term, e, None)));
    }
    lines.rows
}
