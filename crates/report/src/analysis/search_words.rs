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
        let of = |milestone| self.cells(milestone).into_iter().filter_map(|row| row.searched.as_deref());
        let own = |milestone| of(milestone).filter(move |cell| cell.milestone == milestone);
        Milestone::FROM_START.into_iter().flat_map(own).collect()
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
                "{name}: in {unreached} of {all} no setting that the search tried reaches the milestone often enough within its \
                 budget; raise max_samples, or start the search at other values."
            ));
        }
        if unsettled > 0 {
            limits.push(format!(
                "{name}: in {unsettled} of {all} the search was given up before it was settled; raise max_settings."
            ));
        }
        let unreliable = cells.iter().filter(|cell| cell.extra_failures > 0 && cell.end != SearchEnd::Unreached);
        if let Some(most) = unreliable.clone().map(|cell| cell.extra_failures).max() {
            limits.push(format!(
                "{name}: in {} of {all} every setting found near the start fails too often for the confidence that \
                 the search asks, or takes much longer; of the one chosen up to {} than that were allowed to fail. A \
                 larger last rung would tell whether it really fails too often.",
                unreliable.count(),
                count(most as usize, "more run")
            ));
        }
        limits
    }
}

#[cfg(test)]
mod tests {
    use super::super::search_fixture::{analysis, cell};
    use super::*;

    #[test]
    fn what_a_search_leaves_open_is_said() {
        let ended = |end, t| SearchedCell { end, ..cell((3, 1, t), 16.0) };
        let settled = || ended(SearchEnd::Settled, 32);
        let limits = |cells| analysis(cells).groups()[0].limits_of_search();
        assert!(limits(vec![settled()]).is_empty());
        let said = limits(vec![
            settled(),
            SearchedCell { extra_failures: 3, ..ended(SearchEnd::Unreached, 64) },
            ended(SearchEnd::Unsettled, 128),
            SearchedCell { extra_failures: 2, ..cell((3, 1, 256), 16.0) },
        ]);
        assert!(said[0].starts_with("prox: in 1 of 4 cells no setting that the search tried reaches"), "{said:?}");
        assert!(said[1].starts_with("prox: in 1 of 4 cells the search was given up"), "{said:?}");
        assert!(said[2].contains("of the one chosen up to 2 more runs than that were allowed to fail"), "{said:?}");
        assert_eq!(said.len(), 3);
    }
}
