"""Writes starts.json: where k-means starts from, and spherical k-means, by NumPy alone.

Run: python starts.py (numpy); no input, no network.
"""

import json
import os

import numpy as np

HERE = os.path.dirname(os.path.abspath(__file__))
MASK = (1 << 64) - 1
GOLDEN = 0x9E3779B97F4A7C15


def mix(z):
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9 & MASK
    z = (z ^ (z >> 27)) * 0x94D049BB133111EB & MASK
    return z ^ (z >> 31)


def seed_of(seed, index):
    """SplitMix64's finaliser over a stream's seed and an element's index."""
    return mix((seed + GOLDEN * (index + 1)) & MASK)


def keys(seed, rates):
    """-ln(u)/rate; infinite where the rate is 0."""
    u = np.array([((seed_of(seed, i) >> 11) + 1) * 2.0**-53 for i in range(len(rates))])
    return np.where(rates > 0, -np.log(u) / np.where(rates > 0, rates, 1), np.inf)


def squares(x, c):
    return ((x[:, None, :] - c[None, :, :]) ** 2).sum(2)


def first(seed, n):
    """The row with the smallest hash, as a signed number."""
    return min(range(n), key=lambda i: (seed_of(seed, i) ^ (1 << 63)))


def plus_plus(x, k, seed):
    drawn = [first(seed, len(x))]
    for r in range(1, k):
        d = squares(x, x[drawn]).min(1)
        drawn.append(int(np.argmin(keys(seed_of(seed, r), d))))
    return drawn


def weighted(x, weight, k, seed):
    picked = []
    for r in range(k):
        d = squares(x, x[picked]).min(1) if picked else np.ones(len(x))
        picked.append(int(np.argmin(keys(seed_of(seed, r), weight * d))))
    return picked


def parallel(x, k, seed):
    drawn = [first(seed, len(x))]
    for r in range(1, 6):
        d = squares(x, x[drawn]).min(1)
        order = np.argsort(keys(seed_of(seed, r), d), kind="stable")
        drawn += [int(i) for i in order[: 2 * k]]
    weight = np.bincount(squares(x, x[drawn]).argmin(1), minlength=len(drawn))
    picked = weighted(x[drawn], weight, k, seed_of(seed, -1))
    return [drawn[i] for i in picked]


def spherical(x, start, iterations):
    c = x[start]
    for _ in range(iterations):
        label = (x @ c.T).argmax(1)
        c = np.stack([x[label == i].mean(0) for i in range(len(c))])
        c /= np.linalg.norm(c, axis=1, keepdims=True)
    label = (x @ c.T).argmax(1)
    return c, label, ((x - c[label]) ** 2).sum()


def main():
    rng = np.random.default_rng(21)
    n, d, k = 600, 6, 9
    centres = rng.normal(size=(11, d))
    x = centres[rng.integers(0, 11, n)] + 0.7 * rng.normal(size=(n, d))
    x = (x / np.linalg.norm(x, axis=1, keepdims=True)).astype(np.float32)
    exact = x.astype(np.float64)
    start = rng.choice(n, k, replace=False)
    c, label, objective = spherical(exact, start, 5)
    with open(os.path.join(HERE, "starts.json"), "w", encoding="ascii") as f:
        json.dump(
            dict(
                rows=n,
                dim=d,
                clusters=k,
                seed=42,
                x=[float(f"{v:.9g}") for v in x.ravel()],
                plusPlus=plus_plus(exact, k, 42),
                parallel=parallel(exact, k, 42),
                iterations=5,
                start=[int(i) for i in start],
                centroids=[float(f"{v:.9g}") for v in c.ravel()],
                labels=[int(i) for i in label],
                objective=float(objective),
            ),
            f,
            separators=(",", ":"),
        )
        f.write("\n")


main()
