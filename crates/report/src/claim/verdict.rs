//! What the data say of a sentence, and of a claim as a whole.

use std::collections::{BTreeMap, BTreeSet};

use crate::analysis::{Coefficient, Needed};
use crate::figure::Figure;

/// What the data say of a sentence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Finding {
    /// It holds.
    Confirmed,
    /// It does not hold.
    Refuted,
    /// The data do not tell.
    Undecided,
    /// A number that nothing was claimed of.
    Measured,
}

impl Finding {
    /// Its name in the table.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Confirmed => "confirmed",
            Self::Refuted => "refuted",
            Self::Undecided => "undecided",
            Self::Measured => "measured",
        }
    }

    /// Of a number that is claimed to lie in a range: its interval lies within, or without, or
    /// neither. Without an interval nothing is known.
    pub(super) fn of_range(interval: Option<(f64, f64)>, (from, to): (f64, f64)) -> Self {
        match interval {
            Some((low, high)) if from <= low && high <= to => Self::Confirmed,
            Some((low, high)) if high < from || to < low => Self::Refuted,
            _ => Self::Undecided,
        }
    }

    /// Of a number that is claimed to be smaller than another: its interval lies below the other's,
    /// or above, or they meet.
    pub(super) fn of_smaller(interval: Option<(f64, f64)>, other: Option<(f64, f64)>) -> Self {
        match (interval, other) {
            (Some((_, high)), Some((other_low, _))) if high < other_low => Self::Confirmed,
            (Some((low, _)), Some((_, other_high))) if low > other_high => Self::Refuted,
            _ => Self::Undecided,
        }
    }
}

/// One sentence of a claim and what the data say of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Verdict {
    /// The sentence.
    pub statement: String,
    /// What the data say.
    pub finding: Finding,
    /// The numbers behind it, and the rule.
    pub evidence: String,
    /// What the number is that decides: an exponent of T, a share of runs, ..; empty if there is
    /// none.
    pub quantity: String,
    /// The number that decides, if one does.
    pub estimate: Option<f64>,
    /// Its 95 % interval.
    pub interval: Option<(f64, f64)>,
    /// The smallest difference from what is claimed that these runs would have shown with a
    /// probability of 0.8: relative, of counts and shares; absolute, of exponents.
    pub smallest_effect: Option<f64>,
    /// Why it is not decided, where that is more than an interval that meets a limit:
    /// `tuned at the edge: lambda (largest) at T = 4096`.
    pub reason: Option<String>,
}

impl Verdict {
    pub(super) fn new(statement: impl Into<String>, finding: Finding, evidence: impl Into<String>) -> Self {
        Self {
            statement: statement.into(),
            finding,
            evidence: evidence.into(),
            quantity: String::new(),
            estimate: None,
            interval: None,
            smallest_effect: None,
            reason: None,
        }
    }

    /// With the number that decides and its interval. Without it nothing was measured.
    pub(super) fn number(
        mut self,
        quantity: impl Into<String>,
        estimate: Option<f64>,
        interval: Option<(f64, f64)>,
    ) -> Self {
        if self.finding == Finding::Measured && estimate.is_none() {
            self.finding = Finding::Undecided;
            self.reason = Some("there is too little to tell".to_owned());
        }
        Self { quantity: quantity.into(), estimate, interval, ..self }
    }

    /// With a coefficient as the number that decides.
    pub(super) fn coefficient(self, quantity: impl Into<String>, found: Option<Coefficient>) -> Self {
        self.number(quantity, found.map(|c| c.estimate), found.and_then(|c| c.interval))
    }

    pub(super) fn seeing(self, smallest_effect: Option<f64>) -> Self {
        Self { smallest_effect, ..self }
    }

    /// The same of a sentence that rests on these cells: what would be confirmed or refuted is
    /// undecided where the chosen setting of one of them lies at the edge of its tuning grid, or
    /// where its settings were more than its replicates bear.
    pub(super) fn resting_on<'c>(self, cells: impl IntoIterator<Item = &'c Needed>) -> Self {
        let mut edges: BTreeMap<String, BTreeSet<i64>> = BTreeMap::new();
        let mut refused: BTreeSet<i64> = BTreeSet::new();
        for cell in cells {
            for edge in &cell.edges {
                edges.entry(edge.name()).or_default().insert(cell.t);
            }
            refused.extend(cell.refused.then_some(cell.t));
        }
        let lengths = |at: &BTreeSet<i64>| at.iter().map(i64::to_string).collect::<Vec<_>>().join(", ");
        let mut reasons: Vec<String> = Vec::new();
        if !edges.is_empty() {
            let keys: Vec<String> = edges.iter().map(|(key, at)| format!("{key} at T = {}", lengths(at))).collect();
            reasons.push(format!("tuned at the edge: {}", keys.join("; ")));
        }
        if !refused.is_empty() {
            reasons.push(format!("more settings than the replicates bear at T = {}", lengths(&refused)));
        }
        if reasons.is_empty() || !matches!(self.finding, Finding::Confirmed | Finding::Refuted) {
            return self;
        }
        let reason = reasons.join("; ");
        let (evidence, would) = (self.evidence, self.finding.name());
        Self {
            finding: Finding::Undecided,
            evidence: format!("{evidence} The numbers would have it {would}, but it is not decided: {reason}."),
            reason: Some(reason),
            ..self
        }
    }
}

/// A claim examined: a section of the report.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ExaminedClaim {
    /// Its heading.
    pub title: &'static str,
    /// What is claimed, and how it was put to the test.
    pub text: &'static str,
    /// Sentence by sentence.
    pub verdicts: Vec<Verdict>,
    /// Its figures; their names begin with `claim_`.
    pub figures: Vec<Figure>,
    /// What a reader should know besides.
    pub notes: Vec<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_finding_needs_the_whole_interval() {
        let of = |interval| Finding::of_range(interval, (0.0, 1.0));
        assert_eq!(of(Some((0.2, 0.9))), Finding::Confirmed);
        assert_eq!(of(Some((1.1, 1.9))), Finding::Refuted);
        assert_eq!(of(Some((-0.9, -0.1))), Finding::Refuted);
        assert_eq!((of(Some((0.5, 1.1))), of(None)), (Finding::Undecided, Finding::Undecided));
    }

    #[test]
    fn what_has_no_number_is_not_measured() {
        let measured = || Verdict::new("It grows.", Finding::Measured, "Numbers.");
        let without = measured().coefficient("exponent of T", None);
        assert_eq!(without.finding, Finding::Undecided);
        assert_eq!(without.reason.as_deref(), Some("there is too little to tell"));
        assert_eq!(measured().number("share of runs", None, None).finding, Finding::Undecided);
        let found = Coefficient { term: crate::analysis::Term::T, estimate: 0.5, interval: None };
        assert_eq!(measured().coefficient("exponent of T", Some(found)).finding, Finding::Measured);
    }

    #[test]
    fn smaller_is_what_lies_below_as_a_whole() {
        let than = |interval| Finding::of_smaller(interval, Some((0.4, 0.6)));
        assert_eq!((than(Some((0.1, 0.3))), than(Some((0.7, 0.9)))), (Finding::Confirmed, Finding::Refuted));
        assert_eq!((than(Some((0.1, 0.5))), than(Some((0.5, 0.9)))), (Finding::Undecided, Finding::Undecided));
        assert_eq!((than(None), Finding::of_smaller(Some((0.1, 0.3)), None)), (Finding::Undecided, Finding::Undecided));
    }

    /// A finding that is decided, one that is not, and one that nothing was claimed of, resting on
    /// cells inside, at an edge, and refused.
    #[test]
    fn nothing_is_decided_that_rests_on_an_edge() {
        use crate::analysis::{Edge, Milestone, Question, needed};
        use crate::record::fixture::record;
        let records: Vec<_> = [64, 512].into_iter().map(|t| record(3, 2, t, 0, Some(10 * t))).collect();
        let question = Question { quantile: 0.9, conditions: Vec::new(), tuned: Vec::new() };
        let mut cells = needed(&records, &question);
        cells.retain(|c| c.milestone == Milestone::Recovery);
        let of = |finding, cells: &[Needed]| Verdict::new("It holds.", finding, "Numbers.").resting_on(cells);
        assert_eq!(of(Finding::Confirmed, &cells), Verdict::new("It holds.", Finding::Confirmed, "Numbers."));
        cells[1].edges.push(Edge { key: "lambda".to_owned(), value: 0.02, largest: true });
        for finding in [Finding::Confirmed, Finding::Refuted] {
            let verdict = of(finding, &cells);
            assert_eq!(verdict.finding, Finding::Undecided);
            assert_eq!(verdict.reason.as_deref(), Some("tuned at the edge: lambda (largest) at T = 512"));
            assert!(
                verdict.evidence.contains(finding.name()) && verdict.evidence.contains("tuned at the edge"),
                "{verdict:?}"
            );
        }
        assert_eq!(of(Finding::Measured, &cells).reason, None);
        assert_eq!(of(Finding::Undecided, &cells).reason, None);
        cells[0].refused = true;
        let reason = of(Finding::Refuted, &cells).reason.unwrap();
        assert!(reason.ends_with("more settings than the replicates bear at T = 64"), "{reason}");

        // In the terminal: what the number is, and why nothing is decided.
        let verdict = Verdict::new("It holds.", Finding::Confirmed, "Numbers.").number(
            "exponent of T",
            Some(0.5),
            Some((0.4, 0.6)),
        );
        let examined = ExaminedClaim {
            title: "A claim",
            text: "",
            verdicts: vec![verdict.resting_on(&cells[1..])],
            figures: Vec::new(),
            notes: Vec::new(),
        };
        let analysis = crate::analysis::Analysis::of(&records, question);
        let answer = crate::terminal::answer(&analysis, Some(&examined), 100);
        let expected =
            "undecided  It holds. Exponent of T: 0.50 [0.40, 0.60]. Tuned at the edge: lambda (largest) at T = 512.";
        assert!(
            answer.split_whitespace().collect::<Vec<_>>().join(" ").contains(&expected.replace("  ", " ")),
            "{answer}"
        );
    }
}
