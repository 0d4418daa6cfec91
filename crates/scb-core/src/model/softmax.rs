//! Softmax attention `a^(k) = softmax(s^(k))`, and how the loss depends on its logits.
//!
//! With `g = da^(k)` the gradient with respect to the attention, that with respect to the logits is
//! `ds = a * (g - <a, g>)`, entry by entry.

use ndarray::Array2;

use crate::kernel;

/// Smaller attention counts as this, so that its logarithm exists.
const MIN_ATTENTION: f32 = 1e-12;

/// The logits `s = ln a` of an attention; entries below [`MIN_ATTENTION`] count as that. Uniform
/// attention has equal logits.
pub(crate) fn logits_of(attention: &Array2<f32>) -> Array2<f32> {
    let largest = attention.iter().copied().fold(MIN_ATTENTION, f32::max);
    // Relative to the largest entry, so that the logits of the uniform start are 0 as in the paper.
    attention.mapv(|a| libm::logf(if a < MIN_ATTENTION { MIN_ATTENTION } else { a } / largest))
}

/// Writes `softmax(s)` of one row.
pub(crate) fn attend(s: &[f32], a: &mut [f32]) {
    kernel::exponentials(a, s, kernel::largest(s));
    kernel::multiply_all(a, (1.0 / kernel::sum(a)) as f32);
}

/// Turns the gradient of one row of attention into that of its logits, in place.
pub(crate) fn to_logits(a: &[f32], g: &mut [f32]) {
    let mean = kernel::inner(a, g) as f32;
    kernel::to_logits(g, a, mean);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::{row, row_mut};
    use crate::random::{normal, stream};

    fn random(n: usize, t: usize, seed: u8) -> Array2<f32> {
        let mut s = stream([seed; 16]);
        Array2::from_shape_fn((n, t), |_| 0.7 * normal(&mut s) as f32)
    }

    fn attend_all(logits: &Array2<f32>, attention: &mut Array2<f32>) {
        (0..logits.nrows()).for_each(|k| attend(row(logits, k), row_mut(attention, k)));
    }

    #[test]
    fn attention_is_positive_sums_to_one_and_has_its_logits_back() {
        let logits = random(3, 77, 1);
        let mut attention = Array2::zeros((3, 77));
        attend_all(&logits, &mut attention);
        for (a, s) in attention.rows().into_iter().zip(logits.rows()) {
            assert!(a.iter().all(|&a| a > 0.0) && (a.sum() - 1.0).abs() < 1e-5);
            let total: f64 = s.iter().map(|&s| f64::from(s).exp()).sum();
            assert!(a.iter().zip(s).all(|(&a, &s)| (f64::from(a) - f64::from(s).exp() / total).abs() < 1e-7));
        }
        let mut again = attention.clone();
        attend_all(&logits_of(&attention), &mut again);
        assert!(again.iter().zip(&attention).all(|(x, y)| (x - y).abs() < 1e-6));
        assert_eq!(logits_of(&Array2::from_elem((2, 5), 0.2)), Array2::<f32>::zeros((2, 5)));
        assert!(logits_of(&Array2::from_elem((1, 2), -1.0)).iter().all(|s| s.is_finite()));
    }

    /// The derivative of `<g, softmax(s)>` by central differences in double precision.
    #[test]
    fn the_gradient_of_the_logits_agrees_with_finite_differences() {
        let (logits, g) = (random(1, 33, 2), random(1, 33, 3));
        let value = |s: &[f64]| {
            let total: f64 = s.iter().map(|s| s.exp()).sum();
            s.iter().zip(&g).map(|(s, &g)| f64::from(g) * s.exp() / total).sum::<f64>()
        };
        let mut attention = Array2::zeros((1, 33));
        attend_all(&logits, &mut attention);
        let mut ds = g.clone();
        to_logits(row(&attention, 0), row_mut(&mut ds, 0));
        let s: Vec<f64> = logits.iter().map(|&s| f64::from(s)).collect();
        for t in 0..33 {
            let at = |delta: f64| {
                let mut moved = s.clone();
                moved[t] += delta;
                value(&moved)
            };
            let slope = (at(1e-4) - at(-1e-4)) / 2e-4;
            assert!((f64::from(ds[[0, t]]) - slope).abs() < 1e-6, "{t}: {} {slope}", ds[[0, t]]);
        }
    }
}
