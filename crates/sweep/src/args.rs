//! The command line.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::builder::styling::{AnsiColor, Styles};
use clap::{Args, Parser, Subcommand, ValueEnum};

/// Yellow headings, green literals, as cargo shows them.
const STYLES: Styles = Styles::styled()
    .header(AnsiColor::Yellow.on_default().bold())
    .usage(AnsiColor::Yellow.on_default().bold())
    .literal(AnsiColor::Green.on_default())
    .placeholder(AnsiColor::Cyan.on_default());

/// How many samples does a linear transformer need to learn a sparse contextual bigram, and how does that
/// number scale with sequence length T, states N and sparsity Q?
#[derive(Debug, Parser)]
#[command(name = "sweep", version, styles = STYLES, after_help = "\
Exit codes: 0 all jobs done, 1 some job failed (the others are kept) or the disk did, 2 usage or config error,
130 interrupted (finished jobs are kept).
Environment: SCB_KERNELS=portable|avx2|avx512 chooses the instructions that run and plan use (default: the fastest this
processor has); speed changes, results do not.
Start with: sweep run sweeps/smoke.toml")]
pub struct Arguments {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
    /// When to use colours; NO_COLOR is honoured
    #[arg(long, global = true, value_enum, default_value_t = Color::Auto)]
    pub color: Color,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run what is missing of a sweep, write its tables and print the answer
    ///
    /// Running it again continues or completes: a finished job is never run twice.
    Run(Run),
    /// Say what a run would do: jobs per axis, how many are done, tokens, time
    Plan(PlanArguments),
    /// Build every table again from the results in a run directory
    Report(Report),
}

/// A config and where its results live.
#[derive(Debug, Args)]
pub struct ConfigArguments {
    /// The sweep, a TOML file
    pub config: PathBuf,
    /// Replace keys of the config: N=3,4 T=64 replicates=4 training.max_samples=20000
    #[arg(value_name = "KEY=VALUES")]
    pub overrides: Vec<String>,
    /// Run directory (default: output/NAME, the name of the config)
    #[arg(short, long, value_name = "DIR")]
    pub output: Option<PathBuf>,
}

/// `sweep run`.
#[derive(Debug, Args)]
pub struct Run {
    /// Config and run directory.
    #[command(flatten)]
    pub config: ConfigArguments,
    /// Cores to use (default: all); results do not depend on it
    #[arg(short, long, value_name = "N")]
    pub jobs: Option<NonZeroUsize>,
    /// No progress, no answer; errors only
    #[arg(short, long)]
    pub quiet: bool,
}

/// `sweep plan`.
#[derive(Debug, Args)]
pub struct PlanArguments {
    /// Config and run directory.
    #[command(flatten)]
    pub config: ConfigArguments,
    /// One line per job: id, state, parameters
    #[arg(long)]
    pub list: bool,
    /// Cores to estimate the time for (default: all cores)
    #[arg(short, long, value_name = "N")]
    pub jobs: Option<NonZeroUsize>,
}

/// `sweep report`.
#[derive(Debug, Args)]
pub struct Report {
    /// The run directory
    #[arg(value_name = "DIR")]
    pub directory: PathBuf,
}

/// When to use colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Color {
    /// On a terminal
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

impl Color {
    /// Makes it so for everything printed from here on.
    pub fn apply(self) {
        let choice = match self {
            // Left alone, the streams look at the terminal and at NO_COLOR.
            Self::Auto => return,
            Self::Always => anstream::ColorChoice::Always,
            Self::Never => anstream::ColorChoice::Never,
        };
        choice.write_global();
    }
}
