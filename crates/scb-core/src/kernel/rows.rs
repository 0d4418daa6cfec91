//! Rows of arrays as slices, the form in which kernels take them.

use ndarray::Array2;

/// The message of the panic for an array in another order.
pub(crate) const ROW_MAJOR: &str = "arrays must lie in memory row by row";

/// Row `k` of an attention-shaped array, shape `(N, T)`, as a slice of length T.
pub(crate) fn row(attention: &Array2<f32>, k: usize) -> &[f32] {
    let t = attention.ncols();
    let Some(all) = attention.as_slice() else { panic!("{ROW_MAJOR}") };
    &all[k * t..(k + 1) * t]
}

/// Row `k` of an attention-shaped array, to write to.
pub(crate) fn row_mut(attention: &mut Array2<f32>, k: usize) -> &mut [f32] {
    let t = attention.ncols();
    let Some(all) = attention.as_slice_mut() else { panic!("{ROW_MAJOR}") };
    &mut all[k * t..(k + 1) * t]
}
