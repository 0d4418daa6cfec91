//! What the user wrote, checked.
//!
//! | module | holds |
//! |---|---|
//! | [`source`] | texts, and places in them |
//! | [`diagnostic`] | errors that show the line and a caret |
//! | [`document`] | TOML as a tree that knows where everything was written |
//! | [`expression`] | `"T/4"` and `where` |
//! | `keys`, `section`, `overrides` | the keys there are; taking them out of tables; `KEY=VALUES` |
//! | `read` | from the tree to a [`Config`] |
//! | [`resolved`] | the config with every default, written out |

pub mod diagnostic;
pub mod document;
pub mod expression;
pub(crate) mod keys;
pub(crate) mod overrides;
mod read;
pub mod resolved;
pub(crate) mod section;
pub mod source;

pub use read::{
    AxisSpec, Condition, Config, DEFAULT_MAX_JOBS, Element, GridSpec, Pretraining, Quantity, Shared, load, parse,
};
pub(crate) use read::{MOST_BYTES, MOST_JOBS, read_text, two_spellings};
