//! Ctrl-C and SIGTERM: what is finished is kept, and the user is told how to go on.

use std::sync::atomic::{AtomicBool, Ordering};

use crate::level;

static REQUESTED: AtomicBool = AtomicBool::new(false);

/// Exit code of an interrupted run.
pub const EXIT_CODE: u8 = 130;

/// From here on a first signal asks the run to stop; a second one ends the program at once.
pub fn listen() {
    // Without a handler a signal ends the program at once, and finished parts are still kept.
    let _ = ctrlc::set_handler(|| {
        if REQUESTED.swap(true, Ordering::Relaxed) {
            std::process::exit(EXIT_CODE.into());
        }
    });
}

/// Whether the run was asked to stop.
#[must_use]
pub fn requested() -> bool {
    REQUESTED.load(Ordering::Relaxed)
}

/// The command that continues an interrupted run: the one that started it, quoted for a shell.
#[must_use]
pub fn continuing_command() -> String {
    let quoted = |word: String| {
        let plain = |c: char| c.is_alphanumeric() || "-_./=,:+@".contains(c);
        if !word.is_empty() && word.chars().all(plain) { word } else { format!("'{}'", word.replace('\'', r"'\''")) }
    };
    let level = std::env::var(level::VARIABLE).ok().map(|value| format!("{}={}", level::VARIABLE, quoted(value)));
    let words = std::env::args_os().map(|word| quoted(word.to_string_lossy().into_owned()));
    level.into_iter().chain(words).collect::<Vec<_>>().join(" ")
}
