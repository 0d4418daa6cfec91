"""What sweeps say of claims, in sweeps/README.md, made from their verdicts.

    python3 tests/claims_table.py output/two_stages output/transfer      # prints their part
    python3 tests/claims_table.py --check output/two_stages              # compares it with that file
    python3 tests/claims_table.py --write output/two_stages              # puts it there

Longer companions of these sweeps, sweeps/long/, take hours; what they said is kept beside this file.

    python3 tests/claims_table.py --keep output/two_stages_long          # keeps it
    python3 tests/claims_table.py --check                                # compares that file with what is kept, and
                                                                         # README.md with that file
    python3 tests/claims_table.py --write                                # puts that there
"""

import csv
import re
import sys
import textwrap
from pathlib import Path

import duckdb

TOP = Path(__file__).parent.parent
README = TOP / "sweeps" / "README.md"
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


def listed(rows: list[list[str]]) -> str:
    """A paragraph for each sentence: what is found, the sentence, its number."""
    def entry(statement: str, finding: str, told: str) -> str:
        text = f"{finding}: {statement}" + (f" ({told})" if told else "") + "."
        return textwrap.fill(text, 100, initial_indent="- ", subsequent_indent="  ", break_long_words=False, break_on_hyphens=False)

    return "\n" + "\n".join(entry(*row) for row in rows) + "\n\n"


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
    """Where the part of a sweep stands in the file."""
    begin, end = BEGIN.format(name), END.format(name)
    assert text.count(begin) == 1 and text.count(end) == 1, f"{README} has no place for {name}: {begin} .. {end}"
    return text.index(begin) + len(begin) + 1, text.index(end)


def put(name: str, made: str, flags: list[str]) -> None:
    """Prints a part, compares it with that of the file, or puts it there."""
    if not flags:
        print(made)
        return
    text = README.read_text()
    begin, end = part(name, text)
    if "--write" in flags:
        README.write_text(text[:begin] + made + text[end:])
    elif text[begin:end] != made:
        sys.exit(f"{README} says otherwise of {name}; it is now\n{made}")
    else:
        print(f"sweeps/README.md says that of {name}, {made.count(chr(10) + '- ')} sentences")


def front_page() -> None:
    """Every number in a line of README.md that leads to a section must stand in that section."""
    sections = {}
    for section in re.split(r"^## ", README.read_text(), flags=re.M)[1:]:
        heading = section.split("\n")[0]
        sections[re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-")] = section
    lines = re.findall(r"^- (.*?)\(sweeps/README\.md#([\w-]+)\)(.*(?:\n  .*)*)", (TOP / "README.md").read_text(), re.M)
    assert len(lines) > 8, "README.md has a line for each claim"
    for before, anchor, after in lines:
        assert anchor in sections, f"{README} has no section {anchor}: {sorted(sections)}"
        for told in re.findall(r"-?\d+\.\d+", before + after):
            assert told in sections[anchor], f"README.md has {told} of {anchor}, which that section has not"
    # The answer on the front page is that of the default grid and of the search beside it.
    answer = (TOP / "README.md").read_text().split("The answer, ")[1].split("\n## ")[0]
    told = README.read_text() + (TOP / "crates" / "sweep" / "README.md").read_text()
    for number in re.findall(r"-?\d\.\d+", answer):
        assert number in told, f"README.md has {number}, which is said nowhere else"
    print(f"README.md says of {len(lines)} claims what their sections say")


def main() -> None:
    flags = [argument for argument in sys.argv[1:] if argument.startswith("--")]
    directories = [Path(argument) for argument in sys.argv[1:] if not argument.startswith("--")]
    if "--keep" in flags:
        for directory in directories:
            keep(directory)
        return
    for directory in directories:
        put(directory.name, listed(sentences(directory)), flags)
    if not directories:
        names = list(dict.fromkeys(name for name, *_ in kept()))
        parts = [f"\n`sweep run sweeps/long/{name}.toml`:\n" + listed([rest for other, *rest in kept() if other == name]).rstrip() + "\n" for name in names]
        put("long", "".join(parts) + "\n", flags)
        front_page()


if __name__ == "__main__":
    main()
