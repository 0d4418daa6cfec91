"""The README's table of claims, made from the verdicts of sweeps.

    python3 tests/claims_table.py output/two_stages output/transfer      # prints their part
    python3 tests/claims_table.py --check output/two_stages              # compares it with README.md
    python3 tests/claims_table.py --write output/two_stages              # puts it there

Longer companions of these sweeps, sweeps/long/, take hours; what they said is kept beside this file.

    python3 tests/claims_table.py --keep output/two_stages_long          # keeps it
    python3 tests/claims_table.py --check                                # compares README.md with what is kept
    python3 tests/claims_table.py --write                                # puts that there
"""

import csv
import sys
from pathlib import Path

import duckdb

README = Path(__file__).parent.parent / "README.md"
LONG = Path(__file__).parent / "long_runs.csv"
BEGIN, END = "<!-- {}: by tests/claims_table.py -->", "<!-- end of {} -->"


def number(value: float) -> str:
    """Three digits, or two decimals."""
    return f"{value:.2f}" if abs(value) < 100 else f"{value:.0f}"


def sentences(directory: Path) -> list[list[str]]:
    """Of each sentence: what it says, what is found, and the number behind that."""
    verdicts = duckdb.sql(f"""
        select statement, finding, reason, quantity, estimate, ci_low, ci_high, smallest_effect, evidence
        from '{directory}/verdicts.parquet'""").fetchall()
    found = []
    for statement, finding, reason, quantity, estimate, low, high, effect, evidence in verdicts:
        if estimate is None:
            told = evidence.split(". ")[0].rstrip(".") if finding == "measured" else ""
            told = told if len(told) <= 130 else "in the report"
        else:
            ends = [number(end) if end is not None else "open" for end in (low, high)]
            told = f"{quantity}: {number(estimate)}" + (f" [{ends[0]}, {ends[1]}]" if low is not None or high is not None else "")
            told += f"; ± {number(effect)} would be seen" if effect is not None else ""
        finding = f"**{finding}**" if finding in ("confirmed", "refuted") else finding
        found.append([statement.rstrip("."), finding + (": " + reason if reason else ""), told.replace("-0.00", "0.00")])
    return found


def table(heading: list[str], rows: list[list[str]]) -> str:
    lines = [f"| {' | '.join(row)} |" for row in [heading, *rows]]
    return "\n" + "\n".join([lines[0], "|" + "---|" * len(heading), *lines[1:]]) + "\n\n"


def kept() -> list[list[str]]:
    """What long sweeps said: the sweep, and the row of its sentence."""
    if not LONG.exists():
        return []
    with LONG.open(newline="") as file:
        return list(csv.reader(file))


def keep(directory: Path) -> None:
    """What a long sweep decides, or measures with an interval."""
    new = [[directory.name.removesuffix("_long"), *row] for row in sentences(directory) if row[1] != "measured" or "[" in row[2]]
    others = [row for row in kept() if row[0] != directory.name.removesuffix("_long")]
    with LONG.open("w", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows(sorted(others + new, key=lambda row: row[0]))


def part(name: str, text: str) -> tuple[int, int]:
    """Where the part of a sweep stands in the README."""
    begin, end = BEGIN.format(name), END.format(name)
    assert text.count(begin) == 1 and text.count(end) == 1, f"README.md has no place for {name}: {begin} .. {end}"
    return text.index(begin) + len(begin) + 1, text.index(end)


def put(name: str, made: str, flags: list[str]) -> None:
    """Prints a table, compares it with the README's, or puts it there."""
    if not flags:
        print(made)
        return
    text = README.read_text()
    begin, end = part(name, text)
    if "--write" in flags:
        README.write_text(text[:begin] + made + text[end:])
    elif text[begin:end] != made:
        sys.exit(f"README.md has another table of {name}; it is now\n{made}")
    else:
        print(f"README.md has the table of {name}, {made.count(chr(10)) - 4} sentences")


def main() -> None:
    flags = [argument for argument in sys.argv[1:] if argument.startswith("--")]
    directories = [Path(argument) for argument in sys.argv[1:] if not argument.startswith("--")]
    if "--keep" in flags:
        for directory in directories:
            keep(directory)
        return
    for directory in directories:
        put(directory.name, table([f"`sweep run sweeps/{directory.name}.toml`", "finding", "number"], sentences(directory)), flags)
    if not directories:
        rows = [[f"`{name}.toml`", *rest] for name, *rest in kept()]
        put("long", table(["`sweep run sweeps/long/..`", "sentence", "finding", "number"], rows), flags)


if __name__ == "__main__":
    main()
