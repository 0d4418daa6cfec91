#!/usr/bin/env python3
"""The same training step in NumPy, twice, in Numba, in JAX and here: nanoseconds a token on one core, and the ratios.

    pip install numpy numba jax
    python3 crates/scb-core/benches/compare.py [--check] [--softmax] [N Q T B]

Without a size: Algorithm 1 at (3, 2, 5000, 64) and at (27, 2, 1024, 64), and softmax attention at (3, 2, 4096, 64).
--check fails unless this project is clearly the fastest: 10 times NumPy's gathers and JAX, 5 times Numba.

A step draws B fresh samples of a sparse contextual bigram and takes the mean gradient of the linear transformer.
Algorithm 1 preconditions and projects it and moves V and A; with --softmax plain gradient descent moves V and the
logits of A. NumPy does it with one-hot matrices and einsum, the way the formulas are written, and with gathers, the
way one writes it for speed; Numba with the loops one would write in C; JAX by differentiating the loss, all of a step
in one compiled function. On the same samples the gradients of NumPy and JAX are checked against each other. Of all
the fastest step counts, for what else a machine does makes steps slow, and nothing makes one fast.
"""

import os

for threads in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"):
    os.environ[threads] = "1"
os.environ["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
if hasattr(os, "sched_setaffinity"):
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})

import pathlib
import re
import subprocess
import sys
import time

import numpy as np

try:
    import numba
except ImportError:
    numba = None
try:
    import jax
    import jax.numpy as jnp
except ImportError:
    jax = None

HERE = pathlib.Path(__file__).resolve().parents[3]


class Task:
    def __init__(self, n, q, t, rng):
        self.n, self.t = n, t
        self.p = 0.5 * np.eye(n)[:, rng.permutation(n)] + 0.5 * rng.dirichlet(np.ones(n), n).T
        values, vectors = np.linalg.eig(self.p)
        mu = np.real(vectors[:, np.argmax(np.real(values))])
        self.mu = mu / mu.sum()
        self.positions = np.stack([rng.choice(t, q, replace=False) for _ in range(n)])


def draw(task, b, rng):
    """Tokens (B, T), query tokens and outputs (B)."""
    mu_ends = np.cumsum(task.mu)[:-1]
    tokens = np.searchsorted(mu_ends, rng.random((b, task.t), dtype=np.float32), side="right").astype(np.uint8)
    queries = np.searchsorted(mu_ends, rng.random(b), side="right")
    q = task.positions.shape[1]
    source = task.positions[queries, rng.integers(q, size=b)]
    current = tokens[np.arange(b), source]
    ends = np.cumsum(task.p, axis=0)[:-1]
    outputs = (rng.random(b) >= ends[:, current]).sum(axis=0)
    return tokens, queries, outputs


def gradient_one_hot(task, v, a, samples):
    """V is (N, N), A is (T, N), as in the formulas."""
    tokens, queries, outputs = samples
    b = len(queries)
    x = np.eye(task.n, dtype=np.float32)[tokens]
    e = np.eye(task.n, dtype=np.float32)[outputs]
    h = np.einsum("btn,tb->bn", x, a[:, queries])
    r = h @ v.T - e
    dv = r.T @ h / b
    per_token = np.einsum("btn,bn->bt", x, r @ v)
    da = np.zeros_like(a)
    np.add.at(da.T, queries, per_token / b)
    return dv, da


def gradient_gather(task, v, a, samples):
    tokens, queries, outputs = samples
    b = len(queries)
    h = np.stack([np.bincount(x, weights=a[:, k], minlength=task.n) for x, k in zip(tokens, queries)])
    r = h @ v.T
    r[np.arange(b), outputs] -= 1
    dv = r.T @ h / b
    table = (r @ v / b).astype(np.float32)
    da = np.zeros_like(a)
    for x, k, row in zip(tokens, queries, table):
        da[:, k] += row[x]
    return dv, da


def move(task, v, a, dv, da, eta):
    """Precondition, project, step; A is (T, N)."""
    dv = dv / task.mu
    dv -= dv.mean(axis=0)
    dv -= np.outer(dv @ task.mu, np.ones(task.n))
    da = da / task.mu.astype(np.float32)
    da -= da.mean(axis=0)
    v -= eta * dv
    a -= np.float32(eta) * da
    a += (1 - a.sum(axis=0)) / task.t


def move_softmax(v, s, a, dv, da, eta):
    """Plain gradient descent of V and of the logits s of A, both (T, N)."""
    v -= eta * dv
    s -= np.float32(eta) * a * (da - (a * da).sum(axis=0))
    a[:] = np.exp(s - s.max(axis=0))
    a /= a.sum(axis=0)


def jax_loss(parameters, samples, softmax):
    """The mean loss; the second parameter is A, or its logits, (T, N)."""
    v, a = parameters
    tokens, queries, outputs = samples
    a = jax.nn.softmax(a, axis=0) if softmax else a
    h = jnp.einsum("btn,tb->bn", jax.nn.one_hot(tokens, v.shape[0]), a[:, queries])
    r = h @ v.T - jax.nn.one_hot(outputs, v.shape[0])
    return 0.5 * (r * r).sum(axis=1).mean()


def jax_step(task, b, softmax, v, a, eta):
    mu, p_ends = jnp.asarray(task.mu, jnp.float32), jnp.cumsum(jnp.asarray(task.p, jnp.float32), axis=0)[:-1]
    mu_ends, positions = jnp.cumsum(mu)[:-1], jnp.asarray(task.positions)

    def draw(key):
        keys = jax.random.split(key, 4)
        tokens = jnp.searchsorted(mu_ends, jax.random.uniform(keys[0], (b, task.t)), side="right")
        queries = jnp.searchsorted(mu_ends, jax.random.uniform(keys[1], (b,)), side="right")
        source = positions[queries, jax.random.randint(keys[2], (b,), 0, positions.shape[1])]
        current = tokens[jnp.arange(b), source]
        return tokens, queries, (jax.random.uniform(keys[3], (b,)) >= p_ends[:, current]).sum(axis=0)

    @jax.jit
    def step(key, v, a):
        key, own = jax.random.split(key)
        dv, da = jax.grad(jax_loss)((v, a), draw(own), softmax)
        if not softmax:
            dv = dv / mu
            dv -= dv.mean(axis=0)
            dv -= jnp.outer(dv @ mu, jnp.ones(task.n))
            da = da / mu
            da -= da.mean(axis=0)
        v, a = v - eta * dv, a - eta * da
        return key, v, a if softmax else a + (1 - a.sum(axis=0)) / task.t

    state = [jax.random.key(1), jnp.asarray(v, jnp.float32), jnp.asarray(a, jnp.float32)]

    def run():
        state[:] = step(*state)
        jax.block_until_ready(state)

    return run


def numba_step(task, b, softmax):
    @numba.njit(cache=False)
    def step(v, a, s, tokens, h, r, table, dv, da, ends, p_ends, positions, eta, mu):
        n, t = a.shape
        dv[:] = 0
        da[:] = 0
        for _ in range(b):
            u = np.random.random()
            k = 0
            while k < n - 1 and u >= ends[k]:
                k += 1
            h[:] = 0
            for i in range(t):
                u = np.random.random()
                x = 0
                while x < n - 1 and u >= ends[x]:
                    x += 1
                tokens[i] = x
                h[x] += a[k, i]
            current = tokens[positions[k, np.random.randint(positions.shape[1])]]
            u = np.random.random()
            o = 0
            while o < n - 1 and u >= p_ends[o, current]:
                o += 1
            for i in range(n):
                r[i] = 0.0
                for j in range(n):
                    r[i] += v[i, j] * h[j]
            r[o] -= 1.0
            for i in range(n):
                for j in range(n):
                    dv[i, j] += r[i] * h[j] / b
            for j in range(n):
                table[j] = 0.0
                for i in range(n):
                    table[j] += v[i, j] * r[i] / b
            for i in range(t):
                da[k, i] += table[tokens[i]]
        if softmax:
            for i in range(n):
                for j in range(n):
                    v[i, j] -= eta * dv[i, j]
            for k in range(n):
                mean, largest, total = np.float32(0), np.float32(-np.inf), np.float32(0)
                for i in range(t):
                    mean += a[k, i] * da[k, i]
                for i in range(t):
                    s[k, i] -= np.float32(eta) * a[k, i] * (da[k, i] - mean)
                    largest = max(largest, s[k, i])
                for i in range(t):
                    a[k, i] = np.exp(s[k, i] - largest)
                    total += a[k, i]
                for i in range(t):
                    a[k, i] /= total
            return
        for j in range(n):
            mean = 0.0
            for i in range(n):
                dv[i, j] /= mu[j]
                mean += dv[i, j] / n
            for i in range(n):
                dv[i, j] -= mean
        for i in range(n):
            along = 0.0
            for j in range(n):
                along += dv[i, j] * mu[j]
            for j in range(n):
                v[i, j] -= eta * (dv[i, j] - along)
        for k in range(n):
            mean = np.float32(0)
            for i in range(t):
                mean += da[k, i] / t
            total = np.float32(0)
            for i in range(t):
                a[k, i] -= eta / mu[k] * (da[k, i] - mean)
                total += a[k, i]
            for i in range(t):
                a[k, i] += (1 - total) / t

    n, t = task.n, task.t
    f32 = lambda *shape: np.zeros(shape, np.float32)
    v, a = np.outer(task.mu, np.ones(n)), np.full((n, t), 1 / t, np.float32)
    scratch = (f32(n, t), np.zeros(t, np.uint8), f32(n), np.zeros(n), f32(n), np.zeros((n, n)), f32(n, t))
    given = (np.cumsum(task.mu), np.cumsum(task.p, axis=0), task.positions, 1e-7, task.mu)
    return lambda: step(v, a, *scratch, *given)


def per_token(step, tokens):
    """Nanoseconds a token: the fastest of steps for at least two seconds."""
    step()
    best, start = float("inf"), time.perf_counter()
    while time.perf_counter() - start < 2:
        before = time.perf_counter()
        step()
        best = min(best, time.perf_counter() - before)
    return best * 1e9 / tokens


def here(size, softmax):
    """Nanoseconds a token of the step of this project, by level, as its benchmark prints them."""
    name = "N{}_Q{}_T{}_B{}".format(*size)
    group = "of_softmax" if softmax else "(?:step|of_prox)"
    command = ["cargo", "bench", "-q", "-p", "scb-core", "--", f"^{group}/{name}/"]
    print("building and running " + " ".join(command), file=sys.stderr)
    printed = subprocess.run(command, cwd=HERE, check=True, stdout=subprocess.PIPE, text=True).stdout
    return {level: float(time) for level, time in re.findall(rf"^{group} +{name} +(\w+) +([0-9.]+)", printed, re.M)}


def compare(size, softmax, check):
    n, q, t, b = size
    rng = np.random.Generator(np.random.PCG64(1))
    task = Task(n, q, t, rng)
    v, a = np.outer(task.mu, np.ones(n)), np.full((t, n), 1 / t, np.float32)
    a += 0.01 * rng.random(a.shape, dtype=np.float32)
    logits = np.log(a)
    samples = draw(task, b, rng)
    gradients = [gradient_one_hot(task, v, a, samples), gradient_gather(task, v, a, samples)]
    if jax:
        gradients.append(jax.grad(jax_loss)((jnp.asarray(v), jnp.asarray(a)), samples, False))
    for other in gradients[1:]:
        for x, y in zip(gradients[0], other):
            assert np.allclose(x, y, atol=1e-5), "the versions agree"

    def numpy_step(gradient):
        def step():
            dv, da = gradient(task, v, a, draw(task, b, rng))
            move_softmax(v, logits, a, dv, da, 1e-7) if softmax else move(task, v, a, dv, da, 1e-7)

        return step

    times = {
        "NumPy, one-hot": per_token(numpy_step(gradient_one_hot), b * t),
        "NumPy, gathers": per_token(numpy_step(gradient_gather), b * t),
    }
    for name, there, step in (
        ("JAX", jax, lambda: jax_step(task, b, softmax, v, logits if softmax else a, 1e-7)),
        ("Numba", numba, lambda: numba_step(task, b, softmax)),
    ):
        if there:
            times[name] = per_token(step(), b * t)
        else:
            print(f"{name} is not installed and left out")
    ours = here(size, softmax)
    if not ours:
        sys.exit(f"the benchmark has no step of size {size}; it has those in crates/scb-core/benches/kernels/main.rs")
    times |= {f"scb-core, {level}": time for level, time in ours.items()}
    best = min(ours.values())
    what = "softmax attention by gradient descent" if softmax else "Algorithm 1"
    print(f"one step of {what} at (N, Q, T, B) = ({n}, {q}, {t}, {b}), one core\n")
    print(f"{'':<22}{'ns/token':>10}{'times scb-core':>16}")
    for name, time_of in times.items():
        print(f"{name:<22}{time_of:>10.3f}{time_of / best:>16.1f}")
    print()
    for name, least in {"NumPy, gathers": 10, "JAX": 10, "Numba": 5}.items() if check else ():
        if times.get(name, float("inf")) < least * best:
            sys.exit(f"{name} is less than {least} times slower")


def main():
    words = sys.argv[1:]
    size = [int(x) for x in words if not x.startswith("--")]
    softmax, check = "--softmax" in words, "--check" in words
    if size or softmax:
        return compare(size or [3, 2, 4096, 64], softmax, check)
    compare([3, 2, 5000, 64], False, check)
    compare([27, 2, 1024, 64], False, check)
    compare([3, 2, 4096, 64], True, check)


if __name__ == "__main__":
    main()
