//! The weights of the attention in memory.

/// Sixteen positions' weights.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(C, align(64))]
pub(super) struct Weights16(pub(super) [i32; 16]);

/// The form in which a level needs the weights.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// Sixteen 32-bit integers.
    Whole,
    /// The low 15 bits of all sixteen weights, then their higher bits, which fit 16 because weights
    /// are below 2^30. Both are signed 16-bit integers. `x86::avx2` says why.
    #[cfg_attr(not(target_arch = "x86_64"), allow(dead_code, reason = "for AVX2 alone"))]
    Halves,
}

impl Form {
    /// The weight of `position`.
    pub(super) fn at(self, weights: &[Weights16], position: usize) -> i32 {
        let (lanes, i) = (&weights[position / 16].0, position % 16);
        match self {
            Self::Whole => lanes[i],
            Self::Halves => {
                let half = |i: usize| lanes[i / 2] >> (16 * (i % 2)) << 16 >> 16;
                half(i + 16) << 15 | (lanes[i / 2] >> (16 * (i % 2)) & 0x7fff)
            }
        }
    }
}
