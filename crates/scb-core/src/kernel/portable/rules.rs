//! What softmax attention and Adam do to rows of numbers, entry by entry.

/// Number of lanes of the sum `<a, g>`. Decides results.
const LANES: usize = 16;

/// `a <- exp(s - largest)`, where no entry of `s` exceeds `largest`.
#[inline(always)]
pub(in crate::kernel) fn exponentials(a: &mut [f32], s: &[f32], largest: f32) {
    a.iter_mut().zip(s).for_each(|(a, &s)| *a = exponential(s - largest));
}

/// `exp(x)` for `x <= 0`, to 2^-22 of itself; below -87 as at -87, so that it is never 0. NaN stays
/// NaN.
///
/// `x = k ln 2 + r`, `exp(x) = 2^k exp(r)`, and for `exp(r)` on `|r| <= ln(2) / 2` a polynomial
/// (Cephes, S. Moshier). No function of the system's library: those differ between machines, and
/// no loop over calls becomes vector code.
#[inline(always)]
fn exponential(x: f32) -> f32 {
    const LEAST: f32 = -87.0;
    /// Adding it leaves the nearest integer in the low bits.
    const SHIFT: f32 = 12_582_912.0;
    /// ln 2 in two parts; the first has so few digits that its products with k are exact.
    const LN_2: [f32; 2] = [355.0 / 512.0, -2.121_944_4e-4];
    const SERIES: [f32; 6] =
        [1.987_569_1e-4, 1.398_199_9e-3, 8.333_452e-3, 4.166_579_6e-2, 1.666_666_5e-1, 0.500_000_1];
    // Not `max`, which would turn NaN into a number.
    let x = if x < LEAST { LEAST } else { x };
    let shifted = x * std::f32::consts::LOG2_E + SHIFT;
    let k = shifted - SHIFT;
    let r = (x - k * LN_2[0]) - k * LN_2[1];
    let series = SERIES[1..].iter().fold(SERIES[0], |sum, &c| sum * r + c);
    let fraction = series * (r * r) + r + 1.0;
    // The low bits of `shifted` are k, and k + 127 is the exponent of 2^k.
    fraction * f32::from_bits((shifted.to_bits() << 23).wrapping_add(1.0f32.to_bits()))
}

/// Multiplies every entry by `x`.
#[inline(always)]
pub(in crate::kernel) fn multiply_all(a: &mut [f32], x: f32) {
    a.iter_mut().for_each(|a| *a *= x);
}

/// `<a, g>` of a piece: every product in double precision, in 16 lanes, which are then added in
/// order.
#[inline(always)]
pub(in crate::kernel) fn inner(a: &[f32], g: &[f32]) -> f64 {
    let mut lanes = [0.0; LANES];
    let ((a, a_rest), (g, g_rest)) = (a.as_chunks::<LANES>(), g.as_chunks::<LANES>());
    for (a, g) in a.iter().zip(g) {
        for i in 0..LANES {
            lanes[i] += f64::from(a[i]) * f64::from(g[i]);
        }
    }
    for ((lane, &a), &g) in lanes.iter_mut().zip(a_rest).zip(g_rest) {
        *lane += f64::from(a) * f64::from(g);
    }
    lanes.iter().sum()
}

/// `g <- a (g - mean)`.
#[inline(always)]
pub(in crate::kernel) fn to_logits(g: &mut [f32], a: &[f32], mean: f32) {
    g.iter_mut().zip(a).for_each(|(g, &a)| *g = a * (*g - mean));
}

/// Defines a step of Adam for numbers of one type.
macro_rules! step_of_adam {
    ($name:ident, $float:ty) => {
        /// A step of Adam: `m <- m + rates[0] (g - m)`, `s <- s + rates[1] (g^2 - s)`,
        /// `x <- x - eta m / (sqrt(s) scale + e)`.
        #[inline(always)]
        pub(in crate::kernel) fn $name(
            x: &mut [$float],
            g: &[$float],
            [m, s]: [&mut [$float]; 2],
            rates: [$float; 2],
            [eta, scale, e]: [$float; 3],
        ) {
            for (((x, &g), m), s) in x.iter_mut().zip(g).zip(m).zip(s) {
                *m += rates[0] * (g - *m);
                *s += rates[1] * (g * g - *s);
                *x -= eta * *m / (s.sqrt() * scale + e);
            }
        }
    };
}
step_of_adam!(adam, f32);
step_of_adam!(adam_of_value, f64);
