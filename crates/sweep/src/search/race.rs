//! The search for the best setting of one cell: races between neighbours on a lattice.
//!
//! What a setting needs is the number of samples by which a fraction q of its runs has reached the
//! milestone, as read on the R replicates that every race uses: the `ceil(q R)`-th smallest of R
//! times. A *race* compares settings by that number. A setting runs on few replicates first, then on
//! more (*rungs*). It leaves the race when more than the share `1 - q` of its runs, rounded up, have
//! not arrived by the *cap*. No run goes on beyond the cap, which is what the best setting needs so
//! far, less a margin: a run that takes longer does not help to win. So races spend little on bad
//! settings. Tasks are the same for all settings.
//!
//! A run may also *fail*: it ends without having arrived, as those do that grow into the mirrored
//! solution. The faster a setting is, the more often its runs fail, and a setting of which a little
//! more than `1 - q` fail needs infinitely many samples. Of many such settings some look good by
//! luck. So a setting can win only if so few of its R runs fail that the share of failures is below
//! `1 - q` with the confidence of [`Rules::may_fail`]. Of a setting that is about to win, the runs
//! that are late are waited for, to three times the cap: a run that has not arrived by then counts
//! as failed.
//!
//! The search starts from one setting, races it against all its neighbours, and moves to the winner
//! until no neighbour is better by more than the margin. It is a function of what runs show, and of
//! nothing else: it is called anew from the start whenever a round of runs is complete, and ends
//! early with what it lacks until nothing is missing.

use std::collections::BTreeSet;
use std::ops::Range;

use crate::config::Rules;

/// A setting: for each searched key, how many lattice steps it lies above the start.
pub type Steps = Vec<i32>;

/// What one run shows by some number of samples.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Run {
    /// It reached the milestone at this number of samples.
    Arrived(u64),
    /// It has not reached it yet.
    Late,
    /// It has ended without having reached it.
    Failed,
}

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
    /// What the run of each setting and each of these replicates shows by `cap` samples.
    ///
    /// # Errors
    /// [`Unfinished`] if a run is missing or was not looked at for long enough. All runs of the call
    /// are then asked for.
    fn runs(&mut self, settings: &[Steps], replicates: Range<u32>, cap: u64) -> Result<Vec<Vec<Run>>, Unfinished>;
}

/// What a search knows of one setting that it has tried.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trial {
    /// The setting.
    pub setting: Steps,
    /// What it needs on the replicates of the races, if that was seen.
    pub needed: Option<u64>,
    /// The cap of its runs in the last race that it was in. If `needed` is `None`, it needs more, or
    /// too many of its runs failed.
    pub cap: u64,
    /// On so many replicates it was looked at.
    pub replicates: u32,
    /// How many of these runs failed: they ended without having arrived.
    pub failed: usize,
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

/// Searches from the best of `starts`, at least one; the first one is the start proper.
///
/// # Errors
/// [`Unfinished`] if runs are missing.
pub fn search(runs: &mut impl Runs, rules: &Rules, starts: &[Steps]) -> Result<Found, Unfinished> {
    Search { runs, rules, trials: Vec::new(), tried: BTreeSet::new(), failed: BTreeSet::new(), races: 0 }.from(starts)
}

/// The winner of a race and what it needs.
type Winner = (Steps, u64);

/// What a race looks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sought {
    /// A setting of which enough runs arrive.
    Any,
    /// One of which so few fail that this is no luck ([`Rules::may_fail`]).
    Reliable,
}

/// A reliable setting beside a start of which too many runs fail may need so many times what that
/// needs; one that is twice as far away, twice as much.
const SAFER: u64 = 2;

/// A run that has not arrived by so many times the cap counts as one that never will.
const PATIENCE: u64 = 3;

/// A setting in a race.
#[derive(Clone)]
struct Racer {
    setting: Steps,
    /// When its runs arrived.
    times: Vec<u64>,
    late: usize,
    failed: usize,
}

impl Racer {
    fn new(setting: Steps) -> Self {
        Self { setting, times: Vec::new(), late: 0, failed: 0 }
    }

    fn count(&mut self, run: Run) {
        match run {
            Run::Arrived(time) => self.times.push(time),
            Run::Late => self.late += 1,
            Run::Failed => self.failed += 1,
        }
    }

    /// Whether it stays in the race.
    fn may_win(&self, rules: &Rules, sought: Sought) -> bool {
        let reliable = sought == Sought::Any || self.failed <= rules.may_fail();
        reliable && self.late + self.failed <= rules.may_miss(self.runs())
    }

    /// On how many replicates it was looked at.
    fn runs(&self) -> usize {
        self.times.len() + self.late + self.failed
    }
}

struct Search<'s, R> {
    runs: &'s mut R,
    rules: &'s Rules,
    trials: Vec<Trial>,
    tried: BTreeSet<Steps>,
    /// Settings of which too many runs have ended without having arrived.
    failed: BTreeSet<Steps>,
    races: usize,
}

impl<R: Runs> Search<'_, R> {
    fn from(mut self, starts: &[Steps]) -> Result<Found, Unfinished> {
        // A start of which some runs fail still shows how long a run takes.
        let arrived = self.race_unbounded(starts, Sought::Any)?;
        let reliable = arrived.iter().find(|(setting, _)| !self.failed.contains(setting));
        let mut best = match (reliable, arrived.first()) {
            (Some(winner), _) => winner.clone(),
            (None, risky) => {
                let (from, needed) =
                    (risky.map_or(&starts[0], |(setting, _)| setting), risky.map(|(_, needed)| *needed));
                match self.scan(&from.clone(), needed)? {
                    Some(winner) => winner,
                    None => return Ok(self.found(starts[0].clone(), Verdict::Unreached)),
                }
            }
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

    /// Where the start does not arrive, or fails too often: the best setting along one key, at
    /// distances that double. At first what arrives much later than the start is waited for only far
    /// away.
    fn scan(&mut self, start: &Steps, needed: Option<u64>) -> Result<Option<Winner>, Unfinished> {
        let mut best: Option<Winner> = None;
        let mut distance = 1;
        while self.tried.len() < self.rules.max_settings {
            let challengers = self.neighbours(start, distance);
            if challengers.is_empty() {
                break;
            }
            let arrived = match (&best, needed) {
                (Some((_, needed)), _) => self.race_against(&challengers, *needed)?,
                (None, Some(needed)) => {
                    self.races += 1;
                    let cap = needed.saturating_mul(SAFER * u64::from(distance.unsigned_abs()));
                    self.race(&challengers, cap, Sought::Reliable)?
                }
                (None, None) => self.race_unbounded(&challengers, Sought::Reliable)?,
            };
            best = arrived.into_iter().next().or(best);
            distance *= 2;
        }
        Ok(best)
    }

    /// Those of `challengers` that arrive first, where nothing is known of what they need: with caps
    /// that double until one of them arrives, or none can any more.
    fn race_unbounded(&mut self, challengers: &[Steps], sought: Sought) -> Result<Vec<Winner>, Unfinished> {
        let mut racing = challengers.to_vec();
        let mut cap = racing.iter().map(|setting| self.runs.first_cap(setting)).min().unwrap_or(0).max(1);
        self.races += 1;
        while let Some(budget) = racing.iter().map(|setting| self.runs.budget(setting)).max() {
            let arrived = self.race(&racing, cap.min(budget), sought)?;
            if cap >= budget || !arrived.is_empty() {
                return Ok(arrived);
            }
            if sought == Sought::Reliable {
                racing.retain(|setting| !self.failed.contains(setting));
            }
            cap = cap.saturating_mul(2);
        }
        Ok(Vec::new())
    }

    /// The challengers that are better than one that needs `needed`, the best first.
    fn race_against(&mut self, challengers: &[Steps], needed: u64) -> Result<Vec<Winner>, Unfinished> {
        self.races += 1;
        let limit = needed as f64 / (1.0 + self.rules.margin);
        let cap = if self.rules.horizon > 1.0 { needed as f64 * self.rules.horizon } else { limit };
        let mut arrived = self.race(challengers, cap as u64, Sought::Reliable)?;
        arrived.retain(|(_, needed)| *needed as f64 <= limit);
        Ok(arrived)
    }

    /// Runs a race with this cap and keeps what it shows. Returns those that have arrived by the cap
    /// often enough, with what they need, the best first.
    fn race(&mut self, challengers: &[Steps], cap: u64, sought: Sought) -> Result<Vec<Winner>, Unfinished> {
        let mut racing: Vec<Racer> = challengers.iter().cloned().map(Racer::new).collect();
        let mut out: Vec<Racer> = Vec::new();
        for &rung in &self.rules.rungs {
            let settings: Vec<Steps> = racing.iter().map(|racer| racer.setting.clone()).collect();
            let Some(from) = racing.first().map(Racer::runs) else { break };
            for (racer, runs) in racing.iter_mut().zip(self.runs.runs(&settings, from as u32..rung, cap)?) {
                runs.into_iter().for_each(|run| racer.count(run));
            }
            let (stay, leave): (Vec<_>, Vec<_>) =
                racing.into_iter().partition(|racer| racer.may_win(self.rules, sought));
            racing = stay;
            out.extend(leave);
        }
        let racing = self.waited_for(racing, cap, sought, &mut out)?;
        let mut arrived: Vec<Winner> = Vec::new();
        for setting in challengers {
            let of = |racers: &[Racer]| racers.iter().position(|racer| racer.setting == *setting);
            if let Some(at) = of(&out) {
                self.note(out.swap_remove(at), None, cap);
            } else if let Some(at) = of(&racing) {
                let racer = &racing[at];
                let mut times = racer.times.clone();
                times.sort_unstable();
                let time = times.get(self.rules.needed() - 1).copied();
                arrived.extend(time.map(|time| (setting.clone(), time)));
                self.note(racer.clone(), time, cap);
            }
        }
        // Stable: of equals the first challenger.
        arrived.sort_by_key(|(_, needed)| *needed);
        Ok(arrived)
    }

    /// Waits for the late runs of settings that are through with all replicates: those that do not
    /// arrive in [`PATIENCE`] times the cap have failed. Settings of which too many have go `out`.
    fn waited_for(
        &mut self,
        mut racing: Vec<Racer>,
        cap: u64,
        sought: Sought,
        out: &mut Vec<Racer>,
    ) -> Result<Vec<Racer>, Unfinished> {
        let (cap, replicates) = (cap.saturating_mul(PATIENCE), self.rules.replicates());
        let open = |racer: &Racer| racer.late > 0 && racer.late + racer.failed > self.rules.may_fail();
        let settings: Vec<Steps> = racing.iter().filter(|r| open(r)).map(|racer| racer.setting.clone()).collect();
        if !settings.is_empty() {
            let waited = self.runs.runs(&settings, 0..replicates, cap)?;
            for (racer, runs) in racing.iter_mut().filter(|r| open(r)).zip(waited) {
                racer.failed = runs.iter().filter(|run| !matches!(run, Run::Arrived(_))).count();
            }
        }
        let (stay, leave) = racing
            .into_iter()
            .partition(|racer: &Racer| sought == Sought::Any || racer.failed <= self.rules.may_fail());
        out.extend(leave);
        Ok(stay)
    }

    fn note(&mut self, racer: Racer, needed: Option<u64>, cap: u64) {
        let replicates = racer.runs() as u32;
        let fails = racer.failed > self.rules.may_fail();
        let trial = Trial { setting: racer.setting, needed, cap, replicates, failed: racer.failed };
        self.tried.insert(trial.setting.clone());
        if fails {
            self.failed.insert(trial.setting.clone());
        }
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
