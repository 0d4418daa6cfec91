//! The search for the best hyperparameters of every cell.
//!
//! A search is a function of the config and of what finished runs have shown. It is asked again
//! whenever the runs that it lacked are finished, and starts from the beginning each time, so it
//! comes to the same end however often it was interrupted, and on however many cores it ran.
//!
//! | module | holds |
//! |---|---|
//! | [`runs`] | what a search sees of runs |
//! | `order`, `racer`, [`race`] | in which order replicates run, a setting in a race, races |
//! | [`walk`] | the search itself, from race to race: a pure function of what runs have shown |
//! | [`lattice`] | the settings of a cell |
//! | [`cell`] | the search of one cell: which runs it asks for |
//! | [`sweep`] | the cells of a sweep, which of them depend on others, and shards |

pub mod cell;
pub mod lattice;
mod order;
pub mod race;
mod racer;
pub mod runs;
pub mod sweep;
#[cfg(test)]
mod tests;
pub mod walk;
