//! The arrays of a task, of a run and of samples.

use std::io;

use ndarray::{Array0, Array1, Array2, arr0};
use report::TracePoint;
use scb_core::data::{Batches, Samples};
use scb_core::learn::{Stage, mean_gradient};
use scb_core::model::Model;
use scb_core::random::stream;
use scb_core::{Linear, Task, TrainError};

use crate::execution::training::Replayed;
use crate::export::npz::Npz;

/// P, mu and the attention patterns.
///
/// # Errors
/// When an array cannot be written down.
pub fn task(npz: Npz, task: &Task) -> io::Result<Npz> {
    let (n, q) = (task.n(), task.patterns().first().map_or(0, |pattern| pattern.positions.len()));
    let patterns = task.patterns();
    let positions = Array2::from_shape_fn((n, q), |(k, i)| patterns[k].positions[i] as i64);
    let weights = Array2::from_shape_fn((n, q), |(k, i)| patterns[k].weights[i]);
    npz.with("P", task.transition())?
        .with("mu", task.stationary())?
        .with("positions", &positions)?
        .with("weights", &weights)
}

/// What a run started from, what it learned, and how it went.
///
/// # Errors
/// When an array cannot be written down.
pub fn run(npz: Npz, run: &Replayed) -> io::Result<Npz> {
    let milestones = run.outcome.milestones;
    let reached = |samples: Option<u64>| arr0(samples.map_or(f64::NAN, |samples| samples as f64));
    let stages = [Stage::Boost, Stage::Sparse, Stage::Round];
    let stage = |point: &TracePoint| stages.iter().position(|stage| stage.name() == point.stage).unwrap_or(0) as u8;
    let traced =
        |name: &str| -> Array1<f64> { run.points.iter().map(|point| point.value(name).unwrap_or(f64::NAN)).collect() };
    let (start, end) = (&run.start, &run.outcome.model);
    npz.with("V_start", &*start.value)?
        .with("A_start", &attention(start, &run.task))?
        .with("V", &*end.value)?
        .with("A", &attention(end, &run.task))?
        .with("samples_to_signal", &reached(milestones.signal))?
        .with("samples_to_support", &reached(milestones.support))?
        .with("samples_to_recovery", &reached(milestones.recovery))?
        .with("trace_samples", &run.points.iter().map(|point| point.samples).collect::<Array1<i64>>())?
        .with("trace_stage", &run.points.iter().map(stage).collect::<Array1<u8>>())?
        .with("trace_alpha_v", &traced("alpha_v"))?
        .with("trace_alpha_a", &traced("alpha_a"))?
        .with("trace_loss", &traced("loss"))
}

/// A of shape `(T, N)`.
fn attention(model: &Model<'_>, task: &Task) -> Array2<f32> {
    model.attention.entries(task).t().as_standard_layout().into_owned()
}

/// Samples of a task.
///
/// # Errors
/// When an array cannot be written down.
pub fn samples(npz: Npz, samples: &Samples) -> io::Result<Npz> {
    let Samples { tokens, queries, outputs } = samples;
    npz.with("tokens", tokens)?.with("queries", queries)?.with("outputs", outputs)
}

/// Samples that are drawn with the stream of a run, and their loss and gradients at its first and its
/// last model.
///
/// # Errors
/// When no batch can be drawn, or an array cannot be written down.
pub fn batch(npz: Npz, run: &Replayed, size: usize) -> io::Result<Npz> {
    let drawn = Samples::draw(&run.task, size, stream(run.data_seed)).map_err(io::Error::other)?;
    let mut npz = samples(npz, &drawn)?;
    for (model, names) in [
        (&run.start, ["batch_loss_start", "gradient_V_start", "gradient_A_start"]),
        (&run.outcome.model, ["batch_loss", "gradient_V", "gradient_A"]),
    ] {
        let (loss, value, of_attention) =
            loss_and_gradients(run, &drawn, &model.to_linear(&run.task)).map_err(io::Error::other)?;
        npz = npz.with(names[0], &loss)?.with(names[1], &value)?.with(names[2], &of_attention)?;
    }
    Ok(npz)
}

type LossAndGradients = (Array0<f64>, Array2<f64>, Array2<f32>);

/// The loss of samples at a model and its gradients: those by the kernels that runs use.
fn loss_and_gradients(run: &Replayed, drawn: &Samples, model: &Linear) -> Result<LossAndGradients, TrainError> {
    let (n, t) = model.attention.dim();
    let finite = model.value.iter().all(|v| v.is_finite()) && model.attention.iter().all(|a| a.is_finite());
    if !finite {
        return Ok((arr0(f64::NAN), Array2::from_elem((n, n), f64::NAN), Array2::from_elem((t, n), f32::NAN)));
    }
    let mut batches = Batches::new(&run.task, drawn.queries.len(), stream(run.data_seed))?;
    let gradient = mean_gradient(&mut batches, model);
    let of_attention = gradient.attention.t().as_standard_layout().into_owned();
    Ok((arr0(drawn.loss(model)), gradient.value, of_attention))
}
