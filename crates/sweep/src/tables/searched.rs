//! What searches came to, as the report takes it.

use report::analysis::{Edge, Milestone, Question, SearchEnd, SearchedCell, TriedSetting};

use crate::axis::{self, AXES};
use crate::config::SearchMilestone;
use crate::search::cell::CellSearch;
use crate::search::runs::Steps;
use crate::search::sweep::SweepSearch;
use crate::search::walk::Verdict;

/// Every cell whose search is complete.
pub(super) fn searched(search: &SweepSearch, question: &Question) -> Vec<SearchedCell> {
    search.cells().iter().filter_map(|cell| searched_cell(cell, question)).collect()
}

fn searched_cell(cell: &CellSearch, question: &Question) -> Option<SearchedCell> {
    let (spec, outcome) = (&cell.spec, cell.outcome()?);
    let values = &cell.start.values;
    let [n, q, t] = [axis::N, axis::Q, axis::T].map(|i| values[i] as i64);
    let tokens = |samples: u64| (samples as i64).saturating_mul(t);
    let keys = || spec.keys.iter().map(|key| key.axis);
    let values_of = |setting: &Steps| {
        let point = cell.point(setting);
        keys().map(|axis| point.as_ref().map_or(f64::NAN, |point| point.values[axis])).collect()
    };
    let tried = outcome.found.trials.iter().map(|trial| TriedSetting {
        values: values_of(&trial.setting),
        steps: trial.setting.clone(),
        needed: trial.needed.map(|needed| needed as i64),
        cap: trial.cap as i64,
        replicates: i64::from(trial.replicates),
        failed: trial.failed as i64,
        unreliable: trial.failed > outcome.found.may_fail,
        best: trial.setting == outcome.found.best,
    });
    let at_bound = outcome.at_bound.iter().map(|&(axis, largest)| Edge {
        key: AXES[axis].name.to_owned(),
        value: outcome.best.values[axis],
        largest,
    });
    Some(SearchedCell {
        n,
        q,
        t,
        algorithm: AXES[axis::ALGORITHM].canonical(values[axis::ALGORITHM]),
        conditions: question.conditions.iter().filter_map(|name| Some(values[axis::index(name)?])).collect(),
        milestone: match spec.milestone {
            SearchMilestone::Recovery => Milestone::Recovery,
            SearchMilestone::Signal => Milestone::Signal,
            SearchMilestone::Support => Milestone::Support,
        },
        keys: keys().map(|axis| AXES[axis].name.to_owned()).collect(),
        end: match outcome.found.verdict {
            Verdict::Settled => SearchEnd::Settled,
            Verdict::Unsettled => SearchEnd::Unsettled,
            Verdict::Unreached => SearchEnd::Unreached,
        },
        extra_failures: (outcome.found.may_fail - spec.rules.may_fail()) as i64,
        at_bound: at_bound.collect(),
        races: outcome.found.races as i64,
        tried: tried.collect(),
        choosing: tokens(outcome.raced),
        judging: tokens(outcome.judged),
    })
}
