//! What every name means: keys of a config, algorithms, milestones, statuses, claims and columns, from
//! the declarations that the program itself works with.
//!
//! | module | holds |
//! |---|---|
//! | [`terms`] | words that are no keys and no columns |
//! | [`entries`] | every name, and what is said of it |
//! | [`schema`] | the JSON Schema of a config |

pub mod entries;
pub mod schema;
pub mod terms;
