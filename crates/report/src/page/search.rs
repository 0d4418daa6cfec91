//! The search for the best hyperparameters: how it went, and what it chose in each cell.

use maud::{Markup, html};

use super::markup::none;
use super::sortable::{Column, sortable};
use crate::analysis::{Analysis, Edge, SearchedCell, searched_keys, short, two};
use crate::record::{shown, written};

/// The section; nothing if grids were swept.
pub(super) fn search(analysis: &Analysis, several_groups: bool) -> Markup {
    let Some(sentence) = analysis.search_in_words() else { return html! {} };
    let columns = columns(analysis, several_groups);
    let rows: Vec<&SearchedCell> = analysis.searched.iter().collect();
    html! {
        section id="search" {
            h2 { "The search" }
            p { (sentence) }
            p {
                "The best setting of each cell. At bound: the value lies at a bound of the search, and one \
                 beyond might be better. Tokens of the races, which choose, and of the runs that judge. \
                 Best neighbour: what the best setting one step of the lattice away needs, relative to \
                 the chosen one, on the replicates of the races; "
                (none())
                ": no such setting was looked at for so long that it arrived. Every setting that was \
                 tried is in search.parquet."
            }
            (sortable("Searches", "needed.parquet", &columns, &rows))
        }
    }
}

fn columns(analysis: &Analysis, several_groups: bool) -> Vec<Column<'_, SearchedCell>> {
    let whole =
        |get: fn(&SearchedCell) -> i64| Box::new(move |cell: &SearchedCell| (get(cell).to_string(), get(cell) as f64));
    let tokens =
        |get: fn(&SearchedCell) -> i64| Box::new(move |cell: &SearchedCell| (short(get(cell)), get(cell) as f64));
    let mut columns: Vec<Column<'_, SearchedCell>> =
        vec![("N", true, whole(|cell| cell.n)), ("Q", true, whole(|cell| cell.q)), ("T", true, whole(|cell| cell.t))];
    if several_groups {
        columns.push(("algorithm", false, Box::new(|cell| (cell.algorithm.clone(), 0.0))));
        for (i, key) in analysis.question.conditions.iter().enumerate() {
            let value = move |cell: &SearchedCell| {
                cell.conditions.get(i).map_or_else(Default::default, |value| (shown(key, *value), *value))
            };
            columns.push((key, true, Box::new(value)));
        }
    }
    for key in searched_keys(&analysis.searched) {
        let value = move |cell: &SearchedCell| match cell.best().and_then(|best| cell.value(best, key)) {
            Some(value) => (rounded(value), value),
            None => (none(), f64::INFINITY),
        };
        columns.push((key, true, Box::new(value)));
    }
    let bounds = |cell: &SearchedCell| {
        let names: Vec<String> = cell.at_bound.iter().map(Edge::name).collect();
        (names.join(", "), 0.0)
    };
    let neighbour = |cell: &SearchedCell| {
        cell.best_neighbour().map_or_else(|| (none(), f64::INFINITY), |ratio| (two(ratio), ratio))
    };
    columns.push(("best neighbour", true, Box::new(neighbour)));
    columns.push(("ended", false, Box::new(|cell| (cell.end.name().to_owned(), 0.0))));
    columns.push(("at bound", false, Box::new(bounds)));
    columns.push(("settings", true, whole(|cell| cell.tried.len() as i64)));
    columns.push(("races", true, whole(|cell| cell.races)));
    columns.push(("to choose", true, tokens(|cell| cell.choosing)));
    columns.push(("to judge", true, tokens(|cell| cell.judging)));
    columns
}

/// Four digits: values of a lattice are products.
fn rounded(value: f64) -> String {
    written(format!("{value:.3e}").parse().unwrap_or(value))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::search_fixture::{analysis, cell};

    #[test]
    fn every_cell_has_a_row_with_what_was_chosen() {
        let mut cells = vec![cell((3, 1, 32), 8.0), cell((3, 2, 64), 16.0 / 3.0)];
        cells[1].at_bound.push(Edge { key: "lambda".to_owned(), value: 0.01, largest: false });
        cells[1].tried.iter_mut().filter(|setting| !setting.best).for_each(|setting| setting.needed = None);
        let text = search(&analysis(cells), false).into_string();
        assert_eq!(text.matches("<tr>").count(), 1 + 2);
        assert!(text.contains("all 2 cells settled, 12 settings tried; races took 70 % of 200k tokens"), "{text}");
        for part in [
            "<td class=\"number\" data-key=\"0.01\">0.01</td><td class=\"number\" data-key=\"1.2\">1.20</td><td>settled</td><td></td>",
            ">5.333</td>",
            "<td>lambda (smallest)</td>",
            ">70k</td><td class=\"number\" data-key=\"30000\">30k</td></tr>",
            "data-key=\"inf\">–</td>",
        ] {
            assert!(text.contains(part), "{part}\n{text}");
        }
        assert_eq!(search(&analysis(Vec::new()), false).into_string(), "");
    }
}
