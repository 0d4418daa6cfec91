//! Levels: the instruction sets that the kernels are written for.

use std::sync::atomic::{AtomicU8, Ordering};

#[cfg(target_arch = "x86_64")]
use super::processor::{has_avx2, has_avx512};

/// A processor instruction set for the inner loops. All levels give the same bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Level(Kind);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Portable,
    #[cfg(target_arch = "x86_64")]
    Avx2,
    #[cfg(target_arch = "x86_64")]
    Avx512,
}

/// The index of the chosen level in [`Level::available`], counted from 1; 0 until one is chosen.
static CHOSEN: AtomicU8 = AtomicU8::new(0);

/// Selects the level for the whole process. Results do not depend on it, so it may be called at any
/// time. Without a call the fastest available level is used.
pub fn use_level(level: Level) {
    CHOSEN.store(level.place(), Ordering::Relaxed);
}

/// The level in use: that of the last [`use_level`], or the fastest available one.
#[must_use]
pub fn level_in_use() -> Level {
    match CHOSEN.load(Ordering::Relaxed) {
        0 => {
            let best = Level::best();
            use_level(best);
            best
        }
        place => Level::at(place),
    }
}

impl Level {
    /// Plain Rust, for any processor.
    pub const PORTABLE: Self = Self(Kind::Portable);

    /// The levels that this processor supports, slowest first.
    #[must_use]
    pub fn available() -> Vec<Self> {
        #[cfg(target_arch = "x86_64")]
        let wide = [has_avx2().then_some(Self(Kind::Avx2)), has_avx512().then_some(Self(Kind::Avx512))];
        #[cfg(not(target_arch = "x86_64"))]
        let wide: [Option<Self>; 0] = [];
        [Self::PORTABLE].into_iter().chain(wide.into_iter().flatten()).collect()
    }

    /// The fastest level that this processor supports.
    #[must_use]
    pub fn best() -> Self {
        Self::available().pop().unwrap_or(Self::PORTABLE)
    }

    /// Its name: `portable`, `avx2` or `avx512`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self.0 {
            Kind::Portable => "portable",
            #[cfg(target_arch = "x86_64")]
            Kind::Avx2 => "avx2",
            #[cfg(target_arch = "x86_64")]
            Kind::Avx512 => "avx512",
        }
    }

    pub(super) fn kind(self) -> Kind {
        self.0
    }

    fn place(self) -> u8 {
        match self.0 {
            Kind::Portable => 1,
            #[cfg(target_arch = "x86_64")]
            Kind::Avx2 => 2,
            #[cfg(target_arch = "x86_64")]
            Kind::Avx512 => 3,
        }
    }

    /// The level whose [`place`](Self::place) this is. Places come from levels alone, so this
    /// processor supports it.
    fn at(place: u8) -> Self {
        match place {
            #[cfg(target_arch = "x86_64")]
            2 => Self(Kind::Avx2),
            #[cfg(target_arch = "x86_64")]
            3 => Self(Kind::Avx512),
            _ => Self::PORTABLE,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_level_is_found_again_by_its_place() {
        for level in Level::available() {
            assert_eq!(Level::at(level.place()), level);
        }
    }
}
