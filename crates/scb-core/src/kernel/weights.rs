//! How weights of the attention lie in memory.

/// Sixteen positions' weights.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(C, align(64))]
pub(super) struct Weights16(pub(super) [i32; 16]);

/// How a level wants the weights to lie in memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// Sixteen 32-bit integers.
    Whole,
    /// The low 15 bits of all sixteen, then what is above them, which fits 16 as weights are below 2^30: signed 16-bit
    /// integers both. See `x86::avx2` for why.
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
