//! What the search of each cell cost: tokens to choose the best setting and to judge it, and how
//! many settings were tried.

use std::collections::BTreeSet;

use plotters::style::RGBColor;

use super::colour::{GREY, categorical};
use super::panels::{Axis, Drawn, Entry, Mark, Panel, Panels};
use super::picture::Figure;
use crate::analysis::{Group, SearchEnd, SearchedCell};

/// What is counted in a cell, and how it looks.
struct Count {
    panel: usize,
    ink: RGBColor,
    mark: Mark,
    of: fn(&SearchedCell) -> i64,
}

/// The figure of one group; `None` if grids were swept.
pub(super) fn figure(group: &Group<'_>) -> Option<Figure> {
    let cells = group.searched();
    let counts = [
        Count { panel: 0, ink: categorical(0), mark: Mark::Disc, of: |cell| cell.choosing },
        Count { panel: 0, ink: categorical(1), mark: Mark::Triangle, of: |cell| cell.judging },
        Count { panel: 1, ink: GREY, mark: Mark::Square, of: |cell| cell.tried.len() as i64 },
    ];
    let lengths: Vec<i64> = cells.iter().map(|cell| cell.t).collect::<BTreeSet<_>>().into_iter().collect();
    let axis = |panel: usize| {
        let here = counts.iter().filter(move |count| count.panel == panel);
        let values = here.flat_map(|count| cells.iter().map(|cell| (count.of)(cell).max(1) as f64));
        Axis::logarithmic("", values, 1.35, 4)
    };
    let axes = [axis(0), axis(1)];
    let entry = |count: &Count, text: &str| Entry { ink: count.ink, mark: count.mark, text: text.to_owned() };
    let figure = Panels {
        x: Axis::of_values("sequence length T", &lengths, 1.5, 4),
        y: Axis { label: "per cell".to_owned(), ..axes[0].clone() },
        columns: 2,
        height: 84,
        legend: vec![entry(&counts[0], "to choose"), entry(&counts[1], "to judge")],
        titles: ["tokens", "settings tried"].map(|title| (title.to_owned(), Vec::new())).into(),
    };
    let svg = figure.draw_with(&axes, |panel_index, panel| {
        counts
            .iter()
            .filter(|count| count.panel == panel_index)
            .try_for_each(|count| draw(panel, count, &cells, &lengths))
    })?;
    let of = |get: fn(&SearchedCell) -> i64| cells.iter().map(|cell| get(cell)).sum::<i64>() as f64;
    let (choosing, judging) = (of(counts[0].of), of(counts[1].of));
    Some(Figure {
        name: format!("search_tokens_{}", group.file_name()),
        title: format!("What the search cost: {}", group.name()),
        caption: format!(
            "Left: tokens of the runs of the races, which choose the best setting of a cell, and of the \
             runs that judge it, {:.0} % and {:.0} % of all. Right: settings that were tried, open \
             where the search was given up or found no setting that arrives. A mark is a cell; lines \
             are means over N and Q.",
            100.0 * choosing / (choosing + judging).max(1.0),
            100.0 * judging / (choosing + judging).max(1.0),
        ),
        svg,
    })
}

/// A mark for each cell, and a line through the means of each T.
fn draw(panel: &Panel<'_, '_>, count: &Count, cells: &[&SearchedCell], lengths: &[i64]) -> Drawn {
    let mean = |&t: &i64| {
        let values: Vec<f64> = cells.iter().filter(|cell| cell.t == t).map(|cell| (count.of)(cell) as f64).collect();
        (t as f64, (values.iter().sum::<f64>() / values.len() as f64).max(1.0))
    };
    panel.line(lengths.iter().map(mean), count.ink, 1.0)?;
    for cell in cells {
        let place = (cell.t as f64, (count.of)(cell).max(1) as f64);
        if count.panel == 1 && cell.end != SearchEnd::Settled {
            panel.open(place, count.mark, count.ink)?;
        } else {
            panel.mark(place, count.mark, count.ink)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::search_fixture::{analysis, cell};

    #[test]
    fn every_cell_has_its_tokens_and_its_settings() {
        let mut cells = vec![cell((3, 1, 32), 8.0), cell((3, 2, 32), 8.0), cell((3, 1, 64), 8.0)];
        cells[2].end = SearchEnd::Unsettled;
        let analysis = analysis(cells);
        let figure = figure(&analysis.groups()[0]).unwrap();
        // Three counts of three cells, and two marks of the legend.
        assert_eq!(figure.svg.matches("<polygon").count(), 9 + 2);
        assert_eq!(figure.svg.matches("fill=\"#FFFFFF\"").count(), 1 + 1, "one open mark and the paper");
        assert!(figure.caption.contains("70 % and 30 % of all"), "{}", figure.caption);
    }
}
