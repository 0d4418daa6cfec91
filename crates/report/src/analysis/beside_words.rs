//! Another sweep beside this one, in words.

use super::beside::Beside;
use super::groups::{Analysis, Group};
use super::milestone::Milestone;
use super::needed::Needed;
use super::numbers::{count, two};

/// One cell by both sweeps, known to both.
#[derive(Debug, Clone, Copy)]
struct Pair {
    /// Needed samples here over those there.
    ratio: f64,
    /// Whether the 95 % intervals overlap. An end that is open bounds nothing.
    overlap: bool,
}

impl Analysis {
    /// Puts what `other` says beside it; `name` and `own` are the names of that sweep and of this.
    pub fn put_beside(&mut self, own: &str, name: &str, other: Self) {
        let Self { needed, scalings, .. } = other;
        self.beside = Some(Beside { name: name.to_owned(), own: own.to_owned(), needed, scalings });
    }

    /// How the cells that this sweep shares with the other compare, one sentence for each algorithm
    /// and condition; empty if no other is beside it.
    #[must_use]
    pub fn beside_in_words(&self) -> Vec<String> {
        let Some(beside) = &self.beside else { return Vec::new() };
        let groups = self.groups();
        groups.iter().map(|group| beside.in_words(group, groups.len() > 1)).collect()
    }
}

impl Beside {
    fn pairs(&self, group: &Group<'_>) -> Vec<Pair> {
        let cells = group.cells(Milestone::Recovery).into_iter();
        let others = self.cells(group.algorithm, &group.values());
        let same =
            |own: &Needed| others.iter().copied().find(|other| (other.n, other.q, other.t) == (own.n, own.q, own.t));
        let both = cells.filter_map(|own| Some((own, same(own)?)));
        let known = both.filter(|(own, other)| !own.censored && !other.censored && own.samples.min(other.samples) > 0);
        let below = |low: Option<i64>, high: Option<i64>| low.zip(high).is_none_or(|(low, high)| low <= high);
        known
            .map(|(own, other)| Pair {
                ratio: own.samples as f64 / other.samples as f64,
                overlap: below(own.ci_low, other.ci_high) && below(other.ci_low, own.ci_high),
            })
            .collect()
    }

    fn in_words(&self, group: &Group<'_>, named: bool) -> String {
        let pairs = self.pairs(group);
        let of = if named { format!("{}: ", group.name()) } else { String::new() };
        let name = &self.name;
        if pairs.is_empty() {
            return format!("{of}Beside {name}: no cell recovers in both.");
        }
        let mean = libm::exp(pairs.iter().map(|pair| libm::log(pair.ratio)).sum::<f64>() / pairs.len() as f64);
        let (least, most) =
            pairs.iter().fold((f64::MAX, 0.0_f64), |(a, b), pair| (a.min(pair.ratio), b.max(pair.ratio)));
        let overlap = pairs.iter().filter(|pair| pair.overlap).count();
        let spread =
            if pairs.len() > 1 { format!(" (geometric mean; {} to {})", two(least), two(most)) } else { String::new() };
        format!(
            "{of}Beside {name}, on {} that recover in both: recovery takes {} times the samples{spread}; the 95 % \
             intervals overlap in {overlap}.",
            count(pairs.len(), "cell"),
            two(mean)
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::Question;
    use crate::record::Record;
    use crate::record::fixture::record;

    fn analysis(needs: &[(i64, i64)], replicates: i64) -> Analysis {
        let records: Vec<Record> = needs
            .iter()
            .flat_map(|&(t, needed)| {
                (0..replicates).map(move |r| record(3, 2, t, r, (needed > 0).then_some(needed + r)))
            })
            .collect();
        Analysis::of(&records, Question { quantile: 0.5, conditions: Vec::new(), tuned: Vec::new() })
    }

    #[test]
    fn cells_that_both_have_are_compared() {
        let mut own = analysis(&[(32, 1000), (64, 4000), (128, 5000), (256, 0)], 20);
        assert!(own.beside_in_words().is_empty());
        // Of the four cells one is not there, and one recovers here in no run.
        own.put_beside("here", "there", analysis(&[(32, 1005), (64, 2000), (256, 9000)], 20));
        let [sentence] = &own.beside_in_words()[..] else { panic!("one group") };
        // 1009 over 1014 and 4009 over 2009; the first two intervals overlap.
        assert_eq!(
            *sentence,
            "Beside there, on 2 cells that recover in both: recovery takes 1.41 times the samples (geometric mean; \
             1.00 to 2.00); the 95 % intervals overlap in 1."
        );
        own.put_beside("here", "there", analysis(&[(256, 9000)], 20));
        assert_eq!(own.beside_in_words(), ["Beside there: no cell recovers in both."]);
    }
}
