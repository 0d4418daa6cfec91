//! The terms of a law, and how it may depend on T.

use super::needed::Needed;

/// A term of a law.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Term {
    /// The constant c.
    Constant,
    /// `ln T`; its coefficient is the exponent of T.
    T,
    /// `ln ln T`; its coefficient is the power of `ln T`.
    LogT,
    /// `ln N`.
    N,
    /// `ln Q`.
    Q,
}

impl Term {
    /// Its name in the table.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Constant => "constant",
            Self::T => "T",
            Self::LogT => "ln T",
            Self::N => "N",
            Self::Q => "Q",
        }
    }

    pub(super) fn value(self, n: f64, q: f64, t: f64) -> f64 {
        match self {
            Self::Constant => 1.0,
            Self::T => libm::log(t),
            Self::LogT => libm::log(libm::log(t)),
            Self::N => libm::log(n),
            Self::Q => libm::log(q),
        }
    }

    pub(super) fn of(self, cell: &Needed) -> f64 {
        self.value(cell.n as f64, cell.q as f64, cell.t as f64)
    }
}

/// How a law depends on T.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// As a power of T.
    Power,
    /// As a power of `ln T`.
    Polylog,
}

impl Form {
    /// Its name in the table.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Power => "power",
            Self::Polylog => "polylog",
        }
    }

    /// Its term in T.
    #[must_use]
    pub fn term(self) -> Term {
        match self {
            Self::Power => Term::T,
            Self::Polylog => Term::LogT,
        }
    }

    /// Derivative of its term in T by `ln T`.
    pub(super) fn slope(self, t: f64) -> f64 {
        match self {
            Self::Power => 1.0,
            Self::Polylog => 1.0 / libm::log(t),
        }
    }
}
