//! The table of ratios, from the files that Criterion has written.

use std::path::PathBuf;
use std::time::SystemTime;

/// A measurement; it may be missing, because the command line can select some of them.
struct Expected {
    group: String,
    size: String,
    level: &'static str,
    tokens: usize,
}

/// The measurements made since `self` was created.
pub(super) struct Results {
    since: SystemTime,
    expected: Vec<Expected>,
}

impl Results {
    pub(super) fn new() -> Self {
        Self { since: SystemTime::now(), expected: Vec::new() }
    }

    pub(super) fn expect(&mut self, group: &str, size: &str, level: &'static str, tokens: usize) {
        self.expected.push(Expected { group: group.to_owned(), size: size.to_owned(), level, tokens });
    }

    /// One line per measurement: nanoseconds per token, and the two ratios.
    pub(super) fn print(&self) {
        let all: Vec<(&Expected, f64)> = self.expected.iter().filter_map(|e| Some((e, self.per_token(e)?))).collect();
        if all.is_empty() {
            println!("nothing was measured, or not where it was looked for ({})", home().display());
            return;
        }
        let find = |group: &str, size: &str, level: &str| {
            all.iter().find(|(e, _)| e.group == group && e.size == size && e.level == level).map(|(_, time)| *time)
        };
        let shown = |ratio: Option<f64>| ratio.map_or_else(|| "-".to_owned(), |ratio| format!("{ratio:.2}"));
        println!("{:<17} {:<18} {:<9} {:>9} {:>12} {:>14}", "", "", "level", "ns/token", "x bits alone", "x portable");
        for (e, time) in &all {
            let bits = find("random_bits", "16_a_token", e.level).map(|bits| time / bits);
            let portable = find(&e.group, &e.size, "portable").map(|portable| portable / time);
            let (bits, portable) = (shown(bits), shown(portable));
            println!("{:<17} {:<18} {:<9} {time:>9.4} {bits:>12} {portable:>14}", e.group, e.size, e.level);
        }
    }

    /// A row of Markdown per size, with the steps of every algorithm: nanoseconds per token at the
    /// last level, which is the fastest, and the ratio to the first of all.
    pub(super) fn print_steps(&self, steps: &[([usize; 4], String, &[&str])]) {
        let Some(level) = self.expected.last().map(|e| e.level) else { return };
        let time = |algorithm: &str, size: &str| {
            let group = format!("of_{algorithm}");
            let found = |e: &&Expected| e.group == group && e.size == size && e.level == level;
            self.expected.iter().find(found).and_then(|e| self.per_token(e))
        };
        let Some((_, first, algorithms)) = steps.first() else { return };
        let Some(unit) = time(algorithms[0], first) else { return };
        println!("\nnanoseconds a token of a step ({level}), and times {} in the first row\n", algorithms[0]);
        println!("| N, T, B | {} |\n|---{}|", algorithms.join(" | "), "|---".repeat(algorithms.len()));
        for ([n, _, t, b], size, _) in steps {
            let cells = algorithms.iter().map(|algorithm| {
                time(algorithm, size).map_or_else(String::new, |time| format!("{time:.2} ({:.1})", time / unit))
            });
            println!("| {n}, {t}, {b} | {} |", cells.collect::<Vec<_>>().join(" | "));
        }
    }

    /// Nanoseconds per token, in the fastest sample of this run: what else a machine does makes
    /// samples slow, and nothing makes one fast.
    fn per_token(&self, e: &Expected) -> Option<f64> {
        let path = home().join(&e.group).join(&e.size).join(e.level).join("new/sample.json");
        let fresh = std::fs::metadata(&path).and_then(|file| file.modified()).is_ok_and(|time| time >= self.since);
        let text = fresh.then(|| std::fs::read_to_string(&path).ok())??;
        let samples: serde_json::Value = serde_json::from_str(&text).ok()?;
        let (times, steps) = (samples["times"].as_array()?, samples["iters"].as_array()?);
        let of_step = times.iter().zip(steps).filter_map(|(time, steps)| Some(time.as_f64()? / steps.as_f64()?));
        Some(of_step.reduce(f64::min)? / e.tokens as f64)
    }
}

/// The directory of Criterion, relative to the package in which Cargo runs benchmarks.
fn home() -> PathBuf {
    let target = || std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| PathBuf::from("../../target"), PathBuf::from);
    std::env::var_os("CRITERION_HOME").map_or_else(|| target().join("criterion"), PathBuf::from)
}
