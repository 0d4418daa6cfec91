//! One finished job, and what it cost.

use super::further::named;
use super::measures::Measures;
use super::status::Status;

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
    /// The number of samples that a search looked at, if the run would have gone on.
    pub cap: Option<i64>,
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
    /// Whether two rows of one job say the same of it. Further keys are only columns, so they may
    /// differ; a number that is not finite is null in a table, so all such are one.
    #[must_use]
    pub fn agrees(&self, other: &Self) -> bool {
        let measures = match (&self.measures, &other.measures) {
            (None, None) => true,
            (Some(a), Some(b)) => a.agree(b),
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

#[cfg(test)]
mod tests {
    use super::super::fixture::record;
    use super::*;

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
