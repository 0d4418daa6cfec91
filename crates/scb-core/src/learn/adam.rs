//! Adam on V and on linear attention. It is the control for `softmax_adam`: the comparison shows
//! which differences from `sgd` are due to softmax and which are due to Adam. As for `sgd`, rows of
//! the attention need not sum to 1.

use super::composed::Composed;
use super::parametrisation::LinearAttention;
use super::rule::Adam;
use super::{Algorithm, Constructor, Prediction};

pub(super) const ALGORITHM: Algorithm = Algorithm {
    name: "adam",
    summary: "Adam on linear attention, the control for softmax_adam",
    parameters: &[],
    scale_free: true,
    bytes: Adam::bytes,
    prediction: |_| Prediction::Nothing,
    make: Constructor::FromSamples(Composed::<LinearAttention, Adam>::learner),
};
