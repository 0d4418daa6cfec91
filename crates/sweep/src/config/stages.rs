//! What ends the stages of a run: `[training.boost]` and `[training.sparse]`.

use scb_core::train::StageEnd;

use crate::axis::written;
use crate::config::diagnostic::Diagnostic;
use crate::config::document::Value;
use crate::config::keys;
use crate::config::table_reader::{TableReader, wrong_kind};

pub(crate) fn stage_end(training: &mut TableReader, key: &str, default: StageEnd) -> Result<StageEnd, Diagnostic> {
    let Some(entry) = training.take(key) else { return Ok(default) };
    let mut table = TableReader::new(&format!("[training.{key}]"), entry.node)?;
    table.check_keys(&keys::of("training.boost"))?;
    Ok(StageEnd {
        steps: end_condition(&mut table, "end_steps", default.steps.map(|s| s as f64), 1e15)?.map(|s| s as u64),
        share: end_condition(&mut table, "end_share", default.share, 1.0)?,
        alpha: end_condition(&mut table, "end_alpha", default.alpha, 2.0)?,
        kept_mass: end_condition(&mut table, "end_kept_mass", default.kept_mass, 2.0)?,
    })
}

/// A number from 0 to `largest`, or `false` for never.
fn end_condition(
    table: &mut TableReader,
    key: &str,
    default: Option<f64>,
    largest: f64,
) -> Result<Option<f64>, Diagnostic> {
    let Some(entry) = table.take(key) else { return Ok(default) };
    let value = match entry.node.value {
        Value::Bool(false) => return Ok(None),
        Value::Int(value) => value as f64,
        Value::Float(value) if key != "end_steps" => value,
        other => {
            let kind = if key == "end_steps" { "an integer" } else { "a number" };
            return Err(wrong_kind(key, &format!("{kind}, or false for never"), &other, entry.node.span));
        }
    };
    if (0.0..=largest).contains(&value) {
        return Ok(Some(value));
    }
    Err(Diagnostic::new(format!("`{key}` is out of range"))
        .at(entry.node.span, format!("{} is not between 0 and {}", written(value), written(largest)))
        .help("give a value in this range, or false for never"))
}
