//! The task: what there is to learn.
//!
//! | file | holds |
//! |---|---|
//! | `bigram` | [`Task`], the sparse contextual bigram, and what it is drawn from |
//! | `stationary` | mu of a transition matrix, by the elimination of Grassmann, Taksar and Heyman |
//! | `transfer` | a related task to learn from before this one |

mod bigram;
mod stationary;
pub mod transfer;

pub use bigram::{Chain, MAX_STATES, MIN_K_P, MIN_MU, Pattern, Task, TaskSpec, Weights};
pub use stationary::stationary;
