//! `KEY=VALUES` on the command line, put into the tree before it is checked.

use std::ops::Range;
use std::sync::Arc;

use crate::axis::{self, AXES};
use crate::config::diagnostic::Diagnostic;
use crate::config::document::{self, Entry, Node, Value};
use crate::config::source::{COMMAND_LINE, Source, Span};
use crate::config::spelling::two_spellings;
use crate::config::stages::ends_a_stage;

/// Names in a key at most; the config's have three.
const MAX_NAMES: usize = 4;

/// Applies every `KEY=VALUES` of the command line: `N=3,4`, `training.max_samples=20000`,
/// `batch_size=T/4`. The last one of a key counts. What ends a stage here replaces all that ends it
/// in the file: a condition of the file that was kept could end the stage first.
pub(crate) fn apply(root: &mut Node, changes: &[String]) -> Result<(), Diagnostic> {
    let mut seen = Seen::default();
    changes.iter().try_for_each(|text| apply_one(root, text, &mut seen))
}

/// What the command line had so far.
#[derive(Default)]
struct Seen<'t> {
    /// Sections and keys, and how the keys were spelt.
    keys: Vec<([&'t str; 2], &'t str)>,
    /// Stages whose ends of the file are gone.
    stages: Vec<&'t str>,
}

fn apply_one<'t>(root: &mut Node, text: &'t str, seen: &mut Seen<'t>) -> Result<(), Diagnostic> {
    let source = Arc::new(Source { name: COMMAND_LINE.to_owned(), text: text.to_owned() });
    let at = |range: Range<usize>| Span { source: Arc::clone(&source), range };
    let Some(equals) = text.find('=').filter(|&i| i > 0) else {
        return Err(Diagnostic::new("an override has the form KEY=VALUES")
            .at(at(0..text.len()), "no key and value")
            .help("for example N=3,4 or training.max_samples=20000"));
    };
    let mut items = Vec::new();
    for range in split_values(text, equals + 1) {
        let written = &text[range.clone()];
        let start = range.start + written.len() - written.trim_start().len();
        let range = start..(start + written.trim().len()).max(start);
        if range.is_empty() {
            return Err(Diagnostic::new("an override needs a value")
                .at(at(range), "nothing here")
                .help("for example N=3,4"));
        }
        items.push(document::parse_value(&source, range)?);
    }
    let node = if items.len() == 1 {
        items.remove(0)
    } else {
        Node { span: at(equals + 1..text.len()), value: Value::List(items) }
    };
    let key = text[..equals].trim();
    let mut path: Vec<&str> = key.split('.').map(str::trim).collect();
    if let ([_], Some(i)) = (&path[..], axis::index(key)) {
        // What a section of the file has for the whole grid is replaced, whether by one value or by
        // several.
        let section = AXES[i].section.filter(|section| stands_in_file(root, section, AXES[i].name));
        let several = matches!(node.value, Value::List(_) | Value::Table(_));
        match section {
            Some(section) if !several => path.insert(0, section),
            Some(section) => {
                forget(root, section, AXES[i].name);
                path.insert(0, "grid");
            }
            None => path.insert(0, "grid"),
        }
    } else if path.len() == 1 && ["zip", "where"].contains(&key) {
        path.insert(0, "grid");
    }
    if path.len() > MAX_NAMES {
        let label = format!("more than {MAX_NAMES} names");
        return Err(Diagnostic::new("this override does not fit the config")
            .at(at(0..equals), label)
            .help("a key is a name, or names with dots between them: training.boost.end_alpha"));
    }
    if let [section, name, ..] = path[..] {
        path[1] = axis::key_in(section, name);
        let same = |(before, spelling): &&([&str; 2], &str)| *before == path[..2] && *spelling != name;
        if let Some((_, first)) = seen.keys.iter().find(same) {
            return Err(two_spellings(first, name).at(at(0..equals), "the same key again"));
        }
        seen.keys.push(([section, path[1]], name));
    }
    if let ["training", stage, key] = path[..]
        && ends_a_stage(key)
        && !seen.stages.contains(&stage)
    {
        seen.stages.push(stage);
        forget_ends(root, &["training", stage]);
    }
    set(root, &path, &at(0..equals), &node)
}

/// Whether a section of the file has this key.
fn stands_in_file(root: &Node, section: &str, key: &str) -> bool {
    let of = |node: &Node, key: &str| match &node.value {
        Value::Table(entries) => entries.iter().find(|entry| entry.key == key).cloned(),
        _ => None,
    };
    let entry = of(root, section).and_then(|section| of(&section.node, key));
    entry.is_some_and(|entry| !entry.key_span.source.is_command_line())
}

/// Takes a key out of a section.
fn forget(root: &mut Node, section: &str, key: &str) {
    let Value::Table(entries) = &mut root.value else { return };
    for entry in entries.iter_mut().filter(|entry| entry.key == section) {
        if let Value::Table(inner) = &mut entry.node.value {
            inner.retain(|entry| entry.key != key);
        }
    }
}

/// Takes out what ends the stage whose section is at `path`.
fn forget_ends(target: &mut Node, path: &[&str]) {
    let Value::Table(entries) = &mut target.value else { return };
    match path {
        [] => entries.retain(|entry| !ends_a_stage(&entry.key)),
        [first, rest @ ..] => {
            if let Some(entry) = entries.iter_mut().find(|entry| entry.key == *first) {
                forget_ends(&mut entry.node, rest);
            }
        }
    }
}

/// The comma-separated parts of `text[start..]`, commas inside brackets and quotes apart.
fn split_values(text: &str, start: usize) -> Vec<Range<usize>> {
    let (mut depth, mut quote, mut from) = (0, None, start);
    let mut parts = Vec::new();
    for (i, c) in text.char_indices().filter(|&(i, _)| i >= start) {
        match c {
            _ if quote == Some(c) => quote = None,
            '"' | '\'' if quote.is_none() => quote = Some(c),
            '(' | '[' | '{' if quote.is_none() => depth += 1,
            ')' | ']' | '}' if quote.is_none() => depth -= 1,
            ',' if quote.is_none() && depth == 0 => {
                parts.push(from..i);
                from = i + 1;
            }
            _ => {}
        }
    }
    parts.push(from..text.len());
    parts
}

fn set(target: &mut Node, path: &[&str], key_span: &Span, node: &Node) -> Result<(), Diagnostic> {
    match &mut target.value {
        // [[grid]]: an override holds in each.
        Value::List(tables) if tables.iter().all(|t| matches!(t.value, Value::Table(_))) && !tables.is_empty() => {
            tables.iter_mut().try_for_each(|table| set(table, path, key_span, node))
        }
        Value::Table(entries) => {
            let (first, rest) = (path[0], &path[1..]);
            let fresh = |value| Entry { key: first.to_owned(), key_span: key_span.clone(), node: value };
            let position = entries.iter().position(|e| e.key == first);
            match (position, rest.is_empty()) {
                (Some(i), true) => entries[i] = fresh(node.clone()),
                (None, true) => entries.push(fresh(node.clone())),
                (Some(i), false) => return set(&mut entries[i].node, rest, key_span, node),
                (None, false) => {
                    let mut table = Node { span: key_span.clone(), value: Value::Table(Vec::new()) };
                    set(&mut table, rest, key_span, node)?;
                    entries.push(fresh(table));
                }
            }
            Ok(())
        }
        other => {
            let label = format!("the config has {} where this needs a section", other.kind());
            let help = "see the config for what stands where, or give the whole value";
            Err(Diagnostic::new("this override does not fit the config").at(key_span.clone(), label).help(help))
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::config::parse;
    use crate::job::{Job, jobs};

    fn ids(text: &str, overrides: &[&str]) -> Vec<String> {
        let overrides: Vec<String> = overrides.iter().map(|&o| o.to_owned()).collect();
        let text = format!("[grid]\nN = 3\nQ = 1\nT = 64\n{text}");
        let config = parse("test", "test.toml", text, &overrides).unwrap_or_else(|wrong| panic!("{}", wrong.render()));
        jobs(&config).unwrap().iter().map(|job: &Job| job.id.to_string()).collect()
    }

    /// Whoever types `max_samples=500` does not know in which section the file has it.
    #[test]
    fn an_override_replaces_a_key_wherever_the_file_has_it() {
        let file = "[training]\nmax_samples = 9000\n";
        assert_eq!(ids(file, &["max_samples=500"]), ids("[training]\nmax_samples = 500\n", &[]));
        assert_eq!(ids(file, &["max_samples=500"]), ids(file, &["training.max_samples=500"]));
        assert_eq!(ids(file, &["max_samples=500,600"]), ids("max_samples = [500, 600]\n", &[]));
        assert_eq!(ids("[init]\nalpha_v = 0.5\n", &["init_alpha_v=0.25"]), ids("[init]\nalpha_v = 0.25\n", &[]));
        assert_eq!(ids("max_samples = [500, 600]\n", &["max_samples=700"]), ids("max_samples = 700\n", &[]));
    }
}
