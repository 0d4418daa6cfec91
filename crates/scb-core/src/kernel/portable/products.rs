//! Products of matrices in single precision, with fused multiply-add.
//!
//! The result of a fused multiply-add is rounded once, by definition. So a processor that has the
//! instruction and [`fused`], for one that has not, give the same bits.

use crate::kernel::wide::{GROUP, WIDE_TILE};

/// Rows of the result that stay in registers.
const ROWS: usize = 4;

/// Entries of a row that stay in registers.
pub(in crate::kernel) const TILE: usize = 16;

/// `Y = X' M`. M has `width` columns and is tiled; X is given by groups of [`GROUP`] columns, one
/// after the other, row by row; and Y by rows of `width` entries. The rows of M are added in order.
#[inline(always)]
pub(in crate::kernel) fn products(matrix: &[f32], width: usize, x: &[[f32; GROUP]], y: &mut [f32]) {
    products_with(add_row, matrix, width, x, y);
}

/// As [`products`], with another version of [`add_row`].
#[inline(always)]
pub(in crate::kernel) fn products_with(
    add_row: impl Fn(&mut [f32; TILE], &[f32; TILE], f32),
    matrix: &[f32],
    width: usize,
    x: &[[f32; GROUP]],
    y: &mut [f32],
) {
    let rows = matrix.len() / width;
    for (tile, matrix) in matrix.chunks_exact(rows * WIDE_TILE).enumerate() {
        for (x, y) in x.chunks_exact(rows).zip(y.chunks_exact_mut(GROUP * width)) {
            for half in 0..WIDE_TILE / TILE {
                for (part, y) in y.chunks_exact_mut(ROWS * width).enumerate() {
                    let mut sums = [[0.0; TILE]; ROWS];
                    for (row, x) in matrix.as_chunks::<WIDE_TILE>().0.iter().zip(x) {
                        let (row, x) = (&row.as_chunks::<TILE>().0[half], x.as_chunks::<ROWS>().0[part]);
                        for s in 0..ROWS {
                            add_row(&mut sums[s], row, x[s]);
                        }
                    }
                    for (sums, y) in sums.iter().zip(y.chunks_exact_mut(width)) {
                        y.as_chunks_mut().0[WIDE_TILE / TILE * tile + half] = *sums;
                    }
                }
            }
        }
    }
}

/// Adds `x` times a row to `sums`. It is a function of its own because the compiler makes vector code
/// of it alone, but not within its callers.
#[cfg_attr(target_arch = "x86_64", inline(never))]
fn add_row(sums: &mut [f32; TILE], row: &[f32; TILE], x: f32) {
    for (sum, &row) in sums.iter_mut().zip(row) {
        *sum = fused(row, x, *sum);
    }
}

/// `x y + z`, rounded once.
#[inline(always)]
fn fused(x: f32, y: f32, z: f32) -> f32 {
    if cfg!(any(target_feature = "fma", target_arch = "aarch64")) { x.mul_add(y, z) } else { emulated(x, y, z) }
}

/// [`f32::mul_add`] in vector code of processors that have no such instruction. The library function
/// is called for one number at a time.
///
/// Double precision holds the product exactly, but not always the sum. A sum that lies between two
/// numbers of double precision becomes that of which the last bit is 1. Rounded to single precision,
/// this gives the same as the sum itself (Boldo and Melquiond, "Emulation of a FMA and correctly
/// rounded sums: proved algorithms using rounding to odd", 2008).
#[inline(always)]
fn emulated(x: f32, y: f32, z: f32) -> f32 {
    let (product, z) = (f64::from(x) * f64::from(y), f64::from(z));
    let sum = product + z;
    // What the sum lacks, exactly (Knuth); NaN if it is not finite.
    let added = sum - product;
    let lacking = (product - (sum - added)) + (z - added);
    let inexact = u64::from(lacking.abs() > 0.0);
    // Truncated: a sum that is rounded up lacks something of the other sign.
    let rounded_up = (sum.to_bits() ^ lacking.to_bits()) >> 63 & inexact;
    f64::from_bits((sum.to_bits() - rounded_up) | inexact) as f32
}

/// Rounds to single precision.
#[inline(always)]
pub(in crate::kernel) fn to_single(from: &[f64], into: &mut [f32]) {
    into.iter_mut().zip(from).for_each(|(into, &from)| *into = from as f32);
}

/// Writes `from` in double precision, or adds it.
#[inline(always)]
pub(in crate::kernel) fn to_double(from: &[f32], add: bool, into: &mut [f64]) {
    for (into, &from) in into.iter_mut().zip(from) {
        *into = if add { *into + f64::from(from) } else { f64::from(from) };
    }
}

/// Transposes [`GROUP`] rows: entry j of row i goes to `into[j * stride + i]`. The rows are
/// `into.len() / stride` long, a multiple of `GROUP`.
#[inline(always)]
pub(in crate::kernel) fn transpose(rows: &[f32], stride: usize, into: &mut [f32]) {
    let width = rows.len() / GROUP;
    for tile in 0..width / GROUP {
        let block: [[f32; GROUP]; GROUP] = std::array::from_fn(|i| rows[i * width..].as_chunks().0[tile]);
        for j in 0..GROUP {
            into[(GROUP * tile + j) * stride..][..GROUP].copy_from_slice(&block.map(|row| row[j]));
        }
    }
}

#[cfg(test)]
mod tests {
    use rand::Rng;

    use super::emulated;
    use crate::random::stream;

    fn agrees(x: f32, y: f32, z: f32) {
        let (ours, exact) = (emulated(x, y, z), x.mul_add(y, z));
        assert!(
            ours.to_bits() == exact.to_bits() || ours.is_nan() && exact.is_nan(),
            "{x:e} {y:e} {z:e}: {ours:e} {exact:e}"
        );
    }

    /// Against the instruction or the library, at numbers of all sizes, at sums that nearly cancel,
    /// and next to the middle between two numbers of single precision, where rounding twice fails.
    #[test]
    fn a_fused_multiply_add_is_rounded_once() {
        let mut random = stream([4; 16]);
        let mut next = move || random.next_u64();
        let mut rounded_twice = 0;
        for _ in 0..300_000 {
            let [x, y, z] = [next(), next(), next()].map(|word| f32::from_bits(word as u32));
            agrees(x, y, z);
            // Near 1.
            let [x, y] = [next(), next()].map(|word| 1.0 + (word >> 41) as f32 * f32::EPSILON);
            let product = x * y;
            agrees(x, y, -product);
            agrees(x, y, f32::from_bits((-product).to_bits() ^ (next() & 7) as u32));
            // A product of few bits that is half a unit of z, and a little more or less.
            let (z, half) = (1.0 + (next() >> 41) as f32 * f32::EPSILON, 0.5 * f32::EPSILON);
            let little = 2f32.powi(-((next() % 24) as i32)) * if next() & 1 == 0 { 1.0 } else { -1.0 };
            let (x, y) = (1.0 + little, half * (1.0 + 2f32.powi(-23)));
            agrees(x, y, z);
            rounded_twice += u32::from((f64::from(x) * f64::from(y) + f64::from(z)) as f32 != x.mul_add(y, z));
        }
        assert!(rounded_twice > 100, "{rounded_twice} cases of those that are meant");
        for x in [0.0, -0.0, f32::MIN_POSITIVE, -1e-45, f32::MAX, f32::INFINITY, f32::NEG_INFINITY, f32::NAN, 1.0] {
            for y in [0.0, -0.0, 1e-45, -1.0, f32::MAX, f32::INFINITY] {
                for z in [0.0, -0.0, 1e-45, -1.0, f32::MIN, f32::NEG_INFINITY, f32::INFINITY] {
                    agrees(x, y, z);
                }
            }
        }
    }
}
