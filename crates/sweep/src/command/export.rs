//! `sweep export`: a run or a dataset as NumPy arrays.

use std::path::Path;
use std::process::ExitCode;

use report::record::runs_table;
use scb_core::data::Samples;
use scb_core::random::stream;
use scb_core::train::{StageEnd, StopAt, TrainSpec};
use serde_json::{Map, Value, json};

use super::chosen_job::{Sweep, failed};
use crate::SweepError;
use crate::args::ExportArguments;
use crate::axis::{self, AXES};
use crate::config::Config;
use crate::config::diagnostic::Diagnostic;
use crate::execution::level;
use crate::export::content;
use crate::export::npz::{Npz, is_export};
use crate::job::{Identity, Job, results_version_of};
use crate::platform::files::FileError;
use crate::platform::shell::command;
use crate::platform::terminal::{answer_columns, fitted, print};

/// Tokens of exported samples at most: a byte each.
const MAX_TOKENS: u64 = 1 << 30;

pub(crate) fn export(arguments: &ExportArguments) -> Result<ExitCode, SweepError> {
    level::choose()?;
    check_output(&arguments.output)?;
    let sweep = Sweep::of(&arguments.source, &arguments.overrides)?;
    let jobs = &sweep.workload.plan.jobs;
    let job = match (&arguments.job[..], jobs.first()) {
        // A dataset is of a task, which many jobs share.
        ([], Some(first)) if arguments.samples.is_some() => first,
        (words, _) => sweep.job(words)?,
    };
    let (npz, mut meta, said) = match arguments.samples {
        Some(samples) => dataset(&sweep, job, samples)?,
        None => run(&sweep, job, arguments.batch)?,
    };
    meta.insert("command".to_owned(), command().into());
    meta.insert("results_version".to_owned(), results_version_of([job]).into());
    meta.insert("seed".to_owned(), sweep.config.seed.into());
    let arrays = npz.len();
    let bytes = npz.into_bytes(meta).map_err(FileError::at("write", &arguments.output))?;
    report::table::write_whole(&arguments.output, &bytes)?;
    let size = match bytes.len() {
        bytes if bytes < 1_000_000 => format!("{} kB", bytes.div_ceil(1000)),
        bytes => format!("{:.1} MB", bytes as f64 / 1e6),
    };
    let file = arguments.output.display();
    let text = format!("{file}: {said}; {arrays} arrays and meta.json, {size}\n");
    print(&fitted(&text, Some(answer_columns())))?;
    Ok(ExitCode::SUCCESS)
}

/// Refuses a file that would be lost, or cannot be written.
fn check_output(path: &Path) -> Result<(), Diagnostic> {
    if path.is_dir() {
        return Err(
            Diagnostic::new(format!("{} is a directory", path.display())).help("name a file with -o, such as run.npz")
        );
    }
    if path.extension().is_none_or(|ending| ending != "npz") {
        return Err(Diagnostic::new(format!("{} does not end in .npz", path.display()))
            .help("np.load reads the arrays from a file that does; name one with -o, such as run.npz"));
    }
    if path.exists() && !is_export(path) {
        return Err(Diagnostic::new(format!("{} exists and was not exported by sweep", path.display()))
            .help("choose another name with -o; only an earlier export is replaced"));
    }
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    match folder.filter(|folder| !folder.is_dir()) {
        Some(folder) => Err(Diagnostic::new(format!("there is no folder {}", folder.display()))
            .help("make it, or choose another place with -o")),
        None => Ok(()),
    }
}

/// Entries of an exported A at most: four bytes each, and A and its gradient twice.
const MAX_ENTRIES: u64 = 1 << 28;

/// Refuses a run whose attention no file should hold. Runs of infinitely many samples a step do not
/// hold it themselves.
fn check_entries(job: &Job) -> Result<(), Diagnostic> {
    let [n, t] = [axis::N, axis::T].map(|axis| job.point.whole(axis) as u64);
    if n * t <= MAX_ENTRIES {
        return Ok(());
    }
    Err(Diagnostic::new(format!("A has {} entries at N = {n}, T = {t}, more than {MAX_ENTRIES}", n * t))
        .help("export a job with fewer, or read the numbers of this one in runs.parquet"))
}

/// Refuses more samples than a file should hold.
fn check_size(samples: u32, t: usize) -> Result<(), Diagnostic> {
    let tokens = u64::from(samples) * t as u64;
    if tokens <= MAX_TOKENS {
        return Ok(());
    }
    let most = (MAX_TOKENS / t as u64).max(1);
    Err(Diagnostic::new(format!("{samples} samples of T = {t} are {tokens} tokens, more than {MAX_TOKENS}"))
        .help(format!("export at most {most} samples")))
}

/// What is exported: the arrays, what `meta.json` says of them, and a sentence.
type Exported = (Npz, Map<String, Value>, String);

fn dataset(sweep: &Sweep, job: &Job, samples: u32) -> Result<Exported, SweepError> {
    let plan = &sweep.workload.plan;
    let task = sweep.training().task(job).map_err(|error| failed(job, &error, &plan.further))?;
    check_size(samples, task.t())?;
    let identity = Identity::new(&sweep.config);
    let drawn = Samples::draw(&task, samples as usize, stream(identity.dataset_seed(job)))
        .map_err(|error| failed(job, &error.to_string(), &plan.further))?;
    let npz = content::task(Npz::default(), &task).and_then(|npz| content::samples(npz, &drawn));
    let mut meta = described(&sweep.config, job);
    meta.insert("holds".to_owned(), "a dataset: samples of one task, in random order".into());
    let tasks: std::collections::HashSet<_> = plan.jobs.iter().map(|job| identity.dataset_seed(job)).collect();
    let of_many = match tasks.len() {
        1 => String::new(),
        tasks => format!(", one of {tasks} tasks (--job chooses another)"),
    };
    let (n, q, t, replicate) = (task.n(), job.point.whole(axis::Q), task.t(), job.replicate);
    let said = format!("{samples} samples of the task of N={n} Q={q} T={t} replicate={replicate}{of_many}");
    Ok((npz.map_err(unwritten)?, meta, said))
}

fn run(sweep: &Sweep, job: &Job, batch: Option<u32>) -> Result<Exported, SweepError> {
    let further = &sweep.workload.plan.further;
    let size = batch.unwrap_or(job.point.whole(axis::BATCH_SIZE) as u32);
    check_entries(job)?;
    check_size(size, job.point.whole(axis::T))?;
    let run = sweep.replay(job)?.map_err(|error| failed(job, &error, further))?;
    let npz = content::task(Npz::default(), &run.task)
        .and_then(|npz| content::run(npz, &run))
        .and_then(|npz| content::batch(npz, &run, size as usize))
        .map_err(unwritten)?;
    let mut meta = described(&sweep.config, job);
    let holds = "a run: its task, its first and last model, how it went, and samples with their gradients; as many \
                 samples as a step takes are those of its first step";
    meta.insert("holds".to_owned(), holds.into());
    meta.insert("training".to_owned(), training(&run.spec));
    let names: Vec<String> = further.iter().map(|&i| AXES[i].name.to_owned()).collect();
    let row = runs_table(std::slice::from_ref(&run.record), &names);
    let record: Map<String, Value> = row.columns().iter().map(|column| (column.name.clone(), column.json(0))).collect();
    meta.insert("record".to_owned(), record.into());
    let said = format!("job {}, {} after {} samples", job.id, run.record.status.name(), run.outcome.samples);
    Ok((npz, meta, said))
}

fn unwritten(source: std::io::Error) -> FileError {
    FileError { action: "put together", path: "the arrays".into(), source }
}

/// The id and the parameters of a job.
fn described(config: &Config, job: &Job) -> Map<String, Value> {
    let value = |i: usize| match AXES[i].names() {
        // A matrix that is given is not drawn.
        _ if config.shared.matrix.is_some() && axis::DRAWS_P.contains(&i) => Value::Null,
        Some(_) => AXES[i].canonical(job.point.values[i]).into(),
        None if job.point.values[i].fract() == 0.0 => (job.point.values[i] as i64).into(),
        None => job.point.values[i].into(),
    };
    let mut parameters: Map<String, Value> = (0..AXES.len()).map(|i| (AXES[i].name.to_owned(), value(i))).collect();
    parameters.insert("replicate".to_owned(), job.replicate.into());
    let mut meta = Map::new();
    meta.insert("sweep".to_owned(), config.name.clone().into());
    meta.insert("job_id".to_owned(), job.id.to_string().into());
    meta.insert("parameters".to_owned(), parameters.into());
    meta
}

/// The settings of the training that are no parameters, called as in a config.
fn training(spec: &TrainSpec) -> Value {
    let end = |StageEnd { steps, share, alpha, kept_mass, clear_mass }: StageEnd| {
        json!({
            "end_steps": steps, "end_share": share, "end_alpha": alpha, "end_kept_mass": kept_mass,
            "end_clear_mass": clear_mass,
        })
    };
    json!({
        "stop_at": if spec.stop_at == StopAt::Budget { "budget" } else { "recovery" },
        "signal": spec.signal,
        "resolution": spec.resolution,
        "boost": end(spec.boost_end),
        "sparse": end(spec.sparse_end),
    })
}
