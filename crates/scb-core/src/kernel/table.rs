//! Look-up tables: from the token at a position to its part of a gradient.

/// Sixteen entries of a look-up table.
#[derive(Debug, Clone, Copy, PartialEq)]
#[repr(C, align(64))]
pub struct Table(pub [f32; 16]);

/// Number of [`Table`]s of a line of `n` states.
#[must_use]
pub fn table_size(n: usize) -> usize {
    match n {
        0..=16 => 1,
        17..=32 => 2,
        33..=64 => 4,
        65..=128 => 8,
        _ => 16,
    }
}
