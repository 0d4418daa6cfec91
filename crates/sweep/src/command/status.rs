//! `sweep status`: how far a run is, from any machine that sees its directory.

use std::fmt::Write;
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use super::look;
use crate::SweepError;
use crate::job::plan::Plan;
use crate::job::shard::Shard;
use crate::platform::clock::short_time;
use crate::platform::shell::quoted_path;
use crate::platform::terminal::{answer_columns, fitted, print};
use crate::store::Store;
use crate::store::heartbeat::{self, Seen, State};
use crate::store::layout::SLURM;

/// More shards than this are shown only as far as they are not finished.
const MOST_SHOWN: u32 = 64;

pub(crate) fn status(directory: &Path) -> Result<ExitCode, SweepError> {
    let (config, plan, store) = look(directory)?;
    let owners = heartbeat::owners(directory);
    let tally = plan.tally(store.ids());
    let alive: Vec<&Seen> = owners.iter().filter(|seen| seen.alive()).collect();
    let running: usize = alive.iter().map(|seen| seen.owner.tally.running).sum();
    let mut text = format!("{}: {} jobs in {}\n", config.name, tally.jobs, directory.display());
    let (done, failed, left) = (tally.done, tally.failed, tally.jobs - tally.done);
    let _ = writeln!(text, "  done {done} ({failed} failed), running {running}, left {left}");
    let rate: f64 = alive.iter().map(|seen| seen.owner.tally.tokens_per_second).sum();
    if rate > 0.0 {
        let seconds = Duration::from_secs_f64((plan.cost_left() / rate).min(1e12));
        let _ = writeln!(text, "  {:.2} G tokens/s, at most {} left at this rate", rate / 1e9, short_time(seconds));
    }
    for seen in owners.iter().filter(|seen| seen.owner.shard.is_none()) {
        let _ = writeln!(text, "  run: {}", doing(seen));
    }
    if let Some(of) = newest_split(&owners) {
        text += "\n";
        for (shard, jobs, left) in shards(&plan, &store, of) {
            if of > MOST_SHOWN && left == 0 {
                continue;
            }
            let _ = writeln!(text, "  shard {shard}: {} of {jobs} done, {}", jobs - left, state_of(shard, &owners));
        }
    }
    print(&fitted(&text, Some(answer_columns())))?;
    Ok(ExitCode::SUCCESS)
}

/// What has not run, by shards if there are any, and the command that runs it. Nothing if nothing is missing.
pub(super) fn missing(plan: &Plan, store: &Store, owners: &[Seen], directory: &Path) -> String {
    let (left, all) = (plan.outstanding.len(), plan.jobs.len());
    if left == 0 {
        return String::new();
    }
    let mut text = format!("{left} of {all} jobs have not run\n");
    if let Some(of) = newest_split(owners) {
        for (shard, jobs, left) in shards(plan, store, of).into_iter().filter(|&(_, _, left)| left > 0) {
            let line = format!("  shard {shard} lacks {left} of {jobs} jobs: {}", state_of(shard, owners));
            text += &(fitted(&line, Some(answer_columns())) + "\n");
        }
    }
    let place = quoted_path(directory);
    let split = newest_split(owners).filter(|_| directory.join(SLURM).is_dir());
    text += &match (owners.iter().any(|seen| seen.alive() && seen.owner.pid != std::process::id()), split) {
        (true, _) => format!("some are still at it: sweep status {place}\n"),
        (false, Some(of)) => {
            format!(
                "complete them with: sweep slurm {place}/config.toml -o {place} --shards {of}, and the options as before\n"
            )
        }
        (false, None) => format!("complete them with: sweep run {place}/config.toml -o {place}\n"),
    };
    text
}

/// Into how many shards the sweep was split the last time.
fn newest_split(owners: &[Seen]) -> Option<u32> {
    let with_shards = owners.iter().filter(|seen| seen.owner.shard.is_some());
    with_shards.max_by_key(|seen| seen.owner.started).and_then(|seen| Some(seen.owner.shard?.of()))
}

/// Every shard, how many jobs it has, and how many of them are left.
fn shards(plan: &Plan, store: &Store, of: u32) -> Vec<(Shard, usize, usize)> {
    let mut counts = vec![(0, 0); of as usize];
    for (job, shard) in plan.jobs.iter().zip(Shard::assign(&plan.jobs, of)) {
        let (jobs, left) = &mut counts[shard as usize - 1];
        *jobs += 1;
        *left += usize::from(!store.done().contains_key(&job.id));
    }
    let named = (1..=of).zip(counts).filter_map(|(index, (jobs, left))| Some((Shard::new(index, of)?, jobs, left)));
    named.collect()
}

fn state_of(shard: Shard, owners: &[Seen]) -> String {
    match owners.iter().find(|seen| seen.owner.shard == Some(shard)) {
        None => "never started".to_owned(),
        Some(seen) => doing(seen),
    }
}

fn doing(seen: &Seen) -> String {
    let Seen { owner, age, .. } = seen;
    let (host, pid, ago) = (&owner.host, owner.pid, short_time(*age));
    match owner.state {
        State::Finished => format!("finished on {host} {ago} ago"),
        State::Stopped => format!("stopped on {host} {ago} ago"),
        State::Running if seen.alive() => {
            format!("running on {host} (process {pid}), {} at once, last sign of life {ago} ago", owner.tally.running)
        }
        State::Running => format!("gone: no sign of life from {host} (process {pid}) for {ago}"),
    }
}
