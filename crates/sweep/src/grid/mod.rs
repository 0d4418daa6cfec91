//! From the values of the axes to the points of the grid: `expand`.

mod expand;

pub use expand::{Point, expand, further_axes};
