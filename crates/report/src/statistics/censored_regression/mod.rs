//! Linear regression with right-censored responses: `y = x'b + s e`, e standard normal, and of some
//! rows only a bound that y exceeds (Tobin 1958). With `y = ln n` this is the log-normal
//! accelerated failure time model.
//!
//! Maximum likelihood, in Olsen's parameters `d = b/s, h = 1/s` (1978), in which the log-likelihood
//! is concave, so Newton's method finds the maximum from anywhere. Standard errors are from the
//! observed information; as in ordinary regression, the variance is enlarged from `k` to `k - p`
//! degrees of freedom and intervals are Student's, with k the number of rows that are not censored.
//! Without censoring these are exactly the intervals of least squares.
//!
//! Rows of one cluster (cells of one N and Q, whose slopes differ) are not independent, as far as a
//! common coefficient is concerned. [`Regression::clustered`] therefore takes errors from the
//! scatter between clusters: the CR2 sandwich of Bell and McCaffrey (2002) with Satterthwaite's
//! degrees of freedom, as recommended for few clusters by Imbens and Kolesár (2016) and Pustejovsky
//! and Tipton (2018). A censored row enters with its generalised residual and weight, those of the
//! likelihood at the maximum.
//!
//! | file | holds |
//! |---|---|
//! | `regression` | rows, a fitted regression, and what can be read off it alone |
//! | `fit` | from least squares to the largest likelihood |
//! | `likelihood` | the log-likelihood and its derivatives |
//! | `weighted` | the rows as weighted least squares has them at the maximum |
//! | `clusters` | intervals by the scatter between clusters of rows |
//! | `linear` | linear algebra of a few dimensions |

mod clusters;
mod fit;
mod likelihood;
mod linear;
mod regression;
mod weighted;

pub use clusters::{Clustered, Combination};
pub use fit::fit;
pub use regression::{Regression, Row};
