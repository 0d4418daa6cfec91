//! From 16 random bits to a state, exactly.
//!
//! A uniform 64-bit word has 2^64 values. State `j` has `W_j` of them: `n_j = floor(W_j / 2^48)`
//! whole *cells* of 2^48 values, and a remainder. Sixteen random bits `h` name one of 65 536 cells.
//! The first `m` cells are *escapes*. Each of the others belongs to one state, `n_j` of them to
//! state `j`. On an escape 48 more bits are drawn; together with `h` they name one of `m 2^48`
//! values, and the remainders divide these up exactly. So one comparison, `h < m`, finds out
//! whether 16 bits suffice, for any number of states, and the distribution is exact to 64 bits. At
//! most N - 1 cells are escapes, or one if there is no remainder.

use rand::Rng;

use super::layout::{Block, ROUND};
use crate::random::Categorical;
use crate::random::Stream;

/// Number of cells that 16 bits can name.
const CELLS: u32 = 1 << 16;

/// A distribution over at most 256 states, prepared for drawing tokens.
#[derive(Debug, Clone)]
pub struct States {
    /// Cells below this number are escapes; at least 1.
    pub(super) escapes: u16,
    /// The ends of the remainders within the escapes, without the last one.
    remainders: Vec<u64>,
    pub(super) cells: Cells,
}

/// The states of the cells that are no escapes.
#[derive(Debug, Clone)]
pub(super) enum Cells {
    /// For at most 16 states, in order. The state of `h` is the number of these bounds that `h` is
    /// greater than. Each bound is repeated over a block, because vector registers need it so.
    Ordered(Vec<Block>),
    /// For more states: columns of equal width, each shared by at most two states (alias method of
    /// Walker, 1977).
    Columns(Columns),
}

/// The columns of the alias method, a power of two of them.
#[derive(Debug, Clone)]
pub(super) struct Columns {
    /// `h >> shift` is the column of `h`.
    pub(super) shift: u32,
    /// In column `c`, `h < split[c]` belongs to the first state, others to the second.
    pub(super) split: Vec<u16>,
    /// The first state in the low byte, the second in the high one.
    pub(super) states: Vec<u16>,
    /// The split in the low 16 bits, the states in the high ones, for one load.
    pub(super) both: Vec<u32>,
}

impl States {
    /// For `n` states, from 2 to 256, with the probabilities of `distribution`.
    #[must_use]
    pub fn new(distribution: &Categorical, n: usize) -> Self {
        let ends = distribution.bounds().iter().map(|&bound| u128::from(bound)).chain([1 << 64]);
        let mut start = 0;
        let mut masses: Vec<u128> = ends.map(|end| end - std::mem::replace(&mut start, end)).collect();
        masses.resize(n, 0);
        let mut cells: Vec<u32> = masses.iter().map(|mass| (mass >> 48) as u32).collect();
        if cells.iter().sum::<u32>() == CELLS {
            // There are no remainders. One escape keeps the bounds of `Ordered` above 0.
            let largest = largest(&cells);
            cells[largest] -= 1;
        }
        let escapes = CELLS - cells.iter().sum::<u32>();
        let mut total = 0;
        let mut remainders: Vec<u64> = masses
            .iter()
            .zip(&cells)
            .map(|(mass, &cells)| {
                total += mass - (u128::from(cells) << 48);
                total as u64
            })
            .collect();
        remainders.pop();
        let cells = if n <= 16 { ordered(&cells, escapes) } else { Cells::Columns(Columns::new(cells, escapes)) };
        Self { escapes: escapes as u16, remainders, cells }
    }

    /// The state of the escape `h < self.escapes`, by 48 bits from `stream`.
    pub(super) fn draw_escapes(&self, h: u16, stream: &mut Stream) -> u8 {
        let word = u64::from(h) << 48 | stream.next_u64() >> 16;
        self.remainders.partition_point(|&end| end <= word) as u8
    }

    /// The state of `h`, from the definition. For an escape that has not been decided it is any
    /// state.
    #[cfg(test)]
    pub(super) fn of(&self, h: u16) -> u8 {
        match &self.cells {
            Cells::Ordered(bounds) => bounds.iter().filter(|bound| h > bound.0[0]).count() as u8,
            Cells::Columns(columns) => columns.of(h),
        }
    }
}

/// Index of the largest, the first of equals.
fn largest(cells: &[u32]) -> usize {
    (0..cells.len()).rev().max_by_key(|&j| cells[j]).unwrap_or(0)
}

fn ordered(cells: &[u32], escapes: u32) -> Cells {
    let mut end = escapes;
    let bounds = cells[..cells.len() - 1].iter().map(|cells| {
        end += cells;
        // At least 1 and at most 2^16, so one less fits 16 bits.
        Block([(end - 1) as u16; ROUND])
    });
    Cells::Ordered(bounds.collect())
}

impl Columns {
    /// Distributes the cells of every state over columns. The columns of the escapes lie first.
    /// Each further column finishes at least one state, and the number of columns is chosen
    /// accordingly.
    fn new(mut cells: Vec<u32>, escapes: u32) -> Self {
        let n = cells.len();
        let mut log = n.next_power_of_two().trailing_zeros();
        while (1 << log) - escapes.div_ceil(CELLS >> log) < n as u32 {
            log += 1;
        }
        let width = CELLS >> log;
        let mut columns = Self { shift: 16 - log, split: Vec::new(), states: Vec::new(), both: Vec::new() };
        // The contents of columns that hold only escapes do not matter: `draw_escapes` decides
        // those tokens.
        for _ in 0..escapes / width {
            columns.push(width, 0, 0, 0);
        }
        if !escapes.is_multiple_of(width) {
            let filler = largest(&cells);
            cells[filler] -= width - escapes % width;
            columns.push(width, 0, filler, filler);
        }
        // A column holds a whole small state and is filled up with a part of a large one, which may
        // be small afterwards.
        let (mut small, mut large): (Vec<usize>, Vec<usize>) = (0..n).partition(|&j| cells[j] < width);
        while let Some(&filler) = large.last() {
            let first = small.pop().unwrap_or(filler);
            let own = if first == filler { width } else { cells[first] };
            columns.push(width, own, first, filler);
            cells[filler] -= width;
            if first != filler {
                cells[filler] += own;
            }
            if cells[filler] < width {
                large.pop();
                if cells[filler] > 0 {
                    small.push(filler);
                }
            }
        }
        columns
    }

    /// Appends a column of which the first `own` cells belong to `first`, the others to `second`.
    fn push(&mut self, width: u32, own: u32, first: usize, second: usize) {
        let start = self.split.len() as u32 * width;
        // The end of a column that belongs to one state may not fit 16 bits. So such a column is
        // given to its second state.
        let (own, second) = if own == width { (0, first) } else { (own, second) };
        let (split, states) = ((start + own) as u16, first as u16 | (second as u16) << 8);
        self.split.push(split);
        self.states.push(states);
        self.both.push(u32::from(split) | u32::from(states) << 16);
    }

    /// The state of `h`.
    #[inline(always)]
    pub(super) fn of(&self, h: u16) -> u8 {
        let both = self.both[usize::from(h >> self.shift)];
        let states = both >> 16;
        (if h < both as u16 { states } else { states >> 8 }) as u8
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::{dirichlet, stream};

    /// Counts the cells of every state and adds the widths of the remainders. The results must be
    /// the 64-bit masses.
    #[test]
    fn cells_and_remainders_are_the_64_bit_masses() {
        for n in [2, 3, 4, 7, 16, 17, 27, 31, 32, 33, 64, 100, 200, 255, 256] {
            for concentration in [0.02, 1.0, 1e4] {
                for seed in 0..4 {
                    let p = dirichlet(&mut stream([seed; 16]), concentration, n);
                    check(&p);
                }
            }
            check(&vec![1.0 / n as f64; n]);
        }
        check(&[0.5, 0.25, 0.25]);
        check(&[0.0, 1.0]);
        check(&[1.0, 0.0, 0.0]);
        check(&[1e-9, 1.0 - 2e-9, 1e-9]);
    }

    fn check(p: &[f64]) {
        let exact = Categorical::new(p);
        let states = States::new(&exact, p.len());
        let mut masses = vec![0u128; p.len()];
        for h in states.escapes..=u16::MAX {
            masses[usize::from(states.of(h))] += 1 << 48;
        }
        let last = u128::from(states.escapes) << 48;
        let mut start = 0;
        for (j, end) in states.remainders.iter().map(|&end| u128::from(end)).chain([last]).enumerate() {
            masses[j] += end - start;
            start = end;
        }
        let mut start = 0;
        for (j, &mass) in masses.iter().enumerate() {
            let end = exact.bounds().get(j).map_or(1 << 64, |&b| u128::from(b));
            assert_eq!(mass, end - start, "state {j} of {p:?}");
            start = end;
        }
    }

    #[test]
    fn settled_escapes_are_where_their_word_lies_among_the_remainders() {
        let states = States::new(&Categorical::new(&[0.3, 0.3, 0.4]), 3);
        let mut counts = [0u32; 3];
        let mut s = stream([5; 16]);
        for i in 0..100_000u32 {
            counts[usize::from(states.draw_escapes((i % u32::from(states.escapes)) as u16, &mut s))] += 1;
        }
        let total = f64::from(states.escapes) * 2f64.powi(48);
        let ends = states.remainders.iter().map(|&end| end as f64).chain([total]);
        let mut start = 0.0;
        for (count, end) in counts.into_iter().zip(ends) {
            let expected = 1e5 * (end - start) / total;
            // Five standard errors.
            assert!((f64::from(count) - expected).abs() <= 5.0 * expected.sqrt().max(1.0), "{count} {expected}");
            start = end;
        }
    }
}
