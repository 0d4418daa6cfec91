//! The search of all cells of a sweep.
//!
//! Cells that differ in T alone form a *chain*. A cell of a chain starts where the one before it
//! has ended, so the cells of a chain are searched one after the other, and a shard has whole
//! chains.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use crate::axis::{self, AXES, written};
use crate::config::Config;
use crate::config::diagnostic::Diagnostic;
use crate::grid::{self, Place, Point};
use crate::job::shard::Shard;
use crate::job::{DoneJobs, Identity, Job, JobId};
use crate::search::cell::{CellSearch, Shared};

/// The search of a sweep.
#[derive(Debug)]
pub struct SweepSearch {
    shared: Shared,
    /// The cells, in the order of the grid.
    cells: Vec<CellSearch>,
    /// For each chain its cells, by T.
    chains: Vec<Vec<usize>>,
}

impl SweepSearch {
    /// The search that `config` asks for; `None` if it asks for none.
    ///
    /// # Errors
    /// As [`grid::expand`], and a start outside its bounds.
    pub fn new(config: &Arc<Config>) -> Result<Option<Self>, Diagnostic> {
        if !config.is_search() {
            return Ok(None);
        }
        let specs: Vec<_> = config.grids.iter().map(|grid| grid.search.clone().map(Arc::new)).collect();
        let identity = Identity::new(config);
        let mut places: Vec<(Place, Point)> = Vec::new();
        grid::expand_cells(config, |place, point| places.push((place, point)))?;
        let mut seen: HashSet<JobId> = HashSet::new();
        places.retain(|(_, point)| seen.insert(identity.job(Arc::new(point.clone()), 0).id));
        let mut chains: BTreeMap<Place, Vec<usize>> = BTreeMap::new();
        let mut cells = Vec::new();
        let mut asked = HashMap::new();
        for (place, start) in places {
            let Some(spec) = &specs[place.grid] else { continue };
            if let Some(twice) = searched_twice(config, &place, &start, &mut asked) {
                return Err(twice);
            }
            let axes = &config.grids[place.grid].axes;
            let mut without_t = place.clone();
            if let Some(at) = axes.iter().position(|spec| spec.axis == axis::T) {
                without_t.chosen[at] = 0;
            }
            chains.entry(without_t).or_default().push(cells.len());
            let cell = CellSearch::new(config, spec, place, start);
            if let Some((key, [min, max])) = cell.lattice.start_out_of_bounds(&cell.start) {
                let name = AXES[key.axis].name;
                let mut wrong = Diagnostic::new(format!("the search of `{name}` starts outside of its bounds"))
                    .help("move the start or the bounds; both may be expressions in N, Q and T");
                if let Some(span) = &key.start.span {
                    let value = written(cell.start.values[key.axis]);
                    let (min, max) = (written(min), written(max));
                    wrong = wrong
                        .at(span.clone(), format!("{value} is not from {min} to {max} {}", grid::here(&cell.start)));
                }
                return Err(wrong);
            }
            cells.push(cell);
        }
        let mut chains: Vec<Vec<usize>> = chains.into_values().collect();
        chains.iter_mut().for_each(|chain| chain.sort_by(|&a, &b| t(&cells[a]).total_cmp(&t(&cells[b]))));
        // In the order of the grid.
        chains.sort();
        let shared = Shared { config: Arc::clone(config), identity };
        Ok(Some(Self { shared, cells, chains }))
    }

    /// The cells, in the order of the grid.
    #[must_use]
    pub fn cells(&self) -> &[CellSearch] {
        &self.cells
    }

    /// How many chains there are.
    #[must_use]
    pub fn chains(&self) -> usize {
        self.chains.len()
    }

    /// The cells of a chain.
    pub fn cells_of(&self, chain: usize) -> impl Iterator<Item = &CellSearch> {
        self.chains[chain].iter().map(|&i| &self.cells[i])
    }

    /// Searches every chain as far as what is done allows.
    pub fn advance_all(&mut self, done: &DoneJobs) {
        (0..self.chains.len()).for_each(|chain| drop(self.advance(chain, done)));
    }

    /// Searches a chain as far as what is done allows, and returns the jobs that are missing.
    pub fn advance(&mut self, chain: usize, done: &DoneJobs) -> Vec<Job> {
        let mut before: Option<usize> = None;
        for &i in &self.chains[chain] {
            let from = before.and_then(|i| self.cells[i].outcome()).map(|outcome| outcome.found.best.clone());
            let from = from.filter(|_| self.cells[i].spec.inherit);
            if !self.cells[i].advance(&self.shared, from.as_ref(), done) {
                return self.cells[i].missing().to_vec();
            }
            before = Some(i);
        }
        Vec::new()
    }

    /// The jobs that were asked for so far, in the order of the cells.
    #[must_use]
    pub fn jobs(&self) -> Vec<Job> {
        let mut seen = HashSet::new();
        let all = self.cells.iter().flat_map(CellSearch::jobs);
        all.filter(|job| seen.insert(job.id)).cloned().collect()
    }

    /// For each job of [`SweepSearch::jobs`] the index of its shard out of `of`, from 1.
    #[must_use]
    pub fn shards_of_jobs(&self, of: u32) -> Vec<u32> {
        let mut of_cells = vec![0; self.cells.len()];
        for (chain, shard) in self.chains.iter().zip(self.shards(of)) {
            chain.iter().for_each(|&cell| of_cells[cell] = shard);
        }
        let mut seen = HashSet::new();
        let all =
            self.cells.iter().zip(of_cells).flat_map(|(cell, shard)| cell.jobs().iter().map(move |job| (job, shard)));
        all.filter(|(job, _)| seen.insert(job.id)).map(|(_, shard)| shard).collect()
    }

    /// For each chain the index of its shard out of `of`, from 1, of equal cost.
    #[must_use]
    pub fn shards(&self, of: u32) -> Vec<u32> {
        let cost = |chain: &Vec<usize>| -> f64 { chain.iter().map(|&i| self.cells[i].cost()).sum() };
        let costs: Vec<f64> = self.chains.iter().map(cost).collect();
        Shard::balanced(&costs, of, |a, b| a.cmp(&b))
    }

    /// The chains of a shard; all if there is none.
    #[must_use]
    pub fn chains_of(&self, shard: Option<Shard>) -> Vec<usize> {
        let Some(shard) = shard else { return (0..self.chains.len()).collect() };
        let shards = self.shards(shard.of());
        (0..self.chains.len()).filter(|&chain| shards[chain] == shard.index()).collect()
    }
}

/// What is wrong where two places are of one cell: the best setting would be that of two searches.
fn searched_twice(
    config: &Config,
    place: &Place,
    start: &Point,
    asked: &mut HashMap<Vec<u64>, usize>,
) -> Option<Diagnostic> {
    let question = (0..AXES.len()).filter(|&i| !AXES[i].can_be_searched());
    let cell: Vec<u64> = question.map(|i| start.values[i].to_bits()).collect();
    let first = asked.insert(cell, place.grid)?;
    let wrong = if first == place.grid {
        Diagnostic::new("a grid that is searched has several settings for a cell")
            .help("search the hyperparameter of which it has several values, or give it one value")
    } else {
        Diagnostic::new("two grids search the same cell").help("give every cell to one of them")
    };
    Some(wrong.at(config.grids[place.grid].span.clone(), format!("has a second one {}", grid::here(start))))
}

fn t(cell: &CellSearch) -> f64 {
    cell.start.values[axis::T]
}
