//! Every name, and what is said of it.

use std::collections::BTreeMap;

use report::Status;
use report::analysis::Milestone;
use report::claim::Claim;
use scb_core::learn::ALGORITHMS;

use crate::axis::{AXES, Axis, Domain, written};
use crate::config::keys::{self, Key, Kind, SECTIONS};
use crate::explain::terms::TERMS;
use crate::tables::columns::every_column;

/// What a name is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Sort {
    /// A word of the field, or of a report.
    Term,
    /// A key of a grid: a parameter of a job.
    Parameter,
    /// Another key of the config.
    Key,
    /// An algorithm.
    Algorithm,
    /// A milestone of a run.
    Milestone,
    /// How a run ended.
    Status,
    /// A claim.
    Claim,
    /// A column of a table.
    Column,
}

impl Sort {
    /// All, in the order in which they are listed.
    pub const ALL: [Self; 8] = [
        Self::Term,
        Self::Parameter,
        Self::Key,
        Self::Algorithm,
        Self::Milestone,
        Self::Status,
        Self::Claim,
        Self::Column,
    ];

    /// Its name, of one.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Term => "term",
            Self::Parameter => "parameter of a job",
            Self::Key => "key of the config",
            Self::Algorithm => "algorithm",
            Self::Milestone => "milestone",
            Self::Status => "status of a job",
            Self::Claim => "claim",
            Self::Column => "column",
        }
    }

    /// Its name, of all.
    #[must_use]
    pub fn heading(self) -> &'static str {
        match self {
            Self::Term => "Terms",
            Self::Parameter => "Parameters of jobs: keys of [grid], and columns",
            Self::Key => "Other keys of the config",
            Self::Algorithm => "Algorithms: values of `algorithm`",
            Self::Milestone => "Milestones",
            Self::Status => "Statuses: how jobs end",
            Self::Claim => "Claims: values of `answer.claim`",
            Self::Column => "Columns of the tables",
        }
    }
}

/// What is said of a name.
#[derive(Debug, Clone)]
pub struct Explained {
    /// What it is.
    pub sort: Sort,
    /// Its name, with its section if that is no grid.
    pub name: String,
    /// Other spellings.
    pub aliases: Vec<String>,
    /// What it means.
    pub meaning: String,
    /// Further facts: what they are about, and what they say.
    pub facts: Vec<(&'static str, String)>,
}

/// Every name, in the order in which they are listed.
#[must_use]
pub fn every_entry() -> Vec<Explained> {
    let plain = |sort, name: &str, meaning: &str| Explained {
        sort,
        name: name.to_owned(),
        aliases: Vec::new(),
        meaning: meaning.to_owned(),
        facts: Vec::new(),
    };
    let mut entries: Vec<Explained> = TERMS.iter().map(|(name, meaning)| plain(Sort::Term, name, meaning)).collect();
    entries.extend(AXES.iter().map(of_axis));
    entries.extend(SECTIONS.iter().flat_map(|section| keys::own(section).map(|key| of_key(section, key))));
    entries.extend(ALGORITHMS.iter().map(of_algorithm));
    entries.extend(Milestone::ALL.map(|milestone| plain(Sort::Milestone, milestone.name(), milestone.meaning())));
    entries.extend(Status::ALL.map(|status| plain(Sort::Status, status.name(), status.meaning())));
    entries.extend(Claim::ALL.map(|claim| plain(Sort::Claim, claim.name(), claim.meaning())));
    entries.extend(columns());
    entries
}

/// The entries of this name, in whatever spelling: `lambda`, `training.boost`, `[grid] lambda`.
#[must_use]
pub fn of_name<'e>(entries: &'e [Explained], name: &str) -> Vec<&'e Explained> {
    let name = name.trim().trim_matches('`').replace("[", "").replace("] ", ".").replace(']', "");
    let named = |entry: &&Explained| entry.name == name || entry.aliases.contains(&name);
    let exact: Vec<&Explained> = entries.iter().filter(named).collect();
    if !exact.is_empty() {
        return exact;
    }
    // `end_alpha` stands in two sections.
    let last = |entry: &&Explained| entry.name.rsplit('.').next() == Some(&name) && entry.sort != Sort::Column;
    entries.iter().filter(last).collect()
}

fn of_axis(axis: &Axis) -> Explained {
    let mut facts = vec![("stands in", places(axis)), ("values", values(axis))];
    facts.push(("default", axis.default_text().unwrap_or_else(|| "none: it must be given".to_owned())));
    if axis.fixed_column {
        facts.push(("column", "always".to_owned()));
    } else {
        facts.push(("column", "where a grid names it".to_owned()));
    }
    let in_section = axis.section.map(|section| format!("{section}.{}", axis.name));
    let short = axis.section.zip(axis.alias).map(|(section, alias)| format!("{section}.{alias}"));
    let aliases = in_section.into_iter().chain(short).collect();
    Explained { sort: Sort::Parameter, name: axis.name.to_owned(), aliases, meaning: axis.meaning.to_owned(), facts }
}

fn places(axis: &Axis) -> String {
    let mut places = vec!["[grid]".to_owned()];
    places.extend(axis.section.map(|section| format!("[{section}], for the whole grid")));
    if axis.can_be_searched() {
        places.push("[search]".to_owned());
    }
    let also = axis.alias.map_or_else(String::new, |alias| format!("; also spelt {alias}"));
    places.join(" or ") + &also
}

fn values(axis: &Axis) -> String {
    let expression = ", or an expression such as \"T/4\"";
    match axis.domain {
        Domain::Algorithm | Domain::Name(_) => axis.names().unwrap_or_default().join(", "),
        Domain::Whole { min, max } => format!("whole numbers from {} to {}{expression}", written(min), written(max)),
        Domain::Real { min, open, max, off } => {
            let low = if open { "above" } else { "from" };
            let high = if max >= 1e15 { String::new() } else { format!(" to {}", written(max)) };
            let off = off.map_or_else(String::new, |off| format!("{} for never, or ", written(off)));
            format!("{off}numbers {low} {}{high}{expression}", written(min))
        }
    }
}

fn of_key(section: &str, key: &Key) -> Explained {
    let name = if section.is_empty() { key.name.to_owned() } else { format!("{section}.{}", key.name) };
    let place = match section {
        "" => "the top of the file, above [grid]".to_owned(),
        section => format!("[{section}]"),
    };
    let mut facts = vec![("stands at", place)];
    if !section.is_empty() {
        facts[0].0 = "stands in";
    }
    let (values, default) = match key.kind {
        Kind::Whole { default, min, max: i64::MAX } => {
            (format!("a whole number of at least {min}"), default.to_string())
        }
        Kind::Whole { default, min, max } => (format!("a whole number from {min} to {max}"), default.to_string()),
        Kind::Real { default, min, max } => {
            (format!("a number from {} to {}", written(min), written(max)), written(default))
        }
        Kind::Truth { default } => ("true or false".to_owned(), default.to_string()),
        Kind::Choice(names) => (names().join(", "), names()[0].to_owned()),
        Kind::OrNever { whole, largest } => {
            let number = if whole { "a whole number" } else { "a number" };
            let default = match (section, key.name) {
                ("training.boost", "end_clear_mass") => "0.5, if no other end is given",
                _ => "false",
            };
            (format!("{number} from 0 to {}, or false for never", written(largest)), default.to_owned())
        }
        Kind::Other { form, default, .. } => (form.to_owned(), default.to_owned()),
        Kind::Section => {
            let inner = if section.is_empty() { key.name.to_owned() } else { name.clone() };
            facts.push(("keys", keys::of(&inner).join(", ")));
            return Explained { sort: Sort::Key, name, aliases: vec![], meaning: key.meaning.to_owned(), facts };
        }
    };
    facts.extend([("values", values), ("default", default)]);
    Explained { sort: Sort::Key, name, aliases: vec![], meaning: key.meaning.to_owned(), facts }
}

fn of_algorithm(algorithm: &scb_core::learn::Algorithm) -> Explained {
    let own: Vec<&str> = algorithm.parameters.iter().map(|parameter| parameter.name).collect();
    let mut facts = Vec::new();
    if !own.is_empty() {
        facts.push(("has of its own", own.join(", ")));
    }
    Explained {
        sort: Sort::Algorithm,
        name: algorithm.name.to_owned(),
        aliases: vec![],
        meaning: algorithm.summary.to_owned(),
        facts,
    }
}

/// The columns that are no axes. One that several tables have with one meaning is said once.
fn columns() -> Vec<Explained> {
    let mut found: Vec<(String, String, String, Vec<&'static str>)> = Vec::new();
    let mut places: BTreeMap<(String, String), usize> = BTreeMap::new();
    for (file, column) in every_column() {
        if AXES.iter().any(|axis| axis.name == column.name) {
            continue;
        }
        let key = (column.name.clone(), column.meaning.to_string());
        let at = *places.entry(key).or_insert_with(|| {
            found.push((column.name, column.unit.into_owned(), column.meaning.into_owned(), Vec::new()));
            found.len() - 1
        });
        found[at].3.push(file);
    }
    let explained = |(name, unit, meaning, files): (String, String, String, Vec<&'static str>)| {
        let mut facts = vec![("stands in", files.join(", "))];
        if !unit.is_empty() {
            facts.push(("unit", unit));
        }
        Explained { sort: Sort::Column, name, aliases: vec![], meaning, facts }
    };
    found.into_iter().map(explained).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{parse, resolved};

    /// What is said to be the default of a key is what a config without it resolves to.
    #[test]
    fn defaults_are_those_of_a_config_that_says_nothing() {
        let config = parse("test", "test.toml", "[grid]\nN = 3\nQ = 1\nT = 64".to_owned(), &[]).unwrap();
        let resolved: toml::Table = toml::from_str(&resolved::to_toml(&config).unwrap()).unwrap();
        let mut compared = 0;
        for entry in every_entry().iter().filter(|entry| entry.sort == Sort::Key) {
            let Some((_, default)) = entry.facts.iter().find(|(about, _)| *about == "default") else { continue };
            let value =
                entry.name.split('.').try_fold(&toml::Value::Table(resolved.clone()), |at, name| at.get(name)).cloned();
            let Some(value) = value.filter(|value| !value.is_table()) else { continue };
            if ["name"].contains(&entry.name.as_str()) {
                continue;
            }
            let shown = match &value {
                toml::Value::String(text) => text.clone(),
                toml::Value::Float(number) => written(*number),
                other => other.to_string(),
            };
            let default = default.trim_matches('"').split(',').next().unwrap();
            assert_eq!(default, shown, "{}", entry.name);
            compared += 1;
        }
        assert!(compared > 18, "{compared}");
    }

    #[test]
    fn every_name_is_found_and_says_something() {
        let entries = every_entry();
        for entry in &entries {
            assert!(
                of_name(&entries, &entry.name).iter().any(|found| found.meaning == entry.meaning),
                "{}",
                entry.name
            );
            assert!(entry.meaning.len() > 8, "{}: {}", entry.name, entry.meaning);
            assert!(entry.facts.iter().all(|(_, said)| !said.is_empty()), "{}", entry.name);
        }
        let sorts = |name: &str| of_name(&entries, name).iter().map(|entry| entry.sort).collect::<Vec<_>>();
        assert_eq!(sorts("lambda"), [Sort::Parameter]);
        assert_eq!(sorts("training.keep"), [Sort::Parameter]);
        assert_eq!(sorts("init.alpha_v"), [Sort::Parameter]);
        assert_eq!(sorts("end_alpha"), [Sort::Key, Sort::Key]);
        assert_eq!(sorts("mirrored"), [Sort::Status, Sort::Claim, Sort::Column]);
        assert_eq!(sorts("moment"), [Sort::Algorithm, Sort::Claim]);
        assert_eq!(sorts("[training] boost"), [Sort::Key]);
        assert!(sorts("no_such_name").is_empty());
    }
}
