//! How close a model is to the truth.

mod truth;

pub use truth::{Errors, Rounded, Truth, kept_mass};
