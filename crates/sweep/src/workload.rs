//! What a sweep has to run: the jobs of a grid, or those that a search has asked for so far.

use std::borrow::Cow;
use std::sync::Arc;

use crate::config::Config;
use crate::config::diagnostic::Diagnostic;
use crate::execution::source::{Outstanding, PlanSource, SearchSource, Source};
use crate::job::plan::Plan;
use crate::job::shard::Shard;
use crate::job::{self, DoneJobs, Job, Tally};
use crate::search::cell::CellSearch;
use crate::search::sweep::SweepSearch;

/// What a sweep has to run.
#[derive(Debug)]
pub struct Workload {
    /// The jobs: of a grid all, of a search those that it has asked for so far.
    pub plan: Arc<Plan>,
    /// The search, advanced as far as what is done allows; `None` for a grid.
    pub search: Option<SweepSearch>,
    shard: Option<Shard>,
    /// Whether failed jobs are run again. To a search they are then as if they had not been run.
    retries: bool,
}

/// A config whose grid is expanded, and checked with it.
#[derive(Debug)]
pub enum Expanded {
    /// Every job of the grid.
    Grid(Vec<Job>),
    /// The search, before its first step.
    Search(Box<SweepSearch>),
}

impl Expanded {
    /// Of this config.
    ///
    /// # Errors
    /// As [`job::jobs`] and [`SweepSearch::new`].
    pub fn new(config: &Arc<Config>) -> Result<Self, Diagnostic> {
        Ok(match SweepSearch::new(config)? {
            Some(search) => Self::Search(Box::new(search)),
            None => Self::Grid(job::jobs(config)?),
        })
    }

    /// What there is to run where `done` is done, of one shard if one is given. If it `retries`, the
    /// jobs of a grid that have failed, and no others; a search runs those again and goes on.
    #[must_use]
    pub fn workload(self, config: &Config, done: &DoneJobs, shard: Option<Shard>, retries: bool) -> Workload {
        match self {
            Self::Grid(jobs) => {
                let mut plan = Plan::new(config, jobs, done).of_shard(shard);
                if retries {
                    plan = plan.of_failed(done);
                }
                Workload { plan: Arc::new(plan), search: None, shard, retries }
            }
            Self::Search(mut search) => {
                let done = &known(done, retries);
                search.advance_all(done);
                let mut plan = Plan::new(config, search.jobs(), done);
                if let Some(shard) = shard {
                    let shards = search.shards_of_jobs(shard.of());
                    plan = plan.with_shards(shard, shards);
                }
                Workload { plan: Arc::new(plan), search: Some(*search), shard, retries }
            }
        }
    }
}

/// What a search knows of the jobs that are done.
fn known(done: &DoneJobs, retries: bool) -> Cow<'_, DoneJobs> {
    if retries { Cow::Owned(done.without_failed()) } else { Cow::Borrowed(done) }
}

impl Workload {
    /// Of a sweep of which `done` is done.
    ///
    /// # Errors
    /// As [`Expanded::new`].
    pub fn new(config: &Arc<Config>, done: &DoneJobs) -> Result<Self, Diagnostic> {
        Ok(Expanded::new(config)?.workload(config, done, None, false))
    }

    /// What is outstanding; takes the search away, which goes on from what is `done`.
    #[must_use]
    pub fn outstanding(&mut self, done: &DoneJobs, before: Tally) -> Outstanding {
        let further = self.plan.further.clone();
        let source = match self.search.take() {
            None => Source::Plan(PlanSource::new(&self.plan)),
            Some(search) => {
                let chains = search.chains_of(self.shard);
                Source::Search(Box::new(SearchSource::new(search, chains, known(done, self.retries).into_owned())))
            }
        };
        Outstanding { source, before, further }
    }

    /// How far it is.
    #[must_use]
    pub fn tally(&self, done: &DoneJobs) -> Tally {
        self.with_cells(self.plan.tally(done))
    }

    /// How far it is before it runs what is outstanding: failed jobs that run again are not done.
    #[must_use]
    pub fn tally_before(&self, done: &DoneJobs) -> Tally {
        self.with_cells(self.plan.tally_before(done))
    }

    fn with_cells(&self, tally: Tally) -> Tally {
        let (cells, complete) = self
            .cells()
            .fold((0, 0), |(cells, complete), cell| (cells + 1, complete + usize::from(cell.outcome().is_some())));
        Tally { cells, complete, ..tally }
    }

    /// The cells of the search that this process has; none for a grid.
    fn cells(&self) -> impl Iterator<Item = &CellSearch> {
        let of = |search: &SweepSearch| search.chains_of(self.shard);
        self.search.iter().flat_map(move |search| of(search).into_iter().flat_map(|chain| search.cells_of(chain)))
    }

    /// The shards of `of` that have something to run, in order.
    #[must_use]
    pub fn shards_with_work(&self, of: u32) -> Vec<u32> {
        let assigned = match &self.search {
            None => Shard::assign(&self.plan.jobs, of),
            Some(search) => search.shards_of_jobs(of),
        };
        let mut shards: Vec<u32> = self.plan.outstanding.iter().map(|&i| assigned[i]).collect();
        shards.sort_unstable();
        shards.dedup();
        shards
    }

    /// Every shard of `of`, how many jobs it has, or cells of a search, and how many of them are
    /// left.
    #[must_use]
    pub fn shards(&self, done: &DoneJobs, of: u32) -> Vec<(Shard, usize, usize)> {
        let mut counts = vec![(0, 0); of as usize];
        let mut count = |shard: u32, is_left: bool| {
            let (all, left) = &mut counts[shard as usize - 1];
            *all += 1;
            *left += usize::from(is_left);
        };
        match &self.search {
            None => {
                for (job, shard) in self.plan.jobs.iter().zip(Shard::assign(&self.plan.jobs, of)) {
                    count(shard, !done.contains(job));
                }
            }
            Some(search) => {
                for (chain, shard) in search.shards(of).into_iter().enumerate() {
                    search.cells_of(chain).for_each(|cell| count(shard, cell.outcome().is_none()));
                }
            }
        }
        let named = (1..=of).zip(counts).filter_map(|(index, (all, left))| Some((Shard::new(index, of)?, all, left)));
        named.collect()
    }
}
