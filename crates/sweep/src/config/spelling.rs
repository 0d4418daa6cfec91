//! Spellings of axes: some keys have two, and after this step only one of them is left.

use crate::axis;
use crate::config::diagnostic::Diagnostic;
use crate::config::document::{Entry, Node, Value};

/// Gives every axis the one spelling that all that follows knows.
pub(crate) fn unify(root: &mut Node) -> Result<(), Diagnostic> {
    let Value::Table(sections) = &mut root.value else { return Ok(()) };
    for Entry { key: section, node, .. } in sections {
        match &mut node.value {
            Value::List(grids) => grids.iter_mut().try_for_each(|grid| unify_section(section, grid))?,
            _ => unify_section(section, node)?,
        }
    }
    Ok(())
}

fn unify_section(section: &str, node: &mut Node) -> Result<(), Diagnostic> {
    let Value::Table(entries) = &mut node.value else { return Ok(()) };
    let keys: Vec<String> = entries.iter().map(|entry| axis::key_in(section, &entry.key).to_owned()).collect();
    for (i, key) in keys.iter().enumerate() {
        if let Some(first) = keys[..i].iter().position(|before| before == key) {
            let wrong = two_spellings(&entries[first].key, &entries[i].key);
            return Err(wrong.at(entries[i].key_span.clone(), "the same key again"));
        }
    }
    entries.iter_mut().zip(keys).for_each(|(entry, key)| entry.key = key);
    Ok(())
}

pub(crate) fn two_spellings(first: &str, second: &str) -> Diagnostic {
    Diagnostic::new(format!("`{first}` and `{second}` are two spellings of one key")).help("remove one of the two")
}
