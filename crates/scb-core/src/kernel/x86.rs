//! The portable kernels compiled for AVX2.
//!
//! No instruction is written by hand: each function is the portable text, inlined into a function
//! that may use wider registers. Rust never fuses or reorders floating point operations, so the bits
//! are the same.
//!
//! The only `unsafe` of the crate. Its one invariant: a function of this module is called only on a
//! processor that has AVX2, BMI1 and BMI2, which [`available`] asks.
#![allow(unsafe_code, reason = "calling code compiled for AVX2 is unsafe until the processor has been asked")]

use super::{Bits, TokenTable, portable};
use crate::random::Stream;

/// Whether this processor has everything these functions are compiled for.
#[inline]
pub(super) fn available() -> bool {
    use std::arch::is_x86_feature_detected as has;
    has!("avx2") && has!("bmi1") && has!("bmi2")
}

macro_rules! for_avx2 {
    ($(fn $name:ident($($argument:ident: $kind:ty),*) $(-> $result:ty)?;)*) => {$(
        /// The portable function of this name, for AVX2. Call only when [`available`].
        pub(super) fn $name($($argument: $kind),*) $(-> $result)? {
            #[target_feature(enable = "avx2,bmi1,bmi2")]
            fn wide($($argument: $kind),*) $(-> $result)? {
                portable::$name($($argument),*)
            }
            debug_assert!(available());
            // SAFETY: the caller has asked `available`.
            unsafe { wide($($argument),*) }
        }
    )*};
}

for_avx2! {
    fn draw_tokens(table: &TokenTable, bits: &mut Bits, ties: &mut Stream, tokens: &mut [u8]);
    fn histogram(tokens: &[u8], weights: &[f32], h: &mut [f64]);
    fn add_look_ups(tokens: &[u8], tables: &[f32], n: usize, sums: &mut [f32]);
    fn sum(x: &[f32]) -> f64;
    fn largest(x: &[f32]) -> f32;
    fn kept(x: &[f32], floor: f32) -> (f64, f64, f64);
}
