//! One finished job, and the columns of `runs.parquet` and `timings.parquet`.

use std::collections::HashMap;
use std::path::Path;

use crate::error::ReportError;
use crate::table;
use crate::table::Table;

/// How a job ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Status {
    /// It reached the recovery milestone.
    Recovered,
    /// Its budget was spent first.
    Exhausted,
    /// It grew into the mirrored solution.
    Mirrored,
    /// It blew up.
    Diverged,
    /// It did not run to its end; see the error.
    Failed,
}

impl Status {
    /// Every status, in the order of the table's documentation.
    pub const ALL: [Self; 5] = [Self::Recovered, Self::Exhausted, Self::Mirrored, Self::Diverged, Self::Failed];

    /// Its name in the table.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Recovered => "recovered",
            Self::Exhausted => "exhausted",
            Self::Mirrored => "mirrored",
            Self::Diverged => "diverged",
            Self::Failed => "failed",
        }
    }

    /// Of these records, how many ended in each way, in the order of [`Status::ALL`].
    pub(crate) fn endings<'r>(records: impl Iterator<Item = &'r Record>) -> [usize; 5] {
        let mut endings = [0; 5];
        records.for_each(|record| endings[record.status as usize] += 1);
        endings
    }

    fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.name() == name)
    }
}

/// The algorithm that has no noise: infinitely many samples in each step.
pub const POPULATION: &str = "population";

/// Algorithm 1, of which the population is the limit.
pub const PROX: &str = "prox";

/// Further keys whose values are names, stored as their index where only numbers have room.
const NAMES: [(&str, &[&str]); 1] = [(STEP_SCALE, &STEP_SCALES)];

/// The key of the units of the step sizes. The column `steps` counts steps.
pub const STEP_SCALE: &str = "step_scale";

/// Its values: whether step sizes are divided by the task's constants.
pub const STEP_SCALES: [&str; 2] = ["normalised", "raw"];

/// Further keys of before, when they shared their names with what is measured, and what they are called now.
const RENAMED: [(&str, &str); 3] = [("alpha_v", "init_alpha_v"), ("alpha_a", "init_alpha_a"), ("steps", STEP_SCALE)];

/// The names that the values of a further key stand for, if it has any.
pub(crate) fn names_of(key: &str) -> Option<&'static [&'static str]> {
    NAMES.iter().find(|(name, _)| *name == key).map(|&(_, names)| names)
}

/// A value of a further key as a user would write it.
pub(crate) fn shown(key: &str, value: f64) -> String {
    match names_of(key).and_then(|names| names.get(value as usize)) {
        Some(name) => (*name).to_owned(),
        None => written(value),
    }
}

/// A number as people write it: `0.003`, `64`, `1e-250`, `1e20`. Reading it back gives the same number.
#[must_use]
pub fn written(value: f64) -> String {
    let (plain, scientific) = (value.to_string(), format!("{value:e}"));
    let tiny = value != 0.0 && value.abs() < 1e-4;
    let long = plain.len() > 7 && scientific.len() < plain.len();
    if value.is_finite() && (tiny || long) { scientific } else { plain }
}

/// An algorithm and what else tells its runs from others: `prox, persistence = 0.3`.
pub(crate) fn named<'k>(algorithm: &str, conditions: impl Iterator<Item = (&'k str, f64)>) -> String {
    conditions.fold(algorithm.to_owned(), |name, (key, value)| format!("{name}, {key} = {}", shown(key, value)))
}

/// A column for each of these further keys: numbers, or the names they stand for.
pub(crate) fn further_columns<'k>(
    table: Table,
    keys: impl Iterator<Item = &'k String>,
    meaning: &'static str,
    cells: impl Fn(usize) -> Vec<Option<f64>>,
) -> Table {
    keys.enumerate().fold(table, |table, (i, key)| {
        let cells = cells(i).into_iter();
        match names_of(key) {
            Some(names) => table.text(key, meaning, cells.map(|c| names.get(c? as usize).copied())),
            None => table.float(key, "", meaning, cells),
        }
    })
}

/// Measures that only some runs have: name, unit and meaning.
pub const OPTIONAL: [(&str, &str, &str); 6] = [
    ("flips", "times", "how often both factors were turned over (with `flip`); null: not asked to"),
    (
        "predicted_mirrored",
        "",
        "probability that such a run of prox grows into the mirrored solution, by the Gaussian argument; null: none applies",
    ),
    (
        "predicted_support_50",
        "samples",
        "samples at which the moment estimator has the right support with probability 0.5, by the chi-square limit",
    ),
    ("predicted_support_90", "samples", "the same with probability 0.9"),
    ("source_error", "sqrt(K_P) of the source", "|V_src - P_src|_mu of the V that was transferred; null: none was"),
    ("start_alpha_v", "", "<Vc,Pc>_mu / K_P at the start of a run with a transferred V; null: none was transferred"),
];

/// What a job measured. Errors are relative: 1 is the uninformative start.
#[derive(Debug, Clone, PartialEq)]
pub struct Measures {
    /// Steps taken.
    pub steps: i64,
    /// Samples used, steps times batch size.
    pub samples: i64,
    /// First sample count with both correlations at the signal threshold.
    pub samples_to_signal: Option<i64>,
    /// First sample count from which on the support is right.
    pub samples_to_support: Option<i64>,
    /// First sample count with the rounded model within epsilon.
    pub samples_to_recovery: Option<i64>,
    /// `alpha_V` at the end.
    pub alpha_v: f64,
    /// `alpha_A` at the end.
    pub alpha_a: f64,
    /// `|V - P|_mu / sqrt(K_P)` at the end.
    pub value_error: f64,
    /// `|A - Q|_mu / sqrt(K_Q)` at the end.
    pub attention_error: f64,
    /// The value error of the rounded model at the end.
    pub rounded_value_error: f64,
    /// The attention error of the rounded model at the end.
    pub rounded_attention_error: f64,
    /// Expected loss at the end.
    pub loss: f64,
    /// Task constant `K_P`.
    pub k_p: f64,
    /// Task constant `K_Q`.
    pub k_q: f64,
    /// What only some runs have, in the order of [`OPTIONAL`].
    pub optional: [Option<f64>; OPTIONAL.len()],
}

impl Measures {
    /// A measure of [`OPTIONAL`] by name.
    #[must_use]
    pub fn optional(&self, name: &str) -> Option<f64> {
        self.optional[OPTIONAL.iter().position(|(n, ..)| *n == name)?]
    }

    fn counts(&self) -> (i64, i64, [Option<i64>; 3]) {
        let milestones = [self.samples_to_signal, self.samples_to_support, self.samples_to_recovery];
        (self.steps, self.samples, milestones)
    }

    /// Name and value of everything that is a real number.
    #[must_use]
    pub fn named_numbers(&self) -> [(&'static str, f64); 9] {
        [
            ("alpha_v", self.alpha_v),
            ("alpha_a", self.alpha_a),
            ("value_error", self.value_error),
            ("attention_error", self.attention_error),
            ("rounded_value_error", self.rounded_value_error),
            ("rounded_attention_error", self.rounded_attention_error),
            ("loss", self.loss),
            ("k_p", self.k_p),
            ("k_q", self.k_q),
        ]
    }

    fn numbers(&self) -> [f64; 9] {
        self.named_numbers().map(|(_, number)| number)
    }
}

/// One finished job.
#[derive(Debug, Clone, PartialEq)]
pub struct Record {
    /// Hash of everything that decides the result, 32 hexadecimal digits.
    pub job_id: String,
    /// Number of states.
    pub n: i64,
    /// Sparsity.
    pub q: i64,
    /// Sequence length.
    pub t: i64,
    /// Samples per step.
    pub batch_size: i64,
    /// Step size while boosting.
    pub eta_boost: f64,
    /// Step size afterwards.
    pub eta_sparse: f64,
    /// l1 regularisation.
    pub lambda: f64,
    /// Name of the algorithm.
    pub algorithm: String,
    /// Budget in samples.
    pub max_samples: i64,
    /// Which replicate, from 0.
    pub replicate: i64,
    /// Further keys of the grid and their values; where these are names, their indices.
    pub further: Vec<(String, f64)>,
    /// Id of the pretraining that V was taken from, if it was.
    pub pretraining: Option<String>,
    /// How it ended.
    pub status: Status,
    /// Why it failed, if it did.
    pub error: Option<String>,
    /// What it measured; absent if it failed.
    pub measures: Option<Measures>,
}

/// What a job cost.
#[derive(Debug, Clone, PartialEq)]
pub struct Timing {
    /// The job.
    pub job_id: String,
    /// Wall time.
    pub wall_seconds: f64,
    /// Samples times T.
    pub tokens: i64,
    /// Where it ran.
    pub host: String,
    /// When it ended, seconds since 1970.
    pub finished: i64,
}

impl Record {
    /// Whether two rows of one job say the same of it. Further keys are only columns, so they may differ; a number that is
    /// not finite is null in a table, so all such are one.
    #[must_use]
    pub fn agrees(&self, other: &Self) -> bool {
        let same = |a: f64, b: f64| a.to_bits() == b.to_bits() || !(a.is_finite() || b.is_finite());
        let measures = match (&self.measures, &other.measures) {
            (None, None) => true,
            (Some(a), Some(b)) => {
                a.counts() == b.counts()
                    && a.numbers().into_iter().zip(b.numbers()).all(|(a, b)| same(a, b))
                    // A row of the first version of the schema has none.
                    && a.optional.iter().zip(b.optional).all(|(a, b)| a.zip(b).is_none_or(|(a, b)| same(a, b)))
            }
            _ => false,
        };
        measures && self.status == other.status && self.error == other.error
    }

    /// Its algorithm and further keys: `prox, persistence = 0.3`.
    #[must_use]
    pub fn named(&self) -> String {
        named(&self.algorithm, self.further.iter().map(|(key, value)| (key.as_str(), *value)))
    }

    /// Its value of a further key; `None` if it has none of this name.
    #[must_use]
    pub fn further(&self, key: &str) -> Option<f64> {
        self.further.iter().find(|(name, _)| name == key).map(|&(_, value)| value)
    }
}

/// The columns of a point of the grid, with one for each of the `further` keys.
pub(crate) fn point_table<'r>(records: &(impl Iterator<Item = &'r Record> + Clone), further: &[String]) -> Table {
    let all = || records.clone();
    let table = Table::new()
        .int("N", "states", "number of states", all().map(|r| r.n))
        .int("Q", "positions", "sparsity: positions one query token attends to", all().map(|r| r.q))
        .int("T", "positions", "sequence length", all().map(|r| r.t))
        .int("batch_size", "samples", "fresh samples per step", all().map(|r| r.batch_size))
        .float("eta_boost", "", "step size of the boosting stage", all().map(|r| r.eta_boost))
        .float("eta_sparse", "", "step size of the later stages", all().map(|r| r.eta_sparse))
        .float("lambda", "", "l1 regularisation of the sparse stage", all().map(|r| r.lambda))
        .text("algorithm", "name of the algorithm", all().map(|r| r.algorithm.as_str()))
        .int("max_samples", "samples", "budget", all().map(|r| r.max_samples));
    further_columns(table, further.iter(), "further key of the grid", |i| {
        all().map(|r| r.further(&further[i])).collect()
    })
}

/// The columns of `runs.parquet`, with one column for each of the `further` keys.
#[must_use]
pub fn runs_table(records: &[Record], further: &[String]) -> Table {
    let all = || records.iter();
    // A diverged run has infinities; a table has nulls.
    let measure =
        |get: fn(&Measures) -> f64| all().map(move |r| r.measures.as_ref().map(get).filter(|x| x.is_finite()));
    let count = |get: fn(&Measures) -> Option<i64>| all().map(move |r| r.measures.as_ref().and_then(get));
    Table::new()
        .text("job_id", "hash of everything that decides the result", all().map(|r| r.job_id.as_str()))
        .beside(point_table(&all(), further))
        .int("replicate", "", "which replicate, from 0; the same task for all algorithms", all().map(|r| r.replicate))
        .text("status", "recovered, exhausted, mirrored, diverged or failed", all().map(|r| r.status.name()))
        .text("error", "why the job failed; null if it did not", all().map(|r| r.error.as_deref()))
        .int("steps", "steps", "steps taken", count(|m| Some(m.steps)))
        .int("samples", "samples", "samples used, steps times batch size", count(|m| Some(m.samples)))
        .int(
            "samples_to_signal",
            "samples",
            "first sample count with min(alpha_V, alpha_A) at the signal threshold; null = not reached",
            count(|m| m.samples_to_signal),
        )
        .int(
            "samples_to_support",
            "samples",
            "first sample count from which on the Q largest entries of every a^(k) are the true ones; null = not reached",
            count(|m| m.samples_to_support),
        )
        .int(
            "samples_to_recovery",
            "samples",
            "first sample count with the rounded model within epsilon of the truth; null = not reached",
            count(|m| m.samples_to_recovery),
        )
        .float("alpha_v", "", "<Vc,Pc>_mu / K_P at the end", measure(|m| m.alpha_v))
        .float("alpha_a", "", "<Ac,Qc>_mu / K_Q at the end", measure(|m| m.alpha_a))
        .float("value_error", "sqrt(K_P)", "|V - P|_mu at the end", measure(|m| m.value_error))
        .float("attention_error", "sqrt(K_Q)", "|A - Q|_mu at the end", measure(|m| m.attention_error))
        .float(
            "rounded_value_error",
            "sqrt(K_P)",
            "|V - P|_mu of the rounded model at the end",
            measure(|m| m.rounded_value_error),
        )
        .float(
            "rounded_attention_error",
            "sqrt(K_Q)",
            "|A - Q|_mu of the rounded model at the end",
            measure(|m| m.rounded_attention_error),
        )
        .float("loss", "", "expected squared loss at the end, without the l1 term", measure(|m| m.loss))
        .float("k_p", "", "|P - mu 1'|_mu^2, how far the chain is from i.i.d.", measure(|m| m.k_p))
        .float("k_q", "", "|Q - 1/T|_mu^2, how far the true attention is from uniform", measure(|m| m.k_q))
        .beside(optional_columns(records))
        .text(
            "pretraining",
            "id of the run that V was taken from, as in pretraining/; null: none",
            all().map(|r| r.pretraining.as_deref()),
        )
}

fn optional_columns(records: &[Record]) -> Table {
    (0..OPTIONAL.len()).fold(Table::new(), |table, i| {
        let (name, unit, meaning) = OPTIONAL[i];
        table.float(name, unit, meaning, records.iter().map(move |r| r.measures.as_ref().and_then(|m| m.optional[i])))
    })
}

/// The columns of `timings.parquet`.
#[must_use]
pub fn timings_table(timings: &[Timing]) -> Table {
    let all = || timings.iter();
    Table::new()
        .text("job_id", "hash of everything that decides the result", all().map(|t| t.job_id.as_str()))
        .float("wall_seconds", "s", "wall time of the job", all().map(|t| t.wall_seconds))
        .int(
            "tokens",
            "tokens",
            "samples times T; in the rounding stage most need not be drawn",
            all().map(|t| t.tokens),
        )
        .text("host", "where it ran", all().map(|t| t.host.as_str()))
        .int("finished", "s since 1970-01-01", "when it ended", all().map(|t| t.finished))
}

/// Reads back what [`runs_table`] and [`timings_table`], side by side, say: the form of a part.
///
/// # Errors
/// [`ReportError::Schema`] when a column is missing or a cell that must be there is null.
pub fn read_part(table: &Table, path: &Path) -> Result<Vec<(Record, Timing)>, ReportError> {
    let columns = table.columns().iter().map(|column| (column.name.as_str(), &column.cells)).collect();
    let reader = Reader { table, columns, path };
    (0..table.rows()).map(|row| reader.row(row)).collect()
}

/// The columns of a part: a record and its timing in one row.
#[must_use]
pub fn part_table(rows: &[(Record, Timing)]) -> Table {
    let (records, timings): (Vec<_>, Vec<_>) = rows.iter().cloned().unzip();
    let mut further: Vec<String> = records.iter().flat_map(|r| r.further.iter().map(|(key, _)| key.clone())).collect();
    further.sort();
    further.dedup();
    runs_table(&records, &further).beside(timings_table(&timings).without("job_id"))
}

struct Reader<'a> {
    table: &'a Table,
    /// The columns by name: a search for each cell would take longer than all the rest.
    columns: HashMap<&'a str, &'a table::Cells>,
    path: &'a Path,
}

impl Reader<'_> {
    fn missing(&self, name: &str) -> ReportError {
        ReportError::Schema { path: self.path.to_owned(), reason: format!("no usable column {name}") }
    }

    fn int(&self, name: &str, row: usize) -> Result<Option<i64>, ReportError> {
        match self.columns.get(name) {
            Some(table::Cells::Int(cells)) => Ok(cells[row]),
            _ => Err(self.missing(name)),
        }
    }

    fn float(&self, name: &str, row: usize) -> Result<Option<f64>, ReportError> {
        match self.columns.get(name) {
            Some(table::Cells::Float(cells)) => Ok(cells[row]),
            _ => Err(self.missing(name)),
        }
    }

    fn text(&self, name: &str, row: usize) -> Result<Option<String>, ReportError> {
        match self.columns.get(name) {
            Some(table::Cells::Text(cells)) => Ok(cells[row].clone()),
            _ => Err(self.missing(name)),
        }
    }

    /// A cell of a column that older tables lack.
    fn newer_float(&self, name: &str, row: usize) -> Result<Option<f64>, ReportError> {
        if self.columns.contains_key(name) { self.float(name, row) } else { Ok(None) }
    }

    fn row(&self, row: usize) -> Result<(Record, Timing), ReportError> {
        let int = |name: &str| self.int(name, row)?.ok_or_else(|| self.missing(name));
        let float = |name: &str| self.float(name, row)?.ok_or_else(|| self.missing(name));
        let text = |name: &str| self.text(name, row)?.ok_or_else(|| self.missing(name));
        let measure = |name: &str| Ok::<_, ReportError>(self.float(name, row)?.unwrap_or(f64::NAN));
        let job_id = text("job_id")?;
        let mut optional = [None; OPTIONAL.len()];
        for (cell, (name, ..)) in optional.iter_mut().zip(OPTIONAL) {
            *cell = self.newer_float(name, row)?;
        }
        let pretraining = if self.columns.contains_key("pretraining") { self.text("pretraining", row)? } else { None };
        let measures = if self.int("steps", row)?.is_some() {
            Some(Measures {
                steps: int("steps")?,
                samples: int("samples")?,
                samples_to_signal: self.int("samples_to_signal", row)?,
                samples_to_support: self.int("samples_to_support", row)?,
                samples_to_recovery: self.int("samples_to_recovery", row)?,
                alpha_v: measure("alpha_v")?,
                alpha_a: measure("alpha_a")?,
                value_error: measure("value_error")?,
                attention_error: measure("attention_error")?,
                rounded_value_error: measure("rounded_value_error")?,
                rounded_attention_error: measure("rounded_attention_error")?,
                loss: measure("loss")?,
                k_p: measure("k_p")?,
                k_q: measure("k_q")?,
                optional,
            })
        } else {
            None
        };
        let record = Record {
            n: int("N")?,
            q: int("Q")?,
            t: int("T")?,
            batch_size: int("batch_size")?,
            eta_boost: float("eta_boost")?,
            eta_sparse: float("eta_sparse")?,
            lambda: float("lambda")?,
            algorithm: text("algorithm")?,
            max_samples: int("max_samples")?,
            replicate: int("replicate")?,
            further: self.further(row),
            pretraining,
            status: Status::from_name(&text("status")?).ok_or_else(|| self.missing("status"))?,
            error: self.text("error", row)?,
            measures,
            job_id: job_id.clone(),
        };
        let timing = Timing {
            job_id,
            wall_seconds: float("wall_seconds")?,
            tokens: int("tokens")?,
            host: text("host")?,
            finished: int("finished")?,
        };
        Ok((record, timing))
    }

    /// Every column of numbers or their names between `max_samples` and `replicate`, where [`runs_table`] puts them.
    fn further(&self, row: usize) -> Vec<(String, f64)> {
        let between = self
            .table
            .columns()
            .iter()
            .skip_while(|c| c.name != "max_samples")
            .skip(1)
            .take_while(|c| c.name != "replicate");
        let cells = between.filter_map(|c| {
            let key = RENAMED.iter().find(|(before, _)| *before == c.name).map_or(c.name.as_str(), |(_, now)| now);
            match &c.cells {
                table::Cells::Float(cells) => cells[row].map(|value| (key.to_owned(), value)),
                table::Cells::Text(cells) => {
                    let at = names_of(key)?.iter().position(|name| cells[row].as_deref() == Some(*name))?;
                    Some((key.to_owned(), at as f64))
                }
                _ => None,
            }
        });
        cells.collect()
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A record that recovered after `recovery` samples, or spent `max_samples` in vain.
    pub(crate) fn record(n: i64, q: i64, t: i64, replicate: i64, recovery: Option<i64>) -> Record {
        let measures = Measures {
            steps: 10,
            samples: recovery.unwrap_or(100_000),
            samples_to_signal: recovery.map(|s| s / 2),
            samples_to_support: None,
            samples_to_recovery: recovery,
            alpha_v: 0.9,
            alpha_a: 1.1,
            value_error: 0.125,
            attention_error: 0.25,
            rounded_value_error: 0.0625,
            rounded_attention_error: 0.03,
            loss: 0.3,
            k_p: 0.2,
            k_q: 0.4,
            optional: [None; OPTIONAL.len()],
        };
        Record {
            job_id: format!("{n}-{q}-{t}-{replicate}"),
            n,
            q,
            t,
            batch_size: 16,
            eta_boost: 0.1,
            eta_sparse: 0.05,
            lambda: 0.003,
            algorithm: "prox".to_owned(),
            max_samples: 100_000,
            replicate,
            further: Vec::new(),
            pretraining: None,
            status: if recovery.is_some() { Status::Recovered } else { Status::Exhausted },
            error: None,
            measures: Some(measures),
        }
    }

    #[test]
    fn a_part_comes_back_as_it_was_written() {
        let mut failed = record(3, 2, 64, 1, None);
        failed.measures = None;
        failed.status = Status::Failed;
        failed.error = Some("K_P is too small".to_owned());
        let mut other = record(4, 1, 32, 0, Some(777));
        other.further = vec![("persistence".to_owned(), 0.3), ("step_scale".to_owned(), 1.0)];
        other.pretraining = Some("0123".to_owned());
        other.measures.as_mut().unwrap().optional[1] = Some(0.25);
        let rows: Vec<(Record, Timing)> = [record(3, 2, 64, 0, Some(1234)), failed, other]
            .into_iter()
            .map(|record| {
                let job_id = record.job_id.clone();
                (record, Timing { job_id, wall_seconds: 0.5, tokens: 9, host: "laptop".to_owned(), finished: 1 })
            })
            .collect();
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("part.parquet");
        part_table(&rows).write(&path, &[]).unwrap();
        let table = Table::read(&path).unwrap();
        assert_eq!(read_part(&table, &path).unwrap(), rows);
        assert_eq!(table.texts("step_scale").unwrap(), [None, None, Some("raw".to_owned())]);
        assert_eq!(rows[2].0.named(), "prox, persistence = 0.3, step_scale = raw");
        // Further keys once had names of measures; a part of then may be put into one of now.
        let mut before = rows[2].clone();
        before.0.further = vec![("alpha_v".to_owned(), 0.5), ("persistence".to_owned(), 0.3)];
        assert!(part_table(&[before.clone()]).to_parquet(&[]).is_err(), "a name twice");
        let now = read_part(&part_table(&[before]), &path).unwrap();
        assert_eq!(now[0].0.further, [("init_alpha_v".to_owned(), 0.5), ("persistence".to_owned(), 0.3)]);
        assert_eq!(now[0].0.measures, rows[2].0.measures);
        // A part of the first version of the schema has fewer columns.
        let old = OPTIONAL.iter().fold(part_table(&rows[..1]).without("pretraining"), |t, (name, ..)| t.without(name));
        assert_eq!(read_part(&old, &path).unwrap(), rows[..1]);
    }

    #[test]
    fn numbers_are_written_as_people_write_them() {
        let cases = [
            (0.003, "0.003"),
            (1e-250, "1e-250"),
            (1e20, "1e20"),
            (1e-5, "1e-5"),
            (0.0, "0"),
            (-0.5, "-0.5"),
            (64.0, "64"),
            (1_000_000.0, "1000000"),
            (10_000_000.0, "1e7"),
            (12_345_678.0, "12345678"),
            (0.1 + 0.2, "0.30000000000000004"),
            (-2.5e-9, "-2.5e-9"),
            (f64::INFINITY, "inf"),
        ];
        for (value, text) in cases {
            assert_eq!(written(value), text);
            assert_eq!(text.parse::<f64>(), Ok(value));
        }
        assert_eq!((shown("epsilon", 1e-250).as_str(), shown(STEP_SCALE, 1.0).as_str()), ("1e-250", "raw"));
    }

    #[test]
    fn rows_agree_if_they_differ_in_columns_only_and_conflict_in_the_last_bit_of_any_number() {
        let one = record(3, 2, 64, 0, Some(1234));
        let mut other = one.clone();
        other.further = vec![("persistence".to_owned(), 0.3)];
        assert!(one.agrees(&other));
        let differs = |change: fn(&mut Record)| {
            let mut other = one.clone();
            change(&mut other);
            !one.agrees(&other) && !other.agrees(&one)
        };
        assert!(differs(|r| r.status = Status::Mirrored));
        assert!(differs(|r| r.error = Some("no".to_owned())));
        assert!(differs(|r| r.measures = None));
        let with_flips = |flips| {
            let mut record = one.clone();
            record.measures.as_mut().unwrap().optional[0] = flips;
            record
        };
        assert!(with_flips(None).agrees(&with_flips(Some(1.0))), "an older row does not say");
        assert!(!with_flips(Some(2.0)).agrees(&with_flips(Some(1.0))));
        assert!(differs(|r| r.measures.as_mut().unwrap().samples_to_recovery = None));
        assert!(differs(|r| r.measures.as_mut().unwrap().k_q = f64::NAN));
        assert!(differs(|r| r.measures.as_mut().unwrap().loss *= 1.0 + f64::EPSILON));
        // Written as null, read back as NaN.
        let with_loss = |loss: f64| {
            let mut record = one.clone();
            record.measures.as_mut().unwrap().loss = loss;
            record
        };
        assert!(with_loss(f64::INFINITY).agrees(&with_loss(f64::NAN)));
    }
}
