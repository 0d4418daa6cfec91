//! The few commands that talk to Slurm.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;
use std::process::Command;

use crate::SweepError;
use crate::config::diagnostic::Diagnostic;
use crate::store::layout::{ARRAY, SLURM};

/// The largest index of a job array that the cluster takes.
///
/// # Errors
/// When there is no Slurm here, or it does not answer.
pub fn largest_index() -> Result<u32, SweepError> {
    output_of("sbatch", &["--version"])?;
    let config = output_of("scontrol", &["show", "config"])?;
    let line = config.lines().find(|line| line.trim_start().starts_with("MaxArraySize"));
    let size = line.and_then(|line| line.split('=').nth(1)?.trim().parse::<u32>().ok());
    // A cluster that does not say takes what Slurm takes by default.
    Ok(size.unwrap_or(1001).saturating_sub(1))
}

/// How many tasks of a job are still queued or running.
///
/// # Errors
/// When there is no Slurm here, or it does not say.
pub fn queued(job: &str) -> Result<usize, SweepError> {
    match output_of("squeue", &["--noheader", "--array", "--format=%i", "--jobs", job]) {
        Ok(tasks) => Ok(tasks.lines().filter(|line| !line.trim().is_empty()).count()),
        // Slurm no longer knows the id. Other errors do not say that no task is left: the
        // controller may just not answer.
        Err(SweepError::Slurm { reason, .. }) if reason.contains("Invalid job id specified") => Ok(0),
        Err(SweepError::Slurm { command, reason }) => {
            let reason = format!("{reason}; so it is not known whether tasks of array {job} are queued or running");
            Err(SweepError::Slurm { command, reason })
        }
        Err(other) => Err(other),
    }
}

/// Submits a script; the job's id.
///
/// # Errors
/// [`SweepError::Slurm`] with what sbatch prints.
pub fn submit(script: &Path, options: &[String]) -> Result<String, SweepError> {
    let script = script.display().to_string();
    let words: Vec<&str> =
        ["--parsable"].into_iter().chain(options.iter().map(String::as_str)).chain([&*script]).collect();
    let answer = output_of("sbatch", &words)?;
    // `ID` or `ID;CLUSTER`.
    Ok(answer.trim().split(';').next().unwrap_or_default().to_owned())
}

/// The options that make a job wait for the end of another one, however it ends.
#[must_use]
pub fn after_any(job: &str) -> [String; 2] {
    [format!("--dependency=afterany:{job}"), "--kill-on-invalid-dep=yes".to_owned()]
}

/// The id of the array that was last submitted from a run directory.
#[must_use]
pub fn last_array(directory: &Path) -> Option<String> {
    let text = fs::read_to_string(directory.join(SLURM).join(ARRAY)).ok()?;
    let array = text.trim();
    // A file that holds no id was not written by this program.
    (!array.is_empty() && array.chars().all(|c| c.is_ascii_digit())).then(|| array.to_owned())
}

/// What a command of Slurm prints on the standard output.
fn output_of(program: &str, words: &[&str]) -> Result<String, SweepError> {
    let output = Command::new(program).args(words).output().map_err(|error| {
        let what = if error.kind() == ErrorKind::NotFound { "it is not installed here".to_owned() } else { error.to_string() };
        Diagnostic::new(format!("cannot run {program}: {what}"))
            .help("run this where jobs are submitted from, a login node of the cluster, or look at the scripts with --dry-run")
    })?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let reason = String::from_utf8_lossy(&output.stderr).trim().to_owned();
    Err(SweepError::Slurm { command: format!("{program} {}", words.join(" ")), reason })
}
