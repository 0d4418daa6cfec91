//! The command line.

use std::path::PathBuf;

use clap::builder::RangedI64ValueParser;
use clap::builder::styling::{AnsiColor, Styles};
use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::job::shard::Shard;

/// More cores than any machine has would only cost time to start.
fn cores() -> RangedI64ValueParser<u32> {
    RangedI64ValueParser::new().range(1..=1024)
}

/// More tasks than any cluster takes.
fn tasks() -> RangedI64ValueParser<u32> {
    RangedI64ValueParser::new().range(1..=1_000_000)
}

/// Yellow headings, green literals, as cargo shows them.
const STYLES: Styles = Styles::styled()
    .header(AnsiColor::Yellow.on_default().bold())
    .usage(AnsiColor::Yellow.on_default().bold())
    .literal(AnsiColor::Green.on_default())
    .placeholder(AnsiColor::Cyan.on_default());

/// How many samples does a linear transformer need to learn a sparse contextual bigram, and how
/// does that number scale with sequence length T, states N and sparsity Q?
#[derive(Debug, Parser)]
#[command(name = "sweep", version, styles = STYLES, after_help = "\
Exit codes: 0 all jobs done, 1 some job failed or is missing (the others are kept) or the disk \
failed, 2 usage or config error (nothing on disk is touched), 130 interrupted (finished jobs \
are kept).

Environment: SCB_KERNELS=portable|avx2|avx512 chooses the instructions that run and plan use \
(default: the fastest this processor has); speed changes, results do not.

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
    ///
    /// Also while shards are running, or after some are lost: it says what is missing.
    Report(ReportArguments),
    /// Show how far a run is, from any machine: done, running, failed, left; and every shard
    Status(Directory),
    /// Put shards together: the same bytes as one run; or sweeps that differ in their grids
    Merge(Merge),
    /// Run a sweep on a Slurm cluster: an array of shards, and a job that reports when they are
    /// done
    ///
    /// Again: submits what is missing. The scripts land in DIR/slurm, to be read, edited and
    /// submitted by hand.
    // In two lines, since clap breaks none.
    #[command(
        override_usage = "sweep slurm [OPTIONS] --shards <N> <CONFIG> [KEY=VALUES]...\n                   [-- <EXTRA>...]"
    )]
    Slurm(SlurmArguments),
}

/// A config and where its results live.
#[derive(Debug, Args)]
pub struct ConfigArguments {
    /// The sweep, a TOML file
    pub config: PathBuf,
    /// Replace keys of the config: N=3,4 T=64 replicates=4 training.max_samples=20000
    #[arg(value_name = "KEY=VALUES")]
    pub overrides: Vec<String>,
    /// Run directory (default: output/NAME, the name of the config): absent, empty, or one that a
    /// run has made
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
    #[arg(short, long, value_name = "N", value_parser = cores())]
    pub jobs: Option<u32>,
    /// Run one share of the jobs: the I-th of N, of equal cost; shards may share a run directory
    ///
    /// Tables are for `sweep report DIR` to write, or `sweep merge` if each shard has a directory
    /// of its own.
    #[arg(long, value_name = "I/N")]
    pub shard: Option<Shard>,
    /// Start no more jobs once one has failed; those under way are finished and kept
    #[arg(long)]
    pub fail_fast: bool,
    /// Run the jobs that have failed, and only those
    #[arg(long)]
    pub retry_failed: bool,
    /// Use a directory that holds files of other origin: those in the way are renamed to
    /// NAME.before
    #[arg(long)]
    pub force: bool,
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
    #[arg(short, long, value_name = "N", value_parser = cores())]
    pub jobs: Option<u32>,
}

/// `sweep report`.
#[derive(Debug, Args)]
pub struct ReportArguments {
    /// The run directory
    #[arg(value_name = "DIR")]
    pub directory: PathBuf,
    /// Compare with another sweep, cell by cell: a sentence and a figure
    #[arg(long, value_name = "DIR")]
    pub beside: Option<PathBuf>,
}

/// `sweep status`.
#[derive(Debug, Args)]
pub struct Directory {
    /// The run directory
    #[arg(value_name = "DIR")]
    pub directory: PathBuf,
}

/// `sweep merge`.
#[derive(Debug, Args)]
pub struct Merge {
    /// Run directories of the same sweep, or of sweeps that differ in their grids only
    #[arg(value_name = "DIR", required = true)]
    pub directories: Vec<PathBuf>,
    /// Run directory to put them into; what it holds already is kept
    #[arg(short, long, value_name = "DIR")]
    pub output: PathBuf,
    /// Use a directory that holds files of other origin: those in the way are renamed to
    /// NAME.before
    #[arg(long)]
    pub force: bool,
}

/// `sweep slurm`.
#[derive(Debug, Args)]
pub struct SlurmArguments {
    /// Config and run directory.
    #[command(flatten)]
    pub config: ConfigArguments,
    /// Tasks of the array, each a share of the jobs of equal cost
    #[arg(long, value_name = "N", value_parser = tasks())]
    pub shards: u32,
    /// Partition
    #[arg(long, value_name = "P")]
    pub partition: Option<String>,
    /// Time limit of a task, as sbatch takes it
    #[arg(long, value_name = "T")]
    pub time: Option<String>,
    /// Cores of a task
    #[arg(long, value_name = "C", value_parser = cores())]
    pub cpus_per_task: Option<u32>,
    /// Memory of a task, as sbatch takes it
    #[arg(long, value_name = "M")]
    pub mem: Option<String>,
    /// Account to charge
    #[arg(long, value_name = "A")]
    pub account: Option<String>,
    /// Tasks that run at the same time, at the most
    #[arg(long, value_name = "K", value_parser = tasks())]
    pub array_limit: Option<u32>,
    /// Run the jobs that have failed, and only those
    #[arg(long)]
    pub retry_failed: bool,
    /// Use a directory that holds files of other origin: those in the way are renamed to
    /// NAME.before
    #[arg(long)]
    pub force: bool,
    /// Print the scripts; submit nothing and touch nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Further options for sbatch
    #[arg(last = true, value_name = "EXTRA")]
    pub extra: Vec<String>,
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
