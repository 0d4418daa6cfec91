"""What the default grid must show, checked from its tables.

    python3 tests/claims.py output/sample_complexity
"""

import sys
from math import log
from pathlib import Path

import duckdb
import numpy as np


def main(directory: Path) -> None:
    needed = duckdb.sql(f"""
        select N, Q, T, needed_samples, censored, ci_low, ci_high, samples_without_split
        from '{directory}/needed.parquet' where milestone = 'recovery' and algorithm = 'prox'""").fetchall()
    reached = [row for row in needed if not row[4]]
    print(f"{len(reached)} of {len(needed)} cells reached the quantile")
    assert len(needed) == 63 and len(reached) >= 0.9 * len(needed)
    assert all(low is None or low <= samples for _, _, _, samples, _, low, _, _ in needed)
    assert all(high is None or samples <= high for _, _, _, samples, _, _, high, _ in reached)

    laws = {
        (milestone, term): (estimate, low, high)
        for milestone, term, estimate, low, high in duckdb.sql(f"""
            select milestone, term, estimate, ci_low, ci_high from '{directory}/scaling.parquet'
            where model = 'power'""").fetchall()
    }
    for milestone in ("signal", "support", "recovery", "recovery - signal"):
        print(milestone, *(f"{term}^{laws[milestone, term][0]:.2f} [{laws[milestone, term][1]:.2f}, {laws[milestone, term][2]:.2f}]" for term in "TNQ"))
    estimate, low, high = laws["recovery", "T"]
    assert high - low <= 0.15 and 0.5 <= low and high <= 1.0
    # The signal is found in about T samples, however many positions matter; recovery takes more for more of them.
    assert laws["signal", "T"][1] <= 1.0 <= laws["signal", "T"][2] and laws["signal", "Q"][1] <= 0.0 <= laws["signal", "Q"][2]
    assert laws["recovery", "Q"][1] > 0.3
    of_q = dict(duckdb.sql(f"""
        select Q, avg(estimate) from '{directory}/scaling.parquet'
        where model = 'power_of_pair' and milestone = 'recovery' and term = 'T' group by Q""").fetchall())
    print("exponent of T for recovery, by Q:", {q: round(of_q[q], 2) for q in sorted(of_q)})
    assert of_q[1] > of_q[2] > of_q[3] and of_q[1] - of_q[3] > 0.1
    # An independent fit: least squares by the textbook formula, all cells that reached.
    design = np.array([[1.0, log(t), log(n), log(q)] for n, q, t, *_ in reached])
    exponents = np.linalg.lstsq(design, np.log([row[3] for row in reached]), rcond=None)[0]
    print("least squares without the lower bounds:", exponents[1:].round(3))
    tolerance = 1e-6 if len(reached) == len(needed) else 0.05
    assert all(abs(exponents[i] - laws["recovery", term][0]) < tolerance for i, term in enumerate("TNQ", 1))

    # An independent look at the records: without the split, needed samples are the order statistic of the best setting.
    again = duckdb.sql(f"""
        with cells as (
            select N, Q, T, batch_size, eta_boost, count(*) as runs,
                   list_sort(list(coalesce(samples_to_recovery, 9e15::bigint))) as samples
            from '{directory}/runs.parquet' where status != 'failed' group by all)
        select N, Q, T, min(samples[ceil(0.9 * runs)::int]) from cells group by all""").fetchall()
    independent = {row[:3]: row[3] for row in again}
    assert all(independent[row[:3]] == row[7] for row in needed if row[7] is not None)
    flatters = np.mean([log(row[3] / row[7]) for row in reached])
    print(f"choosing on the runs that are judged would flatter by {100 * (1 - np.exp(-flatters)):.0f} %")
    assert flatters > 0


if __name__ == "__main__":
    main(Path(sys.argv[1]))
