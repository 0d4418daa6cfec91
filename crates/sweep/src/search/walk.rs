//! The search for the best setting of one cell: races between neighbours on a lattice.
//!
//! What a setting needs is the number of samples by which a fraction q of its runs has reached the
//! milestone, as read on the R replicates that every race uses: the `ceil(q R)`-th smallest of R
//! times. A *race* compares settings by that number. A setting runs on few replicates first, then on
//! more (*rungs*), in an order that has those first that are hard for the best setting so far. It
//! leaves the race when too many of its runs have not arrived by the *cap*. No run goes on beyond the
//! cap, which is what the best setting needs so far, less a margin: a run that takes longer does not
//! help to win. So races spend little on settings that are no better. Tasks are the same for all
//! settings.
//!
//! A run may also *fail*: it ends without having arrived, as those do that grow into the mirrored
//! solution. The faster a setting is, the more often its runs fail, and a setting of which a little
//! more than `1 - q` fail needs infinitely many samples. Of many such settings some look good by
//! luck. So a setting can win only if so few of its R runs fail that the share of failures is below
//! `1 - q` with the confidence of [`Rules::may_fail`]. Of a setting that is about to win, the runs
//! that are late are waited for, to three times the cap: a run that has not arrived by then counts
//! as failed. Where no such setting that is not much slower is found near a start that arrives, the
//! cell is searched again with one more failure allowed, until as many may fail as may be late: some
//! tasks may be too hard for all settings.
//!
//! The search starts from one setting, races it against all its neighbours, and moves to the winner
//! until no neighbour is better by more than the margin. It is a function of what runs show, and of
//! nothing else: it is called anew from the start whenever a round of runs is complete, and ends
//! early with what it lacks until nothing is missing.

use std::collections::BTreeSet;

use super::race::{Raced, Races, Sought, Trial, Winner, keep};
use super::runs::{Runs, Steps, Unfinished};
use crate::config::Rules;

/// How a search ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Every neighbour of the best setting was tried, and none is better by more than the margin.
    Settled,
    /// So many settings were tried that the search was given up.
    Unsettled,
    /// No setting that was tried reaches the milestone often enough within its budget. The best
    /// setting is the start.
    Unreached,
}

/// The result of a search.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// The best setting.
    pub best: Steps,
    /// How the search ended.
    pub verdict: Verdict,
    /// Every setting that was tried, in the order of the first try.
    pub trials: Vec<Trial>,
    /// So many of R runs of a setting could fail for it to win: [`Rules::may_fail`], or more.
    pub may_fail: usize,
    /// How many races were run.
    pub races: usize,
}

impl Found {
    /// Where there is nothing to choose from.
    pub(super) fn the_only(best: Steps, rules: &Rules) -> Self {
        Self { best, verdict: Verdict::Settled, trials: Vec::new(), may_fail: rules.may_fail(), races: 0 }
    }
}

/// Searches from the best of `starts`, at least one; the first one is the start proper.
///
/// # Errors
/// [`Unfinished`] if runs are missing.
pub fn search(runs: &mut impl Runs, rules: &Rules, starts: &[Steps]) -> Result<Found, Unfinished> {
    let mut may_fail = rules.may_fail();
    let (mut trials, mut races): (Vec<Trial>, usize) = (Vec::new(), 0);
    loop {
        let mut walk = Walk { races: Races::new(&mut *runs, rules, may_fail) };
        let (best, verdict) = walk.from(starts)?;
        let Races { trials: last, failed, count, .. } = walk.races;
        races += count;
        last.into_iter().for_each(|trial| keep(&mut trials, trial));
        let may_miss = rules.may_miss(rules.replicates() as usize);
        // Where every setting fails too often, tasks may be too hard: then one more may fail, until as
        // many may as may be late.
        if verdict == Verdict::Unreached && !failed.is_empty() && may_fail < may_miss {
            may_fail += 1;
            continue;
        }
        return Ok(Found { best, verdict, trials, may_fail, races });
    }
}

/// A reliable setting near a start of which too many runs fail may need so many times what that
/// needs, and another start the square of it. Slower ones are not worth it: the start may be good
/// enough.
const SAFER: u64 = 2;

/// So far away from a start that arrives a reliable setting is looked for.
const FARTHEST: i32 = 4;

/// A search under way.
struct Walk<'s, R> {
    races: Races<'s, R>,
}

impl<R: Runs> Walk<'_, R> {
    /// The best setting, and how the search ended.
    fn from(&mut self, starts: &[Steps]) -> Result<(Steps, Verdict), Unfinished> {
        // A start of which some runs fail still shows how long a run takes.
        let mut arrived = self.races.race_with_rising_cap(starts, None, Sought::Any)?;
        if arrived.is_empty() {
            arrived = self.scan(&starts[0], None)?;
        }
        let reliable = arrived.iter().find(|winner| !self.races.failed.contains(&winner.setting)).cloned();
        let found = match (reliable, arrived.first()) {
            (Some(winner), _) => Some(winner),
            (None, Some(risky)) => self.instead_of(risky, starts)?,
            (None, None) => None,
        };
        let Some(mut best) = found else { return Ok((starts[0].clone(), Verdict::Unreached)) };
        let mut directions: Vec<Steps> = Vec::new();
        loop {
            // First on in the directions that led here, then all around.
            let onwards = self.untried(directions.iter().map(|direction| sum(&best.setting, direction)).collect());
            let all_around = onwards.is_empty();
            let challengers = if all_around { self.neighbours(&best.setting, 1) } else { onwards };
            if challengers.is_empty() {
                return Ok((best.setting, Verdict::Settled));
            }
            if self.races.tried.len() >= self.races.rules.max_settings {
                return Ok((best.setting, Verdict::Unsettled));
            }
            let raced = self.races.race_against(&challengers, &best)?;
            directions = onward(&best.setting, &raced);
            match raced.winners.into_iter().next() {
                Some(winner) => best = winner,
                None if all_around => return Ok((best.setting, Verdict::Settled)),
                None => {}
            }
        }
    }

    /// The settings at a distance along one key that have not been tried.
    fn neighbours(&self, centre: &Steps, distance: i32) -> Vec<Steps> {
        let keys = 0..self.races.runs.keys();
        let beside = keys.flat_map(|key| [false, true].map(|up| self.races.runs.beside(centre, key, up, distance)));
        self.untried(beside.flatten().collect())
    }

    /// Those of `settings` that exist and have not been tried, each once.
    fn untried(&self, settings: Vec<Steps>) -> Vec<Steps> {
        let mut seen = BTreeSet::new();
        let new = |setting: &Steps| !self.races.tried.contains(setting) && self.races.runs.exists(setting);
        settings.into_iter().filter(|setting| new(setting) && seen.insert(setting.clone())).collect()
    }

    /// Where what arrives first fails too often: the best of the other starts, if it does not take
    /// much longer, or else of the settings around.
    fn instead_of(&mut self, risky: &Winner, starts: &[Steps]) -> Result<Option<Winner>, Unfinished> {
        let others: Vec<Steps> = starts.iter().filter(|start| !self.races.failed.contains(*start)).cloned().collect();
        let known = (&risky.order, risky.needed..risky.needed.saturating_mul(SAFER * SAFER));
        let mut reliable = self.races.race_with_rising_cap(&others, Some(known), Sought::Reliable)?;
        if reliable.is_empty() {
            reliable = self.scan(&risky.setting, Some(risky))?;
        }
        Ok(reliable.into_iter().next())
    }

    /// The settings along one key that arrive, at the first of distances that double where there are
    /// any: reliable ones near a setting that has arrived and is not, and any near one that has not.
    fn scan(&mut self, from: &Steps, arrived: Option<&Winner>) -> Result<Vec<Winner>, Unfinished> {
        let mut distance = 1;
        while self.races.tried.len() < self.races.rules.max_settings && (arrived.is_none() || distance <= FARTHEST) {
            let challengers = self.neighbours(from, distance);
            if challengers.is_empty() {
                break;
            }
            let known = arrived.map(|risky| (&risky.order, risky.needed..risky.needed.saturating_mul(SAFER)));
            let sought = if known.is_some() { Sought::Reliable } else { Sought::Any };
            let winners = self.races.race_with_rising_cap(&challengers, known, sought)?;
            if !winners.is_empty() {
                return Ok(winners);
            }
            distance *= 2;
        }
        Ok(Vec::new())
    }
}

/// The directions to go on in: that of the winner, and those of all that were close together.
fn onward(from: &Steps, raced: &Raced) -> Vec<Steps> {
    let difference = |to: &Steps| -> Steps { to.iter().zip(from).map(|(to, from)| to - from).collect() };
    let Some(winner) = raced.winners.first() else { return Vec::new() };
    let first = difference(&winner.setting);
    // The best one decides on each key.
    let mut together = first.clone();
    for also in &raced.close {
        let also = difference(also);
        together.iter_mut().zip(also).filter(|(step, _)| **step == 0).for_each(|(step, also)| *step = also);
    }
    // All of them together, seen from the winner.
    let rest: Steps = together.iter().zip(&first).map(|(all, first)| all - first).collect();
    if rest.iter().all(|&step| step == 0) { vec![first] } else { vec![rest, together, first] }
}

fn sum(a: &Steps, b: &Steps) -> Steps {
    a.iter().zip(b).map(|(a, b)| a + b).collect()
}
