//! TOML as a tree in which everything knows where it was written.
//!
//! A command-line override is a document of its own, so that its errors show a caret too.

use std::ops::Range;
use std::sync::Arc;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::config::diagnostic::Diagnostic;
use crate::config::source::{Source, Span};

/// A value and where it was written.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    /// Where.
    pub span: Span,
    /// What.
    pub value: Value,
}

/// What TOML can say, dates aside.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// An integer.
    Int(i64),
    /// A float.
    Float(f64),
    /// A truth value.
    Bool(bool),
    /// A string.
    Text(String),
    /// An array.
    List(Vec<Node>),
    /// A table.
    Table(Vec<Entry>),
}

impl Value {
    /// What it is, for "expected .., found ..".
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Int(_) => "an integer",
            Self::Float(_) => "a number",
            Self::Bool(_) => "true or false",
            Self::Text(_) => "a string",
            Self::List(_) => "a list",
            Self::Table(_) => "a table",
        }
    }
}

/// One key of a table, in the order of the text.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// The key.
    pub key: String,
    /// Where the key stands.
    pub key_span: Span,
    /// Its value.
    pub node: Node,
}

/// Parses a TOML document.
///
/// # Errors
/// Where it is no TOML.
pub fn parse(source: &Arc<Source>) -> Result<Node, Diagnostic> {
    let table = DeTable::parse(&source.text).map_err(|error| {
        let range = error.span().unwrap_or(0..0);
        Diagnostic::new("this is not valid TOML").at(Span { source: Arc::clone(source), range }, error.message()).help(
            "strings are quoted, lists are written [1, 2], true and false in small letters, a \
             section starts with [name]",
        )
    })?;
    let range = table.span();
    let span = Span { source: Arc::clone(source), range };
    Ok(Node { value: Value::Table(entries(&Origin { source, offset: 0 }, table.get_ref())?), span })
}

/// Parses the value of an override as TOML would, or as a bare string: `3`, `0.1`, `[3, 4]`, `T/4`.
pub(crate) fn parse_value(source: &Arc<Source>, range: Range<usize>) -> Result<Node, Diagnostic> {
    let text = &source.text[range.clone()];
    let span = Span { source: Arc::clone(source), range: range.clone() };
    match DeValue::parse(text) {
        Ok(value) => node(&Origin { source, offset: range.start }, &value),
        Err(_) => Ok(Node { span, value: Value::Text(text.to_owned()) }),
    }
}

/// Where the bytes of a parsed text stand in a source.
struct Origin<'s> {
    source: &'s Arc<Source>,
    offset: usize,
}

impl Origin<'_> {
    fn span(&self, range: Range<usize>) -> Span {
        Span { source: Arc::clone(self.source), range: self.offset + range.start..self.offset + range.end }
    }
}

fn entries(origin: &Origin<'_>, table: &DeTable<'_>) -> Result<Vec<Entry>, Diagnostic> {
    let mut entries = table
        .iter()
        .map(|(key, value)| {
            let key_span = origin.span(key.span());
            Ok(Entry { key: key.get_ref().to_string(), key_span, node: node(origin, value)? })
        })
        .collect::<Result<Vec<_>, Diagnostic>>()?;
    // The parser sorts keys by name; the order of the text matters to us.
    entries.sort_by_key(|entry| entry.key_span.range.start);
    Ok(entries)
}

fn node(origin: &Origin<'_>, value: &Spanned<DeValue<'_>>) -> Result<Node, Diagnostic> {
    let span = origin.span(value.span());
    let value = match value.get_ref() {
        DeValue::String(text) => Value::Text(text.to_string()),
        DeValue::Boolean(truth) => Value::Bool(*truth),
        DeValue::Integer(digits) => match i64::from_str_radix(&digits.as_str().replace('_', ""), digits.radix()) {
            Ok(number) => Value::Int(number),
            Err(_) => {
                return Err(Diagnostic::new("this integer is too large")
                    .at(span, "does not fit 64 bits")
                    .help("use a smaller one"));
            }
        },
        DeValue::Float(digits) => match digits.as_str().replace('_', "").parse() {
            Ok(number) => Value::Float(number),
            Err(_) => {
                return Err(Diagnostic::new("this is no number")
                    .at(span, "cannot be read")
                    .help("for example 0.1 or 1e-3"));
            }
        },
        DeValue::Array(items) => Value::List(items.iter().map(|item| node(origin, item)).collect::<Result<_, _>>()?),
        DeValue::Table(table) => Value::Table(entries(origin, table)?),
        DeValue::Datetime(_) => {
            return Err(Diagnostic::new("a date has no meaning here")
                .at(span, "expected a number, a string or a list")
                .help("for text, put it in quotes"));
        }
    };
    Ok(Node { span, value })
}
