//! An error that shows the line, points at the place and says what to do.

use std::fmt;

use annotate_snippets::renderer::DecorStyle;
use annotate_snippets::{AnnotationKind, Level, Renderer, Snippet};

use crate::source::Span;

/// A mistake in what the user wrote. Exit code 2; nothing on disk has been touched.
#[derive(Debug, Clone, PartialEq)]
pub struct Diagnostic {
    title: String,
    place: Option<(Span, String)>,
    help: Option<String>,
}

impl Diagnostic {
    /// What is wrong, in a few words without a full stop.
    pub fn new(title: impl Into<String>) -> Self {
        Self { title: title.into(), place: None, help: None }
    }

    /// Where it is, and what is there.
    #[must_use]
    pub fn at(mut self, span: Span, label: impl Into<String>) -> Self {
        self.place = Some((span, label.into()));
        self
    }

    /// What to do about it.
    #[must_use]
    pub fn help(mut self, text: impl Into<String>) -> Self {
        self.help = Some(text.into());
        self
    }

    /// The message as printed, with colours (which the output stream strips where unwanted).
    #[must_use]
    pub fn render(&self) -> String {
        let renderer = Renderer::styled().decor_style(DecorStyle::Ascii);
        let title = Level::ERROR.primary_title(&self.title);
        let mut group = match &self.place {
            Some((span, label)) => {
                let text = &span.source.text;
                let end = text.ceil_char_boundary(span.range.end);
                let start = text.floor_char_boundary(span.range.start.min(end));
                let annotation = AnnotationKind::Primary.span(start..end).label(label);
                title.element(Snippet::source(text).path(&span.source.name).annotation(annotation))
            }
            None => title.elements(std::iter::empty::<annotate_snippets::Message<'_>>()),
        };
        if let Some(help) = &self.help {
            group = group.element(Level::HELP.message(help));
        }
        renderer.render(&[group])
    }
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.title)
    }
}

impl std::error::Error for Diagnostic {}

/// The known name nearest to what was typed, if any is near enough to be meant; or else the only one it abbreviates.
#[must_use]
pub fn nearest<'n>(typed: &str, known: impl IntoIterator<Item = &'n str>) -> Option<&'n str> {
    let lower = typed.to_lowercase();
    let known: Vec<&str> = known.into_iter().collect();
    let near = known
        .iter()
        .map(|name| (strsim::damerau_levenshtein(&lower, &name.to_lowercase()), name))
        .filter(|&(distance, name)| {
            let (typed, known) = (lower.chars().count(), name.chars().count());
            distance < typed.max(1) && distance <= typed.max(known).div_ceil(3)
        })
        .min_by_key(|&(distance, _)| distance)
        .map(|(_, &name)| name);
    near.or_else(|| {
        let mut short = known.into_iter().filter(|name| abbreviated(typed, name));
        short.next().filter(|name| short.all(|other| other == *name))
    })
}

/// Whether `typed` is the beginning of `name`, or one of the words in it.
pub(crate) fn abbreviated(typed: &str, name: &str) -> bool {
    let lower = typed.to_lowercase();
    lower.len() >= 3 && (name.starts_with(&lower) || name.split('_').any(|word| word == lower))
}

/// The help for an unknown name: the nearest known one and all of them.
#[must_use]
pub fn did_you_mean(typed: &str, known: &[&str]) -> String {
    let all = known.join(", ");
    match nearest(typed, known.iter().copied()) {
        Some(name) => format!("did you mean `{name}`? known here: {all}"),
        None => format!("known here: {all}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_name_is_found_but_not_any_name() {
        let known = ["batch_size", "eta_boost", "eta_sparse", "N"];
        assert_eq!(nearest("batchsize", known), Some("batch_size"));
        assert_eq!(nearest("eta_bost", known), Some("eta_boost"));
        assert_eq!(nearest("n", known), Some("N"));
        assert_eq!(nearest("temperature", known), None);
        assert_eq!(nearest("x", known), None);
        assert_eq!(nearest("", known), None);
        assert_eq!((nearest("batch", known), nearest("sparse", known)), (Some("batch_size"), Some("eta_sparse")));
        assert_eq!(nearest("eta", known), None, "there are two");
    }
}
