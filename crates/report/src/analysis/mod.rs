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
//! | `unreached` | cells in which no run arrived, and why |
//! | `edges` | chosen settings that lie at the edge of their tuning grid |
//! | `needed` | needed samples per (N, Q, T, algorithm, milestone) |
//! | `needed_tables` | the columns of `needed.parquet` and `success.parquet` |
//! | `term`, `regressors` | the terms of a law, and which cells and terms a fit can use |
//! | `law` | a fitted law |
//! | `sum` | the sum of two laws: recovery as the signal and what follows |
//! | `comparison` | what the laws say of a T that they have not seen |
//! | `sum_weight` | whether the cells depart from a single law as the sum does |
//! | `lack_of_fit` | whether one power law describes the grid |
//! | `scaling` | all of that for one milestone of one algorithm |
//! | `scaling_table` | the columns of `scaling.parquet` |
//! | `head_to_head` | algorithms and conditions in units of each other, on the same tasks |
//! | `groups` | all conclusions, once, by algorithm and condition |
//! | `searched`, `search_tables`, `search_words` | what the search for the best hyperparameters came to, its columns, and it in words |
//! | `chosen` | the power of T that a chosen value grows as |
//! | `beside`, `beside_words` | another sweep beside this one, and it in words |
//! | `sentences`, `limits` | what is concluded, and what limits it, in words |

mod beside;
mod beside_words;
mod cells;
mod chosen;
mod comparison;
mod edges;
mod groups;
mod head_to_head;
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
mod sum;
mod sum_weight;
mod summary;
mod term;
mod unreached;

pub use cells::Question;
pub(crate) use chosen::chosen_power;
pub use comparison::{CrossValidated, FEWEST_LENGTHS, HeldOut, PreferredLaw};
pub use edges::{Edge, FLAT};
pub(crate) use groups::group_file_name;
pub use groups::{Analysis, Group};
pub(crate) use head_to_head::digits;
pub use head_to_head::{
    ALGORITHM, Bout, CellRatio, ConditionKey, ConditionPower, Extent, Misfit, Opponent, Outcome, Overall,
    comparison_table,
};
pub use lack_of_fit::{LackOfFitTest, Outlier, REJECTED_BELOW};
pub use law::{Coefficient, FEWEST_CLUSTERS, Law, WIDEST, law};
pub use milestone::Milestone;
pub use needed::{Median, Needed, needed};
pub use needed_tables::{needed_table, success_table};
pub use numbers::{count, percent, short};
pub(crate) use numbers::{ends, off, thinned, two};
pub use scaling::{MedianLaws, Scaling, scalings};
pub use scaling_table::scaling_table;
pub use search_tables::{needed_search_table, search_table};
pub(crate) use searched::searched_keys;
pub use searched::{SearchEnd, SearchedCell, TriedSetting};
pub use sentences::comparison_in_words;
pub use settings::SettingOutcome;
pub use sum::SumLaw;
pub use sum_weight::SumWeight;
pub use summary::summary_table;
pub use term::{Form, Term};
pub use unreached::{Unreached, Why};
