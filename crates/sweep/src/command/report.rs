//! `sweep report`: builds every table and figure again from the parts of a run directory.

use std::process::ExitCode;
use std::sync::Arc;

use super::directory::{Opened, open, while_others_work};
use super::outcome::{exit_code, print_answer};
use crate::SweepError;
use crate::args::ReportArguments;
use crate::config::diagnostic::Diagnostic;
use crate::config::{Config, keys};

pub(crate) fn report(arguments: &ReportArguments) -> Result<ExitCode, SweepError> {
    let directory = &arguments.directory;
    while_others_work(|| {
        let opened = asked(open(directory)?, arguments.quantile)?;
        let beside = arguments.beside.as_deref().map(open).transpose()?;
        let beside = beside.map(|opened| asked(opened, arguments.quantile)).transpose()?;
        print_answer(directory, &opened, beside.as_ref(), arguments.milestone)?;
        let (_, workload, store) = opened;
        Ok(exit_code(workload.tally(store.ids())))
    })
}

/// The same, asked for another quantile if one is given.
fn asked((config, workload, store): Opened, quantile: Option<f64>) -> Result<Opened, Diagnostic> {
    let Some(quantile) = quantile.filter(|quantile| *quantile != config.quantile) else {
        return Ok((config, workload, store));
    };
    if let keys::Kind::Real { min, max, .. } = keys::QUANTILE.kind
        && !(min..=max).contains(&quantile)
    {
        return Err(Diagnostic::new(format!("--quantile {quantile} is no share of the runs"))
            .help("give a number above 0 and at most 1, such as 0.5"));
    }
    if config.is_search() {
        let own = config.quantile;
        return Err(Diagnostic::new(format!("the settings of this search were chosen for the quantile {own}")).help(
            format!(
                "the median at these settings is in needed.parquet (median_samples); to search for another quantile, \
                 run it again: sweep run CONFIG answer.quantile={quantile} -o another_directory"
            ),
        ));
    }
    Ok((Arc::new(Config { quantile, ..(*config).clone() }), workload, store))
}
