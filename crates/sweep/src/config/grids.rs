//! One `[grid]`: its axes, `zip` and `where`.

use crate::axis::{self, AXES};
use crate::config::diagnostic::{Diagnostic, did_you_mean};
use crate::config::document::{Entry, Node, Value};
use crate::config::expression::{Expression, Kind};
use crate::config::keys;
use crate::config::names::check_names;
use crate::config::search::{SearchReader, searched};
use crate::config::settings::{AxisSpec, Condition, Element, GridSpec, Quantity, SearchKey, SearchSpec};
use crate::config::source::Span;
use crate::config::table_reader::{TableReader, wrong_type};
use crate::config::values::{default_element, elements, overriding};

/// One `[grid]`; `values` is how many values its ranges may have, and then how many are left.
pub(crate) fn grid(
    node: Node,
    searches: SearchReader<'_>,
    general: Option<&SearchSpec>,
    has_matrix: bool,
    values: &mut usize,
) -> Result<GridSpec, Diagnostic> {
    let span = node.span.clone();
    let mut section = TableReader::new("[grid]", node)?;
    section.check_keys(&keys::of("grid"))?;
    let common = searches.common;
    let search = searches.of_grid(section.take("search"), general)?;
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
        if search.as_ref().is_some_and(|search| search.searches(index)) {
            return Err(searched(index, "grid", &entry.key_span));
        }
        if has_matrix && axis::DRAWS_P.contains(&index) {
            return Err(given_matrix(entry.key_span));
        }
        axes.push(AxisSpec { axis: index, elements: elements(index, entry.node, values)?, listed: true });
    }
    search.iter().flat_map(|search| &search.keys).for_each(|key| insert_searched(&mut axes, key));
    for (i, axis) in AXES.iter().enumerate() {
        if axes.iter().any(|a| a.axis == i) {
            continue;
        }
        let elements = match common.iter().find(|(index, _)| *index == i) {
            Some((_, elements)) => elements.clone(),
            None => match axis.default_text() {
                Some(text) => vec![default_element(i, &text)?],
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
        let drawn = common.iter().find(|(i, _)| axis::DRAWS_P.contains(i));
        if let Some(span) = drawn.and_then(|(_, elements)| elements.first()).and_then(|e| e.span.clone()) {
            return Err(given_matrix(span));
        }
    }
    check_names(&axes, &conditions)?;
    let zips = zip.map_or_else(|| Ok(Vec::new()), |entry| zips(entry.node, &axes))?;
    Ok(GridSpec { axes, zips, conditions, search, span })
}

/// Puts a searched key right behind the keys that its start depends on: those of the grid, sections
/// and defaults may depend on it.
fn insert_searched(axes: &mut Vec<AxisSpec>, key: &SearchKey) {
    let names = match &key.start.value {
        Quantity::Expression(expression, _) => expression.names(),
        Quantity::Number(_) => Vec::new(),
    };
    let needed = |spec: &AxisSpec| spec.axis <= axis::T || names.iter().any(|name| *name == AXES[spec.axis].name);
    let at = axes.iter().rposition(needed).map_or(0, |last| last + 1);
    axes.insert(at, AxisSpec { axis: key.axis, elements: vec![key.start.clone()], listed: false });
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
