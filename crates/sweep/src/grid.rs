//! From the values of the axes to the points of the grid.

use scb_core::Weights;

use crate::axis::{self, AXES};
use crate::config::{Config, GridSpec, Quantity};
use crate::diagnostic::Diagnostic;

/// The value of every axis, by its index in [`AXES`].
#[derive(Debug, Clone, PartialEq)]
pub struct Point {
    /// The values.
    pub values: [f64; AXES.len()],
}

impl Point {
    /// The value of an axis that holds whole numbers.
    #[must_use]
    pub fn whole(&self, index: usize) -> usize {
        self.values[index] as usize
    }
}

/// The axes beyond the fixed columns that some grid names, in the order of [`AXES`].
#[must_use]
pub fn further_axes(config: &Config) -> Vec<usize> {
    let named = |i: usize| config.grids.iter().any(|g| g.axes.iter().any(|a| a.axis == i && a.listed));
    (0..AXES.len()).filter(|&i| !AXES[i].fixed_column && named(i)).collect()
}

/// Calls `visit` with every point of every grid, those that a `where` drops left out; the last axis
/// varies fastest. Points may repeat.
///
/// # Errors
/// A grid with more than the stated number of jobs (found by counting, not by building), one whose `where`
/// drops everything, and points that are impossible.
pub fn expand(config: &Config, mut visit: impl FnMut(Point)) -> Result<(), Diagnostic> {
    let total = config.grids.iter().map(size).fold(0u128, u128::saturating_add);
    let jobs = total.saturating_mul(u128::from(config.replicates));
    if jobs > u128::from(config.max_jobs) {
        let largest = config.grids.iter().max_by_key(|g| size(g));
        let mut wrong =
            Diagnostic::new(format!("this sweep has {jobs} jobs before `where`, more than {}", config.max_jobs))
                .help("use fewer values or replicates, or raise max_jobs at the top of the file");
        if let Some(grid) = largest {
            let counts: Vec<String> = grid
                .axes
                .iter()
                .filter(|a| a.listed)
                .map(|a| format!("{} {}", a.elements.len(), AXES[a.axis].name))
                .collect();
            wrong = wrong.at(grid.span.clone(), format!("{} x {} replicates", counts.join(" x "), config.replicates));
        }
        return Err(wrong);
    }
    for grid in &config.grids {
        expand_one(grid, config, &mut visit)?;
    }
    Ok(())
}

/// Axes that advance together, as indices into the grid's axes.
fn dimensions(grid: &GridSpec) -> Vec<Vec<usize>> {
    let mut dimensions: Vec<Vec<usize>> = Vec::new();
    for position in 0..grid.axes.len() {
        match grid.zips.iter().find(|zip| zip.contains(&position)) {
            None => dimensions.push(vec![position]),
            Some(zip) if dimensions.contains(zip) => {}
            Some(zip) => dimensions.push(zip.clone()),
        }
    }
    dimensions
}

fn size(grid: &GridSpec) -> u128 {
    let lengths = dimensions(grid).into_iter().map(|d| grid.axes[d[0]].elements.len() as u128);
    lengths.fold(1, u128::saturating_mul)
}

fn expand_one(grid: &GridSpec, config: &Config, visit: &mut impl FnMut(Point)) -> Result<(), Diagnostic> {
    let dimensions = dimensions(grid);
    let mut counter = vec![0; dimensions.len()];
    let mut chosen = vec![0; grid.axes.len()];
    let mut kept = 0u64;
    loop {
        for (dimension, &at) in dimensions.iter().zip(&counter) {
            dimension.iter().for_each(|&position| chosen[position] = at);
        }
        let point = resolve(grid, &chosen);
        let wanted = grid.conditions.iter().all(|c| c.expression.evaluate(&|name| value(&point, name)) != 0.0);
        if wanted {
            check(grid, config, &chosen, &point)?;
            kept += 1;
            visit(point);
        }
        // The odometer, last dimension first.
        let Some(wheel) =
            (0..counter.len()).rev().find(|&i| counter[i] + 1 < grid.axes[dimensions[i][0]].elements.len())
        else {
            break;
        };
        counter[wheel] += 1;
        counter[wheel + 1..].fill(0);
    }
    match grid.conditions.first() {
        Some(condition) if kept == 0 => Err(Diagnostic::new("no point of this grid satisfies its `where`")
            .at(condition.span.clone(), "drops everything")
            .help("loosen the condition, or add values that satisfy it")),
        _ => Ok(()),
    }
}

fn value(point: &Point, name: &str) -> f64 {
    axis::index(name).map_or(f64::NAN, |i| point.values[i])
}

fn resolve(grid: &GridSpec, chosen: &[usize]) -> Point {
    let mut point = Point { values: [f64::NAN; AXES.len()] };
    for (spec, &at) in grid.axes.iter().zip(chosen) {
        let found = match &spec.elements[at].value {
            Quantity::Number(number) => *number,
            Quantity::Expression(expression, _) => expression.evaluate(&|name| value(&point, name)),
        };
        point.values[spec.axis] = AXES[spec.axis].rounded(found);
    }
    point
}

fn check(grid: &GridSpec, config: &Config, chosen: &[usize], point: &Point) -> Result<(), Diagnostic> {
    let (n, q, t) = (point.whole(axis::N), point.whole(axis::Q), point.whole(axis::T));
    let here = format!("at N = {n}, Q = {q}, T = {t}");
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
            let label = format!("gives {} {here}", point.values[i]);
            let help = "change the expression, or drop such points with a `where`".to_owned();
            return complain(i, complaint, label, help);
        }
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
            return complain(axis::N, format!("N = {n}, but task.matrix has {rows} states"), here, help);
        }
    }
    let (batch, budget) = (point.values[axis::BATCH_SIZE], point.values[axis::MAX_SAMPLES]);
    if batch > budget {
        let help = "raise training.max_samples or lower batch_size".to_owned();
        let label = format!("{batch} samples a step, but a budget of {budget} {here}");
        return complain(axis::BATCH_SIZE, "the budget does not pay for one step".to_owned(), label, help);
    }
    Ok(())
}
