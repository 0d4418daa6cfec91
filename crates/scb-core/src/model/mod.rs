//! Models that are trained.

mod linear;
pub(crate) mod rounding;
pub(crate) mod softmax;

pub use linear::Linear;
pub(crate) use linear::{row, row_mut};
