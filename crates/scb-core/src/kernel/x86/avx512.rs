//! AVX-512 (F, BW, DQ, VL: Intel's servers since 2017, AMD's processors since 2022).
//!
//! A round of random words is one register, and so are 16 weights, 16 sums and a table of 16
//! entries.

use std::arch::x86_64::*;

use super::{Plain, avx2, by_bounds, compile_portable};
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
use crate::kernel::wide::{GROUP, WIDE_TILE};

compile_portable!("avx512f,avx512bw,avx512dq,avx512vl,avx2,bmi1,bmi2,popcnt");

/// See `portable::transpose`.
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx2,fma,bmi1,bmi2,popcnt")]
pub(in crate::kernel) fn transpose(rows: &[f32], stride: usize, into: &mut [f32]) {
    avx2::transpose(rows, stride, into);
}

/// See `portable::products`. Eight rows and 32 entries of each stay in registers.
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
pub(in crate::kernel) fn products(matrix: &[f32], width: usize, x: &[[f32; GROUP]], y: &mut [f32]) {
    let rows = matrix.len() / width;
    for (tile, matrix) in matrix.chunks_exact(rows * WIDE_TILE).enumerate() {
        for (x, y) in x.chunks_exact(rows).zip(y.chunks_exact_mut(GROUP * width)) {
            let mut sums = [[_mm512_setzero_ps(); 2]; GROUP];
            for ([low, high], x) in matrix.as_chunks::<16>().0.as_chunks::<2>().0.iter().zip(x) {
                let (low, high) = (_mm512_castsi512_ps(load(low)), _mm512_castsi512_ps(load(high)));
                for (sums, &x) in sums.iter_mut().zip(x) {
                    let x = _mm512_set1_ps(x);
                    *sums = [_mm512_fmadd_ps(low, x, sums[0]), _mm512_fmadd_ps(high, x, sums[1])];
                }
            }
            for (sums, y) in sums.iter().zip(y.chunks_exact_mut(width)) {
                let (y, _) = y.as_chunks_mut::<16>();
                store(&mut y[2 * tile], _mm512_castps_si512(sums[0]));
                store(&mut y[2 * tile + 1], _mm512_castps_si512(sums[1]));
            }
        }
    }
}

/// Loads 64 bytes.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
fn load<T: Plain>(from: &T) -> __m512i {
    const { assert!(size_of::<T>() == 64) };
    // SAFETY: invariant 2.
    unsafe { _mm512_loadu_si512(std::ptr::from_ref(from).cast()) }
}

/// Stores 64 bytes.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
fn store<T: Plain>(to: &mut T, x: __m512i) {
    const { assert!(size_of::<T>() == 64) };
    // SAFETY: invariant 2.
    unsafe { _mm512_storeu_si512(std::ptr::from_mut(to).cast(), x) }
}

/// The eight generators in four registers.
struct Generators([__m512i; 4]);

impl Generators {
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
    fn load(bits: &Bits) -> Self {
        Self([load(&bits.state[0]), load(&bits.state[1]), load(&bits.state[2]), load(&bits.state[3])])
    }

    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
    fn store(&self, bits: &mut Bits) {
        for (words, &register) in bits.state.iter_mut().zip(&self.0) {
            store(words, register);
        }
    }

    /// One round of words; see `Bits::advance`.
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
    fn next(&mut self) -> __m512i {
        const XOR: i32 = 0x96; // of three
        let [s0, s1, s2, s3] = self.0;
        let out = _mm512_add_epi64(_mm512_rol_epi64(_mm512_add_epi64(s0, s3), 23), s0);
        let shifted = _mm512_slli_epi64(s1, 17);
        let t3 = _mm512_xor_si512(s3, s1);
        self.0 = [
            _mm512_xor_si512(s0, t3),
            _mm512_ternarylogic_epi64(s1, s2, s0, XOR),
            _mm512_ternarylogic_epi64(s2, s0, shifted, XOR),
            _mm512_rol_epi64(t3, 45),
        ];
        out
    }
}

/// See `portable::random_words`.
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
pub(in crate::kernel) fn random_words(bits: &mut Bits, rounds: usize) -> u64 {
    let mut generators = Generators::load(bits);
    let mut total = _mm512_setzero_si512();
    for _ in 0..rounds {
        total = _mm512_xor_si512(total, generators.next());
    }
    generators.store(bits);
    let mut words = [0u64; 8];
    store(&mut words, total);
    words.iter().fold(0, |all, &word| all ^ word)
}

/// See `portable::fill`.
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
pub(in crate::kernel) fn fill(bits: &mut Bits, words: &mut [[u64; GENERATORS]]) {
    let mut generators = Generators::load(bits);
    for words in words {
        store(words, generators.next());
    }
    generators.store(bits);
}

/// See `portable::draw_narrow`.
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
pub(in crate::kernel) fn draw_narrow<const WEIGH: bool>(source: &mut TokenSource<'_>, sequences: &mut Sequences<'_>) {
    let Cells::Ordered(bounds) = &source.states.cells else { return };
    by_bounds!(bounds.len(), draw_narrow_of::<WEIGH>(source, sequences, bounds));
}

/// `ONES[s][r]` adds 1 to a token whose first bit is bit `s` of round `r`.
static ONES: [[Block; 4]; 4] = {
    let mut ones = [[Block::ZERO; 4]; 4];
    let mut bit = 0;
    while bit < 16 {
        ones[bit % 4][bit / 4] = Block([1 << bit; ROUND]);
        bit += 1;
    }
    ones
};

/// The version for `J` bounds and histograms of `W` entries. A comparison with a bound yields a
/// mask of the tokens beyond it. Masked additions count the mask into the tokens and add the
/// weights to the sums of the bound.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
fn draw_narrow_of<const J: usize, const W: usize, const WEIGH: bool>(
    source: &mut TokenSource<'_>,
    sequences: &mut Sequences<'_>,
    bounds: &[Block],
) {
    let Some(bounds) = bounds.first_chunk::<J>() else { return };
    const { assert!(W == width(J + 1)) };
    assert_eq!(sequences.width, W);
    let (layout, form) = (sequences.layout, sequences.attention.form);
    let mut generators = Generators::load(source.bits);
    let escapes = _mm512_set1_epi16(source.states.escapes as i16);
    let mut words = [[0u16; ROUND]; 4];
    for Line { histograms, mut destination } in sequences.lines() {
        for (sequence, h) in histograms.as_chunks_mut::<W>().0.iter_mut().enumerate() {
            let shift = layout.shift(sequence);
            let ones = &ONES[shift as usize % 4];
            let mut histogram = [0.0; W];
            for mut piece in destination.pieces::<4>() {
                let mut passed = [0; W];
                // The two halves of a round have sums of their own. Only so does the compiler add
                // under a mask in one instruction.
                let (mut low_sums, mut high_sums) = ([_mm512_setzero_si512(); J], [_mm512_setzero_si512(); J]);
                let scale = piece.scale;
                for mut span in piece.spans() {
                    let mut block = if sequence == 0 { _mm512_setzero_si512() } else { load(span.block) };
                    let mut lowest = _mm512_set1_epi16(-1);
                    for ((weights, words), one) in span.weights.iter().zip(&mut words).zip(ones) {
                        let h = generators.next();
                        store(words, h);
                        lowest = _mm512_min_epu16(lowest, h);
                        let (low, high, one) = (load(&weights[0]), load(&weights[1]), load(one));
                        for j in 0..J {
                            let beyond = _mm512_cmpgt_epu16_mask(h, load(&bounds[j]));
                            block = _mm512_mask_add_epi16(block, beyond, block, one);
                            if WEIGH {
                                low_sums[j] = _mm512_mask_add_epi32(low_sums[j], beyond as u16, low_sums[j], low);
                                high_sums[j] =
                                    _mm512_mask_add_epi32(high_sums[j], (beyond >> 16) as u16, high_sums[j], high);
                            }
                        }
                    }
                    store(span.block, block);
                    if _mm512_cmplt_epu16_mask(lowest, escapes) != 0 {
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

/// Adds the sums over all lanes.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
fn add_sums<const J: usize, const W: usize>(passed: &mut [i32; W], low_sums: &[__m512i; J], high_sums: &[__m512i; J]) {
    for (j, passed) in passed.as_chunks_mut::<4>().0.iter_mut().enumerate() {
        let sum = |i: usize| {
            if 4 * j + i < J {
                _mm512_add_epi32(low_sums[4 * j + i], high_sums[4 * j + i])
            } else {
                _mm512_setzero_si512()
            }
        };
        for (passed, total) in passed.iter_mut().zip(totals([sum(0), sum(1), sum(2), sum(3)])) {
            *passed += total;
        }
    }
}

/// See `portable::weigh_narrow`.
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
pub(in crate::kernel) fn weigh_narrow(sequences: &mut Sequences<'_>, n: usize) {
    by_bounds!(n - 1, weigh_narrow_of(sequences));
}

/// The version for states up to `J` and histograms of `W` entries. See `draw_narrow_of`.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
fn weigh_narrow_of<const J: usize, const W: usize>(sequences: &mut Sequences<'_>) {
    const { assert!(W == width(J + 1)) };
    assert_eq!(sequences.width, W);
    let layout = sequences.layout;
    let mask = _mm512_set1_epi16((layout.mask() & 0xf) as i16);
    for Line { histograms, mut destination } in sequences.lines() {
        for (sequence, h) in histograms.as_chunks_mut::<W>().0.iter_mut().enumerate() {
            let shift = _mm_cvtsi32_si128(layout.shift(sequence) as i32);
            let mut histogram = [0.0; W];
            for mut piece in destination.pieces::<4>() {
                let (mut low_sums, mut high_sums) = ([_mm512_setzero_si512(); J], [_mm512_setzero_si512(); J]);
                let scale = piece.scale;
                for span in piece.spans() {
                    let mut block = _mm512_srl_epi16(load(span.block), shift);
                    for weights in span.weights {
                        let states = _mm512_and_si512(block, mask);
                        block = _mm512_srli_epi16(block, 4);
                        let (low, high) = (load(&weights[0]), load(&weights[1]));
                        for j in 0..J {
                            let beyond = _mm512_cmpgt_epu16_mask(states, _mm512_set1_epi16(j as i16));
                            low_sums[j] = _mm512_mask_add_epi32(low_sums[j], beyond as u16, low_sums[j], low);
                            high_sums[j] =
                                _mm512_mask_add_epi32(high_sums[j], (beyond >> 16) as u16, high_sums[j], high);
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

/// The sums over the 16 lanes of four registers.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
fn totals([a, b, c, d]: [__m512i; 4]) -> [i32; 4] {
    let ab = _mm512_add_epi32(_mm512_unpacklo_epi32(a, b), _mm512_unpackhi_epi32(a, b));
    let cd = _mm512_add_epi32(_mm512_unpacklo_epi32(c, d), _mm512_unpackhi_epi32(c, d));
    // Every 128 bits now hold a part of each of the four sums.
    let abcd = _mm512_add_epi32(_mm512_unpacklo_epi64(ab, cd), _mm512_unpackhi_epi64(ab, cd));
    let half = _mm256_add_epi32(_mm512_castsi512_si256(abcd), _mm512_extracti64x4_epi64(abcd, 1));
    let sums = _mm_add_epi32(_mm256_castsi256_si128(half), _mm256_extracti128_si256(half, 1));
    [_mm_extract_epi32(sums, 0), _mm_extract_epi32(sums, 1), _mm_extract_epi32(sums, 2), _mm_extract_epi32(sums, 3)]
}

/// See `portable::step_row`.
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx2,bmi1,bmi2,popcnt")]
pub(in crate::kernel) fn step_row(a: &mut [f32], g: &[f32], eta: f32, threshold: f32) {
    portable::step_row_with(|x| sum::<false>(x), a, g, eta, threshold);
}

/// See `portable::round_piece`.
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx2,bmi1,bmi2,popcnt")]
pub(in crate::kernel) fn round_piece(form: Form, a: &[f32], lanes: &mut [Weights16]) -> (f64, i32) {
    let round = |per_unit: f32, lanes: &mut [Weights16]| round_weights(form, a, per_unit, lanes);
    portable::round_piece_with(|x| sum::<true>(x), round, a, lanes)
}

/// See `portable::round_weights`; the form is always whole.
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
fn round_weights(_: Form, a: &[f32], per_unit: f32, lanes: &mut [Weights16]) -> i32 {
    let per_unit = _mm512_set1_ps(per_unit);
    let mut total = _mm512_setzero_si512();
    portable::for_each_run(a, |run, a: &[f32; 16]| {
        let whole = _mm512_cvtps_epi32(_mm512_mul_ps(_mm512_castsi512_ps(load(a)), per_unit));
        store(&mut lanes[run], whole);
        // Like any partial sum, that of a lane fits 32 bits.
        total = _mm512_add_epi32(total, whole);
    });
    _mm512_reduce_add_epi32(total)
}

/// See `portable::residuals`.
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx2,bmi1,bmi2,popcnt")]
pub(in crate::kernel) fn residuals(job: &mut Residuals, samples: &Samples<'_>, tables: &mut [Table]) {
    if job.width == 4 { avx2::residuals_of_4(job, samples, tables) } else { portable::residuals(job, samples, tables) }
}

/// See `portable::look_up_narrow`.
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
pub(in crate::kernel) fn look_up_narrow(
    lines: &[Block],
    per_line: usize,
    tables: &[Table],
    add: bool,
    sums: &mut [f32],
) {
    for (b, sums) in sums.chunks_mut(4 * ROUND).enumerate() {
        match sums.len().div_ceil(ROUND) {
            1 => look_up_rounds::<1, 4, 1>(&lines[b..], per_line, tables, add, sums),
            2 => look_up_rounds::<2, 4, 1>(&lines[b..], per_line, tables, add, sums),
            3 => look_up_rounds::<3, 4, 1>(&lines[b..], per_line, tables, add, sums),
            _ => look_up_rounds::<4, 4, 1>(&lines[b..], per_line, tables, add, sums),
        }
    }
}

/// Looks up the first block of every line: `R` rounds of it, of `BITS` bits each, with tables of
/// `16 C` entries.
///
/// A register of words is 16 pairs. A shift by `BITS r` moves the index of the even words of round
/// `r` to the lowest bits, where a permutation reads it. A shift by `16 + BITS r` does so for the
/// odd words.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
fn look_up_rounds<const R: usize, const BITS: usize, const C: usize>(
    lines: &[Block],
    per_line: usize,
    tables: &[Table],
    add: bool,
    sums: &mut [f32],
) {
    let mut even = [_mm512_setzero_ps(); R];
    let mut odd = [_mm512_setzero_ps(); R];
    for (block, table) in lines.iter().step_by(per_line).zip(tables.as_chunks::<C>().0) {
        let words = load(block);
        for r in 0..R {
            let index = _mm512_srl_epi32(words, _mm_cvtsi32_si128((BITS * r) as i32));
            even[r] = _mm512_add_ps(even[r], look_up_floats(table, index));
            let index = _mm512_srl_epi32(words, _mm_cvtsi32_si128((16 + BITS * r) as i32));
            odd[r] = _mm512_add_ps(odd[r], look_up_floats(table, index));
        }
    }
    let mut tile = [[0.0f32; ROUND]; R];
    for r in 0..R {
        store_interleaved(even[r], odd[r], &mut tile[r]);
    }
    portable::store(&tile, add, sums);
}

#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
fn store_interleaved(even: __m512, odd: __m512, tile: &mut [f32; ROUND]) {
    let low = _mm512_setr_epi32(0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
    let high = _mm512_add_epi32(low, _mm512_set1_epi32(8));
    let (first, second) = tile.split_at_mut(16);
    if let (Some(first), Some(second)) = (first.first_chunk_mut::<16>(), second.first_chunk_mut::<16>()) {
        store(first, _mm512_castps_si512(_mm512_permutex2var_ps(even, low, odd)));
        store(second, _mm512_castps_si512(_mm512_permutex2var_ps(even, high, odd)));
    }
}

/// See `portable::draw_wide`.
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
pub(in crate::kernel) fn draw_wide<const WEIGH: bool>(source: &mut TokenSource<'_>, sequences: &mut Sequences<'_>) {
    let Cells::Columns(columns) = &source.states.cells else { return };
    match columns.split.len() {
        32 => draw_columns::<1, WEIGH>(source, sequences, columns),
        64 => draw_columns::<2, WEIGH>(source, sequences, columns),
        128 => draw_columns::<4, WEIGH>(source, sequences, columns),
        256 => draw_columns::<8, WEIGH>(source, sequences, columns),
        _ => draw_columns::<16, WEIGH>(source, sequences, columns),
    }
}

/// The version for `32 C` columns, whose splits and states are `C` registers each.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
fn draw_columns<const C: usize, const WEIGH: bool>(
    source: &mut TokenSource<'_>,
    sequences: &mut Sequences<'_>,
    columns: &Columns,
) {
    let (splits, pairs) = (columns.split.as_chunks::<32>().0, columns.states.as_chunks::<32>().0);
    let (Some(splits), Some(pairs)) = (splits.first_chunk::<C>(), pairs.first_chunk::<C>()) else { return };
    let mut generators = Generators::load(source.bits);
    let escapes = _mm512_set1_epi16(source.states.escapes as i16);
    let shift = _mm_cvtsi32_si128(columns.shift as i32);
    let low = _mm512_set1_epi16(0xff);
    let (mut words, mut sums) = ([[0u16; ROUND]; 2], portable::WideSums::ZERO);
    for Line { histograms: h, mut destination } in sequences.lines() {
        if WEIGH {
            h.fill(0.0);
        }
        for mut piece in destination.pieces::<2>() {
            let (scale, mut before) = (piece.scale, None);
            for mut span in piece.spans() {
                let rounds = span.weights.len();
                let (mut states, mut escaped) = ([_mm512_setzero_si512(); 2], [0; 2]);
                for ((words, state), escaped) in words[..rounds].iter_mut().zip(&mut states).zip(&mut escaped) {
                    let h = generators.next();
                    store(words, h);
                    *escaped = _mm512_cmplt_epu16_mask(h, escapes);
                    let column = _mm512_srl_epi16(h, shift);
                    let second = _mm512_cmpge_epu16_mask(h, look_up_words(splits, column));
                    let pair = look_up_words(pairs, column);
                    *state = _mm512_mask_srli_epi16(pair, second, pair, 8);
                }
                let packed = _mm512_or_si512(_mm512_and_si512(states[0], low), _mm512_slli_epi16(states[1], 8));
                store(span.block, packed);
                if escaped != [0; 2] {
                    source.draw_escapes_wide(&mut span, &words[..rounds], escaped);
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

/// `table[index]` in each of 32 words; `table` has `32 C` entries.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
fn look_up_words<const C: usize>(table: &[[u16; 32]; C], index: __m512i) -> __m512i {
    if C == 1 {
        return _mm512_permutexvar_epi16(index, load(&table[0]));
    }
    // Two registers at a time. The results from the registers that hold the entry are kept.
    let mut found = _mm512_permutex2var_epi16(load(&table[0]), index, load(&table[1]));
    for (c, pair) in table.as_chunks::<2>().0.iter().enumerate().skip(1) {
        let here = _mm512_cmpge_epu16_mask(index, _mm512_set1_epi16(64 * c as i16));
        let other = _mm512_permutex2var_epi16(load(&pair[0]), index, load(&pair[1]));
        found = _mm512_mask_mov_epi16(found, here, other);
    }
    found
}

/// See `portable::look_up_wide`.
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
pub(in crate::kernel) fn look_up_wide(
    lines: &[Block],
    per_line: usize,
    tables: &[Table],
    stride: usize,
    add: bool,
    sums: &mut [f32],
) {
    for (b, sums) in sums.chunks_mut(2 * ROUND).enumerate() {
        match stride {
            2 => look_up_rounds::<2, 8, 2>(&lines[b..], per_line, tables, add, sums),
            4 => look_up_rounds::<2, 8, 4>(&lines[b..], per_line, tables, add, sums),
            8 => look_up_rounds::<2, 8, 8>(&lines[b..], per_line, tables, add, sums),
            _ => look_up_rounds::<2, 8, 16>(&lines[b..], per_line, tables, add, sums),
        }
    }
}

/// `table[index mod 256]` in each of 16 lanes, for a table of `16 C` entries; no such index is
/// beyond it. With one register it is `index mod 16`.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
fn look_up_floats<const C: usize>(table: &[Table; C], index: __m512i) -> __m512 {
    let register = |c: usize| _mm512_castsi512_ps(load(&table[c]));
    if C == 1 {
        return _mm512_permutexvar_ps(index, register(0));
    }
    let mut found = _mm512_permutex2var_ps(register(0), index, register(1));
    let index = _mm512_and_si512(index, _mm512_set1_epi32(0xff));
    for c in 1..C / 2 {
        let here = _mm512_cmpge_epu32_mask(index, _mm512_set1_epi32(32 * c as i32));
        let other = _mm512_permutex2var_ps(register(2 * c), index, register(2 * c + 1));
        found = _mm512_mask_mov_ps(found, here, other);
    }
    found
}

/// See `portable::sum`.
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
pub(in crate::kernel) fn sum<const MAGNITUDES: bool>(x: &[f32]) -> f32 {
    let mut lanes = [_mm512_setzero_ps(); 4];
    portable::for_each_run(x, |_, x: &[f32; LANES]| {
        for (lanes, x) in lanes.iter_mut().zip(x.as_chunks::<16>().0) {
            let x = _mm512_castsi512_ps(load(x));
            *lanes = _mm512_add_ps(*lanes, if MAGNITUDES { _mm512_abs_ps(x) } else { x });
        }
    });
    tree(lanes)
}

/// See `portable::tree`.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
fn tree([a, b, c, d]: [__m512; 4]) -> f32 {
    let sums = _mm512_add_ps(_mm512_add_ps(a, c), _mm512_add_ps(b, d));
    avx2::tree(_mm256_add_ps(_mm512_castps512_ps256(sums), _mm512_extractf32x8_ps(sums, 1)))
}

/// See `portable::kept`. The number of entries is counted in integers.
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,popcnt")]
pub(in crate::kernel) fn kept(x: &[f32], floor: f32) -> [f32; 3] {
    let floor = _mm512_set1_ps(floor);
    let (mut mass, mut square, mut count) = ([_mm512_setzero_ps(); 4], [_mm512_setzero_ps(); 4], 0);
    portable::for_each_run_with(f32::NAN, x, |_, x: &[f32; LANES]| {
        for (i, x) in x.as_chunks::<16>().0.iter().enumerate() {
            let x = _mm512_castsi512_ps(load(x));
            let kept = _mm512_cmp_ps_mask::<_CMP_GE_OQ>(x, floor);
            let x = _mm512_maskz_mov_ps(kept, x);
            mass[i] = _mm512_add_ps(mass[i], x);
            square[i] = _mm512_add_ps(square[i], _mm512_mul_ps(x, x));
            count += kept.count_ones();
        }
    });
    [tree(mass), tree(square), count as f32]
}
