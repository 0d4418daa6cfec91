"""Reads every table of a run directory with DuckDB and with pyarrow: schema, metadata, same contents.

    python3 tests/readers.py output/smoke
"""

import json
import sys
from pathlib import Path

import duckdb
import pyarrow
import pyarrow.parquet as pq

I, F, S, B = "int64", "double", "dictionary<values=string, indices=int32, ordered=0>", "bool"
CELL = {"N": I, "Q": I, "T": I}
TUNED = {"batch_size": I, "eta_boost": F, "eta_sparse": F, "lambda": F}
SCHEMA = {
    "runs": {"job_id": S, **CELL, **TUNED, "algorithm": S, "max_samples": I, "replicate": I, "status": S, "error": S,
             "steps": I, "samples": I, "samples_to_signal": I, "samples_to_support": I, "samples_to_recovery": I,
             "alpha_v": F, "alpha_a": F, "value_error": F, "attention_error": F, "rounded_value_error": F,
             "rounded_attention_error": F, "loss": F, "k_p": F, "k_q": F, "flips": F, "predicted_mirrored": F,
             "predicted_support_50": F, "predicted_support_90": F, "source_error": F, "pretraining": S},
    "timings": {"job_id": S, "wall_seconds": F, "tokens": I, "host": S, "finished": I},
    "summary": {**CELL, **TUNED, "algorithm": S, "max_samples": I, "replicates": I, "recovered": I, "exhausted": I,
                "mirrored": I, "diverged": I, "failed": I, "median_samples_to_signal": I, "median_samples_to_support": I,
                "median_samples_to_recovery": I, "mean_alpha_v": F, "mean_alpha_a": F, "mean_value_error": F,
                "mean_attention_error": F, "mean_loss": F, "mean_k_p": F},
    "needed": {**CELL, "algorithm": S, "milestone": S, "needed_samples": I, "ci_low": I, "ci_high": I, "censored": B,
               "samples_without_split": I, "quantile": F, **TUNED, "max_samples": I, "replicates": I, "reached": I, "failed": I},
    "success": {**CELL, "algorithm": S, "milestone": S, "samples": I, "share": F, "ci_low": F, "ci_high": F},
    "scaling": {"milestone": S, "algorithm": S, "model": S, "N": I, "Q": I, "term": S, "estimate": F, "ci_low": F,
                "ci_high": F, "n_points": I, "n_censored": I, "p_value": F},
    "traces": {"job_id": S, "step": I, "samples": I, "stage": S, "alpha_v": F, "alpha_a": F, "value_error": F,
               "attention_error": F, "rounded_value_error": F, "rounded_attention_error": F, "loss": F},
}


def main(directory: Path) -> None:
    read = 0
    for name, columns in SCHEMA.items():
        path = directory / f"{name}.parquet"
        if name == "traces" and not path.exists():
            continue
        table = pq.read_table(path)
        found = {field.name: str(field.type) for field in table.schema}
        missing = {column: kind for column, kind in columns.items() if found.get(column) != kind}
        assert not missing, f"{name}: missing or of another type: {missing}"
        # Further keys of the grid are numbers or names; nothing else may be there.
        extra = {column: kind for column, kind in found.items() if column not in columns}
        assert extra.items() <= {"persistence": F, "steps": S}.items(), f"{name}: unexpected {extra}"
        for field in table.schema:
            assert field.metadata[b"meaning"], f"{name}.{field.name} has no meaning"
        file = pq.ParquetFile(path)
        assert file.metadata.metadata[b"schema_version"] == b"2"
        assert file.metadata.metadata[b"column:" + table.schema.names[0].encode()]
        assert file.metadata.row_group(0).column(0).compression == "ZSTD"
        # DuckDB sees the same cells.
        duck = duckdb.sql(f"select * from '{path}'")
        assert duck.columns == table.schema.names
        rows = [tuple(row.values()) for row in table.to_pylist()]
        assert duck.fetchall() == rows and rows, name
        read += 1
    # A question a user would ask.
    share = duckdb.sql(f"""
        select T, avg((status = 'recovered')::int) as share, median(samples_to_recovery) as samples
        from '{directory}/runs.parquet' group by T order by T""").fetchall()
    assert all(0 <= row[1] <= 1 for row in share)
    timed = duckdb.sql(f"select count(*) from '{directory}/runs.parquet' join '{directory}/timings.parquet' using (job_id)")
    assert timed.fetchall()[0][0] == pq.read_metadata(directory / "runs.parquet").num_rows
    json.loads((directory / "manifest.json").read_text())
    print(f"{read} tables read alike by DuckDB {duckdb.__version__} and pyarrow {pyarrow.__version__}")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
