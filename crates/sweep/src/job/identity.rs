//! Which id a job has, and which random streams it draws from.
//!
//! # Identity
//! A job's id is the first 128 bits of a BLAKE3 hash of its canonical form: the last results version
//! that changed it, the seed, every setting that no axis varies, every axis with its value, and the
//! replicate, one `key=value` a line, numbers in the shortest form that reads back the same. Nothing
//! else about the sweep changes the id: not the other values of a grid, nor other grids, nor the
//! order of axes.
//!
//! # Streams
//! The *task* stream derives from what the task depends on only (seed, N, Q, T, how P and q are
//! drawn, replicate), so that all algorithms and hyperparameters meet the same task. The *data*
//! stream derives from the whole canonical form, with the results version 3: later versions keep the
//! streams. Tracing looks at a run without changing it, so it enters the id, but no stream.
//!
//! A parameter that was added after the first results is in the canonical form only if it differs
//! from its default, with which the results before were made. So these keep their ids. A condition
//! that may end a stage and was added later is in it only where it is set.
//!
//! # Pretraining
//! A run that V is transferred from has an id of its own. It is a hash of the task, the correlation
//! theta of the source, the settings of the pretraining, and the replicate. The stream of the
//! source derives from the task alone, so that sources at different theta mix the same two chains.

use std::collections::HashMap;
use std::fmt::Write;
use std::sync::Arc;

use blake3::Hasher;
use scb_core::Weights;
use scb_core::random::Seed;
use scb_core::train::{StageEnd, StepScale, StopAt};

use crate::axis::{self, AXES, DefaultValue};
use crate::config::{Config, Pretraining, Shared};
use crate::grid::Point;
use crate::job::id::JobId;
use crate::job::spec::{Job, step_scale};
use crate::job::version::{RESULTS_VERSIONS, results_version, results_version_of_pretraining};

/// Makes ids and seeds; holds what all jobs of a sweep share.
#[derive(Debug)]
pub struct Identity {
    /// Canonical form of what is shared by all jobs and decides the task.
    task: String,
    /// Canonical form of all that is shared by all jobs and decides the result, for either scale of
    /// the step sizes; for streams.
    shared: [String; 2],
    /// The hash of an id, begun with that form, for each of the results versions.
    start: [[Hasher; 2]; RESULTS_VERSIONS.len()],
    /// Canonical form of the pretraining's settings.
    pretraining: String,
    trace: bool,
}

/// The axes that a task depends on.
pub(crate) const TASK_AXES: [usize; 5] = [axis::N, axis::Q, axis::T, axis::PERSISTENCE, axis::CONCENTRATION];

impl Identity {
    /// The identity of the jobs of a sweep.
    #[must_use]
    pub fn new(config: &Config) -> Self {
        let Shared { weights, matrix, stop_at, signal, resolution, boost_end, sparse_end, pretraining } =
            &config.shared;
        let mut task = format!("seed={}\n", config.seed);
        let _ = match weights {
            Weights::Equal => writeln!(task, "weights=equal"),
            Weights::Dirichlet(concentration) => writeln!(task, "weights=dirichlet({concentration})"),
        };
        if let Some(matrix) = matrix {
            let _ = writeln!(task, "matrix={:?}", matrix.rows().into_iter().map(|r| r.to_vec()).collect::<Vec<_>>());
        }
        let stop_at = match stop_at {
            StopAt::Recovery => "recovery",
            StopAt::Budget => "budget",
        };
        let mut shared = format!("stop_at={stop_at}\nsignal={signal}\nresolution={resolution}\n");
        for (name, end) in [("boost", boost_end), ("sparse", sparse_end)] {
            let StageEnd { steps, share, alpha, kept_mass, clear_mass } = end;
            let shown = |value: &Option<f64>| value.map_or_else(|| "never".to_owned(), |v| v.to_string());
            let steps = steps.map_or_else(|| "never".to_owned(), |s| s.to_string());
            let _ = writeln!(shared, "{name}_end_steps={steps}\n{name}_end_share={}", shown(share));
            let _ = writeln!(shared, "{name}_end_alpha={}\n{name}_end_kept_mass={}", shown(alpha), shown(kept_mass));
            if let Some(mass) = clear_mass {
                let _ = writeln!(shared, "{name}_end_clear_mass={mass}");
            }
        }
        // The scale of the steps stands where it stood before an axis varied it.
        let of_version = |version: u32| {
            let before = format!("results_version={version}\n{task}");
            StepScale::NAMES.map(|scale| format!("{before}step_scale={scale}\n{shared}"))
        };
        let start = RESULTS_VERSIONS.map(|version| {
            of_version(version).map(|shared| {
                let mut start = Hasher::new_derive_key("scb-sweep job");
                start.update(shared.as_bytes());
                start
            })
        });
        let shared = of_version(RESULTS_VERSIONS[0]);
        let Pretraining { t, batch_size, eta, lambda, max_samples } = pretraining;
        let pretraining = format!(
            "pretraining_T={t}\npretraining_batch_size={batch_size}\npretraining_eta={eta}\npretraining_lambda={lambda}\n\
             pretraining_max_samples={max_samples}\n"
        );
        Self { task, shared, start, pretraining, trace: config.trace }
    }

    /// Canonical form of a point, without the replicate, for streams.
    fn canonical(&self, point: &Point) -> String {
        let mut text = self.shared[step_scale(point)].clone();
        (0..AXES.len()).for_each(|i| line(&mut text, point, i));
        if point.transfers() {
            text += &self.pretraining;
        }
        text
    }

    /// The job of a point and replicate, all of it.
    #[must_use]
    pub fn job(&self, point: Arc<Point>, replicate: u32) -> Job {
        let id = self.of_point(&point, &mut CanonicalLines::new()).id(replicate);
        Job { id, point, replicate, cap: None }
    }

    pub(super) fn of_point(&self, point: &Point, lines: &mut CanonicalLines) -> PointIdentity {
        let mut id = self.start[results_version(point)][step_scale(point)].clone();
        id.update(lines.of(point));
        if point.transfers() {
            id.update(self.pretraining.as_bytes());
        }
        if self.trace {
            id.update(b"trace=true\n");
        }
        PointIdentity { id }
    }

    /// The seed of a job's data stream.
    #[must_use]
    pub fn data_seed(&self, job: &Job) -> Seed {
        hash("scb-sweep data stream", &self.canonical(&job.point), job.replicate)
    }

    /// The seed of the stream that a dataset of a job's task is drawn with. It depends on the task
    /// alone, and no run draws with it.
    #[must_use]
    pub fn dataset_seed(&self, job: &Job) -> Seed {
        hash("scb-sweep dataset stream", &self.canonical_task(job), job.replicate)
    }

    /// The seed of a job's task stream.
    #[must_use]
    pub fn task_seed(&self, job: &Job) -> Seed {
        hash("scb-sweep task stream", &self.canonical_task(job), job.replicate)
    }

    fn canonical_task(&self, job: &Job) -> String {
        let mut text = self.task.clone();
        for i in TASK_AXES {
            line(&mut text, &job.point, i);
        }
        text
    }

    /// The seed of the stream that the source of a job's pretraining is drawn from.
    #[must_use]
    pub fn source_seed(&self, job: &Job) -> Seed {
        hash("scb-sweep source stream", &self.canonical_task(job), job.replicate)
    }

    /// The id of a job's pretraining, which is the seed of its data stream too.
    #[must_use]
    pub fn pretraining_id(&self, job: &Job) -> JobId {
        let theta = job.point.values[axis::THETA];
        let text = format!(
            "results_version={}\n{}theta={theta}\n{}",
            RESULTS_VERSIONS[results_version_of_pretraining(&job.point)],
            self.canonical_task(job),
            self.pretraining
        );
        JobId(hash("scb-sweep pretraining", &text, job.replicate))
    }
}

/// The lines of the axes in a canonical form. They are kept from point to point: a grid has few
/// values of each axis, and writing numbers would take most of the time of a plan.
pub(super) struct CanonicalLines {
    /// For each axis, its values so far by their bits, and their lines.
    of_axes: [HashMap<u64, String>; AXES.len()],
    text: String,
}

impl CanonicalLines {
    /// Values of one axis that are kept. An axis by expressions may have more.
    const KEPT: usize = 4096;

    pub(super) fn new() -> Self {
        Self { of_axes: std::array::from_fn(|_| HashMap::new()), text: String::new() }
    }

    /// What [`Identity::canonical`] says of the point's axes.
    fn of(&mut self, point: &Point) -> &[u8] {
        self.text.clear();
        for (i, known) in self.of_axes.iter_mut().enumerate() {
            if known.len() >= Self::KEPT {
                known.clear();
            }
            // The default of a setting of a stage is another setting, and is not written.
            if matches!(AXES[i].default, Some(DefaultValue::Of(_))) && is_default(point, i) {
                continue;
            }
            self.text.push_str(known.entry(point.values[i].to_bits()).or_insert_with(|| {
                let mut text = String::new();
                line(&mut text, point, i);
                text
            }));
        }
        self.text.as_bytes()
    }
}

pub(super) struct PointIdentity {
    id: Hasher,
}

impl PointIdentity {
    pub(super) fn id(&self, replicate: u32) -> JobId {
        let mut hasher = self.id.clone();
        hasher.update(format!("replicate={replicate}\n").as_bytes());
        JobId(first_128_bits(&hasher))
    }
}

fn line(text: &mut String, point: &Point, index: usize) {
    // The scale of the steps is in what all jobs share.
    if index == axis::STEP_SCALE || (index >= axis::FIRST_LATER && is_default(point, index)) {
        return;
    }
    let axis = &AXES[index];
    let _ = writeln!(text, "{}={}", axis.name, axis.canonical(point.values[index]));
}

/// Whether an axis has its default value at a point.
fn is_default(point: &Point, index: usize) -> bool {
    let value = point.values[index];
    match AXES[index].default {
        Some(DefaultValue::Text(default)) => AXES[index].canonical(value) == default,
        Some(DefaultValue::Number(default)) => value == default,
        Some(DefaultValue::Of(other)) => axis::index(other).is_some_and(|other| value == point.values[other]),
        None => false,
    }
}

fn hash(purpose: &str, text: &str, replicate: u32) -> Seed {
    let mut hasher = Hasher::new_derive_key(purpose);
    hasher.update(text.as_bytes());
    hasher.update(format!("replicate={replicate}\n").as_bytes());
    first_128_bits(&hasher)
}

fn first_128_bits(hasher: &Hasher) -> [u8; 16] {
    let mut half = [0; 16];
    half.copy_from_slice(&hasher.finalize().as_bytes()[..16]);
    half
}

#[cfg(test)]
pub(super) mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::config::parse;
    use crate::config::resolved::to_toml;
    use crate::job::jobs;

    pub(in crate::job) const GRID: &str = "seed = 7\nreplicates = 2\n[grid]\nN = 3\nQ = [1, 2]\nT = 64\nbatch_size = 16\neta_boost = 0.1\n[training]\n\
         boost = { end_alpha = 0.5, end_share = 0.5 }\n";

    pub(in crate::job) fn config(text: &str, overrides: &[&str]) -> Config {
        let overrides: Vec<String> = overrides.iter().map(|&o| o.to_owned()).collect();
        parse("test", "test.toml", text.to_owned(), &overrides).unwrap_or_else(|e| panic!("{}", e.render()))
    }

    fn ids(overrides: &[&str]) -> Vec<String> {
        jobs(&config(GRID, overrides)).unwrap().iter().map(|job| job.id.to_string()).collect()
    }

    /// Worked out from the canonical form, written by hand, with BLAKE3 in another language.
    #[test]
    fn ids_and_streams_are_pinned_by_value() {
        let config = config(GRID, &[]);
        let jobs = jobs(&config).unwrap();
        let identity = Identity::new(&config);
        let hex = |seed: Seed| JobId(seed).to_string();
        assert_eq!(jobs[3].id.to_string(), "a103978e4e042c702cc5bffb7326653c");
        assert_eq!(hex(identity.task_seed(&jobs[3])), "879b44bb9eabaad3f708bf936c320b81");
        assert_eq!(hex(identity.data_seed(&jobs[3])), "4bd300453ff6891f3c89e492a4fa9c10");
    }

    /// Version 4 changed more than 16 states, and some algorithms. It enters ids, and no stream.
    #[test]
    fn a_job_has_the_last_version_that_changed_it() {
        for (overrides, version, of_pretraining) in [
            (&["N=16"][..], 3, 3),
            (&["N=17"], 4, 4),
            (&["algorithm=sgd"], 3, 3),
            (&["algorithm=adam"], 3, 3),
            (&["algorithm=softmax"], 4, 3),
            (&["algorithm=softmax_adam"], 4, 3),
            (&["algorithm=moment"], 4, 3),
            (&["algorithm=population"], 4, 3),
        ] {
            let config = config(GRID, overrides);
            let identity = Identity::new(&config);
            for job in jobs(&config).unwrap() {
                let text = identity.canonical(&job.point);
                assert!(text.starts_with("results_version=3\nseed=7\n"));
                assert_eq!(identity.data_seed(&job), hash("scb-sweep data stream", &text, job.replicate));
                let text = text.replacen('3', &version.to_string(), 1);
                assert_eq!(job.id.0, hash("scb-sweep job", &text, job.replicate), "{overrides:?}");
                assert_eq!(RESULTS_VERSIONS[results_version_of_pretraining(&job.point)], of_pretraining);
            }
        }
    }

    #[test]
    fn values_added_to_a_grid_leave_other_ids_alone() {
        let before = ids(&[]);
        let after = ids(&["Q=1,2,3", "batch_size=8,16", "replicates=5"]);
        assert_eq!(after.len(), 30);
        assert!(before.iter().all(|id| after.contains(id)));
        // What changes results changes every id.
        let others = ["seed=8", "eta_boost=0.2", "training.signal=0.3", "training.epsilon=0.1", "trace.enabled=true"];
        let later = ["training.step_scale=raw", "flip=2", "attention_step=2", "transfer=1", "batch_size_sparse=32"];
        let of_stages = ["eta_round=0.1", "attention_step_sparse=2", "training.lambda_boost=0.01"];
        for other in others.into_iter().chain(later).chain(of_stages) {
            assert!(ids(&[other]).iter().all(|id| !before.contains(id)), "{other}");
        }
        // A default written out, an expression with the same value and another order change
        // nothing.
        assert_eq!(ids(&["lambda=0.003", "batch_size=T/4", "max_jobs=1000"]), before);
        // Nor do settings of a pretraining that nobody needs; one that somebody needs counts.
        assert_eq!(ids(&["pretraining.T=32", "init.transfer=0", "theta=0.5", "flip=0"]), before);
        // A setting of a stage that is that of the others adds nothing.
        let same = ["batch_size_sparse=16", "eta_round=0.05", "training.attention_step_sparse=1", "lambda_boost=0"];
        assert_eq!(ids(&same), before);
        let mixed = ids(&["batch_size_sparse=16,32"]);
        assert_eq!(mixed.len(), 2 * before.len());
        assert!(before.iter().all(|id| mixed.contains(id)));
        assert_ne!(ids(&["transfer=1", "pretraining.T=32"]), ids(&["transfer=1"]));
        assert_ne!(ids(&["transfer=1", "theta=0.5"]), ids(&["transfer=1"]));
    }

    #[test]
    fn a_later_condition_of_a_stage_is_in_the_id_where_it_is_set() {
        let oracle = "training.boost={end_alpha=0.5,end_share=0.5}";
        assert_eq!(ids(&[oracle]), ids(&[]));
        assert_eq!(ids(&["training.boost={end_alpha=0.5,end_share=0.5,end_clear_mass=false}"]), ids(&[]));
        let stages =
            ["training.boost={end_alpha=0.5,end_share=0.5,end_clear_mass=0.5}", "training.sparse.end_clear_mass=0.5"];
        let set = stages.map(|stage| ids(&[stage]));
        assert!(set[0] != ids(&[]) && set[1] != ids(&[]) && set[0] != set[1]);
    }

    #[test]
    fn repeated_points_are_one_job() {
        assert_eq!(ids(&["batch_size=16,T/4,min(T,16)"]), ids(&[]));
    }

    #[test]
    fn algorithms_and_hyperparameters_meet_the_same_task_and_other_data() {
        let config = config(GRID, &["algorithm=prox,sgd", "eta_boost=0.1,0.2", "Q=2"]);
        let jobs = jobs(&config).unwrap();
        let identity = Identity::new(&config);
        let first: Vec<&Job> = jobs.iter().filter(|job| job.replicate == 0).collect();
        assert_eq!(first.len(), 4);
        for pair in first.windows(2) {
            assert_eq!(identity.task_seed(pair[0]), identity.task_seed(pair[1]));
            assert_ne!(identity.data_seed(pair[0]), identity.data_seed(pair[1]));
        }
        assert_ne!(identity.task_seed(&jobs[0]), identity.task_seed(&jobs[1]), "replicates differ in task");
    }

    #[test]
    fn a_pretraining_is_shared_by_all_jobs_that_can_use_it() {
        let overrides = ["transfer=0.5,1", "theta=0,0.5", "eta_boost=0.1,0.2", "Q=2", "replicates=1"];
        let config = config(GRID, &overrides);
        let (jobs, identity) = (jobs(&config).unwrap(), Identity::new(&config));
        assert_eq!(jobs.len(), 8);
        let ids: HashSet<JobId> = jobs.iter().map(|job| identity.pretraining_id(job)).collect();
        assert_eq!(ids.len(), 2, "one for each theta");
        assert!(jobs.iter().all(|job| identity.source_seed(job) == identity.source_seed(&jobs[0])));
    }

    #[test]
    fn tracing_changes_ids_but_no_stream() {
        let (plain, traced) = (config(GRID, &[]), config(GRID, &["trace.enabled=true"]));
        let (a, b) = (jobs(&plain).unwrap(), jobs(&traced).unwrap());
        assert_ne!(a[0].id, b[0].id);
        assert_eq!(Identity::new(&plain).data_seed(&a[0]), Identity::new(&traced).data_seed(&b[0]));
    }

    #[test]
    fn the_resolved_config_gives_the_same_jobs_and_resolves_to_itself() {
        let overrides = [
            "batch_size=T/4,16",
            "persistence=0.1,0.9",
            "task.weights={ dirichlet = 0.7 }",
            "training.boost.end_kept_mass=0.4",
            "training.step_scale=raw",
            "training.max_samples=10*T",
            "algorithm=prox,population",
            "where=batch_size < 20",
            "zip=[\"Q\", \"batch_size\"]",
        ];
        let config = config(GRID, &overrides);
        let text = to_toml(&config).unwrap();
        let again = parse("config", "config.toml", text.clone(), &[]).unwrap_or_else(|e| panic!("{}", e.render()));
        let ids = |config: &Config| jobs(config).unwrap().iter().map(|job| job.id).collect::<Vec<_>>();
        assert_eq!(ids(&config), ids(&again));
        assert_eq!(to_toml(&again).unwrap(), text);
        assert_eq!(again.name, "test");
        // One grid lists what the other leaves to its default.
        let two = "[[grid]]\nN = 3\nQ = 1\nT = 64\nepsilon = [0.1, 0.2]\n[[grid]]\nN = 4\nQ = 1\nT = 64\n";
        let config = self::config(two, &[]);
        let again = parse("config", "config.toml", to_toml(&config).unwrap(), &[]).unwrap();
        assert_eq!(ids(&config), ids(&again));
    }
}
