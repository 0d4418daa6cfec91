//! How often runs grow into the mirrored solution, and what a sign flip of both factors does.
//!
//! | file | holds |
//! |---|---|
//! | `runs` | runs with a prediction, compared with each other and with it |
//! | `probability` | the figure of how often runs are mirrored |
//! | `sentences` | the sentences, and what they rest on |

mod probability;
mod runs;
mod sentences;

pub(super) use sentences::examine;
