//! The kernels for x86-64 with wider registers.
//!
//! What takes the time is written with the processor's own instructions in `avx2` and `avx512`; the rest is
//! the portable text, inlined into functions that may use wider registers. Rust never fuses or
//! reorders floating-point operations, and integer sums do not depend on their order, so the bits are the same.
//!
//! This module and those below hold the only `unsafe` of the crate. Its invariants:
//!
//! 1. A function compiled for a level is called only through `call!`, with a `Level` of that kind. Such a
//!    level can only be had from `Level::available`, which has asked the processor.
//! 2. Memory is touched only through references to whole arrays: a load or store moves 32 or 64 bytes from or to a
//!    reference to at least as many, and needs no alignment.
#![allow(unsafe_code, reason = "instructions that not every processor has, and their loads and stores")]

pub(super) mod avx2;
pub(super) mod avx512;

/// Whether this processor has everything that `avx2` is compiled for.
pub(super) fn has_avx2() -> bool {
    use std::arch::is_x86_feature_detected as has;
    has!("avx2") && has!("bmi1") && has!("bmi2") && has!("popcnt")
}

/// Whether this processor has everything that `avx512` is compiled for.
pub(super) fn has_avx512() -> bool {
    use std::arch::is_x86_feature_detected as has;
    has_avx2() && has!("avx512f") && has!("avx512bw") && has!("avx512dq") && has!("avx512vl")
}

/// The portable functions compiled for the features of the module it stands in.
macro_rules! compile_portable {
    ($features:literal: $(fn $name:ident($($argument:ident: $kind:ty),*) $(-> $result:ty)?;)*) => {$(
        #[target_feature(enable = $features)]
        pub(in crate::kernel) fn $name($($argument: $kind),*) $(-> $result)? {
            $crate::kernel::portable::$name($($argument),*)
        }
    )*};
}
pub(super) use compile_portable;

/// Calls a function that is compiled for a level, from code that has a [`Level`](super::Level) of that kind.
macro_rules! call {
    ($module:ident::$name:ident($($argument:expr),*)) => {{
        #[allow(unsafe_code, reason = "see x86")]
        // SAFETY: invariant 1 of `x86`.
        unsafe {
            x86::$module::$name($($argument),*)
        }
    }};
}
pub(super) use call;
