//! Chosen settings that lie at the edge of their tuning grid.

use super::cells::{Question, Tuning};
use crate::record::natural_ends;
use crate::statistics::cross_fitting::Runs;
use crate::statistics::order_statistics::Reading;
use crate::statistics::survival::SuccessCurve;

/// A tuned key at whose edge the chosen setting of a cell lies. The chosen value is the smallest or
/// the largest that was tried in the cell, and the best setting with another value needs more than
/// [`FLAT`] times as many samples; so a value beyond the edge may need fewer still. Where the ratio
/// is smaller, the axis is flat there: needed samples have one minimum along every key, so that a
/// step beyond would gain no more than the last one did. A setting that does not reach the quantile
/// is never on a flat part, because a value beyond the edge may reach it.
#[derive(Debug, Clone, PartialEq)]
pub struct Edge {
    /// The key.
    pub key: String,
    /// Its chosen value.
    pub value: f64,
    /// Whether it is the largest that was tried; else the smallest.
    pub largest: bool,
}

/// Up to this ratio of needed samples, of the best setting with another value to the chosen one, an
/// axis is flat.
pub const FLAT: f64 = 1.1;

impl Edge {
    /// `batch_size (largest)`.
    #[must_use]
    pub fn name(&self) -> String {
        format!("{} ({})", self.key, if self.largest { "largest" } else { "smallest" })
    }
}

/// Values beyond which there is nothing: a tuning grid that ends there ends at no edge.
fn is_natural_end(key: &str, value: f64) -> bool {
    let ends = [("batch_size", 1.0), ("lambda", 0.0), ("keep", 1.0)].into_iter().chain(natural_ends());
    ends.into_iter().any(|end| end == (key, value))
}

/// The keys at whose edge the setting of index `best` lies, one of those with these values and
/// runs. A setting of which every job failed was not tried.
pub(super) fn edges(tunings: &[&Tuning], runs: &[Runs], best: usize, question: &Question) -> Vec<Edge> {
    let quantiles: Vec<Option<Reading>> = runs
        .iter()
        .map(|runs| SuccessCurve::of(runs.iter().map(|(_, reading)| *reading).collect()).quantile(question.quantile))
        .collect();
    // Those that never arrive come last.
    let needs = |i: usize| quantiles[i].map_or((true, i64::MAX), |r| (r.censored, r.samples));
    let (late, chosen) = needs(best);
    let tried: Vec<usize> = (0..tunings.len()).filter(|&i| quantiles[i].is_some()).collect();
    // The budget is no hyperparameter: a larger one is never worse.
    let fixed = [
        ("batch_size", Value::Fixed(|t| t.0 as f64)),
        ("eta_boost", Value::Fixed(|t| t.1.0)),
        ("eta_sparse", Value::Fixed(|t| t.2.0)),
        ("lambda", Value::Fixed(|t| t.3.0)),
    ];
    let further = question.tuned.iter().enumerate().map(|(i, key)| (key.as_str(), Value::Further(i)));
    let keys = fixed.into_iter().chain(further);
    let edge = |(key, of): (&str, Value)| {
        let values: Vec<f64> = tunings.iter().map(|tuning| of.read(tuning)).collect();
        let value = values[best];
        let (low, high) = tried.iter().fold((f64::MAX, f64::MIN), |(a, b), &i| (a.min(values[i]), b.max(values[i])));
        if low >= high || (value > low && value < high) || is_natural_end(key, value) {
            return None;
        }
        let others = tried.iter().filter(|&&i| values[i].total_cmp(&value).is_ne()).map(|&i| needs(i));
        let as_good = |(late, samples): (bool, i64)| !late && samples as f64 <= FLAT * chosen as f64;
        let flat = !late && others.min().is_some_and(as_good);
        (!flat).then(|| Edge { key: key.to_owned(), value, largest: value >= high })
    };
    keys.filter_map(edge).collect()
}

/// How to read a key of a tuning.
#[derive(Clone, Copy)]
enum Value {
    Fixed(fn(&Tuning) -> f64),
    Further(usize),
}

impl Value {
    fn read(self, tuning: &Tuning) -> f64 {
        match self {
            Self::Fixed(get) => get(tuning),
            Self::Further(i) => tuning.5.get(i).map_or(f64::NAN, |key| key.0),
        }
    }
}
