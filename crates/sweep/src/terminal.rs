//! Printing, to streams that may be full or closed.

use std::io::{ErrorKind, Write};

use crate::SweepError;

/// Prints an answer to the standard output.
///
/// # Errors
/// When it cannot be printed: an answer that nobody gets is a failure.
pub(crate) fn print(text: &str) -> Result<(), SweepError> {
    let mut out = anstream::stdout();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        // The reader has seen enough, as `head` does.
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        done => done.map_err(SweepError::Print),
    }
}

/// Says something on the standard error. Nobody may be listening; that is no reason to stop.
pub(crate) fn say(line: &str) {
    let _ = writeln!(anstream::stderr(), "{line}");
}
