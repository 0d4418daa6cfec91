//! What ends the stages of a run: `[training.boost]` and `[training.sparse]`.

use scb_core::train::StageEnd;

use crate::axis::written;
use crate::config::diagnostic::Diagnostic;
use crate::config::document::Value;
use crate::config::keys::{self, Key, Kind};
use crate::config::table_reader::{TableReader, wrong_kind};

/// What ends a stage: `default` if the config has nothing of it, else what it says and nothing
/// besides.
pub(crate) fn stage_end(training: &mut TableReader, key: &str, default: StageEnd) -> Result<StageEnd, Diagnostic> {
    let Some(entry) = training.take(key) else { return Ok(default) };
    let mut table = TableReader::new(&format!("[training.{key}]"), entry.node)?;
    table.check_keys(&keys::of("training.boost"))?;
    if !table.entries.iter().any(|entry| ends_a_stage(&entry.key)) {
        return Ok(default);
    }
    Ok(StageEnd {
        steps: end_condition(&mut table, &keys::END_STEPS)?.map(|s| s as u64),
        share: end_condition(&mut table, &keys::END_SHARE)?,
        alpha: end_condition(&mut table, &keys::END_ALPHA)?,
        kept_mass: end_condition(&mut table, &keys::END_KEPT_MASS)?,
        clear_mass: end_condition(&mut table, &keys::END_CLEAR_MASS)?,
    })
}

/// Whether a key of a stage's section says what ends it.
pub(crate) fn ends_a_stage(key: &str) -> bool {
    key.starts_with("end_")
}

/// A number from 0 to `largest`, or never: where the key is absent, or `false`.
fn end_condition(table: &mut TableReader, key: &Key) -> Result<Option<f64>, Diagnostic> {
    let Kind::OrNever { whole, largest } = key.kind else { return Ok(None) };
    let key = key.name;
    let Some(entry) = table.take(key) else { return Ok(None) };
    let value = match entry.node.value {
        Value::Bool(false) => return Ok(None),
        Value::Int(value) => value as f64,
        Value::Float(value) if !whole => value,
        other => {
            let kind = if whole { "an integer" } else { "a number" };
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

#[cfg(test)]
mod tests {
    use scb_core::train::StageEnd;

    use crate::config::{parse, resolved};

    /// What ends boosting and the sparse stage.
    fn ends(text: &str, overrides: &[&str]) -> (StageEnd, StageEnd) {
        let text = format!("[grid]\nN = 3\nQ = 1\nT = 64\n{text}");
        let overrides: Vec<String> = overrides.iter().map(|&o| o.to_owned()).collect();
        let config = parse("test", "test.toml", text, &overrides).unwrap_or_else(|e| panic!("{}", e.render()));
        let ends = |config: &crate::config::Config| (config.shared.boost_end, config.shared.sparse_end);
        // What is resolved says all of it.
        let again = parse("config", "config.toml", resolved::to_toml(&config).unwrap(), &[]).unwrap();
        assert_eq!(ends(&again), ends(&config));
        ends(&config)
    }

    #[test]
    fn what_ends_a_stage_is_what_is_said_and_nothing_besides() {
        let never = StageEnd::default();
        let (default, _) = ends("", &[]);
        assert_ne!(default, never);
        assert_eq!(default.share, None, "a budget is no part of what a learner sees");
        let steps = StageEnd { steps: Some(10), ..never };
        let oracle = StageEnd { alpha: Some(0.4), share: Some(0.3), ..never };
        let file = "[training]\nboost = { end_alpha = 0.4, end_share = 0.3 }\nsparse = { end_share = 0.8 }\n";
        let share = StageEnd { share: Some(0.8), ..never };
        let cases: [(&str, &[&str], StageEnd, StageEnd); 8] = [
            ("[training]\nboost = { end_steps = 10 }\n", &[], steps, never),
            ("[training]\nboost = { end_steps = false }\n", &[], never, never),
            ("", &["training.boost.end_steps=10"], steps, never),
            ("", &["training.sparse.end_steps=10"], default, steps),
            (file, &[], oracle, share),
            // One key of the command line leaves nothing of the file, two of them hold both.
            (file, &["training.boost.end_steps=10"], steps, share),
            (file, &["training.boost.end_alpha=0.4", "training.boost.end_share=0.3"], oracle, share),
            (file, &["training.boost={end_steps=10}", "training.sparse.end_steps=false"], steps, never),
        ];
        for (text, overrides, boost, sparse) in cases {
            assert_eq!(ends(text, overrides), (boost, sparse), "{text} {overrides:?}");
        }
    }
}
