//! `sweep report`: builds every table and figure again from the parts of a run directory.

use std::path::Path;
use std::process::ExitCode;

use super::directory::{open, while_others_work};
use super::outcome::{exit_code, print_answer};
use crate::SweepError;

pub(crate) fn report(directory: &Path) -> Result<ExitCode, SweepError> {
    while_others_work(|| {
        let opened = open(directory)?;
        print_answer(directory, &opened)?;
        let (_, workload, store) = opened;
        Ok(exit_code(workload.tally(store.ids())))
    })
}
