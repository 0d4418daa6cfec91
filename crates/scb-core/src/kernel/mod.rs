//! The inner loops, in which a run spends nearly all its time.
//!
//! A [`Level`] is an instruction set that they are written for. All levels give the same bits, for
//! three reasons. Tokens are integers made from the same random words. Histograms are sums of
//! integers, which do not depend on their order (see `fixed_point`). Floating-point sums have a
//! fixed order, and multiply-add is fused nowhere or, in `wide`, everywhere.
//!
//! The order is this. Look-ups add line after line at every position. A sum over the positions of a
//! piece, `PIECE` positions, runs over `LANES` lanes; position t belongs to lane `t mod 64`. Then
//! the lanes are added as a binary tree, and the pieces in double precision, in order, so that long
//! sequences lose no accuracy.
//!
//! | module | holds |
//! |---|---|
//! | `bits` | the random words |
//! | `states` | from 16 random bits to a state, exactly |
//! | `sequences` | what is to be drawn: lines, pieces, spans |
//! | `layout` | how tokens lie in memory |
//! | `fixed_point` | the attention as integers |
//! | `residuals` | the small matrix products between histograms and look-ups |
//! | `samples` | samples by place |
//! | `wide` | the same for more than 16 states |
//! | `level` | which version of the kernels is in use |
//! | `processor` | what this processor can run |
//! | `pieces` | the unit of sums in a fixed order, and of work that cores share |
//! | `operations` | the kernels as methods of a [`Level`] |
//! | `weights` | how the weights of the attention lie in memory |
//! | `table` | look-up tables |
//! | `rows` | rows of arrays as slices |
//! | `portable` | every kernel, for any processor: the definition |
//! | `x86` | the same for AVX2 and AVX-512, and all `unsafe` of the crate |
//!
//! | word | means |
//! |---|---|
//! | word | 16 random bits, or 16 bits of tokens |
//! | round | 32 words, which decide one position each |
//! | escape | a random word that does not decide its token |
//! | block | 32 words of tokens, 64 bytes: 2 or 4 rounds |
//! | line | the blocks of 1, 2 or 4 sequences that have one query token |
//! | place | where one sequence goes in a line |
//! | piece | at most `PIECE` positions of a sequence, with one unit for its weights |
//! | span | what one block holds of one sequence |
//! | weigh | compute the histogram of a sequence: add up the attention on each state |
//! | narrow, wide | a layout for at most 16 states, or for more |

mod bits;
mod fixed_point;
mod layout;
mod level;
mod operations;
mod pieces;
mod portable;
#[cfg(target_arch = "x86_64")]
mod processor;
mod residuals;
mod rows;
mod samples;
mod sequences;
mod states;
mod table;
mod weights;
mod wide;
#[cfg(target_arch = "x86_64")]
mod x86;

pub use bits::Bits;
pub(crate) use bits::GENERATORS;
pub use fixed_point::FixedPointAttention;
pub use layout::{Block, Layout};
pub use level::{Level, level_in_use, use_level};
pub use residuals::{Residuals, width};
pub(crate) use rows::{ROW_MAJOR, row, row_mut};
pub use sequences::{Sequences, TokenSource};
pub use states::States;

pub use table::{Table, table_size};

pub(crate) use operations::{
    descend, exponentials, inner, kept, largest, multiply_all, restore_sum, step_row, step_value, sum, to_logits,
};
pub(crate) use pieces::PIECE;

#[cfg(test)]
mod tests;
