//! How much worse the neighbours of the best settings are: needed samples relative to those of the
//! best setting of the cell against the value of one searched key relative to its best value, for
//! the settings that differ in this key only.

use std::collections::BTreeSet;

use plotters::style::RGBColor;

use super::colour::{GREY, sequential};
use super::panels::{Axis, Drawn, Entry, Mark, Panel, Panels};
use super::picture::{Figure, left_out};
use crate::analysis::{Group, SearchedCell, TriedSetting, percent, thinned};

/// At most so many (N, Q) have a figure, the smallest and the largest among them.
const FIGURES: usize = 3;
const CURVES: usize = 7;
/// Steps of the lattice from the best value. What lies beyond is the way of a search that starts
/// far off.
const FARTHEST: i32 = 3;

/// The figures of one group; none if grids were swept.
pub(super) fn all(group: &Group<'_>, quantile: f64) -> Vec<Figure> {
    let cells: Vec<&SearchedCell> =
        group.searched().into_iter().filter(|cell| cell.best().is_some_and(|best| best.needed > Some(0))).collect();
    let pairs: Vec<(i64, i64)> =
        cells.iter().map(|cell| (cell.n, cell.q)).collect::<BTreeSet<_>>().into_iter().collect();
    let shown = thinned((0..pairs.len() as i64).collect(), FIGURES);
    let figure = |(place, &i): (usize, &i64)| {
        let pair = pairs[i as usize];
        let of_pair: Vec<&SearchedCell> = cells.iter().copied().filter(|cell| (cell.n, cell.q) == pair).collect();
        let mut figure = figure(group, pair, &of_pair, quantile)?;
        if place == 0 {
            figure.caption += &left_out(&[("(N, Q)", pairs.len(), shown.len())]);
        } else {
            figure.caption = "As the figure before.".to_owned();
        }
        Some(figure)
    };
    shown.iter().enumerate().filter_map(figure).collect()
}

/// A tried setting relative to the best one of its cell.
struct Place {
    value: f64,
    /// What it needs, or more than this.
    needed: f64,
    bound: bool,
    unreliable: bool,
}

/// The settings of a cell along a key, by the value of the key.
fn places(cell: &SearchedCell, key: usize) -> Vec<Place> {
    let Some(best) = cell.best() else { return Vec::new() };
    let Some(needed) = best.needed else { return Vec::new() };
    let near = |setting: &&TriedSetting| (setting.steps[key] - best.steps[key]).abs() <= FARTHEST;
    let place = |setting: &TriedSetting| Place {
        value: setting.values[key] / best.values[key],
        needed: setting.needed.unwrap_or(setting.cap).max(1) as f64 / needed as f64,
        bound: setting.needed.is_none(),
        unreliable: setting.unreliable,
    };
    let positive = |place: &Place| place.value.is_finite() && place.value > 0.0;
    cell.along(key).into_iter().filter(near).map(place).filter(positive).collect()
}

fn figure(group: &Group<'_>, (n, q): (i64, i64), cells: &[&SearchedCell], quantile: f64) -> Option<Figure> {
    let keys = &cells.first()?.keys;
    let cells: &Vec<&SearchedCell> = &cells.iter().copied().filter(|cell| cell.keys == *keys).collect();
    let all = || cells.iter().flat_map(|cell| (0..keys.len()).flat_map(|key| places(cell, key)));
    let lengths: BTreeSet<i64> = cells.iter().map(|cell| cell.t).collect();
    let shown = thinned(lengths.clone(), CURVES);
    let ink = |j: usize| sequential(j, shown.len());
    let mut legend: Vec<Entry> = shown
        .iter()
        .enumerate()
        .map(|(j, t)| Entry { ink: ink(j), mark: Mark::of(j), text: format!("T = {t}") })
        .collect();
    if all().any(|place| place.unreliable) {
        legend.push(Entry { ink: GREY, mark: Mark::Cross, text: "too many runs fail".to_owned() });
    }
    let values: Vec<f64> = all().map(|place| place.value).chain([0.7, 1.4]).collect();
    let needed: Vec<f64> =
        all().filter(|place| !(place.bound && place.unreliable)).map(|place| place.needed).chain([0.9, 2.0]).collect();
    let figure = Panels {
        x: Axis::logarithmic("value of the key / its best value", values.iter().copied(), wider(&values, 0.08), 5),
        y: Axis::logarithmic(
            "needed / best",
            needed.iter().copied(),
            // Room for arrows above the highest bound.
            wider(&needed, 0.16),
            5,
        ),
        columns: if keys.len() == 4 { 2 } else { 3 },
        height: 104,
        legend,
        titles: keys.iter().map(|key| (key.clone(), Vec::new())).collect(),
    };
    let step = aside(cells, shown.len(), libm::log(figure.x.high / figure.x.low));
    let svg = figure.draw(|key, panel| {
        panel.dashes([(figure.x.low, 1.0), (figure.x.high, 1.0)], GREY, 0.8)?;
        for (j, t) in shown.iter().enumerate() {
            let moved = libm::exp(step * (j as f64 - (shown.len() - 1) as f64 / 2.0));
            for cell in cells.iter().filter(|cell| cell.t == *t) {
                draw(panel, &places(cell, key), moved, (ink(j), Mark::of(j)))?;
            }
        }
        Ok(())
    })?;
    let cut = if all().any(|place| place.bound && !place.unreliable && place.needed <= 1.0) {
        " Bounds below 1: runs were cut at what the best needs; search.horizon = 2 shows more."
    } else {
        ""
    };
    let replicates = cells.iter().filter_map(|cell| Some(cell.best()?.replicates)).max().unwrap_or(0);
    Some(Figure {
        name: format!("search_bowls_{}_N{n}_Q{q}", group.file_name()),
        title: format!("Neighbours of the best settings at N = {n}, Q = {q}: {}", group.name()),
        caption: format!(
            "Samples by which {} of the runs reach the milestone ({}) relative to the best setting \
             of the cell, which is at (1, 1), for settings that differ from it in one key only, by \
             three steps of the lattice at most. All on the {replicates} replicates of the races, \
             on which the best was also chosen; that flatters it a little. Open marks with an \
             arrow: lower bounds, settings that left their race because too many of their runs had \
             not arrived by the cap; the first leave on few replicates. Crosses: too many runs \
             ended without having arrived for the setting to be chosen, whatever it needs; at the \
             upper edge where that was not seen. A mark just below 1 is better by less than the \
             margin of the search. Curves of different T stand a little aside.{cut}{}",
            percent(quantile),
            cells[0].milestone.name(),
            left_out(&[("T", lengths.len(), shown.len())])
        ),
        svg,
    })
}

/// The factor by which an axis of these values reaches beyond them: this share of their range.
fn wider(values: &[f64], share: f64) -> f64 {
    let (low, high) = values.iter().fold((f64::MAX, f64::MIN), |(low, high), &x| (low.min(x), high.max(x)));
    libm::pow(high / low, share).max(1.1)
}

/// How far the marks of neighbouring curves stand aside, in logarithms: a little of the axis, and
/// so little that marks of different values do not mix.
fn aside(cells: &[&SearchedCell], curves: usize, extent: f64) -> f64 {
    let gaps = |cell: &SearchedCell, key: usize| {
        let values: Vec<f64> = places(cell, key).iter().map(|place| libm::log(place.value)).collect();
        values.windows(2).map(|pair| (pair[1] - pair[0]).abs()).filter(|gap| *gap > 0.0).fold(f64::MAX, f64::min)
    };
    let gaps = cells.iter().flat_map(|cell| (0..cell.keys.len()).map(|key| gaps(cell, key)));
    (0.03 * extent).min(0.7 * gaps.fold(f64::MAX, f64::min) / curves as f64)
}

fn draw(panel: &Panel<'_, '_>, places: &[Place], moved: f64, (ink, mark): (RGBColor, Mark)) -> Drawn {
    let at = |place: &Place| (place.value * moved, place.needed);
    // Broken where it is not known how a curve goes on.
    for known in places.split(|place| place.bound || place.unreliable) {
        panel.line(known.iter().map(at), ink, 1.0)?;
    }
    for place in places {
        match (place.unreliable, place.bound) {
            (true, true) => panel.mark((place.value * moved, panel.near_top()), Mark::Cross, ink)?,
            (true, false) => panel.mark(at(place), Mark::Cross, ink)?,
            (false, bound) => panel.reading(at(place), bound, mark, ink)?,
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::search_fixture::{analysis, cell};
    use crate::record::fixture::record;

    fn polygons(svg: &str) -> Vec<&str> {
        svg.split("<polygon").skip(1).map(|rest| rest.split('>').next().unwrap()).collect()
    }

    #[test]
    fn what_differs_in_one_key_only_is_drawn_with_its_bounds_and_failures() {
        let analysis = analysis(vec![cell((3, 1, 32), 16.0), cell((3, 1, 64), 32.0)]);
        let figures = all(&analysis.groups()[0], 0.9);
        let names: Vec<&str> = figures.iter().map(|figure| figure.name.as_str()).collect();
        assert_eq!(names, ["search_bowls_prox_N3_Q1"]);
        let svg = &figures[0].svg;
        // Of each cell three marks in either panel, and three of the legend.
        assert_eq!(polygons(svg).len(), 2 * 6 + 3);
        assert_eq!(polygons(svg).iter().filter(|mark| mark.contains("fill=\"#FFFFFF\"")).count(), 2, "lower bounds");
        let crosses = polygons(svg).iter().filter(|mark| mark.matches(',').count() == 12).count();
        assert_eq!(crosses, 2 + 1, "failures");
        for text in ["batch_size", "lambda", "T = 64", "too many runs fail"] {
            assert!(svg.contains(text), "{text}");
        }
        assert!(figures[0].caption.contains("30 replicates") && !figures[0].caption.contains("horizon"));
    }

    #[test]
    fn a_line_does_not_pass_what_is_not_known_and_what_is_far_is_left_out() {
        let mut searched = cell((3, 1, 32), 16.0);
        let far = |steps: i32| TriedSetting {
            steps: vec![steps, 0],
            values: vec![16.0 * libm::exp2(f64::from(steps)), 0.01],
            best: false,
            ..searched.tried[1].clone()
        };
        let far = [far(2), far(4)];
        searched.tried.extend(far);
        let along: Vec<f64> = places(&searched, 0).iter().map(|place| place.value).collect();
        assert_eq!(along, [0.5, 1.0, 2.0, 4.0]);
        let analysis = analysis(vec![searched]);
        let svg = &all(&analysis.groups()[0], 0.9)[0].svg;
        // From half to best in the one panel, from best to twice in the other; the value of 4
        // stands alone beyond a bound.
        let lines = polylines(svg);
        let sloping = lines.iter().filter(|line| line.len() == 2 && line[0].0 != line[1].0);
        assert_eq!(sloping.count(), 2, "{lines:?}");
    }

    /// The places of every line in the ink of the first curve.
    fn polylines(svg: &str) -> Vec<Vec<(i32, i32)>> {
        let inked = svg.split("<polyline").skip(1).filter(|line| line.contains("stroke=\"#440154\""));
        let places = inked.map(|line| line.split("points=\"").nth(1).unwrap().split('"').next().unwrap());
        let place = |place: &str| place.split_once(',').map(|(x, y)| (x.parse().unwrap(), y.parse().unwrap())).unwrap();
        places.map(|places| places.split_whitespace().map(place).collect()).collect()
    }

    #[test]
    fn few_of_many_pairs_have_a_figure_and_grids_have_none() {
        let cells = (3..9).map(|n| cell((n, 1, 32), 16.0)).collect();
        let analysis = analysis(cells);
        let figures = all(&analysis.groups()[0], 0.9);
        let names: Vec<&str> = figures.iter().map(|figure| figure.name.as_str()).collect();
        assert_eq!(names.len(), FIGURES);
        assert!(figures[0].caption.ends_with("Of 6 values of (N, Q) 3 are shown."), "{}", figures[0].caption);
        assert_eq!((names[0], names[2]), ("search_bowls_prox_N3_Q1", "search_bowls_prox_N8_Q1"));
        let grid = crate::analysis::Analysis::of(&[record(3, 1, 32, 0, Some(1000))], analysis.question);
        assert!(all(&grid.groups()[0], 0.9).is_empty());
    }
}
