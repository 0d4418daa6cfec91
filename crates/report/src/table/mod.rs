//! Columns in memory, and files that are whole or absent.

mod columns;

pub use columns::{Cells, Column, SCHEMA_VERSION, Table, UNFINISHED, replace, write_whole};
