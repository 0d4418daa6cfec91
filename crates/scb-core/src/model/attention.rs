//! A model as measures see it. All entries of the attention need not be in memory.

use std::borrow::Cow;

use ndarray::Array2;

use super::Linear;
use crate::kernel;
use crate::task::Task;

/// A model: a [`Linear`], or one whose attention is given by few numbers.
#[derive(Debug, Clone, PartialEq)]
pub struct Model<'m> {
    /// V, shape `(N, N)`.
    pub value: Cow<'m, Array2<f64>>,
    /// A.
    pub attention: Attention<'m>,
    /// As [`Linear::residual_noise`].
    pub residual_noise: Option<Cow<'m, [f64]>>,
}

/// The attention of a model.
#[derive(Debug, Clone, PartialEq)]
pub enum Attention<'m> {
    /// All entries, shape `(N, T)`, row-major: row k is `a^(k)`.
    Entries(Cow<'m, Array2<f32>>),
    /// Attention on the path from the uninformative start to the truth.
    Path(Cow<'m, Path>),
}

/// Attention `a^(k) = 1/T + alpha_A Qc^(k)`: a row has one number at its true positions each, and
/// one at all others.
#[derive(Debug, Clone, PartialEq)]
pub struct Path {
    /// The numbers at the true positions of each query token, in the order of its pattern.
    at_positions: Vec<Vec<f32>>,
    elsewhere: f32,
    t: usize,
}

impl Path {
    /// The path of `task` at the correlation `alpha_a`. O(N Q).
    #[must_use]
    pub fn new(task: &Task, alpha_a: f64) -> Self {
        let uniform = (1.0 - alpha_a) / task.t as f64;
        let at = |weights: &Vec<f64>| weights.iter().map(|weight| (uniform + alpha_a * weight) as f32).collect();
        let at_positions = task.patterns.iter().map(|pattern| at(&pattern.weights)).collect();
        Self { at_positions, elsewhere: uniform as f32, t: task.t }
    }
}

impl Model<'_> {
    /// All entries of the model, which is one of `task`. O(N T) unless it has them.
    #[must_use]
    pub fn to_linear(&self, task: &Task) -> Linear {
        Linear {
            value: self.value.clone().into_owned(),
            attention: self.attention.entries(task).into_owned(),
            residual_noise: self.residual_noise.as_ref().map(|noise| noise.to_vec()),
        }
    }

    /// The same model, which borrows nothing.
    #[must_use]
    pub fn into_owned(self) -> Model<'static> {
        Model {
            value: Cow::Owned(self.value.into_owned()),
            attention: match self.attention {
                Attention::Entries(entries) => Attention::Entries(Cow::Owned(entries.into_owned())),
                Attention::Path(path) => Attention::Path(Cow::Owned(path.into_owned())),
            },
            residual_noise: self.residual_noise.map(|noise| Cow::Owned(noise.into_owned())),
        }
    }

    /// [`residual_noise`](Self::residual_noise) of query token k.
    pub(crate) fn residual_noise_of(&self, k: usize) -> Option<f64> {
        self.residual_noise.as_ref().map(|noise| noise[k])
    }
}

impl Attention<'_> {
    /// All entries, shape `(N, T)`, of attention of `task`.
    #[must_use]
    pub fn entries(&self, task: &Task) -> Cow<'_, Array2<f32>> {
        match self {
            Self::Entries(entries) => Cow::Borrowed(&**entries),
            Self::Path(path) => {
                let mut entries = Array2::from_elem((task.n, task.t), path.elsewhere);
                for ((mut row, pattern), at) in
                    entries.rows_mut().into_iter().zip(&task.patterns).zip(&path.at_positions)
                {
                    pattern.positions.iter().zip(at).for_each(|(&position, &a)| row[position] = a);
                }
                Cow::Owned(entries)
            }
        }
    }

    /// The attention of query token k.
    ///
    /// # Panics
    /// If the entries are not row-major.
    pub(crate) fn row(&self, k: usize) -> Row<'_> {
        match self {
            Self::Entries(entries) => Row::Entries(kernel::row(entries, k)),
            Self::Path(path) => Row::Path { at_positions: &path.at_positions[k], elsewhere: path.elsewhere, t: path.t },
        }
    }
}

impl From<Linear> for Model<'static> {
    fn from(model: Linear) -> Self {
        Self {
            value: Cow::Owned(model.value),
            attention: Attention::Entries(Cow::Owned(model.attention)),
            residual_noise: model.residual_noise.map(Cow::Owned),
        }
    }
}

impl<'m> From<&'m Linear> for Model<'m> {
    fn from(model: &'m Linear) -> Self {
        Self {
            value: Cow::Borrowed(&model.value),
            attention: (&model.attention).into(),
            residual_noise: model.residual_noise.as_deref().map(Cow::Borrowed),
        }
    }
}

impl<'m> From<&'m Model<'_>> for Model<'m> {
    fn from(model: &'m Model<'_>) -> Self {
        Self {
            value: Cow::Borrowed(&model.value),
            attention: (&model.attention).into(),
            residual_noise: model.residual_noise.as_deref().map(Cow::Borrowed),
        }
    }
}

impl<'m> From<&'m Array2<f32>> for Attention<'m> {
    fn from(entries: &'m Array2<f32>) -> Self {
        Self::Entries(Cow::Borrowed(entries))
    }
}

impl<'m> From<&'m Attention<'_>> for Attention<'m> {
    fn from(attention: &'m Attention<'_>) -> Self {
        match attention {
            Attention::Entries(entries) => Self::Entries(Cow::Borrowed(&**entries)),
            Attention::Path(path) => Self::Path(Cow::Borrowed(&**path)),
        }
    }
}

/// The attention of one query token.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Row<'m> {
    /// All T entries.
    Entries(&'m [f32]),
    /// The entries at the true positions, in their order, and that at all other positions.
    Path { at_positions: &'m [f32], elsewhere: f32, t: usize },
}

impl Row<'_> {
    /// Its length T.
    pub(crate) fn len(&self) -> usize {
        match *self {
            Self::Entries(a) => a.len(),
            Self::Path { t, .. } => t,
        }
    }

    /// The entry at `position`, which is true position number `number`.
    pub(crate) fn at(&self, number: usize, position: usize) -> f32 {
        match *self {
            Self::Entries(a) => a[position],
            Self::Path { at_positions, .. } => at_positions[number],
        }
    }

    /// The largest entry; NaN entries are ignored.
    pub(crate) fn largest(&self) -> f32 {
        match self {
            Self::Entries(a) => kernel::largest(a),
            Self::Path { .. } => self.distinct().fold(f32::NEG_INFINITY, |y, (x, _)| if x > y { x } else { y }),
        }
    }

    /// The smallest entry; NaN entries are ignored.
    pub(crate) fn smallest(&self) -> f32 {
        match self {
            Self::Entries(a) => smallest(a),
            Self::Path { .. } => self.distinct().fold(f32::INFINITY, |y, (x, _)| if x < y { x } else { y }),
        }
    }

    /// The sum of all entries.
    pub(crate) fn sum(&self) -> f64 {
        match self {
            Self::Entries(a) => kernel::sum(a),
            Self::Path { .. } => self.distinct().map(|(x, copies)| copies * f64::from(x)).sum(),
        }
    }

    /// The sum of all entries, one after the other in double precision.
    pub(crate) fn plain_sum(&self) -> f64 {
        match self {
            Self::Entries(a) => a.iter().map(|&x| f64::from(x)).sum(),
            Self::Path { .. } => self.sum(),
        }
    }

    /// The sum of all squares, one after the other in double precision.
    pub(crate) fn square(&self) -> f64 {
        match self {
            Self::Entries(a) => a.iter().map(|&x| f64::from(x) * f64::from(x)).sum(),
            Self::Path { .. } => self.distinct().map(|(x, copies)| copies * f64::from(x) * f64::from(x)).sum(),
        }
    }

    /// Sum, sum of squares and number of the entries that are at least `floor`.
    pub(crate) fn kept(&self, floor: f32) -> (f64, f64, f64) {
        match self {
            Self::Entries(a) => kernel::kept(a, floor),
            Self::Path { .. } => {
                let kept = self.distinct().filter(|(x, _)| *x >= floor);
                kept.fold((0.0, 0.0, 0.0), |(mass, square, count), (x, copies)| {
                    let x = f64::from(x);
                    (mass + copies * x, square + copies * x * x, count + copies)
                })
            }
        }
    }

    /// The number of entries that are at least `floor`, counted up to `most`.
    pub(crate) fn count_from(&self, floor: f32, most: usize) -> usize {
        match self {
            Self::Entries(a) => a.iter().filter(|&&x| x >= floor).take(most).count(),
            Self::Path { .. } => (self.kept(floor).2 as usize).min(most),
        }
    }

    /// The entries, each with the number of its copies: those at the true positions of a path one
    /// by one, then the others together.
    pub(crate) fn distinct(&self) -> impl Iterator<Item = (f32, f64)> {
        let (at, elsewhere, others) = match *self {
            Self::Entries(a) => (a, 0.0, 0),
            Self::Path { at_positions, elsewhere, t } => (at_positions, elsewhere, t - at_positions.len()),
        };
        let rest = (others > 0).then_some((elsewhere, others as f64));
        at.iter().map(|&x| (x, 1.0)).chain(rest)
    }
}

/// The smallest entry; infinity if there is none. It is computed in lanes, which the compiler turns
/// into vectors.
#[must_use]
pub(crate) fn smallest(a: &[f32]) -> f32 {
    let less = |x: f32, y: f32| if x < y { x } else { y };
    let (blocks, rest) = a.as_chunks::<32>();
    let mut lanes = [f32::INFINITY; 32];
    for block in blocks {
        lanes.iter_mut().zip(block).for_each(|(lane, &x)| *lane = less(x, *lane));
    }
    lanes.into_iter().chain(rest.iter().copied()).fold(f32::INFINITY, |least, x| less(x, least))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::Truth;
    use crate::model::{clear_mass, kept_mass};
    use crate::random::stream;
    use crate::task::{Chain, TaskSpec, Weights};
    use crate::theory::on_path;
    use crate::theory::population::expected_loss;

    /// Every measure of a path agrees with that of its entries, to the precision of sums in single
    /// precision; for equal and unequal weights, at both ends of the path, beyond them, and at T = Q,
    /// where there is no other position.
    #[test]
    fn measures_of_a_path_are_those_of_its_entries() {
        for (t, weights) in [(3, Weights::Dirichlet(2.0)), (40, Weights::Equal), (3000, Weights::Dirichlet(2.0))] {
            let chain = Chain::Mixture { persistence: 0.3, concentration: 1.0 };
            let task = Task::draw(&TaskSpec { n: 4, q: 3, t, chain, weights }, &mut stream([t as u8; 16])).unwrap();
            let truth = Truth::new(&task);
            for alpha in [-1.0, -0.2, 0.0, 1e-3, 0.3, 1.0, 1.7] {
                let path = on_path(&task, 0.6, alpha);
                let entries = path.to_linear(&task);
                let (mu, all) = (&task.stationary, Model::from(&entries));
                let measures = |model: &Model<'_>| {
                    let errors = truth.errors(model, 0.5);
                    // Squares, because near 0 one of them is a difference of numbers near 1.
                    [
                        truth.alpha_a(&model.attention),
                        truth.alpha_a_of_unit_rows(&model.attention),
                        errors.attention.powi(2),
                        errors.rounded_attention.powi(2),
                        errors.rounded_value.powi(2),
                        errors.loss,
                        expected_loss(&task, model),
                        kept_mass(mu, model, 0.5),
                        clear_mass(mu, model, 0.5),
                    ]
                };
                for (i, (x, y)) in measures(&path).into_iter().zip(measures(&all)).enumerate() {
                    let same = x == y || (x - y).abs() < 2e-5 * (1.0 + y.abs());
                    assert!(same, "measure {i} at T = {t}, alpha_A = {alpha}: {x} {y}");
                }
                assert_eq!(
                    truth.support_found(&path.attention),
                    truth.support_found(&entries.attention),
                    "{t} {alpha}"
                );
            }
        }
    }
}
