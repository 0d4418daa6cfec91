//! Text that fits a terminal.

use textwrap::{Options, WordSeparator, WordSplitter, WrapAlgorithm};

/// Stands for a space at which no line may end.
const GLUE: char = '\u{a0}';

/// `text` in lines of at most `width` characters, broken at spaces; the first line begins with
/// `first`, the others with `rest`. A word that is longer than a line stays whole. Numbers keep
/// their `%`, intervals their ends and equations their sides.
#[must_use]
pub fn wrapped(text: &str, first: &str, rest: &str, width: usize) -> Vec<String> {
    if text.is_empty() {
        // The library would leave out what the line begins with.
        return vec![first.to_owned()];
    }
    let text = text.replace(" %", "\u{a0}%").replace(" = ", "\u{a0}=\u{a0}").replace("(ln T)", "(ln\u{a0}T)");
    let text = intervals_glued(&text);
    let options = Options::new(width)
        .initial_indent(first)
        .subsequent_indent(rest)
        // Paths and names of keys are to be copied, so no line ends within them.
        .word_separator(WordSeparator::AsciiSpace)
        .word_splitter(WordSplitter::NoHyphenation)
        .wrap_algorithm(WrapAlgorithm::FirstFit)
        .break_words(false);
    textwrap::wrap(&text, options).iter().map(|line| line.replace(GLUE, " ")).collect()
}

/// `text` with no space left in which a line could end between `[` and `]`.
fn intervals_glued(text: &str) -> String {
    let mut inside = false;
    let glue = |letter: char| {
        inside = letter == '[' || (inside && letter != ']');
        if inside && letter == ' ' { GLUE } else { letter }
    };
    text.chars().map(glue).collect()
}

/// `text` with its spaces made such that [`wrapped`] breaks no line there.
#[must_use]
pub fn glued(text: &str) -> String {
    text.replace(' ', "\u{a0}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_end_at_spaces_and_words_stay_whole() {
        assert_eq!(wrapped("one two three", "- ", "  ", 9), ["- one two", "  three"]);
        assert_eq!(wrapped("a verylongword b", "", "", 6), ["a", "verylongword", "b"]);
        assert_eq!(wrapped("in 90 % of T = 64 runs", "", "", 9), ["in 90 %", "of T = 64", "runs"]);
        assert_eq!(wrapped(&format!("see {} now", glued("a path")), "", "", 7), ["see", "a path", "now"]);
        assert_eq!(wrapped("T^1 [0, 2] or (ln T)^4", "", "", 9), ["T^1", "[0, 2] or", "(ln T)^4"]);
        assert_eq!(wrapped("", "x", "y", 5), ["x"]);
        assert_eq!(wrapped("é é é", "", "", 3), ["é é", "é"]);
    }
}
