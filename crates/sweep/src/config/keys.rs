//! Every key of a config and where it stands, and what to say of one that stands nowhere.

use crate::axis::{self, AXES, Axis};
use crate::config::diagnostic::{abbreviated, nearest};
use crate::config::source::Span;

/// What stands at the top of the file.
const TOP: [&str; 12] = [
    "name",
    "seed",
    "replicates",
    "max_jobs",
    "grid",
    "search",
    "task",
    "init",
    "pretraining",
    "training",
    "trace",
    "answer",
];
const SEARCH: [&str; 7] = ["milestone", "rungs", "confidence", "margin", "horizon", "max_settings", "inherit"];
const STAGE: [&str; 5] = ["end_steps", "end_share", "end_alpha", "end_kept_mass", "end_clear_mass"];
/// Sections, and their keys besides axes.
const SECTIONS: [(&str, &[&str]); 11] = [
    ("", &TOP),
    ("grid", &["zip", "where", "search"]),
    ("search", &SEARCH),
    ("task", &["weights", "matrix"]),
    ("init", &[]),
    ("pretraining", &["T", "batch_size", "eta", "lambda", "max_samples"]),
    ("training", &["stop_at", "signal", "resolution", "boost", "sparse"]),
    ("training.boost", &STAGE),
    ("training.sparse", &STAGE),
    ("trace", &["enabled"]),
    ("answer", &["quantile", "claim"]),
];

/// The keys of a section, axes first; of the top of the file if it is "".
pub(crate) fn of(section: &str) -> Vec<&'static str> {
    let stands_in = |a: &&Axis| match section {
        "grid" => true,
        "search" => a.can_be_searched(),
        _ => a.section == Some(section),
    };
    let axes = AXES.iter().filter(stands_in).map(|a| a.name);
    let own = SECTIONS.iter().filter(|(name, _)| *name == section).flat_map(|(_, own)| own.iter().copied());
    axes.chain(own).collect()
}

/// What to do about `key`, which its section does not have; `known` are those it has.
pub(crate) fn remedy(key: &str, place: &Span, known: &[&str]) -> String {
    let all = known.join(", ");
    // Of the spellings of an axis one is known here.
    let key = axis::key(key);
    if key == "replicate" {
        return "did you mean `replicates`, the number of runs of each setting? they are numbered \
                from 0, and none is run alone"
            .to_owned();
    }
    let there: Vec<(&str, &str)> =
        SECTIONS.iter().flat_map(|(section, _)| of(section).into_iter().map(|key| (*section, key))).collect();
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
        for (section, _) in SECTIONS.iter().filter(|(section, _)| !["", "grid"].contains(section)) {
            for key in of(section).into_iter().filter(|key| !of("grid").contains(key)) {
                let (typed, written) = (remedy(key, &line, &of("")), remedy(key, &file, &of("")));
                assert!(typed.contains(&format!("`{section}.{key}`")), "{typed}");
                assert!(written.contains(&format!("[{section}]")), "{written}");
            }
        }
        // A grid can have a search too.
        for key in TOP.into_iter().filter(|key| *key != "search") {
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
