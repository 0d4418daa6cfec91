//! Steps that grow apart.

/// The step that follows `step` among steps whose numbers grow by the share `growth`, at least 0.
pub(super) fn spaced(step: u64, growth: f64) -> u64 {
    ((step as f64 * (1.0 + growth)) as u64).max(step + 1)
}
