//! One pair and milestone: the ratio of every cell that both have, over all, and at the largest T.

use std::collections::{BTreeMap, BTreeSet};

use super::super::cells::Question;
use super::super::milestone::Milestone;
use super::super::needed::Needed;
use super::overall::Overall;
use super::pairs::{ALGORITHM, ConditionKey, Opponent, Pair, opponents, pairs};
use super::ratio::CellRatio;
use crate::record::{Record, shown};

/// One pair of opponents at one milestone.
#[derive(Debug, Clone, PartialEq)]
pub struct Bout {
    /// The milestone.
    pub milestone: Milestone,
    /// What is compared.
    pub compared: Opponent,
    /// With what.
    pub reference: Opponent,
    /// The keys in which the two differ; [`ALGORITHM`] is one.
    pub by: Vec<String>,
    /// Whether a replicate is the same task for both.
    pub shared: bool,
    /// Their names as far as they differ: `softmax`, `theta = 0.25`.
    pub names: [String; 2],
    /// What they have in common while others of the sweep differ in it; empty if there is nothing.
    pub within: String,
    /// The cells that both have, in ascending order.
    pub cells: Vec<CellRatio>,
    /// Over all cells; `None` if no ratio is known.
    pub overall: Option<Overall>,
}

impl Bout {
    /// What is compared, with what it shares with its reference: `theta = 0.25 (transfer = 1)`.
    #[must_use]
    pub fn name(&self) -> String {
        if self.within.is_empty() { self.names[0].clone() } else { format!("{} ({})", self.names[0], self.within) }
    }

    /// The largest T at which both have a cell, and what the cells there say.
    #[must_use]
    pub fn at_largest(&self) -> Option<(i64, Vec<&CellRatio>, Option<Overall>)> {
        let t = self.cells.iter().map(|c| c.cell.2).max()?;
        let cells: Vec<&CellRatio> = self.cells.iter().filter(|c| c.cell.2 == t).collect();
        let overall = Overall::of(&cells);
        Some((t, cells, overall))
    }
}

/// Every pair at every milestone, where they have a cell in common: by milestone, in the order of
/// [`pairs`].
pub(in super::super) fn bouts(
    records: &[Record],
    needed: &[Needed],
    question: &Question,
    keys: &[ConditionKey],
) -> Vec<Bout> {
    let opponents = opponents(records, question);
    let pairs = pairs(&opponents, question, keys);
    if pairs.is_empty() {
        return Vec::new();
    }
    let mut rows: BTreeMap<_, Vec<usize>> = BTreeMap::new();
    for (i, row) in needed.iter().enumerate() {
        let opponent = Opponent { algorithm: row.algorithm.clone(), conditions: row.conditions.clone() };
        let (algorithm, conditions) = opponent.key();
        rows.entry((algorithm.to_owned(), conditions, row.milestone)).or_default().push(i);
    }
    let of = |opponent: &Opponent, milestone| {
        let (algorithm, conditions) = opponent.key();
        rows.get(&(algorithm.to_owned(), conditions, milestone)).map_or(&[][..], Vec::as_slice)
    };
    let mut bouts = Vec::new();
    for milestone in [Milestone::Recovery, Milestone::Signal, Milestone::Support, Milestone::SignalToRecovery] {
        for pair in &pairs {
            let place = |i: usize| (needed[i].n, needed[i].q, needed[i].t);
            let theirs: BTreeMap<_, usize> = of(&pair.reference, milestone).iter().map(|&i| (place(i), i)).collect();
            let both = of(&pair.compared, milestone).iter().filter_map(|&i| Some((i, *theirs.get(&place(i))?)));
            let cells: Vec<CellRatio> =
                both.map(|both| CellRatio::of(needed, both, question.quantile, pair.shared)).collect();
            if cells.is_empty() {
                continue;
            }
            let (names, within) = names(pair, &opponents, question);
            bouts.push(Bout {
                milestone,
                compared: pair.compared.clone(),
                reference: pair.reference.clone(),
                by: pair.by.clone(),
                shared: pair.shared,
                names,
                within,
                overall: Overall::of(&cells.iter().collect::<Vec<_>>()),
                cells,
            });
        }
    }
    bouts
}

/// The two by the keys in which they differ, and by those in which others do.
fn names(pair: &Pair, opponents: &[Opponent], question: &Question) -> ([String; 2], String) {
    let said = |opponent: &Opponent, wanted: &dyn Fn(&str) -> bool| {
        let algorithm = wanted(ALGORITHM).then(|| opponent.algorithm.clone());
        let conditions = question.conditions.iter().zip(&opponent.conditions);
        let conditions =
            conditions.filter(|(key, _)| wanted(key)).map(|(key, &v)| format!("{key} = {}", shown(key, v)));
        algorithm.into_iter().chain(conditions).collect::<Vec<_>>().join(", ")
    };
    let differs = |key: &str| pair.by.iter().any(|by| by == key);
    let varies = |key: &str| match question.conditions.iter().position(|k| k == key) {
        Some(i) => opponents.iter().any(|o| o.conditions[i] != opponents[0].conditions[i]),
        None => opponents.iter().map(|o| &o.algorithm).collect::<BTreeSet<_>>().len() > 1,
    };
    let common = |key: &str| varies(key) && !differs(key);
    ([said(&pair.compared, &differs), said(&pair.reference, &differs)], said(&pair.compared, &common))
}
