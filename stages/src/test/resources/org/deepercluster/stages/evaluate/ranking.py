"""Writes ranking.json: average precision, linear SVMs and stratified folds of the evaluation's tests.

Needs numpy and scikit-learn (1.9.1): python ranking.py
"""
import json
import pathlib

import numpy as np
from sklearn.metrics import average_precision_score, precision_recall_curve
from sklearn.model_selection import StratifiedKFold, cross_val_score
from sklearn.svm import LinearSVC

here = pathlib.Path(__file__).parent
rng = np.random.default_rng(20070101)


def average_precision(scores, presence):
    """presence: 1 shows the class, -1 does not, 0 difficult."""
    scores, presence = np.asarray(scores, float), np.asarray(presence, int)
    s, y = scores[presence != 0], presence[presence != 0] > 0
    p, r, _ = precision_recall_curve(y, s)
    # from the highest threshold on, without scikit-learn's end point (0, 1)
    p, r = p[:-1][::-1], r[:-1][::-1]
    hits = np.round(r * y.sum())
    eleven = [p[10 * hits >= t * y.sum()].max(initial=0) for t in range(11)]
    envelope = np.maximum.accumulate(p[::-1])[::-1]
    return dict(scores=scores.tolist(), presence=presence.tolist(),
                area=average_precision_score(y, s), elevenPoint=float(np.mean(eleven)),
                interpolated=float(np.sum(np.diff(np.concatenate([[0], r])) * envelope)))


def case(n, share, digits, difficult):
    y = np.where(rng.random(n) < share, 1, -1)
    y[0] = 1
    s = np.round(rng.normal(size=n) + 0.8 * (y > 0), digits)
    y[1:][rng.random(n - 1) < difficult] = 0
    return average_precision(s, y)


golden = {"averagePrecision": [
    case(40, 0.3, 6, 0.0), case(60, 0.1, 6, 0.2), case(80, 0.4, 0, 0.0), case(80, 0.4, 1, 0.3),
    average_precision([1, 1, 1, 1], [1, -1, 1, -1]),
    average_precision([3, 2, 1], [1, 1, 1]),
    average_precision([3, 2, 1], [-1, -1, 1]),
    average_precision([5, 4, 3, 2, 1], [0, 1, 0, -1, 1]),
]}

f = json.load(open(here / "features.json"))
x = np.array(f["train"]).reshape(-1, f["dim"])
u = np.array(f["test"]).reshape(-1, f["dim"])
y, v = np.array(f["trainLabels"]), np.array(f["testLabels"])


def unit(a):
    return a / (np.linalg.norm(a, axis=1, keepdims=True) + 1e-5)


def machine(c):
    return LinearSVC(C=c, class_weight={1: 2, -1: 1}, intercept_scaling=1.0, penalty="l2",
                     loss="squared_hinge", tol=1e-10, dual=True, max_iter=1000000, random_state=0)


costs = sorted([10.0 ** e for e in range(-7, 3)] + [2.0 ** -e for e in range(4, 20)])
golden["svm"] = []
for label in range(f["classes"]):
    t = np.where(y == label, 1, -1)
    fold = np.empty(len(t), int)
    for i, (_, out) in enumerate(StratifiedKFold(3).split(x, t)):
        fold[out] = i
    cv = [cross_val_score(machine(c), unit(x), t, cv=3, scoring="average_precision").mean()
          for c in costs]
    cost = costs[int(np.argmax(cv))]
    scores = machine(cost).fit(unit(x), t).decision_function(unit(u))
    some = {c: machine(c).fit(unit(x), t).decision_function(unit(u)) for c in (1e-3, 2 ** -4, 1.0)}
    golden["svm"].append(dict(
        folds=fold.tolist(), crossValidation=cv, cost=cost,
        map=100 * average_precision(scores, np.where(v == label, 1, -1))["area"],
        scores={str(c): np.round(z, 7).tolist() for c, z in some.items()}))

json.dump(golden, open(here / "ranking.json", "w"), separators=(",", ":"))
