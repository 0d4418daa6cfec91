//! Taking keys out of a table, with the errors that each may cause.

use std::ops::Range;

use crate::axis::written;
use crate::config::diagnostic::{Diagnostic, did_you_mean};
use crate::config::document::{Entry, Node, Value};
use crate::config::keys::{self, Key, Kind};
use crate::config::source::Span;

/// A table whose keys are taken out one by one.
pub(crate) struct TableReader {
    name: String,
    /// The keys not yet taken, in the order of the text.
    pub(crate) entries: Vec<Entry>,
}

impl TableReader {
    pub(crate) fn new(name: &str, node: Node) -> Result<Self, Diagnostic> {
        match node.value {
            Value::Table(entries) => Ok(Self { name: name.to_owned(), entries }),
            other => Err(wrong_kind(name, "a table", &other, node.span)),
        }
    }

    pub(crate) fn take(&mut self, key: &str) -> Option<Entry> {
        let at = self.entries.iter().position(|e| e.key == key)?;
        Some(self.entries.remove(at))
    }

    /// A section of this one, empty if absent, with no key but those it knows.
    pub(crate) fn section(&mut self, key: &str) -> Result<Self, Diagnostic> {
        let Some(entry) = self.take(key) else { return Ok(Self { name: format!("[{key}]"), entries: Vec::new() }) };
        let section = Self::new(&format!("[{key}]"), entry.node)?;
        section.check_keys(&keys::of(key))?;
        Ok(section)
    }

    pub(crate) fn check_keys(&self, known: &[&str]) -> Result<(), Diagnostic> {
        self.refuse_unknown(known, &format!("in {}", self.name), "not known here")
    }

    /// Refuses keys that are not known at this place, all of them in one message.
    pub(crate) fn refuse_unknown(&self, known: &[&str], place: &str, label: &str) -> Result<(), Diagnostic> {
        let mut unknown = self.entries.iter().filter(|e| !known.contains(&e.key.as_str()));
        let Some(first) = unknown.next() else { return Ok(()) };
        let mut help = keys::remedy(&first.key, &first.key_span, known);
        for other in unknown {
            // What is known here was said of the first.
            let remedy = keys::remedy(&other.key, &other.key_span, known);
            let remedy = remedy.split("known here:").next().unwrap_or_default().trim();
            help += &format!(
                "\n`{}` is unknown too{}",
                other.key,
                if remedy.is_empty() { String::new() } else { format!(": {remedy}") }
            );
        }
        let title = format!("unknown key `{}` {place}", first.key);
        Err(Diagnostic::new(title).at(first.key_span.clone(), label).help(help))
    }

    /// A key that is a whole number, which is `default` where it is not given.
    pub(crate) fn whole_or(&mut self, key: &Key, default: i64) -> Result<i64, Diagnostic> {
        let Kind::Whole { min, max, .. } = key.kind else { return Ok(default) };
        let help = format!("without it, `{}` is {default}", key.name);
        Ok(self.optional_whole(key.name, min, max, &help)?.unwrap_or(default))
    }

    /// A key that is a whole number.
    pub(crate) fn whole(&mut self, key: &Key) -> Result<i64, Diagnostic> {
        let Kind::Whole { default, .. } = key.kind else { return Ok(0) };
        self.whole_or(key, default)
    }

    /// A whole number from `min` to `max`; `help` says what to do if it is none.
    pub(crate) fn optional_whole(
        &mut self,
        key: &str,
        min: i64,
        max: i64,
        help: &str,
    ) -> Result<Option<i64>, Diagnostic> {
        let Some(entry) = self.take(key) else { return Ok(None) };
        match entry.node.value {
            Value::Int(value) if (min..=max).contains(&value) => Ok(Some(value)),
            Value::Int(value) => Err(Diagnostic::new(format!("`{key}` is out of range"))
                .at(entry.node.span, format!("{value} is not between {min} and {max}"))
                .help(help)),
            other => {
                let expected = "an integer";
                let help = rewritten(expected, &other).unwrap_or_else(|| format!("give {expected}; {help}"));
                Err(wrong_type(key, expected, &other, entry.node.span).help(help))
            }
        }
    }

    /// A key that is a number, which is `default` where it is not given.
    pub(crate) fn real_or(&mut self, key: &Key, default: f64) -> Result<f64, Diagnostic> {
        let Kind::Real { min, max, .. } = key.kind else { return Ok(default) };
        let help = format!("without it, `{}` is {default}", key.name);
        Ok(self.optional_real(key.name, min..max, &help)?.unwrap_or(default))
    }

    /// A key that is a number.
    pub(crate) fn real(&mut self, key: &Key) -> Result<f64, Diagnostic> {
        let Kind::Real { default, .. } = key.kind else { return Ok(f64::NAN) };
        self.real_or(key, default)
    }

    /// A number within a range, both ends included; `help` says what to do if it is none.
    pub(crate) fn optional_real(
        &mut self,
        key: &str,
        range: Range<f64>,
        help: &str,
    ) -> Result<Option<f64>, Diagnostic> {
        let Some(entry) = self.take(key) else { return Ok(None) };
        let value = number(key, &entry.node, help)?;
        if (range.start..=range.end).contains(&value) {
            return Ok(Some(value));
        }
        Err(Diagnostic::new(format!("`{key}` is out of range"))
            .at(
                entry.node.span,
                format!("{} is not between {} and {}", written(value), written(range.start), written(range.end)),
            )
            .help(help))
    }

    /// A key that is a truth value, which is `default` where it is not given.
    pub(crate) fn truth_or(&mut self, key: &Key, default: bool) -> Result<bool, Diagnostic> {
        match self.take(key.name).map(|e| e.node) {
            None => Ok(default),
            Some(Node { value: Value::Bool(truth), .. }) => Ok(truth),
            Some(node) => Err(wrong_kind(key.name, "true or false", &node.value, node.span)),
        }
    }

    /// One of several words; the first is the default.
    pub(crate) fn choice<C: Copy>(&mut self, key: &str, choices: &[(&str, C)]) -> Result<C, Diagnostic> {
        let Some(entry) = self.take(key) else { return Ok(choices[0].1) };
        let names: Vec<&str> = choices.iter().map(|(name, _)| *name).collect();
        match &entry.node.value {
            Value::Text(text) => match choices.iter().find(|(name, _)| name == text) {
                Some(&(_, choice)) => Ok(choice),
                None => Err(Diagnostic::new(format!("`{key}` cannot be \"{text}\""))
                    .at(entry.node.span, "not one of its values")
                    .help(did_you_mean(text, &names))),
            },
            other => Err(wrong_kind(key, &format!("one of {}", names.join(", ")), other, entry.node.span)),
        }
    }
}

/// The wrong type for a key that has a default.
pub(crate) fn wrong_kind(key: &str, expected: &str, found: &Value, span: Span) -> Diagnostic {
    let help =
        rewritten(expected, found).unwrap_or_else(|| format!("give {expected}, or remove `{key}` for its default"));
    wrong_type(key, expected, found, span).help(help)
}

/// The wrong type for a key that must be there.
pub(crate) fn wrong_type(key: &str, expected: &str, found: &Value, span: Span) -> Diagnostic {
    let found_kind = match found {
        Value::Float(_) if expected.contains("integer") => "a number with a point or an exponent",
        found => found.kind(),
    };
    let help = rewritten(expected, found).unwrap_or_else(|| format!("give {expected}"));
    Diagnostic::new(format!("`{key}` has the wrong type"))
        .at(span, format!("expected {expected}, found {found_kind}"))
        .help(help)
}

/// How to write what was meant, if that is clear.
fn rewritten(expected: &str, found: &Value) -> Option<String> {
    match found {
        Value::Float(x) if expected.contains("integer") && x.fract() == 0.0 && x.abs() < 1e15 => {
            Some(format!("write {x}"))
        }
        Value::Text(text) if expected.contains("true") && ["true", "false"].contains(&text.to_lowercase().as_str()) => {
            Some(format!("write {}, in small letters and without quotes", text.to_lowercase()))
        }
        Value::Text(text)
            if (expected.contains("number") || expected.contains("integer")) && text.parse::<f64>().is_ok() =>
        {
            Some(format!("write {text} without quotes"))
        }
        _ => None,
    }
}

/// The number that `key` must be; `help` says what to do if it is none.
pub(crate) fn number(key: &str, node: &Node, help: &str) -> Result<f64, Diagnostic> {
    match node.value {
        Value::Int(value) => Ok(value as f64),
        Value::Float(value) => Ok(value),
        ref other => {
            let expected = "a number";
            let help = rewritten(expected, other).unwrap_or_else(|| format!("give {expected}; {help}"));
            Err(wrong_type(key, expected, other, node.span.clone()).help(help))
        }
    }
}
