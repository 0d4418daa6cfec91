//! `sweep status`: how far a run is, from any machine that sees its directory.

use std::fmt::Write;
use std::io::IsTerminal;
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use super::directory::{open, while_others_work};
use super::shards::{newest_split, state_of, state_text};
use report::analysis::count;

use crate::SweepError;
use crate::args::StatusArguments;
use crate::platform::clock::short_time;
use crate::platform::shell::quoted_path;
use crate::platform::terminal::{answer_columns, fitted, print};
use crate::store::heartbeat::{self, Seen};

/// More shards than this are shown only as far as they are not finished.
const MAX_SHARDS_SHOWN: u32 = 64;

/// How often `--watch` looks.
const BETWEEN_LOOKS: Duration = Duration::from_secs(2);
/// Clears the terminal and goes to its first line.
const CLEAR: &str = "\x1b[2J\x1b[H";

pub(crate) fn status(arguments: &StatusArguments) -> Result<ExitCode, SweepError> {
    let mut before = String::new();
    loop {
        let Look { text, at_work, left } = while_others_work(|| look(&arguments.directory))?;
        if text != before {
            let clear = if arguments.watch && std::io::stdout().is_terminal() { CLEAR } else { "" };
            print(&format!("{clear}{}", fitted(&text, Some(answer_columns()))))?;
        }
        if !arguments.watch || !at_work || !left {
            return Ok(ExitCode::SUCCESS);
        }
        before = text;
        std::thread::sleep(BETWEEN_LOOKS);
    }
}

/// What is seen of a run directory.
struct Look {
    text: String,
    /// Whether somebody is at work there.
    at_work: bool,
    /// Whether something is left to run.
    left: bool,
}

fn look(directory: &Path) -> Result<Look, SweepError> {
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
    if tally.done > 0 && !tally.is_complete() {
        let _ = writeln!(text, "  tables and report.html of what is done: sweep report {}", quoted_path(directory));
    }
    Ok(Look { text, at_work: !alive.is_empty(), left: !tally.is_complete() })
}
