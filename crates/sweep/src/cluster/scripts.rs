//! The batch scripts of a sweep.

use std::fmt::Write;
use std::path::Path;

use crate::cluster::options::is_option;
use crate::platform::shell::{quoted, quoted_path};
use crate::store::layout::{CONFIG, REPORT_LOG, REPORT_SCRIPT, SHARD_LOG, SHARDS_SCRIPT, SLURM};

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
        let logs = self.directory.join(SLURM);
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
exec {program} run {directory}/{CONFIG} -o {directory} --shard \"$SLURM_ARRAY_TASK_ID/{of}\" \\
    -j \"${{SLURM_CPUS_PER_TASK:-${{SLURM_CPUS_ON_NODE:-1}}}}\"{retry}
",
            retry = if self.retry_failed { " --retry-failed" } else { "" },
            by_hand = quoted_path(&logs.join(SHARDS_SCRIPT)),
            job = quoted(name),
            array = ranges(self.shards),
            log = quoted(&log(SHARD_LOG)),
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
            by_hand = quoted_path(&logs.join(REPORT_SCRIPT)),
            job = quoted(&format!("{name}-report")),
            log = quoted(&log(REPORT_LOG)),
        );
        Scripts { shards, report }
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shards_are_listed_in_ranges() {
        assert_eq!(ranges(&[1, 2, 3, 7, 9, 10]), "1-3,7,9-10");
        assert_eq!(ranges(&[4]), "4");
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
