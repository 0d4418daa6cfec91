//! How the tokens of a chunk lie in memory: many to a machine word, in the order random words come.
//!
//! A [`Block`] holds 32 words of 16 bits. A *round* of random words decides one position in each
//! word, so position `p` of a sequence is word `p mod 32` of round `p / 32`. A word keeps as many
//! rounds as fit:
//!
//! | N | bits per token | sequences per line | rounds per word |
//! |---|---|---|---|
//! | 2 | 1 | 4 | 4 |
//! | 3, 4 | 2 | 2 | 4 |
//! | 5 to 16 | 4 | 1 | 4 |
//! | 17 to 256 | 8 | 1 | 2 |
//!
//! For up to 16 states the 4 bits of a round are an index into a table of 16 entries. One look-up
//! serves all sequences that the bits come from. These layouts are *narrow*; the last one is
//! *wide*. In a narrow block `b`, bit `4 r + bits s` of word `w` is the first of the token of
//! sequence `s` at position `32 (4 b + r) + w`.

/// Number of positions that one round of random words decides.
pub(super) const ROUND: usize = 32;

/// 64 bytes of tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(C, align(64))]
pub struct Block(pub(super) [u16; ROUND]);

impl Block {
    /// All tokens 0.
    pub const ZERO: Self = Self([0; ROUND]);
}

/// Where the tokens of up to [`Layout::sequences`] sequences of length T lie in a line of blocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Layout {
    /// Bits of one token.
    bits: usize,
    /// Sequences that share a line, a power of two.
    sequences: usize,
    /// Rounds in one word.
    rounds: usize,
    /// Blocks of a line.
    blocks: usize,
}

impl Layout {
    /// For tokens below `n`, from 2 to 256, and sequences of length `t`.
    #[must_use]
    pub fn new(n: usize, t: usize) -> Self {
        let (bits, sequences, rounds) = match n {
            0..=2 => (1, 4, 4),
            3..=4 => (2, 2, 4),
            5..=16 => (4, 1, 4),
            _ => (8, 1, 2),
        };
        Self { bits, sequences, rounds, blocks: t.div_ceil(ROUND * rounds) }
    }

    /// Bits of one token.
    #[must_use]
    pub fn bits(&self) -> usize {
        self.bits
    }

    /// Sequences that share a line, a power of two.
    #[must_use]
    pub fn sequences(&self) -> usize {
        self.sequences
    }

    /// Blocks of a line.
    #[must_use]
    pub fn blocks(&self) -> usize {
        self.blocks
    }

    /// Whether the layout is narrow, so that look-up tables have 16 entries.
    pub(super) fn narrow(&self) -> bool {
        self.rounds == 4
    }

    /// First bit of a sequence within the bits of a round.
    pub(super) fn shift(&self, sequence: usize) -> u32 {
        (self.bits * sequence) as u32
    }

    /// The bits of the first sequence in a word.
    pub(super) fn mask(&self) -> u16 {
        if self.narrow() { 0x1111 * ((1 << self.bits) - 1) } else { 0xffff }
    }

    /// The tokens whose bits are the index `index` into a look-up table, one of each sequence of a
    /// line.
    pub fn tokens(&self, index: usize) -> impl Iterator<Item = usize> {
        let bits = self.bits;
        (0..self.sequences).map(move |sequence| index >> (bits * sequence) & ((1 << bits) - 1))
    }

    /// Token of sequence `sequence < self.sequences()` of `line` at `position`.
    #[must_use]
    pub fn token(&self, line: &[Block], sequence: usize, position: usize) -> usize {
        let (round, word) = (position / ROUND, position % ROUND);
        if self.narrow() {
            let bits = line[round / 4].0[word] >> (4 * (round % 4) + self.bits * sequence);
            usize::from(bits) & ((1 << self.bits) - 1)
        } else {
            usize::from(line[round / 2].0[word].to_le_bytes()[round % 2])
        }
    }
}
