//! What a job measured, and its columns.

use std::sync::LazyLock;

use scb_core::Task;
use scb_core::train::{Outcome, Predicted, TrainSpec};

use super::algorithms::asks_for_flips;
use crate::table::{Declared, Summary, field};

/// A run that has come to its end, as measures are taken from it.
#[derive(Debug)]
pub struct FinishedRun<'r> {
    /// The task.
    pub task: &'r Task,
    /// How it was trained.
    pub spec: &'r TrainSpec,
    /// What it came to.
    pub outcome: &'r Outcome,
    /// What theory says of it.
    pub predicted: Predicted,
    /// `|V_src - P_src|_mu / sqrt(K_P)` of the V that it started from, if that was transferred.
    pub source_error: Option<f64>,
}

/// A measure that only some runs have.
pub struct OptionalMeasure {
    /// The name of its column.
    pub name: &'static str,
    /// Its unit; empty if it has none.
    pub unit: &'static str,
    /// What it is, and what null means.
    pub meaning: &'static str,
    /// Takes it from a run.
    of: fn(&FinishedRun<'_>) -> Option<f64>,
}

const fn optional(
    name: &'static str,
    unit: &'static str,
    meaning: &'static str,
    of: fn(&FinishedRun<'_>) -> Option<f64>,
) -> OptionalMeasure {
    OptionalMeasure { name, unit, meaning, of }
}

/// The measures that only some runs have. A new one is a line here.
pub const OPTIONAL: &[OptionalMeasure] = &[
    optional("flips", "times", "how often both factors were turned over (with `flip`); null: not asked to", |run| {
        // An algorithm without flips that is asked for them has made none.
        let none = || asks_for_flips(&run.spec.parameters).then_some(0);
        run.outcome.flips.or_else(none).map(|flips| flips as f64)
    }),
    optional(
        "predicted_mirrored",
        "",
        "probability that such a run of prox grows into the mirrored solution, by the Gaussian \
         argument; null: none applies",
        |run| run.predicted.mirrored,
    ),
    optional(
        "predicted_support_50",
        "samples",
        "samples at which the moment estimator has the right support with probability 0.5, by the \
         chi-square limit",
        |run| run.predicted.support_median,
    ),
    optional("predicted_support_90", "samples", "the same with probability 0.9", |run| run.predicted.support_quantile),
    optional(
        "source_error",
        "sqrt(K_P) of the source",
        "|V_src - P_src|_mu of the V that was transferred; null: none was",
        |run| run.source_error,
    ),
    optional(
        "start_alpha_v",
        "",
        "<Vc,Pc>_mu / K_P at the start of a run with a transferred V; null: none was transferred",
        |run| run.source_error.map(|_| run.outcome.start_alpha_v),
    ),
];

/// What a job measured. Errors are relative: 1 is the uninformative start.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Measures {
    /// Steps taken.
    pub steps: i64,
    /// Samples used, steps times batch size.
    pub samples: i64,
    /// First sample count with both correlations at the signal threshold.
    pub samples_to_signal: Option<i64>,
    /// First sample count from which on the support is right.
    pub samples_to_support: Option<i64>,
    /// First sample count with the rounded model within epsilon.
    pub samples_to_recovery: Option<i64>,
    /// `alpha_V` at the end.
    pub alpha_v: f64,
    /// `alpha_A` at the end.
    pub alpha_a: f64,
    /// `|V - P|_mu / sqrt(K_P)` at the end.
    pub value_error: f64,
    /// `|A - Q|_mu / sqrt(K_Q)` at the end.
    pub attention_error: f64,
    /// The value error of the rounded model at the end.
    pub rounded_value_error: f64,
    /// The attention error of the rounded model at the end.
    pub rounded_attention_error: f64,
    /// Expected loss at the end.
    pub loss: f64,
    /// Task constant `K_P`.
    pub k_p: f64,
    /// Task constant `K_Q`.
    pub k_q: f64,
    /// What only some runs have, in the order of [`OPTIONAL`].
    pub optional: [Option<f64>; OPTIONAL.len()],
}

/// The columns of [`Measures`]. A new measure that only some runs have is a line of [`OPTIONAL`]
/// alone; one that the statistics compute with is a line here, and a field that [`Measures::of`]
/// fills.
pub(crate) static MEASURES: LazyLock<Vec<Declared<Measures>>> = LazyLock::new(|| {
    let reached = |name: &'static str, meaning: &'static str, field| {
        Declared::<Measures>::new::<Option<i64>>(name, "samples", meaning, field).summary(Summary::Median(
            "median over replicates, those that did not reach it censored; null = not known to be \
             reached by half of them",
        ))
    };
    // A diverged run has infinities; a table has nulls.
    let real = |name: &'static str, unit: &'static str, meaning: &'static str, field| {
        Declared::<Measures>::new::<f64>(name, unit, meaning, field).finite_or_null()
    };
    let mut columns: Vec<Declared<Measures>> = vec![
        Declared::new("steps", "steps", "steps taken", field!(steps)),
        Declared::new("samples", "samples", "samples used, steps times batch size", field!(samples)),
        reached(
            "samples_to_signal",
            "first sample count with min(alpha_V, alpha_A) at the signal threshold; null = not \
             reached",
            field!(samples_to_signal),
        ),
        reached(
            "samples_to_support",
            "first sample count from which on the Q largest entries of every a^(k) are the true \
             ones; null = not reached",
            field!(samples_to_support),
        ),
        reached(
            "samples_to_recovery",
            "first sample count with the rounded model within epsilon of the truth; null = not \
             reached",
            field!(samples_to_recovery),
        ),
        real("alpha_v", "", "<Vc,Pc>_mu / K_P at the end", field!(alpha_v))
            .summary(Summary::Mean("mean of alpha_V at the end")),
        real("alpha_a", "", "<Ac,Qc>_mu / K_Q at the end", field!(alpha_a))
            .summary(Summary::Mean("mean of alpha_A at the end")),
        real("value_error", "sqrt(K_P)", "|V - P|_mu at the end", field!(value_error))
            .summary(Summary::Mean("mean of |V - P|_mu at the end")),
        real("attention_error", "sqrt(K_Q)", "|A - Q|_mu at the end", field!(attention_error))
            .summary(Summary::Mean("mean of |A - Q|_mu at the end")),
        real(
            "rounded_value_error",
            "sqrt(K_P)",
            "|V - P|_mu of the rounded model at the end",
            field!(rounded_value_error),
        ),
        real(
            "rounded_attention_error",
            "sqrt(K_Q)",
            "|A - Q|_mu of the rounded model at the end",
            field!(rounded_attention_error),
        ),
        real("loss", "", "expected squared loss at the end, without the l1 term", field!(loss))
            .summary(Summary::Mean("mean of the expected loss at the end")),
        real("k_p", "", "|P - mu 1'|_mu^2, how far the chain is from i.i.d.", field!(k_p))
            .summary(Summary::Mean("mean of K_P over the tasks")),
        real("k_q", "", "|Q - 1/T|_mu^2, how far the true attention is from uniform", field!(k_q)),
    ];
    columns.extend(OPTIONAL.iter().enumerate().map(|(i, measure)| {
        let OptionalMeasure { name, unit, meaning, .. } = *measure;
        let get = move |measures: &Measures| measures.optional[i];
        let put = move |measures: &mut Measures, number| measures.optional[i] = number;
        Declared::real(name, unit, meaning, get, put).may_lack()
    }));
    columns
});

impl Measures {
    /// Of a run that has come to its end.
    #[must_use]
    pub fn of(run: &FinishedRun<'_>) -> Self {
        let FinishedRun { task, outcome, .. } = run;
        let count = |samples: Option<u64>| samples.map(|s| s as i64);
        Self {
            steps: outcome.steps as i64,
            samples: outcome.samples as i64,
            samples_to_signal: count(outcome.milestones.signal),
            samples_to_support: count(outcome.milestones.support),
            samples_to_recovery: count(outcome.milestones.recovery),
            alpha_v: outcome.alpha_v,
            alpha_a: outcome.alpha_a,
            value_error: outcome.errors.value,
            attention_error: outcome.errors.attention,
            rounded_value_error: outcome.errors.rounded_value,
            rounded_attention_error: outcome.errors.rounded_attention,
            loss: outcome.errors.loss,
            k_p: task.k_p(),
            k_q: task.k_q(),
            optional: std::array::from_fn(|i| (OPTIONAL[i].of)(run)),
        }
    }

    /// A measure of [`OPTIONAL`] by name.
    #[must_use]
    pub fn optional(&self, name: &str) -> Option<f64> {
        self.optional[OPTIONAL.iter().position(|measure| measure.name == name)?]
    }

    /// Name and value of every real number that all runs have.
    #[must_use]
    pub fn named_numbers(&self) -> Vec<(&'static str, f64)> {
        let numbers = MEASURES.iter().filter_map(|column| Some((&*column.name, column.number(self)?)));
        numbers.collect()
    }

    /// Whether both say the same; numbers that are not finite are one.
    pub(super) fn agree(&self, other: &Self) -> bool {
        MEASURES.iter().all(|column| column.agrees(self, other))
    }
}
