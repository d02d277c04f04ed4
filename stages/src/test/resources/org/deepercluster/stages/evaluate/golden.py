"""Writes features.json and golden.json, the reference values of the evaluation's tests.

Needs numpy, scikit-learn (1.9.1) and torch: python golden.py
"""
import json
import pathlib

import numpy as np
import torch
from sklearn import metrics
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

here = pathlib.Path(__file__).parent
rng = np.random.default_rng(20190101)
CLASSES, DIM, TRAIN, TEST = 4, 48, 72, 100


def features(n, centres):
    y = rng.integers(0, CLASSES, n)
    x = np.maximum(centres[y] + rng.normal(size=(n, DIM)), 0) * np.linspace(0.2, 3, DIM)
    return np.round(x, 3).astype(np.float32), y


centres = rng.normal(size=(CLASSES, DIM)) * 0.45
x, y = features(TRAIN, centres)
x[:, 7] = 0.5  # a constant feature
u, v = features(TEST, centres)
json.dump(
    dict(classes=CLASSES, dim=DIM,
         train=[float(str(a)) for a in x.ravel()], trainLabels=y.tolist(),
         test=[float(str(a)) for a in u.ravel()], testLabels=v.tolist()),
    open(here / "features.json", "w"), separators=(",", ":"))

golden = {}


def sgd(n, batch, epochs, lr, momentum, wd, standardise):
    """PyTorch's own Linear, CrossEntropyLoss and SGD on the first n images."""
    a, b = x[:n].astype(np.float64), u.astype(np.float64)
    if standardise:
        mean, sd = a.mean(0), a.std(0)
        scale = np.divide(1, sd, out=np.zeros_like(sd), where=sd > 1e-6 * abs(mean))
        a, b = (a - mean) * scale, (b - mean) * scale
    a, b = torch.tensor(a).float(), torch.tensor(b).float()
    layer = torch.nn.Linear(DIM, CLASSES)
    torch.nn.init.zeros_(layer.weight)
    torch.nn.init.zeros_(layer.bias)
    opt = torch.optim.SGD(layer.parameters(), lr=lr, momentum=momentum, weight_decay=wd)
    orders, t = [], 0
    for _ in range(epochs):
        order = rng.permutation(n)
        orders.append(order.tolist())
        for i in range(0, n, batch):
            q = order[i:i + batch]
            for group in opt.param_groups:
                group["lr"] = lr / (1 + lr * wd * t) ** 0.5
            t += 1
            opt.zero_grad()
            torch.nn.functional.cross_entropy(layer(a[q]), torch.tensor(y[q])).backward()
            opt.step()
    with torch.no_grad():
        z = layer(b).numpy()
    return dict(n=n, batch=batch, epochs=epochs, lr=lr, momentum=momentum, wd=wd,
                standardise=standardise, orders=orders,
                logits=[round(float(a), 6) for a in z.ravel()],
                top1=float(100 * (z.argmax(1) == v).mean()))


golden["sgd"] = [
    sgd(72, 16, 20, 0.01, 0.9, 1e-3, False),
    sgd(72, 16, 20, 0.02, 0.9, 1e-2, True),
    sgd(40, 16, 20, 0.01, 0.9, 1e-3, False),  # fewer images than features
    sgd(40, 16, 20, 0.02, 0.9, 1e-2, True),
]

golden["logistic"] = []
for n, c in ((72, 1.0), (40, 1.0), (40, 0.01), (20, 30.0)):
    m = LogisticRegression(C=c, tol=1e-10, max_iter=100000).fit(x[:n].astype(np.float64), y[:n])
    z = m.decision_function(u.astype(np.float64))
    golden["logistic"].append(
        dict(n=n, c=c, logits=[round(float(a), 6) for a in z.ravel()],
             top1=float(100 * m.score(u, v))))

golden["logistic_standardised"] = []
for n, c in ((40, 1.0), (20, 0.1)):
    shots = x[:n].astype(np.float64)
    scaler = StandardScaler().fit(shots)
    m = LogisticRegression(C=c, tol=1e-10, max_iter=100000).fit(scaler.transform(shots), y[:n])
    z = m.decision_function(scaler.transform(u.astype(np.float64)))
    golden["logistic_standardised"].append(
        dict(n=n, c=c, logits=[round(float(a), 6) for a in z.ravel()]))

golden["knn"] = []
a = x.astype(np.float64) / np.linalg.norm(x.astype(np.float64), axis=1, keepdims=True)
b = u.astype(np.float64) / np.linalg.norm(u.astype(np.float64), axis=1, keepdims=True)
for k, tau in ((1, 0.07), (5, 0.07), (20, 0.07), (72, 0.5)):
    s = b @ a.T
    near = np.argsort(-s, axis=1, kind="stable")[:, :k]
    votes = np.zeros((TEST, CLASSES))
    for i in range(TEST):
        np.add.at(votes[i], y[near[i]], np.exp(s[i, near[i]] / tau))
    golden["knn"].append(dict(k=k, tau=tau, predicted=votes.argmax(1).tolist(),
                              top1=float(100 * (votes.argmax(1) == v).mean())))


def clusters(labels, assignments):
    labels, assignments = np.asarray(labels, int), np.asarray(assignments, int)
    table = metrics.cluster.contingency_matrix(labels, assignments) if len(labels) else None
    sizes = np.unique(assignments, return_counts=True)[1]
    nmi = metrics.normalized_mutual_info_score
    return dict(
        labels=labels.tolist(), assignments=assignments.tolist(),
        nmiGeometric=nmi(labels, assignments, average_method="geometric"),
        nmiArithmetic=nmi(labels, assignments),
        ami=metrics.adjusted_mutual_info_score(labels, assignments),
        ari=metrics.adjusted_rand_score(labels, assignments),
        purity=float(table.max(0).sum() / table.sum()) if len(labels) else 1.0,
        entropy=float(metrics.cluster.entropy(assignments)) if len(labels) else 0.0,
        clusters=len(sizes), largest=int(max(sizes, default=0)),
        smallest=int(min(sizes, default=0)))


true = rng.integers(0, 10, 1500)
noisy = np.where(rng.random(1500) < 0.6, true, rng.integers(0, 30, 1500))
skewed = (rng.exponential(6, 1500)).astype(int)
small = rng.integers(0, 5, 60)
golden["clusters"] = [
    clusters(true, noisy),
    clusters(true, skewed),
    clusters(small, rng.integers(-3, 20, 60)),
    clusters(small, small[::-1]),
    clusters(small, 7 - small),
    clusters(small, np.zeros(60)),
    clusters(np.zeros(60), small),
    clusters(np.zeros(60), np.ones(60)),
    clusters(small, np.arange(60)),
    clusters(np.arange(60), np.arange(60)[::-1]),
    clusters(np.zeros(60), np.arange(60)),
    clusters([0, 0, 1, 1], [0, 1, 0, 1]),
    clusters([3], [5]),
    clusters([], []),
]
json.dump(golden, open(here / "golden.json", "w"), separators=(",", ":"))
