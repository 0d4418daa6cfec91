//! The search for the best setting of one cell: races between neighbours on a lattice.
//!
//! What a setting needs is the number of samples by which a fraction q of its runs has reached the
//! milestone, as on the replicates that every race uses: the `ceil(q R)`-th smallest of R times. A
//! *race* compares settings by that number. A setting runs on few replicates first, then on more
//! (*rungs*), and leaves the race as soon as so many of its runs have not arrived by the *cap* that
//! it cannot win, whatever the other runs do. No run goes on beyond the cap. So races spend little
//! on bad settings, and the winner is the one that full runs of all settings would have shown.
//!
//! The search starts from one setting, races it against all its neighbours, and moves to the winner
//! until no neighbour is better by more than a margin. It is a function of what runs show, and of
//! nothing else: it is called anew from the start whenever a round of runs is complete, and ends
//! early with what it lacks until nothing is missing.

use std::collections::BTreeSet;
use std::ops::Range;

use crate::config::Rules;

/// A setting: for each searched key, how many lattice steps it lies above the start.
pub type Steps = Vec<i32>;

/// Some runs that a search asks about are not finished.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unfinished;

/// The runs of one cell, and the lattice of its settings.
pub trait Runs {
    /// The next setting in a direction along a key, `distance` steps away; `None` beyond a bound.
    fn beside(&self, from: &Steps, key: usize, up: bool, distance: i32) -> Option<Steps>;
    /// How many keys are searched.
    fn keys(&self) -> usize;
    /// Whether a setting can be run.
    fn exists(&self, setting: &Steps) -> bool;
    /// The samples by which a run of this setting ends in any case.
    fn budget(&self, setting: &Steps) -> u64;
    /// The cap from which a search without a known need doubles.
    fn first_cap(&self, setting: &Steps) -> u64;
    /// For each setting and each of these replicates the number of samples at which the milestone
    /// was reached; `None` if it was not by `cap`.
    ///
    /// # Errors
    /// [`Unfinished`] if a run is missing or was not looked at for long enough. All runs of the call
    /// are then asked for.
    fn times(
        &mut self,
        settings: &[Steps],
        replicates: Range<u32>,
        cap: u64,
    ) -> Result<Vec<Vec<Option<u64>>>, Unfinished>;
}

/// What a search knows of one setting that it has tried.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trial {
    /// The setting.
    pub setting: Steps,
    /// What it needs on the replicates of the races, if that was seen.
    pub needed: Option<u64>,
    /// The cap of its runs in the last race that it was in. It needs more if `needed` is `None`.
    pub cap: u64,
    /// On so many replicates it was looked at.
    pub replicates: u32,
}

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
    /// How many races were run.
    pub races: usize,
}

/// Searches from `start`.
///
/// # Errors
/// [`Unfinished`] if runs are missing.
pub fn search(runs: &mut impl Runs, rules: &Rules, start: &Steps) -> Result<Found, Unfinished> {
    Search { runs, rules, trials: Vec::new(), tried: BTreeSet::new(), races: 0 }.from(start)
}

/// The winner of a race and what it needs.
type Winner = (Steps, u64);

struct Search<'s, R> {
    runs: &'s mut R,
    rules: &'s Rules,
    trials: Vec<Trial>,
    tried: BTreeSet<Steps>,
    races: usize,
}

impl<R: Runs> Search<'_, R> {
    fn from(mut self, start: &Steps) -> Result<Found, Unfinished> {
        let mut best = match self.race_unbounded(std::slice::from_ref(start))? {
            Some(winner) => winner,
            None => match self.scan(start)? {
                Some(winner) => winner,
                None => return Ok(self.found(start.clone(), Verdict::Unreached)),
            },
        };
        let mut directions: Vec<Steps> = Vec::new();
        loop {
            // First on in the directions that led here, then all around.
            let onwards = self.untried(directions.iter().map(|direction| sum(&best.0, direction)).collect());
            let all_around = onwards.is_empty();
            let challengers = if all_around { self.neighbours(&best.0, 1) } else { onwards };
            if challengers.is_empty() {
                return Ok(self.found(best.0, Verdict::Settled));
            }
            if self.tried.len() >= self.rules.max_settings {
                return Ok(self.found(best.0, Verdict::Unsettled));
            }
            let better = self.race_against(&challengers, best.1)?;
            directions = onward(&best.0, &better);
            match better.into_iter().next() {
                Some(winner) => best = winner,
                None if all_around => return Ok(self.found(best.0, Verdict::Settled)),
                None => {}
            }
        }
    }

    fn found(self, best: Steps, verdict: Verdict) -> Found {
        Found { best, verdict, trials: self.trials, races: self.races }
    }

    /// The settings at a distance along one key that have not been tried.
    fn neighbours(&self, centre: &Steps, distance: i32) -> Vec<Steps> {
        let keys = 0..self.runs.keys();
        let beside = keys.flat_map(|key| [false, true].map(|up| self.runs.beside(centre, key, up, distance)));
        self.untried(beside.flatten().collect())
    }

    /// Those of `settings` that exist and have not been tried, each once.
    fn untried(&self, settings: Vec<Steps>) -> Vec<Steps> {
        let mut seen = BTreeSet::new();
        let new = |setting: &Steps| !self.tried.contains(setting) && self.runs.exists(setting);
        settings.into_iter().filter(|setting| new(setting) && seen.insert(setting.clone())).collect()
    }

    /// Where the start reaches nothing: looks further and further away from it, one key at a time.
    fn scan(&mut self, start: &Steps) -> Result<Option<Winner>, Unfinished> {
        let mut distance = 1;
        while self.tried.len() < self.rules.max_settings {
            let challengers = self.neighbours(start, distance);
            if challengers.is_empty() {
                break;
            }
            if let Some(winner) = self.race_unbounded(&challengers)? {
                return Ok(Some(winner));
            }
            distance *= 2;
        }
        Ok(None)
    }

    /// The best of `challengers` where nothing is known of what they need: with caps that double
    /// until one of them arrives.
    fn race_unbounded(&mut self, challengers: &[Steps]) -> Result<Option<Winner>, Unfinished> {
        let budget = challengers.iter().map(|setting| self.runs.budget(setting)).max().unwrap_or(0);
        let mut cap = challengers.iter().map(|setting| self.runs.first_cap(setting)).min().unwrap_or(0).max(1);
        self.races += 1;
        loop {
            let last = cap >= budget;
            let arrived = self.race(challengers, if last { budget } else { cap })?;
            if last || !arrived.is_empty() {
                return Ok(arrived.into_iter().next());
            }
            cap = cap.saturating_mul(2);
        }
    }

    /// The challengers that are better than one that needs `needed`, the best first.
    fn race_against(&mut self, challengers: &[Steps], needed: u64) -> Result<Vec<Winner>, Unfinished> {
        self.races += 1;
        let limit = needed as f64 / (1.0 + self.rules.margin);
        let cap = if self.rules.horizon > 1.0 { needed as f64 * self.rules.horizon } else { limit };
        let mut arrived = self.race(challengers, cap as u64)?;
        arrived.retain(|(_, needed)| *needed as f64 <= limit);
        Ok(arrived)
    }

    /// Runs a race with this cap and keeps what it shows. Returns those that have arrived by the cap
    /// often enough, with what they need, the best first.
    fn race(&mut self, challengers: &[Steps], cap: u64) -> Result<Vec<Winner>, Unfinished> {
        let (needed, spare) = (self.rules.needed(), self.rules.spare());
        let mut racing: Vec<(Steps, Vec<u64>)> = challengers.iter().map(|s| (s.clone(), Vec::new())).collect();
        let mut from = 0;
        for &rung in &self.rules.rungs.clone() {
            let settings: Vec<Steps> = racing.iter().map(|(setting, _)| setting.clone()).collect();
            if settings.is_empty() {
                break;
            }
            for ((_, arrived), times) in racing.iter_mut().zip(self.runs.times(&settings, from..rung, cap)?) {
                arrived.extend(times.into_iter().flatten());
            }
            from = rung;
            let (stay, leave): (Vec<_>, Vec<_>) =
                racing.into_iter().partition(|(_, arrived)| rung as usize - arrived.len() <= spare);
            racing = stay;
            leave.into_iter().for_each(|(setting, _)| self.note(setting, None, cap, rung));
        }
        let mut arrived: Vec<Winner> = Vec::new();
        for (setting, mut times) in racing {
            times.sort_unstable();
            let Some(&time) = times.get(needed - 1) else { continue };
            self.note(setting.clone(), Some(time), cap, from);
            arrived.push((setting, time));
        }
        // Stable: of equals the first challenger.
        arrived.sort_by_key(|(_, needed)| *needed);
        Ok(arrived)
    }

    fn note(&mut self, setting: Steps, needed: Option<u64>, cap: u64, replicates: u32) {
        self.tried.insert(setting.clone());
        let trial = Trial { setting, needed, cap, replicates };
        match self.trials.iter_mut().find(|known| known.setting == trial.setting) {
            Some(known) => *known = trial,
            None => self.trials.push(trial),
        }
    }
}

/// The directions to go on in: that of the winner, and all of the better ones together.
fn onward(from: &Steps, better: &[Winner]) -> Vec<Steps> {
    let difference = |to: &Steps| -> Steps { to.iter().zip(from).map(|(to, from)| to - from).collect() };
    let Some((winner, _)) = better.first() else { return Vec::new() };
    let first = difference(winner);
    // The best one decides on each key.
    let mut together = first.clone();
    for (setting, _) in &better[1..] {
        let also = difference(setting);
        together.iter_mut().zip(also).filter(|(step, _)| **step == 0).for_each(|(step, also)| *step = also);
    }
    // All of them together, seen from the winner.
    let rest: Steps = together.iter().zip(&first).map(|(all, first)| all - first).collect();
    if rest.iter().all(|&step| step == 0) { vec![first] } else { vec![rest, together, first] }
}

fn sum(a: &Steps, b: &Steps) -> Steps {
    a.iter().zip(b).map(|(a, b)| a + b).collect()
}
