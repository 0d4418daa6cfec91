//! The values of one axis: a scalar, a list or a range of numbers, names or expressions.

use std::sync::Arc;

use crate::axis::{AXES, Domain, written};
use crate::config::diagnostic::{Diagnostic, did_you_mean};
use crate::config::document::{self, Entry, Node, Value};
use crate::config::expression::{Expression, Kind, significant};
use crate::config::settings::{Element, Quantity};
use crate::config::source::{Source, Span};
use crate::config::table_reader::{TableReader, number, wrong_kind, wrong_type};
use crate::platform::shell::quoted;

/// The most values that ranges may have together, so that a short text cannot ask for all memory
/// there is.
pub(crate) const MAX_RANGE_VALUES: usize = 200_000;

/// The values of one axis: a scalar, a list or a range.
pub(crate) fn elements(index: usize, node: Node, values: &mut usize) -> Result<Vec<Element>, Diagnostic> {
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

pub(crate) fn element(index: usize, node: Node) -> Result<Element, Diagnostic> {
    let axis = &AXES[index];
    let span = Some(node.span.clone());
    let value = match (&node.value, axis.names()) {
        (Value::Text(text), Some(names)) => match names.iter().position(|name| name == text) {
            Some(found) => Quantity::Number(found as f64),
            None => {
                let (title, label) = match axis.domain {
                    Domain::Algorithm => (format!("there is no algorithm \"{text}\""), "not known"),
                    _ => (format!("`{}` cannot be \"{text}\"", axis.name), "not one of its values"),
                };
                return Err(Diagnostic::new(title).at(node.span, label).help(did_you_mean(text, &names)));
            }
        },
        (other, Some(names)) => {
            let kind = match axis.domain {
                Domain::Algorithm => "the name of an algorithm".to_owned(),
                _ => format!("one of {}", names.join(", ")),
            };
            return Err(wrong_kind(axis.name, &kind, other, node.span));
        }
        (Value::Text(text), None) => match Expression::parse(text, Kind::Number) {
            Ok(expression) => Quantity::Expression(expression, text.clone()),
            Err(error) => {
                return Err(Diagnostic::new(format!("`{}` has a bad expression", axis.name))
                    .help(range_meant(axis.name, text, node.span.source.is_command_line()).unwrap_or_else(|| {
                        "write numbers, + - * / ^, brackets, min max sqrt ln log2 round floor \
                         ceil, and axes such as T"
                            .to_owned()
                    }))
                    .at(node.span.within(text, error.range), error.message));
            }
        },
        (Value::Int(_) | Value::Float(_), None) => {
            let number = number(axis.name, &node, "")?;
            if matches!(axis.domain, Domain::Whole { .. }) && number.fract() != 0.0 {
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

/// The value of an axis in its section, which gives all points the same.
pub(crate) fn only_value(index: usize, entry: Entry) -> Result<Node, Diagnostic> {
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
pub(crate) fn overriding(span: &Span) -> &str {
    span.source.text.split_once('=').map_or("", |(_, values)| values.trim())
}

/// How to write a range that the user wrote as a function, such as `linspace(0, 1, 5)`.
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

pub(crate) fn default_element(index: usize, text: &str) -> Result<Element, Diagnostic> {
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
    let mut table = TableReader::new(axis.name, node)?;
    table.check_keys(&["geom", "lin", "points"])?;
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
        return wrong("the ranges have too many values", span, format!("more than {MAX_RANGE_VALUES} with these"));
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
        // The ends are the numbers that the user wrote, to the last bit.
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
        // Rounding to whole numbers may repeat a value; the values are in order, so it is the last
        // one.
        let repeated = elements.last().is_some_and(|e| matches!(e.value, Quantity::Number(x) if x == value));
        if !repeated {
            elements.push(Element { value: Quantity::Number(value), span: Some(span.clone()) });
        }
    }
    Ok(elements)
}
