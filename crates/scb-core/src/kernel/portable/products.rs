//! Products of matrices in single precision, with fused multiply-add.
//!
//! The result of a fused multiply-add is rounded once, by definition. So a processor that has the
//! instruction and the library function for one that has not give the same bits.

use crate::kernel::wide::{GROUP, WIDE_TILE};

/// Rows of the result, and entries of a row, that stay in registers.
const ROWS: usize = 4;
const TILE: usize = 16;

/// `Y = X' M`. M has `width` columns and is tiled; X is given by groups of [`GROUP`] columns, one
/// after the other, row by row; and Y by rows of `width` entries. The rows of M are added in order.
#[inline(always)]
pub(in crate::kernel) fn products(matrix: &[f32], width: usize, x: &[[f32; GROUP]], y: &mut [f32]) {
    let rows = matrix.len() / width;
    for (tile, matrix) in matrix.chunks_exact(rows * WIDE_TILE).enumerate() {
        for (x, y) in x.chunks_exact(rows).zip(y.chunks_exact_mut(GROUP * width)) {
            for half in 0..WIDE_TILE / TILE {
                for (part, y) in y.chunks_exact_mut(ROWS * width).enumerate() {
                    let mut sums = [[0.0; TILE]; ROWS];
                    for (row, x) in matrix.as_chunks::<WIDE_TILE>().0.iter().zip(x) {
                        let (row, x) = (&row.as_chunks::<TILE>().0[half], x.as_chunks::<ROWS>().0[part]);
                        for s in 0..ROWS {
                            for i in 0..TILE {
                                sums[s][i] = row[i].mul_add(x[s], sums[s][i]);
                            }
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
