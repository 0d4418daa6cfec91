//! From the values of the axes to the points of the grid.
//!
//! | module | holds |
//! |---|---|
//! | `point` | one point |
//! | `expand` | from a config to every point |
//! | `validate` | what is impossible at one point |

mod expand;
mod point;
mod validate;

pub use expand::{Place, element_value, expand, expand_cells, scaled_point};
pub(crate) use point::here;
pub use point::{Point, further_axes};
