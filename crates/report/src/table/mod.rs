//! Tables: columns in memory, columns declared once, Parquet files, and files that are whole or
//! absent.
//!
//! | file | holds |
//! |---|---|
//! | `columns` | columns in memory |
//! | `value` | single values, and fields as values |
//! | `declared` | columns declared once, for tables that are read back or summed up |
//! | `parquet_file` | tables as Parquet files |
//! | `file` | files that are whole or absent |

mod columns;
mod declared;
mod file;
mod parquet_file;
mod value;

pub use columns::{Column, Table};
pub(crate) use declared::{Declared, Summary, field};
pub use file::{UNFINISHED, replace, write_whole};
pub use parquet_file::SCHEMA_VERSION;
pub(crate) use value::{Kind, Tabulated, Value};
