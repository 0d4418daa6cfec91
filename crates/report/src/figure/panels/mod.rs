//! Small multiples: panels side by side that share their axes.
//!
//! | file | holds |
//! |---|---|
//! | `grid` | the grid on which everything is drawn, and its measures |
//! | `axis` | axes and their labels |
//! | `mark` | marks of series, and entries of legends |
//! | `panel` | the field of one panel, and what can be drawn there |
//! | `layout` | panels side by side, with their titles and a legend |

mod axis;
mod grid;
mod layout;
mod mark;
mod panel;

pub(crate) use axis::Axis;
pub(crate) use grid::Drawn;
pub(crate) use layout::Panels;
pub(crate) use mark::{Entry, Mark};
pub(crate) use panel::Panel;
