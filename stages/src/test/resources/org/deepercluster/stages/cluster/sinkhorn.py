"""Writes sinkhorn.json: log-probabilities of several classifiers, and Sinkhorn-Knopp on them.

Run: python sinkhorn.py (numpy); no input, no network.

The reference alternates alpha = (1/K) / (P^lambda beta) and beta = (1/N) / (alpha^T P^lambda) from
alpha = 1 as the paper states it (Asano et al., ICLR 2020, section 3.1), in extended precision where
P^lambda has no zeros there, in logarithms otherwise, until nothing changes.
"""

import json
import os

import numpy as np

HERE = os.path.dirname(os.path.abspath(__file__))


def values(a):
    a = np.asarray(a)
    if a.dtype.kind in "iu":
        return [int(v) for v in a.ravel()]
    digits = 9 if a.dtype == np.float32 else 17
    a = a.astype(np.float32 if digits == 9 else np.float64)
    return [float(f"{v:.{digits}g}") for v in a.ravel()]


def log_softmax(z):
    z = z - z.max(axis=1, keepdims=True)
    return z - np.log(np.exp(z).sum(axis=1, keepdims=True))


def lse(t, axis):
    m = t.max(axis=axis, keepdims=True)
    return np.squeeze(m, axis) + np.log(np.exp(t - m).sum(axis=axis))


def linear(log_p, lam):
    """Plain products; log_p is N x K."""
    n, k = log_p.shape
    p = np.exp(np.longdouble(log_p)).T / n
    a = p ** np.longdouble(lam)
    alpha, beta = np.ones(k, np.longdouble), np.ones(n, np.longdouble)
    for _ in range(200_000):
        beta = (1 / np.longdouble(n)) / (alpha @ a)
        new = (1 / np.longdouble(k)) / (a @ beta)
        done = np.max(np.abs(new / alpha - 1)) < 1e-16
        alpha = new
        if done:
            break
    beta = (1 / np.longdouble(n)) / (alpha @ a)
    return np.log(alpha), alpha[:, None] * a * beta


def logarithmic(log_p, lam):
    n, k = log_p.shape
    t = lam * (np.longdouble(log_p).T - np.log(np.longdouble(n)))
    la = np.zeros(k, np.longdouble)
    for _ in range(200_000):
        lb = -np.log(np.longdouble(n)) - lse(t + la[:, None], 0)
        new = -np.log(np.longdouble(k)) - lse(t + lb[None, :], 1)
        done = np.max(np.abs(new - la)) < 1e-15
        la = new
        if done:
            break
    lb = -np.log(np.longdouble(n)) - lse(t + la[:, None], 0)
    return la, np.exp(t + la[:, None] + lb[None, :])


def case(rng, heads, k, n, d, lam, scale, solve, rare=0):
    f = (rng.normal(size=(n, d))).astype(np.float32)
    w = (rng.normal(size=(heads, k, d)) * scale).astype(np.float32)
    b = (rng.normal(size=(heads, k)) * scale).astype(np.float32)
    b[:, 0] -= np.float32(rare)  # a label that the network hardly ever predicts
    relu = np.maximum(f.astype(np.float64), 0)
    log_p = np.stack([log_softmax(relu @ w[h].astype(np.float64).T + b[h]) for h in range(heads)], 1)
    log_p32 = log_p.astype(np.float32)  # n x heads x k: what the iterations start from
    alpha, labels, marginal, objective, gap = [], [], [], [], np.inf
    for h in range(heads):
        la, q = solve(log_p32[:, h, :], lam)
        assert np.max(np.abs(q.sum(0) * n - 1)) < 1e-14 and np.max(np.abs(q.sum(1) * k - 1)) < 1e-13
        alpha.append(la - la.mean())
        labels.append(q.argmax(0))
        top = np.sort(np.log(np.maximum(q, 1e-4000)), axis=0)
        gap = min(gap, float((top[-1] - top[-2]).min())) if k > 1 else gap
        marginal.append(q.sum(1))
        objective.append(-(q * np.longdouble(log_p32[:, h, :]).T).sum())
    assert gap > 1e-6, gap  # no label hangs on rounding
    p32 = np.exp(log_p32)  # float32
    assert (rare > 0) == bool((p32 ** np.float32(lam) == 0).all(axis=0).any())
    lost = int((p32 ** np.float32(lam) == 0).all(axis=0).sum())
    lost64 = int((np.exp(log_p32.astype(np.float64)) ** lam == 0).all(axis=0).sum())
    print(heads, k, n, lam, "labels lost in float32:", lost, "in float64:", lost64,
          "images per label of head 0:", np.bincount(labels[0], minlength=k))
    return {
        "heads": heads, "labels": k, "rows": n, "dim": d, "lambda": lam,
        "features": values(f), "weights": values(w), "bias": values(b),
        "logP": values(log_p32), "label": values(np.stack(labels)),
        "logAlpha": values(np.stack(alpha)), "objective": values(np.array(objective)),
    }


def main():
    rng = np.random.default_rng(1911)
    cases = {
        "plain": case(rng, 2, 7, 90, 5, 25.0, 0.05, linear),
        "sharp": case(rng, 3, 6, 101, 8, 25.0, 1.0, logarithmic, rare=40),
        "one": case(rng, 1, 1, 9, 3, 25.0, 1.0, linear),
        "smooth": case(rng, 1, 12, 40, 6, 2.5, 1.0, linear),
    }
    with open(os.path.join(HERE, "sinkhorn.json"), "w", encoding="ascii") as out:
        json.dump(cases, out, separators=(",", ":"))
        out.write("\n")


main()
