//! Why there is no task to train on.

use scb_core::TaskError;

use crate::config::Shared;

/// Why there is no task, and what to do about it.
pub(crate) fn explained(error: &TaskError, shared: &Shared) -> String {
    let drawn = shared.matrix.is_none() || matches!(error, TaskError::Weight { .. });
    match error.remedy_when_drawn().filter(|_| drawn) {
        Some(remedy) => format!("{error} ({remedy})"),
        None => error.to_string(),
    }
}
