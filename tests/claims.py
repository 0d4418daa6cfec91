"""What sweeps must show, and what the README says of them, checked from their tables.

    python3 tests/claims.py output/sample_complexity
    python3 tests/claims.py output/mirrored
    python3 tests/claims.py output/tuned output/sample_complexity
"""

import re
import sys
from math import log
from pathlib import Path

import duckdb
import numpy as np
from scipy.stats import norm
from scipy.stats import t as student


TOP = Path(__file__).parent.parent
# What is said of them in the README, and in the pages that it leads to.
README = "\n".join(path.read_text() for path in sorted([*TOP.glob("*.md"), *TOP.glob("sweeps/*.md"), *TOP.glob("crates/*/*.md")]))


def exponents(directory: Path, milestone: str = "recovery") -> list[str]:
    """Of T, N and Q, each as `0.77 [0.69, 0.86]`."""
    laws = duckdb.sql(f"""
        select term, estimate, ci_low, ci_high from '{directory}/scaling.parquet'
        where model = 'power' and milestone = '{milestone}'""").fetchall()
    written = {term: f"{estimate:.2f} [{low:.2f}, {high:.2f}]" for term, estimate, low, high in laws if term in "TNQ"}
    return [written[term] for term in "TNQ" if term in written]


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
        written = exponents(directory, milestone)
        print(milestone, "T, N, Q:", *written)
        row = next(line for line in README.splitlines() if line.startswith(f"  {milestone}  "))
        assert len(written) == 3 and all(exponent in row for exponent in written), row
    without_choice(directory)
    estimate, low, high = laws["recovery", "T"]
    # Nine pairs (N, Q) differ in their exponents, and the interval is by them.
    assert high - low <= 0.25 and 0.5 <= low and high <= 1.0
    # The signal is found in about T samples, however many positions matter; recovery takes more for
    # more of them.
    assert laws["signal", "T"][1] <= 1.0 <= laws["signal", "T"][2] and laws["signal", "Q"][1] <= 0.0 <= laws["signal", "Q"][2]
    assert laws["recovery", "Q"][1] > 0.3
    of_q = dict(duckdb.sql(f"""
        select Q, avg(estimate) from '{directory}/scaling.parquet'
        where model = 'power_of_pair' and milestone = 'recovery' and term = 'T' group by Q""").fetchall())
    print("exponent of T for recovery, by Q:", {q: round(of_q[q], 2) for q in sorted(of_q)})
    assert of_q[1] > of_q[2] > of_q[3] and of_q[1] - of_q[3] > 0.1
    # An independent fit: least squares by the textbook formula, all cells that reached.
    design = np.array([[1.0, log(t), log(n), log(q)] for n, q, t, *_ in reached])
    fitted = np.linalg.lstsq(design, np.log([row[3] for row in reached]), rcond=None)[0]
    print("least squares without the lower bounds:", fitted[1:].round(3))
    tolerance = 1e-6 if len(reached) == len(needed) else 0.05
    assert all(abs(fitted[i] - laws["recovery", term][0]) < tolerance for i, term in enumerate("TNQ", 1))

    # The interval by clusters of (N, Q) once more, CR2 with Satterthwaite's degrees of freedom, by
    # dense matrices.
    clusters = [(n, q) for n, q, *_ in reached]
    again, half = cr2(design, np.log([row[3] for row in reached]), clusters)
    print(f"CR2 without the lower bounds: T^{again[1]:.3f} +- {half[1]:.3f}")
    assert abs(half[1] - (high - low) / 2) < (1e-6 if len(reached) == len(needed) else 0.03)

    # An independent look at the records: without the split, needed samples are the order statistic
    # of the best setting.
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


def without_choice(directory: Path) -> None:
    """Samples to the signal at the batch of one rank in each cell: what of their N is about the choice of the batch."""
    of_batches: dict = {}
    for *cell, batch, samples in duckdb.sql(f"""
            select N, Q, T, batch_size, list_sort(list(coalesce(samples_to_signal, 9e15::bigint)))
            from '{directory}/runs.parquet' where algorithm = 'prox' group by all order by batch_size""").fetchall():
        of_batches.setdefault(tuple(cell), []).append(samples)

    def exponent_of_n(rank: int, level: float) -> float:
        read = {cell: batches[rank][int(np.ceil(level * len(batches[rank]))) - 1] for cell, batches in of_batches.items()}
        rows = [([1.0, log(n), log(q), log(t)], log(samples)) for (n, q, t), samples in read.items() if samples < 9e15]
        return np.linalg.lstsq(*map(np.array, zip(*rows)), rcond=None)[0][1]

    def silent(rank: int, n: int) -> float:
        return 100 * np.mean([np.mean(np.array(batches[rank]) >= 9e15) for cell, batches in of_batches.items() if cell[0] == n])

    told = (f"the 0.9 quantile grows as N^{exponent_of_n(3, 0.9):.2f} and the median as N^{exponent_of_n(3, 0.5):.2f}, and at N = 3, 4 and 6 "
            f"the share of the runs that never get a signal is {silent(3, 3):.1f}, {silent(3, 4):.1f} and {silent(3, 6):.1f} %; at the largest "
            f"batch it is {max(silent(7, n) for n in (3, 4, 6)):.1f} % at most, and the 0.9 quantile grows as N^{exponent_of_n(7, 0.9):.2f}")
    print(told)
    assert told in " ".join(README.split()), told


def cr2(x: np.ndarray, y: np.ndarray, clusters: list) -> tuple[np.ndarray, np.ndarray]:
    """Least squares and half its 95 % intervals by the scatter between clusters (Bell and McCaffrey 2002)."""
    inverse = np.linalg.inv(x.T @ x)
    estimate = inverse @ x.T @ y
    rest = np.eye(len(y)) - x @ inverse @ x.T
    groups = [np.array([c == group for c in clusters]) for group in sorted(set(clusters))]
    adjusted = []
    for own in groups:
        values, vectors = np.linalg.eigh(rest[np.ix_(own, own)])
        adjusted.append(vectors @ np.diag(values**-0.5) @ vectors.T @ x[own] @ inverse)
    residuals = y - x @ estimate
    variance = sum((a.T @ residuals[own]) ** 2 for own, a in zip(groups, adjusted))
    half = []
    for i in range(len(estimate)):
        columns = np.array([rest[:, own] @ a[:, i] for own, a in zip(groups, adjusted)])
        products = columns @ columns.T
        degrees = np.trace(products) ** 2 / np.sum(products**2)
        half.append(student.ppf(0.975, degrees) * variance[i] ** 0.5)
    return estimate, np.array(half)


def chain(directory: Path) -> None:
    """The exponents of K_P and mu_min with the stationary distribution left out: K_P alone, by least squares."""
    rows = duckdb.sql(f"""
        select n.needed_samples, 1 / r.inverse from '{directory}/needed.parquet' n join (
            select persistence, concentration, avg(1 / k_p) as inverse from '{directory}/runs.parquet'
            where replicate < 1000000 group by all) r using (persistence, concentration)
        where milestone = 'recovery' and not censored""").fetchall()
    slope = np.polyfit(np.log([row[1] for row in rows]), np.log([row[0] for row in rows]), 1)[0]
    told = duckdb.sql(f"""
        select estimate, ci_low, ci_high from '{directory}/verdicts.parquet' where quantity = 'exponent of K_P' limit 1""").fetchall()[0]
    print(f"needed samples over {len(rows)} cells: K_P^{slope:.3f}; with mu_min beside it {told}")
    assert len(rows) >= 15 and told[1] <= slope <= told[2]


def two_stages(directory: Path) -> None:
    """Both exponents of T once more, from the runs: order statistics by SQL, least squares and CR2 by dense matrices."""
    for start, milestone, statement in ((0.0, "signal", "Stage 1%"), (0.5, "recovery", "Stage 2 depends on T%")):
        cells = duckdb.sql(f"""
            select N, Q, T, count(*) as runs, list_sort(list(coalesce(samples_to_{milestone}, 9e15::bigint)))[ceil(0.9 * count(*))::int] as samples
            from '{directory}/runs.parquet'
            where replicate < 1000000 and init_alpha_v = {start} and algorithm = 'prox' group by all""").fetchall()
        reached = [row for row in cells if row[4] < 9e14]
        told = duckdb.sql(f"""
            select estimate, ci_low, ci_high from '{directory}/verdicts.parquet' where statement like '{statement}'""").fetchall()[0]
        design = np.array([[1.0, log(t), log(n), log(q)] for n, q, t, *_ in reached])
        again, half = cr2(design, np.log([row[4] for row in reached]), [(n, q) for n, q, *_ in reached])
        print(f"{milestone}: {len(reached)} of {len(cells)} cells, T^{again[1]:.4f} +- {half[1]:.4f}; told {told}")
        tolerance = 1e-6 if len(reached) == len(cells) else 0.03
        assert abs(again[1] - told[0]) < tolerance and abs(half[1] - (told[2] - told[1]) / 2) < tolerance


def transfer(directory: Path) -> None:
    """The exponents of long sequences once more, from the runs."""
    cells = duckdb.sql(f"""
        select theta, T, list_sort(list(coalesce(samples_to_recovery, 9e15::bigint)))[ceil(0.9 * count(*))::int]
        from '{directory}/runs.parquet' where replicate < 1000000 and transfer > 0 and theta > 0
        and algorithm = 'prox' and T >= 1024 and status != 'failed' group by all""").fetchall()
    for theta in sorted({row[0] for row in cells}):
        points = [(log(t), log(samples)) for of, t, samples in cells if of == theta]
        slope = np.polyfit(*zip(*points), 1)[0]
        told = duckdb.sql(f"""
            select estimate from '{directory}/verdicts.parquet' where statement like 'At θ = {theta:g} the%'""").fetchall()[0][0]
        print(f"theta = {theta:g}: T^{slope:.4f}; told {told:.4f}")
        assert abs(slope - told) < 1e-6


def convergence(directory: Path) -> None:
    shares = duckdb.sql(f"""
        select algorithm, step_scale, eta_boost, "lambda", avg((status = 'recovered')::int), avg((status = 'diverged')::int)
        from '{directory}/runs.parquet' where algorithm != 'population' and T = 5000 group by all""").fetchall()
    found = {row[:4]: (round(100 * row[4]), round(100 * row[5])) for row in shares}
    print(found)
    assert found["prox", "normalised", 0.02, 0.01][0] == 81 and found["prox", "normalised", 0.02, 1e-5][0] == 78
    assert found["prox", "raw", 0.01, 1e-5][0] == 0 and found["prox", "raw", 0.03, 0.003][0] == 94
    assert found["sgd", "raw", 0.01, 0.003] == (0, 100) and found["sgd", "raw", 0.001, 0.003] == (0, 0)


def mirrored(directory: Path) -> None:
    # The prediction once more, from its formula for two sums over runs, in another language.
    cells = duckdb.sql(f"""
        select count(*), sum((status = 'mirrored')::int), avg((status = 'diverged')::int), sum(predicted_mirrored)
        from '{directory}/runs.parquet' group by round(ln(batch_size / (eta_boost * T)) / 0.1), T, eta_boost""").fetchall()
    told = [row for row in cells if row[2] <= 0.02]
    runs, seen, predicted = (sum(row[i] for row in told) for i in (0, 1, 3))
    print(f"{seen} of {runs} runs mirrored, {predicted:.0f} predicted")
    evidence = duckdb.sql(f"select evidence from '{directory}/verdicts.parquet' where statement like 'It is Φ%'").fetchall()[0][0]
    assert f"({seen} of {runs} runs, {predicted:.0f} predicted)" in evidence, evidence

    # Each T beside the others once more, with an interval by drawing tasks anew.
    rows = duckdb.sql(f"""
        with runs as (
            select T, replicate, status, round(ln(batch_size / (eta_boost * T)) / 0.1)::int as ratio, eta_boost
            from '{directory}/runs.parquet'),
        told as (
            select ratio, T, eta_boost from runs group by all having avg((status = 'diverged')::int) <= 0.02)
        select T, replicate, ratio, sum((status = 'mirrored')::int)::int, count(*)::int
        from runs join told using (ratio, T, eta_boost) group by all""").fetchnumpy()
    t, replicate, ratio, hits, count = rows.values()
    statement = "The probability of a mirrored run%"
    evidence = duckdb.sql(f"select evidence from '{directory}/verdicts.parquet' where statement like '{statement}'").fetchall()[0][0]
    random = np.random.default_rng(1)
    for length in np.unique(t):
        sums = np.zeros((2, 2, replicate.max() + 1, ratio.max() - ratio.min() + 1))
        side = (t != length).astype(int)
        np.add.at(sums[0], (side, replicate, ratio - ratio.min()), hits)
        np.add.at(sums[1], (side, replicate, ratio - ratio.min()), count)

        def beside(own: np.ndarray, others: np.ndarray) -> float:
            (k, n), (m, l) = sums[:, 0][:, own].sum(1), sums[:, 1][:, others].sum(1)
            both = (n > 0) & (l > 0)
            return k[both].sum() / (n[both] * m[both] / l[both]).sum()

        tasks = np.arange(sums.shape[2])
        found = beside(tasks, tasks)
        # A task has one T. Those of the others that share a replicate are drawn together, which
        # hardly matters.
        drawn = [beside(random.choice(tasks, len(tasks)), random.choice(tasks, len(tasks))) for _ in range(1000)]
        told = re.search(rf"T = {length}: ([\d.]+) \[([\d.]+), ([\d.]+)\]", evidence)
        low, high = float(told[2]), float(told[3])
        print(f"T = {length}: {found:.3f} +- {1.96 * np.std(drawn):.3f} beside the others; told {told[0]}")
        assert abs(found - float(told[1])) <= 0.0051 and abs(1.96 * np.std(drawn) / ((high - low) / 2) - 1) < 0.2


    # The noise that both factors amplify, in NumPy, from what runs.parquet holds: W of a task follows
    # from the prediction without it, and mu is taken to be uniform.
    rows = duckdb.sql(f"""
        select T, batch_size, eta_boost, k_p, k_q, predicted_mirrored, status = 'mirrored' as mirrored,
               avg((status = 'diverged')::int) over (partition by round(ln(batch_size / (eta_boost * T)) / 0.1), T, eta_boost) as diverged
        from '{directory}/runs.parquet'""").fetchnumpy()
    told = rows["diverged"] <= 0.02
    t, b, eta, k_p, k_q, share = (rows[name][told].astype(float) for name in ("T", "batch_size", "eta_boost", "k_p", "k_q", "predicted_mirrored"))
    amplified = norm.cdf(-amplified_z(t, b, eta, k_p, k_q, -norm.ppf(share)))
    evidence = duckdb.sql(f"select evidence from '{directory}/verdicts.parquet' where statement like 'With the noise%'").fetchall()[0][0]
    known = float(re.search(r"([\d.]+) predicted\)", evidence)[1])
    print(f"with amplified noise {amplified.sum():.0f} predicted; told {known:.0f}")
    assert abs(amplified.sum() / known - 1) < 0.04
    for length in np.unique(t):
        ratio = rows["mirrored"][told][t == length].sum() / amplified[t == length].sum()
        told_ratio = float(re.search(rf"T = {length:.0f}: ([\d.]+) \[", evidence)[1])
        print(f"T = {length:.0f}: {ratio:.3f} times as many as predicted; told {told_ratio}")
        assert abs(ratio / told_ratio - 1) < 0.06


def amplified_z(t, b, eta, k_p, k_q, z, signal=0.25):
    """z of the sign of V with noise of three states: arrays, an element a run."""
    n, trace, trace_of_square = 3, 2 / 3, 2 / 9
    eta_v, eta_a = eta / k_q, eta / k_p
    damping = eta_v / t / 2
    growth = np.sqrt(damping**2 + eta**2) - damping
    w = k_p**2 * b * (2 + growth) / (growth * z**2 * t)
    across = (n - 1) * trace - w / k_p
    passed_on = ((n - 1) * trace_of_square - (w / k_p) ** 2) / across
    of_value = growth / (eta_v * k_q)
    v, a, noise_v, noise_a, variance = np.zeros((5, len(t)))
    for step in range(1, 10_000):
        live = np.maximum(v, a) < signal
        if not live.any():
            break
        added = of_value**2 * eta_v**2 * w * (1 / t + noise_a) / k_p**2 + eta_a**2 * passed_on * noise_v / k_q
        variance += np.where(live, (1 + growth) ** (-2.0 * step) * added / b, 0)
        v, a = v + eta_v * (k_q * a + (1 - v) / t), a + eta_a * k_p * v
        look_up = passed_on * noise_v + (1 / t + noise_a) * noise_v**2 * trace_of_square / trace**2
        residual = trace + (1 / t + noise_a) * noise_v
        grown = (
            (1 - eta_v * (1 / t + noise_a)) ** 2 * noise_v + eta_v**2 * (1 / t + noise_a) * ((n - 1) * residual - w / k_p) / b,
            (1 - eta_a * noise_v) ** 2 * noise_a + eta_a**2 * n * t * look_up / b,
        )
        # Noise of this size has taken over: the sign is anybody's guess.
        noise_v, noise_a = (np.minimum(np.where(live, new, old), 1e6) for new, old in zip(grown, (noise_v, noise_a)))
    mean = of_value * eta_v / t / growth
    return np.where(np.maximum(noise_v, noise_a) < 1e6, mean / np.sqrt(variance), 0)


def text(directory: Path) -> None:
    """What noise asks for, from the matrix of the sweep alone, in NumPy."""
    letters = "bytes" if directory.name.endswith("bytes") else "letters"
    p = np.loadtxt(Path(__file__).parent.parent / "sweeps" / f"alice_{letters}.csv", delimiter=",")
    mu = np.linalg.matrix_power(p, 500)[:, 0]
    cells = duckdb.sql(f"""
        select T, Q, needed_samples from '{directory}/needed.parquet'
        where milestone = 'signal' and init_alpha_v = 0 and not censored order by T""").fetchall()
    ratios = [needed / samples_by_noise(p, mu, t, q) for t, q, needed in cells]
    found = np.exp(np.mean(np.log(ratios)))
    told = duckdb.sql(f"select estimate from '{directory}/verdicts.parquet' where statement like 'Stage 1, from%'").fetchall()[0][0]
    print("needed over predicted:", np.round(ratios, 3), f"mean {found:.3f}; told {told:.3f}")
    assert abs(found / told - 1) < 0.02


def text_common(directory: Path) -> None:
    """The bytes without rare ones: the README has the number, and that it is confirmed."""
    finding, told = duckdb.sql(f"""
        select finding, estimate from '{directory}/verdicts.parquet' where statement like 'Stage 1, from%'""").fetchall()[0]
    print(f"rare bytes as one state: {finding}, {told:.2f}")
    assert f"it is {finding}, with {told:.2f}." in " ".join(README.split())


def samples_by_noise(p: np.ndarray, mu: np.ndarray, t: int, q: int, eta: float = 0.05, signal: float = 0.25) -> float:
    """The fewest samples to the signal, over batches; the sign of V is no limit for many states."""
    n = len(mu)
    centred, covariance = p - mu[:, None], np.diag(mu) - np.outer(mu, mu)
    through = centred @ np.diag(mu) @ centred.T
    k_p, k_q = np.trace(through), 1 / q - 1 / t
    w, kappa = np.trace(through @ covariance), np.trace(through @ through)
    trace, square = np.trace(covariance), np.trace(covariance @ covariance)
    eta_v, eta_a = eta / k_q, eta / k_p

    def steps(b: float) -> int | None:
        v = a = noise_v = noise_a = 0.0
        for step in range(1, 100_000):
            size_a, size_v = 1 / t + k_q * a**2 + noise_a, k_p * v**2 + noise_v
            residual = trace + size_a * size_v - 2 * v * k_p * (k_q * a + 1 / t)
            second = v**4 * kappa + 2 * v**2 * noise_v * w / trace + noise_v**2 * square / trace**2
            noise_v, noise_a = (
                (1 - eta_v * size_a) ** 2 * noise_v + eta_v**2 * size_a * (n - 1) * residual / b,
                (1 - eta_a * size_v) ** 2 * noise_a + eta_a**2 * n * t * (v**2 * w + square / trace * noise_v + size_a * second) / b,
            )
            v, a = v - eta_v * (size_a * v - k_q * a - 1 / t), a - eta_a * (size_v * a - k_p * v)
            if not max(noise_v, noise_a) < 1e6:
                return None
            if min(v, a) >= signal:
                return step
        return None

    least, batch = float("inf"), 10 * eta * n * t**0.5 / k_p
    while (count := steps(batch)) is not None:
        least, batch = min(least, batch * count), batch / 1.01
    return least


def remedy(directory: Path) -> None:
    evidence = duckdb.sql(f"select evidence from '{directory}/verdicts.parquet' where statement like 'Flipping%'").fetchall()[0][0]
    needed = dict(duckdb.sql(f"""
        select flip, needed_samples from '{directory}/needed.parquet' where milestone = 'recovery' and T = 4096""").fetchall())
    print("needed at T = 4096:", needed)
    assert f"it takes {needed[1.5]} samples instead of {needed[0.0]}" in evidence
    slopes = {}
    for flip in (0.0, 1.5):
        rows = duckdb.sql(f"""
            select T, needed_samples from '{directory}/needed.parquet'
            where milestone = 'recovery' and flip = {flip} and not censored""").fetchall()
        slopes[flip] = np.polyfit(np.log([row[0] for row in rows]), np.log([row[1] for row in rows]), 1)[0]
    print("exponents of T by least squares:", slopes)
    assert slopes[1.5] + 0.1 < slopes[0.0]


def softmax(directory: Path) -> None:
    """Softmax beside linear attention: mean over T of ln(ratio), with the t interval of a line in ln T."""
    means = {}
    for algorithm in ("softmax", "softmax_adam"):
        rows = duckdb.sql(f"""
            select T, a.needed_samples / b.needed_samples
            from '{directory}/needed.parquet' a join '{directory}/needed.parquet' b using (N, Q, T, milestone)
            where milestone = 'recovery' and a.algorithm = '{algorithm}' and b.algorithm = 'prox'
                and not a.censored and not b.censored order by T""").fetchall()
        t, y = np.log([row[0] for row in rows]), np.log([row[1] for row in rows])
        slope, mean = np.polyfit(t - t.mean(), y, 1)
        free = len(rows) - 2
        scale = (((y - mean - slope * (t - t.mean())) ** 2).sum() / free) ** 0.5
        half = student.ppf(0.975, free) * scale / len(rows) ** 0.5
        means[algorithm] = [float(np.exp(mean + x)) for x in (0.0, -half, half)]
        print(f"{algorithm} over prox at {len(rows)} T:", means[algorithm])
    finding, *found = duckdb.sql(f"""
        select finding, estimate, ci_low, ci_high from '{directory}/verdicts.parquet'
        where quantity = 'ratio of needed samples, mean over T'""").fetchall()[0]
    assert np.allclose(found, min(means.values()), rtol=1e-6), found
    assert finding == "refuted" and means["softmax_adam"][2] < 1


def tuned(directory: Path) -> None:
    """The search beside the default grid."""
    grid = Path(sys.argv[2])
    for label, of in (("the grid", grid), ("the search", directory)):
        row = next(line for line in README.splitlines() if line.startswith(f"| {label} |"))
        print(row)
        assert row == f"| {label} | {' | '.join(exponents(of))} |", exponents(of)
    cells = duckdb.sql(f"""
        select search, at_bound, censored from '{directory}/needed.parquet' where milestone = 'recovery'""").fetchall()
    assert all(search == "settled" and not at_bound for search, at_bound, _ in cells)
    # Cells that recover in both, and intervals that may be open above.
    words = ("none", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
    ratio, fewer, more, both = duckdb.sql(f"""
        select exp(avg(ln(a.needed_samples / b.needed_samples))),
               sum((a.ci_high < b.ci_low)::int)::int, sum((b.ci_high < a.ci_low)::int)::int, count(*)
        from '{directory}/needed.parquet' a join '{grid}/needed.parquet' b using (N, Q, T, milestone)
        where milestone = 'recovery' and not a.censored and not b.censored""").fetchall()[0]
    text = " ".join(README.split())
    for told in (
        f"all {len(cells)} cells settle inside their bounds; in {sum(row[2] for row in cells)} of them fewer than 90 %",
        f"recovery takes {ratio:.2f} times the samples of the grid",
        f"overlap in {both - fewer - more} of {both} cells",
        f"Of the other {words[fewer + more]}, {words[fewer]} need fewer by the search",
        f"tunes the steps, and {words[more]} more",
    ):
        print(told)
        assert told in text, told


def stage_two(directory: Path) -> None:
    """Both correlations planted: the samples at each T, and how they grow."""
    (exponent,) = exponents(directory)
    samples = [row[0] for row in duckdb.sql(f"""
        select needed_samples from '{directory}/needed.parquet'
        where milestone = 'recovery' and search = 'settled' order by T""").fetchall()]
    print(samples, f"T^{exponent}")
    assert len(samples) == 6
    told = f"on {samples[0]} samples at T = 64 and {samples[-1]} at T = 65 536, and by all six lengths T^{exponent}"
    assert told in " ".join(README.split()), told


if __name__ == "__main__":
    name = Path(sys.argv[1]).name
    checks = {"chain": chain, "convergence": convergence, "mirrored": mirrored, "remedy": remedy, "softmax": softmax, "text": text, "text_bytes": text, "text_common": text_common, "transfer": transfer, "two_stages": two_stages, "tuned": tuned, "stage_two": stage_two}
    checks.get(name, main)(Path(sys.argv[1]))
