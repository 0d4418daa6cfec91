//! What simulations of runs share.

#![allow(dead_code, reason = "each test takes what it needs")]

use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use rand::RngExt;
use rand_pcg::Pcg64Mcg;
use report::record::OPTIONAL;
use report::{Measures, Record, Status};
use statrs::distribution::{ContinuousCDF, Normal};

pub(crate) fn normal() -> Normal {
    Normal::new(0.0, 1.0).unwrap()
}

pub(crate) fn gauss(rng: &mut Pcg64Mcg) -> f64 {
    normal().inverse_cdf(rng.random_range(1e-12..1.0))
}

pub(crate) fn percent(share: f64) -> String {
    format!("{:.1} %", 100.0 * share)
}

/// Calls it with every seed below `count`, on all cores.
pub(crate) fn repeated(count: u64, each: impl Fn(u64) + Sync) {
    let next = AtomicU64::new(0);
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= count {
                        break;
                    }
                    each(seed);
                }
            });
        }
    });
}

/// A simulated run.
pub(crate) struct Run {
    /// N, Q, T.
    pub(crate) cell: (i64, i64, i64),
    /// Which setting of the hyperparameters.
    pub(crate) setting: usize,
    pub(crate) replicate: i64,
    /// The samples at which it has the signal, if that is simulated, and at which it recovers;
    /// `None` if it never does.
    pub(crate) reached: Option<(Option<i64>, i64)>,
    pub(crate) budget: i64,
}

impl Run {
    /// Its record: what comes after the budget is not seen.
    pub(crate) fn record(&self) -> Record {
        let Self { cell: (n, q, t), setting, replicate, reached, budget } = *self;
        let seen = |samples: &i64| *samples <= budget;
        let recovery = reached.map(|(_, recovery)| recovery).filter(seen);
        let spent = recovery.unwrap_or(budget);
        let status = match (reached, recovery) {
            (None, _) => Status::Mirrored,
            (Some(_), Some(_)) => Status::Recovered,
            (Some(_), None) => Status::Exhausted,
        };
        let measures = Measures {
            steps: spent,
            samples: spent,
            samples_to_signal: reached.and_then(|(signal, _)| signal).filter(seen),
            samples_to_support: None,
            samples_to_recovery: recovery,
            alpha_v: 1.0,
            alpha_a: 1.0,
            value_error: 0.1,
            attention_error: 0.1,
            rounded_value_error: 0.1,
            rounded_attention_error: 0.1,
            loss: 0.3,
            k_p: 0.2,
            k_q: 0.4,
            optional: [None; OPTIONAL.len()],
        };
        Record {
            job_id: String::new(),
            n,
            q,
            t,
            batch_size: 1,
            eta_boost: 0.1 * (setting + 1) as f64,
            eta_sparse: 0.05,
            lambda: 0.003,
            algorithm: "prox".to_owned(),
            max_samples: budget,
            replicate,
            further: Vec::new(),
            pretraining: None,
            status,
            error: None,
            cap: None,
            measures: Some(measures),
        }
    }
}

/// Counts in many threads: hits, trials and a sum, kept in billionths.
#[derive(Default)]
pub(crate) struct Tally {
    hits: AtomicU64,
    trials: AtomicU64,
    sum: AtomicU64,
}

impl Tally {
    pub(crate) fn add(&self, hit: bool, value: f64) {
        self.hits.fetch_add(u64::from(hit), Ordering::Relaxed);
        self.trials.fetch_add(1, Ordering::Relaxed);
        self.sum.fetch_add((1e9 * value).round() as i64 as u64, Ordering::Relaxed);
    }

    pub(crate) fn share(&self) -> f64 {
        self.hits.load(Ordering::Relaxed) as f64 / self.trials.load(Ordering::Relaxed) as f64
    }

    pub(crate) fn mean(&self) -> f64 {
        1e-9 * self.sum.load(Ordering::Relaxed) as i64 as f64 / self.trials.load(Ordering::Relaxed) as f64
    }
}
