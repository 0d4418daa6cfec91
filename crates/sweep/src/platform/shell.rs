//! Words and paths in commands for a shell: those that are shown, and those in scripts.

use std::path::Path;

/// A word as a shell reads it, in quotes if it needs them.
///
/// Not by `shlex`, which quotes `=` and `,`, which every override has, and cuts a word in two at
/// `^`.
#[must_use]
pub fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || "-_./=,:+@".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

/// A path as a shell reads it, in quotes if it needs them.
#[must_use]
pub fn quoted_path(path: &Path) -> String {
    quoted(&path.display().to_string())
}

/// The command that started this program, quoted for a shell.
#[must_use]
pub fn command() -> String {
    let words = std::env::args_os().map(|word| quoted(&word.to_string_lossy()));
    words.collect::<Vec<_>>().join(" ")
}
