//! The run directory.
//!
//! | module | holds |
//! |---|---|
//! | [`layout`] | the names of all its files and folders |
//! | [`part`], [`pretraining`] | finished jobs in one file; a V that jobs start from |
//! | `directory` | what a run directory holds |
//! | `compaction`, `cleaning` | small parts become large ones; what killed processes left is removed |
//! | `manifest` | which program has written it |
//! | `merge` | taking over what another one holds |
//! | [`heartbeat`], [`lock`] | who works in it and how far they are; the right to work in it |
//! | `admission` | whether a directory is a run's, or holds files of the user's own |

pub(crate) mod admission;
mod cleaning;
mod compaction;
mod directory;
pub mod heartbeat;
pub mod layout;
pub mod lock;
pub(crate) mod manifest;
pub(crate) mod merge;
pub mod part;
pub mod pretraining;

pub use directory::{Access, Finished, Store, seen_of};
