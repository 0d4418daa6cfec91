//! Pieces of a row: the unit of sums in a fixed order, and of work that cores share.

use rayon::prelude::*;

/// Number of lanes of every floating-point sum over positions. Decides results: change it only
/// together with the results version.
pub(super) const LANES: usize = 64;

/// Number of positions of a piece. Sums over a piece are taken in single precision, or in integers
/// of one unit; sums of pieces are added in double precision. Decides results, like [`LANES`].
pub(crate) const PIECE: usize = 8192;

/// Number of entries of the attention that are worth a second core: about 0.1 ms of work. Decides
/// speed only.
pub(super) const SHARED_ENTRIES: usize = 1 << 19;

/// Number of pieces of the attention that one core takes at once: about 0.01 ms of work. Decides
/// speed only.
pub(super) const SHARED_PIECES: usize = 8;

/// Whether work on this number of entries is large enough to share it with idle cores.
pub(crate) fn worth_many_cores(entries: usize) -> bool {
    entries >= SHARED_ENTRIES && rayon::current_num_threads() > 1
}

/// The sum of the results of `part` over all pieces, added in order.
pub(super) fn fold_pieces<P: Send, A>(
    x: &[f32],
    part: impl Fn(&[f32]) -> P + Sync + Send,
    start: A,
    add: impl Fn(A, P) -> A,
) -> A {
    if worth_many_cores(x.len()) {
        by_piece(x, part).into_iter().fold(start, add)
    } else {
        x.chunks(PIECE).map(part).fold(start, add)
    }
}

/// The results of `part` for all pieces, in order.
pub(super) fn by_piece<R: Send>(x: &[f32], part: impl Fn(&[f32]) -> R + Sync + Send) -> Vec<R> {
    x.par_chunks(PIECE).with_min_len(SHARED_PIECES).map(part).collect()
}
