//! Small multiples: panels side by side that share their axes.

mod layout;

pub(crate) use layout::{Axis, Drawn, Entry, Mark, Panel, Panels};
