//! Everything a grid may vary.
//!
//! | module | holds |
//! |---|---|
//! | `definition` | what one axis is: its key, its values, its part |
//! | `number` | numbers as people write them |
//! | `table` | every axis, one row each, and its index |

mod definition;
mod number;
mod table;

pub use definition::{Axis, Default, Domain, Role};
pub use number::written;
pub use table::*;
