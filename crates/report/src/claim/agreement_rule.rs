//! The rule by which counts agree with what is expected of them.

use super::agreement::Agreement;
use super::verdict::Finding;

/// The level of the tests of agreement, over all groups that are looked at together.
const LEVEL: f64 = 0.01;

/// The range in which observed over expected counts agree, and the smallest effect that must have
/// been seen for a "confirmed".
const AGREE: (f64, f64) = (0.8, 1.25);

const LARGEST_UNSEEN: f64 = 0.25;

/// What a sentence says of observed over expected counts, and when it fails. It holds where every
/// 95 % interval lies in [`AGREE`] and an effect of [`LARGEST_UNSEEN`] would have been seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Agreeing {
    /// That they are equal: fails where one differs from 1.
    Exactly,
    /// That they are about equal: fails where one lies outside [`AGREE`].
    Nearly,
}

impl Agreeing {
    /// The rule in words.
    pub(super) fn rule(self) -> String {
        let fails = match self {
            Self::Exactly => "differs from 1",
            Self::Nearly => "lies outside 0.8 to 1.25",
        };
        format!(
            "The sentence fails if any of these ratios {fails} (1 % level for all of them \
             together). It holds if every 95 % interval, by tasks, lies between 0.8 and 1.25 and a \
             difference of 25 % would have been seen with a probability of 0.8."
        )
    }

    /// Whether the sentence fails at this group, which is one of so many.
    pub(super) fn fails(self, group: &Agreement, of: usize) -> bool {
        let level = LEVEL / of as f64;
        match self {
            Self::Exactly => group.differs(level),
            Self::Nearly => group.interval(level).is_some_and(|(low, high)| high < AGREE.0 || AGREE.1 < low),
        }
    }

    /// What these say together.
    pub(super) fn finding(self, groups: &[Agreement]) -> Finding {
        if groups.iter().any(|a| self.fails(a, groups.len())) {
            Finding::Refuted
        } else if !groups.is_empty() && groups.iter().all(agrees) && sees_enough(groups) {
            Finding::Confirmed
        } else {
            Finding::Undecided
        }
    }

    /// The group that decides: of those at which the sentence fails the one whose ratio is furthest
    /// from 1, else the one whose interval reaches furthest.
    pub(super) fn decisive(self, groups: &[(String, Agreement)]) -> Option<&(String, Agreement)> {
        let far = |x: f64| libm::log(x.max(f64::MIN_POSITIVE)).abs();
        let ratio = |(_, a): &(String, Agreement)| a.ratio().map_or(0.0, far);
        let reach = |(_, a): &(String, Agreement)| a.interval(0.05).map_or(0.0, |(low, high)| far(low).max(far(high)));
        let failing = groups.iter().filter(|(_, a)| self.fails(a, groups.len()));
        let failing = failing.max_by(|a, b| ratio(a).total_cmp(&ratio(b)));
        failing.or_else(|| groups.iter().max_by(|a, b| reach(a).total_cmp(&reach(b))))
    }
}

fn agrees(group: &Agreement) -> bool {
    group.interval(0.05).is_some_and(|(low, high)| AGREE.0 <= low && high <= AGREE.1)
}

fn sees_enough(groups: &[Agreement]) -> bool {
    unseen(groups).is_some_and(|effect| effect <= LARGEST_UNSEEN)
}

/// Why groups at which nothing fails do not decide.
pub(super) fn too_few(groups: &[(String, Agreement)]) -> Option<String> {
    let outside: Vec<&str> = groups.iter().filter(|(_, a)| !agrees(a)).map(|(name, _)| name.as_str()).collect();
    let all: Vec<Agreement> = groups.iter().map(|(_, a)| *a).collect();
    let missed = match unseen(&all) {
        Some(effect) if effect > LARGEST_UNSEEN => {
            Some(format!("a difference of {:.0} % could have been missed", 100.0 * effect))
        }
        _ => None,
    };
    let outside = (!outside.is_empty()).then(|| format!("{} may lie outside 0.8 to 1.25", outside.join(", ")));
    let reasons: Vec<String> = outside.into_iter().chain(missed).collect();
    (!reasons.is_empty()).then(|| format!("too few mirrored runs: {}", reasons.join("; ")))
}

/// The smallest effect that would have been seen in each of these groups, tested together.
pub(super) fn unseen(groups: &[Agreement]) -> Option<f64> {
    let effects: Option<Vec<f64>> = groups.iter().map(|a| a.smallest_effect(LEVEL / groups.len() as f64)).collect();
    effects?.into_iter().max_by(f64::total_cmp)
}
