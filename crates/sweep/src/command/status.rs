//! `sweep status`: how far a run is, from any machine that sees its directory.

use std::fmt::Write;
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use super::directory::open;
use super::shards::{newest_split, shards, state_of, state_text};
use crate::SweepError;
use crate::platform::clock::short_time;
use crate::platform::terminal::{answer_columns, fitted, print};
use crate::store::heartbeat::{self, Seen};

/// More shards than this are shown only as far as they are not finished.
const MAX_SHARDS_SHOWN: u32 = 64;

pub(crate) fn status(directory: &Path) -> Result<ExitCode, SweepError> {
    let (config, plan, store) = open(directory)?;
    let owners = heartbeat::read_all(directory);
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
        let _ = writeln!(text, "  run: {}", state_text(seen));
    }
    if let Some(of) = newest_split(&owners) {
        text += "\n";
        for (shard, jobs, left) in shards(&plan, &store, of) {
            if of > MAX_SHARDS_SHOWN && left == 0 {
                continue;
            }
            let _ = writeln!(text, "  shard {shard}: {} of {jobs} done, {}", jobs - left, state_of(shard, &owners));
        }
    }
    print(&fitted(&text, Some(answer_columns())))?;
    Ok(ExitCode::SUCCESS)
}
