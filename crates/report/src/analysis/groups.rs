//! Everything that is concluded from the records, once, for whoever shows it: tables, figures,
//! terminal, page.

use std::collections::BTreeMap;
use std::sync::Arc;

use ordered_float::OrderedFloat;

use super::beside::Beside;
use super::cells::{Question, cells};
use super::head_to_head::{Bout, ConditionKey, ConditionPower, bouts, condition_powers};
use super::milestone::Milestone;
use super::needed::{Needed, needed_of};
use super::scaling::{Scaling, scalings};
use super::searched::SearchedCell;
use super::settings::{SettingOutcome, settings_of};
use super::unreached::{Unreached, unreached};
use crate::record::{Record, Status, draws_samples, named, shown};

/// What the records say.
#[derive(Debug, Clone, PartialEq)]
pub struct Analysis {
    /// What was asked.
    pub question: Question,
    /// Needed samples of every cell and milestone.
    pub needed: Vec<Needed>,
    /// The laws of every algorithm, condition and milestone.
    pub scalings: Vec<Scaling>,
    /// Every setting of the hyperparameters, chosen or not.
    pub settings: Vec<SettingOutcome>,
    /// Cells in which no run arrived, and why.
    pub unreached: Vec<Unreached>,
    /// Algorithms and conditions in units of each other.
    pub bouts: Vec<Bout>,
    /// Needed samples as powers of conditions that are numbers.
    pub condition_powers: Vec<ConditionPower>,
    /// How the runs ended: of each status, in the order of [`Status::ALL`], how many.
    pub endings: [usize; Status::ALL.len()],
    /// The smallest number of replicates that a cell is judged by.
    pub replicates: usize,
    /// The searches that chose the hyperparameters, one a cell; empty if grids were swept.
    pub searched: Vec<SearchedCell>,
    /// Another sweep to compare with, if there is one.
    pub beside: Option<Beside>,
    /// The milestone that answers are about.
    pub shown: Milestone,
}

/// One algorithm under one condition: what a table or a figure is about.
#[derive(Debug, Clone)]
pub struct Group<'a> {
    /// Name of the algorithm.
    pub algorithm: &'a str,
    /// Keys and values of the conditions.
    pub conditions: Vec<(&'a str, f64)>,
    /// Its cells, of every milestone.
    pub needed: Vec<&'a Needed>,
    /// Its laws, one a milestone.
    pub scalings: Vec<&'a Scaling>,
    /// Its settings of the hyperparameters.
    pub settings: Vec<&'a SettingOutcome>,
    /// How its runs ended, in the order of [`Status::ALL`].
    pub endings: [usize; Status::ALL.len()],
    /// The milestone that answers are about.
    pub shown: Milestone,
}

impl Analysis {
    /// Of these records, whose conditions have no defaults and are no part of the task.
    #[must_use]
    pub fn of(records: &[Record], question: Question) -> Self {
        Self::knowing(records, question, &[], Vec::new())
    }

    /// Of these records, in the order of the grid; `keys` say what is known of the conditions. If
    /// `searched` is not empty, the records are those that judge what these searches have chosen.
    #[must_use]
    pub fn knowing(records: &[Record], question: Question, keys: &[ConditionKey], searched: Vec<SearchedCell>) -> Self {
        let by_setting = cells(records, &question);
        let mut needed = needed_of(&by_setting, &question);
        let settings = settings_of(&by_setting, &question);
        let unreached = unreached(&by_setting);
        let endings = Status::endings(records.iter().map(|record| record.status));
        let replicates = needed.iter().map(|row| row.replicates as usize).min().unwrap_or(0);
        let cells: Vec<Arc<SearchedCell>> = searched.iter().cloned().map(Arc::new).collect();
        for row in &mut needed {
            row.searched = cells.iter().find(|cell| row.is_searched_by(cell)).cloned();
            if let Some(cell) = &row.searched {
                (row.edges, row.settings) = (cell.at_bound.clone(), cell.tried.len().max(1));
            }
        }
        // Runs that judge the setting with the fastest signal are looked at no further.
        let is_asked = |row: &Needed| {
            row.milestone == Milestone::Signal
                || row.searched.as_ref().is_none_or(|cell| cell.milestone != Milestone::Signal)
        };
        needed.retain(is_asked);
        let bouts = bouts(records, &needed, &question, keys);
        let condition_powers = condition_powers(&needed, &question);
        let scalings = scalings(&needed);
        let beside = None;
        Self {
            scalings,
            needed,
            settings,
            unreached,
            bouts,
            condition_powers,
            endings,
            replicates,
            question,
            searched,
            beside,
            shown: Milestone::Recovery,
        }
    }

    /// Its algorithms and conditions, in order, the population last.
    #[must_use]
    pub fn groups(&self) -> Vec<Group<'_>> {
        let key = |algorithm, conditions: &[f64]| (algorithm, conditions.iter().map(|&c| OrderedFloat(c)).collect());
        let mut groups: BTreeMap<(&str, Vec<OrderedFloat<f64>>), Group<'_>> = BTreeMap::new();
        for row in &self.needed {
            let conditions = || self.question.conditions.iter().map(String::as_str).zip(row.conditions.iter().copied());
            let group = groups.entry(key(row.algorithm.as_str(), &row.conditions)).or_insert_with(|| Group {
                algorithm: &row.algorithm,
                conditions: conditions().collect(),
                needed: Vec::new(),
                scalings: Vec::new(),
                settings: Vec::new(),
                endings: [0; Status::ALL.len()],
                shown: self.shown,
            });
            group.needed.push(row);
        }
        for scaling in &self.scalings {
            if let Some(group) = groups.get_mut(&key(scaling.algorithm.as_str(), &scaling.conditions)) {
                group.scalings.push(scaling);
            }
        }
        for setting in &self.settings {
            if let Some(group) = groups.get_mut(&key(setting.algorithm.as_str(), &setting.conditions)) {
                group.settings.push(setting);
                group.endings.iter_mut().zip(setting.endings).for_each(|(sum, ended)| *sum += ended);
            }
        }
        let mut groups: Vec<Group<'_>> = groups.into_values().collect();
        for group in &mut groups {
            // A search for the signal looks no further.
            if group.cells(group.shown).is_empty() && !group.cells(Milestone::Signal).is_empty() {
                group.shown = Milestone::Signal;
            }
        }
        // What is only a reference comes last.
        groups.sort_by_key(|group| !draws_samples(group.algorithm));
        groups
    }

    /// How many runs there are.
    #[must_use]
    pub fn runs(&self) -> usize {
        self.endings.iter().sum()
    }

    /// How many ended so.
    #[must_use]
    pub fn ended(&self, status: Status) -> usize {
        self.endings[status as usize]
    }
}

/// Bytes of a group's part in the name of a file; with the kind of figure and the ending it has a
/// hundred at most.
const LONGEST_NAME: usize = 70;

const HASH_DIGITS: usize = 8;

/// As [`Group::file_name`], of an algorithm and conditions.
pub(crate) fn group_file_name<'k>(algorithm: &str, conditions: impl Iterator<Item = (&'k str, f64)>) -> String {
    let conditions = conditions.map(|(key, value)| format!("_{key}_{}", shown(key, value)));
    let name = conditions.fold(algorithm.to_owned(), |name, condition| name + &condition);
    if name.len() <= LONGEST_NAME {
        return name;
    }
    let hash = blake3::hash(name.as_bytes()).to_hex();
    let kept = name.floor_char_boundary(LONGEST_NAME - HASH_DIGITS - 1);
    format!("{}_{}", &name[..kept], &hash[..HASH_DIGITS])
}

impl<'a> Group<'a> {
    /// The values of its conditions.
    pub(crate) fn values(&self) -> Vec<f64> {
        self.conditions.iter().map(|(_, value)| *value).collect()
    }

    /// `prox, persistence = 0.3`.
    #[must_use]
    pub fn name(&self) -> String {
        named(self.algorithm, self.conditions.iter().copied())
    }

    /// `prox_persistence_0.3`, for names of files. A long one is cut and ends in digits of a hash
    /// of all of it, which keep it apart from others.
    #[must_use]
    pub fn file_name(&self) -> String {
        group_file_name(self.algorithm, self.conditions.iter().copied())
    }

    /// Its cells of a milestone.
    #[must_use]
    pub fn cells(&self, milestone: Milestone) -> Vec<&'a Needed> {
        self.needed.iter().copied().filter(|c| c.milestone == milestone).collect()
    }

    /// Its laws of a milestone.
    #[must_use]
    pub fn scaling(&self, milestone: Milestone) -> Option<&'a Scaling> {
        self.scalings.iter().copied().find(|s| s.milestone == milestone)
    }
}
