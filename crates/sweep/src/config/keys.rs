//! Every key of a config: where it stands, what it may be, what it means; and what to say of one that
//! stands nowhere.

use report::claim::Claim;

use crate::axis::{self, AXES, Axis};
use crate::config::diagnostic::{abbreviated, nearest};
use crate::config::settings::SearchMilestone;
use crate::config::source::Span;

/// What a key that is no axis may be, and what it is where it is not given.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Kind {
    /// A whole number.
    Whole { default: i64, min: i64, max: i64 },
    /// A number, both ends included.
    Real { default: f64, min: f64, max: f64 },
    /// `true` or `false`.
    Truth { default: bool },
    /// One of several words, the first by default.
    Choice(fn() -> Vec<&'static str>),
    /// A number from 0 to `largest`, or `false`.
    OrNever { whole: bool, largest: f64 },
    /// Something else: its form, and what it is by default, in words; what it is in a JSON Schema.
    Other { form: &'static str, default: &'static str, schema: &'static str },
    /// A table of keys.
    Section,
}

/// A key of the config that is no axis.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Key {
    /// The section that it stands in; the top of the file if it is "".
    pub(crate) section: &'static str,
    pub(crate) name: &'static str,
    pub(crate) kind: Kind,
    pub(crate) meaning: &'static str,
}

const fn key(section: &'static str, name: &'static str, kind: Kind, meaning: &'static str) -> Key {
    Key { section, name, kind, meaning }
}

const fn whole(default: i64, min: i64, max: i64) -> Kind {
    Kind::Whole { default, min, max }
}

const fn real(default: f64, min: f64, max: f64) -> Kind {
    Kind::Real { default, min, max }
}

const fn other(form: &'static str, default: &'static str, schema: &'static str) -> Kind {
    Kind::Other { form, default, schema }
}

/// Declares keys, each as a constant of its own and all of them in their order.
macro_rules! keys {
    ($($constant:ident = [$section:literal, $name:literal, $kind:expr, $meaning:literal $(,)?];)*) => {
        $(pub(crate) const $constant: Key = key($section, $name, $kind, $meaning);)*
        /// Every key that is no axis, in the order in which messages name them.
        pub(crate) const KEYS: &[Key] = &[$($constant),*];
    };
}

keys! {
    NAME = ["", "name", other("a text of letters, digits, - _ and dots", "the name of the file", r#"{"type": "string"}"#),
        "name of the sweep, and of its run directory in output/"];
    TITLE = ["", "title", other("a text", "none", r#"{"type": "string"}"#),
        "the question in a line, as the headline of the report"];
    SEED = ["", "seed", whole(0, 0, i64::MAX), "what all random streams derive from"];
    REPLICATES = ["", "replicates", whole(16, 1, 1_000_000),
        "runs of each setting; of a search, fresh runs that judge the best setting of each cell"];
    MAX_JOBS = ["", "max_jobs", whole(1_000_000, 1, LARGEST_MAX_JOBS),
        "a larger grid is refused by counting, not by building"];
    GRID = ["", "grid", Kind::Section,
        "the values that are crossed, one key a line; [[grid]] repeated is a union, and points that repeat are dropped"];
    SEARCH_SECTION = ["", "search", Kind::Section, "the best hyperparameters of every cell of the grid are searched"];
    TASK = ["", "task", Kind::Section, "how P and q are drawn"];
    INIT = ["", "init", Kind::Section, "the model before the first step"];
    PRETRAINING = ["", "pretraining", Kind::Section,
        "runs of prox that V comes from where `transfer` is above 0; they are stored, and jobs share them"];
    TRAINING = ["", "training", Kind::Section, "how a run is trained, and when it ends"];
    TRACE = ["", "trace", Kind::Section, "whether runs are traced"];
    ANSWER = ["", "answer", Kind::Section, "what the report answers"];
    ZIP = ["grid", "zip", other("a list of keys of the grid, or of such lists", "none",
        r#"{"type": "array", "items": {"type": ["string", "array"]}}"#), "keys that advance together instead of being crossed"];
    WHERE = ["grid", "where", other("a condition such as \"Q <= N && T >= 4*Q\", or a list of them", "none",
        r#"{"type": ["string", "array"], "items": {"type": "string"}}"#), "points that do not fulfil it are dropped"];
    GRID_SEARCH = ["grid", "search", other("false, or a section as [search]", "as [search] says",
        r#"{"type": ["boolean", "object"]}"#), "the search of this grid, where it differs from that of the others"];
    MILESTONE = ["search", "milestone", Kind::Choice(milestones), "the milestone whose samples are to be few"];
    RUNGS = ["search", "rungs", other("a list of whole numbers, each larger than the one before", "[2, 4, 8, 15, 30]",
        r#"{"type": "array", "items": {"type": "integer", "minimum": 1}}"#),
        "numbers of replicates after which settings that cannot win leave a race"];
    CONFIDENCE = ["search", "confidence", real(0.95, 0.01, 0.999),
        "how confident a race must be that no more runs fail than the quantile allows"];
    MARGIN = ["search", "margin", real(0.05, 0.0, 1.0), "a setting is better if it needs by so large a share fewer samples"];
    HORIZON = ["search", "horizon", real(1.0, 1.0, 100.0),
        "the runs of a race are looked at for so many times what the best setting needs"];
    MAX_SETTINGS = ["search", "max_settings", whole(300, 1, 1_000_000), "after so many tried settings a cell is given up"];
    INHERIT = ["search", "inherit", Kind::Truth { default: true },
        "whether a cell starts from the best of the next smaller T as well"];
    WEIGHTS = ["task", "weights", other("\"equal\" or { dirichlet = 1.0 }", "\"equal\"",
        r#"{"type": ["string", "object"]}"#), "how the weights of q are drawn: 1/Q each, or a Dirichlet draw of this concentration"];
    MATRIX = ["task", "matrix", other("a list of N rows of N numbers, or the name of a file of them, .csv or .npy", "drawn at random",
        r#"{"type": ["string", "array"]}"#),
        "P itself: [n][m] is the probability of state n after state m, so that columns sum to 1; sums that are off by rounded decimals (1e-4) are divided out. A path is relative to the config, \
         on the command line to the current folder"];
    PRETRAINING_T = ["pretraining", "T", whole(64, 2, 1_000_000), "sequence length of the source"];
    PRETRAINING_BATCH_SIZE = ["pretraining", "batch_size", whole(512, 1, 1_000_000), "samples per step"];
    PRETRAINING_ETA = ["pretraining", "eta", real(0.05, 1e-9, 1e3), "step size while boosting; half of it afterwards"];
    PRETRAINING_LAMBDA = ["pretraining", "lambda", real(0.003, 0.0, 1e3), "l1 regularisation of its sparse stage"];
    PRETRAINING_MAX_SAMPLES = ["pretraining", "max_samples", whole(200_000, 1, 1_000_000_000_000), "its budget in samples"];
    STOP_AT = ["training", "stop_at", Kind::Choice(ends_of_a_run),
        "when a run may end before its budget is spent: at recovery, or never"];
    SIGNAL = ["training", "signal", real(0.25, 1e-6, 1.0), "the milestone `signal` is both correlations at this value"];
    RESOLUTION = ["training", "resolution", real(0.02, 0.0, 0.5), "milestones are known to within this share"];
    BOOST = ["training", "boost", Kind::Section,
        "what ends the boosting stage: the first of the conditions that are given, and of no others"];
    SPARSE = ["training", "sparse", Kind::Section,
        "what ends the sparse stage: the first of the conditions that are given, and of no others"];
    END_STEPS = ["training.boost", "end_steps", Kind::OrNever { whole: true, largest: 1e15 }, "after so many steps of the stage"];
    END_SHARE = ["training.boost", "end_share", Kind::OrNever { whole: false, largest: 1.0 },
        "when this share of the budget is spent; a learner cannot know its budget"];
    END_ALPHA = ["training.boost", "end_alpha", Kind::OrNever { whole: false, largest: 2.0 },
        "when alpha_A is at this value; a learner cannot know it"];
    END_KEPT_MASS = ["training.boost", "end_kept_mass", Kind::OrNever { whole: false, largest: 2.0 },
        "when the entries that rounding would keep hold this attention"];
    END_CLEAR_MASS = ["training.boost", "end_clear_mass", Kind::OrNever { whole: false, largest: 2.0 },
        "when the attention rises so far above 1/T on the entries that stand out"];
    ENABLED = ["trace", "enabled", Kind::Truth { default: false }, "whether every check of every run is kept, in traces.parquet"];
    QUANTILE = ["answer", "quantile", real(0.9, 1e-6, 1.0), "needed samples are those by which this share of the runs gets there"];
    CLAIM = ["answer", "claim", Kind::Choice(claims), "the claim whose sentences the report examines"];
}

/// The largest `max_jobs` that a config may set. A plan of so many jobs takes 25 GB.
pub(crate) const LARGEST_MAX_JOBS: i64 = 100_000_000;

fn milestones() -> Vec<&'static str> {
    SearchMilestone::ALL.map(SearchMilestone::name).to_vec()
}

fn ends_of_a_run() -> Vec<&'static str> {
    vec!["recovery", "budget"]
}

fn claims() -> Vec<&'static str> {
    [&["none"], &Claim::ALL.map(Claim::name)[..]].concat()
}

/// The sections with keys, the top of the file first.
pub(crate) const SECTIONS: [&str; 11] = [
    "",
    "grid",
    "search",
    "task",
    "init",
    "pretraining",
    "training",
    "training.boost",
    "training.sparse",
    "trace",
    "answer",
];

/// The keys of a section that are no axes. Both stages have the same.
pub(crate) fn own(section: &str) -> impl Iterator<Item = &'static Key> {
    let declared = if section == "training.sparse" { "training.boost" } else { section };
    KEYS.iter().filter(move |key| key.section == declared)
}

/// The axes that can stand in a section.
pub(crate) fn axes(section: &str) -> impl Iterator<Item = &'static Axis> {
    let stands_in = move |axis: &&Axis| match section {
        "grid" => true,
        "search" => axis.can_be_searched(),
        _ => axis.section == Some(section),
    };
    AXES.iter().filter(stands_in)
}

/// The keys of a section, axes first; of the top of the file if it is "".
pub(crate) fn of(section: &str) -> Vec<&'static str> {
    let axes = axes(section).map(|axis| axis.name);
    axes.chain(own(section).map(|key| key.name)).collect()
}

/// What to do about `key`, which its section does not have; `known` are those it has.
pub(crate) fn remedy(key: &str, place: &Span, known: &[&str]) -> String {
    let all = known.join(", ");
    // Of the spellings of an axis one is known here.
    let key = axis::key(key);
    if key == "replicate" {
        return "did you mean `replicates`, the number of runs of each setting? to look at one of them: \
                sweep show CONFIG N=3 T=64 replicate=2"
            .to_owned();
    }
    let there: Vec<(&str, &str)> =
        SECTIONS.iter().flat_map(|section| of(section).into_iter().map(|key| (*section, key))).collect();
    let mut exact: Vec<(&str, &str)> = there.iter().copied().filter(|(_, there)| *there == key).collect();
    if exact.iter().any(|(section, _)| *section == "grid") {
        // Who writes `batch_size` does not mean that of the pretraining, nor of the search.
        exact.retain(|(section, _)| !["pretraining", "search"].contains(section));
    } else if !exact.is_empty() && exact.iter().all(|(section, _)| *section == "pretraining") {
        exact.splice(
            0..0,
            there.iter().copied().filter(|(section, there)| *section == "grid" && abbreviated(key, there)),
        );
    }
    if !exact.is_empty() && exact.iter().all(|(_, there)| *there == key) && !place.source.is_command_line() {
        let places: Vec<String> = exact
            .iter()
            .map(|(section, _)| match *section {
                "" => "at the top of the file, above [grid]".to_owned(),
                section => format!("under [{section}]"),
            })
            .collect();
        return format!("`{key}` belongs {}", places.join(" or "));
    }
    if !exact.is_empty() {
        return format!("did you mean {}?", with_sections(&exact, place));
    }
    if let Some(near) = nearest(key, known.iter().copied()) {
        return format!("did you mean `{near}`? known here: {all}");
    }
    match nearest(key, there.iter().map(|(_, there)| *there)) {
        None => format!("known here: {all}"),
        Some(near) => {
            let mut found: Vec<(&str, &str)> = there.into_iter().filter(|(_, there)| *there == near).collect();
            if found.iter().any(|(section, _)| *section == "grid") {
                found.retain(|(section, _)| !["pretraining", "search"].contains(section));
            }
            format!("did you mean {}? known here: {all}", with_sections(&found, place))
        }
    }
}

/// Keys with their sections, as they are written on the command line or in the file.
fn with_sections(keys: &[(&str, &str)], place: &Span) -> String {
    let said: Vec<String> = keys
        .iter()
        .map(|&(section, key)| match (place.source.is_command_line(), section) {
            (_, "") | (true, "grid") => format!("`{key}`"),
            (true, _) => format!("`{section}.{key}`"),
            (false, _) => format!("`{key}` under [{section}]"),
        })
        .collect();
    said.join(" or ")
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::config::source::{COMMAND_LINE, Source};

    fn place(name: &str) -> Span {
        Span { source: Arc::new(Source { name: name.to_owned(), text: String::new() }), range: 0..0 }
    }

    #[test]
    fn a_key_of_any_section_is_sent_there() {
        let (line, file) = (place(COMMAND_LINE), place("some.toml"));
        for section in SECTIONS.iter().filter(|section| !["", "grid"].contains(section)) {
            for key in of(section).into_iter().filter(|key| !of("grid").contains(key)) {
                let (typed, written) = (remedy(key, &line, &of("")), remedy(key, &file, &of("")));
                assert!(typed.contains(&format!("`{section}.{key}`")), "{typed}");
                assert!(written.contains(&format!("[{section}]")), "{written}");
            }
        }
        // A grid can have a search too.
        for key in own("").map(|key| key.name).filter(|key| *key != "search") {
            assert!(remedy(key, &line, &of("grid")).contains(&format!("did you mean `{key}`?")));
            assert!(remedy(key, &file, &of("grid")).contains("at the top of the file"));
        }
        for axis in &AXES {
            assert!(remedy(axis.name, &file, &of("")).contains("under [grid]"), "{}", axis.name);
        }
    }

    #[test]
    fn what_is_near_or_begins_so_is_meant() {
        let line = place(COMMAND_LINE);
        let cases = [
            ("quantil", "`answer.quantile`"),
            ("batch", "`batch_size`"),
            ("alg", "`algorithm`"),
            ("eta", "`eta_boost` or `eta_sparse` or `eta_round` or `pretraining.eta`"),
            ("end_steps", "`training.boost.end_steps` or `training.sparse.end_steps`"),
            ("boost", "`training.boost`"),
        ];
        for (typed, meant) in cases {
            let remedy = remedy(typed, &line, &of(""));
            assert!(remedy.starts_with(&format!("did you mean {meant}?")), "{remedy}");
        }
        let file = place("some.toml");
        assert_eq!(remedy("steps", &file, &of("")), "`step_scale` belongs under [grid] or under [training]");
        assert_eq!(remedy("alpha_v", &file, &of("task")), "`init_alpha_v` belongs under [grid] or under [init]");
        assert!(remedy("max_sample", &line, &of("training")).starts_with("did you mean `max_samples`? known here"));
    }
}
