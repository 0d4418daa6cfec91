//! Reductions and steps of rows of the attention.

use crate::kernel::pieces::LANES;
use crate::kernel::weights::{Form, Weights16};

/// Rounds `a * per_unit`, which stays below 2^30, to the nearest integers, and adds them up. The
/// form is always whole.
#[inline(always)]
pub(in crate::kernel) fn round_weights(_: Form, a: &[f32], per_unit: f32, lanes: &mut [Weights16]) -> i32 {
    let mut totals = [0i32; 16];
    for_each_run(a, |run, a: &[f32; 16]| {
        for i in 0..16 {
            // Adding 1.5 * 2^52 leaves the nearest integer, ties to even, in the low bits.
            let whole = (f64::from(a[i] * per_unit) + 6_755_399_441_055_744.0).to_bits() as i32;
            lanes[run].0[i] = whole;
            totals[i] += whole;
        }
    });
    totals.iter().sum()
}

/// The lanes of a sum, by registers of 16.
type Lanes64 = [[f32; 16]; LANES / 16];

/// The sum of all lanes as a binary tree: the second half is added to the first until one number is
/// left.
#[inline(always)]
fn tree(lanes: &Lanes64) -> f32 {
    let [a, b, c, d] = lanes;
    let mut lanes = [0.0; 16];
    for i in 0..16 {
        lanes[i] = (a[i] + c[i]) + (b[i] + d[i]);
    }
    let mut width = 8;
    while width > 0 {
        for i in 0..width {
            lanes[i] += lanes[i + width];
        }
        width /= 2;
    }
    lanes[0]
}

/// The sum of a piece, or of its magnitudes.
#[inline(always)]
pub(in crate::kernel) fn sum<const MAGNITUDES: bool>(x: &[f32]) -> f32 {
    let mut lanes = [[0.0; 16]; LANES / 16];
    for_each_run(x, |_, x| add_lanes::<MAGNITUDES>(&mut lanes, x));
    tree(&lanes)
}

/// Calls `f` with every run of `L` entries and its number; the last run is filled up with zeros. A
/// lane of a sum is never -0, so zeros do not change it.
#[inline(always)]
pub(in crate::kernel) fn for_each_run<const L: usize>(x: &[f32], f: impl FnMut(usize, &[f32; L])) {
    for_each_run_with(0.0, x, f);
}

/// As [`for_each_run`], but the last run is filled up with `filling`.
#[inline(always)]
pub(in crate::kernel) fn for_each_run_with<const L: usize>(
    filling: f32,
    x: &[f32],
    mut f: impl FnMut(usize, &[f32; L]),
) {
    let (runs, rest) = x.as_chunks();
    for (i, run) in runs.iter().enumerate() {
        f(i, run);
    }
    if !rest.is_empty() {
        let mut last = [filling; L];
        last[..rest.len()].copy_from_slice(rest);
        f(runs.len(), &last);
    }
}

#[inline(always)]
fn add_lanes<const MAGNITUDES: bool>(lanes: &mut Lanes64, x: &[f32; LANES]) {
    for k in 0..LANES / 16 {
        for i in 0..16 {
            let x = x[16 * k + i];
            lanes[k][i] += if MAGNITUDES { x.abs() } else { x };
        }
    }
}

#[inline(always)]
pub(in crate::kernel) fn largest(x: &[f32]) -> f32 {
    let mut lanes = [f32::NEG_INFINITY; LANES];
    let (blocks, rest) = x.as_chunks::<LANES>();
    for block in blocks.iter().map(<[f32; LANES]>::as_slice).chain([rest]) {
        for (lane, &v) in lanes.iter_mut().zip(block) {
            *lane = if v > *lane { v } else { *lane };
        }
    }
    // Not `f32::max`, whose result for 0 and -0 is not fixed.
    lanes.into_iter().fold(f32::NEG_INFINITY, |largest, v| if v > largest { v } else { largest })
}

/// Sum, sum of squares and number of the entries of a piece that are at least `floor`.
#[inline(always)]
pub(in crate::kernel) fn kept(x: &[f32], floor: f32) -> [f32; 3] {
    let mut lanes: [Lanes64; 3] = [[[0.0; 16]; LANES / 16]; 3];
    let (blocks, rest) = x.as_chunks::<LANES>();
    for block in blocks.iter().map(<[f32; LANES]>::as_slice).chain([rest]) {
        for (i, &v) in block.iter().enumerate() {
            let mask = u32::from(v >= floor).wrapping_neg();
            let v = f32::from_bits(v.to_bits() & mask);
            lanes[0][i / 16][i % 16] += v;
            lanes[1][i / 16][i % 16] += v * v;
            lanes[2][i / 16][i % 16] += f32::from_bits(1.0f32.to_bits() & mask);
        }
    }
    let [mass, square, count] = &lanes;
    [tree(mass), tree(square), tree(count)]
}

/// `a <- a - eta (g - mean)`, then towards 0 by `threshold` if that is positive.
#[inline(always)]
pub(in crate::kernel) fn descend(a: &mut [f32], g: &[f32], eta: f32, mean: f32, threshold: f32) {
    let move_one = |a: &mut f32, g: f32| *a -= eta * (g - mean);
    let move_and_shrink_one = |a: &mut f32, g: f32| {
        let moved = *a - eta * (g - mean);
        let shrunk = moved.abs() - threshold;
        // Not `max`, which would turn NaN into 0 and hide that the run has diverged.
        *a = (if shrunk < 0.0 { 0.0 } else { shrunk }).copysign(moved);
    };
    if threshold > 0.0 { for_each_pair(a, g, move_and_shrink_one) } else { for_each_pair(a, g, move_one) }
}

/// A step of a row of at most one piece: `a <- a - eta (g - mean(g))`, then towards 0 by `threshold`
/// if that is positive. Then the same number is added to every entry so that they sum to 1.
#[inline(always)]
pub(in crate::kernel) fn step_row(a: &mut [f32], g: &[f32], eta: f32, threshold: f32) {
    step_row_with(sum::<false>, a, g, eta, threshold);
}

/// As [`step_row`], with another version of [`sum`].
#[inline(always)]
pub(in crate::kernel) fn step_row_with(
    sum: impl Fn(&[f32]) -> f32,
    a: &mut [f32],
    g: &[f32],
    eta: f32,
    threshold: f32,
) {
    let length = a.len() as f64;
    descend(a, g, eta, (f64::from(sum(g)) / length) as f32, threshold);
    let missing = (1.0 - f64::from(sum(a))) / length;
    add_to_all(a, missing as f32);
}

/// Rounds one piece of weights to integers of the given form: their unit, or NaN if they are not
/// finite, and their sum.
#[inline(always)]
pub(in crate::kernel) fn round_piece(form: Form, a: &[f32], lanes: &mut [Weights16]) -> (f64, i32) {
    round_piece_with(sum::<true>, |per_unit, lanes| round_weights(form, a, per_unit, lanes), a, lanes)
}

/// As [`round_piece`], with other versions of [`sum`] and [`round_weights`].
#[inline(always)]
pub(in crate::kernel) fn round_piece_with(
    magnitude: impl Fn(&[f32]) -> f32,
    round: impl Fn(f32, &mut [Weights16]) -> i32,
    a: &[f32],
    lanes: &mut [Weights16],
) -> (f64, i32) {
    let largest_sum = f64::from(magnitude(a));
    if !largest_sum.is_finite() {
        return (f64::NAN, 0);
    }
    // The power of two that puts the largest possible sum between 2^29 and 2^30, within what a
    // float can hold.
    let largest_exponent = (largest_sum.to_bits() >> 52) as i64 - 1023;
    let per_unit = f64::from_bits((((29 - largest_exponent).clamp(-100, 120) + 1023) as u64) << 52);
    (1.0 / per_unit, round(per_unit as f32, lanes))
}

/// Adds `x` to every entry.
#[inline(always)]
pub(in crate::kernel) fn add_to_all(a: &mut [f32], x: f32) {
    a.iter_mut().for_each(|a| *a += x);
}

/// Calls `f` with every pair, first in runs of a fixed length: vector code for these need not ask
/// how many are left.
#[inline(always)]
fn for_each_pair(a: &mut [f32], g: &[f32], f: impl Fn(&mut f32, f32)) {
    debug_assert_eq!(a.len(), g.len());
    let (a, a_rest) = a.as_chunks_mut::<LANES>();
    let (g, g_rest) = g.as_chunks::<LANES>();
    for (a, g) in a.iter_mut().zip(g) {
        for i in 0..LANES {
            f(&mut a[i], g[i]);
        }
    }
    a_rest.iter_mut().zip(g_rest).for_each(|(a, &g)| f(a, g));
}
