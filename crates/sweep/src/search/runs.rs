//! What a search sees of the runs of a cell.

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
    /// The first cap where it is not known what settings need; caps rise from there.
    fn first_cap(&self, setting: &Steps) -> u64;
    /// What the run of each setting and each of these replicates shows by `cap` samples.
    ///
    /// # Errors
    /// [`Unfinished`] if a run is missing or was not looked at for long enough. All runs of the call
    /// are then asked for.
    fn runs(&mut self, settings: &[Steps], replicates: &[u32], cap: u64) -> Result<Vec<Vec<Run>>, Unfinished>;
}
