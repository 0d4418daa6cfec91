//! Models that are trained.

mod linear;

pub use linear::Linear;
pub(crate) use linear::{row, row_mut};
