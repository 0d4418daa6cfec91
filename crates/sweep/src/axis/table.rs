//! Everything a grid may vary: one row a parameter.
//!
//! A new axis is a new row here, its index below, and a line in `job/spec.rs` that puts its value
//! where it acts. It can then stand in `[grid]`, in its section of the config, in expressions and
//! on the command line, and gets a column of its own when a grid names it. A parameter that one
//! algorithm alone has is declared in the algorithm's file, and needs no line here.

use scb_core::learn::{PARAMETER_COUNT, PARAMETERS, Parameter, name};
use scb_core::train::StepScale;

use crate::axis::definition::{Axis, DefaultValue, Domain, LARGE, Role};

const POSITIVE: Domain = Domain::Real { min: 0.0, open: true, max: LARGE, off: None };
const NOT_NEGATIVE: Domain = Domain::Real { min: 0.0, open: false, max: LARGE, off: None };
const BATCH: Domain = Domain::Whole { min: 1.0, max: 1e9 };
const UNIT: Domain = Domain::Real { min: 0.0, open: false, max: 1.0, off: None };

const fn axis(
    name: &'static str,
    domain: Domain,
    role: Role,
    default: Option<&'static str>,
    meaning: &'static str,
) -> Axis {
    let default = match default {
        Some(text) => Some(DefaultValue::Text(text)),
        None => None,
    };
    Axis { name, alias: None, section: None, domain, role, default, fixed_column: true, meaning }
}

const fn further(
    name: &'static str,
    section: &'static str,
    domain: Domain,
    role: Role,
    default: &'static str,
    meaning: &'static str,
) -> Axis {
    Axis {
        name,
        alias: None,
        section: Some(section),
        domain,
        role,
        default: Some(DefaultValue::Text(default)),
        fixed_column: false,
        meaning,
    }
}

/// A setting of one stage, which by default is that of the axis `of`.
const fn of_stage(name: &'static str, domain: Domain, of: &'static str, meaning: &'static str) -> Axis {
    Axis { default: Some(DefaultValue::Of(of)), ..further(name, "training", domain, Role::Tuned, "", meaning) }
}

const fn with_alias(alias: &'static str, axis: Axis) -> Axis {
    Axis { alias: Some(alias), ..axis }
}

/// The axes that do not belong to one algorithm.
const GENERAL: [Axis; 23] = [
    axis("N", Domain::Whole { min: 2.0, max: 256.0 }, Role::Cell, None, "number of states"),
    axis("Q", Domain::Whole { min: 1.0, max: 1e9 }, Role::Cell, None, "positions a query token attends to"),
    axis("T", Domain::Whole { min: 2.0, max: 1e9 }, Role::Cell, None, "sequence length"),
    axis("batch_size", BATCH, Role::Tuned, Some("T/4 + 32"), "fresh samples per step"),
    axis("eta_boost", POSITIVE, Role::Tuned, Some("0.1"), "step size of the boosting stage"),
    axis("eta_sparse", POSITIVE, Role::Tuned, Some("eta_boost/2"), "step size of the later stages"),
    axis(
        "lambda",
        NOT_NEGATIVE,
        Role::Tuned,
        Some("0.003"),
        "l1 regularisation of the sparse stage; prox alone has one",
    ),
    axis("algorithm", Domain::Algorithm, Role::Cell, Some(name::prox), "name of the algorithm"),
    Axis {
        name: "max_samples",
        alias: None,
        section: Some("training"),
        domain: Domain::Whole { min: 1.0, max: LARGE },
        role: Role::Tuned,
        default: Some(DefaultValue::Text("100*T + 4000")),
        fixed_column: true,
        meaning: "budget of a run in samples",
    },
    further("persistence", "task", UNIT, Role::Condition, "0.5", "weight of the permutation in P"),
    further("concentration", "task", POSITIVE, Role::Condition, "1", "Dirichlet concentration of the columns of P"),
    with_alias(
        "alpha_v",
        further(
            "init_alpha_v",
            "init",
            Domain::Real { min: -2.0, open: false, max: 2.0, off: None },
            Role::Condition,
            "0",
            "correlation of V with P at the start",
        ),
    ),
    with_alias(
        "alpha_a",
        further(
            "init_alpha_a",
            "init",
            Domain::Real { min: -2.0, open: false, max: 2.0, off: None },
            Role::Condition,
            "0",
            "correlation of A with Q at the start",
        ),
    ),
    further("epsilon", "training", POSITIVE, Role::Condition, "0.25", "relative error of the recovery milestone"),
    further(
        "keep",
        "training",
        Domain::Real { min: 0.0, open: true, max: 1.0, off: None },
        Role::Tuned,
        "0.5",
        "rounding keeps entries of at least this share of the largest",
    ),
    with_alias(
        "steps",
        further(
            "step_scale",
            "training",
            Domain::Name(&StepScale::NAMES),
            Role::Condition,
            "normalised",
            "units of the step sizes",
        ),
    ),
    further(
        "attention_step",
        "training",
        POSITIVE,
        Role::Tuned,
        "1",
        "step size of the attention, in units of that of V",
    ),
    of_stage("batch_size_sparse", BATCH, "batch_size", "fresh samples per step of the sparse and rounding stages"),
    of_stage(
        "attention_step_sparse",
        POSITIVE,
        "attention_step",
        "step size of the attention in the sparse stage, in units of that of V",
    ),
    of_stage("eta_round", POSITIVE, "eta_sparse", "step size of the rounding stage"),
    further("lambda_boost", "training", NOT_NEGATIVE, Role::Tuned, "0", "l1 regularisation of the boosting stage"),
    further(
        "transfer",
        "init",
        Domain::Real { min: 0.0, open: false, max: 10.0, off: None },
        Role::Condition,
        "0",
        "weight of a pretrained V at the start",
    ),
    further(
        "theta",
        "init",
        Domain::Real { min: -1.0, open: false, max: 1.0, off: None },
        Role::Condition,
        "1",
        "correlation of the chain of the pretraining with P",
    ),
];

/// The axis of a parameter that one algorithm has.
const fn of_algorithm(parameter: Parameter) -> Axis {
    let Parameter { name, default, range, tuned, meaning } = parameter;
    Axis {
        name,
        alias: None,
        section: Some("training"),
        domain: Domain::Real { min: range.min, open: range.open, max: range.max, off: range.off },
        role: if tuned { Role::Tuned } else { Role::Condition },
        default: Some(DefaultValue::Number(default)),
        fixed_column: false,
        meaning,
    }
}

/// How many axes there are.
const COUNT: usize = GENERAL.len() + PARAMETER_COUNT;

/// The order of axes in canonical forms and of columns in tables, which must not change. Axes that
/// came later follow by name, so that another one changes the order of no two of them.
const ORDER: [&str; 21] = [
    "N",
    "Q",
    "T",
    "batch_size",
    "eta_boost",
    "eta_sparse",
    "lambda",
    "algorithm",
    "max_samples",
    "persistence",
    "concentration",
    "init_alpha_v",
    "init_alpha_a",
    "epsilon",
    "cut",
    "keep",
    "step_scale",
    "attention_step",
    "flip",
    "transfer",
    "theta",
];

/// Every axis, in the order in which defaults are resolved. The indices below name them.
pub static AXES: [Axis; COUNT] = in_order();

const fn in_order() -> [Axis; COUNT] {
    let mut axes = [GENERAL[0]; COUNT];
    let mut i = 0;
    while i < COUNT {
        axes[i] = if i < GENERAL.len() { GENERAL[i] } else { of_algorithm(PARAMETERS[i - GENERAL.len()]) };
        i += 1;
    }
    // Each name of the order moves to its place, and all between move on by one.
    let mut place = 0;
    while place < ORDER.len() {
        let mut at = place;
        while !same(axes[at].name, ORDER[place]) {
            at += 1;
        }
        while at > place {
            (axes[at], axes[at - 1]) = (axes[at - 1], axes[at]);
            at -= 1;
        }
        place += 1;
    }
    while place < COUNT {
        let (mut least, mut at) = (place, place + 1);
        while at < COUNT {
            if before(axes[at].name, axes[least].name) {
                least = at;
            }
            at += 1;
        }
        (axes[place], axes[least]) = (axes[least], axes[place]);
        place += 1;
    }
    axes
}

/// The index of the axis of this name.
const fn place_of(name: &str) -> usize {
    let (axes, mut i) = (in_order(), 0);
    while !same(axes[i].name, name) {
        i += 1;
    }
    i
}

/// Whether the name `a` comes before `b`, byte by byte.
const fn before(a: &str, b: &str) -> bool {
    let (a, b) = (a.as_bytes(), b.as_bytes());
    let mut i = 0;
    while i < a.len() && i < b.len() && a[i] == b[i] {
        i += 1;
    }
    i < b.len() && (i == a.len() || a[i] < b[i])
}

const fn same(a: &str, b: &str) -> bool {
    let (a, b) = (a.as_bytes(), b.as_bytes());
    let mut i = 0;
    while i < a.len() && i < b.len() && a[i] == b[i] {
        i += 1;
    }
    i == a.len() && i == b.len()
}

/// Axes from here on came later than the first results: they stand in a job's canonical form only
/// where they differ from their default, so that jobs from before keep their ids.
pub const FIRST_LATER: usize = 16;
/// The axes that say how P is drawn, which a given matrix replaces.
pub const DRAWS_P: [usize; 2] = [PERSISTENCE, CONCENTRATION];
/// Index of N in [`AXES`].
pub const N: usize = place_of("N");
/// Index of Q.
pub const Q: usize = place_of("Q");
/// Index of T.
pub const T: usize = place_of("T");
/// Index of `batch_size`.
pub const BATCH_SIZE: usize = place_of("batch_size");
/// Index of `eta_boost`.
pub const ETA_BOOST: usize = place_of("eta_boost");
/// Index of `eta_sparse`.
pub const ETA_SPARSE: usize = place_of("eta_sparse");
/// Index of `lambda`.
pub const LAMBDA: usize = place_of("lambda");
/// Index of `algorithm`.
pub const ALGORITHM: usize = place_of("algorithm");
/// Index of `max_samples`.
pub const MAX_SAMPLES: usize = place_of("max_samples");
/// Index of `persistence`.
pub const PERSISTENCE: usize = place_of("persistence");
/// Index of `concentration`.
pub const CONCENTRATION: usize = place_of("concentration");
/// Index of `init_alpha_v`.
pub const INIT_ALPHA_V: usize = place_of("init_alpha_v");
/// Index of `init_alpha_a`.
pub const INIT_ALPHA_A: usize = place_of("init_alpha_a");
/// Index of `epsilon`.
pub const EPSILON: usize = place_of("epsilon");
/// Index of `keep`.
pub const KEEP: usize = place_of("keep");
/// Index of `step_scale`.
pub const STEP_SCALE: usize = place_of("step_scale");
/// Index of `batch_size_sparse`.
pub const BATCH_SIZE_SPARSE: usize = place_of("batch_size_sparse");
/// Index of `attention_step_sparse`.
pub const ATTENTION_STEP_SPARSE: usize = place_of("attention_step_sparse");
/// Index of `eta_round`.
pub const ETA_ROUND: usize = place_of("eta_round");
/// Index of `lambda_boost`.
pub const LAMBDA_BOOST: usize = place_of("lambda_boost");
/// Index of `attention_step`.
pub const ATTENTION_STEP: usize = place_of("attention_step");
/// Index of `transfer`.
pub const TRANSFER: usize = place_of("transfer");
/// Index of `theta`.
pub const THETA: usize = place_of("theta");

/// The index of an axis by name, in whatever spelling.
#[must_use]
pub fn index(name: &str) -> Option<usize> {
    AXES.iter().position(|axis| axis.name == name || axis.alias == Some(name))
}

/// The key of an axis for any spelling of it; another name stays as it is.
#[must_use]
pub fn key(name: &str) -> &str {
    index(name).map_or(name, |i| AXES[i].name)
}

/// As [`key`], where keys of a section of the config stand: `[grid]` has all axes, other sections
/// have their own.
#[must_use]
pub(crate) fn key_in<'k>(section: &str, name: &'k str) -> &'k str {
    let here = |&i: &usize| section == "grid" || AXES[i].section == Some(section);
    index(name).filter(here).map_or(name, |i| AXES[i].name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_indices_name_their_rows() {
        let named = [
            (N, "N"),
            (Q, "Q"),
            (T, "T"),
            (BATCH_SIZE, "batch_size"),
            (ETA_BOOST, "eta_boost"),
            (ETA_SPARSE, "eta_sparse"),
            (LAMBDA, "lambda"),
            (ALGORITHM, "algorithm"),
            (MAX_SAMPLES, "max_samples"),
            (PERSISTENCE, "persistence"),
            (CONCENTRATION, "concentration"),
            (INIT_ALPHA_V, "init_alpha_v"),
            (INIT_ALPHA_A, "init_alpha_a"),
            (EPSILON, "epsilon"),
            (KEEP, "keep"),
            (STEP_SCALE, "step_scale"),
            (ATTENTION_STEP, "attention_step"),
            (BATCH_SIZE_SPARSE, "batch_size_sparse"),
            (ATTENTION_STEP_SPARSE, "attention_step_sparse"),
            (ETA_ROUND, "eta_round"),
            (LAMBDA_BOOST, "lambda_boost"),
            (TRANSFER, "transfer"),
            (THETA, "theta"),
        ];
        assert_eq!(named.len(), GENERAL.len());
        assert!(named.iter().all(|&(i, name)| AXES[i].name == name));
    }

    #[test]
    fn axes_keep_their_order_and_parameters_of_algorithms_have_one_each() {
        assert!(AXES.iter().zip(ORDER).all(|(axis, name)| axis.name == name));
        for parameter in PARAMETERS {
            let axis = &AXES[index(parameter.name).unwrap()];
            assert_eq!(axis.default_text(), Some(parameter.default.to_string()));
            assert!(axis.complaint(parameter.default).is_none(), "{}", parameter.name);
        }
        let mut names: Vec<&str> = AXES.iter().map(|axis| axis.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), AXES.len(), "no two have one name");
    }

    #[test]
    fn names_come_one_before_the_other() {
        for (a, b) in [("a", "b"), ("a", "ab"), ("ab", "b"), ("", "a")] {
            assert!(before(a, b) && !before(b, a) && !before(a, a));
        }
    }
}
