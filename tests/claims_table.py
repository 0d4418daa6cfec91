"""The README's table of claims, made from the verdicts of sweeps.

    python3 tests/claims_table.py output/two_stages output/transfer      # prints their part
    python3 tests/claims_table.py --check output/two_stages              # compares it with README.md
    python3 tests/claims_table.py --write output/two_stages              # puts it there
"""

import sys
from pathlib import Path

import duckdb

README = Path(__file__).parent.parent / "README.md"
BEGIN, END = "<!-- {}: by tests/claims_table.py -->", "<!-- end of {} -->"


def number(value: float) -> str:
    """Three digits, or two decimals."""
    return f"{value:.2f}" if abs(value) < 100 else f"{value:.0f}"


def rows(directory: Path) -> list[str]:
    """The part of one sweep: a table, a row for each sentence."""
    verdicts = duckdb.sql(f"""
        select statement, finding, reason, quantity, estimate, ci_low, ci_high, smallest_effect, evidence
        from '{directory}/verdicts.parquet'""").fetchall()
    lines = [f"| `sweep run sweeps/{directory.name}.toml` | finding | number |", "|---|---|---|"]
    for statement, finding, reason, quantity, estimate, low, high, effect, evidence in verdicts:
        if estimate is None:
            told = evidence.split(". ")[0].rstrip(".") if finding == "measured" else ""
            told = told if len(told) <= 130 else "in the report"
        else:
            ends = [number(end) if end is not None else "open" for end in (low, high)]
            told = f"{quantity}: {number(estimate)}" + (f" [{ends[0]}, {ends[1]}]" if low is not None or high is not None else "")
            told += f"; ± {number(effect)} would be seen" if effect is not None else ""
        finding = f"**{finding}**" if finding in ("confirmed", "refuted") else finding
        lines.append(f"| {statement.rstrip('.')} | {finding}{': ' + reason if reason else ''} | {told} |".replace("-0.00", "0.00"))
    return lines


def part(name: str, text: str) -> tuple[int, int]:
    """Where the part of a sweep stands in the README."""
    begin, end = BEGIN.format(name), END.format(name)
    assert text.count(begin) == 1 and text.count(end) == 1, f"README.md has no place for {name}: {begin} .. {end}"
    return text.index(begin) + len(begin) + 1, text.index(end)


def main() -> None:
    flags = [argument for argument in sys.argv[1:] if argument.startswith("--")]
    for directory in (Path(argument) for argument in sys.argv[1:] if not argument.startswith("--")):
        lines = rows(directory)
        made = "\n" + "\n".join(lines) + "\n\n"
        if not flags:
            print(made)
            continue
        text = README.read_text()
        begin, end = part(directory.name, text)
        if "--write" in flags:
            README.write_text(text[:begin] + made + text[end:])
        elif text[begin:end] != made:
            sys.exit(f"README.md has another table of {directory.name}; it is now\n{made}")
        else:
            print(f"README.md has the table of {directory.name}, {len(lines) - 2} sentences")


if __name__ == "__main__":
    main()
