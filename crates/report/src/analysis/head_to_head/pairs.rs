//! Who is compared with whom, and whether they share their tasks.

use ordered_float::OrderedFloat;

use super::super::cells::Question;
use crate::record::{Record, draws_samples};

/// What is known of a condition besides its values.
#[derive(Debug, Clone, PartialEq)]
pub struct ConditionKey {
    /// The key.
    pub name: String,
    /// Its default, if it has one.
    pub default: Option<f64>,
    /// Whether tasks are drawn anew for each of its values: replicates of two values are then other
    /// tasks.
    pub of_the_task: bool,
}

/// An algorithm under one condition.
#[derive(Debug, Clone, PartialEq)]
pub struct Opponent {
    /// Name of the algorithm.
    pub algorithm: String,
    /// Values of the question's conditions, in its order.
    pub conditions: Vec<f64>,
}

impl Opponent {
    pub(super) fn key(&self) -> (&str, Vec<OrderedFloat<f64>>) {
        (&self.algorithm, self.conditions.iter().map(|&c| OrderedFloat(c)).collect())
    }

    fn with(&self, at: usize, value: f64) -> Self {
        let mut other = self.clone();
        other.conditions[at] = value;
        other
    }
}

/// Two that are compared.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Pair {
    pub(super) compared: Opponent,
    pub(super) reference: Opponent,
    /// The keys in which they differ; [`ALGORITHM`] is one.
    pub(super) by: Vec<String>,
    /// Whether a replicate is the same task for both.
    pub(super) shared: bool,
}

/// The key of the algorithm.
pub const ALGORITHM: &str = "algorithm";

/// Those that draw samples, in the order in which the records first name them.
pub(super) fn opponents(records: &[Record], question: &Question) -> Vec<Opponent> {
    let mut seen = std::collections::BTreeSet::new();
    let mut opponents = Vec::new();
    for record in records.iter().filter(|record| draws_samples(&record.algorithm)) {
        let value = |key: &String| record.further(key).unwrap_or(f64::NAN);
        let conditions: Vec<f64> = question.conditions.iter().map(value).collect();
        let key: Vec<OrderedFloat<f64>> = conditions.iter().map(|&c| OrderedFloat(c)).collect();
        if seen.insert((record.algorithm.as_str(), key)) {
            opponents.push(Opponent { algorithm: record.algorithm.clone(), conditions });
        }
    }
    opponents
}

/// Who is compared with whom. Algorithms are compared with the first that has the same conditions.
/// Conditions are compared within an algorithm, one key at a time, with their default, or with the
/// first value where the grid does not have the default. Where that leaves a key that cannot be
/// varied alone, as where theta means nothing without a transfer, the comparison is with the
/// opponent that has the most defaults.
pub(super) fn pairs(opponents: &[Opponent], question: &Question, keys: &[ConditionKey]) -> Vec<Pair> {
    let mut algorithms: Vec<&str> = Vec::new();
    for opponent in opponents {
        if !algorithms.contains(&opponent.algorithm.as_str()) {
            algorithms.push(&opponent.algorithm);
        }
    }
    let known = |key: &String| keys.iter().find(|k| k.name == *key);
    let pair = |compared: &Opponent, reference: &Opponent, by: Vec<String>| {
        let shared = !by.iter().any(|key| known(key).is_some_and(|key| key.of_the_task));
        Pair { compared: compared.clone(), reference: reference.clone(), by, shared }
    };
    let mut pairs = Vec::new();
    for compared in opponents {
        let first = algorithms.iter().find_map(|&algorithm| {
            let other = Opponent { algorithm: algorithm.to_owned(), ..compared.clone() };
            opponents.iter().find(|o| o.key() == other.key())
        });
        if let Some(reference) = first.filter(|first| first.algorithm != compared.algorithm) {
            pairs.push(pair(compared, reference, vec![ALGORITHM.to_owned()]));
        }
    }
    for algorithm in algorithms {
        let own: Vec<&Opponent> = opponents.iter().filter(|o| o.algorithm == algorithm).collect();
        let preferred: Vec<f64> = (0..question.conditions.len())
            .map(|i| {
                let default = known(&question.conditions[i]).and_then(|key| key.default);
                default.filter(|d| own.iter().any(|o| o.conditions[i] == *d)).unwrap_or(own[0].conditions[i])
            })
            .collect();
        let usual = |o: &Opponent| o.conditions.iter().zip(&preferred).filter(|(a, b)| a == b).count();
        // Of equals the first.
        let Some(reference) = own.iter().rev().max_by_key(|o| usual(o)).copied() else { continue };
        for compared in &own {
            let differing: Vec<usize> =
                (0..question.conditions.len()).filter(|&i| compared.conditions[i] != reference.conditions[i]).collect();
            let alone = |i: usize| {
                let other = compared.with(i, reference.conditions[i]);
                own.iter().find(|o| o.key() == other.key()).copied()
            };
            let by = |at: &[usize]| at.iter().map(|&i| question.conditions[i].clone()).collect();
            pairs.extend(differing.iter().filter_map(|&i| Some(pair(compared, alone(i)?, by(&[i])))));
            if differing.iter().any(|&i| alone(i).is_none()) {
                pairs.push(pair(compared, reference, by(&differing)));
            }
        }
    }
    pairs
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::fixture::record;

    fn shown(points: &[(&str, &[f64])], names: &[&str], keys: &[ConditionKey]) -> Vec<String> {
        let names: Vec<String> = names.iter().map(|&name| name.to_owned()).collect();
        let point = |(algorithm, values): &(&str, &[f64])| {
            let further = names.iter().cloned().zip(values.iter().copied()).collect();
            Record { algorithm: (*algorithm).to_owned(), further, ..record(3, 2, 64, 0, Some(5)) }
        };
        let records: Vec<Record> = points.iter().map(point).collect();
        let question = Question { quantile: 0.9, conditions: names.clone(), tuned: Vec::new() };
        let name = |o: &Opponent| format!("{} {:?}", o.algorithm, o.conditions);
        let line = |p: &Pair| {
            format!(
                "{} : {} by {}{}",
                name(&p.compared),
                name(&p.reference),
                p.by.join("+"),
                if p.shared { "" } else { " apart" }
            )
        };
        pairs(&opponents(&records, &question), &question, keys).iter().map(line).collect()
    }

    fn key(name: &str, default: f64, of_the_task: bool) -> ConditionKey {
        ConditionKey { name: name.to_owned(), default: Some(default), of_the_task }
    }

    #[test]
    fn algorithms_meet_the_first_and_conditions_their_default() {
        let algorithms = shown(&[("softmax", &[]), ("population", &[]), ("prox", &[]), ("softmax", &[])], &[], &[]);
        assert_eq!(algorithms, ["prox [] : softmax [] by algorithm"]);
        let flips: [(&str, &[f64]); 3] = [("prox", &[1.5]), ("prox", &[0.0]), ("sgd", &[0.0])];
        let found = shown(&flips, &["flip"], &[key("flip", 0.0, false)]);
        assert_eq!(found, ["sgd [0.0] : prox [0.0] by algorithm", "prox [1.5] : prox [0.0] by flip"]);
        // Without a default on the grid the first value is the reference.
        let found = shown(&flips[..2], &["flip"], &[key("flip", 7.0, true)]);
        assert_eq!(found, ["prox [0.0] : prox [1.5] by flip apart"]);
    }

    #[test]
    fn one_key_at_a_time_where_the_grid_allows_it() {
        let crossed: [(&str, &[f64]); 4] =
            [("prox", &[0.0, 0.5]), ("prox", &[0.0, 0.9]), ("prox", &[2.0, 0.5]), ("prox", &[2.0, 0.9])];
        let keys = [key("flip", 0.0, false), key("persistence", 0.5, true)];
        assert_eq!(
            shown(&crossed, &["flip", "persistence"], &keys),
            [
                "prox [0.0, 0.9] : prox [0.0, 0.5] by persistence apart",
                "prox [2.0, 0.5] : prox [0.0, 0.5] by flip",
                "prox [2.0, 0.9] : prox [0.0, 0.9] by flip",
                "prox [2.0, 0.9] : prox [2.0, 0.5] by persistence apart",
            ]
        );
        let transfer: [(&str, &[f64]); 3] = [("prox", &[1.0, 0.25]), ("prox", &[1.0, 1.0]), ("prox", &[0.0, 1.0])];
        let keys = [key("transfer", 0.0, false), key("theta", 1.0, false)];
        assert_eq!(
            shown(&transfer, &["transfer", "theta"], &keys),
            [
                "prox [1.0, 0.25] : prox [1.0, 1.0] by theta",
                "prox [1.0, 0.25] : prox [0.0, 1.0] by transfer+theta",
                "prox [1.0, 1.0] : prox [0.0, 1.0] by transfer",
            ]
        );
    }
}
