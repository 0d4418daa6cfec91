//! Panics that must not end the program: those of a job, and of decoders of foreign files.

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::panic::{AssertUnwindSafe, PanicHookInfo, catch_unwind, set_hook, take_hook};
use std::sync::Once;

thread_local! {
    /// Whether panics of this thread are kept instead of printed.
    static QUIET: Cell<bool> = const { Cell::new(false) };
    /// What the last of them said, and where it happened.
    static LAST: RefCell<Option<(String, String)>> = const { RefCell::new(None) };
}

/// From here on no panic of this thread is printed. For workers, which run jobs only.
pub fn silence_this_thread() {
    install();
    QUIET.set(true);
}

/// Runs `action`; a panic in it becomes a description, and nothing is printed.
///
/// # Errors
/// What `action` panicked with.
pub fn caught<T>(action: impl FnOnce() -> T) -> Result<T, String> {
    install();
    let before = QUIET.replace(true);
    let done = catch_unwind(AssertUnwindSafe(action));
    QUIET.set(before);
    done.map_err(|payload| described(payload.as_ref()))
}

fn install() {
    static INSTALLED: Once = Once::new();
    INSTALLED.call_once(|| {
        let usual = take_hook();
        set_hook(Box::new(move |info| if QUIET.get() { keep(info) } else { usual(info) }));
    });
}

fn keep(info: &PanicHookInfo<'_>) {
    let text = info.payload_as_str().unwrap_or("panic").to_owned();
    LAST.set(Some((text, info.location().map(ToString::to_string).unwrap_or_default())));
}

/// A panic as text: its message, and its place if it happened on this thread.
fn described(payload: &(dyn Any + Send)) -> String {
    let text = payload.downcast_ref::<String>().map(String::as_str);
    let text = text.or_else(|| payload.downcast_ref::<&str>().copied()).unwrap_or("panic");
    match LAST.take() {
        Some((last, place)) if last == text => format!("internal error: {text} ({place})"),
        _ => format!("internal error: {text}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_becomes_its_message_and_its_place() {
        assert_eq!(caught(|| 7), Ok(7));
        let wrong = caught(|| panic!("no {}", "way")).unwrap_err();
        assert!(wrong.starts_with("internal error: no way (") && wrong.contains("panics.rs:"), "{wrong}");
        assert!(!QUIET.get());
    }
}
