//! The machine, the shell and the terminal: what depends on nothing else here.
//!
//! | module | holds |
//! |---|---|
//! | [`clock`] | durations as people say them, and the time of day |
//! | [`panics`] | panics that must not end the program |
//! | [`shell`] | words and paths in commands that are shown |
//! | `terminal` | printing, to streams that may be full |

pub mod clock;
pub mod panics;
pub mod shell;
pub(crate) mod terminal;
