//! Counts of tokens by position, and how much they depend on outputs.

use crate::kernel::layout::Block;

/// Adds the tokens of one sequence of a line to another line, which so far has zeros there. `mask`
/// has the bits of the first sequence of a line; the tokens are shifted down by `from` bits and up
/// by `to`.
#[inline(always)]
pub(in crate::kernel) fn copy_tokens(line: &[Block], into: &mut [Block], mask: u16, [from, to]: [u32; 2]) {
    for (block, into) in line.iter().zip(into) {
        for (word, into) in block.0.iter().zip(&mut into.0) {
            *into |= (word >> from & mask) << to;
        }
    }
}

/// Adds to `counts` the field of `bits` bits from `shift` on of each of `sums`, integers below 2^23.
/// Counters stay at their largest value.
#[inline(always)]
pub(in crate::kernel) fn add_fields(counts: &mut [u32], sums: &[f32], shift: usize, bits: usize) {
    for (count, sum) in counts.iter_mut().zip(sums) {
        // Adding 2^23 leaves the integer in the low bits.
        *count = count.saturating_add((sum + 8_388_608.0).to_bits() >> shift & ((1 << bits) - 1));
    }
}

/// Writes `counts` to `both`, adds them to `here` and takes them from `rest`.
#[inline(always)]
pub(in crate::kernel) fn take_counts(both: &mut [f64], rest: &mut [f64], here: &mut [f64], counts: &[u32]) {
    for (((both, rest), here), &count) in both.iter_mut().zip(rest).zip(here).zip(counts) {
        *both = f64::from(count);
        *rest -= *both;
        *here += *both;
    }
}

/// Adds `scale (both - share here - shift)^2` to every entry of `sizes`.
#[inline(always)]
pub(in crate::kernel) fn add_dependence(
    sizes: &mut [f64],
    both: &[f64],
    here: &[f64],
    [share, shift, scale]: [f64; 3],
) {
    for ((size, both), here) in sizes.iter_mut().zip(both).zip(here) {
        let excess = both - share * here - shift;
        *size += scale * (excess * excess);
    }
}
