//! `sweep report`: builds every table and figure again from the parts of a run directory.

use std::path::Path;
use std::process::ExitCode;

use super::{closing, look, status};
use crate::terminal::print;
use crate::{SweepError, claim, tables};

pub(crate) fn report(directory: &Path) -> Result<ExitCode, SweepError> {
    let (config, plan, store) = look(directory)?;
    let answer = tables::write(&config, &plan.jobs, &store)?;
    let missing = status::missing(&plan, &store, &claim::owners(directory), directory);
    print(&format!("{answer}\nTables and figures: {}\n{missing}", directory.display()))?;
    Ok(closing(plan.tally(&store)))
}
