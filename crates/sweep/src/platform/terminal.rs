//! Printing, to streams that may be full or closed, in lines that fit the terminal.

use std::io::{ErrorKind, IsTerminal, Write};

use report::terminal::WIDTHS;
pub(crate) use report::terminal::{glued as unbroken, wrapped};
use terminal_size::{Width, terminal_size_of};
use thiserror::Error;

/// Columns of what is printed, where neither a terminal nor COLUMNS says how many.
const COLUMNS: usize = 100;

/// The answer could not be printed.
#[derive(Debug, Error)]
#[error("cannot print: {0}")]
pub struct PrintError(std::io::Error);

/// Prints an answer to the standard output.
///
/// # Errors
/// When it cannot be printed. A reader that stops early, as `head` does, is no error.
pub(crate) fn print(text: &str) -> Result<(), PrintError> {
    let mut out = anstream::stdout();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        done => done.map_err(PrintError),
    }
}

/// Columns for the answer: those of the terminal, or else what COLUMNS says, and from 60 to 120.
pub(crate) fn answer_columns() -> usize {
    let from_variable = || std::env::var("COLUMNS").ok()?.trim().parse().ok();
    let columns = terminal_size_of(std::io::stdout()).map(|(Width(columns), _)| usize::from(columns));
    columns.or_else(from_variable).unwrap_or(COLUMNS).clamp(*WIDTHS.start(), *WIDTHS.end())
}

/// Columns for what is said on the standard error. `None` off a terminal: there a sentence is one
/// line, so that a log can be searched for it.
pub(crate) fn message_columns() -> Option<usize> {
    if !std::io::stderr().is_terminal() {
        return None;
    }
    let columns = terminal_size_of(std::io::stderr()).map_or(80, |(Width(columns), _)| usize::from(columns));
    Some(columns.max(*WIDTHS.start()))
}

/// Says something on the standard error, in lines that fit it. It goes on if that cannot be
/// printed.
pub(crate) fn say(text: &str) {
    say_as_it_is(&fitted(text, message_columns()));
}

/// As [`say`], but the text is not wrapped.
pub(crate) fn say_as_it_is(text: &str) {
    let _ = writeln!(anstream::stderr(), "{text}");
}

/// `text` with its lines wrapped below their own beginning. A line of four spaces or more after an
/// empty one is a command, which stays whole, so that it can be copied.
pub(crate) fn fitted(text: &str, columns: Option<usize>) -> String {
    let Some(columns) = columns else { return text.to_owned() };
    let (mut lines, mut after_empty) = (Vec::new(), false);
    for line in text.split('\n') {
        let inner = line.trim_start();
        let indent = &line[..line.len() - inner.len()];
        if after_empty && indent.len() >= 4 {
            lines.push(line.to_owned());
        } else {
            let rest = if indent.is_empty() { String::new() } else { format!("{indent}  ") };
            lines.extend(wrapped(inner, indent, &rest, columns));
        }
        after_empty = line.is_empty();
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sentences_wrap_and_commands_do_not() {
        let command = "sweep run a_rather_long_name.toml replicates=500 -j 1 -o out/with/a/long/path --color never";
        let text = format!("interrupted: 3 of 40 jobs are done and kept, 37 left; continue with\n\n    {command}");
        let shown = fitted(&text, Some(60));
        assert_eq!(
            shown,
            format!("interrupted: 3 of 40 jobs are done and kept, 37 left;\ncontinue with\n\n    {command}")
        );
        assert_eq!(fitted(&text, None), text);
        let described = "job 12ab failed: there is nothing to learn\n    N=3 Q=1 T=64 batch_size=16";
        let lines = fitted(described, Some(28));
        assert_eq!(lines, "job 12ab failed: there is\nnothing to learn\n    N=3 Q=1 T=64\n      batch_size=16");
    }
}
