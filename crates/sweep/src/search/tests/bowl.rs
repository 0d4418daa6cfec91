//! Made-up runs whose best setting is known.

use std::ops::Range;

use scb_core::random::{Stream, normal, stream, uniform};

use crate::search::runs::{Run, Steps};

/// Runs of a cell. The logarithm of the time of a run is a bowl over the lattice, plus an effect of
/// the task that all settings share, plus noise with a heavy right tail. Some runs fail.
#[derive(Clone)]
pub(super) struct Bowl {
    pub(super) seed: u64,
    /// Where the bowl is lowest, not on the lattice.
    pub(super) lowest: Vec<f64>,
    /// How the logarithm of the time grows with the square of the distance along each key; 0 for a
    /// key that does nothing.
    pub(super) curvature: Vec<f64>,
    /// The share of runs that fail.
    pub(super) fail: f64,
    pub(super) bounds: Range<i32>,
}

/// What a run takes at the best point of the bowl, without noise.
const SCALE: f64 = 1e5;
pub(super) const BUDGET: u64 = 30_000_000;

impl Bowl {
    /// A bowl of three keys that matter, with its lowest point up to three steps from the start, and
    /// two keys that do nothing.
    pub(super) fn new(seed: u64, fail: f64) -> Self {
        let mut bowl =
            Self { seed, lowest: Vec::new(), curvature: vec![0.15, 0.15, 0.15, 0.0, 0.0], fail, bounds: -8..9 };
        let mut place = bowl.stream(2, &[], 0);
        bowl.lowest = (0..5).map(|_| 6.0 * uniform(&mut place) - 3.0).collect();
        bowl
    }

    pub(super) fn stream(&self, what: u8, setting: &[i32], replicate: u32) -> Stream {
        let mut hasher = blake3::Hasher::new();
        hasher.update(&self.seed.to_le_bytes()).update(&[what]).update(&replicate.to_le_bytes());
        for step in setting {
            hasher.update(&step.to_le_bytes());
        }
        let mut seed = [0; 16];
        seed.copy_from_slice(&hasher.finalize().as_bytes()[..16]);
        stream(seed)
    }

    /// The logarithm of how much longer a setting takes than the best one.
    pub(super) fn depth(&self, setting: &[i32]) -> f64 {
        let along = setting.iter().zip(&self.lowest).zip(&self.curvature);
        along.map(|((&step, lowest), curvature)| curvature * (f64::from(step) - lowest).powi(2)).sum()
    }

    /// When a run ends, and whether it has arrived then.
    pub(super) fn whole_run(&self, setting: &[i32], replicate: u32) -> (u64, bool) {
        let task = normal(&mut self.stream(0, &[], replicate));
        let mut own = self.stream(1, setting, replicate);
        let noise = 0.2 * normal(&mut own) - 0.3 * uniform(&mut own).ln();
        let fails = uniform(&mut own) < self.fail;
        ((SCALE * (self.depth(setting) + 0.25 * task + noise).exp()) as u64, !fails)
    }

    pub(super) fn run(&self, setting: &[i32], replicate: u32, cap: u64) -> Run {
        match self.whole_run(setting, replicate) {
            (time, _) if time > cap => Run::Late,
            (time, true) => Run::Arrived(time),
            (_, false) => Run::Failed,
        }
    }

    pub(super) fn inside(&self, setting: &Steps) -> bool {
        setting.iter().all(|step| self.bounds.contains(step))
    }

    pub(super) fn beside(&self, from: &Steps, key: usize, up: bool, distance: i32) -> Option<Steps> {
        let mut to = from.clone();
        to[key] += if up { distance } else { -distance };
        self.inside(&to).then_some(to)
    }
}
