//! Arithmetic in a config: `"T/4"`, `"min(64, N*Q)"`, `"Q <= N && T >= 4*Q"`.
//!
//! | file | holds |
//! |---|---|
//! | `tokens` | the text in numbers, names and signs |
//! | `parser` | the tree of these, by the grammar below |
//! | `tree` | an expression, its kind and its value |
//!
//! ```text
//! or      = and { "||" and }             and = comparison { "&&" comparison }
//! comparison = sum [ ("<" | "<=" | ">" | ">=" | "==" | "!=") sum ]
//! sum     = product { ("+" | "-") product }      product = unary { ("*" | "/") unary }
//! unary   = ("-" | "!") unary | power            power = atom [ "^" unary ]
//! atom    = number | name | function "(" or { "," or } ")" | "(" or ")"
//! ```
//!
//! Functions: `min`, `max` (two or more arguments), `sqrt`, `ln`, `log2`, `round`, `floor`, `ceil`.
//! Numbers are doubles; a comparison is a condition, and conditions and numbers do not mix.
//!
//! - What is no number, such as `sqrt(-1)` or `0/0`, makes everything it enters no number: also
//!   `min`, `max`, `^`, a comparison, and `&&` and `||` whatever their other side is. The caller
//!   then reports an error.
//! - Comparisons take two numbers as equal that differ by less than 1e-12 of the larger:
//!   `0.1 == 0.3/3`, and `0.3/3 < 0.1` is false.
//! - The value of an expression that stands for a number keeps thirteen significant figures
//!   ([`significant`]), whole numbers all of theirs: `0.3/3` is 0.1.

mod parser;
mod tokens;
mod tree;

pub(crate) use tokens::renamed;
pub use tree::{Expression, ExpressionError, Kind, significant};
