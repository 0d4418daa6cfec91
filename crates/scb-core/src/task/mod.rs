//! The task: what there is to learn.
//!
//! | file | holds |
//! |---|---|
//! | `bigram` | [`Task`], the sparse contextual bigram, and what it is drawn from |
//! | `chain` | [`Chain`], how the transition matrix P is made |
//! | `pattern` | [`Pattern`], the positions that a query token attends to, and their weights |
//! | `known` | [`Known`], what a learner may know of it |
//! | `stationary` | mu of a transition matrix, by the elimination of Grassmann, Taksar and Heyman |
//! | `transfer` | a related task to learn from before this one |

mod bigram;
mod chain;
mod known;
mod pattern;
mod stationary;
pub mod transfer;

pub use bigram::{MAX_STATES, MIN_K_P, MIN_MU, Task, TaskSpec};
pub use chain::Chain;
pub use known::Known;
pub use pattern::{Pattern, Weights};
pub use stationary::stationary;
