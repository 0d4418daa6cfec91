//! What is printed: the answer, and text in lines that fit.
//!
//! | file | holds |
//! |---|---|
//! | `answer` | the answer, as tables and sentences |
//! | `text` | text in lines of a given width |

mod answer;
mod text;

pub use answer::{WIDTHS, answer};
pub use text::{glued, wrapped};
