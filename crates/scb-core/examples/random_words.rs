//! Writes the random words behind tokens to standard output until nobody reads on, for a
//! statistical battery:
//!
//! ```text
//! cargo run --release -p scb-core --example random_words | dieharder -a -g 200
//! ```
//!
//! Ends with the number of bytes that were read, on standard error.

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
