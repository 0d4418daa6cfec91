//! How often runs grow into the mirrored solution, and what a sign flip of both factors does.
//!
//! | file | holds |
//! |---|---|
//! | `runs` | runs with a prediction, compared with each other and with it |
//! | `correction` | how the excess over the prediction falls with T |
//! | `probability` | the figure of how often runs are mirrored |
//! | `sentences` | the sentences, and what they rest on |

mod correction;
mod probability;
mod runs;
mod sentences;

pub(super) use sentences::examine;
