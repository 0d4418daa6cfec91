//! A fixed attention with few non-zero entries.

use ndarray::{Array2, ArrayView1};

/// Drawing one token alone costs about as much as this many tokens of a sequence. Decides results.
const SINGLE_TOKEN_COST: usize = 16;

/// The non-zero entries of an attention, for
/// [`Batches::for_each_sparse`](super::Batches::for_each_sparse).
#[derive(Debug)]
pub struct SparseAttention {
    /// Position and weight of each entry, for each query token.
    pub(super) entries: Vec<Vec<(usize, f64)>>,
}

impl SparseAttention {
    /// The entries of `attention`, shape `(N, T)`, that are not 0. `None` if more than 1/16 of the
    /// entries are not 0: then drawing every token is faster.
    #[must_use]
    pub fn new(attention: &Array2<f32>) -> Option<Self> {
        let few = attention.len() / SINGLE_TOKEN_COST;
        let not_zero = |row: ArrayView1<'_, f32>| {
            row.iter().enumerate().filter(|(_, a)| **a != 0.0).map(|(t, &a)| (t, f64::from(a))).collect()
        };
        let entries: Vec<Vec<_>> = attention.rows().into_iter().map(not_zero).collect();
        (entries.iter().map(Vec::len).sum::<usize>() <= few).then_some(Self { entries })
    }
}
