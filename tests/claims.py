"""What the default grid must show, and what the README says of the claims, checked from their tables.

    python3 tests/claims.py output/sample_complexity
    python3 tests/claims.py output/mirrored
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


def convergence(directory: Path) -> None:
    shares = duckdb.sql(f"""
        select algorithm, step_scale, eta_boost, "lambda", avg((status = 'recovered')::int), avg((status = 'diverged')::int)
        from '{directory}/runs.parquet' where algorithm != 'population' group by all""").fetchall()
    found = {row[:4]: (round(100 * row[4]), round(100 * row[5])) for row in shares}
    print(found)
    assert found["prox", "normalised", 0.02, 0.01][0] == 88 and found["prox", "normalised", 0.02, 1e-5][0] == 81
    assert found["prox", "raw", 0.01, 1e-5][0] == 0 and found["prox", "raw", 0.03, 0.003][0] == 84
    assert found["sgd", "raw", 0.01, 0.003] == (0, 100) and found["sgd", "raw", 0.001, 0.003] == (0, 0)


def mirrored(directory: Path) -> None:
    # The prediction once more, from its formula for two sums over runs, in another language.
    cells = duckdb.sql(f"""
        select round(ln(batch_size / (eta_boost * T)) / 0.1), (T, eta_boost), count(*), sum((status = 'mirrored')::int),
               avg((status = 'diverged')::int), sum(predicted_mirrored), sum(predicted_mirrored * (1 - predicted_mirrored))
        from '{directory}/runs.parquet' where flip = 0 group by all""").fetchall()
    told = [row for row in cells if row[4] <= 0.02]
    runs, seen, predicted = (sum(row[i] for row in told) for i in (2, 3, 5))
    print(f"{seen} of {runs} runs mirrored, {predicted:.0f} predicted")
    assert (runs, seen, round(predicted)) == (4800, 453, 433)
    statistic = sum((row[3] - row[5]) ** 2 / row[6] for row in told if row[6] >= 3)
    evidence = duckdb.sql(f"select evidence from '{directory}/verdicts.parquet' where statement like 'It is%'").fetchall()[0][0]
    assert f"chi-square {statistic:.1f} " in evidence, (statistic, evidence)
    needed = dict(duckdb.sql(f"""
        select flip, needed_samples from '{directory}/needed.parquet' where milestone = 'recovery' and T = 4096""").fetchall())
    print("needed at T = 4096:", needed)
    assert needed == {0.0: 172732, 1.5: 38745}
    slopes = {}
    for flip in (0.0, 1.5):
        rows = duckdb.sql(f"""
            select T, needed_samples from '{directory}/needed.parquet'
            where milestone = 'recovery' and flip = {flip} and not censored""").fetchall()
        slopes[flip] = np.polyfit(np.log([row[0] for row in rows]), np.log([row[1] for row in rows]), 1)[0]
    print("exponents of T by least squares:", slopes)
    assert round(slopes[0.0], 2) == 0.92 and round(slopes[1.5], 2) == 0.59


if __name__ == "__main__":
    {"convergence": convergence, "mirrored": mirrored}.get(Path(sys.argv[1]).name, main)(Path(sys.argv[1]))
