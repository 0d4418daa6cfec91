//! One job: its parameters, and what they mean for the task and for the training.

use std::fmt::Write;
use std::sync::Arc;

use scb_core::learn::{PARAMETERS, ParameterValues};
use scb_core::train::{StageEnd, Start, StepScale, TrainSpec};
use scb_core::{Chain, TaskSpec};

use crate::axis::{self, AXES};
use crate::config::Shared;
use crate::grid::Point;
use crate::job::id::JobId;

/// One run at one point of the grid.
#[derive(Debug, Clone)]
pub struct Job {
    /// Its id.
    pub id: JobId,
    /// Its parameters, which replicates share.
    pub point: Arc<Point>,
    /// Which replicate, from 0.
    pub replicate: u32,
    /// How many samples of it are looked at; `None` for all. It is no part of its identity: what is
    /// seen is the beginning of the whole run.
    pub cap: Option<u64>,
}

impl Job {
    /// What its task is drawn from.
    #[must_use]
    pub fn task_spec(&self, shared: &Shared) -> TaskSpec {
        let values = &self.point.values;
        TaskSpec {
            n: self.point.whole(axis::N),
            q: self.point.whole(axis::Q),
            t: self.point.whole(axis::T),
            chain: match &shared.matrix {
                Some(matrix) => Chain::Given(matrix.clone()),
                None => Chain::Mixture {
                    persistence: values[axis::PERSISTENCE],
                    concentration: values[axis::CONCENTRATION],
                },
            },
            weights: shared.weights,
        }
    }

    /// How it is trained. If a V is transferred to it, the caller puts that in the place of the
    /// start.
    #[must_use]
    pub fn train_spec(&self, shared: &Shared) -> TrainSpec {
        let values = &self.point.values;
        let mut parameters = ParameterValues::defaults();
        for parameter in &PARAMETERS {
            if let Some(i) = axis::index(parameter.name) {
                parameters.set(parameter, values[i]);
            }
        }
        TrainSpec {
            algorithm: self.point.algorithm(),
            batch_size: self.point.whole(axis::BATCH_SIZE),
            batch_size_sparse: Some(self.point.whole(axis::BATCH_SIZE_SPARSE)),
            eta_boost: values[axis::ETA_BOOST],
            eta_sparse: values[axis::ETA_SPARSE],
            eta_round: Some(values[axis::ETA_ROUND]),
            lambda: values[axis::LAMBDA],
            lambda_boost: values[axis::LAMBDA_BOOST],
            steps: StepScale::ALL[step_scale(&self.point)],
            attention_step: values[axis::ATTENTION_STEP],
            attention_step_sparse: Some(values[axis::ATTENTION_STEP_SPARSE]),
            start: Start::Planted { alpha_v: values[axis::INIT_ALPHA_V], alpha_a: values[axis::INIT_ALPHA_A] },
            parameters,
            max_samples: values[axis::MAX_SAMPLES] as u64,
            cap: self.cap,
            // With a transferred V the boosting stage is left out.
            boost_end: if self.point.transfers() {
                StageEnd { steps: Some(0), ..StageEnd::default() }
            } else {
                shared.boost_end
            },
            sparse_end: shared.sparse_end,
            keep: values[axis::KEEP],
            signal: shared.signal,
            epsilon: values[axis::EPSILON],
            resolution: shared.resolution,
            stop_at: shared.stop_at,
        }
    }

    /// Its parameters in one line, for people.
    #[must_use]
    pub fn described(&self, further: &[usize]) -> String {
        let mut text = String::new();
        for (i, axis) in AXES.iter().enumerate() {
            if axis.fixed_column || further.contains(&i) {
                let _ = write!(text, "{}={} ", axis.name, axis.written(self.point.values[i]));
            }
        }
        let _ = write!(text, "replicate={}", self.replicate);
        text
    }
}

/// Index in [`StepScale::ALL`] of the scale of the step sizes at a point.
pub(super) fn step_scale(point: &Point) -> usize {
    point.whole(axis::STEP_SCALE)
}

#[cfg(test)]
mod tests {
    use scb_core::Weights;
    use scb_core::train::{StepScale, StopAt};

    use super::*;
    use crate::job::identity::tests::{GRID, config};
    use crate::job::jobs;

    /// The same settings written out by hand: a parameter that went to the wrong place would
    /// differ.
    #[test]
    fn every_parameter_goes_where_it_belongs() {
        let overrides = [
            "N=5",
            "Q=3",
            "T=70",
            "batch_size=7",
            "eta_boost=0.11",
            "eta_sparse=0.12",
            "lambda=0.13",
            "algorithm=sgd",
            "persistence=0.14",
            "concentration=0.15",
            "init_alpha_v=0.16",
            "init_alpha_a=0.17",
            "epsilon=0.18",
            "cut=0.19",
            "keep=0.21",
            "max_samples=2200",
            "training.signal=0.23",
            "training.resolution=0.24",
            "training.step_scale=raw",
            "attention_step=0.28",
            "batch_size_sparse=9",
            "attention_step_sparse=0.29",
            "eta_round=0.31",
            "lambda_boost=0.32",
            "flip=2.9",
            "training.stop_at=budget",
            "training.boost.end_steps=25",
            "training.boost.end_share=0.26",
            "training.boost.end_alpha=false",
            "training.sparse.end_kept_mass=0.27",
            "task.weights={ dirichlet = 2.8 }",
        ];
        let config = config(GRID, &overrides);
        let job = &jobs(&config).unwrap()[1];
        let task = job.task_spec(&config.shared);
        let chain = Chain::Mixture { persistence: 0.14, concentration: 0.15 };
        assert_eq!(task, TaskSpec { n: 5, q: 3, t: 70, chain, weights: Weights::Dirichlet(2.8) });
        let spec = job.train_spec(&config.shared);
        assert_eq!(spec.algorithm.name, "sgd");
        let whole = (spec.batch_size, spec.max_samples, spec.steps, spec.stop_at, job.replicate);
        assert_eq!(whole, (7, 2200, StepScale::Raw, StopAt::Budget, 1));
        let real = [spec.eta_boost, spec.eta_sparse, spec.lambda, spec.attention_step];
        assert_eq!(real, [0.11, 0.12, 0.13, 0.28]);
        let of_stages = (spec.batch_size_sparse, spec.attention_step_sparse, spec.eta_round, spec.lambda_boost);
        assert_eq!(of_stages, (Some(9), Some(0.29), Some(0.31), 0.32));
        assert_eq!(spec.start, Start::Planted { alpha_v: 0.16, alpha_a: 0.17 });
        let own = |name: &str| spec.parameters.get(PARAMETERS.iter().find(|p| p.name == name).unwrap());
        assert_eq!(own("flip"), 2.9);
        let real = [spec.epsilon, own("cut"), spec.keep, spec.signal, spec.resolution];
        assert_eq!(real, [0.18, 0.19, 0.21, 0.23, 0.24]);
        let boost = StageEnd { steps: Some(25), share: Some(0.26), alpha: None, ..StageEnd::default() };
        let sparse = StageEnd { kept_mass: Some(0.27), ..StageEnd::default() };
        assert_eq!((spec.boost_end, spec.sparse_end), (boost, sparse));
    }
}
