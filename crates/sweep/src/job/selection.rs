//! Which jobs of a sweep a user chooses: the beginning of an id, or values of axes.

use std::fmt::Write;

use crate::axis::{self, AXES};
use crate::config::diagnostic::{Diagnostic, did_you_mean};
use crate::job::spec::Job;

/// How the key of a replicate is called; it is no axis.
const REPLICATE: &str = "replicate";
/// How many jobs an error names.
const MAX_NAMED: usize = 4;

/// Which jobs are chosen.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Selection {
    /// What an id begins with, in small letters.
    id: Option<String>,
    /// Indices of axes and the values that they must have.
    values: Vec<(usize, f64)>,
    replicate: Option<u32>,
}

impl Selection {
    /// Of words such as `5e5d16`, `N=3` and `replicate=2`.
    ///
    /// # Errors
    /// When a word is neither.
    pub fn parse(words: &[String]) -> Result<Self, Diagnostic> {
        let mut selection = Self::default();
        for word in words {
            match word.split_once('=') {
                Some((key, value)) => selection.add_value(word, key.trim(), value.trim())?,
                // A message shows the beginning of an id as `5e5d16..`.
                None => selection.add_id(word.trim_end_matches('.'))?,
            }
        }
        Ok(selection)
    }

    fn add_id(&mut self, word: &str) -> Result<(), Diagnostic> {
        if word.is_empty() || word.len() > 32 || !word.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(Diagnostic::new(format!("`{word}` is no job"))
                .help("give the beginning of a job's id, as messages and `job_id` in runs.parquet have it, or values such as N=3 T=64 replicate=2"));
        }
        if self.id.replace(word.to_lowercase()).is_some() {
            return Err(Diagnostic::new("two ids were given").help("give the id of one job"));
        }
        Ok(())
    }

    fn add_value(&mut self, word: &str, key: &str, value: &str) -> Result<(), Diagnostic> {
        let wrong = |expected: &str| {
            Err(Diagnostic::new(format!("`{word}` chooses no job")).help(format!("{key} must be {expected}")))
        };
        if key == REPLICATE {
            let Ok(replicate) = value.parse() else { return wrong("a whole number, from 0") };
            self.replicate = Some(replicate);
            return Ok(());
        }
        // `task.persistence` is the same as `persistence`.
        let Some(i) = axis::index(key.rsplit('.').next().unwrap_or(key)) else {
            let known: Vec<&str> = AXES.iter().map(|axis| axis.name).chain([REPLICATE]).collect();
            return Err(Diagnostic::new(format!("`{key}` is no parameter of a job")).help(did_you_mean(key, &known)));
        };
        let number = match AXES[i].names() {
            Some(names) => match names.iter().position(|name| *name == value) {
                Some(at) => at as f64,
                None => return wrong(&format!("one of {}", names.join(", "))),
            },
            None => match value.parse::<f64>() {
                Ok(number) => number,
                Err(_) => return wrong("one number"),
            },
        };
        self.values.push((i, number));
        Ok(())
    }

    /// Whether a job is chosen.
    #[must_use]
    pub fn includes(&self, job: &Job) -> bool {
        self.replicate.is_none_or(|replicate| replicate == job.replicate)
            && self.values.iter().all(|&(i, value)| is_nearly(job.point.values[i], value))
            && self.id.as_ref().is_none_or(|id| job.id.to_string().starts_with(id))
    }

    /// The one job that is chosen.
    ///
    /// # Errors
    /// When there is none, or more than one.
    pub fn one_of<'j>(&self, jobs: &'j [Job], further: &[usize]) -> Result<&'j Job, Diagnostic> {
        let mut chosen: Vec<&Job> = jobs.iter().filter(|job| self.includes(job)).collect();
        // The replicates of races have large numbers, so the runs that judge come first.
        chosen.sort_by_key(|job| job.replicate);
        match chosen[..] {
            [job] => Ok(job),
            [] => Err(self.none_of(jobs)),
            _ => {
                let mut help = format!("add {}; the first are", open(&chosen, further).join(" and "));
                for job in &chosen[..chosen.len().min(MAX_NAMED)] {
                    let _ = write!(help, "\n{} {}", &job.id.to_string()[..12], job.described(further));
                }
                Err(Diagnostic::new(format!("{} jobs match", chosen.len())).help(help))
            }
        }
    }

    /// That no job matches, and by which word.
    fn none_of(&self, jobs: &[Job]) -> Diagnostic {
        for &(i, wanted) in &self.values {
            let mut values: Vec<f64> = jobs.iter().map(|job| job.point.values[i]).collect();
            if values.iter().any(|&value| is_nearly(value, wanted)) {
                continue;
            }
            values.sort_by(f64::total_cmp);
            values.dedup();
            let axis = &AXES[i];
            let there: Vec<String> = values.iter().take(12).map(|&value| axis.written(value)).collect();
            let more = if values.len() > there.len() { ", .." } else { "" };
            return Diagnostic::new(format!("no job has {}={}", axis.name, axis.written(wanted)))
                .help(format!("its values here: {}{more}", there.join(", ")));
        }
        let said = match &self.id {
            Some(id) => format!("no job here has an id that begins with {id}"),
            None => "no job has all of these values".to_owned(),
        };
        Diagnostic::new(said).help("`sweep plan CONFIG --list` lists all jobs with their ids")
    }
}

/// What tells these jobs apart, of what is shown of them.
fn open(chosen: &[&Job], further: &[usize]) -> Vec<&'static str> {
    let shown = |i: &usize| AXES[*i].fixed_column || further.contains(i);
    let differ = |i: &usize| chosen.iter().any(|job| job.point.values[*i] != chosen[0].point.values[*i]);
    let mut open: Vec<&str> = (0..AXES.len()).filter(shown).filter(differ).map(|i| AXES[i].name).collect();
    if chosen.iter().any(|job| job.replicate != chosen[0].replicate) {
        open.push(REPLICATE);
    }
    open
}

/// Whether a value is that which was typed: to six figures, as people are shown it.
fn is_nearly(value: f64, typed: f64) -> bool {
    (value - typed).abs() <= 1e-6 * value.abs().max(typed.abs())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::parse;
    use crate::job::jobs;

    fn chosen(words: &[&str]) -> Result<(String, u32), String> {
        let text = "replicates = 3\n[grid]\nN = 3\nQ = [1, 2]\nT = [64, 32]\nalgorithm = [\"prox\", \"sgd\"]\neta_boost = [0.1, \"0.1/3\"]".to_owned();
        let config = parse("test", "test.toml", text, &[]).unwrap();
        let jobs = jobs(&config).unwrap();
        let words: Vec<String> = words.iter().map(|&word| word.to_owned()).collect();
        let shown = |wrong: Diagnostic| anstream::adapter::strip_str(&wrong.render()).to_string();
        let job = Selection::parse(&words).and_then(|meant| meant.one_of(&jobs, &[]).cloned()).map_err(shown)?;
        let again = Selection::parse(&[format!("{}..", &job.id.to_string()[..10])]).unwrap();
        assert_eq!(again.one_of(&jobs, &[]).unwrap().id, job.id);
        Ok((job.described(&[]), job.replicate))
    }

    #[test]
    fn values_choose_one_job_or_it_is_said_what_is_open() {
        let all = ["Q=2", "T=64", "algorithm=sgd", "replicate=2", "eta_boost=0.0333333"];
        let (described, replicate) = chosen(&all).unwrap();
        assert!(described.contains("Q=2 T=64") && described.contains("algorithm=sgd"), "{described}");
        assert_eq!(replicate, 2);
        let open = chosen(&all[1..4]).unwrap_err();
        assert!(open.contains("4 jobs match") && open.contains("add Q and eta_boost and eta_sparse"), "{open}");
        let absent = chosen(&["T=128"]).unwrap_err();
        assert!(absent.contains("no job has T=128") && absent.contains("its values here: 32, 64"), "{absent}");
        let unknown = chosen(&["replicates=1"]).unwrap_err();
        assert!(unknown.contains("did you mean `replicate`?"), "{unknown}");
        assert!(chosen(&["xyz"]).unwrap_err().contains("`xyz` is no job"));
        assert!(chosen(&["ffffffffffffff"]).unwrap_err().contains("no job here has an id that begins"));
        assert!(chosen(&["N=three"]).unwrap_err().contains("N must be one number"));
        assert!(chosen(&["algorithm=adamw"]).unwrap_err().contains("one of prox, sgd"));
    }
}
