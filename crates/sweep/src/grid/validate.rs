//! What is impossible at one point of a grid, and which value made it so.

use scb_core::Weights;

use crate::axis::{self, AXES, written};
use crate::config::diagnostic::Diagnostic;
use crate::config::{Config, GridSpec};
use crate::grid::point::{Point, here};

/// The largest value of `Point::bytes` that is allowed.
const MAX_BYTES: f64 = 8e9;

/// Checks that `point` can be run; it is made of the elements `chosen` of the axes of `grid`.
///
/// # Errors
/// The first reason why not, at the value that made it so.
pub(crate) fn validate(grid: &GridSpec, config: &Config, chosen: &[usize], point: &Point) -> Result<(), Diagnostic> {
    let (n, q, t) = (point.whole(axis::N), point.whole(axis::Q), point.whole(axis::T));
    let here = || here(point);
    let complain = |index: usize, title: String, label: String, help: String| {
        let mut wrong = Diagnostic::new(title).help(help);
        let found = grid.axes.iter().zip(chosen).find(|(spec, _)| spec.axis == index);
        match found.and_then(|(spec, &at)| spec.elements[at].span.clone()) {
            Some(span) => wrong = wrong.at(span, label),
            None => wrong = wrong.at(grid.span.clone(), label),
        }
        Err(wrong)
    };
    for (i, axis) in AXES.iter().enumerate() {
        if let Some(complaint) = axis.complaint(point.values[i]) {
            let label = format!("gives {} {}", written(point.values[i]), here());
            let help = "change the expression, or drop such points with a `where`".to_owned();
            return complain(i, complaint, label, help);
        }
    }
    let (bytes, own) = (point.bytes(), point.own_bytes());
    // Made only where it is needed: a grid has a million points.
    let help =
        || format!("keep its memory below {:.0} GB: lower N or T, or drop such points with a `where`", MAX_BYTES / 1e9);
    if own > MAX_BYTES {
        let name = point.algorithm().name;
        let label =
            format!("{name} takes {own:.0} bytes ({:.0} GB) beyond the model and its gradient {}", own / 1e9, here());
        return complain(axis::T, format!("one job of `{name}` needs too much memory"), label, help());
    }
    if bytes > MAX_BYTES {
        let label = format!("its attention takes {:.0} GB {}", bytes / 1e9, here());
        return complain(axis::T, "one job of this size needs too much memory".to_owned(), label, help());
    }
    if q > t {
        let help = "drop such points with where = \"Q <= T\"".to_owned();
        return complain(axis::Q, format!("Q = {q} exceeds T = {t}"), "more positions than there are".to_owned(), help);
    }
    if q == t && config.shared.weights == Weights::Equal {
        let help = "drop such points with where = \"Q < T\", or draw the weights of q".to_owned();
        let label = "attends to every position equally, so there is nothing to learn".to_owned();
        return complain(axis::Q, format!("Q = T = {t} with equal weights"), label, help);
    }
    if let Some(matrix) = &config.shared.matrix {
        let rows = matrix.nrows();
        if rows != n {
            let help = format!("set N = {rows}, or remove task.matrix");
            return complain(axis::N, format!("N = {n}, but task.matrix has {rows} states"), here(), help);
        }
    }
    if point.transfers() && (point.values[axis::INIT_ALPHA_V], point.values[axis::INIT_ALPHA_A]) != (0.0, 0.0) {
        let help = "leave init_alpha_v and init_alpha_a at 0 where transfer is above 0".to_owned();
        let label = "a start is planted or transferred, not both".to_owned();
        return complain(axis::TRANSFER, "V cannot be planted and transferred".to_owned(), label, help);
    }
    if point.transfers() {
        let (length, theta) = (config.shared.pretraining.t as usize, point.values[axis::THETA]);
        if q > length || (q == length && config.shared.weights == Weights::Equal) {
            let label = format!("more positions than a source of length {length} has");
            let help = "raise pretraining.T, or drop such points with a `where`".to_owned();
            return complain(axis::Q, format!("Q = {q}, but pretraining.T = {length}"), label, help);
        }
        if n == 2 && theta.abs() < 1.0 {
            let label = "all chains of two states and one mu lie on a line".to_owned();
            let help = "use theta = 1 or -1, or N = 3 or more".to_owned();
            return complain(axis::THETA, format!("theta = {} at N = 2", written(theta)), label, help);
        }
    }
    let budget = point.values[axis::MAX_SAMPLES];
    for index in [axis::BATCH_SIZE, axis::BATCH_SIZE_SPARSE] {
        let batch = point.values[index];
        if batch > budget {
            let help = format!("raise training.max_samples or lower {}", AXES[index].name);
            let label = format!("{batch} samples a step, but a budget of {budget} {}", here());
            return complain(index, "the budget does not pay for one step".to_owned(), label, help);
        }
    }
    Ok(())
}
