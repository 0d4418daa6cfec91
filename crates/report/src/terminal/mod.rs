//! What is printed: the answer, and text in lines that fit.
//!
//! | file | holds |
//! |---|---|
//! | `answer` | the answer, as tables and sentences |
//! | `head_to_head` | algorithms and conditions in units of each other |
//! | `text` | text in lines of a given width |

mod answer;
mod head_to_head;
mod text;

pub use answer::{WIDTHS, answer};
pub use text::{glued, wrapped};
