//! The columns of `verdicts.parquet`.

use super::Claim;
use super::verdict::ExaminedClaim;
use crate::table::Table;

/// The columns of `verdicts.parquet`.
#[must_use]
pub fn verdicts_table(claim: Claim, examined: &ExaminedClaim) -> Table {
    let all = || examined.verdicts.iter();
    Table::new()
        .text("claim", "which claim, as a config calls it", all().map(|_| claim.name()))
        .text("statement", "a sentence of it", all().map(|v| v.statement.as_str()))
        .text(
            "finding",
            "confirmed, refuted, undecided, or measured (nothing was claimed)",
            all().map(|v| v.finding.name()),
        )
        .text(
            "reason",
            "why it is not decided, where that is more than an interval that meets a limit; null: \
             nothing of the kind",
            all().map(|v| v.reason.as_deref()),
        )
        .text("evidence", "the numbers behind it", all().map(|v| v.evidence.as_str()))
        .text(
            "quantity",
            "what the estimate is; null: there is none",
            all().map(|v| (!v.quantity.is_empty() && v.estimate.is_some()).then_some(v.quantity.as_str())),
        )
        .float(
            "estimate",
            "",
            "the number that decides, if one does",
            all().map(|v| v.estimate.filter(|x| x.is_finite())),
        )
        .float(
            "ci_low",
            "",
            "lower end of its 95 % interval",
            all().map(|v| v.interval.map(|i| i.0).filter(|x| x.is_finite())),
        )
        .float("ci_high", "", "upper end", all().map(|v| v.interval.map(|i| i.1).filter(|x| x.is_finite())))
        .float(
            "smallest_effect",
            "",
            "the smallest difference from what is claimed that would have been seen with a probability \
             of 0.8, relative of counts and absolute of exponents; null: not known",
            all().map(|v| v.smallest_effect.filter(|x| x.is_finite())),
        )
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::super::evidence::Evidence;
    use super::super::verdict::Finding;
    use super::*;

    #[test]
    fn claims_have_names_of_their_own_and_say_so_when_there_are_no_runs() {
        let names: BTreeSet<&str> = Claim::ALL.into_iter().map(Claim::name).collect();
        assert_eq!(names.len(), Claim::ALL.len());
        let analysis = crate::analysis::Analysis::of(
            &[],
            crate::analysis::Question { quantile: 0.9, conditions: Vec::new(), tuned: Vec::new() },
        );
        let evidence = Evidence::new(&analysis, &[], &[], &[]);
        for claim in Claim::ALL {
            let examined = claim.examine(&evidence);
            assert!(!examined.verdicts.is_empty() && examined.figures.is_empty(), "{claim:?}");
            let is_decided = |f: Finding| f == Finding::Confirmed || f == Finding::Refuted;
            assert!(examined.verdicts.iter().all(|v| !is_decided(v.finding)), "{claim:?}: {:?}", examined.verdicts);
            assert_eq!(verdicts_table(claim, &examined).rows(), examined.verdicts.len());
            assert!(claim.wanted(&evidence).is_empty());
        }
    }
}
