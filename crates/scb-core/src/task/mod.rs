//! The task: a sparse contextual bigram, the ground truth of learning.
//!
//! | item | is |
//! |---|---|
//! | [`Task`], [`TaskSpec`] | a sparse contextual bigram, and the settings to draw one |
//! | [`Chain`] | how the transition matrix P is made |
//! | [`Pattern`], [`Weights`] | the positions that a query token attends to, and their weights |
//! | [`Known`] | what a learner may know of a task |
//! | [`stationary()`] | mu of a transition matrix |
//! | [`transfer`] | source tasks for transfer |

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
