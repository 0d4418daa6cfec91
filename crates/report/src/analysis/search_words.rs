//! The search for the best hyperparameters in words: how it went, and what it leaves open.

use super::groups::{Analysis, Group};
use super::milestone::Milestone;
use super::numbers::{count, short};
use super::searched::{SearchEnd, SearchedCell};

impl Analysis {
    /// The search, in a sentence; `None` if there was none.
    #[must_use]
    pub fn search_in_words(&self) -> Option<String> {
        let cells = &self.searched;
        if cells.is_empty() {
            return None;
        }
        let settled = cells.iter().filter(|cell| cell.end == SearchEnd::Settled).count();
        let tried: usize = cells.iter().map(|cell| cell.tried.len()).sum();
        let (choosing, judging) = cells.iter().fold((0, 0), |(a, b), cell| (a + cell.choosing, b + cell.judging));
        let share = 100.0 * choosing as f64 / ((choosing + judging) as f64).max(1.0);
        let all = match cells.len() {
            1 if settled == 1 => String::new(),
            cells if settled == cells => "all ".to_owned(),
            _ => format!("{settled} of "),
        };
        Some(format!(
            "Hyperparameters by search: {all}{} settled, {} tried; races took {share:.0} % of {} tokens.",
            count(cells.len(), "cell"),
            count(tried, "setting"),
            short(choosing + judging),
        ))
    }
}

impl<'a> Group<'a> {
    /// The searches of its cells; none if grids were swept.
    pub(crate) fn searched(&self) -> Vec<&'a SearchedCell> {
        self.cells(Milestone::Recovery).into_iter().filter_map(|row| row.searched.as_deref()).collect()
    }

    /// What the search leaves open, a sentence each.
    pub(super) fn limits_of_search(&self) -> Vec<String> {
        let name = self.name();
        let cells = self.searched();
        let all = count(cells.len(), "cell");
        let number = |end: SearchEnd| cells.iter().filter(|cell| cell.end == end).count();
        let mut limits = Vec::new();
        let (unreached, unsettled) = (number(SearchEnd::Unreached), number(SearchEnd::Unsettled));
        if unreached > 0 {
            limits.push(format!(
                "{name}: in {unreached} of {all} no setting that the search tried reaches the milestone within its \
                 budget; raise max_samples, or start elsewhere."
            ));
        }
        if unsettled > 0 {
            limits.push(format!(
                "{name}: in {unsettled} of {all} the search was given up before it was settled; raise max_settings."
            ));
        }
        limits
    }
}
