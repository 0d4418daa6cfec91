//! Formulas of the theory, which need no samples.

pub mod chi_square;
pub mod mirrored;
pub mod population;
