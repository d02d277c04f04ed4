"""Writes pca.json and kmeans.json: reference values from NumPy, scikit-learn and FAISS.

Run: python golden.py (numpy, scikit-learn 1.9, faiss-cpu 1.15); no input, no network.
"""

import json
import os

import faiss
import numpy as np
from sklearn.cluster import KMeans
from sklearn.decomposition import PCA

HERE = os.path.dirname(os.path.abspath(__file__))


def values(a):
    """Rows joined; float32 keeps 9 digits, which is enough to get the same bits back."""
    a = np.asarray(a)
    if a.dtype.kind in "iu":
        return [int(v) for v in a.ravel()]
    digits = 9 if a.dtype == np.float32 else 17
    return [float(f"{v:.{digits}g}") for v in a.ravel()]


def write(name, record):
    with open(os.path.join(HERE, name), "w", encoding="ascii") as f:
        json.dump(record, f, separators=(",", ":"))
        f.write("\n")


def upright(components):
    """Each row's entry of largest magnitude is made positive."""
    at = np.argmax(np.abs(components), axis=1)
    return np.sign(components[np.arange(len(components)), at])[:, None]


def normalised(y):
    return y / np.linalg.norm(y, axis=1, keepdims=True)


def pca():
    rng = np.random.default_rng(7)
    n, d, kept = 200, 12, 8
    mix = rng.normal(size=(d, d)) * np.geomspace(3, 0.05, d)[:, None]
    x = (rng.normal(size=(n, d)) @ mix + rng.normal(size=d) * 5).astype(np.float32)
    ref = PCA(n_components=kept, whiten=True, svd_solver="full").fit(x.astype(np.float64))
    y = ref.transform(x.astype(np.float64)) * upright(ref.components_).T
    all_eigenvalues = np.linalg.eigvalsh(np.cov(x.T.astype(np.float64)))[::-1]

    # Two directions far below the floor of 1e-5 of the largest eigenvalue.
    q, _ = np.linalg.qr(rng.normal(size=(6, 6)))
    sd = np.array([10.0, 4.0, 2.0, 1.0, 0.012, 0.004])
    flat = ((rng.normal(size=(n, 6)) * sd) @ q.T).astype(np.float32)
    f = flat.astype(np.float64)
    lam, u = np.linalg.eigh(np.cov(f.T))
    lam, u = lam[::-1], u[:, ::-1]
    u = u * upright(u.T).T
    z = (f - f.mean(0)) @ u / np.sqrt(np.maximum(lam, 1e-5 * lam[0]))
    write(
        "pca.json",
        {
            "rows": n,
            "dim": d,
            "pcaDim": kept,
            "x": values(x),
            "eigenvalues": values(all_eigenvalues),
            "whitened": values(normalised(y).astype(np.float32)),
            "flatDim": 6,
            "flat": values(flat),
            "flatEigenvalues": values(lam),
            "flatWhitened": values(normalised(z).astype(np.float32)),
        },
    )


def lloyd(x, start, iterations):
    ref = KMeans(
        len(start), init=start, n_init=1, max_iter=iterations, tol=0, algorithm="lloyd"
    ).fit(x)
    return ref


def kmeans():
    rng = np.random.default_rng(11)
    n, d, k, iterations = 500, 8, 12, 6
    centres = rng.normal(size=(9, d))
    x = centres[rng.integers(0, 9, n)] + 0.9 * rng.normal(size=(n, d))
    x = normalised(x).astype(np.float32)
    start = rng.choice(n, k, replace=False)
    # scikit-learn computes in float64 here, FAISS in float32.
    ref = lloyd(x.astype(np.float64), x[start].astype(np.float64), iterations)
    peer = faiss.Clustering(d, k)
    peer.niter = iterations
    peer.max_points_per_centroid = n
    peer.min_points_per_centroid = 1
    faiss.copy_array_to_vector(x[start].ravel(), peer.centroids)
    index = faiss.IndexFlatL2(d)
    peer.train(x, index)
    stats = [peer.iteration_stats.at(i).obj for i in range(peer.iteration_stats.size())]
    final = float(index.search(x, 1)[0].sum())

    # Level 2: an independent k-means inside each of two groups.
    m, per_group = 2, 5
    groups = (rng.random(n) < 0.3).astype(np.int32)
    starts = []
    centroids = []
    labels = np.zeros(n, np.int32)
    objective = 0.0
    for g in range(m):
        members = np.flatnonzero(groups == g)
        rows = rng.choice(members, per_group, replace=False)
        inner = lloyd(x[members].astype(np.float64), x[rows].astype(np.float64), iterations)
        starts.append(rows)
        centroids.append(inner.cluster_centers_)
        labels[members] = g * per_group + inner.labels_
        objective += inner.inertia_
    write(
        "kmeans.json",
        {
            "rows": n,
            "dim": d,
            "clusters": k,
            "iterations": iterations,
            "x": values(x),
            "start": values(start),
            "centroids": values(ref.cluster_centers_.astype(np.float32)),
            "labels": values(ref.labels_),
            "objective": float(ref.inertia_),
            "faissObjectives": [float(v) for v in stats] + [final],
            "groups": values(groups),
            "perGroup": per_group,
            "groupStarts": values(np.concatenate(starts)),
            "groupCentroids": values(np.concatenate(centroids).astype(np.float32)),
            "groupLabels": values(labels),
            "groupObjective": float(objective),
        },
    )


if __name__ == "__main__":
    pca()
    kmeans()
