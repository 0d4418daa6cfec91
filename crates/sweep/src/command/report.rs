//! `sweep report`: builds every table and figure again from the parts of a run directory.

use std::process::ExitCode;

use super::directory::{open, while_others_work};
use super::outcome::{exit_code, print_answer};
use crate::SweepError;
use crate::args::ReportArguments;

pub(crate) fn report(arguments: &ReportArguments) -> Result<ExitCode, SweepError> {
    let directory = &arguments.directory;
    while_others_work(|| {
        let opened = open(directory)?;
        let beside = arguments.beside.as_deref().map(open).transpose()?;
        print_answer(directory, &opened, beside.as_ref())?;
        let (_, workload, store) = opened;
        Ok(exit_code(workload.tally(store.ids())))
    })
}
