"""Reads every table of run directories with pandas, pyarrow, Polars and DuckDB: schema, metadata, the same contents in all four.

    python3 tests/readers.py output/smoke
"""

import contextlib
import json
import re
import shlex
import sys
import tomllib
from pathlib import Path

import duckdb
import pandas
import polars
import pyarrow
import pyarrow.parquet as pq

I, F, S, B, W = "int64", "double", "dictionary<values=string, indices=int32, ordered=0>", "bool", "timestamp[ms]"
CELL = {"N": I, "Q": I, "T": I}
TUNED = {"batch_size": I, "eta_boost": F, "eta_sparse": F, "lambda": F}
SCHEMA = {
    "runs": {"job_id": S, **CELL, **TUNED, "algorithm": S, "max_samples": I, "replicate": I, "status": S, "error": S,
             "steps": I, "samples": I, "samples_to_signal": I, "samples_to_support": I, "samples_to_recovery": I,
             "alpha_v": F, "alpha_a": F, "value_error": F, "attention_error": F, "rounded_value_error": F,
             "rounded_attention_error": F, "loss": F, "k_p": F, "k_q": F, "flips": F, "predicted_mirrored": F,
             "predicted_support_50": F, "predicted_support_90": F, "source_error": F, "start_alpha_v": F, "pretraining": S},
    "timings": {"job_id": S, "wall_seconds": F, "tokens": I, "host": S, "finished": W},
    "summary": {**CELL, **TUNED, "algorithm": S, "max_samples": I, "replicates": I, "recovered": I, "exhausted": I,
                "mirrored": I, "diverged": I, "failed": I, "median_samples_to_signal": I, "median_samples_to_support": I,
                "median_samples_to_recovery": I, "mean_alpha_v": F, "mean_alpha_a": F, "mean_value_error": F,
                "mean_attention_error": F, "mean_loss": F, "mean_k_p": F},
    "needed": {**CELL, "algorithm": S, "milestone": S, "needed_samples": I, "ci_low": I, "ci_high": I, "censored": B,
               "median_samples": I, "median_ci_low": I, "median_ci_high": I, "median_censored": B,
               "samples_without_split": I, "settings": I, "refused": B, "at_edge": S, "quantile": F, **TUNED, "max_samples": I, "replicates": I, "at_setting": I, "reached": I, "failed": I},
    "success": {**CELL, "algorithm": S, "milestone": S, "samples": I, "share": F, "ci_low": F, "ci_high": F},
    "scaling": {"milestone": S, "algorithm": S, "model": S, "N": I, "Q": I, "term": S, "estimate": F, "ci_low": F,
                "ci_high": F, "n_points": I, "n_censored": I, "p_value": F, "quantile": F},
    "comparison": {**CELL, "milestone": S, "by": S, "algorithm": S, "reference_algorithm": S, "paired": B, "replicates": I,
                   "needed_samples": I, "censored": B, "reference_samples": I, "reference_censored": B, "ratio": F, "extent": S,
                   "ci_low": F, "ci_high": F, "outcome": S, "smallest_ratio": F, "at_edge": S},
    "traces": {"job_id": S, "step": I, "samples": I, "stage": S, "alpha_v": F, "alpha_a": F, "value_error": F,
               "attention_error": F, "rounded_value_error": F, "rounded_attention_error": F, "loss": F},
    "verdicts": {"claim": S, "statement": S, "finding": S, "reason": S, "evidence": S, "quantity": S,
                 "estimate": F, "ci_low": F, "ci_high": F, "smallest_effect": F},
}
# What a search adds, a column for every searched key of its own table besides.
SEARCHED = {
    "runs": {"cap": I},
    "summary": {"capped": I},
    "needed": {"search": S, "searched_for": S, "at_bound": S, "best_neighbour": F, "extra_failures": I, "races": I, "choosing_tokens": I,
               "judging_tokens": I},
}
SEARCH = {**CELL, "algorithm": S, "needed_samples": I, "cap": I, "replicates": I, "failed": I, "best": B}
SEARCH_RULES = {"milestone", "rungs", "confidence", "margin", "horizon", "max_settings", "inherit"}
# Tables with a column for every further key of the grid, and those with one for some.
ALL_KEYS, SOME_KEYS = {"runs", "summary", "needed"}, {"success", "scaling", "comparison", "search"}


def further_keys(config: dict) -> set[str]:
    """Keys that the grids name and that have no column in every run's table."""
    named = {key for grid in config["grid"] for key in grid} | searched_keys(config)
    return named - {"zip", "where", "search"} - set(SCHEMA["runs"])


def searches(config: dict) -> list[dict]:
    """What is searched, in all grids and in each."""
    grids = config["grid"] if isinstance(config["grid"], list) else [config["grid"]]
    return [config.get("search", {}), *(grid.get("search") or {} for grid in grids)]


def searched_keys(config: dict) -> set[str]:
    """Keys that the search moves."""
    return set().union(*searches(config)) - SEARCH_RULES


def same(a: object, b: object) -> bool:
    """Whether two readers mean the same cell. pandas has floats where whole numbers are missing, and NaN for null."""
    return a == b or (a is None or a != a) and (b is None or b != b)


def check(name: str, path: Path, further: set[str], searched: set[str], caps: bool) -> None:
    file = pq.ParquetFile(path)
    names = file.schema_arrow.names
    assert len(set(names)) == len(names), f"{name}: a name stands twice: {names}"
    table = pq.read_table(path)
    found = {field.name: str(field.type) for field in table.schema}
    columns = dict(SCHEMA.get(name, SEARCH))
    columns |= SEARCHED.get(name, {}) if searched else {}
    columns = {column: kind for column, kind in columns.items() if caps or column not in ("cap", "capped") or name == "search"}
    columns |= {key: F for key in searched} if name == "search" else {}
    missing = {column: kind for column, kind in columns.items() if found.get(column) != kind}
    assert not missing, f"{name}: missing or of another type: {missing}"
    # Further keys of the grid are numbers or names; nothing else may be there.
    extra = {column: kind for column, kind in found.items() if column not in columns}
    assert set(extra.values()) <= {F, S}, f"{name}: unexpected {extra}"
    # Conditions of what something is compared with.
    further = further | {f"reference_{key}" for key in further} if name == "comparison" else further
    assert extra.keys() == further if name in ALL_KEYS else extra.keys() <= (further if name in SOME_KEYS else set()), \
        f"{name}: {extra} for the keys {further}"
    for field in table.schema:
        assert field.metadata[b"meaning"], f"{name}.{field.name} has no meaning"
        assert file.metadata.metadata[b"column:" + field.name.encode()]
    assert file.metadata.metadata[b"schema_version"] == b"3"
    if file.num_row_groups:
        assert file.metadata.row_group(0).column(0).compression == "ZSTD"

    duck, polar, panda = duckdb.sql(f"select * from '{path}'"), polars.read_parquet(path), pandas.read_parquet(path)
    for reader, found in (("DuckDB", duck.columns), ("Polars", polar.columns), ("pandas", list(panda.columns)), ("pyarrow", table.column_names)):
        assert found == names, f"{name}: {reader} sees {found}"
    # Every column by its name, as SQL and Python must write it: `lambda` is a word of both.
    by_name = duckdb.sql(f"""select {", ".join(f'"{column}"' for column in names)} from '{path}'""").fetchall()
    for column in names:
        cells = table[column].to_pylist()
        others = {"DuckDB": [row[names.index(column)] for row in by_name], "Polars": polar[column].to_list(), "pandas": panda[column].tolist()}
        for reader, theirs in others.items():
            assert len(theirs) == len(cells) == file.metadata.num_rows, f"{name}.{column}: {reader} has {len(theirs)} rows"
            wrong = [(row, a, b) for row, (a, b) in enumerate(zip(cells, theirs)) if not same(a, b)]
            assert not wrong, f"{name}.{column}: {reader} reads other cells: {wrong[:3]}"


def examples(directory: Path) -> int:
    """Runs the SQL and the Python that the README shows, on this run."""
    top = Path(__file__).parent.parent
    readme = "\n".join((top / path).read_text() for path in ("README.md", "crates/sweep/README.md"))
    here = lambda text: text.replace("output/sample_complexity", str(directory))
    commands = [shlex.split(line) for line in re.findall(r"^(duckdb -c .*)$", readme, re.M)]
    blocks = re.findall(r"^```python\n(.*?)^```$", readme, re.M | re.S)
    assert commands and blocks, "the README shows how the tables are read"
    for command in commands:
        duckdb.sql(here(command[2])).fetchall()
    for block in blocks:
        with contextlib.redirect_stdout(None):
            exec(compile(here(block), "README.md", "exec"), {})
    return len(commands) + len(blocks)


def has_opponents(directory: Path, further: set[str]) -> bool:
    """Whether two algorithms or conditions that draw samples have a cell in common."""
    needed = pq.read_table(directory / "needed.parquet")
    conditions = sorted(further & set(pq.read_table(directory / "success.parquet").column_names))
    groups = {}
    for row in needed.to_pylist():
        if row["algorithm"] != "population":
            groups.setdefault((row["N"], row["Q"], row["T"]), set()).add((row["algorithm"], *(row[key] for key in conditions)))
    return any(len(group) > 1 for group in groups.values())


def read(directory: Path) -> None:
    config = tomllib.loads((directory / "config.toml").read_text())
    there = {path.stem for path in directory.glob("*.parquet")}
    searched = searched_keys(config)
    # A search for the support looks at whole runs.
    caps = any(search.get("milestone", "recovery") != "support" for search in searches(config) if search)
    expected = set(SCHEMA) | ({"search"} if searched else set())
    expected -= set() if config["trace"]["enabled"] else {"traces"}
    expected -= set() if has_opponents(directory, further_keys(config)) else {"comparison"}
    expected -= {"verdicts"} if config["answer"]["claim"] == "none" else set()
    assert there == expected, f"{directory} holds {there}, not {expected}"
    for name in sorted(there):
        check(name, directory / f"{name}.parquet", further_keys(config), searched, caps)
    assert pq.read_metadata(directory / "runs.parquet").num_rows > 0
    # A question a user would ask.
    share = duckdb.sql(f"""
        select T, avg((status = 'recovered')::int) as share, median(samples_to_recovery) as samples
        from '{directory}/runs.parquet' group by T order by T""").fetchall()
    assert all(0 <= row[1] <= 1 for row in share)
    timed = duckdb.sql(f"select count(*) from '{directory}/runs.parquet' join '{directory}/timings.parquet' using (job_id)")
    assert timed.fetchall()[0][0] == pq.read_metadata(directory / "runs.parquet").num_rows
    json.loads((directory / "manifest.json").read_text())
    shown = examples(directory)
    print(f"{directory}: {len(there)} tables read alike by pandas {pandas.__version__}, pyarrow {pyarrow.__version__}, "
          f"Polars {polars.__version__} and DuckDB {duckdb.__version__}; {shown} examples of the README run")


if __name__ == "__main__":
    for argument in sys.argv[1:]:
        read(Path(argument))
