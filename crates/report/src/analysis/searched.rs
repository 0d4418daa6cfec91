//! What the search for the best hyperparameters of a cell came to.

use super::edges::Edge;
use super::milestone::Milestone;

/// How a search ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SearchEnd {
    /// Every neighbour of the best setting was tried, and none is better by more than the margin of
    /// the search.
    Settled,
    /// It was given up after so many settings as it may try.
    Unsettled,
    /// No setting that was tried reaches the milestone often enough within its budget.
    Unreached,
}

impl SearchEnd {
    /// Its name in tables.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Settled => "settled",
            Self::Unsettled => "unsettled",
            Self::Unreached => "unreached",
        }
    }
}

/// One setting that a search has tried.
#[derive(Debug, Clone, PartialEq)]
pub struct TriedSetting {
    /// Values of the searched keys.
    pub values: Vec<f64>,
    /// Lattice steps from the start, one a key.
    pub steps: Vec<i32>,
    /// What it needs on the replicates of the races; `None` if it was not seen to arrive.
    pub needed: Option<i64>,
    /// Samples that its runs were looked at in its last race. If `needed` is `None`, it needs more,
    /// or too many of its runs failed.
    pub cap: i64,
    /// The number of replicates it was looked at on.
    pub replicates: i64,
    /// How many of these runs ended without having reached the milestone, or had not reached it by
    /// three times the cap where that was waited for.
    pub failed: i64,
    /// Whether so many of them did that the setting may not be chosen, whatever it needs.
    pub unreliable: bool,
    /// Whether it is the best one.
    pub best: bool,
}

/// The search of one cell.
#[derive(Debug, Clone, PartialEq)]
pub struct SearchedCell {
    /// Number of states.
    pub n: i64,
    /// Sparsity.
    pub q: i64,
    /// Sequence length.
    pub t: i64,
    /// Name of the algorithm.
    pub algorithm: String,
    /// Values of the question's conditions, in its order.
    pub conditions: Vec<f64>,
    /// The milestone that was searched for.
    pub milestone: Milestone,
    /// The searched keys.
    pub keys: Vec<String>,
    /// How it ended.
    pub end: SearchEnd,
    /// How many more of the runs of a setting were allowed to fail than the confidence of the search
    /// allows: 0 unless no setting near the start was found to be that reliable; of an unreached cell,
    /// how many were allowed in vain.
    pub extra_failures: i64,
    /// Keys whose best value lies at a bound of the search.
    pub at_bound: Vec<Edge>,
    /// Races that were run.
    pub races: i64,
    /// Every setting that was tried, in the order of the first try.
    pub tried: Vec<TriedSetting>,
    /// Tokens of the runs of races.
    pub choosing: i64,
    /// Tokens of the runs that judge the best setting.
    pub judging: i64,
}

impl SearchedCell {
    /// The best setting, if any arrived.
    #[must_use]
    pub fn best(&self) -> Option<&TriedSetting> {
        self.tried.iter().find(|setting| setting.best)
    }

    /// The value of a searched key in one of its settings; `None` if the key is not searched here.
    pub(crate) fn value(&self, setting: &TriedSetting, key: &str) -> Option<f64> {
        setting.values.get(self.keys.iter().position(|own| own == key)?).copied()
    }

    /// The settings that were tried and differ from the best one in nothing but this key, and the
    /// best one, by the value of the key; none if no setting arrived.
    pub(crate) fn along(&self, key: usize) -> Vec<&TriedSetting> {
        let Some(best) = self.best().filter(|best| best.needed.is_some()) else { return Vec::new() };
        let same = |other: &&TriedSetting| (0..self.keys.len()).all(|k| k == key || other.steps[k] == best.steps[k]);
        let mut along: Vec<&TriedSetting> = self.tried.iter().filter(same).collect();
        along.sort_by_key(|setting| setting.steps[key]);
        along
    }

    /// The bound at which the best value of this key lies.
    pub(crate) fn bound(&self, key: usize) -> Option<&Edge> {
        self.at_bound.iter().find(|edge| edge.key == self.keys[key])
    }

    /// What the best neighbour of the best setting needs, relative to it; `None` if none was seen to
    /// arrive. One that may not be chosen does not count.
    pub(crate) fn best_neighbour(&self) -> Option<f64> {
        let best = self.best()?;
        let needed = best.needed? as f64;
        let distance =
            |other: &TriedSetting| -> i32 { other.steps.iter().zip(&best.steps).map(|(a, b)| (a - b).abs()).sum() };
        let beside = self.tried.iter().filter(|other| distance(other) == 1 && !other.unreliable);
        beside.filter_map(|other| Some(other.needed? as f64 / needed)).min_by(f64::total_cmp)
    }
}

/// The keys that are searched in some of these cells, in the order of the first.
pub(crate) fn searched_keys(cells: &[SearchedCell]) -> Vec<&str> {
    let mut keys: Vec<&str> = Vec::new();
    for key in cells.iter().flat_map(|cell| &cell.keys) {
        if !keys.contains(&key.as_str()) {
            keys.push(key);
        }
    }
    keys
}

#[cfg(test)]
mod tests {
    use super::super::search_fixture::cell;

    #[test]
    fn a_neighbour_that_may_not_be_chosen_is_not_the_best_one() {
        let mut cell = cell((3, 1, 32), 16.0);
        assert_eq!(cell.best_neighbour(), Some(1.2));
        // It arrives on these replicates, but too many of its runs fail.
        cell.tried.iter_mut().filter(|setting| setting.unreliable).for_each(|setting| setting.needed = Some(500));
        assert_eq!(cell.best_neighbour(), Some(1.2));
        cell.tried.iter_mut().for_each(|setting| setting.unreliable = false);
        assert_eq!(cell.best_neighbour(), Some(0.5));
    }
}
