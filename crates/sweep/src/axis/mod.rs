//! Everything a grid may vary.
//!
//! | module | holds |
//! |---|---|
//! | `shape` | what one axis is: its key, its values, its part |
//! | `table` | every axis, one row each, and its index |

mod shape;
mod table;

pub use shape::{Axis, Role, Shape};
pub use table::*;
