//! Everything a grid may vary.
//!
//! | module | holds |
//! |---|---|
//! | `definition` | what one axis is: its key, its values, its part |
//! | `table` | every axis, one row each, and its index |

mod definition;
mod table;

pub(crate) use definition::LARGE;
pub use definition::{Axis, DefaultValue, Domain, Role};
// For people; numbers in ids are written by `Axis::canonical`.
pub use report::record::written;
pub use table::*;
