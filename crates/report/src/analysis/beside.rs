//! Another sweep beside this one: needed samples of the same cells, say by a grid and by a search.

use super::milestone::Milestone;
use super::needed::Needed;
use super::scaling::Scaling;

/// What another sweep says of the cells of this one.
#[derive(Debug, Clone, PartialEq)]
pub struct Beside {
    /// Its name.
    pub name: String,
    /// The name of this one.
    pub own: String,
    /// Needed samples of its cells.
    pub needed: Vec<Needed>,
    /// Its laws.
    pub scalings: Vec<Scaling>,
}

impl Beside {
    /// Its cells of the recovery, by an algorithm under conditions of these values, in the order of the
    /// question.
    pub(crate) fn cells(&self, algorithm: &str, conditions: &[f64]) -> Vec<&Needed> {
        let own = |cell: &&Needed| {
            cell.milestone == Milestone::Recovery
                && cell.samples > 0
                && cell.algorithm == algorithm
                && cell.conditions == conditions
        };
        self.needed.iter().filter(own).collect()
    }

    /// Its laws for the recovery, of the same.
    pub(crate) fn scaling(&self, algorithm: &str, conditions: &[f64]) -> Option<&Scaling> {
        self.scalings.iter().find(|scaling| {
            scaling.milestone == Milestone::Recovery
                && scaling.algorithm == algorithm
                && scaling.conditions == conditions
        })
    }
}
