//! What is printed: the answer, and text in lines that fit.

mod answer;
mod text;

pub use answer::{WIDTHS, answer};
pub use text::{glued, wrapped};
