//! A record and a trace for tests.

use super::measures::{Measures, OPTIONAL};
use super::run::Record;
use super::status::Status;
use super::trace::TracePoint;

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
        cap: None,
        measures: Some(measures),
    }
}

/// The trace of a run of `length` steps of 16 samples, whose `alpha_V` rises to `alpha`.
pub(crate) fn trace(alpha: f64, length: i64) -> Vec<TracePoint> {
    let point = |step: i64| TracePoint {
        job_id: "x".to_owned(),
        step,
        samples: 16 * step,
        stage: "boost".to_owned(),
        values: [alpha * step as f64 / length as f64, alpha, 1.0, 1.0, 1.0, 1.0, 0.4],
    };
    (0..=length).map(point).collect()
}
