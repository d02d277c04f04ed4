"""Writes rmac.json: R-MAC vectors of small maps and retrieval's average precision, for RetrievalTest.

Needs numpy: python rmac.py
"""
import json
import pathlib

import numpy as np

here = pathlib.Path(__file__).parent
rng = np.random.default_rng(20160501)


def grid(length, side, n):
    """First cells of n windows of this side, spread evenly over the length."""
    half = side // 2 - 1
    gap = (length - side) / (n - 1) if n > 1 else 0
    return [int(np.floor(half + k * gap)) - half for k in range(n)]


def rmac(a, levels):
    """a: channels x height x width (Tolias et al., ICLR 2016, section 3)."""
    _, h, w = a.shape
    short = min(h, w)
    counts = np.arange(2, 8)
    overlaps = 1 - (abs(h - w) / (counts - 1)) / short
    extra = 0 if h == w else int(counts[np.argmin(abs(overlaps - 0.4))]) - 1
    vectors = []
    for scale in range(1, levels + 1):
        side = 2 * short // (scale + 1)
        if side == 0:
            break
        for y in grid(h, side, scale + (extra if h > w else 0)):
            for x in grid(w, side, scale + (extra if w > h else 0)):
                v = a[:, y:y + side, x:x + side].max(axis=(1, 2))
                vectors.append(v / np.linalg.norm(v))
    total = np.sum(vectors, axis=0)
    return len(vectors), total / np.linalg.norm(total)


def area(ranked, positive, junk):
    """Trapezoids under precision over recall, from precision 1 at recall 0."""
    hits = np.array([name in positive for name in ranked if name not in junk])
    precision = np.concatenate([[1], np.cumsum(hits) / np.arange(1, len(hits) + 1)])
    recall = np.concatenate([[0], np.cumsum(hits) / len(positive)])
    return float(np.trapezoid(precision, recall))


maps = []
for c, h, w, levels in ((3, 6, 6, 3), (4, 5, 9, 3), (2, 12, 7, 4), (3, 2, 3, 3), (2, 1, 1, 2)):
    a = np.round(np.maximum(rng.normal(size=(c, h, w)), 0) + 0.01, 3)
    n, v = rmac(a, levels)
    maps.append(dict(shape=[c, h, w], levels=levels, map=a.ravel().tolist(), regions=n,
                     vector=v.tolist()))
rankings = []
for n, good, bad in ((8, 3, 0), (30, 6, 5), (12, 12, 0), (10, 1, 9)):
    names = [f"image{i}" for i in range(n)]
    mixed = [str(s) for s in rng.permutation(names)]
    positive, junk = mixed[:good], mixed[good:good + bad]
    ranked = [str(s) for s in rng.permutation(names)]
    rankings.append(dict(ranked=ranked, positive=positive, junk=junk,
                         ap=area(ranked, set(positive), set(junk))))
rankings.append(dict(ranked=["a", "b"], positive=["b", "missing"], junk=[],
                     ap=area(["a", "b"], {"b", "missing"}, set())))
json.dump(dict(maps=maps, rankings=rankings), open(here / "rmac.json", "w"), separators=(",", ":"))
