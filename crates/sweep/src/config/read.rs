//! What the user wrote, checked: from the tree of `document.rs` to a [`Config`].
//!
//! Everything that can be said without expanding the grid is said here; what depends on a point of
//! the grid is said by `grid`. Nothing here touches the disk but to read the file.

use std::io::Read;
use std::path::Path;
use std::sync::Arc;

use ndarray::Array2;
use report::claim::Claim;
use report::record::written;
use scb_core::train::{StageEnd, StopAt};
use scb_core::{Chain, Task, TaskError, TaskSpec, Weights};
use serde::Serialize;

use crate::axis::{self, AXES, Shape};
use crate::config::diagnostic::{Diagnostic, did_you_mean};
use crate::config::document::{self, Entry, Node, Value};
use crate::config::expression::{Expression, Kind, significant};
use crate::config::keys;
use crate::config::overrides;
use crate::config::section::{Section, number, wrong_kind, wrong_type};
use crate::config::source::{Source, Span};
use crate::platform::shell::quoted;

/// A checked sweep.
#[derive(Debug, Clone)]
pub struct Config {
    /// The default name of the run directory: `name`, or else the stem of the file's name.
    pub name: String,
    /// What all random streams derive from.
    pub seed: u64,
    /// Runs per point of the grid.
    pub replicates: u32,
    /// The most jobs the grid may have.
    pub max_jobs: u64,
    /// The grids; their union is swept.
    pub grids: Vec<GridSpec>,
    /// What does not vary over the grid.
    pub shared: Shared,
    /// Whether jobs are traced.
    pub trace: bool,
    /// Fraction of replicates that must reach a milestone for its needed samples.
    pub quantile: f64,
    /// The claim that its report examines.
    pub claim: Option<Claim>,
}

/// Settings of the task and the training that no axis varies.
#[derive(Debug, Clone, PartialEq)]
pub struct Shared {
    /// How the weights of q are drawn.
    pub weights: Weights,
    /// The transition matrix, if given.
    pub matrix: Option<Array2<f64>>,
    /// When a run may end early.
    pub stop_at: StopAt,
    /// Threshold of the signal milestone.
    pub signal: f64,
    /// How finely milestones are resolved.
    pub resolution: f64,
    /// What ends the boosting stage.
    pub boost_end: StageEnd,
    /// What ends the sparse stage.
    pub sparse_end: StageEnd,
    /// The runs that V is transferred from.
    pub pretraining: Pretraining,
}

/// How a V to transfer is learned: by prox with normalised steps, on tasks of their own, until the budget is spent.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Pretraining {
    /// Sequence length of the source; its Q is that of the target.
    #[serde(rename = "T")]
    pub t: u32,
    /// Samples per step.
    pub batch_size: u32,
    /// Step size while boosting; half of it afterwards.
    pub eta: f64,
    /// l1 regularisation of its sparse stage.
    pub lambda: f64,
    /// Budget in samples.
    pub max_samples: u64,
}

/// One `[grid]`.
#[derive(Debug, Clone)]
pub struct GridSpec {
    /// The elements of every axis, N, Q and T first, then the others as written, then defaults.
    pub axes: Vec<AxisSpec>,
    /// Groups of indices into `axes` that advance together.
    pub zips: Vec<Vec<usize>>,
    /// Points that fail one of these are dropped.
    pub conditions: Vec<Condition>,
    /// Where the grid was written.
    pub span: Span,
}

/// The values of one axis in one grid.
#[derive(Debug, Clone)]
pub struct AxisSpec {
    /// Index in [`AXES`].
    pub axis: usize,
    /// At least one.
    pub elements: Vec<Element>,
    /// Whether the grid itself names it.
    pub listed: bool,
}

/// A number or an expression.
#[derive(Debug, Clone)]
pub struct Element {
    /// What.
    pub value: Quantity,
    /// Where; `None` for a default.
    pub span: Option<Span>,
}

/// A number, or how to get it.
#[derive(Debug, Clone)]
pub enum Quantity {
    /// The number (for `algorithm`, its index).
    Number(f64),
    /// An expression in axes that come earlier, and its text.
    Expression(Expression, String),
}

/// A `where`.
#[derive(Debug, Clone)]
pub struct Condition {
    /// The condition.
    pub expression: Expression,
    /// Its text.
    pub text: String,
    /// Where.
    pub span: Span,
}

/// The most jobs a config may have unless it says otherwise.
pub const DEFAULT_MAX_JOBS: u64 = 1_000_000;
/// What it may raise them to: a plan of so many takes 25 GB.
pub(crate) const MOST_JOBS: i64 = 100_000_000;
/// The most values that ranges may have together, so that a short text cannot ask for all memory there is.
const MOST_VALUES: usize = 200_000;
/// The most states of a task.
const MOST_STATES: usize = 256;
/// The largest config file. A matrix of 256 x 256 takes 2 MB.
pub(crate) const MOST_BYTES: u64 = 16 << 20;

/// Reads a config file and applies `overrides`, each `KEY=VALUES`.
///
/// # Errors
/// The first mistake, with its place.
pub fn load(path: &Path, overrides: &[String]) -> Result<Config, Diagnostic> {
    let text = read_text(path).map_err(|error| {
        Diagnostic::new(format!("cannot read {}: {error}", path.display()))
            .help("give the path of a sweep's TOML file, such as sweeps/smoke.toml")
    })?;
    let name = path.file_stem().map_or_else(|| "sweep".to_owned(), |stem| stem.to_string_lossy().into_owned());
    parse(&name, &path.display().to_string(), text, overrides)
}

/// The text of a file, unless it is far too large to be a config.
pub(crate) fn read_text(path: &Path) -> std::io::Result<String> {
    let mut text = String::new();
    let mut file = std::fs::File::open(path)?.take(MOST_BYTES + 1);
    if file.read_to_string(&mut text)? as u64 > MOST_BYTES {
        return Err(std::io::Error::other(format!("it has more than {} MB", MOST_BYTES >> 20)));
    }
    Ok(text)
}

/// Checks a config given as text, after the `changes` of the command line.
///
/// # Errors
/// The first mistake, with its place.
pub fn parse(name: &str, path: &str, text: String, changes: &[String]) -> Result<Config, Diagnostic> {
    let source = Arc::new(Source { name: path.to_owned(), text });
    let mut root = document::parse(&source)?;
    spell(&mut root)?;
    overrides::apply(&mut root, changes)?;
    // Whole sections of the command line have not been seen yet.
    spell(&mut root)?;
    check(name, root)
}

/// Gives every axis the one spelling that all that follows knows.
fn spell(root: &mut Node) -> Result<(), Diagnostic> {
    let Value::Table(sections) = &mut root.value else { return Ok(()) };
    for Entry { key: section, node, .. } in sections {
        match &mut node.value {
            Value::List(grids) => grids.iter_mut().try_for_each(|grid| spell_section(section, grid))?,
            _ => spell_section(section, node)?,
        }
    }
    Ok(())
}

fn spell_section(section: &str, node: &mut Node) -> Result<(), Diagnostic> {
    let Value::Table(entries) = &mut node.value else { return Ok(()) };
    let keys: Vec<String> = entries.iter().map(|entry| axis::key_in(section, &entry.key).to_owned()).collect();
    for (i, key) in keys.iter().enumerate() {
        if let Some(first) = keys[..i].iter().position(|before| before == key) {
            let wrong = two_spellings(&entries[first].key, &entries[i].key);
            return Err(wrong.at(entries[i].key_span.clone(), "the same key again"));
        }
    }
    entries.iter_mut().zip(keys).for_each(|(entry, key)| entry.key = key);
    Ok(())
}

pub(crate) fn two_spellings(first: &str, second: &str) -> Diagnostic {
    Diagnostic::new(format!("`{first}` and `{second}` are two spellings of one key")).help("remove one of the two")
}

fn check(name: &str, root: Node) -> Result<Config, Diagnostic> {
    let root_span = root.span.clone();
    let mut top = Section::new("the top level", root)?;
    let known = keys::of("");
    if let Some(entry) = top.entries.iter().find(|e| !known.contains(&e.key.as_str())) {
        return Err(Diagnostic::new(format!("unknown key `{}` at the top level", entry.key))
            .at(entry.key_span.clone(), "not a key of a sweep")
            .help(keys::remedy(&entry.key, &entry.key_span, &known)));
    }
    let name = sweep_name(&mut top, name)?;
    let seed = top.whole("seed", 0, 0, i64::MAX)? as u64;
    let replicates = top.whole("replicates", 16, 1, 1_000_000)? as u32;
    let max_jobs = top.whole("max_jobs", DEFAULT_MAX_JOBS as i64, 1, MOST_JOBS)? as u64;
    let mut task = top.section("task")?;
    let mut init = top.section("init")?;
    let mut pretraining = top.section("pretraining")?;
    let mut training = top.section("training")?;
    let mut trace = top.section("trace")?;
    let mut answer = top.section("answer")?;

    // What sections say of axes holds in every grid that does not say otherwise.
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
    let shared = Shared {
        weights: weights(&mut task)?,
        matrix: matrix(&mut task)?,
        stop_at: training.choice("stop_at", &[("recovery", StopAt::Recovery), ("budget", StopAt::Budget)])?,
        signal: training.real("signal", 0.25, 1e-6..1.0)?,
        resolution: training.real("resolution", 0.02, 0.0..0.5)?,
        boost_end: stage_end(
            &mut training,
            "boost",
            StageEnd { alpha: Some(0.5), share: Some(0.5), ..StageEnd::default() },
        )?,
        sparse_end: stage_end(&mut training, "sparse", StageEnd::default())?,
        pretraining: Pretraining {
            t: pretraining.whole("T", 64, 2, 1_000_000)? as u32,
            batch_size: pretraining.whole("batch_size", 512, 1, 1_000_000)? as u32,
            eta: pretraining.real("eta", 0.05, 1e-9..1e3)?,
            lambda: pretraining.real("lambda", 0.003, 0.0..1e3)?,
            max_samples: pretraining.whole("max_samples", 200_000, 1, 1_000_000_000_000)? as u64,
        },
    };
    let trace = trace.truth("enabled", false)?;
    let quantile = answer.real("quantile", 0.9, 1e-6..1.0)?;
    let named = Claim::ALL.map(|claim| (claim.name(), Some(claim)));
    let claim = answer.choice("claim", &[&[("none", None)], &named[..]].concat())?;
    let has_matrix = shared.matrix.is_some();
    let mut values = MOST_VALUES;
    let mut grid = |node| grid(node, &common, has_matrix, &mut values);
    let grids = match top.take("grid") {
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
    Ok(Config { name, seed, replicates, max_jobs, grids, shared, trace, quantile, claim })
}

/// The value of an axis in its section, which gives all points the same.
fn only_value(index: usize, entry: Entry) -> Result<Node, Diagnostic> {
    let Entry { key_span, node, .. } = entry;
    if !matches!(node.value, Value::List(_) | Value::Table(_)) {
        return Ok(node);
    }
    let (name, section) = (AXES[index].name, AXES[index].section.unwrap_or_default());
    let help = if key_span.source.is_command_line() {
        format!("to vary it, leave out the section: {name}={}", overriding(&key_span))
    } else {
        format!("to vary it, write it under [grid]: {name} = {}", node.span.text())
    };
    Err(Diagnostic::new(format!("[{section}] gives `{name}` one value")).at(node.span, "more than one").help(help))
}

/// The values of the override that `span` is in.
fn overriding(span: &Span) -> &str {
    span.source.text.split_once('=').map_or("", |(_, values)| values.trim())
}

fn sweep_name(top: &mut Section, stem: &str) -> Result<String, Diagnostic> {
    match top.take("name").map(|e| e.node) {
        None => {
            let plain = |c: char| if c.is_alphanumeric() || "-_.".contains(c) { c } else { '-' };
            let name: String = stem.trim_start_matches('.').chars().map(plain).collect();
            Ok(if name.is_empty() { "sweep".to_owned() } else { name })
        }
        Some(Node { value: Value::Text(name), span }) => {
            let plain = |c: char| c.is_alphanumeric() || "-_.".contains(c);
            if name.is_empty() || name.starts_with('.') || !name.chars().all(plain) {
                return Err(Diagnostic::new("`name` names a directory")
                    .at(span, "this cannot be a directory")
                    .help("use letters, digits, - _ and dots that do not come first"));
            }
            Ok(name)
        }
        Some(node) => Err(wrong_kind("name", "a string", &node.value, node.span)),
    }
}

fn weights(task: &mut Section) -> Result<Weights, Diagnostic> {
    let Some(entry) = task.take("weights") else { return Ok(Weights::Equal) };
    match entry.node.value {
        Value::Text(text) if text == "equal" => Ok(Weights::Equal),
        Value::Table(_) => {
            let mut table = Section::new("weights", entry.node.clone())?;
            table.only(&["dirichlet"])?;
            match table.optional_real("dirichlet", 1e-3..1e6, "for example weights = { dirichlet = 1.0 }")? {
                Some(concentration) => Ok(Weights::Dirichlet(concentration)),
                None => Err(wrong_weights(entry.node.span)),
            }
        }
        _ => Err(wrong_weights(entry.node.span)),
    }
}

fn wrong_weights(span: Span) -> Diagnostic {
    Diagnostic::new("`weights` says how the attention weights are drawn")
        .at(span, "not a way to draw them")
        .help("write weights = \"equal\" or weights = { dirichlet = 1.0 }")
}

fn matrix(task: &mut Section) -> Result<Option<Array2<f64>>, Diagnostic> {
    let Some(entry) = task.take("matrix") else { return Ok(None) };
    let span = entry.node.span.clone();
    let Value::List(rows) = entry.node.value else {
        return Err(wrong_kind("matrix", "a list of rows", &entry.node.value, span));
    };
    let n = rows.len();
    if n > MOST_STATES {
        return Err(Diagnostic::new("`matrix` has too many rows")
            .at(span, format!("{n} rows"))
            .help(format!("N can be {MOST_STATES} at most")));
    }
    let mut matrix = Array2::zeros((n, n));
    for (i, row) in rows.iter().enumerate() {
        let Value::List(cells) = &row.value else {
            return Err(wrong_type("matrix", "a list of rows", &row.value, row.span.clone())
                .help("write N rows of N numbers, for example [[0.9, 0.2], [0.1, 0.8]]"));
        };
        if cells.len() != n {
            return Err(Diagnostic::new("`matrix` is not square")
                .at(row.span.clone(), format!("{} entries in a matrix of {n} rows", cells.len()))
                .help("entry [n][m] is the probability of state n after state m, N rows of N entries"));
        }
        for (j, cell) in cells.iter().enumerate() {
            matrix[[i, j]] = number("matrix", cell, "entry [n][m] is the probability of state n after state m")?;
        }
    }
    // What the core says of it, at its place.
    let spec = TaskSpec { n, q: 1, t: 2, chain: Chain::Given(matrix.clone()), weights: Weights::Equal };
    match Task::draw(&spec, &mut scb_core::random::stream([0; 16])) {
        Ok(_) => Ok(Some(matrix)),
        Err(error) => Err(Diagnostic::new("`matrix` is no usable transition matrix")
            .at(span, error.to_string())
            .help(matrix_help(&error, &matrix))),
    }
}

/// What to change in a matrix that the core refuses.
fn matrix_help(error: &TaskError, matrix: &Array2<f64>) -> String {
    let transposed =
        |row: ndarray::ArrayView1<'_, f64>| (row.sum() - 1.0).abs() < 1e-6 && row.iter().all(|&p| p >= 0.0);
    match error {
        TaskError::NotStochastic { .. } if matrix.rows().into_iter().all(transposed) => {
            "its rows sum to 1: transpose it, so that [n][m] is the probability of state n after state m".to_owned()
        }
        TaskError::NotIrreducible { .. } => {
            "give every state a way to every other one; a small probability is enough".to_owned()
        }
        TaskError::RareState { state, .. } => {
            format!("raise the entries of row {state}, the probabilities of state {state}")
        }
        TaskError::NearlyIndependent { .. } => {
            "let its columns differ: they say what follows each state, and here the same follows all".to_owned()
        }
        _ => "entry [n][m] is the probability of state n after state m, so each column sums to 1".to_owned(),
    }
}

fn stage_end(training: &mut Section, key: &str, default: StageEnd) -> Result<StageEnd, Diagnostic> {
    let Some(entry) = training.take(key) else { return Ok(default) };
    let mut table = Section::new(&format!("[training.{key}]"), entry.node)?;
    table.only(&keys::of("training.boost"))?;
    Ok(StageEnd {
        steps: end_condition(&mut table, "end_steps", default.steps.map(|s| s as f64), 1e15)?.map(|s| s as u64),
        share: end_condition(&mut table, "end_share", default.share, 1.0)?,
        alpha: end_condition(&mut table, "end_alpha", default.alpha, 2.0)?,
        kept_mass: end_condition(&mut table, "end_kept_mass", default.kept_mass, 2.0)?,
    })
}

/// A number from 0 to `largest`, or `false` for never.
fn end_condition(
    table: &mut Section,
    key: &str,
    default: Option<f64>,
    largest: f64,
) -> Result<Option<f64>, Diagnostic> {
    let Some(entry) = table.take(key) else { return Ok(default) };
    let value = match entry.node.value {
        Value::Bool(false) => return Ok(None),
        Value::Int(value) => value as f64,
        Value::Float(value) if key != "end_steps" => value,
        other => {
            let kind = if key == "end_steps" { "an integer" } else { "a number" };
            return Err(wrong_kind(key, &format!("{kind}, or false for never"), &other, entry.node.span));
        }
    };
    if (0.0..=largest).contains(&value) {
        return Ok(Some(value));
    }
    Err(Diagnostic::new(format!("`{key}` is out of range"))
        .at(entry.node.span, format!("{} is not between 0 and {}", written(value), written(largest)))
        .help("give a value in this range, or false for never"))
}

/// One `[grid]`; `values` is how many values its ranges may have, and then how many are left.
fn grid(
    node: Node,
    common: &[(usize, Vec<Element>)],
    has_matrix: bool,
    values: &mut usize,
) -> Result<GridSpec, Diagnostic> {
    let span = node.span.clone();
    let mut section = Section::new("[grid]", node)?;
    section.only(&keys::of("grid"))?;
    let zip = section.take("zip");
    let conditions = match section.take("where") {
        None => Vec::new(),
        Some(entry) => conditions(entry.node)?,
    };
    let mut axes = Vec::new();
    let mut written = section.entries;
    // N, Q and T first, so that every expression may use them; the others in the order of the text.
    written.sort_by_key(|e| axis::index(&e.key).filter(|&i| i <= axis::T).unwrap_or(axis::T + 1));
    for entry in written {
        let Some(index) = axis::index(&entry.key) else { continue };
        if let Some((_, elements)) = common.iter().find(|(i, _)| *i == index) {
            return Err(in_both(index, &entry, elements));
        }
        if has_matrix && axis::SHAPES_P.contains(&index) {
            return Err(given_matrix(entry.key_span));
        }
        axes.push(AxisSpec { axis: index, elements: elements(index, entry.node, values)?, listed: true });
    }
    for (i, axis) in AXES.iter().enumerate() {
        if axes.iter().any(|a| a.axis == i) {
            continue;
        }
        let elements = match common.iter().find(|(index, _)| *index == i) {
            Some((_, elements)) => elements.clone(),
            None => match axis.default {
                Some(text) => vec![default_element(i, text)?],
                None => {
                    return Err(Diagnostic::new(format!("[grid] has no `{}`", axis.name))
                        .at(
                            Span { range: span.range.start..span.range.start, ..span },
                            format!("{} is missing", axis.meaning),
                        )
                        .help(format!("add for example {} = [4, 8]", axis.name)));
                }
            },
        };
        axes.push(AxisSpec { axis: i, elements, listed: false });
    }
    if has_matrix {
        let drawn = common.iter().find(|(i, _)| axis::SHAPES_P.contains(i));
        if let Some(span) = drawn.and_then(|(_, elements)| elements.first()).and_then(|e| e.span.clone()) {
            return Err(given_matrix(span));
        }
    }
    check_names(&axes, &conditions)?;
    let zips = zip.map_or_else(|| Ok(Vec::new()), |entry| zips(entry.node, &axes))?;
    Ok(GridSpec { axes, zips, conditions, span })
}

/// A key that a grid and its section set.
fn in_both(index: usize, entry: &Entry, elements: &[Element]) -> Diagnostic {
    let (name, section) = (AXES[index].name, AXES[index].section.unwrap_or_default());
    let place = elements.first().and_then(|e| e.span.clone()).unwrap_or_else(|| entry.key_span.clone());
    let wrong = Diagnostic::new(format!("`{name}` stands in [grid] and in [{section}]"));
    let many = matches!(entry.node.value, Value::List(_) | Value::Table(_));
    match (entry.key_span.source.is_command_line(), place.source.is_command_line()) {
        (true, false) => {
            let values = overriding(&entry.key_span);
            let help = if many {
                format!("remove `{name}` from [{section}]; then {name}={values} varies it")
            } else {
                format!("to override the value of [{section}], write {section}.{name}={values}")
            };
            wrong.at(entry.key_span.clone(), format!("this is for [grid], and [{section}] has a value")).help(help)
        }
        (false, true) => {
            let values = overriding(&place);
            let help = format!("to override the value of [grid], write {name}={values}");
            wrong.at(place, format!("this is for [{section}], and [grid] has a value")).help(help)
        }
        _ => wrong.at(place, format!("the value of [{section}]")).help("remove one of the two"),
    }
}

fn given_matrix(span: Span) -> Diagnostic {
    Diagnostic::new("task.matrix gives P, so nothing is left to draw it from")
        .at(span, "says how P is drawn")
        .help("remove this, or task.matrix")
}

/// The values of one axis: a scalar, a list or a range.
fn elements(index: usize, node: Node, values: &mut usize) -> Result<Vec<Element>, Diagnostic> {
    let name = AXES[index].name;
    match node.value {
        Value::List(items) if items.is_empty() => Err(Diagnostic::new(format!("`{name}` has no values"))
            .at(node.span, "an empty list makes an empty grid")
            .help(AXES[index].example())),
        Value::List(items) => items.into_iter().map(|item| element(index, item)).collect(),
        Value::Table(_) => range(index, node, values),
        _ => Ok(vec![element(index, node)?]),
    }
}

fn element(index: usize, node: Node) -> Result<Element, Diagnostic> {
    let axis = &AXES[index];
    let span = Some(node.span.clone());
    let value = match (&node.value, axis.names()) {
        (Value::Text(text), Some(names)) => match names.iter().position(|name| name == text) {
            Some(found) => Quantity::Number(found as f64),
            None => {
                let (title, label) = match axis.shape {
                    Shape::Algorithm => (format!("there is no algorithm \"{text}\""), "not known"),
                    _ => (format!("`{}` cannot be \"{text}\"", axis.name), "not one of its values"),
                };
                return Err(Diagnostic::new(title).at(node.span, label).help(did_you_mean(text, &names)));
            }
        },
        (other, Some(names)) => {
            let kind = match axis.shape {
                Shape::Algorithm => "the name of an algorithm".to_owned(),
                _ => format!("one of {}", names.join(", ")),
            };
            return Err(wrong_kind(axis.name, &kind, other, node.span));
        }
        (Value::Text(text), None) => match Expression::parse(text, Kind::Number) {
            Ok(expression) => Quantity::Expression(expression, text.clone()),
            Err(error) => {
                return Err(Diagnostic::new(format!("`{}` has a bad expression", axis.name))
                    .help(range_meant(axis.name, text, node.span.source.is_command_line()).unwrap_or_else(|| {
                        "write numbers, + - * / ^, brackets, min max sqrt ln log2 round floor ceil, and axes such as T".to_owned()
                    }))
                    .at(node.span.within(text, error.range), error.message));
            }
        },
        (Value::Int(_) | Value::Float(_), None) => {
            let number = number(axis.name, &node, "")?;
            if matches!(axis.shape, Shape::Whole { .. }) && number.fract() != 0.0 {
                return Err(Diagnostic::new(format!("`{}` must be a whole number", axis.name))
                    .at(node.span, "is not whole")
                    .help(axis.example()));
            }
            if let Some(complaint) = axis.complaint(number) {
                let wrong = Diagnostic::new(format!("`{}` is out of range", axis.name));
                return Err(wrong.at(node.span, complaint).help(axis.example()));
            }
            Quantity::Number(axis.rounded(number))
        }
        (other, None) => {
            return Err(wrong_kind(axis.name, "a number or an expression", other, node.span).help(axis.example()));
        }
    };
    Ok(Element { value, span })
}

/// How to write a range that was written as a function of NumPy's, or of nobody's.
fn range_meant(name: &str, text: &str, on_command_line: bool) -> Option<String> {
    let (function, rest) = text.split_once('(')?;
    let kind = match function.trim().rsplit('.').next()? {
        "geom" | "geomspace" => "geom",
        "lin" | "linspace" => "lin",
        "range" | "arange" | "logspace" => "",
        _ => return None,
    };
    let numbers: Vec<f64> =
        rest.trim_end().trim_end_matches(')').split(',').filter_map(|x| x.trim().parse().ok()).collect();
    let range = match (kind, numbers.as_slice()) {
        ("geom" | "lin", [first, last, points]) => format!("{{ {kind} = [{first}, {last}], points = {points} }}"),
        ("lin", _) => "{ lin = [0, 1], points = 5 }".to_owned(),
        ("geom", _) => "{ geom = [32, 2048], points = 7 }".to_owned(),
        _ => "{ lin = [0, 1], points = 5 } or { geom = [32, 2048], points = 7 }".to_owned(),
    };
    Some(if on_command_line && !kind.is_empty() {
        format!("a range is written {}", quoted(&format!("{name}={range}")))
    } else {
        format!("a range is written {name} = {range}")
    })
}

fn default_element(index: usize, text: &str) -> Result<Element, Diagnostic> {
    let source = Arc::new(Source { name: "default".to_owned(), text: text.to_owned() });
    let mut node = document::parse_value(&source, 0..text.len())?;
    if AXES[index].names().is_some() {
        node.value = Value::Text(text.to_owned());
    }
    Ok(Element { span: None, ..element(index, node)? })
}

/// `{ geom = [32, 2048], points = 7 }` or `{ lin = [..], points = .. }`.
fn range(index: usize, node: Node, values: &mut usize) -> Result<Vec<Element>, Diagnostic> {
    const HELP: &str = "write { geom = [32, 2048], points = 7 } or { lin = [0, 1], points = 5 }";
    let axis = &AXES[index];
    let span = node.span.clone();
    let wrong = |title: &str, at: Span, label: String| Err(Diagnostic::new(title).at(at, label).help(HELP));
    if axis.names().is_some() {
        return Err(wrong_type(axis.name, "a name, or a list of names", &node.value, span));
    }
    let mut table = Section::new(axis.name, node)?;
    table.only(&["geom", "lin", "points"])?;
    let points = table.optional_whole("points", 1, 100_000, HELP)?.unwrap_or(0);
    let (geometric, ends) = match (table.take("geom"), table.take("lin")) {
        (Some(ends), None) => (true, ends.node),
        (None, Some(ends)) => (false, ends.node),
        _ => return wrong("a range needs exactly one of `geom` and `lin`", span, "this range".to_owned()),
    };
    if points == 0 {
        return wrong("a range needs `points`", span, "how many values?".to_owned());
    }
    let Some(left) = values.checked_sub(points as usize) else {
        return wrong("the ranges have too many values", span, format!("more than {MOST_VALUES} with these"));
    };
    *values = left;
    let ends_span = ends.span.clone();
    let (low, high) = match &ends.value {
        Value::List(pair) if pair.len() == 2 => {
            (number(axis.name, &pair[0], HELP)?, number(axis.name, &pair[1], HELP)?)
        }
        _ => return wrong("a range runs between two numbers", ends_span, "expected [first, last]".to_owned()),
    };
    if points == 1 && low != high {
        return wrong("one point cannot be at both ends", span, format!("from {} to {}", written(low), written(high)));
    }
    if geometric && (low <= 0.0 || high <= 0.0) {
        return wrong(
            "a geometric range needs positive ends",
            ends_span,
            format!("from {} to {}", written(low), written(high)),
        );
    }
    let mut elements: Vec<Element> = Vec::new();
    for i in 0..points {
        let share = if points == 1 { 0.0 } else { i as f64 / (points - 1) as f64 };
        let exact = match (i, geometric) {
            (0, _) => low,
            (i, _) if i == points - 1 => high,
            (_, true) => low * libm::pow(high / low, share),
            (_, false) => low + (high - low) * share,
        };
        // The ends are as they were written.
        let inside = i > 0 && i < points - 1;
        let exact = if inside { significant(exact) } else { exact };
        let value = axis.rounded(exact);
        if let Some(complaint) = axis.complaint(value) {
            return wrong(
                &format!("`{}` is out of range", axis.name),
                ends_span,
                format!("{complaint}, found {}", written(value)),
            );
        }
        // Rounding to whole numbers may repeat a value; the values are in order, so it is the last one.
        let repeated = elements.last().is_some_and(|e| matches!(e.value, Quantity::Number(x) if x == value));
        if !repeated {
            elements.push(Element { value: Quantity::Number(value), span: Some(span.clone()) });
        }
    }
    Ok(elements)
}

fn conditions(node: Node) -> Result<Vec<Condition>, Diagnostic> {
    match node.value {
        Value::List(items) => Ok(items.into_iter().map(conditions).collect::<Result<Vec<_>, _>>()?.concat()),
        Value::Text(text) => match Expression::parse(&text, Kind::Condition) {
            Ok(expression) => Ok(vec![Condition { expression, text, span: node.span }]),
            Err(error) => Err(Diagnostic::new("`where` has a bad condition")
                .at(node.span.within(&text, error.range), error.message)
                .help("write for example where = \"Q <= N && T >= 4*Q\"")),
        },
        other => Err(wrong_type("where", "a condition in quotes", &other, node.span)
            .help("write for example where = \"Q <= N && T >= 4*Q\"")),
    }
}

/// Every name an expression uses must be an axis that is resolved before it; a condition may use all.
fn check_names(axes: &[AxisSpec], conditions: &[Condition]) -> Result<(), Diagnostic> {
    for (position, spec) in axes.iter().enumerate() {
        for element in &spec.elements {
            let Quantity::Expression(expression, text) = &element.value else { continue };
            for name in expression.names() {
                let number = axis::index(name).filter(|&i| AXES[i].names().is_none());
                if axes[..position].iter().any(|earlier| number == Some(earlier.axis)) {
                    continue;
                }
                let key = AXES[spec.axis].name;
                let (label, help) = match number {
                    None => no_number(name),
                    Some(i) => (
                        if i == spec.axis {
                            format!("`{key}` would be made of itself")
                        } else {
                            format!("`{name}` is not known yet")
                        },
                        may_use(spec, i),
                    ),
                };
                let wrong = Diagnostic::new(format!("`{key}` has a bad expression")).help(help);
                return Err(match &element.span {
                    Some(span) => wrong.at(place_of(span, text, name), label),
                    None => Diagnostic::new(format!("the default of `{key}` is {text}, but {label}")),
                });
            }
        }
    }
    for condition in conditions {
        for name in condition.expression.names() {
            if axis::index(name).is_none_or(|i| AXES[i].names().is_some()) {
                let (label, help) = no_number(name);
                return Err(Diagnostic::new("`where` has a bad condition")
                    .at(place_of(&condition.span, &condition.text, name), label)
                    .help(help));
            }
        }
    }
    Ok(())
}

/// What an axis may be made of, to somebody who made it of `used`, which comes later or is itself.
fn may_use(spec: &AxisSpec, used: usize) -> String {
    const ORDER: &str = "N, Q and T are found in this order, wherever they are written";
    let (key, used_key) = (AXES[spec.axis].name, AXES[used].name);
    match spec.axis {
        axis::N => format!("`N` takes numbers only: {ORDER}, and the other keys after them"),
        axis::Q => format!("`Q` may use N only: {ORDER}, and the other keys after them"),
        axis::T => format!("`T` may use N and Q only: {ORDER}, and the other keys after them"),
        own if own == used && spec.listed => format!("`{key}` may use N, Q, T and keys above it"),
        own if own == used => format!("`{key}` may use N, Q, T and the keys of [grid]"),
        _ if spec.listed => format!("`{key}` may use N, Q, T and keys above it: write `{used_key}` above `{key}`"),
        _ => {
            let section = AXES[spec.axis].section.unwrap_or_default();
            format!("`{key}` of [{section}] may use the keys of [grid]: write `{used_key}` there")
        }
    }
}

/// Label and help for a name in an expression that stands for no number.
fn no_number(name: &str) -> (String, String) {
    let numbers: Vec<&str> = AXES.iter().filter(|a| a.names().is_none()).map(|a| a.name).collect();
    if axis::index(name).is_some() {
        let label = format!("`{name}` is a word, and no number");
        let help = format!(
            "only numbers may stand here: {}; what holds for one `{name}` only goes into a [[grid]] of its own",
            numbers.join(", ")
        );
        return (label, help);
    }
    (format!("there is no `{name}` to compute with"), did_you_mean(name, &numbers))
}

/// Where `name` stands as a whole word in `text`, which was written at `span`.
fn place_of(span: &Span, text: &str, name: &str) -> Span {
    let word = |c: char| c.is_alphanumeric() || c == '_';
    let whole = |&(at, _): &(usize, &str)| !text[..at].ends_with(word) && !text[at + name.len()..].starts_with(word);
    match text.match_indices(name).find(whole) {
        Some((at, _)) => span.within(text, at..at + name.len()),
        None => span.clone(),
    }
}

const ZIP_HELP: &str = "write for example zip = [\"batch_size\", \"eta_boost\"]";

/// `zip = ["batch_size", "eta_boost"]`, or a list of such lists.
fn zips(node: Node, axes: &[AxisSpec]) -> Result<Vec<Vec<usize>>, Diagnostic> {
    let span = node.span.clone();
    let Value::List(items) = node.value else {
        return Err(wrong_type("zip", "a list of keys", &node.value, span).help(ZIP_HELP));
    };
    let groups: Vec<Node> = if items.iter().all(|item| matches!(item.value, Value::List(_))) {
        items
    } else {
        vec![Node { value: Value::List(items), span }]
    };
    let mut zips: Vec<Vec<usize>> = Vec::new();
    for group in groups {
        let Value::List(keys) = &group.value else { continue };
        let mut zip: Vec<usize> = Vec::new();
        for key in keys {
            let Value::Text(name) = &key.value else {
                return Err(wrong_type("zip", "a key of the grid", &key.value, key.span.clone()).help(ZIP_HELP));
            };
            let listed: Vec<&str> = axes.iter().filter(|a| a.listed).map(|a| AXES[a.axis].name).collect();
            let Some(position) = axes.iter().position(|a| a.listed && AXES[a.axis].name == axis::key(name)) else {
                return Err(Diagnostic::new(format!("`zip` names `{name}`, which is no key of this grid"))
                    .at(key.span.clone(), "not a key above or below")
                    .help(did_you_mean(name, &listed)));
            };
            if zip.contains(&position) || zips.iter().flatten().any(|&p| p == position) {
                return Err(Diagnostic::new(format!("`zip` names `{name}` twice"))
                    .at(key.span.clone(), "named before")
                    .help("remove it here"));
            }
            zip.push(position);
        }
        let lengths: Vec<usize> = zip.iter().map(|&p| axes[p].elements.len()).collect();
        if lengths.windows(2).any(|w| w[0] != w[1]) {
            let counts: Vec<String> =
                zip.iter().zip(&lengths).map(|(&p, n)| format!("{} has {n}", AXES[axes[p].axis].name)).collect();
            return Err(Diagnostic::new("zipped keys need equally many values")
                .at(group.span.clone(), counts.join(", "))
                .help("a zip pairs the first values, the second values, and so on"));
        }
        if !zip.is_empty() {
            zips.push(zip);
        }
    }
    Ok(zips)
}
