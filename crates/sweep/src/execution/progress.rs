//! The progress bar: weighted by cost, with time left and tokens per second; plain lines where no
//! bar can be drawn, off a terminal and on one that knows no cursor (TERM=dumb, or no TERM).

use std::cell::RefCell;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use report::analysis::count;
use scb_core::level_in_use;

use crate::execution::source::Cells;
use crate::job::Tally;
use crate::platform::clock::short_time;
use crate::platform::terminal::{message_columns, say};

/// The first line is printed after so long, where there is no bar: a short sweep needs none.
const FIRST_LINE: Duration = Duration::from_secs(3);
/// How often a line is printed after that.
const LINE_EVERY: Duration = Duration::from_secs(10);
/// Columns of the bar, where they fit.
const BAR: usize = 32;
/// Columns of the shortest bar.
const SHORTEST_BAR: usize = 8;

/// Shows how far a sweep is.
#[derive(Debug)]
pub struct Progress {
    bar: ProgressBar,
    quiet: bool,
    name: String,
    jobs: usize,
    cost: f64,
    start: Instant,
    state: RefCell<State>,
}

#[derive(Debug)]
struct State {
    jobs: usize,
    cost: f64,
    tokens: f64,
    /// How far the search is, and was at first, if it is one.
    cells: Option<(Cells, Cells)>,
    next_line: Instant,
    /// Columns of the bar, and the name before it.
    layout: (usize, String),
}

impl Progress {
    /// For so many `jobs` of this `cost` in tokens, as far as it is known before; `done` is how far
    /// the process is before.
    #[must_use]
    pub fn new(cost: f64, jobs: usize, done: Tally, name: &str, quiet: bool) -> Self {
        let bar = if quiet || jobs == 0 {
            ProgressBar::hidden()
        } else {
            // Parts per ten thousand of the cost. Hidden where it cannot be drawn.
            ProgressBar::with_draw_target(Some(10_000), ProgressDrawTarget::stderr())
        };
        let start = Instant::now();
        let progress = Self {
            bar,
            quiet,
            name: name.to_owned(),
            jobs,
            cost,
            start,
            state: RefCell::new(State {
                jobs: 0,
                cost: 0.0,
                tokens: 0.0,
                cells: None,
                next_line: start + FIRST_LINE,
                layout: (0, String::new()),
            }),
        };
        if !quiet && done.done > 0 {
            progress.say(&match done.cells {
                0 => format!("{name}: {} of {} jobs were done before", done.done, done.jobs),
                cells => {
                    format!("{name}: {} of {cells} cells were searched before, by {} runs", done.complete, done.done)
                }
            });
        }
        progress
    }

    /// Counts one more job: its planned `cost` in tokens, and the `tokens` that it has simulated.
    pub fn job_done(&self, cost: f64, tokens: f64) {
        let mut state = self.state.borrow_mut();
        state.jobs += 1;
        state.cost += cost;
        state.tokens += tokens;
    }

    /// Says how far a search is.
    pub fn cells(&self, cells: Cells) {
        let mut state = self.state.borrow_mut();
        let first = state.cells.map_or(cells, |(_, first)| first);
        state.cells = Some((cells, first));
    }

    /// Redraws; called a few times a second.
    pub fn tick(&self) {
        let message = self.message();
        if !self.bar.is_hidden() {
            self.lay_out(message.chars().count());
            self.bar.set_message(message);
            self.bar.set_position((1e4 * self.share()) as u64);
        } else if !self.quiet && self.state.borrow().next_line <= Instant::now() {
            self.state.borrow_mut().next_line = Instant::now() + LINE_EVERY;
            self.say(&format!("{}: {:.0} % of work  {message}", self.name, 100.0 * self.share()));
        }
    }

    /// Makes name and bar fit beside a message of so many characters.
    fn lay_out(&self, message: usize) {
        let layout = layout(message_columns().unwrap_or(80), &self.name, message);
        let mut state = self.state.borrow_mut();
        if state.layout == layout {
            return;
        }
        let (bar, name) = &layout;
        let style = if *bar == 0 {
            ProgressStyle::with_template("{prefix}{percent:>3} %  {msg}")
        } else {
            ProgressStyle::with_template(&format!("{{prefix}}[{{bar:{bar}}}] {{percent:>3}} % of work  {{msg}}"))
        };
        if let Ok(style) = style {
            self.bar.set_style(style.progress_chars("=> "));
        }
        self.bar.set_prefix(name.clone());
        state.layout = layout;
    }

    /// Says something above the bar.
    pub fn say(&self, line: &str) {
        self.bar.suspend(|| say(line));
    }

    /// Removes the bar and prints how many jobs were run in what time.
    pub fn finish(&self) {
        self.bar.finish_and_clear();
        let state = self.state.borrow();
        if !self.quiet && state.jobs > 0 {
            let (elapsed, rate) = (self.start.elapsed(), self.tokens_per_second());
            let (name, time) = (&self.name, short_time(elapsed));
            // A search looks at some runs several times, each time further.
            let jobs =
                if state.cells.is_some() { format!("{} looks at runs", state.jobs) } else { count(state.jobs, "job") };
            self.say(&format!("{name}: {jobs} in {time}, {:.2} G tokens/s ({})", rate / 1e9, level_in_use().name()));
        }
    }

    /// Tokens simulated per second so far.
    #[must_use]
    pub fn tokens_per_second(&self) -> f64 {
        self.state.borrow().tokens / self.start.elapsed().as_secs_f64().max(1e-3)
    }

    fn share(&self) -> f64 {
        if let Some((cells, _)) = self.state.borrow().cells {
            return cells.share;
        }
        if self.cost > 0.0 { (self.state.borrow().cost / self.cost).min(1.0) } else { 1.0 }
    }

    fn message(&self) -> String {
        let state = self.state.borrow();
        let elapsed = self.start.elapsed().as_secs_f64();
        let rate = self.tokens_per_second() / 1e9;
        if let Some((cells, first)) = state.cells {
            let done = cells.share - first.share;
            let left = if done > 0.0 {
                let seconds = elapsed * (1.0 - cells.share) / done;
                format!("  about {} left", short_time(Duration::from_secs_f64(seconds.min(1e9))))
            } else {
                String::new()
            };
            let (complete, all, jobs) = (cells.complete, cells.all, state.jobs);
            return format!("{complete}/{all} cells searched, {jobs} runs  {rate:.2} G tokens/s{left}");
        }
        let left = if state.cost > 0.0 {
            let seconds = elapsed * (self.cost / state.cost - 1.0).max(0.0);
            format!("{} left", short_time(Duration::from_secs_f64(seconds.min(1e9))))
        } else {
            "first jobs running".to_owned()
        };
        format!("{}/{} jobs  {rate:.2} G tokens/s  {left}", state.jobs, self.jobs)
    }
}

/// Columns of the bar and the name before it, so that a line with a message of so many characters
/// fits into `columns`: first the bar gets shorter, then the name, and then they go.
fn layout(columns: usize, name: &str, message: usize) -> (usize, String) {
    // A terminal may break a line that ends in its last column.
    let columns_left = columns.saturating_sub(1 + "[] 100 % of work  ".len() + message);
    let length = name.chars().count() + 1;
    if columns_left >= length + SHORTEST_BAR {
        return (BAR.min(columns_left - length), format!("{name} "));
    }
    let (dots, bar) = ("..", SHORTEST_BAR.min(columns_left));
    let left = (columns_left - bar).saturating_sub(dots.len() + 1);
    let bar = if bar < SHORTEST_BAR { 0 } else { bar };
    if left < 3 {
        return (if bar > 0 { BAR.min(columns_left) } else { 0 }, String::new());
    }
    (bar, name.chars().take(left).chain(dots.chars()).chain([' ']).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bar_fits_its_terminal() {
        assert_eq!(layout(120, "smoke", 40), (32, "smoke ".to_owned()));
        assert_eq!(layout(80, "smoke", 42), (13, "smoke ".to_owned()));
        assert_eq!(layout(80, "a_rather_long_name", 42), (8, "a_rather.. ".to_owned()));
        assert_eq!(layout(80, "a_rather_long_name", 50), (11, String::new()));
        assert_eq!(layout(60, "smoke", 45), (0, String::new()));
        for columns in 60..130 {
            for message in 0..columns - 28 {
                for name in
                    ["s", "sample_complexity", "a_name_that_somebody_has_given_to_a_file_without_thinking_of_bars"]
                {
                    let (bar, name) = layout(columns, name, message);
                    let around = if bar > 0 { "[] 100 % of work  ".len() } else { "100 %  ".len() };
                    assert!(name.chars().count() + around + bar + message < columns);
                }
            }
        }
    }
}
