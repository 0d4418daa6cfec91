//! Everything that is concluded from the records: needed samples, scaling laws, and the sentences
//! that say them.
//!
//! Each file uses those above it.
//!
//! | file | holds |
//! |---|---|
//! | `numbers` | numbers as a reader sees them |
//! | `milestone` | what a run is asked for, and what one run says of it |
//! | `cells` | what is asked of the records, and the records by cell and setting |
//! | `summary` | one row per point of the grid |
//! | `settings` | what every setting of the hyperparameters needs, chosen or not |
//! | `edges` | chosen settings that lie at the edge of their tuning grid |
//! | `needed` | needed samples per (N, Q, T, algorithm, milestone) |
//! | `needed_tables` | the columns of `needed.parquet` and `success.parquet` |
//! | `term`, `regressors` | the terms of a law, and which cells and terms a fit can use |
//! | `law` | a fitted law |
//! | `comparison` | a power of T against a power of ln T |
//! | `lack_of_fit` | whether one power law describes the grid |
//! | `scaling` | all of that for one milestone of one algorithm |
//! | `scaling_table` | the columns of `scaling.parquet` |
//! | `groups` | all conclusions, once, by algorithm and condition |
//! | `searched`, `search_tables`, `search_words` | what the search for the best hyperparameters came to, its columns, and it in words |
//! | `chosen` | the power of T that a chosen value grows as |
//! | `sentences`, `limits` | what is concluded, and what limits it, in words |

mod cells;
mod chosen;
mod comparison;
mod edges;
mod groups;
mod lack_of_fit;
mod law;
mod limits;
mod milestone;
mod needed;
mod needed_tables;
mod numbers;
mod regressors;
mod scaling;
mod scaling_table;
#[cfg(test)]
pub(crate) mod search_fixture;
mod search_tables;
mod search_words;
mod searched;
mod sentences;
mod settings;
mod summary;
mod term;

pub use cells::Question;
pub(crate) use chosen::chosen_power;
pub use comparison::{HeldOut, PreferredLaw};
pub use edges::{Edge, FLAT};
pub use groups::{Analysis, Group};
pub use lack_of_fit::{LackOfFitTest, Outlier, REJECTED_BELOW};
pub use law::{Coefficient, FEWEST_CLUSTERS, Law, WIDEST, law};
pub use milestone::Milestone;
pub use needed::{Needed, needed};
pub use needed_tables::{needed_table, success_table};
pub use numbers::{count, percent, short};
pub(crate) use numbers::{off, thinned, two};
pub use scaling::{Scaling, scalings};
pub use scaling_table::scaling_table;
pub use search_tables::search_table;
pub use searched::{SearchEnd, SearchedCell, TriedSetting};
pub use sentences::comparison_in_words;
pub use settings::SettingOutcome;
pub use summary::summary_table;
pub use term::{Form, Term};
