//! Rows of arrays as slices, as kernels want them.

use ndarray::Array2;

/// Row `k` of an attention-shaped array, shape `(N, T)`, as a slice of length T.
pub(crate) fn row(attention: &Array2<f32>, k: usize) -> &[f32] {
    let t = attention.ncols();
    debug_assert!(attention.is_standard_layout());
    attention.as_slice().map_or(&[], |all| &all[k * t..(k + 1) * t])
}

/// Row `k` of an attention-shaped array, to write to.
pub(crate) fn row_mut(attention: &mut Array2<f32>, k: usize) -> &mut [f32] {
    let t = attention.ncols();
    debug_assert!(attention.is_standard_layout());
    attention.as_slice_mut().map_or(&mut [], |all| &mut all[k * t..(k + 1) * t])
}
