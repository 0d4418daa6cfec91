//! Adam on V and on linear attention: the control that tells what of `softmax_adam` is due to softmax and
//! what to Adam. As for `sgd`, rows of the attention need not sum to 1.

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
