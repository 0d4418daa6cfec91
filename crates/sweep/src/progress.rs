//! The progress bar: weighted by cost, with time left and tokens per second; plain lines off a terminal.

use std::cell::RefCell;
use std::io::IsTerminal;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use scb_core::kernel::Level;

use crate::claim::Tally;
use crate::duration::short_time;
use crate::plan::Plan;
use crate::terminal::say;

/// How often a line is printed where there is no terminal.
const LINE_EVERY: Duration = Duration::from_secs(10);

/// Shows how far a sweep is.
#[derive(Debug)]
pub struct Progress {
    level: Level,
    bar: ProgressBar,
    terminal: bool,
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
    last_line: Instant,
}

impl Progress {
    /// Of what is outstanding in a plan, after what is `done`.
    #[must_use]
    pub fn new(plan: &Plan, done: Tally, name: &str, quiet: bool, level: Level) -> Self {
        let terminal = std::io::stderr().is_terminal();
        let bar = if quiet || !terminal || plan.outstanding.is_empty() {
            ProgressBar::hidden()
        } else {
            // Parts per ten thousand of the cost.
            ProgressBar::with_draw_target(Some(10_000), ProgressDrawTarget::stderr())
        };
        if let Ok(style) = ProgressStyle::with_template("{prefix} [{bar:32}] {percent:>3} %  {msg}") {
            bar.set_style(style.progress_chars("=> "));
        }
        bar.set_prefix(name.to_owned());
        let start = Instant::now();
        let progress = Self {
            level,
            bar,
            terminal,
            quiet,
            name: name.to_owned(),
            jobs: plan.outstanding.len(),
            cost: plan.cost_left(),
            start,
            state: RefCell::new(State { jobs: 0, cost: 0.0, tokens: 0.0, last_line: start }),
        };
        if !quiet && done.done > 0 {
            progress.say(&format!("{name}: {} of {} jobs were done before", done.done, done.jobs));
        }
        progress
    }

    /// One more job is done: its planned cost and the tokens it really took.
    pub fn job_done(&self, cost: f64, tokens: f64) {
        let mut state = self.state.borrow_mut();
        state.jobs += 1;
        state.cost += cost;
        state.tokens += tokens;
    }

    /// Redraws; called a few times a second.
    pub fn tick(&self) {
        let message = self.message();
        self.bar.set_message(message.clone());
        self.bar.set_position((1e4 * self.share()) as u64);
        let due = self.state.borrow().last_line.elapsed() >= LINE_EVERY;
        if due && !self.terminal && !self.quiet {
            self.state.borrow_mut().last_line = Instant::now();
            self.say(&format!("{}: {:.0} %  {message}", self.name, 100.0 * self.share()));
        }
    }

    /// Says something above the bar.
    pub fn say(&self, line: &str) {
        self.bar.suspend(|| say(line));
    }

    /// Clears the bar and sums up.
    pub fn finish(&self) {
        self.bar.finish_and_clear();
        let state = self.state.borrow();
        if !self.quiet && state.jobs > 0 {
            let (elapsed, rate) = (self.start.elapsed(), self.tokens_per_second());
            let (name, jobs, time) = (&self.name, state.jobs, short_time(elapsed));
            self.say(&format!("{name}: {jobs} jobs in {time}, {:.2} G tokens/s ({})", rate / 1e9, self.level.name()));
        }
    }

    /// Tokens simulated per second so far.
    #[must_use]
    pub fn tokens_per_second(&self) -> f64 {
        self.state.borrow().tokens / self.start.elapsed().as_secs_f64().max(1e-3)
    }

    fn share(&self) -> f64 {
        if self.cost > 0.0 { (self.state.borrow().cost / self.cost).min(1.0) } else { 1.0 }
    }

    fn message(&self) -> String {
        let state = self.state.borrow();
        let elapsed = self.start.elapsed().as_secs_f64();
        let rate = self.tokens_per_second() / 1e9;
        let left = if state.cost > 0.0 {
            let seconds = elapsed * (self.cost / state.cost - 1.0).max(0.0);
            format!("{} left", short_time(Duration::from_secs_f64(seconds.min(1e9))))
        } else {
            "first jobs running".to_owned()
        };
        format!("{}/{} jobs  {rate:.2} G tokens/s  {left}", state.jobs, self.jobs)
    }
}
