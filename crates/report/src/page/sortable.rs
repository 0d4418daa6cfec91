//! A table that a click on a heading sorts.

use maud::{Markup, html};

/// More rows than this are left to a Parquet file: a browser would sort them slowly.
const MAX_ROWS: usize = 3000;

/// A column: its heading, whether it holds numbers, and its cell (what is shown, what it is sorted
/// by).
pub(super) type Column<'a, R> = (&'a str, bool, Box<dyn Fn(&R) -> (String, f64) + 'a>);

/// The table called `name`; `file` has the rows for which there is no room.
pub(super) fn sortable<R>(name: &str, file: &str, columns: &[Column<'_, R>], rows: &[&R]) -> Markup {
    html! {
        div.wide tabindex="0" role="region" aria-label=(name) {
            table.sortable {
                thead { tr {
                    @for (heading, numbers, _) in columns {
                        th scope="col" class=[numbers.then_some("number")] { button type="button" { (heading) } }
                    }
                } }
                tbody {
                    @for row in rows.iter().take(MAX_ROWS) {
                        tr { @for (_, numbers, cell) in columns {
                            @let (text, key) = cell(row);
                            @if *numbers { td.number data-key=(key) { (text) } } @else { td { (text) } }
                        } }
                    }
                }
            }
        }
        @if rows.len() > MAX_ROWS {
            p { "The first " (MAX_ROWS) " of " (rows.len()) " rows; all are in " (file) "." }
        }
    }
}
