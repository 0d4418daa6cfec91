//! How needed samples grow with T: what several claims ask, and show.

use std::collections::BTreeSet;

use super::verdict::Finding;
use crate::analysis::{Coefficient, Group, Milestone, Needed, Scaling, Term, two};
use crate::figure::{Figure, Series, against_length};
use crate::record::shown;

/// The exponent of T of a milestone.
pub(super) fn exponent(group: Option<&Group<'_>>, milestone: Milestone) -> Option<Coefficient> {
    group?.scaling(milestone)?.power.as_ref()?.coefficient(Term::T).filter(Coefficient::is_known)
}

/// The power of `ln T` of a milestone.
pub(super) fn log_power(group: Option<&Group<'_>>, milestone: Milestone) -> Option<Coefficient> {
    group?.scaling(milestone)?.polylog.as_ref()?.coefficient(Term::LogT)
}

/// Whether a milestone grows no faster than `ln T`: by the interval of its power of `ln T`.
pub(super) fn at_most_logarithmic(group: Option<&Group<'_>>, milestone: Milestone) -> Finding {
    Finding::of_range(log_power(group, milestone).and_then(|c| c.interval), (f64::NEG_INFINITY, 1.0))
}

/// The smallest difference of an exponent from a number that these cells would have shown with a
/// probability of 0.8: the distance from the estimate to the end of its interval, and as far again as
/// the 0.8 quantile lies beyond the mean.
pub(super) fn smallest_difference(coefficient: Option<Coefficient>) -> Option<f64> {
    // The 0.975 and the 0.8 quantile of the standard normal distribution. Where the interval is that of
    // few clusters, the second counts for less.
    const BEYOND: f64 = 0.841_621_233_6 / 1.959_963_984_5;
    let (low, high) = coefficient?.interval?;
    Some(0.5 * (high - low) * (1.0 + BEYOND))
}

/// Which exponent would have refuted that it is at most `limit`, in a sentence after others; empty if
/// none is known.
pub(super) fn seen_beyond(coefficient: Option<Coefficient>, limit: f64) -> String {
    smallest_difference(coefficient).map_or_else(String::new, |d| {
        format!(" One of {} or more would have refuted it with a probability of 0.8.", two(limit + d))
    })
}

/// `0.98 [0.94, 1.02]`, or that it is not known.
pub(super) fn with_interval(coefficient: Option<Coefficient>) -> String {
    match coefficient {
        Some(Coefficient { estimate, interval: Some((low, high)), .. }) => {
            format!("{} [{}, {}]", two(estimate), two(low), two(high))
        }
        _ => "not known".to_owned(),
    }
}

/// The cells of a milestone of these groups, as far as they are there.
pub(super) fn cells_of<'a>(groups: &[Option<&Group<'a>>], milestone: Milestone) -> Vec<&'a Needed> {
    groups.iter().flatten().flat_map(|group| group.cells(milestone)).collect()
}

/// The smallest N and Q that every one of these groups that has cells of its milestone has.
pub(super) fn common_pair(groups: &[(Option<&Group<'_>>, Milestone)]) -> Option<(i64, i64)> {
    let of = |(group, milestone): &(Option<&Group<'_>>, Milestone)| -> BTreeSet<(i64, i64)> {
        group.map_or_else(Vec::new, |g| g.cells(*milestone)).iter().map(|c| (c.n, c.q)).collect()
    };
    let sets = groups.iter().map(of).filter(|set| !set.is_empty());
    sets.reduce(|a, b| &a & &b)?.into_iter().next()
}

/// Needed samples of one group against T, at one N and Q.
pub(super) fn series<'a>(
    label: String,
    group: Option<&Group<'a>>,
    milestone: Milestone,
    pair: Option<(i64, i64)>,
) -> Series<'a> {
    let cells = group.map_or_else(Vec::new, |g| g.cells(milestone));
    let cells: Vec<&Needed> = cells.into_iter().filter(|c| Some((c.n, c.q)) == pair && c.samples > 0).collect();
    let scaling: Option<&'a Scaling> = group.and_then(|g| g.scaling(milestone));
    let law = pair.and_then(|(n, q)| scaling?.of_pair(n, q));
    Series { label, cells, law, dashes: Vec::new() }
}

/// The figure of such series; `None` if they are empty.
pub(super) fn needed_figure(name: &str, title: String, caption: String, series: &[Series<'_>]) -> Option<Figure> {
    let svg = against_length("needed samples", series)?;
    Some(Figure { name: format!("claim_{name}"), title, caption, svg })
}

/// A value of a condition as a user would write it: `flip = 2`.
pub(super) fn named(key: &str, value: f64) -> String {
    format!("{key} = {}", shown(key, value))
}
