//! The run directory.
//!
//! | module | holds |
//! |---|---|
//! | `directory` | what a run directory holds |
//! | [`part`] | finished jobs in one file |
//! | [`lock`] | who works in a run directory |
//! | `admission` | whether a directory is a run's, or holds files of the user's own |

pub(crate) mod admission;
mod directory;
pub mod lock;
pub mod part;

pub use directory::{Access, CONFIG, Finished, Store, has_our_manifest, listed_figures};
pub(crate) use directory::{MANIFEST, PARTS, usable};
