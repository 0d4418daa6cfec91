//! Statistics of runs of which some were not seen to arrive; nothing here knows of records.
//!
//! | file | holds |
//! |---|---|
//! | [`order_statistics`] | readings, and quantiles of them |
//! | [`survival`] | success curves, with intervals of their quantiles |
//! | [`confidence`] | intervals of shares |
//! | [`cross_fitting`] | hyperparameters chosen on one half of the replicates, judged on the other |
//! | [`ratio`] | the ratio of two quantiles, of runs that may share tasks |
//! | [`censored_regression`] | linear regression with lower bounds among the responses |

pub mod censored_regression;
pub mod confidence;
pub mod cross_fitting;
pub mod order_statistics;
pub mod ratio;
pub mod survival;
