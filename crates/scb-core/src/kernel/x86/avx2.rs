//! AVX2 (nearly every x86-64 processor since 2015).
//!
//! A round of random words is two registers. Masks lie in registers like other vectors. Unsigned
//! numbers cannot be compared, so the highest bit of words and bounds is signed and they are
//! compared as signed numbers.

use std::arch::x86_64::*;

use super::{Plain, by_bounds, compile_portable};
use crate::kernel::bits::{Bits, GENERATORS};
use crate::kernel::layout::{Block, ROUND};
use crate::kernel::pieces::LANES;
use crate::kernel::portable;
use crate::kernel::residuals::{Residuals, width};
use crate::kernel::samples::Samples;
use crate::kernel::sequences::{Line, Sequences, TokenSource};
use crate::kernel::states::{Cells, Columns};
use crate::kernel::table::Table;
use crate::kernel::weights::{Form, Weights16};
use crate::kernel::wide::GROUP;

compile_portable!("avx2,bmi1,bmi2,popcnt");

/// See `portable::products`.
#[target_feature(enable = "avx2,fma,bmi1,bmi2,popcnt")]
pub(in crate::kernel) fn products(matrix: &[f32], width: usize, x: &[[f32; GROUP]], y: &mut [f32]) {
    let add_row = |sums: &mut [f32; portable::TILE], row: &[f32; portable::TILE], x: f32| {
        for i in 0..portable::TILE {
            sums[i] = row[i].mul_add(x, sums[i]);
        }
    };
    portable::products_with(add_row, matrix, width, x, y);
}

/// See `portable::transpose`. Eight registers at a time: pairs of entries are interleaved, then
/// pairs of pairs, then halves.
#[target_feature(enable = "avx2,fma,bmi1,bmi2,popcnt")]
pub(in crate::kernel) fn transpose(rows: &[f32], stride: usize, into: &mut [f32]) {
    let width = rows.len() / GROUP;
    for tile in 0..width / GROUP {
        let row = |i: usize| load_8(&rows[i * width + GROUP * tile..]);
        let pairs = |a, b| [_mm256_unpacklo_ps(a, b), _mm256_unpackhi_ps(a, b)];
        let fours = |a, b| [_mm256_shuffle_ps(a, b, 0b01_00_01_00), _mm256_shuffle_ps(a, b, 0b11_10_11_10)];
        let quarter = |i: usize| {
            let ([a, b], [c, d]) = (pairs(row(i), row(i + 1)), pairs(row(i + 2), row(i + 3)));
            let ([a, b], [c, d]) = (fours(a, c), fours(b, d));
            [a, b, c, d]
        };
        let (low, high) = (quarter(0), quarter(4));
        for j in 0..4 {
            let first = _mm256_permute2f128_ps(low[j], high[j], 0x20);
            let second = _mm256_permute2f128_ps(low[j], high[j], 0x31);
            store_8(&mut into[(GROUP * tile + j) * stride..], first);
            store_8(&mut into[(GROUP * tile + j + 4) * stride..], second);
        }
    }
}

/// Loads the first eight floats; 0 if there are fewer.
#[inline]
#[target_feature(enable = "avx2")]
fn load_8(from: &[f32]) -> __m256 {
    // SAFETY: as invariant 2, of 32 bytes that the reference to an array guarantees.
    from.first_chunk::<8>().map_or(_mm256_setzero_ps(), |from| unsafe { _mm256_loadu_ps(from.as_ptr()) })
}

/// Stores to the first eight floats.
#[inline]
#[target_feature(enable = "avx2")]
fn store_8(to: &mut [f32], x: __m256) {
    if let Some(to) = to.first_chunk_mut::<8>() {
        // SAFETY: as invariant 2, of 32 bytes that the reference to an array guarantees.
        unsafe { _mm256_storeu_ps(to.as_mut_ptr(), x) }
    }
}

/// Loads 32 bytes, the first or second half of 64.
#[inline]
#[target_feature(enable = "avx2")]
fn load<T: Plain>(from: &T, half: usize) -> __m256i {
    const { assert!(size_of::<T>() == 64) };
    // SAFETY: invariant 2.
    unsafe { _mm256_loadu_si256(std::ptr::from_ref(from).cast::<__m256i>().add(half % 2)) }
}

/// Stores 32 bytes, the first or second half of 64.
#[inline]
#[target_feature(enable = "avx2")]
fn store<T: Plain>(to: &mut T, half: usize, x: __m256i) {
    const { assert!(size_of::<T>() == 64) };
    // SAFETY: invariant 2.
    unsafe { _mm256_storeu_si256(std::ptr::from_mut(to).cast::<__m256i>().add(half % 2), x) }
}

/// The eight generators, in two halves of four registers.
struct Generators([[__m256i; 4]; 2]);

impl Generators {
    #[inline]
    #[target_feature(enable = "avx2")]
    fn load(bits: &Bits) -> Self {
        let [s0, s1, s2, s3] = &bits.state;
        Self([0, 1].map(|half| [load(s0, half), load(s1, half), load(s2, half), load(s3, half)]))
    }

    #[inline]
    #[target_feature(enable = "avx2")]
    fn store(&self, bits: &mut Bits) {
        for (half, registers) in self.0.iter().enumerate() {
            for (words, &register) in bits.state.iter_mut().zip(registers) {
                store(words, half, register);
            }
        }
    }

    /// Half a round of words; see `Bits::advance`.
    #[inline]
    #[target_feature(enable = "avx2")]
    fn next(&mut self, half: usize) -> __m256i {
        let [s0, s1, s2, s3] = self.0[half];
        let sum = _mm256_add_epi64(s0, s3);
        let turned = _mm256_or_si256(_mm256_slli_epi64(sum, 23), _mm256_srli_epi64(sum, 41));
        let shifted = _mm256_slli_epi64(s1, 17);
        let t2 = _mm256_xor_si256(s2, s0);
        let t3 = _mm256_xor_si256(s3, s1);
        self.0[half] = [
            _mm256_xor_si256(s0, t3),
            _mm256_xor_si256(s1, t2),
            _mm256_xor_si256(t2, shifted),
            _mm256_or_si256(_mm256_slli_epi64(t3, 45), _mm256_srli_epi64(t3, 19)),
        ];
        _mm256_add_epi64(turned, s0)
    }
}

/// See `portable::random_words`.
#[target_feature(enable = "avx2,bmi1,bmi2,popcnt")]
pub(in crate::kernel) fn random_words(bits: &mut Bits, rounds: usize) -> u64 {
    let mut generators = Generators::load(bits);
    let mut total = _mm256_setzero_si256();
    for _ in 0..rounds {
        total = _mm256_xor_si256(total, generators.next(0));
        total = _mm256_xor_si256(total, generators.next(1));
    }
    generators.store(bits);
    let mut words = [0u64; 8];
    store(&mut words, 0, total);
    words.iter().fold(0, |all, &word| all ^ word)
}

/// See `portable::fill`.
#[target_feature(enable = "avx2,bmi1,bmi2,popcnt")]
pub(in crate::kernel) fn fill(bits: &mut Bits, words: &mut [[u64; GENERATORS]]) {
    let mut generators = Generators::load(bits);
    for words in words {
        store(words, 0, generators.next(0));
        store(words, 1, generators.next(1));
    }
    generators.store(bits);
}

/// See `portable::draw_narrow`.
#[target_feature(enable = "avx2,bmi1,bmi2,popcnt")]
pub(in crate::kernel) fn draw_narrow<const WEIGH: bool>(source: &mut TokenSource<'_>, sequences: &mut Sequences<'_>) {
    let Cells::Ordered(bounds) = &source.states.cells else { return };
    by_bounds!(bounds.len(), draw_narrow_of::<WEIGH>(source, sequences, bounds));
}

/// The version for `J` bounds and histograms of `W` entries. AVX2 cannot add under a mask. A
/// comparison yields -1 or 0 in 16 bits. `madd` multiplies numbers of 16 bits and adds pairs of
/// products, so weights come in two halves that fit 16 bits. The products are minus the weights;
/// therefore they are subtracted below.
#[inline]
#[target_feature(enable = "avx2,bmi1,bmi2,popcnt")]
fn draw_narrow_of<const J: usize, const W: usize, const WEIGH: bool>(
    source: &mut TokenSource<'_>,
    sequences: &mut Sequences<'_>,
    bounds: &[Block],
) {
    let Some(bounds) = bounds.first_chunk::<J>() else { return };
    let flip = _mm256_set1_epi16(i16::MIN);
    let mut signed = [flip; J];
    for (signed, bound) in signed.iter_mut().zip(bounds) {
        *signed = _mm256_xor_si256(load(bound, 0), flip);
    }
    const { assert!(W == width(J + 1)) };
    assert_eq!(sequences.width, W);
    let (layout, form) = (sequences.layout, sequences.attention.form);
    let mut generators = Generators::load(source.bits);
    let last_escape = _mm256_set1_epi16((source.states.escapes - 1) as i16);
    let mut words = [[0u16; ROUND]; 4];
    for Line { histograms, mut destination } in sequences.lines() {
        for (sequence, h) in histograms.as_chunks_mut::<W>().0.iter_mut().enumerate() {
            let shift = layout.shift(sequence);
            let mut histogram = [0.0; W];
            for mut piece in destination.pieces::<4>() {
                let mut passed = [0; W];
                let (mut low_sums, mut high_sums) = ([_mm256_setzero_si256(); J], [_mm256_setzero_si256(); J]);
                let scale = piece.scale;
                for mut span in piece.spans() {
                    let mut block = [_mm256_setzero_si256(); 2];
                    if sequence > 0 {
                        block = [load(span.block, 0), load(span.block, 1)];
                    }
                    let mut by = _mm_cvtsi32_si128(shift as i32);
                    let mut lowest = _mm256_set1_epi16(-1);
                    for (weights, words) in span.weights.iter().zip(&mut words) {
                        for half in 0..2 {
                            let h = generators.next(half);
                            store(words, half, h);
                            lowest = _mm256_min_epu16(lowest, h);
                            let h = _mm256_xor_si256(h, flip);
                            let (low, high) = (load(&weights[half], 0), load(&weights[half], 1));
                            let mut tokens = _mm256_setzero_si256();
                            for j in 0..J {
                                let beyond = _mm256_cmpgt_epi16(h, signed[j]);
                                tokens = _mm256_sub_epi16(tokens, beyond);
                                if WEIGH {
                                    low_sums[j] = _mm256_add_epi32(low_sums[j], _mm256_madd_epi16(beyond, low));
                                    high_sums[j] = _mm256_add_epi32(high_sums[j], _mm256_madd_epi16(beyond, high));
                                }
                            }
                            block[half] = _mm256_or_si256(block[half], _mm256_sll_epi16(tokens, by));
                        }
                        by = _mm_add_epi64(by, _mm_cvtsi32_si128(4));
                    }
                    store(span.block, 0, block[0]);
                    store(span.block, 1, block[1]);
                    if any_at_most(lowest, last_escape) {
                        let rounds = span.weights.len();
                        source.draw_escapes(&mut span, &words[..rounds], shift, form, &mut passed);
                    }
                }
                if WEIGH {
                    add_sums(&mut passed, &low_sums, &high_sums);
                    scale.add_passed(&mut histogram, &passed);
                }
            }
            if WEIGH {
                *h = histogram;
            }
        }
    }
    generators.store(source.bits);
}

/// Takes the sums of products from `passed`.
#[inline]
#[target_feature(enable = "avx2")]
fn add_sums<const J: usize, const W: usize>(passed: &mut [i32; W], low_sums: &[__m256i; J], high_sums: &[__m256i; J]) {
    for (passed, (&low, &high)) in passed.iter_mut().zip(low_sums.iter().zip(high_sums)) {
        *passed -= total(_mm256_add_epi32(low, _mm256_slli_epi32(high, 15)));
    }
}

/// See `portable::weigh_narrow`.
#[target_feature(enable = "avx2,bmi1,bmi2,popcnt")]
pub(in crate::kernel) fn weigh_narrow(sequences: &mut Sequences<'_>, n: usize) {
    by_bounds!(n - 1, weigh_narrow_of(sequences));
}

/// The version for states up to `J` and histograms of `W` entries. See `draw_narrow_of`.
#[inline]
#[target_feature(enable = "avx2,bmi1,bmi2,popcnt")]
fn weigh_narrow_of<const J: usize, const W: usize>(sequences: &mut Sequences<'_>) {
    const { assert!(W == width(J + 1)) };
    assert_eq!(sequences.width, W);
    let layout = sequences.layout;
    let mask = _mm256_set1_epi16((layout.mask() & 0xf) as i16);
    for Line { histograms, mut destination } in sequences.lines() {
        for (sequence, h) in histograms.as_chunks_mut::<W>().0.iter_mut().enumerate() {
            let shift = _mm_cvtsi32_si128(layout.shift(sequence) as i32);
            let mut histogram = [0.0; W];
            for mut piece in destination.pieces::<4>() {
                let (mut low_sums, mut high_sums) = ([_mm256_setzero_si256(); J], [_mm256_setzero_si256(); J]);
                let scale = piece.scale;
                for span in piece.spans() {
                    let mut block = [0, 1].map(|half| _mm256_srl_epi16(load(span.block, half), shift));
                    for weights in span.weights {
                        for half in 0..2 {
                            let states = _mm256_and_si256(block[half], mask);
                            block[half] = _mm256_srli_epi16(block[half], 4);
                            let (low, high) = (load(&weights[half], 0), load(&weights[half], 1));
                            for j in 0..J {
                                let beyond = _mm256_cmpgt_epi16(states, _mm256_set1_epi16(j as i16));
                                low_sums[j] = _mm256_add_epi32(low_sums[j], _mm256_madd_epi16(beyond, low));
                                high_sums[j] = _mm256_add_epi32(high_sums[j], _mm256_madd_epi16(beyond, high));
                            }
                        }
                    }
                }
                let mut passed = [0; W];
                add_sums(&mut passed, &low_sums, &high_sums);
                scale.add_passed(&mut histogram, &passed);
            }
            *h = histogram;
        }
    }
}

/// Whether any of 16 unsigned words of `x` is at most that of `bound`.
#[inline]
#[target_feature(enable = "avx2")]
fn any_at_most(x: __m256i, bound: __m256i) -> bool {
    _mm256_movemask_epi8(_mm256_cmpeq_epi16(_mm256_min_epu16(x, bound), x)) != 0
}

/// Packing works within 128 bits. This function puts the quarters of its result in order.
#[inline]
#[target_feature(enable = "avx2")]
fn in_order(packed: __m256i) -> __m256i {
    _mm256_permute4x64_epi64(packed, 0b11_01_10_00)
}

/// Sum of eight integers, which fits 32 bits though parts of it need not.
#[inline]
#[target_feature(enable = "avx2")]
fn total(x: __m256i) -> i32 {
    let half = _mm_add_epi32(_mm256_castsi256_si128(x), _mm256_extracti128_si256(x, 1));
    let quarter = _mm_add_epi32(half, _mm_shuffle_epi32(half, 0b01_00_11_10));
    _mm_cvtsi128_si32(_mm_add_epi32(quarter, _mm_shuffle_epi32(quarter, 0b10_11_00_01)))
}

/// See `portable::step_row`.
#[target_feature(enable = "avx2,bmi1,bmi2,popcnt")]
pub(in crate::kernel) fn step_row(a: &mut [f32], g: &[f32], eta: f32, threshold: f32) {
    portable::step_row_with(|x| sum::<false>(x), a, g, eta, threshold);
}

/// See `portable::round_piece`.
#[target_feature(enable = "avx2,bmi1,bmi2,popcnt")]
pub(in crate::kernel) fn round_piece(form: Form, a: &[f32], lanes: &mut [Weights16]) -> (f64, i32) {
    let round = |per_unit: f32, lanes: &mut [Weights16]| round_weights(form, a, per_unit, lanes);
    portable::round_piece_with(|x| sum::<true>(x), round, a, lanes)
}

/// See `portable::round_weights`.
#[target_feature(enable = "avx2,bmi1,bmi2,popcnt")]
fn round_weights(form: Form, a: &[f32], per_unit: f32, lanes: &mut [Weights16]) -> i32 {
    let per_unit = _mm256_set1_ps(per_unit);
    let low_bits = _mm256_set1_epi32(0x7fff);
    let mut totals = _mm256_setzero_si256();
    portable::for_each_run(a, |run, a: &[f32; 16]| {
        let mut first = _mm256_cvtps_epi32(_mm256_mul_ps(_mm256_castsi256_ps(load(a, 0)), per_unit));
        let mut second = _mm256_cvtps_epi32(_mm256_mul_ps(_mm256_castsi256_ps(load(a, 1)), per_unit));
        // Like any partial sum, that of a lane fits 32 bits.
        totals = _mm256_add_epi32(totals, _mm256_add_epi32(first, second));
        if form == Form::Halves {
            let low = _mm256_packus_epi32(_mm256_and_si256(first, low_bits), _mm256_and_si256(second, low_bits));
            let high = _mm256_packs_epi32(_mm256_srai_epi32(first, 15), _mm256_srai_epi32(second, 15));
            (first, second) = (in_order(low), in_order(high));
        }
        store(&mut lanes[run], 0, first);
        store(&mut lanes[run], 1, second);
    });
    total(totals)
}

/// See `portable::residuals`.
#[target_feature(enable = "avx2,bmi1,bmi2,popcnt")]
pub(in crate::kernel) fn residuals(job: &mut Residuals, samples: &Samples<'_>, tables: &mut [Table]) {
    if job.width == 4 { residuals_of_4(job, samples, tables) } else { portable::residuals(job, samples, tables) }
}

/// The version for vectors of four entries, each in one register. A line has two sequences, or four
/// if N = 2.
#[inline]
#[target_feature(enable = "avx2,bmi1,bmi2,popcnt")]
pub(super) fn residuals_of_4(job: &mut Residuals, samples: &Samples<'_>, tables: &mut [Table]) {
    let (rows, columns, gradient) = (four_rows(&job.rows), four_rows(&job.columns), four_rows(&job.gradient));
    let mut square = Square { rows, columns, gradient, weight: _mm256_set1_pd(job.weight) };
    let sequences = samples.sequences;
    let histograms = samples.histograms.as_chunks::<8>().0.chunks_exact(sequences / 2);
    let lines = histograms.zip(samples.outputs.chunks_exact(sequences)).zip(samples.filled);
    for (((histograms, outputs), &filled), table) in lines.zip(tables) {
        let mut take = |i: usize| {
            if i < filled { square.take(&histograms[i / 2], i % 2, outputs[i]) } else { _mm_setzero_ps() }
        };
        let (mut a, mut b) = (take(0), take(1));
        if let [_, _, _, _] = outputs {
            // An index has one bit for each sequence, so two of them have a table of four.
            let pair = |a, b| _mm_add_ps(_mm_movelh_ps(a, a), _mm_unpacklo_ps(b, b));
            (a, b) = (pair(a, b), pair(take(2), take(3)));
        }
        let b = [
            _mm_shuffle_ps(b, b, 0b00_00_00_00),
            _mm_shuffle_ps(b, b, 0b01_01_01_01),
            _mm_shuffle_ps(b, b, 0b10_10_10_10),
            _mm_shuffle_ps(b, b, 0b11_11_11_11),
        ];
        let a = _mm256_set_m128(a, a);
        for half in 0..2 {
            let entries = _mm256_add_ps(a, _mm256_set_m128(b[2 * half + 1], b[2 * half]));
            store(table, half, _mm256_castps_si256(entries));
        }
    }
    for (gradient, pair) in square.gradient.as_chunks::<2>().0.iter().zip(job.gradient.as_chunks_mut::<8>().0) {
        store(pair, 0, _mm256_castpd_si256(gradient[0]));
        store(pair, 1, _mm256_castpd_si256(gradient[1]));
    }
}

/// A matrix of four rows and columns.
#[inline]
#[target_feature(enable = "avx2")]
fn four_rows(matrix: &[f64]) -> [__m256d; 4] {
    let (pairs, _) = matrix.as_chunks::<8>();
    [(0, 0), (0, 1), (1, 0), (1, 1)].map(|(pair, half)| _mm256_castsi256_pd(load(&pairs[pair], half)))
}

/// See `portable::Square`.
struct Square {
    rows: [__m256d; 4],
    columns: [__m256d; 4],
    gradient: [__m256d; 4],
    weight: __m256d,
}

impl Square {
    /// See `portable::Square::take`; the histogram is one half of `pair`.
    #[inline]
    #[target_feature(enable = "avx2,bmi1,bmi2,popcnt")]
    fn take(&mut self, pair: &[f64; 8], half: usize, output: usize) -> __m128 {
        let h = _mm256_castsi256_pd(load(pair, half));
        let mut r = _mm256_setzero_pd();
        for (column, &h) in self.columns.iter().zip(&pair[4 * half..]) {
            r = _mm256_add_pd(r, _mm256_mul_pd(*column, _mm256_set1_pd(h)));
        }
        let unit = _mm256_castsi256_pd(load(portable::unit::<8>(output), 0));
        let r = _mm256_mul_pd(_mm256_sub_pd(r, unit), self.weight);
        let r = [
            _mm256_permute4x64_pd(r, 0b00_00_00_00),
            _mm256_permute4x64_pd(r, 0b01_01_01_01),
            _mm256_permute4x64_pd(r, 0b10_10_10_10),
            _mm256_permute4x64_pd(r, 0b11_11_11_11),
        ];
        let mut sums = _mm256_setzero_pd();
        for i in 0..4 {
            self.gradient[i] = _mm256_add_pd(self.gradient[i], _mm256_mul_pd(r[i], h));
            sums = _mm256_add_pd(sums, _mm256_mul_pd(self.rows[i], r[i]));
        }
        _mm256_cvtpd_ps(sums)
    }
}

/// See `portable::look_up_narrow`.
#[target_feature(enable = "avx2,bmi1,bmi2,popcnt")]
pub(in crate::kernel) fn look_up_narrow(
    lines: &[Block],
    per_line: usize,
    tables: &[Table],
    add: bool,
    sums: &mut [f32],
) {
    for (b, sums) in sums.chunks_mut(4 * ROUND).enumerate() {
        let mut tile = [[0.0f32; ROUND]; 4];
        for half in 0..2 {
            look_up_half(&lines[b..], per_line, tables, half, sums.len().div_ceil(ROUND), &mut tile);
        }
        portable::store(&tile, add, sums);
    }
}

/// Looks up half of the words of the first block of every line. The table is two registers of 8
/// entries. The fourth bit of an index, moved to the sign, selects between their results.
#[inline]
#[target_feature(enable = "avx2,bmi1,bmi2,popcnt")]
fn look_up_half(
    lines: &[Block],
    per_line: usize,
    tables: &[Table],
    half: usize,
    rounds: usize,
    tile: &mut [[f32; ROUND]; 4],
) {
    let mut even = [_mm256_setzero_ps(); 4];
    let mut odd = [_mm256_setzero_ps(); 4];
    for (block, table) in lines.iter().step_by(per_line).zip(tables) {
        let words = load(block, half);
        let first = _mm256_castsi256_ps(load(table, 0));
        let second = _mm256_castsi256_ps(load(table, 1));
        for r in 0..4 {
            for (bit, sum) in [(4 * r, &mut even[r]), (16 + 4 * r, &mut odd[r])] {
                let index = _mm256_srl_epi32(words, _mm_cvtsi32_si128(bit as i32));
                let sign = _mm256_sll_epi32(words, _mm_cvtsi32_si128(28 - bit as i32));
                let x = _mm256_permutevar8x32_ps(first, index);
                let y = _mm256_permutevar8x32_ps(second, index);
                *sum = _mm256_add_ps(*sum, _mm256_blendv_ps(x, y, _mm256_castsi256_ps(sign)));
            }
        }
    }
    for r in 0..rounds {
        tile[r][16 * half..][..16].copy_from_slice(&interleaved(even[r], odd[r]));
    }
}

/// See `portable::draw_wide`. A gather finds the columns of eight words.
#[target_feature(enable = "avx2,bmi1,bmi2,popcnt")]
pub(in crate::kernel) fn draw_wide<const WEIGH: bool>(source: &mut TokenSource<'_>, sequences: &mut Sequences<'_>) {
    let states = source.states;
    let Cells::Columns(columns) = &states.cells else { return };
    let mut generators = Generators::load(source.bits);
    let last_escape = _mm256_set1_epi16((states.escapes - 1) as i16);
    let (mut words, mut sums) = ([[0u16; ROUND]; 2], portable::WideSums::ZERO);
    for Line { histograms: h, mut destination } in sequences.lines() {
        if WEIGH {
            h.fill(0.0);
        }
        for mut piece in destination.pieces::<2>() {
            let (scale, mut before) = (piece.scale, None);
            for mut span in piece.spans() {
                let rounds = span.weights.len();
                let mut lowest = _mm256_set1_epi16(-1);
                let mut tokens = [[_mm256_setzero_si256(); 2]; 2];
                for (words, tokens) in words[..rounds].iter_mut().zip(&mut tokens) {
                    for half in 0..2 {
                        let h = generators.next(half);
                        store(words, half, h);
                        lowest = _mm256_min_epu16(lowest, h);
                        let low = states_of(columns, _mm256_cvtepu16_epi32(_mm256_castsi256_si128(h)));
                        let high = states_of(columns, _mm256_cvtepu16_epi32(_mm256_extracti128_si256(h, 1)));
                        tokens[half] = in_order(_mm256_packus_epi32(low, high));
                    }
                }
                for half in 0..2 {
                    store(span.block, half, _mm256_or_si256(tokens[0][half], _mm256_slli_epi16(tokens[1][half], 8)));
                }
                if any_at_most(lowest, last_escape) {
                    let escapes = words.map(|words| portable::words_below(&words, states.escapes));
                    source.draw_escapes_wide(&mut span, &words[..rounds], escapes);
                }
                // One block late: additions of a block need not wait for its tokens then, and
                // overlap with the drawing of the next.
                if WEIGH && let Some(span) = before.replace(span) {
                    sums.add(&span);
                }
            }
            if let Some(span) = before {
                sums.add(&span);
            }
            if WEIGH {
                sums.close(scale.unit, h);
            }
        }
    }
    generators.store(source.bits);
}

/// The states of eight words of 16 bits, in 32 bits each.
#[inline]
#[target_feature(enable = "avx2")]
fn states_of(columns: &Columns, h: __m256i) -> __m256i {
    let last = (1 << (16 - columns.shift)) - 1;
    assert!(last < columns.both.len());
    let column = _mm256_srl_epi32(h, _mm_cvtsi32_si128(columns.shift as i32));
    let column = _mm256_and_si256(column, _mm256_set1_epi32(last as i32));
    // SAFETY: invariant 3; `x & last` is at most `last`, which was just asserted to be below the
    // length.
    let both = unsafe { _mm256_i32gather_epi32::<4>(columns.both.as_ptr().cast(), column) };
    let first = _mm256_cmpgt_epi32(_mm256_and_si256(both, _mm256_set1_epi32(0xffff)), h);
    let states = _mm256_blendv_epi8(_mm256_srli_epi32(both, 24), _mm256_srli_epi32(both, 16), first);
    _mm256_and_si256(states, _mm256_set1_epi32(0xff))
}

/// See `portable::look_up_wide`.
#[target_feature(enable = "avx2,bmi1,bmi2,popcnt")]
pub(in crate::kernel) fn look_up_wide(
    lines: &[Block],
    per_line: usize,
    tables: &[Table],
    stride: usize,
    add: bool,
    sums: &mut [f32],
) {
    for (b, sums) in sums.chunks_mut(2 * ROUND).enumerate() {
        let mut tile = [[0.0f32; ROUND]; 2];
        for half in 0..2 {
            let mut even = [_mm256_setzero_ps(); 2];
            let mut odd = [_mm256_setzero_ps(); 2];
            for (block, table) in lines[b..].iter().step_by(per_line).zip(tables.chunks_exact(stride)) {
                let words = load(block, half);
                for r in 0..2 {
                    let entry = |bit: usize| gather(table, _mm256_srl_epi32(words, _mm_cvtsi32_si128(bit as i32)));
                    even[r] = _mm256_add_ps(even[r], entry(8 * r));
                    odd[r] = _mm256_add_ps(odd[r], entry(16 + 8 * r));
                }
            }
            for r in 0..2 {
                tile[r][16 * half..][..16].copy_from_slice(&interleaved(even[r], odd[r]));
            }
        }
        portable::store(&tile, add, sums);
    }
}

/// `table[index mod 256]` in each of eight lanes. The number of entries of the table is a power of
/// two, and no such index is beyond it.
#[inline]
#[target_feature(enable = "avx2")]
fn gather(table: &[Table], index: __m256i) -> __m256 {
    assert!(!table.is_empty());
    let last = 16 * table.len().min(16) - 1;
    let index = _mm256_and_si256(index, _mm256_set1_epi32(last as i32));
    // SAFETY: invariant 3; `x & last` is at most `last`, which is the index of an entry.
    unsafe { _mm256_i32gather_ps::<4>(table.as_ptr().cast(), index) }
}

/// The lanes of `even` and `odd`, alternating.
#[inline]
#[target_feature(enable = "avx2")]
fn interleaved(even: __m256, odd: __m256) -> [f32; 16] {
    let low = _mm256_unpacklo_ps(even, odd);
    let high = _mm256_unpackhi_ps(even, odd);
    let mut floats = [0.0; 16];
    store(&mut floats, 0, _mm256_castps_si256(_mm256_permute2f128_ps(low, high, 0x20)));
    store(&mut floats, 1, _mm256_castps_si256(_mm256_permute2f128_ps(low, high, 0x31)));
    floats
}

/// See `portable::sum`.
#[target_feature(enable = "avx2,bmi1,bmi2,popcnt")]
pub(in crate::kernel) fn sum<const MAGNITUDES: bool>(x: &[f32]) -> f32 {
    let sign = _mm256_set1_ps(-0.0);
    let mut lanes = [[_mm256_setzero_ps(); 2]; 4];
    portable::for_each_run(x, |_, x: &[f32; LANES]| {
        for (lanes, x) in lanes.iter_mut().zip(x.as_chunks::<16>().0) {
            for (half, lanes) in lanes.iter_mut().enumerate() {
                let x = _mm256_castsi256_ps(load(x, half));
                *lanes = _mm256_add_ps(*lanes, if MAGNITUDES { _mm256_andnot_ps(sign, x) } else { x });
            }
        }
    });
    whole_tree(lanes)
}

/// See `portable::tree`.
#[inline]
#[target_feature(enable = "avx2")]
fn whole_tree([a, b, c, d]: [[__m256; 2]; 4]) -> f32 {
    let sums = |half: usize| _mm256_add_ps(_mm256_add_ps(a[half], c[half]), _mm256_add_ps(b[half], d[half]));
    tree(_mm256_add_ps(sums(0), sums(1)))
}

/// See `portable::kept`. The number of entries is counted in integers.
#[target_feature(enable = "avx2,bmi1,bmi2,popcnt")]
pub(in crate::kernel) fn kept(x: &[f32], floor: f32) -> [f32; 3] {
    let floor = _mm256_set1_ps(floor);
    let (mut mass, mut square, mut count) = ([[_mm256_setzero_ps(); 2]; 4], [[_mm256_setzero_ps(); 2]; 4], 0);
    portable::for_each_run_with(f32::NAN, x, |_, x: &[f32; LANES]| {
        for (i, x) in x.as_chunks::<16>().0.iter().enumerate() {
            for half in 0..2 {
                let x = _mm256_castsi256_ps(load(x, half));
                let kept = _mm256_cmp_ps::<_CMP_GE_OQ>(x, floor);
                let x = _mm256_and_ps(x, kept);
                mass[i][half] = _mm256_add_ps(mass[i][half], x);
                square[i][half] = _mm256_add_ps(square[i][half], _mm256_mul_ps(x, x));
                count += _mm256_movemask_ps(kept).count_ones();
            }
        }
    });
    [whole_tree(mass), whole_tree(square), count as f32]
}

/// The last three levels of `portable::tree`, from 8 lanes to their sum.
#[inline]
#[target_feature(enable = "avx2")]
pub(super) fn tree(lanes: __m256) -> f32 {
    let half = _mm_add_ps(_mm256_castps256_ps128(lanes), _mm256_extractf128_ps(lanes, 1));
    let quarter = _mm_add_ps(half, _mm_movehl_ps(half, half));
    _mm_cvtss_f32(_mm_add_ss(quarter, _mm_movehdup_ps(quarter)))
}
