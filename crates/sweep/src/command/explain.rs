//! `sweep explain`: what a name means.

use std::fmt::Write;
use std::process::ExitCode;

use crate::SweepError;
use crate::args::ExplainArguments;
use crate::config::diagnostic::{Diagnostic, nearest};
use crate::explain::entries::{Explained, Sort, every_entry, of_name};
use crate::explain::schema;
use crate::platform::terminal::{answer_columns, print, wrapped};

/// Columns of the names in the list of all.
const NAMES: usize = 26;
/// Columns of what facts are about.
const ABOUT: usize = 16;

pub(crate) fn explain(arguments: &ExplainArguments) -> Result<ExitCode, SweepError> {
    if arguments.schema {
        print(&schema::text())?;
        return Ok(ExitCode::SUCCESS);
    }
    let entries = every_entry();
    let Some(name) = &arguments.name else {
        print(&all(&entries, answer_columns()))?;
        return Ok(ExitCode::SUCCESS);
    };
    let found = of_name(&entries, name);
    if found.is_empty() {
        return Err(unknown(name, &entries).into());
    }
    let texts: Vec<String> = found.iter().map(|entry| one(entry, answer_columns())).collect();
    print(&texts.join("\n"))?;
    Ok(ExitCode::SUCCESS)
}

fn unknown(name: &str, entries: &[Explained]) -> Diagnostic {
    let known = entries.iter().flat_map(|entry| [Some(entry.name.as_str()), entry.name.rsplit('.').next()]).flatten();
    let help = match nearest(name, known) {
        Some(near) => format!("did you mean `{near}`? `sweep explain` lists every name"),
        None => "`sweep explain` lists every name".to_owned(),
    };
    Diagnostic::new(format!("nothing is called `{name}`")).help(help)
}

/// All that is said of a name.
fn one(entry: &Explained, columns: usize) -> String {
    let mut text = format!("{} ({})\n", entry.name, entry.sort.name());
    let mut add = |first: &str, said: &str, rest: usize| {
        for line in wrapped(said, first, &" ".repeat(rest), columns) {
            let _ = writeln!(text, "{line}");
        }
    };
    add("  ", &entry.meaning, 2);
    for (about, said) in &entry.facts {
        add(&format!("  {about:<ABOUT$}"), said, ABOUT + 2);
    }
    text
}

/// Every name with its meaning.
fn all(entries: &[Explained], columns: usize) -> String {
    let mut text = String::new();
    for sort in Sort::ALL {
        let _ = writeln!(text, "{}", sort.heading());
        for entry in entries.iter().filter(|entry| entry.sort == sort) {
            let name = format!("  {:<NAMES$} ", entry.name);
            for line in wrapped(&entry.meaning, &name, &" ".repeat(NAMES + 3), columns) {
                let _ = writeln!(text, "{line}");
            }
        }
        text += "\n";
    }
    text + "More of each: sweep explain NAME\n"
}
