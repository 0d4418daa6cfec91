//! The search again, written down plainly: with every run known in full, and nothing kept but a list
//! of what was tried and of the rounds in which runs are asked for.

use std::ops::Range;

use crate::config::Rules;
use crate::search::runs::{Run, Steps};

use super::bowl::{BUDGET, Bowl};

/// Runs that are asked for at once: setting, replicate and cap of each.
pub(super) type Round = Vec<(Steps, u32, u64)>;

pub(super) struct SlowSearch<'s> {
    pub(super) bowl: &'s Bowl,
    pub(super) rules: &'s Rules,
    /// So many runs of a reliable setting may fail.
    pub(super) may_fail: usize,
    pub(super) tried: Vec<Steps>,
    /// Those that were tried in this pass or an earlier one, in the order of the first try.
    pub(super) ever_tried: Vec<Steps>,
    /// Settings of which too many runs fail.
    pub(super) failing: Vec<Steps>,
    pub(super) rounds: Vec<Round>,
}

/// A setting that has won: what it needs, and in which order its replicates are run by challengers,
/// of which the first few are a fair sample.
#[derive(Clone)]
struct Winner {
    setting: Steps,
    needed: u64,
    order: Vec<u32>,
    fair: u32,
}

#[derive(Default)]
struct Raced {
    winners: Vec<Winner>,
    close: Vec<Steps>,
    /// Settings of which too many runs fail.
    failing: Vec<Steps>,
}

/// A setting in a race, with the replicates that were run and the cap by which.
struct Racer {
    setting: Steps,
    looks: Vec<(u32, u64)>,
}

impl SlowSearch<'_> {
    fn all(&self) -> u32 {
        *self.rules.rungs.last().unwrap()
    }

    /// So many of all runs must arrive.
    fn enough(&self) -> usize {
        (self.rules.quantile * f64::from(self.all()) - 1e-9).ceil() as usize
    }

    fn may_miss(&self, runs: u32) -> usize {
        // How probable each number of late runs is, one run after the other.
        let late = 1.0 - self.rules.quantile;
        let mut probable = vec![1.0];
        for _ in 0..runs {
            let mut next = vec![0.0; probable.len() + 1];
            for (k, p) in probable.iter().enumerate() {
                next[k] += p * (1.0 - late);
                next[k + 1] += p * late;
            }
            probable = next;
        }
        let more = |k: usize| probable[k + 1..].iter().sum::<f64>();
        let unlikely = (0..probable.len()).find(|&k| more(k) <= 1.0 / 66.0).unwrap();
        unlikely.min(self.all() as usize - self.enough())
    }

    /// When runs have arrived by a cap, in order, and how many are known to have failed.
    fn shown(&self, racer: &Racer, cap: u64) -> (Vec<u64>, usize) {
        let runs = racer.looks.iter().map(|&(replicate, looked)| self.bowl.run(&racer.setting, replicate, looked));
        let (mut times, mut failed) = (Vec::new(), 0);
        for run in runs {
            match run {
                Run::Arrived(time) if time <= cap => times.push(time),
                Run::Failed => failed += 1,
                _ => {}
            }
        }
        times.sort_unstable();
        (times, failed)
    }

    fn may_win(&self, racer: &Racer, fair: u32, cap: u64, any: bool) -> bool {
        let (times, failed) = self.shown(racer, cap);
        let runs = racer.looks.len() as u32;
        let may_miss = self.may_miss(if runs <= fair { runs } else { self.all() });
        racer.looks.len() - times.len() <= may_miss && (any || failed <= self.may_fail)
    }

    /// The winners of a race, the best first.
    fn race(&mut self, challengers: &[Steps], (order, fair): (&[u32], u32), mut cap: u64, any: bool) -> Raced {
        let mut raced = Raced::default();
        let mut racing: Vec<Racer> =
            challengers.iter().map(|setting| Racer { setting: setting.clone(), looks: Vec::new() }).collect();
        let mut done = 0;
        for &rung in &self.rules.rungs[..2] {
            let mut round = Round::new();
            for racer in &mut racing {
                for &replicate in &order[done as usize..rung as usize] {
                    racer.looks.push((replicate, cap));
                    round.push((racer.setting.clone(), replicate, cap));
                }
            }
            if !racing.is_empty() {
                self.rounds.push(round);
            }
            done = rung;
            let (stay, out): (Vec<Racer>, Vec<Racer>) =
                racing.into_iter().partition(|racer| self.may_win(racer, fair, cap, any));
            let failing = out.into_iter().filter(|racer| self.shown(racer, cap).1 > self.may_fail);
            raced.failing.extend(failing.map(|racer| racer.setting));
            racing = stay;
        }
        let arrived = racing.iter().map(|racer| self.shown(racer, cap).0.len()).min().unwrap_or(0);
        racing.sort_by_key(|racer| self.shown(racer, cap).0.iter().take(arrived).max().copied());
        let time = |racer: &Racer| self.shown(racer, cap).0.iter().take(arrived).max().copied();
        let first = racing.first().and_then(time);
        let close = racing.iter().filter(|racer| time(racer).is_some_and(|time| Some(self.limit(time)) <= first));
        raced.close = close.map(|racer| racer.setting.clone()).collect();
        while !racing.is_empty() {
            let mut leading = racing.remove(0);
            for rung in self.rules.rungs.iter().skip(2) {
                if leading.looks.len() == done as usize || self.may_win(&leading, fair, cap, any) {
                    let next = &order[leading.looks.len()..*rung as usize];
                    leading.looks.extend(next.iter().map(|&replicate| (replicate, cap)));
                    self.rounds.push(next.iter().map(|&replicate| (leading.setting.clone(), replicate, cap)).collect());
                }
            }
            let (times, mut failed) = self.shown(&leading, cap);
            if self.may_win(&leading, fair, cap, any) {
                let missed = leading.looks.len() - times.len();
                if missed > failed && missed > self.may_fail {
                    let waited: Round = (0..self.all()).map(|r| (leading.setting.clone(), r, 3 * cap)).collect();
                    failed = waited
                        .iter()
                        .filter(|(setting, r, cap)| !matches!(self.bowl.run(setting, *r, *cap), Run::Arrived(_)))
                        .count();
                    self.rounds.push(waited);
                }
                let reliable = failed <= self.may_fail;
                let needed = times.get(self.enough() - 1).copied();
                if let Some(needed) = needed.filter(|_| any || reliable) {
                    raced.winners.push(self.winner(&leading, needed, cap));
                    if reliable {
                        cap = cap.min(self.limit(needed));
                        let (stay, out): (Vec<Racer>, Vec<Racer>) =
                            racing.into_iter().partition(|racer| self.may_win(racer, fair, cap, any));
                        let failing = out.into_iter().filter(|racer| self.shown(racer, cap).1 > self.may_fail);
                        raced.failing.extend(failing.map(|racer| racer.setting));
                        racing = stay;
                    }
                }
            }
            if failed > self.may_fail {
                raced.failing.push(leading.setting);
            }
        }
        let new: Vec<Steps> = challengers.iter().filter(|setting| !self.tried.contains(setting)).cloned().collect();
        let first = new.iter().filter(|setting| !self.ever_tried.contains(setting)).cloned().collect::<Vec<_>>();
        self.ever_tried.extend(first);
        self.tried.extend(new);
        self.failing.extend(raced.failing.iter().cloned());
        raced.winners.sort_by_key(|winner| winner.needed);
        raced
    }

    fn limit(&self, needed: u64) -> u64 {
        (needed as f64 / (1.0 + self.rules.margin)) as u64
    }

    /// Of its replicates the hardest come first, but for a few that are half as hard as the one that
    /// decides.
    fn winner(&self, racer: &Racer, needed: u64, cap: u64) -> Winner {
        let time = |replicate: u32| match self.bowl.whole_run(&racer.setting, replicate) {
            (time, true) if time <= cap => time,
            _ => u64::MAX,
        };
        let mut easiest_first: Vec<u32> = (0..self.all()).collect();
        easiest_first.sort_by_key(|&replicate| (time(replicate), std::cmp::Reverse(replicate)));
        let fair = self.rules.rungs[0];
        let from = (self.rules.quantile / 2.0 * f64::from(self.all())) as usize;
        let from = from.min((self.all() - fair) as usize);
        let mut order: Vec<u32> = easiest_first.drain(from..from + fair as usize).rev().collect();
        order.extend(easiest_first.iter().rev());
        Winner { setting: racer.setting.clone(), needed, order, fair }
    }

    fn around(&self, centre: &Steps, distance: i32) -> Vec<Steps> {
        let sides = (0..centre.len()).flat_map(|key| [(key, false), (key, true)]);
        let settings = sides.filter_map(|(key, up)| self.bowl.beside(centre, key, up, distance));
        settings.filter(|setting| !self.tried.contains(setting)).collect()
    }

    /// The best setting.
    pub(super) fn best(&mut self, start: &Steps) -> Steps {
        while self.may_fail <= self.all() as usize - self.enough() {
            if let Some(best) = self.from(start) {
                return best;
            }
            // Tasks are too hard: one more may fail.
            self.may_fail += 1;
            self.tried.clear();
            self.failing.clear();
        }
        panic!("these bowls are not hopeless")
    }

    fn from(&mut self, start: &Steps) -> Option<Steps> {
        let as_numbered: Vec<u32> = (0..self.all()).collect();
        let unknown = Known { order: as_numbered, fair: self.all(), caps: 1000..BUDGET };
        let (mut winner, mut risky) = self.rising(std::slice::from_ref(start), &unknown, true);
        let mut distance = 1;
        while winner.is_none() {
            let challengers = self.around(start, distance);
            if challengers.is_empty() {
                return None;
            }
            (winner, risky) = self.rising(&challengers, &unknown, true);
            distance *= 2;
        }
        let winner = winner?;
        let mut best = if !risky {
            winner
        } else if !self.failing.contains(start) {
            // It may be slow.
            let known = winner.known(4);
            match self.rising(std::slice::from_ref(start), &known, false).0 {
                Some(winner) => winner,
                None => self.scan(&winner)?,
            }
        } else {
            self.scan(&winner)?
        };
        let mut onwards: Vec<Steps> = Vec::new();
        loop {
            onwards.retain(|setting| self.bowl.inside(setting) && !self.tried.contains(setting));
            let everywhere = onwards.is_empty();
            let challengers = if everywhere { self.around(&best.setting, 1) } else { onwards.clone() };
            let raced = self.race(&challengers, (&best.order, best.fair), self.limit(best.needed), false);
            let Some(winner) = raced.winners.first().cloned() else {
                if everywhere {
                    return Some(best.setting);
                }
                onwards.clear();
                continue;
            };
            // On in the winner's direction, in those of all that were close, and from the winner to there.
            let towards = |to: &Steps| -> Steps { to.iter().zip(&best.setting).map(|(to, from)| to - from).collect() };
            let first = towards(&winner.setting);
            let mut together = first.clone();
            for setting in &raced.close {
                for (step, other) in together.iter_mut().zip(towards(setting)) {
                    if *step == 0 {
                        *step = other;
                    }
                }
            }
            let from_winner = |direction: &Steps| -> Steps {
                winner.setting.iter().zip(direction).map(|(at, step)| at + step).collect()
            };
            let rest: Steps = together.iter().zip(&first).map(|(all, first)| all - first).collect();
            onwards = if together == first {
                vec![from_winner(&first)]
            } else {
                vec![from_winner(&rest), from_winner(&together), from_winner(&first)]
            };
            best = winner;
        }
    }

    /// The first to win with rising caps, and whether too many of its runs fail.
    fn rising(&mut self, challengers: &[Steps], known: &Known, any: bool) -> (Option<Winner>, bool) {
        let mut racing = challengers.to_vec();
        let mut cap = known.caps.start;
        while !racing.is_empty() {
            let raced = self.race(&racing, (&known.order, known.fair), cap.min(known.caps.end), any);
            let reliable = raced.winners.iter().find(|winner| !raced.failing.contains(&winner.setting));
            if let Some(winner) = reliable.or(raced.winners.first()) {
                return (Some(winner.clone()), reliable.is_none());
            }
            if !any {
                racing.retain(|setting| !raced.failing.contains(setting));
            }
            if cap >= known.caps.end {
                break;
            }
            cap = (1.5 * cap as f64).ceil() as u64;
        }
        (None, false)
    }

    /// The best setting along one key near a risky one, at the nearest distance where there is a
    /// reliable one.
    fn scan(&mut self, risky: &Winner) -> Option<Winner> {
        [1, 2, 4].into_iter().find_map(|distance| {
            let challengers = self.around(&risky.setting, distance);
            self.rising(&challengers, &risky.known(2), false).0
        })
    }
}

impl Winner {
    /// For challengers that may need so many times what it needs.
    fn known(&self, times: u64) -> Known {
        Known { order: self.order.clone(), fair: self.fair, caps: self.needed..times * self.needed }
    }
}

/// What is known of challengers before they race.
struct Known {
    order: Vec<u32>,
    fair: u32,
    caps: Range<u64>,
}
