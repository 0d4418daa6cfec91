//! From the parts to the final tables.
//!
//! | module | holds |
//! |---|---|
//! | `write` | the tables, the figures, the report page and the printed answer |
//! | `replay` | what figures show and records do not hold |
//! | `searched` | what searches came to |
//! | `provenance` | how a sweep was run |
//! | [`columns`] | every column of every table |

pub mod columns;
pub(crate) mod provenance;
pub(crate) mod replay;
mod searched;
mod write;

pub use write::{Results, write};
