//! Everything a grid may vary.
//!
//! | module | holds |
//! |---|---|
//! | `shape` | what one axis is: its key, its values, its part |
//! | `number` | numbers as people write them |
//! | `table` | every axis, one row each, and its index |

mod number;
mod shape;
mod table;

pub use number::written;
pub use shape::{Axis, Role, Shape};
pub use table::*;
