//! `sweep slurm`: submits a sweep to a Slurm cluster.

use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use report::analysis::count;
use report::table::write_whole;

use super::directory::{refuse_another_sweep, run_directory};
use super::outcome::exit_code;
use crate::SweepError;
use crate::args::SlurmArguments;
use crate::cluster::scripts::Submission;
use crate::cluster::{options, slurm};
use crate::config::diagnostic::Diagnostic;
use crate::config::{self, resolved};
use crate::job::Tally;
use crate::platform::files::{FileError, create_folder};
use crate::platform::shell::quoted_path;
use crate::platform::terminal::print;
use crate::store::layout::{ARRAY, CONFIG, REPORT_SCRIPT, SHARDS_SCRIPT, SLURM};
use crate::store::{Access, Store, admission, lock};
use crate::workload::Expanded;

pub(crate) fn slurm(arguments: &SlurmArguments) -> Result<ExitCode, SweepError> {
    check_extra(&arguments.extra)?;
    let config = Arc::new(config::load(&arguments.config.config, &arguments.config.overrides)?);
    let directory = run_directory(&arguments.config, &config);
    // A config that cannot be read back would make it impossible to report the finished jobs.
    resolved::read_back(&config, &directory.join(CONFIG))?;
    admission::check_config_is_kept(
        &arguments.config.config,
        !arguments.config.overrides.is_empty(),
        &config,
        &directory,
    )?;
    admission::admit(&directory, &config, arguments.force)?;
    let store = Store::open(&directory, Access::ReadOnly)?;
    let done = store.ids();
    let workload = Expanded::new(&config)?.workload(&config, done, None, arguments.retry_failed);
    let unknown = |path: &Path, source| FileError { action: "find", path: path.to_owned(), source };
    let absolute = std::path::absolute(&directory).map_err(|source| unknown(&directory, source))?;
    let program = std::env::current_exe().map_err(|source| unknown(Path::new("sweep"), source))?;
    check_lines(arguments, &[("the run directory", &absolute), ("sweep", &program)])?;
    let shards = workload.shards_with_work(arguments.shards);
    let given = [
        ("partition", &arguments.partition),
        ("account", &arguments.account),
        ("time", &arguments.time),
        ("mem", &arguments.mem),
    ];
    let options: Vec<(&str, String)> =
        given.into_iter().filter_map(|(option, value)| Some((option, value.clone()?))).collect();
    if shards.is_empty() {
        let place = quoted_path(&directory);
        print(&format!("nothing is left to run; `sweep report {place}` writes the tables\n"))?;
        return Ok(exit_code(workload.tally(store.ids())));
    }
    let scripts = Submission {
        name: &config.name,
        program: &program,
        directory: &absolute,
        of: arguments.shards,
        shards: &shards,
        limit: arguments.array_limit,
        options: &options,
        cores: arguments.cpus_per_task,
        retry_failed: arguments.retry_failed,
        extra: &arguments.extra,
    }
    .scripts();
    let place = absolute.join(SLURM);
    let (array_script, report_script) = (place.join(SHARDS_SCRIPT), place.join(REPORT_SCRIPT));
    if arguments.dry_run {
        let file = |path: &Path| format!("# ---- {}\n", path.display());
        print(&format!("{}{}\n{}{}", file(&array_script), scripts.shards, file(&report_script), scripts.report))?;
        return Ok(ExitCode::SUCCESS);
    }
    let largest = slurm::largest_index()?;
    if arguments.shards > largest {
        let wrong =
            Diagnostic::new(format!("{} shards are more than this cluster takes in one array", arguments.shards));
        return Err(wrong.help(format!("its MaxArraySize allows --shards {largest} at most")).into());
    }
    refuse_twice(&directory)?;
    if arguments.force {
        admission::clear_lock(&directory)?;
    }
    lock::prepare_for_shards(&directory, || {
        refuse_another_sweep(&directory, &config)?;
        if arguments.force {
            admission::rename_in_the_way(&directory)?;
        }
        store.prepare(&config)
    })?;
    create_folder(&place)?;
    write_whole(&array_script, scripts.shards.as_bytes())?;
    write_whole(&report_script, scripts.report.as_bytes())?;
    let array = slurm::submit(&array_script, &[])?;
    write_whole(&place.join(ARRAY), format!("{array}\n").as_bytes())?;
    let tasks = shards.len();
    let what = match workload.tally(done) {
        Tally { cells: 0, .. } => count(workload.plan.outstanding.len(), "job"),
        Tally { cells, complete, .. } => format!("the search of {}", count(cells - complete, "cell")),
    };
    print(&format!("submitted array {array}, {tasks} tasks for {what}\n"))?;
    let report = slurm::submit(&report_script, &slurm::after_any(&array))?;
    print(&format!(
        "submitted job {report}, which reports when they are over\n\
         scripts and logs: {directory}/{SLURM}; how far it is: sweep status {directory}\n",
        directory = quoted_path(&directory)
    ))?;
    Ok(ExitCode::SUCCESS)
}

/// Refuses further words for sbatch that are no options, or options that must not be given.
fn check_extra(extra: &[String]) -> Result<(), SweepError> {
    let help = "write further options as sbatch takes them, for example -- --qos=long --constraint=avx512";
    if let Some(word) = extra.first().filter(|word| !options::is_option(word)) {
        return Err(Diagnostic::new(format!("`{word}` after -- is no option of sbatch")).help(help).into());
    }
    match extra.iter().find_map(|word| Some((word, options::reserved(word)?))) {
        None => Ok(()),
        Some((word, (option, set))) => {
            let title = if set {
                format!("`{word}` after -- is for `sweep slurm` to set (--{option})")
            } else {
                format!("`{word}` after -- does not go with `sweep slurm` (--{option})")
            };
            Err(Diagnostic::new(title)
                .help("print the scripts with --dry-run, edit them, and submit them by hand")
                .into())
        }
    }
}

/// Refuses words with line breaks: in a script the text after one would be a command.
fn check_lines(arguments: &SlurmArguments, paths: &[(&str, &Path)]) -> Result<(), SweepError> {
    let SlurmArguments { partition, time, mem, account, extra, .. } = arguments;
    let given = [("--partition", partition), ("--time", time), ("--mem", mem), ("--account", account)];
    let values = given.into_iter().filter_map(|(name, value)| Some((name, value.as_deref()?)));
    let words = values.chain(extra.iter().map(|word| ("an option after --", word.as_str())));
    if let Some((name, word)) = words.into_iter().find(|(_, word)| word.contains(char::is_control)) {
        let title = format!("{name} holds a line break or another control character: {word:?}");
        return Err(Diagnostic::new(title).help("write it without").into());
    }
    for (name, path) in paths {
        if path.to_str().is_none_or(|text| text.contains(char::is_control)) {
            let title = format!("the path of {name} holds a character that a script cannot: {path:?}");
            return Err(Diagnostic::new(title)
                .help("choose one without line breaks and other control characters")
                .into());
        }
    }
    Ok(())
}

/// Refuses to submit while tasks of the last array are queued or running: a second array would only
/// run the same jobs.
fn refuse_twice(directory: &Path) -> Result<(), SweepError> {
    let Some(array) = slurm::last_array(directory) else { return Ok(()) };
    match slurm::queued(&array)? {
        0 => Ok(()),
        tasks => Err(Diagnostic::new(format!(
            "array {array} of this sweep still has {} queued or running",
            count(tasks, "task")
        ))
        .help(format!("wait until they are over, or cancel them first: scancel {array}"))
        .into()),
    }
}
