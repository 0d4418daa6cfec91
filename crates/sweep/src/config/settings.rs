//! What a sweep is, once it has been read and checked.

use ndarray::Array2;
use report::claim::Claim;
use scb_core::Weights;
use scb_core::train::{StageEnd, StopAt};
use serde::Serialize;

use report::statistics::cross_fitting::confident_rank;

use crate::config::expression::Expression;
use crate::config::source::Span;

/// A checked sweep.
#[derive(Debug, Clone)]
pub struct Config {
    /// The default name of the run directory: `name`, or else the stem of the file's name.
    pub name: String,
    /// The headline of the report, if one is given. It is no part of a job's identity.
    pub title: Option<String>,
    /// What all random streams derive from.
    pub seed: u64,
    /// Runs per point of the grid.
    pub replicates: u32,
    /// How many jobs the grids may have together.
    pub max_jobs: u64,
    /// The grids; their union is swept.
    pub grids: Vec<GridSpec>,
    /// What does not vary over the grid.
    pub shared: Shared,
    /// Whether jobs are traced.
    pub trace: bool,
    /// Fraction of replicates that must reach a milestone for its needed samples.
    pub quantile: f64,
    /// The claim that its report examines.
    pub claim: Option<Claim>,
}

impl Config {
    /// Whether the best hyperparameters are searched. All grids of a sweep have a search then, or
    /// none has.
    #[must_use]
    pub fn is_search(&self) -> bool {
        self.grids.iter().any(|grid| grid.search.is_some())
    }

    /// Whether the search of some grid moves this axis.
    #[must_use]
    pub fn searches(&self, axis: usize) -> bool {
        self.grids.iter().any(|grid| grid.searches(axis))
    }
}

/// `[search]`, or `search` of one grid: which hyperparameters are searched in every cell, and how.
#[derive(Debug, Clone)]
pub struct SearchSpec {
    /// The milestone whose samples are to be few.
    pub milestone: SearchMilestone,
    /// How races go.
    pub rules: Rules,
    /// Whether a cell starts from what the cell of the next smaller T has found.
    pub inherit: bool,
    /// The keys, in the order of the text. Without any, the one setting that the grid gives is
    /// judged.
    pub keys: Vec<SearchKey>,
}

impl SearchSpec {
    /// Whether it moves this axis.
    #[must_use]
    pub fn searches(&self, axis: usize) -> bool {
        self.keys.iter().any(|key| key.axis == axis)
    }
}

/// How a search goes about its races.
#[derive(Debug, Clone, PartialEq)]
pub struct Rules {
    /// Fraction of the runs that must reach the milestone.
    pub quantile: f64,
    /// How confident a race must be that the fraction `quantile` of the runs of a setting does not
    /// end without having arrived, in `(0, 1)`.
    pub confidence: f64,
    /// Numbers of replicates after which settings that cannot win leave, increasing; the last one
    /// is R.
    pub rungs: Vec<u32>,
    /// A setting is better if what it needs times `1 + margin` is at most what the other needs.
    pub margin: f64,
    /// Runs are capped at so many times what the best setting needs, at least 1. Beyond 1 it is
    /// seen how much worse neighbours are.
    pub horizon: f64,
    /// So many settings are tried at most.
    pub max_settings: usize,
}

/// A setting of which just enough runs arrive leaves a race by bad luck in one of so many cases.
const ONE_OF: f64 = 66.0;

impl Rules {
    /// R, the number of replicates of a race.
    #[must_use]
    pub fn replicates(&self) -> u32 {
        self.rungs.last().copied().unwrap_or(1)
    }

    /// How many of R runs must arrive.
    #[must_use]
    pub fn needed(&self) -> usize {
        // The product of numbers such as 0.9 and 20 may lie above the whole number that is meant.
        let exact = self.quantile * f64::from(self.replicates());
        ((exact - 1e-9).ceil() as usize).max(1)
    }

    /// How many of so many runs need not arrive by the cap: so many that more would be seen in one of
    /// 66 cases if just the share `1 - quantile` is late; and no more than of all R.
    #[must_use]
    pub fn may_miss(&self, runs: usize) -> usize {
        let all = self.replicates() as usize - self.needed();
        let late = 1.0 - self.quantile;
        // The probability of exactly k late runs, from that of k - 1.
        let mut exactly = self.quantile.powi(i32::try_from(runs).unwrap_or(i32::MAX));
        let (mut more, mut k) = (1.0 - exactly, 0);
        while k < all.min(runs) && more > 1.0 / ONE_OF {
            k += 1;
            exactly *= (runs + 1 - k) as f64 / k as f64 * late / self.quantile;
            more -= exactly;
        }
        k
    }

    /// How many of R runs may end without having arrived: so few that enough runs arrive, with this
    /// confidence.
    #[must_use]
    pub fn may_fail(&self) -> usize {
        let replicates = self.replicates() as usize;
        replicates - confident_rank(self.quantile, replicates, self.confidence)
    }
}

/// A milestone that a search can look for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SearchMilestone {
    /// Recovery.
    Recovery,
    /// The signal. The runs that judge are looked at no longer than it takes.
    Signal,
    /// The support. Whether it stays is known at the end of a run only, so that no run is capped.
    Support,
}

impl SearchMilestone {
    /// All, the default first.
    pub const ALL: [Self; 3] = [Self::Recovery, Self::Signal, Self::Support];

    /// What a config calls it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Recovery => "recovery",
            Self::Signal => "signal",
            Self::Support => "support",
        }
    }
}

/// One key of the search: the lattice of its values is `start * factor^i` for whole numbers i,
/// between `min` and `max`.
#[derive(Debug, Clone)]
pub struct SearchKey {
    /// Index in [`AXES`](crate::axis::AXES).
    pub axis: usize,
    /// Where the search starts.
    pub start: Element,
    /// The ratio of neighbours, above 1.
    pub factor: f64,
    /// The smallest value.
    pub min: Element,
    /// The largest value.
    pub max: Element,
}

/// Settings of the task and the training that no axis varies.
#[derive(Debug, Clone, PartialEq)]
pub struct Shared {
    /// How the weights of q are drawn.
    pub weights: Weights,
    /// The transition matrix, if given.
    pub matrix: Option<Array2<f64>>,
    /// When a run may end early.
    pub stop_at: StopAt,
    /// Threshold of the signal milestone.
    pub signal: f64,
    /// How finely milestones are resolved.
    pub resolution: f64,
    /// What ends the boosting stage.
    pub boost_end: StageEnd,
    /// What ends the sparse stage.
    pub sparse_end: StageEnd,
    /// The runs that V is transferred from.
    pub pretraining: Pretraining,
}

/// `[pretraining]`: how a V to transfer is learned ([`scb_core::train::Pretraining`]).
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Pretraining {
    /// Sequence length of the source; its Q is that of the target.
    #[serde(rename = "T")]
    pub t: u32,
    /// Samples per step.
    pub batch_size: u32,
    /// Step size while boosting; half of it afterwards.
    pub eta: f64,
    /// l1 regularisation of its sparse stage.
    pub lambda: f64,
    /// Budget in samples.
    pub max_samples: u64,
}

impl Pretraining {
    /// As the mathematics has it.
    #[must_use]
    pub fn recipe(self) -> scb_core::train::Pretraining {
        let Self { t, batch_size, eta, lambda, max_samples } = self;
        scb_core::train::Pretraining { t: t as usize, batch_size: batch_size as usize, eta, lambda, max_samples }
    }
}

/// One `[grid]`.
#[derive(Debug, Clone)]
pub struct GridSpec {
    /// The elements of every axis, N, Q and T first, then the others as written, then defaults.
    pub axes: Vec<AxisSpec>,
    /// Groups of indices into `axes` that advance together.
    pub zips: Vec<Vec<usize>>,
    /// Points that fail one of these are dropped.
    pub conditions: Vec<Condition>,
    /// How the best hyperparameters of its cells are searched, if they are.
    pub search: Option<SearchSpec>,
    /// Where the grid was written.
    pub span: Span,
}

impl GridSpec {
    /// Whether its search moves this axis.
    #[must_use]
    pub fn searches(&self, axis: usize) -> bool {
        self.search.as_ref().is_some_and(|search| search.searches(axis))
    }
}

/// The values of one axis in one grid.
#[derive(Debug, Clone)]
pub struct AxisSpec {
    /// Index in [`AXES`](crate::axis::AXES).
    pub axis: usize,
    /// At least one.
    pub elements: Vec<Element>,
    /// Whether the grid itself names it.
    pub listed: bool,
}

/// A number or an expression.
#[derive(Debug, Clone)]
pub struct Element {
    /// The number or expression.
    pub value: Quantity,
    /// Where it was written; `None` for a default.
    pub span: Option<Span>,
}

/// A number, or how to get it.
#[derive(Debug, Clone)]
pub enum Quantity {
    /// The number (for `algorithm`, its index).
    Number(f64),
    /// An expression in axes that come earlier, and its text.
    Expression(Expression, String),
}

/// A `where`.
#[derive(Debug, Clone)]
pub struct Condition {
    /// The condition.
    pub expression: Expression,
    /// Its text.
    pub text: String,
    /// Where it was written.
    pub span: Span,
}
