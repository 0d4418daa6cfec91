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
//! cell is searched again without this rule: some tasks may be too hard for all settings.
//!
//! The search starts from one setting, races it against all its neighbours, and moves to the winner
//! until no neighbour is better by more than the margin. It is a function of what runs show, and of
//! nothing else: it is called anew from the start whenever a round of runs is complete, and ends
//! early with what it lacks until nothing is missing.

use std::collections::BTreeSet;
use std::ops::Range;

use super::order::Order;
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
    fn runs(&mut self, settings: &[Steps], replicates: &[u32], cap: u64) -> Result<Vec<Vec<Run>>, Unfinished>;
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
    let mut may_fail = rules.may_fail();
    loop {
        let none = BTreeSet::new;
        let mut search =
            Search { runs: &mut *runs, rules, may_fail, trials: Vec::new(), tried: none(), failed: none(), races: 0 };
        let (best, verdict) = search.from(starts)?;
        let Search { trials, failed, races, .. } = search;
        let may_miss = rules.may_miss(rules.replicates() as usize);
        // Where every setting fails too often, tasks may be too hard: then as many may fail as may be
        // late.
        if verdict == Verdict::Unreached && !failed.is_empty() && may_fail < may_miss {
            may_fail = may_miss;
            continue;
        }
        return Ok(Found { best, verdict, trials, races });
    }
}

/// The winner of a race.
#[derive(Clone)]
struct Winner {
    setting: Steps,
    /// The samples that it needs.
    needed: u64,
    /// How the replicates of the next race follow each other.
    order: Order,
}

/// What a race came to.
struct Raced {
    /// Those that have arrived by the cap often enough, the best first.
    winners: Vec<Winner>,
    /// Those that were no more than the margin slower than the leading one when it ran ahead, the
    /// fastest first.
    close: Vec<Steps>,
}

/// The terms of a race.
struct Terms<'t> {
    /// The order of the replicates.
    order: &'t Order,
    /// So many samples runs are looked at.
    cap: u64,
    sought: Sought,
}

/// What a race looks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sought {
    /// A setting of which enough runs arrive.
    Any,
    /// One of which so few fail that this is no luck ([`Rules::may_fail`]).
    Reliable,
}

/// A reliable setting near a start of which too many runs fail may need so many times what that
/// needs, and another start the square of it. Slower ones are not worth it: the start may be good
/// enough.
const SAFER: u64 = 2;

/// So far away from a start that arrives a reliable setting is looked for.
const FARTHEST: i32 = 4;

/// Where it is not known what settings need, caps rise by this factor.
const RISE: f64 = 1.5;

/// After so many rungs the leading setting of a race runs ahead of the others.
const TOGETHER: usize = 2;

/// A run that has not arrived by so many times the cap counts as one that never will.
const PATIENCE: u64 = 3;

/// A setting in a race.
#[derive(Clone)]
struct Racer {
    setting: Steps,
    /// Its replicates so far, and when they arrived.
    arrivals: Vec<(u32, Option<u64>)>,
    late: usize,
    failed: usize,
}

impl Racer {
    fn new(setting: Steps) -> Self {
        Self { setting, arrivals: Vec::new(), late: 0, failed: 0 }
    }

    fn count(&mut self, replicate: u32, run: Run) {
        let mut time = None;
        match run {
            Run::Arrived(at) => time = Some(at),
            Run::Late => self.late += 1,
            Run::Failed => self.failed += 1,
        }
        self.arrivals.push((replicate, time));
    }

    /// Whether it stays in the race, where so many may fail.
    fn may_win(&self, rules: &Rules, order: &Order, may_fail: usize) -> bool {
        self.failed <= may_fail && self.late + self.failed <= order.may_miss(rules, self.runs())
    }

    /// On how many replicates it was looked at.
    fn runs(&self) -> usize {
        self.arrivals.len()
    }

    /// How many of its runs have arrived.
    fn arrived(&self) -> usize {
        self.arrivals.iter().filter(|(_, time)| time.is_some()).count()
    }

    /// By when so many of its runs had arrived.
    fn time_of(&self, arrived: usize) -> Option<u64> {
        let mut times: Vec<u64> = self.arrivals.iter().filter_map(|(_, time)| *time).collect();
        times.sort_unstable();
        arrived.checked_sub(1).and_then(|at| times.get(at).copied())
    }

    /// What it needs, if enough of its runs have arrived.
    fn needed(&self, rules: &Rules) -> Option<u64> {
        self.time_of(rules.needed())
    }

    /// What was to be seen of it by an earlier cap. That a run failed is not forgotten.
    fn by(&self, cap: u64) -> Self {
        let mut seen = self.clone();
        for (_, time) in &mut seen.arrivals {
            if time.take_if(|time| *time > cap).is_some() {
                seen.late += 1;
            }
        }
        seen
    }
}

struct Search<'s, R> {
    runs: &'s mut R,
    rules: &'s Rules,
    /// So many of R runs of a reliable setting may fail.
    may_fail: usize,
    trials: Vec<Trial>,
    tried: BTreeSet<Steps>,
    /// Settings of which too many runs have ended without having arrived.
    failed: BTreeSet<Steps>,
    races: usize,
}

impl<R: Runs> Search<'_, R> {
    /// The best setting, and how the search ended.
    fn from(&mut self, starts: &[Steps]) -> Result<(Steps, Verdict), Unfinished> {
        // A start of which some runs fail still shows how long a run takes.
        let mut arrived = self.race_with_rising_cap(starts, None, Sought::Any)?;
        if arrived.is_empty() {
            arrived = self.scan(&starts[0], None)?;
        }
        let reliable = arrived.iter().find(|winner| !self.failed.contains(&winner.setting)).cloned();
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
            if self.tried.len() >= self.rules.max_settings {
                return Ok((best.setting, Verdict::Unsettled));
            }
            let raced = self.race_against(&challengers, &best)?;
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

    /// Where what arrives first fails too often: the best of the other starts, if it does not take
    /// much longer, or else of the settings around.
    fn instead_of(&mut self, risky: &Winner, starts: &[Steps]) -> Result<Option<Winner>, Unfinished> {
        let others: Vec<Steps> = starts.iter().filter(|start| !self.failed.contains(*start)).cloned().collect();
        let known = (&risky.order, risky.needed..risky.needed.saturating_mul(SAFER * SAFER));
        let mut reliable = self.race_with_rising_cap(&others, Some(known), Sought::Reliable)?;
        if reliable.is_empty() {
            reliable = self.scan(&risky.setting, Some(risky))?;
        }
        Ok(reliable.into_iter().next())
    }

    /// The settings along one key that arrive, at the first of distances that double where there are
    /// any: reliable ones near a setting that has arrived and is not, and any near one that has not.
    fn scan(&mut self, from: &Steps, arrived: Option<&Winner>) -> Result<Vec<Winner>, Unfinished> {
        let mut distance = 1;
        while self.tried.len() < self.rules.max_settings && (arrived.is_none() || distance <= FARTHEST) {
            let challengers = self.neighbours(from, distance);
            if challengers.is_empty() {
                break;
            }
            let known = arrived.map(|risky| (&risky.order, risky.needed..risky.needed.saturating_mul(SAFER)));
            let sought = if known.is_some() { Sought::Reliable } else { Sought::Any };
            let winners = self.race_with_rising_cap(&challengers, known, sought)?;
            if !winners.is_empty() {
                return Ok(winners);
            }
            distance *= 2;
        }
        Ok(Vec::new())
    }

    /// Those of `challengers` that arrive first: with caps that rise by [`RISE`] from the start of the
    /// known range to its end until one of them arrives, or none can any more. Where nothing is known,
    /// caps rise from the first of the lattice to the budget.
    fn race_with_rising_cap(
        &mut self,
        challengers: &[Steps],
        known: Option<(&Order, Range<u64>)>,
        sought: Sought,
    ) -> Result<Vec<Winner>, Unfinished> {
        let mut racing = challengers.to_vec();
        let first = racing.iter().map(|setting| self.runs.first_cap(setting)).min().unwrap_or(0);
        let as_numbered = Order::as_numbered(self.rules);
        let (order, caps) = known.unwrap_or((&as_numbered, first..u64::MAX));
        let mut cap = caps.start.max(1);
        self.races += 1;
        while let Some(budget) = racing.iter().map(|setting| self.runs.budget(setting)).max() {
            let last = budget.min(caps.end);
            let arrived = self.race(&racing, &Terms { order, cap: cap.min(last), sought })?.winners;
            if cap >= last || !arrived.is_empty() {
                return Ok(arrived);
            }
            if sought == Sought::Reliable {
                racing.retain(|setting| !self.failed.contains(setting));
            }
            cap = (cap as f64 * RISE).ceil() as u64;
        }
        Ok(Vec::new())
    }

    /// A race of challengers with the best setting so far: the winners are better than it is.
    fn race_against(&mut self, challengers: &[Steps], best: &Winner) -> Result<Raced, Unfinished> {
        self.races += 1;
        let terms = Terms { order: &best.order, cap: self.cap(best.needed), sought: Sought::Reliable };
        let mut raced = self.race(challengers, &terms)?;
        let limit = self.limit(best.needed);
        raced.winners.retain(|winner| winner.needed <= limit);
        Ok(raced)
    }

    /// What a setting may need that is better than one that needs `needed`.
    fn limit(&self, needed: u64) -> u64 {
        (needed as f64 / (1.0 + self.rules.margin)) as u64
    }

    /// How long runs are looked at where a setting needs `needed`.
    fn cap(&self, needed: u64) -> u64 {
        let horizon = self.rules.horizon;
        if horizon > 1.0 { (needed as f64 * horizon) as u64 } else { self.limit(needed) }
    }

    /// Runs a race and keeps what it shows.
    fn race(&mut self, challengers: &[Steps], terms: &Terms<'_>) -> Result<Raced, Unfinished> {
        let &Terms { order, mut cap, sought } = terms;
        let (rules, reliable) = (self.rules, self.may_fail);
        let may_fail = if sought == Sought::Any { usize::MAX } else { reliable };
        let mut racing: Vec<Racer> = challengers.iter().cloned().map(Racer::new).collect();
        // How each has left: what it needs, if it has won, and the cap by then.
        let mut left: Vec<(Racer, Option<u64>, u64)> = Vec::new();
        let leave = |racing: Vec<Racer>, cap: u64, left: &mut Vec<_>| -> Vec<Racer> {
            let (stay, out): (Vec<_>, Vec<_>) = racing.into_iter().partition(|r| r.may_win(rules, order, may_fail));
            left.extend(out.into_iter().map(|racer| (racer, None, cap)));
            stay
        };
        let (together, alone) = rules.rungs.split_at(TOGETHER.min(rules.rungs.len() - 1));
        for &rung in together {
            self.run_to(&mut racing, order, rung, cap)?;
            racing = leave(racing, cap, &mut left);
        }
        // The leading one runs ahead: if it wins, the others have to beat it.
        let known = racing.iter().map(Racer::arrived).min().unwrap_or(0);
        racing.sort_by_key(|racer| racer.time_of(known));
        let first = racing.first().and_then(|racer| racer.time_of(known)).unwrap_or(0);
        let close = racing.iter().filter(|racer| racer.time_of(known).is_some_and(|time| self.limit(time) <= first));
        let close = close.map(|racer| racer.setting.clone()).collect();
        let mut winners: Vec<Winner> = Vec::new();
        while !racing.is_empty() {
            let mut leading = vec![racing.remove(0)];
            for &rung in alone {
                self.run_to(&mut leading, order, rung, cap)?;
                leading = leave(leading, cap, &mut left);
            }
            let Some(mut leading) = leading.pop() else { continue };
            self.wait_for(&mut leading, cap)?;
            let needed = leading.needed(rules).filter(|_| leading.failed <= may_fail);
            let is_reliable = leading.failed <= reliable;
            winners.extend(needed.map(|needed| {
                let order = Order::by_difficulty(rules, &leading.arrivals);
                Winner { setting: leading.setting.clone(), needed, order }
            }));
            left.push((leading, needed, cap));
            if let Some(needed) = needed.filter(|_| is_reliable) {
                cap = cap.min(self.cap(needed));
                racing = leave(racing.iter().map(|racer| racer.by(cap)).collect(), cap, &mut left);
            }
        }
        for setting in challengers {
            if let Some(at) = left.iter().position(|(racer, ..)| racer.setting == *setting) {
                let (racer, needed, cap) = left.swap_remove(at);
                self.note(racer, needed, cap);
            }
        }
        // Stable: of equals the first.
        winners.sort_by_key(|winner| winner.needed);
        Ok(Raced { winners, close })
    }

    /// Runs the next replicates of each, up to `rung` of them.
    fn run_to(&mut self, racing: &mut [Racer], order: &Order, rung: u32, cap: u64) -> Result<(), Unfinished> {
        let settings: Vec<Steps> = racing.iter().map(|racer| racer.setting.clone()).collect();
        let Some(done) = racing.first().map(Racer::runs) else { return Ok(()) };
        let replicates = order.next(done, rung);
        for (racer, runs) in racing.iter_mut().zip(self.runs.runs(&settings, replicates, cap)?) {
            replicates.iter().zip(runs).for_each(|(&replicate, run)| racer.count(replicate, run));
        }
        Ok(())
    }

    /// Waits for the late runs of a setting that is through with all replicates, where it matters how
    /// many fail: those that do not arrive in [`PATIENCE`] times the cap have failed.
    fn wait_for(&mut self, racer: &mut Racer, cap: u64) -> Result<(), Unfinished> {
        if racer.late > 0 && racer.late + racer.failed > self.may_fail {
            let replicates: Vec<u32> = (0..self.rules.replicates()).collect();
            let setting = std::slice::from_ref(&racer.setting);
            let waited = self.runs.runs(setting, &replicates, cap.saturating_mul(PATIENCE))?;
            racer.failed = waited.iter().flatten().filter(|run| !matches!(run, Run::Arrived(_))).count();
        }
        Ok(())
    }

    fn note(&mut self, racer: Racer, needed: Option<u64>, cap: u64) {
        let replicates = racer.runs() as u32;
        let fails = racer.failed > self.may_fail;
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
