//! The value of each searched key that was chosen against T, one line for each (N, Q), with the
//! power of T it grows as.

use std::collections::BTreeSet;

use super::colour::{GREY, categorical};
use super::panels::{Axis, Drawn, Entry, Mark, Panel, Panels};
use super::picture::{Figure, left_out};
use crate::analysis::{Group, SearchedCell, chosen_power, thinned, two};

/// More lines than these cannot be told apart.
const LINES: usize = 9;

/// The figure of one group; `None` if grids were swept.
pub(super) fn figure(group: &Group<'_>) -> Option<Figure> {
    let arrived = |cell: &&SearchedCell| cell.best().is_some_and(|best| best.needed.is_some());
    let cells: Vec<&SearchedCell> = group.searched().into_iter().filter(arrived).collect();
    let keys = &cells.first()?.keys;
    let cells: Vec<&SearchedCell> = cells.iter().copied().filter(|cell| cell.keys == *keys).collect();
    let of = |cell: &SearchedCell, key: usize| cell.best().map_or(f64::NAN, |best| best.values[key]);
    let lengths: Vec<i64> = cells.iter().map(|cell| cell.t).collect::<BTreeSet<_>>().into_iter().collect();
    let pairs: Vec<(i64, i64)> =
        cells.iter().map(|cell| (cell.n, cell.q)).collect::<BTreeSet<_>>().into_iter().collect();
    let shown: Vec<(i64, i64)> =
        thinned((0..pairs.len() as i64).collect(), LINES).into_iter().map(|i| pairs[i as usize]).collect();
    let powers: Vec<_> = (0..keys.len()).map(|key| chosen_power(&cells, key)).collect();
    let legend = shown.iter().enumerate().map(|(j, (n, q))| Entry {
        ink: categorical(j),
        mark: Mark::of(j),
        text: format!("N = {n}, Q = {q}"),
    });
    let title = |(key, name): (usize, &String)| {
        let text = powers[key].map(|power| format!("T^{}", two(power.exponent)).replace('-', "−"));
        let entry = text.map(|text| Entry { ink: GREY, mark: Mark::Dashes, text });
        (name.clone(), entry.into_iter().collect())
    };
    let axis = |key: usize| {
        let values = cells.iter().map(|cell| of(cell, key)).filter(|value| *value > 0.0);
        let (low, high) =
            values.clone().fold((f64::MAX, f64::MIN), |(low, high), value| (low.min(value), high.max(value)));
        // A decade at least, or steps of the lattice would look like much.
        let margin = libm::sqrt((10.0 * low / high).max(1.7));
        Axis::logarithmic("", values, margin, 4)
    };
    let axes: Vec<Axis> = (0..keys.len()).map(axis).collect();
    let figure = Panels {
        x: Axis::of_values("sequence length T", &lengths, 1.5, 4),
        y: Axis { label: "chosen value".to_owned(), ..axes.first()?.clone() },
        columns: if keys.len() > 4 { 3 } else { 2 },
        height: 84,
        legend: legend.collect(),
        titles: keys.iter().enumerate().map(title).collect(),
    };
    let gaps = lengths.windows(2).map(|pair| libm::log(pair[1] as f64 / pair[0] as f64));
    let step = 0.4 * gaps.fold(0.7, f64::min) / shown.len() as f64;
    let svg = figure.draw_with(&axes, |key, panel| {
        if let Some(power) = powers[key] {
            panel.dashes(lengths.iter().map(|&t| (t as f64, power.at(t as f64))), GREY, 1.0)?;
        }
        for (j, pair) in shown.iter().enumerate() {
            let aside = libm::exp(step * (j as f64 - (shown.len() - 1) as f64 / 2.0));
            let of_pair: Vec<&SearchedCell> =
                cells.iter().copied().filter(|cell| (cell.n, cell.q) == *pair && of(cell, key) > 0.0).collect();
            let place = |cell: &SearchedCell| (aside * cell.t as f64, of(cell, key));
            panel.line(of_pair.iter().map(|cell| place(cell)), categorical(j), 0.7)?;
            for cell in of_pair {
                mark(panel, place(cell), cell, key, j)?;
            }
        }
        Ok(())
    })?;
    Some(Figure {
        name: format!("search_values_{}", group.file_name()),
        title: format!("Chosen hyperparameters against T: {}", group.name()),
        caption: format!(
            "The value of each searched key at the best setting of the cell. Open marks with an arrow: \
             the value lies at a bound of the search, and one beyond might be better. Dashed: the power \
             of T written above the panel, by least squares over all cells without such a mark, with a \
             constant for each (N, Q); it is a description without an interval, because values come in \
             steps and stay where the search began where a floor is flat. Lines of different (N, Q) \
             stand a little aside.{}",
            left_out(&[("(N, Q)", pairs.len(), shown.len())])
        ),
        svg,
    })
}

/// A chosen value, open where it lies at a bound.
fn mark(panel: &Panel<'_, '_>, place: (f64, f64), cell: &SearchedCell, key: usize, j: usize) -> Drawn {
    let (mark, ink) = (Mark::of(j), categorical(j));
    match cell.bound(key) {
        None => panel.mark(place, mark, ink),
        Some(edge) if edge.largest => panel.reading(place, true, mark, ink),
        Some(_) => {
            panel.interval(place.0, None, place.1, Some(place.1), ink)?;
            panel.open(place, mark, ink)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::search_fixture::{analysis, cell};
    use crate::analysis::{Edge, SearchEnd};

    #[test]
    fn every_cell_has_a_mark_in_each_panel_and_the_power_is_written() {
        let mut cells: Vec<SearchedCell> =
            [32, 64, 128].into_iter().flat_map(|t| [1, 2].map(|q| cell((3, q, t), (q * t * t) as f64))).collect();
        // One at each bound, and one that no setting reaches.
        let edge = |largest: bool| Edge { key: "lambda".to_owned(), value: 0.01, largest };
        cells[0].at_bound.push(edge(true));
        cells[1].at_bound.push(edge(false));
        let mut vain = cell((3, 1, 256), 1.0);
        vain.tried.iter_mut().for_each(|setting| setting.needed = None);
        vain.end = SearchEnd::Unreached;
        cells.push(vain);
        let analysis = analysis(cells);
        let figure = figure(&analysis.groups()[0]).unwrap();
        assert_eq!(figure.name, "search_values_prox");
        // Six cells in two panels, and the two pairs of the legend.
        assert_eq!(figure.svg.matches("<polygon").count(), 2 * 6 + 2);
        assert_eq!(figure.svg.matches("fill=\"#FFFFFF\"").count(), 2 + 1, "two open marks and the paper");
        assert!(figure.svg.contains(">2.00</tspan>") && figure.svg.contains(">0.00</tspan>"));
        for label in ["30k", "0.01"] {
            assert!(figure.svg.contains(&format!(">\n{label}\n")), "each panel has an axis of its own: {label}");
        }
    }
}
