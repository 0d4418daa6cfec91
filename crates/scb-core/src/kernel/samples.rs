//! Samples by place.

/// Samples by place, for [`Level::residuals`](super::Level::residuals).
pub(super) struct Samples<'a> {
    /// Number of places of a line.
    pub(super) sequences: usize,
    /// Number of samples in each line.
    pub(super) filled: &'a [usize],
    pub(super) outputs: &'a [usize],
    pub(super) histograms: &'a [f64],
}
