//! The task: what there is to learn.
//!
//! | file | holds |
//! |---|---|
//! | `bigram` | [`Task`], the sparse contextual bigram, and what it is drawn from |
//! | `known` | [`Known`], what a learner may know of it |
//! | `stationary` | mu of a transition matrix, by the elimination of Grassmann, Taksar and Heyman |
//! | `transfer` | a related task to learn from before this one |

mod bigram;
mod known;
mod stationary;
pub mod transfer;

pub use bigram::{Chain, MAX_STATES, MIN_K_P, MIN_MU, Pattern, Task, TaskSpec, Weights};
pub use known::Known;
pub use stationary::stationary;
