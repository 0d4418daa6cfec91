//! How close a model is to the truth. Only this and [`train`](crate::train) see both.

mod truth;

pub use truth::{Errors, Rounded, Truth};
