//! Where an attention looks that is fixed and has few entries.

use ndarray::{Array2, ArrayView1};

/// Drawing one token by itself costs about as much as this many tokens of a sequence. Decides results.
const SINGLE_TOKEN_COST: usize = 16;

/// The entries of an attention that has few.
#[derive(Debug)]
pub struct SparseAttention {
    /// Position and weight, for each query token.
    pub(super) entries: Vec<Vec<(usize, f64)>>,
}

impl SparseAttention {
    /// The entries of `attention`, shape `(N, T)`, that are not 0; `None` if there are so many that drawing every
    /// token is faster.
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
