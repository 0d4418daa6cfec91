//! `sweep report`: builds every table and figure again from the parts of a run directory.

use std::process::ExitCode;
use std::sync::Arc;

use report::analysis::Milestone;

use super::directory::{Opened, open, while_others_work};
use super::outcome::{exit_code, print_answer};
use crate::SweepError;
use crate::args::ReportArguments;
use crate::config::diagnostic::Diagnostic;
use crate::config::{Config, keys};
use crate::platform::shell::quoted_path;
use crate::platform::terminal::say;

pub(crate) fn report(arguments: &ReportArguments) -> Result<ExitCode, SweepError> {
    let directory = &arguments.directory;
    while_others_work(|| {
        let opened = asked(open(directory)?, arguments.quantile)?;
        let beside = arguments.beside.as_deref().map(open).transpose()?;
        let beside = beside.map(|opened| asked(opened, arguments.quantile)).transpose()?;
        print_answer(directory, &opened, beside.as_ref(), arguments.milestone)?;
        if let Some(note) = asked_otherwise(arguments) {
            say(&note);
        }
        let (_, workload, store) = opened;
        Ok(exit_code(workload.tally(store.ids())))
    })
}

/// That tables and page answer what was asked on the command line, if that is not what the config asks.
fn asked_otherwise(arguments: &ReportArguments) -> Option<String> {
    let mut asked = Vec::new();
    asked.extend(arguments.quantile.map(|quantile| format!("the quantile {quantile}")));
    asked.extend((arguments.milestone != Milestone::Recovery).then(|| format!("the {}", arguments.milestone.name())));
    let place = quoted_path(&arguments.directory);
    let said = format!(
        "tables, figures and page in {place} are about {} now: `sweep report {place}` brings back those that the config \
         asks for",
        asked.join(" and ")
    );
    (!asked.is_empty()).then_some(said)
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
