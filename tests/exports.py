"""Exported runs against NumPy and JAX, from the files alone.

    sweep run sweeps/smoke.toml N=3 Q=2 T=64 batch_size=32 replicates=40 -o DIR
    python3 tests/exports.py SWEEP DIR

SWEEP is the program. Every number is computed anew here: shapes and types, the stationary
distribution, the loss and its gradients (by NumPy from the formulas, by JAX from the loss), the
frequencies of a dataset. Then Algorithm 1, written in NumPy as somebody would who has read the
paper, learns the exported tasks from samples of its own; it must need as many samples.
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

RUNS = 40
ERRORS_ALLOWED = 4  # standard errors; one true comparison in 16 000 fails


def export(program, *words):
    """The arrays that an export writes, and its meta.json."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "x.npz"
        subprocess.run([program, "export", *map(str, words), "-o", str(path)], check=True, stdout=subprocess.PIPE)
        with np.load(path) as file:
            arrays = {name: file[name] for name in file.files}
    return arrays, json.loads(arrays.pop("meta.json"))


def check_shapes(arrays, meta):
    assert set(arrays) == set(meta["arrays"]), set(arrays) ^ set(meta["arrays"])
    for name, said in meta["arrays"].items():
        assert list(arrays[name].shape) == said["shape"] and arrays[name].dtype == said["dtype"], name
    n = len(arrays["mu"])
    assert np.allclose(arrays["P"].sum(axis=0), 1) and np.allclose(arrays["P"] @ arrays["mu"], arrays["mu"])
    assert np.allclose(arrays["weights"].sum(axis=1), 1) and arrays["positions"].shape[0] == n


def pattern(arrays, length):
    """Q as a matrix of shape (T, N)."""
    q = np.zeros((length, len(arrays["mu"])))
    for k, (positions, weights) in enumerate(zip(arrays["positions"], arrays["weights"])):
        q[positions, k] = weights
    return q


def constants(p, mu, q):
    """K_P and K_Q."""
    return (mu * ((p - mu[:, None]) ** 2).sum(axis=0)).sum(), (mu * ((q - 1 / len(q)) ** 2).sum(axis=0)).sum()


def expected_loss(p, mu, q, v, a):
    """The mean of 1/2 |e_o - V X a^(k)|^2 over the distribution, from its moments: tokens are
    independent, so E[X a a' X'] has the diagonal |a|^2 mu and the rest of rank one."""
    total = 0.0
    for k, weight in enumerate(mu):
        ak, qk = a[:, k], q[:, k]
        s, square, overlap = ak.sum(), ak @ ak, ak @ qk
        second = square * np.diag(mu) + (s * s - square) * np.outer(mu, mu)  # E[h h']
        cross = overlap * p * mu + (s - overlap) * np.outer(mu, mu)  # E[e_o h']: o follows x_s
        total += weight * 0.5 * (1 - 2 * (v * cross).sum() + np.trace(v @ second @ v.T))
    return total


def loss_and_gradients(v, a, tokens, queries, outputs):
    """Over the samples, by the formulas."""
    n = len(v)
    h = np.stack([np.bincount(x, weights=a[:, k], minlength=n) for x, k in zip(tokens, queries)])
    r = h @ v.T - np.eye(n)[outputs]
    dv, da, back = r.T @ h / len(r), np.zeros(a.shape), r @ v
    for x, k, b in zip(tokens, queries, back):
        da[:, k] += b[x] / len(r)
    return 0.5 * (r**2).sum(axis=1).mean(), dv, da


def gradients_by_jax(v, a, tokens, queries, outputs):
    import jax

    jax.config.update("jax_enable_x64", True)
    one = jax.nn.one_hot

    def loss(v, a):
        f = jax.numpy.einsum("nm,btm,tb->bn", v, one(tokens, len(v)), a[:, queries])
        return 0.5 * ((one(outputs, len(v)) - f) ** 2).sum(axis=1).mean()

    value, (dv, da) = jax.value_and_grad(loss, argnums=(0, 1))(v, a)
    return float(value), np.asarray(dv), np.asarray(da)


def check_run(arrays, meta):
    check_shapes(arrays, meta)
    p, mu, v, a = (arrays[name] for name in ("P", "mu", "V", "A"))
    q = pattern(arrays, len(a))
    record = meta["record"]
    k_p, k_q = constants(p, mu, q)
    assert np.isclose(k_p, record["k_p"]) and np.isclose(k_q, record["k_q"])
    assert np.isclose(expected_loss(p, mu, q, v, a.astype(float)), record["loss"], rtol=1e-6)
    alpha_v = (mu * ((v - mu[:, None]) * (p - mu[:, None])).sum(axis=0)).sum() / k_p
    alpha_a = (mu * ((a - 1 / len(a)) * (q - 1 / len(a))).sum(axis=0)).sum() / k_q
    assert np.isclose(alpha_v, record["alpha_v"]) and np.isclose(alpha_a, record["alpha_a"], rtol=1e-5)
    assert np.isclose(arrays["trace_alpha_v"][-1], alpha_v) and arrays["trace_samples"][-1] == record["samples"]
    for milestone in ("signal", "support", "recovery"):
        told = record[f"samples_to_{milestone}"]
        assert np.array_equal(arrays[f"samples_to_{milestone}"], np.nan if told is None else told, equal_nan=True)
    samples = [arrays[name].astype(int) for name in ("tokens", "queries", "outputs")]
    for at in ("_start", ""):
        v, a = arrays[f"V{at}"], arrays[f"A{at}"].astype(float)
        if not np.isfinite(v).all() or not np.isfinite(a).all():
            continue
        for ways in (loss_and_gradients, gradients_by_jax):
            loss, dv, da = ways(v, a, *samples)
            assert np.isclose(loss, arrays[f"batch_loss{at}"], rtol=1e-9), ways
            # The attention is rounded to 2^-30 of its sum, and its gradient kept in single precision.
            assert np.abs(dv - arrays[f"gradient_V{at}"]).max() < 1e-6 * (1 + np.abs(dv).max()), ways
            assert np.abs(da - arrays[f"gradient_A{at}"]).max() < 1e-6 * (1 + np.abs(da).max()), ways


def check_dataset(arrays, meta):
    """Frequencies of single tokens, of query tokens and of pairs, within five standard deviations."""
    check_shapes(arrays, meta)
    p, mu = arrays["P"], arrays["mu"]
    tokens, queries, outputs = (arrays[name] for name in ("tokens", "queries", "outputs"))
    n, (samples, length) = len(mu), tokens.shape

    def agrees(count, total, probability):
        deviation = np.sqrt(total * probability * (1 - probability)) + 1e-9
        assert np.all(np.abs(count - total * probability) <= 5 * deviation), (count, total * probability)

    agrees(np.bincount(tokens.ravel(), minlength=n), samples * length, mu)
    agrees(np.bincount(queries, minlength=n), samples, mu)
    half = samples // 2
    agrees(np.bincount(queries[:half], minlength=n), half, mu)  # in no order
    for k in range(n):
        mine = queries == k
        weights, positions = arrays["weights"][k], arrays["positions"][k]
        predicted = sum(w * p[outputs[mine], tokens[mine][:, t]] for w, t in zip(weights, positions))
        # The probability that the model gives what came: its mean is known from P, mu and q alone.
        values, chances = mixtures(p, mu, weights)
        mean, spread = (values * chances).sum(), np.sqrt(((values**2) * chances).sum() - (values * chances).sum() ** 2)
        assert abs(predicted.mean() - mean) <= 5 * spread / np.sqrt(mine.sum()) + 1e-9, (predicted.mean(), mean)


def mixtures(p, mu, weights):
    """Values of sum_t w_t P[o, x_t] over all tokens at the positions and outputs, and their chances."""
    grids = np.meshgrid(*[np.arange(len(mu))] * len(weights), indexing="ij")
    tokens = np.stack([grid.ravel() for grid in grids], axis=1)
    column = np.einsum("i,nci->cn", weights, np.stack([p[:, tokens[:, i]] for i in range(len(weights))], axis=2))
    return column.ravel(), (mu[tokens].prod(axis=1)[:, None] * column).ravel()


def learn(arrays, meta, seed):
    """Algorithm 1 in NumPy on the task of a file, with samples of its own: samples to signal and to
    recovery."""
    rng = np.random.default_rng(seed)
    p, mu = arrays["P"], arrays["mu"]
    settings, training = meta["parameters"], meta["training"]
    n, length, batch = settings["N"], settings["T"], settings["batch_size"]
    q = pattern(arrays, length)
    k_p, k_q = constants(p, mu, q)
    v, a = np.tile(mu[:, None], (1, n)), np.full((length, n), 1 / length)
    boost, boosting, samples, signal = training["boost"], True, 0, np.nan
    while samples + batch <= settings["max_samples"]:
        alpha_v = (mu * ((v - mu[:, None]) * (p - mu[:, None])).sum(axis=0)).sum() / k_p
        alpha_a = (mu * ((a - 1 / length) * q).sum(axis=0)).sum() / k_q
        if np.isnan(signal) and min(alpha_v, alpha_a) >= training["signal"]:
            signal = samples
        if recovered(v, a, p, mu, q, k_p, k_q, settings):
            return signal, samples
        if boosting and (alpha_a >= boost["end_alpha"] or samples >= boost["end_share"] * settings["max_samples"]):
            boosting = False
            a = np.where(a < settings["cut"] * a.max(axis=0), 0, a)
            a += (1 - a.sum(axis=0)) / length
        eta = settings["eta_boost" if boosting else "eta_sparse"]
        queries = rng.choice(n, size=batch, p=mu)
        tokens = rng.choice(n, size=(batch, length), p=mu)
        where = np.array([rng.choice(length, p=q[:, k]) for k in queries])
        outputs = np.array([rng.choice(n, p=p[:, x]) for x in tokens[np.arange(batch), where]])
        _, dv, da = loss_and_gradients(v, a, tokens, queries, outputs)
        dv = dv / mu
        dv -= dv.mean(axis=0)
        dv -= np.outer(dv @ mu, np.ones(n))
        da = da / mu
        da -= da.mean(axis=0)
        v, a = v - eta / k_q * dv, a - eta / k_p * da
        if not boosting:
            a = np.sign(a) * np.maximum(np.abs(a) - eta / k_p * settings["lambda"], 0)
            a += (1 - a.sum(axis=0)) / length
        samples += batch
    return signal, np.nan


def recovered(v, a, p, mu, q, k_p, k_q, settings):
    kept = np.where(a >= settings["keep"] * a.max(axis=0), a, 0)
    mass = kept.sum(axis=0)
    if (mass <= 0).any():
        return False
    error_a = np.sqrt((mu * ((kept / mass - q) ** 2).sum(axis=0)).sum() / k_q)
    centred = (mu @ mass) * (v - mu[:, None])
    error_v = np.sqrt((mu * ((centred - (p - mu[:, None])) ** 2).sum(axis=0)).sum() / k_p)
    return max(error_a, error_v) <= settings["epsilon"]


def check_learning(program, directory):
    ratios = {"signal": [], "recovery": []}
    for replicate in range(RUNS):
        arrays, meta = export(program, directory, "--job", f"replicate={replicate}")
        mine = dict(zip(ratios, learn(arrays, meta, seed=replicate)))
        for milestone, logs in ratios.items():
            theirs = float(arrays[f"samples_to_{milestone}"])
            # Milestones lie between a batch and the budget; a run that never gets there counts as that.
            reached = [m if np.isfinite(m) else meta["parameters"]["max_samples"] for m in (mine[milestone], theirs)]
            logs.append(np.log(reached[0] / reached[1]))
    for milestone, logs in ratios.items():
        mean, error = np.mean(logs), np.std(logs, ddof=1) / np.sqrt(len(logs))
        print(f"{milestone}: NumPy takes {np.exp(mean):.3f} times the samples, standard error {error:.3f} in ln")
        assert error < 0.15, "too noisy to tell"
        assert abs(mean) <= ERRORS_ALLOWED * error, milestone


def main():
    program, directory = sys.argv[1:3]
    check_run(*export(program, directory, "--job", "replicate=0"))
    check_run(*export(program, directory, "--job", "replicate=1", "--batch", 500))
    check_run(*export(program, "sweeps/smoke.toml", "N=5", "Q=3", "T=20", "algorithm=softmax", "batch_size=16",
                      "task.weights={ dirichlet = 1.0 }", "--job", "replicate=2"))
    # More than 16 states: products of matrices in single precision.
    check_run(*export(program, "sweeps/smoke.toml", "N=27", "Q=2", "T=40", "batch_size=100", "--job", "replicate=0"))
    check_run(*export(program, "sweeps/smoke.toml", "N=70", "Q=2", "T=130", "batch_size=65", "max_samples=5000",
                      "algorithm=softmax_adam", "--job", "replicate=0"))
    check_dataset(*export(program, "sweeps/smoke.toml", "N=4", "Q=2", "T=12", "--samples", 40000))
    check_learning(program, directory)
    print("exports agree with NumPy and JAX")


if __name__ == "__main__":
    main()
