//! The kernels in plain Rust, for any processor. They define what the other levels compute.
//!
//! The functions that `x86` uses are inlined into its functions, so that they can be compiled for
//! wider registers.
#![allow(clippy::needless_range_loop, reason = "a lane is a number, and several arrays have it")]

mod attention;
mod counting;
mod draw;
mod look_up;
mod products;
mod residuals;
mod rules;
mod value;

pub(super) use attention::{add_to_all, descend, kept, largest, round_piece, step_row, sum};
#[cfg(target_arch = "x86_64")]
pub(super) use attention::{for_each_run, for_each_run_with, round_piece_with, step_row_with};
pub(super) use counting::{add_dependence, add_fields, copy_tokens, take_counts};
#[cfg(target_arch = "x86_64")]
pub(super) use draw::{WideSums, words_below};
pub(super) use draw::{draw_narrow, draw_wide, weigh_narrow, weigh_wide};
#[cfg(target_arch = "x86_64")]
pub(super) use look_up::store;
pub(super) use look_up::{look_up_narrow, look_up_wide};
#[cfg(target_arch = "x86_64")]
pub(super) use products::{TILE, products_with};
pub(super) use products::{products, to_double, to_single, transpose};
pub(super) use residuals::residuals;
#[cfg(target_arch = "x86_64")]
pub(super) use residuals::unit;
pub(super) use rules::{adam, adam_of_value, exponentials, inner, multiply_all, to_logits};
pub(super) use value::step_value;

use super::bits::{Bits, GENERATORS};

/// The exclusive or of rounds of random words: a lower limit of the cost of drawing.
#[inline(always)]
pub(super) fn random_words(bits: &mut Bits, rounds: usize) -> u64 {
    let mut total = [0; GENERATORS];
    for _ in 0..rounds {
        for (total, word) in total.iter_mut().zip(bits.advance()) {
            *total ^= word;
        }
    }
    total.iter().fold(0, |all, &word| all ^ word)
}

/// Fills `words` with the generators' words, a round at a time.
#[inline(always)]
pub(super) fn fill(bits: &mut Bits, words: &mut [[u64; GENERATORS]]) {
    words.iter_mut().for_each(|words| *words = bits.advance());
}
