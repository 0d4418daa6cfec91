//! Ctrl-C, SIGTERM and a closed terminal: what is finished is kept, and the user is told how to go
//! on.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::error::INTERRUPTED;
use crate::execution::level;
use crate::platform::shell::{self, quoted};
use crate::platform::terminal::say;

static REQUESTED: AtomicBool = AtomicBool::new(false);
/// What is done on the first signal.
static ACTIONS: Mutex<Actions> = Mutex::new(Actions { wake: None, last: None });

type Action = Box<dyn Fn() + Send>;

struct Actions {
    /// Called instead of ending the program, while jobs run: it wakes the thread that stores them.
    wake: Option<Action>,
    /// Called before the program ends, if `wake` is none.
    last: Option<Action>,
}

/// From here on a first signal stops the run at once, however long its jobs are, and a second one
/// ends the program. SIGHUP, which a terminal sends when it is closed, is ignored if this program
/// was started to ignore it, as `nohup` does. SIGINT and SIGTERM are handled always: a shell starts
/// programs in the background with SIGINT ignored, but a signal that is sent by hand must stop
/// them.
pub fn listen() {
    // Without a handler a signal ends the program at once, and finished parts are still kept.
    #[cfg(unix)]
    {
        use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
        let ignored = ignored();
        let heard = [SIGINT, SIGTERM, SIGHUP].into_iter().filter(|&s| s != SIGHUP || ignored >> (s - 1) & 1 == 0);
        if let Ok(mut signals) = signal_hook::iterator::Signals::new(heard) {
            let listener = std::thread::Builder::new().name("signals".to_owned());
            // A terminal that closes may say so twice.
            let _ = listener.spawn(move || signals.forever().for_each(|signal| handle(signal != SIGHUP)));
        }
    }
    #[cfg(not(unix))]
    let _ = ctrlc::set_handler(|| handle(true));
}

/// The signals that this program was started to ignore, as bits, where Linux says it.
#[cfg(unix)]
fn ignored() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or(0)
}

/// A signal came; one that is `urgent` may be a second one.
fn handle(urgent: bool) {
    if REQUESTED.swap(true, Ordering::Relaxed) {
        if urgent {
            std::process::exit(INTERRUPTED.into());
        }
        return;
    }
    match &actions().wake {
        Some(wake) => wake(),
        // Before the first job and after the last one all finished jobs are stored. This is done on
        // another thread: the terminal may block, and a second signal must still end the program.
        None => drop(std::thread::spawn(|| {
            if let Some(last) = actions().last.take() {
                last();
            }
            say(&format!("interrupted: finished jobs are kept; continue with\n\n    {}", continuing_command()));
            std::process::exit(INTERRUPTED.into());
        })),
    }
}

fn actions() -> MutexGuard<'static, Actions> {
    ACTIONS.lock().unwrap_or_else(PoisonError::into_inner)
}

/// While this lives, a signal calls an action instead of ending the program.
#[derive(Debug)]
pub struct OnSignal;

/// Has a signal call `action` from here on.
pub fn on_signal(action: impl Fn() + Send + 'static) -> OnSignal {
    actions().wake = Some(Box::new(action));
    OnSignal
}

impl Drop for OnSignal {
    fn drop(&mut self) {
        actions().wake = None;
    }
}

/// Has `action` done before a signal ends the program.
pub fn before_exit(action: impl Fn() + Send + 'static) {
    actions().last = Some(Box::new(action));
}

/// The command that continues an interrupted run: the one that started it, with its kernels.
#[must_use]
pub fn continuing_command() -> String {
    match std::env::var(level::VARIABLE) {
        Ok(value) => format!("{}={} {}", level::VARIABLE, quoted(&value), shell::command()),
        Err(_) => shell::command(),
    }
}
