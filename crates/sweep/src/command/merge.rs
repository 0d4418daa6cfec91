//! `sweep merge`: the union of run directories.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use report::table::write_whole;
use toml::{Table, Value};

use super::{closing, status};
use crate::args::Merge;
use crate::claim::{self, Claim, PROGRESS, State};
use crate::diagnostic::Diagnostic;
use crate::plan::Plan;
use crate::store::{self, Access, Store};
use crate::terminal::print;
use crate::{SweepError, config, job, tables};

/// What may differ between sweeps that are merged.
const MAY_DIFFER: [&str; 3] = ["name", "max_jobs", "grid"];

pub(crate) fn merge(arguments: &Merge) -> Result<ExitCode, SweepError> {
    let Merge { directories, output } = arguments;
    // Everything that can be wrong with them is found before anything is written.
    let mut sources = directories.clone();
    if output.join(store::CONFIG).is_file() && !sources.contains(output) {
        sources.push(output.clone());
    }
    let text = union(&sources)?;
    let union = Store::union(&sources)?;
    let path = output.join(store::CONFIG);
    let name = output.file_name().map_or_else(|| "merged".to_owned(), |name| name.to_string_lossy().into_owned());
    let config = config::parse(&name, &path.display().to_string(), text.clone(), &[])?;
    let jobs = job::jobs(&config)?;

    let claim = Claim::take(output, None)?;
    let store = Store::open(output, Access::Alone)?;
    store.prepare_with(&text)?;
    union.parts().iter().try_for_each(|part| store.copy(part))?;
    for seen in directories.iter().filter(|directory| *directory != output).flat_map(|d| claim::owners(d)) {
        // Who ran which shard, so that missing ones can be named.
        if let (Some(_), Some(name), Ok(bytes)) = (seen.owner.shard, seen.path.file_name(), std::fs::read(&seen.path)) {
            write_whole(&output.join(PROGRESS).join(name), &bytes)?;
        }
    }
    let store = Store::open(output, Access::Look)?;
    let plan = Plan::new(&config, jobs, store.done());
    let answer = tables::write(&config, &plan.jobs, &store)?;
    let missing = status::missing(&plan, &store, &claim::owners(output), output);
    print(&format!("{answer}\nTables and figures: {}\n{missing}", output.display()))?;
    claim.close(State::Finished);
    Ok(closing(plan.tally(&store)))
}

/// The config of all of them: they must agree in everything but their grids, which add up.
fn union(directories: &[PathBuf]) -> Result<String, SweepError> {
    let mut whole: Option<(&Path, Table)> = None;
    for directory in directories {
        let path = directory.join(store::CONFIG);
        let help = "give run directories, such as output/sample_complexity";
        let wrong = |what: String| Diagnostic::new(format!("cannot read {}: {what}", path.display())).help(help);
        let text = std::fs::read_to_string(&path).map_err(|error| wrong(error.to_string()))?;
        let table: Table = text.parse().map_err(|error: toml::de::Error| wrong(error.message().to_owned()))?;
        match &mut whole {
            None => whole = Some((directory, table)),
            Some((first, whole)) => add(whole, table, first, directory)?,
        }
    }
    let (_, table) = whole.ok_or_else(|| Diagnostic::new("there is nothing to merge"))?;
    let body = toml::to_string(&table).map_err(|error| Diagnostic::new(error.to_string()))?;
    Ok(format!("# The union of merged run directories, every default written out.\n\n{body}"))
}

fn add(whole: &mut Table, table: Table, first: &Path, directory: &Path) -> Result<(), Diagnostic> {
    let keys: Vec<&String> = whole.keys().chain(table.keys()).collect();
    let differs = |key: &&&String| !MAY_DIFFER.contains(&key.as_str()) && whole.get(**key) != table.get(**key);
    if let Some(key) = keys.iter().find(differs) {
        let (first, directory) = (first.display(), directory.display());
        return Err(Diagnostic::new(format!("{first} and {directory} hold different sweeps: `{key}` differs"))
            .help("compare their config.toml; only sweeps that differ in nothing but their grids can be merged"));
    }
    for (key, value) in table {
        match (key.as_str(), whole.get_mut(&key), value) {
            ("grid", Some(Value::Array(grids)), Value::Array(more)) => {
                for grid in more {
                    if !grids.contains(&grid) {
                        grids.push(grid);
                    }
                }
            }
            ("max_jobs", Some(Value::Integer(most)), Value::Integer(other)) => *most = (*most).max(other),
            _ => {}
        }
    }
    Ok(())
}
