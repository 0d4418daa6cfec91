//! Searches on made-up runs whose best setting is known.

use std::collections::HashSet;
use std::ops::Range;

use scb_core::random::{Stream, normal, stream, uniform};

use crate::config::Rules;
use crate::search::race::{Runs, Steps, Unfinished, search};

/// Runs of a cell whose log-times are a bowl over the lattice, plus an effect of the task that all
/// settings share, plus noise with a heavy right tail; some runs never arrive.
struct Synthetic {
    seed: u64,
    /// Where the bowl is lowest, not on the lattice.
    optimum: Vec<f64>,
    /// How the log of the time grows with the square of the distance along each key; 0 for a key
    /// that does nothing.
    curvature: Vec<f64>,
    never: f64,
    bounds: Range<i32>,
    /// Samples that were simulated.
    spent: u64,
    looked: HashSet<(Steps, u32, u64)>,
}

const BUDGET: u64 = 3_000_000;

impl Synthetic {
    fn stream(&self, what: u8, setting: &[i32], replicate: u32) -> Stream {
        let mut hasher = blake3::Hasher::new();
        hasher.update(&self.seed.to_le_bytes()).update(&[what]).update(&replicate.to_le_bytes());
        setting.iter().for_each(|step| {
            hasher.update(&step.to_le_bytes());
        });
        let mut seed = [0; 16];
        seed.copy_from_slice(&hasher.finalize().as_bytes()[..16]);
        stream(seed)
    }

    /// The logarithm of how much longer a setting takes than the best one.
    fn depth(&self, setting: &[i32]) -> f64 {
        let along = setting.iter().zip(&self.optimum).zip(&self.curvature);
        along.map(|((&step, best), curvature)| curvature * (f64::from(step) - best).powi(2)).sum()
    }

    fn time(&self, setting: &[i32], replicate: u32) -> Option<u64> {
        let task = normal(&mut self.stream(0, &[], replicate));
        let mut own = self.stream(1, setting, replicate);
        // Exponential tail on top of normal noise.
        let noise = 0.2 * normal(&mut own) - 0.3 * uniform(&mut own).ln();
        let never = uniform(&mut own) < self.never;
        let time = 1e5 * (self.depth(setting) + 0.25 * task + noise).exp();
        (!never).then_some(time as u64)
    }
}

impl Runs for Synthetic {
    fn keys(&self) -> usize {
        self.optimum.len()
    }

    fn beside(&self, from: &Steps, key: usize, up: bool, distance: i32) -> Option<Steps> {
        let mut to = from.clone();
        to[key] += if up { distance } else { -distance };
        self.bounds.contains(&to[key]).then_some(to)
    }

    fn exists(&self, setting: &Steps) -> bool {
        setting.iter().all(|step| self.bounds.contains(step))
    }

    fn budget(&self, _: &Steps) -> u64 {
        BUDGET
    }

    fn first_cap(&self, _: &Steps) -> u64 {
        64
    }

    fn times(
        &mut self,
        settings: &[Steps],
        replicates: Range<u32>,
        cap: u64,
    ) -> Result<Vec<Vec<Option<u64>>>, Unfinished> {
        let mut all = Vec::new();
        for setting in settings {
            let mut times = Vec::new();
            for replicate in replicates.clone() {
                let time = self.time(setting, replicate).filter(|&time| time <= cap);
                if self.looked.insert((setting.clone(), replicate, time.unwrap_or(cap))) {
                    self.spent += time.unwrap_or(cap);
                }
                times.push(time);
            }
            all.push(times);
        }
        Ok(all)
    }
}

fn rules() -> Rules {
    let get = |k: &str, d: f64| std::env::var(k).ok().and_then(|v| v.parse().ok()).unwrap_or(d);
    let r = get("R", 24.0) as u32;
    Rules {
        quantile: get("QU", 0.9),
        rungs: vec![r / 8, r / 4, r / 2, r],
        margin: get("MARGIN", 0.05),
        horizon: get("HOR", 1.0),
        max_settings: 300,
    }
}

#[test]
fn explore() {
    let get = |k: &str, d: f64| std::env::var(k).ok().and_then(|v| v.parse().ok()).unwrap_or(d);
    let rules = rules();
    let (mut near, mut tried, mut spent, mut excess, mut verdicts) = (0, 0, 0.0, Vec::new(), Vec::new());
    let n = 400;
    for seed in 0..n {
        let mut place = stream([seed as u8 ^ 0x55, (seed >> 8) as u8, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14]);
        let c = get("CURV", 0.15);
        let curvature = vec![c, c, c, 0.0, 0.0];
        let optimum: Vec<f64> = (0..5).map(|_| 6.0 * uniform(&mut place) - 3.0).collect();
        let mut runs = Synthetic {
            seed: seed as u64,
            optimum: optimum.clone(),
            curvature,
            never: get("NEVER", 0.02),
            bounds: -8..9,
            spent: 0,
            looked: HashSet::new(),
        };
        let found = search(&mut runs, &rules, &vec![0; 5]).unwrap();
        let off = (0..3).map(|k| (f64::from(found.best[k]) - optimum[k].round()).abs()).fold(0.0, f64::max);
        near += usize::from(off <= 1.0);
        tried += found.trials.len();
        spent += runs.spent as f64 / 1e5 / 2.0;
        excess.push(runs.depth(&found.best));
        verdicts.push(found.verdict);
    }
    excess.sort_by(f64::total_cmp);
    println!(
        "near {:.3} tried {:.1} spent {:.0} needs; excess mean {:.3} q50 {:.3} q90 {:.3} q99 {:.3} settled {}",
        near as f64 / n as f64,
        tried as f64 / n as f64,
        spent / n as f64,
        excess.iter().sum::<f64>() / n as f64,
        excess[n / 2],
        excess[n * 9 / 10],
        excess[n * 99 / 100],
        verdicts.iter().filter(|v| **v == crate::search::race::Verdict::Settled).count()
    );
}
