//! An error that shows the line, points at the place and says what to do.

use std::fmt;

use annotate_snippets::renderer::DecorStyle;
use annotate_snippets::{AnnotationKind, Level, Renderer, Snippet};

use crate::config::source::Span;
use crate::platform::terminal::fitted;

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

    /// The message with colours, which the output stream removes where they are unwanted. Lines are
    /// not wrapped.
    #[must_use]
    pub fn render(&self) -> String {
        self.render_within(None)
    }

    /// The message in lines of so many columns; the line it shows is cut around the place if it is
    /// longer.
    pub(crate) fn render_within(&self, columns: Option<usize>) -> String {
        let renderer = Renderer::styled().decor_style(DecorStyle::Ascii);
        let renderer = columns.iter().fold(renderer, |renderer, &columns| renderer.term_width(columns));
        // Lines of a message start below its first word.
        let fitted =
            |text: &str, before: &str| fitted(text, columns.map(|columns| columns.saturating_sub(before.len())));
        let (said, mut note) = (fitted(&self.title, "error: "), None);
        let help = self.help.as_ref().map(|help| fitted(help, "12345 = help: "));
        let title = Level::ERROR.primary_title(&said);
        let mut group = match &self.place {
            Some((span, label)) => {
                let text = &span.source.text;
                let end = text.ceil_char_boundary(span.range.end);
                let start = text.floor_char_boundary(span.range.start.min(end));
                let mut annotation = AnnotationKind::Primary.span(start..end);
                let before = text[..start].rfind('\n').map_or(0, |newline| newline + 1);
                let taken = "12345 |  ".len() + text[before..end].chars().count() + label.chars().count();
                if columns.is_some_and(|columns| taken > columns) {
                    // It does not fit beside the place.
                    note = Some(fitted(label, "12345 = note: "));
                } else {
                    annotation = annotation.label(label);
                }
                title.element(Snippet::source(text).path(&span.source.name).annotation(annotation))
            }
            None => title.elements(std::iter::empty::<annotate_snippets::Message<'_>>()),
        };
        if let Some(note) = &note {
            group = group.element(Level::NOTE.message(note));
        }
        if let Some(help) = &help {
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

/// The known name that is most like what was typed, if it differs in a third of the letters at
/// most; or else the one that `typed` abbreviates, if there is one only or all others begin with it.
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
        let short: Vec<&str> = known.into_iter().filter(|name| abbreviated(typed, name)).collect();
        let shortest = short.iter().copied().min_by_key(|name| name.len())?;
        Some(shortest).filter(|name| short.iter().all(|other| other.starts_with(name)))
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
    fn a_message_fits_its_terminal() {
        let text = "[grid]\nbatch_size = [16, \"min(T/4, sqrt(40 - T))\"]\n".to_owned();
        let source = std::sync::Arc::new(crate::config::source::Source { name: "some.toml".to_owned(), text });
        let span = Span { source, range: 25..49 };
        let help =
            "change the expression, or drop such points with a `where`, or take another one; there are many of them";
        let wrong = Diagnostic::new("a title that takes more room than there is in a small terminal of sixty columns")
            .at(span, "gives what is no number at N = 3, Q = 1, T = 64")
            .help(help);
        let plain = |columns| anstream::adapter::strip_str(&wrong.render_within(columns)).to_string();
        let words = |text: &str| {
            let mut words: Vec<String> = text.split(|c: char| !c.is_alphanumeric()).map(str::to_owned).collect();
            words.sort();
            words.retain(|word| word.len() > 1 && word != "note");
            words
        };
        for columns in [60, 80, 100] {
            let shown = plain(Some(columns));
            assert!(shown.lines().all(|line| line.chars().count() <= columns), "{shown}");
            assert_eq!(words(&shown), words(&plain(None)), "{shown}");
        }
        assert!(plain(None).contains(help) && plain(None).lines().count() == 7, "{}", plain(None));
    }

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
