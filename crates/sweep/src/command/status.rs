//! `sweep status`: how far a run is, from any machine that sees its directory.

use std::fmt::Write;
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use super::directory::open;
use super::shards::{newest_split, state_of, state_text};
use report::analysis::count;

use crate::SweepError;
use crate::platform::clock::short_time;
use crate::platform::terminal::{answer_columns, fitted, print};
use crate::store::heartbeat::{self, Seen};

/// More shards than this are shown only as far as they are not finished.
const MAX_SHARDS_SHOWN: u32 = 64;

pub(crate) fn status(directory: &Path) -> Result<ExitCode, SweepError> {
    let (config, workload, store) = open(directory)?;
    let owners = heartbeat::read_all(directory);
    let tally = workload.tally(store.ids());
    let alive: Vec<&Seen> = owners.iter().filter(|seen| seen.alive()).collect();
    let running: usize = alive.iter().map(|seen| seen.owner.tally.running).sum();
    let (done, failed, left) = (tally.done, tally.failed, tally.jobs - tally.done);
    let mut text = match tally.cells {
        0 => format!("{}: {} jobs in {}\n", config.name, tally.jobs, directory.display()),
        cells => format!("{}: search of {} in {}\n", config.name, count(cells, "cell"), directory.display()),
    };
    if tally.cells == 0 {
        let _ = writeln!(text, "  done {done} ({failed} failed), running {running}, left {left}");
    } else {
        let (complete, left) = (tally.complete, tally.cells - tally.complete);
        let _ =
            writeln!(text, "  searched {complete}, left {left}; runs done {done} ({failed} failed), running {running}");
    }
    let rate: f64 = alive.iter().map(|seen| seen.owner.tally.tokens_per_second).sum();
    if rate > 0.0 && tally.cells > 0 {
        let _ = writeln!(text, "  {:.2} G tokens/s", rate / 1e9);
    } else if rate > 0.0 {
        let seconds = Duration::from_secs_f64((workload.plan.cost_left() / rate).min(1e12));
        let _ = writeln!(text, "  {:.2} G tokens/s, at most {} left at this rate", rate / 1e9, short_time(seconds));
    }
    for seen in owners.iter().filter(|seen| seen.owner.shard.is_none()) {
        let _ = writeln!(text, "  run: {}", state_text(seen));
    }
    if let Some(of) = newest_split(&owners) {
        text += "\n";
        for (shard, jobs, left) in workload.shards(store.ids(), of) {
            if of > MAX_SHARDS_SHOWN && left == 0 {
                continue;
            }
            let _ = writeln!(text, "  shard {shard}: {} of {jobs} done, {}", jobs - left, state_of(shard, &owners));
        }
    }
    print(&fitted(&text, Some(answer_columns())))?;
    Ok(ExitCode::SUCCESS)
}
