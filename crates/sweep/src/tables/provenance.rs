//! How a sweep was run, for its report.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use report::Timing;
use report::page::Provenance;

use crate::config::{self, Config, resolved};
use crate::platform::clock::{date, short_time};
use crate::platform::machine;
use crate::platform::shell::quoted_path;
use crate::store::layout;

/// How the sweep in `directory` was run, whose jobs have this results version. What is `missing` is
/// said in words; `timings` are those of the finished jobs.
pub(crate) fn provenance(
    config: &Config,
    results_version: u32,
    missing: Option<String>,
    timings: &[Timing],
    directory: &Path,
) -> Provenance {
    let mut facts = vec![
        ("program", format!("sweep {}, results version {results_version}", crate::args::VERSION)),
        ("seed", config.seed.to_string()),
        ("replicates", config.replicates.to_string()),
    ];
    if !timings.is_empty() {
        let hosts: BTreeSet<&str> = timings.iter().map(|t| t.host.as_str()).collect();
        let shown: Vec<&str> = hosts.iter().copied().take(8).collect();
        let more =
            if hosts.len() > shown.len() { format!(" and {} more", hosts.len() - shown.len()) } else { String::new() };
        let seconds: f64 = timings.iter().map(|t| t.wall_seconds).sum();
        let tokens: f64 = timings.iter().map(|t| t.tokens as f64).sum();
        facts.push(("machine", shown.join(", ") + &more));
        facts.push((
            "time",
            format!("{} of one core for {tokens:.1e} tokens", short_time(Duration::from_secs_f64(seconds.max(0.0)))),
        ));
        facts.extend(timings.iter().map(|t| t.finished).max().and_then(date).map(|date| ("finished", date)));
    }
    facts.push(("report written", format!("on {}, {} cores", machine::host(), machine::cores())));
    let file = directory.join(layout::CONFIG);
    let path = quoted_path(&file);
    // `sweep report --quantile` asks otherwise than the config.
    let own = config::load(&file, &[]).map_or(config.quantile, |there| there.quantile);
    let asked = if own == config.quantile { String::new() } else { format!(" answer.quantile={}", config.quantile) };
    Provenance {
        name: config.name.clone(),
        title: config.title.clone(),
        missing,
        facts,
        // A run writes it before the first job, so it can be written.
        config: resolved::to_toml(config).unwrap_or_default(),
        command: format!("sweep run {path}{asked} -o again"),
    }
}
