//! Statistics of runs of which some were not seen to arrive; nothing here knows of records.
//!
//! | file | holds |
//! |---|---|
//! | [`survival`] | quantiles with intervals and success curves |
//! | [`cross_fitting`] | hyperparameters chosen on one half of the replicates, judged on the other |
//! | [`censored_regression`] | linear regression with lower bounds among the responses |

pub mod censored_regression;
pub mod cross_fitting;
pub mod survival;
