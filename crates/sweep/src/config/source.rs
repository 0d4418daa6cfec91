//! Texts that configuration is read from, and places in them.

use std::ops::Range;
use std::sync::Arc;

/// The name of the source that an override is.
pub(crate) const COMMAND_LINE: &str = "command line";

/// A text that configuration is read from.
#[derive(Debug, PartialEq, Eq)]
pub struct Source {
    /// Path of the file, or "command line".
    pub name: String,
    /// All of it.
    pub text: String,
}

impl Source {
    /// Whether it is an override.
    pub(crate) fn is_command_line(&self) -> bool {
        self.name == COMMAND_LINE
    }
}

/// A place in a [`Source`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Span {
    /// Where.
    pub source: Arc<Source>,
    /// Byte range.
    pub range: Range<usize>,
}

impl Span {
    /// What is written there.
    #[must_use]
    pub fn text(&self) -> &str {
        self.source.text.get(self.range.clone()).unwrap_or("")
    }

    /// The place of the bytes `inner` of a string `text` that this span holds. The whole span if
    /// the string was written with escapes, so that the place cannot be told.
    #[must_use]
    pub fn within(&self, text: &str, inner: Range<usize>) -> Self {
        let Some(offset) = self.text().find(text).filter(|_| !text.is_empty()) else {
            return self.clone();
        };
        let start = self.range.start + offset;
        Self { source: Arc::clone(&self.source), range: start + inner.start..start + inner.end }
    }
}
