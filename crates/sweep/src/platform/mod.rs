//! The machine, the shell and the terminal. Nothing here depends on other modules of the crate.
//!
//! | module | holds |
//! |---|---|
//! | [`clock`] | durations as people say them, and the time of day |
//! | [`files`] | reading and making files and folders |
//! | [`machine`] | its name and its cores |
//! | [`panics`] | panics that must not end the program |
//! | [`shell`] | words and paths in commands that are shown |
//! | [`terminal`] | printing, to streams that may be full |

pub mod clock;
pub mod files;
pub mod machine;
pub mod panics;
pub mod shell;
pub mod terminal;
