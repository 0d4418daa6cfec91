//! The command line.

use std::path::PathBuf;
use std::sync::LazyLock;

use clap::builder::RangedI64ValueParser;
use clap::builder::styling::{AnsiColor, Styles};
use clap::{Args, Parser, Subcommand, ValueEnum};
use report::analysis::Milestone;

use crate::job::RESULTS_VERSION;
use crate::job::shard::Shard;

/// More cores than any machine has would only cost time to start.
fn cores() -> RangedI64ValueParser<u32> {
    RangedI64ValueParser::new().range(1..=1024)
}

/// More tasks than any cluster takes.
fn tasks() -> RangedI64ValueParser<u32> {
    RangedI64ValueParser::new().range(1..=1_000_000)
}

/// A milestone by its name.
fn milestone(name: &str) -> Result<Milestone, String> {
    let known = Milestone::FROM_START;
    let found = known.into_iter().find(|milestone| milestone.name() == name);
    found.ok_or_else(|| format!("the milestones are {}", known.map(Milestone::name).join(", ")))
}

/// Yellow headings, green literals, as cargo shows them.
const STYLES: Styles = Styles::styled()
    .header(AnsiColor::Yellow.on_default().bold())
    .usage(AnsiColor::Yellow.on_default().bold())
    .literal(AnsiColor::Green.on_default())
    .placeholder(AnsiColor::Cyan.on_default());

/// Version and commit.
pub(crate) const VERSION: &str = concat!(env!("CARGO_PKG_VERSION"), " (", env!("SWEEP_COMMIT"), ")");

/// The version with what decides speed and what may be left out of a build, for `--version`.
fn long_version() -> &'static str {
    static TEXT: LazyLock<String> = LazyLock::new(long_version_text);
    &TEXT
}

fn long_version_text() -> String {
    let pdf = if cfg!(feature = "pdf") { "with" } else { "without" };
    let levels: Vec<&str> = scb_core::Level::available().iter().map(|level| level.name()).collect();
    format!("{VERSION}\nresults version {RESULTS_VERSION}; figures in PDF: {pdf}; kernels: {}", levels.join(", "))
}

/// How many samples does a linear transformer need to learn a sparse contextual bigram, and how
/// does that number scale with sequence length T, states N and sparsity Q?
#[derive(Debug, Parser)]
#[command(name = "sweep", version = VERSION, long_version = long_version(), styles = STYLES, after_help = "\
Exit codes: 0 all jobs done, 1 some job failed or is missing (the others are kept) or the disk \
failed, 2 usage or config error (nothing on disk is touched), 130 interrupted (finished jobs \
are kept).

Environment: SCB_KERNELS=portable|avx2|avx512 chooses the instructions that jobs run with \
(default: the fastest this processor has); speed changes, results do not.

Start with: sweep new mine, then sweep run mine.toml")]
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
    Status(StatusArguments),
    /// Put shards together: the same bytes as one run; or sweeps that differ in their grids
    Merge(Merge),
    /// One job in words and numbers: its task, how it went, how it ended, how to run it again
    Show(ShowArguments),
    /// A run, or a dataset, as NumPy arrays in a compressed .npz file
    ///
    /// A run: P, mu, positions and weights of q, V and A at the start and at the end, milestones, the
    /// trace, and a batch with its loss and mean gradients. With --samples, a dataset: P, mu, q, and
    /// samples of that task.
    #[command(after_long_help = crate::export::arrays::help(), override_usage = "sweep export [OPTIONS] --output <FILE> <SOURCE> [--job <JOB>...]\n       sweep export [OPTIONS] --output <FILE> <SOURCE> --samples <N> [KEY=VALUES]...")]
    Export(ExportArguments),
    /// Write a commented config for a question of your own
    New(NewArguments),
    /// What a key, an algorithm, a milestone, a status or a column means, with unit, default and
    /// range
    Explain(ExplainArguments),
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
    /// Print a script that completes commands in a shell
    ///
    /// For bash: sweep completions bash > ~/.local/share/bash-completion/completions/sweep
    Completions {
        /// Which shell
        shell: clap_complete::Shell,
    },
    /// Write manual pages, one a command, into a folder
    ///
    /// For example: sweep man ~/.local/share/man/man1
    Man(Folder),
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
    /// Needed samples by this share of the runs, such as 0.5, instead of the config's; of grids, since
    /// a search has chosen settings for its own
    #[arg(long, value_name = "SHARE")]
    pub quantile: Option<f64>,
    /// What the answer is about: signal, support, recovery; the tables have all of them
    #[arg(long, value_name = "NAME", default_value = "recovery", value_parser = milestone)]
    pub milestone: Milestone,
}

/// `sweep status`.
#[derive(Debug, Args)]
pub struct StatusArguments {
    /// The run directory
    #[arg(value_name = "DIR")]
    pub directory: PathBuf,
    /// Show it again every two seconds, until nothing is left or nobody is at work
    #[arg(long)]
    pub watch: bool,
}

/// `sweep man`.
#[derive(Debug, Args)]
pub struct Folder {
    /// The folder
    #[arg(value_name = "DIR")]
    pub directory: PathBuf,
}

/// `sweep show`.
#[derive(Debug, Args)]
pub struct ShowArguments {
    /// A run directory, or a config
    #[arg(value_name = "SOURCE")]
    pub source: PathBuf,
    /// The job: what its id begins with, or values such as N=3 T=64 replicate=2
    #[arg(required = true, value_name = "JOB")]
    pub job: Vec<String>,
}

/// At most as many samples as a batch may have.
fn samples() -> RangedI64ValueParser<u32> {
    RangedI64ValueParser::new().range(1..=1_000_000_000)
}

/// `sweep export`.
#[derive(Debug, Args)]
pub struct ExportArguments {
    /// A run directory, or a config
    #[arg(value_name = "SOURCE")]
    pub source: PathBuf,
    /// Replace keys of the config, as for `run`
    #[arg(value_name = "KEY=VALUES")]
    pub overrides: Vec<String>,
    /// The job: what its id begins with, or values such as N=3 T=64 replicate=2
    #[arg(long, value_name = "JOB", num_args = 1..)]
    pub job: Vec<String>,
    /// Samples with their loss and gradients (default: the batch size, the samples of the first step)
    #[arg(long, value_name = "N", value_parser = samples(), conflicts_with = "samples")]
    pub batch: Option<u32>,
    /// Export no run, but so many samples of the task, that of the first job unless --job says which
    #[arg(long, value_name = "N", value_parser = samples())]
    pub samples: Option<u32>,
    /// The file, NAME.npz; only an earlier export is replaced
    #[arg(short, long, value_name = "FILE")]
    pub output: PathBuf,
}

/// `sweep new`.
#[derive(Debug, Args)]
pub struct NewArguments {
    /// The sweep's name; NAME.toml is written, and sweep.schema.json for editors beside it
    #[arg(value_name = "NAME")]
    pub name: PathBuf,
    /// A chain of your own: its transition matrix, CSV or .npy
    #[arg(long, value_name = "FILE")]
    pub matrix: Option<PathBuf>,
}

/// `sweep explain`.
#[derive(Debug, Args)]
pub struct ExplainArguments {
    /// What to explain: `lambda`, `training.boost`, `mirrored`, `at_edge`; none: what there is
    #[arg(value_name = "NAME")]
    pub name: Option<String>,
    /// Print the JSON Schema of a config, for editors
    #[arg(long, conflicts_with = "name")]
    pub schema: bool,
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
