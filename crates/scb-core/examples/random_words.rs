//! Writes the random words that tokens are made from to standard output, for a statistical test
//! suite. It stops when the reader closes the pipe:
//!
//! ```text
//! cargo run --release -p scb-core --example random_words | dieharder -a -g 200
//! ```
//!
//! At the end it prints the number of bytes that were read to standard error.

use std::io::Write;

use scb_core::inside::Bits;
use scb_core::random::stream;

fn main() {
    let mut bits = Bits::new(&mut stream([7; 16]));
    let mut out = std::io::stdout().lock();
    let mut buffer = vec![0; 1 << 20];
    let mut total = 0u64;
    loop {
        for (bytes, word) in
            buffer.as_chunks_mut::<8>().0.chunks_mut(8).flat_map(|round| round.iter_mut().zip(bits.advance()))
        {
            *bytes = word.to_le_bytes();
        }
        if out.write_all(&buffer).is_err() {
            eprintln!("{total} bytes");
            return;
        }
        total += buffer.len() as u64;
    }
}
