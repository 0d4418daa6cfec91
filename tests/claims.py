"""What the default grid must show, checked from its tables.

    python3 tests/claims.py output/sample_complexity
"""

import sys
from math import log
from pathlib import Path

import duckdb


def slope(points: list[tuple[float, float]]) -> float:
    """Least-squares slope of log y against log x."""
    xs, ys = [log(x) for x, _ in points], [log(y) for _, y in points]
    mx, my = sum(xs) / len(xs), sum(ys) / len(ys)
    return sum((x - mx) * (y - my) for x, y in zip(xs, ys)) / sum((x - mx) ** 2 for x in xs)


def main(directory: Path) -> None:
    needed = duckdb.sql(f"""
        select N, Q, T, needed_samples, censored from '{directory}/needed.parquet'
        where milestone = 'recovery' and algorithm = 'prox'""").fetchall()
    reached = [row for row in needed if not row[4]]
    print(f"{len(reached)} of {len(needed)} cells reached the quantile")
    assert len(needed) == 63 and len(reached) >= 0.9 * len(needed)
    in_t = slope([(row[2], row[3]) for row in reached if row[:2] == (3, 2)])
    print(f"exponent of T at N = 3, Q = 2: {in_t:.3f}")
    assert 0.5 <= in_t <= 1.2
    # Geometric mean over N and T for each Q.
    for_q = {q: sum(log(row[3]) for row in reached if row[1] == q) / sum(row[1] == q for row in reached) for q in (1, 2, 3)}
    print("mean of ln(needed samples) for Q = 1, 2, 3:", [round(x, 2) for x in for_q.values()])
    assert for_q[1] < for_q[2] < for_q[3]
    # An independent look at the records: the needed samples are the order statistic of the best setting.
    again = duckdb.sql(f"""
        with cells as (
            select N, Q, T, batch_size, eta_boost, count(*) as runs,
                   list_sort(list(coalesce(samples_to_recovery, 9e15::bigint))) as samples
            from '{directory}/runs.parquet' where status != 'failed' group by all)
        select N, Q, T, min(samples[ceil(0.9 * runs)::int]) from cells group by all""").fetchall()
    independent = {row[:3]: row[3] for row in again}
    assert all(independent[row[:3]] == row[3] for row in reached)
    print("needed samples agree with a query on the records")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
