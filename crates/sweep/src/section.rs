//! Taking keys out of a table, with the errors that each may cause.

use std::ops::Range;

use report::record::written;

use crate::diagnostic::{Diagnostic, did_you_mean};
use crate::document::{Entry, Node, Value};
use crate::source::Span;

/// A table whose keys are taken out one by one.
pub(crate) struct Section {
    name: String,
    /// The keys not yet taken, in the order of the text.
    pub(crate) entries: Vec<Entry>,
}

impl Section {
    pub(crate) fn new(name: &str, node: Node) -> Result<Self, Diagnostic> {
        match node.value {
            Value::Table(entries) => Ok(Self { name: name.to_owned(), entries }),
            other => Err(wrong_kind(name, "a table", &other, node.span)),
        }
    }

    pub(crate) fn has(&self, key: &str) -> bool {
        self.entries.iter().any(|e| e.key == key)
    }

    pub(crate) fn take(&mut self, key: &str) -> Option<Entry> {
        let at = self.entries.iter().position(|e| e.key == key)?;
        Some(self.entries.remove(at))
    }

    /// A section of this one, empty if absent, with no key but `known`.
    pub(crate) fn section(&mut self, key: &str, known: &[&str]) -> Result<Self, Diagnostic> {
        let Some(entry) = self.take(key) else { return Ok(Self { name: format!("[{key}]"), entries: Vec::new() }) };
        let section = Self::new(&format!("[{key}]"), entry.node)?;
        section.only(known)?;
        Ok(section)
    }

    pub(crate) fn only(&self, known: &[&str]) -> Result<(), Diagnostic> {
        match self.entries.iter().find(|e| !known.contains(&e.key.as_str())) {
            None => Ok(()),
            Some(entry) => Err(Diagnostic::new(format!("unknown key `{}` in {}", entry.key, self.name))
                .at(entry.key_span.clone(), "not known here")
                .help(did_you_mean(&entry.key, known))),
        }
    }

    pub(crate) fn whole(&mut self, key: &str, default: i64, min: i64, max: i64) -> Result<i64, Diagnostic> {
        let Some(entry) = self.take(key) else { return Ok(default) };
        match entry.node.value {
            Value::Int(value) if (min..=max).contains(&value) => Ok(value),
            Value::Int(value) => Err(Diagnostic::new(format!("`{key}` is out of range"))
                .at(entry.node.span, format!("{value} is not between {min} and {max}"))
                .help(format!("without this line it is {default}"))),
            other => Err(wrong_kind(key, "an integer", &other, entry.node.span)),
        }
    }

    /// A number within a range, both ends included.
    pub(crate) fn real(&mut self, key: &str, default: f64, range: Range<f64>) -> Result<f64, Diagnostic> {
        let value = self.optional_real(key, range);
        Ok(value.map_err(|wrong| wrong.help(format!("without this line it is {default}")))?.unwrap_or(default))
    }

    pub(crate) fn optional_real(&mut self, key: &str, range: Range<f64>) -> Result<Option<f64>, Diagnostic> {
        let Some(entry) = self.take(key) else { return Ok(None) };
        let value = number(key, &entry.node)?;
        if (range.start..=range.end).contains(&value) {
            return Ok(Some(value));
        }
        Err(Diagnostic::new(format!("`{key}` is out of range"))
            .at(
                entry.node.span,
                format!("{} is not between {} and {}", written(value), written(range.start), written(range.end)),
            )
            .help("give a value in this range, or remove the line"))
    }

    pub(crate) fn truth(&mut self, key: &str, default: bool) -> Result<bool, Diagnostic> {
        match self.take(key).map(|e| e.node) {
            None => Ok(default),
            Some(Node { value: Value::Bool(truth), .. }) => Ok(truth),
            Some(node) => Err(wrong_kind(key, "true or false", &node.value, node.span)),
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

pub(crate) fn wrong_kind(key: &str, expected: &str, found: &Value, span: Span) -> Diagnostic {
    Diagnostic::new(format!("`{key}` has the wrong type"))
        .at(span, format!("expected {expected}, found {}", found.kind()))
        .help(format!("give {expected}, or remove `{key}` for its default"))
}

pub(crate) fn number(key: &str, node: &Node) -> Result<f64, Diagnostic> {
    match node.value {
        Value::Int(value) => Ok(value as f64),
        Value::Float(value) => Ok(value),
        ref other => Err(wrong_kind(key, "a number", other, node.span.clone())),
    }
}
