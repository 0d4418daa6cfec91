//! Sums over lines of what a table has for their tokens.

use crate::kernel::layout::{Block, ROUND};
use crate::kernel::table::Table;

/// `sums[p]` becomes the sum over lines of `table[line][bits of position p]`. If `add`, it is added
/// to what `sums` holds.
#[inline(always)]
pub(in crate::kernel) fn look_up_narrow(
    lines: &[Block],
    per_line: usize,
    tables: &[Table],
    add: bool,
    sums: &mut [f32],
) {
    for (b, sums) in sums.chunks_mut(4 * ROUND).enumerate() {
        let mut tile = [[0.0f32; ROUND]; 4];
        for (block, table) in lines[b..].iter().step_by(per_line).zip(tables) {
            for (r, tile) in tile.iter_mut().enumerate() {
                for (tile, word) in tile.iter_mut().zip(&block.0) {
                    *tile += table.0[usize::from(word >> (4 * r) & 15)];
                }
            }
        }
        store(&tile, add, sums);
    }
}

/// Writes or adds `R` rounds. `sums` may end before them.
#[inline(always)]
pub(in crate::kernel) fn store<const R: usize>(tile: &[[f32; ROUND]; R], add: bool, sums: &mut [f32]) {
    // A fixed length gives vector code.
    if let Some(sums) = sums.as_chunks_mut::<ROUND>().0.first_chunk_mut::<R>() {
        for (sums, tile) in sums.as_flattened_mut().iter_mut().zip(tile.as_flattened()) {
            *sums = if add { *sums + tile } else { *tile };
        }
    } else {
        for (sum, tile) in sums.iter_mut().zip(tile.as_flattened()) {
            *sum = if add { *sum + tile } else { *tile };
        }
    }
}

/// As [`look_up_narrow`] for a wide layout; a line's table takes `stride` of `tables`.
#[inline(always)]
pub(in crate::kernel) fn look_up_wide(
    lines: &[Block],
    per_line: usize,
    tables: &[Table],
    stride: usize,
    add: bool,
    sums: &mut [f32],
) {
    for (b, sums) in sums.chunks_mut(2 * ROUND).enumerate() {
        let mut tile = [[0.0f32; ROUND]; 2];
        for (block, table) in lines[b..].iter().step_by(per_line).zip(tables.chunks_exact(stride)) {
            for (w, &word) in block.0.iter().enumerate() {
                tile[0][w] += entry(table, word as u8);
                tile[1][w] += entry(table, (word >> 8) as u8);
            }
        }
        store(&tile, add, sums);
    }
}

#[inline(always)]
fn entry(table: &[Table], token: u8) -> f32 {
    table[usize::from(token / 16)].0[usize::from(token % 16)]
}
