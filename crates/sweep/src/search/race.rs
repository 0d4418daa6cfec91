//! Races between settings.
//!
//! Settings run on few replicates first, then on more (*rungs*). One leaves the race when too many of
//! its runs have not arrived by the cap, or too many have failed. After the first rungs the leading
//! setting runs ahead, and the others have to beat it.

use std::collections::BTreeSet;
use std::ops::Range;

use super::order::Order;
use super::racer::Racer;
use super::runs::{Run, Runs, Steps, Unfinished};
use crate::config::Rules;

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
    /// How many of these runs failed: they ended without having arrived, or had not arrived by
    /// three times the cap where that was waited for.
    pub failed: usize,
}

/// The winner of a race.
#[derive(Clone)]
pub(super) struct Winner {
    pub(super) setting: Steps,
    /// The samples that it needs.
    pub(super) needed: u64,
    /// How the replicates of the next race follow each other.
    pub(super) order: Order,
}

/// What a race came to.
pub(super) struct Raced {
    /// Those that have arrived by the cap often enough, the best first.
    pub(super) winners: Vec<Winner>,
    /// Those that were no more than the margin slower than the leading one when it ran ahead, the
    /// fastest first.
    pub(super) close: Vec<Steps>,
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
pub(super) enum Sought {
    /// A setting of which enough runs arrive.
    Any,
    /// One of which so few fail that this is no luck ([`Rules::may_fail`]).
    Reliable,
}

/// Where it is not known what settings need, caps rise by this factor.
const RISE: f64 = 1.5;

/// After so many rungs the leading setting of a race runs ahead of the others.
const TOGETHER: usize = 2;

/// A run that has not arrived by so many times the cap counts as one that never will.
pub(super) const PATIENCE: u64 = 3;

/// The races of a search, and what they have shown.
pub(super) struct Races<'s, R> {
    pub(super) runs: &'s mut R,
    pub(super) rules: &'s Rules,
    /// So many of R runs of a reliable setting may fail.
    may_fail: usize,
    pub(super) trials: Vec<Trial>,
    pub(super) tried: BTreeSet<Steps>,
    /// Settings of which too many runs have ended without having arrived.
    pub(super) failed: BTreeSet<Steps>,
    /// How many races there were.
    pub(super) count: usize,
}

impl<'s, R: Runs> Races<'s, R> {
    /// None so far; so many of R runs of a reliable setting may fail.
    pub(super) fn new(runs: &'s mut R, rules: &'s Rules, may_fail: usize) -> Self {
        let (tried, failed) = (BTreeSet::new(), BTreeSet::new());
        Self { runs, rules, may_fail, trials: Vec::new(), tried, failed, count: 0 }
    }

    /// Those of `challengers` that arrive first: with caps that rise by [`RISE`] from the start of the
    /// known range to its end until one of them arrives, or none can any more. Where nothing is known,
    /// caps rise from the first of the lattice to the budget.
    pub(super) fn race_with_rising_cap(
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
        self.count += 1;
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
    pub(super) fn race_against(&mut self, challengers: &[Steps], best: &Winner) -> Result<Raced, Unfinished> {
        self.count += 1;
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
        keep(&mut self.trials, trial);
    }
}

/// Keeps what is known last of each setting, in the order of the first try.
pub(super) fn keep(trials: &mut Vec<Trial>, trial: Trial) {
    match trials.iter_mut().find(|known| known.setting == trial.setting) {
        Some(known) => *known = trial,
        None => trials.push(trial),
    }
}
