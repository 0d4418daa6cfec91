//! What the user wrote, checked.
//!
//! | module | holds |
//! |---|---|
//! | [`source`] | texts, and places in them |
//! | [`diagnostic`] | errors that show the line and a caret |
//! | [`document`] | TOML as a tree that knows where everything was written |
//! | [`expression`] | `"T/4"` and `where` |
//! | `settings` | what a sweep is: [`Config`] and its parts |
//! | `keys`, `table_reader` | the keys there are, and taking them out of tables |
//! | `spelling`, `overrides` | one spelling of each axis; `KEY=VALUES` of the command line |
//! | `values`, `names`, `grids` | the values of an axis, the names in expressions, one `[grid]` |
//! | `matrix`, `weights`, `stages`, `search` | what `[task]`, the stages of `[training]` and `[search]` say |
//! | `read` | from a file to a [`Config`] |
//! | [`resolved`] | the config with every default, written out |

pub mod diagnostic;
pub mod document;
pub mod expression;
mod grids;
pub(crate) mod keys;
mod matrix;
mod names;
mod overrides;
mod read;
pub mod resolved;
mod search;
mod settings;
pub mod source;
mod spelling;
mod stages;
mod table_reader;
mod values;
mod weights;

pub(crate) use keys::LARGEST_MAX_JOBS;
pub(crate) use read::name_of;
pub use read::{load, parse};
pub use settings::{
    AxisSpec, Condition, Config, Element, GridSpec, Pretraining, Quantity, Rules, SearchKey, SearchMilestone,
    SearchSpec, Shared,
};
