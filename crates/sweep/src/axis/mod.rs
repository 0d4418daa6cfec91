//! Everything a grid may vary.
//!
//! `table` has one row a parameter, and its index.

mod table;

pub use table::*;
