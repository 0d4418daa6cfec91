//! `sweep merge`: the union of run directories.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use toml::{Table, Value};

use super::{closing, tell, while_others_work};
use crate::args::Merge;
use crate::claim::{self, Claim, Owner};
use crate::diagnostic::Diagnostic;
use crate::plan::Plan;
use crate::store::{self, Access, Store};
use crate::{SweepError, config, job};

/// What may differ between sweeps that are merged.
const MAY_DIFFER: [&str; 3] = ["name", MAX_JOBS, "grid"];
const MAX_JOBS: &str = "max_jobs";

pub(crate) fn merge(arguments: &Merge) -> Result<ExitCode, SweepError> {
    let Merge { directories, output } = arguments;
    // Everything that can be wrong with them is found before anything is written.
    let mut sources = directories.clone();
    if output.join(store::CONFIG).is_file() && !sources.contains(output) {
        sources.push(output.clone());
    }
    let (text, one_grid) = union(&sources)?;
    let stored = while_others_work(|| Store::union(&sources))?;
    let path = output.join(store::CONFIG);
    let name = output.file_name().map_or_else(|| "merged".to_owned(), |name| name.to_string_lossy().into_owned());
    let config = config::parse(&name, &path.display().to_string(), text.clone(), &[])?;
    let jobs = job::jobs(&config)?;

    let claim = Claim::take(output, None)?;
    let store = Store::open(output, Access::Alone)?;
    store.prepare_with(&text)?;
    let mut first = Some(stored);
    while_others_work(|| {
        let stored = first.take().map_or_else(|| Store::union(&sources), Ok)?;
        stored.parts().iter().try_for_each(|part| store.copy(part))
    })?;
    directories.iter().filter(|d| *d != output).try_for_each(|directory| store.copy_pretrainings(directory))?;
    for seen in directories.iter().filter(|directory| *directory != output).flat_map(|d| claim::owners(d)) {
        // Who ran which shard, so that missing ones can be named; shards of other grids were other shares.
        if seen.owner.shard.is_some() && one_grid {
            let stopped = seen.owner.stopped();
            claim::leave_word(output, &Owner { updated: seen.owner.updated, ..stopped })?;
        }
    }
    let store = Store::open(output, Access::Look)?;
    let plan = Plan::new(&config, jobs, store.done());
    let merged = (Arc::new(config), plan, store);
    tell(output, &merged)?;
    claim.finish();
    Ok(closing(merged.1.tally(&merged.2)))
}

/// The config of all of them, and whether they have the same grids. They must agree in everything but those, which add up.
fn union(directories: &[PathBuf]) -> Result<(String, bool), SweepError> {
    let mut one_grid = true;
    let mut whole: Option<(&Path, Table)> = None;
    for directory in directories {
        let path = directory.join(store::CONFIG);
        let help = "give run directories, such as output/sample_complexity";
        let wrong = |what: String| Diagnostic::new(format!("cannot read {}: {what}", path.display())).help(help);
        let text = config::read_text(&path).map_err(|error| wrong(error.to_string()))?;
        let table: Table = text.parse().map_err(|error: toml::de::Error| wrong(error.message().to_owned()))?;
        match &mut whole {
            None => whole = Some((directory, table)),
            Some((first, whole)) => one_grid &= !add(whole, &table, first, directory)?,
        }
    }
    let (_, table) = whole.ok_or_else(|| Diagnostic::new("there is nothing to merge"))?;
    let body = toml::to_string(&table).map_err(|error| Diagnostic::new(error.to_string()))?;
    Ok((format!("# The union of merged run directories, every default written out.\n\n{body}"), one_grid))
}

/// Adds the grids of one sweep to those of others; whether there were new ones.
fn add(whole: &mut Table, table: &Table, first: &Path, directory: &Path) -> Result<bool, Diagnostic> {
    let keys: Vec<&String> = whole.keys().chain(table.keys()).collect();
    let differs = |key: &&&String| !MAY_DIFFER.contains(&key.as_str()) && whole.get(**key) != table.get(**key);
    if let Some(key) = keys.iter().find(differs) {
        let (first, directory) = (first.display(), directory.display());
        return Err(Diagnostic::new(format!("{first} and {directory} hold different sweeps: `{key}` differs"))
            .help("compare their config.toml; only sweeps that differ in nothing but their grids can be merged"));
    }
    let most_jobs = table.get(MAX_JOBS).and_then(Value::as_integer).unwrap_or(0);
    let mut added = false;
    if let (Some(Value::Array(grids)), Some(Value::Array(more))) = (whole.get_mut("grid"), table.get("grid")) {
        for grid in more {
            if !grids.contains(grid) {
                grids.push(grid.clone());
                added = true;
            }
        }
    }
    if let Some(Value::Integer(most)) = whole.get_mut(MAX_JOBS) {
        // Each kept to its own limit, so together they keep to the sum.
        *most = if added { most.saturating_add(most_jobs).min(config::MOST_JOBS) } else { (*most).max(most_jobs) };
    }
    Ok(added)
}
