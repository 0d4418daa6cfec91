//! The answer for a paper: tables in LaTeX, numbers in CSV, figures in PDF.
//!
//! | module | holds |
//! |---|---|
//! | `tex` | `answer.tex`: needed samples, exponents, ratios and verdicts as booktabs tables |
//! | `csv` | `answer.csv`: the same numbers, one a row |
//! | `pdf` | a figure as PDF, with its font |

mod csv;
#[cfg(feature = "pdf")]
mod pdf;
mod tex;

pub use csv::answer_csv;
#[cfg(feature = "pdf")]
pub use pdf::pdf;
pub use tex::answer_tex;

/// No figure becomes PDF: the feature `pdf` is off.
#[cfg(not(feature = "pdf"))]
#[must_use]
pub fn pdf(_svg: &str) -> Option<Vec<u8>> {
    None
}
