//! `sweep report`: builds every table and figure again from the parts of a run directory.

use std::path::Path;
use std::process::ExitCode;

use super::directory::{look, while_others_work};
use super::outcome::{closing, tell};
use crate::SweepError;

pub(crate) fn report(directory: &Path) -> Result<ExitCode, SweepError> {
    while_others_work(|| {
        let looked = look(directory)?;
        tell(directory, &looked)?;
        let (_, plan, store) = looked;
        Ok(closing(plan.tally(store.ids())))
    })
}
