//! What commands do with a run directory before they work in it.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use report::analysis::count;

use crate::SweepError;
use crate::args::ConfigArguments;
use crate::cluster::slurm;
use crate::config::diagnostic::Diagnostic;
use crate::config::{self, Config, resolved};
use crate::platform::terminal::say;
use crate::store::heartbeat::{self, Seen};
use crate::store::{Access, Store, admission, layout};
use crate::workload::Workload;

/// Where the results of a config live.
pub(super) fn run_directory(arguments: &ConfigArguments, config: &Config) -> PathBuf {
    if let Some(output) = &arguments.output {
        return output.clone();
    }
    let directory = Path::new("output").join(&config.name);
    if let Some(stem) = renamed(&arguments.config, config) {
        say(&format!("{stem} cannot be the name of a run directory everywhere: it is {}", directory.display()));
    }
    directory
}

/// The name of the file, if the sweep is called after it and not the same.
fn renamed(path: &Path, config: &Config) -> Option<String> {
    let stem = path.file_stem()?.to_string_lossy().into_owned();
    (stem != config.name && config::name_of(&stem) == config.name).then_some(stem)
}

/// The config of a run directory, what it has to run, and what is done of that.
pub(super) type Opened = (Arc<Config>, Workload, Store);

/// Reads a run directory and changes nothing in it.
pub(super) fn open(directory: &Path) -> Result<Opened, SweepError> {
    let config = admission::sweep_of(directory, "give a run directory, such as output/sample_complexity")?;
    let config = Arc::new(config);
    let store = Store::open(directory, Access::ReadOnly)?;
    let workload = Workload::new(&config, store.ids())?;
    Ok((config, workload, store))
}

/// Refuses `config` while shards of another sweep are at work in the directory, or are queued.
pub(super) fn refuse_another_sweep(directory: &Path, config: &Config) -> Result<(), SweepError> {
    let path = directory.join(layout::CONFIG);
    if resolved::is_at(&path, config) {
        return Ok(());
    }
    // Without the config it cannot be told which sweep the shards are of.
    let another =
        if path.exists() { "another sweep".to_owned() } else { format!("a sweep whose {} is gone", layout::CONFIG) };
    let at_work = heartbeat::read_all(directory).into_iter().find(|seen| seen.owner.shard.is_some() && seen.alive());
    let help =
        |instead: &str| format!("compare with {}, {instead}or choose another run directory with -o", path.display());
    if let Some(Seen { owner, .. }) = at_work {
        let (directory, pid, host) = (directory.display(), owner.pid, owner.host);
        let title = format!("process {pid} on {host} runs {another} in {directory}");
        return Err(Diagnostic::new(title).help(help("")).into());
    }
    // Tasks in the queue will read the config that is in the directory when they start.
    let Some(array) = slurm::last_array(directory) else { return Ok(()) };
    let tasks = match slurm::queued(&array) {
        // Without Slurm, as on a laptop that the directory was copied to, nothing is queued.
        Err(SweepError::Usage(_)) => 0,
        tasks => tasks?,
    };
    if tasks == 0 {
        return Ok(());
    }
    let tasks = count(tasks, "task");
    let title = format!("array {array} of {another} in {} still has {tasks} queued or running", directory.display());
    Err(Diagnostic::new(title).help(help(&format!("cancel them first (scancel {array}), "))).into())
}

/// How often a command is tried if files vanish while it reads them.
const TRIES: usize = 10;

/// Calls `action`, and again if a file is missing: a process at work in the directory may have put
/// parts together meanwhile.
pub(super) fn while_others_work<T>(mut action: impl FnMut() -> Result<T, SweepError>) -> Result<T, SweepError> {
    for _ in 1..TRIES {
        match action() {
            Err(error) if error.is_gone() => {}
            done => return done,
        }
    }
    action()
}
