//! `report.html`: the whole answer on one page that needs no other file and no network.
//!
//! The page is written by maud, which escapes what it is given; the chart is drawn by plotly.js,
//! embedded. `page.js` only connects what a reader chooses to what is shown, and sorts the table;
//! without scripts everything but the chart is there.
//!
//! | file | holds |
//! |---|---|
//! | `document` | the page from top to bottom |
//! | `claim`, `answer`, `head_to_head`, `explore`, `pictures`, `search`, `cells` | a part of it each |
//! | `provenance`, `meanings` | a part of it each |
//! | `sortable` | a table that a click on a heading sorts |
//! | `chart` | the data of the chart |
//! | `dark` | colours of figures on dark paper |
//! | `markup` | numbers and exponents as a page shows them |

mod answer;
mod cells;
mod chart;
mod claim;
mod dark;
mod document;
mod explore;
mod head_to_head;
mod markup;
mod meanings;
mod pictures;
mod provenance;
mod search;
mod sortable;

pub use document::page;
pub use provenance::Provenance;
