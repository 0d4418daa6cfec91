//! Everything that is concluded from the records.
//!
//! | file | holds |
//! |---|---|
//! | `summary` | one row per point of the grid |
//! | `needed` | needed samples per (N, Q, T, algorithm, milestone) |
//! | `scaling` | the power law, its rival, the largest T held out, checks |
//! | `groups` | all of that, once, and the sentences that say it |

mod groups;
mod needed;
mod scaling;
mod summary;

pub use groups::{Analysis, Group, count, percent, rivalry, short};
pub(crate) use groups::{off, thinned, two};
pub(crate) use needed::Key;
pub use needed::{Edge, FLAT, Milestone, Needed, Question, Setting, needed, needed_table, success_table};
pub use scaling::{
    Check, Coefficient, FEWEST_CLUSTERS, Form, HeldOut, Law, Outlier, Scaling, Term, Verdict, WARNS_BELOW, WIDEST, law,
    scaling_table, scalings,
};
pub use summary::summary_table;
