//! Algorithms and conditions of one sweep, head to head: what one needs in units of another, on the
//! same tasks.
//!
//! | file | holds |
//! |---|---|
//! | `pairs` | who is compared with whom, and whether they share their tasks |
//! | `ratio` | the ratio in one cell, and what it says |
//! | `overall` | the mean ratio over cells, and how it changes with T |
//! | `bout` | all of that for one pair and milestone |
//! | `condition` | needed samples as a power of a condition that is a number |
//! | `table` | the columns of `comparison.parquet` |

mod bout;
mod condition;
mod overall;
mod pairs;
mod ratio;
mod table;

pub use bout::Bout;
pub(super) use bout::bouts;
pub(super) use condition::condition_powers;
pub use condition::{ConditionPower, Misfit};
pub use overall::Overall;
pub use pairs::{ALGORITHM, ConditionKey, Opponent};
pub(crate) use ratio::digits;
pub use ratio::{CellRatio, Extent, Outcome};
pub use table::comparison_table;
