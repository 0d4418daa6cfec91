//! The search of one cell: which runs it asks for, and what comes of it.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Arc;

use crate::axis;
use crate::config::{Config, SearchMilestone, SearchSpec};
use crate::grid::{Place, Point};
use crate::job::{DoneJobs, Identity, Job, JobId, Seen};
use crate::search::lattice::Lattice;
use crate::search::race::PATIENCE;
use crate::search::runs::{Run, Runs, Steps, Unfinished};
use crate::search::walk::{self, Found};

/// The number of the first replicate of races. Those that judge have smaller numbers: a config has
/// no more of them.
pub const FIRST_RACED: u32 = 1_000_000;

/// What all cells of a sweep share.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) config: Arc<Config>,
    pub(super) identity: Identity,
}

/// What the search of a cell came to.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// The best setting, and all that were tried.
    pub found: Found,
    /// The point of the best setting.
    pub best: Arc<Point>,
    /// For each key that is at a bound there: its axis, and whether the bound is the upper one.
    pub at_bound: Vec<(usize, bool)>,
    /// Samples of the runs of races.
    pub raced: u64,
    /// Samples of the runs that judge the best setting.
    pub judged: u64,
}

/// One cell.
#[derive(Debug)]
pub struct CellSearch {
    /// Its point at the start of the search.
    pub start: Arc<Point>,
    /// How it is searched.
    pub spec: Arc<SearchSpec>,
    pub(super) lattice: Lattice,
    /// The jobs that it has asked for, each with the largest cap, in the order of the first time.
    jobs: Vec<Job>,
    /// Those of them that must be run before it goes on.
    missing: Vec<Job>,
    outcome: Option<Outcome>,
    /// Jobs without a cap, since finding an id takes a hash.
    known: HashMap<(Steps, u32), Option<Job>>,
    /// Samples of its runs so far.
    samples: u64,
}

/// What a search has learned of one run.
struct Look {
    /// Its place in `jobs`.
    job: usize,
    cap: u64,
    /// Samples of the run, if it has ended.
    ended: u64,
    shown: Run,
}

impl CellSearch {
    pub(super) fn new(config: &Arc<Config>, spec: &Arc<SearchSpec>, place: Place, start: Point) -> Self {
        let lattice = Lattice::new(config, spec, place, &start);
        Self {
            start: Arc::new(start),
            spec: Arc::clone(spec),
            lattice,
            jobs: Vec::new(),
            missing: Vec::new(),
            outcome: None,
            known: HashMap::new(),
            samples: 0,
        }
    }

    /// The jobs that it has asked for so far, each with the largest cap, in the order in which they
    /// were first asked for.
    #[must_use]
    pub fn jobs(&self) -> &[Job] {
        &self.jobs
    }

    /// The jobs that must be run before it goes on.
    #[must_use]
    pub fn missing(&self) -> &[Job] {
        &self.missing
    }

    /// What its runs cost, relative to those of other cells: tokens of a run at the start of the
    /// search.
    #[must_use]
    pub fn cost(&self) -> f64 {
        Job { id: JobId([0; 16]), point: Arc::clone(&self.start), replicate: 0, cap: None }.cost()
    }

    /// Tokens of its runs so far.
    #[must_use]
    pub fn tokens(&self) -> f64 {
        self.samples as f64 * self.start.values[axis::T]
    }

    /// Bounds of the tokens that its runs take: one step of each run of one setting, with `judges`
    /// that judge it; and the whole budget of every run of every setting.
    #[must_use]
    pub fn cost_bounds(&self, judges: u32) -> (f64, f64) {
        let rules = &self.spec.rules;
        let raced = f64::from(rules.rungs.last().copied().unwrap_or(1));
        let (raced, judges) = (raced, f64::from(judges));
        let [t, batch] = [axis::T, axis::BATCH_SIZE].map(|i| self.start.values[i]);
        ((raced + judges) * t * batch, (raced * rules.max_settings as f64 + judges) * self.cost())
    }

    /// The point of a setting; `None` if it is out of bounds or cannot be run.
    #[must_use]
    pub fn point(&self, setting: &Steps) -> Option<Arc<Point>> {
        self.lattice.point(setting)
    }

    /// What came of it, once it is complete.
    #[must_use]
    pub fn outcome(&self) -> Option<&Outcome> {
        self.outcome.as_ref()
    }

    /// Searches as far as what is done allows, from the start of the config or from `from`, whichever
    /// is better, and says whether the cell is complete.
    pub(super) fn advance(&mut self, shared: &Shared, from: Option<&Steps>, done: &DoneJobs) -> bool {
        if self.outcome.is_some() {
            return true;
        }
        let mut starts = vec![self.lattice.start()];
        starts.extend(from.filter(|from| self.lattice.point(from).is_some() && **from != starts[0]).cloned());
        let mut asking = Asking {
            shared,
            spec: &self.spec,
            done,
            lattice: &self.lattice,
            known: &mut self.known,
            looks: HashMap::new(),
            jobs: Vec::new(),
            missing: Vec::new(),
            samples: 0,
        };
        let outcome = asking.search(&starts);
        let Asking { jobs, missing, samples, .. } = asking;
        (self.jobs, self.missing, self.outcome) = (jobs, missing, outcome.ok());
        self.samples = self.outcome.as_ref().map_or(samples, |outcome| outcome.raced + outcome.judged);
        self.outcome.is_some()
    }
}

/// A search under way: what it has asked for.
struct Asking<'c> {
    shared: &'c Shared,
    spec: &'c SearchSpec,
    done: &'c DoneJobs,
    lattice: &'c Lattice,
    known: &'c mut HashMap<(Steps, u32), Option<Job>>,
    looks: HashMap<(Steps, u32), Look>,
    jobs: Vec<Job>,
    missing: Vec<Job>,
    samples: u64,
}

impl Asking<'_> {
    fn search(&mut self, starts: &[Steps]) -> Result<Outcome, Unfinished> {
        let found = if self.spec.keys.is_empty() {
            Found::the_only(starts[0].clone(), &self.spec.rules)
        } else {
            walk::search(self, &self.spec.rules, starts)?
        };
        let raced = self.samples;
        // The best setting is judged by whole runs on replicates that no race has seen.
        let judges: Vec<u32> = (0..self.shared.config.replicates).collect();
        let needed = found.trials.iter().find(|trial| trial.setting == found.best).and_then(|trial| trial.needed);
        let by_signal = self.spec.milestone == SearchMilestone::Signal;
        // What comes after the signal is of no interest, and a race waits for it no longer either.
        let cap = needed.filter(|_| by_signal).map(|needed| PATIENCE * needed);
        self.look(std::slice::from_ref(&found.best), &judges, cap)?;
        let best = self.lattice.point(&found.best).ok_or(Unfinished)?;
        let keys = self.spec.keys.iter().enumerate();
        let sides = keys.flat_map(|(key, spec)| [false, true].map(|up| (key, spec.axis, up)));
        let at_bound = sides.filter(|&(key, _, up)| self.lattice.is_at_bound(&found.best, key, up));
        let at_bound = at_bound.map(|(_, axis, up)| (axis, up)).collect();
        Ok(Outcome { found, best, at_bound, raced, judged: self.samples - raced })
    }

    /// What the runs of these settings and replicates show by `cap`; of whole runs if there is none.
    fn look(&mut self, settings: &[Steps], replicates: &[u32], cap: Option<u64>) -> Result<Vec<Vec<Run>>, Unfinished> {
        let shown = settings
            .iter()
            .map(|setting| replicates.iter().map(|&replicate| self.run(setting, replicate, cap)).collect())
            .collect();
        if self.missing.is_empty() { Ok(shown) } else { Err(Unfinished) }
    }

    /// What one run shows by `cap`; it is missing if that is not known.
    fn run(&mut self, setting: &Steps, replicate: u32, cap: Option<u64>) -> Run {
        let key = (setting.clone(), replicate);
        let point = self.lattice.point(setting);
        let identity = &self.shared.identity;
        let job = self.known.entry(key.clone()).or_insert_with(|| point.map(|point| identity.job(point, replicate)));
        let Some(job) = job.clone() else { return Run::Failed };
        // A run ends at its budget in any case.
        let cap = cap.filter(|&cap| cap < budget(&job.point));
        let asked = cap.unwrap_or(u64::MAX);
        // Whether the support stays is not known before the end.
        let cap = cap.filter(|_| self.spec.milestone != SearchMilestone::Support);
        let limit = cap.unwrap_or(u64::MAX);
        let look = match self.looks.entry(key) {
            Entry::Occupied(look) => {
                let look = look.into_mut();
                if look.shown != Run::Late || limit <= look.cap {
                    return look.by(asked);
                }
                look.cap = limit;
                look
            }
            Entry::Vacant(free) => {
                self.jobs.push(job.clone());
                free.insert(Look { job: self.jobs.len() - 1, cap: limit, ended: 0, shown: Run::Late })
            }
        };
        self.jobs[look.job].cap = cap;
        let seen = self.done.get(job.id).copied().unwrap_or(Seen { cap: Some(0), ..Seen::default() });
        // Another search may have looked at the beginning of this run: its support need not stay.
        let is_final = self.spec.milestone != SearchMilestone::Support || seen.cap.is_none();
        let time = reached(self.spec.milestone, &seen).filter(|&time| is_final && time <= limit);
        if time.is_none() && !seen.covers(cap) {
            self.missing.push(Job { cap, ..job });
            return Run::Late;
        }
        // A run that has spent its budget might still have arrived.
        let over = seen.failed || (seen.cap.is_none() && seen.samples <= limit && !seen.exhausted);
        look.ended = seen.samples;
        look.shown = match time {
            Some(time) => Run::Arrived(time),
            None if over => Run::Failed,
            None => Run::Late,
        };
        self.samples += seen.samples.min(limit);
        look.by(asked)
    }
}

impl Look {
    /// What is seen by `limit`, which may be less than was looked at.
    fn by(&self, limit: u64) -> Run {
        match self.shown {
            Run::Arrived(time) if time > limit => Run::Late,
            Run::Failed if self.ended > limit => Run::Late,
            shown => shown,
        }
    }
}

/// When a run reached a milestone.
fn reached(milestone: SearchMilestone, seen: &Seen) -> Option<u64> {
    match milestone {
        SearchMilestone::Recovery => seen.recovery,
        SearchMilestone::Signal => seen.signal,
        SearchMilestone::Support => seen.support,
    }
}

/// The samples by which a run ends in any case.
fn budget(point: &Point) -> u64 {
    point.values[axis::MAX_SAMPLES] as u64
}

impl Runs for Asking<'_> {
    fn keys(&self) -> usize {
        self.lattice.keys()
    }

    fn beside(&self, from: &Steps, key: usize, up: bool, distance: i32) -> Option<Steps> {
        self.lattice.beside(from, key, up, distance)
    }

    fn exists(&self, setting: &Steps) -> bool {
        self.lattice.point(setting).is_some()
    }

    fn budget(&self, setting: &Steps) -> u64 {
        self.lattice.point(setting).map_or(0, |point| budget(&point))
    }

    fn first_cap(&self, setting: &Steps) -> u64 {
        let batches = [axis::BATCH_SIZE, axis::BATCH_SIZE_SPARSE];
        let largest = |point: Arc<Point>| batches.map(|i| point.values[i]).into_iter().fold(1.0, f64::max);
        2 * self.lattice.point(setting).map_or(1.0, largest) as u64
    }

    fn runs(&mut self, settings: &[Steps], replicates: &[u32], cap: u64) -> Result<Vec<Vec<Run>>, Unfinished> {
        let raced: Vec<u32> = replicates.iter().map(|replicate| FIRST_RACED + replicate).collect();
        self.look(settings, &raced, Some(cap))
    }
}
