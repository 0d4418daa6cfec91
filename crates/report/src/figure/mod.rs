//! Figures, one a file: a function from what the records say to the text of an SVG, and a line in
//! `all`.
//!
//! Colours tell kinds and magnitudes apart for colour-blind people too, and differ in lightness;
//! shapes differ too.
//!
//! | file | holds |
//! |---|---|
//! | `panels` | small multiples, the one way in which every figure is laid out |
//! | `picture`, `colour`, `quantiles` | what figures share |
//! | `curves`, `against_length`, `matrices` | plain figures, for whoever has a few lines or matrices to show |
//! | `needed_samples`, `competing_laws`, `success`, `steps` | one figure each |
//! | `condition`, `training`, `attention`, `beside` | one figure each |
//! | `search_bowls`, `search_values`, `search_tokens` | the search for the best hyperparameters |
//! | `all` | the figures that every run has |

mod against_length;
mod all;
mod attention;
mod beside;
mod colour;
mod competing_laws;
mod condition;
mod curves;
mod matrices;
mod needed_samples;
pub(crate) mod panels;
mod picture;
mod quantiles;
mod search_bowls;
mod search_tokens;
mod search_values;
mod steps;
mod success;
mod training;

pub(crate) use against_length::{Series, against_length};
pub use all::{Pictured, all, specimen, traced};
pub use attention::Specimen;
#[cfg(test)]
pub(crate) use colour::shade;
pub(crate) use colour::{GREY, ON_CELLS, categorical, sequential};
pub(crate) use curves::{PlottedCurve, curves};
pub(crate) use matrices::matrices;
pub use picture::Figure;
pub(crate) use quantiles::{quantiles, round_ticks};
pub use training::Traced;
