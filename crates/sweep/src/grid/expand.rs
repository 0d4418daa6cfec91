//! From the values of the axes to the points of the grid.

use crate::axis::{self, AXES};
use crate::config::diagnostic::Diagnostic;
use crate::config::expression::significant;
use crate::config::{Config, Element, GridSpec, Quantity};
use crate::grid::point::{Point, here};
use crate::grid::validate::validate;

/// Calls `visit` with every point of every grid, those that a `where` drops left out; the last axis
/// varies fastest. Points may repeat.
///
/// # Errors
/// A grid with more than the stated number of jobs (found by counting, not by building), one whose
/// `where` drops everything, and points that are impossible.
pub fn expand(config: &Config, mut visit: impl FnMut(Point)) -> Result<(), Diagnostic> {
    expand_cells(config, |_, point| visit(point))
}

/// Where a point stands in a config: its grid, and for each axis of the grid which element it has.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// Index of the grid.
    pub grid: usize,
    /// For each axis of the grid the index of the element.
    pub chosen: Vec<usize>,
}

/// As [`expand`], with the place of every point.
///
/// # Errors
/// As [`expand`].
pub fn expand_cells(config: &Config, mut visit: impl FnMut(Place, Point)) -> Result<(), Diagnostic> {
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
    for index in 0..config.grids.len() {
        expand_one(index, config, &mut visit)?;
    }
    Ok(())
}

/// The point at a place if the value of each axis is multiplied by `factor` of the axis; `None` if
/// it cannot be run, or a `where` drops it.
#[must_use]
pub fn scaled_point(config: &Config, place: &Place, factor: &dyn Fn(usize) -> f64) -> Option<Point> {
    let grid = &config.grids[place.grid];
    let point = resolve(grid, &place.chosen, factor);
    let possible = wanted(grid, &point).is_ok_and(|wanted| wanted);
    (possible && validate(grid, config, &place.chosen, &point).is_ok()).then_some(point)
}

/// The value of an element at a point whose axes are known.
#[must_use]
pub fn element_value(element: &Element, point: &Point) -> f64 {
    match &element.value {
        Quantity::Number(number) => *number,
        Quantity::Expression(expression, _) => significant(expression.evaluate(&|name| value(point, name))),
    }
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

fn expand_one(index: usize, config: &Config, visit: &mut impl FnMut(Place, Point)) -> Result<(), Diagnostic> {
    let grid = &config.grids[index];
    let dimensions = dimensions(grid);
    let mut counter = vec![0; dimensions.len()];
    let mut chosen = vec![0; grid.axes.len()];
    let mut kept = 0u64;
    loop {
        for (dimension, &at) in dimensions.iter().zip(&counter) {
            dimension.iter().for_each(|&position| chosen[position] = at);
        }
        let point = resolve(grid, &chosen, &|_| 1.0);
        if wanted(grid, &point)? {
            validate(grid, config, &chosen, &point)?;
            kept += 1;
            visit(Place { grid: index, chosen: chosen.clone() }, point);
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

/// Whether every `where` holds. One that is no number is a mistake, unless another one drops the
/// point.
fn wanted(grid: &GridSpec, point: &Point) -> Result<bool, Diagnostic> {
    let mut unknown = None;
    for condition in &grid.conditions {
        let truth = condition.expression.evaluate(&|name| value(point, name));
        if truth == 0.0 {
            return Ok(false);
        }
        if truth.is_nan() {
            unknown = unknown.or(Some(condition));
        }
    }
    match unknown {
        None => Ok(true),
        Some(condition) => Err(Diagnostic::new("`where` compares with what is no number")
            .at(condition.span.clone(), format!("no number {}", here(point)))
            .help(
                "change the condition, or drop such points by another one: where = [\"T <= 40\", \"sqrt(40 - T) < 3\"]",
            )),
    }
}

fn value(point: &Point, name: &str) -> f64 {
    axis::index(name).map_or(f64::NAN, |i| point.values[i])
}

fn resolve(grid: &GridSpec, chosen: &[usize], factor: &dyn Fn(usize) -> f64) -> Point {
    let mut point = Point { values: [f64::NAN; AXES.len()] };
    for (spec, &at) in grid.axes.iter().zip(chosen) {
        let mut found = element_value(&spec.elements[at], &point);
        let factor = factor(spec.axis);
        if factor != 1.0 {
            found = significant(found * factor);
        }
        point.values[spec.axis] = AXES[spec.axis].rounded(found);
    }
    if !point.transfers() {
        // Without a transfer theta has no meaning. One value for all of these points gives them one
        // id.
        point.values[axis::THETA] = 1.0;
    }
    point
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::parse;
    use crate::grid::further_axes;

    fn points(text: &str) -> Vec<Point> {
        let config = parse("test", "test.toml", text.to_owned(), &[]).unwrap_or_else(|e| panic!("{}", e.render()));
        let mut points = Vec::new();
        expand(&config, |p| points.push(p)).unwrap_or_else(|e| panic!("{}", e.render()));
        points
    }

    fn values(points: &[Point], indices: &[usize]) -> Vec<Vec<f64>> {
        points.iter().map(|p| indices.iter().map(|&i| p.values[i]).collect()).collect()
    }

    const KEYS: [usize; 6] = [axis::N, axis::Q, axis::T, axis::BATCH_SIZE, axis::ETA_BOOST, axis::ETA_SPARSE];

    #[test]
    fn a_grid_is_its_nested_loops() {
        let text = r#"
            [grid]
            eta_boost = { lin = [0.1, 0.3], points = 3 }
            N = [3, 4]
            batch_size = ["T/4", 16, "min(T, N*Q)"]
            Q = 2
            T = { geom = [16, 64], points = 3 }
            eta_sparse = ["eta_boost/2", "eta_boost*batch_size/100"]
            where = "Q < N && (T > 16 || eta_boost < 0.25)"
        "#;
        let mut slow = Vec::new();
        for n in [3.0, 4.0] {
            for t in [16.0f64, 32.0, 64.0] {
                for eta in [0.1, 0.2, 0.3] {
                    for batch in [t / 4.0, 16.0, t.min(n * 2.0)] {
                        // As a person says it, not with what doubles make of 0.1 * 6 / 100.
                        for sparse in [eta / 2.0, (eta * batch * 1e6).round() / 1e8] {
                            if t > 16.0 || eta < 0.25 {
                                slow.push(vec![n, 2.0, t, batch, eta, sparse]);
                            }
                        }
                    }
                }
            }
        }
        assert_eq!(values(&points(text), &KEYS), slow);
    }

    const SIZES: &str = "replicates = 2\n[grid]\nN = 3\nQ = 1\nT = 64\n";

    #[test]
    fn values_that_differ_by_rounding_are_one() {
        let text = SIZES.to_owned()
            + "eta_boost = [0.1, 0.2, 0.3]\neta_sparse = [0.3, 0.6, 0.9]\nwhere = \"eta_boost == eta_sparse/3\"";
        let expected = vec![vec![0.1, 0.3], vec![0.2, 0.6], vec![0.3, 0.9]];
        assert_eq!(values(&points(&text), &[axis::ETA_BOOST, axis::ETA_SPARSE]), expected);
        let text = SIZES.to_owned() + "batch_size = [16, \"16 + 1e-9*T\"]\neta_boost = [0.1, \"0.3/3\", \"0.1 + 0*N\"]";
        let config = parse("test", "test.toml", text, &[]).unwrap();
        assert_eq!(crate::job::jobs(&config).unwrap().len(), 2, "one setting, two replicates");
        // At the edge of a range too.
        let text = SIZES.to_owned() + "cut = \"0.1 + 0.2 + 0.7\"\nkeep = \"0.8 + 0.2\"";
        assert_eq!(points(&text)[0].values[axis::index("cut").unwrap()], 1.0);
    }

    #[test]
    fn a_condition_that_drops_a_point_answers_for_the_others() {
        let sizes = "[grid]\nN = 3\nQ = 1\nT = [36, 64]\n";
        for list in ["[\"T <= 40\", \"sqrt(40 - T) < 3\"]", "[\"sqrt(40 - T) < 3\", \"T <= 40\"]"] {
            assert_eq!(values(&points(&format!("{sizes}where = {list}")), &[axis::T]), [[36.0]]);
        }
        let text = format!("{sizes}where = \"T > 40 || sqrt(40 - T) < 3\"");
        let config = parse("test", "test.toml", text, &[]).unwrap();
        let error = expand(&config, |_| {}).unwrap_err().render();
        assert!(error.contains("no number at N = 3, Q = 1, T = 64"), "{error}");
    }

    #[test]
    fn zipped_keys_advance_together_and_grids_add_up() {
        let text = r#"
            [[grid]]
            N = [3, 4, 5]
            Q = 1
            T = [32, 64]
            batch_size = [8, 16, 24]
            zip = ["N", "batch_size"]
            [[grid]]
            N = 9
            Q = 1
            T = 100
        "#;
        let expected = vec![
            vec![3.0, 32.0, 8.0],
            vec![3.0, 64.0, 8.0],
            vec![4.0, 32.0, 16.0],
            vec![4.0, 64.0, 16.0],
            vec![5.0, 32.0, 24.0],
            vec![5.0, 64.0, 24.0],
            vec![9.0, 100.0, 57.0],
        ];
        assert_eq!(values(&points(text), &[axis::N, axis::T, axis::BATCH_SIZE]), expected);
    }

    #[test]
    fn a_huge_grid_is_refused_by_counting() {
        let range = "{ lin = [1, 60000], points = 60000 }";
        let text =
            format!("[grid]\nN = 3\nQ = 1\nT = 100000\nlambda = {range}\nbatch_size = {range}\neta_boost = {range}");
        let config = parse("test", "test.toml", text, &[]).unwrap();
        let error = expand(&config, |_| panic!("a point was built")).unwrap_err();
        assert!(error.to_string().contains("3456000000000000 jobs"), "{error}");
    }

    /// What is measured at the end is called `alpha_v`, `alpha_a` and `steps`; the axes once were
    /// too.
    #[test]
    fn the_other_spelling_of_an_axis_is_taken_wherever_its_key_is() {
        const NOW: &str = "[[grid]]\nN = 3\nQ = 1\nT = 64\ninit_alpha_v = [0, 0.5]\ninit_alpha_a = [0, \"init_alpha_v / 2\"]\n\
                           zip = [\"init_alpha_v\", \"init_alpha_a\"]\nwhere = \"init_alpha_a < 1\"\n\
                           [training]\nmax_samples = \"4000 + min(init_alpha_a, 7)\"\nstep_scale = \"raw\"\n";
        let before = NOW.replace("init_alpha", "alpha").replace("step_scale", "steps");
        assert_ne!(before, NOW);
        let same = |text: &str, changes: &[&str], other: &str, other_changes: &[&str]| {
            let config = |text: &str, changes: &[&str]| {
                let changes: Vec<String> = changes.iter().map(|&c| c.to_owned()).collect();
                let config = parse("test", "x", text.to_owned(), &changes);
                crate::config::resolved::to_toml(&config.unwrap_or_else(|e| panic!("{}", e.render()))).unwrap()
            };
            assert_eq!(config(text, changes), config(other, other_changes));
        };
        same(&before, &[], NOW, &[]);
        let resolved = crate::config::resolved::to_toml(&parse("test", "x", before.clone(), &[]).unwrap()).unwrap();
        assert!(resolved.contains("min(init_alpha_a, 7)") && resolved.contains("init_alpha_v / 2"), "{resolved}");
        assert!(!resolved.contains("\nalpha_") && !resolved.contains("\nsteps") && !resolved.contains("\"alpha"));
        // On the command line either spelling replaces either.
        let now = ["init_alpha_v=0.1,0.2", "training.step_scale=normalised"];
        let old = ["alpha_v=0.1,0.2", "training.steps=normalised"];
        same(NOW, &now, NOW, &old);
        same(NOW, &now, &before, &now);
        same(NOW, &now, &before, &old);
        let short = "[grid]\nN = 3\nQ = 1\nT = 64\n[init]\nalpha_v = 0.5\nalpha_a = 0.25\n";
        same(short, &[], &short.replace("alpha", "init_alpha"), &[]);
        same(short, &["init.alpha_v=1"], short, &["init.init_alpha_v=1"]);
        // Also where a whole section is given there.
        same(short, &["init={ alpha_v = 1 }"], short, &["init={ init_alpha_v = 1 }"]);
        same(short, &["training={ steps = \"raw\" }"], short, &["training.step_scale=raw"]);
    }

    #[test]
    fn sections_and_overrides_set_axes() {
        let text = "[grid]\nN = 3\nQ = 1\nT = [32, 64]\n[task]\npersistence = 0.3\n[training]\nmax_samples = \"10*T\"";
        let overrides = ["T=16,T0", "T=16,128", "batch_size=T/4,5", "training.epsilon=0.1", "lambda=[0, 1]"];
        let config = parse("test", "x", text.to_owned(), &overrides.map(str::to_owned)).unwrap();
        let mut points = Vec::new();
        expand(&config, |p| points.push(p)).unwrap();
        assert_eq!(points.len(), 8);
        let last = &points[7].values;
        assert_eq!(
            (last[axis::T], last[axis::BATCH_SIZE], last[axis::LAMBDA], last[axis::MAX_SAMPLES]),
            (128.0, 5.0, 1.0, 1280.0)
        );
        assert_eq!((last[axis::EPSILON], last[axis::PERSISTENCE]), (0.1, 0.3));
        assert!(further_axes(&config).is_empty(), "a section names no column");
    }
}
