//! The kernels as methods of a [`Level`], and the sharing of long rows among idle cores.

use rayon::prelude::*;

use super::bits::{Bits, GENERATORS};
use super::layout::{Block, Layout, ROUND};
use super::level::{Kind, Level, level_in_use};
use super::pieces::{PIECE, SHARED_PIECES, by_piece, fold_pieces, worth_many_cores};
use super::portable;
use super::residuals::Residuals;
use super::samples::Samples;
use super::sequences::{Sequences, TokenSource};
use super::states::Cells;
use super::table::Table;
use super::weights::{Form, Weights16};
use super::wide::GROUP;
#[cfg(target_arch = "x86_64")]
use super::x86;

/// Calls the version of a kernel for a level.
macro_rules! dispatch {
    ($level:expr, $name:ident $(::<$constant:tt>)? ($($argument:expr),* $(,)?)) => {
        match $level.kind() {
            Kind::Portable => portable::$name $(::<$constant>)? ($($argument),*),
            #[cfg(target_arch = "x86_64")]
            Kind::Avx2 => x86::call!(avx2::$name $(::<$constant>)? ($($argument),*)),
            #[cfg(target_arch = "x86_64")]
            Kind::Avx512 => x86::call!(avx512::$name $(::<$constant>)? ($($argument),*)),
        }
    };
}

impl Level {
    /// How this level wants the weights, for a narrow layout or a wide one.
    pub(super) fn form(self, narrow: bool) -> Form {
        match (self.kind(), narrow) {
            #[cfg(target_arch = "x86_64")]
            (Kind::Avx2, true) => Form::Halves,
            _ => Form::Whole,
        }
    }

    /// Looks up the tokens of every line at every position: `sums[p]` becomes the sum over lines of
    /// the table of the line, at the index that its tokens at position p form. The terms are added
    /// in the order of the lines. If `add`, the first term is what `sums` holds.
    ///
    /// `lines` are whole lines of `layout`, at least one; each has `table_size` of `tables`. `sums`
    /// has one entry for each position from `first` on; `first` is a multiple of `PIECE`.
    pub fn look_up(
        self,
        layout: &Layout,
        lines: &[Block],
        first: usize,
        tables: &[Table],
        add: bool,
        sums: &mut [f32],
    ) {
        let per_line = layout.blocks();
        if layout.narrow() {
            // After this offset, the block of the next line is always `per_line` blocks further on.
            let lines = &lines[first / (4 * ROUND)..];
            dispatch!(self, look_up_narrow(lines, per_line, tables, add, sums));
        } else {
            let stride = tables.len() * per_line / lines.len().max(1);
            let lines = &lines[first / (2 * ROUND)..];
            dispatch!(self, look_up_wide(lines, per_line, tables, stride, add, sums));
        }
    }

    /// Adds the samples in some lines of `layout` to dV and makes the look-up tables, `table_size`
    /// per line. `outputs` and `histograms` (`width` entries each) are by place; `filled` is the
    /// number of sequences in each line.
    pub fn residuals(
        self,
        job: &mut Residuals,
        layout: &Layout,
        filled: &[usize],
        outputs: &[usize],
        histograms: &[f64],
        tables: &mut [Table],
    ) {
        let sequences = layout.sequences();
        assert_eq!(outputs.len(), filled.len() * sequences);
        assert_eq!(histograms.len(), outputs.len() * job.width);
        let samples = &Samples { sequences, filled, outputs, histograms };
        match &mut job.wide {
            Some(wide) => wide.take(self, job.weight, samples, tables),
            None => dispatch!(self, residuals(job, samples, tables)),
        }
    }

    /// Makes `rounds` rounds of 32 random words of 16 bits and returns their exclusive or. No
    /// kernel that draws as many tokens can take less time.
    #[must_use]
    pub fn random_words(self, bits: &mut Bits, rounds: usize) -> u64 {
        dispatch!(self, random_words(bits, rounds))
    }

    /// Fills `words` with random words.
    pub fn fill(self, bits: &mut Bits, words: &mut [[u64; GENERATORS]]) {
        dispatch!(self, fill(bits, words));
    }

    /// Sum of all entries.
    #[must_use]
    pub fn sum(self, x: &[f32]) -> f64 {
        fold_pieces(x, |x| dispatch!(self, sum::<false>(x)), 0.0, |sum, part| sum + f64::from(part))
    }

    /// Sum of the magnitudes of all entries.
    #[must_use]
    pub fn magnitude(self, x: &[f32]) -> f64 {
        fold_pieces(x, |x| dispatch!(self, sum::<true>(x)), 0.0, |sum, part| sum + f64::from(part))
    }

    /// The largest entry; minus infinity if there is none. NaN entries are ignored.
    #[must_use]
    pub fn largest(self, x: &[f32]) -> f32 {
        let part = |x: &[f32]| dispatch!(self, largest(x));
        if worth_many_cores(x.len()) { part(&by_piece(x, part)) } else { part(x) }
    }

    /// Sum, sum of squares and number of the entries that are at least `floor`.
    #[must_use]
    pub fn kept(self, x: &[f32], floor: f32) -> (f64, f64, f64) {
        let [mass, square, count] = fold_pieces(
            x,
            |x| dispatch!(self, kept(x, floor)),
            [0.0; 3],
            |all, part| std::array::from_fn(|i| all[i] + f64::from(part[i])),
        );
        (mass, square, count)
    }

    /// `a <- a - eta (g - mean)`, then `sign(a) max(|a| - threshold, 0)` if `threshold > 0`.
    pub fn descend(self, a: &mut [f32], g: &[f32], eta: f32, mean: f32, threshold: f32) {
        for_each_pair_of_pieces(a, g, |a, g| dispatch!(self, descend(a, g, eta, mean, threshold)));
    }

    /// Adds `x` to every entry.
    pub fn add_to_all(self, a: &mut [f32], x: f32) {
        for_each_piece(a, |a| dispatch!(self, add_to_all(a, x)));
    }

    /// `a <- exp(s - largest)`, where `largest` is the largest entry of `s`.
    pub fn exponentials(self, a: &mut [f32], s: &[f32], largest: f32) {
        for_each_pair_of_pieces(a, s, |a, s| dispatch!(self, exponentials(a, s, largest)));
    }

    /// Multiplies every entry by `x`.
    pub fn multiply_all(self, a: &mut [f32], x: f32) {
        for_each_piece(a, |a| dispatch!(self, multiply_all(a, x)));
    }

    /// `<a, g>`, in double precision.
    #[must_use]
    pub fn inner(self, a: &[f32], g: &[f32]) -> f64 {
        let part = |(a, g): (&[f32], &[f32])| dispatch!(self, inner(a, g));
        if worth_many_cores(a.len()) {
            let parts = a.par_chunks(PIECE).zip(g.par_chunks(PIECE)).with_min_len(SHARED_PIECES).map(part);
            parts.collect::<Vec<f64>>().into_iter().sum()
        } else {
            a.chunks(PIECE).zip(g.chunks(PIECE)).map(part).sum()
        }
    }

    /// `g <- a (g - mean)`.
    pub fn to_logits(self, g: &mut [f32], a: &[f32], mean: f32) {
        for_each_pair_of_pieces(g, a, |g, a| dispatch!(self, to_logits(g, a, mean)));
    }

    /// A step of Adam for V, as [`Level::adam`].
    pub fn adam_of_value(
        self,
        v: &mut [f64],
        g: &[f64],
        moments: [&mut [f64]; 2],
        rates: [f64; 2],
        eta_scale_e: [f64; 3],
    ) {
        dispatch!(self, adam_of_value(v, g, moments, rates, eta_scale_e));
    }

    /// A step of Adam for parameters `x` with gradient `g` and moments `m` and `s`:
    /// `m <- m + rates[0] (g - m)`, `s <- s + rates[1] (g^2 - s)`,
    /// `x <- x - eta m / (sqrt(s) scale + e)`.
    pub fn adam(self, x: &mut [f32], g: &[f32], moments: [&mut [f32]; 2], rates: [f32; 2], eta_scale_e: [f32; 3]) {
        let part = |x: &mut [f32], g: &[f32], moments: [&mut [f32]; 2]| {
            dispatch!(self, adam(x, g, moments, rates, eta_scale_e));
        };
        if worth_many_cores(x.len()) {
            let [m, s] = moments.map(|moment| moment.par_chunks_mut(PIECE));
            let pieces = x.par_chunks_mut(PIECE).zip(g.par_chunks(PIECE)).zip(m.zip(s));
            pieces.with_min_len(SHARED_PIECES).for_each(|((x, g), (m, s))| part(x, g, [m, s]));
        } else {
            part(x, g, moments);
        }
    }

    /// Adds the tokens of one sequence of a line of `layout` to another line, where the place of
    /// the sequence has zeros so far: that of number `from_to[0]` in `line` becomes number
    /// `from_to[1]` in `into`.
    pub fn copy_tokens(self, layout: &Layout, line: &[Block], into: &mut [Block], from_to: [usize; 2]) {
        let shifts = from_to.map(|sequence| layout.shift(sequence));
        dispatch!(self, copy_tokens(line, into, layout.mask(), shifts));
    }

    /// Adds to `counts` the field of `bits` bits from `shift` on of each of `sums`, which are
    /// integers below 2^23. Counters stay at their largest value.
    pub fn add_fields(self, counts: &mut [u32], sums: &[f32], shift: usize, bits: usize) {
        dispatch!(self, add_fields(counts, sums, shift, bits));
    }

    /// Writes `counts` to `both`, adds them to `here` and takes them from `rest`.
    pub fn take_counts(self, both: &mut [f64], rest: &mut [f64], here: &mut [f64], counts: &[u32]) {
        dispatch!(self, take_counts(both, rest, here, counts));
    }

    /// Adds `scale (both - share here - shift)^2` to every entry of `sizes`.
    pub fn add_dependence(self, sizes: &mut [f64], both: &[f64], here: &[f64], share_shift_scale: [f64; 3]) {
        dispatch!(self, add_dependence(sizes, both, here, share_shift_scale));
    }

    /// `Y = X' M`, with fused multiply-add. M has `width` columns, a multiple of `WIDE_TILE`, and is
    /// tiled; X is given by groups of [`GROUP`] columns, one after the other, row by row; and Y by
    /// rows of `width` entries.
    pub(super) fn products(self, matrix: &[f32], width: usize, x: &[[f32; GROUP]], y: &mut [f32]) {
        dispatch!(self, products(matrix, width, x, y));
    }

    /// Rounds to single precision.
    pub(super) fn to_single(self, from: &[f64], into: &mut [f32]) {
        dispatch!(self, to_single(from, into));
    }

    /// Writes `from` in double precision, or adds it.
    pub(super) fn to_double(self, from: &[f32], add: bool, into: &mut [f64]) {
        dispatch!(self, to_double(from, add, into));
    }

    /// Transposes [`GROUP`] rows of a whole number of groups of entries: entry j of row i goes to
    /// `into[j * stride + i]`.
    pub(super) fn transpose(self, rows: &[f32], stride: usize, into: &mut [f32]) {
        dispatch!(self, transpose(rows, stride, into));
    }

    /// A step of a row of the attention: `a <- a - eta (g - mean(g))`, then
    /// `sign(a) max(|a| - threshold, 0)` if `threshold > 0`. Then the same number is added to every
    /// entry so that they sum to 1.
    pub fn step_row(self, a: &mut [f32], g: &[f32], eta: f32, threshold: f32) {
        if a.len() <= PIECE {
            return dispatch!(self, step_row(a, g, eta, threshold));
        }
        let mean = self.sum(g) / a.len() as f64;
        self.descend(a, g, eta, mean as f32, threshold);
        self.restore_sum(a);
    }

    /// Adds the same number to every entry so that they sum to 1, and returns it.
    pub fn restore_sum(self, a: &mut [f32]) -> f32 {
        let missing = ((1.0 - self.sum(a)) / a.len() as f64) as f32;
        self.add_to_all(a, missing);
        missing
    }

    /// Preconditions the gradient `g` of V by `diag(1/mu)` and projects it, then `V <- V - eta g`.
    /// Both are N x N, row by row; mu and `1/mu` have N entries, and `means` is scratch space for N.
    pub fn step_value(self, v: &mut [f64], g: &[f64], mu_and_inverse: [&[f64]; 2], means: &mut [f64], eta: f64) {
        dispatch!(self, step_value(v, g, mu_and_inverse, means, eta));
    }

    /// Rounds one piece of weights to integers of the given form: their unit, NaN if they are not
    /// finite, and their sum.
    pub(super) fn round_piece(self, form: Form, a: &[f32], lanes: &mut [Weights16]) -> (f64, i32) {
        dispatch!(self, round_piece(form, a, lanes))
    }
}

/// Changes `a`, piece by piece on many cores if it is long.
fn for_each_piece(a: &mut [f32], part: impl Fn(&mut [f32]) + Sync + Send) {
    if worth_many_cores(a.len()) {
        a.par_chunks_mut(PIECE).with_min_len(SHARED_PIECES).for_each(part);
    } else {
        part(a);
    }
}

/// Changes `a` by the entries of `b`, piece by piece on many cores if they are long.
fn for_each_pair_of_pieces(a: &mut [f32], b: &[f32], part: impl Fn(&mut [f32], &[f32]) + Sync + Send) {
    if worth_many_cores(a.len()) {
        let pieces = a.par_chunks_mut(PIECE).zip(b.par_chunks(PIECE));
        pieces.with_min_len(SHARED_PIECES).for_each(|(a, b)| part(a, b));
    } else {
        part(a, b);
    }
}

impl Sequences<'_> {
    /// Draws the sequences and computes the histogram `h = X a` of each, where `a` is the attention
    /// of its query token. It uses the level for which the attention was prepared.
    ///
    /// A sequence takes whole rounds of random words. Escapes take words of another stream, in the
    /// order of positions.
    pub fn draw(&mut self, source: TokenSource<'_>) {
        self.draw_and::<true>(source);
    }

    /// Draws the sequences that [`draw`](Self::draw) would draw, but computes no histogram. Only the
    /// length T of the attention's rows counts; query tokens must be below their number.
    pub fn draw_only(&mut self, source: TokenSource<'_>) {
        self.draw_and::<false>(source);
    }

    fn draw_and<const WEIGH: bool>(&mut self, mut source: TokenSource<'_>) {
        self.check();
        let level = self.attention.level;
        match source.states.cells {
            Cells::Ordered(_) => dispatch!(level, draw_narrow::<WEIGH>(&mut source, self)),
            Cells::Columns(_) => dispatch!(level, draw_wide::<WEIGH>(&mut source, self)),
        }
    }

    /// Computes the histograms of sequences that were drawn: those that [`draw`](Self::draw) would
    /// have computed, bit by bit.
    pub fn weigh(&mut self) {
        self.check();
        let (level, (n, _)) = (self.attention.level, self.attention.shape());
        if self.layout.narrow() {
            dispatch!(level, weigh_narrow(self, n));
        } else {
            dispatch!(level, weigh_wide(self));
        }
    }

    fn check(&self) {
        assert_eq!(self.queries.len(), self.filled.len());
        assert_eq!(self.lines.len(), self.filled.len() * self.layout.blocks());
        assert_eq!(self.histograms.len(), self.filled.len() * self.layout.sequences() * self.width);
    }
}

/// [`Level::sum`] at the level in use.
pub(crate) fn sum(x: &[f32]) -> f64 {
    level_in_use().sum(x)
}

/// [`Level::largest`] at the level in use.
pub(crate) fn largest(x: &[f32]) -> f32 {
    level_in_use().largest(x)
}

/// [`Level::kept`] at the level in use.
pub(crate) fn kept(x: &[f32], floor: f32) -> (f64, f64, f64) {
    level_in_use().kept(x, floor)
}

/// [`Level::descend`] at the level in use.
pub(crate) fn descend(a: &mut [f32], g: &[f32], eta: f32, mean: f32, threshold: f32) {
    level_in_use().descend(a, g, eta, mean, threshold);
}

/// [`Level::step_row`] at the level in use.
pub(crate) fn step_row(a: &mut [f32], g: &[f32], eta: f32, threshold: f32) {
    level_in_use().step_row(a, g, eta, threshold);
}

/// [`Level::step_value`] at the level in use.
pub(crate) fn step_value(v: &mut [f64], g: &[f64], mu_and_inverse: [&[f64]; 2], means: &mut [f64], eta: f64) {
    level_in_use().step_value(v, g, mu_and_inverse, means, eta);
}

/// [`Level::restore_sum`] at the level in use.
pub(crate) fn restore_sum(a: &mut [f32]) -> f32 {
    level_in_use().restore_sum(a)
}

/// [`Level::exponentials`] at the level in use.
pub(crate) fn exponentials(a: &mut [f32], s: &[f32], largest: f32) {
    level_in_use().exponentials(a, s, largest);
}

/// [`Level::multiply_all`] at the level in use.
pub(crate) fn multiply_all(a: &mut [f32], x: f32) {
    level_in_use().multiply_all(a, x);
}

/// [`Level::inner`] at the level in use.
pub(crate) fn inner(a: &[f32], g: &[f32]) -> f64 {
    level_in_use().inner(a, g)
}

/// [`Level::to_logits`] at the level in use.
pub(crate) fn to_logits(g: &mut [f32], a: &[f32], mean: f32) {
    level_in_use().to_logits(g, a, mean);
}
