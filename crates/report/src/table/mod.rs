//! Columns in memory, and files that are whole or absent.
//!
//! | file | holds |
//! |---|---|
//! | `columns` | columns in memory, and the only Parquet code there is |
//! | `file` | files that are whole or absent |

mod columns;
mod file;

pub use columns::{Cells, Column, SCHEMA_VERSION, Table};
pub use file::{UNFINISHED, replace, write_whole};
