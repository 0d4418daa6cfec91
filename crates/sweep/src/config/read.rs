//! From a file, or a text, to a checked [`Config`].
//!
//! Everything that can be said without expanding the grid is said here; what depends on a point of
//! the grid is said by `grid`. Nothing here touches the disk but to read the file.

use std::path::Path;
use std::sync::Arc;

use report::claim::Claim;
use scb_core::train::{StopAt, TrainSpec};

use crate::axis::AXES;
use crate::config::diagnostic::Diagnostic;
use crate::config::document::{self, Entry, Node, Value};
use crate::config::grids::grid;
use crate::config::matrix::matrix;
use crate::config::search::SearchReader;
use crate::config::settings::{Config, GridSpec, Pretraining, Shared};
use crate::config::source::{Source, Span};
use crate::config::spelling::unify;
use crate::config::stages::stage_end;
use crate::config::table_reader::{TableReader, wrong_kind};
use crate::config::values::{MAX_RANGE_VALUES, element, only_value};
use crate::config::weights::weights;
use crate::config::{keys, overrides};
use crate::platform::files::read_text;

/// Reads a config file and applies `overrides`, each `KEY=VALUES`.
///
/// # Errors
/// The first mistake, with its place.
pub fn load(path: &Path, overrides: &[String]) -> Result<Config, Diagnostic> {
    let text = read_text(path).map_err(|error| {
        let help = match error.kind() {
            std::io::ErrorKind::InvalidData => "a TOML file is text in UTF-8: save it as that",
            _ => "give the path of a sweep's TOML file, such as sweeps/smoke.toml",
        };
        Diagnostic::new(format!("cannot read {}: {error}", path.display())).help(help)
    })?;
    let name = path.file_stem().map_or_else(|| "sweep".to_owned(), |stem| stem.to_string_lossy().into_owned());
    parse(&name, &path.display().to_string(), text, overrides)
}

/// Checks a config given as text, after the `changes` of the command line.
///
/// # Errors
/// The first mistake, with its place.
pub fn parse(name: &str, path: &str, text: String, changes: &[String]) -> Result<Config, Diagnostic> {
    let source = Arc::new(Source { name: path.to_owned(), text });
    let mut root = document::parse(&source)?;
    unify(&mut root)?;
    overrides::apply(&mut root, changes)?;
    // Overrides may have brought whole sections with other spellings.
    unify(&mut root)?;
    check(name, root)
}

fn check(name: &str, root: Node) -> Result<Config, Diagnostic> {
    let root_span = root.span.clone();
    let mut top = TableReader::new("the top level", root)?;
    top.refuse_unknown(&keys::of(""), "at the top level", "not a key of a sweep")?;
    let name = sweep_name(&mut top, name)?;
    let title = title(&mut top)?;
    let seed = top.whole(&keys::SEED)? as u64;
    let replicates = top.whole(&keys::REPLICATES)? as u32;
    let max_jobs = top.whole(&keys::MAX_JOBS)? as u64;
    let mut task = top.section("task")?;
    let mut init = top.section("init")?;
    let mut pretraining = top.section("pretraining")?;
    let mut training = top.section("training")?;
    let mut trace = top.section("trace")?;
    let mut answer = top.section("answer")?;

    // The value of an axis in its section holds in every grid.
    let mut common = Vec::new();
    for (i, axis) in AXES.iter().enumerate() {
        let section = match axis.section {
            Some("task") => &mut task,
            Some("init") => &mut init,
            Some("training") => &mut training,
            _ => continue,
        };
        if let Some(entry) = section.take(axis.name) {
            common.push((i, vec![element(i, only_value(i, entry)?)?]));
        }
    }
    let defaults = TrainSpec::default();
    let shared = Shared {
        weights: weights(&mut task)?,
        matrix: matrix(&mut task)?,
        stop_at: training.choice("stop_at", &[("recovery", StopAt::Recovery), ("budget", StopAt::Budget)])?,
        signal: training.real(&keys::SIGNAL)?,
        resolution: training.real(&keys::RESOLUTION)?,
        boost_end: stage_end(&mut training, "boost", defaults.boost_end)?,
        sparse_end: stage_end(&mut training, "sparse", defaults.sparse_end)?,
        pretraining: Pretraining {
            t: pretraining.whole(&keys::PRETRAINING_T)? as u32,
            batch_size: pretraining.whole(&keys::PRETRAINING_BATCH_SIZE)? as u32,
            eta: pretraining.real(&keys::PRETRAINING_ETA)?,
            lambda: pretraining.real(&keys::PRETRAINING_LAMBDA)?,
            max_samples: pretraining.whole(&keys::PRETRAINING_MAX_SAMPLES)? as u64,
        },
    };
    let trace = trace.truth_or(&keys::ENABLED, false)?;
    let quantile = answer.real(&keys::QUANTILE)?;
    let named = Claim::ALL.map(|claim| (claim.name(), Some(claim)));
    let claim = answer.choice("claim", &[&[("none", None)], &named[..]].concat())?;
    let has_matrix = shared.matrix.is_some();
    let mut values = MAX_RANGE_VALUES;
    let searches = SearchReader { common: &common, shared: &shared, quantile };
    let entry = top.take("search");
    let place = entry.as_ref().map(|entry| entry.node.span.clone());
    let search = searches.of_all(entry)?;
    let mut grid = |node| grid(node, searches, search.as_ref(), has_matrix, &mut values);
    let mut grids = match top.take("grid") {
        None => {
            return Err(Diagnostic::new("there is no [grid]")
                .at(Span { range: 0..0, ..root_span }, "nothing to sweep")
                .help("add a section [grid] with at least N, Q and T"));
        }
        Some(Entry { node: Node { value: Value::List(grids), .. }, .. }) if !grids.is_empty() => {
            grids.into_iter().map(&mut grid).collect::<Result<Vec<_>, _>>()?
        }
        Some(Entry { node: node @ Node { value: Value::Table(_), .. }, .. }) => vec![grid(node)?],
        Some(entry) => {
            let found = match entry.node.value {
                Value::List(_) => "an empty list",
                other => other.kind(),
            };
            return Err(Diagnostic::new("`grid` is a section")
                .at(entry.node.span, format!("found {found}"))
                .help("write [grid], and below it N, Q and T, a line each"));
        }
    };
    let has_keys = |grid: &GridSpec| grid.search.as_ref().is_some_and(|search| !search.keys.is_empty());
    if let Some(place) = place.filter(|_| !grids.iter().any(has_keys)) {
        return Err(SearchReader::names_no_key("[search]", place));
    }
    if grids.iter().any(|grid| grid.search.is_some()) {
        // A grid beside those that are searched has one setting a cell, which is judged like theirs.
        for grid in &mut grids {
            grid.search.get_or_insert_with(|| searches.nothing());
        }
    }
    Ok(Config { name, title, seed, replicates, max_jobs, grids, shared, trace, quantile, claim })
}

/// The longest title, in characters.
const MAX_TITLE: usize = 200;

fn title(top: &mut TableReader) -> Result<Option<String>, Diagnostic> {
    match top.take("title").map(|e| e.node) {
        None => Ok(None),
        Some(Node { value: Value::Text(title), span }) => {
            let title = title.trim().to_owned();
            if title.is_empty() || title.chars().count() > MAX_TITLE || title.chars().any(char::is_control) {
                return Err(Diagnostic::new("`title` is the headline of the report")
                    .at(span, "this is not one line")
                    .help(format!("give one line of at most {MAX_TITLE} characters, or remove `title`")));
            }
            Ok(Some(title))
        }
        Some(node) => Err(wrong_kind("title", "a text", &node.value, node.span)),
    }
}

/// The name of a sweep without one, by that of its file. A name that stays as it is can be that of a
/// run directory.
pub(crate) fn name_of(stem: &str) -> String {
    let plain = |c: char| if c.is_alphanumeric() || "-_.".contains(c) { c } else { '-' };
    let name: String = stem.trim_start_matches('.').chars().map(plain).collect();
    if name.is_empty() { "sweep".to_owned() } else { name }
}

fn sweep_name(top: &mut TableReader, stem: &str) -> Result<String, Diagnostic> {
    match top.take("name").map(|e| e.node) {
        None => Ok(name_of(stem)),
        Some(Node { value: Value::Text(name), span }) => {
            if name_of(&name) != name {
                return Err(Diagnostic::new("`name` names a directory")
                    .at(span, "this cannot be a directory")
                    .help("use letters, digits, - _ and dots that do not come first"));
            }
            Ok(name)
        }
        Some(node) => Err(wrong_kind("name", "a string", &node.value, node.span)),
    }
}
