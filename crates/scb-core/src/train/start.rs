//! The initial model.

use ndarray::Array2;

use crate::TrainError;
use crate::learn::InitialModel;
use crate::model::Model;
use crate::task::Task;
use crate::theory::on_path;

/// The initial model. The default is [`Start::UNINFORMATIVE`].
#[derive(Debug, Clone, PartialEq)]
pub enum Start {
    /// Given correlations: `V = mu 1' + alpha_V Pc`, `a^(k) = 1/T + alpha_A Qc^(k)`.
    Planted {
        /// `alpha_V` at the start, finite.
        alpha_v: f64,
        /// `alpha_A` at the start, finite.
        alpha_a: f64,
    },
    /// `V = weight V_src + (1 - weight) mu 1'`, the attention uniform.
    Transferred {
        /// `V_src`, shape `(N, N)`, finite, for example from [`Pretraining`](super::Pretraining).
        value: Array2<f64>,
        /// Its weight, finite; usually in `[0, 1]`.
        weight: f64,
    },
}

impl Start {
    /// The uninformative start `V = mu 1'`, `a^(k) = 1/T`.
    pub const UNINFORMATIVE: Self = Self::Planted { alpha_v: 0.0, alpha_a: 0.0 };

    /// The model that training on `task` starts from.
    ///
    /// # Errors
    /// [`TrainError::Setting`] if V does not have shape `(N, N)` or a number is not finite.
    pub fn model(&self, task: &Task) -> Result<Model<'static>, TrainError> {
        self.check(task)?;
        Ok(match self {
            &Self::Planted { alpha_v, alpha_a } => on_path(task, alpha_v, alpha_a),
            Self::Transferred { value, weight } => {
                let mut model = on_path(task, 0.0, 0.0);
                // w V_src + (1 - w) mu 1' = mu 1' + w (V_src - mu 1').
                let centred = value - &*model.value;
                model.value.to_mut().scaled_add(*weight, &centred);
                model
            }
        })
    }

    /// How [`Start::model`] relates to the truth, without computing it.
    pub(super) fn correlations(&self) -> InitialModel {
        match self {
            &Self::Planted { alpha_v, alpha_a } => InitialModel::Planted { alpha_v, alpha_a },
            Self::Transferred { .. } => InitialModel::AnyValue,
        }
    }

    /// Checks that it fits `task`.
    fn check(&self, task: &Task) -> Result<(), TrainError> {
        let wrong = |value, range: &str| Err(TrainError::Setting { name: "start", value, range: range.to_owned() });
        match self {
            Self::Transferred { value, .. } if value.dim() != (task.n, task.n) => {
                wrong(value.nrows() as f64, "a V of N rows and N columns")
            }
            Self::Transferred { value, .. } if !value.iter().all(|v| v.is_finite()) => {
                wrong(f64::NAN, "a V of finite entries")
            }
            Self::Transferred { weight, .. } if !weight.is_finite() => wrong(*weight, "a finite weight"),
            Self::Planted { alpha_v, alpha_a } if !(alpha_v.is_finite() && alpha_a.is_finite()) => {
                wrong(alpha_v + alpha_a, "finite correlations")
            }
            _ => Ok(()),
        }
    }
}

impl Default for Start {
    fn default() -> Self {
        Self::UNINFORMATIVE
    }
}
