//! Slurm: the batch scripts of a sweep, and the few commands that talk to the scheduler.

use std::fmt::Write;
use std::io::ErrorKind;
use std::path::Path;
use std::process::Command;

use crate::SweepError;
use crate::config::diagnostic::Diagnostic;
use crate::platform::shell::{quoted, quoted_path};

/// The scripts of one submission.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scripts {
    /// The array: one task a shard.
    pub shards: String,
    /// The job that reports when the array is over, whatever became of its tasks.
    pub report: String,
}

/// What the scripts say.
#[derive(Debug)]
pub struct Submission<'s> {
    /// Name of the sweep.
    pub name: &'s str,
    /// The `sweep` program, an absolute path that every node must see.
    pub program: &'s Path,
    /// The run directory, an absolute path that every node must see.
    pub directory: &'s Path,
    /// Number of shards.
    pub of: u32,
    /// The shards that have something to do, ascending.
    pub shards: &'s [u32],
    /// Tasks at the same time, at the most.
    pub limit: Option<u32>,
    /// Options of sbatch for both jobs, without their dashes.
    pub options: &'s [(&'s str, String)],
    /// Cores of a task.
    pub cores: Option<u32>,
    /// Whether to run the jobs that have failed, and only those.
    pub retry_failed: bool,
    /// Further words for sbatch.
    pub extra: &'s [String],
}

impl Submission<'_> {
    /// The scripts, to be read, edited and submitted by hand as well.
    #[must_use]
    pub fn scripts(&self) -> Scripts {
        let Self { name, of, .. } = self;
        let (program, directory) = (quoted_path(self.program), quoted_path(self.directory));
        let logs = self.directory.join("slurm");
        // What sbatch would replace in the names of logs.
        let log = |file: &str| format!("{}/{file}", logs.display().to_string().replace('%', "%%"));
        let mut options = String::new();
        for (option, value) in self.options {
            let _ = writeln!(options, "#SBATCH --{option}={}", quoted(value));
        }
        let mut extra = String::new();
        for text in self.extra {
            extra += if is_option(text) { "\n#SBATCH " } else { " " };
            extra += &quoted(text);
        }
        let extra = extra.trim_start();
        let extra = if extra.is_empty() { String::new() } else { format!("{extra}\n") };
        let limit = self.limit.map_or_else(String::new, |limit| format!("%{limit}"));
        let cores = self.cores.map_or_else(String::new, |cores| format!("#SBATCH --cpus-per-task={cores}\n"));
        let shards = format!(
            "\
#!/bin/bash
# The shards of sweep `{name}`, one task each. A task that is requeued or runs twice does no harm: finished jobs are not run
# again, and one that ran twice counts once. Edit and submit it by hand if you like:
#
#     sbatch {by_hand}
#
#SBATCH --job-name={job}
#SBATCH --array={array}{limit}
#SBATCH --requeue
#SBATCH --output={log}
#SBATCH --open-mode=append
{options}{cores}{extra}
echo \"shard $SLURM_ARRAY_TASK_ID/{of}: job $SLURM_JOB_ID, start ${{SLURM_RESTART_COUNT:-0}}, on $(hostname)\"
exec {program} run {directory}/config.toml -o {directory} --shard \"$SLURM_ARRAY_TASK_ID/{of}\" \\
    -j \"${{SLURM_CPUS_PER_TASK:-${{SLURM_CPUS_ON_NODE:-1}}}}\"{retry}
",
            retry = if self.retry_failed { " --retry-failed" } else { "" },
            by_hand = quoted_path(&logs.join("shards.sh")),
            job = quoted(name),
            array = ranges(self.shards),
            log = quoted(&log("shard-%a.log")),
        );
        let report = format!(
            "\
#!/bin/bash
# Writes the tables of sweep `{name}` and says what is missing. Runs when no task of the array is left, whatever became of
# them. By hand, with the id that sbatch gave to the array:
#
#     sbatch --dependency=afterany:ID {by_hand}
#
#SBATCH --job-name={job}
#SBATCH --requeue
#SBATCH --output={log}
#SBATCH --open-mode=append
{options}{extra}
exec {program} report {directory}
",
            by_hand = quoted_path(&logs.join("report.sh")),
            job = quoted(&format!("{name}-report")),
            log = quoted(&log("report.log")),
        );
        Scripts { shards, report }
    }
}

/// Whether a word for sbatch is an option; any other one, a negative number too, belongs to the option before it.
#[must_use]
pub fn is_option(word: &str) -> bool {
    word.strip_prefix('-').is_some_and(|rest| rest.starts_with(|c: char| c == '-' || c.is_alphabetic()))
}

/// Options of sbatch that `sweep slurm` sets itself, by their long and short names.
const OURS: [(&str, Option<char>); 6] = [
    ("array", Some('a')),
    ("dependency", Some('d')),
    ("output", Some('o')),
    ("job-name", Some('J')),
    ("open-mode", None),
    ("kill-on-invalid-dep", None),
];
/// Those with which nothing would be submitted, or nobody would know what was: another script, other answers than an id, another
/// cluster.
const BREAKING: [(&str, Option<char>); 9] = [
    ("wrap", None),
    ("parsable", None),
    ("quiet", Some('Q')),
    ("test-only", None),
    ("wait", Some('W')),
    ("clusters", Some('M')),
    ("help", Some('h')),
    ("usage", Some('u')),
    ("version", Some('V')),
];
/// Letters of sbatch that take no value, so that others may follow in the same word.
const WITHOUT_VALUE: &str = "HhOQsuvVW";

/// Which option of `sweep slurm`'s own, or that would break a submission, a word for sbatch means: as it is, shortened as sbatch allows it,
/// or as a letter among others. With it, whether it is set here.
#[must_use]
pub fn reserved(word: &str) -> Option<(&'static str, bool)> {
    let all = || OURS.iter().map(|option| (option, true)).chain(BREAKING.iter().map(|option| (option, false)));
    if let Some(long) = word.strip_prefix("--") {
        let name = long.split_once('=').map_or(long, |(name, _)| name);
        return all().find(|((ours, _), _)| ours.starts_with(name)).map(|((ours, _), set)| (*ours, set));
    }
    let letters = word.strip_prefix('-')?;
    let valued = letters.find(|c| !WITHOUT_VALUE.contains(c));
    let options = valued.map_or(letters, |at| letters.get(..=at).unwrap_or(&letters[..at]));
    let ours = |letter: char| all().find(|((_, short), _)| *short == Some(letter));
    options.chars().find_map(ours).map(|((ours, _), set)| (*ours, set))
}

/// `1-3,7` for 1, 2, 3, 7.
fn ranges(numbers: &[u32]) -> String {
    let runs = numbers.chunk_by(|a, b| a + 1 == *b).map(|run| match run {
        [one] => one.to_string(),
        [first, .., last] => format!("{first}-{last}"),
        [] => String::new(),
    });
    runs.collect::<Vec<_>>().join(",")
}

/// The largest index of a job array that the cluster takes.
///
/// # Errors
/// When there is no Slurm here, or it does not answer.
pub fn largest_index() -> Result<u32, SweepError> {
    ask("sbatch", &["--version"])?;
    let config = ask("scontrol", &["show", "config"])?;
    let line = config.lines().find(|line| line.trim_start().starts_with("MaxArraySize"));
    let size = line.and_then(|line| line.split('=').nth(1)?.trim().parse::<u32>().ok());
    // A cluster that does not say takes what Slurm takes by default.
    Ok(size.unwrap_or(1001).saturating_sub(1))
}

/// How many tasks of a job are still queued or running.
///
/// # Errors
/// When there is no Slurm here, or it does not say.
pub fn queued(job: &str) -> Result<usize, SweepError> {
    match ask("squeue", &["--noheader", "--array", "--format=%i", "--jobs", job]) {
        Ok(tasks) => Ok(tasks.lines().filter(|line| !line.trim().is_empty()).count()),
        // An id that Slurm no longer knows. Anything else is no answer: a controller that cannot be reached may have tasks.
        Err(SweepError::Slurm { reason, .. }) if reason.contains("Invalid job id specified") => Ok(0),
        Err(SweepError::Slurm { command, reason }) => {
            let reason = format!("{reason}; so it is not known whether tasks of array {job} are queued or running");
            Err(SweepError::Slurm { command, reason })
        }
        Err(other) => Err(other),
    }
}

/// Submits a script; the job's id.
///
/// # Errors
/// What Slurm says.
pub fn submit(script: &Path, options: &[String]) -> Result<String, SweepError> {
    let script = script.display().to_string();
    let words: Vec<&str> =
        ["--parsable"].into_iter().chain(options.iter().map(String::as_str)).chain([&*script]).collect();
    let answer = ask("sbatch", &words)?;
    // `ID` or `ID;CLUSTER`.
    Ok(answer.trim().split(';').next().unwrap_or_default().to_owned())
}

/// The options that make a job wait for the end of another one, however it ends.
#[must_use]
pub fn after(job: &str) -> [String; 2] {
    [format!("--dependency=afterany:{job}"), "--kill-on-invalid-dep=yes".to_owned()]
}

/// What a command of Slurm's prints.
fn ask(program: &str, words: &[&str]) -> Result<String, SweepError> {
    let output = Command::new(program).args(words).output().map_err(|error| {
        let what = if error.kind() == ErrorKind::NotFound { "it is not installed here".to_owned() } else { error.to_string() };
        Diagnostic::new(format!("cannot run {program}: {what}"))
            .help("run this where jobs are submitted from, a login node of the cluster, or look at the scripts with --dry-run")
    })?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let reason = String::from_utf8_lossy(&output.stderr).trim().to_owned();
    Err(SweepError::Slurm { command: format!("{program} {}", words.join(" ")), reason })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shards_are_listed_in_ranges() {
        assert_eq!(ranges(&[1, 2, 3, 7, 9, 10]), "1-3,7,9-10");
        assert_eq!(ranges(&[4]), "4");
    }

    #[test]
    fn options_are_known_by_any_of_their_names() {
        let ours = [
            "--array",
            "--array=1-9",
            "--arr=1",
            "-a",
            "-a1-9",
            "-Ha",
            "--depend=afterok:1",
            "-dafterok:1",
            "--outp=x",
            "-o",
            "-Jx",
        ];
        for word in ours.iter().chain(&["--job-name=x", "--open=truncate", "--kill-on-invalid-dep=no"]) {
            assert!(matches!(reserved(word), Some((_, true))), "{word}");
        }
        for word in [
            "--wrap=ls",
            "--parsable",
            "--test-only",
            "--test",
            "--wait",
            "-W",
            "-HW",
            "--clusters=b",
            "-Mb",
            "-Q",
            "--quiet",
            "-h",
        ] {
            assert!(matches!(reserved(word), Some((_, false))), "{word}");
        }
        // Bare dashes end the options of sbatch.
        assert!(reserved("--").is_some());
        let free = [
            "--qos=long",
            "-qlong",
            "--nice=-5",
            "--exclusive",
            "-n1",
            "-Caod",
            "--no-requeue",
            "-H",
            "-vv",
            "--wait-all-nodes=1",
            "-é",
        ];
        for word in free.iter().chain(&["--comment=--array", "--deadline=1", "-5", "long"]) {
            assert_eq!(reserved(word), None, "{word}");
        }
    }

    #[test]
    fn scripts_say_everything_that_was_asked_for() {
        let extra = ["--qos", "long", "--nice", "-5", "--constraint=avx512"].map(str::to_owned);
        let submission = Submission {
            name: "my sweep",
            program: Path::new("/opt/sweep"),
            directory: Path::new("/scratch/it's 100%"),
            of: 8,
            shards: &[2, 5, 6, 7, 8],
            limit: Some(3),
            options: &[("partition", "main".to_owned()), ("mem", "2G".to_owned())],
            cores: Some(4),
            retry_failed: true,
            extra: &extra,
        };
        let Scripts { shards, report } = submission.scripts();
        let lines = |text: &str| text.lines().map(str::to_owned).collect::<Vec<_>>();
        for line in [
            "#SBATCH --array=2,5-8%3",
            "#SBATCH --partition=main",
            "#SBATCH --mem=2G",
            "#SBATCH --cpus-per-task=4",
            "#SBATCH --qos long",
            "#SBATCH --nice -5",
            "#SBATCH --constraint=avx512",
            "#SBATCH --open-mode=append",
            r"#SBATCH --output='/scratch/it'\''s 100%%/slurm/shard-%a.log'",
        ] {
            assert!(lines(&shards).contains(&line.to_owned()), "{line}\n{shards}");
        }
        assert!(lines(&shards).last().unwrap().ends_with(" --retry-failed"), "{shards}");
        let command = r#"exec /opt/sweep run '/scratch/it'\''s 100%'/config.toml -o '/scratch/it'\''s 100%' --shard "$SLURM_ARRAY_TASK_ID/8" \"#;
        assert!(lines(&shards).contains(&command.to_owned()), "{shards}");
        assert!(lines(&report).contains(&r"exec /opt/sweep report '/scratch/it'\''s 100%'".to_owned()), "{report}");
        assert!(!report.contains("--array") && report.contains("--partition=main"), "{report}");
    }
}
