"""The chain of a text: P of its bigrams, as a CSV file that `task.matrix` reads.

    python3 tests/bigrams.py letters alice29.txt > sweeps/alice_letters.csv
    python3 tests/bigrams.py bytes alice29.txt > sweeps/alice_bytes.csv
    python3 tests/bigrams.py bytes alice29.txt 100 > common.csv

`letters`: 27 states, a to z and the space; capitals are made small, and whatever else stands
between letters is one space. `bytes`: a state for each byte value that occurs; with a number, those
that occur fewer times are one state together. The end of the text is followed by its beginning, so
that mu is how often each state occurs.

The text is Alice's Adventures in Wonderland as the Canterbury corpus has it (alice29.txt, 152 089
bytes; also in the crate brotli, testdata/alice29.txt).
"""

import re
import sys

import numpy as np


def states(kind: str, text: bytes, least: int) -> bytes:
    if kind == "letters":
        return re.sub(rb"[^a-z]+", b" ", text.lower()).strip() + b" "
    assert kind == "bytes", __doc__
    rare = bytes(byte for byte in range(256) if text.count(byte) < least)
    return text.translate(bytes.maketrans(rare, rare[:1] * len(rare)))


def transition(sequence: bytes) -> tuple[list[int], np.ndarray]:
    """The symbols, and P[n, m], the probability of symbol n after symbol m."""
    symbols = sorted(set(sequence))
    x = np.searchsorted(symbols, np.frombuffer(sequence, np.uint8))
    counts = np.zeros((len(symbols), len(symbols)))
    np.add.at(counts, (np.roll(x, -1), x), 1)
    return symbols, counts / counts.sum(0)


def main() -> None:
    kind, path, *least = sys.argv[1:]
    symbols, p = transition(states(kind, open(path, "rb").read(), int(least[0]) if least else 1))
    print(f"# P[n, m], the probability of state n after state m, from the bigrams of {path.split('/')[-1]}")
    print(f"# made by: python3 tests/bigrams.py {' '.join([kind, path.split('/')[-1], *least])}")
    print("# states:", " ".join(str(s) if kind == "bytes" else repr(chr(s)) for s in symbols))
    for row in p:
        print(",".join("0" if x == 0 else repr(float(x)) for x in row))


main()
