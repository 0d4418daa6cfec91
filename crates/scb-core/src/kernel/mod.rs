//! The loops that take the time. Everything else in a step is small beside them.
//!
//! Each function fixes its result to the bit, without fused multiply-add. Sums over positions run in
//! single precision over 16 lanes, lane `t mod 16` for position `t`, for [`BLOCK`] positions; then the
//! lanes are added as a binary tree and the blocks in double precision, in order, so that long sequences
//! lose no accuracy. `portable` is the definition; a version for one processor may replace it
//! behind the same function if its bits are the same, as `x86` does.

mod bits;
mod portable;
#[cfg(target_arch = "x86_64")]
mod x86;

pub use bits::Bits;

use crate::categorical::Categorical;
use crate::random::Stream;

/// Calls the version of a kernel for this processor.
macro_rules! dispatch {
    ($name:ident($($argument:expr),*)) => {{
        #[cfg(target_arch = "x86_64")]
        if x86::available() {
            return x86::$name($($argument),*);
        }
        portable::$name($($argument),*)
    }};
}

/// Lanes of every sum.
pub const LANES: usize = 16;

/// Positions that are summed in single precision before they are added in double.
pub const BLOCK: usize = 8192;

/// What [`draw_tokens`] needs to know of a distribution over at most 256 states.
///
/// A token takes 16 bits `h`. Unless `h` equals the high 16 bits of a bound, these decide; on such a
/// *tie* 48 more bits are drawn from a stream of their own and the whole word is compared.
#[derive(Debug, Clone)]
pub struct TokenTable {
    exact: Categorical,
    /// High 16 bits of each bound.
    high: Vec<u16>,
    /// For more than [`COMPARED_BOUNDS`] bounds: the state of every `h`, or [`TIE`].
    by_high: Vec<u16>,
}

/// Up to this many bounds are compared one by one, more are looked up.
const COMPARED_BOUNDS: usize = 15;

/// Marks an `h` that does not decide.
const TIE: u16 = u16::MAX;

impl TokenTable {
    /// The table of `distribution`, which has at most 256 states.
    #[must_use]
    pub fn new(distribution: &Categorical) -> Self {
        let high: Vec<u16> = distribution.bounds().iter().map(|bound| (bound >> 48) as u16).collect();
        let mut by_high = Vec::new();
        if high.len() > COMPARED_BOUNDS {
            by_high = (0..=u16::MAX).map(|h| distribution.locate(u64::from(h) << 48) as u16).collect();
            high.iter().for_each(|&h| by_high[usize::from(h)] = TIE);
        }
        Self { exact: distribution.clone(), high, by_high }
    }
}

/// Fills `tokens` with independent draws.
///
/// Each 32 tokens take one round of `bits`, token `t` bits `16 (t mod 4) ..` of its generator
/// `(t mod 32) / 4`; what a last, shorter round leaves is thrown away. Ties draw from `ties` in the
/// order of positions. Exact to 64 bits.
pub fn draw_tokens(table: &TokenTable, bits: &mut Bits, ties: &mut Stream, tokens: &mut [u8]) {
    dispatch!(draw_tokens(table, bits, ties, tokens));
}

/// The weighted histogram `h_j = sum_t weights[t] [tokens[t] = j]`, that is `h = X a`.
///
/// `tokens` and `weights` have length T, all tokens are below `h.len()`, at most 256.
pub fn histogram(tokens: &[u8], weights: &[f32], h: &mut [f64]) {
    dispatch!(histogram(tokens, weights, h));
}

/// `sums[t] += sum_r tables[r][tokens[r T + t]]`, rows added in order.
///
/// `tokens` holds R rows of `T = sums.len()`; `tables` holds R rows of
/// [`table_stride`]`(n)` entries; all tokens are below `n`.
pub fn add_look_ups(tokens: &[u8], tables: &[f32], n: usize, sums: &mut [f32]) {
    dispatch!(add_look_ups(tokens, tables, n, sums));
}

/// Sum of all entries.
#[must_use]
pub fn sum(x: &[f32]) -> f64 {
    dispatch!(sum(x))
}

/// The largest entry; minus infinity if there is none. Not-a-number entries are passed over.
#[must_use]
pub fn largest(x: &[f32]) -> f32 {
    dispatch!(largest(x))
}

/// Sum, sum of squares and number of the entries that are at least `floor`.
#[must_use]
pub fn kept(x: &[f32], floor: f32) -> (f64, f64, f64) {
    dispatch!(kept(x, floor))
}

/// Entries from one look-up table to the next for tokens below `n`: a power of two that no token
/// reaches beyond.
#[must_use]
pub fn table_stride(n: usize) -> usize {
    match n {
        0..=16 => 16,
        17..=32 => 32,
        33..=64 => 64,
        _ => 256,
    }
}

#[cfg(test)]
mod tests {
    use rand::Rng;

    use super::*;
    use crate::random::{dirichlet, stream};

    /// One token at a time, the whole 64-bit word, no shortcut. Returns how many tokens tied.
    fn slow_draw(distribution: &Categorical, bits: &mut Bits, ties: &mut Stream, tokens: &mut [u8]) -> usize {
        let mut tied = 0;
        for round in tokens.chunks_mut(32) {
            let words = bits.advance();
            for (t, token) in round.iter_mut().enumerate() {
                let high = words[t / 4] >> (16 * (t % 4)) & 0xffff;
                let undecided = distribution.bounds().iter().any(|bound| bound >> 48 == high);
                let low = if undecided { ties.next_u64() >> 16 } else { 0 };
                tied += usize::from(undecided);
                *token = distribution.locate(high << 48 | low) as u8;
            }
        }
        tied
    }

    #[test]
    fn drawing_agrees_with_one_full_comparison_per_token_and_ties_occur() {
        for n in [2, 3, 5, 16, 17, 40, 256] {
            for t in [1, 3, 4, 16, 31, 64, 255, 256, 257, 100_003] {
                let distribution = Categorical::new(&dirichlet(&mut stream([n as u8; 16]), 1.0, n));
                let streams = || (Bits::new(&mut stream([1; 16])), stream([2; 16]));
                let (mut fast, mut slow) = (vec![0; t], vec![0; t]);
                let (mut bits, mut ties) = streams();
                draw_tokens(&TokenTable::new(&distribution), &mut bits, &mut ties, &mut fast);
                let (mut slow_bits, mut slow_ties) = streams();
                let tied = slow_draw(&distribution, &mut slow_bits, &mut slow_ties, &mut slow);
                assert_eq!(fast, slow, "N = {n}, T = {t}");
                assert_eq!((bits, ties), (slow_bits, slow_ties), "both used the same words");
                // At n = 2 one tie is expected in 65 536 tokens; 256 states tie for 255 of them.
                if n >= 16 && t > 100_000 {
                    assert!(tied > 10, "N = {n}: only {tied} ties");
                }
            }
        }
    }

    /// A bound inside one 16-bit cell: only ties can tell the states apart, so their frequencies
    /// test the low 48 bits. 2^-14 of the mass lies in the cell; five standard errors.
    #[test]
    fn ties_share_their_cell_in_proportion() {
        let cell = 1.0 / 65536.0;
        let inside = [0.5 + 0.25 * cell, 0.5 * cell, 0.5 - 0.75 * cell];
        let table = TokenTable::new(&Categorical::new(&inside));
        let (mut bits, mut ties) = (Bits::new(&mut stream([3; 16])), stream([4; 16]));
        let mut tokens = vec![0; 1 << 20];
        let mut counts = [0u64; 3];
        for _ in 0..64 {
            draw_tokens(&table, &mut bits, &mut ties, &mut tokens);
            tokens.iter().for_each(|&x| counts[usize::from(x)] += 1);
        }
        let expected = (64u64 << 20) as f64 * inside[1];
        assert!((counts[1] as f64 - expected).abs() < 5.0 * expected.sqrt(), "{} of {expected}", counts[1]);
    }

    #[test]
    fn histogram_agrees_with_a_plain_sum() {
        for n in [2, 3, 4, 7, 8, 9, 16, 17, 256] {
            for t in [1, 2, 15, 16, 17, 100, 1001, 20_000] {
                let mut s = stream([n as u8; 16]);
                let tokens: Vec<u8> = (0..t).map(|_| (s.next_u64() % n as u64) as u8).collect();
                let weights: Vec<f32> = (0..t).map(|_| (s.next_u64() >> 40) as f32 / 1e6 - 4.0).collect();
                let mut h = vec![f64::NAN; n];
                histogram(&tokens, &weights, &mut h);
                for (j, &got) in h.iter().enumerate() {
                    let pairs = tokens.iter().zip(&weights).filter(|&(&x, _)| usize::from(x) == j);
                    let exact: f64 = pairs.map(|(_, &w)| f64::from(w)).sum();
                    assert!((got - exact).abs() < 1e-5 * t as f64, "N {n} T {t}: {got} {exact}");
                }
            }
        }
    }

    /// The lanes and the tree of [`histogram`], spelled out: its bits are fixed for ever.
    #[test]
    fn histogram_has_the_bits_of_its_definition() {
        for n in [2, 3, 6, 11, 200] {
            let mut s = stream([n as u8; 16]);
            let t = 2 * BLOCK + 77;
            let tokens: Vec<u8> = (0..t).map(|_| (s.next_u64() % n as u64) as u8).collect();
            let weights: Vec<f32> = (0..t).map(|_| (s.next_u64() >> 40) as f32 * 1.7e-7).collect();
            let mut h = vec![0.0; n];
            histogram(&tokens, &weights, &mut h);
            for (j, got) in h.iter().enumerate() {
                let mut total = 0.0;
                for (tokens, weights) in tokens.chunks(BLOCK).zip(weights.chunks(BLOCK)) {
                    let mut lanes = [0.0f32; 16];
                    for (t, (&x, &w)) in tokens.iter().zip(weights).enumerate() {
                        if usize::from(x) == j {
                            lanes[t % 16] += w;
                        }
                    }
                    for width in [8, 4, 2, 1] {
                        (0..width).for_each(|i| lanes[i] += lanes[i + width]);
                    }
                    total += f64::from(lanes[0]);
                }
                assert_eq!(got.to_bits(), total.to_bits());
            }
        }
    }

    #[test]
    fn look_ups_agree_with_one_addition_at_a_time() {
        for n in [2, 3, 16, 17, 40, 256] {
            for t in [1, 15, 16, 17, 64, 130] {
                let (rows, stride) = (5, table_stride(n));
                let mut s = stream([n as u8; 16]);
                let tokens: Vec<u8> = (0..rows * t).map(|_| (s.next_u64() % n as u64) as u8).collect();
                let tables: Vec<f32> = (0..rows * stride).map(|_| (s.next_u64() >> 40) as f32 * 1e-7).collect();
                let mut sums = vec![1.0f32; t];
                add_look_ups(&tokens, &tables, n, &mut sums);
                for (i, got) in sums.iter().enumerate() {
                    let mut slow = 0.0f32;
                    for row in 0..rows {
                        slow += tables[row * stride + usize::from(tokens[row * t + i])];
                    }
                    assert_eq!(got.to_bits(), (1.0 + slow).to_bits());
                }
            }
        }
    }

    #[test]
    fn reductions_agree_with_plain_ones() {
        for t in [1, 5, 16, 33, 1000, 100_000] {
            let mut s = stream([t as u8; 16]);
            let x: Vec<f32> = (0..t).map(|_| (s.next_u64() >> 40) as f32 / 1e6 - 9.0).collect();
            let exact: f64 = x.iter().map(|&v| f64::from(v)).sum();
            assert!((sum(&x) - exact).abs() < 1e-5 * t as f64);
            assert_eq!(largest(&x), x.iter().copied().fold(f32::NEG_INFINITY, f32::max));
            let above: Vec<f64> = x.iter().filter(|&&v| v >= -3.5).map(|&v| f64::from(v)).collect();
            let (mass, square, count) = kept(&x, -3.5);
            assert_eq!(count, above.len() as f64);
            assert!((mass - above.iter().sum::<f64>()).abs() < 1e-5 * t as f64);
            assert!((square - above.iter().map(|v| v * v).sum::<f64>()).abs() < 1e-4 * t as f64);
        }
    }

    /// Every kernel gives the same bits whether or not the processor has AVX2. Passes without a
    /// comparison where it has not.
    #[cfg(target_arch = "x86_64")]
    #[test]
    fn wide_registers_change_no_bit() {
        if !x86::available() {
            eprintln!("skipped: this processor has no AVX2");
            return;
        }
        let mut s = stream([12; 16]);
        for case in 0..300u64 {
            let n = 2 + (s.next_u64() % if case % 2 == 0 { 15 } else { 255 }) as usize;
            let t = 1 + (s.next_u64() % if case % 10 == 0 { 20_000 } else { 300 }) as usize;
            let rows = 1 + (s.next_u64() % 5) as usize;
            let table = TokenTable::new(&Categorical::new(&dirichlet(&mut s, 1.0, n)));
            let random = |s: &mut Stream, len: usize| -> Vec<f32> {
                (0..len).map(|_| (s.next_u64() >> 40) as f32 * 1e-7 - 0.8).collect()
            };
            let weights = random(&mut s, t);
            let tables = random(&mut s, rows * table_stride(n));
            let (bits, ties) = (Bits::new(&mut s), s.clone());
            let run = |wide: bool| {
                let (mut bits, mut ties) = (bits.clone(), ties.clone());
                let (mut x, mut h, mut sums) = (vec![0; rows * t], vec![0.0; n], vec![0.5; t]);
                let reductions = if wide {
                    x86::draw_tokens(&table, &mut bits, &mut ties, &mut x);
                    x86::histogram(&x[..t], &weights, &mut h);
                    x86::add_look_ups(&x, &tables, n, &mut sums);
                    (x86::sum(&weights), x86::largest(&weights), x86::kept(&weights, 0.1))
                } else {
                    portable::draw_tokens(&table, &mut bits, &mut ties, &mut x);
                    portable::histogram(&x[..t], &weights, &mut h);
                    portable::add_look_ups(&x, &tables, n, &mut sums);
                    (portable::sum(&weights), portable::largest(&weights), portable::kept(&weights, 0.1))
                };
                let (sum, largest, (mass, square, count)) = reductions;
                let single: Vec<u32> = sums.iter().chain([&largest]).map(|f| f.to_bits()).collect();
                let double: Vec<u64> = h.iter().chain(&[sum, mass, square, count]).map(|f| f.to_bits()).collect();
                (x, single, double, bits, ties)
            };
            assert_eq!(run(true), run(false), "N = {n}, T = {t}, {rows} rows");
        }
    }
}
