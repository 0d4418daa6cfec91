//! Ctrl-C, SIGTERM and a closed terminal: what is finished is kept, and the user is told how to go on.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::level;
use crate::terminal::say;

static REQUESTED: AtomicBool = AtomicBool::new(false);
/// What wakes the thread that has finished jobs in hand; none while nobody has.
static WAKE: Mutex<Option<Box<dyn Fn() + Send>>> = Mutex::new(None);

/// Exit code of an interrupted run.
pub const EXIT_CODE: u8 = 130;

/// From here on a first signal stops the run within an instant, however long its jobs are; a second one ends the program
/// at once.
pub fn listen() {
    // Without a handler a signal ends the program at once, and finished parts are still kept.
    let _ = ctrlc::set_handler(|| {
        if REQUESTED.swap(true, Ordering::Relaxed) {
            std::process::exit(EXIT_CODE.into());
        }
        match &*wake() {
            Some(wake) => wake(),
            // Before the first job and after the last one there is nothing to keep that is not kept.
            // On a thread of its own: the terminal may take no text, and a second signal must be heard.
            None => drop(std::thread::spawn(|| {
                say(&format!("interrupted: finished jobs are kept; continue with\n\n    {}", continuing_command()));
                std::process::exit(EXIT_CODE.into());
            })),
        }
    });
}

fn wake() -> MutexGuard<'static, Option<Box<dyn Fn() + Send>>> {
    WAKE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// While this lives, a signal calls an action instead of ending the program.
#[derive(Debug)]
pub struct Waiting;

/// Has a signal call `action` from here on.
pub fn call(action: impl Fn() + Send + 'static) -> Waiting {
    *wake() = Some(Box::new(action));
    Waiting
}

impl Drop for Waiting {
    fn drop(&mut self) {
        *wake() = None;
    }
}

/// The command that started this program, quoted for a shell.
#[must_use]
pub fn command() -> String {
    let words = std::env::args_os().map(|word| quoted(&word.to_string_lossy()));
    words.collect::<Vec<_>>().join(" ")
}

/// The command that continues an interrupted run: the one that started it, with its kernels.
#[must_use]
pub fn continuing_command() -> String {
    match std::env::var(level::VARIABLE) {
        Ok(value) => format!("{}={} {}", level::VARIABLE, quoted(&value), command()),
        Err(_) => command(),
    }
}

/// A word as a shell would have it.
#[must_use]
pub fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || "-_./=,:+@".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}
