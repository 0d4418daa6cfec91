//! The names in expressions and conditions: each must be an axis that is known where it is used.

use crate::axis::{self, AXES};
use crate::config::diagnostic::{Diagnostic, did_you_mean};
use crate::config::settings::{AxisSpec, Condition, Element, Quantity};
use crate::config::source::Span;

/// Every name an expression uses must be an axis that is resolved before it; a condition may use
/// all.
pub(crate) fn check_names(axes: &[AxisSpec], conditions: &[Condition]) -> Result<(), Diagnostic> {
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

/// Every name that a bound of the search uses must be an axis with numbers.
pub(crate) fn check_bound(key: &str, bound: &Element) -> Result<(), Diagnostic> {
    let Quantity::Expression(expression, text) = &bound.value else { return Ok(()) };
    for name in expression.names() {
        if axis::index(name).is_none_or(|i| AXES[i].names().is_some()) {
            let (label, help) = no_number(name);
            let wrong = Diagnostic::new(format!("`{key}` has a bad expression")).help(help);
            return Err(match &bound.span {
                Some(span) => wrong.at(place_of(span, text, name), label),
                None => wrong,
            });
        }
    }
    Ok(())
}

/// The help for an axis whose expression uses `used`, which is the same axis or comes later.
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

/// Label and help for a name in an expression that is no axis with numbers.
fn no_number(name: &str) -> (String, String) {
    let numbers: Vec<&str> = AXES.iter().filter(|a| a.names().is_none()).map(|a| a.name).collect();
    if axis::index(name).is_some() {
        let label = format!("`{name}` is a word, and no number");
        let help = format!(
            "only numbers may stand here: {}; what holds for one `{name}` only goes into a \
             [[grid]] of its own",
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
