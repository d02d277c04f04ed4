"""The transfer benchmark's features, and its peer: scikit-learn's LinearSVC (LIBLINEAR) with the published steps of voc07-svm.

Usage: transfer_peer.py make FOLDER TRAIN TEST DIM CLASSES
       transfer_peer.py run FOLDER TRAIN TEST DIM CLASSES COSTS PROCESSES     (prints one line of JSON)
"""

import json
import os
import pathlib
import sys
import time
import warnings

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ[name] = "1"

import joblib
import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import average_precision_score
from sklearn.model_selection import cross_val_score
from sklearn.svm import LinearSVC


def make(folder, train, test, dim, classes):
    """Like a convolution's pooled activations: not negative, half of them zero, with directions of classes and much else."""
    rng = np.random.default_rng(0)
    n = train + test
    presence = rng.random((n, classes)) < 0.07
    presence[np.arange(n), rng.integers(classes, size=n)] = True
    common = rng.normal(size=(n, 64)) @ rng.normal(size=(64, dim)) / 8
    x = 2.3 / dim**0.5 * presence @ rng.normal(size=(classes, dim)) + common + 0.5 * rng.normal(size=(n, dim))
    np.maximum(x, 0).astype("<f4").tofile(folder / "features.f32")
    presence.astype(np.uint8).tofile(folder / "presence.u8")


def machine(cost):
    return LinearSVC(C=cost, class_weight={1: 2, -1: 1}, intercept_scaling=1.0, penalty="l2", loss="squared_hinge",
                     tol=0.0001, dual=True, max_iter=2000, random_state=0)


def one(x, y, u, v, costs):
    warnings.simplefilter("ignore", ConvergenceWarning)
    y, v = np.where(y, 1, -1), np.where(v, 1, -1)
    scores = [cross_val_score(machine(c), x, y, cv=3, scoring="average_precision").mean() for c in costs]
    best = machine(costs[int(np.argmax(scores))]).fit(x, y)
    return average_precision_score(v, best.decision_function(u))


def run(folder, train, test, dim, classes, costs, processes):
    x = np.fromfile(folder / "features.f32", "<f4").reshape(train + test, dim)
    presence = np.fromfile(folder / "presence.u8", np.uint8).reshape(train + test, classes)
    with joblib.Parallel(n_jobs=processes) as parallel:
        parallel(joblib.delayed(abs)(i) for i in range(processes))  # the processes' start is not measured
        begun = time.perf_counter()
        x = x.astype(np.float64)  # as the published code has them
        x /= (np.linalg.norm(x, axis=1) + 1e-5)[:, None]
        areas = parallel(joblib.delayed(one)(x[:train], presence[:train, c], x[train:], presence[train:, c], costs)
                         for c in range(classes))
        seconds = time.perf_counter() - begun
    print(json.dumps({"seconds": seconds, "map": 100 * float(np.mean(areas))}))


def main():
    folder = pathlib.Path(sys.argv[2])
    train, test, dim, classes = map(int, sys.argv[3:7])
    if sys.argv[1] == "make":
        make(folder, train, test, dim, classes)
    else:
        costs = sorted({eval_power(c) for c in sys.argv[7].split(",")})
        run(folder, train, test, dim, classes, costs, int(sys.argv[8]))


def eval_power(text):
    base, _, exponent = text.partition("^")
    return float(base) ** float(exponent) if exponent else float(text)


if __name__ == "__main__":
    main()
