//! The kernels for x86-64 with wider registers.
//!
//! The loops that take most of the time are written with the instructions of the processor in
//! `avx2` and `avx512`. The rest is the portable code, inlined into functions that may use wider
//! registers. Rust never fuses or reorders floating-point operations, and integer sums do not
//! depend on their order, so the bits are the same.
//!
//! This module and those below hold the only `unsafe` of the crate. Its invariants:
//!
//! 1. A function compiled for a level is called from other code only through `call!`, with a
//!    `Level` of that kind. Such a level comes only from `Level::available`, which has asked the
//!    processor.
//! 2. Loads and stores go through a reference to a [`Plain`] type, of which any bits are a value;
//!    they move 32 or 64 bytes, at most the 64 that such a type has, and need no alignment.
//! 3. The indices of a gather are below the length of the slice that it reads. The comment at each
//!    gather says where that is asserted or masked.
#![allow(unsafe_code, reason = "instructions that not every processor has, and their loads and stores")]
#![allow(clippy::needless_range_loop, reason = "a lane is a number, and several arrays have it")]

use super::layout::Block;
use super::table::Table;
use super::weights::Weights16;

pub(super) mod avx2;
pub(super) mod avx512;

/// Sixty-four bytes of plain numbers.
///
/// # Safety
/// The type has 64 bytes, no padding, and any bits are a value of it.
unsafe trait Plain {}

// SAFETY: arrays of integers or floats, or such an array alone in a `repr(C)` struct. The functions
// that load or store assert the size.
unsafe impl Plain for [u16; 32] {}
// SAFETY: as above.
unsafe impl Plain for [u64; 8] {}
// SAFETY: as above.
unsafe impl Plain for [f32; 16] {}
// SAFETY: as above.
unsafe impl Plain for [f64; 8] {}
// SAFETY: as above.
unsafe impl Plain for Block {}
// SAFETY: as above.
unsafe impl Plain for Weights16 {}
// SAFETY: as above.
unsafe impl Plain for Table {}

/// Portable functions that the compiler makes good vector code of, compiled for the features of the
/// module that calls this macro.
macro_rules! compile_portable {
    ($features:literal) => {
        $crate::kernel::x86::compile_portable! { $features:
            fn largest(x: &[f32]) -> f32;
            fn descend(a: &mut [f32], g: &[f32], eta: f32, mean: f32, threshold: f32);
            fn add_to_all(a: &mut [f32], x: f32);
            fn exponentials(a: &mut [f32], s: &[f32], largest: f32);
            fn multiply_all(a: &mut [f32], x: f32);
            fn inner(a: &[f32], g: &[f32]) -> f64;
            fn to_logits(g: &mut [f32], a: &[f32], mean: f32);
            fn adam(x: &mut [f32], g: &[f32], moments: [&mut [f32]; 2], rates: [f32; 2], eta_scale_e: [f32; 3]);
            fn adam_of_value(x: &mut [f64], g: &[f64], moments: [&mut [f64]; 2], rates: [f64; 2], eta_scale_e: [f64; 3]);
            fn step_value(v: &mut [f64], g: &[f64], mu_and_inverse: [&[f64]; 2], means: &mut [f64], eta: f64);
            fn copy_tokens(line: &[Block], into: &mut [Block], mask: u16, from_to: [u32; 2]);
            fn add_fields(counts: &mut [u32], sums: &[f32], shift: usize, bits: usize);
            fn take_counts(both: &mut [f64], rest: &mut [f64], here: &mut [f64], counts: &[u32]);
            fn add_dependence(sizes: &mut [f64], both: &[f64], here: &[f64], share_shift_scale: [f64; 3]);
            fn to_single(from: &[f64], into: &mut [f32]);
            fn to_double(from: &[f32], add: bool, into: &mut [f64]);
            fn weigh_wide(sequences: &mut Sequences<'_>);
        }
    };
    ($features:literal: $(fn $name:ident($($argument:ident: $kind:ty),*) $(-> $result:ty)?;)*) => {$(
        #[target_feature(enable = $features)]
        pub(in crate::kernel) fn $name($($argument: $kind),*) $(-> $result)? {
            $crate::kernel::portable::$name($($argument),*)
        }
    )*};
}
pub(super) use compile_portable;

/// Calls a function that is generic over the number of bounds, 1 to 15, and the entries of a
/// histogram, and maybe over one more constant.
macro_rules! by_bounds {
    ($count:expr, $name:ident $(::<$more:tt>)? ($($argument:expr),*)) => {
        match $count {
            1 => $name::<1, 4 $(, $more)?>($($argument),*),
            2 => $name::<2, 4 $(, $more)?>($($argument),*),
            3 => $name::<3, 4 $(, $more)?>($($argument),*),
            4 => $name::<4, 8 $(, $more)?>($($argument),*),
            5 => $name::<5, 8 $(, $more)?>($($argument),*),
            6 => $name::<6, 8 $(, $more)?>($($argument),*),
            7 => $name::<7, 8 $(, $more)?>($($argument),*),
            8 => $name::<8, 16 $(, $more)?>($($argument),*),
            9 => $name::<9, 16 $(, $more)?>($($argument),*),
            10 => $name::<10, 16 $(, $more)?>($($argument),*),
            11 => $name::<11, 16 $(, $more)?>($($argument),*),
            12 => $name::<12, 16 $(, $more)?>($($argument),*),
            13 => $name::<13, 16 $(, $more)?>($($argument),*),
            14 => $name::<14, 16 $(, $more)?>($($argument),*),
            _ => $name::<15, 16 $(, $more)?>($($argument),*),
        }
    };
}
use by_bounds;

/// Calls a function that is compiled for a level, from code that has a [`Level`](super::Level) of
/// that kind.
macro_rules! call {
    ($module:ident::$name:ident $(::<$constant:tt>)? ($($argument:expr),*)) => {{
        #[allow(unsafe_code, reason = "see x86")]
        // SAFETY: invariant 1 of `x86`.
        unsafe {
            x86::$module::$name $(::<$constant>)? ($($argument),*)
        }
    }};
}
pub(super) use call;
